/* SPDX-License-Identifier: Apache-2.0
 * batch.c: reads a batch; batch_writer.c writes it. Format version 1, everything little endian:
 *
 *   ┌ header 40 bytes: "EtB" 1 | size u32 | events u32 | sections u32 | least, greatest time i64 | xxh3 u64 ┐
 *   ├ table, 16 bytes a section: kind u16 | property key u16 | offset u32 | size u32 | xxh3 u32              │ <- that xxh3
 *   ├ FACTS        times ints | flags, event, channel, touchpoint, source, currency codes | values ints      ┘
 *   ├ IDENTIFIERS  entries | space (0x80: plain) codes | 16 bytes of hash each | plain texts
 *   │              | identifiers an event codes | aliases | packed entry numbers, none when 0, 1, 2 ...
 *   ├ CAMPAIGN, ID, PROPERTY ... (one a key), each:
 *   │    events that have one | which ones | dictionary entries, 0: none | texts | packed entry numbers
 *   ├ CONTENT      events | which ones | content hash u64 each (only where reading back loses something)
 *   └ 8 zero bytes, so that a packed area may be read eight bytes at a time
 *
 *   ints, codes   see pack.c           which ones   0 all | 1 bitmap | 2 list
 *   texts         kind u8 (0xff: one each follows) | least length | bits | lengths | bytes
 *                 or, ids of one size: 0xfe | size | pattern, see pack.c
 *
 * Sections follow each other without gaps. A name or value of an erased person disappears with its batch,
 * because every dictionary of values is the batch's own. Nothing read is trusted: header and table are
 * summed at open, a section when it is first read, and all counts and numbers are held against their limits
 * all the same. */
#include "record/batch.h"

#include "base/error.h"
#include "record/batch_format.h"
#include "record/pack.h"

enum { ARENA_BLOCK = 1 << 20, HEADER_SIZE = sizeof(BatchHeader), ENTRY_SIZE = sizeof(BatchSection) };

typedef struct { /* memory that lives until the next blob */
  GPtrArray *blocks;
  gsize used; /* of the last block */
} Arena;

typedef struct {
  guint n;
  guint8 kind;         /* of all, or BATCH_KINDS_MIXED */
  const guint8 *kinds; /* of each then */
  const guint32 *start;
  const char *bytes;
} Texts;

typedef struct { /* occurrence i is entry code[i] (NULL: i) at event[i] (NULL: i) */
  guint n, entries;
  const guint16 *event, *code;
  Texts texts;
} Column;

typedef struct {
  guint32 section, occurrence;
} Place;

struct Batch {
  const Spaces *spaces;
  HashKey key;
  const guint8 *blob;
  guint n;
  BatchSection *sections;
  guint8 *checked;
  guint n_sections, capacity;
  Arena arena;

  gboolean have_facts, have_places;
  BatchFacts facts;
  gint64 time_ms[BATCH_EVENTS_MAX], value_micro[BATCH_EVENTS_MAX];
  guint16 codes[6][BATCH_EVENTS_MAX];
  guint32 campaign[BATCH_EVENTS_MAX], first_identifier[BATCH_EVENTS_MAX + 1];

  guint n_entries; /* of identifiers */
  Hash128 *entry_hash;
  Text *entry_value;
  guint8 *entry_space;
  guint32 *identifier_code; /* entry of each occurrence */
  guint n_aliases;
  guint16 *alias_event;
  guint32 *alias_code;

  Column *columns; /* by section */
  guint32 *place_start;
  Place *places; /* which values each event has */

  guint16 *keys;
  guint32 *key_counts;
  guint n_keys;
};

/* --- memory ----------------------------------------------------------------------------------- */

static void *arena_take(Arena *arena, gsize size) {
  size = (size + 7) & ~(gsize)7;
  if (arena->blocks->len == 0 || arena->used + size > ARENA_BLOCK) {
    g_ptr_array_add(arena->blocks, g_malloc(MAX(size, ARENA_BLOCK)));
    arena->used = 0;
  }
  char *at = (char *)g_ptr_array_index(arena->blocks, arena->blocks->len - 1) + arena->used;
  arena->used += size;
  return at;
}

