/* SPDX-License-Identifier: Apache-2.0
 * crowd.h: all persons on all cores, in order of their numbers, until the rows that are wanted are there. */
#pragma once
#include "simulate/spill.h"
#include "simulate/truth.h"

typedef struct {
  const World *world;
  guint64 rows_max; /* stop before the person whose rows would exceed it */
  guint64 persons_max;
  guint threads;
  Spill *spill; /* NULL: only count */
  void (*progress)(double share, gpointer user);
  gpointer user;
} Crowd;

/* Adds to `truth`; persons simulated so far may be fewer than persons_max. */
gboolean crowd_run(const Crowd *crowd, Truth *truth, guint64 *persons, GError **error);
/* Mean rows a person and, appended to `arrivals` (of gint64) unless NULL, when theirs arrive: from the first n. */
double crowd_sample(const World *world, guint n, GArray *arrivals);
