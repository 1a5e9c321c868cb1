// SPDX-License-Identifier: Apache-2.0
#include "analysis/derive_cache.h"
#include "analysis/bits.h"
#include "base/hash.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

struct DeriveKept {
  atomic_uint references;
  gsize bytes;
  DeriveResult result; /* its arrays stand behind this struct */
};

typedef struct Entry Entry;
struct Entry {
  DeriveKey key;
  DeriveKept *kept;
  Entry *other;   /* of the same key, for other nows */
  guint64 serial; /* of the last question that used it */
  GList link;     /* in the cache's order of use */
};

struct DeriveCache {
  pthread_mutex_t mutex; /* guards all below */
  gsize budget, bytes;
  guint64 last_serial, found, missed;
  GHashTable *entries; /* of Entry, by its key: the first of its list */
  GQueue used;         /* of Entry, the last used one first */
  guint64 definitions; /* asked by last */
  guint64 serial;      /* of the question that asked by them first */
  DeriveState state;   /* asked about last */
  gboolean orders_known;
  Orders *orders;
};

/* --- what is kept ----------------------------------------------------------------------------- */

typedef struct {
  const void **array; /* in the result */
  gsize size;
} Part;

enum { PARTS = 14 };

static void parts_of(DeriveResult *result, Part parts[PARTS]) {
  Derived *d = &result->derived;
  gsize events = d->n_events, persons = d->n_persons, words = bits_words(d->n_events) * sizeof(guint64);
  gsize journeys = d->person_journeys ? d->person_journeys[persons] : 0;
  gsize conversions = d->person_conversions ? d->person_conversions[persons] : 0;
  const Part all[PARTS] = {
      {(const void **)&d->seen, words},
      {(const void **)&d->touch, words},
      {(const void **)&d->customer, words},
      {(const void **)&d->adjusts, words},
      {(const void **)&d->converts, words},
      {(const void **)&d->journeys, journeys * sizeof(Journey)},
      {(const void **)&d->conversions, conversions * sizeof(Conversion)},
      {(const void **)&d->event_journey, events * sizeof *d->event_journey},
      {(const void **)&d->person_journeys, (persons + 1) * sizeof *d->person_journeys},
      {(const void **)&d->person_conversions, (persons + 1) * sizeof *d->person_conversions},
      {(const void **)&d->event_stage, events},
      {(const void **)&d->in_tail, events},
      {(const void **)&result->orders.rows, result->orders.n_rows * sizeof(OrderRow)},
      {(const void **)&result->orders.told, result->orders.n_told * sizeof(OrderTold)},
  };
  memcpy(parts, all, sizeof all);
}

DeriveKept *derive_kept_new(const DeriveResult *result) {
  DeriveResult copy = *result;
  Part parts[PARTS];
  gsize bytes = sizeof(DeriveKept);
  parts_of(&copy, parts);
  for (guint i = 0; i < PARTS; i++)
    bytes += *parts[i].array ? (parts[i].size + 15) / 16 * 16 : 0;
  DeriveKept *kept = g_try_malloc(bytes + 16);
  if (kept == NULL)
    return NULL;
  char *at = (char *)(kept + 1);
  at += 16 - (guintptr)at % 16;
  for (guint i = 0; i < PARTS; i++) {
    if (*parts[i].array == NULL)
      continue;
    memcpy(at, *parts[i].array, parts[i].size);
    *parts[i].array = at;
    at += (parts[i].size + 15) / 16 * 16;
  }
  copy.derived.touchpoint = NULL;
  *kept = (DeriveKept){.bytes = bytes, .result = copy};
  atomic_init(&kept->references, 1);
  return kept;
}

static DeriveKept *kept_ref(DeriveKept *kept) {
  atomic_fetch_add(&kept->references, 1);
  return kept;
}

void derive_kept_unref(DeriveKept *kept) {
  if (kept && atomic_fetch_sub(&kept->references, 1) == 1)
    g_free(kept);
}

const DeriveResult *derive_kept_result(const DeriveKept *kept) {
  return &kept->result;
}

/* --- the cache -------------------------------------------------------------------------------- */

static guint key_hash(gconstpointer at) {
  const DeriveKey *key = at;
  return (guint)hash_mix(key->content ^ key->definitions ^ key->answers ^ key->kind);
}

static gboolean key_equal(gconstpointer a, gconstpointer b) {
  const DeriveKey *x = a, *y = b;
  return x->content == y->content && x->definitions == y->definitions && x->answers == y->answers && x->kind == y->kind &&
         x->n_events == y->n_events;
}

static gboolean state_equal(const DeriveState *a, const DeriveState *b) {
  return a->through == b->through && a->definitions == b->definitions && a->now_ms == b->now_ms;
}

DeriveCache *derive_cache_new(gsize budget_bytes) {
  DeriveCache *cache = g_new0(DeriveCache, 1);
  cache->budget = budget_bytes;
  cache->entries = g_hash_table_new(key_hash, key_equal);
  pthread_mutex_init(&cache->mutex, NULL);
  return cache;
}

