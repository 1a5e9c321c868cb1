// SPDX-License-Identifier: Apache-2.0
// Both formats say the same: each line of JSON, read as the wire reads it, has what the CSV line has.
#include "simulate/row_json.h"
#include "simulate/life.h"
#include "wire/segment.h"
#include <string.h>

typedef struct {
  Spaces *spaces;
  HashKey key;
  Segment *segment;
  World *world;
} Setup;

static Setup setup(void) {
  Setup s = {.spaces = spaces_new(), .world = world_new(3, calendar_day_number(2026, 1, 1), 731, 1)};
  DoorOptions options = {.spaces = s.spaces, .key = &s.key};
  s.segment = segment_new(&options, NULL, EVENT_SIZE_MAX);
  return s;
}

static void teardown(Setup *s) {
  segment_free(s->segment);
  spaces_free(s->spaces);
  world_free(s->world);
}

static guint shown(const Row *row) {
  guint n = 0;
  for (guint bits = row->shows; bits; bits &= bits - 1)
    n++;
  return n;
}

// The cell of a CSV line; commas inside quotes are none of ours up to `column`.
static Text csv_cell(const char *line, guint column) {
  for (guint i = 0; i < column; i++)
    line = strchr(line, ',') + 1;
  return (Text){line, (guint32)strcspn(line, ",\n")};
}

static Text property_of(const Event *event, const char *key) {
  for (guint i = 0; i < event->n_properties; i++)
    if (text_is(event->properties[i].key, key))
      return event->properties[i].text;
  return (Text){0};
}

static void check_row(Setup *s, const Row *row, Event *event) {
  char json[ROW_TEXT_MAX], csv[ROW_TEXT_MAX];
  gsize size = (gsize)(row_json_write(s->world, row, json) - json);
  *row_csv_write(s->world, row, csv) = 0;
  g_assert_cmpuint(size, <, ROW_TEXT_MAX);
  g_assert_cmpuint(strlen(csv), <, ROW_TEXT_MAX);
  const char *why = NULL;
  gboolean read = segment_read(s->segment, (Text){json, (guint32)size}, &(SegmentTimes){0}, event, &why);
  if (!read)
    g_test_message("%s: %.*s", why, (int)size, json);
  g_assert_true(read);
  g_assert_cmpint(event->time_ms, ==, row->time_ms);
  g_assert_true(text_equal(event->name, csv_cell(csv, 1)));
  g_assert_true(text_equal(event->id, csv_cell(csv, 20)));
  if (row->channel)
    g_assert_true(text_equal(event->channel, csv_cell(csv, 8)));
  g_assert_cmpuint(event->n_identifiers, ==, shown(row));
  g_assert_true(text_equal(property_of(event, "order"), csv_cell(csv, 18)));
  g_assert_true(text_equal(property_of(event, "campaign"), csv_cell(csv, 11)));
  g_assert_true(text_equal(property_of(event, "score"), csv_cell(csv, 19)));
  g_assert_cmpint(event->has_value, ==, csv_cell(csv, 15).size > 0);
  if (event->has_value)
    g_assert_cmpint(event->value_micro, ==, (gint64)row->cents * 10000);
}

static void json_says_what_csv_says(void) {
  Setup s = setup();
  g_autofree Truth *truth = g_new0(Truth, 1);
  g_autofree Event *event = g_new(Event, 1);
  Life life;
  life_init(&life, s.world, truth);
  guint kinds[ROW_KINDS] = {0};
  for (guint32 person = 0; person < 3000; person++) {
    life_simulate(&life, person);
    for (guint i = 0; i < life.n_rows; i++) {
      kinds[life.rows[i].kind]++;
      check_row(&s, &life.rows[i], event);
    }
  }
  for (guint i = 0; i < ROW_COSTED; i++) // bills belong to nobody
    g_assert_cmpuint(kinds[i], >, 0);
  life_clear(&life);
  teardown(&s);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/row_json/JSON says what CSV says, for every kind of event", json_says_what_csv_says);
  return g_test_run();
}
