// SPDX-License-Identifier: Apache-2.0
/* A walk in rounds: persons of the new identifiers -> rows of their events -> identifiers of these events. A
 * device that moved has events with several persons, and the index knows them all. */
#include "journey/component.h"
#include "base/error.h"
#include "journey/evidence.h"
#include "journey/levels.h"
#include <stdlib.h>

struct Component {
  Snapshot *snapshot;
  Identity *identity;
  Evidence *evidence;
  Batch *batch;
  GArray *all_links, *links; /* of Link: the record's; of those, the ones that name an identifier here */
  GHashTable *persons;       /* of places that were taken up */
  GArray *rows;              /* of guint64: of this round */
  GArray *events;            /* of ResolveEvent; until finished `tuple` is the code of evidence.h */
  GArray *shared;            /* of guint32: identifiers that link nobody */
  GHashTable *starts;        /* hashes that were asked for */
  const guint64 *next_row;   /* of the round, while scanning */
  ResolveIdentifier *identifiers;
  ResolveAlias *aliases;
  guint32 *tuple_start, *tuple_members;
  ResolveInput input;
  ResolveOutput output;
};

static int compare_numbers(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

static int compare_events(gconstpointer a, gconstpointer b) { /* aliases begin with the same two fields */
  const ResolveEvent *x = a, *y = b;
  return x->time_ms != y->time_ms ? (x->time_ms < y->time_ms ? -1 : 1) : (x->row > y->row) - (x->row < y->row);
}

/* --- gathering --------------------------------------------------------------------------------- */
static gboolean add_person(Component *c, Place place, GError **error) {
  Segment *segment = snapshot_segment(c->snapshot, place.level);
  guint local = segment_block_of(segment, place.ordinal);
  Block block;
  if (!g_hash_table_add(c->persons, GSIZE_TO_POINTER((gsize)place.level << 40 | place.ordinal)))
    return TRUE;
  if (!snapshot_block(c->snapshot, snapshot_first_block(c->snapshot, place.level) + local, &block, error))
    return FALSE;
  guint32 person = (guint32)(place.ordinal - segment_block_first(segment, local));
  guint32 start = block.person_start[person], end = block.person_start[person + 1];
  if ((guint64)c->events->len + c->rows->len + (end - start) > COMPONENT_EVENTS_MAX)
    return error_set(error, ERROR_LIMIT,
                     "more than %d events are connected with this person\nhint: lower max_links in the project file",
                     COMPONENT_EVENTS_MAX);
  for (guint32 e = start; e < end; e++) {
    guint64 row = block_row(&block, e);
    g_array_append_val(c->rows, row);
  }
  return TRUE;
}

static gboolean add_persons_of(Component *c, guint32 identifier, GError **error) {
  g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(Place));
  guint64 hash = c->evidence->identifiers[identifier].hash;
  gboolean shared;
  if (!snapshot_places(c->snapshot, hash, places, &shared, error))
    return FALSE;
  if (shared)
    g_array_append_val(c->shared, identifier);
  if (shared && !g_hash_table_contains(c->starts, &hash))
    return TRUE;
  for (guint i = 0; i < places->len; i++)
    if (!add_person(c, g_array_index(places, Place, i), error))
      return FALSE;
  return TRUE;
}

/* An alias connects; a veto does not. */
static gboolean add_linked(Component *c, GError **error) {
  for (guint l = 0; l < c->all_links->len; l++) {
    const Link *link = &g_array_index(c->all_links, Link, l);
    guint32 known;
    if (link->kind != LINK_ALIAS || (!evidence_find(c->evidence, link->a, &known) && !evidence_find(c->evidence, link->b, &known)))
      continue;
    if (evidence_identifier(c->evidence, link->space_a, link->a, error) < 0 ||
        evidence_identifier(c->evidence, link->space_b, link->b, error) < 0)
      return FALSE;
  }
  return TRUE;
}

static void add_event(Component *c, const BatchFacts *facts, guint i, guint64 row, guint32 code) {
  ResolveEvent event = {facts->time_ms[i], row, code, facts->campaign[i], (facts->flags[i] & FACT_WEB) != 0};
  if (code != CODE_NONE)
    g_array_append_val(c->events, event);
}

