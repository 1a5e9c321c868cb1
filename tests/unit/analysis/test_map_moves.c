// SPDX-License-Identifier: Apache-2.0
#include "analysis/map_moves.h"

static const MapMoveEntry *entry_at(const GArray *entries, guint i) {
  return &g_array_index(entries, MapMoveEntry, i);
}

static double median_of(const GArray *entries, guint first, guint n) {
  const Durations *bags[8];
  for (guint i = 0; i < n; i++)
    bags[i] = entry_at(entries, first + i)->times;
  return durations_median(bags, n);
}

static void a_pair_counts_each_person_once_and_keeps_every_time(void) {
  MapMoves *moves = map_moves_new(0);
  map_moves_note(moves, 0, 3, 1, 10);
  map_moves_note(moves, 3, 0, 1, 70);
  map_moves_note(moves, 0, 3, 1, 30);
  map_moves_note(moves, 0, 3, 2, 50);
  map_moves_settle(moves);
  g_autoptr(GArray) entries = map_moves_entries(&moves, 1);
  g_assert_cmpuint(entries->len, ==, 2);
  g_assert_cmpuint(entry_at(entries, 0)->pair, ==, 3);
  g_assert_cmpuint(entry_at(entries, 0)->persons, ==, 2);
  g_assert_cmpfloat(median_of(entries, 0, 1), ==, 30);
  g_assert_cmpuint(entry_at(entries, 1)->pair, ==, G_GUINT64_CONSTANT(3) << 32);
  g_assert_cmpuint(entry_at(entries, 1)->persons, ==, 1);
  g_assert_cmpfloat(median_of(entries, 1, 1), ==, 70);
  map_moves_free(moves);
}

static void pairs_of_several_workers_stand_side_by_side(void) {
  MapMoves *moves[2] = {map_moves_new(0), map_moves_new(0)};
  map_moves_note(moves[0], 5, 6, 1, 1);
  map_moves_note(moves[1], 5, 6, 1, 3); /* another worker's first person is another person */
  map_moves_note(moves[1], 5, 7, 1, 100);
  map_moves_settle(moves[0]);
  map_moves_settle(moves[1]);
  g_autoptr(GArray) entries = map_moves_entries(moves, 2);
  g_assert_cmpuint(entries->len, ==, 3);
  g_assert_cmpuint(entry_at(entries, 0)->pair, ==, entry_at(entries, 1)->pair);
  g_assert_cmpfloat(median_of(entries, 0, 2), ==, 2); /* of the move 5 -> 6 */
  g_assert_cmpfloat(median_of(entries, 0, 3), ==, 3); /* of all that begin at 5 */
  map_moves_free(moves[0]);
  map_moves_free(moves[1]);
}

/* More pairs than the first table holds, noted more often than a batch: nothing is lost or doubled. */
static void a_table_that_grows_loses_nothing(void) {
  enum { CELLS = 90, ROUNDS = 3 };
  MapMoves *moves = map_moves_new(0);
  for (guint32 round = 0; round < ROUNDS; round++)
    for (guint32 from = 0; from < CELLS; from++)
      for (guint32 to = 0; to < CELLS; to++)
        if (from != to)
          map_moves_note(moves, from, to, round + 1, from * CELLS + to + round);
  map_moves_settle(moves);
  g_autoptr(GArray) entries = map_moves_entries(&moves, 1);
  g_assert_cmpuint(entries->len, ==, CELLS * (CELLS - 1));
  for (guint i = 0; i < entries->len; i++) {
    const MapMoveEntry *entry = entry_at(entries, i);
    guint64 from = entry->pair >> 32, to = entry->pair & G_MAXUINT32;
    g_assert_cmpuint(entry->persons, ==, ROUNDS);
    g_assert_cmpuint(durations_count(entry->times), ==, ROUNDS);
    g_assert_cmpfloat(median_of(entries, i, 1), ==, (double)(from * CELLS + to + 1));
  }
  map_moves_free(moves);
}

static void times_beyond_the_budget_are_told(void) {
  MapMoves *moves = map_moves_new(128 << 10);
  for (guint32 i = 0; i < 100000; i++)
    map_moves_note(moves, 1, 2, i + 1, i);
  map_moves_settle(moves);
  g_assert_true(moves->failed);
  map_moves_free(moves);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/map_moves/a pair counts each person once and keeps every time",
                  a_pair_counts_each_person_once_and_keeps_every_time);
  g_test_add_func("/map_moves/pairs of several workers stand side by side", pairs_of_several_workers_stand_side_by_side);
  g_test_add_func("/map_moves/a table that grows loses nothing", a_table_that_grows_loses_nothing);
  g_test_add_func("/map_moves/times beyond the budget are told", times_beyond_the_budget_are_told);
  return g_test_run();
}
