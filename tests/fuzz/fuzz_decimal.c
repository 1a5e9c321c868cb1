// SPDX-License-Identifier: Apache-2.0
// Whatever the text: an amount that reads back from its own text, or a reason; the order of two decimals
// (separated by a newline) is that of the opposite question turned round.
#include "base/decimal.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_amount(Text text, DecimalMark mark) {
  char currency[MONEY_CURRENCY_SIZE] = "", shown[MONEY_TEXT_SIZE];
  const char *why = NULL;
  gint64 micro = 0, again = 1;
  if (!money_parse(text, mark, &micro, currency, &why)) {
    g_assert_nonnull(why);
    return;
  }
  g_assert_true(strlen(currency) == 0 || strlen(currency) == 3);
  guint size = money_format(micro, shown);
  g_assert_true(decimal_is_canonical((Text){shown, size}));
  g_assert_true(money_parse((Text){shown, size}, DECIMAL_POINT, &again, currency, &why));
  g_assert_cmpint(again, ==, micro);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *exact = g_memdup2(data, size);
  Text text = {exact, (guint32)size};
  check_amount(text, DECIMAL_POINT);
  check_amount(text, DECIMAL_COMMA);
  const char *newline = size ? memchr(exact, '\n', size) : NULL;
  if (newline == NULL)
    return 0;
  Text a = {exact, (guint32)(newline - exact)}, b = {newline + 1, (guint32)(size - a.size - 1)};
  if (decimal_is_canonical(a) && decimal_is_canonical(b))
    g_assert_cmpint(decimal_compare(a, b), ==, -decimal_compare(b, a));
  return 0;
}
