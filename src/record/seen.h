/* SPDX-License-Identifier: Apache-2.0
 * seen.h: has this event arrived before? Sorted runs of 16-byte entries beside the record
 * (`<path>.seen/`), derived: missing or damaged runs are remade from the record.
 * An entry is 96 bits of a keyed hash of what makes the event known, and 32 bits of its content. */
#pragma once
#include "record/record.h"

typedef struct Seen Seen;
typedef enum { SEEN_NEW, SEEN_REPEATED, SEEN_CONFLICTING } SeenVerdict;

/* What an event is known by: with an id (source group, event, id); without one its content. */
guint64 seen_content(const Event *event, const char *source, const HashKey *key);

Seen *seen_open(Record *record, GError **error);
void seen_free(Seen *seen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Seen, seen_free)
/* A new file begins: occurrence numbers of equal rows without id count from zero again. */
void seen_begin_file(Seen *seen);
/* Judges and, when new, remembers. ERROR_LIMIT-free: memory is about 32 bytes a new event. */
SeenVerdict seen_event(Seen *seen, const Event *event, const char *source_group, guint64 content);
/* Makes what was remembered since seen_begin_file durable as the run of this import, or forgets it. */
gboolean seen_commit(Seen *seen, guint64 import_id, GError **error);
void seen_forget(Seen *seen);
