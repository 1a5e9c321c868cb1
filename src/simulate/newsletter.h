/* SPDX-License-Identifier: Apache-2.0
 * newsletter.h: the weekly mail that the company sends to those who subscribed, until they leave it. */
#pragma once
#include "simulate/life.h"

void newsletter_subscribe(Life *life, gint64 time_ms);
void newsletter_run(Life *life); /* all weeks at once, after the journeys */
/* Rows of one mail; `open` and `click` are chances. Returns when it was clicked, 0 if it was not. */
gint64 newsletter_mail(Life *life, guint16 campaign, gint64 sent_ms, guint8 order, double open, double click);
