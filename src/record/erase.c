// SPDX-License-Identifier: Apache-2.0
/* An erasure in four steps, so that a crash at any point is made good by the next writer:
 *
 *   1 commit: tombstones (nothing of the person is let in any more), the list of what is to go     erasing.done = 0
 *   2 look through all batches for the identifiers                                                 reads only
 *   3 commit: rewritten batches, links gone, the change                                            erasing.done = 1
 *   4 the log is written into the file and cut to nothing; the list goes                           no row in erasing
 *
 * secure_delete overwrites what pages held; pages as they were before stand in the log until it is cut. */
#include "record/erase.h"

#include "record/batch_format.h"
#include "record/record_private.h"
#include <stdlib.h>

enum { PIECE = 64, UNSURE_SECONDS = 600, CUT_WAIT_MS = 200 };

/* --- tombstones ------------------------------------------------------------------------------------ */

static int compare_u64(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

static gboolean among(const guint64 *numbers, gsize n, guint64 number) {
  return n && bsearch(&number, numbers, n, sizeof number, compare_u64) != NULL;
}

static gboolean is_erased(const GArray *tombstones, const Identifier *identifier) {
  return among((const guint64 *)tombstones->data, tombstones->len, identifier->hash.low);
}

gboolean record_read_tombstones(Record *record, GError **error) {
  g_autoptr(GArray) tombstones = g_array_new(FALSE, FALSE, sizeof(guint64));
  g_autoptr(sqlite3_stmt) statement = database_query(record->db, error, "SELECT low FROM tombstone", "");
  gboolean row = statement != NULL;
  while (row) {
    if (!database_step(statement, &row, error))
      return FALSE;
    guint64 low = row ? (guint64)sqlite3_column_int64(statement, 0) : 0;
    if (row)
      g_array_append_val(tombstones, low);
  }
  if (statement == NULL)
    return FALSE;
  g_array_sort(tombstones, compare_u64);
  GArray *before = atomic_load(&record->tombstones);
  if (before && before->len == tombstones->len)
    return TRUE;
  if (record->tombstones_before == NULL)
    record->tombstones_before = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  g_ptr_array_add(record->tombstones_before, g_array_ref(tombstones));
  atomic_store(&record->tombstones, tombstones);
  return TRUE;
}

void record_free_tombstones(Record *record) {
  if (record->tombstones_before)
    g_ptr_array_unref(record->tombstones_before);
}

/* The one rule for events that come later: a user, a card or an address names the human who was erased; a device may be in
 * other hands by now. */
static ErasedVerdict judge(const GArray *tombstones, const Spaces *spaces, const Event *event) {
  guint erased = 0;
  for (guint i = 0; i < event->n_identifiers; i++) {
    if (!is_erased(tombstones, &event->identifiers[i]))
      continue;
    if (spaces->spaces[event->identifiers[i].space].strength != STRENGTH_DEVICE)
      return ERASED_SOMEBODY;
    erased++;
  }
  gboolean alias = event->has_alias && is_erased(tombstones, &event->alias);
  if (alias && spaces->spaces[event->alias.space].strength != STRENGTH_DEVICE)
    return ERASED_SOMEBODY;
  if (erased && erased == event->n_identifiers)
    return ERASED_SOMEBODY;
  return erased || alias ? ERASED_DEVICE : ERASED_NOBODY;
}

/* An alias call says something about its first identifier: without either it says nothing. */
static void strip(const GArray *tombstones, Event *event) {
  guint kept = 0, n = event->n_identifiers;
  for (guint i = 0; i < n; i++)
    if (!is_erased(tombstones, &event->identifiers[i]))
      event->identifiers[kept++] = event->identifiers[i];
  if (event->has_alias && (kept < n || is_erased(tombstones, &event->alias)))
    event->has_alias = FALSE;
  event->n_identifiers = kept;
}

ErasedVerdict record_judge_erased(Record *record, const Spaces *spaces, const Event *event) {
  const GArray *tombstones = atomic_load(&record->tombstones);
  return tombstones == NULL || tombstones->len == 0 ? ERASED_NOBODY : judge(tombstones, spaces, event);
}

void record_strip_erased(Record *record, Event *event) {
  strip(atomic_load(&record->tombstones), event);
}

/* --- one batch --------------------------------------------------------------------------------------- */

typedef struct { /* an erasure under way */
  Record *record;
  gint64 id; /* in `erasing` */
  guint64 through;
  GArray *identifiers, *rows; /* of guint64, ascending */
  Batch *batch;
  BatchWriter *writer;
  Event *event;
  GArray *batches; /* of guint64: first numbers of those concerned */
  GArray *ranges;  /* of Range */
  guint64 looked;  /* batches up to this one were looked through */
  ErasureDone done;
} Work;

typedef struct {
  guint64 first, last;
  gboolean stripped;
} Range;

typedef enum { KEEP, STRIP, ERASE } Fate;

static gboolean names_erased(const Work *work, Batch *batch) {
  const Hash128 *hashes;
  const guint8 *spaces;
  guint n = batch_identifiers(batch, &hashes, &spaces);
  for (guint i = 0; i < n; i++)
    if (among((const guint64 *)work->identifiers->data, work->identifiers->len, hashes[i].low))
      return TRUE;
  return FALSE;
}

static gboolean has_row(const Work *work, guint64 first, guint n) {
  guint low = 0, high = work->rows->len;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (g_array_index(work->rows, guint64, middle) < first)
      low = middle + 1;
    else
      high = middle;
  }
  return low < work->rows->len && g_array_index(work->rows, guint64, low) < first + n;
}

