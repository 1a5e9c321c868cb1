/* SPDX-License-Identifier: Apache-2.0
 * csv_header.h: the separator of a CSV file and the names of its columns, from its first lines. */
#pragma once
#include "exchange/csv.h"

typedef struct {
  CsvDialect dialect;
  GPtrArray *columns; /* of char*: trimmed; nameless ones are "column_<n>" */
  gsize taken;        /* bytes before the first row */
  guint lines;        /* and the lines they are */
} CsvHeader;

/* `text` begins the file; `last` when it is all of it. Separators tried are comma, semicolon, tab and bar:
 * the one that finds most of `wanted` (names that must be there; NULL for none), then the one that cuts the
 * first rows as it cuts the header, then the one with most columns. A line `sep=;` is obeyed.
 * `separator` 0: find out. */
gboolean csv_header_read(CsvHeader *header, const char *text, gsize size, gboolean last, const char *const *wanted, char separator,
                         const char *label, GError **error);
void csv_header_clear(CsvHeader *header);
