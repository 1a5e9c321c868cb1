// SPDX-License-Identifier: Apache-2.0
// The rows: labels by family, strands and road, a cell per touchpoint and stage, what each touchpoint contributed.
#include "exchange/map_draw.h"
#include <math.h>
#include <string.h>

static const double ROAD = 4.5, ROAD_EDGE = 6.5;

void picture_labels(const Picture *p) {
  const MapLayout *l = p->layout;
  guint weight = l->rows->len <= 12 ? 500 : 400;
  for (guint g = 0; g < l->groups->len; g++) {
    const MapGroup *group = &g_array_index(l->groups, MapGroup, g);
    const char *family = picture_touchpoint(p, group->begin)->family, *colour = map_family_colour(family),
               *label = map_family_label(p->language, family);
    svg_rect(p->svg, l->margin, group->top + 1, 3, group->bottom - group->top - 2, 1.5, colour ? colour : INK_3, NULL);
    picture_text_within(p, l->margin + 10, picture_row(p, group->begin)->y + 4, 12, 400, INK_3, label ? label : family,
                        l->label_x - l->margin - 22);
    for (guint t = group->begin; t < group->end; t++) {
      const MapTouchpoint *touchpoint = picture_touchpoint(p, t);
      picture_text_within(p, l->label_x, picture_row(p, t)->y + 4, 12, touchpoint->folded ? 400 : weight,
                          touchpoint->folded ? INK_3 : INK, touchpoint->label, l->margin + l->labels - l->label_x - 8);
    }
  }
}

/* --- strands and road ---------------------------------------------------------------------------- */

void picture_strands(const Picture *p) {
  for (guint i = 0; i < p->layout->strands->len; i++) {
    const MapStrand *strand = &g_array_index(p->layout->strands, MapStrand, i);
    g_autofree char *curve = svg_curve(strand->bend, strand->y1, strand->end, strand->y2);
    const double numbers[] = {strand->start, strand->y1, strand->bend};
    g_autofree char *rail = svg_data("M% %H%", numbers);
    g_autofree char *data = g_strconcat(rail, strchr(curve, 'C'), NULL);
    svg_path(p->svg, data, NULL, STRAND, strand->width, NULL, 1);
  }
}

/* Two steps of one stage whose rows touch are one block; else a bow at the stage's end joins them. */
static gboolean touching(const Picture *p, const MapCell *a, const MapCell *b) {
  guint low = MIN(a->touchpoint, b->touchpoint), high = MAX(a->touchpoint, b->touchpoint);
  return a->stage == b->stage && high == low + 1 && picture_row(p, high)->top - picture_row(p, low)->bottom < 1;
}

static void draw_ground(const Picture *p, guint c) {
  const MapCell *cell = picture_cell(p, c);
  const MapColumn *column = picture_column(p, cell->stage);
  const MapRow *row = picture_row(p, cell->touchpoint);
  double half = p->layout->row_height >= 40 ? p->layout->bar / 2 + 3 : p->layout->row_height / 2;
  svg_rect(p->svg, column->x - 3, row->y - half, column->end - column->x + 3, 2 * half, 3, MARK_SOFT, NULL);
}

static void join_grounds(const Picture *p, const MapCell *a, const MapCell *b) {
  const MapColumn *column = picture_column(p, a->stage);
  double y1 = picture_row(p, a->touchpoint)->y, y2 = picture_row(p, b->touchpoint)->y;
  if (touching(p, a, b))
    svg_rect(p->svg, column->x - 3, MIN(y1, y2), column->end - column->x + 3, fabs(y2 - y1), 0, MARK_SOFT, NULL);
}

static char *step_data(const Picture *p, const MapCell *a, const MapCell *b) {
  double y1 = picture_row(p, a->touchpoint)->y, y2 = picture_row(p, b->touchpoint)->y, x = picture_column(p, a->stage)->end;
  if (a->stage != b->stage)
    return svg_curve(x, y1, picture_column(p, b->stage)->x - 3, y2);
  const double numbers[] = {x, y1, x + 17, y1, x + 17, y2, x, y2};
  return svg_data("M% %C% % % % % %", numbers);
}

void picture_road(const Picture *p) {
  const GArray *road = p->map->road;
  for (guint i = 0; i < road->len && road->len > 1; i++) {
    draw_ground(p, g_array_index(road, guint, i));
    if (i && p->layout->row_height < 40)
      join_grounds(p, picture_cell(p, g_array_index(road, guint, i - 1)), picture_cell(p, g_array_index(road, guint, i)));
  }
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i + 1 < road->len; i++) {
      const MapCell *a = picture_cell(p, g_array_index(road, guint, i)), *b = picture_cell(p, g_array_index(road, guint, i + 1));
      if (touching(p, a, b) && p->layout->row_height < 40)
        continue;
      g_autofree char *data = step_data(p, a, b);
      svg_path(p->svg, data, NULL, pass ? MARK : MARK_EDGE, pass ? ROAD : ROAD_EDGE, NULL, 1);
    }
}

/* --- cells --------------------------------------------------------------------------------------- */

