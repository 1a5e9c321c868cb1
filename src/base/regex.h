/* SPDX-License-Identifier: Apache-2.0
 * regex.h: regular expressions in linear time, whatever pattern and text a stranger brings (RE2). */
#pragma once
#include "base/text.h"

G_BEGIN_DECLS

enum { REGEX_SIZE_MAX = 4096, REGEX_MEMORY_MAX = 8 << 20 };
typedef struct Regex Regex; /* immutable; any thread */

/* ERROR_INVALID says what is wrong with the pattern, ERROR_LIMIT that it is too long or too large. */
Regex *regex_new(const char *pattern, GError **error);
void regex_free(Regex *regex);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Regex, regex_free)

gboolean regex_match(const Regex *regex, Text text); /* anywhere in the text, unless the pattern is anchored */

G_END_DECLS