/* Gives back everything taken since the arena stood at `mark`. */
static void arena_return(Arena *arena, guint n_blocks, gsize used) {
  if (arena->blocks->len > n_blocks)
    g_ptr_array_set_size(arena->blocks, (int)n_blocks);
  arena->used = used;
}

Batch *batch_new(const Spaces *spaces, const HashKey *key) {
  Batch *batch = g_malloc(sizeof *batch);
  memset(batch, 0, sizeof *batch);
  batch->spaces = spaces;
  batch->key = *key;
  batch->arena.blocks = g_ptr_array_new_with_free_func(g_free);
  return batch;
}

void batch_free(Batch *batch) {
  if (batch == NULL)
    return;
  g_ptr_array_unref(batch->arena.blocks);
  g_free(batch->sections);
  g_free(batch->checked);
  g_free(batch);
}

/* --- opening ---------------------------------------------------------------------------------- */

static gboolean damaged(GError **error, const char *what) {
  return error_set(error, ERROR_DAMAGED, "a batch of events is damaged: %s", what);
}

static gboolean check_header(const guint8 *blob, gsize size, BatchHeader *header, GError **error) {
  if (size < HEADER_SIZE + PACK_SLACK)
    return damaged(error, "it is cut off");
  memcpy(header, blob, sizeof *header);
  if (memcmp(header->magic, "EtB", 3) != 0)
    return damaged(error, "it does not begin like one");
  if (header->version != BATCH_VERSION)
    return error_set(error, ERROR_VERSION, "a batch of events is of format %u, this program reads %d\nhint: use a newer etappe",
                     header->version, BATCH_VERSION);
  if (header->size != size || header->n == 0 || header->n > BATCH_EVENTS_MAX)
    return damaged(error, "its sizes do not agree");
  if (header->n_sections == 0 || header->n_sections > (size - HEADER_SIZE) / ENTRY_SIZE)
    return damaged(error, "its table is cut off");
  return TRUE;
}

static gboolean check_sum(const guint8 *blob, const BatchHeader *header, GError **error) {
  gsize size = HEADER_SIZE + (gsize)header->n_sections * ENTRY_SIZE;
  BatchHeader unsummed = *header;
  unsummed.checksum = 0;
  g_autofree guint8 *copy = g_memdup2(blob, size);
  memcpy(copy, &unsummed, sizeof unsummed);
  return checksum64(copy, size) == header->checksum || damaged(error, "its checksum is wrong");
}

static gboolean read_table(Batch *batch, guint n_sections, gsize size, GError **error) {
  if (n_sections > batch->capacity) {
    batch->sections = g_renew(BatchSection, batch->sections, n_sections);
    batch->checked = g_renew(guint8, batch->checked, n_sections);
    batch->capacity = n_sections;
  }
  memcpy(batch->sections, batch->blob + HEADER_SIZE, (gsize)n_sections * ENTRY_SIZE);
  memset(batch->checked, 0, n_sections);
  guint64 at = HEADER_SIZE + (guint64)n_sections * ENTRY_SIZE;
  for (guint i = 0; i < n_sections; i++) {
    if (batch->sections[i].offset != at)
      return damaged(error, "its sections do not follow each other");
    at += batch->sections[i].size;
  }
  static const guint8 slack[PACK_SLACK];
  if (at + PACK_SLACK != size || memcmp(batch->blob + at, slack, PACK_SLACK) != 0)
    return damaged(error, "its end is not where it should be");
  batch->n_sections = n_sections;
  return TRUE;
}

gboolean batch_open(Batch *batch, const void *blob, gsize size, GError **error) {
  BatchHeader header;
  batch->n = batch->n_sections = 0;
  batch->have_facts = batch->have_places = FALSE;
  batch->keys = NULL;
  arena_return(&batch->arena, MIN(batch->arena.blocks->len, 1), 0);
  batch->blob = blob;
  if (!check_header(blob, size, &header, error) || !check_sum(blob, &header, error) ||
      !read_table(batch, header.n_sections, size, error))
    return FALSE;
  batch->n = header.n;
  return TRUE;
}

