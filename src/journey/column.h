/* SPDX-License-Identifier: Apache-2.0
 * column.h: a property as a column of the index, made when first asked for and kept beside its segment
 * (`<segment>.<hash of key>.col`; they go with it). Block-local dictionaries: a value disappears with its block. */
#pragma once
#include "journey/snapshot.h"

typedef struct { /* one distinct value of a block; arrays are VALUE_JSON */
  ValueKind kind;
  Text text; /* a scalar's bare text ("shoes", "19.90", "true"), JSON of an array or object */
} ColumnEntry;

typedef struct {     /* borrowed from the column */
  guint32 n_entries; /* with entry 0, "missing" (VALUE_NONE) */
  Codes codes;       /* per event; 0 missing */
  const guint8 *kinds;
  const guint32 *text_start; /* n_entries + 1 offsets into texts */
  const char *texts;
} ColumnBlock;

static inline ColumnEntry column_entry(const ColumnBlock *block, guint32 entry) {
  guint32 start = block->text_start[entry];
  return (ColumnEntry){(ValueKind)block->kinds[entry], {block->texts + start, block->text_start[entry + 1] - start}};
}

typedef struct Column Column;
/* `key` as conditions write it; a path below a stored key ("properties.products[].category",
 * "context.page.url") is taken from its JSON. Unknown keys give a column where everything is missing.
 * First use costs one scan of the key's column in the record (about 0.1 s a million events). */
Column *column_open(Snapshot *snapshot, const char *key, GError **error);
void column_free(Column *column);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Column, column_free)
gboolean column_block(Column *column, guint block, ColumnBlock *out, GError **error); /* thread-safe */

/* The key is stored, or a path below a stored one. */
gboolean column_known(const Names *names, const char *key);
