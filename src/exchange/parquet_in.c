// SPDX-License-Identifier: Apache-2.0
#include "exchange/parquet_in.h"

#include "base/error.h"

#include <glib/gstdio.h>

struct ParquetIn {
  char *label;
  Duck *duck;
  DuckRows *rows;
  GPtrArray *columns; /* of char* */
  GArray *kinds;      /* of ValueKind; VALUE_TRUE stands for booleans */
  guint64 n_rows, read, size_bytes;
};

/* --- what each column is, and how it becomes text -------------------------------------------- */

static gboolean is_any(const char *type, const char *const *types) {
  for (; *types; types++)
    if (g_str_has_prefix(type, *types))
      return TRUE;
  return FALSE;
}

static ValueKind kind_of(const char *type) {
  static const char *const nested[] = {"STRUCT", "MAP", "UNION", NULL};
  static const char *const numbers[] = {"TINYINT",  "SMALLINT", "INTEGER",  "BIGINT",  "HUGEINT", "UTINYINT", "USMALLINT",
                                        "UINTEGER", "UBIGINT",  "UHUGEINT", "DECIMAL", "FLOAT",   "DOUBLE",   NULL};
  if (strchr(type, '[') || is_any(type, nested))
    return VALUE_JSON;
  if (g_strcmp0(type, "BOOLEAN") == 0)
    return VALUE_TRUE;
  return is_any(type, numbers) ? VALUE_NUMBER : VALUE_TEXT;
}

static void append_column(GString *sql, const char *name, const char *type) {
  const char *before = "CAST(", *after = " AS VARCHAR)";
  if (kind_of(type) == VALUE_JSON) {
    before = "CAST(to_json(";
    after = ") AS VARCHAR)";
  } else if (g_str_has_prefix(type, "TIMESTAMP WITH")) {
    before = "strftime(";
    after = ", '%Y-%m-%dT%H:%M:%S.%fZ')";
  } else if (g_str_has_prefix(type, "TIMESTAMP")) {
    before = "strftime(CAST(";
    after = " AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%f')";
  }
  g_string_append_printf(sql, "%s\"", before);
  for (; *name; name++)
    g_string_append_len(sql, *name == '"' ? "\"\"" : name, *name == '"' ? 2 : 1);
  g_string_append_printf(sql, "\"%s", after);
}

static void append_file(GString *sql, const char *function, const char *path) {
  g_string_append_printf(sql, " FROM %s(", function);
  duck_path(sql, path);
  g_string_append_c(sql, ')');
}

/* DuckDB's messages go over several lines; the first says what is wrong. */
static gboolean name_file(const ParquetIn *in, GError **error) {
  if (error && *error) {
    char *line = g_strndup((*error)->message, strcspn((*error)->message, "\n"));
    int code = (*error)->code;
    g_clear_error(error);
    error_set(error, (ErrorCode)code, "%s cannot be read as Parquet: %s", in->label, line);
    g_free(line);
  }
  return FALSE;
}

static gboolean describe(ParquetIn *in, const char *path, GString *select, GError **error) {
  g_autoptr(GString) sql = g_string_new("SELECT column_name, column_type FROM (DESCRIBE SELECT *");
  append_file(sql, "read_parquet", path);
  g_string_append_c(sql, ')');
  g_autoptr(GPtrArray) table = duck_table(in->duck, sql->str, error);
  if (!table)
    return FALSE;
  g_string_assign(select, "SELECT ");
  for (guint i = 0; i < table->len; i++) {
    char **row = table->pdata[i];
    ValueKind kind = kind_of(row[1]);
    g_ptr_array_add(in->columns, g_strdup(row[0]));
    g_array_append_val(in->kinds, kind);
    g_string_append(select, i ? ", " : "");
    append_column(select, row[0], row[1]);
  }
  append_file(select, "read_parquet", path);
  return TRUE;
}

static gboolean count_rows(ParquetIn *in, const char *path, GError **error) {
  g_autoptr(GString) sql = g_string_new("SELECT CAST(sum(num_rows) AS VARCHAR)");
  append_file(sql, "parquet_file_metadata", path);
  g_autoptr(GPtrArray) table = duck_table(in->duck, sql->str, error);
  if (!table)
    return FALSE;
  in->n_rows = table->len ? g_ascii_strtoull(((char **)table->pdata[0])[0], NULL, 10) : 0;
  if (in->n_rows == 0)
    return error_set(error, ERROR_INVALID, "%s has columns and no rows", in->label);
  return TRUE;
}

