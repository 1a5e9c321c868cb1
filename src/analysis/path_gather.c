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
#include "base/pages.h"
#include "base/parallel.h"
#include "base/radix.h"
#include <string.h>

enum { SLABS_MAX = 1 << (31 - PATH_SLAB_BITS), FIT_MAX = 64 };
static const guint32 LONG = (guint32)1 << 31;  /* with a row's number: its path has more keys than fit */
static const guint32 FIRST = (guint32)1 << 31; /* with a row's cell: its path begins here */
static const guint32 LEFT_OUT = G_MAXINT32;    /* instead of a row's cell: its path is not wanted */

typedef struct { /* some rows of a counter */
  const PathCounter *counter;
  const RadixRow *rows;
  guint32 n;
  guint32 at;         /* among the packed ones */
  guint32 first_cell; /* the number of the counter's first cell among all */
} Chunk;

typedef struct {
  guint32 paths;
  guint64 elements;
  guint32 left_out; /* rows of paths that are not wanted */
  KeySets *sets;    /* of the thread at work, or NULL */
} Tally;

typedef struct {
  const PathGathering *what;
  guint32 *rank;            /* of a code's name, from 1; equal names have one rank */
  guint n_ranks, bits, fit; /* bits a key, keys that fit */
  const char **ranked;      /* name by rank - 1 */
  guint8 *occurs;           /* by rank; threads write only ones */
  guint32 *number;          /* by rank: among those that occur */
  GArray *chunks;           /* a slab each: a row's number tells its chunk and its place there */
  GPtrArray *cells;         /* slabs of all counters; numbered alike */
  RadixRow *rows, *spare;   /* packed. a: the row's number, b: its cell's + 1 or 0 */
  guint32 n_rows;
  RadixRanges ranges;
  Tally *tallies; /* of each range; then what stands before it */
  KeySets *sets;  /* of each thread, a bit is a rank - 1; NULL when there are too many names */
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

/* The codes of a row, in `room` when it is a number itself; returns how many. */
static guint32 codes_of(const PathCounter *counter, const RadixRow *row, guint32 room[FIT_MAX], const guint32 **codes) {
  if (row->a & PATH_IN_ARENA) {
    const guint32 *kept = (const guint32 *)(guintptr)row->key;
    *codes = kept + 1;
    return kept[0];
  }
  guint32 n = 0;
  for (guint64 key = row->key; key; key <<= counter->bits)
    room[n++] = (guint32)(key >> (64 - counter->bits)) - 1;
  *codes = room;
  return n;
}

static guint32 row_codes(const Gather *gather, guint32 a, guint32 room[FIT_MAX], const guint32 **codes) {
  guint32 number = a & ~LONG;
  const Chunk *chunk = &g_array_index(gather->chunks, Chunk, number >> PATH_SLAB_BITS);
  return codes_of(chunk->counter, &chunk->rows[number & (PATH_SLAB - 1)], room, codes);
}

/* Ranks of keys from `at` on, as many as fit. */
static guint64 pack(const Gather *gather, const guint32 *codes, guint32 n, guint32 at) {
  guint64 packed = 0;
  guint32 end = MIN(n, at + gather->fit);
  guint shift = 64;
  for (guint32 i = at; i < end; i++)
    packed |= (guint64)gather->rank[codes[i]] << (shift -= gather->bits);
  return packed;
}

static void mark_occurring(const Gather *gather, const guint8 *occurs) {
  for (guint rank = 1; rank <= gather->n_ranks; rank++)
    if (occurs[rank])
      __atomic_store_n(&gather->occurs[rank], 1, __ATOMIC_RELAXED);
}

static RadixRow packed_row(const Chunk *chunk, guint task, guint32 i, guint64 key, gboolean is_long) {
  guint32 cell = chunk->rows[i].b, number = task << PATH_SLAB_BITS | i;
  return (RadixRow){key, number | (is_long ? LONG : 0), cell ? cell + chunk->first_cell : 0};
}

static void pack_row(const Gather *gather, const Chunk *chunk, guint task, guint32 i, guint8 *occurs) {
  guint32 room[FIT_MAX];
  const guint32 *codes;
  guint32 n = codes_of(chunk->counter, &chunk->rows[i], room, &codes);
  for (guint32 k = 0; k < n; k++)
    occurs[gather->rank[codes[k]]] = 1;
  gather->rows[chunk->at + i] = packed_row(chunk, task, i, pack(gather, codes, n, 0), n > gather->fit);
}

/* Several codes of a counter's number at once become ranks: what they make by what they were. */
typedef struct {
  guint codes, bits, out_bits; /* of a group */
  guint groups;                /* in a number */
  guint32 *packed;             /* by group */
  guint8 *met;                 /* by group */
} Groups;

enum { GROUP_BITS = 12 };

static gboolean groups_init(Groups *groups, const Gather *gather, const PathCounter *counter) {
  guint codes = GROUP_BITS / counter->bits, mask = (1u << counter->bits) - 1;
  if (codes == 0 || gather->bits > counter->bits)
    return FALSE;
  *groups = (Groups){.codes = codes, .bits = codes * counter->bits, .out_bits = codes * gather->bits};
  guint n = 1u << groups->bits;
  groups->groups = (64 / counter->bits + codes - 1) / codes;
  groups->packed = g_new0(guint32, n);
  groups->met = g_new0(guint8, n);
  for (guint group = 0; group < n; group++)
    for (guint k = 0; k < codes; k++) {
      guint code = group >> (groups->bits - (k + 1) * counter->bits) & mask;
      if (code && code <= gather->what->n_names)
        groups->packed[group] |= gather->rank[code - 1] << (groups->out_bits - (k + 1) * gather->bits);
    }
  return TRUE;
}

static void groups_clear(Groups *groups, const Gather *gather, const PathCounter *counter, guint8 *occurs) {
  guint mask = (1u << counter->bits) - 1;
  for (guint group = 0; group < 1u << groups->bits; group++)
    for (guint code, rest = groups->met[group] ? group : 0; rest; rest >>= counter->bits)
      if ((code = rest & mask))
        occurs[gather->rank[code - 1]] = 1;
  g_free(groups->packed);
  g_free(groups->met);
}

/* As many codes as fit into a counter's number fit into a packed one: what stands there past its end is none. */
static guint64 pack_groups(const Groups *groups, guint64 key) {
  guint64 packed = 0;
  guint shift = 64;
  for (guint i = 0; i < groups->groups; i++, key <<= groups->bits) {
    guint group = (guint)(key >> (64 - groups->bits));
    guint64 made = groups->packed[group];
    groups->met[group] = 1;
    packed |= shift >= groups->out_bits ? made << (shift - groups->out_bits) : made >> (groups->out_bits - shift);
    shift -= MIN(shift, groups->out_bits);
  }
  return packed;
}

static gboolean pack_chunk(guint task, guint worker, gpointer user, GError **error) {
  const Gather *gather = user;
  const Chunk *chunk = &g_array_index(gather->chunks, Chunk, task);
  g_autofree guint8 *occurs = g_new0(guint8, gather->n_ranks + 1);
  Groups groups;
  gboolean grouped = groups_init(&groups, gather, chunk->counter);
  for (guint32 i = 0; i < chunk->n; i++)
    if (grouped && !(chunk->rows[i].a & PATH_IN_ARENA))
      gather->rows[chunk->at + i] = packed_row(chunk, task, i, pack_groups(&groups, chunk->rows[i].key), FALSE);
    else
      pack_row(gather, chunk, task, i, occurs);
  if (grouped)
    groups_clear(&groups, gather, chunk->counter, occurs);
  mark_occurring(gather, occurs);
  return TRUE;
}

static void lay_out_counter(Gather *gather, const PathCounter *counter) {
  guint32 first_cell = gather->cells->len << PATH_SLAB_BITS;
  for (guint slab = 0; slab < counter->rows->len; slab++) {
    Chunk chunk = {counter, counter->rows->pdata[slab], MIN((guint32)PATH_SLAB, counter->n_rows - slab * PATH_SLAB), gather->n_rows,
                   first_cell};
    g_array_append_val(gather->chunks, chunk);
    gather->n_rows += chunk.n;
  }
  for (guint slab = 0; slab < counter->cells->len; slab++)
    g_ptr_array_add(gather->cells, counter->cells->pdata[slab]);
}

static gboolean lay_out(Gather *gather, GError **error) {
  gboolean full = FALSE;
  gather->chunks = g_array_new(FALSE, FALSE, sizeof(Chunk));
  gather->cells = g_ptr_array_new();
  for (guint c = 0; c < gather->what->n_counters; c++) {
    full = full || gather->what->counters[c]->full;
    lay_out_counter(gather, gather->what->counters[c]);
  }
  full = full || gather->chunks->len > SLABS_MAX || gather->cells->len >= SLABS_MAX;
  gsize bytes = (gather->n_rows + (gsize)1) * sizeof(RadixRow);
  gather->rows = full ? NULL : g_try_malloc(bytes);
  gather->spare = full ? NULL : g_try_malloc(bytes);
  pages_large(gather->rows, bytes);
  pages_large(gather->spare, bytes);
  return (gather->rows && gather->spare) ||
         error_set(error, ERROR_LIMIT, "not enough memory for %u paths\nhint: narrow the range", gather->n_rows);
}

static const PathCell *cell_at(const Gather *gather, guint32 number) {
  return (const PathCell *)gather->cells->pdata[number >> PATH_SLAB_BITS] + (number & (PATH_SLAB - 1));
}

/* --- telling paths apart ------------------------------------------------------------------------- */

typedef struct { /* rows that agree in their keys before `at`, and have more of them */
  guint32 from, n, at;
} Tie;

static guint32 length_of(const Gather *gather, const RadixRow *row) {
  guint32 room[FIT_MAX];
  const guint32 *codes;
  return row->a & LONG ? row_codes(gather, row->a, room, &codes) : (63 - (guint)__builtin_ctzll(row->key)) / gather->bits + 1;
}

/* The keys that a row's path holds. */
static guint64 held_keys(const Gather *gather, const RadixRow *row) {
  guint64 held = 0;
  if (row->a & LONG) {
    guint32 room[FIT_MAX];
    const guint32 *codes;
    for (guint32 n = row_codes(gather, row->a, room, &codes); n; n--)
      held |= G_GUINT64_CONSTANT(1) << (gather->rank[codes[n - 1]] - 1);
    return held;
  }
  for (guint64 key = row->key; key; key <<= gather->bits)
    held |= G_GUINT64_CONSTANT(1) << ((key >> (64 - gather->bits)) - 1);
  return held;
}

/* Rows of one path. */
static void tell(const Gather *gather, Tally *tally, RadixRow *rows, guint32 n) {
  gboolean wanted = !gather->what->converted_only || !tally->sets;
  for (guint32 i = 0; i < n && !wanted; i++)
    wanted = rows[i].b != 0;
  if (!wanted) {
    for (guint32 i = 0; i < n; i++)
      rows[i].b = LEFT_OUT;
    tally->left_out += n;
    key_sets_add(tally->sets, held_keys(gather, rows), n, 0);
    return;
  }
  tally->paths++;
  tally->elements += length_of(gather, rows);
  rows->b |= FIRST;
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
    tell(gather, tally, &rows[from], ended - from);
  if (to - ended == 1)
    tell(gather, tally, &rows[ended], 1);
  Tie tie = {ended, to - ended, at + gather->fit};
  if (tie.n > 1)
    g_array_append_val(ties, tie);
}

static void break_tie(const Gather *gather, Tally *tally, Tie tie, GArray *ties) {
  RadixRow *rows = gather->rows + tie.from;
  for (guint32 i = 0; i < tie.n; i++) {
    guint32 room[FIT_MAX];
    const guint32 *codes;
    guint32 length = row_codes(gather, rows[i].a, room, &codes);
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
  tally->sets = gather->sets ? &gather->sets[worker] : NULL;
  guint64 last_key = ((G_GUINT64_CONSTANT(1) << gather->bits) - 1) << (64 - gather->fit * gather->bits);
  for (guint32 i = gather->ranges.start[range], end; i < gather->ranges.start[range + 1]; i = end) {
    for (end = i + 1; end < gather->ranges.start[range + 1] && rows[end].key == rows[i].key;)
      end++;
    if (rows[i].key & last_key)
      tell_group(gather, tally, i, end, 0, ties);
    else
      tell(gather, tally, &rows[i], end - i);
  }
  while (ties->len) {
    Tie tie = g_array_index(ties, Tie, ties->len - 1);
    g_array_set_size(ties, ties->len - 1);
    break_tie(gather, tally, tie, ties);
  }
  return TRUE;
}

/* --- writing them down --------------------------------------------------------------------------- */

static void set_size(GArray *column, guint n) {
  g_array_set_size(column, n);
  pages_large(column->data, n * (gsize)g_array_get_element_size(column));
}

/* From each range's tally to what stands before it; the columns get their sizes. */
static gboolean make_room(Gather *gather, GError **error) {
  AttributionPaths *paths = gather->paths;
  Tally before = {0, 0, 0, NULL};
  for (guint range = 0; range < gather->ranges.n; range++) {
    Tally tally = gather->tallies[range];
    gather->tallies[range] = before;
    before.paths += tally.paths;
    before.elements += tally.elements;
    paths->left_out += tally.left_out;
  }
  if (before.elements >= G_MAXUINT32)
    return error_set(error, ERROR_LIMIT, "the paths have more than 2^32 keys together\nhint: narrow the range");
  GArray *columns[] = {paths->conversions, paths->nulls, paths->value, paths->net_value};
  for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
    set_size(columns[i], before.paths);
  set_size(paths->elements, (guint)before.elements);
  set_size(paths->start, before.paths + 1);
  g_array_index(paths->start, guint32, before.paths) = (guint32)before.elements;
  if (gather->what->counters[0]->timed) {
    set_size(paths->decay, (guint)before.elements);
    memset(paths->decay->data, 0, before.elements * sizeof(DecaySum));
  }
  return TRUE;
}

typedef struct { /* the columns of the paths, as plain arrays */
  guint32 *start, *elements;
  gint64 *conversions, *nulls, *value, *net_value;
  DecaySum *decay;
  guint32 path, end; /* where the next path and its keys go */
  KeySets *sets;     /* of the thread at work, or NULL */
} Writer;

static Writer writer_at(const Gather *gather, const Tally *before) {
  const AttributionPaths *paths = gather->paths;
  gpointer columns[] = {paths->start->data, paths->elements->data,  paths->conversions->data, paths->nulls->data,
                        paths->value->data, paths->net_value->data, paths->decay->data};
  return (Writer){
      columns[0], columns[1], columns[2], columns[3], columns[4], columns[5], columns[6], before->paths, (guint32)before->elements};
}

static void spell(const Gather *gather, const RadixRow *row, Writer *out) {
  guint32 room[FIT_MAX], *elements = out->elements, at = out->end;
  const guint32 *codes, *number = gather->number;
  guint bits = gather->bits;
  if (row->a & LONG) {
    guint32 n = row_codes(gather, row->a, room, &codes);
    for (guint32 i = 0; i < n; i++)
      elements[at++] = number[gather->rank[codes[i]]];
  } else {
    for (guint64 key = row->key; key; key <<= bits)
      elements[at++] = number[key >> (64 - bits)];
  }
  out->end = at;
}

static void add_decay(DecaySum *sums, const DecaySum *more, guint32 n) {
  for (guint32 i = 0; i < n; i++)
    sums[i] = (DecaySum){sums[i].share + more[i].share, sums[i].value + more[i].value, sums[i].net_value + more[i].net_value};
}

/* The rows of one path, from its first one; returns how many. */
static guint32 write_path(const Gather *gather, const RadixRow *rows, guint32 n, Writer *out) {
  PathCounts sum = {0, 0, 0, 0};
  guint32 path = out->path++, start = out->end, i = 0;
  out->start[path] = start;
  spell(gather, rows, out);
  for (; i < n && (i == 0 || !(rows[i].b & FIRST || rows[i].b == LEFT_OUT)); i++) {
    guint32 cell = rows[i].b & ~FIRST;
    if (gather->path_of_row)
      gather->path_of_row[rows[i].a & ~LONG] = path;
    if (!cell) {
      sum.nulls++;
      continue;
    }
    const PathCell *more = cell_at(gather, cell - 1);
    sum.conversions += more->counts.conversions;
    sum.nulls += more->counts.nulls;
    sum.value += more->counts.value;
    sum.net_value += more->counts.net_value;
    if (more->decay)
      add_decay(out->decay + start, more->decay, out->end - start);
  }
  out->conversions[path] = sum.conversions;
  out->nulls[path] = sum.nulls;
  out->value[path] = sum.value;
  out->net_value[path] = sum.net_value;
  if (out->sets)
    key_sets_add(out->sets, held_keys(gather, rows), sum.conversions + sum.nulls, sum.conversions);
  return i;
}

/* Cells lie as they were met: each is fetched some rows before it is added. */
static gboolean write_range(guint range, guint worker, gpointer user, GError **error) {
  enum { AHEAD = 24 };
  const Gather *gather = user;
  const RadixRow *rows = gather->rows;
  Writer out = writer_at(gather, &gather->tallies[range]);
  out.sets = gather->sets ? &gather->sets[worker] : NULL;
  guint32 last = gather->ranges.start[range + 1], fetched = gather->ranges.start[range];
  for (guint32 i = fetched; i < last;) {
    for (; fetched < last && fetched < i + AHEAD; fetched++) {
      guint32 cell = rows[fetched].b & ~FIRST;
      if (cell && cell != LEFT_OUT)
        __builtin_prefetch(cell_at(gather, cell - 1));
    }
    i += rows[i].b == LEFT_OUT ? 1 : write_path(gather, &rows[i], last - i, &out);
  }
  return TRUE;
}

/* All threads' sets together, by the numbers of keys instead of ranks. */
static void gather_sets(Gather *gather) {
  AttributionPaths *paths = gather->paths;
  paths->sets_known = gather->sets != NULL;
  for (guint t = 0; gather->sets && t < parallel_threads(gather->what->threads); t++)
    for (guint32 i = 0; i < gather->sets[t].n_places; i++) {
      const KeySet *set = &gather->sets[t].places[i];
      guint64 keys = 0;
      for (guint64 rest = set->keys; rest; rest &= rest - 1)
        keys |= G_GUINT64_CONSTANT(1) << gather->number[__builtin_ctzll(rest) + 1];
      if (keys)
        key_sets_add(&paths->sets, keys, set->paths, set->conversions);
    }
}

/* Who has several paths: theirs are the counters' rows until here. */
static void gather_persons(Gather *gather) {
  AttributionPaths *paths = gather->paths;
  if (!gather->path_of_row)
    return;
  paths->persons = person_paths_new();
  for (guint c = 0, slab = 0; c < gather->what->n_counters; slab += gather->what->counters[c++]->rows->len)
    person_paths_append(paths->persons, gather->what->counters[c]->persons, slab << PATH_SLAB_BITS);
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
  if (gather->what->counters[0]->persons)
    gather->path_of_row = g_new(guint32, ((gsize)gather->chunks->len << PATH_SLAB_BITS) + 1);
  if (!parallel_run(gather->what->threads, gather->chunks->len, pack_chunk, gather, error) ||
      !radix_sort(gather->rows, gather->spare, gather->n_rows, gather->what->threads, &gather->ranges, error))
    return FALSE;
  number_keys(gather);
  gather->tallies = g_new0(Tally, gather->ranges.n + 1);
  if (gather->n_ranks <= KEY_SETS_KEYS_MAX)
    gather->sets = g_new0(KeySets, parallel_threads(gather->what->threads));
  if (!parallel_run(gather->what->threads, gather->ranges.n, tell_range, gather, error) || !make_room(gather, error) ||
      !parallel_run(gather->what->threads, gather->ranges.n, write_range, gather, error))
    return FALSE;
  gather_sets(gather);
  gather_persons(gather);
  return TRUE;
}

static void gather_clear(Gather *gather) {
  g_free(gather->rank);
  g_free(gather->ranked);
  g_free(gather->occurs);
  g_free(gather->number);
  g_clear_pointer(&gather->chunks, g_array_unref);
  g_clear_pointer(&gather->cells, g_ptr_array_unref);
  g_free(gather->rows);
  g_free(gather->spare);
  g_free(gather->ranges.start);
  g_free(gather->tallies);
  for (guint t = 0; gather->sets && t < parallel_threads(gather->what->threads); t++)
    key_sets_clear(&gather->sets[t]);
  g_free(gather->sets);
  g_free(gather->path_of_row);
}

AttributionPaths *path_counter_gather(const PathGathering *what, GError **error) {
  g_autoptr(AttributionPaths) paths = attribution_paths_new();
  Gather gather = {.what = what, .paths = paths};
  for (guint i = 0; i < what->n_counters; i++)
    add_apart(paths, what->counters[i]);
  rank_names(&gather, what->names, what->n_names);
  gboolean good = gather_paths(&gather, error);
  gather_clear(&gather);
  return good ? g_steal_pointer(&paths) : NULL;
}
