// SPDX-License-Identifier: Apache-2.0
/* The words before the cursor are read once, with a stack of open brackets; what may follow the last of them is known
 * without parsing, for half a condition cannot be parsed:
 *
 *   ( operand -> operator -> value -> and/or )   channel ->  = != in ...  -> email, sms -> and
 */
#include "analysis/completion.h"
#include "analysis/field.h"
#include "analysis/scope.h"
#include "base/error.h"
#include <string.h>

enum { CHOICES_MAX = 20, BRACKETS_MAX = 64 };

typedef enum { NEXT_OPERAND, NEXT_OPERATOR, NEXT_VALUE, NEXT_LINK, NEXT_LIST, NEXT_NUMBER, NEXT_MODIFIER, NEXT_FIELD } Next;
typedef enum { BRACKET_GROUP, BRACKET_LIST, BRACKET_COUNT, BRACKET_PICK } Bracket;

typedef struct {
  Next next;
  Bracket open[BRACKETS_MAX];
  guint n_open;
  gboolean events; /* fields are those of events */
  char *field;     /* the last one named; owned */
  gsize from, to;  /* what a choice replaces, in bytes */
  gboolean spaced; /* a blank follows there */
  char *typed;     /* as far as the cursor, without quotes; owned */
} Place;

typedef struct {
  char *text, *insert;
  guint64 count;
  guint rank; /* 0: begins like what was typed, 1: holds it */
  guint order;
} Choice;

/* --- where the cursor is ---------------------------------------------------------------------------------------- */

static gboolean is_word(char letter) {
  return g_ascii_isalnum(letter) || strchr("_-./:[]", letter) ? letter != '\0' : (guint8)letter >= 0x80;
}

static gsize token_end(const char *text, gsize at) {
  if (text[at] == '"') {
    for (at++; text[at] && text[at] != '"'; at++)
      at += text[at] == '\\' && text[at + 1];
    return at + (text[at] == '"');
  }
  if (is_word(text[at])) {
    while (is_word(text[at]))
      at++;
    return at;
  }
  if (strchr("!<>", text[at]) && text[at + 1] == '=')
    return at + 2;
  return at + 1;
}

static gboolean says(const char *word, const char *wanted) {
  return g_ascii_strcasecmp(word, wanted) == 0;
}

static char *plain_text(const char *word) {
  if (*word != '"')
    return g_strdup(word);
  GString *plain = g_string_new(NULL);
  for (const char *at = word + 1; *at && *at != '"'; at++) {
    at += *at == '\\' && at[1];
    g_string_append_c(plain, *at);
  }
  return g_string_free(plain, FALSE);
}

static void open_bracket(Place *place, Bracket kind) {
  if (place->n_open < BRACKETS_MAX)
    place->open[place->n_open++] = kind;
  place->next = kind == BRACKET_LIST ? NEXT_VALUE : NEXT_OPERAND;
}

static gboolean inside_call(const Place *place) {
  for (guint i = 0; i < place->n_open; i++)
    if (place->open[i] == BRACKET_COUNT || place->open[i] == BRACKET_PICK)
      return TRUE;
  return FALSE;
}

static void close_bracket(Place *place) {
  Bracket kind = place->n_open ? place->open[--place->n_open] : BRACKET_GROUP;
  place->next = kind == BRACKET_COUNT ? NEXT_OPERATOR : kind == BRACKET_PICK ? NEXT_FIELD : NEXT_LINK;
  if (kind == BRACKET_COUNT) {
    g_free(place->field);
    place->field = g_strdup("");
  }
}

static void take_comma(Place *place) {
  Bracket kind = place->n_open ? place->open[place->n_open - 1] : BRACKET_GROUP;
  place->next = kind == BRACKET_LIST ? NEXT_VALUE : kind == BRACKET_COUNT ? NEXT_MODIFIER : place->next;
}

static void take_operand(Place *place, const char *word, char after) {
  if (says(word, "not"))
    return;
  if (says(word, "count") && after == '(')
    place->next = NEXT_LIST; /* its bracket comes next */
  g_free(place->field);
  place->field = plain_text(word);
  if (after != '(')
    place->next = NEXT_OPERATOR;
}

static void take_operator(Place *place, const char *word) {
  if (says(word, "in"))
    place->next = NEXT_LIST;
  else if (says(word, "exists"))
    place->next = NEXT_LINK;
  else if (says(word, "and") || says(word, "or")) /* a bare event before it */
    place->next = NEXT_OPERAND;
  else
    place->next = NEXT_VALUE;
}

