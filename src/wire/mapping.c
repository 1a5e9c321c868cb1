/* SPDX-License-Identifier: Apache-2.0
 * mapping.c: rules ("person is customer_id") become, once the columns are known, a short list of actions a
 * column; a row is then one pass over its cells. Constants come last and fill what the row left empty. */
#include "wire/mapping.h"

#include "base/error.h"
#include "wire/purpose.h"

typedef struct {
  Field field;
  guint8 space; /* of FIELD_IDENTIFIER */
  Text key;     /* of properties; borrowed */
} Action;

typedef struct {
  Action action;
  char *column, *constant; /* one of them */
  char *key;               /* the action's, where it is of this rule alone: "consent.profile" */
  gboolean found;          /* the file has the column */
} Rule;

typedef struct {
  char *name, *key; /* key: "properties.<name>" */
  Action *actions;
  guint n_actions;
} Column;

struct Mapping {
  const Spaces *spaces;
  GArray *rules;       /* of Rule, in the order given */
  GArray *columns;     /* of Column */
  GHashTable *by_name; /* column name -> its place + 1 */
};

static const struct {
  const char *name;
  Field field;
  const char *key;
} fields[] = {
    {"time", FIELD_TIME, NULL},
    {"event", FIELD_EVENT, NULL},
    {"id", FIELD_ID, NULL},
    {"channel", FIELD_CHANNEL, NULL},
    {"touchpoint", FIELD_TOUCHPOINT, NULL},
    {"value", FIELD_VALUE, NULL},
    {"currency", FIELD_CURRENCY, NULL},
    {"cost", FIELD_COST, "cost"},
    {"source", FIELD_SOURCE, "source"},
    {"medium", FIELD_MEDIUM, "medium"},
    {"campaign", FIELD_CAMPAIGN, "campaign"},
    {"content", FIELD_CONTENT, "content"},
    {"term", FIELD_TERM, "term"},
    {"referrer", FIELD_REFERRER, "context.page.referrer"},
    {"url", FIELD_URL, "context.page.url"},
    {"account", FIELD_ACCOUNT, "account"},
    {"place", FIELD_PLACE, "place"},
    {"score", FIELD_SCORE, "score"},
    {"order", FIELD_ORDER, "order"},
    {"consent", FIELD_CONSENT, "consent"},
};

/* --- rules ---------------------------------------------------------------------------------------- */

static void rule_clear(Rule *rule) {
  g_free(rule->column);
  g_free(rule->constant);
  g_free(rule->key);
}

static void column_clear(Column *column) {
  g_free(column->name);
  g_free(column->key);
  g_free(column->actions);
}

Mapping *mapping_new(const Spaces *spaces) {
  Mapping *mapping = g_new0(Mapping, 1);
  mapping->spaces = spaces;
  mapping->rules = g_array_new(FALSE, TRUE, sizeof(Rule));
  mapping->columns = g_array_new(FALSE, TRUE, sizeof(Column));
  mapping->by_name = g_hash_table_new(g_str_hash, g_str_equal);
  g_array_set_clear_func(mapping->rules, (GDestroyNotify)rule_clear);
  g_array_set_clear_func(mapping->columns, (GDestroyNotify)column_clear);
  return mapping;
}

void mapping_free(Mapping *mapping) {
  if (mapping == NULL)
    return;
  g_hash_table_unref(mapping->by_name);
  g_array_unref(mapping->columns);
  g_array_unref(mapping->rules);
  g_free(mapping);
}

static Rule *rule_at(const Mapping *mapping, guint i) {
  return &g_array_index(mapping->rules, Rule, i);
}
static Column *column_at(const Mapping *mapping, guint i) {
  return &g_array_index(mapping->columns, Column, i);
}
guint mapping_columns(const Mapping *mapping) {
  return mapping->columns->len;
}

static gboolean unknown_field(const Mapping *mapping, const char *name, GError **error) {
  g_autoptr(GString) known = g_string_new("person");
  for (guint i = 0; i < mapping->spaces->n_spaces; i++)
    g_string_append_printf(known, " %s", mapping->spaces->spaces[i].name);
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
    g_string_append_printf(known, " %s", fields[i].name);
  g_string_append(known, " consent.PURPOSE consent.version consent.basis");
  return error_set(error, ERROR_USAGE, "there is no field %s to map to\nhint: known are %s; a column without a field is a property",
                   name, known->str);
}

