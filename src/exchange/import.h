/* SPDX-License-Identifier: Apache-2.0
 * import.h: files into the record. Each file is one import: all of it becomes visible at its end or nothing
 * does. Rows that cannot be events are refused one by one, the others kept; rows that came before are
 * counted and left out. docs/import.md says what files may look like. */
#pragma once
#include "exchange/import_map.h"
#include "project/project.h"
#include "record/seen.h"

typedef struct {
  ImportMapOptions map;
  const char *source;     /* NULL: "file" */
  const char *label;      /* of the only file, in messages and lists; NULL: its path */
  const char *timezone;   /* of times without one; NULL: the project's */
  const char *encoding;   /* NULL: found out */
  const char *decimal;    /* "comma", "point", NULL: found out for each file */
  char separator;         /* of CSV; 0: found out */
  int input;              /* descriptor that a file named - is read from; 0 is standard input */
  const Project *project; /* its zone, currency, rates and sources; NULL: the record's settings */
} ImportOptions;

typedef struct {
  const char *label;
  guint file, n_files; /* the file'th, from 1 */
  guint64 rows;
  double share;      /* of all files' bytes */
  double seconds;    /* since the beginning */
  double rows_per_s; /* of this file */
  double seconds_left;
} ImportProgress;

typedef struct {
  const char *label;
  guint64 row, line; /* line 0: the file has none */
  const char *reason;
  Text raw; /* the row as it stands there */
} ImportRefusal;

typedef struct {                                     /* each may be NULL; all are called on the thread of import_run() */
  void (*note)(const char *sentence, gpointer user); /* guesses and warnings */
  void (*progress)(const ImportProgress *progress, gpointer user);
  gboolean (*refused)(const ImportRefusal *refusal, gpointer user, GError **error);
  void (*file)(const ImportInfo *info, gpointer user); /* one is done */
  gpointer user;
} ImportHooks;

/* Every file's header is looked at before the first row is stored; a file that then fails in the middle leaves
 * nothing and does not keep the others out: the first such error is reported at the end. `totals` counts what
 * the done files brought, also on failure. About 1 us a row on each of two threads; memory about 100 MiB
 * and 32 bytes a row. */
gboolean import_run(Record *record, Seen *seen, const char *const *files, const ImportOptions *options, const ImportHooks *hooks,
                    ImportInfo *totals, GError **error);
