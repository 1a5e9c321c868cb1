// SPDX-License-Identifier: Apache-2.0
// Paths in, credits by each model out. Conversions without any touch keep their own row, "(none)", in every model; the
// rest is shared among keys so that credits sum exactly to what was counted.
#include "analysis/attribution.h"
#include "analysis/attribution_touch.h"
#include "analysis/bits.h"
#include "analysis/credit.h"
#include "analysis/key.h"
#include "analysis/markov.h"
#include "analysis/money.h"
#include "analysis/resample.h"
#include "analysis/scope.h"
#include "analysis/together.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/pages.h"
#include "base/parallel.h"
#include "journey/column.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  Model model;
  guint order;
  Credit *conversions, *value, *net_value; /* per key, 2^-32 */
  double *effect;                          /* markov: removal effects */
  double *low, *high;
  guint resamples;
  Resampled how;
} ModelResult;

struct Attribution {
  char *goal, *key;
  AttributionPaths *paths;
  GArray *models; /* ModelResult */
  Together together;
  gint64 conversions, value, net_value, n_paths, n_nulls;
  gboolean worthless;         /* the goal states no value: nothing to set against cost */
  Credit *cost;               /* per key in millionths (plain), or NULL without cost rows */
  GHashTable *untouched_cost; /* key -> gint64*: cost of keys nobody's path has */
};

static const char *const model_names[] = {"first", "last", "linear", "position", "time-decay", "shapley", "markov"};

static gboolean model_parse(const char *text, ModelResult *out, GError **error) {
  *out = (ModelResult){.order = 1};
  for (guint i = 0; i < G_N_ELEMENTS(model_names); i++)
    if (strcmp(text, model_names[i]) == 0) {
      out->model = (Model)i;
      return TRUE;
    }
  if (g_str_has_prefix(text, "markov(") && strlen(text) == 9 && text[7] >= '1' && text[7] <= '3' && text[8] == ')') {
    out->model = MODEL_MARKOV;
    out->order = (guint)(text[7] - '0');
    return TRUE;
  }
  return error_set(
      error, ERROR_USAGE,
      "there is no model \"%s\"\nhint: models are first, last, linear, position, time-decay, shapley, markov (order 1), "
      "markov(2), markov(3)",
      text);
}

static gboolean parse_models(const GPtrArray *texts, gboolean timed, GArray *out, GError **error) {
  static const char *const usual[] = {"first", "last", "linear", "position", "time-decay", "shapley", "markov"};
  for (guint i = 0; i < (texts->len ? texts->len : G_N_ELEMENTS(usual)); i++) {
    ModelResult model;
    if (!model_parse(texts->len ? texts->pdata[i] : usual[i], &model, error))
      return FALSE;
    if (model.model == MODEL_TIME_DECAY && !timed && texts->len)
      return error_set(error, ERROR_INVALID, "time-decay needs the times of touches, which aggregated paths do not have");
    if (model.model != MODEL_TIME_DECAY || timed)
      g_array_append_val(out, model);
  }
  return TRUE;
}

typedef struct { /* the paths as the models read them */
  PathSet set;
  double *conversions, *nulls, *value, *net_value, *decay, *decay_value, *decay_net_value;
} Ready;

typedef struct {
  const GArray *columns[4]; /* of gint64 */
  double *out[4];
} Doubles;

static gboolean fill_doubles(guint column, guint worker, gpointer user, GError **error) {
  const Doubles *doubles = user;
  const GArray *from = doubles->columns[column];
  for (guint i = 0; i < from->len; i++)
    doubles->out[column][i] = (double)g_array_index(from, gint64, i);
  return TRUE;
}

static void ready_columns(Ready *ready, const AttributionPaths *paths, guint threads) {
  Doubles doubles = {.columns = {paths->conversions, paths->nulls, paths->value, paths->net_value}};
  double **out[] = {&ready->conversions, &ready->nulls, &ready->value, &ready->net_value};
  gsize n = paths->conversions->len;
  for (guint i = 0; i < G_N_ELEMENTS(out); i++) {
    *out[i] = doubles.out[i] = g_new(double, n + 1);
    pages_large(*out[i], n * sizeof **out[i]);
  }
  parallel_run(threads, G_N_ELEMENTS(out), fill_doubles, &doubles, NULL);
}

