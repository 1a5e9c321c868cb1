// SPDX-License-Identifier: Apache-2.0
#include "server/project_route.h"

#include "analysis/definitions.h"
#include "analysis/effect.h"
#include "base/error.h"
#include "server/jobs.h"
#include "server/reply.h"
#include "server/server_private.h"
#include <string.h>

enum { TEXT_MAX = 4 << 20 };

/* The change that brought the version in force; 0 while none was applied. */
static gboolean present_number(Record *record, guint64 *number, GError **error) {
  g_autoptr(GArray) versions = record_setting_versions(record, "project", error);
  if (versions == NULL)
    return FALSE;
  *number = versions->len ? g_array_index(versions, SettingVersion, versions->len - 1).number : 0;
  return TRUE;
}

/* --- reading --------------------------------------------------------------------------------------------------- */

/* What holds where the file says nothing: the preset, and the stages of its model. */
static char *preset_text(const Project *project) {
  gsize size;
  g_autofree char *model = g_strconcat("stages-", project->stage_model, NULL);
  const char *preset = project->preset ? project_preset_text(project->preset, &size) : NULL;
  const char *stages = project->stage_model ? project_preset_text(model, &size) : NULL;
  return g_strconcat(preset ? preset : project_preset_text("shop", &size), "\n", stages, NULL);
}

static gboolean write_file(Server *server, JsonOut *out, GError **error) {
  Workspace *workspace = capture_workspace(server->capture);
  Record *record = workspace_record(workspace);
  guint64 number;
  if (!present_number(record, &number, error))
    return FALSE;
  g_autofree char *text = record_setting(record, "project");
  g_autofree char *preset = preset_text(workspace_project(workspace));
  json_object(out);
  json_kv_string(out, "text", text ? text : "");
  json_kv_int(out, "number", (gint64)number);
  json_kv_bool(out, "default", text == NULL);
  json_kv_string(out, "preset_text", preset);
  json_object_end(out);
  return TRUE;
}

void project_route_file(Server *server, Exchange *exchange, CaptureSource *key) {
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonOut) out = json_out_new();
  if (write_file(server, out, &error))
    reply_json(exchange, 200, out);
  else
    exchange_error(exchange, error);
}

/* --- what it would change ---------------------------------------------------------------------------------------- */

static gboolean read_text(Exchange *exchange, JsonIn *json, JsonValue *root, char **text, Project **project, GError **error) {
  if (!reply_read(exchange, json, root, error) || !reply_text(*root, "text", text, error))
    return FALSE;
  *project = project_parse(*text, strlen(*text), error);
  return *project != NULL;
}

/* With the definitions in force, or with others in their place. */
static gboolean question_with(Workspace *workspace, const Project *project, Question *question, const gint *cancel,
                              GError **error) {
  g_autoptr(Params) none = params_new();
  if (!workspace_question(workspace, none, question, error))
    return FALSE;
  if (project)
    question->project = project;
  question->cancel = cancel;
  return TRUE;
}

static gboolean holds_events(const Question *question) {
  return names_count(snapshot_names(question->snapshot), NAME_EVENT) > 0;
}

static gboolean try_definitions(Workspace *workspace, const Project *project, GPtrArray **warnings, GError **error) {
  Question question;
  if (!question_with(workspace, project, &question, NULL, error))
    return FALSE;
  gboolean good = !holds_events(&question) || definitions_check(&question, error);
  *warnings = good ? definitions_warnings(&question) : NULL;
  workspace_question_clear(&question);
  return good;
}

static GArray *measure(Workspace *workspace, const Project *project, const gint *cancel, GError **error) {
  Question question;
  if (!question_with(workspace, project, &question, cancel, error))
    return NULL;
  GArray *rows = effect_measure(&question, error);
  workspace_question_clear(&question);
  return rows;
}

static void write_figure(JsonOut *out, const char *name, const char *suffix, const gint64 *before, const gint64 *after,
                         gboolean money) {
  g_autofree char *figure = g_strconcat(name, suffix, NULL);
  const gint64 *sides[] = {before, after};
  json_object(out);
  json_kv_string(out, "figure", figure);
  for (guint i = 0; i < G_N_ELEMENTS(sides); i++) {
    json_key(out, i ? "after" : "before");
    if (sides[i] == NULL)
      json_null(out);
    else if (money)
      json_micro(out, *sides[i]);
    else
      json_int(out, *sides[i]);
  }
  json_object_end(out);
}

