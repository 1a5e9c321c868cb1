/* SPDX-License-Identifier: Apache-2.0
 * build.c: from the record to blocks in five steps.
 *
 *   record ──scan──► facts, 40 bytes each, in pieces; evidence of each thread
 *                      │
 *          evidence ──people──► persons, their order and number of events ──plan──► blocks
 *                      │
 *            facts ──scatter──► facts by block ──sort each, visits, columns──► segment
 *
 * Numbers of events a person are known before any fact moves, so each fact goes straight to its block and there
 * is no sort over all. Scattering is free in its order within a block; sorting by (person, time, row) there makes
 * the bytes the same on any number of threads. */
#include "journey/build.h"

#include "base/error.h"
#include "base/parallel.h"
#include "journey/fact.h"
#include "journey/people.h"
#include "journey/person_visits.h"
#include "journey/segment_writer.h"
#include "journey/spill.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
  WORKERS_MAX = 64,
  RANGES_PER_THREAD = 16,
  GROUP_SHIFT = 16, /* a block of unidentified events holds those of 65,536 arrival numbers */
  COMPONENTS_PER_TASK = 64,
  CHUNK_SHIFT = 8,  /* persons per entry of the table that finds a person's block */
  PLACE_SHIFT = 48, /* of a scattered fact: person in the block above, time below */
};

typedef struct { /* facts of one scan, all by one worker */
  Spill spill;
  gsize n;
  guint worker;
} Piece;

typedef struct {  /* where events with one of a worker's codes go */
  guint32 code;   /* what the code is called by everybody */
  guint32 number; /* person or component; later the person's ordinal */
  guint32 device;
} Target;

typedef struct { /* what a thread has of its own */
  Batch *batch;
  Evidence *evidence;
  guint32 codes[BATCH_EVENTS_MAX];
  guint8 wanted[BATCH_EVENTS_MAX];
  guint32 *group_events; /* unidentified events by arrival number >> GROUP_SHIFT */
  Target *identifiers, *tuples;
  guint32 n_identifiers, n_tuples;
  PersonVisits *visits;
  Fact **sorted;
  guint32 *numbers; /* visits */
  gsize sorted_size;
} Worker;

struct Build {
  Record *record;
  BuildOptions options;
  GArray *pieces; /* of Piece */
  Worker *workers[WORKERS_MAX];
  guint64 row_base; /* a multiple of the group's size; rows are relative to it */
  guint64 groups;
  gsize n_events;
  People *people;
  GArray *block_person; /* of guint32: first persons of identified blocks, and their number at the end */
  guint32 *block_of_chunk;
  GArray *block_group; /* of guint32: groups that have events */
  guint32 *block_of_group;
  guint64 *block_start; /* n_blocks + 1 offsets into scattered */
  _Atomic guint32 *block_filled;
  Spill scattered;
  atomic_uint tasks_done;
};

Build *build_new(Record *record, const BuildOptions *options) {
  Build *build = g_new0(Build, 1);
  build->record = record;
  build->options = *options;
  build->options.threads = parallel_threads(options->threads);
  build->pieces = g_array_new(FALSE, TRUE, sizeof(Piece));
  build->groups = (options->through >> GROUP_SHIFT) + 1;
  return build;
}

static void worker_free(Worker *worker) {
  if (worker == NULL)
    return;
  batch_free(worker->batch);
  evidence_free(worker->evidence);
  person_visits_free(worker->visits);
  g_free(worker->group_events);
  g_free(worker->identifiers);
  g_free(worker->tuples);
  g_free(worker->sorted);
  g_free(worker->numbers);
  g_free(worker);
}

