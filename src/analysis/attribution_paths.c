// SPDX-License-Identifier: Apache-2.0
// Workers count distinct sequences in tables of their own; settling gives keys and paths one order for all.
#include "analysis/attribution_paths.h"
#include "analysis/attribution_touch.h"
#include "analysis/key.h"
#include "analysis/path_counter.h"
#include "analysis/scope.h"
#include "base/error.h"
#include <math.h>
#include <string.h>

typedef struct { /* one worker's */
  PathCounter counter;
  DeriveScratch *derive;
  TouchScratch *touches;
  guint32 *keys;
  guint capacity;
  guint32 *kept; /* codes of the path at hand */
  gint64 *kept_time;
  guint kept_room;
} Worker;

typedef struct {
  const Question *question;
  const AttributionOptions *options;
  Derive *derive;
  Scope *scope;
  Key *key;
  TouchFinder *finder;
  guint goal;
  Worker *workers;
} Collect;

/* --- one path ------------------------------------------------------------------------------------ */

/* Shares 2^(-dt / half-life), normed to one. */
static void add_decay(PathCounter *counter, const PathCell *cell, const gint64 *times, const Conversion *conversion,
                      gint64 half_life_ms) {
  gint64 at_ms = conversion->time_ms;
  double sum = 0;
  for (guint i = 0; i < cell->n; i++)
    sum += exp2(-(double)(at_ms - times[i]) / (double)half_life_ms);
  for (guint i = 0; i < cell->n; i++) {
    double share = sum > 0 ? exp2(-(double)(at_ms - times[i]) / (double)half_life_ms) / sum : 1.0 / cell->n;
    DecaySum *of = &g_array_index(counter->decay, DecaySum, cell->first + i);
    of->share += llround(share * 4294967296.0);
    of->value += llround(share * (double)conversion->value);
    of->net_value += llround(share * (double)conversion->net_value);
  }
}

typedef struct { /* a block while its paths are taken */
  const Collect *collect;
  Worker *worker;
  const Block *data;
  const ScopeBlock *scope;
} Ground;

static gboolean conversion_counts(const Collect *collect, const ScopeBlock *scope, const Conversion *conversion,
                                  gboolean repeated) {
  if (conversion->time_ms < collect->question->from_ms || conversion->time_ms >= collect->question->to_ms)
    return FALSE;
  if (collect->options->customers != CUSTOMERS_ALL && repeated != (collect->options->customers == CUSTOMERS_RETURNING))
    return FALSE;
  return !scope->kept || bit_at(scope->kept, conversion->event);
}

static guint32 find_path(Worker *worker, const AttributionPath *path) {
  if (path->n_touches > worker->kept_room) {
    worker->kept_room = path->n_touches * 2;
    worker->kept = g_renew(guint32, worker->kept, worker->kept_room);
    worker->kept_time = g_renew(gint64, worker->kept_time, worker->kept_room);
  }
  guint n = 0;
  for (guint i = 0; i < path->n_touches; i++) {
    worker->kept[n] = path->touches[i].key;
    worker->kept_time[n] = path->touches[i].time_ms;
    n += path->touches[i].kept ? 1 : 0;
  }
  return path_counter_find(&worker->counter, worker->kept, n);
}

static void take_conversion(const Collect *collect, Worker *worker, const AttributionPath *path, guint64 person) {
  const Conversion *conversion = path->conversion;
  PathCounter *counter = &worker->counter;
  if (path->n_kept == 0) {
    counter->none_conversions++;
    counter->none_value += conversion->value;
    counter->none_net_value += conversion->net_value;
    return;
  }
  guint32 at = find_path(worker, path);
  PathCell *cell = &g_array_index(counter->cells, PathCell, at);
  cell->conversions++;
  cell->value += conversion->value;
  cell->net_value += conversion->net_value;
  if (counter->decay)
    add_decay(counter, cell, worker->kept_time, conversion, collect->options->half_life_ms);
  path_counter_person(counter, person, at, TRUE);
}

