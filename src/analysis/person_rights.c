// SPDX-License-Identifier: Apache-2.0
#include "analysis/person_rights.h"

#include "analysis/person_report.h"
#include "analysis/who.h"
#include "base/clock.h"
#include "base/error.h"
#include "journey/erasure.h"
#include "record/backup.h"
#include "record/consent.h"
#include <string.h>

static gboolean gather(Workspace *workspace, const char *text, ErasureParts *parts, GError **error) {
  Who who;
  g_autoptr(Snapshot) snapshot = index_snapshot(workspace_index(workspace));
  g_autoptr(GError) problem = NULL;
  if (!who_parse(workspace_record(workspace), text, &who, error))
    return FALSE;
  if (erasure_gather(snapshot, who.hash, parts, &problem))
    return TRUE;
  if (g_error_matches(problem, ETAPPE_ERROR, ERROR_NOT_FOUND))
    return who_unknown(text, error);
  g_propagate_error(error, g_steal_pointer(&problem));
  return FALSE;
}

/* --- export ------------------------------------------------------------------------------------------------------- */

typedef struct {
  Record *record;
  const GArray *rows;
  guint at;
  Batch *batch;
  Event *event;
  WhoNames *names;
  JsonOut *out;
  GHashTable *sources, *imports; /* of char*; of guint64 */
} Exporting;

static void write_time(JsonOut *out, const char *key, gint64 time_ms) {
  g_autofree char *text = clock_text(time_ms);
  json_kv_string(out, key, text);
}

static void write_some(JsonOut *out, const char *key, Text text) {
  if (text.size == 0)
    return;
  json_key(out, key);
  json_string_n(out, text.at, text.size);
}

static void write_property(const Property *property, JsonOut *out) {
  g_autofree char *key = text_dup(property->key);
  json_key(out, key);
  switch (property->kind) {
  case VALUE_TRUE: json_bool(out, TRUE); break;
  case VALUE_FALSE: json_bool(out, FALSE); break;
  case VALUE_JSON: json_raw(out, property->text.at, property->text.size); break;
  default: json_string_n(out, property->text.size ? property->text.at : "", property->text.size);
  }
}

static void write_event_identifiers(const Exporting *exporting, JsonOut *out) {
  const Event *event = exporting->event;
  json_key(out, "identifiers");
  json_array(out);
  for (guint i = 0; i < event->n_identifiers; i++) {
    json_object(out);
    who_write(exporting->names, event->identifiers[i].hash.low, event->identifiers[i].space, out);
    json_object_end(out);
  }
  json_array_end(out);
}

static void write_event(Exporting *exporting, guint64 row, guint64 import_id, Text source) {
  static const char *const calls[] = {"track", "identify", "page", "screen", "group", "alias"};
  static const char *const initiators[] = {"customer", "company", "system"};
  JsonOut *out = exporting->out;
  const Event *event = exporting->event;
  json_object(out);
  json_kv_int(out, "number", (gint64)row);
  write_time(out, "time", event->time_ms);
  write_some(out, "event", event->name);
  json_kv_string(out, "call", calls[event->call]);
  json_kv_string(out, "initiator", initiators[event->initiator]);
  write_some(out, "source", source);
  if (import_id)
    json_kv_int(out, "import", (gint64)import_id);
  write_some(out, "id", event->id);
  write_some(out, "channel", event->channel);
  write_some(out, "touchpoint", event->touchpoint);
  if (event->has_value)
    json_kv_micro(out, "value", event->value_micro);
  write_some(out, "currency", event->currency);
  write_event_identifiers(exporting, out);
  json_key(out, "properties");
  json_object(out);
  for (guint i = 0; i < event->n_properties; i++)
    write_property(&event->properties[i], out);
  json_object_end(out);
  json_object_end(out);
}

static gboolean export_batch(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user,
                             GError **error) {
  Exporting *exporting = user;
  const Names *names = record_names(exporting->record);
  const BatchFacts *facts;
  if (!batch_open(exporting->batch, blob, size, error) || !(facts = batch_facts(exporting->batch, error)))
    return FALSE;
  for (; exporting->at < exporting->rows->len; exporting->at++) {
    guint64 row = g_array_index(exporting->rows, guint64, exporting->at);
    if (row >= first + facts->n)
      break;
    Text source = names_text(names, NAME_SOURCE, facts->source[row - first]);
    if (!batch_event(exporting->batch, (guint)(row - first), names, exporting->event, error))
      return FALSE;
    write_event(exporting, row, import_id, source);
    g_hash_table_add(exporting->sources, text_dup(source));
    g_hash_table_add(exporting->imports, GSIZE_TO_POINTER(import_id));
  }
  return TRUE;
}