void build_free(Build *build) {
  if (build == NULL)
    return;
  for (guint i = 0; i < build->pieces->len; i++)
    spill_unmap(&g_array_index(build->pieces, Piece, i).spill);
  g_array_unref(build->pieces);
  for (guint i = 0; i < WORKERS_MAX; i++)
    worker_free(build->workers[i]);
  people_free(build->people);
  if (build->block_person)
    g_array_unref(build->block_person);
  if (build->block_group)
    g_array_unref(build->block_group);
  g_free(build->block_of_chunk);
  g_free(build->block_of_group);
  g_free(build->block_start);
  g_free((void *)build->block_filled);
  spill_unmap(&build->scattered);
  g_free(build);
}

static Worker *worker_of(Build *build, guint i) {
  if (build->workers[i] == NULL) {
    Worker *worker = g_new0(Worker, 1);
    worker->batch = batch_new(record_spaces(build->record), record_key(build->record));
    worker->evidence = evidence_new(build->options.identity);
    worker->visits = person_visits_new();
    worker->group_events = g_new0(guint32, build->groups);
    build->workers[i] = worker;
  }
  return build->workers[i];
}

/* From worker 0 only, which runs on the caller's thread. */
static void progress(Build *build, guint worker, const char *doing, double share) {
  if (worker == 0 && build->options.progress)
    build->options.progress(doing, share, build->options.progress_user);
}

gsize build_events(const Build *build) {
  return build->n_events;
}

const Evidence *build_evidence(const Build *build) {
  return build->workers[0] ? build->workers[0]->evidence : NULL;
}

/* --- scanning --------------------------------------------------------------------------------- */

typedef struct {
  Build *build;
  Worker *worker;
  Piece *piece;
  gsize capacity;
  guint64 from, until;
  const guint64 *rows; /* NULL: all of [from, until) */
  gsize n_rows;
} Scan;

/* Which events of the batch count; TRUE when all do. */
static gboolean mark_wanted(Scan *scan, guint64 first, const BatchFacts *facts, guint *n_wanted) {
  guint8 *wanted = scan->worker->wanted;
  *n_wanted = 0;
  if (scan->rows)
    memset(wanted, 0, facts->n);
  while (scan->n_rows && *scan->rows < first) {
    scan->rows++;
    scan->n_rows--;
  }
  for (; scan->n_rows && *scan->rows < first + facts->n; scan->rows++, scan->n_rows--)
    wanted[*scan->rows - first] = 1;
  for (guint i = 0; i < facts->n; i++) {
    guint64 row = first + i;
    gboolean inside = scan->rows ? wanted[i] : row >= scan->from && row < scan->until;
    wanted[i] = inside && row <= scan->build->options.through && !(facts->flags[i] & FACT_ERASED);
    *n_wanted += wanted[i];
  }
  return *n_wanted == facts->n;
}

static void take_fact(Scan *scan, const BatchFacts *facts, guint i, guint64 row) {
  Worker *worker = scan->worker;
  Fact *fact = (Fact *)scan->piece->spill.data + scan->piece->n++;
  *fact = fact_of_batch(facts, i, (guint32)row);
  fact->who = worker->codes[i];
  if (fact->who == CODE_NONE)
    worker->group_events[row >> GROUP_SHIFT]++;
}

