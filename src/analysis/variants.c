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

enum { PARTITION_RECORDS = 4096, PARTITIONS_MAX = 1024, CHUNK_RECORDS = 680, SMALL_COUNTS = 4096 };

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

typedef struct {
  Record record;
  guint64 count;
} Tally;

typedef struct {  /* of one thread, while counting */
  guint32 *slots; /* 0: free; else number + 1 of a tally: small, so that it stays in the nearest cache */
  Tally *tallies;
  gsize n_slots, n_tallies, room; /* of either */
  guint64 small[SMALL_COUNTS];    /* count -> sequences */
  GArray *large;                  /* of guint64: counts beyond */
} Counter;

typedef struct { /* a partition's distinct sequences */
  Variant *variants;
  gsize n;
  GArray *chosen, *ties; /* of Variant */
} Distinct;

struct Variants {
  guint n_workers, n_partitions, shift;
  Stream *streams; /* [worker * n_partitions + partition] */
  Arena *arenas;   /* one a worker */
  Counter *counters;
  guint n_counters;
  Distinct *distinct; /* by partition */
  guint64 total, cut; /* cut: the count that the last one shown has; 0: all are shown */
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
  variants->distinct = g_new0(Distinct, variants->n_partitions);
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
  for (guint i = 0; i < variants->n_partitions; i++) {
    g_free(variants->distinct[i].variants);
    g_clear_pointer(&variants->distinct[i].chosen, g_array_unref);
    g_clear_pointer(&variants->distinct[i].ties, g_array_unref);
  }
  for (guint i = 0; i < variants->n_counters; i++) {
    g_free(variants->counters[i].slots);
    g_free(variants->counters[i].tallies);
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
  counter->n_tallies = 0;
  counter->n_slots = 16;
  while (counter->n_slots < records * 2)
    counter->n_slots *= 2;
  if (counter->n_slots > counter->room) {
    g_free(counter->slots);
    g_free(counter->tallies);
    counter->slots = g_try_new(guint32, counter->n_slots);
    counter->tallies = g_try_new(Tally, counter->n_slots / 2);
    counter->room = counter->slots && counter->tallies ? counter->n_slots : 0;
  }
  if (counter->room)
    memset(counter->slots, 0, counter->n_slots * sizeof *counter->slots);
  return counter->room != 0;
}

static inline void counter_add(Counter *counter, const Record *record) {
  gsize mask = counter->n_slots - 1, at = record->low & mask;
  for (; counter->slots[at]; at = (at + 1) & mask) {
    Tally *tally = &counter->tallies[counter->slots[at] - 1];
    if (tally->record.low == record->low && tally->record.high == record->high) {
      tally->count++;
      return;
    }
  }
  counter->tallies[counter->n_tallies++] = (Tally){*record, 1};
  counter->slots[at] = (guint32)counter->n_tallies;
}

static gboolean counter_distinct(Counter *counter, Distinct *out) {
  out->variants = g_try_new(Variant, counter->n_tallies + 1);
  if (!out->variants)
    return FALSE;
  out->n = counter->n_tallies;
  for (gsize i = 0; i < out->n; i++) {
    const Tally *tally = &counter->tallies[i];
    out->variants[i] = (Variant){tally->count, tally->record.ref};
    if (tally->count < SMALL_COUNTS)
      counter->small[tally->count]++;
    else
      g_array_append_val(counter->large, tally->count);
  }
  return TRUE;
}

static gboolean no_memory(gsize records, GError **error) {
  return error_set(error, ERROR_LIMIT, "no memory to count %" G_GSIZE_FORMAT " paths", records);
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
    return no_memory(records, error);
  for (guint i = 0; i < variants->n_workers; i++) {
    const Stream *stream = &variants->streams[i * variants->n_partitions + partition];
    for (const Chunk *chunk = stream->chunks; chunk; chunk = chunk->next)
      for (gsize j = 0, filled = chunk_filled(stream, chunk); j < filled; j++)
        counter_add(counter, &chunk->records[j]);
  }
  return counter_distinct(counter, &variants->distinct[partition]) || no_memory(records, error);
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

static gboolean choose_of_partition(guint partition, guint worker, gpointer user, GError **error) {
  Variants *variants = user;
  Distinct *distinct = &variants->distinct[partition];
  distinct->chosen = g_array_new(FALSE, FALSE, sizeof(Variant));
  distinct->ties = g_array_new(FALSE, FALSE, sizeof(Variant));
  for (gsize i = 0; i < distinct->n; i++)
    if (distinct->variants[i].count > variants->cut)
      g_array_append_val(distinct->chosen, distinct->variants[i]);
    else if (distinct->variants[i].count == variants->cut)
      g_array_append_val(distinct->ties, distinct->variants[i]);
  g_clear_pointer(&distinct->variants, g_free);
  return TRUE;
}

static gboolean choose(Variants *variants, guint threads, guint limit, GError **error) {
  guint64 above;
  variants->cut = count_at_limit(variants, limit, &above);
  variants->chosen = g_array_new(FALSE, FALSE, sizeof(Variant));
  variants->ties = g_array_new(FALSE, FALSE, sizeof(Variant));
  variants->ties_wanted = variants->cut ? limit - (guint)above : 0;
  if (!parallel_run(threads, variants->n_partitions, choose_of_partition, variants, error))
    return FALSE;
  for (guint i = 0; i < variants->n_partitions; i++) {
    const Distinct *distinct = &variants->distinct[i];
    g_array_append_vals(variants->chosen, distinct->chosen->data, distinct->chosen->len);
    g_array_append_vals(variants->ties, distinct->ties->data, distinct->ties->len);
  }
  return TRUE;
}

gboolean variants_finish(Variants *variants, guint threads, guint limit, GError **error) {
  variants->n_counters = threads;
  variants->counters = g_new0(Counter, threads);
  for (guint i = 0; i < threads; i++)
    variants->counters[i].large = g_array_new(FALSE, FALSE, sizeof(guint64));
  if (!parallel_run(threads, variants->n_partitions, count_partition, variants, error))
    return FALSE;
  for (guint i = 0; i < variants->n_partitions; i++)
    variants->total += variants->distinct[i].n;
  return choose(variants, threads, limit, error);
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
