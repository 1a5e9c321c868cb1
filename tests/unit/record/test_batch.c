/* SPDX-License-Identifier: Apache-2.0 */
#include "record/batch.h"

#include "base/error.h"
#include "record/batch_format.h"

/* --- a batch to try things on ----------------------------------------------------------------- */

typedef struct {
  Spaces *spaces;
  HashKey key;
  Names *names;
  BatchWriter *writer;
  Batch *batch;
  GBytes *blob;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
  f->spaces = spaces_new();
  memcpy(f->key.bytes, "0123456789abcdef", sizeof f->key);
  f->names = names_new();
  f->writer = batch_writer_new(f->spaces, f->names);
  f->batch = batch_new(f->spaces, &f->key);
}

static void tear_down(Fixture *f, gconstpointer data) {
  batch_free(f->batch);
  batch_writer_free(f->writer);
  names_free(f->names);
  spaces_free(f->spaces);
  g_clear_pointer(&f->blob, g_bytes_unref);
}

static gboolean open_bytes(Fixture *f, GBytes *blob, GError **error) {
  gsize size;
  gconstpointer data = g_bytes_get_data(blob, &size);
  return batch_open(f->batch, data, size, error);
}

static void finish(Fixture *f) {
  g_autoptr(GError) error = NULL;
  g_clear_pointer(&f->blob, g_bytes_unref);
  f->blob = batch_writer_finish(f->writer);
  open_bytes(f, f->blob, &error);
  g_assert_no_error(error);
}

static Identifier identify(Fixture *f, guint8 space, const char *value, char *scratch) {
  Identifier identifier;
  const char *why;
  g_assert_true(identifier_make(&identifier, f->spaces, &f->key, space, text_of(value), scratch, &why));
  return identifier;
}

static void add_property(Event *event, const char *key, ValueKind kind, const char *text) {
  event->properties[event->n_properties++] = (Property){text_of(key), kind, text_of(text)};
}

static Event *new_event(gint64 time_ms, const char *name) {
  Event *event = g_new0(Event, 1);
  event_clear(event);
  event->time_ms = time_ms;
  event->name = text_of(name);
  return event;
}

static void add_plain(Fixture *f, gint64 time_ms, const char *name) {
  g_autofree Event *event = new_event(time_ms, name);
  batch_writer_add(f->writer, event, 0, 0);
}

/* --- comparing ---------------------------------------------------------------------------------- */

static void assert_text(Text a, Text b) {
  g_assert_true(text_equal(a, b));
}

static void assert_identifier(const Fixture *f, const Identifier *read, const Identifier *given) {
  g_assert_cmpuint(read->space, ==, given->space);
  g_assert_true(read->hash.low == given->hash.low && read->hash.high == given->hash.high);
  assert_text(read->value, f->spaces->spaces[given->space].plain ? given->value : (Text){NULL, 0});
}

static const Property *find_property(const Event *event, Text key) {
  for (guint i = 0; i < event->n_properties; i++)
    if (text_equal(event->properties[i].key, key))
      return &event->properties[i];
  return NULL;
}

