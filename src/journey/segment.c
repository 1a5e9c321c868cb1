/* SPDX-License-Identifier: Apache-2.0
 * segment.c: reads what segment_writer.c wrote. Opening checks the tables, which are a few hundred bytes a
 * hundred thousand events; a block is checked when first touched and its state remembered in an atomic byte.
 * Two threads may check the same block at once: both find the same. */
#include "journey/segment.h"

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "journey/format.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

enum { STATE_UNKNOWN, STATE_GOOD, STATE_DAMAGED };

struct Segment {
  atomic_uint references;
  char *path;
  const guint8 *data;
  gsize size, mapped;
  SegmentInfo info;
  const SegmentBlock *blocks;
  const SegmentChunk *chunks;
  const guint64 *replaced, *carried;
  guint32 n_chunks;
  gsize n_replaced, n_carried;
  guint64 *first_ordinal;    /* n_blocks + 1 */
  guint64 *first_identifier; /* n_chunks + 1 */
  _Atomic guint8 *block_state, *chunk_state;
  _Atomic(void *) *full; /* per block: an all-one bitmap and its ranks, made when first asked for */
  gboolean no_files;
  pthread_mutex_t keeping; /* guards the two below */
  GHashTable *kept;        /* of char* to GBytes*; NULL: none yet */
  gsize kept_bytes;
};

/* --- opening ---------------------------------------------------------------------------------- */

static const char *segment_name(const Segment *segment) {
  return segment->path ? segment->path : "the index in memory";
}

static gboolean damaged(const Segment *segment, const char *what, GError **error) {
  return error_set(error, ERROR_DAMAGED, "%s: %s does not match its checksum\nhint: the index is made again when it is opened next",
                   segment_name(segment), what);
}

static const SegmentFooter *segment_footer(const Segment *segment) {
  return (const SegmentFooter *)(segment->data + segment->size - sizeof(SegmentFooter));
}

static gboolean check_frame(const Segment *segment, guint64 record_id, GError **error) {
  const SegmentHeader *header = (const SegmentHeader *)segment->data;
  if (segment->size < sizeof(SegmentHeader) + sizeof(SegmentFooter) || segment->size % 8 != 0 ||
      memcmp(header->magic, SEGMENT_MAGIC, sizeof header->magic) != 0)
    return damaged(segment, "the header", error);
  if (header->version != SEGMENT_VERSION)
    return error_set(error, ERROR_VERSION, "%s is of format %u, this program writes %u", segment_name(segment), header->version,
                     SEGMENT_VERSION);
  if (header->record_id != record_id)
    return error_set(error, ERROR_VERSION, "%s belongs to another record", segment_name(segment));
  const SegmentFooter *footer = segment_footer(segment);
  return frame_checksum(header, footer) == footer->checksum || damaged(segment, "the footer", error);
}

static gboolean point_at_tables(Segment *segment, GError **error) {
  const SegmentFooter *footer = segment_footer(segment);
  gsize end = segment->size - sizeof(SegmentFooter);
  guint64 size = (footer->n_replaced + footer->n_carried) * sizeof(guint64) + (guint64)footer->n_blocks * sizeof(SegmentBlock) +
                 (guint64)footer->n_chunks * sizeof(SegmentChunk);
  if (footer->n_replaced > segment->size || footer->n_carried > footer->n_replaced || footer->tables_offset % SEGMENT_ALIGN != 0 ||
      footer->tables_offset > end || end - footer->tables_offset != size || footer->n_unidentified > footer->n_blocks)
    return damaged(segment, "the footer", error);
  const guint8 *tables = segment->data + footer->tables_offset;
  if (checksum64(tables, size) != footer->tables_checksum)
    return damaged(segment, "the block table", error);
  segment->replaced = (const guint64 *)tables;
  segment->n_replaced = footer->n_replaced;
  segment->carried = segment->replaced + footer->n_replaced;
  segment->n_carried = footer->n_carried;
  segment->blocks = (const SegmentBlock *)(segment->carried + footer->n_carried);
  segment->chunks = (const SegmentChunk *)(segment->blocks + footer->n_blocks);
  segment->n_chunks = footer->n_chunks;
  return TRUE;
}

