/* SPDX-License-Identifier: Apache-2.0
 * definitions.h: do the project's definitions speak of what the record holds? */
#pragma once
#include "analysis/question.h"

/* Makes every rule of the project ready, so that what a report would refuse is refused before: ERROR_INVALID names the
 * goal, stage, channel, touchpoint, ... and the column. */
gboolean definitions_check(const Question *question, GError **error);
/* Sentences about goals and stages that can match nothing, as they name events or properties that no event has; empty
 * while the record is. Costs look-ups of names, whatever the number of events. Free with g_ptr_array_unref. */
GPtrArray *definitions_warnings(const Question *question);
