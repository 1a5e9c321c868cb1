// SPDX-License-Identifier: Apache-2.0
#include "analysis/credit.h"
#include "analysis/markov.h"
#include <math.h>

#define near(a, b) g_assert_cmpfloat_with_epsilon(a, b, 1e-12)

/* The paths of a published example: C1>C2>C3 converts, C1 and C2>C3 do not. */
static const guint32 small_start[] = {0, 3, 4, 6}, small_keys[] = {0, 1, 2, 0, 1, 2};
static const double small_conversions[] = {1, 0, 0}, small_nulls[] = {0, 1, 1}, small_value[] = {30000000, 0, 0};
static const PathSet small = {3, 3, small_start, small_keys, small_conversions, small_nulls, small_value, NULL, NULL};

static void removal_effects_of_the_published_example(void) {
  double effect[3], value_effect[3];
  g_autoptr(MarkovChain) chain = markov_new(&small, 1, NULL);
  g_assert_true(markov_effects(chain, effect, value_effect, NULL));
  near(markov_base(chain), 1.0 / 3);
  near(effect[0], 0.5);
  near(effect[1], 1);
  near(effect[2], 1);
  near(value_effect[0], 0.5);
}

/* Order 2: after C1>C2 the only way on is C3 with conversion, C2>C3 from the start never converts. */
static void order_two_knows_where_a_touch_came_from(void) {
  double effect[3];
  g_autoptr(MarkovChain) chain = markov_new(&small, 2, NULL);
  g_assert_cmpuint(markov_states(chain), ==, 5); /* start, C1, C1C2, C2C3 (of both paths), C2 */
  g_assert_true(markov_effects(chain, effect, NULL, NULL));
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
  g_autoptr(MarkovChain) chain = markov_new(&paths, 1, NULL);
  g_assert_true(markov_effects(chain, effect, NULL, NULL));
  near(markov_base(chain), 0.5);
  near(effect[0], 1);
  near(effect[1], 1);
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

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/credit/rules share a path as defined", rules_share_a_path_as_defined);
  g_test_add_func("/credit/credits sum exactly with ties to the first", credits_sum_exactly_with_ties_to_the_first);
  g_test_add_func("/markov/removal effects of the published example", removal_effects_of_the_published_example);
  g_test_add_func("/markov/order two knows where a touch came from", order_two_knows_where_a_touch_came_from);
  g_test_add_func("/markov/a loop that hardly ends is still exact", a_loop_that_hardly_ends_is_still_exact);
  return g_test_run();
}
