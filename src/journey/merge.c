/* SPDX-License-Identifier: Apache-2.0
 * merge.c: who lives is listed first, in order; that plans the blocks, which are then copied on all cores.
 * Blocks of unidentified events hold fixed stretches of arrival numbers, so those of one stretch are joined. */
#include "journey/merge.h"

#include "base/error.h"
#include "journey/fact.h"
#include "journey/identity.h"
#include "journey/segment_writer.h"
#include "record/batch.h"
#include <stdlib.h>
#include <string.h>

enum { GROUP_SHIFT = 16 }; /* as in build.c */

typedef struct { /* a living person */
  guint64 id, ordinal;
  guint32 level, n_events;
} Living;

typedef struct { /* a block of unidentified events */
  guint64 group;
  guint level, block;
} Stretch;

typedef struct {
  const Snapshot *snapshot;
  guint from;
  Living *living;
  gsize n_living;
  GArray *plan;          /* of guint32 */
  GArray *stretches;     /* of Stretch, by group */
  GArray *groups;        /* of guint32: first stretches, and their number at the end */
  guint32 **new_ordinal; /* by level: old ordinal to new, ORDINAL_NONE for the dead */
} Merge;

static gboolean no_memory(GError **error) {
  return error_set(error, ERROR_LIMIT, "no memory to merge the levels of the index");
}

/* --- who lives -------------------------------------------------------------------------------- */

static gboolean list_level(Merge *merge, guint level, GError **error) {
  guint end = snapshot_first_block(merge->snapshot, level + 1);
  guint64 ordinal = 0;
  for (guint i = snapshot_first_block(merge->snapshot, level); i < end; i++) {
    Block block;
    if (!snapshot_whole_block(merge->snapshot, i, &block, error))
      return FALSE;
    for (guint32 p = 0; p < block.n_persons; p++, ordinal++)
      if (block.person_id[p] && !bit_at(block.dead, p))
        merge->living[merge->n_living++] =
            (Living){block.person_id[p], ordinal, level, block.person_start[p + 1] - block.person_start[p]};
    if (block.person_id[0])
      continue;
    Stretch stretch = {block_row(&block, 0) >> GROUP_SHIFT, level, i};
    g_array_append_val(merge->stretches, stretch);
  }
  return TRUE;
}

static int compare_living(const void *a, const void *b) {
  const Living *x = a, *y = b;
  return (x->id > y->id) - (x->id < y->id);
}

/* Two ascending runs that stand behind each other become one. */
static void merge_runs(Living *runs, Living *scratch, gsize first, gsize second) {
  gsize a = 0, b = first, end = first + second, at = 0;
  while (a < first && b < end)
    scratch[at++] = compare_living(&runs[a], &runs[b]) <= 0 ? runs[a++] : runs[b++];
  memcpy(scratch + at, runs + a, (first - a) * sizeof *runs);
  at += first - a;
  memcpy(runs, scratch, at * sizeof *runs); /* what is left of the second run stands in its place already */
}

static gboolean list_living(Merge *merge, GError **error) {
  guint64 most = 0;
  for (guint level = merge->from; level < snapshot_levels(merge->snapshot); level++)
    most += segment_block_first(snapshot_segment(merge->snapshot, level),
                                segment_info(snapshot_segment(merge->snapshot, level))->n_blocks);
  merge->living = g_try_new(Living, most + 1);
  g_autofree Living *scratch = g_try_new(Living, most + 1);
  if (merge->living == NULL || scratch == NULL)
    return no_memory(error);
  for (guint level = snapshot_levels(merge->snapshot); level-- > merge->from;) { /* the large one last: small ones move twice */
    gsize before = merge->n_living;
    Living *begin = merge->living;
    if (!list_level(merge, level, error))
      return FALSE;
    merge_runs(begin, scratch, before, merge->n_living - before);
  }
  return TRUE;
}

static int compare_stretches(const void *a, const void *b) {
  const Stretch *x = a, *y = b;
  return x->group != y->group ? (x->group < y->group ? -1 : 1) : (x->level > y->level) - (x->level < y->level);
}