static void take_rest(const Collect *collect, Worker *worker, const AttributionPath *path, guint64 person) {
  gint64 last_ms = path->touches[path->n_touches - 1].time_ms;
  if (path->open) {
    worker->counter.open_paths++;
  } else if (last_ms >= collect->question->from_ms && last_ms < collect->question->to_ms) {
    guint32 at = find_path(worker, path);
    g_array_index(worker->counter.cells, PathCell, at).nulls++;
    path_counter_person(&worker->counter, person, at, FALSE);
  }
}

static void take_path(gpointer user, const AttributionPath *path) {
  const Ground *ground = user;
  guint64 person = ground->data->person_id[path->person];
  if (!path->conversion)
    take_rest(ground->collect, ground->worker, path, person);
  else if (conversion_counts(ground->collect, ground->scope, path->conversion, path->repeated))
    take_conversion(ground->collect, ground->worker, path, person);
}

/* Conversions of nobody: a row of their own in every model. */
static gboolean take_unidentified(Collect *collect, Worker *worker, guint block, const Block *data, const ScopeBlock *scope,
                                  GError **error) {
  Derived derived;
  PathCounter *counter = &worker->counter;
  if (!derive_block(collect->derive, worker->derive, block, data, &derived, error))
    return FALSE;
  for (guint32 c = 0; c < derived.person_conversions[data->n_persons]; c++) {
    const Conversion *conversion = &derived.conversions[c];
    if (conversion->goal != collect->goal || collect->options->customers != CUSTOMERS_ALL ||
        !conversion_counts(collect, scope, conversion, FALSE))
      continue;
    counter->unidentified++;
    counter->unidentified_value += conversion->value;
    counter->unidentified_net_value += conversion->net_value;
  }
  return TRUE;
}

static gboolean collect_block(const Question *question, guint block, const Block *data, guint worker_number, gpointer user,
                              GError **error) {
  Collect *collect = user;
  Worker *worker = &collect->workers[worker_number];
  ScopeBlock scope;
  Derived derived;
  if (!scope_block(collect->scope, block, data, worker_number, &scope, error))
    return FALSE;
  if (scope.nothing)
    return TRUE;
  if (data->n_events > worker->capacity) {
    worker->capacity = data->n_events + data->n_events / 4;
    worker->keys = g_renew(guint32, worker->keys, worker->capacity);
  }
  if (!worker->derive)
    worker->derive = derive_scratch_new(collect->derive);
  if (data->unidentified)
    return take_unidentified(collect, worker, block, data, &scope, error);
  Ground ground = {collect, worker, data, &scope};
  return derive_block(collect->derive, worker->derive, block, data, &derived, error) &&
         key_block(collect->key, block, data, worker->keys, error) &&
         touch_finder_block(collect->finder, worker->touches, block, data, &derived, &scope, worker->keys, take_path, &ground,
                            error);
}

/* --- putting the workers' tables together -------------------------------------------------------- */

AttributionPaths *attribution_paths_new(void) {
  AttributionPaths *paths = g_new0(AttributionPaths, 1);
  guint32 zero = 0;
  paths->keys = g_ptr_array_new_with_free_func(g_free);
  paths->start = g_array_new(FALSE, FALSE, sizeof(guint32));
  paths->elements = g_array_new(FALSE, FALSE, sizeof(guint32));
  paths->decay = g_array_new(FALSE, FALSE, sizeof(DecaySum));
  GArray **columns[] = {&paths->conversions, &paths->nulls, &paths->value, &paths->net_value};
  for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
    *columns[i] = g_array_new(FALSE, FALSE, sizeof(gint64));
  g_array_append_val(paths->start, zero);
  return paths;
}

