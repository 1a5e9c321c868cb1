/* SPDX-License-Identifier: Apache-2.0
 * seen.c: judging one event costs a look into a table of this file and one into each run of earlier imports:
 *
 *   event ─► key ─► table: rows of this file, 12 bytes a slot      value: content (with id) or count (without)
 *                └► runs, at most RUNS_MAX, by key and, without id, by occurrence number
 *
 * Without id the n-th equal row of a file is occurrence n - 1, so it is known exactly when n equal rows have been
 * stored before, and a hundred thousand equal rows cost one look each. Entries carry their import, so undoing one
 * needs no change here: its entries no longer count and go with the next merge. */
#include "record/seen.h"

#include "record/record_private.h"
#include "record/seen_fresh.h"
#include "record/seen_run.h"
#include <sys/mman.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
  RUNS_MAX = 8,
  TABLE_FIRST = 1 << 12,
  REMAKE_CHUNK = 1 << 22, /* events held in memory while runs are made anew */
  KEY_ON_STACK = 2048,
  LARGE_PAGE = 2 << 20,
  LIVE_RUN = 1 << 18, /* live events in a run of their own */
};

#define GROUP_SETTING "group:"

typedef struct { /* key in halves: twelve bytes, not sixteen */
  guint32 low, high, value;
} Slot;

struct Seen {
  Record *record;
  char *folder;
  Seen *parent;          /* of a fork, else NULL */
  pthread_mutex_t mutex; /* of a parent: guards its runs and live entries */
  gboolean holds;        /* a fork: its parent's mutex */
  GPtrArray *runs;       /* of SeenRun */
  guint64 next_run;      /* number of the next file */
  View *view;            /* which imports count */
  guint64 groups;

  Slot *table;
  gsize mask, used;
  SeenEntry *fresh; /* without their import */
  gsize n_fresh, fresh_room;
  gboolean failed; /* out of memory: what was judged since is not to be relied on */
  char *group;     /* of the file's events */

  SeenFresh *live; /* of live events since their last run */
  gsize live_kept; /* so many of them are stored */
};

/* --- what an event is known by ----------------------------------------------------------------------- */

/* Order does not matter: terms are added. */
static guint64 sum_properties(const Event *event, guint64 seed) {
  guint64 sum = 0;
  for (guint i = 0; i < event->n_properties; i++) {
    const Property *property = &event->properties[i];
    if (property->kind == VALUE_NONE || property->text.size == 0)
      continue;
    guint64 key = XXH3_64bits_withSeed(property->key.at, property->key.size, seed);
    sum += XXH3_64bits_withSeed(property->text.at, property->text.size, key + property->kind);
  }
  return sum;
}

static guint64 hash_identifier(const Identifier *identifier) {
  return hash_mix(identifier->hash.low + identifier->space) + identifier->hash.high;
}

static guint64 hash_text(Text text, guint64 seed) {
  return XXH3_64bits_withSeed(text.at, text.size, seed);
}

static guint64 hash_content(const Event *event, gint64 time_ms, const char *source, const HashKey *key) {
  /* Only its result is shown, and only with the key can it be foreseen, so the terms may be cheap. */
  guint64 seed = hash64(key, "content", 7), identifiers = 0;
  for (guint i = 0; i < event->n_identifiers; i++)
    identifiers += hash_identifier(&event->identifiers[i]);
  guint64 parts[] = {
      (guint64)time_ms,
      (guint64)(event->has_value ? event->value_micro : 0),
      (guint64)event->call << 2 | (guint64)(event->has_value != 0) << 1 | (event->converses != 0),
      hash_text(text_of(source), seed),
      hash_text(event->name, seed + 1),
      hash_text(event->converses ? event->channel : (Text){NULL, 0}, seed + 2),
      hash_text(event->touchpoint, seed + 3),
      hash_text(event->campaign_mark, seed + 4),
      hash_text(event->has_value ? event->currency : (Text){NULL, 0}, seed + 5),
      identifiers,
      event->has_alias ? hash_identifier(&event->alias) : 0,
      sum_properties(event, seed),
  };
  return hash64(key, parts, sizeof parts);
}

guint64 seen_content(const Event *event, const char *source, const HashKey *key) {
  return hash_content(event, event->time_ms, source, key);
}

guint64 seen_live_content(const Event *event, const char *source, const HashKey *key) {
  return event->id.size ? hash_content(event, 0, "", key) : hash_content(event, event->time_ms, source, key);
}

static Hash128 hash_id(const Seen *seen, const Event *event, const char *group) {
  char stack[KEY_ON_STACK];
  gsize group_size = strlen(group) + 1;
  guint32 name_size = event->name.size;
  gsize size = group_size + sizeof name_size + name_size + event->id.size;
  g_autofree char *heap = size > sizeof stack ? g_malloc(size) : NULL;
  char *key = heap ? heap : stack;
  memcpy(key, group, group_size);
  memcpy(key + group_size, &name_size, sizeof name_size);
  if (name_size)
    memcpy(key + group_size + sizeof name_size, event->name.at, name_size);
  memcpy(key + group_size + sizeof name_size + name_size, event->id.at, event->id.size);
  return hash128(&seen->record->key, key, size);
}

