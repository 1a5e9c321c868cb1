// SPDX-License-Identifier: Apache-2.0
/* First pass: every unit's touches as codes (walk.c) are counted as a whole (variants.c), by pair (transitions.c),
 * by first and by last. Then it is known which rows are shown, and a second pass spells the shown variants; it
 * gathers times only for pairs whose middle time the first pass missed. Of variants that are equally frequent
 * those whose keys come first are shown; a bounded heap a worker keeps them.
 *
 *   ann: a b b c, bob: a b c        variants  a>b>b>c 1, a>b>c 1        starts a 2, ends c 2
 *                                   pairs     a>b 2, b>b 1, b>c 2       --collapse: a>b>c 2, no b>b */
#include "analysis/paths.h"
#include "analysis/path_outcome.h"
#include "analysis/path_spell.h"
#include "analysis/path_times.h"
#include "analysis/rates.h"
#include "analysis/walk.h"
#include "base/error.h"
#include "base/parallel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_PEOPLE = 10, ROWS_PROGRAMS = 1000, ROWS_MAX = 100000, KEYS_SHOWN_MAX = 1000, KEYS_TABLE_MAX = 30 };
/* With --steps or --outcomes a variant ends in what became of it: such codes stand before those of keys. */
enum { ENDINGS = 2 * N_OUTCOMES };
enum { SAMPLE_BLOCKS = 8, SAMPLE_OF_BLOCKS = 64 }; /* so many of at least so many are looked at first */

typedef struct {
  guint32 code;
  guint64 count;
} End;

typedef struct {
  const char *unit, *note;
  char *key;
  gboolean collapse, outcomes;
  gint64 steps;      /* paths are cut to so many touches; 0: whole */
  GArray *who;       /* person ids, or NULL */
  guint rows_people; /* in tables */
  guint64 total, variants_total, transitions_total, starts_total, ends_total;
  char **texts; /* of codes; only those shown are set */
  guint n_texts;
  GArray *variants, *transitions, *starts, *ends; /* of Spelled, PathStep, End */
} Paths;

/* --- counting -------------------------------------------------------------------------------------- */

typedef struct { /* of one worker */
  guint64 total;
  Arena arena; /* of the transitions' times */
  Transitions transitions;
  GArray *starts, *ends; /* of guint64, by code */
  guint32 *own;          /* a path after --collapse */
  guint own_room;
  guint32 person, stamp; /* the person at hand, and a number for them */
  GArray *who;           /* NULL: nobody is asked for */
} Worker;

typedef struct {
  const Question *question;
  Paths *paths;
  Walk *walk;
  guint limit;
  gboolean times; /* wanted */
  Variants *variants;
  guint32 *rank;      /* code -> place of its text among all */
  guint32 *ends_rank; /* the same with endings before them */
  gboolean backwards;
  PathOutcomes *outcomes;
  PathWho *who;
  PathSpell *spell;
  PathTimes *medians; /* NULL without times */
  guint n_workers;
  Worker *workers, *samples;
} Run;

typedef struct { /* a block being walked */
  Run *run;
  Worker *worker;
  const Block *data;
  guint block, number;
} Walker;

static void paths_free(gpointer result) {
  Paths *paths = result;
  GArray *arrays[] = {paths->variants, paths->transitions, paths->starts, paths->ends};
  for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
    if (arrays[i])
      g_array_unref(arrays[i]);
  g_clear_pointer(&paths->who, g_array_unref);
  for (guint i = 0; i < paths->n_texts; i++)
    g_free(paths->texts[i]);
  g_free(paths->texts);
  g_free(paths->key);
  g_free(paths);
}

static void worker_init(Worker *worker, gboolean timed, gsize arena_bytes) {
  worker->arena.bytes_max = arena_bytes;
  worker->transitions.timed = timed;
  worker->transitions.arena = &worker->arena;
  worker->starts = g_array_new(FALSE, TRUE, sizeof(guint64));
  worker->ends = g_array_new(FALSE, TRUE, sizeof(guint64));
}

static void worker_clear(Worker *worker) {
  transitions_clear(&worker->transitions);
  arena_clear(&worker->arena);
  g_free(worker->own);
  g_clear_pointer(&worker->who, g_array_unref);
  g_clear_pointer(&worker->starts, g_array_unref); /* a refused option comes before the workers begin */
  g_clear_pointer(&worker->ends, g_array_unref);
}

