// SPDX-License-Identifier: Apache-2.0
// A chain over states "the last k keys". From state s a path goes on to other states, converts or ends. With counts
// n(s,t), conversions c(s) and T(s) all that leaves s, the chance to convert is h(s) = (sum n(s,t) h(t) + c(s)) / T(s).
// Removing key x sends every entry into a state whose newest key is x to null: h = 0 there, all else as before.
//
//   a > b > c (1 conversion), a (1 without), b > c (1 without):   P = h(start) = 1/3
//   without a: start -> b only from "b > c", which never converts alone in 2 of 3 starts: effect(a) = .5; b and c: 1.
//
// All removals solve the same matrix with other zeros, so eight of them run side by side in one vector (lanes), swept in
// place (Gauss-Seidel) until the error bound of the geometric tail is below 1e-14. Chains that mix too slowly for
// that (a loop left once in a million) are factorised by CXSparse instead. Either way the answer is exact to rounding.
#include "analysis/markov.h"
#include "base/error.h"
#include <math.h>
#include <string.h>
#include <suitesparse/cs.h>

enum { LANES = 8, SWEEPS_MAX = 400 };
static const double TAIL_MAX = 1e-14;

typedef double Lanes __attribute__((vector_size(LANES * sizeof(double))));
typedef gint64 LaneMask __attribute__((vector_size(LANES * sizeof(gint64))));

typedef struct {
  guint32 keys[MARKOV_ORDER_MAX]; /* oldest first; n of them */
  guint32 n;
} Tuple;

struct MarkovChain {
  const PathSet *paths;
  guint order;
  GArray *tuples;                                /* of Tuple, by state; state 0 is the start */
  GArray *step_edge;                             /* of guint32: the edge each element of paths->keys walks */
  GArray *edge_from;                             /* of guint32 */
  GArray *edge_to;                               /* of guint32 */
  guint32 *row_start;                            /* states + 1 */
  guint32 *row_edge;                             /* edges by state they leave */
  guint32 *last_state;                           /* per path */
  guint32 *newest;                               /* per state: its newest key; the start has none (G_MAXUINT32 - 1) */
  double *edge_weight, *left, *converted, *paid; /* per edge; per state */
  double base;
};

static guint tuple_hash(gconstpointer p) {
  const Tuple *t = p;
  guint64 h = t->n;
  for (guint i = 0; i < t->n; i++)
    h = (h ^ t->keys[i]) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15), h ^= h >> 29;
  return (guint)h;
}
static gboolean tuple_equal(gconstpointer a, gconstpointer b) {
  const Tuple *x = a, *y = b;
  return x->n == y->n && memcmp(x->keys, y->keys, x->n * sizeof *x->keys) == 0;
}
static guint pair_hash(gconstpointer p) {
  guint64 h = *(const guint64 *)p * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
  return (guint)(h >> 32);
}

static Tuple tuple_after(const Tuple *tuple, guint order, guint32 key) {
  Tuple next = *tuple;
  if (next.n == order)
    memmove(next.keys, next.keys + 1, (order - 1) * sizeof *next.keys);
  else
    next.n++;
  next.keys[next.n - 1] = key;
  return next;
}

typedef struct {
  GHashTable *states; /* Tuple -> state + 1 */
  GHashTable *edges;  /* (from << 32 | to) -> edge + 1 */
} Maker;

static guint32 state_of(MarkovChain *chain, Maker *maker, const Tuple *tuple) {
  gpointer known = g_hash_table_lookup(maker->states, tuple);
  if (known)
    return GPOINTER_TO_UINT(known) - 1;
  g_array_append_val(chain->tuples, *tuple);
  g_hash_table_insert(maker->states, g_memdup2(tuple, sizeof *tuple), GUINT_TO_POINTER(chain->tuples->len));
  return chain->tuples->len - 1;
}

static guint32 edge_of(MarkovChain *chain, Maker *maker, guint32 from, guint32 to) {
  guint64 pair = (guint64)from << 32 | to;
  gpointer known = g_hash_table_lookup(maker->edges, &pair);
  if (known)
    return GPOINTER_TO_UINT(known) - 1;
  g_array_append_val(chain->edge_from, from);
  g_array_append_val(chain->edge_to, to);
  g_hash_table_insert(maker->edges, g_memdup2(&pair, sizeof pair), GUINT_TO_POINTER(chain->edge_from->len));
  return chain->edge_from->len - 1;
}

