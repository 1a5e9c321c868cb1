/* SPDX-License-Identifier: Apache-2.0
 * filter.h: a condition made ready for a snapshot: names looked up, property columns opened, regular
 * expressions compiled. Evaluated once per dictionary entry, then per event. */
#pragma once
#include "analysis/question.h"

typedef struct Filter Filter; /* thread-safe */

/* Fields: see field.h. A condition is wholly about events or wholly about persons, else ERROR_INVALID; what a
 * caller needs is checked by filter_events and filter_persons, and sooner by condition_require_events and
 * condition_require_persons. */
Filter *filter_new(const Question *question, const Condition *condition, GError **error);
void filter_free(Filter *filter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Filter, filter_free)

/* Sets bit i of `events` ((n_events + 63) / 64 words, whatever they held) where event i matches. Dead
 * persons' and excluded events are judged like others. */
gboolean filter_events(Filter *filter, guint block, const Block *data, guint64 *events, GError **error);
/* The same for the living, identified persons; the filter is person-level (condition_is_person_level). Their
 * excluded events and those after `now` count nowhere. */
gboolean filter_persons(Filter *filter, guint block, const Block *data, guint64 *persons, GError **error);
