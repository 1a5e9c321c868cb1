/* SPDX-License-Identifier: Apache-2.0
 * check.c: each check returns what is wrong as a static text, or NULL. */
#include "journey/check.h"

#include "base/clock.h"
#include "journey/identity.h"

static const char *check_persons(const Block *block) {
  if (block->person_start[0] != 0 || block->person_start[block->n_persons] != block->n_events)
    return "its persons do not cover its events";
  for (guint32 p = 0; p < block->n_persons; p++) {
    if (block->person_start[p] >= block->person_start[p + 1])
      return "a person has no events";
    if (p && block->person_id[p - 1] >= block->person_id[p])
      return "its persons are out of order";
    if ((block->person_id[p] < IDENTITY_NOBODY_END) != block->unidentified)
      return "an unidentified person stands among the others";
    if (!bit_at(block->ends, block->person_start[p + 1] - 1))
      return "the last event of a person is not marked";
  }
  return NULL;
}

static guint32 count_bits(const guint64 *bitmap, guint32 n) {
  guint32 bits = 0;
  for (guint32 word = 0; bitmap && word < (n + 63) / 64; word++)
    bits += (guint32)__builtin_popcountll(bitmap[word]);
  return bits;
}

static const char *check_bitmaps(const Block *block) {
  const guint64 *bitmaps[] = {block->ends,   block->touch,     block->web,      block->company,
                              block->system, block->converses, block->excluded, block->has_value};
  if (count_bits(block->ends, block->n_events) != block->n_persons)
    return "it marks more last events than persons";
  for (guint i = 0; i < G_N_ELEMENTS(bitmaps); i++)
    if (bitmaps[i] && block->n_events % 64 && bitmaps[i][block->n_events / 64] >> (block->n_events % 64))
      return "a bitmap goes on past its end";
  return NULL;
}

static const char *check_events(const Block *block, guint64 through) {
  for (guint32 p = 0; p < block->n_persons; p++)
    for (guint32 i = block->person_start[p]; i < block->person_start[p + 1]; i++) {
      gint64 time_ms = block_time_ms(block, i);
      if (block_row(block, i) == 0 || block_row(block, i) > through)
        return "an event has a number that the record has not given";
      if (time_ms < TIME_MS_MIN || time_ms >= TIME_MS_MAX)
        return "an event has an impossible time";
      if (i == block->person_start[p])
        continue;
      gint64 before_ms = block_time_ms(block, i - 1);
      if (before_ms > time_ms || (before_ms == time_ms && block_row(block, i - 1) >= block_row(block, i)))
        return "events of a person are out of order";
    }
  return NULL;
}

static const char *check_block(const Block *block, guint64 through) {
  const char *wrong = check_persons(block);
  if (wrong == NULL)
    wrong = check_bitmaps(block);
  return wrong ? wrong : check_events(block, through);
}

typedef struct {
  guint64 persons, events, last_id;
} Tally;

static const char *tally_block(const Block *block, Tally *tally) {
  for (guint32 p = 0; p < block->n_persons; p++) {
    if (bit_at(block->dead, p))
      continue;
    tally->persons += !block->unidentified;
    tally->events += block->person_start[p + 1] - block->person_start[p];
  }
  gboolean order = block->person_id[0] == 0 || block->person_id[0] > tally->last_id;
  tally->last_id = MAX(tally->last_id, block->person_id[block->n_persons - 1]);
  return order ? NULL : "its persons should stand in another block";
}

static void check_level(const Snapshot *snapshot, guint level, Tally *tally, GPtrArray *findings) {
  Segment *segment = snapshot_segment(snapshot, level);
  const char *name = segment_path(segment) ? segment_path(segment) : "the index in memory";
  guint first = snapshot_first_block(snapshot, level), end = snapshot_first_block(snapshot, level + 1);
  tally->last_id = 0;
  for (guint i = first; i < end; i++) {
    g_autoptr(GError) problem = NULL;
    Block block;
    const char *wrong = NULL;
    if (!snapshot_block(snapshot, i, &block, &problem))
      wrong = problem->message;
    else if (!(wrong = check_block(&block, snapshot_through(snapshot))))
      wrong = tally_block(&block, tally);
    if (wrong)
      g_ptr_array_add(findings, g_strdup_printf("%s, block %u: %s", name, i - first, wrong));
  }
}

static void check_identifiers(const Snapshot *snapshot, guint level, GPtrArray *findings) {
  Segment *segment = snapshot_segment(snapshot, level);
  guint64 persons = segment_block_first(segment, segment_info(segment)->n_blocks);
  SegmentIdentifier before = {0}, one;
  for (guint64 i = 0; i < segment_info(segment)->n_identifiers; i++, before = one) {
    g_autoptr(GError) problem = NULL;
    const char *wrong = NULL;
    if (!segment_identifier(segment, i, &one, &problem))
      wrong = problem->message;
    else if (i && (before.hash > one.hash || (before.hash == one.hash && before.ordinal >= one.ordinal)))
      wrong = "they are out of order";
    else if (one.shared ? one.ordinal != ORDINAL_NONE : one.ordinal >= persons)
      wrong = "one leads to nobody";
    if (wrong) {
      g_ptr_array_add(findings, g_strdup_printf("level %u, identifiers: %s", level, wrong));
      return;
    }
  }
}

void check_snapshot(const Snapshot *snapshot, GPtrArray *findings) {
  Tally tally = {0};
  guint before = findings->len;
  for (guint level = 0; level < snapshot_levels(snapshot); level++) {
    check_level(snapshot, level, &tally, findings);
    check_identifiers(snapshot, level, findings);
  }
  if (findings->len == before && (tally.persons != snapshot_persons(snapshot) || tally.events != snapshot_events(snapshot)))
    g_ptr_array_add(findings, g_strdup("the index does not count its persons and events right"));
}
