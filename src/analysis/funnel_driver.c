// SPDX-License-Identifier: Apache-2.0
/* A case is counted once for every code of a field that its events have, and once for its least and its greatest number.
 * From the latter follows for any threshold t, without a second look, how many have some value >= t (their greatest is)
 * or < t (their least is).
 *
 * Thousands of values are looked at together, so what is shown must hold for all of them at once: Newcombe's interval of
 * the difference, as wide as the number of comparisons asks (rates_z). */
#include "analysis/funnel_driver.h"
#include "analysis/key.h"
#include "analysis/rates.h"
#include "base/decimal.h"
#include "base/error.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 400, DIGITS_MAX = 15, CUTS = 20, ALSO_MAX = 8, NO_CODE = G_MAXUINT32 };

/* The first of two that are the same persons is shown, the other stands beside it. */
static const char *const first_fields[] = {"channel", "campaign", "source", "medium", "content", "term", "touchpoint",
                                           "event",   "place",    "kind",   "value",  "score",   NULL};
/* Who and when it was, what it cost us: nothing that a person met. */
static const char *const passed_over[] = {"order", "id", "cost", "visitor", "account", "session", NULL};

typedef struct {
  char *name;
  Key *key;
  gint crowded; /* more values than are looked at; atomic */
} Field;

typedef struct { /* cases with a code, by side: 0 went on, 1 dropped */
  guint32 with[2], least[2], most[2];
  double number; /* NAN: not a number */
  guint32 seen;  /* the case it was counted for last */
  gboolean known;
} Code;

typedef struct {
  GArray *codes; /* of Code */
  guint64 without[2];
} Tally;

typedef struct { /* of one worker */
  guint32 *codes;
  guint room;
  guint32 stamp;
  guint64 sides[2];
  Tally *tallies; /* by field */
} Worker;

typedef struct {
  guint field;
  char *operator; /* "=", ">=", "<", "missing", "exists" */
  char *value;    /* NULL: none */
  guint64 counts[2];
  RateRatio ratio;
  char *who;
  GPtrArray *also; /* of char*: other names of the same persons, or NULL */
} Driver;

struct FunnelDrivers {
  GArray *fields; /* of Field */
  guint n_workers;
  Worker *workers;
  guint64 sides[2];
  guint64 compared;
  guint total;   /* beyond chance, before the limit */
  GArray *found; /* of Driver */
};

/* --- fields ---------------------------------------------------------------------------------------- */

static void field_clear(gpointer data) {
  Field *field = data;
  g_free(field->name);
  key_free(field->key);
}

static void driver_clear(gpointer data) {
  Driver *driver = data;
  g_free(driver->value);
  g_free(driver->who);
  g_clear_pointer(&driver->also, g_ptr_array_unref);
}

static gboolean add_field(FunnelDrivers *drivers, const Question *question, const char *name, GError **error) {
  Field field = {.name = g_strdup(name), .key = key_new(question, name, error)};
  if (!field.key) {
    g_free(field.name);
    return FALSE;
  }
  g_array_append_val(drivers->fields, field);
  return TRUE;
}

static gboolean is_looked_at(const Question *question, const char *name) {
  return !g_strv_contains(passed_over, name) && !g_strv_contains(first_fields, name) && !g_str_has_prefix(name, "consent.") &&
         !g_str_has_prefix(name, "traits.") && !(question->project && project_is_of_employees(question->project, name));
}

static gint compare_names(gconstpointer a, gconstpointer b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static gboolean add_fields(FunnelDrivers *drivers, const Question *question, GError **error) {
  const Names *names = snapshot_names(question->snapshot);
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; first_fields[i]; i++)
    if (!(question->project && project_is_of_employees(question->project, first_fields[i])) &&
        !add_field(drivers, question, first_fields[i], error))
      return FALSE;
  for (guint code = 1; code <= names_count(names, NAME_KEY); code++)
    g_ptr_array_add(keys, text_dup(names_text(names, NAME_KEY, (guint16)code)));
  g_ptr_array_sort(keys, compare_names);
  for (guint i = 0; i < keys->len && drivers->fields->len < FIELDS_MAX; i++)
    if (is_looked_at(question, keys->pdata[i]) && !add_field(drivers, question, keys->pdata[i], error))
      return FALSE;
  return TRUE;
}

