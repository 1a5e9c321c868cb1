// SPDX-License-Identifier: Apache-2.0
#include "project/condition.h"
#include "base/error.h"

#define DAY G_GINT64_CONSTANT(86400000)

static Condition *parse(const char *text) {
  g_autoptr(GError) error = NULL;
  Condition *condition = condition_parse(text, &error);
  if (!condition)
    g_error("%s: %s", text, error->message);
  return condition;
}

/* The canonical text, which shows the tree. */
static void check_text(const char *text, const char *canonical) {
  g_autoptr(Condition) condition = parse(text);
  g_autofree char *shown = condition_text(condition);
  g_assert_cmpstr(shown, ==, canonical);
  g_autoptr(Condition) again = parse(shown);
  g_autofree char *twice = condition_text(again);
  g_assert_cmpstr(twice, ==, canonical);
}

static void check_error(const char *text, const char *message) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Condition) condition = condition_parse(text, &error);
  g_assert_null(condition);
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  if (!g_str_has_prefix(error->message, message))
    g_error("%s:\n  %s\ninstead of\n  %s", text, error->message, message);
}

static const Condition *child(const Condition *condition, guint i) {
  return g_ptr_array_index(condition->children, i);
}
static const char *value(const Condition *condition, guint i) {
  return g_ptr_array_index(condition->values, i);
}

static void test_operators(void) {
  static const char *const texts[] = {"a = 1", "a != 1", "a < 1", "a <= 1", "a > 1", "a >= 1", "a in (1)", "a ~ 1", "a contains 1"};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autoptr(Condition) condition = parse(texts[i]);
    g_assert_cmpint(condition->kind, ==, CONDITION_COMPARE);
    g_assert_cmpint(condition->op, ==, i);
    g_assert_cmpstr(condition->field, ==, "a");
    g_assert_cmpuint(condition->values->len, ==, 1);
    g_assert_cmpstr(value(condition, 0), ==, "1");
    check_text(texts[i], texts[i]);
  }
  check_text("total>=100", "total >= 100");
  check_text("a=-5 and b<-1.5", "a = -5 and b < -1.5");
}

static void test_precedence(void) {
  g_autoptr(Condition) condition = parse("not a = 1 and b = 2 or c = 3");
  g_assert_cmpint(condition->kind, ==, CONDITION_OR);
  g_assert_cmpint(child(condition, 0)->kind, ==, CONDITION_AND);
  g_assert_cmpint(child(child(condition, 0), 0)->kind, ==, CONDITION_NOT);
  g_assert_cmpstr(child(child(condition, 0), 1)->field, ==, "b");
  g_assert_cmpstr(child(condition, 1)->field, ==, "c");
  check_text("a = 1 or b = 2 and c = 3", "a = 1 or b = 2 and c = 3");
  check_text("(a = 1 or b = 2) and c = 3", "(a = 1 or b = 2) and c = 3");
  check_text("not (a = 1 or b = 2)", "not (a = 1 or b = 2)");
  check_text("not (a = 1 and b = 2)", "not (a = 1 and b = 2)");
  check_text("not not a = 1", "not not a = 1");
}

static void test_chains(void) {
  g_autoptr(Condition) condition = parse("(a = 1 and (b = 2 and c = 3)) and d = 4");
  g_assert_cmpuint(condition->children->len, ==, 4);
  check_text("(a = 1 and (b = 2 and c = 3)) and d = 4", "a = 1 and b = 2 and c = 3 and d = 4");
  check_text("((a = 1))", "a = 1");
}

static void test_values(void) {
  g_autoptr(Condition) list = parse("channel in (email, \"paid search\", sms)");
  g_assert_cmpuint(list->values->len, ==, 3);
  g_assert_cmpstr(value(list, 1), ==, "paid search");
  g_autoptr(Condition) escaped = parse("name = \"say \\\"hi\\\" \\\\ \\d+\"");
  g_assert_cmpstr(value(escaped, 0), ==, "say \"hi\" \\ \\d+");
  check_text("a = \"\"", "a = \"\"");
  check_text("a = \"and\"", "a = \"and\"");
  check_text("a = Größe", "a = Größe");
  check_text("page = /shop/a_b-c.html", "page = /shop/a_b-c.html");
  check_text("time >= 2025-12-24T18:30:00+01:00", "time >= 2025-12-24T18:30:00+01:00");
  check_text("\"Order Total\" > 5", "\"Order Total\" > 5");
  check_text("properties.products[].category = \"shoes\"", "properties.products[].category = shoes");
}

