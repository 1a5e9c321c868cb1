/* SPDX-License-Identifier: Apache-2.0 */
#include "record/seen.h"

#include "base/error.h"
#include "base/file.h"
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
  char *folder, *path;
  Record *record;
  Seen *seen;
  BatchWriter *writer;
  guint64 import_id; /* running */
  ImportInfo totals;
} Fixture;

static void open_all(Fixture *f) {
  g_autoptr(GError) error = NULL;
  f->record = record_open(f->path, RECORD_CREATE, &error);
  g_assert_no_error(error);
  f->seen = seen_open(f->record, &error);
  g_assert_no_error(error);
  f->writer = batch_writer_new(record_spaces(f->record), record_names(f->record));
}

static void close_all(Fixture *f) {
  batch_writer_free(f->writer);
  seen_free(f->seen);
  record_free(f->record);
}

static void open_again(Fixture *f) {
  close_all(f);
  open_all(f);
}

static void set_up(Fixture *f, gconstpointer data) {
  f->folder = g_dir_make_tmp("etappe-XXXXXX", NULL);
  f->path = g_build_filename(f->folder, "r.db", NULL);
  open_all(f);
}

static void tear_down(Fixture *f, gconstpointer data) {
  close_all(f);
  file_remove_folder(f->folder, NULL);
  g_free(f->folder);
  g_free(f->path);
}

static void runs_away(Fixture *f) {
  g_autofree char *runs = g_strconcat(f->path, ".seen", NULL);
  g_assert_true(file_remove_folder(runs, NULL));
}

/* --- files of rows ---------------------------------------------------------------------------------- */

static void begin(Fixture *f, const char *source) {
  f->totals = (ImportInfo){0};
  g_assert_true(record_import_begin(f->record, source, "f.csv", "", &f->import_id, NULL));
  f->totals.id = f->import_id;
  seen_begin_file(f->seen);
}

/* A row with the id (NULL: none) of this product; what it is judged. */
static SeenVerdict row_of(Fixture *f, const char *source, const char *group, const char *name, const char *id, const char *sku) {
  g_autofree Event *event = g_new0(Event, 1);
  event_clear(event);
  event->time_ms = G_GINT64_CONSTANT(1700000000000);
  event->name = text_of(name);
  event->id = text_of(id);
  event->properties[event->n_properties++] = (Property){text_of("properties.sku"), VALUE_TEXT, text_of(sku)};
  guint64 content = seen_content(event, source, record_key(f->record));
  SeenVerdict verdict = seen_event(f->seen, event, group, content);
  if (verdict == SEEN_NEW) {
    batch_writer_add(f->writer, event, names_intern(record_names(f->record), NAME_SOURCE, text_of(source)), content);
    if (batch_writer_count(f->writer) == BATCH_EVENTS_MAX)
      g_assert_true(record_append(f->record, f->import_id, f->writer, NULL));
  }
  return verdict;
}

static SeenVerdict row(Fixture *f, const char *id, const char *sku) {
  return row_of(f, "file", "file", "Product Viewed", id, sku);
}

static guint64 finish(Fixture *f) {
  g_autoptr(GError) error = NULL;
  record_append(f->record, f->import_id, f->writer, &error);
  g_assert_no_error(error);
  seen_commit(f->seen, f->import_id, &error);
  g_assert_no_error(error);
  record_import_finish(f->record, &f->totals, &error);
  g_assert_no_error(error);
  return f->import_id;
}

/* Imports n equal rows without id; how many were new. */
static guint import_equal(Fixture *f, guint n, const char *sku) {
  guint fresh = 0;
  begin(f, "file");
  for (guint i = 0; i < n; i++)
    fresh += row(f, NULL, sku) == SEEN_NEW;
  finish(f);
  return fresh;
}

/* --- rules ------------------------------------------------------------------------------------------- */

static void test_ids(Fixture *f, gconstpointer data) {
  begin(f, "file");
  g_assert_cmpint(row(f, "1", "a"), ==, SEEN_NEW);
  g_assert_cmpint(row(f, "1", "a"), ==, SEEN_REPEATED);
  g_assert_cmpint(row(f, "1", "b"), ==, SEEN_CONFLICTING);
  g_assert_cmpint(row(f, "1", "a"), ==, SEEN_REPEATED); /* kept as first seen */
  g_assert_cmpint(row(f, "2", "a"), ==, SEEN_NEW);
  finish(f);
  begin(f, "file");
  g_assert_cmpint(row(f, "1", "a"), ==, SEEN_REPEATED);
  g_assert_cmpint(row(f, "2", "b"), ==, SEEN_CONFLICTING);
  g_assert_cmpint(row(f, "2", "a"), ==, SEEN_REPEATED);
  g_assert_cmpint(row(f, "3", "a"), ==, SEEN_NEW);
  finish(f);
}

