// SPDX-License-Identifier: Apache-2.0
#include "simulate/spill.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { BUFFER_ROWS = 192 };

typedef struct {
  Row *rows;  // NULL: in the file
  guint64 at; // row number there
  guint32 n;
} Extent;

struct Spill {
  int file;
  gsize memory;
  gint64 *cuts;
  guint n_slices;
  _Atomic guint64 in_memory, end; // rows kept, rows in the file
  pthread_mutex_t lock;
  GArray **extents; // a slice, of Extent
};

struct SpillWriter {
  Spill *spill;
  Row *buffers; // BUFFER_ROWS a slice
  guint16 *filled;
};

static int open_unlinked(const char *beside, GError **error) {
  g_autofree char *path = g_strconcat(beside, ".rows-XXXXXX", NULL);
  int file = mkostemp(path, O_CLOEXEC);
  if (file < 0) {
    g_autofree char *what = g_strdup_printf("creating a temporary file beside %s", beside);
    error_set_errno(error, errno, what);
    return -1;
  }
  unlink(path);
  return file;
}

Spill *spill_new(const char *beside, const gint64 *cuts, guint n, gsize memory, GError **error) {
  int file = open_unlinked(beside, error);
  if (file < 0)
    return NULL;
  Spill *spill = g_new0(Spill, 1);
  spill->file = file;
  spill->memory = memory;
  spill->cuts = g_memdup2(cuts, n * sizeof *cuts);
  spill->n_slices = n + 1;
  pthread_mutex_init(&spill->lock, NULL);
  spill->extents = g_new(GArray *, spill->n_slices);
  for (guint i = 0; i < spill->n_slices; i++)
    spill->extents[i] = g_array_new(FALSE, FALSE, sizeof(Extent));
  return spill;
}

void spill_free(Spill *spill) {
  if (!spill)
    return;
  close(spill->file);
  for (guint i = 0; i < spill->n_slices; i++) {
    for (guint k = 0; k < spill->extents[i]->len; k++)
      g_free(g_array_index(spill->extents[i], Extent, k).rows);
    g_array_unref(spill->extents[i]);
  }
  pthread_mutex_destroy(&spill->lock);
  g_free(spill->extents);
  g_free(spill->cuts);
  g_free(spill);
}

guint spill_slices(const Spill *spill) {
  return spill->n_slices;
}

SpillWriter *spill_writer_new(Spill *spill) {
  SpillWriter *writer = g_new(SpillWriter, 1);
  *writer = (SpillWriter){spill, g_new(Row, (gsize)spill->n_slices * BUFFER_ROWS), g_new0(guint16, spill->n_slices)};
  return writer;
}

void spill_writer_free(SpillWriter *writer) {
  if (!writer)
    return;
  g_free(writer->buffers);
  g_free(writer->filled);
  g_free(writer);
}

static gboolean write_at(int file, const void *data, gsize size, guint64 offset, GError **error) {
  for (const char *at = data; size > 0;) {
    ssize_t done = pwrite(file, at, size, (off_t)offset);
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return error_set_errno(error, errno, "writing a temporary file");
    at += done;
    size -= (gsize)done;
    offset += (guint64)done;
  }
  return TRUE;
}

static gboolean flush(SpillWriter *writer, guint slice, GError **error) {
  Spill *spill = writer->spill;
  const Row *rows = writer->buffers + (gsize)slice * BUFFER_ROWS;
  Extent extent = {.n = writer->filled[slice]};
  writer->filled[slice] = 0;
  if ((atomic_fetch_add(&spill->in_memory, extent.n) + extent.n) * sizeof(Row) <= spill->memory) {
    extent.rows = g_memdup2(rows, extent.n * sizeof(Row));
  } else {
    extent.at = atomic_fetch_add(&spill->end, extent.n);
    if (!write_at(spill->file, rows, extent.n * sizeof(Row), extent.at * sizeof(Row), error))
      return FALSE;
  }
  pthread_mutex_lock(&spill->lock);
  g_array_append_val(spill->extents[slice], extent);
  pthread_mutex_unlock(&spill->lock);
  return TRUE;
}

