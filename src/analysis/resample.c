// SPDX-License-Identifier: Apache-2.0
// What a model needs of the paths is a vector S that is a sum over persons, S = sum c_p (statistic.h). Draw i gives each a
// weight w_pi, Poisson of mean 1, and solves the model of S(i) = sum w_pi c_p, which has the mean S and the covariance
// sum c_p c_p'. Persons of the same paths are of one kind (person_kinds.h); n of them together weigh Poisson(n).
//
// That is done as long as the work stays below a bound. Above it kinds of OWN_MIN persons and more keep weights of their own;
// the n others fall into B groups by hash, with the sums S_b over n_b persons, and draw
//
//   S(i) = S N_i / n + sum_b (w_bi - 1) (S_b - n_b S / n),   w_bi Poisson(1), N_i Poisson(n), all independent
//        = sum_b w_bi S_b + S / n (N_i - sum_b w_bi n_b),    since S_b - n_b S / n sum to nothing.
//
// The mean is S. The covariance is S S' / n + sum_b d_b d_b' with d_b = sum of c_p - S / n over the group. Those differences
// sum to nothing over all persons, so that over the choice of groups E sum_b d_b d_b' = (1 - 1/B) sum_p (c_p - S/n) (c_p - S/n)',
// and with S S' / n that is sum_p c_p c_p' again, but for 1/B. Which groups it were moves a variance by sqrt(2 / B) of itself, the
// width of an interval by half of that: 1.1 % at 4,096 groups. What falls below zero by the difference is set to zero. A draw
// then costs the same however many persons there are. (The sum of w_bi S_b alone would let the number of persons vary by n^2 / B
// instead of n.)
//
// A thread makes LANES draws side by side; which one does changes nothing.
#include "analysis/resample.h"
#include "analysis/person_groups.h"
#include "analysis/person_kinds.h"
#include "analysis/poisson.h"
#include "analysis/statistic.h"
#include "base/error.h"
#include "base/parallel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = STATISTIC_LANES, OWN_MIN = 256, DRAWN_MAX = 1 << 25 /* credits kept, of one interval */ };
G_STATIC_ASSERT((int)LANES == (int)POISSON_LANES);

/* Nanoseconds of a core an interval may take: as many draws as fit; RESAMPLES_MIN as long as they are not too many more. */
static const double WORK_MAX = 3e9, WORK_MOST = 12e9;
static const double WORK_WEIGHT = 3, WORK_ADD = 0.5, WORK_ENTRY = 0.12; /* of a draw: measured */

typedef struct { /* of one thread */
  double **sums; /* per interval: LANES vectors side by side, and their number of persons */
  double *weights;
  Solver *solvers;
} Bench;

typedef struct { /* what the kinds drawn by themselves add, one after the other */
  GArray *parts; /* of StatisticPart */
  gsize *start;  /* per kind, and the end */
} KindParts;

typedef struct {
  const ResampleOptions *options;
  Interval *intervals;
  guint n_intervals, n_keys, n_groups_most;
  PathSet set;
  double *zeros, *decay;
  Poisson *poisson;
  PersonKinds *kinds;
  GArray *own;   /* of PersonKind: drawn by themselves */
  guint64 below; /* persons: kinds of fewer are in groups */
  guint64 n_pooled;
  Statistic *statistics; /* per interval, as all that follow */
  PersonGroups *groups;
  KindParts *parts;
  double **draws; /* resamples x n_keys */
  Bench *benches; /* per worker; made when it begins */
} Plan;

const char *resampled_name(Resampled how) {
  static const char *const names[] = {"persons", "groups", "paths"};
  return names[how];
}

/* --- what is drawn, and how often ---------------------------------------------------------------- */

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

typedef struct {
  const Plan *plan;
  double *parts; /* per interval: of all its kinds together */
  GArray *own;
  guint64 n_pooled;
} Choosing;

static void count_parts(const PersonKind *kind, gpointer user) {
  const Choosing *choosing = user;
  const Plan *plan = choosing->plan;
  const guint32 *rows = person_kind_rows(plan->kinds, kind);
  for (guint m = 0; m < plan->n_intervals; m++)
    for (guint r = 0; r < kind->n_rows; r++)
      choosing->parts[m] += statistic_cost(&plan->statistics[m], person_row_path(rows[r]), person_row_converted(rows[r]));
}

