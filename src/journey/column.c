/* SPDX-License-Identifier: Apache-2.0
 * A column is one part a segment, each a file beside it, or the same bytes in memory where no file may be
 * written. Little-endian:
 *
 *   header   what this is made from: record, checksum of the segment's tables
 *   blocks   each text_start (u32 n_entries + 1), kinds (u8 n_entries), codes (width n_events, at 8), texts
 *   tables   a ColumnRow a block; the key
 *   footer   where the tables are, and a checksum of header, tables and footer
 *
 * A file that does not fit is made anew: nothing in it is not in the record too. It is written under a name of
 * its maker's own and renamed; who comes second takes the first one's. A block's checksum and codes are
 * checked when it is first touched. A path below a key that leads nowhere gets no file: whoever asks could fill the
 * disk with names. */
#include "journey/column.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "journey/column_maker.h"
#include "journey/levels.h"
#include <stdatomic.h>
#include <unistd.h>

enum { COLUMN_VERSION = 1, MAGIC_SIZE = 8 };
static const gsize BUDGET_BYTES = 256 << 20; /* for the dictionaries; with places and tables 10 M events stay below 500 MB */
static const gsize MEMORY_MAX = (gsize)2 << 30;
static const char MAGIC[MAGIC_SIZE + 1] = "ETCOLUMN";

typedef struct {
  char magic[MAGIC_SIZE];
  guint32 version, zero;
  guint64 record_id, segment_checksum;
} Header;
typedef struct {
  guint64 tables_offset;
  guint32 n_blocks, key_size;
  guint64 checksum;
} Footer;
G_STATIC_ASSERT(sizeof(Header) == 32 && sizeof(Footer) == 24);

typedef struct {
  char *path; /* NULL in memory, or where nothing may be changed */
  FileMap map;
  GBytes *bytes;
  const guint8 *data; /* of one of the two; NULL: every value is missing */
  gsize size;
  const ColumnRow *rows;
  atomic_uchar *checked; /* a flag a block */
} Part;

struct Column {
  Snapshot *snapshot;
  guint n_parts;
  Part *parts;
};

/* --- keys -------------------------------------------------------------------------------------- */

/* The longest stored key that `key` is or lies below; *rest is what follows it. */
static guint16 find_key(const Names *names, const char *key, const char **rest) {
  for (gsize size = strlen(key); size > 0; size--) {
    if (key[size] != 0 && key[size] != '.' && key[size] != '[')
      continue;
    guint16 code = names_find(names, NAME_KEY, (Text){key, (guint32)size});
    *rest = key + size;
    if (code != NAME_NONE)
      return code;
  }
  return NAME_NONE;
}

gboolean column_known(const Names *names, const char *key) {
  const char *rest;
  return find_key(names, key, &rest) != NAME_NONE;
}

/* --- writing ----------------------------------------------------------------------------------- */

typedef struct { /* a file, or memory */
  FileOut *file;
  guint8 *memory;
  gsize size, capacity;
  GArray *rows; /* of ColumnRow */
  gboolean any; /* a value that is not missing */
} Output;