static void test_groups(Fixture *f, gconstpointer data) {
  begin(f, "browser");
  g_assert_cmpint(row_of(f, "browser", "shop", "Order Completed", "1", "a"), ==, SEEN_NEW);
  g_assert_cmpint(row_of(f, "browser", "shop", "Order Refunded", "1", "a"), ==, SEEN_NEW);
  finish(f);
  begin(f, "server");
  g_assert_cmpint(row_of(f, "server", "other", "Order Completed", "1", "a"), ==, SEEN_NEW);
  g_assert_cmpint(row_of(f, "browser", "shop", "Order Completed", "1", "a"), ==, SEEN_REPEATED);
  seen_forget(f->seen);
  g_assert_true(record_import_abort(f->record, f->import_id, NULL));
}

/* The server's copy says other things (its source, to begin with): conflicting, but not stored twice. */
static void test_group_survives_remaking(Fixture *f, gconstpointer data) {
  begin(f, "browser");
  g_assert_cmpint(row_of(f, "browser", "shop", "Order Completed", "1", "a"), ==, SEEN_NEW);
  finish(f);
  runs_away(f);
  open_again(f);
  begin(f, "server");
  g_assert_cmpint(row_of(f, "server", "shop", "Order Completed", "1", "a"), ==, SEEN_CONFLICTING);
  g_assert_cmpint(row_of(f, "server", "browser", "Order Completed", "1", "a"), ==, SEEN_NEW);
  finish(f);
}

static void test_equal_rows(Fixture *f, gconstpointer data) {
  g_assert_cmpuint(import_equal(f, 2, "a"), ==, 2); /* two equal rows of one file stay two */
  g_assert_cmpuint(import_equal(f, 2, "a"), ==, 0);
  g_assert_cmpuint(import_equal(f, 3, "a"), ==, 1);
  g_assert_cmpuint(import_equal(f, 1, "a"), ==, 0);
  g_assert_cmpuint(import_equal(f, 1, "b"), ==, 1);
  open_again(f);
  g_assert_cmpuint(import_equal(f, 4, "a"), ==, 1);
}

static void test_source_matters_without_id(Fixture *f, gconstpointer data) {
  begin(f, "file");
  g_assert_cmpint(row_of(f, "file", "file", "x", NULL, "a"), ==, SEEN_NEW);
  finish(f);
  begin(f, "other");
  g_assert_cmpint(row_of(f, "other", "file", "x", NULL, "a"), ==, SEEN_NEW);
  finish(f);
}

static void test_forget(Fixture *f, gconstpointer data) {
  begin(f, "file");
  g_assert_cmpint(row(f, "1", "a"), ==, SEEN_NEW);
  seen_forget(f->seen);
  g_assert_true(record_import_abort(f->record, f->import_id, NULL));
  g_assert_cmpint(row(f, "1", "a"), ==, SEEN_NEW);
}

static void test_unfinished_does_not_count(Fixture *f, gconstpointer data) {
  begin(f, "file");
  g_assert_cmpint(row(f, "1", "a"), ==, SEEN_NEW);
  g_assert_true(record_append(f->record, f->import_id, f->writer, NULL));
  g_assert_true(seen_commit(f->seen, f->import_id, NULL));
  g_assert_true(record_import_abort(f->record, f->import_id, NULL));
  begin(f, "file");
  g_assert_cmpint(row(f, "1", "a"), ==, SEEN_NEW);
  finish(f);
  open_again(f);
  begin(f, "file");
  g_assert_cmpint(row(f, "1", "a"), ==, SEEN_REPEATED);
  finish(f);
}

