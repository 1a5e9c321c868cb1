// SPDX-License-Identifier: Apache-2.0
// A statement is prepared once to learn its columns and what is wrong with it. A SELECT is then asked again with every
// column cast to text, which DuckDB does for each of its types; what cannot stand in brackets (COPY, EXPLAIN, CREATE) runs
// as it is and answers with texts and counts.
#include "analysis/coverage.h"
#include "base/error.h"
#include "exchange/sql_private.h"
#include "exchange/sql_text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef enum { AS_TEXT, AS_INTEGER, AS_NUMBER, AS_BOOLEAN, AS_JSON } CellAs;

typedef struct {
  char *name;
  int type;
  CellAs as;
} AnswerColumn;

typedef struct {
  GArray *columns; /* of AnswerColumn */
  gboolean select, explain;
} Shape;

static void column_clear(gpointer data) {
  g_free(((AnswerColumn *)data)->name);
}
static void shape_clear(Shape *shape) {
  g_clear_pointer(&shape->columns, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Shape, shape_clear)

static const AnswerColumn *column_at(const Shape *shape, guint i) {
  return &g_array_index(shape->columns, AnswerColumn, i);
}

/* --- what the columns are ---------------------------------------------------------------------- */

static CellAs cell_as(int type) {
  switch (type) {
  case DUCK_BOOLEAN: return AS_BOOLEAN;
  case DUCK_FLOAT:
  case DUCK_DOUBLE:
  case DUCK_DECIMAL: return AS_NUMBER;
  case DUCK_HUGEINT:
  case DUCK_UHUGEINT: return AS_INTEGER;
  case DUCK_LIST:
  case DUCK_STRUCT:
  case DUCK_MAP:
  case DUCK_UNION:
  case DUCK_ARRAY: return AS_JSON;
  default: return type >= DUCK_TINYINT && type <= DUCK_UBIGINT ? AS_INTEGER : AS_TEXT;
  }
}

static gboolean name_taken(const Shape *shape, const char *name) {
  for (guint i = 0; i < shape->columns->len; i++)
    if (strcmp(column_at(shape, i)->name, name) == 0)
      return TRUE;
  return FALSE;
}

/* Two columns of one name would be one key in JSON. */
static char *unique_name(const Shape *shape, const char *name) {
  char *unique = g_strdup(name);
  for (guint n = 2; name_taken(shape, unique); n++) {
    g_free(unique);
    unique = g_strdup_printf("%s_%u", name, n);
  }
  return unique;
}

static void add_column(const DuckApi *api, void *statement, guint i, Shape *shape) {
  AnswerColumn column = {.type = api->prepared_statement_column_type(statement, i)};
  char *name = (char *)(guintptr)api->prepared_statement_column_name(statement, i);
  void *type = api->prepared_statement_column_logical_type(statement, i);
  char *alias = api->logical_type_get_alias(type);
  column.name = unique_name(shape, name ? name : "");
  column.as = g_strcmp0(alias, "JSON") == 0 ? AS_JSON : cell_as(column.type);
  g_array_append_val(shape->columns, column);
  api->free(alias);
  api->free(name);
  api->destroy_logical_type(&type);
}

static gboolean shape_read(Sql *sql, const char *body, Shape *shape, GError **error) {
  const DuckApi *api = duck_api(sql->duck);
  void *statement = NULL;
  gboolean good = api->prepare(duck_connection(sql->duck), body, &statement) == DUCK_SUCCESS;
  if (good) {
    shape->columns = g_array_new(FALSE, FALSE, sizeof(AnswerColumn));
    g_array_set_clear_func(shape->columns, column_clear);
    shape->select = api->prepared_statement_type(statement) == DUCK_STATEMENT_SELECT;
    shape->explain = api->prepared_statement_type(statement) == DUCK_STATEMENT_EXPLAIN;
    for (guint i = 0; i < api->prepared_statement_column_count(statement); i++)
      add_column(api, statement, i, shape);
  } else {
    sql_fail(sql, statement ? api->prepare_error(statement) : NULL, 0, error);
  }
  api->destroy_prepare(&statement);
  return good;
}

/* The SELECT with every column as text; what stands on the user's line 1 stands on line 2 here. */
static char *as_texts(const char *body, const Shape *shape, gboolean json) {
  GString *texts = g_string_new("SELECT ");
  GString *names = g_string_new(NULL);
  for (guint i = 0; i < shape->columns->len; i++) {
    const AnswerColumn *column = column_at(shape, i);
    g_string_append(texts, i ? ", " : "");
    if (json && column->type == DUCK_TIMESTAMP_TZ)
      g_string_append_printf(texts, "strftime(c%u AT TIME ZONE 'UTC', '%%Y-%%m-%%dT%%H:%%M:%%S.%%gZ')", i);
    else
      g_string_append_printf(texts, json && column->as == AS_JSON ? "CAST(to_json(c%u) AS VARCHAR)" : "CAST(c%u AS VARCHAR)", i);
    g_string_append_printf(names, "%sc%u", i ? ", " : "", i);
  }
  g_string_append_printf(texts, " FROM (\n%s\n) AS answer(%s)", body, names->str);
  g_string_free(names, TRUE);
  return g_string_free(texts, FALSE);
}

/* --- writing ----------------------------------------------------------------------------------- */

typedef struct {
  Sql *sql;
  const SqlOutput *output;
  const Shape *shape;
  GPtrArray *keys; /* of char*: "\"name\":", for JSON */
  Table *table;    /* for people */
  GString *text;   /* not yet written */
  guint64 rows;
  gboolean texts; /* every column comes as VARCHAR */
} Answer;

static gboolean flush(Answer *answer, gsize above, GError **error) {
  if (answer->text->len <= above)
    return TRUE;
  gboolean good = answer->output->write(answer->output->user, answer->text->str, answer->text->len, error);
  g_string_truncate(answer->text, 0);
  return good;
}

/* A decimal without the zeros that only its type demands; `places` of them stay. */
static void trim_zeros(GString *cell, guint places) {
  const char *point = strchr(cell->str, '.');
  if (!point || strpbrk(cell->str, "eE"))
    return;
  gsize least = (gsize)(point - cell->str) + (places ? places + 1 : 0);
  while (cell->len > least && (cell->str[cell->len - 1] == '0' || cell->str[cell->len - 1] == '.'))
    g_string_truncate(cell, cell->len - 1);
}

/* One cell as text; FALSE when it is NULL. */
static gboolean read_cell(const Answer *answer, const DuckColumn *column, guint i, guint row, GString *cell) {
  if (duck_is_null(column, row))
    return FALSE;
  int type = answer->texts ? DUCK_VARCHAR : column_at(answer->shape, i)->type;
  g_string_truncate(cell, 0);
  if (type == DUCK_VARCHAR) {
    Text text = duck_text(column, row);
    g_string_append_len(cell, text.at, text.size);
  } else if (type == DUCK_BOOLEAN) {
    g_string_append(cell, ((const guint8 *)column->data)[row] ? "true" : "false");
  } else {
    g_string_append_printf(cell, "%" G_GINT64_FORMAT, duck_int(column, row));
  }
  if (column_at(answer->shape, i)->type == DUCK_DECIMAL)
    trim_zeros(cell, answer->table ? 2 : 0);
  return TRUE;
}

static void table_cell(Answer *answer, CellAs as, const GString *cell) {
  char *end = NULL;
  errno = 0;
  gint64 whole = cell && as == AS_INTEGER ? g_ascii_strtoll(cell->str, &end, 10) : 0;
  if (end && end > cell->str && !*end && errno == 0)
    table_int(answer->table, whole);
  else
    table_text(answer->table, cell ? cell->str : NULL);
}

static void json_cell(GString *out, CellAs as, const GString *cell) {
  gboolean number = as == AS_INTEGER || as == AS_NUMBER;
  if (!cell || (number && !g_ascii_isdigit(cell->str[cell->str[0] == '-']))) { /* NULL, nan, inf */
    g_string_append(out, "null");
  } else if (as != AS_TEXT) {
    g_string_append_len(out, cell->str, (gssize)cell->len);
  } else {
    g_autoptr(JsonOut) json = json_out_new();
    gsize size;
    json_string_n(json, cell->str, cell->len);
    const char *text = json_out_text(json, &size);
    g_string_append_len(out, text, (gssize)size);
  }
}

/* A plan is drawn over several lines; before it stands its name. */
static void plan_cell(Answer *answer, guint i, const GString *cell) {
  g_auto(GStrv) lines = g_strsplit(cell ? cell->str : "", "\n", -1);
  for (guint line = 0; i == 1 && lines[line]; line++)
    table_text(answer->table, lines[line]);
}

static void write_cell(Answer *answer, guint i, const GString *cell) {
  GString *out = answer->text;
  CellAs as = column_at(answer->shape, i)->as;
  if (answer->table && answer->shape->explain) {
    plan_cell(answer, i, cell);
  } else if (answer->table) {
    table_cell(answer, as, cell);
  } else if (answer->keys) {
    g_string_append_printf(out, "%s%s", i ? "," : "", (const char *)answer->keys->pdata[i]);
    json_cell(out, as, cell);
  } else {
    if (i)
      g_string_append_c(out, ',');
    if (cell && (as == AS_TEXT || as == AS_JSON))
      table_csv_text(out, cell->str);
    else if (cell)
      g_string_append_len(out, cell->str, (gssize)cell->len);
  }
}

static gboolean write_chunk(Answer *answer, const DuckChunk *chunk, GError **error) {
  guint n = answer->shape->columns->len;
  g_autofree DuckColumn *columns = g_new(DuckColumn, n + 1);
  g_autoptr(GString) cell = g_string_new(NULL);
  for (guint i = 0; i < n; i++)
    columns[i] = duck_chunk_column(chunk, i);
  for (guint row = 0; row < duck_chunk_size(chunk); row++, answer->rows++) {
    if (answer->table && answer->rows >= SQL_TABLE_ROWS_MAX)
      continue;
    if (answer->keys)
      g_string_append(answer->text, answer->rows ? ",\n{" : "\n{");
    for (guint i = 0; i < n; i++)
      write_cell(answer, i, read_cell(answer, &columns[i], i, row, cell) ? cell : NULL);
    if (!answer->table)
      g_string_append(answer->text, answer->keys ? "}" : "\r\n");
    if (!flush(answer, 1 << 16, error))
      return FALSE;
  }
  return TRUE;
}

static void begin_json(Answer *answer) {
  const Question *question = answer->sql->question;
  g_autofree char *now = clock_text(question->now_ms), *definitions = coverage_definitions(question);
  g_string_append_printf(answer->text, "{\"now\":\"%s\",\"through\":%" G_GUINT64_FORMAT ",\"definitions\":\"%s\",\"columns\":[",
                         now, snapshot_through(question->snapshot), definitions);
  answer->keys = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < answer->shape->columns->len; i++) {
    static const char *const types[] = {"text", "integer", "number", "boolean", "json"};
    const AnswerColumn *column = column_at(answer->shape, i);
    g_autoptr(JsonOut) name = json_out_new();
    json_string(name, column->name);
    g_ptr_array_add(answer->keys, g_strconcat(json_out_text(name, NULL), ":", NULL));
    g_string_append_printf(answer->text, "%s{\"name\":%s,\"type\":\"%s\"}", i ? "," : "", json_out_text(name, NULL),
                           types[column->as]);
  }
  g_string_append(answer->text, "],\"rows\":[");
}

