// SPDX-License-Identifier: Apache-2.0
#include "server/import_route.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "exchange/import.h"
#include "exchange/import_preview.h"
#include "server/jobs.h"
#include "server/reply.h"
#include "server/server_private.h"
#include "simulate/sample.h"
#include "simulate/simulate.h"
#include <glib/gstdio.h>
#include <string.h>

enum { REFUSALS_SHOWN = 100, PARTS_MAX = 4096, NAME_MAX_SIZE = 200, DEMO_EVENTS = 200000 };
static const char DEMO_LABEL[] = "lindenhof.csv";
static const char DEMO_TAKEN_BACK[] = "version: 1\npreset: shop\n";

char *import_route_folder(const char *db, GError **error) {
  g_autofree char *folder = g_strconcat(db, ".uploads", NULL);
  return file_remove_folder(folder, error) && file_make_folder(folder, error) ? g_steal_pointer(&folder) : NULL;
}

/* What the file is called where it comes from, without its folders. Caller frees. */
static char *given_name(const Exchange *exchange) {
  const char *name = exchange_argument(exchange, "name");
  g_autofree char *base = g_path_get_basename(name && *name ? name : "file");
  return g_utf8_make_valid(base, (gssize)MIN(strlen(base), NAME_MAX_SIZE));
}

/* --- looking ---------------------------------------------------------------------------------------------------- */

static gboolean preview(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  g_autofree char *name = given_name(exchange);
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  if (!import_preview(exchange_file(exchange), name, TRUE, out, error))
    return FALSE;
  json_object_end(out);
  reply_json(exchange, 200, out);
  return TRUE;
}

void import_route_preview(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->reports, exchange, preview, key, NULL);
}

/* --- importing --------------------------------------------------------------------------------------------------- */

typedef struct {
  guint64 row;
  char *reason;
} Refusal;

typedef struct { /* an import and what it told */
  ImportOptions options;
  GPtrArray *map, *set; /* of char*, end with NULL */
  GArray *refusals;     /* of Refusal */
  guint64 id;
  ImportInfo totals;
  guint parts;
} Importing;

static void clear_refusal(gpointer data) {
  g_free(((Refusal *)data)->reason);
}

static void importing_init(Importing *importing) {
  *importing = (Importing){.map = g_ptr_array_new_with_free_func(g_free), .set = g_ptr_array_new_with_free_func(g_free)};
  importing->refusals = g_array_new(FALSE, FALSE, sizeof(Refusal));
  g_array_set_clear_func(importing->refusals, clear_refusal);
}

static void importing_clear(Importing *importing) {
  g_ptr_array_unref(importing->map);
  g_ptr_array_unref(importing->set);
  g_array_unref(importing->refusals);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Importing, importing_clear)

static void take_argument(const char *name, const char *value, gpointer user) {
  Importing *importing = user;
  GPtrArray *parts = strcmp(name, "map") == 0 ? importing->map : strcmp(name, "set") == 0 ? importing->set : NULL;
  if (parts && importing->parts++ < PARTS_MAX)
    g_ptr_array_add(parts, g_strdup(value));
}

static gboolean read_arguments(Exchange *exchange, Importing *importing, GError **error) {
  ImportOptions *options = &importing->options;
  const char *source = exchange_argument(exchange, "source"), *person = exchange_argument(exchange, "without-person");
  exchange_each_argument(exchange, take_argument, importing);
  if (importing->parts > PARTS_MAX)
    return error_set(error, ERROR_LIMIT, "there are more than %u columns named", PARTS_MAX);
  if (source && (!*source || strlen(source) > NAME_MAX_SIZE))
    return error_set(error, ERROR_USAGE, "source needs a name of up to %d bytes", NAME_MAX_SIZE);
  options->source = source;
  options->timezone = exchange_argument(exchange, "timezone");
  options->encoding = exchange_argument(exchange, "encoding");
  options->decimal = exchange_argument(exchange, "decimal");
  if (options->decimal && strcmp(options->decimal, "comma") && strcmp(options->decimal, "point"))
    return error_set(error, ERROR_USAGE, "decimal is comma or point");
  options->map.without_person = person && strcmp(person, "false") != 0;
  return TRUE;
}

