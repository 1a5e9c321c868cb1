// SPDX-License-Identifier: Apache-2.0
#include "analysis/filter.h"
#include "../sample.h"
#include "analysis/bits.h"
#include "base/error.h"
#include "base/regex.h"

/* --- asking ------------------------------------------------------------------------------------ */

typedef struct { /* a snapshot whose events are known by the order in which they were added */
  Snapshot *snapshot;
  Zone *zone;
  GArray *rows; /* of guint64, ascending */
  Question question;
  Project *project;
} World;

static gint by_row(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

static Block get_block(const World *world, guint block) {
  Block data;
  g_autoptr(GError) error = NULL;
  snapshot_block(world->snapshot, block, &data, &error);
  g_assert_no_error(error);
  return data;
}

static World *world_new(Sample *sample, gint64 now_ms) {
  World *world = g_new0(World, 1);
  world->snapshot = sample_snapshot(sample);
  world->zone = zone_new("UTC", NULL);
  world->rows = g_array_new(FALSE, FALSE, sizeof(guint64));
  for (guint block = 0; block < snapshot_blocks(world->snapshot); block++) {
    Block data = get_block(world, block);
    for (guint32 i = 0; i < data.n_events; i++) {
      guint64 row = block_row(&data, i);
      g_array_append_val(world->rows, row);
    }
  }
  g_array_sort(world->rows, by_row);
  world->question = (Question){
      .snapshot = world->snapshot, .now_ms = now_ms, .from_ms = G_MININT64, .to_ms = G_MAXINT64, .zone = world->zone, .threads = 1};
  return world;
}

static void world_free(World *world) {
  snapshot_unref(world->snapshot);
  project_free(world->project);
  zone_free(world->zone);
  g_array_unref(world->rows);
  g_free(world);
}

static guint number_of(const World *world, guint64 row) {
  guint number = 0;
  g_assert_true(g_array_binary_search(world->rows, &row, by_row, &number));
  return number;
}

/* A flag an event (in the order added) that matches; NULL with *error set. */
static guint8 *ask_events(const World *world, const char *text, GError **error) {
  g_autoptr(Condition) condition = condition_parse(text, error);
  g_autoptr(Filter) filter = condition ? filter_new(&world->question, condition, error) : NULL;
  g_autofree guint8 *matches = g_new0(guint8, world->rows->len);
  for (guint block = 0; filter && block < snapshot_blocks(world->snapshot); block++) {
    Block data = get_block(world, block);
    g_autofree guint64 *bits = g_malloc(bits_words(data.n_events) * sizeof *bits + 1);
    memset(bits, 0x5a, bits_words(data.n_events) * sizeof *bits);
    if (!filter_events(filter, block, &data, bits, error))
      return NULL;
    for (guint32 i = 0; i < bits_words(data.n_events) * 64; i++)
      if (bit_at(bits, i)) {
        g_assert_cmpuint(i, <, data.n_events);
        matches[number_of(world, block_row(&data, i))] = 1;
      }
  }
  return filter ? g_steal_pointer(&matches) : NULL;
}

/* A flag an event whose person matches. */
static guint8 *ask_persons(const World *world, const char *text, GError **error) {
  g_autoptr(Condition) condition = condition_parse(text, error);
  g_autoptr(Filter) filter = condition ? filter_new(&world->question, condition, error) : NULL;
  g_autofree guint8 *matches = g_new0(guint8, world->rows->len);
  for (guint block = 0; filter && block < snapshot_blocks(world->snapshot); block++) {
    Block data = get_block(world, block);
    guint64 bits[BLOCK_PERSONS_MAX / 64];
    memset(bits, 0x5a, sizeof bits);
    if (!filter_persons(filter, block, &data, bits, error))
      return NULL;
    for (guint32 person = 0; person < data.n_persons; person++)
      for (guint32 i = data.person_start[person]; bit_at(bits, person) && i < data.person_start[person + 1]; i++)
        matches[number_of(world, block_row(&data, i))] = 1;
  }
  return filter ? g_steal_pointer(&matches) : NULL;
}

static gboolean is_about_persons(const char *text) {
  g_autoptr(Condition) condition = condition_parse(text, NULL);
  return condition && condition_is_person_level(condition);
}

/* --- the examples of docs/conditions.md --------------------------------------------------------- */

static char *read_docs(void) {
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "docs", "conditions.md", NULL);
  char *text = NULL;
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &text, NULL, &error);
  g_assert_no_error(error);
  return text;
}