static void plan_groups(Merge *merge) {
  if (merge->stretches->len)
    qsort(merge->stretches->data, merge->stretches->len, sizeof(Stretch), compare_stretches);
  merge->groups = g_array_new(FALSE, FALSE, sizeof(guint32));
  for (guint32 i = 0; i < merge->stretches->len; i++)
    if (i == 0 || g_array_index(merge->stretches, Stretch, i).group != g_array_index(merge->stretches, Stretch, i - 1).group)
      g_array_append_val(merge->groups, i);
  guint32 end = merge->stretches->len;
  g_array_append_val(merge->groups, end);
}

static gboolean plan_persons(Merge *merge, GError **error) {
  g_autofree guint32 *n_events = g_try_new(guint32, merge->n_living + 1);
  g_autofree guint64 *ids = g_try_new(guint64, merge->n_living + 1);
  if (n_events == NULL || ids == NULL || merge->n_living >= ORDINAL_NONE)
    return no_memory(error);
  for (gsize i = 0; i < merge->n_living; i++) {
    n_events[i] = merge->living[i].n_events;
    ids[i] = merge->living[i].id;
  }
  merge->plan = segment_plan(ids, n_events, merge->n_living);
  return TRUE;
}

/* Whoever only gained events lives on further up; what lower levels say of its identifiers stays true. */
static gboolean number_carried(Merge *merge, guint level, guint64 id, guint64 ordinal, GError **error) {
  for (guint i = level; i-- > merge->from;) {
    guint64 before;
    int found = segment_find(snapshot_segment(merge->snapshot, i), id, &before, error);
    if (found < 0)
      return FALSE;
    if (found && merge->new_ordinal[i])
      merge->new_ordinal[i][before] = merge->new_ordinal[level][ordinal];
    if (found || segment_replaces(snapshot_segment(merge->snapshot, i), id))
      break;
  }
  return TRUE;
}

static gboolean number_all_carried(Merge *merge, guint level, GError **error) {
  Segment *segment = snapshot_segment(merge->snapshot, level);
  gsize n;
  const guint64 *ids = segment_carried(segment, &n);
  for (gsize k = 0; k < n; k++) {
    guint64 ordinal;
    int found = segment_find(segment, ids[k], &ordinal, error);
    if (found < 0 || (found && !number_carried(merge, level, ids[k], ordinal, error)))
      return FALSE;
  }
  return TRUE;
}

static gboolean number_living(Merge *merge, GError **error) {
  guint n = snapshot_levels(merge->snapshot);
  merge->new_ordinal = g_new0(guint32 *, n);
  for (guint level = merge->from; level < n; level++) {
    Segment *segment = snapshot_segment(merge->snapshot, level);
    gsize size = (segment_block_first(segment, segment_info(segment)->n_blocks) + 1) * sizeof(guint32);
    gsize carried;
    segment_carried(segment, &carried);
    if (segment_info(segment)->n_identifiers == 0 && carried == 0)
      continue;
    if ((merge->new_ordinal[level] = g_try_malloc(size)) == NULL)
      return no_memory(error);
    memset(merge->new_ordinal[level], 0xff, size);
  }
  guint32 before = merge->groups->len - 1;
  for (gsize i = 0; i < merge->n_living; i++) {
    const Living *one = &merge->living[i];
    if (merge->new_ordinal[one->level])
      merge->new_ordinal[one->level][one->ordinal] = before + (guint32)i;
  }
  for (guint level = n; level-- > merge->from;)
    if (!number_all_carried(merge, level, error))
      return FALSE;
  return TRUE;
}

/* --- copying ---------------------------------------------------------------------------------- */

static void copy_events(const Block *block, guint32 from, guint32 n, DraftEvent *events) {
  for (guint32 i = 0; i < n; i++) {
    guint32 at = from + i;
    DraftEvent *event = &events[i];
    *event = (DraftEvent){.time_ms = block_time_ms(block, at),
                          .row = block_row(block, at),
                          .visit = codes_at(&block->visit, at),
                          .event = (guint16)codes_at(&block->event, at),
                          .channel = (guint16)codes_at(&block->channel, at),
                          .touchpoint = (guint16)codes_at(&block->touchpoint, at),
                          .source = (guint16)codes_at(&block->source, at),
                          .currency = (guint16)codes_at(&block->currency, at),
                          .grade = (guint8)codes_at(&block->grade, at),
                          .flags = fact_flags_of_block(block, at)};
    if (block_value(block, at, &event->value_micro))
      event->flags |= FACT_VALUE;
  }
}

