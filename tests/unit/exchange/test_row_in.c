// SPDX-License-Identifier: Apache-2.0
#include "exchange/row_in.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <zlib.h>
#include <zstd.h>

static char *folder;

static char *written(const char *name, const void *data, gsize size) {
  char *path = g_build_filename(folder, name, NULL);
  g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
  return path;
}

/* Rows as "number:line a|b;", refused ones as "number:line !why;", JSON as its text. */
static char *rows_of(const char *path, GError **error) {
  g_autoptr(RowIn) in = row_in_open(path, path, &(RowOptions){0}, error);
  g_autoptr(GString) out = g_string_new(NULL);
  guint n_columns = in ? row_in_columns(in) : 0;
  while (in) {
    g_autoptr(RowBlock) block = NULL;
    if (!row_in_next(in, &block, error))
      return NULL;
    if (!block)
      return g_string_free(g_steal_pointer(&out), FALSE);
    for (guint i = 0; i < block->n; i++) {
      const Row *row = &block->rows[i];
      g_string_append_printf(out, "%d:%d ", (int)row->number, (int)row->line);
      if (row->refused)
        g_string_append_printf(out, "!%s", row->refused);
      else if (!n_columns)
        g_string_append_len(out, row->raw.at, row->raw.size);
      for (guint j = 0; !row->refused && j < n_columns; j++) {
        Text text = row_block_cells(block, i, n_columns)[j].text;
        g_string_append_printf(out, "%s%.*s", j ? "|" : "", (int)text.size, text.at);
      }
      g_string_append_c(out, ';');
    }
  }
  return NULL;
}

