// SPDX-License-Identifier: Apache-2.0
#include "analysis/path_counter.h"
#include "base/hash.h"
#include <string.h>

void path_counter_init(PathCounter *counter, gboolean timed, gboolean by_person) {
  counter->codes = g_array_new(FALSE, FALSE, sizeof(guint32));
  counter->decay = timed ? g_array_new(FALSE, TRUE, sizeof(DecaySum)) : NULL;
  counter->cells = g_array_new(FALSE, FALSE, sizeof(PathCell));
  counter->persons = by_person ? person_paths_new() : NULL;
  counter->n_slots = 1024;
  counter->slots = g_new0(PathSlot, counter->n_slots);
}

void path_counter_clear(PathCounter *counter) {
  g_clear_pointer(&counter->codes, g_array_unref);
  g_clear_pointer(&counter->decay, g_array_unref);
  g_clear_pointer(&counter->cells, g_array_unref);
  g_clear_pointer(&counter->persons, person_paths_free);
  g_clear_pointer(&counter->slots, g_free);
}

static guint32 codes_tag(const guint32 *codes, guint n) {
  return (guint32)checksum64(codes, n * sizeof *codes);
}

static void counter_grow(PathCounter *counter) {
  PathSlot *old = counter->slots;
  guint n_old = counter->n_slots, mask = n_old * 2 - 1;
  PathSlot *slots = g_new0(PathSlot, (gsize)n_old * 2);
  for (guint i = 0; i < n_old; i++)
    if (old[i].cell) {
      guint at = old[i].tag & mask;
      while (slots[at].cell)
        at = (at + 1) & mask;
      slots[at] = old[i];
    }
  counter->slots = slots;
  counter->n_slots = mask + 1;
  g_free(old);
}

static gboolean cell_is(const PathCounter *counter, guint32 cell_number, const guint32 *codes, guint n) {
  const PathCell *cell = &g_array_index(counter->cells, PathCell, cell_number);
  return cell->n == n && memcmp(&g_array_index(counter->codes, guint32, cell->first), codes, n * sizeof *codes) == 0;
}

guint32 path_counter_find(PathCounter *counter, const guint32 *codes, guint n) {
  if (counter->cells->len * 2 >= counter->n_slots)
    counter_grow(counter);
  guint32 tag = codes_tag(codes, n);
  guint at = tag & (counter->n_slots - 1);
  for (; counter->slots[at].cell; at = (at + 1) & (counter->n_slots - 1))
    if (counter->slots[at].tag == tag && cell_is(counter, counter->slots[at].cell - 1, codes, n))
      return counter->slots[at].cell - 1;
  PathCell cell = {.first = counter->codes->len, .n = n};
  g_array_append_vals(counter->codes, codes, n);
  if (counter->decay)
    g_array_set_size(counter->decay, counter->codes->len);
  g_array_append_val(counter->cells, cell);
  counter->slots[at] = (PathSlot){counter->cells->len, tag};
  return counter->cells->len - 1;
}

void path_counter_person(PathCounter *counter, guint64 person, guint32 cell, gboolean converted) {
  if (counter->persons)
    person_paths_add(counter->persons, person, cell, converted);
}

static gint64 *grown(GArray *column, guint n) {
  guint before = column->len;
  g_array_set_size(column, before + n);
  return &g_array_index(column, gint64, before);
}

static void append_cells(AttributionPaths *paths, const PathCounter *counter) {
  guint n = counter->cells->len;
  guint32 base = paths->elements->len, before = paths->start->len;
  g_array_append_vals(paths->elements, counter->codes->data, counter->codes->len);
  if (counter->decay)
    g_array_append_vals(paths->decay, counter->decay->data, counter->decay->len);
  g_array_set_size(paths->start, before + n);
  guint32 *start = &g_array_index(paths->start, guint32, before);
  gint64 *conversions = grown(paths->conversions, n), *nulls = grown(paths->nulls, n), *value = grown(paths->value, n),
         *net_value = grown(paths->net_value, n);
  for (guint i = 0; i < n; i++) { /* cells stand in the order of their codes */
    const PathCell *cell = &g_array_index(counter->cells, PathCell, i);
    start[i] = base + cell->first + cell->n;
    conversions[i] = cell->conversions;
    nulls[i] = cell->nulls;
    value[i] = cell->value;
    net_value[i] = cell->net_value;
  }
}

static void append_counter(AttributionPaths *paths, const PathCounter *counter) {
  guint base = paths->start->len - 1;
  append_cells(paths, counter);
  paths->none_conversions += counter->none_conversions;
  paths->none_value += counter->none_value;
  paths->none_net_value += counter->none_net_value;
  paths->unidentified += counter->unidentified;
  paths->unidentified_value += counter->unidentified_value;
  paths->unidentified_net_value += counter->unidentified_net_value;
  paths->open_paths += counter->open_paths;
  if (paths->persons)
    person_paths_append(paths->persons, counter->persons, base);
}

AttributionPaths *path_counter_gather(PathCounter *const *counters, guint n, const char *const *names, guint n_names) {
  AttributionPaths *paths = attribution_paths_new();
  paths->persons = n && counters[0]->persons ? person_paths_new() : NULL;
  for (guint i = 0; i < n; i++)
    append_counter(paths, counters[i]);
  for (guint i = 0; i < n_names; i++)
    g_ptr_array_add(paths->keys, g_strdup(names[i]));
  if (paths->persons && !person_paths_whole(paths->persons))
    g_clear_pointer(&paths->persons, person_paths_free);
  attribution_paths_settle(paths);
  return paths;
}
