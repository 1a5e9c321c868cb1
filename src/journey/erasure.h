/* SPDX-License-Identifier: Apache-2.0
 * erasure.h: what belongs to a person, for record_erase(). After it, index_update() and then index_fold() leave no file
 * of the index that holds any of it. */
#pragma once
#include "journey/snapshot.h"
#include "record/erase.h"

typedef struct {
  guint64 person;      /* its id */
  GArray *identifiers; /* of guint64: those whose present owner it is */
  GArray *rows;        /* of guint64, ascending: its events */
  guint64 through;
} ErasureParts;
void erasure_parts_clear(ErasureParts *parts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ErasureParts, erasure_parts_clear)

/* Of whoever has this identifier now, masked or not. ERROR_NOT_FOUND when that is nobody. What the person shared with others (a
 * family's address) or left to others (a device that moved on) is not among its identifiers: it disappears from the person's events
 * only. */
gboolean erasure_gather(const Snapshot *snapshot, guint64 identifier, ErasureParts *parts, GError **error);
Erasure erasure_of(const ErasureParts *parts); /* borrows */
