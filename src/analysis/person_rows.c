// SPDX-License-Identifier: Apache-2.0
/* Two walks: the first finds who was seen last, the second derives journeys only in the blocks of those who are shown. */
#include "analysis/person_rows.h"
#include "analysis/bits.h"
#include "analysis/derive.h"
#include "analysis/map_family.h"
#include "analysis/scope.h"
#include "analysis/who.h"
#include "base/error.h"
#include <string.h>

enum { TOUCHES_SHOWN = 28, LIMIT_MAX = 10000000 };

typedef struct {
  guint64 id;
  gint64 last_ms;
  gint64 value; /* net, millionths */
  guint32 events, block, place;
  guint8 stage;
  char *families;
} Row;

typedef struct {
  GArray *rows; /* of Row, last seen first */
  guint64 persons;
  const Project *project;
} PersonRows;

typedef struct {
  GArray *rows; /* of Row */
  guint64 persons;
  guint64 *bits;
  guint words;
  DeriveScratch *derive;
} Worker;

typedef struct {
  Scope *scope;
  const GArray *ids; /* NULL: everybody in range */
  guint limit;
  Worker *workers;
  Derive *derive;
  MapFamilies *families;
  Row **by_block; /* the second walk's, by (block, place) */
  guint n_rows;
} Work;

static int compare_rows(gconstpointer a, gconstpointer b) {
  const Row *x = a, *y = b;
  if (x->last_ms != y->last_ms)
    return x->last_ms > y->last_ms ? -1 : 1;
  return (x->id > y->id) - (x->id < y->id);
}

static void keep_last(GArray *rows, guint limit) {
  g_array_sort(rows, compare_rows);
  if (rows->len > limit)
    g_array_set_size(rows, limit);
}

/* --- who ------------------------------------------------------------------------------------------------------- */

static gboolean is_listed(const GArray *ids, guint64 id) {
  guint low = 0, high = ids->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (g_array_index(ids, guint64, middle) < id)
      low = middle + 1;
    else
      high = middle;
  }
  return low < ids->len && g_array_index(ids, guint64, low) == id;
}

static void add_person(const Work *work, Worker *worker, guint number, const Block *block, guint32 person, const guint64 *visible) {
  Row row = {.id = block->person_id[person], .block = number, .place = person, .stage = STAGE_NONE};
  for (guint32 e = block->person_start[person]; e < block->person_start[person + 1]; e++) {
    if (visible && !bit_at(visible, e))
      continue;
    row.last_ms = block_time_ms(block, e);
    row.events++;
  }
  worker->persons++;
  g_array_append_val(worker->rows, row);
  if (worker->rows->len >= 2 * (gsize)work->limit + 4096)
    keep_last(worker->rows, work->limit);
}

static const guint64 *asked_events(Worker *worker, const ScopeBlock *scope, const Block *data) {
  guint words = bits_words(data->n_events) + 1;
  if (words > worker->words) {
    worker->bits = g_renew(guint64, worker->bits, words);
    worker->words = words;
  }
  scope_both(worker->bits, scope->kept, scope->in_range, data->n_events);
  return worker->bits;
}

static gboolean find_block(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Work *work = user;
  Worker *worker = &work->workers[number];
  ScopeBlock scope;
  if (data->unidentified)
    return TRUE;
  if (!scope_block(work->scope, block, data, number, &scope, error))
    return FALSE;
  if (scope.nothing)
    return TRUE;
  const guint64 *asked = work->ids ? NULL : asked_events(worker, &scope, data);
  for (guint32 person = 0; person < data->n_persons; person++) {
    guint32 start = data->person_start[person], end = data->person_start[person + 1];
    if (!bit_at(data->dead, person) && (asked ? bits_next(asked, start, end) < end : is_listed(work->ids, data->person_id[person])))
      add_person(work, worker, block, data, person, scope.visible);
  }
  return TRUE;
}

static void gather(PersonRows *rows, Work *work, guint n_workers) {
  for (guint i = 0; i < n_workers; i++) {
    rows->persons += work->workers[i].persons;
    g_array_append_vals(rows->rows, work->workers[i].rows->data, work->workers[i].rows->len);
    g_array_unref(work->workers[i].rows);
    g_free(work->workers[i].bits);
  }
  keep_last(rows->rows, work->limit);
}

/* --- what of them ------------------------------------------------------------------------------------------------ */

static gboolean is_conversion(const Derived *derived, guint32 person, guint32 event) {
  for (guint32 c = derived->person_conversions[person]; c < derived->person_conversions[person + 1]; c++)
    if (derived->conversions[c].event == event)
      return TRUE;
  return FALSE;
}

