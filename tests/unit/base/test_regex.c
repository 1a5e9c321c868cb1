/* SPDX-License-Identifier: Apache-2.0 */
#include "base/regex.h"

#include "base/error.h"

static void test_matches(void) {
  g_autoptr(Regex) anywhere = regex_new("b+", NULL), anchored = regex_new("^b+$", NULL), folded = regex_new("(?i)\u00e4pfel", NULL);
  g_assert_true(regex_match(anywhere, text_of("abc")));
  g_assert_false(regex_match(anchored, text_of("abc")));
  g_assert_true(regex_match(anchored, (Text){"abbc" + 1, 2}));
  g_assert_true(regex_match(folded, text_of("Zwei \u00c4PFEL")));
  g_assert_false(regex_match(anywhere, (Text){NULL, 0}));
}

static void test_refusals(void) {
  static const struct {
    const char *pattern;
    ErrorCode code;
  } rows[] = {{"(", ERROR_INVALID},
              {"a**", ERROR_INVALID},
              {"(?=x)", ERROR_INVALID},
              {"\\1", ERROR_INVALID},
              {"((a{100}){100}){100}", ERROR_INVALID},
              {"(\\pL{500}){2}", ERROR_LIMIT}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(regex_new(rows[i].pattern, &error));
    g_assert_error(error, ETAPPE_ERROR, (int)rows[i].code);
  }
  g_autofree char *longer = g_strnfill(REGEX_SIZE_MAX + 1, 'a');
  g_autoptr(GError) error = NULL;
  g_assert_null(regex_new(longer, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_LIMIT);
}

static void test_linear(void) {
  g_autoptr(Regex) regex = regex_new("^(a+)+$", NULL); /* exponential where matching backtracks */
  g_autofree char *text = g_strnfill(100000, 'a');
  text[99999] = 'b';
  g_assert_false(regex_match(regex, text_of(text)));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/regex/matches anywhere unless anchored", test_matches);
  g_test_add_func("/regex/refuses bad and oversized patterns", test_refusals);
  g_test_add_func("/regex/hostile patterns stay linear", test_linear);
  return g_test_run();
}
