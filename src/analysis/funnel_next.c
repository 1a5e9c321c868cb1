// SPDX-License-Identifier: Apache-2.0
#include "analysis/funnel_next.h"
#include "analysis/key.h"
#include "base/error.h"
#include <math.h>
#include <string.h>

static const char KEY[] = "touchpoint";

typedef struct { /* of one worker */
  guint32 *codes;
  guint room;
  GArray *counts;   /* of guint64, by code; KEY_NONE: nothing followed */
  GByteArray *same; /* by code: is it the touchpoint looked for? 0: not looked at yet, 1 no, 2 yes */
} Worker;

typedef struct {
  char *value;
  guint64 count;
} Row;

struct FunnelNext {
  Key *key;
  guint n_workers;
  Worker *workers;
  GArray *rows; /* of Row */
  guint64 dropped, other;
  guint rows_total;
};

static void row_clear(gpointer row) {
  g_free(((Row *)row)->value);
}

FunnelNext *funnel_next_new(const Question *question, GError **error) {
  g_autoptr(Key) key = key_new(question, KEY, error);
  if (!key)
    return NULL;
  FunnelNext *next = g_new0(FunnelNext, 1);
  next->key = g_steal_pointer(&key);
  next->n_workers = question_threads(question);
  next->workers = g_new0(Worker, next->n_workers);
  for (guint i = 0; i < next->n_workers; i++) {
    next->workers[i].counts = g_array_new(FALSE, TRUE, sizeof(guint64));
    next->workers[i].same = g_byte_array_new();
  }
  next->rows = g_array_new(FALSE, FALSE, sizeof(Row));
  g_array_set_clear_func(next->rows, row_clear);
  return next;
}

void funnel_next_free(FunnelNext *next) {
  if (!next)
    return;
  for (guint i = 0; i < next->n_workers; i++) {
    g_free(next->workers[i].codes);
    g_array_unref(next->workers[i].counts);
    g_byte_array_unref(next->workers[i].same);
  }
  g_free(next->workers);
  key_free(next->key);
  g_array_unref(next->rows);
  g_free(next);
}

static gboolean make_codes(FunnelNext *next, const FunnelCases *cases, Worker *worker, GError **error) {
  guint n = cases->data->n_events;
  if (n > worker->room) {
    guint32 *codes = g_try_renew(guint32, worker->codes, n);
    if (!codes)
      return error_set(error, ERROR_LIMIT, "no memory for a block of %u events", n);
    worker->codes = codes;
    worker->room = n;
  }
  return key_block(next->key, cases->block, cases->data, worker->codes, error);
}

static guint32 next_code(const FunnelCases *cases, guint number, const guint32 *codes) {
  const Block *data = cases->data;
  const FunnelCase *one = &cases->cases[number];
  guint32 last = funnel_case_events(cases, number)[cases->n_steps - 1];
  for (guint32 i = last + 1; i < data->person_start[one->person + 1]; i++)
    if (bit_at(data->touch, i) && codes[i] != codes[last] && funnel_case_has(cases, one, i))
      return codes[i];
  return KEY_NONE;
}

gboolean funnel_next_block(FunnelNext *next, const FunnelCases *cases, guint number, GError **error) {
  Worker *worker = &next->workers[number];
  if (cases->n == 0)
    return TRUE;
  if (!make_codes(next, cases, worker, error))
    return FALSE;
  for (guint i = 0; i < cases->n; i++) {
    if (!cases->cases[i].dropped)
      continue;
    guint32 code = next_code(cases, i, worker->codes);
    if (code >= worker->counts->len)
      g_array_set_size(worker->counts, code + 1);
    g_array_index(worker->counts, guint64, code)++;
  }
  return TRUE;
}

