// SPDX-License-Identifier: Apache-2.0
/* What an event can change of a settled person (no link or alias names it, nothing it was seen with is shared, at most
 * one strong identifier a namespace, fewer identifiers than partners are allowed) without a new identifier: nothing but
 * its own place among the events and the visits, as long as it is not earlier than the person's first event.
 *
 *     old events, copied                 │ read from the record          │
 *     ... visit 7 ........ visit 8 ..... │ ... visit 8 ....... visit 9   │ new
 *                                        └─ 30 minutes before the first ─┘
 *
 * A visit ends after 30 minutes, so only devices seen in the last 30 minutes before the first new web event matter.
 * Older visits keep their numbers; those of later events are decided again by the rule of person_visits.c. Rarely the
 * last campaign of a device, however old, decides: then all events of the person are read. */
#include "journey/grow.h"

#include "base/error.h"
#include "base/hash.h"
#include "journey/visit.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
  Place place;
  guint64 id;
  guint32 identifier; /* one of the evidence's */
  guint32 n_old, old_start;
  gint64 first_new_ms; /* of all new events */
  guint64 first_new_row;
  gint64 read_from_ms; /* old events from here on are read from the record */
  gboolean dropped;
} Person;

typedef struct { /* an event as the record has it */
  guint64 row, device;
  Fact fact;
} Found;

struct Grown {
  const Snapshot *snapshot;
  const Evidence *evidence;
  const GArray *links; /* of Link, in force */
  guint32 n;           /* identifiers looked at */
  guint32 *parent;
  guint32 *person_of; /* by root */
  GArray *persons;    /* of Person */
  GArray *given;      /* of PeopleGiven */
  GArray *rows;       /* of guint64 */
  GArray *found;      /* of Found, by row */
};

/* --- who -------------------------------------------------------------------------------------- */

static guint32 find(guint32 *parent, guint32 at) {
  while (parent[at] != at) {
    parent[at] = parent[parent[at]];
    at = parent[at];
  }
  return at;
}

static void join_tuples(Grown *grown) {
  const Evidence *evidence = grown->evidence;
  for (guint32 i = 0; i < grown->n; i++)
    grown->parent[i] = i;
  for (guint32 t = 0; t < evidence->n_tuples; t++)
    for (guint32 k = evidence->tuples[t].start + 1; k < evidence->tuples[t + 1].start; k++)
      grown->parent[find(grown->parent, evidence->members[k])] = find(grown->parent, evidence->members[evidence->tuples[t].start]);
}

enum { UNKNOWN = G_MAXUINT32 - 1 }; /* in person_of: nobody has looked yet */

static gboolean place_block(const Snapshot *snapshot, Place place, Block *block, guint32 *person, GError **error) {
  Segment *segment = snapshot_segment(snapshot, place.level);
  guint i = segment_block_of(segment, place.ordinal);
  *person = (guint32)(place.ordinal - segment_block_first(segment, i));
  return segment_block(segment, i, block, error);
}

static guint32 add_person(Grown *grown, guint32 identifier, Place place, const Block *block, guint32 at) {
  Person person = {.place = place,
                   .id = block->person_id[at],
                   .identifier = identifier,
                   .n_old = block->person_start[at + 1] - block->person_start[at],
                   .first_new_ms = G_MAXINT64,
                   .first_new_row = G_MAXUINT64};
  g_array_append_val(grown->persons, person);
  return grown->persons->len - 1;
}

static gboolean is_linked(const Grown *grown, guint64 hash) {
  for (guint i = 0; i < grown->links->len; i++) {
    const Link *link = &g_array_index(grown->links, Link, i);
    if (link->a == hash || link->b == hash)
      return TRUE;
  }
  return FALSE;
}

/* An order that no event had yet joins the one person that it comes with, if there is one. */
static gboolean is_new_order(const Grown *grown, guint32 identifier) {
  const EvidenceIdentifier *one = &grown->evidence->identifiers[identifier];
  return one->space == SPACE_ORDER && !is_linked(grown, one->hash);
}

