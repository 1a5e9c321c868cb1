/* SPDX-License-Identifier: Apache-2.0
 * Instants were worked out with date(1) and the calendar, not with clock.c. */
#include "base/clock.h"

#include "base/error.h"

#define AT_1730 G_GINT64_CONSTANT(1766597400000) /* 2025-12-24T17:30:00Z, 18:30 in Berlin */

static Zone *zone_of(const char *name) {
  GError *error = NULL;
  Zone *zone = zone_new(name, &error);
  g_assert_no_error(error);
  return zone;
}

static gint64 read_in(const Zone *zone, const char *text) {
  const char *why = "";
  gint64 instant = -1;
  if (!clock_parse(text_of(text), zone, &instant, &why))
    g_error("%s: %s", text, why);
  return instant;
}

static void assert_refused(const char *text, const char *word) {
  const char *why = NULL;
  gint64 instant = 77;
  g_assert_false(clock_parse(text_of(text), NULL, &instant, &why));
  g_assert_cmpint(instant, ==, 77);
  if (!strstr(why, word))
    g_error("%s: \"%s\" lacks \"%s\"", text, why, word);
}

static void test_iso(void) {
  g_autoptr(Zone) berlin = zone_of("Europe/Berlin");
  g_assert_cmpint(read_in(berlin, "2025-12-24 18:30:00"), ==, AT_1730);
  g_assert_cmpint(read_in(berlin, "2025-12-24T18:30"), ==, AT_1730);
  g_assert_cmpint(read_in(berlin, "2025-12-24t18:30:00.123456"), ==, AT_1730 + 123);
  g_assert_cmpint(read_in(berlin, "2025-12-24 18:30:00,9"), ==, AT_1730 + 900);
  g_assert_cmpint(read_in(berlin, "  2025-12-24 18:30:00 "), ==, AT_1730);
  g_assert_cmpint(read_in(berlin, "2025-12-24"), ==, AT_1730 - 18 * MS_HOUR - 30 * MS_MINUTE);
  g_assert_cmpint(read_in(berlin, "2025-12-23 24:00:00"), ==, read_in(berlin, "2025-12-24"));
  g_assert_cmpint(read_in(NULL, "2016-12-31 23:59:60"), ==, read_in(NULL, "2017-01-01"));
}

static void test_iso_with_zone(void) {
  g_autoptr(Zone) berlin = zone_of("Europe/Berlin");
  static const char *const same[] = {"2025-12-24T17:30:00Z",      "2025-12-24T17:30:00.000z", "2025-12-24 18:30:00+01:00",
                                     "2025-12-24T18:30:00+0100",  "2025-12-24 18:30:00+01",   "2025-12-24 18:30:00 +01:00",
                                     "2025-12-24 12:00:00-05:30", "2025-12-24 17:30:00 UTC",  "2025-12-24 17:30 GMT"};
  for (guint i = 0; i < G_N_ELEMENTS(same); i++)
    g_assert_cmpint(read_in(berlin, same[i]), ==, AT_1730);
}

static void test_other_forms(void) {
  g_autoptr(Zone) berlin = zone_of("Europe/Berlin");
  g_assert_cmpint(read_in(berlin, "24.12.2025 18:30"), ==, AT_1730);
  g_assert_cmpint(read_in(berlin, "24.12.2025, 18:30:00.5"), ==, AT_1730 + 500);
  g_assert_cmpint(read_in(berlin, "1.2.2025"), ==, read_in(berlin, "2025-02-01"));
  g_assert_cmpint(read_in(berlin, "24/Dec/2025:18:30:00 +0100"), ==, AT_1730);
}

static void test_epoch(void) {
  g_assert_cmpint(read_in(NULL, "1766597400"), ==, AT_1730);
  g_assert_cmpint(read_in(NULL, "1766597400.25"), ==, AT_1730 + 250);
  g_assert_cmpint(read_in(NULL, "1766597400123"), ==, AT_1730 + 123);
  g_assert_cmpint(read_in(NULL, "1766597400123999"), ==, AT_1730 + 123);
}

