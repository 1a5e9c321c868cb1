/* SPDX-License-Identifier: Apache-2.0
 * attribution_touch.h: each person's attribution touches, cut into paths at conversions of a goal. The one place that
 * knows what an attribution touch is and which touches of a path earn credit; attribution counts these paths, SQL lists
 * them. */
#pragma once
#include "analysis/derive.h"
#include "analysis/scope.h"

typedef struct {
  const Goal *goal;
  gint64 lookback_ms;
  gint64 views_ms; /* opens and views count when no click follows within this long; 0: they never count */
  gboolean keep_navigational;
} TouchOptions;

typedef struct { /* touches in order, as events of the block; borrowed for the call */
  guint32 person;
  const Conversion *conversion; /* NULL: a path without one */
  gboolean open;                /* without one, and not over yet */
  gboolean repeated;            /* the person had converted before this conversion */
  gboolean again;               /* the first touch is a visit that stood in an earlier path already */
  const guint32 *touches;
  guint n_touches;
  const guint32 *kept;         /* those that earn credit: inside the lookback, and not passed over as navigational */
  const guint32 *keys;         /* of these */
  const guint64 *navigational; /* events; NULL when none is */
  guint n_kept;
} AttributionPath;

typedef struct TouchFinder TouchFinder; /* thread-safe */
TouchFinder *touch_finder_new(const Question *question, const TouchOptions *options, GError **error);
void touch_finder_free(TouchFinder *finder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TouchFinder, touch_finder_free)

typedef struct TouchScratch TouchScratch; /* one a worker */
TouchScratch *touch_scratch_new(void);
void touch_scratch_free(TouchScratch *scratch);

/* Every path of the block's persons that `scope` shows, by person, then end; conversions without a touch are paths of none.
 * `keys` is a code per event, which opens and clicks of one thing share. Not for blocks of nobody, who have no touches. */
typedef void (*AttributionPathFunc)(gpointer user, const AttributionPath *path);
gboolean touch_finder_block(TouchFinder *finder, TouchScratch *scratch, guint block, const Block *data, const Derived *derived,
                            const ScopeBlock *scope, const guint32 *keys, AttributionPathFunc each, gpointer user, GError **error);

/* The goal of that name; without a name the first that closes journeys, else the first. */
const Goal *attribution_goal(const Project *project, const char *name, GError **error);
