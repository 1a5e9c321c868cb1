/* SPDX-License-Identifier: Apache-2.0
 * derive.h: what the project's definitions make of a block of events: touchpoints, conversions, journeys, stages.
 * Remade for each question from the index's columns, so that a new definition holds at once; dictionary-only rules cost
 * a pass over codes. The rules are SPEC words: docs/journeys.md has them with worked examples. */
#pragma once
#include "analysis/question.h"
#include "project/project.h"

enum { STAGE_NONE = 255 };

typedef enum { JOURNEY_OPEN, JOURNEY_CONVERTED, JOURNEY_ABANDONED, JOURNEY_SERVICE } JourneyState;

typedef struct { /* its events stand in event_journey; indexes are those of the block */
  guint32 person;
  guint32 number;                  /* 1.. among the person's journeys, in order of beginning; service journeys count on */
  guint32 first_event, last_event; /* touches or conversions; last before the tail */
  guint32 conversion;              /* index of the closing one, or G_MAXUINT32 */
  guint32 n_touches;               /* before the tail, with company's */
  guint32 n_tail;
  gint64 start_ms, end_ms;   /* of first and last event before the tail */
  gint64 active_ms;          /* the last customer's touch, which inactivity counts from */
  guint8 first_stage, stage; /* at its beginning; now, with its tail */
  guint8 state;              /* JourneyState */
  gboolean again;            /* the person had converted before it began */
} Journey;

typedef struct {
  guint32 person, event, journey; /* journey G_MAXUINT32 when outside of any */
  guint32 visit;                  /* of the event, 0 none */
  guint32 goal;                   /* index in project->goals */
  gint64 time_ms;
  gint64 value, net_value; /* millionths of the project's currency */
  gint64 returned_value;   /* what returns and cancellations took: net_value + returned_value is value with renewals */
  guint64 order;           /* hash of the order id, 0 none */
  gboolean valued;         /* a row of it stated a value */
  gboolean authoritative;  /* its value comes from the goal's authoritative source */
  gboolean untaxed;        /* its value comes from a source of net amounts */
  gboolean conflicting;    /* another person has a conversion of the same order */
  gboolean returned;       /* a return or a cancellation changed it */
  gboolean provisional;    /* so young at `now` that adjustments may still come */
} Conversion;

/* Events of nobody convert too, each for itself (an order id still counts once), but walk no journeys. */
typedef struct { /* of one block; arrays live until the next derive_block with this struct */
  guint32 n_events, n_persons;
  const guint64 *seen;               /* events at or before now, of living persons, not excluded */
  const guint64 *touch;              /* of those, by customer or company */
  const guint64 *customer;           /* touches by the customer */
  const guint64 *adjusts;            /* events that return, cancel, renew or revalue an order */
  const guint64 *converts;           /* events that matched a goal, whether counted or not */
  const guint32 *touchpoint;         /* per event; derive_touchpoint_name */
  const guint32 *event_journey;      /* per event: index into journeys + 1; 0 in none */
  const guint8 *event_stage;         /* per event of a journey: the journey's stage after it, else STAGE_NONE */
  const guint8 *in_tail;             /* per event of a journey: 1 in its tail */
  const Journey *journeys;           /* by person, then beginning */
  const guint32 *person_journeys;    /* n_persons + 1 */
  const Conversion *conversions;     /* by person, then (time, event) */
  const guint32 *person_conversions; /* n_persons + 1 */
} Derived;

typedef struct {                 /* counted over all blocks so far; shown so that nothing disappears in silence */
  guint64 repeated_orders;       /* rows of an order that was counted already */
  guint64 unmatched_adjustments; /* name no known order; known from the beginning */
  guint64 foreign_currency;      /* amounts without a rate: counted as 0 */
  guint64 negative_values;       /* conversions of negative amount: counted as 0 */
} DeriveNotes;

typedef struct Derive Derive; /* thread-safe */
Derive *derive_new(const Question *question, GError **error);
void derive_free(Derive *derive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Derive, derive_free)
/* For who looks at touches and conversions only: blocks then have no journeys, stages and touchpoints (NULL), which saves
 * most of the work; before the first block. Makes them all the same where a goal counts once a journey. */
void derive_without_journeys(Derive *derive);
/* For who does not ask which touchpoint an event was at: `touchpoint` is NULL. Before the first block. */
void derive_without_touchpoints(Derive *derive);

typedef struct DeriveScratch DeriveScratch; /* one a worker; holds the arrays of Derived */
DeriveScratch *derive_scratch_new(Derive *derive);
void derive_scratch_free(DeriveScratch *scratch);
gboolean derive_block(Derive *derive, DeriveScratch *scratch, guint block, const Block *data, Derived *out, GError **error);

guint derive_touchpoints(Derive *derive); /* codes are below; rules of the project first, in its order */
/* "Product page" as the project names it, else "channel / event". */
Text derive_touchpoint_name(Derive *derive, guint32 touchpoint);
const Touchpoint *derive_touchpoint_rule(Derive *derive, guint32 touchpoint); /* NULL when not from the project */
DeriveNotes derive_notes(Derive *derive);
