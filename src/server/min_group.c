// SPDX-License-Identifier: Apache-2.0
/* Reports say how many something is about under a few names; whatever holds one of them is a group. This way a new report
 * is covered when it uses the words of the others. */
#include "server/min_group.h"

#include "base/error.h"
#include "base/json_in.h"
#include <string.h>

static const char *const sizes[] = {"persons", "reached", "now", "conversions", "count", "journeys", "total", "size", NULL};

static gboolean size_of(JsonValue object, gint64 *size) {
  JsonValue value;
  for (const char *const *name = sizes; *name; name++)
    if (json_in_get(object, *name, &value) && json_in_int(value, size))
      return TRUE;
  return FALSE;
}

static gboolean is_small(gint64 size) {
  return size > 0 && size < MIN_GROUP;
}

static gboolean holds_small(JsonValue object, const char *name) {
  JsonValue value;
  gint64 number;
  return json_in_get(object, name, &value) && json_in_int(value, &number) && is_small(number);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void write_value(JsonOut *out, JsonValue value, gboolean hide);

static gboolean is_small_finding(const char *key, JsonValue finding) {
  JsonValue values, value;
  JsonIter iter;
  Text name;
  gint64 number;
  if (strcmp(key, "finding") != 0 || !json_in_get(finding, "values", &values))
    return FALSE;
  json_in_walk(&iter, values);
  while (json_in_next(&iter, &name, &value))
    if (json_in_int(value, &number) && is_small(number))
      return TRUE;
  return FALSE;
}

static void write_object(JsonOut *out, JsonValue object, gboolean hide) {
  JsonIter iter;
  Text name;
  JsonValue value;
  json_object(out);
  json_in_walk(&iter, object);
  while (json_in_next(&iter, &name, &value)) {
    g_autofree char *key = text_dup(name);
    if (is_small_finding(key, value))
      continue;
    json_key(out, key);
    write_value(out, value, hide || (strcmp(key, "dropped") == 0 && holds_small(object, "dropped")));
  }
  if (hide)
    json_kv_bool(out, "hidden", TRUE);
  json_object_end(out);
}

typedef struct {
  gint64 size;
  gboolean sized, hide;
} Member;

/* Which of them are left out: the small ones; who stopped just before, for the difference tells; and one more if there would be
 * a single one. */
static GArray *judge_members(JsonValue array) {
  GArray *members = g_array_new(FALSE, TRUE, sizeof(Member));
  JsonIter iter;
  Text none;
  JsonValue value;
  gboolean few_stopped = FALSE;
  guint hidden = 0;
  json_in_walk(&iter, array);
  while (json_in_next(&iter, &none, &value)) {
    Member member = {0, FALSE, FALSE};
    if (json_in_kind(value) == JSON_OBJECT) {
      member.sized = size_of(value, &member.size);
      gboolean few = member.sized && is_small(member.size);
      member.hide = few_stopped || few;
      few_stopped = holds_small(value, "dropped");
      hidden += few;
    }
    g_array_append_val(members, member);
  }
  Member *next = NULL;
  for (guint i = 0; hidden == 1 && i < members->len; i++) {
    Member *member = &g_array_index(members, Member, i);
    if (member->sized && !member->hide && member->size && (!next || member->size < next->size))
      next = member;
  }
  if (next)
    next->hide = TRUE;
  return members;
}

static void write_array(JsonOut *out, JsonValue array, gboolean hide) {
  g_autoptr(GArray) members = judge_members(array);
  JsonIter iter;
  Text none;
  JsonValue value;
  guint i = 0;
  json_array(out);
  json_in_walk(&iter, array);
  while (json_in_next(&iter, &none, &value))
    write_value(out, value, hide || g_array_index(members, Member, i++).hide);
  json_array_end(out);
}

static void write_number(JsonOut *out, JsonValue value, gboolean hide) {
  char buffer[JSON_NUMBER_SIZE];
  Text number = json_in_number(value, buffer);
  if (hide)
    json_null(out);
  else
    json_raw(out, number.at, number.size);
}

static void write_value(JsonOut *out, JsonValue value, gboolean hide) {
  Text text = json_in_string(value);
  switch (json_in_kind(value)) {
  case JSON_OBJECT: write_object(out, value, hide); break;
  case JSON_ARRAY: write_array(out, value, hide); break;
  case JSON_NUMBER: write_number(out, value, hide); break;
  case JSON_STRING: json_string_n(out, text.at, text.size); break;
  case JSON_TRUE:
  case JSON_FALSE: json_bool(out, json_in_kind(value) == JSON_TRUE); break;
  default: json_null(out);
  }
}

char *min_group_hide(const char *answer, GError **error) {
  g_autoptr(JsonIn) json = json_in_new((gsize)1 << 30);
  JsonValue root;
  gint64 size;
  if (!json_in_parse(json, answer, strlen(answer), FALSE, &root, error))
    return NULL;
  if (size_of(root, &size) && is_small(size)) {
    error_set(error, ERROR_FORBIDDEN,
              "the answer is about fewer than %d, who could be made out\nhint: ask for a longer period or more "
              "people; analysts see small groups",
              MIN_GROUP);
    return NULL;
  }
  g_autoptr(JsonOut) out = json_out_new();
  write_value(out, root, FALSE);
  return g_strdup(json_out_text(out, NULL));
}
