/* SPDX-License-Identifier: Apache-2.0
 * parallel.c: a counter hands out tasks; threads live for one run (20 us each, against tasks of milliseconds). */
#include "base/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { THREADS_MAX = 64 };

typedef struct {
  ParallelFunc work;
  gpointer user;
  guint tasks;
  atomic_uint next;
  atomic_bool failed;
  pthread_mutex_t lock; /* guards the two below */
  guint failed_task;
  GError *error;
} Run;

typedef struct {
  Run *run;
  guint worker;
  pthread_t thread;
  gboolean started;
} Worker;

guint parallel_threads(guint wanted) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return CLAMP(wanted ? wanted : cores > 0 ? (guint)cores : 1, 1, THREADS_MAX);
}

static void run_failed(Run *run, guint task, GError *error) {
  g_assert(error != NULL);
  pthread_mutex_lock(&run->lock);
  if (run->error == NULL || task < run->failed_task) {
    g_clear_error(&run->error);
    run->error = error;
    run->failed_task = task;
  } else
    g_error_free(error);
  pthread_mutex_unlock(&run->lock);
  atomic_store(&run->failed, TRUE);
}

static void *worker_main(void *user) {
  Worker *worker = user;
  Run *run = worker->run;
  while (!atomic_load(&run->failed)) {
    guint task = atomic_fetch_add(&run->next, 1);
    if (task >= run->tasks)
      break;
    GError *error = NULL;
    if (!run->work(task, worker->worker, run->user, &error))
      run_failed(run, task, error);
  }
  return NULL;
}

gboolean parallel_run(guint threads, guint tasks, ParallelFunc work, gpointer user, GError **error) {
  Run run = {.work = work, .user = user, .tasks = tasks, .lock = PTHREAD_MUTEX_INITIALIZER};
  Worker workers[THREADS_MAX] = {{.run = &run}};
  threads = MIN(parallel_threads(threads), MAX(tasks, 1));
  for (guint i = 1; i < threads; i++) {
    workers[i] = (Worker){.run = &run, .worker = i};
    workers[i].started = pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) == 0;
  }
  worker_main(&workers[0]); /* a thread that could not be had only makes it slower */
  for (guint i = 1; i < threads; i++)
    if (workers[i].started)
      pthread_join(workers[i].thread, NULL);
  pthread_mutex_destroy(&run.lock);
  if (run.error == NULL)
    return TRUE;
  g_propagate_error(error, run.error);
  return FALSE;
}
