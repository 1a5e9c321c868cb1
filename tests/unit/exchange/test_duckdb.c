// SPDX-License-Identifier: Apache-2.0
#include "exchange/duckdb.h"

#include "base/error.h"

#include <glib/gstdio.h>

static Duck *open_duck(void) {
  g_autoptr(GError) error = NULL;
  Duck *duck = duck_open(&(DuckOptions){.threads = 1}, &error);
  g_assert_no_error(error);
  return duck;
}

static void rows_come_in_order_and_end(void) {
  g_autoptr(Duck) duck = open_duck();
  g_autoptr(GError) error = NULL;
  g_autoptr(DuckRows) rows = duck_query(duck, "SELECT i, 'row ' || i AS name FROM range(5000) t(i)", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(duck_rows_columns(rows), ==, 2);
  g_assert_cmpstr(duck_rows_name(rows, 1), ==, "name");
  gint64 seen = 0;
  for (;;) {
    g_autoptr(DuckChunk) chunk = NULL;
    g_assert_true(duck_rows_next(rows, &chunk, &error));
    if (!chunk)
      break;
    DuckColumn number = duck_chunk_column(chunk, 0), name = duck_chunk_column(chunk, 1);
    for (guint i = 0; i < duck_chunk_size(chunk); i++, seen++) {
      g_autofree char *expected = g_strdup_printf("row %" G_GINT64_FORMAT, seen);
      g_assert_cmpint(duck_int(&number, i), ==, seen);
      g_assert_true(text_is(duck_text(&name, i), expected));
    }
  }
  g_assert_cmpint(seen, ==, 5000);
}

static void texts_are_quoted(void) {
  g_autoptr(Duck) duck = open_duck();
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) sql = g_string_new("SELECT ");
  duck_quote(sql, "O'Hara; DROP TABLE x --");
  g_string_append(sql, ", NULL::VARCHAR");
  g_autoptr(GPtrArray) table = duck_table(duck, sql->str, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(table->len, ==, 1);
  char **row = table->pdata[0];
  g_assert_cmpstr(row[0], ==, "O'Hara; DROP TABLE x --");
  g_assert_cmpstr(row[1], ==, "");
}

static void a_wrong_query_is_an_error_and_the_next_one_works(void) {
  g_autoptr(Duck) duck = open_duck();
  g_autoptr(GError) error = NULL;
  g_assert_false(duck_run(duck, "SELEC 1", &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  g_clear_error(&error);
  g_assert_false(duck_run(duck, "SELECT CAST(i || 'x' AS INTEGER) FROM range(9000) t(i)", &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  g_clear_error(&error);
  g_assert_true(duck_run(duck, "SELECT 1", &error));
}

static void a_path_with_glob_characters_is_one_file(void) {
  g_autoptr(Duck) duck = open_duck();
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("etappe-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "it's [1]*?.csv", NULL);
  g_assert_true(g_file_set_contents(path, "a\n1\n", -1, NULL));
  g_autoptr(GString) sql = g_string_new("SELECT a::VARCHAR FROM read_csv(");
  duck_path(sql, path);
  g_string_append(sql, ")");
  g_autoptr(GPtrArray) table = duck_table(duck, sql->str, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(table->len, ==, 1);
  g_remove(path);
  g_rmdir(folder);
}

static void nothing_is_fetched_from_elsewhere(void) {
  g_autoptr(Duck) duck = open_duck();
  g_autoptr(GError) error = NULL;
  g_assert_false(duck_run(duck, "SELECT * FROM read_csv('https://127.0.0.1:1/a.csv')", &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
}

static void tables_of_ours_are_read_as_they_were_filled(void) {
  g_autoptr(Duck) duck = open_duck();
  g_autoptr(GError) error = NULL;
  g_assert_true(duck_prove_tables(duck, &error));
  g_assert_no_error(error);
  g_autoptr(GPtrArray) rows = duck_table(duck, "SELECT few::VARCHAR, m::VARCHAR FROM etappe_proof() WHERE b", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(rows->len, ==, 1);
  g_assert_cmpstr(((char **)rows->pdata[0])[0], ==, "two");
  g_assert_cmpstr(((char **)rows->pdata[0])[1], ==, "19.900000");
}

static void a_missing_library_is_said(void) {
  g_setenv("ETAPPE_DUCKDB", "/nowhere/libduckdb.so", TRUE);
  g_autoptr(GError) error = NULL;
  g_assert_null(duck_open(&(DuckOptions){0}, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_NOT_FOUND);
  g_assert_nonnull(strstr(error->message, "/nowhere/libduckdb.so"));
  g_unsetenv("ETAPPE_DUCKDB");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/duckdb/rows come in order and end", rows_come_in_order_and_end);
  g_test_add_func("/duckdb/texts are quoted", texts_are_quoted);
  g_test_add_func("/duckdb/a wrong query is an error and the next one works", a_wrong_query_is_an_error_and_the_next_one_works);
  g_test_add_func("/duckdb/a path with glob characters is one file", a_path_with_glob_characters_is_one_file);
  g_test_add_func("/duckdb/nothing is fetched from elsewhere", nothing_is_fetched_from_elsewhere);
  g_test_add_func("/duckdb/tables of ours are read as they were filled", tables_of_ours_are_read_as_they_were_filled);
  g_test_add_func("/duckdb/a missing library is said", a_missing_library_is_said);
  return g_test_run();
}