static void begin(Answer *answer) {
  guint n = answer->shape->columns->len;
  if (strcmp(answer->output->format, "json") == 0) {
    begin_json(answer);
  } else if (strcmp(answer->output->format, "table") == 0) {
    answer->table = table_new();
    for (guint i = answer->shape->explain ? 1 : 0; i < n; i++) {
      CellAs as = column_at(answer->shape, i)->as;
      table_column(answer->table, column_at(answer->shape, i)->name,
                   as == AS_INTEGER  ? CELL_INT
                   : as == AS_NUMBER ? CELL_NUMBER
                                     : CELL_TEXT);
    }
  } else {
    for (guint i = 0; i < n; i++) {
      if (i)
        g_string_append_c(answer->text, ',');
      table_csv_text(answer->text, column_at(answer->shape, i)->name);
    }
    g_string_append(answer->text, n ? "\r\n" : "");
  }
}

static gboolean end(Answer *answer, GError **error) {
  if (answer->keys)
    g_string_append(answer->text, "\n]}\n");
  if (answer->table) {
    if (answer->rows > SQL_TABLE_ROWS_MAX)
      table_note(answer->table, "The first %d of %" G_GUINT64_FORMAT " rows; --format csv or json writes all.", SQL_TABLE_ROWS_MAX,
                 answer->rows);
    g_autofree char *text = table_render(answer->table, answer->output->style);
    g_string_append(answer->text, text);
  }
  return flush(answer, 0, error);
}

