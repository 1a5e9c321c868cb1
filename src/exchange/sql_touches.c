// SPDX-License-Identifier: Apache-2.0
// A row an attribution touch in each path that it stands in: what the report attribution counts, one by one.
#include "analysis/attribution_touch.h"
#include "base/error.h"
#include "exchange/sql_table.h"
#include <string.h>

typedef struct {
  guint32 person, event;
  gint64 path, position, length, outcome, goal, converted, value, net_value, repeated, navigational, again;
} Row;

#define AT(member) .at = offsetof(Row, member)

static const SqlColumn columns[] = {
    {"time", SQL_TIME, SQL_OF_TIME, AT(event), .help = "when it happened; of a visit, its first event"},
    {"person", SQL_TEXT, SQL_OF_PERSON, .help = "id of the person"},
    {"channel", SQL_ENUM, SQL_OF_FIELD, AT(event), SQL_CHANNEL, "channel", .help = "of the touch"},
    {"touchpoint", SQL_ENUM, SQL_OF_TOUCHPOINT, AT(event), SQL_TOUCHPOINT, .help = "of the touch"},
    {"source", SQL_TEXT, SQL_OF_FIELD, AT(event), .field = "source", .help = "campaign source"},
    {"medium", SQL_TEXT, SQL_OF_FIELD, AT(event), .field = "medium", .help = "campaign medium"},
    {"campaign", SQL_TEXT, SQL_OF_FIELD, AT(event), .field = "campaign", .help = "campaign name"},
    {"content", SQL_TEXT, SQL_OF_FIELD, AT(event), .field = "content", .help = "campaign content"},
    {"event", SQL_ENUM, SQL_OF_FIELD, AT(event), SQL_EVENT, "event", .help = "name of its event"},
    {"grade", SQL_ENUM, SQL_OF_FIELD, AT(event), SQL_GRADE, "grade", .help = "how close it came"},
    {"visit", SQL_BIGINT, SQL_OF_VISIT, AT(event), .help = "number of the visit that it is; NULL: it is none"},
    {"journey", SQL_BIGINT, SQL_OF_JOURNEY, AT(event), .help = "number of the journey it lies in"},
    {"stage", SQL_ENUM, SQL_OF_STAGE, AT(event), SQL_STAGE, .help = "the journey's stage after it"},
    {"goal", SQL_ENUM, SQL_OF_ROW, AT(goal), SQL_GOAL, .help = "whose conversions cut the paths"},
    {"path", SQL_BIGINT, SQL_OF_ROW, AT(path), .help = "number of the path within the person"},
    {"position", SQL_BIGINT, SQL_OF_ROW, AT(position),
     .help = "1 for the first touch of the path that earns credit; NULL: earns none"},
    {"length", SQL_BIGINT, SQL_OF_ROW, AT(length), .help = "how many touches of the path earn credit"},
    {"outcome", SQL_ENUM, SQL_OF_ROW, AT(outcome), SQL_OUTCOME, .help = "of the path: converted, none, open (not over yet)"},
    {"converted", SQL_TIME, SQL_OF_ROW, AT(converted), .help = "when the path converted"},
    {"value", SQL_MONEY, SQL_OF_ROW, AT(value), .help = "of the conversion, gross, whole at each touch of the path"},
    {"net_value", SQL_MONEY, SQL_OF_ROW, AT(net_value), .help = "after returns, whole at each touch"},
    {"repeated", SQL_BOOLEAN, SQL_OF_ROW, AT(repeated), .help = "the person had reached the goal before"},
    {"navigational", SQL_BOOLEAN, SQL_OF_ROW, AT(navigational),
     .help = "direct, or a search for the brand: passed over unless alone"},
    {"again", SQL_BOOLEAN, SQL_OF_ROW, AT(again), .help = "a visit that stands in an earlier path already"},
    {NULL},
};

typedef struct {
  TouchFinder *finder;
  Field *channel;
  guint goal;
} Shared;

static void shared_free(gpointer data) {
  Shared *shared = data;
  touch_finder_free(shared->finder);
  field_free(shared->channel);
  g_free(shared);
}

static gboolean duration(const Params *params, const char *name, gint64 *out, GError **error) {
  const char *text = params_get(params, name);
  if (!text || duration_parse(text, out, error))
    return TRUE;
  g_prefix_error(error, "touches(%s := '%s'): ", name, text);
  return FALSE;
}

