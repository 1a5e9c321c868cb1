// SPDX-License-Identifier: Apache-2.0
// Whatever the JSON: an event whose every text is UTF-8 and within its limits, or a reason. The first byte
// chooses what kind of source it comes from.
#include "wire/segment.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(Text text) {
  g_assert_true(utf8_valid(text.at, text.size));
}

static void check_event(const Event *event) {
  g_assert_true(event->time_ms >= TIME_MS_MIN && event->time_ms < TIME_MS_MAX);
  g_assert_true(event->name.size > 0 && event->name.size <= EVENT_NAME_MAX && event->channel.size > 0);
  g_assert_true(event->n_identifiers <= EVENT_IDENTIFIERS_MAX && event->n_properties <= EVENT_PROPERTIES_MAX);
  g_assert_true(event->touch == (event->grade != GRADE_NONE));
  const Text texts[] = {event->id, event->name, event->channel, event->touchpoint, event->campaign_mark, event->currency};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    check_text(texts[i]);
  for (guint i = 0; i < event->n_identifiers; i++)
    g_assert_true(event->identifiers[i].value.size > 0 && event->identifiers[i].value.size <= IDENTIFIER_SIZE_MAX);
  for (guint i = 0; i < event->n_properties; i++) {
    check_text(event->properties[i].key);
    check_text(event->properties[i].text);
    for (guint k = 0; k < i; k++)
      g_assert_false(text_equal(event->properties[i].key, event->properties[k].key));
  }
}

static Segment *open_segment(guint kind) {
  static const HashKey key = {{1}};
  static const char *const pairs[][2] = {{"person", "u"}, {"time", "t"}, {"event", "e"},
                                         {"value", "v"},  {"url", "w"},  {"cost", "c"}};
  Spaces *spaces = spaces_new();
  DoorOptions options = {.spaces = spaces, .key = &key, .web = kind & 1, .aliases = kind & 2};
  Mapping *mapping = kind & 4 ? mapping_new(spaces) : NULL;
  for (guint i = 0; mapping && i < G_N_ELEMENTS(pairs); i++)
    g_assert_true(mapping_map(mapping, pairs[i][0], pairs[i][1], NULL));
  return segment_new(&options, mapping, 1 << 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  static Segment *segments[8]; /* one a kind, kept as a server keeps them */
  static Event event[1];
  Segment **segment = &segments[data[0] & 7];
  if (*segment == NULL)
    *segment = open_segment(data[0] & 7);
  g_autofree char *exact = g_memdup2(data + 1, size - 1);
  SegmentTimes times = {data[0] & 8 ? 1766577600000 : 0, data[0] & 16 ? 1766577500000 : 0};
  const char *why = NULL;
  if (segment_read(*segment, (Text){exact, (guint32)(size - 1)}, &times, event, &why))
    check_event(event);
  else
    g_assert_nonnull(why);
  return 0;
}
