/* SPDX-License-Identifier: Apache-2.0
 * segment_writer.c: workers draft and encode blocks in any order and write them in turn; tables and footer
 * come last, when all is known. */
#include "journey/segment_writer.h"

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/parallel.h"
#include "journey/identity.h"
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

enum { MEMORY_FIRST = 1 << 16, WORKERS_MAX = 64 };

struct SegmentWriter {
  char *path;
  FileOut *out;   /* or, in memory: */
  guint8 *memory; /* mapped anonymously */
  gsize size, mapped;
  SegmentHeader header;
  SegmentFooter footer;
  GArray *blocks; /* of SegmentBlock */
  GArray *chunks; /* of SegmentChunk */
  const guint64 *replaced, *carried;
};

SegmentWriter *segment_writer_new(const char *path, guint64 record_id, guint64 through, GError **error) {
  g_autoptr(SegmentWriter) writer = g_new0(SegmentWriter, 1);
  writer->path = g_strdup(path);
  writer->blocks = g_array_new(FALSE, FALSE, sizeof(SegmentBlock));
  writer->chunks = g_array_new(FALSE, FALSE, sizeof(SegmentChunk));
  writer->header = (SegmentHeader){.magic = SEGMENT_MAGIC, .version = SEGMENT_VERSION, .record_id = record_id, .through = through};
  if (path && !(writer->out = file_out_new(path, error)))
    return NULL;
  return g_steal_pointer(&writer);
}

