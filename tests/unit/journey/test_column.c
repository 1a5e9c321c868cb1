// SPDX-License-Identifier: Apache-2.0
#include "journey/column.h"
#include "../sample.h"
#include "base/error.h"
#include "journey/build.h"
#include "journey/column_maker.h"
#include "journey/levels.h"
#include <glib/gstdio.h>
#include <pthread.h>
#include <unistd.h>

enum { PERSONS = 6000, EVENTS = 30000, LATER = 500 };

/* What event number i (in order of arrival) has; a pure function, so that what is read can be computed again. */
static guint64 noise(guint64 i) {
  return hash_mix(i * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) + 12345);
}
static guint person_of(guint i) {
  return (guint)(noise(i) % PERSONS);
}

static ValueKind value_of(guint i, const char *key, char text[64]) {
  guint64 x = noise(i + 1000000);
  *text = 0;
  if (!strcmp(key, "id"))
    return g_snprintf(text, 64, "event-%u", i), VALUE_TEXT;
  if (!strcmp(key, "campaign"))
    return x % 50 ? VALUE_NONE : (g_snprintf(text, 64, "c%u", (guint)(x % 7)), VALUE_TEXT);
  if (!strcmp(key, "properties.unique"))
    return g_snprintf(text, 64, "value number %u", i), VALUE_TEXT;
  if (!strcmp(key, "properties.many"))
    return g_snprintf(text, 64, "%u", (guint)(x % 2000)), VALUE_NUMBER;
  if (!strcmp(key, "properties.all"))
    return g_snprintf(text, 64, "same"), VALUE_TEXT;
  if (!strcmp(key, "properties.mixed"))
    switch (x % 6) {
    case 0: return VALUE_NONE;
    case 1: return g_snprintf(text, 64, "1"), VALUE_TEXT;
    case 2: return g_snprintf(text, 64, "1"), VALUE_NUMBER;
    case 3: return g_snprintf(text, 64, "true"), VALUE_TRUE;
    case 4: return g_snprintf(text, 64, "false"), VALUE_FALSE;
    default: return VALUE_TEXT; /* the empty text is a value */
    }
  if (!strcmp(key, "properties.cart[].sku"))
    return x % 3 ? (g_snprintf(text, 64, x % 3 == 1 ? "[\"s%u\"]" : "[\"s%u\",\"gift\"]", (guint)(x % 11)), VALUE_JSON)
                 : VALUE_NONE;
  g_assert_cmpstr(key, ==, "properties.page.url");
  return x % 4 ? (g_snprintf(text, 64, "/%u", (guint)(x % 300)), VALUE_TEXT) : VALUE_NONE;
}

static const char *const KEYS[] = {"id",
                                   "campaign",
                                   "properties.unique",
                                   "properties.many",
                                   "properties.all",
                                   "properties.mixed",
                                   "properties.cart[].sku",
                                   "properties.page.url"};

static void add_events(Sample *sample, guint from, guint to) {
  for (guint i = from; i < to; i++) {
    char texts[G_N_ELEMENTS(KEYS)][64], cart[128], page[128];
    g_autofree char *person = g_strdup_printf("p%u", person_of(i));
    Event *event = sample_event(sample, person, TIME_MS_MIN + (gint64)(noise(i + 5000000) % 1000000) * 1000, "x");
    value_of(i, "id", texts[0]);
    event->id = text_of(texts[0]);
    for (guint k = 1; k < 6; k++) {
      ValueKind kind = value_of(i, KEYS[k], texts[k]);
      if (kind != VALUE_NONE)
        sample_property(sample, KEYS[k], kind, kind == VALUE_TRUE || kind == VALUE_FALSE ? (Text){NULL, 0} : text_of(texts[k]));
    }
    guint64 x = noise(i + 1000000);
    g_snprintf(cart, sizeof cart,
               x % 3 == 0   ? "[]"
               : x % 3 == 1 ? "[{\"sku\":\"s%u\"}]"
                            : "[{\"sku\":\"s%u\",\"n\":2},{\"n\":1},{\"sku\":\"gift\"}]",
               (guint)(x % 11));
    sample_property(sample, "properties.cart", VALUE_JSON, text_of(cart));
    g_snprintf(page, sizeof page, x % 4 ? "{\"url\":\"/%u\"}" : "{\"title\":\"t%u\"}", (guint)(x % 300));
    sample_property(sample, "properties.page", VALUE_JSON, text_of(page));
    sample_add(sample, "test");
  }
  sample_flush(sample);
}

