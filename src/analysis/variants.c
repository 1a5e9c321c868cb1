// SPDX-License-Identifier: Apache-2.0
/* Occurrences are spread over partitions by the first bits of their hash, so that each partition is counted in a
 * table that fits the cache, and partitions can be counted at the same time:
 *
 *   worker 0   [p0 chunk..] [p1 chunk..]      p0 of all workers -> table -> distinct (count, ref)
 *   worker 1   [p0 chunk..] [p1 chunk..]      p1 of all workers -> table -> ...
 *
 * How many sequences have which count then says where the limit cuts. */
#include "analysis/variants.h"
#include "analysis/arena.h"
#include "base/error.h"
#include "base/parallel.h"
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { PARTITION_RECORDS = 16384, PARTITIONS_MAX = 256, CHUNK_RECORDS = 680, SMALL_COUNTS = 4096 };

typedef struct {
  guint64 low, high, ref;
} Record;

typedef struct Chunk Chunk;
struct Chunk {
  Chunk *next;
  Record records[CHUNK_RECORDS];
};

typedef struct {    /* a worker's part of a partition; all of them stand close together, unlike the chunks */
  Record *at, *end; /* room in the newest chunk */
  Chunk *chunks;
} Stream;

typedef struct { /* of one thread, while counting */
  struct {
    Record record;
    guint64 count; /* 0: free */
  } * slots;
  gsize room;
  guint64 small[SMALL_COUNTS]; /* count -> sequences */
  GArray *large;               /* of guint64: counts beyond */
} Counter;

struct Variants {
  guint n_workers, n_partitions, shift;
  Stream *streams; /* [worker * n_partitions + partition] */
  Arena *arenas;   /* one a worker */
  Counter *counters;
  guint n_counters;
  GArray **distinct; /* of Variant, by partition */
  guint64 total;
  GArray *chosen, *ties;
  guint ties_wanted;
};

Variants *variants_new(guint n_workers, guint64 expected, gsize budget_bytes) {
  Variants *variants = g_new0(Variants, 1);
  guint bits = 0;
  while (1u << bits < PARTITIONS_MAX && expected >> bits > PARTITION_RECORDS)
    bits++;
  variants->n_workers = n_workers;
  variants->n_partitions = 1u << bits;
  variants->shift = 63 - bits;
  variants->arenas = g_new0(Arena, n_workers);
  for (guint i = 0; i < n_workers; i++)
    variants->arenas[i].bytes_max = budget_bytes / n_workers;
  variants->streams = g_new0(Stream, n_workers * variants->n_partitions);
  variants->distinct = g_new0(GArray *, variants->n_partitions);
  return variants;
}

/* The records of a chunk: all but the newest are full. */
static gsize chunk_filled(const Stream *stream, const Chunk *chunk) {
  return chunk == stream->chunks ? (gsize)(stream->at - chunk->records) : CHUNK_RECORDS;
}

void variants_free(Variants *variants) {
  if (!variants)
    return;
  for (guint i = 0; i < variants->n_workers; i++)
    arena_clear(&variants->arenas[i]);
  g_free(variants->arenas);
  for (guint i = 0; i < variants->n_partitions; i++)
    g_clear_pointer(&variants->distinct[i], g_array_unref);
  for (guint i = 0; i < variants->n_counters; i++) {
    g_free(variants->counters[i].slots);
    g_array_unref(variants->counters[i].large);
  }
  g_clear_pointer(&variants->chosen, g_array_unref);
  g_clear_pointer(&variants->ties, g_array_unref);
  g_free(variants->counters);
  g_free(variants->distinct);
  g_free(variants->streams);
  g_free(variants);
}

static gboolean stream_grow(Arena *arena, Stream *stream) {
  Chunk *chunk = arena_take(arena, sizeof *chunk);
  if (!chunk)
    return FALSE;
  chunk->next = stream->chunks;
  *stream = (Stream){chunk->records, chunk->records + CHUNK_RECORDS, chunk};
  return TRUE;
}

gboolean variants_add(Variants *variants, guint worker, const guint32 *codes, guint n, guint64 ref) {
  XXH128_hash_t hash = XXH3_128bits(codes, n * sizeof *codes);
  Stream *stream = &variants->streams[worker * variants->n_partitions + (guint)(hash.high64 >> variants->shift >> 1)];
  if (G_UNLIKELY(stream->at == stream->end) && !stream_grow(&variants->arenas[worker], stream))
    return FALSE;
  *stream->at++ = (Record){hash.low64, hash.high64, ref};
  return TRUE;
}

/* --- counting ------------------------------------------------------------------------------------ */

static gboolean counter_clear(Counter *counter, gsize records) {
  gsize room = 16;
  while (room < records * 2)
    room *= 2;
  if (room > counter->room) {
    g_free(counter->slots);
    counter->slots = g_try_malloc0_n(room, sizeof *counter->slots);
    counter->room = counter->slots ? room : 0;
    return counter->slots != NULL;
  }
  memset(counter->slots, 0, counter->room * sizeof *counter->slots);
  return TRUE;
}

