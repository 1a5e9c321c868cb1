// SPDX-License-Identifier: Apache-2.0
/* The middle of many values is found in one pass: a sample says between which two values it lies almost
 * certainly; values below are counted, values between kept (a few per cent) and selected from. Should the
 * sample have erred, the value is found digit by digit, 16 bits at a time from the top, in three passes and
 * constant memory. Long durations are all greater than short ones, so the rank alone says which kind to look
 * among. Chunks double up to 256 KiB. */
#include "analysis/durations.h"
#include <math.h>
#include <string.h>

enum { CHUNK_BYTES_MIN = 256, FEW = 4096, SAMPLE = 4096, CHUNK_BYTES_MAX = 256 << 10, DIGITS = 65536 };

struct DurationsChunk {
  DurationsChunk *next; /* the one before it */
  gsize bytes;          /* with this header */
  gsize filled;         /* values; of the newest chunk only the bag knows */
  gint64 values[];
};

Durations *durations_new(Arena *arena, gsize n) {
  Durations *bags = g_new0(Durations, n);
  for (gsize i = 0; i < n; i++)
    bags[i].arena = arena;
  return bags;
}

static void chunks_free(DurationsChunk *chunk) {
  while (chunk) {
    DurationsChunk *next = chunk->next;
    g_free(chunk);
    chunk = next;
  }
}

void durations_clear(Durations *durations) {
  if (!durations->arena) {
    chunks_free(durations->shorts);
    chunks_free(durations->longs);
  }
  *durations = (Durations){.arena = durations->arena};
}

static DurationsChunk *chunk_push(Durations *durations, DurationsChunk **list) {
  gsize bytes = *list ? MIN((*list)->bytes * 2, CHUNK_BYTES_MAX) : CHUNK_BYTES_MIN;
  DurationsChunk *chunk = durations->arena ? arena_take(durations->arena, bytes) : g_try_malloc(bytes);
  if (!chunk) {
    durations->failed = TRUE;
    return NULL;
  }
  *chunk = (DurationsChunk){.next = *list, .bytes = bytes};
  return *list = chunk;
}

gboolean durations_grow_short(Durations *durations) {
  if (durations->shorts && durations->at)
    durations->shorts->filled = (gsize)(durations->at - (guint32 *)durations->shorts->values);
  DurationsChunk *chunk = chunk_push(durations, &durations->shorts);
  durations->at = chunk ? (guint32 *)chunk->values : NULL;
  durations->end = chunk ? durations->at + (chunk->bytes - sizeof *chunk) / sizeof(guint32) : NULL;
  return chunk != NULL;
}