static gboolean read_options(const Question *question, const Params *params, TouchOptions *options, GError **error) {
  const char *navigational = params_get(params, "navigational");
  *options = (TouchOptions){.goal = attribution_goal(question->project, params_get(params, "goal"), error)};
  if (!options->goal)
    return FALSE;
  options->lookback_ms = options->goal->lookback_ms;
  options->keep_navigational = g_strcmp0(navigational, "keep") == 0;
  if (navigational && !options->keep_navigational && strcmp(navigational, "skip") != 0)
    return error_set(error, ERROR_INVALID, "touches(navigational := '%s'): it is 'skip' or 'keep'", navigational);
  return duration(params, "lookback", &options->lookback_ms, error) && duration(params, "views", &options->views_ms, error);
}

static gpointer shared_new(const Question *question, const Params *params, guint64 wanted, GError **error) {
  TouchOptions options;
  (void)wanted;
  if (!read_options(question, params, &options, error))
    return NULL;
  Shared *shared = g_new0(Shared, 1);
  while (question->project->goals->pdata[shared->goal] != options.goal)
    shared->goal++;
  if ((shared->finder = touch_finder_new(question, &options, error)) && (shared->channel = field_new(question, "channel", error)))
    return shared;
  shared_free(shared);
  return NULL;
}

typedef struct { /* a worker's */
  TouchScratch *scratch;
  guint32 *keys;
  guint capacity;
} Own;

static gpointer own_new(gpointer shared) {
  Own *own = g_new0(Own, 1);
  (void)shared;
  own->scratch = touch_scratch_new();
  return own;
}

static void own_free(gpointer data) {
  Own *own = data;
  touch_scratch_free(own->scratch);
  g_free(own->keys);
  g_free(own);
}

typedef struct {
  SqlBlock *block;
  guint32 person; /* of the last path */
  gint64 path;    /* its number */
} Paths;

static void take_path(gpointer user, const AttributionPath *path) {
  Paths *paths = user;
  const Shared *shared = paths->block->shared;
  const Conversion *conversion = path->conversion;
  guint kept = 0;
  paths->path = paths->person == path->person ? paths->path + 1 : 1;
  paths->person = path->person;
  for (guint i = 0; i < path->n_touches; i++) {
    gboolean earns = kept < path->n_kept && path->kept[kept] == path->touches[i];
    kept += earns ? 1 : 0;
    Row row = {.person = path->person,
               .event = path->touches[i],
               .path = paths->path,
               .position = earns ? kept : SQL_NULL,
               .length = path->n_kept,
               .outcome = conversion   ? 0
                          : path->open ? 2
                                       : 1,
               .goal = shared->goal,
               .converted = conversion ? conversion->time_ms : SQL_NULL,
               .value = conversion ? conversion->value : SQL_NULL,
               .net_value = conversion ? conversion->net_value : SQL_NULL,
               .repeated = conversion ? path->repeated : SQL_NULL,
               .navigational = bit_at(path->navigational, path->touches[i]),
               .again = path->again && i == 0};
    g_array_append_val(paths->block->rows, row);
  }
}

static gboolean rows(SqlBlock *block, GError **error) {
  const Shared *shared = block->shared;
  Own *own = block->own;
  guint n = block->data->n_events;
  Paths paths = {block, G_MAXUINT32, 0};
  if (n > own->capacity) {
    own->capacity = n + n / 4;
    own->keys = g_renew(guint32, own->keys, own->capacity);
  }
  g_auto(FieldBlock) channel = {0};
  if (!field_block(shared->channel, block->number, block->data, &channel, error))
    return FALSE;
  for (guint32 i = 0; i < n; i++)
    own->keys[i] = codes_at(&channel.codes, i);
  return touch_finder_block(shared->finder, own->scratch, block->number, block->data, block->derived, block->scope, own->keys,
                            take_path, &paths, error);
}

static const SqlParameter parameters[] = {
    {"goal", "the goal whose conversions cut the paths: the first that closes journeys"},
    {"lookback", "how long before a conversion touches earn credit: the goal's, as '90d'"},
    {"views", "opens and views count when no click follows within this long: never"},
    {"navigational", "'skip' or 'keep' direct visits and searches for the brand: skip"},
    {NULL},
};

const SqlTable sql_touches = {
    .name = "touches",
    .help = "Attribution touches: a row a touch in each path that it stands in. touches(goal := 'order', lookback := '30d').",
    .columns = columns,
    .row_size = sizeof(Row),
    .derived = TRUE,
    .rows = rows,
    .shared_new = shared_new,
    .shared_free = shared_free,
    .own_new = own_new,
    .own_free = own_free,
    .parameters = parameters};