/* --- the table of the file ----------------------------------------------------------------------------- */

/* Every look lands on another page of a large table, so large pages spare most of the cost of a look. */
static Slot *table_new(gsize size) {
  Slot *table = g_try_new0(Slot, size);
  gsize page = (gsize)sysconf(_SC_PAGESIZE);
  guintptr start = ((guintptr)table + page - 1) & ~(page - 1), end = (guintptr)(table + size) & ~(page - 1);
  if (table && end > start + LARGE_PAGE)
    madvise((void *)start, end - start, MADV_HUGEPAGE);
  return table;
}

static void table_clear(Seen *seen) {
  g_free(seen->table);
  seen->table = g_new0(Slot, TABLE_FIRST);
  seen->mask = TABLE_FIRST - 1;
  seen->used = 0;
}

/* The upper bits of the key, which is a keyed hash, say where it stands: so a larger table is filled in the order
 * of the smaller one, from front to back, instead of all over. */
static gsize table_home(gsize mask, guint32 low, guint32 high) {
  return (gsize)((unsigned __int128)((guint64)high << 32 | low) * (mask + 1) >> 64);
}

static Slot *table_at(Slot *table, gsize mask, guint32 low, guint32 high) {
  gsize at = table_home(mask, low, high);
  while ((table[at].low || table[at].high) && (table[at].low != low || table[at].high != high))
    at = (at + 1) & mask;
  return &table[at];
}

static void table_grow(Seen *seen) {
  gsize mask = seen->mask * 2 + 1;
  Slot *table = table_new(mask + 1);
  if (table == NULL) {
    seen->failed = TRUE;
    return;
  }
  for (gsize i = 0; i <= seen->mask; i++)
    if (seen->table[i].low || seen->table[i].high)
      *table_at(table, mask, seen->table[i].low, seen->table[i].high) = seen->table[i];
  g_free(seen->table);
  seen->table = table;
  seen->mask = mask;
}

/* The slot of a key, empty and now taken when the file had none (*added); NULL without memory. */
static Slot *table_slot(Seen *seen, guint64 key, gboolean *added) {
  if (seen->used * 4 > seen->mask * 3)
    table_grow(seen);
  if (seen->failed)
    return NULL;
  guint32 low = key ? (guint32)key : 1, high = (guint32)(key >> 32); /* all zero marks an empty slot */
  Slot *slot = table_at(seen->table, seen->mask, low, high);
  *added = !(slot->low || slot->high);
  if (*added) {
    *slot = (Slot){low, high, 0};
    seen->used++;
  }
  return slot;
}

/* --- judging --------------------------------------------------------------------------------------------- */

static gboolean counts(const Seen *seen, guint64 import_id) {
  return view_shows(seen->view, import_id, 0);
}

/* The first entry of an import that counts, among those of the runs with rest in [from, to]. */
static gboolean find_in_runs(const Seen *seen, guint64 hash, guint64 from, guint64 to, guint64 *rest) {
  for (guint r = 0; r < seen->runs->len; r++) {
    gsize n;
    const SeenEntry *found = seen_run_find(seen->runs->pdata[r], hash, from, to, &n);
    for (gsize i = 0; i < n; i++)
      if (counts(seen, found[i].rest & SEEN_IMPORT_MAX)) {
        *rest = found[i].rest;
        return TRUE;
      }
  }
  return FALSE;
}

static void remember(Seen *seen, guint64 hash, guint64 rest) {
  if (seen->n_fresh == seen->fresh_room) {
    gsize room = seen->fresh_room + seen->fresh_room / 2 + TABLE_FIRST;
    SeenEntry *fresh = g_try_renew(SeenEntry, seen->fresh, room);
    seen->failed |= fresh == NULL;
    if (fresh == NULL)
      return;
    seen->fresh = fresh;
    seen->fresh_room = room;
  }
  seen->fresh[seen->n_fresh++] = (SeenEntry){hash, rest};
}

static guint64 occurrence_rest(guint64 occurrence) {
  return occurrence << SEEN_IMPORT_BITS;
}

static gboolean occurrence_known(const Seen *seen, guint64 content, guint64 occurrence) {
  guint64 from = occurrence_rest(occurrence), rest;
  return find_in_runs(seen, content, from, from | SEEN_IMPORT_MAX, &rest);
}

static SeenVerdict judge_content(Seen *seen, guint64 content) {
  gboolean added;
  Slot *slot = table_slot(seen, content, &added);
  if (slot == NULL)
    return SEEN_NEW;
  guint64 occurrence = slot->value++;
  if (occurrence_known(seen, content, occurrence))
    return SEEN_REPEATED;
  remember(seen, content, occurrence_rest(occurrence));
  return SEEN_NEW;
}

