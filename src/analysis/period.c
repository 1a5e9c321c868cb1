// SPDX-License-Identifier: Apache-2.0
#include "analysis/period.h"

/* A local day, or a local day and time where the instant is not the beginning of one. The end of a period is the last day
 * that counts. */
static char *end_text(const Zone *zone, gint64 instant_ms, gboolean last) {
  gboolean whole = zone_day_start(zone, instant_ms) == instant_ms;
  gint64 shown_ms = whole && last ? instant_ms - 1 : instant_ms;
  g_autoptr(GDateTime) local = g_date_time_new_from_unix_utc(shown_ms / MS_SECOND + zone_offset_s(zone, shown_ms));
  return local ? g_date_time_format(local, whole ? "%Y-%m-%d" : "%Y-%m-%d %H:%M:%S") : g_strdup("?");
}

char *period_text(const Question *question, Language language) {
  static const char *const patterns[4][2] = {
      {"all time", "gesamter Zeitraum"}, {"since %s", "seit %s"}, {"until %s", "bis %s"}, {"%s to %s", "%s bis %s"}};
  gboolean begins = question->from_ms != G_MININT64, ends = question->to_ms != G_MAXINT64;
  g_autofree char *from = begins ? end_text(question->zone, question->from_ms, FALSE) : NULL;
  g_autofree char *to = ends ? end_text(question->zone, question->to_ms, TRUE) : NULL;
  g_auto(GStrv) parts = g_strsplit(patterns[(begins ? 1 : 0) + (ends ? 2 : 0)][language], "%s", 3);
  if (begins && ends)
    return g_strconcat(from, parts[1], to, NULL);
  return g_strconcat(parts[0], begins ? from : ends ? to : NULL, NULL);
}
