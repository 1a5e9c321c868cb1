// SPDX-License-Identifier: Apache-2.0
#include "analysis/workspace.h"
#include "analysis/derive_cache.h"
#include "base/error.h"
#include <pthread.h>
#include <string.h>
#include <unistd.h>

typedef struct { /* what questions borrow; replaced ones stay until the end, for they are few */
  char *text, *named_zone;
  Project *project;
  Zone *zone;
} Definitions;

struct Workspace {
  Record *record;
  gboolean owns_record;
  Index *index;
  pthread_mutex_t mutex;  /* guards the array */
  GPtrArray *definitions; /* of Definitions: the last one counts */
  DeriveCache *cache;
};

const Param workspace_common_params[] = {
    {"from", PARAM_TEXT, FALSE, FALSE, NULL, NULL, "First day or instant: 2025-01-01, 2025-01-01T08:00"},
    {"to", PARAM_TEXT, FALSE, FALSE, NULL, NULL, "Last day (it counts) or the instant before which"},
    {"now", PARAM_TEXT, FALSE, FALSE, NULL, NULL, "Ask as of this instant; later events are unseen"},
    {"where", PARAM_CONDITION, FALSE, FALSE, NULL, NULL, "Keep only events that match"},
    {"among", PARAM_CONDITION, FALSE, FALSE, NULL, NULL, "Keep only persons that match"},
    {"lang", PARAM_CHOICE, FALSE, FALSE, "en|de", NULL, "Language of the opening sentence (the project's)"},
    {"seed", PARAM_INT, FALSE, FALSE, NULL, "1", "Seed of resampling"},
    {"threads", PARAM_INT, FALSE, FALSE, NULL, "0", "Cores to use; 0 means all. The answer is the same"},
    {NULL},
};

static void definitions_free(Definitions *definitions) {
  project_free(definitions->project);
  zone_free(definitions->zone);
  g_free(definitions->text);
  g_free(definitions->named_zone);
  g_free(definitions);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Definitions, definitions_free)

static const Definitions *definitions_now(Workspace *workspace) {
  pthread_mutex_lock(&workspace->mutex);
  guint n = workspace->definitions->len;
  const Definitions *definitions = n ? workspace->definitions->pdata[n - 1] : NULL;
  pthread_mutex_unlock(&workspace->mutex);
  return definitions;
}

/* The applied project file, else the default; the zone of an import counts until a project names one. */
static gboolean load_project(Workspace *workspace, GError **error) {
  g_autoptr(Definitions) made = g_new0(Definitions, 1);
  const Definitions *now = definitions_now(workspace);
  made->text = record_setting(workspace->record, "project");
  made->named_zone = record_setting(workspace->record, "timezone");
  if (now && g_strcmp0(now->text, made->text) == 0 && g_strcmp0(now->named_zone, made->named_zone) == 0)
    return TRUE;
  made->project = made->text ? project_parse(made->text, strlen(made->text), error) : project_default();
  if (!made->project)
    return FALSE;
  made->zone = zone_new(!made->text && made->named_zone ? made->named_zone : made->project->timezone, error);
  if (!made->zone)
    return FALSE;
  pthread_mutex_lock(&workspace->mutex);
  g_ptr_array_add(workspace->definitions, g_steal_pointer(&made));
  pthread_mutex_unlock(&workspace->mutex);
  return TRUE;
}

/* A quarter of the machine's memory. */
static gsize cache_budget(void) {
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? (gsize)pages * (gsize)size / 4 : 0;
}

static Workspace *workspace_new(Record *record, gboolean owns_record) {
  Workspace *workspace = g_new0(Workspace, 1);
  workspace->record = record;
  workspace->owns_record = owns_record;
  workspace->definitions = g_ptr_array_new_with_free_func((GDestroyNotify)definitions_free);
  pthread_mutex_init(&workspace->mutex, NULL);
  workspace->cache = derive_cache_new(cache_budget());
  return workspace;
}

static gboolean open_index(Workspace *workspace, const IndexOptions *options, GError **error) {
  if (!load_project(workspace, error))
    return FALSE;
  workspace->index = index_open(workspace->record, options, error);
  return workspace->index != NULL;
}

Workspace *workspace_open(const char *path, const IndexOptions *options, GError **error) {
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
    error_set(error, ERROR_NOT_FOUND,
              "there is no project at %s\nhint: make one with `etappe import FILE --db %s`, or `etappe demo` for a sample", path,
              path);
    return NULL;
  }
  Record *record = record_open(path, RECORD_READ, error);
  if (!record)
    return NULL;
  g_autoptr(Workspace) workspace = workspace_new(record, TRUE);
  return open_index(workspace, options, error) ? g_steal_pointer(&workspace) : NULL;
}

Workspace *workspace_open_on(Record *record, const IndexOptions *options, GError **error) {
  g_autoptr(Workspace) workspace = workspace_new(record, FALSE);
  return open_index(workspace, options, error) ? g_steal_pointer(&workspace) : NULL;
}

void workspace_free(Workspace *workspace) {
  if (!workspace)
    return;
  index_free(workspace->index);
  derive_cache_free(workspace->cache);
  g_ptr_array_unref(workspace->definitions);
  if (workspace->owns_record)
    record_free(workspace->record);
  pthread_mutex_destroy(&workspace->mutex);
  g_free(workspace);
}

