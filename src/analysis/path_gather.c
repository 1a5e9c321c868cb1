// SPDX-License-Identifier: Apache-2.0
// Counts paths by distinct sequence without comparing sequences. A key's rank among the names takes a few bits, so the first
// keys of a path are one number that sorts like them, an end below every key:
//
//   names a b c, 2 bits a key:   a > c      01 11 00 ...      a > c > b   01 11 10 00 ...
//
// All rows of all workers are sorted by that number; equal ones stand together and are one path. Paths of more keys than fit
// (16 of up to 15 names, 9 of up to 127) are told apart where their numbers tie: by the number of their further keys.
#include "analysis/path_counter.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/radix.h"
#include <string.h>

enum { PACK_ROWS = 1 << 14 };
static const guint32 LONG = (guint32)1 << 31;  /* with a row's number: its path has more keys than fit */
static const guint32 FIRST = (guint32)1 << 31; /* with a row's counts: its path begins here */

typedef struct { /* rows of one counter that are packed together */
  guint counter;
  guint32 first, n, at; /* at: the number of the first among all */
} Chunk;

typedef struct {
  guint32 paths;
  guint64 elements;
} Tally;

typedef struct {
  PathCounter *const *counters;
  guint n_counters, threads;
  guint32 *first_row, *first_counts; /* of each counter among all; n_counters + 1 */
  guint32 *rank;                     /* of a code's name, from 1; equal names have one rank */
  guint n_ranks, bits, fit;          /* bits a key, keys that fit */
  const char **ranked;               /* name by rank - 1 */
  guint8 *occurs;                    /* by rank; threads write only ones */
  guint32 *number;                   /* by rank: among those that occur */
  GArray *chunks;
  RadixRow *rows, *spare; /* a: the row, b: its counts + 1 or 0 */
  guint32 n_rows;
  RadixRanges ranges;
  Tally *tallies; /* of each range; then what stands before it */
  guint32 *path_of_row;
  AttributionPaths *paths;
} Gather;

/* --- names --------------------------------------------------------------------------------------- */

static int name_compare(gconstpointer a, gconstpointer b, gpointer user) {
  const char *const *names = user;
  return strcmp(names[*(const guint32 *)a], names[*(const guint32 *)b]);
}

static void rank_names(Gather *gather, const char *const *names, guint n) {
  g_autofree guint32 *order = g_new(guint32, n + 1);
  for (guint i = 0; i < n; i++)
    order[i] = i;
  g_qsort_with_data(order, (gint)n, sizeof *order, name_compare, (gpointer)names);
  gather->rank = g_new(guint32, n + 1);
  gather->ranked = g_new(const char *, n + 1);
  for (guint i = 0; i < n; i++) {
    const char *name = names[order[i]];
    if (gather->n_ranks == 0 || strcmp(gather->ranked[gather->n_ranks - 1], name) != 0)
      gather->ranked[gather->n_ranks++] = name;
    gather->rank[order[i]] = gather->n_ranks;
  }
  gather->bits = MAX(g_bit_storage(gather->n_ranks), 1);
  gather->fit = 64 / gather->bits;
  gather->occurs = g_new0(guint8, gather->n_ranks + 1);
  gather->number = g_new0(guint32, gather->n_ranks + 1);
}

/* Keys that occur get numbers in the order of their names. */
static void number_keys(Gather *gather) {
  for (guint rank = 1; rank <= gather->n_ranks; rank++)
    if (gather->occurs[rank]) {
      gather->number[rank] = gather->paths->keys->len;
      g_ptr_array_add(gather->paths->keys, g_strdup(gather->ranked[rank - 1]));
    }
}

/* --- packing ------------------------------------------------------------------------------------- */

/* Ranks of keys from `at` on, as many as fit. */
static guint64 pack(const Gather *gather, const guint32 *codes, guint32 n, guint32 at) {
  guint64 packed = 0;
  guint32 end = MIN(n, at + gather->fit);
  guint shift = 64;
  for (guint32 i = at; i < end; i++)
    packed |= (guint64)gather->rank[codes[i]] << (shift -= gather->bits);
  return packed;
}

