/* SPDX-License-Identifier: Apache-2.0
 * sql.h: `etappe sql`: DuckDB over the tables of sql_table.h, as a question sees the index. For the command line only:
 * a statement may read and write the files whose paths stand in it. */
#pragma once
#include "analysis/question.h"
#include "analysis/table.h"
#include "base/json_out.h"

typedef struct Sql Sql;

/* `statements` are all that will be run: the quoted texts in them are the files that may be opened. After this no setting
 * can be changed and no other file is reached. The question outlives it. */
Sql *sql_open(const Question *question, const char *const *statements, GError **error);
void sql_free(Sql *sql);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sql, sql_free)

gboolean sql_execute(Sql *sql, const char *statement, GError **error); /* its answer is thrown away */

typedef gboolean (*SqlWrite)(gpointer user, const char *text, gsize size, GError **error);
typedef struct {
  const char *format; /* "table", "json", "csv" */
  const TableStyle *style;
  SqlWrite write; /* is handed the answer piece by piece */
  gpointer user;
} SqlOutput;
enum { SQL_TABLE_ROWS_MAX = 1000 }; /* of the format table; the others write all */
gboolean sql_answer(Sql *sql, const char *statement, const SqlOutput *output, GError **error);

/* Tables and columns with type and meaning, without opening anything. */
void sql_schema_table(Table *table);
void sql_schema_json(JsonOut *out);