static void take_word(Place *place, const char *word, char after) {
  switch (place->next) {
  case NEXT_OPERAND: take_operand(place, word, after); break;
  case NEXT_OPERATOR: take_operator(place, word); break;
  case NEXT_VALUE: place->next = place->n_open && place->open[place->n_open - 1] == BRACKET_LIST ? NEXT_VALUE : NEXT_LINK; break;
  case NEXT_LINK:
    if (says(word, "and") || says(word, "or"))
      place->next = NEXT_OPERAND;
    break;
  case NEXT_FIELD:
    g_free(place->field);
    place->field = g_strdup(*word == '.' ? word + 1 : word);
    place->next = NEXT_OPERATOR;
    break;
  default: break;
  }
}

static Bracket bracket_of(const Place *place, const char *before) {
  if (place->next == NEXT_LIST && (!before || !says(before, "count")))
    return BRACKET_LIST;
  return before && says(before, "count")                             ? BRACKET_COUNT
         : before && (says(before, "first") || says(before, "last")) ? BRACKET_PICK
                                                                     : BRACKET_GROUP;
}

/* Reads all tokens that end before the cursor; the one it stands in is what a choice replaces. */
static void find_place(Place *place, const char *text, gsize cursor, gboolean persons) {
  g_autofree char *before = NULL;
  gsize at = 0;
  for (;;) {
    while (g_ascii_isspace(text[at]))
      at++;
    gsize end = text[at] ? token_end(text, at) : at;
    gboolean word = text[at] && (is_word(text[at]) || text[at] == '"');
    gboolean closed = text[at] == '"' && end - at > 1 && text[end - 1] == '"';
    if (!text[at] || at >= cursor || (word && end >= cursor && !(closed && end == cursor)))
      break;
    g_autofree char *token = g_strndup(text + at, end - at);
    gsize next = end;
    while (g_ascii_isspace(text[next]))
      next++;
    if (*token == '(')
      open_bracket(place, bracket_of(place, before));
    else if (*token == ')')
      close_bracket(place);
    else if (*token == ',')
      take_comma(place);
    else
      take_word(place, token, text[next]);
    g_free(before);
    before = g_steal_pointer(&token);
    at = end;
  }
  gboolean in_word = text[at] && at < cursor;
  place->from = in_word ? at : cursor;
  place->to = in_word ? MAX(token_end(text, at), cursor) : cursor;
  g_autofree char *typed = g_strndup(text + place->from, cursor - place->from);
  if (place->next == NEXT_FIELD && *typed == '.') { /* first(...).channel */
    place->from++;
    memmove(typed, typed + 1, strlen(typed));
  }
  place->typed = plain_text(typed);
  place->spaced = text[place->to] == ' ';
  place->events = !persons || inside_call(place) || place->next == NEXT_FIELD;
}

