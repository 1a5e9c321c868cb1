/* SPDX-License-Identifier: Apache-2.0
 * map_fold.h: which rows of a large map stand for themselves and which are folded into "+ 11 more" of their family.
 * What the story names (road, weak points) and each family's largest stay; then the largest of all until `rows`. A
 * family never folds a single touchpoint: it would take the same row. */
#pragma once
#include "analysis/derive.h"
#include "analysis/map.h"

typedef struct {
  char *name, *family; /* name: "+ads" */
  char **touchpoints;  /* their names, most persons first */
} MapFoldGroup;

typedef struct MapFold MapFold;
/* From the unfolded map of the same question. Where families or the story need more rows, it has more. */
MapFold *map_fold_new(const JourneyMap *map, guint rows);
void map_fold_free(MapFold *fold);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MapFold, map_fold_free)

/* Codes are those of derive_touchpoint_name; a group's code follows them: map_fold_codes() + index. */
guint32 map_fold_row(const MapFold *fold, guint32 touchpoint);
guint map_fold_codes(const MapFold *fold);
guint map_fold_groups(const MapFold *fold);
const MapFoldGroup *map_fold_group(const MapFold *fold, guint index);
