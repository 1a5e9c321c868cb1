/* SPDX-License-Identifier: Apache-2.0
 * decimal.h: numbers as people and programs write them, without going through binary fractions.
 * A canonical decimal is -?(0|[1-9][0-9]*)(\.[0-9]+)? : `99` and `0.50` are, `01067`, `1e3` and `+5` are not. */
#pragma once
#include "base/text.h"

G_BEGIN_DECLS

typedef enum { DECIMAL_POINT, DECIMAL_COMMA } DecimalMark;

gboolean decimal_is_canonical(Text text);
int decimal_compare(Text a, Text b); /* both canonical; exact at any length; -1, 0, 1 */

enum { MONEY_CURRENCY_SIZE = 4 };
/* An amount to millionths of its unit, what is finer rounded half away from zero:
 *   DECIMAL_POINT  12.50   1,234.50   1'234.50   1.5e3
 *   DECIMAL_COMMA  12,50   1.234,50   1 234,50
 * with a sign in front or behind, and a currency in front or behind (€ $ £ or three letters), which goes into
 * `currency` ("" when none). Under DECIMAL_POINT `1,234` alone is refused as ambiguous. On failure *why is a
 * static sentence. About 10 ns for a plain amount. */
gboolean money_parse(Text text, DecimalMark mark, gint64 *micro, char currency[MONEY_CURRENCY_SIZE], const char **why);

enum { MONEY_TEXT_SIZE = 24 };
guint money_format(gint64 micro, char text[MONEY_TEXT_SIZE]); /* canonical decimal, terminated; returns its size */

G_END_DECLS