static gboolean section_cursor(Batch *batch, guint i, Cursor *cursor, GError **error) {
  const BatchSection *section = &batch->sections[i];
  const guint8 *at = batch->blob + section->offset;
  if (!batch->checked[i] && (guint32)checksum64(at, section->size) != section->check)
    return damaged(error, "a section's checksum is wrong");
  batch->checked[i] = TRUE;
  *cursor = (Cursor){at, at + section->size, FALSE};
  return TRUE;
}

static int find_section(const Batch *batch, SectionKind kind, guint16 key) {
  for (guint i = 0; i < batch->n_sections; i++)
    if (batch->sections[i].kind == kind && batch->sections[i].key == key)
      return (int)i;
  return -1;
}

/* --- columns of texts --------------------------------------------------------------------------- */

/* Offsets of n texts, ascending from 0; the bytes that they divide follow at the cursor. */
static const guint32 *read_lengths(Batch *batch, Cursor *cursor, guint n) {
  guint32 least = cursor_limited(cursor, BATCH_SIZE_MAX);
  guint32 *start = arena_take(&batch->arena, (n + 1) * sizeof *start);
  guint bits = cursor_u8(cursor);
  if (!cursor_u32s(cursor, start, n, bits))
    return NULL;
  guint64 sum = 0;
  for (guint i = 0; i < n; i++) {
    guint64 length = (guint64)start[i] + least;
    start[i] = (guint32)sum;
    sum += length;
  }
  start[n] = (guint32)sum;
  return sum <= (guint64)(cursor->end - cursor->at) ? start : NULL;
}

/* Written out into the arena, so that they read like any others. */
static gboolean read_pattern(Batch *batch, Cursor *cursor, guint n, Texts *texts) {
  guint size = cursor_limited(cursor, PACK_PATTERN_MAX);
  guint32 *start = arena_take(&batch->arena, (n + 1) * sizeof *start);
  char *bytes = arena_take(&batch->arena, (gsize)n * size);
  for (guint i = 0; i <= n; i++)
    start[i] = i * size;
  *texts = (Texts){n, VALUE_TEXT, NULL, start, bytes};
  return cursor_pattern(cursor, bytes, n, size);
}

static gboolean read_texts(Batch *batch, Cursor *cursor, guint n, Texts *texts) {
  texts->n = n;
  texts->kind = (guint8)cursor_u8(cursor);
  if (texts->kind == BATCH_KINDS_PATTERN)
    return read_pattern(batch, cursor, n, texts);
  texts->kinds = texts->kind == BATCH_KINDS_MIXED ? cursor_bytes(cursor, n) : NULL;
  texts->start = read_lengths(batch, cursor, n);
  if (texts->start == NULL)
    return FALSE;
  texts->bytes = (const char *)cursor_bytes(cursor, texts->start[n]);
  guint wrong = texts->kinds == NULL && texts->kind > VALUE_JSON;
  for (guint i = 0; texts->kinds && i < n; i++)
    wrong |= texts->kinds[i] > VALUE_JSON;
  return !wrong && !cursor->broken;
}

static ValueKind text_kind(const Texts *texts, guint i) {
  return texts->kinds ? texts->kinds[i] : texts->kind;
}

static Text text_at(const Texts *texts, guint i) {
  return (Text){texts->bytes + texts->start[i], texts->start[i + 1] - texts->start[i]};
}

static const guint16 *events_of_bitmap(const guint8 *bitmap, guint16 *events, guint n, guint of) {
  guint found = 0;
  for (guint i = 0; bitmap && i < of; i += 64) {
    guint64 word;
    memcpy(&word, bitmap + i / 8, sizeof word); /* within the slack */
    if (of - i < 64)
      word &= (G_GUINT64_CONSTANT(1) << (of - i)) - 1;
    if (found + (guint)__builtin_popcountll(word) > n)
      return NULL;
    for (; word; word &= word - 1)
      events[found++] = (guint16)(i + (guint)__builtin_ctzll(word));
  }
  return found == n ? events : NULL;
}

