/* SPDX-License-Identifier: Apache-2.0
 * resolve.h: who is who, as a pure function of one component's evidence.
 * A component is everything connected by events with several identifiers and by links; identifiers known to
 * be shared connect nothing. The rules, with examples, are those of docs/identity.md. The same evidence in any
 * arrival gives the same persons. Near-linear in events; memory about 80 bytes an identifier, 12 an event. */
#pragma once
#include "record/record.h"

typedef struct { /* an identifier of the component; one that only links name has no event */
  guint64 hash;  /* Hash128.low */
  guint8 space;
  gboolean shared;      /* in: known to be shared from evidence outside this component; out: judged shared too */
  gint64 first_time_ms; /* out: its earliest event; G_MAXINT64 without one */
  guint64 first_row;    /* out; G_MAXUINT64 without one */
} ResolveIdentifier;

typedef struct { /* an event, as far as identity cares */
  gint64 time_ms;
  guint64 row;
  guint32 tuple;    /* which set of identifiers it carries */
  guint32 campaign; /* for visits; 0 none */
  gboolean web;
} ResolveEvent;

typedef struct { /* an alias call of the wire. The event stands in `events` too, with both in its tuple */
  gint64 time_ms;
  guint64 row;
  guint32 from, to; /* indexes of identifiers: the previous id joins the event's first one, which owns */
} ResolveAlias;

typedef struct {
  const Spaces *spaces;
  guint max_links;    /* 100 */
  guint set_size_max; /* 10,000 */
  ResolveIdentifier *identifiers;
  guint n_identifiers;
  const guint32 *tuple_start;   /* n_tuples + 1 offsets into tuple_members */
  const guint32 *tuple_members; /* indexes of identifiers, distinct, ascending by (rank, hash); at least one a tuple */
  guint n_tuples;
  const ResolveEvent *events;  /* ascending (time_ms, row) */
  gsize n_events;              /* fewer than 2^32 */
  const ResolveAlias *aliases; /* ascending (time_ms, row) */
  guint n_aliases;
  const Link *links; /* aliases and vetoes in force, by number; those naming no identifier of the component are passed over */
  guint n_links;
} ResolveInput;

/* Why an identifier stands in a person, or does not. */
typedef enum {
  REASON_OWNER,     /* owns the set, or is the earliest of a set without owner; `row` is its first event */
  REASON_SEEN_WITH, /* its set joined the one of `with` in event `row` */
  REASON_ALIAS,     /* its set joined the one of `with` by alias; `row` is the link's number or the alias call's */
  REASON_MOVED,     /* a device that moved here, to `with`, with event `row` */
  REASON_INERT,     /* seen with `with` in event (or alias) `row`, but their owners differ: nothing joined */
  REASON_VETOED,    /* the veto with number `veto` forbade what event (or alias) `row` asked for */
  REASON_FULL,      /* likewise, but a set had reached set_size_max */
  REASON_SHARED,    /* links nobody; stands alone */
} ReasonKind;
typedef struct {
  ReasonKind kind;
  guint32 identifier;
  guint32 with;   /* identifier, or G_MAXUINT32 */
  guint64 person; /* the person this line explains: where `identifier` stood right after `row` */
  guint64 row;    /* arrival number; events and links share one sequence */
  gint64 time_ms; /* of the event; 0 for links */
  guint64 veto;   /* REASON_VETOED: the link's number, else 0 */
} Reason;

typedef struct {
  guint64 *event_person; /* n_events; caller's array */
  /* n_events; caller's array. The visit of the event's device, 1.. within the component, 0 none. Only web
   * events have one: that server events without a device join an open visit of their person is left to the
   * index. A visit that is split between two persons has the same number on both sides. */
  guint32 *event_visit;
  guint64 *identifier_person; /* n_identifiers; its present person; caller's array */
  GArray *reasons;            /* of Reason, in order of row within a kind of step, or NULL when no explanation is wanted */
  guint64 conflicts;          /* out: pairs of identifiers seen together that stay apart because their owners differ */
  guint64 sets_full;          /* out: sets that something could not join because of set_size_max */
} ResolveOutput;

void resolve(ResolveInput *input, ResolveOutput *output);