static gboolean block_entry_fits(const Segment *segment, const SegmentBlock *block) {
  guint64 end = segment_footer(segment)->tables_offset;
  return block->n_persons > 0 && block->n_persons <= BLOCK_PERSONS_MAX && block->n_events >= block->n_persons &&
         block->n_values <= block->n_events && block->offset % SEGMENT_ALIGN == 0 && block->offset <= end &&
         block_layout(block).size == block->size && block->size <= end - block->offset;
}

static gboolean point_at_blocks(Segment *segment, GError **error) {
  segment->first_ordinal = g_new(guint64, segment->info.n_blocks + 1);
  segment->first_ordinal[0] = 0;
  for (guint i = 0; i < segment->info.n_blocks; i++) {
    if (!block_entry_fits(segment, &segment->blocks[i]))
      return damaged(segment, "the block table", error);
    segment->first_ordinal[i + 1] = segment->first_ordinal[i] + segment->blocks[i].n_persons;
  }
  segment->first_identifier = g_new(guint64, segment->n_chunks + 1);
  segment->first_identifier[0] = 0;
  for (guint i = 0; i < segment->n_chunks; i++) {
    const SegmentChunk *chunk = &segment->chunks[i];
    guint64 end = segment_footer(segment)->tables_offset;
    if (chunk->n == 0 || chunk->n > SEGMENT_CHUNK_MAX || chunk->offset % SEGMENT_ALIGN != 0 || chunk->offset > end ||
        chunk->n * G_GUINT64_CONSTANT(12) > end - chunk->offset)
      return damaged(segment, "the identifier table", error);
    segment->first_identifier[i + 1] = segment->first_identifier[i] + chunk->n;
  }
  segment->block_state = g_malloc0(segment->info.n_blocks + 1);
  segment->chunk_state = g_malloc0(segment->n_chunks + 1);
  segment->full = g_malloc0((segment->info.n_blocks + 1) * sizeof(void *));
  return TRUE;
}

static Segment *segment_check(Segment *take, guint64 record_id, GError **error) {
  g_autoptr(Segment) segment = take;
  if (!check_frame(segment, record_id, error) || !point_at_tables(segment, error))
    return NULL;
  const SegmentHeader *header = (const SegmentHeader *)segment->data;
  const SegmentFooter *footer = segment_footer(segment);
  segment->info = (SegmentInfo){.record_id = header->record_id,
                                .through = header->through,
                                .n_persons = footer->n_persons,
                                .n_events = footer->n_events,
                                .n_identifiers = footer->n_identifiers,
                                .n_shared = footer->n_shared,
                                .last_time_ms = footer->last_time_ms,
                                .n_blocks = footer->n_blocks,
                                .n_unidentified = footer->n_unidentified,
                                .size_bytes = segment->size,
                                .checksum = footer->checksum};
  return point_at_blocks(segment, error) ? g_steal_pointer(&segment) : NULL;
}

static Segment *segment_new(const char *path, const void *data, gsize size, gsize mapped) {
  Segment *segment = g_new0(Segment, 1);
  atomic_init(&segment->references, 1);
  pthread_mutex_init(&segment->keeping, NULL);
  segment->path = g_strdup(path);
  segment->data = data;
  segment->size = size;
  segment->mapped = mapped;
  return segment;
}

Segment *segment_open(const char *path, guint64 record_id, GError **error) {
  FileMap map;
  if (!file_map(&map, path, error))
    return NULL;
  return segment_check(segment_new(path, map.data, map.size, map.size), record_id, error);
}

Segment *segment_open_memory(void *data, gsize size, gsize mapped, guint64 record_id, GError **error) {
  return segment_check(segment_new(NULL, data, size, mapped), record_id, error);
}

Segment *segment_ref(Segment *segment) {
  atomic_fetch_add(&segment->references, 1);
  return segment;
}

void segment_unref(Segment *segment) {
  if (segment == NULL || atomic_fetch_sub(&segment->references, 1) != 1)
    return;
  for (guint i = 0; segment->full && i < segment->info.n_blocks; i++)
    g_free(atomic_load(&segment->full[i]));
  if (segment->data)
    munmap((void *)segment->data, segment->mapped);
  g_clear_pointer(&segment->kept, g_hash_table_destroy);
  pthread_mutex_destroy(&segment->keeping);
  g_free(segment->full);
  g_free(segment->block_state);
  g_free(segment->chunk_state);
  g_free(segment->first_ordinal);
  g_free(segment->first_identifier);
  g_free(segment->path);
  g_free(segment);
}

