// SPDX-License-Identifier: Apache-2.0
#include "analysis/unit_sort.h"
#include <string.h>

void unit_sort_clear(UnitSort *sort) {
  g_free(sort->events);
  g_free(sort->numbers);
  g_free(sort->start);
  *sort = (UnitSort){0};
}

static void sort_room(UnitSort *sort, guint events) {
  if (events <= sort->events_room)
    return;
  sort->events_room = events * 2;
  sort->events = g_renew(guint32, sort->events, sort->events_room);
  sort->numbers = g_renew(guint32, sort->numbers, sort->events_room);
}

/* Counting sort, backwards so that each unit's events keep their order. */
void unit_sort(UnitSort *sort, const Block *data, const UnitBlock *block, guint32 person) {
  guint32 from = data->person_start[person], to = data->person_start[person + 1], units = 0;
  sort_room(sort, to - from);
  for (guint32 i = from; i < to; i++) {
    sort->numbers[i - from] = block->whole ? 1 : unit_number(block, person, i);
    units = MAX(units, sort->numbers[i - from]);
  }
  if (units + 1 > sort->units_room) {
    sort->units_room = (units + 1) * 2;
    sort->start = g_renew(guint32, sort->start, sort->units_room);
  }
  sort->n_units = units;
  memset(sort->start, 0, (units + 1) * sizeof *sort->start);
  for (guint32 i = 0; i < to - from; i++)
    if (sort->numbers[i])
      sort->start[sort->numbers[i]]++;
  for (guint32 u = 1; u <= units; u++)
    sort->start[u] += sort->start[u - 1];
  guint32 sorted = sort->start[units];
  for (guint32 i = to - from; i-- > 0;)
    if (sort->numbers[i])
      sort->events[--sort->start[sort->numbers[i]]] = from + i;
  memmove(sort->start, sort->start + 1, units * sizeof *sort->start);
  sort->start[units] = sorted;
}