/* The lines of every fenced block of this kind. */
static GPtrArray *doc_lines(const char *docs, const char *kind) {
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *fence = g_strdup_printf("\n```%s\n", kind);
  for (const char *at = strstr(docs, fence); at; at = strstr(at, fence)) {
    at += strlen(fence);
    const char *end = strstr(at, "\n```");
    g_autofree char *body = g_strndup(at, (gsize)(end - at));
    g_auto(GStrv) split = g_strsplit(body, "\n", -1);
    for (guint i = 0; split[i]; i++)
      g_ptr_array_add(lines, g_strdup(split[i]));
    at = end;
  }
  return lines;
}

static char *names_of_matches(const guint8 *matches, const GPtrArray *events, gboolean persons) {
  g_autoptr(GString) all = g_string_new(NULL);
  for (guint i = 0; i < events->len; i++) {
    g_autofree char *number = g_strdup_printf("%u", i + 1);
    g_auto(GStrv) parts = g_strsplit(g_ptr_array_index(events, i), "\"", 7); /* {"n":1,"person":"anna", ... */
    const char *name = persons ? parts[5] : number;
    if (matches[i] && !(persons && g_str_has_suffix(all->str, name)))
      g_string_append_printf(all, "%s%s", all->len ? " " : "", name);
  }
  return g_strdup(all->len ? all->str : "none");
}

static void check_example(const World *world, const GPtrArray *events, const char *line) {
  const char *arrow = g_strrstr(line, " -> ");
  g_assert_nonnull(arrow);
  g_autofree char *text = g_strchomp(g_strndup(line, (gsize)(arrow - line)));
  const char *expected = arrow + 4;
  g_autoptr(GError) error = NULL;
  gboolean persons = is_about_persons(text);
  g_autofree guint8 *matches = (persons ? ask_persons : ask_events)(world, text, &error);
  if (g_str_has_prefix(expected, "column ")) {
    g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
    if (!g_str_has_prefix(error->message, expected))
      g_error("%s\n  -> %s\n  instead of %s", text, error->message, expected);
    return;
  }
  if (error)
    g_error("%s: %s", text, error->message);
  g_autofree char *found = names_of_matches(matches, events, persons);
  if (strcmp(found, expected))
    g_error("%s\n  -> %s\n  instead of %s", text, found, expected);
}

static void read_project(World *world, const char *docs) {
  g_autoptr(GPtrArray) lines = doc_lines(docs, "project");
  g_autoptr(GString) text = g_string_new(NULL);
  g_autoptr(GError) error = NULL;
  for (guint i = 0; i < lines->len; i++)
    g_string_append_printf(text, "%s\n", (char *)lines->pdata[i]);
  world->question.project = world->project = project_parse(text->str, text->len, &error);
  g_assert_no_error(error);
}

static void test_docs(void) {
  g_autofree char *docs = read_docs();
  g_autoptr(GPtrArray) events = doc_lines(docs, "events"), examples = doc_lines(docs, "conditions");
  Sample *sample = sample_new();
  gint64 now_ms;
  const char *why;
  g_assert_cmpuint(events->len, ==, 8);
  g_assert_cmpuint(examples->len, >, 70);
  for (guint i = 0; i < events->len; i++)
    sample_json(sample, g_ptr_array_index(events, i));
  g_assert_true(clock_parse(text_of("2025-05-01T00:00:00Z"), NULL, &now_ms, &why));
  World *world = world_new(sample, now_ms);
  read_project(world, docs);
  for (guint i = 0; i < examples->len; i++)
    check_example(world, events, g_ptr_array_index(examples, i));
  world_free(world);
  sample_free(sample);
}

/* --- by hand ------------------------------------------------------------------------------------ */

