/* SPDX-License-Identifier: Apache-2.0
 * seen.h: has this event arrived before? Sorted runs of 16-byte entries beside the record
 * (`<path>.seen/`), derived: missing or damaged runs are made anew from the record.
 *
 * An event with an id is known by (source group, event name, id); one without by its content and its
 * occurrence number in the file: the third of three equal rows is known once three have been stored. */
#pragma once
#include "record/record.h"

typedef struct Seen Seen;
typedef enum { SEEN_NEW, SEEN_REPEATED, SEEN_CONFLICTING } SeenVerdict;

/* A keyed hash of what the event says: source, time, name, identifiers, fields and non-empty properties, in
 * whatever order; not its id, nor what the project's definitions made of it (touch, initiator, derived channel). */
guint64 seen_content(const Event *event, const char *source, const HashKey *key);

/* For the one that writes the record. Makes what is missing anew, which reads those imports. */
Seen *seen_open(Record *record, GError **error);
/* For judging a file on another thread while live events are judged through `parent`, which must outlive it. An
 * event of the file that arrived live meanwhile makes seen_commit() refuse: ERROR_CONFLICT, import it again. */
Seen *seen_fork(Seen *parent);
void seen_free(Seen *seen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Seen, seen_free)

/* The group of a source, itself unless declared otherwise; remembered in the record, where the making anew finds it.
 * An import's own need not be declared: seen_commit does. A change takes effect when the runs are opened next. */
gboolean seen_set_group(Seen *seen, const char *source, const char *group, GError **error);

/* A new file begins: what was not committed is forgotten, occurrence numbers of equal rows without id count from
 * zero again, imports undone meanwhile no longer count. */
void seen_begin_file(Seen *seen);
/* Judges and, when new, remembers: 16 bytes a new event, 12 to 24 a different one of the file. */
SeenVerdict seen_event(Seen *seen, const Event *event, const char *source_group, guint64 content);

/* The same in three steps, for whoever knows what comes next, since a look-up mostly waits for memory: the key,
 * on any thread; a hint that it will be asked for; the verdict. */
typedef struct {
  Hash128 id;
  guint64 content;
  gboolean with_id;
} SeenKey;
SeenKey seen_key(const Seen *seen, const Event *event, const char *source_group, guint64 content);
void seen_expect(const Seen *seen, const SeenKey *key);
SeenVerdict seen_judge(Seen *seen, const SeenKey *key, const char *source_group);

/* Makes what was remembered since seen_begin_file durable as the run of this import, shortly before or after its
 * record_import_finish: it counts once the import is done. For import 0 it covers everything live so far. A failure
 * costs only time: seen_open makes it anew. */
gboolean seen_commit(Seen *seen, guint64 import_id, GError **error);
void seen_release(Seen *seen); /* after the finish: until then live events wait where they are judged by a parent */
void seen_forget(Seen *seen);

/* --- what arrives live: judged beside a file, across restarts, each event once ---------------------------------- */
void seen_live_begin(Seen *seen); /* before a group of events that is stored as a whole: takes up undone imports */
/* What an event that arrived live says. With an id, its time is no part of it, for a sender that sends again states other
 * times of sending, by which a skewed clock is corrected anew; nor is which source of the group sent this copy. */
guint64 seen_live_content(const Event *event, const char *source, const HashKey *key);
/* Judges and, when new, remembers until seen_live_end(). Without id, an event is known by its content and
 * `occurrence`, its number among the equal ones of its request. */
SeenVerdict seen_live_judge(Seen *seen, const SeenKey *key, guint64 occurrence);
/* The group was stored, or not: then it is forgotten. Every so often a stored group ends a run. */
void seen_live_end(Seen *seen, gboolean stored);
gboolean seen_live_commit(Seen *seen, GError **error); /* the run of all since the last; failing costs only time */
