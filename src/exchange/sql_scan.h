/* SPDX-License-Identifier: Apache-2.0
 * sql_scan.h: shows our tables to DuckDB. Each becomes a table function that threads of DuckDB read block by block; only
 * the columns that a query uses are made. */
#pragma once
#include "exchange/duckdb.h"
#include "exchange/sql_table.h"

typedef struct SqlSource SqlSource; /* what all tables read; outlives the Duck it is registered with */
SqlSource *sql_source_new(const Question *question, GError **error);
void sql_source_free(SqlSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqlSource, sql_source_free)

gboolean sql_source_register(SqlSource *source, Duck *duck, const SqlTable *table, GError **error);
/* The failure behind DuckDB's own message, if one of our tables failed since the last call; the caller's. */
GError *sql_source_failure(SqlSource *source);
/* "TIMESTAMP WITH TIME ZONE": how a column is declared. */
const char *sql_type_name(const SqlColumn *column);
