/* SPDX-License-Identifier: Apache-2.0
 * snapshot.h: what a question sees: every person as of one `through`, immutable, counted.
 * Blocks of all levels in a fixed order; within each, dead persons are marked and to be skipped. */
#pragma once
#include "journey/block.h"
#include "record/record.h"

typedef struct Snapshot Snapshot;

Snapshot *snapshot_ref(Snapshot *snapshot);
void snapshot_unref(Snapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Snapshot, snapshot_unref)

guint64 snapshot_through(const Snapshot *snapshot);
const Names *snapshot_names(const Snapshot *snapshot);
const Spaces *snapshot_spaces(const Snapshot *snapshot);
Record *snapshot_record(const Snapshot *snapshot);
guint snapshot_blocks(const Snapshot *snapshot);
/* Cheap; checks the block's checksum at first touch (a damaged block fails with ERROR_DAMAGED and the
 * caller of index_open gets a rebuilt index the next time). Thread-safe. */
gboolean snapshot_block(const Snapshot *snapshot, guint block, Block *out, GError **error);
guint64 snapshot_persons(const Snapshot *snapshot);     /* living, identified */
guint64 snapshot_events(const Snapshot *snapshot);      /* of living persons and unidentified */
gint64 snapshot_last_time_ms(const Snapshot *snapshot); /* greatest event time, 0 when empty */

/* Where a person stands; FALSE when there is none of that id. Any identifier's hash works. */
gboolean snapshot_find(const Snapshot *snapshot, guint64 hash, guint *block, guint32 *person);
