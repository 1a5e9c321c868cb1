// SPDX-License-Identifier: Apache-2.0
#include "simulate/calendar.h"
#include "base/clock.h"

static const float MONTH[12] = {1.04f, .90f, .96f, 1.02f, .92f, .80f, .76f, .84f, 1.0f, 1.10f, 1.50f, 1.48f};
static const float WEEKDAY[7] = {1.0f, .94f, .94f, .96f, .98f, 1.08f, 1.22f};
static const float WEB_HOUR[24] = {.9f,  .5f,  .3f,  .2f,  .2f,  .4f,  1.2f, 2.2f, 2.6f, 3.0f, 3.4f, 3.7f,
                                   4.2f, 3.9f, 3.6f, 3.6f, 3.9f, 4.4f, 5.0f, 6.2f, 7.4f, 7.0f, 4.6f, 2.2f};
static const float STORE_HOUR[24] = {
    [10] = 3, [11] = 5, [12] = 6, [13] = 6, [14] = 6, [15] = 7, [16] = 8, [17] = 9, [18] = 7, [19] = 3};
static const float CALL_HOUR[24] = {
    [8] = 4, [9] = 7, [10] = 8, [11] = 7, [12] = 5, [13] = 5, [14] = 6, [15] = 6, [16] = 6, [17] = 5, [18] = 3, [19] = 2};

