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

typedef struct {
#define DUCK_DECLARE(type, name, arguments) type(*name) arguments;
  DUCK_FUNCTIONS(DUCK_DECLARE)
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
void duck_interrupt(Duck *duck); /* from any thread: the running query fails */

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
