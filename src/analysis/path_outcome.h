/* SPDX-License-Identifier: Apache-2.0
 * path_outcome.h: what became of those who took a path (converted, may still, gone), where it is cut, and whose path it is that a
 * figure counts. Options of paths: --outcomes, --steps, --who. */
#pragma once
#include "analysis/params.h"
#include "analysis/walk.h"

typedef enum { OUTCOME_LEFT, OUTCOME_CONVERTED, OUTCOME_OPEN, N_OUTCOMES } Outcome;
const char *outcome_name(Outcome outcome);

/* --- what became of them --- */
typedef struct PathOutcomes PathOutcomes;
/* NULL with an error, or (*out NULL) when it was not asked for. Visits have no outcome: ERROR_USAGE. */
gboolean path_outcomes_new(const Question *question, const Params *params, const Units *units, PathOutcomes **out, GError **error);
void path_outcomes_free(PathOutcomes *outcomes);
/* Before the worker's paths of a block. */
gboolean path_outcomes_block(PathOutcomes *outcomes, guint worker, guint block, const Block *data, GError **error);
/* Converted: a goal that closes (any, if none does) was reached from the path's first touch on, behind an --after. Of journeys:
 * their state. Open: not silent for longer than a journey may be. */
Outcome path_outcome(const PathOutcomes *outcomes, guint worker, const Path *path);

/* --- whose path it is --- */
typedef struct PathWho PathWho;
gboolean path_who_new(const Params *params, gboolean has_outcomes, PathWho **out, GError **error); /* *out NULL: not asked */
void path_who_free(PathWho *who);
/* `codes` from the anchor on: backwards with --before. */
gboolean path_who_holds(const PathWho *who, Key *key, const guint32 *codes, guint32 n, gboolean backwards, Outcome outcome);
