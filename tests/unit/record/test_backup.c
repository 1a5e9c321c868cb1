/* SPDX-License-Identifier: Apache-2.0 */
#include "record/backup.h"

#include "../sample.h"
#include "base/error.h"
#include <glib/gstdio.h>
#include <sys/stat.h>

typedef struct {
  Sample *sample;
  char *file, *path; /* a backup, and a record made from it */
} Fixture;

static void add(Fixture *f, const char *person, gint64 at_ms) {
  sample_event(f->sample, person, TIME_MS_MIN + at_ms, "view");
  sample_add(f->sample, "test");
  sample_flush(f->sample);
}

static void set_up(Fixture *f, gconstpointer unused) {
  (void)unused;
  f->sample = sample_new();
  f->file = g_build_filename(f->sample->folder, "one.backup", NULL);
  f->path = g_build_filename(f->sample->folder, "again.db", NULL);
  add(f, "ann", 1000); /* events 1, 2, 3 */
  add(f, "bob", 2000);
  add(f, "ann", 3000);
}

static void tear_down(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_free(f->file);
  g_free(f->path);
  sample_free(f->sample);
}

static void backup(Fixture *f) {
  g_autoptr(GError) error = NULL;
  record_backup(f->sample->record, f->file, &error);
  g_assert_no_error(error);
}

static void lend_key(Fixture *f) {
  g_autofree char *from = g_strconcat(f->sample->path, ".key", NULL), *to = g_strconcat(f->path, ".key", NULL), *key = NULL;
  gsize size;
  g_assert_true(g_file_get_contents(from, &key, &size, NULL));
  g_assert_true(g_file_set_contents_full(to, key, (gssize)size, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static Record *restore(Fixture *f, guint erased_then) {
  g_autoptr(GError) error = NULL;
  guint erased = 99;
  lend_key(f);
  record_restore(f->file, f->path, &erased, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(erased, ==, erased_then);
  Record *record = record_open(f->path, RECORD_WRITE, &error);
  g_assert_no_error(error);
  return record;
}

static gboolean count_events(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user,
                             GError **error) {
  (void)first;
  (void)import_id;
  (void)blob;
  (void)size;
  (void)error;
  *(guint *)user += n;
  return TRUE;
}

static guint events_of(Record *record) {
  guint n = 0;
  g_assert_true(record_scan(record, 0, G_MAXINT64, count_events, &n, NULL));
  return n;
}

static void test_moment(Fixture *f, gconstpointer unused) {
  GStatBuf kept;
  backup(f);
  add(f, "cid", 4000);
  g_assert_cmpint(g_stat(f->file, &kept), ==, 0);
  g_assert_cmpint(kept.st_mode & 0777, ==, 0600);
  g_autoptr(Record) again = restore(f, 0);
  g_assert_cmphex(record_id(again), ==, record_id(f->sample->record));
  g_assert_cmpuint(events_of(again), ==, 3);
  g_assert_cmpuint(events_of(f->sample->record), ==, 4);
}

/* Numbers given after coming back mean other events than those of the record before. */
static void test_branch(Fixture *f, gconstpointer unused) {
  guint64 before, after;
  backup(f);
  g_autoptr(Record) again = restore(f, 0);
  g_assert_true(record_branch(f->sample->record, &before, NULL));
  g_assert_true(record_branch(again, &after, NULL));
  g_assert_cmphex(before, !=, after);
}

static void check_refused(Fixture *f, ErrorCode code, const char *part) {
  g_autoptr(GError) error = NULL;
  guint erased;
  g_assert_false(record_restore(f->file, f->path, &erased, &error));
  g_assert_error(error, ETAPPE_ERROR, (int)code);
  g_assert_nonnull(strstr(error->message, part));
}

static void test_refusals(Fixture *f, gconstpointer unused) {
  g_autoptr(GError) error = NULL;
  check_refused(f, ERROR_NOT_FOUND, "there is no backup");
  backup(f);
  g_assert_false(record_backup(f->sample->record, f->file, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_CONFLICT);
  check_refused(f, ERROR_NOT_FOUND, "holds no key");
  record_free(restore(f, 0));
  check_refused(f, ERROR_CONFLICT, "is there already");
}

static guint64 identifier_of(Fixture *f, const char *person) {
  return sample_event(f->sample, person, TIME_MS_MIN, "view")->identifiers[0].hash.low;
}

/* Ann is erased after the backup was made: the ledger erases her in what comes back from it. */
static void test_erased_since(Fixture *f, gconstpointer unused) {
  guint64 ann = identifier_of(f, "ann"), rows[] = {1, 3};
  Erasure erasure = {.identifiers = &ann, .n_identifiers = 1, .rows = rows, .n_rows = 2, .through = 3};
  g_autoptr(GError) error = NULL;
  backup(f);
  g_autoptr(Ledger) ledger = ledger_open(f->path, &error); /* as if it stood beside the new record */
  g_autoptr(Receipt) receipt = ledger_begin(ledger, f->sample->record, &erasure, "test", &error);
  g_assert_no_error(error);
  g_autofree char *bytes = NULL;
  gsize size;
  g_assert_true(g_file_get_contents(f->file, &bytes, &size, NULL));
  g_assert_nonnull(memmem(bytes, size, "ann", 3));
  g_autoptr(Record) again = restore(f, 1);
  guint64 persons, events;
  g_assert_true(record_erased(again, &persons, &events, NULL));
  g_assert_cmpuint(persons, ==, 1);
  g_assert_cmpuint(events, ==, 2);
  g_autofree char *left = NULL;
  g_clear_pointer(&again, record_free);
  g_assert_true(g_file_get_contents(f->path, &left, &size, NULL));
  g_assert_null(memmem(left, size, "ann", 3));
}

static void test_erase_in_backup(Fixture *f, gconstpointer unused) {
  guint64 ann = identifier_of(f, "ann"), rows[] = {1, 3};
  Erasure erasure = {.identifiers = &ann, .n_identifiers = 1, .rows = rows, .n_rows = 2, .through = 3};
  g_autoptr(GError) error = NULL;
  backup(f);
  g_autoptr(Ledger) ledger = ledger_open(f->sample->path, &error);
  g_autoptr(Receipt) receipt = ledger_begin(ledger, f->sample->record, &erasure, "test", &error);
  backup_erase(f->file, f->sample->record, receipt, &error);
  g_assert_no_error(error);
  g_autofree char *left = NULL;
  gsize size;
  g_assert_true(g_file_get_contents(f->file, &left, &size, NULL));
  g_assert_null(memmem(left, size, "ann", 3));
  g_assert_nonnull(memmem(left, size, "bob", 3));
  g_autoptr(GPtrArray) files = ledger_backups(ledger, NULL);
  g_assert_cmpuint(files->len, ==, 1);
  g_assert_cmpstr(files->pdata[0], ==, f->file);
}

#define TEST(name, function) g_test_add("/backup/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  TEST("a backup is the record as of its moment, for the owner alone", test_moment);
  TEST("a record that came back goes its own way", test_branch);
  TEST("nothing is overwritten, and nothing comes back without its key", test_refusals);
  TEST("who was erased since is erased in what comes back", test_erased_since);
  TEST("an erasure reaches a backup and spares the others in it", test_erase_in_backup);
  return g_test_run();
}
