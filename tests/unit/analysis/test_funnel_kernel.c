// SPDX-License-Identifier: Apache-2.0
/* A person is a text: events apart by spaces, each its marks and its second: "a@0 b@5 ab@7". Marks: a to d
 * are the steps it matches, x the exclusion, `.` a touch that matches nothing, `_` no touch, `!` out of range. */
#include "analysis/funnel_kernel.h"
#include <math.h>

enum { ROOM = 64, EVENTS_MAX = ROOM * 64 };

typedef struct {
  Block block;
  FunnelEvents events;
  guint32 start[2000], time_s[EVENTS_MAX], unit[EVENTS_MAX];
  guint16 time_ms[EVENTS_MAX];
  guint64 id[2000], ends[ROOM], in_range[ROOM], exclude[ROOM], sequence[ROOM], step[FUNNEL_STEPS_MAX][ROOM];
} Sample;

static void sample_init(Sample *sample) {
  *sample = (Sample){0};
  sample->block = (Block){.person_start = sample->start, .person_id = sample->id, .ends = sample->ends, .time_s = sample->time_s};
  sample->events = (FunnelEvents){.block = &sample->block, .in_range = sample->in_range, .sequence = sample->sequence};
  for (guint k = 0; k < FUNNEL_STEPS_MAX; k++)
    sample->events.steps[k] = sample->step[k];
}

static void sample_event(Sample *sample, const char *marks, gint64 ms) {
  guint i = sample->block.n_events++;
  sample->time_s[i] = (guint32)(ms / 1000);
  sample->time_ms[i] = (guint16)(ms % 1000);
  sample->unit[i] = 1;
  if (sample->time_ms[i])
    sample->block.time_ms = sample->time_ms;
  gboolean in_range = TRUE, sequence = TRUE;
  for (const char *mark = marks; *mark; mark++) {
    if (*mark >= 'a' && *mark <= 'd')
      bit_set(sample->step[*mark - 'a'], i);
    if (*mark == 'x') {
      bit_set(sample->exclude, i);
      sample->events.exclude = sample->exclude;
    }
    in_range &= *mark != '!';
    sequence &= *mark != '_';
  }
  if (in_range)
    bit_set(sample->in_range, i);
  if (sequence)
    bit_set(sample->sequence, i);
}

static void sample_end_person(Sample *sample) {
  bit_set(sample->ends, sample->block.n_events - 1);
  sample->start[++sample->block.n_persons] = sample->block.n_events;
}

static void sample_person(Sample *sample, const char *text) {
  g_auto(GStrv) events = g_strsplit(text, " ", -1);
  for (guint i = 0; events[i]; i++) {
    g_auto(GStrv) parts = g_strsplit(events[i], "@", 2);
    sample_event(sample, parts[0], (gint64)g_ascii_strtoll(parts[1], NULL, 10) * 1000);
  }
  sample_end_person(sample);
}

typedef struct {
  guint64 reached[FUNNEL_STEPS_MAX];
  double median[FUNNEL_STEPS_MAX];
} Answer;

/* Steps are overwritten: each run works on a copy. */
static Answer run(const Sample *sample, FunnelRules rules, gboolean times, gboolean units) {
  Sample *copy = g_memdup2(sample, sizeof *sample);
  FunnelEvents events = sample->events;
  Block block = sample->block;
  events.block = &block;
  for (guint k = 0; k < FUNNEL_STEPS_MAX; k++)
    events.steps[k] = copy->step[k];
  g_autoptr(FunnelScratch) scratch = funnel_scratch_new();
  g_auto(Arena) arena = {0};
  g_autofree Durations *bags = durations_new(&arena, FUNNEL_STEPS_MAX);
  FunnelTally tally = {.times = times ? bags : NULL};
  if (units)
    funnel_count_units(&rules, &events, &(UnitBlock){.codes = {.width = 4, .data = sample->unit}}, scratch, &tally);
  else
    funnel_count_persons(&rules, &events, scratch, &tally);
  Answer answer = {0};
  for (guint k = 0; k < rules.n_steps; k++) {
    const Durations *bag = &bags[k];
    answer.reached[k] = tally.reached[k];
    answer.median[k] = durations_median(&bag, 1);
  }
  g_free(copy);
  return answer;
}

static const FunnelRules ordered = {FUNNEL_ORDERED, 3, G_MAXINT64};

