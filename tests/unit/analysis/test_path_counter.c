// SPDX-License-Identifier: Apache-2.0
// Paths counted by sorted numbers against paths counted by their texts in a tree.
#include "analysis/path_counter.h"
#include "base/hash.h"
#include <string.h>

typedef struct {
  gint64 conversions, nulls, value, net_value, share;
} Sums;

typedef struct {
  guint64 person;
  char *path;
  gboolean converted;
} Seen;

typedef struct {
  GPtrArray *names;
  GTree *paths;    /* keys with a byte below all others between, so that a shorter path stands first -> Sums */
  GArray *seen[3]; /* by worker, of Seen */
  PathCounter counters[3];
  PathCounter *all[3];
} World;

static gint path_compare(gconstpointer a, gconstpointer b, gpointer user) {
  return strcmp(a, b);
}

static World *world_new(guint n_names, gboolean timed) {
  World *world = g_new0(World, 1);
  world->names = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < n_names; i++) /* codes do not stand in the order of names */
    g_ptr_array_add(world->names, g_strdup_printf("key %07u", (i * 7919 + 13) % n_names));
  world->paths = g_tree_new_full(path_compare, NULL, g_free, g_free);
  for (guint i = 0; i < 3; i++) {
    world->seen[i] = g_array_new(FALSE, FALSE, sizeof(Seen));
    path_counter_init(&world->counters[i], i == 2 ? 0 : n_names / (i + 1), timed, TRUE);
    world->all[i] = &world->counters[i];
  }
  return world;
}

static void world_free(World *world) {
  for (guint i = 0; i < 3; i++) {
    path_counter_clear(&world->counters[i]);
    for (guint k = 0; k < world->seen[i]->len; k++)
      g_free(g_array_index(world->seen[i], Seen, k).path);
    g_array_unref(world->seen[i]);
  }
  g_tree_destroy(world->paths);
  g_ptr_array_unref(world->names);
  g_free(world);
}

static char *text_of_path(char *const *names, const guint32 *codes, guint n) {
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < n; i++)
    g_string_append_printf(text, "%s%s", i ? "\1" : "", names[codes[i]]);
  return g_string_free(text, FALSE);
}

static void see(World *world, guint worker, const guint32 *codes, guint n, guint64 person, gboolean converted, gint64 value) {
  char *path = text_of_path((char *const *)world->names->pdata, codes, n);
  Sums *sums = g_tree_lookup(world->paths, path);
  if (!sums)
    g_tree_insert(world->paths, g_strdup(path), sums = g_new0(Sums, 1));
  Seen seen = {person, path, converted};
  g_array_append_val(world->seen[worker], seen);
  if (!converted) {
    sums->nulls++;
    path_counter_null(&world->counters[worker], codes, n, person);
    return;
  }
  sums->conversions++;
  sums->value += value;
  sums->net_value += value / 2;
  DecaySum *decay = path_counter_add(&world->counters[worker], codes, n, person, &(PathCounts){1, 0, value, value / 2});
  for (guint i = 0; decay && i < n; i++)
    decay[i] = (DecaySum){value + i, 1, 2};
  sums->share += value;
}

typedef struct {
  const AttributionPaths *paths;
  guint at;
  GHashTable *number; /* text of a path -> its number + 1 */
  gboolean timed;
} Comparison;

static gboolean compare_path(gpointer text, gpointer value, gpointer user) {
  Comparison *comparison = user;
  const AttributionPaths *paths = comparison->paths;
  const Sums *sums = value;
  guint p = comparison->at++;
  g_assert_cmpuint(p, <, paths->start->len - 1);
  guint32 start = g_array_index(paths->start, guint32, p), n = g_array_index(paths->start, guint32, p + 1) - start;
  g_autofree char *found = text_of_path((char *const *)paths->keys->pdata, &g_array_index(paths->elements, guint32, start), n);
  g_assert_cmpstr(found, ==, text);
  g_assert_cmpint(g_array_index(paths->conversions, gint64, p), ==, sums->conversions);
  g_assert_cmpint(g_array_index(paths->nulls, gint64, p), ==, sums->nulls);
  g_assert_cmpint(g_array_index(paths->value, gint64, p), ==, sums->value);
  g_assert_cmpint(g_array_index(paths->net_value, gint64, p), ==, sums->net_value);
  for (guint32 i = 0; i < n && comparison->timed; i++) {
    g_assert_cmpint(g_array_index(paths->decay, DecaySum, start + i).share, ==, sums->share + sums->conversions * i);
    g_assert_cmpint(g_array_index(paths->decay, DecaySum, start + i).net_value, ==, 2 * sums->conversions);
  }
  g_hash_table_insert(comparison->number, text, GUINT_TO_POINTER(p + 1));
  return FALSE;
}

