/* SPDX-License-Identifier: Apache-2.0
 * column_maker.h: the values of one key for one segment, block by block, from a scan of the record.
 * For column.c. Memory stays within a budget: what would not fit is made in several scans. */
#pragma once
#include "journey/segment.h"
#include "journey/value_path.h"
#include "record/record.h"

typedef struct { /* a block's dictionary and codes as they stand in a column file; see column.c */
  guint32 n_entries, n_events, constant;
  guint8 width; /* of the codes; 0: all are `constant` */
  guint8 zero[3];
  guint64 offset, size, checksum;
} ColumnRow;
G_STATIC_ASSERT(sizeof(ColumnRow) == 40);

typedef struct { /* offsets within a block's bytes */
  gsize text_start, kinds, codes, texts;
} ColumnLayout;

/* text_start, kinds, codes, texts; the codes begin at a multiple of 8. */
static inline ColumnLayout column_layout(const ColumnRow *row) {
  ColumnLayout layout = {0};
  layout.kinds = ((gsize)row->n_entries + 1) * sizeof(guint32);
  layout.codes = (layout.kinds + row->n_entries + 7) / 8 * 8;
  layout.texts = layout.codes + (gsize)row->n_events * row->width;
  return layout;
}

typedef struct {
  Record *record;
  Segment *segment;
  guint16 key;           /* NAME_KEY code */
  gboolean ids;          /* the events' ids instead of a key */
  const ValuePath *path; /* below the key, or NULL */
  gsize budget_bytes;    /* for what a scan collects */
} ColumnSource;

/* Called in order of blocks, on the caller's thread; `bytes` are the callee's to take (g_free). */
typedef gboolean (*ColumnSink)(guint block, ColumnRow *row, guint8 *take_bytes, gpointer user, GError **error);
gboolean column_make(const ColumnSource *source, ColumnSink sink, gpointer user, GError **error);
