// SPDX-License-Identifier: Apache-2.0
#include "server/persons_route.h"

#include "analysis/feed.h"
#include "analysis/person_link.h"
#include "analysis/person_report.h"
#include "analysis/person_rows.h"
#include "base/clock.h"
#include "base/error.h"
#include "server/jobs.h"
#include "server/reply.h"
#include "server/report_route.h"
#include "server/server_private.h"
#include <string.h>

static const char PREFIX[] = "/api/v1/persons/";

static void reply_text_as(Exchange *exchange, const char *type, char *take) {
  exchange_reply(exchange, 200, type, take, strlen(take));
  exchange_answer_header(exchange, "Cache-Control", "no-store");
}

static gboolean check_format(const char *format, gboolean csv, GError **error) {
  return strcmp(format, "json") == 0 || (csv && strcmp(format, "csv") == 0) ||
         error_set(error, ERROR_USAGE, "format \"%s\" is not available here\nhint: json%s", format, csv ? " or csv" : "");
}

/* --- lists ------------------------------------------------------------------------------------------------------- */

/* Which list, without the conditions: they may hold what people are called. */
static gboolean audit_list(Server *server, Exchange *exchange, CaptureSource *key, const Params *params, GError **error) {
  const char *report = params_get(params, "report"), *who = params_get(params, "who"), *limit = params_get(params, "limit");
  g_autofree char *subject = report ? g_strdup_printf("%s %s", report, who ? who : "") : g_strdup("all");
  g_autofree char *detail = limit && strcmp(limit, "0") ? g_strdup_printf("up to %s", limit) : NULL;
  return reply_audit(server, exchange, key, "persons.list", subject, detail, error);
}

static gboolean list(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  g_autoptr(Params) params = params_new();
  if (!report_route_params(exchange, params, error))
    return FALSE;
  g_autofree char *format = g_strdup(params_get(params, "format"));
  gboolean csv = g_strcmp0(format, "csv") == 0;
  if (!check_format(format ? format : "json", TRUE, error))
    return FALSE;
  g_autofree char *text = person_rows_answer(capture_workspace(server->capture), params, csv ? "csv" : "json", cancel, error);
  if (text == NULL || !audit_list(server, exchange, user, params, error))
    return FALSE;
  reply_text_as(exchange, csv ? "text/csv; charset=utf-8" : "application/json", g_steal_pointer(&text));
  return TRUE;
}

void persons_route_list(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->reports, exchange, list, key, NULL);
}

static gboolean feed(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  g_autoptr(Params) params = params_new();
  if (!report_route_params(exchange, params, error))
    return FALSE;
  g_autofree char *text =
      workspace_answer_until(capture_workspace(server->capture), &feed_report, params, "json", NULL, cancel, error);
  if (text == NULL)
    return FALSE;
  reply_text_as(exchange, "application/json", g_steal_pointer(&text));
  return TRUE;
}

void persons_route_feed(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->reports, exchange, feed, key, NULL);
}

/* --- one ----------------------------------------------------------------------------------------------------------- */

/* The present person's id: what was asked by may be an address. */
static gboolean audit_person(Server *server, Exchange *exchange, CaptureSource *key, const char *text, GError **error) {
  g_autoptr(JsonIn) json = json_in_new((gsize)1 << 30);
  JsonValue root, id;
  if (!json_in_parse(json, text, strlen(text), FALSE, &root, error))
    return FALSE;
  g_autofree char *subject = json_in_get(root, "person", &id) ? text_dup(json_in_string(id)) : NULL;
  return reply_audit(server, exchange, key, "person.show", subject, NULL, error);
}

static gboolean show(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  g_autoptr(Params) params = params_new();
  if (!report_route_params(exchange, params, error))
    return FALSE;
  params_add(params, "person", exchange_path(exchange) + strlen(PREFIX));
  const char *format = params_get(params, "format");
  if (!check_format(format ? format : "json", FALSE, error))
    return FALSE;
  g_autofree char *text =
      workspace_answer_until(capture_workspace(server->capture), &person_report, params, "json", NULL, cancel, error);
  if (text == NULL || !audit_person(server, exchange, user, text, error))
    return FALSE;
  reply_text_as(exchange, "application/json", g_steal_pointer(&text));
  return TRUE;
}

void persons_route_show(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->reports, exchange, show, key, NULL);
}

/* --- two ----------------------------------------------------------------------------------------------------------- */

typedef LinkPlan *(*PlanFunc)(Snapshot *snapshot, const char *x, const char *y, GError **error);

typedef struct {
  Server *server;
  PlanFunc make;
  char *a, *b;
  LinkPlan *plan;
} Linking;

/* The plan is drawn from all that is committed, while nobody else writes. */
static gboolean carry_out(Record *record, Seen *seen, gpointer user, GError **error) {
  Linking *linking = user;
  Workspace *workspace = capture_workspace(linking->server->capture);
  if (!workspace_refresh(workspace, error))
    return FALSE;
  g_autoptr(Snapshot) snapshot = index_snapshot(workspace_index(workspace));
  linking->plan = linking->make(snapshot, linking->a, linking->b, error);
  return linking->plan && link_plan_carry_out(linking->plan, record, clock_now_ms(), error);
}

static gboolean link_two(Server *server, Exchange *exchange, CaptureSource *key, PlanFunc make, const char *action,
                         GError **error) {
  g_autofree char *a = NULL, *b = NULL;
  g_autoptr(JsonIn) json = json_in_new(64 << 10);
  JsonValue root;
  if (!reply_read(exchange, json, &root, error) || !reply_text(root, "a", &a, error) || !reply_text(root, "b", &b, error))
    return FALSE;
  Linking linking = {server, make, a, b, NULL};
  gboolean good = reply_change(server, carry_out, &linking, error);
  g_autoptr(LinkPlan) plan = linking.plan;
  if (!good)
    return FALSE;
  g_autofree char *subject = g_strdup_printf(WHO_FORMAT, plan->person_x), *other = g_strdup_printf(WHO_FORMAT, plan->person_y);
  if (!reply_audit(server, exchange, key, action, subject, other, error))
    return FALSE;
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  link_plan_write(plan, out);
  json_object_end(out);
  reply_json(exchange, 200, out);
  return TRUE;
}

static gboolean merge(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  return link_two(server, exchange, user, link_plan_merge, "person.merge", error);
}

static gboolean unmerge(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  return link_two(server, exchange, user, link_plan_unmerge, "person.unmerge", error);
}

void persons_route_merge(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->changes, exchange, merge, key, NULL);
}

void persons_route_unmerge(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->changes, exchange, unmerge, key, NULL);
}