static guint number_of(const Comparison *comparison, const Seen *seen) {
  return GPOINTER_TO_UINT(g_hash_table_lookup(comparison->number, seen->path)) - 1;
}

/* Persons of several paths, worker by worker; returns how many of the found ones are theirs. */
static guint compare_persons(const Comparison *comparison, const GArray *seen, guint at) {
  const PersonPaths *persons = comparison->paths->persons;
  for (guint i = 0, end; i < seen->len; i = end) {
    guint n;
    for (end = i; end < seen->len && g_array_index(seen, Seen, end).person == g_array_index(seen, Seen, i).person;)
      end++;
    if (end - i < 2)
      continue;
    g_assert_cmpuint(at, <, person_paths_count(persons));
    const guint32 *rows = person_paths_rows(persons, at++, &n);
    g_assert_cmpuint(n, ==, end - i);
    for (guint k = 0; k < n; k++) {
      const Seen *one = &g_array_index(seen, Seen, i + k);
      g_assert_cmpuint(rows[k], ==, PERSON_ROW(number_of(comparison, one), one->converted));
    }
  }
  return at;
}

static void compare(World *world, guint threads) {
  PathGathering what = {.counters = world->all,
                        .n_counters = 3,
                        .names = (const char *const *)world->names->pdata,
                        .n_names = world->names->len,
                        .threads = threads};
  AttributionPaths *paths = path_counter_gather(&what, NULL);
  g_assert_nonnull(paths);
  Comparison comparison = {paths, 0, g_hash_table_new(g_str_hash, g_str_equal), world->counters[0].timed};
  g_tree_foreach(world->paths, compare_path, &comparison);
  g_assert_cmpuint(comparison.at, ==, paths->start->len - 1);
  g_assert_cmpuint(paths->elements->len, ==, g_array_index(paths->start, guint32, comparison.at));
  for (guint k = 1; k < paths->keys->len; k++)
    g_assert_cmpstr(paths->keys->pdata[k - 1], <, paths->keys->pdata[k]);
  guint persons = 0;
  for (guint i = 0; i < 3; i++)
    persons = compare_persons(&comparison, world->seen[i], persons);
  g_assert_cmpuint(person_paths_count(paths->persons), ==, persons);
  g_hash_table_unref(comparison.number);
  attribution_paths_free(paths);
}

static guint32 next_random(guint64 *state) {
  *state += G_GUINT64_CONSTANT(0x9E3779B97F4A7C15);
  return (guint32)(hash_mix(*state) >> 16);
}

/* Paths of lengths up to `longest`, of which every fourth repeats an earlier one. */
static void fill(World *world, guint rows, guint longest, guint64 seed) {
  guint n = world->names->len;
  g_autofree guint32 *codes = g_new(guint32, longest);
  for (guint i = 0; i < rows; i++) {
    guint64 state = seed ^ (i % 4 == 3 ? hash_mix(i / 8) : hash_mix(i));
    guint length = 1 + next_random(&state) % longest;
    for (guint k = 0; k < length; k++)
      codes[k] = next_random(&state) % n;
    see(world, i / 10 % 3, codes, length, i / 10 * 4 + MIN(i % 10, 3), i % 5 == 0, 1 + i % 1000);
  }
}

static void random_paths(guint names, guint rows, guint longest, gboolean timed) {
  World *world = world_new(names, timed);
  fill(world, rows, longest, names);
  compare(world, 1);
  compare(world, 4);
  world_free(world);
}

static void few_and_many_names(void) {
  static const guint names[] = {1, 2, 3, 7, 8, 15, 16, 255, 256, 300, 5000};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    random_paths(names[i], 600, 40, FALSE);
}

static void more_rows_than_one_thread_sorts(void) {
  random_paths(8, 70000, 12, FALSE);
}

static void sums_of_time_decay_stand_by_the_place(void) {
  random_paths(3, 500, 30, TRUE);
  random_paths(300, 500, 30, TRUE);
}

/* 15 names take 4 bits, so 16 keys fit into a number: same beginnings, one key more or less, another last one. */
static void paths_about_as_long_as_a_number_holds(void) {
  static const guint lengths[] = {14, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 65};
  World *world = world_new(15, TRUE);
  guint32 codes[80];
  for (guint i = 0; i < G_N_ELEMENTS(lengths); i++)
    for (guint variant = 0; variant < 6; variant++) {
      for (guint k = 0; k < 80; k++)
        codes[k] = k % 15;
      codes[lengths[i] - 1] = variant % 3;
      codes[lengths[i] / 2] = variant % 2;
      for (guint worker = 0; worker < 3; worker++)
        see(world, worker, codes, lengths[i], variant, worker == 1, 5 + worker);
    }
  compare(world, 2);
  world_free(world);
}