/* One person by hand: depth, and the seconds from step to step (-1: not reached). */
static void check_person(const char *text, FunnelRules rules, guint depth, int second, int third) {
  Sample *sample = g_new(Sample, 1);
  sample_init(sample);
  sample_person(sample, "_@0");
  sample_person(sample, text);
  sample_person(sample, "a@0");
  for (guint variant = 0; variant < 4; variant++) {
    Answer answer = run(sample, rules, variant & 1, variant & 2);
    for (guint k = 0; k < rules.n_steps; k++)
      g_assert_cmpuint(answer.reached[k], ==, (k < depth) + (k == 0));
    if (variant & 1) {
      g_assert_true(second < 0 ? isnan(answer.median[1]) : answer.median[1] == second * 1000.0);
      g_assert_true(third < 0 ? isnan(answer.median[2]) : answer.median[2] == third * 1000.0);
    }
  }
  g_free(sample);
}

static FunnelRules window(FunnelMode mode, gint64 seconds) {
  return (FunnelRules){mode, 3, seconds * 1000};
}

static void ordered_by_hand(void) {
  check_person("a@0 b@1 c@3", ordered, 3, 1, 2);
  check_person("b@0 a@1 c@2", ordered, 1, -1, -1);
  check_person("abc@0 abc@0 abc@0", ordered, 3, 0, 0); /* one event never fills two steps; order decides, not time */
  check_person("abc@0", ordered, 1, -1, -1);
  check_person("a!@0 b@1 c@2", ordered, 0, -1, -1); /* the range selects e1 */
  check_person("a@0 b!@1 c!@2", ordered, 3, 1, 1);  /* and nothing else */
}

static void the_window_runs_from_the_first_step(void) {
  check_person("a@0 b@5 c@10", window(FUNNEL_ORDERED, 10), 3, 5, 5);
  check_person("a@0 b@5 c@10", window(FUNNEL_ORDERED, 9), 2, 5, -1);
  check_person("a@0 b@1 a@2 c@3 b@4 c@5", window(FUNNEL_ORDERED, 3), 3, 1, 2);
  check_person("a@0 b@1 a@2 c@4 b@4 c@5", window(FUNNEL_ORDERED, 3), 3, 2, 1);      /* the second attempt comes farther */
  check_person("a@0 b@5 a@20 b@21 a@90 b@92", window(FUNNEL_ORDERED, 9), 2, 5, -1); /* the earliest of equals */
  check_person("a@0 a@2 b@3", window(FUNNEL_ORDERED, 9), 2, 3, -1);
}

static void an_exclusion_ends_attempts(void) {
  check_person("a@0 x@1 b@2 c@3", ordered, 1, -1, -1);
  check_person("a@0 b@1 x@2 c@3", ordered, 2, 1, -1);
  check_person("ax@0 b@1 c@2", ordered, 3, 1, 1); /* strictly between */
  check_person("a@0 b@1 cx@2", ordered, 3, 1, 1);
  check_person("a@0 bx@1 c@2", ordered, 2, 1, -1);
  check_person("a@0 x@1 a@2 b@3 c@4", ordered, 3, 1, 1);
  check_person("a@0 b@1 x@2 a@3 b@5 c@6", ordered, 3, 2, 1);
  check_person("a@0 x@1 b@2", window(FUNNEL_ANY, 100), 1, -1, -1);
  check_person("a@0 bx@1 c@2", window(FUNNEL_ANY, 100), 2, 1, -1);
}

static void strict_takes_the_very_next_touch(void) {
  check_person("a@0 b@1 c@2", window(FUNNEL_STRICT, 100), 3, 1, 1);
  check_person("a@0 .@1 b@2 c@3", window(FUNNEL_STRICT, 100), 1, -1, -1);
  check_person("a@0 _@1 b@2 c@3", window(FUNNEL_STRICT, 100), 3, 2, 1);      /* no touch, no step: not in the sequence */
  check_person("a@0 a@1 b@2 b@3 c@4", window(FUNNEL_STRICT, 100), 2, 1, -1); /* a repeat stands between */
  check_person("a@0 b@1 .@2 a@3 b@5 c@9", window(FUNNEL_STRICT, 100), 3, 2, 4);
  check_person("a@0 b@1 c@9", window(FUNNEL_STRICT, 5), 2, 1, -1);
}

static void any_order_counts_different_steps(void) {
  check_person("c@0 a@1 b@3", window(FUNNEL_ANY, 100), 3, 1, 2);
  check_person("c@0 c@1 c@2", window(FUNNEL_ANY, 100), 1, -1, -1);
  check_person("ab@0", window(FUNNEL_ANY, 100), 1, -1, -1);
  check_person("ab@0 a@3", window(FUNNEL_ANY, 100), 2, 3, -1); /* the first moves over to b */
  check_person("abc@0 a@1 b@2 c@3", window(FUNNEL_ANY, 100), 3, 1, 1);
  check_person("ab@0 ab@1 ab@2", window(FUNNEL_ANY, 100), 2, 1, -1);
  check_person("a@0 b@20 c@25 a@26", window(FUNNEL_ANY, 10), 3, 5, 1);
  check_person("b!@0 a@1 c@2", window(FUNNEL_ANY, 100), 2, 1, -1); /* a window begins in range */
}

