/* SPDX-License-Identifier: Apache-2.0
 * wording.h: numbers as people write them, in German and English: 48.212 and 48,212, 42 % and 42%,
 * 6,2 Tage and 6.2 days, 121 T€ and €121k. Narrow no-break spaces, a real minus. Results are the caller's. */
#pragma once
#include <glib.h>

typedef enum { LANGUAGE_EN, LANGUAGE_DE } Language;

Language language_of(const char *code); /* "de", else English */
char *wording_count(Language language, guint64 count);
char *wording_share(Language language, double share);                        /* 0.416 -> 42%; NAN -> en dash */
char *wording_duration(Language language, double ms);                        /* in the unit that fits, one decimal below 10 */
char *wording_money(Language language, double amount, const char *currency); /* short: k, m */
char *wording_decimal(Language language, double value, int digits);
