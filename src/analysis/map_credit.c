// SPDX-License-Identifier: Apache-2.0
#include "analysis/map_credit.h"
#include "analysis/bits.h"
#include "analysis/credit.h"
#include "analysis/derive.h"
#include "analysis/markov.h"
#include "analysis/path_counter.h"
#include "analysis/resample.h"
#include "analysis/scope.h"
#include "base/error.h"
#include <math.h>
#include <string.h>

enum { MAP_RESAMPLES = 400 }; /* a map is looked at often and needs no third digit */

typedef struct {
  PathCounter counter;
  DeriveScratch *derive;
  GPtrArray *paths; /* of GArray*: the sequence of each journey of the person at hand */
} Worker;

typedef struct {
  Derive *derive;
  Scope *scope;
  Worker *workers;
} Run;

static GArray *sequence_of(Worker *worker, guint journey) {
  while (worker->paths->len <= journey)
    g_ptr_array_add(worker->paths, g_array_new(FALSE, FALSE, sizeof(guint32)));
  return worker->paths->pdata[journey];
}

static void take_journey(Worker *worker, const Derived *derived, const Journey *journey, guint64 person, const GArray *sequence) {
  gboolean converted = journey->state == JOURNEY_CONVERTED;
  if (sequence->len == 0 || (!converted && journey->state != JOURNEY_ABANDONED))
    return;
  const guint32 *codes = (const guint32 *)(gconstpointer)sequence->data;
  gint64 value = converted ? derived->conversions[journey->conversion].net_value : 0;
  if (converted)
    path_counter_add(&worker->counter, codes, sequence->len, person, &(PathCounts){1, 0, value, value});
  else
    path_counter_null(&worker->counter, codes, sequence->len, person);
}

static void take_person(const Question *question, Worker *worker, const Block *data, const Derived *derived,
                        const ScopeBlock *scope, guint32 person) {
  guint32 first = derived->person_journeys[person], end = derived->person_journeys[person + 1];
  for (guint32 j = first; j < end; j++)
    g_array_set_size(sequence_of(worker, j - first), 0);
  for (guint32 e = data->person_start[person]; e < data->person_start[person + 1] && first < end; e++) {
    guint32 index = derived->event_journey[e];
    if (!index || derived->in_tail[e] || (scope->kept && !bit_at(scope->kept, e)))
      continue;
    GArray *sequence = sequence_of(worker, index - 1 - first);
    guint32 code = derived->touchpoint[e];
    if (sequence->len == 0 || g_array_index(sequence, guint32, sequence->len - 1) != code)
      g_array_append_val(sequence, code);
  }
  for (guint32 j = first; j < end; j++) {
    const Journey *journey = &derived->journeys[j];
    if (journey->start_ms >= question->from_ms && journey->start_ms < question->to_ms)
      take_journey(worker, derived, journey, data->person_id[person], sequence_of(worker, j - first));
  }
}

static gboolean credit_block(const Question *question, guint block, const Block *data, guint number, gpointer user,
                             GError **error) {
  Run *run = user;
  Worker *worker = &run->workers[number];
  ScopeBlock scope;
  Derived derived;
  if (data->unidentified)
    return TRUE;
  if (!scope_block(run->scope, block, data, number, &scope, error))
    return FALSE;
  if (scope.nothing)
    return TRUE;
  if (!worker->derive)
    worker->derive = derive_scratch_new(run->derive);
  if (!derive_block(run->derive, worker->derive, block, data, &derived, error))
    return FALSE;
  for (guint32 p = 0; p < data->n_persons; p++)
    if (!bit_at(data->dead, p))
      take_person(question, worker, data, &derived, &scope, p);
  return TRUE;
}

/* The row that a touchpoint stands in, by itself or folded. */
static MapTouchpoint *touchpoint_find(const JourneyMap *map, const char *name) {
  for (guint t = 0; t < map->touchpoints->len; t++) {
    MapTouchpoint *touchpoint = &g_array_index(map->touchpoints, MapTouchpoint, t);
    if (touchpoint->folded ? g_strv_contains((const char *const *)touchpoint->folded, name) : strcmp(touchpoint->name, name) == 0)
      return touchpoint;
  }
  return NULL;
}

/* Per key the first key of the same row; a key of no row stands for itself. */
static guint32 *keys_by_row(const JourneyMap *map, const AttributionPaths *paths) {
  guint32 *group = g_new(guint32, paths->keys->len + 1);
  g_autofree guint32 *first = g_new(guint32, map->touchpoints->len + 1);
  memset(first, 0xff, (map->touchpoints->len + 1) * sizeof *first);
  for (guint32 k = 0; k < paths->keys->len; k++) {
    const MapTouchpoint *row_at = touchpoint_find(map, paths->keys->pdata[k]);
    guint row = row_at ? (guint)(row_at - (const MapTouchpoint *)(gpointer)map->touchpoints->data) : map->touchpoints->len;
    if (first[row] == G_MAXUINT32 || !row_at)
      first[row] = k;
    group[k] = first[row];
  }
  return group;
}

