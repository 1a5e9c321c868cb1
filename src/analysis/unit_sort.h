/* SPDX-License-Identifier: Apache-2.0
 * unit_sort.h: a block's persons cut into parts. The events of a part share a code; a person's codes follow the
 * person's base closely, code 0 is "in no part". */
#pragma once
#include "journey/block.h"

typedef struct {
  gboolean whole;      /* persons: no codes */
  Codes codes;         /* per event */
  const guint32 *base; /* per person, or NULL: 0 */
} UnitBlock;

/* The event's unit within its person, 1.., or 0. */
static inline guint32 unit_number(const UnitBlock *block, guint32 person, guint32 event) {
  guint32 code = codes_at(&block->codes, event);
  return code && block->base ? code - block->base[person] : code;
}

/* A person's events sorted by unit; reused from person to person. */
typedef struct {
  guint32 *events; /* of all units, one after the other, each in order */
  guint32 *start;  /* n_units + 1 offsets into events: unit u's begin at start[u - 1]; those of no unit are left out */
  guint n_units;   /* the highest number; some units before it may be empty */
  guint32 *numbers;
  guint events_room, units_room;
} UnitSort;
void unit_sort(UnitSort *sort, const Block *data, const UnitBlock *block, guint32 person);
void unit_sort_clear(UnitSort *sort);