static void ready_init(Ready *ready, const AttributionPaths *paths, guint threads) {
  ready_columns(ready, paths, threads);
  ready->decay = paths->decay->len ? g_new0(double, paths->decay->len) : NULL;
  for (guint p = 0; ready->decay && p + 1 < paths->start->len; p++)
    for (guint32 i = g_array_index(paths->start, guint32, p); i < g_array_index(paths->start, guint32, p + 1); i++)
      ready->decay[i] = ready->conversions[p] > 0
                            ? (double)g_array_index(paths->decay, DecaySum, i).share / 4294967296.0 / ready->conversions[p]
                            : 0;
  ready->decay_value = ready->decay ? g_new(double, paths->decay->len) : NULL;
  ready->decay_net_value = ready->decay ? g_new(double, paths->decay->len) : NULL;
  for (guint i = 0; ready->decay && i < paths->decay->len; i++) {
    ready->decay_value[i] = (double)g_array_index(paths->decay, DecaySum, i).value;
    ready->decay_net_value[i] = (double)g_array_index(paths->decay, DecaySum, i).net_value;
  }
  ready->set = (PathSet){paths->keys->len,
                         paths->start->len - 1,
                         (const guint32 *)(gpointer)paths->start->data,
                         (const guint32 *)(gpointer)paths->elements->data,
                         ready->conversions,
                         ready->nulls,
                         ready->value,
                         ready->decay,
                         ready->decay_value};
}

static void ready_clear(Ready *ready) {
  g_free(ready->conversions);
  g_free(ready->nulls);
  g_free(ready->value);
  g_free(ready->net_value);
  g_free(ready->decay);
  g_free(ready->decay_value);
  g_free(ready->decay_net_value);
}

typedef struct {
  gint64 conversions, value, net_value; /* with a touch: what models share out */
} Totals;

typedef void (*Apportion)(const double *share, guint n, gint64 total, Credit *out);

/* Effects that sum to nothing (a key in every path of every state) fall back to conversion shares. */
static void apportion_or(const double *share, const double *fallback, guint n, gint64 total, Apportion apportion, Credit *out) {
  double sum = 0;
  for (guint i = 0; i < n; i++)
    sum += share[i];
  apportion(sum > 0 ? share : fallback, n, total, out);
}

static gboolean run_markov(const Ready *ready, const Totals *totals, guint threads, ModelResult *result, GError **error) {
  guint n = ready->set.n_keys;
  PathSet set = ready->set;
  g_autoptr(MarkovChain) chain = markov_new(&set, result->order, threads, error);
  g_autofree double *value_effect = g_new0(double, n + 1), *last = g_new(double, n + 1), *last_value = g_new(double, n + 1);
  if (!chain || !markov_effects(chain, threads, result->effect, value_effect, error))
    return FALSE;
  credit_rule(MODEL_LAST, &set, last, last_value);
  apportion_or(result->effect, last, n, totals->conversions, credit_apportion_fixed, result->conversions);
  apportion_or(value_effect, result->effect, n, totals->value, credit_apportion_money, result->value);
  if (memcmp(ready->value, ready->net_value, set.n_paths * sizeof *ready->value) == 0) {
    apportion_or(value_effect, result->effect, n, totals->net_value, credit_apportion_money, result->net_value);
    return TRUE;
  }
  set.value = ready->net_value;
  markov_reweigh(chain, &set);
  if (!markov_effects(chain, threads, NULL, value_effect, error))
    return FALSE;
  apportion_or(value_effect, result->effect, n, totals->net_value, credit_apportion_money, result->net_value);
  return TRUE;
}

static void run_rule(const Ready *ready, const Totals *totals, ModelResult *result) {
  guint n = ready->set.n_keys;
  PathSet set = ready->set;
  g_autofree double *conversions = g_new(double, n + 1), *value = g_new(double, n + 1);
  credit_rule(result->model, &set, conversions, value);
  credit_apportion_fixed(conversions, n, totals->conversions, result->conversions);
  credit_apportion_money(value, n, totals->value, result->value);
  if (memcmp(ready->value, ready->net_value, set.n_paths * sizeof *ready->value) != 0 || set.decay_value) {
    set.value = ready->net_value;
    set.decay_value = ready->decay_net_value;
    credit_rule(result->model, &set, conversions, value);
  }
  credit_apportion_money(value, n, totals->net_value, result->net_value);
}

