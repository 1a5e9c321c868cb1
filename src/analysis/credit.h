/* SPDX-License-Identifier: Apache-2.0
 * credit.h: what each key of the paths contributed, by every model, before rounding; and the one exact rounding.
 * Sources: position-based and time-decay as in web analytics; Shapley value of the coverage game, Zhao, Mahboobi,
 * Bagheri 2018 (a path's worth is shared equally by its distinct keys); Markov: markov.h. */
#pragma once
#include "analysis/path_set.h"

typedef enum { MODEL_FIRST, MODEL_LAST, MODEL_LINEAR, MODEL_POSITION, MODEL_TIME_DECAY, MODEL_SHAPLEY, MODEL_MARKOV } Model;

/* Adds each path's worth to its keys: `conversions` and `value` are n_keys sums, cleared first. Not for MODEL_MARKOV. Cost: one
 * pass over all keys of all paths. */
void credit_rule(Model model, const PathSet *paths, double *conversions, double *value);

/* What each place of path p, which has some, earns of one conversion of it. `seen`: n_keys marks, none of which is `mark`. Not for
 * MODEL_MARKOV. */
void credit_share_path(Model model, const PathSet *paths, guint p, guint32 *seen, guint32 mark, double *share);

/* Rounds shares to whole units that sum exactly to `total`: floor, then the largest remainders get one more, ties to the
 * lower index. Shares need not sum to one; all zero (or none) leaves everything zero unless total is zero. Negative
 * totals round by magnitude. n at most 2^31. */
void credit_apportion(const double *share, guint n, gint64 total, gint64 *out);

/* The same in 2^-32 units, as 128-bit integers: for conversions (total counted) and money (millionths). */
typedef __int128 Credit;
void credit_apportion_fixed(const double *share, guint n, gint64 total, Credit *out);
/* The same, but every part is whole millionths: for money, whose printed parts must sum to the printed total. */
void credit_apportion_money(const double *share, guint n, gint64 total, Credit *out);
double credit_to_double(Credit credit); /* in units of the total */
