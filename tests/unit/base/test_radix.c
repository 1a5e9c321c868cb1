// SPDX-License-Identifier: Apache-2.0
#include "base/radix.h"
#include "base/hash.h"
#include <stdlib.h>

static int row_compare(const void *a, const void *b) {
  const RadixRow *x = a, *y = b;
  if (x->key != y->key)
    return x->key < y->key ? -1 : 1;
  return (x->a > y->a) - (x->a < y->a); /* a counts up, so this is what stable means */
}

typedef guint64 (*KeyFunc)(guint32 i);

static guint64 any_key(guint32 i) {
  return hash_mix(i);
}
static guint64 one_key(guint32 i) {
  return 42;
}
static guint64 low_keys(guint32 i) {
  return hash_mix(i) % 1000;
}
static guint64 skewed_keys(guint32 i) {
  return i % 10 ? G_MAXUINT64 - hash_mix(i) % 5 : hash_mix(i) << 50;
}
static guint64 falling_keys(guint32 i) {
  return G_MAXUINT64 - i;
}

static void check(KeyFunc key, guint32 n, guint threads) {
  g_autofree RadixRow *rows = g_new(RadixRow, n + 1), *spare = g_new(RadixRow, n + 1), *wanted = g_new(RadixRow, n + 1);
  for (guint32 i = 0; i < n; i++)
    rows[i] = wanted[i] = (RadixRow){key(i), i, ~i};
  qsort(wanted, n, sizeof *wanted, row_compare);
  RadixRanges ranges;
  g_assert_true(radix_sort(rows, spare, n, threads, &ranges, NULL));
  for (guint32 i = 0; i < n; i++) {
    g_assert_cmpuint(rows[i].key, ==, wanted[i].key);
    g_assert_cmpuint(rows[i].a, ==, wanted[i].a);
    g_assert_cmpuint(rows[i].b, ==, ~rows[i].a);
  }
  g_assert_cmpuint(ranges.start[0], ==, 0);
  g_assert_cmpuint(ranges.start[ranges.n], ==, n);
  for (guint range = 1; range < ranges.n; range++) {
    guint32 at = ranges.start[range];
    g_assert_cmpuint(at, >=, ranges.start[range - 1]);
    g_assert_true(at == 0 || at == n || rows[at - 1].key < rows[at].key);
  }
  g_free(ranges.start);
}

static void rows_come_out_by_key_then_as_they_came(void) {
  static const KeyFunc keys[] = {any_key, one_key, low_keys, skewed_keys, falling_keys};
  static const guint32 sizes[] = {0, 1, 2, 24, 25, 1000, 16384, 16385, 65536, 65537, 200000};
  for (guint k = 0; k < G_N_ELEMENTS(keys); k++)
    for (guint s = 0; s < G_N_ELEMENTS(sizes); s++) {
      check(keys[k], sizes[s], 1);
      check(keys[k], sizes[s], 3);
    }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/radix/rows come out by key, then as they came", rows_come_out_by_key_then_as_they_came);
  return g_test_run();
}