static Totals add_up(Attribution *attribution) {
  const AttributionPaths *paths = attribution->paths;
  Totals totals = {0, 0, 0};
  for (guint p = 0; p < paths->conversions->len; p++) {
    totals.conversions += g_array_index(paths->conversions, gint64, p);
    totals.value += g_array_index(paths->value, gint64, p);
    totals.net_value += g_array_index(paths->net_value, gint64, p);
    attribution->n_nulls += g_array_index(paths->nulls, gint64, p);
  }
  attribution->n_nulls += paths->left_out;
  attribution->conversions = totals.conversions + paths->none_conversions + paths->unidentified;
  attribution->value = totals.value + paths->none_value + paths->unidentified_value;
  attribution->net_value = totals.net_value + paths->none_net_value + paths->unidentified_net_value;
  attribution->n_paths = totals.conversions + attribution->n_nulls;
  return totals;
}

typedef struct {
  Attribution *attribution;
  Ready ready;
  Totals totals;
  guint threads;
} ModelRun;

/* The one past the last model is which keys go together. */
static gboolean run_model(guint model, guint worker, gpointer user, GError **error) {
  const ModelRun *run = user;
  if (model == run->attribution->models->len) {
    together_find(run->attribution->paths, &run->attribution->together);
    return TRUE;
  }
  ModelResult *result = &g_array_index(run->attribution->models, ModelResult, model);
  if (result->model == MODEL_MARKOV)
    return run_markov(&run->ready, &run->totals, run->threads, result, error);
  run_rule(&run->ready, &run->totals, result);
  return TRUE;
}

static gboolean run_models(Attribution *attribution, guint threads, GError **error) {
  ModelRun run = {.attribution = attribution, .totals = add_up(attribution), .threads = threads};
  guint n = attribution->paths->keys->len + 1;
  for (guint m = 0; m < attribution->models->len; m++) {
    ModelResult *result = &g_array_index(attribution->models, ModelResult, m);
    result->conversions = g_new0(Credit, n);
    result->value = g_new0(Credit, n);
    result->net_value = g_new0(Credit, n);
    result->effect = g_new0(double, n);
    result->low = g_new0(double, n);
    result->high = g_new0(double, n);
  }
  ready_init(&run.ready, attribution->paths, threads);
  gboolean good = parallel_run(threads, attribution->models->len + 1, run_model, &run, error);
  ready_clear(&run.ready);
  return good;
}

static gboolean add_intervals(Attribution *attribution, guint64 seed, guint resamples, guint threads, const gint *cancel,
                              GError **error) {
  guint n = attribution->models->len;
  g_autofree Interval *intervals = g_new0(Interval, n + 1);
  for (guint m = 0; m < n; m++) {
    ModelResult *result = &g_array_index(attribution->models, ModelResult, m);
    intervals[m] = (Interval){result->model, result->order, result->low, result->high, NULL, 0, RESAMPLED_PERSONS};
  }
  ResampleOptions options = {seed, resamples, threads, RESAMPLE_PERSONS_WORK_MAX, cancel};
  if (resamples && attribution->paths->keys->len && !resample(attribution->paths, intervals, n, &options, error))
    return FALSE;
  for (guint m = 0; m < n; m++) {
    g_array_index(attribution->models, ModelResult, m).resamples = intervals[m].resamples;
    g_array_index(attribution->models, ModelResult, m).how = intervals[m].how;
  }
  return TRUE;
}

void attribution_free(gpointer data) {
  Attribution *attribution = data;
  for (guint m = 0; m < attribution->models->len; m++) {
    ModelResult *result = &g_array_index(attribution->models, ModelResult, m);
    g_free(result->conversions);
    g_free(result->value);
    g_free(result->net_value);
    g_free(result->effect);
    g_free(result->low);
    g_free(result->high);
  }
  g_array_unref(attribution->models);
  together_clear(&attribution->together);
  attribution_paths_free(attribution->paths);
  g_clear_pointer(&attribution->untouched_cost, g_hash_table_unref);
  g_free(attribution->cost);
  g_free(attribution->goal);
  g_free(attribution->key);
  g_free(attribution);
}

static Attribution *attribution_new(AttributionPaths *paths, const char *goal, const char *key) {
  Attribution *attribution = g_new0(Attribution, 1);
  attribution->goal = g_strdup(goal);
  attribution->key = g_strdup(key);
  attribution->paths = paths;
  attribution->models = g_array_new(FALSE, TRUE, sizeof(ModelResult));
  return attribution;
}

