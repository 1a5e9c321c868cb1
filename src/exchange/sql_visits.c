// SPDX-License-Identifier: Apache-2.0
// A row a visit. Visits of one person on two devices may overlap, so a person's visits are gathered by number.
#include "exchange/sql_table.h"
#include <string.h>

typedef struct {
  guint32 person, event, last, unused;
  gint64 visit, started, ended, events, touches, journey, conversions, value, net_value;
} Visit;

#define AT(member) .at = offsetof(Visit, member)

static const SqlColumn columns[] = {
    {"person", SQL_TEXT, SQL_OF_PERSON, .help = "id of the person"},
    {"visit", SQL_BIGINT, SQL_OF_ROW, AT(visit), .help = "number within the person, as in events"},
    {"started", SQL_TIME, SQL_OF_ROW, AT(started), .help = "time of its first event"},
    {"ended", SQL_TIME, SQL_OF_ROW, AT(ended), .help = "time of its last event"},
    {"events", SQL_BIGINT, SQL_OF_ROW, AT(events), .help = "how many events"},
    {"touches", SQL_BIGINT, SQL_OF_ROW, AT(touches), .derived = TRUE, .help = "how many of them are touches"},
    {"channel", SQL_ENUM, SQL_OF_FIELD, AT(event), SQL_CHANNEL, "channel", .help = "of its first event, and so of the visit"},
    {"source", SQL_TEXT, SQL_OF_FIELD, AT(event), .field = "source", .help = "campaign source of its first event"},
    {"medium", SQL_TEXT, SQL_OF_FIELD, AT(event), .field = "medium", .help = "campaign medium"},
    {"campaign", SQL_TEXT, SQL_OF_FIELD, AT(event), .field = "campaign", .help = "campaign name"},
    {"first_event", SQL_ENUM, SQL_OF_FIELD, AT(event), SQL_EVENT, "event", .help = "name of its first event"},
    {"last_event", SQL_ENUM, SQL_OF_FIELD, AT(last), SQL_EVENT, "event", .help = "name of its last event"},
    {"journey", SQL_BIGINT, SQL_OF_ROW, AT(journey), .derived = TRUE, .help = "number of the journey that its first touch is in"},
    {"conversions", SQL_BIGINT, SQL_OF_ROW, AT(conversions), .derived = TRUE, .help = "of any goal"},
    {"value", SQL_MONEY, SQL_OF_ROW, AT(value), .derived = TRUE, .help = "of these, gross, in the project's currency"},
    {"net_value", SQL_MONEY, SQL_OF_ROW, AT(net_value), .derived = TRUE, .help = "after returns and cancellations"},
    {NULL},
};

/* The row of a visit of the person at hand; `first` is the person's first row. */
static Visit *visit_row(SqlBlock *block, GArray *places, guint first, guint32 visit) {
  if (visit >= places->len)
    g_array_set_size(places, visit + 1);
  guint32 *place = &g_array_index(places, guint32, visit);
  if (*place == 0) {
    Visit fresh = {.visit = visit, .journey = SQL_NULL, .event = SQL_NO_EVENT};
    g_array_append_val(block->rows, fresh);
    *place = block->rows->len - first;
  }
  return &g_array_index(block->rows, Visit, first + *place - 1);
}

static void add_event(SqlBlock *block, Visit *row, guint32 person, guint32 event) {
  const Derived *derived = block->derived;
  row->ended = block_time_ms(block->data, event);
  row->last = event;
  row->events++;
  if (row->event == SQL_NO_EVENT) {
    row->person = person;
    row->event = event;
    row->started = row->ended;
  }
  if (!derived)
    return;
  row->touches += bit_at(derived->touch, event);
  if (row->journey == SQL_NULL && derived->event_journey[event])
    row->journey = derived->journeys[derived->event_journey[event] - 1].number;
}

static void add_conversions(SqlBlock *block, GArray *places, guint first, guint32 person) {
  const Derived *derived = block->derived;
  for (guint32 c = derived->person_conversions[person]; c < derived->person_conversions[person + 1]; c++) {
    const Conversion *conversion = &derived->conversions[c];
    if (!conversion->visit || conversion->visit >= places->len || !g_array_index(places, guint32, conversion->visit))
      continue;
    Visit *row = visit_row(block, places, first, conversion->visit);
    row->conversions++;
    row->value += conversion->value;
    row->net_value += conversion->net_value;
  }
}

static gboolean rows(SqlBlock *block, GError **error) {
  const Block *data = block->data;
  g_autoptr(GArray) places = g_array_new(FALSE, TRUE, sizeof(guint32)); /* of a visit's row + 1, from the person's first */
  (void)error;
  for (guint32 p = 0; p < data->n_persons; p++) {
    guint first = block->rows->len;
    g_array_set_size(places, 0);
    for (guint32 e = data->person_start[p]; e < data->person_start[p + 1]; e++) {
      guint32 visit = codes_at(&data->visit, e);
      if (visit && sql_sees(block, e))
        add_event(block, visit_row(block, places, first, visit), p, e);
    }
    if (block->derived)
      add_conversions(block, places, first, p);
  }
  return TRUE;
}

const SqlTable sql_visits = {.name = "visits",
                             .help = "Web and app visits: a row a visit. Its events are those of the same person and visit.",
                             .columns = columns,
                             .row_size = sizeof(Visit),
                             .rows = rows};
