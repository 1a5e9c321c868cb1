/* SPDX-License-Identifier: Apache-2.0
 * record_read.c: reading batches. The list of batches (number, size, import) is read in pieces without their
 * blobs, then each visible blob by itself: every read transaction is short, so the writer's log never has to
 * wait for a reader, and batches of unfinished imports cost nothing. A visible batch never changes, hence the
 * pieces fit together. */
#include "record/record_private.h"

enum { LIST_PIECE = 1024, READERS_IDLE_MAX = 16 };

typedef struct {
  guint64 first, import_id;
  guint n;
} BatchRow;

/* --- connections ------------------------------------------------------------------------------------- */

sqlite3 *record_reader(Record *record, gboolean *frozen, GError **error) {
  pthread_mutex_lock(&record->quick);
  guint idle = record->readers->len;
  sqlite3 *db = idle ? g_ptr_array_steal_index(record->readers, idle - 1) : NULL;
  pthread_mutex_unlock(&record->quick);
  *frozen = FALSE;
  return db ? db : database_open_read(record->path, frozen, error);
}

/* A frozen one is not kept: it would miss what is written later. */
void record_reader_return(Record *record, sqlite3 *db, gboolean frozen) {
  pthread_mutex_lock(&record->quick);
  if (!frozen && record->readers->len < READERS_IDLE_MAX)
    g_ptr_array_add(record->readers, g_steal_pointer(&db));
  pthread_mutex_unlock(&record->quick);
  sqlite3_close(db);
}

typedef struct { /* a reader with what it may see */
  Record *record;
  sqlite3 *db;
  gboolean frozen;
  View *view;
  sqlite3_stmt *blob; /* by first number */
} Reader;

static void reader_clear(Reader *reader) {
  sqlite3_finalize(reader->blob);
  if (reader->db)
    record_reader_return(reader->record, reader->db, reader->frozen);
  view_unref(reader->view);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reader, reader_clear)

static gboolean reader_init(Reader *reader, Record *record, GError **error) {
  reader->record = record;
  reader->view = record_view(record);
  reader->db = record_reader(record, &reader->frozen, error);
  if (reader->db == NULL)
    return FALSE;
  reader->blob = database_query(reader->db, error, "SELECT data FROM batch WHERE first = ?", "");
  return reader->blob != NULL;
}

/* --- listing ------------------------------------------------------------------------------------------- */

/* The first number of the batch that holds `number`, else `number`. */
static gboolean batch_start(Reader *reader, guint64 number, guint64 *start, GError **error) {
  gint64 first;
  if (!database_int(
          reader->db, &first, (gint64)number, error,
          "SELECT first FROM (SELECT first, n FROM batch WHERE first <= ?1 ORDER BY first DESC LIMIT 1) WHERE first + n > ?1", "i",
          (gint64)number))
    return FALSE;
  *start = (guint64)first;
  return TRUE;
}

/* Visible batches that begin in [from, until): at most LIST_PIECE rows are looked at; *from moves behind them,
 * and *end says that there are no more. */
static gboolean list_piece(Reader *reader, guint64 *from, guint64 until, GArray *rows, gboolean *end, GError **error) {
  g_autoptr(sqlite3_stmt) statement =
      database_query(reader->db, error, "SELECT first, n, import FROM batch WHERE first >= ? AND first < ? ORDER BY first LIMIT ?",
                     "iii", (gint64)*from, (gint64)until, (gint64)LIST_PIECE);
  guint seen = 0;
  g_array_set_size(rows, 0);
  for (gboolean row = statement != NULL; row;) {
    if (!database_step(statement, &row, error))
      return FALSE;
    if (!row)
      break;
    BatchRow batch = {(guint64)sqlite3_column_int64(statement, 0), (guint64)sqlite3_column_int64(statement, 2),
                      (guint)sqlite3_column_int(statement, 1)};
    if (view_shows(reader->view, batch.import_id, batch.first))
      g_array_append_val(rows, batch);
    *from = batch.first + 1;
    seen++;
  }
  *end = seen < LIST_PIECE;
  return statement != NULL;
}

typedef gboolean (*RowFunc)(Reader *reader, const BatchRow *row, gpointer user, GError **error);

