// SPDX-License-Identifier: Apache-2.0
// bind: which columns there are. init: which of them are wanted. Then threads take the blocks of the snapshot in turn:
// a block's rows are made once and handed over 2,048 at a time.
//
//   Bind (of a query's text) ── Scan (of one run) ──┬── Worker: block 0, 2, 5 ...
//                                                   └── Worker: block 1, 3, 4 ...
#include "exchange/sql_scan.h"
#include "analysis/marks.h"
#include "base/error.h"
#include "base/json_out.h"
#include "exchange/sql_fill.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

struct SqlSource {
  const Question *question;
  SqlEnums *enums;
  pthread_mutex_t lock;
  GError *failure; /* the first one, under the lock */
};

typedef struct { /* a table of a source: what DuckDB keeps with the function */
  SqlSource *source;
  const SqlTable *table;
} Shown;

typedef struct {
  SqlSource *source;
  const SqlTable *table;
  GArray *columns;  /* of SqlColumn: the table's, then the properties asked for */
  GPtrArray *owned; /* of char*: their names */
  Params *parameters;
} Bind;

typedef struct {
  const Bind *bind;
  GArray *cells; /* of SqlCells; column NULL: nothing is wanted in it */
  Derive *derive;
  gpointer shared;
  guint64 wanted; /* bit i: column i of the table */
  atomic_uint next_block;
} Scan;

typedef struct { /* freed when bind and scan may be gone */
  const Bind *bind;
  const Scan *scan; /* set with the first block */
  const SqlTable *table;
  Scope *scope;
  Question question; /* for the scope: of one thread */
  Marks *marks;
  DeriveScratch *scratch;
  ScopeBlock scope_block;
  Block data;
  Derived derived;
  SqlBlock block;
  SqlCellsBlock *loaded;
  guint n_loaded;
  guint at; /* rows handed over */
} Worker;

/* --- failures ---------------------------------------------------------------------------------- */

/* Keeps the error for sql_source_failure; DuckDB gets its text. */
static void fail_take(SqlSource *source, GError *error, void *info, void (*tell)(void *info, const char *message)) {
  tell(info, error->message);
  pthread_mutex_lock(&source->lock);
  if (!source->failure)
    source->failure = g_steal_pointer(&error);
  pthread_mutex_unlock(&source->lock);
  g_clear_error(&error);
}

GError *sql_source_failure(SqlSource *source) {
  pthread_mutex_lock(&source->lock);
  GError *failure = g_steal_pointer(&source->failure);
  pthread_mutex_unlock(&source->lock);
  return failure;
}

/* --- bind -------------------------------------------------------------------------------------- */

static void bind_free(void *data) {
  Bind *bind = data;
  g_array_unref(bind->columns);
  g_ptr_array_unref(bind->owned);
  params_free(bind->parameters);
  g_free(bind);
}

static void *logical_type(const DuckApi *api, const SqlColumn *column, const SqlEnums *enums) {
  static const int plain[] = {[SQL_BOOLEAN] = DUCK_BOOLEAN,   [SQL_BIGINT] = DUCK_BIGINT, [SQL_DOUBLE] = DUCK_DOUBLE,
                              [SQL_TIME] = DUCK_TIMESTAMP_TZ, [SQL_TEXT] = DUCK_VARCHAR,  [SQL_JSON] = DUCK_VARCHAR};
  if (column->type == SQL_MONEY)
    return api->create_decimal_type(18, 6);
  if (column->type == SQL_ENUM) {
    const GPtrArray *names = enums->of[column->dictionary].names;
    return names->len ? api->create_enum_type((const char **)names->pdata, names->len) : api->create_logical_type(DUCK_VARCHAR);
  }
  void *type = api->create_logical_type(plain[column->type]);
  if (column->type == SQL_JSON)
    api->logical_type_set_alias(type, "JSON");
  return type;
}

const char *sql_type_name(const SqlColumn *column) {
  static const char *const names[] = {"BOOLEAN", "BIGINT", "DOUBLE", "DECIMAL(18,6)", "TIMESTAMPTZ", "VARCHAR", "JSON", "ENUM"};
  return names[column->type];
}

static gboolean has_column(const Bind *bind, const char *name) {
  for (guint i = 0; i < bind->columns->len; i++)
    if (g_ascii_strcasecmp(g_array_index(bind->columns, SqlColumn, i).name, name) == 0)
      return TRUE;
  return FALSE;
}