/* consent.PURPOSE, consent.version and consent.basis. */
static gboolean is_of_consent(const char *name) {
  static const char prefix[] = "consent.";
  const char *rest = name + sizeof prefix - 1;
  return g_str_has_prefix(name, prefix) &&
         (purpose_is_known(text_of(rest)) || g_str_equal(rest, "version") || g_str_equal(rest, "basis"));
}

static gboolean find_action(const Mapping *mapping, const char *name, Rule *rule, GError **error) {
  Action *action = &rule->action;
  if (is_of_consent(name)) {
    rule->key = g_strdup(name);
    *action = (Action){FIELD_CONSENT, 0, text_of(rule->key)};
    return TRUE;
  }
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
    if (g_str_equal(name, fields[i].name)) {
      *action = (Action){fields[i].field, 0, text_of(fields[i].key)};
      return TRUE;
    }
  int space = g_str_equal(name, "person") ? SPACE_USER : spaces_find(mapping->spaces, text_of(name));
  if (space < 0)
    return unknown_field(mapping, name, error);
  *action = (Action){FIELD_IDENTIFIER, (guint8)space, {NULL, 0}};
  return TRUE;
}

/* Only identifiers may come from several columns, and consents to several purposes. */
static gboolean is_taken(const Mapping *mapping, const Action *action, gboolean constant) {
  for (guint i = 0; i < mapping->rules->len && action->field != FIELD_IDENTIFIER; i++) {
    const Rule *rule = rule_at(mapping, i);
    if (rule->action.field == action->field && text_equal(rule->action.key, action->key) && (rule->constant != NULL) == constant)
      return TRUE;
  }
  return FALSE;
}

static gboolean taken(Rule *rule, const char *field, const char *how, GError **error) {
  rule_clear(rule);
  return error_set(error, ERROR_USAGE, "the field %s is %s twice", field, how);
}

gboolean mapping_map(Mapping *mapping, const char *field, const char *column, GError **error) {
  Rule rule = {0};
  if (!find_action(mapping, field, &rule, error))
    return FALSE;
  if (is_taken(mapping, &rule.action, FALSE))
    return taken(&rule, field, "mapped", error);
  rule.column = g_strdup(column);
  g_array_append_val(mapping->rules, rule);
  return TRUE;
}

gboolean mapping_set(Mapping *mapping, const char *field, const char *value, GError **error) {
  Rule rule = {0};
  if (!find_action(mapping, field, &rule, error))
    return FALSE;
  if (is_taken(mapping, &rule.action, TRUE))
    return taken(&rule, field, "set", error);
  rule.constant = g_strdup(value);
  g_array_append_val(mapping->rules, rule);
  return TRUE;
}

gboolean mapping_has(const Mapping *mapping, Field field) {
  for (guint i = 0; i < mapping->rules->len; i++)
    if (rule_at(mapping, i)->action.field == field)
      return TRUE;
  return FALSE;
}

/* --- columns --------------------------------------------------------------------------------------- */

gboolean mapping_column(Mapping *mapping, const char *name, GError **error) {
  guint place = mapping->columns->len;
  if (place == MAPPING_COLUMNS_MAX)
    return error_set(error, ERROR_LIMIT, "more than %d columns", MAPPING_COLUMNS_MAX);
  if (g_hash_table_contains(mapping->by_name, name))
    return error_set(error, ERROR_INVALID, "two columns are called %s", name);
  g_autoptr(GArray) actions = g_array_new(FALSE, FALSE, sizeof(Action));
  Column column = {.name = g_strdup(name), .key = g_strconcat("properties.", name, NULL)};
  for (guint i = 0; i < mapping->rules->len; i++) {
    Rule *rule = rule_at(mapping, i);
    if (rule->column && g_str_equal(rule->column, name)) {
      rule->found = TRUE;
      g_array_append_val(actions, rule->action);
    }
  }
  Action property = {FIELD_PROPERTY, 0, text_of(column.key)};
  if (actions->len == 0)
    g_array_append_val(actions, property);
  column.n_actions = actions->len;
  column.actions = (Action *)(void *)g_array_steal(actions, NULL);
  g_array_append_val(mapping->columns, column);
  g_hash_table_insert(mapping->by_name, column.name, GUINT_TO_POINTER(place + 1));
  return TRUE;
}