static guint32 short_content(guint64 content) {
  return (guint32)(content & ((1 << SEEN_CONTENT_BITS) - 1));
}

static guint64 id_rest(Hash128 id) {
  return SEEN_WITH_ID | (id.high & ((1 << SEEN_EXTRA_BITS) - 1)) << (SEEN_CONTENT_BITS + SEEN_IMPORT_BITS);
}

static SeenVerdict judge_id(Seen *seen, Hash128 id, guint64 content) {
  const guint64 any = ((guint64)1 << (SEEN_CONTENT_BITS + SEEN_IMPORT_BITS)) - 1;
  guint64 rest;
  gboolean added;
  Slot *slot = table_slot(seen, id.low, &added);
  if (slot == NULL)
    return SEEN_NEW;
  gboolean known = !added;
  if (added && find_in_runs(seen, id.low, id_rest(id), id_rest(id) | any, &rest)) {
    slot->value = short_content(rest >> SEEN_IMPORT_BITS);
    known = TRUE;
  }
  if (known)
    return slot->value == short_content(content) ? SEEN_REPEATED : SEEN_CONFLICTING;
  slot->value = short_content(content);
  remember(seen, id.low, id_rest(id) | (guint64)slot->value << SEEN_IMPORT_BITS);
  return SEEN_NEW;
}

SeenKey seen_key(const Seen *seen, const Event *event, const char *source_group, guint64 content) {
  gboolean with_id = event->id.size > 0;
  return (SeenKey){with_id ? hash_id(seen, event, source_group) : (Hash128){0, 0}, content, with_id};
}

void seen_expect(const Seen *seen, const SeenKey *key) {
  guint64 asked = key->with_id ? key->id.low : key->content;
  __builtin_prefetch(&seen->table[table_home(seen->mask, asked ? (guint32)asked : 1, (guint32)(asked >> 32))], 1);
}

SeenVerdict seen_judge(Seen *seen, const SeenKey *key, const char *source_group) {
  if (g_strcmp0(seen->group, source_group) != 0) {
    g_free(seen->group);
    seen->group = g_strdup(source_group);
  }
  return key->with_id ? judge_id(seen, key->id, key->content) : judge_content(seen, key->content);
}

SeenVerdict seen_event(Seen *seen, const Event *event, const char *source_group, guint64 content) {
  SeenKey key = seen_key(seen, event, source_group, content);
  return seen_judge(seen, &key, source_group);
}

static gboolean commit_live(Seen *seen, GError **error);

/* --- live events ------------------------------------------------------------------------------------------ */

static SeenVerdict live_known(guint64 rest, guint64 content) {
  guint32 kept = short_content(rest >> SEEN_IMPORT_BITS);
  return kept == short_content(content) ? SEEN_REPEATED : SEEN_CONFLICTING;
}

static SeenVerdict live_judge_id(Seen *seen, Hash128 id, guint64 content) {
  const guint64 any = ((guint64)1 << (SEEN_CONTENT_BITS + SEEN_IMPORT_BITS)) - 1;
  guint64 wanted = id_rest(id), rest;
  const SeenEntry *entry = seen_fresh_find(seen->live, id.low, wanted, ~any);
  if (entry)
    return live_known(entry->rest, content);
  if (find_in_runs(seen, id.low, wanted, wanted | any, &rest))
    return live_known(rest, content);
  seen_fresh_add(seen->live, (SeenEntry){id.low, wanted | (guint64)short_content(content) << SEEN_IMPORT_BITS});
  return SEEN_NEW;
}

SeenVerdict seen_live_judge(Seen *seen, const SeenKey *key, guint64 occurrence) {
  if (key->with_id)
    return live_judge_id(seen, key->id, key->content);
  SeenEntry entry = {key->content, occurrence_rest(occurrence)};
  if (seen_fresh_find(seen->live, entry.hash, entry.rest, ~(guint64)0) || occurrence_known(seen, key->content, occurrence))
    return SEEN_REPEATED;
  seen_fresh_add(seen->live, entry);
  return SEEN_NEW;
}

void seen_live_begin(Seen *seen) {
  pthread_mutex_lock(&seen->mutex);
  view_unref(seen->view);
  seen->view = record_view(seen->record);
}

void seen_live_end(Seen *seen, gboolean stored) {
  if (!stored)
    seen_fresh_cut(seen->live, seen->live_kept);
  seen->live_kept = seen_fresh_count(seen->live);
  if (seen->live_kept >= LIVE_RUN)
    commit_live(seen, NULL);
  pthread_mutex_unlock(&seen->mutex);
}

