// SPDX-License-Identifier: Apache-2.0
// The project file: written from a preset, checked with its effect on today's figures, applied as a new version.
#include "analysis/definitions.h"
#include "analysis/effect.h"
#include "analysis/workspace.h"
#include "base/error.h"
#include "cli/cli.h"
#include <string.h>

static const char *file_argument(const CliArgs *args) {
  return args->arguments->len > 1 ? args->arguments->pdata[1] : "project.yaml";
}

static Project *read_project(const char *path, char **text, GError **error) {
  gsize size;
  g_autoptr(GError) inner = NULL;
  if (!g_file_get_contents(path, text, &size, &inner)) {
    error_set(error, ERROR_NOT_FOUND, "%s cannot be read: %s\nhint: `etappe project init` writes one to begin with", path,
              inner->message);
    return NULL;
  }
  Project *project = project_parse(*text, size, &inner);
  if (!project) {
    g_prefix_error(&inner, "%s: ", path);
    g_propagate_error(error, g_steal_pointer(&inner));
  }
  return project;
}

static gboolean project_init(const CliArgs *args, GError **error) {
  const char *path = file_argument(args), *preset = params_get(args->params, "preset");
  gsize size;
  const char *text = project_preset_text(preset ? preset : "shop", &size);
  g_autofree char *known = g_strjoinv(", ", (char **)project_presets());
  if (!text || g_str_has_prefix(preset ? preset : "shop", "stages-"))
    return error_set(error, ERROR_USAGE, "there is no preset \"%s\"\nhint: there are %s", preset, known);
  if (g_file_test(path, G_FILE_TEST_EXISTS))
    return error_set(error, ERROR_CONFLICT, "%s exists already\nhint: name another file, or remove it first", path);
  g_autoptr(GError) inner = NULL;
  if (!g_file_set_contents(path, text, (gssize)size, &inner))
    return error_set(error, ERROR_IO, "%s cannot be written: %s", path, inner->message);
  g_autofree char *said =
      g_strdup_printf("Wrote %s. Edit it, then: etappe project check %s, etappe project apply %s\n", path, path, path);
  cli_print(said);
  return TRUE;
}

static GArray *measure_with(Workspace *workspace, const Project *project, const Params *params, GError **error) {
  Question question;
  if (!workspace_question(workspace, params, &question, error))
    return NULL;
  if (project)
    question.project = project;
  GArray *rows = effect_measure(&question, error);
  workspace_question_clear(&question);
  return rows;
}

static void effect_row(Table *table, const char *name, const EffectRow *before, const EffectRow *after) {
  table_text(table, name);
  const EffectRow *rows[] = {before, after};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    if (rows[i])
      table_int(table, rows[i]->count);
    else
      table_empty(table);
  }
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    if (rows[i] && rows[i]->value)
      table_number(table, (double)rows[i]->value / 1e6);
    else
      table_empty(table);
  }
}

/* The figures beside it are of the persons as they are known today. */
static void say_identity(const GPtrArray *who_is_who, const char *what) {
  if (who_is_who->len == 0)
    return;
  g_autoptr(GString) said = g_string_new(what);
  for (guint i = 0; i < who_is_who->len; i++)
    g_string_append_printf(said, "%s%s", i ? "; " : "", (const char *)who_is_who->pdata[i]);
  g_string_append(said, ".\n");
  cli_print(said->str);
}

static gboolean check_identity(const Cli *cli, const Project *project, GError **error) {
  if (!g_file_test(cli->db, G_FILE_TEST_EXISTS))
    return TRUE;
  g_autoptr(Record) record = record_open(cli->db, RECORD_READ, error);
  if (!record)
    return FALSE;
  g_autoptr(GPtrArray) who_is_who = record_project_identity(record, project);
  say_identity(who_is_who, "It would decide anew who is who, so persons may change beyond these figures: ");
  return TRUE;
}

