// SPDX-License-Identifier: Apache-2.0
#include "analysis/match.h"

enum { N = 1000, CODES_MAX = 70000 };

typedef struct {
  guint8 c1[N];
  guint16 c2[N];
  guint32 c4[N];
  guint64 bits[(N + 63) / 64 + 1];
  guint8 verdicts[CODES_MAX];
} Room;

static Codes codes_of(const Room *room, guint width) {
  return (Codes){.width = (guint8)width,
                 .constant = 3,
                 .data = width == 1   ? (const void *)room->c1
                         : width == 2 ? (const void *)room->c2
                                      : (const void *)room->c4};
}

/* Against one look-up an event, and the words behind stay untouched. */
static void check(Room *room, guint width, guint32 n, guint32 n_codes) {
  Codes codes = codes_of(room, width);
  const guint64 canary = G_GUINT64_CONSTANT(0x5a5a5a5a5a5a5a5a);
  for (guint i = 0; i < G_N_ELEMENTS(room->bits); i++)
    room->bits[i] = canary;
  match_codes(&codes, n, room->verdicts, n_codes, room->bits);
  for (guint32 i = 0; i < n; i++) {
    guint32 code = codes_at(&codes, i);
    g_assert_cmpint(bit_at(room->bits, i), ==, code < n_codes && room->verdicts[code]);
  }
  for (guint32 i = n; i < (n + 63) / 64 * 64; i++)
    g_assert_false(bit_at(room->bits, i));
  for (guint i = (n + 63) / 64; i < G_N_ELEMENTS(room->bits); i++)
    g_assert_cmphex(room->bits[i], ==, canary);
}

static void test_all(void) {
  static const guint32 lengths[] = {0, 1, 63, 64, 65, 127, 128, 640, 999, 1000};
  static const guint32 dictionaries[] = {1, 5, 40, 256, 300, 65536, CODES_MAX};
  g_autofree Room *room = g_new(Room, 1);
  g_autoptr(GRand) random = g_rand_new_with_seed(7);
  for (guint d = 0; d < G_N_ELEMENTS(dictionaries); d++)
    for (guint width = 0; width <= 4; width += MAX(width, 1))
      for (guint matching = 0; matching <= 20; matching += 1 + matching / 4) {
        guint32 n_codes = dictionaries[d], limit = width == 1 ? MIN(n_codes, 256) : width == 2 ? MIN(n_codes, 65536) : n_codes;
        gboolean flip = g_rand_boolean(random);
        memset(room->verdicts, flip, n_codes);
        for (guint i = 0; i < matching; i++)
          room->verdicts[g_rand_int_range(random, 0, (gint32)limit)] = !flip;
        for (guint i = 0; i < N; i++) {
          guint32 code = (guint32)g_rand_int_range(random, 0, (gint32)limit);
          room->c1[i] = (guint8)code, room->c2[i] = (guint16)code, room->c4[i] = code;
        }
        for (guint l = 0; l < G_N_ELEMENTS(lengths); l++)
          check(room, width, lengths[l], n_codes);
      }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/match/every width, length and number of matches agrees with looking each code up", test_all);
  return g_test_run();
}
