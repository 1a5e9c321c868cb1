// SPDX-License-Identifier: Apache-2.0
/* Conditions become bitmaps a block, the kernel counts them (funnel_kernel.c), and this file asks and shows.
 * With --by, units are counted by the group of their first event in a first pass; times are gathered in a
 * second one, for the groups that are shown and for the rest together, so that memory does not grow with the
 * number of different values.
 *
 *   five events: ann visit@1, ann order@3, bob visit@2, cleo visit@5, cleo order@5 (later in the order)
 *   steps visit, order: reached 3 and 2; from_previous 2/3; median of {2, 0} is 1 ms; dropped(1) = 1 (bob) */
#include "analysis/funnel.h"
#include "analysis/funnel_driver.h"
#include "analysis/funnel_kernel.h"
#include "analysis/funnel_next.h"
#include "analysis/funnel_who.h"
#include "analysis/key.h"
#include "analysis/rates.h"
#include "analysis/scope.h"
#include "analysis/unit.h"
#include "base/error.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 1000, NO_GROUP = G_MAXUINT32 };

/* Who asks for the units that came to a step. */
typedef enum { CASES_WHO, CASES_NEXT, CASES_DRIVERS, CASES_KINDS } CasesKind;

typedef struct {  /* a funnel's figures: of all, or of a group */
  char *value;    /* the group's */
  gboolean other; /* what the limit left over */
  guint64 reached[FUNNEL_STEPS_MAX];
  double median_ms[FUNNEL_STEPS_MAX];
} Figures;

typedef struct {
  FunnelRules rules;
  const char *mode, *unit;
  GPtrArray *names; /* of char*: the steps as given */
  guint64 total;
  Figures all;
  char *by;
  GPtrArray *groups; /* of Figures*, NULL without --by */
  guint groups_total;
  guint case_step[CASES_KINDS]; /* 0: not asked */
  FunnelWho *who;
  FunnelNext *next;
  FunnelDrivers *drivers;
  GArray *persons; /* of guint64, NULL without --who */
  char *note;
} Funnel;

static void figures_free(gpointer data) {
  g_free(((Figures *)data)->value);
  g_free(data);
}

static void funnel_free(gpointer result) {
  Funnel *funnel = result;
  if (!funnel)
    return;
  g_ptr_array_unref(funnel->names);
  g_clear_pointer(&funnel->groups, g_ptr_array_unref);
  g_clear_pointer(&funnel->persons, g_array_unref);
  funnel_who_free(funnel->who);
  funnel_next_free(funnel->next);
  funnel_drivers_free(funnel->drivers);
  g_free(funnel->all.value);
  g_free(funnel->by);
  g_free(funnel->note);
  g_free(funnel);
}

/* --- what is asked --------------------------------------------------------------------------------- */

typedef struct { /* where a unit's group is read */
  Key *key;
  gboolean of_person; /* first(...) or last(...), not e1 */
  gboolean last;
  EventFilter pick;
} Breakdown;

typedef struct { /* of one worker; bitmaps grow to the largest block */
  guint64 *bits;
  guint words;
  guint32 *codes;
  guint codes_room;
  FunnelScratch *scratch;
  guint32 *seen; /* by unit number: the person it was counted for */
  guint seen_room;
  guint64 total;
  gboolean any_unit;
  FunnelTally tally;
  Arena arena;
  Durations *times;           /* [group * n_steps + step] */
  GArray *reached;            /* of guint64: [code * n_steps + step] */
  GArray *persons;            /* of guint64 */
  GArray *cases[CASES_KINDS]; /* of FunnelCase, of the block */
  GArray *steps[CASES_KINDS]; /* of guint32: their events */
} Worker;

typedef struct {
  const Question *question;
  Funnel *funnel;
  Scope *scope;
  Units *units;
  gboolean times;
  EventFilter steps[FUNNEL_STEPS_MAX], exclude;
  gboolean has_exclude;
  Breakdown by;
  gboolean has_by;
  GArray *group_of; /* second pass: code -> group of guint32 */
  guint n_groups;
  guint n_workers;
  Worker *workers;
} Run;

typedef struct { /* what an attempt is handed to */
  Run *run;
  Worker *worker;
  const Block *data;
  const UnitBlock *units;
} Taker;

static void workers_free(Run *run) {
  for (guint i = 0; i < run->n_workers; i++) {
    Worker *worker = &run->workers[i];
    g_free(worker->times);
    arena_clear(&worker->arena);
    g_free(worker->bits);
    g_free(worker->codes);
    g_free(worker->seen);
    funnel_scratch_free(worker->scratch);
    g_clear_pointer(&worker->reached, g_array_unref);
    g_clear_pointer(&worker->persons, g_array_unref);
    for (guint kind = 0; kind < CASES_KINDS; kind++) {
      g_clear_pointer(&worker->cases[kind], g_array_unref);
      g_clear_pointer(&worker->steps[kind], g_array_unref);
    }
  }
  g_clear_pointer(&run->workers, g_free);
  run->n_workers = 0;
}

