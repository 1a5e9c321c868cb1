/* SPDX-License-Identifier: Apache-2.0
 * draft.h: a block being made: persons appended with their events, then encoded into the columns of
 * format.h. One thread each; reused for block after block. */
#pragma once
#include "journey/format.h"

typedef struct { /* an event as a block keeps it */
  gint64 time_ms;
  guint64 row;
  gint64 value_micro; /* read only with FACT_VALUE */
  guint32 visit;
  guint16 event, channel, touchpoint, source, currency;
  guint16 flags; /* FactFlags */
  guint8 grade;
} DraftEvent;

typedef struct {
  guint32 n_persons, n_events;
  gboolean unidentified;
  guint64 person_id[BLOCK_PERSONS_MAX];
  guint32 person_start[BLOCK_PERSONS_MAX + 1];
  guint64 settled[BLOCK_PERSONS_MAX / 64];
  DraftEvent *events;
  gsize events_size;
} Draft;

Draft *draft_new(void);
void draft_free(Draft *draft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Draft, draft_free)
void draft_clear(Draft *draft);

/* Appends a person with n events, to be filled by the caller in order of (time, row). NULL: no memory. */
DraftEvent *draft_person(Draft *draft, guint64 id, guint32 n, GError **error);

/* The person appended last is one whom more events with identifiers of theirs leave as they are. */
void draft_settle(Draft *draft);

typedef struct { /* bytes that grow, 64-byte aligned */
  guint8 *data;
  gsize size, capacity;
} DraftBytes;
void draft_bytes_clear(DraftBytes *bytes);

/* Writes the block's arrays into *bytes (from its start) and everything but `offset` into *entry. */
gboolean draft_encode(const Draft *draft, DraftBytes *bytes, SegmentBlock *entry, GError **error);
