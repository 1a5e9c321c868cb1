/* SPDX-License-Identifier: Apache-2.0
 * completion.h: how a half-typed condition may go on: fields, operators, functions, and the values that are really there. */
#pragma once
#include "analysis/value_counts.h"
#include "base/json_out.h"

typedef struct {
  const char *text;
  guint at;                /* the cursor, in UTF-16 units as browsers count */
  gboolean persons;        /* a condition on persons, else on events */
  gboolean may_see_values; /* else only of fields that describe nobody */
} CompletionAsked;

/* The members from, to, choices, and matches with unit or error once there is something to say, inside an open object. A
 * condition that cannot be read is no failure of this. */
gboolean completion_write(ValueCounts *counts, const Question *question, const CompletionAsked *asked, JsonOut *out,
                          GError **error);
