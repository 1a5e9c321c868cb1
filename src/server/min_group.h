/* SPDX-License-Identifier: Apache-2.0
 * min_group.h: answers for viewers, in which nobody can be made out: figures of groups of one to four are left out, and
 * with a single one of them the next smallest, so that no subtraction from the whole brings it back. */
#pragma once
#include "base/json_out.h"

enum { MIN_GROUP = 5 };

/* The answer of a report again, as JSON: numbers of small groups are null, and such an object has "hidden": true.
 * ERROR_FORBIDDEN when all of it is about fewer. Caller frees. */
char *min_group_hide(const char *answer, GError **error);
