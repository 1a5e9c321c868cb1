/* SPDX-License-Identifier: Apache-2.0
 * visit.h: the visits of devices within one component, and who gets a visit during which its device
 * changes hands. A part of resolve(). */
#pragma once
#include "journey/resolve.h"

#define VISIT_GAP_MS (30 * G_GINT64_CONSTANT(60000))

typedef struct { /* a device moved from one person to another with this event */
  guint32 event, device;
  guint64 from, to;
} Handover;

/* Numbers the visits into output->event_visit and, for every handover inside one, gives the earlier events
 * of the visit that name nobody to the new owner, unless the visit names the old one. Expects the persons of
 * events and identifiers in `output`; reorders the handovers. */
void visit_assign(const ResolveInput *input, Handover *handovers, guint n_handovers, ResolveOutput *output);
