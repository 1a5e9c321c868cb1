// SPDX-License-Identifier: Apache-2.0
// etappe serve: answers until it is told to stop.
#include "base/error.h"
#include "cli/cli.h"
#include "server/command_door.h"
#include "server/log.h"
#include "server/server.h"
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

const char cmd_serve_usage[] =
    "etappe serve [--listen ADDR:PORT] [--capture ADDR:PORT]\n"
    "\n"
    "Takes events in and answers questions until it gets SIGTERM or SIGINT; then finishes what was begun.\n"
    "\n"
    "  --listen ADDR:PORT    reports and, without --capture, events too [127.0.0.1:8080]; port 0 takes a free one\n"
    "  --capture ADDR:PORT   a listener of its own for events, which the public may reach\n"
    "  --tls-cert FILE       a certificate with its chain (PEM), with\n"
    "  --tls-key FILE        its private key\n"
    "  --threads N           for requests, each listener [the cores, at most 4]\n"
    "  --report-threads N    for questions [2]\n"
    "  --max-body BYTES      of a request [4194304]\n"
    "  --max-connections N   in all [16384]\n"
    "  --max-connections-ip N  from one address, this machine excepted [1024]\n"
    "  --request-seconds N   a request must be complete after [30]\n"
    "  --idle-seconds N      a connection without a request is closed after [60]\n"
    "  --db PATH             the project [etappe.db], made if it is not there\n"
    "\n"
    "A key to send events: etappe key create --name shop --role write\n"
    "The address is printed once it listens; log lines (JSON) go to standard error. See docs/server.md.\n";

static gboolean number_option(const Params *params, const char *name, gint64 min, gint64 max, guint *value, GError **error) {
  gint64 number;
  if (!params_get(params, name))
    return TRUE;
  if (!params_int(params, name, min, max, &number, error))
    return FALSE;
  *value = (guint)number;
  return TRUE;
}

static gboolean read_options(const Cli *cli, const Params *params, ServerOptions *options, GError **error) {
  guint body = 0;
  options->db = cli->db;
  options->limits = server_limits_default();
  options->listen = params_get(params, "listen");
  options->capture = params_get(params, "capture");
  options->tls_cert = params_get(params, "tls-cert");
  options->tls_key = params_get(params, "tls-key");
  if (!number_option(params, "threads", 1, 64, &options->http_threads, error) ||
      !number_option(params, "report-threads", 1, 64, &options->report_threads, error) ||
      !number_option(params, "max-body", 1024, 64 << 20, &body, error) ||
      !number_option(params, "max-connections", 1, 1000000, &options->limits.connections_max, error) ||
      !number_option(params, "max-connections-ip", 1, 60000, &options->limits.connections_ip_max, error) ||
      !number_option(params, "request-seconds", 1, 3600, &options->limits.request_s, error) ||
      !number_option(params, "idle-seconds", 1, 3600, &options->limits.idle_s, error))
    return FALSE;
  if (body)
    options->limits.body_max = body;
  options->limits.inflated_max = MAX(options->limits.inflated_max, options->limits.body_max);
  return TRUE;
}

/* As many descriptors as the limit on connections needs, if the system allows it. */
static void raise_descriptors(guint connections_max) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = MIN(MAX(limit.rlim_cur, (rlim_t)connections_max + 512), limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

static char *shown_address(const char *listen, guint port, gboolean tls) {
  const char *colon = strrchr(listen, ':');
  g_autofree char *host = g_strndup(listen, (gsize)(colon - listen));
  const char *name = !*host || g_str_equal(host, "*") || g_str_equal(host, "0.0.0.0") ? "localhost" : host;
  return g_strdup_printf("%s://%s:%u", tls ? "https" : "http", name, port);
}

static void say_where(const ServerOptions *options, Server *server) {
  gboolean tls = options->tls_cert != NULL;
  g_autofree char *app = shown_address(options->listen ? options->listen : "127.0.0.1:8080", server_port(server), tls);
  g_autofree char *capture = options->capture ? shown_address(options->capture, server_capture_port(server), tls) : NULL;
  g_autofree char *text = capture ? g_strdup_printf("Serving %s at %s, events at %s\n", options->db, app, capture)
                                  : g_strdup_printf("Serving %s at %s\n", options->db, app);
  cli_print(text);
  g_autofree char *link = server_setup_link(server, app);
  if (link) {
    g_autofree char *first = g_strdup_printf("The first account is made here, within a day: %s\n", link);
    cli_print(first);
  }
  log_line("info", "listening", "app", app, "capture", capture, NULL);
}

/* The thread gets a folder of its own, and so do those that it starts: relative names mean what they mean to the sender. */
static int run_command(Capture *capture, int argc, char **argv, const int descriptors[4], guint flags, gpointer user) {
  struct winsize size = {0};
  int out_descriptor = dup(descriptors[1]), err_descriptor = dup(descriptors[2]);
  FILE *out = fdopen(out_descriptor, "w"), *err = fdopen(err_descriptor, "w");
  int code = 1;
  if (out && err && unshare(CLONE_FS) == 0 && fchdir(descriptors[3]) == 0) {
    Cli cli = {.db = user,
               .terminal = isatty(out_descriptor) && !(flags & COMMAND_PLAIN),
               .progress = isatty(err_descriptor) != 0,
               .host = capture,
               .input = descriptors[0]};
    if (cli.terminal)
      cli.width = ioctl(out_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 100;
    cli_redirect(out, err);
    code = cli_run(&cli, argc, argv);
    cli_redirect(NULL, NULL);
    capture_publish(capture, 0);
  }
  if (out)
    fclose(out);
  if (err)
    fclose(err);
  return code;
}

gboolean cmd_serve(Cli *cli, int argc, char **argv, GError **error) {
  static const CliOption known[] = {
      {"listen", FALSE, FALSE},          {"capture", FALSE, FALSE},         {"tls-cert", FALSE, FALSE},
      {"tls-key", FALSE, FALSE},         {"threads", FALSE, FALSE},         {"report-threads", FALSE, FALSE},
      {"max-body", FALSE, FALSE},        {"max-connections", FALSE, FALSE}, {"max-connections-ip", FALSE, FALSE},
      {"request-seconds", FALSE, FALSE}, {"idle-seconds", FALSE, FALSE},    {NULL, FALSE, FALSE}};
  g_auto(CliArgs) args = {NULL, NULL};
  ServerOptions options = {0};
  if (!cli_parse(cli, &args, known, argc, argv, error) || !read_options(cli, args.params, &options, error))
    return FALSE;
  if (args.arguments->len)
    return error_set(error, ERROR_USAGE, "etappe serve takes options only, not \"%s\"", (const char *)args.arguments->pdata[0]);
  g_autofree char *whole = g_canonicalize_filename(options.db, NULL);
  options.command = run_command;
  options.command_user = whole;
  sigset_t ends;
  int signal_number = 0;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, NULL); /* before any thread is made */
  signal(SIGPIPE, SIG_IGN);
  raise_descriptors(options.limits.connections_max);
  g_autoptr(Server) server = server_open(&options, error);
  if (!server)
    return FALSE;
  say_where(&options, server);
  sigwait(&ends, &signal_number);
  log_line("info", "stopping", NULL);
  return TRUE;
}
