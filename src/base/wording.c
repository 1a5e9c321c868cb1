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

char *wording_duration(Language language, double ms) {
  static const struct {
    double ms;
    const char *one[2], *many[2];
  } units[] = {{86400e3, {"day", "Tag"}, {"days", "Tage"}},
               {3600e3, {"hour", "Stunde"}, {"hours", "Stunden"}},
               {60e3, {"minute", "Minute"}, {"minutes", "Minuten"}},
               {1e3, {"second", "Sekunde"}, {"seconds", "Sekunden"}}};
  if (!isfinite(ms))
    return g_strdup("–");
  guint u = 0;
  while (u + 1 < G_N_ELEMENTS(units) && ms < units[u].ms)
    u++;
  double amount = ms / units[u].ms;
  g_autofree char *number = wording_decimal(language, amount, amount < 9.95 && amount != floor(amount) ? 1 : 0);
  return g_strconcat(number, NARROW, (amount == 1 ? units[u].one : units[u].many)[language], NULL);
}

static const char *sign_of(const char *currency) {
  if (strcmp(currency, "EUR") == 0)
    return "€";
  if (strcmp(currency, "USD") == 0)
    return "$";
  return strcmp(currency, "GBP") == 0 ? "£" : currency;
}

char *wording_money(Language language, double amount, const char *currency) {
  static const struct {
    double size;
    const char *unit[2];
  } scales[] = {{1e6, {"m", "Mio." NARROW}}, {1e3, {"k", "T"}}, {1, {"", ""}}};
  if (!isfinite(amount))
    return g_strdup("–");
  guint s = 0;
  while (s + 1 < G_N_ELEMENTS(scales) && fabs(amount) < scales[s].size)
    s++;
  g_autofree char *number = wording_decimal(language, amount / scales[s].size, s == 0 ? 2 : 0);
  const char *sign = sign_of(currency), *unit = scales[s].unit[language];
  if (language == LANGUAGE_DE)
    return g_strconcat(number, NARROW, unit, sign, NULL);
  return strlen(sign) == 3 ? g_strconcat(sign, NARROW, number, unit, NULL) : g_strconcat(sign, number, unit, NULL);
}
