// SPDX-License-Identifier: Apache-2.0
#include "analysis/path_times.h"
#include "base/error.h"
#include "base/parallel.h"

typedef struct { /* a step whose middle is looked for again: among times from low to low + span */
  gint64 low;
  guint64 span;
  guint64 below; /* times less than low */
} Missing;

struct PathTimes {
  GArray *steps;
  const Transitions *const *tables; /* while path_times_first runs */
  guint n_workers;
  gsize budget_bytes;
  Missing *missing; /* by step; span 0 and below G_MAXUINT64: found */
  guint n_missing;
  Transitions numbers; /* missing step's index + 1 in `mark` */
  Arena *arenas;       /* one a worker */
  Durations **bags;    /* [worker][step] */
};

PathTimes *path_times_new(GArray *steps, guint n_workers, gsize budget_bytes) {
  PathTimes *times = g_new0(PathTimes, 1);
  *times = (PathTimes){.steps = steps, .n_workers = n_workers, .budget_bytes = budget_bytes};
  times->missing = g_new0(Missing, steps->len + 1);
  times->arenas = g_new0(Arena, n_workers);
  times->bags = g_new0(Durations *, n_workers);
  return times;
}

void path_times_free(PathTimes *times) {
  if (!times)
    return;
  for (guint i = 0; i < times->n_workers; i++) {
    g_free(times->bags[i]);
    arena_clear(&times->arenas[i]);
  }
  g_free(times->bags);
  g_free(times->arenas);
  g_free(times->missing);
  transitions_clear(&times->numbers);
  g_free(times);
}

static PathStep *step_at(const PathTimes *times, guint i) {
  return &g_array_index(times->steps, PathStep, i);
}

static gboolean no_memory(GError **error) {
  return error_set(error, ERROR_LIMIT,
                   "the times between touches do not fit into memory\nhint: ask with --no-times, or for a shorter range");
}

/* Looks among what the workers kept of a step. All of them used the same bracket. */
static gboolean first_median(guint i, guint worker, gpointer user, GError **error) {
  PathTimes *times = user;
  PathStep *step = step_at(times, i);
  guint64 below = 0, kept = 0, rank = (step->count - 1) / 2, last = step->count / 2;
  const TransitionTimes *any = NULL;
  g_autofree const Durations **bags = g_new(const Durations *, times->n_workers);
  guint n = 0;
  for (guint w = 0; w < times->n_workers; w++) {
    const TransitionTimes *found = transitions_times(times->tables[w], step->from, step->to);
    if (!found)
      continue;
    any = found;
    bags[n++] = &found->kept;
    below += found->below;
    kept += durations_count(&found->kept);
    if (found->kept.failed)
      return no_memory(error);
  }
  if (any && rank >= below && last < below + kept) {
    step->median_ms = durations_at(bags, n, rank - below, last > rank);
    times->missing[i].below = G_MAXUINT64;
    return TRUE;
  }
  Missing missing = {0, G_MAXUINT64, 0};
  if (any && rank >= below)
    missing = (Missing){any->low, G_MAXUINT64 >> 1, below};
  else if (any && last < below + kept)
    missing.span = (guint64)any->low + any->span;
  times->missing[i] = missing;
  return TRUE;
}

/* Where a worker met too many codes, nothing that was kept counts. */
static gboolean all_timed(const PathTimes *times) {
  for (guint w = 0; w < times->n_workers; w++)
    if (!times->tables[w]->timed)
      return FALSE;
  return TRUE;
}

static gboolean number_missing(PathTimes *times, GError **error) {
  guint32 codes = 0;
  for (guint i = 0; i < times->steps->len; i++)
    codes = MAX(codes, MAX(step_at(times, i)->from, step_at(times, i)->to) + 1);
  if (!transitions_room(&times->numbers, codes))
    return no_memory(error);
  for (guint i = 0; i < times->steps->len; i++) {
    if (times->missing[i].below == G_MAXUINT64)
      continue;
    Transition *cell = transitions_cell(&times->numbers, step_at(times, i)->from, step_at(times, i)->to);
    if (!cell)
      return no_memory(error);
    *cell = (Transition){.count = 1, .mark = i + 1};
    times->n_missing++;
  }
  for (guint w = 0; w < times->n_workers && times->n_missing; w++) {
    times->arenas[w].bytes_max = times->budget_bytes / times->n_workers;
    times->bags[w] = durations_new(&times->arenas[w], times->steps->len);
  }
  return TRUE;
}

gboolean path_times_first(PathTimes *times, const Transitions *const *tables, GError **error) {
  times->tables = tables;
  if (!all_timed(times))
    for (guint i = 0; i < times->steps->len; i++)
      times->missing[i] = (Missing){0, G_MAXUINT64, 0};
  else if (!parallel_run(times->n_workers, times->steps->len, first_median, times, error))
    return FALSE;
  return number_missing(times, error);
}

guint path_times_missing(const PathTimes *times) {
  return times->n_missing;
}

void path_times_add(PathTimes *times, guint worker, guint32 from, guint32 to, gint64 ms) {
  const Transition *cell = transitions_find(&times->numbers, from, to, FALSE);
  if (!cell || !cell->mark)
    return;
  const Missing *missing = &times->missing[cell->mark - 1];
  if ((guint64)(ms - missing->low) <= missing->span)
    durations_add(&times->bags[worker][cell->mark - 1], ms);
}

static gboolean second_median(guint i, guint worker, gpointer user, GError **error) {
  PathTimes *times = user;
  PathStep *step = step_at(times, i);
  g_autofree const Durations **bags = g_new(const Durations *, times->n_workers);
  if (times->missing[i].below == G_MAXUINT64)
    return TRUE;
  for (guint w = 0; w < times->n_workers; w++) {
    bags[w] = &times->bags[w][i];
    if (bags[w]->failed)
      return no_memory(error);
  }
  step->median_ms = durations_at(bags, times->n_workers, (step->count - 1) / 2 - times->missing[i].below, step->count % 2 == 0);
  return TRUE;
}

gboolean path_times_second(PathTimes *times, GError **error) {
  return times->n_missing == 0 || parallel_run(times->n_workers, times->steps->len, second_median, times, error);
}
