/* SPDX-License-Identifier: Apache-2.0
 * evidence.h: the different identifiers of many events, and the different sets of them (tuples) that events
 * carry, each with its number of events and its first one. An event is then known by one code. The order ids in
 * an event's fields stand among its identifiers, those that the project refuses do not.
 * One thread each; absorb joins what several threads have seen. */
#pragma once
#include "journey/identity.h"
#include "record/batch.h"

enum { EVIDENCE_MEMBERS_MAX = EVENT_IDENTIFIERS_MAX + 1 + IDENTITY_ORDER_FIELDS_MAX }; /* of an event */
enum { CODE_NONE = G_MAXUINT32 };                                                      /* an event without identifiers */

typedef struct {
  gint64 first_time_ms;
  guint64 first_row;
  guint64 hash;
  guint32 n_events; /* those with this identifier alone; so the two above, until evidence_settle() */
  guint8 space;
} EvidenceIdentifier;

typedef struct {
  gint64 first_time_ms;
  guint64 first_row;
  guint32 n_events;
  guint32 start; /* into members; the next tuple's start ends it */
} EvidenceTuple;

typedef struct { /* an alias call; the event's tuple holds both */
  gint64 time_ms;
  guint64 row;
  guint32 from, to; /* identifiers */
} EvidenceAlias;

typedef struct { /* read freely; grown by the functions below */
  const Identity *identity;
  const Spaces *spaces;
  EvidenceIdentifier *identifiers;
  EvidenceTuple *tuples; /* n_tuples + 1 when n_tuples > 0 */
  guint32 *members;      /* identifiers, ascending by (rank, hash), distinct, at least two a tuple */
  GArray *aliases;       /* of EvidenceAlias */
  guint32 n_identifiers, n_tuples, n_members;
  struct EvidenceTables *tables;
} Evidence;

/* A code is 2 * identifier, or 2 * tuple + 1. */
static inline gboolean code_is_tuple(guint32 code) {
  return code & 1;
}
static inline guint32 code_number(guint32 code) {
  return code >> 1;
}

Evidence *evidence_new(const Identity *identity); /* borrowed */
void evidence_free(Evidence *evidence);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Evidence, evidence_free)

/* The number of an identifier, new or known. ERROR_LIMIT past 2^30 of them or without memory; -1 then. */
gint64 evidence_identifier(Evidence *evidence, guint8 space, guint64 hash, GError **error);
/* Whether it is known. */
gboolean evidence_find(const Evidence *evidence, guint64 hash, guint32 *identifier);

/* Takes up the events of a batch, of which the first is numbered `first`: codes[i] is event i's. Events with a
 * zero in `wanted` (NULL: all are wanted) leave no trace. */
gboolean evidence_batch(Evidence *evidence, Batch *batch, const BatchFacts *facts, const Names *names, guint64 first,
                        const guint8 *wanted, guint32 *codes, GError **error);

/* Adds what `other` has seen; the caller frees *identifier and *tuple, the numbers that its have here. */
gboolean evidence_absorb(Evidence *evidence, const Evidence *other, guint32 **identifier, guint32 **tuple, GError **error);
/* From now on an identifier's first event is that among all events with it. Nothing may be added after. */
void evidence_settle(Evidence *evidence);
