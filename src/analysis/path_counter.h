/* SPDX-License-Identifier: Apache-2.0
 * path_counter.h: one worker's table of distinct paths of codes, with how often each converted and what it was worth. */
#pragma once
#include "analysis/attribution_paths.h"

typedef struct {
  guint32 first, n; /* in the arena */
  gint64 conversions, nulls, value, net_value;
} PathCell;

typedef struct {
  guint32 cell; /* + 1; 0 empty */
  guint32 tag;  /* of the sequence's hash */
} PathSlot;

typedef struct { /* distinct sequences of codes */
  GArray *codes; /* guint32: all sequences, one after the other */
  GArray *decay; /* DecaySum, aligned with codes; NULL when times do not matter */
  GArray *cells; /* PathCell */
  PathSlot *slots;
  guint n_slots;   /* a power of two */
  PersonPaths *persons; /* path is the cell; NULL when nobody asks */
  gint64 none_conversions, none_value, none_net_value, open_paths;
  gint64 unidentified, unidentified_value, unidentified_net_value;
} PathCounter;

void path_counter_init(PathCounter *counter, gboolean timed, gboolean by_person);
void path_counter_clear(PathCounter *counter);
guint32 path_counter_find(PathCounter *counter, const guint32 *codes, guint n); /* the cell, made when new */
void path_counter_person(PathCounter *counter, guint64 person, guint32 cell, gboolean converted);
/* All counters together; `names[code]` for every code. Sorted and settled. */
AttributionPaths *path_counter_gather(PathCounter *const *counters, guint n, const char *const *names, guint n_names);
