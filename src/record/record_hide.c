/* SPDX-License-Identifier: Apache-2.0
 * record_hide.c: who is masked: consent to measuring was withdrawn, say. Kept by identifier, so that it stays true
 * whatever becomes of who is who. */
#include "record/record_private.h"

static gboolean write_hidden(Record *record, guint64 identifier, gboolean hide, Change *change, GError **error) {
  if (!record_write_change(record, CHANGE_HIDDEN, identifier, change, error))
    return FALSE;
  return hide ? database_run(record->db, error, "INSERT INTO hidden (person, number) VALUES (?, ?)", "ii", (gint64)identifier,
                             (gint64)change->number)
              : database_run(record->db, error, "DELETE FROM hidden WHERE person = ?", "i", (gint64)identifier);
}

gboolean record_hide(Record *record, guint64 identifier, gboolean hide, GError **error) {
  Change change;
  gint64 there;
  g_autoptr(RecordHold) hold = record_hold(record);
  if (!database_int(record->db, &there, 0, error, "SELECT 1 FROM hidden WHERE person = ?", "i", (gint64)identifier))
    return FALSE;
  if ((there != 0) == (hide != FALSE))
    return TRUE;
  if (!record_begin(record, TRUE, error))
    return FALSE;
  if (!write_hidden(record, identifier, hide, &change, error))
    return record_cancel(record);
  return record_commit_change(record, &change, error);
}

static int compare_u64(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

GArray *record_hidden(Record *record, GError **error) {
  g_autoptr(RecordHold) hold = record_hold(record);
  g_autoptr(GArray) hidden = g_array_new(FALSE, FALSE, sizeof(guint64));
  g_autoptr(sqlite3_stmt) statement =
      database_query(record->db, error, "SELECT person FROM hidden WHERE number <= ?", "i", (gint64)record->view->through);
  gboolean row = statement != NULL;
  while (row) {
    if (!database_step(statement, &row, error))
      return NULL;
    guint64 identifier = row ? (guint64)sqlite3_column_int64(statement, 0) : 0;
    if (row)
      g_array_append_val(hidden, identifier);
  }
  g_array_sort(hidden, compare_u64);
  return statement ? g_steal_pointer(&hidden) : NULL;
}
