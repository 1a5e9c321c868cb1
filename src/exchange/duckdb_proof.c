// SPDX-License-Identifier: Apache-2.0
// A table function that uses every prototype once: rows of every type that our tables have, a parameter, projection, state
// of a scan and of a thread, an error. What comes back must be what was put in.
#include "base/error.h"
#include "exchange/duckdb.h"
#include <string.h>

enum { ROWS = 2, NAMES = 300 };
typedef enum {
  PROOF_BOOLEAN,
  PROOF_INTEGER,
  PROOF_BIGINT,
  PROOF_DOUBLE,
  PROOF_MONEY,
  PROOF_TIME,
  PROOF_TEXT,
  PROOF_JSON,
  PROOF_FEW,
  PROOF_MANY,
  PROOF_COLUMNS
} ProofColumn;

typedef struct {
  char *text; /* the parameter's texts, one after the other */
} ProofBind;

typedef struct {
  guint columns[PROOF_COLUMNS], n_columns;
} ProofScan;

static void bind_free(void *data) {
  g_free(((ProofBind *)data)->text);
  g_free(data);
}

static void add_column(const DuckApi *api, void *info, const char *name, void *type) {
  api->bind_add_result_column(info, name, type);
  api->destroy_logical_type(&type);
}

static char *read_texts(const DuckApi *api, void *info) {
  GString *texts = g_string_new(NULL);
  void *list = api->bind_get_named_parameter(info, "texts");
  for (DuckIndex i = 0; list && i < api->get_list_size(list); i++) {
    void *value = api->get_list_child(list, i);
    char *text = api->get_varchar(value);
    g_string_append(texts, text);
    api->free(text);
    api->destroy_value(&value);
  }
  if (list)
    api->destroy_value(&list);
  return g_string_free(texts, FALSE);
}

static void *many_names(const DuckApi *api) {
  char texts[NAMES][8];
  const char *names[NAMES];
  for (guint i = 0; i < NAMES; i++) {
    g_snprintf(texts[i], sizeof texts[i], "n%u", i);
    names[i] = texts[i];
  }
  return api->create_enum_type(names, NAMES);
}

static void bind_columns(const DuckApi *api, void *info) {
  const char *few[] = {"", "two"};
  void *json = api->create_logical_type(DUCK_VARCHAR), *enum_few = api->create_enum_type(few, 2), *enum_many = many_names(api);
  api->logical_type_set_alias(json, "JSON");
  if (api->enum_internal_type(enum_few) != DUCK_UTINYINT || api->enum_internal_type(enum_many) != DUCK_USMALLINT)
    api->bind_set_error(info, "codes of another width");
  add_column(api, info, "b", api->create_logical_type(DUCK_BOOLEAN));
  add_column(api, info, "i", api->create_logical_type(DUCK_INTEGER));
  add_column(api, info, "l", api->create_logical_type(DUCK_BIGINT));
  add_column(api, info, "d", api->create_logical_type(DUCK_DOUBLE));
  add_column(api, info, "m", api->create_decimal_type(18, 6));
  add_column(api, info, "t", api->create_logical_type(DUCK_TIMESTAMP_TZ));
  add_column(api, info, "s", api->create_logical_type(DUCK_VARCHAR));
  add_column(api, info, "j", json);
  add_column(api, info, "few", enum_few);
  add_column(api, info, "many", enum_many);
}

static void proof_bind(void *info) {
  const DuckApi *api = duck_loaded();
  if (api->bind_get_extra_info(info) != api) {
    api->bind_set_error(info, "extra information is lost");
    return;
  }
  bind_columns(api, info);
  ProofBind *bind = g_new0(ProofBind, 1);
  bind->text = read_texts(api, info);
  api->bind_set_cardinality(info, ROWS, TRUE);
  api->bind_set_bind_data(info, bind, bind_free);
}

static void proof_init(void *info) {
  const DuckApi *api = duck_loaded();
  const ProofBind *bind = api->init_get_bind_data(info);
  ProofScan *scan = g_new0(ProofScan, 1);
  scan->n_columns = (guint)api->init_get_column_count(info);
  for (guint i = 0; i < scan->n_columns && i < PROOF_COLUMNS; i++)
    scan->columns[i] = (guint)api->init_get_column_index(info, i);
  api->init_set_max_threads(info, 1);
  api->init_set_init_data(info, scan, g_free);
  if (!strcmp(bind->text, "bad init"))
    api->init_set_error(info, "as asked at the beginning");
}

static void proof_local_init(void *info) {
  duck_loaded()->init_set_init_data(info, g_new0(guint, 1), g_free);
}

