// SPDX-License-Identifier: Apache-2.0
#include "exchange/map_layout.h"
#include "exchange/map_words.h"
#include "exchange/svg.h"
#include <math.h>
#include <string.h>

static const double MARGIN = 40, INNER = 1300, LABELS = 226, LABELS_MAX = 360, GUTTER = 62, VALUE = 128, STAGE_MAX = 200,
                    GROUP_GAP = 7;
static const double BAND_HALF = 75, THICK_MAX = 62, THICK_MIN = 2, POINT = 1.5, MIDDLE_SCORE = 60;
static const double STRANDS_SHARE = 0.7, STRAND_MAX = 5, BAR_SHARE = 0.6, FOOT = 100, A3 = 1.4142135623730951;
enum { STRANDS_A_GUTTER = 12 };

static const MapStage *stage_at(const JourneyMap *map, guint s) {
  return &g_array_index(map->stages, MapStage, s);
}
static const MapTouchpoint *touchpoint_at(const JourneyMap *map, guint t) {
  return &g_array_index(map->touchpoints, MapTouchpoint, t);
}
static const MapCell *cell_at(const JourneyMap *map, guint c) {
  return &g_array_index(map->cells, MapCell, c);
}
static MapColumn *column_at(const MapLayout *layout, guint s) {
  return &g_array_index(layout->columns, MapColumn, s);
}
static MapBox *box_at(const MapLayout *layout, guint c) {
  return &g_array_index(layout->boxes, MapBox, c);
}

/* --- columns ------------------------------------------------------------------------------------- */

/* The label column grows with the longest name before names are cut. */
static void place_labels(MapLayout *layout, const JourneyMap *map) {
  double family = 0, label = 0;
  for (guint t = 0; t < map->touchpoints->len; t++) {
    const MapTouchpoint *touchpoint = touchpoint_at(map, t);
    const char *known = map_family_label(layout->language, touchpoint->family);
    family = MAX(family, svg_text_width(known ? known : touchpoint->family, 12, 400));
    label = MAX(label, svg_text_width(touchpoint->label, 12, map->touchpoints->len <= 12 ? 500 : 400));
  }
  layout->label_x = layout->margin + 10 + CLAMP(family, 76, 120) + 16;
  layout->labels = CLAMP(layout->label_x - layout->margin + label + 14, LABELS, LABELS_MAX);
}

static void place_columns(MapLayout *layout, const JourneyMap *map) {
  guint n = MAX(map->stages->len, 1);
  double least = layout->row_height >= 84 ? 128 : 104;
  for (guint s = 0; s < map->stages->len; s++)
    least = MAX(least, MIN(svg_text_width(stage_at(map, s)->label, 15, 600), STAGE_MAX));
  double fixed = layout->labels + VALUE + (n - 1) * GUTTER;
  layout->gutter = GUTTER;
  layout->stage_width = MAX(least, (INNER - fixed) / n);
  layout->inner = fixed + n * layout->stage_width;
  layout->width = layout->inner + 2 * layout->margin;
  layout->axis_x = layout->margin + layout->inner - VALUE + 32;
  layout->axis_room = 36;
  for (guint s = 0; s < map->stages->len; s++) {
    double x = layout->margin + layout->labels + s * (layout->stage_width + GUTTER);
    MapColumn column = {.x = x, .end = x + layout->stage_width};
    g_array_append_val(layout->columns, column);
  }
}

/* --- band ---------------------------------------------------------------------------------------- */

static double thickness(guint64 persons, guint64 most) {
  return persons ? MAX(THICK_MIN, THICK_MAX * (double)persons / (double)most) : 0;
}

static void measure_band(MapLayout *layout, const JourneyMap *map) {
  guint64 most = 1;
  for (guint s = 0; s < map->stages->len; s++)
    most = MAX(most, stage_at(map, s)->persons);
  for (guint s = 0; s < map->stages->len; s++) {
    const MapStage *stage = stage_at(map, s);
    MapColumn *column = column_at(layout, s);
    guint64 before = s ? stage_at(map, s - 1)->onward : 0;
    column->thickness = thickness(stage->persons, most);
    column->onward = MIN(thickness(stage->onward, most), column->thickness);
    column->still = MIN(thickness(stage->still, most), column->thickness);
    column->left = MIN(thickness(stage->left, most), column->thickness);
    column->entered = stage->persons > before ? column->thickness - MIN(thickness(before, most), column->thickness) : 0;
    column->rated = score_rated(&stage->score);
    layout->scored = layout->scored || column->rated;
  }
}

