/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/together.h"

/* Keys are one letter each, a to d, in the order of their numbers. */
static void add(AttributionPaths *paths, const char *letters, gint64 conversions, gint64 nulls) {
  gint64 zero = 0;
  while (paths->keys->len < 4)
    g_ptr_array_add(paths->keys, g_strdup_printf("%c", 'a' + (int)paths->keys->len));
  for (; *letters; letters++) {
    guint32 key = (guint32)(*letters - 'a');
    g_array_append_val(paths->elements, key);
  }
  guint32 end = paths->elements->len;
  g_array_append_val(paths->start, end);
  g_array_append_val(paths->conversions, conversions);
  g_array_append_val(paths->nulls, nulls);
  g_array_append_val(paths->value, zero);
  g_array_append_val(paths->net_value, zero);
}

/* Variance of ln: .44/56 + (.8^2 * .09/100 + .9^2 * .16/100) / .28^2 = .0317347, root .178143; 2 e^(-+ 1.96 * .178143) */
static void two_that_convert_more_together(void) {
  g_autoptr(AttributionPaths) paths = attribution_paths_new();
  Together found;
  add(paths, "a", 10, 90);
  add(paths, "b", 20, 80);
  add(paths, "ab", 40, 40);
  add(paths, "bab", 16, 4); /* in any order, once a path */
  together_find(paths, &found);
  g_assert_cmpuint(found.compared, ==, 1);
  g_assert_cmpuint(found.pairs->len, ==, 1);
  const Pair *pair = &g_array_index(found.pairs, Pair, 0);
  g_assert_cmpstr(paths->keys->pdata[pair->a], ==, "a");
  g_assert_cmpint(pair->paths, ==, 100);
  g_assert_cmpint(pair->conversions, ==, 56);
  g_assert_cmpfloat_with_epsilon(pair->expected, 0.28, 1e-12);
  g_assert_cmpfloat_with_epsilon(pair->effect, 2, 1e-12);
  g_assert_cmpfloat_with_epsilon(pair->low, 1.4106, 1e-4);
  g_assert_cmpfloat_with_epsilon(pair->high, 2.8357, 1e-4);
  together_clear(&found);
}

/* 28 of 100 is what 10 and 20 of 100 make together; and four of a hundred say nothing. */
static void as_expected_or_too_few_is_no_effect(void) {
  g_autoptr(AttributionPaths) paths = attribution_paths_new();
  Together found;
  add(paths, "a", 10, 90);
  add(paths, "b", 20, 80);
  add(paths, "ab", 28, 72);
  add(paths, "ac", 4, 1);
  add(paths, "c", 50, 50);
  together_find(paths, &found);
  g_assert_cmpuint(found.compared, ==, 1);
  g_assert_cmpuint(found.pairs->len, ==, 0);
  together_clear(&found);
}

static void less_together_stands_behind_more(void) {
  g_autoptr(AttributionPaths) paths = attribution_paths_new();
  Together found;
  add(paths, "a", 100, 900);
  add(paths, "b", 100, 900);
  add(paths, "c", 400, 600);
  add(paths, "ab", 500, 500);
  add(paths, "ac", 50, 950);
  together_find(paths, &found);
  g_assert_cmpuint(found.pairs->len, ==, 2);
  g_assert_cmpfloat(g_array_index(found.pairs, Pair, 0).low, >, 1);
  g_assert_cmpfloat(g_array_index(found.pairs, Pair, 1).high, <, 1);
  together_clear(&found);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/together/two that convert more together", two_that_convert_more_together);
  g_test_add_func("/together/as expected or too few is no effect", as_expected_or_too_few_is_no_effect);
  g_test_add_func("/together/less together stands behind more", less_together_stands_behind_more);
  return g_test_run();
}
