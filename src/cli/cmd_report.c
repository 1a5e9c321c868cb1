// SPDX-License-Identifier: Apache-2.0
// Any report of the catalogue: its own options and the common ones, asked of the project, printed.
#include "analysis/attribution.h"
#include "analysis/map.h"
#include "analysis/workspace.h"
#include "base/error.h"
#include "exchange/map_svg.h"
#include "cli/cli.h"
#include <stdio.h>
#include <string.h>

static void options_of(GArray *options, const Param *params) {
  for (const Param *p = params; p && p->name; p++) {
    CliOption option = {p->name, p->type == PARAM_FLAG, p->many};
    g_array_append_val(options, option);
  }
}

static void index_progress(const char *doing, double share, gpointer user) {
  g_autofree char *line = g_strdup_printf("%s %.0f %%", doing, 100 * share);
  cli_progress(user, line);
}

static void print_timing(gint64 opened_us, gint64 started_us) {
  gint64 now = g_get_monotonic_time();
  fprintf(stderr, "open_ms %.3f answer_ms %.3f\n", (double)(started_us - opened_us) / 1e3, (double)(now - started_us) / 1e3);
}

static char *answer(Cli *cli, Workspace *workspace, const Report *report, Params *params, GError **error) {
  const char *format = params_get(params, "format");
  TableStyle style = {cli->terminal, cli->terminal, cli->width};
  return workspace_answer(workspace, report, params, format ? format : "table", &style, error);
}

/* The one argument, if the verb takes one, becomes the option it stands for. */
static gboolean take_argument(const CliArgs *args, const Report *report, const char *option, GError **error) {
  guint n = args->arguments->len, wanted = option && !params_get(args->params, option) ? 1 : 0;
  if (n > wanted)
    return error_set(error, ERROR_USAGE, "etappe %s takes %s, not \"%s\"\nhint: for example: etappe %s %s", report->name,
                     wanted ? "one argument" : "options only", (const char *)args->arguments->pdata[wanted], report->name,
                     report->example);
  if (n)
    params_add(args->params, option, args->arguments->pdata[0]);
  return TRUE;
}

/* What was asked, as a command that prints the same figures: for the foot of a picture. Where the record and the picture
 * lie is nobody else's business. */
static char *command_text(int argc, char **argv) {
  static const char *const local[] = {"--db", "--out", "--format", "--threads"};
  g_autoptr(GString) out = g_string_new("etappe");
  for (int i = 0; i < argc; i++) {
    gboolean skipped = FALSE;
    for (guint k = 0; k < G_N_ELEMENTS(local) && !skipped; k++) {
      gsize length = strlen(local[k]);
      skipped = strncmp(argv[i], local[k], length) == 0 && (argv[i][length] == '=' || argv[i][length] == '\0');
      i += skipped && argv[i][length] == '\0';
    }
    if (skipped)
      continue;
    gboolean plain = argv[i][strspn(argv[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/=")] == '\0';
    g_autofree char *quoted = plain ? g_strdup(argv[i]) : g_shell_quote(argv[i]);
    g_string_append_printf(out, " %s", quoted);
  }
  return g_strdup(out->str);
}

static gboolean print_picture(Workspace *workspace, Params *params, const char *format, const char *command, GError **error) {
  Question question;
  g_autoptr(GBytes) bytes = NULL;
  map_picture_params(params);
  if (!params_check(params, &map_report, error) || !workspace_question(workspace, params, &question, error))
    return FALSE;
  JourneyMap *map = journey_map_run(&question, params, error);
  workspace_question_clear(&question);
  if (!map)
    return FALSE;
  gboolean layout = strcmp(format, "layout") == 0;
  g_autofree char *svg = layout ? map_layout_text(map) : map_svg(map, command);
  journey_map_free(map);
  if (layout || strcmp(format, "svg") == 0)
    bytes = g_bytes_new(svg, strlen(svg));
  else
    bytes = strcmp(format, "png") == 0 ? svg_to_png(svg, 2, error) : svg_to_pdf(svg, error);
  if (!bytes)
    return FALSE;
  return cli_deliver(params, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), error);
}

static gboolean names_paths(int argc, char **argv) {
  for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
    if (strcmp(argv[i], "--paths") == 0 || g_str_has_prefix(argv[i], "--paths="))
      return TRUE;
  return FALSE;
}

gboolean cmd_report(Cli *cli, const Report *report, int argc, char **argv, GError **error) {
  if (report == &attribution_report && names_paths(argc, argv))
    return cmd_attribution_file(cli, argc, argv, error);
  return cmd_report_on(cli, report, NULL, argc, argv, error);
}

gboolean cmd_report_on(Cli *cli, const Report *report, const char *option, int argc, char **argv, GError **error) {
  static const char *const pictures[] = {"svg", "png", "pdf", "layout", NULL};
  static const CliOption timing[] = {
      {"timing", TRUE, FALSE}, {"repeat", FALSE, FALSE}, {"out", FALSE, FALSE}, {NULL, FALSE, FALSE}};
  g_autoptr(GArray) options = g_array_new(TRUE, TRUE, sizeof(CliOption));
  options_of(options, report->params);
  options_of(options, workspace_common_params);
  g_array_append_vals(options, timing, 3);
  g_auto(CliArgs) args = {NULL, NULL};
  if (!cli_parse(cli, &args, (const CliOption *)(gpointer)options->data, argc, argv, error))
    return FALSE;
  if (!take_argument(&args, report, option, error))
    return FALSE;
  gint64 repeat = 1;
  gboolean timed = params_get(args.params, "timing") != NULL;
  if (params_get(args.params, "repeat") && !params_int(args.params, "repeat", 1, 1000, &repeat, error))
    return FALSE;
  gint64 opened_us = g_get_monotonic_time();
  IndexOptions open_options = {.progress = cli->progress ? index_progress : NULL, .progress_user = cli};
  g_autoptr(Workspace) workspace = workspace_open(cli->db, &open_options, error);
  cli_progress(cli, NULL);
  if (!workspace)
    return FALSE;
  const char *format = params_get(args.params, "format");
  if (format && g_strv_contains(pictures, format)) {
    g_autofree char *command = command_text(argc, argv);
    if (report != &map_report)
      return error_set(error, ERROR_USAGE, "--format %s is for the map; %s prints table, json or csv", format, report->name);
    return print_picture(workspace, args.params, format, command, error);
  }
  g_autofree char *text = NULL;
  for (gint64 i = 0; i < repeat; i++) {
    gint64 started_us = g_get_monotonic_time();
    g_free(text);
    text = answer(cli, workspace, report, args.params, error);
    if (!text)
      return FALSE;
    if (timed)
      print_timing(opened_us, started_us);
    opened_us = g_get_monotonic_time();
  }
  return cli_deliver(args.params, text, strlen(text), error);
}
