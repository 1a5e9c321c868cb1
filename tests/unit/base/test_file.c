/* SPDX-License-Identifier: Apache-2.0
 * Faults are counted over a whole process, so each is tried in a process of its own. */
#include "base/file.h"

#include "base/error.h"
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
  char *folder, *path;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
  f->folder = g_dir_make_tmp("etappe-file-XXXXXX", NULL);
  f->path = g_build_filename(f->folder, "shop", NULL);
}

static void tear_down(Fixture *f, gconstpointer unused) {
  g_assert_true(file_remove_folder(f->folder, NULL));
  g_assert_false(g_file_test(f->folder, G_FILE_TEST_EXISTS));
  g_free(f->folder);
  g_free(f->path);
}

static void assert_holds(const char *path, const char *expected) {
  FileMap map;
  GError *error = NULL;
  g_assert_true(file_map(&map, path, &error));
  g_assert_no_error(error);
  g_assert_cmpmem(map.data, (int)map.size, expected, (int)strlen(expected));
  file_unmap(&map);
}

static guint files_in(const char *folder) {
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  guint n = 0;
  while (g_dir_read_name(dir))
    n++;
  return n;
}

static void test_replace(Fixture *f, gconstpointer unused) {
  struct stat facts;
  g_assert_true(file_replace(f->path, "old", 3, NULL));
  assert_holds(f->path, "old");
  g_assert_true(file_replace(f->path, "new text", 8, NULL));
  assert_holds(f->path, "new text");
  g_assert_cmpuint(files_in(f->folder), ==, 1);
  g_assert_cmpint(stat(f->path, &facts), ==, 0);
  g_assert_cmpuint(facts.st_mode & 0777, ==, 0600);
}

static void test_uncommitted(Fixture *f, gconstpointer unused) {
  g_assert_true(file_replace(f->path, "old", 3, NULL));
  FileOut *out = file_out_new(f->path, NULL);
  g_assert_true(file_out_write(out, "half", 4, NULL));
  file_out_free(out);
  assert_holds(f->path, "old");
  g_assert_cmpuint(files_in(f->folder), ==, 1);
}

static void test_large(Fixture *f, gconstpointer unused) {
  g_autoptr(FileOut) out = file_out_new(f->path, NULL);
  g_autofree char *block = g_malloc(700000);
  memset(block, 'x', 700000);
  guint64 expected = 0;
  for (gsize size = 1; size < 700000; size = size * 3 + 1, expected += size / 3) /* around the buffer's size */
    g_assert_true(file_out_write(out, block, size, NULL));
  g_assert_true(file_out_write(out, NULL, 0, NULL));
  guint64 offset = file_out_offset(out);
  g_assert_true(file_out_commit(out, NULL));
  FileMap map;
  g_assert_true(file_map(&map, f->path, NULL));
  g_assert_cmpuint(map.size, ==, offset);
  g_assert_cmpuint(offset, ==, 1 + 4 + 13 + 40 + 121 + 364 + 1093 + 3280 + 9841 + 29524 + 88573 + 265720);
  g_assert_cmpint(map.data[map.size - 1], ==, 'x');
  file_unmap(&map);
}

static void test_maps(Fixture *f, gconstpointer unused) {
  FileMap map;
  g_autoptr(GError) missing = NULL, folder = NULL;
  g_assert_true(file_replace(f->path, "", 0, NULL));
  assert_holds(f->path, "");
  g_unlink(f->path);
  g_assert_false(file_map(&map, f->path, &missing));
  g_assert_error(missing, ETAPPE_ERROR, ERROR_NOT_FOUND);
  g_assert_false(file_map(&map, f->folder, &folder));
  g_assert_error(folder, ETAPPE_ERROR, ERROR_INVALID);
}

static void test_rename_new(Fixture *f, gconstpointer unused) {
  g_autofree char *other = g_build_filename(f->folder, "other", NULL);
  g_autoptr(GError) error = NULL;
  g_assert_true(file_replace(f->path, "a", 1, NULL));
  g_assert_true(file_rename_new(f->path, other, NULL));
  assert_holds(other, "a");
  g_assert_true(file_replace(f->path, "b", 1, NULL));
  g_assert_false(file_rename_new(f->path, other, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_CONFLICT);
  assert_holds(other, "a");
}

static void test_folders(Fixture *f, gconstpointer unused) {
  g_autofree char *inner = g_build_filename(f->path, "inner", NULL);
  g_assert_true(file_make_folder(f->path, NULL));
  g_assert_true(file_make_folder(f->path, NULL));
  g_assert_true(file_replace(inner, "x", 1, NULL));
  g_autofree char *link = g_build_filename(f->path, "link", NULL);
  g_autofree char *kept = g_build_filename(f->folder, "kept", NULL);
  g_autofree char *kept_file = g_build_filename(kept, "file", NULL);
  g_assert_true(file_make_folder(kept, NULL));
  g_assert_true(file_replace(kept_file, "y", 1, NULL));
  g_assert_cmpint(symlink(kept, link), ==, 0);
  g_assert_true(file_remove_folder(f->path, NULL));
  g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS));
  assert_holds(kept_file, "y"); /* links are removed, not followed */
  g_assert_true(file_remove_folder(f->path, NULL));
  g_autoptr(GError) error = NULL;
  g_assert_false(file_make_folder(kept_file, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_IO);
}

