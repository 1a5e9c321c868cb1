/* SPDX-License-Identifier: Apache-2.0
 * server.h: a project being served: capture, reports and their keys behind HTTP. */
#pragma once
#include "capture/capture.h"
#include "server/access.h"
#include "server/limits.h"

/* Runs a command line for another process of this machine; `descriptors` are its standard input, output and error and
 * its folder. The exit code. */
typedef int (*ServerCommand)(Capture *capture, int argc, char **argv, const int descriptors[4], guint flags, gpointer user);

typedef struct {
  const char *db;
  const char *listen;             /* NULL: 127.0.0.1:8080 */
  const char *capture;            /* a listener of its own for events; NULL: the other one takes them too */
  const char *tls_cert, *tls_key; /* files, PEM; both or none */
  guint http_threads;             /* a listener; 0: as many as cores, at most 4 */
  guint report_threads;           /* 0: 2 */
  ServerLimits limits;
  CaptureOptions writing;
  ServerCommand command; /* NULL: none are run */
  gpointer command_user;
} ServerOptions;

typedef struct Server Server;

/* Opens the project (made if missing) and listens. */
Server *server_open(const ServerOptions *options, GError **error);
/* Takes no more requests, finishes those under way, commits, closes. */
void server_free(Server *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Server, server_free)

guint server_port(const Server *server);         /* of the app listener */
guint server_capture_port(const Server *server); /* the same without a listener of its own */
/* `base` with a link for the first account, good once and for a day; NULL when there is an account. Caller frees. */
char *server_setup_link(Server *server, const char *base);