static void run_clear(Run *run) {
  workers_free(run);
  for (guint k = 0; k < FUNNEL_STEPS_MAX; k++)
    event_filter_clear(&run->steps[k]);
  event_filter_clear(&run->exclude);
  event_filter_clear(&run->by.pick);
  key_free(run->by.key);
  units_free(run->units);
  scope_free(run->scope);
  if (run->group_of)
    g_array_unref(run->group_of);
}

static void workers_new(Run *run) {
  run->n_workers = question_threads(run->question);
  run->workers = g_new0(Worker, run->n_workers);
  for (guint i = 0; i < run->n_workers; i++) {
    Worker *worker = &run->workers[i];
    worker->scratch = funnel_scratch_new();
    if (run->times)
      worker->times = durations_new(&worker->arena, (gsize)MAX(run->n_groups, 1) * run->funnel->rules.n_steps);
    if (!run->n_groups)
      worker->tally.times = worker->times;
    worker->reached = g_array_new(FALSE, TRUE, sizeof(guint64));
    worker->persons = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (guint kind = 0; kind < CASES_KINDS; kind++) {
      worker->cases[kind] = g_array_new(FALSE, FALSE, sizeof(FunnelCase));
      worker->steps[kind] = g_array_new(FALSE, FALSE, sizeof(guint32));
    }
  }
}

/* "first(COND).field" is read as the beginning of a comparison: the tree then holds the two parts. */
static gboolean breakdown_init(Run *run, const char *text, GError **error) {
  Breakdown *by = &run->by;
  run->has_by = TRUE;
  if (!g_str_has_prefix(text, "first(") && !g_str_has_prefix(text, "last("))
    return (by->key = key_new(run->question, text, error)) != NULL;
  g_autofree char *comparison = g_strdup_printf("%s = x", text);
  g_autoptr(Condition) condition = condition_parse(comparison, error);
  if (!condition)
    return FALSE;
  if (condition->kind != CONDITION_PICK)
    return error_set(error, ERROR_INVALID, "expected a field such as channel, or first(CONDITION).channel, found \"%s\"", text);
  g_autofree char *inner = condition_text(g_ptr_array_index(condition->children, 0));
  by->of_person = TRUE;
  by->last = condition->last;
  by->key = key_new(run->question, condition->field, error);
  return by->key && event_filter_init(&by->pick, run->question, "the inner condition", inner, error);
}

/* A step behind which somebody can drop; 0 when not asked. */
static gboolean drop_parse(Funnel *funnel, const Params *params, const char *name, guint *step, GError **error) {
  gint64 given = 0;
  if (!params_get(params, name))
    return TRUE;
  if (funnel->rules.n_steps < 2)
    return error_set(error, ERROR_USAGE, "--%s needs a funnel of two steps or more", name);
  if (!params_int(params, name, 1, (gint64)funnel->rules.n_steps - 1, &given, error))
    return FALSE;
  *step = (guint)given;
  return TRUE;
}

static gboolean cases_parse(Run *run, const Params *params, GError **error) {
  Funnel *funnel = run->funnel;
  const char *who = params_get(params, "who");
  if (!drop_parse(funnel, params, "next", &funnel->case_step[CASES_NEXT], error) ||
      !drop_parse(funnel, params, "drivers", &funnel->case_step[CASES_DRIVERS], error))
    return FALSE;
  if (who && !(funnel->who = funnel_who_new(run->question, who, funnel->rules.n_steps, error)))
    return FALSE;
  funnel->case_step[CASES_WHO] = who ? funnel_who_step(funnel->who) : 0;
  if (funnel->case_step[CASES_NEXT] && !(funnel->next = funnel_next_new(run->question, error)))
    return FALSE;
  return !funnel->case_step[CASES_DRIVERS] || (funnel->drivers = funnel_drivers_new(run->question, error)) != NULL;
}

static gboolean steps_parse(Run *run, const Params *params, GError **error) {
  Funnel *funnel = run->funnel;
  const GPtrArray *steps = params_all(params, "step");
  if (steps->len > FUNNEL_STEPS_MAX)
    return error_set(error, ERROR_USAGE, "a funnel has at most %d steps, not %u", FUNNEL_STEPS_MAX, steps->len);
  funnel->rules.n_steps = steps->len;
  for (guint k = 0; k < steps->len; k++) {
    const char *text = g_ptr_array_index(steps, k);
    g_autofree char *option = g_strdup_printf("--step %u", k + 1);
    g_ptr_array_add(funnel->names, g_strdup(text));
    if (!event_filter_init(&run->steps[k], run->question, option, text, error))
      return FALSE;
  }
  const char *exclude = params_get(params, "exclude");
  run->has_exclude = exclude != NULL;
  return !exclude || event_filter_init(&run->exclude, run->question, "--exclude", exclude, error);
}

