// SPDX-License-Identifier: Apache-2.0
#include "server/figures.h"

#include "capture/permission.h"
#include "server/server_private.h"

static const double bounds_s[FIGURES_BUCKETS] = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5, 1e9};

void figures_count(ServerFigures *figures, guint status, gint64 took_us) {
  guint bucket = 0;
  while (bucket < FIGURES_BUCKETS - 1 && (double)took_us > bounds_s[bucket] * 1e6)
    bucket++;
  atomic_fetch_add(&figures->answers[MIN(status / 100, 5)], 1);
  atomic_fetch_add(&figures->buckets[bucket], 1);
  atomic_fetch_add(&figures->took_us, (guint64)took_us);
}

static void put(GString *out, const char *name, const char *type, const char *help, double value) {
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_printf(out, "# HELP etappe_%s %s\n# TYPE etappe_%s %s\netappe_%s %s\n", name, help, name, type, name,
                         g_ascii_dtostr(number, sizeof number, value));
}

static void put_answers(GString *out, ServerFigures *figures) {
  guint64 sum = 0;
  g_string_append(out, "# HELP etappe_http_answers_total Answers by class of status.\n# TYPE etappe_http_answers_total counter\n");
  for (guint i = 2; i < G_N_ELEMENTS(figures->answers); i++)
    g_string_append_printf(out, "etappe_http_answers_total{class=\"%uxx\"} %llu\n", i, atomic_load(&figures->answers[i]));
  g_string_append(out, "# HELP etappe_http_seconds Time from request to answer.\n# TYPE etappe_http_seconds histogram\n");
  for (guint i = 0; i < FIGURES_BUCKETS; i++) {
    char bound[G_ASCII_DTOSTR_BUF_SIZE];
    sum += atomic_load(&figures->buckets[i]);
    g_string_append_printf(out, "etappe_http_seconds_bucket{le=\"%s\"} %" G_GUINT64_FORMAT "\n",
                           i + 1 < FIGURES_BUCKETS ? g_ascii_dtostr(bound, sizeof bound, bounds_s[i]) : "+Inf", sum);
  }
  g_string_append_printf(out, "etappe_http_seconds_sum %.6f\netappe_http_seconds_count %" G_GUINT64_FORMAT "\n",
                         (double)atomic_load(&figures->took_us) / 1e6, sum);
}

static void put_capture(GString *out, Capture *capture, ServerFigures *counted) {
  CaptureFigures figures;
  capture_figures(capture, &figures);
  put(out, "events_stored_total", "counter", "Events stored since the start.", (double)figures.events);
  put(out, "events_repeated_total", "counter", "Events that were known already.", (double)figures.repeated);
  put(out, "events_conflicting_total", "counter", "Events whose id was known with other content.", (double)figures.conflicting);
  put(out, "events_refused_total", "counter", "Events that were refused.", (double)atomic_load(&counted->refused_events));
  put(out, "events_waiting", "gauge", "Events that wait for their commit.", figures.waiting);
  put(out, "commits_total", "counter", "Commits of the record.", (double)figures.commits);
  put(out, "commit_failures_total", "counter", "Commits that failed; their events were not acknowledged.",
      (double)figures.failures);
  put(out, "commit_seconds_total", "counter", "Time spent in judging and committing.", (double)figures.commit_us_total / 1e6);
  put(out, "publish_seconds_total", "counter", "Time spent in bringing the index up to date.",
      (double)figures.publish_us_total / 1e6);
  put(out, "record_through", "gauge", "Number of the last committed change.", (double)figures.through);
  put(out, "index_through", "gauge", "Number of the last change that reports include.", (double)figures.published);
}

static void put_permissions(GString *out, Permissions *permissions) {
  PermissionFigures figures;
  permissions_figures(permissions, &figures);
  put(out, "events_without_consent_total", "counter", "Events counted without identifiers for want of consent.",
      (double)figures.without);
  put(out, "events_dropped_total", "counter", "Events dropped for want of consent.", (double)figures.dropped);
  put(out, "users_unproven_total", "counter", "Events of public keys whose user id was passed over for want of a proof.",
      (double)figures.unproven);
  put(out, "consents_ignored_total", "counter", "Statements of consent by somebody who may not make them.", (double)figures.ignored);
}

static void put_http(GString *out, Http *http) {
  HttpFigures figures;
  http_figures(http, &figures);
  put(out, "http_connections", "gauge", "Open connections.", figures.connections);
  put(out, "http_requests", "gauge", "Requests being read or worked on.", figures.requests);
  put(out, "http_connections_refused_total", "counter", "Connections refused by a limit.", (double)figures.refused_connections);
  put(out, "http_connections_expired_total", "counter", "Connections closed by a deadline.", (double)figures.expired);
  put(out, "http_body_bytes_total", "counter", "Bytes of bodies received.", (double)figures.body_bytes);
}

void figures_answer(Server *server, Exchange *exchange) {
  GString *out = g_string_new(NULL);
  put(out, "up_seconds", "gauge", "Time since the start.", (double)(g_get_monotonic_time() - server->started_us) / 1e6);
  put_capture(out, server->capture, &server->figures);
  put_permissions(out, capture_workers_permissions(server->workers));
  put_http(out, server->http);
  put_answers(out, &server->figures);
  put(out, "reports_total", "counter", "Questions answered.", (double)atomic_load(&server->figures.reports));
  gsize size = out->len;
  exchange_reply(exchange, 200, "text/plain; version=0.0.4", g_string_free(out, FALSE), size);
}