void attribution_paths_free(AttributionPaths *paths) {
  if (!paths)
    return;
  GArray *arrays[] = {paths->start, paths->elements,  paths->conversions, paths->nulls,
                      paths->value, paths->net_value, paths->decay};
  for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
    g_array_unref(arrays[i]);
  g_clear_pointer(&paths->persons, person_paths_free);
  g_ptr_array_unref(paths->keys);
  g_free(paths);
}

static int path_compare(gconstpointer a, gconstpointer b, gpointer user) {
  const AttributionPaths *paths = user;
  guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;
  const guint32 *start = (const guint32 *)(gpointer)paths->start->data, *keys = (const guint32 *)(gpointer)paths->elements->data;
  guint32 n = start[x + 1] - start[x], m = start[y + 1] - start[y];
  for (guint32 i = 0; i < MIN(n, m); i++)
    if (keys[start[x] + i] != keys[start[y] + i])
      return keys[start[x] + i] < keys[start[y] + i] ? -1 : 1;
  return (n > m) - (n < m);
}

static int key_compare(gconstpointer a, gconstpointer b, gpointer user) {
  char *const *keys = user;
  return strcmp(keys[*(const guint32 *)a], keys[*(const guint32 *)b]);
}

/* Keys that occur get numbers in the order of their names; elements are renumbered. Equal names become one. */
static void settle_keys(AttributionPaths *paths) {
  guint n = paths->keys->len, used = 0;
  guint32 *elements = (guint32 *)(gpointer)paths->elements->data;
  g_autofree guint32 *order = g_new(guint32, n + 1), *number = g_new0(guint32, n + 1);
  g_autofree guint8 *occurs = g_new0(guint8, n + 1);
  for (guint i = 0; i < paths->elements->len; i++)
    occurs[elements[i]] = 1;
  for (guint i = 0; i < n; i++)
    if (occurs[i])
      order[used++] = i;
  g_qsort_with_data(order, (gint)used, sizeof *order, key_compare, paths->keys->pdata);
  GPtrArray *sorted = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < used; i++) {
    const char *name = paths->keys->pdata[order[i]];
    if (sorted->len == 0 || strcmp(sorted->pdata[sorted->len - 1], name) != 0)
      g_ptr_array_add(sorted, g_strdup(name));
    number[order[i]] = sorted->len - 1;
  }
  for (guint i = 0; i < paths->elements->len; i++)
    elements[i] = number[elements[i]];
  g_ptr_array_unref(paths->keys);
  paths->keys = sorted;
}

/* The first keys of a path as a number that sorts like them: as many as fit, an end below every key. */
typedef struct {
  guint64 prefix;
  guint32 path;
} Sortable;

static guint prefix_bits(const AttributionPaths *paths) {
  return g_bit_storage(paths->keys->len); /* keys count from 1 */
}

static void fill_prefixes(const AttributionPaths *paths, Sortable *out) {
  const guint32 *start = (const guint32 *)(gpointer)paths->start->data, *keys = (const guint32 *)(gpointer)paths->elements->data;
  guint bits = prefix_bits(paths);
  for (guint32 p = 0; p + 1 < paths->start->len; p++) {
    guint64 prefix = 0;
    guint at = 64;
    for (guint32 i = start[p]; i < start[p + 1] && at >= bits; i++)
      prefix |= (guint64)(keys[i] + 1) << (at -= bits);
    out[p] = (Sortable){prefix, p};
  }
}

/* Stable, from the lowest digit up; a digit in which all agree is passed over. */
static Sortable *sort_prefixes(Sortable *rows, Sortable *spare, guint n) {
  enum { DIGIT = 11, VALUES = 1 << DIGIT };
  for (guint shift = 0; shift < 64; shift += DIGIT) {
    guint32 place[VALUES] = {0}, before = 0;
    for (guint i = 0; i < n; i++)
      place[rows[i].prefix >> shift & (VALUES - 1)]++;
    if (n == 0 || place[rows[0].prefix >> shift & (VALUES - 1)] == n)
      continue;
    for (guint v = 0; v < VALUES; v++) {
      guint32 count = place[v];
      place[v] = before;
      before += count;
    }
    for (guint i = 0; i < n; i++)
      spare[place[rows[i].prefix >> shift & (VALUES - 1)]++] = rows[i];
    Sortable *other = rows;
    rows = spare;
    spare = other;
  }
  return rows;
}

