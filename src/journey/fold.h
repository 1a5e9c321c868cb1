/* SPDX-License-Identifier: Apache-2.0
 * fold.h: the upper levels of a snapshot, or all, become one file on a thread of its own, while changes go on above. */
#pragma once
#include "journey/levels.h"

typedef struct Fold Fold;

/* Levels `from` and up. Takes the snapshot and the lock of the folder, which it holds until fold_free(). NULL when no thread can be had; the lock
 * is given back then. */
Fold *fold_start(Snapshot *take_snapshot, guint from, const char *path, int take_lock, guint threads);
gboolean fold_is_done(const Fold *fold);
/* Waits for it. The new segment, borrowed; NULL with its error. */
Segment *fold_wait(Fold *fold, GError **error);
guint fold_from(const Fold *fold);   /* it replaces the levels from here on, */
guint fold_levels(const Fold *fold); /* up to here */
guint64 fold_through(const Fold *fold);
void fold_free(Fold *fold); /* waits too */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fold, fold_free)
