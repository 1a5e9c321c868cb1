// SPDX-License-Identifier: Apache-2.0
#include "exchange/plain_ids.h"

#include "base/error.h"

enum { KINDS_MAX = 8 };

struct PlainIds {
  guint n, n_blocks;
  guint8 spaces[KINDS_MAX];
  guint32 *first;  /* per block: its first person among all; n_blocks + 1 */
  guint64 *places; /* by kind, then person: where the text begins, + 1; 0 none */
  guint8 *owns;    /* likewise: it is the owner, so nothing takes its place */
  GString *texts;  /* each ends with NUL */
};

typedef struct {
  PlainIds *ids;
  const Question *question;
  Batch *batch;
  Event *event;
} Reading;

static gboolean make_room(PlainIds *ids, const Snapshot *snapshot, GError **error) {
  ids->n_blocks = snapshot_blocks(snapshot);
  ids->first = g_new0(guint32, ids->n_blocks + 1);
  for (guint block = 0; block < ids->n_blocks; block++) {
    Block data;
    if (!snapshot_block(snapshot, block, &data, error))
      return FALSE;
    ids->first[block + 1] = ids->first[block] + data.n_persons;
  }
  gsize slots = (gsize)ids->first[ids->n_blocks] * ids->n;
  ids->places = g_try_new0(guint64, MAX(slots, 1));
  ids->owns = g_try_new0(guint8, MAX(slots, 1));
  return (ids->places && ids->owns) || error_set(error, ERROR_LIMIT, "not enough memory for the ids of all persons");
}

static gboolean keep_text(Reading *reading, guint index, guint8 space, guint64 hash, guint64 *place, GError **error) {
  const Names *names = snapshot_names(reading->question->snapshot);
  GString *texts = reading->ids->texts;
  if (!batch_event(reading->batch, index, names, reading->event, error))
    return FALSE;
  for (guint i = 0; i < reading->event->n_identifiers; i++) {
    const Identifier *identifier = &reading->event->identifiers[i];
    if (identifier->space != space || identifier->hash.low != hash || identifier->value.size == 0)
      continue;
    *place = texts->len + 1;
    g_string_append_len(texts, identifier->value.at, identifier->value.size);
    g_string_append_c(texts, '\0');
    return TRUE;
  }
  return TRUE;
}

static gboolean take(Reading *reading, guint event, guint8 space, guint64 hash, GError **error) {
  PlainIds *ids = reading->ids;
  guint kind = 0, block;
  guint32 person;
  Block data;
  while (kind < ids->n && ids->spaces[kind] != space)
    kind++;
  if (kind == ids->n || !snapshot_find(reading->question->snapshot, hash, &block, &person))
    return TRUE;
  gsize slot = (gsize)kind * ids->first[ids->n_blocks] + ids->first[block] + person;
  if (ids->owns[slot])
    return TRUE;
  if (!snapshot_block(reading->question->snapshot, block, &data, error))
    return FALSE;
  ids->owns[slot] = data.person_id[person] == hash;
  return (ids->places[slot] && !ids->owns[slot]) || keep_text(reading, event, space, hash, &ids->places[slot], error);
}

static gboolean read_batch(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user, GError **error) {
  Reading *reading = user;
  const BatchFacts *facts;
  (void)first;
  (void)n;
  (void)import_id;
  if (!batch_open(reading->batch, blob, size, error) || !(facts = batch_facts(reading->batch, error)))
    return FALSE;
  for (guint event = 0; event < facts->n; event++)
    for (guint32 k = facts->first_identifier[event]; k < facts->first_identifier[event + 1]; k++)
      if (!take(reading, event, facts->space[k], facts->identifier[k], error))
        return FALSE;
  return TRUE;
}

PlainIds *plain_ids_new(const Question *question, const guint8 *spaces, guint n, GError **error) {
  const Spaces *known = snapshot_spaces(question->snapshot);
  g_autoptr(PlainIds) ids = g_new0(PlainIds, 1);
  Record *record = snapshot_record(question->snapshot);
  ids->texts = g_string_new(NULL);
  ids->n = n;
  g_assert(n <= KINDS_MAX);
  for (guint i = 0; i < n; i++)
    ids->spaces[i] = known->spaces[spaces[i]].plain ? spaces[i] : G_MAXUINT8;
  if (!make_room(ids, question->snapshot, error))
    return NULL;
  Reading reading = {ids, question, batch_new(known, record_key(record)), g_new0(Event, 1)};
  gboolean good = record_scan(record, 0, snapshot_through(question->snapshot) + 1, read_batch, &reading, error);
  batch_free(reading.batch);
  g_free(reading.event);
  return good ? g_steal_pointer(&ids) : NULL;
}

void plain_ids_free(PlainIds *ids) {
  if (!ids)
    return;
  g_free(ids->first);
  g_free(ids->places);
  g_free(ids->owns);
  g_string_free(ids->texts, TRUE);
  g_free(ids);
}

Text plain_ids_text(const PlainIds *ids, guint i, guint block, guint32 person) {
  guint64 place = ids->places[(gsize)i * ids->first[ids->n_blocks] + ids->first[block] + person];
  return text_of(place ? ids->texts->str + place - 1 : NULL);
}
