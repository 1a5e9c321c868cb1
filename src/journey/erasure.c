/* SPDX-License-Identifier: Apache-2.0 */
#include "journey/erasure.h"

#include "base/error.h"
#include "journey/levels.h"
#include <stdlib.h>

void erasure_parts_clear(ErasureParts *parts) {
  g_clear_pointer(&parts->identifiers, g_array_unref);
  g_clear_pointer(&parts->rows, g_array_unref);
}

static int compare_u64(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

static void sort_distinct(GArray *numbers) {
  guint kept = 0;
  g_array_sort(numbers, compare_u64);
  for (guint i = 0; i < numbers->len; i++)
    if (kept == 0 || g_array_index(numbers, guint64, kept - 1) != g_array_index(numbers, guint64, i))
      g_array_index(numbers, guint64, kept++) = g_array_index(numbers, guint64, i);
  g_array_set_size(numbers, kept);
}

static gboolean gather_rows(const Snapshot *snapshot, Place place, ErasureParts *parts, GError **error) {
  Segment *segment = snapshot_segment(snapshot, place.level);
  guint i = segment_block_of(segment, place.ordinal);
  guint32 person = (guint32)(place.ordinal - segment_block_first(segment, i));
  Block block;
  if (!segment_block(segment, i, &block, error))
    return FALSE;
  parts->person = block.person_id[person];
  for (guint32 event = block.person_start[person]; event < block.person_start[person + 1]; event++) {
    guint64 row = block_row(&block, event);
    g_array_append_val(parts->rows, row);
  }
  g_array_sort(parts->rows, compare_u64);
  return TRUE;
}

typedef struct {
  Batch *batch;
  ErasureParts *parts;
  guint at; /* of the rows */
} Reading;

static gboolean read_batch(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user, GError **error) {
  Reading *reading = user;
  GArray *rows = reading->parts->rows;
  const BatchFacts *facts;
  if (!batch_open(reading->batch, blob, size, error) || !(facts = batch_facts(reading->batch, error)))
    return FALSE;
  for (; reading->at < rows->len && g_array_index(rows, guint64, reading->at) < first + facts->n; reading->at++) {
    guint i = (guint)(g_array_index(rows, guint64, reading->at) - first);
    for (guint32 k = facts->first_identifier[i]; k < facts->first_identifier[i + 1]; k++)
      g_array_append_val(reading->parts->identifiers, facts->identifier[k]);
  }
  return TRUE;
}

/* Of the identifiers that could be the person's, those that are. */
static gboolean keep_own(const Snapshot *snapshot, Place place, GArray *identifiers, GError **error) {
  guint kept = 0;
  sort_distinct(identifiers);
  for (guint i = 0; i < identifiers->len; i++) {
    Place owner;
    int found = snapshot_present(snapshot, g_array_index(identifiers, guint64, i), &owner, error);
    if (found < 0)
      return FALSE;
    if (found && owner.level == place.level && owner.ordinal == place.ordinal)
      g_array_index(identifiers, guint64, kept++) = g_array_index(identifiers, guint64, i);
  }
  g_array_set_size(identifiers, kept);
  return TRUE;
}

static gboolean gather_identifiers(const Snapshot *snapshot, Place place, ErasureParts *parts, GError **error) {
  Record *record = snapshot_record(snapshot);
  g_autoptr(Batch) batch = batch_new(record_spaces(record), record_key(record));
  g_autoptr(GArray) links = record_links(record, TRUE, error);
  Reading reading = {batch, parts, 0};
  if (links == NULL || !record_scan_rows(record, (const guint64 *)parts->rows->data, parts->rows->len, read_batch, &reading, error))
    return FALSE;
  for (guint i = 0; i < links->len; i++) { /* merged identifiers may have no event */
    g_array_append_val(parts->identifiers, g_array_index(links, Link, i).a);
    g_array_append_val(parts->identifiers, g_array_index(links, Link, i).b);
  }
  g_array_append_val(parts->identifiers, parts->person);
  return keep_own(snapshot, place, parts->identifiers, error);
}

gboolean erasure_gather(const Snapshot *snapshot, guint64 identifier, ErasureParts *out, GError **error) {
  Place place;
  g_auto(ErasureParts) parts = {.identifiers = g_array_new(FALSE, FALSE, sizeof(guint64)),
                                .rows = g_array_new(FALSE, FALSE, sizeof(guint64)),
                                .through = snapshot_through(snapshot)};
  int found = snapshot_present(snapshot, identifier, &place, error);
  if (found < 0)
    return FALSE;
  if (found == 0)
    return error_set(error, ERROR_NOT_FOUND, "nobody is known by this identifier");
  if (!gather_rows(snapshot, place, &parts, error) || !gather_identifiers(snapshot, place, &parts, error))
    return FALSE;
  *out = parts;
  parts = (ErasureParts){0};
  return TRUE;
}

Erasure erasure_of(const ErasureParts *parts) {
  return (Erasure){.identifiers = (const guint64 *)parts->identifiers->data,
                   .n_identifiers = parts->identifiers->len,
                   .rows = (const guint64 *)parts->rows->data,
                   .n_rows = parts->rows->len,
                   .through = parts->through};
}