static void choose_kind(const PersonKind *kind, gpointer user) {
  Choosing *choosing = user;
  if (kind->n >= choosing->plan->below)
    g_array_append_val(choosing->own, *kind);
  else
    choosing->n_pooled += kind->n;
}

/* Nanoseconds of all draws when every person has a weight; counted as of RESAMPLES at least, since what is kept for it does not
 * shrink with the draws. */
static double persons_work(const Plan *plan) {
  g_autofree double *parts = g_new0(double, plan->n_intervals + 1);
  Choosing choosing = {plan, parts, NULL, 0};
  double draws = MAX(plan->options->wanted, (guint)RESAMPLES), work = WORK_WEIGHT * draws * plan->kinds->n_kinds;
  if (work > plan->options->persons_work_max)
    return work; /* no need to look */
  person_kinds_each(plan->kinds, count_parts, &choosing);
  for (guint m = 0; m < plan->n_intervals; m++)
    work += WORK_ADD * draws * parts[m];
  return work;
}

static void choose_kinds(Plan *plan) {
  Choosing choosing = {plan, NULL, plan->own, 0};
  plan->below = persons_work(plan) > plan->options->persons_work_max ? OWN_MIN : 0;
  person_kinds_each(plan->kinds, choose_kind, &choosing);
  plan->n_pooled = choosing.n_pooled;
}

/* What the kinds drawn by themselves add to an interval's sums. */
static gboolean make_parts(guint interval, guint worker, gpointer user, GError **error) {
  const Plan *plan = user;
  KindParts *parts = &plan->parts[interval];
  StatisticRoom room;
  (void)worker, (void)error;
  parts->parts = g_array_new(FALSE, FALSE, sizeof(StatisticPart));
  parts->start = g_new0(gsize, (gsize)plan->own->len + 1);
  statistic_room_init(&room, &plan->statistics[interval]);
  for (guint k = 0; k < plan->own->len; k++) {
    const PersonKind *kind = &g_array_index(plan->own, PersonKind, k);
    const guint32 *rows = person_kind_rows(plan->kinds, kind);
    room.n = 0;
    for (guint r = 0; r < kind->n_rows; r++)
      statistic_walk(&plan->statistics[interval], &room, person_row_path(rows[r]), person_row_converted(rows[r]));
    statistic_merge(&room);
    g_array_append_vals(parts->parts, room.parts, room.n);
    parts->start[k + 1] = parts->parts->len;
  }
  statistic_room_clear(&room);
  return TRUE;
}

static guint resamples_for(const Plan *plan, guint interval) {
  const Statistic *statistic = &plan->statistics[interval];
  guint wanted = MIN(plan->options->wanted, (guint)DRAWN_MAX / MAX(plan->n_keys, 1));
  if (plan->n_pooled && plan->groups[interval].n == 0)
    return 0;
  double work = WORK_ADD * plan->parts[interval].parts->len + statistic_solve_work(statistic) +
                WORK_ENTRY * plan->groups[interval].n * (statistic->n + 1.0);
  if (wanted * work <= WORK_MAX)
    return wanted;
  double least = MIN(wanted, (guint)RESAMPLES_MIN);
  return WORK_MAX / work >= least ? (guint)(WORK_MAX / work) : least * work <= WORK_MOST ? (guint)least : 0;
}

static void plan_draws(Plan *plan, Resampled own) {
  choose_kinds(plan);
  parallel_run(MAX(plan->options->threads, 1), plan->n_intervals, make_parts, plan, NULL);
  for (guint m = 0; m < plan->n_intervals; m++) {
    Interval *interval = &plan->intervals[m];
    plan->groups[m].n = plan->n_pooled ? person_groups_fit(plan->statistics[m].n) : 0;
    interval->how = plan->n_pooled ? RESAMPLED_GROUPS : own;
    interval->resamples = resamples_for(plan, m);
    plan->groups[m].n = interval->resamples ? plan->groups[m].n : 0;
    plan->n_groups_most = MAX(plan->n_groups_most, plan->groups[m].n);
    plan->draws[m] = g_new0(double, (gsize)interval->resamples * plan->n_keys + 1);
  }
}

/* --- drawing ------------------------------------------------------------------------------------- */