/* Credits in currency units; the interval is that of the conversions, at the mean value. */
static gboolean fill_credits(const Question *question, const AttributionPaths *paths, Model model, JourneyMap *map,
                             GError **error) {
  guint n = paths->keys->len, n_paths = paths->start->len - 1;
  g_autofree double *conversions = g_new(double, n_paths + 1), *nulls = g_new(double, n_paths + 1),
                    *value = g_new(double, n_paths + 1);
  g_autofree double *share = g_new0(double, n + 1), *worth = g_new0(double, n + 1), *low = g_new0(double, n + 1),
                    *high = g_new0(double, n + 1);
  gint64 converted = 0, total = 0;
  for (guint p = 0; p < n_paths; p++) {
    conversions[p] = (double)g_array_index(paths->conversions, gint64, p);
    nulls[p] = (double)g_array_index(paths->nulls, gint64, p);
    value[p] = (double)g_array_index(paths->net_value, gint64, p);
    converted += g_array_index(paths->conversions, gint64, p);
    total += g_array_index(paths->net_value, gint64, p);
  }
  PathSet set = {n,
                 n_paths,
                 (const guint32 *)(gpointer)paths->start->data,
                 (const guint32 *)(gpointer)paths->elements->data,
                 conversions,
                 nulls,
                 value,
                 NULL,
                 NULL};
  if (model == MODEL_MARKOV) {
    g_autoptr(MarkovChain) chain = markov_new(&set, 1, question_threads(question), error);
    if (!chain || !markov_effects(chain, question->threads, share, worth, error))
      return FALSE;
  } else {
    credit_rule(model, &set, share, worth);
  }
  g_autofree Credit *credit = g_new0(Credit, n + 1);
  credit_apportion_fixed(worth, n, total, credit);
  g_autofree guint32 *group = keys_by_row(map, paths);
  Interval interval = {model, 1, low, high, group, 0, RESAMPLED_PERSONS};
  ResampleOptions options = {question->seed, MAP_RESAMPLES, question_threads(question), RESAMPLE_PERSONS_WORK_MAX,
                             question->cancel};
  if (!resample(paths, &interval, 1, &options, error))
    return FALSE;
  double mean = converted ? (double)total / 1e6 / (double)converted : 0;
  for (guint k = 0; k < n; k++) {
    MapTouchpoint *touchpoint = touchpoint_find(map, paths->keys->pdata[k]);
    if (!touchpoint)
      continue;
    touchpoint->credit = (group[k] == k ? 0 : touchpoint->credit) + credit_to_double(credit[k]) / 1e6;
    if (interval.resamples) {
      touchpoint->credit_low = low[group[k]] * mean;
      touchpoint->credit_high = high[group[k]] * mean;
    }
  }
  return TRUE;
}

static gboolean model_param(const Params *params, Model *model) {
  static const char *const names[] = {"first", "last", "linear", "position", "time-decay", "shapley", "markov"};
  const char *text = params_get(params, "model");
  *model = MODEL_MARKOV;
  for (guint i = 0; text && i < G_N_ELEMENTS(names); i++)
    if (strcmp(names[i], text) == 0)
      *model = (Model)i;
  return !text || strcmp(text, "none") != 0;
}

gboolean map_credit(const Question *question, const Params *params, JourneyMap *map, GError **error) {
  guint n = question_threads(question);
  Model model;
  if (!model_param(params, &model) || map->value == 0)
    return TRUE;
  Run run = {.workers = g_new0(Worker, n)};
  for (guint i = 0; i < n; i++) {
    path_counter_init(&run.workers[i].counter, 0, FALSE, TRUE);
    run.workers[i].paths = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  }
  gboolean good = (run.derive = derive_new(question, error)) && (run.scope = scope_new(question, error)) &&
                  question_each_block(question, credit_block, &run, error);
  if (good) {
    g_autofree PathCounter **counters = g_new(PathCounter *, n);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < n; i++)
      counters[i] = &run.workers[i].counter;
    for (guint32 code = 0; code < derive_touchpoints(run.derive); code++)
      g_ptr_array_add(names, text_dup(derive_touchpoint_name(run.derive, code)));
    PathGathering what = {
        .counters = counters, .n_counters = n, .names = (const char *const *)names->pdata, .n_names = names->len, .threads = n};
    g_autoptr(AttributionPaths) paths = path_counter_gather(&what, error);
    good = paths && fill_credits(question, paths, model, map, error);
    map->model = g_strdup(params_get(params, "model") ? params_get(params, "model") : "markov");
  }
  for (guint i = 0; i < n; i++) {
    path_counter_clear(&run.workers[i].counter);
    derive_scratch_free(run.workers[i].derive);
    g_ptr_array_unref(run.workers[i].paths);
  }
  g_free(run.workers);
  derive_free(run.derive);
  scope_free(run.scope);
  return good;
}