static void place_clear(Place *place) {
  g_free(place->field);
  g_free(place->typed);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

/* --- choices ------------------------------------------------------------------------------------------------------ */

typedef struct {
  const Place *place;
  GArray *choices; /* of Choice */
} Choosing;

static void clear_choice(gpointer data) {
  g_free(((Choice *)data)->text);
  g_free(((Choice *)data)->insert);
}

static void offer(Choosing *choosing, const char *text, const char *insert, guint64 count) {
  g_autofree char *typed = g_utf8_casefold(choosing->place->typed, -1), *folded = g_utf8_casefold(text, -1);
  if (!strstr(folded, typed))
    return;
  gsize size = strlen(insert) - (choosing->place->spaced && g_str_has_suffix(insert, " "));
  Choice choice = {g_strdup(text), g_strndup(insert, size), count, !g_str_has_prefix(folded, typed), choosing->choices->len};
  g_array_append_val(choosing->choices, choice);
}

static void offer_words(Choosing *choosing, const char *words) {
  g_auto(GStrv) list = g_strsplit(words, " ", -1);
  for (char **word = list; *word; word++) {
    g_autofree char *insert = g_str_has_suffix(*word, "(") ? g_strdup(*word) : g_strconcat(*word, " ", NULL);
    offer(choosing, *word, insert, 0);
  }
}

static void offer_fields(Choosing *choosing, const Question *question) {
  const Names *names = snapshot_names(question->snapshot);
  for (guint i = 0; field_builtin(i); i++)
    offer_words(choosing, field_builtin(i));
  for (guint code = 1; code <= names_count(names, NAME_KEY); code++) {
    g_autofree char *key = text_dup(names_text(names, NAME_KEY, (guint16)code));
    g_autofree char *quoted = condition_value_text(key), *insert = g_strconcat(quoted, " ", NULL);
    if (strchr(key, '.') && *quoted != '"' && !project_is_of_employees(question->project, key))
      offer(choosing, key, insert, 0);
  }
}

static void offer_value(Choosing *choosing, const char *value, guint64 count) {
  g_autofree char *quoted = condition_value_text(value);
  gboolean list = choosing->place->n_open && choosing->place->open[choosing->place->n_open - 1] == BRACKET_LIST;
  g_autofree char *insert = g_strconcat(quoted, list ? "" : " ", NULL);
  offer(choosing, value, insert, count);
}

static void offer_rules(Choosing *choosing, const GPtrArray *rules, const GArray *known) {
  for (guint i = 0; i < rules->len; i++) {
    const char *name = ((const Rule *)rules->pdata[i])->name; /* what it is part of begins with it */
    gboolean told = FALSE;
    for (guint k = 0; known && k < known->len && !told; k++)
      told = strcmp(g_array_index(known, ValueCount, k).text, name) == 0;
    if (!told)
      offer_value(choosing, name, 0);
  }
}

/* Names that the project gives, whether events have them yet or not. */
static const GPtrArray *rules_of(const Project *project, const char *field) {
  const struct {
    const char *field;
    const GPtrArray *rules;
  } all[] = {{"stage", project->stages},           {"relationship", project->relationships}, {"persona", project->personas},
             {"touchpoint", project->touchpoints}, {"channel", project->channels},           {"place", project->places}};
  for (guint i = 0; i < G_N_ELEMENTS(all); i++)
    if (strcmp(field, all[i].field) == 0)
      return all[i].rules;
  return NULL;
}

static gboolean describes_nobody(const char *field) {
  static const char *const open[] = {"event", "channel", "touchpoint", "source", "medium",    "campaign", "content",
                                     "term",  "place",   "kind",       "grade",  "initiator", NULL};
  return g_strv_contains(open, field);
}

/* A field that is none, or one of too many values, has no choices. */
static void offer_values(Choosing *choosing, ValueCounts *counts, const Question *question, gboolean may_see) {
  const char *field = choosing->place->field ? choosing->place->field : "";
  const GPtrArray *rules = rules_of(question->project, field);
  g_autoptr(GArray) values = NULL;
  gboolean numbers = strcmp(field, "time") == 0 || strcmp(field, "value") == 0 || strcmp(field, "cost") == 0;
  if (*field && !numbers && (may_see || describes_nobody(field)) && !condition_field_is_person_level(field))
    values = value_counts_of(counts, question, field, NULL);
  for (guint i = 0; values && i < values->len; i++)
    offer_value(choosing, g_array_index(values, ValueCount, i).text, g_array_index(values, ValueCount, i).count);
  if (rules)
    offer_rules(choosing, rules, values);
}

static void offer_operands(Choosing *choosing, const Question *question) {
  if (!choosing->place->events)
    offer_words(choosing, "stage relationship persona count( first( last( not");
  else
    offer_fields(choosing, question);
  if (choosing->place->events)
    offer_words(choosing, "not");
}

static void choose(Choosing *choosing, ValueCounts *counts, const Question *question, gboolean may_see) {
  switch (choosing->place->next) {
  case NEXT_OPERAND: offer_operands(choosing, question); break;
  case NEXT_FIELD: offer_fields(choosing, question); break;
  case NEXT_OPERATOR:
    offer_words(choosing,
                choosing->place->field && !*choosing->place->field ? "= != < <= > >=" : "= != in contains ~ exists < <= > >=");
    break;
  case NEXT_VALUE: offer_values(choosing, counts, question, may_see); break;
  case NEXT_LIST: offer(choosing, "(", "(", 0); break;
  case NEXT_MODIFIER: offer_words(choosing, "within by"); break;
  default: offer_words(choosing, "and or"); break;
  }
}

static int compare_choices(gconstpointer a, gconstpointer b) {
  const Choice *x = a, *y = b;
  if (x->rank != y->rank)
    return x->rank > y->rank ? 1 : -1;
  if (x->count != y->count)
    return x->count < y->count ? 1 : -1;
  return (x->order > y->order) - (x->order < y->order);
}

static void write_choices(GArray *choices, JsonOut *out) {
  g_array_sort(choices, compare_choices);
  json_key(out, "choices");
  json_array(out);
  for (guint i = 0; i < MIN(choices->len, CHOICES_MAX); i++) {
    const Choice *choice = &g_array_index(choices, Choice, i);
    json_object(out);
    json_kv_string(out, "text", choice->text);
    json_kv_string(out, "insert", choice->insert);
    if (choice->count)
      json_kv_int(out, "count", (gint64)choice->count);
    json_object_end(out);
  }
  json_array_end(out);
}

/* --- what it keeps ------------------------------------------------------------------------------------------------- */

typedef struct {
  Scope *scope;
  gboolean persons;
  guint64 *counts; /* a worker */
} Counting;

static gboolean count_block(const Question *question, guint block, const Block *data, guint worker, gpointer user, GError **error) {
  Counting *counting = user;
  ScopeBlock scope;
  if (counting->persons && data->unidentified)
    return TRUE;
  if (!scope_block(counting->scope, block, data, worker, &scope, error))
    return FALSE;
  for (guint32 p = 0; p < data->n_persons && !scope.nothing; p++) {
    guint64 events = 0;
    for (guint32 e = data->person_start[p]; e < data->person_start[p + 1] && !(counting->persons && events); e++)
      events += !scope.kept || bit_at(scope.kept, e);
    counting->counts[worker] += events;
  }
  return TRUE;
}

static gboolean count_matches(const Question *question, Condition *condition, gboolean persons, guint64 *matches, GError **error) {
  Question asked = *question;
  asked.where = persons ? NULL : condition;
  asked.among = persons ? condition : NULL;
  guint n_workers = question_threads(question);
  Counting counting = {scope_new(&asked, error), persons, g_new0(guint64, n_workers)};
  gboolean good = counting.scope && question_each_block(&asked, count_block, &counting, error);
  *matches = 0;
  for (guint i = 0; i < n_workers; i++)
    *matches += counting.counts[i];
  g_free(counting.counts);
  scope_free(counting.scope);
  return good;
}

/* "column 9: expected ..." has its place apart. */
static void write_error(const GError *error, JsonOut *out) {
  const char *hint = strstr(error->message, "\nhint: "), *message = error->message;
  g_autofree char *all = hint ? g_strndup(message, (gsize)(hint - message)) : g_strdup(message);
  const char *column = strstr(all, "column "), *colon = column ? strstr(column, ": ") : NULL;
  g_autofree char *where = colon ? g_strndup(column, (gsize)(colon - column)) : NULL;
  json_key(out, "error");
  json_object(out);
  json_kv_string(out, "code", error_name(error));
  json_kv_string(out, "message", colon ? colon + 2 : all);
  if (where)
    json_kv_string(out, "where", where);
  if (hint)
    json_kv_string(out, "hint", hint + 7);
  json_object_end(out);
}

static gboolean write_matches(const Question *question, const CompletionAsked *asked, JsonOut *out, GError **error) {
  g_autoptr(GError) problem = NULL;
  guint64 matches = 0;
  g_autoptr(Condition) condition = condition_parse(asked->text, &problem);
  gboolean good = condition && (asked->persons ? condition_require_persons : condition_require_events)(condition, &problem) &&
                  count_matches(question, condition, asked->persons, &matches, &problem);
  if (g_error_matches(problem, ETAPPE_ERROR, ERROR_CANCELLED)) {
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
  }
  if (!good) {
    write_error(problem, out);
    return TRUE;
  }
  json_kv_int(out, "matches", (gint64)matches);
  json_kv_string(out, "unit", asked->persons ? "persons" : "events");
  return TRUE;
}

/* --- offsets ------------------------------------------------------------------------------------------------------- */

static gsize bytes_of(const char *text, guint units) {
  const char *at = text;
  for (guint seen = 0; *at && seen < units; at = g_utf8_next_char(at))
    seen += g_utf8_get_char(at) > 0xffff ? 2 : 1;
  return (gsize)(at - text);
}

static gint64 units_of(const char *text, gsize bytes) {
  gint64 units = 0;
  for (const char *at = text; at < text + bytes && *at; at = g_utf8_next_char(at))
    units += g_utf8_get_char(at) > 0xffff ? 2 : 1;
  return units;
}

gboolean completion_write(ValueCounts *counts, const Question *question, const CompletionAsked *asked, JsonOut *out,
                          GError **error) {
  g_auto(Place) place = {0};
  g_autoptr(GArray) choices = g_array_new(FALSE, FALSE, sizeof(Choice));
  g_array_set_clear_func(choices, clear_choice);
  find_place(&place, asked->text, bytes_of(asked->text, asked->at), asked->persons);
  Choosing choosing = {&place, choices};
  choose(&choosing, counts, question, asked->may_see_values);
  json_kv_int(out, "from", units_of(asked->text, place.from));
  json_kv_int(out, "to", units_of(asked->text, place.to));
  write_choices(choices, out);
  return *asked->text == '\0' || write_matches(question, asked, out, error);
}
