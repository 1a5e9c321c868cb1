// SPDX-License-Identifier: Apache-2.0
#include "base/wording.h"
#include <math.h>
#include <string.h>

#define NARROW "\u202f"

Language language_of(const char *code) {
  return code && strcmp(code, "de") == 0 ? LANGUAGE_DE : LANGUAGE_EN;
}

char *wording_count(Language language, guint64 count) {
  g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, count);
  gsize n = strlen(digits);
  GString *out = g_string_new(NULL);
  for (gsize i = 0; i < n; i++) {
    if (i && (n - i) % 3 == 0)
      g_string_append_c(out, language == LANGUAGE_DE ? '.' : ',');
    g_string_append_c(out, digits[i]);
  }
  return g_string_free(out, FALSE);
}

char *wording_decimal(Language language, double value, int digits) {
  char format[8], buffer[64];
  g_snprintf(format, sizeof format, "%%.%df", CLAMP(digits, 0, 9));
  char *text = g_strdup(g_ascii_formatd(buffer, sizeof buffer, format, fabs(value)));
  if (language == LANGUAGE_DE)
    g_strdelimit(text, ".", ',');
  if (value >= 0)
    return text;
  char *negative = g_strconcat("−", text, NULL);
  g_free(text);
  return negative;
}

char *wording_share(Language language, double share) {
  if (!isfinite(share))
    return g_strdup("–");
  g_autofree char *number = wording_decimal(language, 100 * share, share > 0 && share < 0.0095 ? 1 : 0);
  return g_strconcat(number, language == LANGUAGE_DE ? NARROW "%" : "%", NULL);
}

typedef struct {
  double ms;
  const char *one[2], *many[2];
} TimeUnit;

static char *duration_in(Language language, double ms, const TimeUnit *units, guint n) {
  if (!isfinite(ms))
    return g_strdup("–");
  guint u = 0;
  while (u + 1 < n && ms < units[u].ms)
    u++;
  double amount = ms / units[u].ms;
  g_autofree char *number = wording_decimal(language, amount, amount < 9.95 && amount != floor(amount) ? 1 : 0);
  return g_strconcat(number, NARROW, (amount == 1 ? units[u].one : units[u].many)[language], NULL);
}

char *wording_duration(Language language, double ms) {
  static const TimeUnit units[] = {{86400e3, {"day", "Tag"}, {"days", "Tage"}},
                                   {3600e3, {"hour", "Stunde"}, {"hours", "Stunden"}},
                                   {60e3, {"minute", "Minute"}, {"minutes", "Minuten"}},
                                   {1e3, {"second", "Sekunde"}, {"seconds", "Sekunden"}}};
  return duration_in(language, ms, units, G_N_ELEMENTS(units));
}

char *wording_duration_short(Language language, double ms) {
  static const TimeUnit units[] = {{86400e3, {"day", "Tag"}, {"days", "Tage"}},
                                   {3600e3, {"h", "Std."}, {"h", "Std."}},
                                   {60e3, {"min", "Min."}, {"min", "Min."}},
                                   {1e3, {"s", "s"}, {"s", "s"}}};
  return duration_in(language, ms, units, G_N_ELEMENTS(units));
}

static const char *sign_of(const char *currency) {
  if (strcmp(currency, "EUR") == 0)
    return "€";
  if (strcmp(currency, "USD") == 0)
    return "$";
  return strcmp(currency, "GBP") == 0 ? "£" : currency;
}

static const struct {
  double size;
  const char *unit[2];
} scales[] = {{1e6, {"m", "Mio." NARROW}}, {1e3, {"k", "T"}}, {1, {"", ""}}};

static guint scale_of(double amount) {
  guint s = 0;
  while (s + 1 < G_N_ELEMENTS(scales) && fabs(amount) < scales[s].size)
    s++;
  return s;
}

static char *money_in(Language language, double amount, guint scale, int digits, const char *currency) {
  g_autofree char *number = wording_decimal(language, amount / scales[scale].size, digits);
  const char *sign = sign_of(currency), *unit = scales[scale].unit[language];
  if (language == LANGUAGE_DE)
    return g_strconcat(number, NARROW, unit, sign, NULL);
  const char *minus = amount < 0 ? "−" : "", *digits_at = number + strlen(minus);
  return g_strconcat(minus, sign, g_ascii_isalpha(*sign) ? NARROW : "", digits_at, unit, NULL);
}

char *wording_money(Language language, double amount, const char *currency) {
  guint scale = scale_of(amount);
  return isfinite(amount) ? money_in(language, amount, scale, scale == 0 ? 2 : 0, currency) : g_strdup("–");
}

char *wording_money_beside(Language language, double amount, double most, const char *currency) {
  guint scale = scale_of(most);
  if (!isfinite(amount))
    return g_strdup("–");
  double told = fabs(amount) / scales[scale].size;
  return money_in(language, amount, scale, scale == 0 ? 2 : scale == 1 && told > 0 && told < 0.95 ? 1 : 0, currency);
}

typedef struct {
  int year, month, day;
} Day;

static Day day_of(const Zone *zone, gint64 ms) {
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(ms / MS_SECOND + zone_offset_s(zone, ms));
  return time ? (Day){g_date_time_get_year(time), g_date_time_get_month(time), g_date_time_get_day_of_month(time)}
              : (Day){1970, 1, 1};
}

/* Without what the later day says already: parts 1 day, 2 and month, 3 and year. */
static char *day_text(Language language, Day day, int parts) {
  static const char *const months[2][12] = {
      {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
      {"Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sep.", "Okt.", "Nov.", "Dez."}};
  g_autoptr(GString) out = g_string_new(NULL);
  g_string_append_printf(out, language == LANGUAGE_DE ? "%d." : "%d", day.day);
  if (parts > 1)
    g_string_append_printf(out, " %s", months[language][day.month - 1]);
  if (parts > 2)
    g_string_append_printf(out, " %d", day.year);
  return g_strdup(out->str);
}

char *wording_period(Language language, const Zone *zone, gint64 from_ms, gint64 to_ms) {
  if (from_ms == G_MININT64 && to_ms == G_MAXINT64)
    return g_strdup(language == LANGUAGE_DE ? "Gesamter Zeitraum" : "All time");
  Day from = from_ms == G_MININT64 ? (Day){0, 0, 0} : day_of(zone, from_ms);
  Day to = to_ms == G_MAXINT64 ? (Day){0, 0, 0} : day_of(zone, to_ms - 1);
  g_autofree char *last = to.year ? day_text(language, to, 3) : NULL;
  if (!from.year)
    return g_strconcat(language == LANGUAGE_DE ? "bis " : "until ", last, NULL);
  if (!to.year) {
    g_autofree char *first = day_text(language, from, 3);
    return g_strconcat(language == LANGUAGE_DE ? "seit " : "since ", first, NULL);
  }
  if (from.year == to.year && from.month == to.month && from.day == to.day)
    return g_steal_pointer(&last);
  gboolean month = from.year == to.year && from.month == to.month;
  g_autofree char *first = day_text(language, from, month ? 1 : from.year == to.year ? 2 : 3);
  return g_strconcat(first, month ? "–" : " – ", last, NULL);
}
