// SPDX-License-Identifier: Apache-2.0
#include "analysis/person_groups.h"
#include "base/clones.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/pages.h"
#include "base/parallel.h"
#include <string.h>

enum { LANES = STATISTIC_LANES, HALF = LANES / 2, SHARDS_MAX = 64, WAIT = 16 };
static const gsize FIT = 4u << 20, MOST = 32u << 20; /* entries: 16 MiB where fewer groups do, 128 at most */

typedef double Half __attribute__((vector_size(HALF * sizeof(double)), aligned(8)));

guint person_groups_fit(guint statistic_n) {
  gsize width = (gsize)statistic_n + 1;
  guint n = PERSON_GROUPS_MAX;
  while (n > PERSON_GROUPS_MIN && n * width > FIT)
    n /= 2;
  return n * width > MOST ? 0 : n;
}

typedef struct {
  guint first, n; /* parts in the statistic's room */
} Range;

typedef struct { /* of one statistic: walks read whose sums are still on their way from memory */
  StatisticRoom room;
  Range kind;          /* that at hand */
  Range waiting[WAIT]; /* by person */
} Walks;

typedef struct { /* groups whose number is `shard` in its last bits */
  const GroupPersons *work;
  guint n_shards, shard;
  Walks *walks;        /* per statistic */
  guint numbers[WAIT]; /* the groups of those waiting */
  guint n_waiting;
  gboolean walked; /* the kind at hand */
} Filling;

static float *sums_of(const PersonGroups *groups, guint number) {
  return groups->sums + (gsize)(number & (groups->n - 1)) * groups->width;
}

static void walk_kind(Filling *filling, const PersonKind *kind) {
  const GroupPersons *work = filling->work;
  const guint32 *rows = person_kind_rows(work->kinds, kind);
  for (guint m = 0; m < work->n_statistics; m++) {
    Walks *walks = &filling->walks[m];
    guint first = walks->room.n;
    for (guint r = 0; r < kind->n_rows && work->groups[m].n; r++)
      statistic_walk(&work->statistics[m], &walks->room, person_row_path(rows[r]), person_row_converted(rows[r]));
    walks->kind = (Range){first, walks->room.n - first};
  }
  filling->walked = TRUE;
}

/* Those waiting, in the order in which they came. */
static void add_waiting(Filling *filling) {
  for (guint m = 0; m < filling->work->n_statistics; m++) {
    const PersonGroups *groups = &filling->work->groups[m];
    Walks *walks = &filling->walks[m];
    for (guint p = 0; p < filling->n_waiting && groups->n; p++) {
      float *sums = sums_of(groups, filling->numbers[p]);
      const StatisticPart *parts = walks->room.parts + walks->waiting[p].first;
      for (guint i = 0; i < walks->waiting[p].n; i++)
        sums[parts[i].entry] += parts[i].value;
      sums[groups->width - 1]++;
    }
    walks->room.n = 0;
  }
  filling->n_waiting = 0;
  filling->walked = FALSE;
}

static void add_person(Filling *filling, const PersonKind *kind, guint number) {
  if (filling->n_waiting == WAIT)
    add_waiting(filling);
  if (!filling->walked)
    walk_kind(filling, kind);
  for (guint m = 0; m < filling->work->n_statistics; m++) {
    const PersonGroups *groups = &filling->work->groups[m];
    Walks *walks = &filling->walks[m];
    const StatisticPart *parts = walks->room.parts + walks->kind.first;
    walks->waiting[filling->n_waiting] = walks->kind;
    for (guint i = 0; i < walks->kind.n; i++)
      __builtin_prefetch(sums_of(groups, number) + parts[i].entry, 1);
  }
  filling->numbers[filling->n_waiting++] = number;
}

static void add_kind(const PersonKind *kind, gpointer user) {
  Filling *filling = user;
  filling->walked = FALSE;
  for (guint64 person = 0; person < kind->n && kind->n < filling->work->below; person++) {
    guint number = (guint)(hash_mix(filling->work->seed ^ hash_mix(kind->name + person)) >> 32);
    if ((number & (filling->n_shards - 1)) == filling->shard)
      add_person(filling, kind, number);
  }
}

static gboolean fill_shard(guint shard, guint worker, gpointer user, GError **error) {
  Filling filling = *(const Filling *)user;
  const GroupPersons *work = filling.work;
  (void)worker, (void)error;
  filling.shard = shard;
  filling.walks = g_new0(Walks, work->n_statistics + 1);
  for (guint m = 0; m < work->n_statistics; m++)
    statistic_room_init(&filling.walks[m].room, &work->statistics[m]);
  person_kinds_each(work->kinds, add_kind, &filling);
  add_waiting(&filling);
  for (guint m = 0; m < work->n_statistics; m++)
    statistic_room_clear(&filling.walks[m].room);
  g_free(filling.walks);
  return TRUE;
}

static void add_up(PersonGroups *groups) {
  for (guint g = 0; g < groups->n; g++)
    for (guint i = 0; i < groups->width; i++)
      groups->total[i] += (double)groups->sums[(gsize)g * groups->width + i];
}

gboolean person_groups_fill(const GroupPersons *work, guint threads, GError **error) {
  Filling filling = {.work = work, .n_shards = 1};
  while (filling.n_shards < MIN(threads, SHARDS_MAX))
    filling.n_shards *= 2;
  for (guint m = 0; m < work->n_statistics; m++) {
    PersonGroups *groups = &work->groups[m];
    groups->width = work->statistics[m].n + 1;
    groups->total = g_new0(double, groups->width);
    groups->sums = g_try_new0(float, (gsize)groups->n * groups->width + 1);
    pages_large(groups->sums, (gsize)groups->n * groups->width * sizeof *groups->sums);
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
    const float *a = groups->sums + (gsize)g * width, *b = a + width, *c = b + width, *d = c + width;
    const Half *w = (const Half *)(gconstpointer)(weights + (gsize)g * LANES);
    Half w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3], w4 = w[4], w5 = w[5], w6 = w[6], w7 = w[7];
    Half *to = (Half *)(gpointer)out;
    for (guint i = 0; i < width; i++) {
      to[2 * i] += (double)a[i] * w0 + (double)b[i] * w2 + (double)c[i] * w4 + (double)d[i] * w6;
      to[2 * i + 1] += (double)a[i] * w1 + (double)b[i] * w3 + (double)c[i] * w5 + (double)d[i] * w7;
    }
  }
}
