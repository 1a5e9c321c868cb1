/* SPDX-License-Identifier: Apache-2.0
 * snapshot.c: levels of segments, read as one.
 *
 *   level 2   [ A' . C' ]                 replaces A C
 *   level 1   [ . B' ]                    replaces B
 *   level 0   [ A  B  C  D  E ]           dead: A B C      living: A' B' C' D E
 *
 * Bit words of dead persons begin anew with every block, so that a block's `dead` is a pointer into them.
 * Levels without dead persons have none: a freshly folded index of any size costs nothing to open. */
#include "journey/snapshot.h"

#include "base/error.h"
#include "journey/identity.h"
#include "journey/levels.h"
#include <stdatomic.h>

enum { WORDS_PER_BLOCK = BLOCK_PERSONS_MAX / 64 };

typedef struct {
  Segment *segment;
  guint64 *dead; /* WORDS_PER_BLOCK for each block, or NULL */
  guint64 n_dead;
  guint64 *skipped; /* the dead and the masked; NULL: none is masked */
  guint first_block;
} Level;

struct Snapshot {
  atomic_uint references;
  Record *record;
  Names *names;
  guint64 through;
  guint n_levels, n_blocks;
  guint64 n_persons, n_events;
  guint64 n_masked_persons, n_masked_events; /* of those, no answer tells */
  gint64 last_time_ms;
  GArray *masked; /* of guint64, ascending: identifiers */
  Level *levels;
};

Snapshot *snapshot_ref(Snapshot *snapshot) {
  atomic_fetch_add(&snapshot->references, 1);
  return snapshot;
}

void snapshot_unref(Snapshot *snapshot) {
  if (snapshot == NULL || atomic_fetch_sub(&snapshot->references, 1) != 1)
    return;
  for (guint i = 0; i < snapshot->n_levels; i++) {
    segment_unref(snapshot->levels[i].segment);
    g_free(snapshot->levels[i].dead);
    g_free(snapshot->levels[i].skipped);
  }
  g_array_unref(snapshot->masked);
  names_free(snapshot->names);
  g_free(snapshot->levels);
  g_free(snapshot);
}

/* --- making one ------------------------------------------------------------------------------- */

static gboolean place_dead(const Level *level, guint64 ordinal) {
  if (level->dead == NULL)
    return FALSE;
  guint block = segment_block_of(level->segment, ordinal);
  guint64 person = ordinal - segment_block_first(level->segment, block);
  return level->dead[block * WORDS_PER_BLOCK + person / 64] >> (person % 64) & 1;
}

/* Looks for a living person with this id in the levels below `above`. */
static int find_below(const Snapshot *snapshot, guint above, guint64 id, Place *place, GError **error) {
  for (guint i = above; i-- > 0;) {
    guint64 ordinal;
    int found = segment_find(snapshot->levels[i].segment, id, &ordinal, error);
    if (found < 0)
      return -1;
    if (found && !place_dead(&snapshot->levels[i], ordinal)) {
      *place = (Place){i, ordinal};
      return 1;
    }
  }
  return 0;
}

static gboolean bury(Snapshot *snapshot, Place place, GError **error) {
  Level *level = &snapshot->levels[place.level];
  guint block = segment_block_of(level->segment, place.ordinal);
  guint32 person = (guint32)(place.ordinal - segment_block_first(level->segment, block));
  Block data;
  if (!segment_block(level->segment, block, &data, error))
    return FALSE;
  if (level->dead == NULL)
    level->dead = g_new0(guint64, segment_info(level->segment)->n_blocks * WORDS_PER_BLOCK);
  guint64 word = block * WORDS_PER_BLOCK + person / 64, bit = G_GUINT64_CONSTANT(1) << (person % 64);
  level->dead[word] |= bit;
  if (level->skipped && level->skipped[word] & bit) {
    snapshot->n_masked_persons -= data.person_id[person] >= IDENTITY_NOBODY_END;
    snapshot->n_masked_events -= data.person_start[person + 1] - data.person_start[person];
  } else if (level->skipped)
    level->skipped[word] |= bit;
  snapshot->n_persons -= !data.unidentified;
  snapshot->n_events -= data.person_start[person + 1] - data.person_start[person];
  level->n_dead++;
  return TRUE;
}

