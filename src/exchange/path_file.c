// SPDX-License-Identifier: Apache-2.0
#include "exchange/path_file.h"
#include "analysis/path_counter.h"
#include "base/decimal.h"
#include "base/error.h"
#include "exchange/duckdb.h"
#include <string.h>

enum { ABSENT = G_MAXUINT, MICRO = 1000000 };
static const gint64 counted_max = (gint64)1 << 53; /* models calculate in doubles, exact up to here */

typedef struct {
  const char *file;
  guint path, conversions, value, nulls; /* columns, ABSENT when there is none */
  guint64 row;
  gint64 counted, valued; /* so far */
  PathCounter counter;
  GPtrArray *names; /* of every key of every row */
  GArray *codes;    /* of the row at hand */
} Reader;

static guint find_column(DuckRows *rows, const char *name) {
  for (guint i = 0; name && i < duck_rows_columns(rows); i++)
    if (g_ascii_strcasecmp(duck_rows_name(rows, i), name) == 0)
      return i;
  return ABSENT;
}

static gboolean missing_column(const Reader *reader, DuckRows *rows, const char *name, const char *field, GError **error) {
  g_autoptr(GString) known = g_string_new(NULL);
  for (guint i = 0; i < duck_rows_columns(rows); i++)
    g_string_append_printf(known, "%s%s", i ? ", " : "", duck_rows_name(rows, i));
  return error_set(error, ERROR_INVALID, "%s has no column \"%s\"; there are %s\nhint: name the right one with --map %s=COLUMN",
                   reader->file, name, known->str, field);
}

static gboolean find_columns(Reader *reader, DuckRows *rows, const PathColumns *columns, GError **error) {
  const struct {
    const char *field, *given, *usual, *else_usual;
    guint *out;
    gboolean needed;
  } wanted[] = {{"path", columns->path, "path", NULL, &reader->path, TRUE},
                {"conversions", columns->conversions, "conversions", NULL, &reader->conversions, TRUE},
                {"value", columns->value, "value", NULL, &reader->value, FALSE},
                {"nulls", columns->nulls, "nulls", "null", &reader->nulls, FALSE}};
  for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
    const char *name = wanted[i].given ? wanted[i].given : wanted[i].usual;
    *wanted[i].out = find_column(rows, name);
    if (*wanted[i].out == ABSENT && !wanted[i].given)
      *wanted[i].out = find_column(rows, wanted[i].else_usual);
    if (*wanted[i].out == ABSENT && (wanted[i].given || wanted[i].needed))
      return missing_column(reader, rows, name, wanted[i].field, error);
  }
  return TRUE;
}

static gboolean bad_cell(const Reader *reader, const char *field, Text text, const char *expected, GError **error) {
  return error_set(error, ERROR_INVALID, "%s, row %" G_GUINT64_FORMAT ": %s is \"%.*s\"; expected %s", reader->file, reader->row,
                   field, (int)MIN(text.size, 60u), text.at ? text.at : "", expected);
}

/* An amount of at least 0, in millionths; an empty cell is 0. */
static gboolean read_amount(const Reader *reader, const DuckChunk *chunk, guint column, guint row, const char *field,
                            const char *expected, gint64 unit, gint64 *micro, GError **error) {
  char currency[MONEY_CURRENCY_SIZE];
  const char *why;
  *micro = 0;
  if (column == ABSENT)
    return TRUE;
  DuckColumn cells = duck_chunk_column(chunk, column);
  Text text = duck_text(&cells, row);
  if (text.size == 0)
    return TRUE;
  return (money_parse(text, DECIMAL_POINT, micro, currency, &why) && *micro >= 0 && *micro % unit == 0) ||
         bad_cell(reader, field, text, expected, error);
}

static gboolean sum_up(Reader *reader, gint64 conversions, gint64 nulls, gint64 value, GError **error) {
  if (__builtin_add_overflow(reader->counted, conversions + nulls, &reader->counted) || reader->counted > counted_max)
    return error_set(error, ERROR_INVALID, "%s, row %" G_GUINT64_FORMAT ": conversions and nulls sum to more than 2^53",
                     reader->file, reader->row);
  if (__builtin_add_overflow(reader->valued, value, &reader->valued))
    return error_set(error, ERROR_INVALID, "%s, row %" G_GUINT64_FORMAT ": values sum to more than 9,223,372,036,854", reader->file,
                     reader->row);
  return TRUE;
}

static void add_path(Reader *reader, char **keys, const PathCounts *counts) {
  g_array_set_size(reader->codes, 0);
  for (guint i = 0; keys[i]; i++) {
    guint32 code = reader->names->len;
    g_ptr_array_add(reader->names, g_strdup(keys[i]));
    g_array_append_val(reader->codes, code);
  }
  path_counter_add(&reader->counter, (const guint32 *)(gconstpointer)reader->codes->data, reader->codes->len, 0, counts);
}

