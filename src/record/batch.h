/* SPDX-License-Identifier: Apache-2.0
 * batch.h: up to BATCH_EVENTS_MAX consecutive events in one blob, column by column.
 * The record keeps one row a batch: appending costs a fraction of a row an event, and a reader
 * touches only the columns it asks for. Format version 1 is drawn in batch.c. */
#pragma once
#include "record/names.h"
#include "wire/event.h"

enum { BATCH_EVENTS_MAX = 4096, BATCH_SIZE_MAX = 64 << 20 };

typedef enum { /* of a stored event, one bit each */
  FACT_TOUCH = 1,
  FACT_WEB = 2,
  FACT_COMPANY = 4,
  FACT_SYSTEM = 8,
  FACT_CONVERSES = 16, /* states its channel explicitly */
  FACT_VALUE = 32,
  FACT_ERASED = 64, /* a tombstone: nothing but its place is left */
  FACT_EXCLUDED = 128, /* bot, scanner, internal traffic */
} FactFlags;

/* --- writing ------------------------------------------------------------------------------- */
typedef struct BatchWriter BatchWriter;
typedef struct Batch Batch; /* a reusable decoder, see below */

BatchWriter *batch_writer_new(const Spaces *spaces, Names *names);
void batch_writer_free(BatchWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BatchWriter, batch_writer_free)
/* `source` is a NAME_SOURCE code. The content hash is kept only where reading the event back would lose some of it
 * (a name that became "(other)", a key given twice: the first value counts). About 250 ns with five properties. */
void batch_writer_add(BatchWriter *writer, const Event *event, guint16 source, guint64 content_hash);
/* Event `index` of another batch as it stands there; `event`, read from it by batch_event(), may since have lost identifiers. */
gboolean batch_writer_copy(BatchWriter *writer, Batch *batch, guint index, const Event *event, GError **error);
/* Only the place of an event: FACT_ERASED. */
void batch_writer_add_erased(BatchWriter *writer, gint64 time_ms);
guint batch_writer_count(const BatchWriter *writer);
gsize batch_writer_size(const BatchWriter *writer); /* about what finish will return, rather more */
GBytes *batch_writer_finish(BatchWriter *writer);   /* at least one event; starts the next batch */

/* --- reading ------------------------------------------------------------------------------- */
typedef struct { /* the columns that the index needs; arrays of n, owned by the Batch */
  guint n;
  const gint64 *time_ms;
  const guint16 *event, *channel, *touchpoint, *source, *currency;
  const guint16 *flags;        /* FactFlags | grade << 8 | call << 12 */
  const gint64 *value_micro;   /* 0 where FACT_VALUE is not set */
  const guint32 *campaign;     /* hash of campaign_mark, 0 none */
  const guint32 *first_identifier; /* n + 1 offsets into the two below */
  const guint8 *space;
  const guint64 *identifier;   /* Hash128.low */
} BatchFacts;

Batch *batch_new(const Spaces *spaces, const HashKey *key);
void batch_free(Batch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Batch, batch_free)

/* Points the decoder at a blob, which must outlive its use. Checks the version and the sum of header and table here,
 * each section's sum when it is first read: ERROR_DAMAGED or ERROR_VERSION. */
gboolean batch_open(Batch *batch, const void *blob, gsize size, GError **error);
const BatchFacts *batch_facts(Batch *batch, GError **error);

/* Calls `each` for every event of the batch that has the key (a NAME_KEY code), in order; it must not use the
 * decoder. The texts live until the next blob, those of batch_ids only during the call. Cost: the column's own size. */
typedef void (*BatchPropertyFunc)(guint event, ValueKind kind, Text text, gpointer user);
gboolean batch_property(Batch *batch, guint16 key, BatchPropertyFunc each, gpointer user, GError **error);
gboolean batch_ids(Batch *batch, BatchPropertyFunc each, gpointer user, GError **error); /* the same for Event.id */
/* The keys present in the batch with how many events have each. */
guint batch_keys(Batch *batch, const guint16 **keys, const guint32 **counts);

/* The different identifiers of its events and aliases, once batch_facts() was asked; borrowed until the next blob. */
guint batch_identifiers(Batch *batch, const Hash128 **hashes, const guint8 **spaces);

/* One whole event; its texts live until the next batch_open. Hashed identifiers have no value. */
gboolean batch_event(Batch *batch, guint index, const Names *names, Event *event, GError **error);
/* The content hash given to batch_writer_add, where it was kept. */
gboolean batch_content(Batch *batch, guint index, guint64 *content_hash, gboolean *stored, GError **error);
