/* SPDX-License-Identifier: Apache-2.0
 * period.h: the range of a question as every report names it. */
#pragma once
#include "analysis/question.h"
#include "base/wording.h"

/* "2025-01-01 to 2025-03-31" (both days count), "since 2025-01-01", "all time"; in the project's zone, an end inside a day
 * with its time of day. Caller frees. */
char *period_text(const Question *question, Language language);
