/* SPDX-License-Identifier: Apache-2.0
 * The record stands in order of arrival, a segment in order of persons. So a scan collects a code for every
 * row that the segment holds, and then each block gathers its own by its row numbers:
 *
 *   record   row 1 "de"  2 "at"  3 -  4 "de" ...     scan:    code of row   1 2 0 1 ...    values "de" "at"
 *   block    rows 4 2 3                              gather:  1 2 0         its own dictionary: "de" "at"
 *
 * Scanning threads take disjoint ranges of rows and have a dictionary each, so that none waits; afterwards the
 * values that several of them met get one number. A block's entries stand in the order in which its events
 * have them: the bytes depend on nothing else. When the dictionaries outgrow the budget, the blocks are halved
 * and made in more than one scan. */
#include "journey/column_maker.h"
#include "base/error.h"
#include "base/parallel.h"
#include <stdatomic.h>

enum { TASKS_MAX = 64, SLOTS_FIRST = 1024, FEW_ROWS = 1 << 20, CACHE = 256 };

/* --- rows: those of some blocks, each with a place for its code -------------------------------- */

typedef struct {
  guint64 first, last; /* rows; first > last when there are none */
  guint64 n;           /* places */
  guint64 *words;      /* a bit a row from `first`, and how many bits stand before each word; */
  guint32 *rank;       /* both NULL when rows are dense: every row in between has a place */
  guint32 *codes;      /* a place each: 0 missing */
} Rows;

static void rows_clear(Rows *rows) {
  g_free(rows->words);
  g_free(rows->rank);
  g_free(rows->codes);
  *rows = (Rows){.first = 1};
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Rows, rows_clear)

static gint64 place_of(const Rows *rows, guint64 row) {
  if (row < rows->first || row > rows->last)
    return -1;
  guint64 i = row - rows->first;
  if (!rows->words)
    return (gint64)i;
  guint64 word = rows->words[i / 64], bit = G_GUINT64_CONSTANT(1) << (i % 64);
  return word & bit ? (gint64)rows->rank[i / 64] + __builtin_popcountll(word & (bit - 1)) : -1;
}

static gboolean no_memory(GError **error) {
  return error_set(error, ERROR_LIMIT,
                   "not enough memory to make a column\nhint: close other programs, or ask about a shorter range");
}

typedef gboolean (*BlockRowsFunc)(Rows *rows, const Block *block);

static gboolean each_block(Rows *rows, Segment *segment, guint from, guint to, BlockRowsFunc each, GError **error) {
  for (guint block = from; block < to; block++) {
    Block data;
    if (!segment_block(segment, block, &data, error))
      return FALSE;
    each(rows, &data);
  }
  return TRUE;
}

static gboolean find_range(Rows *rows, const Block *block) {
  for (guint32 i = 0; i < block->n_events; i++) {
    rows->first = MIN(rows->first, block_row(block, i));
    rows->last = MAX(rows->last, block_row(block, i));
  }
  rows->n += block->n_events;
  return TRUE;
}

static gboolean mark_rows(Rows *rows, const Block *block) {
  for (guint32 i = 0; i < block->n_events; i++) {
    guint64 at = block_row(block, i) - rows->first;
    rows->words[at / 64] |= G_GUINT64_CONSTANT(1) << (at % 64);
  }
  return TRUE;
}

static gboolean rank_rows(Rows *rows, Segment *segment, guint from, guint to, GError **error) {
  guint64 n_words = (rows->last - rows->first) / 64 + 1;
  rows->words = g_try_malloc0_n(n_words, sizeof *rows->words);
  rows->rank = g_try_malloc_n(n_words, sizeof *rows->rank);
  if (!rows->words || !rows->rank)
    return no_memory(error);
  if (!each_block(rows, segment, from, to, mark_rows, error))
    return FALSE;
  rows->n = 0;
  for (guint64 i = 0; i < n_words; i++) {
    rows->rank[i] = (guint32)rows->n;
    rows->n += (guint64)__builtin_popcountll(rows->words[i]);
  }
  return TRUE;
}

