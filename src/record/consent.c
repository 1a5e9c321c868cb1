// SPDX-License-Identifier: Apache-2.0
/* The latest statements stand in memory too (about 100 bytes each), since the door asks for them at every event. */
#include "record/consent.h"

#include "record/record_private.h"
#include <string.h>

typedef struct {
  guint64 version; /* hash of the text's version */
  guint64 import;  /* that stated it, 0 live */
  gint64 at_ms;
  gboolean granted;
} Latest;

struct ConsentBook {
  pthread_rwlock_t lock;
  GHashTable *latest; /* guint64 (of identifier and purpose) -> Latest */
  gboolean read;
};

static guint hash_number(gconstpointer number) {
  return (guint)(*(const guint64 *)number >> 32); /* keyed already */
}

ConsentBook *consent_book_new(void) {
  ConsentBook *book = g_new0(ConsentBook, 1);
  pthread_rwlock_init(&book->lock, NULL);
  book->latest = g_hash_table_new_full(hash_number, g_int64_equal, g_free, g_free);
  return book;
}

void consent_book_free(ConsentBook *book) {
  if (book == NULL)
    return;
  g_hash_table_unref(book->latest);
  pthread_rwlock_destroy(&book->lock);
  g_free(book);
}

static guint64 place_of(const Record *record, guint64 identifier, const char *purpose) {
  return identifier ^ hash64(&record->key, purpose, strlen(purpose));
}

static guint64 version_of(const Record *record, const char *version) {
  return version ? hash64(&record->key, version, strlen(version)) : 0;
}

/* The lock is held for writing. */
static void note(ConsentBook *book, guint64 place, const Latest *latest) {
  const Latest *before = g_hash_table_lookup(book->latest, &place);
  if (before == NULL || before->at_ms <= latest->at_ms)
    g_hash_table_replace(book->latest, g_memdup2(&place, sizeof place), g_memdup2(latest, sizeof *latest));
}

/* --- reading what stands in the file ------------------------------------------------------------------- */

static void row_clear(gpointer data) {
  ConsentRow *row = data;
  g_free(row->purpose);
  g_free(row->source);
  g_free(row->version);
  g_free(row->basis);
}

static gboolean read_rows(sqlite3_stmt *statement, GArray *rows, GError **error) {
  gboolean there = statement != NULL;
  while (there) {
    if (!database_step(statement, &there, error))
      return FALSE;
    if (!there)
      return TRUE;
    ConsentRow row = {.number = (guint64)sqlite3_column_int64(statement, 0),
                      .identifier = (guint64)sqlite3_column_int64(statement, 1),
                      .purpose = database_column_text(statement, 2),
                      .granted = sqlite3_column_int(statement, 3) != 0,
                      .at_ms = sqlite3_column_int64(statement, 4),
                      .source = database_column_text(statement, 5),
                      .version = database_column_text(statement, 6),
                      .basis = database_column_text(statement, 7),
                      .import = (guint64)sqlite3_column_int64(statement, 8)};
    g_array_append_val(rows, row);
  }
  return FALSE;
}

#define CONSENT_SELECT "SELECT number, identifier, purpose, granted, at_ms, source, version, basis, import FROM consent"
#define CONSENT_SEEN "number <= ?1 AND (undone = 0 OR undone > ?1)"

/* The mutex is held. */
static GArray *read_consents(Record *record, const GArray *identifiers, GError **error) {
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(ConsentRow));
  gint64 through = (gint64)record->view->through;
  g_array_set_clear_func(rows, row_clear);
  if (identifiers == NULL) {
    g_autoptr(sqlite3_stmt) all =
        database_query(record->db, error, CONSENT_SELECT " WHERE " CONSENT_SEEN " ORDER BY id", "i", through);
    return read_rows(all, rows, error) ? g_steal_pointer(&rows) : NULL;
  }
  for (guint i = 0; i < identifiers->len; i++) {
    g_autoptr(sqlite3_stmt) some =
        database_query(record->db, error, CONSENT_SELECT " WHERE identifier = ?2 AND " CONSENT_SEEN " ORDER BY id", "ii", through,
                       (gint64)g_array_index(identifiers, guint64, i));
    if (!read_rows(some, rows, error))
      return NULL;
  }
  return g_steal_pointer(&rows);
}

