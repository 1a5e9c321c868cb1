// SPDX-License-Identifier: Apache-2.0
// What settings were before: every value stays with the number of the change that brought it.
#include "record/record_private.h"

static void version_clear(gpointer version) {
  g_free(((SettingVersion *)version)->value);
}

GArray *record_setting_versions(Record *record, const char *name, GError **error) {
  g_autoptr(RecordHold) hold = record_hold(record);
  g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(SettingVersion));
  g_array_set_clear_func(versions, version_clear);
  g_autoptr(sqlite3_stmt) statement =
      database_query(record->db, error,
                     "SELECT setting.number, change.at_ms, setting.value FROM setting JOIN change USING (number) "
                     "WHERE setting.name = ? AND setting.number <= ? ORDER BY setting.number",
                     "ti", name, (gint64)record->view->through);
  gboolean row = statement != NULL;
  while (row) {
    if (!database_step(statement, &row, error))
      return NULL;
    if (!row)
      break;
    SettingVersion version = {(guint64)sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1),
                              database_column_text(statement, 2)};
    g_array_append_val(versions, version);
  }
  return statement ? g_steal_pointer(&versions) : NULL;
}

typedef struct {
  char *text;
  guint16 code;
} Field;

static int compare_fields(gconstpointer a, gconstpointer b) {
  const Field *x = a, *y = b;
  return (x->code > y->code) - (x->code < y->code);
}

char **record_order_fields(Record *record, const char *value) {
  g_auto(GStrv) lines = g_strsplit(value ? value : ORDER_FIELDS_DEFAULT, "\n", -1);
  g_autoptr(GArray) known = g_array_new(FALSE, FALSE, sizeof(Field));
  g_autoptr(GStrvBuilder) fields = g_strv_builder_new();
  for (char **line = lines; *line; line++) {
    Field field = {*line, names_find(record_names(record), NAME_KEY, text_of(*line))};
    if (field.code != NAME_NONE)
      g_array_append_val(known, field);
  }
  g_array_sort(known, compare_fields);
  for (guint i = 0; i < known->len; i++)
    g_strv_builder_add(fields, g_array_index(known, Field, i).text);
  return g_strv_builder_end(fields);
}
