/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_in.h"

#include "base/error.h"

static JsonValue read_json(JsonIn *in, const char *text) {
  GError *error = NULL;
  JsonValue root;
  json_in_parse(in, text, strlen(text), FALSE, &root, &error);
  if (error)
    g_error("%s: %s", text, error->message);
  return root;
}

static void assert_minified(const char *text, const char *expected) {
  g_autoptr(JsonIn) in = json_in_new(1 << 20);
  g_autoptr(GString) out = g_string_new(NULL);
  json_in_minify(read_json(in, text), out);
  g_assert_cmpstr(out->str, ==, expected);
}

static void test_walk(void) {
  g_autoptr(JsonIn) in = json_in_new(1 << 20);
  JsonValue root = read_json(in, " {\"a\": [1, \"x\", {}], \"b\": true, \"\": null, \"c\\u00e4\": 2.50} "), value, item;
  JsonIter iter, inner;
  Text key;
  static const char *const keys[] = {"a", "b", "", "c\u00e4"};
  static const JsonKind kinds[] = {JSON_ARRAY, JSON_TRUE, JSON_NULL, JSON_NUMBER};
  g_assert_cmpint(json_in_kind(root), ==, JSON_OBJECT);
  json_in_walk(&iter, root);
  for (guint i = 0; i < 4; i++) {
    g_assert_true(json_in_next(&iter, &key, &value));
    g_assert_true(text_is(key, keys[i]));
    g_assert_cmpint(json_in_kind(value), ==, kinds[i]);
  }
  g_assert_false(json_in_next(&iter, &key, &value));
  g_assert_true(json_in_get(root, "a", &value));
  json_in_walk(&inner, value);
  g_assert_true(json_in_next(&inner, &key, &item) && json_in_kind(item) == JSON_NUMBER);
  g_assert_true(json_in_next(&inner, &key, &item) && text_is(json_in_string(item), "x"));
  g_assert_true(json_in_next(&inner, &key, &item) && json_in_kind(item) == JSON_OBJECT);
  g_assert_false(json_in_next(&inner, &key, &item));
  json_in_walk(&inner, item);
  g_assert_false(json_in_next(&inner, &key, &item));
  g_assert_false(json_in_get(root, "d", &value));
  g_assert_false(json_in_get(value, "a", &value));
}

static void assert_number(const char *text, const char *digits) {
  g_autoptr(JsonIn) in = json_in_new(1 << 20);
  char buffer[JSON_NUMBER_SIZE];
  JsonValue value = read_json(in, text);
  g_assert_cmpint(json_in_kind(value), ==, JSON_NUMBER);
  g_autofree char *found = text_dup(json_in_number(value, buffer));
  g_assert_cmpstr(found, ==, digits);
}

static void test_numbers(void) {
  assert_number("0", "0");
  assert_number("-12", "-12");
  assert_number("9223372036854775807", "9223372036854775807");
  assert_number("18446744073709551615", "18446744073709551615");
  assert_number("-0.0", "0");
  assert_number("19.90", "19.9");
  assert_number("1e2", "100");
  assert_number("1.5e-3", "0.0015");
  assert_number("123456789012345.678", "123456789012345.67"); /* what a double holds */
  assert_number("1e300", "1e+300");
  assert_number("12345678901234567890123", "12345678901234567890123"); /* what none holds */
  assert_number("-98765432109876543210", "-98765432109876543210");
}

static void test_number_types(void) {
  g_autoptr(JsonIn) in = json_in_new(1 << 20);
  gint64 whole = 77;
  double number = 0;
  g_assert_true(json_in_int(read_json(in, "42"), &whole) && whole == 42);
  g_assert_false(json_in_int(read_json(in, "4.5"), &whole));
  g_assert_true(json_in_double(read_json(in, "4.5"), &number) && number == 4.5);
  g_assert_true(json_in_double(read_json(in, "42"), &number) && number == 42);
  g_assert_true(json_in_double(read_json(in, "100000000000000000000000"), &number) && number == 1e23);
  g_assert_false(json_in_double(read_json(in, "\"4\""), &number));
}

static void test_repair(void) {
  assert_minified("[\"\\ud83d\",\"\\ude00x\",\"\\ud83d\\ude00\",\"\\ud83d\\u0041\"]",
                  "[\"\ufffd\",\"\ufffdx\",\"\U0001F600\",\"\ufffdA\"]");
  assert_minified("{\"id\":12345678901234567890123,\"ok\":[1,-2.5]}", "{\"id\":12345678901234567890123,\"ok\":[1,-2.5]}");
  assert_minified("[NaN,Infinity,-Infinity,1]", "[null,null,null,1]");
  assert_minified("[\"a\nb\tc\"]", "[\"a\\u000ab\\u0009c\"]");
  assert_minified("[\"\xff\xe2\x82\",1]", "[\"\ufffd\ufffd\ufffd\",1]");
  assert_minified("[\"\\\\ud800\",\"\\\"\\ud800\"]", "[\"\\\\ud800\",\"\\\"\ufffd\"]"); /* only what is an escape */
  assert_minified("[1e999]", "[\"1e999\"]");
}

