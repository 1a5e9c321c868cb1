// SPDX-License-Identifier: Apache-2.0
// Persons of several paths get a hash of them as a name and are sorted by it, in buckets by its first bits; equal
// neighbours are a kind. All others are of one path, so that what is left of each path's counts is a kind.
#include "analysis/person_kinds.h"
#include "base/hash.h"
#include "base/parallel.h"
#include <stdlib.h>
#include <string.h>

enum { BUCKET_BITS = 12, BUCKETS = 1 << BUCKET_BITS, CHUNK = 4096 };

typedef struct {
  guint64 name;
  guint32 person;
} Named;

typedef struct {
  const PersonPaths *persons;
  guint64 *path_name; /* per path */
  Named *named, *sorted;
  guint32 *bucket_start;
} Naming;

static guint64 *name_paths(const AttributionPaths *paths) {
  guint n = paths->start->len - 1;
  g_autofree guint64 *key_name = g_new(guint64, paths->keys->len + 1);
  guint64 *name = g_new(guint64, n + 1);
  for (guint k = 0; k < paths->keys->len; k++)
    key_name[k] = checksum64(paths->keys->pdata[k], strlen(paths->keys->pdata[k]));
  for (guint p = 0; p < n; p++) {
    name[p] = 1;
    for (guint32 i = g_array_index(paths->start, guint32, p); i < g_array_index(paths->start, guint32, p + 1); i++)
      name[p] = hash_mix(name[p] ^ key_name[g_array_index(paths->elements, guint32, i)]) + 1;
  }
  return name;
}

static guint64 name_rows(const guint64 *path_name, const guint32 *rows, guint n) {
  guint64 name = n;
  for (guint i = 0; i < n; i++)
    name = hash_mix(name ^ path_name[person_row_path(rows[i])]) + 1 + person_row_converted(rows[i]);
  return hash_mix(name);
}

/* Few rows: by insertion. */
static void sort_rows(guint32 *rows, guint n) {
  for (guint i = 1; i < n; i++) {
    guint32 row = rows[i];
    guint at = i;
    for (; at && rows[at - 1] > row; at--)
      rows[at] = rows[at - 1];
    rows[at] = row;
  }
}

static int row_compare(const void *a, const void *b) {
  guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;
  return (x > y) - (x < y);
}

static gboolean name_chunk(guint chunk, guint worker, gpointer user, GError **error) {
  const Naming *naming = user;
  guint end = MIN((chunk + 1) * CHUNK, person_paths_count(naming->persons));
  (void)worker, (void)error;
  for (guint person = chunk * CHUNK; person < end; person++) {
    guint n;
    guint32 *rows = person_paths_rows(naming->persons, person, &n);
    if (n < 32)
      sort_rows(rows, n);
    else
      qsort(rows, n, sizeof *rows, row_compare);
    naming->named[person] = (Named){name_rows(naming->path_name, rows, n), person};
  }
  return TRUE;
}

static guint bucket_of(guint64 name) {
  return (guint)(name >> (64 - BUCKET_BITS));
}

static void fill_buckets(const Naming *naming, guint n) {
  g_autofree guint32 *next = NULL;
  for (guint i = 0; i < n; i++)
    naming->bucket_start[bucket_of(naming->named[i].name) + 1]++;
  for (guint b = 0; b < BUCKETS; b++)
    naming->bucket_start[b + 1] += naming->bucket_start[b];
  next = g_memdup2(naming->bucket_start, BUCKETS * sizeof *next);
  for (guint i = 0; i < n; i++)
    naming->sorted[next[bucket_of(naming->named[i].name)]++] = naming->named[i];
}

static int name_compare(const void *a, const void *b) {
  guint64 x = ((const Named *)a)->name, y = ((const Named *)b)->name;
  return (x > y) - (x < y);
}