static gboolean rules_parse(Run *run, const Params *params, GError **error) {
  Funnel *funnel = run->funnel;
  const char *window = params_get(params, "window"), *by = params_get(params, "by");
  const char *mode = params_get(params, "mode");
  gboolean ordered = strcmp(mode, "ordered") == 0, strict = strcmp(mode, "strict") == 0;
  funnel->rules.mode = ordered ? FUNNEL_ORDERED : strict ? FUNNEL_STRICT : FUNNEL_ANY;
  funnel->mode = ordered ? "ordered" : strict ? "strict" : "any";
  if (!(run->units = units_new(run->question, params_get(params, "unit"), error)))
    return FALSE;
  run->times = !params_flag(params, "no-times");
  funnel->unit = units_name(run->units);
  funnel->rules.window_ms = G_MAXINT64;
  if (window && strcmp(window, "none") != 0 && !duration_parse(window, &funnel->rules.window_ms, error)) {
    g_prefix_error(error, "--window: ");
    return FALSE;
  }
  if (!cases_parse(run, params, error))
    return FALSE;
  if (by && !breakdown_init(run, by, error)) {
    g_prefix_error(error, "--by: ");
    return FALSE;
  }
  funnel->by = g_strdup(by);
  return TRUE;
}

/* --- a block ----------------------------------------------------------------------------------------- */

static gboolean worker_room(const Run *run, Worker *worker, const Block *data, GError **error) {
  guint words = bits_words(data->n_events) + 1, maps = run->funnel->rules.n_steps + 4;
  if (words > worker->words) {
    guint64 *bits = g_try_renew(guint64, worker->bits, (gsize)words * maps);
    if (!bits)
      return error_set(error, ERROR_LIMIT, "no memory for a block of %u events", data->n_events);
    worker->bits = bits;
    worker->words = words;
  }
  if (run->has_by && worker->codes_room < data->n_events) {
    worker->codes = g_renew(guint32, worker->codes, data->n_events);
    worker->codes_room = data->n_events;
  }
  return TRUE;
}

/* Leaves in worker->codes[person] the group of each person, by the event that first(...) or last(...) picks. */
static gboolean pick_codes(Run *run, guint block, const Block *data, const ScopeBlock *scope, guint64 *bits, Worker *worker,
                           GError **error) {
  if (!event_filter_block(&run->by.pick, block, data, scope->visible, bits, error))
    return FALSE;
  for (guint32 p = 0; p < data->n_persons; p++) {
    guint from = data->person_start[p], to = data->person_start[p + 1], found = bits_next(bits, from, to);
    for (guint next = found; run->by.last && next < to; next = bits_next(bits, found + 1, to))
      found = next;
    worker->codes[p] = found < to ? worker->codes[found] : KEY_NONE; /* p <= found: not yet overwritten */
  }
  return TRUE;
}

static guint32 unit_code(const Taker *taker, guint32 person, const FunnelAttempt *attempt) {
  return taker->worker->codes[taker->run->by.of_person ? person : attempt->at[0]];
}

static void take_counts(Taker *taker, guint32 code, guint depth) {
  guint n_steps = taker->run->funnel->rules.n_steps;
  GArray *reached = taker->worker->reached;
  if (reached->len <= code * n_steps)
    g_array_set_size(reached, (code + 1) * n_steps);
  for (guint k = 0; k < depth; k++)
    g_array_index(reached, guint64, code * n_steps + k)++;
}

static void take_times(Taker *taker, guint32 code, const FunnelAttempt *attempt) {
  guint32 group = code < taker->run->group_of->len ? g_array_index(taker->run->group_of, guint32, code) : NO_GROUP;
  if (group == NO_GROUP)
    return;
  Durations *times = taker->worker->times + (gsize)group * taker->run->funnel->rules.n_steps;
  for (guint k = 1; k < attempt->depth; k++)
    durations_add(&times[k], block_time_ms(taker->data, attempt->at[k]) - block_time_ms(taker->data, attempt->at[k - 1]));
}

static void take_attempt(gpointer user, guint32 person, const FunnelAttempt *attempt) {
  Taker *taker = user;
  const Funnel *funnel = taker->run->funnel;
  if (taker->run->n_groups) {
    take_times(taker, unit_code(taker, person, attempt), attempt);
    return;
  }
  if (taker->run->has_by)
    take_counts(taker, unit_code(taker, person, attempt), attempt->depth);
  for (guint kind = 0; kind < CASES_KINDS; kind++) {
    guint step = funnel->case_step[kind];
    if (step == 0 || attempt->depth < step)
      continue;
    guint32 unit = taker->units->whole ? 0 : unit_number(taker->units, person, attempt->at[0]);
    FunnelCase one = {person, unit, attempt->depth == step};
    g_array_append_vals(taker->worker->steps[kind], attempt->at, step);
    g_array_append_val(taker->worker->cases[kind], one);
  }
}

