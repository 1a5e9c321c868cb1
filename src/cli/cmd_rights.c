// SPDX-License-Identifier: Apache-2.0
// etappe person export|erase: what a person may demand.
#include "analysis/person_rights.h"
#include "analysis/who.h"
#include "base/error.h"
#include "cli/cli.h"
#include "server/accounts.h"
#include <string.h>
#include <unistd.h>

static gboolean audit(const Cli *cli, const char *action, guint64 person, const char *detail, GError **error) {
  g_autoptr(Accounts) accounts = accounts_open(cli->db, error);
  g_autofree char *subject = g_strdup_printf(WHO_FORMAT, person);
  return accounts && accounts_audit(accounts, "cli", action, subject, detail, error);
}

static gboolean parse(Cli *cli, CliArgs *args, const CliOption *options, int argc, char **argv, GError **error) {
  if (!cli_parse(cli, args, options, argc, argv, error))
    return FALSE;
  return args->arguments->len == 1 ||
         error_set(error, ERROR_USAGE, "etappe person %s takes one identifier\nhint: for example: etappe person %s user:anna",
                   argv[0], argv[0]);
}

gboolean cmd_person_export(Cli *cli, int argc, char **argv, GError **error) {
  static const CliOption options[] = {{"out", FALSE, FALSE}, {NULL, FALSE, FALSE}};
  g_auto(CliArgs) args = {NULL, NULL};
  g_auto(CliWorkspace) asked = {NULL, FALSE};
  g_autoptr(JsonOut) out = json_out_new();
  guint64 person;
  if (!parse(cli, &args, options, argc, argv, error) || !cli_open_workspace(cli, NULL, &asked, error))
    return FALSE;
  json_object(out);
  if (!person_export(asked.workspace, args.arguments->pdata[0], &person, out, error) ||
      !accounts_write_about(cli->db, person, out, error) || !audit(cli, "person.export", person, NULL, error))
    return FALSE;
  json_object_end(out);
  g_autofree char *text = g_strconcat(json_out_text(out, NULL), "\n", NULL);
  return cli_deliver(args.params, text, strlen(text), error);
}

/* Only "erase" is a yes. */
static gboolean confirm(const Cli *cli, const char *who, GError **error) {
  char answer[16] = "";
  g_autofree char *question =
      g_strdup_printf("Everything about %s goes, here and in the registered backups, and does not come back.\n"
                      "Type erase to go on: ",
                      who);
  if (!isatty(cli->input))
    return error_set(error, ERROR_USAGE, "erasing cannot be undone\nhint: say --yes to do it without being asked");
  cli_print(question);
  gssize n = read(cli->input, answer, sizeof answer - 1);
  return (n > 0 && strcmp(g_strstrip(answer), "erase") == 0) || error_set(error, ERROR_CANCELLED, "nothing was erased");
}

static void print_erased(const PersonErased *erased, gboolean as_json) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_kv_string(out, "receipt", erased->receipt);
  json_kv_int(out, "events", (gint64)erased->events);
  json_key(out, "backups");
  json_raw(out, erased->backups, strlen(erased->backups));
  json_object_end(out);
  g_autofree char *text = as_json ? g_strconcat(json_out_text(out, NULL), "\n", NULL)
                                  : g_strdup_printf("Erased: %" G_GUINT64_FORMAT " events. Receipt %s\nBackups: %s\n",
                                                    erased->events, erased->receipt, erased->backups);
  cli_print(text);
}

gboolean cmd_person_erase(Cli *cli, int argc, char **argv, GError **error) {
  static const CliOption options[] = {{"yes", TRUE, FALSE}, {"format", FALSE, FALSE}, {NULL, FALSE, FALSE}};
  g_auto(CliArgs) args = {NULL, NULL};
  g_auto(CliWorkspace) asked = {NULL, FALSE};
  g_auto(CliRecord) opened = {NULL, FALSE};
  g_auto(PersonErased) erased = {0};
  if (!parse(cli, &args, options, argc, argv, error))
    return FALSE;
  const char *who = args.arguments->pdata[0];
  if (!params_get(args.params, "yes") && !confirm(cli, who, error))
    return FALSE;
  if (!cli_open_workspace(cli, NULL, &asked, error) || !cli_open_record(cli, RECORD_WRITE, &opened, error) ||
      !person_erase(asked.workspace, opened.record, who, "cli", &erased, error) ||
      !audit(cli, "person.erase", erased.person, erased.receipt, error))
    return FALSE;
  print_erased(&erased, g_strcmp0(params_get(args.params, "format"), "json") == 0);
  return TRUE;
}