static void test_undo(Fixture *f, gconstpointer data) {
  begin(f, "file");
  row(f, "1", "a");
  row(f, NULL, "b");
  guint64 first = finish(f);
  begin(f, "file");
  row(f, "2", "a");
  finish(f);
  g_assert_true(record_import_undo(f->record, first, NULL));
  begin(f, "file");
  g_assert_cmpint(row(f, "1", "changed"), ==, SEEN_NEW);
  g_assert_cmpint(row(f, NULL, "b"), ==, SEEN_NEW);
  g_assert_cmpint(row(f, "2", "a"), ==, SEEN_REPEATED);
  finish(f);
  open_again(f);
  begin(f, "file");
  g_assert_cmpint(row(f, "1", "changed"), ==, SEEN_REPEATED);
  finish(f);
}

/* File 1 has two equal rows, file 2 three, of which one was stored. With file 1 undone and imported again there
 * are three in all, as when it had never been undone. */
static void test_undo_of_equal_rows(Fixture *f, gconstpointer data) {
  g_assert_cmpuint(import_equal(f, 2, "a"), ==, 2);
  guint64 first = f->import_id;
  g_assert_cmpuint(import_equal(f, 3, "a"), ==, 1);
  g_assert_true(record_import_undo(f->record, first, NULL));
  open_again(f);
  g_assert_cmpuint(import_equal(f, 2, "a"), ==, 2);
  g_assert_cmpuint(import_equal(f, 3, "a"), ==, 0);
  g_assert_cmpuint(import_equal(f, 4, "a"), ==, 1);
}

static void test_remade(Fixture *f, gconstpointer data) {
  g_assert_cmpuint(import_equal(f, 2, "a"), ==, 2);
  g_assert_cmpuint(import_equal(f, 5, "a"), ==, 3);
  begin(f, "file");
  row(f, "1", "x");
  finish(f);
  close_all(f);
  runs_away(f);
  open_all(f);
  g_assert_cmpuint(import_equal(f, 5, "a"), ==, 0);
  g_assert_cmpuint(import_equal(f, 6, "a"), ==, 1);
  begin(f, "file");
  g_assert_cmpint(row(f, "1", "x"), ==, SEEN_REPEATED);
  g_assert_cmpint(row(f, "1", "y"), ==, SEEN_CONFLICTING);
  finish(f);
}

static void test_damaged_run(Fixture *f, gconstpointer data) {
  g_assert_cmpuint(import_equal(f, 2, "a"), ==, 2);
  close_all(f);
  g_autofree char *runs = g_strconcat(f->path, ".seen", NULL);
  g_autoptr(GDir) dir = g_dir_open(runs, 0, NULL);
  g_autofree char *run = g_build_filename(runs, g_dir_read_name(dir), NULL);
  g_assert_true(g_file_set_contents(run, "nonsense", -1, NULL));
  open_all(f);
  g_assert_cmpuint(import_equal(f, 3, "a"), ==, 1);
}

/* A run made after a backup was taken says nothing about the record that came back. */
static void test_backup_came_back(Fixture *f, gconstpointer data) {
  g_autofree char *backup = NULL;
  gsize size;
  close_all(f);
  g_assert_true(g_file_get_contents(f->path, &backup, &size, NULL));
  open_all(f);
  g_assert_cmpuint(import_equal(f, 2, "a"), ==, 2);
  close_all(f);
  g_assert_true(g_file_set_contents(f->path, backup, (gssize)size, NULL));
  g_usleep(2000); /* the other import of this number starts in another millisecond */
  open_all(f);
  g_assert_cmpuint(import_equal(f, 1, "b"), ==, 1);
  open_again(f);
  g_assert_cmpuint(import_equal(f, 2, "a"), ==, 2);
  g_assert_cmpuint(import_equal(f, 1, "b"), ==, 0);
}

static void test_many_imports(Fixture *f, gconstpointer data) {
  char id[16];
  for (guint i = 0; i < 60; i++) {
    begin(f, "file");
    for (guint k = 0; k <= i % 5; k++) {
      g_snprintf(id, sizeof id, "%u.%u", i, k);
      g_assert_cmpint(row(f, id, "a"), ==, SEEN_NEW);
    }
    finish(f);
    if (i % 7 == 3)
      g_assert_true(record_import_undo(f->record, f->import_id, NULL));
    if (i % 20 == 10)
      open_again(f);
  }
  begin(f, "file");
  for (guint i = 0; i < 60; i++) {
    g_snprintf(id, sizeof id, "%u.0", i);
    g_assert_cmpint(row(f, id, "a"), ==, i % 7 == 3 ? SEEN_NEW : SEEN_REPEATED);
  }
  finish(f);
  g_autofree char *runs = g_strconcat(f->path, ".seen", NULL);
  g_autoptr(GDir) dir = g_dir_open(runs, 0, NULL);
  guint files = 0;
  while (g_dir_read_name(dir))
    files++;
  g_assert_cmpuint(files, <=, 9);
}