FunnelDrivers *funnel_drivers_new(const Question *question, GError **error) {
  FunnelDrivers *drivers = g_new0(FunnelDrivers, 1);
  drivers->fields = g_array_new(FALSE, FALSE, sizeof(Field));
  g_array_set_clear_func(drivers->fields, field_clear);
  drivers->found = g_array_new(FALSE, FALSE, sizeof(Driver));
  g_array_set_clear_func(drivers->found, driver_clear);
  if (!add_fields(drivers, question, error)) {
    funnel_drivers_free(drivers);
    return NULL;
  }
  drivers->n_workers = question_threads(question);
  drivers->workers = g_new0(Worker, drivers->n_workers);
  for (guint i = 0; i < drivers->n_workers; i++) {
    drivers->workers[i].tallies = g_new0(Tally, drivers->fields->len);
    for (guint f = 0; f < drivers->fields->len; f++)
      drivers->workers[i].tallies[f].codes = g_array_new(FALSE, TRUE, sizeof(Code));
  }
  return drivers;
}

void funnel_drivers_free(FunnelDrivers *drivers) {
  if (!drivers)
    return;
  for (guint i = 0; i < drivers->n_workers; i++) {
    for (guint f = 0; f < drivers->fields->len; f++)
      g_array_unref(drivers->workers[i].tallies[f].codes);
    g_free(drivers->workers[i].tallies);
    g_free(drivers->workers[i].codes);
  }
  g_free(drivers->workers);
  g_array_unref(drivers->fields);
  g_array_unref(drivers->found);
  g_free(drivers);
}

/* --- a block ------------------------------------------------------------------------------------------ */

/* Longer ones are ids; shorter ones are told apart by doubles. */
static double number_of(Text text) {
  char buffer[DIGITS_MAX + 1];
  if (text.size > DIGITS_MAX || !decimal_is_canonical(text))
    return NAN;
  memcpy(buffer, text.at, text.size);
  buffer[text.size] = '\0';
  return g_ascii_strtod(buffer, NULL);
}

static Code *code_at(const Field *field, Tally *tally, guint32 code) {
  if (code >= tally->codes->len)
    g_array_set_size(tally->codes, code + 1);
  Code *found = &g_array_index(tally->codes, Code, code);
  if (!found->known) {
    found->known = TRUE;
    found->number = code == KEY_NONE ? NAN : number_of(key_text(field->key, code));
  }
  return found;
}

static void count_case(const Field *field, Worker *worker, Tally *tally, const FunnelCases *cases, guint number) {
  const guint32 *events = funnel_case_events(cases, number);
  guint32 least = NO_CODE, most = NO_CODE;
  gboolean any = FALSE, side = cases->cases[number].dropped;
  double low = INFINITY, high = -INFINITY;
  worker->stamp++;
  for (guint k = 0; k < cases->n_steps; k++) {
    guint32 code = worker->codes[events[k]];
    if (code == KEY_NONE)
      continue;
    Code *found = code_at(field, tally, code);
    any = TRUE;
    if (found->seen == worker->stamp)
      continue;
    found->seen = worker->stamp;
    found->with[side]++;
    if (found->number < low) {
      low = found->number;
      least = code;
    }
    if (found->number > high) {
      high = found->number;
      most = code;
    }
  }
  tally->without[side] += !any;
  if (least != NO_CODE)
    code_at(field, tally, least)->least[side]++;
  if (most != NO_CODE)
    code_at(field, tally, most)->most[side]++;
}

static gboolean count_field(Field *field, guint number, Worker *worker, const FunnelCases *cases, GError **error) {
  GError *why = NULL;
  if (g_atomic_int_get(&field->crowded))
    return TRUE;
  if (!key_block(field->key, cases->block, cases->data, worker->codes, &why)) {
    gboolean full = g_error_matches(why, ETAPPE_ERROR, ERROR_LIMIT);
    if (!full) {
      g_propagate_error(error, why);
      return FALSE;
    }
    g_error_free(why);
    g_atomic_int_set(&field->crowded, 1);
    return TRUE;
  }
  if (key_count(field->key) > DRIVER_VALUES_MAX) {
    g_atomic_int_set(&field->crowded, 1);
    return TRUE;
  }
  for (guint i = 0; i < cases->n; i++)
    count_case(field, worker, &worker->tallies[number], cases, i);
  return TRUE;
}

