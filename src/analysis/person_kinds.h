/* SPDX-License-Identifier: Apache-2.0
 * person_kinds.h: persons of the same paths are of one kind. They may stand for each other in any draw, so that a person is
 * named by kind and number within it: by what was done, not by an id of this database, and the same events draw the same
 * weights wherever and in whatever order they were imported. */
#pragma once
#include "analysis/attribution_paths.h"

typedef struct {
  guint64 name;   /* a hash of the names of its paths' keys and of how they ended */
  guint64 n;      /* persons of it */
  guint32 n_rows; /* paths of each person */
  guint32 first;  /* of one path: the row itself, as person_paths.h has them; of several: where they begin there */
} PersonKind;

typedef struct {
  const AttributionPaths *paths;
  GArray *several;    /* of PersonKind, in an order that only the paths decide */
  guint64 *path_name; /* per path */
  gint64 *alone;      /* per row, that is path and how it ended: persons who have no other */
  guint64 n_persons;
  guint n_kinds;
} PersonKinds;

/* Of settled paths, which must outlive it; each person's rows become sorted. Where who walked them is not known, every walk is
 * a person of one path. */
PersonKinds *person_kinds_new(const AttributionPaths *paths, guint threads);
void person_kinds_free(PersonKinds *kinds);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PersonKinds, person_kinds_free)

static inline const guint32 *person_kind_rows(const PersonKinds *kinds, const PersonKind *kind) {
  return kind->n_rows == 1 ? &kind->first : &g_array_index(kinds->paths->persons->rows, guint32, kind->first);
}

/* All kinds, those of one path first. */
typedef void (*PersonKindFunc)(const PersonKind *kind, gpointer user);
void person_kinds_each(const PersonKinds *kinds, PersonKindFunc tell, gpointer user);