static void check_refused(const World *world, gboolean persons, const char *text, const char *message) {
  g_autoptr(GError) error = NULL;
  g_autofree guint8 *matches = (persons ? ask_persons : ask_events)(world, text, &error);
  g_assert_null(matches);
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  g_assert_cmpstr(error->message, ==, message);
}

static void test_refusals(void) {
  Sample *sample = sample_new();
  sample_json(sample, "{\"person\":\"a\",\"time\":\"2025-01-01T00:00:00Z\",\"event\":\"x\",\"properties\":{\"country\":\"DE\"}}");
  World *world = world_new(sample, G_MAXINT64);
  check_refused(world, FALSE, "a = 1 and chanel = email",
                "column 1: there is no field \"a\"\nhint: fields are event, channel, touchpoint, source, medium, "
                "campaign, content, term, place, value, currency, time, order, id, cost, score, initiator, grade, kind and "
                "properties.NAME, context.NAME, traits.NAME");
  check_refused(world, FALSE, "x and chanel = email", "column 7: there is no field \"chanel\"\nhint: did you mean \"channel\"?");
  check_refused(world, FALSE, "contry exists", "column 1: there is no field \"contry\"\nhint: did you mean \"country\"?");
  check_refused(world, FALSE, "properties. = 1",
                "column 1: there is no field \"properties.\"\nhint: fields are event, channel, touchpoint, source, medium, "
                "campaign, content, term, place, value, currency, time, order, id, cost, score, initiator, grade, kind and "
                "properties.NAME, context.NAME, traits.NAME");
  check_refused(world, FALSE, "value ~ 3", "column 1: \"value\" is compared with = != < <= > >= or in, not with \"~\"");
  check_refused(
      world, FALSE, "time > soon",
      "column 8: expected a time, found \"soon\": not a time; write 2025-12-24 18:30:00, 24.12.2025 18:30 or 1766597400 (epoch)");
  check_refused(world, FALSE, "count(x) > 1",
                "column 1: expected a condition on events, found `count(event = x) > 1`, which is one on persons\n"
                "hint: conditions on persons belong to --among");
  check_refused(world, TRUE, "event = x",
                "column 1: expected a condition on persons, found `event = x`, which is one on events\n"
                "hint: say how often, as in `count(event = x) >= 1`");
  check_refused(world, TRUE, "stage = decision",
                "column 1: `stage` needs a project file that declares stages, and this project has none");
  check_refused(world, TRUE, "not persona = x",
                "column 5: `persona` needs a project file that declares personas, and this project has none");
  check_refused(world, TRUE, "count(x, by contry) > 1", "column 13: there is no field \"contry\"\nhint: did you mean \"country\"?");
  check_refused(world, TRUE, "first(x).contry = 1", "column 10: there is no field \"contry\"\nhint: did you mean \"country\"?");
  g_autoptr(GError) error = NULL;
  g_autofree guint8 *matches = ask_events(world, "event ~ \"(\"", &error);
  g_assert_null(matches);
  g_assert_true(g_str_has_prefix(error->message, "column 9: "));
  world_free(world);
  sample_free(sample);
}

static guint count_matches(World *world, const char *text) {
  g_autoptr(GError) error = NULL;
  gboolean persons = is_about_persons(text);
  g_autofree guint8 *matches = (persons ? ask_persons : ask_events)(world, text, &error);
  g_assert_no_error(error);
  guint n = 0;
  for (guint i = 0; i < world->rows->len; i++)
    n += matches[i];
  return n;
}

