// SPDX-License-Identifier: Apache-2.0
#include "analysis/person_groups.h"
#include "base/clones.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/parallel.h"
#include <string.h>

enum { LANES = STATISTIC_LANES, HALF = LANES / 2, SHARDS_MAX = 64 };
static const gsize FIT = 4u << 20, MOST = 32u << 20; /* entries: 32 MiB where fewer groups do, 256 at most */

typedef double Half __attribute__((vector_size(HALF * sizeof(double)), aligned(8)));

guint person_groups_fit(guint statistic_n) {
  gsize width = (gsize)statistic_n + 1;
  guint n = PERSON_GROUPS_MAX;
  while (n > PERSON_GROUPS_MIN && n * width > FIT)
    n /= 2;
  return n * width > MOST ? 0 : n;
}

/* Groups whose number is `shard` in its last bits. */
typedef struct {
  const GroupPersons *work;
  guint n_shards;
} Filling;

static void add_person(const GroupPersons *work, const PersonKind *kind, guint number) {
  const guint32 *rows = &g_array_index(work->kinds->rows, guint32, kind->first);
  for (guint m = 0; m < work->n_statistics; m++) {
    PersonGroups *groups = &work->groups[m];
    if (!groups->n)
      continue;
    double *sums = groups->sums + (gsize)(number & (groups->n - 1)) * groups->width;
    for (guint r = 0; r < kind->n_rows; r++)
      statistic_add(&work->statistics[m], person_row_path(rows[r]), person_row_converted(rows[r]), sums);
    sums[groups->width - 1]++;
  }
}

static gboolean fill_shard(guint shard, guint worker, gpointer user, GError **error) {
  const Filling *filling = user;
  const GroupPersons *work = filling->work;
  (void)worker, (void)error;
  for (guint k = 0; k < work->kinds->kinds->len; k++) {
    const PersonKind *kind = person_kind(work->kinds, k);
    for (guint64 person = 0; work->pooled[k] && person < kind->n; person++) {
      guint number = (guint)(hash_mix(work->seed ^ hash_mix(kind->name + person)) >> 32);
      if ((number & (filling->n_shards - 1)) == shard)
        add_person(work, kind, number);
    }
  }
  return TRUE;
}

static void add_up(PersonGroups *groups) {
  for (guint g = 0; g < groups->n; g++)
    for (guint i = 0; i < groups->width; i++)
      groups->total[i] += groups->sums[(gsize)g * groups->width + i];
}

gboolean person_groups_fill(const GroupPersons *work, guint threads, GError **error) {
  Filling filling = {work, 1};
  while (filling.n_shards < MIN(threads, SHARDS_MAX))
    filling.n_shards *= 2;
  for (guint m = 0; m < work->n_statistics; m++) {
    PersonGroups *groups = &work->groups[m];
    groups->width = work->statistics[m].n + 1;
    groups->total = g_new0(double, groups->width);
    groups->sums = g_try_new0(double, (gsize)groups->n * groups->width + 1);
    if (!groups->sums)
      return error_set(error, ERROR_LIMIT,
                       "there is no memory for the draws behind the intervals\nhint: --resamples 0 leaves them out");
  }
  if (!parallel_run(threads, filling.n_shards, fill_shard, &filling, error))
    return FALSE;
  for (guint m = 0; m < work->n_statistics; m++)
    add_up(&work->groups[m]);
  return TRUE;
}

void person_groups_clear(PersonGroups *groups) {
  g_free(groups->sums);
  g_free(groups->total);
}

/* Four groups at a time, so that the sums are read and written a quarter as often. */
CLONES_OF("avx2,fma") void person_groups_weigh(const PersonGroups *groups, const double *weights, double *out) {
  const guint width = groups->width;
  for (guint g = 0; g < groups->n; g += 4) {
    const double *a = groups->sums + (gsize)g * width, *b = a + width, *c = b + width, *d = c + width;
    const Half *w = (const Half *)(gconstpointer)(weights + (gsize)g * LANES);
    Half w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3], w4 = w[4], w5 = w[5], w6 = w[6], w7 = w[7];
    Half *to = (Half *)(gpointer)out;
    for (guint i = 0; i < width; i++) {
      to[2 * i] += a[i] * w0 + b[i] * w2 + c[i] * w4 + d[i] * w6;
      to[2 * i + 1] += a[i] * w1 + b[i] * w3 + c[i] * w5 + d[i] * w7;
    }
  }
}
