// SPDX-License-Identifier: Apache-2.0
// A row a journey, as the report journeys counts them.
#include "exchange/sql_table.h"

typedef struct {
  guint32 person, event, last, unused;
  gint64 journey, state, started, ended, active, touches, tail, first_stage, stage, again, goal, value, net_value;
} Row;

#define AT(member) .at = offsetof(Row, member)

static const SqlColumn columns[] = {
    {"person", SQL_TEXT, SQL_OF_PERSON, .help = "id of the person"},
    {"journey", SQL_BIGINT, SQL_OF_ROW, AT(journey), .help = "number within the person, as in events"},
    {"state", SQL_ENUM, SQL_OF_ROW, AT(state), SQL_STATE, .help = "open, converted, abandoned or service"},
    {"started", SQL_TIME, SQL_OF_ROW, AT(started), .help = "time of its first touch"},
    {"ended", SQL_TIME, SQL_OF_ROW, AT(ended), .help = "time of its last touch or conversion before the tail"},
    {"active", SQL_TIME, SQL_OF_ROW, AT(active), .help = "the last customer's touch, which inactivity counts from"},
    {"touches", SQL_BIGINT, SQL_OF_ROW, AT(touches), .help = "before the tail, the company's too"},
    {"tail", SQL_BIGINT, SQL_OF_ROW, AT(tail), .help = "events after its end that belong to it"},
    {"first_stage", SQL_ENUM, SQL_OF_ROW, AT(first_stage), SQL_STAGE, .help = "where it began"},
    {"stage", SQL_ENUM, SQL_OF_ROW, AT(stage), SQL_STAGE, .help = "where it stands, its tail counted"},
    {"again", SQL_BOOLEAN, SQL_OF_ROW, AT(again), .help = "the person had converted before it began"},
    {"goal", SQL_ENUM, SQL_OF_ROW, AT(goal), SQL_GOAL, .help = "of the conversion that closed it; NULL: none did"},
    {"value", SQL_MONEY, SQL_OF_ROW, AT(value), .help = "of that conversion, gross, in the project's currency"},
    {"net_value", SQL_MONEY, SQL_OF_ROW, AT(net_value), .help = "after returns and cancellations"},
    {"first_event", SQL_ENUM, SQL_OF_FIELD, AT(event), SQL_EVENT, "event", .help = "name of its first event"},
    {"first_channel", SQL_ENUM, SQL_OF_FIELD, AT(event), SQL_CHANNEL, "channel", .help = "channel of its first event"},
    {"first_touchpoint", SQL_ENUM, SQL_OF_TOUCHPOINT, AT(event), SQL_TOUCHPOINT, .help = "touchpoint of its first event"},
    {"last_event", SQL_ENUM, SQL_OF_FIELD, AT(last), SQL_EVENT, "event", .help = "of its last event before the tail"},
    {"last_channel", SQL_ENUM, SQL_OF_FIELD, AT(last), SQL_CHANNEL, "channel", .help = "of that event"},
    {"last_touchpoint", SQL_ENUM, SQL_OF_TOUCHPOINT, AT(last), SQL_TOUCHPOINT, .help = "of that event"},
    {NULL},
};

static gboolean rows(SqlBlock *block, GError **error) {
  const Derived *derived = block->derived;
  (void)error;
  for (guint32 j = 0; j < derived->person_journeys[derived->n_persons]; j++) {
    const Journey *journey = &derived->journeys[j];
    const Conversion *closing = journey->conversion == G_MAXUINT32 ? NULL : &derived->conversions[journey->conversion];
    Row row = {.person = journey->person,
               .event = journey->first_event,
               .last = journey->last_event,
               .journey = journey->number,
               .state = journey->state,
               .started = journey->start_ms,
               .ended = journey->end_ms,
               .active = journey->active_ms,
               .touches = journey->n_touches,
               .tail = journey->n_tail,
               .first_stage = journey->first_stage,
               .stage = journey->stage,
               .again = journey->again,
               .goal = closing ? closing->goal : SQL_NULL,
               .value = closing ? closing->value : SQL_NULL,
               .net_value = closing ? closing->net_value : SQL_NULL};
    g_array_append_val(block->rows, row);
  }
  return TRUE;
}

const SqlTable sql_journeys = {.name = "journeys",
                               .help = "Journeys: a row from a customer's first touch to conversion or abandonment.",
                               .columns = columns,
                               .row_size = sizeof(Row),
                               .derived = TRUE,
                               .rows = rows};