/* A property as a column of text, named as it was asked for; a name that is taken gets its full key. */
static gboolean add_property(Bind *bind, const char *field, GError **error) {
  g_autoptr(Field) found = field_new(bind->source->question, field, error);
  if (!found)
    return FALSE;
  char *key = g_strdup(field);
  char *name = has_column(bind, field) ? g_strconcat("properties.", field, NULL) : g_strdup(field);
  g_ptr_array_add(bind->owned, key);
  g_ptr_array_add(bind->owned, name);
  if (has_column(bind, name))
    return error_set(error, ERROR_INVALID, "the property \"%s\" is asked for twice", field);
  SqlColumn column = {.name = name, .type = SQL_TEXT, .from = SQL_OF_FIELD, .at = offsetof(SqlRow, event), .field = key};
  g_array_append_val(bind->columns, column);
  return TRUE;
}

static gboolean read_properties(Bind *bind, const DuckApi *api, void *info, GError **error) {
  void *list = api->bind_get_named_parameter(info, "properties");
  gboolean good = TRUE;
  for (DuckIndex i = 0; list && good && i < api->get_list_size(list); i++) {
    void *value = api->get_list_child(list, i);
    char *text = api->get_varchar(value);
    good = add_property(bind, text ? text : "", error);
    api->free(text);
    api->destroy_value(&value);
  }
  if (list)
    api->destroy_value(&list);
  return good;
}

static void read_parameters(Bind *bind, const DuckApi *api, void *info) {
  for (const SqlParameter *p = bind->table->parameters; p && p->name; p++) {
    void *value = api->bind_get_named_parameter(info, p->name);
    char *text = value ? api->get_varchar(value) : NULL;
    if (text)
      params_add(bind->parameters, p->name, text);
    api->free(text);
    if (value)
      api->destroy_value(&value);
  }
}

static void scan_bind(void *info) {
  const DuckApi *api = duck_loaded();
  const Shown *shown = api->bind_get_extra_info(info);
  GError *error = NULL;
  Bind *bind = g_new0(Bind, 1);
  bind->source = shown->source;
  bind->table = shown->table;
  bind->columns = g_array_new(FALSE, FALSE, sizeof(SqlColumn));
  bind->owned = g_ptr_array_new_with_free_func(g_free);
  bind->parameters = params_new();
  for (const SqlColumn *column = shown->table->columns; column->name; column++)
    g_array_append_vals(bind->columns, column, 1);
  read_parameters(bind, api, info);
  api->bind_set_bind_data(info, bind, bind_free);
  if (bind->table->takes_properties && !read_properties(bind, api, info, &error)) {
    fail_take(shown->source, error, info, api->bind_set_error);
    return;
  }
  for (guint i = 0; i < bind->columns->len; i++) {
    const SqlColumn *column = &g_array_index(bind->columns, SqlColumn, i);
    void *type = logical_type(api, column, shown->source->enums);
    api->bind_add_result_column(info, column->name, type);
    api->destroy_logical_type(&type);
  }
  const Snapshot *snapshot = shown->source->question->snapshot;
  gboolean events = bind->table == &sql_events;
  api->bind_set_cardinality(info, events ? snapshot_events(snapshot) : snapshot_persons(snapshot), FALSE);
}

/* --- init -------------------------------------------------------------------------------------- */

static void cells_clear(gpointer data) {
  SqlCells *cells = data;
  field_free(cells->field);
  g_clear_pointer(&cells->properties, g_ptr_array_unref);
  g_clear_pointer(&cells->orders, g_ptr_array_unref);
  g_clear_pointer(&cells->keys, g_ptr_array_unref);
}

static void scan_free(void *data) {
  Scan *scan = data;
  if (!scan)
    return;
  if (scan->shared)
    scan->bind->table->shared_free(scan->shared);
  g_array_unref(scan->cells);
  derive_free(scan->derive);
  g_free(scan);
}

static gboolean open_properties(SqlCells *cells, const Question *question, GError **error) {
  const Names *names = snapshot_names(question->snapshot);
  const char *prefix = "properties.";
  cells->properties = g_ptr_array_new_with_free_func((GDestroyNotify)field_free);
  cells->keys = g_ptr_array_new_with_free_func(g_free);
  for (guint code = 1; code <= names_count(names, NAME_KEY); code++) {
    g_autofree char *key = text_dup(names_text(names, NAME_KEY, (guint16)code));
    if (!g_str_has_prefix(key, prefix) || project_is_of_employees(question->project, key))
      continue;
    Field *field = field_new(question, key, error);
    if (!field)
      return FALSE;
    g_autoptr(JsonOut) out = json_out_new();
    json_string(out, key + strlen(prefix));
    g_ptr_array_add(cells->properties, field);
    g_ptr_array_add(cells->keys, g_strconcat(json_out_text(out, NULL), ":", NULL));
  }
  return TRUE;
}

