/* SPDX-License-Identifier: Apache-2.0
 * import_guess.h: what the columns of a file probably say, for a person who then decides: by their names, in English and
 * German, as long as their values fit. Nothing is imported by such a guess. */
#pragma once
#include <glib.h>

typedef struct {
  const char *name;
  const char *const *samples; /* non-empty values, ends with NULL */
} GuessColumn;

/* fields[i] becomes the field of column i as --map names it, or NULL: a property. */
void import_guess(const GuessColumn *columns, guint n, const char **fields);
