/* SPDX-License-Identifier: Apache-2.0
 * arena.h: memory that is handed out piece by piece and given back all at once, with a maximum. Of one thread. */
#pragma once
#include <glib.h>

typedef struct ArenaSlab ArenaSlab;
typedef struct { /* zeroed: empty */
  ArenaSlab *slabs;
  char *at, *end;
  gsize bytes;     /* of all slabs */
  gsize bytes_max; /* 0: none */
} Arena;

/* Aligned to 64 bytes, not cleared; at most 1 MiB. NULL when memory or bytes_max has run out. */
gpointer arena_take(Arena *arena, gsize size);
void arena_clear(Arena *arena);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Arena, arena_clear)
