// SPDX-License-Identifier: Apache-2.0
/* The k-th smallest value is found digit by digit, 16 bits at a time from the top: count the values that
 * begin like the answer by their next digit, walk the counts to the digit that holds rank k. Every pass
 * reads the values once. Long durations are all greater than short ones, so the rank alone says which kind
 * to look among. Chunks double up to 2 MiB, aligned so that the system may back them with large pages. */
#include "analysis/durations.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CHUNK_BYTES_MIN = 512, SORTED_MAX = 4096, CHUNK_BYTES_MAX = 2 << 20, DIGITS = 65536 };

struct DurationsChunk {
  DurationsChunk *next; /* the one before it */
  gsize bytes;          /* with this header */
  gsize filled;         /* values; of the newest chunk only the bag knows */
  gint64 values[];
};

static void chunks_free(DurationsChunk *chunk) {
  while (chunk) {
    DurationsChunk *next = chunk->next;
    free(chunk);
    chunk = next;
  }
}

void durations_clear(Durations *durations) {
  chunks_free(durations->shorts);
  chunks_free(durations->longs);
  memset(durations, 0, sizeof *durations);
}

static DurationsChunk *chunk_push(Durations *durations, DurationsChunk **list) {
  gsize bytes = *list ? MIN((*list)->bytes * 2, CHUNK_BYTES_MAX) : CHUNK_BYTES_MIN;
  DurationsChunk *chunk = aligned_alloc(bytes, bytes);
  if (!chunk) {
    durations->failed = TRUE;
    return NULL;
  }
  if (bytes == CHUNK_BYTES_MAX)
    madvise(chunk, bytes, MADV_HUGEPAGE);
  *chunk = (DurationsChunk){.next = *list, .bytes = bytes};
  return *list = chunk;
}

gboolean durations_grow_short(Durations *durations) {
  if (durations->shorts)
    durations->shorts->filled = (gsize)(durations->at - (guint32 *)durations->shorts->values);
  DurationsChunk *chunk = chunk_push(durations, &durations->shorts);
  durations->at = chunk ? (guint32 *)chunk->values : NULL;
  durations->end = chunk ? durations->at + (chunk->bytes - sizeof *chunk) / sizeof(guint32) : NULL;
  return chunk != NULL;
}

gboolean durations_grow_long(Durations *durations) {
  if (durations->longs)
    durations->longs->filled = (gsize)(durations->long_at - durations->longs->values);
  DurationsChunk *chunk = chunk_push(durations, &durations->longs);
  durations->long_at = chunk ? chunk->values : NULL;
  durations->long_end = chunk ? durations->long_at + (chunk->bytes - sizeof *chunk) / sizeof(gint64) : NULL;
  return chunk != NULL;
}

/* --- reading ------------------------------------------------------------------------------------ */

typedef enum { SHORT, LONG } Kind;

static gsize chunk_filled(const Durations *bag, const DurationsChunk *chunk, Kind kind) {
  if (kind == SHORT)
    return chunk == bag->shorts && bag->at ? (gsize)(bag->at - (const guint32 *)chunk->values) : chunk->filled;
  return chunk == bag->longs && bag->long_at ? (gsize)(bag->long_at - chunk->values) : chunk->filled;
}

static const DurationsChunk *bag_chunks(const Durations *bag, Kind kind) {
  return kind == SHORT ? bag->shorts : bag->longs;
}

static guint64 bag_count(const Durations *bag, Kind kind) {
  guint64 n = 0;
  for (const DurationsChunk *chunk = bag_chunks(bag, kind); chunk; chunk = chunk->next)
    n += chunk_filled(bag, chunk, kind);
  return n;
}

guint64 durations_count(const Durations *durations) {
  return bag_count(durations, SHORT) + bag_count(durations, LONG);
}

gsize durations_bytes(const Durations *durations) {
  gsize bytes = 0;
  for (const DurationsChunk *chunk = durations->shorts; chunk; chunk = chunk->next)
    bytes += chunk->bytes;
  for (const DurationsChunk *chunk = durations->longs; chunk; chunk = chunk->next)
    bytes += chunk->bytes;
  return bytes;
}

static inline gint64 value_at(const DurationsChunk *chunk, gsize i, Kind kind) {
  return kind == SHORT ? ((const guint32 *)chunk->values)[i] : chunk->values[i];
}

