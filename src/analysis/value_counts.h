/* SPDX-License-Identifier: Apache-2.0
 * value_counts.h: the values of a field with how often they occur, kept for a while, since whoever types a condition asks
 * for them with every key. Thread-safe. */
#pragma once
#include "analysis/question.h"

enum { VALUE_COUNTS_MAX = 10000 };

typedef struct {
  char *text;
  guint64 count; /* events of living persons and of nobody */
} ValueCount;

typedef struct ValueCounts ValueCounts;
ValueCounts *value_counts_new(void);
void value_counts_free(ValueCounts *counts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ValueCounts, value_counts_free)

/* Of ValueCount, the most frequent first, at most VALUE_COUNTS_MAX; a new reference to free with g_array_unref. Counted anew
 * when definitions changed, or when there are other events and some seconds have passed. Errors are those of key_new(). */
GArray *value_counts_of(ValueCounts *counts, const Question *question, const char *field, GError **error);
