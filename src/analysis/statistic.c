// SPDX-License-Identifier: Apache-2.0
#include "analysis/statistic.h"
#include "analysis/markov_dense.h"
#include "base/clones.h"
#include <math.h>
#include <string.h>

G_STATIC_ASSERT((int)STATISTIC_LANES == (int)MARKOV_DENSE_LANES);
enum { LANES = STATISTIC_LANES, HALF = LANES / 2, DENSE_MAX = 160 /* states */ };
typedef double Half __attribute__((vector_size(HALF * sizeof(double)), aligned(8)));
static const double PRECISION = 1e-8; /* of a draw, whose chance is far larger */

/* The edges that occur, in the order of their states; one pass over all paths. */
static void init_few_keys(Statistic *statistic, const PathSet *paths) {
  guint n = paths->n_keys + 1, n_edges = 0;
  guint32 *edge_of = g_new0(guint32, (gsize)n * n);
  for (guint p = 0; p < paths->n_paths; p++)
    for (guint32 i = paths->start[p], from = 0; i < paths->start[p + 1]; i++) {
      edge_of[from * n + paths->keys[i] + 1] = 1;
      from = paths->keys[i] + 1;
    }
  statistic->edge_of = edge_of;
  statistic->edge_from = g_new(guint32, (gsize)n * n);
  statistic->edge_to = g_new(guint32, (gsize)n * n);
  statistic->state_key = g_new(guint32, n);
  for (guint e = 0; e < n * n; e++)
    if (edge_of[e]) {
      statistic->edge_from[n_edges] = e / n;
      statistic->edge_to[n_edges] = e % n;
      edge_of[e] = n_edges++;
    }
  for (guint s = 1; s < n; s++)
    statistic->state_key[s] = s - 1;
  statistic->shape = (MarkovShape){n, n_edges, NULL, NULL, statistic->edge_from, statistic->edge_to, statistic->state_key};
}

gboolean statistic_init(Statistic *statistic, Model model, guint order, const PathSet *paths, GError **error) {
  *statistic = (Statistic){.model = model, .order = order, .paths = paths, .n = paths->n_keys};
  if (model != MODEL_MARKOV)
    return TRUE;
  if (order == 1 && paths->n_keys < DENSE_MAX)
    init_few_keys(statistic, paths);
  else if (!(statistic->chain = markov_new(paths, order, 1, error)))
    return FALSE;
  else
    statistic->shape = markov_shape(statistic->chain);
  statistic->n = statistic->shape.n_edges + 2 * statistic->shape.n_states;
  return TRUE;
}

void statistic_clear(Statistic *statistic) {
  g_free(statistic->edge_of);
  g_free(statistic->edge_from);
  g_free(statistic->edge_to);
  g_free(statistic->state_key);
  markov_free(statistic->chain);
}

/* --- what a walk adds ---------------------------------------------------------------------------- */

void statistic_room_init(StatisticRoom *room, const Statistic *statistic) {
  *room = (StatisticRoom){.zeros = g_new0(double, statistic->n + 1), .seen = g_new0(guint32, statistic->paths->n_keys + 1)};
}

void statistic_room_clear(StatisticRoom *room) {
  gpointer parts[] = {room->parts, room->share, room->zeros, room->seen};
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
    g_free(parts[i]);
}

static StatisticPart *more_parts(StatisticRoom *room, guint n) {
  if (room->n + n > room->room) {
    room->room = (room->n + n) * 2;
    room->parts = g_renew(StatisticPart, room->parts, room->room);
  }
  return room->parts + room->n;
}

/* A walk's edges, and its end. */
static void walk_chain(const Statistic *statistic, StatisticRoom *room, guint32 path, gboolean converted) {
  const MarkovShape *shape = &statistic->shape;
  guint32 first = statistic->paths->start[path], end = statistic->paths->start[path + 1], state = 0, n_states = shape->n_states;
  const guint32 *keys = statistic->paths->keys;
  StatisticPart *part = more_parts(room, end - first + 1);
  for (guint32 i = first; i < end; i++, part++)
    if (shape->step_edge) {
      *part = (StatisticPart){shape->step_edge[i], 1};
    } else {
      *part = (StatisticPart){statistic->edge_of[state * n_states + keys[i] + 1], 1};
      state = keys[i] + 1;
    }
  state = shape->step_edge ? shape->last_state[path] : state;
  *part = (StatisticPart){shape->n_edges + (converted ? 0 : n_states) + state, 1};
  room->n += end - first + 1;
}