static gboolean rows_init(Rows *rows, Segment *segment, guint from, guint to, GError **error) {
  *rows = (Rows){.first = G_MAXUINT64};
  if (!each_block(rows, segment, from, to, find_range, error))
    return FALSE;
  if (rows->n == 0) {
    rows->first = 1;
    return TRUE;
  }
  guint64 span = rows->last - rows->first + 1;
  if (span > rows->n + rows->n / 4 && !rank_rows(rows, segment, from, to, error))
    return FALSE;
  rows->n = rows->words ? rows->n : span;
  rows->codes = rows->n < G_MAXUINT32 ? g_try_malloc0_n(rows->n, sizeof *rows->codes) : NULL;
  return rows->codes || no_memory(error);
}

/* --- a scanning thread's dictionary ------------------------------------------------------------ */

typedef struct { /* a value in the arena; its bytes follow; values begin at multiples of 4 */
  guint32 kind : 4, size : 28;
} Value;

typedef struct { /* number + 1, 0 free; with the upper hash bits most looks at a value are right ones */
  guint32 hash, code;
} Slot;

typedef struct {
  guint8 *arena;
  gsize used, capacity, most; /* bytes; `most` for arena, values and slots together */
  guint32 *value;             /* where each value stands in the arena, in units of 4 */
  guint32 n, value_capacity;
  Slot *slots; /* open addressing */
  guint32 mask;
} Dictionary;

static void dictionary_clear(Dictionary *dictionary) {
  g_free(dictionary->arena);
  g_free(dictionary->value);
  g_free(dictionary->slots);
}

static const Value *value_at(const Dictionary *dictionary, guint32 number) {
  return (const Value *)(const void *)(dictionary->arena + (gsize)dictionary->value[number] * 4);
}
static Text value_text(const Value *value) {
  return (Text){(const char *)(value + 1), value->size};
}
static gboolean value_is(const Value *value, ValueKind kind, Text text) {
  return value->kind == kind && text_equal(value_text(value), text);
}

static guint32 value_hash(const HashKey *key, ValueKind kind, Text text) {
  return (guint32)hash64(key, text.at, text.size) + (guint32)kind * 0x9e3779b9u;
}

/* Twice as many slots, or the first ones. */
static gboolean grow_slots(Slot **slots, guint32 *mask) {
  guint32 size = *slots ? (*mask + 1) * 2 : SLOTS_FIRST;
  Slot *grown = g_try_malloc0_n(size, sizeof *grown);
  if (!grown)
    return FALSE;
  for (guint32 i = 0; *slots && i <= *mask; i++) {
    guint32 at = (*slots)[i].hash & (size - 1);
    while ((*slots)[i].code && grown[at].code)
      at = (at + 1) & (size - 1);
    if ((*slots)[i].code)
      grown[at] = (*slots)[i];
  }
  g_free(*slots);
  *slots = grown;
  *mask = size - 1;
  return TRUE;
}

static gboolean slots_full(const Slot *slots, guint32 mask, guint32 n) {
  return !slots || n >= mask / 4 * 3;
}

static Slot *find_slot(const Dictionary *dictionary, guint32 hash, ValueKind kind, Text text) {
  for (guint32 at = hash & dictionary->mask;; at = (at + 1) & dictionary->mask) {
    Slot *slot = &dictionary->slots[at];
    if (!slot->code || (slot->hash == hash && value_is(value_at(dictionary, slot->code - 1), kind, text)))
      return slot;
  }
}

static gboolean make_room(Dictionary *dictionary, gsize size) {
  if (dictionary->used + size > dictionary->capacity) {
    gsize capacity = MAX(dictionary->capacity * 2, MAX(size, 1 << 16));
    guint8 *arena = g_try_realloc(dictionary->arena, dictionary->used + capacity);
    if (!arena)
      return FALSE;
    dictionary->arena = arena;
    dictionary->capacity = dictionary->used + capacity;
  }
  if (dictionary->n == dictionary->value_capacity) {
    guint32 capacity = MAX(dictionary->value_capacity * 2, 1024);
    guint32 *value = g_try_realloc_n(dictionary->value, capacity, sizeof *value);
    if (!value)
      return FALSE;
    dictionary->value = value;
    dictionary->value_capacity = capacity;
  }
  return TRUE;
}

static gsize dictionary_bytes(const Dictionary *dictionary) {
  return dictionary->used + (gsize)dictionary->n * sizeof(guint32) + ((gsize)dictionary->mask + 1) * sizeof(Slot);
}

