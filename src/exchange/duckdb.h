/* SPDX-License-Identifier: Apache-2.0
 * duckdb.h: the few functions of DuckDB's C API (1.5) that we use, found at run time, and a small
 * wrapper: open, run, stream rows. No header is shipped with the library, so the prototypes stand here
 * and are proved by a query with known answers each time it is opened. */
#pragma once
#include "base/text.h"

typedef guint64 DuckIndex;
typedef enum { DUCK_SUCCESS = 0, DUCK_ERROR = 1 } DuckState;
typedef struct { /* as DuckDB's duckdb_result; passed by value to some functions */
  DuckIndex deprecated_columns, deprecated_rows, deprecated_changed;
  void *deprecated_data;
  char *deprecated_error;
  void *internal;
} DuckResult;

/* X(result, name without "duckdb_", arguments) */
#define DUCK_FUNCTIONS(X)                                                                                                          \
  X(const char *, library_version, (void))                                                                                         \
  X(DuckState, create_config, (void **config))                                                                                     \
  X(DuckState, set_config, (void *config, const char *name, const char *value))                                                    \
  X(void, destroy_config, (void **config))                                                                                         \
  X(DuckState, open_ext, (const char *path, void **database, void *config, char **message))                                        \
  X(void, close, (void **database))                                                                                                \
  X(DuckState, connect, (void *database, void **connection))                                                                       \
  X(void, disconnect, (void **connection))                                                                                         \
  X(void, interrupt, (void *connection))                                                                                           \
  X(void, free, (void *pointer))                                                                                                   \
  X(DuckState, query, (void *connection, const char *sql, DuckResult *result))                                                     \
  X(DuckState, prepare, (void *connection, const char *sql, void **statement))                                                     \
  X(const char *, prepare_error, (void *statement))                                                                                \
  X(void, destroy_prepare, (void **statement))                                                                                     \
  X(DuckState, execute_prepared, (void *statement, DuckResult *result))                                                            \
  X(DuckState, execute_prepared_streaming, (void *statement, DuckResult *result))                                                  \
  X(const char *, result_error, (DuckResult * result))                                                                             \
  X(void, destroy_result, (DuckResult * result))                                                                                   \
  X(DuckIndex, column_count, (DuckResult * result))                                                                                \
  X(const char *, column_name, (DuckResult * result, DuckIndex column))                                                            \
  X(int, column_type, (DuckResult * result, DuckIndex column))                                                                     \
  X(void *, fetch_chunk, (DuckResult result))                                                                                      \
  X(void, destroy_data_chunk, (void **chunk))                                                                                      \
  X(DuckIndex, data_chunk_get_size, (void *chunk))                                                                                 \
  X(void *, data_chunk_get_vector, (void *chunk, DuckIndex column))                                                                \
  X(void *, vector_get_data, (void *vector))                                                                                       \
  X(guint64 *, vector_get_validity, (void *vector))

