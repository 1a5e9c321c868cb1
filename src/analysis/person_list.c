// SPDX-License-Identifier: Apache-2.0
/* Each worker keeps the best rows of its blocks; the whole order is total, so any number of workers gives the
 * same list. */
#include "analysis/person_list.h"
#include "analysis/bits.h"
#include "analysis/scope.h"
#include "analysis/who.h"
#include <stdlib.h>
#include <string.h>

enum { LIMIT_MAX = 1000000, PAGE_MAX = 200, EVENTS_LOOKED_AT = 100 };

typedef enum { SORT_LAST, SORT_FIRST, SORT_EVENTS, SORT_ID } Sort;

typedef struct {
  guint64 id;
  guint64 first_row, last_row;
  gint64 first_ms, last_ms;
  guint32 events;
} Row;

typedef struct {
  GArray *rows; /* of Row */
  guint64 persons;
  guint64 *bits;
  guint words;
} Worker;

typedef struct {
  Scope *scope;
  Sort sort;
  guint limit;
  Worker *workers;
} Work;

typedef struct {
  GArray *rows; /* of Row, in order */
  guint64 persons;
  WhoNames *names;
} PersonList;

static int compare(gint64 a, gint64 b) {
  return (a > b) - (a < b);
}

static int compare_rows(gconstpointer a, gconstpointer b, gpointer user) {
  const Row *x = a, *y = b;
  Sort sort = *(const Sort *)user;
  int order = sort == SORT_LAST     ? compare(y->last_ms, x->last_ms)
              : sort == SORT_FIRST  ? compare(x->first_ms, y->first_ms)
              : sort == SORT_EVENTS ? compare(y->events, x->events)
                                    : 0;
  return order ? order : (x->id > y->id) - (x->id < y->id);
}

static void keep_best(GArray *rows, guint limit, Sort sort) {
  g_qsort_with_data(rows->data, (int)rows->len, sizeof(Row), compare_rows, &sort);
  if (rows->len > limit)
    g_array_set_size(rows, limit);
}

/* --- counting ------------------------------------------------------------------------------------- */
static void add_person(const Work *work, Worker *worker, const Block *block, guint32 person, const guint64 *kept) {
  Row row = {.id = block->person_id[person]};
  for (guint32 e = block->person_start[person]; e < block->person_start[person + 1]; e++) {
    if (!bit_at(kept, e))
      continue;
    row.last_ms = block_time_ms(block, e);
    row.last_row = block_row(block, e);
    if (row.events++)
      continue;
    row.first_ms = row.last_ms;
    row.first_row = row.last_row;
  }
  if (row.events == 0)
    return;
  worker->persons++;
  g_array_append_val(worker->rows, row);
  if (worker->rows->len >= 2 * work->limit + 4096)
    keep_best(worker->rows, work->limit, work->sort);
}

static gboolean list_block(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Work *work = user;
  Worker *worker = &work->workers[number];
  ScopeBlock scope;
  if (data->unidentified)
    return TRUE;
  if (!scope_block(work->scope, block, data, number, &scope, error))
    return FALSE;
  if (scope.nothing)
    return TRUE;
  guint words = bits_words(data->n_events) + 1;
  if (words > worker->words) {
    worker->bits = g_renew(guint64, worker->bits, words);
    worker->words = words;
  }
  scope_both(worker->bits, scope.kept, scope.in_range, data->n_events);
  for (guint32 person = 0; person < data->n_persons; person++)
    if (!bit_at(data->dead, person))
      add_person(work, worker, data, person, worker->bits);
  return TRUE;
}

static void gather(PersonList *list, Work *work, guint n_workers) {
  for (guint i = 0; i < n_workers; i++) {
    list->persons += work->workers[i].persons;
    g_array_append_vals(list->rows, work->workers[i].rows->data, work->workers[i].rows->len);
    g_array_unref(work->workers[i].rows);
    g_free(work->workers[i].bits);
  }
  keep_best(list->rows, work->limit, work->sort);
}

/* All events of the person up to EVENTS_LOOKED_AT, for one whose name its first and last event do not carry. */
static gboolean want_all(const Question *question, PersonList *list, const Row *row, GError **error) {
  guint block;
  guint32 person;
  Block data;
  if (!snapshot_find(question->snapshot, row->id, &block, &person))
    return TRUE;
  if (!snapshot_block(question->snapshot, block, &data, error))
    return FALSE;
  guint32 start = data.person_start[person], end = data.person_start[person + 1];
  for (guint32 e = start; e < MIN(end, start + EVENTS_LOOKED_AT); e++)
    who_names_want(list->names, row->id, WHO_SPACE_UNKNOWN, block_row(&data, e));
  return TRUE;
}