static gboolean read_row(Reader *reader, const DuckChunk *chunk, guint row, GError **error) {
  static const char count[] = "a whole number of at least 0";
  gint64 conversions, nulls, value;
  DuckColumn cells = duck_chunk_column(chunk, reader->path);
  Text path = duck_text(&cells, row);
  reader->row++;
  g_autofree char *copy = g_strndup(path.at ? path.at : "", path.size);
  g_auto(GStrv) keys = g_strsplit(copy, ">", -1);
  for (guint i = 0; keys[i]; i++)
    if (*g_strstrip(keys[i]) == '\0')
      return bad_cell(reader, "path", path, "keys separated by >, such as  search > email", error);
  if (!keys[0])
    return bad_cell(reader, "path", path, "keys separated by >, such as  search > email", error);
  if (!read_amount(reader, chunk, reader->conversions, row, "conversions", count, MICRO, &conversions, error) ||
      !read_amount(reader, chunk, reader->nulls, row, "nulls", count, MICRO, &nulls, error) ||
      !read_amount(reader, chunk, reader->value, row, "value", "an amount of at least 0, such as 12.50", 1, &value, error))
    return FALSE;
  conversions /= MICRO;
  nulls /= MICRO;
  if (value && !conversions)
    return error_set(error, ERROR_INVALID, "%s, row %" G_GUINT64_FORMAT ": a value without conversions", reader->file, reader->row);
  if (!sum_up(reader, conversions, nulls, value, error))
    return FALSE;
  add_path(reader, keys, &(PathCounts){conversions, nulls, value, value});
  return TRUE;
}

static gboolean read_rows(Reader *reader, DuckRows *rows, GError **error) {
  for (;;) {
    g_autoptr(DuckChunk) chunk = NULL;
    if (!duck_rows_next(rows, &chunk, error))
      return FALSE;
    if (!chunk)
      break;
    for (guint row = 0; row < duck_chunk_size(chunk); row++)
      if (!read_row(reader, chunk, row, error))
        return FALSE;
  }
  return reader->row > 0 || error_set(error, ERROR_INVALID, "%s has a header and no rows", reader->file);
}

/* DuckDB's messages go over several lines; the first says what is wrong. */
static gboolean name_file(const char *file, GError *inner, GError **error) {
  gboolean named = g_str_has_prefix(inner->message, file);
  g_autofree char *line = g_strndup(inner->message, strcspn(inner->message, "\n"));
  if (named)
    g_propagate_error(error, inner);
  else {
    error_set(error, (ErrorCode)inner->code, "%s cannot be read as CSV: %s", file, line);
    g_error_free(inner);
  }
  return FALSE;
}

static AttributionPaths *read_paths(Reader *reader, DuckRows *rows, guint threads, GError **error) {
  PathCounter *counters[] = {&reader->counter};
  AttributionPaths *paths = NULL;
  reader->names = g_ptr_array_new_with_free_func(g_free);
  reader->codes = g_array_new(FALSE, FALSE, sizeof(guint32));
  path_counter_init(&reader->counter, 0, FALSE, FALSE);
  if (read_rows(reader, rows, error)) {
    PathGathering what = {.counters = counters,
                          .n_counters = 1,
                          .names = (const char *const *)reader->names->pdata,
                          .n_names = reader->names->len,
                          .threads = threads};
    paths = path_counter_gather(&what, error);
  }
  path_counter_clear(&reader->counter);
  g_ptr_array_unref(reader->names);
  g_array_unref(reader->codes);
  return paths;
}

AttributionPaths *path_file_read(const char *file, const PathColumns *columns, guint threads, GError **error) {
  GError *inner = NULL;
  if (!g_file_test(file, G_FILE_TEST_IS_REGULAR)) {
    error_set(error, ERROR_NOT_FOUND, "%s is no file", file);
    return NULL;
  }
  g_autoptr(Duck) duck = duck_open(&(DuckOptions){.threads = 1}, error);
  if (!duck)
    return NULL;
  g_autoptr(GString) sql = g_string_new("SELECT * FROM read_csv(");
  duck_path(sql, file);
  g_string_append(sql, ", all_varchar = true, header = true, quote = '\"')");
  Reader reader = {.file = file};
  g_autoptr(DuckRows) rows = duck_query(duck, sql->str, &inner);
  AttributionPaths *paths =
      rows && find_columns(&reader, rows, columns, &inner) ? read_paths(&reader, rows, threads, &inner) : NULL;
  if (!paths)
    name_file(file, inner, error);
  return paths;
}