static void assert_rows(const char *name, const void *data, gsize size, const char *expected) {
  g_autoptr(GError) error = NULL;
  g_autofree char *path = written(name, data, size), *got = rows_of(path, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(got, ==, expected);
}

static void assert_refused(const char *name, const void *data, gsize size, const char *words) {
  g_autoptr(GError) error = NULL;
  g_autofree char *path = written(name, data, size), *got = rows_of(path, &error);
  g_assert_null(got);
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  if (!strstr(error->message, words))
    g_error("\"%s\" does not say \"%s\"", error->message, words);
}

static void assert_text(const char *text, const char *expected) {
  assert_rows("t", text, strlen(text), expected);
}

static void rows_are_numbered_with_their_lines(void) {
  assert_text("a,b\n1,2\n\n\"x\ny\",3\n4\n5,6,7\n,\n8,9,\n", "1:2 1|2;2:4 x\ny|3;3:6 !it has 1 cell, the header 2;"
                                                             "4:7 !it has 3 cells, the header 2;5:8 !it is empty;6:9 8|9;");
  assert_text("a,b\n1,\"2\n3,4\n", "1:2 !a quote is opened and never closed;2:3 3|4;");
  assert_text("a,b\r1,2\r3,4\r", "1:2 1|2;2:3 3|4;");
}

static void faulty_utf8_and_zeros_cost_their_row(void) {
  assert_text("a,b\nä,2\n\xff,4\n5,6\n", "1:2 ä|2;2:3 !it is not valid UTF-8 (or another encoding: see --encoding);3:4 5|6;");
  g_autoptr(GString) data = g_string_new("a,b\n");
  while (data->len < 70000)
    g_string_append(data, "1,2\n");
  gsize before = data->len;
  g_string_append_len(data, "3,\0\n", 4);
  g_autoptr(GError) error = NULL;
  g_autofree char *path = written("nul.csv", data->str, data->len), *got = rows_of(path, &error);
  g_assert_no_error(error);
  g_autofree char *end = g_strdup_printf("%d:%d !it holds a NUL character;", (int)(before / 4), (int)(before / 4 + 1));
  g_assert_true(g_str_has_suffix(got, end));
}

static void a_huge_cell_costs_its_row(void) {
  for (int quoted = 0; quoted < 2; quoted++) {
    g_autoptr(GString) data = g_string_new("a,b\n1,2\n3,");
    g_string_append(data, quoted ? "\"" : "");
    for (int i = 0; i < 100000; i++)
      g_string_append_printf(data, "%099d%c", i, quoted ? '\n' : ' ');
    g_string_append(data, quoted ? "\"\n5,6\n" : "\n5,6\n");
    assert_rows("huge.csv", data->str, data->len,
                quoted ? "1:2 1|2;2:3 !its b has 10000000 bytes; at most 1048576 are taken;3:100004 5|6;"
                       : "1:2 1|2;2:3 !its b has 10000000 bytes; at most 1048576 are taken;3:4 5|6;");
  }
}

static void a_line_beyond_all_bounds_costs_its_row(void) {
  g_autoptr(GString) data = g_string_new("a,b\n1,2\n3,");
  g_string_set_size(data, (40 << 20) + 10);
  memset(data->str + 10, 'x', 40 << 20);
  g_string_append(data, "\n5,6\n");
  assert_rows("endless.csv", data->str, data->len, "1:2 1|2;2:3 !it has more than 33554432 bytes;3:4 5|6;");
}

/* Every row after the one with the open quote must come, however far the text goes on. */
static void an_open_quote_in_a_long_file_costs_one_row(void) {
  g_autoptr(GString) data = g_string_new("a,b\n1,2\n3,\"4\n");
  guint rows = 2;
  while (data->len < (gsize)70 << 20) {
    g_string_append(data, "a cell of some length,and one more of some length\n");
    rows++;
  }
  g_autoptr(GError) error = NULL;
  g_autofree char *path = written("open.csv", data->str, data->len);
  g_autoptr(RowIn) in = row_in_open(path, path, &(RowOptions){0}, &error);
  guint refused = 0, good = 0;
  for (;;) {
    g_autoptr(RowBlock) block = NULL;
    g_assert_true(row_in_next(in, &block, &error));
    if (!block)
      break;
    for (guint i = 0; i < block->n; i++) {
      refused += block->rows[i].refused != NULL;
      good += block->rows[i].refused == NULL;
      g_assert_cmpuint(block->rows[i].number, ==, refused + good);
      g_assert_cmpuint(block->rows[i].line, ==, refused + good + 1);
    }
  }
  g_assert_cmpuint(refused, ==, 1);
  g_assert_cmpuint(good, ==, rows - 1);
  g_remove(path);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void json_lines(void) {
  assert_text("{\"a\":1}\n\n  {\"a\":2} \r\nnonsense\n{\"a\":3}", "1:1 {\"a\":1};2:3 {\"a\":2};3:4 nonsense;4:5 {\"a\":3};");
}

static void json_lists_and_objects_over_lines(void) {
  assert_text(" [ {\"a\": \"]}\\\"\"},\n {\"a\":\n [1,{}]} ]\n", "1:1 {\"a\": \"]}\\\"\"};2:2 {\"a\":\n [1,{}]};");
  assert_text("{\n \"a\":1\n}\n{\n \"a\":2\n}\n", "1:1 {\n \"a\":1\n};2:4 {\n \"a\":2\n};");
  assert_refused("l", "[{\"a\":1},{\"a\":2}", 16, "cut off");
  assert_refused("l", "[{\"a\":1},{\"a\":2", 15, "cut off");
  assert_refused("l", "[{\"a\":1},\n7]", 12, "line 2");
}

/* --- packed files ---------------------------------------------------------------------------- */

static GByteArray *gzipped(const char *text) {
  GByteArray *out = g_byte_array_new();
  g_byte_array_set_size(out, (guint)strlen(text) + 1000);
  z_stream z = {.next_in = (Bytef *)text, .avail_in = (uInt)strlen(text), .next_out = out->data, .avail_out = out->len};
  deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  g_assert_cmpint(deflate(&z, Z_FINISH), ==, Z_STREAM_END);
  g_byte_array_set_size(out, (guint)z.total_out);
  deflateEnd(&z);
  return out;
}

static GByteArray *zstd_packed(const char *text) {
  GByteArray *out = g_byte_array_new();
  g_byte_array_set_size(out, (guint)ZSTD_compressBound(strlen(text)));
  ZSTD_CCtx *context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  gsize size = ZSTD_compress2(context, out->data, out->len, text, strlen(text));
  g_assert_false(ZSTD_isError(size));
  ZSTD_freeCCtx(context);
  g_byte_array_set_size(out, (guint)size);
  return out;
}

static char *many_rows(guint n) {
  GString *text = g_string_new("a,b\n");
  for (guint i = 0; i < n; i++)
    g_string_append_printf(text, "%u,%u\n", i, i * 7919 % 100003);
  return g_string_free(text, FALSE);
}

static void packed_files_are_read_whole(GByteArray *(*pack)(const char *)) {
  g_autoptr(GByteArray) packed = pack("a,b\n1,2\n"), more = pack("3,4\n");
  assert_rows("p", packed->data, packed->len, "1:2 1|2;");
  g_byte_array_append(packed, more->data, more->len);
  assert_rows("p", packed->data, packed->len, "1:2 1|2;2:3 3|4;");
}

/* Cut at every tenth of its size, and in its last bytes, which only hold the checksum. */
static void cut_files_are_refused(GByteArray *(*pack)(const char *)) {
  g_autofree char *text = many_rows(50000);
  g_autoptr(GByteArray) packed = pack(text);
  for (guint tenth = 1; tenth < 10; tenth++)
    assert_refused("p", packed->data, packed->len * tenth / 10, "cut off");
  for (guint bytes = 1; bytes <= 4; bytes++)
    assert_refused("p", packed->data, packed->len - bytes, "cut off");
}

static void changed_bytes_are_noticed(GByteArray *(*pack)(const char *)) {
  g_autofree char *text = many_rows(50000);
  g_autoptr(GByteArray) packed = pack(text);
  for (guint tenth = 2; tenth < 10; tenth++) {
    g_autoptr(GByteArray) other = g_byte_array_new();
    g_byte_array_append(other, packed->data, packed->len);
    other->data[packed->len * tenth / 10] ^= 0x55;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = written("p", other->data, other->len), *got = rows_of(path, &error);
    g_assert_null(got);
    g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  }
}

static void gzip(void) {
  packed_files_are_read_whole(gzipped);
  cut_files_are_refused(gzipped);
  changed_bytes_are_noticed(gzipped);
}

static void zstd(void) {
  packed_files_are_read_whole(zstd_packed);
  cut_files_are_refused(zstd_packed);
  changed_bytes_are_noticed(zstd_packed);
}

/* --- Parquet --------------------------------------------------------------------------------- */

static char *parquet(const char *select) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Duck) duck = duck_open(&(DuckOptions){0}, &error);
  g_assert_no_error(error);
  char *path = g_build_filename(folder, "x.parquet", NULL);
  g_autofree char *sql = g_strdup_printf("SET TimeZone = 'Europe/Berlin'; COPY (%s) TO '%s' (FORMAT parquet)", select, path);
  char **parts = g_strsplit(sql, "; ", 2);
  g_assert_true(duck_run(duck, parts[0], &error));
  g_assert_true(duck_run(duck, parts[1], &error));
  g_strfreev(parts);
  return path;
}

