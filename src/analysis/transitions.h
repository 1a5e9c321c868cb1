/* SPDX-License-Identifier: Apache-2.0
 * transitions.h: a table over pairs of codes: how often one follows another, for how many persons, how much later,
 * and a number the owner gives the pair. Of one worker: no locks. A square while there are few codes, a hash table
 * beyond. */
#pragma once
#include "analysis/durations.h"

typedef struct {
  guint64 count;
  guint32 persons;
  guint32 mark; /* while counting: the person it was counted for last; then free for the owner */
} Transition;

/* The times of a pair: kept are those from low to low + span, among which the middle one probably lies. */
typedef struct {
  gint64 low;
  guint64 span;
  guint64 below; /* times less than low, only counted */
  Durations kept;
} TransitionTimes;

typedef struct Transitions Transitions;
struct Transitions {
  guint32 side;           /* of the square, 0: hashed */
  Transition *cells;      /* side * side, or the hash table's */
  guint64 *pairs;         /* hashed: from << 32 | to, where the cell is used */
  TransitionTimes *times; /* of each cell of the square; NULL: none are taken */
  gsize mask, used;
  gboolean timed;            /* take times while there are at most TIMED_SIDE_MAX codes: the owner's wish, then the fact */
  Arena *arena;              /* of the times */
  const Transitions *sample; /* tells which times to keep; NULL: all */
};
enum { TIMED_SIDE_MAX = 64 };

void transitions_clear(Transitions *transitions);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Transitions, transitions_clear)
/* Room for codes below `n`; cheap when nothing changes. Gives up `timed` beyond TIMED_SIDE_MAX codes. FALSE: no
 * memory. */
gboolean transitions_room(Transitions *transitions, guint32 n);
gsize transitions_bytes(const Transitions *transitions);
/* Calls `each` for every pair with a count, in no order. */
typedef void (*TransitionFunc)(gpointer user, guint32 from, guint32 to, const Transition *transition);
void transitions_each(const Transitions *transitions, TransitionFunc each, gpointer user);

Transition *transitions_find(Transitions *transitions, guint32 from, guint32 to, gboolean make);

/* The pair's cell, made when it was not there; NULL: no memory. Moves when another one is made. */
static inline Transition *transitions_cell(Transitions *transitions, guint32 from, guint32 to) {
  return G_LIKELY(transitions->side) ? &transitions->cells[(gsize)from * transitions->side + to]
                                     : transitions_find(transitions, from, to, TRUE);
}

/* Once more, of the person whom `stamp` stands for; no branch, since which pair comes next cannot be foreseen. */
static inline void transition_count(Transition *pair, guint32 stamp) {
  pair->count++;
  pair->persons += pair->mark != stamp;
  pair->mark = stamp;
}

static inline void transition_time(TransitionTimes *times, gint64 ms) {
  times->below += ms < times->low;
  if ((guint64)(ms - times->low) <= times->span)
    durations_add(&times->kept, ms);
}
/* Of tables filled from a sample of persons: leaves in each pair's times of the first one what is worth keeping of all
 * persons'. FALSE: no memory. */
gboolean transitions_bracket(Transitions *const *samples, guint n);
/* Of a pair whose cell exists; NULL when no times were taken. */
const TransitionTimes *transitions_times(const Transitions *transitions, guint32 from, guint32 to);