static gboolean pack_chunk(guint task, guint worker, gpointer user, GError **error) {
  const Gather *gather = user;
  const Chunk *chunk = &g_array_index(gather->chunks, Chunk, task);
  const PathCounter *counter = gather->counters[chunk->counter];
  g_autofree guint8 *occurs = g_new0(guint8, gather->n_ranks + 1);
  for (guint32 i = 0; i < chunk->n; i++) {
    const PathRow *row = &counter->rows[chunk->first + i];
    const guint32 *codes = counter->codes + row->first;
    for (guint32 k = 0; k < row->n; k++)
      occurs[gather->rank[codes[k]]] = 1;
    gather->rows[chunk->at + i] = (RadixRow){pack(gather, codes, row->n, 0), (chunk->at + i) | (row->n > gather->fit ? LONG : 0),
                                             row->counts ? row->counts + gather->first_counts[chunk->counter] : 0};
  }
  for (guint rank = 1; rank <= gather->n_ranks; rank++)
    if (occurs[rank])
      __atomic_store_n(&gather->occurs[rank], 1, __ATOMIC_RELAXED);
  return TRUE;
}

/* The counter that number `i` of all belongs to, by where each begins. */
static guint counter_of(const Gather *gather, const guint32 *first, guint32 i) {
  guint counter = 0;
  while (counter + 1 < gather->n_counters && i >= first[counter + 1])
    counter++;
  return counter;
}

static const PathRow *row_at(const Gather *gather, guint32 a, const guint32 **codes) {
  guint32 row = a & ~LONG;
  const PathCounter *counter = gather->counters[counter_of(gather, gather->first_row, row)];
  const PathRow *found = &counter->rows[row - gather->first_row[counter_of(gather, gather->first_row, row)]];
  *codes = counter->codes + found->first;
  return found;
}

static gboolean lay_out(Gather *gather, GError **error) {
  guint64 n_rows = 0, n_counts = 0;
  gboolean full = FALSE;
  gather->first_row = g_new0(guint32, gather->n_counters + 1);
  gather->first_counts = g_new0(guint32, gather->n_counters + 1);
  gather->chunks = g_array_new(FALSE, FALSE, sizeof(Chunk));
  for (guint c = 0; c < gather->n_counters; c++) {
    const PathCounter *counter = gather->counters[c];
    full = full || counter->full || n_rows + counter->n_rows >= LONG;
    gather->first_row[c] = (guint32)n_rows;
    gather->first_counts[c] = (guint32)n_counts;
    for (guint32 first = 0; first < counter->n_rows; first += PACK_ROWS) {
      Chunk chunk = {c, first, MIN((guint32)PACK_ROWS, counter->n_rows - first), (guint32)n_rows + first};
      g_array_append_val(gather->chunks, chunk);
    }
    n_rows += counter->n_rows;
    n_counts += counter->n_counts;
  }
  gather->n_rows = gather->first_row[gather->n_counters] = (guint32)n_rows;
  gather->first_counts[gather->n_counters] = (guint32)n_counts;
  gather->rows = full ? NULL : g_try_new(RadixRow, n_rows + 1);
  gather->spare = full ? NULL : g_try_new(RadixRow, n_rows + 1);
  return (gather->rows && gather->spare) ||
         error_set(error, ERROR_LIMIT, "not enough memory for %" G_GUINT64_FORMAT " paths\nhint: narrow the range", n_rows);
}

/* --- telling paths apart ------------------------------------------------------------------------- */

typedef struct { /* rows that agree in their keys before `at`, and have more of them */
  guint32 from, n, at;
} Tie;

static guint32 length_of(const Gather *gather, const RadixRow *row) {
  const guint32 *codes;
  return row->a & LONG ? row_at(gather, row->a, &codes)->n : (63 - (guint)__builtin_ctzll(row->key)) / gather->bits + 1;
}

/* A path begins at this row. */
static void tell(Tally *tally, RadixRow *row, guint32 length) {
  row->b |= FIRST;
  tally->paths++;
  tally->elements += length;
}

/* Rows of one number, made of the keys from `at` on: those that end there are one path and come first. */
static void tell_group(const Gather *gather, Tally *tally, guint32 from, guint32 to, guint32 at, GArray *ties) {
  RadixRow *rows = gather->rows;
  guint32 ended = from;
  for (guint32 i = from; i < to; i++)
    if (length_of(gather, &rows[i]) <= at + gather->fit) {
      RadixRow row = rows[i];
      rows[i] = rows[ended];
      rows[ended++] = row;
    }
  if (ended > from)
    tell(tally, &rows[from], length_of(gather, &rows[from]));
  if (to - ended == 1)
    tell(tally, &rows[ended], length_of(gather, &rows[ended]));
  Tie tie = {ended, to - ended, at + gather->fit};
  if (tie.n > 1)
    g_array_append_val(ties, tie);
}

