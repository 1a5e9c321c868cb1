// SPDX-License-Identifier: Apache-2.0
// The table is judged by the filters themselves: they are shown a made-up block that holds every combination of the
// codes that the conditions look at. So a rule means the same by table and by bitmap.
#include "analysis/rules.h"
#include "analysis/bits.h"
#include "analysis/field.h"
#include "analysis/filter.h"
#include "base/error.h"
#include <string.h>

enum { DIMENSIONS = 4, TABLE_MAX = 1 << 18 };
static const char *const dimension_names[DIMENSIONS] = {"event", "channel", "grade", "kind"};

struct Rules {
  GPtrArray *filters;        /* of Filter*, by rule; NULL: in the table, or never */
  Field *fields[DIMENSIONS]; /* those that the table is about */
  guint16 *table;            /* by code of the first field, then of the next, ...; NULL: none */
};

void rules_free(Rules *rules) {
  if (!rules)
    return;
  g_ptr_array_unref(rules->filters);
  for (guint d = 0; d < DIMENSIONS; d++)
    field_free(rules->fields[d]);
  g_free(rules->table);
  g_free(rules);
}

/* --- the table ------------------------------------------------------------------------------- */

static gboolean find_dimensions(const Condition *condition, gboolean used[DIMENSIONS]) {
  if (condition->kind == CONDITION_COMPARE || condition->kind == CONDITION_EXISTS) {
    for (guint d = 0; d < DIMENSIONS; d++)
      if (strcmp(condition->field, dimension_names[d]) == 0) {
        used[d] = TRUE;
        return TRUE;
      }
    return FALSE;
  }
  for (guint i = 0; i < condition->children->len; i++)
    if (!find_dimensions(condition->children->pdata[i], used))
      return FALSE;
  return TRUE;
}

static gsize table_size(const Rules *rules) {
  gsize size = 1;
  for (guint d = 0; d < DIMENSIONS; d++)
    size *= rules->fields[d] ? field_shared_count(rules->fields[d]) : 1;
  return size;
}

/* Opens the fields of the conditions that a table can hold; FALSE in `fits` when it would be too large. */
static gboolean open_dimensions(Rules *rules, const Question *question, const gboolean used[DIMENSIONS], gboolean *fits,
                                GError **error) {
  for (guint d = 0; d < DIMENSIONS; d++)
    if (used[d] && !(rules->fields[d] = field_new(question, dimension_names[d], error)))
      return FALSE;
  *fits = table_size(rules) <= TABLE_MAX;
  for (guint d = 0; !*fits && d < DIMENSIONS; d++)
    g_clear_pointer(&rules->fields[d], field_free);
  return TRUE;
}

/* Every combination of codes as an event of its own, in the order of the table. */
static void make_probe(const Rules *rules, guint32 *codes[DIMENSIONS], Block *probe) {
  Codes *columns[DIMENSIONS] = {&probe->event, &probe->channel, &probe->grade, &probe->source};
  guint32 n = (guint32)table_size(rules), repeat = n;
  *probe = (Block){.n_events = n};
  for (guint d = 0; d < DIMENSIONS; d++) {
    if (!rules->fields[d])
      continue;
    guint32 count = field_shared_count(rules->fields[d]);
    repeat /= count;
    codes[d] = g_new(guint32, n);
    for (guint32 i = 0; i < n; i++)
      codes[d][i] = i / repeat % count;
    *columns[d] = (Codes){.width = 4, .data = codes[d]};
  }
}

static gboolean fill_table(Rules *rules, const GPtrArray *filters, GError **error) {
  guint32 *codes[DIMENSIONS] = {NULL};
  Block probe;
  make_probe(rules, codes, &probe);
  g_autofree guint64 *bits = g_new(guint64, bits_words(probe.n_events) + 1);
  rules->table = g_new0(guint16, probe.n_events);
  gboolean good = TRUE;
  for (guint r = filters->len; good && r-- > 0;) { /* backwards, so that the first match stays */
    if (!filters->pdata[r])
      continue;
    good = filter_events(filters->pdata[r], FIELD_PROBE, &probe, bits, error);
    for (guint i = bits_next(bits, 0, probe.n_events); good && i < probe.n_events; i = bits_next(bits, i + 1, probe.n_events))
      rules->table[i] = (guint16)(r + 1);
  }
  for (guint d = 0; d < DIMENSIONS; d++)
    g_free(codes[d]);
  return good;
}

/* --- making ---------------------------------------------------------------------------------- */

