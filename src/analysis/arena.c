// SPDX-License-Identifier: Apache-2.0
#include "analysis/arena.h"
#include <stdlib.h>
#include <sys/mman.h>

enum { SLAB_MIN = 64 << 10, SLAB_MAX = 4 << 20, HUGE_PAGE = 2 << 20, LINE = 64 };

struct ArenaSlab {
  ArenaSlab *next;
  gsize bytes;
};

/* Huge pages where the system grants them: taking ordinary ones costs a fifth of a question that fills many. */
static ArenaSlab *slab_new(gsize bytes) {
  gsize huge = bytes % HUGE_PAGE == 0 ? HUGE_PAGE : LINE;
  ArenaSlab *slab = aligned_alloc(huge, bytes);
  if (slab && huge == HUGE_PAGE)
    madvise(slab, bytes, MADV_HUGEPAGE);
  return slab;
}

/* Small questions take small slabs: each is twice the one before. */
static gboolean slab_push(Arena *arena, gsize least) {
  gsize bytes = arena->slabs ? MIN(arena->slabs->bytes * 2, SLAB_MAX) : SLAB_MIN;
  while (bytes < least + LINE)
    bytes *= 2;
  if (arena->bytes_max && arena->bytes + bytes > arena->bytes_max)
    return FALSE;
  ArenaSlab *slab = slab_new(bytes);
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
