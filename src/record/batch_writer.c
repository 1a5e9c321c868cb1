/* SPDX-License-Identifier: Apache-2.0
 * batch_writer.c: gathers events column by column and packs each column at the end.
 *
 * What repeats is looked up as seldom as possible, for an import adds half a million events a second: names
 * through a small cache, the column of the i-th property by what the i-th property of the last event was,
 * values in a dictionary of the column, which is given up when almost every value is new. A dictionary's
 * probes are bounded, so values chosen to collide make a batch larger but never slower. */
#include "record/batch.h"

#include "record/batch_format.h"
#include "record/pack.h"
#include <sys/random.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
  TABLE_FIRST = 64,
  PROBES_MAX = 24,
  TRIAL = 512, /* values after which a column decides whether its dictionary pays */
  COLUMNS_KEPT = 512,
  CACHE_SIZE = 64,
  EVENT_OVERHEAD = 24, /* what an event adds to a batch besides its texts, about */
};

typedef struct {
  guint32 offset, size, hash;
  guint8 kind;
} Entry;

/* The values of one key: occurrence i is entry code[i] at event[i]. */
typedef struct {
  Text name; /* borrowed from Names; empty for "(other)", which several keys share */
  guint16 key;
  gboolean plain; /* no look-ups: each occurrence is an entry of its own */
  guint n, n_entries, capacity;
  guint16 event_last;
  guint16 *event, *code;
  Entry *entries;
  guint16 *table; /* entry + 1 by hash */
  guint table_mask;
  GByteArray *bytes;
  guint64 occurrence_bytes;
} Values;

typedef struct {
  Hash128 hash;
  guint32 offset, size; /* of the plain value in identifier_bytes */
  guint8 space;
  gboolean plain;
} IdentifierEntry;

typedef struct {
  guint16 event;
  guint32 code;
} AliasEntry;

typedef struct {
  Text text;
  guint16 code;
} CachedName;

struct BatchWriter {
  const Spaces *spaces;
  Names *names;
  guint64 seed; /* of the dictionaries in here; nothing stored depends on it */
  guint n;
  gsize size;
  gint64 time_ms[BATCH_EVENTS_MAX], value_micro[BATCH_EVENTS_MAX];
  guint n_values;
  guint16 flags[BATCH_EVENTS_MAX], event[BATCH_EVENTS_MAX], channel[BATCH_EVENTS_MAX], touchpoint[BATCH_EVENTS_MAX],
      source[BATCH_EVENTS_MAX], currency[BATCH_EVENTS_MAX], n_identifiers[BATCH_EVENTS_MAX];
  GArray *identifiers;      /* of IdentifierEntry: the different ones */
  GArray *identifier_codes; /* of guint32: one an occurrence */
  GArray *aliases;          /* of AliasEntry */
  GByteArray *identifier_bytes;
  guint32 *identifier_table; /* entry + 1 by Hash128.low, which is keyed already */
  guint32 identifier_mask;
  Values *campaign, *id;
  GArray *content_events, *contents; /* of guint16 and guint64 */
  GPtrArray *columns;                /* of Values, one a property key */
  guint16 *column_of_key;            /* index + 1 by code */
  guint16 hints[EVENT_PROPERTIES_MAX];
  CachedName cache[NAME_KINDS][CACHE_SIZE];
};

/* --- values of one key -------------------------------------------------------------------------- */

static Values *values_new(guint16 key, Text name) {
  Values *values = g_new0(Values, 1);
  values->key = key;
  values->name = name;
  values->bytes = g_byte_array_new();
  return values;
}

static void values_free(Values *values) {
  g_free(values->event);
  g_free(values->code);
  g_free(values->entries);
  g_free(values->table);
  g_byte_array_unref(values->bytes);
  g_free(values);
}

static void values_reset(Values *values) {
  values->n = values->n_entries = 0;
  values->plain = FALSE;
  values->occurrence_bytes = 0;
  g_byte_array_set_size(values->bytes, 0);
  if (values->table)
    memset(values->table, 0, (values->table_mask + 1) * sizeof *values->table);
}

