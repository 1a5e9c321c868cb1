/* SPDX-License-Identifier: Apache-2.0
 * index.c: when what is done to the levels of an index.
 *
 *   index_update ─► change of few persons ─► another level in memory ─► joined with those below it
 *                └► of many              ─► a rebuild                  ─► saved as a file when due
 *                                                                      ─► all folded into a base when due
 *
 * A change makes a new segment, then a new manifest, then a new snapshot; readers keep the one they have. Whoever
 * cannot write (told so, a full disk, another writer) works in memory and answers the same. */
#include "journey/index.h"

#include "base/error.h"
#include "base/file.h"
#include "journey/build.h"
#include "journey/change.h"
#include "journey/check.h"
#include "journey/fold.h"
#include "journey/merge.h"
#include "journey/store.h"
#include <pthread.h>

enum {
  LEVELS_MAX = 8,
  LEVELS_MAX_LIVE = 16,    /* in a long run, where they are saved in turn anyway */
  DEAD_PERCENT_MAX = 10,   /* of all persons, before levels are folded */
  CHANGE_PERCENT_MAX = 25, /* touched by a change, before everything is made again */
  CHANGE_FEW = 1 << 14,    /* persons or events for which nothing is made again */
  UNSAVED_EVENTS_MAX = 1 << 16,
  UNSAVED_EVENTS_MAX_LIVE = 1 << 22, /* in a long run; about 60 MB */
  UNSAVED_SECONDS_MAX = 10,
};

struct Index {
  Record *record;
  IndexOptions options;
  pthread_mutex_t writing; /* one change at a time; guards what follows up to the next mutex */
  Store store;
  Identity *identity;      /* the settings that the levels are made with */
  guint n_saved;           /* so many levels, the lowest, the manifest names */
  guint64 erased_through;  /* files older than this hold what was erased since; 0: none does */
  gint64 saved_at_us;      /* monotonic; so the next */
  gint64 failed_at_us;     /* 0: the last saving went well */
  Fold *fold;              /* under way, or NULL */
  pthread_mutex_t reading; /* guards the pointer to the snapshot, which only a writer changes */
  Snapshot *snapshot;
};

static void say(const Index *index, const char *doing, double share) {
  if (index->options.progress)
    index->options.progress(doing, share, index->options.progress_user);
}

static void read_settings(Index *index) {
  identity_free(index->identity);
  index->identity = identity_read(index->record);
  index->store.identity = index->identity;
}

/* --- snapshots -------------------------------------------------------------------------------- */

static gboolean publish(Index *index, Snapshot *take_snapshot) {
  if (take_snapshot == NULL)
    return FALSE;
  pthread_mutex_lock(&index->reading);
  Snapshot *before = index->snapshot;
  index->snapshot = take_snapshot;
  pthread_mutex_unlock(&index->reading);
  snapshot_unref(before);
  return TRUE;
}

Snapshot *index_snapshot(Index *index) {
  pthread_mutex_lock(&index->reading);
  Snapshot *snapshot = snapshot_ref(index->snapshot);
  pthread_mutex_unlock(&index->reading);
  return snapshot;
}

/* A snapshot of these segments, with everybody masked who is so now. */
static Snapshot *snapshot_of(const Index *index, guint64 through, Segment *const *segments, guint n, GError **error) {
  g_autoptr(GArray) masked = record_hidden(index->record, error);
  return masked ? snapshot_new(index->record, names_copy(record_names(index->record)), through, segments, n, masked, error) : NULL;
}

static guint n_levels(const Index *index) {
  return snapshot_levels(index->snapshot);
}

static Names *names_now(const Index *index) {
  return names_copy(record_names(index->record));
}

static gboolean load(Index *index, GError **error) {
  guint64 through;
  g_autoptr(GPtrArray) segments = store_read(&index->store, record_through(index->record), &through, error);
  if (segments == NULL)
    return FALSE;
  Segment *const *levels = (Segment *const *)segments->pdata;
  for (guint i = 0; index->options.read_only && i < segments->len; i++)
    segment_forbid_files(levels[i]);
  if (!publish(index, snapshot_of(index, through, levels, segments->len, error)))
    return FALSE;
  index->n_saved = segments->len;
  index->saved_at_us = g_get_monotonic_time();
  return TRUE;
}

static int lock_store(const Index *index) {
  return index->options.read_only ? -1 : store_lock(&index->store);
}

/* Names the lowest n levels as what stands in files as of `through`. */
static gboolean write_manifest(Index *index, guint n, guint64 through, GError **error) {
  if (!store_write(&index->store, index->snapshot, n, through, error))
    return FALSE;
  index->n_saved = n;
  index->saved_at_us = g_get_monotonic_time();
  if (n == 1 && through >= index->erased_through)
    index->erased_through = 0;
  return TRUE;
}

