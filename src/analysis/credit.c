// SPDX-License-Identifier: Apache-2.0
// Rules that look at one path at a time, and the rounding that makes credits sum exactly.
//
// Example, path a > b > a with one conversion of 10.00:
//   first a 1; last a 1; linear a 2/3, b 1/3; position a .4 + .4, b .2; shapley a 1/2, b 1/2.
#include "analysis/credit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  double *conversions, *value;
  double worth, money; /* of the path at hand */
} Sums;

static inline void give(Sums *sums, guint32 key, double share) {
  sums->conversions[key] += share * sums->worth;
  sums->value[key] += share * sums->money;
}

static void give_position(Sums *sums, const guint32 *keys, guint32 n) {
  if (n == 1) {
    give(sums, keys[0], 1);
  } else if (n == 2) {
    give(sums, keys[0], 0.5);
    give(sums, keys[1], 0.5);
  } else {
    give(sums, keys[0], 0.4);
    for (guint32 i = 1; i + 1 < n; i++)
      give(sums, keys[i], 0.2 / (n - 2));
    give(sums, keys[n - 1], 0.4);
  }
}

static void give_decay(Sums *sums, const PathSet *paths, guint32 key, guint32 element) {
  double money = sums->money;
  sums->money = paths->decay_value ? 0 : money;
  give(sums, key, paths->decay[element]);
  sums->money = money;
  if (paths->decay_value)
    sums->value[key] += paths->decay_value[element];
}

/* `seen` marks keys of this path by its number + 1, so that it never needs clearing. */
static void give_shapley(Sums *sums, const guint32 *keys, guint32 n, guint32 *seen, guint32 mark) {
  guint32 distinct = 0;
  for (guint32 i = 0; i < n; i++)
    if (seen[keys[i]] != mark) {
      seen[keys[i]] = mark;
      distinct++;
    }
  for (guint32 i = 0; i < n; i++)
    if (seen[keys[i]] == mark) {
      give(sums, keys[i], 1.0 / distinct);
      seen[keys[i]] = 0;
    }
}

void credit_rule(Model model, const PathSet *paths, double *conversions, double *value) {
  Sums sums = {conversions, value, 0, 0};
  memset(conversions, 0, paths->n_keys * sizeof *conversions);
  memset(value, 0, paths->n_keys * sizeof *value);
  g_autofree guint32 *seen = model == MODEL_SHAPLEY ? g_new0(guint32, paths->n_keys) : NULL;
  for (guint p = 0; p < paths->n_paths; p++) {
    const guint32 *keys = paths->keys + paths->start[p];
    guint32 n = paths->start[p + 1] - paths->start[p];
    if (n == 0 || (paths->conversions[p] == 0 && paths->value[p] == 0))
      continue;
    sums.worth = paths->conversions[p];
    sums.money = paths->value[p];
    switch (model) {
    case MODEL_FIRST: give(&sums, keys[0], 1); break;
    case MODEL_LAST: give(&sums, keys[n - 1], 1); break;
    case MODEL_POSITION: give_position(&sums, keys, n); break;
    case MODEL_SHAPLEY: give_shapley(&sums, keys, n, seen, p + 1); break;
    case MODEL_LINEAR:
      for (guint32 i = 0; i < n; i++)
        give(&sums, keys[i], 1.0 / n);
      break;
    case MODEL_TIME_DECAY:
      for (guint32 i = 0; i < n; i++)
        give_decay(&sums, paths, keys[i], paths->start[p] + i);
      break;
    case MODEL_MARKOV: g_assert_not_reached();
    }
  }
}

typedef struct {
  double remainder;
  guint index;
} Remainder;

static int remainder_compare(const void *a, const void *b) {
  const Remainder *x = a, *y = b;
  if (x->remainder != y->remainder)
    return x->remainder > y->remainder ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

/* Units are given in two steps, so that a total of 2^62 units keeps every bit: a double carries 53 of them, the
 * difference between its floor and the exact one is smaller than what the remainders then settle. */
static void apportion(const double *share, guint n, Credit total, Credit *out) {
  double sum = 0;
  memset(out, 0, n * sizeof *out);
  for (guint i = 0; i < n; i++)
    sum += MAX(share[i], 0);
  if (n == 0 || !(sum > 0) || total == 0)
    return;
  Credit magnitude = total < 0 ? -total : total, given = 0;
  g_autofree Remainder *order = g_new(Remainder, n);
  for (guint i = 0; i < n; i++) {
    long double exact = (long double)magnitude * (long double)MAX(share[i], 0) / (long double)sum;
    out[i] = (Credit)floorl(exact);
    order[i] = (Remainder){(double)(exact - floorl(exact)), i};
    given += out[i];
  }
  qsort(order, n, sizeof *order, remainder_compare);
  Credit left = magnitude - given;
  for (guint i = 0; left > 0; i = (i + 1) % n)
    if (share[order[i].index] > 0) {
      out[order[i].index]++;
      left--;
    }
  for (guint i = n; left<0; i = i> 1 ? i - 1 : n) /* long double rounded up by a unit */
    if (out[order[i - 1].index] > 0) {
      out[order[i - 1].index]--;
      left++;
    }
  if (total < 0)
    for (guint i = 0; i < n; i++)
      out[i] = -out[i];
}

void credit_apportion(const double *share, guint n, gint64 total, gint64 *out) {
  g_autofree Credit *wide = g_new(Credit, n);
  apportion(share, n, total, wide);
  for (guint i = 0; i < n; i++)
    out[i] = (gint64)wide[i];
}

void credit_apportion_fixed(const double *share, guint n, gint64 total, Credit *out) {
  apportion(share, n, (Credit)total * ((Credit)1 << 32), out);
}

void credit_apportion_money(const double *share, guint n, gint64 total, Credit *out) {
  apportion(share, n, total, out);
  for (guint i = 0; i < n; i++)
    out[i] *= (Credit)1 << 32;
}

double credit_to_double(Credit credit) {
  return (double)((long double)credit / 4294967296.0L);
}
