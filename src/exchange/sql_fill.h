/* SPDX-License-Identifier: Apache-2.0
 * sql_fill.h: the cells of one column of a chunk. */
#pragma once
#include "exchange/duckdb.h"
#include "exchange/sql_table.h"

typedef struct { /* a column that a scan asked for */
  const SqlColumn *column;
  const SqlEnum *dictionary; /* of SQL_ENUM */
  guint width;               /* of its codes: 1, 2, 4 */
  Field *field;              /* of SQL_OF_FIELD */
  GPtrArray *properties;     /* of Field*, with `keys` beside; of SQL_OF_PROPERTIES */
  GPtrArray *keys;           /* of char*: "\"total\":" */
  GPtrArray *orders;         /* of Field* by goal, NULL where it names no order; of SQL_OF_ORDER */
} SqlCells;

typedef struct { /* what a worker has of a column in the block at hand */
  FieldBlock field;
  guint32 *place;     /* per entry of the field: the code of the ENUM */
  FieldBlock *blocks; /* per property, or per goal */
  guint n_blocks;
} SqlCellsBlock;

gboolean sql_cells_load(const SqlCells *cells, SqlCellsBlock *loaded, guint block, const Block *data, GError **error);
void sql_cells_clear(SqlCellsBlock *loaded);
/* Rows [first, first + n) of the block into rows 0.. of the vector. */
void sql_cells_fill(const SqlCells *cells, const SqlCellsBlock *loaded, const SqlBlock *block, Derive *derive, guint first, guint n,
                    void *vector);
