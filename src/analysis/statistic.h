/* SPDX-License-Identifier: Apache-2.0
 * statistic.h: what a model needs of the paths, as a vector that is a sum over persons: the credit of each key, or for a
 * chain the walks of each edge and what converts and ends in each state. Of weighted persons it is their weighted sum, from
 * which the model's credits follow without the paths. */
#pragma once
#include "analysis/credit.h"
#include "analysis/markov.h"

enum { STATISTIC_LANES = 8 };

typedef struct {
  Model model;
  const PathSet *paths;
  guint n;     /* entries of the vector */
  guint order; /* of a chain: its first n_edges entries are walks, n_states conversions and n_states ends follow */
  MarkovShape shape;
  MarkovChain *chain;                       /* NULL for order 1 of few keys, where a key is a state, its number + 1: */
  guint32 *edge_of;                         /* by the states it leads from and to */
  guint32 *edge_from, *edge_to, *state_key; /* of `shape` then */
} Statistic;

gboolean statistic_init(Statistic *statistic, Model model, guint order, const PathSet *paths, GError **error);
void statistic_clear(Statistic *statistic);

typedef struct {
  guint32 entry;
  float value;
} StatisticPart;

typedef struct { /* what rows add, one thread's */
  StatisticPart *parts;
  guint n;
  guint room, share_room;
  double *share, *zeros;
  guint32 *seen, mark;
} StatisticRoom;
void statistic_room_init(StatisticRoom *room, const Statistic *statistic);
void statistic_room_clear(StatisticRoom *room);
/* Appends what a walk adds; an entry may come several times. */
void statistic_walk(const Statistic *statistic, StatisticRoom *room, guint32 path, gboolean converted);
/* Each entry once. */
void statistic_merge(StatisticRoom *room);
/* How many parts a walk has at most. */
guint statistic_cost(const Statistic *statistic, guint32 path, gboolean converted);

/* Adds parts to STATISTIC_LANES vectors side by side, each with its own weight. */
void statistic_add_lanes(const StatisticPart *parts, gsize n, const double *weights, double *sums);

typedef struct { /* one thread's room for solving */
  MarkovChain *chain;
  float *matrix, *exits, *pays, *effect; /* LANES side by side */
  double *one;                           /* draw */
} Solver;
void solver_init(Solver *solver, const Statistic *statistic);
void solver_clear(Solver *solver);
/* Credits in conversions of every key, of each lane's vector: credits[l * n_keys + key]. Lanes from n_lanes on are left out. */
gboolean solver_credits(Solver *solver, const Statistic *statistic, const double *sums, guint n_lanes, double *credits,
                        GError **error);
/* Nanoseconds of a core that a lane takes, about. */
double statistic_solve_work(const Statistic *statistic);
