// SPDX-License-Identifier: Apache-2.0
#include "analysis/arena.h"
#include <stdlib.h>

enum { SLAB_MIN = 64 << 10, SLAB_MAX = 4 << 20, LINE = 64 };

struct ArenaSlab {
  ArenaSlab *next;
  gsize bytes;
};

/* Small questions take small slabs: each is twice the one before. */
static gboolean slab_push(Arena *arena, gsize least) {
  gsize bytes = arena->slabs ? MIN(arena->slabs->bytes * 2, SLAB_MAX) : SLAB_MIN;
  while (bytes < least + LINE)
    bytes *= 2;
  if (arena->bytes_max && arena->bytes + bytes > arena->bytes_max)
    return FALSE;
  ArenaSlab *slab = aligned_alloc(LINE, bytes);
  if (!slab)
    return FALSE;
  *slab = (ArenaSlab){arena->slabs, bytes};
  arena->slabs = slab;
  arena->at = (char *)slab + LINE;
  arena->end = (char *)slab + bytes;
  arena->bytes += bytes;
  return TRUE;
}

gpointer arena_take(Arena *arena, gsize size) {
  size = (size + LINE - 1) / LINE * LINE;
  if ((gsize)(arena->end - arena->at) < size && !slab_push(arena, size))
    return NULL;
  gpointer piece = arena->at;
  arena->at += size;
  return piece;
}

void arena_clear(Arena *arena) {
  while (arena->slabs) {
    ArenaSlab *next = arena->slabs->next;
    free(arena->slabs);
    arena->slabs = next;
  }
  arena->at = arena->end = NULL;
  arena->bytes = 0;
}