// Both by the civil-calendar arithmetic that counts years from March, so that the leap day is the year's last.
int calendar_day_number(int year, int month, int day) {
  int y = month <= 2 ? year - 1 : year;
  int era = y / 400, year_of_era = y - era * 400;
  int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

void calendar_date(int day_number, int *year, int *month, int *day) {
  int z = day_number + 719468, era = z / 146097, day_of_era = z - era * 146097;
  int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int m = (5 * day_of_year + 2) / 153;
  *day = day_of_year - (153 * m + 2) / 5 + 1;
  *month = m < 10 ? m + 3 : m - 9;
  *year = year_of_era + era * 400 + (*month <= 2);
}

static int weekday_of(int day_number) {
  return (day_number + 3) % 7;
} // 1970-01-01 was a Thursday

static int last_sunday(int year, int month) {
  int day = calendar_day_number(year, month, 31); // March and October only
  return day - (weekday_of(day) + 1) % 7;
}

// Minutes east of UTC at a local midnight: summer time from the day after March's last Sunday to October's itself.
static gint64 offset_ms(int day_number) {
  int year, month, day;
  calendar_date(day_number, &year, &month, &day);
  gboolean summer = day_number > last_sunday(year, 3) && day_number <= last_sunday(year, 10);
  return (summer ? 2 : 1) * MS_HOUR;
}

static int black_friday(int year) { // the day after November's fourth Thursday
  int first = calendar_day_number(year, 11, 1);
  return first + (3 - weekday_of(first) + 7) % 7 + 22;
}

static float day_weight(int number) {
  int year, month, day;
  calendar_date(number, &year, &month, &day);
  float weight = MONTH[month - 1] * WEEKDAY[weekday_of(number)];
  int friday = black_friday(year);
  if (number >= friday - 4 && number <= friday + 3)
    weight *= number == friday || number == friday + 3 ? 3.4f : 2.1f;
  if (month == 12 && day <= 18)
    weight *= 1.25f;
  if (month == 12 && day >= 23 && day <= 26)
    weight *= .45f;
  if (month == 12 && day >= 27)
    weight *= 1.15f;
  return weight;
}

void calendar_init(Calendar *calendar, int until_day, guint n_days) {
  g_assert(n_days >= 1 && n_days <= CALENDAR_DAYS_MAX);
  calendar->n_days = n_days;
  calendar->first_day = until_day - (int)n_days;
  double total = 0;
  for (guint i = 0; i < n_days + CALENDAR_MARGIN; i++) {
    int number = calendar->first_day + (int)i;
    calendar->start_ms[i] = number * MS_DAY - offset_ms(number);
    calendar->weight[i] = day_weight(number);
    if (i < n_days)
      total += calendar->weight[i];
  }
  calendar->start_ms[n_days + CALENDAR_MARGIN] = calendar->start_ms[n_days + CALENDAR_MARGIN - 1] + MS_DAY;
  calendar->cumulative[0] = 0;
  for (guint i = 0; i < n_days; i++)
    calendar->cumulative[i + 1] = calendar->cumulative[i] + calendar->weight[i] / total;
  calendar->from_ms = calendar->start_ms[0];
  calendar->until_ms = calendar->start_ms[n_days];
}

guint calendar_day(const Calendar *calendar, gint64 time_ms) {
  gint64 guess = CLAMP((time_ms - calendar->start_ms[0]) / MS_DAY, 0, (gint64)calendar->n_days + CALENDAR_MARGIN - 1);
  guint day = (guint)guess;
  if (time_ms < calendar->start_ms[day] && day > 0)
    return day - 1;
  return time_ms >= calendar->start_ms[day + 1] && day + 1 < calendar->n_days + CALENDAR_MARGIN ? day + 1 : day;
}

guint calendar_pick_day(const Calendar *calendar, double unit) {
  guint low = 0, high = calendar->n_days;
  while (high - low > 1) {
    guint middle = (low + high) / 2;
    if (calendar->cumulative[middle] <= unit)
      low = middle;
    else
      high = middle;
  }
  return low;
}

guint calendar_weekday(const Calendar *calendar, guint day) {
  return (guint)weekday_of(calendar->first_day + (int)day);
}

static int month_of(const Calendar *calendar, guint day, int *year, int *day_of_month) {
  int month;
  calendar_date(calendar->first_day + (int)day, year, &month, day_of_month);
  return month;
}

guint calendar_season(const Calendar *calendar, guint day) {
  int year, d, month = month_of(calendar, day, &year, &d);
  return (guint)((month + 9) % 12 / 3);
}

gboolean calendar_black_week(const Calendar *calendar, guint day) {
  int away = calendar->first_day + (int)day - black_friday(calendar_year(calendar, day));
  return away >= -4 && away <= 3;
}

gboolean calendar_christmas(const Calendar *calendar, guint day) {
  int year, d, month = month_of(calendar, day, &year, &d);
  return month == 12 && d <= 22;
}

int calendar_year(const Calendar *calendar, guint day) {
  int year, d;
  month_of(calendar, day, &year, &d);
  return year;
}

guint calendar_month(const Calendar *calendar, guint day) {
  int year, d, first_year, month = month_of(calendar, day, &year, &d), first = month_of(calendar, 0, &first_year, &d);
  return (guint)((year - first_year) * 12 + month - first);
}

guint calendar_week(const Calendar *calendar, guint day) {
  int number = calendar->first_day + (int)day, thursday = number - weekday_of(number) + 3, year, month, d;
  calendar_date(thursday, &year, &month, &d);
  return (guint)((thursday - calendar_day_number(year, 1, 1)) / 7 + 1);
}

gint64 calendar_at(const Calendar *calendar, guint day, gint64 ms_of_day) {
  return calendar->start_ms[day] + ms_of_day;
}

gint64 calendar_moment(const Calendar *calendar, guint day, Hours hours, Random *random) {
  guint last = calendar->n_days + CALENDAR_MARGIN - 2;
  day = MIN(day, last);
  if (hours != HOURS_WEB && calendar_weekday(calendar, day) == 6)
    day++;
  const float *custom = hours == HOURS_WEB ? WEB_HOUR : hours == HOURS_STORE ? STORE_HOUR : CALL_HOUR;
  gint64 hour = random_pick(random, custom, 24);
  return calendar_at(calendar, day, hour * MS_HOUR + random_between(random, 0, MS_HOUR));
}
