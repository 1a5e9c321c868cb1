/* SPDX-License-Identifier: Apache-2.0
 * A path is a list of steps; reading walks them down one JSON tree. Behind the first [] a path can end in
 * many places, so what it finds is gathered as the text of one flat array. */
#include "journey/value_path.h"
#include "base/error.h"
#include "base/json_in.h"
#include "record/batch.h"

struct ValuePath {
  GPtrArray *steps; /* of char*: a member's name, or "" for every element */
  gboolean many;    /* holds [] */
};

struct ValueReader {
  JsonIn *in;
  GString *text;
  char number[JSON_NUMBER_SIZE];
};

/* --- paths ------------------------------------------------------------------------------------- */

static gboolean add_step(ValuePath *path, const char **at, GError **error) {
  if (g_str_has_prefix(*at, "[]")) {
    g_ptr_array_add(path->steps, g_strdup(""));
    path->many = TRUE;
    *at += 2;
    return TRUE;
  }
  gsize size = **at == '.' ? strcspn(*at + 1, ".[") : 0;
  if (size == 0)
    return error_set(error, ERROR_INVALID, "expected .NAME or [] in a path, found \"%s\"", *at);
  g_ptr_array_add(path->steps, g_strndup(*at + 1, size));
  *at += size + 1;
  return TRUE;
}

ValuePath *value_path_new(const char *text, GError **error) {
  g_autoptr(ValuePath) path = g_new0(ValuePath, 1);
  path->steps = g_ptr_array_new_with_free_func(g_free);
  for (const char *at = text; *at;)
    if (!add_step(path, &at, error))
      return NULL;
  return g_steal_pointer(&path);
}

void value_path_free(ValuePath *path) {
  if (!path)
    return;
  g_ptr_array_unref(path->steps);
  g_free(path);
}

/* --- reading ----------------------------------------------------------------------------------- */

ValueReader *value_reader_new(void) {
  ValueReader *reader = g_new0(ValueReader, 1);
  reader->in = json_in_new(BATCH_SIZE_MAX);
  reader->text = g_string_new(NULL);
  return reader;
}

void value_reader_free(ValueReader *reader) {
  if (!reader)
    return;
  json_in_free(reader->in);
  g_string_free(reader->text, TRUE);
  g_free(reader);
}

static ValueKind scalar(ValueReader *reader, JsonValue value, Text *text) {
  switch (json_in_kind(value)) {
  case JSON_STRING: *text = json_in_string(value); return VALUE_TEXT;
  case JSON_NUMBER: *text = json_in_number(value, reader->number); return VALUE_NUMBER;
  case JSON_TRUE: *text = text_of("true"); return VALUE_TRUE;
  case JSON_FALSE: *text = text_of("false"); return VALUE_FALSE;
  default: return VALUE_NONE;
  }
}

/* Every scalar in an array and the arrays within; FALSE as soon as `each` says so. */
static gboolean walk_scalars(ValueReader *reader, JsonValue array, ValueScalarFunc each, gpointer user) {
  JsonIter iter;
  JsonValue value;
  Text key, text;
  for (json_in_walk(&iter, array); json_in_next(&iter, &key, &value);) {
    if (json_in_kind(value) == JSON_ARRAY ? !walk_scalars(reader, value, each, user)
                                          : scalar(reader, value, &text) != VALUE_NONE && !each(text, user))
      return FALSE;
  }
  return TRUE;
}

gboolean value_each_scalar(ValueReader *reader, Text json, ValueScalarFunc each, gpointer user) {
  JsonValue root;
  if (json.size == 0 || json.at[0] != '[' || !json_in_parse(reader->in, json.at, json.size, FALSE, &root, NULL))
    return TRUE;
  return walk_scalars(reader, root, each, user);
}

/* Appends the scalars at or in `value` as elements of the array that is being written. */
static void gather(GString *into, JsonValue value) {
  JsonIter iter;
  JsonValue element;
  Text key;
  switch (json_in_kind(value)) {
  case JSON_ARRAY:
    for (json_in_walk(&iter, value); json_in_next(&iter, &key, &element);)
      gather(into, element);
    break;
  case JSON_NULL:
  case JSON_OBJECT: break;
  default: g_string_append_c(into, into->len ? ',' : '['); json_in_minify(value, into);
  }
}

static void gather_from(const ValuePath *path, guint step, JsonValue value, GString *into) {
  for (; step < path->steps->len; step++) {
    const char *name = g_ptr_array_index(path->steps, step);
    if (!*name)
      break;
    if (json_in_kind(value) != JSON_OBJECT || !json_in_get(value, name, &value))
      return;
  }
  if (step == path->steps->len) {
    gather(into, value);
    return;
  }
  JsonIter iter;
  JsonValue element;
  Text key;
  if (json_in_kind(value) == JSON_ARRAY)
    for (json_in_walk(&iter, value); json_in_next(&iter, &key, &element);)
      gather_from(path, step + 1, element, into);
}

static ValueKind read_many(const ValuePath *path, ValueReader *reader, JsonValue root, Text *text) {
  gather_from(path, 0, root, reader->text);
  if (reader->text->len == 0)
    return VALUE_NONE;
  g_string_append_c(reader->text, ']');
  *text = (Text){reader->text->str, (guint32)reader->text->len};
  return VALUE_JSON;
}

static ValueKind read_one(const ValuePath *path, ValueReader *reader, JsonValue value, Text *text) {
  for (guint step = 0; step < path->steps->len; step++)
    if (json_in_kind(value) != JSON_OBJECT || !json_in_get(value, g_ptr_array_index(path->steps, step), &value))
      return VALUE_NONE;
  if (json_in_kind(value) != JSON_ARRAY && json_in_kind(value) != JSON_OBJECT)
    return scalar(reader, value, text);
  json_in_minify(value, reader->text);
  *text = (Text){reader->text->str, (guint32)reader->text->len};
  return VALUE_JSON;
}

ValueKind value_path_read(const ValuePath *path, ValueReader *reader, Text json, Text *text) {
  JsonValue root;
  g_string_truncate(reader->text, 0);
  if (!json_in_parse(reader->in, json.at, json.size, FALSE, &root, NULL))
    return VALUE_NONE;
  return path->many ? read_many(path, reader, root, text) : read_one(path, reader, root, text);
}
