/* SPDX-License-Identifier: Apache-2.0
 * goal_sum.h: conversions of a goal added up, with what came back of them and how much may still come back. */
#pragma once
#include "analysis/derive.h"
#include "analysis/table.h"
#include "base/json_out.h"

typedef struct {
  guint64 conversions, conflicting, untaxed, returned, provisional;
  gint64 value, net_value, returned_value; /* millionths */
} GoalSum;

void goal_sum_count(GoalSum *sum, const Conversion *conversion);
void goal_sum_join(GoalSum *sum, const GoalSum *other);
/* Of all that was sold, renewals included, what came back; NAN where nothing was sold. */
double goal_sum_return_rate(const GoalSum *sum);
double goal_sum_provisional_share(const GoalSum *sum); /* NAN without conversions */

/* The member `goals`: an object a goal, in the project's order. `names` (of char*) and `sums` (of GoalSum) go together. */
void goal_sums_write(const GPtrArray *names, const GArray *sums, JsonOut *out);
/* A part of its own, "Goals", with notes on amounts without tax. */
void goal_sums_table(const GPtrArray *names, const GArray *sums, Table *table);
GPtrArray *goal_sum_names(const Project *project); /* free with g_ptr_array_unref */
