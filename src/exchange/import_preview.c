// SPDX-License-Identifier: Apache-2.0
#include "exchange/import_preview.h"

#include "base/error.h"
#include "base/json_in.h"
#include "exchange/import_guess.h"
#include "exchange/row_in.h"
#include <string.h>

enum { ROWS_LOOKED_AT = 200, SAMPLES = 5, SAMPLE_SIZE_MAX = 120, COLUMNS_SHOWN = 512, OBJECT_SIZE_MAX = 1 << 20 };

typedef struct {
  char *name;
  GPtrArray *samples; /* of char*: different values, ends with NULL once complete */
} Column;

static void column_free(gpointer data) {
  Column *column = data;
  g_free(column->name);
  g_ptr_array_unref(column->samples);
  g_free(column);
}

static Column *add_column(GPtrArray *columns, char *take_name) {
  Column *column = g_new(Column, 1);
  *column = (Column){take_name, g_ptr_array_new_with_free_func(g_free)};
  g_ptr_array_add(columns, column);
  return column;
}

static void add_sample(Column *column, const char *at, gsize size) {
  if (size == 0 || column->samples->len == SAMPLES)
    return;
  g_autofree char *text = g_utf8_make_valid(at, (gssize)MIN(size, SAMPLE_SIZE_MAX));
  for (guint i = 0; i < column->samples->len; i++)
    if (strcmp(column->samples->pdata[i], text) == 0)
      return;
  g_ptr_array_add(column->samples, g_steal_pointer(&text));
}

/* --- rows of cells ---------------------------------------------------------------------------------------------- */

static void look_at_cells(const RowIn *in, const RowBlock *block, GPtrArray *columns) {
  guint n = row_in_columns(in);
  for (guint i = 0; i < MIN(n, COLUMNS_SHOWN); i++)
    add_column(columns, g_strdup(row_in_column(in, i)));
  for (guint r = 0; r < MIN(block->n, ROWS_LOOKED_AT); r++) {
    const Cell *cells = row_block_cells(block, r, n);
    for (guint i = 0; i < columns->len && !block->rows[r].refused; i++)
      add_sample(columns->pdata[i], cells[i].text.at, cells[i].text.size);
  }
}

/* --- objects ------------------------------------------------------------------------------------------------------ */

static Column *column_of_key(GPtrArray *columns, Text key) {
  for (guint i = 0; i < columns->len; i++)
    if (text_is(key, ((Column *)columns->pdata[i])->name))
      return columns->pdata[i];
  return columns->len < COLUMNS_SHOWN ? add_column(columns, text_dup(key)) : NULL;
}

static void add_value(Column *column, JsonValue value) {
  g_autoptr(GString) text = g_string_new(NULL);
  if (json_in_kind(value) == JSON_NULL)
    return;
  if (json_in_kind(value) == JSON_STRING) {
    Text string = json_in_string(value);
    g_string_append_len(text, string.at, string.size);
  } else {
    json_in_minify(value, text);
  }
  add_sample(column, text->str, text->len);
}

static void look_at_objects(const RowBlock *block, GPtrArray *columns) {
  g_autoptr(JsonIn) json = json_in_new(OBJECT_SIZE_MAX);
  for (guint r = 0; r < MIN(block->n, ROWS_LOOKED_AT); r++) {
    JsonValue root, value;
    JsonIter iter;
    Text key, raw = block->rows[r].raw;
    if (block->rows[r].refused || !json_in_parse(json, raw.at, raw.size, FALSE, &root, NULL) || json_in_kind(root) != JSON_OBJECT)
      continue;
    json_in_walk(&iter, root);
    while (json_in_next(&iter, &key, &value)) {
      Column *column = column_of_key(columns, key);
      if (column)
        add_value(column, value);
    }
  }
}

/* --- told --------------------------------------------------------------------------------------------------------- */

static const char *format_name(FileKind kind) {
  static const char *const names[] = {
      [FILE_CSV] = "CSV", [FILE_JSON_LINES] = "NDJSON", [FILE_JSON] = "JSON", [FILE_PARQUET] = "Parquet"};
  return names[kind];
}

static void write_column(const Column *column, const char *field, JsonOut *out) {
  json_object(out);
  json_kv_string(out, "name", column->name);
  json_key(out, "samples");
  json_array(out);
  for (guint i = 0; column->samples->pdata[i]; i++)
    json_string(out, column->samples->pdata[i]);
  json_array_end(out);
  json_kv_string(out, "field", field);
  json_object_end(out);
}

static void write_columns(GPtrArray *columns, JsonOut *out) {
  g_autofree GuessColumn *guessed = g_new(GuessColumn, columns->len + 1);
  g_autofree const char **fields = g_new0(const char *, columns->len + 1);
  for (guint i = 0; i < columns->len; i++) {
    Column *column = columns->pdata[i];
    g_ptr_array_add(column->samples, NULL);
    guessed[i] = (GuessColumn){column->name, (const char *const *)column->samples->pdata};
  }
  import_guess(guessed, columns->len, fields);
  json_key(out, "columns");
  json_array(out);
  for (guint i = 0; i < columns->len; i++)
    write_column(columns->pdata[i], fields[i], out);
  json_array_end(out);
}

static void write_preview(const RowIn *in, GPtrArray *columns, JsonOut *out) {
  char separator[2] = {row_in_separator(in), '\0'};
  json_kv_string(out, "format", format_name(row_in_kind(in)));
  json_kv_string(out, "encoding", row_in_kind(in) == FILE_PARQUET ? NULL : row_in_encoding(in));
  json_kv_string(out, "separator", *separator ? separator : NULL);
  write_columns(columns, out);
}

/* The columns of a Parquet file stand at its end. */
static gboolean is_part_of_parquet(const char *path) {
  g_autofree char *text = NULL;
  gsize size;
  return g_file_get_contents(path, &text, &size, NULL) && size > 8 && memcmp(text, "PAR1", 4) == 0 &&
         memcmp(text + size - 4, "PAR1", 4) != 0;
}

gboolean import_preview(const char *path, const char *label, gboolean cut, JsonOut *out, GError **error) {
  if (cut && is_part_of_parquet(path))
    return error_set(error, ERROR_INVALID,
                     "%s is a Parquet file too large to look into here\nhint: import it with `etappe import`, or save it as CSV",
                     label);
  RowOptions options = {.temp_folder = g_get_tmp_dir()};
  g_autoptr(RowIn) in = row_in_open(path, label, &options, error);
  g_autoptr(RowBlock) block = NULL;
  if (!in || !row_in_next(in, &block, error))
    return FALSE;
  if (block == NULL)
    return error_set(error, ERROR_INVALID, "%s holds no rows", label);
  g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(column_free);
  if (block->cells)
    look_at_cells(in, block, columns);
  else
    look_at_objects(block, columns);
  write_preview(in, columns, out);
  return TRUE;
}
