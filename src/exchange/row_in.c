// SPDX-License-Identifier: Apache-2.0
// Text is read in pieces; whole records are cut off, what is left over begins the next block:
//
//   [ left over | read now ........ ]  ->  record record record | left over
//
// A piece without any whole record is doubled, up to PIECE_MAX: past it the line is given up (CSV, JSON
// lines) or the file (JSON lists). So memory is bounded whatever comes.
#include "exchange/row_in.h"

#include "base/error.h"
#include "exchange/csv_header.h"
#include "exchange/json_cut.h"
#include "exchange/parquet_in.h"
#include "exchange/text_in.h"
#include "exchange/utf8.h"

enum { PIECE_SIZE = 256 << 10, PIECE_MAX = 32 << 20 };

struct RowIn {
  char *label;
  FileKind kind;
  guint64 size;
  ParquetIn *parquet;
  TextIn *text;
  CsvHeader header;
  Text *texts; /* one record's cells */
  JsonCut cut;
  char *left; /* left over */
  gsize left_size;
  gboolean text_ended, skipping; /* in the middle of a line that is given up */
  guint64 number, line;          /* of the last row, and lines before the next one */
};

typedef struct { /* a block in the making */
  RowBlock *block;
  gsize size, at; /* of the text: how much there is, how far it is cut */
  guint room;     /* rows there is memory for */
  gboolean suspicious;
  CsvScratch scratch;
} Piece;

/* --- blocks ---------------------------------------------------------------------------------- */

void row_block_free(RowBlock *block) {
  if (!block)
    return;
  g_free(block->rows);
  g_free(block->cells);
  g_free(block->text);
  g_free(block->scratch);
  duck_chunk_free(block->chunk);
  g_clear_pointer(&block->notes, g_ptr_array_unref);
  g_free(block);
}

static const char *note(RowBlock *block, char *text) {
  if (!block->notes)
    block->notes = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(block->notes, text);
  return text;
}

static Row *add_row(RowIn *in, Piece *piece, Text raw, guint64 line) {
  RowBlock *block = piece->block;
  if (block->n == piece->room) {
    piece->room = MAX(piece->room * 2, 256);
    block->rows = g_renew(Row, block->rows, piece->room);
    if (in->kind == FILE_CSV)
      block->cells = g_renew(Cell, block->cells, (gsize)piece->room * in->header.columns->len);
  }
  Row *row = &block->rows[block->n++];
  *row = (Row){.raw = raw, .number = ++in->number, .line = line};
  if (piece->suspicious && (memchr(raw.at, 0, raw.size) || !utf8_is_valid(raw.at, raw.size)))
    row->refused =
        memchr(raw.at, 0, raw.size) ? "it holds a NUL character" : "it is not valid UTF-8 (or another encoding: see --encoding)";
  return row;
}

/* --- CSV ------------------------------------------------------------------------------------- */

static const char *oversize(RowIn *in, RowBlock *block, guint n_cells) {
  for (guint i = 0; i < n_cells; i++)
    if (in->texts[i].size > CSV_CELL_SIZE_MAX)
      return note(block, g_strdup_printf("its %s has %u bytes; at most %d are taken", (char *)in->header.columns->pdata[i],
                                         in->texts[i].size, CSV_CELL_SIZE_MAX));
  return NULL;
}

static const char *misfit(RowIn *in, RowBlock *block, const CsvRecord *record) {
  guint n_columns = in->header.columns->len;
  if (record->fault)
    return record->fault;
  if (record->n_cells < n_columns || record->overfull)
    return note(
        block, g_strdup_printf("it has %u %s, the header %u", record->n_cells, record->n_cells == 1 ? "cell" : "cells", n_columns));
  return record->raw.size > CSV_CELL_SIZE_MAX ? oversize(in, block, n_columns) : NULL;
}

static void add_record(RowIn *in, Piece *piece, const CsvRecord *record, guint64 line) {
  guint n_columns = in->header.columns->len;
  Row *row = add_row(in, piece, record->raw, line);
  if (!row->refused)
    row->refused = misfit(in, piece->block, record);
  if (row->refused)
    return;
  Cell *cells = piece->block->cells + (gsize)(piece->block->n - 1) * n_columns;
  gsize filled = 0;
  for (guint i = 0; i < n_columns; i++) {
    cells[i] = (Cell){in->texts[i], VALUE_NONE};
    filled += in->texts[i].size;
  }
  if (filled == 0)
    row->refused = "it is empty";
}

