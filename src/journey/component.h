/* SPDX-License-Identifier: Apache-2.0
 * component.h: all evidence around some identifiers, gathered through the index, to explain a person and to ask
 * what would be if a link were there or gone. Cost: the events of everybody who is connected with them. */
#pragma once
#include "journey/resolve.h"
#include "journey/snapshot.h"

enum { COMPONENT_EVENTS_MAX = 4000000 };

typedef struct Component Component;

/* The component of identifiers (Hash128.low); those nobody knows are passed over. Identifiers with too many
 * partners are not followed: they link nobody. ERROR_LIMIT past COMPONENT_EVENTS_MAX. */
Component *component_gather(Snapshot *snapshot, const guint64 *hashes, guint n, GError **error);
void component_free(Component *component);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Component, component_free)

/* Judges it with reasons. `links` (of Link, by number) are those in force; NULL: the record's. */
void component_resolve(Component *component, const GArray *links);

/* Of the last component_resolve. */
const ResolveInput *component_input(const Component *component);
const ResolveOutput *component_output(const Component *component);
/* Its place in input->identifiers; FALSE when it is not part of the component. */
gboolean component_find(const Component *component, guint64 hash, guint32 *identifier);
/* The record's links in force that name an identifier of the component, of Link, by number. */
const GArray *component_links(const Component *component);
