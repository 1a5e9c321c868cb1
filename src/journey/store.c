/* SPDX-License-Identifier: Apache-2.0
 * store.c: the manifest is read first and written last, so whatever happens in between it names whole segments. */
#include "journey/store.h"

#include "base/error.h"
#include "base/file.h"
#include "journey/manifest.h"
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { OPEN_TRIES = 3 };

void store_init(Store *store, const char *record_path, guint64 record_id) {
  *store = (Store){.folder = g_strconcat(record_path, ".index", NULL), .record_id = record_id};
}

void store_clear(Store *store) {
  g_free(store->folder);
}

static guint64 random_number(void) {
  guint64 number = 0;
  while (number == 0)
    if (getrandom(&number, sizeof number, 0) != sizeof number)
      g_error("the system gives no random numbers");
  return number;
}

/* --- reading ---------------------------------------------------------------------------------- */

static Segment *open_segment(const Store *store, const char *name, GError **error) {
  g_autofree char *path = g_build_filename(store->folder, name, NULL);
  g_autoptr(Segment) segment = segment_open(path, store->record_id, error);
  if (segment && segment_marked(segment)) {
    error_set(error, ERROR_DAMAGED, "%s was found damaged", path);
    return NULL;
  }
  return g_steal_pointer(&segment);
}

static GPtrArray *open_segments(const Store *store, const Manifest *manifest, GError **error) {
  g_autoptr(GPtrArray) segments = g_ptr_array_new_with_free_func((GDestroyNotify)segment_unref);
  for (guint i = 0; i < manifest->segments->len; i++) {
    Segment *segment = open_segment(store, manifest->segments->pdata[i], error);
    if (segment == NULL)
      return NULL;
    g_ptr_array_add(segments, segment);
  }
  return g_steal_pointer(&segments);
}

static Manifest *read_manifest(const Store *store, guint64 through_max, GError **error) {
  g_autoptr(Manifest) manifest = manifest_read(store->folder, error);
  if (manifest == NULL)
    return NULL;
  if (manifest->record_id == store->record_id && identity_made(store->identity, manifest->identity) &&
      manifest->through <= through_max && manifest->segments->len > 0)
    return g_steal_pointer(&manifest);
  error_set(error, ERROR_VERSION, "the index was made from another record or with other settings");
  return NULL;
}

GPtrArray *store_read(Store *store, guint64 through_max, guint64 *through, GError **error) {
  for (guint attempt = 1;; attempt++) {
    g_autoptr(GError) problem = NULL;
    g_autoptr(Manifest) manifest = read_manifest(store, through_max, error);
    if (manifest == NULL)
      return NULL;
    GPtrArray *segments = open_segments(store, manifest, &problem);
    if (segments) {
      store->generation = manifest->generation;
      *through = manifest->through;
      return segments;
    }
    /* A segment that is gone was replaced by a writer after the manifest was read: the new one knows more. */
    if (attempt < OPEN_TRIES && g_error_matches(problem, ETAPPE_ERROR, ERROR_NOT_FOUND))
      continue;
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
  }
}

/* --- writing ---------------------------------------------------------------------------------- */

int store_lock(const Store *store) {
  if (!file_make_folder(store->folder, NULL))
    return -1;
  g_autofree char *path = g_build_filename(store->folder, "lock", NULL);
  return file_lock(path, NULL);
}

gboolean store_is_current(const Store *store) {
  g_autoptr(Manifest) manifest = manifest_read(store->folder, NULL);
  return manifest == NULL || manifest->generation == store->generation;
}

char *store_new_path(const Store *store) {
  g_autofree char *name = g_strdup_printf("%016" G_GINT64_MODIFIER "x.seg", random_number());
  return g_build_filename(store->folder, name, NULL);
}

/* Files begin with the name of the segment that they belong to. */
static gboolean is_left_over(const Manifest *manifest, const char *name) {
  g_autofree char *stem = g_strndup(name, (gsize)(strchrnul(name, '.') - name));
  g_autofree char *segment = g_strconcat(stem, ".seg", NULL);
  if (g_str_equal(name, "MANIFEST.tmp"))
    return TRUE;
  if (!g_str_has_suffix(name, ".seg") && strstr(name, ".seg.") == NULL)
    return FALSE;
  return !manifest_names(manifest, segment) || g_str_has_suffix(name, ".seg.tmp");
}

static gboolean look_for_leftovers(const Store *store, const Manifest *manifest, gboolean remove) {
  gboolean any = FALSE;
  GDir *folder = g_dir_open(store->folder, 0, NULL);
  for (const char *name; folder && (name = g_dir_read_name(folder));) {
    g_autofree char *path = g_build_filename(store->folder, name, NULL);
    gboolean left_over = is_left_over(manifest, name);
    any |= left_over;
    if (left_over && remove)
      unlink(path);
  }
  if (folder)
    g_dir_close(folder);
  return any;
}

void store_remove_leftovers(const Store *store) {
  g_autoptr(Manifest) manifest = manifest_read(store->folder, NULL);
  if (manifest == NULL || !look_for_leftovers(store, manifest, FALSE))
    return;
  int lock = store_lock(store);
  g_autoptr(Manifest) latest = lock >= 0 ? manifest_read(store->folder, NULL) : NULL;
  if (latest)
    look_for_leftovers(store, latest, TRUE);
  file_unlock(lock);
}

gboolean store_write(Store *store, const Snapshot *snapshot, guint n, guint64 through, GError **error) {
  g_autoptr(Manifest) manifest = manifest_new();
  manifest->record_id = store->record_id;
  manifest->through = through;
  manifest->identity = store->identity->mark;
  manifest->generation = random_number();
  for (guint i = 0; i < n; i++)
    g_ptr_array_add(manifest->segments, g_path_get_basename(segment_path(snapshot_segment(snapshot, i))));
  if (!manifest_write(store->folder, manifest, error))
    return FALSE;
  store->generation = manifest->generation;
  look_for_leftovers(store, manifest, TRUE);
  return TRUE;
}
