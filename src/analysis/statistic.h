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
  guint n;            /* entries of the vector */
  guint32 *start;     /* of a rule: what each path earns where it earns, n_paths + 1 offsets */
  guint32 *keys;      /* and whose it is */
  double *share;      /* and how much */
  guint order;        /* of a chain */
  MarkovChain *chain; /* its first n_edges entries are walks, n_states conversions and n_states ends follow */
  MarkovShape shape;
} Statistic;

gboolean statistic_init(Statistic *statistic, Model model, guint order, const PathSet *paths, GError **error);
void statistic_clear(Statistic *statistic);

/* Adds a walk of a path. Cost: an addition an element. */
void statistic_add(const Statistic *statistic, guint32 path, gboolean converted, double *sums);
/* What rows (person_paths.h) add together, entry by entry; `zeros` are statistic->n and left so. */
typedef struct {
  guint32 entry;
  float value;
} StatisticPart;
void statistic_parts(const Statistic *statistic, const guint32 *rows, guint n_rows, double *zeros, GArray *parts);
/* Adds such parts to STATISTIC_LANES vectors side by side, each with its own weight. */
void statistic_add_lanes(const StatisticPart *parts, gsize n, const double *weights, double *sums);
/* Of how many parts a walk is, at most. */
guint statistic_cost(const Statistic *statistic, guint32 path, gboolean converted);

typedef struct { /* one thread's room for solving */
  MarkovChain *chain;
  double *matrix, *exits, *effect, *one; /* lanes; of `one` draw */
} Solver;
gboolean solver_init(Solver *solver, const Statistic *statistic, GError **error);
void solver_clear(Solver *solver);
/* Credits in conversions of every key, of each lane's vector: credits[l * n_keys + key]. Lanes from n_lanes on are left out. */
gboolean solver_credits(Solver *solver, const Statistic *statistic, const double *sums, guint n_lanes, double *credits,
                        GError **error);
/* Nanoseconds of a core that a lane takes, about. */
double statistic_solve_work(const Statistic *statistic);