static void values_grow(Values *values) {
  values->capacity = values->capacity ? values->capacity * 2 : 16;
  values->event = g_renew(guint16, values->event, values->capacity);
  values->code = g_renew(guint16, values->code, values->capacity);
  values->entries = g_renew(Entry, values->entries, values->capacity);
}

static void table_put(Values *values, guint entry) {
  guint at = values->entries[entry].hash & values->table_mask;
  for (guint probe = 0; probe < PROBES_MAX; probe++, at = (at + 1) & values->table_mask)
    if (values->table[at] == 0) {
      values->table[at] = (guint16)(entry + 1);
      return;
    }
}

static void table_grow(Values *values) {
  values->table_mask = values->table ? values->table_mask * 2 + 1 : TABLE_FIRST - 1;
  g_free(values->table);
  values->table = g_new0(guint16, values->table_mask + 1);
  for (guint entry = 0; entry < values->n_entries; entry++)
    table_put(values, entry);
}

static guint16 entry_add(Values *values, ValueKind kind, Text text, guint32 hash) {
  values->entries[values->n_entries] = (Entry){values->bytes->len, text.size, hash, (guint8)kind};
  if (text.size)
    g_byte_array_append(values->bytes, (const guint8 *)text.at, text.size);
  return (guint16)values->n_entries++;
}

static guint16 entry_of(Values *values, ValueKind kind, Text text, guint64 seed) {
  if (values->table == NULL || values->n_entries * 2 > values->table_mask)
    table_grow(values);
  guint32 hash = (guint32)XXH3_64bits_withSeed(text.at, text.size, seed + kind);
  guint at = hash & values->table_mask;
  for (guint probe = 0; probe < PROBES_MAX && values->table[at]; probe++, at = (at + 1) & values->table_mask) {
    const Entry *entry = &values->entries[values->table[at] - 1];
    if (entry->hash == hash && entry->kind == kind && entry->size == text.size &&
        (text.size == 0 || memcmp(values->bytes->data + entry->offset, text.at, text.size) == 0))
      return (guint16)(values->table[at] - 1);
  }
  guint16 added = entry_add(values, kind, text, hash);
  table_put(values, added);
  return added;
}

/* FALSE when the event has a value already: the first one counts. */
static gboolean values_add(Values *values, guint event, ValueKind kind, Text text, guint64 seed) {
  if (values->n && values->event_last == event)
    return FALSE;
  if (values->n == values->capacity)
    values_grow(values);
  if (values->n == TRIAL && values->n_entries > TRIAL * 3 / 4)
    values->plain = TRUE;
  guint16 code = values->plain ? entry_add(values, kind, text, 0) : entry_of(values, kind, text, seed);
  values->event[values->n] = values->event_last = (guint16)event;
  values->code[values->n++] = code;
  values->occurrence_bytes += text.size;
  return TRUE;
}

/* --- adding an event ---------------------------------------------------------------------------- */

BatchWriter *batch_writer_new(const Spaces *spaces, Names *names) {
  BatchWriter *writer = g_new0(BatchWriter, 1);
  writer->spaces = spaces;
  writer->names = names;
  if (getrandom(&writer->seed, sizeof writer->seed, 0) != sizeof writer->seed)
    g_error("the system gives no random numbers");
  writer->identifiers = g_array_new(FALSE, FALSE, sizeof(IdentifierEntry));
  writer->identifier_codes = g_array_new(FALSE, FALSE, sizeof(guint32));
  writer->aliases = g_array_new(FALSE, FALSE, sizeof(AliasEntry));
  writer->identifier_bytes = g_byte_array_new();
  writer->identifier_mask = TABLE_FIRST - 1;
  writer->identifier_table = g_new0(guint32, TABLE_FIRST);
  writer->campaign = values_new(0, (Text){NULL, 0});
  writer->id = values_new(0, (Text){NULL, 0});
  writer->id->plain = TRUE;
  writer->content_events = g_array_new(FALSE, FALSE, sizeof(guint16));
  writer->contents = g_array_new(FALSE, FALSE, sizeof(guint64));
  writer->columns = g_ptr_array_new_with_free_func((GDestroyNotify)values_free);
  writer->column_of_key = g_new0(guint16, 65536);
  return writer;
}

