/* SPDX-License-Identifier: Apache-2.0 */
#include "base/terminal.h"

/* The next character, or U+FFFD for one byte that begins none. */
static gunichar next(const char **at, const char *end) {
  gunichar c = **at ? g_utf8_get_char_validated(*at, end - *at) : 0; /* which takes NUL for the end */
  gboolean valid = c != (gunichar)-1 && c != (gunichar)-2;
  *at += valid ? g_utf8_skip[(guint8) * *at] : 1;
  return valid ? c : 0xFFFD;
}

static gboolean is_unsafe(gunichar c) {
  gboolean control = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
  gboolean direction = c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return control || direction;
}

static void append_escape(GString *out, gunichar c) {
  switch (c) {
  case '\n': g_string_append(out, "\\n"); return;
  case '\r': g_string_append(out, "\\r"); return;
  case '\t': g_string_append(out, "\\t"); return;
  default: g_string_append_printf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", c);
  }
}

char *terminal_escape(Text text) {
  GString *out = g_string_sized_new(text.size + 1);
  text = text_some(text);
  const char *at = text.at, *end = text.at + text.size;
  while (at < end) {
    gunichar c = next(&at, end);
    if (is_unsafe(c))
      append_escape(out, c);
    else
      g_string_append_unichar(out, c);
  }
  return g_string_free(out, FALSE);
}

static guint width_of(gunichar c) {
  if (c < 0x300)
    return 1;
  if (g_unichar_iszerowidth(c))
    return 0;
  gboolean emoji = c >= 0x1f300 && c <= 0x1faff;
  return g_unichar_iswide(c) || emoji ? 2 : 1;
}

guint terminal_width(Text text) {
  guint width = 0;
  text = text_some(text);
  const char *at = text.at, *end = text.at + text.size;
  while (at < end)
    width += width_of(next(&at, end));
  return width;
}

guint32 terminal_fit(Text text, guint width) {
  guint used = 0;
  text = text_some(text);
  const char *at = text.at, *end = text.at + text.size;
  while (at < end) {
    const char *before = at;
    used += width_of(next(&at, end));
    if (used > width)
      return (guint32)(before - text.at);
  }
  return text.size;
}
