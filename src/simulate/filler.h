/* SPDX-License-Identifier: Apache-2.0
 * filler.h: rows that belong to nobody: crawlers, doors that count, and the monthly bills of advertising.
 * As many as it takes to reach the number of events that was asked for. */
#pragma once
#include "simulate/spill.h"
#include "simulate/truth.h"

guint64 filler_cost_rows(const World *world, guint64 events); /* small samples get no bills */
gboolean filler_costs(const World *world, Truth *truth, SpillWriter *writer, GError **error);
gboolean filler_strangers(const World *world, guint64 n, Truth *truth, SpillWriter *writer, GError **error);