/* An event that arrives live, stored when it is new and the commit goes well. */
static SeenVerdict live_of(Fixture *f, const char *id, const char *sku, gint64 time_ms, gboolean stored) {
  g_autofree Event *event = g_new0(Event, 1);
  event_clear(event);
  event->time_ms = time_ms;
  event->name = text_of("Product Viewed");
  event->id = text_of(id);
  event->properties[event->n_properties++] = (Property){text_of("properties.sku"), VALUE_TEXT, text_of(sku)};
  guint64 content = seen_live_content(event, "file", record_key(f->record));
  SeenKey key = seen_key(f->seen, event, "file", content);
  seen_live_begin(f->seen);
  SeenVerdict verdict = seen_live_judge(f->seen, &key, 0);
  if (verdict == SEEN_NEW && stored) {
    g_autoptr(BatchWriter) writer = batch_writer_new(record_spaces(f->record), record_names(f->record));
    batch_writer_add(writer, event, names_intern(record_names(f->record), NAME_SOURCE, text_of("file")), content);
    g_assert_true(record_append(f->record, 0, writer, NULL));
  }
  seen_live_end(f->seen, stored);
  return verdict;
}

static SeenVerdict live(Fixture *f, const char *id) {
  return live_of(f, id, "a", G_GINT64_CONSTANT(1700000000000), TRUE);
}

static void test_live(Fixture *f, gconstpointer data) {
  g_assert_cmpint(live(f, "1"), ==, SEEN_NEW);
  g_assert_cmpint(live(f, "2"), ==, SEEN_NEW);
  g_assert_cmpint(live(f, "1"), ==, SEEN_REPEATED);
  g_assert_true(seen_live_commit(f->seen, NULL));
  g_assert_cmpint(live(f, "2"), ==, SEEN_REPEATED);
  g_assert_cmpint(live(f, "3"), ==, SEEN_NEW); /* in no run when the process ends */
  open_again(f);
  for (char id[] = "1"; *id <= '3'; ++*id)
    g_assert_cmpint(live(f, id), ==, SEEN_REPEATED);
  g_assert_cmpint(live(f, "4"), ==, SEEN_NEW);
  runs_away(f);
  open_again(f);
  for (char id[] = "1"; *id <= '4'; ++*id)
    g_assert_cmpint(live(f, id), ==, SEEN_REPEATED);
  g_assert_cmpint(live_of(f, "4", "b", 1700000000000, TRUE), ==, SEEN_CONFLICTING);
  g_assert_cmpint(live_of(f, "4", "a", 1700000099999, TRUE), ==, SEEN_REPEATED); /* a clock corrected anew */
}

static void test_live_without_id(Fixture *f, gconstpointer data) {
  g_assert_cmpint(live(f, NULL), ==, SEEN_NEW);
  g_assert_cmpint(live(f, NULL), ==, SEEN_REPEATED);
  g_assert_cmpint(live_of(f, NULL, "a", 1700000000001, TRUE), ==, SEEN_NEW); /* another moment, another event */
  open_again(f);
  g_assert_cmpint(live(f, NULL), ==, SEEN_REPEATED);
}

static void test_live_not_stored(Fixture *f, gconstpointer data) {
  g_assert_cmpint(live_of(f, "1", "a", 1700000000000, FALSE), ==, SEEN_NEW);
  g_assert_cmpint(live(f, "1"), ==, SEEN_NEW);
  g_assert_cmpint(live(f, "1"), ==, SEEN_REPEATED);
}

static gboolean finish_fork(Fixture *f, GError **error) {
  gboolean good = record_append(f->record, f->import_id, f->writer, error) && seen_commit(f->seen, f->import_id, error) &&
                  record_import_finish(f->record, &f->totals, error);
  seen_release(f->seen);
  return good;
}