static gboolean scan_batch(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user, GError **error) {
  Scan *scan = user;
  Worker *worker = scan->worker;
  const BatchFacts *facts;
  guint n_wanted;
  if (!batch_open(worker->batch, blob, size, error) || !(facts = batch_facts(worker->batch, error)))
    return FALSE;
  if (facts->n != n)
    return error_set(error, ERROR_DAMAGED, "the batch of event %" G_GUINT64_FORMAT " holds %u events, its row says %u", first,
                     facts->n, n);
  gboolean all = mark_wanted(scan, first, facts, &n_wanted);
  if (n_wanted == 0)
    return TRUE;
  if (scan->piece->n + n_wanted > scan->capacity || first - scan->build->row_base > G_MAXUINT32 - n)
    return error_set(error, ERROR_LIMIT, "event %" G_GUINT64_FORMAT " does not fit the index", first);
  if (!evidence_batch(worker->evidence, worker->batch, facts, record_names(scan->build->record), first, all ? NULL : worker->wanted,
                      worker->codes, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (worker->wanted[i])
      take_fact(scan, facts, i, first + i - scan->build->row_base);
  return TRUE;
}

static gboolean begin_piece(Build *build, Scan *scan, guint i, gsize capacity, gboolean large, GError **error) {
  scan->build = build;
  scan->piece = &g_array_index(build->pieces, Piece, i);
  scan->capacity = capacity;
  return spill_map(&scan->piece->spill, capacity * sizeof(Fact), large ? build->options.folder : NULL, error);
}

typedef struct {
  Build *build;
  guint first_piece, n;
  const guint64 *bounds;
} ScanAll;

static gboolean scan_range(guint task, guint worker, gpointer user, GError **error) {
  ScanAll *all = user;
  Build *build = all->build;
  Scan scan = {.worker = worker_of(build, worker), .from = all->bounds[task], .until = all->bounds[task + 1]};
  gboolean large = spill_is_large((all->bounds[all->n] - all->bounds[0]) * sizeof(Fact));
  if (!begin_piece(build, &scan, all->first_piece + task, scan.until - scan.from, large, error))
    return FALSE;
  scan.piece->worker = worker;
  if (!record_scan(build->record, scan.from, scan.until, scan_batch, &scan, error))
    return FALSE;
  progress(build, worker, "reading events", (double)(atomic_fetch_add(&build->tasks_done, 1) + 1) / all->n);
  return TRUE;
}

static void count_events(Build *build) {
  build->n_events = 0;
  for (guint i = 0; i < build->pieces->len; i++)
    build->n_events += g_array_index(build->pieces, Piece, i).n;
}

gboolean build_scan_all(Build *build, GError **error) {
  guint64 bounds[WORKERS_MAX * RANGES_PER_THREAD + 1];
  guint n = record_ranges(build->record, 0, build->options.threads * RANGES_PER_THREAD, bounds);
  if (n < 2)
    return TRUE;
  ScanAll all = {build, build->pieces->len, n - 1, bounds};
  g_array_set_size(build->pieces, build->pieces->len + n - 1);
  atomic_store(&build->tasks_done, 0);
  gboolean good = parallel_run(build->options.threads, n - 1, scan_range, &all, error);
  count_events(build);
  return good;
}

static gboolean scan_here(Build *build, Scan *scan, gsize capacity, GError **error) {
  g_array_set_size(build->pieces, build->pieces->len + 1);
  scan->worker = worker_of(build, 0);
  gboolean good = begin_piece(build, scan, build->pieces->len - 1, capacity, FALSE, error) &&
                  (scan->rows ? record_scan_rows(build->record, scan->rows, scan->n_rows, scan_batch, scan, error)
                              : record_scan(build->record, scan->from, scan->until, scan_batch, scan, error));
  count_events(build);
  return good;
}

gboolean build_scan(Build *build, guint64 first, guint64 last, GError **error) {
  Scan scan = {.from = first, .until = last + 1};
  return last < first || scan_here(build, &scan, last - first + 1, error);
}

gboolean build_scan_rows(Build *build, const guint64 *rows, gsize n, GError **error) {
  Scan scan = {.rows = rows, .n_rows = n};
  return n == 0 || scan_here(build, &scan, n, error);
}

/* --- who is who ------------------------------------------------------------------------------- */

/* A target for each of the worker's codes; `identifier` and `tuple` say what everybody calls them. */
static gboolean make_targets(Worker *worker, const guint32 *identifier, const guint32 *tuple, GError **error) {
  worker->n_identifiers = worker->evidence->n_identifiers;
  worker->n_tuples = worker->evidence->n_tuples;
  worker->identifiers = g_try_new(Target, (gsize)worker->n_identifiers + 1);
  worker->tuples = g_try_new(Target, (gsize)worker->n_tuples + 1);
  if (worker->identifiers == NULL || worker->tuples == NULL)
    return error_set(error, ERROR_LIMIT, "no memory for the identifiers of the index");
  for (guint32 i = 0; i < worker->n_identifiers; i++)
    worker->identifiers[i].code = (identifier ? identifier[i] : i) << 1;
  for (guint32 i = 0; i < worker->n_tuples; i++)
    worker->tuples[i].code = (tuple ? tuple[i] : i) << 1 | 1;
  return TRUE;
}

/* Joins what the threads have seen into worker 0's evidence. */
static gboolean gather_evidence(Build *build, GError **error) {
  Worker *first = worker_of(build, 0);
  for (guint i = 1; i < WORKERS_MAX; i++) {
    Worker *worker = build->workers[i];
    g_autofree guint32 *identifier = NULL, *tuple = NULL;
    if (worker == NULL)
      continue;
    if (!evidence_absorb(first->evidence, worker->evidence, &identifier, &tuple, error) ||
        !make_targets(worker, identifier, tuple, error))
      return FALSE;
    g_clear_pointer(&worker->evidence, evidence_free);
    for (guint64 group = 0; group < build->groups; group++)
      first->group_events[group] += worker->group_events[group];
  }
  return make_targets(first, NULL, NULL, error); /* its codes are everybody's */
}

static void find_targets(const Build *build, Target *targets, guint32 n) {
  for (guint32 i = 0; i < n; i++) {
    targets[i].number = people_of_code(build->people, targets[i].code);
    targets[i].device = people_device(build->people, targets[i].code);
  }
}

static gboolean find_worker_targets(guint task, guint number, gpointer user, GError **error) {
  Build *build = user;
  Worker *worker = build->workers[task];
  if (worker) {
    find_targets(build, worker->identifiers, worker->n_identifiers);
    find_targets(build, worker->tuples, worker->n_tuples);
  }
  return TRUE;
}

static void order_targets(const Build *build, Target *targets, guint32 n) {
  for (guint32 i = 0; i < n; i++)
    targets[i].number = people_final(build->people, targets[i].code, targets[i].number);
}

static gboolean order_worker_targets(guint task, guint number, gpointer user, GError **error) {
  Build *build = user;
  Worker *worker = build->workers[task];
  if (worker) {
    order_targets(build, worker->identifiers, worker->n_identifiers);
    order_targets(build, worker->tuples, worker->n_tuples);
  }
  return TRUE;
}

typedef struct {
  Build *build;
  _Atomic guint64 *filled; /* per component */
  Fact **facts;            /* by component */
  guint tasks;
} Judging;

static Target *target_of(const Worker *worker, guint32 code) {
  return code_is_tuple(code) ? &worker->tuples[code_number(code)] : &worker->identifiers[code_number(code)];
}

/* Facts of components leave the plain way: they are listed, and their code becomes everybody's. */
static gboolean list_component_facts(guint task, guint number, gpointer user, GError **error) {
  Judging *judging = user;
  Build *build = judging->build;
  const Piece *piece = &g_array_index(build->pieces, Piece, task);
  const guint64 *start = people_component_events(build->people);
  Fact *facts = piece->spill.data;
  for (gsize i = 0; i < piece->n; i++) {
    if (facts[i].who == CODE_NONE || facts[i].flags & FACT_RESOLVED)
      continue;
    const Target *target = target_of(build->workers[piece->worker], facts[i].who);
    if (!PEOPLE_IS_COMPONENT(target->number))
      continue;
    guint32 component = target->number & ~PEOPLE_COMPONENT;
    judging->facts[start[component] + atomic_fetch_add_explicit(&judging->filled[component], 1, memory_order_relaxed)] = &facts[i];
    facts[i].who = target->code;
    facts[i].flags |= FACT_GLOBAL;
  }
  return TRUE;
}

static gboolean judge_components(guint task, guint worker, gpointer user, GError **error) {
  Judging *judging = user;
  Build *build = judging->build;
  const guint64 *start = people_component_events(build->people);
  guint end = MIN((task + 1) * COMPONENTS_PER_TASK, people_components(build->people));
  for (guint c = task * COMPONENTS_PER_TASK; c < end; c++)
    if (!people_resolve(build->people, c, judging->facts + start[c], start[c + 1] - start[c], build->row_base, error))
      return FALSE;
  progress(build, worker, "telling persons apart", (double)(atomic_fetch_add(&build->tasks_done, 1) + 1) / judging->tasks);
  return TRUE;
}

static gboolean judge(Build *build, GError **error) {
  guint n = people_components(build->people);
  if (n == 0)
    return TRUE;
  Judging judging = {.build = build, .tasks = (n + COMPONENTS_PER_TASK - 1) / COMPONENTS_PER_TASK};
  g_autofree _Atomic guint64 *filled = g_try_malloc0_n(n, sizeof(guint64));
  g_autofree Fact **facts = g_try_new(Fact *, people_component_events(build->people)[n] + 1);
  if (filled == NULL || facts == NULL)
    return error_set(error, ERROR_LIMIT, "no memory for the persons of the index");
  judging.filled = filled;
  judging.facts = facts;
  atomic_store(&build->tasks_done, 0);
  return parallel_run(build->options.threads, build->pieces->len, list_component_facts, &judging, error) &&
         parallel_run(build->options.threads, judging.tasks, judge_components, &judging, error);
}

/* --- who only gains events ----------------------------------------------------------------------- */

static guint32 grown_of_fact(const Build *build, const Grown *grown, const Fact *fact) {
  const Evidence *evidence = build->workers[0]->evidence;
  if (fact->who == CODE_NONE)
    return GROWN_NONE;
  guint32 number = code_number(fact->who);
  return grown_of(grown, code_is_tuple(fact->who) ? evidence->members[evidence->tuples[number].start] : number);
}

/* Lists the facts by person; start[p + 1] ends those of person p. */
static Fact **list_grown(const Build *build, const Grown *grown, guint32 *start) {
  g_autofree guint32 *fill = g_new0(guint32, (gsize)grown_count(grown) + 2);
  Fact **listed = NULL;
  for (guint pass = 0; pass < 2; pass++) {
    for (guint i = 0; i < build->pieces->len; i++) {
      const Piece *piece = &g_array_index(build->pieces, Piece, i);
      for (gsize k = 0; k < piece->n; k++) {
        Fact *fact = (Fact *)piece->spill.data + k;
        guint32 person = grown_of_fact(build, grown, fact);
        if (person != GROWN_NONE && pass == 0)
          start[person + 1]++;
        else if (person != GROWN_NONE)
          listed[fill[person]++] = fact;
      }
    }
    for (guint p = 0; pass == 0 && p < grown_count(grown); p++)
      start[p + 1] += start[p];
    memcpy(fill, start, ((gsize)grown_count(grown) + 1) * sizeof *fill);
    listed = listed ? listed : g_new(Fact *, (gsize)start[grown_count(grown)] + 1);
  }
  return listed;
}

static gboolean take_grown(Build *build, Grown *grown, GError **error) {
  gsize n_old = grown ? grown_old_events(grown) : 0;
  if (n_old == 0)
    return TRUE;
  g_autofree guint32 *start = g_new0(guint32, (gsize)grown_count(grown) + 2);
  g_autofree Fact **facts = list_grown(build, grown, start);
  g_array_set_size(build->pieces, build->pieces->len + 1);
  Piece *piece = &g_array_index(build->pieces, Piece, build->pieces->len - 1);
  if (!spill_map(&piece->spill, n_old * sizeof(Fact), NULL, error))
    return FALSE;
  piece->n = n_old;
  count_events(build);
  return grown_resolve(grown, build->people, facts, start, piece->spill.data, build->row_base, error);
}

/* --- to blocks -------------------------------------------------------------------------------- */

static guint n_blocks(const Build *build) {
  return build->block_group->len + build->block_person->len - 1;
}

static void plan_groups(Build *build) {
  const guint32 *events = build->workers[0]->group_events;
  build->block_group = g_array_new(FALSE, FALSE, sizeof(guint32));
  build->block_of_group = g_new0(guint32, build->groups);
  for (guint32 group = 0; group < build->groups; group++)
    if (events[group]) {
      build->block_of_group[group] = build->block_group->len;
      g_array_append_val(build->block_group, group);
    }
}

static guint32 block_first(const Build *build, guint block) {
  return g_array_index(build->block_person, guint32, block);
}

static void plan_chunks(Build *build) {
  gsize n = people_count(build->people);
  guint32 block = 0;
  build->block_of_chunk = g_new(guint32, (n >> CHUNK_SHIFT) + 1);
  for (gsize chunk = 0; chunk <= n >> CHUNK_SHIFT; chunk++) {
    while (block + 2 < build->block_person->len && block_first(build, block + 1) <= chunk << CHUNK_SHIFT)
      block++;
    build->block_of_chunk[chunk] = block;
  }
}

static gboolean plan_blocks(Build *build, GError **error) {
  const guint32 *n_events = people_n_events(build->people);
  plan_groups(build);
  build->block_person = segment_plan(people_ids(build->people), n_events, people_count(build->people));
  plan_chunks(build);
  guint n = n_blocks(build), at = 0;
  build->block_start = g_new0(guint64, (gsize)n + 1);
  build->block_filled = g_malloc0(((gsize)n + 1) * sizeof(guint32));
  for (guint g = 0; g < build->block_group->len; g++, at++)
    build->block_start[at + 1] =
        build->block_start[at] + build->workers[0]->group_events[g_array_index(build->block_group, guint32, g)];
  for (guint b = 0; b + 1 < build->block_person->len; b++, at++) {
    guint64 events = 0;
    for (guint32 person = block_first(build, b); person < block_first(build, b + 1); person++)
      events += n_events[person];
    build->block_start[at + 1] = build->block_start[at] + events;
  }
  g_assert(build->block_start[n] == build->n_events);
  gsize size = build->n_events * sizeof(Fact);
  return spill_map(&build->scattered, size, spill_is_large(size) ? build->options.folder : NULL, error);
}

static void scatter_fact(Build *build, const Worker *worker, const Fact *fact) {
  Fact moved = *fact;
  guint block;
  if (fact->who == CODE_NONE) {
    block = build->block_of_group[fact->row >> GROUP_SHIFT];
  } else {
    guint32 ordinal;
    if (fact->flags & FACT_RESOLVED) {
      ordinal = people_ordinal(build->people, fact->who);
      moved.who = CODE_NONE;
    } else {
      const Target *target = target_of(fact->flags & FACT_GLOBAL ? build->workers[0] : worker, fact->who);
      ordinal = target->number;
      moved.who = target->device;
      moved.flags |= target->device != CODE_NONE ? FACT_DEVICE : 0;
    }
    block = build->block_of_chunk[ordinal >> CHUNK_SHIFT];
    while (block_first(build, block + 1) <= ordinal)
      block++;
    moved.time_ms |= (gint64)(ordinal - block_first(build, block)) << PLACE_SHIFT;
    block += build->block_group->len;
  }
  guint32 at = atomic_fetch_add_explicit(&build->block_filled[block], 1, memory_order_relaxed);
  ((Fact *)build->scattered.data)[build->block_start[block] + at] = moved;
}

static gboolean scatter_piece(guint task, guint number, gpointer user, GError **error) {
  enum { FORGET = 1 << 16 };
  Build *build = user;
  const Piece *piece = &g_array_index(build->pieces, Piece, task);
  const Worker *worker = build->workers[piece->worker];
  const Fact *facts = piece->spill.data;
  for (gsize i = 0; i < piece->n; i++) {
    scatter_fact(build, worker, &facts[i]);
    if ((i + 1) % FORGET == 0)
      spill_forget(&piece->spill, (i + 1 - FORGET) * sizeof(Fact), (i + 1) * sizeof(Fact));
  }
  spill_forget(&piece->spill, 0, piece->n * sizeof(Fact));
  return TRUE;
}

/* --- a block ---------------------------------------------------------------------------------- */

static gboolean fact_after(const Fact *a, const Fact *b) {
  return a->time_ms > b->time_ms || (a->time_ms == b->time_ms && a->row > b->row);
}

static int compare_facts(const void *a, const void *b) {
  const Fact *x = *(Fact *const *)a, *y = *(Fact *const *)b;
  return fact_after(x, y) - fact_after(y, x);
}

/* Of one person, so the person in the upper bits does not matter. Files are mostly in order. */
static void sort_facts(Fact **facts, guint32 n) {
  enum { FEW = 24 };
  guint32 sorted = 1;
  while (sorted < n && !fact_after(facts[sorted - 1], facts[sorted]))
    sorted++;
  if (sorted >= n)
    return;
  if (n > FEW) {
    qsort(facts, n, sizeof *facts, compare_facts);
    return;
  }
  for (guint32 i = sorted; i < n; i++) {
    Fact *fact = facts[i];
    guint32 at = i;
    for (; at > 0 && fact_after(facts[at - 1], fact); at--)
      facts[at] = facts[at - 1];
    facts[at] = fact;
  }
}

static void draft_facts(const Build *build, DraftEvent *events, Fact *const *facts, const guint32 *visits, guint32 n) {
  for (guint32 i = 0; i < n; i++) {
    const Fact *fact = facts[i];
    events[i] = (DraftEvent){.time_ms = fact->time_ms & ((G_GINT64_CONSTANT(1) << PLACE_SHIFT) - 1),
                             .row = build->row_base + fact->row,
                             .value_micro = fact->value_micro,
                             .visit = visits ? visits[i] : 0,
                             .event = fact->event,
                             .channel = fact->channel,
                             .touchpoint = fact->touchpoint,
                             .source = fact->source,
                             .currency = fact->currency,
                             .flags = fact->flags & 0xff,
                             .grade = (guint8)((fact->flags & FACT_GRADE_MASK) >> FACT_GRADE_SHIFT)};
  }
}

static gboolean reserve_sorted(Worker *worker, gsize n, GError **error) {
  if (n <= worker->sorted_size)
    return TRUE;
  g_free(worker->sorted);
  g_free(worker->numbers);
  worker->sorted_size = n + n / 4;
  worker->sorted = g_try_new(Fact *, worker->sorted_size);
  worker->numbers = g_try_new(guint32, worker->sorted_size);
  return (worker->sorted && worker->numbers) ||
         error_set(error, ERROR_LIMIT, "no memory for a block of %" G_GSIZE_FORMAT " events", n);
}

static gboolean fill_group(Build *build, Worker *worker, Draft *draft, Fact *facts, guint32 n, GError **error) {
  DraftEvent *events = draft_person(draft, 0, n, error);
  if (events == NULL)
    return FALSE;
  for (guint32 i = 0; i < n; i++)
    worker->sorted[i] = &facts[i];
  sort_facts(worker->sorted, n);
  draft->unidentified = TRUE;
  draft_facts(build, events, worker->sorted, NULL, n);
  return TRUE;
}

/* Pointers to the facts by person; start[p] ends up where person p ends. */
static guint16 place_facts(Worker *worker, Fact *facts, guint32 n, guint32 *start) {
  guint16 flags = 0;
  for (guint32 i = 0; i < n; i++) {
    worker->sorted[start[facts[i].time_ms >> PLACE_SHIFT]++] = &facts[i];
    flags |= facts[i].flags;
  }
  return flags;
}

static gboolean fill_persons(Build *build, Worker *worker, guint block, Draft *draft, Fact *facts, guint32 n, GError **error) {
  guint32 first = block_first(build, block), persons = block_first(build, block + 1) - first;
  const guint32 *n_events = people_n_events(build->people) + first;
  guint32 end[BLOCK_PERSONS_MAX] = {0};
  for (guint32 p = 1; p < persons; p++)
    end[p] = end[p - 1] + n_events[p - 1];
  gboolean web = (place_facts(worker, facts, n, end) & FACT_WEB) != 0;
  for (guint32 p = 0; p < persons; p++) {
    Fact **of_person = worker->sorted + end[p] - n_events[p];
    DraftEvent *events = draft_person(draft, people_ids(build->people)[first + p], n_events[p], error);
    if (events == NULL)
      return FALSE;
    sort_facts(of_person, n_events[p]);
    draft->unidentified = people_ids(build->people)[first + p] < IDENTITY_NOBODY_END;
    if (web)
      person_visits(worker->visits, of_person, n_events[p], people_visit_channels(build->people), worker->numbers);
    draft_facts(build, events, of_person, web ? worker->numbers : NULL, n_events[p]);
    if (people_settled(build->people, first + p))
      draft_settle(draft);
  }
  return TRUE;
}

static gboolean fill_block(guint block, guint number, Draft *draft, gpointer user, GError **error) {
  Build *build = user;
  Worker *worker = worker_of(build, number);
  guint64 start = build->block_start[block], end = build->block_start[block + 1];
  Fact *facts = (Fact *)build->scattered.data + start;
  if (!reserve_sorted(worker, end - start, error))
    return FALSE;
  gboolean good = block < build->block_group->len
                      ? fill_group(build, worker, draft, facts, (guint32)(end - start), error)
                      : fill_persons(build, worker, block - build->block_group->len, draft, facts, (guint32)(end - start), error);
  spill_forget(&build->scattered, start * sizeof(Fact), end * sizeof(Fact));
  progress(build, number, "writing the index", (double)block / n_blocks(build));
  return good;
}

/* --- the segment ------------------------------------------------------------------------------ */

static gboolean write_identifiers(Build *build, SegmentWriter *writer, GError **error) {
  gsize n;
  const SegmentIdentifier *identifiers = people_identifiers(build->people, &n);
  guint32 before = build->block_group->len; /* pseudo-persons come first */
  if (before == 0 || n == 0)
    return segment_writer_identifiers(writer, identifiers, n, error);
  g_autofree SegmentIdentifier *moved = g_try_new(SegmentIdentifier, n);
  if (moved == NULL)
    return error_set(error, ERROR_LIMIT, "no memory for the identifiers of the index");
  for (gsize i = 0; i < n; i++) {
    moved[i] = identifiers[i];
    if (moved[i].ordinal != ORDINAL_NONE)
      moved[i].ordinal += before;
  }
  return segment_writer_identifiers(writer, moved, n, error);
}

Segment *build_segment(Build *build, const BuildTarget *target, GError **error) {
  guint threads = build->options.threads;
  if (!gather_evidence(build, error))
    return NULL;
  Evidence *evidence = build->workers[0]->evidence;
  build->people = people_new(evidence, target->links, target->shared, target->grown ? grown_given(target->grown) : NULL,
                             build->options.identity->max_links, build->options.identity->set_size_max, error);
  if (build->people == NULL || !take_grown(build, target->grown, error) ||
      !parallel_run(threads, WORKERS_MAX, find_worker_targets, build, error) || !judge(build, error) ||
      !people_number(build->people, error) || !parallel_run(threads, WORKERS_MAX, order_worker_targets, build, error))
    return NULL;
  if (!plan_blocks(build, error) || !parallel_run(threads, build->pieces->len, scatter_piece, build, error))
    return NULL;
  g_autoptr(SegmentWriter) writer = segment_writer_new(target->path, record_id(build->record), build->options.through, error);
  if (writer == NULL || !segment_writer_blocks(writer, threads, n_blocks(build), fill_block, build, error) ||
      !write_identifiers(build, writer, error))
    return NULL;
  segment_writer_replaced(writer, target->replaced, target->n_replaced);
  segment_writer_carried(writer, target->carried, target->n_carried);
  return segment_writer_finish(writer, error);
}