static gboolean bury_replaced(Snapshot *snapshot, guint above, GError **error) {
  gsize n;
  const guint64 *ids = segment_replaced(snapshot->levels[above].segment, &n);
  for (gsize i = 0; i < n; i++) {
    Place place;
    int found = find_below(snapshot, above, ids[i], &place, error);
    if (found < 0 || (found && !bury(snapshot, place, error)))
      return FALSE;
  }
  return TRUE;
}

static const guint64 *skipped_of(const Level *level) {
  return level->skipped ? level->skipped : level->dead;
}

static gboolean any_of(const guint64 *bits, guint block) {
  for (guint word = 0; bits && word < WORDS_PER_BLOCK; word++)
    if (bits[block * WORDS_PER_BLOCK + word])
      return TRUE;
  return FALSE;
}

/* The last event of a living person of a block. */
static gboolean living_last(const Level *level, guint block, gint64 *last_ms, GError **error) {
  Block data;
  if (!segment_block(level->segment, block, &data, error))
    return FALSE;
  const guint64 *skipped = skipped_of(level) + block * WORDS_PER_BLOCK;
  for (guint32 person = 0; person < data.n_persons; person++)
    if (!bit_at(skipped, person))
      *last_ms = MAX(*last_ms, block_time_ms(&data, data.person_start[person + 1] - 1));
  return TRUE;
}

/* Looks into a block only when it could hold something later than what is known to live. */
static gboolean find_last_time(Snapshot *snapshot, GError **error) {
  gint64 last_ms = 0;
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < snapshot->n_levels; i++) {
      const Level *level = &snapshot->levels[i];
      for (guint block = 0; block < segment_info(level->segment)->n_blocks; block++) {
        gint64 most_ms = segment_block_last_time_ms(level->segment, block);
        if (most_ms <= last_ms)
          continue;
        if (!any_of(skipped_of(level), block))
          last_ms = most_ms;
        else if (pass == 1 && !living_last(level, block, &last_ms, error))
          return FALSE;
      }
    }
  snapshot->last_time_ms = last_ms;
  return TRUE;
}

static gboolean mask_all(Snapshot *snapshot, GError **error);
static gboolean mask_level(Snapshot *snapshot, const Snapshot *before, guint level, GError **error);

static Snapshot *snapshot_empty(Record *record, Names *take_names, guint64 through, guint levels, GArray *masked) {
  Snapshot *snapshot = g_new0(Snapshot, 1);
  atomic_init(&snapshot->references, 1);
  snapshot->record = record;
  snapshot->names = take_names;
  snapshot->through = through;
  snapshot->levels = g_new0(Level, levels + 1);
  snapshot->masked = g_array_ref(masked);
  return snapshot;
}

static void add_level(Snapshot *snapshot, Segment *segment) {
  const SegmentInfo *info = segment_info(segment);
  snapshot->levels[snapshot->n_levels++] = (Level){.segment = segment_ref(segment), .first_block = snapshot->n_blocks};
  snapshot->n_blocks += info->n_blocks;
  snapshot->n_persons += info->n_persons;
  snapshot->n_events += info->n_events;
}

Snapshot *snapshot_new(Record *record, Names *take_names, guint64 through, Segment *const *segments, guint n, GArray *masked,
                       GError **error) {
  g_autoptr(Snapshot) snapshot = snapshot_empty(record, take_names, through, n, masked);
  for (guint i = 0; i < n; i++) {
    add_level(snapshot, segments[i]);
    if (!bury_replaced(snapshot, i, error))
      return NULL;
  }
  return mask_all(snapshot, error) && find_last_time(snapshot, error) ? g_steal_pointer(&snapshot) : NULL;
}

