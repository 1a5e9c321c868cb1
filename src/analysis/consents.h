/* SPDX-License-Identifier: Apache-2.0
 * consents.h: who agreed to what: summed up, of one person, and of everybody as conditions ask for it. */
#pragma once
#include "analysis/question.h"
#include "base/json_out.h"

/* {persons, purposes: [{purpose, granted, denied}], hidden, erased}, as members of an open object. A person counts once a purpose,
 * by the latest statement. */
gboolean consents_write_sums(const Snapshot *snapshot, JsonOut *out, GError **error);
/* The member `consents`: of each purpose what holds now, by the latest statement about any of these identifiers (of guint64). */
void consents_write(Record *record, const GArray *identifiers, JsonOut *out);

/* What holds for each person about one purpose at the question's `now`: the latest statement until then about any identifier of
 * the person, as the question's snapshot knows them. Immutable. */
typedef struct Consents Consents;
enum { CONSENTS_NONE, CONSENTS_GRANTED, CONSENTS_DENIED };
Consents *consents_new(const Question *question, const char *purpose, GError **error);
void consents_free(Consents *consents);
/* Fills a code a person of the block, which are 0 before. */
void consents_block(const Consents *consents, guint block, guint32 n_persons, guint8 *codes);
