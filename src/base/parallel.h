/* SPDX-License-Identifier: Apache-2.0
 * parallel.h: runs numbered tasks on all cores. Tasks are handed out in ascending order, so a task may wait
 * for one with a smaller number. What a task computes must not depend on its worker. */
#pragma once
#include <glib.h>

typedef gboolean (*ParallelFunc)(guint task, guint worker, gpointer user, GError **error);

/* The cores, at most 64; or `wanted` when that is not 0. */
guint parallel_threads(guint wanted);

/* Returns when all tasks are done. The error of the smallest failing task wins; no further ones begin
 * after a failure. Workers are 0..threads-1; the caller's thread is worker 0. */
gboolean parallel_run(guint threads, guint tasks, ParallelFunc work, gpointer user, GError **error);
