/* SPDX-License-Identifier: Apache-2.0
 * map_family.h: families of touchpoints: the rows of the map stand by family, in one order everywhere. */
#pragma once
#include <glib.h>

/* The known ones first (ads social search web mail store service club), others after them by name. */
int map_family_compare(const char *a, const char *b);
/* Of a touchpoint that the project does not name ("channel / event"): its channel's. */
const char *map_family_by_name(const char *touchpoint);