static gint by_row(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

/* The arrival numbers, in order: event i has the i-th. */
static GArray *all_rows(Snapshot *snapshot) {
  g_autoptr(GHashTable) known = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(guint64));
  for (guint block = 0; block < snapshot_blocks(snapshot); block++) {
    Block data;
    g_assert_true(snapshot_block(snapshot, block, &data, NULL));
    for (guint32 i = 0; i < data.n_events; i++) {
      guint64 row = block_row(&data, i);
      if (g_hash_table_add(known, g_memdup2(&row, sizeof row)))
        g_array_append_val(rows, row);
    }
  }
  g_array_sort(rows, by_row);
  return rows;
}

static void check_block(const Block *data, const ColumnBlock *column, const char *key, const GArray *rows) {
  g_autofree guint8 *used = g_new0(guint8, column->n_entries);
  g_assert_cmpint(column_entry(column, 0).kind, ==, VALUE_NONE);
  for (guint32 i = 0; i < data->n_events; i++) {
    guint64 row = block_row(data, i);
    char text[64];
    guint number = 0;
    g_assert_true(g_array_binary_search((GArray *)rows, &row, by_row, &number));
    guint32 code = codes_at(&column->codes, i);
    g_assert_cmpuint(code, <, column->n_entries);
    used[code] = 1;
    ColumnEntry entry = column_entry(column, code);
    g_assert_cmpint(entry.kind, ==, value_of(number, key, text));
    g_assert_true(text_is(entry.text, text));
  }
  for (guint32 entry = 1; entry < column->n_entries; entry++)
    g_assert_cmpint(used[entry], ==, 1); /* nothing else is in a block's dictionary */
}

static void check_column(Snapshot *snapshot, const char *key) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) rows = all_rows(snapshot);
  g_autoptr(Column) column = column_open(snapshot, key, &error);
  g_assert_no_error(error);
  for (guint block = 0; block < snapshot_blocks(snapshot); block++) {
    Block data;
    ColumnBlock found;
    g_assert_true(snapshot_block(snapshot, block, &data, NULL));
    g_assert_true(column_block(column, block, &found, &error));
    check_block(&data, &found, key, rows);
  }
}

static GPtrArray *column_files(const Sample *sample) {
  g_autofree char *folder = g_strconcat(sample->path, ".index", NULL);
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  for (const char *name; dir && (name = g_dir_read_name(dir));)
    if (strstr(name, ".col"))
      g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
  return paths;
}

static guint n_files(const Sample *sample) {
  g_autoptr(GPtrArray) paths = column_files(sample);
  for (guint i = 0; i < paths->len; i++)
    g_assert_true(g_str_has_suffix(g_ptr_array_index(paths, i), ".col")); /* nothing half made is left */
  return paths->len;
}

/* --- tests --------------------------------------------------------------------------------------- */

static Sample *shared_sample(void) {
  Sample *sample = sample_new();
  add_events(sample, 0, EVENTS);
  return sample;
}

static void test_values(void) {
  Sample *sample = shared_sample();
  g_autoptr(Snapshot) snapshot = sample_snapshot(sample);
  g_assert_cmpuint(snapshot_blocks(snapshot), >, 1);
  for (guint k = 0; k < G_N_ELEMENTS(KEYS); k++) {
    check_column(snapshot, KEYS[k]);
    g_assert_cmpuint(n_files(sample), ==, k + 1);
    check_column(snapshot, KEYS[k]); /* from the file */
    g_assert_cmpuint(n_files(sample), ==, k + 1);
  }
  g_clear_pointer(&snapshot, snapshot_unref);
  sample_free(sample);
}

