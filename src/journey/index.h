/* SPDX-License-Identifier: Apache-2.0
 * index.h: the journey index beside a record, in the folder `<record>.index/`. Derived: delete it and
 * index_open makes it again. One mechanism changes it: replace a set of persons by a set of persons. */
#pragma once
#include "journey/snapshot.h"

typedef struct Index Index;
typedef void (*IndexProgress)(const char *doing, double share, gpointer user);
typedef struct {
  guint threads;       /* 0: all cores */
  gboolean read_only;  /* never write files: what is missing is made in memory */
  gboolean background; /* for long runs: files are written beside index_update(), which returns soon */
  guint rest_ms;       /* so long at least between two writings then; 0: 10 s */
  IndexProgress progress;
  gpointer progress_user;
} IndexOptions;

/* Opens and brings up to date with the record: nothing to do, an overlay for few changes, a rebuild for many. */
Index *index_open(Record *record, const IndexOptions *options, GError **error);
void index_free(Index *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Index, index_free)
Snapshot *index_snapshot(Index *index);              /* a new reference to the newest */
gboolean index_update(Index *index, GError **error); /* takes up what the record committed since */
gboolean index_fold(Index *index, GError **error);   /* merges all levels into a new base */
gboolean index_rebuild(Index *index, GError **error);
gboolean index_check(Index *index, GPtrArray *findings, GError **error); /* every checksum and invariant */
guint64 index_size_bytes(const Index *index);
