// SPDX-License-Identifier: Apache-2.0
// The state at the range's end, and the moves inside the range. A person stands where the last begun journey stands
// (after abandonment too, then it is marked as ended). Entering, going on and falling out are moves of journeys.
//
//   ann: ad (awareness) page (consideration) order (decision) -> now decision; entered 3, onward 2
//   bob: ad, 31 days of silence -> now awareness, ended; lapsed at awareness 1
#include "analysis/stages.h"
#include "analysis/bits.h"
#include "analysis/derive.h"
#include "analysis/durations.h"
#include "analysis/rates.h"
#include "analysis/scope.h"
#include "base/error.h"
#include <math.h>
#include <string.h>

enum { STAGES_MAX = 16 };

typedef struct {
  guint64 now, ended, entered, onward, lapsed;
} StageSum;

typedef struct {
  char *name, *label;
  StageSum sum;
  double median_ms;
} StageRow;

typedef struct {
  char *name, *label;
  guint64 persons;
} RelationshipRow;

typedef struct {
  char *model;
  guint n_stages;
  StageRow rows[STAGES_MAX];
  GArray *relationships; /* RelationshipRow */
  guint64 persons;
  char *who;      /* as asked, or NULL */
  GArray *listed; /* person ids, or NULL */
} Stages;

/* What --who asks: those that one figure counts. */
typedef enum { WHO_NOBODY, WHO_STAGE, WHO_ENDED, WHO_ENTERED, WHO_ONWARD, WHO_LAPSED, WHO_RELATIONSHIP } Who;
static const char *const who_names[] = {
    [WHO_STAGE] = "stage",   [WHO_ENDED] = "ended",   [WHO_ENTERED] = "entered",
    [WHO_ONWARD] = "onward", [WHO_LAPSED] = "lapsed", [WHO_RELATIONSHIP] = "relationship",
};

typedef struct {
  DeriveScratch *derive;
  StageSum sums[STAGES_MAX];
  Durations times[STAGES_MAX];
  guint64 *relationships, *bits;
  guint64 persons;
  gboolean wanted; /* the person at hand is among those of --who */
  GArray *listed;
  GArray *at; /* Standing, per journey of the person at hand */
} Worker;

typedef struct {
  Question question; /* with now at the range's end */
  Derive *derive;
  Scope *scope;
  GPtrArray *relationships; /* Filter* */
  Worker *workers;
  Who who;
  guint who_row; /* the stage or relationship of --who */
} Run;

typedef struct {
  guint8 stage;
  gint64 since_ms;
} Standing;

static gboolean in_range(const Question *question, gint64 time_ms) {
  return time_ms >= question->from_ms && time_ms < question->to_ms;
}

static void count(const Run *run, Worker *worker, guint64 *sum, Who who, guint row) {
  ++*sum;
  worker->wanted |= run->who == who && run->who_row == row;
}

/* Walks the events of a person's journeys and counts what each changes. */
static void count_moves(const Run *run, Worker *worker, const Block *data, const Derived *derived, guint32 person) {
  guint32 first = derived->person_journeys[person];
  g_array_set_size(worker->at, derived->person_journeys[person + 1] - first);
  for (guint i = 0; i < worker->at->len; i++)
    g_array_index(worker->at, Standing, i) = (Standing){STAGE_NONE, 0};
  for (guint32 e = data->person_start[person]; e < data->person_start[person + 1]; e++) {
    if (!derived->event_journey[e])
      continue;
    Standing *standing = &g_array_index(worker->at, Standing, derived->event_journey[e] - 1 - first);
    guint8 stage = derived->event_stage[e];
    if (stage == standing->stage)
      continue;
    gint64 time_ms = block_time_ms(data, e);
    gboolean counts = in_range(&run->question, time_ms);
    if (counts)
      count(run, worker, &worker->sums[stage].entered, WHO_ENTERED, stage);
    if (standing->stage != STAGE_NONE && counts) {
      if (stage > standing->stage) {
        count(run, worker, &worker->sums[standing->stage].onward, WHO_ONWARD, standing->stage);
        durations_add(&worker->times[standing->stage], time_ms - standing->since_ms);
      } else {
        count(run, worker, &worker->sums[standing->stage].lapsed, WHO_LAPSED, standing->stage);
      }
    }
    *standing = (Standing){stage, time_ms};
  }
}