static void test_repair_counts(void) {
  g_autoptr(JsonIn) in = json_in_new(1 << 20);
  read_json(in, "[1]");
  g_assert_cmpuint(json_in_repaired(in), ==, 0);
  read_json(in, "[NaN]");
  read_json(in, "[2]");
  g_assert_cmpuint(json_in_repaired(in), ==, 1);
}

static void assert_refused(const char *text, gsize size_max, ErrorCode code) {
  g_autoptr(JsonIn) in = json_in_new(size_max);
  g_autoptr(GError) error = NULL;
  JsonValue root = {NULL, 77};
  if (json_in_parse(in, text, strlen(text), FALSE, &root, &error))
    g_error("accepted: %s", text);
  g_assert_error(error, ETAPPE_ERROR, (int)code);
  g_assert_cmpuint(root.index, ==, 77);
}

static void test_refusals(void) {
  static const char *const bad[] = {
      "",         "   ",      "{",    "[1,]",     "{\"a\"}",   "{'a':1}", "[1] [2]",
      "nul",      "\"open",   "[01]", "[1.]",     "[\"\\x\"]", "[-]",     "[1e]",
      "{\"a\":1", "[\"\\ud8", "[+1]", "[1\"2\"]", "[--1]",     "\\",      "[0123456789012345678901234]"};
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
    assert_refused(bad[i], 1 << 20, ERROR_INVALID);
}

static char *nested(guint depth) {
  g_autofree char *opening = g_strnfill(depth, '['), *closing = g_strnfill(depth, ']');
  return g_strconcat(opening, closing, NULL);
}

static void test_limits(void) {
  g_autofree char *deep = nested(JSON_DEPTH_MAX), *deeper = nested(JSON_DEPTH_MAX + 1), *hostile = nested(100000);
  g_autofree char *large = g_strnfill(100, ' ');
  g_autoptr(JsonIn) in = json_in_new(1 << 20);
  JsonValue root;
  gboolean accepted = json_in_parse(in, deep, strlen(deep), FALSE, &root, NULL);
  g_assert_true(accepted ||
                json_in_parse(in, deep + 1, strlen(deep) - 2, FALSE, &root, NULL)); /* the limit itself may or may not count */
  assert_refused(deeper, 1 << 20, ERROR_LIMIT);
  assert_refused(hostile, 1 << 20, ERROR_LIMIT);
  assert_refused(large, 99, ERROR_LIMIT);
}

static void test_marks_are_no_way_in(void) {
  /* Somebody who writes the mark himself gets a number only where it is one. */
  assert_minified("[\"\\u0001#<script>\"]", "[\"<script>\"]");
  assert_minified("[\"\\u0001#12\"]", "[12]");
}

static void test_padded(void) {
  g_autofree char *text = g_malloc0(3 + JSON_PADDING);
  g_autoptr(JsonIn) in = json_in_new(1 << 20);
  JsonValue root;
  memcpy(text, "[7]", 3);
  g_assert_true(json_in_parse(in, text, 3, TRUE, &root, NULL));
  g_assert_cmpint(json_in_kind(root), ==, JSON_ARRAY);
}

static void test_grows(void) {
  g_autoptr(JsonIn) in = json_in_new(8 << 20);
  for (guint n = 1; n < 3000000; n *= 10) {
    g_autoptr(GString) text = g_string_new("[");
    for (guint i = 0; i < n; i++)
      g_string_append(text, i ? ",1" : "1");
    g_string_append_c(text, ']');
    JsonIter iter;
    Text key;
    JsonValue value;
    guint found = 0;
    json_in_walk(&iter, read_json(in, text->str));
    while (json_in_next(&iter, &key, &value))
      found++;
    g_assert_cmpuint(found, ==, n);
  }
}

static void test_utf8(void) {
  g_assert_true(utf8_valid("Gr\u00fc\u00dfe", strlen("Gr\u00fc\u00dfe")));
  g_assert_true(utf8_valid("", 0));
  g_assert_false(utf8_valid("\xc3", 1));
  g_assert_false(utf8_valid("\xed\xa0\x80", 3));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/json_in/walks objects and arrays", test_walk);
  g_test_add_func("/json_in/keeps the digits of numbers", test_numbers);
  g_test_add_func("/json_in/reads machine numbers", test_number_types);
  g_test_add_func("/json_in/repairs what would lose a batch", test_repair);
  g_test_add_func("/json_in/counts repaired texts", test_repair_counts);
  g_test_add_func("/json_in/refuses what is no JSON", test_refusals);
  g_test_add_func("/json_in/limits depth and size", test_limits);
  g_test_add_func("/json_in/the mark of large numbers is no way in", test_marks_are_no_way_in);
  g_test_add_func("/json_in/takes padded text as it stands", test_padded);
  g_test_add_func("/json_in/one parser takes growing texts", test_grows);
  g_test_add_func("/json_in/validates UTF-8", test_utf8);
  return g_test_run();
}
