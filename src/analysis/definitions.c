// SPDX-License-Identifier: Apache-2.0
#include "analysis/definitions.h"
#include "analysis/derive.h"
#include "analysis/field.h"
#include "analysis/marks.h"
#include "analysis/standing.h"
#include "base/error.h"
#include "journey/column.h"
#include <string.h>

/* --- can every rule be made ready? ----------------------------------------------------------- */

static gboolean check_field(const Question *question, const Goal *goal, const char *key, const char *name, GError **error) {
  g_autoptr(Field) field = name ? field_new(question, name, error) : NULL;
  if (name && !field)
    g_prefix_error(error, "goal \"%s\" of the project file: %s: ", goal->rule.name, key);
  return !name || field;
}

static gboolean check_goals(const Question *question, GError **error) {
  for (guint i = 0; i < question->project->goals->len; i++) {
    const Goal *goal = question->project->goals->pdata[i];
    if (!check_field(question, goal, "value", goal->value, error) || !check_field(question, goal, "order", goal->order, error))
      return FALSE;
    for (guint a = 0; a < goal->adjustments->len; a++) {
      const Adjustment *adjustment = goal->adjustments->pdata[a];
      if (!check_field(question, goal, "value of an adjustment", adjustment->value, error) ||
          !check_field(question, goal, "order of an adjustment", adjustment->order, error))
        return FALSE;
    }
  }
  return TRUE;
}

static gboolean check_standing(const Question *question, const char *field, const GPtrArray *rules, GError **error) {
  g_autoptr(Standing) standing = rules->len ? standing_new(question, field, error) : NULL;
  return rules->len == 0 || standing;
}

gboolean definitions_check(const Question *question, GError **error) {
  Marks *marks = NULL;
  if (!marks_new(question, &marks, error))
    return FALSE;
  marks_free(marks);
  g_autoptr(Field) touchpoint = field_new(question, "touchpoint", error); /* with channels */
  g_autoptr(Derive) derive = touchpoint ? derive_new(question, error) : NULL;
  return derive && check_goals(question, error) &&
         check_standing(question, "relationship", question->project->relationships, error) &&
         check_standing(question, "persona", question->project->personas, error);
}

/* --- what can never match -------------------------------------------------------------------- */

static char *unknown_event(const Names *names, const Condition *condition) {
  for (guint i = 0; i < condition->values->len; i++)
    if (names_find(names, NAME_EVENT, text_of(condition->values->pdata[i])))
      return NULL;
  const char *name = condition->values->pdata[0];
  g_autofree char *nearest = field_nearest_name(names, NAME_EVENT, name);
  return nearest ? g_strdup_printf("no event is called \"%s\"; did you mean \"%s\"?", name, nearest)
                 : g_strdup_printf("no event is called \"%s\"", name);
}

static char *unknown_property(const Names *names, const char *field) {
  gsize plain = strcspn(field, "[");
  g_autofree char *key = g_strndup(field, plain);
  if (!g_str_has_prefix(field, "properties.") || column_known(names, key))
    return NULL;
  return g_strdup_printf("no event has %s", key);
}

/* Why a condition holds for no event of the record, or NULL. */
static char *why_never(const Names *names, const Condition *condition) {
  switch (condition->kind) {
  case CONDITION_EXISTS: return unknown_property(names, condition->field);
  case CONDITION_COMPARE:
    if (strcmp(condition->field, "event") == 0)
      return condition->op == OP_EQ || condition->op == OP_IN ? unknown_event(names, condition) : NULL;
    return unknown_property(names, condition->field);
  case CONDITION_AND:
  case CONDITION_OR: {
    char *why = NULL;
    for (guint i = 0; i < condition->children->len; i++) {
      g_autofree char *found = why_never(names, condition->children->pdata[i]);
      if (condition->kind == CONDITION_AND && found)
        return g_steal_pointer(&found);
      if (condition->kind == CONDITION_OR && !found) {
        g_free(why);
        return NULL;
      }
      why = why ? why : g_steal_pointer(&found);
    }
    return why;
  }
  default: return NULL;
  }
}

