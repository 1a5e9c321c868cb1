/* SPDX-License-Identifier: Apache-2.0 */
#include "record/ledger.h"

#include "base/file.h"
#include <glib/gstdio.h>
#include <sys/stat.h>

typedef struct {
  char *folder, *path;
  Record *record;
  Ledger *ledger;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
  (void)unused;
  f->folder = g_dir_make_tmp("etappe-ledger-XXXXXX", NULL);
  f->path = g_build_filename(f->folder, "a.db", NULL);
  f->record = record_open(f->path, RECORD_CREATE, NULL);
  f->ledger = ledger_open(f->path, NULL);
  g_assert_nonnull(f->record);
  g_assert_nonnull(f->ledger);
}

static void tear_down(Fixture *f, gconstpointer unused) {
  (void)unused;
  ledger_free(f->ledger);
  record_free(f->record);
  file_remove_folder(f->folder, NULL);
  g_free(f->folder);
  g_free(f->path);
}

static const guint64 ids[] = {7, 9}, rows[] = {1, 2, 5};

static Receipt *begin(Fixture *f, const char *by) {
  Erasure erasure = {
      .identifiers = ids, .n_identifiers = G_N_ELEMENTS(ids), .rows = rows, .n_rows = G_N_ELEMENTS(rows), .through = 5};
  g_autoptr(GError) error = NULL;
  Receipt *receipt = ledger_begin(f->ledger, f->record, &erasure, by, &error);
  g_assert_no_error(error);
  return receipt;
}

/* What a crash before the erasure leaves: enough to do it again. */
static void test_begun(Fixture *f, gconstpointer unused) {
  g_autoptr(Receipt) begun = begin(f, "key:boss");
  ledger_free(f->ledger);
  f->ledger = ledger_open(f->path, NULL);
  g_autoptr(GPtrArray) all = ledger_receipts(f->ledger, NULL);
  g_assert_cmpuint(all->len, ==, 1);
  const Receipt *receipt = all->pdata[0];
  g_assert_cmpstr(receipt->receipt, ==, begun->receipt);
  g_assert_cmpstr(receipt->by, ==, "key:boss");
  g_assert_null(receipt->backups);
  g_assert_cmpuint(receipt->events, ==, 0);
  g_assert_cmphex(receipt->record, ==, record_id(f->record));
  g_assert_cmpuint(receipt->through, ==, 5);
  g_assert_cmpmem(receipt->identifiers->data, receipt->identifiers->len * 8, ids, sizeof ids);
  g_assert_cmpmem(receipt->rows->data, receipt->rows->len * 8, rows, sizeof rows);
}

static void test_ended(Fixture *f, gconstpointer unused) {
  g_autoptr(Receipt) first = begin(f, "a"), second = begin(f, "b");
  g_assert_cmpstr(first->receipt, !=, second->receipt);
  g_assert_true(g_regex_match_simple("^E-[0-9]{8}-[0-9a-f]{8}$", first->receipt, 0, 0));
  first->events = 3;
  first->backups = g_strdup("[]");
  g_assert_true(ledger_end(f->ledger, first, NULL));
  g_autoptr(GPtrArray) all = ledger_receipts(f->ledger, NULL);
  g_assert_cmpuint(all->len, ==, 2);
  for (guint i = 0; i < all->len; i++) {
    const Receipt *receipt = all->pdata[i];
    gboolean is_first = g_str_equal(receipt->receipt, first->receipt);
    g_assert_cmpuint(receipt->events, ==, is_first ? 3 : 0);
    g_assert_cmpstr(receipt->backups, ==, is_first ? "[]" : NULL);
  }
}

static void test_backups(Fixture *f, gconstpointer unused) {
  g_assert_true(ledger_add_backup(f->ledger, "/b/two", NULL));
  g_assert_true(ledger_add_backup(f->ledger, "/b/one", NULL));
  g_assert_true(ledger_add_backup(f->ledger, "/b/two", NULL)); /* the same file again */
  g_autoptr(GPtrArray) files = ledger_backups(f->ledger, NULL);
  g_assert_cmpuint(files->len, ==, 2);
  g_assert_cmpstr(files->pdata[0], ==, "/b/one");
  g_assert_cmpstr(files->pdata[1], ==, "/b/two");
}

static void test_file(Fixture *f, gconstpointer unused) {
  GStatBuf kept;
  g_autofree char *file = g_strconcat(f->path, ".ledger", NULL);
  g_assert_cmpint(g_stat(file, &kept), ==, 0);
  g_assert_cmpint(kept.st_mode & 0777, ==, 0600);
  g_autoptr(GError) error = NULL;
  g_autofree char *nowhere = g_build_filename(f->folder, "no", "a.db", NULL);
  g_assert_null(ledger_open(nowhere, &error));
  g_assert_nonnull(error);
  g_clear_error(&error);
  g_autofree char *other = g_build_filename(f->folder, "b.db", NULL), *damaged = g_strconcat(other, ".ledger", NULL);
  g_assert_true(g_file_set_contents(damaged, "this is no ledger, however long it may be", -1, NULL));
  g_assert_null(ledger_open(other, &error));
  g_assert_nonnull(error);
}

#define TEST(name, function) g_test_add("/ledger/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  TEST("an erasure that has begun is known after a crash with all that it takes", test_begun);
  TEST("an erasure that has ended says what it reached", test_ended);
  TEST("backups are known once a file, in order", test_backups);
  TEST("the ledger is the owner's alone, and what is none is refused", test_file);
  return g_test_run();
}
