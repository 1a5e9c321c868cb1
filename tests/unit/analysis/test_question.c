// SPDX-License-Identifier: Apache-2.0
#include "analysis/question.h"
#include "../sample.h"
#include "base/error.h"

enum { PERSONS = 40000, THREADS = 4 };

static Sample *make_sample(void) {
  Sample *sample = sample_new();
  for (guint i = 0; i < PERSONS; i++) {
    g_autofree char *person = g_strdup_printf("p%u", i);
    sample_event(sample, person, TIME_MS_MIN + i, "x");
    sample_add(sample, "test");
  }
  return sample;
}

typedef struct {
  gint seen[64];      /* per block */
  gint last[THREADS]; /* per worker: block + 1 */
  guint fail_from;    /* blocks from here on fail */
  gint cancel, cancel_at;
  gint events;
} Log;

static gboolean work(const Question *question, guint block, const Block *data, guint worker, gpointer user, GError **error) {
  Log *log = user;
  g_assert_cmpuint(worker, <, question_threads(question));
  g_assert_cmpint(log->last[worker], <=, (gint)block); /* ascends within a worker */
  log->last[worker] = (gint)block + 1;
  g_atomic_int_inc(&log->seen[block]);
  g_atomic_int_add(&log->events, (gint)data->n_events);
  if ((gint)block == log->cancel_at)
    g_atomic_int_set(&log->cancel, 1);
  if (block >= log->fail_from) {
    g_usleep((gulong)(block == log->fail_from ? 2000 : 0)); /* the lowest fails last */
    return error_set(error, ERROR_INVALID, "block %u", block);
  }
  return TRUE;
}

static void test_all(void) {
  Sample *sample = make_sample();
  g_autoptr(Snapshot) snapshot = sample_snapshot(sample);
  guint n = snapshot_blocks(snapshot);
  g_assert_cmpuint(n, >, 5);
  g_assert_cmpuint(n, <, 64);
  for (guint threads = 1; threads <= THREADS; threads++) {
    g_autoptr(GError) error = NULL;
    Question question = {.snapshot = snapshot, .threads = threads};
    Log log = {.fail_from = G_MAXUINT, .cancel_at = -1};
    g_assert_cmpuint(question_threads(&question), ==, threads);
    g_assert_true(question_each_block(&question, work, &log, &error));
    for (guint block = 0; block < n; block++)
      g_assert_cmpint(log.seen[block], ==, 1);
    g_assert_cmpint(log.events, ==, PERSONS);

    for (guint round = 0; round < 20; round++) {
      g_autoptr(GError) failed = NULL;
      Log failing = {.fail_from = 2, .cancel_at = -1};
      g_assert_false(question_each_block(&question, work, &failing, &failed));
      g_assert_error(failed, ETAPPE_ERROR, ERROR_INVALID);
      g_assert_cmpstr(failed->message, ==, "block 2"); /* the same on any number of threads */
    }

    g_autoptr(GError) stopped = NULL;
    Log cancelled = {.fail_from = G_MAXUINT, .cancel_at = 1, .cancel = threads > 1};
    question.cancel = &cancelled.cancel;
    g_assert_false(question_each_block(&question, work, &cancelled, &stopped));
    g_assert_error(stopped, ETAPPE_ERROR, ERROR_CANCELLED);
    g_assert_cmpint(cancelled.seen[1], ==, threads == 1);
    g_assert_cmpint(cancelled.seen[2], ==, 0);
  }
  g_clear_pointer(&snapshot, snapshot_unref);
  sample_free(sample);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/question/every block once, the lowest error wins, cancel stops", test_all);
  return g_test_run();
}
