// SPDX-License-Identifier: Apache-2.0
// The map as a report of the catalogue: its options, JSON and table.
#include "analysis/map.h"
#include "analysis/map_story.h"
#include "analysis/who.h"
#include <math.h>

static gpointer map_run(const Question *question, const Params *params, GError **error) {
  return journey_map_run(question, params, error);
}

static void score_json(const Score *score, JsonOut *out) {
  json_key(out, "score");
  if (score->n == 0) {
    json_null(out);
    return;
  }
  json_object(out);
  json_kv_double(out, "value", score->value);
  json_kv_int(out, "n", (gint64)score->n);
  json_kv_double(out, "low", score->low);
  json_kv_double(out, "high", score->high);
  json_object_end(out);
}

static const MapStage *stage_at(const JourneyMap *map, guint stage) {
  return &g_array_index(map->stages, MapStage, stage);
}
static const MapTouchpoint *touchpoint_at(const JourneyMap *map, guint touchpoint) {
  return &g_array_index(map->touchpoints, MapTouchpoint, touchpoint);
}
static const MapCell *cell_at(const JourneyMap *map, guint cell) {
  return &g_array_index(map->cells, MapCell, cell);
}

static void stages_json(const JourneyMap *map, JsonOut *out) {
  json_key(out, "stages");
  json_array(out);
  for (guint s = 0; s < map->stages->len; s++) {
    const MapStage *stage = stage_at(map, s);
    json_object(out);
    json_kv_string(out, "stage", stage->name);
    json_kv_string(out, "label", stage->label);
    json_kv_int(out, "persons", (gint64)stage->persons);
    json_kv_double(out, "share", stage->share);
    json_kv_int(out, "onward", (gint64)stage->onward);
    json_kv_int(out, "still", (gint64)stage->still);
    json_kv_int(out, "left", (gint64)stage->left);
    json_kv_int(out, "entered", (gint64)stage->entered);
    json_kv_int(out, "returned", (gint64)stage->returned);
    if (stage->returned_from < map->stages->len)
      json_kv_string(out, "returned_from", stage_at(map, stage->returned_from)->name);
    json_kv_double(out, "median_ms", stage->median_ms);
    score_json(&stage->score, out);
    json_object_end(out);
  }
  json_array_end(out);
}

static void place_json(const JourneyMap *map, const char *name, guint cell, JsonOut *out) {
  json_key(out, name);
  json_object(out);
  json_kv_string(out, "stage", stage_at(map, cell_at(map, cell)->stage)->name);
  json_kv_string(out, "touchpoint", touchpoint_at(map, cell_at(map, cell)->touchpoint)->name);
  json_object_end(out);
}

static void cells_json(const JourneyMap *map, JsonOut *out) {
  json_key(out, "cells");
  json_array(out);
  for (guint c = 0; c < map->cells->len; c++) {
    const MapCell *cell = cell_at(map, c);
    const MapTouchpoint *touchpoint = touchpoint_at(map, cell->touchpoint);
    json_object(out);
    json_kv_string(out, "touchpoint", touchpoint->name);
    json_kv_string(out, "family", touchpoint->family);
    json_kv_string(out, "stage", stage_at(map, cell->stage)->name);
    json_kv_int(out, "persons", (gint64)cell->persons);
    json_kv_double(out, "share", cell->share);
    json_kv_int(out, "left", (gint64)cell->left);
    score_json(&cell->score, out);
    json_kv_micro(out, "value", cell->value);
    json_kv_double(out, "median_ms", cell->median_ms);
    json_object_end(out);
  }
  json_array_end(out);
}

static void moves_json(const JourneyMap *map, JsonOut *out) {
  json_key(out, "moves");
  json_array(out);
  for (guint m = 0; m < map->moves->len; m++) {
    const MapMove *move = &g_array_index(map->moves, MapMove, m);
    json_object(out);
    place_json(map, "from", move->from, out);
    place_json(map, "to", move->to, out);
    json_kv_int(out, "persons", (gint64)move->persons);
    json_kv_double(out, "median_ms", move->median_ms);
    json_object_end(out);
  }
  json_array_end(out);
}

static void folded_json(const MapTouchpoint *touchpoint, JsonOut *out) {
  if (!touchpoint->folded)
    return;
  json_key(out, "folded");
  json_array(out);
  for (char **name = touchpoint->folded; *name; name++)
    json_string(out, *name);
  json_array_end(out);
}

static void touchpoints_json(const JourneyMap *map, JsonOut *out) {
  json_key(out, "touchpoints");
  json_array(out);
  for (guint t = 0; t < map->touchpoints->len; t++) {
    const MapTouchpoint *touchpoint = touchpoint_at(map, t);
    json_object(out);
    json_kv_string(out, "touchpoint", touchpoint->name);
    json_kv_string(out, "label", touchpoint->label);
    json_kv_string(out, "family", touchpoint->family);
    folded_json(touchpoint, out);
    json_kv_int(out, "persons", (gint64)touchpoint->persons);
    json_kv_double(out, "credit", touchpoint->credit);
    json_kv_double(out, "credit_low", touchpoint->credit_low);
    json_kv_double(out, "credit_high", touchpoint->credit_high);
    json_object_end(out);
  }
  json_array_end(out);
}