static char *list_columns(const Mapping *mapping) {
  enum { SHOWN_MAX = 50 };
  g_autoptr(GString) list = g_string_new(NULL);
  for (guint i = 0; i < mapping->columns->len && i < SHOWN_MAX; i++)
    g_string_append_printf(list, "%s%s", i ? ", " : "", column_at(mapping, i)->name);
  if (mapping->columns->len > SHOWN_MAX)
    g_string_append(list, ", ...");
  return g_string_free(g_steal_pointer(&list), FALSE);
}

gboolean mapping_check(const Mapping *mapping, GError **error) {
  for (guint i = 0; i < mapping->rules->len; i++)
    if (rule_at(mapping, i)->column && !rule_at(mapping, i)->found) {
      g_autofree char *columns = list_columns(mapping);
      return error_set(error, ERROR_INVALID, "there is no column %s\nhint: the columns are %s", rule_at(mapping, i)->column,
                       columns);
    }
  return mapping_check_fields(mapping, error);
}

gboolean mapping_check_fields(const Mapping *mapping, GError **error) {
  g_autofree char *columns = list_columns(mapping);
  const char *are = *columns ? "; the columns are " : "";
  if (!mapping_has(mapping, FIELD_TIME))
    return error_set(error, ERROR_INVALID, "no column says when an event happened\nhint: --map time=COLUMN%s%s", are, columns);
  if (!mapping_has(mapping, FIELD_EVENT))
    return error_set(error, ERROR_INVALID,
                     "no column says what happened\nhint: --map event=COLUMN, or --set event=NAME for all rows%s%s", are, columns);
  return TRUE;
}

/* --- rows ------------------------------------------------------------------------------------------ */

typedef struct {
  Door *door;
  Event *event;
  ChannelEvidence evidence;
  guint32 filled; /* a bit a Field */
  guint64 spaces; /* a bit a space */
  const char *why;
} Row;
G_STATIC_ASSERT(FIELDS <= 32 && SPACES_MAX <= 64);

static const char *const why_too_large = "an event of more than 1 MiB";

static ValueKind kind_of(const Cell *cell) {
  if (cell->kind != VALUE_NONE)
    return cell->kind;
  return decimal_is_canonical(cell->text) ? VALUE_NUMBER : VALUE_TEXT;
}

static gboolean add_property(Row *row, Text key, const Cell *cell) {
  if (cell->text.size > EVENT_SIZE_MAX) {
    row->why = why_too_large;
    return FALSE;
  }
  return door_property(row->event, key, kind_of(cell), cell->text, &row->why);
}

/* Costs become canonical decimals, so that reports can add them up. */
static gboolean add_cost(Row *row, Text key, const Cell *cell) {
  char currency[MONEY_CURRENCY_SIZE];
  gint64 micro;
  Cell amount = {cell->text, VALUE_NUMBER};
  if (!money_parse(cell->text, door_options(row->door)->decimal, &micro, currency, &row->why))
    return FALSE;
  if (!decimal_is_canonical(cell->text)) {
    char *text = door_take(row->door, MONEY_TEXT_SIZE);
    if (text == NULL) {
      row->why = why_too_large;
      return FALSE;
    }
    amount.text = (Text){text, money_format(micro, text)};
  }
  if (*currency && row->event->currency.size == 0 && !door_currency(row->door, row->event, text_of(currency), &row->why))
    return FALSE;
  return add_property(row, key, &amount);
}

/* --- consents ------------------------------------------------------------------------------------- */

static const char *const why_no_answer = "a consent that is neither yes nor no (yes, true, 1, ja; no, false, 0, nein)";
static const char *const why_no_purpose =
    "a purpose of consent that there is not: write " PURPOSES_KNOWN ", with - before what is refused";

/* VALUE_NONE: no answer. */
static ValueKind answer_of(const Cell *cell) {
  static const char *const yes[] = {"yes", "true", "1", "y", "j", "ja", "granted", "opt-in"}, *const no[] = {
                                                                                                  "no",   "false",  "0",      "n",
                                                                                                  "nein", "denied", "opt-out"};
  if (cell->kind == VALUE_TRUE || cell->kind == VALUE_FALSE)
    return cell->kind;
  for (guint i = 0; i < G_N_ELEMENTS(yes); i++)
    if (cell->text.size == strlen(yes[i]) && g_ascii_strncasecmp(cell->text.at, yes[i], cell->text.size) == 0)
      return VALUE_TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(no); i++)
    if (cell->text.size == strlen(no[i]) && g_ascii_strncasecmp(cell->text.at, no[i], cell->text.size) == 0)
      return VALUE_FALSE;
  return VALUE_NONE;
}

