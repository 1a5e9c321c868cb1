/* SPDX-License-Identifier: Apache-2.0
 * seen_run.c: entries ascending, then what the run covers, then a footer with the sums of both:
 *
 *   ┌ entries, 16 bytes each ┬ covers, 40 bytes each ┬ footer ┐
 *
 * Hashes spread evenly, so their upper bits say where to look: while the file is checked at opening, a directory
 * of one offset per some 64 entries is made, and a look-up is a binary search in a kilobyte. */
#include "record/seen_run.h"

#include "base/error.h"
#include <stdatomic.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { VERSION = 1, ENTRIES_PER_BUCKET = 64, SMALL = 32, BYTES = 16 };

typedef struct {
  char magic[4]; /* "EtSe" */
  guint32 version;
  guint64 record_id, groups, n, n_covers;
  guint64 entries_sum, rest_sum; /* the latter of the covers and the fields above */
} Footer;

struct SeenRun {
  atomic_uint references;
  char *path;
  FileMap map;
  const SeenEntry *entries;
  gsize n;
  SeenOrigin origin;
  guint64 *directory; /* first entry of each bucket, and n */
  guint shift;
};

void seen_origin_clear(SeenOrigin *origin) {
  g_clear_pointer(&origin->covers, g_array_unref);
}

static gboolean is_before(const SeenEntry *a, const SeenEntry *b) {
  return a->hash != b->hash ? a->hash < b->hash : a->rest < b->rest;
}

/* --- sorting -------------------------------------------------------------------------------------- */

static guint byte_of(const SeenEntry *entry, guint depth) {
  guint64 word = depth < 8 ? entry->hash : entry->rest;
  return (guint)(word >> (56 - depth % 8 * 8)) & 255;
}

static void sort_small(SeenEntry *entries, gsize n) {
  for (gsize i = 1; i < n; i++) {
    SeenEntry entry = entries[i];
    gsize at = i;
    for (; at > 0 && is_before(&entry, &entries[at - 1]); at--)
      entries[at] = entries[at - 1];
    entries[at] = entry;
  }
}

/* Swaps every entry into the part of its byte. */
static void distribute(SeenEntry *entries, const gsize *ends, gsize *next, guint depth) {
  for (guint byte = 0; byte < 256; byte++)
    while (next[byte] < ends[byte]) {
      SeenEntry entry = entries[next[byte]];
      for (guint to; (to = byte_of(&entry, depth)) != byte;) {
        SeenEntry other = entries[next[to]];
        entries[next[to]++] = entry;
        entry = other;
      }
      entries[next[byte]++] = entry;
    }
}

static void sort_from(SeenEntry *entries, gsize n, guint depth) {
  gsize ends[256] = {0}, next[256];
  if (n <= SMALL || depth == BYTES) {
    sort_small(entries, depth == BYTES ? 0 : n);
    return;
  }
  for (gsize i = 0; i < n; i++)
    ends[byte_of(&entries[i], depth)]++;
  for (gsize byte = 0, sum = 0; byte < 256; byte++) {
    next[byte] = sum;
    sum += ends[byte];
    ends[byte] = sum;
  }
  distribute(entries, ends, next, depth);
  for (guint byte = 0; byte < 256; byte++) {
    gsize start = byte ? ends[byte - 1] : 0;
    if (ends[byte] - start > 1)
      sort_from(entries + start, ends[byte] - start, depth + 1);
  }
}

void seen_sort(SeenEntry *entries, gsize n) {
  sort_from(entries, n, 0);
}

/* --- writing -------------------------------------------------------------------------------------- */

static guint64 sum_rest(const Footer *footer, const SeenCover *covers) {
  guint64 sums[] = {checksum64(footer, G_STRUCT_OFFSET(Footer, rest_sum)), checksum64(covers, footer->n_covers * sizeof *covers)};
  return checksum64(sums, sizeof sums);
}

static gboolean write_end(FileOut *out, const SeenOrigin *origin, gsize n, guint64 entries_sum, GError **error) {
  Footer footer = {.magic = {'E', 't', 'S', 'e'},
                   .version = VERSION,
                   .record_id = origin->record_id,
                   .groups = origin->groups,
                   .n = n,
                   .n_covers = origin->covers->len,
                   .entries_sum = entries_sum};
  footer.rest_sum = sum_rest(&footer, (const SeenCover *)origin->covers->data);
  return file_out_write(out, origin->covers->data, origin->covers->len * sizeof(SeenCover), error) &&
         file_out_write(out, &footer, sizeof footer, error) && file_out_commit(out, error);
}

gboolean seen_run_write(const char *path, const SeenEntry *entries, gsize n, const SeenOrigin *origin, GError **error) {
  g_autoptr(FileOut) out = file_out_new(path, error);
  return out && file_out_write(out, entries, n * sizeof *entries, error) &&
         write_end(out, origin, n, checksum64(entries, n * sizeof *entries), error);
}

/* --- opening -------------------------------------------------------------------------------------- */

static gboolean read_footer(const FileMap *map, Footer *footer) {
  if (map->size < sizeof *footer)
    return FALSE;
  memcpy(footer, map->data + map->size - sizeof *footer, sizeof *footer);
  guint64 rest = map->size - sizeof *footer;
  return memcmp(footer->magic, "EtSe", 4) == 0 && footer->version == VERSION && footer->n <= rest / sizeof(SeenEntry) &&
         footer->n_covers <= rest / sizeof(SeenCover) &&
         footer->n * sizeof(SeenEntry) + footer->n_covers * sizeof(SeenCover) == rest;
}

