/* SPDX-License-Identifier: Apache-2.0
 * segment_writer.h: makes a segment, in a file or in memory: blocks first, then identifiers and replaced
 * ids, then finish. Nothing stands under the final name before finish. */
#pragma once
#include "journey/draft.h"
#include "journey/segment.h"

typedef struct SegmentWriter SegmentWriter;

SegmentWriter *segment_writer_new(const char *path /* NULL: memory */, guint64 record_id, guint64 through, GError **error);
void segment_writer_free(SegmentWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SegmentWriter, segment_writer_free)

/* Fills the draft with block number `block`; called on any thread, each worker with its own draft. */
typedef gboolean (*SegmentFill)(guint block, guint worker, Draft *draft, gpointer user, GError **error);
/* Makes n blocks on `threads` threads and writes them in order: the bytes do not depend on the threads. */
gboolean segment_writer_blocks(SegmentWriter *writer, guint threads, guint n, SegmentFill fill, gpointer user, GError **error);

/* Ascending by (hash, ordinal), each pair once. */
gboolean segment_writer_identifiers(SegmentWriter *writer, const SegmentIdentifier *identifiers, gsize n, GError **error);
/* Ascending; kept by the caller until finish. Those carried are some of those replaced. */
void segment_writer_replaced(SegmentWriter *writer, const guint64 *ids, gsize n);
void segment_writer_carried(SegmentWriter *writer, const guint64 *ids, gsize n);

Segment *segment_writer_finish(SegmentWriter *writer, GError **error);

/* Where blocks end, for persons with so many events each: first persons of the blocks, and n at the end. Orders of
 * nobody (identity.h) stand first and in blocks of their own.
 * The rule is one for every maker of blocks, so that the same persons give the same bytes. */
GArray *segment_plan(const guint64 *ids, const guint32 *n_events, gsize n_persons); /* of guint32 */