void batch_writer_free(BatchWriter *writer) {
  if (writer == NULL)
    return;
  g_array_unref(writer->identifiers);
  g_array_unref(writer->identifier_codes);
  g_array_unref(writer->aliases);
  g_byte_array_unref(writer->identifier_bytes);
  g_free(writer->identifier_table);
  values_free(writer->campaign);
  values_free(writer->id);
  g_array_unref(writer->content_events);
  g_array_unref(writer->contents);
  g_ptr_array_unref(writer->columns);
  g_free(writer->column_of_key);
  g_free(writer);
}

static guint16 name_code(BatchWriter *writer, NameKind kind, Text text) {
  if (text.size == 0)
    return NAME_NONE;
  guint at = text.size * 37 + (guint8)text.at[0] + (guint8)text.at[text.size / 2] * 5 + (guint8)text.at[text.size - 1] * 11;
  CachedName *cached = &writer->cache[kind][at % CACHE_SIZE];
  if (text_equal(cached->text, text))
    return cached->code;
  guint16 code = names_intern(writer->names, kind, text);
  if (code != NAME_OTHER)
    *cached = (CachedName){names_text(writer->names, kind, code), code};
  return code;
}

/* NULL for the empty key. */
static Values *column_of(BatchWriter *writer, guint place, Text key) {
  guint16 hint = writer->hints[place];
  if (hint && text_equal(((Values *)writer->columns->pdata[hint - 1])->name, key))
    return writer->columns->pdata[hint - 1];
  guint16 code = names_intern(writer->names, NAME_KEY, key);
  if (code == NAME_NONE)
    return NULL;
  if (writer->column_of_key[code] == 0) {
    Text name = code == NAME_OTHER ? (Text){NULL, 0} : names_text(writer->names, NAME_KEY, code);
    g_ptr_array_add(writer->columns, values_new(code, name));
    writer->column_of_key[code] = (guint16)writer->columns->len;
  }
  writer->hints[place] = writer->column_of_key[code];
  return writer->columns->pdata[writer->column_of_key[code] - 1];
}

static void identifiers_grow(BatchWriter *writer) {
  writer->identifier_mask = writer->identifier_mask * 2 + 1;
  g_free(writer->identifier_table);
  writer->identifier_table = g_new0(guint32, writer->identifier_mask + 1);
  for (guint i = 0; i < writer->identifiers->len; i++) {
    guint32 at = (guint32)g_array_index(writer->identifiers, IdentifierEntry, i).hash.low & writer->identifier_mask;
    while (writer->identifier_table[at])
      at = (at + 1) & writer->identifier_mask;
    writer->identifier_table[at] = i + 1;
  }
}

static guint32 identifier_code(BatchWriter *writer, const Identifier *identifier) {
  guint32 at = (guint32)identifier->hash.low & writer->identifier_mask;
  for (; writer->identifier_table[at]; at = (at + 1) & writer->identifier_mask) {
    const IdentifierEntry *entry = &g_array_index(writer->identifiers, IdentifierEntry, writer->identifier_table[at] - 1);
    if (entry->hash.low == identifier->hash.low && entry->hash.high == identifier->hash.high && entry->space == identifier->space)
      return writer->identifier_table[at] - 1;
  }
  gboolean plain = identifier->value.size > 0 && writer->spaces->spaces[identifier->space].plain;
  IdentifierEntry entry = {identifier->hash, writer->identifier_bytes->len, plain ? identifier->value.size : 0, identifier->space,
                           plain};
  if (plain)
    g_byte_array_append(writer->identifier_bytes, (const guint8 *)identifier->value.at, identifier->value.size);
  g_array_append_val(writer->identifiers, entry);
  writer->identifier_table[at] = writer->identifiers->len;
  writer->size += plain ? identifier->value.size + 2 : sizeof(Hash128) + 1;
  if (writer->identifiers->len * 2 > writer->identifier_mask)
    identifiers_grow(writer);
  return writer->identifiers->len - 1;
}