/* One person, events x at 10, 20, 30, 40 s. */
static void test_within(void) {
  Sample *sample = sample_new();
  for (guint i = 1; i <= 4; i++) {
    sample_event(sample, "a", TIME_MS_MIN + 10000 * i, "x");
    sample_add(sample, "test");
  }
  World *world = world_new(sample, TIME_MS_MIN + 40000);
  g_assert_cmpuint(count_matches(world, "count(x) = 4"), ==, 4); /* now is included */
  world->question.now_ms--;
  g_assert_cmpuint(count_matches(world, "count(x) = 3"), ==, 4);
  world->question.now_ms++;
  g_assert_cmpuint(count_matches(world, "count(x, within 20s) = 3"), ==, 4); /* 20 30 40: both ends are included */
  g_assert_cmpuint(count_matches(world, "count(x, within 19999ms) = 2"), ==, 4);
  world->question.to_ms = TIME_MS_MIN + 30000; /* half-open: 30 is out */
  g_assert_cmpuint(count_matches(world, "count(x, within 20s) = 2"), ==, 4);
  g_assert_cmpuint(count_matches(world, "count(x, within 36500d) = 2"), ==, 4);
  g_assert_cmpuint(count_matches(world, "count(x) = 4"), ==, 4); /* without within the range does not matter */
  world->question.from_ms = TIME_MS_MIN + 25000;
  g_assert_cmpuint(count_matches(world, "count(x, within 20s) = 2"), ==, 4);
  world->question.to_ms = TIME_MS_MIN + 90000; /* past now: counts back from now */
  g_assert_cmpuint(count_matches(world, "count(x, within 20s) = 3"), ==, 4);
  world_free(world);
  sample_free(sample);
}

static void test_hidden(void) {
  Sample *sample = sample_new();
  for (guint i = 1; i <= 3; i++) {
    sample_event(sample, "a", TIME_MS_MIN + 10000 * i, "x");
    sample_add(sample, "test");
  }
  sample_event(sample, NULL, TIME_MS_MIN, "x");
  sample_add(sample, "test");
  World *world = world_new(sample, G_MAXINT64);
  g_autoptr(Condition) condition = condition_parse("count(x) = 2", NULL), one = condition_parse("count(x) >= 0", NULL);
  g_autoptr(Filter) filter = filter_new(&world->question, condition, NULL), all = filter_new(&world->question, one, NULL);
  guint identified = 0;
  for (guint block = 0; block < snapshot_blocks(world->snapshot); block++) {
    Block data = get_block(world, block);
    guint64 excluded[1] = {2}, dead[1] = {1}, persons[1];
    data.excluded = excluded;
    g_assert_true(filter_persons(filter, block, &data, persons, NULL));
    g_assert_cmphex(persons[0], ==, !data.unidentified); /* the excluded event is not counted; nobody is no person */
    data.dead = dead;
    g_assert_true(filter_persons(all, block, &data, persons, NULL));
    g_assert_cmphex(persons[0], ==, 0);
    identified += !data.unidentified;
  }
  g_assert_cmpuint(identified, ==, 1);
  world_free(world);
  sample_free(sample);
}

/* --- against a slow evaluator -------------------------------------------------------------------- */

enum { EVENTS = 6000, PERSONS = 300, TEXTS = 6 };
static const char *const NAMES[] = {"view", "cart", "order", "Sign in"};
static const char *const CHANNELS[] = {"", "email", "direct", "ads", "unassigned"};
static const char *const TOUCHPOINTS[] = {"", "", "", "shop"};
static const char *const KEYS[] = {"properties.a", "properties.b", "campaign", "context.c"};
static const char *const VALUES[TEXTS] = {"1", "2", "10", "01", "x", "true"};
static const char *const JSONS[] = {"[1,\"x\"]", "[]", "[2,[\"10\",null],{\"x\":\"1\"}]", "{\"d\":\"1\"}", "[true]"};

typedef struct {
  guint person; /* PERSONS: nobody */
  gint64 time_ms, value;
  const char *name, *channel, *touchpoint;
  gboolean has_value;
  Initiator initiator;
  ValueKind kinds[G_N_ELEMENTS(KEYS)];
  const char *texts[G_N_ELEMENTS(KEYS)];
} Plain;

static const char *pick(GRand *random, const char *const *from, guint n) {
  return from[g_rand_int_range(random, 0, (gint32)n)];
}
#define PICK(random, from) pick(random, from, G_N_ELEMENTS(from))