static gboolean make_filters(const Question *question, const GPtrArray *conditions, const char *what, const GPtrArray *names,
                             GPtrArray *filters, GError **error) {
  for (guint i = 0; i < conditions->len; i++) {
    Filter *filter = conditions->pdata[i] ? filter_new(question, conditions->pdata[i], error) : NULL;
    if (conditions->pdata[i] && !filter) {
      g_prefix_error(error, "%s \"%s\" of the project file: ", what, (const char *)names->pdata[i]);
      return FALSE;
    }
    g_ptr_array_add(filters, filter);
  }
  return TRUE;
}

/* Moves the filters that the table answers into a list of their own. */
static GPtrArray *take_tabled(Rules *rules, const gboolean *simple) {
  GPtrArray *tabled = g_ptr_array_new_with_free_func((GDestroyNotify)filter_free);
  for (guint i = 0; i < rules->filters->len; i++) {
    g_ptr_array_add(tabled, simple[i] ? rules->filters->pdata[i] : NULL);
    if (simple[i])
      rules->filters->pdata[i] = NULL;
  }
  return tabled;
}

Rules *rules_new(const Question *question, const GPtrArray *conditions, const char *what, const GPtrArray *names, GError **error) {
  g_autoptr(Rules) rules = g_new0(Rules, 1);
  gboolean used[DIMENSIONS] = {FALSE}, any = FALSE, fits = FALSE;
  g_autofree gboolean *simple = g_new0(gboolean, conditions->len + 1);
  rules->filters = g_ptr_array_new_with_free_func((GDestroyNotify)filter_free);
  if (!make_filters(question, conditions, what, names, rules->filters, error))
    return NULL;
  for (guint i = 0; i < conditions->len; i++) {
    gboolean mine[DIMENSIONS] = {FALSE};
    simple[i] = conditions->pdata[i] && find_dimensions(conditions->pdata[i], mine);
    any = any || simple[i];
    for (guint d = 0; simple[i] && d < DIMENSIONS; d++)
      used[d] = used[d] || mine[d];
  }
  if (any && !open_dimensions(rules, question, used, &fits, error))
    return NULL;
  if (fits) {
    g_autoptr(GPtrArray) tabled = take_tabled(rules, simple);
    if (!fill_table(rules, tabled, error))
      return NULL;
  }
  return g_steal_pointer(&rules);
}

/* --- a block --------------------------------------------------------------------------------- */

static gboolean all_same(const Codes *codes) {
  return codes->width == 0;
}

static void look_up_one(const Codes *codes, guint32 n, const guint16 *table, guint16 *out) {
  switch (codes->width) {
  case 1:
    for (guint32 i = 0; i < n; i++)
      out[i] = table[((const guint8 *)codes->data)[i]];
    break;
  case 2:
    for (guint32 i = 0; i < n; i++)
      out[i] = table[((const guint16 *)codes->data)[i]];
    break;
  default:
    for (guint32 i = 0; i < n; i++)
      out[i] = table[codes_at(codes, i)];
  }
}

static gboolean look_up(const Rules *rules, guint block, const Block *data, guint16 *out, GError **error) {
  FieldBlock fields[DIMENSIONS] = {{0}};
  gsize stride = table_size(rules), base = 0;
  const Codes *codes[DIMENSIONS];
  gsize strides[DIMENSIONS];
  guint n = 0;
  gboolean good = TRUE;
  for (guint d = 0; good && d < DIMENSIONS; d++) {
    if (!rules->fields[d])
      continue;
    good = field_block(rules->fields[d], block, data, &fields[d], error);
    stride /= field_shared_count(rules->fields[d]);
    codes[n] = &fields[d].codes;
    strides[n++] = stride;
    if (good && all_same(codes[n - 1]))
      base += stride * codes[--n]->constant;
  }
  if (good && n == 1 && strides[0] == 1) {
    look_up_one(codes[0], data->n_events, rules->table + base, out);
  } else if (good) {
    for (guint32 i = 0; i < data->n_events; i++) {
      gsize at = base;
      for (guint k = 0; k < n; k++)
        at += strides[k] * codes_at(codes[k], i);
      out[i] = rules->table[at];
    }
  }
  for (guint d = 0; d < DIMENSIONS; d++)
    field_block_clear(&fields[d]);
  return good;
}