static gboolean on_refused(const ImportRefusal *refusal, gpointer user, GError **error) {
  Importing *importing = user;
  Refusal kept = {refusal->row, NULL};
  if (importing->refusals->len == REFUSALS_SHOWN)
    return TRUE;
  kept.reason = g_strdup(refusal->reason);
  g_array_append_val(importing->refusals, kept);
  return TRUE;
}

static void on_file(const ImportInfo *info, gpointer user) {
  ((Importing *)user)->id = info->id;
}

static gboolean fork_seen(Record *record, Seen *seen, gpointer user, GError **error) {
  *(Seen **)user = seen_fork(seen);
  return TRUE;
}

static gboolean read_in(Server *server, Importing *importing, const char *path, GError **error) {
  Workspace *workspace = capture_workspace(server->capture);
  const char *files[] = {path, NULL};
  ImportHooks hooks = {.refused = on_refused, .file = on_file, .user = importing};
  Seen *fork = NULL;
  g_ptr_array_add(importing->map, NULL);
  g_ptr_array_add(importing->set, NULL);
  importing->options.map.map = (const char *const *)importing->map->pdata;
  importing->options.map.set = (const char *const *)importing->set->pdata;
  g_autofree char *applied = record_setting(capture_record(server->capture), "project");
  importing->options.project = applied ? workspace_project(workspace) : NULL;
  if (!capture_exclusive(server->capture, fork_seen, &fork, error))
    return FALSE;
  g_autoptr(Seen) seen = fork;
  return import_run(capture_record(server->capture), seen, files, &importing->options, &hooks, &importing->totals, error) &&
         workspace_refresh(workspace, error);
}

static void write_counts(const ImportInfo *info, JsonOut *out) {
  json_kv_int(out, "read", (gint64)info->read);
  json_kv_int(out, "stored", (gint64)info->stored);
  json_kv_int(out, "repeated", (gint64)info->repeated);
  json_kv_int(out, "conflicting", (gint64)info->conflicting);
  json_kv_int(out, "refused", (gint64)info->refused);
}

static void write_result(const Importing *importing, JsonOut *out) {
  json_object(out);
  json_kv_int(out, "id", (gint64)importing->id);
  write_counts(&importing->totals, out);
  json_key(out, "refusals");
  json_array(out);
  for (guint i = 0; i < importing->refusals->len; i++) {
    const Refusal *refusal = &g_array_index(importing->refusals, Refusal, i);
    json_object(out);
    json_kv_int(out, "row", (gint64)refusal->row);
    json_kv_string(out, "reason", refusal->reason);
    json_object_end(out);
  }
  json_array_end(out);
  json_object_end(out);
}

/* Once it is in, it is told of and written down. */
static gboolean conclude(Server *server, Exchange *exchange, CaptureSource *key, const Importing *importing, GError **error) {
  g_autofree char *subject = g_strdup_printf("%" G_GUINT64_FORMAT, importing->id);
  g_autofree char *detail = g_strdup_printf("%" G_GUINT64_FORMAT " events", importing->totals.stored);
  g_autoptr(JsonOut) out = json_out_new();
  if (!reply_audit(server, exchange, key, "import", subject, detail, error))
    return FALSE;
  write_result(importing, out);
  reply_json(exchange, 200, out);
  return TRUE;
}

static gboolean import_upload(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  g_autofree char *name = given_name(exchange);
  g_auto(Importing) importing;
  importing_init(&importing);
  importing.options.label = name;
  return read_arguments(exchange, &importing, error) && read_in(server, &importing, exchange_file(exchange), error) &&
         conclude(server, exchange, user, &importing, error);
}

void import_route_import(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->changes, exchange, import_upload, key, NULL);
}

/* --- what was imported -------------------------------------------------------------------------------------------- */

static void write_import(const ImportInfo *info, JsonOut *out) {
  static const char *const states[] = {[IMPORT_RUNNING] = "running", [IMPORT_DONE] = "done", [IMPORT_UNDONE] = "undone"};
  g_autofree char *ended = info->ended_ms ? clock_text(info->ended_ms) : NULL;
  json_object(out);
  json_kv_int(out, "id", (gint64)info->id);
  json_kv_string(out, "label", info->label);
  json_kv_string(out, "source", info->source);
  json_kv_string(out, "state", states[info->state]);
  write_counts(info, out);
  json_kv_string(out, "ended", ended);
  json_object_end(out);
}

static GPtrArray *imports_of(Record *record, GError **error) {
  GPtrArray *imports = record_imports(record, error);
  if (imports)
    g_ptr_array_set_free_func(imports, (GDestroyNotify)import_info_free);
  return imports;
}