static void make_plain(GRand *random, Plain *plain) {
  plain->person = (guint)g_rand_int_range(random, 0, PERSONS + 10);
  plain->person = MIN(plain->person, PERSONS);
  plain->time_ms = TIME_MS_MIN + (gint64)g_rand_int_range(random, 0, 200) * 500;
  plain->name = PICK(random, NAMES);
  plain->channel = PICK(random, CHANNELS);
  plain->touchpoint = PICK(random, TOUCHPOINTS);
  plain->has_value = g_rand_boolean(random);
  plain->value = (gint64)g_rand_int_range(random, -3, 4) * 500000;
  plain->initiator = (Initiator)g_rand_int_range(random, 0, 3);
  for (guint k = 0; k < G_N_ELEMENTS(KEYS); k++) {
    plain->kinds[k] = (ValueKind)g_rand_int_range(random, VALUE_NONE, VALUE_JSON + 1);
    plain->texts[k] = plain->kinds[k] == VALUE_JSON   ? PICK(random, JSONS)
                      : plain->kinds[k] == VALUE_TEXT ? PICK(random, VALUES)
                                                      : VALUES[g_rand_int_range(random, 0, 3)];
    if (plain->kinds[k] == VALUE_TRUE || plain->kinds[k] == VALUE_FALSE)
      plain->texts[k] = plain->kinds[k] == VALUE_TRUE ? "true" : "false";
  }
}

static void add_plain(Sample *sample, const Plain *plain) {
  g_autofree char *person = g_strdup_printf("p%u", plain->person);
  Event *event = sample_event(sample, plain->person < PERSONS ? person : NULL, plain->time_ms, plain->name);
  event->channel = text_of(plain->channel);
  event->touchpoint = text_of(plain->touchpoint);
  event->has_value = plain->has_value;
  event->value_micro = plain->has_value ? plain->value : 0;
  event->initiator = plain->initiator;
  for (guint k = 0; k < G_N_ELEMENTS(KEYS); k++) {
    gboolean boolean = plain->kinds[k] == VALUE_TRUE || plain->kinds[k] == VALUE_FALSE;
    if (plain->kinds[k] != VALUE_NONE)
      sample_property(sample, KEYS[k], plain->kinds[k], boolean ? (Text){NULL, 0} : text_of(plain->texts[k]));
  }
  sample_add(sample, "test");
}

/* Every scalar of an event's field, one a line of the array; empty when it is missing. */
static void scalars_of(const Plain *plain, const char *field, GPtrArray *out) {
  const char *text = !strcmp(field, "event") ? plain->name : !strcmp(field, "channel") ? plain->channel : "";
  static const char *const initiators[] = {"customer", "company", "system"};
  if (!strcmp(field, "initiator"))
    text = initiators[plain->initiator];
  if (!strcmp(field, "touchpoint")) {
    if (*plain->touchpoint)
      text = plain->touchpoint;
    else
      g_ptr_array_add(out, *plain->channel ? g_strdup_printf("%s / %s", plain->channel, plain->name) : g_strdup(plain->name));
  }
  if (*text)
    g_ptr_array_add(out, g_strdup(text));
  for (guint k = 0; k < G_N_ELEMENTS(KEYS); k++) {
    if (strcmp(field, KEYS[k]) && !(g_str_has_prefix(KEYS[k], "properties.") && !strcmp(field, KEYS[k] + 11)))
      continue;
    static const char *const elements[][4] = {{"1", "x"}, {NULL}, {"2", "10"}, {NULL}, {"true"}};
    if (plain->kinds[k] == VALUE_JSON) {
      for (guint j = 0; j < G_N_ELEMENTS(JSONS); j++)
        for (guint e = 0; JSONS[j] == plain->texts[k] && elements[j][e]; e++)
          g_ptr_array_add(out, g_strdup(elements[j][e]));
    } else if (plain->kinds[k] != VALUE_NONE)
      g_ptr_array_add(out, g_strdup(plain->texts[k]));
  }
}

static gboolean slow_exists(const Plain *plain, const char *field) {
  for (guint k = 0; k < G_N_ELEMENTS(KEYS); k++)
    if (!strcmp(field, KEYS[k]) || (g_str_has_prefix(KEYS[k], "properties.") && !strcmp(field, KEYS[k] + 11)))
      return plain->kinds[k] != VALUE_NONE;
  if (!strcmp(field, "value"))
    return plain->has_value;
  g_autoptr(GPtrArray) scalars = g_ptr_array_new_with_free_func(g_free);
  scalars_of(plain, field, scalars);
  return scalars->len > 0 || !strcmp(field, "time");
}

