// SPDX-License-Identifier: Apache-2.0
#include "exchange/csv_header.h"

#include "base/error.h"

enum { COLUMNS_MAX = 4096, ROWS_LOOKED_AT = 50 };

typedef struct {
  guint wanted;      /* names found */
  gboolean agreeing; /* most rows have as many cells as the header */
  guint columns;
} Fit;

static gboolean better(const Fit *a, const Fit *b) {
  if (a->wanted != b->wanted)
    return a->wanted > b->wanted;
  if (a->agreeing != b->agreeing)
    return a->agreeing;
  return a->columns > b->columns;
}

static char *trimmed(Text cell) {
  return g_strstrip(text_dup(cell));
}

static gsize skip_blank(const CsvDialect *dialect, const char *text, gsize size, guint *lines) {
  gsize at = 0;
  while (at < size && (text[at] == '\r' || text[at] == '\n')) {
    *lines += text[at] == dialect->newline;
    at++;
  }
  return at;
}

/* The header's own line may be cut where the text at hand ends: then it is too long for a header. */
static gsize cut_header(const CsvDialect *dialect, const char *text, gsize size, gboolean last, CsvScratch *scratch, Text *cells,
                        CsvRecord *record) {
  return csv_next(dialect, text, size, last, scratch, cells, COLUMNS_MAX, record);
}

static guint count_wanted(const Text *cells, guint n, const char *const *wanted) {
  guint found = 0;
  for (guint i = 0; i < n; i++) {
    g_autofree char *name = trimmed(cells[i]);
    found += wanted && g_strv_contains(wanted, name);
  }
  return found;
}

static Fit try_separator(CsvDialect dialect, const char *text, gsize size, gboolean last, const char *const *wanted,
                         CsvScratch *scratch, Text *cells) {
  CsvRecord record;
  scratch->used = 0;
  gsize at = cut_header(&dialect, text, size, last, scratch, cells, &record);
  Fit fit = {count_wanted(cells, at && !record.fault ? MIN(record.n_cells, COLUMNS_MAX) : 0, wanted), FALSE, record.n_cells};
  guint rows = 0, same = 0;
  while (at && at < size && rows < ROWS_LOOKED_AT) {
    gsize taken = csv_next(&dialect, text + at, size - at, last, scratch, cells, COLUMNS_MAX, &record);
    if (!taken)
      break;
    rows += record.raw.size > 0;
    same += record.raw.size > 0 && !record.fault && record.n_cells == fit.columns;
    at += taken;
  }
  fit.agreeing = fit.columns > 1 && same * 2 > rows;
  return fit;
}

static char find_separator(CsvDialect dialect, const char *text, gsize size, gboolean last, const char *const *wanted,
                           CsvScratch *scratch, Text *cells) {
  static const char candidates[] = {',', ';', '\t', '|'};
  Fit best = {0};
  char found = ',';
  for (guint i = 0; i < sizeof candidates; i++) {
    dialect.separator = candidates[i];
    Fit fit = try_separator(dialect, text, size, last, wanted, scratch, cells);
    if (i == 0 || better(&fit, &best)) {
      best = fit;
      found = candidates[i];
    }
  }
  return found;
}

/* `sep=;` as Excel writes and reads it. Returns the bytes of the line. */
static gsize separator_line(const CsvDialect *dialect, const char *text, gsize size, char *separator) {
  if (size < 6 || g_ascii_strncasecmp(text, "sep=", 4) != 0)
    return 0;
  gsize end = text[5] == '\r' ? 6 : 5;
  if (end >= size || text[end] != dialect->newline)
    return 0;
  *separator = text[4];
  return end + 1;
}

static GPtrArray *name_columns(const Text *cells, guint n) {
  GPtrArray *columns = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < n; i++) {
    char *name = trimmed(cells[i]);
    if (!*name) {
      g_free(name);
      name = g_strdup_printf("column_%u", i + 1);
    }
    g_ptr_array_add(columns, name);
  }
  return columns;
}

static gboolean read_with(CsvHeader *header, const char *text, gsize size, gboolean last, const char *const *wanted,
                          CsvScratch *scratch, Text *cells, const char *label, GError **error) {
  CsvDialect *dialect = &header->dialect;
  dialect->newline = !memchr(text, '\n', size) && memchr(text, '\r', size) ? '\r' : '\n';
  gsize at = skip_blank(dialect, text, size, &header->lines), line;
  if ((line = separator_line(dialect, text + at, size - at, &dialect->separator))) {
    at += line;
    header->lines++;
  }
  if (!dialect->separator)
    dialect->separator = find_separator(*dialect, text + at, size - at, last, wanted, scratch, cells);
  CsvRecord record;
  scratch->used = 0;
  line = cut_header(dialect, text + at, size - at, last, scratch, cells, &record);
  if (!line)
    return error_set(error, ERROR_INVALID,
                     "%s: the first line goes on for more than %" G_GSIZE_FORMAT " bytes, so it names no columns", label, size);
  if (record.fault)
    return error_set(error, ERROR_INVALID, "%s: the header in line %u cannot be read: %s", label, header->lines + 1, record.fault);
  if (record.n_cells > COLUMNS_MAX)
    return error_set(error, ERROR_LIMIT, "%s has %u columns; at most %d are read", label, record.n_cells, COLUMNS_MAX);
  header->columns = name_columns(cells, record.n_cells);
  header->taken = at + line;
  header->lines += record.lines;
  return TRUE;
}

gboolean csv_header_read(CsvHeader *header, const char *text, gsize size, gboolean last, const char *const *wanted, char separator,
                         const char *label, GError **error) {
  *header = (CsvHeader){.dialect = {.separator = separator}};
  g_autofree Text *cells = g_new(Text, COLUMNS_MAX);
  CsvScratch scratch = {g_malloc(size + 1), 0, size};
  gboolean ok = read_with(header, text, size, last, wanted, &scratch, cells, label, error);
  g_free(scratch.at);
  return ok;
}

void csv_header_clear(CsvHeader *header) {
  g_clear_pointer(&header->columns, g_ptr_array_unref);
}
