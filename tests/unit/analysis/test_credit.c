// SPDX-License-Identifier: Apache-2.0
#include "analysis/credit.h"
#include "analysis/markov.h"
#include <math.h>
#include <string.h>

#define near(a, b) g_assert_cmpfloat_with_epsilon(a, b, 1e-12)

/* The paths of a published example: C1>C2>C3 converts, C1 and C2>C3 do not. */
static const guint32 small_start[] = {0, 3, 4, 6}, small_keys[] = {0, 1, 2, 0, 1, 2};
static const double small_conversions[] = {1, 0, 0}, small_nulls[] = {0, 1, 1}, small_value[] = {30000000, 0, 0};
static const PathSet small = {3, 3, small_start, small_keys, small_conversions, small_nulls, small_value, NULL, NULL};

static void removal_effects_of_the_published_example(void) {
  double effect[3], value_effect[3];
  g_autoptr(MarkovChain) chain = markov_new(&small, 1, 1, NULL);
  g_assert_true(markov_effects(chain, 2, effect, value_effect, NULL));
  near(markov_base(chain), 1.0 / 3);
  near(effect[0], 0.5);
  near(effect[1], 1);
  near(effect[2], 1);
  near(value_effect[0], 0.5);
}

/* Order 2: after C1>C2 the only way on is C3 with conversion, C2>C3 from the start never converts. */
static void order_two_knows_where_a_touch_came_from(void) {
  double effect[3];
  g_autoptr(MarkovChain) chain = markov_new(&small, 2, 1, NULL);
  g_assert_cmpuint(markov_states(chain), ==, 5); /* start, C1, C1C2, C2C3 (of both paths), C2 */
  g_assert_true(markov_effects(chain, 2, effect, NULL, NULL));
  /* C1C2 -> C2C3, and C2 -> C2C3 from the start: the state C2C3 converts in 1 of 2. */
  near(markov_base(chain), 2.0 / 3 * 1.0 / 2 * 1.0 / 2 + 1.0 / 3 * 1.0 / 2);
}

static void a_loop_that_hardly_ends_is_still_exact(void) {
  /* 1,000 times a > b > a > b ... : h solves a long geometric series. One path of 2,000 keys converts, the same ends. */
  enum { LONG = 2000 };
  g_autofree guint32 *keys = g_new(guint32, LONG * 2);
  for (guint i = 0; i < LONG * 2; i++)
    keys[i] = i % 2;
  guint32 start[] = {0, LONG, LONG * 2};
  double conversions[] = {1, 0}, nulls[] = {0, 1}, value[] = {1000000, 0};
  PathSet paths = {2, 2, start, keys, conversions, nulls, value, NULL, NULL};
  double effect[2];
  g_autoptr(MarkovChain) chain = markov_new(&paths, 1, 1, NULL);
  g_assert_true(markov_effects(chain, 2, effect, NULL, NULL));
  near(markov_base(chain), 0.5);
  near(effect[0], 1);
  near(effect[1], 1);
}

/* Order 1 over random paths of 12 keys, once more by plain elimination of a full matrix; one key removed or none. */
enum { KEYS = 12, PATHS = 400 };

static double eliminated(const PathSet *paths, const double *paid, guint removed) {
  static double matrix[KEYS + 1][KEYS + 2]; /* state KEYS is the start; the last column pays */
  double left[KEYS + 1] = {0};
  memset(matrix, 0, sizeof matrix);
  for (guint p = 0; p < paths->n_paths; p++) {
    double walks = paths->conversions[p] + paths->nulls[p];
    guint state = KEYS;
    for (guint32 i = paths->start[p]; i < paths->start[p + 1]; state = paths->keys[i++]) {
      matrix[state][paths->keys[i]] -= walks;
      left[state] += walks;
    }
    left[state] += walks;
    matrix[state][KEYS + 1] += paid[p];
  }
  for (guint s = 0; s <= KEYS; s++)
    for (guint t = 0; t <= KEYS + 1; t++)
      matrix[s][t] = (s == removed ? 0 : left[s] > 0 ? matrix[s][t] / left[s] : 0) + (s == t);
  for (guint s = 0; s <= KEYS; s++) /* the diagonal outweighs each row, so no pivoting */
    for (guint t = 0; t <= KEYS; t++) {
      double times = t == s ? 0 : matrix[t][s] / matrix[s][s];
      for (guint column = 0; column <= KEYS + 1; column++)
        matrix[t][column] -= times * matrix[s][column];
    }
  return matrix[KEYS][KEYS + 1] / matrix[KEYS][KEYS];
}

static void removal_effects_agree_with_elimination(void) {
  guint32 start[PATHS + 1] = {0}, keys[PATHS * 9];
  double conversions[PATHS], nulls[PATHS], value[PATHS], effect[KEYS], value_effect[KEYS], again[KEYS], value_again[KEYS];
  g_autoptr(GRand) random = g_rand_new_with_seed(5);
  for (guint p = 0; p < PATHS; p++) {
    start[p + 1] = start[p] + 1 + (guint32)g_rand_int_range(random, 0, 9);
    for (guint32 i = start[p]; i < start[p + 1]; i++)
      keys[i] = (guint32)g_rand_int_range(random, 0, KEYS);
    conversions[p] = g_rand_int_range(random, 0, 3);
    nulls[p] = g_rand_int_range(random, 0, 20);
    value[p] = conversions[p] * g_rand_int_range(random, 1, 90000000);
  }
  PathSet paths = {KEYS, PATHS, start, keys, conversions, nulls, value, NULL, NULL};
  g_autoptr(MarkovChain) chain = markov_new(&paths, 1, 1, NULL), other = markov_new(&paths, 1, 1, NULL);
  g_assert_true(markov_effects(chain, 1, effect, value_effect, NULL));
  g_assert_true(markov_effects(other, 3, again, value_again, NULL));
  double base = eliminated(&paths, conversions, G_MAXUINT), value_base = eliminated(&paths, value, G_MAXUINT);
  near(markov_base(chain), base);
  for (guint k = 0; k < KEYS; k++) {
    near(effect[k], 1 - eliminated(&paths, conversions, k) / base);
    near(value_effect[k], 1 - eliminated(&paths, value, k) / value_base);
    g_assert_true(effect[k] == again[k] && value_effect[k] == value_again[k]);
  }
}

