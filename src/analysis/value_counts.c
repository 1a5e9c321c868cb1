// SPDX-License-Identifier: Apache-2.0
#include "analysis/value_counts.h"
#include "analysis/key.h"
#include <pthread.h>

enum { KEPT_US = 5 * G_USEC_PER_SEC, FIELDS_KEPT = 64 };

typedef struct {
  GArray *values; /* of ValueCount */
  guint64 through, definitions;
  gint64 made_us;
} Kept;

struct ValueCounts {
  pthread_mutex_t mutex;
  GHashTable *fields; /* name -> Kept */
};

static void kept_free(gpointer data) {
  g_array_unref(((Kept *)data)->values);
  g_free(data);
}

ValueCounts *value_counts_new(void) {
  ValueCounts *counts = g_new0(ValueCounts, 1);
  pthread_mutex_init(&counts->mutex, NULL);
  counts->fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, kept_free);
  return counts;
}

void value_counts_free(ValueCounts *counts) {
  if (!counts)
    return;
  g_hash_table_unref(counts->fields);
  pthread_mutex_destroy(&counts->mutex);
  g_free(counts);
}

/* --- counting ------------------------------------------------------------------------------------------------ */

typedef struct {
  Key *key;
  GArray **by_worker; /* of guint64, by code */
} Work;

static gboolean count_block(const Question *question, guint block, const Block *data, guint worker, gpointer user, GError **error) {
  Work *work = user;
  GArray *counts = work->by_worker[worker];
  g_autofree guint32 *codes = g_new(guint32, data->n_events + 1);
  if (!key_block(work->key, block, data, codes, error))
    return FALSE;
  guint n = key_count(work->key);
  if (n > counts->len)
    g_array_set_size(counts, n);
  for (guint32 person = 0; person < data->n_persons; person++)
    for (guint32 e = data->person_start[person]; !bit_at(data->dead, person) && e < data->person_start[person + 1]; e++)
      g_array_index(counts, guint64, codes[e])++;
  return TRUE;
}

static int compare_counts(gconstpointer a, gconstpointer b) {
  const ValueCount *x = a, *y = b;
  return x->count != y->count ? (x->count < y->count) - (x->count > y->count) : strcmp(x->text, y->text);
}

static void clear_count(gpointer data) {
  g_free(((ValueCount *)data)->text);
}

static GArray *values_of(Work *work, guint n_workers) {
  GArray *values = g_array_new(FALSE, FALSE, sizeof(ValueCount));
  g_array_set_clear_func(values, clear_count);
  for (guint32 code = 0, n = key_count(work->key); code < n; code++) {
    ValueCount value = {NULL, 0};
    for (guint i = 0; i < n_workers; i++)
      value.count += code < work->by_worker[i]->len ? g_array_index(work->by_worker[i], guint64, code) : 0;
    if (code == KEY_NONE || !value.count)
      continue;
    value.text = text_dup(key_text(work->key, code));
    g_array_append_val(values, value);
  }
  g_array_sort(values, compare_counts);
  if (values->len > VALUE_COUNTS_MAX)
    g_array_set_size(values, VALUE_COUNTS_MAX);
  return values;
}

static GArray *count(const Question *question, const char *field, GError **error) {
  guint n_workers = question_threads(question);
  Work work = {.key = key_new(question, field, error)};
  if (!work.key)
    return NULL;
  work.by_worker = g_new(GArray *, n_workers);
  for (guint i = 0; i < n_workers; i++)
    work.by_worker[i] = g_array_new(FALSE, TRUE, sizeof(guint64));
  GArray *values = question_each_block(question, count_block, &work, error) ? values_of(&work, n_workers) : NULL;
  for (guint i = 0; i < n_workers; i++)
    g_array_unref(work.by_worker[i]);
  g_free(work.by_worker);
  key_free(work.key);
  return values;
}

/* --- keeping -------------------------------------------------------------------------------------------------- */

static GArray *find_kept(ValueCounts *counts, const Question *question, const char *field) {
  pthread_mutex_lock(&counts->mutex);
  const Kept *kept = g_hash_table_lookup(counts->fields, field);
  gboolean good = kept && kept->definitions == question->project->hash &&
                  (kept->through == snapshot_through(question->snapshot) || g_get_monotonic_time() - kept->made_us < KEPT_US);
  GArray *values = good ? g_array_ref(kept->values) : NULL;
  pthread_mutex_unlock(&counts->mutex);
  return values;
}

static void keep(ValueCounts *counts, const Question *question, const char *field, GArray *values) {
  Kept *kept = g_new(Kept, 1);
  *kept = (Kept){g_array_ref(values), snapshot_through(question->snapshot), question->project->hash, g_get_monotonic_time()};
  pthread_mutex_lock(&counts->mutex);
  if (g_hash_table_size(counts->fields) >= FIELDS_KEPT)
    g_hash_table_remove_all(counts->fields);
  g_hash_table_replace(counts->fields, g_strdup(field), kept);
  pthread_mutex_unlock(&counts->mutex);
}

GArray *value_counts_of(ValueCounts *counts, const Question *question, const char *field, GError **error) {
  GArray *values = find_kept(counts, question, field);
  if (values)
    return values;
  values = count(question, field, error);
  if (values)
    keep(counts, question, field, values);
  return values;
}
