// SPDX-License-Identifier: Apache-2.0
// Persons of several paths get a hash of them as a name and are sorted by it, in buckets by its first bits; equal
// neighbours are a kind. All others are of one path, so that what is left of each path's counts is a kind.
#include "analysis/person_kinds.h"
#include "base/hash.h"
#include "base/pages.h"
#include "base/parallel.h"
#include <stdlib.h>
#include <string.h>

enum { BUCKET_BITS_MAX = 20, PERSONS_A_BUCKET = 4, BUCKETS_A_TASK = 1024, FEW = 32, CHUNK = 4096, AHEAD = 16 };

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
  guint bucket_bits;
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
  guint n_last = 0;
  (void)worker, (void)error;
  if (chunk * CHUNK >= end)
    return TRUE;
  const guint32 *last = person_paths_rows(naming->persons, end - 1, &n_last); /* the next chunk's are another thread's */
  last += n_last;
  for (guint person = chunk * CHUNK; person < end; person++) {
    guint n;
    guint32 *rows = person_paths_rows(naming->persons, person, &n);
    for (guint i = 0; i < n; i++) /* rows of persons stand side by side */
      __builtin_prefetch(&naming->path_name[person_row_path(rows[MIN(i + 2 * AHEAD, (guint)(last - rows) - 1)])]);
    if (n < FEW)
      sort_rows(rows, n);
    else
      qsort(rows, n, sizeof *rows, row_compare);
    naming->named[person] = (Named){name_rows(naming->path_name, rows, n), person};
  }
  return TRUE;
}

static guint bucket_of(const Naming *naming, guint64 name) {
  return naming->bucket_bits ? (guint)(name >> (64 - naming->bucket_bits)) : 0;
}

static void fill_buckets(const Naming *naming, guint n) {
  guint n_buckets = 1u << naming->bucket_bits;
  for (guint i = 0; i < n; i++)
    naming->bucket_start[bucket_of(naming, naming->named[i].name) + 1]++;
  for (guint b = 0; b < n_buckets; b++)
    naming->bucket_start[b + 1] += naming->bucket_start[b];
  g_autofree guint32 *next = g_memdup2(naming->bucket_start, n_buckets * sizeof *next);
  for (guint i = 0; i < n; i++)
    naming->sorted[next[bucket_of(naming, naming->named[i].name)]++] = naming->named[i];
}

static int name_compare(const void *a, const void *b) {
  guint64 x = ((const Named *)a)->name, y = ((const Named *)b)->name;
  return (x > y) - (x < y);
}

static void sort_few(Named *named, guint n) {
  for (guint i = 1; i < n; i++) {
    Named one = named[i];
    guint at = i;
    for (; at && named[at - 1].name > one.name; at--)
      named[at] = named[at - 1];
    named[at] = one;
  }
}

/* Names are hashes, so that buckets are small but for those of many equal ones. */
static gboolean sort_buckets(guint task, guint worker, gpointer user, GError **error) {
  const Naming *naming = user;
  guint end = MIN((task + 1) * BUCKETS_A_TASK, 1u << naming->bucket_bits);
  (void)worker, (void)error;
  for (guint b = task * BUCKETS_A_TASK; b < end; b++) {
    guint32 start = naming->bucket_start[b], n = naming->bucket_start[b + 1] - start;
    if (n <= FEW)
      sort_few(naming->sorted + start, n);
    else
      qsort(naming->sorted + start, n, sizeof *naming->sorted, name_compare);
  }
  return TRUE;
}

static gboolean is_of_kind(const PersonPaths *persons, const PersonKind *kind, guint64 name, const guint32 *rows, guint n) {
  return kind->name == name && kind->n_rows == n &&
         memcmp(&g_array_index(persons->rows, guint32, kind->first), rows, n * sizeof *rows) == 0;
}