static void break_tie(const Gather *gather, Tally *tally, Tie tie, GArray *ties) {
  RadixRow *rows = gather->rows + tie.from;
  for (guint32 i = 0; i < tie.n; i++) {
    const guint32 *codes;
    guint32 length = row_at(gather, rows[i].a, &codes)->n;
    rows[i].key = pack(gather, codes, length, tie.at);
  }
  radix_sort_few(rows, gather->spare + tie.from, tie.n);
  for (guint32 i = 0, end; i < tie.n; i = end) {
    for (end = i + 1; end < tie.n && rows[end].key == rows[i].key;)
      end++;
    tell_group(gather, tally, tie.from + i, tie.from + end, tie.at, ties);
  }
}

static gboolean tell_range(guint range, guint worker, gpointer user, GError **error) {
  const Gather *gather = user;
  g_autoptr(GArray) ties = g_array_new(FALSE, FALSE, sizeof(Tie));
  RadixRow *rows = gather->rows;
  Tally *tally = &gather->tallies[range];
  guint64 last_key = ((G_GUINT64_CONSTANT(1) << gather->bits) - 1) << (64 - gather->fit * gather->bits);
  for (guint32 i = gather->ranges.start[range], end; i < gather->ranges.start[range + 1]; i = end) {
    for (end = i + 1; end < gather->ranges.start[range + 1] && rows[end].key == rows[i].key;)
      end++;
    if (rows[i].key & last_key)
      tell_group(gather, tally, i, end, 0, ties);
    else
      tell(tally, &rows[i], length_of(gather, &rows[i]));
  }
  while (ties->len) {
    Tie tie = g_array_index(ties, Tie, ties->len - 1);
    g_array_set_size(ties, ties->len - 1);
    break_tie(gather, tally, tie, ties);
  }
  return TRUE;
}

/* --- writing them down --------------------------------------------------------------------------- */

static gboolean set_size(GArray *column, guint64 n, GError **error) {
  if (n >= G_MAXUINT32)
    return error_set(error, ERROR_LIMIT, "the paths have more than 2^32 keys together\nhint: narrow the range");
  g_array_set_size(column, (guint)n);
  return TRUE;
}

/* From each range's tally to what stands before it; the columns get their sizes. */
static gboolean make_room(Gather *gather, GError **error) {
  AttributionPaths *paths = gather->paths;
  Tally before = {0, 0};
  for (guint range = 0; range < gather->ranges.n; range++) {
    Tally tally = gather->tallies[range];
    gather->tallies[range] = before;
    before.paths += tally.paths;
    before.elements += tally.elements;
  }
  GArray *columns[] = {paths->conversions, paths->nulls, paths->value, paths->net_value};
  for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
    g_array_set_size(columns[i], before.paths);
  if (!set_size(paths->elements, before.elements, error))
    return FALSE;
  g_array_set_size(paths->start, before.paths + 1);
  g_array_index(paths->start, guint32, before.paths) = (guint32)before.elements;
  if (gather->counters[0]->timed) {
    g_array_set_size(paths->decay, (guint)before.elements);
    memset(paths->decay->data, 0, before.elements * sizeof(DecaySum));
  }
  return TRUE;
}

/* Returns where the next path's keys go. */
static guint32 spell(const Gather *gather, const RadixRow *row, guint32 at) {
  guint32 *elements = (guint32 *)(gpointer)gather->paths->elements->data;
  if (row->a & LONG) {
    const guint32 *codes;
    guint32 n = row_at(gather, row->a, &codes)->n;
    for (guint32 i = 0; i < n; i++)
      elements[at++] = gather->number[gather->rank[codes[i]]];
    return at;
  }
  for (guint64 key = row->key; key; key <<= gather->bits)
    elements[at++] = gather->number[key >> (64 - gather->bits)];
  return at;
}

static void add_counts(const Gather *gather, guint32 path, guint32 number) {
  AttributionPaths *paths = gather->paths;
  guint at = counter_of(gather, gather->first_counts, number);
  const PathCounter *counter = gather->counters[at];
  const PathCounts *counts = &counter->counts[number - gather->first_counts[at]];
  g_array_index(paths->conversions, gint64, path) += counts->conversions;
  g_array_index(paths->nulls, gint64, path) += counts->nulls;
  g_array_index(paths->value, gint64, path) += counts->value;
  g_array_index(paths->net_value, gint64, path) += counts->net_value;
}