void seen_forget(Seen *seen) {
  table_clear(seen);
  g_clear_pointer(&seen->fresh, g_free);
  seen->n_fresh = seen->fresh_room = 0;
  seen->failed = FALSE;
  g_clear_pointer(&seen->group, g_free);
}

/* --- groups ------------------------------------------------------------------------------------------------ */

static char *group_of(Seen *seen, const char *source) {
  g_autofree char *name = g_strconcat(GROUP_SETTING, source, NULL);
  char *group = record_setting(seen->record, name);
  return group ? group : g_strdup(source);
}

gboolean seen_set_group(Seen *seen, const char *source, const char *group, GError **error) {
  g_autofree char *now = group_of(seen, source), *name = g_strconcat(GROUP_SETTING, source, NULL);
  return g_str_equal(now, group) || record_set_setting(seen->record, name, g_str_equal(source, group) ? NULL : group, error);
}

/* A sum of all groups in force: runs made under others are of no use. */
static gboolean read_groups(Record *record, guint64 *sum, GError **error) {
  g_autoptr(RecordHold) hold = record_hold(record);
  g_autoptr(sqlite3_stmt) statement = database_query(record->db, error,
                                                     "SELECT name, value FROM setting AS s WHERE name GLOB ? AND value IS NOT NULL"
                                                     " AND number = (SELECT max(number) FROM setting WHERE name = s.name)",
                                                     "t", GROUP_SETTING "*");
  gboolean row = statement != NULL;
  *sum = 0;
  while (row) {
    if (!database_step(statement, &row, error))
      return FALSE;
    if (!row)
      return TRUE;
    guint64 name = checksum64(sqlite3_column_text(statement, 0), (gsize)sqlite3_column_bytes(statement, 0));
    *sum += XXH3_64bits_withSeed(sqlite3_column_text(statement, 1), (gsize)sqlite3_column_bytes(statement, 1), name);
  }
  return FALSE;
}

/* --- writing runs --------------------------------------------------------------------------------------------- */

static char *run_path(const Seen *seen, guint64 number) {
  return g_strdup_printf("%s/%08" G_GINT64_MODIFIER "x.run", seen->folder, number);
}

static gboolean keep_counting(guint64 import_id, gconstpointer user) {
  return counts(user, import_id);
}

static int compare_sizes(gconstpointer a, gconstpointer b) {
  gsize first = seen_run_size(*(SeenRun *const *)a), second = seen_run_size(*(SeenRun *const *)b);
  return (first > second) - (first < second);
}

static gboolean same_cover(const SeenCover *a, const SeenCover *b) {
  return a->import_id == b->import_id && a->first == b->first && a->stored == b->stored && a->started_ms == b->started_ms;
}

static SeenOrigin origin_new(const Seen *seen) {
  return (SeenOrigin){seen->record->id, seen->groups, g_array_new(FALSE, FALSE, sizeof(SeenCover))};
}

static gboolean add_run(Seen *seen, const char *path, GError **error) {
  SeenRun *run = seen_run_open(path, error);
  if (run == NULL)
    return FALSE;
  g_ptr_array_add(seen->runs, run);
  return TRUE;
}

static void drop_runs(Seen *seen, guint from, guint n) {
  for (guint i = from; i < from + n; i++)
    unlink(seen_run_path(seen->runs->pdata[i]));
  g_ptr_array_remove_range(seen->runs, from, n);
}

static void gather_covers(const Seen *seen, guint n, GArray *covers) {
  for (guint i = 0; i < n; i++) {
    const GArray *part = seen_run_origin(seen->runs->pdata[i])->covers;
    for (guint c = 0; c < part->len; c++)
      if (counts(seen, g_array_index(part, SeenCover, c).import_id))
        g_array_append_vals(covers, &g_array_index(part, SeenCover, c), 1);
  }
}

/* Runs [from, from + n) become one, which covers what `origin` says. */
static gboolean merge_runs(Seen *seen, guint from, guint n, const SeenOrigin *origin, GError **error) {
  g_autofree char *path = run_path(seen, seen->next_run++);
  if (!seen_run_merge(path, (SeenRun *const *)seen->runs->pdata + from, n, origin, keep_counting, seen, error))
    return FALSE;
  drop_runs(seen, from, n);
  return add_run(seen, path, error);
}

/* So many of the smallest runs that the next one is larger than all of them together, at least two. */
static guint small_runs(const Seen *seen) {
  gsize together = seen_run_size(seen->runs->pdata[0]);
  guint n = 1;
  while (n < seen->runs->len && (n < 2 || seen_run_size(seen->runs->pdata[n]) <= together))
    together += seen_run_size(seen->runs->pdata[n++]);
  return n;
}

/* When there are too many, the small ones become one: a run at least doubles each time, so an entry is rewritten as often as
 * the runs can double. That it fails is no failure: more runs are only slower. */