static gboolean write_rows(Answer *answer, DuckRows *rows, guint lines_before, GError **error) {
  begin(answer);
  for (;;) {
    g_autoptr(DuckChunk) chunk = NULL;
    g_autoptr(GError) failed = NULL;
    if (!duck_rows_next(rows, &chunk, &failed))
      return sql_fail(answer->sql, failed->message, lines_before, error);
    if (!chunk)
      return end(answer, error);
    if (!write_chunk(answer, chunk, error))
      return FALSE;
  }
}

static gboolean readable(const Shape *shape) {
  for (guint i = 0; i < shape->columns->len; i++) {
    int type = column_at(shape, i)->type;
    if (type != DUCK_VARCHAR && type != DUCK_BIGINT && type != DUCK_BOOLEAN)
      return FALSE;
  }
  return TRUE;
}

/* One statement that DuckDB makes into several (PIVOT first asks which columns there are) cannot be prepared; its answer is
 * kept in a table of the session and read from there. Takes and returns the text to ask. */
static char *unfold_take(Sql *sql, char *body, GError **error) {
  const DuckApi *api = duck_api(sql->duck);
  void *statement = NULL;
  gboolean several = api->prepare(duck_connection(sql->duck), body, &statement) != DUCK_SUCCESS && statement &&
                     strstr(api->prepare_error(statement), "multiple statements") && sql_text_is_one(body);
  api->destroy_prepare(&statement);
  if (!several)
    return body;
  g_autofree char *keep = g_strdup_printf("CREATE OR REPLACE TEMP TABLE \"answer of etappe\" AS\n%s", body);
  DuckResult result = {0};
  DuckState state = api->query(duck_connection(sql->duck), keep, &result);
  if (state != DUCK_SUCCESS)
    sql_fail(sql, api->result_error(&result), 1, error);
  api->destroy_result(&result);
  g_free(body);
  return state == DUCK_SUCCESS ? g_strdup("FROM \"answer of etappe\"") : NULL;
}