static void add_decay(const Gather *gather, guint32 start, guint32 end, guint32 number) {
  guint at = counter_of(gather, gather->first_counts, number);
  const PathCounter *counter = gather->counters[at];
  const DecaySum *more = counter->decay + counter->decay_at[number - gather->first_counts[at]];
  DecaySum *sums = &g_array_index(gather->paths->decay, DecaySum, start);
  for (guint32 i = 0; i < end - start; i++)
    sums[i] = (DecaySum){sums[i].share + more[i].share, sums[i].value + more[i].value, sums[i].net_value + more[i].net_value};
}

static gboolean write_range(guint range, guint worker, gpointer user, GError **error) {
  const Gather *gather = user;
  AttributionPaths *paths = gather->paths;
  guint32 path = gather->tallies[range].paths - 1, start = 0, end = (guint32)gather->tallies[range].elements;
  gboolean timed = gather->counters[0]->timed;
  for (guint32 i = gather->ranges.start[range]; i < gather->ranges.start[range + 1]; i++) {
    const RadixRow *row = &gather->rows[i];
    guint32 counts = row->b & ~FIRST;
    if (row->b & FIRST) {
      path++;
      start = g_array_index(paths->start, guint32, path) = end;
      end = spell(gather, row, start);
      g_array_index(paths->conversions, gint64, path) = g_array_index(paths->nulls, gint64, path) = 0;
      g_array_index(paths->value, gint64, path) = g_array_index(paths->net_value, gint64, path) = 0;
    }
    if (counts)
      add_counts(gather, path, counts - 1);
    else
      g_array_index(paths->nulls, gint64, path)++;
    if (counts && timed)
      add_decay(gather, start, end, counts - 1);
    if (gather->path_of_row)
      gather->path_of_row[row->a & ~LONG] = path;
  }
  return TRUE;
}

/* Who has several paths: theirs are the counters' rows until here. */
static void gather_persons(Gather *gather) {
  AttributionPaths *paths = gather->paths;
  if (!gather->path_of_row)
    return;
  paths->persons = person_paths_new();
  for (guint c = 0; c < gather->n_counters; c++)
    person_paths_append(paths->persons, gather->counters[c]->persons, gather->first_row[c]);
  if (person_paths_whole(paths->persons))
    person_paths_renumber(paths->persons, gather->path_of_row);
  else
    g_clear_pointer(&paths->persons, person_paths_free);
}

/* --- all of it ----------------------------------------------------------------------------------- */

static void add_apart(AttributionPaths *paths, const PathCounter *counter) {
  paths->none_conversions += counter->none_conversions;
  paths->none_value += counter->none_value;
  paths->none_net_value += counter->none_net_value;
  paths->unidentified += counter->unidentified;
  paths->unidentified_value += counter->unidentified_value;
  paths->unidentified_net_value += counter->unidentified_net_value;
  paths->open_paths += counter->open_paths;
}

static gboolean gather_paths(Gather *gather, GError **error) {
  if (!lay_out(gather, error))
    return FALSE;
  if (gather->counters[0]->persons)
    gather->path_of_row = g_new(guint32, gather->n_rows + 1);
  if (!parallel_run(gather->threads, gather->chunks->len, pack_chunk, gather, error) ||
      !radix_sort(gather->rows, gather->spare, gather->n_rows, gather->threads, &gather->ranges, error))
    return FALSE;
  number_keys(gather);
  gather->tallies = g_new0(Tally, gather->ranges.n + 1);
  if (!parallel_run(gather->threads, gather->ranges.n, tell_range, gather, error) || !make_room(gather, error) ||
      !parallel_run(gather->threads, gather->ranges.n, write_range, gather, error))
    return FALSE;
  gather_persons(gather);
  return TRUE;
}

static void gather_clear(Gather *gather) {
  g_free(gather->first_row);
  g_free(gather->first_counts);
  g_free(gather->rank);
  g_free(gather->ranked);
  g_free(gather->occurs);
  g_free(gather->number);
  g_clear_pointer(&gather->chunks, g_array_unref);
  g_free(gather->rows);
  g_free(gather->spare);
  g_free(gather->ranges.start);
  g_free(gather->tallies);
  g_free(gather->path_of_row);
}

AttributionPaths *path_counter_gather(PathCounter *const *counters, guint n, const char *const *names, guint n_names, guint threads,
                                      GError **error) {
  g_autoptr(AttributionPaths) paths = attribution_paths_new();
  Gather gather = {.counters = counters, .n_counters = n, .threads = threads, .paths = paths};
  for (guint i = 0; i < n; i++)
    add_apart(paths, counters[i]);
  rank_names(&gather, names, n_names);
  gboolean good = gather_paths(&gather, error);
  gather_clear(&gather);
  return good ? g_steal_pointer(&paths) : NULL;
}
