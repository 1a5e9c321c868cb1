/* SPDX-License-Identifier: Apache-2.0
 * funnel_next.h: where those go who stop after a step of a funnel: the unit's first touch after that step at another
 * touchpoint, or none. */
#pragma once
#include "analysis/funnel_case.h"
#include "analysis/question.h"
#include "analysis/table.h"
#include "base/json_out.h"

typedef struct FunnelNext FunnelNext;

FunnelNext *funnel_next_new(const Question *question, GError **error);
void funnel_next_free(FunnelNext *next);
/* Counts the dropped ones among the cases. */
gboolean funnel_next_block(FunnelNext *next, const FunnelCases *cases, guint worker, GError **error);
/* Sets keep[i] where case i went on to the touchpoint `value`; "(none)": nowhere. */
gboolean funnel_next_match(FunnelNext *next, const FunnelCases *cases, guint worker, const char *value, guint8 *keep,
                           GError **error);

void funnel_next_finish(FunnelNext *next, guint limit);                  /* rows that stay; the others are added up */
void funnel_next_json(const FunnelNext *next, guint step, JsonOut *out); /* "next": {...} */
void funnel_next_table(const FunnelNext *next, const char *step, Table *table);