static void find_several(PersonKinds *kinds, const Naming *naming) {
  const guint32 *all = (const guint32 *)(gpointer)naming->persons->rows->data;
  PersonKind kind = {.n = 0};
  guint n_persons = person_paths_count(naming->persons);
  for (guint i = 0; i < n_persons; i++) {
    guint n;
    __builtin_prefetch(&g_array_index(naming->persons->starts, guint32, naming->sorted[MIN(i + AHEAD, n_persons - 1)].person));
    const guint32 *rows = person_paths_rows(naming->persons, naming->sorted[i].person, &n);
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
  kinds->n_persons = n_persons;
  kinds->n_kinds = kinds->several->len;
}

static void sort_several(Naming *naming, guint threads) {
  guint n = person_paths_count(naming->persons);
  naming->named = g_new(Named, n + 1);
  naming->sorted = g_new(Named, n + 1);
  pages_large(naming->named, n * sizeof *naming->named);
  pages_large(naming->sorted, n * sizeof *naming->sorted);
  naming->bucket_bits = MIN(g_bit_storage(n / PERSONS_A_BUCKET), (guint)BUCKET_BITS_MAX);
  naming->bucket_start = g_new0(guint32, (1u << naming->bucket_bits) + 1);
  parallel_run(threads, (n + CHUNK - 1) / CHUNK, name_chunk, naming, NULL);
  fill_buckets(naming, n);
  parallel_run(threads, ((1u << naming->bucket_bits) + BUCKETS_A_TASK - 1) / BUCKETS_A_TASK, sort_buckets, naming, NULL);
}

/* Who has several paths is not alone with any of them. */
static void leave_singles(PersonKinds *kinds, const GArray *rows) {
  for (guint i = 0; i < rows->len; i++) {
    __builtin_prefetch(&kinds->alone[g_array_index(rows, guint32, MIN(i + AHEAD, rows->len - 1))], 1);
    kinds->alone[g_array_index(rows, guint32, i)]--;
  }
}

static void count_singles(PersonKinds *kinds, guint n) {
  for (guint row = 0; row < 2 * n; row++) {
    kinds->n_persons += (guint64)kinds->alone[row];
    kinds->n_kinds += kinds->alone[row] > 0;
  }
}

PersonKinds *person_kinds_new(const AttributionPaths *paths, guint threads) {
  PersonKinds *kinds = g_new0(PersonKinds, 1);
  guint n = paths->conversions->len;
  Naming naming = {.paths = paths, .persons = paths->persons, .key_name = name_keys(paths), .path_name = g_new(guint64, n + 1)};
  kinds->paths = paths;
  kinds->alone = g_new(gint64, 2 * (gsize)n + 1);
  pages_large(kinds->alone, 2 * n * sizeof *kinds->alone);
  pages_large(naming.path_name, n * sizeof *naming.path_name);
  for (guint p = 0; p < n; p++) {
    kinds->alone[PERSON_ROW(p, FALSE)] = g_array_index(paths->nulls, gint64, p);
    kinds->alone[PERSON_ROW(p, TRUE)] = g_array_index(paths->conversions, gint64, p);
  }
  kinds->several = g_array_new(FALSE, FALSE, sizeof(PersonKind));
  kinds->path_name = naming.path_name;
  parallel_run(threads, (n + CHUNK - 1) / CHUNK, name_paths, &naming, NULL);
  if (paths->persons) {
    sort_several(&naming, threads);
    find_several(kinds, &naming);
    leave_singles(kinds, paths->persons->rows);
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
  g_free(kinds->alone);
  g_free(kinds);
}

/* The kind of those who have this path alone; n may be 0. */
static PersonKind single(const PersonKinds *kinds, guint32 row) {
  gint64 n = kinds->alone[row];
  return (PersonKind){n > 0 ? name_rows(kinds->path_name, &row, 1) : 0, (guint64)MAX(n, 0), 1, row};
}

/* Paths stand anywhere: their places are fetched some kinds ahead, their keys when the places are there. */
static void fetch_ahead(const PersonKinds *kinds, guint several) {
  const guint32 *start = (const guint32 *)(gpointer)kinds->paths->start->data;
  const guint32 *elements = (const guint32 *)(gpointer)kinds->paths->elements->data;
  guint last = kinds->several->len - 1;
  const PersonKind *rows_soon = &g_array_index(kinds->several, PersonKind, MIN(several + 3 * AHEAD, last));
  const PersonKind *soon = &g_array_index(kinds->several, PersonKind, MIN(several + 2 * AHEAD, last));
  const PersonKind *next = &g_array_index(kinds->several, PersonKind, MIN(several + AHEAD, last));
  __builtin_prefetch(person_kind_rows(kinds, rows_soon));
  for (guint r = 0; r < MIN(soon->n_rows, 4); r++)
    __builtin_prefetch(&start[person_row_path(person_kind_rows(kinds, soon)[r])]);
  for (guint r = 0; r < MIN(next->n_rows, 4); r++)
    __builtin_prefetch(&elements[start[person_row_path(person_kind_rows(kinds, next)[r])]]);
}

void person_kinds_each(const PersonKinds *kinds, PersonKindFunc tell, gpointer user) {
  for (guint32 row = 0; row < 2 * kinds->paths->conversions->len; row++) {
    PersonKind kind = single(kinds, row);
    if (kind.n)
      tell(&kind, user);
  }
  for (guint k = 0; k < kinds->several->len; k++) {
    fetch_ahead(kinds, k);
    tell(&g_array_index(kinds->several, PersonKind, k), user);
  }
}