gboolean funnel_drivers_block(FunnelDrivers *drivers, const FunnelCases *cases, guint number, GError **error) {
  Worker *worker = &drivers->workers[number];
  if (cases->n == 0)
    return TRUE;
  if (cases->data->n_events > worker->room) {
    guint32 *codes = g_try_renew(guint32, worker->codes, cases->data->n_events);
    if (!codes)
      return error_set(error, ERROR_LIMIT, "no memory for a block of %u events", cases->data->n_events);
    worker->codes = codes;
    worker->room = cases->data->n_events;
  }
  for (guint i = 0; i < cases->n; i++)
    worker->sides[cases->cases[i].dropped]++;
  for (guint f = 0; f < drivers->fields->len; f++)
    if (!count_field(&g_array_index(drivers->fields, Field, f), f, worker, cases, error))
      return FALSE;
  return TRUE;
}

/* --- what differs --------------------------------------------------------------------------------------- */

typedef struct {
  FunnelDrivers *drivers;
  GArray *candidates; /* of Driver */
} Search;

static gboolean is_few(guint64 n) {
  return n > 0 && n < DRIVER_GROUP_MIN;
}

static void consider(Search *search, guint field, const char *operator, const char * value, guint64 onward, guint64 dropped) {
  const guint64 *sides = search->drivers->sides;
  if (dropped < DRIVER_GROUP_MIN || is_few(onward) || is_few(sides[1] - dropped) || is_few(sides[0] - onward) ||
      (dropped == sides[1] && onward == sides[0]))
    return;
  Driver driver = {field, (char *)operator, g_strdup(value), {onward, dropped}, {NAN, NAN, NAN}, NULL, NULL};
  g_array_append_val(search->candidates, driver);
}

/* A worker's codes together; `codes` of all keys' codes. */
static Code *sum_codes(const FunnelDrivers *drivers, guint f, guint n, guint64 without[2]) {
  Code *sums = g_new0(Code, n + 1);
  for (guint i = 0; i < drivers->n_workers; i++) {
    const Tally *tally = &drivers->workers[i].tallies[f];
    for (guint32 c = 0; c < MIN(tally->codes->len, n); c++) {
      const Code *code = &g_array_index(tally->codes, Code, c);
      for (guint side = 0; side < 2; side++) {
        sums[c].with[side] += code->with[side];
        sums[c].least[side] += code->least[side];
        sums[c].most[side] += code->most[side];
      }
      if (code->known)
        sums[c].number = code->number;
    }
    for (guint side = 0; side < 2; side++)
      without[side] += tally->without[side];
  }
  return sums;
}

static gboolean has_cases(const Code *code) {
  return code->with[0] + code->with[1] > 0;
}

static gint compare_numbers(gconstpointer a, gconstpointer b, gpointer user) {
  const Code *codes = user;
  double x = codes[*(const guint32 *)a].number, y = codes[*(const guint32 *)b].number;
  return (x > y) - (x < y);
}

/* Codes in use by their numbers, or NULL where one of them is none: then they are texts. */
static GArray *numbers_in_order(const Code *codes, guint n) {
  g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(guint32));
  for (guint32 c = KEY_NONE + 1; c < n; c++) {
    if (!has_cases(&codes[c]))
      continue;
    if (isnan(codes[c].number))
      return NULL;
    g_array_append_val(order, c);
  }
  g_array_sort_with_data(order, compare_numbers, (gpointer)codes);
  return g_steal_pointer(&order);
}

/* Thresholds where a twentieth of the cases more lies below, each a value that occurs. */
static void consider_numbers(Search *search, guint f, const Code *codes, const GArray *order) {
  Key *key = g_array_index(search->drivers->fields, Field, f).key;
  guint64 all[2] = {0, 0}, below_most[2] = {0, 0}, below_least[2] = {0, 0}, last = 0;
  for (guint i = 0; i < order->len; i++)
    for (guint side = 0; side < 2; side++)
      all[side] += codes[g_array_index(order, guint32, i)].most[side];
  for (guint i = 0; i < order->len; i++) {
    const Code *code = &codes[g_array_index(order, guint32, i)];
    guint64 below = below_most[0] + below_most[1];
    gboolean new_number = i > 0 && codes[g_array_index(order, guint32, i - 1)].number < code->number;
    if (new_number && (order->len <= CUTS || (below - last) * CUTS >= all[0] + all[1])) {
      g_autofree char *text = text_dup(key_text(key, g_array_index(order, guint32, i)));
      last = below;
      consider(search, f, ">=", text, all[0] - below_most[0], all[1] - below_most[1]);
      consider(search, f, "<", text, below_least[0], below_least[1]);
    }
    for (guint side = 0; side < 2; side++) {
      below_most[side] += code->most[side];
      below_least[side] += code->least[side];
    }
  }
}

