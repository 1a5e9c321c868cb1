// SPDX-License-Identifier: Apache-2.0
/* The latest statements stand in memory too (about 100 bytes each), since the door asks for them at every event. */
#include "record/consent.h"

#include "record/record_private.h"
#include <string.h>

enum { CONSENT_PIECE = 16384 };

typedef struct {
  guint64 version; /* hash of the text's version */
  gint64 at_ms;
  gboolean granted;
} Latest;

struct ConsentBook {
  pthread_rwlock_t lock;
  GHashTable *latest; /* guint64 (of identifier and purpose) -> Latest */
  gboolean read;
};

gboolean consent_is_purpose(Text name) {
  static const char contact[] = "contact.";
  return text_is(name, CONSENT_MEASURE) || text_is(name, "personalise") || text_is(name, "profile") ||
         (name.size >= sizeof contact && name.size < 64 && memcmp(name.at, contact, sizeof contact - 1) == 0);
}

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
                      .basis = database_column_text(statement, 7)};
    g_array_append_val(rows, row);
  }
  return FALSE;
}

#define CONSENT_SELECT "SELECT number, identifier, purpose, granted, at_ms, source, version, basis FROM consent"

/* The mutex is held. */
static GArray *read_consents(Record *record, const GArray *identifiers, GError **error) {
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(ConsentRow));
  gint64 through = (gint64)record->view->through;
  g_array_set_clear_func(rows, row_clear);
  if (identifiers == NULL) {
    g_autoptr(sqlite3_stmt) all = database_query(record->db, error, CONSENT_SELECT " WHERE number <= ? ORDER BY id", "i", through);
    return read_rows(all, rows, error) ? g_steal_pointer(&rows) : NULL;
  }
  for (guint i = 0; i < identifiers->len; i++) {
    g_autoptr(sqlite3_stmt) some =
        database_query(record->db, error, CONSENT_SELECT " WHERE identifier = ? AND number <= ? ORDER BY id", "ii",
                       (gint64)g_array_index(identifiers, guint64, i), through);
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

/* Up to CONSENT_PIECE rows behind *last; *more: there are others. */
static gboolean read_piece(Record *record, const char *purpose, guint64 through, gint64 *last, gboolean *more, ConsentFunc each,
                           gpointer user, GError **error) {
  g_autoptr(RecordHold) hold = record_hold(record);
  g_autoptr(sqlite3_stmt) statement = database_query(
      record->db, error,
      "SELECT id, identifier, granted, at_ms FROM consent WHERE id > ? AND number <= ? AND purpose = ? ORDER BY id LIMIT ?", "iiti",
      *last, (gint64)through, purpose, (gint64)CONSENT_PIECE);
  gboolean row = statement != NULL;
  guint n = 0;
  while (row) {
    if (!database_step(statement, &row, error))
      return FALSE;
    if (!row)
      break;
    *last = sqlite3_column_int64(statement, 0);
    each((guint64)sqlite3_column_int64(statement, 1), sqlite3_column_int(statement, 2) != 0, sqlite3_column_int64(statement, 3),
         user);
    n++;
  }
  *more = n == CONSENT_PIECE;
  return statement != NULL;
}

gboolean record_consents_each(Record *record, const char *purpose, guint64 through, ConsentFunc each, gpointer user,
                              GError **error) {
  gint64 last = 0;
  gboolean more = TRUE;
  while (more)
    if (!read_piece(record, purpose, through, &last, &more, each, user, error))
      return FALSE;
  return TRUE;
}

/* The mutex is held. What cannot be read counts as never said: nobody is measured because of it. */
static void read_book(Record *record) {
  ConsentBook *book = record->consents;
  g_autoptr(GArray) rows = read_consents(record, NULL, NULL);
  pthread_rwlock_wrlock(&book->lock);
  for (guint i = 0; rows && !book->read && i < rows->len; i++) {
    const ConsentRow *row = &g_array_index(rows, ConsentRow, i);
    Latest latest = {version_of(record, row->version), row->at_ms, row->granted};
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

static gboolean is_news(Record *record, const Consent *consent) {
  Latest latest;
  gboolean read;
  if (!look_up(record, place_of(record, consent->identifier, consent->purpose), &latest, &read))
    return TRUE;
  return latest.at_ms <= consent->at_ms &&
         (latest.granted != !!consent->granted || (consent->version && latest.version != version_of(record, consent->version)));
}

static void note_consent(Record *record, const Consent *consent) {
  Latest latest = {version_of(record, consent->version), consent->at_ms, consent->granted != FALSE};
  pthread_rwlock_wrlock(&record->consents->lock);
  note(record->consents, place_of(record, consent->identifier, consent->purpose), &latest);
  pthread_rwlock_unlock(&record->consents->lock);
}

static gboolean write_next(Record *record, ChangeKind kind, guint64 subject, Change *change, GError **error) {
  if (change->number)
    record->next = change->number + 1;
  return record_write_change(record, kind, subject, change, error);
}

/* Granting takes a mask away, denying puts it on where it has an effect. */
static gboolean write_mask(Record *record, const Consent *consent, ConsentState before, Change *change, GError **error) {
  gint64 there;
  gboolean hide = !consent->granted;
  if (strcmp(consent->purpose, CONSENT_MEASURE) != 0 || (hide && !consent->masks && before != CONSENT_GRANTED))
    return TRUE;
  if (!database_int(record->db, &there, 0, error, "SELECT 1 FROM hidden WHERE person = ?", "i", (gint64)consent->identifier))
    return FALSE;
  if ((there != 0) == hide)
    return TRUE;
  return write_next(record, CHANGE_HIDDEN, consent->identifier, change, error) &&
         (hide ? database_run(record->db, error, "INSERT INTO hidden (person, number) VALUES (?, ?)", "ii",
                              (gint64)consent->identifier, (gint64)change->number)
               : database_run(record->db, error, "DELETE FROM hidden WHERE person = ?", "i", (gint64)consent->identifier));
}

static gboolean write_one(Record *record, const Consent *consent, Change *change, GError **error) {
  Latest latest;
  gboolean read;
  ConsentState before = look_up(record, place_of(record, consent->identifier, consent->purpose), &latest, &read)
                            ? (latest.granted ? CONSENT_GRANTED : CONSENT_DENIED)
                            : CONSENT_UNKNOWN;
  return database_run(record->db, error,
                      "INSERT INTO consent (number, identifier, purpose, granted, at_ms, source, version, basis) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                      "iitiittt", (gint64)change->number, (gint64)consent->identifier, consent->purpose,
                      (gint64)(consent->granted != FALSE), consent->at_ms, consent->source, consent->version, consent->basis) &&
         write_mask(record, consent, before, change, error);
}

static gboolean write_all(Record *record, GPtrArray *news, Change *change, GError **error) {
  if (!write_next(record, CHANGE_CONSENT, 0, change, error))
    return FALSE;
  for (guint i = 0; i < news->len; i++)
    if (!write_one(record, news->pdata[i], change, error))
      return FALSE;
  return TRUE;
}

gboolean record_consents_add(Record *record, const Consent *consents, guint n, GError **error) {
  g_autoptr(GPtrArray) news = g_ptr_array_new();
  g_autoptr(RecordHold) hold = record_hold(record);
  Change change = {0};
  guint64 before = record->next;
  if (!record->consents->read)
    read_book(record);
  for (guint i = 0; i < n; i++)
    if (is_news(record, &consents[i]))
      g_ptr_array_add(news, (gpointer)&consents[i]);
  if (news->len == 0)
    return TRUE;
  if (!record_begin(record, TRUE, error))
    return FALSE;
  if (!write_all(record, news, &change, error)) {
    record->next = before;
    return record_cancel(record);
  }
  if (!record_commit_change(record, &change, error)) {
    record->next = before;
    return FALSE;
  }
  for (guint i = 0; i < news->len; i++)
    note_consent(record, news->pdata[i]);
  return TRUE;
}

/* After an erasure: what is left is read again. */
void consent_book_forget(ConsentBook *book) {
  pthread_rwlock_wrlock(&book->lock);
  g_hash_table_remove_all(book->latest);
  book->read = FALSE;
  pthread_rwlock_unlock(&book->lock);
}