gboolean durations_grow_long(Durations *durations) {
  if (durations->longs && durations->long_at)
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

/* Puts the value of rank k where it belongs; smaller ones stand before it, greater ones behind (Hoare's select). */
static gint64 select_rank(gint64 *values, gsize n, gsize k) {
  gsize from = 0, to = n - 1;
  while (from < to) {
    gint64 pivot = values[from + (to - from) / 2];
    gsize i = from, j = to;
    for (;; i++, j--) {
      while (values[i] < pivot)
        i++;
      while (values[j] > pivot)
        j--;
      if (i >= j)
        break;
      gint64 other = values[i];
      values[i] = values[j];
      values[j] = other;
    }
    if (k <= j)
      to = j;
    else
      from = j + 1;
  }
  return values[k];
}

/* Few values are selected from directly. */
static double few_at(const Durations *const *bags, guint n, guint64 first, guint64 second) {
  gint64 values[FEW];
  guint at = 0;
  for (guint i = 0; i < n; i++)
    for (Kind kind = SHORT; kind <= LONG; kind++)
      for (const DurationsChunk *chunk = bag_chunks(bags[i], kind); chunk; chunk = chunk->next)
        for (gsize j = 0, filled = chunk_filled(bags[i], chunk, kind); j < filled; j++)
          values[at++] = value_at(chunk, j, kind);
  return (double)select_rank(values, at, first) / 2 + (double)select_rank(values, at, second) / 2;
}

/* The values of ranks k and k + 1 by the digits alone. */
static void middle_by_digits(const Durations *const *bags, guint n, Kind kind, guint64 k, guint64 filled, gint64 middle[2]) {
  gint64 next;
  middle[0] = middle[1] = rank_value(bags, n, kind, k);
  if (k + 1 < filled && count_up_to(bags, n, kind, middle[0], &next) == k + 1)
    middle[1] = next;
}

typedef struct {
  gint64 low, high; /* what is looked for lies between, both included */
  guint64 below;    /* values less than low */
  gint64 *kept;     /* those between */
  gsize n_kept, room;
} Bracket;

/* From a sample of every n-th value: the part of it that holds rank k of `filled` but once in ten thousand times. */
static void bracket_sample(Bracket *bracket, const Durations *const *bags, guint n, Kind kind, guint64 k, guint64 filled) {
  gint64 sample[SAMPLE];
  guint taken = 0;
  gsize stride = (gsize)(filled / SAMPLE) + 1, at = 0;
  for (guint i = 0; i < n; i++)
    for (const DurationsChunk *chunk = bag_chunks(bags[i], kind); chunk; chunk = chunk->next) {
      gsize size = chunk_filled(bags[i], chunk, kind);
      for (; at < size; at += stride)
        sample[taken++] = value_at(chunk, at, kind);
      at -= size;
    }
  gint64 middle = (gint64)((double)k / (double)filled * taken), margin = 2 * (gint64)sqrt(taken) + 2;
  bracket->low = middle > margin ? select_rank(sample, taken, (gsize)(middle - margin)) : 0;
  bracket->high = middle + margin < taken ? select_rank(sample, taken, (gsize)(middle + margin)) : G_MAXINT64;
}

#define KEEP_BETWEEN(type)                                                                                                         \
  for (gsize i = 0; i < size; i++) {                                                                                               \
    gint64 value = ((const type *)chunk->values)[i];                                                                               \
    below += value < low;                                                                                                          \
    kept[n_kept] = value;                                                                                                          \
    n_kept += value >= low && value <= high;                                                                                       \
  }

static gboolean bracket_chunk(Bracket *bracket, const DurationsChunk *chunk, gsize size, Kind kind) {
  if (bracket->room - bracket->n_kept < size) {
    bracket->room = (bracket->n_kept + size) * 3 / 2;
    gint64 *kept = g_try_renew(gint64, bracket->kept, bracket->room);
    if (!kept)
      return FALSE;
    bracket->kept = kept;
  }
  gint64 low = bracket->low, high = bracket->high, *kept = bracket->kept;
  gsize n_kept = bracket->n_kept;
  guint64 below = bracket->below;
  if (kind == SHORT) {
    KEEP_BETWEEN(guint32)
  } else {
    KEEP_BETWEEN(gint64)
  }
  bracket->n_kept = n_kept;
  bracket->below = below;
  return TRUE;
}

static gboolean middle_by_sample(const Durations *const *bags, guint n, Kind kind, guint64 k, guint64 filled, gint64 middle[2]) {
  Bracket bracket = {0};
  gboolean found = TRUE;
  bracket_sample(&bracket, bags, n, kind, k, filled);
  for (guint i = 0; i < n && found; i++)
    for (const DurationsChunk *chunk = bag_chunks(bags[i], kind); chunk && found; chunk = chunk->next)
      found = bracket_chunk(&bracket, chunk, chunk_filled(bags[i], chunk, kind), kind);
  guint64 second = MIN(k + 1, filled - 1);
  found = found && k >= bracket.below && second < bracket.below + bracket.n_kept;
  if (found) {
    middle[0] = select_rank(bracket.kept, bracket.n_kept, k - bracket.below);
    middle[1] = select_rank(bracket.kept, bracket.n_kept, second - bracket.below);
  }
  g_free(bracket.kept);
  return found;
}

double durations_at(const Durations *const *bags, guint n, guint64 rank, gboolean with_next) {
  guint64 filled[] = {0, 0};
  for (guint i = 0; i < n; i++)
    for (Kind kind = SHORT; kind <= LONG; kind++)
      filled[kind] += bag_count(bags[i], kind);
  g_return_val_if_fail(rank + with_next < filled[SHORT] + filled[LONG], NAN);
  if (filled[SHORT] + filled[LONG] <= FEW)
    return few_at(bags, n, rank, rank + with_next);
  Kind kind = rank < filled[SHORT] ? SHORT : LONG;
  guint64 k = kind == SHORT ? rank : rank - filled[SHORT];
  gint64 middle[2];
  if (!middle_by_sample(bags, n, kind, k, filled[kind], middle))
    middle_by_digits(bags, n, kind, k, filled[kind], middle);
  if (!with_next)
    middle[1] = middle[0];
  else if (k + 1 == filled[kind])
    middle[1] = rank_value(bags, n, LONG, 0);
  return (double)middle[0] / 2 + (double)middle[1] / 2;
}

double durations_median(const Durations *const *bags, guint n) {
  guint64 all = 0;
  for (guint i = 0; i < n; i++)
    all += durations_count(bags[i]);
  return all ? durations_at(bags, n, (all - 1) / 2, all % 2 == 0) : NAN;
}
