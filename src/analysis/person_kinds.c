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
  const AttributionPaths *paths;
  const PersonPaths *persons;
  guint64 *key_name, *path_name;
  Named *named, *sorted;
  guint32 *bucket_start;
} Naming;

static gboolean name_paths(guint chunk, guint worker, gpointer user, GError **error) {
  const Naming *naming = user;
  const guint32 *start = (const guint32 *)(gpointer)naming->paths->start->data;
  const guint32 *elements = (const guint32 *)(gpointer)naming->paths->elements->data;
  guint end = MIN((chunk + 1) * CHUNK, naming->paths->conversions->len);
  (void)worker, (void)error;
  for (guint p = chunk * CHUNK; p < end; p++) {
    guint64 name = 1;
    for (guint32 i = start[p]; i < start[p + 1]; i++)
      name = hash_mix(name ^ naming->key_name[elements[i]]) + 1;
    naming->path_name[p] = name;
  }
  return TRUE;
}

static guint64 *name_keys(const AttributionPaths *paths) {
  guint64 *name = g_new(guint64, paths->keys->len + 1);
  for (guint k = 0; k < paths->keys->len; k++)
    name[k] = checksum64(paths->keys->pdata[k], strlen(paths->keys->pdata[k]));
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

static gboolean is_of_kind(const PersonPaths *persons, const PersonKind *kind, guint64 name, const guint32 *rows, guint n) {
  return kind->name == name && kind->n_rows == n &&
         memcmp(&g_array_index(persons->rows, guint32, kind->first), rows, n * sizeof *rows) == 0;
}

static void find_several(PersonKinds *kinds, const Naming *naming) {
  const guint32 *all = (const guint32 *)(gpointer)naming->persons->rows->data;
  PersonKind kind = {.n = 0};
  for (guint i = 0; i < person_paths_count(naming->persons); i++) {
    guint n;
    const guint32 *rows = person_paths_rows(naming->persons, naming->sorted[i].person, &n);
    for (guint r = 0; r < n; r++)
      (person_row_converted(rows[r]) ? kinds->converted : kinds->ended)[person_row_path(rows[r])]--;
    if (kind.n && is_of_kind(naming->persons, &kind, naming->sorted[i].name, rows, n)) {
      kind.n++;
      continue;
    }
    if (kind.n)
      g_array_append_val(kinds->several, kind);
    kind = (PersonKind){naming->sorted[i].name, 1, n, (guint32)(rows - all)};
  }
  if (kind.n)
    g_array_append_val(kinds->several, kind);
  kinds->n_persons = person_paths_count(naming->persons);
  kinds->n_kinds = kinds->several->len;
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

static void count_singles(PersonKinds *kinds, guint n) {
  for (guint p = 0; p < n; p++) {
    kinds->n_persons += (guint64)(kinds->converted[p] + kinds->ended[p]);
    kinds->n_kinds += (kinds->converted[p] > 0) + (kinds->ended[p] > 0);
  }
}

PersonKinds *person_kinds_new(const AttributionPaths *paths, guint threads) {
  PersonKinds *kinds = g_new0(PersonKinds, 1);
  guint n = paths->conversions->len;
  Naming naming = {.paths = paths, .persons = paths->persons, .key_name = name_keys(paths), .path_name = g_new(guint64, n + 1)};
  kinds->paths = paths;
  kinds->converted = g_memdup2(paths->conversions->data, n * sizeof *kinds->converted);
  kinds->ended = g_memdup2(paths->nulls->data, n * sizeof *kinds->ended);
  kinds->several = g_array_new(FALSE, FALSE, sizeof(PersonKind));
  kinds->path_name = naming.path_name;
  parallel_run(threads, (n + CHUNK - 1) / CHUNK, name_paths, &naming, NULL);
  if (paths->persons) {
    sort_several(&naming, threads);
    find_several(kinds, &naming);
  }
  count_singles(kinds, n);
  g_free(naming.key_name);
  g_free(naming.named);
  g_free(naming.sorted);
  g_free(naming.bucket_start);
  return kinds;
}

void person_kinds_free(PersonKinds *kinds) {
  if (!kinds)
    return;
  g_array_unref(kinds->several);
  g_free(kinds->path_name);
  g_free(kinds->converted);
  g_free(kinds->ended);
  g_free(kinds);
}

PersonKind person_kind_single(const PersonKinds *kinds, guint32 path, gboolean converted) {
  guint32 row = PERSON_ROW(path, converted);
  gint64 n = (converted ? kinds->converted : kinds->ended)[path];
  return (PersonKind){n > 0 ? name_rows(kinds->path_name, &row, 1) : 0, (guint64)MAX(n, 0), 1, row};
}

void person_kinds_each(const PersonKinds *kinds, PersonKindFunc tell, gpointer user) {
  for (guint32 p = 0; p < kinds->paths->conversions->len; p++)
    for (guint converted = 0; converted < 2; converted++) {
      PersonKind kind = person_kind_single(kinds, p, (gboolean)converted);
      if (kind.n)
        tell(&kind, user);
    }
  for (guint k = 0; k < kinds->several->len; k++)
    tell(&g_array_index(kinds->several, PersonKind, k), user);
}
