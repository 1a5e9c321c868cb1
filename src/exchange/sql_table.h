/* SPDX-License-Identifier: Apache-2.0
 * sql_table.h: one table of `etappe sql` as data: its columns, where each cell comes from, and how a block of the index
 * becomes rows. sql_scan.c shows such a table to DuckDB; a new table is one file sql_<name>.c and one line in sql.c. */
#pragma once
#include "analysis/derive.h"
#include "analysis/params.h"
#include "analysis/scope.h"
#include "exchange/sql_enum.h"
#include <stddef.h>

typedef enum { SQL_BOOLEAN, SQL_BIGINT, SQL_DOUBLE, SQL_MONEY, SQL_TIME, SQL_TEXT, SQL_JSON, SQL_ENUM } SqlType;

typedef enum {                /* where a cell comes from; all but the first three: from the event at `at` */
               SQL_OF_ROW,    /* the gint64 at `at`: number, ms, millionths, code of the dictionary */
               SQL_OF_PERSON, /* the id, NULL for nobody */
               SQL_OF_TEXT,   /* what `text` says of the row */
               SQL_OF_TIME,
               SQL_OF_VALUE, /* the amount as stated */
               SQL_OF_ARRIVAL,
               SQL_OF_VISIT,
               SQL_OF_FIELD,      /* `field` as conditions write it */
               SQL_OF_SOURCE,     /* the import source */
               SQL_OF_TOUCHPOINT, /* this and the next ones are derived */
               SQL_OF_JOURNEY,
               SQL_OF_STAGE,
               SQL_OF_TAIL,
               SQL_OF_TOUCH,
               SQL_OF_PROPERTIES, /* all of them, as JSON */
               SQL_OF_ORDER,      /* the field of order ids of the goal whose code the row has behind `goal_at` */
} SqlOrigin;

typedef struct SqlBlock SqlBlock;
typedef struct { /* every row of every table begins with this */
  guint32 person, event;
} SqlRow;

typedef struct {
  const char *name;
  SqlType type;
  SqlOrigin from;
  gsize at; /* offset in the row: of a gint64 (SQL_OF_ROW), else of a guint32 event; SQL_NO_EVENT is NULL */
  SqlEnumName dictionary;
  const char *field;
  gsize goal_at;                                          /* SQL_OF_ORDER: offset of a gint64 */
  Text (*text)(const SqlBlock *block, const SqlRow *row); /* SQL_OF_TEXT; empty is NULL */
  gboolean derived;                                       /* the row needs definitions applied to fill it */
  const char *help;                                       /* meaning and unit, one line */
} SqlColumn;

#define SQL_NULL G_MININT64
#define SQL_NO_EVENT G_MAXUINT32

struct SqlBlock { /* a block while its rows are made */
  const Question *question;
  guint number;
  const Block *data;
  const ScopeBlock *scope;
  const Derived *derived; /* NULL when no column asked for needs it */
  gpointer shared;        /* the table's, of the scan */
  gpointer own;           /* the table's, of the worker */
  guint64 wanted;         /* bit i: column i was asked for */
  GArray *rows;           /* to be filled; elements begin with SqlRow */
};

typedef struct {
  const char *name, *text; /* for the documented schema */
} SqlParameter;

typedef struct {
  const char *name, *help;
  const SqlColumn *columns; /* ends with a NULL name */
  gsize row_size;
  gboolean nobody;  /* events of nobody make rows too */
  gboolean derived; /* rows cannot be made without */
  gboolean (*rows)(SqlBlock *block, GError **error);
  /* NULL, or: what the whole scan shares, and what each worker has. */
  gpointer (*shared_new)(const Question *question, const Params *params, guint64 wanted, GError **error);
  void (*shared_free)(gpointer shared);
  gpointer (*own_new)(gpointer shared);
  void (*own_free)(gpointer own);
  const SqlParameter *parameters; /* of text; ends with a NULL name; NULL none */
  gboolean takes_properties;      /* name(properties := ['total']) adds columns */
} SqlTable;

extern const SqlTable sql_events, sql_visits, sql_journeys, sql_conversions, sql_persons, sql_touches;
extern const SqlTable *const sql_tables[]; /* NULL-terminated, in the order of the schema */

static inline gboolean sql_sees(const SqlBlock *block, guint32 event) {
  return !block->scope->visible || bit_at(block->scope->visible, event);
}