Attribution *attribution_of_paths(AttributionPaths *take_paths, const GPtrArray *models, guint64 seed, guint resamples,
                                  guint threads, GError **error) {
  Attribution *attribution = attribution_new(take_paths, NULL, "path");
  if (parse_models(models, FALSE, attribution->models, error) && run_models(attribution, threads, error) &&
      add_intervals(attribution, seed, resamples, threads, NULL, error))
    return attribution;
  attribution_free(attribution);
  return NULL;
}

/* --- cost ---------------------------------------------------------------------------------------- */

typedef struct {
  Key *key;
  Column *cost;
  Scope *scope;
  GArray **sums;   /* per worker: __int128 by key code */
  guint32 **codes; /* per worker */
  guint *capacity;
} CostWork;

static void add_event_cost(CostWork *work, const Block *data, const Question *question, const ColumnBlock *column, guint32 event,
                           guint worker) {
  guint32 entry = codes_at(&column->codes, event), code = work->codes[worker][event];
  gint64 time_ms = entry ? block_time_ms(data, event) : 0, micro;
  char currency[MONEY_CURRENCY_SIZE];
  const char *why;
  if (!entry || time_ms < question->from_ms || time_ms >= question->to_ms || time_ms > question->now_ms ||
      bit_at(data->excluded, event) || !money_parse(column_entry(column, entry).text, DECIMAL_POINT, &micro, currency, &why))
    return;
  money_in_project(question, data, event, &micro);
  if (code >= work->sums[worker]->len)
    g_array_set_size(work->sums[worker], code + 1);
  g_array_index(work->sums[worker], Credit, code) += micro;
}

static gboolean cost_block(const Question *question, guint block, const Block *data, guint worker, gpointer user, GError **error) {
  CostWork *work = user;
  ColumnBlock column;
  if (!column_block(work->cost, block, &column, error))
    return FALSE;
  if (column.n_entries <= 1)
    return TRUE;
  if (data->n_events > work->capacity[worker]) {
    work->capacity[worker] = data->n_events;
    work->codes[worker] = g_renew(guint32, work->codes[worker], data->n_events);
  }
  if (!key_block(work->key, block, data, work->codes[worker], error))
    return FALSE;
  for (guint32 p = 0; p < data->n_persons; p++)
    for (guint32 i = data->person_start[p]; i < data->person_start[p + 1] && !bit_at(data->dead, p); i++)
      add_event_cost(work, data, question, &column, i, worker);
  return TRUE;
}

static void place_cost(Attribution *attribution, const char *key, gint64 micro) {
  GPtrArray *keys = attribution->paths->keys;
  for (guint k = 0; k < keys->len; k++)
    if (strcmp(keys->pdata[k], key) == 0) {
      attribution->cost[k] += micro;
      return;
    }
  gint64 *sum = g_hash_table_lookup(attribution->untouched_cost, key);
  if (!sum)
    g_hash_table_insert(attribution->untouched_cost, g_strdup(key), sum = g_new0(gint64, 1));
  *sum += micro;
}

static gboolean add_cost(Attribution *attribution, const Question *question, GError **error) {
  guint n = question_threads(question);
  if (!column_known(snapshot_names(question->snapshot), "cost"))
    return TRUE;
  CostWork work = {.sums = g_new0(GArray *, n), .codes = g_new0(guint32 *, n), .capacity = g_new0(guint, n)};
  for (guint i = 0; i < n; i++)
    work.sums[i] = g_array_new(FALSE, TRUE, sizeof(Credit));
  gboolean good = (work.key = key_new(question, attribution->key, error)) &&
                  (work.cost = column_open(question->snapshot, "cost", error)) &&
                  question_each_block(question, cost_block, &work, error);
  attribution->cost = g_new0(Credit, attribution->paths->keys->len + 1);
  attribution->untouched_cost = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < n; i++) {
    for (guint code = 0; good && code < work.sums[i]->len; code++) {
      Credit micro = g_array_index(work.sums[i], Credit, code);
      g_autofree char *name = code == KEY_NONE ? g_strdup("(not set)") : text_dup(key_text(work.key, code));
      if (micro)
        place_cost(attribution, name, (gint64)micro);
    }
    g_array_unref(work.sums[i]);
    g_free(work.codes[i]);
  }
  g_free(work.sums);
  g_free(work.codes);
  g_free(work.capacity);
  key_free(work.key);
  column_free(work.cost);
  return good;
}