static void parquet_columns_become_text(void) {
  g_autofree char *path = parquet(
      "SELECT 'u1' AS \"user \"\"x\"\" id\", TIMESTAMPTZ '2025-07-01 12:00:00+02' AS t, TIMESTAMP '2025-07-01 12:00:00.25' AS n, "
      "DATE '2025-07-01' AS d, 12.50::DECIMAL(9,2) AS m, 0.1::DOUBLE AS f, true AS b, {'k': [1, 2]} AS s, NULL::INTEGER AS z");
  g_autoptr(GError) error = NULL;
  g_autofree char *got = rows_of(path, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(got, ==,
                  "1:0 u1|2025-07-01T10:00:00.000000Z|2025-07-01T12:00:00.250000|2025-07-01|12.50|0.1|true|{\"k\":[1,2]}|;");
  g_autoptr(RowIn) in = row_in_open(path, path, &(RowOptions){0}, &error);
  g_assert_cmpstr(row_in_column(in, 0), ==, "user \"x\" id");
  g_autoptr(RowBlock) block = NULL;
  g_assert_true(row_in_next(in, &block, &error));
  static const ValueKind kinds[] = {VALUE_TEXT,   VALUE_TEXT, VALUE_TEXT, VALUE_TEXT, VALUE_NUMBER,
                                    VALUE_NUMBER, VALUE_TRUE, VALUE_JSON, VALUE_NONE};
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    g_assert_cmpint(block->cells[i].kind, ==, kinds[i]);
}

static void numbers_that_are_none_are_text(void) {
  g_autofree char *path = parquet("SELECT 'NaN'::DOUBLE AS a, '-inf'::FLOAT AS b");
  g_autoptr(GError) error = NULL;
  g_autoptr(RowIn) in = row_in_open(path, path, &(RowOptions){0}, &error);
  g_autoptr(RowBlock) block = NULL;
  g_assert_true(row_in_next(in, &block, &error));
  g_assert_cmpint(block->cells[0].kind, ==, VALUE_TEXT);
  g_assert_cmpint(block->cells[1].kind, ==, VALUE_TEXT);
}

static void damaged_parquet_is_refused(void) {
  g_autofree char *path = parquet("SELECT i AS a FROM range(1000) t(i)"), *data = NULL;
  gsize size;
  g_assert_true(g_file_get_contents(path, &data, &size, NULL));
  assert_refused("cut.parquet", data, size / 2, "Parquet");
  assert_refused("no.parquet", "a,b\n1,2\n", 8, "no Parquet");
}

/* --- what is no table ------------------------------------------------------------------------ */

static void what_holds_no_rows_is_refused(void) {
  assert_refused("e", "", 0, "is empty");
  assert_refused("e", " \n\n", 3, "blank lines");
  assert_refused("e", "a,b\n\n", 5, "header and no rows");
  assert_refused("e", "PK\3\4abcdefgh", 12, "Excel");
  assert_refused("e",
                 "\x7f"
                 "ELF\2\1\1\0\0\0\0\0\0",
                 13, "binary");
  g_autoptr(GError) error = NULL;
  g_assert_null(row_in_open(folder, "x", &(RowOptions){0}, &error));
  g_assert_nonnull(strstr(error->message, "folder"));
  g_clear_error(&error);
  g_assert_null(row_in_open("/nowhere/x.csv", "/nowhere/x.csv", &(RowOptions){0}, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_NOT_FOUND);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  folder = g_dir_make_tmp("etappe-rows-XXXXXX", NULL);
  g_test_add_func("/row_in/rows are numbered with their lines", rows_are_numbered_with_their_lines);
  g_test_add_func("/row_in/faulty UTF-8 and zeros cost their row", faulty_utf8_and_zeros_cost_their_row);
  g_test_add_func("/row_in/a huge cell costs its row", a_huge_cell_costs_its_row);
  g_test_add_func("/row_in/a line beyond all bounds costs its row", a_line_beyond_all_bounds_costs_its_row);
  g_test_add_func("/row_in/an open quote in a long file costs one row", an_open_quote_in_a_long_file_costs_one_row);
  g_test_add_func("/row_in/JSON lines", json_lines);
  g_test_add_func("/row_in/JSON lists, and objects over lines", json_lists_and_objects_over_lines);
  g_test_add_func("/row_in/gzip is read whole or refused", gzip);
  g_test_add_func("/row_in/zstd is read whole or refused", zstd);
  g_test_add_func("/row_in/Parquet columns become text", parquet_columns_become_text);
  g_test_add_func("/row_in/numbers that are none are text", numbers_that_are_none_are_text);
  g_test_add_func("/row_in/damaged Parquet is refused", damaged_parquet_is_refused);
  g_test_add_func("/row_in/what holds no rows is refused", what_holds_no_rows_is_refused);
  int status = g_test_run();
  GDir *dir = g_dir_open(folder, 0, NULL);
  for (const char *name; dir && (name = g_dir_read_name(dir));) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_remove(path);
  }
  g_dir_close(dir);
  g_rmdir(folder);
  g_free(folder);
  return status;
}