static void check_missing(const Sample *sample, Snapshot *snapshot, const char *key, gboolean known) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Column) column = column_open(snapshot, key, &error);
  ColumnBlock found;
  g_assert_no_error(error);
  g_assert_cmpint(column_known(snapshot_names(snapshot), key), ==, known);
  for (guint block = 0; block < snapshot_blocks(snapshot); block++) {
    g_assert_true(column_block(column, block, &found, NULL));
    g_assert_cmpuint(found.n_entries, ==, 1);
    g_assert_cmpuint(codes_at(&found.codes, 3), ==, 0);
    g_assert_cmpint(column_entry(&found, 0).kind, ==, VALUE_NONE);
  }
  g_assert_cmpuint(n_files(sample), ==, 0);
}

static void test_missing(void) {
  Sample *sample = shared_sample();
  g_autoptr(Snapshot) snapshot = sample_snapshot(sample);
  check_missing(sample, snapshot, "properties.unknown", FALSE);
  check_missing(sample, snapshot, "properties", FALSE);
  check_missing(sample, snapshot, "properties.pag", FALSE);
  check_missing(sample, snapshot, "properties.page.nothing", TRUE);
  check_missing(sample, snapshot, "properties.all[]", TRUE); /* no JSON */
  g_autoptr(GError) error = NULL;
  g_assert_null(column_open(snapshot, "properties.page[0]", &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  g_clear_pointer(&snapshot, snapshot_unref);
  sample_free(sample);
}

/* A segment of some persons on top of the base, as an update makes it. */
static Snapshot *with_overlay(Sample *sample, Snapshot *base, guint from, guint to) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) touched = g_hash_table_new(NULL, NULL);
  g_autoptr(GArray) rows = all_rows(base), wanted = g_array_new(FALSE, FALSE, sizeof(guint64)),
                    ids = g_array_new(FALSE, FALSE, sizeof(guint64));
  for (guint i = from; i < to; i++)
    g_hash_table_add(touched, GUINT_TO_POINTER(person_of(i) + 1));
  for (guint block = 0; block < snapshot_blocks(base); block++) {
    Block data;
    g_assert_true(snapshot_block(base, block, &data, NULL));
    for (guint32 p = 0; p < data.n_persons; p++) {
      guint64 row = block_row(&data, data.person_start[p]);
      guint number = 0;
      g_array_binary_search(rows, &row, by_row, &number);
      if (!g_hash_table_contains(touched, GUINT_TO_POINTER(person_of(number) + 1)))
        continue;
      g_array_append_val(ids, data.person_id[p]);
      for (guint32 i = data.person_start[p]; i < data.person_start[p + 1]; i++) {
        row = block_row(&data, i);
        g_array_append_val(wanted, row);
      }
    }
  }
  g_array_sort(ids, by_row);
  guint64 last = g_array_index(rows, guint64, rows->len - 1);
  g_array_sort(wanted, by_row);
  g_autoptr(Identity) identity = identity_read(sample->record);
  BuildOptions options = {.threads = 1, .identity = identity, .through = record_through(sample->record)};
  g_autoptr(Build) build = build_new(sample->record, &options);
  g_assert_true(build_scan_rows(build, (const guint64 *)(void *)wanted->data, wanted->len, &error));
  g_assert_true(build_scan(build, last + 1, record_through(sample->record), &error));
  g_autoptr(GArray) links = record_links(sample->record, FALSE, &error);
  BuildTarget target = {.links = links, .replaced = (const guint64 *)(void *)ids->data, .n_replaced = ids->len};
  g_autoptr(Segment) overlay = build_segment(build, &target, &error);
  g_assert_no_error(error);
  Segment *levels[] = {snapshot_segment(base, 0), overlay};
  g_autoptr(GArray) masked = g_array_new(FALSE, FALSE, sizeof(guint64));
  Snapshot *snapshot =
      snapshot_new(sample->record, names_copy(record_names(sample->record)), options.through, levels, 2, masked, &error);
  g_assert_no_error(error);
  return snapshot;
}

