// SPDX-License-Identifier: Apache-2.0
// etappe backup FILE, etappe restore FILE: the record in one file, and back.
#include "record/backup.h"
#include "base/error.h"
#include "cli/cli.h"

static gboolean parse(Cli *cli, CliArgs *args, int argc, char **argv, GError **error) {
  static const CliOption none[] = {{NULL, FALSE, FALSE}};
  if (!cli_parse(cli, args, none, argc, argv, error))
    return FALSE;
  return args->arguments->len == 1 ||
         error_set(error, ERROR_USAGE, "etappe %s takes one file\nhint: for example: etappe %s shop-2026-01-31.backup", argv[0],
                   argv[0]);
}

/* Reading only, so it may run beside a server. */
gboolean cmd_backup(Cli *cli, int argc, char **argv, GError **error) {
  g_auto(CliArgs) args = {NULL, NULL};
  if (!parse(cli, &args, argc, argv, error))
    return FALSE;
  const char *file = args.arguments->pdata[0];
  g_autoptr(Record) record = record_open(cli->db, RECORD_READ, error);
  if (!record || !record_backup(record, file, error))
    return FALSE;
  g_autofree char *text = g_strdup_printf("%s holds %s as of change %" G_GUINT64_FORMAT
                                          ".\nNot in it, to be kept apart: the key (%s.key), accounts, keys and "
                                          "audit (%s.access), who was erased (%s.ledger).\n",
                                          file, cli->db, record_through(record), cli->db, cli->db, cli->db);
  cli_print(text);
  return TRUE;
}

static gboolean is_beside(const Cli *cli, const char *suffix) {
  g_autofree char *file = g_strconcat(cli->db, suffix, NULL);
  return g_file_test(file, G_FILE_TEST_EXISTS);
}

gboolean cmd_restore(Cli *cli, int argc, char **argv, GError **error) {
  g_auto(CliArgs) args = {NULL, NULL};
  guint erased;
  if (!parse(cli, &args, argc, argv, error))
    return FALSE;
  gboolean accounts = is_beside(cli, ".access"), ledger = is_beside(cli, ".ledger"); /* restoring begins a new ledger */
  if (!record_restore(args.arguments->pdata[0], cli->db, &erased, error))
    return FALSE;
  g_autoptr(GString) text = g_string_new(NULL);
  g_string_append_printf(text, "%s is back.%s", cli->db, erased ? "" : "\n");
  if (erased)
    g_string_append_printf(text, " %u erasure(s) made since were made again.\n", erased);
  if (!ledger)
    g_string_append_printf(
        text,
        "No ledger of erasures stood beside it, so whoever was erased after the backup is back too. If there is one,"
        " remove %s and its new ledger, put %s.ledger in place and restore again.\n",
        cli->db, cli->db);
  if (!accounts)
    g_string_append_printf(
        text,
        "There are no accounts and keys: put %s.access in place, or make them anew: `etappe serve` prints a link for "
        "the first account, `etappe key create` makes keys.\n",
        cli->db);
  cli_print(text->str);
  return TRUE;
}