/* Units with an event among `counted` (NULL: all). A stamp says for whom a number was seen last. */
static void count_units(Worker *worker, const Block *data, const UnitBlock *units, const guint64 *counted) {
  for (guint32 person = 0; person < data->n_persons; person++)
    for (guint i = data->person_start[person]; i < data->person_start[person + 1]; i++) {
      guint32 number = unit_number(units, person, i);
      worker->any_unit |= number > 0;
      if (number == 0 || (counted && !bit_at(counted, i)))
        continue;
      if (number >= worker->seen_room) {
        worker->seen = g_renew(guint32, worker->seen, number * 2);
        memset(worker->seen + worker->seen_room, 0, (number * 2 - worker->seen_room) * sizeof(guint32));
        worker->seen_room = number * 2;
      }
      worker->total += worker->seen[number] != person + 1;
      worker->seen[number] = person + 1;
    }
  if (worker->seen)
    memset(worker->seen, 0, worker->seen_room * sizeof(guint32));
}

static void count_total(Worker *worker, const Block *data, const UnitBlock *units, const ScopeBlock *scope, guint64 *bits,
                        guint64 *after) {
  const guint64 *counted = NULL;
  if (scope->kept || scope->in_range) {
    scope_both(bits, scope->kept ? scope->kept : scope->in_range, scope->kept ? scope->in_range : NULL, data->n_events);
    counted = bits;
  }
  if (!units->whole)
    count_units(worker, data, units, counted);
  else if (!counted)
    worker->total += data->n_persons;
  else {
    bits_after(bits, data->ends, after, bits_words(data->n_events));
    worker->total += bits_count_persons(bits, after, data->ends, bits_words(data->n_events));
  }
}

static gboolean make_events(Run *run, guint block, const Block *data, const ScopeBlock *scope, Worker *worker, FunnelEvents *events,
                            GError **error) {
  guint n_steps = run->funnel->rules.n_steps, words = bits_words(data->n_events);
  guint64 *next = worker->bits;
  *events = (FunnelEvents){.block = data, .in_range = scope->in_range};
  for (guint k = 0; k < n_steps; k++, next += worker->words) {
    events->steps[k] = next;
    if (!event_filter_block(&run->steps[k], block, data, scope->kept, next, error))
      return FALSE;
  }
  if (run->has_exclude) {
    if (!event_filter_block(&run->exclude, block, data, scope->visible, next, error))
      return FALSE;
    events->exclude = next;
    next += worker->words;
  }
  if (run->funnel->rules.mode == FUNNEL_STRICT) {
    scope_both(next, data->touch ? data->touch : events->steps[0], scope->kept, data->n_events);
    for (guint k = 0; k < n_steps; k++)
      bits_or(next, events->steps[k], words);
    events->sequence = next;
  }
  return TRUE;
}

/* Lists and times of a worker, against its share of the budget. */
static gboolean memory_left(const Run *run, const Worker *worker, GError **error) {
  gsize bytes = worker->arena.bytes + (gsize)(worker->persons->len + worker->reached->len) * sizeof(guint64);
  gboolean failed = FALSE;
  for (guint i = 0; worker->times && i < MAX(run->n_groups, 1) * run->funnel->rules.n_steps; i++)
    failed |= worker->times[i].failed;
  if (!failed && (!run->question->budget_bytes || bytes <= run->question->budget_bytes / run->n_workers))
    return TRUE;
  return error_set(error, ERROR_LIMIT,
                   "the step times of so many %s do not fit into memory\nhint: ask with --no-times, or for a shorter range",
                   run->funnel->unit);
}

static FunnelCases cases_of(const Taker *taker, guint block, const ScopeBlock *scope, CasesKind kind) {
  const GArray *cases = taker->worker->cases[kind];
  return (FunnelCases){.block = block,
                       .data = taker->data,
                       .units = taker->units,
                       .kept = scope->kept,
                       .cases = (const FunnelCase *)(const void *)cases->data,
                       .n = cases->len,
                       .events = (const guint32 *)(const void *)taker->worker->steps[kind]->data,
                       .n_steps = taker->run->funnel->case_step[kind]};
}

/* Hands the block's cases to those who asked for them. */
static gboolean take_cases(const Taker *taker, guint block, const ScopeBlock *scope, guint number, GError **error) {
  Funnel *funnel = taker->run->funnel;
  FunnelCases who = cases_of(taker, block, scope, CASES_WHO), next = cases_of(taker, block, scope, CASES_NEXT);
  FunnelCases drivers = cases_of(taker, block, scope, CASES_DRIVERS);
  gboolean done = (!funnel->who || funnel_who_block(funnel->who, &who, number, taker->worker->persons, error)) &&
                  (!funnel->next || funnel_next_block(funnel->next, &next, number, error)) &&
                  (!funnel->drivers || funnel_drivers_block(funnel->drivers, &drivers, number, error));
  for (guint kind = 0; kind < CASES_KINDS; kind++) {
    g_array_set_size(taker->worker->cases[kind], 0);
    g_array_set_size(taker->worker->steps[kind], 0);
  }
  return done;
}

