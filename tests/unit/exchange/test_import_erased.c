/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "exchange/import.h"
#include "record/erase.h"
#include <string.h>

static const char rows[] = "time,event,user,anonymous\n"
                           "2025-01-01T10:00:00Z,Page Viewed,erika,d1\n"
                           "2025-01-01T11:00:00Z,Page Viewed,,d1\n"
                           "2025-01-01T12:00:00Z,Page Viewed,otto,d1\n"
                           "2025-01-01T13:00:00Z,Page Viewed,otto,\n";

static gboolean note_refusal(const ImportRefusal *refusal, gpointer user, GError **error) {
  g_string_append_printf(user, "%" G_GUINT64_FORMAT " %s; ", refusal->row, refusal->reason);
  return TRUE;
}

static ImportInfo import(Record *record, const char *path, GString *refused) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Seen) seen = seen_open(record, &error);
  g_assert_no_error(error);
  ImportInfo totals = {0};
  const char *const files[] = {path, NULL};
  import_run(record, seen, files, &(ImportOptions){.source = "again"}, &(ImportHooks){.refused = note_refusal, .user = refused},
             &totals, &error);
  g_assert_no_error(error);
  return totals;
}

static guint64 hash_of(Record *record, guint8 space, const char *value) {
  Identifier identifier;
  char scratch[IDENTIFIER_SIZE_MAX];
  const char *why;
  g_assert_true(identifier_make(&identifier, record_spaces(record), record_key(record), space, text_of(value), scratch, &why));
  return identifier.hash.low;
}

/* Rows of hers are refused and counted; the tablet, now in his hands, is taken off his row. */
static void test_old_file(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) refused = g_string_new(NULL);
  g_autofree char *folder = g_dir_make_tmp("etappe-erased-XXXXXX", NULL), *path = g_build_filename(folder, "i.db", NULL);
  g_autofree char *file = g_build_filename(folder, "old.csv", NULL);
  g_assert_true(g_file_set_contents(file, rows, -1, NULL));
  Record *record = record_open(path, RECORD_CREATE, &error);
  g_assert_no_error(error);
  const guint64 hers[] = {hash_of(record, SPACE_USER, "erika"), hash_of(record, SPACE_ANONYMOUS, "d1")};
  record_erase(record, &(Erasure){.identifiers = hers, .n_identifiers = 2}, NULL, &error);
  g_assert_no_error(error);
  ImportInfo totals = import(record, file, refused);
  g_assert_cmpuint(totals.read, ==, 4);
  g_assert_cmpuint(totals.stored, ==, 2);
  g_assert_cmpuint(totals.refused, ==, 2);
  g_assert_cmpstr(refused->str, ==, "1 " ERASED_REASON "; 2 " ERASED_REASON "; ");
  record_free(record);
  file_remove_folder(folder, NULL);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/import/an old file does not bring back who was erased", test_old_file);
  return g_test_run();
}
