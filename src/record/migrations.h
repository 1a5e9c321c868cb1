/* SPDX-License-Identifier: Apache-2.0
 * migrations.h: the tables of the record by version. Each step brings the version before it to its own;
 * what has been released is never edited, a change is a new step. */
#pragma once
#include <sqlite3.h>
#include <glib.h>

typedef struct {
  guint version; /* 1, 2, ... without gaps */
  const char *sql;
} Migration;

const Migration *migrations_all(guint *n);

gboolean migrations_version(sqlite3 *db, guint *version, GError **error);
/* Brings the database to the newest version in one transaction (its own, if none is open), or leaves it as it was. One from a later
 * program is ERROR_VERSION. */
gboolean migrations_apply(sqlite3 *db, const Migration *steps, guint n, GError **error);
