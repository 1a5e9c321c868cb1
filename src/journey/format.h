/* SPDX-License-Identifier: Apache-2.0
 * format.h: the bytes of a segment, for segment.c and segment_writer.c only. docs/index.md draws them.
 * Little-endian; every array begins at a multiple of 64 bytes so that a Block is pointers into the file. */
#pragma once
#include "base/hash.h"
#include "journey/block.h"
#include <string.h>

enum { SEGMENT_VERSION = 2, SEGMENT_ALIGN = 64, SEGMENT_CHUNK_MAX = 4096 };
#define SEGMENT_MAGIC "ETSEGMNT"

typedef struct { /* the first 64 bytes */
  char magic[8];
  guint32 version, zero;
  guint64 record_id, through;
  guint64 reserved[4];
} SegmentHeader;
G_STATIC_ASSERT(sizeof(SegmentHeader) == 64);

typedef enum {
  BITMAP_TOUCH,
  BITMAP_WEB,
  BITMAP_COMPANY,
  BITMAP_SYSTEM,
  BITMAP_CONVERSES,
  BITMAP_EXCLUDED,
  BITMAP_VALUE,
  BITMAPS
} BitmapName;
typedef enum { BITMAP_NONE, BITMAP_STORED, BITMAP_FULL } BitmapKind; /* all zero and all one take no space */
typedef enum {
  CODES_EVENT,
  CODES_CHANNEL,
  CODES_TOUCHPOINT,
  CODES_SOURCE,
  CODES_CURRENCY,
  CODES_GRADE,
  CODES_VISIT,
  CODES
} CodesName;
enum { BLOCK_UNIDENTIFIED = 1, BLOCK_HAS_MS = 2, BLOCK_SETTLED_SOME = 4, BLOCK_SETTLED_ALL = 8 };

typedef struct { /* a row of the block table; the arrays follow from it, see block_layout() */
  guint64 offset, size, checksum;
  guint64 first_id, row_base;
  gint64 base_s, last_time_ms, value_unit;
  guint32 n_persons, n_events, n_values;
  guint32 constant[CODES];
  guint8 width[CODES];
  guint8 bitmap[BITMAPS];
  guint8 flags, value_width;
  guint8 reserved[8];
} SegmentBlock;
G_STATIC_ASSERT(sizeof(SegmentBlock) == 128);

typedef struct { /* up to SEGMENT_CHUNK_MAX identifiers: hashes, then ordinals; sorted by (hash, ordinal) */
  guint64 offset, checksum, first_hash;
  guint32 n, reserved;
} SegmentChunk;
G_STATIC_ASSERT(sizeof(SegmentChunk) == 32);

enum { ORDINAL_BITS = 0x3fffffff };
#define ORDINAL_PRESENT (1u << 31)
#define ORDINAL_SHARED (1u << 30)

typedef struct { /* the last 128 bytes; the tables stand right before: replaced ids, carried ids, blocks, chunks */
  guint64 tables_offset;
  guint64 n_persons, n_events; /* without the unidentified; with them */
  guint64 n_identifiers, n_shared, n_replaced;
  gint64 last_time_ms;
  guint32 n_blocks, n_unidentified; /* blocks, of which the first so many */
  guint32 n_chunks, zero;
  guint64 tables_checksum;
  guint64 n_carried;
  guint64 reserved[4];
  guint64 checksum; /* of the header and of this footer up to here */
} SegmentFooter;
G_STATIC_ASSERT(sizeof(SegmentFooter) == 128);

typedef struct { /* offsets from the block's begin; an absent array has its neighbour's */
  gsize person_id, person_start, settled, ends, bitmap[BITMAPS], time_s, time_ms, codes[CODES], value_rank, values, row, size;
} BlockLayout;

static inline gsize bitmap_bytes(guint32 n) {
  return ((gsize)n + 63) / 64 * 8;
}

static inline gsize layout_take(gsize *at, gsize size) {
  gsize offset = *at;
  *at = (offset + size + SEGMENT_ALIGN - 1) / SEGMENT_ALIGN * SEGMENT_ALIGN;
  return offset;
}

/* Where each array of a block stands; computed instead of stored, so that no offset can be wrong. */
static inline BlockLayout block_layout(const SegmentBlock *block) {
  BlockLayout layout;
  gsize at = 0, n = block->n_events;
  layout.person_id = layout_take(&at, (gsize)block->n_persons * sizeof(guint64));
  layout.person_start = layout_take(&at, ((gsize)block->n_persons + 1) * sizeof(guint32));
  layout.settled = layout_take(&at, block->flags & BLOCK_SETTLED_SOME ? bitmap_bytes(block->n_persons) : 0);
  layout.ends = layout_take(&at, bitmap_bytes(block->n_events));
  for (guint i = 0; i < BITMAPS; i++)
    layout.bitmap[i] = layout_take(&at, block->bitmap[i] == BITMAP_STORED ? bitmap_bytes(block->n_events) : 0);
  layout.time_s = layout_take(&at, n * sizeof(guint32));
  layout.time_ms = layout_take(&at, block->flags & BLOCK_HAS_MS ? n * sizeof(guint16) : 0);
  for (guint i = 0; i < CODES; i++)
    layout.codes[i] = layout_take(&at, n * block->width[i]);
  layout.value_rank = layout_take(&at, block->bitmap[BITMAP_VALUE] == BITMAP_STORED ? bitmap_bytes(block->n_events) / 2 : 0);
  layout.values = layout_take(&at, (gsize)block->n_values * block->value_width);
  layout.row = layout_take(&at, n * sizeof(guint32));
  layout.size = at;
  return layout;
}

static inline guint64 frame_checksum(const SegmentHeader *header, const SegmentFooter *footer) {
  guint8 both[sizeof *header + sizeof *footer];
  memcpy(both, header, sizeof *header);
  memcpy(both + sizeof *header, footer, sizeof *footer);
  return checksum64(both, sizeof both - sizeof footer->checksum);
}
