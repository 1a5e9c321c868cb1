/* SPDX-License-Identifier: Apache-2.0
 * question.c: blocks are tasks of base/parallel; a cancelled question fails at its next block. */
#include "analysis/question.h"
#include "analysis/marks.h"
#include "base/error.h"
#include "base/parallel.h"

typedef struct {
  const Question *question;
  QuestionBlockFunc work;
  gpointer user;
  Marks *marks; /* or NULL */
} Run;

guint question_threads(const Question *question) {
  return parallel_threads(question->threads);
}

static gboolean do_block(guint block, guint worker, gpointer data, GError **error) {
  const Run *run = data;
  const Question *question = run->question;
  Block found;
  if (question->cancel && g_atomic_int_get(question->cancel))
    return error_set(error, ERROR_CANCELLED, "the question was cancelled");
  return snapshot_block(question->snapshot, block, &found, error) &&
         (!run->marks || marks_block(run->marks, block, worker, &found, error)) &&
         run->work(question, block, &found, worker, run->user, error);
}

gboolean question_each_block(const Question *question, QuestionBlockFunc work, gpointer user, GError **error) {
  Run run = {.question = question, .work = work, .user = user};
  if (!marks_new(question, &run.marks, error))
    return FALSE;
  gboolean done = parallel_run(question_threads(question), snapshot_blocks(question->snapshot), do_block, &run, error);
  marks_free(run.marks);
  return done;
}
