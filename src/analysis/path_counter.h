/* SPDX-License-Identifier: Apache-2.0
 * path_counter.h: paths of codes as workers meet them, one after the other; gathered, they are counted by distinct sequence. */
#pragma once
#include "analysis/attribution_paths.h"

typedef struct {
  gint64 conversions, nulls, value, net_value;
} PathCounts;

typedef struct {
  guint32 first, n; /* codes */
  guint32 counts;   /* which + 1; 0: one path without conversion */
} PathRow;

typedef struct { /* one worker's; the columns grow as they are filled */
  gboolean timed;
  gboolean full;      /* of memory, or of what a row can name: gathering then fails */
  guint32 *codes;     /* of all rows, one after the other */
  PathRow *rows;      /* in the order in which they were added */
  PathCounts *counts; /* of the rows that are more than one path without conversion */
  guint32 *decay_at;  /* of each of `counts` when timed: where its sums begin */
  DecaySum *decay;
  PersonPaths *persons; /* path is the row; NULL when nobody asks */
  guint32 n_codes, n_rows, n_counts, n_decay;
  guint32 codes_room, rows_room, counts_room, decay_room;
  gint64 none_conversions, none_value, none_net_value, open_paths;
  gint64 unidentified, unidentified_value, unidentified_net_value;
} PathCounter;

void path_counter_init(PathCounter *counter, gboolean timed, gboolean by_person);
void path_counter_clear(PathCounter *counter);
/* One path that ended without conversion; `n` is at least 1. */
void path_counter_null(PathCounter *counter, const guint32 *codes, guint n, guint64 person);
/* Any other. When timed, returns n sums that are the caller's to fill before the next call; NULL when not, or when full. */
DecaySum *path_counter_add(PathCounter *counter, const guint32 *codes, guint n, guint64 person, const PathCounts *counts);
/* All counters together; `names[code]` for every code, which need not be distinct. ERROR_LIMIT without memory. */
AttributionPaths *path_counter_gather(PathCounter *const *counters, guint n, const char *const *names, guint n_names, guint threads,
                                      GError **error);
