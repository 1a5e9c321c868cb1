/* SPDX-License-Identifier: Apache-2.0
 * rules.h: an ordered list of the project's conditions on events as one code an event: the first that matches.
 * Conditions on event, channel, grade and kind alone become a table of their codes, judged once a question; the others
 * cost a bitmap each. Here is also what such a condition may see: a channel rule sees channels as they arrived, a
 * touchpoint rule sees the project's channels, and touchpoints as they were stated. */
#pragma once
#include "analysis/question.h"

typedef struct Rules Rules; /* thread-safe */

/* `conditions`: of const Condition*, borrowed during the call; NULL matches nothing. `what` and `names` (of const char*)
 * stand before an error's message: `touchpoint "Cart" of the project file: ...`. */
Rules *rules_new(const Question *question, const GPtrArray *conditions, const char *what, const GPtrArray *names, GError **error);
void rules_free(Rules *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rules, rules_free)
/* Fills a code an event: 0 where no rule matches, else 1 + the rule's index. `any`: whether one matched at all. */
gboolean rules_block(Rules *rules, guint block, const Block *data, guint16 *codes, gboolean *any, GError **error);

/* The project's own lists; NULL without an error when no entry has a condition. */
gboolean rules_of_channels(const Question *question, Rules **rules, GError **error);
gboolean rules_of_places(const Question *question, Rules **rules, GError **error);
gboolean rules_of_touchpoints(const Question *question, Rules **rules, GError **error);
gboolean rules_of_initiators(const Question *question, Rules **rules, GError **error);