/* A level with its dead; everybody's totals are the caller's to set. */
static void copy_level(Snapshot *snapshot, const Level *level) {
  gsize words = (gsize)segment_info(level->segment)->n_blocks * WORDS_PER_BLOCK;
  add_level(snapshot, level->segment);
  Level *copy = &snapshot->levels[snapshot->n_levels - 1];
  copy->n_dead = level->n_dead;
  copy->dead = g_memdup2(level->dead, level->dead ? words * sizeof(guint64) : 0);
  copy->skipped = g_memdup2(level->skipped, level->skipped ? words * sizeof(guint64) : 0);
}

static void copy_totals(Snapshot *snapshot, const Snapshot *before) {
  snapshot->n_persons = before->n_persons;
  snapshot->n_events = before->n_events;
  snapshot->n_masked_persons = before->n_masked_persons;
  snapshot->n_masked_events = before->n_masked_events;
  snapshot->last_time_ms = before->last_time_ms;
}

static Snapshot *snapshot_copy(const Snapshot *before, Names *take_names, guint64 through, GArray *masked) {
  Snapshot *snapshot = snapshot_empty(before->record, take_names, through, before->n_levels + 1, masked);
  for (guint i = 0; i < before->n_levels; i++)
    copy_level(snapshot, &before->levels[i]);
  copy_totals(snapshot, before);
  return snapshot;
}

Snapshot *snapshot_add(const Snapshot *before, Names *take_names, guint64 through, Segment *segment, GArray *masked,
                       GError **error) {
  g_autoptr(Snapshot) snapshot = snapshot_copy(before, take_names, through, masked ? masked : before->masked);
  if (segment)
    add_level(snapshot, segment);
  if (segment && !bury_replaced(snapshot, before->n_levels, error))
    return NULL;
  gboolean good = masked ? mask_all(snapshot, error) : segment == NULL || mask_level(snapshot, before, before->n_levels, error);
  if (!good || ((segment || masked) && !find_last_time(snapshot, error)))
    return NULL;
  return g_steal_pointer(&snapshot);
}

static gboolean mask_merged(Snapshot *snapshot, const Snapshot *before, guint from, guint to, GError **error);

/* Levels above may have replaced persons since those of one level were merged. */
static gboolean bury_in(Snapshot *snapshot, guint at, GError **error) {
  for (guint above = at + 1; above < snapshot->n_levels; above++) {
    gsize n;
    const guint64 *ids = segment_replaced(snapshot->levels[above].segment, &n);
    for (gsize i = 0; i < n; i++) {
      Place place = {at, 0};
      int found = segment_find(snapshot->levels[at].segment, ids[i], &place.ordinal, error);
      if (found < 0 || (found && !place_dead(&snapshot->levels[at], place.ordinal) && !bury(snapshot, place, error)))
        return FALSE;
    }
  }
  return TRUE;
}

Snapshot *snapshot_join(const Snapshot *before, Names *take_names, guint from, guint to, Segment *merged, GError **error) {
  g_autoptr(Snapshot) snapshot = snapshot_empty(before->record, take_names, before->through, before->n_levels + 1, before->masked);
  for (guint i = 0; i < from; i++)
    copy_level(snapshot, &before->levels[i]);
  add_level(snapshot, merged);
  for (guint i = to; i < before->n_levels; i++)
    copy_level(snapshot, &before->levels[i]);
  if (!bury_in(snapshot, from, error))
    return NULL;
  copy_totals(snapshot, before); /* the same persons live as before, and the same are masked */
  if (!mask_merged(snapshot, before, from, to, error))
    return NULL;
  return g_steal_pointer(&snapshot);
}

/* --- reading ---------------------------------------------------------------------------------- */

guint64 snapshot_through(const Snapshot *snapshot) {
  return snapshot->through;
}

const Names *snapshot_names(const Snapshot *snapshot) {
  return snapshot->names;
}

const Spaces *snapshot_spaces(const Snapshot *snapshot) {
  return record_spaces(snapshot->record);
}

Record *snapshot_record(const Snapshot *snapshot) {
  return snapshot->record;
}

guint snapshot_blocks(const Snapshot *snapshot) {
  return snapshot->n_blocks;
}

guint64 snapshot_persons(const Snapshot *snapshot) {
  return snapshot->n_persons - snapshot->n_masked_persons;
}