static gboolean open_orders(SqlCells *cells, const Question *question, GError **error) {
  const GPtrArray *goals = question->project->goals;
  cells->orders = g_ptr_array_new_with_free_func((GDestroyNotify)field_free);
  for (guint g = 0; g < goals->len; g++) {
    const Goal *goal = goals->pdata[g];
    g_autofree char *key = goal->order ? project_field_key(goal->order) : NULL;
    Field *field = key ? field_new(question, key, error) : NULL;
    if (key && !field)
      return FALSE;
    g_ptr_array_add(cells->orders, field);
  }
  return TRUE;
}

static gboolean cells_init(SqlCells *cells, const Bind *bind, const SqlColumn *column, GError **error) {
  const Question *question = bind->source->question;
  cells->column = column;
  if (column->type == SQL_ENUM) {
    cells->dictionary = &bind->source->enums->of[column->dictionary];
    guint n = cells->dictionary->names->len;
    cells->width = n <= G_MAXUINT8 ? 1 : n <= G_MAXUINT16 ? 2 : 4;
  }
  if (column->from == SQL_OF_FIELD && !(cells->field = field_new(question, column->field, error)))
    return FALSE;
  if (column->from == SQL_OF_ORDER)
    return open_orders(cells, question, error);
  return column->from != SQL_OF_PROPERTIES || open_properties(cells, question, error);
}

static gboolean scan_open(Scan *scan, const DuckApi *api, void *info, GError **error) {
  const Bind *bind = scan->bind;
  gboolean derived = bind->table->derived;
  for (DuckIndex i = 0; i < api->init_get_column_count(info); i++) {
    DuckIndex at = api->init_get_column_index(info, i);
    SqlCells cells = {0};
    const SqlColumn *column = at < bind->columns->len ? &g_array_index(bind->columns, SqlColumn, at) : NULL;
    gboolean good = !column || cells_init(&cells, bind, column, error);
    g_array_append_val(scan->cells, cells);
    if (!good)
      return FALSE;
    derived = derived || (column && column->derived);
    scan->wanted |= column && at < 64 ? G_GUINT64_CONSTANT(1) << at : 0;
  }
  const Question *question = bind->source->question;
  if (derived && !(scan->derive = derive_new(question, error)))
    return FALSE;
  return !bind->table->shared_new ||
         (scan->shared = bind->table->shared_new(question, bind->parameters, scan->wanted, error)) != NULL;
}

static void scan_init(void *info) {
  const DuckApi *api = duck_loaded();
  Scan *scan = g_new0(Scan, 1);
  GError *error = NULL;
  scan->bind = api->init_get_bind_data(info);
  scan->cells = g_array_new(FALSE, FALSE, sizeof(SqlCells));
  g_array_set_clear_func(scan->cells, cells_clear);
  const Question *question = scan->bind->source->question;
  api->init_set_init_data(info, scan, scan_free);
  api->init_set_max_threads(info, MAX(1, MIN(question_threads(question), snapshot_blocks(question->snapshot))));
  if (!scan_open(scan, api, info, &error))
    fail_take(scan->bind->source, error, info, api->init_set_error);
}

/* --- a thread ---------------------------------------------------------------------------------- */

static void worker_free(void *data) {
  Worker *worker = data;
  for (guint i = 0; i < worker->n_loaded; i++)
    sql_cells_clear(&worker->loaded[i]);
  g_free(worker->loaded);
  if (worker->block.own)
    worker->table->own_free(worker->block.own);
  if (worker->block.rows)
    g_array_unref(worker->block.rows);
  derive_scratch_free(worker->scratch);
  scope_free(worker->scope);
  marks_free(worker->marks);
  g_free(worker);
}

static void scan_local_init(void *info) {
  const DuckApi *api = duck_loaded();
  Worker *worker = g_new0(Worker, 1);
  worker->bind = api->init_get_bind_data(info);
  worker->table = worker->bind->table;
  api->init_set_init_data(info, worker, worker_free);
}

static gboolean worker_begin(Worker *worker, const Scan *scan, GError **error) {
  const SqlTable *table = worker->table;
  worker->scan = scan;
  worker->n_loaded = scan->cells->len;
  worker->question = *worker->bind->source->question;
  worker->question.threads = 1;
  worker->loaded = g_new0(SqlCellsBlock, scan->cells->len + 1);
  worker->block.rows = g_array_new(FALSE, FALSE, (guint)table->row_size);
  worker->block.question = worker->bind->source->question;
  worker->block.shared = scan->shared;
  worker->block.wanted = scan->wanted;
  if (table->own_new)
    worker->block.own = table->own_new(scan->shared);
  if (scan->derive)
    worker->scratch = derive_scratch_new(scan->derive);
  worker->scope = scope_new(&worker->question, error);
  return worker->scope && marks_new(&worker->question, &worker->marks, error);
}

