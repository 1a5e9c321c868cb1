/* SPDX-License-Identifier: Apache-2.0
 * Workers take the next block from a shared counter until none is left or somebody failed. Of several
 * errors that of the lowest block is kept, so that one thread and many tell the same. */
#include "analysis/question.h"
#include "base/error.h"
#include <pthread.h>
#include <stdatomic.h>

typedef struct {
  const Question *question;
  QuestionBlockFunc work;
  gpointer user;
  guint n_blocks;
  atomic_uint next; /* block */
  atomic_bool stop;
  pthread_mutex_t lock; /* of the two below */
  GError *error;
  guint error_block;
} Run;

typedef struct {
  Run *run;
  guint number;
  pthread_t thread;
} Worker;

guint question_threads(const Question *question) {
  guint threads = question->threads ? question->threads : g_get_num_processors();
  return CLAMP(threads, 1, 256);
}

static gboolean cancelled(const Question *question) {
  return question->cancel && g_atomic_int_get(question->cancel);
}

static void fail(Run *run, guint block, GError *take_error) {
  pthread_mutex_lock(&run->lock);
  if (!run->error || block < run->error_block) {
    g_clear_error(&run->error);
    run->error = take_error;
    run->error_block = block;
  } else
    g_error_free(take_error);
  pthread_mutex_unlock(&run->lock);
  atomic_store(&run->stop, TRUE);
}

static gboolean do_block(Run *run, guint block, guint worker, GError **error) {
  Block data;
  if (cancelled(run->question))
    return error_set(error, ERROR_CANCELLED, "the question was cancelled");
  return snapshot_block(run->question->snapshot, block, &data, error) &&
         run->work(run->question, block, &data, worker, run->user, error);
}

static void *work_on(void *data) {
  Worker *worker = data;
  Run *run = worker->run;
  while (!atomic_load(&run->stop)) {
    guint block = atomic_fetch_add(&run->next, 1);
    GError *error = NULL;
    if (block >= run->n_blocks)
      break;
    if (!do_block(run, block, worker->number, &error))
      fail(run, block, error);
  }
  return NULL;
}

/* The caller is worker 0. Where the system refuses a thread, the others do its work. */
static void work_together(Run *run, guint threads) {
  g_autofree Worker *workers = g_new0(Worker, threads);
  guint started = 1;
  workers[0] = (Worker){.run = run};
  while (started < threads) {
    workers[started] = (Worker){.run = run, .number = started};
    if (pthread_create(&workers[started].thread, NULL, work_on, &workers[started]))
      break;
    started++;
  }
  work_on(&workers[0]);
  for (guint i = 1; i < started; i++)
    pthread_join(workers[i].thread, NULL);
}

gboolean question_each_block(const Question *question, QuestionBlockFunc work, gpointer user, GError **error) {
  Run run = {.question = question, .work = work, .user = user, .n_blocks = snapshot_blocks(question->snapshot)};
  pthread_mutex_init(&run.lock, NULL);
  work_together(&run, MIN(question_threads(question), MAX(run.n_blocks, 1)));
  pthread_mutex_destroy(&run.lock);
  if (!run.error)
    return TRUE;
  g_propagate_error(error, run.error);
  return FALSE;
}
