/* SPDX-License-Identifier: Apache-2.0
 * person_rights.h: what a person may demand: a complete copy of the data, and its erasure. Both also for who is masked. */
#pragma once
#include "analysis/workspace.h"
#include "base/json_out.h"

/* The members of an open object: person, identifiers, consents (all statements), events with every field that is kept, sources,
 * imports, and `report`, what the app shows of the person (null of one who is masked). *person: the id. */
gboolean person_export(Workspace *workspace, const char *who, guint64 *person, JsonOut *out, GError **error);

typedef struct {
  char *receipt, *backups; /* backups: JSON list of {file, state} */
  guint64 person, events;
  gboolean clean; /* FALSE: a reader keeps pages of the log alive; they go with the next write */
} PersonErased;
void person_erased_clear(PersonErased *erased);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PersonErased, person_erased_clear)

/* From the record, its log, the index and the registered backups that can be reached; `by` as in the audit. */
gboolean person_erase(Workspace *workspace, Record *record, const char *who, const char *by, PersonErased *erased, GError **error);
/* {receipts: [{receipt, time, events, by, backups}]}, the newest first, as members of an open object. */
gboolean person_receipts_write(const char *db_path, JsonOut *out, GError **error);
