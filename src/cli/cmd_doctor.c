// SPDX-License-Identifier: Apache-2.0
// etappe doctor: brings a record of an older program up to date, looks at everything that is stored and says what is wrong,
// or that nothing is.
#include "base/error.h"
#include "cli/cli.h"
#include "exchange/duckdb.h"
#include "journey/index.h"
#include <string.h>

static void say(GString *out, const char *what, const GPtrArray *findings, guint *shown) {
  g_string_append_printf(out, "%-8s %s\n", findings->len == *shown ? "good" : "BROKEN", what);
  for (; *shown < findings->len; (*shown)++)
    g_string_append_printf(out, "         %s\n", (const char *)findings->pdata[*shown]);
}

/* Writers bring an older record up to date when they open it; readers refuse it. */
static Record *open_up_to_date(const char *path, GString *out, GError **error) {
  g_autoptr(GError) problem = NULL;
  Record *record = record_open(path, RECORD_READ, &problem);
  if (record || !g_error_matches(problem, ETAPPE_ERROR, ERROR_VERSION)) {
    if (problem)
      g_propagate_error(error, g_steal_pointer(&problem));
    return record;
  }
  g_autoptr(Record) writer = record_open(path, RECORD_WRITE, error);
  if (!writer)
    return NULL;
  g_clear_pointer(&writer, record_free);
  g_string_append(out, "good     record: brought up to date\n");
  return record_open(path, RECORD_READ, error);
}

static gboolean look(Cli *cli, GPtrArray *findings, GString *out, GError **error) {
  guint shown = 0;
  g_autoptr(Record) record = open_up_to_date(cli->db, out, error);
  if (!record || !record_check(record, findings, error))
    return FALSE;
  say(out, "record: pages, batches, sequence", findings, &shown);
  IndexOptions options = {.threads = 0};
  g_autoptr(Index) index = index_open(record, &options, error);
  if (!index || !index_check(index, findings, error))
    return FALSE;
  say(out, "journey index: checksums, order, levels", findings, &shown);
  g_autoptr(Snapshot) snapshot = index_snapshot(index);
  g_string_append_printf(
      out,
      "         %" G_GUINT64_FORMAT " events of %" G_GUINT64_FORMAT " persons in %.1f MB, as of change %" G_GUINT64_FORMAT "\n",
      snapshot_events(snapshot), snapshot_persons(snapshot), (double)index_size_bytes(index) / 1e6, snapshot_through(snapshot));
  g_autoptr(GError) missing = NULL;
  g_autoptr(Duck) duck = duck_open(&(DuckOptions){0}, &missing);
  if (!duck)
    g_ptr_array_add(findings, g_strdup(missing->message));
  say(out, "DuckDB, for files and SQL", findings, &shown);
  return TRUE;
}

gboolean cmd_doctor(Cli *cli, int argc, char **argv, GError **error) {
  g_auto(CliArgs) args = {NULL, NULL};
  if (!cli_parse(cli, &args, NULL, argc, argv, error))
    return FALSE;
  if (!g_file_test(cli->db, G_FILE_TEST_EXISTS))
    return error_set(error, ERROR_NOT_FOUND, "there is no project at %s\nhint: name it with --db PATH", cli->db);
  g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GString) out = g_string_new(NULL);
  gboolean good = look(cli, findings, out, error);
  cli_print(out->str);
  if (!good)
    return FALSE;
  return findings->len == 0 ||
         error_set(error, ERROR_DAMAGED,
                   "%u things are wrong with %s\nhint: the index can be deleted (%s.index) and makes itself again; "
                   "for the record, restore a backup",
                   findings->len, cli->db, cli->db);
}
