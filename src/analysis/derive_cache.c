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
  Derived derived; /* its arrays stand behind this struct */
  DeriveNotes notes;
};

typedef struct {
  DeriveKey key;
  DeriveKept *kept;
  guint64 serial; /* of the last question that used it */
  GList link;     /* in the cache's order of use */
} Entry;

struct DeriveCache {
  pthread_mutex_t mutex; /* guards all below */
  gsize budget, bytes;
  guint64 last_serial;
  GHashTable *entries; /* of Entry, by its key */
  GQueue used;         /* of Entry, the last used one first */
  DeriveState state;   /* asked about last */
  guint64 serial;      /* of the question that asked about it first */
  gboolean orders_known;
  Orders *orders;
};

/* --- what is kept ----------------------------------------------------------------------------- */

typedef struct {
  const void **array; /* in `derived` */
  gsize size;
} Part;

enum { PARTS = 12 };

static guint parts_of(Derived *d, Part parts[PARTS]) {
  gsize events = d->n_events, persons = d->n_persons, words = bits_words(d->n_events) * sizeof(guint64);
  const Part all[PARTS] = {
      {(const void **)&d->seen, words},
      {(const void **)&d->touch, words},
      {(const void **)&d->customer, words},
      {(const void **)&d->adjusts, words},
      {(const void **)&d->converts, words},
      {(const void **)&d->journeys, d->person_journeys[persons] * sizeof(Journey)},
      {(const void **)&d->conversions, d->person_conversions[persons] * sizeof(Conversion)},
      {(const void **)&d->event_journey, events * sizeof *d->event_journey},
      {(const void **)&d->person_journeys, (persons + 1) * sizeof *d->person_journeys},
      {(const void **)&d->person_conversions, (persons + 1) * sizeof *d->person_conversions},
      {(const void **)&d->event_stage, events},
      {(const void **)&d->in_tail, events},
  };
  memcpy(parts, all, sizeof all);
  return PARTS;
}

DeriveKept *derive_kept_new(const Derived *derived, const DeriveNotes *notes) {
  Derived copy = *derived;
  Part parts[PARTS];
  gsize bytes = sizeof(DeriveKept);
  guint n = parts_of(&copy, parts);
  for (guint i = 0; i < n; i++)
    bytes += *parts[i].array ? (parts[i].size + 15) / 16 * 16 : 0;
  DeriveKept *kept = g_try_malloc(bytes + 16);
  if (kept == NULL)
    return NULL;
  char *at = (char *)(kept + 1);
  at += 16 - (guintptr)at % 16;
  for (guint i = 0; i < n; i++) {
    if (*parts[i].array == NULL)
      continue;
    memcpy(at, *parts[i].array, parts[i].size);
    *parts[i].array = at;
    at += (parts[i].size + 15) / 16 * 16;
  }
  copy.touchpoint = NULL;
  *kept = (DeriveKept){.bytes = bytes, .derived = copy, .notes = *notes};
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

const Derived *derive_kept_derived(const DeriveKept *kept) {
  return &kept->derived;
}

DeriveNotes derive_kept_notes(const DeriveKept *kept) {
  return kept->notes;
}

/* --- the cache -------------------------------------------------------------------------------- */

static guint key_hash(gconstpointer at) {
  const DeriveKey *key = at;
  return (guint)(key->content ^ key->state.through);
}

static gboolean state_equal(const DeriveState *a, const DeriveState *b) {
  return a->through == b->through && a->definitions == b->definitions && a->now_ms == b->now_ms;
}

static gboolean key_equal(gconstpointer a, gconstpointer b) {
  const DeriveKey *x = a, *y = b;
  return x->content == y->content && x->n_events == y->n_events && x->without_journeys == y->without_journeys &&
         state_equal(&x->state, &y->state);
}

DeriveCache *derive_cache_new(gsize budget_bytes) {
  DeriveCache *cache = g_new0(DeriveCache, 1);
  cache->budget = budget_bytes;
  cache->entries = g_hash_table_new(key_hash, key_equal);
  pthread_mutex_init(&cache->mutex, NULL);
  return cache;
}

static void drop(DeriveCache *cache, Entry *entry) {
  cache->bytes -= entry->kept->bytes;
  g_hash_table_remove(cache->entries, &entry->key);
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

static void drop_older(DeriveCache *cache, guint64 through) {
  for (GList *at = cache->used.head; at;) {
    Entry *entry = at->data;
    at = at->next;
    if (entry->key.state.through < through)
      drop(cache, entry);
  }
}

gboolean derive_cache_begin(DeriveCache *cache, const DeriveState *state, guint64 serial, Orders **orders, gboolean *known) {
  pthread_mutex_lock(&cache->mutex);
  gboolean same = cache->serial && state_equal(&cache->state, state);
  if (!same) {
    if (state->through > cache->state.through)
      drop_older(cache, state->through);
    cache->state = *state;
    cache->serial = serial;
    cache->orders_known = FALSE;
    orders_unref(cache->orders);
    cache->orders = NULL;
  }
  *known = cache->orders_known;
  *orders = cache->orders ? orders_ref(cache->orders) : NULL;
  gboolean again = cache->serial != serial;
  pthread_mutex_unlock(&cache->mutex);
  return again;
}

void derive_cache_orders(DeriveCache *cache, const DeriveState *state, Orders *orders) {
  pthread_mutex_lock(&cache->mutex);
  if (cache->serial && state_equal(&cache->state, state) && !cache->orders_known) {
    cache->orders = orders ? orders_ref(orders) : NULL;
    cache->orders_known = TRUE;
  }
  pthread_mutex_unlock(&cache->mutex);
}

DeriveKept *derive_cache_find(DeriveCache *cache, const DeriveKey *key, guint64 serial) {
  pthread_mutex_lock(&cache->mutex);
  Entry *entry = g_hash_table_lookup(cache->entries, key);
  DeriveKept *kept = entry ? kept_ref(entry->kept) : NULL;
  if (entry) {
    entry->serial = serial;
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

void derive_cache_keep(DeriveCache *cache, const DeriveKey *key, guint64 serial, DeriveKept *kept) {
  pthread_mutex_lock(&cache->mutex);
  gboolean current = key->state.through >= cache->state.through;
  if (current && !g_hash_table_contains(cache->entries, key) && make_room(cache, kept->bytes, serial)) {
    Entry *entry = g_new0(Entry, 1);
    *entry = (Entry){.key = *key, .kept = kept_ref(kept), .serial = serial};
    entry->link.data = entry;
    g_hash_table_insert(cache->entries, &entry->key, entry);
    g_queue_push_head_link(&cache->used, &entry->link);
    cache->bytes += kept->bytes;
  }
  pthread_mutex_unlock(&cache->mutex);
}