/* The value's number plus 1; 0 when the dictionary is full. */
static guint32 dictionary_add(Dictionary *dictionary, const HashKey *key, ValueKind kind, Text text) {
  if (slots_full(dictionary->slots, dictionary->mask, dictionary->n) && !grow_slots(&dictionary->slots, &dictionary->mask))
    return 0;
  guint32 hash = value_hash(key, kind, text);
  Slot *slot = find_slot(dictionary, hash, kind, text);
  if (slot->code)
    return slot->code;
  gsize size = (sizeof(Value) + text.size + 3) / 4 * 4;
  if (text.size >= 1 << 28 || dictionary_bytes(dictionary) + size > dictionary->most ||
      (dictionary->used + size) / 4 > G_MAXUINT32 || !make_room(dictionary, size))
    return 0;
  Value *value = (Value *)(void *)(dictionary->arena + dictionary->used);
  value->kind = kind & 0xf;
  value->size = text.size & 0xfffffff;
  if (text.size)
    memcpy(value + 1, text.at, text.size);
  dictionary->value[dictionary->n] = (guint32)(dictionary->used / 4);
  dictionary->used += size;
  *slot = (Slot){hash, ++dictionary->n};
  return slot->code;
}

/* --- scanning ---------------------------------------------------------------------------------- */

typedef struct Maker Maker;

typedef struct { /* one range of rows */
  Maker *maker;
  guint64 from, until;
  guint32 base;    /* of its values' numbers among those of all tasks */
  guint32 *number; /* per value of its own: the number among all, plus 1 */
  Dictionary dictionary;
  Batch *batch;
  ValueReader *reader;
  guint64 first_row; /* of the batch being read */
  struct {           /* texts of the batch met lately: equal values of a batch are one text */
    const char *at;
    guint32 size, code;
    ValueKind kind; /* booleans have no bytes of their own */
  } cache[CACHE];
  gboolean full;
} Task;

struct Maker {
  const ColumnSource *source;
  const HashKey *key;
  Rows rows;
  Task *tasks;
  guint n_tasks, threads;
  atomic_bool full; /* the dictionaries are more than the budget */
};

static guint32 code_of(Task *task, ValueKind kind, Text text) {
  const ColumnSource *source = task->maker->source;
  if (source->path) {
    if (kind != VALUE_JSON)
      return 0;
    kind = value_path_read(source->path, task->reader, text, &text);
    if (kind == VALUE_NONE)
      return 0;
  }
  if (kind == VALUE_TRUE || kind == VALUE_FALSE)
    text = text_of(kind == VALUE_TRUE ? "true" : "false");
  guint32 code = dictionary_add(&task->dictionary, task->maker->key, kind, text);
  task->full |= code == 0;
  return code;
}

static void take_value(guint event, ValueKind kind, Text text, gpointer data) {
  Task *task = data;
  gint64 place = place_of(&task->maker->rows, task->first_row + event);
  if (place < 0 || task->full || kind == VALUE_NONE)
    return;
  guint cached = (guint)((gsize)text.at * 0x9e3779b1u >> 8) % CACHE;
  if (!text.at || task->cache[cached].at != text.at || task->cache[cached].size != text.size || task->cache[cached].kind != kind) {
    task->cache[cached].code = code_of(task, kind, text);
    task->cache[cached].at = text.at;
    task->cache[cached].size = text.size;
    task->cache[cached].kind = kind;
  }
  task->maker->rows.codes[place] = task->cache[cached].code;
}

static gboolean take_batch(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer data, GError **error) {
  Task *task = data;
  const ColumnSource *source = task->maker->source;
  task->first_row = first;
  memset(task->cache, 0, sizeof task->cache);
  if (!batch_open(task->batch, blob, size, error) ||
      !(source->ids ? batch_ids(task->batch, take_value, task, error)
                    : batch_property(task->batch, source->key, take_value, task, error)))
    return FALSE;
  if (task->full || atomic_load(&task->maker->full)) {
    atomic_store(&task->maker->full, TRUE);
    return error_set(error, ERROR_LIMIT, "the values of a column take more than %" G_GSIZE_FORMAT " bytes", source->budget_bytes);
  }
  return TRUE;
}

static gboolean scan_task(guint number, guint worker, gpointer data, GError **error) {
  Maker *maker = data;
  Task *task = &maker->tasks[number];
  return record_scan(maker->source->record, task->from, task->until, take_batch, task, error);
}