/* Whose an old, visible event is the index has said; other events are judged by what they name. */
static Fate fate_of(const Work *work, guint64 row, gboolean visible, guint flags) {
  if (flags & FACT_ERASED)
    return KEEP;
  if (among((const guint64 *)work->rows->data, work->rows->len, row))
    return ERASE;
  ErasedVerdict verdict = judge(work->identifiers, work->record->spaces, work->event);
  if (verdict == ERASED_NOBODY)
    return KEEP;
  if (!visible || row > work->through)
    return verdict == ERASED_SOMEBODY ? ERASE : STRIP;
  Event left = *work->event;
  strip(work->identifiers, &left);
  return left.n_identifiers ? STRIP : ERASE;
}

static void note_range(Work *work, guint64 row, Fate fate) {
  Range *last = work->ranges->len ? &g_array_index(work->ranges, Range, work->ranges->len - 1) : NULL;
  if (last && last->last + 1 == row && last->stripped == (fate == STRIP))
    last->last = row;
  else
    g_array_append_val(work->ranges, ((Range){row, row, fate == STRIP}));
}

static gint64 kept_time(const BatchFacts *facts) {
  return facts->n ? facts->time_ms[0] / 86400000 * 86400000 : 0;
}

/* The batch without what has to go, in the writer; *changed when something had. */
static gboolean rewrite(Work *work, guint64 first, gboolean visible, gboolean *changed, GError **error) {
  const BatchFacts *facts = batch_facts(work->batch, error);
  *changed = FALSE;
  for (guint i = 0; facts && i < facts->n; i++) {
    if (!batch_event(work->batch, i, work->record->names, work->event, error))
      return FALSE;
    Fate fate = fate_of(work, first + i, visible, facts->flags[i]);
    if (fate == STRIP)
      strip(work->identifiers, work->event);
    if (fate == ERASE)
      batch_writer_add_erased(work->writer, kept_time(facts));
    else if (!batch_writer_copy(work->writer, work->batch, i, work->event, error))
      return FALSE;
    if (fate == KEEP)
      continue;
    *changed = TRUE;
    note_range(work, first + i, fate);
    work->done.events += fate == ERASE;
    work->done.stripped += fate == STRIP;
  }
  return facts != NULL;
}

static void empty_writer(Work *work) {
  if (batch_writer_count(work->writer))
    g_bytes_unref(batch_writer_finish(work->writer));
}

static gboolean rewrite_row(Work *work, guint64 first, GError **error) {
  Record *record = work->record;
  gboolean row, changed = FALSE;
  g_autoptr(sqlite3_stmt) statement =
      database_query(record->db, error, "SELECT import, data FROM batch WHERE first = ?", "i", (gint64)first);
  if (statement == NULL || !database_step(statement, &row, error))
    return FALSE;
  if (!row)
    return TRUE; /* of an import that was broken off meanwhile */
  gboolean visible = view_shows(record->view, (guint64)sqlite3_column_int64(statement, 0), first);
  if (!batch_open(work->batch, sqlite3_column_blob(statement, 1), (gsize)sqlite3_column_bytes(statement, 1), error) ||
      !rewrite(work, first, visible, &changed, error))
    return FALSE;
  g_autoptr(GBytes) bytes = batch_writer_finish(work->writer);
  if (!changed)
    return TRUE;
  Text blob = {g_bytes_get_data(bytes, NULL), (guint32)g_bytes_get_size(bytes)};
  BatchHeader header;
  memcpy(&header, blob.at, sizeof header);
  work->done.batches++;
  return database_run(record->db, error, "UPDATE batch SET data = ?, min_time = ?, max_time = ? WHERE first = ?", "biii", blob,
                      header.min_time_ms, header.max_time_ms, (gint64)first);
}