guint64 snapshot_events(const Snapshot *snapshot) {
  return snapshot->n_events - snapshot->n_masked_events;
}

gint64 snapshot_last_time_ms(const Snapshot *snapshot) {
  return snapshot->last_time_ms;
}

guint snapshot_levels(const Snapshot *snapshot) {
  return snapshot->n_levels;
}

Segment *snapshot_segment(const Snapshot *snapshot, guint level) {
  return snapshot->levels[level].segment;
}

guint snapshot_first_block(const Snapshot *snapshot, guint level) {
  return level < snapshot->n_levels ? snapshot->levels[level].first_block : snapshot->n_blocks;
}

guint snapshot_level_of(const Snapshot *snapshot, guint block, guint *local) {
  guint level = snapshot->n_levels - 1;
  while (snapshot->levels[level].first_block > block)
    level--;
  *local = block - snapshot->levels[level].first_block;
  return level;
}

gboolean snapshot_dead(const Snapshot *snapshot, Place place) {
  return place_dead(&snapshot->levels[place.level], place.ordinal);
}

guint64 snapshot_dead_persons(const Snapshot *snapshot) {
  guint64 dead = 0;
  for (guint i = 0; i < snapshot->n_levels; i++)
    dead += snapshot->levels[i].n_dead;
  return dead;
}

static gboolean block_without(const Snapshot *snapshot, guint block, gboolean masked, Block *out, GError **error) {
  guint local;
  const Level *level = &snapshot->levels[snapshot_level_of(snapshot, block, &local)];
  const guint64 *skipped = masked ? skipped_of(level) : level->dead;
  if (!segment_block(level->segment, local, out, error))
    return FALSE;
  out->dead = any_of(skipped, local) ? skipped + local * WORDS_PER_BLOCK : NULL;
  return TRUE;
}

gboolean snapshot_block(const Snapshot *snapshot, guint block, Block *out, GError **error) {
  return block_without(snapshot, block, TRUE, out, error);
}

gboolean snapshot_whole_block(const Snapshot *snapshot, guint block, Block *out, GError **error) {
  return block_without(snapshot, block, FALSE, out, error);
}

int snapshot_place(const Snapshot *snapshot, guint64 id, Place *place, GError **error) {
  return find_below(snapshot, snapshot->n_levels, id, place, error);
}

/* The lowest level above that replaces the person: the one by which it died. */
static guint level_of_death(const Snapshot *snapshot, guint above, guint64 id) {
  guint level = above + 1;
  while (level < snapshot->n_levels && !segment_replaces(snapshot->levels[level].segment, id))
    level++;
  return level;
}

int snapshot_follow(const Snapshot *snapshot, Place *place, GError **error) {
  guint64 id = 0;
  while (snapshot_dead(snapshot, *place)) {
    if (id == 0 && !segment_person_id(snapshot->levels[place->level].segment, place->ordinal, &id, error))
      return -1;
    guint level = level_of_death(snapshot, place->level, id);
    if (level == snapshot->n_levels || !segment_carries(snapshot->levels[level].segment, id))
      return 0;
    place->level = level;
    int found = segment_find(snapshot->levels[level].segment, id, &place->ordinal, error);
    if (found <= 0)
      return found;
  }
  return 1;
}

static guint add_place(GArray *places, Place place) {
  for (guint i = 0; i < places->len; i++) {
    const Place *other = &g_array_index(places, Place, i);
    if (other->level == place.level && other->ordinal == place.ordinal)
      return i;
  }
  g_array_append_val(places, place);
  return places->len - 1;
}

static gboolean identifiers_of_level(const Snapshot *snapshot, guint i, guint64 hash, GArray *found, GArray *places,
                                     gboolean *shared, guint *present, GError **error) {
  g_array_set_size(found, 0);
  if (!segment_identifiers(snapshot->levels[i].segment, hash, found, error))
    return FALSE;
  for (guint k = 0; k < found->len; k++) {
    const SegmentIdentifier *one = &g_array_index(found, SegmentIdentifier, k);
    Place place = {i, one->ordinal};
    *shared |= one->shared;
    int lives = one->shared ? 0 : snapshot_follow(snapshot, &place, error);
    if (lives < 0)
      return FALSE;
    guint at = lives ? add_place(places, place) : 0;
    if (lives && one->present)
      *present = at;
  }
  return TRUE;
}

