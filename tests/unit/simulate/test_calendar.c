// SPDX-License-Identifier: Apache-2.0
#include "simulate/calendar.h"
#include "base/clock.h"

static const gint64 LONG_AGO = G_GINT64_CONSTANT(1704063600000); // 2023-12-31T23:00Z, midnight in Berlin

static Calendar *two_years(void) {
  Calendar *calendar = g_new0(Calendar, 1);
  calendar_init(calendar, calendar_day_number(2026, 1, 1), 731);
  return calendar;
}

static guint day_of(const Calendar *calendar, int year, int month, int day) {
  return (guint)(calendar_day_number(year, month, day) - calendar->first_day);
}

static void dates_go_both_ways(void) {
  g_assert_cmpint(calendar_day_number(1970, 1, 1), ==, 0);
  g_assert_cmpint(calendar_day_number(2000, 3, 1), ==, 11017);
  for (int number = 0; number < 60000; number += 7) {
    int year, month, day;
    calendar_date(number, &year, &month, &day);
    g_assert_cmpint(calendar_day_number(year, month, day), ==, number);
  }
}

static void the_period_begins_at_local_midnight(void) {
  g_autofree Calendar *calendar = two_years();
  g_assert_cmpint(calendar->from_ms, ==, LONG_AGO);
  g_assert_cmpint(calendar_year(calendar, 0), ==, 2024);
}

// Summer time of 2025: from Sunday 30 March 02:00 to Sunday 26 October 03:00; midnights of those days are still the old time.
static void midnights_follow_summer_time(void) {
  g_autofree Calendar *calendar = two_years();
  const struct { int month, day, hours; } cases[] = {{3, 30, 1}, {3, 31, 2}, {10, 26, 2}, {10, 27, 1}, {1, 15, 1}, {7, 15, 2}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    int number = calendar_day_number(2025, cases[i].month, cases[i].day);
    gint64 start = calendar->start_ms[day_of(calendar, 2025, cases[i].month, cases[i].day)];
    g_assert_cmpint(start, ==, number * MS_DAY - cases[i].hours * MS_HOUR);
  }
}

static void an_instant_finds_its_local_day(void) {
  g_autofree Calendar *calendar = two_years();
  for (guint day = 0; day < calendar->n_days; day++) {
    g_assert_cmpuint(calendar_day(calendar, calendar->start_ms[day]), ==, day);
    g_assert_cmpuint(calendar_day(calendar, calendar->start_ms[day + 1] - 1), ==, day);
  }
}

static void special_days_are_known(void) {
  g_autofree Calendar *calendar = two_years();
  guint friday = day_of(calendar, 2025, 11, 28); // fourth Thursday was the 27th
  g_assert_cmpuint(calendar_weekday(calendar, friday), ==, 4);
  g_assert_true(calendar_black_week(calendar, friday));
  g_assert_false(calendar_black_week(calendar, day_of(calendar, 2025, 11, 21)));
  g_assert_true(calendar_black_week(calendar, day_of(calendar, 2024, 11, 29)));
  g_assert_true(calendar_christmas(calendar, day_of(calendar, 2024, 12, 10)));
  g_assert_cmpfloat(calendar->weight[friday], >, 2 * calendar->weight[friday - 14]);
  g_assert_cmpuint(calendar_season(calendar, day_of(calendar, 2025, 7, 1)), ==, 1);
  g_assert_cmpuint(calendar_season(calendar, day_of(calendar, 2025, 12, 1)), ==, 3);
}

static void weeks_are_iso_weeks(void) {
  g_autofree Calendar *calendar = two_years();
  g_assert_cmpuint(calendar_week(calendar, day_of(calendar, 2024, 1, 1)), ==, 1);
  g_assert_cmpuint(calendar_week(calendar, day_of(calendar, 2024, 12, 29)), ==, 52);
  g_assert_cmpuint(calendar_week(calendar, day_of(calendar, 2024, 12, 30)), ==, 1);
  g_assert_cmpuint(calendar_week(calendar, day_of(calendar, 2025, 11, 28)), ==, 48);
}

static void stores_are_closed_on_sundays_and_at_night(void) {
  g_autofree Calendar *calendar = two_years();
  Random random = random_stream(1, 2, 3);
  for (guint i = 0; i < 5000; i++) {
    gint64 at = calendar_moment(calendar, random_below(&random, calendar->n_days), HOURS_STORE, &random);
    guint day = calendar_day(calendar, at);
    g_assert_cmpuint(calendar_weekday(calendar, day), !=, 6);
    gint64 hour = (at - calendar->start_ms[day]) / MS_HOUR;
    g_assert_cmpint(hour, >=, 10);
    g_assert_cmpint(hour, <, 20);
  }
}

static void logarithm_and_exponential_are_close_to_the_library(void) {
  for (double x = 1e-9; x < 1e6; x *= 1.37)
    g_assert_cmpfloat_with_epsilon(plain_log(x), log(x), 1e-9);
  for (double x = -20; x < 20; x += .173)
    g_assert_cmpfloat_with_epsilon(plain_exp(x) / exp(x), 1, 1e-9);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/calendar/dates go both ways", dates_go_both_ways);
  g_test_add_func("/calendar/the period begins at local midnight", the_period_begins_at_local_midnight);
  g_test_add_func("/calendar/midnights follow summer time", midnights_follow_summer_time);
  g_test_add_func("/calendar/an instant finds its local day", an_instant_finds_its_local_day);
  g_test_add_func("/calendar/special days are known", special_days_are_known);
  g_test_add_func("/calendar/weeks are ISO weeks", weeks_are_iso_weeks);
  g_test_add_func("/calendar/stores are closed on Sundays and at night", stores_are_closed_on_sundays_and_at_night);
  g_test_add_func("/calendar/logarithm and exponential are close to the library",
                  logarithm_and_exponential_are_close_to_the_library);
  return g_test_run();
}