/* The score that the band follows at a stage: its own, else between its neighbours'. */
static double height_score(const MapLayout *layout, const JourneyMap *map, guint s) {
  int before = (int)s, after = (int)s, n = (int)map->stages->len;
  while (before >= 0 && !column_at(layout, (guint)before)->rated)
    before--;
  while (after < n && !column_at(layout, (guint)after)->rated)
    after++;
  if (before < 0 && after >= n)
    return MIDDLE_SCORE;
  if (before < 0 || after >= n)
    return stage_at(map, (guint)(before < 0 ? after : before))->score.value;
  double low = stage_at(map, (guint)before)->score.value, high = stage_at(map, (guint)after)->score.value;
  return before == after ? low : low + (high - low) * ((int)s - before) / (after - before);
}

static double score_gap(const MapColumn *column) {
  return MAX(column->thickness / 2 + 9, 16);
}

static void find_arc(MapLayout *layout, const JourneyMap *map) {
  guint best = G_MAXUINT;
  for (guint s = 0; s < map->stages->len; s++)
    if (stage_at(map, s)->returned_from < map->stages->len &&
        (best == G_MAXUINT || stage_at(map, s)->returned > stage_at(map, best)->returned))
      best = s;
  layout->arc.any = best != G_MAXUINT;
  layout->arc.stage = layout->arc.any ? best : 0;
}

static void place_arc(MapLayout *layout, const JourneyMap *map) {
  guint to = layout->arc.stage, from = stage_at(map, to)->returned_from;
  const MapColumn *start = column_at(layout, from), *end = column_at(layout, to);
  gboolean ahead = from < to;
  layout->arc.x1 = ahead || from == to ? start->end - 16 : start->x + 16;
  layout->arc.x2 = ahead || from == to ? end->x + 16 : end->end - 16;
  layout->arc.y1 = start->centre - start->thickness / 2 - 6;
  layout->arc.y2 = end->centre - end->thickness / 2 - 6;
  layout->arc.lane = MIN(layout->arc.y1, layout->arc.y2) - 14;
  for (guint s = MIN(from, to); s <= MAX(from, to); s++)
    layout->arc.lane = MIN(layout->arc.lane, column_at(layout, s)->score_y - (column_at(layout, s)->rated ? 22 : 0));
}

static void place_band(MapLayout *layout, const JourneyMap *map) {
  double up = BAND_HALF, down = BAND_HALF;
  measure_band(layout, map);
  find_arc(layout, map);
  for (guint s = 0; s < map->stages->len; s++) {
    MapColumn *column = column_at(layout, s);
    column->centre = (MIDDLE_SCORE - height_score(layout, map, s)) * POINT;
    column->score_y = column->centre - score_gap(column);
    up = MAX(up, 14 - column->score_y + (layout->arc.any ? 24 : 0));
    down = MAX(down, column->centre + column->thickness / 2 + 24);
  }
  double middle = layout->band_top + up;
  layout->band_bottom = middle + down;
  layout->fair_y = middle + (MIDDLE_SCORE - 50) * POINT;
  layout->good_y = middle + (MIDDLE_SCORE - 75) * POINT;
  for (guint s = 0; s < map->stages->len; s++) {
    column_at(layout, s)->centre += middle;
    column_at(layout, s)->score_y += middle;
  }
  if (layout->arc.any)
    place_arc(layout, map);
  layout->left_y = layout->band_bottom + 20;
  layout->rows_top = layout->left_y + 38;
}

/* Below the pipe, but never into the neighbour's. */
static void place_left(MapLayout *layout, const JourneyMap *map) {
  double floor = layout->margin;
  for (guint s = 0; s < map->stages->len; s++) {
    MapColumn *column = column_at(layout, s);
    if (!stage_at(map, s)->left)
      continue;
    g_autofree char *count = wording_count(layout->language, stage_at(map, s)->left);
    g_autofree char *rest = map_stage_left_text(map, layout->language, s);
    column->left_width = svg_text_width(count, 12, 600) + 4 + svg_text_width(rest, 12, 400);
    column->left_x = MAX(column->end + 14 + MAX(column->left, 3) / 2 - column->left_width / 2, floor);
    floor = column->left_x + column->left_width + 16;
  }
}

/* --- rows ---------------------------------------------------------------------------------------- */

static guint groups_of(const JourneyMap *map) {
  guint groups = 0;
  for (guint t = 0; t < map->touchpoints->len; t++)
    groups += t == 0 || strcmp(touchpoint_at(map, t)->family, touchpoint_at(map, t - 1)->family) != 0;
  return groups;
}

