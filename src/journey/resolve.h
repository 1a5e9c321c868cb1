/* SPDX-License-Identifier: Apache-2.0
 * resolve.h: who is who, as a pure function of one component's evidence.
 * A component is everything connected by events with several identifiers and by aliases. The rules are
 * those of docs/identity.md; the same evidence in any arrival gives the same persons. */
#pragma once
#include "record/record.h"

typedef struct { /* an identifier of the component */
  guint64 hash;  /* Hash128.low */
  guint8 space;
  gboolean shared; /* in: known to be shared from evidence outside this component; out: judged shared */
  guint64 first_time_ms, first_row; /* out: its earliest event */
} ResolveIdentifier;

typedef struct { /* an event, as far as identity cares */
  gint64 time_ms;
  guint64 row;
  guint32 tuple;     /* which set of identifiers it carries */
  guint32 campaign;  /* for visits; 0 none */
  gboolean web;
} ResolveEvent;

typedef struct {
  const Spaces *spaces;
  guint max_links;   /* 100 */
  guint set_size_max; /* 10,000 */
  ResolveIdentifier *identifiers;
  guint n_identifiers;
  const guint32 *tuple_start; /* n_tuples + 1 offsets into tuple_members */
  const guint32 *tuple_members; /* indexes of identifiers, ascending by (rank, hash) */
  guint n_tuples;
  const guint8 *tuple_alias; /* per tuple: 1 when it came from alias calls: its first two members join as LINK_ALIAS would; may be NULL */
  const ResolveEvent *events; /* ascending (time_ms, row) */
  gsize n_events;
  const Link *links; /* aliases and vetoes in force that name an identifier of the component, by number */
  guint n_links;
} ResolveInput;

typedef enum { /* why an identifier stands in a person, or does not */
  REASON_OWNER,      /* it is the owner, or the set's only or earliest identifier */
  REASON_SEEN_WITH,  /* joined by the event `row` together with identifier `with` */
  REASON_ALIAS,      /* joined by link number `row` */
  REASON_MOVED,      /* a device that moved here with event `row` */
  REASON_INERT,      /* seen with `with` in event `row`, but of different owners: did not join */
  REASON_VETOED,     /* link number `with` (a veto) forbade the join that event `row` asked for */
  REASON_SHARED,     /* shared: links nobody */
  REASON_FULL,       /* the set had reached set_size_max */
} ReasonKind;
typedef struct {
  guint32 identifier;
  guint32 with;   /* identifier index, or G_MAXUINT32 */
  guint64 person; /* the person this line explains */
  guint64 row;
  gint64 time_ms;
  ReasonKind kind;
} Reason;

typedef struct {
  guint64 *event_person; /* n_events; caller's array */
  guint32 *event_visit;  /* n_events; device visit number, 1.. within the component, 0 none; caller's array */
  guint64 *identifier_person; /* n_identifiers; its present person; caller's array */
  GArray *reasons;       /* of Reason, or NULL when no explanation is wanted */
  guint64 conflicts, sets_full; /* counted */
} ResolveOutput;

void resolve(ResolveInput *input, ResolveOutput *output);
