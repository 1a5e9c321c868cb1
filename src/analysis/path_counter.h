/* SPDX-License-Identifier: Apache-2.0
 * path_counter.h: paths of codes as workers meet them, one after the other; gathered, they are counted by distinct sequence. */
#pragma once
#include "analysis/arena.h"
#include "analysis/attribution_paths.h"
#include "base/radix.h"

typedef struct {
  gint64 conversions, nulls, value, net_value;
} PathCounts;

typedef struct {
  PathCounts counts;
  DecaySum *decay; /* of each key when timed, else NULL */
} PathCell;

enum { PATH_SLAB_BITS = 17, PATH_SLAB = 1 << PATH_SLAB_BITS };
#define PATH_IN_ARENA ((guint32)1 << 31)

typedef struct { /* one worker's */
  gboolean timed;
  gboolean full;    /* of memory, or of what a row can name: gathering then fails */
  guint bits;       /* of a code + 1 in a row's key */
  GPtrArray *rows;  /* slabs of PATH_SLAB. key: the codes + 1, the first one uppermost; or, with PATH_IN_ARENA in a, where they
                     * stand, behind their number. b: which cell + 1; 0: one path without conversion */
  GPtrArray *cells; /* slabs of PATH_SLAB */
  guint32 n_rows, n_cells;
  Arena arena;
  PersonPaths *persons; /* path is the row; NULL when nobody asks */
  gint64 none_conversions, none_value, none_net_value, open_paths;
  gint64 unidentified, unidentified_value, unidentified_net_value;
} PathCounter;

/* `codes`: about how many there are, 0 when nobody knows: up to that number paths take the least memory. */
void path_counter_init(PathCounter *counter, guint codes, gboolean timed, gboolean by_person);
void path_counter_clear(PathCounter *counter);
/* One path that ended without conversion; `n` is at least 1. */
void path_counter_null(PathCounter *counter, const guint32 *codes, guint n, guint64 person);
/* Any other; of a person: one conversion. When timed, returns n sums that are the caller's to fill; NULL when not, or when full. */
DecaySum *path_counter_add(PathCounter *counter, const guint32 *codes, guint n, guint64 person, const PathCounts *counts);

typedef struct { /* all counters together */
  PathCounter *const *counters;
  guint n_counters;
  const char *const *names; /* of every code; they need not be distinct */
  guint n_names;
  gboolean converted_only; /* a path that never converted is told apart and counted (left_out), but not listed; not with persons */
  guint threads;
} PathGathering;
/* ERROR_LIMIT without memory. */
AttributionPaths *path_counter_gather(const PathGathering *what, GError **error);
