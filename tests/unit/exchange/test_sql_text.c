// SPDX-License-Identifier: Apache-2.0
#include "exchange/sql_text.h"

static void body_is(const char *statement, const char *expected) {
  g_autofree char *body = sql_text_body(statement);
  g_assert_cmpstr(body, ==, expected);
}

static void the_body_ends_before_semicolons_and_comments(void) {
  body_is("SELECT 1", "SELECT 1");
  body_is("SELECT 1 ; ;\n-- done", "SELECT 1");
  body_is("SELECT 1 /* a ; b /* nested */ */;", "SELECT 1");
  body_is("SELECT ';' -- x", "SELECT ';'");
  body_is("SELECT 'it''s;'", "SELECT 'it''s;'");
  body_is("-- only a comment", "");
  body_is(" ;; ", "");
  body_is("SELECT 'never closed;", "SELECT 'never closed;");
}

static void a_semicolon_inside_makes_two_statements(void) {
  g_assert_true(sql_text_is_one("SELECT ';', \";\" /* ; */ -- ;"));
  g_assert_false(sql_text_is_one("SELECT 1; SELECT 2"));
}

static void quoted_texts_and_names_are_found_without_their_quotes(void) {
  g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
  sql_text_literals("COPY (SELECT 'it''s' FROM \"a\"\"b.csv\") TO 'x.csv' -- 'not this'\n, '' /* 'nor this' */, 'open", found);
  const char *expected[] = {"it's", "a\"b.csv", "x.csv", "", "ope"};
  g_assert_cmpuint(found->len, ==, G_N_ELEMENTS(expected));
  for (guint i = 0; i < found->len; i++)
    g_assert_cmpstr(found->pdata[i], ==, expected[i]);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sql_text/the body ends before semicolons and comments", the_body_ends_before_semicolons_and_comments);
  g_test_add_func("/sql_text/a semicolon inside makes two statements", a_semicolon_inside_makes_two_statements);
  g_test_add_func("/sql_text/quoted texts and names are found without their quotes",
                  quoted_texts_and_names_are_found_without_their_quotes);
  return g_test_run();
}