/* --- looking through ----------------------------------------------------------------------------------- */

/* Of batches after the last one looked at, those that have something; *more when there may be others. */
static gboolean look_piece(Work *work, sqlite3 *db, gboolean *more, GError **error) {
  g_autoptr(sqlite3_stmt) statement =
      database_query(db, error, "SELECT first, n, data FROM batch WHERE first > ? ORDER BY first LIMIT ?", "ii",
                     (gint64)work->looked, (gint64)PIECE);
  gboolean row = statement != NULL;
  guint n = 0;
  while (row) {
    if (!database_step(statement, &row, error))
      return FALSE;
    if (!row)
      break;
    guint64 first = (guint64)sqlite3_column_int64(statement, 0);
    if (!batch_open(work->batch, sqlite3_column_blob(statement, 2), (gsize)sqlite3_column_bytes(statement, 2), error) ||
        batch_facts(work->batch, error) == NULL)
      return FALSE;
    if (has_row(work, first, (guint)sqlite3_column_int(statement, 1)) || names_erased(work, work->batch))
      g_array_append_val(work->batches, first);
    work->looked = first;
    n++;
  }
  *more = n == PIECE;
  return statement != NULL;
}

static gboolean look_through(Work *work, GError **error) {
  gboolean frozen, more = TRUE, good = TRUE;
  sqlite3 *db = record_reader(work->record, &frozen, error);
  if (db == NULL)
    return FALSE;
  while (good && more)
    good = look_piece(work, db, &more, error);
  record_reader_return(work->record, db, frozen);
  return good;
}

/* --- the commits ---------------------------------------------------------------------------------------- */

static gboolean each_identifier(Work *work, const char *sql, const char *letters, gint64 other, GError **error) {
  for (guint i = 0; i < work->identifiers->len; i++)
    if (!database_run(work->record->db, error, sql, letters, (gint64)g_array_index(work->identifiers, guint64, i), other))
      return FALSE;
  return TRUE;
}

static Text text_of_numbers(const GArray *numbers) {
  return (Text){numbers->len ? numbers->data : "", numbers->len * (guint32)sizeof(guint64)};
}

static gboolean write_intent(Work *work, GError **error) {
  Record *record = work->record;
  if (!database_run(record->db, error, "INSERT INTO erasing (done, through, identifiers, events) VALUES (0, ?, ?, ?)", "ibb",
                    (gint64)work->through, text_of_numbers(work->identifiers), text_of_numbers(work->rows)))
    return FALSE;
  work->id = sqlite3_last_insert_rowid(record->db);
  return each_identifier(work, "INSERT OR IGNORE INTO tombstone (low, high, space, number) VALUES (?, 0, 0, ?)", "ii", 0, error);
}

/* From here on nothing of the person is let in. */
static gboolean begin(Work *work, GError **error) {
  Record *record = work->record;
  g_autoptr(RecordHold) hold = record_hold(record);
  if (!record_begin(record, TRUE, error))
    return FALSE;
  if (!write_intent(work, error))
    return record_cancel(record);
  record->erased_at_us = g_get_monotonic_time();
  return record_commit_events(record, 0, FALSE, error) && record_read_tombstones(record, error);
}

static gboolean write_ranges(Work *work, guint64 number, GError **error) {
  for (guint i = 0; i < work->ranges->len; i++) {
    const Range *range = &g_array_index(work->ranges, Range, i);
    if (!database_run(work->record->db, error, "INSERT INTO erased (number, first, last, stripped) VALUES (?, ?, ?, ?)", "iiii",
                      (gint64)number, (gint64)range->first, (gint64)range->last, (gint64)range->stripped))
      return FALSE;
  }
  return TRUE;
}

