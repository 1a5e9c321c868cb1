/* SPDX-License-Identifier: Apache-2.0
 * index.c: the levels of an index, on disk and in memory.
 *
 *   <record>.index/MANIFEST   names the segments that count, lowest first
 *                  *.seg      segments; never changed once their name is there
 *                  *.col      property columns made from them
 *                  lock       held while somebody writes here
 *
 * A change makes a new segment, then a new manifest, then a new snapshot; readers keep the one they have. Whoever
 * cannot write here (told so, a full disk, another writer) works in memory and answers the same. */
#include "journey/index.h"

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/parallel.h"
#include "journey/build.h"
#include "journey/change.h"
#include "journey/column.h"
#include "journey/levels.h"
#include "journey/manifest.h"
#include "journey/merge.h"
#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
  MAX_LINKS_DEFAULT = 100,
  SET_SIZE_MAX_DEFAULT = 10000,
  OPEN_TRIES = 3,
  LEVELS_MAX = 8,
  DEAD_PERCENT_MAX = 10,   /* of all persons, before levels are folded */
  CHANGE_PERCENT_MAX = 25, /* touched by a change, before everything is made again */
  UNSAVED_EVENTS_MAX = 1 << 16,
  UNSAVED_SECONDS_MAX = 10,
};

struct Index {
  Record *record;
  IndexOptions options;
  char *folder;
  pthread_mutex_t writing; /* one change at a time; guards what follows up to the next mutex */
  GPtrArray *segments;     /* of Segment, lowest first */
  guint n_saved;           /* so many of them the manifest names that was last read or written */
  guint64 generation;      /* of that manifest; 0: there is none */
  gint64 saved_at_us;      /* monotonic; so the next */
  gint64 failed_at_us;     /* 0: the last saving went well */
  guint64 through, max_links, set_size_max;
  pthread_mutex_t reading; /* guards the snapshot pointer */
  Snapshot *snapshot;
};

static void say(const Index *index, const char *doing, double share) {
  if (index->options.progress)
    index->options.progress(doing, share, index->options.progress_user);
}

static guint64 number_setting(Record *record, const char *name, guint64 fallback) {
  g_autofree char *text = record_setting(record, name);
  guint64 number = text ? g_ascii_strtoull(text, NULL, 10) : 0;
  return number > 0 && number < G_MAXINT32 ? number : fallback;
}

static void read_settings(Index *index) {
  index->max_links = number_setting(index->record, "max_links", MAX_LINKS_DEFAULT);
  index->set_size_max = number_setting(index->record, "set_size_max", SET_SIZE_MAX_DEFAULT);
}

static guint64 random_number(void) {
  guint64 number = 0;
  while (number == 0)
    if (getrandom(&number, sizeof number, 0) != sizeof number)
      g_error("the system gives no random numbers");
  return number;
}

/* --- snapshots -------------------------------------------------------------------------------- */

/* Makes these segments what is seen from now on; on failure nothing has changed. */
static gboolean publish(Index *index, GPtrArray *segments, guint64 through, GError **error) {
  Snapshot *snapshot = snapshot_new(index->record, names_copy(record_names(index->record)), through,
                                    (Segment *const *)segments->pdata, segments->len, error);
  if (snapshot == NULL)
    return FALSE;
  pthread_mutex_lock(&index->reading);
  Snapshot *before = index->snapshot;
  index->snapshot = snapshot;
  pthread_mutex_unlock(&index->reading);
  snapshot_unref(before);
  if (segments != index->segments) {
    g_ptr_array_unref(index->segments);
    index->segments = g_ptr_array_ref(segments);
  }
  index->through = through;
  return TRUE;
}

Snapshot *index_snapshot(Index *index) {
  pthread_mutex_lock(&index->reading);
  Snapshot *snapshot = snapshot_ref(index->snapshot);
  pthread_mutex_unlock(&index->reading);
  return snapshot;
}

static GPtrArray *segments_new(void) {
  return g_ptr_array_new_with_free_func((GDestroyNotify)segment_unref);
}

/* --- files ------------------------------------------------------------------------------------ */

static Segment *open_segment(const Index *index, const char *name, GError **error) {
  g_autofree char *path = g_build_filename(index->folder, name, NULL);
  g_autoptr(Segment) segment = segment_open(path, record_id(index->record), error);
  if (segment && segment_marked(segment)) {
    error_set(error, ERROR_DAMAGED, "%s was found damaged", path);
    return NULL;
  }
  if (segment && index->options.read_only)
    segment_forbid_files(segment);
  return g_steal_pointer(&segment);
}