/* Which n of the batch's events have a value; *events NULL: all. */
static gboolean read_presence(Batch *batch, Cursor *cursor, guint n, const guint16 **events) {
  guint mode = cursor_u8(cursor);
  *events = NULL;
  if (mode == PRESENT_ALL)
    return n == batch->n;
  guint16 *list = arena_take(&batch->arena, n * sizeof *list);
  if (mode == PRESENT_BITMAP) {
    *events = events_of_bitmap(cursor_bytes(cursor, (batch->n + 7) / 8), list, n, batch->n);
    return *events != NULL;
  }
  if (mode != PRESENT_LIST || !cursor_u16s(cursor, list, n, pack_bits_for(batch->n - 1)))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (list[i] >= batch->n || (i && list[i] <= list[i - 1]))
      return FALSE;
  *events = list;
  return TRUE;
}

static gboolean read_codes(Batch *batch, Cursor *cursor, Column *column) {
  guint16 *code = arena_take(&batch->arena, column->n * sizeof *code), most = 0;
  if (!cursor_u16s(cursor, code, column->n, pack_bits_for(column->entries - 1)))
    return FALSE;
  for (guint i = 0; i < column->n; i++)
    most = MAX(most, code[i]);
  column->code = code;
  return most < column->entries;
}

static gboolean read_column(Batch *batch, guint section, Column *column, GError **error) {
  Cursor cursor;
  if (!section_cursor(batch, section, &cursor, error))
    return FALSE;
  *column = (Column){.n = cursor_limited(&cursor, batch->n)};
  if (column->n == 0 || !read_presence(batch, &cursor, column->n, &column->event))
    return damaged(error, "a column does not say whose values it has");
  guint dictionary = cursor_limited(&cursor, column->n);
  column->entries = dictionary ? dictionary : column->n;
  if (!read_texts(batch, &cursor, column->entries, &column->texts) || (dictionary && !read_codes(batch, &cursor, column)) ||
      cursor.at != cursor.end)
    return damaged(error, "a column of values is inconsistent");
  return TRUE;
}

static guint column_event(const Column *column, guint occurrence) {
  return column->event ? column->event[occurrence] : occurrence;
}

static guint column_entry_of(const Column *column, guint occurrence) {
  return column->code ? column->code[occurrence] : occurrence;
}

/* --- facts -------------------------------------------------------------------------------------- */

enum { CODES_FLAGS, CODES_EVENT, CODES_CHANNEL, CODES_TOUCHPOINT, CODES_SOURCE, CODES_CURRENCY };

/* The values stand one after the other; spreads them, from the end, to the events that have one. */
static gboolean spread_values(Batch *batch, Cursor *cursor) {
  const guint16 *flags = batch->codes[CODES_FLAGS];
  guint n = 0, wrong = 0;
  for (guint i = 0; i < batch->n; i++) {
    n += (flags[i] & FACT_VALUE) != 0;
    wrong |= (guint)((flags[i] >> 8 & 15) > GRADE_NONE) | (guint)(flags[i] >> 12 > CALL_ALIAS);
  }
  if (wrong || !cursor_ints(cursor, batch->value_micro, n))
    return FALSE;
  for (guint i = batch->n; i-- > 0;)
    batch->value_micro[i] = flags[i] & FACT_VALUE ? batch->value_micro[--n] : 0;
  return TRUE;
}

static gboolean read_facts(Batch *batch, GError **error) {
  Cursor cursor;
  int section = find_section(batch, SECTION_FACTS, 0);
  if (section < 0)
    return damaged(error, "it has no facts");
  if (!section_cursor(batch, (guint)section, &cursor, error))
    return FALSE;
  gboolean good = cursor_ints(&cursor, batch->time_ms, batch->n);
  for (guint i = 0; good && i < G_N_ELEMENTS(batch->codes); i++)
    good = cursor_codes(&cursor, batch->codes[i], batch->n);
  if (!good || !spread_values(batch, &cursor) || cursor.at != cursor.end)
    return damaged(error, "its facts are inconsistent");
  return TRUE;
}

