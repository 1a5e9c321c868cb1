/* SPDX-License-Identifier: Apache-2.0
 * poisson.h: Poisson numbers from hashes, by inversion, for several draws side by side: draw i of what has a name is a pure
 * function of (seed, name, i), so that it is the same on any thread and in any order. */
#pragma once
#include <glib.h>

enum { POISSON_LANES = 8, POISSON_TABLES = 64, POISSON_TABLE = 128 };

typedef struct { /* made once, read by all threads */
  gint32 one[12];
  double at_most[POISSON_TABLES + 1][POISSON_TABLE]; /* by mean: the chance of at most k */
} Poisson;

Poisson *poisson_new(void); /* free with g_free */

/* Draws first .. first + POISSON_LANES - 1 of Poisson(1): the weights of one person. */
void poisson_ones(const Poisson *poisson, guint64 seed, guint64 name, guint64 first, double *out);
/* The same of Poisson(mean), mean a whole number: the sum of the weights of that many persons. */
void poisson_sums(const Poisson *poisson, guint64 seed, guint64 name, guint64 mean, guint64 first, double *out);
