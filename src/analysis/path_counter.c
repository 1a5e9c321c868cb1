// SPDX-License-Identifier: Apache-2.0
#include "analysis/path_counter.h"
#include "base/pages.h"
#include <stdlib.h>
#include <string.h>

enum { BITS_UNKNOWN = 8, SLABS_MAX = 1 << 13, LARGE_PAGE = 2 << 20 };

void path_counter_init(PathCounter *counter, guint codes, gboolean timed, gboolean by_person) {
  *counter = (PathCounter){.timed = timed,
                           .bits = codes ? MIN(g_bit_storage(codes), 31) : BITS_UNKNOWN,
                           .rows = g_ptr_array_new_with_free_func(free),
                           .cells = g_ptr_array_new_with_free_func(free),
                           .persons = by_person ? person_paths_new() : NULL};
}

void path_counter_clear(PathCounter *counter) {
  g_clear_pointer(&counter->rows, g_ptr_array_unref);
  g_clear_pointer(&counter->cells, g_ptr_array_unref);
  g_clear_pointer(&counter->persons, person_paths_free);
  arena_clear(&counter->arena);
}

/* Small questions fill few ordinary pages of their first slab. */
static gboolean add_slab(PathCounter *counter, GPtrArray *slabs, gsize size) {
  gpointer slab =
      slabs->len < SLABS_MAX ? aligned_alloc(LARGE_PAGE, (PATH_SLAB * size + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE) : NULL;
  if (slab && slabs->len)
    pages_large(slab, PATH_SLAB * size);
  if (slab)
    g_ptr_array_add(slabs, slab);
  else
    counter->full = TRUE;
  return slab != NULL;
}

/* Number `n` of a column of slabs; NULL and full without memory. */
static gpointer slab_at(PathCounter *counter, GPtrArray *slabs, gsize size, guint32 n) {
  if (counter->full || (n >> PATH_SLAB_BITS == slabs->len && !add_slab(counter, slabs, size)))
    return NULL;
  return (char *)slabs->pdata[n >> PATH_SLAB_BITS] + (n & (PATH_SLAB - 1)) * size;
}

/* FALSE when they do not fit. */
static gboolean pack(const PathCounter *counter, const guint32 *codes, guint n, guint64 *key) {
  guint64 packed = 0;
  guint32 most = 0;
  guint shift = 64;
  if (n * counter->bits > 64)
    return FALSE;
  for (guint i = 0; i < n; i++) {
    packed |= (guint64)(codes[i] + 1) << (shift -= counter->bits);
    most |= codes[i] + 1;
  }
  *key = packed;
  return most >> counter->bits == 0;
}

static gboolean add_row(PathCounter *counter, const guint32 *codes, guint n, guint64 person, guint32 cell) {
  RadixRow *row = slab_at(counter, counter->rows, sizeof *row, counter->n_rows);
  if (!row)
    return FALSE;
  *row = (RadixRow){0, 0, cell};
  if (!pack(counter, codes, n, &row->key)) {
    guint32 *kept = arena_take(&counter->arena, (n + (gsize)1) * sizeof *kept);
    counter->full = counter->full || !kept;
    if (!kept)
      return FALSE;
    kept[0] = n;
    memcpy(kept + 1, codes, n * sizeof *kept);
    row->key = (guint64)(guintptr)kept;
    row->a = PATH_IN_ARENA;
  }
  if (counter->persons)
    person_paths_add(counter->persons, person, counter->n_rows, cell != 0);
  counter->n_rows++;
  return TRUE;
}

void path_counter_null(PathCounter *counter, const guint32 *codes, guint n, guint64 person) {
  add_row(counter, codes, n, person, 0);
}

DecaySum *path_counter_add(PathCounter *counter, const guint32 *codes, guint n, guint64 person, const PathCounts *counts) {
  PathCell *cell = slab_at(counter, counter->cells, sizeof *cell, counter->n_cells);
  if (!cell)
    return NULL;
  *cell = (PathCell){*counts, counter->timed ? arena_take(&counter->arena, n * sizeof *cell->decay) : NULL};
  counter->full = counter->full || (counter->timed && !cell->decay);
  if (counter->full || !add_row(counter, codes, n, person, counter->n_cells + 1))
    return NULL;
  counter->n_cells++;
  return cell->decay;
}
