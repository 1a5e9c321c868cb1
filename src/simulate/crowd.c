// SPDX-License-Identifier: Apache-2.0
// crowd.c: persons are simulated in chunks by all threads. A chunk is admitted when all before it are: so which person
// is the last depends on the numbers alone, never on which thread was faster.
#include "simulate/crowd.h"
#include "simulate/life.h"
#include <pthread.h>

enum { CHUNK = 512 };

typedef struct {
  const Crowd *crowd;
  Truth *truth;
  pthread_mutex_t lock;
  pthread_cond_t turned;
  guint64 next;     // chunk to hand out
  guint64 admitted; // chunks
  guint64 rows, persons;
  gboolean full;
  GError *error;
} Gate;

typedef struct {
  Gate *gate;
  Life life;
  Truth truth;
  GArray *rows;
  guint counts[CHUNK];
  SpillWriter *writer;
} Worker;

static void simulate_chunk(Worker *worker, guint64 chunk, guint n) {
  worker->truth = (Truth){0};
  g_array_set_size(worker->rows, 0);
  for (guint i = 0; i < n; i++) {
    life_simulate(&worker->life, (guint32)(chunk * CHUNK + i));
    worker->counts[i] = worker->life.n_rows;
    if (worker->gate->crowd->spill)
      g_array_append_vals(worker->rows, worker->life.rows, worker->life.n_rows);
  }
}

// Waits for its turn; returns how many of the chunk's persons still fit. The lock is held.
static guint admit(Worker *worker, guint64 chunk, guint n) {
  Gate *gate = worker->gate;
  while (gate->admitted != chunk)
    pthread_cond_wait(&gate->turned, &gate->lock);
  guint fit = 0;
  for (; fit < n && !gate->full && gate->rows + worker->counts[fit] <= gate->crowd->rows_max; fit++)
    gate->rows += worker->counts[fit];
  gate->full = gate->full || fit < n;
  gate->persons += fit;
  gate->admitted++;
  pthread_cond_broadcast(&gate->turned);
  return fit;
}

static gboolean keep(Worker *worker, guint64 chunk, guint n, guint fit, GError **error) {
  if (fit < n)
    simulate_chunk(worker, chunk, fit); // the truth must not know those who did not fit
  pthread_mutex_lock(&worker->gate->lock);
  truth_add(worker->gate->truth, &worker->truth);
  pthread_mutex_unlock(&worker->gate->lock);
  return !worker->writer || spill_write(worker->writer, (const Row *)(void *)worker->rows->data, worker->rows->len, error);
}

static gboolean take_chunk(Gate *gate, guint64 *chunk, guint *n) {
  pthread_mutex_lock(&gate->lock);
  guint64 first = gate->next * CHUNK;
  gboolean more = !gate->full && !gate->error && first < gate->crowd->persons_max;
  if (more) {
    *chunk = gate->next++;
    *n = (guint)MIN(CHUNK, gate->crowd->persons_max - first);
  }
  pthread_mutex_unlock(&gate->lock);
  return more;
}

static void fail(Gate *gate, GError *error) {
  pthread_mutex_lock(&gate->lock);
  if (!gate->error)
    gate->error = g_steal_pointer(&error);
  pthread_mutex_unlock(&gate->lock);
  g_clear_error(&error);
}

static gpointer work(gpointer data) {
  Worker *worker = data;
  Gate *gate = worker->gate;
  GError *error = NULL;
  guint64 chunk;
  guint n;
  while (take_chunk(gate, &chunk, &n)) {
    simulate_chunk(worker, chunk, n);
    pthread_mutex_lock(&gate->lock);
    guint fit = admit(worker, chunk, n);
    pthread_mutex_unlock(&gate->lock);
    if (!keep(worker, chunk, n, fit, &error))
      fail(gate, g_steal_pointer(&error));
  }
  if (worker->writer && !spill_writer_finish(worker->writer, &error))
    fail(gate, g_steal_pointer(&error));
  return NULL;
}

static Worker *worker_new(Gate *gate) {
  Worker *worker = g_new0(Worker, 1);
  worker->gate = gate;
  worker->rows = g_array_new(FALSE, FALSE, sizeof(Row));
  worker->writer = gate->crowd->spill ? spill_writer_new(gate->crowd->spill) : NULL;
  life_init(&worker->life, gate->crowd->world, &worker->truth);
  return worker;
}

static void worker_free(Worker *worker) {
  life_clear(&worker->life);
  spill_writer_free(worker->writer);
  g_array_unref(worker->rows);
  g_free(worker);
}

static void report_progress(Gate *gate) { // until every chunk was handed out
  const Crowd *crowd = gate->crowd;
  gboolean more = crowd->progress != NULL;
  while (more) {
    g_usleep(50000);
    pthread_mutex_lock(&gate->lock);
    double by_rows = (double)gate->rows / (double)MAX(crowd->rows_max, 1);
    double by_persons = (double)gate->persons / (double)MAX(crowd->persons_max, 1);
    more = !gate->full && !gate->error && gate->next * CHUNK < crowd->persons_max;
    pthread_mutex_unlock(&gate->lock);
    crowd->progress(MAX(by_rows, by_persons), crowd->user);
  }
}

gboolean crowd_run(const Crowd *crowd, Truth *truth, guint64 *persons, GError **error) {
  Gate gate = {.crowd = crowd, .truth = truth};
  pthread_mutex_init(&gate.lock, NULL);
  pthread_cond_init(&gate.turned, NULL);
  g_autofree Worker **workers = g_new(Worker *, crowd->threads);
  g_autofree GThread **threads = g_new(GThread *, crowd->threads);
  for (guint i = 0; i < crowd->threads; i++) {
    workers[i] = worker_new(&gate);
    threads[i] = g_thread_new("simulate", work, workers[i]);
  }
  report_progress(&gate);
  for (guint i = 0; i < crowd->threads; i++) {
    g_thread_join(threads[i]);
    worker_free(workers[i]);
  }
  pthread_cond_destroy(&gate.turned);
  pthread_mutex_destroy(&gate.lock);
  *persons = gate.persons;
  if (gate.error)
    g_propagate_error(error, gate.error);
  return gate.error == NULL;
}

double crowd_sample(const World *world, guint n, GArray *arrivals) {
  g_autofree Truth *truth = g_new0(Truth, 1);
  Life life;
  life_init(&life, world, truth);
  guint64 rows = 0;
  for (guint i = 0; i < n; i++) {
    life_simulate(&life, i);
    rows += life.n_rows;
    for (guint k = 0; arrivals && k < life.n_rows; k++)
      g_array_append_val(arrivals, life.rows[k].arrival_ms);
  }
  life_clear(&life);
  return (double)rows / MAX(n, 1);
}
