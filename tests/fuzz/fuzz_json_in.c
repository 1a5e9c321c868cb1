// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes: a tree or an error; and a tree's text is JSON without need of repair that gives the same text.
#include "base/json_in.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *exact = g_memdup2(data, size);
  g_autoptr(JsonIn) in = json_in_new(1 << 20), again = json_in_new(1 << 22);
  g_autoptr(GError) error = NULL, second = NULL;
  g_autoptr(GString) shown = g_string_new(NULL), twice = g_string_new(NULL);
  JsonValue root;
  gboolean good = json_in_parse(in, exact, size, FALSE, &root, &error);
  g_assert_true(good == (error == NULL));
  if (!good)
    return 0;
  json_in_minify(root, shown);
  g_assert_true(utf8_valid(shown->str, shown->len));
  json_in_parse(again, shown->str, shown->len, FALSE, &root, &second);
  g_assert_no_error(second);
  json_in_minify(root, twice);
  g_assert_cmpstr(twice->str, ==, shown->str);
  return 0;
}
