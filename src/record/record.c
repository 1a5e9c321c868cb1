/* SPDX-License-Identifier: Apache-2.0
 * record.c: opening, the one sequence, names, kinds of identifiers, settings.
 *
 *   number   1 .. 4096  4097 .. 5000   5001          5002      5003 .. 5003
 *            import 1   import 1       import 1 done a link    live event      through = 5003
 *
 * Numbers are handed out by the one writer, in memory: the next one is the greatest stored plus one. What is
 * visible as of a number is decided by the changes up to it alone, so a reader that keeps its View sees the
 * same record however long it reads and whatever is committed meanwhile. */
#include "record/record.h"

#include "base/clock.h"
#include "base/file.h"
#include "record/migrations.h"
#include "record/record_private.h"
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHECKPOINT_PAGES = (4 << 20) / DATABASE_PAGE_SIZE };

/* --- what is visible ------------------------------------------------------------------------------ */

static View *view_new(guint64 through, const View *before) {
  View *view = g_new0(View, 1);
  atomic_init(&view->references, 1);
  view->through = through;
  view->imports = g_array_new(FALSE, FALSE, sizeof(guint64));
  if (before && before->imports->len)
    g_array_append_vals(view->imports, before->imports->data, before->imports->len);
  return view;
}

void view_unref(View *view) {
  if (view == NULL || atomic_fetch_sub(&view->references, 1) != 1)
    return;
  g_array_unref(view->imports);
  g_free(view);
}

static guint import_place(const View *view, guint64 id, gboolean *there) {
  guint low = 0, high = view->imports->len;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (g_array_index(view->imports, guint64, middle) < id)
      low = middle + 1;
    else
      high = middle;
  }
  *there = low < view->imports->len && g_array_index(view->imports, guint64, low) == id;
  return low;
}

gboolean view_shows(const View *view, guint64 import_id, guint64 first) {
  gboolean there;
  if (import_id == 0)
    return first <= view->through;
  import_place(view, import_id, &there);
  return there;
}

static void view_take_up(View *view, ChangeKind kind, guint64 subject) {
  gboolean there;
  guint place = import_place(view, subject, &there);
  if (kind == CHANGE_IMPORT_DONE && !there)
    g_array_insert_val(view->imports, place, subject);
  if (kind == CHANGE_IMPORT_UNDONE && there)
    g_array_remove_index(view->imports, place);
}

View *record_view(Record *record) {
  pthread_mutex_lock(&record->quick);
  View *view = record->view;
  atomic_fetch_add(&view->references, 1);
  pthread_mutex_unlock(&record->quick);
  return view;
}

static void set_view(Record *record, View *view) {
  pthread_mutex_lock(&record->quick);
  View *before = record->view;
  record->view = view;
  pthread_mutex_unlock(&record->quick);
  view_unref(before);
}

/* --- writing -------------------------------------------------------------------------------------- */

static int note_wal(void *data, sqlite3 *db, const char *name, int pages) {
  Record *record = data;
  if (pages < record->wal_pages)
    record->wal_pages_checkpointed = 0; /* the log began anew */
  record->wal_pages = pages;
  return SQLITE_OK;
}

/* Between commits, where nobody waits for it. A failure loses nothing: the log keeps what it holds. */
static void checkpoint_sometimes(Record *record) {
  int pages = 0, done = 0;
  record_cut_log_sometimes(record);
  if (record->wal_pages - record->wal_pages_checkpointed < CHECKPOINT_PAGES)
    return;
  if (sqlite3_wal_checkpoint_v2(record->db, "main", SQLITE_CHECKPOINT_PASSIVE, &pages, &done) == SQLITE_OK)
    record->wal_pages_checkpointed = done;
}

