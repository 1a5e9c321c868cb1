/* SPDX-License-Identifier: Apache-2.0
 * field.h: one field of events under the name that conditions and reports use, as codes with a
 * dictionary. What is asked of a value is asked once per entry of a dictionary, not once per event. */
#pragma once
#include "analysis/question.h"
#include "journey/column.h"

typedef enum {
  FIELD_EVENT,
  FIELD_CHANNEL, /* the stated one, else by the project's rules, else as it arrived */
  FIELD_GRADE,
  FIELD_KIND,       /* of the event's source: web, app, file, ... */
  FIELD_INITIATOR,  /* customer, company, system: as the block has them */
  FIELD_TOUCHPOINT, /* by the project's rules, else the stated one, else "channel / event" */
  FIELD_PLACE,      /* by the project's rules, else the stated one; a FIELD_COLUMN where there are no rules */
  FIELD_CURRENCY,   /* of the value; the project's where none was stated */
  FIELD_TIME,
  FIELD_VALUE,
  FIELD_COLUMN, /* everything else: campaign fields, order, cost, properties, ... */
} FieldKind;

typedef struct Field Field; /* thread-safe */

/* `event channel touchpoint kind initiator grade time value currency`, the stored fields `source medium
 * campaign content term place order id cost score`, `properties.X context.X traits.X` (missing everywhere when
 * unknown), and a bare X that the record knows as properties.X or as a stored field X (account, url, referrer, ...).
 * Anything else is ERROR_INVALID with the nearest known name. */
Field *field_new(const Question *question, const char *name, GError **error);
const char *field_builtin(guint i); /* the i'th name that every project has: event, channel, ...; NULL past the last */
void field_free(Field *field);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Field, field_free)
FieldKind field_kind(const Field *field);
/* Codes and entries mean the same in every block; there are at most FIELD_SHARED_MAX, and as many channels more as the
 * project names. */
gboolean field_is_shared(const Field *field);
enum { FIELD_SHARED_MAX = 65536 };
/* As a block's number: one that is not of the snapshot, whose codes of shared fields hold as they stand. */
enum { FIELD_PROBE = G_MAXINT32 };

typedef struct {
  guint32 n_entries; /* entry 0 is "missing" */
  Codes codes;       /* per event */
  ColumnBlock column;
  GArray *entries;     /* of ColumnEntry, where the dictionary was made for this call, or NULL */
  GStringChunk *texts; /* theirs */
  gpointer codes_made;
} FieldBlock;

/* The field's codes of one block. Not made for FIELD_TIME and FIELD_VALUE in conditions, which compare numbers:
 * there every distinct instant or amount is an entry. */
gboolean field_block(Field *field, guint block, const Block *data, FieldBlock *out, GError **error);
void field_block_clear(FieldBlock *block);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FieldBlock, field_block_clear)
ColumnEntry field_entry(const Field *field, const FieldBlock *block, guint32 entry);
/* The nearest name of a kind by edit distance, NULL when none is near; caller frees. */
char *field_nearest_name(const Names *names, NameKind kind, const char *name);
/* Of a touch that neither a rule nor the event names: "channel / event"; caller frees. */
char *field_touchpoint_name(Text channel, Text event);
/* Of a shared field, without a block. */
ColumnEntry field_shared_entry(const Field *field, guint32 entry);
guint32 field_shared_count(const Field *field);
