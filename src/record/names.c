/* SPDX-License-Identifier: Apache-2.0
 * names.c: one dictionary a kind. What is shared between the original and its copies only ever grows:
 *
 *   Names original  count 3 ─┐
 *   Names copy      count 2 ─┼─► Dictionary   texts  chunk 0 ─► [1]"ad" [2]"mail" [3]"shop"
 *                            └───────────────► Slots  open addressing, code by keyed hash of the text
 *
 * One thread interns; copies read on any thread without waiting: a slot is published after its text, and a
 * copy passes over codes above its own count. A table that has become too small is replaced, and the old
 * one lives as long as a copy points at it. */
#include "record/names.h"

#include "base/hash.h"
#include <stdatomic.h>
#include <sys/random.h>

enum { CHUNK = 1024, CHUNKS = (NAMES_MAX + CHUNK) / CHUNK + 1, SLOTS_FIRST = 64 };

typedef struct { /* hash tag in the upper half, code in the lower; 0 is empty */
  atomic_uint references;
  guint32 mask;
  _Atomic guint32 slot[];
} Slots;

typedef struct {
  atomic_uint references;
  HashKey key;
  Text *_Atomic chunks[NAME_KINDS][CHUNKS];
} Texts;

typedef struct {
  Slots *slots;
  atomic_uint count;
  _Atomic guint64 overflowed;
} Dictionary;

struct Names {
  gboolean frozen;
  Texts *texts;
  Dictionary kinds[NAME_KINDS];
};

static Slots *slots_new(guint32 size) {
  Slots *slots = g_malloc0(sizeof(Slots) + size * sizeof(guint32));
  atomic_init(&slots->references, 1);
  slots->mask = size - 1;
  return slots;
}

static void slots_unref(Slots *slots) {
  if (atomic_fetch_sub(&slots->references, 1) == 1)
    g_free(slots);
}

static void texts_unref(Texts *texts) {
  if (atomic_fetch_sub(&texts->references, 1) != 1)
    return;
  for (guint kind = 0; kind < NAME_KINDS; kind++)
    for (guint chunk = 0; chunk < CHUNKS && texts->chunks[kind][chunk]; chunk++) {
      Text *all = texts->chunks[kind][chunk];
      for (guint i = 0; i < CHUNK; i++)
        g_free((char *)all[i].at);
      g_free(all);
    }
  g_free(texts);
}

Names *names_new(void) {
  Names *names = g_new0(Names, 1);
  names->texts = g_new0(Texts, 1);
  atomic_init(&names->texts->references, 1);
  /* Codes do not depend on this key, so each process may have its own: nobody can aim at a slot. */
  if (getrandom(names->texts->key.bytes, sizeof(HashKey), 0) != sizeof(HashKey))
    g_error("the system gives no random numbers");
  for (guint kind = 0; kind < NAME_KINDS; kind++)
    names->kinds[kind].slots = slots_new(SLOTS_FIRST);
  return names;
}

Names *names_copy(const Names *names) {
  Names *copy = g_new0(Names, 1);
  copy->frozen = TRUE;
  copy->texts = names->texts;
  atomic_fetch_add(&copy->texts->references, 1);
  for (guint kind = 0; kind < NAME_KINDS; kind++) {
    const Dictionary *from = &names->kinds[kind];
    Dictionary *to = &copy->kinds[kind];
    to->slots = from->slots;
    atomic_fetch_add(&to->slots->references, 1);
    atomic_init(&to->count, atomic_load(&from->count));
    atomic_init(&to->overflowed, atomic_load(&from->overflowed));
  }
  return copy;
}

void names_free(Names *names) {
  if (names == NULL)
    return;
  for (guint kind = 0; kind < NAME_KINDS; kind++)
    slots_unref(names->kinds[kind].slots);
  texts_unref(names->texts);
  g_free(names);
}

static Text *text_place(const Names *names, NameKind kind, guint code) {
  return &names->texts->chunks[kind][code / CHUNK][code % CHUNK];
}

static guint16 find_hashed(const Names *names, NameKind kind, Text text, guint64 hash) {
  const Slots *slots = names->kinds[kind].slots;
  guint count = atomic_load_explicit(&names->kinds[kind].count, memory_order_relaxed);
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

static void grow(Names *names, NameKind kind, guint count) {
  Slots *old = names->kinds[kind].slots;
  Slots *slots = slots_new((old->mask + 1) * 2);
  for (guint code = 1; code <= count; code++) {
    Text text = *text_place(names, kind, code);
    slots_put(slots, hash64(&names->texts->key, text.at, text.size), (guint16)code);
  }
  names->kinds[kind].slots = slots;
  slots_unref(old);
}

static Text keep(Text text) { /* not text_dup(): a text may contain zero bytes */
  char *at = g_malloc(text.size + 1);
  memcpy(at, text.at, text.size);
  at[text.size] = '\0';
  return (Text){at, text.size};
}

static guint16 add(Names *names, NameKind kind, Text text, guint64 hash) {
  Dictionary *dictionary = &names->kinds[kind];
  guint code = dictionary->count + 1;
  if (code > NAMES_MAX) {
    atomic_fetch_add(&dictionary->overflowed, 1);
    return NAME_OTHER;
  }
  if (names->texts->chunks[kind][code / CHUNK] == NULL)
    atomic_store(&names->texts->chunks[kind][code / CHUNK], g_new0(Text, CHUNK));
  *text_place(names, kind, code) = keep(text);
  if (code * 2 > dictionary->slots->mask)
    grow(names, kind, code - 1);
  atomic_store(&dictionary->count, code);
  slots_put(dictionary->slots, hash, (guint16)code);
  return (guint16)code;
}

guint16 names_intern(Names *names, NameKind kind, Text text) {
  g_assert(!names->frozen);
  if (text.size == 0)
    return NAME_NONE;
  guint64 hash = hash64(&names->texts->key, text.at, text.size);
  guint16 code = find_hashed(names, kind, text, hash);
  return code != NAME_NONE ? code : add(names, kind, text, hash);
}

Text names_text(const Names *names, NameKind kind, guint16 code) {
  if (code == NAME_OTHER)
    return text_of("(other)");
  if (code == NAME_NONE || code > atomic_load_explicit(&names->kinds[kind].count, memory_order_relaxed))
    return text_of("");
  return *text_place(names, kind, code);
}

guint names_count(const Names *names, NameKind kind) {
  return atomic_load_explicit(&names->kinds[kind].count, memory_order_relaxed);
}

guint64 names_overflowed(const Names *names, NameKind kind) {
  return atomic_load_explicit(&names->kinds[kind].overflowed, memory_order_relaxed);
}
