// SPDX-License-Identifier: Apache-2.0
/* First pass: every unit's touches as codes (walk.c) are counted as a whole (variants.c), by pair
 * (transitions.c), by first and by last. Then it is known which rows are shown, and a second pass gathers only
 * what they need: the durations of the shown pairs and the spelling of the shown variants. Of variants that are
 * equally frequent those whose keys come first are shown; a bounded heap a worker keeps them.
 *
 *   ann: a b b c, bob: a b c        variants  a>b>b>c 1, a>b>c 1        starts a 2, ends c 2
 *                                   pairs     a>b 2, b>b 1, b>c 2       --collapse: a>b>c 2, no b>b */
#include "analysis/paths.h"
#include "analysis/durations.h"
#include "analysis/transitions.h"
#include "analysis/variants.h"
#include "analysis/walk.h"
#include "base/error.h"
#include "base/parallel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_PEOPLE = 10, ROWS_PROGRAMS = 1000, ROWS_MAX = 100000, KEYS_SHOWN_MAX = 1000, KEYS_TABLE_MAX = 30 };

typedef struct { /* a variant spelled out */
  guint64 count;
  guint32 n;
  guint32 *codes;
} Spelled;

typedef struct {
  guint32 from, to;
  guint64 count, persons;
  double median_ms;
} Step;

typedef struct {
  guint32 code;
  guint64 count;
} End;

typedef struct {
  const char *unit, *note;
  char *key;
  gboolean collapse;
  guint rows_people; /* in tables */
  guint64 total, variants_total, transitions_total, starts_total, ends_total;
  char **texts; /* of codes; only those shown are set */
  guint n_texts;
  GArray *variants, *transitions, *starts, *ends; /* of Spelled, Step, End */
} Paths;

/* --- counting -------------------------------------------------------------------------------------- */

typedef struct { /* of one worker */
  guint64 total;
  Transitions transitions;
  GArray *starts, *ends; /* of guint64, by code */
  guint32 *own;          /* a path after --collapse */
  guint own_room;
  guint32 person, stamp; /* the person at hand, and a number for them */
  Durations *times;      /* by shown transition */
  GArray *spelled;       /* of Spelled: variants chosen for certain */
  GArray *ties;          /* of Spelled: a heap, the last in order on top */
  GArray *wanted;        /* of guint32: this block's wanted variants by person */
} Worker;

typedef struct {
  const Question *question;
  Paths *paths;
  Walk *walk;
  guint limit;
  gboolean times;
  Variants *variants;
  Transitions all;
  guint32 *numbers;      /* of shown pairs, as a square like `all`; NULL when that is hashed */
  guint32 *rank;         /* code -> place of its text among all */
  GArray *wanted;        /* of Variant, by block */
  guint32 *wanted_start; /* n_blocks + 1 */
  guint64 tie_count;
  guint ties_wanted;
  guint n_workers;
  Worker *workers;
} Run;

typedef struct { /* a block being walked */
  Run *run;
  Worker *worker;
  const Block *data;
  guint block, number;
} Walker;

static void spelled_clear(gpointer data) {
  g_free(((Spelled *)data)->codes);
}

static GArray *spelled_new(void) {
  GArray *array = g_array_new(FALSE, FALSE, sizeof(Spelled));
  g_array_set_clear_func(array, spelled_clear);
  return array;
}

static void paths_free(gpointer result) {
  Paths *paths = result;
  GArray *arrays[] = {paths->variants, paths->transitions, paths->starts, paths->ends};
  for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
    if (arrays[i])
      g_array_unref(arrays[i]);
  for (guint i = 0; i < paths->n_texts; i++)
    g_free(paths->texts[i]);
  g_free(paths->texts);
  g_free(paths->key);
  g_free(paths);
}