static gboolean asks_for_cases(const Funnel *funnel) {
  return funnel->who || funnel->next || funnel->drivers;
}

static gboolean count_block(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Run *run = user;
  Worker *worker = &run->workers[number];
  ScopeBlock scope;
  UnitBlock units;
  FunnelEvents events;
  if (data->unidentified)
    return TRUE;
  if (!scope_block(run->scope, block, data, number, &scope, error) || !units_block(run->units, block, data, number, &units, error))
    return FALSE;
  if (scope.nothing)
    return TRUE;
  if (!worker_room(run, worker, data, error))
    return FALSE;
  guint64 *spare = worker->bits + (gsize)worker->words * (run->funnel->rules.n_steps + 2);
  if (!run->n_groups)
    count_total(worker, data, &units, &scope, spare, spare + worker->words);
  if (run->has_by && !key_block(run->by.key, block, data, worker->codes, error))
    return FALSE;
  if (run->by.of_person && !pick_codes(run, block, data, &scope, spare, worker, error))
    return FALSE;
  if (!make_events(run, block, data, &scope, worker, &events, error))
    return FALSE;
  Taker taker = {run, worker, data, &units};
  worker->tally.each = run->has_by || asks_for_cases(run->funnel) ? take_attempt : NULL;
  worker->tally.user = &taker;
  if (!units.whole)
    funnel_count_units(&run->funnel->rules, &events, &units, worker->scratch, &worker->tally);
  else
    funnel_count_persons(&run->funnel->rules, &events, worker->scratch, &worker->tally);
  return take_cases(&taker, block, &scope, number, error) && memory_left(run, worker, error);
}

/* --- the result ---------------------------------------------------------------------------------------- */

static double median_of(const Run *run, guint slot) {
  g_autofree const Durations **bags = g_new(const Durations *, run->n_workers);
  for (guint i = 0; i < run->n_workers; i++)
    bags[i] = &run->workers[i].times[slot];
  return run->times ? durations_median(bags, run->n_workers) : NAN;
}

static void gather_figures(Run *run) {
  Funnel *funnel = run->funnel;
  gboolean any_unit = units_kind(run->units) == UNIT_PERSONS;
  for (guint k = 0; k < funnel->rules.n_steps; k++) {
    for (guint i = 0; i < run->n_workers; i++)
      funnel->all.reached[k] += run->workers[i].tally.reached[k];
    funnel->all.median_ms[k] = run->times && k > 0 ? median_of(run, k) : NAN;
  }
  for (guint i = 0; i < run->n_workers; i++) {
    funnel->total += run->workers[i].total;
    any_unit |= run->workers[i].any_unit;
  }
  if (!any_unit)
    funnel->note = g_strdup(units_note(run->units));
}

