// SPDX-License-Identifier: Apache-2.0
// Whatever the text: an instant in range that its own text names again, or a reason; in UTC and in a zone
// with daylight saving.
#include "base/clock.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(Text text, const Zone *zone) {
  const char *why = NULL;
  gint64 instant = -1, again = -1;
  if (!clock_parse(text, zone, &instant, &why)) {
    g_assert_nonnull(why);
    g_assert_cmpint(instant, ==, -1);
    return;
  }
  g_assert_true(instant >= TIME_MS_MIN && instant < TIME_MS_MAX);
  g_autofree char *shown = clock_text(instant);
  g_assert_true(clock_parse(text_of(shown), zone, &again, &why));
  g_assert_cmpint(again, ==, instant);
}

static void check_duration(const char *text) {
  gint64 ms = 0;
  if (duration_parse(text, &ms, NULL))
    g_assert_true(ms > 0 && ms <= 36525 * MS_DAY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *exact = g_memdup2(data, size); /* so that a read past the end is found */
  g_autofree char *terminated = g_strndup((const char *)data, size);
  static Zone *zone; /* its table takes longer than everything else here */
  if (zone == NULL)
    zone = zone_new("Europe/Berlin", NULL);
  Text text = {exact, (guint32)size};
  check(text, NULL);
  check(text, zone);
  check_duration(terminated);
  return 0;
}