static void test_not_in_and_exists(void) {
  g_autoptr(Condition) not_in = parse("a not in (1, 2)");
  g_assert_cmpint(not_in->kind, ==, CONDITION_NOT);
  g_assert_cmpint(child(not_in, 0)->op, ==, OP_IN);
  check_text("a not in (1, 2)", "a not in (1, 2)");
  check_text("not a in (1, 2)", "a not in (1, 2)");
  check_text("exists a.b", "exists a.b");
  check_text("a.b exists and c = 1", "exists a.b and c = 1");
  check_text("not exists a", "not exists a");
}

static void test_event_names(void) {
  check_text("purchase", "event = purchase");
  check_text("\"Order Completed\"", "event = \"Order Completed\"");
  check_text("Create Fine", "event = \"Create Fine\"");
  check_text("Send for Credit Collection", "event = \"Send for Credit Collection\"");
  check_text("  Add  penalty ", "event = \"Add  penalty\"");
  check_text("Create Fine or Add penalty", "event = \"Create Fine\" or event = \"Add penalty\"");
  check_text("not Create Fine", "not event = \"Create Fine\"");
  check_text("1001", "event = 1001");
  check_text("Sign in", "event = \"Sign in\"");
  check_text("Sign In", "event = \"Sign In\"");
  check_text("Not Started", "event = \"Not Started\"");
  check_text("order placed", "event = \"order placed\"");
  check_text("first visit", "event = \"first visit\"");
  check_text("\"Terms and Conditions (shown)\"", "event = \"Terms and Conditions (shown)\"");
  check_text("(Add penalty)", "event = \"Add penalty\"");
}

static void test_upper_case_keywords(void) {
  check_text("a = 1 AND b = 2 OR NOT c = 3", "a = 1 and b = 2 or not c = 3");
  check_text("A AND B", "event = A and event = B");
}

static void test_persons(void) {
  g_autoptr(Condition) count = parse("count(Product Viewed and price > 5, within 30d, by properties.product_id) >= 3");
  g_assert_cmpint(count->kind, ==, CONDITION_COUNT);
  g_assert_cmpint(count->op, ==, OP_GE);
  g_assert_cmpint(count->within_ms, ==, 30 * DAY);
  g_assert_cmpstr(count->by, ==, "properties.product_id");
  g_assert_cmpint(child(count, 0)->kind, ==, CONDITION_AND);
  g_autoptr(Condition) last = parse("last(Visit).channel in (email, sms)");
  g_assert_cmpint(last->kind, ==, CONDITION_PICK);
  g_assert_true(last->last);
  g_assert_cmpstr(last->field, ==, "channel");
  check_text("count(a, by b, within 2h) < 1", "count(event = a, within 7200000ms, by b) < 1");
  check_text("first(a).properties.x != 3", "first(event = a).properties.x != 3");
  check_text("first(a).\"x y\" not in (3)", "first(event = a).\"x y\" not in (3)");
  check_text("stage = decision or relationship in (customer, regular)", "stage = decision or relationship in (customer, regular)");
  check_text("persona = \"Busy parent\"", "persona = \"Busy parent\"");
  check_text("consent.personalise", "consent.personalise = true");
  check_text("not consent.contact.email", "not consent.contact.email = true");
}

static void test_columns(void) {
  g_autoptr(Condition) condition = parse("Größe = 1 and  count(x, by y) > 2");
  g_assert_cmpuint(child(condition, 0)->column, ==, 1);
  g_assert_cmpuint(child(condition, 0)->value_column, ==, 9);
  g_assert_cmpuint(child(condition, 1)->column, ==, 16);
  g_assert_cmpuint(child(condition, 1)->field_column, ==, 28);
  g_assert_cmpuint(child(condition, 1)->value_column, ==, 33);
}