static void add_identifiers(BatchWriter *writer, const Event *event) {
  writer->n_identifiers[writer->n] = (guint16)event->n_identifiers;
  for (guint i = 0; i < event->n_identifiers; i++) {
    guint32 code = identifier_code(writer, &event->identifiers[i]);
    g_array_append_val(writer->identifier_codes, code);
  }
  if (event->has_alias) {
    AliasEntry alias = {(guint16)writer->n, identifier_code(writer, &event->alias)};
    g_array_append_val(writer->aliases, alias);
  }
}

/* FALSE when something of the properties cannot be read back as it was given. */
static gboolean add_properties(BatchWriter *writer, const Event *event) {
  gboolean whole = TRUE;
  for (guint i = 0; i < event->n_properties; i++) {
    const Property *property = &event->properties[i];
    if (property->kind == VALUE_NONE)
      continue;
    Values *values = column_of(writer, i, property->key);
    if (values == NULL || values->key == NAME_OTHER)
      whole = FALSE;
    if (values == NULL || !values_add(values, writer->n, property->kind, property->text, writer->seed))
      whole = FALSE;
    writer->size += property->text.size + 1;
  }
  return whole;
}

static guint16 flags_of(const Event *event) {
  guint flags = (event->touch ? FACT_TOUCH : 0) | (event->web ? FACT_WEB : 0) | (event->converses ? FACT_CONVERSES : 0) |
                (event->initiator == INITIATOR_COMPANY ? FACT_COMPANY : 0) |
                (event->initiator == INITIATOR_SYSTEM ? FACT_SYSTEM : 0) | (event->has_value ? FACT_VALUE : 0) |
                (event->excluded.size ? FACT_EXCLUDED : 0);
  return (guint16)(flags | (guint)event->grade << 8 | (guint)event->call << 12);
}

void batch_writer_add(BatchWriter *writer, const Event *event, guint16 source, guint64 content_hash) {
  guint n = writer->n;
  g_assert(n < BATCH_EVENTS_MAX && event->n_identifiers <= EVENT_IDENTIFIERS_MAX && event->n_properties <= EVENT_PROPERTIES_MAX);
  writer->time_ms[n] = event->time_ms;
  writer->flags[n] = flags_of(event);
  writer->event[n] = name_code(writer, NAME_EVENT, event->name);
  writer->channel[n] = name_code(writer, NAME_CHANNEL, event->channel);
  writer->touchpoint[n] = name_code(writer, NAME_TOUCHPOINT, event->touchpoint);
  writer->currency[n] = name_code(writer, NAME_CURRENCY, event->currency);
  writer->source[n] = source;
  if (event->has_value)
    writer->value_micro[writer->n_values++] = event->value_micro;
  if (event->id.size)
    values_add(writer->id, n, VALUE_TEXT, event->id, writer->seed);
  if (event->campaign_mark.size)
    values_add(writer->campaign, n, VALUE_TEXT, event->campaign_mark, writer->seed);
  add_identifiers(writer, event);
  gboolean whole = add_properties(writer, event);
  guint16 others = writer->event[n] == NAME_OTHER || writer->channel[n] == NAME_OTHER || writer->touchpoint[n] == NAME_OTHER ||
                   writer->currency[n] == NAME_OTHER || source == NAME_OTHER;
  if (!whole || others) {
    guint16 at = (guint16)n;
    g_array_append_val(writer->content_events, at);
    g_array_append_val(writer->contents, content_hash);
  }
  writer->size += EVENT_OVERHEAD + event->id.size + event->campaign_mark.size / 8;
  writer->n++;
}

/* The dictionaries are the record's, so codes are the same; what the event itself could not say again is copied. */
gboolean batch_writer_copy(BatchWriter *writer, Batch *batch, guint index, const Event *event, GError **error) {
  gboolean stored;
  guint64 content = 0;
  guint n = writer->n;
  const BatchFacts *facts = batch_facts(batch, error);
  if (facts == NULL || !batch_content(batch, index, &content, &stored, error))
    return FALSE;
  guint contents = writer->contents->len;
  batch_writer_add(writer, event, facts->source[index], content);
  writer->flags[n] = facts->flags[index];
  writer->event[n] = facts->event[index];
  writer->channel[n] = facts->channel[index];
  writer->touchpoint[n] = facts->touchpoint[index];
  writer->currency[n] = facts->currency[index];
  guint16 at = (guint16)n;
  g_array_set_size(writer->contents, contents);
  g_array_set_size(writer->content_events, contents);
  if (stored) {
    g_array_append_val(writer->content_events, at);
    g_array_append_val(writer->contents, content);
  }
  return TRUE;
}

