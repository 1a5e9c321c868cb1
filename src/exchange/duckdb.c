// SPDX-License-Identifier: Apache-2.0
// The library is 70 MB and is needed for files and SQL only, so it is loaded when first asked for. A
// prototype that does not fit its library would corrupt memory silently; self_test() therefore asks for
// one row of everything that is read later and refuses the library when an answer differs.
#include "exchange/duckdb.h"

#include "base/error.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <unistd.h>

/* Written once: the library is never unloaded, so there is one of it in the process and its functions stay. */
static _Atomic(DuckApi *) loaded;

struct Duck {
  DuckApi api;
  void *database, *connection;
};
struct DuckRows {
  Duck *duck;
  void *statement;
  DuckResult result;
  guint n_columns;
};
struct DuckChunk {
  const DuckApi *api;
  void *chunk;
};

/* --- finding the library --------------------------------------------------------------------- */

static char *program_folder(void) {
  g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
  return program ? g_path_get_dirname(program) : NULL;
}

static GPtrArray *places(void) {
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
  const char *own = g_getenv("ETAPPE_DUCKDB");
  if (own && *own) {
    g_ptr_array_add(paths, g_strdup(own));
    return paths;
  }
  g_autofree char *folder = program_folder();
  if (folder)
    g_ptr_array_add(paths, g_build_filename(folder, "..", "lib", "etappe", "libduckdb.so", NULL));
  g_ptr_array_add(paths, g_build_filename(ETAPPE_LIBDIR, "libduckdb.so", NULL));
  g_ptr_array_add(paths, g_build_filename(ETAPPE_BUILD_DEPS, "libduckdb.so", NULL));
  return paths;
}

static void *load_library(GError **error) {
  g_autoptr(GPtrArray) paths = places();
  g_autoptr(GString) tried = g_string_new(NULL);
  for (guint i = 0; i < paths->len; i++) {
    const char *path = paths->pdata[i];
    g_string_append_printf(tried, "%s%s", i ? ", " : "", path);
    if (access(path, R_OK) != 0)
      continue;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library)
      return library;
    error_set(error, ERROR_VERSION, "%s cannot be loaded: %s", path, dlerror());
    return NULL;
  }
  error_set(error, ERROR_NOT_FOUND,
            "DuckDB, which reads files and answers SQL, is not there (looked at %s)\nhint: build with `make`, which fetches it, "
            "or name the file in ETAPPE_DUCKDB",
            tried->str);
  return NULL;
}

