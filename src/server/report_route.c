// SPDX-License-Identifier: Apache-2.0
#include "server/report_route.h"

#include "analysis/map.h"
#include "analysis/person_report.h"
#include "base/error.h"
#include "base/json_in.h"
#include "exchange/map_svg.h"
#include "server/server_private.h"
#include <pthread.h>
#include <string.h>

enum { PARAMS_MAX = 200, LOOK_MS = 100 };

typedef struct Job Job;
struct Job {
  Job *next;
  ReportPool *pool;
  Exchange *exchange;
  const Report *report;
  Params *params;
  gint cancel;        /* set by the watching thread */
  gboolean late;      /* why */
  gint64 deadline_us; /* 0: has not begun */
};

struct ReportPool {
  Server *server;
  pthread_t *threads, watcher;
  guint n_threads;
  gboolean watching;
  pthread_mutex_t mutex; /* guards what follows */
  pthread_cond_t changed, watch;
  Job *first, **last, *running;
  guint waiting;
  gboolean stop;
};

/* --- what is asked ------------------------------------------------------------------------------------------- */

typedef struct {
  Params *params;
  guint n;
  const char *refused;
} Reading;

/* Those that make sense only where the program runs. */
static gboolean is_local_option(const char *name) {
  static const char *const local[] = {"db", "out", "timing", "repeat", NULL};
  return g_strv_contains(local, name);
}

static void add(Reading *reading, const char *name, const char *value) {
  if (is_local_option(name) || ++reading->n > PARAMS_MAX)
    reading->refused =
        is_local_option(name) ? "db, out, timing and repeat are options of the command line only" : "more than 200 options";
  else
    params_add(reading->params, name, value);
}

static void add_argument(const char *name, const char *value, gpointer user) {
  add(user, name, value);
}

static gboolean add_value(Reading *reading, const char *name, JsonValue value, GError **error) {
  char number[JSON_NUMBER_SIZE];
  g_autofree char *text = NULL;
  switch (json_in_kind(value)) {
  case JSON_STRING: text = text_dup(json_in_string(value)); break;
  case JSON_NUMBER: text = text_dup(json_in_number(value, number)); break;
  case JSON_TRUE: text = g_strdup("true"); break;
  case JSON_FALSE: text = g_strdup("false"); break;
  case JSON_NULL: return TRUE;
  default: return error_set(error, ERROR_INVALID, "%s: a text, a number, true or false, or a list of them is expected", name);
  }
  add(reading, name, text);
  return TRUE;
}

static gboolean add_member(Reading *reading, const char *name, JsonValue value, GError **error) {
  JsonIter iter;
  Text none;
  JsonValue item;
  if (json_in_kind(value) != JSON_ARRAY)
    return add_value(reading, name, value, error);
  json_in_walk(&iter, value);
  while (json_in_next(&iter, &none, &item))
    if (!add_value(reading, name, item, error))
      return FALSE;
  return TRUE;
}