static void assert_event(const Fixture *f, const Event *read, const Event *given) {
  g_assert_cmpint(read->time_ms, ==, given->time_ms);
  g_assert_cmpint(read->call, ==, given->call);
  g_assert_cmpint(read->initiator, ==, given->initiator);
  g_assert_cmpint(read->grade, ==, given->grade);
  g_assert_cmpint(read->touch, ==, given->touch);
  g_assert_cmpint(read->web, ==, given->web);
  g_assert_cmpint(read->converses, ==, given->converses);
  g_assert_cmpint(read->has_value, ==, given->has_value);
  g_assert_cmpint(read->value_micro, ==, given->has_value ? given->value_micro : 0);
  assert_text(read->id, given->id);
  assert_text(read->name, given->name);
  assert_text(read->channel, given->channel);
  assert_text(read->touchpoint, given->touchpoint);
  assert_text(read->campaign_mark, given->campaign_mark);
  assert_text(read->currency, given->currency);
  g_assert_cmpuint(read->n_identifiers, ==, given->n_identifiers);
  for (guint i = 0; i < read->n_identifiers; i++)
    assert_identifier(f, &read->identifiers[i], &given->identifiers[i]);
  g_assert_cmpint(read->has_alias, ==, given->has_alias);
  if (given->has_alias)
    assert_identifier(f, &read->alias, &given->alias);
  g_assert_cmpuint(read->n_properties, ==, given->n_properties);
  for (guint i = 0; i < given->n_properties; i++) {
    const Property *property = find_property(read, given->properties[i].key);
    g_assert_nonnull(property);
    g_assert_cmpint(property->kind, ==, given->properties[i].kind);
    assert_text(property->text, given->properties[i].text);
  }
}

/* --- random events ------------------------------------------------------------------------------- */

static guint below(GRand *random, guint n) {
  return (guint)g_rand_int_range(random, 0, (gint32)n);
}

static Text random_text(GRand *random, GStringChunk *chunk, const char *prefix, guint different) {
  g_autofree char *text = g_strdup_printf("%s%u", prefix, below(random, different));
  return text_of(g_string_chunk_insert(chunk, text));
}

static void random_identifiers(Fixture *f, GRand *random, GStringChunk *chunk, Event *event) {
  event->n_identifiers = below(random, 4);
  event->has_alias = event->n_identifiers && below(random, 20) == 0;
  for (guint i = 0; i < event->n_identifiers + event->has_alias; i++) {
    char scratch[IDENTIFIER_SIZE_MAX];
    g_autofree char *value = g_strdup_printf("a%u@example.com", below(random, 500));
    Identifier *to = i < event->n_identifiers ? &event->identifiers[i] : &event->alias;
    *to = identify(f, (guint8)below(random, SPACES_BUILT_IN), value, scratch);
    g_autofree char *copy = text_dup(to->value);
    to->value.at = g_string_chunk_insert(chunk, copy);
  }
}

static void random_properties(GRand *random, GStringChunk *chunk, Event *event) {
  static const char *const keys[] = {"properties.total", "properties.sku", "campaign", "context.page", "properties.rare", "order"};
  static const guint different[] = {50, 4000, 3, 100000, 5, 100000}, one_in[] = {1, 2, 1, 3, 300, 1};
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
    if (below(random, one_in[i]) == 0) {
      ValueKind kind = i == 3 ? (ValueKind)(1 + below(random, VALUE_JSON)) : VALUE_TEXT;
      Text text = below(random, 50) ? random_text(random, chunk, keys[i], different[i]) : (Text){"", 0};
      event->properties[event->n_properties++] = (Property){text_of(keys[i]), kind, text};
    }
}

static Event *random_event(Fixture *f, GRand *random, GStringChunk *chunk) {
  Event *event = new_event(G_GINT64_CONSTANT(1700000000000) + below(random, 1000000000), "");
  event->call = (Call)below(random, CALL_ALIAS + 1);
  event->initiator = (Initiator)below(random, 3);
  event->grade = (Grade)below(random, GRADE_NONE + 1);
  event->touch = below(random, 2) == 0;
  event->web = below(random, 2) == 0;
  event->converses = below(random, 2) == 0;
  event->has_value = below(random, 3) == 0;
  event->value_micro = (gint64)below(random, 100000) * 10000 - 50000;
  event->name = random_text(random, chunk, "event", 40);
  event->channel = random_text(random, chunk, "channel", 300);
  event->touchpoint = below(random, 2) ? random_text(random, chunk, "shop", 3) : (Text){NULL, 0};
  event->campaign_mark = below(random, 2) ? random_text(random, chunk, "mark", 20) : (Text){NULL, 0};
  event->currency = below(random, 2) ? random_text(random, chunk, "C", 4) : (Text){NULL, 0};
  event->id = below(random, 2) ? random_text(random, chunk, "id", 1000000) : (Text){NULL, 0};
  random_identifiers(f, random, chunk, event);
  random_properties(random, chunk, event);
  return event;
}

