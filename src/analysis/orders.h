/* SPDX-License-Identifier: Apache-2.0
 * orders.h: the same order seen at different persons, and adjustments that stand elsewhere than their conversion. One pass
 * over all rows of goals and adjustments that name an order; derive.c then asks person by person.
 *
 *   ann: order o1 40   ben: order o1 40   nobody: return o1 10
 *   o1 is conflicting (two conversions, of ann and of ben); the return changes the earlier of them
 */
#pragma once
#include "project/project.h"

typedef struct Orders Orders;

typedef struct { /* a row that adjusts */
  guint64 order; /* hash of the order id, 0 none */
  guint64 row;
  gint64 time_ms;
  gint64 value;
  guint32 goal;
  AdjustKind kind;
  gboolean all; /* no value given */
} OrderChange;

typedef struct { /* a conversion that names an order; person 0 is nobody */
  guint64 order, person, row;
  gint64 time_ms;
  guint32 goal;
} OrderRow;

typedef struct {
  guint64 person; /* whose row it is; once settled, whose conversion it changes */
  OrderChange change;
} OrderTold;

typedef struct { /* what a block tells */
  guint n_rows, n_told;
  const OrderRow *rows;
  const OrderTold *told;
} OrderRows;

Orders *orders_new(guint workers);
Orders *orders_ref(Orders *orders); /* counted; settled ones never change */
void orders_unref(Orders *orders);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Orders, orders_unref)

/* Each worker adds what its blocks tell. ERROR_LIMIT without memory. */
gboolean orders_add(Orders *orders, guint worker, const OrderRows *rows, GError **error);
/* Once, after all was added. About 60 ns a conversion. */
gboolean orders_settle(Orders *orders, GError **error);

/* After it, on any thread. Several persons have a conversion of this order. */
gboolean orders_conflict(const Orders *orders, guint32 goal, guint64 order);
/* Rows of nobody tell of an order that a person has: they are no conversions of their own. */
gboolean orders_claimed(const Orders *orders, guint32 goal, guint64 order);
/* Changes to conversions of this person that stand at somebody else, in order of (time, row); those of its own it finds
 * itself. *n is 0 for nearly everybody. */
const OrderChange *orders_changes(const Orders *orders, guint64 person, guint *n);
gboolean orders_any_changes(const Orders *orders);
gboolean orders_any(const Orders *orders); /* any of the above at all */
/* A checksum of all answers that a block of these rows can get: 0 when nothing concerns it. */
guint64 orders_answers(const Orders *orders, const OrderRows *rows);
guint64 orders_unmatched(const Orders *orders); /* changes that name no known order, or none */
