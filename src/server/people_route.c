// SPDX-License-Identifier: Apache-2.0
#include "server/people_route.h"

#include "analysis/source_list.h"
#include "base/clock.h"
#include "base/error.h"
#include "server/jobs.h"
#include "server/reply.h"
#include "server/server_private.h"
#include <string.h>

enum { AUDIT_SHOWN = 100, AUDIT_MAX = 1000, BODY_MAX = 64 << 10, ARRIVING_MS = 60000 };

typedef gboolean (*Handler)(Server *server, Exchange *exchange, CaptureSource *key, GError **error);

static void answer(Server *server, Exchange *exchange, CaptureSource *key, Handler handler) {
  g_autoptr(GError) error = NULL;
  if (!handler(server, exchange, key, &error))
    exchange_error(exchange, error);
}

static gboolean is_method(const Exchange *exchange, const char *method) {
  return strcmp(exchange_method(exchange), method) == 0;
}

static void reply_nothing(Exchange *exchange) {
  exchange_reply_static(exchange, 204, NULL, "", 0);
}

static gboolean id_of_path(const Exchange *exchange, gint64 *id, GError **error) {
  const char *text = strrchr(exchange_path(exchange), '/') + 1;
  guint64 number;
  if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT64, &number, NULL))
    return error_set(error, ERROR_NOT_FOUND, "\"%s\" is no number of one", text);
  *id = (gint64)number;
  return TRUE;
}

static void write_time(JsonOut *out, const char *name, gint64 time_ms) {
  g_autofree char *text = time_ms ? clock_text(time_ms) : NULL;
  json_kv_string(out, name, text);
}

static gboolean audit_id(Server *server, Exchange *exchange, CaptureSource *key, const char *action, gint64 id, const char *detail,
                         GError **error) {
  g_autofree char *subject = g_strdup_printf("%" G_GINT64_FORMAT, id);
  return reply_audit(server, exchange, key, action, subject, detail, error);
}

/* --- accounts -------------------------------------------------------------------------------------------------- */

static void write_account(const Account *account, JsonOut *out) {
  json_object(out);
  json_kv_int(out, "id", account->id);
  json_kv_string(out, "name", account->name);
  json_kv_string(out, "email", account->email);
  json_kv_string(out, "role", role_text(account->role));
  write_time(out, "created", account->created_ms);
  write_time(out, "seen", account->seen_ms);
  json_object_end(out);
}

static gboolean list_accounts(Server *server, Exchange *exchange, CaptureSource *key, GError **error) {
  g_autoptr(GPtrArray) accounts = accounts_all(server->accounts, error);
  g_autoptr(JsonOut) out = json_out_new();
  if (accounts == NULL)
    return FALSE;
  json_object(out);
  json_key(out, "accounts");
  json_array(out);
  for (guint i = 0; i < accounts->len; i++)
    write_account(accounts->pdata[i], out);
  json_array_end(out);
  json_object_end(out);
  reply_json(exchange, 200, out);
  return TRUE;
}

static gboolean read_role(const char *text, Role *role, GError **error) {
  return role_parse(text, role) || error_set(error, ERROR_INVALID, "role is viewer, analyst or admin, not \"%s\"", text);
}

static gboolean reply_id(Exchange *exchange, gint64 id) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_kv_int(out, "id", id);
  json_object_end(out);
  reply_json(exchange, 201, out);
  return TRUE;
}

static gboolean add_account(Server *server, Exchange *exchange, CaptureSource *key, GError **error) {
  g_autoptr(JsonIn) json = json_in_new(BODY_MAX);
  g_autofree char *name = NULL, *email = NULL, *password = NULL, *text = NULL;
  JsonValue root;
  Role role;
  gint64 id;
  return reply_read(exchange, json, &root, error) && reply_text(root, "name", &name, error) &&
         reply_text(root, "email", &email, error) && reply_text(root, "password", &password, error) &&
         reply_text(root, "role", &text, error) && read_role(text, &role, error) &&
         accounts_add(server->accounts, name, email, role, password, &id, error) &&
         audit_id(server, exchange, key, "account.add", id, text, error) && reply_id(exchange, id);
}

void people_route_accounts(Server *server, Exchange *exchange, CaptureSource *key) {
  answer(server, exchange, key, is_method(exchange, "POST") ? add_account : list_accounts);
}

static gboolean change_role(Server *server, Exchange *exchange, CaptureSource *key, gint64 id, const char *text, GError **error) {
  Role role;
  return read_role(text, &role, error) && accounts_set_role(server->accounts, id, role, error) &&
         audit_id(server, exchange, key, "account.role", id, text, error);
}

