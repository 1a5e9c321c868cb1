// SPDX-License-Identifier: Apache-2.0
#include "exchange/csv.h"
#include "exchange/csv_header.h"

#include "base/error.h"

enum { CELLS_MAX = 64 };

/* Cuts the whole text, in steps of at most `step` new bytes each, and writes what came as
 * "a|b|c/" a record, "!fault/" for one that is none. */
static char *cut_all(char separator, const char *text, gsize size, gsize step) {
  CsvDialect dialect = {separator, '\n'};
  g_autoptr(GString) out = g_string_new(NULL);
  g_autofree char *memory = g_malloc(size + 1);
  CsvScratch scratch = {memory, 0, size};
  gsize at = 0, known = MIN(step, size);
  while (at < size) {
    Text cells[CELLS_MAX];
    CsvRecord record;
    gsize taken = csv_next(&dialect, text + at, known - at, known == size, &scratch, cells, CELLS_MAX, &record);
    if (!taken) {
      g_assert_cmpuint(known, <, size);
      known = MIN(known + step, size);
      continue;
    }
    at += taken;
    if (record.fault)
      g_string_append_printf(out, "!%.*s", (int)record.raw.size, record.raw.at);
    for (guint i = 0; !record.fault && i < record.n_cells; i++)
      g_string_append_printf(out, "%s%.*s", i ? "|" : "", (int)cells[i].size, cells[i].at);
    g_string_append_c(out, '/');
  }
  return g_string_free(g_steal_pointer(&out), FALSE);
}

/* However the text arrives, it is cut alike. */
static void assert_cut(const char *text, const char *expected) {
  for (gsize step = 1; step <= strlen(text); step++) {
    g_autofree char *got = cut_all(',', text, strlen(text), step);
    g_assert_cmpstr(got, ==, expected);
  }
}

static void bare_cells(void) {
  assert_cut("a,b,c\n1,,3\n", "a|b|c/1||3/");
  assert_cut("a,b\r\n1,2\r\n", "a|b/1|2/");
  assert_cut("a,b", "a|b/");
  assert_cut("\n\n", "//");
  assert_cut(",", "|/");
  assert_cut("it's 5\" wide,b\n", "it's 5\" wide|b/");
}

static void quoted_cells(void) {
  assert_cut("\"a,b\",c\n", "a,b|c/");
  assert_cut("\"say \"\"hi\"\"\",c\n\"\",\"\"\"\"\n", "say \"hi\"|c/|\"/");
  assert_cut("\"two\nlines\",c\n1,2\n", "two\nlines|c/1|2/");
  assert_cut("\"a\"\r\n\"b\"", "a/b/");
  assert_cut("1,\"a\r\nb\"\r\n2,c\r\n", "1|a\r\nb/2|c/");
}

static void a_quote_never_closed_costs_one_line(void) {
  assert_cut("1,\"open\n2,b\n3,c\n", "!1,\"open/2|b/3|c/");
  assert_cut("1,\"open\n2,b\n3,\"c\"\n4,d\n", "!1,\"open/2|b/3|c/4|d/");
  assert_cut("1,\"a\"x\n2,b\n", "!1,\"a\"x/2|b/");
  assert_cut("1,\"\n", "!1,\"/");
}

static void line_counts_and_faults_are_told(void) {
  CsvDialect dialect = {',', '\n'};
  char memory[64];
  CsvScratch scratch = {memory, 0, sizeof memory};
  Text cells[2];
  CsvRecord record;
  const char *text = "1,\"a\nb\nc\",,x\n";
  g_assert_cmpuint(csv_next(&dialect, text, strlen(text), TRUE, &scratch, cells, 2, &record), ==, strlen(text));
  g_assert_cmpuint(record.lines, ==, 3);
  g_assert_cmpuint(record.n_cells, ==, 4);
  g_assert_true(record.overfull);
  text = "1,2,,\n";
  csv_next(&dialect, text, strlen(text), TRUE, &scratch, cells, 2, &record);
  g_assert_cmpuint(record.n_cells, ==, 4);
  g_assert_false(record.overfull);
  text = "1,\"a\nb";
  csv_next(&dialect, text, strlen(text), TRUE, &scratch, cells, 2, &record);
  g_assert_nonnull(strstr(record.fault, "never closed"));
  g_assert_true(text_is(record.raw, "1,\"a"));
  text = "1,\"a\"b\n";
  csv_next(&dialect, text, strlen(text), TRUE, &scratch, cells, 2, &record);
  g_assert_nonnull(strstr(record.fault, "closing quote"));
}

