// SPDX-License-Identifier: Apache-2.0
#include "analysis/effect.h"
#include "analysis/derive.h"
#include <string.h>

enum { STATES = 4 };

typedef struct {
  DeriveScratch *derive;
  gint64 *goals, *values, *stages;
  gint64 states[STATES];
} Worker;

typedef struct {
  Derive *derive;
  Worker *workers;
} Run;

static void row_clear(gpointer row) {
  g_free(((EffectRow *)row)->name);
}

static gboolean in_range(const Question *question, gint64 time_ms) {
  return time_ms >= question->from_ms && time_ms < question->to_ms;
}

static gboolean effect_block(const Question *question, guint block, const Block *data, guint number, gpointer user,
                             GError **error) {
  Run *run = user;
  Worker *worker = &run->workers[number];
  Derived derived;
  if (!worker->derive)
    worker->derive = derive_scratch_new(run->derive);
  if (!derive_block(run->derive, worker->derive, block, data, &derived, error))
    return FALSE;
  for (guint32 c = 0; c < derived.person_conversions[data->n_persons]; c++)
    if (in_range(question, derived.conversions[c].time_ms)) {
      worker->goals[derived.conversions[c].goal]++;
      worker->values[derived.conversions[c].goal] += derived.conversions[c].net_value;
    }
  for (guint32 p = 0; p < data->n_persons; p++) {
    guint32 first = derived.person_journeys[p], end = derived.person_journeys[p + 1];
    for (guint32 j = first; j < end; j++)
      worker->states[derived.journeys[j].state] += in_range(question, derived.journeys[j].start_ms);
    if (first < end)
      worker->stages[derived.journeys[end - 1].stage]++;
  }
  return TRUE;
}

static void add_row(GArray *rows, const char *kind, const char *name, gint64 count, gint64 value) {
  EffectRow row = {g_strdup_printf("%s %s", kind, name), count, value};
  g_array_append_val(rows, row);
}

static GArray *gather(const Question *question, const Run *run, guint n) {
  static const char *const states[STATES] = {"open", "converted", "abandoned", "service"};
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(EffectRow));
  const Project *project = question->project;
  g_array_set_clear_func(rows, row_clear);
  for (guint g = 0; g < project->goals->len; g++) {
    gint64 count = 0, value = 0;
    for (guint i = 0; i < n; i++) {
      count += run->workers[i].goals[g];
      value += run->workers[i].values[g];
    }
    add_row(rows, "goal", ((const Goal *)project->goals->pdata[g])->rule.name, count, value);
  }
  for (guint s = 0; s < STATES; s++) {
    gint64 count = 0;
    for (guint i = 0; i < n; i++)
      count += run->workers[i].states[s];
    add_row(rows, "journeys", states[s], count, 0);
  }
  for (guint s = 0; s < project->stages->len; s++) {
    gint64 count = 0;
    for (guint i = 0; i < n; i++)
      count += run->workers[i].stages[s];
    add_row(rows, "stage", ((const Stage *)project->stages->pdata[s])->rule.name, count, 0);
  }
  return rows;
}

GArray *effect_measure(const Question *question, GError **error) {
  guint n = question_threads(question);
  Run run = {derive_new(question, error), g_new0(Worker, n)};
  GArray *rows = NULL;
  for (guint i = 0; i < n; i++) {
    run.workers[i].goals = g_new0(gint64, question->project->goals->len + 1);
    run.workers[i].values = g_new0(gint64, question->project->goals->len + 1);
    run.workers[i].stages = g_new0(gint64, question->project->stages->len + 1);
  }
  if (run.derive)
    derive_without_touchpoints(run.derive);
  if (run.derive && question_each_block(question, effect_block, &run, error))
    rows = gather(question, &run, n);
  for (guint i = 0; i < n; i++) {
    derive_scratch_free(run.workers[i].derive);
    g_free(run.workers[i].goals);
    g_free(run.workers[i].values);
    g_free(run.workers[i].stages);
  }
  g_free(run.workers);
  derive_free(run.derive);
  return rows;
}

const EffectRow *effect_find(const GArray *rows, const char *name) {
  for (guint i = 0; i < rows->len; i++)
    if (strcmp(g_array_index(rows, EffectRow, i).name, name) == 0)
      return &g_array_index(rows, EffectRow, i);
  return NULL;
}
