/* SPDX-License-Identifier: Apache-2.0
 * consents.h: who agreed to what, summed up and of one person. */
#pragma once
#include "base/json_out.h"
#include "journey/snapshot.h"

/* {persons, purposes: [{purpose, granted, denied}], hidden, erased}, as members of an open object. A person counts once a purpose,
 * by the latest statement. */
gboolean consents_write_sums(const Snapshot *snapshot, JsonOut *out, GError **error);
/* The member `consents`: of each purpose what holds now, by the latest statement about any of these identifiers (of guint64). */
void consents_write(Record *record, const GArray *identifiers, JsonOut *out);