static void bench_make(const Plan *plan, Bench *bench) {
  bench->sums = g_new0(double *, plan->n_intervals + 1);
  bench->solvers = g_new0(Solver, plan->n_intervals + 1);
  bench->weights = g_new(double, ((gsize)plan->n_groups_most + 1) * LANES);
  for (guint m = 0; m < plan->n_intervals; m++) {
    bench->sums[m] = g_new(double, (plan->statistics[m].n + (gsize)1) * LANES);
    if (plan->intervals[m].resamples)
      solver_init(&bench->solvers[m], &plan->statistics[m]);
  }
}

static void bench_clear(const Plan *plan, Bench *bench) {
  for (guint m = 0; m < plan->n_intervals && bench->sums; m++) {
    g_free(bench->sums[m]);
    solver_clear(&bench->solvers[m]);
  }
  g_free(bench->sums);
  g_free(bench->solvers);
  g_free(bench->weights);
}

static void draw_kinds(const Plan *plan, Bench *bench, guint first) {
  for (guint k = 0; k < plan->own->len; k++) {
    const PersonKind *kind = &g_array_index(plan->own, PersonKind, k);
    double weights[LANES];
    poisson_sums(plan->poisson, plan->options->seed, kind->name, kind->n, first, weights);
    for (guint m = 0; m < plan->n_intervals; m++) {
      const KindParts *parts = &plan->parts[m];
      if (first < plan->intervals[m].resamples)
        statistic_add_lanes((const StatisticPart *)(gpointer)parts->parts->data + parts->start[k],
                            parts->start[k + 1] - parts->start[k], weights, bench->sums[m]);
    }
  }
}

static void draw_groups(const Plan *plan, Bench *bench, guint first) {
  double persons[LANES];
  poisson_sums(plan->poisson, plan->options->seed, G_MAXUINT64, plan->n_pooled, first, persons);
  for (guint g = 0; g < plan->n_groups_most; g++)
    poisson_ones(plan->poisson, plan->options->seed, g, first, bench->weights + (gsize)g * LANES);
  for (guint m = 0; m < plan->n_intervals; m++) {
    const PersonGroups *groups = &plan->groups[m];
    double *sums = bench->sums[m];
    if (first >= plan->intervals[m].resamples)
      continue;
    person_groups_weigh(groups, bench->weights, sums);
    const double *drawn = sums + (gsize)plan->statistics[m].n * LANES;
    for (guint i = 0; i < plan->statistics[m].n; i++)
      for (guint l = 0; l < LANES; l++) {
        double *sum = &sums[(gsize)i * LANES + l];
        *sum = MAX(0, *sum + groups->total[i] / (double)plan->n_pooled * (persons[l] - drawn[l]));
      }
  }
}

