/* SPDX-License-Identifier: Apache-2.0
 * truth.h: what is true of the simulated company, beside what its data show: who bought because of which
 * channel, what the planted weak points cost. Sums of integers, so threads add theirs in any order. */
#pragma once
#include "base/error.h"
#include "simulate/world.h"

typedef struct {
  guint64 count;
  gint64 cents;
} Sum;

typedef struct {
  guint64 exposed; /* journeys that met it */
  Sum lost;        /* orders that would have been placed without it */
} WeakPoint;

typedef struct {
  guint64 touches, journeys; /* journeys: with at least one such touch before the decision */
  Sum incremental;           /* orders that would not have been placed had the touches had no effect */
} ChannelTruth;

typedef struct {
  guint64 rows, late, repeated, bots, doors, unidentified;
  guint64 persons, persona[PERSONAS], journeys, buyers, repeat_buyers;
  guint64 users, crms, cards, emails, phones;                      /* distinct ones that the rows state */
  Sum orders, place[PLACES], persona_orders[PERSONAS], identified; /* identified: the row names somebody */
  Sum refunds, cancellations;
  guint64 complaints, nps[11];
  Sum baseline; /* orders that need no touch at all */
  ChannelTruth channel[CHANNELS];
  gint64 cost_millicents[CHANNELS][CALENDAR_MONTHS]; /* by month of the period */
  gint64 billed_cents[CHANNELS];                     /* as the rows of advertising costs say */
  WeakPoint payment, shortage, delay;                /* delay: exposed deliveries; lost stays 0 */
  guint64 delay_complaints;
  guint64 cart_ratings, cart_stars; /* shipping costs come as a surprise there */
} Truth;

void sum_add(Sum *sum, gint64 cents);
void truth_add(Truth *truth, const Truth *other);

char *truth_json(const Truth *truth, const World *world); /* the truth file's text; caller frees */
