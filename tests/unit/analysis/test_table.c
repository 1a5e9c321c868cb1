// SPDX-License-Identifier: Apache-2.0
#include "analysis/table.h"

static const TableStyle plain = {0};

static Table *sample(void) {
  Table *table = table_new();
  table_title(table, "Steps");
  table_column(table, "step", CELL_TEXT);
  table_column(table, "persons", CELL_INT);
  table_column(table, "", CELL_BAR);
  table_column(table, "share", CELL_SHARE);
  table_text(table, "Home");
  table_int(table, 1234567);
  table_number(table, 1);
  table_number(table, 1);
  table_text(table, "Köln");
  table_int(table, -42);
  table_number(table, 0.25);
  table_empty(table);
  table_note(table, "2 of 2 rows");
  return table;
}

static void columns_align(void) {
  g_autoptr(Table) table = sample();
  g_autofree char *text = table_render(table, &plain);
  g_assert_cmpstr(text, ==,
                  "Steps\n"
                  "step    persons   share\n"
                  "Home  1,234,567  100.0%\n"
                  "Köln        -42\n"
                  "2 of 2 rows\n");
}

static void bars_stand_on_a_terminal_only(void) {
  g_autoptr(Table) table = sample();
  g_autofree char *text = table_render(table, &(TableStyle){.bars = TRUE});
  g_assert_nonnull(strstr(text, "1,234,567  ████████████  100.0%"));
  g_assert_nonnull(strstr(text, "-42  ███\n"));
  g_assert_null(strchr(text, '\033'));
  g_autofree char *colour = table_render(table, &(TableStyle){.bars = TRUE, .colour = TRUE});
  g_assert_nonnull(strstr(colour, "\033[1mSteps\033[0m\n"));
}

static void sparks_stand_on_a_terminal_only(void) {
  g_autoptr(Table) table = table_new();
  table_spark(table, (double[]){0, 7, 3.5, 1}, 4, "Jan", "Apr");
  g_autofree char *text = table_render(table, &(TableStyle){.bars = TRUE}), *without = table_render(table, &plain);
  g_assert_cmpstr(text, ==, "Jan  █▄▂ Apr\n");
  g_assert_cmpstr(without, ==, "");
}

static void long_texts_are_cut_numbers_never(void) {
  g_autoptr(Table) table = table_new();
  table_column(table, "path", CELL_TEXT);
  table_column(table, "count", CELL_INT);
  table_text(table, "Home > Product > Cart > Checkout");
  table_int(table, 1000);
  g_autofree char *text = table_render(table, &(TableStyle){.width = 22});
  g_assert_cmpstr(text, ==, "path             count\nHome > Product…  1,000\n");
}

static void a_terminal_never_obeys_data(void) {
  g_autoptr(Table) table = table_new();
  table_column(table, "name", CELL_TEXT);
  table_text(table, "a\033[2Jb\nc");
  g_autofree char *text = table_render(table, &plain);
  g_assert_cmpstr(text, ==,
                  "name\na\xEF\xBF\xBD[2Jb\xEF\xBF\xBD"
                  "c\n");
}

static void csv_quotes_and_guards(void) {
  g_autoptr(Table) table = table_new();
  table_column(table, "name", CELL_TEXT);
  table_column(table, "n", CELL_INT);
  table_column(table, "median_ms", CELL_DURATION);
  const char *names[] = {"plain", "a,b", "say \"hi\"", "=1+1", "-x", "@cmd,\"y\"", NULL};
  for (int i = 0; names[i]; i++) {
    table_text(table, names[i]);
    table_int(table, -1234 * i);
    table_number(table, i + 0.5);
  }
  g_autofree char *text = table_csv(table);
  g_assert_cmpstr(text, ==,
                  "name,n,median_ms\r\n"
                  "plain,0,0.5\r\n"
                  "\"a,b\",-1234,1.5\r\n"
                  "\"say \"\"hi\"\"\",-2468,2.5\r\n"
                  "'=1+1,-3702,3.5\r\n"
                  "'-x,-4936,4.5\r\n"
                  "\"'@cmd,\"\"y\"\"\",-6170,5.5\r\n");
}

static void csv_sections_are_set_apart(void) {
  g_autoptr(Table) table = table_new();
  for (int i = 0; i < 2; i++) {
    table_title(table, "part %d", i);
    table_column(table, "share", CELL_SHARE);
    table_column(table, "", CELL_BAR);
    table_number(table, 0.125);
    table_number(table, 0.125);
  }
  g_autofree char *text = table_csv(table);
  g_assert_cmpstr(text, ==, "share\r\n0.125\r\n\r\nshare\r\n0.125\r\n");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/table/columns align, numbers to the right", columns_align);
  g_test_add_func("/table/bars stand on a terminal only", bars_stand_on_a_terminal_only);
  g_test_add_func("/table/sparks stand on a terminal only", sparks_stand_on_a_terminal_only);
  g_test_add_func("/table/long texts are cut, numbers never", long_texts_are_cut_numbers_never);
  g_test_add_func("/table/a terminal never obeys data", a_terminal_never_obeys_data);
  g_test_add_func("/table/CSV quotes, and guards against formulas", csv_quotes_and_guards);
  g_test_add_func("/table/CSV sections are set apart by an empty line", csv_sections_are_set_apart);
  return g_test_run();
}