static void draw_words(const Picture *p, guint c) {
  const MapCell *cell = picture_cell(p, c);
  double x = picture_box(p, c)->x + 6, y = picture_row(p, cell->touchpoint)->y;
  if (p->layout->row_height < 40)
    return;
  g_autofree char *share = map_share_text(cell, p->language);
  g_autofree char *left = map_left_text(cell, p->language);
  if (p->layout->row_height < 84) {
    g_autofree char *percent = wording_share(p->language, cell->share);
    g_autofree char *text = g_strdup_printf("%s, %s", percent, left);
    svg_text(p->svg, x, y + 19, 10.5, 400, SVG_START, INK_3, text);
    return;
  }
  svg_text(p->svg, x, y + 24, 11, 400, SVG_START, INK_3, share);
  svg_text(p->svg, x, y + 38, 11, 400, SVG_START, INK_3, left);
  if (!score_rated(&cell->score))
    return;
  static const char *const colours[] = {POOR, INK_2, GOOD};
  g_autofree char *score = g_strdup_printf("%s %.0f", p->language == LANGUAGE_DE ? "Erlebnis" : "Score", round(cell->score.value));
  g_autofree char *rest = map_score_text(&cell->score, p->language);
  svg_text_pair(p->svg, x, y - 18, SVG_START, &(SvgRun){score, 11, 600, colours[picture_box(p, c)->mark + 1]}, 4,
                &(SvgRun){rest, 10.5, 400, INK_3});
}

static void draw_mark(const Picture *p, guint c) {
  const MapBox *box = picture_box(p, c);
  const MapCell *cell = picture_cell(p, c);
  const char *colour = box->mark < 0 ? POOR : GOOD;
  double x = box->mark_x, y = picture_row(p, cell->touchpoint)->y;
  const double low[] = {x, y - 2.5, x + 8, y - 2.5, x + 4, y + 3}, high[] = {x, y + 2.5, x + 8, y + 2.5, x + 4, y - 3};
  g_autofree char *data = svg_data("M% %L% %L% %Z", box->mark < 0 ? low : high);
  g_autofree char *score = wording_decimal(p->language, round(cell->score.value), 0);
  svg_path(p->svg, data, colour, NULL, 0, NULL, 1);
  svg_text(p->svg, x + 11, y + 4, 12, 600, SVG_START, colour, score);
}

static void draw_cell(const Picture *p, guint c) {
  const MapCell *cell = picture_cell(p, c);
  const MapBox *box = picture_box(p, c);
  gboolean large = p->layout->row_height >= 40, folded = picture_touchpoint(p, cell->touchpoint)->folded != NULL;
  double y = picture_row(p, cell->touchpoint)->y;
  g_autofree char *count = wording_count(p->language, cell->persons);
  picture_bar(p, box->x, y, box->width, cell->left ? box->solid : box->width, p->layout->bar, &cell->score);
  svg_text(p->svg, box->count_x, y + (large ? 4.5 : 4), large ? 13 : 12, large ? 600 : 400, SVG_START, folded ? INK_3 : INK, count);
  if (box->mark && p->layout->row_height < 84)
    draw_mark(p, c);
  if (box->weak)
    picture_number(p, box->disc_x, y, box->weak);
  draw_words(p, c);
}

void picture_cells(const Picture *p) {
  for (guint c = 0; c < p->map->cells->len; c++)
    draw_cell(p, c);
}

/* --- what each touchpoint contributed ------------------------------------------------------------ */

static void draw_credit(const Picture *p, guint t) {
  const MapLayout *l = p->layout;
  const MapTouchpoint *touchpoint = picture_touchpoint(p, t);
  double y = picture_row(p, t)->y, right = l->margin + l->inner, bar = l->row_height >= 40 ? 8 : 6;
  gboolean known = isfinite(touchpoint->credit);
  g_autofree char *money = wording_money_beside(p->language, touchpoint->credit, l->credit_most, p->map->currency);
  svg_text(p->svg, right, y + 4, 11.5, 400, SVG_END, known ? INK_2 : INK_3, money);
  if (!known)
    return;
  svg_rect(p->svg, l->axis_x, y - bar / 2, MAX(touchpoint->credit, 0) / l->credit_most * l->axis_room, bar, 0, UNRATED, NULL);
  if (isfinite(touchpoint->credit_low))
    svg_line(p->svg, l->axis_x + MAX(touchpoint->credit_low, 0) / l->credit_most * l->axis_room, y,
             l->axis_x + MAX(touchpoint->credit_high, 0) / l->credit_most * l->axis_room, y, INK_2, 1.2);
}

void picture_credits(const Picture *p) {
  const MapLayout *l = p->layout;
  if (!p->map->model || l->credit_most <= 0)
    return;
  g_autofree char *head = map_credit_head(p->map, p->language);
  svg_text(p->svg, l->margin + l->inner, l->rows_top - 10, 11, 400, SVG_END, INK_3, head);
  svg_line(p->svg, l->axis_x, l->rows_top, l->axis_x, l->rows_bottom, LINE_2, 1);
  for (guint t = 0; t < p->map->touchpoints->len; t++)
    draw_credit(p, t);
}
