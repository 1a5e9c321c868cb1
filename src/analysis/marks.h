/* SPDX-License-Identifier: Apache-2.0
 * marks.h: what the project says of every event before a report sees it: whose touch it is (initiators), and who is a
 * bot or of the house (bots, internal). question_each_block puts it into the blocks, so no report has to think of it. */
#pragma once
#include "analysis/question.h"

typedef enum { EXCLUDED_BOTS, EXCLUDED_INTERNAL, EXCLUDED_FLAGGED, EXCLUDED_REASONS } ExcludedReason;
const char *excluded_reason(ExcludedReason reason); /* "bots", "internal", "flagged" (on arrival) */

typedef struct Marks Marks;

/* NULL in *marks, without an error, when the project says nothing of the kind. */
gboolean marks_new(const Question *question, Marks **marks, GError **error);
void marks_free(Marks *marks);
/* Replaces touch, company, system and excluded of the block; the bits live until the worker's next block. */
gboolean marks_block(Marks *marks, guint block, guint worker, Block *data, GError **error);
/* Bits of a marked block's excluded events by reason, each event under the first that holds; `out` has
 * bits_words(n_events) words a reason. `marks` may be NULL. */
gboolean marks_reasons(Marks *marks, guint block, const Block *data, guint64 *out[EXCLUDED_REASONS], GError **error);
