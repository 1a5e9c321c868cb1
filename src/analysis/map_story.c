// SPDX-License-Identifier: Apache-2.0
#include "analysis/map_story.h"
#include <math.h>
#include <string.h>

enum { STEPS_IN_STAGE = 2, WEAK_SHOWN = 3, WEAK_PERSONS_MIN = 20 };

static const MapStage *stage_at(const JourneyMap *map, guint stage) {
  return &g_array_index(map->stages, MapStage, stage);
}
static const MapCell *cell_at(const JourneyMap *map, guint cell) {
  return &g_array_index(map->cells, MapCell, cell);
}

guint map_story_worst(const JourneyMap *map) {
  guint worst = G_MAXUINT;
  for (guint s = 0; s < map->stages->len; s++)
    if (stage_at(map, s)->left && (worst == G_MAXUINT || stage_at(map, s)->left > stage_at(map, worst)->left))
      worst = s;
  return worst;
}

static guint road_start(const JourneyMap *map) {
  guint best = G_MAXUINT;
  for (guint c = 0; c < map->cells->len; c++) {
    const MapCell *cell = cell_at(map, c), *before = best == G_MAXUINT ? NULL : cell_at(map, best);
    if (!before || cell->stage < before->stage || (cell->stage == before->stage && cell->persons > before->persons))
      best = c;
  }
  return best;
}

static gboolean on_road(const JourneyMap *map, guint cell) {
  for (guint i = 0; i < map->road->len; i++)
    if (g_array_index(map->road, guint, i) == cell)
      return TRUE;
  return FALSE;
}

static guint road_next(const JourneyMap *map, guint at, gboolean may_stay) {
  for (guint m = 0; m < map->moves->len; m++) { /* most persons first */
    const MapMove *move = &g_array_index(map->moves, MapMove, m);
    guint stage = cell_at(map, move->to)->stage, from = cell_at(map, at)->stage;
    if (move->from == at && (stage > from || (stage == from && may_stay)) && !on_road(map, move->to))
      return move->to;
  }
  return G_MAXUINT;
}

static void find_road(JourneyMap *map) {
  guint at = road_start(map), steps = 0;
  while (at != G_MAXUINT) {
    g_array_append_val(map->road, at);
    guint next = road_next(map, at, steps < STEPS_IN_STAGE);
    steps = next != G_MAXUINT && cell_at(map, next)->stage == cell_at(map, at)->stage ? steps + 1 : 0;
    at = next;
  }
}

static int weakness_compare(gconstpointer a, gconstpointer b) {
  const MapWeakness *x = a, *y = b;
  if (x->value_lost != y->value_lost)
    return x->value_lost > y->value_lost ? -1 : 1;
  return (x->cell > y->cell) - (x->cell < y->cell);
}

/* Lower end of Wilson's 95 % interval of a share (Wilson, "Probable inference", 1927). */
static double share_low(double share, double n) {
  const double z2 = 1.96 * 1.96;
  return (share + z2 / (2 * n) - 1.96 * sqrt(share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n);
}

/* Where nothing is sold, every person is worth the same. */
static void find_weak(JourneyMap *map) {
  g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(MapWeakness));
  for (guint c = 0; c < map->cells->len; c++) {
    const MapCell *cell = cell_at(map, c);
    const MapStage *stage = stage_at(map, cell->stage);
    double persons = (double)cell->persons, share = (double)cell->left / persons;
    if (cell->persons < WEAK_PERSONS_MIN || share_low(share, persons) <= (double)stage->left / (double)stage->persons)
      continue;
    double worth = map->value > 0 ? MAX((double)cell->value / persons, 0) : 1e6;
    MapWeakness row = {c, share, (gint64)((double)cell->left * worth)};
    g_array_append_val(all, row);
  }
  g_array_sort(all, weakness_compare);
  g_array_append_vals(map->weak, all->data, MIN(all->len, (guint)WEAK_SHOWN));
}

void map_story_find(JourneyMap *map) {
  find_road(map);
  find_weak(map);
}

static guint same_cell(const JourneyMap *from, guint cell, const JourneyMap *folded) {
  const MapCell *wanted = cell_at(from, cell);
  guint32 code = g_array_index(from->touchpoints, MapTouchpoint, wanted->touchpoint).code;
  for (guint c = 0; c < folded->cells->len; c++) {
    const MapCell *found = cell_at(folded, c);
    if (found->stage == wanted->stage && g_array_index(folded->touchpoints, MapTouchpoint, found->touchpoint).code == code)
      return c;
  }
  return G_MAXUINT;
}

void map_story_copy(const JourneyMap *from, JourneyMap *folded) {
  for (guint i = 0; i < from->road->len; i++) {
    guint cell = same_cell(from, g_array_index(from->road, guint, i), folded);
    if (cell != G_MAXUINT)
      g_array_append_val(folded->road, cell);
  }
  for (guint i = 0; i < from->weak->len; i++) {
    MapWeakness row = g_array_index(from->weak, MapWeakness, i);
    if ((row.cell = same_cell(from, row.cell, folded)) != G_MAXUINT)
      g_array_append_val(folded->weak, row);
  }
}
