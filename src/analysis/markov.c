// SPDX-License-Identifier: Apache-2.0
// A chain over states "the last k keys". From state s a path goes on to other states, converts or ends. With counts
// n(s,t), conversions c(s) and T(s) all that leaves s, the chance to convert is h(s) = (sum n(s,t) h(t) + c(s)) / T(s).
// Removing key x sends every entry into a state whose newest key is x to null: h = 0 there, all else as before.
//
//   a > b > c (1 conversion), a (1 without), b > c (1 without):   P = h(start) = 1/3
//   without a: start -> b only from "b > c", which never converts alone in 2 of 3 starts: effect(a) = .5; b and c: 1.
//
// All removals solve the same matrix with other zeros, so eight of them run side by side in one vector (lanes), swept in
// place (Gauss-Seidel, leaping ahead along the slowest error) until the bound of the geometric tail is below 1e-14. Batches
// of eight are spread over cores; each comes out the same wherever it runs. Chains that mix too slowly for
// that (a loop left once in a million) are factorised by CXSparse instead. Either way the answer is exact to rounding. Of few
// states and order 1 a full inverse is faster than either (markov_dense.h).
#include "analysis/markov.h"
#include "analysis/markov_dense.h"
#include "base/clones.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/pages.h"
#include "base/parallel.h"
#include <math.h>
#include <string.h>
#include <suitesparse/cs.h>

enum {
  LANES = 8,
  HALF = LANES / 2,
  ROUNDS_MAX = 200,
  ROUNDS_BETWEEN_LEAPS = 3,
  EDGES_MIN = 1024,
  DIRECT_MAX = 1 << 20,
  PART_MIN = 1 << 18
};
enum { DENSE_MAX = 160 }; /* states */
static const double TAIL_MAX = 1e-14;

typedef double Half __attribute__((vector_size(HALF * sizeof(double))));
typedef gint64 HalfMask __attribute__((vector_size(HALF * sizeof(gint64))));

typedef struct {
  guint32 keys[MARKOV_ORDER_MAX]; /* oldest first; n of them */
  guint32 n;
} Tuple;

typedef struct { /* an entry of Q */
  double share;
  guint32 to;
} Step;