static void warn(GPtrArray *out, const Names *names, const char *what, const Rule *rule) {
  g_autofree char *why = rule->when ? why_never(names, rule->when) : NULL;
  if (why)
    g_ptr_array_add(out, g_strdup_printf("The %s \"%s\" matches nothing: %s.", what, rule->name, why));
}

/* `value` is the event's amount; anything else is a stored field or a property, also without "properties.". */
static char *unknown_value(const Names *names, const char *field) {
  if (!field || strcmp(field, "value") == 0 || column_known(names, field))
    return NULL;
  g_autofree char *property = g_strconcat("properties.", field, NULL);
  return g_str_has_prefix(field, "properties.") ? unknown_property(names, field)
         : column_known(names, property)        ? NULL
                                                : g_strdup_printf("no event has %s", field);
}

static void warn_value(GPtrArray *out, const Names *names, const Goal *goal) {
  g_autofree char *why = unknown_value(names, goal->value);
  if (why)
    g_ptr_array_add(out, g_strdup_printf("Conversions of \"%s\" are worth nothing: %s.", goal->rule.name, why));
  if (goal->authoritative && !names_find(names, NAME_SOURCE, text_of(goal->authoritative)))
    g_ptr_array_add(out, g_strdup_printf("No row of \"%s\" is authoritative: no source is called \"%s\".", goal->rule.name,
                                         goal->authoritative));
}

static void warn_adjustments(GPtrArray *out, const Names *names, const Goal *goal) {
  static const char *const kinds[] = {"return", "cancel", "late_value", "renewal"}; /* as AdjustKind */
  for (guint i = 0; i < goal->adjustments->len; i++) {
    const Adjustment *adjustment = goal->adjustments->pdata[i];
    g_autofree char *never = adjustment->when ? why_never(names, adjustment->when) : NULL;
    g_autofree char *why = never ? NULL : unknown_value(names, adjustment->value);
    if (why)
      g_ptr_array_add(
          out, g_strdup_printf("Adjustments of \"%s\" (%s) state no amount: %s.", goal->rule.name, kinds[adjustment->kind], why));
  }
}

/* Order ids that arrived as a property, where the goal reads the event's own field of that name. */
static void warn_order(GPtrArray *out, const Names *names, const Goal *goal) {
  g_autofree char *key = goal->order ? project_field_key(goal->order) : NULL;
  g_autofree char *property = key ? g_strconcat("properties.", key, NULL) : NULL;
  if (key && !g_str_has_prefix(key, "properties.") && !column_known(names, key) && column_known(names, property))
    g_ptr_array_add(out, g_strdup_printf("Conversions of \"%s\" name no order: no event has the field %s, but some have %s; import "
                                         "them with --map %s=%s, or write  order: %s.",
                                         goal->rule.name, key, property, key, key, property));
}

GPtrArray *definitions_warnings(const Question *question) {
  GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
  const Names *names = snapshot_names(question->snapshot);
  if (names_count(names, NAME_EVENT) == 0)
    return out;
  for (guint i = 0; i < question->project->goals->len; i++) {
    const Goal *goal = question->project->goals->pdata[i];
    warn(out, names, "goal", &goal->rule);
    warn_value(out, names, goal);
    warn_order(out, names, goal);
    warn_adjustments(out, names, goal);
  }
  for (guint i = 0; i < question->project->stages->len; i++)
    warn(out, names, "stage", &((const Stage *)question->project->stages->pdata[i])->rule);
  for (guint i = 0; i < out->len; i++) { /* a hint ends its sentence itself */
    char *text = out->pdata[i];
    gsize size = strlen(text);
    if (g_str_has_suffix(text, "?."))
      text[size - 1] = '\0';
  }
  return out;
}
