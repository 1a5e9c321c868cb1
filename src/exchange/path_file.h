/* SPDX-License-Identifier: Apache-2.0
 * path_file.h: paths that another tool counted, as a CSV file with a header: one distinct path a row, its keys separated
 * by `>`, how often it converted, how often not, and what the conversions were worth in all. */
#pragma once
#include "analysis/attribution_paths.h"

typedef struct { /* names of columns; NULL: the usual one (path, conversions, value, nulls or null), if it is there */
  const char *path, *conversions, *value, *nulls;
} PathColumns;

/* ERROR_INVALID names the row (the first below the header is row 1), what stands there and what was expected. */
AttributionPaths *path_file_read(const char *file, const PathColumns *columns, guint threads, GError **error);
