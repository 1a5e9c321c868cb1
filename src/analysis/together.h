/* SPDX-License-Identifier: Apache-2.0
 * together.h: which two channels (or other keys) of attribution convert more, or less, together than each apart.
 *
 * Paths are looked at by the keys that they hold, in any order. If a and b acted without each other, a path with both would
 * convert with 1 - (1 - r_a)(1 - r_b) (Bliss 1939), where r_a is the rate of paths with a and without b. The effect is
 * the rate of paths with both over that one; its interval is that of the ratio's logarithm (delta method).
 *
 *   a: 10 of 100 paths convert, b: 20 of 100, a and b: 56 of 100;  1 - .9 * .8 = .28;  effect .56 / .28 = 2 */
#pragma once
#include "analysis/attribution_paths.h"
#include "analysis/table.h"
#include "base/json_out.h"

enum { TOGETHER_KEYS_MAX = 60, TOGETHER_LEAST = 5 };

typedef struct {
  guint32 a, b; /* keys */
  gint64 paths, conversions;
  double rate, expected, effect, low, high; /* 95 % */
} Pair;

typedef struct {
  guint64 compared;
  GArray *pairs; /* of Pair: beyond chance for all comparisons at once, the strongest first */
} Together;

/* Of the TOGETHER_KEYS_MAX keys that most paths hold. A pair is looked at where TOGETHER_LEAST paths with both convert and as
 * many do not, and so on for each apart. */
void together_find(const AttributionPaths *paths, Together *out);
void together_clear(Together *together);
void together_json(const Together *together, const AttributionPaths *paths, JsonOut *out); /* "together": {...} */
void together_table(const Together *together, const AttributionPaths *paths, Table *table);