static GPtrArray *add_random(Fixture *f, GRand *random, GStringChunk *chunk, guint n) {
  GPtrArray *events = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < n; i++) {
    g_ptr_array_add(events, random_event(f, random, chunk));
    batch_writer_add(f->writer, events->pdata[i], (guint16)(i % 3), i);
  }
  return events;
}

/* --- tests ---------------------------------------------------------------------------------------- */

static void test_random(Fixture *f, gconstpointer data) {
  const guint sizes[] = {1, 2, 63, 64, 65, 1000, BATCH_EVENTS_MAX, 7};
  g_autoptr(GRand) random = g_rand_new_with_seed((guint32)g_test_rand_int());
  g_autofree Event *read = g_new0(Event, 1);
  for (guint s = 0; s < G_N_ELEMENTS(sizes); s++) {
    g_autoptr(GStringChunk) chunk = g_string_chunk_new(1 << 16);
    g_autoptr(GPtrArray) events = add_random(f, random, chunk, sizes[s]);
    finish(f);
    const BatchFacts *facts = batch_facts(f->batch, NULL);
    g_assert_nonnull(facts);
    g_assert_cmpuint(facts->n, ==, sizes[s]);
    for (guint i = 0; i < sizes[s]; i++) {
      const Event *given = events->pdata[i];
      g_assert_true(batch_event(f->batch, i, f->names, read, NULL));
      assert_event(f, read, given);
      g_assert_cmpuint(facts->source[i], ==, i % 3);
      g_assert_cmpuint(facts->first_identifier[i + 1] - facts->first_identifier[i], ==, given->n_identifiers);
      for (guint k = 0; k < given->n_identifiers; k++)
        g_assert_true(facts->identifier[facts->first_identifier[i] + k] == given->identifiers[k].hash.low);
      g_assert_cmpint(facts->campaign[i] != 0, ==, given->campaign_mark.size > 0);
    }
  }
}

static void test_facts(Fixture *f, gconstpointer data) {
  char scratch[2][IDENTIFIER_SIZE_MAX];
  g_autofree Event *event = new_event(5000, "Order Completed");
  event->touch = event->web = event->converses = TRUE;
  event->grade = GRADE_CLICK;
  event->call = CALL_PAGE;
  event->channel = text_of("email");
  event->touchpoint = text_of("Shop");
  event->campaign_mark = text_of("newsletter\x1f"
                                 "email");
  event->has_value = TRUE;
  event->value_micro = 19900000;
  event->currency = text_of("CHF");
  event->identifiers[event->n_identifiers++] = identify(f, SPACE_USER, "u1", scratch[0]);
  event->identifiers[event->n_identifiers++] = identify(f, SPACE_EMAIL, "U@example.com", scratch[1]);
  add_plain(f, 7000, "a");
  batch_writer_add(f->writer, event, 3, 0);
  add_plain(f, 6000, "b");
  finish(f);
  const BatchFacts *facts = batch_facts(f->batch, NULL);
  g_assert_nonnull(facts);
  g_assert_cmpuint(facts->n, ==, 3);
  g_assert_cmpint(facts->time_ms[0], ==, 7000);
  g_assert_cmpint(facts->time_ms[1], ==, 5000);
  g_assert_cmpint(facts->time_ms[2], ==, 6000);
  g_assert_cmpuint(facts->flags[1], ==, (FACT_TOUCH | FACT_WEB | FACT_CONVERSES | FACT_VALUE) | GRADE_CLICK << 8 | CALL_PAGE << 12);
  g_assert_cmpuint(facts->flags[0], ==, 0);
  g_assert_cmpuint(facts->event[1], ==, names_find(f->names, NAME_EVENT, text_of("Order Completed")));
  g_assert_cmpuint(facts->channel[1], ==, names_find(f->names, NAME_CHANNEL, text_of("email")));
  g_assert_cmpuint(facts->touchpoint[1], ==, names_find(f->names, NAME_TOUCHPOINT, text_of("Shop")));
  g_assert_cmpuint(facts->currency[1], ==, names_find(f->names, NAME_CURRENCY, text_of("CHF")));
  g_assert_cmpuint(facts->touchpoint[0], ==, NAME_NONE);
  g_assert_cmpuint(facts->source[1], ==, 3);
  g_assert_cmpint(facts->value_micro[1], ==, 19900000);
  g_assert_cmpint(facts->value_micro[2], ==, 0);
  g_assert_cmpuint(facts->campaign[0], ==, 0);
  g_assert_cmpuint(facts->campaign[1], !=, 0);
  const guint32 first[] = {0, 0, 2, 2};
  g_assert_cmpint(memcmp(facts->first_identifier, first, sizeof first), ==, 0);
  g_assert_cmpuint(facts->space[0], ==, SPACE_USER);
  g_assert_cmpuint(facts->space[1], ==, SPACE_EMAIL);
  g_assert_true(facts->identifier[0] == event->identifiers[0].hash.low);
  g_assert_true(facts->identifier[1] == event->identifiers[1].hash.low);
}

