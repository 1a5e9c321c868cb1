/* SPDX-License-Identifier: Apache-2.0
 * row_in.h: the rows of a file in order, a block at a time, whatever kind of file it is.
 * Every row of the file comes, also those that are none: they say why (`refused`). */
#pragma once
#include "exchange/duckdb.h"
#include "exchange/sniff.h"
#include "wire/mapping.h"

typedef struct {
  const char *encoding;      /* of text, NULL to find out */
  char separator;            /* of CSV, 0 to find out */
  const char *const *wanted; /* columns that must be there: they help to find the separator; or NULL */
  const char *temp_folder;   /* for what does not fit into memory (Parquet) */
} RowOptions;

typedef struct {
  Text raw;            /* as it stands in the file; empty for Parquet */
  guint64 number;      /* rows count from 1; header and blank lines do not */
  guint64 line;        /* of the file, on which it begins; 0 where there are none */
  const char *refused; /* why it is no row, or NULL; then it has no cells */
} Row;

typedef struct { /* may be read and freed on another thread, before its RowIn */
  guint n;
  Row *rows;
  Cell *cells;    /* n * row_in_columns(); NULL for JSON, where `raw` is the object */
  guint64 offset; /* how much of row_in_size() was read when the block was complete */
  /* the memory that the above points into */
  char *text, *scratch;
  DuckChunk *chunk;
  GPtrArray *notes;
} RowBlock;
void row_block_free(RowBlock *block);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RowBlock, row_block_free)
static inline const Cell *row_block_cells(const RowBlock *block, guint row, guint n_columns) {
  return block->cells + (gsize)row * n_columns;
}

typedef struct RowIn RowIn; /* one thread at a time */

/* ERROR_INVALID for what holds no rows (see sniff.h; also a header without rows), ERROR_NOT_FOUND. */
RowIn *row_in_open(const char *path, const char *label, const RowOptions *options, GError **error);
void row_in_free(RowIn *in);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RowIn, row_in_free)

FileKind row_in_kind(const RowIn *in);
char row_in_separator(const RowIn *in);       /* 0 where there is none */
const char *row_in_encoding(const RowIn *in); /* of text so far */
guint row_in_columns(const RowIn *in);        /* 0 for JSON */
const char *row_in_column(const RowIn *in, guint column);
guint64 row_in_size(const RowIn *in); /* bytes of the file */

/* The next rows in *block, which the caller frees; NULL after the last. */
gboolean row_in_next(RowIn *in, RowBlock **block, GError **error);