static GPtrArray *open_segments(const Index *index, const Manifest *manifest, GError **error) {
  g_autoptr(GPtrArray) segments = segments_new();
  for (guint i = 0; i < manifest->segments->len; i++) {
    Segment *segment = open_segment(index, manifest->segments->pdata[i], error);
    if (segment == NULL)
      return NULL;
    g_ptr_array_add(segments, segment);
  }
  return g_steal_pointer(&segments);
}

/* A segment that is gone was replaced by another writer after the manifest was read: its new one knows more. */
static GPtrArray *read_files(const Index *index, Manifest **manifest, GError **error) {
  for (guint attempt = 1;; attempt++) {
    g_autoptr(GError) problem = NULL;
    g_autoptr(Manifest) read = manifest_read(index->folder, error);
    if (read == NULL)
      return NULL;
    if (read->record_id != record_id(index->record) || read->max_links != index->max_links ||
        read->set_size_max != index->set_size_max || read->through > record_through(index->record)) {
      error_set(error, ERROR_VERSION, "the index was made from another record or with other settings");
      return NULL;
    }
    GPtrArray *segments = open_segments(index, read, &problem);
    if (segments) {
      *manifest = g_steal_pointer(&read);
      return segments;
    }
    if (attempt < OPEN_TRIES && g_error_matches(problem, ETAPPE_ERROR, ERROR_NOT_FOUND))
      continue;
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
  }
}

static gboolean load(Index *index, GError **error) {
  g_autoptr(Manifest) manifest = NULL;
  g_autoptr(GPtrArray) segments = read_files(index, &manifest, error);
  if (segments == NULL || !publish(index, segments, manifest->through, error))
    return FALSE;
  index->n_saved = segments->len;
  index->generation = manifest->generation;
  index->saved_at_us = g_get_monotonic_time();
  return TRUE;
}

/* The descriptor of the lock, or -1: then nothing is written. */
static int lock_files(const Index *index) {
  if (index->options.read_only || !file_make_folder(index->folder, NULL))
    return -1;
  g_autofree char *path = g_build_filename(index->folder, "lock", NULL);
  return file_lock(path, NULL);
}

static char *new_path(const Index *index) {
  g_autofree char *name = g_strdup_printf("%016" G_GINT64_MODIFIER "x.seg", random_number());
  return g_build_filename(index->folder, name, NULL);
}

/* Nobody else has written here since this index last read or wrote. */
static gboolean is_current(const Index *index) {
  g_autoptr(Manifest) manifest = manifest_read(index->folder, NULL);
  return manifest == NULL || manifest->generation == index->generation;
}

/* What no manifest names is left over from a crash or from before a fold. Columns go with their segment. */
static void remove_leftovers(const Index *index, const Manifest *manifest) {
  GDir *folder = g_dir_open(index->folder, 0, NULL);
  const char *name;
  while (folder && (name = g_dir_read_name(folder))) {
    g_autofree char *segment = g_strndup(name, (gsize)(strchrnul(name, '.') - name));
    g_autofree char *owner = g_strconcat(segment, ".seg", NULL);
    gboolean ours = g_str_has_suffix(name, ".seg") || strstr(name, ".seg.") || g_str_equal(name, "MANIFEST.tmp");
    if (!ours || (manifest_names(manifest, owner) && !g_str_has_suffix(name, ".seg.tmp")))
      continue;
    g_autofree char *path = g_build_filename(index->folder, name, NULL);
    unlink(path);
  }
  if (folder)
    g_dir_close(folder);
}

/* Names the index's segments, all of which are files, in a new manifest. */
static gboolean save_manifest(Index *index, GError **error) {
  g_autoptr(Manifest) manifest = manifest_new();
  manifest->record_id = record_id(index->record);
  manifest->through = index->through;
  manifest->max_links = index->max_links;
  manifest->set_size_max = index->set_size_max;
  manifest->generation = random_number();
  for (guint i = 0; i < index->segments->len; i++)
    g_ptr_array_add(manifest->segments, g_path_get_basename(segment_path(index->segments->pdata[i])));
  if (!manifest_write(index->folder, manifest, error))
    return FALSE;
  index->n_saved = index->segments->len;
  index->generation = manifest->generation;
  index->saved_at_us = g_get_monotonic_time();
  remove_leftovers(index, manifest);
  return TRUE;
}

/* --- rebuilding ------------------------------------------------------------------------------- */