static void run_clear(Run *run) {
  for (guint i = 0; i < run->n_workers; i++) {
    Worker *worker = &run->workers[i];
    transitions_clear(&worker->transitions);
    for (guint j = 0; worker->times && j < run->paths->transitions->len; j++)
      durations_clear(&worker->times[j]);
    g_free(worker->times);
    g_free(worker->own);
    GArray *arrays[] = {worker->starts, worker->ends, worker->spelled, worker->ties, worker->wanted};
    for (guint j = 0; j < G_N_ELEMENTS(arrays); j++)
      g_array_unref(arrays[j]);
  }
  g_free(run->workers);
  transitions_clear(&run->all);
  g_free(run->numbers);
  variants_free(run->variants);
  walk_free(run->walk);
  g_clear_pointer(&run->wanted, g_array_unref);
  g_free(run->wanted_start);
  g_free(run->rank);
}

static void workers_new(Run *run) {
  run->n_workers = question_threads(run->question);
  run->workers = g_new0(Worker, run->n_workers);
  for (guint i = 0; i < run->n_workers; i++) {
    Worker *worker = &run->workers[i];
    worker->starts = g_array_new(FALSE, TRUE, sizeof(guint64));
    worker->ends = g_array_new(FALSE, TRUE, sizeof(guint64));
    worker->spelled = spelled_new();
    worker->ties = spelled_new();
    worker->wanted = g_array_new(FALSE, TRUE, sizeof(guint32));
  }
}

static void count_end(GArray *counts, guint32 code) {
  if (code >= counts->len)
    g_array_set_size(counts, code + 1);
  g_array_index(counts, guint64, code)++;
}

static gboolean count_pairs(Worker *worker, const Path *path, gboolean collapse) {
  for (guint32 i = 1; i < path->n; i++) {
    if (collapse && path->codes[i] == path->codes[i - 1])
      continue;
    Transition *pair = transitions_cell(&worker->transitions, path->codes[i - 1], path->codes[i]);
    if (!pair)
      return FALSE;
    pair->count++;
    if (pair->mark != worker->stamp) {
      pair->mark = worker->stamp;
      pair->persons++;
    }
  }
  return TRUE;
}

/* The codes that make the variant: all, or with equal neighbours joined. */
static const guint32 *variant_codes(const Run *run, Worker *worker, const Path *path, guint32 *n) {
  *n = path->n;
  if (!run->paths->collapse)
    return path->codes;
  if (worker->own_room < path->n) {
    worker->own_room = path->n * 2;
    worker->own = g_renew(guint32, worker->own, worker->own_room);
  }
  *n = 0;
  for (guint32 i = 0; i < path->n; i++)
    if (i == 0 || path->codes[i] != path->codes[i - 1])
      worker->own[(*n)++] = path->codes[i];
  return worker->own;
}

/* Where a unit stands: block (24 bits), person in it (12), unit of the person (28). */
static guint64 path_ref(guint block, const Path *path) {
  return (guint64)block << 40 | (guint64)path->person << 28 | (path->unit & 0xFFFFFFF);
}

static gboolean no_memory(GError **error) {
  return error_set(error, ERROR_LIMIT,
                   "there are too many different paths for the memory allowed\nhint: ask for a shorter range, or with --collapse");
}

static gboolean count_path(gpointer user, const Path *path, GError **error) {
  Walker *walker = user;
  Worker *worker = walker->worker;
  guint32 n;
  if (worker->person == G_MAXUINT32 && !transitions_room(&worker->transitions, key_count(walk_key(walker->run->walk))))
    return no_memory(error); /* the block's first path: its keys are known now */
  worker->stamp += worker->person != path->person;
  worker->person = path->person;
  worker->total++;
  count_end(worker->starts, path->codes[0]);
  count_end(worker->ends, path->codes[path->n - 1]);
  if (!count_pairs(worker, path, walker->run->paths->collapse))
    return no_memory(error);
  const guint32 *codes = variant_codes(walker->run, worker, path, &n);
  return variants_add(walker->run->variants, walker->number, codes, n, path_ref(walker->block, path)) || no_memory(error);
}

static gboolean count_block(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Run *run = user;
  Worker *worker = &run->workers[number];
  Walker walker = {run, worker, data, block, number};
  worker->person = G_MAXUINT32;
  if (question->budget_bytes && transitions_bytes(&worker->transitions) > question->budget_bytes / 2)
    return no_memory(error);
  return walk_block(run->walk, block, data, number, count_path, &walker, error);
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
  run->paths->texts = g_new0(char *, n);
  run->paths->n_texts = n;
}

