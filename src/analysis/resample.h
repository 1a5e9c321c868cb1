/* SPDX-License-Identifier: Apache-2.0
 * resample.h: intervals of credits by the Poisson bootstrap: each person counts 0, 1, 2, ... times, drawn from
 * hash(seed, person, i), and the model is solved again; 95 % percentiles. Source: Chamandy, Muralidharan, Najmi, Naidu,
 * "Estimating uncertainty for massive data streams", 2012. Where that is too much work persons are drawn in groups: resample.c. */
#pragma once
#include "analysis/attribution_paths.h"
#include "analysis/credit.h"

enum { RESAMPLES = 1000, RESAMPLES_MIN = 200 };

typedef enum {
  RESAMPLED_PERSONS, /* every person its own weight */
  RESAMPLED_GROUPS,  /* persons of rare paths together, of about RESAMPLE_GROUPS groups */
  RESAMPLED_PATHS,   /* every walk its own weight: who walked is not known */
} Resampled;
const char *resampled_name(Resampled how);

typedef struct {
  Model model;
  guint order;         /* of markov */
  double *low, *high;  /* per key, conversions; out: caller's arrays of n_keys */
  const guint32 *into; /* per key: the key under which it is summed before percentiles are taken; NULL: each for itself */
  guint resamples;     /* out: how many were drawn; fewer when the model is costly, 0 when too costly */
  Resampled how;       /* out */
} Interval;

typedef struct {
  guint64 seed;
  guint wanted, threads;
  double persons_work_max; /* nanoseconds of a core; above it, groups */
  const gint *cancel;
} ResampleOptions;
#define RESAMPLE_PERSONS_WORK_MAX 2e8

/* Fills the intervals of all models from the same draws. The answer does not depend on the threads. */
gboolean resample(const AttributionPaths *paths, Interval *intervals, guint n_intervals, const ResampleOptions *options,
                  GError **error);