const SegmentInfo *segment_info(const Segment *segment) {
  return &segment->info;
}

const char *segment_path(const Segment *segment) {
  return segment->path;
}

/* --- what is made from it ------------------------------------------------------------------------ */

void segment_forbid_files(Segment *segment) {
  segment->no_files = TRUE;
}

gboolean segment_allows_files(const Segment *segment) {
  return segment->path != NULL && !segment->no_files;
}

void segment_keep(Segment *segment, const char *name, GBytes *bytes) {
  pthread_mutex_lock(&segment->keeping);
  if (segment->kept == NULL)
    segment->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
  gsize size = g_bytes_get_size(bytes);
  if (size <= SEGMENT_KEPT_MAX - segment->kept_bytes && !g_hash_table_contains(segment->kept, name)) {
    g_hash_table_insert(segment->kept, g_strdup(name), g_bytes_ref(bytes));
    segment->kept_bytes += size;
  }
  pthread_mutex_unlock(&segment->keeping);
}

GBytes *segment_kept(Segment *segment, const char *name) {
  pthread_mutex_lock(&segment->keeping);
  GBytes *bytes = segment->kept ? g_hash_table_lookup(segment->kept, name) : NULL;
  if (bytes)
    g_bytes_ref(bytes);
  pthread_mutex_unlock(&segment->keeping);
  return bytes;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static char *mark_path(const Segment *segment) {
  return g_strconcat(segment->path, ".damaged", NULL);
}

gboolean segment_marked(const Segment *segment) {
  for (guint i = 0; i < segment->info.n_blocks; i++)
    if (atomic_load_explicit(&segment->block_state[i], memory_order_relaxed) == STATE_DAMAGED)
      return TRUE;
  if (segment->path == NULL)
    return FALSE;
  g_autofree char *mark = mark_path(segment);
  return g_file_test(mark, G_FILE_TEST_EXISTS);
}

/* The next writer sees the mark and makes the index again; where nothing can be written, so be it. */
static void mark_damaged(const Segment *segment) {
  if (!segment_allows_files(segment))
    return;
  g_autofree char *mark = mark_path(segment);
  file_replace(mark, "", 0, NULL);
}

static gboolean check_bytes(const Segment *segment, _Atomic guint8 *state, guint64 offset, gsize size, guint64 checksum,
                            const char *what, GError **error) {
  guint8 known = atomic_load_explicit(state, memory_order_acquire);
  if (known == STATE_GOOD)
    return TRUE;
  if (known == STATE_UNKNOWN && checksum64(segment->data + offset, size) == checksum) {
    atomic_store_explicit(state, STATE_GOOD, memory_order_release);
    return TRUE;
  }
  if (known == STATE_UNKNOWN)
    mark_damaged(segment);
  atomic_store_explicit(state, STATE_DAMAGED, memory_order_release);
  return damaged(segment, what, error);
}

static gboolean any_full(const SegmentBlock *block) {
  return memchr(block->bitmap, BITMAP_FULL, BITMAPS) != NULL;
}

/* Words with the block's n_events lowest bits set, and then how many stand before each word. */
static const guint64 *full_bitmap(Segment *segment, guint i) {
  void *known = atomic_load_explicit(&segment->full[i], memory_order_acquire);
  if (known)
    return known;
  guint32 n = segment->blocks[i].n_events, words = (n + 63) / 64;
  guint64 *ones = g_malloc(words * (sizeof(guint64) + sizeof(guint32)));
  guint32 *rank = (guint32 *)(ones + words);
  memset(ones, 0xff, words * sizeof(guint64));
  if (n % 64)
    ones[words - 1] >>= 64 - n % 64;
  for (guint32 word = 0; word < words; word++)
    rank[word] = word * 64;
  if (atomic_compare_exchange_strong(&segment->full[i], &known, ones))
    return ones;
  g_free(ones);
  return known;
}

static void point_at_bitmaps(Segment *segment, guint i, const BlockLayout *layout, Block *out) {
  const SegmentBlock *block = &segment->blocks[i];
  const guint8 *data = segment->data + block->offset;
  const guint64 *ones = any_full(block) ? full_bitmap(segment, i) : NULL;
  const guint64 **bitmaps[BITMAPS] = {&out->touch,     &out->web,      &out->company,  &out->system,
                                      &out->converses, &out->excluded, &out->has_value};
  for (guint b = 0; b < BITMAPS; b++)
    *bitmaps[b] = block->bitmap[b] == BITMAP_FULL     ? ones
                  : block->bitmap[b] == BITMAP_STORED ? (const guint64 *)(data + layout->bitmap[b])
                                                      : NULL;
  out->value_rank = block->bitmap[BITMAP_VALUE] == BITMAP_FULL ? (const guint32 *)(ones + (block->n_events + 63) / 64)
                                                               : (const guint32 *)(data + layout->value_rank);
}

gboolean segment_block(Segment *segment, guint i, Block *out, GError **error) {
  g_assert(i < segment->info.n_blocks);
  const SegmentBlock *block = &segment->blocks[i];
  if (!check_bytes(segment, &segment->block_state[i], block->offset, block->size, block->checksum, "a block", error))
    return FALSE;
  const guint8 *data = segment->data + block->offset;
  BlockLayout layout = block_layout(block);
  *out = (Block){.content = checksum64(&block->size, sizeof *block - offsetof(SegmentBlock, size)),
                 .n_persons = block->n_persons,
                 .n_events = block->n_events,
                 .unidentified = (block->flags & BLOCK_UNIDENTIFIED) != 0,
                 .person_id = (const guint64 *)(data + layout.person_id),
                 .person_start = (const guint32 *)(data + layout.person_start),
                 .settled = block->flags & BLOCK_SETTLED_SOME ? (const guint64 *)(data + layout.settled) : NULL,
                 .all_settled = (block->flags & BLOCK_SETTLED_ALL) != 0,
                 .ends = (const guint64 *)(data + layout.ends),
                 .base_s = block->base_s,
                 .time_s = (const guint32 *)(data + layout.time_s),
                 .time_ms = block->flags & BLOCK_HAS_MS ? (const guint16 *)(data + layout.time_ms) : NULL,
                 .values = data + layout.values,
                 .value_width = block->value_width,
                 .value_unit = block->value_unit,
                 .row_base = block->row_base,
                 .row = (const guint32 *)(data + layout.row)};
  point_at_bitmaps(segment, i, &layout, out);
  Codes *codes[CODES] = {&out->event, &out->channel, &out->touchpoint, &out->source, &out->currency, &out->grade, &out->visit};
  for (guint c = 0; c < CODES; c++)
    *codes[c] = (Codes){block->width[c], block->constant[c], block->width[c] ? data + layout.codes[c] : NULL};
  return TRUE;
}

guint32 segment_block_persons(const Segment *segment, guint block) {
  return segment->blocks[block].n_persons;
}

guint32 segment_block_events(const Segment *segment, guint block) {
  return segment->blocks[block].n_events;
}

gint64 segment_block_last_time_ms(const Segment *segment, guint block) {
  return segment->blocks[block].last_time_ms;
}

guint64 segment_block_first(const Segment *segment, guint block) {
  return segment->first_ordinal[block];
}

guint segment_block_of(const Segment *segment, guint64 ordinal) {
  guint low = 0, high = segment->info.n_blocks;
  while (high - low > 1) {
    guint middle = low + (high - low) / 2;
    if (segment->first_ordinal[middle] <= ordinal)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* --- who is where ----------------------------------------------------------------------------- */

/* The first of n ascending numbers that is not below `key`. */
static gsize lower_bound(const guint64 *numbers, gsize n, guint64 key) {
  gsize low = 0;
  while (n > 0) {
    gsize half = n / 2;
    if (numbers[low + half] < key) {
      low += half + 1;
      n -= half + 1;
    } else
      n = half;
  }
  return low;
}

int segment_find(Segment *segment, guint64 id, guint64 *ordinal, GError **error) {
  guint low = 0, high = segment->info.n_blocks;
  if (low == high || id < segment->blocks[low].first_id)
    return 0;
  while (high - low > 1) {
    guint middle = low + (high - low) / 2;
    if (segment->blocks[middle].first_id <= id)
      low = middle;
    else
      high = middle;
  }
  Block block;
  if (segment->blocks[low].first_id == 0) /* no person lies so low */
    return 0;
  if (!segment_block(segment, low, &block, error))
    return -1;
  guint32 person = (guint32)lower_bound(block.person_id, block.n_persons, id);
  if (person == block.n_persons || block.person_id[person] != id)
    return 0;
  *ordinal = segment->first_ordinal[low] + person;
  return 1;
}

gboolean segment_person_id(Segment *segment, guint64 ordinal, guint64 *id, GError **error) {
  guint i = segment_block_of(segment, ordinal);
  Block block;
  if (!segment_block(segment, i, &block, error))
    return FALSE;
  *id = block.person_id[ordinal - segment_block_first(segment, i)];
  return TRUE;
}

static gboolean check_chunk(Segment *segment, guint32 i, GError **error) {
  const SegmentChunk *chunk = &segment->chunks[i];
  return check_bytes(segment, &segment->chunk_state[i], chunk->offset, chunk->n * (gsize)12, chunk->checksum, "an identifier list",
                     error);
}

static SegmentIdentifier chunk_identifier(const Segment *segment, const SegmentChunk *chunk, guint32 i) {
  const guint64 *hashes = (const guint64 *)(segment->data + chunk->offset);
  guint32 coded = ((const guint32 *)(hashes + chunk->n))[i];
  return (SegmentIdentifier){hashes[i], coded & ORDINAL_BITS, (coded & ORDINAL_PRESENT) != 0, (coded & ORDINAL_SHARED) != 0};
}

/* The last chunk that begins below the hash: entries of one hash may go on over several chunks. */
static guint32 chunk_of(const Segment *segment, guint64 hash) {
  guint32 low = 0, n = segment->n_chunks;
  while (n > 0) {
    guint32 half = n / 2;
    if (segment->chunks[low + half].first_hash < hash) {
      low += half + 1;
      n -= half + 1;
    } else
      n = half;
  }
  return low ? low - 1 : 0;
}

gboolean segment_identifiers(Segment *segment, guint64 hash, GArray *found, GError **error) {
  for (guint32 c = chunk_of(segment, hash); c < segment->n_chunks && segment->chunks[c].first_hash <= hash; c++) {
    const SegmentChunk *chunk = &segment->chunks[c];
    if (!check_chunk(segment, c, error))
      return FALSE;
    const guint64 *hashes = (const guint64 *)(segment->data + chunk->offset);
    for (guint32 i = (guint32)lower_bound(hashes, chunk->n, hash); i < chunk->n && hashes[i] == hash; i++) {
      SegmentIdentifier identifier = chunk_identifier(segment, chunk, i);
      g_array_append_val(found, identifier);
    }
  }
  return TRUE;
}

gboolean segment_identifier(Segment *segment, guint64 i, SegmentIdentifier *out, GError **error) {
  guint32 low = 0, high = segment->n_chunks;
  while (high - low > 1) {
    guint32 middle = low + (high - low) / 2;
    if (segment->first_identifier[middle] <= i)
      low = middle;
    else
      high = middle;
  }
  if (!check_chunk(segment, low, error))
    return FALSE;
  *out = chunk_identifier(segment, &segment->chunks[low], (guint32)(i - segment->first_identifier[low]));
  return TRUE;
}

const guint64 *segment_replaced(const Segment *segment, gsize *n) {
  *n = segment->n_replaced;
  return segment->replaced;
}

const guint64 *segment_carried(const Segment *segment, gsize *n) {
  *n = segment->n_carried;
  return segment->carried;
}

static gboolean among(const guint64 *ids, gsize n, guint64 id) {
  gsize at = lower_bound(ids, n, id);
  return at < n && ids[at] == id;
}

gboolean segment_replaces(const Segment *segment, guint64 id) {
  return among(segment->replaced, segment->n_replaced, id);
}

gboolean segment_carries(const Segment *segment, guint64 id) {
  return among(segment->carried, segment->n_carried, id);
}
