/* SPDX-License-Identifier: Apache-2.0
 * merge.h: several levels become one segment with the persons that live in them: a linear merge, since every
 * segment stands in order of person id. What is merged has the same bytes as what is built at once. */
#pragma once
#include "journey/levels.h"

typedef struct {
  const char *path; /* NULL: in memory */
  guint threads;
} MergeTarget;

/* Levels `from` and up. What they replace below stays named. */
Segment *merge_levels(const Snapshot *snapshot, guint from, const MergeTarget *target, GError **error);
