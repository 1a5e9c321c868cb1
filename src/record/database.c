/* SPDX-License-Identifier: Apache-2.0
 * database.c: the writer runs in WAL mode without automatic checkpoints: record.c decides when, for two
 * connections of SQLite 3.40 that checkpoint at once can lose a write. Readers cannot write, so they never do.
 *
 * A reader needs the shared-memory file beside a WAL database. Where it is missing and cannot be made (a folder
 * that only others may write), the file is opened as frozen, which is safe when no log lies beside it. */
#include "record/database.h"

#include "base/file.h"
#include <stdarg.h>
#include <sys/stat.h>


/* --- failures ----------------------------------------------------------------------------------- */

static gboolean fail_io(const char *doing, const char *path, int errno_value, GError **error) {
  g_autofree char *what = g_strdup_printf("%s %s", doing, path);
  if (errno_value)
    return error_set_errno(error, errno_value, what);
  return error_set(error, ERROR_IO, "%s failed", what);
}

gboolean database_fail(sqlite3 *db, int code, const char *doing, GError **error) {
  const char *path = db ? sqlite3_db_filename(db, "main") : NULL;
  if (path == NULL || *path == '\0')
    path = "the record";
  switch (code & 0xff) {
  case SQLITE_FULL:
    return error_set(error, ERROR_FULL, "%s %s: no space left on the device\nhint: free some; what was stored before is unharmed",
                     doing, path);
  case SQLITE_BUSY:
  case SQLITE_LOCKED: return error_set(error, ERROR_BUSY, "%s %s: somebody else is writing\nhint: try again", doing, path);
  case SQLITE_READONLY: return error_set(error, ERROR_IO, "%s %s: it cannot be written here", doing, path);
  case SQLITE_NOTADB: return error_set(error, ERROR_INVALID, "%s is not an Etappe record", path);
  case SQLITE_CORRUPT:
    return error_set(error, ERROR_DAMAGED, "%s %s: %s\nhint: etappe doctor tells what is affected; a backup brings it back", doing,
                     path, db ? sqlite3_errmsg(db) : "damaged");
  case SQLITE_IOERR:
  case SQLITE_CANTOPEN: return fail_io(doing, path, db ? sqlite3_system_errno(db) : 0, error);
  case SQLITE_TOOBIG: return error_set(error, ERROR_LIMIT, "%s %s: a value is too large", doing, path);
  default: return error_set(error, ERROR_IO, "%s %s: %s", doing, path, db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  }
}

/* --- statements --------------------------------------------------------------------------------- */

static int bind_one(sqlite3_stmt *statement, int at, char letter, va_list *values) {
  switch (letter) {
  case 'i': return sqlite3_bind_int64(statement, at, va_arg(*values, gint64));
  case 't': return sqlite3_bind_text(statement, at, va_arg(*values, const char *), -1, SQLITE_TRANSIENT);
  case 'b': {
    Text text = va_arg(*values, Text);
    return sqlite3_bind_blob(statement, at, text.size ? text.at : "", (int)text.size, SQLITE_STATIC);
  }
  default: return sqlite3_bind_null(statement, at);
  }
}

static int bind_all(sqlite3_stmt *statement, const char *letters, va_list *values) {
  int code = SQLITE_OK;
  for (int i = 0; code == SQLITE_OK && letters[i]; i++)
    code = bind_one(statement, i + 1, letters[i], values);
  return code;
}

static sqlite3_stmt *query(sqlite3 *db, GError **error, const char *sql, const char *letters, va_list *values) {
  g_autoptr(sqlite3_stmt) statement = NULL;
  int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
  if (code == SQLITE_OK)
    code = bind_all(statement, letters, values);
  if (code == SQLITE_OK)
    return g_steal_pointer(&statement);
  database_fail(db, code, "reading", error);
  return NULL;
}

sqlite3_stmt *database_query(sqlite3 *db, GError **error, const char *sql, const char *letters, ...) {
  va_list values;
  va_start(values, letters);
  sqlite3_stmt *statement = query(db, error, sql, letters, &values);
  va_end(values);
  return statement;
}

gboolean database_step(sqlite3_stmt *statement, gboolean *row, GError **error) {
  int code = sqlite3_step(statement);
  if (code != SQLITE_ROW && code != SQLITE_DONE) {
    const char *doing = sqlite3_stmt_readonly(statement) ? "reading" : "writing";
    return database_fail(sqlite3_db_handle(statement), sqlite3_extended_errcode(sqlite3_db_handle(statement)), doing, error);
  }
  *row = code == SQLITE_ROW;
  return TRUE;
}

static gboolean run_to_end(sqlite3_stmt *statement, GError **error) {
  gboolean row = TRUE;
  while (row)
    if (!database_step(statement, &row, error))
      return FALSE;
  return TRUE;
}

gboolean database_run(sqlite3 *db, GError **error, const char *sql, const char *letters, ...) {
  va_list values;
  va_start(values, letters);
  g_autoptr(sqlite3_stmt) statement = query(db, error, sql, letters, &values);
  va_end(values);
  return statement && run_to_end(statement, error);
}

gboolean database_run_kept(sqlite3 *db, sqlite3_stmt **kept, GError **error, const char *sql, const char *letters, ...) {
  va_list values;
  va_start(values, letters);
  int code = *kept ? SQLITE_OK : sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, kept, NULL);
  if (code == SQLITE_OK)
    code = bind_all(*kept, letters, &values);
  va_end(values);
  gboolean good = code == SQLITE_OK ? run_to_end(*kept, error) : database_fail(db, code, "writing", error);
  sqlite3_reset(*kept);
  return good;
}