static gboolean sort_bucket(guint bucket, guint worker, gpointer user, GError **error) {
  const Naming *naming = user;
  guint32 start = naming->bucket_start[bucket];
  (void)worker, (void)error;
  qsort(naming->sorted + start, naming->bucket_start[bucket + 1] - start, sizeof *naming->sorted, name_compare);
  return TRUE;
}

static void add_kind(PersonKinds *kinds, guint64 name, const guint32 *rows, guint n_rows) {
  PersonKind kind = {name, 1, kinds->rows->len, n_rows};
  g_array_append_vals(kinds->rows, rows, n_rows);
  g_array_append_val(kinds->kinds, kind);
}

static gboolean is_of_kind(const PersonKinds *kinds, const PersonKind *kind, guint64 name, const guint32 *rows, guint n) {
  return kind->name == name && kind->n_rows == n &&
         memcmp(&g_array_index(kinds->rows, guint32, kind->first), rows, n * sizeof *rows) == 0;
}

static void add_several(PersonKinds *kinds, const Naming *naming, gint64 *converted, gint64 *ended) {
  for (guint i = 0; i < person_paths_count(naming->persons); i++) {
    guint n;
    const guint32 *rows = person_paths_rows(naming->persons, naming->sorted[i].person, &n);
    PersonKind *last = kinds->kinds->len ? &g_array_index(kinds->kinds, PersonKind, kinds->kinds->len - 1) : NULL;
    if (last && is_of_kind(kinds, last, naming->sorted[i].name, rows, n))
      last->n++;
    else
      add_kind(kinds, naming->sorted[i].name, rows, n);
    for (guint r = 0; r < n; r++)
      (person_row_converted(rows[r]) ? converted : ended)[person_row_path(rows[r])]--;
  }
  kinds->n_persons += person_paths_count(naming->persons);
}

static void add_single(PersonKinds *kinds, const Naming *naming, guint32 path, gboolean converted, gint64 n) {
  guint32 row = PERSON_ROW(path, converted);
  if (n <= 0)
    return;
  add_kind(kinds, name_rows(naming->path_name, &row, 1), &row, 1);
  g_array_index(kinds->kinds, PersonKind, kinds->kinds->len - 1).n = (guint64)n;
  kinds->n_persons += (guint64)n;
}

static void sort_several(Naming *naming, guint threads) {
  guint n = person_paths_count(naming->persons);
  naming->named = g_new(Named, n + 1);
  naming->sorted = g_new(Named, n + 1);
  naming->bucket_start = g_new0(guint32, BUCKETS + 1);
  parallel_run(threads, (n + CHUNK - 1) / CHUNK, name_chunk, naming, NULL);
  fill_buckets(naming, n);
  parallel_run(threads, BUCKETS, sort_bucket, naming, NULL);
}

PersonKinds *person_kinds_new(const AttributionPaths *paths, guint threads) {
  PersonKinds *kinds = g_new0(PersonKinds, 1);
  guint n = paths->conversions->len;
  Naming naming = {.persons = paths->persons, .path_name = name_paths(paths)};
  g_autofree gint64 *converted = g_memdup2(paths->conversions->data, n * sizeof *converted),
                    *ended = g_memdup2(paths->nulls->data, n * sizeof *ended);
  kinds->kinds = g_array_new(FALSE, FALSE, sizeof(PersonKind));
  kinds->rows = g_array_new(FALSE, FALSE, sizeof(guint32));
  if (paths->persons) {
    sort_several(&naming, threads);
    add_several(kinds, &naming, converted, ended);
  }
  for (guint p = 0; p < n; p++) {
    add_single(kinds, &naming, p, TRUE, converted[p]);
    add_single(kinds, &naming, p, FALSE, ended[p]);
  }
  g_free(naming.path_name);
  g_free(naming.named);
  g_free(naming.sorted);
  g_free(naming.bucket_start);
  return kinds;
}

void person_kinds_free(PersonKinds *kinds) {
  if (!kinds)
    return;
  g_array_unref(kinds->kinds);
  g_array_unref(kinds->rows);
  g_free(kinds);
}
