// SPDX-License-Identifier: Apache-2.0
#include "analysis/goal_sum.h"
#include <math.h>

void goal_sum_count(GoalSum *sum, const Conversion *conversion) {
  sum->conversions++;
  sum->value += conversion->value;
  sum->net_value += conversion->net_value;
  sum->conflicting += conversion->conflicting;
  sum->untaxed += conversion->untaxed;
  sum->returned += conversion->returned;
  sum->returned_value += conversion->returned_value;
  sum->provisional += conversion->provisional;
}

void goal_sum_join(GoalSum *sum, const GoalSum *other) {
  sum->conversions += other->conversions;
  sum->value += other->value;
  sum->net_value += other->net_value;
  sum->conflicting += other->conflicting;
  sum->untaxed += other->untaxed;
  sum->returned += other->returned;
  sum->returned_value += other->returned_value;
  sum->provisional += other->provisional;
}

double goal_sum_return_rate(const GoalSum *sum) {
  gint64 sold = sum->net_value + sum->returned_value;
  return sold ? (double)sum->returned_value / (double)sold : NAN;
}

double goal_sum_provisional_share(const GoalSum *sum) {
  return sum->conversions ? (double)sum->provisional / (double)sum->conversions : NAN;
}

GPtrArray *goal_sum_names(const Project *project) {
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < project->goals->len; i++)
    g_ptr_array_add(names, g_strdup(((const Goal *)project->goals->pdata[i])->rule.name));
  return names;
}

void goal_sums_write(const GPtrArray *names, const GArray *sums, JsonOut *out) {
  json_key(out, "goals");
  json_array(out);
  for (guint i = 0; i < sums->len; i++) {
    const GoalSum *sum = &g_array_index(sums, GoalSum, i);
    json_object(out);
    json_kv_string(out, "goal", names->pdata[i]);
    json_kv_int(out, "conversions", (gint64)sum->conversions);
    json_kv_micro(out, "value", sum->value);
    json_kv_micro(out, "net_value", sum->net_value);
    json_kv_int(out, "conflicting", (gint64)sum->conflicting);
    json_kv_int(out, "untaxed", (gint64)sum->untaxed);
    json_kv_int(out, "returned", (gint64)sum->returned);
    json_kv_micro(out, "returned_value", sum->returned_value);
    json_kv_double(out, "return_rate", goal_sum_return_rate(sum));
    json_kv_int(out, "provisional", (gint64)sum->provisional);
    json_kv_double(out, "provisional_share", goal_sum_provisional_share(sum));
    json_object_end(out);
  }
  json_array_end(out);
}

void goal_sums_table(const GPtrArray *names, const GArray *sums, Table *table) {
  table_title(table, "Goals");
  table_column(table, "goal", CELL_TEXT);
  table_column(table, "conversions", CELL_INT);
  table_column(table, "value", CELL_MONEY);
  table_column(table, "net value", CELL_MONEY);
  table_column(table, "return rate", CELL_SHARE);
  table_column(table, "provisional", CELL_SHARE);
  table_column(table, "conflicting", CELL_INT);
  for (guint i = 0; i < sums->len; i++) {
    const GoalSum *sum = &g_array_index(sums, GoalSum, i);
    table_text(table, names->pdata[i]);
    table_int(table, (gint64)sum->conversions);
    table_number(table, (double)sum->value / 1e6);
    table_number(table, (double)sum->net_value / 1e6);
    table_number(table, goal_sum_return_rate(sum));
    table_number(table, goal_sum_provisional_share(sum));
    table_int(table, (gint64)sum->conflicting);
  }
  for (guint i = 0; i < sums->len; i++) {
    const GoalSum *sum = &g_array_index(sums, GoalSum, i);
    if (sum->untaxed && sum->untaxed < sum->conversions)
      table_note(table, "%s: %" G_GUINT64_FORMAT " of the values are without tax (sources with amounts: net), the others with.",
                 (const char *)names->pdata[i], sum->untaxed);
  }
}
