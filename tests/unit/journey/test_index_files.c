/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include <glib/gstdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

typedef struct {
  guint builds, said; /* full passes over the record; sentences */
} Watch;

static void watch(const char *doing, double share, gpointer user) {
  Watch *seen = user;
  seen->builds += g_str_equal(doing, "reading events") && share == 1;
  seen->said += share == 0;
}

static Index *open_watched(Scene *scene, gboolean read_only, Watch *seen) {
  g_autoptr(GError) error = NULL;
  *seen = (Watch){0};
  IndexOptions options = {.threads = 2, .read_only = read_only, .progress = watch, .progress_user = seen};
  Index *index = index_open(scene->record, &options, &error);
  g_assert_no_error(error);
  return index;
}

static void check(Scene *scene, Index *index) {
  g_autofree char *text = scene_text(scene, index), *expected = scene_reference(scene, 100);
  g_assert_cmpstr(text, ==, expected);
}

static void add_many(Scene *scene, guint from, guint n) {
  for (guint i = from; i < from + n; i++) {
    g_autofree char *line = g_strdup_printf("@%u u%u+d%u web =c%u value:%u", i * 7 % 5000, i % 300, i % 900, i % 4, i);
    scene_add(scene, line);
  }
  scene_commit(scene, 0);
}

static Scene *scene_of_many(void) {
  Scene *scene = scene_new();
  add_many(scene, 0, 3000);
  return scene;
}

static char *index_path(Scene *scene, const char *name) {
  return g_strconcat(scene->path, ".index/", name, NULL);
}

/* Files of the index with this ending; *path is one of them. */
static guint count_files(Scene *scene, const char *ending, char **path) {
  g_autofree char *folder = index_path(scene, "");
  g_autoptr(GDir) open = g_dir_open(folder, 0, NULL);
  guint n = 0;
  for (const char *name; open && (name = g_dir_read_name(open));)
    if (g_str_has_suffix(name, ending)) {
      n++;
      if (path) {
        g_free(*path);
        *path = index_path(scene, name);
      }
    }
  return n;
}

static void flip(const char *path, long at) {
  FILE *file = g_fopen(path, "r+b");
  g_assert_true(file && fseek(file, at, SEEK_SET) == 0);
  int byte = fgetc(file);
  g_assert_true(byte != EOF && fseek(file, at, SEEK_SET) == 0);
  g_assert_true(fputc(byte ^ 1, file) != EOF && fclose(file) == 0);
}

/* --- opening ---------------------------------------------------------------------------------- */

static void test_opened_again(void) {
  Scene *scene = scene_of_many();
  Watch seen;
  index_free(open_watched(scene, FALSE, &seen));
  g_assert_cmpuint(seen.builds, ==, 1);
  Index *index = open_watched(scene, FALSE, &seen);
  g_assert_cmpuint(seen.builds + seen.said, ==, 0);
  check(scene, index);
  index_free(index);
  scene_free(scene);
}