static gboolean show_effect(Cli *cli, const Project *project, const Params *params, GError **error) {
  if (!g_file_test(cli->db, G_FILE_TEST_EXISTS))
    return TRUE;
  IndexOptions options = {.threads = 0};
  g_autoptr(Workspace) workspace = workspace_open(cli->db, &options, error);
  g_autoptr(GArray) before = workspace ? measure_with(workspace, NULL, params, error) : NULL;
  g_autoptr(GArray) after = before ? measure_with(workspace, project, params, error) : NULL;
  if (!after)
    return FALSE;
  g_autoptr(Table) table = table_new();
  table_title(table, "What it changes in %s", cli->db);
  table_column(table, "figure", CELL_TEXT);
  table_column(table, "now", CELL_INT);
  table_column(table, "then", CELL_INT);
  table_column(table, "value now", CELL_MONEY);
  table_column(table, "value then", CELL_MONEY);
  for (guint i = 0; i < after->len; i++) {
    const EffectRow *row = &g_array_index(after, EffectRow, i);
    effect_row(table, row->name, effect_find(before, row->name), row);
  }
  for (guint i = 0; i < before->len; i++) {
    const EffectRow *row = &g_array_index(before, EffectRow, i);
    if (!effect_find(after, row->name))
      effect_row(table, row->name, row, NULL);
  }
  TableStyle style = {cli->terminal, cli->terminal, cli->width};
  g_autofree char *text = table_render(table, &style);
  cli_print(text);
  return TRUE;
}

/* Refuses what reports would refuse, and says what can match nothing. A project that holds nothing yet takes every file. */
static gboolean try_definitions(Cli *cli, const Project *project, const Params *params, GError **error) {
  IndexOptions options = {.threads = 0};
  Question question;
  if (!g_file_test(cli->db, G_FILE_TEST_EXISTS))
    return TRUE;
  g_auto(CliWorkspace) asked = {NULL, FALSE};
  if (!cli_open_workspace(cli, &options, &asked, error) || !workspace_question(asked.workspace, params, &question, error))
    return FALSE;
  question.project = project;
  gboolean empty = names_count(snapshot_names(question.snapshot), NAME_EVENT) == 0;
  gboolean good = empty || definitions_check(&question, error);
  g_autoptr(GPtrArray) warnings = good ? definitions_warnings(&question) : NULL;
  for (guint i = 0; good && i < warnings->len; i++) {
    cli_print(warnings->pdata[i]);
    cli_print("\n");
  }
  workspace_question_clear(&question);
  return good;
}

static gboolean project_check(Cli *cli, const CliArgs *args, GError **error) {
  g_autofree char *text = NULL;
  const char *path = file_argument(args);
  g_autoptr(Project) project = read_project(path, &text, error);
  if (!project || !try_definitions(cli, project, args->params, error) || !show_effect(cli, project, args->params, error) ||
      !check_identity(cli, project, error))
    return FALSE;
  g_autofree char *said =
      g_strdup_printf("%s is good: %u goals, %u stages, %u touchpoints, definitions %016" G_GINT64_MODIFIER "x.\n", path,
                      project->goals->len, project->stages->len, project->touchpoints->len, project->hash);
  cli_print(said);
  return TRUE;
}

static gboolean project_apply(Cli *cli, const CliArgs *args, GError **error) {
  g_autofree char *text = NULL;
  const char *path = file_argument(args);
  g_autoptr(Project) project = read_project(path, &text, error);
  gboolean good = project && try_definitions(cli, project, args->params, error);
  g_auto(CliRecord) opened = {NULL, FALSE};
  Record *record = good && cli_open_record(cli, RECORD_CREATE, &opened, error) ? opened.record : NULL;
  g_autoptr(GPtrArray) who_is_who = record ? record_project_identity(record, project) : NULL;
  gboolean anew = record && record_through(record) > 0;
  if (!record || !record_set_project(record, project, text, error))
    return FALSE;
  g_autofree char *said =
      g_strdup_printf("Applied %s to %s: definitions %016" G_GINT64_MODIFIER "x, from change %" G_GUINT64_FORMAT ".\n", path,
                      cli->db, project->hash, record_through(record));
  cli_print(said);
  if (cli->host)
    capture_publish(cli->host, 0);
  if (anew)
    say_identity(who_is_who, "Who is who is decided anew with the next question: ");
  return TRUE;
}

/* 16 digits of a version's definitions, or why they cannot be read; caller frees. */
static char *definitions_text(const SettingVersion *version) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Project) project = version->value ? project_parse(version->value, strlen(version->value), &error) : NULL;
  if (!version->value)
    return g_strdup("(none)");
  return project ? g_strdup_printf("%016" G_GINT64_MODIFIER "x", project->hash) : g_strdup("(cannot be read by this version)");
}