static gboolean walk_paths(MarkovChain *chain, Maker *maker, GError **error) {
  const PathSet *paths = chain->paths;
  Tuple start = {{0}, 0};
  state_of(chain, maker, &start);
  for (guint p = 0; p < paths->n_paths; p++) {
    Tuple tuple = start;
    guint32 state = 0;
    for (guint32 i = paths->start[p]; i < paths->start[p + 1]; i++) {
      tuple = tuple_after(&tuple, chain->order, paths->keys[i]);
      guint32 next = state_of(chain, maker, &tuple);
      guint32 edge = edge_of(chain, maker, state, next);
      g_array_append_val(chain->step_edge, edge);
      state = next;
    }
    chain->last_state[p] = state;
    if (chain->tuples->len > MARKOV_STATES_MAX)
      return error_set(error, ERROR_LIMIT,
                       "markov(%u) over these paths has more than %d states\nhint: use a lower order or a coarser key",
                       chain->order, MARKOV_STATES_MAX);
  }
  return TRUE;
}

static void index_rows(MarkovChain *chain) {
  guint n = chain->tuples->len, m = chain->edge_from->len;
  const guint32 *from = (const guint32 *)(gpointer)chain->edge_from->data;
  chain->row_start = g_new0(guint32, n + 1);
  chain->row_edge = g_new(guint32, m);
  for (guint e = 0; e < m; e++)
    chain->row_start[from[e] + 1]++;
  for (guint s = 0; s < n; s++)
    chain->row_start[s + 1] += chain->row_start[s];
  g_autofree guint32 *next = g_memdup2(chain->row_start, (n + 1) * sizeof *next);
  for (guint e = 0; e < m; e++)
    chain->row_edge[next[from[e]]++] = e;
}

MarkovChain *markov_new(const PathSet *paths, guint order, GError **error) {
  g_assert(order >= 1 && order <= MARKOV_ORDER_MAX);
  g_autoptr(MarkovChain) chain = g_new0(MarkovChain, 1);
  chain->paths = paths;
  chain->order = order;
  chain->tuples = g_array_new(FALSE, FALSE, sizeof(Tuple));
  chain->step_edge = g_array_sized_new(FALSE, FALSE, sizeof(guint32), paths->start[paths->n_paths]);
  chain->edge_from = g_array_new(FALSE, FALSE, sizeof(guint32));
  chain->edge_to = g_array_new(FALSE, FALSE, sizeof(guint32));
  chain->last_state = g_new(guint32, MAX(paths->n_paths, 1));
  Maker maker = {g_hash_table_new_full(tuple_hash, tuple_equal, g_free, NULL),
                 g_hash_table_new_full(pair_hash, g_int64_equal, g_free, NULL)};
  gboolean good = walk_paths(chain, &maker, error);
  g_hash_table_unref(maker.states);
  g_hash_table_unref(maker.edges);
  if (!good)
    return NULL;
  index_rows(chain);
  const Tuple *tuples = (const Tuple *)(gpointer)chain->tuples->data;
  chain->newest = g_new(guint32, chain->tuples->len);
  for (guint s = 0; s < chain->tuples->len; s++)
    chain->newest[s] = s ? tuples[s].keys[tuples[s].n - 1] : G_MAXUINT32 - 1;
  chain->edge_weight = g_new(double, MAX(chain->edge_from->len, 1));
  chain->left = g_new(double, chain->tuples->len);
  chain->converted = g_new(double, chain->tuples->len);
  chain->paid = g_new(double, chain->tuples->len);
  return g_steal_pointer(&chain);
}

void markov_free(MarkovChain *chain) {
  if (!chain)
    return;
  g_clear_pointer(&chain->tuples, g_array_unref);
  g_clear_pointer(&chain->step_edge, g_array_unref);
  g_clear_pointer(&chain->edge_from, g_array_unref);
  g_clear_pointer(&chain->edge_to, g_array_unref);
  g_free(chain->row_start);
  g_free(chain->row_edge);
  g_free(chain->last_state);
  g_free(chain->newest);
  g_free(chain->edge_weight);
  g_free(chain->left);
  g_free(chain->converted);
  g_free(chain->paid);
  g_free(chain);
}