/* Number 0 is what arrived live: no import. */
static const ImportInfo *import_at(const GPtrArray *imports, guint i) {
  const ImportInfo *info = imports->pdata[i];
  return info->id ? info : NULL;
}

void import_route_list(Server *server, Exchange *exchange, CaptureSource *key) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) imports = imports_of(capture_record(server->capture), &error);
  g_autoptr(JsonOut) out = json_out_new();
  if (imports == NULL) {
    exchange_error(exchange, error);
    return;
  }
  json_object(out);
  json_key(out, "imports");
  json_array(out);
  for (guint i = imports->len; i-- > 0;)
    if (import_at(imports, i))
      write_import(import_at(imports, i), out);
  json_array_end(out);
  json_object_end(out);
  reply_json(exchange, 200, out);
}

/* --- taken back ---------------------------------------------------------------------------------------------------- */

/* The sample's definitions go with its events, unless they were edited since. */
static gboolean drop_sample_project(Record *record, GError **error) {
  g_autofree char *text = record_setting(record, "project");
  if (g_strcmp0(text, sample_files[0].text) != 0)
    return TRUE;
  g_autoptr(Project) project = project_parse(DEMO_TAKEN_BACK, strlen(DEMO_TAKEN_BACK), error);
  return project && record_set_project(record, project, DEMO_TAKEN_BACK, error);
}

static gboolean undo_import(Record *record, Seen *seen, gpointer user, GError **error) {
  guint64 id = *(guint64 *)user;
  g_autoptr(GPtrArray) imports = imports_of(record, error);
  for (guint i = 0; imports && i < imports->len; i++) {
    const ImportInfo *info = import_at(imports, i);
    if (info && info->id == id)
      return record_import_undo(record, id, error) && (strcmp(info->label, DEMO_LABEL) || drop_sample_project(record, error));
  }
  return imports != NULL && error_set(error, ERROR_NOT_FOUND, "there is no import %" G_GUINT64_FORMAT, id);
}

static gboolean undo(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  const char *text = strrchr(exchange_path(exchange), '/') + 1;
  guint64 id;
  if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT64, &id, NULL))
    return error_set(error, ERROR_NOT_FOUND, "there is no import \"%s\"", text);
  if (!reply_change(server, undo_import, &id, error) || !reply_audit(server, exchange, user, "import.undo", text, NULL, error))
    return FALSE;
  exchange_reply_static(exchange, 204, NULL, "", 0);
  return TRUE;
}

void import_route_undo(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->changes, exchange, undo, key, NULL);
}

/* --- the sample company ---------------------------------------------------------------------------------------------- */

static gboolean is_empty(Server *server, GError **error) {
  Workspace *workspace = capture_workspace(server->capture);
  g_autoptr(Snapshot) snapshot = index_snapshot(workspace_index(workspace));
  return snapshot_events(snapshot) == 0 ||
         error_set(error, ERROR_CONFLICT,
                   "this project holds events already\nhint: the sample company goes into an empty one; try `etappe demo`");
}

static gboolean set_sample_project(Record *record, Seen *seen, gpointer user, GError **error) {
  g_autoptr(Project) project = project_parse(sample_files[0].text, sample_files[0].size, error);
  g_autofree char *text = g_strndup(sample_files[0].text, sample_files[0].size);
  return project && record_set_project(record, project, text, error);
}

static gboolean import_sample(Server *server, Importing *importing, const char *path, GError **error) {
  SimulateOptions simulate = {.events = DEMO_EVENTS, .seed = 1, .out = path};
  SimulateTotals made;
  return simulate_run(&simulate, &made, error) && reply_change(server, set_sample_project, NULL, error) &&
         read_in(server, importing, path, error);
}

static gboolean demo(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  g_autofree char *path = g_build_filename(server->uploads, DEMO_LABEL, NULL), *truth = g_strconcat(path, ".truth.json", NULL);
  g_auto(Importing) importing;
  importing_init(&importing);
  importing.options.label = DEMO_LABEL;
  gboolean good = is_empty(server, error) && import_sample(server, &importing, path, error);
  g_unlink(path);
  g_unlink(truth);
  return good && conclude(server, exchange, user, &importing, error);
}

void import_route_demo(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->changes, exchange, demo, key, NULL);
}