static int compare_rows(gconstpointer a, gconstpointer b) {
  const ConsentRow *x = a, *y = b;
  return x->number != y->number ? (x->number > y->number ? 1 : -1) : (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

GArray *record_consents(Record *record, const GArray *identifiers, GError **error) {
  g_autoptr(RecordHold) hold = record_hold(record);
  GArray *rows = read_consents(record, identifiers, error);
  if (rows)
    g_array_sort(rows, compare_rows);
  return rows;
}

gboolean record_consents_each(Record *record, const char *purpose, guint64 through, ConsentFunc each, gpointer user,
                              GError **error) {
  gboolean frozen, row = TRUE;
  sqlite3 *db = record_reader(record, &frozen, error);
  sqlite3_stmt *statement =
      db ? database_query(db, error,
                          "SELECT identifier, granted, at_ms FROM consent WHERE purpose = ?2 AND " CONSENT_SEEN " ORDER BY id",
                          "it", (gint64)through, purpose)
         : NULL;
  gboolean good = statement != NULL;
  while (good && row) {
    good = database_step(statement, &row, error);
    if (good && row)
      each((guint64)sqlite3_column_int64(statement, 0), sqlite3_column_int(statement, 1) != 0, sqlite3_column_int64(statement, 2),
           user);
  }
  sqlite3_finalize(statement);
  if (db)
    record_reader_return(record, db, frozen);
  return good;
}

/* The mutex is held. What cannot be read counts as never said: nobody is measured because of it. */
static void read_book(Record *record) {
  ConsentBook *book = record->consents;
  g_autoptr(GArray) rows = read_consents(record, NULL, NULL);
  pthread_rwlock_wrlock(&book->lock);
  for (guint i = 0; rows && !book->read && i < rows->len; i++) {
    const ConsentRow *row = &g_array_index(rows, ConsentRow, i);
    Latest latest = {version_of(record, row->version), row->import, row->at_ms, row->granted};
    note(book, place_of(record, row->identifier, row->purpose), &latest);
  }
  book->read = rows != NULL;
  pthread_rwlock_unlock(&book->lock);
}

static gboolean look_up(Record *record, guint64 place, Latest *latest, gboolean *read) {
  pthread_rwlock_rdlock(&record->consents->lock);
  const Latest *found = g_hash_table_lookup(record->consents->latest, &place);
  *read = record->consents->read;
  if (found)
    *latest = *found;
  pthread_rwlock_unlock(&record->consents->lock);
  return found != NULL;
}

ConsentState record_consent(Record *record, guint64 identifier, const char *purpose) {
  guint64 place = place_of(record, identifier, purpose);
  Latest latest;
  gboolean read, found = look_up(record, place, &latest, &read);
  if (!read) {
    g_autoptr(RecordHold) hold = record_hold(record);
    read_book(record);
    found = look_up(record, place, &latest, &read);
  }
  return !found ? CONSENT_UNKNOWN : latest.granted ? CONSENT_GRANTED : CONSENT_DENIED;
}

/* --- writing -------------------------------------------------------------------------------------------- */

/* Statements are judged in order of time, each by what is known before it, so that the order of a file's rows does not matter. */
struct ConsentsWritten {
  GHashTable *latest; /* guint64 (of identifier and purpose) -> Latest */
};

typedef struct {
  Record *record;
  guint64 import, number; /* number: of the one change of all of them, 0 not written yet */
  GHashTable *latest;
  Change *change;
} Writing;

typedef struct { /* one instant of a Consent */
  const Consent *consent;
  gint64 at_ms;
  guint order;
} Statement;

static int compare_statements(gconstpointer a, gconstpointer b) {
  const Statement *x = a, *y = b;
  return x->at_ms != y->at_ms ? (x->at_ms > y->at_ms ? 1 : -1) : (x->order > y->order) - (x->order < y->order);
}

/* A live statement stands for what an import repeats, not the other way round: the import may be taken back. */
static gboolean says_same(const Record *record, const Latest *latest, const Consent *consent, guint64 import_id) {
  return latest->granted == (consent->granted != FALSE) && (latest->import == 0 || latest->import == import_id) &&
         (consent->version == NULL || latest->version == version_of(record, consent->version));
}

/* What is said again and again at the door costs no transaction. */
static gboolean is_repeat(Record *record, const Consent *consent) {
  Latest latest;
  gboolean read;
  return look_up(record, place_of(record, consent->identifier, consent->purpose), &latest, &read) &&
         latest.at_ms <= consent->at_ms && says_same(record, &latest, consent, 0);
}

/* What held at the time of a statement that comes late. */
static gboolean find_before(const Writing *writing, const Statement *statement, Latest *before, gboolean *found, GError **error) {
  const Consent *consent = statement->consent;
  g_autoptr(sqlite3_stmt) query = database_query(writing->record->db, error,
                                                 "SELECT granted, version, import FROM consent WHERE identifier = ? AND purpose = ?"
                                                 " AND at_ms <= ? AND undone = 0 ORDER BY at_ms DESC, id DESC LIMIT 1",
                                                 "iti", (gint64)consent->identifier, consent->purpose, statement->at_ms);
  if (query == NULL || !database_step(query, found, error))
    return FALSE;
  if (*found) {
    g_autofree char *version = database_column_text(query, 1);
    *before = (Latest){version_of(writing->record, version), (guint64)sqlite3_column_int64(query, 2), statement->at_ms,
                       sqlite3_column_int(query, 0) != 0};
  }
  return TRUE;
}

static gboolean is_masked(const Record *record, guint64 identifier, gboolean *masked, GError **error) {
  gint64 there;
  if (!database_int(record->db, &there, 0, error, "SELECT 1 FROM hidden WHERE person = ?", "i", (gint64)identifier))
    return FALSE;
  *masked = there != 0;
  return TRUE;
}

static gboolean set_mask(Record *record, guint64 identifier, gboolean mask, Change *change, GError **error) {
  gboolean masked;
  if (!is_masked(record, identifier, &masked, error))
    return FALSE;
  if (masked == mask)
    return TRUE;
  return record_write_next(record, CHANGE_HIDDEN, identifier, change, error) &&
         (mask ? database_run(record->db, error, "INSERT INTO hidden (person, number) VALUES (?, ?)", "ii", (gint64)identifier,
                              (gint64)change->number)
               : database_run(record->db, error, "DELETE FROM hidden WHERE person = ?", "i", (gint64)identifier));
}

static gboolean insert(Writing *writing, const Statement *statement, gboolean masks, GError **error) {
  const Consent *consent = statement->consent;
  if (writing->number == 0) {
    if (!record_write_next(writing->record, CHANGE_CONSENT, 0, writing->change, error))
      return FALSE;
    writing->number = writing->change->number;
  }
  return database_run(writing->record->db, error,
                      "INSERT INTO consent (number, identifier, purpose, granted, at_ms, source, version, basis, import, masks) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      "iitiitttii", (gint64)writing->number, (gint64)consent->identifier, consent->purpose,
                      (gint64)(consent->granted != FALSE), statement->at_ms, consent->source, consent->version, consent->basis,
                      (gint64)writing->import, (gint64)(masks != FALSE));
}

/* Granting takes a mask away, denying puts it on where it has an effect. */
static gboolean write_latest(Writing *writing, const Statement *statement, const Latest *before, GError **error) {
  const Consent *consent = statement->consent;
  gboolean measure = strcmp(consent->purpose, PURPOSE_MEASURE) == 0, masked = FALSE;
  guint64 place = place_of(writing->record, consent->identifier, consent->purpose);
  Latest latest = {version_of(writing->record, consent->version), writing->import, statement->at_ms, consent->granted != FALSE};
  if (measure && !is_masked(writing->record, consent->identifier, &masked, error))
    return FALSE;
  gboolean masks = measure && !consent->granted && (consent->masks || masked || (before && before->granted));
  if (!insert(writing, statement, masks, error) ||
      (measure && !set_mask(writing->record, consent->identifier, masks, writing->change, error)))
    return FALSE;
  g_hash_table_replace(writing->latest, g_memdup2(&place, sizeof place), g_memdup2(&latest, sizeof latest));
  return TRUE;
}

static gboolean write_late(Writing *writing, const Statement *statement, GError **error) {
  const Consent *consent = statement->consent;
  Latest before = {0};
  gboolean found = FALSE;
  if (!find_before(writing, statement, &before, &found, error))
    return FALSE;
  if (found && says_same(writing->record, &before, consent, writing->import))
    return TRUE;
  return insert(writing, statement, !consent->granted && (consent->masks || (found && before.granted)), error);
}

static gboolean write_one(Writing *writing, const Statement *statement, GError **error) {
  const Consent *consent = statement->consent;
  guint64 place = place_of(writing->record, consent->identifier, consent->purpose);
  Latest stored;
  gboolean read;
  const Latest *before = g_hash_table_lookup(writing->latest, &place);
  if (before == NULL && look_up(writing->record, place, &stored, &read))
    before = &stored;
  if (before && before->at_ms > statement->at_ms)
    return write_late(writing, statement, error);
  return (before && says_same(writing->record, before, consent, writing->import)) ||
         write_latest(writing, statement, before, error);
}

static GArray *in_order(const Consent *consents, guint n) {
  GArray *statements = g_array_sized_new(FALSE, FALSE, sizeof(Statement), n);
  for (guint i = 0; i < n; i++) {
    Statement statement = {&consents[i], consents[i].at_ms, 2 * i};
    g_array_append_val(statements, statement);
    statement = (Statement){&consents[i], consents[i].again_ms, 2 * i + 1};
    if (consents[i].again_ms > consents[i].at_ms)
      g_array_append_val(statements, statement);
  }
  g_array_sort(statements, compare_statements);
  return statements;
}

gboolean consents_note(Record *record, guint64 import_id, const Consent *consents, guint n, Change *change,
                       ConsentsWritten **written, GError **error) {
  g_autoptr(GArray) statements = in_order(consents, n);
  Writing writing = {.record = record, .import = import_id, .change = change};
  writing.latest = g_hash_table_new_full(hash_number, g_int64_equal, g_free, g_free);
  *written = g_new(ConsentsWritten, 1);
  (*written)->latest = writing.latest;
  if (!record->consents->read)
    read_book(record);
  for (guint i = 0; i < statements->len; i++)
    if (!write_one(&writing, &g_array_index(statements, Statement, i), error))
      return FALSE;
  return TRUE;
}

void consents_done(Record *record, ConsentsWritten *written, gboolean committed) {
  GHashTableIter iter;
  gpointer place, latest;
  if (written == NULL)
    return;
  pthread_rwlock_wrlock(&record->consents->lock);
  g_hash_table_iter_init(&iter, written->latest);
  while (committed && g_hash_table_iter_next(&iter, &place, &latest))
    note(record->consents, *(const guint64 *)place, latest);
  pthread_rwlock_unlock(&record->consents->lock);
  g_hash_table_unref(written->latest);
  g_free(written);
}

gboolean record_consents_add(Record *record, const Consent *consents, guint n, GError **error) {
  ConsentsWritten *written = NULL;
  Change change = {0};
  g_autoptr(RecordHold) hold = record_hold(record);
  guint64 before = record->next;
  guint repeats = 0;
  if (!record->consents->read)
    read_book(record);
  while (repeats < n && is_repeat(record, &consents[repeats]))
    repeats++;
  if (repeats == n)
    return TRUE;
  if (!record_begin(record, TRUE, error))
    return FALSE;
  gboolean good = consents_note(record, 0, consents, n, &change, &written, error), news = good && change.number;
  if (news)
    good = record_commit_change(record, &change, error);
  else
    record_cancel(record);
  if (!good || !news)
    record->next = before;
  consents_done(record, written, good && news);
  return good;
}

/* --- taking back ------------------------------------------------------------------------------------------ */

static GArray *measured_by(Record *record, guint64 import_id, GError **error) {
  g_autoptr(GArray) identifiers = g_array_new(FALSE, FALSE, sizeof(guint64));
  g_autoptr(sqlite3_stmt) query =
      database_query(record->db, error,
                     "SELECT DISTINCT identifier FROM consent WHERE import = ? AND undone = 0 AND purpose = '" PURPOSE_MEASURE "'",
                     "i", (gint64)import_id);
  gboolean row = query != NULL;
  while (row) {
    if (!database_step(query, &row, error))
      return NULL;
    guint64 identifier = row ? (guint64)sqlite3_column_int64(query, 0) : 0;
    if (row)
      g_array_append_val(identifiers, identifier);
  }
  return query ? g_steal_pointer(&identifiers) : NULL;
}

gboolean consents_take_back(Record *record, guint64 import_id, Change *change, GError **error) {
  gint64 any, masks;
  if (!database_int(record->db, &any, 0, error, "SELECT 1 FROM consent WHERE import = ? AND undone = 0 LIMIT 1", "i",
                    (gint64)import_id))
    return FALSE;
  if (!any)
    return TRUE;
  g_autoptr(GArray) identifiers = measured_by(record, import_id, error);
  if (identifiers == NULL || !record_write_next(record, CHANGE_CONSENT, 0, change, error) ||
      !database_run(record->db, error, "UPDATE consent SET undone = ? WHERE import = ? AND undone = 0", "ii",
                    (gint64)change->number, (gint64)import_id))
    return FALSE;
  for (guint i = 0; i < identifiers->len; i++) {
    guint64 identifier = g_array_index(identifiers, guint64, i);
    if (!database_int(record->db, &masks, 0, error,
                      "SELECT masks AND NOT granted FROM consent WHERE identifier = ? AND purpose = '" PURPOSE_MEASURE
                      "' AND undone = 0 ORDER BY at_ms DESC, id DESC LIMIT 1",
                      "i", (gint64)identifier) ||
        !set_mask(record, identifier, masks != 0, change, error))
      return FALSE;
  }
  return TRUE;
}

/* After an erasure, and when an import is taken back: what is left is read again. */
void consent_book_forget(ConsentBook *book) {
  pthread_rwlock_wrlock(&book->lock);
  g_hash_table_remove_all(book->latest);
  book->read = FALSE;
  pthread_rwlock_unlock(&book->lock);
}
