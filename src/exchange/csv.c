// SPDX-License-Identifier: Apache-2.0
// Two ways through a record. Without any quote before its line end (nearly all) it is cut at separators.
// Else it is walked cell by cell; where a quoted cell does not end as it must (before a separator or a
// line end), the quote was never closed: only the line on which the record began is given up, and the
// next record begins on the next line. Such a walk never goes past the next line with an odd number of
// quotes, so all walks together read the text at most twice.
#include "exchange/csv.h"

static const char UNCLOSED[] = "a quote is opened and never closed";
static const char AFTER_QUOTE[] = "text follows a closing quote";

/* Where lines end with \n a \r before it belongs to the line end. */
static gsize without_return(const CsvDialect *dialect, const char *at, gsize size) {
  return size && dialect->newline == '\n' && at[size - 1] == '\r' ? size - 1 : size;
}

static void store(CsvRecord *record, Text *cells, guint cells_max, const char *at, gsize size) {
  if (record->n_cells < cells_max)
    cells[record->n_cells] = (Text){at, (guint32)size};
  else if (size)
    record->overfull = TRUE;
  record->n_cells++;
}

static void cut_bare(char separator, const char *at, gsize size, Text *cells, guint cells_max, CsvRecord *record) {
  const char *end = at + size;
  for (;;) {
    const char *next = memchr(at, separator, (gsize)(end - at));
    store(record, cells, cells_max, at, (gsize)((next ? next : end) - at));
    if (!next)
      return;
    at = next + 1;
  }
}

typedef struct {
  const CsvDialect *dialect;
  const char *at, *end;
  gboolean last;
  CsvScratch *scratch;
} Walk;
typedef enum { CELL_NEXT, CELL_LAST, CELL_MORE, CELL_FAULT } CellEnd;

/* Is `at` behind the last cell of the record? Moves past the line end. */
static gboolean line_ends(Walk *walk, CellEnd *end) {
  if (walk->at == walk->end) {
    *end = walk->last ? CELL_LAST : CELL_MORE;
    return TRUE;
  }
  gboolean both = walk->dialect->newline == '\n' && *walk->at == '\r' && walk->at + 1 < walk->end && walk->at[1] == '\n';
  if (*walk->at != walk->dialect->newline && !both)
    return FALSE;
  walk->at += both ? 2 : 1;
  *end = CELL_LAST;
  return TRUE;
}

/* Copies a quoted cell with its doubled quotes halved. */
static Text halved(CsvScratch *scratch, const char *at, gsize size) {
  char *to = scratch->at + scratch->used, *start = to;
  for (gsize i = 0; i < size; i++) {
    *to++ = at[i];
    i += at[i] == '"';
  }
  scratch->used += (gsize)(to - start);
  return (Text){start, (guint32)(to - start)};
}

static CellEnd quoted_cell(Walk *walk, Text *cell, const char **fault) {
  const char *start = walk->at + 1, *quote = start;
  gboolean doubled = FALSE;
  for (;; quote += 2, doubled = TRUE) {
    quote = memchr(quote, '"', (gsize)(walk->end - quote));
    *fault = UNCLOSED;
    if (!quote || (quote + 1 == walk->end && !walk->last))
      return walk->last ? CELL_FAULT : CELL_MORE;
    if (quote + 1 == walk->end || quote[1] != '"')
      break;
    if (quote + 2 == walk->end)
      return walk->last ? CELL_FAULT : CELL_MORE;
  }
  *cell = doubled ? halved(walk->scratch, start, (gsize)(quote - start)) : (Text){start, (guint32)(quote - start)};
  walk->at = quote + 1;
  CellEnd end;
  if (line_ends(walk, &end))
    return end;
  if (walk->at + 1 == walk->end && *walk->at == '\r')
    return walk->at++, walk->last ? CELL_LAST : CELL_MORE;
  if (*walk->at == walk->dialect->separator)
    return walk->at++, CELL_NEXT;
  *fault = AFTER_QUOTE;
  return CELL_FAULT;
}

static CellEnd bare_cell(Walk *walk, Text *cell) {
  const char *start = walk->at;
  while (walk->at < walk->end && *walk->at != walk->dialect->separator && *walk->at != walk->dialect->newline)
    walk->at++;
  gsize size = (gsize)(walk->at - start);
  if (walk->at < walk->end && *walk->at == walk->dialect->separator) {
    *cell = (Text){start, (guint32)size};
    walk->at++;
    return CELL_NEXT;
  }
  *cell = (Text){start, (guint32)without_return(walk->dialect, start, size)};
  CellEnd end = CELL_LAST;
  line_ends(walk, &end);
  return end;
}

static gsize walk_record(Walk *walk, gsize line_size, Text *cells, guint cells_max, CsvRecord *record) {
  const char *start = walk->at;
  gsize used = walk->scratch->used;
  for (;;) {
    Text cell = {NULL, 0};
    const char *fault = NULL;
    gboolean quoted = walk->at < walk->end && *walk->at == '"';
    CellEnd end = quoted ? quoted_cell(walk, &cell, &fault) : bare_cell(walk, &cell);
    if (end == CELL_MORE || end == CELL_FAULT)
      walk->scratch->used = used;
    if (end == CELL_MORE)
      return 0;
    if (end == CELL_FAULT) {
      record->fault = (gsize)(walk->at - start) > line_size ? UNCLOSED : fault;
      return line_size;
    }
    store(record, cells, cells_max, cell.at, cell.size);
    if (end == CELL_LAST)
      return (gsize)(walk->at - start);
  }
}

static gsize without_line_end(const CsvDialect *dialect, const char *at, gsize size) {
  if (size && at[size - 1] == dialect->newline)
    size--;
  return without_return(dialect, at, size);
}

static guint count_lines(const CsvDialect *dialect, Text raw) {
  guint lines = 1;
  const char *end = raw.at + raw.size;
  for (const char *at = raw.at; at < end && (at = memchr(at, dialect->newline, (gsize)(end - at))); at++)
    lines++;
  return lines;
}

gsize csv_next(const CsvDialect *dialect, const char *at, gsize size, gboolean last, CsvScratch *scratch, Text *cells,
               guint cells_max, CsvRecord *record) {
  *record = (CsvRecord){.lines = 1};
  const char *newline = memchr(at, dialect->newline, size);
  if (!newline && !last)
    return 0;
  gsize line_size = newline ? (gsize)(newline - at) + 1 : size;
  record->raw = (Text){at, (guint32)without_line_end(dialect, at, line_size)};
  if (!memchr(at, '"', line_size)) {
    cut_bare(dialect->separator, at, record->raw.size, cells, cells_max, record);
    return line_size;
  }
  Walk walk = {dialect, at, at + size, last, scratch};
  gsize taken = walk_record(&walk, line_size, cells, cells_max, record);
  if (taken > line_size) {
    record->raw.size = (guint32)without_line_end(dialect, at, taken);
    record->lines = count_lines(dialect, record->raw);
  }
  return taken;
}
