/* SPDX-License-Identifier: Apache-2.0
 * spill.h: rows on their way from the order of persons to the order of arrival. They are dealt into slices of
 * arrival time; a slice fits in memory and is sorted when its turn comes.
 *
 *   persons ──► SpillWriter (one a thread, a small buffer a slice) ──► extents ──► spill_read(slice), sorted
 *
 * The first `memory` bytes stay there, the rest goes to an unlinked temporary file of sizeof(Row) a row. */
#pragma once
#include "base/error.h"
#include "simulate/row.h"

typedef struct Spill Spill;
typedef struct SpillWriter SpillWriter;

/* `cuts`: ascending arrival times, n of them, make n + 1 slices. The file lies beside `beside`. */
Spill *spill_new(const char *beside, const gint64 *cuts, guint n, gsize memory, GError **error);
void spill_free(Spill *spill);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Spill, spill_free)
guint spill_slices(const Spill *spill);

SpillWriter *spill_writer_new(Spill *spill);
void spill_writer_free(SpillWriter *writer);
gboolean spill_write(SpillWriter *writer, const Row *rows, guint n, GError **error);
gboolean spill_writer_finish(SpillWriter *writer, GError **error); /* what is still buffered */

/* Replaces the content of `rows` (of Row) by a slice in order of (arrival, person, sequence). Each slice once. */
gboolean spill_read(Spill *spill, guint slice, GArray *rows, GError **error);