static void consider_texts(Search *search, guint f, const Code *codes, guint n) {
  Key *key = g_array_index(search->drivers->fields, Field, f).key;
  for (guint32 c = KEY_NONE + 1; c < n; c++) {
    Text text = has_cases(&codes[c]) ? key_text(key, c) : (Text){NULL, 0};
    gboolean json = text.size && (*text.at == '[' || *text.at == '{');
    if (!text.size || json || !isnan(codes[c].number)) /* numbers among texts: "1" and "1.0" would be one */
      continue;
    g_autofree char *value = text_dup(text);
    consider(search, f, "=", value, codes[c].with[0], codes[c].with[1]);
  }
}

static void consider_field(Search *search, guint f) {
  FunnelDrivers *drivers = search->drivers;
  const Field *field = &g_array_index(drivers->fields, Field, f);
  guint n = key_count(field->key);
  guint64 without[2] = {0, 0};
  if (field->crowded)
    return;
  g_autofree Code *codes = sum_codes(drivers, f, n, without);
  g_autoptr(GArray) order = numbers_in_order(codes, n);
  if (order)
    consider_numbers(search, f, codes, order);
  else
    consider_texts(search, f, codes, n);
  consider(search, f, "missing", NULL, without[0], without[1]);
  consider(search, f, "exists", NULL, drivers->sides[0] - without[0], drivers->sides[1] - without[1]);
}

static char *spell(const FunnelDrivers *drivers, const Driver *driver) {
  const char *field = g_array_index(drivers->fields, Field, driver->field).name;
  if (!driver->value)
    return g_strdup_printf("%s:%s exists", strcmp(driver->operator, "missing") == 0 ? "without" : "with", field);
  g_autofree char *value = condition_value_text(driver->value);
  return g_strdup_printf("with:%s %s %s", field, driver->operator, value);
}

static gint compare_drivers(gconstpointer a, gconstpointer b) {
  const Driver *x = a, *y = b;
  if (x->ratio.low != y->ratio.low)
    return x->ratio.low < y->ratio.low ? 1 : -1;
  if (x->counts[1] != y->counts[1])
    return x->counts[1] < y->counts[1] ? 1 : -1;
  return x->field != y->field ? (x->field > y->field ? 1 : -1) : strcmp(x->who, y->who);
}

static void add_also(Driver *to, const Driver *other) {
  to->also = to->also ? to->also : g_ptr_array_new_with_free_func(g_free);
  if (to->also->len < ALSO_MAX)
    g_ptr_array_add(to->also, g_strdup(other->who));
}

/* Of thresholds of one number only the strongest, and what counts the same is said once. */
static Driver *same_as(GArray *found, const Driver *driver, gboolean *threshold) {
  for (guint i = 0; i < found->len; i++) {
    Driver *other = &g_array_index(found, Driver, i);
    *threshold = other->field == driver->field && strcmp(other->operator, driver->operator) == 0 && *driver->operator!= '=';
    if (*threshold || (other->counts[0] == driver->counts[0] && other->counts[1] == driver->counts[1]))
      return other;
  }
  return NULL;
}

static void take_found(FunnelDrivers *drivers, GArray *candidates) {
  for (guint i = 0; i < candidates->len; i++) {
    Driver *driver = &g_array_index(candidates, Driver, i);
    gboolean threshold = FALSE;
    Driver *other = same_as(drivers->found, driver, &threshold);
    if (other && !threshold)
      add_also(other, driver);
    if (other)
      continue;
    Driver taken = *driver;
    *driver = (Driver){0};
    g_array_append_val(drivers->found, taken);
  }
}

static void keep_differing(FunnelDrivers *drivers, GArray *candidates, GArray *differing) {
  double z = rates_z(candidates->len);
  for (guint i = 0; i < candidates->len; i++) {
    Driver *driver = &g_array_index(candidates, Driver, i);
    if (!rates_differ_by(driver->counts[1], drivers->sides[1], driver->counts[0], drivers->sides[0], z))
      continue;
    Driver taken = *driver;
    *driver = (Driver){0};
    taken.ratio = rate_ratio(taken.counts[1], drivers->sides[1], taken.counts[0], drivers->sides[0]);
    taken.who = spell(drivers, &taken);
    g_array_append_val(differing, taken);
  }
}

