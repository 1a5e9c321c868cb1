// SPDX-License-Identifier: Apache-2.0
#include "analysis/workspace.h"
#include "base/error.h"
#include <string.h>

struct Workspace {
  Record *record;
  Index *index;
  Project *project;
  Zone *zone;
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

/* The applied project file, else the default; the zone of an import counts until a project names one. */
static gboolean load_project(Workspace *workspace, GError **error) {
  g_autofree char *text = record_setting(workspace->record, "project"), *zone = record_setting(workspace->record, "timezone");
  Project *project = text ? project_parse(text, strlen(text), error) : project_default();
  if (!project)
    return FALSE;
  Zone *named = zone_new(!text && zone ? zone : project->timezone, error);
  if (!named) {
    project_free(project);
    return FALSE;
  }
  g_clear_pointer(&workspace->project, project_free);
  g_clear_pointer(&workspace->zone, zone_free);
  workspace->project = project;
  workspace->zone = named;
  return TRUE;
}

Workspace *workspace_open(const char *path, const IndexOptions *options, GError **error) {
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
    error_set(error, ERROR_NOT_FOUND,
              "there is no project at %s\nhint: make one with `etappe import FILE --db %s`, or `etappe demo` for a sample", path,
              path);
    return NULL;
  }
  g_autoptr(Workspace) workspace = g_new0(Workspace, 1);
  workspace->record = record_open(path, RECORD_READ, error);
  if (!workspace->record)
    return NULL;
  if (!load_project(workspace, error))
    return NULL;
  workspace->index = index_open(workspace->record, options, error);
  return workspace->index ? g_steal_pointer(&workspace) : NULL;
}

void workspace_free(Workspace *workspace) {
  if (!workspace)
    return;
  index_free(workspace->index);
  project_free(workspace->project);
  zone_free(workspace->zone);
  record_free(workspace->record);
  g_free(workspace);
}

Record *workspace_record(Workspace *workspace) {
  return workspace->record;
}
Index *workspace_index(Workspace *workspace) {
  return workspace->index;
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
  *question = (Question){.snapshot = index_snapshot(workspace->index),
                         .from_ms = G_MININT64,
                         .to_ms = G_MAXINT64,
                         .zone = workspace->zone,
                         .project = workspace->project,
                         .budget_bytes = (gsize)4 << 30};
  question->now_ms = default_now(workspace, question->snapshot);
  gboolean good = instant_param(params, "now", workspace->zone, &question->now_ms, error) &&
                  range_params(params, workspace->zone, question, error) && int_param(params, "seed", G_MAXINT64, &seed, error) &&
                  int_param(params, "threads", 1024, &threads, error);
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

char *workspace_answer(Workspace *workspace, const Report *report, Params *params, const char *format, const TableStyle *style,
                       GError **error) {
  Question question;
  if (!params_check(params, report, error) || !workspace_question(workspace, params, &question, error))
    return NULL;
  char *text = report_answer(report, &question, params, format, style, error);
  workspace_question_clear(&question);
  return text;
}