static gint compare_codes(const Run *run, const guint32 *a, guint32 n_a, const guint32 *b, guint32 n_b) {
  for (guint32 i = 0; i < MIN(n_a, n_b); i++)
    if (a[i] != b[i])
      return run->rank[a[i]] < run->rank[b[i]] ? -1 : 1;
  return (n_a > n_b) - (n_a < n_b);
}

static gint compare_steps(gconstpointer a, gconstpointer b, gpointer user) {
  const Run *run = user;
  const Step *x = a, *y = b;
  if (x->count != y->count)
    return x->count < y->count ? 1 : -1;
  return compare_codes(run, &x->from, 2, &y->from, 2); /* from and to stand side by side */
}

static gint compare_ends(gconstpointer a, gconstpointer b, gpointer user) {
  const End *x = a, *y = b;
  if (x->count != y->count)
    return x->count < y->count ? 1 : -1;
  return compare_codes(user, &x->code, 1, &y->code, 1);
}

static gint compare_spelled(gconstpointer a, gconstpointer b, gpointer user) {
  const Spelled *x = a, *y = b;
  if (x->count != y->count)
    return x->count < y->count ? 1 : -1;
  return compare_codes(user, x->codes, x->n, y->codes, y->n);
}

typedef struct {
  Run *run;
  gboolean failed;
} Merge;

static void merge_cell(gpointer user, guint32 from, guint32 to, const Transition *transition) {
  Merge *merge = user;
  Transition *cell = transitions_cell(&merge->run->all, from, to);
  merge->failed |= !cell;
  if (!cell)
    return;
  cell->count += transition->count;
  cell->persons += transition->persons;
}

static void list_cell(gpointer user, guint32 from, guint32 to, const Transition *transition) {
  Step step = {from, to, transition->count, transition->persons, NAN};
  g_array_append_val((GArray *)user, step);
}

/* Adds up the workers' tables, keeps the most frequent pairs and numbers them from 1 in their cells. */
static gboolean choose_transitions(Run *run, GError **error) {
  Paths *paths = run->paths;
  Merge merge = {run, !transitions_room(&run->all, paths->n_texts)};
  for (guint i = 0; i < run->n_workers && !merge.failed; i++) {
    transitions_each(&run->workers[i].transitions, merge_cell, &merge);
    transitions_clear(&run->workers[i].transitions);
  }
  if (merge.failed)
    return no_memory(error);
  paths->transitions = g_array_new(FALSE, FALSE, sizeof(Step));
  transitions_each(&run->all, list_cell, paths->transitions);
  g_array_sort_with_data(paths->transitions, compare_steps, run);
  paths->transitions_total = paths->transitions->len;
  g_array_set_size(paths->transitions, MIN(paths->transitions->len, run->limit));
  for (guint i = 0; i < paths->transitions->len; i++) {
    const Step *step = &g_array_index(paths->transitions, Step, i);
    transitions_cell(&run->all, step->from, step->to)->mark = i + 1;
  }
  gsize cells = (gsize)run->all.side * run->all.side;
  run->numbers = cells ? g_new(guint32, cells) : NULL;
  for (gsize i = 0; i < cells; i++)
    run->numbers[i] = run->all.cells[i].mark;
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
  g_array_sort_with_data(ends, compare_ends, run);
  *total = ends->len;
  g_array_set_size(ends, MIN(ends->len, run->limit));
  return ends;
}

