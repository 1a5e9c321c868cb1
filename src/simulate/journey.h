/* SPDX-License-Identifier: Apache-2.0
 * journey.h: one purchase journey of a person: touches drawn by persona and mood, then the decision.
 *   logit p = persona + interest + loyalty + season - price + sum over channels of effect * (1 + 1/2 + 1/4 + ...)
 * One uniform number u decides: bought when u < p. Would it have been bought had a channel's touches had no
 * effect? The same u against p without that channel's part: the truth file counts exactly these. */
#pragma once
#include "simulate/life.h"

typedef struct {
  Life *life;
  guint8 category, product;
  gint64 now_ms;
  double part[CHANNELS]; /* of the logit */
  guint touches[CHANNELS];
} Journey;

/* Runs a journey from `start_ms`; returns when its last touch, or what a purchase drew after it, was over. */
gint64 journey_run(Life *life, gint64 start_ms);
void journey_touch(Journey *journey, Channel channel, double effect);

/* A visit of website or app: its rows follow each other within seconds to a minute or two. */
typedef struct {
  Life *life;
  gint64 now_ms;
  Device device;
  guint8 era, agent, place;
  guint shows;
  gboolean looked; /* at the product */
} Visit;
void visit_begin(Visit *visit, Journey *journey, Channel channel, Mood mood);
Row *visit_row(Visit *visit, RowKind kind, Page page);
Row *visit_product(Visit *visit, RowKind kind, Page page, guint product);
void visit_sign_in(Visit *visit); /* nothing when signed in already; only with an account */
void visit_sign_up(Visit *visit);
void visit_link_card(Visit *visit);                                     /* tells the account about the loyalty card */
void visit_rate(Visit *visit, Page page, double mean, Comment comment); /* a few answer the question how this page was, 1 to 5 */
void visit_browse(Visit *visit, Journey *journey, Mood mood);

guint32 product_cents(guint product);