static gboolean holds(int order, ConditionOp op) {
  return op == OP_EQ   ? order == 0
         : op == OP_NE ? order != 0
         : op == OP_LT ? order < 0
         : op == OP_LE ? order <= 0
         : op == OP_GT ? order > 0
                       : order >= 0;
}

static gboolean slow_number(const char *text, double *number) {
  char *end;
  *number = g_ascii_strtod(text, &end);
  return *text && !*end && !(text[0] == '0' && g_ascii_isdigit(text[1]));
}

static gboolean slow_scalar(const Condition *condition, const char *scalar) {
  double a, b;
  if (condition->op == OP_MATCH) {
    g_autoptr(Regex) regex = regex_new(g_ptr_array_index(condition->values, 0), NULL);
    return regex_match(regex, text_of(scalar));
  }
  if (condition->op == OP_CONTAINS)
    return strstr(scalar, g_ptr_array_index(condition->values, 0)) != NULL;
  for (guint i = 0; i < condition->values->len; i++) {
    const char *value = g_ptr_array_index(condition->values, i);
    int order = slow_number(scalar, &a) && slow_number(value, &b) ? (a > b) - (a < b) : strcmp(scalar, value);
    if (holds(order, condition->op == OP_IN ? OP_EQ : condition->op))
      return TRUE;
  }
  return FALSE;
}

static gboolean slow_compare(const Condition *condition, const Plain *plain) {
  gboolean value = !strcmp(condition->field, "value");
  if (value || !strcmp(condition->field, "time")) {
    gboolean any = FALSE;
    for (guint i = 0; i < condition->values->len; i++) {
      const char *text = g_ptr_array_index(condition->values, i), *why;
      gint64 literal = (gint64)(g_ascii_strtod(text, NULL) * 1e6), own = value ? plain->value : plain->time_ms;
      if (!value)
        clock_parse(text_of(text), NULL, &literal, &why);
      any |= holds((own > literal) - (own < literal), condition->op == OP_IN ? OP_EQ : condition->op);
    }
    return any && (plain->has_value || !value);
  }
  g_autoptr(GPtrArray) scalars = g_ptr_array_new_with_free_func(g_free);
  scalars_of(plain, condition->field, scalars);
  for (guint i = 0; i < scalars->len; i++)
    if (slow_scalar(condition, g_ptr_array_index(scalars, i)))
      return TRUE;
  return FALSE;
}

typedef struct {
  const Plain *events;
  guint n;
  gint64 now_ms, to_ms;
  GPtrArray *persons[PERSONS + 1]; /* of Plain*, in order of arrival */
} Story;

static gboolean slow_event(const Condition *condition, const Plain *plain) {
  gboolean result = condition->kind == CONDITION_AND;
  switch (condition->kind) {
  case CONDITION_AND:
  case CONDITION_OR:
    for (guint i = 0; i < condition->children->len; i++)
      if (slow_event(g_ptr_array_index(condition->children, i), plain) != result)
        return !result;
    return result;
  case CONDITION_NOT: return !slow_event(g_ptr_array_index(condition->children, 0), plain);
  case CONDITION_EXISTS: return slow_exists(plain, condition->field);
  default: return slow_compare(condition, plain);
  }
}

static gboolean slow_count(const Condition *condition, const Story *story, guint person) {
  g_autoptr(GHashTable) distinct = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  guint n = 0;
  gint64 end = MIN(story->now_ms, story->to_ms);
  for (guint i = 0; i < story->persons[person]->len; i++) {
    const Plain *plain = g_ptr_array_index(story->persons[person], i);
    if (plain->time_ms > story->now_ms || !slow_event(g_ptr_array_index(condition->children, 0), plain))
      continue;
    if (condition->within_ms && (plain->time_ms >= story->to_ms || plain->time_ms < end - condition->within_ms))
      continue;
    n++;
    g_autoptr(GPtrArray) scalars = g_ptr_array_new_with_free_func(g_free);
    if (condition->by)
      scalars_of(plain, condition->by, scalars);
    for (guint k = 0; k < scalars->len; k++)
      g_hash_table_add(distinct, g_strdup(g_ptr_array_index(scalars, k)));
  }
  gint64 counted = condition->by ? g_hash_table_size(distinct) : n, wanted = atoi(g_ptr_array_index(condition->values, 0));
  return holds((counted > wanted) - (counted < wanted), condition->op);
}