static gboolean read_campaigns(Batch *batch, GError **error) {
  Column column;
  int section = find_section(batch, SECTION_CAMPAIGN, 0);
  memset(batch->campaign, 0, batch->n * sizeof *batch->campaign);
  if (section < 0)
    return TRUE;
  if (!read_column(batch, (guint)section, &column, error))
    return FALSE;
  guint32 *hashes = arena_take(&batch->arena, column.entries * sizeof *hashes);
  for (guint i = 0; i < column.entries; i++) {
    Text text = text_at(&column.texts, i);
    guint32 hash = (guint32)hash64(&batch->key, text.at, text.size);
    hashes[i] = hash ? hash : 1;
  }
  for (guint i = 0; i < column.n; i++)
    batch->campaign[column_event(&column, i)] = hashes[column_entry_of(&column, i)];
  return TRUE;
}

/* --- identifiers -------------------------------------------------------------------------------- */

static gboolean read_entry_values(Batch *batch, Cursor *cursor, const guint16 *spaces, guint n_plain) {
  const guint8 *hashed = cursor_bytes(cursor, (batch->n_entries - n_plain) * sizeof(Hash128));
  const guint32 *start = read_lengths(batch, cursor, n_plain);
  const char *bytes = start ? (const char *)cursor_bytes(cursor, start[n_plain]) : NULL;
  if (hashed == NULL || bytes == NULL)
    return FALSE;
  for (guint i = 0, plain = 0; i < batch->n_entries; i++) {
    guint space = spaces[i] & ~(guint)BATCH_IDENTIFIER_PLAIN;
    batch->entry_space[i] = (guint8)space;
    batch->entry_value[i] = (Text){NULL, 0};
    if (spaces[i] & BATCH_IDENTIFIER_PLAIN) {
      Text value = {bytes + start[plain], start[plain + 1] - start[plain]};
      if (space >= batch->spaces->n_spaces || value.size > IDENTIFIER_SIZE_MAX)
        return FALSE;
      batch->entry_value[i] = value;
      batch->entry_hash[i] = identifier_hash(batch->spaces, &batch->key, (guint8)space, value);
      plain++;
    } else {
      memcpy(&batch->entry_hash[i], hashed, sizeof(Hash128));
      hashed += sizeof(Hash128);
    }
    if (space >= SPACES_MAX)
      return FALSE;
  }
  return TRUE;
}

static gboolean read_entries(Batch *batch, Cursor *cursor) {
  guint n = batch->n_entries = cursor_limited(cursor, BATCH_EVENTS_MAX * (EVENT_IDENTIFIERS_MAX + 1));
  if (n == 0)
    return FALSE;
  guint16 *spaces = arena_take(&batch->arena, n * sizeof *spaces);
  batch->entry_hash = arena_take(&batch->arena, n * sizeof *batch->entry_hash);
  batch->entry_value = arena_take(&batch->arena, n * sizeof *batch->entry_value);
  batch->entry_space = arena_take(&batch->arena, n);
  if (!cursor_codes(cursor, spaces, n))
    return FALSE;
  guint n_plain = 0, any = 0;
  for (guint i = 0; i < n; i++) {
    n_plain += (spaces[i] & BATCH_IDENTIFIER_PLAIN) != 0;
    any |= spaces[i];
  }
  return any <= (BATCH_IDENTIFIER_PLAIN | (SPACES_MAX - 1)) && read_entry_values(batch, cursor, spaces, n_plain);
}

static gboolean read_aliases(Batch *batch, Cursor *cursor) {
  batch->n_aliases = cursor_limited(cursor, batch->n);
  batch->alias_event = arena_take(&batch->arena, batch->n_aliases * sizeof *batch->alias_event);
  batch->alias_code = arena_take(&batch->arena, batch->n_aliases * sizeof *batch->alias_code);
  for (guint i = 0; i < batch->n_aliases; i++) {
    batch->alias_event[i] = (guint16)cursor_limited(cursor, batch->n - 1);
    batch->alias_code[i] = cursor_limited(cursor, batch->n_entries - 1);
    if (i && batch->alias_event[i] <= batch->alias_event[i - 1])
      return FALSE;
  }
  return !cursor->broken;
}