static void test_errors(void) {
  check_error("", "column 1: expected a condition, found end");
  check_error("   ", "column 4: expected a condition, found end");
  check_error("event = purchase =", "column 18: expected \"and\", \"or\" or the end, found \"=\"");
  check_error("properties.total =", "column 19: expected a value after \"=\", found end");
  check_error("channel = email a", "column 17: expected \"and\", \"or\" or the end, found \"a\"");
  check_error("a = and b = 1", "column 5: expected a value after \"=\", found \"and\"");
  check_error("a = not b", "column 5: expected a value after \"=\", found \"not\"");
  check_error("= 1", "column 1: expected a condition, found \"=\"");
  check_error("a = 1 and", "column 10: expected a condition after \"and\", found end");
  check_error("a = 1 and or b", "column 11: expected a condition after \"and\", found \"or\"");
  check_error("or a", "column 1: expected a condition, found \"or\"");
  check_error("a = 1 OR", "column 9: expected a condition after \"OR\", found end");
  check_error("not", "column 4: expected a condition, found end");
  check_error("(a = 1", "column 7: expected \"and\", \"or\" or the \")\" of column 1, found end");
  check_error("a = 1)", "column 6: expected \"and\", \"or\" or the end, found \")\"");
  check_error("()", "column 2: expected a condition, found \")\"");
  check_error("a, b", "column 2: expected \"and\", \"or\" or the end, found \",\"");
  check_error("ä = \"öffnen", "column 5: expected a closing quote");
  check_error("channel in email", "column 12: expected \"(\" after \"in\", found \"email\"");
  check_error("a in (", "column 7: expected a value after \"(\", found end");
  check_error("a in ()", "column 7: expected a value after \"(\", found \")\"");
  check_error("a in (1 2)", "column 9: expected \",\" or \")\" after \"1\", found \"2\"");
  check_error("a in (1,", "column 9: expected a value after \",\", found end");
  check_error("a not in 3", "column 10: expected \"(\" after \"in\", found \"3\"");
  check_error("Order Total = 3", "column 7: expected an operator after \"Order\", found \"Total\"");
  check_error("\"Order\" Total", "column 9: expected an operator after \"Order\", found \"Total\"");
  check_error("exists", "column 7: expected a field after \"exists\", found end");
  check_error("a ! b", "column 3: expected a name, a value or an operator, found \"!\"");
  check_error("a = 1 ; b", "column 7: expected a name, a value or an operator, found \";\"");
  check_error("a == 1", "column 4: expected a value after \"=\", found \"=\"");
  check_error("count(a)", "column 9: expected = != < <= > or >= after count(...), found end");
  check_error("count(a) ~ 3", "column 10: expected = != < <= > or >= after count(...), found \"~\"");
  check_error("count(a) > x", "column 12: expected a whole number after \">\", found \"x\"");
  check_error("count(a) > 1.5", "column 12: expected a whole number after \">\", found \"1.5\"");
  check_error("count(a, within) > 1", "column 16: expected a duration such as 30d after \"within\", found \")\"");
  check_error("count(a, within 3x) > 1", "column 17: expected a duration such as 30d after \"within\", found \"3x\"");
  check_error("count(a, since 3d) > 1", "column 10: expected \"within DURATION\" or \"by FIELD\" after \",\", found \"since\"");
  check_error("count(a, within 3d, within 3d) > 1", "column 21: expected \"by FIELD\" after \",\", found \"within\"");
  check_error("count(a b = 1) > 1", "column 9: expected an operator after \"a\", found \"b\"");
  check_error("count() > 1", "column 7: expected a condition, found \")\"");
  check_error("count(stage = x) > 1", "column 7: expected a condition on events inside count(...), found one on persons");
  check_error("count(count(a) > 1) > 1", "column 7: expected a condition on events inside count(...), found one on persons");
  check_error("first(a)", "column 9: expected a field such as .channel after first(...), found end");
  check_error("first(a) = 3", "column 10: expected a field such as .channel after first(...), found \"=\"");
  check_error("last(a).channel", "column 16: expected an operator after \".channel\", found end");
  check_error("last(a).stage = x", "column 8: expected a field of events after last(...), found \".stage\"");
  check_error("a = \xff", "column 5: expected UTF-8 text, found the byte 0xff");
}

static void test_limits(void) {
  g_autoptr(GString) deep = g_string_new(NULL);
  for (guint i = 0; i < CONDITION_DEPTH_MAX; i++)
    g_string_append_c(deep, '(');
  g_string_append(deep, "a = 1");
  for (guint i = 0; i < CONDITION_DEPTH_MAX; i++)
    g_string_append_c(deep, ')');
  check_text(deep->str, "a = 1");
  g_string_prepend(deep, "not ");
  check_error(deep->str, "column 69: expected at most 64 levels of nesting, found more");

  g_autoptr(GString) wide = g_string_new("a in (1");
  for (guint i = 2; i < CONDITION_NODES_MAX; i++)
    g_string_append(wide, ",1");
  g_autofree char *fits = g_strconcat(wide->str, ")", NULL), *over = g_strconcat(wide->str, ",1)", NULL);
  g_autoptr(Condition) condition = parse(fits);
  g_assert_cmpuint(condition->values->len, ==, CONDITION_NODES_MAX - 1);
  check_error(over, "column 2005: expected at most 1000 conditions and values, found more");

  g_autofree char *large = g_strnfill(CONDITION_SIZE_MAX + 1, 'a');
  check_error(large, "a condition has at most 16384 bytes, this one has 16385");
  large[CONDITION_SIZE_MAX] = 0;
  condition_free(parse(large));
}

static gboolean compare(const char *scalar, ConditionOp op, const char *with) {
  return condition_compare(op, text_of(scalar), text_of(with));
}