/* --- rebuilding ------------------------------------------------------------------------------- */

static BuildOptions build_options(const Index *index, guint64 through, gboolean files) {
  return (BuildOptions){.threads = index->options.threads,
                        .identity = index->identity,
                        .through = through,
                        .folder = files ? index->store.folder : NULL,
                        .progress = index->options.progress,
                        .progress_user = index->options.progress_user};
}

static Segment *build_all(Index *index, const char *path, guint64 through, GError **error) {
  BuildOptions options = build_options(index, through, path != NULL);
  g_autoptr(Build) build = build_new(index->record, &options);
  g_autoptr(GArray) links = record_links(index->record, FALSE, error);
  if (links == NULL || !build_scan_all(build, error))
    return NULL;
  BuildTarget target = {.path = path, .links = links};
  return build_segment(build, &target, error);
}

/* Trouble with writing is no reason not to answer. */
static gboolean is_about_writing(const GError *error) {
  return g_error_matches(error, ETAPPE_ERROR, ERROR_IO) || g_error_matches(error, ETAPPE_ERROR, ERROR_FULL);
}

static Segment *build_somewhere(Index *index, gboolean files, guint64 through, GError **error) {
  g_autoptr(GError) problem = NULL;
  g_autofree char *path = files ? store_new_path(&index->store) : NULL;
  Segment *segment = build_all(index, path, through, &problem);
  if (segment == NULL && files && is_about_writing(problem)) {
    say(index, "the index cannot be written, so it is made in memory", 0);
    g_clear_error(&problem);
    segment = build_all(index, NULL, through, &problem);
  }
  if (segment == NULL)
    g_propagate_error(error, g_steal_pointer(&problem));
  return segment;
}

static gboolean rebuild(Index *index, GError **error) {
  g_clear_pointer(&index->fold, fold_free);
  guint64 through = record_through(index->record); /* before: settings that came between are then taken up again */
  read_settings(index);
  int lock = lock_store(index);
  g_autoptr(Segment) segment = build_somewhere(index, lock >= 0, through, error);
  gboolean good = segment && publish(index, snapshot_of(index, through, &segment, 1, error));
  index->n_saved = good ? 0 : index->n_saved;
  if (good && segment_path(segment))
    write_manifest(index, 1, through, NULL); /* failing that, the next one to open it makes it again */
  file_unlock(lock);
  return good;
}

gboolean index_rebuild(Index *index, GError **error) {
  pthread_mutex_lock(&index->writing);
  gboolean good = record_refresh(index->record, error) && rebuild(index, error);
  pthread_mutex_unlock(&index->writing);
  return good;
}

/* --- fewer levels ----------------------------------------------------------------------------- */

static guint64 events_of(const Index *index, guint level) {
  return segment_info(snapshot_segment(index->snapshot, level))->n_events;
}

/* Replaces the levels from `from` on by one that says the same. */
static gboolean merge_from(Index *index, guint from, const char *path, GError **error) {
  MergeTarget target = {.path = path, .threads = index->options.threads};
  g_autoptr(Segment) merged = merge_levels(index->snapshot, from, &target, error);
  if (merged == NULL)
    return FALSE;
  index->n_saved = MIN(index->n_saved, from);
  return publish(index, snapshot_join(index->snapshot, names_now(index), from, n_levels(index), merged, error));
}

/* From where to merge so that what stands below is at least twice as large: few levels, and every event is moved
 * a few times only. Not below `lowest`. */
static guint even_from(const Index *index, guint from, guint lowest) {
  guint64 events = 0;
  for (guint i = from; i < n_levels(index); i++)
    events += events_of(index, i);
  while (from > lowest && events_of(index, from - 1) < 2 * events)
    events += events_of(index, --from);
  return from;
}

static gboolean join_memory(Index *index, GError **error) {
  guint lowest = MAX(MAX(index->n_saved, 1), index->fold ? fold_levels(index->fold) : 0);
  guint from = even_from(index, n_levels(index) - 1, lowest);
  return from + 1 >= n_levels(index) || merge_from(index, from, NULL, error);
}

static gboolean has_many_levels(const Index *index, guint from) {
  return n_levels(index) > from + (index->options.background ? LEVELS_MAX_LIVE : LEVELS_MAX);
}

static gboolean has_many_dead(const Index *index) {
  guint64 dead = snapshot_dead_persons(index->snapshot), living = snapshot_persons(index->snapshot);
  return n_levels(index) > 1 && dead * 100 > (dead + living) * DEAD_PERCENT_MAX;
}

/* The lowest level that the next writing takes up; the base only where that is worth its size. */
static guint write_from(const Index *index) {
  guint64 above = 0;
  for (guint i = 1; i < n_levels(index); i++)
    above += events_of(index, i);
  if (index->n_saved == 0 || index->erased_through || has_many_dead(index) || above > events_of(index, 0) / 4)
    return 0;
  return has_many_levels(index, 0) ? 1 : even_from(index, index->n_saved, 1);
}