void markov_reweigh(MarkovChain *chain, const PathSet *paths) {
  g_assert(paths->n_paths == chain->paths->n_paths && paths->start == chain->paths->start);
  chain->paths = paths;
}

guint markov_states(const MarkovChain *chain) {
  return chain->tuples->len;
}
double markov_base(const MarkovChain *chain) {
  return chain->base;
}

/* Counts become shares of what leaves a state: the rows of Q, and the two right-hand sides. */
static void weigh(MarkovChain *chain) {
  const PathSet *paths = chain->paths;
  guint n = chain->tuples->len, m = chain->edge_from->len;
  const guint32 *step_edge = (const guint32 *)(gpointer)chain->step_edge->data;
  const guint32 *from = (const guint32 *)(gpointer)chain->edge_from->data;
  memset(chain->edge_weight, 0, m * sizeof(double));
  memset(chain->left, 0, n * sizeof(double));
  memset(chain->converted, 0, n * sizeof(double));
  memset(chain->paid, 0, n * sizeof(double));
  for (guint p = 0; p < paths->n_paths; p++) {
    double walks = paths->conversions[p] + paths->nulls[p];
    if (walks == 0 || paths->start[p] == paths->start[p + 1])
      continue;
    for (guint32 i = paths->start[p]; i < paths->start[p + 1]; i++)
      chain->edge_weight[step_edge[i]] += walks;
    chain->left[chain->last_state[p]] += walks;
    chain->converted[chain->last_state[p]] += paths->conversions[p];
    chain->paid[chain->last_state[p]] += paths->value[p];
  }
  for (guint e = 0; e < m; e++)
    chain->left[from[e]] += chain->edge_weight[e];
  for (guint e = 0; e < m; e++)
    if (chain->edge_weight[e] > 0)
      chain->edge_weight[e] /= chain->left[from[e]];
  for (guint s = 0; s < n; s++)
    if (chain->left[s] > 0) {
      chain->converted[s] /= chain->left[s];
      chain->paid[s] /= chain->left[s];
    }
}

typedef struct { /* up to LANES systems: which key is removed in each, and what absorption pays */
  guint n;
  guint32 removed[LANES]; /* G_MAXUINT32: none */
  const double *pays;     /* per state */
  double result[LANES];   /* at the start state */
} Systems;

/* One pass in place; returns the largest change of any lane. Cost: a multiply-add of a vector an edge. */
__attribute__((target_clones("avx2,fma", "default"))) static double sweep(const MarkovChain *chain, const Systems *systems,
                                                                          Lanes *h, gboolean backwards) {
  guint n = chain->tuples->len;
  const guint32 *to = (const guint32 *)(gpointer)chain->edge_to->data;
  Lanes most = {0};
  LaneMask removed;
  for (guint l = 0; l < LANES; l++)
    removed[l] = systems->removed[l];
  for (guint i = 0; i < n; i++) {
    guint s = backwards ? n - 1 - i : i;
    Lanes sum = systems->pays[s] - (Lanes){0};
    for (guint32 r = chain->row_start[s]; r < chain->row_start[s + 1]; r++) {
      guint32 edge = chain->row_edge[r];
      sum += chain->edge_weight[edge] * h[to[edge]];
    }
    LaneMask kept = removed != (gint64)chain->newest[s];
    sum = (Lanes)((LaneMask)sum & kept);
    Lanes change = sum - h[s];
    change = (Lanes)((LaneMask)change & G_MAXINT64); /* magnitude: the sign bit off */
    LaneMask larger = change > most;
    most = (Lanes)(((LaneMask)change & larger) | ((LaneMask)most & ~larger));
    h[s] = sum;
  }
  double change = 0;
  for (guint l = 0; l < LANES; l++)
    change = fmax(change, most[l]);
  return change;
}