static void test_damaged_block(void) {
  Scene *scene = scene_of_many();
  g_autofree char *segment = NULL;
  g_autoptr(GError) error = NULL;
  Block block;
  Watch seen;
  index_free(open_watched(scene, FALSE, &seen));
  g_assert_cmpuint(count_files(scene, ".seg", &segment), ==, 1);
  flip(segment, 5000);
  Index *index = open_watched(scene, FALSE, &seen); /* nobody has touched it yet */
  Snapshot *snapshot = index_snapshot(index);
  g_assert_false(snapshot_block(snapshot, 0, &block, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_DAMAGED);
  g_clear_error(&error);
  g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
  g_assert_true(index_check(index, findings, &error));
  g_assert_cmpuint(findings->len, ==, 1);
  Index *other = open_watched(scene, FALSE, &seen);
  g_assert_cmpuint(seen.builds, ==, 1);
  check(scene, other);
  index_free(other);
  index_update(index, &error);
  g_assert_no_error(error);
  check(scene, index);
  snapshot_unref(snapshot);
  index_free(index);
  g_assert_cmpuint(count_files(scene, ".damaged", NULL), ==, 0);
  scene_free(scene);
}

static void test_damaged_manifest(void) {
  Scene *scene = scene_of_many();
  g_autofree char *manifest = index_path(scene, "MANIFEST"), *text = NULL;
  gsize size;
  Watch seen;
  index_free(open_watched(scene, FALSE, &seen));
  g_assert_true(g_file_get_contents(manifest, &text, &size, NULL));
  for (gsize at = 0; at < size; at += 3) {
    flip(manifest, (long)at);
    Index *index = open_watched(scene, TRUE, &seen);
    g_assert_cmpuint(seen.builds, ==, 1);
    index_free(index);
    flip(manifest, (long)at);
  }
  g_assert_cmpint(truncate(manifest, (off_t)size / 2), ==, 0);
  Index *index = open_watched(scene, FALSE, &seen);
  g_assert_cmpuint(seen.builds, ==, 1);
  check(scene, index);
  index_free(index);
  g_assert_cmpuint(count_files(scene, ".seg", NULL), ==, 1); /* the one that nothing named is gone */
  scene_free(scene);
}

static void test_another_record(void) {
  Scene *scene = scene_of_many(), *other = scene_of_many();
  Watch seen;
  index_free(open_watched(scene, FALSE, &seen));
  g_autofree char *from = index_path(scene, ""), *to = index_path(other, "");
  to[strlen(to) - 1] = from[strlen(from) - 1] = '\0';
  g_assert_cmpint(g_rename(from, to), ==, 0);
  Index *index = open_watched(other, FALSE, &seen);
  g_assert_cmpuint(seen.builds, ==, 1);
  check(other, index);
  index_free(index);
  scene_free(scene);
  scene_free(other);
}

static void test_other_limit(void) {
  Scene *scene = scene_of_many();
  Watch seen;
  index_free(open_watched(scene, FALSE, &seen));
  g_assert_true(record_set_setting(scene->record, "max_links", "1", NULL));
  Index *index = open_watched(scene, FALSE, &seen);
  g_assert_cmpuint(seen.builds, ==, 1);
  g_autofree char *text = scene_text(scene, index), *expected = scene_reference(scene, 1);
  g_assert_cmpstr(text, ==, expected);
  index_free(index);
  scene_free(scene);
}

static void test_leftovers(void) {
  Scene *scene = scene_of_many();
  g_autofree char *segment = NULL, *column = NULL;
  Watch seen;
  index_free(open_watched(scene, FALSE, &seen));
  count_files(scene, ".seg", &segment);
  column = g_strconcat(segment, ".12.col", NULL);
  const char *const names[] = {"0123456789abcdef.seg", "0123456789abcdef.seg.tmp", "0123456789abcdef.seg.7.col", "MANIFEST.tmp"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *path = index_path(scene, names[i]);
    g_assert_true(g_file_set_contents(path, "x", 1, NULL));
  }
  g_assert_true(g_file_set_contents(column, "x", 1, NULL));
  add_many(scene, 3000, 5);
  index_free(open_watched(scene, FALSE, &seen));
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *path = index_path(scene, names[i]);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
  }
  g_assert_true(g_file_test(column, G_FILE_TEST_EXISTS)); /* its segment is still a level */
  g_assert_cmpuint(count_files(scene, ".seg", NULL), ==, 2);
  scene_free(scene);
}

/* --- where nothing can be written --------------------------------------------------------------- */

static void test_read_only(void) {
  Scene *scene = scene_of_many();
  Watch seen;
  Index *index = open_watched(scene, TRUE, &seen);
  check(scene, index);
  add_many(scene, 3000, 20);
  g_assert_true(index_update(index, NULL));
  check(scene, index);
  g_autofree char *folder = index_path(scene, "");
  g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
  index_free(index);
  scene_free(scene);
}

static void test_no_folder(void) {
  Scene *scene = scene_of_many();
  g_autofree char *folder = g_strconcat(scene->path, ".index", NULL);
  Watch seen;
  g_assert_true(g_file_set_contents(folder, "in the way", -1, NULL));
  Index *index = open_watched(scene, FALSE, &seen);
  check(scene, index);
  index_free(index);
  scene_free(scene);
}

static void test_busy(void) {
  Scene *scene = scene_of_many();
  g_autofree char *path = index_path(scene, "lock");
  Watch seen;
  index_free(open_watched(scene, FALSE, &seen));
  int lock = file_lock(path, NULL);
  g_assert_cmpint(lock, >=, 0);
  add_many(scene, 3000, 20);
  Index *index = open_watched(scene, FALSE, &seen);
  check(scene, index);
  g_assert_cmpuint(seen.builds, ==, 0); /* what stands in files is used all the same */
  index_free(index);
  g_assert_cmpuint(count_files(scene, ".seg", NULL), ==, 1);
  file_unlock(lock);
  index_free(open_watched(scene, FALSE, &seen));
  g_assert_cmpuint(count_files(scene, ".seg", NULL), ==, 2);
  scene_free(scene);
}

/* --- several at once -------------------------------------------------------------------------- */