/* Makes the rows of a block; none when it has nothing for this table. */
static gboolean load_block(Worker *worker, guint number, GError **error) {
  const Scan *scan = worker->scan;
  SqlBlock *block = &worker->block;
  g_array_set_size(block->rows, 0);
  worker->at = 0;
  if (!snapshot_block(worker->question.snapshot, number, &worker->data, error))
    return FALSE;
  if (worker->data.unidentified && !worker->table->nobody)
    return TRUE;
  if (worker->marks && !marks_block(worker->marks, number, 0, &worker->data, error))
    return FALSE;
  if (!scope_block(worker->scope, number, &worker->data, 0, &worker->scope_block, error))
    return FALSE;
  if (worker->scope_block.nothing)
    return TRUE;
  block->number = number;
  block->data = &worker->data;
  block->scope = &worker->scope_block;
  block->derived = scan->derive ? &worker->derived : NULL;
  if (scan->derive && !derive_block(scan->derive, worker->scratch, number, &worker->data, &worker->derived, error))
    return FALSE;
  for (guint i = 0; i < scan->cells->len; i++)
    if (!sql_cells_load(&g_array_index(scan->cells, SqlCells, i), &worker->loaded[i], number, &worker->data, error))
      return FALSE;
  return worker->table->rows(block, error);
}

/* Moves on to a block with rows; FALSE with *error, or without at the end. */
static gboolean next_rows(Worker *worker, Scan *scan, GError **error) {
  if (!worker->scan && !worker_begin(worker, scan, error))
    return FALSE;
  while (worker->at >= worker->block.rows->len) {
    guint number = atomic_fetch_add(&scan->next_block, 1);
    if (number >= snapshot_blocks(worker->question.snapshot) || !load_block(worker, number, error))
      return FALSE;
  }
  return TRUE;
}

static void scan_work(void *info, void *chunk) {
  const DuckApi *api = duck_loaded();
  Scan *scan = api->function_get_init_data(info);
  Worker *worker = api->function_get_local_init_data(info);
  GError *error = NULL;
  if (!next_rows(worker, scan, &error)) {
    api->data_chunk_set_size(chunk, 0);
    if (error)
      fail_take(worker->bind->source, error, info, api->function_set_error);
    return;
  }
  guint n = MIN((guint)api->vector_size(), worker->block.rows->len - worker->at);
  for (guint i = 0; i < scan->cells->len; i++) {
    const SqlCells *cells = &g_array_index(scan->cells, SqlCells, i);
    if (cells->column)
      sql_cells_fill(cells, &worker->loaded[i], &worker->block, scan->derive, worker->at, n, api->data_chunk_get_vector(chunk, i));
  }
  worker->at += n;
  api->data_chunk_set_size(chunk, n);
}

/* --- showing a table --------------------------------------------------------------------------- */

static void add_parameters(const DuckApi *api, void *function, const SqlTable *table) {
  void *text = api->create_logical_type(DUCK_VARCHAR), *list = api->create_list_type(text);
  for (const SqlParameter *p = table->parameters; p && p->name; p++)
    api->table_function_add_named_parameter(function, p->name, text);
  if (table->takes_properties)
    api->table_function_add_named_parameter(function, "properties", list);
  api->destroy_logical_type(&list);
  api->destroy_logical_type(&text);
}

gboolean sql_source_register(SqlSource *source, Duck *duck, const SqlTable *table, GError **error) {
  const DuckApi *api = duck_api(duck);
  Shown *shown = g_new0(Shown, 1);
  *shown = (Shown){source, table};
  void *function = api->create_table_function();
  api->table_function_set_name(function, table->name);
  add_parameters(api, function, table);
  api->table_function_set_extra_info(function, shown, g_free);
  api->table_function_set_bind(function, scan_bind);
  api->table_function_set_init(function, scan_init);
  api->table_function_set_local_init(function, scan_local_init);
  api->table_function_set_function(function, scan_work);
  api->table_function_supports_projection_pushdown(function, TRUE);
  DuckState state = api->register_table_function(duck_connection(duck), function);
  api->destroy_table_function(&function);
  return state == DUCK_SUCCESS || error_set(error, ERROR_VERSION, "DuckDB does not take the table %s", table->name);
}

SqlSource *sql_source_new(const Question *question, GError **error) {
  g_autoptr(SqlSource) source = g_new0(SqlSource, 1);
  pthread_mutex_init(&source->lock, NULL);
  source->question = question;
  source->enums = sql_enums_new(question, error);
  return source->enums ? g_steal_pointer(&source) : NULL;
}

void sql_source_free(SqlSource *source) {
  if (!source)
    return;
  sql_enums_free(source->enums);
  g_clear_error(&source->failure);
  pthread_mutex_destroy(&source->lock);
  g_free(source);
}
