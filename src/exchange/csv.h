/* SPDX-License-Identifier: Apache-2.0
 * csv.h: cuts text into records and cells (RFC 4180, any one-byte separator, bare or quoted cells).
 * Why not DuckDB's reader: it gives no row numbers, and version 1.5.6 loses rows without a word after a
 * quote that is never closed (121,688 of 2 million in one file). Here such a record costs one line. */
#pragma once
#include "base/text.h"

enum { CSV_CELL_SIZE_MAX = 1 << 20 };

typedef struct {
  char separator;
  char newline; /* '\n' (a '\r' before it is dropped) or '\r' */
} CsvDialect;

typedef struct { /* memory for cells whose doubled quotes were halved */
  char *at;
  gsize used, size;
} CsvScratch;

typedef struct {
  Text raw;          /* the record without its line end */
  guint n_cells;     /* how many there are; at most cells_max are stored */
  guint lines;       /* physical lines it takes */
  gboolean overfull; /* a cell past cells_max is not empty */
  const char *fault; /* why it is no record, a static sentence, or NULL; `raw` then is its first line */
} CsvRecord;

/* Cuts the next record off [at, at + size). Returns how many bytes it takes with its line end; 0 when the
 * text ends before the record does and more may come (`last` is FALSE). Cells point into the text or into
 * `scratch`, which must have room for `size` more bytes. A blank line is a record with one empty cell.
 * About 60 ns for seven bare cells. */
gsize csv_next(const CsvDialect *dialect, const char *at, gsize size, gboolean last, CsvScratch *scratch, Text *cells,
               guint cells_max, CsvRecord *record);
