/* SPDX-License-Identifier: Apache-2.0
 * money.h: amounts of events in the project's currency. */
#pragma once
#include "analysis/question.h"

/* Converts an amount that the event states, by the rate of its day in the project file. FALSE, and 0, without one. */
gboolean money_in_project(const Question *question, const Block *data, guint32 event, gint64 *micro);
