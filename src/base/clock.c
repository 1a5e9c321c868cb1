/* SPDX-License-Identifier: Apache-2.0
 * clock.c: a zone is the list of its periods of constant offset between 1970 and 2106, and an index
 * that says for each 2^22 seconds (48 days) which period it begins in, so that finding the period of
 * an instant is one look-up and at most a step or two.
 *
 *     UTC      |---- period k, offset o(k) ----|---- period k+1, offset o(k+1) ----
 *     local    a civil time belongs to the first period k with  local < end(k) + max(o(k), o(k+1))
 *
 * That one rule is both promises about daylight saving: a civil time inside a gap is read with the offset
 * from before it (02:30 becomes 03:30), one that occurs twice means the first. */
#include "base/clock.h"

#include "base/error.h"
#include <stdlib.h>
#include <time.h>

enum { BUCKET_BITS = 22, PERIODS_MAX = 4096 };
#define TABLE_START_S G_GINT64_CONSTANT(0)
#define TABLE_END_S (TIME_MS_MAX / MS_SECOND + 2 * 86400)
#define BUCKETS ((guint)(TABLE_END_S >> BUCKET_BITS) + 1)

typedef struct {
  gint64 end_ms;       /* the last period never ends */
  gint64 local_end_ms; /* civil times from here on belong to a later period */
  gint64 offset_ms;
} Period;

struct Zone {
  gatomicrefcount references;
  char *name;
  guint n_periods;
  Period *periods;
  guint16 *buckets; /* period at the beginning of each bucket */
};

/* --- building --------------------------------------------------------------------------------- */

static int interval_at(GTimeZone *source, gint64 second) {
  return g_time_zone_find_interval(source, G_TIME_TYPE_UNIVERSAL, second);
}

/* The first second in (low, high] that lies in another interval than low. */
static gint64 interval_end(GTimeZone *source, gint64 low, gint64 high) {
  int interval = interval_at(source, low);
  while (high - low > 1) {
    gint64 middle = low + (high - low) / 2;
    if (interval_at(source, middle) == interval)
      low = middle;
    else
      high = middle;
  }
  return high;
}

static void add_period(GArray *periods, gint64 end_s, gint64 offset_s) {
  Period period = {end_s * MS_SECOND, 0, offset_s * MS_SECOND};
  Period *last = periods->len ? &g_array_index(periods, Period, periods->len - 1) : NULL;
  if (last && last->offset_ms == period.offset_ms)
    last->end_ms = period.end_ms; /* only the name of the time changed */
  else
    g_array_append_val(periods, period);
}

static void fill_periods(Zone *zone, GTimeZone *source) {
  g_autoptr(GArray) periods = g_array_new(FALSE, FALSE, sizeof(Period));
  gint64 at = TABLE_START_S;
  zone->buckets = g_new(guint16, BUCKETS);
  for (guint i = 0; i < BUCKETS; i++) {
    gint64 bucket_end = (gint64)(i + 1) << BUCKET_BITS;
    while (at < bucket_end && periods->len < PERIODS_MAX) {
      int interval = interval_at(source, at);
      gint64 end = interval_at(source, bucket_end) == interval ? bucket_end : interval_end(source, at, bucket_end);
      add_period(periods, end, g_time_zone_get_offset(source, interval));
      at = end;
    }
  }
  zone->n_periods = periods->len;
  zone->periods = (Period *)(void *)g_array_steal(periods, NULL);
}

static void fill_index(Zone *zone) {
  guint k = 0;
  for (guint i = 0; i < zone->n_periods; i++) {
    Period *period = &zone->periods[i];
    gboolean last = i + 1 == zone->n_periods;
    period->end_ms = last ? G_MAXINT64 : period->end_ms;
    period->local_end_ms = last ? G_MAXINT64 : period->end_ms + MAX(period->offset_ms, period[1].offset_ms);
  }
  for (guint i = 0; i < BUCKETS; i++) {
    gint64 start_ms = ((gint64)i << BUCKET_BITS) * MS_SECOND;
    while (zone->periods[k].end_ms <= start_ms)
      k++;
    zone->buckets[i] = (guint16)k;
  }
}

/* GLib opens a name with a slash in front, or dots, as any file of the machine. */
static gboolean is_zone_name(const char *name) {
  if (*name == '\0' || *name == '/' || strstr(name, "..") || strlen(name) > 64)
    return FALSE;
  for (const char *at = name; *at; at++)
    if (!g_ascii_isalnum(*at) && !strchr("_+-/:", *at))
      return FALSE;
  return TRUE;
}

