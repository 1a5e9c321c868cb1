/* SPDX-License-Identifier: Apache-2.0
 * unit.h: what a report counts: whole persons, or parts of them (visits, journeys). */
#pragma once
#include "analysis/derive.h"
#include "analysis/unit_sort.h"

typedef enum { UNIT_PERSONS, UNIT_VISITS, UNIT_JOURNEYS } UnitKind;
#define UNIT_CHOICES "persons|visits|journeys"

typedef struct Units Units;
Units *units_new(const Question *question, const char *name, GError **error); /* one of UNIT_CHOICES */
void units_free(Units *units);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Units, units_free)
UnitKind units_kind(const Units *units);
const char *units_name(const Units *units); /* "persons" */
/* `out` holds until the same worker's next one. */
gboolean units_block(Units *units, guint block, const Block *data, guint worker, UnitBlock *out, GError **error);
/* Why a report without a single unit has none, or NULL. */
const char *units_note(const Units *units);