static void run_clear(Run *run) {
  for (guint i = 0; i < run->n_workers; i++) {
    worker_clear(&run->workers[i]);
    worker_clear(&run->samples[i]);
  }
  g_free(run->workers);
  g_free(run->samples);
  path_spell_free(run->spell);
  path_times_free(run->medians);
  variants_free(run->variants);
  walk_free(run->walk);
  g_free(run->rank);
  g_free(run->ends_rank);
  path_outcomes_free(run->outcomes);
  path_who_free(run->who);
}

static void workers_new(Run *run) {
  run->n_workers = question_threads(run->question);
  run->workers = g_new0(Worker, run->n_workers);
  run->samples = g_new0(Worker, run->n_workers);
  for (guint i = 0; i < run->n_workers; i++) {
    worker_init(&run->workers[i], run->times, run->question->budget_bytes / run->n_workers);
    worker_init(&run->samples[i], run->times, run->question->budget_bytes / run->n_workers);
    run->workers[i].transitions.sample = &run->samples[0].transitions;
  }
}

static void count_end(GArray *counts, guint32 code) {
  if (code >= counts->len)
    g_array_set_size(counts, code + 1);
  g_array_index(counts, guint64, code)++;
}

/* In a square of all pairs nothing can fail but memory for times, which is told later. Inlined for what is asked. */
static inline __attribute__((always_inline)) void count_square(const Worker *worker, const Block *data, const Path *path,
                                                               gboolean timed, gboolean collapse) {
  const Transitions *transitions = &worker->transitions;
  Transition *cells = transitions->cells;
  TransitionTimes *times = transitions->times;
  const guint32 *codes = path->codes, *events = path->events;
  guint32 side = transitions->side, stamp = worker->stamp;
  gint64 now_ms = 0, before_ms = timed ? block_time_ms(data, events[0]) : 0;
  for (guint32 i = 1; i < path->n; i++, before_ms = now_ms) {
    if (timed)
      now_ms = block_time_ms(data, events[i]);
    if (collapse && codes[i] == codes[i - 1])
      continue;
    gsize pair = (gsize)codes[i - 1] * side + codes[i];
    transition_count(&cells[pair], stamp);
    if (timed)
      transition_time(&times[pair], now_ms - before_ms);
  }
}

static gboolean count_hashed(Worker *worker, const Path *path, gboolean collapse) {
  for (guint32 i = 1; i < path->n; i++) {
    if (collapse && path->codes[i] == path->codes[i - 1])
      continue;
    Transition *pair = transitions_cell(&worker->transitions, path->codes[i - 1], path->codes[i]);
    if (!pair)
      return FALSE;
    transition_count(pair, worker->stamp);
  }
  return TRUE;
}

static gboolean count_pairs(Worker *worker, const Block *data, const Path *path, gboolean collapse) {
  gboolean timed = worker->transitions.timed;
  if (!worker->transitions.side)
    return count_hashed(worker, path, collapse);
  if (timed && !collapse)
    count_square(worker, data, path, TRUE, FALSE);
  else if (timed)
    count_square(worker, data, path, TRUE, TRUE);
  else
    count_square(worker, data, path, FALSE, collapse);
  return TRUE;
}

static gboolean has_endings(const Run *run) {
  return run->outcomes || run->paths->steps;
}

static Outcome outcome_of(const Run *run, guint number, const Path *path) {
  return run->outcomes ? path_outcome(run->outcomes, number, path) : OUTCOME_LEFT;
}

/* The codes that make a path: all, or with equal neighbours joined. */
static const guint32 *path_codes(const Run *run, Worker *worker, const Path *path, guint32 *n) {
  *n = path->n;
  if (!run->paths->collapse)
    return path->codes;
  if (worker->own_room < path->n) {
    worker->own_room = path->n * 2 + 1;
    worker->own = g_renew(guint32, worker->own, worker->own_room);
  }
  *n = 0;
  for (guint32 i = 0; i < path->n; i++)
    if (i == 0 || path->codes[i] != path->codes[i - 1])
      worker->own[(*n)++] = path->codes[i];
  return worker->own;
}

