// SPDX-License-Identifier: Apache-2.0
#include "analysis/markov.h"
#include "analysis/markov_dense.h"
#include "analysis/path_counter.h"
#include "analysis/poisson.h"
#include "analysis/resample.h"
#include "base/hash.h"
#include <math.h>
#include <string.h>

static const char *const names[] = {"ads", "email", "search", "shop", "social", "store", "tv"};
enum { KEYS = G_N_ELEMENTS(names), DRAWS = 3000 };

typedef struct { /* a person's paths, of up to four keys each */
  guint n_paths;
  guint8 length[4], keys[4][4];
  gboolean converted[4];
} Person;

/* Persons from the first to the last, or the other way round. */
static AttributionPaths *tell(const Person *persons, guint n, gboolean backwards) {
  PathCounter counter, *counters[] = {&counter};
  path_counter_init(&counter, 0, FALSE, TRUE);
  for (guint i = 0; i < n; i++) {
    const Person *person = &persons[backwards ? n - 1 - i : i];
    for (guint p = 0; p < person->n_paths; p++) {
      guint32 codes[4];
      PathCounts counts = {1, 0, 0, 0};
      for (guint k = 0; k < person->length[p]; k++)
        codes[k] = person->keys[p][k];
      if (person->converted[p])
        path_counter_add(&counter, codes, person->length[p], i + 1, &counts);
      else
        path_counter_null(&counter, codes, person->length[p], i + 1);
    }
  }
  PathGathering what = {.counters = counters, .n_counters = 1, .names = names, .n_names = KEYS, .threads = 1};
  AttributionPaths *paths = path_counter_gather(&what, NULL);
  path_counter_clear(&counter);
  return paths;
}

/* Keys that hang together by person, most persons with one or two paths. */
static Person *make_persons(guint n) {
  Person *persons = g_new0(Person, n);
  for (guint i = 0; i < n; i++) {
    guint64 random = hash_mix(i + 7);
    guint taste = (guint)(random % KEYS);
    persons[i].n_paths = 1 + (guint)((random >> 8) % 3);
    for (guint p = 0; p < persons[i].n_paths; p++) {
      guint64 more = hash_mix(random + p);
      persons[i].length[p] = (guint8)(1 + more % 4);
      persons[i].converted[p] = (more >> 8) % 4 == 0;
      for (guint k = 0; k < persons[i].length[p]; k++)
        persons[i].keys[p][k] = (guint8)((more >> (16 + 8 * k)) % 3 ? taste : (more >> (20 + 8 * k)) % KEYS);
    }
  }
  return persons;
}

typedef struct {
  double low[KEYS], high[KEYS];
} Bounds;

static void ask(const AttributionPaths *paths, Model model, guint order, ResampleOptions options, Resampled how, Bounds *out) {
  Interval interval = {model, order, out->low, out->high, NULL, 0, RESAMPLED_PERSONS};
  g_assert_true(resample(paths, &interval, 1, &options, NULL));
  g_assert_cmpuint(interval.resamples, ==, options.wanted);
  g_assert_cmpint(interval.how, ==, how);
}

static double width(const Bounds *bounds, guint key) {
  return bounds->high[key] - bounds->low[key];
}

static const ResampleOptions by_person = {1, DRAWS, 2, INFINITY, NULL}, by_group = {1, DRAWS, 2, 0, NULL};

/* Twice 1.96 standard deviations; the order statistics of 3,000 draws are good to about 2 %, groups to another one. */
static void check_width(const Bounds *bounds, guint key, double variance) {
  g_assert_cmpfloat_with_epsilon(width(bounds, key) / (2 * 1.959964 * sqrt(variance)), 1, 0.08);
}

/* `n` persons convert by one key each time, `times` times: the credit is a sum of n independent numbers 0 or `times`, weighted
 * Poisson(1), and its variance n times^2. */
static Person *converters(guint n, guint times) {
  Person *persons = g_new0(Person, n);
  for (guint i = 0; i < n; i++) {
    persons[i].n_paths = times;
    for (guint p = 0; p < times; p++) {
      persons[i].length[p] = 1 + i % 4; /* different starts, so that they are not all of one kind */
      for (guint k = 0; k + 1 < persons[i].length[p]; k++)
        persons[i].keys[p][k] = (guint8)((i >> (3 * k)) % KEYS);
      persons[i].keys[p][persons[i].length[p] - 1] = (guint8)(i % KEYS);
      persons[i].converted[p] = TRUE;
    }
  }
  return persons;
}

