/* SPDX-License-Identifier: Apache-2.0
 * grow.h: persons who only gain events. Most of what arrives live is of people whom nothing new is learned about:
 * every identifier of the event leads to the same one settled person, or is an order that nobody named before. Then who is who stays, the person's events
 * are copied from the index, and only those that the visits of the new ones could touch are read from the record. */
#pragma once
#include "journey/evidence.h"
#include "journey/fact.h"
#include "journey/levels.h"
#include "journey/people.h"

typedef struct Grown Grown;

/* Looks for them in the evidence of new events, all of which the index does not have yet. `links`: those in force. */
Grown *grown_find(const Snapshot *snapshot, const Evidence *evidence, const GArray *links, GError **error);
void grown_free(Grown *grown);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Grown, grown_free)

enum { GROWN_NONE = G_MAXUINT32 };
/* Which one an identifier of the evidence leads to; those numbered after grown_find() lead to none. */
guint32 grown_of(const Grown *grown, guint32 identifier);
guint grown_count(const Grown *grown);
guint64 grown_id(const Grown *grown, guint person);
Place grown_place(const Grown *grown, guint person);
guint64 grown_old_events(const Grown *grown); /* of all, in the index */
/* It has to be judged after all. */
void grown_drop(Grown *grown, guint person);
/* As people_new() wants them; borrowed. */
const GArray *grown_given(Grown *grown);

/* Their facts become FACT_RESOLVED: the new ones (those of person p from start[p] on, start[grown_count] ends them), and
 * the old ones, for which there is room at `old`. */
gboolean grown_resolve(Grown *grown, People *people, Fact **facts, const guint32 *start, Fact *old, guint64 row_base,
                       GError **error);
