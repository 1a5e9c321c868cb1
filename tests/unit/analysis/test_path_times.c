// SPDX-License-Identifier: Apache-2.0
#include "analysis/path_times.h"
#include <math.h>
#include <stdlib.h>

enum { WORKERS = 2, CODES = 5 };

typedef struct {
  Arena arenas[WORKERS + 1];
  Transitions sample, tables[WORKERS];
  GArray *times[CODES * CODES]; /* of gint64: all that were added */
  GArray *steps;
} World;

static void world_init(World *world) {
  *world = (World){.steps = g_array_new(FALSE, FALSE, sizeof(PathStep))};
  world->sample = (Transitions){.timed = TRUE, .arena = &world->arenas[WORKERS]};
  for (guint i = 0; i < WORKERS; i++)
    world->tables[i] = (Transitions){.timed = TRUE, .arena = &world->arenas[i], .sample = &world->sample};
  for (guint i = 0; i < CODES * CODES; i++)
    world->times[i] = g_array_new(FALSE, FALSE, sizeof(gint64));
}

static void world_clear(World *world) {
  for (guint i = 0; i <= WORKERS; i++)
    arena_clear(&world->arenas[i]);
  transitions_clear(&world->sample);
  for (guint i = 0; i < WORKERS; i++)
    transitions_clear(&world->tables[i]);
  for (guint i = 0; i < CODES * CODES; i++)
    g_array_unref(world->times[i]);
  g_array_unref(world->steps);
}

static void table_add(Transitions *table, guint32 from, guint32 to, gint64 ms) {
  g_assert_true(transitions_room(table, MAX(from, to) + 1));
  Transition *cell = transitions_cell(table, from, to);
  cell->count++;
  if (table->timed)
    transition_time(&table->times[cell - table->cells], ms);
}

static void world_add(World *world, guint32 from, guint32 to, gint64 ms) {
  GArray *times = world->times[from * CODES + to];
  table_add(&world->tables[times->len % WORKERS], from, to, ms);
  g_array_append_val(times, ms);
}

static gint by_value(gconstpointer a, gconstpointer b) {
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
  return (x > y) - (x < y);
}

/* Says how many steps the first walk could not answer. */
static guint check_medians(World *world) {
  for (guint32 i = 0; i < CODES * CODES; i++) {
    PathStep step = {i / CODES, i % CODES, world->times[i]->len, 1, NAN};
    if (step.count)
      g_array_append_val(world->steps, step);
  }
  const Transitions *tables[] = {&world->tables[0], &world->tables[1]};
  g_autoptr(PathTimes) times = path_times_new(world->steps, WORKERS, 0);
  g_assert_true(path_times_first(times, tables, NULL));
  guint missing = path_times_missing(times);
  for (guint32 i = 0; i < CODES * CODES; i++)
    for (guint j = 0; j < world->times[i]->len; j++)
      if (missing)
        path_times_add(times, j % WORKERS, i / CODES, i % CODES, g_array_index(world->times[i], gint64, j));
  g_assert_true(path_times_second(times, NULL));
  for (guint i = 0; i < world->steps->len; i++) {
    const PathStep *step = &g_array_index(world->steps, PathStep, i);
    GArray *all = world->times[step->from * CODES + step->to];
    qsort(all->data, all->len, sizeof(gint64), by_value);
    gint64 low = g_array_index(all, gint64, (all->len - 1) / 2), high = g_array_index(all, gint64, all->len / 2);
    g_assert_cmpfloat(step->median_ms, ==, (double)low / 2 + (double)high / 2);
  }
  return missing;
}

static void without_a_sample_everything_is_kept(void) {
  World world;
  world_init(&world);
  for (guint i = 0; i < 3000; i++)
    world_add(&world, (guint32)g_test_rand_int_range(0, CODES), (guint32)g_test_rand_int_range(0, CODES),
              g_test_rand_int_range(0, 1 << 30));
  g_assert_cmpuint(check_medians(&world), ==, 0);
  world_clear(&world);
}

static void a_fair_sample_keeps_the_middle(void) {
  World world;
  world_init(&world);
  for (guint i = 0; i < 20000; i++)
    table_add(&world.sample, 1, 2, g_test_rand_int_range(0, 1 << 20));
  transitions_bracket((Transitions *[]){&world.sample}, 1);
  for (guint i = 0; i < 60000; i++)
    world_add(&world, 1, 2, g_test_rand_int_range(0, 1 << 20));
  world_add(&world, 4, 4, 7); /* unknown to the sample, and needs a larger square than code 2 */
  g_assert_cmpuint(check_medians(&world), ==, 0);
  g_assert_cmpuint(durations_count(&transitions_times(&world.tables[0], 1, 2)->kept), <, 3000);
  world_clear(&world);
}

static void a_sample_that_erred_is_mended(void) {
  for (guint shift = 0; shift < 3; shift++) { /* all times above, all below, half and half */
    World world;
    world_init(&world);
    for (guint i = 0; i < 1000; i++)
      table_add(&world.sample, 1, 2, 500000 + i);
    transitions_bracket((Transitions *[]){&world.sample}, 1);
    for (guint i = 0; i < 5000; i++)
      world_add(&world, 1, 2, shift == 0 ? 900000 + i : shift == 1 ? i : i % 2 ? 900000 + i : i);
    for (guint i = 0; i < 10; i++)
      world_add(&world, 3, 0, i);
    g_assert_cmpuint(check_medians(&world), ==, 1);
    world_clear(&world);
  }
}

static void many_codes_need_the_second_walk(void) {
  World world;
  world_init(&world);
  for (guint i = 0; i < 1000; i++)
    world_add(&world, 1, 2, i);
  g_assert_true(transitions_room(&world.tables[1], TIMED_SIDE_MAX + 1));
  g_assert_false(world.tables[1].timed);
  g_assert_cmpuint(check_medians(&world), ==, 1);
  world_clear(&world);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/path times/without a sample everything is kept", without_a_sample_everything_is_kept);
  g_test_add_func("/path times/a fair sample keeps the middle and little else", a_fair_sample_keeps_the_middle);
  g_test_add_func("/path times/a sample that erred is mended", a_sample_that_erred_is_mended);
  g_test_add_func("/path times/many codes need the second walk", many_codes_need_the_second_walk);
  return g_test_run();
}
