/* SPDX-License-Identifier: Apache-2.0
 * seen_fresh.c: entries in the order they came, and a table of their places. Hashes are keyed, so their upper bits
 * say where an entry stands. */
#include "record/seen_fresh.h"

enum { TABLE_FIRST = 1 << 12 };

struct SeenFresh {
  GArray *entries; /* of SeenEntry */
  guint32 *table;  /* place + 1 */
  gsize mask;
};

SeenFresh *seen_fresh_new(void) {
  SeenFresh *fresh = g_new0(SeenFresh, 1);
  fresh->entries = g_array_new(FALSE, FALSE, sizeof(SeenEntry));
  fresh->mask = TABLE_FIRST - 1;
  fresh->table = g_new0(guint32, TABLE_FIRST);
  return fresh;
}

void seen_fresh_free(SeenFresh *fresh) {
  if (fresh == NULL)
    return;
  g_array_unref(fresh->entries);
  g_free(fresh->table);
  g_free(fresh);
}

static const SeenEntry *entry_at(const SeenFresh *fresh, guint32 place) {
  return &g_array_index(fresh->entries, SeenEntry, place);
}

static gsize home(const SeenFresh *fresh, guint64 hash) {
  return (gsize)(hash_mix(hash) & fresh->mask);
}

static void put(SeenFresh *fresh, guint32 place) {
  gsize at = home(fresh, entry_at(fresh, place)->hash);
  while (fresh->table[at])
    at = (at + 1) & fresh->mask;
  fresh->table[at] = place + 1;
}

static void remake(SeenFresh *fresh, gsize mask) {
  if (mask != fresh->mask) {
    g_free(fresh->table);
    fresh->table = g_new(guint32, mask + 1);
    fresh->mask = mask;
  }
  memset(fresh->table, 0, (mask + 1) * sizeof *fresh->table);
  for (guint32 place = 0; place < fresh->entries->len; place++)
    put(fresh, place);
}

const SeenEntry *seen_fresh_find(const SeenFresh *fresh, guint64 hash, guint64 rest, guint64 mask) {
  for (gsize at = home(fresh, hash); fresh->table[at]; at = (at + 1) & fresh->mask) {
    const SeenEntry *entry = entry_at(fresh, fresh->table[at] - 1);
    if (entry->hash == hash && ((entry->rest ^ rest) & mask) == 0)
      return entry;
  }
  return NULL;
}

void seen_fresh_add(SeenFresh *fresh, SeenEntry entry) {
  g_array_append_val(fresh->entries, entry);
  if ((gsize)fresh->entries->len * 2 > fresh->mask)
    remake(fresh, fresh->mask * 2 + 1);
  else
    put(fresh, fresh->entries->len - 1);
}

gsize seen_fresh_count(const SeenFresh *fresh) {
  return fresh->entries->len;
}

const SeenEntry *seen_fresh_entries(const SeenFresh *fresh) {
  return (const SeenEntry *)(gconstpointer)fresh->entries->data;
}

void seen_fresh_cut(SeenFresh *fresh, gsize count) {
  if (count >= fresh->entries->len)
    return;
  g_array_set_size(fresh->entries, (guint)count);
  remake(fresh, count ? fresh->mask : TABLE_FIRST - 1);
}