static void variance_of_last_touch_is_known(void) {
  enum { PERSONS = 7000 };
  for (guint times = 1; times <= 3; times += 2) {
    g_autofree Person *persons = converters(PERSONS, times);
    g_autoptr(AttributionPaths) paths = tell(persons, PERSONS, FALSE);
    const ResampleOptions *ways[] = {&by_person, &by_group};
    for (guint w = 0; w < 2; w++) {
      Bounds bounds;
      ask(paths, MODEL_LAST, 1, *ways[w], w ? RESAMPLED_GROUPS : RESAMPLED_PERSONS, &bounds);
      for (guint k = 0; k < KEYS; k++) {
        check_width(&bounds, k, PERSONS / KEYS * times * times);
        g_assert_cmpfloat_with_epsilon((bounds.low[k] + bounds.high[k]) / 2, PERSONS / KEYS * times, 0.01 * PERSONS / KEYS * times);
      }
    }
  }
}

static void groups_are_as_wide_as_persons(void) {
  enum { PERSONS = 12000 };
  static const struct {
    Model model;
    guint order;
  } asked[] = {{MODEL_FIRST, 1}, {MODEL_SHAPLEY, 1}, {MODEL_MARKOV, 1}, {MODEL_MARKOV, 2}};
  g_autofree Person *persons = make_persons(PERSONS);
  g_autoptr(AttributionPaths) paths = tell(persons, PERSONS, FALSE);
  for (guint m = 0; m < G_N_ELEMENTS(asked); m++) {
    Bounds one, other;
    ResampleOptions literal = by_person, pooled = by_group;
    literal.wanted = pooled.wanted = asked[m].order > 1 ? 1000 : DRAWS;
    ask(paths, asked[m].model, asked[m].order, literal, RESAMPLED_PERSONS, &one);
    ask(paths, asked[m].model, asked[m].order, pooled, RESAMPLED_GROUPS, &other);
    double ratios = 0, room = sqrt((double)DRAWS / literal.wanted); /* fewer draws, wider chance */
    for (guint k = 0; k < KEYS; k++) {
      double ratio = width(&other, k) / width(&one, k);
      g_assert_cmpfloat_with_epsilon(ratio, 1, 0.1 * room);
      g_assert_cmpfloat_with_epsilon(other.low[k], one.low[k], 0.08 * room * width(&one, k));
      g_assert_cmpfloat_with_epsilon(other.high[k], one.high[k], 0.08 * room * width(&one, k));
      ratios += ratio;
    }
    g_assert_cmpfloat_with_epsilon(ratios / KEYS, 1, 0.03 * room);
  }
}

static gboolean equal(const Bounds *a, const Bounds *b) {
  return memcmp(a, b, sizeof *a) == 0;
}

static void threads_and_the_order_of_persons_change_nothing(void) {
  enum { PERSONS = 3000 };
  static const Model models[] = {MODEL_LINEAR, MODEL_MARKOV};
  g_autofree Person *persons = make_persons(PERSONS);
  g_autoptr(AttributionPaths) paths = tell(persons, PERSONS, FALSE), backwards = tell(persons, PERSONS, TRUE);
  for (guint way = 0; way < 2; way++)
    for (guint m = 0; m < 2; m++) {
      Bounds bounds, again;
      Resampled how = way ? RESAMPLED_GROUPS : RESAMPLED_PERSONS;
      ResampleOptions options = way ? by_group : by_person;
      options.wanted = 203;
      ask(paths, models[m], 1, options, how, &bounds);
      for (options.threads = 1; options.threads <= 5; options.threads += 2) {
        ask(paths, models[m], 1, options, how, &again);
        g_assert_true(equal(&bounds, &again));
      }
      ask(backwards, models[m], 1, options, how, &again);
      g_assert_true(equal(&bounds, &again));
      options.seed = 2;
      ask(paths, models[m], 1, options, how, &again);
      g_assert_false(equal(&bounds, &again));
    }
}

/* Walks of nobody known are drawn one by one; with persons behind them they are wider. */
static void walks_without_persons(void) {
  g_autofree Person *persons = converters(7000, 3);
  g_autoptr(AttributionPaths) paths = tell(persons, 7000, FALSE);
  Bounds bounds;
  g_clear_pointer(&paths->persons, person_paths_free);
  ask(paths, MODEL_LAST, 1, by_person, RESAMPLED_PATHS, &bounds);
  for (guint k = 0; k < KEYS; k++)
    check_width(&bounds, k, 3000);
}

static void poisson_numbers_have_their_mean_and_variance(void) {
  static const guint64 means[] = {1, 2, 7, 64, 65, 1000, 1000000};
  g_autofree Poisson *poisson = poisson_new();
  for (guint m = 0; m < G_N_ELEMENTS(means); m++) {
    enum { N = 80000 };
    double sum = 0, square = 0, mean = (double)means[m];
    for (guint i = 0; i < N; i += POISSON_LANES) {
      double lanes[POISSON_LANES];
      poisson_sums(poisson, 3, 99, means[m], i, lanes);
      for (guint l = 0; l < POISSON_LANES; l++) {
        g_assert_cmpfloat(lanes[l], ==, floor(lanes[l]));
        sum += lanes[l] - mean;
        square += (lanes[l] - mean) * (lanes[l] - mean);
      }
    }
    g_assert_cmpfloat_with_epsilon(sum / N / sqrt(mean), 0, 0.015); /* four standard errors */
    g_assert_cmpfloat_with_epsilon(square / N / mean, 1, 0.03);
  }
}

