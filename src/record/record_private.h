/* SPDX-License-Identifier: Apache-2.0
 * record_private.h: what the parts of the record share: record.c (opening, names, settings), record_import.c,
 * record_link.c, record_read.c, record_check.c. */
#pragma once
#include "record/consent.h"
#include "record/database.h"
#include "record/record.h"
#include <pthread.h>
#include <stdatomic.h>

typedef enum { /* in the table change: never renumber */
               CHANGE_IMPORT_DONE = 1,
               CHANGE_IMPORT_UNDONE,
               CHANGE_LINK,
               CHANGE_LINK_UNDONE,
               CHANGE_SETTING,
               CHANGE_SPACE,
               CHANGE_HIDDEN,
               CHANGE_ERASED,
               CHANGE_CONSENT,
} ChangeKind;

typedef struct { /* what can be seen as of one number; immutable */
  atomic_uint references;
  guint64 through;
  GArray *imports; /* of guint64, ascending: done and not undone */
} View;

/* Statements of every append, kept prepared. */
typedef enum { KEPT_BEGIN, KEPT_COMMIT, KEPT_COUNT, KEPT_BATCH, KEPT_STATEMENTS } Kept;

typedef struct ConsentBook ConsentBook;

struct Record {
  char *path;
  RecordMode mode;
  guint64 id;
  HashKey key;
  Names *names;
  ConsentBook *consents;
  int lock; /* descriptor of <path>.lock, -1 for readers */

  pthread_mutex_t quick; /* guards what readers need, who never wait for a commit; taken last */
  View *view;            /* replaced with both mutexes: who writes may look at it with either */
  GPtrArray *readers;    /* idle connections */

  pthread_mutex_t mutex; /* guards everything below; a write holds it from begin to commit */
  sqlite3 *db;
  sqlite3_stmt *kept[KEPT_STATEMENTS];
  gboolean frozen;
  guint64 next; /* number of the next event or change */
  guint names_saved[NAME_KINDS];
  Spaces *_Atomic spaces;
  GPtrArray *spaces_before; /* replaced ones, somebody may still point at them */
  _Atomic(GArray *) tombstones; /* of guint64, ascending: erased identifiers; replaced, never changed */
  GPtrArray *tombstones_before; /* somebody may still look at them */
  gint64 cut_tried_us;          /* monotonic: when the log, which holds what was erased, could not be cut; 0: it holds nothing */
  gint64 erased_at_us;          /* monotonic: when somebody was erased last; 0 not in this process */
  gboolean durable;         /* the connection syncs at each commit */
  int wal_pages, wal_pages_checkpointed;
};

/* Takes the mutex until the end of the scope. */
typedef pthread_mutex_t RecordHold;
static inline RecordHold *record_hold(Record *record) {
  pthread_mutex_lock(&record->mutex);
  return &record->mutex;
}
static inline void record_release(RecordHold *hold) {
  pthread_mutex_unlock(hold);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RecordHold, record_release)

View *record_view(Record *record); /* a new reference, on any thread */
void view_unref(View *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(View, view_unref)
gboolean view_shows(const View *view, guint64 import_id, guint64 first);

typedef struct {
  guint64 number;
  ChangeKind kind;
  guint64 subject; /* import, link, ... it is about; a link or setting is its own subject */
} Change;

/* A write is record_begin, statements, then one of the commits or record_cancel; the caller holds the mutex.
 * What was committed durably survives a power cut, with everything committed before it. */
gboolean record_begin(Record *record, gboolean durable, GError **error);
gboolean record_write_change(Record *record, ChangeKind kind, guint64 subject, Change *change, GError **error);
/* One more change of the same transaction: `change` is the one before, if its number is not 0, and becomes this one. */
gboolean record_write_next(Record *record, ChangeKind kind, guint64 subject, Change *change, GError **error);
gboolean record_commit_change(Record *record, const Change *change, GError **error);
gboolean record_commit_spaces(Record *record, const Change *change, GError **error); /* of what kinds of identifiers depend on */
gboolean record_commit_events(Record *record, guint n, gboolean visible, GError **error);
gboolean record_cancel(Record *record); /* returns FALSE */

/* In a transaction of the caller's, who holds the mutex. */
char *record_read_setting(Record *record, const char *name);
gboolean record_read_spaces(Record *record, GError **error); /* anew, after a change of what they depend on */
/* Where a kind of identifier stands, or would: *code of a new one is the first free. ERROR_INVALID, ERROR_CONFLICT. */
gboolean record_judge_space(const Record *record, const char *name, Strength strength, guint64 *code, gboolean *known,
                            GError **error);
gboolean record_write_space(Record *record, guint64 code, const char *name, Strength strength, gboolean plain, GError **error);

/* Writes the names interned since the last time; *counts then stand in the transaction. */
gboolean record_write_names(Record *record, guint counts[NAME_KINDS], GError **error);

sqlite3 *record_reader(Record *record, gboolean *frozen, GError **error);
void record_reader_return(Record *record, sqlite3 *db, gboolean frozen);

/* Removes the batches of an import that never became visible, and the import. */
gboolean record_remove_import(Record *record, guint64 id, GError **error);

/* --- erasing (erase.c) --- */
gboolean record_read_tombstones(Record *record, GError **error); /* the mutex is held, or nobody else has the record yet */
void record_free_tombstones(Record *record);
void record_cut_log_sometimes(Record *record); /* between commits, with the mutex */
gboolean record_resume_erasing(Record *record, GError **error); /* what a crash left */
/* A batch that was gathered before somebody was erased and is appended after: it becomes one without. NULL: as it is.
 * The mutex is held. */
gboolean record_clean_batch(Record *record, Text blob, GBytes **cleaned, GError **error);

/* --- consents (consent.c) --- */
ConsentBook *consent_book_new(void);
void consent_book_free(ConsentBook *book);
void consent_book_forget(ConsentBook *book);
typedef struct ConsentsWritten ConsentsWritten;
/* In a transaction of the caller's, who holds the mutex; change->number stays 0 when nothing of it was news. *written goes to
 * consents_done() once it is committed, or not. */
gboolean consents_note(Record *record, guint64 import_id, const Consent *consents, guint n, Change *change,
                        ConsentsWritten **written, GError **error);
void consents_done(Record *record, ConsentsWritten *written, gboolean committed);
/* The same, of what an import stated; then consent_book_forget(). */
gboolean consents_take_back(Record *record, guint64 import_id, Change *change, GError **error);