static BuildOptions build_options(const Index *index, guint64 through, gboolean files) {
  return (BuildOptions){.threads = index->options.threads,
                        .max_links = (guint)index->max_links,
                        .set_size_max = (guint)index->set_size_max,
                        .through = through,
                        .folder = files ? index->folder : NULL,
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
  g_autofree char *path = files ? new_path(index) : NULL;
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

static gboolean publish_one(Index *index, Segment *take_segment, guint64 through, GError **error) {
  g_autoptr(GPtrArray) segments = segments_new();
  g_ptr_array_add(segments, take_segment);
  if (!publish(index, segments, through, error))
    return FALSE;
  index->n_saved = 0;
  return TRUE;
}

static gboolean rebuild(Index *index, GError **error) {
  read_settings(index);
  int lock = lock_files(index);
  guint64 through = record_through(index->record);
  Segment *segment = build_somewhere(index, lock >= 0, through, error);
  gboolean good = segment && publish_one(index, segment, through, error);
  if (good && segment_path(segment))
    save_manifest(index, NULL); /* failing that, the next one to open it makes it again */
  file_unlock(lock);
  return good;
}

gboolean index_rebuild(Index *index, GError **error) {
  pthread_mutex_lock(&index->writing);
  gboolean good = record_refresh(index->record, error) && rebuild(index, error);
  pthread_mutex_unlock(&index->writing);
  return good;
}

/* --- levels ----------------------------------------------------------------------------------- */

static guint64 events_of(const Index *index, guint level) {
  return segment_info(index->segments->pdata[level])->n_events;
}

/* Replaces the levels from `from` on by one that says the same. */
static gboolean merge_from(Index *index, guint from, const char *path, GError **error) {
  g_autoptr(GPtrArray) segments = segments_new();
  MergeTarget target = {.path = path, .threads = index->options.threads};
  Segment *merged = merge_levels(index->snapshot, from, &target, error);
  if (merged == NULL)
    return FALSE;
  for (guint i = 0; i < from; i++)
    g_ptr_array_add(segments, segment_ref(index->segments->pdata[i]));
  g_ptr_array_add(segments, merged);
  if (!publish(index, segments, index->through, error))
    return FALSE;
  index->n_saved = MIN(index->n_saved, from);
  return TRUE;
}

/* Levels in memory are joined so that each is at least twice as large as the one above it: few levels, and every
 * event is moved a few times only. */
static gboolean join_memory(Index *index, GError **error) {
  guint from = index->segments->len - 1, lowest = MAX(index->n_saved, 1);
  guint64 events = events_of(index, from);
  while (from > lowest && events_of(index, from - 1) < 2 * events)
    events += events_of(index, --from);
  return from + 1 >= index->segments->len || merge_from(index, from, NULL, error);
}

static gboolean has_many_levels(const Index *index, guint from) {
  return index->segments->len > from + LEVELS_MAX;
}

static gboolean has_many_dead(const Index *index) {
  guint64 dead = snapshot_dead_persons(index->snapshot), living = snapshot_persons(index->snapshot);
  return index->segments->len > 1 && dead * 100 > (dead + living) * DEAD_PERCENT_MAX;
}

/* The lock is held. What is in memory, and with `all` what is in files too, becomes a file. */
static gboolean write_levels(Index *index, gboolean all, GError **error) {
  g_autofree char *path = new_path(index);
  return merge_from(index, all ? 0 : index->n_saved, path, error) && save_manifest(index, error);
}

static gboolean take_changes(Index *index, GError **error);

/* Another process may have written since: its work is taken up, ours is made again on top of it. */
static gboolean catch_up(Index *index, GError **error) {
  return is_current(index) || (load(index, NULL) ? take_changes(index, error) : rebuild(index, error));
}

/* Trouble with files is told, leaves everything in memory, and is not looked for again at once. */
static void save(Index *index, gboolean all) {
  g_autoptr(GError) problem = NULL;
  int lock = lock_files(index);
  gboolean good = lock >= 0 && catch_up(index, &problem) &&
                  ((index->n_saved == index->segments->len && !all) || write_levels(index, all, &problem));
  index->failed_at_us = good ? 0 : g_get_monotonic_time();
  if (problem)
    say(index, problem->message, 0);
  file_unlock(lock);
}

static gboolean waited(gint64 since_us) {
  return g_get_monotonic_time() - since_us > UNSAVED_SECONDS_MAX * G_USEC_PER_SEC;
}

static gboolean save_is_due(const Index *index) {
  guint64 events = 0;
  for (guint i = index->n_saved; i < index->segments->len; i++)
    events += events_of(index, i);
  return index->n_saved < index->segments->len && (events > UNSAVED_EVENTS_MAX || waited(index->saved_at_us));
}

/* Keeps levels few and files fresh. Where nothing is written, only what is in memory is merged. */
static gboolean tidy(Index *index, gboolean now, GError **error) {
  if (index->options.read_only || (index->failed_at_us && !waited(index->failed_at_us))) {
    gboolean all = index->n_saved == 0 && has_many_dead(index);
    return (!all && !has_many_levels(index, index->n_saved)) || merge_from(index, index->n_saved, NULL, error);
  }
  gboolean fold = has_many_levels(index, 0) || has_many_dead(index);
  if (fold || (now && index->n_saved < index->segments->len) || save_is_due(index))
    save(index, fold);
  return TRUE;
}

gboolean index_fold(Index *index, GError **error) {
  pthread_mutex_lock(&index->writing);
  int lock = lock_files(index);
  gboolean good = index->segments->len < 2 ||
                  (lock >= 0 && is_current(index) ? write_levels(index, TRUE, error) : merge_from(index, 0, NULL, error));
  file_unlock(lock);
  pthread_mutex_unlock(&index->writing);
  return good;
}

/* --- changes ---------------------------------------------------------------------------------- */

static gboolean add_level(Index *index, Segment *take_segment, guint64 through, GError **error) {
  g_autoptr(GPtrArray) segments = segments_new();
  for (guint i = 0; i < index->segments->len; i++)
    g_ptr_array_add(segments, segment_ref(index->segments->pdata[i]));
  g_ptr_array_add(segments, take_segment);
  return publish(index, segments, through, error) && join_memory(index, error);
}

/* Takes up what the record has committed since, in memory; or rebuilds. */
static gboolean take_changes(Index *index, GError **error) {
  guint64 through = record_through(index->record);
  if (index->through == through)
    return TRUE;
  BuildOptions options = build_options(index, through, FALSE);
  options.progress = NULL; /* short */
  g_autoptr(RecordChanges) changes = record_changes(index->record, index->through, error);
  g_autoptr(GArray) links = record_links(index->record, FALSE, error);
  g_autoptr(GError) problem = NULL;
  if (changes == NULL || links == NULL)
    return FALSE;
  ChangeContext context = {.options = &options, .percent_max = CHANGE_PERCENT_MAX, .links = links};
  Segment *segment = NULL;
  switch (change_make(index->snapshot, changes, &context, &segment, &problem)) {
  case CHANGE_MADE: return add_level(index, segment, through, error);
  case CHANGE_NONE: return publish(index, index->segments, through, error);
  case CHANGE_TOO_LARGE: return rebuild(index, error);
  case CHANGE_FAILED: break;
  }
  if (g_error_matches(problem, ETAPPE_ERROR, ERROR_DAMAGED)) /* of the index or of the record: a rebuild finds out */
    return rebuild(index, error);
  g_propagate_error(error, g_steal_pointer(&problem));
  return FALSE;
}

static gboolean is_damaged(const Index *index) {
  for (guint i = 0; i < index->segments->len; i++)
    if (segment_marked(index->segments->pdata[i]))
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
  index->folder = g_strconcat(record_path(record), ".index", NULL);
  index->segments = segments_new();
  read_settings(index);
  pthread_mutex_init(&index->writing, NULL);
  pthread_mutex_init(&index->reading, NULL);
  return index;
}

void index_free(Index *index) {
  if (index == NULL)
    return;
  if (index->snapshot && index->n_saved > 0 && index->n_saved < index->segments->len)
    save(index, FALSE);
  snapshot_unref(index->snapshot);
  g_ptr_array_unref(index->segments);
  pthread_mutex_destroy(&index->writing);
  pthread_mutex_destroy(&index->reading);
  g_free(index->folder);
  g_free(index);
}

Index *index_open(Record *record, const IndexOptions *options, GError **error) {
  g_autoptr(GError) problem = NULL;
  g_autoptr(Index) index = index_new(record, options);
  if (!record_refresh(record, error))
    return NULL;
  if (load(index, &problem))
    return take_changes(index, error) && tidy(index, TRUE, error) ? g_steal_pointer(&index) : NULL;
  if (!g_error_matches(problem, ETAPPE_ERROR, ERROR_NOT_FOUND))
    say(index, problem->message, 0);
  return rebuild(index, error) ? g_steal_pointer(&index) : NULL;
}

/* --- checking --------------------------------------------------------------------------------- */

gboolean index_check(Index *index, GPtrArray *findings, GError **error) {
  g_autoptr(Snapshot) snapshot = index_snapshot(index);
  for (guint i = 0; i < snapshot_blocks(snapshot); i++) {
    g_autoptr(GError) problem = NULL;
    Block block;
    if (!snapshot_block(snapshot, i, &block, &problem))
      g_ptr_array_add(findings, g_strdup(problem->message));
  }
  return TRUE;
}

guint64 index_size_bytes(const Index *index) {
  g_autoptr(Snapshot) snapshot = index_snapshot((Index *)index);
  guint64 size = 0;
  for (guint i = 0; i < snapshot_levels(snapshot); i++)
    size += segment_info(snapshot_segment(snapshot, i))->size_bytes;
  return size;
}