static void test_overlay(void) {
  Sample *sample = shared_sample();
  g_autoptr(Snapshot) base = sample_snapshot(sample);
  add_events(sample, EVENTS, EVENTS + LATER);
  g_autoptr(Snapshot) both = with_overlay(sample, base, EVENTS, EVENTS + LATER);
  g_assert_cmpuint(snapshot_levels(both), ==, 2);
  g_assert_cmpuint(snapshot_events(both), ==, EVENTS + LATER);
  for (guint k = 0; k < G_N_ELEMENTS(KEYS); k++)
    check_column(both, KEYS[k]);
  g_assert_cmpuint(n_files(sample), ==, G_N_ELEMENTS(KEYS)); /* of the base only */
  g_clear_pointer(&both, snapshot_unref);
  g_clear_pointer(&base, snapshot_unref);
  sample_free(sample);
}

static void test_unwritable(void) {
  Sample *sample = shared_sample();
  g_autoptr(Snapshot) snapshot = sample_snapshot(sample);
  g_autofree char *folder = g_strconcat(sample->path, ".index", NULL), *away = g_strconcat(folder, ".away", NULL);
  g_assert_cmpint(g_rename(folder, away), ==, 0); /* the mapping stays; nothing can be written where the path points */
  for (guint k = 0; k < G_N_ELEMENTS(KEYS); k++) {
    check_column(snapshot, KEYS[k]);
    g_autoptr(GBytes) kept = segment_kept(snapshot_segment(snapshot, 0), KEYS[k]);
    g_assert_nonnull(kept); /* so that the next question finds it */
    check_column(snapshot, KEYS[k]);
  }
  g_clear_pointer(&snapshot, snapshot_unref);
  sample_free(sample);
}

static void test_read_only(void) {
  Sample *sample = shared_sample();
  g_autoptr(Snapshot) snapshot = sample_snapshot(sample);
  check_column(snapshot, "campaign");
  g_clear_pointer(&snapshot, snapshot_unref);
  g_clear_pointer(&sample->index, index_free);
  IndexOptions options = {.read_only = TRUE};
  sample->index = index_open(sample->record, &options, NULL);
  snapshot = index_snapshot(sample->index);
  check_column(snapshot, "campaign");
  check_column(snapshot, "properties.many");
  check_column(snapshot, "properties.many");
  g_assert_cmpuint(n_files(sample), ==, 1);
  g_clear_pointer(&snapshot, snapshot_unref);
  sample_free(sample);
}

static void flip_byte(const char *path, gint64 offset) {
  g_autofree char *data = NULL;
  gsize size;
  g_assert_true(g_file_get_contents(path, &data, &size, NULL));
  data[offset < 0 ? (gint64)size + offset : offset] ^= 4;
  g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
}

static void test_damage(void) {
  static const gint64 outline[] = {3, 9, 20, -1, -9, -20, -40, -60}; /* in header, footer, key and table */
  Sample *sample = shared_sample();
  g_autoptr(Snapshot) snapshot = sample_snapshot(sample);
  check_column(snapshot, "properties.many");
  for (guint i = 0; i < G_N_ELEMENTS(outline); i++) {
    g_autoptr(GPtrArray) paths = column_files(sample);
    flip_byte(g_ptr_array_index(paths, 0), outline[i]);
    check_column(snapshot, "properties.many"); /* made anew */
  }
  g_autoptr(GPtrArray) paths = column_files(sample);
  flip_byte(g_ptr_array_index(paths, 0), 5000); /* in a block: noticed when touched */
  g_autoptr(GError) error = NULL;
  g_autoptr(Column) column = column_open(snapshot, "properties.many", NULL);
  ColumnBlock block;
  gboolean good = TRUE;
  for (guint i = 0; i < snapshot_blocks(snapshot) && good; i++)
    good = column_block(column, i, &block, &error);
  g_assert_error(error, ETAPPE_ERROR, ERROR_DAMAGED);
  g_assert_cmpuint(n_files(sample), ==, 0);
  check_column(snapshot, "properties.many");
  g_assert_cmpint(truncate(g_ptr_array_index(paths, 0), 100), ==, 0);
  check_column(snapshot, "properties.many");
  g_clear_pointer(&column, column_free);
  g_clear_pointer(&snapshot, snapshot_unref);
  sample_free(sample);
}