static gboolean solve_by_sweeps(const MarkovChain *chain, Systems *systems, Lanes *h) {
  double scale = 0, before = INFINITY;
  for (guint s = 0; s < chain->tuples->len; s++)
    scale = fmax(scale, fabs(systems->pays[s]));
  memset(h, 0, chain->tuples->len * sizeof *h);
  for (guint i = 0; i < SWEEPS_MAX; i++) {
    double change = sweep(chain, systems, h, i % 2 == 0);
    double rate = before > 0 && isfinite(before) ? change / before : 1;
    if (change == 0 || (rate < 1 && change * rate / (1 - rate) <= TAIL_MAX * scale)) {
      for (guint l = 0; l < LANES; l++)
        systems->result[l] = h[0][l];
      return TRUE;
    }
    before = change;
  }
  return FALSE;
}

/* One system by sparse LU. */
static gboolean solve_by_factors(const MarkovChain *chain, guint32 removed, const double *pays, double *result, GError **error) {
  guint n = chain->tuples->len;
  const guint32 *from = (const guint32 *)(gpointer)chain->edge_from->data, *to = (const guint32 *)(gpointer)chain->edge_to->data;
  cs_di *triplets = cs_di_spalloc((int)n, (int)n, (int)(chain->edge_from->len + n), 1, 1);
  g_autofree double *x = g_new(double, n);
  gboolean good = triplets != NULL;
  for (guint s = 0; s < n && good; s++) {
    x[s] = chain->newest[s] == removed ? 0 : pays[s];
    good = cs_di_entry(triplets, (int)s, (int)s, 1);
  }
  for (guint e = 0; e < chain->edge_from->len && good; e++)
    if (chain->newest[from[e]] != removed)
      good = cs_di_entry(triplets, (int)from[e], (int)to[e], -chain->edge_weight[e]);
  cs_di *matrix = good ? cs_di_compress(triplets) : NULL;
  good = matrix && cs_di_dupl(matrix) && cs_di_lusol(2, matrix, x, 1e-3);
  *result = x[0];
  cs_di_spfree(triplets);
  cs_di_spfree(matrix);
  return good || error_set(error, ERROR_LIMIT,
                           "the transitions of markov(%u) cannot be factorised in memory\nhint: use a lower order", chain->order);
}

static gboolean solve(const MarkovChain *chain, Systems *systems, Lanes *h, GError **error) {
  for (guint l = systems->n; l < LANES; l++) /* idle lanes repeat the first */
    systems->removed[l] = systems->removed[0];
  if (solve_by_sweeps(chain, systems, h))
    return TRUE;
  for (guint l = 0; l < systems->n; l++)
    if (!solve_by_factors(chain, systems->removed[l], systems->pays, &systems->result[l], error))
      return FALSE;
  return TRUE;
}

/* All systems of one right-hand side: nothing removed, then each key; results[0] and results[1 + key]. */
static gboolean solve_all(const MarkovChain *chain, const double *pays, Lanes *h, double *results, GError **error) {
  guint total = chain->paths->n_keys + 1;
  for (guint first = 0; first < total; first += LANES) {
    Systems systems = {.n = MIN((guint)LANES, total - first), .pays = pays};
    for (guint l = 0; l < systems.n; l++)
      systems.removed[l] = first + l == 0 ? G_MAXUINT32 : first + l - 1;
    if (!solve(chain, &systems, h, error))
      return FALSE;
    memcpy(results + first, systems.result, systems.n * sizeof(double));
  }
  return TRUE;
}

static void effects_of(const double *results, guint n_keys, double *effect) {
  for (guint k = 0; k < n_keys; k++)
    effect[k] = results[0] > 0 ? CLAMP(1 - results[1 + k] / results[0], 0, 1) : 0;
}

gboolean markov_effects(MarkovChain *chain, double *effect, double *value_effect, GError **error) {
  guint n_keys = chain->paths->n_keys;
  g_autofree double *results = g_new(double, n_keys + 1);
  Lanes *h = g_aligned_alloc(MAX(chain->tuples->len, 1), sizeof(Lanes), sizeof(Lanes));
  weigh(chain);
  gboolean good = solve_all(chain, chain->converted, h, results, error);
  if (good) {
    chain->base = results[0];
    effects_of(results, n_keys, effect);
    if (value_effect && (good = solve_all(chain, chain->paid, h, results, error)))
      effects_of(results, n_keys, value_effect);
  }
  g_aligned_free(h);
  return good;
}
