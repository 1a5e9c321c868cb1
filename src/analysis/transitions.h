/* SPDX-License-Identifier: Apache-2.0
 * transitions.h: a table over pairs of codes: how often one follows another, for how many persons, and a number
 * the owner gives the pair. Of one worker: no locks. A square while there are few codes, a hash table beyond. */
#pragma once
#include <glib.h>

typedef struct {
  guint64 count;
  guint32 persons;
  guint32 mark; /* while counting: the person it was counted for last; then free for the owner */
} Transition;

typedef struct {
  guint32 side;      /* of the square, 0: hashed */
  Transition *cells; /* side * side, or the hash table's */
  guint64 *pairs;    /* hashed: from << 32 | to, where the cell is used */
  gsize mask, used;
} Transitions;

void transitions_clear(Transitions *transitions);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Transitions, transitions_clear)
/* Room for codes below `n`; cheap when nothing changes. FALSE: no memory. */
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
