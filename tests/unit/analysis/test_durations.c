// SPDX-License-Identifier: Apache-2.0
#include "analysis/durations.h"
#include <math.h>

static double median_of(const gint64 *values, guint n) {
  g_auto(Arena) arena = {0};
  Durations bag = {.arena = &arena};
  for (guint i = 0; i < n; i++)
    durations_add(&bag, values[i]);
  g_assert_cmpuint(durations_count(&bag), ==, n);
  const Durations *bags[] = {&bag};
  return durations_median(bags, 1);
}

static void small_bags_by_hand(void) {
  g_assert_true(isnan(median_of(NULL, 0)));
  g_assert_cmpfloat(median_of((gint64[]){7}, 1), ==, 7);
  g_assert_cmpfloat(median_of((gint64[]){3, 8}, 2), ==, 5.5);
  g_assert_cmpfloat(median_of((gint64[]){9, 1, 5}, 3), ==, 5);
  g_assert_cmpfloat(median_of((gint64[]){4, 4, 4, 100}, 4), ==, 4);
  g_assert_cmpfloat(median_of((gint64[]){65535, 65536}, 2), ==, 65535.5);
}

static void long_ones_follow_short_ones(void) {
  const gint64 year = G_GINT64_CONSTANT(31536000000);
  g_assert_cmpfloat(median_of((gint64[]){year, 10}, 2), ==, (double)(year + 10) / 2);
  g_assert_cmpfloat(median_of((gint64[]){year, 10, 2 * year}, 3), ==, (double)year);
  g_assert_cmpfloat(median_of((gint64[]){G_MAXUINT32, (gint64)G_MAXUINT32 + 1}, 2), ==, 4294967295.5);
}

static gint by_value(gconstpointer a, gconstpointer b) {
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
  return (x > y) - (x < y);
}

static void agrees_with_sorting(void) {
  for (guint round = 0; round < 30; round++) {
    guint n = (guint)g_test_rand_int_range(1, round < 25 ? 400 : 300000);
    guint spread = (guint)g_test_rand_int_range(1, 36);
    g_autofree gint64 *values = g_new(gint64, n);
    g_auto(Arena) arena = {0};
    g_autofree Durations *bags = durations_new(&arena, 3);
    for (guint i = 0; i < n; i++) {
      values[i] = (gint64)(((guint64)(guint32)g_test_rand_int() << 32 | (guint32)g_test_rand_int()) >> (64 - spread));
      durations_add(&bags[i % 3], values[i]);
    }
    qsort(values, n, sizeof *values, by_value);
    const Durations *all[] = {&bags[0], &bags[1], &bags[2]};
    g_assert_cmpfloat(durations_median(all, 3), ==, (double)(values[(n - 1) / 2] + values[n / 2]) / 2);
  }
}

static void memory_has_an_end(void) {
  g_auto(Arena) arena = {.bytes_max = 1 << 20};
  Durations bag = {.arena = &arena};
  for (guint i = 0; i < 1 << 20; i++)
    durations_add(&bag, i);
  g_assert_true(bag.failed);
  g_assert_cmpuint(arena.bytes, <=, 1 << 20);
  g_assert_cmpuint(durations_count(&bag), <, 1 << 18);
}

/* What a sample of every n-th value would get wrong. */
static void order_of_arrival_does_not_matter(void) {
  for (guint n = 100000; n <= 100001; n++) {
    g_autofree gint64 *values = g_new(gint64, n);
    for (guint shape = 0; shape < 3; shape++) {
      for (guint i = 0; i < n; i++)
        values[i] = shape == 0 ? i : shape == 1 ? 7 : i % ((n / 4096) + 1) == 0 ? 1000000 + i : i;
      double found = median_of(values, n);
      qsort(values, n, sizeof *values, by_value);
      g_assert_cmpfloat(found, ==, (double)(values[(n - 1) / 2] + values[n / 2]) / 2);
    }
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/durations/small bags by hand", small_bags_by_hand);
  g_test_add_func("/durations/long ones follow short ones", long_ones_follow_short_ones);
  g_test_add_func("/durations/the median agrees with sorting", agrees_with_sorting);
  g_test_add_func("/durations/the order of arrival does not matter", order_of_arrival_does_not_matter);
  g_test_add_func("/durations/memory has an end", memory_has_an_end);
  return g_test_run();
}