static void merge_some(Seen *seen) {
  if (seen->runs->len <= RUNS_MAX)
    return;
  g_auto(SeenOrigin) origin = origin_new(seen);
  g_ptr_array_sort(seen->runs, compare_sizes);
  guint n = small_runs(seen);
  gather_covers(seen, n, origin.covers);
  merge_runs(seen, 0, n, &origin, NULL);
}

static char *new_run_path(Seen *seen) {
  Seen *owner = seen->parent ? seen->parent : seen;
  if (seen->parent)
    pthread_mutex_lock(&owner->mutex);
  char *path = run_path(owner, owner->next_run++);
  if (seen->parent)
    pthread_mutex_unlock(&owner->mutex);
  return path;
}

static gboolean hand_over(Seen *seen, const char *path, const SeenOrigin *origin, GError **error);

static gboolean write_fresh(Seen *seen, const SeenOrigin *origin, GError **error) {
  if (seen->failed)
    return error_set(error, ERROR_LIMIT,
                     "not enough memory to tell repeated rows of so large a file\nhint: cut it into smaller ones");
  seen_sort(seen->fresh, seen->n_fresh);
  g_autofree char *path = new_run_path(seen);
  if (!seen_run_write(path, seen->fresh, seen->n_fresh, origin, error))
    return FALSE;
  gboolean good = seen->parent ? hand_over(seen, path, origin, error) : add_run(seen, path, error);
  if (!good)
    unlink(path);
  return good;
}

/* --- what runs cover --------------------------------------------------------------------------------------------- */

static SeenCover cover_of(const ImportInfo *info) {
  return (SeenCover){info->id, info->first, info->last, info->stored, info->started_ms};
}

