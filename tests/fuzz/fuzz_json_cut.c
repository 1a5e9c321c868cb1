// SPDX-License-Identifier: Apache-2.0
// Whatever the text: what is cut off lies inside it, begins with { and ends with }, and cutting ends.
#include "exchange/json_cut.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *text = g_memdup2(data, size);
  JsonCut cut = {FALSE, FALSE};
  for (gsize at = 0; at < size;) {
    Text object;
    const char *fault;
    gsize taken = json_cut_next(&cut, text + at, size - at, &object, &fault);
    g_assert_cmpuint(taken, <=, size - at);
    g_assert_false(taken && fault);
    if (!taken)
      break;
    if (object.size)
      g_assert_true(object.at == text + at && object.size == taken && object.at[0] == '{' && strchr("}]", object.at[taken - 1]));
    at += taken;
  }
  return 0;
}
