// SPDX-License-Identifier: Apache-2.0
#include "analysis/map_story.h"
#include "analysis/rates.h"
#include <math.h>
#include <string.h>

enum { WEAK_SHOWN = 3, WEAK_PERSONS_MIN = 20 };

static const MapStage *stage_at(const JourneyMap *map, guint stage) {
  return &g_array_index(map->stages, MapStage, stage);
}
static const MapCell *cell_at(const JourneyMap *map, guint cell) {
  return &g_array_index(map->cells, MapCell, cell);
}

guint map_story_worst(const JourneyMap *map) {
  guint worst = G_MAXUINT;
  guint64 left = 0, second = 0;
  for (guint s = 0; s < map->stages->len; s++) {
    guint64 here = stage_at(map, s)->left, most = worst == G_MAXUINT ? 0 : stage_at(map, worst)->left;
    left += here;
    second = MAX(second, MIN(here, most));
    worst = here > most ? s : worst;
  }
  return worst != G_MAXUINT && classes_differ(stage_at(map, worst)->left, second, left) ? worst : G_MAXUINT;
}

void map_story_finding(gconstpointer result, const Project *project, const char *language, Finding *out) {
  const JourneyMap *map = result;
  guint worst = map_story_worst(map);
  finding_set(out, map->persons == 0 ? "map.empty" : worst != G_MAXUINT ? "map.most_leave" : "map.persons");
  if (worst == G_MAXUINT) {
    finding_count(out, "persons", map->persons);
    return;
  }
  const MapStage *stage = stage_at(map, worst);
  finding_text(out, "stage", stage->name, project_stage_label(project, stage->name, language));
  finding_count(out, "left", stage->left);
  finding_count(out, "persons", stage->persons);
  finding_share(out, "share", (double)stage->left / (double)stage->persons);
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

/* The most frequent move from a cell into a later stage, NULL without one. */
static const MapMove *move_onward(const JourneyMap *map, guint at) {
  for (guint m = 0; m < map->moves->len; m++) { /* most persons first */
    const MapMove *move = &g_array_index(map->moves, MapMove, m);
    if (move->from == at && cell_at(map, move->to)->stage > cell_at(map, at)->stage)
      return move;
  }
  return NULL;
}

/* The most frequent move inside the stage, when it is more frequent than the one onward and leads to where more go on. */
static const MapMove *move_inside(const JourneyMap *map, guint at, const MapMove *onward) {
  for (guint m = 0; m < map->moves->len; m++) {
    const MapMove *move = &g_array_index(map->moves, MapMove, m);
    if (onward && move->persons <= onward->persons)
      return NULL;
    if (move->from != at || cell_at(map, move->to)->stage != cell_at(map, at)->stage)
      continue;
    const MapMove *from_there = move_onward(map, move->to);
    return from_there && (!onward || from_there->persons > onward->persons) ? move : NULL;
  }
  return NULL;
}

static guint road_next(const JourneyMap *map, guint at, gboolean may_stay) {
  const MapMove *onward = move_onward(map, at), *inside = may_stay ? move_inside(map, at, onward) : NULL;
  return inside ? inside->to : onward ? onward->to : G_MAXUINT;
}

static void find_road(JourneyMap *map) {
  guint at = road_start(map), entered = at;
  if (at != G_MAXUINT)
    g_array_append_val(map->road, at);
  while (at != G_MAXUINT) {
    guint stage = cell_at(map, at)->stage;
    guint next = road_next(map, at, at == entered && stage > cell_at(map, g_array_index(map->road, guint, 0))->stage);
    if (next != G_MAXUINT) {
      g_array_append_val(map->road, next);
      entered = cell_at(map, next)->stage == stage ? entered : next;
    }
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

/* Of those who touch a cell of the stage, the share that leaves there: of an average cell. */
static double usual_share(const JourneyMap *map, guint stage) {
  guint64 persons = 0, left = 0;
  for (guint c = 0; c < map->cells->len; c++) {
    persons += cell_at(map, c)->stage == stage ? cell_at(map, c)->persons : 0;
    left += cell_at(map, c)->stage == stage ? cell_at(map, c)->left : 0;
  }
  return persons ? (double)left / (double)persons : 0;
}

/* Where nothing is sold, every person is worth the same. */
static void find_weak(JourneyMap *map) {
  g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(MapWeakness));
  for (guint c = 0; c < map->cells->len; c++) {
    const MapCell *cell = cell_at(map, c);
    double persons = (double)cell->persons, share = (double)cell->left / persons;
    if (cell->persons < WEAK_PERSONS_MIN || share_low(share, persons) <= usual_share(map, cell->stage))
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
