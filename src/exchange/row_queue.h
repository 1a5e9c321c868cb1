/* SPDX-License-Identifier: Apache-2.0
 * row_queue.h: reads a file's rows on a thread of its own, a few blocks ahead. */
#pragma once
#include "exchange/row_in.h"

typedef struct RowQueue RowQueue;

RowQueue *row_queue_new(RowIn *in, GError **error); /* borrowed; nobody else may use it until row_queue_free */
void row_queue_free(RowQueue *queue);               /* stops the thread wherever it is */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RowQueue, row_queue_free)
gboolean row_queue_next(RowQueue *queue, RowBlock **block, GError **error); /* as row_in_next() */