static void output_clear(Output *output) {
  file_out_free(output->file);
  g_free(output->memory);
  g_clear_pointer(&output->rows, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Output, output_clear)

static gboolean put(Output *output, const void *data, gsize size, GError **error) {
  if (output->file) {
    output->size += size;
    return file_out_write(output->file, data, size, error);
  }
  if (output->size + size > output->capacity) {
    gsize capacity = MAX(output->size + size, output->capacity * 2);
    guint8 *memory = output->size + size > MEMORY_MAX ? NULL : g_try_realloc(output->memory, capacity);
    if (!memory)
      return error_set(error, ERROR_LIMIT,
                       "a column takes more memory than there is\nhint: let the index write beside the project");
    output->memory = memory;
    output->capacity = capacity;
  }
  memcpy(output->memory + output->size, data, size);
  output->size += size;
  return TRUE;
}

static gboolean pad(Output *output, GError **error) {
  static const guint8 zeros[8];
  return put(output, zeros, (8 - output->size % 8) % 8, error);
}

static gboolean put_block(guint block, ColumnRow *row, guint8 *take_bytes, gpointer user, GError **error) {
  g_autofree guint8 *bytes = take_bytes;
  Output *output = user;
  row->offset = output->size;
  output->any |= row->n_entries > 1;
  g_array_append_val(output->rows, *row);
  return put(output, bytes, row->size, error) && pad(output, error);
}

/* Over header, tables and footer; the blocks have their own. */
static guint64 outline_checksum(const Header *header, const void *tables, gsize tables_size, const Footer *footer) {
  guint64 sums[3] = {checksum64(header, sizeof *header), checksum64(tables, tables_size),
                     checksum64(footer, offsetof(Footer, checksum))};
  return checksum64(sums, sizeof sums);
}

static gboolean put_tables(Output *output, const Header *header, const char *key, GError **error) {
  g_autoptr(GByteArray) tables = g_byte_array_new();
  Footer footer = {.tables_offset = output->size, .n_blocks = output->rows->len, .key_size = (guint32)strlen(key)};
  g_byte_array_append(tables, (const guint8 *)output->rows->data, output->rows->len * (guint)sizeof(ColumnRow));
  g_byte_array_append(tables, (const guint8 *)key, footer.key_size);
  while (tables->len % 8)
    g_byte_array_append(tables, (const guint8 *)"", 1);
  footer.checksum = outline_checksum(header, tables->data, tables->len, &footer);
  return put(output, tables->data, tables->len, error) && put(output, &footer, sizeof footer, error);
}

static Header header_for(const ColumnSource *source) {
  Header header = {.version = COLUMN_VERSION, .record_id = record_id(source->record)};
  memcpy(header.magic, MAGIC, MAGIC_SIZE);
  header.segment_checksum = segment_info(source->segment)->checksum;
  return header;
}

static gboolean make(Output *output, const ColumnSource *source, const char *key, GError **error) {
  Header header = header_for(source);
  output->rows = g_array_new(FALSE, FALSE, sizeof(ColumnRow));
  return put(output, &header, sizeof header, error) && column_make(source, put_block, output, error) &&
         put_tables(output, &header, key, error);
}

/* --- opening ----------------------------------------------------------------------------------- */

static void part_clear(Part *part) {
  g_clear_pointer(&part->path, g_free);
  g_clear_pointer(&part->bytes, g_bytes_unref);
  g_clear_pointer(&part->checked, g_free);
  if (part->map.data)
    file_unmap(&part->map);
  *part = (Part){0};
}

static gboolean row_fits(const ColumnRow *row, guint32 n_events, guint64 end) {
  gboolean width = row->width <= 2 || row->width == 4;
  return width && row->n_events == n_events && row->n_entries > 0 && row->n_entries <= (guint64)n_events + 1 &&
         row->offset % 8 == 0 && row->offset <= end && row->size <= end - row->offset && column_layout(row).texts <= row->size &&
         row->constant < row->n_entries;
}

/* Does the part hold this key of this segment? Sets part->rows. */
static gboolean part_fits(Part *part, const ColumnSource *source, const char *key) {
  Header header = header_for(source);
  Footer footer;
  gsize key_size = strlen(key);
  guint n_blocks = segment_info(source->segment)->n_blocks;
  gsize tables_size = ((gsize)n_blocks * sizeof(ColumnRow) + key_size + 7) / 8 * 8;
  if (part->size < sizeof header + tables_size + sizeof footer || memcmp(part->data, &header, sizeof header))
    return FALSE;
  guint64 tables_offset = part->size - sizeof footer - tables_size;
  const guint8 *tables = part->data + tables_offset;
  memcpy(&footer, part->data + part->size - sizeof footer, sizeof footer);
  if (footer.tables_offset != tables_offset || tables_offset % 8 || footer.n_blocks != n_blocks || footer.key_size != key_size ||
      footer.checksum != outline_checksum(&header, tables, tables_size, &footer) ||
      memcmp(tables + n_blocks * sizeof(ColumnRow), key, key_size))
    return FALSE;
  part->rows = (const ColumnRow *)(const void *)tables;
  for (guint block = 0; block < n_blocks; block++)
    if (!row_fits(&part->rows[block], segment_block_events(source->segment, block), tables_offset))
      return FALSE;
  part->checked = g_new0(atomic_uchar, n_blocks);
  return TRUE;
}

static gboolean part_map(Part *part, const char *path, const ColumnSource *source, const char *key) {
  if (!file_map(&part->map, path, NULL))
    return FALSE;
  part->data = part->map.data;
  part->size = part->map.size;
  if (part->data && part_fits(part, source, key)) {
    part->path = segment_allows_files(source->segment) ? g_strdup(path) : NULL;
    return TRUE;
  }
  part_clear(part);
  return FALSE;
}

static GBytes *make_in_memory(const ColumnSource *source, const char *key, GError **error) {
  g_auto(Output) output = {0};
  if (!make(&output, source, key, error))
    return NULL;
  guint8 *trimmed = g_realloc(g_steal_pointer(&output.memory), output.size);
  return g_bytes_new_take(trimmed, output.size);
}

/* From memory, where it stays as long as the segment. */
static gboolean part_in_memory(Part *part, const ColumnSource *source, const char *key, GError **error) {
  if (!part->bytes) {
    part->bytes = make_in_memory(source, key, error);
    if (!part->bytes)
      return FALSE;
    segment_keep(source->segment, key, part->bytes);
  }
  part->data = g_bytes_get_data(part->bytes, &part->size);
  if (part_fits(part, source, key))
    return TRUE;
  part_clear(part);
  return error_set(error, ERROR_DAMAGED, "a column in memory does not fit its segment");
}

typedef enum { WRITTEN, NOTHING_TO_WRITE, CANNOT_WRITE, FAILED } Writing;

/* Makes the file. CANNOT_WRITE: the disk refuses, memory may still do. */
static Writing part_write(const char *path, const ColumnSource *source, const char *key, GError **error) {
  g_autoptr(GError) failed = NULL;
  g_auto(Output) output = {0};
  g_autofree char *own = g_strdup_printf("%s.%d-%08x.new", path, (int)getpid(), g_random_int());
  output.file = file_out_new(own, NULL);
  if (!output.file)
    return CANNOT_WRITE;
  if (!make(&output, source, key, &failed)) {
    if (g_error_matches(failed, ETAPPE_ERROR, ERROR_IO) || g_error_matches(failed, ETAPPE_ERROR, ERROR_FULL))
      return CANNOT_WRITE;
    g_propagate_error(error, g_steal_pointer(&failed));
    return FAILED;
  }
  if (!output.any && source->path)
    return NOTHING_TO_WRITE;
  if (!file_out_commit(output.file, NULL))
    return CANNOT_WRITE;
  if (!file_rename_new(own, path, NULL))
    unlink(own);
  return WRITTEN;
}

static gboolean part_in_file(Part *part, const ColumnSource *source, const char *key, GError **error) {
  g_autofree char *path =
      g_strdup_printf("%s.%016" G_GINT64_MODIFIER "x.col", segment_path(source->segment), checksum64(key, strlen(key)));
  if (part_map(part, path, source, key))
    return TRUE;
  if (!segment_allows_files(source->segment))
    return part_in_memory(part, source, key, error);
  unlink(path);
  Writing writing = part_write(path, source, key, error);
  if (writing == NOTHING_TO_WRITE || (writing == WRITTEN && part_map(part, path, source, key)))
    return TRUE;
  return writing != FAILED && part_in_memory(part, source, key, error);
}

static gboolean part_open(Part *part, const ColumnSource *source, const char *key, GError **error) {
  if (segment_info(source->segment)->n_events == 0)
    return TRUE;
  part->bytes = segment_kept(source->segment, key);
  return segment_path(source->segment) && !part->bytes ? part_in_file(part, source, key, error)
                                                       : part_in_memory(part, source, key, error);
}

Column *column_open(Snapshot *snapshot, const char *key, GError **error) {
  const char *rest = "";
  g_autoptr(Column) column = g_new0(Column, 1);
  g_autoptr(ValuePath) path = NULL;
  gboolean ids = !strcmp(key, "id");
  ColumnSource source = {.record = snapshot_record(snapshot), .ids = ids, .budget_bytes = BUDGET_BYTES};
  column->snapshot = snapshot_ref(snapshot);
  column->parts = g_new0(Part, snapshot_levels(snapshot));
  source.key = ids ? NAME_NONE : find_key(snapshot_names(snapshot), key, &rest);
  if (*rest && source.key && !(source.path = path = value_path_new(rest, error)))
    return NULL;
  for (; column->n_parts < snapshot_levels(snapshot); column->n_parts++) {
    source.segment = snapshot_segment(snapshot, column->n_parts);
    if ((ids || source.key) && !part_open(&column->parts[column->n_parts], &source, key, error))
      return NULL;
  }
  return g_steal_pointer(&column);
}

void column_free(Column *column) {
  if (!column)
    return;
  for (guint i = 0; i < column->n_parts; i++)
    part_clear(&column->parts[i]);
  g_free(column->parts);
  snapshot_unref(column->snapshot);
  g_free(column);
}

/* --- reading ----------------------------------------------------------------------------------- */

static ColumnBlock block_in(const guint8 *bytes, const ColumnRow *row) {
  ColumnLayout layout = column_layout(row);
  return (ColumnBlock){.n_entries = row->n_entries,
                       .codes = {.width = row->width, .constant = row->constant, .data = bytes + layout.codes},
                       .kinds = bytes + layout.kinds,
                       .text_start = (const guint32 *)(const void *)(bytes + layout.text_start),
                       .texts = (const char *)bytes + layout.texts};
}

#define CODE_MAX(type)                                                                                                             \
  {                                                                                                                                \
    type most = 0;                                                                                                                 \
    for (guint32 i = 0; i < n; i++)                                                                                                \
      most = MAX(most, ((const type *)codes->data)[i]);                                                                            \
    return most;                                                                                                                   \
  }

/* A question reads a column as often as it has rules that ask for it, so this is told in vectors. */
static guint32 code_max(const Codes *codes, guint32 n) {
  switch (codes->width) {
  case 1: CODE_MAX(guint8)
  case 2: CODE_MAX(guint16)
  case 4: CODE_MAX(guint32)
  default: return 0;
  }
}

static gboolean block_is_sound(const guint8 *bytes, const ColumnRow *row) {
  if (checksum64(bytes, row->size) != row->checksum)
    return FALSE;
  ColumnBlock block = block_in(bytes, row);
  gboolean sound = block.text_start[0] == 0 && column_layout(row).texts + block.text_start[row->n_entries] == row->size;
  for (guint32 entry = 0; entry < row->n_entries; entry++)
    sound &= block.text_start[entry] <= block.text_start[entry + 1] && block.kinds[entry] <= VALUE_JSON;
  return sound && (row->width == 0 || row->n_events == 0 || code_max(&block.codes, row->n_events) < row->n_entries);
}

static gboolean block_damaged(const Part *part, GError **error) {
  if (!part->path)
    return error_set(error, ERROR_DAMAGED, "a column of the index is damaged\nhint: remove the .col files in its folder");
  unlink(part->path);
  return error_set(error, ERROR_DAMAGED, "%s was damaged and is removed\nhint: ask again, it is made anew", part->path);
}

static gboolean read_block(Part *part, guint block, ColumnBlock *out, GError **error) {
  const ColumnRow *row = &part->rows[block];
  const guint8 *bytes = part->data + row->offset;
  if (!atomic_load_explicit(&part->checked[block], memory_order_relaxed)) {
    if (!block_is_sound(bytes, row))
      return block_damaged(part, error);
    atomic_store_explicit(&part->checked[block], 1, memory_order_relaxed);
  }
  *out = block_in(bytes, row);
  return TRUE;
}

gboolean column_block(Column *column, guint block, ColumnBlock *out, GError **error) {
  static const guint8 kinds[1] = {VALUE_NONE};
  static const guint32 text_start[2];
  guint local;
  Part *part = &column->parts[snapshot_level_of(column->snapshot, block, &local)];
  if (part->data)
    return read_block(part, local, out, error);
  *out = (ColumnBlock){.n_entries = 1, .kinds = kinds, .text_start = text_start, .texts = ""};
  return TRUE;
}
