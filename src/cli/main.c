// SPDX-License-Identifier: Apache-2.0
// The program: finds the verb or the report, runs it, turns an error into one clear sentence and an exit code.
#include "analysis/workspace.h"
#include "base/error.h"
#include "base/json_out.h"
#include "cli/cli.h"
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static gboolean cmd_help(Cli *cli, int argc, char **argv, GError **error);
static gboolean cmd_version(Cli *cli, int argc, char **argv, GError **error);

static const Verb verbs[] = {
    {"backup", "Copy the project's record into one file, also while it is served",
     "etappe backup FILE\n\n"
     "FILE must not be there yet. The key and the accounts are not in it. Erasing a person reaches FILE while it stays\n"
     "where it is; else the receipt names it.\n",
     cmd_backup},
    {"demo", "Make a sample company in a folder, print its first reports and serve it",
     "etappe demo [--events 200000] [--folder etappe-demo] [--no-serve]\n", cmd_demo},
    {"doctor", "Check everything that is stored", "etappe doctor [--db PATH]\n", cmd_doctor},
    {"help", "Explain a command or a report", "etappe help [COMMAND]\n", cmd_help},
    {"import", "Import files of events: CSV, JSON, Parquet", cmd_import_usage, cmd_import},
    {"key", "Make, list and revoke the keys that may send events or ask questions", cmd_key_usage, cmd_key},
    {"link", "Make addresses that tell of clicks and opened mails, and QR codes", cmd_link_usage, cmd_link},
    {"person", "List persons, explain one, join or separate two, hand out or erase the data of one",
     "etappe person list [--limit N] [--sort last|first|events|id] [--from --to --where --among]\n"
     "etappe person show ID [--limit N]      identifiers with the moment and the reason they joined; the events\n"
     "etappe person merge ID ID              the first joins the second, which owns\n"
     "etappe person unmerge ID ID            takes the merge back, or keeps the two apart from now on\n"
     "etappe person export ID [--out FILE]    all that is kept of the person, as JSON: for an access request\n"
     "etappe person erase ID [--yes]          from the record, its log, the index and the backups; prints a receipt\n\n"
     "An ID is namespace:value (user:anna, email:anna@example.com, card:4711) or 16 hex digits. Merge and\n"
     "unmerge take each other back; every figure is then as before. All take --format json.\n",
     cmd_person},
    {"project", "Write, check, show or apply the project file: what counts as goal, stage, touchpoint",
     "etappe project init [FILE] [--preset shop|store|b2b|subscription|bank|service]\n"
     "etappe project check [FILE]    errors by line and key; what it changes in today's figures\n"
     "etappe project apply [FILE]    makes it the project's next version\n"
     "etappe project show            prints the version in force; --version N that of change N\n"
     "etappe project show --versions lists every version with the change that brought it\n"
     "FILE is project.yaml unless named.\n",
     cmd_project},
    {"restore", "Make a project anew from a backup",
     "etappe restore FILE [--db PATH]\n\n"
     "PATH must not be there yet, its key PATH.key must. Whoever was erased since the backup was made (PATH.ledger) is\n"
     "erased again; index and memory of what has arrived are made anew.\n",
     cmd_restore},
    {"serve", "Take events in over HTTP and answer questions", cmd_serve_usage, cmd_serve},
    {"simulate", "Write the events of an invented retailer, and the truth behind them",
     "etappe simulate --events N --out FILE [--seed S]\n\n"
     "  --events N        exactly so many rows, 1000 to 100000000\n"
     "  --persons N       so many persons; alone, with as many events as they make\n"
     "  --seed N          another seed, other people; the same seed, the same bytes [1]\n"
     "  --out FILE        CSV, or JSON lines when it ends in .ndjson; packed when it ends in .gz\n"
     "  --format csv|ndjson\n"
     "  --until DATE      the period ends before that day [2026-01-01]\n"
     "  --months N        and is so long [24]\n\n"
     "Beside FILE, FILE.truth.json says what is true of the data: docs/simulator.md.\n",
     cmd_simulate},
    {"sql", "Ask in SQL: events, visits, journeys, conversions, persons, touches",
     "etappe sql 'SELECT ...' [--format table|json|csv] [--out FILE] [--now INSTANT] [--threads N]\n"
     "etappe sql [--schema]          the tables and their columns\n"
     "etappe sql 'CREATE TABLE ...' 'SELECT ...'     several statements in turn; the last one answers\n\n"
     "It is DuckDB's SQL. A statement reads and writes the files whose paths stand in it as 'text', and no others:\n"
     "  etappe sql \"COPY (SELECT channel, count(*) AS events FROM events GROUP BY ALL) TO 'channels.parquet'\"\n"
     "docs/sql.md has the meaning of every column, and examples.\n",
     cmd_sql},
    {"version", "Print the version", "etappe version\n", cmd_version},
};

static const Verb *verb_find(const char *name) {
  for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++)
    if (strcmp(verbs[i].name, name) == 0)
      return &verbs[i];
  return NULL;
}

static gboolean unknown_command(const char *name, GError **error) {
  g_autoptr(GPtrArray) known = g_ptr_array_new();
  for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++)
    g_ptr_array_add(known, (gpointer)verbs[i].name);
  for (const Report *const *r = catalogue(); *r; r++)
    g_ptr_array_add(known, (gpointer)(*r)->name);
  g_ptr_array_add(known, NULL);
  const char *nearest = cli_nearest(name, (const char *const *)known->pdata);
  if (nearest)
    return error_set(error, ERROR_USAGE, "there is no command \"%s\"\nhint: did you mean `etappe %s`? `etappe help` lists them",
                     name, nearest);
  return error_set(error, ERROR_USAGE, "there is no command \"%s\"\nhint: `etappe help` lists them", name);
}

