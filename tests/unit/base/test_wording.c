/* SPDX-License-Identifier: Apache-2.0
 * Numbers as people write them; expected texts were written by hand. */
#include "base/wording.h"
#include <math.h>

static void says(char *text, const char *expected) {
  g_assert_cmpstr(text, ==, expected);
  g_free(text);
}

static void test_numbers(void) {
  says(wording_count(LANGUAGE_DE, 48212), "48.212");
  says(wording_count(LANGUAGE_EN, 1234567), "1,234,567");
  says(wording_share(LANGUAGE_DE, 0.416), "42\u202f%");
  says(wording_share(LANGUAGE_EN, 0.004), "0.4%");
  says(wording_share(LANGUAGE_EN, NAN), "–");
  says(wording_decimal(LANGUAGE_DE, -16, 0), "−16");
}

static void test_durations(void) {
  says(wording_duration_short(LANGUAGE_DE, 52e3), "52\u202fs");
  says(wording_duration_short(LANGUAGE_DE, 174e3), "2,9\u202fMin.");
  says(wording_duration_short(LANGUAGE_EN, 7200e3), "2\u202fh");
  says(wording_duration_short(LANGUAGE_DE, 86400e3), "1\u202fTag");
  says(wording_duration_short(LANGUAGE_EN, 1.8 * 86400e3), "1.8\u202fdays");
  says(wording_duration_short(LANGUAGE_EN, NAN), "–");
}

static void test_money(void) {
  says(wording_money(LANGUAGE_DE, 121000, "EUR"), "121\u202fT€");
  says(wording_money(LANGUAGE_EN, 2.44e6, "EUR"), "€2.44m");
  says(wording_money(LANGUAGE_EN, -12300, "EUR"), "−€12k");
  says(wording_money(LANGUAGE_DE, -12300, "EUR"), "−12\u202fT€");
  says(wording_money(LANGUAGE_EN, 950, "CHF"), "CHF\u202f950");
  says(wording_money_beside(LANGUAGE_DE, 700, 121000, "EUR"), "0,7\u202fT€");
  says(wording_money_beside(LANGUAGE_DE, 9400, 121000, "EUR"), "9\u202fT€");
  says(wording_money_beside(LANGUAGE_EN, 555, 950, "EUR"), "€555");
  says(wording_money_beside(LANGUAGE_EN, NAN, 950, "EUR"), "–");
}

/* 2026-10-01 begins in Berlin at 22:00 the day before in UTC; in November the clocks are an hour less ahead. */
static void test_periods(void) {
  g_autoptr(Zone) berlin = zone_new("Europe/Berlin", NULL);
  gint64 october = zone_instant(berlin, 2026, 10, 1, 0), november = zone_instant(berlin, 2026, 11, 1, 0);
  gint64 last_year = zone_instant(berlin, 2025, 12, 24, 0);
  says(wording_period(LANGUAGE_DE, berlin, october, november), "1.–31. Okt. 2026");
  says(wording_period(LANGUAGE_EN, berlin, october, november), "1–31 Oct 2026");
  says(wording_period(LANGUAGE_DE, berlin, zone_instant(berlin, 2026, 9, 15, 0), november), "15. Sep. – 31. Okt. 2026");
  says(wording_period(LANGUAGE_EN, berlin, last_year, november), "24 Dec 2025 – 31 Oct 2026");
  says(wording_period(LANGUAGE_DE, berlin, october, zone_day_add(berlin, october, 1)), "1. Okt. 2026");
  says(wording_period(LANGUAGE_DE, berlin, october, G_MAXINT64), "seit 1. Okt. 2026");
  says(wording_period(LANGUAGE_EN, berlin, G_MININT64, november), "until 31 Oct 2026");
  says(wording_period(LANGUAGE_EN, berlin, G_MININT64, G_MAXINT64), "All time");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/base/wording/counts and shares have narrow spaces and a real minus", test_numbers);
  g_test_add_func("/base/wording/durations are short", test_durations);
  g_test_add_func("/base/wording/money is told in thousands and millions", test_money);
  g_test_add_func("/base/wording/a period says no month and no year twice", test_periods);
  return g_test_run();
}