/* Where rule `number` matches and no earlier one does. */
static void keep_first(const guint64 *bits, guint32 n, guint number, guint16 *codes) {
  for (guint i = bits_next(bits, 0, n); i < n; i = bits_next(bits, i + 1, n))
    if (codes[i] == 0 || codes[i] > number)
      codes[i] = (guint16)number;
}

static gboolean any_code(const guint16 *codes, guint32 n) {
  guint16 any = 0;
  for (guint32 i = 0; i < n; i++)
    any |= codes[i];
  return any != 0;
}

gboolean rules_block(Rules *rules, guint block, const Block *data, guint16 *codes, gboolean *any, GError **error) {
  if (!rules->table)
    memset(codes, 0, data->n_events * sizeof *codes);
  else if (!look_up(rules, block, data, codes, error))
    return FALSE;
  g_autofree guint64 *bits = g_try_malloc_n(bits_words(data->n_events) + 1, sizeof *bits);
  if (!bits)
    return error_set(error, ERROR_LIMIT, "not enough memory to judge %u events", data->n_events);
  for (guint r = 0; r < rules->filters->len; r++) {
    if (!rules->filters->pdata[r])
      continue;
    if (!filter_events(rules->filters->pdata[r], block, data, bits, error))
      return FALSE;
    keep_first(bits, data->n_events, r + 1, codes);
  }
  *any = any_code(codes, data->n_events);
  return TRUE;
}

/* --- the project's lists --------------------------------------------------------------------- */

/* Asks `plain`, the project as such a condition sees it. */
static gboolean make_list(const Question *question, const Project *plain, const GPtrArray *conditions, const char *what,
                          const GPtrArray *names, Rules **rules, GError **error) {
  Question before = *question;
  gboolean any = FALSE;
  before.project = plain;
  for (guint i = 0; i < conditions->len; i++)
    any = any || conditions->pdata[i];
  *rules = any ? rules_new(&before, conditions, what, names, error) : NULL;
  return !any || *rules;
}

gboolean rules_of_channels(const Question *question, Rules **rules, GError **error) {
  g_autoptr(GPtrArray) conditions = g_ptr_array_new(), names = g_ptr_array_new(), none = g_ptr_array_new();
  const Project *project = question->project;
  for (guint i = 0; project && i < project->channels->len; i++) {
    const Rule *rule = project->channels->pdata[i];
    g_ptr_array_add(conditions, rule->when);
    g_ptr_array_add(names, rule->name);
  }
  Project plain = project ? *project : (Project){0};
  plain.channels = plain.touchpoints = none;
  return make_list(question, &plain, conditions, "channel", names, rules, error);
}

gboolean rules_of_places(const Question *question, Rules **rules, GError **error) {
  g_autoptr(GPtrArray) conditions = g_ptr_array_new(), names = g_ptr_array_new(), none = g_ptr_array_new();
  const Project *project = question->project;
  for (guint i = 0; project && i < project->places->len; i++) {
    const Rule *rule = project->places->pdata[i];
    g_ptr_array_add(conditions, rule->when);
    g_ptr_array_add(names, rule->name);
  }
  Project plain = project ? *project : (Project){0};
  plain.places = none;
  return make_list(question, &plain, conditions, "place", names, rules, error);
}

gboolean rules_of_touchpoints(const Question *question, Rules **rules, GError **error) {
  g_autoptr(GPtrArray) conditions = g_ptr_array_new(), names = g_ptr_array_new(), none = g_ptr_array_new();
  const Project *project = question->project;
  for (guint i = 0; project && i < project->touchpoints->len; i++) {
    const Touchpoint *touchpoint = project->touchpoints->pdata[i];
    g_ptr_array_add(conditions, touchpoint->rule.when);
    g_ptr_array_add(names, touchpoint->rule.name);
  }
  Project plain = project ? *project : (Project){0};
  plain.touchpoints = none;
  return make_list(question, &plain, conditions, "touchpoint", names, rules, error);
}

gboolean rules_of_initiators(const Question *question, Rules **rules, GError **error) {
  static const char *const by[] = {"customer", "company", "system"};
  g_autoptr(GPtrArray) conditions = g_ptr_array_new(), names = g_ptr_array_new();
  const Project *project = question->project;
  for (guint i = 0; project && i < project->initiators->len; i++) {
    const InitiatorRule *rule = project->initiators->pdata[i];
    g_ptr_array_add(conditions, rule->when);
    g_ptr_array_add(names, (gpointer)by[rule->by]);
  }
  return make_list(question, project, conditions, "initiator", names, rules, error);
}
