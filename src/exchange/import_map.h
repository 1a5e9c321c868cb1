/* SPDX-License-Identifier: Apache-2.0
 * import_map.h: the mapping of one file: what was said with --map and --set, and, for person, time and
 * event, what a column's name says plainly. Without any --map a file whose columns are called time, event and
 * person (or a kind of identifier) is taken to name its fields itself. Nothing else is guessed. */
#pragma once
#include "wire/mapping.h"

typedef struct {
  const char *const *map;  /* "FIELD=COLUMN", ends with NULL; or NULL */
  const char *const *set;  /* "FIELD=VALUE" */
  gboolean without_person; /* rows may name nobody */
  gboolean sparse;         /* `columns` may not be all there are: keys of JSON objects */
} ImportMapOptions;

/* Columns that --map names; caller frees the array, not the names. */
const char **import_map_wanted(const ImportMapOptions *options);

/* `columns` in the order of the file. *said: what was guessed, as a sentence, or NULL; caller frees. *text: the
 * mapping in canonical order ("event=action\nperson=user_id\n"), by which imports are compared; caller frees.
 * ERROR_INVALID lists the columns and shows a call; ERROR_USAGE for options that make no sense. */
Mapping *import_map(const ImportMapOptions *options, const Spaces *spaces, const char *const *columns, char **said, char **text,
                    GError **error);

/* Which columns hold amounts (value, cost): TRUE at their places; caller frees. */
gboolean *import_map_amounts(const ImportMapOptions *options, const char *const *columns);
