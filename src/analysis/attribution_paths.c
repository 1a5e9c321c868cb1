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
  double *weight; /* of each touch of the path at hand, under time-decay */
  guint weight_room;
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

/* Shares 2^(-dt / half-life), normed to one. */
static void fill_decay(const Ground *ground, const AttributionPath *path, DecaySum *out) {
  Worker *worker = ground->worker;
  const Conversion *conversion = path->conversion;
  double half_life_ms = (double)ground->collect->options->half_life_ms, sum = 0;
  if (path->n_kept > worker->weight_room) {
    worker->weight_room = path->n_kept * 2;
    worker->weight = g_renew(double, worker->weight, worker->weight_room);
  }
  for (guint i = 0; i < path->n_kept; i++) {
    worker->weight[i] = exp2(-(double)(conversion->time_ms - block_time_ms(ground->data, path->kept[i])) / half_life_ms);
    sum += worker->weight[i];
  }
  for (guint i = 0; i < path->n_kept; i++) {
    double share = sum > 0 ? worker->weight[i] / sum : 1.0 / path->n_kept;
    out[i] = (DecaySum){llround(share * 4294967296.0), llround(share * (double)conversion->value),
                        llround(share * (double)conversion->net_value)};
  }
}

static void take_conversion(const Ground *ground, const AttributionPath *path) {
  const Conversion *conversion = path->conversion;
  PathCounter *counter = &ground->worker->counter;
  if (path->n_kept == 0) {
    counter->none_conversions++;
    counter->none_value += conversion->value;
    counter->none_net_value += conversion->net_value;
    return;
  }
  PathCounts counts = {1, 0, conversion->value, conversion->net_value};
  DecaySum *decay = path_counter_add(counter, path->keys, path->n_kept, ground->data->person_id[path->person], &counts);
  if (decay)
    fill_decay(ground, path, decay);
}

static void take_rest(const Ground *ground, const AttributionPath *path) {
  const Question *question = ground->collect->question;
  gint64 last_ms = block_time_ms(ground->data, path->touches[path->n_touches - 1]);
  if (path->open)
    ground->worker->counter.open_paths++;
  else if (last_ms >= question->from_ms && last_ms < question->to_ms)
    path_counter_null(&ground->worker->counter, path->keys, path->n_kept, ground->data->person_id[path->person]);
}

static void take_path(gpointer user, const AttributionPath *path) {
  const Ground *ground = user;
  if (!path->conversion)
    take_rest(ground, path);
  else if (conversion_counts(ground->collect, ground->scope, path->conversion, path->repeated))
    take_conversion(ground, path);
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
  key_sets_clear(&paths->sets);
  g_free(paths);
}

static AttributionPaths *gather(Collect *collect, GError **error) {
  guint n = question_threads(collect->question), n_names = key_count(collect->key);
  g_autofree PathCounter **counters = g_new(PathCounter *, n);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < n; i++)
    counters[i] = &collect->workers[i].counter;
  for (guint i = 0; i < n_names; i++)
    g_ptr_array_add(names, i == KEY_NONE ? g_strdup("(not set)") : text_dup(key_text(collect->key, i)));
  PathGathering what = {.counters = counters,
                        .n_counters = n,
                        .names = (const char *const *)names->pdata,
                        .n_names = n_names,
                        .converted_only = collect->options->converted_only,
                        .threads = n};
  return path_counter_gather(&what, error);
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

static void worker_init(Worker *worker, const AttributionOptions *options, guint keys) {
  path_counter_init(&worker->counter, keys, options->timed, options->by_person);
  worker->touches = touch_scratch_new();
}

static void worker_clear(Worker *worker) {
  path_counter_clear(&worker->counter);
  derive_scratch_free(worker->derive);
  touch_scratch_free(worker->touches);
  g_free(worker->keys);
  g_free(worker->weight);
}

AttributionPaths *attribution_paths_collect(const Question *question, const AttributionOptions *options, GError **error) {
  Collect collect = {.question = question, .options = options};
  guint n = question_threads(question);
  AttributionPaths *paths = NULL;
  collect.workers = g_new0(Worker, n);
  gboolean good = collect_init(&collect, error);
  for (guint i = 0; i < n; i++)
    worker_init(&collect.workers[i], options, good ? key_count_at_most(collect.key) : 0);
  if (good && question_each_block(question, collect_block, &collect, error))
    paths = gather(&collect, error);
  for (guint i = 0; i < n; i++)
    worker_clear(&collect.workers[i]);
  g_free(collect.workers);
  derive_free(collect.derive);
  scope_free(collect.scope);
  key_free(collect.key);
  touch_finder_free(collect.finder);
  return paths;
}