/* The rows themselves, for few of them: only their batches are read. */
static gboolean scan_few(Maker *maker, GError **error) {
  const Rows *rows = &maker->rows;
  g_autofree guint64 *list = g_try_malloc_n(rows->n, sizeof *list);
  gsize n = 0;
  if (!list)
    return no_memory(error);
  for (guint64 i = 0; i <= (rows->last - rows->first) / 64; i++)
    for (guint64 word = rows->words[i]; word; word &= word - 1)
      list[n++] = rows->first + i * 64 + (guint64)__builtin_ctzll(word);
  return record_scan_rows(maker->source->record, list, n, take_batch, &maker->tasks[0], error);
}

static void make_tasks(Maker *maker) {
  const ColumnSource *source = maker->source;
  guint64 bounds[TASKS_MAX + 1] = {maker->rows.first, maker->rows.last + 1};
  gboolean few = maker->rows.words && maker->rows.n <= FEW_ROWS;
  guint n = few ? 2 : record_ranges(source->record, maker->rows.first, MIN(maker->threads, TASKS_MAX), bounds);
  maker->tasks = g_new0(Task, MAX(n, 2));
  for (guint i = 0; i + 1 < n && bounds[i] <= maker->rows.last; i++) {
    Task *task = &maker->tasks[maker->n_tasks++];
    task->maker = maker;
    task->from = MAX(bounds[i], maker->rows.first);
    task->until = MIN(bounds[i + 1], maker->rows.last + 1);
    task->batch = batch_new(record_spaces(source->record), maker->key);
    task->reader = source->path ? value_reader_new() : NULL;
  }
  for (guint i = 0; i < maker->n_tasks; i++)
    maker->tasks[i].dictionary.most = source->budget_bytes / maker->n_tasks;
}

static void maker_clear(Maker *maker) {
  for (guint i = 0; i < maker->n_tasks; i++) {
    dictionary_clear(&maker->tasks[i].dictionary);
    g_free(maker->tasks[i].number);
    batch_free(maker->tasks[i].batch);
    value_reader_free(maker->tasks[i].reader);
  }
  g_free(maker->tasks);
  rows_clear(&maker->rows);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Maker, maker_clear)

/* --- one number a value ------------------------------------------------------------------------ */

static const Value *find_value(const Maker *maker, guint32 number) {
  guint task = 0;
  while (task + 1 < maker->n_tasks && number >= maker->tasks[task + 1].base)
    task++;
  return value_at(&maker->tasks[task].dictionary, number - maker->tasks[task].base);
}

typedef struct { /* of all tasks' values so far, by number */
  Slot *slots;
  guint32 mask, n;
} Union;

/* The number, plus 1, of a value equal to this one; its own when it is the first. */
static guint32 union_add(const Maker *maker, Union *all, guint32 hash, const Value *value, guint32 own) {
  guint32 at = hash & all->mask;
  for (; all->slots[at].code; at = (at + 1) & all->mask)
    if (all->slots[at].hash == hash && value_is(find_value(maker, all->slots[at].code - 1), value->kind, value_text(value)))
      return all->slots[at].code;
  all->slots[at] = (Slot){hash, own};
  all->n++;
  return own;
}

static gboolean number_values(Maker *maker, Task *task, Union *all, GError **error) {
  Dictionary *own = &task->dictionary;
  task->number = g_try_malloc_n(MAX(own->n, 1), sizeof *task->number);
  if (!task->number)
    return no_memory(error);
  /* room for all of them first: they come in order of their hashes, and would crowd one end of a table that grows */
  while (slots_full(all->slots, all->mask, all->n + own->n))
    if (!grow_slots(&all->slots, &all->mask))
      return no_memory(error);
  for (guint32 i = 0; own->slots && i <= own->mask; i++) {
    guint32 code = own->slots[i].code;
    if (code)
      task->number[code - 1] = union_add(maker, all, own->slots[i].hash, value_at(own, code - 1), task->base + code);
  }
  g_clear_pointer(&own->slots, g_free);
  return TRUE;
}