static double row_height(const JourneyMap *map) {
  guint n = map->touchpoints->len;
  return n <= 6 ? 84 : n <= 12 ? 40 : 20;
}

static void place_rows(MapLayout *layout, const JourneyMap *map) {
  guint n = map->touchpoints->len, groups = groups_of(map);
  double page = layout->width / A3, gaps = groups ? (groups - 1) * GROUP_GAP : 0, y = layout->rows_top;
  if (layout->row_height < 24 && layout->rows_top + gaps + n * 24 + FOOT <= page)
    layout->row_height = 24;
  layout->bar = layout->row_height >= 84 ? 20 : layout->row_height >= 40 ? 14 : 10;
  for (guint t = 0; t < n; t++) {
    gboolean first = t == 0 || strcmp(touchpoint_at(map, t)->family, touchpoint_at(map, t - 1)->family) != 0;
    y += t && first ? GROUP_GAP : 0;
    double above = layout->row_height >= 84 ? 38 : layout->row_height >= 40 ? 15 : layout->row_height / 2;
    MapRow row = {y + above, y, y + layout->row_height};
    if (first) {
      MapGroup group = {t, t, y, y};
      g_array_append_val(layout->groups, group);
    }
    y = row.bottom;
    MapGroup *group = &g_array_index(layout->groups, MapGroup, layout->groups->len - 1);
    group->end = t + 1;
    group->bottom = y;
    g_array_append_val(layout->rows, row);
  }
  layout->rows_bottom = MAX(y, layout->rows_top + 20);
  layout->key_y = layout->rows_bottom + 32;
  layout->height = MAX(layout->rows_bottom + FOOT, page);
}

static double count_size(const MapLayout *layout) {
  return layout->row_height >= 40 ? 13 : 12;
}

/* Large rows tell the score above the bar. */
static gboolean marked(const MapLayout *layout, const MapBox *box) {
  return box->mark && layout->row_height < 84;
}

/* What stands behind a bar: digits, arrow and score, number of a weak point. */
static double tail_width(const MapLayout *layout, const JourneyMap *map, guint c) {
  g_autofree char *count = wording_count(layout->language, cell_at(map, c)->persons);
  const MapBox *box = box_at(layout, c);
  double digits = svg_text_width(count, count_size(layout), layout->row_height >= 40 ? 600 : 400);
  return 6 + digits + (marked(layout, box) ? 34 : 0) + (box->weak ? 24 : 0);
}

static void mark_boxes(MapLayout *layout, const JourneyMap *map) {
  for (guint c = 0; c < map->cells->len; c++) {
    const Score *score = &cell_at(map, c)->score;
    MapBox box = {.mark = !score_rated(score) ? 0 : score->value < 45 ? -1 : score->value >= 84 ? 1 : 0};
    g_array_append_val(layout->boxes, box);
  }
  for (guint i = 0; i < map->weak->len; i++)
    box_at(layout, g_array_index(map->weak, MapWeakness, i).cell)->weak = i + 1;
  for (guint i = 0; i < map->road->len; i++)
    box_at(layout, g_array_index(map->road, guint, i))->road = TRUE;
}

/* One scale in all columns, as long as what stands behind the bars stays inside its stage. */
static void scale_bars(MapLayout *layout, const JourneyMap *map) {
  double largest = 0.01, room = layout->stage_width - 2;
  for (guint c = 0; c < map->cells->len; c++)
    largest = MAX(largest, cell_at(map, c)->share);
  double full = BAR_SHARE * layout->stage_width / largest;
  for (guint c = 0; c < map->cells->len; c++) {
    double share = cell_at(map, c)->share;
    if (share > 0)
      full = MIN(full, (room - tail_width(layout, map, c)) / share);
  }
  layout->bar_full = MAX(full, layout->stage_width * 0.2);
}

static void place_boxes(MapLayout *layout, const JourneyMap *map) {
  mark_boxes(layout, map);
  scale_bars(layout, map);
  for (guint c = 0; c < map->cells->len; c++) {
    const MapCell *cell = cell_at(map, c);
    MapBox *box = box_at(layout, c);
    g_autofree char *count = wording_count(layout->language, cell->persons);
    box->x = column_at(layout, cell->stage)->x;
    box->width = MAX(2, cell->share * layout->bar_full);
    box->solid = box->width * (1 - (double)cell->left / (double)cell->persons);
    box->count_x = box->x + box->width + 6;
    box->end = box->count_x + svg_text_width(count, count_size(layout), layout->row_height >= 40 ? 600 : 400);
    box->mark_x = box->end + 7;
    box->end += marked(layout, box) ? 34 : 0;
    box->disc_x = box->end + 14;
    box->end += box->weak ? 24 : 0;
  }
}