ParquetIn *parquet_in_open(const char *path, const char *label, const char *temp_folder, GError **error) {
  g_autoptr(ParquetIn) in = g_new0(ParquetIn, 1);
  GStatBuf status;
  in->label = g_strdup(label);
  in->size_bytes = g_stat(path, &status) == 0 ? (guint64)status.st_size : 0;
  in->columns = g_ptr_array_new_with_free_func(g_free);
  in->kinds = g_array_new(FALSE, FALSE, sizeof(ValueKind));
  in->duck = duck_open(&(DuckOptions){.threads = 1, .temp_folder = temp_folder}, error);
  if (!in->duck)
    return NULL;
  g_autoptr(GString) select = g_string_new(NULL);
  if (!duck_run(in->duck, "SET TimeZone = 'UTC'", error) || !describe(in, path, select, error)) {
    name_file(in, error);
    return NULL;
  }
  if (!count_rows(in, path, error))
    return NULL;
  in->rows = duck_query(in->duck, select->str, error);
  if (!in->rows) {
    name_file(in, error);
    return NULL;
  }
  return g_steal_pointer(&in);
}

void parquet_in_free(ParquetIn *in) {
  if (!in)
    return;
  duck_rows_free(in->rows);
  duck_free(in->duck);
  g_clear_pointer(&in->columns, g_ptr_array_unref);
  g_clear_pointer(&in->kinds, g_array_unref);
  g_free(in->label);
  g_free(in);
}

guint parquet_in_columns(const ParquetIn *in) {
  return in->columns->len;
}
const char *parquet_in_column(const ParquetIn *in, guint column) {
  return in->columns->pdata[column];
}
guint64 parquet_in_size(const ParquetIn *in) {
  return in->size_bytes;
}

/* --- reading --------------------------------------------------------------------------------- */

static Cell cell_of(ValueKind kind, Text text) {
  if (kind == VALUE_TRUE)
    return (Cell){text, text_is(text, "true") ? VALUE_TRUE : VALUE_FALSE};
  /* nan, inf, -inf: no digit in them */
  if (kind == VALUE_NUMBER && text.size && !g_ascii_isdigit(text.at[text.size - 1]))
    return (Cell){text, VALUE_TEXT};
  return (Cell){text, kind};
}

static void fill_column(RowBlock *block, const DuckColumn *column, guint at, guint n_columns, ValueKind kind) {
  for (guint row = 0; row < block->n; row++) {
    Cell *cell = &block->cells[(gsize)row * n_columns + at];
    *cell = duck_is_null(column, row) ? (Cell){{NULL, 0}, VALUE_NONE} : cell_of(kind, duck_text(column, row));
  }
}

gboolean parquet_in_next(ParquetIn *in, RowBlock **out, GError **error) {
  DuckChunk *chunk;
  *out = NULL;
  if (!duck_rows_next(in->rows, &chunk, error))
    return name_file(in, error);
  if (!chunk)
    return in->read == in->n_rows ||
           error_set(error, ERROR_INVALID, "%s is cut off: %" G_GUINT64_FORMAT " of its %" G_GUINT64_FORMAT " rows are there",
                     in->label, in->read, in->n_rows);
  RowBlock *block = g_new0(RowBlock, 1);
  guint n_columns = in->columns->len;
  block->chunk = chunk;
  block->n = duck_chunk_size(chunk);
  block->rows = g_new0(Row, block->n);
  block->cells = g_new(Cell, (gsize)block->n * n_columns);
  for (guint i = 0; i < block->n; i++)
    block->rows[i].number = ++in->read;
  for (guint i = 0; i < n_columns; i++) {
    DuckColumn column = duck_chunk_column(chunk, i);
    fill_column(block, &column, i, n_columns, g_array_index(in->kinds, ValueKind, i));
  }
  block->offset = (guint64)((double)in->size_bytes * (double)in->read / (double)in->n_rows);
  *out = block;
  return TRUE;
}