/* The lock is held. The levels from `from` on become a file. */
static gboolean write_levels(Index *index, guint from, GError **error) {
  g_autofree char *path = store_new_path(&index->store);
  return merge_from(index, from, path, error) && write_manifest(index, n_levels(index), snapshot_through(index->snapshot), error);
}

/* --- folding beside everything else ------------------------------------------------------------- */

/* On one core, so that the others have theirs. */
static gboolean begin_fold(Index *index, guint from, int take_lock) {
  g_autofree char *path = store_new_path(&index->store);
  index->fold = fold_start(index_snapshot(index), from, path, take_lock, 1);
  return index->fold != NULL;
}

/* Waits for the fold and takes it up, below the levels that came meanwhile. */
static gboolean end_fold(Index *index, GError **error) {
  g_autoptr(Fold) fold = g_steal_pointer(&index->fold);
  guint from = fold_from(fold);
  Segment *merged = fold_wait(fold, error);
  if (merged == NULL || !publish(index, snapshot_join(index->snapshot, names_now(index), from, fold_levels(fold), merged, error)))
    return FALSE;
  index->n_saved = MIN(index->n_saved, from);
  return write_manifest(index, from + 1, fold_through(fold), error);
}

/* --- saving ----------------------------------------------------------------------------------- */

static gboolean take_changes(Index *index, GError **error);

/* Another process may have written since: its work is taken up, ours is made again on top of it. */
static gboolean catch_up(Index *index, GError **error) {
  return store_is_current(&index->store) || (load(index, NULL) ? take_changes(index, error) : rebuild(index, error));
}

/* Trouble with files is told, leaves everything in memory, and is not looked for again at once. */
static void saved(Index *index, gboolean good, const GError *problem) {
  index->failed_at_us = good ? 0 : g_get_monotonic_time();
  if (problem)
    say(index, problem->message, 0);
}

static void save(Index *index) {
  g_autoptr(GError) problem = NULL;
  int lock = lock_store(index);
  gboolean good = lock >= 0 && catch_up(index, &problem);
  guint from = good ? write_from(index) : 0;
  if (good && from < n_levels(index) && index->options.background) {
    saved(index, begin_fold(index, from, lock), NULL);
    return;
  }
  if (good && from < n_levels(index))
    good = write_levels(index, from, &problem);
  saved(index, good, problem);
  file_unlock(lock);
}

static gboolean waited(const Index *index, gint64 since_us) {
  gint64 rest_ms = index->options.rest_ms ? index->options.rest_ms : UNSAVED_SECONDS_MAX * 1000;
  return g_get_monotonic_time() - since_us > rest_ms * 1000;
}

static guint64 unsaved_events(const Index *index) {
  guint64 events = 0;
  for (guint i = index->n_saved; i < n_levels(index); i++)
    events += events_of(index, i);
  return events;
}

/* In a long run files are written now and then, whatever the reason: what they lack the record has. */
static gboolean save_is_due(const Index *index) {
  gboolean unsaved = index->n_saved < n_levels(index), rested = waited(index, index->saved_at_us);
  if (has_many_levels(index, 0) || index->erased_through)
    return TRUE;
  if (index->options.background)
    return unsaved_events(index) > UNSAVED_EVENTS_MAX_LIVE || (rested && (unsaved || has_many_dead(index)));
  return has_many_dead(index) || (unsaved && (rested || unsaved_events(index) > UNSAVED_EVENTS_MAX));
}

/* Keeps levels few and files fresh. Where nothing is written, only what is in memory is merged. */
static gboolean tidy(Index *index, gboolean now, GError **error) {
  g_autoptr(GError) problem = NULL;
  if (index->fold && !fold_is_done(index->fold))
    return TRUE;
  if (index->fold)
    saved(index, end_fold(index, &problem), problem);
  if (index->options.read_only || (index->failed_at_us && !waited(index, index->failed_at_us))) {
    gboolean all = index->n_saved == 0 && has_many_dead(index);
    return (!all && !has_many_levels(index, index->n_saved)) || merge_from(index, index->n_saved, NULL, error);
  }
  if ((now && index->n_saved < n_levels(index)) || save_is_due(index))
    save(index);
  return TRUE;
}

gboolean index_fold(Index *index, GError **error) {
  pthread_mutex_lock(&index->writing);
  gboolean good = index->fold == NULL || end_fold(index, error);
  int lock = lock_store(index);
  if (good && n_levels(index) > 1)
    good = lock >= 0 && store_is_current(&index->store) ? write_levels(index, 0, error) : merge_from(index, 0, NULL, error);
  file_unlock(lock);
  pthread_mutex_unlock(&index->writing);
  return good;
}