static void test_refusals(void) {
  assert_refused("31.02.2025", "impossible date");
  assert_refused("2025-02-29", "impossible date");
  assert_refused("2100-02-29", "impossible date");
  assert_refused("2025-13-01", "impossible date");
  assert_refused("2025-00-10", "impossible date");
  assert_refused("2025-12-24 24:01", "impossible time");
  assert_refused("2025-12-24 12:60", "impossible time");
  assert_refused("2025-12-24 12:00:61", "impossible time");
  assert_refused("2025-12-24T12:00+25:00", "offset");
  assert_refused("12/24/2025", "2025-12-24 or 24.12.2025");
  assert_refused("1/2/25 10:00", "slashes");
  assert_refused("24.12.25", "two digits");
  assert_refused("-5", "before 1970");
  assert_refused("-1766597400", "before 1970");
  assert_refused("0", "10 digits are seconds");
  assert_refused("20251224", "10 digits are seconds");
  assert_refused("176659740012345678901", "10 digits are seconds");
  assert_refused("1969-12-31", "1970-01-02");
  assert_refused("2106-01-01T00:00:00Z", "2105-12-31");
  assert_refused("9999-12-31", "2105-12-31");
  assert_refused("", "not a time");
  assert_refused("yesterday", "not a time");
  assert_refused("2025-12-24T", "not a time");
  assert_refused("2025-12-24 18", "not a time");
  assert_refused("2025-12-24 18:30:00.", "not a time");
  assert_refused("2025-12-24 18:30:00 CET", "not a time");
  assert_refused("2025-1a-24", "not a time");
}

static void test_bounds_of_the_range(void) {
  g_assert_cmpint(read_in(NULL, "1970-01-02"), ==, TIME_MS_MIN);
  g_assert_cmpint(read_in(NULL, "2105-12-31T23:59:59.999Z"), ==, TIME_MS_MAX - 1);
  assert_refused("1970-01-01T23:59:59.999Z", "1970-01-02");
}

static void test_daylight_saving(void) {
  g_autoptr(Zone) berlin = zone_of("Europe/Berlin");
  g_assert_cmpint(read_in(berlin, "2025-03-30 01:59:59"), ==, G_GINT64_CONSTANT(1743296399000));
  g_assert_cmpint(read_in(berlin, "2025-03-30 02:30:00"), ==, G_GINT64_CONSTANT(1743298200000)); /* 03:30 summer time */
  g_assert_cmpint(read_in(berlin, "2025-03-30 03:30:00"), ==, G_GINT64_CONSTANT(1743298200000));
  g_assert_cmpint(read_in(berlin, "2025-10-26 02:30:00"), ==, G_GINT64_CONSTANT(1761438600000)); /* the first of two */
  g_assert_cmpint(read_in(berlin, "2025-10-26 03:00:00"), ==, G_GINT64_CONSTANT(1761438600000) + 90 * MS_MINUTE);
  g_assert_cmpint(read_in(berlin, "2040-07-01 12:00:00"), ==, G_GINT64_CONSTANT(2224749600000));
}

static void test_odd_zones(void) {
  g_autoptr(Zone) apia = zone_of("Pacific/Apia"); /* skipped 2011-12-30 altogether, +14 in that summer */
  g_assert_cmpint(read_in(apia, "2011-12-31 00:00"), ==, G_GINT64_CONSTANT(1325239200000));
  g_autoptr(Zone) howe = zone_of("Australia/Lord_Howe"); /* half an hour of daylight saving */
  g_assert_cmpint(zone_offset_s(howe, G_GINT64_CONSTANT(1759589999000)), ==, 37800);
  g_assert_cmpint(zone_offset_s(howe, G_GINT64_CONSTANT(1759591800000)), ==, 39600);
  g_autoptr(Zone) fixed = zone_of("+05:30");
  g_assert_cmpint(read_in(fixed, "2025-12-24 23:00"), ==, AT_1730);
}

static void test_days(void) {
  g_autoptr(Zone) berlin = zone_of("Europe/Berlin");
  gint64 spring = G_GINT64_CONSTANT(1743289200000), autumn = G_GINT64_CONSTANT(1761429600000);
  g_assert_cmpint(zone_day_start(berlin, spring + 12 * MS_HOUR), ==, spring);
  g_assert_cmpint(zone_day_start(berlin, spring), ==, spring);
  g_assert_cmpint(zone_day_add(berlin, spring, 1), ==, spring + 23 * MS_HOUR);
  g_assert_cmpint(zone_day_add(berlin, autumn, 1), ==, autumn + 25 * MS_HOUR);
  g_assert_cmpint(zone_day_add(berlin, autumn + 25 * MS_HOUR, -1), ==, autumn);
  g_assert_cmpint(zone_instant(berlin, 2025, 12, 24, 18 * MS_HOUR + 30 * MS_MINUTE), ==, AT_1730);
}

