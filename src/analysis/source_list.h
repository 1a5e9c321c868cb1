/* SPDX-License-Identifier: Apache-2.0
 * source_list.h: how many events each source has sent, and when the last one happened. */
#pragma once
#include "journey/snapshot.h"

typedef struct {
  guint64 events; /* of living persons and of nobody; flagged ones too */
  gint64 last_ms; /* when the last one happened; 0 none */
} SourceCount;

/* By the source's code (NAME_SOURCE); free with g_array_unref. One walk over two columns. */
GArray *source_counts(const Snapshot *snapshot, GError **error);
