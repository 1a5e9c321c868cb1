// SPDX-License-Identifier: Apache-2.0
#include "analysis/transitions.h"
#include "base/hash.h"
#include <string.h>

enum { SIDE_MIN = 16, SIDE_MAX = 1024, HASH_MIN = 1 << 16 };

void transitions_clear(Transitions *transitions) {
  g_free(transitions->cells);
  g_free(transitions->pairs);
  *transitions = (Transitions){0};
}

gsize transitions_bytes(const Transitions *transitions) {
  gsize side = transitions->side;
  return side ? side * side * sizeof(Transition) : (transitions->mask + 1) * (sizeof(Transition) + sizeof(guint64));
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
  Transitions *to;
  gboolean failed;
} Copy;

static void copy_cell(gpointer user, guint32 from, guint32 to, const Transition *transition) {
  Copy *copy = user;
  Transition *cell = transitions_cell(copy->to, from, to);
  if (cell)
    *cell = *transition;
  copy->failed |= !cell;
}

/* Takes over the cells of the old table, which is freed. */
static gboolean replace(Transitions *transitions, Transitions *made) {
  Copy copy = {made, FALSE};
  transitions_each(transitions, copy_cell, &copy);
  if (copy.failed) {
    transitions_clear(made);
    return FALSE;
  }
  transitions_clear(transitions);
  *transitions = *made;
  return TRUE;
}

gboolean transitions_room(Transitions *transitions, guint32 n) {
  Transitions made = {.side = SIDE_MIN};
  gboolean hashed = transitions->cells && !transitions->side;
  if (hashed || n <= transitions->side)
    return TRUE;
  if (n > SIDE_MAX)
    return hash_new(&made, HASH_MIN) && replace(transitions, &made);
  while (made.side < n)
    made.side *= 2;
  made.cells = g_try_malloc0_n((gsize)made.side * made.side, sizeof(Transition));
  return made.cells && replace(transitions, &made);
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
