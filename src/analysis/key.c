/* SPDX-License-Identifier: Apache-2.0
 * One dictionary for the whole question under a lock. A block takes the lock once and turns its own
 * dictionary into a table (entry -> code); its events then go through the table. Fields whose dictionary
 * all blocks share keep their table in the key. */
#include "analysis/key.h"
#include "analysis/field.h"
#include "base/error.h"
#include "base/hash.h"
#include <pthread.h>

enum { KEYS_MAX = 1000000, UNKNOWN = G_MAXUINT32, FIRST_SLOTS = 1024 };

typedef struct {
  guint64 hash;
  Text text;
} Word;

typedef struct { /* the upper half of the hash tells most strangers without a look at the word; code 0: free */
  guint32 tag, code;
} Slot;

struct Key {
  Field *field;
  HashKey secret;       /* values come from strangers */
  pthread_mutex_t lock; /* of everything below */
  GStringChunk *texts;
  GArray *words; /* of Word; 0 is "(none)" */
  Slot *slots;   /* open addressing */
  guint32 mask;
  guint32 *shared; /* entry to code, or NULL */
};

Key *key_new(const Question *question, const char *field, GError **error) {
  g_autoptr(Field) found = field_new(question, field, error);
  if (!found)
    return NULL;
  Key *key = g_new0(Key, 1);
  key->field = g_steal_pointer(&found);
  key->secret = *record_key(snapshot_record(question->snapshot));
  pthread_mutex_init(&key->lock, NULL);
  key->texts = g_string_chunk_new(1 << 16);
  key->words = g_array_new(FALSE, FALSE, sizeof(Word));
  Word none = {0, text_of("(none)")};
  g_array_append_val(key->words, none);
  key->slots = g_new0(Slot, FIRST_SLOTS);
  key->mask = FIRST_SLOTS - 1;
  if (field_is_shared(key->field)) {
    key->shared = g_new(guint32, field_shared_count(key->field));
    memset(key->shared, 0xff, field_shared_count(key->field) * sizeof *key->shared);
  }
  return key;
}

void key_free(Key *key) {
  if (!key)
    return;
  field_free(key->field);
  pthread_mutex_destroy(&key->lock);
  g_string_chunk_free(key->texts);
  g_array_unref(key->words);
  g_free(key->slots);
  g_free(key->shared);
  g_free(key);
}

/* --- under the lock -------------------------------------------------------------------------- */

static Slot *find_slot(const Key *key, guint64 hash, Text text) {
  for (guint32 at = (guint32)hash & key->mask;; at = (at + 1) & key->mask) {
    Slot *slot = &key->slots[at];
    if (!slot->code || (slot->tag == (guint32)(hash >> 32) && text_equal(g_array_index(key->words, Word, slot->code).text, text)))
      return slot;
  }
}

static gboolean grow(Key *key) {
  guint32 mask = key->mask * 2 + 1;
  Slot *slots = g_try_malloc0_n((gsize)mask + 1, sizeof *slots);
  if (!slots)
    return FALSE;
  for (guint32 code = 1; code < key->words->len; code++) {
    guint64 hash = g_array_index(key->words, Word, code).hash;
    guint32 at = (guint32)hash & mask;
    while (slots[at].code)
      at = (at + 1) & mask;
    slots[at] = (Slot){(guint32)(hash >> 32), code};
  }
  g_free(key->slots);
  key->slots = slots;
  key->mask = mask;
  return TRUE;
}

static gboolean intern(Key *key, guint64 hash, Text text, guint32 *code, GError **error) {
  Slot *slot = find_slot(key, hash, text);
  if (slot->code) {
    *code = slot->code;
    return TRUE;
  }
  if (key->words->len > KEYS_MAX)
    return error_set(error, ERROR_LIMIT,
                     "the key has more than %d distinct values\nhint: ask for a coarser one, or narrow the range", KEYS_MAX);
  if (key->words->len * 2 > key->mask) {
    if (!grow(key))
      return error_set(error, ERROR_LIMIT, "not enough memory for %u distinct values of a key", key->words->len);
    slot = find_slot(key, hash, text);
  }
  *code = key->words->len;
  *slot = (Slot){(guint32)(hash >> 32), *code};
  Word word = {hash, {g_string_chunk_insert_len(key->texts, text.at, text.size), text.size}};
  g_array_append_val(key->words, word);
  return TRUE;
}