/* Random bytes of a hostile alphabet: all is consumed, cut alike in one go and bit by bit. */
static void random_text_is_cut_alike_in_any_pieces(void) {
  static const char alphabet[] = "\"\"\",,\n\nab\r";
  for (int round = 0; round < 3000; round++) {
    char text[40];
    gsize size = (gsize)g_test_rand_int_range(1, sizeof text);
    for (gsize i = 0; i < size; i++)
      text[i] = alphabet[g_test_rand_int_range(0, sizeof alphabet - 1)];
    g_autofree char *whole = cut_all(',', text, size, size), *bits = cut_all(',', text, size, 1);
    g_assert_cmpstr(whole, ==, bits);
  }
}

/* --- header ---------------------------------------------------------------------------------- */

static char *header_of(const char *text, const char *const *wanted) {
  g_autoptr(GError) error = NULL;
  CsvHeader header;
  g_assert_true(csv_header_read(&header, text, strlen(text), TRUE, wanted, 0, "x.csv", &error));
  g_assert_no_error(error);
  g_autoptr(GString) out = g_string_new(NULL);
  g_string_append_printf(out, "%c", header.dialect.separator);
  for (guint i = 0; i < header.columns->len; i++)
    g_string_append_printf(out, " [%s]", (char *)header.columns->pdata[i]);
  g_string_append_printf(out, " %s", text + header.taken);
  csv_header_clear(&header);
  return g_string_free(g_steal_pointer(&out), FALSE);
}

static void assert_header(const char *text, const char *const *wanted, const char *expected) {
  g_autofree char *got = header_of(text, wanted);
  g_assert_cmpstr(got, ==, expected);
}

static void the_separator_is_found(void) {
  assert_header("a,b\n1,2\n", NULL, ", [a] [b] 1,2\n");
  assert_header("a;b\n1,5;2,5\n", NULL, "; [a] [b] 1,5;2,5\n");
  assert_header("a\tb\n1\t2,5\n", NULL, "\t [a] [b] 1\t2,5\n");
  assert_header("a|b\n1|2\n", NULL, "| [a] [b] 1|2\n");
  assert_header("\n\n a , \"b c\" ,\n1,2,3\n", NULL, ", [a] [\"b c\"] [column_3] 1,2,3\n");
  assert_header("sep=;\r\na;b,c\r\n1;2\r\n", NULL, "; [a] [b,c] 1;2\r\n");
  assert_header("only\n1\n2\n", NULL, ", [only] 1\n2\n");
  assert_header("a;b\n1;2;3\n4;5\n\"6;7\n", NULL, "; [a] [b] 1;2;3\n4;5\n\"6;7\n");
}

static void wanted_names_decide(void) {
  const char *const wanted[] = {"user", "time, local", NULL};
  assert_header("user;time, local;x\n1;2;3\n", wanted, "; [user] [time, local] [x] 1;2;3\n");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/csv/bare cells", bare_cells);
  g_test_add_func("/csv/quoted cells", quoted_cells);
  g_test_add_func("/csv/a quote never closed costs one line", a_quote_never_closed_costs_one_line);
  g_test_add_func("/csv/line counts and faults are told", line_counts_and_faults_are_told);
  g_test_add_func("/csv/random text is cut alike in any pieces", random_text_is_cut_alike_in_any_pieces);
  g_test_add_func("/csv/header/the separator is found", the_separator_is_found);
  g_test_add_func("/csv/header/wanted names decide", wanted_names_decide);
  return g_test_run();
}