/* The codes that make the variant: of the whole path, or of what is shown of it and how it ended. */
static const guint32 *variant_codes(const Run *run, Worker *worker, guint number, const Path *path, guint32 *n) {
  const guint32 *codes = path_codes(run, worker, path, n);
  if (!has_endings(run))
    return codes;
  guint32 shown = run->paths->steps ? (guint32)MIN((gint64)*n, run->paths->steps) : *n;
  guint32 ending = (guint32)outcome_of(run, number, path) * 2 + (shown < *n);
  const guint32 *from = codes + (run->backwards ? *n - shown : 0);
  if (worker->own_room < *n + 1) {
    guint32 *more = g_new(guint32, worker->own_room = *n * 2 + 1);
    memcpy(more, from, shown * sizeof *more);
    g_free(worker->own);
    worker->own = more;
  } else {
    memmove(worker->own, from, shown * sizeof *from);
  }
  for (guint32 i = 0; i < shown; i++)
    worker->own[i] += ENDINGS;
  worker->own[shown] = ending;
  *n = shown + 1;
  return worker->own;
}

static void list_person(Walker *walker, const Path *path, const Block *data) {
  guint32 n;
  Worker *worker = walker->worker;
  const guint32 *codes = path_codes(walker->run, worker, path, &n);
  guint64 id = data->person_id[path->person];
  gboolean listed = worker->who->len && g_array_index(worker->who, guint64, worker->who->len - 1) == id;
  if (!listed && path_who_holds(walker->run->who, walk_key(walker->run->walk), codes, n, walker->run->backwards,
                                outcome_of(walker->run, walker->number, path)))
    g_array_append_val(worker->who, id);
}

static gboolean no_memory(GError **error) {
  return error_set(error, ERROR_LIMIT,
                   "there are too many different paths for the memory allowed\nhint: ask for a shorter range, or with --collapse");
}

/* The block's first path: its keys are known now. */
static gboolean room_for_keys(Walker *walker, const Path *path, GError **error) {
  gboolean first = walker->worker->person == G_MAXUINT32;
  walker->worker->stamp += walker->worker->person != path->person;
  walker->worker->person = path->person;
  return !first || transitions_room(&walker->worker->transitions, key_count(walk_key(walker->run->walk))) || no_memory(error);
}

static gboolean sample_path(gpointer user, const Path *path, GError **error) {
  Walker *walker = user;
  return room_for_keys(walker, path, error) &&
         (count_pairs(walker->worker, walker->data, path, walker->run->paths->collapse) || no_memory(error));
}

static gboolean count_path(gpointer user, const Path *path, GError **error) {
  Walker *walker = user;
  Worker *worker = walker->worker;
  guint32 n;
  if (!room_for_keys(walker, path, error))
    return FALSE;
  worker->total++;
  count_end(worker->starts, path->codes[0]);
  count_end(worker->ends, path->codes[path->n - 1]);
  if (!count_pairs(worker, walker->data, path, walker->run->paths->collapse))
    return no_memory(error);
  if (walker->run->who)
    list_person(walker, path, walker->data);
  const guint32 *codes = variant_codes(walker->run, worker, walker->number, path, &n);
  guint64 ref = path_ref(walker->block, path->person, path->unit);
  return variants_add(walker->run->variants, walker->number, codes, n, ref) || no_memory(error);
}

static gboolean count_block(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Run *run = user;
  Worker *worker = &run->workers[number];
  Walker walker = {run, worker, data, block, number};
  worker->person = G_MAXUINT32;
  if (question->budget_bytes && transitions_bytes(&worker->transitions) > question->budget_bytes / 2)
    return no_memory(error);
  return path_outcomes_block(run->outcomes, number, block, data, error) &&
         walk_block(run->walk, block, data, number, count_path, &walker, error);
}

static gboolean sample_block(guint task, guint number, gpointer user, GError **error) {
  Run *run = user;
  Block data;
  guint block = (guint)((guint64)snapshot_blocks(run->question->snapshot) * task / SAMPLE_BLOCKS);
  Walker walker = {run, &run->samples[number], &data, block, number};
  walker.worker->person = G_MAXUINT32;
  return snapshot_block(run->question->snapshot, block, &data, error) &&
         walk_block(run->walk, block, &data, number, sample_path, &walker, error);
}

/* Persons stand in order of a hash, so a few blocks from anywhere are a fair sample. */
static gboolean take_sample(Run *run, GError **error) {
  if (!run->times || snapshot_blocks(run->question->snapshot) < SAMPLE_OF_BLOCKS)
    return TRUE;
  if (!parallel_run(run->n_workers, SAMPLE_BLOCKS, sample_block, run, error))
    return FALSE;
  g_autofree Transitions **tables = g_new(Transitions *, run->n_workers);
  for (guint i = 0; i < run->n_workers; i++)
    tables[i] = &run->samples[i].transitions;
  return transitions_bracket(tables, run->n_workers) || no_memory(error);
}