Record *workspace_record(Workspace *workspace) {
  return workspace->record;
}
Index *workspace_index(Workspace *workspace) {
  return workspace->index;
}

const Project *workspace_project(Workspace *workspace) {
  return definitions_now(workspace)->project;
}
const Zone *workspace_zone(Workspace *workspace) {
  return definitions_now(workspace)->zone;
}

gboolean workspace_refresh(Workspace *workspace, GError **error) {
  return record_refresh(workspace->record, error) && load_project(workspace, error) && index_update(workspace->index, error);
}

/* A text without a time of day stands for the whole day. */
static gboolean is_day(const char *text) {
  return !strchr(text, ':') && strpbrk(text, "-.") != NULL && strlen(text) <= 10;
}

static gboolean instant_param(const Params *params, const char *name, Zone *zone, gint64 *instant_ms, GError **error) {
  const char *text = params_get(params, name), *why = NULL;
  if (!text || clock_parse(text_of(text), zone, instant_ms, &why))
    return TRUE;
  return error_set(error, ERROR_INVALID, "--%s \"%s\": %s\nhint: write a day or an instant such as 2025-12-24 or 2025-12-24T18:30",
                   name, text, why);
}

static gboolean range_params(const Params *params, Zone *zone, Question *question, GError **error) {
  if (!instant_param(params, "from", zone, &question->from_ms, error) ||
      !instant_param(params, "to", zone, &question->to_ms, error))
    return FALSE;
  const char *to = params_get(params, "to");
  if (to && is_day(to))
    question->to_ms = zone_day_add(zone, question->to_ms, 1);
  if (question->from_ms >= question->to_ms)
    return error_set(error, ERROR_INVALID,
                     "the period is empty: --from %s is not before --to %s\nhint: --to DATE includes that day",
                     params_get(params, "from"), to);
  return TRUE;
}

typedef gboolean (*ConditionCheck)(const Condition *condition, GError **error);

static Condition *condition_param(const Params *params, const char *name, ConditionCheck check, GError **error) {
  g_autoptr(GError) inner = NULL;
  g_autoptr(Condition) condition = condition_parse(params_get(params, name), &inner);
  if (condition && check(condition, &inner))
    return g_steal_pointer(&condition);
  g_prefix_error(&inner, "--%s: ", name);
  g_propagate_error(error, g_steal_pointer(&inner));
  return NULL;
}

static gboolean int_param(const Params *params, const char *name, gint64 max, gint64 *value, GError **error) {
  return !params_get(params, name) || params_int(params, name, 0, max, value, error);
}

static gint64 default_now(Workspace *workspace, const Snapshot *snapshot) {
  g_autofree char *live = record_setting(workspace->record, "live");
  gint64 wall = clock_now_ms(), last = snapshot_last_time_ms(snapshot);
  return live ? wall : MIN(last, wall);
}

gboolean workspace_question(Workspace *workspace, const Params *params, Question *question, GError **error) {
  gint64 seed = 1, threads = 0;
  const Definitions *definitions = definitions_now(workspace);
  Zone *zone = definitions->zone;
  *question = (Question){.snapshot = index_snapshot(workspace->index),
                         .from_ms = G_MININT64,
                         .to_ms = G_MAXINT64,
                         .zone = zone,
                         .project = definitions->project,
                         .cache = workspace->cache,
                         .cached = definitions->project,
                         .serial = derive_cache_serial(workspace->cache),
                         .budget_bytes = (gsize)4 << 30};
  question->now_ms = default_now(workspace, question->snapshot);
  gboolean good = instant_param(params, "now", zone, &question->now_ms, error) && range_params(params, zone, question, error) &&
                  int_param(params, "seed", G_MAXINT64, &seed, error) && int_param(params, "threads", 1024, &threads, error);
  if (good && params_get(params, "where"))
    good = (question->where = condition_param(params, "where", condition_require_events, error)) != NULL;
  if (good && params_get(params, "among"))
    good = (question->among = condition_param(params, "among", condition_require_persons, error)) != NULL;
  question->seed = (guint64)seed;
  question->threads = (guint)threads;
  if (!good)
    workspace_question_clear(question);
  return good;
}

void workspace_question_clear(Question *question) {
  g_clear_pointer(&question->snapshot, snapshot_unref);
  g_clear_pointer(&question->where, condition_free);
  g_clear_pointer(&question->among, condition_free);
}

char *workspace_answer_until(Workspace *workspace, const Report *report, Params *params, const char *format,
                             const TableStyle *style, const gint *cancel, GError **error) {
  Question question;
  if (!params_check(params, report, error) || !workspace_question(workspace, params, &question, error))
    return NULL;
  question.cancel = cancel;
  char *text = report_answer(report, &question, params, format, style, error);
  workspace_question_clear(&question);
  return text;
}

char *workspace_answer(Workspace *workspace, const Report *report, Params *params, const char *format, const TableStyle *style,
                       GError **error) {
  return workspace_answer_until(workspace, report, params, format, style, NULL, error);
}
