// SPDX-License-Identifier: Apache-2.0
#include "server/privacy_route.h"

#include "analysis/consents.h"
#include "analysis/person_rights.h"
#include "analysis/who.h"
#include "server/jobs.h"
#include "server/reply.h"
#include "server/routes.h"
#include "server/server_private.h"
#include <string.h>

static gboolean consents(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  g_autoptr(JsonOut) out = json_out_new();
  g_autoptr(Snapshot) snapshot = index_snapshot(workspace_index(capture_workspace(server->capture)));
  json_object(out);
  if (!consents_write_sums(snapshot, out, error))
    return FALSE;
  json_object_end(out);
  reply_json(exchange, 200, out);
  return TRUE;
}

void privacy_route_consents(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->reports, exchange, consents, key, NULL);
}

static gboolean erasures(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  if (!person_receipts_write(server->options.db, out, error))
    return FALSE;
  json_object_end(out);
  reply_json(exchange, 200, out);
  return TRUE;
}

void privacy_route_erasures(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->reports, exchange, erasures, key, NULL);
}

/* Of /api/v1/persons/<id>/<what>. Caller frees. */
static char *person_in_path(const Exchange *exchange) {
  const char *begin = exchange_path(exchange) + strlen("/api/v1/persons/");
  return g_strndup(begin, (gsize)(strrchr(begin, '/') - begin));
}

static gboolean export(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  guint64 person;
  g_autofree char *who = person_in_path(exchange);
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  if (!person_export(capture_workspace(server->capture), who, &person, out, error) ||
      !accounts_write_about(server->options.db, person, out, error))
    return FALSE;
  json_object_end(out);
  g_autofree char *subject = g_strdup_printf(WHO_FORMAT, person);
  if (!reply_audit(server, exchange, user, "person.export", subject, NULL, error))
    return FALSE;
  reply_json(exchange, 200, out);
  return TRUE;
}

void privacy_route_export(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->reports, exchange, export, key, NULL);
}

static gboolean erase(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  g_autofree char *who = person_in_path(exchange), *by = routes_actor(exchange, user);
  g_auto(PersonErased) erased = {0};
  g_autoptr(JsonOut) out = json_out_new();
  Capture *capture = server->capture;
  if (!person_erase(capture_workspace(capture), capture_record(capture), who, by, &erased, error))
    return FALSE;
  g_autofree char *subject = g_strdup_printf(WHO_FORMAT, erased.person);
  if (!reply_audit(server, exchange, user, "person.erase", subject, erased.receipt, error))
    return FALSE;
  json_object(out);
  json_kv_string(out, "receipt", erased.receipt);
  json_kv_int(out, "events", (gint64)erased.events);
  json_key(out, "backups");
  json_raw(out, erased.backups, strlen(erased.backups));
  json_object_end(out);
  reply_json(exchange, 200, out);
  return TRUE;
}

void privacy_route_erase(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->changes, exchange, erase, key, NULL);
}
