// SPDX-License-Identifier: Apache-2.0
#include "analysis/path_counter.h"
#include "base/hash.h"
#include <string.h>

void path_counter_init(PathCounter *counter) {
  counter->codes = g_array_new(FALSE, FALSE, sizeof(guint32));
  counter->decay = g_array_new(FALSE, FALSE, sizeof(DecaySum));
  counter->cells = g_array_new(FALSE, FALSE, sizeof(PathCell));
  counter->persons = g_array_new(FALSE, FALSE, sizeof(PathOfPerson));
  counter->n_slots = 1024;
  counter->slots = g_new0(guint32, counter->n_slots);
}

void path_counter_clear(PathCounter *counter) {
  g_clear_pointer(&counter->codes, g_array_unref);
  g_clear_pointer(&counter->decay, g_array_unref);
  g_clear_pointer(&counter->cells, g_array_unref);
  g_clear_pointer(&counter->persons, g_array_unref);
  g_clear_pointer(&counter->slots, g_free);
}

static guint64 codes_hash(const guint32 *codes, guint n) {
  return checksum64(codes, n * sizeof *codes);
}

static void counter_grow(PathCounter *counter) {
  guint32 *old = counter->slots;
  guint n_old = counter->n_slots;
  counter->n_slots *= 2;
  counter->slots = g_new0(guint32, counter->n_slots);
  for (guint i = 0; i < n_old; i++)
    if (old[i]) {
      const PathCell *cell = &g_array_index(counter->cells, PathCell, old[i] - 1);
      guint at = (guint)codes_hash(&g_array_index(counter->codes, guint32, cell->first), cell->n) & (counter->n_slots - 1);
      while (counter->slots[at])
        at = (at + 1) & (counter->n_slots - 1);
      counter->slots[at] = old[i];
    }
  g_free(old);
}

guint32 path_counter_find(PathCounter *counter, const guint32 *codes, guint n) {
  if (counter->cells->len * 2 >= counter->n_slots)
    counter_grow(counter);
  guint at = (guint)codes_hash(codes, n) & (counter->n_slots - 1);
  for (; counter->slots[at]; at = (at + 1) & (counter->n_slots - 1)) {
    const PathCell *cell = &g_array_index(counter->cells, PathCell, counter->slots[at] - 1);
    if (cell->n == n && memcmp(&g_array_index(counter->codes, guint32, cell->first), codes, n * sizeof *codes) == 0)
      return counter->slots[at] - 1;
  }
  PathCell cell = {.first = counter->codes->len, .n = n};
  g_array_append_vals(counter->codes, codes, n);
  g_array_set_size(counter->decay, counter->codes->len);
  memset(&g_array_index(counter->decay, DecaySum, cell.first), 0, n * sizeof(DecaySum));
  g_array_append_val(counter->cells, cell);
  counter->slots[at] = counter->cells->len;
  return counter->cells->len - 1;
}

void path_counter_person(PathCounter *counter, guint64 person, guint32 cell, gboolean converted, gint64 value) {
  PathOfPerson row = {person, cell, converted, value};
  if (!counter->persons)
    return;
  if (counter->persons->len == ATTRIBUTION_PERSONS_MAX)
    g_clear_pointer(&counter->persons, g_array_unref);
  else
    g_array_append_val(counter->persons, row);
}

static void append_counter(AttributionPaths *paths, const PathCounter *counter) {
  guint base = paths->start->len - 1;
  for (guint i = 0; i < counter->cells->len; i++) {
    const PathCell *cell = &g_array_index(counter->cells, PathCell, i);
    guint32 end = paths->elements->len + cell->n;
    g_array_append_vals(paths->elements, &g_array_index(counter->codes, guint32, cell->first), cell->n);
    g_array_append_vals(paths->decay, &g_array_index(counter->decay, DecaySum, cell->first), cell->n);
    g_array_append_val(paths->start, end);
    g_array_append_val(paths->conversions, cell->conversions);
    g_array_append_val(paths->nulls, cell->nulls);
    g_array_append_val(paths->value, cell->value);
    g_array_append_val(paths->net_value, cell->net_value);
  }
  paths->none_conversions += counter->none_conversions;
  paths->none_value += counter->none_value;
  paths->none_net_value += counter->none_net_value;
  paths->unidentified += counter->unidentified;
  paths->unidentified_value += counter->unidentified_value;
  paths->unidentified_net_value += counter->unidentified_net_value;
  paths->open_paths += counter->open_paths;
  if (!counter->persons || (paths->persons && paths->persons->len + counter->persons->len > ATTRIBUTION_PERSONS_MAX))
    g_clear_pointer(&paths->persons, g_array_unref);
  for (guint i = 0; paths->persons && i < counter->persons->len; i++) {
    PathOfPerson row = g_array_index(counter->persons, PathOfPerson, i);
    row.path += base;
    g_array_append_val(paths->persons, row);
  }
}

AttributionPaths *path_counter_gather(PathCounter *const *counters, guint n, const char *const *names, guint n_names) {
  AttributionPaths *paths = attribution_paths_new();
  paths->persons = g_array_new(FALSE, FALSE, sizeof(PathOfPerson));
  for (guint i = 0; i < n; i++)
    append_counter(paths, counters[i]);
  for (guint i = 0; i < n_names; i++)
    g_ptr_array_add(paths->keys, g_strdup(names[i]));
  attribution_paths_settle(paths);
  return paths;
}
