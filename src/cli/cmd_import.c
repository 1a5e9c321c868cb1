// SPDX-License-Identifier: Apache-2.0
// etappe import FILE..., import list, import undo ID.
#include "base/error.h"
#include "base/terminal.h"
#include "cli/cli.h"
#include "exchange/import.h"
#include "exchange/rejects.h"
#include "journey/index.h"

#include <stdio.h>

const char cmd_import_usage[] =
    "etappe import FILE... [--map FIELD=COLUMN]... [--set FIELD=VALUE]...\n"
    "etappe import list\n"
    "etappe import undo ID\n"
    "\n"
    "FILE is CSV, JSON (Segment's events or flat objects) or Parquet, text also packed (gzip, zstd); a pattern\n"
    "such as 'shop-*.csv'; or - for standard input. Each file goes in whole or not at all, and the same rows\n"
    "never count twice.\n"
    "\n"
    "  --map FIELD=COLUMN    which column says it: person time event channel value order id ... (repeatable)\n"
    "  --set FIELD=VALUE     the same value for all rows (repeatable)\n"
    "  --source NAME         whose events these are [file]\n"
    "  --timezone ZONE       of times that state none, as Europe/Berlin [the project's, else UTC]\n"
    "  --rejects FILE        write refused rows there: file, row, line, reason, content\n"
    "  --decimal comma|point how amounts are written [found out]\n"
    "  --separator CHAR      of CSV: comma semicolon tab bar or any character [found out]\n"
    "  --encoding NAME       as utf-8, windows-1252, utf-16, cp850 [found out]\n"
    "  --without-person      rows may name nobody\n"
    "  --format table|json   how to print the result [table]\n"
    "\n"
    "Example\n"
    "  etappe import shop.csv --map person=user_id --map time=ts --map event=action --map value=total\n";

enum { REFUSALS_SHOWN = 5, CONTENT_WIDTH = 100, PUBLISH_WAIT_MS = 60000 };

typedef struct { /* a refused row that is shown */
  char *label, *reason, *content;
  guint64 row, line;
} Refusal;

typedef struct { /* what an import told so far */
  Cli *cli;
  Rejects *rejects;    /* or NULL */
  GPtrArray *imports;  /* of ImportInfo* */
  GPtrArray *refusals; /* of Refusal*, the first few */
} Told;

static void refusal_free(Refusal *refusal) {
  g_free(refusal->label);
  g_free(refusal->reason);
  g_free(refusal->content);
  g_free(refusal);
}

/* 1234567 as "1,234,567". */
static char *grouped(guint64 number) {
  g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, number);
  GString *text = g_string_new(digits);
  for (gssize at = (gssize)text->len - 3; at > 0; at -= 3)
    g_string_insert_c(text, at, ',');
  return g_string_free(text, FALSE);
}

/* --- while it runs --------------------------------------------------------------------------- */

static void on_note(const char *sentence, gpointer user) {
  Told *told = user;
  g_autofree char *safe = terminal_escape(text_of(sentence));
  cli_progress(told->cli, NULL);
  fprintf(cli_err(), "note: %s\n", safe);
}

static void on_progress(const ImportProgress *progress, gpointer user) {
  Told *told = user;
  if (!told->cli->progress)
    return;
  g_autofree char *rows = grouped(progress->rows), *rate = grouped((guint64)progress->rows_per_s);
  g_autofree char *label = terminal_escape(text_of(progress->label));
  g_autofree char *left = duration_text((gint64)(progress->seconds_left + 0.5) * 1000);
  g_autofree char *line = g_strdup_printf("%s: %s rows, %s a second, %.0f %%, %s left", label, rows, rate, 100 * progress->share,
                                          progress->seconds_left < 1 ? "no time" : left);
  cli_progress(told->cli, line);
}

static void on_index(const char *doing, double share, gpointer user) {
  g_autofree char *line = g_strdup_printf("%s: %.0f %%", doing, 100 * share);
  cli_progress(user, line);
}