/* The numbers of all paths in the order of their keys; equal paths stand together. */
static guint32 *sorted_paths(AttributionPaths *paths) {
  guint n = paths->start->len - 1;
  g_autofree Sortable *room = g_new(Sortable, 2 * (gsize)n + 1);
  guint32 *order = g_new(guint32, n + 1);
  fill_prefixes(paths, room);
  const Sortable *rows = sort_prefixes(room, room + n, n);
  for (guint i = 0; i < n; i++)
    order[i] = rows[i].path;
  for (guint first = 0, end; first < n; first = end) { /* what the prefix does not tell */
    for (end = first + 1; end < n && rows[end].prefix == rows[first].prefix;)
      end++;
    if (end - first > 1)
      g_qsort_with_data(order + first, (gint)(end - first), sizeof *order, path_compare, paths);
  }
  return order;
}

/* The number that each path gets when equal ones become one; `paths` counts those. */
static guint32 *number_paths(AttributionPaths *old, const guint32 *order, guint32 *paths, guint32 *elements) {
  guint n = old->start->len - 1;
  const guint32 *start = (const guint32 *)(gpointer)old->start->data;
  guint32 *number = g_new(guint32, n + 1);
  *paths = *elements = 0;
  for (guint i = 0; i < n; i++) {
    if (i == 0 || path_compare(&order[i - 1], &order[i], old) != 0) {
      ++*paths;
      *elements += start[order[i] + 1] - start[order[i]];
    }
    number[order[i]] = *paths - 1;
  }
  return number;
}

/* Replaces a column by the sums of those rows that became one. */
static void sum_column(GArray **column, const guint32 *number, guint32 n_paths) {
  GArray *sums = g_array_sized_new(FALSE, TRUE, sizeof(gint64), n_paths);
  g_array_set_size(sums, n_paths);
  gint64 *to = (gint64 *)(gpointer)sums->data;
  for (guint p = 0; p < (*column)->len; p++)
    to[number[p]] += g_array_index(*column, gint64, p);
  g_array_unref(*column);
  *column = sums;
}

static void move_elements(AttributionPaths *paths, const guint32 *order, const guint32 *number, guint32 n_paths,
                          guint32 n_elements) {
  guint n = paths->start->len - 1;
  GArray *starts = g_array_sized_new(FALSE, FALSE, sizeof(guint32), n_paths + 1);
  GArray *elements = g_array_sized_new(FALSE, FALSE, sizeof(guint32), n_elements);
  GArray *decay = g_array_sized_new(FALSE, TRUE, sizeof(DecaySum), paths->decay->len ? n_elements : 0);
  g_array_set_size(starts, n_paths + 1);
  g_array_set_size(elements, n_elements);
  g_array_set_size(decay, paths->decay->len ? n_elements : 0);
  guint32 *start = (guint32 *)(gpointer)starts->data;
  start[0] = 0;
  for (guint i = 0; i < n; i++) {
    guint32 from = g_array_index(paths->start, guint32, order[i]),
            length = g_array_index(paths->start, guint32, order[i] + 1) - from, to = number[order[i]];
    start[to + 1] = start[to] + length;
    if (length)
      memcpy(&g_array_index(elements, guint32, start[to]), &g_array_index(paths->elements, guint32, from), length * sizeof *start);
    for (guint32 k = 0; decay->len && k < length; k++) {
      DecaySum *sum = &g_array_index(decay, DecaySum, start[to] + k);
      const DecaySum *more = &g_array_index(paths->decay, DecaySum, from + k);
      *sum = (DecaySum){sum->share + more->share, sum->value + more->value, sum->net_value + more->net_value};
    }
  }
  GArray **columns[] = {&paths->start, &paths->elements, &paths->decay}, *moved[] = {starts, elements, decay};
  for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
    g_array_unref(*columns[i]);
    *columns[i] = moved[i];
  }
}

