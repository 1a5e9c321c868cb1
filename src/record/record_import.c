/* SPDX-License-Identifier: Apache-2.0
 * record_import.c: an import writes its batches at once and shows them later by one row:
 *
 *     begin ─► RUNNING ─► append ... ─► finish ─► DONE ─► undo ─► UNDONE
 *                 └─ abort, or the next writer after a crash ─► gone
 *
 * Its appends are not synced one by one; the flip is, and what was written to the log before it with it. */
#include "record/record_private.h"

#include "base/clock.h"
#include "record/batch_format.h"

enum { REMOVE_CHUNK = 64 };

void import_info_free(ImportInfo *info) {
  if (info == NULL)
    return;
  g_free(info->source);
  g_free(info->label);
  g_free(info->options);
  g_free(info);
}

gboolean record_import_begin(Record *record, const char *source, const char *label, const char *options, guint64 *id,
                             GError **error) {
  g_autoptr(RecordHold) hold = record_hold(record);
  if (!record_begin(record, FALSE, error))
    return FALSE;
  if (!database_run(record->db, error, "INSERT INTO import (state, started_ms, source, label, options) VALUES (?, ?, ?, ?, ?)",
                    "iittt", (gint64)IMPORT_RUNNING, clock_now_ms(), source, label, options))
    return record_cancel(record);
  guint64 made = (guint64)sqlite3_last_insert_rowid(record->db);
  if (!record_commit_events(record, 0, FALSE, error))
    return FALSE;
  *id = made;
  return TRUE;
}

/* --- appending -------------------------------------------------------------------------------------- */

static gboolean count_events(Record *record, guint64 import_id, guint64 first, guint n, GError **error) {
  gint64 last = (gint64)(first + n - 1);
  if (!database_run_kept(record->db, &record->kept[KEPT_COUNT], error,
                         "UPDATE import SET first = CASE first WHEN 0 THEN ? ELSE first END, last = ?, stored = stored + ?"
                         " WHERE id = ? AND state = ?",
                         "iiiii", (gint64)first, last, (gint64)n, (gint64)import_id,
                         (gint64)(import_id ? IMPORT_RUNNING : IMPORT_DONE)))
    return FALSE;
  return sqlite3_changes(record->db) == 1 ||
         error_set(error, ERROR_NOT_FOUND, "import %" G_GUINT64_FORMAT " is not running", import_id);
}

static gboolean write_batch(Record *record, guint64 import_id, guint64 first, GBytes *bytes, GError **error) {
  Text blob = {g_bytes_get_data(bytes, NULL), (guint32)g_bytes_get_size(bytes)};
  BatchHeader header;
  memcpy(&header, blob.at, sizeof header);
  return count_events(record, import_id, first, header.n, error) &&
         database_run_kept(record->db, &record->kept[KEPT_BATCH], error,
                           "INSERT INTO batch (first, n, import, min_time, max_time, data) VALUES (?, ?, ?, ?, ?, ?)", "iiiiib",
                           (gint64)first, (gint64)header.n, (gint64)import_id, header.min_time_ms, header.max_time_ms, blob);
}

/* Numbers the batches in order; *n is how many events they hold. */
static gboolean write_batches(Record *record, guint64 import_id, const GPtrArray *blobs, guint *n, GError **error) {
  *n = 0;
  for (guint i = 0; i < blobs->len; i++) {
    BatchHeader header;
    memcpy(&header, g_bytes_get_data(blobs->pdata[i], NULL), sizeof header);
    if (!write_batch(record, import_id, record->next + *n, blobs->pdata[i], error))
      return FALSE;
    *n += header.n;
  }
  return TRUE;
}

/* What somebody who was just erased had on the way does not come through. */
static gboolean clean_all(Record *record, GPtrArray *blobs, GError **error) {
  for (guint i = 0; i < blobs->len; i++) {
    GBytes *cleaned = NULL, *bytes = blobs->pdata[i];
    Text blob = {g_bytes_get_data(bytes, NULL), (guint32)g_bytes_get_size(bytes)};
    if (!record_clean_batch(record, blob, &cleaned, error))
      return FALSE;
    if (cleaned) {
      g_bytes_unref(bytes);
      blobs->pdata[i] = cleaned;
    }
  }
  return TRUE;
}

