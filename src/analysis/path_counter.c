// SPDX-License-Identifier: Apache-2.0
#include "analysis/path_counter.h"
#include <string.h>

enum { ROOM_MIN = 1 << 12 };
static const guint32 room_max = (guint32)1 << 31; /* of rows together: path_gather.c numbers them in 31 bits */

void path_counter_init(PathCounter *counter, gboolean timed, gboolean by_person) {
  *counter = (PathCounter){.timed = timed, .persons = by_person ? person_paths_new() : NULL};
}

void path_counter_clear(PathCounter *counter) {
  g_clear_pointer(&counter->codes, g_free);
  g_clear_pointer(&counter->rows, g_free);
  g_clear_pointer(&counter->counts, g_free);
  g_clear_pointer(&counter->decay_at, g_free);
  g_clear_pointer(&counter->decay, g_free);
  g_clear_pointer(&counter->persons, person_paths_free);
}

/* Room for at least `n` in a column; FALSE and full without. */
static gboolean widen(PathCounter *counter, gpointer column, gsize size, guint64 n) {
  gpointer *at = column;
  gpointer wider = n <= room_max ? g_try_realloc_n(*at, (gsize)n, size) : NULL;
  if (wider)
    *at = wider;
  else
    counter->full = TRUE;
  return wider != NULL;
}

static guint64 next_room(guint32 used, guint64 more) {
  guint64 needed = used + more, room = MIN(MAX(needed * 2, (guint64)ROOM_MIN), room_max);
  return MAX(needed, room);
}

static gboolean widen_codes(PathCounter *counter, guint n) {
  guint64 room = next_room(counter->n_codes, n);
  if (!widen(counter, &counter->codes, sizeof *counter->codes, room))
    return FALSE;
  counter->codes_room = (guint32)room;
  return TRUE;
}

static gboolean widen_rows(PathCounter *counter) {
  guint64 room = next_room(counter->n_rows, 1);
  if (!widen(counter, &counter->rows, sizeof *counter->rows, room))
    return FALSE;
  counter->rows_room = (guint32)room;
  return TRUE;
}

static gboolean widen_counts(PathCounter *counter) {
  guint64 room = next_room(counter->n_counts, 1);
  if (!widen(counter, &counter->counts, sizeof *counter->counts, room) ||
      (counter->timed && !widen(counter, &counter->decay_at, sizeof *counter->decay_at, room)))
    return FALSE;
  counter->counts_room = (guint32)room;
  return TRUE;
}

static gboolean widen_decay(PathCounter *counter, guint n) {
  guint64 room = next_room(counter->n_decay, n);
  if (!widen(counter, &counter->decay, sizeof *counter->decay, room))
    return FALSE;
  counter->decay_room = (guint32)room;
  return TRUE;
}

static gboolean add_row(PathCounter *counter, const guint32 *codes, guint n, guint64 person, guint32 counts) {
  if (counter->full || (counter->n_rows == counter->rows_room && !widen_rows(counter)) ||
      (n > counter->codes_room - counter->n_codes && !widen_codes(counter, n)))
    return FALSE;
  guint32 *to = counter->codes + counter->n_codes;
  for (guint i = 0; i < n; i++)
    to[i] = codes[i];
  if (counter->persons)
    person_paths_add(counter->persons, person, counter->n_rows, counts != 0);
  counter->rows[counter->n_rows++] = (PathRow){counter->n_codes, n, counts};
  counter->n_codes += n;
  return TRUE;
}

void path_counter_null(PathCounter *counter, const guint32 *codes, guint n, guint64 person) {
  add_row(counter, codes, n, person, 0);
}

DecaySum *path_counter_add(PathCounter *counter, const guint32 *codes, guint n, guint64 person, const PathCounts *counts) {
  if ((counter->n_counts == counter->counts_room && !widen_counts(counter)) ||
      (counter->timed && n > counter->decay_room - counter->n_decay && !widen_decay(counter, n)) ||
      !add_row(counter, codes, n, person, counter->n_counts + 1))
    return NULL;
  counter->counts[counter->n_counts] = *counts;
  if (!counter->timed) {
    counter->n_counts++;
    return NULL;
  }
  DecaySum *sums = counter->decay + counter->n_decay;
  counter->decay_at[counter->n_counts++] = counter->n_decay;
  counter->n_decay += n;
  return sums;
}
