// SPDX-License-Identifier: Apache-2.0
#include "analysis/consents.h"

#include "base/clock.h"
#include "base/error.h"
#include "record/consent.h"
#include "record/erase.h"
#include <string.h>

typedef struct { /* of one purpose */
  char *purpose;
  GHashTable *latest; /* guint64 (a person or an identifier) -> const ConsentRow* */
} Sum;

static void sum_free(gpointer data) {
  Sum *sum = data;
  g_hash_table_unref(sum->latest);
  g_free(sum);
}

static guint64 person_or_identifier(const Snapshot *snapshot, guint64 identifier) {
  guint block;
  guint32 person;
  return snapshot_find(snapshot, identifier, &block, &person) ? ((guint64)block << 32 | person) : hash_mix(identifier);
}

static gboolean is_later(const ConsentRow *row, const ConsentRow *than) {
  return than == NULL || row->at_ms >= than->at_ms;
}

static void take_up(GPtrArray *sums, const ConsentRow *row, guint64 whose) {
  Sum *sum = NULL;
  for (guint i = 0; i < sums->len && !sum; i++)
    if (g_str_equal(((Sum *)sums->pdata[i])->purpose, row->purpose))
      sum = sums->pdata[i];
  if (sum == NULL) {
    sum = g_new0(Sum, 1);
    *sum = (Sum){row->purpose, g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL)};
    g_ptr_array_add(sums, sum);
  }
  if (is_later(row, g_hash_table_lookup(sum->latest, &whose)))
    g_hash_table_replace(sum->latest, g_memdup2(&whose, sizeof whose), (gpointer)row);
}

static void write_sum(const Sum *sum, JsonOut *out) {
  GHashTableIter iter;
  gpointer row;
  gint64 granted = 0;
  g_hash_table_iter_init(&iter, sum->latest);
  while (g_hash_table_iter_next(&iter, NULL, &row))
    granted += ((const ConsentRow *)row)->granted;
  json_object(out);
  json_kv_string(out, "purpose", sum->purpose);
  json_kv_int(out, "granted", granted);
  json_kv_int(out, "denied", (gint64)g_hash_table_size(sum->latest) - granted);
  json_object_end(out);
}

static gint compare_sums(gconstpointer a, gconstpointer b) {
  return strcmp((*(const Sum *const *)a)->purpose, (*(const Sum *const *)b)->purpose);
}

gboolean consents_write_sums(const Snapshot *snapshot, JsonOut *out, GError **error) {
  guint64 erasures, events;
  Record *record = snapshot_record(snapshot);
  g_autoptr(GArray) rows = record_consents(record, NULL, error);
  g_autoptr(GArray) hidden = rows ? record_hidden(record, error) : NULL;
  g_autoptr(GPtrArray) sums = g_ptr_array_new_with_free_func(sum_free);
  if (!hidden || !record_erased(record, &erasures, &events, error))
    return FALSE;
  for (guint i = 0; i < rows->len; i++) {
    const ConsentRow *row = &g_array_index(rows, ConsentRow, i);
    take_up(sums, row, person_or_identifier(snapshot, row->identifier));
  }
  g_ptr_array_sort(sums, compare_sums);
  json_kv_int(out, "persons", (gint64)snapshot_persons(snapshot));
  json_key(out, "purposes");
  json_array(out);
  for (guint i = 0; i < sums->len; i++)
    write_sum(sums->pdata[i], out);
  json_array_end(out);
  json_kv_int(out, "hidden", hidden->len);
  json_kv_int(out, "erased", (gint64)erasures);
  return TRUE;
}

static void write_consent(const ConsentRow *row, JsonOut *out) {
  g_autofree char *at = clock_text(row->at_ms);
  json_object(out);
  json_kv_string(out, "purpose", row->purpose);
  json_kv_bool(out, "granted", row->granted);
  json_kv_string(out, "at", at);
  json_kv_string(out, "source", row->source);
  json_kv_string(out, "version", row->version);
  json_kv_string(out, "basis", row->basis);
  json_object_end(out);
}

