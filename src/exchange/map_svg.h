/* SPDX-License-Identifier: Apache-2.0
 * map_svg.h: the journey map as a picture: always light, A3 landscape or higher, in German or English. Length and
 * thickness are people, solid went on, hollow left, colour is experience, yellow is the way most take. */
#pragma once
#include "analysis/map.h"

/* `command` is printed at the foot, so that whoever holds the picture can ask again; may be NULL. Caller frees. */
char *map_svg(const JourneyMap *map, const char *command);
/* Where everything stands in that picture, as JSON (map_layout.h). Caller frees. */
char *map_layout_text(const JourneyMap *map);
/* Any SVG of ours as PNG (at `scale` pixels a unit) or PDF (one A3 page, landscape, shrunk to fit), by librsvg. */
GBytes *svg_to_png(const char *svg, double scale, GError **error);
GBytes *svg_to_pdf(const char *svg, GError **error);
