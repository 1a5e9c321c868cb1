/* SPDX-License-Identifier: Apache-2.0
 * funnel_case.h: the units of a block that came to a step of a funnel, for what is asked about those who stopped there. */
#pragma once
#include "analysis/unit_sort.h"

typedef struct {
  guint32 person, unit; /* unit: its number within the person; 0 for whole persons */
  gboolean dropped;     /* did not reach the step after it */
} FunnelCase;

typedef struct {
  guint block;
  const Block *data;
  const UnitBlock *units;
  const guint64 *kept; /* events that count; NULL: all */
  const FunnelCase *cases;
  guint n;
  const guint32 *events; /* n_steps a case, one case after the other: what did step 1 to the step asked about */
  guint n_steps;
} FunnelCases;

static inline const guint32 *funnel_case_events(const FunnelCases *cases, guint i) {
  return cases->events + (gsize)i * cases->n_steps;
}

static inline gboolean funnel_case_has(const FunnelCases *cases, const FunnelCase *one, guint32 event) {
  return (!cases->kept || bit_at(cases->kept, event)) &&
         (cases->units->whole || unit_number(cases->units, one->person, event) == one->unit);
}
