/* SPDX-License-Identifier: Apache-2.0
 * simulate.h: writes the events of an invented retailer, with a file beside them that says what is true.
 * The same options give the same bytes on any machine and any number of threads. docs/simulator.md explains
 * what is simulated, and what is planted to be found. */
#pragma once
#include "base/error.h"

typedef enum { SIMULATE_CSV, SIMULATE_NDJSON } SimulateFormat;

enum { SIMULATE_EVENTS_MIN = 1000, SIMULATE_EVENTS_MAX = 100000000, SIMULATE_PERSONS_MAX = 5000000, SIMULATE_MONTHS_MAX = 60 };

typedef struct {
  guint64 events;  /* exactly so many rows; 0: as many as `persons` make */
  guint64 persons; /* 0: as many as `events` need */
  guint64 seed;
  const char *out; /* gzipped when it ends in .gz; the truth goes to <out>.truth.json */
  SimulateFormat format;
  int until_year, until_month, until_day;        /* the period ends before that German day; year 0: 2026-01-01 */
  guint months;                                  /* its length; 0: 24 */
  guint threads;                                 /* 0: as many as cores */
  void (*progress)(double share, gpointer user); /* may be NULL; on the calling thread */
  gpointer user;
} SimulateOptions;

typedef struct {
  guint64 events, persons, orders;
  gint64 revenue_cents;
} SimulateTotals;

gboolean simulate_run(const SimulateOptions *options, SimulateTotals *totals, GError **error);