static gboolean each_row(Reader *reader, guint64 from, guint64 until, RowFunc each, gpointer user, GError **error) {
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(BatchRow));
  gboolean end = FALSE;
  until = MIN(until, reader->view->through + 1); /* what is visible was stored before it became so */
  if (!batch_start(reader, from, &from, error))
    return FALSE;
  while (!end) {
    if (!list_piece(reader, &from, until, rows, &end, error))
      return FALSE;
    for (guint i = 0; i < rows->len; i++)
      if (!each(reader, &g_array_index(rows, BatchRow, i), user, error))
        return FALSE;
  }
  return TRUE;
}

/* --- blobs --------------------------------------------------------------------------------------------- */

typedef struct {
  RecordBatchFunc each;
  gpointer user;
} Visit;

static gboolean visit(Reader *reader, const BatchRow *row, gpointer user, GError **error) {
  const Visit *to = user;
  gboolean found;
  sqlite3_bind_int64(reader->blob, 1, (gint64)row->first);
  gboolean good = database_step(reader->blob, &found, error);
  if (good && !found)
    good = error_set(error, ERROR_DAMAGED, "the events from %" G_GUINT64_FORMAT " on are missing in %s", row->first,
                     reader->record->path);
  if (good)
    good = to->each(row->first, row->n, row->import_id, sqlite3_column_blob(reader->blob, 0),
                    (gsize)sqlite3_column_bytes(reader->blob, 0), to->user, error);
  sqlite3_reset(reader->blob);
  return good;
}

gboolean record_scan(Record *record, guint64 from, guint64 until, RecordBatchFunc each, gpointer user, GError **error) {
  g_auto(Reader) reader = {0};
  Visit to = {each, user};
  return reader_init(&reader, record, error) && each_row(&reader, from, until, visit, &to, error);
}

static gboolean row_at(Reader *reader, guint64 number, BatchRow *row, gboolean *found, GError **error) {
  g_autoptr(sqlite3_stmt) statement = database_query(
      reader->db, error, "SELECT first, n, import FROM batch WHERE first <= ? ORDER BY first DESC LIMIT 1", "i", (gint64)number);
  gboolean any;
  if (statement == NULL || !database_step(statement, &any, error))
    return FALSE;
  *row = (BatchRow){0};
  if (any)
    *row = (BatchRow){(guint64)sqlite3_column_int64(statement, 0), (guint64)sqlite3_column_int64(statement, 2),
                      (guint)sqlite3_column_int(statement, 1)};
  *found = any && number < row->first + row->n && view_shows(reader->view, row->import_id, row->first);
  return TRUE;
}

gboolean record_scan_rows(Record *record, const guint64 *rows, gsize n, RecordBatchFunc each, gpointer user, GError **error) {
  g_auto(Reader) reader = {0};
  Visit to = {each, user};
  BatchRow row = {0};
  if (!reader_init(&reader, record, error))
    return FALSE;
  for (gsize i = 0; i < n; i++) {
    gboolean found;
    if (rows[i] < row.first + row.n && rows[i] >= row.first)
      continue; /* in the batch that was just delivered, or hidden with it */
    if (!row_at(&reader, rows[i], &row, &found, error))
      return FALSE;
    if (found && !visit(&reader, &row, &to, error))
      return FALSE;
  }
  return TRUE;
}

/* --- ranges -------------------------------------------------------------------------------------------- */

static gboolean note_row(Reader *reader, const BatchRow *row, gpointer user, GError **error) {
  g_array_append_vals(user, row, 1);
  return TRUE;
}

guint record_ranges(Record *record, guint64 from, guint n, guint64 *bounds) {
  g_auto(Reader) reader = {0};
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(BatchRow));
  if (n == 0 || !reader_init(&reader, record, NULL) || !each_row(&reader, from, G_MAXUINT64, note_row, rows, NULL) ||
      rows->len == 0)
    return 0;
  guint64 total = 0, sum = 0;
  guint found = 0;
  for (guint i = 0; i < rows->len; i++)
    total += g_array_index(rows, BatchRow, i).n;
  for (guint i = 0; i < rows->len && found < n; i++) {
    const BatchRow *row = &g_array_index(rows, BatchRow, i);
    if (sum >= total / n * found)
      bounds[found++] = row->first;
    sum += row->n;
  }
  const BatchRow *last = &g_array_index(rows, BatchRow, rows->len - 1);
  bounds[found++] = last->first + last->n;
  return found;
}

/* --- changes ------------------------------------------------------------------------------------------- */