/* The same for table functions, proved by duck_prove_tables(). `bool` is C's, one byte. */
typedef void (*DuckCallback)(void *info);
typedef void (*DuckTableCallback)(void *info, void *chunk);
typedef void (*DuckDestroy)(void *data);
#define DUCK_TABLE_FUNCTIONS(X)                                                                                                    \
  X(void *, create_table_function, (void))                                                                                         \
  X(void, destroy_table_function, (void **function))                                                                               \
  X(void, table_function_set_name, (void *function, const char *name))                                                             \
  X(void, table_function_add_named_parameter, (void *function, const char *name, void *type))                                      \
  X(void, table_function_set_extra_info, (void *function, void *data, DuckDestroy destroy))                                        \
  X(void, table_function_set_bind, (void *function, DuckCallback bind))                                                            \
  X(void, table_function_set_init, (void *function, DuckCallback init))                                                            \
  X(void, table_function_set_local_init, (void *function, DuckCallback init))                                                      \
  X(void, table_function_set_function, (void *function, DuckTableCallback work))                                                   \
  X(void, table_function_supports_projection_pushdown, (void *function, _Bool pushdown))                                           \
  X(DuckState, register_table_function, (void *connection, void *function))                                                        \
  X(void *, bind_get_extra_info, (void *info))                                                                                     \
  X(void, bind_add_result_column, (void *info, const char *name, void *type))                                                      \
  X(void *, bind_get_named_parameter, (void *info, const char *name))                                                              \
  X(void, bind_set_bind_data, (void *info, void *data, DuckDestroy destroy))                                                       \
  X(void, bind_set_cardinality, (void *info, DuckIndex rows, _Bool exact))                                                         \
  X(void, bind_set_error, (void *info, const char *message))                                                                       \
  X(void *, init_get_bind_data, (void *info))                                                                                      \
  X(void, init_set_init_data, (void *info, void *data, DuckDestroy destroy))                                                       \
  X(DuckIndex, init_get_column_count, (void *info))                                                                                \
  X(DuckIndex, init_get_column_index, (void *info, DuckIndex at))                                                                  \
  X(void, init_set_max_threads, (void *info, DuckIndex threads))                                                                   \
  X(void, init_set_error, (void *info, const char *message))                                                                       \
  X(void *, function_get_init_data, (void *info))                                                                                  \
  X(void *, function_get_local_init_data, (void *info))                                                                            \
  X(void, function_set_error, (void *info, const char *message))                                                                   \
  X(void *, create_logical_type, (int type))                                                                                       \
  X(void *, create_enum_type, (const char **names, DuckIndex n))                                                                   \
  X(void *, create_list_type, (void *type))                                                                                        \
  X(void *, create_decimal_type, (guint8 width, guint8 scale))                                                                     \
  X(void, destroy_logical_type, (void **type))                                                                                     \
  X(void, logical_type_set_alias, (void *type, const char *alias))                                                                 \
  X(int, enum_internal_type, (void *type))                                                                                         \
  X(DuckIndex, vector_size, (void))                                                                                                \
  X(void, vector_assign_string_element_len, (void *vector, DuckIndex at, const char *text, DuckIndex size))                        \
  X(void, vector_ensure_validity_writable, (void *vector))                                                                         \
  X(void, data_chunk_set_size, (void *chunk, DuckIndex size))                                                                      \
  X(DuckIndex, get_list_size, (void *value))                                                                                       \
  X(void *, get_list_child, (void *value, DuckIndex at))                                                                           \
  X(char *, get_varchar, (void *value))                                                                                            \
  X(void, destroy_value, (void **value))                                                                                           \
  X(int, prepared_statement_type, (void *statement))                                                                               \
  X(DuckIndex, prepared_statement_column_count, (void *statement))                                                                 \
  X(const char *, prepared_statement_column_name, (void *statement, DuckIndex column))                                             \
  X(int, prepared_statement_column_type, (void *statement, DuckIndex column))                                                      \
  X(void *, prepared_statement_column_logical_type, (void *statement, DuckIndex column))                                           \
  X(char *, logical_type_get_alias, (void *type))

typedef enum { /* duckdb_type: of columns */
               DUCK_BOOLEAN = 1,
               DUCK_TINYINT,
               DUCK_SMALLINT,
               DUCK_INTEGER,
               DUCK_BIGINT,
               DUCK_UTINYINT,
               DUCK_USMALLINT,
               DUCK_UINTEGER,
               DUCK_UBIGINT,
               DUCK_FLOAT,
               DUCK_DOUBLE,
               DUCK_HUGEINT = 16,
               DUCK_VARCHAR = 17,
               DUCK_DECIMAL = 19,
               DUCK_ENUM = 23,
               DUCK_LIST = 24,
               DUCK_STRUCT = 25,
               DUCK_MAP = 26,
               DUCK_UNION = 28,
               DUCK_TIMESTAMP_TZ = 31,
               DUCK_UHUGEINT = 32,
               DUCK_ARRAY = 33,
} DuckType;
typedef enum { DUCK_STATEMENT_SELECT = 1, DUCK_STATEMENT_EXPLAIN = 4 } DuckStatement;