static gboolean add_answer(Row *row, Text key, ValueKind answer) {
  return door_property(row->event, key, answer, text_of(NULL), &row->why);
}

/* One of a list: "profile", "-profile". */
static gboolean add_purpose(Row *row, Text word) {
  static const char prefix[] = "consent.";
  enum { PREFIX_SIZE = sizeof prefix - 1 };
  gboolean refused = *word.at == '-';
  Text purpose = {word.at + refused, word.size - refused};
  if (!purpose_is_known(purpose)) {
    row->why = why_no_purpose;
    return FALSE;
  }
  char *key = door_take(row->door, PREFIX_SIZE + purpose.size);
  if (key == NULL) {
    row->why = why_too_large;
    return FALSE;
  }
  memcpy(key, prefix, PREFIX_SIZE);
  memcpy(key + PREFIX_SIZE, purpose.at, purpose.size);
  return add_answer(row, (Text){key, PREFIX_SIZE + purpose.size}, refused ? VALUE_FALSE : VALUE_TRUE);
}

static gboolean ends_word(char c) {
  return strchr(",;| \t\r\n", c) != NULL;
}

/* A list of purposes, or yes and no to being measured. */
static gboolean add_consents(Row *row, const Cell *cell) {
  ValueKind answer = answer_of(cell);
  const char *at = cell->text.at, *end = at + cell->text.size;
  if (answer != VALUE_NONE)
    return add_answer(row, text_of("consent." PURPOSE_MEASURE), answer);
  while (at < end) {
    const char *word = at;
    while (at < end && !ends_word(*at))
      at++;
    if (at > word && !add_purpose(row, (Text){word, (guint32)(at - word)}))
      return FALSE;
    at++;
  }
  return TRUE;
}

static gboolean apply_consent(Row *row, const Action *action, const Cell *given) {
  Cell trimmed = *given, *cell = &trimmed;
  while (cell->text.size && g_ascii_isspace(cell->text.at[cell->text.size - 1]))
    cell->text.size--;
  for (; cell->text.size && g_ascii_isspace(*cell->text.at); cell->text.at++)
    cell->text.size--;
  if (cell->text.size == 0 && cell->kind == VALUE_NONE)
    return TRUE;
  if (text_is(action->key, "consent"))
    return add_consents(row, cell);
  if (text_is(action->key, "consent.version") || text_is(action->key, "consent.basis"))
    return door_property(row->event, action->key, VALUE_TEXT, cell->text, &row->why);
  ValueKind answer = answer_of(cell);
  if (answer == VALUE_NONE) {
    row->why = why_no_answer;
    return FALSE;
  }
  return add_answer(row, action->key, answer);
}

static gboolean apply(Row *row, const Action *action, const Cell *cell) {
  Event *event = row->event;
  const DoorOptions *options = door_options(row->door);
  row->filled |= 1u << action->field;
  switch (action->field) {
  case FIELD_IDENTIFIER:
    row->spaces |= G_GUINT64_CONSTANT(1) << action->space;
    door_identifier(row->door, event, action->space, cell->text);
    return TRUE;
  case FIELD_TIME: return clock_parse(cell->text, options->zone, &event->time_ms, &row->why);
  case FIELD_EVENT: event->name = cell->text; return TRUE;
  case FIELD_ID: event->id = cell->text; return TRUE;
  case FIELD_CHANNEL: row->evidence.channel = cell->text; return TRUE;
  case FIELD_TOUCHPOINT: event->touchpoint = cell->text; return TRUE;
  case FIELD_VALUE: return door_value(row->door, event, cell->text, &row->why);
  case FIELD_CURRENCY: return door_currency(row->door, event, cell->text, &row->why);
  case FIELD_COST: return add_cost(row, action->key, cell);
  case FIELD_CONSENT: return apply_consent(row, action, cell);
  case FIELD_SOURCE: row->evidence.source = cell->text; return TRUE;
  case FIELD_MEDIUM: row->evidence.medium = cell->text; return TRUE;
  case FIELD_CAMPAIGN: row->evidence.campaign = cell->text; return TRUE;
  case FIELD_CONTENT: row->evidence.content = cell->text; return TRUE;
  case FIELD_TERM: row->evidence.term = cell->text; return TRUE;
  case FIELD_REFERRER: row->evidence.referrer = cell->text; break;
  case FIELD_URL: row->evidence.url = cell->text; break;
  default: break;
  }
  return add_property(row, action->key, cell);
}