/* Two that write by turns see each other's work and lose none. */
static void test_two_writers(void) {
  Scene *scene = scene_of_many();
  Watch seen[2];
  Index *index[2] = {open_watched(scene, FALSE, &seen[0]), open_watched(scene, FALSE, &seen[1])};
  for (guint step = 0; step < 12; step++) {
    Index *one = index[step % 2];
    add_many(scene, 3000 + step * 10, 10);
    g_assert_true(index_update(one, NULL));
    check(scene, one);
    if (step % 3 == 0)
      g_assert_true(index_fold(one, NULL));
    check(scene, one);
  }
  index_free(index[0]);
  index_free(index[1]);
  Index *last = open_watched(scene, FALSE, &seen[0]);
  check(scene, last);
  index_free(last);
  scene_free(scene);
}

/* A snapshot outlives the files that it was read from. */
static void test_old_snapshot(void) {
  Scene *scene = scene_of_many();
  Watch seen;
  Index *index = open_watched(scene, FALSE, &seen);
  g_autoptr(Snapshot) before = index_snapshot(index);
  guint64 events = snapshot_events(before), sum = 0;
  add_many(scene, 3000, 50);
  g_assert_true(index_rebuild(index, NULL));
  g_assert_cmpuint(count_files(scene, ".seg", NULL), ==, 1);
  for (guint i = 0; i < snapshot_blocks(before); i++) {
    Block block;
    g_assert_true(snapshot_block(before, i, &block, NULL));
    sum += block.n_events;
  }
  g_assert_cmpuint(sum, ==, events);
  check(scene, index);
  index_free(index);
  scene_free(scene);
}

static void test_many_updates(void) {
  Scene *scene = scene_of_many();
  Watch seen;
  Index *index = open_watched(scene, FALSE, &seen);
  guint most = 0;
  for (guint step = 0; step < 60; step++) {
    add_many(scene, 3000 + step * 3, 3);
    g_assert_true(index_update(index, NULL));
    g_autoptr(Snapshot) snapshot = index_snapshot(index);
    most = MAX(most, snapshot_levels(snapshot));
  }
  check(scene, index);
  g_assert_cmpuint(most, >, 1);
  g_assert_cmpuint(most, <=, 9);
  g_assert_cmpuint(seen.builds, ==, 1);
  index_free(index);
  scene_free(scene);
}

/* Large merges go on beside the updates; what came meanwhile stands above the new base. */
static void test_background(void) {
  Scene *scene = scene_of_many();
  g_autoptr(GError) error = NULL;
  IndexOptions options = {.threads = 1, .background = TRUE, .rest_ms = 1};
  Index *index = index_open(scene->record, &options, &error);
  g_assert_no_error(error);
  guint folds = 0;
  guint64 base = 0;
  for (guint step = 0; step < 200 && folds < 3; step++) {
    add_many(scene, 3000 + step * 10, 10);
    index_update(index, &error);
    g_assert_no_error(error);
    g_autoptr(Snapshot) snapshot = index_snapshot(index);
    guint64 now = segment_info(snapshot_segment(snapshot, 0))->checksum;
    folds += base && now != base;
    base = now;
    if (step % 20 == 0)
      check(scene, index);
  }
  g_assert_cmpuint(folds, >, 0);
  check(scene, index);
  index_free(index);
  Watch seen;
  index = open_watched(scene, FALSE, &seen);
  g_assert_cmpuint(seen.builds, ==, 0);
  check(scene, index);
  index_free(index);
  scene_free(scene);
}

/* --- faults ----------------------------------------------------------------------------------- */

/* The child: opens what is there, takes up the news, folds, and prints everybody. Where the record itself met the
 * fault, it tries again: that is what its user would do. */
static int child(const char *path) {
  g_autoptr(GError) error = NULL;
  Scene scene = {.names = g_hash_table_new(g_int64_hash, g_int64_equal)};
  scene.record = record_open(path, RECORD_READ, NULL);
  if (scene.record == NULL)
    scene.record = record_open(path, RECORD_READ, &error);
  g_assert_no_error(error);
  Index *index = index_open(scene.record, &(IndexOptions){.threads = 1}, NULL);
  if (index == NULL)
    index = scene_index(&scene, FALSE, 1);
  index_fold(index, NULL); /* may fail: then the levels stay */
  g_autofree char *text = scene_text(&scene, index);
  fputs(text, stdout);
  index_free(index);
  record_free(scene.record);
  return 0;
}

