/* SPDX-License-Identifier: Apache-2.0
 * person_groups.h: a statistic summed over groups of persons, who fall into them by hash: what a bootstrap of very many persons
 * draws instead of each. resample.c says why that is as good. */
#pragma once
#include "analysis/person_kinds.h"
#include "analysis/statistic.h"

enum { PERSON_GROUPS_MAX = 4096, PERSON_GROUPS_MIN = 256 };

typedef struct {
  guint n;       /* a power of two; 0: no room for them */
  guint width;   /* entries of a group: those of the statistic, and last the number of its persons */
  float *sums;   /* n x width; whole numbers below 2^24 are exact */
  double *total; /* width */
} PersonGroups;

/* As many groups as there is room for. */
guint person_groups_fit(guint statistic_n);

typedef struct {
  const PersonKinds *kinds;
  guint64 below; /* kinds of fewer persons are in groups */
  guint64 seed;
  guint n_statistics;
  const Statistic *statistics;
  PersonGroups *groups; /* per statistic; out, but for n */
} GroupPersons;
/* One pass over the persons of such kinds. The sums do not depend on the threads. ERROR_LIMIT without memory. */
gboolean person_groups_fill(const GroupPersons *work, guint threads, GError **error);
void person_groups_clear(PersonGroups *groups);

/* Adds the sums of all groups, each weighted: STATISTIC_LANES weights a group, as many vectors of `width` entries out. */
void person_groups_weigh(const PersonGroups *groups, const double *weights, double *out);
