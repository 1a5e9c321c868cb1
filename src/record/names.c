/* SPDX-License-Identifier: Apache-2.0
 * names.c: one dictionary a kind. What is shared between the original and its copies only ever grows:
 *
 *   Names original  count 3 ─┐            ┌ texts   chunk 0 ─► [1]"ad" [2]"mail" [3]"shop"
 *   Names copy      count 2 ─┴─► shared ──┴ slots   open addressing, code by keyed hash of the text
 *
 * Whoever finds a name waits for nobody; whoever adds one holds the lock. A slot is published after its text and
 * counted after that, and a reader passes over codes above its own count. A table that has become too small is
 * kept until the end, since somebody may be reading it: all of them together are smaller than the newest. */
#include "record/names.h"

#include "base/hash.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/random.h>

enum { CHUNK = 1024, CHUNKS = (NAMES_MAX + CHUNK) / CHUNK + 1, SLOTS_FIRST = 64 };

typedef struct Slots Slots;
struct Slots {
  Slots *older;
  guint32 mask;
  _Atomic guint32 slot[]; /* hash tag in the upper half, code in the lower; 0 is empty */
};

typedef struct {
  atomic_uint references;
  pthread_mutex_t adding;
  HashKey key;
  Text *_Atomic chunks[NAME_KINDS][CHUNKS];
  Slots *_Atomic slots[NAME_KINDS];
} Texts;

struct Names {
  gboolean frozen;
  Texts *texts;
  atomic_uint count[NAME_KINDS];
  _Atomic guint64 overflowed[NAME_KINDS];
};

static Slots *slots_new(guint32 size, Slots *older) {
  Slots *slots = g_malloc0(sizeof(Slots) + size * sizeof(guint32));
  slots->older = older;
  slots->mask = size - 1;
  return slots;
}

static void free_chunks(Texts *texts, guint kind) {
  for (guint chunk = 0; chunk < CHUNKS && texts->chunks[kind][chunk]; chunk++) {
    Text *all = texts->chunks[kind][chunk];
    for (guint i = 0; i < CHUNK; i++)
      g_free((char *)all[i].at);
    g_free(all);
  }
}

static void texts_unref(Texts *texts) {
  if (atomic_fetch_sub(&texts->references, 1) != 1)
    return;
  for (guint kind = 0; kind < NAME_KINDS; kind++) {
    free_chunks(texts, kind);
    for (Slots *slots = texts->slots[kind], *older; slots; slots = older) {
      older = slots->older;
      g_free(slots);
    }
  }
  pthread_mutex_destroy(&texts->adding);
  g_free(texts);
}

Names *names_new(void) {
  Names *names = g_new0(Names, 1);
  names->texts = g_new0(Texts, 1);
  atomic_init(&names->texts->references, 1);
  pthread_mutex_init(&names->texts->adding, NULL);
  /* Codes do not depend on this key, so each process may have its own: nobody can aim at a slot. */
  if (getrandom(names->texts->key.bytes, sizeof(HashKey), 0) != sizeof(HashKey))
    g_error("the system gives no random numbers");
  for (guint kind = 0; kind < NAME_KINDS; kind++)
    atomic_store(&names->texts->slots[kind], slots_new(SLOTS_FIRST, NULL));
  return names;
}

Names *names_copy(const Names *names) {
  Names *copy = g_new0(Names, 1);
  copy->frozen = TRUE;
  copy->texts = names->texts;
  atomic_fetch_add(&copy->texts->references, 1);
  for (guint kind = 0; kind < NAME_KINDS; kind++) {
    atomic_init(&copy->count[kind], atomic_load(&names->count[kind]));
    atomic_init(&copy->overflowed[kind], atomic_load(&names->overflowed[kind]));
  }
  return copy;
}

void names_free(Names *names) {
  if (names == NULL)
    return;
  texts_unref(names->texts);
  g_free(names);
}

static Text *text_place(const Names *names, NameKind kind, guint code) {
  return &names->texts->chunks[kind][code / CHUNK][code % CHUNK];
}