/* --- what is shown ------------------------------------------------------------------------------------ */

static gint compare_words(gconstpointer a, gconstpointer b, gpointer user) {
  return text_compare(key_text(user, *(const guint32 *)a), key_text(user, *(const guint32 *)b));
}

static void rank_codes(Run *run) {
  Key *key = walk_key(run->walk);
  guint n = key_count(key);
  g_autofree guint32 *order = g_new(guint32, n);
  for (guint32 i = 0; i < n; i++)
    order[i] = i;
  g_qsort_with_data(order, (gint)n, sizeof *order, compare_words, key);
  run->rank = g_new(guint32, n);
  for (guint32 i = 0; i < n; i++)
    run->rank[order[i]] = i;
  run->ends_rank = g_new(guint32, n + ENDINGS);
  for (guint32 i = 0; i < n + ENDINGS; i++)
    run->ends_rank[i] = i < ENDINGS ? i : run->rank[i - ENDINGS] + ENDINGS;
  run->paths->texts = g_new0(char *, n);
  run->paths->n_texts = n;
}

static gint compare_steps(gconstpointer a, gconstpointer b, gpointer rank) {
  const PathStep *x = a, *y = b;
  if (x->count != y->count)
    return x->count < y->count ? 1 : -1;
  return path_compare(rank, &x->from, 2, &y->from, 2);
}

static gint compare_ends(gconstpointer a, gconstpointer b, gpointer rank) {
  const End *x = a, *y = b;
  if (x->count != y->count)
    return x->count < y->count ? 1 : -1;
  return path_compare(rank, &x->code, 1, &y->code, 1);
}

typedef struct {
  Transitions all;
  gboolean failed;
} Merge;

static void merge_cell(gpointer user, guint32 from, guint32 to, const Transition *transition) {
  Merge *merge = user;
  Transition *cell = transitions_cell(&merge->all, from, to);
  merge->failed |= !cell;
  if (!cell)
    return;
  cell->count += transition->count;
  cell->persons += transition->persons;
}

static void list_cell(gpointer user, guint32 from, guint32 to, const Transition *transition) {
  PathStep step = {from, to, transition->count, transition->persons, NAN};
  g_array_append_val((GArray *)user, step);
}

/* Adds up the workers' tables and keeps the most frequent pairs. */
static gboolean choose_transitions(Run *run, GError **error) {
  Paths *paths = run->paths;
  Merge merge = {0};
  paths->transitions = g_array_new(FALSE, FALSE, sizeof(PathStep));
  merge.failed = !transitions_room(&merge.all, paths->n_texts);
  for (guint i = 0; i < run->n_workers && !merge.failed; i++)
    transitions_each(&run->workers[i].transitions, merge_cell, &merge);
  transitions_each(&merge.all, list_cell, paths->transitions);
  transitions_clear(&merge.all);
  if (merge.failed)
    return no_memory(error);
  g_array_sort_with_data(paths->transitions, compare_steps, run->rank);
  paths->transitions_total = paths->transitions->len;
  g_array_set_size(paths->transitions, MIN(paths->transitions->len, run->limit));
  return TRUE;
}

static GArray *choose_ends(Run *run, gboolean last, guint64 *total) {
  GArray *ends = g_array_new(FALSE, FALSE, sizeof(End));
  for (guint32 code = 0; code < run->paths->n_texts; code++) {
    End end = {code, 0};
    for (guint i = 0; i < run->n_workers; i++) {
      const GArray *counts = last ? run->workers[i].ends : run->workers[i].starts;
      end.count += code < counts->len ? g_array_index(counts, guint64, code) : 0;
    }
    if (end.count)
      g_array_append_val(ends, end);
  }
  g_array_sort_with_data(ends, compare_ends, run->rank);
  *total = ends->len;
  g_array_set_size(ends, MIN(ends->len, run->limit));
  return ends;
}

/* --- second pass --------------------------------------------------------------------------------------- */

static void time_pairs(const Walker *walker, const Path *path) {
  gboolean collapse = walker->run->paths->collapse;
  gint64 now_ms, before_ms = block_time_ms(walker->data, path->events[0]);
  for (guint32 i = 1; i < path->n; i++, before_ms = now_ms) {
    now_ms = block_time_ms(walker->data, path->events[i]);
    if (!collapse || path->codes[i] != path->codes[i - 1])
      path_times_add(walker->run->medians, walker->number, path->codes[i - 1], path->codes[i], now_ms - before_ms);
  }
}