/* Draws first .. first + LANES - 1 of every interval that wants them. */
static gboolean draw_batch(guint batch, guint worker, gpointer user, GError **error) {
  const Plan *plan = user;
  Bench *bench = &plan->benches[worker];
  guint first = batch * LANES;
  if (plan->options->cancel && g_atomic_int_get(plan->options->cancel))
    return error_set(error, ERROR_CANCELLED, "cancelled");
  if (!bench->sums)
    bench_make(plan, bench);
  for (guint m = 0; m < plan->n_intervals; m++)
    memset(bench->sums[m], 0, (plan->statistics[m].n + (gsize)1) * LANES * sizeof *bench->sums[m]);
  draw_kinds(plan, bench, first);
  if (plan->n_pooled)
    draw_groups(plan, bench, first);
  for (guint m = 0; m < plan->n_intervals; m++) {
    guint resamples = plan->intervals[m].resamples;
    if (first < resamples &&
        !solver_credits(&bench->solvers[m], &plan->statistics[m], bench->sums[m], MIN((guint)LANES, resamples - first),
                        plan->draws[m] + (gsize)first * plan->n_keys, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean draw(Plan *plan, GError **error) {
  guint most = 0, threads = MAX(plan->options->threads, 1);
  GroupPersons grouping = {plan->kinds, plan->below, plan->options->seed, plan->n_intervals, plan->statistics, plan->groups};
  for (guint m = 0; m < plan->n_intervals; m++)
    most = MAX(most, plan->intervals[m].resamples);
  if (plan->n_pooled && !person_groups_fill(&grouping, threads, error))
    return FALSE;
  plan->benches = g_new0(Bench, threads);
  gboolean good = parallel_run(threads, (most + LANES - 1) / LANES, draw_batch, plan, error);
  for (guint t = 0; t < threads; t++)
    bench_clear(plan, &plan->benches[t]);
  return good;
}

/* --- percentiles --------------------------------------------------------------------------------- */

static int double_compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* A draw of several keys together is the sum of their draws, put in place of the key that names them. */
static void sum_keys(const Interval *interval, double *draws, guint n_keys) {
  g_autofree double *sums = g_new(double, n_keys + 1);
  for (guint i = 0; i < interval->resamples; i++) {
    double *draw = draws + (gsize)i * n_keys;
    memset(sums, 0, n_keys * sizeof *sums);
    for (guint k = 0; k < n_keys; k++)
      sums[interval->into[k]] += draw[k];
    memcpy(draw, sums, n_keys * sizeof *sums);
  }
}

/* The 2.5 % and 97.5 % order statistics of a key's draws. */
static void percentiles(const Interval *interval, double *draws, guint n_keys) {
  guint n = interval->resamples;
  g_autofree double *column = g_new(double, n + 1);
  if (interval->into)
    sum_keys(interval, draws, n_keys);
  for (guint k = 0; k < n_keys && n; k++) {
    for (guint i = 0; i < n; i++)
      column[i] = draws[(gsize)i * n_keys + k];
    qsort(column, n, sizeof *column, double_compare);
    interval->low[k] = column[(guint)(0.025 * (n - 1) + 0.5)];
    interval->high[k] = column[(guint)(0.975 * (n - 1) + 0.5)];
  }
}

/* --- all together -------------------------------------------------------------------------------- */

static void plan_paths(Plan *plan, const AttributionPaths *paths) {
  plan->decay = mean_decay(paths);
  plan->zeros = g_new0(double, paths->conversions->len + 1);
  plan->set = (PathSet){.n_keys = paths->keys->len,
                        .n_paths = paths->conversions->len,
                        .start = (const guint32 *)(gpointer)paths->start->data,
                        .keys = (const guint32 *)(gpointer)paths->elements->data,
                        .conversions = plan->zeros,
                        .nulls = plan->zeros,
                        .value = plan->zeros,
                        .decay = plan->decay};
}

static void plan_clear(Plan *plan) {
  for (guint m = 0; m < plan->n_intervals; m++) {
    statistic_clear(&plan->statistics[m]);
    person_groups_clear(&plan->groups[m]);
    if (plan->parts[m].parts)
      g_array_unref(plan->parts[m].parts);
    g_free(plan->parts[m].start);
    g_free(plan->draws[m]);
  }
  gpointer parts[] = {plan->statistics, plan->groups,  plan->parts, plan->draws,
                      plan->benches,    plan->poisson, plan->zeros, plan->decay};
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
    g_free(parts[i]);
  g_clear_pointer(&plan->own, g_array_unref);
  person_kinds_free(plan->kinds);
}

gboolean resample(const AttributionPaths *paths, Interval *intervals, guint n_intervals, const ResampleOptions *options,
                  GError **error) {
  gboolean good = TRUE;
  Plan plan = {.options = options, .intervals = intervals, .n_intervals = n_intervals, .n_keys = paths->keys->len};
  plan_paths(&plan, paths);
  plan.statistics = g_new0(Statistic, n_intervals + 1);
  plan.groups = g_new0(PersonGroups, n_intervals + 1);
  plan.parts = g_new0(KindParts, n_intervals + 1);
  plan.draws = g_new0(double *, n_intervals + 1);
  for (guint m = 0; m < n_intervals && good; m++)
    good = statistic_init(&plan.statistics[m], intervals[m].model, intervals[m].order, &plan.set, error);
  if (good) {
    plan.poisson = poisson_new();
    plan.kinds = person_kinds_new(paths, options->threads);
    plan.own = g_array_new(FALSE, FALSE, sizeof(PersonKind));
    plan_draws(&plan, paths->persons ? RESAMPLED_PERSONS : RESAMPLED_PATHS);
    good = draw(&plan, error);
  }
  for (guint m = 0; m < n_intervals && good; m++)
    percentiles(&intervals[m], plan.draws[m], plan.n_keys);
  plan_clear(&plan);
  return good;
}
