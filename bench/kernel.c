// SPDX-License-Identifier: Apache-2.0
/* The funnel kernel alone, on blocks made up here: what it costs per event, without index, conditions and
 * output. Usage: kernel [EVENTS] [THREADS]. Best of five runs each. */
#include "analysis/funnel_kernel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  Block *blocks;
  guint n_blocks, n_threads;
  guint64 n_events, n_persons;
} Data;

typedef struct {
  const Data *data;
  FunnelRules rules;
  gboolean times, exclude, ranged;
  guint worker;
  FunnelTally tally;
  Arena arena;
  Durations *bags;
} Work;

static guint64 next_random(guint64 *state) {
  guint64 z = (*state += G_GUINT64_CONSTANT(0x9E3779B97F4A7C15));
  z = (z ^ z >> 30) * G_GUINT64_CONSTANT(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * G_GUINT64_CONSTANT(0x94D049BB133111EB);
  return z ^ z >> 31;
}
static double uniform(guint64 *state) {
  return (double)(next_random(state) >> 11) / 9007199254740992.0;
}

/* 20 kinds of events, the k-th about 1/(k+1) as frequent as the first; sessions over 90 days. */
static void fill_block(Block *block, guint persons, guint64 seed) {
  guint32 *start = g_new(guint32, persons + 1);
  start[0] = 0;
  guint64 state = seed;
  for (guint p = 0; p < persons; p++)
    start[p + 1] = start[p] + 1 + (guint32)MIN(400, -log(1 - uniform(&state)) * 9.2);
  guint n = start[persons];
  guint32 *time_s = g_new(guint32, n);
  guint8 *event = g_new(guint8, n);
  guint64 *ends = g_new0(guint64, bits_words(n) + 1);
  double weights[20], sum = 0;
  for (guint k = 0; k < 20; k++)
    sum += 1.0 / (k + 1);
  for (guint k = 0; k < 20; k++)
    weights[k] = 1.0 / (k + 1) / sum + (k ? weights[k - 1] : 0);
  for (guint p = 0; p < persons; p++) {
    double t = uniform(&state) * 60 * 86400;
    for (guint i = start[p]; i < start[p + 1]; i++) {
      t += uniform(&state) < 0.7 ? uniform(&state) * 600 : uniform(&state) * 10 * 86400;
      time_s[i] = (guint32)t;
      double u = uniform(&state);
      guint8 k = 0;
      while (k < 19 && u > weights[k])
        k++;
      event[i] = k;
    }
    bit_set(ends, start[p + 1] - 1);
  }
  *block = (Block){.n_persons = persons,
                   .n_events = n,
                   .person_start = start,
                   .ends = ends,
                   .base_s = 1700000000,
                   .time_s = time_s,
                   .event = {.width = 1, .data = event}};
}

static gpointer run_worker(gpointer user) {
  Work *work = user;
  g_autoptr(FunnelScratch) scratch = funnel_scratch_new();
  guint64 *room = NULL;
  guint room_words = 0;
  for (guint b = work->worker; b < work->data->n_blocks; b += work->data->n_threads) {
    const Block *block = &work->data->blocks[b];
    guint words = bits_words(block->n_events) + 1;
    if (words > room_words) {
      room_words = words * 2;
      room = g_renew(guint64, room, room_words * (FUNNEL_STEPS_MAX + 2));
      memset(room, 0, sizeof *room * room_words * (FUNNEL_STEPS_MAX + 2));
    }
    FunnelEvents events = {.block = block};
    for (guint k = 0; k < work->rules.n_steps; k++) {
      events.steps[k] = room + room_words * k;
      bits_code(&block->event, block->n_events, k, events.steps[k]);
      events.steps[k][words - 1] = 0;
    }
    guint64 *spare = room + room_words * FUNNEL_STEPS_MAX;
    if (work->exclude) {
      bits_code(&block->event, block->n_events, 6, spare);
      spare[words - 1] = 0;
      events.exclude = spare;
    }
    if (work->ranged) {
      bits_between(block, (block->base_s + 20 * 86400) * 1000, (block->base_s + 70 * 86400) * 1000, spare + room_words);
      spare[room_words + words - 1] = 0;
      events.in_range = spare + room_words;
    }
    funnel_count_persons(&work->rules, &events, scratch, &work->tally);
  }
  g_free(room);
  return NULL;
}

static double processor_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void measure(const Data *data, const char *name, FunnelRules rules, gboolean times, gboolean exclude, gboolean ranged) {
  double best = G_MAXDOUBLE, best_select = 0, processor = G_MAXDOUBLE;
  guint64 reached[FUNNEL_STEPS_MAX] = {0};
  double medians[FUNNEL_STEPS_MAX] = {0};
  for (guint round = 0; round < 5; round++) {
    g_autofree Work *works = g_new0(Work, data->n_threads);
    g_autofree GThread **threads = g_new0(GThread *, data->n_threads);
    gint64 begin = g_get_monotonic_time();
    double before = processor_ms();
    for (guint i = 0; i < data->n_threads; i++) {
      works[i] = (Work){.data = data, .rules = rules, .times = times, .exclude = exclude, .ranged = ranged, .worker = i};
      works[i].bags = durations_new(&works[i].arena, FUNNEL_STEPS_MAX);
      works[i].tally.times = times ? works[i].bags : NULL;
      threads[i] = g_thread_new(NULL, run_worker, &works[i]);
    }
    for (guint i = 0; i < data->n_threads; i++)
      g_thread_join(threads[i]);
    gint64 middle = g_get_monotonic_time();
    for (guint k = 0; k < rules.n_steps; k++) {
      const Durations *bags[64];
      reached[k] = 0;
      for (guint i = 0; i < data->n_threads; i++) {
        reached[k] += works[i].tally.reached[k];
        bags[i] = &works[i].bags[k];
      }
      medians[k] = times ? durations_median(bags, data->n_threads) : 0;
    }
    gint64 end = g_get_monotonic_time();
    processor = MIN(processor, processor_ms() - before);
    if ((double)(end - begin) < best) {
      best = (double)(end - begin);
      best_select = (double)(end - middle);
    }
    for (guint i = 0; i < data->n_threads; i++) {
      g_free(works[i].bags);
      arena_clear(&works[i].arena);
    }
  }
  g_print("%-20s %7.1f ms (of it medians %5.1f; processor %7.1f)  %" G_GUINT64_FORMAT, name, best / 1000, best_select / 1000,
          processor, reached[0]);
  for (guint k = 1; k < rules.n_steps; k++)
    g_print(times ? " %" G_GUINT64_FORMAT " (%.0f ms)" : " %" G_GUINT64_FORMAT, reached[k], medians[k]);
  g_print("\n");
}

int main(int argc, char **argv) {
  guint64 wanted = argc > 1 ? g_ascii_strtoull(argv[1], NULL, 10) : 50000000;
  Data data = {.n_threads = argc > 2 ? (guint)atoi(argv[2]) : g_get_num_processors()};
  GArray *blocks = g_array_new(FALSE, FALSE, sizeof(Block));
  while (data.n_events < wanted) {
    Block block;
    fill_block(&block, BLOCK_PERSONS_MAX, blocks->len + 1);
    data.n_events += block.n_events;
    data.n_persons += block.n_persons;
    g_array_append_val(blocks, block);
  }
  data.blocks = (Block *)(void *)blocks->data;
  data.n_blocks = blocks->len;
  g_print("%" G_GUINT64_FORMAT " events, %" G_GUINT64_FORMAT " persons, %u threads\n", data.n_events, data.n_persons,
          data.n_threads);
  gint64 week = 7 * G_GINT64_CONSTANT(86400000);
  measure(&data, "no window", (FunnelRules){FUNNEL_ORDERED, 4, G_MAXINT64}, FALSE, FALSE, FALSE);
  measure(&data, "7 days", (FunnelRules){FUNNEL_ORDERED, 4, week}, FALSE, FALSE, FALSE);
  measure(&data, "7 days, range", (FunnelRules){FUNNEL_ORDERED, 4, week}, FALSE, FALSE, TRUE);
  measure(&data, "7 days, exclusion", (FunnelRules){FUNNEL_ORDERED, 4, week}, FALSE, TRUE, FALSE);
  measure(&data, "no window, times", (FunnelRules){FUNNEL_ORDERED, 4, G_MAXINT64}, TRUE, FALSE, FALSE);
  measure(&data, "7 days, times", (FunnelRules){FUNNEL_ORDERED, 4, week}, TRUE, FALSE, FALSE);
  measure(&data, "any, 7 days", (FunnelRules){FUNNEL_ANY, 4, week}, FALSE, FALSE, FALSE);
  return 0;
}