static gboolean append(Record *record, guint64 import_id, GPtrArray *blobs, GError **error) {
  guint counts[NAME_KINDS], n;
  for (guint i = 0; i < blobs->len; i++)
    if (g_bytes_get_size(blobs->pdata[i]) > BATCH_SIZE_MAX)
      return error_set(error, ERROR_LIMIT, "%" G_GSIZE_FORMAT " bytes of events at once\nhint: at most %d",
                       g_bytes_get_size(blobs->pdata[i]), BATCH_SIZE_MAX);
  g_autoptr(RecordHold) hold = record_hold(record);
  if (!clean_all(record, blobs, error) || !record_begin(record, import_id == 0, error))
    return FALSE;
  if (!record_write_names(record, counts, error) || !write_batches(record, import_id, blobs, &n, error))
    return record_cancel(record);
  if (!record_commit_events(record, n, import_id == 0, error))
    return FALSE;
  memcpy(record->names_saved, counts, sizeof counts);
  return TRUE;
}

gboolean record_append_all(Record *record, guint64 import_id, BatchWriter *const *writers, guint n, GError **error) {
  g_autoptr(GPtrArray) blobs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  for (guint i = 0; i < n; i++)
    if (batch_writer_count(writers[i]))
      g_ptr_array_add(blobs, batch_writer_finish(writers[i]));
  return blobs->len == 0 || append(record, import_id, blobs, error);
}

gboolean record_append(Record *record, guint64 import_id, BatchWriter *writer, GError **error) {
  return record_append_all(record, import_id, &writer, 1, error);
}

/* --- the end of an import ---------------------------------------------------------------------------- */

/* Why an import is not in the state that something needs. */
static gboolean refuse_state(Record *record, guint64 id, GError **error) {
  gint64 state;
  if (id == 0)
    return error_set(error, ERROR_INVALID, "import 0 is what arrived live, not a file");
  if (!database_int(record->db, &state, -1, error, "SELECT state FROM import WHERE id = ?", "i", (gint64)id))
    return FALSE;
  switch (state) {
  case IMPORT_RUNNING: return error_set(error, ERROR_BUSY, "import %" G_GUINT64_FORMAT " is still running", id);
  case IMPORT_DONE: return error_set(error, ERROR_CONFLICT, "import %" G_GUINT64_FORMAT " is done already", id);
  case IMPORT_UNDONE: return error_set(error, ERROR_CONFLICT, "import %" G_GUINT64_FORMAT " is undone already", id);
  default:
    return error_set(error, ERROR_NOT_FOUND, "there is no import %" G_GUINT64_FORMAT "\nhint: etappe import list shows them", id);
  }
}

/* One row decides; changes() tells whether the import was in the state before. */
static gboolean flip(Record *record, const ImportInfo *totals, ImportState from, ImportState to, Change *change, GError **error) {
  if (!record_write_next(record, to == IMPORT_DONE ? CHANGE_IMPORT_DONE : CHANGE_IMPORT_UNDONE, totals->id, change, error) ||
      !database_run(record->db, error, "UPDATE import SET state = ?, through = ? WHERE id = ? AND state = ? AND id <> 0", "iiii",
                    (gint64)to, (gint64)change->number, (gint64)totals->id, (gint64)from))
    return FALSE;
  if (sqlite3_changes(record->db) != 1)
    return refuse_state(record, totals->id, error);
  return to != IMPORT_DONE ||
         database_run(record->db, error,
                      "UPDATE import SET ended_ms = ?, read = ?, repeated = ?, conflicting = ?, refused = ? WHERE id = ?", "iiiiii",
                      clock_now_ms(), (gint64)totals->read, (gint64)totals->repeated, (gint64)totals->conflicting,
                      (gint64)totals->refused, (gint64)totals->id);
}

gboolean record_import_finish_told(Record *record, const ImportInfo *totals, const Consent *consents, guint n, GError **error) {
  ConsentsWritten *written = NULL;
  Change change = {0};
  g_autoptr(RecordHold) hold = record_hold(record);
  guint64 before = record->next;
  if (!record_begin(record, TRUE, error))
    return FALSE;
  gboolean good = (n == 0 || consents_note(record, totals->id, consents, n, &change, &written, error)) &&
                  flip(record, totals, IMPORT_RUNNING, IMPORT_DONE, &change, error);
  if (good)
    good = record_commit_change(record, &change, error);
  else
    record_cancel(record);
  if (!good)
    record->next = before;
  consents_done(record, written, good);
  return good;
}

