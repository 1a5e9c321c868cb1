/* SPDX-License-Identifier: Apache-2.0
 * levels.h: what a snapshot is made of, for the parts of src/journey: segments, lowest first, each with a
 * bitmap of its persons that upper ones replace. Immutable once made. */
#pragma once
#include "journey/segment.h"
#include "journey/snapshot.h"

typedef struct { /* where a person stands: in which level, which of its segment */
  guint level;
  guint64 ordinal;
} Place;

/* Takes up the segments (a reference each), marks who is replaced and counts who lives. The names are taken. `masked`:
 * identifiers, of guint64 ascending, whose present owners no answer tells of. */
Snapshot *snapshot_new(Record *record, Names *take_names, guint64 through, Segment *const *segments, guint n, GArray *masked,
                       GError **error);
/* The same and another level on top, or none (NULL): only what that one replaces is marked. `masked`: NULL as before. */
Snapshot *snapshot_add(const Snapshot *before, Names *take_names, guint64 through, Segment *segment, GArray *masked,
                       GError **error);
/* The same with the levels from `from` up to `to` as one segment, which merge_levels() made of them when there were no more. */
Snapshot *snapshot_join(const Snapshot *before, Names *take_names, guint from, guint to, Segment *merged, GError **error);

guint snapshot_levels(const Snapshot *snapshot);
Segment *snapshot_segment(const Snapshot *snapshot, guint level);
guint snapshot_first_block(const Snapshot *snapshot, guint level); /* of level n: the number of blocks */
/* The level of a block, and its number within that segment. */
guint snapshot_level_of(const Snapshot *snapshot, guint block, guint *local);
gboolean snapshot_dead(const Snapshot *snapshot, Place place);
guint64 snapshot_dead_persons(const Snapshot *snapshot); /* of all levels together */
/* The block with those as dead who are replaced: masked persons live. */
gboolean snapshot_whole_block(const Snapshot *snapshot, guint block, Block *out, GError **error);

/* Somebody who only gained events lives on in an upper level: *place becomes that. 1 lives, 0 not, -1 damaged. */
int snapshot_follow(const Snapshot *snapshot, Place *place, GError **error);
/* The living person with exactly this id. 1 found, 0 not, -1 damaged. */
int snapshot_place(const Snapshot *snapshot, guint64 id, Place *place, GError **error);
/* The present owner of an identifier, masked or not. 1 found, 0 not, -1 damaged. */
int snapshot_present(const Snapshot *snapshot, guint64 hash, Place *place, GError **error);
/* Every living person that has an event with this identifier, appended to `places` (of Place), each once; *shared is set
 * when it links nobody. */
gboolean snapshot_places(const Snapshot *snapshot, guint64 hash, GArray *places, gboolean *shared, GError **error);
