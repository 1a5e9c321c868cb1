// SPDX-License-Identifier: Apache-2.0
// Rules that look at one path at a time, and the rounding that makes credits sum exactly.
//
// Example, path a > b > a with one conversion of 10.00:
//   first a 1; last a 1; linear a 2/3, b 1/3; position a .4 + .4, b .2; shapley a 1/2, b 1/2.
#include "analysis/credit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void share_position(guint32 n, double *share) {
  for (guint32 i = 1; i + 1 < n; i++)
    share[i] = 0.2 / (n - 2);
  share[0] = share[n - 1] = n == 1 ? 1 : n == 2 ? 0.5 : 0.4;
}

/* A key earns at its first place; `seen` marks keys of this path by its number + 1, so that it never needs clearing. */
static void share_shapley(const guint32 *keys, guint32 n, guint32 *seen, guint32 mark, double *share) {
  guint32 distinct = 0;
  for (guint32 i = 0; i < n; i++) {
    gboolean first = seen[keys[i]] != mark;
    seen[keys[i]] = mark;
    share[i] = first;
    distinct += first;
  }
  for (guint32 i = 0; i < n; i++)
    share[i] = share[i] > 0 ? 1.0 / distinct : 0;
}

void credit_share_path(Model model, const PathSet *paths, guint p, guint32 *seen, guint32 mark, double *share) {
  const guint32 *keys = paths->keys + paths->start[p];
  guint32 n = paths->start[p + 1] - paths->start[p];
  memset(share, 0, n * sizeof *share);
  switch (model) {
  case MODEL_FIRST: share[0] = 1; break;
  case MODEL_LAST: share[n - 1] = 1; break;
  case MODEL_POSITION: share_position(n, share); break;
  case MODEL_SHAPLEY: share_shapley(keys, n, seen, mark, share); break;
  case MODEL_TIME_DECAY: memcpy(share, paths->decay + paths->start[p], n * sizeof *share); break;
  case MODEL_LINEAR:
    for (guint32 i = 0; i < n; i++)
      share[i] = 1.0 / n;
    break;
  case MODEL_MARKOV: g_assert_not_reached();
  }
}

void credit_rule(Model model, const PathSet *paths, double *conversions, double *value) {
  guint32 longest = 0;
  for (guint p = 0; p < paths->n_paths; p++)
    longest = MAX(longest, paths->start[p + 1] - paths->start[p]);
  g_autofree double *share = g_new(double, longest + 1);
  g_autofree guint32 *seen = g_new0(guint32, paths->n_keys + 1);
  memset(conversions, 0, paths->n_keys * sizeof *conversions);
  memset(value, 0, paths->n_keys * sizeof *value);
  for (guint p = 0; p < paths->n_paths; p++) {
    guint32 start = paths->start[p], n = paths->start[p + 1] - start;
    if (n == 0 || (paths->conversions[p] == 0 && paths->value[p] == 0))
      continue;
    credit_share_path(model, paths, p, seen, p + 1, share);
    const double *own_value = model == MODEL_TIME_DECAY && paths->decay_value ? paths->decay_value + start : NULL;
    for (guint32 i = 0; i < n; i++) {
      conversions[paths->keys[start + i]] += share[i] * paths->conversions[p];
      value[paths->keys[start + i]] += own_value ? own_value[i] : share[i] * paths->value[p];
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