static void rules_share_a_path_as_defined(void) {
  static const guint32 start[] = {0, 3}, keys[] = {0, 1, 0};
  static const double conversions[] = {2}, nulls[] = {5}, value[] = {10000000};
  PathSet paths = {2, 1, start, keys, conversions, nulls, value, NULL, NULL};
  double c[2], v[2];
  credit_rule(MODEL_FIRST, &paths, c, v);
  near(c[0], 2);
  near(c[1], 0);
  credit_rule(MODEL_LINEAR, &paths, c, v);
  near(c[0], 4.0 / 3);
  g_assert_cmpfloat_with_epsilon(v[1], 10000000.0 / 3, 1e-6);
  credit_rule(MODEL_POSITION, &paths, c, v);
  near(c[0], 1.6);
  near(c[1], 0.4);
  credit_rule(MODEL_SHAPLEY, &paths, c, v);
  near(c[0], 1);
  near(c[1], 1);
}

static void credits_sum_exactly_with_ties_to_the_first(void) {
  double third[] = {1, 1, 1};
  gint64 units[3];
  credit_apportion(third, 3, 10, units);
  g_assert_cmpint(units[0], ==, 4);
  g_assert_cmpint(units[1], ==, 3);
  g_assert_cmpint(units[2], ==, 3);
  credit_apportion(third, 3, -10, units);
  g_assert_cmpint(units[0] + units[1] + units[2], ==, -10);

  double many[7] = {0.1, 0.2, 0.3, 1e-9, 0, 3, 7};
  Credit fixed[7], sum = 0;
  credit_apportion_fixed(many, 7, G_GINT64_CONSTANT(987654321987654), fixed);
  for (guint i = 0; i < 7; i++)
    sum += fixed[i];
  g_assert_true(sum == ((Credit)987654321987654 << 32));
  g_assert_true(fixed[4] == 0);
}

/* Enough touches to be walked in parts: their numbers are those of one walk over all. */
static void threads_change_no_number_of_a_chain(void) {
  enum { MANY = 90000, KEYS_MANY = 700 };
  g_autofree guint32 *starts = g_new(guint32, MANY + 1), *keys = g_new(guint32, MANY * 7);
  g_autofree double *ones = g_new(double, MANY);
  for (guint order = 1; order <= MARKOV_ORDER_MAX; order++) {
    guint n_keys = order == 2 ? KEYS_MANY : 12;
    guint32 n = 0;
    guint64 state = order;
    for (guint p = 0; p < MANY; p++) {
      starts[p] = n;
      ones[p] = 1;
      for (guint length = p % 7; length; length--) {
        state = state * G_GUINT64_CONSTANT(6364136223846793005) + 1442695040888963407;
        keys[n++] = (guint32)(state >> 33) % (p < MANY / 2 ? n_keys / 2 : n_keys);
      }
    }
    starts[MANY] = n;
    PathSet set = {n_keys, MANY, starts, keys, ones, ones, ones, NULL, NULL};
    g_autoptr(MarkovChain) one = markov_new(&set, order, 1, NULL), four = markov_new(&set, order, 4, NULL);
    MarkovShape a = markov_shape(one), b = markov_shape(four);
    g_assert_cmpuint(a.n_edges, ==, b.n_edges);
    g_assert_cmpuint(a.n_states, ==, b.n_states);
    g_assert_true(memcmp(a.step_edge, b.step_edge, n * sizeof *keys) == 0);
    g_assert_true(memcmp(a.last_state, b.last_state, MANY * sizeof *keys) == 0);
    g_assert_true(memcmp(a.edge_from, b.edge_from, a.n_edges * sizeof *keys) == 0);
    g_assert_true(memcmp(a.edge_to, b.edge_to, a.n_edges * sizeof *keys) == 0);
    g_assert_true(memcmp(a.newest, b.newest, a.n_states * sizeof *keys) == 0);
    for (guint32 i = 0, p = 0; i < n; i++) { /* and a walk is one: each edge leaves where the last one led */
      while (starts[p + 1] <= i)
        p++;
      g_assert_cmpuint(a.edge_from[a.step_edge[i]], ==, i == starts[p] ? 0 : a.edge_to[a.step_edge[i - 1]]);
      g_assert_cmpuint(a.newest[a.edge_to[a.step_edge[i]]], ==, keys[i]);
    }
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/credit/rules share a path as defined", rules_share_a_path_as_defined);
  g_test_add_func("/credit/credits sum exactly with ties to the first", credits_sum_exactly_with_ties_to_the_first);
  g_test_add_func("/markov/removal effects of the published example", removal_effects_of_the_published_example);
  g_test_add_func("/markov/order two knows where a touch came from", order_two_knows_where_a_touch_came_from);
  g_test_add_func("/markov/a loop that hardly ends is still exact", a_loop_that_hardly_ends_is_still_exact);
  g_test_add_func("/markov/removal effects agree with elimination", removal_effects_agree_with_elimination);
  g_test_add_func("/markov/threads change no number of a chain", threads_change_no_number_of_a_chain);
  return g_test_run();
}