/* Who names a person stands in its first or last event more often than not; for the few of a page look further. */
static gboolean find_names(const Question *question, PersonList *list, GError **error) {
  guint8 space;
  for (guint i = 0; i < list->rows->len; i++) {
    const Row *row = &g_array_index(list->rows, Row, i);
    who_names_want(list->names, row->id, WHO_SPACE_UNKNOWN, row->first_row);
    who_names_want(list->names, row->id, WHO_SPACE_UNKNOWN, row->last_row);
  }
  if (!who_names_read(list->names, error))
    return FALSE;
  for (guint i = 0; i < list->rows->len && list->rows->len <= PAGE_MAX; i++) {
    const Row *row = &g_array_index(list->rows, Row, i);
    if (!who_space(list->names, row->id, &space) && !want_all(question, list, row, error))
      return FALSE;
  }
  return who_names_read(list->names, error);
}

/* --- the report ----------------------------------------------------------------------------------- */
static void person_list_free(gpointer result) {
  PersonList *list = result;
  g_array_unref(list->rows);
  who_names_free(list->names);
  g_free(list);
}

static Sort parse_sort(const char *text) {
  return strcmp(text, "first") == 0    ? SORT_FIRST
         : strcmp(text, "events") == 0 ? SORT_EVENTS
         : strcmp(text, "id") == 0     ? SORT_ID
                                       : SORT_LAST;
}

static gpointer person_list_run(const Question *question, const Params *params, GError **error) {
  gint64 limit = 20;
  if (!params_int(params, "limit", 0, LIMIT_MAX, &limit, error))
    return NULL;
  guint n_workers = question_threads(question);
  Work work = {.scope = scope_new(question, error), .sort = parse_sort(params_get(params, "sort")), .limit = (guint)limit};
  if (!work.scope)
    return NULL;
  work.workers = g_new0(Worker, n_workers);
  for (guint i = 0; i < n_workers; i++)
    work.workers[i].rows = g_array_new(FALSE, FALSE, sizeof(Row));
  PersonList *list = g_new0(PersonList, 1);
  list->rows = g_array_new(FALSE, FALSE, sizeof(Row));
  list->names = who_names_new(snapshot_record(question->snapshot));
  gboolean good = question_each_block(question, list_block, &work, error);
  gather(list, &work, n_workers);
  scope_free(work.scope);
  g_free(work.workers);
  if (good && find_names(question, list, error))
    return list;
  person_list_free(list);
  return NULL;
}

static void write_time(JsonOut *out, const char *key, gint64 time_ms) {
  g_autofree char *text = clock_text(time_ms);
  json_kv_string(out, key, text);
}

static void person_list_json(gconstpointer result, JsonOut *out) {
  const PersonList *list = result;
  json_kv_int(out, "total", (gint64)list->persons);
  json_key(out, "persons");
  json_array(out);
  for (guint i = 0; i < list->rows->len; i++) {
    const Row *row = &g_array_index(list->rows, Row, i);
    g_autofree char *id = g_strdup_printf(WHO_FORMAT, row->id);
    guint8 space;
    json_object(out);
    json_kv_string(out, "person", id);
    if (who_space(list->names, row->id, &space))
      who_write(list->names, row->id, space, out);
    json_kv_int(out, "events", row->events);
    write_time(out, "first", row->first_ms);
    write_time(out, "last", row->last_ms);
    json_object_end(out);
  }
  json_array_end(out);
}

static void person_list_table(gconstpointer result, Table *table) {
  const PersonList *list = result;
  table_title(table, "Persons");
  table_column(table, "person", CELL_TEXT);
  table_column(table, "known as", CELL_TEXT);
  table_column(table, "events", CELL_INT);
  table_column(table, "first", CELL_TEXT);
  table_column(table, "last", CELL_TEXT);
  for (guint i = 0; i < list->rows->len; i++) {
    const Row *row = &g_array_index(list->rows, Row, i);
    guint8 space;
    g_autofree char *id = g_strdup_printf(WHO_FORMAT, row->id);
    g_autofree char *name = who_space(list->names, row->id, &space) ? who_text(list->names, row->id, space) : NULL;
    g_autofree char *first = clock_text(row->first_ms), *last = clock_text(row->last_ms);
    table_text(table, id);
    table_text(table, name);
    table_int(table, row->events);
    table_text(table, first);
    table_text(table, last);
  }
  if (list->rows->len < list->persons)
    table_note(table, "%u of %" G_GUINT64_FORMAT " persons; --limit shows more.", list->rows->len, list->persons);
}

static const Param params[] = {
    {"limit", PARAM_INT, FALSE, FALSE, NULL, "20", "How many persons to show"},
    {"sort", PARAM_CHOICE, FALSE, FALSE, "last|first|events|id", "last", "By latest or first event, number of events, or id"},
    {NULL},
};

const Report person_list_report = {
    .name = "person list",
    .summary = "The persons with an event in range, the latest first.",
    .example = "--limit 50",
    .params = params,
    .run = person_list_run,
    .json = person_list_json,
    .table = person_list_table,
    .free = person_list_free,
};