/* Silence since the last event of a journey moves it too: from the stage that its events left it in to the one it has. */
static void count_fall(const Run *run, Worker *worker, const Journey *journey, guint8 stage) {
  for (guint falls = 0; stage != journey->stage && stage != STAGE_NONE && falls < STAGES_MAX; falls++) {
    const Stage *rule = run->question.project->stages->pdata[stage];
    gint64 time_ms = journey->active_ms + rule->lapse_ms + 1;
    int to = rule->lapse_to ? project_stage(run->question.project, rule->lapse_to) : -1;
    if (to < 0)
      return;
    if (in_range(&run->question, time_ms)) {
      count(run, worker, &worker->sums[stage].lapsed, WHO_LAPSED, stage);
      count(run, worker, &worker->sums[to].entered, WHO_ENTERED, (guint)to);
    }
    stage = (guint8)to;
  }
}

static void count_person(const Run *run, Worker *worker, const Block *data, const Derived *derived, guint32 person) {
  guint32 first = derived->person_journeys[person], end = derived->person_journeys[person + 1];
  if (first == end)
    return;
  worker->wanted = FALSE;
  count_moves(run, worker, data, derived, person);
  for (guint32 j = first; j < end; j++) {
    const Journey *journey = &derived->journeys[j];
    count_fall(run, worker, journey, g_array_index(worker->at, Standing, j - first).stage);
    gint64 ended_ms = journey->active_ms; /* abandoned: counted where the silence began */
    if (journey->state == JOURNEY_ABANDONED && in_range(&run->question, ended_ms))
      count(run, worker, &worker->sums[journey->stage].lapsed, WHO_LAPSED, journey->stage);
  }
  const Journey *last = &derived->journeys[end - 1];
  count(run, worker, &worker->sums[last->stage].now, WHO_STAGE, last->stage);
  if (last->state == JOURNEY_ABANDONED)
    count(run, worker, &worker->sums[last->stage].ended, WHO_ENDED, last->stage);
  worker->persons++;
  if (worker->wanted)
    g_array_append_val(worker->listed, data->person_id[person]);
}

/* The furthest relationship whose rule holds. */
static gboolean count_relationships(const Run *run, Worker *worker, guint block, const Block *data, const Derived *derived,
                                    const ScopeBlock *scope, GError **error) {
  guint n = run->relationships->len, words = bits_words(BLOCK_PERSONS_MAX);
  for (guint r = 0; r < n; r++) {
    memset(worker->bits + r * words, 0, words * sizeof *worker->bits);
    if (run->relationships->pdata[r] && !filter_persons(run->relationships->pdata[r], block, data, worker->bits + r * words, error))
      return FALSE;
  }
  for (guint32 p = 0; p < data->n_persons; p++) {
    guint32 start = data->person_start[p], end = data->person_start[p + 1];
    if (bit_at(data->dead, p) || bits_next(derived->seen, start, end) >= end ||
        (scope->visible && bits_next(scope->visible, start, end) >= end))
      continue;
    for (guint r = n; r-- > 0;)
      if (bit_at(worker->bits + r * words, p)) {
        worker->relationships[r]++;
        if (run->who == WHO_RELATIONSHIP && run->who_row == r)
          g_array_append_val(worker->listed, data->person_id[p]);
        break;
      }
  }
  return TRUE;
}

static gboolean count_block(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Run *run = user;
  Worker *worker = &run->workers[number];
  ScopeBlock scope;
  Derived derived;
  if (data->unidentified)
    return TRUE;
  if (!worker->derive)
    worker->derive = derive_scratch_new(run->derive);
  if (!scope_block(run->scope, block, data, number, &scope, error))
    return FALSE;
  if (scope.nothing)
    return TRUE;
  if (!derive_block(run->derive, worker->derive, block, data, &derived, error) ||
      !count_relationships(run, worker, block, data, &derived, &scope, error))
    return FALSE;
  for (guint32 p = 0; p < data->n_persons; p++) {
    guint32 start = data->person_start[p], end = data->person_start[p + 1];
    if (!bit_at(data->dead, p) && (!scope.kept || bits_next(scope.kept, start, end) < end))
      count_person(run, worker, data, &derived, p);
  }
  return TRUE;
}

