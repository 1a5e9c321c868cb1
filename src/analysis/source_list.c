// SPDX-License-Identifier: Apache-2.0
#include "analysis/source_list.h"

static void count_block(const Block *data, GArray *counts) {
  for (guint32 person = 0; person < data->n_persons; person++) {
    if (bit_at(data->dead, person))
      continue;
    for (guint32 e = data->person_start[person]; e < data->person_start[person + 1]; e++) {
      guint32 source = codes_at(&data->source, e);
      gint64 time_ms = block_time_ms(data, e);
      if (source >= counts->len)
        g_array_set_size(counts, source + 1);
      SourceCount *count = &g_array_index(counts, SourceCount, source);
      count->events++;
      count->last_ms = MAX(count->last_ms, time_ms);
    }
  }
}

GArray *source_counts(const Snapshot *snapshot, GError **error) {
  g_autoptr(GArray) counts = g_array_new(FALSE, TRUE, sizeof(SourceCount));
  for (guint block = 0; block < snapshot_blocks(snapshot); block++) {
    Block data;
    if (!snapshot_block(snapshot, block, &data, error))
      return NULL;
    count_block(&data, counts);
  }
  return g_steal_pointer(&counts);
}
