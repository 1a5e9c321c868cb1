// SPDX-License-Identifier: Apache-2.0
#include "analysis/statistic.h"
#include "analysis/markov_dense.h"
#include "analysis/person_paths.h"
#include "base/clones.h"
#include <math.h>
#include <string.h>

enum { LANES = STATISTIC_LANES, HALF = LANES / 2, DENSE_MAX = 160 /* states */ };
typedef double Half __attribute__((vector_size(HALF * sizeof(double)), aligned(8)));
static const double PRECISION = 1e-8; /* of a draw, whose chance is far larger */

static void init_rule(Statistic *statistic, Model model, const PathSet *paths) {
  guint32 n = 0, elements = paths->start[paths->n_paths];
  g_autofree double *share = g_new(double, elements + 1);
  credit_shares(model, paths, share);
  statistic->n = paths->n_keys;
  statistic->start = g_new(guint32, paths->n_paths + 1);
  statistic->keys = g_new(guint32, elements + 1);
  statistic->share = g_new(double, elements + 1);
  for (guint p = 0; p < paths->n_paths; p++) {
    statistic->start[p] = n;
    for (guint32 i = paths->start[p]; i < paths->start[p + 1]; i++) {
      statistic->keys[n] = paths->keys[i];
      statistic->share[n] = share[i];
      n += share[i] > 0 ? 1 : 0;
    }
  }
  statistic->start[paths->n_paths] = n;
}

gboolean statistic_init(Statistic *statistic, Model model, guint order, const PathSet *paths, GError **error) {
  *statistic = (Statistic){.model = model, .order = order, .paths = paths};
  if (model != MODEL_MARKOV) {
    init_rule(statistic, model, paths);
    return TRUE;
  }
  if (!(statistic->chain = markov_new(paths, order, error)))
    return FALSE;
  statistic->shape = markov_shape(statistic->chain);
  statistic->n = statistic->shape.n_edges + 2 * statistic->shape.n_states;
  return TRUE;
}

void statistic_clear(Statistic *statistic) {
  g_free(statistic->start);
  g_free(statistic->keys);
  g_free(statistic->share);
  markov_free(statistic->chain);
}

/* Where the walk's end is counted. */
static inline guint end_of(const MarkovShape *shape, guint32 path, gboolean converted) {
  return shape->n_edges + (converted ? 0 : shape->n_states) + shape->last_state[path];
}

void statistic_add(const Statistic *statistic, guint32 path, gboolean converted, double *sums) {
  const guint32 *start = statistic->chain ? statistic->paths->start : statistic->start;
  if (statistic->chain) {
    for (guint32 i = start[path]; i < start[path + 1]; i++)
      sums[statistic->shape.step_edge[i]]++;
    sums[end_of(&statistic->shape, path, converted)] += start[path] < start[path + 1];
  } else if (converted) {
    for (guint32 i = start[path]; i < start[path + 1]; i++)
      sums[statistic->keys[i]] += statistic->share[i];
  }
}

/* Moves an entry from the sums to the parts, the first time it is come by. */
static inline void take_part(double *sums, guint32 entry, GArray *parts) {
  StatisticPart part = {entry, (float)sums[entry]};
  if (part.value == 0)
    return;
  sums[entry] = 0;
  g_array_append_val(parts, part);
}

void statistic_parts(const Statistic *statistic, const guint32 *rows, guint n_rows, double *zeros, GArray *parts) {
  const guint32 *start = statistic->chain ? statistic->paths->start : statistic->start;
  const guint32 *entries = statistic->chain ? statistic->shape.step_edge : statistic->keys;
  for (guint r = 0; r < n_rows; r++)
    statistic_add(statistic, person_row_path(rows[r]), person_row_converted(rows[r]), zeros);
  for (guint r = 0; r < n_rows; r++) {
    guint32 path = person_row_path(rows[r]);
    gboolean converted = person_row_converted(rows[r]);
    for (guint32 i = start[path]; i < start[path + 1]; i++)
      take_part(zeros, entries[i], parts);
    if (statistic->chain)
      take_part(zeros, end_of(&statistic->shape, path, converted), parts);
  }
}

CLONES_OF("avx2,fma") void statistic_add_lanes(const StatisticPart *parts, gsize n, const double *weights, double *sums) {
  const Half *weight = (const Half *)(gconstpointer)weights;
  const Half low = weight[0], high = weight[1];
  Half *to = (Half *)(gpointer)sums;
  for (gsize i = 0; i < n; i++) {
    gsize entry = parts[i].entry;
    double value = parts[i].value;
    to[2 * entry] += value * low;
    to[2 * entry + 1] += value * high;
  }
}

