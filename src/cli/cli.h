/* SPDX-License-Identifier: Apache-2.0
 * cli.h: what every verb of the command line shares. A verb is one file cmd_<verb>.c with one function
 * and one line in the table of main.c. Results go to standard output, progress and errors to standard error. */
#pragma once
#include "analysis/catalogue.h"
#include "capture/capture.h"
#include <stdio.h>

typedef struct {
  const char *db;    /* --db, ETAPPE_DB or etappe.db */
  gboolean terminal; /* standard output is one: bars, colour */
  gboolean progress; /* standard error is a terminal */
  guint width;
  gint64 progress_shown_us;
  Capture *host; /* the command runs inside a server, for another process; else NULL */
  int input;     /* descriptor of standard input */
} Cli;

/* --- inside a server or alone ------------------------------------------------------------------------------------- */
typedef struct { /* the server's, which stays open, or one opened for the command */
  Record *record;
  gboolean owned;
} CliRecord;
gboolean cli_open_record(const Cli *cli, RecordMode mode, CliRecord *opened, GError **error);
void cli_record_clear(CliRecord *opened);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CliRecord, cli_record_clear)
typedef struct {
  Workspace *workspace;
  gboolean owned;
} CliWorkspace;
gboolean cli_open_workspace(const Cli *cli, const IndexOptions *options, CliWorkspace *opened, GError **error);
void cli_workspace_clear(CliWorkspace *opened);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CliWorkspace, cli_workspace_clear)

/* Where this thread prints: standard output and error, or those of the process for which a server runs the command. */
FILE *cli_out(void);
FILE *cli_err(void);
void cli_redirect(FILE *out, FILE *err);

/* Runs a whole command line: prints the result, or the error. The exit code. */
int cli_run(Cli *cli, int argc, char **argv);
/* Has the server of the project run it, if there is one and the command writes to the record. */
gboolean cli_forward(const Cli *cli, int argc, char **argv, int *exit_code);

typedef struct {
  const char *name;                                                 /* "import" */
  const char *summary;                                              /* one sentence for lists */
  const char *usage;                                                /* the lines of `etappe help import` */
  gboolean (*run)(Cli *cli, int argc, char **argv, GError **error); /* argv[0] is the verb */
} Verb;

/* Attribution over the paths of a file: --paths among the options. */
gboolean cmd_attribution_file(Cli *cli, int argc, char **argv, GError **error);
gboolean cmd_backup(Cli *cli, int argc, char **argv, GError **error);
gboolean cmd_demo(Cli *cli, int argc, char **argv, GError **error);
gboolean cmd_doctor(Cli *cli, int argc, char **argv, GError **error);
gboolean cmd_import(Cli *cli, int argc, char **argv, GError **error);
extern const char cmd_import_usage[];
gboolean cmd_key(Cli *cli, int argc, char **argv, GError **error);
extern const char cmd_key_usage[];
gboolean cmd_link(Cli *cli, int argc, char **argv, GError **error);
extern const char cmd_link_usage[];
gboolean cmd_person(Cli *cli, int argc, char **argv, GError **error);
gboolean cmd_person_erase(Cli *cli, int argc, char **argv, GError **error);
gboolean cmd_person_export(Cli *cli, int argc, char **argv, GError **error);
gboolean cmd_project(Cli *cli, int argc, char **argv, GError **error);
gboolean cmd_restore(Cli *cli, int argc, char **argv, GError **error);
gboolean cmd_serve(Cli *cli, int argc, char **argv, GError **error);
extern const char cmd_serve_usage[];
gboolean cmd_simulate(Cli *cli, int argc, char **argv, GError **error);
gboolean cmd_sql(Cli *cli, int argc, char **argv, GError **error);
gboolean cmd_report(Cli *cli, const Report *report, int argc, char **argv, GError **error);
/* The same with one argument, which stands for this option: `etappe person show user:anna`. */
gboolean cmd_report_on(Cli *cli, const Report *report, const char *option, int argc, char **argv, GError **error);

/* Options of a verb, for g_option-free parsing: `--name value`, `--name=value`, `--flag`; everything else is
 * an argument; `--` ends the options. Unknown ones are ERROR_USAGE with the nearest known name. */
typedef struct {
  const char *name; /* without dashes; the table ends with NULL */
  gboolean flag;    /* takes no value */
  gboolean many;    /* may be given several times */
} CliOption;
typedef struct {
  Params *params;       /* the options given; "db" is among those every verb takes */
  GPtrArray *arguments; /* of const char*, borrowed from argv */
} CliArgs;
gboolean cli_parse(Cli *cli, CliArgs *args, const CliOption *options, int argc, char **argv, GError **error);
void cli_args_clear(CliArgs *args);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CliArgs, cli_args_clear)

/* Progress on a terminal only: one line rewritten; NULL ends it. About ten times a second at most. */
void cli_progress(Cli *cli, const char *line);
/* An answer to --out FILE, whole or not at all, else to standard output. */
gboolean cli_deliver(const Params *params, const void *data, gsize size, GError **error);
void cli_print(const char *text);                                    /* to standard output; a closed pipe ends quietly */
const char *cli_nearest(const char *word, const char *const *known); /* by edit distance, or NULL */