Zone *zone_new(const char *name, GError **error) {
  g_autoptr(GTimeZone) source = is_zone_name(name) ? g_time_zone_new_identifier(name) : NULL;
  if (source == NULL) {
    error_set(error, ERROR_INVALID, "there is no time zone %s\nhint: write Europe/Berlin, UTC or +01:00", name);
    return NULL;
  }
  Zone *zone = g_new0(Zone, 1);
  g_atomic_ref_count_init(&zone->references);
  zone->name = g_strdup(name);
  fill_periods(zone, source);
  fill_index(zone);
  return zone;
}

Zone *zone_copy(const Zone *zone) {
  Zone *shared = (Zone *)zone;
  g_atomic_ref_count_inc(&shared->references);
  return shared;
}

void zone_free(Zone *zone) {
  if (zone == NULL || !g_atomic_ref_count_dec(&zone->references))
    return;
  g_free(zone->name);
  g_free(zone->periods);
  g_free(zone->buckets);
  g_free(zone);
}

const char *zone_name(const Zone *zone) {
  return zone->name;
}

/* --- civil time ------------------------------------------------------------------------------- */

static guint first_period(const Zone *zone, gint64 ms) {
  gint64 bucket = ms < 0 ? 0 : (ms / MS_SECOND) >> BUCKET_BITS;
  return zone->buckets[MIN(bucket, (gint64)BUCKETS - 1)];
}

static gint64 offset_at(const Zone *zone, gint64 instant_ms) {
  guint k = first_period(zone, instant_ms);
  while (instant_ms >= zone->periods[k].end_ms)
    k++;
  return zone->periods[k].offset_ms;
}

static gint64 instant_of_local(const Zone *zone, gint64 local_ms) {
  guint k = first_period(zone, local_ms - MS_DAY);
  while (local_ms >= zone->periods[k].local_end_ms)
    k++;
  return local_ms - zone->periods[k].offset_ms;
}

/* Days since 1970 of a date of the Gregorian calendar: years are counted from March so that the day that
 * a leap year adds comes last; 153 days are five months in a row whichever those are. */
static gint64 days_of(int year, int month, int day) {
  gint64 y = month <= 2 ? year - 1 : year;
  gint64 era = (y >= 0 ? y : y - 399) / 400;
  gint64 year_of_era = y - era * 400;
  gint64 day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static gint64 floor_day(gint64 ms) {
  return (ms >= 0 ? ms : ms - (MS_DAY - 1)) / MS_DAY;
}

gint64 zone_instant(const Zone *zone, int year, int month, int day, gint64 ms_of_day) {
  return instant_of_local(zone, days_of(year, month, day) * MS_DAY + ms_of_day);
}

gint64 zone_day_start(const Zone *zone, gint64 instant_ms) {
  return instant_of_local(zone, floor_day(instant_ms + offset_at(zone, instant_ms)) * MS_DAY);
}

gint64 zone_day_add(const Zone *zone, gint64 day_start_ms, int days) {
  return instant_of_local(zone, (floor_day(day_start_ms + offset_at(zone, day_start_ms)) + days) * MS_DAY);
}

int zone_offset_s(const Zone *zone, gint64 instant_ms) {
  return (int)(offset_at(zone, instant_ms) / MS_SECOND);
}

/* --- reading instants --------------------------------------------------------------------------- */

static const char *const why_not_a_time = "not a time; write 2025-12-24 18:30:00, 24.12.2025 18:30 or 1766597400 (epoch)";
static const char *const why_impossible_date = "impossible date: the calendar has no such day";
static const char *const why_impossible_time = "impossible time of day";
static const char *const why_offset = "impossible offset from UTC; write Z, +01:00 or +0100";
static const char *const why_range = "outside 1970-01-02 to 2105-12-31; is the unit right?";
static const char *const why_slashes = "day and month cannot be told apart in a date with slashes; write 2025-12-24 or 24.12.2025";
static const char *const why_short_year = "a year of two digits; write all four";
static const char *const why_negative = "a time before 1970";
static const char *const why_epoch_unit = "a number that is no epoch time: 10 digits are seconds, 13 milliseconds, 16 microseconds";

/* A place in the text being read. Digits are compared as unsigned differences from '0'. */
typedef struct {
  const char *at, *end;
} Reader;

static gboolean two_digits(const char *at, int *value) {
  guint tens = (guint)(guint8)at[0] - '0', ones = (guint)(guint8)at[1] - '0';
  *value = (int)(tens * 10 + ones);
  return (tens <= 9) & (ones <= 9);
}

static gboolean take(Reader *reader, char c) {
  if (reader->at == reader->end || *reader->at != c)
    return FALSE;
  reader->at++;
  return TRUE;
}

static gboolean take_two(Reader *reader, int *value) {
  if (reader->end - reader->at < 2 || !two_digits(reader->at, value))
    return FALSE;
  reader->at += 2;
  return TRUE;
}

/* Up to `digits_max` digits; how many there were tells 0 from nothing. */
static guint take_number(Reader *reader, guint digits_max, int *value) {
  guint n = 0;
  for (*value = 0; n < digits_max && reader->at < reader->end && g_ascii_isdigit(*reader->at); n++)
    *value = *value * 10 + (*reader->at++ - '0');
  return n;
}

/* After the point: milliseconds, whatever is finer cut off. */
static gboolean take_fraction(Reader *reader, gint64 *ms) {
  const char *start = reader->at;
  gint64 unit = 100;
  for (; reader->at < reader->end && g_ascii_isdigit(*reader->at); reader->at++) {
    *ms += (*reader->at - '0') * unit;
    unit /= 10;
  }
  return reader->at > start;
}

static gboolean is_date(int year, int month, int day) {
  static const guint8 days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1)
    return FALSE;
  gboolean leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= days[month - 1] + leap;
}

