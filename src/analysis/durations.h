/* SPDX-License-Identifier: Apache-2.0
 * durations.h: bags of durations and their exact median. Each worker fills bags of its own; the median is
 * taken over several at once. A duration below 49 days takes four bytes, a longer one eight. */
#pragma once
#include "analysis/arena.h"

typedef struct DurationsChunk DurationsChunk;
typedef struct { /* empty with an arena and zeroes otherwise; its memory goes with the arena */
  Arena *arena;
  guint32 *at, *end;          /* room in the newest chunk of short ones */
  gint64 *long_at, *long_end; /* and of long ones */
  DurationsChunk *shorts, *longs;
  gboolean failed; /* memory ran out and values were lost */
} Durations;

Durations *durations_new(Arena *arena, gsize n); /* n empty bags; g_free them */
void durations_clear(Durations *durations);      /* empty again */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Durations, durations_clear)
guint64 durations_count(const Durations *durations);
/* The middle one of all bags together, or the mean of the two middle ones; NAN when they are empty. */
double durations_median(const Durations *const *bags, guint n);
/* The value of a rank from 0 on, or its mean with the next one's: the middle of values that are more than these. */
double durations_at(const Durations *const *bags, guint n, guint64 rank, gboolean with_next);

gboolean durations_grow_short(Durations *durations);
gboolean durations_grow_long(Durations *durations);

static inline void durations_add(Durations *durations, gint64 ms) { /* ms >= 0 */
  if (G_LIKELY(ms <= (gint64)G_MAXUINT32)) {
    if (G_LIKELY(durations->at != durations->end) || durations_grow_short(durations))
      *durations->at++ = (guint32)ms;
  } else if (durations->long_at != durations->long_end || durations_grow_long(durations))
    *durations->long_at++ = ms;
}
