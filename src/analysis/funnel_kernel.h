/* SPDX-License-Identifier: Apache-2.0
 * funnel_kernel.h: how far the units of one block came through a sequence of steps. Knows bitmaps and times,
 * no conditions; funnel.c prepares the one and shows the other. */
#pragma once
#include "analysis/bits.h"
#include "analysis/durations.h"
#include "analysis/unit_sort.h"

enum { FUNNEL_STEPS_MAX = 32 };
typedef enum { FUNNEL_ORDERED, FUNNEL_STRICT, FUNNEL_ANY } FunnelMode;

typedef struct {
  FunnelMode mode;
  guint n_steps;
  gint64 window_ms; /* G_MAXINT64: none */
} FunnelRules;

/* A block's events as the rules see them. Every bitmap has a spare zero word at its end; a NULL mask means
 * all events. */
typedef struct {
  const Block *block;
  guint64 *steps[FUNNEL_STEPS_MAX]; /* events that match step k+1, after `where`, seen; overwritten */
  const guint64 *in_range;          /* where a first event may lie */
  const guint64 *exclude;           /* NULL: nothing is excluded */
  const guint64 *sequence;          /* strict: the events whose next one must be the next step */
} FunnelEvents;

typedef struct { /* how far a unit came, and the events of the earliest attempt that came so far */
  guint depth;
  guint32 at[FUNNEL_STEPS_MAX]; /* event of the block that did step k+1 */
} FunnelAttempt;

typedef struct { /* what a worker gathers */
  guint64 reached[FUNNEL_STEPS_MAX];
  Durations *times;                                                          /* [k]: from step k to k+1; NULL: not wanted */
  void (*each)(gpointer user, guint32 person, const FunnelAttempt *attempt); /* every unit of depth >= 1, or NULL */
  gpointer user;
} FunnelTally;

typedef struct FunnelScratch FunnelScratch; /* one a worker, reused */
FunnelScratch *funnel_scratch_new(void);
void funnel_scratch_free(FunnelScratch *scratch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FunnelScratch, funnel_scratch_free)

/* Units are persons. Without window, exclusion, times and `each` an ordered funnel is counted by bitmaps
 * alone; else only persons who may have done step 2 are looked at one by one. */
void funnel_count_persons(const FunnelRules *rules, FunnelEvents *events, FunnelScratch *scratch, FunnelTally *tally);
/* Units are parts of persons. */
void funnel_count_units(const FunnelRules *rules, FunnelEvents *events, const UnitBlock *units, FunnelScratch *scratch,
                        FunnelTally *tally);
