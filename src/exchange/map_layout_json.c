// SPDX-License-Identifier: Apache-2.0
// The layout as JSON, for who draws the map elsewhere. Numbers are px; docs/map.md says what each key means.
#include "exchange/map_layout.h"
#include <stddef.h>

typedef struct {
  const char *key;
  gsize offset; /* of a double */
} Field;

static void fields(JsonOut *out, gconstpointer from, const Field *table, guint n) {
  for (guint i = 0; i < n; i++)
    json_kv_double(out, table[i].key, *(const double *)(gconstpointer)((const char *)from + table[i].offset));
}

static const MapStage *stage_at(const JourneyMap *map, guint s) {
  return &g_array_index(map->stages, MapStage, s);
}
static const MapTouchpoint *touchpoint_at(const JourneyMap *map, guint t) {
  return &g_array_index(map->touchpoints, MapTouchpoint, t);
}

static void place(JsonOut *out, const JourneyMap *map, guint c) {
  const MapCell *cell = &g_array_index(map->cells, MapCell, c);
  json_kv_string(out, "stage", stage_at(map, cell->stage)->name);
  json_kv_string(out, "touchpoint", touchpoint_at(map, cell->touchpoint)->name);
}

static void columns(const MapLayout *layout, const JourneyMap *map, JsonOut *out) {
  static const Field table[] = {{"x", offsetof(MapColumn, x)},           {"end", offsetof(MapColumn, end)},
                                {"centre", offsetof(MapColumn, centre)}, {"thickness", offsetof(MapColumn, thickness)},
                                {"onward", offsetof(MapColumn, onward)}, {"still", offsetof(MapColumn, still)},
                                {"left", offsetof(MapColumn, left)},     {"entered", offsetof(MapColumn, entered)}};
  json_key(out, "columns");
  json_array(out);
  for (guint s = 0; s < layout->columns->len; s++) {
    const MapColumn *column = &g_array_index(layout->columns, MapColumn, s);
    json_object(out);
    json_kv_string(out, "stage", stage_at(map, s)->name);
    fields(out, column, table, G_N_ELEMENTS(table));
    json_kv_bool(out, "rated", column->rated);
    json_object_end(out);
  }
  json_array_end(out);
}

static void rows(const MapLayout *layout, const JourneyMap *map, JsonOut *out) {
  json_key(out, "rows");
  json_array(out);
  for (guint t = 0; t < layout->rows->len; t++) {
    json_object(out);
    json_kv_string(out, "touchpoint", touchpoint_at(map, t)->name);
    json_kv_string(out, "family", touchpoint_at(map, t)->family);
    json_kv_double(out, "y", g_array_index(layout->rows, MapRow, t).y);
    json_object_end(out);
  }
  json_array_end(out);
}

static void cells(const MapLayout *layout, const JourneyMap *map, JsonOut *out) {
  json_key(out, "cells");
  json_array(out);
  for (guint c = 0; c < layout->boxes->len; c++) {
    const MapBox *box = &g_array_index(layout->boxes, MapBox, c);
    json_object(out);
    place(out, map, c);
    json_kv_double(out, "width", box->width);
    json_kv_double(out, "solid", box->solid);
    json_kv_int(out, "mark", box->mark);
    json_kv_int(out, "weak", box->weak);
    json_kv_bool(out, "road", box->road);
    json_object_end(out);
  }
  json_array_end(out);
}

static void strands(const MapLayout *layout, const JourneyMap *map, JsonOut *out) {
  json_key(out, "strands");
  json_array(out);
  for (guint i = 0; i < layout->strands->len; i++) {
    const MapStrand *strand = &g_array_index(layout->strands, MapStrand, i);
    json_object(out);
    json_key(out, "from");
    json_object(out);
    place(out, map, strand->from);
    json_object_end(out);
    json_key(out, "to");
    json_object(out);
    place(out, map, strand->to);
    json_object_end(out);
    json_kv_double(out, "width", strand->width);
    json_object_end(out);
  }
  json_array_end(out);
}

void map_layout_json(const MapLayout *layout, const JourneyMap *map, JsonOut *out) {
  static const Field table[] = {{"width", offsetof(MapLayout, width)},
                                {"height", offsetof(MapLayout, height)},
                                {"margin", offsetof(MapLayout, margin)},
                                {"labels", offsetof(MapLayout, labels)},
                                {"stage_width", offsetof(MapLayout, stage_width)},
                                {"gutter", offsetof(MapLayout, gutter)},
                                {"row_height", offsetof(MapLayout, row_height)},
                                {"bar", offsetof(MapLayout, bar)},
                                {"bar_full", offsetof(MapLayout, bar_full)},
                                {"good_y", offsetof(MapLayout, good_y)},
                                {"fair_y", offsetof(MapLayout, fair_y)},
                                {"left_y", offsetof(MapLayout, left_y)},
                                {"rows_top", offsetof(MapLayout, rows_top)},
                                {"rows_bottom", offsetof(MapLayout, rows_bottom)},
                                {"strand_share", offsetof(MapLayout, strand_share)}};
  json_object(out);
  fields(out, layout, table, G_N_ELEMENTS(table));
  json_kv_bool(out, "scored", layout->scored);
  columns(layout, map, out);
  rows(layout, map, out);
  cells(layout, map, out);
  strands(layout, map, out);
  json_object_end(out);
}