/* Numbers the identifiers of event i first[i]..first[i+1]); FALSE when there are too many. */
static gboolean read_counts(Batch *batch, Cursor *cursor) {
  guint16 *counts = arena_take(&batch->arena, batch->n * sizeof *counts), most = 0;
  if (!cursor_codes(cursor, counts, batch->n))
    return FALSE;
  guint32 sum = 0;
  for (guint i = 0; i < batch->n; i++) {
    batch->first_identifier[i] = sum;
    sum += counts[i];
    most = MAX(most, counts[i]);
  }
  batch->first_identifier[batch->n] = sum;
  return most <= EVENT_IDENTIFIERS_MAX;
}

static gboolean read_occurrences(Batch *batch, Cursor *cursor) {
  guint n = batch->first_identifier[batch->n], entries = batch->n_entries;
  guint32 *codes = arena_take(&batch->arena, n * sizeof *codes), most = 0;
  gboolean in_order = n == entries && batch->n_aliases == 0;
  if (!in_order && !cursor_u32s(cursor, codes, n, pack_bits_for(entries - 1)))
    return FALSE;
  for (guint i = 0; in_order && i < n; i++)
    codes[i] = i;
  for (guint i = 0; i < n; i++)
    most = MAX(most, codes[i]);
  batch->identifier_code = codes;
  return most < entries && cursor->at == cursor->end && !cursor->broken;
}

static void gather_identifiers(Batch *batch) {
  guint n = batch->first_identifier[batch->n];
  guint64 *identifiers = arena_take(&batch->arena, n * sizeof *identifiers);
  guint8 *spaces = arena_take(&batch->arena, n);
  for (guint i = 0; i < n; i++) {
    identifiers[i] = batch->entry_hash[batch->identifier_code[i]].low;
    spaces[i] = batch->entry_space[batch->identifier_code[i]];
  }
  batch->facts.identifier = identifiers;
  batch->facts.space = spaces;
}

static gboolean read_identifiers(Batch *batch, GError **error) {
  Cursor cursor;
  int section = find_section(batch, SECTION_IDENTIFIERS, 0);
  batch->n_entries = batch->n_aliases = 0;
  memset(batch->first_identifier, 0, (batch->n + 1) * sizeof *batch->first_identifier);
  if (section < 0) {
    gather_identifiers(batch);
    return TRUE;
  }
  if (!section_cursor(batch, (guint)section, &cursor, error))
    return FALSE;
  if (!read_entries(batch, &cursor) || !read_counts(batch, &cursor) || !read_aliases(batch, &cursor) ||
      !read_occurrences(batch, &cursor))
    return damaged(error, "its identifiers are inconsistent");
  gather_identifiers(batch);
  return TRUE;
}

const BatchFacts *batch_facts(Batch *batch, GError **error) {
  if (batch->have_facts)
    return &batch->facts;
  if (!read_facts(batch, error) || !read_identifiers(batch, error) || !read_campaigns(batch, error))
    return NULL;
  BatchFacts *facts = &batch->facts;
  facts->n = batch->n;
  facts->time_ms = batch->time_ms;
  facts->flags = batch->codes[CODES_FLAGS];
  facts->event = batch->codes[CODES_EVENT];
  facts->channel = batch->codes[CODES_CHANNEL];
  facts->touchpoint = batch->codes[CODES_TOUCHPOINT];
  facts->source = batch->codes[CODES_SOURCE];
  facts->currency = batch->codes[CODES_CURRENCY];
  facts->value_micro = batch->value_micro;
  facts->campaign = batch->campaign;
  facts->first_identifier = batch->first_identifier;
  batch->have_facts = TRUE;
  return facts;
}

/* --- properties --------------------------------------------------------------------------------- */

static gboolean each_value(Batch *batch, int section, BatchPropertyFunc each, gpointer user, GError **error) {
  if (section < 0)
    return TRUE;
  Column column;
  guint n_blocks = batch->arena.blocks->len;
  gsize used = batch->arena.used;
  gboolean good = read_column(batch, (guint)section, &column, error);
  for (guint i = 0; good && i < column.n; i++) {
    guint entry = column_entry_of(&column, i);
    each(column_event(&column, i), text_kind(&column.texts, entry), text_at(&column.texts, entry), user);
  }
  arena_return(&batch->arena, n_blocks, used);
  return good;
}

