/* SPDX-License-Identifier: Apache-2.0
 * map_family.h: families of touchpoints: the rows of the map stand by family, in one order everywhere. A touchpoint is of the
 * family that the project's rule gives it; without one, of what its events say: their name, channel, place, grade, and the kind
 * of their source. */
#pragma once
#include "analysis/field.h"

enum { MAP_FAMILIES = 8 };
const char *map_family_name(guint family); /* of the known ones: ads social search web mail store service club */
/* The known ones first, others after them by name. */
int map_family_compare(const char *a, const char *b);

typedef struct MapFamilies MapFamilies; /* thread-safe */
MapFamilies *map_families_new(const Question *question, GError **error);
void map_families_free(MapFamilies *families);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MapFamilies, map_families_free)
/* The family that a rule of the project states for its touchpoint, else NULL; any code of derive.h. */
const char *map_families_ruled(const MapFamilies *families, guint32 touchpoint);

typedef struct { /* of one worker */
  MapFamilies *families;
  const Block *data;
  guint block;
  gboolean placed; /* `place` is read, or cannot be */
  FieldBlock channel, place;
} MapFamilyBlock;
gboolean map_family_block(MapFamilies *families, guint block, const Block *data, MapFamilyBlock *out, GError **error);
void map_family_block_clear(MapFamilyBlock *block);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MapFamilyBlock, map_family_block_clear)
/* What one event of a touchpoint says: an index into the known families. */
guint map_family_at(MapFamilyBlock *block, guint32 event, guint32 touchpoint);
/* The rule's, else what the event says. */
const char *map_family_of(MapFamilyBlock *block, guint32 event, guint32 touchpoint);
