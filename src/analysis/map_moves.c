// SPDX-License-Identifier: Apache-2.0
#include "analysis/map_moves.h"
#include "base/hash.h"

enum { PAIRS_MIN = 1024, AHEAD = 8 };

static gboolean room(MapMoves *moves, gsize size) {
  moves->pairs = g_try_new0(MapPair, size);
  moves->times = g_try_new0(Durations, size);
  moves->mask = size - 1;
  for (gsize i = 0; i < size && moves->times; i++)
    moves->times[i].arena = &moves->arena;
  return moves->pairs && moves->times;
}

MapMoves *map_moves_new(gsize budget_bytes) {
  MapMoves *moves = g_new0(MapMoves, 1);
  moves->arena.bytes_max = budget_bytes;
  moves->failed = !room(moves, PAIRS_MIN);
  return moves;
}

void map_moves_free(MapMoves *moves) {
  if (!moves)
    return;
  g_free(moves->pairs);
  g_free(moves->times);
  arena_clear(&moves->arena);
  g_free(moves);
}

/* The pair's place, or the free one where it belongs. */
static inline gsize find(const MapMoves *moves, guint64 pair) {
  gsize at = hash_mix(pair) & moves->mask;
  while (moves->pairs[at].pair != pair && moves->pairs[at].pair != 0)
    at = (at + 1) & moves->mask;
  return at;
}

static gboolean grow(MapMoves *moves) {
  MapPair *pairs = moves->pairs;
  Durations *times = moves->times;
  gsize size = moves->mask + 1;
  gboolean good = room(moves, size * 2);
  for (gsize i = 0; i < size && good; i++) {
    if (!pairs[i].pair)
      continue;
    gsize at = find(moves, pairs[i].pair);
    moves->pairs[at] = pairs[i];
    moves->times[at] = times[i];
  }
  g_free(pairs);
  g_free(times);
  return good;
}

/* Says where each noted step belongs, and calls for the memory of its times. */
static void place_steps(MapMoves *moves) {
  for (guint i = 0; i < moves->n_noted; i++) {
    MapStep *step = &moves->noted[i];
    if (i + AHEAD < moves->n_noted)
      __builtin_prefetch(&moves->pairs[hash_mix(step[AHEAD].pair) & moves->mask]);
    gsize at = find(moves, step->pair);
    MapPair *pair = &moves->pairs[at];
    moves->used += !pair->pair;
    pair->pair = step->pair;
    pair->persons += pair->person != step->person;
    pair->person = step->person;
    step->place = (guint32)at;
    __builtin_prefetch(&moves->times[at]);
  }
}

void map_moves_settle(MapMoves *moves) {
  if (!moves->failed && (moves->used + moves->n_noted) * 2 > moves->mask && !grow(moves))
    moves->failed = TRUE;
  if (!moves->failed) {
    place_steps(moves);
    for (guint i = 0; i < moves->n_noted; i++) {
      Durations *times = &moves->times[moves->noted[i].place];
      durations_add(times, moves->noted[i].ms);
      moves->failed |= times->failed;
    }
  }
  moves->n_noted = 0;
}

static int entry_compare(gconstpointer a, gconstpointer b) {
  const MapMoveEntry *x = a, *y = b;
  return (x->pair > y->pair) - (x->pair < y->pair);
}

GArray *map_moves_entries(MapMoves *const *workers, guint n) {
  GArray *entries = g_array_new(FALSE, FALSE, sizeof(MapMoveEntry));
  for (guint w = 0; w < n; w++)
    for (gsize at = 0; at <= workers[w]->mask; at++) {
      const MapPair *pair = &workers[w]->pairs[at];
      MapMoveEntry entry = {pair->pair, pair->persons, &workers[w]->times[at]};
      if (pair->pair)
        g_array_append_val(entries, entry);
    }
  g_array_sort(entries, entry_compare);
  return entries;
}