static gboolean change_account(Server *server, Exchange *exchange, CaptureSource *key, GError **error) {
  g_autoptr(JsonIn) json = json_in_new(BODY_MAX);
  g_autofree char *role = NULL, *password = NULL;
  JsonValue root;
  gint64 id;
  if (!id_of_path(exchange, &id, error) || !reply_read(exchange, json, &root, error) ||
      !reply_maybe_text(root, "role", &role, error) || !reply_maybe_text(root, "password", &password, error))
    return FALSE;
  if (!role && !password)
    return error_set(error, ERROR_INVALID, "there is nothing to change\nhint: role or password");
  if (role && !change_role(server, exchange, key, id, role, error))
    return FALSE;
  if (password && !(accounts_set_password(server->accounts, id, password, error) &&
                    audit_id(server, exchange, key, "account.password", id, NULL, error)))
    return FALSE;
  reply_nothing(exchange);
  return TRUE;
}

static gboolean remove_account(Server *server, Exchange *exchange, CaptureSource *key, GError **error) {
  gint64 id;
  if (!id_of_path(exchange, &id, error) || !accounts_remove(server->accounts, id, error) ||
      !audit_id(server, exchange, key, "account.remove", id, NULL, error))
    return FALSE;
  reply_nothing(exchange);
  return TRUE;
}

void people_route_account(Server *server, Exchange *exchange, CaptureSource *key) {
  answer(server, exchange, key, is_method(exchange, "PUT") ? change_account : remove_account);
}

/* --- keys ------------------------------------------------------------------------------------------------------- */

static gboolean list_keys(Server *server, Exchange *exchange, CaptureSource *key, GError **error) {
  g_autoptr(GPtrArray) keys = access_keys(server->access, error);
  g_autoptr(JsonOut) out = json_out_new();
  if (keys == NULL)
    return FALSE;
  json_object(out);
  json_key(out, "keys");
  json_array(out);
  for (guint i = 0; i < keys->len; i++) {
    const AccessKey *one = keys->pdata[i];
    json_object(out);
    json_kv_int(out, "id", one->id);
    json_kv_string(out, "name", one->name);
    json_kv_string(out, "role", key_role_text(one->role));
    json_kv_string(out, "kind", source_kind_text(one->kind));
    json_kv_string(out, "group", one->group);
    json_kv_string(out, "hint", one->hint);
    write_time(out, "created", one->created_ms);
    json_object_end(out);
  }
  json_array_end(out);
  json_object_end(out);
  reply_json(exchange, 200, out);
  return TRUE;
}

static gboolean read_kind(const char *text, KeyRole role, SourceKind *kind, GError **error) {
  *kind = role == KEY_SOURCE ? SOURCE_WEB : SOURCE_SERVER;
  return !text || (source_kind_parse(text, kind) && *kind != SOURCE_FILE) ||
         error_set(error, ERROR_INVALID, "kind is web, app or server, not \"%s\"", text);
}

static gboolean reply_key(Exchange *exchange, const char *text) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_kv_string(out, "key", text);
  json_object_end(out);
  reply_json(exchange, 201, out);
  return TRUE;
}

static gboolean add_key(Server *server, Exchange *exchange, CaptureSource *key, GError **error) {
  g_autoptr(JsonIn) json = json_in_new(BODY_MAX);
  g_autofree char *name = NULL, *role_name = NULL, *kind_name = NULL, *group = NULL, *made = NULL;
  JsonValue root;
  KeyRole role;
  SourceKind kind;
  if (!reply_read(exchange, json, &root, error) || !reply_text(root, "name", &name, error) ||
      !reply_text(root, "role", &role_name, error) || !reply_maybe_text(root, "kind", &kind_name, error) ||
      !reply_maybe_text(root, "group", &group, error))
    return FALSE;
  if (!key_role_parse(role_name, &role))
    return error_set(error, ERROR_INVALID, "role is source, write, read or admin, not \"%s\"", role_name);
  return read_kind(kind_name, role, &kind, error) &&
         access_key_create(server->access, name, group && *group ? group : NULL, kind, role, &made, error) &&
         reply_audit(server, exchange, key, "key.create", name, role_name, error) && reply_key(exchange, made);
}

void people_route_keys(Server *server, Exchange *exchange, CaptureSource *key) {
  answer(server, exchange, key, is_method(exchange, "POST") ? add_key : list_keys);
}

static gboolean revoke_key(Server *server, Exchange *exchange, CaptureSource *key, GError **error) {
  gint64 id;
  if (!id_of_path(exchange, &id, error) || !access_key_revoke(server->access, id, error) ||
      !audit_id(server, exchange, key, "key.revoke", id, NULL, error))
    return FALSE;
  reply_nothing(exchange);
  return TRUE;
}

void people_route_key(Server *server, Exchange *exchange, CaptureSource *key) {
  answer(server, exchange, key, revoke_key);
}

/* --- the audit --------------------------------------------------------------------------------------------------- */

static gboolean number_argument(const Exchange *exchange, const char *name, guint64 most, guint64 *number, GError **error) {
  const char *text = exchange_argument(exchange, name);
  return !text || !*text || g_ascii_string_to_unsigned(text, 10, 0, most, number, NULL) ||
         error_set(error, ERROR_USAGE, "%s is a whole number up to %" G_GUINT64_FORMAT ", not \"%s\"", name, most, text);
}