gboolean batch_property(Batch *batch, guint16 key, BatchPropertyFunc each, gpointer user, GError **error) {
  return each_value(batch, find_section(batch, SECTION_PROPERTY, key), each, user, error);
}

gboolean batch_ids(Batch *batch, BatchPropertyFunc each, gpointer user, GError **error) {
  return each_value(batch, find_section(batch, SECTION_ID, 0), each, user, error);
}

guint batch_keys(Batch *batch, const guint16 **keys, const guint32 **counts) {
  if (batch->keys == NULL) {
    batch->keys = arena_take(&batch->arena, batch->n_sections * sizeof *batch->keys);
    batch->key_counts = arena_take(&batch->arena, batch->n_sections * sizeof *batch->key_counts);
    batch->n_keys = 0;
    for (guint i = 0; i < batch->n_sections; i++) {
      Cursor cursor;
      if (batch->sections[i].kind != SECTION_PROPERTY || !section_cursor(batch, i, &cursor, NULL))
        continue;
      batch->keys[batch->n_keys] = batch->sections[i].key;
      batch->key_counts[batch->n_keys++] = cursor_limited(&cursor, batch->n);
    }
  }
  *keys = batch->keys;
  *counts = batch->key_counts;
  return batch->n_keys;
}

guint batch_identifiers(Batch *batch, const Hash128 **hashes, const guint8 **spaces) {
  g_assert(batch->have_facts);
  *hashes = batch->entry_hash;
  *spaces = batch->entry_space;
  return batch->n_entries;
}

/* --- whole events ------------------------------------------------------------------------------- */

static gboolean has_values(const BatchSection *section) {
  return section->kind == SECTION_CAMPAIGN || section->kind == SECTION_ID || section->kind == SECTION_PROPERTY;
}

static gboolean read_columns(Batch *batch, GError **error) {
  guint64 values = 0;
  batch->columns = arena_take(&batch->arena, batch->n_sections * sizeof *batch->columns);
  for (guint i = 0; i < batch->n_sections; i++) {
    Column *column = &batch->columns[i];
    *column = (Column){0};
    if (!has_values(&batch->sections[i]))
      continue;
    if (!read_column(batch, i, column, error))
      return FALSE;
    values += column->n;
    if (values > (guint64)batch->n * (EVENT_PROPERTIES_MAX + 2))
      return damaged(error, "it has more properties than its events can have");
  }
  return TRUE;
}

/* Turns "which events have this key" round into "which values has this event", keeping the sections' order. */
static void turn_round(Batch *batch) {
  guint32 *start = arena_take(&batch->arena, (batch->n + 2) * sizeof *start);
  memset(start, 0, (batch->n + 2) * sizeof *start);
  for (guint s = 0; s < batch->n_sections; s++)
    for (guint i = 0; i < batch->columns[s].n; i++)
      start[column_event(&batch->columns[s], i) + 2]++;
  for (guint i = 2; i < batch->n + 2; i++)
    start[i] += start[i - 1];
  batch->places = arena_take(&batch->arena, start[batch->n + 1] * sizeof *batch->places);
  /* start[i + 1] is where event i's next value goes; in the end it is where event i ends. */
  for (guint s = 0; s < batch->n_sections; s++)
    for (guint i = 0; i < batch->columns[s].n; i++)
      batch->places[start[column_event(&batch->columns[s], i) + 1]++] = (Place){s, i};
  batch->place_start = start;
}

static gboolean read_places(Batch *batch, GError **error) {
  if (batch->have_places)
    return TRUE;
  if (!batch_facts(batch, error) || !read_columns(batch, error))
    return FALSE;
  turn_round(batch);
  batch->have_places = TRUE;
  return TRUE;
}