guint statistic_cost(const Statistic *statistic, guint32 path, gboolean converted) {
  if (statistic->chain)
    return statistic->paths->start[path + 1] - statistic->paths->start[path] + 1;
  return converted ? statistic->start[path + 1] - statistic->start[path] : 0;
}

/* --- solving ------------------------------------------------------------------------------------- */

static gboolean is_dense(const Statistic *statistic) {
  return statistic->chain && statistic->order == 1 && statistic->shape.n_states <= DENSE_MAX;
}

double statistic_solve_work(const Statistic *statistic) {
  double states = statistic->shape.n_states, keys = statistic->paths->n_keys + 1;
  if (!statistic->chain)
    return 0;
  return is_dense(statistic) ? 0.15 * states * states * states : 40.0 * ceil(keys / 8) * (statistic->shape.n_edges + states);
}

gboolean solver_init(Solver *solver, const Statistic *statistic, GError **error) {
  guint n = statistic->shape.n_states;
  *solver = (Solver){.chain = NULL};
  if (!statistic->chain)
    return TRUE;
  solver->one = g_new(double, statistic->n + 1);
  if (!is_dense(statistic))
    return (solver->chain = markov_new(statistic->paths, statistic->order, error)) != NULL;
  solver->matrix = g_new(double, (gsize)n *n *LANES);
  solver->exits = g_new(double, (gsize)n *LANES);
  solver->effect = g_new(double, (gsize)n *LANES);
  return TRUE;
}

void solver_clear(Solver *solver) {
  markov_free(solver->chain);
  g_free(solver->matrix);
  g_free(solver->exits);
  g_free(solver->effect);
  g_free(solver->one);
}

static void dense_effects(Solver *solver, const Statistic *statistic, const double *sums) {
  const MarkovShape *shape = &statistic->shape;
  guint n = shape->n_states;
  const double *won = sums + (gsize)shape->n_edges * LANES, *lost = won + (gsize)n * LANES;
  double base[LANES];
  memset(solver->matrix, 0, (gsize)n * n * LANES * sizeof *solver->matrix);
  for (guint e = 0; e < shape->n_edges; e++)
    memcpy(solver->matrix + ((gsize)shape->edge_from[e] * n + shape->edge_to[e]) * LANES, sums + (gsize)e * LANES,
           LANES * sizeof *sums);
  for (gsize i = 0; i < (gsize)n * LANES; i++)
    solver->exits[i] = won[i] + lost[i];
  markov_dense_invert(n, LANES, solver->matrix, solver->exits);
  markov_dense_effects(n, LANES, solver->matrix, won, solver->effect, base);
}

/* Effects of a lane become credits; those that sum to nothing give way to conversion shares, as in the credit itself. */
static void scale_effects(const Statistic *statistic, const double *sums, guint lane, double *credits) {
  const MarkovShape *shape = &statistic->shape;
  guint n_keys = statistic->paths->n_keys;
  const double *won = sums + (gsize)shape->n_edges * LANES + lane;
  double total = 0, sum = 0;
  for (guint s = 0; s < shape->n_states; s++)
    total += won[(gsize)s * LANES];
  for (guint k = 0; k < n_keys; k++)
    sum += credits[k];
  for (guint k = 0; k < n_keys; k++)
    credits[k] = sum > 0 ? credits[k] / sum * total : 0;
  for (guint s = 1; s < shape->n_states && !(sum > 0); s++)
    credits[shape->newest[s]] += won[(gsize)s * LANES];
}

static gboolean chain_effects(Solver *solver, const Statistic *statistic, const double *sums, guint lane, double *effect,
                              GError **error) {
  const MarkovShape *shape = &statistic->shape;
  for (guint i = 0; i < statistic->n; i++)
    solver->one[i] = sums[(gsize)i * LANES + lane];
  const double *won = solver->one + shape->n_edges;
  return markov_effects_of_counts(solver->chain, solver->one, won, won + shape->n_states, PRECISION, effect, error);
}

gboolean solver_credits(Solver *solver, const Statistic *statistic, const double *sums, guint n_lanes, double *credits,
                        GError **error) {
  guint n_keys = statistic->paths->n_keys;
  if (solver->matrix)
    dense_effects(solver, statistic, sums);
  for (guint l = 0; l < n_lanes; l++) {
    double *of_lane = credits + (gsize)l * n_keys;
    for (guint k = 0; k < n_keys && !statistic->chain; k++)
      of_lane[k] = sums[(gsize)k * LANES + l];
    for (guint s = 1; s < statistic->shape.n_states && solver->matrix; s++)
      of_lane[statistic->shape.newest[s]] = solver->effect[(gsize)s * LANES + l];
    if (solver->chain && !chain_effects(solver, statistic, sums, l, of_lane, error))
      return FALSE;
    if (statistic->chain)
      scale_effects(statistic, sums, l, of_lane);
  }
  return TRUE;
}
