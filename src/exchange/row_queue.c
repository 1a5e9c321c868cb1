// SPDX-License-Identifier: Apache-2.0
#include "exchange/row_queue.h"

#include "base/error.h"

#include <pthread.h>

enum { AHEAD = 8 };

struct RowQueue {
  RowIn *in;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  RowBlock *blocks[AHEAD]; /* n of them, the oldest at `first` */
  guint first, n;
  gboolean ended, stopped;
  GError *error;
};

/* FALSE when nobody wants more. */
static gboolean put(RowQueue *queue, RowBlock *block, GError *error) {
  pthread_mutex_lock(&queue->lock);
  while (queue->n == AHEAD && !queue->stopped)
    pthread_cond_wait(&queue->changed, &queue->lock);
  gboolean wanted = !queue->stopped && block;
  if (wanted)
    queue->blocks[(queue->first + queue->n++) % AHEAD] = block;
  queue->ended = !wanted;
  queue->error = error;
  pthread_cond_signal(&queue->changed);
  pthread_mutex_unlock(&queue->lock);
  return wanted;
}

static void *read_all(void *user) {
  RowQueue *queue = user;
  pthread_setname_np(pthread_self(), "read rows");
  for (;;) {
    RowBlock *block = NULL;
    GError *error = NULL;
    row_in_next(queue->in, &block, &error);
    if (!put(queue, block, error)) {
      row_block_free(block);
      return NULL;
    }
  }
}

RowQueue *row_queue_new(RowIn *in, GError **error) {
  RowQueue *queue = g_new0(RowQueue, 1);
  queue->in = in;
  pthread_mutex_init(&queue->lock, NULL);
  pthread_cond_init(&queue->changed, NULL);
  if (pthread_create(&queue->thread, NULL, read_all, queue) == 0)
    return queue;
  g_free(queue);
  error_set(error, ERROR_LIMIT, "the system gives no thread to read with");
  return NULL;
}

void row_queue_free(RowQueue *queue) {
  if (!queue)
    return;
  pthread_mutex_lock(&queue->lock);
  queue->stopped = TRUE;
  pthread_cond_signal(&queue->changed);
  pthread_mutex_unlock(&queue->lock);
  pthread_join(queue->thread, NULL);
  for (; queue->n; queue->n--, queue->first++)
    row_block_free(queue->blocks[queue->first % AHEAD]);
  g_clear_error(&queue->error);
  pthread_cond_destroy(&queue->changed);
  pthread_mutex_destroy(&queue->lock);
  g_free(queue);
}

gboolean row_queue_next(RowQueue *queue, RowBlock **block, GError **error) {
  pthread_mutex_lock(&queue->lock);
  while (queue->n == 0 && !queue->ended)
    pthread_cond_wait(&queue->changed, &queue->lock);
  *block = NULL;
  if (queue->n) {
    *block = queue->blocks[queue->first++ % AHEAD];
    queue->n--;
  } else if (queue->error) {
    g_propagate_error(error, g_steal_pointer(&queue->error));
    pthread_mutex_unlock(&queue->lock);
    return FALSE;
  }
  pthread_cond_signal(&queue->changed);
  pthread_mutex_unlock(&queue->lock);
  return TRUE;
}