static void fill_facts(const Batch *batch, guint i, const Names *names, Event *event) {
  guint flags = batch->facts.flags[i];
  event_clear(event);
  event->time_ms = batch->facts.time_ms[i];
  event->call = (Call)(flags >> 12);
  event->grade = (Grade)(flags >> 8 & 15);
  event->initiator = flags & FACT_COMPANY ? INITIATOR_COMPANY : flags & FACT_SYSTEM ? INITIATOR_SYSTEM : INITIATOR_CUSTOMER;
  event->touch = (flags & FACT_TOUCH) != 0;
  event->web = (flags & FACT_WEB) != 0;
  event->converses = (flags & FACT_CONVERSES) != 0;
  event->has_value = (flags & FACT_VALUE) != 0;
  event->value_micro = batch->facts.value_micro[i];
  event->name = names_text(names, NAME_EVENT, batch->facts.event[i]);
  event->channel = names_text(names, NAME_CHANNEL, batch->facts.channel[i]);
  event->touchpoint = names_text(names, NAME_TOUCHPOINT, batch->facts.touchpoint[i]);
  event->currency = names_text(names, NAME_CURRENCY, batch->facts.currency[i]);
}

static Identifier identifier_of(const Batch *batch, guint32 entry) {
  return (Identifier){batch->entry_space[entry], batch->entry_value[entry], batch->entry_hash[entry]};
}

static void fill_identifiers(const Batch *batch, guint i, Event *event) {
  for (guint32 at = batch->first_identifier[i]; at < batch->first_identifier[i + 1]; at++)
    event->identifiers[event->n_identifiers++] = identifier_of(batch, batch->identifier_code[at]);
  for (guint a = 0; a < batch->n_aliases && batch->alias_event[a] <= i; a++)
    if (batch->alias_event[a] == i) {
      event->has_alias = TRUE;
      event->alias = identifier_of(batch, batch->alias_code[a]);
    }
}

static gboolean fill_values(const Batch *batch, guint i, const Names *names, Event *event) {
  for (guint32 at = batch->place_start[i]; at < batch->place_start[i + 1]; at++) {
    const Place *place = &batch->places[at];
    const BatchSection *section = &batch->sections[place->section];
    const Column *column = &batch->columns[place->section];
    guint entry = column_entry_of(column, place->occurrence);
    Text text = text_at(&column->texts, entry);
    if (section->kind == SECTION_ID)
      event->id = text;
    else if (section->kind == SECTION_CAMPAIGN)
      event->campaign_mark = text;
    else if (event->n_properties == EVENT_PROPERTIES_MAX)
      return FALSE;
    else
      event->properties[event->n_properties++] =
          (Property){names_text(names, NAME_KEY, section->key), text_kind(&column->texts, entry), text};
  }
  return TRUE;
}

gboolean batch_event(Batch *batch, guint index, const Names *names, Event *event, GError **error) {
  g_assert(index < batch->n);
  if (!read_places(batch, error))
    return FALSE;
  fill_facts(batch, index, names, event);
  fill_identifiers(batch, index, event);
  return fill_values(batch, index, names, event) || damaged(error, "an event has too many properties");
}

gboolean batch_content(Batch *batch, guint index, guint64 *content_hash, gboolean *stored, GError **error) {
  Cursor cursor;
  int section = find_section(batch, SECTION_CONTENT, 0);
  *stored = FALSE;
  if (section < 0)
    return TRUE;
  if (!section_cursor(batch, (guint)section, &cursor, error))
    return FALSE;
  guint n_blocks = batch->arena.blocks->len;
  gsize used = batch->arena.used;
  const guint16 *events;
  guint n = cursor_limited(&cursor, batch->n);
  gboolean good = n > 0 && read_presence(batch, &cursor, n, &events);
  const guint8 *hashes = good ? cursor_bytes(&cursor, n * sizeof *content_hash) : NULL;
  for (guint i = 0; hashes && i < n; i++)
    if ((events ? events[i] : i) == index) {
      memcpy(content_hash, hashes + i * sizeof *content_hash, sizeof *content_hash);
      *stored = TRUE;
    }
  arena_return(&batch->arena, n_blocks, used);
  return hashes != NULL || damaged(error, "its content hashes are cut off");
}