/* The one settled person of an identifier, as *person; GROWN_NONE when there is another number of them. */
static gboolean look_up(Grown *grown, guint32 identifier, guint32 known, GArray *places, guint32 *person, GError **error) {
  gboolean shared;
  Block block;
  guint32 at;
  *person = GROWN_NONE;
  g_array_set_size(places, 0);
  if (!snapshot_places(grown->snapshot, grown->evidence->identifiers[identifier].hash, places, &shared, error))
    return FALSE;
  if (!shared && places->len == 0 && is_new_order(grown, identifier))
    *person = known;
  if (shared || places->len != 1)
    return TRUE;
  Place place = g_array_index(places, Place, 0);
  if (known != UNKNOWN) {
    const Place *other = &g_array_index(grown->persons, Person, known).place;
    *person = other->level == place.level && other->ordinal == place.ordinal ? known : GROWN_NONE;
    return TRUE;
  }
  if (!place_block(grown->snapshot, place, &block, &at, error))
    return FALSE;
  if (block_settled(&block, at))
    *person = add_person(grown, identifier, place, &block, at);
  return TRUE;
}

static gboolean look_up_all(Grown *grown, GError **error) {
  g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(Place));
  for (guint32 i = 0; i < grown->n; i++) {
    guint32 *of_root = &grown->person_of[find(grown->parent, i)];
    if (*of_root != GROWN_NONE && !look_up(grown, i, *of_root, places, of_root, error))
      return FALSE;
  }
  return TRUE;
}

static void refuse(Grown *grown, guint32 identifier) {
  guint32 *of_root = &grown->person_of[find(grown->parent, identifier)];
  if (*of_root != GROWN_NONE)
    g_array_index(grown->persons, Person, *of_root).dropped = TRUE;
  *of_root = GROWN_NONE;
}

/* --- not before the first event ------------------------------------------------------------------ */

static void note_first(Grown *grown, guint32 identifier, guint32 n_events, gint64 time_ms, guint64 row) {
  guint32 at = grown_of(grown, identifier);
  if (at == GROWN_NONE || n_events == 0)
    return;
  Person *person = &g_array_index(grown->persons, Person, at);
  if (time_ms > person->first_new_ms || (time_ms == person->first_new_ms && row > person->first_new_row))
    return;
  person->first_new_ms = time_ms;
  person->first_new_row = row;
}

static void note_firsts(Grown *grown) {
  const Evidence *evidence = grown->evidence;
  for (guint32 i = 0; i < grown->n; i++)
    note_first(grown, i, evidence->identifiers[i].n_events, evidence->identifiers[i].first_time_ms,
               evidence->identifiers[i].first_row);
  for (guint32 t = 0; t < evidence->n_tuples; t++)
    note_first(grown, evidence->members[evidence->tuples[t].start], evidence->tuples[t].n_events, evidence->tuples[t].first_time_ms,
               evidence->tuples[t].first_row);
}

static gboolean drop_early(Grown *grown, GError **error) {
  note_firsts(grown);
  for (guint i = 0; i < grown->persons->len; i++) {
    Person *person = &g_array_index(grown->persons, Person, i);
    Block block;
    guint32 at;
    if (!place_block(grown->snapshot, person->place, &block, &at, error))
      return FALSE;
    guint32 first = block.person_start[at];
    gint64 first_ms = block_time_ms(&block, first);
    person->dropped |=
        person->first_new_ms < first_ms || (person->first_new_ms == first_ms && person->first_new_row <= block_row(&block, first));
  }
  return TRUE;
}