static gboolean is_filled(const Row *row, const Action *action) {
  if (action->field == FIELD_IDENTIFIER)
    return (row->spaces >> action->space) & 1;
  if (action->field == FIELD_CONSENT && !text_is(action->key, "consent")) {
    for (guint i = 0; i < row->event->n_properties; i++)
      if (text_equal(row->event->properties[i].key, action->key))
        return TRUE;
    return FALSE;
  }
  return (row->filled >> action->field) & 1;
}

static gboolean apply_constants(const Mapping *mapping, Row *row) {
  Row before = {.event = row->event, .filled = row->filled, .spaces = row->spaces};
  for (guint i = 0; i < mapping->rules->len; i++) {
    const Rule *rule = rule_at(mapping, i);
    Cell cell = {text_of(rule->constant), VALUE_NONE};
    if (rule->constant && cell.text.size && !is_filled(&before, &rule->action) && !apply(row, &rule->action, &cell))
      return FALSE;
  }
  return TRUE;
}

static gboolean finish(const Mapping *mapping, Row *row) {
  if (!apply_constants(mapping, row))
    return FALSE;
  if (!(row->filled & (1u << FIELD_TIME))) {
    row->why = "no time";
    return FALSE;
  }
  gboolean cost = (row->filled & (1u << FIELD_COST)) && row->event->n_identifiers == 0;
  return door_finish(row->door, row->event, &row->evidence, cost, &row->why);
}

static gboolean is_present(const Cell *cell) {
  return cell->text.size || cell->kind == VALUE_TRUE || cell->kind == VALUE_FALSE;
}

static gboolean apply_all(Row *row, const Action *actions, guint n, const Cell *cell) {
  for (guint i = 0; i < n; i++)
    if (!apply(row, &actions[i], cell))
      return FALSE;
  return TRUE;
}

gboolean mapping_apply(const Mapping *mapping, Door *door, const Cell *cells, Event *event, const char **why) {
  Row row = {.door = door, .event = event};
  const Column *columns = (const Column *)(const void *)mapping->columns->data;
  guint n = mapping->columns->len;
  gboolean good = TRUE;
  door_begin(door, event);
  for (guint i = 0; i < n && good; i++)
    if (is_present(&cells[i]))
      good = apply_all(&row, columns[i].actions, columns[i].n_actions, &cells[i]);
  if (good && finish(mapping, &row))
    return TRUE;
  *why = row.why;
  return FALSE;
}

static gboolean apply_unmapped(Row *row, Text name, const Cell *cell) {
  static const char prefix[] = "properties.";
  enum { PREFIX_SIZE = sizeof prefix - 1 };
  char *key = door_take(row->door, PREFIX_SIZE + name.size);
  if (key == NULL) {
    row->why = why_too_large;
    return FALSE;
  }
  memcpy(key, prefix, PREFIX_SIZE);
  if (name.size)
    memcpy(key + PREFIX_SIZE, name.at, name.size);
  return add_property(row, (Text){key, PREFIX_SIZE + name.size}, cell);
}

static gboolean apply_member(const Mapping *mapping, Row *row, Text name, const Cell *cell) {
  gboolean mapped = FALSE;
  for (guint i = 0; i < mapping->rules->len; i++) {
    const Rule *rule = rule_at(mapping, i);
    if (rule->column == NULL || !text_is(name, rule->column))
      continue;
    mapped = TRUE;
    if (!apply(row, &rule->action, cell))
      return FALSE;
  }
  return mapped || apply_unmapped(row, name, cell);
}

gboolean mapping_apply_members(const Mapping *mapping, Door *door, const Text *names, const Cell *cells, guint n, Event *event,
                               const char **why) {
  Row row = {.door = door, .event = event};
  gboolean good = TRUE;
  for (guint i = 0; i < n && good; i++)
    if (is_present(&cells[i]))
      good = apply_member(mapping, &row, names[i], &cells[i]);
  if (good && finish(mapping, &row))
    return TRUE;
  *why = row.why;
  return FALSE;
}