/* HH:MM[:SS[.fraction]]; 24:00 ends a day, a leap second (:60) is the next second. */
static const char *take_time_of_day(Reader *reader, gint64 *ms_of_day) {
  int hour, minute, second = 0;
  gint64 ms = 0;
  if (!take_two(reader, &hour) || !take(reader, ':') || !take_two(reader, &minute))
    return why_not_a_time;
  if (take(reader, ':')) {
    if (!take_two(reader, &second))
      return why_not_a_time;
    if ((take(reader, '.') || take(reader, ',')) && !take_fraction(reader, &ms))
      return why_not_a_time;
  }
  gboolean end_of_day = hour == 24 && minute == 0 && second == 0 && ms == 0;
  if ((hour > 23 && !end_of_day) || minute > 59 || second > 60 || (second == 60 && minute != 59))
    return why_impossible_time;
  *ms_of_day = hour * MS_HOUR + minute * MS_MINUTE + second * MS_SECOND + ms;
  return NULL;
}

/* Z, UTC, GMT, +HH, +HHMM or +HH:MM up to the end of the text; nothing leaves `*given` FALSE. */
static const char *take_offset(Reader *reader, gint64 *offset_ms, gboolean *given) {
  *offset_ms = 0;
  *given = reader->at < reader->end;
  if (!*given)
    return NULL;
  take(reader, ' ');
  gsize left = (gsize)(reader->end - reader->at);
  if ((left == 1 && (*reader->at | 0x20) == 'z') || (left == 3 && (!memcmp(reader->at, "UTC", 3) || !memcmp(reader->at, "GMT", 3))))
    return NULL;
  gboolean minus = left && *reader->at == '-';
  int hours, minutes = 0;
  if (!(take(reader, '+') || take(reader, '-')))
    return why_not_a_time;
  if (!take_two(reader, &hours))
    return why_offset;
  take(reader, ':');
  if (reader->at < reader->end && !take_two(reader, &minutes))
    return why_offset;
  if (reader->at < reader->end || hours > 23 || minutes > 59)
    return why_offset;
  *offset_ms = (hours * MS_HOUR + minutes * MS_MINUTE) * (minus ? -1 : 1);
  return NULL;
}

static const char *in_range(gint64 instant_ms, gint64 *result_ms) {
  if (instant_ms < TIME_MS_MIN || instant_ms >= TIME_MS_MAX)
    return why_range;
  *result_ms = instant_ms;
  return NULL;
}

/* Date, time of day and offset are known to be well formed. */
static const char *combine(int year, int month, int day, gint64 ms_of_day, Reader *reader, const Zone *zone, gint64 *instant_ms) {
  gint64 offset_ms;
  gboolean given;
  const char *why = take_offset(reader, &offset_ms, &given);
  if (why)
    return why;
  if (!is_date(year, month, day))
    return why_impossible_date;
  gint64 local_ms = days_of(year, month, day) * MS_DAY + ms_of_day;
  return in_range(given || zone == NULL ? local_ms - offset_ms : instant_of_local(zone, local_ms), instant_ms);
}