/* The table against GLib's own answer, at random instants of four zones. */
static void test_agrees_with_glib(void) {
  static const char *const names[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autoptr(Zone) zone = zone_of(names[i]);
    g_autoptr(GTimeZone) peer = g_time_zone_new_identifier(names[i]);
    for (guint n = 0; n < 20000; n++) {
      gint64 second = (gint64)(g_test_rand_double() * (double)(TIME_MS_MAX / MS_SECOND));
      int interval = g_time_zone_find_interval(peer, G_TIME_TYPE_UNIVERSAL, second);
      g_assert_cmpint(zone_offset_s(zone, second * MS_SECOND), ==, g_time_zone_get_offset(peer, interval));
    }
  }
}

static void test_every_day_reads_back(void) {
  gint64 expected = TIME_MS_MIN;
  for (; expected < TIME_MS_MAX; expected += MS_DAY) {
    g_autofree char *text = clock_text(expected);
    g_assert_cmpint(read_in(NULL, text), ==, expected);
  }
}

static void test_bad_zones(void) {
  static const char *const names[] = {"Nowhere/Land", "", "/etc/passwd", "Europe/../Europe/Berlin", "+25:00", "Europe/Berlin\n"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(zone_new(names[i], &error));
    g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  }
}

static void test_durations(void) {
  static const struct {
    const char *text;
    gint64 ms;
  } good[] = {{"1500ms", 1500},  {"30m", 1800000},   {"12h", 43200000},
              {"7d", 604800000}, {"2w", 1209600000}, {"36525d", 36525 * MS_DAY}};
  static const char *const bad[] = {"", "7", "d", "7 d", "-7d", "1.5h", "7y", "0d", "36526d", "99999999999999999999d", "7D"};
  for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
    gint64 ms = 0;
    g_assert_true(duration_parse(good[i].text, &ms, NULL));
    g_assert_cmpint(ms, ==, good[i].ms);
  }
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    gint64 ms = 77;
    g_assert_false(duration_parse(bad[i], &ms, &error));
    g_assert_nonnull(error);
    g_assert_cmpint(ms, ==, 77);
  }
}

static void test_duration_texts(void) {
  static const struct {
    gint64 ms;
    const char *text;
  } rows[] = {{0, "0 ms"},       {350, "350 ms"},    {20000, "20 s"},        {1500, "1.5 s"},
              {90000, "1m 30s"}, {7200000, "2h"},    {129600000, "1d 12h"},  {7 * MS_DAY, "7d"},
              {-20000, "-20 s"}, {MS_DAY + 1, "1d"}, {2030400000, "23d 12h"}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *text = duration_text(rows[i].ms);
    g_assert_cmpstr(text, ==, rows[i].text);
  }
}

static void test_now(void) {
  g_autoptr(GError) error = NULL;
  g_setenv("ETAPPE_NOW", "2025-12-24T17:30:00Z", TRUE);
  g_assert_true(clock_check(NULL));
  g_assert_cmpint(clock_now_ms(), ==, AT_1730);
  g_setenv("ETAPPE_NOW", "soon", TRUE);
  g_assert_false(clock_check(&error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_USAGE);
  g_unsetenv("ETAPPE_NOW");
  g_assert_true(clock_check(NULL));
  g_assert_cmpint(clock_now_ms(), >, AT_1730 - 365 * MS_DAY);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/clock/reads ISO times as local to the zone", test_iso);
  g_test_add_func("/clock/a written offset wins over the zone", test_iso_with_zone);
  g_test_add_func("/clock/reads German dates and server logs", test_other_forms);
  g_test_add_func("/clock/tells epoch units by their digits", test_epoch);
  g_test_add_func("/clock/refuses with the reason", test_refusals);
  g_test_add_func("/clock/the range is half-open", test_bounds_of_the_range);
  g_test_add_func("/clock/a gap moves forward, an overlap is the earlier instant", test_daylight_saving);
  g_test_add_func("/clock/knows skipped days and half hours", test_odd_zones);
  g_test_add_func("/clock/a local day may have 23 or 25 hours", test_days);
  g_test_add_func("/clock/offsets agree with GLib", test_agrees_with_glib);
  g_test_add_func("/clock/every day written is read back", test_every_day_reads_back);
  g_test_add_func("/clock/refuses zones that are none", test_bad_zones);
  g_test_add_func("/clock/reads durations", test_durations);
  g_test_add_func("/clock/writes durations for people", test_duration_texts);
  g_test_add_func("/clock/ETAPPE_NOW replaces the wall clock", test_now);
  return g_test_run();
}
