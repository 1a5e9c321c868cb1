// SPDX-License-Identifier: Apache-2.0
/* Exact removal effects alone, on paths made up here: chain, conversions, value and net value, orders 1 to 3.
 * Usage: markov [PATHS] [KEYS] [THREADS]. Median of nine runs each. */
#include "analysis/markov.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RUNS = 9 };

static guint64 next_random(guint64 *state) {
  guint64 z = (*state += G_GUINT64_CONSTANT(0x9E3779B97F4A7C15));
  z = (z ^ z >> 30) * G_GUINT64_CONSTANT(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * G_GUINT64_CONSTANT(0x94D049BB133111EB);
  return z ^ z >> 31;
}
static double uniform(guint64 *state) {
  return (double)(next_random(state) >> 11) / 9007199254740992.0;
}

typedef struct {
  guint32 *start, *keys;
  double *conversions, *nulls, *value;
} Paths;

/* Lengths 3 to 14, keys of falling frequency: hardly two paths are equal. */
static PathSet make_paths(Paths *paths, guint n_paths, guint n_keys) {
  guint64 state = 7;
  guint32 n = 0;
  *paths = (Paths){g_new(guint32, n_paths + 1), g_new(guint32, (gsize)n_paths * 14), g_new(double, n_paths), g_new(double, n_paths),
                   g_new(double, n_paths)};
  for (guint p = 0; p < n_paths; p++) {
    paths->start[p] = n;
    for (guint length = 3 + (guint)(next_random(&state) % 12); length; length--)
      paths->keys[n++] = (guint32)(pow(uniform(&state), 1.5) * n_keys);
    paths->conversions[p] = uniform(&state) < 0.3 ? 1 + (double)(next_random(&state) % 3) : 0;
    paths->nulls[p] = (double)(next_random(&state) % 20);
    paths->value[p] = paths->conversions[p] * 5e7 * (0.5 + uniform(&state));
  }
  paths->start[n_paths] = n;
  return (PathSet){.n_keys = n_keys,
                   .n_paths = n_paths,
                   .start = paths->start,
                   .keys = paths->keys,
                   .conversions = paths->conversions,
                   .nulls = paths->nulls,
                   .value = paths->value};
}

static int double_compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double run(const PathSet *set, guint order, guint threads, double *effect, guint *states) {
  g_autofree double *value_effect = g_new(double, set->n_keys);
  double started = now_ms();
  g_autoptr(MarkovChain) chain = markov_new(set, order, threads, NULL);
  if (!chain || !markov_effects(chain, threads, effect, value_effect, NULL))
    exit(1);
  *states = markov_states(chain);
  return now_ms() - started;
}

int main(int argc, char **argv) {
  guint n_paths = argc > 1 ? (guint)atoi(argv[1]) : 10000, n_keys = argc > 2 ? (guint)atoi(argv[2]) : 12,
        threads = argc > 3 ? (guint)atoi(argv[3]) : 0, states = 0;
  Paths paths;
  PathSet set = make_paths(&paths, n_paths, n_keys);
  g_autofree double *effect = g_new(double, n_keys);
  double sum = 0;
  printf("%u paths, %u keys, %u touches\n", n_paths, n_keys, set.start[n_paths]);
  for (guint order = 1; order <= MARKOV_ORDER_MAX; order++) {
    double ms[RUNS];
    for (guint i = 0; i < RUNS; i++)
      ms[i] = run(&set, order, threads, effect, &states);
    qsort(ms, RUNS, sizeof *ms, double_compare);
    sum += ms[RUNS / 2];
    printf("order %u: %.2f ms, %u states, effect of the first key %.12f\n", order, ms[RUNS / 2], states, effect[0]);
  }
  printf("orders 1 to 3: %.2f ms\n", sum);
  return 0;
}
