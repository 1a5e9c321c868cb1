// SPDX-License-Identifier: Apache-2.0
// A row a person who has an event that can be seen.
#include "analysis/standing.h"
#include "exchange/plain_ids.h"
#include "exchange/sql_table.h"
#include <string.h>

typedef struct {
  guint32 person, event, last, unused;
  gint64 first_seen, last_seen, events, touches, visits, journeys, conversions, value, net_value, stage, ended, relationship,
      persona;
} Row;

#define AT(member) .at = offsetof(Row, member)
enum { RELATIONSHIP = 14, PERSONA = 15, USER = 16, CRM = 17 }; /* places in `columns` */

static Text user_text(const SqlBlock *block, const SqlRow *row);
static Text crm_text(const SqlBlock *block, const SqlRow *row);

static const SqlColumn columns[] = {
    {"person", SQL_TEXT, SQL_OF_PERSON, .help = "id of the person, 16 hex digits"},
    {"first_seen", SQL_TIME, SQL_OF_ROW, AT(first_seen), .help = "time of the first event"},
    {"last_seen", SQL_TIME, SQL_OF_ROW, AT(last_seen), .help = "time of the last event"},
    {"events", SQL_BIGINT, SQL_OF_ROW, AT(events), .help = "how many events"},
    {"touches", SQL_BIGINT, SQL_OF_ROW, AT(touches), .derived = TRUE, .help = "how many of them are touches"},
    {"visits", SQL_BIGINT, SQL_OF_ROW, AT(visits), .help = "how many visits"},
    {"journeys", SQL_BIGINT, SQL_OF_ROW, AT(journeys), .derived = TRUE, .help = "how many journeys"},
    {"conversions", SQL_BIGINT, SQL_OF_ROW, AT(conversions), .derived = TRUE, .help = "of any goal"},
    {"value", SQL_MONEY, SQL_OF_ROW, AT(value), .derived = TRUE, .help = "of these, gross, in the project's currency"},
    {"net_value", SQL_MONEY, SQL_OF_ROW, AT(net_value), .derived = TRUE, .help = "after returns and cancellations"},
    {"first_channel", SQL_ENUM, SQL_OF_FIELD, AT(event), SQL_CHANNEL, "channel", .help = "channel of the first event"},
    {"last_channel", SQL_ENUM, SQL_OF_FIELD, AT(last), SQL_CHANNEL, "channel", .help = "channel of the last event"},
    {"stage", SQL_ENUM, SQL_OF_ROW, AT(stage), SQL_STAGE, .derived = TRUE, .help = "of the last journey; NULL: none yet"},
    {"ended", SQL_BOOLEAN, SQL_OF_ROW, AT(ended), .derived = TRUE, .help = "that journey was abandoned"},
    [RELATIONSHIP] = {"relationship", SQL_ENUM, SQL_OF_ROW, AT(relationship), SQL_RELATIONSHIP,
                      .help = "the last one in the project file that holds"},
    [PERSONA] = {"persona", SQL_ENUM, SQL_OF_ROW, AT(persona), SQL_PERSONA, .help = "the first one in the project file that holds"},
    [USER] = {"user_id", SQL_TEXT, SQL_OF_TEXT, .text = user_text,
              .help = "your own number of the person, where it is kept readable; costs a pass over the record"},
    [CRM] = {"crm_id", SQL_TEXT, SQL_OF_TEXT, .text = crm_text,
             .help = "the CRM's number, likewise; of several the first that arrived"},
    {NULL},
};

typedef struct {
  Standing *relationship, *persona; /* NULL: not asked for, or none declared */
  PlainIds *ids;                    /* NULL: not asked for */
} Shared;

static Text user_text(const SqlBlock *block, const SqlRow *row) {
  return plain_ids_text(((const Shared *)block->shared)->ids, 0, block->number, row->person);
}

static Text crm_text(const SqlBlock *block, const SqlRow *row) {
  return plain_ids_text(((const Shared *)block->shared)->ids, 1, block->number, row->person);
}