static char *families_text(MapFamilyBlock *families, const Block *data, const Derived *derived, guint32 person) {
  const char *shown[TOUCHES_SHOWN];
  guint n = 0;
  for (guint32 e = data->person_start[person + 1]; e-- > data->person_start[person] && n < TOUCHES_SHOWN;) {
    if (is_conversion(derived, person, e))
      shown[n++] = "$";
    else if (bit_at(derived->touch, e))
      shown[n++] = map_family_of(families, e, derived->touchpoint[e]);
  }
  GString *text = g_string_new(NULL);
  while (n-- > 0)
    g_string_append_printf(text, "%s%s", text->len ? " " : "", shown[n]);
  return g_string_free(text, FALSE);
}

static void fill_row(MapFamilyBlock *families, const Block *data, const Derived *derived, Row *row) {
  guint32 first = derived->person_journeys[row->place], end = derived->person_journeys[row->place + 1];
  row->stage = first < end ? derived->journeys[end - 1].stage : STAGE_NONE;
  for (guint32 c = derived->person_conversions[row->place]; c < derived->person_conversions[row->place + 1]; c++)
    row->value += derived->conversions[c].net_value;
  row->families = families_text(families, data, derived, row->place);
}

static guint first_of_block(const Work *work, guint block) {
  guint low = 0, high = work->n_rows;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (work->by_block[middle]->block < block)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static gboolean fill_block(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Work *work = user;
  Worker *worker = &work->workers[number];
  Derived derived;
  g_auto(MapFamilyBlock) families = {0};
  guint at = first_of_block(work, block);
  if (at == work->n_rows || work->by_block[at]->block != block)
    return TRUE;
  if (!worker->derive)
    worker->derive = derive_scratch_new(work->derive);
  if (!derive_block(work->derive, worker->derive, block, data, &derived, error) ||
      !map_family_block(work->families, block, data, &families, error))
    return FALSE;
  for (; at < work->n_rows && work->by_block[at]->block == block; at++)
    fill_row(&families, data, &derived, work->by_block[at]);
  return TRUE;
}

static int compare_places(gconstpointer a, gconstpointer b) {
  const Row *x = *(Row *const *)a, *y = *(Row *const *)b;
  return x->block != y->block ? (x->block > y->block) - (x->block < y->block) : (x->place > y->place) - (x->place < y->place);
}

static gboolean fill_rows(const Question *question, PersonRows *rows, Work *work, guint n_workers, GError **error) {
  work->n_rows = rows->rows->len;
  work->by_block = g_new(Row *, work->n_rows + 1);
  for (guint i = 0; i < work->n_rows; i++)
    work->by_block[i] = &g_array_index(rows->rows, Row, i);
  qsort(work->by_block, work->n_rows, sizeof *work->by_block, compare_places);
  gboolean good = (work->derive = derive_new(question, error)) && (work->families = map_families_new(question, error)) &&
                  question_each_block(question, fill_block, work, error);
  for (guint i = 0; i < n_workers; i++)
    derive_scratch_free(work->workers[i].derive);
  map_families_free(work->families);
  derive_free(work->derive);
  g_free(work->by_block);
  return good;
}

/* --- the report ---------------------------------------------------------------------------------------------------- */

static void rows_free(gpointer result) {
  PersonRows *rows = result;
  for (guint i = 0; i < rows->rows->len; i++)
    g_free(g_array_index(rows->rows, Row, i).families);
  g_array_unref(rows->rows);
  g_free(rows);
}

static PersonRows *list_rows(const Question *question, const GArray *ids, guint limit, GError **error) {
  guint n_workers = question_threads(question);
  Work work = {.scope = scope_new(question, error), .ids = ids, .limit = limit};
  if (!work.scope)
    return NULL;
  work.workers = g_new0(Worker, n_workers);
  for (guint i = 0; i < n_workers; i++)
    work.workers[i].rows = g_array_new(FALSE, FALSE, sizeof(Row));
  PersonRows *rows = g_new0(PersonRows, 1);
  rows->project = question->project;
  rows->rows = g_array_new(FALSE, FALSE, sizeof(Row));
  gboolean good = question_each_block(question, find_block, &work, error);
  gather(rows, &work, n_workers);
  good = good && fill_rows(question, rows, &work, n_workers, error);
  scope_free(work.scope);
  g_free(work.workers);
  if (good)
    return rows;
  rows_free(rows);
  return NULL;
}

/* What was given for the other report: all but what this list means by `limit`. */
static Params *params_of(const Report *report, const Params *params) {
  Params *own = params_new();
  const Param *tables[] = {report->params, workspace_common_params};
  for (guint t = 0; t < G_N_ELEMENTS(tables); t++)
    for (const Param *param = tables[t]; param->name; param++) {
      const GPtrArray *values = params_all(params, param->name);
      for (guint i = 0; i < values->len && strcmp(param->name, "limit") != 0; i++)
        params_add(own, param->name, values->pdata[i]);
    }
  return own;
}

static gpointer rows_of_report(const Question *question, const Report *report, const Params *params, guint limit, GError **error) {
  g_autoptr(Params) own = params_of(report, params);
  if (!params_check(own, report, error))
    return NULL;
  gpointer result = report->run(question, own, error);
  const GArray *ids = result ? report->who(result) : NULL;
  PersonRows *rows = ids ? list_rows(question, ids, limit, error) : NULL;
  if (result)
    report->free(result);
  return rows;
}

static gpointer rows_run(const Question *question, const Params *params, GError **error) {
  gint64 limit;
  if (!params_int(params, "limit", 0, LIMIT_MAX, &limit, error))
    return NULL;
  guint rows = limit ? (guint)limit : LIMIT_MAX;
  const char *name = params_get(params, "report");
  return name ? rows_of_report(question, catalogue_find(name), params, rows, error) : list_rows(question, NULL, rows, error);
}

static const char *stage_name(const PersonRows *rows, const Row *row) {
  return row->stage < rows->project->stages->len ? ((const Stage *)rows->project->stages->pdata[row->stage])->rule.name : NULL;
}

static void rows_json(gconstpointer result, JsonOut *out) {
  const PersonRows *rows = result;
  json_kv_int(out, "total", (gint64)rows->persons);
  json_key(out, "persons");
  json_array(out);
  for (guint i = 0; i < rows->rows->len; i++) {
    const Row *row = &g_array_index(rows->rows, Row, i);
    g_autofree char *id = g_strdup_printf(WHO_FORMAT, row->id), *last = clock_text(row->last_ms);
    json_object(out);
    json_kv_string(out, "person", id);
    json_kv_int(out, "events", row->events);
    json_kv_string(out, "last", last);
    json_kv_string(out, "stage", stage_name(rows, row));
    json_kv_micro(out, "value", row->value);
    json_kv_string(out, "families", row->families);
    json_object_end(out);
  }
  json_array_end(out);
}

static void rows_table(gconstpointer result, Table *table) {
  const PersonRows *rows = result;
  table_title(table, "Persons");
  table_column(table, "person", CELL_TEXT);
  table_column(table, "events", CELL_INT);
  table_column(table, "last", CELL_TEXT);
  table_column(table, "stage", CELL_TEXT);
  table_column(table, "value", CELL_MONEY);
  table_column(table, "families", CELL_TEXT);
  for (guint i = 0; i < rows->rows->len; i++) {
    const Row *row = &g_array_index(rows->rows, Row, i);
    g_autofree char *id = g_strdup_printf(WHO_FORMAT, row->id), *last = clock_text(row->last_ms);
    table_text(table, id);
    table_int(table, row->events);
    table_text(table, last);
    table_text(table, stage_name(rows, row));
    table_number(table, (double)row->value / 1e6);
    table_text(table, row->families);
  }
}

static const Param own_params[] = {
    {"report", PARAM_TEXT, FALSE, FALSE, NULL, NULL, "The report whose `who` lists them; without one, everybody"},
    {"limit", PARAM_INT, FALSE, FALSE, NULL, "200", "How many of those last seen to show; 0 all"},
    {NULL},
};

/* The list's own options and those of the report it is about. */
static GArray *joined_params(const Report *report) {
  GArray *joined = g_array_new(TRUE, TRUE, sizeof(Param));
  g_array_append_vals(joined, own_params, G_N_ELEMENTS(own_params) - 1);
  for (const Param *param = report ? report->params : NULL; param && param->name; param++)
    if (!param_find(own_params, param->name))
      g_array_append_vals(joined, param, 1);
  return joined;
}

static gboolean find_report(const Params *params, const Report **report, GError **error) {
  const char *name = params_get(params, "report");
  *report = name ? catalogue_find(name) : NULL;
  if (name == NULL)
    return TRUE;
  if (*report == NULL || (*report)->who == NULL)
    return error_set(error, ERROR_USAGE, "report \"%s\" lists no persons\nhint: funnel, journeys, stages or map", name);
  return params_get(params, "who") != NULL ||
         error_set(error, ERROR_USAGE, "%s needs who: whom to list\nhint: %s", name, param_find((*report)->params, "who")->help);
}

char *person_rows_answer(Workspace *workspace, Params *params, const char *format, const gint *cancel, GError **error) {
  const Report *about;
  if (!find_report(params, &about, error))
    return NULL;
  if (strcmp(format, "csv") == 0 && !params_get(params, "limit"))
    params_add(params, "limit", "0");
  g_autoptr(GArray) joined = joined_params(about);
  const Report report = {.name = "persons",
                         .params = (const Param *)(gpointer)joined->data,
                         .example = "",
                         .run = rows_run,
                         .json = rows_json,
                         .table = rows_table,
                         .free = rows_free};
  return workspace_answer_until(workspace, &report, params, format, NULL, cancel, error);
}
