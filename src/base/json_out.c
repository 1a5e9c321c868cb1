/* SPDX-License-Identifier: Apache-2.0
 * json_out.c: the writer keeps one bit of state, whether the next item needs a comma before it.
 * A value sets it, an opening bracket and a key clear it; nesting is only counted to catch our mistakes. */
#include "base/json_out.h"

#include "base/decimal.h"
#include <math.h>
#include <string.h>

struct JsonOut {
  GString *text;
  gboolean comma;
  guint depth;
};

JsonOut *json_out_new(void) {
  JsonOut *out = g_new0(JsonOut, 1);
  out->text = g_string_sized_new(256);
  return out;
}

void json_out_free(JsonOut *out) {
  if (out == NULL)
    return;
  g_string_free(out->text, TRUE);
  g_free(out);
}

const char *json_out_text(const JsonOut *out, gsize *size) {
  g_assert(out->depth == 0);
  if (size)
    *size = out->text->len;
  return out->text->str;
}

static void item(JsonOut *out) {
  if (out->comma)
    g_string_append_c(out->text, ',');
  out->comma = TRUE;
}

static void open_with(JsonOut *out, char bracket) {
  item(out);
  g_string_append_c(out->text, bracket);
  out->comma = FALSE;
  out->depth++;
}

static void close_with(JsonOut *out, char bracket) {
  g_assert(out->depth > 0);
  g_string_append_c(out->text, bracket);
  out->comma = TRUE;
  out->depth--;
}

void json_object(JsonOut *out) {
  open_with(out, '{');
}
void json_object_end(JsonOut *out) {
  close_with(out, '}');
}
void json_array(JsonOut *out) {
  open_with(out, '[');
}
void json_array_end(JsonOut *out) {
  close_with(out, ']');
}

static void append_escaped(GString *text, guint8 c) {
  static const char shorthands[] = "btn\0fr"; /* for 8 to 13, 11 has none */
  g_string_append_c(text, '\\');
  if (c == '"' || c == '\\')
    g_string_append_c(text, (char)c);
  else if (c >= 8 && c <= 13 && shorthands[c - 8])
    g_string_append_c(text, shorthands[c - 8]);
  else
    g_string_append_printf(text, "u%04x", c);
}

static gboolean is_plain(guint8 c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void append_quoted(GString *text, const char *at, gsize size) {
  const char *end = at + size;
  g_string_append_c(text, '"');
  while (at < end) {
    const char *run = at;
    while (at < end && is_plain((guint8)*at))
      at++;
    g_string_append_len(text, run, at - run);
    if (at == end)
      break;
    if ((guint8)*at < 0x80) {
      append_escaped(text, (guint8)*at++);
      continue;
    }
    gunichar c = g_utf8_get_char_validated(at, end - at);
    gboolean valid = c != (gunichar)-1 && c != (gunichar)-2;
    g_string_append_unichar(text, valid ? c : 0xFFFD);
    at += valid ? g_utf8_skip[(guint8)*at] : 1;
  }
  g_string_append_c(text, '"');
}

void json_key(JsonOut *out, const char *key) {
  item(out);
  append_quoted(out->text, key, strlen(key));
  g_string_append_c(out->text, ':');
  out->comma = FALSE;
}

void json_string_n(JsonOut *out, const char *text, gsize size) {
  item(out);
  append_quoted(out->text, text, size);
}

void json_string(JsonOut *out, const char *text) {
  if (text == NULL)
    json_null(out);
  else
    json_string_n(out, text, strlen(text));
}

void json_int(JsonOut *out, gint64 value) {
  item(out);
  g_string_append_printf(out->text, "%" G_GINT64_FORMAT, value);
}

void json_double(JsonOut *out, double value) {
  if (!isfinite(value)) {
    json_null(out);
    return;
  }
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  if (value == trunc(value) && fabs(value) < 1e15 && !(value == 0 && signbit(value))) {
    json_int(out, (gint64)value);
    return;
  }
  static const char *const formats[] = {"%.15g", "%.16g", "%.17g"};
  for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
    g_ascii_formatd(buffer, sizeof buffer, formats[i], value);
    if (g_ascii_strtod(buffer, NULL) == value)
      break;
  }
  item(out);
  g_string_append(out->text, buffer);
}

void json_micro(JsonOut *out, gint64 micro) {
  char text[MONEY_TEXT_SIZE];
  guint size = money_format(micro, text);
  item(out);
  g_string_append_len(out->text, text, size);
}

void json_bool(JsonOut *out, gboolean value) {
  item(out);
  g_string_append(out->text, value ? "true" : "false");
}

void json_null(JsonOut *out) {
  item(out);
  g_string_append(out->text, "null");
}
void json_raw(JsonOut *out, const char *json, gsize size) {
  item(out);
  g_string_append_len(out->text, json, (gssize)size);
}

void json_kv_string(JsonOut *out, const char *key, const char *text) {
  json_key(out, key);
  json_string(out, text);
}

void json_kv_int(JsonOut *out, const char *key, gint64 value) {
  json_key(out, key);
  json_int(out, value);
}

void json_kv_double(JsonOut *out, const char *key, double value) {
  json_key(out, key);
  json_double(out, value);
}

void json_kv_micro(JsonOut *out, const char *key, gint64 micro) {
  json_key(out, key);
  json_micro(out, micro);
}

void json_kv_bool(JsonOut *out, const char *key, gboolean value) {
  json_key(out, key);
  json_bool(out, value);
}

void json_kv_null(JsonOut *out, const char *key) {
  json_key(out, key);
  json_null(out);
}