/* Values of identifiers that are kept plain stand in the events. */
static gboolean want_batch(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user, GError **error) {
  Exporting *exporting = user;
  const BatchFacts *facts;
  if (!batch_open(exporting->batch, blob, size, error) || !(facts = batch_facts(exporting->batch, error)))
    return FALSE;
  for (; exporting->at < exporting->rows->len; exporting->at++) {
    guint64 row = g_array_index(exporting->rows, guint64, exporting->at);
    if (row >= first + facts->n)
      break;
    for (guint32 k = facts->first_identifier[row - first]; k < facts->first_identifier[row - first + 1]; k++)
      who_names_want(exporting->names, facts->identifier[k], facts->space[k], row);
  }
  return TRUE;
}

static gboolean scan(Exporting *exporting, RecordBatchFunc each, GError **error) {
  exporting->at = 0;
  return exporting->rows->len == 0 || record_scan_rows(exporting->record, (const guint64 *)(const void *)exporting->rows->data,
                                                       exporting->rows->len, each, exporting, error);
}

static gboolean write_events(Exporting *exporting, GError **error) {
  if (!scan(exporting, want_batch, error) || !who_names_read(exporting->names, error))
    return FALSE;
  json_key(exporting->out, "events");
  json_array(exporting->out);
  if (!scan(exporting, export_batch, error))
    return FALSE;
  json_array_end(exporting->out);
  return TRUE;
}

static void write_identifiers(const GArray *identifiers, JsonOut *out) {
  json_key(out, "identifiers");
  json_array(out);
  for (guint i = 0; i < identifiers->len; i++) {
    g_autofree char *id = g_strdup_printf(WHO_FORMAT, g_array_index(identifiers, guint64, i));
    json_string(out, id);
  }
  json_array_end(out);
}

static gboolean write_consents(Record *record, const GArray *identifiers, JsonOut *out, GError **error) {
  g_autoptr(GArray) rows = record_consents(record, identifiers, error);
  if (rows == NULL)
    return FALSE;
  json_key(out, "consents");
  json_array(out);
  for (guint i = 0; i < rows->len; i++) {
    const ConsentRow *row = &g_array_index(rows, ConsentRow, i);
    json_object(out);
    json_kv_string(out, "purpose", row->purpose);
    json_kv_bool(out, "granted", row->granted);
    write_time(out, "at", row->at_ms);
    json_kv_string(out, "source", row->source);
    json_kv_string(out, "version", row->version);
    json_kv_string(out, "basis", row->basis);
    json_object_end(out);
  }
  json_array_end(out);
  return TRUE;
}

static gboolean write_origins(const Exporting *exporting, GError **error) {
  JsonOut *out = exporting->out;
  g_autoptr(GList) sources = g_list_sort(g_hash_table_get_keys(exporting->sources), (GCompareFunc)strcmp);
  g_autoptr(GPtrArray) imports = record_imports(exporting->record, error);
  if (imports == NULL)
    return FALSE;
  json_key(out, "sources");
  json_array(out);
  for (const GList *source = sources; source; source = source->next)
    json_string(out, source->data);
  json_array_end(out);
  json_key(out, "imports");
  json_array(out);
  for (guint i = 0; i < imports->len; i++) {
    const ImportInfo *info = imports->pdata[i];
    if (info->id == 0 || !g_hash_table_contains(exporting->imports, GSIZE_TO_POINTER(info->id)))
      continue;
    json_object(out);
    json_kv_int(out, "import", (gint64)info->id);
    json_kv_string(out, "file", info->label);
    json_kv_string(out, "source", info->source);
    write_time(out, "at", info->started_ms);
    json_object_end(out);
  }
  json_array_end(out);
  return TRUE;
}

/* What the app shows: stage, journeys, conversions, why these are one person. */
static void write_report(Workspace *workspace, const char *who, JsonOut *out) {
  g_autoptr(Params) params = params_new();
  params_add(params, "person", who);
  params_add(params, "limit", "0");
  g_autofree char *text = workspace_answer(workspace, &person_report, params, "json", NULL, NULL);
  json_key(out, "report");
  if (text)
    json_raw(out, g_strchomp(text), strlen(g_strchomp(text)));
  else
    json_null(out);
}

static gboolean write_all(Exporting *exporting, Workspace *workspace, const char *who, const ErasureParts *parts, GError **error) {
  g_autofree char *id = g_strdup_printf(WHO_FORMAT, parts->person);
  json_kv_string(exporting->out, "person", id);
  write_time(exporting->out, "exported_at", clock_now_ms());
  write_identifiers(parts->identifiers, exporting->out);
  if (!write_consents(exporting->record, parts->identifiers, exporting->out, error) || !write_events(exporting, error) ||
      !write_origins(exporting, error))
    return FALSE;
  write_report(workspace, who, exporting->out);
  return TRUE;
}

