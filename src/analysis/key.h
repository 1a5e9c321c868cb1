/* SPDX-License-Identifier: Apache-2.0
 * key.h: a field of events as whole-question codes, for paths, breakdowns and attribution.
 * Codes are dense from 0 and mean the same in every block; code KEY_NONE is "(none)". Their numbers
 * depend on the order of work: sort results by text before showing them. */
#pragma once
#include "analysis/question.h"

enum { KEY_NONE = 0 };
typedef struct Key Key;

Key *key_new(const Question *question, const char *field, GError **error); /* same fields as filter.h */
void key_free(Key *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Key, key_free)
/* Fills n_events codes. Thread-safe. At most 1,000,000 distinct values, else ERROR_LIMIT. */
gboolean key_block(Key *key, guint block, const Block *data, guint32 *codes, GError **error);
guint key_count(Key *key);
guint key_count_at_most(const Key *key); /* whatever blocks are still to come; 0: nobody knows */
Text key_text(Key *key, guint32 code);