static gboolean remove_links(Work *work, GError **error) {
  int before = sqlite3_total_changes(work->record->db);
  if (!each_identifier(work, "DELETE FROM link WHERE a = ?1 OR b = ?1", "i", 0, error))
    return FALSE;
  work->done.links = (guint64)(sqlite3_total_changes(work->record->db) - before);
  return each_identifier(work, "DELETE FROM hidden WHERE person = ?1", "i", 0, error) &&
         each_identifier(work, "DELETE FROM consent WHERE identifier = ?1", "i", 0, error);
}

static gboolean write_erasure(Work *work, Change *change, GError **error) {
  Record *record = work->record;
  gboolean more = TRUE;
  while (more) /* what came since; nobody else can append now */
    if (!look_piece(work, record->db, &more, error))
      return FALSE;
  for (guint i = 0; i < work->batches->len; i++)
    if (!rewrite_row(work, g_array_index(work->batches, guint64, i), error))
      return FALSE;
  return record_write_change(record, CHANGE_ERASED, 0, change, error) && write_ranges(work, change->number, error) &&
         remove_links(work, error) &&
         each_identifier(work, "UPDATE tombstone SET number = ?2 WHERE low = ?1 AND number = 0", "ii", (gint64)change->number,
                         error) &&
         database_run(record->db, error, "UPDATE erasing SET done = 1 WHERE id = ?", "i", work->id);
}

static gboolean commit(Work *work, GError **error) {
  Change change;
  Record *record = work->record;
  g_autoptr(RecordHold) hold = record_hold(record);
  empty_writer(work);
  if (!record_begin(record, TRUE, error))
    return FALSE;
  if (!write_erasure(work, &change, error))
    return record_cancel(record);
  work->done.number = change.number;
  consent_book_forget(record->consents);
  return record_commit_change(record, &change, error);
}

/* While somebody reads, the log cannot be cut. Nobody waits long for that: it is tried again between later commits, by the
 * next erasure and by the next writer, as long as the list stands. */