static gboolean on_refused(const ImportRefusal *refusal, gpointer user, GError **error) {
  Told *told = user;
  if (told->refusals->len < REFUSALS_SHOWN) {
    Refusal *shown = g_new(Refusal, 1);
    *shown =
        (Refusal){g_strdup(refusal->label), g_strdup(refusal->reason), terminal_escape(refusal->raw), refusal->row, refusal->line};
    g_ptr_array_add(told->refusals, shown);
  }
  return !told->rejects || rejects_add(told->rejects, refusal, error);
}

static void on_file(const ImportInfo *info, gpointer user) {
  Told *told = user;
  ImportInfo *copy = g_memdup2(info, sizeof *info);
  copy->label = g_strdup(info->label);
  copy->source = g_strdup(info->source);
  copy->options = NULL;
  g_ptr_array_add(told->imports, copy);
}

/* --- afterwards ------------------------------------------------------------------------------ */

static void append_refusals(GString *out, const Told *told, guint64 refused) {
  if (told->refusals->len)
    g_string_append(out, "Refused:\n");
  for (guint i = 0; i < told->refusals->len; i++) {
    const Refusal *refusal = told->refusals->pdata[i];
    Text content = text_of(refusal->content);
    content.size = terminal_fit(content, CONTENT_WIDTH);
    g_autofree char *label = terminal_escape(text_of(refusal->label)), *reason = terminal_escape(text_of(refusal->reason));
    g_string_append_printf(out, "  %s, row %" G_GUINT64_FORMAT, label, refusal->row);
    if (refusal->line)
      g_string_append_printf(out, " (line %" G_GUINT64_FORMAT ")", refusal->line);
    g_string_append_printf(out, ": %s: %.*s\n", reason, (int)content.size, content.at);
  }
  if (refused > told->refusals->len)
    g_string_append_printf(out, "  and %" G_GUINT64_FORMAT " more%s\n", refused - told->refusals->len,
                           told->rejects ? "" : "; --rejects FILE writes them all down");
}

static char *result_text(const Told *told, const ImportInfo *totals) {
  const struct {
    const char *name;
    guint64 count;
  } rows[] = {{"read", totals->read},
              {"stored", totals->stored},
              {"repeated", totals->repeated},
              {"conflicting", totals->conflicting},
              {"refused", totals->refused}};
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < told->imports->len; i++) {
    const ImportInfo *info = told->imports->pdata[i];
    g_autofree char *label = terminal_escape(text_of(info->label));
    g_string_append_printf(out, "Import %" G_GUINT64_FORMAT ": %s\n", info->id, label);
  }
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *count = grouped(rows[i].count);
    g_string_append_printf(out, "  %-12s%12s\n", rows[i].name, count);
  }
  append_refusals(out, told, totals->refused);
  return g_string_free(out, FALSE);
}

static void json_counts(JsonOut *out, const ImportInfo *info) {
  json_kv_int(out, "read", (gint64)info->read);
  json_kv_int(out, "stored", (gint64)info->stored);
  json_kv_int(out, "repeated", (gint64)info->repeated);
  json_kv_int(out, "conflicting", (gint64)info->conflicting);
  json_kv_int(out, "refused", (gint64)info->refused);
}

static char *result_json(const Told *told, const ImportInfo *totals) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_counts(out, totals);
  json_key(out, "imports");
  json_array(out);
  for (guint i = 0; i < told->imports->len; i++) {
    const ImportInfo *info = told->imports->pdata[i];
    json_object(out);
    json_kv_int(out, "id", (gint64)info->id);
    json_kv_string(out, "file", info->label);
    json_counts(out, info);
    json_object_end(out);
  }
  json_array_end(out);
  json_key(out, "refusals");
  json_array(out);
  for (guint i = 0; i < told->refusals->len; i++) {
    const Refusal *refusal = told->refusals->pdata[i];
    json_object(out);
    json_kv_string(out, "file", refusal->label);
    json_kv_int(out, "row", (gint64)refusal->row);
    if (refusal->line)
      json_kv_int(out, "line", (gint64)refusal->line);
    json_kv_string(out, "reason", refusal->reason);
    json_object_end(out);
  }
  json_array_end(out);
  json_object_end(out);
  return g_strdup_printf("%s\n", json_out_text(out, NULL));
}

