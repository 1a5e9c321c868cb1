// SPDX-License-Identifier: Apache-2.0
#include "exchange/json_shape.h"

#include "base/json_in.h"

enum { OBJECTS_LOOKED_AT = 1000, OBJECT_SIZE_MAX = 1 << 20, KEYS_MAX = 512 };

static gboolean has_call(JsonValue object) {
  static const char *const calls[] = {"track", "identify", "page", "screen", "group", "alias", NULL};
  JsonValue type;
  if (!json_in_get(object, "type", &type) || json_in_kind(type) != JSON_STRING)
    return FALSE;
  g_autofree char *name = text_dup(json_in_string(type));
  return g_strv_contains(calls, name);
}

/* The members without which Segment's reader would refuse it, and one that others do not call so. */
static gboolean is_segment(JsonValue object) {
  static const char *const marks[] = {"userId", "anonymousId", "messageId", "properties"};
  JsonValue value;
  if (has_call(object))
    return TRUE;
  gboolean marked = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(marks); i++)
    marked |= json_in_get(object, marks[i], &value);
  return marked && json_in_get(object, "event", &value) && json_in_get(object, "timestamp", &value);
}

static void collect_keys(JsonValue object, GPtrArray *keys, GHashTable *known) {
  JsonIter iter;
  Text name;
  JsonValue value;
  json_in_walk(&iter, object);
  while (json_in_next(&iter, &name, &value)) {
    g_autofree char *key = text_dup(name);
    if (keys->len == KEYS_MAX || g_hash_table_contains(known, key))
      continue;
    g_hash_table_add(known, key);
    g_ptr_array_add(keys, g_steal_pointer(&key));
  }
}

GPtrArray *json_shape(const RowBlock *block, gboolean *segment) {
  GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(JsonIn) in = json_in_new(OBJECT_SIZE_MAX);
  guint objects = 0, segments = 0;
  for (guint i = 0; i < block->n && objects < OBJECTS_LOOKED_AT; i++) {
    JsonValue root;
    Text raw = block->rows[i].raw;
    if (block->rows[i].refused || !json_in_parse(in, raw.at, raw.size, FALSE, &root, NULL) || json_in_kind(root) != JSON_OBJECT)
      continue;
    objects++;
    segments += is_segment(root);
    collect_keys(root, keys, known);
  }
  *segment = segments * 2 > objects;
  return keys;
}