static gint compare_ids(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

static void gather_persons(Run *run) {
  GArray *all = g_array_new(FALSE, FALSE, sizeof(guint64));
  for (guint i = 0; i < run->n_workers; i++)
    g_array_append_vals(all, run->workers[i].persons->data, run->workers[i].persons->len);
  g_array_sort(all, compare_ids);
  guint kept = 0;
  for (guint i = 0; i < all->len; i++)
    if (i == 0 || g_array_index(all, guint64, i) != g_array_index(all, guint64, i - 1))
      g_array_index(all, guint64, kept++) = g_array_index(all, guint64, i);
  g_array_set_size(all, kept);
  run->funnel->persons = all;
}

typedef struct {
  Figures *figures;
  guint32 code;
} Group;

static gint compare_groups(gconstpointer a, gconstpointer b) {
  const Group *x = a, *y = b;
  if (x->figures->reached[0] != y->figures->reached[0])
    return x->figures->reached[0] < y->figures->reached[0] ? 1 : -1;
  return strcmp(x->figures->value, y->figures->value);
}

static GArray *count_groups(Run *run) {
  GArray *groups = g_array_new(FALSE, FALSE, sizeof(Group));
  guint n_steps = run->funnel->rules.n_steps;
  for (guint32 code = 0, n = key_count(run->by.key); code < n; code++) {
    Group group = {g_new0(Figures, 1), code};
    for (guint i = 0; i < run->n_workers; i++) {
      const GArray *reached = run->workers[i].reached;
      for (guint k = 0; k < n_steps && reached->len > code * n_steps; k++)
        group.figures->reached[k] += g_array_index(reached, guint64, code * n_steps + k);
    }
    if (group.figures->reached[0] == 0) {
      g_free(group.figures);
      continue;
    }
    group.figures->value = text_dup(key_text(run->by.key, code));
    g_array_append_val(groups, group);
  }
  g_array_sort(groups, compare_groups);
  return groups;
}

/* Keeps the largest `limit` groups and adds up the others. */
static void choose_groups(Run *run, guint limit) {
  Funnel *funnel = run->funnel;
  g_autoptr(GArray) groups = count_groups(run);
  Figures *other = NULL;
  funnel->groups = g_ptr_array_new_with_free_func(figures_free);
  funnel->groups_total = groups->len;
  run->group_of = g_array_new(FALSE, FALSE, sizeof(guint32));
  for (guint32 code = 0, none = NO_GROUP, n = key_count(run->by.key); code < n; code++)
    g_array_append_val(run->group_of, none);
  for (guint i = 0; i < groups->len; i++) {
    Group *group = &g_array_index(groups, Group, i);
    g_array_index(run->group_of, guint32, group->code) = MIN(i, limit);
    if (i < limit) {
      g_ptr_array_add(funnel->groups, group->figures);
      continue;
    }
    if (!other) {
      other = g_new0(Figures, 1);
      other->value = g_strdup("(other)");
      other->other = TRUE;
      g_ptr_array_add(funnel->groups, other);
    }
    for (guint k = 0; k < funnel->rules.n_steps; k++)
      other->reached[k] += group->figures->reached[k];
    figures_free(group->figures);
  }
}

static gboolean time_groups(Run *run, GError **error) {
  Funnel *funnel = run->funnel;
  workers_free(run);
  run->n_groups = funnel->groups->len;
  if (run->times && run->n_groups) {
    workers_new(run);
    if (!question_each_block(run->question, count_block, run, error))
      return FALSE;
  }
  for (guint g = 0; g < run->n_groups; g++)
    for (guint k = 0; k < funnel->rules.n_steps; k++) {
      Figures *figures = g_ptr_array_index(funnel->groups, g);
      figures->median_ms[k] = run->times && k > 0 ? median_of(run, g * funnel->rules.n_steps + k) : NAN;
    }
  return TRUE;
}

static gboolean run_passes(Run *run, const Params *params, GError **error) {
  gint64 limit;
  if (!params_int(params, "limit", 1, GROUPS_MAX, &limit, error) || !steps_parse(run, params, error) ||
      !rules_parse(run, params, error))
    return FALSE;
  if (!(run->scope = scope_new(run->question, error)))
    return FALSE;
  workers_new(run);
  if (!question_each_block(run->question, count_block, run, error))
    return FALSE;
  gather_figures(run);
  if (run->funnel->who)
    gather_persons(run);
  if (run->funnel->next)
    funnel_next_finish(run->funnel->next, (guint)limit);
  if (run->funnel->drivers)
    funnel_drivers_finish(run->funnel->drivers, (guint)limit);
  if (!run->has_by)
    return TRUE;
  choose_groups(run, (guint)limit);
  return time_groups(run, error);
}

static gpointer funnel_run(const Question *question, const Params *params, GError **error) {
  Funnel *funnel = g_new0(Funnel, 1);
  Run run = {.question = question, .funnel = funnel};
  funnel->names = g_ptr_array_new_with_free_func(g_free);
  gboolean done = run_passes(&run, params, error);
  run_clear(&run);
  if (done)
    return funnel;
  funnel_free(funnel);
  return NULL;
}

/* --- shown ------------------------------------------------------------------------------------------------ */

static double ratio(guint64 part, guint64 whole) {
  return whole ? (double)part / (double)whole : NAN;
}

/* Reached step k+1, not the next; nobody drops behind the last. */
static guint64 dropped(const Funnel *funnel, const Figures *figures, guint k) {
  return k + 1 < funnel->rules.n_steps ? figures->reached[k] - figures->reached[k + 1] : 0;
}

static void write_steps(const Funnel *funnel, const Figures *figures, JsonOut *out) {
  json_key(out, "steps");
  json_array(out);
  for (guint k = 0; k < funnel->rules.n_steps; k++) {
    json_object(out);
    json_kv_int(out, "step", k + 1);
    json_kv_string(out, "name", g_ptr_array_index(funnel->names, k));
    json_kv_int(out, "reached", (gint64)figures->reached[k]);
    json_kv_double(out, "share", ratio(figures->reached[k], figures->reached[0]));
    json_kv_double(out, "from_previous", k ? ratio(figures->reached[k], figures->reached[k - 1]) : NAN);
    json_kv_int(out, "dropped", (gint64)dropped(funnel, figures, k));
    json_kv_double(out, "median_ms", figures->median_ms[k]);
    json_object_end(out);
  }
  json_array_end(out);
}

static void write_groups(const Funnel *funnel, JsonOut *out) {
  json_kv_string(out, "by", funnel->by);
  json_kv_int(out, "groups_total", funnel->groups_total);
  json_key(out, "groups");
  json_array(out);
  for (guint i = 0; i < funnel->groups->len; i++) {
    const Figures *figures = g_ptr_array_index(funnel->groups, i);
    json_object(out);
    json_kv_string(out, "value", figures->value);
    if (figures->other)
      json_kv_bool(out, "other", TRUE);
    json_kv_int(out, "total", (gint64)figures->reached[0]);
    write_steps(funnel, figures, out);
    json_object_end(out);
  }
  json_array_end(out);
}

static void funnel_json(gconstpointer result, JsonOut *out) {
  const Funnel *funnel = result;
  json_kv_string(out, "mode", funnel->mode);
  if (funnel->rules.window_ms == G_MAXINT64)
    json_kv_null(out, "window_ms");
  else
    json_kv_int(out, "window_ms", funnel->rules.window_ms);
  json_kv_string(out, "unit", funnel->unit);
  json_kv_int(out, "total", (gint64)funnel->total);
  write_steps(funnel, &funnel->all, out);
  if (funnel->groups)
    write_groups(funnel, out);
  if (funnel->next)
    funnel_next_json(funnel->next, funnel->case_step[CASES_NEXT], out);
  if (funnel->drivers)
    funnel_drivers_json(funnel->drivers, funnel->case_step[CASES_DRIVERS], out);
  if (funnel->persons) {
    json_key(out, "persons");
    json_array(out);
    for (guint i = 0; i < funnel->persons->len; i++) {
      char id[17];
      g_snprintf(id, sizeof id, "%016" G_GINT64_MODIFIER "x", g_array_index(funnel->persons, guint64, i));
      json_string(out, id);
    }
    json_array_end(out);
  }
  if (funnel->note)
    json_kv_string(out, "note", funnel->note);
}

static char *step_name(const Funnel *funnel, guint k) {
  if (funnel->rules.mode == FUNNEL_ANY)
    return g_strdup_printf("%u of %u different steps", k + 1, funnel->rules.n_steps);
  return g_strdup(g_ptr_array_index(funnel->names, k));
}

static void table_steps(const Funnel *funnel, Table *table) {
  g_autofree char *window = funnel->rules.window_ms == G_MAXINT64 ? NULL : duration_text(funnel->rules.window_ms);
  table_title(table, "Funnel of %s, %s, %s%s", funnel->unit, funnel->mode, window ? "within " : "no window", window ? window : "");
  table_column(table, "step", CELL_INT);
  table_column(table, "name", CELL_TEXT);
  table_column(table, "reached", CELL_INT);
  table_column(table, "", CELL_BAR);
  table_column(table, "share", CELL_SHARE);
  table_column(table, "from previous", CELL_SHARE);
  table_column(table, "dropped", CELL_INT);
  table_column(table, table_is_csv(table) ? "median_ms" : "median time", CELL_DURATION);
  for (guint k = 0; k < funnel->rules.n_steps; k++) {
    g_autofree char *name = step_name(funnel, k);
    table_int(table, k + 1);
    table_text(table, name);
    table_int(table, (gint64)funnel->all.reached[k]);
    table_number(table, ratio(funnel->all.reached[k], funnel->all.reached[0]));
    table_number(table, ratio(funnel->all.reached[k], funnel->all.reached[0]));
    table_number(table, k ? ratio(funnel->all.reached[k], funnel->all.reached[k - 1]) : NAN);
    table_int(table, (gint64)dropped(funnel, &funnel->all, k));
    table_number(table, funnel->all.median_ms[k]);
  }
  table_note(table, "%" G_GUINT64_FORMAT " %s had an event in range.", funnel->total, funnel->unit);
  if (funnel->note)
    table_note(table, "%s", funnel->note);
}

static void table_groups(const Funnel *funnel, Table *table) {
  table_title(table, "By %s", funnel->by);
  table_column(table, funnel->by, CELL_TEXT);
  for (guint k = 0; k < funnel->rules.n_steps; k++) {
    g_autofree char *reached = g_strdup_printf("reached %u", k + 1), *share = g_strdup_printf("share %u", k + 1);
    table_column(table, reached, CELL_INT);
    if (k > 0)
      table_column(table, share, CELL_SHARE);
  }
  table_column(table, "", CELL_BAR);
  for (guint i = 0; i < funnel->groups->len; i++) {
    const Figures *figures = g_ptr_array_index(funnel->groups, i);
    table_text(table, figures->value);
    for (guint k = 0; k < funnel->rules.n_steps; k++) {
      table_int(table, (gint64)figures->reached[k]);
      if (k > 0)
        table_number(table, ratio(figures->reached[k], figures->reached[0]));
    }
    table_number(table, ratio(figures->reached[funnel->rules.n_steps - 1], figures->reached[0]));
  }
  if (funnel->groups_total > funnel->groups->len)
    table_note(table, "(other) holds %u more values; --limit shows more.", funnel->groups_total - funnel->groups->len + 1);
}

static void table_persons(const Funnel *funnel, Table *table) {
  g_autofree char *title = funnel_who_title(funnel->who);
  table_title(table, "%s", title);
  table_ids(table, funnel->persons);
}

static void funnel_table(gconstpointer result, Table *table) {
  const Funnel *funnel = result;
  table_steps(funnel, table);
  if (funnel->groups)
    table_groups(funnel, table);
  if (funnel->next) {
    g_autofree char *step = step_name(funnel, funnel->case_step[CASES_NEXT] - 1);
    funnel_next_table(funnel->next, step, table);
  }
  if (funnel->drivers) {
    g_autofree char *step = step_name(funnel, funnel->case_step[CASES_DRIVERS] - 1);
    funnel_drivers_table(funnel->drivers, step, table);
  }
  if (funnel->persons)
    table_persons(funnel, table);
}

/* The step after which the share of those lost is largest, if it is so beyond chance; else `n_steps`. */
static guint largest_drop(const Funnel *funnel) {
  guint n = funnel->rules.n_steps, worst = 0, second = n;
  const guint64 *reached = funnel->all.reached;
  if (n < 3)
    return n;
  for (guint k = 1; k + 1 < n; k++)
    if (ratio(dropped(funnel, &funnel->all, k), reached[k]) > ratio(dropped(funnel, &funnel->all, worst), reached[worst]))
      worst = k;
  for (guint k = 0; k + 1 < n; k++)
    if (k != worst && (second == n || ratio(dropped(funnel, &funnel->all, k), reached[k]) >
                                          ratio(dropped(funnel, &funnel->all, second), reached[second])))
      second = k;
  return rates_differ(dropped(funnel, &funnel->all, worst), reached[worst], dropped(funnel, &funnel->all, second), reached[second])
             ? worst
             : n;
}

static void funnel_finding(gconstpointer result, const Project *project, const char *language, Finding *out) {
  const Funnel *funnel = result;
  const guint64 *reached = funnel->all.reached;
  guint n = funnel->rules.n_steps, worst = largest_drop(funnel);
  g_autofree char *first = step_name(funnel, 0), *last = step_name(funnel, n - 1);
  finding_text(out, "units", funnel->unit, NULL);
  finding_text(out, "first", first, NULL);
  finding_set(out, reached[0] == 0 ? "funnel.empty" : worst < n ? "funnel.largest_drop" : "funnel.completed");
  if (reached[0] == 0)
    return;
  if (worst < n) {
    g_autofree char *step = step_name(funnel, worst), *next = step_name(funnel, worst + 1);
    finding_text(out, "step", step, NULL);
    finding_text(out, "next", next, NULL);
    finding_count(out, "dropped", dropped(funnel, &funnel->all, worst));
    finding_count(out, "reached", reached[worst]);
    finding_share(out, "share", ratio(dropped(funnel, &funnel->all, worst), reached[worst]));
    return;
  }
  finding_text(out, "last", last, NULL);
  finding_count(out, "started", reached[0]);
  finding_count(out, "completed", reached[n - 1]);
  finding_share(out, "share", ratio(reached[n - 1], reached[0]));
}

static const GArray *funnel_who(gconstpointer result) {
  return ((const Funnel *)result)->persons;
}

static const Param params[] = {
    {"step", PARAM_CONDITION, .many = TRUE, .required = TRUE,
     .help = "a step: an event's name or a condition; 1 to 32 of them, in order"},
    {"window", PARAM_DURATION, .fallback = "none", .help = "time from the first step to the last one: 30m, 7d, none"},
    {"mode", PARAM_CHOICE, .choices = "ordered|strict|any", .fallback = "ordered",
     .help = "ordered: other events may lie between; strict: the very next touch; any: the steps in any order"},
    {"exclude", PARAM_CONDITION, .help = "no such event between the first step and the last"},
    {"by", PARAM_TEXT, .help = "split by a field of the first step's event, or by first(CONDITION).field of the person"},
    {"next", PARAM_INT, .help = "where those go next who stop after step K"},
    {"drivers", PARAM_INT, .help = "what is more frequent among those who stop after step K than among those who go on"},
    {"who", PARAM_TEXT,
     .help = "list the persons: reached:K, dropped:K or onward:K; with ,with:CONDITION ,without:CONDITION or ,next:TOUCHPOINT"},
    {"unit", PARAM_CHOICE, .choices = UNIT_CHOICES, .fallback = "persons", .help = "what goes through the steps"},
    {"limit", PARAM_INT, .fallback = "50",
     .help = "rows of --by, --next and --drivers shown; other groups are added up as (other)"},
    {"no-times", PARAM_FLAG, .help = "leave out the median times"},
    {0},
};

const Report funnel_report = {
    .name = "funnel",
    .summary = "How many come through a sequence of steps, where they stop, and how long each step takes.",
    .example = "--step 'Product Viewed' --step 'Product Added' --step 'Order Completed' --window 7d",
    .params = params,
    .run = funnel_run,
    .json = funnel_json,
    .table = funnel_table,
    .free = funnel_free,
    .finding = funnel_finding,
    .who = funnel_who,
};