static gboolean take_batch(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user, GError **error) {
  Component *c = user;
  guint8 wanted[BATCH_EVENTS_MAX] = {0};
  guint32 codes[BATCH_EVENTS_MAX];
  const guint64 *end = (const guint64 *)(gpointer)c->rows->data + c->rows->len;
  const BatchFacts *facts = batch_open(c->batch, blob, size, error) ? batch_facts(c->batch, error) : NULL;
  if (!facts)
    return FALSE;
  while (c->next_row < end && *c->next_row < first)
    c->next_row++;
  for (; c->next_row < end && *c->next_row < first + facts->n; c->next_row++)
    wanted[*c->next_row - first] = 1;
  if (!evidence_batch(c->evidence, c->batch, facts, snapshot_names(c->snapshot), first, wanted, codes, error))
    return FALSE;
  for (guint i = 0; i < facts->n; i++)
    if (wanted[i])
      add_event(c, facts, i, first + i, codes[i]);
  return TRUE;
}

static gboolean take_rows(Component *c, GError **error) {
  g_array_sort(c->rows, compare_numbers);
  c->next_row = (const guint64 *)(gpointer)c->rows->data;
  gboolean good = record_scan_rows(snapshot_record(c->snapshot), c->next_row, c->rows->len, take_batch, c, error);
  g_array_set_size(c->rows, 0);
  return good;
}

static gboolean walk(Component *c, GError **error) {
  for (guint32 known = 0; known < c->evidence->n_identifiers;) {
    for (; known < c->evidence->n_identifiers; known++)
      if (!add_persons_of(c, known, error))
        return FALSE;
    if (!take_rows(c, error) || !add_linked(c, error))
      return FALSE;
  }
  return TRUE;
}

/* Identifiers that were asked for by hash only have no namespace before an event shows them. */
static gboolean start(Component *c, const guint64 *hashes, guint n, GError **error) {
  for (guint i = 0; i < n; i++) {
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(Place));
    gboolean shared;
    g_hash_table_add(c->starts, g_memdup2(&hashes[i], sizeof *hashes));
    if (!snapshot_places(c->snapshot, hashes[i], places, &shared, error))
      return FALSE;
    for (guint p = 0; p < places->len; p++)
      if (!add_person(c, g_array_index(places, Place, p), error))
        return FALSE;
  }
  return take_rows(c, error) && add_linked(c, error);
}

/* --- the resolver's input ----------------------------------------------------------------------- */
static void make_identifiers(Component *c) {
  guint32 n = c->evidence->n_identifiers;
  c->identifiers = g_new0(ResolveIdentifier, n + 1);
  for (guint32 i = 0; i < n; i++) {
    c->identifiers[i].hash = c->evidence->identifiers[i].hash;
    c->identifiers[i].space = c->evidence->identifiers[i].space;
  }
  c->input.identifiers = c->identifiers;
  c->input.n_identifiers = n;
}

/* The tuples of the evidence, then one for every identifier alone. */
static void make_tuples(Component *c) {
  const Evidence *evidence = c->evidence;
  guint32 n_tuples = evidence->n_tuples, n = evidence->n_identifiers;
  c->tuple_start = g_new(guint32, (gsize)n_tuples + n + 1);
  c->tuple_members = g_new(guint32, (gsize)evidence->n_members + n + 1);
  for (guint32 t = 0; t < n_tuples; t++)
    c->tuple_start[t] = evidence->tuples[t].start;
  for (guint32 k = 0; k < evidence->n_members; k++)
    c->tuple_members[k] = evidence->members[k];
  for (guint32 i = 0; i <= n; i++) {
    c->tuple_start[n_tuples + i] = evidence->n_members + i;
    c->tuple_members[evidence->n_members + i] = i;
  }
  for (guint e = 0; e < c->events->len; e++) {
    guint32 *tuple = &g_array_index(c->events, ResolveEvent, e).tuple;
    *tuple = code_is_tuple(*tuple) ? code_number(*tuple) : n_tuples + code_number(*tuple);
  }
  c->input.tuple_start = c->tuple_start;
  c->input.tuple_members = c->tuple_members;
  c->input.n_tuples = n_tuples + n;
}