static char *run_child(const char *self, Scene *scene, const char *fault, rlim_t file_size, guint *killed) {
  g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "ETAPPE_FAULT", fault, TRUE);
  g_autofree char *limited =
      g_strdup_printf("ulimit -f %" G_GUINT64_FORMAT "; exec \"$0\" --child \"$1\"", (guint64)file_size / 512);
  const char *const plain[] = {self, "--child", scene->path, NULL}, *const bounded[] = {"/bin/sh", "-c",        limited,
                                                                                        self,      scene->path, NULL};
  char *text = NULL;
  int status;
  g_autoptr(GError) error = NULL;
  g_spawn_sync(NULL, (char **)(file_size ? bounded : plain), environment, G_SPAWN_DEFAULT, NULL, NULL, &text, NULL, &status,
               &error);
  g_assert_no_error(error);
  g_assert_true(file_size || g_spawn_check_wait_status(status, NULL));
  if (killed)
    *killed += WIFSIGNALED(status) != 0;
  return text;
}

/* A base, a level in a file, and news that nobody has taken up. */
static Scene *scene_with_news(char **expected) {
  Scene *scene = scene_of_many();
  Watch seen;
  index_free(open_watched(scene, FALSE, &seen));
  add_many(scene, 3000, 20);
  index_free(open_watched(scene, FALSE, &seen));
  add_many(scene, 3020, 20);
  g_hash_table_remove_all(scene->names); /* as the child writes */
  *expected = scene_reference(scene, 100);
  return scene;
}

static void restore(Scene *scene, const char *kept) {
  g_autofree char *folder = index_path(scene, ""), *command = NULL;
  command = g_strdup_printf("rm -rf '%s' && cp -r '%s' '%s'", folder, kept, folder);
  g_assert_cmpint(system(command), ==, 0);
}

static char *keep(Scene *scene) {
  g_autofree char *folder = index_path(scene, ""), *command = NULL;
  char *kept = g_build_filename(scene->folder, "kept", NULL);
  command = g_strdup_printf("cp -r '%s' '%s'", folder, kept);
  g_assert_cmpint(system(command), ==, 0);
  return kept;
}

static void check_after(Scene *scene, const char *expected) {
  Watch seen;
  Index *index = open_watched(scene, FALSE, &seen);
  g_autofree char *text = scene_text(scene, index);
  g_assert_cmpstr(text, ==, expected);
  index_free(index);
}

static void test_faults(gconstpointer self) {
  static const char *const kinds[] = {"open", "write", "fsync", "rename", "mmap"};
  g_autofree char *expected = NULL, *kept = NULL;
  Scene *scene = scene_with_news(&expected);
  kept = keep(scene);
  for (guint kind = 0; kind < G_N_ELEMENTS(kinds); kind++)
    for (guint at = 1; at <= 12; at++) {
      g_autofree char *fault = g_strdup_printf("%s:%u", kinds[kind], at);
      restore(scene, kept);
      g_autofree char *text = run_child(self, scene, fault, 0, NULL);
      g_assert_cmpstr(text, ==, expected);
      check_after(scene, expected);
    }
  scene_free(scene);
}

/* The system kills the process in the middle of a write, at one size of the file after the other. */
static void test_killed(gconstpointer self) {
  g_autofree char *expected = NULL, *kept = NULL;
  Scene *scene = scene_with_news(&expected);
  kept = keep(scene);
  guint killed = 0;
  for (rlim_t size = 512; size < 200 * 1024; size += size / 2 / 512 * 512 + 512) {
    restore(scene, kept);
    g_free(run_child(self, scene, "", size, &killed));
    check_after(scene, expected);
  }
  g_assert_cmpuint(killed, >, 5);
  scene_free(scene);
}

int main(int argc, char **argv) {
  if (argc == 3 && g_str_equal(argv[1], "--child"))
    return child(argv[2]);
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/index/opened again, nothing is made again", test_opened_again);
  g_test_add_func("/index/a damaged block is found at first touch and made again", test_damaged_block);
  g_test_add_func("/index/a damaged manifest is a missing one", test_damaged_manifest);
  g_test_add_func("/index/files of another record are not believed", test_another_record);
  g_test_add_func("/index/another limit of partners makes it again", test_other_limit);
  g_test_add_func("/index/what no manifest names goes with the next writing", test_leftovers);
  g_test_add_func("/index/read only, it stands in memory", test_read_only);
  g_test_add_func("/index/where no folder can be made, it stands in memory", test_no_folder);
  g_test_add_func("/index/while another writes, changes stand in memory", test_busy);
  g_test_add_func("/index/two writers by turns lose nothing", test_two_writers);
  g_test_add_func("/index/a snapshot outlives its files", test_old_snapshot);
  g_test_add_func("/index/many small updates keep few levels", test_many_updates);
  g_test_add_func("/index/folding in the background loses nothing", test_background);
  g_test_add_data_func("/index/each failing system call leaves right answers and a good index", argv[0], test_faults);
  g_test_add_data_func("/index/killed while writing, the old index or the new one stands", argv[0], test_killed);
  return g_test_run();
}
