/* SPDX-License-Identifier: Apache-2.0
 * question.h: what every report is asked with, and what it may use up. */
#pragma once
#include "base/clock.h"
#include "journey/snapshot.h"
#include "project/project.h"

typedef struct DeriveCache DeriveCache; /* derive_cache.h */

typedef struct {
  Snapshot *snapshot;
  gint64 now_ms;         /* events after it are unseen */
  gint64 from_ms, to_ms; /* half-open; G_MININT64 and G_MAXINT64 when open */
  const Zone *zone;
  const Project *project;   /* what the company means by its words */
  Condition *where, *among; /* or NULL */
  guint64 seed;
  guint threads;         /* 0: all cores */
  gsize budget_bytes;    /* memory the answer may take */
  const gint *cancel;    /* set to 1 from outside, or NULL */
  DeriveCache *cache;    /* what was derived for questions before, or NULL */
  const Project *cached; /* only by this project's definitions */
  guint64 serial;        /* the question's number there */
} Question;

/* Runs `work` for every block on all cores; block order within a worker ascends. `worker` is 0..threads-1.
 * The first error wins and stops the rest; cancel is looked at before each block. The block holds what
 * the project says of initiators, bots and internal traffic (marks.h). */
typedef gboolean (*QuestionBlockFunc)(const Question *question, guint block, const Block *data, guint worker, gpointer user,
                                      GError **error);
gboolean question_each_block(const Question *question, QuestionBlockFunc work, gpointer user, GError **error);
guint question_threads(const Question *question);