static void test_hashed_is_not_stored(Fixture *f, gconstpointer data) {
  char scratch[IDENTIFIER_SIZE_MAX];
  g_autofree Event *event = new_event(5000, "a");
  event->identifiers[event->n_identifiers++] = identify(f, SPACE_EMAIL, "secret@example.com", scratch);
  batch_writer_add(f->writer, event, 0, 0);
  finish(f);
  gsize size;
  const char *blob = g_bytes_get_data(f->blob, &size);
  g_assert_null(memmem(blob, size, "secret", 6));
}

typedef struct {
  guint n;
  guint events[8];
  ValueKind kinds[8];
  char *texts[8];
} Seen;

static void note(guint event, ValueKind kind, Text text, gpointer user) {
  Seen *seen = user;
  seen->events[seen->n] = event;
  seen->kinds[seen->n] = kind;
  seen->texts[seen->n++] = text_dup(text);
}

static void test_property(Fixture *f, gconstpointer data) {
  for (guint i = 0; i < 100; i++) {
    g_autofree Event *event = new_event(5000, "a");
    if (i % 40 == 3) {
      add_property(event, "properties.size", VALUE_TEXT, "XL");
      add_property(event, "properties.total", i == 43 ? VALUE_TEXT : VALUE_NUMBER, "1.50");
    }
    batch_writer_add(f->writer, event, 0, 0);
  }
  finish(f);
  Seen seen = {0};
  guint16 key = names_find(f->names, NAME_KEY, text_of("properties.total"));
  g_assert_true(batch_property(f->batch, key, note, &seen, NULL));
  g_assert_cmpuint(seen.n, ==, 3);
  for (guint i = 0; i < 3; i++) {
    g_assert_cmpuint(seen.events[i], ==, 3 + i * 40);
    g_assert_cmpint(seen.kinds[i], ==, i == 1 ? VALUE_TEXT : VALUE_NUMBER);
    g_assert_cmpstr(seen.texts[i], ==, "1.50");
    g_free(seen.texts[i]);
  }
  g_assert_true(batch_property(f->batch, 999, note, &seen, NULL));
  g_assert_cmpuint(seen.n, ==, 3);
  const guint16 *keys;
  const guint32 *counts;
  g_assert_cmpuint(batch_keys(f->batch, &keys, &counts), ==, 2);
  g_assert_cmpuint(keys[1], ==, key);
  g_assert_cmpuint(counts[0], ==, 3);
  g_assert_cmpuint(counts[1], ==, 3);
}

