/* SPDX-License-Identifier: Apache-2.0
 * person_kinds.h: persons of the same paths are of one kind. They may stand for each other in any draw, so that a person is
 * named by kind and number within it: by what was done, not by an id of this database, and the same events draw the same
 * weights wherever and in whatever order they were imported. */
#pragma once
#include "analysis/attribution_paths.h"

typedef struct {
  guint64 name;   /* a hash of the names of its paths' keys and of how they ended */
  guint64 n;      /* persons of it */
  guint32 first;  /* its rows, as person_paths.h has them */
  guint32 n_rows; /* paths of each person */
} PersonKind;

typedef struct {
  GArray *kinds; /* of PersonKind, in an order that only the paths decide */
  GArray *rows;  /* of guint32 */
  guint64 n_persons;
} PersonKinds;

/* Of settled paths. Where who walked them is not known, every walk is a person of one path. */
PersonKinds *person_kinds_new(const AttributionPaths *paths, guint threads);
void person_kinds_free(PersonKinds *kinds);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PersonKinds, person_kinds_free)
static inline const PersonKind *person_kind(const PersonKinds *kinds, guint number) {
  return &g_array_index(kinds->kinds, PersonKind, number);
}
