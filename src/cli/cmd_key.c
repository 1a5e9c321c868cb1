// SPDX-License-Identifier: Apache-2.0
// etappe key create|list|revoke: who may send events or ask questions over HTTP.
#include "analysis/table.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json_out.h"
#include "capture/permission.h"
#include "cli/cli.h"
#include "record/record.h"
#include "server/access.h"
#include <string.h>

const char cmd_key_usage[] =
    "etappe key create --name NAME --role source|write|read|admin [--kind web|app|server] [--group GROUP]\n"
    "etappe key list [--format table|json|csv]\n"
    "etappe key revoke ID\n"
    "etappe key proof\n"
    "\n"
    "A key goes with each request: Authorization: Bearer KEY, or as the user name of Basic.\n"
    "  source   sends events from a page or an app, where anybody can read it: may not join persons or state cost\n"
    "  write    sends events from a server of yours: a secret\n"
    "  read     asks questions, persons included: a secret\n"
    "  admin    everything: a secret\n"
    "NAME is the source of its events. KIND says where they happen [web for source, else server]. Sources of one\n"
    "GROUP send copies of the same events (a shop's page and its server): equal ids count once.\n"
    "proof prints the secret by which your server proves user ids to a page: context.proof is the HMAC-SHA256 of the id\n"
    "with this secret, in hex digits. It follows from the project's key, so it stays the same.\n"
    "create prints the key alone, once: only its keyed hash is kept.\n";

static Access *open_access(const Cli *cli, GError **error) {
  if (!g_file_test(cli->db, G_FILE_TEST_EXISTS)) {
    g_autoptr(Record) record = record_open(cli->db, RECORD_CREATE, error);
    if (!record)
      return NULL;
  }
  return access_open(cli->db, error);
}

static gboolean key_create(Cli *cli, const CliArgs *args, GError **error) {
  const char *name = params_get(args->params, "name"), *role_text = params_get(args->params, "role");
  const char *kind_text = params_get(args->params, "kind"), *group = params_get(args->params, "group");
  KeyRole role;
  SourceKind kind;
  g_autofree char *key = NULL;
  if (!name || !role_text || args->arguments->len != 1)
    return error_set(error, ERROR_USAGE,
                     "etappe key create needs --name and --role\nhint: for example: etappe key create --name shop --role write");
  if (!key_role_parse(role_text, &role))
    return error_set(error, ERROR_USAGE, "--role is source, write, read or admin, not \"%s\"", role_text);
  if (!kind_text)
    kind_text = role == KEY_SOURCE ? "web" : "server";
  if (!source_kind_parse(kind_text, &kind) || kind == SOURCE_FILE)
    return error_set(error, ERROR_USAGE, "--kind is web, app or server, not \"%s\"", kind_text);
  g_autoptr(Access) access = open_access(cli, error);
  if (!access || !access_key_create(access, name, group, kind, role, &key, error))
    return FALSE;
  g_autofree char *line = g_strconcat(key, "\n", NULL);
  cli_print(line);
  return TRUE;
}

static char *list_json(const GPtrArray *keys) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_key(out, "keys");
  json_array(out);
  for (guint i = 0; i < keys->len; i++) {
    const AccessKey *key = keys->pdata[i];
    g_autofree char *created = clock_text(key->created_ms);
    json_object(out);
    json_kv_int(out, "id", key->id);
    json_kv_string(out, "name", key->name);
    json_kv_string(out, "role", key_role_text(key->role));
    json_kv_string(out, "kind", source_kind_text(key->kind));
    json_kv_string(out, "group", key->group);
    json_kv_string(out, "begins", key->hint);
    json_kv_string(out, "created", created);
    json_object_end(out);
  }
  json_array_end(out);
  json_object_end(out);
  return g_strconcat(json_out_text(out, NULL), "\n", NULL);
}

static char *list_table(const Cli *cli, const GPtrArray *keys, const char *format) {
  static const char *const columns[] = {"id", "name", "role", "kind", "group", "begins", "created (UTC)"};
  g_autoptr(Table) table = table_new();
  for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
    table_column(table, columns[i], i ? CELL_TEXT : CELL_INT);
  for (guint i = 0; i < keys->len; i++) {
    const AccessKey *key = keys->pdata[i];
    g_autofree char *created = clock_text(key->created_ms);
    created[16] = '\0';
    created[10] = ' ';
    table_int(table, key->id);
    table_text(table, key->name);
    table_text(table, key_role_text(key->role));
    table_text(table, source_kind_text(key->kind));
    table_text(table, key->group ? key->group : "");
    table_text(table, key->hint);
    table_text(table, created);
  }
  return g_strcmp0(format, "csv") == 0 ? table_csv(table)
                                       : table_render(table, &(TableStyle){cli->terminal, cli->terminal, cli->width});
}

static gboolean key_list(Cli *cli, const CliArgs *args, GError **error) {
  const char *format = params_get(args->params, "format");
  g_autoptr(Access) access = open_access(cli, error);
  g_autoptr(GPtrArray) keys = access ? access_keys(access, error) : NULL;
  if (!keys)
    return FALSE;
  g_autofree char *text = g_strcmp0(format, "json") == 0 ? list_json(keys) : list_table(cli, keys, format);
  cli_print(text);
  return TRUE;
}

static gboolean key_proof(const Cli *cli, GError **error) {
  HashKey key;
  char secret[PROOF_SECRET_SIZE];
  g_autofree char *path = g_strconcat(cli->db, ".key", NULL);
  if (!hash_key_load(&key, path, FALSE, error))
    return FALSE;
  permission_proof_secret(&key, secret);
  g_autofree char *line = g_strconcat(secret, "\n", NULL);
  cli_print(line);
  return TRUE;
}

static gboolean key_revoke(Cli *cli, const CliArgs *args, GError **error) {
  guint64 id;
  if (args->arguments->len != 2 || !g_ascii_string_to_unsigned(args->arguments->pdata[1], 10, 1, G_MAXINT64, &id, NULL))
    return error_set(error, ERROR_USAGE, "etappe key revoke takes the number of one key\nhint: `etappe key list` shows them");
  g_autoptr(Access) access = open_access(cli, error);
  if (!access || !access_key_revoke(access, (gint64)id, error))
    return FALSE;
  g_autofree char *text =
      g_strdup_printf("Key %" G_GUINT64_FORMAT " is revoked: a running server takes it no more within a second\n", id);
  cli_print(text);
  return TRUE;
}

gboolean cmd_key(Cli *cli, int argc, char **argv, GError **error) {
  static const CliOption options[] = {
      {"name", FALSE, FALSE}, {"role", FALSE, FALSE}, {"kind", FALSE, FALSE}, {"group", FALSE, FALSE}, {NULL, FALSE, FALSE}};
  g_auto(CliArgs) args = {NULL, NULL};
  if (!cli_parse(cli, &args, options, argc, argv, error))
    return FALSE;
  const char *what = args.arguments->len ? args.arguments->pdata[0] : "";
  if (strcmp(what, "create") == 0)
    return key_create(cli, &args, error);
  if (strcmp(what, "list") == 0)
    return key_list(cli, &args, error);
  if (strcmp(what, "proof") == 0)
    return key_proof(cli, error);
  if (strcmp(what, "revoke") == 0)
    return key_revoke(cli, &args, error);
  return error_set(error, ERROR_USAGE,
                   "etappe key %s: expected create, list, revoke or proof\nhint: `etappe help key` explains them", what);
}
