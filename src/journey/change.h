/* SPDX-License-Identifier: Apache-2.0
 * change.h: a few changes of the record become one segment that replaces the persons they touch.
 *
 *   new events ──► their identifiers ──► persons that have them ──► all events of these ──► identifiers ... until
 *   nothing new turns up; then everybody found is judged anew by the code of a full build. */
#pragma once
#include "journey/build.h"
#include "journey/levels.h"

typedef enum { CHANGE_FAILED, CHANGE_NONE, CHANGE_MADE, CHANGE_TOO_LARGE /* a rebuild is due */ } ChangeResult;

typedef struct {
  const BuildOptions *options;
  guint percent_max;   /* of all persons, or of all events, that a change may touch, */
  guint64 few;         /* or so many in any case */
  const GArray *links; /* of Link, those in force */
} ChangeContext;

/* The segment stands in memory. CHANGE_NONE: no person is touched. */
ChangeResult change_make(const Snapshot *snapshot, const RecordChanges *changes, const ChangeContext *context, Segment **segment,
                         GError **error);
