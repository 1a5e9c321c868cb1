// SPDX-License-Identifier: Apache-2.0
// A row a conversion of any goal: an order counts once, with its returns. Conversions of nobody have rows too.
#include "exchange/sql_table.h"
#include <string.h>

typedef struct {
  guint32 person, event;
  gint64 goal, number, time, value, net_value, returned_value, provisional, visit, journey, conflicting;
} Row;

#define AT(member) .at = offsetof(Row, member)

static const SqlColumn columns[] = {
    {"time", SQL_TIME, SQL_OF_ROW, AT(time), .help = "when it happened"},
    {"person", SQL_TEXT, SQL_OF_PERSON, .help = "id of the person; NULL: nobody is known"},
    {"goal", SQL_ENUM, SQL_OF_ROW, AT(goal), SQL_GOAL, .help = "name of the goal"},
    {"number", SQL_BIGINT, SQL_OF_ROW, AT(number), .help = "1 for the person's first of this goal; NULL for nobody"},
    {"value", SQL_MONEY, SQL_OF_ROW, AT(value), .help = "gross, in the project's currency"},
    {"net_value", SQL_MONEY, SQL_OF_ROW, AT(net_value), .help = "after returns, cancellations, renewals"},
    {"returned_value", SQL_MONEY, SQL_OF_ROW, AT(returned_value), .help = "what returns and cancellations took of it"},
    {"provisional", SQL_BOOLEAN, SQL_OF_ROW, AT(provisional), .help = "so young that returns may still come (adjustments_within)"},
    {"order_id", SQL_TEXT, SQL_OF_ORDER, AT(event), .goal_at = offsetof(Row, goal),
     .help = "the order that its event names, by the goal's `order`"},
    {"event", SQL_ENUM, SQL_OF_FIELD, AT(event), SQL_EVENT, "event", .help = "name of its event"},
    {"channel", SQL_ENUM, SQL_OF_FIELD, AT(event), SQL_CHANNEL, "channel", .help = "channel of its event"},
    {"touchpoint", SQL_ENUM, SQL_OF_TOUCHPOINT, AT(event), SQL_TOUCHPOINT, .help = "touchpoint of its event"},
    {"place", SQL_TEXT, SQL_OF_FIELD, AT(event), .field = "place", .help = "where it was sold"},
    {"visit", SQL_BIGINT, SQL_OF_ROW, AT(visit), .help = "number of the visit it lies in; NULL: in none"},
    {"journey", SQL_BIGINT, SQL_OF_ROW, AT(journey), .help = "number of the journey it lies in; NULL: in none"},
    {"conflicting", SQL_BOOLEAN, SQL_OF_ROW, AT(conflicting), .help = "another person has a conversion of the same order"},
    {"arrival", SQL_BIGINT, SQL_OF_ARRIVAL, AT(event), .help = "arrival number of its event"},
    {NULL},
};

static gboolean rows(SqlBlock *block, GError **error) {
  const Derived *derived = block->derived;
  guint n_goals = block->question->project->goals->len;
  g_autofree gint64 *numbers = g_new0(gint64, n_goals + 1); /* of each goal, of the person at hand */
  guint32 last = G_MAXUINT32;
  (void)error;
  for (guint32 c = 0; c < derived->person_conversions[derived->n_persons]; c++) {
    const Conversion *conversion = &derived->conversions[c];
    if (conversion->person != last)
      memset(numbers, 0, n_goals * sizeof *numbers);
    last = conversion->person;
    numbers[conversion->goal]++;
    Row row = {.person = conversion->person,
               .event = conversion->event,
               .goal = conversion->goal,
               .number = block->data->unidentified ? SQL_NULL : numbers[conversion->goal],
               .time = conversion->time_ms,
               .value = conversion->value,
               .net_value = conversion->net_value,
               .returned_value = conversion->returned_value,
               .provisional = conversion->provisional,
               .conflicting = conversion->conflicting,
               .visit = conversion->visit ? conversion->visit : SQL_NULL,
               .journey = conversion->journey == G_MAXUINT32 ? SQL_NULL : derived->journeys[conversion->journey].number};
    g_array_append_val(block->rows, row);
  }
  return TRUE;
}

const SqlTable sql_conversions = {.name = "conversions",
                                  .help = "What was hoped for and came: a row a conversion.",
                                  .columns = columns,
                                  .row_size = sizeof(Row),
                                  .nobody = TRUE,
                                  .derived = TRUE,
                                  .rows = rows};