static int id_compare(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

static void relationship_clear(gpointer row) {
  g_free(((RelationshipRow *)row)->name);
  g_free(((RelationshipRow *)row)->label);
}

static void name_rows(Stages *stages, const Project *project) {
  stages->model = g_strdup(project->stage_model ? project->stage_model : "own");
  stages->n_stages = MIN(project->stages->len, (guint)STAGES_MAX);
  for (guint s = 0; s < stages->n_stages; s++) {
    const Stage *stage = project->stages->pdata[s];
    stages->rows[s].name = g_strdup(stage->rule.name);
    stages->rows[s].label = g_strdup(rule_label(&stage->rule, project->language));
  }
  stages->relationships = g_array_new(FALSE, TRUE, sizeof(RelationshipRow));
  g_array_set_clear_func(stages->relationships, relationship_clear);
  for (guint r = 0; r < project->relationships->len; r++) {
    const Rule *rule = project->relationships->pdata[r];
    RelationshipRow row = {g_strdup(rule->name), g_strdup(rule_label(rule, project->language)), 0};
    g_array_append_val(stages->relationships, row);
  }
}

static Stages *gather(const Run *run, const char *who, guint n) {
  Stages *stages = g_new0(Stages, 1);
  g_autofree const Durations **bags = g_new(const Durations *, n);
  name_rows(stages, run->question.project);
  stages->who = g_strdup(who);
  stages->listed = who ? g_array_new(FALSE, FALSE, sizeof(guint64)) : NULL;
  for (guint i = 0; i < n; i++) {
    const Worker *worker = &run->workers[i];
    stages->persons += worker->persons;
    for (guint s = 0; s < stages->n_stages; s++) {
      StageSum *to = &stages->rows[s].sum;
      const StageSum *from = &worker->sums[s];
      *to = (StageSum){to->now + from->now, to->ended + from->ended, to->entered + from->entered, to->onward + from->onward,
                       to->lapsed + from->lapsed};
    }
    for (guint r = 0; r < stages->relationships->len; r++)
      g_array_index(stages->relationships, RelationshipRow, r).persons += worker->relationships[r];
    if (stages->listed && worker->listed->len)
      g_array_append_vals(stages->listed, worker->listed->data, worker->listed->len);
  }
  for (guint s = 0; s < stages->n_stages; s++) {
    for (guint i = 0; i < n; i++)
      bags[i] = &run->workers[i].times[s];
    stages->rows[s].median_ms = durations_median(bags, n);
  }
  if (stages->listed)
    g_array_sort(stages->listed, id_compare);
  return stages;
}

/* The place of a relationship in the project, or -1. */
static int relationship_row(const Project *project, const char *name) {
  for (guint r = 0; r < project->relationships->len; r++)
    if (strcmp(((const Rule *)project->relationships->pdata[r])->name, name) == 0)
      return (int)r;
  return -1;
}

/* "entered:decision"; a stage alone are those who stand in it. */
static gboolean who_param(Run *run, const char *text, GError **error) {
  const Project *project = run->question.project;
  const char *name = text;
  run->who = text ? WHO_STAGE : WHO_NOBODY;
  for (guint w = WHO_STAGE; text && w < G_N_ELEMENTS(who_names); w++) {
    gsize size = strlen(who_names[w]);
    if (strncmp(text, who_names[w], size) == 0 && text[size] == ':') {
      run->who = (Who)w;
      name = text + size + 1;
    }
  }
  gboolean relationship = run->who == WHO_RELATIONSHIP;
  int row = !text ? 0 : relationship ? relationship_row(project, name) : project_stage(project, name);
  if (row < 0)
    return error_set(error, ERROR_INVALID,
                     "--who %s: there is no %s \"%s\"\nhint: stage:S, ended:S, entered:S, onward:S, lapsed:S or relationship:R; "
                     "`etappe stages` lists them",
                     text, relationship ? "relationship" : "stage", name);
  run->who_row = (guint)row;
  return TRUE;
}

static gboolean run_init(Run *run, const Params *params, GError **error) {
  const Project *project = run->question.project;
  if (!who_param(run, params_get(params, "who"), error))
    return FALSE;
  run->relationships = g_ptr_array_new_with_free_func((GDestroyNotify)filter_free);
  if (!(run->derive = derive_new(&run->question, error)) || !(run->scope = scope_new(&run->question, error)))
    return FALSE;
  derive_without_touchpoints(run->derive);
  for (guint r = 0; r < project->relationships->len; r++) {
    const Rule *rule = project->relationships->pdata[r];
    Filter *filter = rule->when ? filter_new(&run->question, rule->when, error) : NULL;
    if (rule->when && !filter)
      return FALSE;
    g_ptr_array_add(run->relationships, filter);
  }
  return TRUE;
}

static gpointer stages_run(const Question *question, const Params *params, GError **error) {
  guint n = question_threads(question);
  Run run = {.question = *question, .workers = g_new0(Worker, n)};
  Stages *stages = NULL;
  if (run.question.to_ms != G_MAXINT64)
    run.question.now_ms = MIN(run.question.now_ms, run.question.to_ms - 1);
  gboolean ready = run_init(&run, params, error);
  for (guint i = 0; i < n && ready; i++) {
    run.workers[i].listed = g_array_new(FALSE, FALSE, sizeof(guint64));
    run.workers[i].at = g_array_new(FALSE, FALSE, sizeof(Standing));
    run.workers[i].relationships = g_new0(guint64, run.relationships->len + 1);
    run.workers[i].bits = g_new0(guint64, (gsize)bits_words(BLOCK_PERSONS_MAX) * (run.relationships->len + 1));
  }
  if (ready && question_each_block(&run.question, count_block, &run, error))
    stages = gather(&run, params_get(params, "who"), n);
  for (guint i = 0; i < n; i++) {
    Worker *worker = &run.workers[i];
    derive_scratch_free(worker->derive);
    g_clear_pointer(&worker->listed, g_array_unref);
    g_clear_pointer(&worker->at, g_array_unref);
    g_free(worker->relationships);
    g_free(worker->bits);
    for (guint s = 0; s < STAGES_MAX; s++)
      durations_clear(&worker->times[s]);
  }
  g_free(run.workers);
  g_clear_pointer(&run.relationships, g_ptr_array_unref);
  derive_free(run.derive);
  scope_free(run.scope);
  return stages;
}

static void stages_free(gpointer result) {
  Stages *stages = result;
  for (guint s = 0; s < stages->n_stages; s++) {
    g_free(stages->rows[s].name);
    g_free(stages->rows[s].label);
  }
  g_free(stages->model);
  g_free(stages->who);
  g_array_unref(stages->relationships);
  g_clear_pointer(&stages->listed, g_array_unref);
  g_free(stages);
}

static void stages_json(gconstpointer result, JsonOut *out) {
  const Stages *stages = result;
  json_kv_string(out, "model", stages->model);
  json_kv_int(out, "total", (gint64)stages->persons);
  json_key(out, "stages");
  json_array(out);
  for (guint s = 0; s < stages->n_stages; s++) {
    const StageRow *row = &stages->rows[s];
    json_object(out);
    json_kv_string(out, "stage", row->name);
    json_kv_string(out, "label", row->label);
    json_kv_int(out, "now", (gint64)row->sum.now);
    json_kv_int(out, "ended", (gint64)row->sum.ended);
    json_kv_int(out, "entered", (gint64)row->sum.entered);
    json_kv_int(out, "onward", (gint64)row->sum.onward);
    json_kv_int(out, "lapsed", (gint64)row->sum.lapsed);
    json_kv_double(out, "median_ms", row->median_ms);
    json_object_end(out);
  }
  json_array_end(out);
  json_key(out, "relationships");
  json_array(out);
  for (guint r = 0; r < stages->relationships->len; r++) {
    const RelationshipRow *row = &g_array_index(stages->relationships, RelationshipRow, r);
    json_object(out);
    json_kv_string(out, "relationship", row->name);
    json_kv_int(out, "persons", (gint64)row->persons);
    json_object_end(out);
  }
  json_array_end(out);
  if (!stages->listed)
    return;
  json_key(out, "persons");
  json_array(out);
  for (guint i = 0; i < stages->listed->len; i++) {
    g_autofree char *id = g_strdup_printf("%016" G_GINT64_MODIFIER "x", g_array_index(stages->listed, guint64, i));
    json_string(out, id);
  }
  json_array_end(out);
}

static void table_relationships(const Stages *stages, Table *table) {
  table_title(table, "Relationship");
  table_column(table, "relationship", CELL_TEXT);
  table_column(table, "persons", CELL_INT);
  for (guint r = 0; r < stages->relationships->len; r++) {
    const RelationshipRow *row = &g_array_index(stages->relationships, RelationshipRow, r);
    table_text(table, row->label);
    table_int(table, (gint64)row->persons);
  }
}

static void stages_table(gconstpointer result, Table *table) {
  const Stages *stages = result;
  table_title(table, "Stages (%s): where %" G_GUINT64_FORMAT " persons stand", stages->model, stages->persons);
  table_column(table, "stage", CELL_TEXT);
  table_column(table, "now", CELL_INT);
  table_column(table, "", CELL_BAR);
  table_column(table, "of these ended", CELL_INT);
  table_column(table, "entered", CELL_INT);
  table_column(table, "onward", CELL_INT);
  table_column(table, "lapsed", CELL_INT);
  table_column(table, "time in stage", CELL_DURATION);
  for (guint s = 0; s < stages->n_stages; s++) {
    const StageRow *row = &stages->rows[s];
    table_text(table, row->label);
    table_int(table, (gint64)row->sum.now);
    table_number(table, stages->persons ? (double)row->sum.now / (double)stages->persons : 0);
    table_int(table, (gint64)row->sum.ended);
    table_int(table, (gint64)row->sum.entered);
    table_int(table, (gint64)row->sum.onward);
    table_int(table, (gint64)row->sum.lapsed);
    table_number(table, row->median_ms);
  }
  if (stages->relationships->len)
    table_relationships(stages, table);
  if (!stages->listed)
    return;
  table_title(table, "Persons of %s", stages->who);
  table_ids(table, stages->listed);
}
static void stages_finding(gconstpointer result, const Project *project, const char *language, Finding *out) {
  const Stages *stages = result;
  guint64 second = 0;
  guint most = 0;
  for (guint s = 1; s < stages->n_stages; s++)
    if (stages->rows[s].sum.now > stages->rows[most].sum.now)
      most = s;
  for (guint s = 0; s < stages->n_stages; s++)
    if (s != most)
      second = MAX(second, stages->rows[s].sum.now);
  guint64 now = stages->rows[most].sum.now;
  finding_set(out, stages->persons == 0                           ? "stages.empty"
                   : classes_differ(now, second, stages->persons) ? "stages.most_stand"
                                                                  : "stages.spread");
  finding_count(out, "persons", stages->persons);
  finding_count(out, "stages", stages->n_stages);
  if (!classes_differ(now, second, stages->persons))
    return;
  finding_text(out, "stage", stages->rows[most].name, project_stage_label(project, stages->rows[most].name, language));
  finding_count(out, "now", now);
  finding_share(out, "share", (double)now / (double)stages->persons);
}

static const GArray *stages_who(gconstpointer result) {
  return ((const Stages *)result)->listed;
}

static const Param params[] = {
    {"who", PARAM_TEXT, FALSE, FALSE, NULL, NULL,
     "list the persons of a figure: stage:S, ended:S, entered:S, onward:S, lapsed:S of a stage, or relationship:R"},
    {NULL},
};

const Report stages_report = {"stages",
                              "Who is in which stage now, who entered, went on or fell out.",
                              "--to 2025-06-30 --who entered:decision",
                              params,
                              stages_run,
                              stages_json,
                              stages_table,
                              stages_free,
                              stages_finding,
                              TRUE,
                              stages_who};