/* --- import FILE... -------------------------------------------------------------------------- */

static const char **values_of(const Params *params, const char *name) {
  const GPtrArray *all = params_all(params, name);
  const char **values = g_new0(const char *, all->len + 1);
  for (guint i = 0; i < all->len; i++)
    values[i] = all->pdata[i];
  return values;
}

static gboolean read_separator(const char *text, char *separator, GError **error) {
  static const struct {
    const char *name;
    char separator;
  } names[] = {{"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"\\t", '\t'}, {"bar", '|'}};
  if (!text)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (g_str_equal(text, names[i].name)) {
      *separator = names[i].separator;
      return TRUE;
    }
  if (strlen(text) != 1 || strchr("\"\r\n", *text) || (guint8)*text >= 0x80)
    return error_set(error, ERROR_USAGE, "--separator \"%s\" is no separator\nhint: comma, semicolon, tab, bar, or one character",
                     text);
  *separator = *text;
  return TRUE;
}

static gboolean read_options(const Params *params, ImportOptions *options, GError **error) {
  options->source = params_get(params, "source");
  options->timezone = params_get(params, "timezone");
  options->encoding = params_get(params, "encoding");
  options->decimal = params_get(params, "decimal");
  options->map.without_person = params_get(params, "without-person") != NULL;
  if (options->source && (!*options->source || strlen(options->source) > 200))
    return error_set(error, ERROR_USAGE, "--source needs a name of up to 200 bytes");
  if (options->decimal && !g_str_equal(options->decimal, "comma") && !g_str_equal(options->decimal, "point"))
    return error_set(error, ERROR_USAGE, "--decimal is comma or point, not \"%s\"", options->decimal);
  return read_separator(params_get(params, "separator"), &options->separator, error);
}

static gboolean update_index(Cli *cli, Record *record, GError **error) {
  if (cli->host)
    return capture_publish(cli->host, PUBLISH_WAIT_MS) || TRUE; /* else it follows */
  IndexOptions options = {.progress = cli->progress ? on_index : NULL, .progress_user = cli};
  g_autoptr(Index) index = index_open(record, &options, error);
  cli_progress(cli, NULL);
  return index != NULL;
}

static gboolean is_json(const Params *params) {
  return g_strcmp0(params_get(params, "format"), "json") == 0;
}

static gboolean load_project(Record *record, Project **project, GError **error) {
  g_autofree char *text = record_setting(record, "project");
  *project = text ? project_parse(text, strlen(text), error) : NULL;
  return !text || *project;
}

/* The rows go in, the refused ones to their file, whatever came of the import. */
static gboolean run_import(Cli *cli, const CliArgs *args, ImportOptions *options, Record *record, Told *told, ImportInfo *totals,
                           GError **error) {
  g_autoptr(Seen) seen = cli->host ? seen_fork(capture_seen(cli->host)) : seen_open(record, error);
  g_autoptr(Project) project = NULL;
  if (!seen || !load_project(record, &project, error))
    return FALSE;
  options->project = project;
  ImportHooks hooks = {on_note, on_progress, on_refused, on_file, told};
  gboolean good = import_run(record, seen, (const char *const *)args->arguments->pdata, options, &hooks, totals, error);
  cli_progress(cli, NULL);
  return (!told->rejects || rejects_commit(told->rejects, good ? error : NULL)) && good;
}

static gboolean import_files_given(Cli *cli, CliArgs *args, GError **error) {
  ImportOptions options = {.input = cli->input};
  g_autofree const char **map = values_of(args->params, "map"), **set = values_of(args->params, "set");
  options.map.map = map;
  options.map.set = set;
  const char *rejects_path = params_get(args->params, "rejects");
  g_ptr_array_add(args->arguments, NULL);
  if (!read_options(args->params, &options, error))
    return FALSE;
  g_auto(CliRecord) opened = {NULL, FALSE};
  if (!cli_open_record(cli, RECORD_CREATE, &opened, error))
    return FALSE;
  g_autoptr(Rejects) rejects = rejects_path ? rejects_new(rejects_path, error) : NULL;
  if (rejects_path && !rejects)
    return FALSE;
  Told told = {cli, rejects, g_ptr_array_new_with_free_func((GDestroyNotify)import_info_free),
               g_ptr_array_new_with_free_func((GDestroyNotify)refusal_free)};
  ImportInfo totals = {0};
  gboolean good = run_import(cli, args, &options, opened.record, &told, &totals, error);
  if (told.imports->len)
    good = update_index(cli, opened.record, good ? error : NULL) && good;
  gboolean json = is_json(args->params);
  g_autofree char *result = json && good ? result_json(&told, &totals) : result_text(&told, &totals);
  if (json && !good) /* standard output is for the error then */
    fputs(result, cli_err());
  else if (told.imports->len || totals.refused)
    cli_print(result);
  g_ptr_array_unref(told.imports);
  g_ptr_array_unref(told.refusals);
  return good;
}

/* --- import list, import undo ID ------------------------------------------------------------- */

static const char *state_text(ImportState state) {
  return state == IMPORT_DONE ? "done" : state == IMPORT_UNDONE ? "undone" : "running";
}

static char *list_json(const GPtrArray *imports) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_key(out, "imports");
  json_array(out);
  for (guint i = 0; i < imports->len; i++) {
    const ImportInfo *info = imports->pdata[i];
    g_autofree char *at = clock_text(info->ended_ms);
    json_object(out);
    json_kv_int(out, "id", (gint64)info->id);
    json_kv_string(out, "state", state_text(info->state));
    json_kv_string(out, "file", info->label);
    json_kv_string(out, "source", info->source);
    json_kv_string(out, "at", at);
    json_counts(out, info);
    json_object_end(out);
  }
  json_array_end(out);
  json_object_end(out);
  return g_strdup_printf("%s\n", json_out_text(out, NULL));
}

static void list_row(Table *table, const ImportInfo *info) {
  g_autofree char *at = clock_text(info->ended_ms);
  at[16] = '\0'; /* to the minute */
  at[10] = ' ';
  table_int(table, (gint64)info->id);
  table_text(table, state_text(info->state));
  table_text(table, info->label);
  table_text(table, info->source);
  table_text(table, at);
  table_int(table, (gint64)info->read);
  table_int(table, (gint64)info->stored);
  table_int(table, (gint64)info->repeated);
  table_int(table, (gint64)info->conflicting);
  table_int(table, (gint64)info->refused);
}

static char *list_table(const Cli *cli, const GPtrArray *imports, const char *format) {
  static const char *const texts[] = {"id", "state", "file", "source", "at (UTC)"};
  static const char *const counts[] = {"read", "stored", "repeated", "conflicting", "refused"};
  g_autoptr(Table) table = table_new();
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    table_column(table, texts[i], i ? CELL_TEXT : CELL_INT);
  for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
    table_column(table, counts[i], CELL_INT);
  for (guint i = 0; i < imports->len; i++)
    list_row(table, imports->pdata[i]);
  return g_strcmp0(format, "csv") == 0 ? table_csv(table)
                                       : table_render(table, &(TableStyle){cli->terminal, cli->terminal, cli->width});
}

/* Live capture has the number 0 and is no import that could be undone. */
static GPtrArray *file_imports(Record *record, GError **error) {
  GPtrArray *imports = record_imports(record, error);
  for (guint i = 0; imports && i < imports->len;) {
    if (((ImportInfo *)imports->pdata[i])->id == 0)
      g_ptr_array_remove_index(imports, i);
    else
      i++;
  }
  return imports;
}

static gboolean import_list(Cli *cli, const CliArgs *args, GError **error) {
  const char *format = params_get(args->params, "format");
  g_autoptr(Record) record = record_open(cli->db, RECORD_READ, error);
  g_autoptr(GPtrArray) imports = record ? file_imports(record, error) : NULL;
  if (!imports)
    return FALSE;
  g_ptr_array_set_free_func(imports, (GDestroyNotify)import_info_free);
  g_autofree char *text = is_json(args->params) ? list_json(imports) : list_table(cli, imports, format);
  cli_print(text);
  return TRUE;
}

static const ImportInfo *find_import(const GPtrArray *imports, guint64 id) {
  for (guint i = 0; i < imports->len; i++)
    if (((ImportInfo *)imports->pdata[i])->id == id)
      return imports->pdata[i];
  return NULL;
}

static gboolean undo_in(Cli *cli, Record *record, guint64 id, gboolean json, GError **error) {
  g_autoptr(GPtrArray) imports = file_imports(record, error);
  if (!imports)
    return FALSE;
  g_ptr_array_set_free_func(imports, (GDestroyNotify)import_info_free);
  const ImportInfo *info = find_import(imports, id);
  if (!info)
    return error_set(error, ERROR_NOT_FOUND, "there is no import %" G_GUINT64_FORMAT "\nhint: `etappe import list` shows them", id);
  if (!record_import_undo(record, id, error) || !update_index(cli, record, error))
    return FALSE;
  g_autofree char *label = terminal_escape(text_of(info->label)), *count = grouped(info->stored);
  g_autofree char *text =
      json ? g_strdup_printf("{\"undone\":%" G_GUINT64_FORMAT ",\"events\":%" G_GUINT64_FORMAT "}\n", id, info->stored)
           : g_strdup_printf("Import %" G_GUINT64_FORMAT " (%s) is undone: %s events are gone\n", id, label, count);
  cli_print(text);
  return TRUE;
}

static gboolean import_undo(Cli *cli, const CliArgs *args, GError **error) {
  guint64 id = 0;
  if (args->arguments->len != 2 || !g_ascii_string_to_unsigned(args->arguments->pdata[1], 10, 1, G_MAXINT64, &id, NULL))
    return error_set(error, ERROR_USAGE,
                     "etappe import undo takes the number of one import\nhint: `etappe import list` shows them");
  g_auto(CliRecord) opened = {NULL, FALSE};
  return cli_open_record(cli, RECORD_WRITE, &opened, error) && undo_in(cli, opened.record, id, is_json(args->params), error);
}

gboolean cmd_import(Cli *cli, int argc, char **argv, GError **error) {
  static const CliOption options[] = {{"map", FALSE, TRUE},       {"set", FALSE, TRUE},        {"source", FALSE, FALSE},
                                      {"timezone", FALSE, FALSE}, {"rejects", FALSE, FALSE},   {"encoding", FALSE, FALSE},
                                      {"decimal", FALSE, FALSE},  {"separator", FALSE, FALSE}, {"without-person", TRUE, FALSE},
                                      {NULL, FALSE, FALSE}};
  g_auto(CliArgs) args = {NULL, NULL};
  if (!cli_parse(cli, &args, options, argc, argv, error))
    return FALSE;
  const char *first = args.arguments->len ? args.arguments->pdata[0] : NULL;
  if (!first)
    return error_set(error, ERROR_USAGE,
                     "etappe import needs a file\nhint: for example: etappe import shop.csv --map person=user_id "
                     "--map time=ts --map event=action");
  if (g_str_equal(first, "list"))
    return import_list(cli, &args, error);
  return g_str_equal(first, "undo") ? import_undo(cli, &args, error) : import_files_given(cli, &args, error);
}