/* What a draw of the counts as they are solves is what the chain itself solves. */
static void counts_given_are_counts_walked(void) {
  g_autofree Person *persons = make_persons(500);
  g_autoptr(AttributionPaths) paths = tell(persons, 500, FALSE);
  guint n = paths->conversions->len;
  g_autofree double *conversions = g_new(double, n), *nulls = g_new(double, n), *value = g_new0(double, n);
  for (guint p = 0; p < n; p++) {
    conversions[p] = (double)g_array_index(paths->conversions, gint64, p);
    nulls[p] = (double)g_array_index(paths->nulls, gint64, p);
  }
  PathSet set = {paths->keys->len,
                 n,
                 (const guint32 *)(gpointer)paths->start->data,
                 (const guint32 *)(gpointer)paths->elements->data,
                 conversions,
                 nulls,
                 value,
                 NULL,
                 NULL};
  for (guint order = 1; order <= 3; order++) {
    g_autoptr(MarkovChain) chain = markov_new(&set, order, 1, NULL);
    MarkovShape shape = markov_shape(chain);
    g_autofree double *edges = g_new0(double, shape.n_edges), *won = g_new0(double, shape.n_states),
                      *lost = g_new0(double, shape.n_states);
    double walked[KEYS], counted[KEYS];
    for (guint p = 0; p < n; p++) {
      for (guint32 i = set.start[p]; i < set.start[p + 1]; i++)
        edges[shape.step_edge[i]] += conversions[p] + nulls[p];
      won[shape.last_state[p]] += conversions[p];
      lost[shape.last_state[p]] += nulls[p];
    }
    g_assert_true(markov_effects(chain, 1, walked, NULL, NULL));
    g_assert_true(markov_effects_of_counts(chain, edges, won, lost, 1e-13, counted, NULL));
    for (guint k = 0; k < set.n_keys; k++)
      g_assert_cmpfloat_with_epsilon(walked[k], counted[k], 1e-11);
  }
}

/* Start to a 3 and to b 1, a to b 2 and back 1, a converts 2, b ends 4; each lane so many times as often. By elimination
 * h(a) = 2/4 + 2/4 h(b) with T(a) = 4, h(b) = h(a) / 5: h(a) = 5/9, h(b) = 1/9, h(0) = 4/9. Without a nothing converts; without b
 * h(0) = 3/4 * 2/4 = 3/8, so that 1 - 27/32 is lost. */
static void chains_side_by_side_lose_the_same(void) {
  enum { N = 3, L = MARKOV_DENSE_LANES };
  static const double walks[N][N] = {{0, 3, 1}, {0, 0, 2}, {0, 1, 0}}, ends[N] = {0, 2, 4}, won[N] = {0, 2, 0};
  float matrix[N * N * L], exits[N * L], pays[N * L], effect[N * L], base[L];
  double one[N * N], one_exits[N], lost[N], one_base;
  for (guint s = 0; s < N; s++)
    for (guint l = 0; l < L; l++) {
      for (guint to = 0; to < N; to++)
        matrix[(s * N + to) * L + l] = (float)(walks[s][to] * (l + 1));
      exits[s * L + l] = (float)(ends[s] * (l + 1));
      pays[s * L + l] = (float)(won[s] * (l + 1));
    }
  memcpy(one, walks, sizeof one);
  memcpy(one_exits, ends, sizeof one_exits);
  markov_dense_invert(N, one, one_exits);
  markov_dense_effects(N, one, won, lost, &one_base);
  g_assert_cmpfloat_with_epsilon(one_base, 4.0 / 9, 1e-15);
  g_assert_cmpfloat_with_epsilon(lost[1], 1, 1e-15);
  g_assert_cmpfloat_with_epsilon(lost[2], 5.0 / 32, 1e-15);
  markov_dense_lanes(N, matrix, exits, pays, effect, base);
  for (guint l = 0; l < L; l++) {
    g_assert_cmpfloat_with_epsilon((double)base[l], 4.0 / 9, 1e-6);
    for (guint s = 0; s < N; s++)
      g_assert_cmpfloat_with_epsilon((double)effect[s * L + l], lost[s], 1e-6);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/resample/the variance of last touch is known", variance_of_last_touch_is_known);
  g_test_add_func("/resample/groups are as wide as persons", groups_are_as_wide_as_persons);
  g_test_add_func("/resample/threads and the order of persons change nothing", threads_and_the_order_of_persons_change_nothing);
  g_test_add_func("/resample/walks without persons are drawn one by one", walks_without_persons);
  g_test_add_func("/resample/poisson numbers have their mean and variance", poisson_numbers_have_their_mean_and_variance);
  g_test_add_func("/resample/counts given are counts walked", counts_given_are_counts_walked);
  g_test_add_func("/resample/chains side by side lose the same", chains_side_by_side_lose_the_same);
  return g_test_run();
}
