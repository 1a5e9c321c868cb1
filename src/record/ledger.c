// SPDX-License-Identifier: Apache-2.0
#include "record/ledger.h"

#include "base/clock.h"
#include "record/backup.h"
#include "record/database.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

enum { BUSY_MS = 5000 };

struct Ledger {
  sqlite3 *db;
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS receipt (receipt TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, actor TEXT NOT NULL,"
    " record INTEGER NOT NULL, branch INTEGER NOT NULL, through INTEGER NOT NULL, identifiers BLOB NOT NULL, events BLOB NOT NULL,"
    " erased INTEGER NOT NULL DEFAULT 0, backups TEXT) STRICT;"
    "CREATE TABLE IF NOT EXISTS backup (file TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT;";

void ledger_free(Ledger *ledger) {
  if (ledger == NULL)
    return;
  sqlite3_close(ledger->db);
  g_free(ledger);
}

Ledger *ledger_open(const char *db_path, GError **error) {
  g_autoptr(Ledger) ledger = g_new0(Ledger, 1);
  g_autofree char *path = g_strconcat(db_path, ".ledger", NULL);
  int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    g_autofree char *what = g_strdup_printf("opening %s", path);
    error_set_errno(error, errno, what);
    return NULL;
  }
  close(descriptor);
  int code = sqlite3_open_v2(path, &ledger->db, SQLITE_OPEN_READWRITE, NULL);
  if (code == SQLITE_OK) {
    sqlite3_busy_timeout(ledger->db, BUSY_MS);
    code = sqlite3_exec(ledger->db, schema, NULL, NULL, NULL);
  }
  if (code == SQLITE_OK)
    return g_steal_pointer(&ledger);
  database_fail(ledger->db, code, "opening the ledger of erasures", error);
  return NULL;
}

void receipt_free(Receipt *receipt) {
  if (receipt == NULL)
    return;
  g_free(receipt->receipt);
  g_free(receipt->by);
  g_free(receipt->backups);
  g_array_unref(receipt->identifiers);
  g_array_unref(receipt->rows);
  g_free(receipt);
}

static GArray *numbers_of(const void *data, gsize n) {
  GArray *numbers = g_array_sized_new(FALSE, FALSE, sizeof(guint64), (guint)n);
  if (n)
    g_array_append_vals(numbers, data, (guint)n);
  return numbers;
}

static Text text_of_numbers(const GArray *numbers) {
  return (Text){numbers->len ? numbers->data : "", numbers->len * (guint32)sizeof(guint64)};
}

/* "E-20260131-1a2b3c4d": unlike any other, and short enough for a letter. */
static char *make_name(gint64 now_ms) {
  guint32 random = 0;
  g_autofree char *time = clock_text(now_ms);
  if (getrandom(&random, sizeof random, 0) != sizeof random)
    random = g_random_int();
  return g_strdup_printf("E-%.4s%.2s%.2s-%08x", time, time + 5, time + 8, random);
}

Receipt *ledger_begin(Ledger *ledger, Record *record, const Erasure *erasure, const char *by, GError **error) {
  g_autoptr(Receipt) receipt = g_new0(Receipt, 1);
  receipt->at_ms = clock_now_ms();
  receipt->receipt = make_name(receipt->at_ms);
  receipt->by = g_strdup(by);
  receipt->record = record_id(record);
  receipt->through = erasure->through;
  receipt->identifiers = numbers_of(erasure->identifiers, erasure->n_identifiers);
  receipt->rows = numbers_of(erasure->rows, erasure->n_rows);
  if (!record_branch(record, &receipt->branch, error) ||
      !database_run(ledger->db, error,
                    "INSERT INTO receipt (receipt, at_ms, actor, record, branch, through, identifiers, events) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    "titiiibb", receipt->receipt, receipt->at_ms, by, (gint64)receipt->record, (gint64)receipt->branch,
                    (gint64)receipt->through, text_of_numbers(receipt->identifiers), text_of_numbers(receipt->rows)))
    return NULL;
  return g_steal_pointer(&receipt);
}

gboolean ledger_end(Ledger *ledger, const Receipt *receipt, GError **error) {
  return database_run(ledger->db, error, "UPDATE receipt SET erased = ?, backups = ? WHERE receipt = ?", "itt",
                      (gint64)receipt->events, receipt->backups, receipt->receipt);
}

static GArray *column_numbers(sqlite3_stmt *statement, int column) {
  return numbers_of(sqlite3_column_blob(statement, column), (gsize)sqlite3_column_bytes(statement, column) / sizeof(guint64));
}

GPtrArray *ledger_receipts(Ledger *ledger, GError **error) {
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)receipt_free);
  g_autoptr(sqlite3_stmt) statement =
      database_query(ledger->db, error,
                     "SELECT receipt, at_ms, actor, record, branch, through, identifiers, events, erased, backups FROM receipt "
                     "ORDER BY at_ms, receipt",
                     "");
  for (gboolean row = statement != NULL; row;) {
    if (!database_step(statement, &row, error))
      return NULL;
    if (!row)
      return g_steal_pointer(&all);
    Receipt *receipt = g_new0(Receipt, 1);
    *receipt = (Receipt){.receipt = database_column_text(statement, 0),
                         .at_ms = sqlite3_column_int64(statement, 1),
                         .by = database_column_text(statement, 2),
                         .record = (guint64)sqlite3_column_int64(statement, 3),
                         .branch = (guint64)sqlite3_column_int64(statement, 4),
                         .through = (guint64)sqlite3_column_int64(statement, 5),
                         .identifiers = column_numbers(statement, 6),
                         .rows = column_numbers(statement, 7),
                         .events = (guint64)sqlite3_column_int64(statement, 8),
                         .backups = database_column_text(statement, 9)};
    g_ptr_array_add(all, receipt);
  }
  return NULL;
}

gboolean ledger_add_backup(Ledger *ledger, const char *file, GError **error) {
  return database_run(ledger->db, error, "INSERT OR REPLACE INTO backup (file, at_ms) VALUES (?, ?)", "ti", file, clock_now_ms());
}

GPtrArray *ledger_backups(Ledger *ledger, GError **error) {
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(sqlite3_stmt) statement = database_query(ledger->db, error, "SELECT file FROM backup ORDER BY file", "");
  for (gboolean row = statement != NULL; row;) {
    if (!database_step(statement, &row, error))
      return NULL;
    if (!row)
      return g_steal_pointer(&all);
    g_ptr_array_add(all, database_column_text(statement, 0));
  }
  return NULL;
}
