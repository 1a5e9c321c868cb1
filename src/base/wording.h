/* SPDX-License-Identifier: Apache-2.0
 * wording.h: numbers as people write them, in German and English: 48.212 and 48,212, 42 % and 42%,
 * 6,2 Tage and 6.2 days, 121 T€ and €121k. Narrow no-break spaces, a real minus. Results are the caller's. */
#pragma once
#include "base/clock.h"

typedef enum { LANGUAGE_EN, LANGUAGE_DE } Language;

Language language_of(const char *code); /* "de", else English */
char *wording_count(Language language, guint64 count);
char *wording_share(Language language, double share);                        /* 0.416 -> 42%; NAN -> en dash */
char *wording_duration(Language language, double ms);                        /* in the unit that fits, one decimal below 10 */
char *wording_duration_short(Language language, double ms);                  /* the same in few letters: 52 s, 2,9 Min. */
char *wording_money(Language language, double amount, const char *currency); /* short: k, m */
char *wording_decimal(Language language, double value, int digits);
/* In the unit that `most` is told in, so that a column reads at a glance: 0,7 T€ under 121 T€. */
char *wording_money_beside(Language language, double amount, double most, const char *currency);
/* A half-open range, whole days in the zone: 1.–31. Okt. 2026, 1–31 Oct 2026; G_MININT64 and G_MAXINT64 are open. */
char *wording_period(Language language, const Zone *zone, gint64 from_ms, gint64 to_ms);
