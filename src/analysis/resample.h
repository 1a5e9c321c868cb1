/* SPDX-License-Identifier: Apache-2.0
 * resample.h: intervals of credits by the Poisson bootstrap: each person counts 0, 1, 2, ... times, drawn from
 * hash(seed, person, i), and the model is solved again; 95 % percentiles. Source: Chamandy, Muralidharan, Najmi, Naidu,
 * "Estimating uncertainty for massive data streams", 2012. Where persons are too many (ATTRIBUTION_PERSONS_MAX) the
 * counts of each distinct path are drawn at once, which has the same distribution when a person has one path. */
#pragma once
#include "analysis/attribution_paths.h"
#include "analysis/credit.h"

enum { RESAMPLES = 1000, RESAMPLES_MIN = 100 };

typedef struct {
  Model model;
  guint order;          /* of markov */
  double *low, *high;   /* per key, conversions; out: caller's arrays of n_keys */
  const guint32 *group; /* per key: the key under which it is summed before percentiles are taken; NULL: each for itself */
  guint resamples;      /* out: how many were drawn; fewer when the model is costly, 0 when too costly */
} Interval;

/* Fills the intervals of all models from the same draws. The answer does not depend on `threads`. */
gboolean resample(const AttributionPaths *paths, Interval *intervals, guint n_intervals, guint64 seed, guint wanted, guint threads,
                  const gint *cancel, GError **error);
