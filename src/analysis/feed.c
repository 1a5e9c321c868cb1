// SPDX-License-Identifier: Apache-2.0
/* The first walk keeps the highest arrival numbers (or the latest times), the second says what they were: only their blocks are
 * derived. */
#include "analysis/feed.h"

#include "analysis/bits.h"
#include "analysis/derive.h"
#include "analysis/map_family.h"
#include "analysis/scope.h"
#include "analysis/who.h"
#include <stdlib.h>
#include <string.h>

enum { LIMIT_MAX = 100 };

typedef struct {
  guint64 row, person; /* person 0: nobody's */
  guint64 rank;        /* the higher, the newer */
  gint64 time_ms, value;
  guint32 block, event;
  gboolean has_value;
  char *touchpoint;
  const char *family;
} Item;

typedef struct {
  GArray *items; /* of Item, newest first */
} Feed;

typedef struct {
  Item items[2 * LIMIT_MAX];
  guint n;
  guint64 least; /* ranks below are not among the newest */
  DeriveScratch *derive;
} Worker;

typedef struct {
  Scope *scope;
  guint limit;
  gboolean by_time;
  Worker *workers;
  Derive *derive;
  MapFamilies *families;
  GArray *items;
} Work;

static int compare_items(gconstpointer a, gconstpointer b) {
  const Item *x = a, *y = b;
  return x->rank != y->rank ? (x->rank < y->rank) - (x->rank > y->rank) : (x->row < y->row) - (x->row > y->row);
}

static void keep_newest(Worker *worker, guint limit) {
  qsort(worker->items, worker->n, sizeof(Item), compare_items);
  worker->n = MIN(worker->n, limit);
  if (worker->n == limit)
    worker->least = worker->items[limit - 1].rank;
}

static gboolean find_block(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Work *work = user;
  Worker *worker = &work->workers[number];
  ScopeBlock scope;
  if (!scope_block(work->scope, block, data, number, &scope, error))
    return FALSE;
  for (guint32 person = 0; !scope.nothing && person < data->n_persons; person++) {
    if (bit_at(data->dead, person))
      continue;
    for (guint32 e = data->person_start[person]; e < data->person_start[person + 1]; e++) {
      guint64 row = block_row(data, e);
      guint64 rank =
          work->by_time ? (guint64)block_time_ms(data, e) ^ (guint64)1 << 63 : row; /* times before 1970 are the lower ones */
      if (rank < worker->least || (scope.visible && !bit_at(scope.visible, e)))
        continue;
      worker->items[worker->n++] =
          (Item){.row = row, .rank = rank, .person = data->unidentified ? 0 : data->person_id[person], .block = block, .event = e};
      if (worker->n == 2 * work->limit)
        keep_newest(worker, work->limit);
    }
  }
  return TRUE;
}

static void fill(Derive *derive, const Block *data, const Derived *derived, MapFamilyBlock *families, Item *item) {
  guint32 touchpoint = derived->touchpoint[item->event];
  item->time_ms = block_time_ms(data, item->event);
  item->has_value = block_value(data, item->event, &item->value);
  item->touchpoint = text_dup(derive_touchpoint_name(derive, touchpoint));
  item->family = map_family_of(families, item->event, touchpoint);
}

static gboolean fill_block(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Work *work = user;
  Worker *worker = &work->workers[number];
  Derived derived;
  g_auto(MapFamilyBlock) families = {0};
  gboolean made = FALSE;
  for (guint i = 0; i < work->items->len; i++) {
    Item *item = &g_array_index(work->items, Item, i);
    if (item->block != block)
      continue;
    if (!worker->derive)
      worker->derive = derive_scratch_new(work->derive);
    if (!made && (!derive_block(work->derive, worker->derive, block, data, &derived, error) ||
                  !map_family_block(work->families, block, data, &families, error)))
      return FALSE;
    made = TRUE;
    fill(work->derive, data, &derived, &families, item);
  }
  return TRUE;
}

static void feed_free(gpointer result) {
  Feed *feed = result;
  for (guint i = 0; i < feed->items->len; i++)
    g_free(g_array_index(feed->items, Item, i).touchpoint);
  g_array_unref(feed->items);
  g_free(feed);
}

static gboolean find_all(const Question *question, Work *work, GError **error) {
  guint n_workers = question_threads(question);
  if (!question_each_block(question, find_block, work, error))
    return FALSE;
  for (guint i = 0; i < n_workers; i++)
    g_array_append_vals(work->items, work->workers[i].items, work->workers[i].n);
  g_array_sort(work->items, compare_items);
  if (work->items->len > work->limit)
    g_array_set_size(work->items, work->limit);
  return TRUE;
}

static gpointer feed_run(const Question *question, const Params *params, GError **error) {
  gint64 limit;
  guint n_workers = question_threads(question);
  if (!params_int(params, "limit", 1, LIMIT_MAX, &limit, error))
    return NULL;
  Work work = {
      .scope = scope_new(question, error), .limit = (guint)limit, .by_time = strcmp(params_get(params, "order"), "time") == 0};
  if (!work.scope)
    return NULL;
  Feed *feed = g_new0(Feed, 1);
  work.workers = g_new0(Worker, n_workers);
  work.items = feed->items = g_array_new(FALSE, FALSE, sizeof(Item));
  gboolean good = find_all(question, &work, error) && (work.derive = derive_new(question, error)) &&
                  (work.families = map_families_new(question, error)) && question_each_block(question, fill_block, &work, error);
  for (guint i = 0; i < n_workers; i++)
    derive_scratch_free(work.workers[i].derive);
  map_families_free(work.families);
  derive_free(work.derive);
  scope_free(work.scope);
  g_free(work.workers);
  if (good)
    return feed;
  feed_free(feed);
  return NULL;
}

static void feed_json(gconstpointer result, JsonOut *out) {
  const Feed *feed = result;
  json_key(out, "events");
  json_array(out);
  for (guint i = 0; i < feed->items->len; i++) {
    const Item *item = &g_array_index(feed->items, Item, i);
    g_autofree char *time = clock_text(item->time_ms), *person = g_strdup_printf(WHO_FORMAT, item->person);
    json_object(out);
    json_kv_string(out, "time", time);
    json_kv_string(out, "touchpoint", item->touchpoint);
    json_kv_string(out, "family", item->family);
    json_kv_string(out, "person", item->person >> 32 ? person : NULL);
    if (item->has_value)
      json_kv_micro(out, "value", item->value);
    else
      json_kv_null(out, "value");
    json_object_end(out);
  }
  json_array_end(out);
}

static void feed_table(gconstpointer result, Table *table) {
  const Feed *feed = result;
  table_title(table, "What arrived last");
  table_column(table, "time", CELL_TEXT);
  table_column(table, "touchpoint", CELL_TEXT);
  for (guint i = 0; i < feed->items->len; i++) {
    const Item *item = &g_array_index(feed->items, Item, i);
    g_autofree char *time = clock_text(item->time_ms);
    table_text(table, time);
    table_text(table, item->touchpoint);
  }
}

static const Param feed_params[] = {
    {"limit", PARAM_INT, FALSE, FALSE, NULL, "24", "How many, up to 100"},
    {"order", PARAM_CHOICE, FALSE, FALSE, "arrival|time", "arrival", "What arrived last, or what happened last"},
    {NULL},
};

const Report feed_report = {.name = "feed",
                            .summary = "What arrived last, newest first",
                            .example = "",
                            .params = feed_params,
                            .run = feed_run,
                            .json = feed_json,
                            .table = feed_table,
                            .free = feed_free};