/* 2025-12-24, then a time of day after T or a space. */
static const char *parse_iso(Reader *reader, const Zone *zone, gint64 *instant_ms) {
  const char *at = reader->at;
  int century, year, month, day;
  if (!(two_digits(at, &century) & two_digits(at + 2, &year) & two_digits(at + 5, &month) & two_digits(at + 8, &day)))
    return why_not_a_time;
  reader->at += 10;
  gint64 ms_of_day = 0;
  if (reader->end - reader->at > 1 && (*reader->at == ' ' || (*reader->at | 0x20) == 't')) {
    reader->at++;
    const char *why = take_time_of_day(reader, &ms_of_day);
    if (why)
      return why;
  } else if (reader->at < reader->end) {
    return why_not_a_time;
  }
  return combine(century * 100 + year, month, day, ms_of_day, reader, zone, instant_ms);
}

/* 24.12.2025, then perhaps a comma, and a time of day after a space. */
static const char *parse_german(Reader *reader, const Zone *zone, gint64 *instant_ms) {
  int day, month, year;
  if (!take_number(reader, 2, &day) || !take(reader, '.') || !take_number(reader, 2, &month) || !take(reader, '.'))
    return why_not_a_time;
  guint digits = take_number(reader, 4, &year);
  if (digits != 4)
    return digits == 2 ? why_short_year : why_not_a_time;
  gint64 ms_of_day = 0;
  if (reader->at < reader->end) {
    take(reader, ',');
    const char *why = take(reader, ' ') ? take_time_of_day(reader, &ms_of_day) : why_not_a_time;
    if (why)
      return why;
  }
  return combine(year, month, day, ms_of_day, reader, zone, instant_ms);
}

static int month_of(const char *at) {
  static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
  for (int month = 1; month <= 12; month++)
    if (g_ascii_strncasecmp(names + 3 * (month - 1), at, 3) == 0)
      return month;
  return 0;
}

/* 24/Dec/2025:18:30:00 +0100, as web servers log. */
static const char *parse_log(Reader *reader, const Zone *zone, gint64 *instant_ms) {
  int day, month, year;
  gint64 ms_of_day;
  if (!take_two(reader, &day) || !take(reader, '/') || reader->end - reader->at < 3)
    return why_not_a_time;
  month = month_of(reader->at);
  reader->at += 3;
  if (month == 0 || !take(reader, '/') || take_number(reader, 4, &year) != 4 || !take(reader, ':'))
    return why_not_a_time;
  const char *why = take_time_of_day(reader, &ms_of_day);
  return why ? why : combine(year, month, day, ms_of_day, reader, zone, instant_ms);
}

static const char *parse_epoch(Reader *reader, gint64 *instant_ms) {
  gint64 value = 0, ms = 0;
  const char *start = reader->at;
  for (; reader->at < reader->end && g_ascii_isdigit(*reader->at) && reader->at - start < 17; reader->at++)
    value = value * 10 + (*reader->at - '0');
  gsize digits = (gsize)(reader->at - start);
  gboolean fraction = take(reader, '.');
  gboolean more = reader->at < reader->end && g_ascii_isdigit(*reader->at);
  if ((fraction && !take_fraction(reader, &ms)) || (reader->at < reader->end && !more))
    return why_not_a_time;
  switch (digits) {
  case 10: return in_range(value * MS_SECOND + ms, instant_ms);
  case 13: return in_range(value, instant_ms);
  case 16: return in_range(value / 1000, instant_ms);
  default: return why_epoch_unit;
  }
}

/* Two or three numbers with slashes between them. */
static gboolean has_slashes(Reader reader) {
  int value;
  return take_number(&reader, 4, &value) && take(&reader, '/') && take_number(&reader, 4, &value);
}

static const char *parse_rest(Reader *reader, const Zone *zone, gint64 *instant_ms) {
  const char *at = reader->at;
  gsize size = (gsize)(reader->end - at);
  if (size && (*at == '-' || *at == '+'))
    return size > 1 && g_ascii_isdigit(at[1]) ? (*at == '-' ? why_negative : why_not_a_time) : why_not_a_time;
  if (size >= 6 && (at[1] == '.' || at[2] == '.') && g_ascii_isdigit(*at))
    return parse_german(reader, zone, instant_ms);
  if (size >= 20 && at[2] == '/' && at[6] == '/')
    return parse_log(reader, zone, instant_ms);
  if (has_slashes(*reader))
    return why_slashes;
  if (size && g_ascii_isdigit(*at))
    return parse_epoch(reader, instant_ms);
  return why_not_a_time;
}

