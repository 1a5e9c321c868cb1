/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/orders.h"

enum { ANN = 7, BEN = 5, CAT = 9, GOAL = 0, OTHER_GOAL = 1 };

static void conversion(Orders *orders, guint worker, guint32 goal, guint64 order, guint64 person, gint64 time_ms) {
  OrderRow row = {order, person, (guint64)time_ms, time_ms, goal};
  g_assert_true(orders_add(orders, worker, &(OrderRows){.n_rows = 1, .rows = &row}, NULL));
}

static void change(Orders *orders, guint worker, guint64 order, guint64 person, gint64 time_ms) {
  OrderTold one = {person, {.order = order, .row = (guint64)time_ms, .time_ms = time_ms, .value = time_ms, .goal = GOAL}};
  g_assert_true(orders_add(orders, worker, &(OrderRows){.n_told = 1, .told = &one}, NULL));
}

/* "12 30": values of the changes that reach a person from elsewhere. */
static char *told(const Orders *orders, guint64 person) {
  guint n;
  const OrderChange *changes = orders_changes(orders, person, &n);
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < n; i++)
    g_string_append_printf(out, "%s%d", i ? " " : "", (int)changes[i].value);
  return g_string_free(out, FALSE);
}

static void assert_told(const Orders *orders, guint64 person, const char *expected) {
  g_autofree char *actual = told(orders, person);
  g_assert_cmpstr(actual, ==, expected);
}

static void test_conflicts(void) {
  g_autoptr(Orders) orders = orders_new(2);
  conversion(orders, 0, GOAL, 100, ANN, 1);
  conversion(orders, 0, GOAL, 100, ANN, 2); /* told twice by one person */
  conversion(orders, 1, GOAL, 101, ANN, 3);
  conversion(orders, 0, GOAL, 101, BEN, 4);
  conversion(orders, 0, OTHER_GOAL, 100, BEN, 5); /* another goal's */
  conversion(orders, 0, GOAL, 102, 0, 6);         /* nobody's */
  conversion(orders, 1, GOAL, 103, 0, 7);
  conversion(orders, 1, GOAL, 103, ANN, 8);
  conversion(orders, 1, GOAL, 0, ANN, 9); /* without an order id */
  conversion(orders, 1, GOAL, 0, BEN, 9);
  g_assert_true(orders_settle(orders, NULL));
  g_assert_false(orders_conflict(orders, GOAL, 100));
  g_assert_true(orders_conflict(orders, GOAL, 101));
  g_assert_false(orders_conflict(orders, OTHER_GOAL, 100));
  g_assert_false(orders_conflict(orders, GOAL, 103));
  g_assert_false(orders_conflict(orders, GOAL, 0));
  g_assert_false(orders_claimed(orders, GOAL, 102));
  g_assert_true(orders_claimed(orders, GOAL, 103));
  g_assert_false(orders_claimed(orders, GOAL, 101));
}

static void test_changes(void) {
  g_autoptr(Orders) orders = orders_new(2);
  conversion(orders, 0, GOAL, 100, BEN, 4);
  conversion(orders, 1, GOAL, 100, ANN, 3); /* the earlier one */
  conversion(orders, 0, GOAL, 101, BEN, 5);
  change(orders, 0, 100, 0, 30);   /* nobody's: ann's */
  change(orders, 1, 100, CAT, 12); /* another one's: ann's */
  change(orders, 0, 100, BEN, 13); /* ben has one of his own */
  change(orders, 0, 101, 0, 14);
  change(orders, 0, 102, ANN, 15); /* names no known order */
  change(orders, 0, 0, ANN, 16);   /* names none */
  g_assert_true(orders_settle(orders, NULL));
  assert_told(orders, ANN, "12 30");
  assert_told(orders, BEN, "14");
  assert_told(orders, CAT, "");
  g_assert_cmpuint(orders_unmatched(orders), ==, 2);
}

/* What a hundred thousand persons share is no order id; it must not take for ever, nor be changed for one of them. */
static void test_shared_by_many(void) {
  g_autoptr(Orders) orders = orders_new(1);
  for (guint64 person = 1; person <= 100000; person++)
    conversion(orders, 0, GOAL, 100, person, (gint64)person);
  change(orders, 0, 100, 99999, 5);
  g_assert_true(orders_settle(orders, NULL));
  g_assert_true(orders_conflict(orders, GOAL, 100));
  g_assert_false(orders_any_changes(orders));
}

static void test_nothing(void) {
  g_autoptr(Orders) orders = orders_new(3);
  g_assert_true(orders_settle(orders, NULL));
  assert_told(orders, ANN, "");
  g_assert_false(orders_any_changes(orders));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/orders/an order of two persons conflicts, one of nobody and a person is the person's", test_conflicts);
  g_test_add_func("/orders/changes find the conversion of their person, else the earliest", test_changes);
  g_test_add_func("/orders/what everybody shares is no order", test_shared_by_many);
  g_test_add_func("/orders/nothing", test_nothing);
  return g_test_run();
}