static gboolean slow_pick(const Condition *condition, const Story *story, guint person) {
  const Plain *best = NULL;
  for (guint i = 0; i < story->persons[person]->len; i++) { /* an equal time that arrived later is later */
    const Plain *plain = g_ptr_array_index(story->persons[person], i);
    if (plain->time_ms > story->now_ms || !slow_event(g_ptr_array_index(condition->children, 0), plain))
      continue;
    if (!best || (condition->last ? plain->time_ms >= best->time_ms : plain->time_ms < best->time_ms))
      best = plain;
  }
  return best && slow_compare(condition, best);
}

static gboolean slow_person(const Condition *condition, const Story *story, guint person) {
  gboolean result = condition->kind == CONDITION_AND;
  switch (condition->kind) {
  case CONDITION_AND:
  case CONDITION_OR:
    for (guint i = 0; i < condition->children->len; i++)
      if (slow_person(g_ptr_array_index(condition->children, i), story, person) != result)
        return !result;
    return result;
  case CONDITION_NOT: return !slow_person(g_ptr_array_index(condition->children, 0), story, person);
  case CONDITION_COUNT: return slow_count(condition, story, person);
  default: return slow_pick(condition, story, person);
  }
}

/* A random comparison's text, as it stands behind a field. */
static void random_tail(GRand *random, GString *out, const char *field) {
  static const char *const order[] = {"=", "!=", "<", "<=", ">", ">="}, *const amounts[] = {"-1", "0", "0.5", "1.00"};
  static const char *const any[] = {"1", "2", "01", "x", "true", "email", "view", "shop", "\"email / order\"", "company", "10.0"};
  gboolean value = !strcmp(field, "value"), time = !strcmp(field, "time");
  guint shape = (guint)g_rand_int_range(random, 0, value || time ? 2 : 4);
  g_autofree char *instant = clock_text(TIME_MS_MIN + 500 * g_rand_int_range(random, 0, 200));
  const char *one = value ? PICK(random, amounts) : time ? instant : PICK(random, any);
  if (shape == 0)
    g_string_append_printf(out, " %s %s", PICK(random, order), one);
  else if (shape == 1)
    g_string_append_printf(out, "%s in (%s, %s)", g_rand_boolean(random) ? " not" : "", one,
                           value || time ? one : PICK(random, any));
  else
    g_string_append_printf(out, shape == 2 ? " ~ \"%s\"" : " contains %s", shape == 2 ? "^[e1x]" : PICK(random, VALUES));
}

static void random_event(GRand *random, GString *out, guint depth) {
  static const char *const fields[] = {"event",        "channel",  "touchpoint", "initiator", "properties.a", "a",
                                       "properties.b", "campaign", "context.c",  "value",     "time",         "properties.unknown"};
  guint shape = depth ? (guint)g_rand_int_range(random, 0, 8) : 7;
  if (shape < 4) {
    g_string_append(out, shape == 3 ? "not (" : "(");
    random_event(random, out, depth - 1);
    if (shape < 3) {
      g_string_append(out, shape == 0 ? " and " : " or ");
      random_event(random, out, depth - 1);
    }
    g_string_append_c(out, ')');
  } else if (shape == 4)
    g_string_append(out, g_rand_boolean(random) ? "order" : "Sign in");
  else {
    const char *field = PICK(random, fields);
    g_string_append_printf(out, shape == 5 ? "exists %s" : "%s", field);
    if (shape != 5)
      random_tail(random, out, field);
  }
}