/* --- making -------------------------------------------------------------------------------------- */

typedef struct {
  GByteArray *all;
  guint blocks;
} Collected;

static gboolean collect(guint block, ColumnRow *row, guint8 *take_bytes, gpointer user, GError **error) {
  Collected *collected = user;
  g_assert_cmpuint(block, ==, collected->blocks++);
  g_byte_array_append(collected->all, (const guint8 *)row, sizeof *row);
  g_byte_array_append(collected->all, take_bytes, (guint)row->size);
  g_free(take_bytes);
  return TRUE;
}

static gboolean make(Snapshot *snapshot, const char *key, gsize budget, Collected *collected, GError **error) {
  ColumnSource source = {.record = snapshot_record(snapshot),
                         .segment = snapshot_segment(snapshot, 0),
                         .key = names_find(snapshot_names(snapshot), NAME_KEY, text_of(key)),
                         .budget_bytes = budget};
  *collected = (Collected){.all = g_byte_array_new()};
  return column_make(&source, collect, collected, error);
}

static void test_budget(void) {
  Sample *sample = shared_sample();
  g_autoptr(Snapshot) snapshot = sample_snapshot(sample);
  g_autoptr(GError) error = NULL;
  Collected one, several, none;
  g_assert_true(make(snapshot, "properties.unique", 100 << 20, &one, &error));
  g_assert_true(
      make(snapshot, "properties.unique", 1 << 20, &several, &error)); /* 30,000 values of about 30 bytes and as much besides */
  g_assert_no_error(error);
  g_assert_cmpuint(one.blocks, ==, snapshot_blocks(snapshot));
  g_assert_cmpmem(one.all->data, one.all->len, several.all->data, several.all->len);
  g_assert_false(make(snapshot, "properties.unique", 100 << 10, &none, &error)); /* not even one block */
  g_assert_error(error, ETAPPE_ERROR, ERROR_LIMIT);
  g_byte_array_unref(one.all);
  g_byte_array_unref(several.all);
  g_byte_array_unref(none.all);
  g_clear_pointer(&snapshot, snapshot_unref);
  sample_free(sample);
}

static void *open_and_check(void *snapshot) {
  check_column(snapshot, "properties.mixed");
  return NULL;
}

static void test_threads(void) {
  Sample *sample = shared_sample();
  g_autoptr(Snapshot) snapshot = sample_snapshot(sample);
  pthread_t threads[4];
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    g_assert_cmpint(pthread_create(&threads[i], NULL, open_and_check, snapshot), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    pthread_join(threads[i], NULL);
  g_assert_cmpuint(n_files(sample), ==, 1);
  g_clear_pointer(&snapshot, snapshot_unref);
  sample_free(sample);
}

static void test_empty(void) {
  Sample *sample = sample_new();
  g_autoptr(Snapshot) snapshot = sample_snapshot(sample);
  g_autoptr(Column) column = column_open(snapshot, "properties.x", NULL);
  g_assert_nonnull(column);
  g_clear_pointer(&column, column_free);
  g_clear_pointer(&snapshot, snapshot_unref);
  sample_free(sample);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/column/every event has its value, made and from the file", test_values);
  g_test_add_func("/column/unknown keys and paths are missing everywhere and leave no file", test_missing);
  g_test_add_func("/column/a segment in memory on top has columns of its own rows", test_overlay);
  g_test_add_func("/column/where nothing can be written memory does", test_unwritable);
  g_test_add_func("/column/an index opened to read only gets no new files", test_read_only);
  g_test_add_func("/column/damage is noticed and the column made anew", test_damage);
  g_test_add_func("/column/a small budget takes several scans and gives the same bytes", test_budget);
  g_test_add_func("/column/threads may make the same column at once", test_threads);
  g_test_add_func("/column/an empty record has empty columns", test_empty);
  return g_test_run();
}