struct MarkovChain {
  gboolean forked; /* only what is weighed is its own */
  const PathSet *paths;
  guint order;
  GArray *tuples;                                /* of Tuple, by state; state 0 is the start */
  guint32 *step_edge;                            /* the edge that each element of paths->keys walks */
  GArray *edge_from;                             /* of guint32 */
  GArray *edge_to;                               /* of guint32 */
  guint32 *row_start;                            /* states + 1 */
  guint32 *row_of;                               /* by edge: its place among the rows, sorted by the state it leaves */
  Step *steps;                                   /* the rows */
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
static Tuple tuple_after(const Tuple *tuple, guint order, guint32 key) {
  Tuple next = *tuple;
  if (next.n == order)
    memmove(next.keys, next.keys + 1, (order - 1) * sizeof *next.keys);
  else
    next.n++;
  next.keys[next.n - 1] = key;
  return next;
}

/* (state, key) to the edge it walks: met once an element of every path, so not a GHashTable. */
typedef struct {
  guint64 *pairs; /* state << 32 | key, plus 1; 0 empty */
  guint32 *edges;
  gsize mask;
  guint used;
} EdgeTable;

typedef struct { /* numbers states and edges as it meets them */
  guint order;
  GHashTable *states;          /* Tuple -> state + 1 */
  EdgeTable edges;             /* of any number of keys */
  guint32 *direct;             /* state * n_keys + key -> edge + 1, as long as that is small; else NULL */
  guint n_keys, direct_room;   /* states that it has room for */
  GArray *tuples;              /* of Tuple, by state */
  GArray *edge_from, *edge_to; /* of guint32 */
} Maker;

static void edge_table_init(EdgeTable *table, gsize size) {
  *table = (EdgeTable){g_new0(guint64, size), g_new(guint32, size), size - 1, 0};
}
static void edge_table_clear(EdgeTable *table) {
  g_free(table->pairs);
  g_free(table->edges);
}

static gsize edge_slot(const EdgeTable *table, guint64 pair) {
  gsize at = hash_mix(pair) & table->mask;
  while (table->pairs[at] && table->pairs[at] != pair)
    at = (at + 1) & table->mask;
  return at;
}

static void edge_table_grow(EdgeTable *table) {
  EdgeTable more;
  edge_table_init(&more, (table->mask + 1) * 2);
  for (gsize i = 0; i <= table->mask; i++)
    if (table->pairs[i]) {
      gsize at = edge_slot(&more, table->pairs[i]);
      more.pairs[at] = table->pairs[i];
      more.edges[at] = table->edges[i];
    }
  more.used = table->used;
  edge_table_clear(table);
  *table = more;
}

static guint32 state_of(Maker *maker, const Tuple *tuple) {
  gpointer known = g_hash_table_lookup(maker->states, tuple);
  if (known)
    return GPOINTER_TO_UINT(known) - 1;
  g_array_append_val(maker->tuples, *tuple);
  g_hash_table_insert(maker->states, g_memdup2(tuple, sizeof *tuple), GUINT_TO_POINTER(maker->tuples->len));
  return maker->tuples->len - 1;
}

static void maker_init(Maker *maker, guint order, guint n_keys) {
  Tuple start = {{0}, 0};
  *maker = (Maker){.order = order,
                   .states = g_hash_table_new_full(tuple_hash, tuple_equal, g_free, NULL),
                   .n_keys = n_keys,
                   .direct_room = 1,
                   .direct = n_keys <= DIRECT_MAX ? g_new0(guint32, n_keys + 1) : NULL,
                   .tuples = g_array_new(FALSE, FALSE, sizeof(Tuple)),
                   .edge_from = g_array_new(FALSE, FALSE, sizeof(guint32)),
                   .edge_to = g_array_new(FALSE, FALSE, sizeof(guint32))};
  edge_table_init(&maker->edges, EDGES_MIN);
  state_of(maker, &start);
}

static void maker_clear(Maker *maker) {
  g_clear_pointer(&maker->states, g_hash_table_unref);
  g_clear_pointer(&maker->tuples, g_array_unref);
  g_clear_pointer(&maker->edge_from, g_array_unref);
  g_clear_pointer(&maker->edge_to, g_array_unref);
  edge_table_clear(&maker->edges);
  g_free(maker->direct);
}

static guint32 make_edge(Maker *maker, guint32 from, guint32 key) {
  Tuple next = tuple_after(&g_array_index(maker->tuples, Tuple, from), maker->order, key);
  guint32 to = state_of(maker, &next);
  g_array_append_val(maker->edge_from, from);
  g_array_append_val(maker->edge_to, to);
  return maker->edge_from->len - 1;
}

static guint32 edge_in_table(Maker *maker, guint32 from, guint32 key) {
  EdgeTable *table = &maker->edges;
  guint64 pair = ((guint64)from << 32 | key) + 1;
  gsize at = edge_slot(table, pair);
  if (table->pairs[at])
    return table->edges[at];
  guint32 edge = make_edge(maker, from, key);
  table->pairs[at] = pair;
  table->edges[at] = edge;
  if (++table->used * 2 > table->mask)
    edge_table_grow(table);
  return edge;
}

/* A state beyond the direct table, or an edge that is not in it yet. */
static guint32 find_edge(Maker *maker, guint32 from, guint32 key) {
  if (maker->direct && from >= maker->direct_room) {
    gsize room = MIN((gsize)from * 2 + 8, (gsize)DIRECT_MAX / MAX(maker->n_keys, 1));
    if (room > from) {
      maker->direct = g_renew(guint32, maker->direct, room * maker->n_keys);
      memset(maker->direct + (gsize)maker->direct_room * maker->n_keys, 0,
             (room - maker->direct_room) * maker->n_keys * sizeof *maker->direct);
      maker->direct_room = (guint)room;
    }
  }
  if (!maker->direct || from >= maker->direct_room)
    return edge_in_table(maker, from, key);
  guint32 edge = make_edge(maker, from, key);
  maker->direct[(gsize)from * maker->n_keys + key] = edge + 1;
  return edge;
}

static inline guint32 edge_of(Maker *maker, guint32 from, guint32 key) {
  guint32 known = from < maker->direct_room && maker->direct ? maker->direct[(gsize)from * maker->n_keys + key] : 0;
  return known ? known - 1 : find_edge(maker, from, key);
}

/* Edges and last states of paths [first, end), by the maker's own numbers. */
static gboolean walk_paths(MarkovChain *chain, Maker *maker, guint first, guint end, GError **error) {
  const PathSet *paths = chain->paths;
  for (guint p = first; p < end; p++) {
    guint32 state = 0;
    for (guint32 i = paths->start[p]; i < paths->start[p + 1]; i++) {
      guint32 edge = edge_of(maker, state, paths->keys[i]);
      chain->step_edge[i] = edge;
      state = g_array_index(maker->edge_to, guint32, edge);
    }
    chain->last_state[p] = state;
    if (maker->tuples->len > MARKOV_STATES_MAX)
      return error_set(error, ERROR_LIMIT,
                       "markov(%u) over these paths has more than %d states\nhint: use a lower order or a coarser key",
                       chain->order, MARKOV_STATES_MAX);
  }
  return TRUE;
}

typedef struct { /* each part of the paths is walked with numbers of its own, which then become those of all */
  MarkovChain *chain;
  Maker *makers;
  guint n;
  guint32 **states, **edges; /* by part: of all, by its own */
} Parts;

static guint part_first(const Parts *parts, guint part) {
  return (guint)((guint64)parts->chain->paths->n_paths * part / parts->n);
}

static gboolean walk_part(guint part, guint worker, gpointer user, GError **error) {
  const Parts *parts = user;
  return walk_paths(parts->chain, &parts->makers[part], part_first(parts, part), part_first(parts, part + 1), error);
}

/* Part by part, each in the order in which it met them: that is the order of one walk over all paths. */
static void join_part(const Parts *parts, guint part, Maker *all) {
  const Maker *maker = &parts->makers[part];
  guint32 *states = parts->states[part] = g_new0(guint32, maker->tuples->len + 1),
          *edges = parts->edges[part] = g_new(guint32, maker->edge_from->len + 1);
  for (guint e = 0; e < maker->edge_from->len; e++) {
    guint32 to = g_array_index(maker->edge_to, guint32, e), from = g_array_index(maker->edge_from, guint32, e);
    const Tuple *tuple = &g_array_index(maker->tuples, Tuple, to);
    edges[e] = edge_of(all, states[from], tuple->keys[tuple->n - 1]);
    states[to] = g_array_index(all->edge_to, guint32, edges[e]);
  }
}

static gboolean renumber_part(guint part, guint worker, gpointer user, GError **error) {
  const Parts *parts = user;
  const MarkovChain *chain = parts->chain;
  guint first = part_first(parts, part), end = part_first(parts, part + 1);
  for (guint32 i = chain->paths->start[first]; i < chain->paths->start[end]; i++)
    chain->step_edge[i] = parts->edges[part][chain->step_edge[i]];
  for (guint p = first; p < end; p++)
    chain->last_state[p] = parts->states[part][chain->last_state[p]];
  return TRUE;
}

static gboolean join_parts(Parts *parts, Maker *all, guint threads, GError **error) {
  for (guint part = 0; part < parts->n; part++) {
    join_part(parts, part, all);
    if (all->tuples->len > MARKOV_STATES_MAX)
      return error_set(error, ERROR_LIMIT,
                       "markov(%u) over these paths has more than %d states\nhint: use a lower order or a coarser key",
                       parts->chain->order, MARKOV_STATES_MAX);
  }
  return parallel_run(threads, parts->n, renumber_part, parts, error);
}

static gboolean walk_all(MarkovChain *chain, Maker *all, guint threads, GError **error) {
  guint32 n_keys = chain->paths->n_keys;
  Parts parts = {.chain = chain, .n = 2 * parallel_threads(threads)};
  if (parallel_threads(threads) == 1 || chain->paths->start[chain->paths->n_paths] < PART_MIN)
    return walk_paths(chain, all, 0, chain->paths->n_paths, error);
  parts.makers = g_new0(Maker, parts.n);
  parts.states = g_new0(guint32 *, parts.n);
  parts.edges = g_new0(guint32 *, parts.n);
  for (guint part = 0; part < parts.n; part++)
    maker_init(&parts.makers[part], chain->order, n_keys);
  gboolean good = parallel_run(threads, parts.n, walk_part, &parts, error) && join_parts(&parts, all, threads, error);
  for (guint part = 0; part < parts.n; part++) {
    maker_clear(&parts.makers[part]);
    g_free(parts.states[part]);
    g_free(parts.edges[part]);
  }
  g_free(parts.makers);
  g_free(parts.states);
  g_free(parts.edges);
  return good;
}

static void index_rows(MarkovChain *chain) {
  guint n = chain->tuples->len, m = chain->edge_from->len;
  const guint32 *from = (const guint32 *)(gpointer)chain->edge_from->data;
  chain->row_start = g_new0(guint32, n + 1);
  chain->row_of = g_new(guint32, MAX(m, 1));
  for (guint e = 0; e < m; e++)
    chain->row_start[from[e] + 1]++;
  for (guint s = 0; s < n; s++)
    chain->row_start[s + 1] += chain->row_start[s];
  g_autofree guint32 *next = g_memdup2(chain->row_start, (n + 1) * sizeof *next);
  for (guint e = 0; e < m; e++)
    chain->row_of[e] = next[from[e]]++;
}

static void make_weights(MarkovChain *chain) {
  guint n = chain->tuples->len, m = MAX(chain->edge_from->len, 1);
  chain->steps = g_new0(Step, m);
  chain->edge_weight = g_new(double, m);
  chain->left = g_new(double, n);
  chain->converted = g_new(double, n);
  chain->paid = g_new(double, n);
}

MarkovChain *markov_fork(const MarkovChain *chain) {
  MarkovChain *fork = g_memdup2(chain, sizeof *chain);
  fork->forked = TRUE;
  make_weights(fork);
  return fork;
}

MarkovChain *markov_new(const PathSet *paths, guint order, guint threads, GError **error) {
  g_assert(order >= 1 && order <= MARKOV_ORDER_MAX);
  g_autoptr(MarkovChain) chain = g_new0(MarkovChain, 1);
  Maker maker;
  chain->paths = paths;
  chain->order = order;
  chain->step_edge = g_new(guint32, MAX(paths->start[paths->n_paths], 1));
  pages_large(chain->step_edge, paths->start[paths->n_paths] * sizeof *chain->step_edge);
  chain->last_state = g_new(guint32, MAX(paths->n_paths, 1));
  maker_init(&maker, order, paths->n_keys);
  gboolean good = walk_all(chain, &maker, threads, error);
  chain->tuples = g_steal_pointer(&maker.tuples);
  chain->edge_from = g_steal_pointer(&maker.edge_from);
  chain->edge_to = g_steal_pointer(&maker.edge_to);
  maker_clear(&maker);
  if (!good)
    return NULL;
  index_rows(chain);
  const Tuple *tuples = (const Tuple *)(gpointer)chain->tuples->data;
  chain->newest = g_new(guint32, chain->tuples->len);
  for (guint s = 0; s < chain->tuples->len; s++)
    chain->newest[s] = s ? tuples[s].keys[tuples[s].n - 1] : G_MAXUINT32 - 1;
  make_weights(chain);
  return g_steal_pointer(&chain);
}

void markov_free(MarkovChain *chain) {
  if (!chain)
    return;
  if (!chain->forked) {
    g_clear_pointer(&chain->tuples, g_array_unref);
    g_clear_pointer(&chain->edge_from, g_array_unref);
    g_clear_pointer(&chain->edge_to, g_array_unref);
    gpointer shape[] = {chain->step_edge, chain->row_start, chain->row_of, chain->last_state, chain->newest};
    for (guint i = 0; i < G_N_ELEMENTS(shape); i++)
      g_free(shape[i]);
  }
  g_free(chain->steps);
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

MarkovShape markov_shape(const MarkovChain *chain) {
  return (MarkovShape){chain->tuples->len,
                       chain->edge_from->len,
                       chain->step_edge,
                       chain->last_state,
                       (const guint32 *)(gpointer)chain->edge_from->data,
                       (const guint32 *)(gpointer)chain->edge_to->data,
                       chain->newest};
}

/* Walks of each edge; what ends in each state (in `left`), converts there and is paid. */
static void count_walks(MarkovChain *chain) {
  const PathSet *paths = chain->paths;
  guint n = chain->tuples->len, m = chain->edge_from->len;
  memset(chain->edge_weight, 0, m * sizeof(double));
  memset(chain->left, 0, n * sizeof(double));
  memset(chain->converted, 0, n * sizeof(double));
  memset(chain->paid, 0, n * sizeof(double));
  for (guint p = 0; p < paths->n_paths; p++) {
    double walks = paths->conversions[p] + paths->nulls[p];
    if (walks == 0 || paths->start[p] == paths->start[p + 1])
      continue;
    for (guint32 i = paths->start[p]; i < paths->start[p + 1]; i++)
      chain->edge_weight[chain->step_edge[i]] += walks;
    chain->left[chain->last_state[p]] += walks;
    chain->converted[chain->last_state[p]] += paths->conversions[p];
    chain->paid[chain->last_state[p]] += paths->value[p];
  }
}

/* Counts become shares of what leaves a state: the rows of Q, and the two right-hand sides. */
static void weigh(MarkovChain *chain) {
  guint n = chain->tuples->len, m = chain->edge_from->len;
  const guint32 *from = (const guint32 *)(gpointer)chain->edge_from->data;
  for (guint e = 0; e < m; e++)
    chain->left[from[e]] += chain->edge_weight[e];
  for (guint e = 0; e < m; e++)
    if (chain->edge_weight[e] > 0)
      chain->edge_weight[e] /= chain->left[from[e]];
  for (guint e = 0; e < m; e++)
    chain->steps[chain->row_of[e]] = (Step){chain->edge_weight[e], g_array_index(chain->edge_to, guint32, e)};
  for (guint s = 0; s < n; s++)
    if (chain->left[s] > 0) {
      chain->converted[s] /= chain->left[s];
      chain->paid[s] /= chain->left[s];
    }
}

typedef struct { /* up to LANES systems: which key is removed in each, and what absorption pays */
  guint n;
  guint32 removed[LANES];             /* G_MAXUINT32: none */
  const double *pays[LANES];          /* per state */
  double scale[LANES], result[LANES]; /* result: at the start state */
} Systems;

typedef struct {                    /* two halves a state */
  Half *pays, *h, *before, *change; /* what absorption pays; the solution; that of the last round; how it moved then */
} Vectors;

/* One pass in place. Cost: a multiply-add of a vector an edge. In halves, which compilers keep in registers. */
CLONES_OF("avx2,fma") static void sweep(const MarkovChain *chain, const Systems *systems, const Vectors *at, gboolean backwards) {
  guint n = chain->tuples->len;
  const Step *steps = chain->steps;
  const guint32 *start = chain->row_start, *newest = chain->newest;
  Half *h = at->h;
  HalfMask removed[2];
  for (guint l = 0; l < LANES; l++)
    removed[l / HALF][l % HALF] = systems->removed[l];
  for (guint i = 0; i < n; i++) {
    guint s = backwards ? n - 1 - i : i;
    Half low = at->pays[2 * s], high = at->pays[2 * s + 1];
    for (guint32 r = start[s]; r < start[s + 1]; r++) {
      const Half *next = &h[2 * (gsize)steps[r].to];
      low += steps[r].share * next[0];
      high += steps[r].share * next[1];
    }
    h[2 * s] = (Half)((HalfMask)low & (removed[0] != (gint64)newest[s]));
    h[2 * s + 1] = (Half)((HalfMask)high & (removed[1] != (gint64)newest[s]));
  }
}

typedef struct {                                   /* how a round moved the solution, by lane */
  double most[LANES], along[LANES], square[LANES]; /* largest change; product with the last change; that one's with itself */
} Move;

CLONES_OF("avx2,fma") static void moved(const Vectors *at, guint n, Move *out) {
  for (guint half = 0; half < 2; half++) {
    Half most = {0}, along = {0}, square = {0};
    for (guint i = half; i < 2 * n; i += 2) {
      Half change = at->h[i] - at->before[i], last = at->change[i];
      Half size = (Half)((HalfMask)change & G_MAXINT64); /* the sign bit off */
      HalfMask larger = size > most;
      most = (Half)(((HalfMask)size & larger) | ((HalfMask)most & ~larger));
      along += change * last;
      square += last * last;
      at->change[i] = change;
      at->before[i] = at->h[i];
    }
    for (guint l = 0; l < HALF; l++) {
      out->most[half * HALF + l] = most[l];
      out->along[half * HALF + l] = along[l];
      out->square[half * HALF + l] = square[l];
    }
  }
}

/* Where a change is about `rate` times the one before, all that are still to come sum to change * rate / (1 - rate). */
static void leap(const Vectors *at, guint n, const Move *move, double *slowest) {
  Half factor[2];
  for (guint l = 0; l < LANES; l++) {
    double rate = move->square[l] > 0 ? move->along[l] / move->square[l] : 0;
    rate = rate > 0 && rate < 1 - 1e-6 ? rate : 0;
    factor[l / HALF][l % HALF] = rate / (1 - rate);
    *slowest = fmax(*slowest, rate);
  }
  for (guint i = 0; i < 2 * n; i++) {
    at->h[i] += at->change[i] * factor[i % 2];
    at->before[i] = at->h[i];
  }
}

static double largest(const double *lanes) {
  double most = 0;
  for (guint l = 0; l < LANES; l++)
    most = fmax(most, lanes[l]);
  return most;
}

/* Conversions and money stand side by side, so that each lane is scaled to a largest pay of one. */
static void start_vectors(const MarkovChain *chain, Systems *systems, const Vectors *at) {
  guint n = chain->tuples->len;
  for (guint l = 0; l < LANES; l++) {
    double most = 0;
    for (guint s = 0; s < n; s++)
      most = fmax(most, fabs(systems->pays[l][s]));
    systems->scale[l] = most > 0 ? most : 1;
    for (guint s = 0; s < n; s++)
      at->pays[2 * s + l / HALF][l % HALF] = systems->pays[l][s] / systems->scale[l];
  }
  memset(at->h, 0, 6 * (gsize)n * sizeof(Half)); /* and the two behind it */
}

/* A round is a sweep there and one back. Its errors soon shrink by one rate, the slowest, so that every few rounds a
 * leap takes that part off; what the bound of the tail assumes is the slowest rate met. */
static gboolean solve_by_sweeps(const MarkovChain *chain, Systems *systems, const Vectors *at, double tail_max) {
  guint n = chain->tuples->len;
  double before = INFINITY, slowest = 0;
  start_vectors(chain, systems, at);
  for (guint i = 0; i < ROUNDS_MAX; i++) {
    Move move;
    sweep(chain, systems, at, TRUE);
    sweep(chain, systems, at, FALSE);
    moved(at, n, &move);
    double change = largest(move.most);
    double rate = fmax(slowest, isfinite(before) && before > 0 ? change / before : 1);
    if (change == 0 || (rate < 1 && change * rate / (1 - rate) <= tail_max)) {
      for (guint l = 0; l < LANES; l++)
        systems->result[l] = at->h[l / HALF][l % HALF] * systems->scale[l];
      return TRUE;
    }
    before = change;
    if (i % ROUNDS_BETWEEN_LEAPS == ROUNDS_BETWEEN_LEAPS - 1) {
      leap(at, n, &move, &slowest);
      before = INFINITY;
    }
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

typedef struct {
  const MarkovChain *chain;
  const double *pays[2]; /* right-hand sides */
  guint n_pays;
  double tail_max;
  double *results; /* of each side: nothing removed, then each key */
} Solving;

/* A batch of LANES systems; the last one's idle lanes repeat its first. */
static gboolean solve_batch(guint batch, guint worker, gpointer user, GError **error) {
  const Solving *solving = user;
  const MarkovChain *chain = solving->chain;
  guint n = chain->tuples->len, each = chain->paths->n_keys + 1, first = batch * LANES, total = solving->n_pays * each;
  Systems systems = {.n = MIN((guint)LANES, total - first)};
  for (guint l = 0; l < LANES; l++) {
    guint system = l < systems.n ? first + l : first;
    systems.pays[l] = solving->pays[system / each];
    systems.removed[l] = system % each ? system % each - 1 : G_MAXUINT32;
  }
  Half *room = g_aligned_alloc(8 * (gsize)n, sizeof(Half), LANES * sizeof(double));
  Vectors at = {room, room + 2 * (gsize)n, room + 4 * (gsize)n, room + 6 * (gsize)n};
  gboolean good = TRUE;
  if (!solve_by_sweeps(chain, &systems, &at, solving->tail_max))
    for (guint l = 0; l < systems.n && good; l++)
      good = solve_by_factors(chain, systems.removed[l], systems.pays[l], &systems.result[l], error);
  g_aligned_free(room);
  memcpy(solving->results + first, systems.result, systems.n * sizeof(double));
  return good;
}

static void effects_of(const double *results, guint n_keys, double *effect) {
  for (guint k = 0; k < n_keys; k++)
    effect[k] = results[0] > 0 ? CLAMP(1 - results[1 + k] / results[0], 0, 1) : 0;
}

/* Order 1: a state is a key. */
static void dense_effects(MarkovChain *chain, double *effect, double *value_effect) {
  guint n = chain->tuples->len;
  const guint32 *from = (const guint32 *)(gpointer)chain->edge_from->data, *to = (const guint32 *)(gpointer)chain->edge_to->data;
  g_autofree double *matrix = g_new0(double, (gsize)n *n), *lost = g_new(double, n);
  const double *pays[] = {chain->converted, chain->paid};
  double *out[] = {effect, value_effect};
  for (guint e = 0; e < chain->edge_from->len; e++)
    matrix[(gsize)from[e] * n + to[e]] = chain->edge_weight[e];
  markov_dense_invert(n, matrix, chain->left);
  for (guint i = 0; i < 2; i++) {
    double base;
    if (!out[i])
      continue;
    markov_dense_effects(n, matrix, pays[i], lost, &base);
    memset(out[i], 0, chain->paths->n_keys * sizeof *out[i]);
    for (guint s = 1; s < n; s++)
      out[i][chain->newest[s]] = lost[s];
    chain->base = i ? chain->base : base;
  }
}

static gboolean solve(MarkovChain *chain, guint threads, double tail_max, double *effect, double *value_effect, GError **error) {
  guint n_keys = chain->paths->n_keys, each = n_keys + 1;
  g_autofree double *results = g_new0(double, 2 * (gsize)each);
  Solving solving = {.chain = chain, .tail_max = tail_max, .results = results};
  if (effect)
    solving.pays[solving.n_pays++] = chain->converted;
  if (value_effect)
    solving.pays[solving.n_pays++] = chain->paid;
  weigh(chain);
  if (!parallel_run(threads, (solving.n_pays * each + LANES - 1) / LANES, solve_batch, &solving, error))
    return FALSE;
  if (effect) {
    chain->base = results[0];
    effects_of(results, n_keys, effect);
  }
  if (value_effect)
    effects_of(results + (effect ? each : 0), n_keys, value_effect);
  return TRUE;
}

gboolean markov_effects(MarkovChain *chain, guint threads, double *effect, double *value_effect, GError **error) {
  count_walks(chain);
  if (chain->order > 1 || chain->tuples->len > DENSE_MAX)
    return solve(chain, threads, TAIL_MAX, effect, value_effect, error);
  dense_effects(chain, effect, value_effect);
  return TRUE;
}

gboolean markov_effects_of_counts(MarkovChain *chain, const double *edges, const double *won, const double *lost, double precision,
                                  double *effect, GError **error) {
  memcpy(chain->edge_weight, edges, chain->edge_from->len * sizeof *edges);
  memcpy(chain->converted, won, chain->tuples->len * sizeof *won);
  for (guint s = 0; s < chain->tuples->len; s++)
    chain->left[s] = won[s] + lost[s];
  return solve(chain, 1, precision, effect, NULL, error);
}
