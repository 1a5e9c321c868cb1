/* SPDX-License-Identifier: Apache-2.0
 * calendar.h: the simulated period day by day in German local time: seasons, Black week, Christmas, weekends,
 * opening hours. Immutable after calendar_init; knows the EU's summer time itself, so that no machine's
 * time zone files change a byte. */
#pragma once
#include "simulate/random.h"

enum { CALENDAR_DAYS_MAX = 3660, CALENDAR_MONTHS = 136, CALENDAR_MARGIN = 400 /* days known beyond the end */ };
typedef enum { HOURS_WEB, HOURS_STORE, HOURS_CALLS } Hours;

typedef struct {
  gint64 from_ms, until_ms; /* half-open */
  guint n_days;
  int first_day;                                            /* since 1970 */
  gint64 start_ms[CALENDAR_DAYS_MAX + CALENDAR_MARGIN + 1]; /* UTC of each local midnight */
  float weight[CALENDAR_DAYS_MAX + CALENDAR_MARGIN];        /* how much happens on that day, mean about 1 */
  double cumulative[CALENDAR_DAYS_MAX + 1];                 /* of weight, up to 1 */
} Calendar;

/* Whole days: the last is the day before `until_day` (days since 1970). */
void calendar_init(Calendar *calendar, int until_day, guint n_days);

guint calendar_day(const Calendar *calendar, gint64 time_ms);   /* index of the local day, clamped */
guint calendar_pick_day(const Calendar *calendar, double unit); /* in proportion to the weights */
guint calendar_weekday(const Calendar *calendar, guint day);    /* 0 Monday */
guint calendar_season(const Calendar *calendar, guint day);     /* 0 spring .. 3 winter */
gboolean calendar_black_week(const Calendar *calendar, guint day);
gboolean calendar_christmas(const Calendar *calendar, guint day); /* the shopping weeks before it */
guint calendar_month(const Calendar *calendar, guint day);        /* counted from the period's first */
int calendar_year(const Calendar *calendar, guint day);
guint calendar_week(const Calendar *calendar, guint day); /* ISO week of the year */
gint64 calendar_at(const Calendar *calendar, guint day, gint64 ms_of_day);

/* An instant of that day, or of the next one on which somebody is there, by the hour's custom. */
gint64 calendar_moment(const Calendar *calendar, guint day, Hours hours, Random *random);

/* Days since 1970 of a Gregorian date and back. */
int calendar_day_number(int year, int month, int day);
void calendar_date(int day_number, int *year, int *month, int *day);
