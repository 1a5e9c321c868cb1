/* SPDX-License-Identifier: Apache-2.0
 * json_in.h: reads JSON from outside into a tree that lives until the parser's next text.
 *
 * What breaks the letter of JSON but not its sense is repaired instead of losing a whole batch: lone
 * surrogates and invalid UTF-8 become U+FFFD, raw control characters in strings are taken as they are,
 * NaN and Infinity are null, integers past 64 bits stay numbers with all their digits. */
#pragma once
#include "base/text.h"

G_BEGIN_DECLS

enum { JSON_DEPTH_MAX = 64, JSON_PADDING = 64, JSON_NUMBER_SIZE = 400 };

typedef struct JsonIn JsonIn; /* one thread each */
JsonIn *json_in_new(gsize size_max);
void json_in_free(JsonIn *in);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonIn, json_in_free)

typedef struct { /* a place in the tree: plain value, borrowed */
  const void *tree;
  gsize index;
} JsonValue;
typedef enum { JSON_NULL, JSON_TRUE, JSON_FALSE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } JsonKind;

/* `padded`: JSON_PADDING readable bytes follow the text, which saves a copy. ERROR_INVALID when it is no JSON
 * even after repair, ERROR_LIMIT past size or depth. About 0.2 us an event; a repair costs a second pass. */
gboolean json_in_parse(JsonIn *in, const char *data, gsize size, gboolean padded, JsonValue *root, GError **error);
guint64 json_in_repaired(const JsonIn *in); /* texts that needed repair so far */

JsonKind json_in_kind(JsonValue value);
Text json_in_string(JsonValue value); /* unescaped; may hold NUL; empty for other kinds */
/* A number's decimal digits without exponent where they fit; integers exactly. `buffer` may hold the text. */
Text json_in_number(JsonValue value, char buffer[JSON_NUMBER_SIZE]);
gboolean json_in_int(JsonValue value, gint64 *number); /* FALSE unless an integer of that size */
gboolean json_in_double(JsonValue value, double *number);
gboolean json_in_get(JsonValue object, const char *key, JsonValue *value); /* the first of that name */

typedef struct {
  JsonValue at, end;
  gboolean object;
} JsonIter;
/* Nothing to walk for other kinds than arrays and objects. `key` is empty in arrays. */
void json_in_walk(JsonIter *iter, JsonValue value);
gboolean json_in_next(JsonIter *iter, Text *key, JsonValue *value);

void json_in_minify(JsonValue value, GString *into); /* appends its JSON text without blanks */

gboolean utf8_valid(const char *data, gsize size); /* about 10 GB/s */

G_END_DECLS
