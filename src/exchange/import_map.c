// SPDX-License-Identifier: Apache-2.0
#include "exchange/import_map.h"

#include "base/error.h"

typedef struct {
  const char *field;
  const char *const *names; /* plain ones, without case, blanks, - and _ ; the likeliest first */
} Guess;

static const char *const person_names[] = {"person",   "personid",     "user",     "userid", "customer", "customerid", "kunde",
                                           "kundenid", "kundennummer", "kundennr", "client", "clientid", "memberid",   NULL};
static const char *const time_names[] = {"time",        "timestamp",      "ts",        "datetime",   "date",
                                         "eventtime",   "eventtimestamp", "createdat", "occurredat", "zeitpunkt",
                                         "zeitstempel", "datumuhrzeit",   "datum",     "zeit",       NULL};
static const char *const event_names[] = {"event",    "eventname", "eventtype",  "action", "activity",
                                          "ereignis", "aktion",    "aktivitaet", NULL};
static const Guess guesses[] = {{"person", person_names}, {"time", time_names}, {"event", event_names}};

typedef struct {
  GPtrArray *map, *set; /* of char** pairs {field, column or value} */
  GPtrArray *said;      /* of char*: "person is user_id" */
} Plan;

static char **split_pair(const char *text, const char *option, GError **error) {
  const char *equals = strchr(text, '=');
  if (!equals || equals == text || !equals[1]) {
    error_set(error, ERROR_USAGE, "--%s \"%s\" is no pair\nhint: write --%s FIELD=%s, for example --%s %s", option, text, option,
              g_str_equal(option, "map") ? "COLUMN" : "VALUE", option,
              g_str_equal(option, "map") ? "person=user_id" : "place=store");
    return NULL;
  }
  char **pair = g_new0(char *, 3);
  pair[0] = g_strndup(text, (gsize)(equals - text));
  pair[1] = g_strdup(equals + 1);
  return pair;
}

static gboolean split_pairs(GPtrArray *pairs, const char *const *texts, const char *option, GError **error) {
  for (; texts && *texts; texts++) {
    char **pair = split_pair(*texts, option, error);
    if (!pair)
      return FALSE;
    g_ptr_array_add(pairs, pair);
  }
  return TRUE;
}

const char **import_map_wanted(const ImportMapOptions *options) {
  GPtrArray *wanted = g_ptr_array_new();
  for (const char *const *text = options->map; text && *text; text++)
    if (strchr(*text, '='))
      g_ptr_array_add(wanted, strchr(*text, '=') + 1);
  g_ptr_array_add(wanted, NULL);
  return (const char **)g_ptr_array_free(wanted, FALSE);
}

/* --- guessing -------------------------------------------------------------------------------- */

static char *plain_name(const char *name) {
  g_autofree char *lower = g_utf8_strdown(name, -1);
  GString *plain = g_string_new(NULL);
  for (const char *at = lower; *at; at++)
    if (!strchr(" _-", *at))
      g_string_append_c(plain, *at);
  g_string_replace(plain, "ä", "ae", 0);
  return g_string_free(plain, FALSE);
}

static const char *find_column(const char *const *columns, const char *plain) {
  for (; *columns; columns++) {
    g_autofree char *name = plain_name(*columns);
    if (g_str_equal(name, plain))
      return *columns;
  }
  return NULL;
}

static gboolean has_field(const GPtrArray *pairs, const char *field) {
  for (guint i = 0; i < pairs->len; i++)
    if (g_str_equal(((char **)pairs->pdata[i])[0], field))
      return TRUE;
  return FALSE;
}

static gboolean has_identifier(const GPtrArray *pairs, const Spaces *spaces) {
  for (guint i = 0; i < spaces->n_spaces; i++)
    if (has_field(pairs, spaces->spaces[i].name))
      return TRUE;
  return has_field(pairs, "person");
}

static gboolean is_known(const Plan *plan, const Spaces *spaces, const char *field) {
  if (g_str_equal(field, "person"))
    return has_identifier(plan->map, spaces) || has_identifier(plan->set, spaces);
  return has_field(plan->map, field) || has_field(plan->set, field);
}

