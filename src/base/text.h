/* SPDX-License-Identifier: Apache-2.0
 * text.h: a borrowed slice of bytes. Whoever hands one out says how long it lives. */
#pragma once
#include <glib.h>
#include <string.h>

typedef struct {
  const char *at; /* not necessarily terminated; NULL only when size is 0 */
  guint32 size;
} Text;

static inline Text text_of(const char *string) {
  return (Text){string, string ? (guint32)strlen(string) : 0};
}
/* For loops from at to at + size: C allows no arithmetic on NULL, not even adding 0. */
static inline Text text_some(Text text) {
  return text.at ? text : (Text){"", 0};
}
static inline gboolean text_equal(Text a, Text b) {
  return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}
/* Most texts differ in their first byte: no call is needed to see that. */
static inline gboolean text_is(Text a, const char *string) {
  return !(a.size && string && a.at[0] != string[0]) && text_equal(a, text_of(string));
}
/* Byte order; a shorter text that is a prefix comes first. */
static inline int text_compare(Text a, Text b) {
  guint32 size = MIN(a.size, b.size);
  int order = size ? memcmp(a.at, b.at, size) : 0;
  return order ? order : (a.size > b.size) - (a.size < b.size);
}
/* The same with a string, whose end is not looked for. */
static inline int text_compare_string(Text a, const char *string) {
  for (guint32 i = 0; i < a.size; i++)
    if (string[i] == '\0' || a.at[i] != string[i])
      return (guint8)a.at[i] < (guint8)string[i] ? -1 : 1;
  return string[a.size] ? -1 : 0;
}
static inline char *text_dup(Text text) {
  return g_strndup(text.at ? text.at : "", text.size);
}