static void walk_rule(const Statistic *statistic, StatisticRoom *room, guint32 path) {
  guint32 first = statistic->paths->start[path], n = statistic->paths->start[path + 1] - first;
  StatisticPart *parts = more_parts(room, n);
  if (n > room->share_room)
    room->share = g_renew(double, room->share, room->share_room = 2 * n);
  if (++room->mark == 0) {
    memset(room->seen, 0, statistic->paths->n_keys * sizeof *room->seen);
    room->mark = 1;
  }
  credit_share_path(statistic->model, statistic->paths, path, room->seen, room->mark, room->share);
  for (guint32 i = 0; i < n; i++)
    if (room->share[i] > 0) {
      *parts++ = (StatisticPart){statistic->paths->keys[first + i], (float)room->share[i]};
      room->n++;
    }
}

void statistic_walk(const Statistic *statistic, StatisticRoom *room, guint32 path, gboolean converted) {
  if (statistic->paths->start[path] == statistic->paths->start[path + 1])
    return;
  if (statistic->model == MODEL_MARKOV)
    walk_chain(statistic, room, path, converted);
  else if (converted)
    walk_rule(statistic, room, path);
}

void statistic_merge(StatisticRoom *room) {
  guint n = 0;
  for (guint i = 0; i < room->n; i++)
    room->zeros[room->parts[i].entry] += (double)room->parts[i].value;
  for (guint i = 0; i < room->n; i++) {
    StatisticPart part = {room->parts[i].entry, (float)room->zeros[room->parts[i].entry]};
    room->zeros[part.entry] = 0;
    if (part.value > 0)
      room->parts[n++] = part;
  }
  room->n = n;
}

guint statistic_cost(const Statistic *statistic, guint32 path, gboolean converted) {
  if (statistic->model == MODEL_FIRST || statistic->model == MODEL_LAST)
    return converted;
  guint n = statistic->paths->start[path + 1] - statistic->paths->start[path];
  return statistic->model == MODEL_MARKOV ? n + 1 : converted ? n : 0;
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

/* --- solving ------------------------------------------------------------------------------------- */

double statistic_solve_work(const Statistic *statistic) {
  double states = statistic->shape.n_states, keys = statistic->paths->n_keys + 1;
  if (statistic->model != MODEL_MARKOV)
    return 0;
  return !statistic->chain ? 0.08 * states * states * states : 40.0 * ceil(keys / 8) * (statistic->shape.n_edges + states);
}

void solver_init(Solver *solver, const Statistic *statistic) {
  gsize n = statistic->shape.n_states;
  *solver = (Solver){.chain = NULL};
  if (statistic->chain) {
    solver->chain = markov_fork(statistic->chain);
    solver->one = g_new(double, statistic->n + 1);
  } else if (statistic->model == MODEL_MARKOV) {
    solver->matrix = g_new(float, n *n *LANES);
    solver->pays = g_new(float, n *LANES);
    solver->exits = g_new(float, n *LANES);
    solver->effect = g_new(float, n *LANES);
  }
}

void solver_clear(Solver *solver) {
  markov_free(solver->chain);
  g_free(solver->matrix);
  g_free(solver->exits);
  g_free(solver->pays);
  g_free(solver->effect);
  g_free(solver->one);
}

static void dense_effects(Solver *solver, const Statistic *statistic, const double *sums) {
  const MarkovShape *shape = &statistic->shape;
  guint n = shape->n_states;
  const double *won = sums + (gsize)shape->n_edges * LANES, *lost = won + (gsize)n * LANES;
  float base[LANES];
  memset(solver->matrix, 0, (gsize)n * n * LANES * sizeof *solver->matrix);
  for (guint e = 0; e < shape->n_edges; e++)
    for (guint l = 0; l < LANES; l++)
      solver->matrix[((gsize)shape->edge_from[e] * n + shape->edge_to[e]) * LANES + l] = (float)sums[(gsize)e * LANES + l];
  for (gsize i = 0; i < (gsize)n * LANES; i++) {
    solver->exits[i] = (float)(won[i] + lost[i]);
    solver->pays[i] = (float)won[i];
  }
  markov_dense_lanes(n, solver->matrix, solver->exits, solver->pays, solver->effect, base);
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
    for (guint k = 0; k < n_keys && statistic->model != MODEL_MARKOV; k++)
      of_lane[k] = sums[(gsize)k * LANES + l];
    for (guint s = 1; s < statistic->shape.n_states && solver->matrix; s++)
      of_lane[statistic->shape.newest[s]] = (double)solver->effect[(gsize)s * LANES + l];
    if (solver->chain && !chain_effects(solver, statistic, sums, l, of_lane, error))
      return FALSE;
    if (statistic->model == MODEL_MARKOV)
      scale_effects(statistic, sums, l, of_lane);
  }
  return TRUE;
}