/* Counts by the digit at `shift` those values whose higher digits equal `prefix`'s. */
static inline __attribute__((always_inline)) void count_chunk(const DurationsChunk *chunk, gsize n, Kind kind, guint shift,
                                                              gint64 prefix, guint32 *counts) {
  gint64 high = prefix >> shift >> 16;
  for (gsize i = 0; i < n; i++) {
    gint64 digits = value_at(chunk, i, kind) >> shift;
    if (digits >> 16 == high)
      counts[digits & (DIGITS - 1)]++;
  }
}

static void count_digit(const Durations *const *bags, guint n, Kind kind, guint shift, gint64 prefix, guint32 *counts) {
  memset(counts, 0, DIGITS * sizeof *counts);
  for (guint i = 0; i < n; i++)
    for (const DurationsChunk *chunk = bag_chunks(bags[i], kind); chunk; chunk = chunk->next) {
      gsize filled = chunk_filled(bags[i], chunk, kind);
      if (kind == SHORT)
        count_chunk(chunk, filled, SHORT, shift, prefix, counts);
      else
        count_chunk(chunk, filled, LONG, shift, prefix, counts);
    }
}

/* The value of rank k (from 0). */
static gint64 rank_value(const Durations *const *bags, guint n, Kind kind, guint64 k) {
  g_autofree guint32 *counts = g_new(guint32, DIGITS);
  gint64 value = 0;
  for (int shift = kind == SHORT ? 16 : 48; shift >= 0; shift -= 16) {
    count_digit(bags, n, kind, (guint)shift, value, counts);
    guint digit = 0;
    for (; k >= counts[digit]; digit++)
      k -= counts[digit];
    value |= (gint64)digit << shift;
  }
  return value;
}

/* How many values are at most `value`, and the smallest greater one. */
static guint64 count_up_to(const Durations *const *bags, guint n, Kind kind, gint64 value, gint64 *next) {
  guint64 count = 0;
  gint64 least = G_MAXINT64;
  for (guint i = 0; i < n; i++)
    for (const DurationsChunk *chunk = bag_chunks(bags[i], kind); chunk; chunk = chunk->next)
      for (gsize j = 0, filled = chunk_filled(bags[i], chunk, kind); j < filled; j++) {
        gint64 other = value_at(chunk, j, kind);
        count += other <= value;
        least = other > value && other < least ? other : least;
      }
  *next = least;
  return count;
}

static gint compare_values(gconstpointer a, gconstpointer b) {
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
  return (x > y) - (x < y);
}

/* Few values are sorted: their digits would be counted among 65,536. */
static double sorted_median(const Durations *const *bags, guint n, guint64 all) {
  gint64 values[SORTED_MAX];
  guint at = 0;
  for (guint i = 0; i < n; i++)
    for (Kind kind = SHORT; kind <= LONG; kind++)
      for (const DurationsChunk *chunk = bag_chunks(bags[i], kind); chunk; chunk = chunk->next)
        for (gsize j = 0, filled = chunk_filled(bags[i], chunk, kind); j < filled; j++)
          values[at++] = value_at(chunk, j, kind);
  qsort(values, at, sizeof *values, compare_values);
  return (double)values[(all - 1) / 2] / 2 + (double)values[all / 2] / 2;
}

double durations_median(const Durations *const *bags, guint n) {
  guint64 shorts = 0, longs = 0;
  for (guint i = 0; i < n; i++) {
    shorts += bag_count(bags[i], SHORT);
    longs += bag_count(bags[i], LONG);
  }
  guint64 all = shorts + longs;
  if (all == 0)
    return NAN;
  if (all <= SORTED_MAX)
    return sorted_median(bags, n, all);
  guint64 k = (all - 1) / 2;
  Kind kind = k < shorts ? SHORT : LONG;
  gint64 low = rank_value(bags, n, kind, kind == SHORT ? k : k - shorts), high = low;
  if (all % 2 == 0) {
    gint64 next;
    guint64 up_to = count_up_to(bags, n, kind, low, &next) + (kind == LONG ? shorts : 0);
    if (up_to <= k + 1)
      high = next != G_MAXINT64 ? next : rank_value(bags, n, LONG, 0);
  }
  return (double)low / 2 + (double)high / 2;
}