/* Codes of the entries that occur, into `table`; the others stay as they are. */
static gboolean intern_entries(Key *key, const FieldBlock *block, const guint8 *occurs, const guint64 *hashes, guint32 *table,
                               GError **error) {
  for (guint32 entry = 0; entry < block->n_entries; entry++) {
    if (!occurs[entry] || table[entry] != UNKNOWN)
      continue;
    ColumnEntry value = field_entry(key->field, block, entry);
    if (value.kind == VALUE_NONE)
      table[entry] = KEY_NONE;
    else if (!intern(key, hashes[entry], value.text, &table[entry], error))
      return FALSE;
  }
  return TRUE;
}

/* --- blocks ---------------------------------------------------------------------------------- */

#define TRANSLATE(type)                                                                                                            \
  for (guint32 i = 0; i < n; i++) {                                                                                                \
    out[i] = table[((const type *)codes->data)[i]];                                                                                \
    unknown |= out[i] == UNKNOWN;                                                                                                  \
  }

/* FALSE when some entry had no code yet. */
static gboolean translate(const Codes *codes, guint32 n, const guint32 *table, guint32 *out) {
  gboolean unknown = FALSE;
  switch (codes->width) {
  case 1: TRANSLATE(guint8) break;
  case 2: TRANSLATE(guint16) break;
  case 4: TRANSLATE(guint32) break;
  default:
    for (guint32 i = 0; i < n; i++)
      out[i] = table[codes->constant];
    unknown = n && table[codes->constant] == UNKNOWN;
  }
  return !unknown;
}

/* Hashes of the entries that occur: what can be done without the lock. */
static void hash_entries(const Key *key, const FieldBlock *block, const guint8 *occurs, guint64 *hashes) {
  for (guint32 entry = 0; entry < block->n_entries; entry++) {
    Text text = occurs[entry] ? field_entry(key->field, block, entry).text : (Text){NULL, 0};
    hashes[entry] = text.size ? hash64(&key->secret, text.at, text.size) : 0;
  }
}

static gboolean intern_occurring(Key *key, const FieldBlock *block, guint32 n, guint32 *table, GError **error) {
  g_autofree guint8 *occurs = g_try_malloc0(block->n_entries);
  g_autofree guint64 *hashes = g_try_malloc_n(block->n_entries, sizeof *hashes);
  if (!occurs || !hashes)
    return error_set(error, ERROR_LIMIT, "not enough memory for %u values of a key", block->n_entries);
  for (guint32 i = 0; i < n; i++)
    occurs[codes_at(&block->codes, i)] = 1;
  hash_entries(key, block, occurs, hashes);
  pthread_mutex_lock(&key->lock);
  if (key->shared)
    memcpy(table, key->shared, block->n_entries * sizeof *table);
  gboolean done = intern_entries(key, block, occurs, hashes, table, error);
  if (key->shared)
    memcpy(key->shared, table, block->n_entries * sizeof *table);
  pthread_mutex_unlock(&key->lock);
  return done;
}

static void copy_shared(Key *key, guint32 *table, guint32 n_entries) {
  pthread_mutex_lock(&key->lock);
  memcpy(table, key->shared, n_entries * sizeof *table);
  pthread_mutex_unlock(&key->lock);
}

gboolean key_block(Key *key, guint block, const Block *data, guint32 *codes, GError **error) {
  g_auto(FieldBlock) field = {0};
  if (!field_block(key->field, block, data, &field, error))
    return FALSE;
  g_autofree guint32 *table = g_try_malloc_n(field.n_entries, sizeof *table);
  if (!table)
    return error_set(error, ERROR_LIMIT, "not enough memory for %u values of a key", field.n_entries);
  memset(table, 0xff, field.n_entries * sizeof *table);
  if (key->shared) { /* after the first blocks every entry that occurs is known */
    copy_shared(key, table, field.n_entries);
    if (translate(&field.codes, data->n_events, table, codes))
      return TRUE;
  }
  if (!intern_occurring(key, &field, data->n_events, table, error))
    return FALSE;
  translate(&field.codes, data->n_events, table, codes);
  return TRUE;
}

guint key_count(Key *key) {
  pthread_mutex_lock(&key->lock);
  guint n = key->words->len;
  pthread_mutex_unlock(&key->lock);
  return n;
}

guint key_count_at_most(const Key *key) {
  return key->shared ? field_shared_count(key->field) : 0;
}

Text key_text(Key *key, guint32 code) {
  pthread_mutex_lock(&key->lock);
  Text text = g_array_index(key->words, Word, code).text;
  pthread_mutex_unlock(&key->lock);
  return text;
}
