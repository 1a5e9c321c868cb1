/* SPDX-License-Identifier: Apache-2.0
 * person.h: one person explained: which identifiers, joined when and why, what stays apart, and the events.
 * As a report: person_report.h. The list of persons: person_list.h. Joining and separating: person_link.h. */
#pragma once
#include "analysis/person_story.h"
#include "analysis/who.h"
#include "journey/component.h"

enum { PERSON_EVENTS_MAX = 1000000, PERSON_CONFLICTS_MAX = 1000, PERSON_OWNERS_MAX = 100, PERSON_NOBODY = G_MAXUINT32 };

typedef struct {      /* an identifier of the person, or one that left */
  guint32 identifier; /* these are places in component_input()->identifiers */
  guint32 with;       /* or PERSON_NOBODY */
  ReasonKind how;     /* REASON_OWNER: it names the person */
  guint64 row;        /* joined by this event or link; 0 for the one that names the person */
  gint64 time_ms;
  guint64 to;          /* of one that left: the person it is with now */
  gint64 last_seen_ms; /* in an event of this person; 0 never */
} PersonMember;

typedef struct {
  guint64 row;
  gint64 time_ms;
  gint64 value_micro;
  gboolean has_value;
  guint32 visit;                   /* 0 none */
  guint16 event, source, currency; /* Names codes */
  char *channel, *touchpoint;      /* as the project says; NULL none */
  char *family;                    /* of the touchpoint */
  const char *initiator;           /* customer, company, system */
  double score;                    /* 0..100, NAN none */
  const char *excluded;            /* why it is in no report: "bots", "internal", "flagged"; or NULL */
} PersonEvent;

typedef struct { /* read freely */
  Component *component;
  Snapshot *snapshot;
  WhoNames *names; /* knows every identifier below */
  guint64 id;
  GArray *members;    /* of PersonMember, by the time of joining, the one that names the person first */
  GArray *left;       /* of PersonMember: devices that stood here and moved on */
  GArray *shared;     /* of guint32: identifiers in events of this person that link nobody */
  GArray *owners;     /* of guint32: of a shared identifier, those naming the persons it was seen with; at most PERSON_OWNERS_MAX */
  GArray *conflicts;  /* of Reason, at most PERSON_CONFLICTS_MAX */
  GArray *links;      /* of Link: merges and separations that name somebody here */
  GArray *events;     /* of PersonEvent: the last ones by now, in order of time */
  PersonStory *story; /* NULL without events */
  guint64 n_events, n_conflicts;
  gint64 first_ms, last_ms; /* of its events; 0 without */
} Person;

/* `who` as who_parse reads it; any identifier of the person. ERROR_NOT_FOUND. At most `limit` events. */
Person *person_new(const Question *question, const char *who, guint limit, GError **error);
void person_free(Person *person);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Person, person_free)

static inline const ResolveIdentifier *person_identifier(const Person *person, guint32 identifier) {
  return &component_input(person->component)->identifiers[identifier];
}
