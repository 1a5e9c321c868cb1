// SPDX-License-Identifier: Apache-2.0
// The first bits deal rows into buckets: each chunk of rows counts its own, and from those counts knows where to put them, so
// that chunks are dealt side by side. A bucket is then small enough for a cache, and is sorted by its further bits, eight at a
// time, until so few rows are left together that moving them one by one is cheaper.
#include "base/radix.h"
#include "base/error.h"
#include "base/parallel.h"
#include <string.h>

enum {
  BUCKET_BITS = 12,
  BUCKETS = 1 << BUCKET_BITS,
  DIGIT_BITS = 8,
  DIGITS = 1 << DIGIT_BITS,
  KEY_BITS = 64,
  FEW = 24,
  CHUNK = 1 << 16,
  ALONE = 1 << 14, /* rows that are not worth a thread */
  RANGES_A_THREAD = 16,
};

/* --- one thread ---------------------------------------------------------------------------------- */

static void insertion_sort(RadixRow *rows, guint32 n) {
  for (guint32 i = 1; i < n; i++) {
    RadixRow row = rows[i];
    guint32 at = i;
    for (; at > 0 && rows[at - 1].key > row.key; at--)
      rows[at] = rows[at - 1];
    rows[at] = row;
  }
}

/* Rows whose keys agree in all but the lowest `bits`. */
static void sort_bits(RadixRow *rows, RadixRow *spare, guint32 n, guint bits) {
  while (n > FEW && bits > 0) {
    guint digit = MIN((guint)DIGIT_BITS, bits), mask = (1u << digit) - 1;
    guint32 start[DIGITS + 1] = {0}, next[DIGITS];
    bits -= digit;
    for (guint32 i = 0; i < n; i++)
      start[(rows[i].key >> bits & mask) + 1]++;
    if (start[(rows[0].key >> bits & mask) + 1] == n)
      continue;
    for (guint v = 0; v < DIGITS; v++) {
      start[v + 1] += start[v];
      next[v] = start[v];
    }
    for (guint32 i = 0; i < n; i++)
      spare[next[rows[i].key >> bits & mask]++] = rows[i];
    memcpy(rows, spare, n * sizeof *rows);
    for (guint v = 0; v <= mask; v++)
      if (start[v + 1] - start[v] > 1)
        sort_bits(rows + start[v], spare, start[v + 1] - start[v], bits);
    return;
  }
  if (n <= FEW)
    insertion_sort(rows, n);
}

void radix_sort_few(RadixRow *rows, RadixRow *spare, guint32 n) {
  sort_bits(rows, spare, n, KEY_BITS);
}

/* --- all cores ----------------------------------------------------------------------------------- */

typedef struct {
  RadixRow *rows, *spare;
  guint32 n, n_chunks;
  guint32 (*place)[BUCKETS]; /* by chunk: how many of each bucket, then where the next one goes */
  RadixRanges ranges;
} Sort;

static guint bucket_of(guint64 key) {
  return (guint)(key >> (KEY_BITS - BUCKET_BITS));
}

static gboolean count_chunk(guint chunk, guint worker, gpointer user, GError **error) {
  const Sort *sort = user;
  guint32 *counts = sort->place[chunk], end = MIN(sort->n, (chunk + 1) * (guint32)CHUNK);
  for (guint32 i = chunk * (guint32)CHUNK; i < end; i++)
    counts[bucket_of(sort->rows[i].key)]++;
  return TRUE;
}

static gboolean deal_chunk(guint chunk, guint worker, gpointer user, GError **error) {
  const Sort *sort = user;
  guint32 *next = sort->place[chunk], end = MIN(sort->n, (chunk + 1) * (guint32)CHUNK);
  for (guint32 i = chunk * (guint32)CHUNK; i < end; i++)
    sort->spare[next[bucket_of(sort->rows[i].key)]++] = sort->rows[i];
  return TRUE;
}

/* From a bucket's rows by chunk to where each chunk puts its first; whole buckets make ranges of about one size. */
static void place_buckets(Sort *sort, guint threads) {
  guint32 before = 0, aim = sort->n / (threads * RANGES_A_THREAD) + 1;
  RadixRanges *ranges = &sort->ranges;
  ranges->n = 0;
  for (guint bucket = 0; bucket < BUCKETS; bucket++) {
    if (bucket == 0 || before - ranges->start[ranges->n - 1] >= aim)
      ranges->start[ranges->n++] = before;
    for (guint32 chunk = 0; chunk < sort->n_chunks; chunk++) {
      guint32 count = sort->place[chunk][bucket];
      sort->place[chunk][bucket] = before;
      before += count;
    }
  }
  ranges->start[ranges->n] = before;
}

/* The buckets of a range are found again by their keys. */
static gboolean sort_range(guint range, guint worker, gpointer user, GError **error) {
  const Sort *sort = user;
  guint32 end = sort->ranges.start[range + 1];
  for (guint32 from = sort->ranges.start[range], to; from < end; from = to) {
    guint bucket = bucket_of(sort->spare[from].key);
    for (to = from + 1; to < end && bucket_of(sort->spare[to].key) == bucket;)
      to++;
    memcpy(sort->rows + from, sort->spare + from, (to - from) * sizeof *sort->rows);
    sort_bits(sort->rows + from, sort->spare + from, to - from, KEY_BITS - BUCKET_BITS);
  }
  return TRUE;
}

static gboolean sort_alone(RadixRow *rows, RadixRow *spare, guint32 n, RadixRanges *ranges, GError **error) {
  radix_sort_few(rows, spare, n);
  if (!ranges)
    return TRUE;
  *ranges = (RadixRanges){g_new(guint32, 2), 1};
  ranges->start[0] = 0;
  ranges->start[1] = n;
  return TRUE;
}

gboolean radix_sort(RadixRow *rows, RadixRow *spare, guint32 n, guint threads, RadixRanges *ranges, GError **error) {
  threads = parallel_threads(threads);
  if (n <= ALONE)
    return sort_alone(rows, spare, n, ranges, error);
  Sort sort = {.rows = rows, .spare = spare, .n = n, .n_chunks = (n - 1) / CHUNK + 1};
  sort.place = g_try_malloc0_n(sort.n_chunks, sizeof *sort.place);
  sort.ranges.start = g_try_new(guint32, BUCKETS + 1);
  gboolean good = (sort.place && sort.ranges.start) || error_set(error, ERROR_LIMIT, "not enough memory to sort %u rows", n);
  good = good && parallel_run(threads, sort.n_chunks, count_chunk, &sort, error);
  if (good)
    place_buckets(&sort, threads);
  good = good && parallel_run(threads, sort.n_chunks, deal_chunk, &sort, error) &&
         parallel_run(threads, sort.ranges.n, sort_range, &sort, error);
  g_free(sort.place);
  if (good && ranges)
    *ranges = sort.ranges;
  else
    g_free(sort.ranges.start);
  return good;
}
