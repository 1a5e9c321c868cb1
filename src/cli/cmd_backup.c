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
  g_autofree char *text =
      g_strdup_printf("%s holds %s as of change %" G_GUINT64_FORMAT ". The key, %s.key, is not in it: keep that apart.\n", file,
                      cli->db, record_through(record), cli->db);
  cli_print(text);
  return TRUE;
}

gboolean cmd_restore(Cli *cli, int argc, char **argv, GError **error) {
  g_auto(CliArgs) args = {NULL, NULL};
  guint erased;
  if (!parse(cli, &args, argc, argv, error) || !record_restore(args.arguments->pdata[0], cli->db, &erased, error))
    return FALSE;
  g_autofree char *text = erased ? g_strdup_printf("%s is back. %u erasure(s) made since were made again.\n", cli->db, erased)
                                 : g_strdup_printf("%s is back.\n", cli->db);
  cli_print(text);
  return TRUE;
}