void batch_writer_add_erased(BatchWriter *writer, gint64 time_ms) {
  g_autofree Event *event = g_new(Event, 1);
  event_clear(event);
  event->time_ms = time_ms;
  guint n = writer->n;
  batch_writer_add(writer, event, NAME_NONE, 0);
  writer->flags[n] = (guint16)(FACT_ERASED | GRADE_NONE << 8);
}

guint batch_writer_count(const BatchWriter *writer) {
  return writer->n;
}

gsize batch_writer_size(const BatchWriter *writer) {
  return writer->size + sizeof(BatchHeader) + writer->columns->len * sizeof(BatchSection);
}

/* --- packing ------------------------------------------------------------------------------------ */

static void pack_presence(GByteArray *out, const guint16 *events, guint n, guint of) {
  guint list_bits = pack_bits_for(of - 1);
  if (n == of) {
    pack_u8(out, PRESENT_ALL);
  } else if (n * list_bits < of) {
    pack_u8(out, PRESENT_LIST);
    pack_u16s(out, events, n, list_bits);
  } else {
    guint8 bitmap[BATCH_EVENTS_MAX / 8] = {0};
    for (guint i = 0; i < n; i++)
      bitmap[events[i] / 8] |= (guint8)(1 << events[i] % 8);
    pack_u8(out, PRESENT_BITMAP);
    g_byte_array_append(out, bitmap, (of + 7) / 8);
  }
}

static void pack_lengths(GByteArray *out, const guint32 *sizes, guint n) {
  guint32 least = n ? sizes[0] : 0, most = 0;
  for (guint i = 0; i < n; i++) {
    least = MIN(least, sizes[i]);
    most = MAX(most, sizes[i]);
  }
  g_autofree guint32 *above = g_new(guint32, n + 1);
  for (guint i = 0; i < n; i++)
    above[i] = sizes[i] - least;
  guint bits = n ? pack_bits_for(most - least) : 0;
  pack_varint(out, least);
  pack_u8(out, bits);
  pack_u32s(out, above, n, bits);
}

/* Entries codes[0..n), or 0..n) when codes is NULL, as kinds, lengths, bytes. */
static void pack_texts(GByteArray *out, const Values *values, const guint16 *codes, guint n) {
  g_autofree guint32 *sizes = g_new(guint32, n + 1);
  g_autofree guint8 *kinds = g_new(guint8, n + 1);
  guint8 mixed = 0;
  for (guint i = 0; i < n; i++) {
    const Entry *entry = &values->entries[codes ? codes[i] : i];
    sizes[i] = entry->size;
    kinds[i] = entry->kind;
    mixed |= kinds[i] ^ kinds[0];
  }
  pack_u8(out, mixed ? BATCH_KINDS_MIXED : kinds[0]);
  if (mixed)
    pack_fixed(out, kinds, n, 1);
  pack_lengths(out, sizes, n);
  if (codes == NULL || values->n_entries == n)
    g_byte_array_append(out, values->bytes->data, values->bytes->len);
  else
    for (guint i = 0; i < n; i++)
      g_byte_array_append(out, values->bytes->data + values->entries[codes[i]].offset, sizes[i]);
}

/* Of one size and made to a pattern, as ids of programs are. */
static gboolean pack_ids_by_pattern(GByteArray *out, const Values *ids) {
  guint before = out->len, size = ids->entries[0].size;
  for (guint i = 1; i < ids->n; i++)
    if (ids->entries[i].size != size)
      return FALSE;
  pack_u8(out, BATCH_KINDS_PATTERN);
  pack_varint(out, size);
  if (pack_pattern(out, (const char *)ids->bytes->data, ids->n, size))
    return TRUE;
  g_byte_array_set_size(out, before);
  return FALSE;
}

