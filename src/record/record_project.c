// SPDX-License-Identifier: Apache-2.0
/* record_project.c: the project file goes into the record together with everything that record and index read of it, in
 * one transaction: who reads the settings sees either the old project or the new one. */
#include "record/record_private.h"
#include <string.h>

enum { SETTINGS = 7 };

typedef struct {
  const char *name;
  char *value;            /* NULL: unset, so that what is not said stays as it was before projects said it */
  const char *who_is_who; /* what it decides there, or NULL */
} Setting;

static char *lines_of(const GPtrArray *texts) {
  g_autoptr(GString) lines = g_string_new(NULL);
  for (guint i = 0; i < texts->len; i++)
    g_string_append_printf(lines, "%s%s", i ? "\n" : "", (const char *)texts->pdata[i]);
  return g_string_free(g_steal_pointer(&lines), FALSE);
}

static char *order_fields(const Project *project) {
  g_autoptr(GPtrArray) fields = project_order_fields(project);
  g_autofree char *lines = lines_of(fields);
  return g_str_equal(lines, ORDER_FIELDS_DEFAULT) ? NULL : g_steal_pointer(&lines);
}

static void settings_of(const Project *project, const char *text, Setting settings[SETTINGS]) {
  gboolean usual = project->max_links == PROJECT_MAX_LINKS_DEFAULT;
  const Setting all[SETTINGS] = {
      {"project", g_strdup(text), NULL},
      {"timezone", g_strdup(project->timezone), NULL},
      {"currency", g_strdup(project->currency), NULL},
      {SETTING_MAX_LINKS, usual ? NULL : g_strdup_printf("%u", project->max_links),
       "how many partners make an identifier shared (max_links)"},
      {SETTING_ORDER_FIELDS, order_fields(project), "which fields hold order ids (order, in goals)"},
      {SETTING_REFUSED, project->refused_ids->len ? lines_of(project->refused_ids) : NULL,
       "which values name nobody (refused_ids)"},
      {SETTING_PHONE_COUNTRY, g_strdup(project->phone_country), NULL},
  };
  memcpy(settings, all, sizeof all);
}

static void settings_clear(Setting settings[SETTINGS]) {
  for (guint i = 0; i < SETTINGS; i++)
    g_free(settings[i].value);
}

/* Each change has a number of its own; all are committed with the last. */
static gboolean write_next(Record *record, ChangeKind kind, guint64 subject, Change *change, GError **error) {
  if (change->number)
    record->next = change->number + 1;
  return record_write_change(record, kind, subject, change, error);
}

static gboolean write_settings(Record *record, const Setting settings[SETTINGS], Change *change, GError **error) {
  for (guint i = 0; i < SETTINGS; i++) {
    g_autofree char *now = record_read_setting(record, settings[i].name);
    if (g_strcmp0(now, settings[i].value) == 0)
      continue;
    if (!write_next(record, CHANGE_SETTING, 0, change, error) ||
        !database_run(record->db, error, "INSERT INTO setting (number, name, value) VALUES (?, ?, ?)", "itt",
                      (gint64)change->number, settings[i].name, settings[i].value))
      return FALSE;
  }
  return TRUE;
}

static gboolean write_spaces(Record *record, const Project *project, Change *change, GError **error) {
  guint n_new = 0;
  for (guint i = 0; i < project->identifiers->len; i++) {
    const IdentifierRule *rule = project->identifiers->pdata[i];
    guint64 code;
    gboolean known;
    if (!record_judge_space(record, rule->name, rule->strength, &code, &known, error))
      return FALSE;
    if (known && record->spaces->spaces[code].plain == rule->plain)
      continue;
    code += known ? 0 : n_new++;
    if (code >= SPACES_OWN_END)
      return error_set(error, ERROR_LIMIT, "more than %d kinds of identifiers", SPACES_OWN_END);
    if (!write_next(record, CHANGE_SPACE, code, change, error) ||
        !record_write_space(record, code, rule->name, rule->strength, rule->plain, error))
      return FALSE;
  }
  return TRUE;
}

gboolean record_set_project(Record *record, const Project *project, const char *text, GError **error) {
  g_autoptr(RecordHold) hold = record_hold(record);
  guint64 before = record->next;
  Change change = {0};
  Setting settings[SETTINGS];
  if (!record_begin(record, TRUE, error))
    return FALSE;
  settings_of(project, text, settings);
  gboolean good = write_settings(record, settings, &change, error) && write_spaces(record, project, &change, error);
  settings_clear(settings);
  if (good && change.number)
    good = record_commit_spaces(record, &change, error);
  else
    record_cancel(record);
  if (!good)
    record->next = MAX(before, record->view->through + 1);
  return good;
}

/* Does the index stay as it is? */
static gboolean same_identity(Record *record, const Setting *setting, const char *now) {
  if (!g_str_equal(setting->name, SETTING_ORDER_FIELDS))
    return g_strcmp0(now, setting->value) == 0;
  g_auto(GStrv) old = record_order_fields(record, now), new = record_order_fields(record, setting->value);
  return g_strv_equal((const char *const *)old, (const char *const *)new);
}

GPtrArray *record_project_identity(Record *record, const Project *project) {
  GPtrArray *found = g_ptr_array_new();
  Setting settings[SETTINGS];
  settings_of(project, "", settings);
  for (guint i = 0; i < SETTINGS; i++) {
    g_autofree char *now = settings[i].who_is_who ? record_setting(record, settings[i].name) : NULL;
    if (settings[i].who_is_who && !same_identity(record, &settings[i], now))
      g_ptr_array_add(found, (gpointer)settings[i].who_is_who);
  }
  settings_clear(settings);
  return found;
}
