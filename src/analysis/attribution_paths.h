/* SPDX-License-Identifier: Apache-2.0
 * attribution_paths.h: the paths that attribution works on: each person's attribution touches, cut at conversions of a
 * goal, reduced to a key, counted by distinct sequence. Keys come out sorted by name, paths by their keys, both without
 * repeats. */
#pragma once
#include "analysis/key_sets.h"
#include "analysis/path_set.h"
#include "analysis/person_paths.h"
#include "analysis/question.h"

typedef enum { CUSTOMERS_ALL, CUSTOMERS_NEW, CUSTOMERS_RETURNING } Customers;

typedef struct {
  const Goal *goal;
  const char *key; /* any field */
  gint64 lookback_ms;
  gint64 half_life_ms; /* of time-decay */
  gint64 views_ms;     /* opens and views count when no click follows within this long; 0: they never count */
  gboolean keep_navigational;
  Customers customers;
  gboolean timed;          /* make `decay` */
  gboolean by_person;      /* make `persons` */
  gboolean converted_only; /* list sequences that converted: all that rules need; not with by_person */
} AttributionOptions;

typedef struct {           /* what one element of a path earned under time-decay, summed over its conversions */
  gint64 share;            /* 2^-32 */
  gint64 value, net_value; /* millionths */
} DecaySum;

typedef struct {
  GPtrArray *keys;                                     /* of char*, sorted */
  GArray *start, *elements;                            /* of guint32 */
  GArray *conversions, *nulls, *value, *net_value;     /* of gint64, per path */
  GArray *decay;                                       /* of DecaySum, per element; empty when times are unknown or not asked for */
  gint64 none_conversions, none_value, none_net_value; /* conversions without a touch */
  gint64 unidentified, unidentified_value, unidentified_net_value; /* conversions of nobody */
  gint64 open_paths;                                               /* not over yet, left out */
  gint64 left_out;      /* paths without conversion whose sequence never converted, when only converted ones are listed */
  PersonPaths *persons; /* or NULL: not asked for, or too many */
  gboolean sets_known;  /* FALSE: there are more than KEY_SETS_KEYS_MAX names; then every path is listed */
  KeySets sets;         /* of all paths, those left out too; a bit is a key's number */
} AttributionPaths;

AttributionPaths *attribution_paths_new(void);
void attribution_paths_free(AttributionPaths *paths);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AttributionPaths, attribution_paths_free)

/* One pass over all blocks on all cores. Range selects conversions, and paths without one by their last touch. */
AttributionPaths *attribution_paths_collect(const Question *question, const AttributionOptions *options, GError **error);