static void weak_json(const JourneyMap *map, JsonOut *out) {
  json_key(out, "weak_points");
  json_array(out);
  for (guint w = 0; w < map->weak->len; w++) {
    const MapWeakness *weak = &g_array_index(map->weak, MapWeakness, w);
    json_object(out);
    place_json(map, "at", weak->cell, out);
    json_kv_double(out, "left_share", weak->left_share);
    json_kv_micro(out, "value_lost", weak->value_lost);
    json_object_end(out);
  }
  json_array_end(out);
}

static void map_json(gconstpointer result, JsonOut *out) {
  const JourneyMap *map = result;
  json_kv_int(out, "persons", (gint64)map->persons);
  json_kv_micro(out, "value", map->value);
  json_kv_string(out, "model", map->model);
  stages_json(map, out);
  touchpoints_json(map, out);
  cells_json(map, out);
  moves_json(map, out);
  weak_json(map, out);
  json_key(out, "road");
  json_array(out);
  for (guint i = 0; i < map->road->len; i++) {
    json_object(out);
    place_json(map, "at", g_array_index(map->road, guint, i), out);
    json_object_end(out);
  }
  json_array_end(out);
  if (!map->who)
    return;
  json_key(out, "listed");
  json_array(out);
  for (guint i = 0; i < map->who->len; i++) {
    g_autofree char *id = g_strdup_printf(WHO_FORMAT, g_array_index(map->who, guint64, i));
    json_string(out, id);
  }
  json_array_end(out);
}

static void stages_table(const JourneyMap *map, Table *table) {
  table_title(table, "Journey map: %" G_GUINT64_FORMAT " persons", map->persons);
  table_column(table, "stage", CELL_TEXT);
  table_column(table, "persons", CELL_INT);
  table_column(table, "share", CELL_SHARE);
  table_column(table, "", CELL_BAR);
  table_column(table, "onward", CELL_INT);
  table_column(table, "still", CELL_INT);
  table_column(table, "left", CELL_INT);
  table_column(table, "returned", CELL_INT);
  table_column(table, "to next", CELL_DURATION);
  table_column(table, "score", CELL_NUMBER);
  for (guint s = 0; s < map->stages->len; s++) {
    const MapStage *stage = stage_at(map, s);
    table_text(table, stage->label);
    table_int(table, (gint64)stage->persons);
    table_number(table, stage->share);
    table_number(table, stage->share);
    table_int(table, (gint64)stage->onward);
    table_int(table, (gint64)stage->still);
    table_int(table, (gint64)stage->left);
    table_int(table, (gint64)stage->returned);
    table_number(table, stage->median_ms);
    table_number(table, stage->score.value);
  }
}

static void grid_table(const JourneyMap *map, Table *table) {
  guint c = 0;
  table_title(table, "Persons by touchpoint and stage");
  table_column(table, "family", CELL_TEXT);
  table_column(table, "touchpoint", CELL_TEXT);
  for (guint s = 0; s < map->stages->len; s++)
    table_column(table, stage_at(map, s)->label, CELL_INT);
  table_column(table, "credit", CELL_MONEY);
  for (guint t = 0; t < map->touchpoints->len; t++) {
    table_text(table, touchpoint_at(map, t)->family);
    table_text(table, touchpoint_at(map, t)->label);
    for (guint s = 0; s < map->stages->len; s++) {
      const MapCell *cell = c < map->cells->len ? cell_at(map, c) : NULL;
      if (cell && cell->touchpoint == t && cell->stage == s) {
        table_int(table, (gint64)cell->persons);
        c++;
      } else {
        table_empty(table);
      }
    }
    table_number(table, touchpoint_at(map, t)->credit);
  }
}

static void who_table(const JourneyMap *map, Table *table) {
  table_title(table, "Persons of the cell");
  table_ids(table, map->who);
}

static void map_table(gconstpointer result, Table *table) {
  const JourneyMap *map = result;
  stages_table(map, table);
  grid_table(map, table);
  if (map->who)
    who_table(map, table);
  for (guint w = 0; w < map->weak->len; w++) {
    const MapWeakness *weak = &g_array_index(map->weak, MapWeakness, w);
    const MapCell *cell = cell_at(map, weak->cell);
    table_note(table, "%u. %s in %s: %.0f%% leave there (%" G_GUINT64_FORMAT " persons).", w + 1,
               touchpoint_at(map, cell->touchpoint)->label, stage_at(map, cell->stage)->label, 100 * weak->left_share, cell->left);
  }
}

static const GArray *map_who(gconstpointer result) {
  return ((const JourneyMap *)result)->who;
}

static const Param params[] = {
    {"model", PARAM_CHOICE, FALSE, FALSE, "markov|shapley|linear|first|last|position|none", "markov",
     "Whose credits stand at the right"},
    {"language", PARAM_CHOICE, FALSE, FALSE, "en|de", NULL, "Of labels and picture (the project's)"},
    {"rows", PARAM_CHOICE, FALSE, FALSE, "all|auto", "all",
     "auto: above 28 touchpoints the largest of each family, 24 rows in all (pictures do so)"},
    {"who", PARAM_TEXT, FALSE, FALSE, NULL, NULL, "List the persons of a cell: stage:decision,touchpoint:Cart"},
    {NULL},
};

const Report map_report = {"map",
                           "The measured journey map: stages across, touchpoints down, people in between.",
                           "--from 2025-01-01 --format svg > map.svg",
                           params,
                           map_run,
                           map_json,
                           map_table,
                           journey_map_free,
                           map_story_finding,
                           TRUE,
                           map_who};