static void pack_ids(GByteArray *out, const Values *ids, guint of) {
  pack_varint(out, ids->n);
  pack_presence(out, ids->event, ids->n, of);
  pack_varint(out, 0);
  if (!pack_ids_by_pattern(out, ids))
    pack_texts(out, ids, NULL, ids->n);
}

static void pack_values(GByteArray *out, const Values *values, guint of) {
  guint bits = pack_bits_for(values->n_entries - 1);
  guint64 with_dictionary = values->bytes->len + values->n_entries + values->n * bits / 8;
  gboolean dictionary = with_dictionary < values->occurrence_bytes + values->n;
  pack_varint(out, values->n);
  pack_presence(out, values->event, values->n, of);
  pack_varint(out, dictionary ? values->n_entries : 0);
  if (!dictionary) {
    pack_texts(out, values, values->code, values->n);
    return;
  }
  pack_texts(out, values, NULL, values->n_entries);
  pack_u16s(out, values->code, values->n, bits);
}

static void pack_facts(GByteArray *out, BatchWriter *writer) {
  pack_ints(out, writer->time_ms, writer->n);
  const guint16 *const codes[] = {writer->flags,      writer->event,  writer->channel,
                                  writer->touchpoint, writer->source, writer->currency};
  for (guint i = 0; i < G_N_ELEMENTS(codes); i++)
    pack_codes(out, codes[i], writer->n);
  pack_ints(out, writer->value_micro, writer->n_values);
}

static void pack_identifier_entries(GByteArray *out, const BatchWriter *writer) {
  guint n = writer->identifiers->len, n_plain = 0;
  const IdentifierEntry *entries = (const IdentifierEntry *)writer->identifiers->data;
  g_autofree guint16 *spaces = g_new(guint16, n);
  g_autofree guint32 *sizes = g_new(guint32, n);
  for (guint i = 0; i < n; i++) {
    spaces[i] = (guint16)(entries[i].space | (entries[i].plain ? BATCH_IDENTIFIER_PLAIN : 0));
    if (entries[i].plain)
      sizes[n_plain++] = entries[i].size;
  }
  pack_varint(out, n);
  pack_codes(out, spaces, n);
  for (guint i = 0; i < n; i++)
    if (!entries[i].plain)
      pack_fixed(out, &entries[i].hash, 1, sizeof(Hash128));
  pack_lengths(out, sizes, n_plain);
  g_byte_array_append(out, writer->identifier_bytes->data, writer->identifier_bytes->len);
}

static void pack_identifiers(GByteArray *out, const BatchWriter *writer) {
  guint n = writer->identifiers->len, occurrences = writer->identifier_codes->len, n_aliases = writer->aliases->len;
  pack_identifier_entries(out, writer);
  pack_codes(out, writer->n_identifiers, writer->n);
  pack_varint(out, n_aliases);
  for (guint i = 0; i < n_aliases; i++) {
    const AliasEntry *alias = &g_array_index(writer->aliases, AliasEntry, i);
    pack_varint(out, alias->event);
    pack_varint(out, alias->code);
  }
  if (n != occurrences || n_aliases) /* else each is new and they stand in order */
    pack_u32s(out, (const guint32 *)writer->identifier_codes->data, occurrences, pack_bits_for(n - 1));
}

static void pack_contents(GByteArray *out, const BatchWriter *writer) {
  pack_varint(out, writer->contents->len);
  pack_presence(out, (const guint16 *)writer->content_events->data, writer->contents->len, writer->n);
  pack_fixed(out, writer->contents->data, writer->contents->len, sizeof(guint64));
}

typedef struct {
  GByteArray *out;
  GArray *sections; /* of BatchSection */
  guint start;
} Assembly;

static void section_begin(Assembly *assembly) {
  assembly->start = assembly->out->len;
}

static void section_end(Assembly *assembly, SectionKind kind, guint16 key) {
  guint size = assembly->out->len - assembly->start;
  guint64 sum = checksum64(assembly->out->data + assembly->start, size);
  BatchSection section = {(guint16)kind, key, assembly->start, size, (guint32)sum};
  g_array_append_val(assembly->sections, section);
}