static gboolean read_json(Reading *reading, Text body, GError **error) {
  g_autoptr(JsonIn) json = json_in_new(1 << 20);
  JsonValue root, value;
  JsonIter iter;
  Text key;
  if (!json_in_parse(json, body.at, body.size, TRUE, &root, error))
    return FALSE;
  if (json_in_kind(root) != JSON_OBJECT)
    return error_set(
        error, ERROR_INVALID,
        "the body is no JSON object\nhint: its keys are the options, as {\"step\": [\"a\", \"b\"], \"window\": \"7d\"}");
  json_in_walk(&iter, root);
  while (json_in_next(&iter, &key, &value)) {
    g_autofree char *name = text_dup(key);
    if (!add_member(reading, name, value, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean read_params(const Exchange *exchange, Params *params, GError **error) {
  Reading reading = {.params = params};
  Text body = exchange_body(exchange);
  exchange_each_argument(exchange, add_argument, &reading);
  if (body.size && !read_json(&reading, body, error))
    return FALSE;
  return reading.refused == NULL || error_set(error, ERROR_USAGE, "%s", reading.refused);
}

/* --- answering ------------------------------------------------------------------------------------------------- */

static void job_free(gpointer data) {
  Job *job = data;
  params_free(job->params);
  g_free(job);
}

static char *draw_map(Workspace *workspace, Job *job, GError **error) {
  Question question;
  map_picture_params(job->params);
  if (!params_check(job->params, &map_report, error) || !workspace_question(workspace, job->params, &question, error))
    return NULL;
  question.cancel = &job->cancel;
  JourneyMap *map = journey_map_run(&question, job->params, error);
  workspace_question_clear(&question);
  char *svg = map ? map_svg(map, NULL) : NULL;
  journey_map_free(map);
  return svg;
}

static char *answer_text(Job *job, const char *format, const char **type, GError **error) {
  Workspace *workspace = capture_workspace(job->pool->server->capture);
  *type = "application/json";
  if (strcmp(format, "svg") == 0 && job->report == &map_report) {
    *type = "image/svg+xml";
    return draw_map(workspace, job, error);
  }
  if (strcmp(format, "csv") == 0)
    *type = "text/csv; charset=utf-8";
  else if (strcmp(format, "json") != 0) {
    error_set(error, ERROR_USAGE, "format \"%s\" is not available here\nhint: json, csv, or svg for the map", format);
    return NULL;
  }
  return workspace_answer_until(workspace, job->report, job->params, format, NULL, &job->cancel, error);
}

static void answer_error(Job *job, const GError *error) {
  if (job->late)
    exchange_error_status(job->exchange, 503, "limit", "the question took too long",
                          "narrow it by --from, --to or --where, or ask on the command line");
  else
    exchange_error(job->exchange, error);
}

static void run_job(Job *job) {
  g_autoptr(GError) error = NULL;
  const char *format = params_get(job->params, "format"), *type;
  char *text = answer_text(job, format ? format : "json", &type, &error);
  if (text)
    exchange_reply(job->exchange, 200, type, text, strlen(text));
  else
    answer_error(job, error);
  exchange_answer_header(job->exchange, "Cache-Control", "no-store");
  atomic_fetch_add(&job->pool->server->figures.reports, 1);
}

/* --- threads ------------------------------------------------------------------------------------------------------ */

/* The mutex is held. */
static Job *take_job(ReportPool *pool) {
  Job *job = pool->first;
  pool->first = job->next;
  if (pool->first == NULL)
    pool->last = &pool->first;
  pool->waiting--;
  job->deadline_us = g_get_monotonic_time() + pool->server->options.limits.report_s * G_USEC_PER_SEC;
  job->next = pool->running;
  pool->running = job;
  pthread_cond_signal(&pool->watch);
  return job;
}

static void drop_job(ReportPool *pool, Job *job) {
  Job **link = &pool->running;
  while (*link != job)
    link = &(*link)->next;
  *link = job->next;
}

static gpointer answer_on(gpointer user) {
  ReportPool *pool = user;
  pthread_mutex_lock(&pool->mutex);
  for (;;) {
    while (!pool->first && !pool->stop)
      pthread_cond_wait(&pool->changed, &pool->mutex);
    if (!pool->first)
      break;
    Job *job = take_job(pool);
    pthread_mutex_unlock(&pool->mutex);
    run_job(job);
    pthread_mutex_lock(&pool->mutex);
    drop_job(pool, job);
    exchange_resume(job->exchange); /* the job goes with it */
  }
  pthread_mutex_unlock(&pool->mutex);
  return NULL;
}

static void look_at_jobs(ReportPool *pool) {
  gint64 now_us = g_get_monotonic_time();
  for (Job *job = pool->running; job; job = job->next) {
    gboolean late = now_us > job->deadline_us;
    if (g_atomic_int_get(&job->cancel) || !(late || pool->stop || exchange_is_gone(job->exchange)))
      continue;
    job->late = late;
    g_atomic_int_set(&job->cancel, 1);
  }
}

static gpointer watch_on(gpointer user) {
  ReportPool *pool = user;
  pthread_mutex_lock(&pool->mutex);
  while (!pool->stop || pool->running || pool->first) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_MS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (pool->running || pool->first)
      pthread_cond_timedwait(&pool->watch, &pool->mutex, &until);
    else
      pthread_cond_wait(&pool->watch, &pool->mutex);
    look_at_jobs(pool);
  }
  pthread_mutex_unlock(&pool->mutex);
  return NULL;
}

ReportPool *report_pool_new(Server *server, guint threads) {
  ReportPool *pool = g_new0(ReportPool, 1);
  pthread_condattr_t monotonic;
  pool->server = server;
  pool->last = &pool->first;
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&pool->changed, NULL);
  pthread_cond_init(&pool->watch, &monotonic);
  pthread_condattr_destroy(&monotonic);
  pool->threads = g_new0(pthread_t, threads);
  while (pool->n_threads < threads && pthread_create(&pool->threads[pool->n_threads], NULL, answer_on, pool) == 0)
    pool->n_threads++;
  pool->watching = pthread_create(&pool->watcher, NULL, watch_on, pool) == 0;
  return pool;
}

void report_pool_free(ReportPool *pool) {
  if (pool == NULL)
    return;
  pthread_mutex_lock(&pool->mutex);
  pool->stop = TRUE;
  pthread_cond_broadcast(&pool->changed);
  pthread_cond_broadcast(&pool->watch);
  pthread_mutex_unlock(&pool->mutex);
  for (guint i = 0; i < pool->n_threads; i++)
    pthread_join(pool->threads[i], NULL);
  if (pool->watching)
    pthread_join(pool->watcher, NULL);
  pthread_cond_destroy(&pool->changed);
  pthread_cond_destroy(&pool->watch);
  pthread_mutex_destroy(&pool->mutex);
  g_free(pool->threads);
  g_free(pool);
}

static void ask(Server *server, Exchange *exchange, const Report *report, Params *take_params) {
  ReportPool *pool = server->reports;
  Job *job = g_new0(Job, 1);
  *job = (Job){.pool = pool, .exchange = exchange, .report = report, .params = take_params};
  pthread_mutex_lock(&pool->mutex);
  gboolean good = !pool->stop && pool->waiting < server->options.limits.reports_waiting;
  if (good) {
    exchange_keep(exchange, KEPT_BY_HANDLER, job, job_free);
    exchange_wait(exchange);
    *pool->last = job;
    pool->last = &job->next;
    pool->waiting++;
    pthread_cond_signal(&pool->changed);
  }
  pthread_mutex_unlock(&pool->mutex);
  if (good)
    return;
  job_free(job);
  exchange_error_status(exchange, 503, "busy", "too many questions are waiting for an answer", "ask again in a moment");
}

/* --- routes --------------------------------------------------------------------------------------------------------- */

static void read_and_ask(Server *server, Exchange *exchange, const Report *report, const char *person) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Params) params = params_new();
  if (!read_params(exchange, params, &error)) {
    exchange_error(exchange, error);
    return;
  }
  if (person)
    params_add(params, "person", person);
  ask(server, exchange, report, g_steal_pointer(&params));
}

