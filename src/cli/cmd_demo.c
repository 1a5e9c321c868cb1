// SPDX-License-Identifier: Apache-2.0
// etappe demo: an invented retailer in a folder of its own, and the first questions to ask of it. Everything is done by
// the commands a person would type, and shown as such.
#include "analysis/workspace.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/cli.h"
#include "simulate/sample.h"
#include <stdio.h>
#include <string.h>

typedef gboolean (*VerbFunc)(Cli *cli, int argc, char **argv, GError **error);

static void show_command(Cli *cli, char **argv) {
  g_autoptr(GString) line = g_string_new(cli->terminal ? "\n\033[1m$ etappe" : "\n$ etappe");
  for (; *argv; argv++) {
    gboolean plain = !strpbrk(*argv, " '\"$()*<>|&;");
    g_autofree char *quoted = plain ? g_strdup(*argv) : g_shell_quote(*argv);
    g_string_append_printf(line, " %s", quoted);
  }
  g_string_append(line, cli->terminal ? "\033[0m\n" : "\n");
  cli_print(line->str);
}

static gboolean run_verb(Cli *cli, VerbFunc verb, char **argv, GError **error) {
  show_command(cli, argv);
  return verb(cli, (int)g_strv_length(argv), argv, error);
}

static gboolean run_report(Cli *cli, char **argv, GError **error) {
  show_command(cli, argv);
  return cmd_report(cli, catalogue_find(argv[0]), (int)g_strv_length(argv), argv, error);
}

static gboolean make_data(Cli *cli, const char *folder, const char *events, GError **error) {
  g_autofree char *csv = g_build_filename(folder, "lindenhof.csv", NULL), *yaml = g_build_filename(folder, "project.yaml", NULL);
  char *simulate[] = {"simulate", "--events", (char *)events, "--out", csv, NULL};
  char *apply[] = {"project", "apply", yaml, "--db", (char *)cli->db, NULL};
  char *import[] = {"import", csv, "--db", (char *)cli->db, NULL};
  if (!run_verb(cli, cmd_simulate, simulate, error))
    return FALSE;
  if (!file_replace(yaml, sample_files[0].text, sample_files[0].size, error))
    return FALSE;
  return run_verb(cli, cmd_project, apply, error) && run_verb(cli, cmd_import, import, error);
}

static gboolean show_reports(Cli *cli, GError **error) {
  char *db = (char *)cli->db;
  char *overview[] = {"overview", "--db", db, NULL};
  char *funnel[] = {"funnel", "--step",          "Product Viewed", "--step", "Product Added", "--step", "Checkout Started",
                    "--step", "Order Completed", "--window",       "7d",     "--db",          db,       NULL};
  char *paths[] = {"paths", "--key", "channel", "--collapse", "--limit", "5", "--db", db, NULL};
  char *stages[] = {"stages", "--db", db, NULL};
  char *attribution[] = {"attribution", "--model", "first", "--model", "last", "--model", "markov", "--db", db, NULL};
  char **reports[] = {overview, funnel, paths, stages, attribution};
  for (guint i = 0; i < G_N_ELEMENTS(reports); i++)
    if (!run_report(cli, reports[i], error))
      return FALSE;
  return TRUE;
}

static gboolean draw_map(Cli *cli, const char *folder, GError **error) {
  static const char *const languages[] = {"en", "de"};
  for (guint i = 0; i < G_N_ELEMENTS(languages); i++) {
    g_autofree char *name = g_strdup_printf("map-%s.svg", languages[i]);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *argv[] = {"map", "--format", "svg", "--language", (char *)languages[i], "--db", (char *)cli->db, "--out", path, NULL};
    if (!run_report(cli, argv, error))
      return FALSE;
  }
  return TRUE;
}

static void say_next(Cli *cli, const char *folder) {
  g_autofree char *text =
      g_strdup_printf("\nThe journey map is drawn in %s/map-en.svg and map-de.svg: open one in a browser.\n"
                      "\n"
                      "Try next\n"
                      "  export ETAPPE_DB=%s\n"
                      "  etappe map --who 'stage:decision,touchpoint:Cart'      the persons behind a cell\n"
                      "  etappe person list --limit 5                           then: etappe person show ID\n"
                      "  etappe funnel --step 'Cart Viewed' --step 'Order Completed' --by properties.device_type\n"
                      "  etappe paths --after 'Complaint Filed'                 what people do after a complaint\n"
                      "  etappe journeys --where 'channel = paid_social'\n"
                      "  etappe attribution --key campaign --model markov --model shapley\n"
                      "Your own file\n"
                      "  etappe import visits.csv --db mine.db --map person=user_id --map time=ts --map event=action\n"
                      "`etappe help` lists everything. %s/lindenhof.csv.truth.json says what is true of the sample.\n",
                      folder, cli->db, folder);
  cli_print(text);
}

/* At the usual port, or at another one when somebody has it. */
static gboolean serve(Cli *cli, GError **error) {
  char *usual[] = {"serve", "--db", (char *)cli->db, NULL},
       *any[] = {"serve", "--db", (char *)cli->db, "--listen", "127.0.0.1:0", NULL};
  g_autoptr(GError) problem = NULL;
  if (run_verb(cli, cmd_serve, usual, &problem))
    return TRUE;
  if (g_error_matches(problem, ETAPPE_ERROR, ERROR_BUSY))
    return run_verb(cli, cmd_serve, any, error);
  g_propagate_error(error, g_steal_pointer(&problem));
  return FALSE;
}

gboolean cmd_demo(Cli *cli, int argc, char **argv, GError **error) {
  static const CliOption options[] = {
      {"events", FALSE, FALSE}, {"folder", FALSE, FALSE}, {"no-serve", TRUE, FALSE}, {NULL, FALSE, FALSE}};
  g_auto(CliArgs) args = {NULL, NULL};
  if (!cli_parse(cli, &args, options, argc, argv, error))
    return FALSE;
  if (args.arguments->len)
    return error_set(error, ERROR_USAGE, "etappe demo takes options only, not \"%s\"", (const char *)args.arguments->pdata[0]);
  const char *folder = params_get(args.params, "folder"), *events = params_get(args.params, "events");
  folder = folder ? folder : "etappe-demo";
  g_autofree char *db = g_build_filename(folder, "etappe.db", NULL);
  cli->db = db;
  if (!file_make_folder(folder, error))
    return FALSE;
  gboolean there = g_file_test(db, G_FILE_TEST_EXISTS);
  g_autofree char *hello = g_strdup_printf("%s Lindenhof, an invented furniture retailer, in the folder %s.\n",
                                           there ? "Here is again" : "Making", folder);
  cli_print(hello);
  if ((!there && !make_data(cli, folder, events ? events : "200000", error)) || !show_reports(cli, error) ||
      !draw_map(cli, folder, error))
    return FALSE;
  say_next(cli, folder);
  return params_get(args.params, "no-serve") || serve(cli, error);
}
