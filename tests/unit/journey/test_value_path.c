// SPDX-License-Identifier: Apache-2.0
#include "journey/value_path.h"
#include "base/error.h"

static void check(const char *json, const char *path_text, ValueKind kind, const char *text) {
  g_autoptr(GError) error = NULL;
  g_autoptr(ValuePath) path = value_path_new(path_text, &error);
  g_autoptr(ValueReader) reader = value_reader_new();
  g_assert_no_error(error);
  for (guint twice = 0; twice < 2; twice++) { /* the reader starts afresh */
    Text found = {NULL, 0};
    g_assert_cmpint(value_path_read(path, reader, text_of(json), &found), ==, kind);
    g_autofree char *shown = text_dup(found);
    g_assert_cmpstr(shown, ==, text);
  }
}

static void test_members(void) {
  const char *page = "{\"url\":\"/a\",\"size\":{\"w\":10,\"h\":1.5},\"seen\":true,\"left\":false,\"none\":null,\"a b\":\"x\\ny\"}";
  check(page, ".url", VALUE_TEXT, "/a");
  check(page, ".size.w", VALUE_NUMBER, "10");
  check(page, ".seen", VALUE_TRUE, "true");
  check(page, ".left", VALUE_FALSE, "false");
  check(page, ".none", VALUE_NONE, "");
  check(page, ".missing", VALUE_NONE, "");
  check(page, ".url.deeper", VALUE_NONE, "");
  check(page, ".a b", VALUE_TEXT, "x\ny");
  check(page, ".size", VALUE_JSON, "{\"w\":10,\"h\":1.5}");
}

static void test_arrays(void) {
  const char *cart = "[{\"c\":\"shoes\",\"n\":2},{\"n\":3},{\"c\":[\"hats\",[\"red\"]]},{\"c\":null},7]";
  check(cart, "[].c", VALUE_JSON, "[\"shoes\",\"hats\",\"red\"]");
  check(cart, "[].n", VALUE_JSON, "[2,3]");
  check(cart, "[]", VALUE_JSON, "[7]");
  check(cart, "[].missing", VALUE_NONE, "");
  check(cart, ".c", VALUE_NONE, "");
  check("{\"a\":[[{\"b\":1}],[{\"b\":2}]]}", ".a[][].b", VALUE_JSON, "[1,2]");
  check("{\"a\":{\"b\":1}}", ".a[].b", VALUE_NONE, "");
  check("[]", "[]", VALUE_NONE, "");
  check("not json", "[]", VALUE_NONE, "");
}

static void test_errors(void) {
  static const char *const bad[] = {"a", ".", ".a.", "[", ".a[0]", ".a[]b", ".a..b"};
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(value_path_new(bad[i], &error));
    g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  }
}

static gboolean collect(Text scalar, gpointer user) {
  GString *all = user;
  g_string_append_len(all, scalar.at, scalar.size);
  g_string_append_c(all, ';');
  return !text_is(scalar, "stop");
}

static void check_scalars(const char *json, gboolean finished, const char *expected) {
  g_autoptr(ValueReader) reader = value_reader_new();
  g_autoptr(GString) all = g_string_new(NULL);
  g_assert_cmpint(value_each_scalar(reader, text_of(json), collect, all), ==, finished);
  g_assert_cmpstr(all->str, ==, expected);
}

static void test_scalars(void) {
  check_scalars("[\"a\",1.5,true,null,{\"x\":\"y\"},[false,[\"b\"]]]", TRUE, "a;1.5;true;false;b;");
  check_scalars("[\"a\",\"stop\",\"b\"]", FALSE, "a;stop;");
  check_scalars("[[\"stop\"],\"b\"]", FALSE, "stop;");
  check_scalars("{\"a\":[1]}", TRUE, "");
  check_scalars("", TRUE, "");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/value path/members are followed by name", test_members);
  g_test_add_func("/value path/brackets gather the scalars of every element", test_arrays);
  g_test_add_func("/value path/what is no path is refused", test_errors);
  g_test_add_func("/value path/scalars of arrays are visited until told to stop", test_scalars);
  return g_test_run();
}
