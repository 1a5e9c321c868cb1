// SPDX-License-Identifier: Apache-2.0
/* A sample of persons says within which two times the middle one lies almost certainly: six deviations of the
 * sample's rank to either side. Whoever asks for a median checks that it was so. */
#include "analysis/transitions.h"
#include "base/hash.h"
#include <math.h>

enum { SIDE_MIN = 16, SIDE_MAX = 1024, HASH_MIN = 1 << 16, SAMPLE_MIN = 64, SAMPLES_MAX = 64 };

void transitions_clear(Transitions *transitions) {
  g_free(transitions->cells);
  g_free(transitions->pairs);
  g_free(transitions->times);
  *transitions = (Transitions){.timed = transitions->timed, .arena = transitions->arena, .sample = transitions->sample};
}

gsize transitions_bytes(const Transitions *transitions) {
  gsize side = transitions->side;
  gsize times = transitions->times ? side * side * sizeof(TransitionTimes) : 0;
  return side ? side * side * sizeof(Transition) + times : (transitions->mask + 1) * (sizeof(Transition) + sizeof(guint64));
}

static gboolean hash_new(Transitions *transitions, gsize size) {
  Transitions made = {
      .cells = g_try_malloc0_n(size, sizeof(Transition)), .pairs = g_try_malloc_n(size, sizeof(guint64)), .mask = size - 1};
  if (!made.cells || !made.pairs) {
    transitions_clear(&made);
    return FALSE;
  }
  *transitions = made;
  return TRUE;
}

typedef struct {
  const Transitions *from;
  Transitions *to;
  gboolean failed;
} Copy;

static void copy_cell(gpointer user, guint32 from, guint32 to, const Transition *transition) {
  Copy *copy = user;
  Transition *cell = transitions_cell(copy->to, from, to);
  copy->failed |= !cell;
  if (!cell)
    return;
  *cell = *transition;
  if (copy->to->times)
    copy->to->times[cell - copy->to->cells] = copy->from->times[transition - copy->from->cells];
}

/* Takes over the cells of the old table, which is freed. */
static gboolean replace(Transitions *transitions, Transitions *made) {
  Copy copy = {transitions, made, FALSE};
  transitions_each(transitions, copy_cell, &copy);
  if (copy.failed) {
    transitions_clear(made);
    return FALSE;
  }
  transitions_clear(transitions);
  *transitions = *made;
  return TRUE;
}

const TransitionTimes *transitions_times(const Transitions *transitions, guint32 from, guint32 to) {
  gboolean there = transitions->times && from < transitions->side && to < transitions->side;
  return there ? &transitions->times[(gsize)from * transitions->side + to] : NULL;
}

static void bracket_pair(Transitions *const *samples, guint n, guint32 from, guint32 to, TransitionTimes *out) {
  const Durations *bags[SAMPLES_MAX];
  guint64 count = 0;
  guint used = 0;
  for (guint i = 0; i < n; i++) {
    const TransitionTimes *times = transitions_times(samples[i], from, to);
    if (!times)
      continue;
    bags[used++] = &times->kept;
    count += durations_count(&times->kept);
  }
  if (count < SAMPLE_MIN) /* says little: all are kept */
    return;
  guint64 margin = 3 * (guint64)sqrt((double)count) + 1;
  gint64 low = (gint64)durations_at(bags, used, count / 2 - margin, FALSE);
  gint64 high = (gint64)durations_at(bags, used, count / 2 + margin, FALSE);
  out->low = low;
  out->span = (guint64)(high - low);
}

gboolean transitions_bracket(Transitions *const *samples, guint n) {
  g_return_val_if_fail(n <= SAMPLES_MAX, FALSE);
  guint32 side = 0;
  for (guint i = 0; i < n; i++)
    side = MAX(side, samples[i]->side);
  if (!transitions_room(samples[0], side))
    return FALSE;
  for (guint32 from = 0; from < side && samples[0]->times; from++)
    for (guint32 to = 0; to < side; to++)
      bracket_pair(samples, n, from, to, &samples[0]->times[(gsize)from * side + to]);
  return TRUE;
}

static gboolean times_new(Transitions *made) {
  gsize cells = (gsize)made->side * made->side;
  made->times = g_try_malloc0_n(cells, sizeof(TransitionTimes));
  for (gsize i = 0; i < cells && made->times; i++) {
    const TransitionTimes *sample = NULL;
    if (made->sample)
      sample = transitions_times(made->sample, (guint32)(i / made->side), (guint32)(i % made->side));
    made->times[i].kept.arena = made->arena;
    made->times[i].low = sample ? sample->low : 0;
    made->times[i].span = sample ? sample->span : G_MAXUINT64;
  }
  return made->times != NULL;
}

gboolean transitions_room(Transitions *transitions, guint32 n) {
  Transitions made = {.side = SIDE_MIN, .arena = transitions->arena, .sample = transitions->sample};
  gboolean hashed = transitions->cells && !transitions->side;
  if (hashed || n <= transitions->side)
    return TRUE;
  if (n > SIDE_MAX)
    return hash_new(&made, HASH_MIN) && replace(transitions, &made);
  while (made.side < n)
    made.side *= 2;
  made.timed = transitions->timed && made.side <= TIMED_SIDE_MAX;
  made.cells = g_try_malloc0_n((gsize)made.side * made.side, sizeof(Transition));
  if (made.cells && (!made.timed || times_new(&made)))
    return replace(transitions, &made);
  transitions_clear(&made);
  return FALSE;
}

static gboolean hash_grow(Transitions *transitions) {
  Transitions made;
  return hash_new(&made, (transitions->mask + 1) * 2) && replace(transitions, &made);
}

Transition *transitions_find(Transitions *transitions, guint32 from, guint32 to, gboolean make) {
  guint64 pair = (guint64)from << 32 | to;
  if (transitions->side)
    return from < transitions->side && to < transitions->side ? &transitions->cells[(gsize)from * transitions->side + to] : NULL;
  if (make && transitions->used * 2 > transitions->mask && !hash_grow(transitions))
    return NULL;
  for (gsize at = hash_mix(pair) & transitions->mask;; at = (at + 1) & transitions->mask) {
    Transition *cell = &transitions->cells[at];
    if (cell->count && transitions->pairs[at] == pair)
      return cell;
    if (cell->count)
      continue;
    if (!make)
      return NULL;
    transitions->pairs[at] = pair;
    transitions->used++;
    return cell;
  }
}

void transitions_each(const Transitions *transitions, TransitionFunc each, gpointer user) {
  gsize side = transitions->side, n = side ? side * side : transitions->cells ? transitions->mask + 1 : 0;
  for (gsize i = 0; i < n; i++)
    if (transitions->cells[i].count && side)
      each(user, (guint32)(i / side), (guint32)(i % side), &transitions->cells[i]);
    else if (transitions->cells[i].count)
      each(user, (guint32)(transitions->pairs[i] >> 32), (guint32)transitions->pairs[i], &transitions->cells[i]);
}
