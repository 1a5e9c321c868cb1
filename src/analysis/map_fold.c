// SPDX-License-Identifier: Apache-2.0
#include "analysis/map_fold.h"
#include <string.h>

struct MapFold {
  GArray *row;       /* guint32 by touchpoint code */
  GPtrArray *groups; /* of MapFoldGroup* */
};

typedef struct {
  const JourneyMap *map;
  gboolean *kept; /* per touchpoint of the map */
} Choice;

static const MapTouchpoint *touchpoint_at(const Choice *choice, guint t) {
  return &g_array_index(choice->map->touchpoints, MapTouchpoint, t);
}

static guint family_end(const Choice *choice, guint begin) {
  guint end = begin + 1;
  while (end < choice->map->touchpoints->len &&
         strcmp(touchpoint_at(choice, end)->family, touchpoint_at(choice, begin)->family) == 0)
    end++;
  return end;
}

static guint hidden_in(const Choice *choice, guint begin, guint end) {
  guint hidden = 0;
  for (guint t = begin; t < end; t++)
    hidden += !choice->kept[t];
  return hidden;
}

static guint rows_of(const Choice *choice) {
  guint rows = 0;
  for (guint begin = 0, end; begin < choice->map->touchpoints->len; begin = end) {
    end = family_end(choice, begin);
    guint hidden = hidden_in(choice, begin, end);
    rows += end - begin - hidden + (hidden > 0);
  }
  return rows;
}

static void keep_single(const Choice *choice) {
  for (guint begin = 0, end; begin < choice->map->touchpoints->len; begin = end) {
    end = family_end(choice, begin);
    for (guint t = begin; t < end && hidden_in(choice, begin, end) == 1; t++)
      choice->kept[t] = TRUE;
  }
}

static void keep_cell(const Choice *choice, guint cell) {
  choice->kept[g_array_index(choice->map->cells, MapCell, cell).touchpoint] = TRUE;
}

static void keep_story(const Choice *choice) {
  for (guint i = 0; i < choice->map->road->len; i++)
    keep_cell(choice, g_array_index(choice->map->road, guint, i));
  for (guint i = 0; i < choice->map->weak->len; i++)
    keep_cell(choice, g_array_index(choice->map->weak, MapWeakness, i).cell);
}

static void keep_largest(const Choice *choice, guint rows) {
  for (guint begin = 0; begin < choice->map->touchpoints->len; begin = family_end(choice, begin))
    choice->kept[begin] = TRUE; /* most persons first */
  keep_single(choice);
  for (;;) {
    guint best = G_MAXUINT;
    for (guint t = 0; t < choice->map->touchpoints->len; t++)
      if (!choice->kept[t] && (best == G_MAXUINT || touchpoint_at(choice, t)->persons > touchpoint_at(choice, best)->persons))
        best = t;
    if (best == G_MAXUINT || rows_of(choice) >= rows)
      return;
    choice->kept[best] = TRUE;
    keep_single(choice);
  }
}

static void group_free(gpointer data) {
  MapFoldGroup *group = data;
  g_free(group->name);
  g_free(group->family);
  g_strfreev(group->touchpoints);
  g_free(group);
}

static void add_group(MapFold *fold, const Choice *choice, guint begin, guint end) {
  MapFoldGroup *group = g_new0(MapFoldGroup, 1);
  GPtrArray *names = g_ptr_array_new();
  for (guint t = begin; t < end; t++)
    if (!choice->kept[t]) {
      g_array_index(fold->row, guint32, touchpoint_at(choice, t)->code) = fold->row->len + fold->groups->len;
      g_ptr_array_add(names, g_strdup(touchpoint_at(choice, t)->name));
    }
  g_ptr_array_add(names, NULL);
  group->family = g_strdup(touchpoint_at(choice, begin)->family);
  group->name = g_strconcat("+", group->family, NULL);
  group->touchpoints = (char **)g_ptr_array_free(names, FALSE);
  g_ptr_array_add(fold->groups, group);
}

MapFold *map_fold_new(const JourneyMap *map, guint rows) {
  MapFold *fold = g_new0(MapFold, 1);
  g_autofree gboolean *kept = g_new0(gboolean, map->touchpoints->len + 1);
  Choice choice = {map, kept};
  keep_story(&choice);
  keep_largest(&choice, rows);
  fold->row = g_array_new(FALSE, FALSE, sizeof(guint32));
  fold->groups = g_ptr_array_new_with_free_func(group_free);
  for (guint32 code = 0; code < map->n_codes; code++)
    g_array_append_val(fold->row, code);
  for (guint begin = 0, end; begin < map->touchpoints->len; begin = end) {
    end = family_end(&choice, begin);
    if (hidden_in(&choice, begin, end))
      add_group(fold, &choice, begin, end);
  }
  return fold;
}

void map_fold_free(MapFold *fold) {
  if (!fold)
    return;
  g_array_unref(fold->row);
  g_ptr_array_unref(fold->groups);
  g_free(fold);
}

guint32 map_fold_row(const MapFold *fold, guint32 touchpoint) {
  return g_array_index(fold->row, guint32, touchpoint);
}
guint map_fold_codes(const MapFold *fold) {
  return fold->row->len;
}
guint map_fold_groups(const MapFold *fold) {
  return fold->groups->len;
}
const MapFoldGroup *map_fold_group(const MapFold *fold, guint index) {
  return fold->groups->pdata[index];
}
