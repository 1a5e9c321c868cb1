/* SPDX-License-Identifier: Apache-2.0
 * funnel_driver.h: what is more frequent among those who stop after a step of a funnel than among those who go on. Looked
 * at are the events that did the steps up to that one, so nothing that came later and equally many of everybody: every
 * channel, campaign and property value, numbers from or below a threshold, that a property is there or missing. Connection,
 * no proof.
 *
 *   after step 1: ann (ads) and bob (ads) stop, cleo (email) and dan (ads) go on
 *   channel = ads: 2 of 2 against 1 of 2, ratio 2 */
#pragma once
#include "analysis/funnel_case.h"
#include "analysis/question.h"
#include "analysis/table.h"
#include "base/json_out.h"

/* What fewer on either side have, or lack, is left out: nobody shall be made out. */
enum { DRIVER_GROUP_MIN = 5, DRIVER_VALUES_MAX = 65536 };

typedef struct FunnelDrivers FunnelDrivers;

FunnelDrivers *funnel_drivers_new(const Question *question, GError **error);
void funnel_drivers_free(FunnelDrivers *drivers);
gboolean funnel_drivers_block(FunnelDrivers *drivers, const FunnelCases *cases, guint worker, GError **error);
/* Keeps the first `limit` of those that chance does not explain. */
void funnel_drivers_finish(FunnelDrivers *drivers, guint limit);
void funnel_drivers_json(const FunnelDrivers *drivers, guint step, JsonOut *out); /* "drivers": {...} */
void funnel_drivers_table(const FunnelDrivers *drivers, const char *step, Table *table);
