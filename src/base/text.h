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
static inline gboolean text_is(Text a, const char *string) {
  return text_equal(a, text_of(string));
}
/* Byte order; a shorter text that is a prefix comes first. */
static inline int text_compare(Text a, Text b) {
  guint32 size = MIN(a.size, b.size);
  int order = size ? memcmp(a.at, b.at, size) : 0;
  return order ? order : (a.size > b.size) - (a.size < b.size);
}
static inline char *text_dup(Text text) { return g_strndup(text.at ? text.at : "", text.size); }