static void long_persons_cross_words(void) {
  Sample *sample = g_new(Sample, 1);
  sample_init(sample);
  for (guint i = 0; i < 1000; i++)
    sample_event(sample, i == 0 ? "a" : i == 500 ? "b" : i == 999 ? "c" : ".", i * 1000);
  sample_end_person(sample);
  Answer answer = run(sample, ordered, TRUE, FALSE);
  g_assert_cmpuint(answer.reached[2], ==, 1);
  g_assert_cmpfloat(answer.median[1], ==, 500000);
  g_assert_cmpfloat(answer.median[2], ==, 499000);
  answer = run(sample, window(FUNNEL_ORDERED, 998), FALSE, FALSE);
  g_assert_cmpuint(answer.reached[1], ==, 1);
  g_assert_cmpuint(answer.reached[2], ==, 0);
  g_free(sample);
}

/* --- against every choice of events tried out --------------------------------------------------- */

typedef struct {
  const Sample *sample;
  FunnelRules rules;
  guint from, to;
  guint best;
  guint32 at[FUNNEL_STEPS_MAX], best_at[FUNNEL_STEPS_MAX];
} Trial;

static gboolean excluded_between(const Sample *sample, guint first, guint last) {
  for (guint i = first + 1; i < last; i++)
    if (sample->events.exclude && bit_at(sample->exclude, i))
      return TRUE;
  return FALSE;
}

static gboolean next_in_sequence(const Sample *sample, guint before, guint event) {
  for (guint i = before + 1; i < event; i++)
    if (bit_at(sample->sequence, i))
      return FALSE;
  return TRUE;
}

/* Earlier in each place, first place first: the earliest attempt, each step as early as possible. */
static void keep_if_better(Trial *trial, guint depth) {
  gboolean earlier = depth > trial->best;
  for (guint k = 0; depth == trial->best && k < depth; k++)
    if (trial->at[k] != trial->best_at[k]) {
      earlier = trial->at[k] < trial->best_at[k];
      break;
    }
  if (!earlier)
    return;
  trial->best = depth;
  memcpy(trial->best_at, trial->at, sizeof trial->at);
}

static void try_all(Trial *trial, guint depth, guint32 used) {
  const Sample *sample = trial->sample;
  for (guint i = depth ? trial->at[depth - 1] + 1 : trial->from; i < trial->to && depth < trial->rules.n_steps; i++) {
    if (depth == 0 && !bit_at(sample->in_range, i))
      continue;
    if (depth > 0 && (block_time_ms(&sample->block, i) - block_time_ms(&sample->block, trial->at[0]) > trial->rules.window_ms ||
                      excluded_between(sample, trial->at[0], i)))
      continue;
    if (depth > 0 && trial->rules.mode == FUNNEL_STRICT && !next_in_sequence(sample, trial->at[depth - 1], i))
      continue;
    for (guint k = 0; k < trial->rules.n_steps; k++) {
      gboolean may = trial->rules.mode == FUNNEL_ANY ? !(used >> k & 1) : k == depth;
      if (!may || !bit_at(sample->step[k], i))
        continue;
      trial->at[depth] = i;
      keep_if_better(trial, depth + 1);
      try_all(trial, depth + 1, used | 1u << k);
    }
  }
}

static gint by_value(gconstpointer a, gconstpointer b) {
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
  return (x > y) - (x < y);
}

static Answer reference(const Sample *sample, FunnelRules rules) {
  Answer answer = {0};
  gint64 *times[4] = {0};
  guint n[4] = {0};
  for (guint k = 0; k < 4; k++)
    times[k] = g_new(gint64, sample->block.n_persons);
  for (guint p = 0; p < sample->block.n_persons; p++) {
    Trial trial = {.sample = sample, .rules = rules, .from = sample->start[p], .to = sample->start[p + 1]};
    try_all(&trial, 0, 0);
    for (guint k = 0; k < trial.best; k++) {
      answer.reached[k]++;
      if (k > 0)
        times[k][n[k]++] = block_time_ms(&sample->block, trial.best_at[k]) - block_time_ms(&sample->block, trial.best_at[k - 1]);
    }
  }
  for (guint k = 0; k < 4; k++) {
    qsort(times[k], n[k], sizeof(gint64), by_value);
    answer.median[k] = n[k] ? (double)(times[k][(n[k] - 1) / 2] + times[k][n[k] / 2]) / 2 : NAN;
    g_free(times[k]);
  }
  return answer;
}