static void plan_map(Plan *plan, const char *field, const char *column) {
  char **pair = g_new0(char *, 3);
  pair[0] = g_strdup(field);
  pair[1] = g_strdup(column);
  g_ptr_array_add(plan->map, pair);
}

static void guess_field(Plan *plan, const Guess *guess, const char *const *columns) {
  for (const char *const *name = guess->names; *name; name++) {
    const char *column = find_column(columns, *name);
    if (!column)
      continue;
    plan_map(plan, guess->field, column);
    g_ptr_array_add(plan->said, g_strdup_printf("%s is %s", guess->field, column));
    return;
  }
}

/* A file in our own words, as `etappe simulate` writes them: every column called like a field is that field. */
static void take_field_names(Plan *plan, const Spaces *spaces, const char *const *columns) {
  gboolean person = g_strv_contains(columns, "person");
  for (guint i = 0; i < spaces->n_spaces; i++)
    person |= g_strv_contains(columns, spaces->spaces[i].name);
  if (!person || !g_strv_contains(columns, "time") || !g_strv_contains(columns, "event"))
    return;
  g_autoptr(Mapping) known = mapping_new(spaces);
  g_autoptr(GString) said = g_string_new("these columns are fields of an event:");
  for (; *columns; columns++)
    if (mapping_map(known, *columns, *columns, NULL)) {
      plan_map(plan, *columns, *columns);
      g_string_append_printf(said, " %s", *columns);
    }
  g_ptr_array_add(plan->said, g_string_free(g_steal_pointer(&said), FALSE));
}

/* With columns that the file has, so that only the right ones have to be put in. */
static char *example(const Plan *plan, const Spaces *spaces, const char *const *columns) {
  GString *call = g_string_new("etappe import FILE");
  guint n = g_strv_length((char **)columns);
  for (guint i = 0; i < G_N_ELEMENTS(guesses); i++)
    if (!is_known(plan, spaces, guesses[i].field))
      g_string_append_printf(call, " --map %s='%s'", guesses[i].field, columns[i % n]);
  return g_string_free(call, FALSE);
}

static gboolean check_found(const Plan *plan, const Spaces *spaces, const ImportMapOptions *options, const char *const *columns,
                            GError **error) {
  static const char *const what[] = {"who did it (person)", "when it happened (time)", "what happened (event)"};
  g_autoptr(GString) missing = g_string_new(NULL);
  gboolean order = has_field(plan->map, "order") && !is_known(plan, spaces, "person");
  gboolean nobody = options->without_person || order || has_field(plan->map, "cost"); /* bills name nobody */
  for (guint i = 0; i < G_N_ELEMENTS(guesses); i++)
    if (!is_known(plan, spaces, guesses[i].field) && !(i == 0 && nobody))
      g_string_append_printf(missing, "%s%s", missing->len ? ", " : "", what[i]);
  if (!missing->len && order && !options->without_person)
    g_ptr_array_add(plan->said, g_strdup("the order id says who did it"));
  if (!missing->len)
    return TRUE;
  g_autofree char *list = g_strjoinv(", ", (char **)columns), *call = example(plan, spaces, columns);
  gboolean person = g_str_has_prefix(missing->str, what[0]);
  return error_set(error, ERROR_INVALID, "no column says %s; the columns are %s\nhint: say which ones do, for example: %s%s",
                   missing->str, list, call, person ? " (or --without-person when rows name nobody)" : "");
}

/* --- the mapping ----------------------------------------------------------------------------- */

static const char *nearest(const char *wanted, const char *const *columns) {
  g_autofree char *plain = plain_name(wanted);
  for (; *columns; columns++) {
    g_autofree char *name = plain_name(*columns);
    if (g_str_equal(name, plain) || strstr(name, plain) || (*name && strstr(plain, name)))
      return *columns;
  }
  return NULL;
}

static gboolean must_be_there(const char *field, gboolean sparse) {
  return !sparse || g_str_equal(field, "time") || g_str_equal(field, "event") || g_str_equal(field, "person");
}

