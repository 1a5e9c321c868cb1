/* SPDX-License-Identifier: Apache-2.0
 * funnel_who.h: which units of a funnel --who means:
 *
 *   reached:2   dropped:2   onward:2 (reached 2 and 3)
 *   ... ,with:CONDITION      some event that did one of the steps up to that one matches
 *   ... ,without:CONDITION   none does
 *   ... ,next:TOUCHPOINT     the first touch after that step at another touchpoint is there; "(none)": none followed */
#pragma once
#include "analysis/funnel_case.h"
#include "analysis/question.h"

typedef struct FunnelWho FunnelWho;

FunnelWho *funnel_who_new(const Question *question, const char *text, guint n_steps, GError **error);
void funnel_who_free(FunnelWho *who);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FunnelWho, funnel_who_free)
guint funnel_who_step(const FunnelWho *who);
/* Adds the ids of the persons whose cases are meant; one may come several times. */
gboolean funnel_who_block(FunnelWho *who, const FunnelCases *cases, guint worker, GArray *persons, GError **error);
char *funnel_who_title(const FunnelWho *who); /* "Persons who ..."; caller frees */