gboolean record_import_finish(Record *record, const ImportInfo *totals, GError **error) {
  return record_import_finish_told(record, totals, NULL, 0, error);
}

gboolean record_import_undo(Record *record, guint64 id, GError **error) {
  ImportInfo only_id = {.id = id};
  Change change = {0};
  g_autoptr(RecordHold) hold = record_hold(record);
  guint64 before = record->next;
  if (!record_begin(record, TRUE, error))
    return FALSE;
  gboolean good =
      consents_take_back(record, id, &change, error) && flip(record, &only_id, IMPORT_DONE, IMPORT_UNDONE, &change, error);
  if (good)
    good = record_commit_change(record, &change, error);
  else
    record_cancel(record);
  if (!good)
    record->next = before;
  consent_book_forget(record->consents);
  return good;
}

static gboolean remove_chunk(Record *record, guint64 id, gboolean *more, GError **error) {
  if (!record_begin(record, FALSE, error))
    return FALSE;
  if (!database_run(
          record->db, error,
          "DELETE FROM batch WHERE first IN (SELECT batch.first FROM batch, import WHERE import.id = ?1 AND batch.import = ?1"
          " AND batch.first BETWEEN import.first AND import.last LIMIT ?2)",
          "ii", (gint64)id, (gint64)REMOVE_CHUNK))
    return record_cancel(record);
  *more = sqlite3_changes(record->db) == REMOVE_CHUNK;
  if (!*more && !database_run(record->db, error, "DELETE FROM import WHERE id = ?", "i", (gint64)id))
    return record_cancel(record);
  return record_commit_events(record, 0, FALSE, error);
}

gboolean record_remove_import(Record *record, guint64 id, GError **error) {
  gboolean more = TRUE;
  while (more)
    if (!remove_chunk(record, id, &more, error))
      return FALSE;
  return TRUE;
}

gboolean record_import_abort(Record *record, guint64 id, GError **error) {
  gint64 state;
  g_autoptr(RecordHold) hold = record_hold(record);
  if (!database_int(record->db, &state, -1, error, "SELECT state FROM import WHERE id = ?", "i", (gint64)id))
    return FALSE;
  if (state != IMPORT_RUNNING)
    return refuse_state(record, id, error);
  return record_remove_import(record, id, error);
}

/* --- the list ------------------------------------------------------------------------------------------ */

static ImportInfo *read_info(sqlite3_stmt *statement) {
  ImportInfo *info = g_new0(ImportInfo, 1);
  guint64 *const numbers[] = {&info->id,     &info->first,    &info->last,        &info->through, &info->read,
                              &info->stored, &info->repeated, &info->conflicting, &info->refused};
  for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
    *numbers[i] = (guint64)sqlite3_column_int64(statement, (int)i);
  int rest = G_N_ELEMENTS(numbers);
  info->state = (ImportState)sqlite3_column_int(statement, rest);
  info->started_ms = sqlite3_column_int64(statement, rest + 1);
  info->ended_ms = sqlite3_column_int64(statement, rest + 2);
  info->source = database_column_text(statement, rest + 3);
  info->label = database_column_text(statement, rest + 4);
  info->options = database_column_text(statement, rest + 5);
  return info;
}

GPtrArray *record_imports(Record *record, GError **error) {
  g_autoptr(RecordHold) hold = record_hold(record);
  g_autoptr(GPtrArray) imports = g_ptr_array_new_with_free_func((GDestroyNotify)import_info_free);
  g_autoptr(sqlite3_stmt) statement =
      database_query(record->db, error,
                     "SELECT id, first, last, through, read, stored, repeated, conflicting, refused, state, started_ms, ended_ms,"
                     " source, label, options FROM import WHERE id <> 0 OR stored > 0 ORDER BY id",
                     "");
  gboolean row = statement != NULL;
  while (row) {
    if (!database_step(statement, &row, error))
      return NULL;
    if (row)
      g_ptr_array_add(imports, read_info(statement));
  }
  return statement ? g_steal_pointer(&imports) : NULL;
}
