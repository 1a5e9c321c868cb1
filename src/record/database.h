/* SPDX-License-Identifier: Apache-2.0
 * database.h: SQLite as the record uses it: connections with the right settings, statements with their values
 * bound in one call, and failures in words. A connection is used by one thread at a time. */
#pragma once
#include "base/error.h"
#include "base/text.h"
#include <sqlite3.h>

enum { DATABASE_APPLICATION_ID = 0x45746170 /* "Etap" */, DATABASE_PAGE_SIZE = 8192, DATABASE_BUSY_MS = 5000 };

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sqlite3, sqlite3_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sqlite3_stmt, sqlite3_finalize)

/* For the one writer. The file must exist (it may be empty). */
sqlite3 *database_open_write(const char *path, GError **error);
/* For a reader, which never checkpoints. Also where nothing beside the file can be written: *frozen is then TRUE,
 * and the connection sees no change made after it was opened. */
sqlite3 *database_open_read(const char *path, gboolean *frozen, GError **error);

/* What SQLite's code means, with the file's name; returns FALSE. */
gboolean database_fail(sqlite3 *db, int code, const char *doing, GError **error);

/* Values are bound by letters: i gint64, t const char * (NULL is NULL), b Text, n NULL. */
sqlite3_stmt *database_query(sqlite3 *db, GError **error, const char *sql, const char *letters, ...);
gboolean database_step(sqlite3_stmt *statement, gboolean *row, GError **error);
/* Runs a statement that gives no rows (of which any are passed over). */
gboolean database_run(sqlite3 *db, GError **error, const char *sql, const char *letters, ...);
/* The same, with the prepared statement kept in *kept for the next time; finalize it before closing. */
gboolean database_run_kept(sqlite3 *db, sqlite3_stmt **kept, GError **error, const char *sql, const char *letters, ...);
/* The first column of the first row; `otherwise` when there is none or it is NULL. */
gboolean database_int(sqlite3 *db, gint64 *value, gint64 otherwise, GError **error, const char *sql, const char *letters, ...);

#define DATABASE_BEGIN "BEGIN IMMEDIATE" /* to write */
gboolean database_begin(sqlite3 *db, GError **error);
gboolean database_commit(sqlite3 *db, GError **error); /* what fails is rolled back */
void database_roll_back(sqlite3 *db);

char *database_column_text(sqlite3_stmt *statement, int column); /* NULL is NULL; caller frees */