static gboolean check_sums(const FileMap *map, const Footer *footer) {
  const SeenCover *covers = (const SeenCover *)(map->data + footer->n * sizeof(SeenEntry));
  return sum_rest(footer, covers) == footer->rest_sum &&
         checksum64(map->data, footer->n * sizeof(SeenEntry)) == footer->entries_sum;
}

static gsize bucket_of(const SeenRun *run, guint64 hash) {
  return run->shift == 64 ? 0 : (gsize)(hash >> run->shift);
}

static void make_directory(SeenRun *run) {
  guint bits = 0;
  while (bits < 40 && ((guint64)ENTRIES_PER_BUCKET << bits) < run->n)
    bits++;
  run->shift = 64 - bits;
  gsize buckets = (gsize)1 << bits, bucket = 0;
  run->directory = g_new(guint64, buckets + 1);
  for (gsize i = 0; i < run->n; i++)
    for (gsize of = bucket_of(run, run->entries[i].hash); bucket <= of; bucket++)
      run->directory[bucket] = i;
  while (bucket <= buckets)
    run->directory[bucket++] = run->n;
}

SeenRun *seen_run_open(const char *path, GError **error) {
  g_autoptr(SeenRun) run = g_new0(SeenRun, 1);
  Footer footer;
  atomic_init(&run->references, 1);
  run->path = g_strdup(path);
  if (!file_map(&run->map, path, error))
    return NULL;
  if (!read_footer(&run->map, &footer) || !check_sums(&run->map, &footer)) {
    error_set(error, ERROR_DAMAGED, "%s is damaged", path);
    return NULL;
  }
  run->entries = (const SeenEntry *)run->map.data;
  run->n = footer.n;
  run->origin = (SeenOrigin){footer.record_id, footer.groups, g_array_new(FALSE, FALSE, sizeof(SeenCover))};
  if (footer.n_covers)
    g_array_append_vals(run->origin.covers, run->entries + run->n, (guint)footer.n_covers);
  make_directory(run);
  return g_steal_pointer(&run);
}

SeenRun *seen_run_ref(SeenRun *run) {
  atomic_fetch_add(&run->references, 1);
  return run;
}

void seen_run_free(SeenRun *run) {
  if (run == NULL || atomic_fetch_sub(&run->references, 1) != 1)
    return;
  file_unmap(&run->map);
  seen_origin_clear(&run->origin);
  g_free(run->directory);
  g_free(run->path);
  g_free(run);
}

const char *seen_run_path(const SeenRun *run) {
  return run->path;
}

const SeenOrigin *seen_run_origin(const SeenRun *run) {
  return &run->origin;
}

gsize seen_run_size(const SeenRun *run) {
  return run->n;
}

const SeenEntry *seen_run_entries(const SeenRun *run) {
  return run->entries;
}

/* --- finding -------------------------------------------------------------------------------------- */

const SeenEntry *seen_run_find(const SeenRun *run, guint64 hash, guint64 from, guint64 to, gsize *n) {
  const SeenEntry wanted = {hash, from};
  gsize bucket = bucket_of(run, hash);
  gsize low = run->directory[bucket], high = run->directory[bucket + 1], end = high;
  while (low < high) {
    gsize middle = (low + high) / 2;
    if (is_before(&run->entries[middle], &wanted))
      low = middle + 1;
    else
      high = middle;
  }
  gsize found = 0;
  while (low + found < end && run->entries[low + found].hash == hash && run->entries[low + found].rest <= to)
    found++;
  *n = found;
  return run->entries + low;
}

/* --- merging -------------------------------------------------------------------------------------- */

typedef struct {
  SeenRun *const *runs;
  gsize *at; /* next entry of each */
  guint n;
} Merge;

static const SeenEntry *take_least(Merge *merge) {
  const SeenEntry *least = NULL;
  guint from = 0;
  for (guint i = 0; i < merge->n; i++) {
    const SeenEntry *entry = merge->runs[i]->entries + merge->at[i];
    if (merge->at[i] < merge->runs[i]->n && (least == NULL || is_before(entry, least))) {
      least = entry;
      from = i;
    }
  }
  if (least)
    merge->at[from]++;
  return least;
}

gboolean seen_run_merge(const char *path, SeenRun *const *runs, guint n, const SeenOrigin *origin, SeenKeepFunc keep,
                        gconstpointer user, GError **error) {
  g_autoptr(FileOut) out = file_out_new(path, error);
  g_autofree gsize *at = g_new0(gsize, n);
  Merge merge = {runs, at, n};
  XXH3_state_t *state = XXH3_createState();
  gsize written = 0;
  gboolean good = out != NULL;
  XXH3_64bits_reset(state);
  for (const SeenEntry *entry; good && (entry = take_least(&merge)) != NULL;) {
    if (!keep(entry->rest & SEEN_IMPORT_MAX, user))
      continue;
    XXH3_64bits_update(state, entry, sizeof *entry);
    good = file_out_write(out, entry, sizeof *entry, error);
    written++;
  }
  guint64 sum = XXH3_64bits_digest(state);
  XXH3_freeState(state);
  return good && write_end(out, origin, written, sum, error);
}
