// SPDX-License-Identifier: Apache-2.0
// The order matters: tables and views first, then what may be opened, then the lock. `events` is a view, so that no
// brackets are needed, over the table function of the same name, which takes parameters.
#include "exchange/sql.h"
#include "base/error.h"
#include "exchange/sql_error.h"
#include "exchange/sql_private.h"
#include "exchange/sql_text.h"
#include <string.h>
#include <unistd.h>

const SqlTable *const sql_tables[] = {&sql_events, &sql_visits, &sql_journeys, &sql_conversions, &sql_persons, &sql_touches, NULL};

/* --- what may be opened ------------------------------------------------------------------------ */

static void append_item(GString *list, const char *text) {
  g_string_append(list, list->len ? ", " : "");
  duck_quote(list, text);
}

/* The file itself, and the name under which DuckDB writes before it renames; below a pattern or a folder to be written,
 * everything in it. */
static void allow_literal(const char *literal, GString *paths, GString *folders) {
  gsize size = strlen(literal);
  if (size == 0 || size > 4096 || strstr(literal, "://"))
    return;
  g_autofree char *path = g_canonicalize_filename(literal, NULL);
  g_autofree char *folder = g_path_get_dirname(path), *name = g_path_get_basename(path);
  g_autofree char *temporary_name = g_strconcat("tmp_", name, NULL), *temporary = g_build_filename(folder, temporary_name, NULL);
  append_item(paths, literal);
  append_item(paths, path);
  append_item(paths, temporary);
  gsize fixed = strcspn(path, "*?[");
  if (fixed < strlen(path)) {
    g_autofree char *prefix = g_strndup(path, fixed), *below = g_path_get_dirname(prefix);
    append_item(folders, below);
  } else if (g_str_has_suffix(literal, "/") && strcmp(path, "/") != 0) {
    append_item(folders, path);
  }
}

static gboolean lock_down(Sql *sql, const char *const *statements, GError **error) {
  g_autoptr(GString) paths = g_string_new(NULL), folders = g_string_new(NULL);
  g_autoptr(GPtrArray) literals = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; statements && statements[i]; i++)
    sql_text_literals(statements[i], literals);
  for (guint i = 0; i < literals->len; i++)
    allow_literal(literals->pdata[i], paths, folders);
  g_autofree char *allow_paths = g_strdup_printf("SET allowed_paths = [%s]", paths->str);
  g_autofree char *allow_folders = g_strdup_printf("SET allowed_directories = [%s]", folders->str);
  return duck_run(sql->duck, allow_paths, error) && duck_run(sql->duck, allow_folders, error) &&
         duck_run(sql->duck, "SET enable_external_access = false", error) &&
         duck_run(sql->duck, "SET lock_configuration = true", error);
}

/* --- opening ----------------------------------------------------------------------------------- */

/* Half of the machine's memory: beside it stands the index, which is mapped. */
static guint64 memory_limit(void) {
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? MAX((guint64)pages * (guint64)size / 2, (guint64)512 << 20) : (guint64)2 << 30;
}

/* Days are the project's. A zone that DuckDB does not know (an offset) leaves UTC. */
static void set_zone(Sql *sql) {
  g_autoptr(GString) set = g_string_new("SET TimeZone = ");
  g_autoptr(GError) unknown = NULL;
  duck_quote(set, zone_name(sql->question->zone));
  if (!duck_run(sql->duck, set->str, &unknown))
    duck_run(sql->duck, "SET TimeZone = 'UTC'", NULL);
}

static gboolean add_tables(Sql *sql, GError **error) {
  for (guint i = 0; sql_tables[i]; i++) {
    const char *name = sql_tables[i]->name;
    g_autofree char *view = g_strdup_printf("CREATE VIEW %s AS SELECT * FROM %s()", name, name);
    if (!sql_source_register(sql->source, sql->duck, sql_tables[i], error) || !duck_run(sql->duck, view, error))
      return FALSE;
  }
  return TRUE;
}

Sql *sql_open(const Question *question, const char *const *statements, GError **error) {
  g_autoptr(Sql) sql = g_new0(Sql, 1);
  DuckOptions options = {.threads = question_threads(question), .memory_bytes = memory_limit()};
  sql->question = question;
  if (!(sql->source = sql_source_new(question, error)) || !(sql->duck = duck_open(&options, error)) ||
      !duck_prove_tables(sql->duck, error) || !add_tables(sql, error))
    return NULL;
  set_zone(sql);
  return lock_down(sql, statements, error) ? g_steal_pointer(&sql) : NULL;
}

void sql_free(Sql *sql) {
  if (!sql)
    return;
  duck_free(sql->duck);
  sql_source_free(sql->source);
  g_free(sql);
}

/* --- failures ---------------------------------------------------------------------------------- */

gboolean sql_fail(Sql *sql, const char *message, guint lines_before, GError **error) {
  GError *failure = sql_source_failure(sql->source);
  if (!failure)
    return sql_error_set(error, message ? message : "DuckDB failed without a message", lines_before);
  g_propagate_error(error, failure);
  return FALSE;
}

gboolean sql_execute(Sql *sql, const char *statement, GError **error) {
  g_autoptr(GError) failed = NULL;
  return duck_run(sql->duck, statement, &failed) || sql_fail(sql, failed->message, 0, error);
}
