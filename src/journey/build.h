/* SPDX-License-Identifier: Apache-2.0
 * build.h: events of the record become a segment. A full build scans everything on all cores; an update gives the
 * ranges that are new and the rows of the persons they touch. Either way the same code decides, so both agree.
 * Memory: about 80 bytes an event at its peak, 60 an identifier. */
#pragma once
#include "journey/evidence.h"
#include "journey/grow.h"
#include "journey/index.h"
#include "journey/segment.h"
#include "record/record.h"

typedef struct Build Build;

typedef struct {
  guint threads;
  const Identity *identity;
  guint64 through;    /* later events are passed over */
  const char *folder; /* where temporary files may be made; NULL: nowhere */
  IndexProgress progress;
  gpointer progress_user;
} BuildOptions;

Build *build_new(Record *record, const BuildOptions *options);
void build_free(Build *build);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Build, build_free)

/* Every visible event, on all threads. */
gboolean build_scan_all(Build *build, GError **error);
/* The visible events of [first, last], on this thread. */
gboolean build_scan(Build *build, guint64 first, guint64 last, GError **error);
/* The events with these numbers, ascending, on this thread. */
gboolean build_scan_rows(Build *build, const guint64 *rows, gsize n, GError **error);
gsize build_events(const Build *build);
/* What has been seen so far on this thread; borrowed. */
const Evidence *build_evidence(const Build *build);

typedef struct {
  const char *path;        /* NULL: in memory */
  const GArray *links;     /* of Link, those in force */
  const GArray *shared;    /* of guint64, sorted: identifiers known to link nobody; may be NULL */
  const guint64 *replaced; /* ids of persons that the segment replaces, ascending */
  gsize n_replaced;
  const guint64 *carried; /* those of them that only gain events, ascending */
  gsize n_carried;
  Grown *grown; /* the same persons, with which the new events were taken; may be NULL */
} BuildTarget;
/* Once. */
Segment *build_segment(Build *build, const BuildTarget *target, GError **error);