/* One key again and again: every path is the beginning of the next. */
static void one_key_many_times(void) {
  World *world = world_new(1, FALSE);
  g_autofree guint32 *codes = g_new0(guint32, 3000);
  for (guint n = 1; n <= 3000; n += n < 200 ? 1 : 100)
    for (guint worker = 0; worker < 3; worker++)
      see(world, worker, codes, n, n, worker == 0, 7);
  compare(world, 2);
  world_free(world);
}

/* Codes of one name are one key, and names that no path has are none. */
static void equal_names_are_one_key(void) {
  static const char *const names[] = {"b", "unused", "a", "b"};
  PathCounter counter, *all[] = {&counter};
  path_counter_init(&counter, 0, FALSE, FALSE);
  path_counter_null(&counter, (const guint32[]){0, 2}, 2, 0);
  path_counter_add(&counter, (const guint32[]){3, 2}, 2, 0, &(PathCounts){4, 3, 20, 10});
  counter.none_conversions = 2;
  PathGathering what = {.counters = all, .n_counters = 1, .names = names, .n_names = 4, .threads = 1};
  AttributionPaths *paths = path_counter_gather(&what, NULL);
  g_assert_cmpuint(paths->keys->len, ==, 2);
  g_assert_cmpstr(paths->keys->pdata[0], ==, "a");
  g_assert_cmpuint(paths->conversions->len, ==, 1);
  g_assert_cmpint(g_array_index(paths->conversions, gint64, 0), ==, 4);
  g_assert_cmpint(g_array_index(paths->nulls, gint64, 0), ==, 4);
  g_assert_cmpint(g_array_index(paths->net_value, gint64, 0), ==, 10);
  g_assert_cmpint(paths->none_conversions, ==, 2);
  g_assert_null(paths->persons);
  attribution_paths_free(paths);
  path_counter_clear(&counter);
}

/* a > b ends, b > a > b converts and ends, c > ... > c (20 of them, more than a number holds) ends twice. */
static void what_never_converted_is_counted_by_its_keys(void) {
  static const char *const names[] = {"c", "b", "a"};
  guint32 many[40] = {0};
  PathCounter counter, *all[] = {&counter};
  path_counter_init(&counter, 3, FALSE, FALSE);
  path_counter_null(&counter, (const guint32[]){2, 1}, 2, 0);
  path_counter_null(&counter, (const guint32[]){1, 2, 1}, 3, 0);
  path_counter_add(&counter, (const guint32[]){1, 2, 1}, 3, 0, &(PathCounts){1, 0, 5, 5});
  path_counter_null(&counter, many, G_N_ELEMENTS(many), 0);
  path_counter_null(&counter, many, G_N_ELEMENTS(many), 0);
  PathGathering what = {.counters = all, .n_counters = 1, .names = names, .n_names = 3, .converted_only = TRUE, .threads = 2};
  AttributionPaths *paths = path_counter_gather(&what, NULL);
  g_assert_cmpuint(paths->keys->len, ==, 3);
  g_assert_cmpuint(paths->conversions->len, ==, 1);
  g_assert_cmpint(g_array_index(paths->nulls, gint64, 0), ==, 1);
  g_assert_cmpint(paths->left_out, ==, 3);
  g_assert_true(paths->sets_known);
  gint64 both = 0, converted = 0, c = 0;
  for (guint i = 0; i < paths->sets.n_places; i++) {
    const KeySet *set = &paths->sets.places[i];
    both += set->keys == 3 ? set->paths : 0; /* a and b */
    c += set->keys == 4 ? set->paths : 0;
    converted += set->conversions;
  }
  g_assert_cmpuint(paths->sets.used, ==, 2);
  g_assert_cmpint(both, ==, 3);
  g_assert_cmpint(converted, ==, 1);
  g_assert_cmpint(c, ==, 2);
  attribution_paths_free(paths);
  path_counter_clear(&counter);
}

static void nothing_at_all(void) {
  World *world = world_new(0, FALSE);
  compare(world, 2);
  world_free(world);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/path_counter/few and many names", few_and_many_names);
  g_test_add_func("/path_counter/more rows than one thread sorts", more_rows_than_one_thread_sorts);
  g_test_add_func("/path_counter/sums of time-decay stand by the place", sums_of_time_decay_stand_by_the_place);
  g_test_add_func("/path_counter/paths about as long as a number holds", paths_about_as_long_as_a_number_holds);
  g_test_add_func("/path_counter/one key many times", one_key_many_times);
  g_test_add_func("/path_counter/equal names are one key", equal_names_are_one_key);
  g_test_add_func("/path_counter/what never converted is counted by its keys", what_never_converted_is_counted_by_its_keys);
  g_test_add_func("/path_counter/nothing at all", nothing_at_all);
  return g_test_run();
}