static int compare_places(const void *a, const void *b) {
  const Place *x = &(*(const Person *const *)a)->place, *y = &(*(const Person *const *)b)->place;
  return x->level != y->level ? (x->level < y->level ? -1 : 1) : (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

/* Identifiers that no new event connects may lead to one person: then to the first that was noted of it. */
static void join_same(Grown *grown) {
  guint n = grown->persons->len;
  g_autofree Person **sorted = g_new(Person *, n + 1);
  g_autofree guint32 *same = g_new(guint32, n + 1);
  Person *all = (Person *)grown->persons->data;
  for (guint i = 0; i < n; i++)
    sorted[i] = &all[i];
  qsort(sorted, n, sizeof *sorted, compare_places);
  for (guint i = 0, first = 0; i < n; i++) {
    first = i && compare_places(&sorted[first], &sorted[i]) == 0 ? first : i;
    same[sorted[i] - all] = (guint32)(sorted[first] - all);
    sorted[first]->dropped |= sorted[i]->dropped;
  }
  for (guint32 i = 0; i < grown->n; i++)
    if (grown->parent[i] == i && grown->person_of[i] != GROWN_NONE)
      grown->person_of[i] = same[grown->person_of[i]];
  for (guint i = 0; i < n; i++)
    all[i].dropped |= same[i] != i;
}

/* New orders make a set larger: refused where as many events as there are could have filled it. */
static void drop_large(Grown *grown) {
  guint64 most = grown->evidence->identity->set_size_max;
  g_autofree guint32 *orders = g_new0(guint32, grown->persons->len + 1);
  for (guint32 i = 0; i < grown->n; i++) {
    guint32 at = grown->evidence->identifiers[i].space == SPACE_ORDER ? grown_of(grown, i) : GROWN_NONE;
    if (at != GROWN_NONE)
      orders[at]++;
  }
  for (guint i = 0; i < grown->persons->len; i++) {
    Person *person = &g_array_index(grown->persons, Person, i);
    person->dropped |= orders[i] && (guint64)person->n_old * EVIDENCE_MEMBERS_MAX + orders[i] > most;
  }
}

Grown *grown_find(const Snapshot *snapshot, const Evidence *evidence, const GArray *links, GError **error) {
  g_autoptr(Grown) grown = g_new0(Grown, 1);
  grown->snapshot = snapshot;
  grown->evidence = evidence;
  grown->links = links;
  grown->n = evidence ? evidence->n_identifiers : 0;
  grown->parent = g_new(guint32, grown->n + 1);
  grown->person_of = g_new(guint32, grown->n + 1);
  for (guint32 i = 0; i < grown->n; i++)
    grown->person_of[i] = UNKNOWN;
  grown->persons = g_array_new(FALSE, FALSE, sizeof(Person));
  grown->given = g_array_new(FALSE, FALSE, sizeof(PeopleGiven));
  grown->rows = g_array_new(FALSE, FALSE, sizeof(guint64));
  grown->found = g_array_new(FALSE, FALSE, sizeof(Found));
  if (grown->n == 0)
    return g_steal_pointer(&grown);
  join_tuples(grown);
  if (!look_up_all(grown, error))
    return NULL;
  for (guint32 i = 0; i < grown->n; i++)
    if (grown->person_of[i] == UNKNOWN) /* orders alone */
      grown->person_of[i] = GROWN_NONE;
  for (guint i = 0; i < evidence->aliases->len; i++) {
    refuse(grown, g_array_index(evidence->aliases, EvidenceAlias, i).from);
    refuse(grown, g_array_index(evidence->aliases, EvidenceAlias, i).to);
  }
  if (!drop_early(grown, error))
    return NULL;
  join_same(grown);
  drop_large(grown);
  return g_steal_pointer(&grown);
}

void grown_free(Grown *grown) {
  if (grown == NULL)
    return;
  g_free(grown->parent);
  g_free(grown->person_of);
  g_array_unref(grown->persons);
  g_array_unref(grown->given);
  g_array_unref(grown->rows);
  g_array_unref(grown->found);
  g_free(grown);
}

guint32 grown_of(const Grown *grown, guint32 identifier) {
  if (identifier >= grown->n)
    return GROWN_NONE;
  guint32 person = grown->person_of[find(grown->parent, identifier)];
  return person != GROWN_NONE && !g_array_index(grown->persons, Person, person).dropped ? person : GROWN_NONE;
}

guint grown_count(const Grown *grown) {
  return grown->persons->len;
}

guint64 grown_id(const Grown *grown, guint person) {
  const Person *one = &g_array_index(grown->persons, Person, person);
  return one->dropped ? 0 : one->id;
}

Place grown_place(const Grown *grown, guint person) {
  return g_array_index(grown->persons, Person, person).place;
}

void grown_drop(Grown *grown, guint person) {
  g_array_index(grown->persons, Person, person).dropped = TRUE;
}

guint64 grown_old_events(const Grown *grown) {
  guint64 n = 0;
  for (guint i = 0; i < grown->persons->len; i++)
    n += g_array_index(grown->persons, Person, i).dropped ? 0 : g_array_index(grown->persons, Person, i).n_old;
  return n;
}

static int compare_given(gconstpointer a, gconstpointer b) {
  const PeopleGiven *x = a, *y = b;
  return x->id != y->id ? (x->id < y->id ? -1 : 1) : (x->identifier > y->identifier) - (x->identifier < y->identifier);
}

const GArray *grown_given(Grown *grown) {
  g_array_set_size(grown->given, 0);
  for (guint32 i = 0; i < grown->n; i++) {
    guint32 at = grown->parent[i] == i ? grown_of(grown, i) : GROWN_NONE;
    if (at != GROWN_NONE)
      g_array_append_val(grown->given, ((PeopleGiven){i, g_array_index(grown->persons, Person, at).id, 0}));
  }
  g_array_sort(grown->given, compare_given);
  for (guint32 i = 0; i < grown->given->len; i++) {
    PeopleGiven *one = &g_array_index(grown->given, PeopleGiven, i);
    if (i == 0 || one->id != (one - 1)->id)
      one->n_events = g_array_index(grown->persons, Person, grown_of(grown, one->identifier)).n_old;
  }
  return grown->given;
}

/* --- reading what visits depend on ---------------------------------------------------------------- */

/* The device that a visit belongs to, as people_device() says it; 0 without one. */
static guint64 device_of(const Identity *identity, const BatchFacts *facts, guint event) {
  guint64 best = 0, best_hash = 0;
  for (guint32 k = facts->first_identifier[event]; k < facts->first_identifier[event + 1]; k++) {
    const Space *space = &identity->spaces->spaces[facts->space[k]];
    if (space->strength != STRENGTH_DEVICE ||
        (identity->refused && g_hash_table_contains(identity->refused, &facts->identifier[k])))
      continue;
    guint64 class = strcmp(space->name, "device") == 0 ? 0 : facts->space[k] == SPACE_ANONYMOUS ? 1 : 2;
    guint64 order = (class + 1) << 32 | space->rank, hash = MAX(facts->identifier[k], 1);
    if (best == 0 || order < best || (order == best && hash < best_hash)) {
      best = order;
      best_hash = hash;
    }
  }
  return best_hash;
}

typedef struct {
  Grown *grown;
  Batch *batch;
  guint64 row_base;
  guint at; /* of the rows */
} Reading;

static gboolean read_batch(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user, GError **error) {
  Reading *reading = user;
  const BatchFacts *facts;
  GArray *rows = reading->grown->rows;
  if (!batch_open(reading->batch, blob, size, error) || !(facts = batch_facts(reading->batch, error)))
    return FALSE;
  for (; reading->at < rows->len && g_array_index(rows, guint64, reading->at) < first + facts->n; reading->at++) {
    guint64 row = g_array_index(rows, guint64, reading->at);
    if (row < first)
      continue;
    guint i = (guint)(row - first);
    Found found = {row, device_of(reading->grown->evidence->identity, facts, i),
                   fact_of_batch(facts, i, (guint32)(row - reading->row_base))};
    g_array_append_val(reading->grown->found, found);
  }
  return TRUE;
}

static int compare_u64(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

static gboolean read_rows(Grown *grown, guint64 row_base, GError **error) {
  Record *record = snapshot_record(grown->snapshot);
  g_array_set_size(grown->found, 0);
  if (grown->rows->len == 0)
    return TRUE;
  g_array_sort(grown->rows, compare_u64);
  g_autoptr(Batch) batch = batch_new(record_spaces(record), record_key(record));
  Reading reading = {.grown = grown, .batch = batch, .row_base = row_base};
  return record_scan_rows(record, (const guint64 *)grown->rows->data, grown->rows->len, read_batch, &reading, error);
}

static const Found *found_row(const Grown *grown, guint64 row) {
  guint low = 0, high = grown->found->len;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (g_array_index(grown->found, Found, middle).row < row)
      low = middle + 1;
    else
      high = middle;
  }
  const Found *found = &g_array_index(grown->found, Found, low);
  return low < grown->found->len && found->row == row ? found : NULL;
}

/* From when on devices and campaigns matter. */
static gint64 read_from(Fact *const *facts, guint32 n) {
  gint64 first_ms = G_MAXINT64;
  for (guint32 i = 0; i < n; i++)
    if (facts[i]->flags & FACT_WEB)
      first_ms = MIN(first_ms, facts[i]->time_ms);
  return first_ms == G_MAXINT64 ? G_MAXINT64 : first_ms - VISIT_GAP_MS;
}

static gboolean ask_for_rows(Grown *grown, const Person *person, GError **error) {
  Block block;
  guint32 at;
  if (person->read_from_ms == G_MAXINT64)
    return TRUE;
  if (!place_block(grown->snapshot, person->place, &block, &at, error))
    return FALSE;
  for (guint32 event = block.person_start[at + 1]; event-- > block.person_start[at];) {
    if (block_time_ms(&block, event) < person->read_from_ms)
      break;
    guint64 row = block_row(&block, event);
    g_array_append_val(grown->rows, row);
  }
  return TRUE;
}

/* --- visits --------------------------------------------------------------------------------------- */

typedef enum { COPIED, READ, NEW } Origin;

typedef struct {
  Fact *fact;
  guint64 device;
  guint32 visit; /* in the index; becomes the one among those here */
  Origin origin;
} Step;

typedef struct { /* a device as the events go by */
  guint64 device;
  gint64 last_ms;
  guint32 visit, campaign;
  gboolean campaign_known, fresh; /* a new event of it came by: what the index says of later ones no longer counts */
} Track;

typedef struct { /* one person; memory reused */
  Grown *grown;
  GArray *steps;       /* of Step */
  GArray *tracks;      /* of Track */
  GArray *visits;      /* of guint32: by number in the index, the one here; 0 none */
  GArray *channels;    /* of guint16, by visit here - 1 */
  gboolean any_copied; /* web events so far of which the device is not known */
} Walk;

static guint32 begin_visit(Walk *walk, guint16 channel) {
  g_array_append_val(walk->channels, channel);
  return walk->channels->len;
}

static guint32 known_visit(Walk *walk, const Step *step) {
  if (step->visit >= walk->visits->len)
    g_array_set_size(walk->visits, step->visit + 1);
  guint32 *visit = &g_array_index(walk->visits, guint32, step->visit);
  if (*visit == 0)
    *visit = begin_visit(walk, step->fact->channel);
  return *visit;
}

static Track *track_of(Walk *walk, guint64 device, gboolean *met) {
  for (guint i = 0; i < walk->tracks->len; i++)
    if (g_array_index(walk->tracks, Track, i).device == device) {
      *met = TRUE;
      return &g_array_index(walk->tracks, Track, i);
    }
  *met = FALSE;
  g_array_append_val(walk->tracks, ((Track){.device = device, .campaign_known = !walk->any_copied}));
  return &g_array_index(walk->tracks, Track, walk->tracks->len - 1);
}

/* FALSE when it takes the device's last campaign to say, which is not known. */
static gboolean decide_visit(Walk *walk, const Step *step, Track *track, gboolean met) {
  gboolean near = met && step->fact->time_ms - track->last_ms <= VISIT_GAP_MS;
  if (near && step->fact->campaign && !track->campaign_known)
    return FALSE;
  if (!near || (step->fact->campaign && step->fact->campaign != track->campaign))
    track->visit = begin_visit(walk, step->fact->channel);
  return TRUE;
}

static gboolean walk_device(Walk *walk, Step *step) {
  gboolean met;
  Track *track = track_of(walk, step->device, &met);
  track->fresh |= step->origin == NEW;
  if (!track->fresh)
    track->visit = known_visit(walk, step);
  else if (!decide_visit(walk, step, track, met))
    return FALSE;
  track->last_ms = step->fact->time_ms;
  if (step->fact->campaign) {
    track->campaign = step->fact->campaign;
    track->campaign_known = TRUE;
  }
  step->visit = track->visit;
  return TRUE;
}

static gboolean walk_step(Walk *walk, Step *step) {
  gboolean web = (step->fact->flags & FACT_WEB) != 0, good = TRUE;
  if (step->origin == COPIED)
    step->visit = web && step->visit ? known_visit(walk, step) : 0;
  else if (web && step->device)
    good = walk_device(walk, step);
  else
    step->visit = 0; /* person_visits() lets it join an open visit */
  walk->any_copied |= web && step->origin == COPIED;
  return good;
}

static gboolean walk_all(Walk *walk) {
  g_array_set_size(walk->tracks, 0);
  g_array_set_size(walk->visits, 0);
  g_array_set_size(walk->channels, 0);
  walk->any_copied = FALSE;
  for (guint i = 0; i < walk->steps->len; i++)
    if (!walk_step(walk, &g_array_index(walk->steps, Step, i)))
      return FALSE;
  return TRUE;
}

/* --- facts ---------------------------------------------------------------------------------------- */

static Fact copy_fact(const Block *block, guint32 event, guint64 row_base) {
  Fact fact = {.time_ms = block_time_ms(block, event),
               .row = (guint32)(block_row(block, event) - row_base),
               .event = (guint16)codes_at(&block->event, event),
               .channel = (guint16)codes_at(&block->channel, event),
               .touchpoint = (guint16)codes_at(&block->touchpoint, event),
               .source = (guint16)codes_at(&block->source, event),
               .currency = (guint16)codes_at(&block->currency, event),
               .flags = (guint16)(fact_flags_of_block(block, event) | codes_at(&block->grade, event) << FACT_GRADE_SHIFT)};
  if (block_value(block, event, &fact.value_micro))
    fact.flags |= FACT_VALUE;
  return fact;
}

/* Of a server event that stands in no visit the index does not say whether it carries a device. Where it is copied no
 * visit can come to hold it, so it is as if it did. */
static gboolean add_old(Walk *walk, const Person *person, Fact *facts, guint64 row_base, GError **error) {
  Block block;
  guint32 at;
  if (!place_block(walk->grown->snapshot, person->place, &block, &at, error))
    return FALSE;
  for (guint32 i = 0; i < person->n_old; i++) {
    guint32 event = block.person_start[at] + i;
    Step step = {.fact = &facts[i], .visit = codes_at(&block.visit, event), .origin = COPIED};
    if (block_time_ms(&block, event) < person->read_from_ms) {
      facts[i] = copy_fact(&block, event, row_base);
      facts[i].flags |= step.visit == 0 ? FACT_DEVICE : 0;
    } else {
      const Found *found = found_row(walk->grown, block_row(&block, event));
      if (found == NULL)
        return error_set(error, ERROR_DAMAGED, "event %" G_GUINT64_FORMAT " of the index is not in the record",
                         block_row(&block, event));
      facts[i] = found->fact;
      facts[i].flags |= found->device ? FACT_DEVICE : 0;
      step.device = found->device;
      step.origin = READ;
    }
    g_array_append_val(walk->steps, step);
  }
  return TRUE;
}

static void add_new(Walk *walk, const People *people, Fact *const *facts, guint32 n) {
  for (guint32 i = 0; i < n; i++) {
    guint32 device = people_device(people, facts[i]->who);
    Step step = {.fact = facts[i], .origin = NEW};
    if (device != CODE_NONE) {
      step.device = MAX(walk->grown->evidence->identifiers[device].hash, 1);
      facts[i]->flags |= FACT_DEVICE;
    }
    g_array_append_val(walk->steps, step);
  }
}

static int compare_steps(gconstpointer a, gconstpointer b) {
  const Fact *x = ((const Step *)a)->fact, *y = ((const Step *)b)->fact;
  return x->time_ms != y->time_ms ? (x->time_ms < y->time_ms ? -1 : 1) : (x->row > y->row) - (x->row < y->row);
}

static void write_facts(Walk *walk, People *people, const Person *person) {
  guint32 number = people_of_code(people, person->identifier << 1);
  guint32 before = people_add_visits(people, (const guint16 *)walk->channels->data, walk->channels->len);
  for (guint i = 0; i < walk->steps->len; i++) {
    const Step *step = &g_array_index(walk->steps, Step, i);
    step->fact->flags |= FACT_RESOLVED;
    step->fact->who = number;
    step->fact->visit = step->visit ? before + step->visit : 0;
  }
}

/* *known FALSE: more of its events have to be read. */
static gboolean resolve_person(Walk *walk, People *people, const Person *person, Fact **facts, guint32 n, Fact *old,
                               guint64 row_base, gboolean *known, GError **error) {
  g_array_set_size(walk->steps, 0);
  if (!add_old(walk, person, old + person->old_start, row_base, error))
    return FALSE;
  add_new(walk, people, facts, n);
  g_array_sort(walk->steps, compare_steps);
  *known = walk_all(walk);
  if (*known)
    write_facts(walk, people, person);
  return TRUE;
}

static Walk walk_new(Grown *grown) {
  return (Walk){.grown = grown,
                .steps = g_array_new(FALSE, FALSE, sizeof(Step)),
                .tracks = g_array_new(FALSE, FALSE, sizeof(Track)),
                .visits = g_array_new(FALSE, TRUE, sizeof(guint32)),
                .channels = g_array_new(FALSE, FALSE, sizeof(guint16))};
}

static void walk_clear(Walk *walk) {
  g_array_unref(walk->steps);
  g_array_unref(walk->tracks);
  g_array_unref(walk->visits);
  g_array_unref(walk->channels);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Walk, walk_clear)

static gboolean plan(Grown *grown, Fact **facts, const guint32 *start, GError **error) {
  guint32 old = 0;
  for (guint i = 0; i < grown->persons->len; i++) {
    Person *person = &g_array_index(grown->persons, Person, i);
    if (person->dropped)
      continue;
    person->old_start = old;
    old += person->n_old;
    person->read_from_ms = read_from(facts + start[i], start[i + 1] - start[i]);
    if (!ask_for_rows(grown, person, error))
      return FALSE;
  }
  return TRUE;
}

gboolean grown_resolve(Grown *grown, People *people, Fact **facts, const guint32 *start, Fact *old, guint64 row_base,
                       GError **error) {
  g_auto(Walk) walk = walk_new(grown);
  g_autoptr(GArray) again = g_array_new(FALSE, FALSE, sizeof(guint));
  g_array_set_size(grown->rows, 0);
  if (!plan(grown, facts, start, error) || !read_rows(grown, row_base, error))
    return FALSE;
  for (guint i = 0; i < grown->persons->len; i++) {
    const Person *person = &g_array_index(grown->persons, Person, i);
    gboolean known = TRUE;
    if (!person->dropped &&
        !resolve_person(&walk, people, person, facts + start[i], start[i + 1] - start[i], old, row_base, &known, error))
      return FALSE;
    if (!known)
      g_array_append_val(again, i);
  }
  g_array_set_size(grown->rows, 0);
  for (guint k = 0; k < again->len; k++) {
    Person *person = &g_array_index(grown->persons, Person, g_array_index(again, guint, k));
    person->read_from_ms = G_MININT64;
    if (!ask_for_rows(grown, person, error))
      return FALSE;
  }
  if (!read_rows(grown, row_base, error))
    return FALSE;
  for (guint k = 0; k < again->len; k++) {
    guint i = g_array_index(again, guint, k);
    gboolean known;
    if (!resolve_person(&walk, people, &g_array_index(grown->persons, Person, i), facts + start[i], start[i + 1] - start[i], old,
                        row_base, &known, error))
      return FALSE;
    g_assert(known); /* from the beginning on, every campaign is */
  }
  return TRUE;
}