static void random_sample(Sample *sample, gboolean exclude, gboolean fractions) {
  static const char *const marks[] = {"a",    "b", "c", "d",  "a",  "b",  "ab", "bc", "acd",
                                      "abcd", ".", "_", "a!", "b!", "bx", "x",  "_x"};
  guint kinds = exclude ? G_N_ELEMENTS(marks) : G_N_ELEMENTS(marks) - 3;
  sample_init(sample);
  while (sample->block.n_events < 1500) {
    guint n = (guint)g_test_rand_int_range(1, 9);
    gint64 ms = 0;
    for (guint i = 0; i < n; i++) {
      ms += g_test_rand_int_range(0, 5) * (fractions ? 499 : 1000);
      sample_event(sample, marks[g_test_rand_int_range(0, (gint)kinds)], ms);
    }
    sample_end_person(sample);
  }
}

static void agrees_with_trying_everything(gconstpointer mode) {
  Sample *sample = g_new(Sample, 1);
  for (guint round = 0; round < 60; round++) {
    random_sample(sample, round % 3 == 0, round % 2 == 0);
    FunnelRules rules = {(FunnelMode)GPOINTER_TO_INT(mode), (guint)g_test_rand_int_range(1, 5), G_MAXINT64};
    if (round % 5)
      rules.window_ms = g_test_rand_int_range(0, 12000);
    Answer expected = reference(sample, rules);
    for (guint variant = 0; variant < 4; variant++) {
      Answer answer = run(sample, rules, variant & 1, variant & 2);
      for (guint k = 0; k < rules.n_steps; k++) {
        g_assert_cmpuint(answer.reached[k], ==, expected.reached[k]);
        if (variant & 1)
          g_assert_true(answer.median[k] == expected.median[k] || (isnan(answer.median[k]) && isnan(expected.median[k])));
      }
    }
  }
  g_free(sample);
}

static void each_person(gpointer user, guint32 person, const FunnelAttempt *attempt) {
  guint8 *depths = user;
  g_assert_cmpuint(depths[person], ==, 0);
  depths[person] = (guint8)attempt->depth;
}

static void every_person_is_handed_on_once(void) {
  Sample *sample = g_new(Sample, 1);
  sample_init(sample);
  const char *texts[] = {"a@0 b@1 c@2", "_@0", "a@0", "c@0 a@0", "a@0 b@9 a@10 c@11", "a@0 b@1 a@2 b@3"};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    sample_person(sample, texts[i]);
  g_autoptr(FunnelScratch) scratch = funnel_scratch_new();
  guint8 depths[6] = {0};
  FunnelTally tally = {.each = each_person, .user = depths};
  funnel_count_persons(&(FunnelRules){FUNNEL_ORDERED, 3, 5000}, &sample->events, scratch, &tally);
  g_assert_cmpmem(depths, 6, ((guint8[]){3, 0, 1, 1, 1, 2}), 6);
  g_assert_cmpuint(tally.reached[0], ==, 5);
  g_free(sample);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/funnel kernel/ordered, by hand", ordered_by_hand);
  g_test_add_func("/funnel kernel/the window runs from the first step", the_window_runs_from_the_first_step);
  g_test_add_func("/funnel kernel/an exclusion ends attempts", an_exclusion_ends_attempts);
  g_test_add_func("/funnel kernel/strict takes the very next touch", strict_takes_the_very_next_touch);
  g_test_add_func("/funnel kernel/any order counts different steps", any_order_counts_different_steps);
  g_test_add_func("/funnel kernel/long persons cross words", long_persons_cross_words);
  g_test_add_func("/funnel kernel/every person is handed on once", every_person_is_handed_on_once);
  g_test_add_data_func("/funnel kernel/ordered agrees with trying every choice", GINT_TO_POINTER(FUNNEL_ORDERED),
                       agrees_with_trying_everything);
  g_test_add_data_func("/funnel kernel/strict agrees with trying every choice", GINT_TO_POINTER(FUNNEL_STRICT),
                       agrees_with_trying_everything);
  g_test_add_data_func("/funnel kernel/any agrees with trying every choice", GINT_TO_POINTER(FUNNEL_ANY),
                       agrees_with_trying_everything);
  return g_test_run();
}
