// SPDX-License-Identifier: Apache-2.0
#include "analysis/parallel.h"
#include <pthread.h>
#include <stdatomic.h>

typedef struct {
  ParallelFunc work;
  gpointer user;
  guint n;
  atomic_uint next;
} Run;

typedef struct {
  Run *run;
  guint number;
  pthread_t thread;
} Worker;

static void *work_on(void *data) {
  Worker *worker = data;
  for (guint i; (i = atomic_fetch_add(&worker->run->next, 1)) < worker->run->n;)
    worker->run->work(i, worker->number, worker->run->user);
  return NULL;
}

/* The caller is worker 0; where the system refuses a thread, the others do its work. */
void parallel_for(guint threads, guint n, ParallelFunc work, gpointer user) {
  Run run = {.work = work, .user = user, .n = n};
  threads = CLAMP(threads, 1, MAX(n, 1));
  g_autofree Worker *workers = g_new0(Worker, threads);
  guint started = 1;
  workers[0] = (Worker){.run = &run};
  for (; started < threads; started++) {
    workers[started] = (Worker){.run = &run, .number = started};
    if (pthread_create(&workers[started].thread, NULL, work_on, &workers[started]))
      break;
  }
  work_on(&workers[0]);
  for (guint i = 1; i < started; i++)
    pthread_join(workers[i].thread, NULL);
}