/* Takes the entry out of the list of its key, whose first one stands in the table. */
static void unlink_entry(DeriveCache *cache, Entry *entry) {
  Entry *first = g_hash_table_lookup(cache->entries, &entry->key);
  if (first != entry) {
    while (first->other != entry)
      first = first->other;
    first->other = entry->other;
    return;
  }
  g_hash_table_remove(cache->entries, &entry->key);
  if (entry->other)
    g_hash_table_insert(cache->entries, &entry->other->key, entry->other);
}

static void drop(DeriveCache *cache, Entry *entry) {
  cache->bytes -= entry->kept->bytes;
  unlink_entry(cache, entry);
  g_queue_unlink(&cache->used, &entry->link);
  derive_kept_unref(entry->kept);
  g_free(entry);
}

void derive_cache_free(DeriveCache *cache) {
  if (cache == NULL)
    return;
  while (cache->used.head)
    drop(cache, cache->used.head->data);
  g_hash_table_unref(cache->entries);
  orders_unref(cache->orders);
  pthread_mutex_destroy(&cache->mutex);
  g_free(cache);
}

guint64 derive_cache_serial(DeriveCache *cache) {
  pthread_mutex_lock(&cache->mutex);
  guint64 serial = ++cache->last_serial;
  pthread_mutex_unlock(&cache->mutex);
  return serial;
}

static void drop_unused(DeriveCache *cache, guint64 serial) {
  Entry *last;
  while ((last = g_queue_peek_tail(&cache->used)) && last->serial + DERIVE_UNUSED_MAX < serial)
    drop(cache, last);
}

gboolean derive_cache_begin(DeriveCache *cache, const DeriveState *state, guint64 serial, Orders **orders, gboolean *known) {
  pthread_mutex_lock(&cache->mutex);
  if (!cache->serial || cache->definitions != state->definitions) {
    cache->definitions = state->definitions;
    cache->serial = serial;
  }
  if (!state_equal(&cache->state, state)) {
    cache->state = *state;
    cache->orders_known = FALSE;
    orders_unref(cache->orders);
    cache->orders = NULL;
  }
  drop_unused(cache, serial);
  *known = cache->orders_known;
  *orders = cache->orders ? orders_ref(cache->orders) : NULL;
  gboolean again = cache->serial != serial;
  pthread_mutex_unlock(&cache->mutex);
  return again;
}

void derive_cache_orders(DeriveCache *cache, const DeriveState *state, Orders *orders) {
  pthread_mutex_lock(&cache->mutex);
  if (state_equal(&cache->state, state) && !cache->orders_known) {
    cache->orders = orders ? orders_ref(orders) : NULL;
    cache->orders_known = TRUE;
  }
  pthread_mutex_unlock(&cache->mutex);
}

static Entry *find(DeriveCache *cache, const DeriveKey *key, gint64 now_ms) {
  Entry *entry = g_hash_table_lookup(cache->entries, key);
  while (entry && (now_ms < entry->kept->result.span.from_ms || now_ms >= entry->kept->result.span.until_ms))
    entry = entry->other;
  return entry;
}

DeriveKept *derive_cache_find(DeriveCache *cache, const DeriveKey *key, gint64 now_ms, guint64 serial) {
  pthread_mutex_lock(&cache->mutex);
  Entry *entry = find(cache, key, now_ms);
  DeriveKept *kept = entry ? kept_ref(entry->kept) : NULL;
  cache->found += entry != NULL;
  cache->missed += entry == NULL;
  if (entry) {
    entry->serial = MAX(entry->serial, serial);
    g_queue_unlink(&cache->used, &entry->link);
    g_queue_push_head_link(&cache->used, &entry->link);
  }
  pthread_mutex_unlock(&cache->mutex);
  return kept;
}

/* Never what this question has used: blocks are asked for in turn, and each would drop the one that is wanted next. */
static gboolean make_room(DeriveCache *cache, gsize bytes, guint64 serial) {
  while (cache->bytes + bytes > cache->budget) {
    Entry *last = cache->used.tail ? cache->used.tail->data : NULL;
    if (last == NULL || last->serial >= serial)
      return FALSE;
    drop(cache, last);
  }
  return TRUE;
}

static void add(DeriveCache *cache, const DeriveKey *key, guint64 serial, DeriveKept *kept) {
  Entry *entry = g_new0(Entry, 1), *first = g_hash_table_lookup(cache->entries, key);
  *entry = (Entry){.key = *key, .kept = kept_ref(kept), .serial = serial};
  entry->link.data = entry;
  if (first) {
    entry->other = first->other;
    first->other = entry;
  } else {
    g_hash_table_insert(cache->entries, &entry->key, entry);
  }
  g_queue_push_head_link(&cache->used, &entry->link);
  cache->bytes += kept->bytes;
}

/* Another question may have kept the same meanwhile. */
void derive_cache_keep(DeriveCache *cache, const DeriveKey *key, guint64 serial, DeriveKept *kept) {
  pthread_mutex_lock(&cache->mutex);
  if (!find(cache, key, kept->result.span.from_ms) && make_room(cache, kept->bytes, serial))
    add(cache, key, serial, kept);
  pthread_mutex_unlock(&cache->mutex);
}

DeriveCacheUse derive_cache_use(DeriveCache *cache) {
  pthread_mutex_lock(&cache->mutex);
  DeriveCacheUse use = {cache->found, cache->missed, cache->bytes, cache->used.length};
  pthread_mutex_unlock(&cache->mutex);
  return use;
}
