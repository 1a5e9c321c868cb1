// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "exchange/sql_error.h"

static void says(const char *message, guint lines_before, const char *expected) {
  g_autoptr(GError) error = NULL;
  g_assert_false(sql_error_set(&error, message, lines_before));
  g_assert_cmpstr(error->message, ==, expected);
}

static void where_what_and_hint_become_one_sentence(void) {
  says("Binder Error: Referenced column \"chanel\" not found in FROM clause!\nCandidate bindings: \"channel\"\n\n"
       "LINE 1: SELECT chanel FROM events\n               ^",
       0, "SQL, line 1, column 8: Referenced column \"chanel\" not found in FROM clause\nhint: Candidate bindings: \"channel\"");
}

static void our_own_lines_do_not_count(void) {
  says("Conversion Error: Could not convert string 'x' to INT32\n\nLINE 3:   'x'::INT\n             ^", 1,
       "SQL, line 2, column 6: Could not convert string 'x' to INT32\nhint: TRY_CAST gives NULL for what cannot be read");
  says("Binder Error: z\n\nLINE 1: SELECT\n        ^", 1, "SQL: z\nhint: `etappe sql --schema` lists tables and columns");
}

static void what_is_cut_at_its_beginning_has_no_column(void) {
  says("Parser Error: x\n\nLINE 1: ...FROM a\n            ^", 0, "SQL: x\nhint: `etappe sql --schema` lists tables and columns");
}

static void a_plain_message_stays(void) {
  says("odd", 0, "SQL: odd");
}

static void memory_is_a_limit(void) {
  g_autoptr(GError) error = NULL;
  sql_error_set(&error, "Out of Memory Error: could not allocate block", 0);
  g_assert_error(error, ETAPPE_ERROR, ERROR_LIMIT);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sql_error/where, what and hint become one sentence", where_what_and_hint_become_one_sentence);
  g_test_add_func("/sql_error/our own lines do not count", our_own_lines_do_not_count);
  g_test_add_func("/sql_error/what is cut at its beginning has no column", what_is_cut_at_its_beginning_has_no_column);
  g_test_add_func("/sql_error/a plain message stays", a_plain_message_stays);
  g_test_add_func("/sql_error/memory is a limit", memory_is_a_limit);
  return g_test_run();
}
