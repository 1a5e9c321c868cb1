/* SPDX-License-Identifier: Apache-2.0
 * map_credit.h: what each touchpoint of the map contributed: the paths are the touchpoints of journeys that began in range
 * (equal neighbours joined, without tails); converted journeys pay their net value, abandoned ones end in null. */
#pragma once
#include "analysis/map.h"

gboolean map_credit(const Question *question, const Params *params, JourneyMap *map, GError **error);
