/* SPDX-License-Identifier: Apache-2.0
 * person_paths.h: which paths are of the same person: with the counts of each path, all that drawing persons needs. Only
 * persons of several paths are kept; who has one is known from the counts. */
#pragma once
#include <glib.h>

typedef struct {
  GArray *starts; /* of guint32: where each person's rows begin */
  GArray *rows;   /* of guint32: PERSON_ROW; NULL once too many */
  guint64 person; /* whose paths are being told */
  guint32 first;  /* their first row */
  guint n_told;
} PersonPaths;

enum { PERSON_PATHS_MAX = 1 << 28 };

#define PERSON_ROW(path, converted) ((path) << 1 | ((converted) ? 1u : 0u))
static inline guint32 person_row_path(guint32 row) {
  return row >> 1;
}
static inline gboolean person_row_converted(guint32 row) {
  return row & 1;
}

PersonPaths *person_paths_new(void);
void person_paths_free(PersonPaths *paths);
/* A path of a person; all of a person one after the other. */
void person_paths_add(PersonPaths *paths, guint64 person, guint32 path, gboolean converted);
/* Takes up what another table told; its paths count from `base` here. */
void person_paths_append(PersonPaths *paths, const PersonPaths *more, guint32 base);
/* Paths become number[path]. */
void person_paths_renumber(PersonPaths *paths, const guint32 *number);
gboolean person_paths_whole(const PersonPaths *paths); /* FALSE: there were more than PERSON_PATHS_MAX */
guint person_paths_count(const PersonPaths *paths);    /* of persons */
/* The rows of a person by number. */
static inline guint32 *person_paths_rows(const PersonPaths *paths, guint person, guint *n) {
  guint32 start = g_array_index(paths->starts, guint32, person);
  *n = (person + 1 < paths->starts->len ? g_array_index(paths->starts, guint32, person + 1) : paths->rows->len) - start;
  return &g_array_index(paths->rows, guint32, start);
}