/* --- the report ---------------------------------------------------------------------------------- */

static gboolean duration_param(const Params *params, const char *name, gint64 *out, GError **error) {
  const char *text = params_get(params, name);
  g_autoptr(GError) inner = NULL;
  if (!text || duration_parse(text, out, &inner))
    return TRUE;
  return error_set(error, ERROR_INVALID, "--%s: %s", name, inner->message);
}

static gboolean collect_paths(Attribution *attribution, const Question *question, AttributionOptions *options, GError **error) {
  options->converted_only = !options->by_person;
  for (guint m = 0; m < attribution->models->len; m++) {
    Model model = g_array_index(attribution->models, ModelResult, m).model;
    options->timed = options->timed || model == MODEL_TIME_DECAY;
    options->converted_only = options->converted_only && model != MODEL_MARKOV;
  }
  attribution->paths = attribution_paths_collect(question, options, error);
  return attribution->paths != NULL;
}

static gpointer attribution_run(const Question *question, const Params *params, GError **error) {
  if (params_get(params, "paths") || params_all(params, "map")->len) {
    error_set(error, ERROR_USAGE, "--paths and --map are about a file of counted paths, which only the command line reads");
    return NULL;
  }
  const char *navigational = params_get(params, "navigational"), *customers = params_get(params, "customers");
  AttributionOptions options = {.goal = attribution_goal(question->project, params_get(params, "goal"), error),
                                .key = params_get(params, "key"),
                                .half_life_ms = 7 * MS_DAY};
  gint64 resamples = RESAMPLES;
  if (!options.goal)
    return NULL;
  options.lookback_ms = options.goal->lookback_ms;
  options.keep_navigational = strcmp(navigational, "keep") == 0;
  options.customers = strcmp(customers, "new") == 0         ? CUSTOMERS_NEW
                      : strcmp(customers, "returning") == 0 ? CUSTOMERS_RETURNING
                                                            : CUSTOMERS_ALL;
  if (!duration_param(params, "lookback", &options.lookback_ms, error) ||
      !duration_param(params, "half-life", &options.half_life_ms, error) ||
      !duration_param(params, "views", &options.views_ms, error) || !params_int(params, "resamples", 0, 100000, &resamples, error))
    return NULL;
  options.by_person = resamples > 0;
  Attribution *attribution = attribution_new(NULL, options.goal->rule.name, options.key);
  attribution->worthless = options.goal->value == NULL;
  if (parse_models(params_all(params, "model"), TRUE, attribution->models, error) &&
      collect_paths(attribution, question, &options, error) && run_models(attribution, question_threads(question), error) &&
      add_cost(attribution, question, error) &&
      add_intervals(attribution, question->seed, (guint)resamples, question_threads(question), question->cancel, error))
    return attribution;
  attribution_free(attribution);
  return NULL;
}

static gint64 micro_of(Credit credit) {
  return (gint64)((credit + ((Credit)1 << 31)) >> 32);
}

static void cost_json(const Attribution *attribution, const ModelResult *model, guint key, JsonOut *out) {
  if (!attribution->cost)
    return;
  gint64 cost = (gint64)attribution->cost[key];
  double conversions = credit_to_double(model->conversions[key]);
  json_kv_micro(out, "cost", cost);
  json_kv_double(out, "cpa", cost && conversions > 0 ? (double)cost / 1e6 / conversions : NAN);
  json_kv_double(out, "roas", cost && !attribution->worthless ? (double)micro_of(model->value[key]) / (double)cost : NAN);
}

static void credit_json(const Attribution *attribution, const ModelResult *model, guint key, JsonOut *out) {
  json_object(out);
  json_kv_string(out, "key", attribution->paths->keys->pdata[key]);
  json_kv_double(out, "conversions", credit_to_double(model->conversions[key]));
  json_kv_micro(out, "value", micro_of(model->value[key]));
  json_kv_micro(out, "net_value", micro_of(model->net_value[key]));
  json_kv_double(out, "share",
                 attribution->conversions ? credit_to_double(model->conversions[key]) / (double)attribution->conversions : NAN);
  if (model->resamples) {
    json_kv_double(out, "low", model->low[key]);
    json_kv_double(out, "high", model->high[key]);
  }
  if (model->model == MODEL_MARKOV)
    json_kv_double(out, "removal_effect", model->effect[key]);
  cost_json(attribution, model, key, out);
  json_object_end(out);
}