static gboolean is_same(FunnelNext *next, Worker *worker, guint32 code, const char *value) {
  guint before = worker->same->len;
  if (code >= before) {
    g_byte_array_set_size(worker->same, code + 1);
    memset(worker->same->data + before, 0, code + 1 - before);
  }
  guint8 *same = &worker->same->data[code];
  if (*same == 0)
    *same = text_is(key_text(next->key, code), value) ? 2 : 1;
  return *same == 2;
}

gboolean funnel_next_match(FunnelNext *next, const FunnelCases *cases, guint number, const char *value, guint8 *keep,
                           GError **error) {
  Worker *worker = &next->workers[number];
  if (cases->n && !make_codes(next, cases, worker, error))
    return FALSE;
  for (guint i = 0; i < cases->n; i++)
    keep[i] = (guint8)is_same(next, worker, next_code(cases, i, worker->codes), value);
  return TRUE;
}

/* --- the result -------------------------------------------------------------------------------- */

static gint compare_rows(gconstpointer a, gconstpointer b) {
  const Row *x = a, *y = b;
  return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->value, y->value);
}

void funnel_next_finish(FunnelNext *next, guint limit) {
  for (guint32 code = 0, n = key_count(next->key); code < n; code++) {
    Row row = {NULL, 0};
    for (guint i = 0; i < next->n_workers; i++)
      row.count += code < next->workers[i].counts->len ? g_array_index(next->workers[i].counts, guint64, code) : 0;
    if (row.count == 0)
      continue;
    row.value = text_dup(key_text(next->key, code));
    next->dropped += row.count;
    g_array_append_val(next->rows, row);
  }
  g_array_sort(next->rows, compare_rows);
  next->rows_total = next->rows->len;
  for (guint i = limit; i < next->rows->len; i++)
    next->other += g_array_index(next->rows, Row, i).count;
  if (limit < next->rows->len)
    g_array_set_size(next->rows, limit);
}

static double share_of(const FunnelNext *next, guint64 count) {
  return next->dropped ? (double)count / (double)next->dropped : NAN;
}

static void write_row(const FunnelNext *next, const char *value, guint64 count, gboolean other, JsonOut *out) {
  json_object(out);
  json_kv_string(out, "value", value);
  if (other)
    json_kv_bool(out, "other", TRUE);
  json_kv_int(out, "count", (gint64)count);
  json_kv_double(out, "share", share_of(next, count));
  json_object_end(out);
}

void funnel_next_json(const FunnelNext *next, guint step, JsonOut *out) {
  json_key(out, "next");
  json_object(out);
  json_kv_int(out, "step", step);
  json_kv_string(out, "key", KEY);
  json_kv_int(out, "dropped", (gint64)next->dropped);
  json_kv_int(out, "rows_total", next->rows_total);
  json_key(out, "rows");
  json_array(out);
  for (guint i = 0; i < next->rows->len; i++)
    write_row(next, g_array_index(next->rows, Row, i).value, g_array_index(next->rows, Row, i).count, FALSE, out);
  if (next->other)
    write_row(next, "(other)", next->other, TRUE, out);
  json_array_end(out);
  json_object_end(out);
}

static void table_row(const FunnelNext *next, const char *value, guint64 count, Table *table) {
  table_text(table, value);
  table_int(table, (gint64)count);
  table_number(table, share_of(next, count));
  table_number(table, share_of(next, count));
}

void funnel_next_table(const FunnelNext *next, const char *step, Table *table) {
  table_title(table, "Where those go next who stop after %s", step);
  table_column(table, KEY, CELL_TEXT);
  table_column(table, "count", CELL_INT);
  table_column(table, "", CELL_BAR);
  table_column(table, "share", CELL_SHARE);
  for (guint i = 0; i < next->rows->len; i++)
    table_row(next, g_array_index(next->rows, Row, i).value, g_array_index(next->rows, Row, i).count, table);
  if (next->other)
    table_row(next, "(other)", next->other, table);
  table_note(table, "Their first touch after that step at another touchpoint; (none): no touch followed.");
}
