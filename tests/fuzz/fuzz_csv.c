// SPDX-License-Identifier: Apache-2.0
// Whatever the text: every byte belongs to one record, cells lie inside what was given, and text that
// arrives in pieces is cut like text that is there at once. The first byte chooses separator and pieces.
#include "exchange/csv_header.h"
#include "exchange/utf8.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CELLS_MAX = 16 };

static gboolean lies_in(Text cell, const char *at, gsize size) {
  return cell.size == 0 || (cell.at >= at && cell.at + cell.size <= at + size);
}

static void write_record(GString *out, const CsvRecord *record, const Text *cells) {
  g_string_append_printf(out, "%u,%u,%d,%s;", record->n_cells, record->lines, record->overfull, record->fault ? record->fault : "");
  g_string_append_len(out, record->raw.at, record->raw.size);
  for (guint i = 0; !record->fault && i < MIN(record->n_cells, CELLS_MAX); i++) {
    g_string_append_c(out, '|');
    g_string_append_len(out, cells[i].at, cells[i].size);
  }
  g_string_append_c(out, '/');
}

static GString *cut_all(const CsvDialect *dialect, const char *text, gsize size, gsize step) {
  GString *out = g_string_new(NULL);
  g_autofree char *memory = g_malloc(size + 1);
  CsvScratch scratch = {memory, 0, size};
  for (gsize at = 0, known = MIN(step, size); at < size;) {
    Text cells[CELLS_MAX];
    CsvRecord record;
    gsize taken = csv_next(dialect, text + at, known - at, known == size, &scratch, cells, CELLS_MAX, &record);
    g_assert_true(taken || known < size);
    g_assert_cmpuint(taken, <=, known - at);
    g_assert_cmpuint(scratch.used, <=, size);
    for (guint i = 0; taken && !record.fault && i < MIN(record.n_cells, CELLS_MAX); i++)
      g_assert_true(lies_in(cells[i], text, size) || lies_in(cells[i], memory, size));
    if (taken)
      write_record(out, &record, cells);
    else
      known = MIN(known + step, size);
    at += taken;
  }
  return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char separators[] = {',', ';', '\t', '|'};
  if (size < 2 || size > 4096)
    return 0;
  g_autofree char *text = g_memdup2(data + 1, size - 1); /* its own memory: reading past it is noticed */
  CsvDialect dialect = {separators[data[0] % 4], data[0] & 4 ? '\r' : '\n'};
  g_autoptr(GString) whole = cut_all(&dialect, text, size - 1, size);
  g_autoptr(GString) pieces = cut_all(&dialect, text, size - 1, 1 + data[0] / 16);
  g_assert_true(g_string_equal(whole, pieces));
  CsvHeader header;
  if (csv_header_read(&header, text, size - 1, data[0] & 8, NULL, 0, "x", NULL))
    g_assert_cmpuint(header.taken, <=, size - 1);
  csv_header_clear(&header);
  if (!memchr(text, 0, size - 1)) /* which GLib takes for the end */
    g_assert_cmpint(utf8_is_valid(text, size - 1), ==, g_utf8_validate_len(text, size - 1, NULL));
  return 0;
}
