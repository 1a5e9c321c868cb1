/* SPDX-License-Identifier: Apache-2.0
 * people.h: evidence becomes persons. Identifiers that events or aliases connect form components; one in which
 * nothing can conflict is a person, the others are judged event by event by resolve().
 *
 *   people_new ─► facts of the components that need it ─► people_resolve ─► people_number
 */
#pragma once
#include "journey/evidence.h"
#include "journey/fact.h"
#include "journey/segment.h"
#include "record/record.h"

enum { PEOPLE_COMPONENT = 1u << 31, PEOPLE_NOBODY = G_MAXUINT32 }; /* a number with this bit is a component */
#define PEOPLE_IS_COMPONENT(number) ((number)&PEOPLE_COMPONENT)

typedef struct People People;

typedef struct { /* a person that only gains events: whoever has this identifier */
  guint32 identifier;
  guint64 id;
  guint32 n_events; /* those that the evidence does not count */
} PeopleGiven;

/* The evidence is kept borrowed and grown by identifiers that only links name. `shared`: hashes known to have too
 * many partners, of guint64, sorted; may be NULL. `given`: persons whose id is known and stays, of PeopleGiven, those
 * of one id side by side; may be NULL. What leads to them besides is not told again. */
People *people_new(Evidence *evidence, const GArray *links, const GArray *shared, const GArray *given, guint max_links,
                   guint set_size_max, GError **error);
void people_free(People *people);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(People, people_free)

/* The person of an event's code, or PEOPLE_COMPONENT + component. */
guint32 people_of_code(const People *people, guint32 code);
/* The device that the visits of an event with this code belong to, an identifier; CODE_NONE without one. */
guint32 people_device(const People *people, guint32 code);

guint people_components(const People *people);
/* Where the events of each component begin when they stand together: components + 1 offsets. */
const guint64 *people_component_events(const People *people);
/* Judges a component: its facts in any order, with everybody's codes. They become FACT_RESOLVED, except those with
 * shared identifiers only, for which the code decides again. Thread-safe. */
gboolean people_resolve(People *people, guint component, Fact **facts, gsize n, guint64 row_base, GError **error);

/* Gives persons their final order. After it: */
gboolean people_number(People *people, GError **error);
gsize people_count(const People *people);
const guint64 *people_ids(const People *people); /* ascending */
const guint32 *people_n_events(const People *people);
/* Whether more events with identifiers of the person, by its place in the final order, leave everything as it is. */
gboolean people_settled(const People *people, guint32 ordinal);
guint32 people_ordinal(const People *people, guint32 person);
/* The ordinal for a code, of which people_of_code() said `number`; PEOPLE_NOBODY where events have their own. */
guint32 people_final(const People *people, guint32 code, guint32 number);
/* Identifiers besides those that persons are called by, as a segment keeps them; ordinals count from 0. */
const SegmentIdentifier *people_identifiers(const People *people, gsize *n);
/* Takes up visits by the channel of each; the first one's number less one is returned. */
guint32 people_add_visits(People *people, const guint16 *channels, guint32 n);
/* The channel of each visit of resolved facts: of visit v at v - 1. */
const guint16 *people_visit_channels(const People *people);
gboolean people_any_shared(const People *people);
