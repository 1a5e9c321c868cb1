/* SPDX-License-Identifier: Apache-2.0 */
#include "record/seen_run.h"

#include "base/error.h"
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  char *folder;
  SeenOrigin origin;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
  f->folder = g_dir_make_tmp("etappe-XXXXXX", NULL);
  f->origin = (SeenOrigin){7, 8, g_array_new(FALSE, FALSE, sizeof(SeenCover))};
  SeenCover cover = {1, 2, 3, 4, 5};
  g_array_append_val(f->origin.covers, cover);
}

static void tear_down(Fixture *f, gconstpointer data) {
  file_remove_folder(f->folder, NULL);
  g_free(f->folder);
  seen_origin_clear(&f->origin);
}

static int compare(const void *a, const void *b) {
  const SeenEntry *first = a, *second = b;
  if (first->hash != second->hash)
    return first->hash < second->hash ? -1 : 1;
  return (first->rest > second->rest) - (first->rest < second->rest);
}

static SeenEntry *random_entries(gsize n, guint64 different) {
  SeenEntry *entries = g_new(SeenEntry, n);
  for (gsize i = 0; i < n; i++)
    entries[i] = (SeenEntry){hash_mix((guint64)g_test_rand_int() % different), (guint64)(guint32)g_test_rand_int() << 20 | i % 7};
  return entries;
}

static void test_sort(Fixture *f, gconstpointer data) {
  const gsize sizes[] = {1, 2, 33, 1000, 100000};
  const guint64 different[] = {1, 5, G_MAXUINT32};
  for (guint s = 0; s < G_N_ELEMENTS(sizes); s++)
    for (guint d = 0; d < G_N_ELEMENTS(different); d++) {
      g_autofree SeenEntry *entries = random_entries(sizes[s], different[d]);
      g_autofree SeenEntry *expected = g_memdup2(entries, sizes[s] * sizeof *entries);
      qsort(expected, sizes[s], sizeof *expected, compare);
      seen_sort(entries, sizes[s]);
      g_assert_true(memcmp(entries, expected, sizes[s] * sizeof *entries) == 0);
    }
}

static SeenRun *write_run(Fixture *f, const char *name, SeenEntry *entries, gsize n) {
  g_autofree char *path = g_build_filename(f->folder, name, NULL);
  g_autoptr(GError) error = NULL;
  seen_sort(entries, n);
  seen_run_write(path, entries, n, &f->origin, &error);
  g_assert_no_error(error);
  SeenRun *run = seen_run_open(path, &error);
  g_assert_no_error(error);
  return run;
}

static void test_find(Fixture *f, gconstpointer data) {
  const gsize sizes[] = {0, 1, 64, 65, 50000};
  for (guint s = 0; s < G_N_ELEMENTS(sizes); s++) {
    gsize size = sizes[s], n;
    g_autofree SeenEntry *entries = random_entries(size, MAX(size / 2, 1));
    g_autoptr(SeenRun) run = write_run(f, "a.run", entries, size);
    g_assert_cmpuint(seen_run_size(run), ==, size);
    for (gsize i = 0; i < size; i++) {
      const SeenEntry *found = seen_run_find(run, entries[i].hash, entries[i].rest, entries[i].rest, &n);
      g_assert_cmpuint(n, >=, 1);
      g_assert_true(found->hash == entries[i].hash && found->rest == entries[i].rest);
    }
    seen_run_find(run, 1, 0, G_MAXUINT64, &n);
    g_assert_cmpuint(n, ==, 0);
    seen_run_find(run, G_MAXUINT64, 0, G_MAXUINT64, &n);
    g_assert_cmpuint(n, ==, 0);
  }
}

static void test_ranges(Fixture *f, gconstpointer data) {
  SeenEntry entries[] = {{5, 10}, {5, 20}, {5, 30}, {6, 20}, {4, 20}};
  gsize n;
  g_autoptr(SeenRun) run = write_run(f, "a.run", entries, G_N_ELEMENTS(entries));
  const SeenEntry *found = seen_run_find(run, 5, 15, 30, &n);
  g_assert_cmpuint(n, ==, 2);
  g_assert_true(found[0].rest == 20 && found[1].rest == 30);
  seen_run_find(run, 5, 31, G_MAXUINT64, &n);
  g_assert_cmpuint(n, ==, 0);
}

static void test_origin(Fixture *f, gconstpointer data) {
  g_autoptr(SeenRun) run = write_run(f, "a.run", NULL, 0);
  const SeenOrigin *origin = seen_run_origin(run);
  g_assert_true(origin->record_id == 7 && origin->groups == 8);
  g_assert_cmpuint(origin->covers->len, ==, 1);
  const SeenCover *cover = &g_array_index(origin->covers, SeenCover, 0);
  g_assert_true(cover->import_id == 1 && cover->first == 2 && cover->last == 3 && cover->stored == 4 && cover->started_ms == 5);
}

static gboolean keep_even(guint64 import_id, gconstpointer user) {
  return import_id % 2 == 0;
}

static void test_merge(Fixture *f, gconstpointer data) {
  SeenEntry a[] = {{1, 2}, {3, 1 << 24 | 4}, {9, 3}}, b[] = {{2, 1}, {3, 0 << 24 | 6}}, c[1];
  SeenRun *runs[] = {write_run(f, "a.run", a, 3), write_run(f, "b.run", b, 2), write_run(f, "c.run", c, 0)};
  g_autofree char *path = g_build_filename(f->folder, "d.run", NULL);
  g_assert_true(seen_run_merge(path, runs, 3, &f->origin, keep_even, NULL, NULL));
  g_autoptr(SeenRun) merged = seen_run_open(path, NULL);
  g_assert_nonnull(merged);
  g_assert_cmpuint(seen_run_size(merged), ==, 3);
  gsize n;
  const SeenEntry *found = seen_run_find(merged, 3, 0, G_MAXUINT64, &n);
  g_assert_cmpuint(n, ==, 2);
  g_assert_true(found[-1].hash == 1 && found[0].rest == 6 && found[1].rest == (1 << 24 | 4));
  for (guint i = 0; i < 3; i++)
    seen_run_free(runs[i]);
}

static void test_damage(Fixture *f, gconstpointer data) {
  g_autofree SeenEntry *entries = random_entries(20, G_MAXUINT32);
  seen_run_free(write_run(f, "a.run", entries, 20));
  g_autofree char *path = g_build_filename(f->folder, "a.run", NULL);
  g_autofree char *bytes = NULL;
  gsize size;
  g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
  for (gsize bit = 0; bit < size * 8; bit++) {
    g_autoptr(GError) error = NULL;
    bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    g_assert_true(g_file_set_contents_full(path, bytes, (gssize)size, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    g_assert_null(seen_run_open(path, &error));
    g_assert_error(error, ETAPPE_ERROR, ERROR_DAMAGED);
    bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
  }
  for (gsize cut = 0; cut < size; cut++) {
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents_full(path, bytes, (gssize)cut, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    g_assert_null(seen_run_open(path, &error));
    g_assert_error(error, ETAPPE_ERROR, ERROR_DAMAGED);
  }
}

#define ADD(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  ADD("/seen_run/entries are sorted by hash, then rest", test_sort);
  ADD("/seen_run/every entry is found, and nothing else", test_find);
  ADD("/seen_run/of equal hashes those in a range are found", test_ranges);
  ADD("/seen_run/what a run covers comes back", test_origin);
  ADD("/seen_run/merging keeps the order and drops imports", test_merge);
  ADD("/seen_run/any flipped bit and any cut is noticed", test_damage);
  return g_test_run();
}
