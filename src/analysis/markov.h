/* SPDX-License-Identifier: Apache-2.0
 * markov.h: removal effects of an absorbing Markov chain of order 1..3, solved, never simulated.
 * Source: Anderl, Becker, von Wangenheim, Schumann, "Mapping the customer journey", 2016; the chain's absorption
 * probabilities satisfy h = Q h + r, Kemeny and Snell 1976. The chain's shape is made once and can be weighed many times. */
#pragma once
#include "analysis/path_set.h"

enum { MARKOV_ORDER_MAX = 3, MARKOV_STATES_MAX = 1000000 };

typedef struct MarkovChain MarkovChain;

/* States are the last `order` keys, fewer at the start, numbered as the paths come by them, whatever the threads. ERROR_LIMIT
 * above MARKOV_STATES_MAX. The paths must outlive it. */
MarkovChain *markov_new(const PathSet *paths, guint order, guint threads, GError **error);
/* The same chain to be weighed otherwise, by another thread; the first must outlive it. */
MarkovChain *markov_fork(const MarkovChain *chain);
void markov_free(MarkovChain *chain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MarkovChain, markov_free)
guint markov_states(const MarkovChain *chain);

/* The same paths with other counts (resampled), for the next markov_effects. */
void markov_reweigh(MarkovChain *chain, const PathSet *paths);

typedef struct { /* what the chain counts; borrowed from it */
  guint n_states, n_edges;
  const guint32 *step_edge;           /* per element of the paths' keys: the edge it walks */
  const guint32 *last_state;          /* per path */
  const guint32 *edge_from, *edge_to; /* states; 0 is the start */
  const guint32 *newest;              /* per state but the start: its newest key */
} MarkovShape;
MarkovShape markov_shape(const MarkovChain *chain);

/* effect[k] = 1 - P(k removed) / P, and the same for value in value_effect; both n_keys or NULL, zero when nothing
 * converts. The same on any number of threads. Cost: a few dozen sweeps over the transitions for every eight keys. */
gboolean markov_effects(MarkovChain *chain, guint threads, double *effect, double *value_effect, GError **error);
/* Of given counts instead: of each edge, and of conversions and ends in each state. To `precision`, not to rounding. */
gboolean markov_effects_of_counts(MarkovChain *chain, const double *edges, const double *won, const double *lost, double precision,
                                  double *effect, GError **error);
/* That P, where `effect` was asked for: the share of paths that convert. */
double markov_base(const MarkovChain *chain);