static void help_list(GString *out) {
  g_string_append(out, "etappe " ETAPPE_VERSION " - customer journeys from your touchpoints\n\nCommands\n");
  for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++)
    g_string_append_printf(out, "  %-12s %s\n", verbs[i].name, verbs[i].summary);
  g_string_append(out, "\nReports\n");
  for (const Report *const *r = catalogue(); *r; r++)
    g_string_append_printf(out, "  %-12s %s\n", (*r)->name, (*r)->summary);
  g_string_append(out, "\nEvery command takes --db PATH (or ETAPPE_DB; default etappe.db). `etappe help NAME` tells more.\n"
                       "New here? `etappe demo` makes a sample project, or bring your own file:\n"
                       "  etappe import visits.csv --map person=user_id --map time=ts --map event=action\n");
}

static void help_params(GString *out, const Param *params) {
  for (const Param *p = params; p && p->name; p++) {
    static const char *const value[] = {" TEXT", " N", "", " DURATION", " COND", ""};
    g_autofree char *left = g_strdup_printf("--%s%s%s", p->name, p->type == PARAM_CHOICE ? " " : value[p->type],
                                            p->type == PARAM_CHOICE ? p->choices : "");
    g_string_append_printf(out, "  %-30s %s%s%s%s%s\n", left, p->help, p->many ? " (repeatable)" : "", p->fallback ? " [" : "",
                           p->fallback ? p->fallback : "", p->fallback ? "]" : "");
  }
}

static void help_report(GString *out, const Report *report) {
  g_string_append_printf(out, "etappe %s - %s\n\n", report->name, report->summary);
  help_params(out, report->params);
  g_string_append(out, "\nEvery report\n");
  help_params(out, workspace_common_params);
  g_string_append_printf(out, "  %-30s %s\n  %-30s %s\n", "--format table|json|csv",
                         "How to print it; the map also svg, png, pdf, layout [table]", "--db PATH", "The project [etappe.db]");
  g_string_append_printf(out, "  %-30s %s\n", "--out FILE", "Write it there, whole or not at all");
  g_string_append_printf(out, "\nExample\n  etappe %s %s\n", report->name, report->example);
}

static gboolean cmd_help(Cli *cli, int argc, char **argv, GError **error) {
  g_autoptr(GString) out = g_string_new(NULL);
  if (argc < 2) {
    help_list(out);
  } else {
    const Report *report = catalogue_find(argv[1]);
    const Verb *verb = verb_find(argv[1]);
    if (!report && !verb)
      return unknown_command(argv[1], error);
    if (report)
      help_report(out, report);
    else
      g_string_append_printf(out, "%s\n\n%s", verb->summary, verb->usage);
  }
  cli_print(out->str);
  return TRUE;
}

static gboolean cmd_version(Cli *cli, int argc, char **argv, GError **error) {
  cli_print("etappe " ETAPPE_VERSION "\n");
  return TRUE;
}

static gboolean wants_json(int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], "--format=json") == 0 ||
        (strcmp(argv[i], "--format") == 0 && i + 1 < argc && strcmp(argv[i + 1], "json") == 0))
      return TRUE;
  return FALSE;
}

/* The sentence goes to standard error; who asked for JSON gets the error as JSON besides. */
static void print_error(const GError *error, gboolean json) {
  const char *hint = strstr(error->message, "\nhint: ");
  g_autofree char *message = hint ? g_strndup(error->message, (gsize)(hint - error->message)) : g_strdup(error->message);
  fprintf(cli_err(), "etappe: %s\n", message);
  if (hint)
    fprintf(cli_err(), "  %s\n", hint + 7);
  if (!json)
    return;
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_key(out, "error");
  json_object(out);
  json_kv_string(out, "code", error_name(error));
  json_kv_string(out, "message", message);
  if (hint)
    json_kv_string(out, "hint", hint + 7);
  json_object_end(out);
  json_object_end(out);
  fprintf(cli_out(), "%s\n", json_out_text(out, NULL));
}

static gboolean run(Cli *cli, int argc, char **argv, GError **error) {
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
    return cmd_help(cli, 1, argv, error);
  if (strcmp(argv[1], "--version") == 0)
    return cmd_version(cli, 1, argv, error);
  for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
      return cmd_help(cli, 2, argv, error);
  const Verb *verb = verb_find(argv[1]);
  if (verb)
    return verb->run(cli, argc - 1, argv + 1, error);
  const Report *report = catalogue_find(argv[1]);
  if (report)
    return cmd_report(cli, report, argc - 1, argv + 1, error);
  return unknown_command(argv[1], error);
}

int cli_run(Cli *cli, int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  if (run(cli, argc, argv, &error))
    return 0;
  cli_progress(cli, NULL);
  print_error(error, wants_json(argc, argv));
  return error_exit_code(error);
}

static guint terminal_width(void) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 100;
}

int main(int argc, char **argv) {
  setlocale(LC_CTYPE, "");
  const char *db = g_getenv("ETAPPE_DB");
  Cli cli = {.db = db && *db ? db : "etappe.db",
             .terminal = isatty(STDOUT_FILENO) && !g_getenv("NO_COLOR"),
             .progress = isatty(STDERR_FILENO) != 0,
             .input = STDIN_FILENO};
  cli.width = cli.terminal ? terminal_width() : 0;
  int exit_code;
  return cli_forward(&cli, argc, argv, &exit_code) ? exit_code : cli_run(&cli, argc, argv);
}