static void make_events(Component *c) {
  g_array_sort(c->events, compare_events);
  c->input.events = (const ResolveEvent *)(gpointer)c->events->data;
  c->input.n_events = c->events->len;
  guint n = c->evidence->aliases->len;
  c->aliases = g_new(ResolveAlias, n + 1);
  for (guint a = 0; a < n; a++) {
    EvidenceAlias alias = g_array_index(c->evidence->aliases, EvidenceAlias, a);
    c->aliases[a] = (ResolveAlias){alias.time_ms, alias.row, alias.from, alias.to};
  }
  qsort(c->aliases, n, sizeof *c->aliases, compare_events);
  c->input.aliases = c->aliases;
  c->input.n_aliases = n;
  c->output.event_person = g_new0(guint64, (gsize)c->events->len + 1);
  c->output.event_visit = g_new0(guint32, (gsize)c->events->len + 1);
  c->output.identifier_person = g_new0(guint64, (gsize)c->input.n_identifiers + 1);
  c->output.reasons = g_array_new(FALSE, FALSE, sizeof(Reason));
}

static void choose_links(Component *c) {
  for (guint l = 0; l < c->all_links->len; l++) {
    Link link = g_array_index(c->all_links, Link, l);
    guint32 known;
    if (evidence_find(c->evidence, link.a, &known) || evidence_find(c->evidence, link.b, &known))
      g_array_append_val(c->links, link);
  }
}

static void read_limits(Component *c) {
  c->input.max_links = c->identity->max_links;
  c->input.set_size_max = c->identity->set_size_max;
  c->input.spaces = snapshot_spaces(c->snapshot);
}

Component *component_gather(Snapshot *snapshot, const guint64 *hashes, guint n, GError **error) {
  g_autoptr(Component) c = g_new0(Component, 1);
  Record *record = snapshot_record(snapshot);
  c->snapshot = snapshot_ref(snapshot);
  c->identity = identity_read(record);
  c->evidence = evidence_new(c->identity);
  c->batch = batch_new(record_spaces(record), record_key(record));
  c->persons = g_hash_table_new(NULL, NULL);
  c->starts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  c->rows = g_array_new(FALSE, FALSE, sizeof(guint64));
  c->events = g_array_new(FALSE, FALSE, sizeof(ResolveEvent));
  c->shared = g_array_new(FALSE, FALSE, sizeof(guint32));
  c->links = g_array_new(FALSE, FALSE, sizeof(Link));
  c->all_links = record_links(record, FALSE, error);
  if (!c->all_links || !start(c, hashes, n, error) || !walk(c, error))
    return NULL;
  read_limits(c);
  make_identifiers(c);
  make_tuples(c);
  make_events(c);
  choose_links(c);
  return g_steal_pointer(&c);
}

void component_free(Component *c) {
  if (!c)
    return;
  GArray *arrays[] = {c->all_links, c->links, c->rows, c->events, c->shared, c->output.reasons};
  for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
    if (arrays[i])
      g_array_unref(arrays[i]);
  g_clear_pointer(&c->persons, g_hash_table_unref);
  g_clear_pointer(&c->starts, g_hash_table_unref);
  evidence_free(c->evidence);
  identity_free(c->identity);
  batch_free(c->batch);
  g_free(c->identifiers);
  g_free(c->aliases);
  g_free(c->tuple_start);
  g_free(c->tuple_members);
  g_free(c->output.event_person);
  g_free(c->output.event_visit);
  g_free(c->output.identifier_person);
  snapshot_unref(c->snapshot);
  g_free(c);
}

/* --- asking -------------------------------------------------------------------------------------- */
void component_resolve(Component *c, const GArray *links) {
  const GArray *chosen = links ? links : c->links;
  c->input.links = (const Link *)(gpointer)chosen->data;
  c->input.n_links = chosen->len;
  for (guint32 i = 0; i < c->input.n_identifiers; i++)
    c->identifiers[i].shared = FALSE;
  for (guint i = 0; i < c->shared->len; i++)
    c->identifiers[g_array_index(c->shared, guint32, i)].shared = TRUE;
  g_array_set_size(c->output.reasons, 0);
  resolve(&c->input, &c->output);
}

const ResolveInput *component_input(const Component *c) {
  return &c->input;
}

const ResolveOutput *component_output(const Component *c) {
  return &c->output;
}

gboolean component_find(const Component *c, guint64 hash, guint32 *identifier) {
  return evidence_find(c->evidence, hash, identifier);
}

const GArray *component_links(const Component *c) {
  return c->links;
}