static void check_ids(Fixture *f, const char *const *ids, guint n) {
  g_autofree Event *event = new_event(5000, "a"), *read = g_new0(Event, 1);
  for (guint i = 0; i < n; i++) {
    event->id = text_of(ids[i]);
    batch_writer_add(f->writer, event, 0, 0);
  }
  finish(f);
  for (guint i = 0; i < n; i++) {
    g_assert_true(batch_event(f->batch, i, f->names, read, NULL));
    g_assert_true(text_is(read->id, ids[i]));
  }
}

static void test_ids(Fixture *f, gconstpointer data) {
  static const char *const uuids[] = {"550e8400-e29b-41d4-a716-446655440000", "", "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
                                      "6ba7b811-9dad-41d1-80b4-00c04fd430c8"};
  static const char *const upper[] = {"550E8400", "6BA7B810"}, *const sizes[] = {"1", "12"}, *const one[] = {"5"};
  static const char *const equal[] = {"7", "7"};
  check_ids(f, uuids, G_N_ELEMENTS(uuids));
  check_ids(f, upper, G_N_ELEMENTS(upper));
  check_ids(f, sizes, G_N_ELEMENTS(sizes));
  check_ids(f, one, G_N_ELEMENTS(one));
  check_ids(f, equal, G_N_ELEMENTS(equal));
}

static void test_first_value_counts(Fixture *f, gconstpointer data) {
  g_autofree Event *event = new_event(5000, "a"), *read = g_new0(Event, 1);
  guint64 content;
  gboolean stored;
  add_property(event, "k", VALUE_TEXT, "first");
  batch_writer_add(f->writer, event, 0, 11);
  add_property(event, "k", VALUE_TEXT, "second");
  batch_writer_add(f->writer, event, 0, 22);
  finish(f);
  g_assert_true(batch_event(f->batch, 1, f->names, read, NULL));
  g_assert_cmpuint(read->n_properties, ==, 1);
  g_assert_true(text_is(read->properties[0].text, "first"));
  g_assert_true(batch_content(f->batch, 0, &content, &stored, NULL));
  g_assert_false(stored);
  g_assert_true(batch_content(f->batch, 1, &content, &stored, NULL));
  g_assert_true(stored);
  g_assert_cmpuint(content, ==, 22);
}

static void test_other_keys(Fixture *f, gconstpointer data) {
  for (guint i = 0; i < NAMES_MAX; i++) {
    char key[16];
    g_snprintf(key, sizeof key, "k%u", i);
    names_intern(f->names, NAME_KEY, text_of(key));
    names_intern(f->names, NAME_EVENT, text_of(key));
  }
  g_autofree Event *event = new_event(5000, "an event too many"), *read = g_new0(Event, 1);
  guint64 content;
  gboolean stored;
  add_property(event, "too many", VALUE_TEXT, "x");
  add_property(event, "k7", VALUE_TEXT, "y");
  add_property(event, "still more", VALUE_TEXT, "z");
  batch_writer_add(f->writer, event, 0, 33);
  finish(f);
  g_assert_true(batch_event(f->batch, 0, f->names, read, NULL));
  g_assert_true(text_is(read->name, "(other)"));
  g_assert_cmpuint(read->n_properties, ==, 2);
  g_assert_true(text_is(read->properties[0].key, "(other)"));
  g_assert_true(text_is(read->properties[0].text, "x"));
  g_assert_true(text_is(find_property(read, text_of("k7"))->text, "y"));
  g_assert_true(batch_content(f->batch, 0, &content, &stored, NULL) && stored);
  g_assert_cmpuint(content, ==, 33);
}