/* *present becomes the index of the present owner, or stays. */
static gboolean collect_places(const Snapshot *snapshot, guint64 hash, GArray *places, gboolean *shared, guint *present,
                               GError **error) {
  g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(SegmentIdentifier));
  *shared = FALSE;
  for (guint i = snapshot->n_levels; i-- > 0;)
    if (!identifiers_of_level(snapshot, i, hash, found, places, shared, present, error))
      return FALSE;
  return TRUE;
}

gboolean snapshot_places(const Snapshot *snapshot, guint64 hash, GArray *places, gboolean *shared, GError **error) {
  guint present = 0;
  if (!collect_places(snapshot, hash, places, shared, &present, error))
    return FALSE;
  Place own;
  int found = snapshot_place(snapshot, hash, &own, error);
  if (found > 0)
    add_place(places, own);
  return found >= 0;
}

int snapshot_present(const Snapshot *snapshot, guint64 hash, Place *place, GError **error) {
  g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(Place));
  guint present = G_MAXUINT;
  gboolean shared;
  if (!collect_places(snapshot, hash, places, &shared, &present, error))
    return -1;
  if (present == G_MAXUINT)
    return snapshot_place(snapshot, hash, place, error);
  *place = g_array_index(places, Place, present);
  return 1;
}

static gboolean is_skipped(const Snapshot *snapshot, Place place) {
  const Level *level = &snapshot->levels[place.level];
  guint block = segment_block_of(level->segment, place.ordinal);
  guint64 person = place.ordinal - segment_block_first(level->segment, block);
  return bit_at(skipped_of(level), (guint32)(block * BLOCK_PERSONS_MAX + person));
}

gboolean snapshot_find(const Snapshot *snapshot, guint64 hash, guint *block, guint32 *person) {
  Place place;
  if (snapshot_present(snapshot, hash, &place, NULL) <= 0 || is_skipped(snapshot, place))
    return FALSE;
  Segment *segment = snapshot->levels[place.level].segment;
  guint local = segment_block_of(segment, place.ordinal);
  *block = snapshot->levels[place.level].first_block + local;
  *person = (guint32)(place.ordinal - segment_block_first(segment, local));
  return TRUE;
}

/* --- masked persons ------------------------------------------------------------------------------- */

static void skipped_reserve(Level *level) {
  gsize words = (gsize)segment_info(level->segment)->n_blocks * WORDS_PER_BLOCK;
  if (level->skipped == NULL)
    level->skipped = level->dead ? g_memdup2(level->dead, words * sizeof(guint64)) : g_new0(guint64, words);
}

static gboolean mask(Snapshot *snapshot, Place place, GError **error) {
  Level *level = &snapshot->levels[place.level];
  guint i = segment_block_of(level->segment, place.ordinal);
  guint32 person = (guint32)(place.ordinal - segment_block_first(level->segment, i));
  Block block;
  skipped_reserve(level);
  guint64 *word = &level->skipped[i * WORDS_PER_BLOCK + person / 64], bit = G_GUINT64_CONSTANT(1) << (person % 64);
  if (*word & bit)
    return TRUE;
  if (!segment_block(level->segment, i, &block, error))
    return FALSE;
  *word |= bit;
  snapshot->n_masked_persons += block.person_id[person] >= IDENTITY_NOBODY_END;
  snapshot->n_masked_events += block.person_start[person + 1] - block.person_start[person];
  return TRUE;
}

static gboolean mask_all(Snapshot *snapshot, GError **error) {
  snapshot->n_masked_persons = snapshot->n_masked_events = 0;
  for (guint i = 0; i < snapshot->n_levels; i++)
    g_clear_pointer(&snapshot->levels[i].skipped, g_free);
  for (guint i = 0; i < snapshot->masked->len; i++) {
    Place place;
    int found = snapshot_present(snapshot, g_array_index(snapshot->masked, guint64, i), &place, error);
    if (found < 0 || (found && !mask(snapshot, place, error)))
      return FALSE;
  }
  return TRUE;
}

