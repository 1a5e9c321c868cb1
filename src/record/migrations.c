/* SPDX-License-Identifier: Apache-2.0
 * migrations.c: SQLite's user_version holds the version; it changes in the transaction of the step. */
#include "record/migrations.h"

#include "record/database.h"

/* Numbers are those of the one sequence; what is unsigned is stored as the signed integer of the same bits. */
static const char version_1[] =
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;"
    "CREATE TABLE name (kind INTEGER, code INTEGER, text BLOB NOT NULL, PRIMARY KEY (kind, code)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE space (code INTEGER PRIMARY KEY, name TEXT NOT NULL, strength INTEGER NOT NULL, plain INTEGER NOT NULL) STRICT;"
    "CREATE TABLE batch (first INTEGER PRIMARY KEY, n INTEGER NOT NULL, import INTEGER NOT NULL, min_time INTEGER NOT NULL,"
    " max_time INTEGER NOT NULL, data BLOB NOT NULL) STRICT;"
    "CREATE TABLE import (id INTEGER PRIMARY KEY AUTOINCREMENT, state INTEGER NOT NULL, started_ms INTEGER NOT NULL,"
    " ended_ms INTEGER NOT NULL DEFAULT 0, first INTEGER NOT NULL DEFAULT 0, last INTEGER NOT NULL DEFAULT 0,"
    " through INTEGER NOT NULL DEFAULT 0, read INTEGER NOT NULL DEFAULT 0, stored INTEGER NOT NULL DEFAULT 0,"
    " repeated INTEGER NOT NULL DEFAULT 0, conflicting INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0,"
    " source TEXT, label TEXT, options TEXT) STRICT;"
    /* every change that is not an event: kind as ChangeKind, subject the import, link, code ... it is about */
    "CREATE TABLE change (number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, subject INTEGER NOT NULL, at_ms INTEGER NOT NULL)"
    " STRICT;"
    "CREATE TABLE link (number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, space_a INTEGER NOT NULL, a INTEGER NOT NULL,"
    " space_b INTEGER NOT NULL, b INTEGER NOT NULL, at_ms INTEGER NOT NULL, undone INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE setting (number INTEGER PRIMARY KEY, name TEXT NOT NULL, value TEXT) STRICT;"
    "CREATE INDEX setting_name ON setting (name, number);"
    /* erased identifiers, so that an old file cannot bring them back */
    "CREATE TABLE tombstone (low INTEGER NOT NULL, high INTEGER NOT NULL, space INTEGER NOT NULL, number INTEGER NOT NULL,"
    " PRIMARY KEY (low, high)) STRICT, WITHOUT ROWID;"
    /* persons masked in every answer */
    "CREATE TABLE hidden (person INTEGER PRIMARY KEY, number INTEGER NOT NULL) STRICT;"
    "CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,"
    " subject TEXT, detail TEXT) STRICT;";

/* Arrival numbers of events that were erased, or lost identifiers of somebody erased (stripped); erasures under way. */
static const char version_2[] =
    "CREATE TABLE erased (number INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, stripped INTEGER NOT NULL,"
    " PRIMARY KEY (number, first)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE erasing (id INTEGER PRIMARY KEY AUTOINCREMENT, done INTEGER NOT NULL, through INTEGER NOT NULL,"
    " identifiers BLOB NOT NULL, events BLOB NOT NULL) STRICT;";

/* What somebody agreed to or refused; the latest row of an identifier and purpose holds. */
static const char version_3[] =
    "CREATE TABLE consent (id INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL, identifier INTEGER NOT NULL,"
    " purpose TEXT NOT NULL, granted INTEGER NOT NULL, at_ms INTEGER NOT NULL, source TEXT, version TEXT, basis TEXT) STRICT;"
    "CREATE INDEX consent_identifier ON consent (identifier);";

/* Which import stated it (0: live), by which change that was taken back (0: not), and whether a refusal masks. */
static const char version_4[] = "ALTER TABLE consent ADD COLUMN import INTEGER NOT NULL DEFAULT 0;"
                                "ALTER TABLE consent ADD COLUMN undone INTEGER NOT NULL DEFAULT 0;"
                                "ALTER TABLE consent ADD COLUMN masks INTEGER NOT NULL DEFAULT 1;"
                                "CREATE INDEX consent_import ON consent (import) WHERE import <> 0;";

static const Migration all[] = {
    {1, version_1},
    {2, version_2},
    {3, version_3},
    {4, version_4},
};

const Migration *migrations_all(guint *n) {
  *n = G_N_ELEMENTS(all);
  return all;
}

gboolean migrations_version(sqlite3 *db, guint *version, GError **error) {
  gint64 value;
  if (!database_int(db, &value, 0, error, "PRAGMA user_version", ""))
    return FALSE;
  *version = (guint)value;
  return TRUE;
}

static gboolean run_all(sqlite3 *db, const char *sql, GError **error) {
  int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
  return code == SQLITE_OK || database_fail(db, code, "bringing up to date", error);
}

static gboolean run_steps(sqlite3 *db, const Migration *steps, guint n, guint from, GError **error) {
  for (guint i = from; i < n; i++) {
    g_autofree char *version = g_strdup_printf("PRAGMA user_version = %u", steps[i].version);
    g_assert(steps[i].version == i + 1);
    if (!run_all(db, steps[i].sql, error) || !run_all(db, version, error))
      return FALSE;
  }
  return TRUE;
}

gboolean migrations_apply(sqlite3 *db, const Migration *steps, guint n, GError **error) {
  guint version;
  if (!migrations_version(db, &version, error))
    return FALSE;
  if (version > n)
    return error_set(error, ERROR_VERSION,
                     "%s is a record of version %u, and this program knows up to %u\nhint: use the newer etappe that wrote it, "
                     "or a backup from before",
                     sqlite3_db_filename(db, "main"), version, n);
  if (version == n)
    return TRUE;
  if (!sqlite3_get_autocommit(db)) /* part of a larger transaction */
    return run_steps(db, steps, n, version, error);
  if (!database_begin(db, error))
    return FALSE;
  if (run_steps(db, steps, n, version, error))
    return database_commit(db, error);
  database_roll_back(db);
  return FALSE;
}
