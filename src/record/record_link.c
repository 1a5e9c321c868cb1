/* SPDX-License-Identifier: Apache-2.0
 * record_link.c: what people said about who is who: aliases and vetoes. A link's number is its identity; taking
 * it back keeps the row and notes the number of that change. */
#include "record/record_private.h"

#define LINK_COLUMNS "number, kind, space_a, a, space_b, b, at_ms, undone"

static gboolean refuse_twin(Record *record, const Link *link, GError **error) {
  gint64 number;
  if (!database_int(record->db, &number, 0, error,
                    "SELECT number FROM link WHERE kind = ? AND space_a = ? AND a = ? AND space_b = ? AND b = ? AND undone = 0",
                    "iiiii", (gint64)link->kind, (gint64)link->space_a, (gint64)link->a, (gint64)link->space_b, (gint64)link->b))
    return FALSE;
  return number == 0 || error_set(error, ERROR_CONFLICT, "the same link stands already, as number %" G_GINT64_FORMAT, number);
}

gboolean record_link_add(Record *record, const Link *link, guint64 *number, GError **error) {
  Change change;
  if (link->a == link->b && link->space_a == link->space_b)
    return error_set(error, ERROR_INVALID, "an identifier cannot be linked with itself");
  g_autoptr(RecordHold) hold = record_hold(record);
  if (!refuse_twin(record, link, error) || !record_begin(record, TRUE, error))
    return FALSE;
  if (!record_write_change(record, CHANGE_LINK, 0, &change, error) ||
      !database_run(record->db, error, "INSERT INTO link (" LINK_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, 0)", "iiiiiii",
                    (gint64)change.number, (gint64)link->kind, (gint64)link->space_a, (gint64)link->a, (gint64)link->space_b,
                    (gint64)link->b, link->at_ms))
    return record_cancel(record);
  if (!record_commit_change(record, &change, error))
    return FALSE;
  if (number)
    *number = change.number;
  return TRUE;
}

static gboolean mark_undone(Record *record, guint64 number, Change *change, GError **error) {
  if (!record_write_change(record, CHANGE_LINK_UNDONE, number, change, error) ||
      !database_run(record->db, error, "UPDATE link SET undone = ? WHERE number = ? AND undone = 0", "ii", (gint64)change->number,
                    (gint64)number))
    return FALSE;
  if (sqlite3_changes(record->db) == 1)
    return TRUE;
  gint64 there;
  if (!database_int(record->db, &there, 0, error, "SELECT 1 FROM link WHERE number = ?", "i", (gint64)number))
    return FALSE;
  return there ? error_set(error, ERROR_CONFLICT, "link %" G_GUINT64_FORMAT " was taken back already", number)
               : error_set(error, ERROR_NOT_FOUND, "there is no link %" G_GUINT64_FORMAT, number);
}

gboolean record_link_undo(Record *record, guint64 number, GError **error) {
  Change change;
  g_autoptr(RecordHold) hold = record_hold(record);
  if (!record_begin(record, TRUE, error))
    return FALSE;
  if (!mark_undone(record, number, &change, error))
    return record_cancel(record);
  return record_commit_change(record, &change, error);
}

/* One taken back after `through` still stands as of it. */
static Link read_link(sqlite3_stmt *statement, guint64 through) {
  Link link = {.number = (guint64)sqlite3_column_int64(statement, 0),
               .kind = (LinkKind)sqlite3_column_int(statement, 1),
               .space_a = (guint8)sqlite3_column_int(statement, 2),
               .a = (guint64)sqlite3_column_int64(statement, 3),
               .space_b = (guint8)sqlite3_column_int(statement, 4),
               .b = (guint64)sqlite3_column_int64(statement, 5),
               .at_ms = sqlite3_column_int64(statement, 6),
               .undone = (guint64)sqlite3_column_int64(statement, 7)};
  if (link.undone > through)
    link.undone = 0;
  return link;
}

GArray *record_links(Record *record, gboolean undone_too, GError **error) {
  g_autoptr(RecordHold) hold = record_hold(record);
  guint64 through = record->view->through;
  g_autoptr(GArray) links = g_array_new(FALSE, FALSE, sizeof(Link));
  g_autoptr(sqlite3_stmt) statement = database_query(
      record->db, error, "SELECT " LINK_COLUMNS " FROM link WHERE number <= ? ORDER BY number", "i", (gint64)through);
  gboolean row = statement != NULL;
  while (row) {
    if (!database_step(statement, &row, error))
      return NULL;
    if (!row)
      break;
    Link link = read_link(statement, through);
    if (undone_too || link.undone == 0)
      g_array_append_val(links, link);
  }
  return statement ? g_steal_pointer(&links) : NULL;
}