static gboolean times_missing(const Run *run) {
  return run->medians && path_times_missing(run->medians) > 0;
}

static gboolean show_path(gpointer user, const Path *path, GError **error) {
  const Walker *walker = user;
  Run *run = walker->run;
  const Variant *variant =
      path_spell_find(run->spell, walker->number, path->person, path_ref(walker->block, path->person, path->unit));
  if (variant) {
    guint32 n;
    const guint32 *codes = variant_codes(run, walker->worker, walker->number, path, &n);
    path_spell_keep(run->spell, walker->number, variant, codes, n);
  }
  if (times_missing(run))
    time_pairs(walker, path);
  return TRUE;
}

static gboolean show_block(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Run *run = user;
  Walker walker = {run, &run->workers[number], data, block, number};
  if (!times_missing(run) && !path_spell_wants(run->spell, block))
    return TRUE;
  path_spell_block(run->spell, number, block, data->n_persons);
  return path_outcomes_block(run->outcomes, number, block, data, error) &&
         walk_block(run->walk, block, data, number, show_path, &walker, error);
}

static gboolean first_medians(Run *run, GError **error) {
  g_autofree const Transitions **tables = g_new(const Transitions *, run->n_workers);
  for (guint i = 0; i < run->n_workers; i++)
    tables[i] = &run->workers[i].transitions;
  run->medians = path_times_new(run->paths->transitions, run->n_workers, run->question->budget_bytes);
  return path_times_first(run->medians, tables, error);
}

/* --- the result ------------------------------------------------------------------------------------------ */

/* How many of a variant's codes are keys. */
static guint32 keys_of(const Paths *paths, const Spelled *spelled) {
  return spelled->n - (paths->outcomes || paths->steps ? 1 : 0);
}

static void need_text(Run *run, guint32 code) {
  if (!run->paths->texts[code])
    run->paths->texts[code] = text_dup(key_text(walk_key(run->walk), code));
}

static void gather_texts(Run *run) {
  const Paths *paths = run->paths;
  for (guint i = 0; i < paths->variants->len; i++) {
    const Spelled *spelled = &g_array_index(paths->variants, Spelled, i);
    for (guint32 j = 0; j < MIN(keys_of(paths, spelled), KEYS_SHOWN_MAX); j++)
      need_text(run, spelled->codes[j]);
  }
  for (guint i = 0; i < paths->transitions->len; i++) {
    need_text(run, g_array_index(paths->transitions, PathStep, i).from);
    need_text(run, g_array_index(paths->transitions, PathStep, i).to);
  }
  for (guint i = 0; i < paths->starts->len; i++)
    need_text(run, g_array_index(paths->starts, End, i).code);
  for (guint i = 0; i < paths->ends->len; i++)
    need_text(run, g_array_index(paths->ends, End, i).code);
}

