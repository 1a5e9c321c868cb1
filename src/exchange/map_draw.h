/* SPDX-License-Identifier: Apache-2.0
 * map_draw.h: the parts that map_svg.c puts together: each draws one thing where the layout says. */
#pragma once
#include "exchange/map_layout.h"
#include "exchange/map_words.h"
#include "exchange/svg.h"

#define INK "#1a1c21"
#define INK_2 "#4a4f59"
#define INK_3 "#656b77"
#define LINE "#e4e4df"
#define LINE_2 "#cfcfc9"
#define GROUND "#fafaf8"
#define MARK "#ffd23f"
#define MARK_SOFT "#fff2bf"
#define MARK_EDGE "#7a5c00"
#define BAND "#dcdfe6"
#define STRAND "#d0d3d9" /* solid, so that crossings do not darken */
#define UNRATED "#bcc1ca"
#define POOR "#a33a08"
#define GOOD "#0f5a9c"

typedef struct {
  Svg *svg;
  const JourneyMap *map;
  const MapLayout *layout;
  Language language;
} Picture;

static inline const MapStage *picture_stage(const Picture *p, guint s) {
  return &g_array_index(p->map->stages, MapStage, s);
}
static inline const MapTouchpoint *picture_touchpoint(const Picture *p, guint t) {
  return &g_array_index(p->map->touchpoints, MapTouchpoint, t);
}
static inline const MapCell *picture_cell(const Picture *p, guint c) {
  return &g_array_index(p->map->cells, MapCell, c);
}
static inline const MapColumn *picture_column(const Picture *p, guint s) {
  return &g_array_index(p->layout->columns, MapColumn, s);
}
static inline const MapRow *picture_row(const Picture *p, guint t) {
  return &g_array_index(p->layout->rows, MapRow, t);
}
static inline const MapBox *picture_box(const Picture *p, guint c) {
  return &g_array_index(p->layout->boxes, MapBox, c);
}
/* A copy of a text that must not be wider than `width`, whole on hover when it had to be cut. */
void picture_text_within(const Picture *p, double x, double y, double size, guint weight, const char *colour, const char *text,
                         double width);
void picture_number(const Picture *p, double x, double y, guint number); /* of a weak point */
const char *picture_score_colour(const Score *score);
void picture_bar(const Picture *p, double x, double y, double width, double solid, double height, const Score *score);

void picture_band(const Picture *p);
void picture_strands(const Picture *p); /* below the cells */
void picture_road(const Picture *p);
void picture_labels(const Picture *p);
void picture_cells(const Picture *p);
void picture_credits(const Picture *p);
void picture_key(const Picture *p, const char *command);
