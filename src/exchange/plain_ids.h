/* SPDX-License-Identifier: Apache-2.0
 * plain_ids.h: by what numbers of the company persons are known, where the project keeps these readable. */
#pragma once
#include "analysis/question.h"

typedef struct PlainIds PlainIds; /* immutable */

/* Of the kinds `spaces` (SPACE_USER, SPACE_CRM, ...), at most 8: one value a person and kind, that which owns the person, else the
 * first that arrived. One pass over the record's identifiers; nothing where a kind is kept as a hash. */
PlainIds *plain_ids_new(const Question *question, const guint8 *spaces, guint n, GError **error);
void plain_ids_free(PlainIds *ids);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PlainIds, plain_ids_free)
/* Of the i-th kind; empty when there is none. */
Text plain_ids_text(const PlainIds *ids, guint i, guint block, guint32 person);