static void counter_add(Counter *counter, const Record *record) {
  gsize mask = counter->room - 1;
  for (gsize at = record->low & mask;; at = (at + 1) & mask) {
    if (counter->slots[at].count == 0)
      counter->slots[at].record = *record;
    else if (counter->slots[at].record.low != record->low || counter->slots[at].record.high != record->high)
      continue;
    counter->slots[at].count++;
    return;
  }
}

static GArray *counter_distinct(Counter *counter) {
  GArray *distinct = g_array_new(FALSE, FALSE, sizeof(Variant));
  for (gsize at = 0; at < counter->room; at++) {
    Variant variant = {counter->slots[at].count, counter->slots[at].record.ref};
    if (variant.count == 0)
      continue;
    g_array_append_val(distinct, variant);
    if (variant.count < SMALL_COUNTS)
      counter->small[variant.count]++;
    else
      g_array_append_val(counter->large, variant.count);
  }
  return distinct;
}

static gboolean count_partition(guint partition, guint worker, gpointer user, GError **error) {
  Variants *variants = user;
  Counter *counter = &variants->counters[worker];
  gsize records = 0;
  for (guint i = 0; i < variants->n_workers; i++) {
    const Stream *stream = &variants->streams[i * variants->n_partitions + partition];
    for (const Chunk *chunk = stream->chunks; chunk; chunk = chunk->next)
      records += chunk_filled(stream, chunk);
  }
  if (!counter_clear(counter, records))
    return error_set(error, ERROR_LIMIT, "no memory to count %" G_GSIZE_FORMAT " paths", records);
  for (guint i = 0; i < variants->n_workers; i++) {
    const Stream *stream = &variants->streams[i * variants->n_partitions + partition];
    for (const Chunk *chunk = stream->chunks; chunk; chunk = chunk->next)
      for (gsize j = 0, filled = chunk_filled(stream, chunk); j < filled; j++)
        counter_add(counter, &chunk->records[j]);
  }
  variants->distinct[partition] = counter_distinct(counter);
  return TRUE;
}

/* --- the most frequent ones ------------------------------------------------------------------------ */

static gint descending(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x < y) - (x > y);
}

/* The count that the limit-th most frequent sequence has; 0 when there are no more than `limit`. Says also how
 * many have a greater one. */
static guint64 count_at_limit(const Variants *variants, guint limit, guint64 *above) {
  g_autoptr(GArray) large = g_array_new(FALSE, FALSE, sizeof(guint64));
  for (guint i = 0; i < variants->n_counters; i++)
    g_array_append_vals(large, variants->counters[i].large->data, variants->counters[i].large->len);
  g_array_sort(large, descending);
  *above = 0;
  if (variants->total <= limit)
    return 0;
  if (large->len >= limit) {
    guint64 count = g_array_index(large, guint64, limit - 1);
    while (g_array_index(large, guint64, *above) > count)
      ++*above;
    return count;
  }
  *above = large->len;
  for (guint64 count = SMALL_COUNTS - 1;; count--) {
    guint64 n = 0;
    for (guint i = 0; i < variants->n_counters; i++)
      n += variants->counters[i].small[count];
    if (*above + n >= limit)
      return count;
    *above += n;
  }
}

static void choose(Variants *variants, guint limit) {
  guint64 above, count = count_at_limit(variants, limit, &above);
  variants->chosen = g_array_new(FALSE, FALSE, sizeof(Variant));
  variants->ties = g_array_new(FALSE, FALSE, sizeof(Variant));
  for (guint i = 0; i < variants->n_partitions; i++) {
    const Variant *distinct = (const Variant *)(const void *)variants->distinct[i]->data;
    for (guint j = 0; j < variants->distinct[i]->len; j++)
      if (distinct[j].count > count)
        g_array_append_val(variants->chosen, distinct[j]);
      else if (distinct[j].count == count)
        g_array_append_val(variants->ties, distinct[j]);
    g_clear_pointer(&variants->distinct[i], g_array_unref);
  }
  variants->ties_wanted = count ? limit - (guint)above : 0;
}

gboolean variants_finish(Variants *variants, guint threads, guint limit, GError **error) {
  variants->n_counters = threads;
  variants->counters = g_new0(Counter, threads);
  for (guint i = 0; i < threads; i++)
    variants->counters[i].large = g_array_new(FALSE, FALSE, sizeof(guint64));
  if (!parallel_run(threads, variants->n_partitions, count_partition, variants, error))
    return FALSE;
  for (guint i = 0; i < variants->n_partitions; i++)
    variants->total += variants->distinct[i]->len;
  choose(variants, limit);
  return TRUE;
}

guint64 variants_total(const Variants *variants) {
  return variants->total;
}
const GArray *variants_chosen(const Variants *variants) {
  return variants->chosen;
}
const GArray *variants_ties(const Variants *variants) {
  return variants->ties;
}
guint variants_ties_wanted(const Variants *variants) {
  return variants->ties_wanted;
}
