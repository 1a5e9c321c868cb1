/* SPDX-License-Identifier: Apache-2.0 */
#include "journey/fold.h"

#include "base/file.h"
#include "journey/merge.h"
#include <pthread.h>
#include <stdatomic.h>

struct Fold {
  Snapshot *snapshot;
  char *path;
  int lock;
  guint from, threads;
  pthread_t thread;
  gboolean joined;
  atomic_bool done;
  Segment *segment; /* once joined; so the next */
  GError *error;
};

static void *fold_main(void *user) {
  Fold *fold = user;
  MergeTarget target = {.path = fold->path, .threads = fold->threads};
  fold->segment = merge_levels(fold->snapshot, fold->from, &target, &fold->error);
  atomic_store(&fold->done, TRUE);
  return NULL;
}

Fold *fold_start(Snapshot *take_snapshot, guint from, const char *path, int take_lock, guint threads) {
  Fold *fold = g_new0(Fold, 1);
  *fold = (Fold){.snapshot = take_snapshot, .from = from, .path = g_strdup(path), .lock = take_lock, .threads = threads};
  if (pthread_create(&fold->thread, NULL, fold_main, fold) == 0)
    return fold;
  fold->joined = TRUE;
  fold_free(fold);
  return NULL;
}

gboolean fold_is_done(const Fold *fold) {
  return atomic_load(&fold->done);
}

Segment *fold_wait(Fold *fold, GError **error) {
  if (!fold->joined)
    pthread_join(fold->thread, NULL);
  fold->joined = TRUE;
  if (fold->segment == NULL && fold->error)
    g_propagate_error(error, g_error_copy(fold->error));
  return fold->segment;
}

guint fold_from(const Fold *fold) {
  return fold->from;
}

guint fold_levels(const Fold *fold) {
  return snapshot_levels(fold->snapshot);
}

guint64 fold_through(const Fold *fold) {
  return snapshot_through(fold->snapshot);
}

void fold_free(Fold *fold) {
  if (fold == NULL)
    return;
  fold_wait(fold, NULL);
  file_unlock(fold->lock);
  snapshot_unref(fold->snapshot);
  segment_unref(fold->segment);
  g_clear_error(&fold->error);
  g_free(fold->path);
  g_free(fold);
}