static gboolean set_durable(Record *record, gboolean durable, GError **error) {
  if (record->durable == durable)
    return TRUE;
  if (!database_run(record->db, error, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", ""))
    return FALSE;
  record->durable = durable;
  return TRUE;
}

gboolean record_cancel(Record *record) {
  database_roll_back(record->db);
  return FALSE;
}

gboolean record_begin(Record *record, gboolean durable, GError **error) {
  g_assert(record->mode != RECORD_READ);
  return set_durable(record, durable, error) && database_run_kept(record->db, &record->kept[KEPT_BEGIN], error, DATABASE_BEGIN, "");
}

static gboolean commit(Record *record, GError **error) {
  return database_run_kept(record->db, &record->kept[KEPT_COMMIT], error, "COMMIT", "") || record_cancel(record);
}

gboolean record_write_change(Record *record, ChangeKind kind, guint64 subject, Change *change, GError **error) {
  *change = (Change){record->next, kind, subject ? subject : record->next};
  return database_run(record->db, error, "INSERT INTO change (number, kind, subject, at_ms) VALUES (?, ?, ?, ?)", "iiii",
                      (gint64)change->number, (gint64)kind, (gint64)change->subject, clock_now_ms());
}

gboolean record_write_next(Record *record, ChangeKind kind, guint64 subject, Change *change, GError **error) {
  if (change->number)
    record->next = change->number + 1;
  return record_write_change(record, kind, subject, change, error);
}

static void show_change(Record *record, const Change *change) {
  View *view = view_new(change->number, record->view);
  view_take_up(view, change->kind, change->subject);
  set_view(record, view);
  record->next = change->number + 1;
  checkpoint_sometimes(record);
}

gboolean record_commit_change(Record *record, const Change *change, GError **error) {
  if (!commit(record, error))
    return FALSE;
  show_change(record, change);
  return TRUE;
}

/* Nobody sees the change before the kinds that it makes. */
gboolean record_commit_spaces(Record *record, const Change *change, GError **error) {
  if (!commit(record, error))
    return FALSE;
  gboolean good = record_read_spaces(record, error);
  show_change(record, change);
  return good;
}

gboolean record_commit_events(Record *record, guint n, gboolean visible, GError **error) {
  if (!commit(record, error))
    return FALSE;
  record->next += n;
  if (visible)
    set_view(record, view_new(record->next - 1, record->view));
  checkpoint_sometimes(record);
  return TRUE;
}

gboolean record_write_names(Record *record, guint counts[NAME_KINDS], GError **error) {
  for (guint kind = 0; kind < NAME_KINDS; kind++) {
    counts[kind] = names_count(record->names, (NameKind)kind);
    for (guint code = record->names_saved[kind] + 1; code <= counts[kind]; code++)
      if (!database_run(record->db, error, "INSERT INTO name (kind, code, text) VALUES (?, ?, ?)", "iib", (gint64)kind,
                        (gint64)code, names_text(record->names, (NameKind)kind, (guint16)code)))
        return FALSE;
  }
  return TRUE;
}

/* --- reading what stands in the file ---------------------------------------------------------------- */

static gboolean read_names_of(Record *record, NameKind kind, GError **error) {
  g_autoptr(sqlite3_stmt) statement =
      database_query(record->db, error, "SELECT code, text FROM name WHERE kind = ? AND code > ? ORDER BY code", "ii", (gint64)kind,
                     (gint64)record->names_saved[kind]);
  gboolean row = statement != NULL;
  while (row) {
    if (!database_step(statement, &row, error))
      return FALSE;
    if (!row)
      return TRUE;
    gint64 code = sqlite3_column_int64(statement, 0);
    Text text = {sqlite3_column_blob(statement, 1), (guint32)sqlite3_column_bytes(statement, 1)};
    if (code != record->names_saved[kind] + 1 || names_intern(record->names, kind, text) != code)
      return error_set(error, ERROR_DAMAGED, "the names in %s have a gap at %d.%d\nhint: etappe doctor", record->path, (int)kind,
                       (int)code);
    record->names_saved[kind]++;
  }
  return FALSE;
}

static gboolean read_names(Record *record, GError **error) {
  for (guint kind = 0; kind < NAME_KINDS; kind++)
    if (!read_names_of(record, (NameKind)kind, error))
      return FALSE;
  return TRUE;
}

char *record_read_setting(Record *record, const char *name) {
  g_autoptr(sqlite3_stmt) statement =
      database_query(record->db, NULL, "SELECT value FROM setting WHERE name = ? ORDER BY number DESC LIMIT 1", "t", name);
  gboolean row = FALSE;
  if (statement == NULL || !database_step(statement, &row, NULL) || !row)
    return NULL;
  return database_column_text(statement, 0);
}

static gboolean add_space(Spaces *spaces, const char *name, Strength strength, gboolean plain, GError **error) {
  int known = spaces_find(spaces, text_of(name));
  if (known < 0)
    return spaces_add(spaces, name, strength, plain, error);
  spaces->spaces[known].plain = plain;
  return TRUE;
}

static gboolean read_space_rows(Record *record, Spaces *spaces, GError **error) {
  g_autoptr(sqlite3_stmt) statement =
      database_query(record->db, error, "SELECT name, strength, plain FROM space ORDER BY code", "");
  gboolean row = statement != NULL;
  while (row) {
    if (!database_step(statement, &row, error))
      return FALSE;
    if (!row)
      return TRUE;
    const char *name = (const char *)sqlite3_column_text(statement, 0);
    gint64 strength = sqlite3_column_int64(statement, 1);
    if (name == NULL || strength < STRENGTH_DEVICE || strength > STRENGTH_STRONG)
      return error_set(error, ERROR_DAMAGED, "the kinds of identifiers in %s are damaged", record->path);
    if (!add_space(spaces, name, (Strength)strength, sqlite3_column_int(statement, 2) != 0, error))
      return FALSE;
  }
  return FALSE;
}

gboolean record_read_spaces(Record *record, GError **error) {
  g_autoptr(Spaces) spaces = spaces_new();
  g_autofree char *country = record_read_setting(record, SETTING_PHONE_COUNTRY),
                  *refused = record_read_setting(record, SETTING_REFUSED);
  if (!read_space_rows(record, spaces, error))
    return FALSE;
  if (country && strlen(country) < sizeof spaces->phone_country)
    g_strlcpy(spaces->phone_country, country, sizeof spaces->phone_country);
  g_auto(GStrv) lines = g_strsplit(refused ? refused : "", "\n", -1);
  for (char **line = lines; *line; line++)
    spaces_refuse(spaces, *line);
  if (record->spaces)
    g_ptr_array_add(record->spaces_before, record->spaces);
  record->spaces = g_steal_pointer(&spaces);
  return TRUE;
}

/* The number of the last visible thing: of a change, or of the last event that arrived live. */
static gboolean read_through(Record *record, guint64 *through, GError **error) {
  gint64 value;
  if (!database_int(
          record->db, &value, 0, error,
          "SELECT max(coalesce((SELECT max(number) FROM change), 0), coalesce((SELECT last FROM import WHERE id = 0), 0))", ""))
    return FALSE;
  *through = (guint64)value;
  return TRUE;
}

/* *others: changes that are not imports' happened, too. */
static gboolean read_changes(Record *record, guint64 after, View *view, gboolean *others, GError **error) {
  g_autoptr(sqlite3_stmt) statement =
      database_query(record->db, error, "SELECT kind, subject FROM change WHERE number > ? ORDER BY number", "i", (gint64)after);
  gboolean row = statement != NULL;
  *others = FALSE;
  while (row) {
    if (!database_step(statement, &row, error))
      return FALSE;
    if (!row)
      return TRUE;
    ChangeKind kind = (ChangeKind)sqlite3_column_int(statement, 0);
    view_take_up(view, kind, (guint64)sqlite3_column_int64(statement, 1));
    *others |= kind != CHANGE_IMPORT_DONE && kind != CHANGE_IMPORT_UNDONE;
  }
  return FALSE;
}

static gboolean read_all(Record *record, GError **error) {
  guint64 through, after = record->view ? record->view->through : 0;
  gboolean others;
  if (!read_through(record, &through, error))
    return FALSE;
  if (record->view && through == after)
    return read_names(record, error);
  g_autoptr(View) view = view_new(through, record->view);
  if (!read_changes(record, after, view, &others, error) || !read_names(record, error))
    return FALSE;
  if ((others || record->spaces == NULL) && (!record_read_tombstones(record, error) || !record_read_spaces(record, error)))
    return FALSE;
  set_view(record, g_steal_pointer(&view));
  return TRUE;
}

static gboolean read_in_one_transaction(Record *record, GError **error) {
  if (!database_run(record->db, error, "BEGIN", ""))
    return FALSE;
  gboolean good = read_all(record, error);
  database_roll_back(record->db);
  return good;
}

static gboolean thaw(Record *record, GError **error) {
  gboolean frozen;
  sqlite3 *db = database_open_read(record->path, &frozen, error);
  if (db == NULL)
    return FALSE;
  sqlite3_close(record->db);
  record->db = db;
  record->frozen = frozen;
  return TRUE;
}

gboolean record_refresh(Record *record, GError **error) {
  g_autoptr(RecordHold) hold = record_hold(record);
  if (record->mode != RECORD_READ) /* nobody else writes */
    return TRUE;
  if (record->frozen && !thaw(record, error))
    return FALSE;
  return read_in_one_transaction(record, error);
}

/* --- opening ---------------------------------------------------------------------------------------- */

enum { APPLICATION_AT = 68, HEADER_READ = APPLICATION_AT + 4 }; /* in the header of an SQLite file */

static gboolean is_record(int descriptor) {
  guint8 header[HEADER_READ];
  guint32 application;
  if (pread(descriptor, header, sizeof header, 0) != sizeof header)
    return FALSE;
  memcpy(&application, header + APPLICATION_AT, sizeof application);
  return memcmp(header, "SQLite format 3", 16) == 0 && GUINT32_FROM_BE(application) == DATABASE_APPLICATION_ID;
}

static gboolean look_into(const char *path, int descriptor, gboolean *there, GError **error) {
  struct stat facts;
  if (fstat(descriptor, &facts) != 0)
    return error_set_errno(error, errno, path);
  *there = S_ISREG(facts.st_mode) && facts.st_size > 0;
  if ((*there && is_record(descriptor)) || (S_ISREG(facts.st_mode) && facts.st_size == 0))
    return TRUE;
  return error_set(error, ERROR_INVALID, "%s is not an Etappe record\nhint: --db names one, or a file that is not there yet", path);
}

/* Whether a record is there already; a file that is something else is left alone, down to its lock. */
static gboolean is_there(const char *path, gboolean *there, GError **error) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  *there = FALSE;
  if (descriptor < 0 && errno == ENOENT)
    return TRUE;
  if (descriptor < 0) {
    g_autofree char *what = g_strdup_printf("opening %s", path);
    return error_set_errno(error, errno, what);
  }
  gboolean good = look_into(path, descriptor, there, error);
  close(descriptor);
  return good;
}

static gboolean write_meta(sqlite3 *db, const char *name, gint64 value, GError **error) {
  return database_run(db, error, "INSERT INTO meta (name, value) VALUES (?, ?)", "ti", name, value);
}

static guint64 key_check(const HashKey *key, guint64 id) {
  return hash64(key, &id, sizeof id);
}

/* Everything in one transaction, so that a file is either empty or a record. */
static gboolean fill_new(sqlite3 *db, const HashKey *key, GError **error) {
  guint n;
  guint64 id;
  const Migration *steps = migrations_all(&n);
  g_autofree char *application = g_strdup_printf("PRAGMA application_id = %d", DATABASE_APPLICATION_ID);
  g_autofree char *page_size = g_strdup_printf("PRAGMA page_size = %d", DATABASE_PAGE_SIZE);
  if (getrandom(&id, sizeof id, 0) != sizeof id)
    return error_set_errno(error, errno, "making the record's number");
  if (!database_run(db, error, page_size, "") || !database_begin(db, error))
    return FALSE;
  if (database_run(db, error, application, "") && migrations_apply(db, steps, n, error) &&
      write_meta(db, "id", (gint64)id, error) && write_meta(db, "key_check", (gint64)key_check(key, id), error) &&
      write_meta(db, "created_ms", clock_now_ms(), error) &&
      database_run(db, error, "INSERT INTO import (id, state, started_ms) VALUES (0, ?, ?)", "ii", (gint64)IMPORT_DONE,
                   clock_now_ms()))
    return database_commit(db, error);
  database_roll_back(db);
  return FALSE;
}

static gboolean create(Record *record, GError **error) {
  int descriptor = open(record->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    g_autofree char *what = g_strdup_printf("creating %s", record->path);
    return error_set_errno(error, errno, what);
  }
  close(descriptor);
  g_autoptr(sqlite3) db = database_open_write(record->path, error);
  return db && fill_new(db, &record->key, error);
}

static gboolean check_version(Record *record, GError **error) {
  guint n, version;
  const Migration *steps = migrations_all(&n);
  if (record->mode != RECORD_READ || !migrations_version(record->db, &version, error))
    return record->mode != RECORD_READ && migrations_apply(record->db, steps, n, error);
  if (version < n)
    return error_set(error, ERROR_VERSION,
                     "%s is a record of version %u, older than this program\nhint: etappe doctor brings it up to date",
                     record->path, version);
  return migrations_apply(record->db, steps, n, error); /* writes nothing: only says when it is newer */
}

static gboolean check_key(Record *record, GError **error) {
  gint64 id, check;
  if (!database_int(record->db, &id, 0, error, "SELECT value FROM meta WHERE name = 'id'", "") ||
      !database_int(record->db, &check, 0, error, "SELECT value FROM meta WHERE name = 'key_check'", ""))
    return FALSE;
  record->id = (guint64)id;
  return (guint64)check == key_check(&record->key, record->id) ||
         error_set(error, ERROR_CONFLICT,
                   "the key in %s.key (or ETAPPE_KEY) is not the one that %s was made with\nhint: put back the right key; with "
                   "another one nobody is recognised again",
                   record->path, record->path);
}

static gboolean read_next(Record *record, GError **error) {
  gint64 next;
  if (!database_int(record->db, &next, 1, error,
                    "SELECT max(coalesce((SELECT max(number) FROM change), 0) + 1,"
                    " coalesce((SELECT first + n FROM batch ORDER BY first DESC LIMIT 1), 1))",
                    ""))
    return FALSE;
  record->next = (guint64)next;
  return TRUE;
}

static gboolean remove_left_imports(Record *record, GError **error) {
  for (gint64 id = -1;;) {
    if (!database_int(record->db, &id, -1, error, "SELECT id FROM import WHERE state = ? LIMIT 1", "i", (gint64)IMPORT_RUNNING))
      return FALSE;
    if (id < 0)
      return TRUE;
    if (!record_remove_import(record, (guint64)id, error))
      return FALSE;
  }
}

static gboolean become_writer(Record *record, GError **error) {
  if (!database_run(record->db, error, "PRAGMA journal_mode = WAL", "") ||
      !database_run(record->db, error, "PRAGMA synchronous = FULL", ""))
    return FALSE;
  record->durable = TRUE;
  sqlite3_wal_hook(record->db, note_wal, record);
  return read_next(record, error) && remove_left_imports(record, error) && record_resume_erasing(record, error);
}

static gboolean open_file(Record *record, GError **error) {
  record->db = record->mode == RECORD_READ ? database_open_read(record->path, &record->frozen, error)
                                           : database_open_write(record->path, error);
  return record->db && check_version(record, error) && check_key(record, error) && read_in_one_transaction(record, error) &&
         (record->mode == RECORD_READ || become_writer(record, error));
}

static gboolean open_or_create(Record *record, const char *key, GError **error) {
  gboolean there;
  if (!is_there(record->path, &there, error))
    return FALSE;
  if (!there && record->mode != RECORD_CREATE)
    return error_set(error, ERROR_NOT_FOUND,
                     "%s does not exist\nhint: etappe import or etappe project init makes it, --db names it", record->path);
  if (record->mode != RECORD_READ) {
    g_autofree char *lock = g_strconcat(record->path, ".lock", NULL);
    record->lock = file_lock(lock, error);
    if (record->lock < 0 || !is_there(record->path, &there, error)) /* again: another writer may just have made it */
      return FALSE;
  }
  if (!hash_key_load(&record->key, key, !there, error))
    return FALSE;
  return (there || create(record, error)) && open_file(record, error);
}

static void close_reader(gpointer db) {
  sqlite3_close(db);
}

Record *record_open_keyed(const char *path, RecordMode mode, const char *key, GError **error) {
  g_autoptr(Record) record = g_new0(Record, 1);
  record->path = g_strdup(path);
  record->mode = mode;
  record->lock = -1;
  record->names = names_new();
  record->consents = consent_book_new();
  record->spaces_before = g_ptr_array_new_with_free_func((GDestroyNotify)spaces_free);
  record->readers = g_ptr_array_new_with_free_func(close_reader);
  pthread_mutex_init(&record->mutex, NULL);
  pthread_mutex_init(&record->quick, NULL);
  return open_or_create(record, key, error) ? g_steal_pointer(&record) : NULL;
}

Record *record_open(const char *path, RecordMode mode, GError **error) {
  g_autofree char *key = g_strconcat(path, ".key", NULL);
  return record_open_keyed(path, mode, key, error);
}

void record_free(Record *record) {
  if (record == NULL)
    return;
  g_ptr_array_unref(record->readers);
  for (guint i = 0; i < KEPT_STATEMENTS; i++)
    sqlite3_finalize(record->kept[i]);
  if (record->db && record->mode != RECORD_READ)
    sqlite3_wal_checkpoint_v2(record->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  sqlite3_close(record->db);
  file_unlock(record->lock);
  view_unref(record->view);
  names_free(record->names);
  spaces_free(record->spaces);
  record_free_tombstones(record);
  consent_book_free(record->consents);
  g_ptr_array_unref(record->spaces_before);
  pthread_mutex_destroy(&record->mutex);
  pthread_mutex_destroy(&record->quick);
  g_free(record->path);
  g_free(record);
}

/* --- plain answers ----------------------------------------------------------------------------------- */

const char *record_path(const Record *record) {
  return record->path;
}

guint64 record_id(const Record *record) {
  return record->id;
}

guint64 record_through(const Record *record) {
  g_autoptr(View) view = record_view((Record *)record);
  return view->through;
}

Names *record_names(Record *record) {
  return record->names;
}

const Spaces *record_spaces(const Record *record) {
  return record->spaces;
}

const HashKey *record_key(const Record *record) {
  return &record->key;
}

/* --- settings and kinds of identifiers ----------------------------------------------------------------- */

char *record_setting(Record *record, const char *name) {
  g_autoptr(RecordHold) hold = record_hold(record);
  return record_read_setting(record, name);
}

static gboolean write_setting(Record *record, const char *name, const char *value, Change *change, GError **error) {
  return record_write_change(record, CHANGE_SETTING, 0, change, error) &&
         database_run(record->db, error, "INSERT INTO setting (number, name, value) VALUES (?, ?, ?)", "itt",
                      (gint64)change->number, name, value);
}

gboolean record_set_setting(Record *record, const char *name, const char *value, GError **error) {
  Change change;
  g_autoptr(RecordHold) hold = record_hold(record);
  g_autofree char *now = record_read_setting(record, name);
  if (g_strcmp0(now, value) == 0)
    return TRUE;
  if (!record_begin(record, TRUE, error))
    return FALSE;
  if (!write_setting(record, name, value, &change, error))
    return record_cancel(record);
  gboolean of_spaces = g_str_equal(name, SETTING_PHONE_COUNTRY) || g_str_equal(name, SETTING_REFUSED);
  return of_spaces ? record_commit_spaces(record, &change, error) : record_commit_change(record, &change, error);
}

gboolean record_judge_space(const Record *record, const char *name, Strength strength, guint64 *code, gboolean *known,
                            GError **error) {
  int found = spaces_find(record->spaces, text_of(name));
  *known = found >= 0;
  *code = *known ? (guint64)found : record->spaces->n_spaces;
  if (*known && record->spaces->spaces[found].strength != strength)
    return error_set(error, ERROR_CONFLICT, "the identifier %s is stored with another strength", name);
  if (!*known && *code == SPACES_OWN_END)
    return error_set(error, ERROR_LIMIT, "more than %d kinds of identifiers", SPACES_OWN_END);
  g_autoptr(Spaces) trial = spaces_new(); /* says what is wrong with the name before anything is written */
  return *known || spaces_add(trial, name, strength, FALSE, error);
}

gboolean record_write_space(Record *record, guint64 code, const char *name, Strength strength, gboolean plain, GError **error) {
  return database_run(record->db, error, "INSERT OR REPLACE INTO space (code, name, strength, plain) VALUES (?, ?, ?, ?)", "itii",
                      (gint64)code, name, (gint64)strength, (gint64)plain);
}

gboolean record_set_space(Record *record, const char *name, Strength strength, gboolean plain, GError **error) {
  Change change;
  guint64 code;
  gboolean known;
  g_autoptr(RecordHold) hold = record_hold(record);
  if (!record_judge_space(record, name, strength, &code, &known, error))
    return FALSE;
  if (known && record->spaces->spaces[code].plain == plain)
    return TRUE;
  if (!record_begin(record, TRUE, error))
    return FALSE;
  if (!record_write_change(record, CHANGE_SPACE, code, &change, error) ||
      !record_write_space(record, code, name, strength, plain, error))
    return record_cancel(record);
  return record_commit_spaces(record, &change, error);
}