static RecordChanges *changes_new(void) {
  RecordChanges *changes = g_new0(RecordChanges, 1);
  changes->ranges = g_array_new(FALSE, FALSE, 2 * sizeof(guint64));
  changes->hidden = g_array_new(FALSE, FALSE, 2 * sizeof(guint64));
  changes->links = g_array_new(FALSE, FALSE, sizeof(Link));
  return changes;
}

void record_changes_free(RecordChanges *changes) {
  if (changes == NULL)
    return;
  g_array_unref(changes->ranges);
  g_array_unref(changes->hidden);
  g_array_unref(changes->links);
  g_free(changes);
}

static void add_range(GArray *ranges, guint64 first, guint n) {
  guint64 *last = ranges->len ? &g_array_index(ranges, guint64, ranges->len * 2 - 1) : NULL;
  guint64 pair[] = {first, first + n - 1};
  if (last && *last + 1 == first)
    *last = pair[1];
  else
    g_array_append_vals(ranges, pair, 1);
}

typedef struct {
  guint64 import_id;
  GArray *ranges;
} RangesOf;

static gboolean note_range(Reader *reader, const BatchRow *row, gpointer user, GError **error) {
  RangesOf *of = user;
  if (row->import_id == of->import_id)
    add_range(of->ranges, row->first, row->n);
  return TRUE;
}

static int compare_pairs(gconstpointer a, gconstpointer b) {
  guint64 first = *(const guint64 *)a, other = *(const guint64 *)b;
  return (first > other) - (first < other);
}

static gboolean add_import(Reader *reader, guint64 id, GArray *ranges, GError **error) {
  g_autoptr(sqlite3_stmt) statement =
      database_query(reader->db, error,
                     "SELECT first, n FROM batch WHERE import = ?1 AND first BETWEEN"
                     " (SELECT first FROM import WHERE id = ?1) AND (SELECT last FROM import WHERE id = ?1) ORDER BY first",
                     "i", (gint64)id);
  gboolean row = statement != NULL;
  while (row) {
    if (!database_step(statement, &row, error))
      return FALSE;
    if (!row)
      return TRUE;
    add_range(ranges, (guint64)sqlite3_column_int64(statement, 0), (guint)sqlite3_column_int(statement, 1));
  }
  return FALSE;
}

/* Fields that no event has had yet decide nothing about those that are stored. */
static gboolean same_order_fields(Reader *reader, guint64 number, const char *value) {
  g_autoptr(sqlite3_stmt) statement = database_query(reader->db, NULL,
                                                     "SELECT value FROM setting WHERE name = '" SETTING_ORDER_FIELDS
                                                     "' AND number < ? ORDER BY number DESC LIMIT 1",
                                                     "i", (gint64)number);
  gboolean row = FALSE;
  if (statement == NULL || !database_step(statement, &row, NULL))
    return FALSE;
  g_autofree char *before = row ? database_column_text(statement, 0) : NULL;
  g_auto(GStrv) old = record_order_fields(reader->record, before), new = record_order_fields(reader->record, value);
  return g_strv_equal((const char *const *)old, (const char *const *)new);
}

/* Settings that identity depends on; the others are taken up by whoever asks. */
static void note_setting(Reader *reader, guint64 number, RecordChanges *changes) {
  g_autoptr(sqlite3_stmt) statement =
      database_query(reader->db, NULL,
                     "SELECT name, value FROM setting WHERE number = ? AND name IN ('" SETTING_MAX_LINKS "', '" SETTING_SET_SIZE_MAX
                     "', '" SETTING_ORDER_FIELDS "', '" SETTING_REFUSED "')",
                     "i", (gint64)number);
  gboolean row = FALSE;
  if (statement == NULL || !database_step(statement, &row, NULL)) {
    changes->everything = TRUE;
    return;
  }
  if (!row)
    return;
  g_autofree char *name = database_column_text(statement, 0), *value = database_column_text(statement, 1);
  gboolean same = g_str_equal(name, SETTING_ORDER_FIELDS) && same_order_fields(reader, number, value);
  changes->settings = TRUE;
  changes->everything |= !same;
}

/* Done and undone since, or linked and unlinked since, is as if nothing had been: `toggled` collects what is left. */
static void toggle(GHashTable *toggled, guint64 subject, gboolean on) {
  if (!g_hash_table_remove(toggled, &subject))
    g_hash_table_insert(toggled, g_memdup2(&subject, sizeof subject), GINT_TO_POINTER(on));
}