static void write_entry(const AuditEntry *entry, JsonOut *out) {
  json_object(out);
  json_kv_int(out, "id", entry->id);
  write_time(out, "time", entry->at_ms);
  json_kv_string(out, "actor", entry->actor);
  json_kv_string(out, "action", entry->action);
  json_kv_string(out, "subject", entry->subject);
  json_kv_string(out, "detail", entry->detail);
  json_object_end(out);
}

static gboolean list_audit(Server *server, Exchange *exchange, CaptureSource *key, GError **error) {
  guint64 before = 0, limit = AUDIT_SHOWN;
  if (!number_argument(exchange, "before", G_MAXINT64, &before, error) ||
      !number_argument(exchange, "limit", AUDIT_MAX, &limit, error))
    return FALSE;
  g_autoptr(GPtrArray) entries = accounts_audit_list(server->accounts, (gint64)before, (guint)limit, error);
  g_autoptr(JsonOut) out = json_out_new();
  if (entries == NULL)
    return FALSE;
  json_object(out);
  json_key(out, "entries");
  json_array(out);
  for (guint i = 0; i < entries->len; i++)
    write_entry(entries->pdata[i], out);
  json_array_end(out);
  json_object_end(out);
  reply_json(exchange, 200, out);
  return TRUE;
}

void people_route_audit(Server *server, Exchange *exchange, CaptureSource *key) {
  answer(server, exchange, key, list_audit);
}

/* --- sources ------------------------------------------------------------------------------------------------------ */

static const AccessKey *key_of_source(const GPtrArray *keys, const char *source) {
  for (guint i = 0; i < keys->len; i++) {
    const AccessKey *key = keys->pdata[i];
    if ((key->role == KEY_SOURCE || key->role == KEY_WRITE) && strcmp(key->name, source) == 0)
      return key;
  }
  return NULL;
}

static const SourceRule *rule_of_source(const Project *project, const char *source) {
  for (guint i = 0; i < project->sources->len; i++)
    if (strcmp(((const SourceRule *)project->sources->pdata[i])->name, source) == 0)
      return project->sources->pdata[i];
  return NULL;
}

static void write_source(Server *server, const GPtrArray *keys, const char *source, const SourceCount *count, JsonOut *out) {
  const AccessKey *key = key_of_source(keys, source);
  const SourceRule *rule = rule_of_source(workspace_project(capture_workspace(server->capture)), source);
  gint64 received_ms = capture_received_ms(server->capture, source);
  const char *group = rule && rule->group ? rule->group : key ? key->group : NULL;
  json_object(out);
  json_kv_string(out, "source", source);
  json_kv_string(out, "kind", source_kind_text(rule && rule->kind_given ? rule->kind : key ? key->kind : SOURCE_FILE));
  if (group)
    json_kv_string(out, "group", group);
  json_kv_int(out, "events", (gint64)count->events);
  write_time(out, "last", count->last_ms);
  json_kv_bool(out, "arriving", received_ms && clock_now_ms() - received_ms < ARRIVING_MS);
  json_object_end(out);
}

/* Those that sent something, then those that only have a key. */
static void write_sources(Server *server, const Snapshot *snapshot, const GArray *counts, const GPtrArray *keys, JsonOut *out) {
  g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  const SourceCount none = {0, 0};
  for (guint code = 0; code < counts->len; code++) {
    const SourceCount *count = &g_array_index(counts, SourceCount, code);
    char *name = text_dup(names_text(snapshot_names(snapshot), NAME_SOURCE, (guint16)code));
    if (count->events && g_hash_table_add(told, name))
      write_source(server, keys, name, count, out);
    else if (!count->events)
      g_free(name);
  }
  for (guint i = 0; i < keys->len; i++) {
    const AccessKey *key = keys->pdata[i];
    if ((key->role == KEY_SOURCE || key->role == KEY_WRITE) && g_hash_table_add(told, g_strdup(key->name)))
      write_source(server, keys, key->name, &none, out);
  }
}

static gboolean list_sources(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  g_autoptr(Snapshot) snapshot = index_snapshot(workspace_index(capture_workspace(server->capture)));
  g_autoptr(GPtrArray) keys = access_keys(server->access, error);
  g_autoptr(GArray) counts = keys ? source_counts(snapshot, error) : NULL;
  g_autoptr(JsonOut) out = json_out_new();
  if (counts == NULL)
    return FALSE;
  json_object(out);
  json_key(out, "sources");
  json_array(out);
  write_sources(server, snapshot, counts, keys, out);
  json_array_end(out);
  json_object_end(out);
  reply_json(exchange, 200, out);
  return TRUE;
}

void people_route_sources(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->reports, exchange, list_sources, NULL, NULL);
}
