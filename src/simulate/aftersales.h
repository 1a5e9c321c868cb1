/* SPDX-License-Identifier: Apache-2.0
 * aftersales.h: mails, delivery, survey, complaint, return, review, recommendation and service of an order. */
#pragma once
#include "simulate/purchase.h"

/* Returns when delivery and what belongs to it were over; late service may come long after. */
gint64 aftersales_run(Life *life, const Order *order);
/* A survey after a conversation: CSAT 1 to 5 by how well it went, -1 .. 1. */
void aftersales_ask_satisfaction(Life *life, gint64 at_ms, guint shows, double mood, Comment comment);