static void print_versions_json(const GArray *versions) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_key(out, "versions");
  json_array(out);
  for (guint i = 0; i < versions->len; i++) {
    const SettingVersion *version = &g_array_index(versions, SettingVersion, i);
    g_autofree char *definitions = definitions_text(version), *at = clock_text(version->at_ms);
    json_object(out);
    json_kv_int(out, "number", (gint64)version->number);
    json_kv_string(out, "at", at);
    json_kv_string(out, "definitions", definitions);
    json_kv_bool(out, "in_force", i + 1 == versions->len);
    json_object_end(out);
  }
  json_array_end(out);
  json_object_end(out);
  cli_print(json_out_text(out, NULL));
  cli_print("\n");
}

static void print_versions(const Cli *cli, const GArray *versions) {
  g_autoptr(Table) table = table_new();
  table_title(table, "Versions of the project file");
  table_column(table, "change", CELL_INT);
  table_column(table, "applied", CELL_TEXT);
  table_column(table, "definitions", CELL_TEXT);
  table_column(table, "", CELL_TEXT);
  for (guint i = 0; i < versions->len; i++) {
    const SettingVersion *version = &g_array_index(versions, SettingVersion, i);
    g_autofree char *definitions = definitions_text(version), *at = clock_text(version->at_ms);
    table_int(table, (gint64)version->number);
    table_text(table, at);
    table_text(table, definitions);
    table_text(table, i + 1 == versions->len ? "in force" : "");
  }
  if (versions->len == 0)
    table_note(table, "No project file is applied; the preset shop holds.");
  TableStyle style = {cli->terminal, cli->terminal, cli->width};
  g_autofree char *text = table_render(table, &style);
  cli_print(text);
}

/* The text applied by change `number`; the newest without one. */
static gboolean print_version(const GArray *versions, const char *number, GError **error) {
  gsize size;
  for (guint i = versions->len; i-- > 0;) {
    const SettingVersion *version = &g_array_index(versions, SettingVersion, i);
    g_autofree char *known = g_strdup_printf("%" G_GUINT64_FORMAT, version->number);
    if (number && strcmp(number, known))
      continue;
    if (version->value) {
      cli_print(version->value);
      return TRUE;
    }
  }
  if (number)
    return error_set(error, ERROR_NOT_FOUND,
                     "no project file was applied by change %s\nhint: `etappe project show --versions` lists them", number);
  cli_print("# No project file is applied; the preset shop holds:\n");
  cli_print(project_preset_text("shop", &size));
  return TRUE;
}

static gboolean project_show(Cli *cli, const Params *params, GError **error) {
  g_autoptr(GArray) versions = NULL;
  if (g_file_test(cli->db, G_FILE_TEST_EXISTS)) {
    g_autoptr(Record) record = record_open(cli->db, RECORD_READ, error);
    versions = record ? record_setting_versions(record, "project", error) : NULL;
    if (!versions)
      return FALSE;
  } else {
    versions = g_array_new(FALSE, FALSE, sizeof(SettingVersion));
  }
  if (!params_get(params, "versions"))
    return print_version(versions, params_get(params, "version"), error);
  const char *format = params_get(params, "format");
  if (format && strcmp(format, "json") == 0)
    print_versions_json(versions);
  else
    print_versions(cli, versions);
  return TRUE;
}

gboolean cmd_project(Cli *cli, int argc, char **argv, GError **error) {
  static const CliOption options[] = {{"preset", FALSE, FALSE}, {"versions", TRUE, FALSE}, {"version", FALSE, FALSE},
                                      {"from", FALSE, FALSE},   {"to", FALSE, FALSE},      {"now", FALSE, FALSE},
                                      {NULL, FALSE, FALSE}};
  g_auto(CliArgs) args = {NULL, NULL};
  if (!cli_parse(cli, &args, options, argc, argv, error))
    return FALSE;
  const char *what = args.arguments->len ? args.arguments->pdata[0] : "";
  if (strcmp(what, "init") == 0)
    return project_init(&args, error);
  if (strcmp(what, "check") == 0)
    return project_check(cli, &args, error);
  if (strcmp(what, "apply") == 0)
    return project_apply(cli, &args, error);
  if (strcmp(what, "show") == 0)
    return project_show(cli, args.params, error);
  return error_set(error, ERROR_USAGE,
                   "etappe project %s: expected init, check, show or apply\nhint: `etappe help project` explains them", what);
}