void funnel_drivers_finish(FunnelDrivers *drivers, guint limit) {
  g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Driver));
  g_autoptr(GArray) differing = g_array_new(FALSE, FALSE, sizeof(Driver));
  Search search = {drivers, candidates};
  g_array_set_clear_func(candidates, driver_clear);
  g_array_set_clear_func(differing, driver_clear);
  for (guint i = 0; i < drivers->n_workers; i++)
    for (guint side = 0; side < 2; side++)
      drivers->sides[side] += drivers->workers[i].sides[side];
  for (guint f = 0; f < drivers->fields->len; f++)
    consider_field(&search, f);
  drivers->compared = candidates->len;
  keep_differing(drivers, candidates, differing);
  g_array_sort(differing, compare_drivers);
  take_found(drivers, differing);
  drivers->total = drivers->found->len;
  if (limit < drivers->found->len)
    g_array_set_size(drivers->found, limit);
}

/* --- shown ------------------------------------------------------------------------------------------------ */

static double share(const FunnelDrivers *drivers, const Driver *driver, guint side) {
  return drivers->sides[side] ? (double)driver->counts[side] / (double)drivers->sides[side] : NAN;
}

static void write_driver(const FunnelDrivers *drivers, const Driver *driver, JsonOut *out) {
  json_object(out);
  json_kv_string(out, "field", g_array_index(drivers->fields, Field, driver->field).name);
  json_kv_string(out, "operator", driver->operator);
  json_kv_string(out, "value", driver->value);
  json_kv_string(out, "who", driver->who);
  json_kv_int(out, "count", (gint64)driver->counts[1]);
  json_kv_double(out, "share", share(drivers, driver, 1));
  json_kv_int(out, "onward", (gint64)driver->counts[0]);
  json_kv_double(out, "onward_share", share(drivers, driver, 0));
  json_kv_double(out, "ratio", driver->ratio.ratio);
  json_kv_double(out, "low", driver->ratio.low);
  json_kv_double(out, "high", driver->ratio.high);
  if (driver->also) {
    json_key(out, "also");
    json_array(out);
    for (guint i = 0; i < driver->also->len; i++)
      json_string(out, driver->also->pdata[i]);
    json_array_end(out);
  }
  json_object_end(out);
}

void funnel_drivers_json(const FunnelDrivers *drivers, guint step, JsonOut *out) {
  json_key(out, "drivers");
  json_object(out);
  json_kv_int(out, "step", step);
  json_kv_int(out, "dropped", (gint64)drivers->sides[1]);
  json_kv_int(out, "compared", (gint64)drivers->compared);
  json_kv_int(out, "found", drivers->total);
  json_key(out, "list");
  json_array(out);
  for (guint i = 0; i < drivers->found->len; i++)
    write_driver(drivers, &g_array_index(drivers->found, Driver, i), out);
  json_array_end(out);
  json_key(out, "left_out"); /* fields of too many values */
  json_array(out);
  for (guint f = 0; f < drivers->fields->len; f++)
    if (g_array_index(drivers->fields, Field, f).crowded)
      json_string(out, g_array_index(drivers->fields, Field, f).name);
  json_array_end(out);
  json_object_end(out);
}

void funnel_drivers_table(const FunnelDrivers *drivers, const char *step, Table *table) {
  table_title(table, "More frequent among those who stop after %s than among those who go on", step);
  table_column(table, "what", CELL_TEXT);
  table_column(table, "stopped", CELL_INT);
  table_column(table, "share", CELL_SHARE);
  table_column(table, "went on", CELL_INT);
  table_column(table, "share", CELL_SHARE);
  table_column(table, "times", CELL_NUMBER);
  table_column(table, "low", CELL_NUMBER);
  table_column(table, "high", CELL_NUMBER);
  for (guint i = 0; i < drivers->found->len; i++) {
    const Driver *driver = &g_array_index(drivers->found, Driver, i);
    table_text(table, driver->who);
    table_int(table, (gint64)driver->counts[1]);
    table_number(table, share(drivers, driver, 1));
    table_int(table, (gint64)driver->counts[0]);
    table_number(table, share(drivers, driver, 0));
    table_number(table, driver->ratio.ratio);
    table_number(table, driver->ratio.low);
    table_number(table, driver->ratio.high);
  }
  if (drivers->compared == 0)
    table_note(table, "Nothing could be compared: on both sides at least five must have or lack a property. A wider range helps.");
  else if (drivers->found->len == 0)
    table_note(table, "Of %" G_GUINT64_FORMAT " comparisons none goes beyond chance (95 %%, all at once).", drivers->compared);
  else
    table_note(table,
               "Of %" G_GUINT64_FORMAT " comparisons these hold beyond chance, all at once (95 %%). Connection, no proof. "
               "--who dropped:K,%s lists the persons.",
               drivers->compared, g_array_index(drivers->found, Driver, 0).who);
}