static void shared_free(gpointer data) {
  Shared *shared = data;
  standing_free(shared->relationship);
  standing_free(shared->persona);
  plain_ids_free(shared->ids);
  g_free(shared);
}

static gboolean open_standing(const Question *question, const GPtrArray *rules, const char *field, gboolean wanted, Standing **out,
                              GError **error) {
  return !wanted || rules->len == 0 || (*out = standing_new(question, field, error)) != NULL;
}

static gpointer shared_new(const Question *question, const Params *params, guint64 wanted, GError **error) {
  static const guint8 kinds[] = {SPACE_USER, SPACE_CRM};
  Shared *shared = g_new0(Shared, 1);
  (void)params;
  if (open_standing(question, question->project->relationships, "relationship", wanted >> RELATIONSHIP & 1, &shared->relationship,
                    error) &&
      open_standing(question, question->project->personas, "persona", wanted >> PERSONA & 1, &shared->persona, error) &&
      (!(wanted >> USER & 3) || (shared->ids = plain_ids_new(question, kinds, G_N_ELEMENTS(kinds), error))))
    return shared;
  shared_free(shared);
  return NULL;
}

static void add_event(const SqlBlock *block, Row *row, GByteArray *visits, guint32 event) {
  guint32 visit = codes_at(&block->data->visit, event);
  row->last = event;
  if (row->events++ == 0)
    row->event = event;
  if (block->derived)
    row->touches += bit_at(block->derived->touch, event);
  if (visit >= visits->len) {
    guint before = visits->len;
    g_byte_array_set_size(visits, visit + 1);
    memset(visits->data + before, 0, visit + 1 - before);
  }
  row->visits += visit && !visits->data[visit];
  visits->data[visit] = 1;
}

static void add_derived(const Derived *derived, Row *row) {
  guint32 first = derived->person_journeys[row->person], end = derived->person_journeys[row->person + 1];
  row->journeys = end - first;
  row->stage = first < end ? derived->journeys[end - 1].stage : SQL_NULL;
  row->ended = first < end ? derived->journeys[end - 1].state == JOURNEY_ABANDONED : SQL_NULL;
  for (guint32 c = derived->person_conversions[row->person]; c < derived->person_conversions[row->person + 1]; c++) {
    row->conversions++;
    row->value += derived->conversions[c].value;
    row->net_value += derived->conversions[c].net_value;
  }
}

static gboolean rows(SqlBlock *block, GError **error) {
  const Block *data = block->data;
  const Shared *shared = block->shared;
  guint8 relationship[BLOCK_PERSONS_MAX] = {0}, persona[BLOCK_PERSONS_MAX] = {0};
  g_autoptr(GByteArray) visits = g_byte_array_new();
  if ((shared->relationship && !standing_block(shared->relationship, block->number, data, relationship, error)) ||
      (shared->persona && !standing_block(shared->persona, block->number, data, persona, error)))
    return FALSE;
  for (guint32 p = 0; p < data->n_persons; p++) {
    Row row = {.person = p, .relationship = relationship[p] - 1, .persona = persona[p] - 1};
    g_byte_array_set_size(visits, 0);
    for (guint32 e = data->person_start[p]; e < data->person_start[p + 1]; e++)
      if (sql_sees(block, e))
        add_event(block, &row, visits, e);
    if (row.events == 0)
      continue;
    row.first_seen = block_time_ms(data, row.event);
    row.last_seen = block_time_ms(data, row.last);
    if (block->derived)
      add_derived(block->derived, &row);
    g_array_append_val(block->rows, row);
  }
  return TRUE;
}

const SqlTable sql_persons = {.name = "persons",
                              .help = "Who: a row a person, with where that person stands now.",
                              .columns = columns,
                              .row_size = sizeof(Row),
                              .rows = rows,
                              .shared_new = shared_new,
                              .shared_free = shared_free};