gboolean person_export(Workspace *workspace, const char *who, guint64 *person, JsonOut *out, GError **error) {
  Record *record = workspace_record(workspace);
  g_auto(ErasureParts) parts = {0};
  if (!gather(workspace, who, &parts, error))
    return FALSE;
  g_autoptr(GHashTable) sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) imports = g_hash_table_new(NULL, NULL);
  g_autoptr(Batch) batch = batch_new(record_spaces(record), record_key(record));
  g_autoptr(WhoNames) names = who_names_new(record);
  g_autofree Event *event = g_new0(Event, 1);
  Exporting exporting = {record, parts.rows, 0, batch, event, names, out, sources, imports};
  *person = parts.person;
  return write_all(&exporting, workspace, who, &parts, error);
}

/* --- erasure --------------------------------------------------------------------------------------------------------- */

void person_erased_clear(PersonErased *erased) {
  g_clear_pointer(&erased->receipt, g_free);
  g_clear_pointer(&erased->backups, g_free);
}

/* What could not be reached is named, so that somebody deletes it. */
static gboolean erase_in_backups(Ledger *ledger, const Record *record, Receipt *receipt, GError **error) {
  g_autoptr(GPtrArray) files = ledger_backups(ledger, error);
  g_autoptr(JsonOut) out = json_out_new();
  if (files == NULL)
    return FALSE;
  json_array(out);
  for (guint i = 0; i < files->len; i++) {
    g_autoptr(GError) problem = NULL;
    const char *file = files->pdata[i];
    gboolean there = g_file_test(file, G_FILE_TEST_EXISTS), good = there && backup_erase(file, record, receipt, &problem);
    json_object(out);
    json_kv_string(out, "file", file);
    json_kv_string(out, "state", good ? "erased" : there ? "failed" : "not_found");
    if (problem)
      json_kv_string(out, "problem", problem->message);
    json_object_end(out);
  }
  json_array_end(out);
  receipt->backups = g_strdup(json_out_text(out, NULL));
  return TRUE;
}

static gboolean erase_everywhere(Workspace *workspace, Record *record, const Erasure *erasure, Ledger *ledger, Receipt *receipt,
                                 PersonErased *erased, GError **error) {
  ErasureDone done;
  if (!record_erase(record, erasure, &done, error) || !workspace_refresh(workspace, error) ||
      !index_fold(workspace_index(workspace), error))
    return FALSE;
  receipt->events = erased->events = done.events;
  erased->clean = done.clean;
  return erase_in_backups(ledger, record, receipt, error) && ledger_end(ledger, receipt, error);
}

gboolean person_erase(Workspace *workspace, Record *record, const char *who, const char *by, PersonErased *erased, GError **error) {
  g_auto(ErasureParts) parts = {0};
  *erased = (PersonErased){0};
  if (!workspace_refresh(workspace, error) || !gather(workspace, who, &parts, error))
    return FALSE;
  Erasure erasure = erasure_of(&parts);
  g_autoptr(Ledger) ledger = ledger_open(record_path(record), error);
  g_autoptr(Receipt) receipt = ledger ? ledger_begin(ledger, record, &erasure, by, error) : NULL;
  if (!receipt || !erase_everywhere(workspace, record, &erasure, ledger, receipt, erased, error))
    return FALSE;
  erased->person = parts.person;
  erased->receipt = g_strdup(receipt->receipt);
  erased->backups = g_strdup(receipt->backups);
  return TRUE;
}

gboolean person_receipts_write(const char *db_path, JsonOut *out, GError **error) {
  g_autoptr(Ledger) ledger = ledger_open(db_path, error);
  g_autoptr(GPtrArray) receipts = ledger ? ledger_receipts(ledger, error) : NULL;
  if (receipts == NULL)
    return FALSE;
  json_key(out, "receipts");
  json_array(out);
  for (guint i = receipts->len; i > 0; i--) {
    const Receipt *receipt = receipts->pdata[i - 1];
    json_object(out);
    json_kv_string(out, "receipt", receipt->receipt);
    write_time(out, "time", receipt->at_ms);
    json_kv_int(out, "events", (gint64)receipt->events);
    json_kv_string(out, "by", receipt->by);
    json_key(out, "backups");
    if (receipt->backups)
      json_raw(out, receipt->backups, strlen(receipt->backups));
    else
      json_null(out);
    json_object_end(out);
  }
  json_array_end(out);
  return TRUE;
}
