/* SPDX-License-Identifier: Apache-2.0
 * json_out.h: writes JSON into a GString; the one place that escapes it.
 * json_key() before each member of an object; commas are set by the writer.
 * Invalid UTF-8 becomes U+FFFD; NaN and infinities become null. */
#pragma once
#include <glib.h>

typedef struct JsonOut JsonOut;

JsonOut *json_out_new(void);
void json_out_free(JsonOut *out);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonOut, json_out_free)

void json_object(JsonOut *out);
void json_object_end(JsonOut *out);
void json_array(JsonOut *out);
void json_array_end(JsonOut *out);
void json_key(JsonOut *out, const char *key);

void json_string(JsonOut *out, const char *text); /* NULL writes null */
void json_string_n(JsonOut *out, const char *text, gsize size);
void json_int(JsonOut *out, gint64 value);
void json_double(JsonOut *out, double value); /* shortest text that reads back the same */
void json_micro(JsonOut *out, gint64 micro);  /* money: millionths, written as a decimal */
void json_bool(JsonOut *out, gboolean value);
void json_null(JsonOut *out);
void json_raw(JsonOut *out, const char *json, gsize size); /* a value that is JSON already */

/* Shorthands: key and value in one line. */
void json_kv_string(JsonOut *out, const char *key, const char *text);
void json_kv_int(JsonOut *out, const char *key, gint64 value);
void json_kv_double(JsonOut *out, const char *key, double value);
void json_kv_micro(JsonOut *out, const char *key, gint64 micro);
void json_kv_bool(JsonOut *out, const char *key, gboolean value);
void json_kv_null(JsonOut *out, const char *key);

/* The finished text; the writer keeps it. All objects and arrays must be closed. */
const char *json_out_text(const JsonOut *out, gsize *size);