static void test_many_keys(Fixture *f, gconstpointer data) {
  g_autofree Event *event = g_new0(Event, 1), *read = g_new0(Event, 1);
  g_autoptr(GStringChunk) chunk = g_string_chunk_new(1 << 16);
  for (guint round = 0; round < 2; round++) {
    for (guint i = 0; i < 100; i++) {
      event_clear(event);
      for (guint k = 0; k < EVENT_PROPERTIES_MAX; k++) {
        g_autofree char *key = g_strdup_printf("key%u", i * 37 + k);
        add_property(event, g_string_chunk_insert_const(chunk, key), VALUE_TEXT, i % 2 ? "odd" : "even");
      }
      batch_writer_add(f->writer, event, 0, 0);
    }
    finish(f);
    g_assert_true(batch_event(f->batch, 99, f->names, read, NULL));
    assert_event(f, read, event);
  }
}

/* Opens and reads everything; the blob may be anything. */
static gboolean read_all(Fixture *f, const void *blob, gsize size, GError **error) {
  g_autofree Event *event = g_new0(Event, 1);
  const guint16 *keys;
  const guint32 *counts;
  Seen seen = {0};
  if (!batch_open(f->batch, blob, size, error))
    return FALSE;
  const BatchFacts *facts = batch_facts(f->batch, error);
  if (facts == NULL)
    return FALSE;
  guint n_keys = batch_keys(f->batch, &keys, &counts);
  for (guint i = 0; i < facts->n; i++) {
    guint64 content;
    gboolean stored;
    if (!batch_event(f->batch, i, f->names, event, error) || !batch_content(f->batch, i, &content, &stored, error))
      return FALSE;
  }
  for (guint k = 0; k < n_keys && facts->n <= 8; k++, seen.n = 0) {
    if (!batch_property(f->batch, keys[k], note, &seen, error))
      return FALSE;
    for (guint i = 0; i < seen.n; i++)
      g_free(seen.texts[i]);
  }
  return TRUE;
}

static GBytes *blob_of(Fixture *f, GRand *random, guint n) {
  g_autoptr(GStringChunk) chunk = g_string_chunk_new(1 << 16);
  g_autoptr(GPtrArray) events = add_random(f, random, chunk, n - 1);
  g_autofree Event *event = new_event(5000, "twice");
  add_property(event, "k", VALUE_TEXT, "first");
  add_property(event, "k", VALUE_TEXT, "second");
  batch_writer_add(f->writer, event, 0, 22);
  return batch_writer_finish(f->writer);
}

static void test_any_flipped_bit_is_noticed(Fixture *f, gconstpointer data) {
  g_autoptr(GRand) random = g_rand_new_with_seed((guint32)g_test_rand_int());
  const guint sizes[] = {1, 5, 300};
  for (guint s = 0; s < G_N_ELEMENTS(sizes); s++) {
    g_autoptr(GBytes) blob = blob_of(f, random, sizes[s]);
    gsize size;
    g_autofree guint8 *copy = g_memdup2(g_bytes_get_data(blob, &size), g_bytes_get_size(blob));
    size = g_bytes_get_size(blob);
    gsize step = size > 2000 ? 61 : 1;
    for (gsize bit = 0; bit < size * 8; bit += step) {
      g_autoptr(GError) error = NULL;
      copy[bit / 8] ^= (guint8)(1 << bit % 8);
      g_assert_false(read_all(f, copy, size, &error));
      if (bit / 8 != G_STRUCT_OFFSET(BatchHeader, version))
        g_assert_error(error, ETAPPE_ERROR, ERROR_DAMAGED);
      copy[bit / 8] ^= (guint8)(1 << bit % 8);
    }
    g_assert_true(read_all(f, copy, size, NULL));
    for (gsize cut = 0; cut < size; cut += 1 + cut / 8)
      g_assert_false(read_all(f, copy, cut, NULL));
  }
}