/* Puts the variants that may be shown in order of their block (counting sort). */
static void order_wanted(Run *run) {
  const GArray *lists[] = {variants_chosen(run->variants), variants_ties(run->variants)};
  guint n_blocks = snapshot_blocks(run->question->snapshot), n = lists[0]->len + lists[1]->len;
  run->ties_wanted = variants_ties_wanted(run->variants);
  run->tie_count = run->ties_wanted ? g_array_index(lists[1], Variant, 0).count : 0;
  run->wanted_start = g_new0(guint32, n_blocks + 2);
  run->wanted = g_array_sized_new(FALSE, FALSE, sizeof(Variant), n);
  g_array_set_size(run->wanted, n);
  for (guint list = 0; list < 2; list++)
    for (guint i = 0; i < lists[list]->len; i++)
      run->wanted_start[(g_array_index(lists[list], Variant, i).ref >> 40) + 2]++;
  for (guint i = 2; i < n_blocks + 2; i++)
    run->wanted_start[i] += run->wanted_start[i - 1];
  for (guint list = 0; list < 2; list++)
    for (guint i = 0; i < lists[list]->len; i++) {
      const Variant *variant = &g_array_index(lists[list], Variant, i);
      g_array_index(run->wanted, Variant, run->wanted_start[(variant->ref >> 40) + 1]++) = *variant;
    }
}

/* --- second pass --------------------------------------------------------------------------------------- */

/* Sorts the block's wanted variants by person: worker->wanted holds n_persons + 2 offsets, then indexes. */
static void index_wanted(const Run *run, Worker *worker, guint block, const Block *data) {
  guint32 from = run->wanted_start[block], to = run->wanted_start[block + 1], persons = data->n_persons;
  g_array_set_size(worker->wanted, 0);
  g_array_set_size(worker->wanted, persons + 2 + (to - from));
  guint32 *start = (guint32 *)(void *)worker->wanted->data, *index = start + persons + 2;
  for (guint32 i = from; i < to; i++)
    start[(g_array_index(run->wanted, Variant, i).ref >> 28 & 0xFFF) + 2]++;
  for (guint32 p = 2; p < persons + 2; p++)
    start[p] += start[p - 1];
  for (guint32 i = from; i < to; i++)
    index[start[(g_array_index(run->wanted, Variant, i).ref >> 28 & 0xFFF) + 1]++] = i;
}