static const ImportInfo *find_import(const GPtrArray *imports, guint64 id) {
  for (guint low = 0, high = imports->len; low < high;) {
    guint middle = (low + high) / 2;
    const ImportInfo *info = imports->pdata[middle];
    if (info->id == id)
      return info;
    if (info->id < id)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

static guint64 live_end(const GPtrArray *imports) {
  const ImportInfo *live = find_import(imports, 0);
  return live ? live->last : 0;
}

static gboolean still_true(const SeenCover *cover, const GPtrArray *imports) {
  if (cover->import_id == 0)
    return cover->last <= live_end(imports);
  const ImportInfo *info = find_import(imports, cover->import_id);
  SeenCover now = info ? cover_of(info) : (SeenCover){0};
  return same_cover(cover, &now);
}

/* A run is of no use when it is another record's, or the record is an older or newer state of itself. One without
 * covers is half of a making anew that was cut off. */
static gboolean is_usable(const Seen *seen, const SeenRun *run, const GPtrArray *imports) {
  const SeenOrigin *origin = seen_run_origin(run);
  if (origin->record_id != seen->record->id || origin->groups != seen->groups || origin->covers->len == 0)
    return FALSE;
  for (guint i = 0; i < origin->covers->len; i++)
    if (!still_true(&g_array_index(origin->covers, SeenCover, i), imports))
      return FALSE;
  return TRUE;
}

static int compare_covers(gconstpointer a, gconstpointer b) {
  const SeenCover *first = a, *second = b;
  if (first->import_id != second->import_id)
    return first->import_id < second->import_id ? -1 : 1;
  return (first->first > second->first) - (first->first < second->first);
}

/* Live events between the covered ranges, which stand first and ascending in `covers`. */
static void add_live_gaps(const GArray *covers, guint64 end, GArray *missing) {
  guint64 next = 1;
  for (guint i = 0; i < covers->len && g_array_index(covers, SeenCover, i).import_id == 0; i++) {
    const SeenCover *cover = &g_array_index(covers, SeenCover, i);
    SeenCover gap = {.first = next, .last = cover->first - 1};
    if (gap.first <= gap.last)
      g_array_append_val(missing, gap);
    next = MAX(next, cover->last + 1);
  }
  SeenCover rest = {.first = next, .last = end};
  if (rest.first <= rest.last)
    g_array_append_val(missing, rest);
}

static GArray *missing_covers(const Seen *seen, const GPtrArray *imports) {
  GArray *missing = g_array_new(FALSE, FALSE, sizeof(SeenCover));
  g_autoptr(GArray) covers = g_array_new(FALSE, FALSE, sizeof(SeenCover));
  gather_covers(seen, seen->runs->len, covers);
  g_array_sort(covers, compare_covers);
  add_live_gaps(covers, live_end(imports), missing);
  for (guint i = 0, c = 0; i < imports->len; i++) {
    const ImportInfo *info = imports->pdata[i];
    while (c < covers->len && g_array_index(covers, SeenCover, c).import_id < info->id)
      c++;
    gboolean covered = c < covers->len && g_array_index(covers, SeenCover, c).import_id == info->id;
    SeenCover cover = cover_of(info);
    if (info->id && info->stored && counts(seen, info->id) && !covered)
      g_array_append_val(missing, cover);
  }
  return missing;
}

/* --- committing --------------------------------------------------------------------------------------------------- */

static gboolean cover_import(Seen *seen, guint64 import_id, SeenOrigin *origin, GError **error) {
  g_autoptr(GPtrArray) imports = record_imports(seen->record, error);
  if (imports == NULL)
    return FALSE;
  const ImportInfo *info = find_import(imports, import_id);
  if (info == NULL || import_id > SEEN_IMPORT_MAX)
    return error_set(error, ERROR_NOT_FOUND, "there is no import %" G_GUINT64_FORMAT " to remember rows of", import_id);
  if (seen->group && !seen_set_group(seen, info->source, seen->group, error))
    return FALSE;
  SeenCover cover = cover_of(info);
  g_array_append_val(origin->covers, cover);
  return read_groups(seen->record, &origin->groups, error);
}

/* Everything live since the last range that a run covers. */
static gboolean cover_live(Seen *seen, SeenOrigin *origin, GError **error) {
  g_autoptr(GPtrArray) imports = record_imports(seen->record, error);
  if (imports == NULL)
    return FALSE;
  g_autoptr(GArray) covers = g_array_new(FALSE, FALSE, sizeof(SeenCover));
  gather_covers(seen, seen->runs->len, covers);
  g_array_sort(covers, compare_covers);
  add_live_gaps(covers, live_end(imports), origin->covers);
  return TRUE;
}

gboolean seen_commit(Seen *seen, guint64 import_id, GError **error) {
  g_auto(SeenOrigin) origin = origin_new(seen);
  gboolean good = seen->n_fresh == 0 && !seen->failed;
  if (!good) {                             /* else nothing of the file is new */
    g_clear_pointer(&seen->table, g_free); /* sorting and mapping need the memory more */
    for (gsize i = 0; i < seen->n_fresh; i++)
      seen->fresh[i].rest |= import_id;
    good = (import_id ? cover_import(seen, import_id, &origin, error) : cover_live(seen, &origin, error)) &&
           write_fresh(seen, &origin, error);
    seen->groups = good ? origin.groups : seen->groups;
  }
  seen_forget(seen);
  return good;
}

/* What fails is tried again with the next group. */
static gboolean commit_live(Seen *seen, GError **error) {
  if (seen->live_kept == 0)
    return TRUE;
  g_auto(SeenOrigin) origin = origin_new(seen);
  g_autofree char *path = run_path(seen, seen->next_run++);
  g_autofree SeenEntry *sorted = g_memdup2(seen_fresh_entries(seen->live), seen->live_kept * sizeof *sorted);
  seen_sort(sorted, seen->live_kept);
  if (!cover_live(seen, &origin, error) || !seen_run_write(path, sorted, seen->live_kept, &origin, error) ||
      !add_run(seen, path, error))
    return FALSE;
  seen_fresh_cut(seen->live, 0);
  seen->live_kept = 0;
  merge_some(seen);
  return TRUE;
}

gboolean seen_live_commit(Seen *seen, GError **error) {
  pthread_mutex_lock(&seen->mutex);
  gboolean good = commit_live(seen, error);
  pthread_mutex_unlock(&seen->mutex);
  return good;
}

/* --- beside live events ---------------------------------------------------------------------------------------- */

/* What is live so far becomes a run, so that a fork needs to look at runs alone. */
static void take_over(Seen *seen) {
  Seen *parent = seen->parent;
  pthread_mutex_lock(&parent->mutex);
  commit_live(parent, NULL);
  g_ptr_array_set_size(seen->runs, 0);
  for (guint i = 0; i < parent->runs->len; i++)
    g_ptr_array_add(seen->runs, seen_run_ref(parent->runs->pdata[i]));
  seen->groups = parent->groups;
  pthread_mutex_unlock(&parent->mutex);
}

static gboolean knows_run(const Seen *seen, const SeenRun *run) {
  for (guint i = 0; i < seen->runs->len; i++)
    if (strcmp(seen_run_path(seen->runs->pdata[i]), seen_run_path(run)) == 0)
      return TRUE;
  return FALSE;
}

static gboolean run_has_live(const SeenRun *run, const SeenEntry *row, guint64 any) {
  gsize n;
  const SeenEntry *found = seen_run_find(run, row->hash, row->rest & ~any, row->rest | any, &n);
  for (gsize i = 0; i < n; i++)
    if ((found[i].rest & SEEN_IMPORT_MAX) == 0)
      return TRUE;
  return FALSE;
}

/* Whether a row that is new in the file came live since take_over(): it is in a run made since, or in none yet. */
static gboolean came_live(const Seen *seen, const GPtrArray *runs_since, const SeenEntry *row) {
  guint64 any = row->rest & SEEN_WITH_ID ? ((guint64)1 << (SEEN_CONTENT_BITS + SEEN_IMPORT_BITS)) - 1 : SEEN_IMPORT_MAX;
  if (seen_fresh_find(seen->parent->live, row->hash, row->rest, ~any))
    return TRUE;
  for (guint i = 0; i < runs_since->len; i++)
    if (run_has_live(runs_since->pdata[i], row, any))
      return TRUE;
  return FALSE;
}

/* The parent's mutex is held. */
static gboolean check_live(const Seen *seen, GError **error) {
  g_autoptr(GPtrArray) since = g_ptr_array_new();
  guint64 both = 0;
  for (guint i = 0; i < seen->parent->runs->len; i++)
    if (!knows_run(seen, seen->parent->runs->pdata[i]))
      g_ptr_array_add(since, seen->parent->runs->pdata[i]);
  for (gsize i = 0; i < seen->n_fresh; i++)
    both += came_live(seen, since, &seen->fresh[i]);
  return both == 0 ||
         error_set(error, ERROR_CONFLICT,
                   "%" G_GUINT64_FORMAT " of these events arrived live while the file was read\nhint: import it again; "
                   "what is known by then is left out",
                   both);
}

Seen *seen_fork(Seen *parent) {
  Seen *seen = g_new0(Seen, 1);
  pthread_mutex_init(&seen->mutex, NULL);
  seen->record = parent->record;
  seen->parent = parent;
  seen->folder = g_strdup(parent->folder);
  seen->runs = g_ptr_array_new_with_free_func((GDestroyNotify)seen_run_free);
  seen->view = record_view(parent->record);
  seen_forget(seen);
  return seen;
}

/* Called with the run written; from here on live events wait. */
static gboolean hand_over(Seen *seen, const char *path, const SeenOrigin *origin, GError **error) {
  Seen *parent = seen->parent;
  pthread_mutex_lock(&parent->mutex);
  seen->holds = TRUE;
  parent->groups = origin->groups;
  return check_live(seen, error) && add_run(parent, path, error);
}

void seen_release(Seen *seen) {
  if (seen->holds)
    pthread_mutex_unlock(&seen->parent->mutex);
  seen->holds = FALSE;
}

/* --- making anew --------------------------------------------------------------------------------------------------- */

typedef struct {
  Seen *seen;
  Batch *batch;
  Event *event;
  const SeenCover *cover; /* being read */
  guint16 source;         /* of `source_name` and `group` */
  char *source_name, *group;
  SeenOrigin none;
} Remake;

static void remake_clear(Remake *remake) {
  batch_free(remake->batch);
  g_free(remake->event);
  g_free(remake->source_name);
  g_free(remake->group);
  seen_origin_clear(&remake->none);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Remake, remake_clear)

static void set_source(Remake *remake, guint16 source) {
  if (remake->source_name && remake->source == source)
    return;
  g_free(remake->source_name);
  g_free(remake->group);
  remake->source = source;
  remake->source_name = text_dup(names_text(remake->seen->record->names, NAME_SOURCE, source));
  remake->group = group_of(remake->seen, remake->source_name);
}

/* The next number that is not taken: those taken stand in a row, so it is sought in growing steps and then between. */
static guint64 free_occurrence(const Seen *seen, guint64 content, guint64 from) {
  guint64 taken = from, step = 1;
  if (!occurrence_known(seen, content, from))
    return from;
  for (; occurrence_known(seen, content, taken + step); step *= 2)
    taken += step;
  for (; step > 1; step = step / 2)
    if (occurrence_known(seen, content, taken + step / 2))
      taken += step / 2;
  return taken + 1;
}

static void remember_again(Remake *remake, guint64 content) {
  Seen *seen = remake->seen;
  const Event *event = remake->event;
  guint64 import_id = remake->cover->import_id;
  if (event->id.size) {
    Hash128 id = hash_id(seen, event, remake->group);
    remember(seen, id.low, id_rest(id) | (guint64)short_content(content) << SEEN_IMPORT_BITS | import_id);
    return;
  }
  gboolean added;
  Slot *slot = table_slot(seen, content, &added);
  if (slot == NULL)
    return;
  guint64 occurrence = free_occurrence(seen, content, slot->value);
  slot->value = (guint32)occurrence + 1;
  remember(seen, content, occurrence_rest(occurrence) | import_id);
}

static gboolean spill(Remake *remake, GError **error) {
  if (!write_fresh(remake->seen, &remake->none, error))
    return FALSE;
  seen_forget(remake->seen);
  return TRUE;
}

static gboolean remake_batch(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user,
                             GError **error) {
  Remake *remake = user;
  const BatchFacts *facts;
  if (import_id != remake->cover->import_id)
    return TRUE;
  if (!batch_open(remake->batch, blob, size, error) || !(facts = batch_facts(remake->batch, error)))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    guint64 content;
    gboolean stored;
    if (facts->flags[i] & FACT_ERASED)
      continue;
    set_source(remake, facts->source[i]);
    if (!batch_event(remake->batch, i, remake->seen->record->names, remake->event, error) ||
        !batch_content(remake->batch, i, &content, &stored, error))
      return FALSE;
    if (!stored)
      content = (import_id ? seen_content : seen_live_content)(remake->event, remake->source_name, &remake->seen->record->key);
    remember_again(remake, content);
  }
  return remake->seen->n_fresh < REMAKE_CHUNK || spill(remake, error);
}

/* In order of imports: an equal row that a later one stored continues the numbers of the earlier ones. */
static gboolean remake_all(Seen *seen, const GArray *missing, GError **error) {
  g_auto(Remake) remake = {.seen = seen, .none = origin_new(seen)};
  SeenOrigin origin = {seen->record->id, seen->groups, (GArray *)missing};
  guint before = seen->runs->len;
  remake.batch = batch_new(record_spaces(seen->record), record_key(seen->record));
  remake.event = g_new0(Event, 1);
  for (guint i = 0; i < missing->len; i++) {
    remake.cover = &g_array_index(missing, SeenCover, i);
    if (!record_scan(seen->record, remake.cover->first, remake.cover->last + 1, remake_batch, &remake, error))
      return FALSE;
  }
  if (!write_fresh(seen, &origin, error))
    return FALSE;
  seen_forget(seen);
  return seen->runs->len - before == 1 || merge_runs(seen, before, seen->runs->len - before, &origin, error);
}

/* --- opening -------------------------------------------------------------------------------------------------------- */

static int compare_names(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *list_files(const char *folder, GError **error) {
  g_autoptr(GError) failure = NULL;
  g_autoptr(GDir) dir = g_dir_open(folder, 0, &failure);
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
  if (dir == NULL) {
    error_set(error, ERROR_IO, "%s", failure->message);
    return NULL;
  }
  for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
    g_ptr_array_add(files, g_build_filename(folder, name, NULL));
  g_ptr_array_sort(files, compare_names);
  return g_steal_pointer(&files);
}

static void number_after(Seen *seen, const char *path) {
  g_autofree char *name = g_path_get_basename(path);
  seen->next_run = MAX(seen->next_run, g_ascii_strtoull(name, NULL, 16) + 1);
}

/* What cannot be used is removed: it will be made anew. */
static gboolean open_runs(Seen *seen, const GPtrArray *imports, GError **error) {
  g_autoptr(GPtrArray) files = list_files(seen->folder, error);
  for (guint i = 0; files && i < files->len; i++) {
    const char *path = files->pdata[i];
    g_autoptr(GError) failure = NULL;
    g_autoptr(SeenRun) run = g_str_has_suffix(path, ".run") ? seen_run_open(path, &failure) : NULL;
    if (failure && !g_error_matches(failure, ETAPPE_ERROR, ERROR_DAMAGED)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return FALSE;
    }
    number_after(seen, path);
    if (run && is_usable(seen, run, imports))
      g_ptr_array_add(seen->runs, g_steal_pointer(&run));
    else
      unlink(path);
  }
  return files != NULL;
}

static gboolean open_all(Seen *seen, GError **error) {
  g_autoptr(GPtrArray) imports = record_imports(seen->record, error);
  if (imports == NULL || !file_make_folder(seen->folder, error) || !read_groups(seen->record, &seen->groups, error) ||
      !open_runs(seen, imports, error))
    return FALSE;
  g_autoptr(GArray) missing = missing_covers(seen, imports);
  if (missing->len && !remake_all(seen, missing, error))
    return FALSE;
  merge_some(seen);
  return TRUE;
}

Seen *seen_open(Record *record, GError **error) {
  g_autoptr(Seen) seen = g_new0(Seen, 1);
  g_assert(record->mode != RECORD_READ);
  pthread_mutex_init(&seen->mutex, NULL);
  seen->record = record;
  seen->folder = g_strconcat(record->path, ".seen", NULL);
  seen->runs = g_ptr_array_new_with_free_func((GDestroyNotify)seen_run_free);
  seen->view = record_view(record);
  seen->live = seen_fresh_new();
  seen_forget(seen);
  return open_all(seen, error) ? g_steal_pointer(&seen) : NULL;
}

void seen_free(Seen *seen) {
  if (seen == NULL)
    return;
  seen_release(seen);
  pthread_mutex_destroy(&seen->mutex);
  seen_fresh_free(seen->live);
  g_free(seen->table);
  g_free(seen->fresh);
  g_free(seen->group);
  g_ptr_array_unref(seen->runs);
  view_unref(seen->view);
  g_free(seen->folder);
  g_free(seen);
}

void seen_begin_file(Seen *seen) {
  seen_forget(seen);
  view_unref(seen->view);
  seen->view = record_view(seen->record);
  if (seen->parent)
    take_over(seen);
  else
    merge_some(seen);
}