static int compare_events(const void *a, const void *b) {
  const DraftEvent *x = a, *y = b;
  return x->time_ms != y->time_ms ? (x->time_ms < y->time_ms ? -1 : 1) : (x->row > y->row) - (x->row < y->row);
}

static gboolean fill_group(const Merge *merge, guint group, Draft *draft, GError **error) {
  guint32 first = g_array_index(merge->groups, guint32, group), end = g_array_index(merge->groups, guint32, group + 1), n = 0;
  Block block;
  for (guint32 i = first; i < end; i++) {
    if (!snapshot_block(merge->snapshot, g_array_index(merge->stretches, Stretch, i).block, &block, error))
      return FALSE;
    n += block.n_events;
  }
  DraftEvent *events = draft_person(draft, 0, n, error);
  if (events == NULL)
    return FALSE;
  draft->unidentified = TRUE;
  n = 0;
  for (guint32 i = first; i < end; i++) {
    if (!snapshot_block(merge->snapshot, g_array_index(merge->stretches, Stretch, i).block, &block, error))
      return FALSE;
    copy_events(&block, 0, block.n_events, events + n);
    n += block.n_events;
  }
  if (end - first > 1)
    qsort(events, n, sizeof *events, compare_events);
  return TRUE;
}

static gboolean fill_persons(const Merge *merge, guint block, Draft *draft, GError **error) {
  guint32 end = g_array_index(merge->plan, guint32, block + 1);
  for (guint32 i = g_array_index(merge->plan, guint32, block); i < end; i++) {
    const Living *one = &merge->living[i];
    Segment *segment = snapshot_segment(merge->snapshot, one->level);
    guint from = segment_block_of(segment, one->ordinal);
    guint32 person = (guint32)(one->ordinal - segment_block_first(segment, from));
    Block data;
    if (!segment_block(segment, from, &data, error))
      return FALSE;
    DraftEvent *events = draft_person(draft, one->id, one->n_events, error);
    if (events == NULL)
      return FALSE;
    draft->unidentified = one->id < IDENTITY_NOBODY_END;
    copy_events(&data, data.person_start[person], one->n_events, events);
    if (block_settled(&data, person))
      draft_settle(draft);
  }
  return TRUE;
}

static gboolean fill_block(guint block, guint worker, Draft *draft, gpointer user, GError **error) {
  const Merge *merge = user;
  guint groups = merge->groups->len - 1;
  return block < groups ? fill_group(merge, block, draft, error) : fill_persons(merge, block - groups, draft, error);
}

/* --- identifiers and what is replaced ---------------------------------------------------------- */

