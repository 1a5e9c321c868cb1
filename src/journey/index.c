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
#include "journey/column.h"
#include "journey/levels.h"
#include "journey/manifest.h"
#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { MAX_LINKS_DEFAULT = 100, OPEN_TRIES = 3 };

struct Index {
  Record *record;
  IndexOptions options;
  char *folder;
  pthread_mutex_t writing; /* one change at a time; guards what follows up to the next mutex */
  GPtrArray *segments;     /* of Segment, lowest first */
  guint n_saved;           /* so many of them the manifest names that was last read or written */
  guint64 generation;      /* of that manifest; 0: there is none */
  guint64 through, max_links;
  pthread_mutex_t reading; /* guards the snapshot pointer */
  Snapshot *snapshot;
};

static void say(const Index *index, const char *doing, double share) {
  if (index->options.progress)
    index->options.progress(doing, share, index->options.progress_user);
}

static guint64 setting_max_links(Record *record) {
  g_autofree char *text = record_setting(record, "max_links");
  guint64 links = text ? g_ascii_strtoull(text, NULL, 10) : 0;
  return links > 0 && links < G_MAXINT32 ? links : MAX_LINKS_DEFAULT;
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
        read->through > record_through(index->record)) {
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
  manifest->generation = random_number();
  for (guint i = 0; i < index->segments->len; i++)
    g_ptr_array_add(manifest->segments, g_path_get_basename(segment_path(index->segments->pdata[i])));
  if (!manifest_write(index->folder, manifest, error))
    return FALSE;
  index->n_saved = index->segments->len;
  index->generation = manifest->generation;
  remove_leftovers(index, manifest);
  return TRUE;
}

/* --- rebuilding ------------------------------------------------------------------------------- */

static Segment *build_all(Index *index, const char *path, GError **error) {
  BuildOptions options = {.threads = index->options.threads,
                          .max_links = (guint)index->max_links,
                          .folder = path ? index->folder : NULL,
                          .progress = index->options.progress,
                          .progress_user = index->options.progress_user};
  g_autoptr(Build) build = build_new(index->record, &options);
  g_autoptr(GArray) links = record_links(index->record, FALSE, error);
  if (links == NULL || !build_scan_all(build, error))
    return NULL;
  BuildTarget target = {.path = path, .through = record_through(index->record), .links = links};
  return build_segment(build, &target, error);
}

/* Trouble with writing is no reason not to answer. */
static gboolean is_about_writing(const GError *error) {
  return g_error_matches(error, ETAPPE_ERROR, ERROR_IO) || g_error_matches(error, ETAPPE_ERROR, ERROR_FULL);
}

static Segment *build_somewhere(Index *index, gboolean files, GError **error) {
  g_autoptr(GError) problem = NULL;
  g_autofree char *path = files ? new_path(index) : NULL;
  Segment *segment = build_all(index, path, &problem);
  if (segment == NULL && files && is_about_writing(problem)) {
    say(index, "the index cannot be written, so it is made in memory", 0);
    g_clear_error(&problem);
    segment = build_all(index, NULL, &problem);
  }
  if (segment == NULL)
    g_propagate_error(error, g_steal_pointer(&problem));
  return segment;
}

static gboolean rebuild(Index *index, GError **error) {
  index->max_links = setting_max_links(index->record);
  int lock = lock_files(index);
  g_autoptr(GPtrArray) segments = segments_new();
  guint64 through = record_through(index->record);
  Segment *segment = build_somewhere(index, lock >= 0, error);
  gboolean good = segment != NULL;
  if (good) {
    g_ptr_array_add(segments, segment);
    good = publish(index, segments, through, error);
    index->n_saved = 0;
  }
  if (good && segment_path(segment))
    save_manifest(index, NULL); /* the next one to open it makes it again */
  file_unlock(lock);
  return good;
}

gboolean index_rebuild(Index *index, GError **error) {
  pthread_mutex_lock(&index->writing);
  gboolean good = record_refresh(index->record, error) && rebuild(index, error);
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
  index->max_links = setting_max_links(record);
  pthread_mutex_init(&index->writing, NULL);
  pthread_mutex_init(&index->reading, NULL);
  return index;
}

void index_free(Index *index) {
  if (index == NULL)
    return;
  snapshot_unref(index->snapshot);
  g_ptr_array_unref(index->segments);
  pthread_mutex_destroy(&index->writing);
  pthread_mutex_destroy(&index->reading);
  g_free(index->folder);
  g_free(index);
}

static gboolean update(Index *index, GError **error) {
  return index->through == record_through(index->record) || rebuild(index, error);
}

Index *index_open(Record *record, const IndexOptions *options, GError **error) {
  g_autoptr(GError) problem = NULL;
  g_autoptr(Index) index = index_new(record, options);
  if (!record_refresh(record, error))
    return NULL;
  if (load(index, &problem))
    return update(index, error) ? g_steal_pointer(&index) : NULL;
  if (!g_error_matches(problem, ETAPPE_ERROR, ERROR_NOT_FOUND))
    say(index, problem->message, 0);
  return rebuild(index, error) ? g_steal_pointer(&index) : NULL;
}

gboolean index_update(Index *index, GError **error) {
  pthread_mutex_lock(&index->writing);
  gboolean good = record_refresh(index->record, error) && update(index, error);
  pthread_mutex_unlock(&index->writing);
  return good;
}

gboolean index_fold(Index *index, GError **error) {
  return index_rebuild(index, error);
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
  guint64 size = 0;
  for (guint i = 0; i < index->segments->len; i++)
    size += segment_info(index->segments->pdata[i])->size_bytes;
  return size;
}
