// SPDX-License-Identifier: Apache-2.0
#include "simulate/spill.h"
#include "simulate/random.h"
#include <glib/gstdio.h>

static Row row_at(gint64 arrival, guint32 person, guint16 sequence) {
  return (Row){.arrival_ms = arrival, .person = person, .sequence = sequence};
}

// All rows of all slices, in the order in which they come back.
static GArray *through(const GArray *rows, const gint64 *cuts, guint n_cuts, gsize memory) {
  g_autofree char *folder = g_dir_make_tmp("etappe-spill-XXXXXX", NULL), *beside = g_build_filename(folder, "out", NULL);
  GError *error = NULL;
  g_autoptr(Spill) spill = spill_new(beside, cuts, n_cuts, memory, &error);
  g_assert_no_error(error);
  SpillWriter *writers[2] = {spill_writer_new(spill), spill_writer_new(spill)};
  for (guint i = 0; i < rows->len; i++)
    g_assert_true(spill_write(writers[i % 2], &g_array_index(rows, Row, i), 1, &error));
  for (guint i = 0; i < 2; i++) {
    g_assert_true(spill_writer_finish(writers[i], &error));
    spill_writer_free(writers[i]);
  }
  GArray *all = g_array_new(FALSE, FALSE, sizeof(Row));
  g_autoptr(GArray) slice = g_array_new(FALSE, FALSE, sizeof(Row));
  g_assert_cmpuint(spill_slices(spill), ==, n_cuts + 1);
  for (guint i = 0; i <= n_cuts; i++) {
    g_assert_true(spill_read(spill, i, slice, &error));
    for (guint k = 0; k < slice->len; k++) {
      const Row *row = &g_array_index(slice, Row, k);
      g_assert_true(i == 0 || row->arrival_ms >= cuts[i - 1]);
      g_assert_true(i == n_cuts || row->arrival_ms < cuts[i]);
    }
    g_array_append_vals(all, slice->data, slice->len);
  }
  g_assert_cmpint(g_rmdir(folder), ==, 0); // the temporary file has no name any more
  return all;
}

static void check_order(gconstpointer data) {
  gsize memory = GPOINTER_TO_SIZE(data);
  const gint64 cuts[] = {1000, 5000, 5001, 900000};
  Random random = random_stream(7, 7, 7);
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
  guint64 sum = 0;
  for (guint i = 0; i < 20000; i++) {
    Row row = row_at(random_below(&random, 1000000) % (i % 3 ? 7000 : 1000000), random_below(&random, 50), (guint16)i);
    sum += random_hash(1, (guint64)row.arrival_ms, (guint64)row.person << 16 | row.sequence);
    g_array_append_val(rows, row);
  }
  g_autoptr(GArray) back = through(rows, cuts, G_N_ELEMENTS(cuts), memory);
  g_assert_cmpuint(back->len, ==, rows->len);
  for (guint i = 0; i < back->len; i++) {
    const Row *b = &g_array_index(back, Row, i), *a = i ? b - 1 : NULL;
    sum -= random_hash(1, (guint64)b->arrival_ms, (guint64)b->person << 16 | b->sequence);
    if (!a)
      continue;
    g_assert_cmpint(a->arrival_ms, <=, b->arrival_ms);
    if (a->arrival_ms == b->arrival_ms)
      g_assert_true(a->person < b->person || (a->person == b->person && a->sequence < b->sequence));
  }
  g_assert_cmpuint(sum, ==, 0); // the same rows, each once
}

static void nothing_in_nothing_out(void) {
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
  g_autoptr(GArray) back = through(rows, NULL, 0, 0);
  g_assert_cmpuint(back->len, ==, 0);
}

static void a_missing_folder_is_said(void) {
  GError *error = NULL;
  g_assert_null(spill_new("/nowhere/at/all/out", NULL, 0, 0, &error));
  g_assert_nonnull(error);
  g_error_free(error);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_data_func("/spill/rows come back in order of arrival from memory", GSIZE_TO_POINTER(1 << 30), check_order);
  g_test_add_data_func("/spill/rows come back in order of arrival from a file", GSIZE_TO_POINTER(0), check_order);
  g_test_add_data_func("/spill/rows come back in order of arrival from both", GSIZE_TO_POINTER(500000), check_order);
  g_test_add_func("/spill/nothing in, nothing out", nothing_in_nothing_out);
  g_test_add_func("/spill/a missing folder is said", a_missing_folder_is_said);
  return g_test_run();
}
