/* SPDX-License-Identifier: Apache-2.0 */
#include "record/pack.h"

#include <string.h>

enum { N = 300 };

/* Behind the packed bytes stands what a batch puts there: the slack. */
static Cursor cursor_of(GByteArray *bytes) {
  guint size = bytes->len;
  static const guint8 slack[PACK_SLACK];
  g_byte_array_append(bytes, slack, sizeof slack);
  return (Cursor){bytes->data, bytes->data + size, FALSE};
}

static guint check_ints(const gint64 *values, guint n) {
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  gint64 copy[N], read[N];
  memcpy(copy, values, n * sizeof *values);
  pack_ints(bytes, copy, n);
  guint size = bytes->len;
  Cursor cursor = cursor_of(bytes);
  g_assert_true(cursor_ints(&cursor, read, n));
  g_assert_true(cursor.at == cursor.end);
  g_assert_cmpint(memcmp(read, values, n * sizeof *read), ==, 0);
  return size;
}

static void test_ints_come_back(void) {
  const gint64 extremes[] = {G_MININT64, G_MAXINT64, 0, -1, 1, G_MAXINT64, G_MININT64};
  check_ints(extremes, G_N_ELEMENTS(extremes));
  check_ints(extremes, 1);
  check_ints(extremes, 0);
  for (guint shift = 0; shift < 64; shift++) {
    gint64 values[N];
    for (guint i = 0; i < N; i++)
      values[i] = (gint64)((guint64)g_test_rand_int() << 32 | (guint32)g_test_rand_int()) >> shift;
    check_ints(values, N);
    for (guint i = 0; i < N; i++)
      values[i] = (gint64)((guint64)values[i] * 1000);
    check_ints(values, N);
  }
}

static void test_ints_are_small(void) {
  gint64 values[N];
  for (guint i = 0; i < N; i++) /* every 3 s: the steps are all 1 in units... of one second 3, 3 bits with the sign */
    values[i] = G_GINT64_CONSTANT(1700000000000) + i * 3000;
  g_assert_cmpuint(check_ints(values, N), <=, N * 3 / 8 + 16);
  for (guint i = 0; i < N; i++) /* whole cents below 2.56 */
    values[i] = (gint64)(i * 7919 % 256) * 10000;
  g_assert_cmpuint(check_ints(values, N), <=, N + 16);
  for (guint i = 0; i < N; i++)
    values[i] = -5;
  g_assert_cmpuint(check_ints(values, N), <=, 16);
}

static guint check_codes(const guint16 *codes, guint n) {
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  guint16 read[N];
  pack_codes(bytes, codes, n);
  guint size = bytes->len;
  Cursor cursor = cursor_of(bytes);
  g_assert_true(cursor_codes(&cursor, read, n));
  g_assert_true(cursor.at == cursor.end);
  g_assert_cmpint(memcmp(read, codes, n * sizeof *read), ==, 0);
  return size;
}

static void test_codes(void) {
  guint16 codes[N];
  for (guint i = 0; i < N; i++)
    codes[i] = 65535;
  g_assert_cmpuint(check_codes(codes, N), ==, 3);
  for (guint different = 2; different <= N; different++) {
    for (guint i = 0; i < N; i++)
      codes[i] = (guint16)((i % different) * 217);
    check_codes(codes, N);
  }
  for (guint i = 0; i < N; i++)
    codes[i] = (guint16)(60000 + i % 4);
  g_assert_cmpuint(check_codes(codes, N), ==, 1 + 4 * 2 + N * 2 / 8);
}

static void test_widths(void) {
  guint16 narrow[N], narrow_read[N];
  guint32 wide[N], wide_read[N];
  for (guint bits = 0; bits <= 32; bits++) {
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    for (guint i = 0; i < N; i++) {
      wide[i] = bits ? (guint32)g_test_rand_int() >> (32 - bits) : 0;
      narrow[i] = (guint16)wide[i];
    }
    pack_u32s(bytes, wide, N, bits);
    if (bits <= 16)
      pack_u16s(bytes, narrow, N, bits);
    Cursor cursor = cursor_of(bytes);
    g_assert_true(cursor_u32s(&cursor, wide_read, N, bits));
    g_assert_cmpint(memcmp(wide_read, wide, sizeof wide), ==, 0);
    if (bits <= 16) {
      g_assert_true(cursor_u16s(&cursor, narrow_read, N, bits));
      g_assert_cmpint(memcmp(narrow_read, narrow, sizeof narrow), ==, 0);
    }
    g_assert_true(cursor.at == cursor.end);
  }
}

static guint check_pattern(const char *texts, guint n, guint size) {
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  char read[N];
  g_assert_true(pack_pattern(bytes, texts, n, size));
  guint packed = bytes->len;
  Cursor cursor = cursor_of(bytes);
  g_assert_true(cursor_pattern(&cursor, read, n, size));
  g_assert_true(cursor.at == cursor.end);
  g_assert_cmpint(memcmp(read, texts, n * size), ==, 0);
  return packed;
}

static void test_patterns(void) {
  g_assert_cmpuint(check_pattern("id-07f-xid-19e-xid-20a-x", 3, 8), ==, 8 + 5); /* nine digits */
  g_assert_cmpuint(check_pattern("aaaa", 2, 2), ==, 2);
  g_assert_cmpuint(check_pattern("0123", 4, 1), ==, 1 + 2);
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  g_assert_false(pack_pattern(bytes, "0g", 2, 1));
  g_assert_false(pack_pattern(bytes, "aB", 2, 1));
  g_assert_false(pack_pattern(bytes, "\0\0", 2, 1)); /* zero marks digits */
  g_assert_false(pack_pattern(bytes, "0", 1, 1));
  g_assert_cmpuint(bytes->len, ==, 0);
}

static void test_cut_off(void) {
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  pack_varint(bytes, G_MAXUINT64);
  pack_varint(bytes, 300);
  Cursor whole = cursor_of(bytes);
  g_assert_true(cursor_varint(&whole) == G_MAXUINT64);
  g_assert_cmpuint(cursor_limited(&whole, 299), ==, 0);
  g_assert_true(whole.broken);
  Cursor cut = {bytes->data, bytes->data + 5, FALSE};
  g_assert_cmpuint(cursor_varint(&cut), ==, 0);
  g_assert_true(cut.broken);
  g_assert_null(cursor_bytes(&cut, 0));
  guint16 codes[N];
  g_assert_false(cursor_codes(&cut, codes, N));
  gint64 ints[N];
  g_assert_false(cursor_ints(&cut, ints, N));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/pack/integers of any size come back", test_ints_come_back);
  g_test_add_func("/pack/regular times and prices in cents are small", test_ints_are_small);
  g_test_add_func("/pack/codes come back, a constant one costs three bytes", test_codes);
  g_test_add_func("/pack/every width comes back", test_widths);
  g_test_add_func("/pack/ids made to a pattern take half a byte a digit", test_patterns);
  g_test_add_func("/pack/a cursor that hits the end stays broken", test_cut_off);
  return g_test_run();
}
