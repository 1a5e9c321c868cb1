// SPDX-License-Identifier: Apache-2.0
#include "analysis/variants.h"

enum { WORKERS = 3 };

/* Sequence number i is its number's digits to the base of 3. */
static guint digits(guint number, guint32 *codes) {
  guint n = 0;
  do
    codes[n++] = number % 3;
  while (number /= 3);
  return n;
}

/* Adds sequence i counts[i] times; the reference says which it is. */
static Variants *counted(const guint *counts, guint n, guint limit) {
  guint64 all = 0;
  for (guint i = 0; i < n; i++)
    all += counts[i];
  Variants *variants = variants_new(WORKERS, all, 0);
  for (guint round = 0, more = TRUE; more; round++) {
    more = FALSE;
    for (guint i = 0; i < n; i++)
      if (round < counts[i]) {
        guint32 codes[32];
        guint length = digits(i, codes);
        g_assert_true(variants_add(variants, (i + round) % WORKERS, codes, length, i));
        more = TRUE;
      }
  }
  g_assert_true(variants_finish(variants, 2, limit, NULL));
  return variants;
}

static void the_most_frequent_are_chosen(void) {
  const guint counts[] = {5, 1, 9, 5, 5, 2, 0, 1};
  g_autoptr(Variants) variants = counted(counts, G_N_ELEMENTS(counts), 2);
  g_assert_cmpuint(variants_total(variants), ==, 7);
  g_assert_cmpuint(variants_chosen(variants)->len, ==, 1);
  g_assert_cmpuint(g_array_index(variants_chosen(variants), Variant, 0).ref, ==, 2);
  g_assert_cmpuint(variants_ties(variants)->len, ==, 3); /* 0, 3 and 4 with five each: one more is wanted */
  g_assert_cmpuint(variants_ties_wanted(variants), ==, 1);
  g_autoptr(Variants) all = counted(counts, G_N_ELEMENTS(counts), 7);
  g_assert_cmpuint(variants_chosen(all)->len, ==, 7);
  g_assert_cmpuint(variants_ties_wanted(all), ==, 0);
}

static void limits_agree_with_counting(void) {
  for (guint round = 0; round < 20; round++) {
    guint n = (guint)g_test_rand_int_range(1, 4000), limit = (guint)g_test_rand_int_range(1, 3000), large = round % 3 ? 20 : 9000;
    g_autofree guint *counts = g_new(guint, n);
    guint distinct = 0;
    for (guint i = 0; i < n; i++) {
      counts[i] = (guint)g_test_rand_int_range(0, i % 97 == 0 ? (gint)large : 4);
      distinct += counts[i] > 0;
    }
    g_autoptr(Variants) variants = counted(counts, n, limit);
    guint64 least = G_MAXUINT64;
    for (guint i = 0; i < variants_chosen(variants)->len; i++) {
      const Variant *variant = &g_array_index(variants_chosen(variants), Variant, i);
      g_assert_cmpuint(variant->count, ==, counts[variant->ref]);
      least = MIN(least, variant->count);
    }
    guint above = 0, same = 0, ties = variants_ties(variants)->len;
    guint64 tie = ties ? g_array_index(variants_ties(variants), Variant, 0).count : 0;
    for (guint i = 0; i < n; i++) {
      above += counts[i] > tie;
      same += tie && counts[i] == tie;
    }
    g_assert_cmpuint(variants_total(variants), ==, distinct);
    g_assert_cmpuint(variants_chosen(variants)->len, ==, above);
    g_assert_cmpuint(ties, ==, same);
    g_assert_cmpuint(least, >, tie);
    g_assert_cmpuint(variants_chosen(variants)->len + variants_ties_wanted(variants), ==, MIN(limit, distinct));
  }
}

static void memory_has_an_end(void) {
  g_autoptr(Variants) variants = variants_new(1, 1000000, 1 << 20);
  gboolean room = TRUE;
  for (guint32 i = 0; i < 200000 && room; i++)
    room = variants_add(variants, 0, &i, 1, i);
  g_assert_false(room);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/variants/the most frequent are chosen", the_most_frequent_are_chosen);
  g_test_add_func("/variants/limits agree with counting", limits_agree_with_counting);
  g_test_add_func("/variants/memory has an end", memory_has_an_end);
  return g_test_run();
}
