// SPDX-License-Identifier: Apache-2.0
#include "analysis/key_sets.h"
#include "base/hash.h"

enum { PLACES_FIRST = 1024 };

static KeySet *place_of(const KeySets *sets, guint64 keys) {
  guint32 at = (guint32)hash_mix(keys) & (sets->n_places - 1);
  while (sets->places[at].keys && sets->places[at].keys != keys)
    at = (at + 1) & (sets->n_places - 1);
  return &sets->places[at];
}

static void grow(KeySets *sets) {
  KeySets more = {.n_places = sets->n_places ? sets->n_places * 2 : PLACES_FIRST, .used = sets->used};
  more.places = g_new0(KeySet, more.n_places);
  for (guint32 i = 0; i < sets->n_places; i++)
    if (sets->places[i].keys)
      *place_of(&more, sets->places[i].keys) = sets->places[i];
  g_free(sets->places);
  *sets = more;
}

void key_sets_add(KeySets *sets, guint64 keys, gint64 paths, gint64 conversions) {
  if (sets->used * 2 >= sets->n_places)
    grow(sets);
  KeySet *set = place_of(sets, keys);
  sets->used += set->keys ? 0 : 1;
  set->keys = keys;
  set->paths += paths;
  set->conversions += conversions;
}

void key_sets_clear(KeySets *sets) {
  g_free(sets->places);
  *sets = (KeySets){0};
}