static void write_effect(JsonOut *out, const char *name, const EffectRow *before, const EffectRow *after) {
  write_figure(out, name, "", before ? &before->count : NULL, after ? &after->count : NULL, FALSE);
  if ((before && before->value) || (after && after->value))
    write_figure(out, name, ": value", before ? &before->value : NULL, after ? &after->value : NULL, TRUE);
}

static void write_effects(JsonOut *out, const GArray *before, const GArray *after) {
  json_key(out, "effects");
  json_array(out);
  for (guint i = 0; i < after->len; i++) {
    const EffectRow *row = &g_array_index(after, EffectRow, i);
    write_effect(out, row->name, effect_find(before, row->name), row);
  }
  for (guint i = 0; i < before->len; i++) {
    const EffectRow *row = &g_array_index(before, EffectRow, i);
    if (!effect_find(after, row->name))
      write_effect(out, row->name, row, NULL);
  }
  json_array_end(out);
}

static void write_notes(JsonOut *out, Record *record, const Project *project, const GPtrArray *warnings) {
  g_autoptr(GPtrArray) who_is_who = record_project_identity(record, project);
  json_key(out, "notes");
  json_array(out);
  for (guint i = 0; i < warnings->len; i++)
    json_string(out, warnings->pdata[i]);
  for (guint i = 0; i < who_is_who->len; i++) {
    g_autofree char *note = g_strdup_printf("It would decide anew who is who, so persons may change beyond these figures: %s.",
                                            (const char *)who_is_who->pdata[i]);
    json_string(out, note);
  }
  json_array_end(out);
}

static gboolean check(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  Workspace *workspace = capture_workspace(server->capture);
  g_autoptr(JsonIn) json = json_in_new(TEXT_MAX);
  g_autofree char *text = NULL;
  g_autoptr(Project) project = NULL;
  g_autoptr(GPtrArray) warnings = NULL;
  JsonValue root;
  if (!read_text(exchange, json, &root, &text, &project, error) || !try_definitions(workspace, project, &warnings, error))
    return FALSE;
  g_autoptr(GArray) before = measure(workspace, NULL, cancel, error);
  g_autoptr(GArray) after = before ? measure(workspace, project, cancel, error) : NULL;
  if (after == NULL)
    return FALSE;
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  write_effects(out, before, after);
  write_notes(out, workspace_record(workspace), project, warnings);
  json_object_end(out);
  reply_json(exchange, 200, out);
  return TRUE;
}

void project_route_check(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->reports, exchange, check, key, NULL);
}

/* --- applying ------------------------------------------------------------------------------------------------------ */

typedef struct {
  const Project *project;
  const char *text;
  guint64 number; /* in: of the version that was edited; out: of the new one */
} Applying;

static gboolean apply_version(Record *record, Seen *seen, gpointer user, GError **error) {
  Applying *applying = user;
  guint64 present;
  if (!present_number(record, &present, error))
    return FALSE;
  if (present != applying->number)
    return error_set(error, ERROR_CONFLICT,
                     "somebody applied version %" G_GUINT64_FORMAT
                     " of the project meanwhile\nhint: read it again and decide which "
                     "of the two to keep",
                     present);
  return record_set_project(record, applying->project, applying->text, error) && present_number(record, &applying->number, error);
}

static gboolean read_number(JsonValue root, guint64 *number, GError **error) {
  JsonValue value;
  gint64 given;
  if (!json_in_get(root, "number", &value) || !json_in_int(value, &given) || given < 0)
    return error_set(error, ERROR_INVALID, "number: the number of the version that was edited is expected, as GET gave it");
  *number = (guint64)given;
  return TRUE;
}

static gboolean apply(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  g_autoptr(JsonIn) json = json_in_new(TEXT_MAX);
  g_autofree char *text = NULL;
  g_autoptr(Project) project = NULL;
  g_autoptr(GPtrArray) warnings = NULL;
  JsonValue root;
  Applying applying;
  if (!read_text(exchange, json, &root, &text, &project, error) || !read_number(root, &applying.number, error) ||
      !try_definitions(capture_workspace(server->capture), project, &warnings, error))
    return FALSE;
  applying = (Applying){project, text, applying.number};
  if (!reply_change(server, apply_version, &applying, error))
    return FALSE;
  g_autofree char *subject = g_strdup_printf("%" G_GUINT64_FORMAT, applying.number);
  if (!reply_audit(server, exchange, user, "project.apply", subject, NULL, error))
    return FALSE;
  g_autoptr(JsonOut) out = json_out_new();
  if (!write_file(server, out, error))
    return FALSE;
  reply_json(exchange, 200, out);
  return TRUE;
}

void project_route_apply(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->changes, exchange, apply, key, NULL);
}