static int id_compare(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

static void gather_persons(Run *run) {
  if (!run->who)
    return;
  GArray *all = run->paths->who = g_array_new(FALSE, FALSE, sizeof(guint64));
  for (guint i = 0; i < run->n_workers; i++)
    if (run->workers[i].who->len)
      g_array_append_vals(all, run->workers[i].who->data, run->workers[i].who->len);
  g_array_sort(all, id_compare);
}

static gboolean first_pass(Run *run, const Params *params, GError **error) {
  guint64 units = snapshot_persons(run->question->snapshot);
  if (!(run->walk = walk_new(run->question, params, error)) || !take_sample(run, error))
    return FALSE;
  if (!path_outcomes_new(run->question, params, walk_units(run->walk), &run->outcomes, error) ||
      !path_who_new(params, run->outcomes != NULL, &run->who, error))
    return FALSE;
  run->paths->outcomes = run->outcomes != NULL;
  for (guint i = 0; i < run->n_workers && run->who; i++)
    run->workers[i].who = g_array_new(FALSE, FALSE, sizeof(guint64));
  run->variants = variants_new(run->n_workers, units, run->question->budget_bytes);
  if (!question_each_block(run->question, count_block, run, error))
    return FALSE;
  for (guint i = 0; i < run->n_workers; i++)
    run->paths->total += run->workers[i].total;
  gather_persons(run);
  rank_codes(run);
  if (!variants_finish(run->variants, run->n_workers, run->limit, error))
    return FALSE;
  run->paths->variants_total = variants_total(run->variants);
  run->paths->starts = choose_ends(run, FALSE, &run->paths->starts_total);
  run->paths->ends = choose_ends(run, TRUE, &run->paths->ends_total);
  return choose_transitions(run, error) && (!run->times || first_medians(run, error));
}

static gboolean second_pass(Run *run, GError **error) {
  run->spell = path_spell_new(run->variants, snapshot_blocks(run->question->snapshot), run->n_workers,
                              has_endings(run) ? run->ends_rank : run->rank);
  if (!question_each_block(run->question, show_block, run, error))
    return FALSE;
  if (run->times && !path_times_second(run->medians, error))
    return FALSE;
  run->paths->variants = path_spell_finish(run->spell);
  for (guint i = 0; has_endings(run) && i < run->paths->variants->len; i++) {
    const Spelled *spelled = &g_array_index(run->paths->variants, Spelled, i);
    for (guint32 j = 0; j + 1 < spelled->n; j++)
      spelled->codes[j] -= ENDINGS;
  }
  gather_texts(run);
  return TRUE;
}

static gboolean run_passes(Run *run, const Params *params, GError **error) {
  gint64 limit = ROWS_PROGRAMS;
  Paths *paths = run->paths;
  const char *given = params_get(params, "limit");
  if (given && !params_int(params, "limit", 1, ROWS_MAX, &limit, error))
    return FALSE;
  run->limit = (guint)limit;
  run->times = !params_flag(params, "no-times");
  paths->rows_people = given ? run->limit : ROWS_PEOPLE;
  paths->collapse = params_flag(params, "collapse");
  paths->key = g_strdup(params_get(params, "key"));
  run->backwards = params_get(params, "before") != NULL;
  if (params_get(params, "steps") && !params_int(params, "steps", 1, KEYS_SHOWN_MAX, &paths->steps, error))
    return FALSE;
  workers_new(run);
  if (!first_pass(run, params, error) || !second_pass(run, error))
    return FALSE;
  paths->unit = units_name(walk_units(run->walk));
  paths->note = paths->total ? NULL : units_note(walk_units(run->walk));
  return TRUE;
}

static gpointer paths_run(const Question *question, const Params *params, GError **error) {
  Paths *paths = g_new0(Paths, 1);
  Run run = {.question = question, .paths = paths};
  gboolean done = run_passes(&run, params, error);
  run_clear(&run);
  if (done)
    return paths;
  paths_free(paths);
  return NULL;
}

/* --- shown ------------------------------------------------------------------------------------------------- */

static const char *text_of_code(const Paths *paths, guint32 code) {
  return paths->texts[code];
}

static double share_of(const Paths *paths, guint64 count) {
  return paths->total ? (double)count / (double)paths->total : NAN;
}

static void write_variants(const Paths *paths, JsonOut *out) {
  json_kv_int(out, "variants_total", (gint64)paths->variants_total);
  json_key(out, "variants");
  json_array(out);
  for (guint i = 0; i < paths->variants->len; i++) {
    const Spelled *spelled = &g_array_index(paths->variants, Spelled, i);
    json_object(out);
    json_key(out, "path");
    json_array(out);
    guint32 keys = keys_of(paths, spelled);
    for (guint32 j = 0; j < MIN(keys, KEYS_SHOWN_MAX); j++)
      json_string(out, text_of_code(paths, spelled->codes[j]));
    json_array_end(out);
    if (keys > KEYS_SHOWN_MAX)
      json_kv_int(out, "length", keys);
    if (paths->outcomes)
      json_kv_string(out, "outcome", outcome_name(spelled->codes[keys] / 2));
    if (paths->steps)
      json_kv_bool(out, "goes_on", spelled->codes[keys] % 2);
    json_kv_int(out, "count", (gint64)spelled->count);
    json_kv_double(out, "share", share_of(paths, spelled->count));
    json_object_end(out);
  }
  json_array_end(out);
}

static void write_transitions(const Paths *paths, JsonOut *out) {
  json_kv_int(out, "transitions_total", (gint64)paths->transitions_total);
  json_key(out, "transitions");
  json_array(out);
  for (guint i = 0; i < paths->transitions->len; i++) {
    const PathStep *step = &g_array_index(paths->transitions, PathStep, i);
    json_object(out);
    json_kv_string(out, "from", text_of_code(paths, step->from));
    json_kv_string(out, "to", text_of_code(paths, step->to));
    json_kv_int(out, "count", (gint64)step->count);
    json_kv_int(out, "persons", (gint64)step->persons);
    json_kv_double(out, "median_ms", step->median_ms);
    json_object_end(out);
  }
  json_array_end(out);
}

static void write_ends(const Paths *paths, const char *name, guint64 total, const GArray *ends, JsonOut *out) {
  g_autofree char *total_name = g_strdup_printf("%s_total", name);
  json_kv_int(out, total_name, (gint64)total);
  json_key(out, name);
  json_array(out);
  for (guint i = 0; i < ends->len; i++) {
    const End *end = &g_array_index(ends, End, i);
    json_object(out);
    json_kv_string(out, "key", text_of_code(paths, end->code));
    json_kv_int(out, "count", (gint64)end->count);
    json_object_end(out);
  }
  json_array_end(out);
}

static void paths_json(gconstpointer result, JsonOut *out) {
  const Paths *paths = result;
  json_kv_string(out, "unit", paths->unit);
  json_kv_string(out, "key", paths->key);
  json_kv_bool(out, "collapse", paths->collapse);
  json_kv_int(out, "total", (gint64)paths->total);
  write_variants(paths, out);
  write_transitions(paths, out);
  write_ends(paths, "starts", paths->starts_total, paths->starts, out);
  write_ends(paths, "ends", paths->ends_total, paths->ends, out);
  if (paths->note)
    json_kv_string(out, "note", paths->note);
  if (!paths->who)
    return;
  json_key(out, "persons");
  json_array(out);
  for (guint i = 0; i < paths->who->len; i++) {
    char id[17];
    g_snprintf(id, sizeof id, "%016" G_GINT64_MODIFIER "x", g_array_index(paths->who, guint64, i));
    json_string(out, id);
  }
  json_array_end(out);
}

static guint rows(const Paths *paths, const Table *table, const GArray *array) {
  return table_is_csv(table) ? array->len : MIN(array->len, paths->rows_people);
}

static void note_rows(Table *table, guint shown, guint64 total) {
  if (shown < total)
    table_note(table, "%u of %" G_GUINT64_FORMAT " shown; --limit shows more.", shown, total);
}

/* For people a key that repeats is said once: "visit x3 > order". */
static char *variant_text(const Paths *paths, const Spelled *spelled, guint32 keys_max, gboolean people) {
  GString *text = g_string_new(NULL);
  guint32 i = 0, all = keys_of(paths, spelled);
  for (guint32 repeats; i < MIN(all, keys_max); i += repeats) {
    for (repeats = 1; people && i + repeats < all && spelled->codes[i + repeats] == spelled->codes[i];)
      repeats++;
    g_string_append_printf(text, "%s%s", i ? " > " : "", text_of_code(paths, spelled->codes[i]));
    if (repeats > 1)
      g_string_append_printf(text, " x%u", repeats);
  }
  if (i < all)
    g_string_append_printf(text, " > ... (%u in all)", all);
  if (paths->steps && spelled->codes[all] % 2)
    g_string_append(text, " > ...");
  if (paths->outcomes)
    g_string_append_printf(text, ": %s", outcome_name(spelled->codes[all] / 2));
  return g_string_free(text, FALSE);
}

static void table_variants(const Paths *paths, Table *table) {
  guint n = rows(paths, table, paths->variants);
  gboolean csv = table_is_csv(table);
  table_title(table, "Paths of %" G_GUINT64_FORMAT " %s by %s", paths->total, paths->unit, paths->key);
  table_column(table, "path", CELL_TEXT);
  table_column(table, "count", CELL_INT);
  table_column(table, "", CELL_BAR);
  table_column(table, "share", CELL_SHARE);
  for (guint i = 0; i < n; i++) {
    const Spelled *spelled = &g_array_index(paths->variants, Spelled, i);
    g_autofree char *text = variant_text(paths, spelled, csv ? KEYS_SHOWN_MAX : KEYS_TABLE_MAX, !csv);
    table_text(table, text);
    table_int(table, (gint64)spelled->count);
    table_number(table, share_of(paths, spelled->count));
    table_number(table, share_of(paths, spelled->count));
  }
  note_rows(table, n, paths->variants_total);
  if (paths->note)
    table_note(table, "%s", paths->note);
}

static void table_transitions(const Paths *paths, Table *table) {
  guint n = rows(paths, table, paths->transitions);
  table_title(table, "From one to the next");
  table_column(table, "from", CELL_TEXT);
  table_column(table, "to", CELL_TEXT);
  table_column(table, "count", CELL_INT);
  table_column(table, "persons", CELL_INT);
  table_column(table, table_is_csv(table) ? "median_ms" : "median time", CELL_DURATION);
  for (guint i = 0; i < n; i++) {
    const PathStep *step = &g_array_index(paths->transitions, PathStep, i);
    table_text(table, text_of_code(paths, step->from));
    table_text(table, text_of_code(paths, step->to));
    table_int(table, (gint64)step->count);
    table_int(table, (gint64)step->persons);
    table_number(table, step->median_ms);
  }
  note_rows(table, n, paths->transitions_total);
}

static void table_ends(const Paths *paths, const char *title, guint64 total, const GArray *ends, Table *table) {
  guint n = rows(paths, table, ends);
  table_title(table, "%s", title);
  table_column(table, paths->key, CELL_TEXT);
  table_column(table, "count", CELL_INT);
  table_column(table, "", CELL_BAR);
  table_column(table, "share", CELL_SHARE);
  for (guint i = 0; i < n; i++) {
    const End *end = &g_array_index(ends, End, i);
    table_text(table, text_of_code(paths, end->code));
    table_int(table, (gint64)end->count);
    table_number(table, share_of(paths, end->count));
    table_number(table, share_of(paths, end->count));
  }
  note_rows(table, n, total);
}

static void paths_table(gconstpointer result, Table *table) {
  const Paths *paths = result;
  table_variants(paths, table);
  table_transitions(paths, table);
  table_ends(paths, "Where they begin", paths->starts_total, paths->starts, table);
  table_ends(paths, "Where they end", paths->ends_total, paths->ends, table);
  if (!paths->who)
    return;
  table_title(table, "Persons of --who");
  table_ids(table, paths->who);
}

static const GArray *paths_who(gconstpointer result) {
  return ((const Paths *)result)->who;
}

static void paths_finding(gconstpointer result, const Project *project, const char *language, Finding *out) {
  const Paths *paths = result;
  const Spelled *first = paths->variants->len ? &g_array_index(paths->variants, Spelled, 0) : NULL;
  guint64 second = paths->variants->len > 1 ? g_array_index(paths->variants, Spelled, 1).count : 0;
  finding_text(out, "units", paths->unit, NULL);
  finding_count(out, "total", paths->total);
  finding_count(out, "variants", paths->variants_total);
  finding_set(out, !first ? "paths.empty" : "paths.many");
  if (!first || !classes_differ(first->count, paths->variants_total > 1 ? second : 0, paths->total))
    return;
  g_autofree char *text = variant_text(paths, first, KEYS_TABLE_MAX, TRUE);
  finding_set(out, "paths.most_frequent");
  finding_text(out, "path", text, NULL);
  finding_count(out, "count", first->count);
  finding_share(out, "share", share_of(paths, first->count));
}

static const Param params[] = {
    {"key", PARAM_TEXT, .fallback = "event", .help = "what a path is made of: event, channel, touchpoint or any property"},
    {"unit", PARAM_CHOICE, .choices = UNIT_CHOICES, .fallback = "persons", .help = "whose touches make a path"},
    {"collapse", PARAM_FLAG, .help = "join equal neighbours to one"},
    {"after", PARAM_CONDITION, .help = "begin at the first touch that matches"},
    {"before", PARAM_CONDITION, .help = "end at the last touch that matches"},
    {"limit", PARAM_INT, .help = "rows of each list (10 in tables, 1,000 in JSON and CSV)"},
    {"steps", PARAM_INT, .help = "cut paths to so many touches from the anchor on"},
    {"outcomes", PARAM_FLAG, .help = "tell what became of each path: converted, open or left"},
    {"who", PARAM_TEXT, .many = TRUE,
     .help = "list the persons whose path has KEY as its N-th touch: N:KEY; ends:N; outcome:converted"},
    {"no-times", PARAM_FLAG, .help = "leave out the median times"},
    {0},
};

const Report paths_report = {
    .name = "paths",
    .summary = "The ways people take: whole paths, steps from one touch to the next, where they begin and end.",
    .example = "--key channel --unit visits --collapse",
    .params = params,
    .run = paths_run,
    .json = paths_json,
    .table = paths_table,
    .free = paths_free,
    .finding = paths_finding,
    .who = paths_who,
};