void consents_write(Record *record, const GArray *identifiers, JsonOut *out) {
  g_autoptr(GArray) rows = record_consents(record, identifiers, NULL);
  g_autoptr(GPtrArray) sums = g_ptr_array_new_with_free_func(sum_free);
  guint64 one = 0;
  for (guint i = 0; rows && i < rows->len; i++)
    take_up(sums, &g_array_index(rows, ConsentRow, i), one);
  g_ptr_array_sort(sums, compare_sums);
  json_key(out, "consents");
  json_array(out);
  for (guint i = 0; i < sums->len; i++)
    write_consent(g_hash_table_lookup(((Sum *)sums->pdata[i])->latest, &one), out);
  json_array_end(out);
}

/* --- of everybody ---------------------------------------------------------------------------- */

typedef struct {
  guint64 person; /* block << 32 | person */
  gint64 at_ms;
  guint32 order; /* in which it came */
  gboolean granted;
} Statement;

struct Consents {
  GArray *latest; /* of Statement, by person, one each */
};

typedef struct {
  const Question *question;
  GArray *statements;
  gboolean full;
} Gathering;

enum { STATEMENTS_MAX = 1 << 28 };

static void gather(guint64 identifier, gboolean granted, gint64 at_ms, gpointer user) {
  Gathering *gathering = user;
  guint block;
  guint32 person;
  gathering->full = gathering->statements->len == STATEMENTS_MAX;
  if (gathering->full || at_ms > gathering->question->now_ms ||
      !snapshot_find(gathering->question->snapshot, identifier, &block, &person))
    return;
  Statement statement = {(guint64)block << 32 | person, at_ms, gathering->statements->len, granted};
  g_array_append_val(gathering->statements, statement);
}

static gint compare_statements(gconstpointer a, gconstpointer b) {
  const Statement *x = a, *y = b;
  if (x->person != y->person)
    return x->person > y->person ? 1 : -1;
  return x->at_ms != y->at_ms ? (x->at_ms > y->at_ms ? 1 : -1) : (x->order > y->order) - (x->order < y->order);
}

static void keep_latest(GArray *statements) {
  guint kept = 0;
  g_array_sort(statements, compare_statements);
  for (guint i = 0; i < statements->len; i++) {
    const Statement *statement = &g_array_index(statements, Statement, i);
    if (i + 1 == statements->len || statement[1].person != statement->person)
      g_array_index(statements, Statement, kept++) = *statement;
  }
  g_array_set_size(statements, kept);
}

Consents *consents_new(const Question *question, const char *purpose, GError **error) {
  g_autoptr(GArray) statements = g_array_new(FALSE, FALSE, sizeof(Statement));
  Gathering gathering = {question, statements, FALSE};
  if (!record_consents_each(snapshot_record(question->snapshot), purpose, snapshot_through(question->snapshot), gather, &gathering,
                            error))
    return NULL;
  if (gathering.full) {
    error_set(error, ERROR_LIMIT, "more than %d statements about consent to %s", STATEMENTS_MAX, purpose);
    return NULL;
  }
  keep_latest(statements);
  Consents *consents = g_new(Consents, 1);
  consents->latest = g_steal_pointer(&statements);
  return consents;
}

void consents_free(Consents *consents) {
  if (!consents)
    return;
  g_array_unref(consents->latest);
  g_free(consents);
}

void consents_block(const Consents *consents, guint block, guint32 n_persons, guint8 *codes) {
  const Statement *statements = (const Statement *)(const void *)consents->latest->data;
  guint low = 0, high = consents->latest->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (statements[middle].person >> 32 < block)
      low = middle + 1;
    else
      high = middle;
  }
  for (; low < consents->latest->len && statements[low].person >> 32 == block; low++)
    if ((guint32)statements[low].person < n_persons)
      codes[(guint32)statements[low].person] = statements[low].granted ? CONSENTS_GRANTED : CONSENTS_DENIED;
}