gboolean database_int(sqlite3 *db, gint64 *value, gint64 otherwise, GError **error, const char *sql, const char *letters, ...) {
  va_list values;
  va_start(values, letters);
  g_autoptr(sqlite3_stmt) statement = query(db, error, sql, letters, &values);
  va_end(values);
  gboolean row;
  if (statement == NULL || !database_step(statement, &row, error))
    return FALSE;
  *value = row && sqlite3_column_type(statement, 0) != SQLITE_NULL ? sqlite3_column_int64(statement, 0) : otherwise;
  return TRUE;
}

gboolean database_begin(sqlite3 *db, GError **error) {
  return database_run(db, error, DATABASE_BEGIN, "");
}

void database_roll_back(sqlite3 *db) {
  if (!sqlite3_get_autocommit(db))
    database_run(db, NULL, "ROLLBACK", "");
}

gboolean database_commit(sqlite3 *db, GError **error) {
  if (database_run(db, error, "COMMIT", ""))
    return TRUE;
  database_roll_back(db);
  return FALSE;
}

char *database_column_text(sqlite3_stmt *statement, int column) {
  return g_strdup((const char *)sqlite3_column_text(statement, column));
}

/* --- connections -------------------------------------------------------------------------------- */

static sqlite3 *open_with(const char *path, int flags, GError **error) {
  g_autoptr(sqlite3) db = NULL;
  file_fault_sqlite();
  int code = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
  if (code != SQLITE_OK) {
    fail_io("opening", path, db ? sqlite3_system_errno(db) : 0, error);
    return NULL;
  }
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, DATABASE_BUSY_MS);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  return g_steal_pointer(&db);
}

sqlite3 *database_open_write(const char *path, GError **error) {
  g_autoptr(sqlite3) db = open_with(path, SQLITE_OPEN_READWRITE, error);
  if (db == NULL || !database_run(db, error, "PRAGMA wal_autocheckpoint = 0", "") ||
      !database_run(db, error, "PRAGMA secure_delete = ON", "") || !database_run(db, error, "PRAGMA cache_size = -8192", ""))
    return NULL;
  return g_steal_pointer(&db);
}

/* The first access says whether the file can be read at all. */
static gboolean probe(sqlite3 *db, GError **error) {
  gint64 version;
  return database_int(db, &version, 0, error, "PRAGMA schema_version", "");
}

static sqlite3 *open_frozen(const char *path, GError **error) {
  g_autofree char *wal = g_strconcat(path, "-wal", NULL);
  struct stat facts;
  if (stat(wal, &facts) == 0 && facts.st_size > 0) {
    error_set(error, ERROR_IO,
              "%s was not closed cleanly, and its folder cannot be written to read it all the same\nhint: run etappe doctor once "
              "as a user who may write there",
              path);
    return NULL;
  }
  g_autofree char *absolute = g_canonicalize_filename(path, NULL);
  g_autofree char *escaped = g_uri_escape_string(absolute, "/", FALSE);
  g_autofree char *uri = g_strdup_printf("file://%s?immutable=1", escaped);
  g_autoptr(sqlite3) db = open_with(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
  return db && probe(db, error) ? g_steal_pointer(&db) : NULL;
}

sqlite3 *database_open_read(const char *path, gboolean *frozen, GError **error) {
  g_autoptr(GError) why = NULL;
  g_autoptr(sqlite3) db = open_with(path, SQLITE_OPEN_READONLY, error);
  if (db == NULL)
    return NULL;
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  *frozen = FALSE;
  if (probe(db, &why))
    return g_steal_pointer(&db);
  if ((sqlite3_errcode(db) & 0xff) == SQLITE_CANTOPEN || (sqlite3_errcode(db) & 0xff) == SQLITE_READONLY) {
    *frozen = TRUE;
    return open_frozen(path, error);
  }
  g_propagate_error(error, g_steal_pointer(&why));
  return NULL;
}