static guint count_sections(const BatchWriter *writer) {
  guint n = 1 + (writer->identifiers->len > 0) + (writer->campaign->n > 0) + (writer->id->n > 0) + (writer->contents->len > 0);
  for (guint i = 0; i < writer->columns->len; i++)
    n += ((const Values *)writer->columns->pdata[i])->n > 0;
  return n;
}

static void assemble_values(Assembly *assembly, SectionKind kind, const Values *values, guint of) {
  if (values->n == 0)
    return;
  section_begin(assembly);
  if (kind == SECTION_ID)
    pack_ids(assembly->out, values, of);
  else
    pack_values(assembly->out, values, of);
  section_end(assembly, kind, values->key);
}

static void assemble(Assembly *assembly, BatchWriter *writer) {
  section_begin(assembly);
  pack_facts(assembly->out, writer);
  section_end(assembly, SECTION_FACTS, 0);
  if (writer->identifiers->len) {
    section_begin(assembly);
    pack_identifiers(assembly->out, writer);
    section_end(assembly, SECTION_IDENTIFIERS, 0);
  }
  assemble_values(assembly, SECTION_CAMPAIGN, writer->campaign, writer->n);
  assemble_values(assembly, SECTION_ID, writer->id, writer->n);
  if (writer->contents->len) {
    section_begin(assembly);
    pack_contents(assembly->out, writer);
    section_end(assembly, SECTION_CONTENT, 0);
  }
  for (guint i = 0; i < writer->columns->len; i++)
    assemble_values(assembly, SECTION_PROPERTY, writer->columns->pdata[i], writer->n);
}

static void reset(BatchWriter *writer) {
  writer->n = writer->n_values = 0;
  writer->size = 0;
  g_array_set_size(writer->identifiers, 0);
  g_array_set_size(writer->identifier_codes, 0);
  g_array_set_size(writer->aliases, 0);
  g_byte_array_set_size(writer->identifier_bytes, 0);
  memset(writer->identifier_table, 0, (writer->identifier_mask + 1) * sizeof *writer->identifier_table);
  values_reset(writer->campaign);
  values_reset(writer->id);
  writer->id->plain = TRUE;
  g_array_set_size(writer->content_events, 0);
  g_array_set_size(writer->contents, 0);
  if (writer->columns->len > COLUMNS_KEPT) {
    g_ptr_array_set_size(writer->columns, 0);
    memset(writer->column_of_key, 0, 65536 * sizeof *writer->column_of_key);
    memset(writer->hints, 0, sizeof writer->hints);
  }
  for (guint i = 0; i < writer->columns->len; i++)
    values_reset(writer->columns->pdata[i]);
}

GBytes *batch_writer_finish(BatchWriter *writer) {
  g_assert(writer->n > 0);
  BatchHeader header = {.magic = {'E', 't', 'B'},
                        .version = BATCH_VERSION,
                        .n = writer->n,
                        .n_sections = count_sections(writer),
                        .min_time_ms = G_MAXINT64,
                        .max_time_ms = G_MININT64};
  for (guint i = 0; i < writer->n; i++) {
    header.min_time_ms = MIN(header.min_time_ms, writer->time_ms[i]);
    header.max_time_ms = MAX(header.max_time_ms, writer->time_ms[i]);
  }
  guint table_size = header.n_sections * (guint)sizeof(BatchSection);
  Assembly assembly = {g_byte_array_sized_new((guint)batch_writer_size(writer) + 1024),
                       g_array_new(FALSE, FALSE, sizeof(BatchSection)), 0};
  g_byte_array_set_size(assembly.out, (guint)sizeof header + table_size);
  assemble(&assembly, writer);
  guint64 slack = 0;
  G_STATIC_ASSERT(sizeof slack == PACK_SLACK);
  pack_fixed(assembly.out, &slack, 1, sizeof slack);
  header.size = assembly.out->len;
  memcpy(assembly.out->data, &header, sizeof header);
  memcpy(assembly.out->data + sizeof header, assembly.sections->data, table_size);
  /* The sum covers header and table as they stand with the sum's own place zero. */
  header.checksum = checksum64(assembly.out->data, sizeof header + table_size);
  memcpy(assembly.out->data, &header, sizeof header);
  g_array_unref(assembly.sections);
  reset(writer);
  return g_byte_array_free_to_bytes(assembly.out);
}