/* The first row has values, the second has none. */
static void fill(const DuckApi *api, ProofColumn column, const char *text, void *vector) {
  void *data = api->vector_get_data(vector);
  switch (column) {
  case PROOF_BOOLEAN: *(guint8 *)data = 1; break;
  case PROOF_INTEGER: *(gint32 *)data = -7; break;
  case PROOF_BIGINT: *(gint64 *)data = G_GINT64_CONSTANT(-81985529216486896); break;
  case PROOF_DOUBLE: *(double *)data = 0.5; break;
  case PROOF_MONEY: *(gint64 *)data = 19900000; break;
  case PROOF_TIME: *(gint64 *)data = G_GINT64_CONSTANT(1735689600123000); break;
  case PROOF_TEXT: api->vector_assign_string_element_len(vector, 0, text, strlen(text)); break;
  case PROOF_JSON: api->vector_assign_string_element_len(vector, 0, "{\"a\":1}", 7); break;
  case PROOF_FEW: *(guint8 *)data = 1; break;
  default: *(guint16 *)data = NAMES - 1;
  }
  api->vector_ensure_validity_writable(vector);
  api->vector_get_validity(vector)[0] &= ~G_GUINT64_CONSTANT(2);
}

static void proof_work(void *info, void *chunk) {
  const DuckApi *api = duck_loaded();
  const ProofScan *scan = api->function_get_init_data(info);
  guint *done = api->function_get_local_init_data(info);
  if (api->vector_size() != 2048) {
    api->function_set_error(info, "another vector size");
    return;
  }
  for (guint i = 0; i < scan->n_columns && !*done; i++)
    fill(api, (ProofColumn)scan->columns[i], "more than twelve bytes", api->data_chunk_get_vector(chunk, i));
  api->data_chunk_set_size(chunk, *done ? 0 : ROWS);
  *done = 1;
}

static DuckState proof_register(Duck *duck) {
  const DuckApi *api = duck_api(duck);
  void *function = api->create_table_function(), *text = api->create_logical_type(DUCK_VARCHAR),
       *list = api->create_list_type(text);
  api->table_function_set_name(function, "etappe_proof");
  api->table_function_add_named_parameter(function, "texts", list);
  api->table_function_set_extra_info(function, (void *)(guintptr)duck_loaded(), NULL);
  api->table_function_set_bind(function, proof_bind);
  api->table_function_set_init(function, proof_init);
  api->table_function_set_local_init(function, proof_local_init);
  api->table_function_set_function(function, proof_work);
  api->table_function_supports_projection_pushdown(function, TRUE);
  DuckState state = api->register_table_function(duck_connection(duck), function);
  api->destroy_table_function(&function);
  api->destroy_logical_type(&list);
  api->destroy_logical_type(&text);
  return state;
}

static gboolean proof_reads(Duck *duck, const char *sql, const char *const *expected, guint n) {
  g_autoptr(GPtrArray) rows = duck_table(duck, sql, NULL);
  if (!rows || rows->len != ROWS)
    return FALSE;
  for (guint row = 0; row < ROWS; row++)
    for (guint i = 0; i < n; i++)
      if (g_strcmp0(((char **)rows->pdata[row])[i], row == 0 ? expected[i] : "") != 0)
        return FALSE;
  return TRUE;
}

static gboolean prove_prepared(Duck *duck) {
  const DuckApi *api = duck_api(duck);
  void *statement = NULL;
  gboolean good =
      api->prepare(duck_connection(duck), "SELECT j AS one, 'x' AS two FROM etappe_proof()", &statement) == DUCK_SUCCESS &&
      api->prepared_statement_type(statement) == DUCK_STATEMENT_SELECT && api->prepared_statement_column_count(statement) == 2 &&
      api->prepared_statement_column_type(statement, 1) == DUCK_VARCHAR;
  if (good) {
    char *name = (char *)(guintptr)api->prepared_statement_column_name(statement, 1);
    void *type = api->prepared_statement_column_logical_type(statement, 0);
    char *alias = api->logical_type_get_alias(type);
    good = g_strcmp0(name, "two") == 0 && g_strcmp0(alias, "JSON") == 0;
    api->free(name);
    api->free(alias);
    api->destroy_logical_type(&type);
  }
  api->destroy_prepare(&statement);
  return good;
}

gboolean duck_prove_tables(Duck *duck, GError **error) {
  const char *all =
      "SELECT b::VARCHAR, i::VARCHAR, l::VARCHAR, d::VARCHAR, m::VARCHAR, epoch_ms(t)::VARCHAR, s, j->>'a', few::VARCHAR, "
      "many::VARCHAR FROM etappe_proof(texts := ['a', 'b'])";
  const char *values[] = {"true", "-7",  "-81985529216486896", "0.5", "19.900000", "1735689600123", "more than twelve bytes", "1",
                          "two",  "n299"};
  gboolean good = proof_register(duck) == DUCK_SUCCESS && proof_reads(duck, all, values, PROOF_COLUMNS) &&
                  proof_reads(duck, "SELECT s, b::VARCHAR FROM etappe_proof()", (const char *const[]){values[6], values[0]}, 2) &&
                  prove_prepared(duck);
  g_autoptr(GError) refused = NULL;
  g_autoptr(GPtrArray) none = duck_table(duck, "SELECT s FROM etappe_proof(texts := ['bad', ' init'])", &refused);
  if (good && !none && refused && strstr(refused->message, "as asked at the beginning"))
    return TRUE;
  return error_set(error, ERROR_VERSION, "DuckDB %s makes tables otherwise than expected\nhint: version 1.5 is needed",
                   duck_api(duck)->library_version());
}