void segment_writer_free(SegmentWriter *writer) {
  if (writer == NULL)
    return;
  file_out_free(writer->out);
  if (writer->memory)
    munmap(writer->memory, writer->mapped);
  g_array_unref(writer->blocks);
  g_array_unref(writer->chunks);
  g_free(writer->path);
  g_free(writer);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static gboolean memory_reserve(SegmentWriter *writer, gsize size, GError **error) {
  if (size <= writer->mapped)
    return TRUE;
  gsize wanted = MAX(MEMORY_FIRST, (size + size / 2 + 4095) / 4096 * 4096);
  void *memory = writer->memory ? mremap(writer->memory, writer->mapped, wanted, MREMAP_MAYMOVE)
                                : mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return error_set(error, ERROR_LIMIT, "no memory for an index of %" G_GSIZE_FORMAT " bytes", size);
  writer->memory = memory;
  writer->mapped = wanted;
  return TRUE;
}

static gboolean put(SegmentWriter *writer, const void *data, gsize size, GError **error) {
  if (size == 0)
    return TRUE;
  if (writer->path) {
    if (!file_out_write(writer->out, data, size, error))
      return FALSE;
  } else {
    if (!memory_reserve(writer, writer->size + size, error))
      return FALSE;
    memcpy(writer->memory + writer->size, data, size);
  }
  writer->size += size;
  return TRUE;
}

static gboolean put_aligned(SegmentWriter *writer, GError **error) {
  static const guint8 zero[SEGMENT_ALIGN];
  return put(writer, zero, (SEGMENT_ALIGN - writer->size % SEGMENT_ALIGN) % SEGMENT_ALIGN, error);
}

static gboolean put_header(SegmentWriter *writer, GError **error) {
  return writer->size > 0 || put(writer, &writer->header, sizeof writer->header, error);
}

/* --- blocks ----------------------------------------------------------------------------------- */

GArray *segment_plan(const guint64 *ids, const guint32 *n_events, gsize n_persons) {
  GArray *first = g_array_new(FALSE, FALSE, sizeof(guint32));
  guint32 persons = 0;
  guint64 events = 0;
  for (guint32 i = 0; i < n_persons; i++) {
    if (persons == 0)
      g_array_append_val(first, i);
    persons++;
    events += n_events[i];
    gboolean last_nobody = ids[i] < IDENTITY_NOBODY_END && i + 1 < n_persons && ids[i + 1] >= IDENTITY_NOBODY_END;
    if (persons == BLOCK_PERSONS_MAX || events >= BLOCK_EVENTS_AIM || last_nobody)
      events = persons = 0;
  }
  guint32 end = (guint32)n_persons;
  return g_array_append_val(first, end);
}

typedef struct {
  SegmentWriter *writer;
  SegmentFill fill;
  gpointer user;
  Draft *drafts[WORKERS_MAX];
  DraftBytes bytes[WORKERS_MAX];
  pthread_mutex_t lock; /* guards the two below and the writer */
  pthread_cond_t turned;
  guint next, failed; /* the smallest block that failed, or G_MAXUINT */
} Turns;

static void count_block(SegmentWriter *writer, SegmentBlock *entry) {
  SegmentFooter *footer = &writer->footer;
  entry->offset = writer->size;
  if (entry->flags & BLOCK_UNIDENTIFIED)
    footer->n_unidentified++;
  else
    footer->n_persons += entry->n_persons;
  footer->n_events += entry->n_events;
  footer->last_time_ms = MAX(footer->last_time_ms, entry->last_time_ms);
  g_array_append_vals(writer->blocks, entry, 1);
}

/* The smallest failing block decides: those before it still take their turn, so its error is the one told. */
static gboolean fail_block(Turns *turns, guint block) {
  turns->failed = MIN(turns->failed, block);
  pthread_cond_broadcast(&turns->turned);
  return FALSE;
}

/* Waits until all smaller blocks are written. The smallest unfinished one never waits, so there is no knot. */
static gboolean write_in_turn(Turns *turns, guint block, const DraftBytes *bytes, SegmentBlock *entry, GError **error) {
  pthread_mutex_lock(&turns->lock);
  while (turns->next != block && turns->failed > block)
    pthread_cond_wait(&turns->turned, &turns->lock);
  gboolean good = turns->failed > block || error_set(error, ERROR_CANCELLED, "an earlier block of the index could not be made");
  if (good) {
    count_block(turns->writer, entry);
    good = put(turns->writer, bytes->data, bytes->size, error) || fail_block(turns, block);
    turns->next++;
  }
  pthread_cond_broadcast(&turns->turned);
  pthread_mutex_unlock(&turns->lock);
  return good;
}

static gboolean make_block(guint block, guint worker, gpointer user, GError **error) {
  Turns *turns = user;
  Draft *draft = turns->drafts[worker] ? turns->drafts[worker] : (turns->drafts[worker] = draft_new());
  DraftBytes *bytes = &turns->bytes[worker];
  SegmentBlock entry;
  draft_clear(draft);
  if (turns->fill(block, worker, draft, turns->user, error) && draft_encode(draft, bytes, &entry, error))
    return write_in_turn(turns, block, bytes, &entry, error);
  pthread_mutex_lock(&turns->lock);
  fail_block(turns, block);
  pthread_mutex_unlock(&turns->lock);
  return FALSE;
}

gboolean segment_writer_blocks(SegmentWriter *writer, guint threads, guint n, SegmentFill fill, gpointer user, GError **error) {
  if (!put_header(writer, error))
    return FALSE;
  Turns turns = {.writer = writer,
                 .fill = fill,
                 .user = user,
                 .failed = G_MAXUINT,
                 .lock = PTHREAD_MUTEX_INITIALIZER,
                 .turned = PTHREAD_COND_INITIALIZER};
  gboolean good = parallel_run(threads, n, make_block, &turns, error);
  for (guint i = 0; i < WORKERS_MAX; i++) {
    draft_free(turns.drafts[i]);
    draft_bytes_clear(&turns.bytes[i]);
  }
  pthread_mutex_destroy(&turns.lock);
  pthread_cond_destroy(&turns.turned);
  return good;
}

/* --- identifiers ------------------------------------------------------------------------------ */

static gboolean put_chunk(SegmentWriter *writer, const SegmentIdentifier *identifiers, guint32 n, GError **error) {
  g_autofree guint64 *hashes = g_malloc(n * (sizeof(guint64) + sizeof(guint32)));
  guint32 *ordinals = (guint32 *)(hashes + n);
  for (guint32 i = 0; i < n; i++) {
    const SegmentIdentifier *one = identifiers + i;
    g_assert(one->ordinal <= ORDINAL_BITS);
    hashes[i] = one->hash;
    ordinals[i] = one->ordinal | (one->present ? ORDINAL_PRESENT : 0) | (one->shared ? ORDINAL_SHARED : 0);
    writer->footer.n_shared += one->shared;
  }
  gsize size = n * (sizeof(guint64) + sizeof(guint32));
  if (!put_aligned(writer, error))
    return FALSE;
  SegmentChunk chunk = {.offset = writer->size, .checksum = checksum64(hashes, size), .first_hash = identifiers->hash, .n = n};
  g_array_append_val(writer->chunks, chunk);
  return put(writer, hashes, size, error);
}

gboolean segment_writer_identifiers(SegmentWriter *writer, const SegmentIdentifier *identifiers, gsize n, GError **error) {
  if (!put_header(writer, error))
    return FALSE;
  writer->footer.n_identifiers = n;
  for (gsize at = 0; at < n; at += SEGMENT_CHUNK_MAX)
    if (!put_chunk(writer, identifiers + at, (guint32)MIN(SEGMENT_CHUNK_MAX, n - at), error))
      return FALSE;
  return TRUE;
}

void segment_writer_replaced(SegmentWriter *writer, const guint64 *ids, gsize n) {
  writer->replaced = ids;
  writer->footer.n_replaced = n;
}

void segment_writer_carried(SegmentWriter *writer, const guint64 *ids, gsize n) {
  writer->carried = ids;
  writer->footer.n_carried = n;
}

/* --- the end ---------------------------------------------------------------------------------- */

typedef struct {
  const void *data;
  gsize size;
} Table;

static guint64 tables_checksum(const Table *tables, guint n) {
  gsize size = 0, at = 0;
  for (guint i = 0; i < n; i++)
    size += tables[i].size;
  g_autofree guint8 *all = g_malloc(size + 1);
  for (guint i = 0; i < n; at += tables[i++].size)
    if (tables[i].size)
      memcpy(all + at, tables[i].data, tables[i].size);
  return checksum64(all, size);
}

static gboolean put_tables(SegmentWriter *writer, GError **error) {
  SegmentFooter *footer = &writer->footer;
  if (!put_header(writer, error) || !put_aligned(writer, error))
    return FALSE;
  const Table tables[] = {{writer->replaced, footer->n_replaced * sizeof(guint64)},
                          {writer->carried, footer->n_carried * sizeof(guint64)},
                          {writer->blocks->data, writer->blocks->len * sizeof(SegmentBlock)},
                          {writer->chunks->data, writer->chunks->len * sizeof(SegmentChunk)}};
  footer->tables_offset = writer->size;
  footer->n_blocks = writer->blocks->len;
  footer->n_chunks = writer->chunks->len;
  footer->tables_checksum = tables_checksum(tables, G_N_ELEMENTS(tables));
  footer->checksum = frame_checksum(&writer->header, footer);
  for (guint i = 0; i < G_N_ELEMENTS(tables); i++)
    if (!put(writer, tables[i].data, tables[i].size, error))
      return FALSE;
  return put(writer, footer, sizeof *footer, error);
}

Segment *segment_writer_finish(SegmentWriter *writer, GError **error) {
  if (!put_tables(writer, error))
    return NULL;
  if (writer->path)
    return file_out_commit(writer->out, error) ? segment_open(writer->path, writer->header.record_id, error) : NULL;
  return segment_open_memory(g_steal_pointer(&writer->memory), writer->size, writer->mapped, writer->header.record_id, error);
}