void attribution_paths_settle(AttributionPaths *paths) {
  guint32 n_paths, n_elements;
  settle_keys(paths);
  g_autofree guint32 *order = sorted_paths(paths), *number = number_paths(paths, order, &n_paths, &n_elements);
  GArray **columns[] = {&paths->conversions, &paths->nulls, &paths->value, &paths->net_value};
  move_elements(paths, order, number, n_paths, n_elements);
  for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
    sum_column(columns[i], number, n_paths);
  if (paths->persons)
    person_paths_renumber(paths->persons, number);
}

static AttributionPaths *gather(Collect *collect) {
  guint n = question_threads(collect->question), n_names = key_count(collect->key);
  g_autofree PathCounter **counters = g_new(PathCounter *, n);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < n; i++)
    counters[i] = &collect->workers[i].counter;
  for (guint i = 0; i < n_names; i++)
    g_ptr_array_add(names, i == KEY_NONE ? g_strdup("(not set)") : text_dup(key_text(collect->key, i)));
  return path_counter_gather(counters, n, (const char *const *)names->pdata, n_names);
}

void attribution_paths_add(AttributionPaths *paths, const char *const *keys, guint n, gint64 conversions, gint64 nulls,
                           gint64 value) {
  for (guint i = 0; i < n; i++) {
    guint32 number = paths->keys->len;
    g_ptr_array_add(paths->keys, g_strdup(keys[i]));
    g_array_append_val(paths->elements, number);
  }
  guint32 end = paths->elements->len;
  g_array_append_val(paths->start, end);
  g_array_append_val(paths->conversions, conversions);
  g_array_append_val(paths->nulls, nulls);
  g_array_append_val(paths->value, value);
  g_array_append_val(paths->net_value, value);
}

/* --- the pass ------------------------------------------------------------------------------------ */

static gboolean collect_init(Collect *collect, GError **error) {
  const Question *question = collect->question;
  const AttributionOptions *options = collect->options;
  TouchOptions touches = {options->goal, options->lookback_ms, options->views_ms, options->keep_navigational};
  for (guint i = 0; i < question->project->goals->len; i++)
    if (question->project->goals->pdata[i] == options->goal)
      collect->goal = i;
  if (!(collect->derive = derive_new(question, error)))
    return FALSE;
  derive_without_journeys(collect->derive);
  return (collect->scope = scope_new(question, error)) && (collect->key = key_new(question, options->key, error)) &&
         (collect->finder = touch_finder_new(question, &touches, error));
}

static void worker_init(Worker *worker, const AttributionOptions *options) {
  path_counter_init(&worker->counter, options->timed, options->by_person);
  worker->touches = touch_scratch_new();
}

static void worker_clear(Worker *worker) {
  path_counter_clear(&worker->counter);
  derive_scratch_free(worker->derive);
  touch_scratch_free(worker->touches);
  g_free(worker->keys);
  g_free(worker->kept);
  g_free(worker->kept_time);
}

AttributionPaths *attribution_paths_collect(const Question *question, const AttributionOptions *options, GError **error) {
  Collect collect = {.question = question, .options = options};
  guint n = question_threads(question);
  AttributionPaths *paths = NULL;
  collect.workers = g_new0(Worker, n);
  for (guint i = 0; i < n; i++)
    worker_init(&collect.workers[i], options);
  if (collect_init(&collect, error) && question_each_block(question, collect_block, &collect, error))
    paths = gather(&collect);
  for (guint i = 0; i < n; i++)
    worker_clear(&collect.workers[i]);
  g_free(collect.workers);
  derive_free(collect.derive);
  scope_free(collect.scope);
  key_free(collect.key);
  touch_finder_free(collect.finder);
  return paths;
}