/* Puts the sums right again after a change, as no accident does but a stranger could. */
static void forge_sums(guint8 *blob, gsize size) {
  BatchHeader header;
  memcpy(&header, blob, sizeof header);
  if (header.n_sections > (size - sizeof header) / sizeof(BatchSection))
    return;
  for (guint i = 0; i < header.n_sections; i++) {
    guint8 *at = blob + sizeof header + i * sizeof(BatchSection);
    BatchSection section;
    memcpy(&section, at, sizeof section);
    if ((guint64)section.offset + section.size <= size)
      section.check = (guint32)checksum64(blob + section.offset, section.size);
    memcpy(at, &section, sizeof section);
  }
  header.checksum = 0;
  memcpy(blob, &header, sizeof header);
  header.checksum = checksum64(blob, sizeof header + header.n_sections * sizeof(BatchSection));
  memcpy(blob, &header, sizeof header);
}

static void test_forged(Fixture *f, gconstpointer data) {
  g_autoptr(GRand) random = g_rand_new_with_seed((guint32)g_test_rand_int());
  guint refused = 0, rounds = g_test_slow() ? 200000 : 20000;
  for (guint round = 0; round < rounds;) {
    g_autoptr(GBytes) blob = blob_of(f, random, 1 + below(random, round % 50 == 0 ? 500 : 8));
    gsize size = g_bytes_get_size(blob);
    for (guint i = 0; i < 200; i++, round++) {
      /* an allocation of its own without room behind it, so that a sanitizer sees any reading past the end */
      g_autofree guint8 *copy = g_memdup2(g_bytes_get_data(blob, NULL), size);
      for (guint change = 1 + below(random, 3); change > 0; change--)
        copy[below(random, (guint)size)] = (guint8)(below(random, 2) ? below(random, 256) : below(random, 2) * 255);
      forge_sums(copy, size);
      g_autoptr(GError) error = NULL;
      gboolean good = read_all(f, copy, size, &error);
      g_assert_true(good || error != NULL);
      refused += !good;
    }
  }
  g_assert_cmpuint(refused, >, rounds / 10);
}

static void test_newer_format(Fixture *f, gconstpointer data) {
  add_plain(f, 5000, "a");
  finish(f);
  gsize size = g_bytes_get_size(f->blob);
  g_autofree guint8 *copy = g_memdup2(g_bytes_get_data(f->blob, NULL), size);
  copy[G_STRUCT_OFFSET(BatchHeader, version)] = 2;
  forge_sums(copy, size);
  g_autoptr(GError) error = NULL;
  g_assert_false(batch_open(f->batch, copy, size, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_VERSION);
}

static void test_size(Fixture *f, gconstpointer data) {
  g_autoptr(GRand) random = g_rand_new_with_seed(1);
  g_autoptr(GStringChunk) chunk = g_string_chunk_new(1 << 16);
  g_autoptr(GPtrArray) events = add_random(f, random, chunk, 2000);
  gsize about = batch_writer_size(f->writer);
  g_assert_cmpuint(batch_writer_count(f->writer), ==, 2000);
  finish(f);
  g_assert_cmpuint(g_bytes_get_size(f->blob), <=, about);
  g_assert_cmpuint(g_bytes_get_size(f->blob), >=, about / 8);
  g_assert_cmpuint(batch_writer_count(f->writer), ==, 0);
}

#define ADD(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  ADD("/batch/facts are what was given", test_facts);
  ADD("/batch/random events come back whole", test_random);
  ADD("/batch/a hashed identifier leaves no plain text", test_hashed_is_not_stored);
  ADD("/batch/one property is read alone, in order", test_property);
  ADD("/batch/ids come back, UUIDs or not", test_ids);
  ADD("/batch/of a key given twice the first value counts and the content hash is kept", test_first_value_counts);
  ADD("/batch/names beyond the dictionary are other and the content hash is kept", test_other_keys);
  ADD("/batch/thousands of keys come back", test_many_keys);
  ADD("/batch/any flipped bit is noticed", test_any_flipped_bit_is_noticed);
  ADD("/batch/forged bytes are refused or read, never more", test_forged);
  ADD("/batch/a newer format is refused as such", test_newer_format);
  ADD("/batch/the size is foreseen", test_size);
  return g_test_run();
}