/* Restores a heap whose element `at` may be too small for its place (upwards) or too large (downwards). */
static void heap_fix(const Run *run, GArray *heap, guint at) {
  Spelled *all = (Spelled *)(void *)heap->data, moved = all[at];
  while (at > 0 && compare_spelled(&all[(at - 1) / 2], &moved, (gpointer)run) < 0) {
    all[at] = all[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  for (guint child; (child = at * 2 + 1) < heap->len; at = child) {
    if (child + 1 < heap->len && compare_spelled(&all[child], &all[child + 1], (gpointer)run) < 0)
      child++;
    if (compare_spelled(&all[child], &moved, (gpointer)run) <= 0)
      break;
    all[at] = all[child];
  }
  all[at] = moved;
}

static void keep_tie(const Run *run, GArray *heap, const guint32 *codes, guint32 n) {
  gboolean full = heap->len == run->ties_wanted;
  Spelled *top = (Spelled *)(void *)heap->data;
  if (full && compare_codes(run, codes, n, top->codes, top->n) >= 0)
    return;
  Spelled spelled = {run->tie_count, n, g_memdup2(codes, n * sizeof *codes)};
  if (full) {
    g_free(top->codes);
    *top = spelled;
    heap_fix(run, heap, 0);
  } else {
    g_array_append_val(heap, spelled);
    heap_fix(run, heap, heap->len - 1);
  }
}

static void spell_path(const Walker *walker, const Path *path) {
  const Run *run = walker->run;
  Worker *worker = walker->worker;
  const guint32 *start = (const guint32 *)(const void *)worker->wanted->data, *index = start + walker->data->n_persons + 2;
  for (guint32 i = start[path->person]; i < start[path->person + 1]; i++) {
    const Variant *variant = &g_array_index(run->wanted, Variant, index[i]);
    if (variant->ref != path_ref(walker->block, path))
      continue;
    guint32 n;
    const guint32 *codes = variant_codes(run, worker, path, &n);
    if (variant->count == run->tie_count)
      keep_tie(run, worker->ties, codes, n);
    else {
      Spelled spelled = {variant->count, n, g_memdup2(codes, n * sizeof *codes)};
      g_array_append_val(worker->spelled, spelled);
    }
  }
}

/* The number of a pair among those shown, from 1; 0 for the others. */
static inline guint32 pair_number(Run *run, guint32 from, guint32 to) {
  if (G_LIKELY(run->numbers))
    return run->numbers[(gsize)from * run->all.side + to];
  const Transition *pair = transitions_find(&run->all, from, to, FALSE);
  return pair ? pair->mark : 0;
}

static void time_pairs(const Walker *walker, const Path *path) {
  Run *run = walker->run;
  Durations *times = walker->worker->times;
  gint64 before_ms = block_time_ms(walker->data, path->events[0]);
  for (guint32 i = 1; i < path->n; i++) {
    gint64 now_ms = block_time_ms(walker->data, path->events[i]);
    guint32 number = pair_number(run, path->codes[i - 1], path->codes[i]);
    if (number && !(run->paths->collapse && path->codes[i] == path->codes[i - 1]))
      durations_add(&times[number - 1], now_ms - before_ms);
    before_ms = now_ms;
  }
}

static gboolean show_path(gpointer user, const Path *path, GError **error) {
  const Walker *walker = user;
  spell_path(walker, path);
  if (walker->run->times)
    time_pairs(walker, path);
  return TRUE;
}

static gboolean show_block(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Run *run = user;
  Walker walker = {run, &run->workers[number], data, block, number};
  if (!run->times && run->wanted_start[block] == run->wanted_start[block + 1])
    return TRUE;
  index_wanted(run, walker.worker, block, data);
  return walk_block(run->walk, block, data, number, show_path, &walker, error);
}

/* --- the result ------------------------------------------------------------------------------------------ */

static gboolean median_step(guint i, guint worker, gpointer user, GError **error) {
  Run *run = user;
  g_autofree const Durations **bags = g_new(const Durations *, run->n_workers);
  for (guint w = 0; w < run->n_workers; w++)
    bags[w] = &run->workers[w].times[i];
  g_array_index(run->paths->transitions, Step, i).median_ms = durations_median(bags, run->n_workers);
  return TRUE;
}

static gboolean check_times(const Run *run, GError **error) {
  gboolean failed = FALSE;
  for (guint i = 0; i < run->n_workers; i++)
    for (guint j = 0; j < run->paths->transitions->len; j++)
      failed |= run->workers[i].times[j].failed;
  return !failed || error_set(error, ERROR_LIMIT, "the times between touches do not fit into memory\nhint: ask with --no-times");
}

static gboolean room_for_times(Run *run, GError **error) {
  guint64 n = 0;
  for (guint i = 0; i < run->paths->transitions->len; i++)
    n += g_array_index(run->paths->transitions, Step, i).count;
  if (run->question->budget_bytes && n * sizeof(guint32) > run->question->budget_bytes)
    return error_set(error, ERROR_LIMIT,
                     "the times of %" G_GUINT64_FORMAT
                     " transitions do not fit into memory\nhint: ask with --no-times, or for a shorter range",
                     n);
  for (guint i = 0; i < run->n_workers; i++)
    run->workers[i].times = g_new0(Durations, run->paths->transitions->len + 1);
  return TRUE;
}

static void gather_variants(Run *run) {
  GArray *ties = spelled_new(), *all = spelled_new();
  for (guint i = 0; i < run->n_workers; i++) {
    GArray *lists[] = {run->workers[i].spelled, run->workers[i].ties}, *into[] = {all, ties};
    for (guint list = 0; list < 2; list++) {
      g_array_append_vals(into[list], lists[list]->data, lists[list]->len);
      g_array_set_clear_func(lists[list], NULL); /* the codes belong to `into` now */
    }
  }
  g_array_sort_with_data(ties, compare_spelled, run);
  if (ties->len > run->ties_wanted)
    g_array_set_size(ties, run->ties_wanted);
  g_array_append_vals(all, ties->data, ties->len);
  g_array_set_clear_func(ties, NULL);
  g_array_unref(ties);
  g_array_sort_with_data(all, compare_spelled, run);
  run->paths->variants = all;
}

static void need_text(Run *run, guint32 code) {
  if (!run->paths->texts[code])
    run->paths->texts[code] = text_dup(key_text(walk_key(run->walk), code));
}

static void gather_texts(Run *run) {
  const Paths *paths = run->paths;
  for (guint i = 0; i < paths->variants->len; i++) {
    const Spelled *spelled = &g_array_index(paths->variants, Spelled, i);
    for (guint32 j = 0; j < MIN(spelled->n, KEYS_SHOWN_MAX); j++)
      need_text(run, spelled->codes[j]);
  }
  for (guint i = 0; i < paths->transitions->len; i++) {
    need_text(run, g_array_index(paths->transitions, Step, i).from);
    need_text(run, g_array_index(paths->transitions, Step, i).to);
  }
  for (guint i = 0; i < paths->starts->len; i++)
    need_text(run, g_array_index(paths->starts, End, i).code);
  for (guint i = 0; i < paths->ends->len; i++)
    need_text(run, g_array_index(paths->ends, End, i).code);
}

static gboolean first_pass(Run *run, const Params *params, GError **error) {
  guint64 units = snapshot_persons(run->question->snapshot);
  if (!(run->walk = walk_new(run->question, params, error)))
    return FALSE;
  run->variants = variants_new(run->n_workers, units, run->question->budget_bytes);
  if (!question_each_block(run->question, count_block, run, error))
    return FALSE;
  for (guint i = 0; i < run->n_workers; i++)
    run->paths->total += run->workers[i].total;
  rank_codes(run);
  if (!variants_finish(run->variants, run->n_workers, run->limit, error))
    return FALSE;
  run->paths->variants_total = variants_total(run->variants);
  run->paths->starts = choose_ends(run, FALSE, &run->paths->starts_total);
  run->paths->ends = choose_ends(run, TRUE, &run->paths->ends_total);
  return choose_transitions(run, error);
}

static gboolean second_pass(Run *run, GError **error) {
  order_wanted(run);
  if (!room_for_times(run, error) || !question_each_block(run->question, show_block, run, error) || !check_times(run, error))
    return FALSE;
  if (run->times && !parallel_run(run->n_workers, run->paths->transitions->len, median_step, run, error))
    return FALSE;
  gather_variants(run);
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
    for (guint32 j = 0; j < MIN(spelled->n, KEYS_SHOWN_MAX); j++)
      json_string(out, text_of_code(paths, spelled->codes[j]));
    json_array_end(out);
    if (spelled->n > KEYS_SHOWN_MAX)
      json_kv_int(out, "length", spelled->n);
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
    const Step *step = &g_array_index(paths->transitions, Step, i);
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
  guint32 i = 0;
  for (guint32 repeats; i < MIN(spelled->n, keys_max); i += repeats) {
    for (repeats = 1; people && i + repeats < spelled->n && spelled->codes[i + repeats] == spelled->codes[i];)
      repeats++;
    g_string_append_printf(text, "%s%s", i ? " > " : "", text_of_code(paths, spelled->codes[i]));
    if (repeats > 1)
      g_string_append_printf(text, " x%u", repeats);
  }
  if (i < spelled->n)
    g_string_append_printf(text, " > ... (%u in all)", spelled->n);
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
    const Step *step = &g_array_index(paths->transitions, Step, i);
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
}

static const Param params[] = {
    {"key", PARAM_TEXT, .fallback = "event", .help = "what a path is made of: event, channel, touchpoint or any property"},
    {"unit", PARAM_CHOICE, .choices = UNIT_CHOICES, .fallback = "persons", .help = "whose touches make a path"},
    {"collapse", PARAM_FLAG, .help = "join equal neighbours to one"},
    {"after", PARAM_CONDITION, .help = "begin at the first touch that matches"},
    {"before", PARAM_CONDITION, .help = "end at the last touch that matches"},
    {"limit", PARAM_INT, .help = "rows of each list (10 in tables, 1,000 in JSON and CSV)"},
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
};
