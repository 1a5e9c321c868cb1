/* SPDX-License-Identifier: Apache-2.0
 * server.c: opens the parts in the order in which they need each other, and closes them backwards: first nobody new comes
 * in, then what was asked is answered, then what was sent is committed. */
#include "server/server.h"

#include "analysis/value_counts.h"
#include "base/error.h"
#include "server/app_route.h"
#include "server/capture_route.h"
#include "server/command_door.h"
#include "server/import_route.h"
#include "server/jobs.h"
#include "server/log.h"
#include "server/routes.h"
#include "server/server_private.h"
#include "server/stream_route.h"
#include <string.h>

enum { DRAIN_MS = 10000, HTTP_THREADS_MAX = 4, REPORT_THREADS = 2, CHANGES_WAITING = 16 };

static gboolean read_file(const char *path, char **text, GError **error) {
  g_autoptr(GError) problem = NULL;
  if (g_file_get_contents(path, text, NULL, &problem))
    return TRUE;
  return error_set(error, ERROR_IO, "%s", problem->message);
}

/* An error names files and numbers, never what is in them. */
static void log_trouble(const char *doing, const GError *error, gpointer user) {
  log_line("error", doing, "code", error_name(error), "because", error->message, NULL);
}

static gboolean open_project(Server *server, GError **error) {
  const ServerOptions *options = &server->options;
  CaptureOptions writing = options->writing;
  writing.trouble = log_trouble;
  writing.told = capture_route_told;
  writing.told_user = server;
  server->capture = capture_open(options->db, &writing, error);
  if (!server->capture)
    return FALSE;
  server->access = access_open(options->db, error);
  if (!server->access)
    return FALSE;
  server->accounts = accounts_open(options->db, error);
  if (!server->accounts)
    return FALSE;
  server->values = value_counts_new();
  server->uploads = import_route_folder(options->db, error);
  if (!server->uploads)
    return FALSE;
  server->workers = capture_workers_new(server->capture, options->limits.inflated_max);
  server->reports = jobs_new(server, &(JobsLimits){options->report_threads ? options->report_threads : REPORT_THREADS,
                                                   options->limits.reports_waiting, options->limits.report_s});
  server->changes = jobs_new(server, &(JobsLimits){1, CHANGES_WAITING, 0});
  server->streams = streams_new(server);
  server->commands = command_door_open(server);
  return TRUE;
}

static gboolean listen_all(Server *server, GError **error) {
  const ServerOptions *options = &server->options;
  g_autofree char *certificate = NULL, *private_key = NULL;
  if (!options->tls_cert != !options->tls_key)
    return error_set(error, ERROR_USAGE, "TLS needs both --tls-cert and --tls-key");
  if (options->tls_cert &&
      (!read_file(options->tls_cert, &certificate, error) || !read_file(options->tls_key, &private_key, error)))
    return FALSE;
  HttpListen app = {.address = options->listen ? options->listen : "127.0.0.1:8080",
                    .doors = options->capture ? DOOR_APP : DOOR_APP | DOOR_CAPTURE,
                    .threads = options->http_threads ? options->http_threads : MIN(g_get_num_processors(), HTTP_THREADS_MAX),
                    .certificate = certificate,
                    .private_key = private_key};
  HttpListen capture = app;
  capture.address = options->capture;
  capture.doors = DOOR_CAPTURE;
  if (!http_listen(server->http, &app, &server->port, error))
    return FALSE;
  server->capture_port = server->port;
  return (!options->capture || http_listen(server->http, &capture, &server->capture_port, error)) &&
         http_start(server->http, error);
}

Server *server_open(const ServerOptions *options, GError **error) {
  g_autoptr(Server) server = g_new0(Server, 1);
  server->options = *options;
  server->started_us = g_get_monotonic_time();
  server->http = http_new(&options->limits, routes_hooks(), server);
  return open_project(server, error) && listen_all(server, error) ? g_steal_pointer(&server) : NULL;
}

void server_free(Server *server) {
  if (server == NULL)
    return;
  command_door_close(server->commands);
  streams_end(server->streams);
  http_drain(server->http, DRAIN_MS);
  jobs_free(server->reports);
  jobs_free(server->changes);
  http_stop(server->http);
  streams_free(server->streams);
  capture_workers_free(server->workers);
  capture_free(server->capture);
  http_free(server->http);
  accounts_free(server->accounts);
  access_free(server->access);
  value_counts_free(server->values);
  g_free(server->uploads);
  g_free(server);
}

char *server_setup_link(Server *server, const char *base) {
  return app_route_setup_link(server, base);
}

guint server_port(const Server *server) {
  return server->port;
}

guint server_capture_port(const Server *server) {
  return server->capture_port;
}
