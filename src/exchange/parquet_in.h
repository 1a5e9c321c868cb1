/* SPDX-License-Identifier: Apache-2.0
 * parquet_in.h: the rows of a Parquet file as typed cells, read by DuckDB. Instants come as UTC with a Z,
 * times without zone without one, lists and structs as JSON, NaN and infinities as text. */
#pragma once
#include "exchange/row_in.h"

typedef struct ParquetIn ParquetIn;

ParquetIn *parquet_in_open(const char *path, const char *label, const char *temp_folder, GError **error);
void parquet_in_free(ParquetIn *in);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ParquetIn, parquet_in_free)
guint parquet_in_columns(const ParquetIn *in);
const char *parquet_in_column(const ParquetIn *in, guint column);
guint64 parquet_in_size(const ParquetIn *in); /* bytes of the file */
/* Up to 2,048 rows, or NULL after the last; their `offset` is the share of rows read, in bytes. */
gboolean parquet_in_next(ParquetIn *in, RowBlock **block, GError **error);
