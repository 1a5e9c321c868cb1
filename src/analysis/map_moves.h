/* SPDX-License-Identifier: Apache-2.0
 * map_moves.h: from which cell of the map to which other one persons went, and how much later. One table a worker;
 * steps are noted one after the other and counted in batches, since their places in the table lie far apart. */
#pragma once
#include "analysis/durations.h"

enum { MAP_MOVES_BATCH = 256 };

typedef struct {
  guint64 pair; /* from << 32 | to */
  gint64 ms;
  guint32 person;
  guint32 place;
} MapStep;

typedef struct { /* of one worker; a pair is never 0, for it leads to another cell */
  guint64 pair;
  guint32 person; /* counted last */
  guint32 persons;
} MapPair;

typedef struct {
  MapPair *pairs;
  Durations *times; /* of each pair */
  gsize mask, used;
  Arena arena;
  MapStep noted[MAP_MOVES_BATCH];
  guint n_noted;
  gboolean failed; /* memory ran out */
} MapMoves;

MapMoves *map_moves_new(gsize budget_bytes);
void map_moves_free(MapMoves *moves);
void map_moves_settle(MapMoves *moves); /* counts what was noted; before reading */

/* Persons are numbered from 1; one person's steps follow one another. About 10 ns. */
static inline void map_moves_note(MapMoves *moves, guint32 from, guint32 to, guint32 person, gint64 ms) {
  moves->noted[moves->n_noted++] = (MapStep){(guint64)from << 32 | to, ms, person, 0};
  if (moves->n_noted == MAP_MOVES_BATCH)
    map_moves_settle(moves);
}

typedef struct {
  guint64 pair, persons;
  const Durations *times; /* of the workers one after the other: entries of a pair are neighbours */
} MapMoveEntry;

/* Every worker's pairs in order. */
GArray *map_moves_entries(MapMoves *const *workers, guint n);
