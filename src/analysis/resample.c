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

enum { LANES = 8 }; /* draws that are made side by side */

/* Work is counted in nanoseconds of one core. */
static const double WORK_MAX = 3e9;

typedef struct { /* a rule: what each place of the paths earns that earns anything */
  guint32 *start;
  guint32 *keys;
  double *share;
} Earners;

typedef struct {
  const AttributionPaths *paths;
  Interval *intervals;
  guint n_intervals, n_keys, n_paths, threads;
  guint64 seed;
  const gint *cancel;
  double **draws;   /* per interval: resamples x n_keys */
  Earners *earners; /* per interval, of rules */
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

/* The chances of at most k when the mean is one: what every person of every draw is held against. */
typedef struct {
  double at_most[20];
} PoissonOne;

static void poisson_one_init(PoissonOne *table) {
  double p = exp(-1), sum = p;
  for (guint k = 0; k < G_N_ELEMENTS(table->at_most); k++) {
    table->at_most[k] = sum;
    p *= 1.0 / (k + 1);
    sum += p;
  }
}

static inline double poisson_one(const PoissonOne *table, double u) {
  guint k = 0;
  while (k < G_N_ELEMENTS(table->at_most) && u > table->at_most[k])
    k++;
  return k < G_N_ELEMENTS(table->at_most) ? k : poisson(1, u);
}

/* Draws first .. first + LANES - 1, side by side a path. */
static void draw_by_person(const Plan *plan, guint64 first, double *conversions, double *nulls) {
  PoissonOne table;
  guint64 person = 0;
  double weight[LANES] = {0};
  const GArray *rows = plan->paths->persons;
  poisson_one_init(&table);
  memset(conversions, 0, (gsize)plan->n_paths * LANES * sizeof *conversions);
  memset(nulls, 0, (gsize)plan->n_paths * LANES * sizeof *nulls);
  for (guint r = 0; r < rows->len; r++) {
    const PathOfPerson *row = &g_array_index(rows, PathOfPerson, r);
    if (r == 0 || row->person != person) {
      person = row->person;
      guint64 base = hash_mix(plan->seed ^ hash_mix(person));
      for (guint l = 0; l < LANES; l++)
        weight[l] = poisson_one(&table, uniform(hash_mix(base + first + l)));
    }
    double *counts = (row->converted ? conversions : nulls) + (gsize)row->path * LANES;
    for (guint l = 0; l < LANES; l++)
      counts[l] += weight[l];
  }
}

static void draw_by_path(const Plan *plan, guint64 first, double *conversions, double *nulls) {
  for (guint p = 0; p < plan->n_paths; p++) {
    double converted = (double)g_array_index(plan->paths->conversions, gint64, p),
           ended = (double)g_array_index(plan->paths->nulls, gint64, p);
    for (guint l = 0; l < LANES; l++) {
      conversions[(gsize)p * LANES + l] = poisson(converted, uniform(draw_hash(plan->seed, 2 * (guint64)p, first + l)));
      nulls[(gsize)p * LANES + l] = poisson(ended, uniform(draw_hash(plan->seed, 2 * (guint64)p + 1, first + l)));
    }
  }
}

static void earners_init(Earners *earners, Model model, const PathSet *set) {
  guint32 n = 0, elements = set->start[set->n_paths];
  g_autofree double *share = g_new(double, elements + 1);
  credit_shares(model, set, share);
  *earners = (Earners){g_new(guint32, set->n_paths + 1), g_new(guint32, elements + 1), g_new(double, elements + 1)};
  for (guint p = 0; p < set->n_paths; p++) {
    earners->start[p] = n;
    for (guint32 i = set->start[p]; i < set->start[p + 1]; i++) {
      earners->keys[n] = set->keys[i];
      earners->share[n] = share[i];
      n += share[i] > 0 ? 1 : 0;
    }
  }
  earners->start[set->n_paths] = n;
}

static void earners_clear(Earners *earners) {
  g_free(earners->start);
  g_free(earners->keys);
  g_free(earners->share);
}

/* Credits of LANES draws, side by side a key. Cost: a multiply-add of LANES a place. */
static void credit_draws(const Plan *plan, const Earners *earners, const double *conversions, double *sums) {
  memset(sums, 0, (gsize)plan->n_keys * LANES * sizeof *sums);
  for (guint p = 0; p < plan->n_paths; p++) {
    const double *worth = conversions + (gsize)p * LANES;
    for (guint32 i = earners->start[p]; i < earners->start[p + 1]; i++) {
      double *sum = sums + (gsize)earners->keys[i] * LANES, share = earners->share[i];
      for (guint l = 0; l < LANES; l++)
        sum[l] += share * worth[l];
    }
  }
}

/* A draw of a chain; the set's counts are those of the draw. */
static gboolean solve_draw(const PathSet *set, MarkovChain *chain, double *out, double *unused, GError **error) {
  double total = 0, sum = 0;
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

typedef struct {               /* of one thread */
  double *conversions, *nulls; /* LANES a path */
  double *sums;                /* LANES a key */
  double *lane_conversions, *lane_nulls, *zero, *unused;
  MarkovChain **chains;
  PathSet set; /* reads the lane's counts */
} Bench;

static void bench_init(Bench *bench, const Plan *plan) {
  const AttributionPaths *paths = plan->paths;
  gsize n = plan->n_paths + 1;
  *bench = (Bench){g_new(double, n *LANES),
                   g_new(double, n *LANES),
                   g_new(double, (plan->n_keys + (gsize)1) * LANES),
                   g_new(double, n),
                   g_new(double, n),
                   g_new0(double, n),
                   g_new(double, plan->n_keys + 1),
                   g_new0(MarkovChain *, plan->n_intervals + 1)};
  bench->set = (PathSet){plan->n_keys,
                         plan->n_paths,
                         (const guint32 *)(gpointer)paths->start->data,
                         (const guint32 *)(gpointer)paths->elements->data,
                         bench->lane_conversions,
                         bench->lane_nulls,
                         bench->zero,
                         plan->decay,
                         NULL};
}

static void bench_clear(Bench *bench, const Plan *plan) {
  double *arrays[] = {bench->conversions, bench->nulls, bench->sums,  bench->lane_conversions,
                      bench->lane_nulls,  bench->zero,  bench->unused};
  for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
    g_free(arrays[i]);
  for (guint m = 0; m < plan->n_intervals; m++)
    markov_free(bench->chains[m]);
  g_free(bench->chains);
}

static gboolean solve_lanes(const Plan *plan, Bench *bench, guint m, guint first, guint n, GError **error) {
  gboolean good = TRUE;
  for (guint l = 0; l < n && good; l++) {
    for (guint p = 0; p < plan->n_paths; p++) {
      bench->lane_conversions[p] = bench->conversions[(gsize)p * LANES + l];
      bench->lane_nulls[p] = bench->nulls[(gsize)p * LANES + l];
    }
    good = solve_draw(&bench->set, bench->chains[m], plan->draws[m] + (gsize)(first + l) * plan->n_keys, bench->unused, error);
  }
  return good;
}

/* Draws first .. first + LANES - 1 of every interval that wants them. */
static gboolean make_draws(const Plan *plan, Bench *bench, guint first, GError **error) {
  gboolean good = TRUE;
  (plan->paths->persons ? draw_by_person : draw_by_path)(plan, first, bench->conversions, bench->nulls);
  for (guint m = 0; m < plan->n_intervals && good; m++) {
    guint n = MIN((guint)LANES, plan->intervals[m].resamples - MIN(first, plan->intervals[m].resamples));
    if (n == 0)
      continue;
    if (plan->intervals[m].model == MODEL_MARKOV) {
      good = solve_lanes(plan, bench, m, first, n, error);
      continue;
    }
    credit_draws(plan, &plan->earners[m], bench->conversions, bench->sums);
    for (guint l = 0; l < n; l++)
      for (guint k = 0; k < plan->n_keys; k++)
        plan->draws[m][(gsize)(first + l) * plan->n_keys + k] = bench->sums[(gsize)k * LANES + l];
  }
  return good;
}

static gpointer thread_run(gpointer data) {
  Thread *thread = data;
  const Plan *plan = thread->plan;
  Bench bench;
  guint most = 0;
  for (guint m = 0; m < plan->n_intervals; m++)
    most = MAX(most, plan->intervals[m].resamples);
  bench_init(&bench, plan);
  gboolean good = make_chains(plan, &bench.set, bench.chains, &thread->error);
  for (guint first = thread->number * LANES; first < most && good; first += plan->threads * LANES) {
    if (plan->cancel && g_atomic_int_get(plan->cancel))
      good = error_set(&thread->error, ERROR_CANCELLED, "cancelled");
    good = good && make_draws(plan, &bench, first, &thread->error);
  }
  bench_clear(&bench, plan);
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

/* Of one draw; measured. The draw itself is shared by all models. */
static double work_of(const AttributionPaths *paths, const Interval *interval) {
  double elements = paths->elements->len + 1, rows = paths->persons ? paths->persons->len : 8.0 * paths->conversions->len;
  double draw = 10 * rows;
  if (interval->model != MODEL_MARKOV)
    return draw + elements;
  double edges = MIN(elements, pow(paths->keys->len + 1, interval->order + 1));
  return draw + elements * 3 + edges * 40 * ceil((paths->keys->len + 1) / 8.0) * 2;
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

static void plan_earners(Plan *plan) {
  const AttributionPaths *paths = plan->paths;
  PathSet set = {.n_keys = plan->n_keys,
                 .n_paths = plan->n_paths,
                 .start = (const guint32 *)(gpointer)paths->start->data,
                 .keys = (const guint32 *)(gpointer)paths->elements->data,
                 .decay = plan->decay};
  plan->earners = g_new0(Earners, plan->n_intervals + 1);
  for (guint m = 0; m < plan->n_intervals; m++)
    if (plan->intervals[m].model != MODEL_MARKOV && plan->intervals[m].resamples)
      earners_init(&plan->earners[m], plan->intervals[m].model, &set);
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
               .decay = decay};
  plan_resamples(paths, intervals, n_intervals, wanted);
  plan_earners(&plan);
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
    earners_clear(&plan.earners[m]);
  }
  g_free(plan.earners);
  g_free(plan.draws);
  return good;
}