static void test_lock(Fixture *f, gconstpointer unused) {
  g_autoptr(GError) error = NULL;
  g_autofree char *name = g_strdup_printf("process %d", (int)getpid());
  int first = file_lock(f->path, NULL);
  g_assert_cmpint(first, >=, 0);
  g_assert_cmpint(file_lock(f->path, &error), ==, -1);
  g_assert_error(error, ETAPPE_ERROR, ERROR_BUSY);
  g_assert_nonnull(strstr(error->message, name));
  file_unlock(first);
  int again = file_lock(f->path, NULL);
  g_assert_cmpint(again, >=, 0);
  file_unlock(again);
}

/* --- faults ----------------------------------------------------------------------------------- */

/* Runs `work` in a new process of this program under the fault; its exit code comes back. */
static int run_with(const char *fault, const char *work, const char *path) {
  g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
  const char *argv[] = {self, work, path, NULL};
  g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "ETAPPE_FAULT", fault, TRUE);
  int status = -1;
  g_assert_true(g_spawn_sync(NULL, (char **)argv, environment, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, NULL));
  g_assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

enum { DONE = 0, FAILED_FULL = 10, FAILED_OTHERWISE = 11 };

static int work_replace(const char *path) {
  GError *error = NULL;
  if (file_replace(path, "new", 3, &error))
    return DONE;
  return g_error_matches(error, ETAPPE_ERROR, ERROR_FULL) ? FAILED_FULL : FAILED_OTHERWISE;
}

static void test_faults(Fixture *f, gconstpointer unused) {
  /* open of the file and of the folder, one write, fsync of both, one rename */
  static const struct {
    const char *fault, *content;
    int code;
  } rows[] = {{"open:1", "old", FAILED_FULL},   {"write:1", "old", FAILED_FULL},         {"fsync:1", "old", FAILED_FULL},
              {"rename:1", "old", FAILED_FULL}, {"open:2", "new", FAILED_FULL},          {"fsync:2", "new", FAILED_FULL},
              {"write:2", "new", DONE},         {"mmap:1,rename:1", "old", FAILED_FULL}, {"open:3,write:9", "new", DONE}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_assert_true(file_replace(f->path, "old", 3, NULL));
    g_assert_cmpint(run_with(rows[i].fault, "replace", f->path), ==, rows[i].code);
    assert_holds(f->path, rows[i].content);
    g_assert_cmpuint(files_in(f->folder), ==, 1);
  }
}

static int work_sqlite(const char *path) {
  sqlite3 *db;
  file_fault_sqlite();
  int code = sqlite3_open(path, &db);
  if (code == SQLITE_OK)
    code = sqlite3_exec(
        db, "pragma journal_mode=wal; pragma synchronous=full; create table if not exists t(x); insert into t values(1)", NULL,
        NULL, NULL);
  sqlite3_close(db);
  if (code == SQLITE_FULL)
    return FAILED_FULL;
  return code == SQLITE_OK ? DONE : FAILED_OTHERWISE;
}

static int rows_in(const char *path) {
  sqlite3 *db;
  sqlite3_stmt *statement;
  int n = 0;
  g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
  if (sqlite3_prepare_v2(db, "select count(*) from t", -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
    n = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return n;
}

static void test_faults_in_sqlite(Fixture *f, gconstpointer unused) {
  static const char *const kinds[] = {"write", "fsync", "open"};
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
    guint failures = 0;
    int code = -1;
    for (guint n = 1; code != DONE; n++) {
      g_autofree char *path = g_strdup_printf("%s.%s.%u", f->path, kinds[i], n);
      g_autofree char *fault = g_strdup_printf("%s:%u", kinds[i], n);
      code = run_with(fault, "sqlite", path);
      failures += code != DONE;
      if (code == DONE)
        g_assert_cmpint(rows_in(path), ==, 1);
      g_assert_cmpuint(n, <, 100);
    }
    g_assert_cmpuint(failures, >, 0);
  }
}

int main(int argc, char **argv) {
  if (argc == 3 && g_str_equal(argv[1], "replace"))
    return work_replace(argv[2]);
  if (argc == 3 && g_str_equal(argv[1], "sqlite"))
    return work_sqlite(argv[2]);
  g_test_init(&argc, &argv, NULL);
  g_test_add("/file/replaces a file whole, readable by its owner only", Fixture, NULL, set_up, test_replace, tear_down);
  g_test_add("/file/what is not committed leaves nothing", Fixture, NULL, set_up, test_uncommitted, tear_down);
  g_test_add("/file/writes more than its buffer", Fixture, NULL, set_up, test_large, tear_down);
  g_test_add("/file/maps empty files and refuses folders", Fixture, NULL, set_up, test_maps, tear_down);
  g_test_add("/file/a new name never replaces", Fixture, NULL, set_up, test_rename_new, tear_down);
  g_test_add("/file/removes folders without following links", Fixture, NULL, set_up, test_folders, tear_down);
  g_test_add("/file/a lock names who holds it", Fixture, NULL, set_up, test_lock, tear_down);
  g_test_add("/file/each fault leaves the old content or the new", Fixture, NULL, set_up, test_faults, tear_down);
  g_test_add("/file/faults reach SQLite", Fixture, NULL, set_up, test_faults_in_sqlite, tear_down);
  return g_test_run();
}