/* --- changes ---------------------------------------------------------------------------------- */

static gboolean add_level(Index *index, Segment *take_segment, guint64 through, gboolean masks, GError **error) {
  g_autoptr(Segment) segment = take_segment;
  g_autoptr(GArray) masked = masks ? record_hidden(index->record, error) : NULL;
  return (masked || !masks) && publish(index, snapshot_add(index->snapshot, names_now(index), through, segment, masked, error)) &&
         (segment == NULL || join_memory(index, error));
}

/* Takes up what the record has committed since, in memory; or rebuilds. */
static gboolean take_changes(Index *index, GError **error) {
  guint64 through = record_through(index->record);
  if (snapshot_through(index->snapshot) == through)
    return TRUE;
  g_autoptr(RecordChanges) changes = record_changes(index->record, snapshot_through(index->snapshot), error);
  g_autoptr(GArray) links = record_links(index->record, FALSE, error);
  g_autoptr(GError) problem = NULL;
  if (changes == NULL || links == NULL)
    return FALSE;
  if (changes->settings)
    read_settings(index);
  BuildOptions options = build_options(index, through, FALSE);
  options.progress = NULL; /* short */
  if (changes->erased)
    index->erased_through = through;
  ChangeContext context = {.options = &options, .percent_max = CHANGE_PERCENT_MAX, .few = CHANGE_FEW, .links = links};
  Segment *segment = NULL;
  switch (change_make(index->snapshot, changes, &context, &segment, &problem)) {
  case CHANGE_MADE:
  case CHANGE_NONE: return add_level(index, segment, through, changes->masks, error);
  case CHANGE_TOO_LARGE: return rebuild(index, error);
  case CHANGE_FAILED: break;
  }
  if (g_error_matches(problem, ETAPPE_ERROR, ERROR_DAMAGED)) /* of the index or of the record: a rebuild finds out */
    return rebuild(index, error);
  g_propagate_error(error, g_steal_pointer(&problem));
  return FALSE;
}

static gboolean is_damaged(const Index *index) {
  for (guint i = 0; i < n_levels(index); i++)
    if (segment_marked(snapshot_segment(index->snapshot, i)))
      return TRUE;
  return FALSE;
}

gboolean index_update(Index *index, GError **error) {
  pthread_mutex_lock(&index->writing);
  gboolean good = record_refresh(index->record, error) &&
                  (is_damaged(index) ? rebuild(index, error) : take_changes(index, error) && tidy(index, FALSE, error));
  pthread_mutex_unlock(&index->writing);
  return good;
}

/* --- opening ---------------------------------------------------------------------------------- */

static Index *index_new(Record *record, const IndexOptions *options) {
  Index *index = g_new0(Index, 1);
  index->record = record;
  if (options)
    index->options = *options;
  store_init(&index->store, record_path(record), record_id(record));
  read_settings(index);
  pthread_mutex_init(&index->writing, NULL);
  pthread_mutex_init(&index->reading, NULL);
  return index;
}

void index_free(Index *index) {
  if (index == NULL)
    return;
  if (index->fold)
    end_fold(index, NULL);
  index->options.background = FALSE;
  if (index->snapshot && index->n_saved > 0 && index->n_saved < n_levels(index))
    save(index);
  snapshot_unref(index->snapshot);
  store_clear(&index->store);
  identity_free(index->identity);
  pthread_mutex_destroy(&index->writing);
  pthread_mutex_destroy(&index->reading);
  g_free(index);
}

Index *index_open(Record *record, const IndexOptions *options, GError **error) {
  g_autoptr(GError) problem = NULL;
  g_autoptr(Index) index = index_new(record, options);
  if (!record_refresh(record, error))
    return NULL;
  if (!index->options.read_only)
    store_remove_leftovers(&index->store);
  if (load(index, &problem))
    return take_changes(index, error) && tidy(index, TRUE, error) ? g_steal_pointer(&index) : NULL;
  if (!g_error_matches(problem, ETAPPE_ERROR, ERROR_NOT_FOUND))
    say(index, problem->message, 0);
  return rebuild(index, error) ? g_steal_pointer(&index) : NULL;
}

/* --- checking --------------------------------------------------------------------------------- */

gboolean index_check(Index *index, GPtrArray *findings, GError **error) {
  g_autoptr(Snapshot) snapshot = index_snapshot(index);
  check_snapshot(snapshot, findings);
  return TRUE;
}

guint64 index_size_bytes(const Index *index) {
  g_autoptr(Snapshot) snapshot = index_snapshot((Index *)index);
  guint64 size = 0;
  for (guint i = 0; i < snapshot_levels(snapshot); i++)
    size += segment_info(snapshot_segment(snapshot, i))->size_bytes;
  return size;
}