static void apart_json(const Attribution *attribution, const char *key, gint64 conversions, gint64 value, gint64 net_value,
                       JsonOut *out) {
  if (conversions == 0)
    return;
  json_object(out);
  json_kv_string(out, "key", key);
  json_kv_double(out, "conversions", (double)conversions);
  json_kv_micro(out, "value", value);
  json_kv_micro(out, "net_value", net_value);
  json_kv_double(out, "share", (double)conversions / (double)attribution->conversions);
  json_object_end(out);
}

static int compare_text(gconstpointer a, gconstpointer b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *untouched_keys(const Attribution *attribution) {
  GPtrArray *keys = g_ptr_array_new();
  GHashTableIter iter;
  gpointer key;
  if (attribution->untouched_cost) {
    g_hash_table_iter_init(&iter, attribution->untouched_cost);
    while (g_hash_table_iter_next(&iter, &key, NULL))
      g_ptr_array_add(keys, key);
  }
  g_ptr_array_sort(keys, compare_text);
  return keys;
}

void attribution_json(gconstpointer result, JsonOut *out) {
  const Attribution *attribution = result;
  json_kv_string(out, "goal", attribution->goal);
  json_kv_string(out, "key", attribution->key);
  json_kv_int(out, "conversions", attribution->conversions);
  json_kv_micro(out, "value", attribution->value);
  json_kv_micro(out, "net_value", attribution->net_value);
  json_kv_int(out, "paths", attribution->n_paths);
  json_kv_int(out, "paths_without_conversion", attribution->n_nulls);
  json_kv_int(out, "paths_open", attribution->paths->open_paths);
  json_key(out, "models");
  json_array(out);
  for (guint m = 0; m < attribution->models->len; m++) {
    const ModelResult *model = &g_array_index(attribution->models, ModelResult, m);
    json_object(out);
    json_kv_string(out, "model", model_names[model->model]);
    if (model->model == MODEL_MARKOV)
      json_kv_int(out, "order", model->order);
    json_kv_int(out, "resamples", model->resamples);
    json_kv_string(out, "resampled", model->resamples ? resampled_name(model->how) : NULL);
    json_key(out, "credits");
    json_array(out);
    for (guint k = 0; k < attribution->paths->keys->len; k++)
      credit_json(attribution, model, k, out);
    const AttributionPaths *paths = attribution->paths;
    apart_json(attribution, "(none)", paths->none_conversions, paths->none_value, paths->none_net_value, out);
    apart_json(attribution, "(unidentified)", paths->unidentified, paths->unidentified_value, paths->unidentified_net_value, out);
    json_array_end(out);
    json_object_end(out);
  }
  json_array_end(out);
  together_json(&attribution->together, attribution->paths, out);
  g_autoptr(GPtrArray) untouched = untouched_keys(attribution);
  json_key(out, "cost_without_touches");
  json_array(out);
  for (guint i = 0; i < untouched->len; i++) {
    json_object(out);
    json_kv_string(out, "key", untouched->pdata[i]);
    json_kv_micro(out, "cost", *(gint64 *)g_hash_table_lookup(attribution->untouched_cost, untouched->pdata[i]));
    json_object_end(out);
  }
  json_array_end(out);
}

/* Rows by the last model's credit, largest first. */
static int row_compare(gconstpointer a, gconstpointer b, gpointer user) {
  const ModelResult *model = user;
  guint x = *(const guint *)a, y = *(const guint *)b;
  if (model->conversions[x] != model->conversions[y])
    return model->conversions[x] > model->conversions[y] ? -1 : 1;
  return (x > y) - (x < y);
}

static void table_columns(const Attribution *attribution, Table *table) {
  table_column(table, attribution->key, CELL_TEXT);
  for (guint m = 0; m < attribution->models->len; m++) {
    const ModelResult *model = &g_array_index(attribution->models, ModelResult, m);
    g_autofree char *name = model->model == MODEL_MARKOV && model->order > 1 ? g_strdup_printf("markov(%u)", model->order)
                                                                             : g_strdup(model_names[model->model]);
    table_column(table, name, CELL_NUMBER);
  }
  table_column(table, "low", CELL_NUMBER);
  table_column(table, "high", CELL_NUMBER);
  table_column(table, "value", CELL_MONEY);
  table_column(table, "share", CELL_SHARE);
  table_column(table, "", CELL_BAR);
}

static void table_row(const Attribution *attribution, const ModelResult *last, guint key, double most, Table *table) {
  double share = attribution->conversions ? credit_to_double(last->conversions[key]) / (double)attribution->conversions : 0;
  table_text(table, attribution->paths->keys->pdata[key]);
  for (guint m = 0; m < attribution->models->len; m++)
    table_number(table, credit_to_double(g_array_index(attribution->models, ModelResult, m).conversions[key]));
  if (last->resamples) {
    table_number(table, last->low[key]);
    table_number(table, last->high[key]);
  } else {
    table_empty(table);
    table_empty(table);
  }
  table_number(table, (double)micro_of(last->value[key]) / 1e6);
  table_number(table, share);
  table_number(table, most > 0 ? credit_to_double(last->conversions[key]) / most : 0);
}

static void table_apart(const Attribution *attribution, const char *key, gint64 conversions, gint64 value, Table *table) {
  if (conversions == 0)
    return;
  table_text(table, key);
  for (guint m = 0; m < attribution->models->len; m++)
    table_number(table, (double)conversions);
  table_empty(table);
  table_empty(table);
  table_number(table, (double)value / 1e6);
  table_number(table, (double)conversions / (double)attribution->conversions);
  table_empty(table);
}

static void table_cost(const Attribution *attribution, const ModelResult *last, const guint *order, Table *table) {
  g_autoptr(GPtrArray) untouched = untouched_keys(attribution);
  if (!attribution->cost)
    return;
  table_title(table, "Cost against the credits of the last model");
  table_column(table, attribution->key, CELL_TEXT);
  table_column(table, "cost", CELL_MONEY);
  table_column(table, "cost per conversion", CELL_MONEY);
  table_column(table, "return on spend", CELL_NUMBER);
  for (guint i = 0; i < attribution->paths->keys->len; i++) {
    guint key = order[i];
    double cost = (double)attribution->cost[key] / 1e6, conversions = credit_to_double(last->conversions[key]);
    if (cost == 0)
      continue;
    table_text(table, attribution->paths->keys->pdata[key]);
    table_number(table, cost);
    table_number(table, conversions > 0 ? cost / conversions : NAN);
    table_number(table, attribution->worthless ? NAN : (double)micro_of(last->value[key]) / 1e6 / cost);
  }
  for (guint i = 0; i < untouched->len; i++) {
    table_text(table, untouched->pdata[i]);
    table_number(table, (double)*(gint64 *)g_hash_table_lookup(attribution->untouched_cost, untouched->pdata[i]) / 1e6);
    table_empty(table);
    table_empty(table);
  }
  if (untouched->len)
    table_note(table, "Without a figure: no person's touch is known there, so it is not measurable per person.");
  if (attribution->worthless)
    table_note(table, "The goal states no value, so there is no return on spend.");
}

void attribution_table(gconstpointer result, Table *table) {
  const Attribution *attribution = result;
  guint n = attribution->paths->keys->len;
  g_autofree guint *order = g_new(guint, n + 1);
  if (attribution->models->len == 0)
    return;
  const ModelResult *last = &g_array_index(attribution->models, ModelResult, attribution->models->len - 1);
  double most = 0;
  for (guint k = 0; k < n; k++) {
    order[k] = k;
    most = MAX(most, credit_to_double(last->conversions[k]));
  }
  g_qsort_with_data(order, (gint)n, sizeof *order, row_compare, (gpointer)last);
  g_autofree char *goal = g_strdup(attribution->goal ? attribution->goal : "conversions");
  table_title(table, "Attribution of %s: %" G_GINT64_FORMAT " conversions over %" G_GINT64_FORMAT " paths", goal,
              attribution->conversions, attribution->n_paths);
  table_columns(attribution, table);
  for (guint i = 0; i < n; i++)
    table_row(attribution, last, order[i], most, table);
  table_apart(attribution, "(none)", attribution->paths->none_conversions, attribution->paths->none_value, table);
  table_apart(attribution, "(unidentified)", attribution->paths->unidentified, attribution->paths->unidentified_value, table);
  if (attribution->conversions == 0)
    table_note(table, "Nobody reached this goal in the period, so there is nothing to share out.");
  if (last->resamples)
    table_note(table, "low and high: 95%% interval of the last model, %u resamples; value and share are its too.", last->resamples);
  table_cost(attribution, last, order, table);
  together_table(&attribution->together, attribution->paths, table);
}

/* The two keys with the most credit by a model; FALSE without any. */
static gboolean first_two(const Attribution *attribution, const ModelResult *model, guint *first, guint *second) {
  guint n = attribution->paths->keys->len;
  *first = *second = G_MAXUINT;
  for (guint k = 0; k < n; k++) {
    if (*first == G_MAXUINT || model->conversions[k] > model->conversions[*first]) {
      *second = *first;
      *first = k;
    } else if (*second == G_MAXUINT || model->conversions[k] > model->conversions[*second]) {
      *second = k;
    }
  }
  return *first != G_MAXUINT && model->conversions[*first] > 0;
}

void attribution_finding(gconstpointer result, const Project *project, const char *language, Finding *out) {
  const Attribution *attribution = result;
  const Goal *goal = project && attribution->goal ? project_goal(project, attribution->goal) : NULL;
  guint first, second;
  if (attribution->models->len == 0)
    return;
  const ModelResult *last = &g_array_index(attribution->models, ModelResult, attribution->models->len - 1);
  g_autofree char *model =
      last->order > 1 ? g_strdup_printf("%s(%u)", model_names[last->model], last->order) : g_strdup(model_names[last->model]);
  const char *nameless = strcmp(language, "de") == 0 ? "dem Ziel" : "the goal";
  finding_text(out, "goal", attribution->goal, goal ? rule_label(&goal->rule, language) : nameless);
  finding_text(out, "field", attribution->key, NULL);
  finding_text(out, "model", model, NULL);
  finding_count(out, "conversions", (guint64)attribution->conversions);
  finding_count(out, "keys", attribution->paths->keys->len);
  finding_set(out, attribution->conversions == 0 ? "attribution.empty" : "attribution.untouched");
  if (attribution->conversions == 0 || !first_two(attribution, last, &first, &second))
    return;
  finding_set(out, "attribution.close");
  if (!last->resamples || (second != G_MAXUINT && last->low[first] <= last->high[second]))
    return;
  double earned = credit_to_double(last->conversions[first]);
  finding_set(out, "attribution.leads");
  finding_text(out, "key", attribution->paths->keys->pdata[first], NULL);
  finding_number(out, "earned", earned);
  finding_share(out, "share", earned / (double)attribution->conversions);
}

static const Param params[] = {
    {"goal", PARAM_TEXT, FALSE, FALSE, NULL, NULL, "The goal whose conversions are shared out (the first that closes journeys)"},
    {"model", PARAM_TEXT, TRUE, FALSE, NULL, NULL,
     "first, last, linear, position, time-decay, shapley, markov, markov(2), markov(3)"},
    {"key", PARAM_TEXT, FALSE, FALSE, NULL, "channel", "What earns credit: channel, campaign, touchpoint, any property"},
    {"lookback", PARAM_DURATION, FALSE, FALSE, NULL, NULL, "How long before a conversion touches count (the goal's)"},
    {"half-life", PARAM_DURATION, FALSE, FALSE, NULL, "7d", "Of time-decay"},
    {"views", PARAM_DURATION, FALSE, FALSE, NULL, NULL, "Count opens and views not followed by a click within this long"},
    {"navigational", PARAM_CHOICE, FALSE, FALSE, "skip|keep", "skip",
     "Direct visits and brand searches: passed over unless alone, or kept"},
    {"customers", PARAM_CHOICE, FALSE, FALSE, "all|new|returning", "all", "Conversions of new or returning customers only"},
    {"resamples", PARAM_INT, FALSE, FALSE, NULL, "1000", "Draws behind the intervals; 0 for none"},
    {"paths", PARAM_TEXT, FALSE, FALSE, NULL, NULL,
     "Instead of the project's: a CSV file of paths that another tool counted. Takes --map, --model, --resamples, --seed"},
    {"map", PARAM_TEXT, TRUE, FALSE, NULL, NULL, "Of --paths: path=COLUMN, conversions=COLUMN, value=COLUMN, nulls=COLUMN"},
    {NULL},
};

const Report attribution_report = {"attribution",
                                   "Which channel, campaign or content earned the conversions, by several models.",
                                   "--goal order --model last --model markov --key channel",
                                   params,
                                   attribution_run,
                                   attribution_json,
                                   attribution_table,
                                   attribution_free,
                                   attribution_finding,
                                   TRUE};
