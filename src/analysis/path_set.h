/* SPDX-License-Identifier: Apache-2.0
 * path_set.h: distinct paths with how often they converted, what that was worth and how often they ended
 * without: all that models of attribution need. Keys are 0..n_keys-1 in the order of their names and paths in
 * the order of their keys, so that sums in floating point come out the same everywhere. */
#pragma once
#include <glib.h>

typedef struct {
  guint n_keys, n_paths;
  const guint32 *start; /* n_paths + 1 offsets into keys */
  const guint32 *keys;
  const double *conversions, *nulls; /* per path; whole numbers, or resampled ones */
  const double *value;               /* per path: millionths of all its conversions together */
  const double *decay;               /* per element of keys: mean share under time-decay, or NULL when times are unknown */
  const double *decay_value; /* per element: millionths earned under time-decay; NULL: by the mean share */
} PathSet;
