// SPDX-License-Identifier: Apache-2.0
#include "analysis/person_paths.h"

PersonPaths *person_paths_new(void) {
  PersonPaths *paths = g_new0(PersonPaths, 1);
  paths->starts = g_array_new(FALSE, FALSE, sizeof(guint32));
  paths->rows = g_array_new(FALSE, FALSE, sizeof(guint32));
  return paths;
}

void person_paths_free(PersonPaths *paths) {
  if (!paths)
    return;
  g_array_unref(paths->starts);
  g_clear_pointer(&paths->rows, g_array_unref);
  g_free(paths);
}

gboolean person_paths_whole(const PersonPaths *paths) {
  return paths->rows != NULL;
}
guint person_paths_count(const PersonPaths *paths) {
  return paths->starts->len;
}

static gboolean has_room(PersonPaths *paths, gsize more) {
  if (paths->rows && paths->rows->len + more > PERSON_PATHS_MAX)
    g_clear_pointer(&paths->rows, g_array_unref);
  return paths->rows != NULL;
}

void person_paths_add(PersonPaths *paths, guint64 person, guint32 path, gboolean converted) {
  guint32 row = PERSON_ROW(path, converted);
  if (paths->n_told == 0 || person != paths->person) {
    paths->person = person;
    paths->first = row;
    paths->n_told = 1;
    return;
  }
  if (!has_room(paths, 2))
    return;
  if (paths->n_told++ == 1) {
    g_array_append_val(paths->starts, paths->rows->len);
    g_array_append_val(paths->rows, paths->first);
  }
  g_array_append_val(paths->rows, row);
}

void person_paths_append(PersonPaths *paths, const PersonPaths *more, guint32 base) {
  if (!more->rows)
    g_clear_pointer(&paths->rows, g_array_unref);
  if (!more->rows || !has_room(paths, more->rows->len))
    return;
  guint32 rows = paths->rows->len, persons = paths->starts->len;
  g_array_append_vals(paths->starts, more->starts->data, more->starts->len);
  g_array_append_vals(paths->rows, more->rows->data, more->rows->len);
  for (guint i = persons; i < paths->starts->len; i++)
    g_array_index(paths->starts, guint32, i) += rows;
  for (guint i = rows; i < paths->rows->len; i++)
    g_array_index(paths->rows, guint32, i) += base << 1;
}

void person_paths_renumber(PersonPaths *paths, const guint32 *number) {
  for (guint i = 0; paths->rows && i < paths->rows->len; i++) {
    guint32 *row = &g_array_index(paths->rows, guint32, i);
    *row = PERSON_ROW(number[person_row_path(*row)], person_row_converted(*row));
  }
}