static void random_person(GRand *random, GString *out, guint depth) {
  static const char *const order[] = {"=", "!=", "<", "<=", ">", ">="}, *const picked[] = {"channel", "properties.a", "value",
                                                                                           "time", "touchpoint"};
  static const char *const by[] = {"channel", "a", "touchpoint", "campaign", "context.c"};
  guint shape = depth ? (guint)g_rand_int_range(random, 0, 6) : 5;
  if (shape < 3) {
    g_string_append(out, shape == 2 ? "not (" : "(");
    random_person(random, out, depth - 1);
    if (shape < 2) {
      g_string_append(out, shape == 0 ? " and " : " or ");
      random_person(random, out, depth - 1);
    }
    g_string_append_c(out, ')');
    return;
  }
  gboolean count = g_rand_boolean(random);
  g_string_append(out, count ? "count(" : g_rand_boolean(random) ? "first(" : "last(");
  random_event(random, out, 2);
  if (!count) {
    const char *field = PICK(random, picked);
    g_string_append_printf(out, ").%s", field);
    random_tail(random, out, field);
    return;
  }
  if (g_rand_boolean(random))
    g_string_append_printf(out, ", within %ds", g_rand_int_range(random, 1, 100));
  if (g_rand_boolean(random))
    g_string_append_printf(out, ", by %s", PICK(random, by));
  g_string_append_printf(out, ") %s %d", PICK(random, order), g_rand_int_range(random, 0, 6));
}

static void check_against_slow(World *world, const Story *story, const char *text, guint *matched) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Condition) condition = condition_parse(text, &error);
  g_assert_no_error(error);
  gboolean persons = condition_is_person_level(condition);
  g_autofree guint8 *matches = (persons ? ask_persons : ask_events)(world, text, &error);
  if (error)
    g_error("%s: %s", text, error->message);
  g_autofree guint8 *person = g_new0(guint8, PERSONS + 1);
  for (guint i = 0; persons && i < PERSONS; i++)
    person[i] = (guint8)slow_person(condition, story, i);
  for (guint i = 0; i < story->n; i++) {
    gboolean slow = persons ? person[story->events[i].person] : slow_event(condition, &story->events[i]);
    if (matches[i] != slow)
      g_error("%s: event %u is %d, the slow evaluator says %d", text, i, matches[i], slow);
    *matched += slow;
  }
}

static void test_random(void) {
  guint32 seed = g_test_rand_int_range(1, G_MAXINT32);
  g_test_message("seed %u", seed);
  g_autoptr(GRand) random = g_rand_new_with_seed(seed);
  Sample *sample = sample_new();
  g_autofree Plain *events = g_new0(Plain, EVENTS);
  for (guint i = 0; i < EVENTS; i++) {
    make_plain(random, &events[i]);
    add_plain(sample, &events[i]);
  }
  Story story = {.events = events, .n = EVENTS, .now_ms = TIME_MS_MIN + 80000, .to_ms = TIME_MS_MIN + 70000};
  for (guint i = 0; i <= PERSONS; i++)
    story.persons[i] = g_ptr_array_new();
  for (guint i = 0; i < EVENTS; i++)
    g_ptr_array_add(story.persons[events[i].person], &events[i]);
  World *world = world_new(sample, story.now_ms);
  world->question.to_ms = story.to_ms;
  g_assert_cmpuint(world->rows->len, ==, EVENTS);
  guint matched = 0;
  for (guint round = 0; round < 400; round++) {
    g_autoptr(GString) text = g_string_new(NULL);
    round % 4 ? random_event(random, text, 3) : random_person(random, text, 2);
    check_against_slow(world, &story, text->str, &matched);
  }
  g_assert_cmpuint(matched, >, EVENTS * 20); /* the conditions are not all empty */
  for (guint i = 0; i <= PERSONS; i++)
    g_ptr_array_unref(story.persons[i]);
  world_free(world);
  sample_free(sample);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/filter/the examples of the manual hold", test_docs);
  g_test_add_func("/filter/what cannot be asked is refused with the column and a way out", test_refusals);
  g_test_add_func("/filter/count sees events up to now, within counts back from the end of the range", test_within);
  g_test_add_func("/filter/excluded events, replaced persons and nobody's events are not counted", test_hidden);
  g_test_add_func("/filter/random conditions agree with a slow evaluator", test_random);
  return g_test_run();
}
