// SPDX-License-Identifier: Apache-2.0
// A row an event, in the order of the index: by person, then time.
#include "analysis/bits.h"
#include "exchange/sql_table.h"

#define EVENT .at = offsetof(SqlRow, event)

static const SqlColumn columns[] = {
    {"time", SQL_TIME, SQL_OF_TIME, EVENT, .help = "when it happened"},
    {"person", SQL_TEXT, SQL_OF_PERSON, .help = "id of the person, 16 hex digits; NULL: nobody is known"},
    {"event", SQL_ENUM, SQL_OF_FIELD, EVENT, SQL_EVENT, "event", .help = "its name"},
    {"channel", SQL_ENUM, SQL_OF_FIELD, EVENT, SQL_CHANNEL, "channel", .help = "in a visit: the visit's"},
    {"touchpoint", SQL_ENUM, SQL_OF_TOUCHPOINT, EVENT, SQL_TOUCHPOINT, .derived = TRUE,
     .help = "as the project names it, else channel / event"},
    {"source", SQL_TEXT, SQL_OF_FIELD, EVENT, .field = "source", .help = "campaign source, as in utm_source"},
    {"medium", SQL_TEXT, SQL_OF_FIELD, EVENT, .field = "medium", .help = "campaign medium"},
    {"campaign", SQL_TEXT, SQL_OF_FIELD, EVENT, .field = "campaign", .help = "campaign name"},
    {"content", SQL_TEXT, SQL_OF_FIELD, EVENT, .field = "content", .help = "campaign content"},
    {"term", SQL_TEXT, SQL_OF_FIELD, EVENT, .field = "term", .help = "search term"},
    {"place", SQL_TEXT, SQL_OF_FIELD, EVENT, .field = "place", .help = "where it was sold: web, app, store, ..."},
    {"value", SQL_MONEY, SQL_OF_VALUE, EVENT, .help = "amount as stated, in `currency`"},
    {"currency", SQL_TEXT, SQL_OF_FIELD, EVENT, .field = "currency", .help = "of the value; the project's where none was stated"},
    {"cost", SQL_MONEY, SQL_OF_FIELD, EVENT, .field = "cost", .help = "of advertising, in the project's currency"},
    {"score", SQL_DOUBLE, SQL_OF_FIELD, EVENT, .field = "score", .help = "of a rating"},
    {"order_id", SQL_TEXT, SQL_OF_FIELD, EVENT, .field = "order", .help = "the order that it names"},
    {"initiator", SQL_ENUM, SQL_OF_FIELD, EVENT, SQL_INITIATOR, "initiator",
     .help = "customer, company, system: as conditions have it"},
    {"grade", SQL_ENUM, SQL_OF_FIELD, EVENT, SQL_GRADE, "grade", .help = "how close a touch came, closest first; NULL: no touch"},
    {"touch", SQL_BOOLEAN, SQL_OF_TOUCH, EVENT, .derived = TRUE, .help = "by customer or company, by the project's rules"},
    {"visit", SQL_BIGINT, SQL_OF_VISIT, EVENT, .help = "number of the visit within the person; NULL: in none"},
    {"journey", SQL_BIGINT, SQL_OF_JOURNEY, EVENT, .derived = TRUE,
     .help = "number of the journey within the person; NULL: in none"},
    {"stage", SQL_ENUM, SQL_OF_STAGE, EVENT, SQL_STAGE, .derived = TRUE, .help = "the journey's stage after it"},
    {"tail", SQL_BOOLEAN, SQL_OF_TAIL, EVENT, .derived = TRUE, .help = "in the journey's tail, after its end"},
    {"origin", SQL_ENUM, SQL_OF_SOURCE, EVENT, SQL_ORIGIN, .help = "the source that sent it (--source of an import)"},
    {"kind", SQL_ENUM, SQL_OF_FIELD, EVENT, SQL_KIND, "kind", .help = "of that source: web, app, server, file"},
    {"id", SQL_TEXT, SQL_OF_FIELD, EVENT, .field = "id", .help = "its own id"},
    {"arrival", SQL_BIGINT, SQL_OF_ARRIVAL, EVENT, .help = "arrival number: unique; orders events of one time"},
    {"properties", SQL_JSON, SQL_OF_PROPERTIES, EVENT, .help = "all properties as one JSON object; costs a column a property"},
    {NULL},
};

static gboolean rows(SqlBlock *block, GError **error) {
  const Block *data = block->data;
  (void)error;
  for (guint32 p = 0; p < data->n_persons; p++)
    for (guint32 e = data->person_start[p]; e < data->person_start[p + 1]; e++) {
      SqlRow row = {p, e};
      if (sql_sees(block, e))
        g_array_append_val(block->rows, row);
    }
  return TRUE;
}

const SqlTable sql_events = {.name = "events",
                             .help = "What happened: a row an event. events(properties := ['total', 'sku']) adds columns of text.",
                             .columns = columns,
                             .row_size = sizeof(SqlRow),
                             .nobody = TRUE,
                             .rows = rows,
                             .takes_properties = TRUE};
