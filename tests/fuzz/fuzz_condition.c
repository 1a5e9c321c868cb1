// SPDX-License-Identifier: Apache-2.0
// Whatever the text: a tree or an error, never both; and what parses shows as text that parses to itself.
#include "project/condition.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const Condition *condition) {
  g_autofree char *shown = condition_text(condition);
  if (strlen(shown) > CONDITION_SIZE_MAX) /* quotes may make it longer than what it came from */
    return;
  g_autoptr(GError) error = NULL;
  g_autoptr(Condition) again = condition_parse(shown, &error);
  g_assert_no_error(error);
  g_autofree char *twice = condition_text(again);
  g_assert_cmpstr(twice, ==, shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *text = g_strndup((const char *)data, size);
  g_autoptr(GError) error = NULL;
  g_autoptr(Condition) condition = condition_parse(text, &error);
  g_assert_true((condition == NULL) == (error != NULL));
  if (!condition)
    return 0;
  check_text(condition);
  g_assert_true(condition_is_person_level(condition) || condition_require_events(condition, NULL));
  return 0;
}
