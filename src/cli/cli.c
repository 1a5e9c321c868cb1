// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "base/error.h"
#include "base/file.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static guint edit_distance(const char *a, const char *b) {
  gsize n = strlen(b);
  g_autofree guint *row = g_new(guint, n + 1);
  for (gsize j = 0; j <= n; j++)
    row[j] = (guint)j;
  for (gsize i = 1; a[i - 1]; i++) {
    guint diagonal = row[0];
    row[0] = (guint)i;
    for (gsize j = 1; j <= n; j++) {
      guint above = row[j];
      guint changed = diagonal + (a[i - 1] != b[j - 1]);
      row[j] = MIN(changed, MIN(above, row[j - 1]) + 1);
      diagonal = above;
    }
  }
  return row[n];
}

const char *cli_nearest(const char *word, const char *const *known) {
  const char *best = NULL;
  guint best_distance = 3; /* further away it is no typing error */
  for (; *known; known++) {
    guint distance = g_str_has_prefix(*known, word) && word[0] ? 1 : edit_distance(word, *known);
    if (distance < best_distance) {
      best_distance = distance;
      best = *known;
    }
  }
  return best;
}

static const CliOption *option_find(const CliOption *options, const char *name) {
  static const CliOption everywhere[] = {{"db", FALSE, FALSE}, {"format", FALSE, FALSE}, {NULL, FALSE, FALSE}};
  for (const CliOption *o = everywhere; o->name; o++)
    if (strcmp(o->name, name) == 0)
      return o;
  for (const CliOption *o = options; o && o->name; o++)
    if (strcmp(o->name, name) == 0)
      return o;
  return NULL;
}

static gboolean option_unknown(const CliOption *options, const char *verb, const char *name, GError **error) {
  g_autoptr(GPtrArray) known = g_ptr_array_new();
  for (const CliOption *o = options; o && o->name; o++)
    g_ptr_array_add(known, (gpointer)o->name);
  g_ptr_array_add(known, (gpointer) "db");
  g_ptr_array_add(known, (gpointer) "format");
  g_ptr_array_add(known, NULL);
  const char *nearest = cli_nearest(name, (const char *const *)known->pdata);
  if (nearest)
    return error_set(error, ERROR_USAGE, "etappe %s knows no option --%s\nhint: did you mean --%s? `etappe help %s` lists them all",
                     verb, name, nearest, verb);
  return error_set(error, ERROR_USAGE, "etappe %s knows no option --%s\nhint: `etappe help %s` lists them", verb, name, verb);
}

void cli_args_clear(CliArgs *args) {
  g_clear_pointer(&args->params, params_free);
  g_clear_pointer(&args->arguments, g_ptr_array_unref);
}

gboolean cli_parse(Cli *cli, CliArgs *args, const CliOption *options, int argc, char **argv, GError **error) {
  args->params = params_new();
  args->arguments = g_ptr_array_new();
  gboolean only_arguments = FALSE;
  for (int i = 1; i < argc; i++) {
    const char *word = argv[i];
    if (only_arguments || !g_str_has_prefix(word, "--")) {
      g_ptr_array_add(args->arguments, (gpointer)word);
      continue;
    }
    if (strcmp(word, "--") == 0) {
      only_arguments = TRUE;
      continue;
    }
    const char *equals = strchr(word, '=');
    g_autofree char *name = equals ? g_strndup(word + 2, (gsize)(equals - word - 2)) : g_strdup(word + 2);
    const CliOption *option = option_find(options, name);
    if (!option)
      return option_unknown(options, argv[0], name, error);
    if (option->flag && equals)
      return error_set(error, ERROR_USAGE, "--%s takes no value", name);
    if (!option->many && params_get(args->params, name))
      return error_set(error, ERROR_USAGE, "--%s is given twice", name);
    const char *value = option->flag ? "true" : equals ? equals + 1 : i + 1 < argc ? argv[++i] : NULL;
    if (!value)
      return error_set(error, ERROR_USAGE, "--%s needs a value\nhint: `etappe help %s` shows an example", name, argv[0]);
    if (!g_utf8_validate(value, -1, NULL))
      return error_set(error, ERROR_USAGE, "the value of --%s is not valid UTF-8", name);
    if (strcmp(name, "db") == 0)
      cli->db = cli->host ? cli->db : value;
    params_add(args->params, name, value);
  }
  return TRUE;
}

/* Of the thread, as a server runs several commands at once. */
static _Thread_local FILE *thread_out, *thread_err;

FILE *cli_out(void) {
  return thread_out ? thread_out : stdout;
}

FILE *cli_err(void) {
  return thread_err ? thread_err : stderr;
}

void cli_redirect(FILE *out, FILE *err) {
  thread_out = out;
  thread_err = err;
}

gboolean cli_open_record(const Cli *cli, RecordMode mode, CliRecord *opened, GError **error) {
  *opened = (CliRecord){cli->host ? capture_record(cli->host) : record_open(cli->db, mode, error), cli->host == NULL};
  return opened->record != NULL;
}

void cli_record_clear(CliRecord *opened) {
  if (opened->owned)
    record_free(opened->record);
  opened->record = NULL;
}

gboolean cli_open_workspace(const Cli *cli, const IndexOptions *options, CliWorkspace *opened, GError **error) {
  if (!cli->host) {
    *opened = (CliWorkspace){workspace_open(cli->db, options, error), TRUE};
    return opened->workspace != NULL;
  }
  *opened = (CliWorkspace){capture_workspace(cli->host), FALSE};
  return workspace_refresh(opened->workspace, error);
}

void cli_workspace_clear(CliWorkspace *opened) {
  if (opened->owned)
    workspace_free(opened->workspace);
  opened->workspace = NULL;
}

void cli_progress(Cli *cli, const char *line) {
  static const gint64 pause_us = 100000;
  if (!cli->progress)
    return;
  gint64 now = g_get_monotonic_time();
  if (line && now - cli->progress_shown_us < pause_us)
    return;
  cli->progress_shown_us = line ? now : 0;
  fprintf(cli_err(), "\r\033[K%s", line ? line : "");
  fflush(cli_err());
}

void cli_print(const char *text) {
  gboolean printed = fputs(text, cli_out()) != EOF && fflush(cli_out()) != EOF;
  if (!printed && cli_out() == stdout)
    exit(errno == EPIPE ? 0 : 1);
}

gboolean cli_deliver(const Params *params, const void *data, gsize size, GError **error) {
  const char *path = params_get(params, "out");
  if (path)
    return file_replace(path, data, size, error);
  fwrite(data, 1, size, cli_out());
  return fflush(cli_out()) == 0 || error_set(error, ERROR_IO, "the answer cannot be written to standard output");
}