gboolean clock_parse(Text text, const Zone *zone, gint64 *instant_ms, const char **why) {
  text = text_some(text);
  Reader reader = {text.at, text.at + text.size};
  while (reader.at < reader.end && *reader.at == ' ')
    reader.at++;
  while (reader.at < reader.end && reader.end[-1] == ' ')
    reader.end--;
  gboolean iso = reader.end - reader.at >= 10 && reader.at[4] == '-' && reader.at[7] == '-';
  const char *refused = iso ? parse_iso(&reader, zone, instant_ms) : parse_rest(&reader, zone, instant_ms);
  if (refused)
    *why = refused;
  return refused == NULL;
}

/* --- durations ---------------------------------------------------------------------------------- */

#define DURATION_MS_MAX (36525 * MS_DAY)

gboolean duration_parse(const char *text, gint64 *duration_ms, GError **error) {
  static const struct {
    const char *name;
    gint64 ms;
  } units[] = {{"ms", 1}, {"s", MS_SECOND}, {"m", MS_MINUTE}, {"h", MS_HOUR}, {"d", MS_DAY}, {"w", MS_WEEK}};
  gsize digits = strspn(text, "0123456789");
  gint64 number = digits > 0 && digits <= 15 ? g_ascii_strtoll(text, NULL, 10) : 0;
  for (guint i = 0; i < G_N_ELEMENTS(units) && digits; i++) {
    if (strcmp(text + digits, units[i].name) != 0)
      continue;
    if (digits > 15 || number > DURATION_MS_MAX / units[i].ms)
      return error_set(error, ERROR_LIMIT, "the duration %s is longer than 100 years", text);
    if (number == 0)
      return error_set(error, ERROR_INVALID, "the duration %s must be longer than nothing", text);
    *duration_ms = number * units[i].ms;
    return TRUE;
  }
  return error_set(error, ERROR_INVALID, "\"%s\" is no duration\nhint: a number and a unit, as in 7d, 12h or 30m (ms s m h d w)",
                   text);
}

/* At most two units, so that it stays readable; a finer rest is cut off. */
char *duration_text(gint64 duration_ms) {
  static const struct {
    const char *name;
    gint64 ms;
  } units[] = {{"d", MS_DAY}, {"h", MS_HOUR}, {"m", MS_MINUTE}, {"s", MS_SECOND}};
  const char *sign = duration_ms < 0 ? "-" : "";
  gint64 ms = duration_ms < 0 ? -duration_ms : duration_ms;
  if (ms < MS_SECOND)
    return g_strdup_printf("%s%" G_GINT64_FORMAT " ms", sign, ms);
  if (ms < MS_MINUTE)
    return ms % MS_SECOND / 100
               ? g_strdup_printf("%s%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT " s", sign, ms / MS_SECOND, ms % MS_SECOND / 100)
               : g_strdup_printf("%s%" G_GINT64_FORMAT " s", sign, ms / MS_SECOND);
  guint i = 0;
  while (ms < units[i].ms)
    i++;
  gint64 rest = ms % units[i].ms / units[i + 1].ms;
  if (rest == 0)
    return g_strdup_printf("%s%" G_GINT64_FORMAT "%s", sign, ms / units[i].ms, units[i].name);
  return g_strdup_printf("%s%" G_GINT64_FORMAT "%s %" G_GINT64_FORMAT "%s", sign, ms / units[i].ms, units[i].name, rest,
                         units[i + 1].name);
}

/* --- now ---------------------------------------------------------------------------------------- */

gboolean clock_check(GError **error) {
  const char *given = g_getenv("ETAPPE_NOW"), *why;
  gint64 now;
  if (given == NULL || clock_parse(text_of(given), NULL, &now, &why))
    return TRUE;
  return error_set(error, ERROR_USAGE, "ETAPPE_NOW is \"%s\": %s", given, why);
}

gint64 clock_now_ms(void) {
  const char *given = g_getenv("ETAPPE_NOW"), *why;
  gint64 now;
  if (given && clock_parse(text_of(given), NULL, &now, &why))
    return now;
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (gint64)time.tv_sec * MS_SECOND + time.tv_nsec / 1000000;
}

/* The inverse of days_of(). */
static void date_of(gint64 days, int *year, int *month, int *day) {
  days += 719468;
  gint64 era = (days >= 0 ? days : days - 146096) / 146097;
  gint64 day_of_era = days - era * 146097;
  gint64 year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  gint64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  gint64 month_from_march = (5 * day_of_year + 2) / 153;
  *day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  *month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

char *clock_text(gint64 instant_ms) {
  int year, month, day;
  gint64 days = floor_day(instant_ms);
  int ms = (int)(instant_ms - days * MS_DAY);
  date_of(days, &year, &month, &day);
  return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day, ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
                         ms % 1000);
}
