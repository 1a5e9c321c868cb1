/* SPDX-License-Identifier: Apache-2.0
 * seen_run.h: sorted runs of what makes events known, one file each, mapped into memory.
 * An entry's first word is a keyed hash; the second orders entries of equal first words and ends in the import:
 *
 *   with id     1 | 19 bits more of the hash | 20 bits of content | 24 bits import
 *   without     0 | 39 bits occurrence number                     | 24 bits import */
#pragma once
#include "base/file.h"
#include "base/hash.h"

typedef struct {
  guint64 hash, rest;
} SeenEntry;

enum { SEEN_IMPORT_BITS = 24, SEEN_CONTENT_BITS = 20, SEEN_EXTRA_BITS = 19 };
#define SEEN_WITH_ID (G_GUINT64_CONSTANT(1) << 63)
#define SEEN_IMPORT_MAX ((G_GUINT64_CONSTANT(1) << SEEN_IMPORT_BITS) - 1)

typedef struct {     /* an import in a run, told by all of this from another of the same id after a backup came back; */
  guint64 import_id; /* 0: live events numbered first..last */
  guint64 first, last, stored;
  gint64 started_ms;
} SeenCover;

typedef struct { /* what a run was made from */
  guint64 record_id;
  guint64 groups; /* sum of the source groups in force */
  GArray *covers; /* of SeenCover */
} SeenOrigin;
void seen_origin_clear(SeenOrigin *origin);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SeenOrigin, seen_origin_clear)

typedef struct SeenRun SeenRun;

void seen_sort(SeenEntry *entries, gsize n); /* in place; time and stack do not depend on the values */
gboolean seen_run_write(const char *path, const SeenEntry *entries, gsize n, const SeenOrigin *origin, GError **error);
/* Checks every sum: ERROR_DAMAGED. About 0.2 s a gigabyte. */
SeenRun *seen_run_open(const char *path, GError **error);
SeenRun *seen_run_ref(SeenRun *run);
void seen_run_free(SeenRun *run); /* gives back one reference */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SeenRun, seen_run_free)
const char *seen_run_path(const SeenRun *run);
const SeenOrigin *seen_run_origin(const SeenRun *run);
gsize seen_run_size(const SeenRun *run); /* entries */
const SeenEntry *seen_run_entries(const SeenRun *run);

/* The entries with this hash whose rest is between `from` and `to`, in order. */
const SeenEntry *seen_run_find(const SeenRun *run, guint64 hash, guint64 from, guint64 to, gsize *n);

/* Writes the entries of all runs into one, without those whose import `keep` refuses. */
typedef gboolean (*SeenKeepFunc)(guint64 import_id, gconstpointer user);
gboolean seen_run_merge(const char *path, SeenRun *const *runs, guint n, const SeenOrigin *origin, SeenKeepFunc keep,
                        gconstpointer user, GError **error);