gboolean sql_answer(Sql *sql, const char *statement, const SqlOutput *output, GError **error) {
  g_auto(Shape) shape = {0};
  g_autofree char *body = sql_text_body(statement);
  if (!*body)
    return error_set(error, ERROR_USAGE, "the statement is empty\nhint: for example: etappe sql 'SELECT count(*) FROM events'");
  body = unfold_take(sql, body, error);
  if (!body || !shape_read(sql, body, &shape, error))
    return FALSE;
  if (!shape.select && !readable(&shape))
    return error_set(error, ERROR_INVALID,
                     "SQL: this statement answers with types that only a SELECT can show\nhint: write it as a SELECT");
  g_autofree char *texts = shape.select ? as_texts(body, &shape, strcmp(output->format, "json") == 0) : g_strdup(body);
  g_autoptr(GError) failed = NULL;
  g_autoptr(DuckRows) rows = duck_query(sql->duck, texts, &failed);
  if (!rows)
    return sql_fail(sql, failed->message, shape.select ? 1 : 0, error);
  Answer answer = {.sql = sql, .output = output, .shape = &shape, .text = g_string_new(NULL), .texts = shape.select};
  gboolean good = write_rows(&answer, rows, shape.select ? 1 : 0, error);
  g_string_free(answer.text, TRUE);
  table_free(answer.table);
  g_clear_pointer(&answer.keys, g_ptr_array_unref);
  return good;
}