/* The first task's numbers stay, the others' values are looked up among those before. */
static gboolean number_all(Maker *maker, GError **error) {
  Union all = {0};
  gboolean good = TRUE;
  guint64 base = 0;
  for (guint i = 0; i < maker->n_tasks; i++) {
    maker->tasks[i].base = (guint32)base;
    base += maker->tasks[i].dictionary.n;
  }
  if (base >= G_MAXUINT32)
    return no_memory(error);
  if (maker->n_tasks > 0) {
    Dictionary *first = &maker->tasks[0].dictionary;
    all = (Union){g_steal_pointer(&first->slots), first->mask, first->n};
  }
  for (guint i = 1; i < maker->n_tasks && good; i++)
    good = number_values(maker, &maker->tasks[i], &all, error);
  g_free(all.slots);
  return good;
}

static gboolean renumber_task(guint number, guint worker, gpointer data, GError **error) {
  Maker *maker = data;
  const Task *task = &maker->tasks[number];
  for (guint64 row = task->from; task->number && row < task->until; row++) {
    gint64 place = place_of(&maker->rows, row);
    if (place >= 0 && maker->rows.codes[place])
      maker->rows.codes[place] = task->number[maker->rows.codes[place] - 1];
  }
  return TRUE;
}

static gboolean collect(Maker *maker, GError **error) {
  make_tasks(maker);
  gboolean few = maker->rows.words && maker->rows.n <= FEW_ROWS;
  if (maker->n_tasks && !(few ? scan_few(maker, error) : parallel_run(maker->threads, maker->n_tasks, scan_task, maker, error)))
    return FALSE;
  return number_all(maker, error) && parallel_run(maker->threads, maker->n_tasks, renumber_task, maker, error);
}

/* --- gathering a block ------------------------------------------------------------------------- */

typedef struct { /* the block's dictionary while it grows */
  const Maker *maker;
  struct {
    guint32 number, entry; /* entry 0: free */
  } * slots;               /* open addressing */
  guint32 mask, n;
  const Value **values; /* per entry */
  gsize texts_size;
} Gather;

static void gather_clear(Gather *gather) {
  g_free(gather->slots);
  g_free(gather->values);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Gather, gather_clear)

static gboolean gather_init(Gather *gather, const Maker *maker, guint32 n_events, GError **error) {
  guint32 size = 64;
  while (size < n_events * 2)
    size *= 2;
  *gather = (Gather){.maker = maker, .mask = size - 1, .n = 1};
  gather->slots = g_try_malloc0_n(size, sizeof *gather->slots);
  gather->values = g_try_malloc_n((gsize)n_events + 1, sizeof(Value *));
  return (gather->slots && gather->values) || no_memory(error);
}

static guint32 entry_of(Gather *gather, guint32 number) {
  guint32 at = (guint32)hash_mix(number) & gather->mask;
  for (; gather->slots[at].entry; at = (at + 1) & gather->mask)
    if (gather->slots[at].number == number)
      return gather->slots[at].entry;
  gather->values[gather->n] = find_value(gather->maker, number);
  gather->texts_size += gather->values[gather->n]->size;
  gather->slots[at].number = number;
  return gather->slots[at].entry = gather->n++;
}

static gboolean gather_codes(Gather *gather, const Block *block, guint32 *codes, GError **error) {
  const Rows *rows = &gather->maker->rows;
  for (guint32 i = 0; i < block->n_events; i++) {
    gint64 place = place_of(rows, block_row(block, i));
    guint32 number = place >= 0 ? rows->codes[place] : 0;
    codes[i] = number ? entry_of(gather, number - 1) : 0;
  }
  return gather->texts_size < G_MAXUINT32 || error_set(error, ERROR_LIMIT, "the values of one block take more than 4 GiB");
}

static void choose_width(ColumnRow *row, const guint32 *codes) {
  guint32 first = row->n_events ? codes[0] : 0, i = 0;
  while (i < row->n_events && codes[i] == first)
    i++;
  row->constant = i == row->n_events ? first : 0;
  row->width = i == row->n_events ? 0 : row->n_entries <= 256 ? 1 : row->n_entries <= 65536 ? 2 : 4;
}

static void put_codes(const ColumnRow *row, const guint32 *codes, guint8 *out) {
  for (guint32 i = 0; i < row->n_events; i++)
    switch (row->width) {
    case 1: out[i] = (guint8)codes[i]; break;
    case 2: ((guint16 *)(void *)out)[i] = (guint16)codes[i]; break;
    case 4: ((guint32 *)(void *)out)[i] = codes[i]; break;
    }
}

