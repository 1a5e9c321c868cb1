/* SPDX-License-Identifier: Apache-2.0
 * experience.h: scores that persons gave (`score` of an event), brought to 0..100, and to whom they belong: the person's
 * last touch in the 7 days before that is not a survey's own. NPS 0..10, CSAT 1..5, CES 1..7 and ratings 1..5 by the
 * property `metric` (or `survey`); without it 0..10 when it fits, else 0..100 as given. */
#pragma once
#include "analysis/map.h"

typedef struct Experience Experience; /* thread-safe */
Experience *experience_new(const Question *question, GError **error);
void experience_free(Experience *experience);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Experience, experience_free)
/* FALSE when the record has no scores at all. */
gboolean experience_any(const Experience *experience);

typedef struct {
  guint32 event; /* that carries the score */
  double value;  /* 0..100 */
} ScoreEvent;
/* The scores of a block in order of events; replaces the content of `out` (of ScoreEvent). */
gboolean experience_block(Experience *experience, guint block, const Block *data, GArray *out, GError **error);

typedef struct { /* sums in thousandths, so that the order of adding does not matter */
  gint64 n, sum, squares;
} ScoreSum;
void score_add(ScoreSum *sum, double value);
void score_join(ScoreSum *sum, const ScoreSum *other);
Score score_of(const ScoreSum *sum); /* mean with a normal 95 % interval, clamped to 0..100 */