static const char *rest_of_path(const Exchange *exchange) {
  return strrchr(exchange_path(exchange), '/') + 1;
}

void report_route_answer(Server *server, Exchange *exchange, CaptureSource *key) {
  const Report *report = catalogue_find(rest_of_path(exchange));
  if (report)
    read_and_ask(server, exchange, report, NULL);
  else
    exchange_error_status(exchange, 404, "not_found", "there is no report of this name", "GET /api/v1/reports lists them");
}

void report_route_person(Server *server, Exchange *exchange, CaptureSource *key) {
  const char *prefix = "/api/v1/persons/";
  read_and_ask(server, exchange, &person_report, exchange_path(exchange) + strlen(prefix));
}

static const char *type_name(ParamType type) {
  static const char *const names[] = {[PARAM_TEXT] = "text",         [PARAM_INT] = "integer",         [PARAM_FLAG] = "flag",
                                      [PARAM_DURATION] = "duration", [PARAM_CONDITION] = "condition", [PARAM_CHOICE] = "choice"};
  return names[type];
}

static void write_choices(JsonOut *out, const char *choices) {
  g_auto(GStrv) words = g_strsplit(choices, "|", -1);
  json_key(out, "choices");
  json_array(out);
  for (char **word = words; *word; word++)
    json_string(out, *word);
  json_array_end(out);
}

static void write_params(JsonOut *out, const char *key, const Param *params) {
  json_key(out, key);
  json_array(out);
  for (const Param *param = params; param && param->name; param++) {
    json_object(out);
    json_kv_string(out, "name", param->name);
    json_kv_string(out, "type", type_name(param->type));
    json_kv_string(out, "help", param->help);
    json_kv_bool(out, "many", param->many);
    json_kv_bool(out, "required", param->required);
    if (param->choices)
      write_choices(out, param->choices);
    if (param->fallback)
      json_kv_string(out, "default", param->fallback);
    json_object_end(out);
  }
  json_array_end(out);
}

void report_route_list(Server *server, Exchange *exchange, CaptureSource *key) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_key(out, "reports");
  json_array(out);
  for (const Report *const *report = catalogue(); *report; report++) {
    json_object(out);
    json_kv_string(out, "name", (*report)->name);
    json_kv_string(out, "summary", (*report)->summary);
    json_kv_string(out, "example", (*report)->example);
    write_params(out, "options", (*report)->params);
    json_object_end(out);
  }
  json_array_end(out);
  write_params(out, "common_options", workspace_common_params);
  json_object_end(out);
  gsize size;
  const char *text = json_out_text(out, &size);
  exchange_reply(exchange, 200, "application/json", g_memdup2(text, size), size);
}