static gboolean read_log(Reader *reader, guint64 after, GHashTable *imports, GHashTable *links, RecordChanges *changes,
                         GError **error) {
  g_autoptr(sqlite3_stmt) statement =
      database_query(reader->db, error, "SELECT number, kind, subject FROM change WHERE number > ? AND number <= ? ORDER BY number",
                     "ii", (gint64)after, (gint64)reader->view->through);
  gboolean row = statement != NULL;
  while (row) {
    if (!database_step(statement, &row, error))
      return FALSE;
    if (!row)
      return TRUE;
    guint64 number = (guint64)sqlite3_column_int64(statement, 0), subject = (guint64)sqlite3_column_int64(statement, 2);
    switch (sqlite3_column_int(statement, 1)) {
    case CHANGE_IMPORT_DONE: toggle(imports, subject, TRUE); break;
    case CHANGE_IMPORT_UNDONE: toggle(imports, subject, FALSE); break;
    case CHANGE_LINK: toggle(links, subject, TRUE); break;
    case CHANGE_LINK_UNDONE: toggle(links, subject, FALSE); break;
    case CHANGE_SETTING: note_setting(reader, number, changes); break;
    case CHANGE_HIDDEN: changes->masks = TRUE; break;
    case CHANGE_ERASED: changes->erased = TRUE; break;
    case CHANGE_SPACE:
    case CHANGE_CONSENT: break;
    default: changes->everything = TRUE;
    }
  }
  return FALSE;
}

static gboolean add_imports(Reader *reader, GHashTable *imports, RecordChanges *changes, GError **error) {
  GHashTableIter iter;
  gpointer id, on;
  g_hash_table_iter_init(&iter, imports);
  while (g_hash_table_iter_next(&iter, &id, &on))
    if (!add_import(reader, *(guint64 *)id, on ? changes->ranges : changes->hidden, error))
      return FALSE;
  g_array_sort(changes->ranges, compare_pairs);
  g_array_sort(changes->hidden, compare_pairs);
  return TRUE;
}

static gboolean add_links(Record *record, GHashTable *wanted, RecordChanges *changes, GError **error) {
  if (g_hash_table_size(wanted) == 0)
    return TRUE;
  g_autoptr(GArray) links = record_links(record, TRUE, error);
  for (guint i = 0; links && i < links->len; i++)
    if (g_hash_table_contains(wanted, &g_array_index(links, Link, i).number))
      g_array_append_vals(changes->links, &g_array_index(links, Link, i), 1);
  return links != NULL;
}

/* Events that lost identifiers are as if they were new. */
static gboolean add_erased(Reader *reader, guint64 after, RecordChanges *changes, GError **error) {
  if (!changes->erased)
    return TRUE;
  g_autoptr(sqlite3_stmt) statement =
      database_query(reader->db, error, "SELECT first, last, stripped FROM erased WHERE number > ? AND number <= ?", "ii",
                     (gint64)after, (gint64)reader->view->through);
  gboolean row = statement != NULL;
  while (row) {
    if (!database_step(statement, &row, error))
      return FALSE;
    if (!row)
      break;
    guint64 pair[] = {(guint64)sqlite3_column_int64(statement, 0), (guint64)sqlite3_column_int64(statement, 1)};
    if (pair[0] <= after)
      g_array_append_vals(sqlite3_column_int(statement, 2) ? changes->ranges : changes->hidden, pair, 1);
  }
  g_array_sort(changes->ranges, compare_pairs);
  g_array_sort(changes->hidden, compare_pairs);
  return statement != NULL;
}

static gboolean fill_changes(Reader *reader, guint64 after, RecordChanges *changes, GError **error) {
  g_autoptr(GHashTable) imports = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr(GHashTable) links = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  RangesOf live = {0, changes->ranges};
  changes->everything = after > reader->view->through; /* another, older record stands here now */
  if (changes->everything)
    return TRUE;
  return each_row(reader, after + 1, G_MAXUINT64, note_range, &live, error) &&
         read_log(reader, after, imports, links, changes, error) && add_imports(reader, imports, changes, error) &&
         add_links(reader->record, links, changes, error) && add_erased(reader, after, changes, error);
}

RecordChanges *record_changes(Record *record, guint64 after, GError **error) {
  g_auto(Reader) reader = {0};
  g_autoptr(RecordChanges) changes = changes_new();
  if (!reader_init(&reader, record, error) || !fill_changes(&reader, after, changes, error))
    return NULL;
  return g_steal_pointer(&changes);
}
