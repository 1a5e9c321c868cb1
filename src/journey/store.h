/* SPDX-License-Identifier: Apache-2.0
 * store.h: the folder of an index: its manifest, its segments, its lock.
 *
 *   MANIFEST   names the segments that count, lowest first
 *   *.seg      segments; never changed once their name is there
 *   *.col      property columns made from them
 *   lock       held while somebody writes here */
#pragma once
#include "journey/identity.h"
#include "journey/levels.h"

typedef struct {
  char *folder;
  guint64 record_id;
  const Identity *identity; /* the settings that the segments are made with; borrowed */
  guint64 generation;       /* of the manifest that was last read or written; 0: none */
} Store;

void store_init(Store *store, const char *record_path, guint64 record_id);
void store_clear(Store *store);

/* The segments that the manifest names, of Segment. ERROR_NOT_FOUND when there is none, ERROR_VERSION when they are made from
 * another record, with other limits, or say more than the record (`through_max`), ERROR_DAMAGED. */
GPtrArray *store_read(Store *store, guint64 through_max, guint64 *through, GError **error);

/* Takes the lock, making the folder; -1 when somebody else has it or nothing can be written. Ends with file_unlock(). */
int store_lock(const Store *store);
/* Nobody else has written here since this store last read or wrote. */
gboolean store_is_current(const Store *store);
/* What a crash or a failure left behind, unless somebody writes now. It may hold what has been erased since. */
void store_remove_leftovers(const Store *store);
char *store_new_path(const Store *store); /* for a segment; caller frees */
/* With the lock: names the lowest n segments, all of which are files here, and removes what is left over. */
gboolean store_write(Store *store, const Snapshot *snapshot, guint n, guint64 through, GError **error);
