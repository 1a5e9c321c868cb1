// SPDX-License-Identifier: Apache-2.0
// etappe sql: statements over the index, in turn; the last one's answer is printed or written to --out.
#include "analysis/workspace.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/cli.h"
#include "exchange/sql.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const CliOption options[] = {
    {"out", FALSE, FALSE}, {"now", FALSE, FALSE}, {"threads", FALSE, FALSE}, {"schema", TRUE, FALSE}, {NULL, FALSE, FALSE}};

static void index_progress(const char *doing, double share, gpointer user) {
  g_autofree char *line = g_strdup_printf("%s %.0f %%", doing, 100 * share);
  cli_progress(user, line);
}

/* --- where the answer goes --------------------------------------------------------------------- */

static gboolean write_stdout(gpointer user, const char *text, gsize size, GError **error) {
  (void)user;
  if (fwrite(text, 1, size, stdout) == size)
    return TRUE;
  return error_set_errno(error, errno, "writing the answer to standard output");
}

static gboolean write_file(gpointer user, const char *text, gsize size, GError **error) {
  return file_out_write(user, text, size, error);
}

static gboolean format_param(const Params *params, const char **format, GError **error) {
  const char *given = params_get(params, "format");
  *format = given ? given : "table";
  if (strcmp(*format, "table") == 0 || strcmp(*format, "json") == 0 || strcmp(*format, "csv") == 0)
    return TRUE;
  return error_set(error, ERROR_USAGE, "--format is table, json or csv, not \"%s\"", given);
}

/* --- the schema -------------------------------------------------------------------------------- */

static gboolean print_text(const Params *params, const char *text, GError **error) {
  const char *path = params_get(params, "out");
  if (path)
    return file_replace(path, text, strlen(text), error);
  cli_print(text);
  return TRUE;
}

static gboolean print_schema(Cli *cli, const Params *params, const char *format, GError **error) {
  if (strcmp(format, "json") == 0) {
    g_autoptr(JsonOut) out = json_out_new();
    json_object(out);
    sql_schema_json(out);
    json_object_end(out);
    g_autofree char *text = g_strconcat(json_out_text(out, NULL), "\n", NULL);
    return print_text(params, text, error);
  }
  TableStyle style = {cli->terminal, FALSE, cli->width};
  g_autoptr(Table) table = table_new();
  sql_schema_table(table);
  g_autofree char *text = strcmp(format, "csv") == 0 ? table_csv(table) : table_render(table, &style);
  return print_text(params, text, error);
}

/* --- statements -------------------------------------------------------------------------------- */

static gboolean run(const Question *question, const GPtrArray *statements, SqlOutput *output, GError **error) {
  g_autoptr(GPtrArray) texts = g_ptr_array_new();
  for (guint i = 0; i < statements->len; i++)
    g_ptr_array_add(texts, statements->pdata[i]);
  g_ptr_array_add(texts, NULL);
  g_autoptr(Sql) sql = sql_open(question, (const char *const *)texts->pdata, error);
  if (!sql)
    return FALSE;
  for (guint i = 0; i + 1 < statements->len; i++)
    if (!sql_execute(sql, statements->pdata[i], error)) {
      g_prefix_error(error, "statement %u: ", i + 1);
      return FALSE;
    }
  return sql_answer(sql, statements->pdata[statements->len - 1], output, error);
}

static gboolean run_to(const Question *question, const CliArgs *args, SqlOutput *output, GError **error) {
  const char *path = params_get(args->params, "out");
  g_autoptr(FileOut) file = path ? file_out_new(path, error) : NULL;
  if (path && !file)
    return FALSE;
  output->write = file ? write_file : write_stdout;
  output->user = file;
  if (!run(question, args->arguments, output, error))
    return FALSE;
  if (file)
    return file_out_commit(file, error);
  return fflush(stdout) == 0 || error_set_errno(error, errno, "writing the answer to standard output");
}

static gboolean check_statements(const GPtrArray *statements, GError **error) {
  for (guint i = 0; i < statements->len; i++)
    if (!g_utf8_validate(statements->pdata[i], -1, NULL))
      return error_set(error, ERROR_USAGE, "statement %u is not valid UTF-8", i + 1);
  return TRUE;
}

gboolean cmd_sql(Cli *cli, int argc, char **argv, GError **error) {
  g_auto(CliArgs) args = {0};
  TableStyle style = {cli->terminal, FALSE, cli->width};
  SqlOutput output = {.style = &style};
  Question question;
  if (!cli_parse(cli, &args, options, argc, argv, error) || !format_param(args.params, &output.format, error) ||
      !check_statements(args.arguments, error))
    return FALSE;
  if (args.arguments->len == 0 || params_get(args.params, "schema"))
    return print_schema(cli, args.params, output.format, error);
  IndexOptions open_options = {.progress = cli->progress ? index_progress : NULL, .progress_user = cli};
  g_autoptr(Workspace) workspace = workspace_open(cli->db, &open_options, error);
  cli_progress(cli, NULL);
  if (!workspace || !workspace_question(workspace, args.params, &question, error))
    return FALSE;
  gboolean good = run_to(&question, &args, &output, error);
  workspace_question_clear(&question);
  return good;
}
