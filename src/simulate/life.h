/* SPDX-License-Identifier: Apache-2.0
 * life.h: one simulated person from the first touch to the end of the period. life_simulate() fills `rows`
 * (sequence order, not time order) and adds to the truth; it depends on (world, person) only. */
#pragma once
#include "simulate/truth.h"

enum { LIFE_ROWS_MAX = 8192 };

typedef struct {
  const World *world;
  guint32 person;
  Random random;
  /* who it is */
  Persona persona;
  guint8 region, store;
  gboolean household, refuses_cookies;
  double interest; /* hidden wish to buy: raises direct visits and purchases alike, so direct looks causal */
  /* what is known of it by now */
  gboolean account, card, card_linked, app, phone;
  gint64 account_ms, card_ms;
  gboolean newsletter;
  gint64 newsletter_ms;
  double goodwill; /* -1 .. 1, from how the last purchase went */
  guint n_orders, n_journeys;
  guint8 shown; /* SHOWS_ bits that any kept row stated */
  /* where it goes */
  Truth *truth;
  Row *rows;
  guint n_rows;
  Row nowhere; /* takes what lies beyond the period */
} Life;

void life_init(Life *life, const World *world, Truth *truth); /* once a thread; reused for each person */
void life_clear(Life *life);
void life_simulate(Life *life, guint32 person);

/* A row at an instant; outside the period it leads nowhere and life_kept() says no. */
Row *life_emit(Life *life, RowKind kind, gint64 time_ms, guint shows);
static inline gboolean life_kept(const Life *life, const Row *row) {
  return row != &life->nowhere;
}
guint life_day(const Life *life, gint64 time_ms);
guint8 life_era(const Life *life, Device device, gint64 time_ms);        /* cookies get lost now and then */
guint life_office_shows(const Life *life);                               /* how the ERP knows this person */
gint64 life_later(Life *life, gint64 time_ms, double days, Hours hours); /* that many days later, at a customary hour */
