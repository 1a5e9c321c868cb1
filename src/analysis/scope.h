/* SPDX-License-Identifier: Apache-2.0
 * scope.h: which events of a block a question is about, as bitmaps. The one place that knows what `now`,
 * range, `where`, `among`, hidden persons and flagged traffic mean for an event. */
#pragma once
#include "analysis/filter.h"

/* A NULL bitmap means all events. Each has bits_words(n_events) words and a spare zero one, and lives until
 * the same worker's next scope_block. */
typedef struct {
  const guint64 *visible;  /* seen by now, not flagged, of living persons kept by `among` */
  const guint64 *kept;     /* visible and matching `where` */
  const guint64 *in_range; /* time in [from, to), visible or not */
  gboolean nothing;        /* no event is visible: skip the block */
} ScopeBlock;

typedef struct Scope Scope;
Scope *scope_new(const Question *question, GError **error);
void scope_free(Scope *scope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scope, scope_free)
gboolean scope_block(Scope *scope, guint block, const Block *data, guint worker, ScopeBlock *out, GError **error);

/* dst = a & b, where NULL means all of n events; dst has a spare word. */
void scope_both(guint64 *dst, const guint64 *a, const guint64 *b, guint n_events);

/* A condition on events made ready; `option` stands before the message of an error ("--step 2"). */
typedef struct {
  Condition *condition;
  Filter *filter;
} EventFilter;
gboolean event_filter_init(EventFilter *filter, const Question *question, const char *option, const char *text, GError **error);
void event_filter_clear(EventFilter *filter);
/* Bits of matching events within `mask` (NULL: all); `out` has a spare word. */
gboolean event_filter_block(const EventFilter *filter, guint block, const Block *data, const guint64 *mask, guint64 *out,
                            GError **error);