/* A file is judged by a fork, while live events are judged by the one it comes from. */
static void test_fork(Fixture *f, gconstpointer data) {
  g_autoptr(GError) error = NULL;
  g_assert_cmpint(live(f, "1"), ==, SEEN_NEW);
  Seen *parent = f->seen, *fork = seen_fork(parent);
  f->seen = fork;
  begin(f, "file");
  g_assert_cmpint(row(f, "1", "a"), !=, SEEN_NEW); /* live, in no run before */
  g_assert_cmpint(row(f, "2", "a"), ==, SEEN_NEW);
  f->seen = parent;
  g_assert_cmpint(live(f, "3"), ==, SEEN_NEW);
  f->seen = fork;
  g_assert_true(finish_fork(f, &error));
  f->seen = parent;
  g_assert_cmpint(live(f, "2"), !=, SEEN_NEW);
  f->seen = fork;
  begin(f, "file");
  g_assert_cmpint(row(f, "4", "a"), ==, SEEN_NEW);
  f->seen = parent;
  g_assert_cmpint(live(f, "4"), ==, SEEN_NEW); /* not visible yet, and it may never be */
  f->seen = fork;
  g_assert_false(finish_fork(f, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_CONFLICT);
  f->seen = parent;
  g_assert_cmpint(live(f, "4"), !=, SEEN_NEW);
  seen_free(fork);
}

static void test_equal_rows_are_linear(Fixture *f, gconstpointer data) {
  const guint n = 100000;
  g_assert_cmpuint(import_equal(f, n, "a"), ==, n);
  g_assert_cmpuint(import_equal(f, n + 1, "a"), ==, 1);
  close_all(f);
  runs_away(f);
  open_all(f);
  g_assert_cmpuint(import_equal(f, n + 2, "a"), ==, 1);
}

/* --- faults ---------------------------------------------------------------------------------------------- */

enum { FILE_ROWS = 40, FILES = 3 };

/* File k: rows with ids, of which half were in file k - 1, and k + 1 equal rows without. */
static gboolean import_file(Fixture *f, guint k) {
  char id[16];
  if (!record_import_begin(f->record, "file", "f.csv", "", &f->import_id, NULL))
    return FALSE;
  f->totals = (ImportInfo){.id = f->import_id};
  seen_begin_file(f->seen);
  for (guint i = 0; i < FILE_ROWS; i++) {
    g_snprintf(id, sizeof id, "%u", k * FILE_ROWS / 2 + i);
    row(f, id, "a");
  }
  for (guint i = 0; i <= k; i++)
    row(f, NULL, "b");
  if (record_append(f->record, f->import_id, f->writer, NULL) && seen_commit(f->seen, f->import_id, NULL) &&
      record_import_finish(f->record, &f->totals, NULL))
    return TRUE;
  seen_forget(f->seen);
  record_import_abort(f->record, f->import_id, NULL);
  return FALSE;
}

static int import_files(const char *path) {
  Fixture f = {.path = (char *)path};
  gboolean good = (f.record = record_open(path, RECORD_CREATE, NULL)) != NULL;
  good = good && (f.seen = seen_open(f.record, NULL)) != NULL;
  if (!good)
    return 1;
  f.writer = batch_writer_new(record_spaces(f.record), record_names(f.record));
  for (guint k = 0; k < FILES; k++)
    good &= import_file(&f, k);
  return !good; /* without closing, as in a crash */
}

static gboolean add_count(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user, GError **error) {
  *(guint *)user += n;
  return TRUE;
}

static gboolean import_with_fault(const char *path, const char *kind, guint at) {
  g_autofree char *fault = g_strdup_printf("%s:%u", kind, at);
  const char *const arguments[] = {"/proc/self/exe", "--work", path, NULL};
  g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "ETAPPE_FAULT", fault, TRUE);
  int status;
  g_assert_true(g_spawn_sync(NULL, (char **)arguments, environment, 0, NULL, NULL, NULL, NULL, &status, NULL));
  g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
  return WEXITSTATUS(status) != 0;
}

/* Whatever failed, importing the same files again leaves every row exactly once. */
static void test_faults(Fixture *f, gconstpointer kind) {
  guint hits = 0;
  for (guint at = 1, quiet = 0; quiet < 15; at++) {
    g_autofree char *path = g_strdup_printf("%s/%s%u.db", f->folder, (const char *)kind, at);
    gboolean hit = import_with_fault(path, kind, at);
    quiet = hit ? 0 : quiet + 1;
    hits += hit;
    Fixture after = {.path = path};
    guint n = 0;
    open_all(&after);
    for (guint k = 0; k < FILES; k++)
      g_assert_true(import_file(&after, k));
    g_assert_true(record_scan(after.record, 0, G_MAXUINT64, add_count, &n, NULL));
    g_assert_cmpuint(n, ==, FILE_ROWS / 2 * (FILES + 1) + FILES);
    close_all(&after);
  }
  g_assert_cmpuint(hits, >, 0);
}

