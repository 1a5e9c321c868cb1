/* SPDX-License-Identifier: Apache-2.0
 * segment.h: an immutable set of whole persons: a mapped file, or the same bytes in memory. Counted; readers
 * on any thread. For the parts of src/journey; questions see a Snapshot. */
#pragma once
#include "journey/block.h"

typedef struct Segment Segment;

typedef struct {
  guint64 record_id, through;
  guint64 n_persons, n_events; /* identified persons; events of all */
  guint64 n_identifiers, n_shared;
  gint64 last_time_ms;              /* 0 when empty */
  guint32 n_blocks, n_unidentified; /* blocks, of which the first so many are of events of nobody */
  guint64 size_bytes;
  guint64 checksum; /* of the tables: another content has another one */
} SegmentInfo;

/* Checks header, footer and tables; blocks when first touched. ERROR_NOT_FOUND, ERROR_VERSION (another format
 * or record), ERROR_DAMAGED. */
Segment *segment_open(const char *path, guint64 record_id, GError **error);
/* Takes bytes that were mapped anonymously. */
Segment *segment_open_memory(void *data, gsize size, gsize mapped, guint64 record_id, GError **error);
Segment *segment_ref(Segment *segment);
void segment_unref(Segment *segment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Segment, segment_unref)

const SegmentInfo *segment_info(const Segment *segment);
const char *segment_path(const Segment *segment); /* NULL in memory */

/* Nothing may be written beside the file: whoever opened it reads only. Before others see the segment. */
void segment_forbid_files(Segment *segment);
gboolean segment_allows_files(const Segment *segment); /* FALSE in memory too */

/* What was made from the segment and lives as long, by name: columns that have no file. The first of a name stays; what
 * would make them more than SEGMENT_KEPT_MAX together is not kept. Any thread. */
enum { SEGMENT_KEPT_MAX = 512 << 20 };
void segment_keep(Segment *segment, const char *name, GBytes *bytes);
GBytes *segment_kept(Segment *segment, const char *name); /* a new reference, or NULL */

/* The block without its `dead` bitmap. ERROR_DAMAGED leaves a mark beside the file (segment_marked). */
gboolean segment_block(Segment *segment, guint block, Block *out, GError **error);
guint32 segment_block_persons(const Segment *segment, guint block); /* without touching it; so the next ones */
guint32 segment_block_events(const Segment *segment, guint block);
gint64 segment_block_last_time_ms(const Segment *segment, guint block);
gboolean segment_marked(const Segment *segment); /* somebody found it damaged */

/* Persons are numbered through the segment in order; the unidentified first. */
guint64 segment_block_first(const Segment *segment, guint block); /* ordinal of its first person; of n_blocks: their number */
guint segment_block_of(const Segment *segment, guint64 ordinal);

/* --- who is where ------------------------------------------------------------------------------ */
enum { ORDINAL_NONE = 0x3fffffff };
typedef struct {
  guint64 hash;
  guint32 ordinal;  /* a person that has an event with this identifier */
  gboolean present; /* its present owner */
  gboolean shared;  /* has too many partners: links nobody; ordinal is ORDINAL_NONE */
} SegmentIdentifier;

/* The person (or orders of nobody) with this id, which is not 0. 1 found, 0 not, -1 damaged. */
int segment_find(Segment *segment, guint64 id, guint64 *ordinal, GError **error);
gboolean segment_person_id(Segment *segment, guint64 ordinal, guint64 *id, GError **error);
/* Persons that have the identifier without being named by it, appended to `found` (of SegmentIdentifier). */
gboolean segment_identifiers(Segment *segment, guint64 hash, GArray *found, GError **error);
/* Entry i of all n_identifiers, ascending by (hash, ordinal); a reader goes through them in order. */
gboolean segment_identifier(Segment *segment, guint64 i, SegmentIdentifier *out, GError **error);
/* Ids of the persons of lower levels that this segment replaces, ascending. */
const guint64 *segment_replaced(const Segment *segment, gsize *n);
/* Those of them that only gained events: identifiers that lower levels lead to them keep leading to them, and are
 * not told again. */
const guint64 *segment_carried(const Segment *segment, gsize *n);
gboolean segment_replaces(const Segment *segment, guint64 id);
gboolean segment_carries(const Segment *segment, guint64 id);
