/* SPDX-License-Identifier: Apache-2.0
 * filter.h: a condition made ready for a snapshot: names looked up, property columns opened, regular
 * expressions compiled. Evaluated once per dictionary entry, then per event. */
#pragma once
#include "analysis/question.h"

typedef struct Filter Filter;

/* Fields: event channel touchpoint source kind place value currency time, id order cost score source medium
 * campaign content term, properties.X context.X traits.X; a bare X known as a property of the record means
 * properties.X. Anything else is ERROR_INVALID with the column and the nearest known name. */
Filter *filter_new(const Question *question, const Condition *condition, GError **error);
void filter_free(Filter *filter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Filter, filter_free)

/* Sets bit i of `events` (cleared words, (n_events + 63) / 64 of them) where event i matches. */
gboolean filter_events(Filter *filter, guint block, const Block *data, guint64 *events, GError **error);
/* The same for persons; the filter is person-level (condition_is_person_level). */
gboolean filter_persons(Filter *filter, guint block, const Block *data, guint64 *persons, GError **error);