/* --- strands ------------------------------------------------------------------------------------- */

static gboolean leads_from(const JourneyMap *map, const MapMove *move, guint stage) {
  return cell_at(map, move->from)->stage == stage && cell_at(map, move->to)->stage == stage + 1;
}

static void add_strand(MapLayout *layout, const JourneyMap *map, const MapMove *move, double most) {
  const MapCell *from = cell_at(map, move->from), *to = cell_at(map, move->to);
  const MapColumn *column = column_at(layout, from->stage);
  MapStrand strand = {.from = move->from,
                      .to = move->to,
                      .start = MIN(box_at(layout, move->from)->end + 7, column->end),
                      .bend = column->end,
                      .end = column_at(layout, to->stage)->x - 3,
                      .y1 = g_array_index(layout->rows, MapRow, from->touchpoint).y,
                      .y2 = g_array_index(layout->rows, MapRow, to->touchpoint).y,
                      .width = MAX(1, STRAND_MAX * sqrt((double)move->persons / most))};
  g_array_append_val(layout->strands, strand);
}

/* A gutter's strongest moves until they hold 70 % of it, or twelve. */
static void place_strands(MapLayout *layout, const JourneyMap *map) {
  guint64 all = 0, shown = 0, most = 1;
  for (guint pass = 0; pass < 2; pass++)
    for (guint s = 0; s + 1 < map->stages->len; s++) {
      guint64 gutter = 0, here = 0;
      for (guint m = 0; m < map->moves->len; m++) {
        const MapMove *move = &g_array_index(map->moves, MapMove, m);
        gutter += leads_from(map, move, s) ? move->persons : 0;
        most = MAX(most, leads_from(map, move, s) ? move->persons : 0);
      }
      all += pass ? gutter : 0;
      guint drawn = 0;
      for (guint m = 0; pass && m < map->moves->len && drawn < STRANDS_A_GUTTER; m++) {
        const MapMove *move = &g_array_index(map->moves, MapMove, m);
        if (!leads_from(map, move, s) || (double)here >= STRANDS_SHARE * (double)gutter)
          continue;
        add_strand(layout, map, move, (double)most);
        here += move->persons;
        drawn++;
      }
      shown += here;
    }
  layout->strand_share = all ? (double)shown / (double)all : NAN;
}

static void measure_credits(MapLayout *layout, const JourneyMap *map) {
  for (guint t = 0; t < map->touchpoints->len; t++) {
    const MapTouchpoint *touchpoint = touchpoint_at(map, t);
    if (isfinite(touchpoint->credit))
      layout->credit_most = MAX(layout->credit_most, touchpoint->credit);
    if (isfinite(touchpoint->credit_high))
      layout->credit_most = MAX(layout->credit_most, touchpoint->credit_high);
  }
}

MapLayout *map_layout_new(const JourneyMap *map) {
  MapLayout *layout = g_new0(MapLayout, 1);
  layout->language = language_of(map->language);
  layout->margin = MARGIN;
  layout->columns = g_array_new(FALSE, TRUE, sizeof(MapColumn));
  layout->rows = g_array_new(FALSE, TRUE, sizeof(MapRow));
  layout->groups = g_array_new(FALSE, TRUE, sizeof(MapGroup));
  layout->boxes = g_array_new(FALSE, TRUE, sizeof(MapBox));
  layout->strands = g_array_new(FALSE, TRUE, sizeof(MapStrand));
  layout->row_height = row_height(map);
  layout->about_y = 42;
  layout->lead_y = 74;
  layout->weak_y = 102;
  layout->names_y = map->weak->len ? 148 : 118;
  layout->band_top = layout->names_y + 26;
  place_labels(layout, map);
  place_columns(layout, map);
  place_band(layout, map);
  place_left(layout, map);
  place_rows(layout, map);
  place_boxes(layout, map);
  place_strands(layout, map);
  measure_credits(layout, map);
  return layout;
}

void map_layout_free(MapLayout *layout) {
  if (!layout)
    return;
  GArray *arrays[] = {layout->columns, layout->rows, layout->groups, layout->boxes, layout->strands};
  for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
    g_array_unref(arrays[i]);
  g_free(layout);
}
