/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_out.h"

#include <math.h>
#include <string.h>

static void assert_text(const JsonOut *out, const char *expected) {
  gsize size;
  const char *text = json_out_text(out, &size);
  g_assert_cmpstr(text, ==, expected);
  g_assert_cmpuint(size, ==, strlen(expected));
}

static void test_shapes(void) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_kv_int(out, "total", 3);
  json_key(out, "steps");
  json_array(out);
  json_object(out);
  json_kv_string(out, "step", "a");
  json_kv_null(out, "median_ms");
  json_object_end(out);
  json_array(out);
  json_array_end(out);
  json_object(out);
  json_object_end(out);
  json_bool(out, FALSE);
  json_string(out, NULL);
  json_array_end(out);
  json_kv_bool(out, "last", TRUE);
  json_object_end(out);
  assert_text(out, "{\"total\":3,\"steps\":[{\"step\":\"a\",\"median_ms\":null},[],{},false,null],\"last\":true}");
}

static void test_strings(void) {
  g_autoptr(JsonOut) out = json_out_new();
  json_array(out);
  json_string(out, "a\"b\\c\n\t\r\b\f\x01\x1f\x7f");
  json_string(out, "Gr\u00fc\u00dfe \U0001F600");
  json_string_n(out, "x\0y", 3);
  json_string_n(out, "\xff\xc3|\xe2\x82|\xed\xa0\x80", 9); /* lone bytes, cut sequences, a surrogate */
  json_array_end(out);
  assert_text(out, "[\"a\\\"b\\\\c\\n\\t\\r\\b\\f\\u0001\\u001f\x7f\",\"Gr\u00fc\u00dfe \U0001F600\",\"x\\u0000y\","
                   "\"\ufffd\ufffd|\ufffd\ufffd|\ufffd\ufffd\ufffd\"]");
}

static void test_numbers(void) {
  g_autoptr(JsonOut) out = json_out_new();
  json_array(out);
  json_int(out, G_MININT64);
  json_double(out, 0.1);
  json_double(out, 1.0 / 3);
  json_double(out, 0.1 + 0.2);
  json_double(out, 3);
  json_double(out, -2.5);
  json_double(out, 1e22);
  json_double(out, NAN);
  json_double(out, -INFINITY);
  json_micro(out, 12500000);
  json_micro(out, -1);
  json_array_end(out);
  assert_text(out, "[-9223372036854775808,0.1,0.3333333333333333,0.30000000000000004,3,-2.5,1e+22,null,null,12.5,-0.000001]");
}

static void test_doubles_read_back(void) {
  for (guint i = 0; i < 20000; i++) {
    union {
      guint64 bits;
      double value;
    } any = {.bits = (guint64)(guint32)g_test_rand_int() << 32 | (guint32)g_test_rand_int()};
    if (!isfinite(any.value))
      continue;
    g_autoptr(JsonOut) out = json_out_new();
    json_double(out, any.value);
    g_assert_true(g_ascii_strtod(json_out_text(out, NULL), NULL) == any.value);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/json_out/sets commas by itself", test_shapes);
  g_test_add_func("/json_out/escapes and repairs strings", test_strings);
  g_test_add_func("/json_out/writes the shortest number that reads back", test_numbers);
  g_test_add_func("/json_out/any double reads back the same", test_doubles_read_back);
  return g_test_run();
}