static guint16 find_hashed(const Names *names, NameKind kind, Text text, guint64 hash) {
  /* The count first: the table read after it holds at least that many. */
  guint count = atomic_load_explicit(&names->count[kind], memory_order_acquire);
  const Slots *slots = atomic_load_explicit(&names->texts->slots[kind], memory_order_acquire);
  for (guint32 at = (guint32)hash & slots->mask;; at = (at + 1) & slots->mask) {
    guint32 slot = atomic_load_explicit(&slots->slot[at], memory_order_acquire);
    if (slot == 0)
      return NAME_NONE;
    guint16 code = (guint16)slot;
    if (slot >> 16 == hash >> 48 && code <= count && text_equal(*text_place(names, kind, code), text))
      return code;
  }
}

guint16 names_find(const Names *names, NameKind kind, Text text) {
  if (text.size == 0)
    return NAME_NONE;
  return find_hashed(names, kind, text, hash64(&names->texts->key, text.at, text.size));
}

static void slots_put(Slots *slots, guint64 hash, guint16 code) {
  guint32 at = (guint32)hash & slots->mask;
  while (atomic_load_explicit(&slots->slot[at], memory_order_relaxed) != 0)
    at = (at + 1) & slots->mask;
  atomic_store_explicit(&slots->slot[at], (guint32)(hash >> 48) << 16 | code, memory_order_release);
}

static void grow(Texts *texts, const Names *names, NameKind kind, guint count) {
  Slots *old = texts->slots[kind];
  Slots *slots = slots_new((old->mask + 1) * 2, old);
  for (guint code = 1; code <= count; code++) {
    Text text = *text_place(names, kind, code);
    slots_put(slots, hash64(&texts->key, text.at, text.size), (guint16)code);
  }
  atomic_store_explicit(&texts->slots[kind], slots, memory_order_release);
}

static Text keep(Text text) { /* not text_dup(): a text may contain zero bytes */
  char *at = g_malloc(text.size + 1);
  memcpy(at, text.at, text.size);
  at[text.size] = '\0';
  return (Text){at, text.size};
}

static guint16 add(Names *names, NameKind kind, Text text, guint64 hash) {
  Texts *texts = names->texts;
  guint code = atomic_load(&names->count[kind]) + 1;
  if (code > NAMES_MAX) {
    atomic_fetch_add(&names->overflowed[kind], 1);
    return NAME_OTHER;
  }
  if (texts->chunks[kind][code / CHUNK] == NULL)
    atomic_store(&texts->chunks[kind][code / CHUNK], g_new0(Text, CHUNK));
  *text_place(names, kind, code) = keep(text);
  if (code * 2 > texts->slots[kind]->mask)
    grow(texts, names, kind, code - 1);
  slots_put(texts->slots[kind], hash, (guint16)code);
  atomic_store_explicit(&names->count[kind], code, memory_order_release);
  return (guint16)code;
}

guint16 names_intern(Names *names, NameKind kind, Text text) {
  g_assert(!names->frozen);
  if (text.size == 0)
    return NAME_NONE;
  guint64 hash = hash64(&names->texts->key, text.at, text.size);
  guint16 code = find_hashed(names, kind, text, hash);
  if (code != NAME_NONE)
    return code;
  pthread_mutex_lock(&names->texts->adding);
  code = find_hashed(names, kind, text, hash); /* another thread may have been faster */
  if (code == NAME_NONE)
    code = add(names, kind, text, hash);
  pthread_mutex_unlock(&names->texts->adding);
  return code;
}

Text names_text(const Names *names, NameKind kind, guint16 code) {
  if (code == NAME_OTHER)
    return text_of("(other)");
  if (code == NAME_NONE || code > atomic_load_explicit(&names->count[kind], memory_order_acquire))
    return text_of("");
  return *text_place(names, kind, code);
}

guint names_count(const Names *names, NameKind kind) {
  return atomic_load_explicit(&names->count[kind], memory_order_acquire);
}

guint64 names_overflowed(const Names *names, NameKind kind) {
  return atomic_load_explicit(&names->overflowed[kind], memory_order_relaxed);
}
