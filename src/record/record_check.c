/* SPDX-License-Identifier: Apache-2.0
 * record_check.c: what `etappe doctor` says about the record. Everything is read once, hidden events too; what is
 * found is told in sentences, and only what prevents the looking is an error. */
#include "record/record_private.h"

enum { FINDINGS_MAX = 50 };

typedef struct {
  Record *record;
  sqlite3 *db;
  GPtrArray *findings;
  Batch *batch;
  Event *event;
} Check;

static void G_GNUC_PRINTF(2, 3) find(Check *check, const char *format, ...) {
  va_list arguments;
  if (check->findings->len >= FINDINGS_MAX)
    return;
  va_start(arguments, format);
  g_ptr_array_add(check->findings, g_strdup_vprintf(format, arguments));
  va_end(arguments);
}

static gboolean check_file(Check *check, GError **error) {
  g_autoptr(sqlite3_stmt) statement = database_query(check->db, error, "PRAGMA integrity_check(10)", "");
  gboolean row = statement != NULL;
  while (row) {
    if (!database_step(statement, &row, error))
      return FALSE;
    const char *said = row ? (const char *)sqlite3_column_text(statement, 0) : "ok";
    if (row && g_strcmp0(said, "ok") != 0)
      find(check, "the file %s is damaged: %s", check->record->path, said);
  }
  return statement != NULL;
}

/* The batch can be read to its last value. */
static void check_blob(Check *check, guint64 first, guint n, const void *blob, gsize size) {
  g_autoptr(GError) error = NULL;
  const BatchFacts *facts = NULL;
  gboolean good = batch_open(check->batch, blob, size, &error) && (facts = batch_facts(check->batch, &error)) != NULL;
  if (good && facts->n != n)
    good = error_set(&error, ERROR_DAMAGED, "it holds %u events instead of %u", facts->n, n);
  good = good && batch_event(check->batch, 0, check->record->names, check->event, &error);
  if (!good)
    find(check, "the events %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " cannot be read: %s", first, first + n - 1,
         error->message);
}

static gboolean check_batches(Check *check, GError **error) {
  g_autoptr(sqlite3_stmt) statement = database_query(check->db, error, "SELECT first, n, data FROM batch ORDER BY first", "");
  guint64 next = 1;
  gboolean row = statement != NULL;
  while (row) {
    if (!database_step(statement, &row, error))
      return FALSE;
    if (!row)
      return TRUE;
    guint64 first = (guint64)sqlite3_column_int64(statement, 0);
    guint n = (guint)sqlite3_column_int(statement, 1);
    if (first < next)
      find(check, "the batch of the events from %" G_GUINT64_FORMAT " on overlaps the one before", first);
    check_blob(check, first, n, sqlite3_column_blob(statement, 2), (gsize)sqlite3_column_bytes(statement, 2));
    next = first + n;
  }
  return FALSE;
}

/* Numbers may be missing (of imports that were broken off), events may not: each import knows how many it has. */
static gboolean check_imports(Check *check, GError **error) {
  g_autoptr(sqlite3_stmt) statement = database_query(
      check->db, error,
      "SELECT id, stored, coalesce((SELECT sum(n) FROM batch WHERE batch.import = import.id), 0) AS there FROM import"
      " WHERE stored <> there",
      "");
  gboolean row = statement != NULL;
  while (row) {
    if (!database_step(statement, &row, error))
      return FALSE;
    if (row)
      find(check, "import %lld has %lld events in place of %lld", (long long)sqlite3_column_int64(statement, 0),
           (long long)sqlite3_column_int64(statement, 2), (long long)sqlite3_column_int64(statement, 1));
  }
  return statement != NULL;
}

/* Sums that must be zero, each with what it means otherwise. */
static gboolean check_sums(Check *check, GError **error) {
  static const struct {
    const char *sql, *finding;
  } sums[] = {
      {"SELECT count(*) FROM batch WHERE import NOT IN (SELECT id FROM import)", "%lld batches belong to no import"},
      {"SELECT count(*) FROM import WHERE id <> 0 AND state IN (1, 2) AND through NOT IN (SELECT number FROM change)",
       "%lld imports were finished or undone by no change"},
      {"SELECT count(*) FROM link WHERE number NOT IN (SELECT number FROM change)"
       " OR (undone <> 0 AND undone NOT IN (SELECT number FROM change))",
       "%lld links were made or taken back by no change"},
      {"SELECT count(*) FROM change JOIN batch ON number BETWEEN first AND first + n - 1",
       "%lld changes have the number of an event"},
      {"SELECT count(*) FROM (SELECT kind FROM name GROUP BY kind HAVING count(*) <> max(code) OR min(code) <> 1)",
       "%lld dictionaries of names have gaps"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(sums); i++) {
    gint64 n;
    if (!database_int(check->db, &n, 0, error, sums[i].sql, ""))
      return FALSE;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (n)
      find(check, sums[i].finding, (long long)n);
#pragma GCC diagnostic pop
  }
  return TRUE;
}

static gboolean check_all(Check *check, GError **error) {
  return check_file(check, error) && check_batches(check, error) && check_imports(check, error) && check_sums(check, error);
}

gboolean record_check(Record *record, GPtrArray *findings, GError **error) {
  gboolean frozen;
  Check check = {.record = record, .findings = findings};
  check.db = record_reader(record, &frozen, error);
  if (check.db == NULL)
    return FALSE;
  check.batch = batch_new(record_spaces(record), &record->key);
  check.event = g_new0(Event, 1);
  gboolean good = check_all(&check, error);
  batch_free(check.batch);
  g_free(check.event);
  record_reader_return(record, check.db, frozen);
  return good;
}