static void test_compare(void) {
  g_assert_true(compare("99", OP_LT, "100")); /* numbers, though "1" < "9" */
  g_assert_true(compare("1.50", OP_EQ, "1.5"));
  g_assert_false(compare("01067", OP_EQ, "1067")); /* a post code is no number */
  g_assert_true(compare("01067", OP_LT, "1"));     /* bytes: "0" < "1" */
  g_assert_true(compare("-2", OP_LT, "-1"));
  g_assert_true(compare("9007199254740993", OP_GT, "9007199254740992")); /* past 2^53 */
  g_assert_true(compare("0.1", OP_NE, "0.10000000000000001"));
  g_assert_true(compare("10", OP_GT, "9"));
  g_assert_false(compare("10x", OP_GT, "9"));
  g_assert_true(compare("abc", OP_LT, "abd"));
  g_assert_true(compare("ab", OP_LT, "abc"));
  g_assert_true(compare("a", OP_GE, "a"));
  g_assert_true(compare("a", OP_LE, "a"));
}

static void check_level(const char *text, const char *for_events, const char *for_persons) {
  g_autoptr(Condition) condition = parse(text);
  g_autoptr(GError) events = NULL, persons = NULL;
  g_assert_cmpint(condition_require_events(condition, &events), ==, !for_events);
  g_assert_cmpint(condition_require_persons(condition, &persons), ==, !for_persons);
  g_assert_cmpint(condition_is_person_level(condition), ==, for_events != NULL);
  if (for_events)
    g_assert_cmpstr(events->message, ==, for_events);
  if (for_persons)
    g_assert_cmpstr(persons->message, ==, for_persons);
}

static void test_levels(void) {
  check_level("Order Completed", NULL,
              "column 1: expected a condition on persons, found `event = \"Order Completed\"`, which is one on events\n"
              "hint: say how often, as in `count(event = \"Order Completed\") >= 1`");
  check_level("a = 1 or count(b) >= 2",
              "column 10: expected a condition on events, found `count(event = b) >= 2`, which is one on persons\n"
              "hint: conditions on persons belong to --among",
              "column 1: expected a condition on persons, found `a = 1`, which is one on events\nhint: say how often, as in "
              "`count(a = 1) >= 1`");
  check_level("count(b) >= 2 and not first(c).channel = x",
              "column 1: expected a condition on events, found `count(event = b) >= 2`, which is one on persons\n"
              "hint: conditions on persons belong to --among",
              NULL);
}

/* Random texts from the language's own pieces: whatever parses must show as a text that parses to itself. */
static void test_random(void) {
  static const char *const pieces[] = {
      "a",     "event", "\"x y\"", "and",    "or", "not", "in", "(",         ")",      ",",   "=",        "!=",       "<",
      "~",     "count", "first",   "last",   ".f", ".",   "by", "within",    "3d",     "2",   "exists",   "contains", "\"",
      "stage", "é",     "!",       "a.b[]c", "\\", "NOT", "Or", "consent.x", "count(", "(a)", "\"q\\\"\""};
  g_autoptr(GRand) random = g_rand_new_with_seed(20260101);
  guint parsed = 0;
  for (guint round = 0; round < 200000; round++) {
    g_autoptr(GString) text = g_string_new(NULL);
    for (gint n = g_rand_int_range(random, 1, 14); n > 0; n--) {
      g_string_append(text, pieces[g_rand_int_range(random, 0, G_N_ELEMENTS(pieces))]);
      if (g_rand_int_range(random, 0, 5))
        g_string_append_c(text, ' ');
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(Condition) condition = condition_parse(text->str, &error);
    g_assert_true((condition != NULL) != (error != NULL));
    if (!condition)
      continue;
    parsed++;
    g_autofree char *shown = condition_text(condition);
    check_text(shown, shown);
  }
  g_assert_cmpuint(parsed, >, 5000);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/condition/every operator compares a field with values", test_operators);
  g_test_add_func("/condition/not binds before and, and before or", test_precedence);
  g_test_add_func("/condition/chains are flat and brackets leave no trace", test_chains);
  g_test_add_func("/condition/values are words, quoted texts and numbers", test_values);
  g_test_add_func("/condition/not in and exists have two spellings each", test_not_in_and_exists);
  g_test_add_func("/condition/plain words name an event", test_event_names);
  g_test_add_func("/condition/keywords may be written in capitals", test_upper_case_keywords);
  g_test_add_func("/condition/count, first, last and states are about persons", test_persons);
  g_test_add_func("/condition/columns count characters", test_columns);
  g_test_add_func("/condition/an error names the column and what was expected there", test_errors);
  g_test_add_func("/condition/depth, nodes and size have limits", test_limits);
  g_test_add_func("/condition/numbers compare exactly, other texts by bytes", test_compare);
  g_test_add_func("/condition/the other level is refused with what to write instead", test_levels);
  g_test_add_func("/condition/what parses shows as a text that parses to itself", test_random);
  return g_test_run();
}
