/* SPDX-License-Identifier: Apache-2.0
 * key_sets.h: paths counted by which of up to 64 keys they hold, in whatever order and however often. */
#pragma once
#include <glib.h>

enum { KEY_SETS_KEYS_MAX = 64 };

typedef struct {
  guint64 keys; /* a bit each; 0: a free place */
  gint64 paths, conversions;
} KeySet;

typedef struct { /* zeroed: empty. The sets stand among free places, in no order */
  KeySet *places;
  guint32 n_places, used;
} KeySets;

void key_sets_add(KeySets *sets, guint64 keys, gint64 paths, gint64 conversions); /* `keys` is not 0 */
void key_sets_clear(KeySets *sets);