static gboolean load_api(DuckApi *api, GError **error) {
  void *library = load_library(error);
  if (!library)
    return FALSE;
#define DUCK_FIND(type, name, arguments)                                                                                           \
  *(void **)&api->name = dlsym(library, "duckdb_" #name);                                                                          \
  if (!api->name)                                                                                                                  \
    return error_set(error, ERROR_VERSION, "This libduckdb.so lacks duckdb_" #name "\nhint: version 1.5 is needed");
  DUCK_FUNCTIONS(DUCK_FIND)
  DUCK_TABLE_FUNCTIONS(DUCK_FIND)
#undef DUCK_FIND
  if (atomic_load(&loaded))
    return TRUE;
  DuckApi *kept = g_memdup2(api, sizeof *api), *none = NULL;
  if (!atomic_compare_exchange_strong(&loaded, &none, kept))
    g_free(kept);
  return TRUE;
}

/* --- opening --------------------------------------------------------------------------------- */

static gboolean set_error_text(GError **error, const char *message) {
  g_autofree char *line = g_strdup(message ? message : "DuckDB failed without a message");
  return error_set(error, strstr(line, "Out of Memory") ? ERROR_LIMIT : ERROR_INVALID, "%s", g_strchomp(line));
}

static gboolean open_database(Duck *duck, const DuckOptions *options, GError **error) {
  g_autofree char *threads = g_strdup_printf("%u", MAX(options->threads, 1));
  guint64 memory = options->memory_bytes ? options->memory_bytes : (guint64)512 << 20;
  g_autofree char *limit = g_strdup_printf("%" G_GUINT64_FORMAT "B", memory);
  const char *settings[][2] = {
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"preserve_insertion_order", "true"},
      {"threads", threads},
      {"memory_limit", limit},
      {"temp_directory", options->temp_folder ? options->temp_folder : ""},
  };
  void *config = NULL;
  if (duck->api.create_config(&config) != DUCK_SUCCESS)
    return error_set(error, ERROR_VERSION, "DuckDB gives no configuration");
  for (guint i = 0; i < G_N_ELEMENTS(settings); i++) {
    if (duck->api.set_config(config, settings[i][0], settings[i][1]) != DUCK_SUCCESS) {
      duck->api.destroy_config(&config);
      return error_set(error, ERROR_VERSION, "This DuckDB does not know the setting %s", settings[i][0]);
    }
  }
  char *message = NULL;
  DuckState state = duck->api.open_ext(NULL, &duck->database, config, &message);
  duck->api.destroy_config(&config);
  if (state != DUCK_SUCCESS) {
    set_error_text(error, message);
    duck->api.free(message);
    return FALSE;
  }
  if (duck->api.connect(duck->database, &duck->connection) != DUCK_SUCCESS)
    return error_set(error, ERROR_VERSION, "DuckDB gives no connection");
  return TRUE;
}

static gboolean self_test_row(const DuckChunk *chunk) {
  DuckColumn number = duck_chunk_column(chunk, 0), brief = duck_chunk_column(chunk, 1), longer = duck_chunk_column(chunk, 2);
  return duck_chunk_size(chunk) == 2 && duck_int(&number, 0) == G_GINT64_CONSTANT(-81985529216486896) &&
         text_is(duck_text(&brief, 0), "twelve bytes") && text_is(duck_text(&longer, 0), "more than twelve bytes") &&
         duck_is_null(&number, 1) && duck_is_null(&brief, 1) && !duck_is_null(&longer, 1) && text_is(duck_text(&longer, 1), "");
}

static gboolean self_test(Duck *duck, GError **error) {
  g_autoptr(DuckRows) rows = duck_query(duck,
                                        "SELECT * FROM (VALUES (-81985529216486896::BIGINT, 'twelve bytes', "
                                        "'more than twelve bytes'), (NULL, NULL, '')) t(number, brief, longer)",
                                        error);
  if (!rows)
    return FALSE;
  g_autoptr(DuckChunk) chunk = NULL, end = NULL;
  if (!duck_rows_next(rows, &chunk, error))
    return FALSE;
  if (!chunk || duck_rows_columns(rows) != 3 || g_strcmp0(duck_rows_name(rows, 2), "longer") != 0 || !self_test_row(chunk) ||
      !duck_rows_next(rows, &end, error) || end) {
    if (error)
      g_clear_error(error);
    return error_set(error, ERROR_VERSION, "DuckDB %s answers otherwise than expected\nhint: version 1.5 is needed",
                     duck->api.library_version());
  }
  return TRUE;
}

Duck *duck_open(const DuckOptions *options, GError **error) {
  g_autoptr(Duck) duck = g_new0(Duck, 1);
  if (!load_api(&duck->api, error) || !open_database(duck, options, error) || !self_test(duck, error))
    return NULL;
  return g_steal_pointer(&duck);
}

void duck_free(Duck *duck) {
  if (!duck)
    return;
  if (duck->connection)
    duck->api.disconnect(&duck->connection);
  if (duck->database)
    duck->api.close(&duck->database);
  g_free(duck);
}

const DuckApi *duck_loaded(void) {
  return atomic_load(&loaded);
}
const DuckApi *duck_api(const Duck *duck) {
  return &duck->api;
}
void *duck_connection(const Duck *duck) {
  return duck->connection;
}
void duck_interrupt(Duck *duck) {
  duck->api.interrupt(duck->connection);
}

/* --- asking ---------------------------------------------------------------------------------- */

void duck_quote(GString *sql, const char *text) {
  g_string_append_c(sql, '\'');
  for (; *text; text++) {
    if (*text == '\'')
      g_string_append_c(sql, '\'');
    g_string_append_c(sql, *text);
  }
  g_string_append_c(sql, '\'');
}

void duck_path(GString *sql, const char *path) {
  g_autoptr(GString) plain = g_string_new(NULL);
  for (; *path; path++) {
    if (strchr("*?[", *path))
      g_string_append_printf(plain, "[%c]", *path);
    else
      g_string_append_c(plain, *path);
  }
  duck_quote(sql, plain->str);
}

static gboolean execute(DuckRows *rows, const char *sql, GError **error) {
  const DuckApi *api = &rows->duck->api;
  if (api->prepare(rows->duck->connection, sql, &rows->statement) != DUCK_SUCCESS)
    return set_error_text(error, rows->statement ? api->prepare_error(rows->statement) : NULL);
  if (api->execute_prepared_streaming(rows->statement, &rows->result) != DUCK_SUCCESS)
    return set_error_text(error, api->result_error(&rows->result));
  rows->n_columns = (guint)api->column_count(&rows->result);
  return TRUE;
}

DuckRows *duck_query(Duck *duck, const char *sql, GError **error) {
  g_autoptr(DuckRows) rows = g_new0(DuckRows, 1);
  rows->duck = duck;
  return execute(rows, sql, error) ? g_steal_pointer(&rows) : NULL;
}

gboolean duck_run(Duck *duck, const char *sql, GError **error) {
  g_autoptr(DuckRows) rows = duck_query(duck, sql, error);
  if (!rows)
    return FALSE;
  for (;;) {
    g_autoptr(DuckChunk) chunk = NULL;
    if (!duck_rows_next(rows, &chunk, error))
      return FALSE;
    if (!chunk)
      return TRUE;
  }
}

void duck_rows_free(DuckRows *rows) {
  if (!rows)
    return;
  const DuckApi *api = &rows->duck->api;
  api->destroy_result(&rows->result);
  if (rows->statement)
    api->destroy_prepare(&rows->statement);
  g_free(rows);
}

guint duck_rows_columns(const DuckRows *rows) {
  return rows->n_columns;
}
const char *duck_rows_name(DuckRows *rows, guint column) {
  return rows->duck->api.column_name(&rows->result, column);
}

gboolean duck_rows_next(DuckRows *rows, DuckChunk **chunk, GError **error) {
  const DuckApi *api = &rows->duck->api;
  void *fetched = api->fetch_chunk(rows->result);
  const char *message = fetched ? NULL : api->result_error(&rows->result);
  if (message && *message)
    return set_error_text(error, message);
  if (fetched && api->data_chunk_get_size(fetched) == 0)
    api->destroy_data_chunk(&fetched);
  *chunk = NULL;
  if (fetched) {
    *chunk = g_new(DuckChunk, 1);
    **chunk = (DuckChunk){api, fetched};
  }
  return TRUE;
}

void duck_chunk_free(DuckChunk *chunk) {
  if (!chunk)
    return;
  chunk->api->destroy_data_chunk(&chunk->chunk);
  g_free(chunk);
}

guint duck_chunk_size(const DuckChunk *chunk) {
  return (guint)chunk->api->data_chunk_get_size(chunk->chunk);
}

DuckColumn duck_chunk_column(const DuckChunk *chunk, guint column) {
  void *vector = chunk->api->data_chunk_get_vector(chunk->chunk, column);
  return (DuckColumn){chunk->api->vector_get_data(vector), chunk->api->vector_get_validity(vector)};
}

static char **row_texts(const DuckChunk *chunk, guint n_columns, guint row) {
  char **texts = g_new0(char *, n_columns + 1);
  for (guint i = 0; i < n_columns; i++) {
    DuckColumn column = duck_chunk_column(chunk, i);
    texts[i] = text_dup(duck_text(&column, row));
  }
  return texts;
}

GPtrArray *duck_table(Duck *duck, const char *sql, GError **error) {
  g_autoptr(DuckRows) rows = duck_query(duck, sql, error);
  if (!rows)
    return NULL;
  g_autoptr(GPtrArray) table = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
  for (;;) {
    g_autoptr(DuckChunk) chunk = NULL;
    if (!duck_rows_next(rows, &chunk, error))
      return NULL;
    if (!chunk)
      return g_steal_pointer(&table);
    for (guint row = 0; row < duck_chunk_size(chunk); row++)
      g_ptr_array_add(table, row_texts(chunk, rows->n_columns, row));
  }
}
