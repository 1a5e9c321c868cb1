/* SPDX-License-Identifier: Apache-2.0
 * parallel.h: work that is no block of a snapshot, on several threads. */
#pragma once
#include <glib.h>

/* Calls work(i, worker, user) once for each i below n; `worker` is 0..threads-1. Returns when all are done. */
typedef void (*ParallelFunc)(guint i, guint worker, gpointer user);
void parallel_for(guint threads, guint n, ParallelFunc work, gpointer user);