static guint slice_of(const Spill *spill, gint64 arrival_ms) { // the number of cuts at or before
  guint low = 0, high = spill->n_slices - 1;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (spill->cuts[middle] <= arrival_ms)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

gboolean spill_write(SpillWriter *writer, const Row *rows, guint n, GError **error) {
  for (guint i = 0; i < n; i++) {
    guint slice = slice_of(writer->spill, rows[i].arrival_ms);
    writer->buffers[(gsize)slice * BUFFER_ROWS + writer->filled[slice]++] = rows[i];
    if (writer->filled[slice] == BUFFER_ROWS && !flush(writer, slice, error))
      return FALSE;
  }
  return TRUE;
}

gboolean spill_writer_finish(SpillWriter *writer, GError **error) {
  for (guint i = 0; i < writer->spill->n_slices; i++)
    if (writer->filled[i] && !flush(writer, i, error))
      return FALSE;
  return TRUE;
}

static gboolean read_at(int file, void *data, gsize size, guint64 offset, GError **error) {
  for (char *at = data; size > 0;) {
    ssize_t done = pread(file, at, size, (off_t)offset);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return error_set_errno(error, done < 0 ? errno : EIO, "reading a temporary file");
    at += done;
    size -= (gsize)done;
    offset += (guint64)done;
  }
  return TRUE;
}

typedef struct {
  guint64 key;
  guint32 index;
} Key;

static gboolean comes_before(const Row *a, const Row *b) {
  if (a->arrival_ms != b->arrival_ms)
    return a->arrival_ms < b->arrival_ms;
  if (a->person != b->person)
    return a->person < b->person;
  if (a->sequence != b->sequence)
    return a->sequence < b->sequence;
  return a->flags < b->flags;
}

// Byte by byte on the arrival, only as many bytes as differ; then ties, which are few, by insertion.
static void sort_rows(GArray *rows) {
  guint n = rows->len;
  if (n < 2)
    return;
  Row *from = (Row *)(void *)rows->data;
  gint64 low = from[0].arrival_ms, high = low;
  for (guint i = 1; i < n; i++) {
    low = MIN(low, from[i].arrival_ms);
    high = MAX(high, from[i].arrival_ms);
  }
  Key *a = g_new(Key, n), *b = g_new(Key, n);
  for (guint i = 0; i < n; i++)
    a[i] = (Key){(guint64)(from[i].arrival_ms - low), i};
  for (guint shift = 0; shift < 64 && (guint64)(high - low) >> shift; shift += 8) {
    guint at[257] = {0};
    for (guint i = 0; i < n; i++)
      at[(a[i].key >> shift & 255) + 1]++;
    for (guint i = 0; i < 256; i++)
      at[i + 1] += at[i];
    for (guint i = 0; i < n; i++)
      b[at[a[i].key >> shift & 255]++] = a[i];
    Key *swap = a;
    a = b;
    b = swap;
  }
  Row *sorted = g_new(Row, n);
  for (guint i = 0; i < n; i++) {
    guint at = i;
    Row row = from[a[i].index];
    for (; at > 0 && comes_before(&row, &sorted[at - 1]); at--)
      sorted[at] = sorted[at - 1];
    sorted[at] = row;
  }
  memcpy(from, sorted, n * sizeof(Row));
  g_free(sorted);
  g_free(a);
  g_free(b);
}

gboolean spill_read(Spill *spill, guint slice, GArray *rows, GError **error) {
  GArray *extents = spill->extents[slice];
  guint64 total = 0;
  for (guint i = 0; i < extents->len; i++)
    total += g_array_index(extents, Extent, i).n;
  if (total > G_MAXUINT32 / 2)
    return error_set(error, ERROR_LIMIT, "too many events arrive at one time");
  g_array_set_size(rows, (guint)total);
  Row *at = (Row *)(void *)rows->data;
  for (guint i = 0; i < extents->len; i++) {
    Extent extent = g_array_index(extents, Extent, i);
    if (extent.rows)
      memcpy(at, extent.rows, extent.n * sizeof(Row));
    else if (!read_at(spill->file, at, extent.n * sizeof(Row), extent.at * sizeof(Row), error))
      return FALSE;
    at += extent.n;
    g_clear_pointer(&g_array_index(extents, Extent, i).rows, g_free);
  }
  sort_rows(rows);
  return TRUE;
}