static gboolean check_columns(const Plan *plan, gboolean sparse, const char *const *columns, GError **error) {
  for (guint i = 0; i < plan->map->len; i++) {
    char **pair = plan->map->pdata[i];
    if (g_strv_contains(columns, pair[1]) || !must_be_there(pair[0], sparse))
      continue;
    const char *near = nearest(pair[1], columns);
    g_autofree char *list = g_strjoinv(", ", (char **)columns);
    g_autofree char *hint = near ? g_strdup_printf("did you mean --map %s='%s'?", pair[0], near)
                                 : g_strdup_printf("write --map %s=COLUMN with one of them", pair[0]);
    return error_set(error, ERROR_INVALID, "there is no column \"%s\" (--map %s=%s); the columns are %s\nhint: %s", pair[1],
                     pair[0], pair[1], list, hint);
  }
  return TRUE;
}

static int compare_texts(gconstpointer a, gconstpointer b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One line a pair, in an order that does not depend on that of the options. */
static char *canonical_text(const Plan *plan) {
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < plan->map->len + plan->set->len; i++) {
    gboolean map = i < plan->map->len;
    char **pair = map ? plan->map->pdata[i] : plan->set->pdata[i - plan->map->len];
    const char *field = g_str_equal(pair[0], "person") ? "user" : pair[0];
    g_ptr_array_add(lines, g_strdup_printf("%s%s%s\n", field, map ? "=" : ":=", pair[1]));
  }
  g_ptr_array_sort(lines, compare_texts);
  g_ptr_array_add(lines, NULL);
  return g_strjoinv("", (char **)lines->pdata);
}

static Mapping *build(const Plan *plan, const Spaces *spaces, gboolean sparse, const char *const *columns, GError **error) {
  g_autoptr(Mapping) mapping = mapping_new(spaces);
  for (guint i = 0; i < plan->map->len; i++)
    if (!mapping_map(mapping, ((char **)plan->map->pdata[i])[0], ((char **)plan->map->pdata[i])[1], error))
      return NULL;
  for (guint i = 0; i < plan->set->len; i++)
    if (!mapping_set(mapping, ((char **)plan->set->pdata[i])[0], ((char **)plan->set->pdata[i])[1], error))
      return NULL;
  for (; !sparse && *columns; columns++)
    if (!mapping_column(mapping, *columns, error))
      return NULL;
  return sparse || mapping_check(mapping, error) ? g_steal_pointer(&mapping) : NULL;
}

static Mapping *plan_mapping(Plan *plan, const ImportMapOptions *options, const Spaces *spaces, const char *const *columns,
                             GError **error) {
  if (!split_pairs(plan->map, options->map, "map", error) || !split_pairs(plan->set, options->set, "set", error) ||
      !check_columns(plan, options->sparse, columns, error))
    return NULL;
  if (plan->map->len == 0)
    take_field_names(plan, spaces, columns);
  for (guint i = 0; i < G_N_ELEMENTS(guesses); i++)
    if (!is_known(plan, spaces, guesses[i].field) && !(i == 0 && options->without_person))
      guess_field(plan, &guesses[i], columns);
  return check_found(plan, spaces, options, columns, error) ? build(plan, spaces, options->sparse, columns, error) : NULL;
}

Mapping *import_map(const ImportMapOptions *options, const Spaces *spaces, const char *const *columns, char **said, char **text,
                    GError **error) {
  Plan plan = {g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev),
               g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev), g_ptr_array_new_with_free_func(g_free)};
  Mapping *mapping = plan_mapping(&plan, options, spaces, columns, error);
  if (mapping) {
    *text = canonical_text(&plan);
    g_ptr_array_add(plan.said, NULL);
    *said = plan.said->len > 1 ? g_strjoinv(", ", (char **)plan.said->pdata) : NULL;
  }
  g_ptr_array_unref(plan.map);
  g_ptr_array_unref(plan.set);
  g_ptr_array_unref(plan.said);
  return mapping;
}

gboolean *import_map_amounts(const ImportMapOptions *options, const char *const *columns) {
  guint n = g_strv_length((char **)columns);
  gboolean *amounts = g_new0(gboolean, n + 1);
  for (const char *const *map = options->map; map && *map; map++)
    for (guint i = 0; i < n; i++) {
      const char *column = g_str_has_prefix(*map, "value=") ? *map + 6 : g_str_has_prefix(*map, "cost=") ? *map + 5 : NULL;
      amounts[i] |= column && g_str_equal(column, columns[i]);
    }
  return amounts;
}
