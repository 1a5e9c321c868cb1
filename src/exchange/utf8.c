// SPDX-License-Identifier: Apache-2.0
#include "exchange/utf8.h"

#include <string.h>

/* Length of the valid sequence at `at`, 0 when it is none, -1 when it may go on past the end (RFC 3629:
 * no overlong forms, no surrogates, nothing above U+10FFFF). */
static int sequence(const guint8 *at, gsize left) {
  int length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
  if (at[0] < 0xc2 || at[0] > 0xf4)
    return 0;
  for (int i = 1; i < length; i++) {
    if ((gsize)i >= left)
      return -1;
    guint8 low = 0x80, high = 0xbf;
    if (i == 1 && at[0] == 0xe0)
      low = 0xa0;
    if (i == 1 && at[0] == 0xed)
      high = 0x9f;
    if (i == 1 && at[0] == 0xf0)
      low = 0x90;
    if (i == 1 && at[0] == 0xf4)
      high = 0x8f;
    if (at[i] < low || at[i] > high)
      return 0;
  }
  return length;
}

static gsize skip_ascii(const guint8 *at, gsize i, gsize size) {
  for (; i + 32 <= size; i += 32) {
    guint64 word[4];
    memcpy(word, at + i, sizeof word);
    if ((word[0] | word[1] | word[2] | word[3]) & G_GUINT64_CONSTANT(0x8080808080808080))
      break;
  }
  while (i < size && at[i] < 0x80)
    i++;
  return i;
}

void utf8_count(Utf8Count *count, const char *text, gsize size) {
  const guint8 *at = (const guint8 *)text;
  count->unfinished = 0;
  for (gsize i = skip_ascii(at, 0, size); i < size; i = skip_ascii(at, i, size)) {
    int length = sequence(at + i, size - i);
    if (length < 0) {
      count->unfinished = (guint)(size - i);
      return;
    }
    count->multibyte += length > 0;
    count->faulty += length == 0;
    i += length > 0 ? (gsize)length : 1;
  }
}

gboolean utf8_is_valid(const char *at, gsize size) {
  Utf8Count count = {0};
  utf8_count(&count, at, size);
  return count.faulty == 0 && count.unfinished == 0;
}