static gboolean is_masked(const Snapshot *snapshot, guint64 identifier) {
  const GArray *masked = snapshot->masked;
  guint low = 0, high = masked->len;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (g_array_index(masked, guint64, middle) < identifier)
      low = middle + 1;
    else
      high = middle;
  }
  return low < masked->len && g_array_index(masked, guint64, low) == identifier;
}

/* What the level tells of the identifier may change whose it is at present. */
static gboolean mask_owner(Snapshot *snapshot, guint64 identifier, GError **error) {
  Place place;
  if (!is_masked(snapshot, identifier))
    return TRUE;
  int found = snapshot_present(snapshot, identifier, &place, error);
  return found > 0 ? mask(snapshot, place, error) : found == 0;
}

static gboolean mask_ids(Snapshot *snapshot, Segment *segment, GError **error) {
  for (guint i = 0; i < segment_info(segment)->n_blocks; i++) {
    Block block;
    if (!segment_block(segment, i, &block, error))
      return FALSE;
    for (guint32 person = 0; person < block.n_persons; person++)
      if (!mask_owner(snapshot, block.person_id[person], error))
        return FALSE;
  }
  return TRUE;
}

/* Whoever only gained events stays masked, or not. */
static gboolean mask_carried(Snapshot *snapshot, const Snapshot *before, guint level, GError **error) {
  Segment *segment = snapshot->levels[level].segment;
  gsize n;
  const guint64 *ids = segment_carried(segment, &n);
  for (gsize i = 0; i < n; i++) {
    Place old, place = {level, 0};
    int found = snapshot_place(before, ids[i], &old, error);
    if (found > 0 && is_skipped(before, old))
      found = segment_find(segment, ids[i], &place.ordinal, error);
    else if (found > 0)
      continue;
    if (found < 0 || (found && !mask(snapshot, place, error)))
      return FALSE;
  }
  return TRUE;
}

/* Of the persons of a new level on top. */
static gboolean mask_level(Snapshot *snapshot, const Snapshot *before, guint level, GError **error) {
  Segment *segment = snapshot->levels[level].segment;
  if (snapshot->masked->len == 0)
    return TRUE;
  for (guint64 i = 0; i < segment_info(segment)->n_identifiers; i++) {
    SegmentIdentifier one;
    if (!segment_identifier(segment, i, &one, error) || !mask_owner(snapshot, one.hash, error))
      return FALSE;
  }
  return mask_ids(snapshot, segment, error) && mask_carried(snapshot, before, level, error);
}

static gboolean mask_merged_block(Snapshot *snapshot, const Level *old, guint i, guint at, GError **error) {
  Block block;
  if (!segment_block(old->segment, i, &block, error))
    return FALSE;
  for (guint32 person = 0; person < block.n_persons; person++) {
    Place place = {at, 0};
    guint32 bit = i * BLOCK_PERSONS_MAX + person;
    if (!bit_at(old->skipped, bit) || bit_at(old->dead, bit))
      continue;
    int found = segment_find(snapshot->levels[at].segment, block.person_id[person], &place.ordinal, error);
    if (found < 0 || (found && !mask(snapshot, place, error)))
      return FALSE;
  }
  return TRUE;
}

/* Who is masked in the levels that were merged is so in the merged one. */
static gboolean mask_merged(Snapshot *snapshot, const Snapshot *before, guint from, guint to, GError **error) {
  guint64 persons = snapshot->n_masked_persons, events = snapshot->n_masked_events;
  for (guint level = from; level < to; level++) {
    const Level *old = &before->levels[level];
    for (guint i = 0; old->skipped && i < segment_info(old->segment)->n_blocks; i++)
      if (!mask_merged_block(snapshot, old, i, from, error))
        return FALSE;
  }
  snapshot->n_masked_persons = persons;
  snapshot->n_masked_events = events;
  return TRUE;
}