/* --- what the content is made of ----------------------------------------------------------------------- */

static void test_content(Fixture *f, gconstpointer data) {
  const HashKey *key = record_key(f->record);
  g_autofree Event *event = g_new0(Event, 1);
  event_clear(event);
  event->time_ms = 1000000000;
  event->name = text_of("a");
  event->properties[0] = (Property){text_of("x"), VALUE_TEXT, text_of("1")};
  event->properties[1] = (Property){text_of("y"), VALUE_TEXT, text_of("2")};
  event->n_properties = 2;
  guint64 content = seen_content(event, "file", key);
  g_assert_true(seen_content(event, "other", key) != content);
  event->n_properties = 3;
  event->properties[2] = (Property){text_of("z"), VALUE_TEXT, text_of("")};
  g_assert_true(seen_content(event, "file", key) == content); /* an empty cell says nothing */
  event->properties[2] = event->properties[0];
  event->properties[0] = (Property){text_of("z"), VALUE_NONE, text_of("")};
  g_assert_true(seen_content(event, "file", key) == content); /* columns in another order */
  event->properties[2].text = text_of("2");
  event->properties[1].text = text_of("1");
  g_assert_true(seen_content(event, "file", key) != content);
  event->properties[2].text = text_of("1");
  event->properties[1].text = text_of("2");
  event->touch = TRUE;
  event->initiator = INITIATOR_COMPANY;
  event->channel = text_of("email");
  g_assert_true(seen_content(event, "file", key) == content); /* what definitions made of it */
  event->converses = TRUE;
  g_assert_true(seen_content(event, "file", key) != content); /* what the row says itself */
  event->converses = FALSE;
  event->time_ms++;
  g_assert_true(seen_content(event, "file", key) != content);
}

#define ADD(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)

#define ADD_FAULT(name, kind) g_test_add(name, Fixture, kind, set_up, test_faults, tear_down)

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "--work") == 0)
    return import_files(argv[2]);
  g_test_init(&argc, &argv, NULL);
  ADD("/seen/with an id, the same content is repeated and another conflicting", test_ids);
  ADD("/seen/an id belongs to its group and event", test_groups);
  ADD("/seen/without id, the n-th equal row is known once n were stored", test_equal_rows);
  ADD("/seen/without id, the source belongs to the row", test_source_matters_without_id);
  ADD("/seen/the content is what the row says, in any order", test_content);
  ADD("/seen/what is forgotten is new again", test_forget);
  ADD("/seen/an import that was not finished does not count", test_unfinished_does_not_count);
  ADD("/seen/an undone import can be imported again", test_undo);
  ADD("/seen/undoing one of two overlapping files and importing it again gives the same rows", test_undo_of_equal_rows);
  ADD("/seen/missing runs are made anew", test_remade);
  ADD("/seen/groups are known when runs are made anew", test_group_survives_remaking);
  ADD("/seen/a damaged run is made anew", test_damaged_run);
  ADD("/seen/runs of a later state are not believed", test_backup_came_back);
  ADD("/seen/many imports end in few runs", test_many_imports);
  ADD("/seen/live events are known, in a run or not", test_live);
  ADD("/seen/live events without id are known by what they say and when", test_live_without_id);
  ADD("/seen/live events that were not stored are new again", test_live_not_stored);
  ADD("/seen/a file is judged beside live events, and refused when they overlap", test_fork);
  ADD("/seen/a hundred thousand equal rows are no burden", test_equal_rows_are_linear);
  ADD_FAULT("/seen/any failing write leaves each row once", "write");
  ADD_FAULT("/seen/any failing sync leaves each row once", "fsync");
  ADD_FAULT("/seen/any failing open leaves each row once", "open");
  ADD_FAULT("/seen/any failing rename leaves each row once", "rename");
  ADD_FAULT("/seen/any failing map leaves each row once", "mmap");
  return g_test_run();
}