static void put_entries(const Gather *gather, guint8 *kinds, guint32 *text_start, guint8 *texts) {
  guint32 at = 0;
  kinds[0] = VALUE_NONE;
  text_start[0] = 0;
  for (guint32 entry = 1; entry < gather->n; entry++) {
    Text text = value_text(gather->values[entry]);
    kinds[entry] = (guint8)gather->values[entry]->kind;
    text_start[entry] = at;
    if (text.size)
      memcpy(texts + at, text.at, text.size);
    at += text.size;
  }
  text_start[gather->n] = at;
}

static guint8 *encode(const Gather *gather, ColumnRow *row, const guint32 *codes, GError **error) {
  row->n_entries = gather->n;
  choose_width(row, codes);
  ColumnLayout layout = column_layout(row);
  row->size = layout.texts + gather->texts_size;
  guint8 *bytes = g_try_malloc0(row->size);
  if (!bytes) {
    no_memory(error);
    return NULL;
  }
  put_codes(row, codes, bytes + layout.codes);
  put_entries(gather, bytes + layout.kinds, (guint32 *)(void *)(bytes + layout.text_start), bytes + layout.texts);
  row->checksum = checksum64(bytes, row->size);
  return bytes;
}

static guint8 *make_block(const Maker *maker, guint block, ColumnRow *row, GError **error) {
  g_auto(Gather) gather = {0};
  Block data;
  if (!segment_block(maker->source->segment, block, &data, error) || !gather_init(&gather, maker, data.n_events, error))
    return NULL;
  *row = (ColumnRow){.n_events = data.n_events};
  g_autofree guint32 *codes = g_try_malloc_n(MAX(data.n_events, 1), sizeof *codes);
  if (!codes) {
    no_memory(error);
    return NULL;
  }
  return gather_codes(&gather, &data, codes, error) ? encode(&gather, row, codes, error) : NULL;
}

/* --- all blocks -------------------------------------------------------------------------------- */

enum { WAVE_MAX = 256 }; /* blocks made before they are handed over in order */

typedef struct {
  const Maker *maker;
  guint first;
  ColumnRow rows[WAVE_MAX];
  guint8 *bytes[WAVE_MAX];
} Wave;

static gboolean wave_block(guint number, guint worker, gpointer data, GError **error) {
  Wave *wave = data;
  wave->bytes[number] = make_block(wave->maker, wave->first + number, &wave->rows[number], error);
  return wave->bytes[number] != NULL;
}

static gboolean make_wave(Wave *wave, guint n, ColumnSink sink, gpointer user, GError **error) {
  gboolean done = parallel_run(wave->maker->threads, n, wave_block, wave, error);
  for (guint i = 0; i < n; i++)
    if (done)
      done = sink(wave->first + i, &wave->rows[i], g_steal_pointer(&wave->bytes[i]), user, error);
    else
      g_free(wave->bytes[i]);
  return done;
}

/* FALSE with *full set: the values of blocks [from, to) are too many for one scan. */
static gboolean make_blocks(const ColumnSource *source, guint from, guint to, gboolean *full, ColumnSink sink, gpointer user,
                            GError **error) {
  g_auto(Maker) maker = {.source = source, .key = record_key(source->record), .threads = parallel_threads(0)};
  GError *failed = NULL;
  if (!rows_init(&maker.rows, source->segment, from, to, error))
    return FALSE;
  if (!collect(&maker, &failed)) {
    *full = atomic_load(&maker.full);
    g_propagate_error(error, failed);
    return FALSE;
  }
  guint wave_size = MIN(maker.threads * 4, WAVE_MAX);
  for (guint block = from; block < to; block += wave_size) {
    Wave wave = {.maker = &maker, .first = block};
    if (!make_wave(&wave, MIN(wave_size, to - block), sink, user, error))
      return FALSE;
  }
  return TRUE;
}

gboolean column_make(const ColumnSource *source, ColumnSink sink, gpointer user, GError **error) {
  guint n_blocks = segment_info(source->segment)->n_blocks, step = n_blocks;
  for (guint from = 0; from < n_blocks;) {
    g_autoptr(GError) failed = NULL;
    gboolean full = FALSE;
    guint to = MIN(n_blocks, from + step);
    if (make_blocks(source, from, to, &full, sink, user, &failed)) {
      from = to;
      continue;
    }
    if (!full || to - from == 1) {
      g_propagate_error(error, g_steal_pointer(&failed));
      return FALSE;
    }
    step = (to - from + 1) / 2;
  }
  return TRUE;
}