static gboolean cut(Record *record, int wait_ms, GError **error) {
  sqlite3_busy_timeout(record->db, wait_ms);
  int code = sqlite3_wal_checkpoint_v2(record->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  sqlite3_busy_timeout(record->db, DATABASE_BUSY_MS);
  record->cut_tried_us = code == SQLITE_OK ? 0 : g_get_monotonic_time();
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
    return TRUE;
  if (code != SQLITE_OK)
    return database_fail(record->db, code, "writing out the log", error);
  record->wal_pages = record->wal_pages_checkpointed = 0;
  if (!record_begin(record, TRUE, error))
    return FALSE;
  if (!database_run(record->db, error, "DELETE FROM erasing WHERE done = 1", ""))
    return record_cancel(record);
  return record_commit_events(record, 0, FALSE, error);
}

static gboolean cut_log(Record *record, gboolean *clean, GError **error) {
  g_autoptr(RecordHold) hold = record_hold(record);
  gboolean good = cut(record, CUT_WAIT_MS, error);
  *clean = good && record->cut_tried_us == 0;
  return good;
}

void record_cut_log_sometimes(Record *record) {
  if (record->cut_tried_us && g_get_monotonic_time() - record->cut_tried_us > G_USEC_PER_SEC)
    cut(record, 0, NULL);
}

/* --- the whole -------------------------------------------------------------------------------------------- */

static GArray *sorted_copy(const void *numbers, gsize n) {
  GArray *copy = g_array_sized_new(FALSE, FALSE, sizeof(guint64), (guint)n);
  if (n)
    g_array_append_vals(copy, numbers, (guint)n);
  g_array_sort(copy, compare_u64);
  return copy;
}

static Work *work_new(Record *record, const void *identifiers, gsize n_identifiers, const void *rows, gsize n_rows,
                      guint64 through) {
  Work *work = g_new0(Work, 1);
  *work = (Work){.record = record,
                 .through = through,
                 .identifiers = sorted_copy(identifiers, n_identifiers),
                 .rows = sorted_copy(rows, n_rows),
                 .batches = g_array_new(FALSE, FALSE, sizeof(guint64)),
                 .ranges = g_array_new(FALSE, FALSE, sizeof(Range)),
                 .event = g_new0(Event, 1)};
  work->batch = batch_new(record->spaces, &record->key);
  work->writer = batch_writer_new(record->spaces, record->names);
  return work;
}

static void work_free(Work *work) {
  g_array_unref(work->identifiers);
  g_array_unref(work->rows);
  g_array_unref(work->batches);
  g_array_unref(work->ranges);
  batch_free(work->batch);
  batch_writer_free(work->writer);
  g_free(work->event);
  g_free(work);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Work, work_free)

gboolean record_erase(Record *record, const Erasure *erasure, ErasureDone *done, GError **error) {
  if (erasure->n_identifiers == 0)
    return error_set(error, ERROR_INVALID, "nobody is named to be erased");
  if (erasure->n_identifiers > G_MAXUINT32 / 16 || erasure->n_rows > G_MAXUINT32 / 16)
    return error_set(error, ERROR_LIMIT, "too many events to erase at once");
  g_autoptr(Work) work =
      work_new(record, erasure->identifiers, erasure->n_identifiers, erasure->rows, erasure->n_rows, erasure->through);
  if (!begin(work, error) || !look_through(work, error) || !commit(work, error) || !cut_log(record, &work->done.clean, error))
    return FALSE;
  if (done)
    *done = work->done;
  return TRUE;
}

gboolean record_erased(Record *record, guint64 *erasures, guint64 *events, GError **error) {
  gint64 changes, all;
  g_autoptr(RecordHold) hold = record_hold(record);
  gint64 through = (gint64)record->view->through;
  if (!database_int(record->db, &changes, 0, error, "SELECT count(*) FROM change WHERE kind = ? AND number <= ?", "ii",
                    (gint64)CHANGE_ERASED, through) ||
      !database_int(record->db, &all, 0, error, "SELECT sum(last - first + 1) FROM erased WHERE stripped = 0 AND number <= ?", "i",
                    through))
    return FALSE;
  *erasures = (guint64)changes;
  *events = (guint64)all;
  return TRUE;
}

/* --- after a crash ------------------------------------------------------------------------------------------ */

static Work *next_intent(Record *record, gboolean *any, GError **error) {
  g_autoptr(RecordHold) hold = record_hold(record);
  g_autoptr(sqlite3_stmt) statement = database_query(
      record->db, error, "SELECT id, through, identifiers, events FROM erasing WHERE done = 0 ORDER BY id LIMIT 1", "");
  *any = FALSE;
  if (statement == NULL || !database_step(statement, any, error) || !*any)
    return NULL;
  Work *work = work_new(record, sqlite3_column_blob(statement, 2), (gsize)sqlite3_column_bytes(statement, 2) / sizeof(guint64),
                        sqlite3_column_blob(statement, 3), (gsize)sqlite3_column_bytes(statement, 3) / sizeof(guint64),
                        (guint64)sqlite3_column_int64(statement, 1));
  work->id = sqlite3_column_int64(statement, 0);
  return work;
}

gboolean record_resume_erasing(Record *record, GError **error) {
  g_autoptr(GError) problem = NULL;
  gint64 left;
  gboolean any, clean;
  if (!database_int(record->db, &left, 0, error, "SELECT count(*) FROM erasing", "") || left == 0)
    return left == 0;
  for (;;) {
    g_autoptr(Work) work = next_intent(record, &any, &problem);
    if (problem) {
      g_propagate_error(error, g_steal_pointer(&problem));
      return FALSE;
    }
    if (work == NULL)
      return cut_log(record, &clean, error);
    if (!look_through(work, error) || !commit(work, error))
      return FALSE;
  }
}

/* --- batches on their way -------------------------------------------------------------------------------------- */

gboolean record_clean_batch(Record *record, Text blob, GBytes **cleaned, GError **error) {
  const GArray *tombstones = atomic_load(&record->tombstones);
  if (record->erased_at_us == 0 || g_get_monotonic_time() - record->erased_at_us > UNSURE_SECONDS * G_USEC_PER_SEC)
    return TRUE;
  g_autoptr(Work) work = work_new(record, tombstones->data, tombstones->len, NULL, 0, 0);
  gboolean changed = FALSE;
  if (!batch_open(work->batch, blob.at, blob.size, error) || batch_facts(work->batch, error) == NULL)
    return FALSE;
  if (!names_erased(work, work->batch))
    return TRUE;
  if (!rewrite(work, record->next, FALSE, &changed, error))
    return FALSE;
  if (changed)
    *cleaned = batch_writer_finish(work->writer);
  return TRUE;
}
