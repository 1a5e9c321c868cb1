/* SPDX-License-Identifier: Apache-2.0
 * coverage.h: what a report's events are made of: who of them is known, may be counted, has a channel. */
#pragma once
#include "analysis/question.h"
#include "base/json_out.h"

typedef struct { /* events in range, after where and among, seen by now */
  guint64 events;
  guint64 identified;   /* of a person, not of nobody */
  guint64 consented;    /* with a basis; file imports have one */
  guint64 attributable; /* touches with a channel other than `unassigned` */
} Coverage;

gboolean coverage_measure(const Question *question, Coverage *coverage, GError **error);
void coverage_write(const Coverage *coverage, JsonOut *out); /* shares of events, null without events */
char *coverage_text(const Coverage *coverage);               /* one sentence */
/* 16 hex digits that change with the project's definitions and the time zone of its days. */
char *coverage_definitions(const Question *question);
