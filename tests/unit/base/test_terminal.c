/* SPDX-License-Identifier: Apache-2.0 */
#include "base/terminal.h"

static void test_escape(void) {
  static const struct {
    const char *raw, *safe;
  } rows[] = {{"plain \u00fc", "plain \u00fc"},
              {"\x1b[31mred\a", "\\x1b[31mred\\x07"},
              {"two\nlines\r\t", "two\\nlines\\r\\t"},
              {"\xc2\x9b"
               "31m",
               "\\x9b31m"}, /* the one-character form of ESC [ */
              {"gpj.\u202Eexe", "gpj.\\u202eexe"},
              {"\u2066x\u2069", "\\u2066x\\u2069"},
              {"\xff\xc3(", "\ufffd\ufffd("},
              {"\x7f", "\\x7f"}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *safe = terminal_escape(text_of(rows[i].raw));
    g_assert_cmpstr(safe, ==, rows[i].safe);
  }
  g_autofree char *nul = terminal_escape((Text){"a\0b", 3});
  g_assert_cmpstr(nul, ==, "a\\x00b");
}

static void test_width(void) {
  g_assert_cmpuint(terminal_width(text_of("K\u00e4ufer")), ==, 6);
  g_assert_cmpuint(terminal_width(text_of("a\u0308b")), ==, 2); /* a with a combining mark */
  g_assert_cmpuint(terminal_width(text_of("\u65e5\u672c")), ==, 4);
  g_assert_cmpuint(terminal_width(text_of("\U0001F600")), ==, 2);
  g_assert_cmpuint(terminal_width(text_of("\xff")), ==, 1);
  g_assert_cmpuint(terminal_width(text_of("")), ==, 0);
}

static void test_fit(void) {
  g_assert_cmpuint(terminal_fit(text_of("abc"), 2), ==, 2);
  g_assert_cmpuint(terminal_fit(text_of("abc"), 3), ==, 3);
  g_assert_cmpuint(terminal_fit(text_of("a\u0308bc"), 1), ==, 3); /* the mark stays with its letter */
  g_assert_cmpuint(terminal_fit(text_of("a\u65e5"), 2), ==, 1);   /* half of a wide character never shows */
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/terminal/nothing moves the cursor or turns the text around", test_escape);
  g_test_add_func("/terminal/counts columns", test_width);
  g_test_add_func("/terminal/cuts at whole characters", test_fit);
  return g_test_run();
}
