// SPDX-License-Identifier: Apache-2.0
// Draw i gives every person a weight; the weights of a path's persons make its counts; a model turns counts into credits.
// Draws are independent, so threads take every n-th one and write into a matrix of draws by keys.
#include "analysis/resample.h"
#include "analysis/markov.h"
#include "base/error.h"
#include "base/hash.h"
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Work is counted in walked path elements; about 2e9 a second and core. */
static const double WORK_MAX = 4e9;

typedef struct {
  const AttributionPaths *paths;
  Interval *intervals;
  guint n_intervals, n_keys, n_paths, threads;
  guint64 seed;
  const gint *cancel;
  double **draws; /* per interval: resamples x n_keys */
  const double *decay;
} Plan;

typedef struct {
  const Plan *plan;
  guint number;
  GError *error;
} Thread;

static double uniform(guint64 hash) {
  return (double)(hash >> 11) * 0x1.0p-53;
}

static guint64 draw_hash(guint64 seed, guint64 what, guint64 i) {
  return hash_mix(hash_mix(seed ^ hash_mix(what)) + i);
}

/* By inversion; for large means by the normal quantile (Acklam's rational approximation), rounded. */
static double normal_quantile(double p) {
  static const double a[] = {-39.69683028665376, 220.9460984245205,  -275.9285104469687,
                             138.3577518672690,  -30.66479806614716, 2.506628277459239};
  static const double b[] = {-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572};
  static const double c[] = {-0.007784894002430293, -0.3223964580411365, -2.400758277161838,
                             -2.549732539343734,    4.374664141464968,   2.938163982698783};
  static const double d[] = {0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416};
  double tail = MIN(p, 1 - p);
  if (tail < 0.02425) {
    double q = sqrt(-2 * log(MAX(tail, 1e-300)));
    double x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
               ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
    return p < 0.5 ? x : -x;
  }
  double q = p - 0.5, r = q * q;
  return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
         (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

static double poisson(double mean, double u) {
  if (mean <= 0)
    return 0;
  if (mean > 100)
    return MAX(0, round(mean + sqrt(mean) * normal_quantile(CLAMP(u, 1e-16, 1 - 1e-16))));
  double p = exp(-mean), sum = p, k = 0;
  while (u > sum && k < 1000) {
    k++;
    p *= mean / k;
    sum += p;
  }
  return k;
}

static void draw_by_person(const Plan *plan, guint64 i, double *conversions, double *nulls) {
  guint64 person = 0;
  double weight = 0;
  const GArray *rows = plan->paths->persons;
  memset(conversions, 0, plan->n_paths * sizeof *conversions);
  memset(nulls, 0, plan->n_paths * sizeof *nulls);
  for (guint r = 0; r < rows->len; r++) {
    const PathOfPerson *row = &g_array_index(rows, PathOfPerson, r);
    if (r == 0 || row->person != person) {
      person = row->person;
      weight = poisson(1, uniform(draw_hash(plan->seed, person, i)));
    }
    *(row->converted ? &conversions[row->path] : &nulls[row->path]) += weight;
  }
}

static void draw_by_path(const Plan *plan, guint64 i, double *conversions, double *nulls) {
  for (guint p = 0; p < plan->n_paths; p++) {
    gint64 converted = g_array_index(plan->paths->conversions, gint64, p), ended = g_array_index(plan->paths->nulls, gint64, p);
    conversions[p] = poisson((double)converted, uniform(draw_hash(plan->seed, 2 * (guint64)p, i)));
    nulls[p] = poisson((double)ended, uniform(draw_hash(plan->seed, 2 * (guint64)p + 1, i)));
  }
}

static gboolean solve_draw(const Interval *interval, const PathSet *set, MarkovChain *chain, double *out, double *unused,
                           GError **error) {
  double total = 0, sum = 0;
  if (interval->model != MODEL_MARKOV) {
    credit_rule(interval->model, set, out, unused);
    return TRUE;
  }
  markov_reweigh(chain, set);
  if (!markov_effects(chain, 1, out, NULL, error))
    return FALSE;
  for (guint p = 0; p < set->n_paths; p++)
    total += set->conversions[p];
  for (guint k = 0; k < set->n_keys; k++)
    sum += out[k];
  if (!(sum > 0)) { /* as the credit itself: conversion shares */
    credit_rule(MODEL_LAST, set, out, unused);
    return TRUE;
  }
  for (guint k = 0; k < set->n_keys; k++)
    out[k] = out[k] / sum * total;
  return TRUE;
}

static gboolean make_chains(const Plan *plan, const PathSet *set, MarkovChain **chains, GError **error) {
  for (guint m = 0; m < plan->n_intervals; m++)
    if (plan->intervals[m].model == MODEL_MARKOV && plan->intervals[m].resamples &&
        !(chains[m] = markov_new(set, plan->intervals[m].order, error)))
      return FALSE;
  return TRUE;
}

static gpointer thread_run(gpointer data) {
  Thread *thread = data;
  const Plan *plan = thread->plan;
  const AttributionPaths *paths = plan->paths;
  g_autofree double *conversions = g_new(double, plan->n_paths + 1), *nulls = g_new(double, plan->n_paths + 1);
  g_autofree double *zero = g_new0(double, plan->n_paths + 1), *unused = g_new(double, plan->n_keys + 1);
  g_autofree MarkovChain **chains = g_new0(MarkovChain *, plan->n_intervals + 1);
  PathSet set = {plan->n_keys,
                 plan->n_paths,
                 (const guint32 *)(gpointer)paths->start->data,
                 (const guint32 *)(gpointer)paths->elements->data,
                 conversions,
                 nulls,
                 zero,
                 plan->decay,
                 NULL};
  guint most = 0;
  for (guint m = 0; m < plan->n_intervals; m++)
    most = MAX(most, plan->intervals[m].resamples);
  gboolean good = make_chains(plan, &set, chains, &thread->error);
  for (guint i = thread->number; i < most && good; i += plan->threads) {
    if (plan->cancel && g_atomic_int_get(plan->cancel))
      good = error_set(&thread->error, ERROR_CANCELLED, "cancelled");
    if (paths->persons)
      draw_by_person(plan, i, conversions, nulls);
    else
      draw_by_path(plan, i, conversions, nulls);
    for (guint m = 0; m < plan->n_intervals && good; m++)
      if (i < plan->intervals[m].resamples)
        good = solve_draw(&plan->intervals[m], &set, chains[m], plan->draws[m] + (gsize)i * plan->n_keys, unused, &thread->error);
  }
  for (guint m = 0; m < plan->n_intervals; m++)
    markov_free(chains[m]);
  return NULL;
}

static int double_compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* A group's draw is the sum of its keys' draws, put in place of the key that names it. */
static void sum_groups(const Interval *interval, double *draws, guint n_keys) {
  g_autofree double *sums = g_new(double, n_keys + 1);
  for (guint i = 0; i < interval->resamples; i++) {
    double *draw = draws + (gsize)i * n_keys;
    memset(sums, 0, n_keys * sizeof *sums);
    for (guint k = 0; k < n_keys; k++)
      sums[interval->group[k]] += draw[k];
    memcpy(draw, sums, n_keys * sizeof *sums);
  }
}

/* The 2.5 % and 97.5 % order statistics of a key's draws. */
static void percentiles(const Interval *interval, double *draws, guint n_keys) {
  guint n = interval->resamples;
  g_autofree double *column = g_new(double, n + 1);
  if (interval->group)
    sum_groups(interval, draws, n_keys);
  for (guint k = 0; k < n_keys && n; k++) {
    for (guint i = 0; i < n; i++)
      column[i] = draws[(gsize)i * n_keys + k];
    qsort(column, n, sizeof *column, double_compare);
    interval->low[k] = column[(guint)(0.025 * (n - 1) + 0.5)];
    interval->high[k] = column[(guint)(0.975 * (n - 1) + 0.5)];
  }
}

static double work_of(const AttributionPaths *paths, const Interval *interval) {
  double elements = paths->elements->len + 1;
  if (interval->model != MODEL_MARKOV)
    return elements;
  double edges = MIN(elements, pow(paths->keys->len + 1, interval->order + 1));
  return elements * 2 + edges * 40 * ceil((paths->keys->len + 1) / 8.0) * 2;
}

static void plan_resamples(const AttributionPaths *paths, Interval *intervals, guint n_intervals, guint wanted) {
  for (guint m = 0; m < n_intervals; m++) {
    double most = WORK_MAX / n_intervals / work_of(paths, &intervals[m]);
    intervals[m].resamples = (guint)MIN((double)wanted, most);
    if (intervals[m].resamples < MIN(wanted, (guint)RESAMPLES_MIN))
      intervals[m].resamples = 0;
  }
}

/* Mean share of each position under time-decay: what a draw multiplies. */
static double *mean_decay(const AttributionPaths *paths) {
  if (paths->decay->len == 0)
    return NULL;
  double *decay = g_new(double, paths->elements->len + 1);
  for (guint p = 0; p + 1 < paths->start->len; p++) {
    gint64 n = g_array_index(paths->conversions, gint64, p);
    for (guint32 i = g_array_index(paths->start, guint32, p); i < g_array_index(paths->start, guint32, p + 1); i++)
      decay[i] = n ? (double)g_array_index(paths->decay, DecaySum, i).share / 4294967296.0 / (double)n : 0;
  }
  return decay;
}

gboolean resample(const AttributionPaths *paths, Interval *intervals, guint n_intervals, guint64 seed, guint wanted, guint threads,
                  const gint *cancel, GError **error) {
  g_autofree double *decay = mean_decay(paths);
  Plan plan = {paths,
               intervals,
               n_intervals,
               paths->keys->len,
               paths->start->len - 1,
               MAX(threads, 1),
               seed,
               cancel,
               g_new0(double *, n_intervals + 1),
               decay};
  plan_resamples(paths, intervals, n_intervals, wanted);
  for (guint m = 0; m < n_intervals; m++)
    plan.draws[m] = g_new0(double, (gsize)intervals[m].resamples *plan.n_keys + 1);
  g_autofree Thread *threads_data = g_new0(Thread, plan.threads);
  g_autofree pthread_t *ids = g_new0(pthread_t, plan.threads);
  for (guint t = 0; t < plan.threads; t++)
    threads_data[t] = (Thread){&plan, t, NULL};
  guint started = 1;
  for (; started < plan.threads; started++)
    if (pthread_create(&ids[started], NULL, thread_run, &threads_data[started]) != 0)
      break;
  thread_run(&threads_data[0]);
  for (guint t = 1; t < plan.threads; t++) {
    if (t < started)
      pthread_join(ids[t], NULL);
    else
      thread_run(&threads_data[t]);
  }
  gboolean good = TRUE;
  for (guint t = 0; t < plan.threads; t++)
    if (threads_data[t].error) {
      if (good)
        g_propagate_error(error, threads_data[t].error);
      else
        g_error_free(threads_data[t].error);
      good = FALSE;
    }
  for (guint m = 0; m < n_intervals; m++) {
    if (good)
      percentiles(&intervals[m], plan.draws[m], plan.n_keys);
    g_free(plan.draws[m]);
  }
  g_free(plan.draws);
  return good;
}
