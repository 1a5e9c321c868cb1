// SPDX-License-Identifier: Apache-2.0
#include "analysis/params.h"
#include "base/error.h"

static const Param table[] = {
    {"step", PARAM_CONDITION, .many = TRUE, .help = "a step"},
    {"mode", PARAM_CHOICE, .choices = "ordered|strict|any", .fallback = "ordered", .help = "the mode"},
    {"limit", PARAM_INT, .help = "rows"},
    {0},
};
static const Param common[] = {{"from", PARAM_TEXT, .help = "first day"}, {0}};
static const Param *const tables[] = {table, common, NULL};

static void values_are_kept_in_order(void) {
  g_autoptr(Params) params = params_new();
  params_add(params, "step", "a");
  params_add(params, "step", "b");
  g_assert_cmpuint(params_all(params, "step")->len, ==, 2);
  g_assert_cmpstr(g_ptr_array_index(params_all(params, "step"), 0), ==, "a");
  g_assert_cmpstr(params_get(params, "step"), ==, "b");
  g_assert_null(params_get(params, "mode"));
  g_assert_cmpuint(params_all(params, "mode")->len, ==, 0);
  g_assert_true(params_check_names(params, tables, NULL));
}

static void check_refused(const char *name, const char *value, const char *again, const char *message) {
  g_autoptr(Params) params = params_new();
  g_autoptr(GError) error = NULL;
  params_add(params, name, value);
  if (again)
    params_add(params, name, again);
  g_assert_false(params_check_names(params, tables, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_USAGE);
  g_assert_cmpstr(error->message, ==, message);
}

static void what_does_not_fit_is_refused(void) {
  check_refused("stpe", "a", NULL, "there is no option --stpe here\nhint: known are --step, --mode, --limit");
  check_refused("mode", "loose", NULL, "--mode must be one of ordered|strict|any, not \"loose\"");
  check_refused("from", "2025-01-01", "2025-01-02", "--from may be given once, not 2 times");
}

static void numbers_have_limits(void) {
  const struct {
    const char *text;
    gboolean good;
  } cases[] = {
      {"1", TRUE}, {"100", TRUE}, {"0", FALSE}, {"101", FALSE}, {"", FALSE}, {"7x", FALSE}, {"99999999999999999999", FALSE}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Params) params = params_new();
    g_autoptr(GError) error = NULL;
    gint64 value = -1;
    params_add(params, "limit", cases[i].text);
    g_assert_cmpint(params_int(params, "limit", 1, 100, &value, &error), ==, cases[i].good);
    g_assert_true(cases[i].good ? !error : value == -1 && strstr(error->message, "--limit must be a whole number from 1 to 100"));
  }
}

static void flags_may_be_false(void) {
  g_autoptr(Params) params = params_new();
  params_add(params, "a", "");
  params_add(params, "b", "true");
  params_add(params, "c", "false");
  g_assert_true(params_flag(params, "a"));
  g_assert_true(params_flag(params, "b"));
  g_assert_false(params_flag(params, "c"));
  g_assert_false(params_flag(params, "d"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/params/values are kept in order", values_are_kept_in_order);
  g_test_add_func("/params/what does not fit is refused with what would", what_does_not_fit_is_refused);
  g_test_add_func("/params/numbers have limits", numbers_have_limits);
  g_test_add_func("/params/flags may be false", flags_may_be_false);
  return g_test_run();
}
