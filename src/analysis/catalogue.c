// SPDX-License-Identifier: Apache-2.0
/* The list of reports, and the envelope every answer stands in. */
#include "analysis/catalogue.h"
#include "analysis/attribution.h"
#include "analysis/coverage.h"
#include "analysis/definitions.h"
#include "analysis/funnel.h"
#include "analysis/journeys.h"
#include "analysis/map.h"
#include "analysis/overview.h"
#include "analysis/paths.h"
#include "analysis/period.h"
#include "analysis/stages.h"
#include "analysis/workspace.h"
#include "base/error.h"
#include <string.h>

static const Report *const reports[] = {&overview_report, &funnel_report, &paths_report,       &journeys_report,
                                        &stages_report,   &map_report,    &attribution_report, NULL};

const Report *const *catalogue(void) {
  return reports;
}

const Report *catalogue_find(const char *name) {
  for (guint i = 0; reports[i]; i++)
    if (strcmp(reports[i]->name, name) == 0)
      return reports[i];
  return NULL;
}

/* What the doors themselves take: where the project lies, how to print, how to measure. */
static const Param door_params[] = {
    {"db", PARAM_TEXT},     {"format", PARAM_CHOICE, .choices = "table|json|csv|svg|png|pdf|layout"},
    {"timing", PARAM_FLAG}, {"repeat", PARAM_INT},
    {"out", PARAM_TEXT},    {0},
};

static void fill_defaults(Params *params, const Param *table) {
  for (; table->name; table++)
    if (table->fallback && !params_get(params, table->name))
      params_add(params, table->name, table->fallback);
}

gboolean params_check(Params *params, const Report *report, GError **error) {
  const Param *tables[] = {report->params, workspace_common_params, door_params, NULL};
  if (!params_check_names(params, tables, error))
    return FALSE;
  for (const Param *p = report->params; p->name; p++)
    if (p->required && !params_get(params, p->name))
      return error_set(error, ERROR_USAGE, "%s needs --%s: %s\nhint: for example: etappe %s %s", report->name, p->name, p->help,
                       report->name, report->example);
  fill_defaults(params, report->params);
  fill_defaults(params, workspace_common_params);
  return TRUE;
}

enum { WARNINGS_SHOWN = 2 }; /* in tables */

/* --- the envelope ------------------------------------------------------------------------------ */

typedef struct {
  const Report *report;
  const Question *question;
  gconstpointer result;
  Coverage coverage;
  char *definitions;
  const char *language;
  Finding *finding;    /* NULL: of a list */
  GPtrArray *warnings; /* of char*; NULL: none are looked for */
} Answer;

static const char *language_param(const Params *params, const Project *project) {
  const char *lang = params_get(params, "lang"), *language = params_get(params, "language");
  return lang ? lang : language ? language : project->language;
}

static void write_warnings(const GPtrArray *warnings, JsonOut *out) {
  json_key(out, "warnings");
  json_array(out);
  for (guint i = 0; i < warnings->len; i++)
    json_string(out, warnings->pdata[i]);
  json_array_end(out);
}

static char *answer_json(const Answer *answer) {
  g_autoptr(JsonOut) out = json_out_new();
  g_autofree char *now = clock_text(answer->question->now_ms);
  json_object(out);
  json_kv_string(out, "report", answer->report->name);
  json_kv_string(out, "now", now);
  json_kv_int(out, "through", (gint64)snapshot_through(answer->question->snapshot));
  json_kv_string(out, "definitions", answer->definitions);
  json_key(out, "coverage");
  coverage_write(&answer->coverage, out);
  if (answer->finding) {
    json_key(out, "finding");
    finding_write(answer->finding, out);
  }
  answer->report->json(answer->result, out);
  if (answer->warnings)
    write_warnings(answer->warnings, out);
  json_object_end(out);
  return g_strdup(json_out_text(out, NULL));
}

static char *answer_table(const Answer *answer, const TableStyle *style) {
  g_autoptr(Table) table = table_new();
  g_autofree char *sentence = answer->finding ? finding_sentence(answer->finding, language_of(answer->language)) : NULL;
  table_lead(table, sentence);
  answer->report->table(answer->result, table);
  g_autofree char *now = clock_text(answer->question->now_ms), *period = period_text(answer->question, LANGUAGE_EN);
  g_autofree char *coverage = coverage_text(&answer->coverage);
  guint n = answer->warnings ? answer->warnings->len : 0;
  for (guint i = 0; i < MIN(n, WARNINGS_SHOWN); i++)
    table_note(table, "%s", (const char *)answer->warnings->pdata[i]);
  if (n > WARNINGS_SHOWN)
    table_note(table, "%u more of this kind; `etappe project check` lists them.", n - WARNINGS_SHOWN);
  table_note(table, "Period: %s. %s Now: %s.", period, coverage, now);
  return table_render(table, style);
}

static char *answer_csv(const Answer *answer) {
  g_autoptr(Table) table = table_new();
  table_set_csv(table);
  answer->report->table(answer->result, table);
  return table_csv(table);
}

char *report_answer(const Report *report, const Question *question, Params *params, const char *format, const TableStyle *style,
                    GError **error) {
  if (!params_check(params, report, error))
    return NULL;
  Answer answer = {.report = report, .question = question};
  if (!coverage_measure(question, &answer.coverage, error))
    return NULL;
  gpointer result = report->run(question, params, error);
  if (!result)
    return NULL;
  answer.result = result;
  answer.definitions = coverage_definitions(question);
  answer.language = language_param(params, question->project);
  answer.finding = report->finding ? finding_new() : NULL;
  if (report->finding)
    report->finding(result, question->project, answer.language, answer.finding);
  answer.warnings = report->by_goals ? definitions_warnings(question) : NULL;
  char *text = strcmp(format, "json") == 0  ? answer_json(&answer)
               : strcmp(format, "csv") == 0 ? answer_csv(&answer)
                                            : answer_table(&answer, style);
  report->free(result);
  finding_free(answer.finding);
  g_clear_pointer(&answer.warnings, g_ptr_array_unref);
  g_free(answer.definitions);
  return text;
}