static int compare_identifiers(const void *a, const void *b) {
  const SegmentIdentifier *x = a, *y = b;
  return x->hash != y->hash ? (x->hash < y->hash ? -1 : 1) : (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static gboolean list_identifiers(const Merge *merge, guint level, GArray *out, GError **error) {
  Segment *segment = snapshot_segment(merge->snapshot, level);
  for (guint64 i = 0; i < segment_info(segment)->n_identifiers; i++) {
    SegmentIdentifier one;
    if (!segment_identifier(segment, i, &one, error))
      return FALSE;
    if (!one.shared)
      one.ordinal = merge->new_ordinal[level][one.ordinal];
    if (one.shared || one.ordinal != G_MAXUINT32)
      g_array_append_val(out, one);
  }
  return TRUE;
}

/* Shared identifiers are told by every level that met them. */
static void drop_repeated(GArray *identifiers) {
  SegmentIdentifier *all = (SegmentIdentifier *)identifiers->data;
  guint kept = 0;
  for (guint i = 0; i < identifiers->len; i++)
    if (kept == 0 || compare_identifiers(&all[kept - 1], &all[i]) != 0)
      all[kept++] = all[i];
  g_array_set_size(identifiers, kept);
}

static gboolean write_identifiers(const Merge *merge, SegmentWriter *writer, GError **error) {
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(SegmentIdentifier));
  for (guint level = merge->from; level < snapshot_levels(merge->snapshot); level++)
    if (!list_identifiers(merge, level, all, error))
      return FALSE;
  qsort(all->data, all->len, sizeof(SegmentIdentifier), compare_identifiers);
  drop_repeated(all);
  return segment_writer_identifiers(writer, (const SegmentIdentifier *)all->data, all->len, error);
}

static int compare_u64(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

typedef const guint64 *(*IdsFunc)(const Segment *segment, gsize *n);

/* The ids of all levels, each once; none for a merge of all. */
static GArray *list_ids(const Merge *merge, IdsFunc ids_of) {
  GArray *ids = g_array_new(FALSE, FALSE, sizeof(guint64));
  for (guint level = merge->from; merge->from && level < snapshot_levels(merge->snapshot); level++) {
    gsize n;
    const guint64 *some = ids_of(snapshot_segment(merge->snapshot, level), &n);
    g_array_append_vals(ids, some, (guint)n);
  }
  g_array_sort(ids, compare_u64);
  guint kept = 0;
  for (guint i = 0; i < ids->len; i++)
    if (kept == 0 || g_array_index(ids, guint64, kept - 1) != g_array_index(ids, guint64, i))
      g_array_index(ids, guint64, kept++) = g_array_index(ids, guint64, i);
  g_array_set_size(ids, kept);
  return ids;
}

/* Only who was carried by every level that replaced it. Ids that only levels within the merge knew name nobody below
 * and do no harm. */
static GArray *list_carried(const Merge *merge) {
  GArray *ids = list_ids(merge, segment_carried);
  guint kept = 0;
  for (guint i = 0; i < ids->len; i++) {
    guint64 id = g_array_index(ids, guint64, i);
    gboolean always = TRUE;
    for (guint level = merge->from; always && level < snapshot_levels(merge->snapshot); level++) {
      const Segment *segment = snapshot_segment(merge->snapshot, level);
      always = !segment_replaces(segment, id) || segment_carries(segment, id);
    }
    if (always)
      g_array_index(ids, guint64, kept++) = id;
  }
  g_array_set_size(ids, kept);
  return ids;
}

static void merge_clear(Merge *merge) {
  for (guint level = 0; merge->new_ordinal && level < snapshot_levels(merge->snapshot); level++)
    g_free(merge->new_ordinal[level]);
  g_free(merge->new_ordinal);
  g_free(merge->living);
  g_array_unref(merge->stretches);
  if (merge->plan)
    g_array_unref(merge->plan);
  if (merge->groups)
    g_array_unref(merge->groups);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Merge, merge_clear)

Segment *merge_levels(const Snapshot *snapshot, guint from, const MergeTarget *target, GError **error) {
  g_auto(Merge) merge = {.snapshot = snapshot, .from = from, .stretches = g_array_new(FALSE, FALSE, sizeof(Stretch))};
  if (!list_living(&merge, error) || !plan_persons(&merge, error))
    return NULL;
  plan_groups(&merge);
  if (!number_living(&merge, error))
    return NULL;
  g_autoptr(SegmentWriter) writer =
      segment_writer_new(target->path, record_id(snapshot_record(snapshot)), snapshot_through(snapshot), error);
  guint blocks = merge.groups->len - 1 + merge.plan->len - 1;
  if (writer == NULL || !segment_writer_blocks(writer, target->threads, blocks, fill_block, &merge, error) ||
      !write_identifiers(&merge, writer, error))
    return NULL;
  g_autoptr(GArray) replaced = list_ids(&merge, segment_replaced), carried = list_carried(&merge);
  segment_writer_replaced(writer, (const guint64 *)replaced->data, replaced->len);
  segment_writer_carried(writer, (const guint64 *)carried->data, carried->len);
  return segment_writer_finish(writer, error);
}
