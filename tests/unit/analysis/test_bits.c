// SPDX-License-Identifier: Apache-2.0
#include "analysis/bits.h"

enum { N = 1000, WORDS = (N + 63) / 64 };

static void random_bits(guint64 *bits, guint one_in) {
  memset(bits, 0, WORDS * sizeof *bits);
  for (guint i = 0; i < N; i++)
    if (g_test_rand_int_range(0, (gint)one_in) == 0)
      bit_set(bits, i);
}

static void after_agrees_with_a_walk(void) {
  for (guint round = 0; round < 200; round++) {
    guint64 x[WORDS], ends[WORDS], after[WORDS], persons = 0;
    random_bits(x, 1 + round % 40);
    random_bits(ends, 1 + round % 90);
    bit_set(ends, N - 1);
    bits_after(x, ends, after, WORDS);
    gboolean seen = FALSE;
    for (guint i = 0; i < N; i++) {
      g_assert_cmpint(bit_at(after, i), ==, seen);
      seen |= bit_at(x, i);
      if (bit_at(ends, i)) {
        persons += seen;
        seen = FALSE;
      }
    }
    g_assert_cmpuint(bits_count_persons(x, after, ends, WORDS), ==, persons);
  }
}

static void ranges_and_next(void) {
  guint64 x[4] = {0};
  bits_set_range(x, 60, 130);
  g_assert_cmpuint(bits_count(x, 4), ==, 70);
  g_assert_cmpuint(bits_next(x, 0, 256), ==, 60);
  g_assert_cmpuint(bits_next(x, 129, 256), ==, 129);
  g_assert_cmpuint(bits_next(x, 130, 256), ==, 256);
  g_assert_cmpuint(bits_next(x, 0, 50), ==, 50);
  bits_clear_range(x, 64, 128);
  g_assert_cmpuint(bits_count(x, 4), ==, 6);
  bits_set_range(x, 5, 5);
  g_assert_cmpuint(bits_count(x, 4), ==, 6);
  bits_fill(x, 70);
  g_assert_cmphex(x[1], ==, 63);
}

static void times_lie_in_range_to_the_millisecond(void) {
  guint32 seconds[N];
  guint16 ms[N];
  for (guint i = 0; i < N; i++) {
    seconds[i] = (guint32)g_test_rand_int_range(0, 20);
    ms[i] = (guint16)(g_test_rand_int_range(0, 3) * 499);
  }
  Block block = {.n_events = N, .base_s = 100, .time_s = seconds};
  for (guint round = 0; round < 400; round++) {
    block.time_ms = round % 2 ? ms : NULL;
    gint64 from = 99000 + g_test_rand_int_range(0, 24000), to = from + g_test_rand_int_range(-10, 24000);
    if (round % 17 == 0)
      from = G_MININT64;
    if (round % 19 == 0)
      to = G_MAXINT64;
    guint64 out[WORDS];
    bits_between(&block, from, to, out);
    for (guint i = 0; i < N; i++)
      g_assert_cmpint(bit_at(out, i), ==, block_time_ms(&block, i) >= from && block_time_ms(&block, i) < to);
  }
}

static void codes_are_found_in_any_width(void) {
  guint8 narrow[N];
  guint16 middle[N];
  guint32 wide[N];
  for (guint i = 0; i < N; i++)
    wide[i] = middle[i] = narrow[i] = (guint8)g_test_rand_int_range(0, 4);
  const Codes all[] = {{0, 2, NULL}, {1, 0, narrow}, {2, 0, middle}, {4, 0, wide}};
  for (guint c = 0; c < G_N_ELEMENTS(all); c++)
    for (guint32 code = 0; code < 259; code += code < 3 ? 1 : 255) {
      guint64 out[WORDS];
      bits_code(&all[c], N, code, out);
      for (guint i = 0; i < N; i++)
        g_assert_cmpint(bit_at(out, i), ==, codes_at(&all[c], i) == code);
    }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/bits/after agrees with a walk through each person", after_agrees_with_a_walk);
  g_test_add_func("/bits/ranges, and the next one set", ranges_and_next);
  g_test_add_func("/bits/times lie in range to the millisecond", times_lie_in_range_to_the_millisecond);
  g_test_add_func("/bits/codes are found in any width", codes_are_found_in_any_width);
  return g_test_run();
}