typedef struct {
#define DUCK_DECLARE(type, name, arguments) type(*name) arguments;
  DUCK_FUNCTIONS(DUCK_DECLARE)
  DUCK_TABLE_FUNCTIONS(DUCK_DECLARE)
#undef DUCK_DECLARE
} DuckApi;

typedef struct {
  guint threads;           /* 0: 1 */
  guint64 memory_bytes;    /* 0: 512 MiB */
  const char *temp_folder; /* where it may spill, or NULL: nowhere */
} DuckOptions;

typedef struct Duck Duck; /* one database in memory with one connection; one thread at a time */

/* Looks for libduckdb.so in $ETAPPE_DUCKDB (a file), beside the program, where it was installed, where it
 * was built. ERROR_NOT_FOUND names the places; ERROR_VERSION when its answers are not the expected ones. */
Duck *duck_open(const DuckOptions *options, GError **error);
void duck_free(Duck *duck);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Duck, duck_free)
const DuckApi *duck_api(const Duck *duck);
void *duck_connection(const Duck *duck);
/* For callbacks of table functions, which DuckDB hands nothing else: the functions of the library that was opened. */
const DuckApi *duck_loaded(void);
void duck_interrupt(Duck *duck); /* from any thread: the running query fails */

/* Registers a table of known rows and reads it back; ERROR_VERSION when an answer differs. Before the first table. */
gboolean duck_prove_tables(Duck *duck, GError **error);

gboolean duck_run(Duck *duck, const char *sql, GError **error);

/* Appends 'text' as an SQL literal; duck_path() does so for one existing file, glob characters made plain. */
void duck_quote(GString *sql, const char *text);
void duck_path(GString *sql, const char *path);

typedef struct DuckRows DuckRows; /* a result that is made while it is read; one at a time per Duck */
DuckRows *duck_query(Duck *duck, const char *sql, GError **error);
void duck_rows_free(DuckRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DuckRows, duck_rows_free)
guint duck_rows_columns(const DuckRows *rows);
const char *duck_rows_name(DuckRows *rows, guint column); /* lives as long as the rows */

typedef struct DuckChunk DuckChunk; /* up to 2,048 rows, columns apart; may be read and freed on another thread */
/* The next ones in *chunk, which the caller frees; NULL after the last. */
gboolean duck_rows_next(DuckRows *rows, DuckChunk **chunk, GError **error);
void duck_chunk_free(DuckChunk *chunk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DuckChunk, duck_chunk_free)
guint duck_chunk_size(const DuckChunk *chunk);

typedef struct { /* a column of a chunk, borrowed */
  const void *data;
  const guint64 *valid; /* NULL: no NULLs */
} DuckColumn;
DuckColumn duck_chunk_column(const DuckChunk *chunk, guint column);

static inline gboolean duck_is_null(const DuckColumn *column, guint row) {
  return column->valid && !(column->valid[row / 64] >> (row % 64) & 1);
}
/* Of a VARCHAR column: 16 bytes a row, up to 12 of text inside, else 4 of prefix and a pointer. NULL is empty. */
static inline Text duck_text(const DuckColumn *column, guint row) {
  const struct {
    guint32 size;
    char prefix[4];
    const char *at;
  } *cell = (gconstpointer)((const char *)column->data + (gsize)row * 16);
  if (duck_is_null(column, row))
    return (Text){NULL, 0};
  return (Text){cell->size <= 12 ? cell->prefix : cell->at, cell->size};
}
static inline gint64 duck_int(const DuckColumn *column, guint row) {
  return ((const gint64 *)column->data)[row];
} /* of a BIGINT column */

/* All rows of a small answer, every column VARCHAR, as GPtrArray of char** (one text a column; NULLs are empty). */
GPtrArray *duck_table(Duck *duck, const char *sql, GError **error);
