/* SPDX-License-Identifier: Apache-2.0
 * path_times.h: the exact median time of each shown transition. Most are found among the times that the first
 * walk kept; where the sample that chose them erred, or none were kept, a second walk gathers what is missing. */
#pragma once
#include "analysis/transitions.h"

typedef struct {
  guint32 from, to; /* side by side: a path of two */
  guint64 count, persons;
  double median_ms;
} PathStep;

typedef struct PathTimes PathTimes;
PathTimes *path_times_new(GArray *steps, guint n_workers, gsize budget_bytes); /* steps: of PathStep, borrowed, written to */
void path_times_free(PathTimes *times);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PathTimes, path_times_free)
/* Medians from the workers' tables after the first walk. ERROR_LIMIT when memory ran out. */
gboolean path_times_first(PathTimes *times, const Transitions *const *tables, GError **error);
guint path_times_missing(const PathTimes *times); /* steps that need the second walk */
void path_times_add(PathTimes *times, guint worker, guint32 from, guint32 to, gint64 ms);
gboolean path_times_second(PathTimes *times, GError **error);