static void cut_csv(RowIn *in, Piece *piece, gboolean last) {
  const char *text = piece->block->text;
  guint n_columns = in->header.columns->len;
  while (piece->at < piece->size) {
    CsvRecord record;
    gsize taken = csv_next(&in->header.dialect, text + piece->at, piece->size - piece->at, last, &piece->scratch, in->texts,
                           n_columns, &record);
    if (!taken)
      return;
    if (record.raw.size)
      add_record(in, piece, &record, in->line + 1);
    in->line += record.lines;
    piece->at += taken;
  }
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void cut_lines(RowIn *in, Piece *piece, gboolean last) {
  const char *text = piece->block->text;
  while (piece->at < piece->size) {
    const char *at = text + piece->at, *newline = memchr(at, '\n', piece->size - piece->at);
    if (!newline && !last)
      return;
    const char *end = newline ? newline : text + piece->size;
    in->line++;
    piece->at = (gsize)(end - text) + (newline ? 1 : 0);
    while (at < end && g_ascii_isspace(*at))
      at++;
    while (end > at && g_ascii_isspace(end[-1]))
      end--;
    if (at < end)
      add_row(in, piece, (Text){at, (guint32)(end - at)}, in->line);
  }
}

static guint64 count_newlines(const char *at, gsize size) {
  guint64 n = 0;
  for (const char *end = at + size; at < end && (at = memchr(at, '\n', (gsize)(end - at))); at++)
    n++;
  return n;
}

static gboolean cut_objects(RowIn *in, Piece *piece, gboolean last, GError **error) {
  const char *text = piece->block->text;
  while (piece->at < piece->size) {
    Text object;
    const char *fault;
    gsize taken = json_cut_next(&in->cut, text + piece->at, piece->size - piece->at, &object, &fault);
    if (fault)
      return error_set(error, ERROR_INVALID, "%s: line %" G_GUINT64_FORMAT ": %s", in->label, in->line + 1, fault);
    if (!taken)
      break;
    if (object.size)
      add_row(in, piece, object, in->line + 1);
    in->line += count_newlines(text + piece->at, taken);
    piece->at += taken;
  }
  if (last && (in->cut.list || piece->at < piece->size))
    return error_set(error, ERROR_INVALID, "%s is cut off: its %s is never closed", in->label,
                     piece->at < piece->size ? "last object" : "list");
  return TRUE;
}

/* --- pieces of text -------------------------------------------------------------------------- */

static gboolean fill_piece(RowIn *in, Piece *piece, gsize room, GError **error) {
  char *text = piece->block->text = g_try_malloc(room);
  if (!text)
    return error_set(error, ERROR_LIMIT, "No memory to read %s", in->label);
  if (in->left_size)
    memcpy(text, in->left, in->left_size);
  piece->size = in->left_size;
  while (!in->text_ended && room - piece->size >= 64) {
    gsize n = 0;
    if (!text_in_read(in->text, text + piece->size, room - piece->size, &n, error))
      return FALSE;
    in->text_ended = n == 0;
    piece->size += n;
  }
  return TRUE;
}

static void keep_rest(RowIn *in, const Piece *piece) {
  gsize rest = piece->size - piece->at;
  char *left = g_memdup2(piece->block->text + piece->at, rest);
  g_free(in->left);
  in->left = left;
  in->left_size = rest;
}

static char line_end(const RowIn *in) {
  return in->kind == FILE_CSV ? in->header.dialect.newline : '\n';
}

/* The rest of a line that was too long. */
static void skip_line(RowIn *in, Piece *piece) {
  const char *newline = memchr(piece->block->text, line_end(in), piece->size);
  piece->at = newline ? (gsize)(newline - piece->block->text) + 1 : piece->size;
  in->skipping = !newline;
  in->line += newline != NULL;
}

/* A quote is open since the first of many lines: that line is no record, the next ones may be. */
static void give_up_quote(RowIn *in, Piece *piece) {
  CsvRecord record = {.lines = 1};
  piece->at = csv_next(&in->header.dialect, piece->block->text, piece->size, TRUE, &piece->scratch, in->texts, 0, &record);
  Row *row = add_row(in, piece, record.raw, in->line + 1);
  row->refused = record.fault ? record.fault : note(piece->block, g_strdup_printf("it has more than %d bytes", PIECE_MAX));
  in->line += record.lines;
  in->skipping = piece->at == piece->size;
  cut_csv(in, piece, FALSE);
}

static gboolean give_up_line(RowIn *in, Piece *piece, GError **error) {
  if (in->kind == FILE_JSON)
    return error_set(error, ERROR_LIMIT, "%s: line %" G_GUINT64_FORMAT ": an object has more than %d bytes", in->label,
                     in->line + 1, PIECE_MAX);
  if (memchr(piece->block->text, line_end(in), piece->size)) {
    give_up_quote(in, piece);
    return TRUE;
  }
  Row *row = add_row(in, piece, (Text){piece->block->text, 200}, in->line + 1);
  row->refused = note(piece->block, g_strdup_printf("it has more than %d bytes", PIECE_MAX));
  in->skipping = TRUE;
  piece->at = piece->size;
  return TRUE;
}

static gboolean cut(RowIn *in, Piece *piece, GError **error) {
  const char *text = piece->block->text;
  piece->suspicious = text_in_faulty(in->text) || memchr(text, 0, piece->size);
  if (in->skipping)
    skip_line(in, piece);
  if (in->kind == FILE_CSV && memchr(text, '"', piece->size))
    piece->scratch = (CsvScratch){piece->block->scratch = g_malloc(piece->size), 0, piece->size};
  if (in->kind == FILE_CSV)
    cut_csv(in, piece, in->text_ended);
  else if (in->kind == FILE_JSON_LINES)
    cut_lines(in, piece, in->text_ended);
  else
    return cut_objects(in, piece, in->text_ended, error);
  return TRUE;
}

/* One block with at least one row, or none at the end. */
static gboolean next_text(RowIn *in, RowBlock **out, GError **error) {
  for (gsize room = MAX(PIECE_SIZE, in->left_size * 2);;) {
    g_autoptr(RowBlock) block = g_new0(RowBlock, 1);
    Piece piece = {.block = block};
    if (!fill_piece(in, &piece, room, error) || !cut(in, &piece, error))
      return FALSE;
    gboolean stuck = piece.at == 0 && !in->text_ended;
    if (stuck && room >= PIECE_MAX && !give_up_line(in, &piece, error))
      return FALSE;
    keep_rest(in, &piece);
    block->offset = text_in_offset(in->text);
    if (block->n) {
      *out = g_steal_pointer(&block);
      return TRUE;
    }
    if (in->text_ended)
      return TRUE;
    room = stuck ? MIN(room * 2, PIECE_MAX) : PIECE_SIZE;
  }
}

/* --- opening --------------------------------------------------------------------------------- */

static gboolean has_rows(const char *text, gsize size) {
  for (gsize i = 0; i < size; i++)
    if (!g_ascii_isspace(text[i]))
      return TRUE;
  return FALSE;
}

static gboolean open_csv(RowIn *in, const RowOptions *options, GError **error) {
  g_autoptr(RowBlock) block = g_new0(RowBlock, 1);
  Piece piece = {.block = block};
  if (!fill_piece(in, &piece, PIECE_SIZE, error) ||
      !csv_header_read(&in->header, block->text, piece.size, in->text_ended, options->wanted, options->separator, in->label, error))
    return FALSE;
  piece.at = in->header.taken;
  in->line = in->header.lines;
  in->texts = g_new(Text, in->header.columns->len);
  if (in->text_ended && !has_rows(block->text + piece.at, piece.size - piece.at))
    return error_set(error, ERROR_INVALID, "%s has a header and no rows", in->label);
  keep_rest(in, &piece);
  return TRUE;
}

static gboolean open_kind(RowIn *in, const char *path, const RowOptions *options, GError **error) {
  if (in->kind == FILE_PARQUET) {
    in->parquet = parquet_in_open(path, in->label, options->temp_folder, error);
    in->size = in->parquet ? parquet_in_size(in->parquet) : 0;
    return in->parquet != NULL;
  }
  in->text = text_in_open(path, in->label, options->encoding, error);
  if (!in->text)
    return FALSE;
  in->size = text_in_size(in->text);
  return in->kind != FILE_CSV || open_csv(in, options, error);
}

RowIn *row_in_open(const char *path, const char *label, const RowOptions *options, GError **error) {
  g_autoptr(RowIn) in = g_new0(RowIn, 1);
  in->label = g_strdup(label);
  if (!sniff_file(path, label, options->encoding, &in->kind, error) || !open_kind(in, path, options, error))
    return NULL;
  return g_steal_pointer(&in);
}

void row_in_free(RowIn *in) {
  if (!in)
    return;
  parquet_in_free(in->parquet);
  text_in_free(in->text);
  csv_header_clear(&in->header);
  g_free(in->texts);
  g_free(in->left);
  g_free(in->label);
  g_free(in);
}

FileKind row_in_kind(const RowIn *in) {
  return in->kind;
}
char row_in_separator(const RowIn *in) {
  return in->kind == FILE_CSV ? in->header.dialect.separator : 0;
}
const char *row_in_encoding(const RowIn *in) {
  return in->text ? text_in_encoding(in->text) : NULL;
}
guint64 row_in_size(const RowIn *in) {
  return in->size;
}

guint row_in_columns(const RowIn *in) {
  if (in->parquet)
    return parquet_in_columns(in->parquet);
  return in->header.columns ? in->header.columns->len : 0;
}

const char *row_in_column(const RowIn *in, guint column) {
  return in->parquet ? parquet_in_column(in->parquet, column) : in->header.columns->pdata[column];
}

gboolean row_in_next(RowIn *in, RowBlock **block, GError **error) {
  *block = NULL;
  return in->parquet ? parquet_in_next(in->parquet, block, error) : next_text(in, block, error);
}
