// SPDX-License-Identifier: Apache-2.0
// Three threads a file: one reads, unpacks and cuts (row_queue.h), one makes events of rows (event_feed.h),
// this one judges whether they came before and stores them in batches under the file's import id. Nothing
// of an import is visible until record_import_finish(); whatever goes wrong before takes all of it away.
#include "exchange/import.h"

#include "base/error.h"
#include "exchange/event_feed.h"
#include "exchange/import_files.h"
#include "exchange/json_shape.h"
#include "record/consent.h"
#include "record/erase.h"

enum { BATCH_SIZE_AIM = 8 << 20, EXPECT_AHEAD = 8, PROGRESS_PAUSE_US = 50000 };

typedef struct { /* what all files share */
  Record *record;
  Seen *seen;
  const ImportOptions *options;
  const ImportHooks *hooks;
  const char *source, *group, *currency;
  Zone *zone;
  char *temp_folder;
  gint64 started_us, told_us;
  guint64 bytes_before, bytes_all;
  guint n_files;
} Run;

typedef struct { /* one file */
  Run *run;
  const ImportFile *file;
  guint place; /* from 1 */
  RowIn *in;
  RowBlock *first;    /* its rows tell the decimal mark, or what keys JSON has */
  Mapping *mapping;   /* NULL: Segment's events */
  char *mapping_text; /* by which imports are compared */
  BatchWriter *writer;
  guint16 source_code;
  gboolean costs;
  const GPtrArray *coupons; /* NULL: the project has none */
  gboolean needs_consent;   /* the project says so of this source */
  gboolean drops;           /* what has none */
  GArray *consents;         /* of Consent, stored with the flip */
  GHashTable *said;         /* guint64 of identifier and purpose -> the place of its last one in `consents`, + 1 */
  GStringChunk *texts;      /* theirs */
  CouponTouch *touch;
  ImportInfo info;
  gint64 started_us;
  const Spaces *spaces;
} Work;

static void say(const Run *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void say(const Run *run, const char *format, ...) {
  if (!run->hooks->note)
    return;
  va_list values;
  va_start(values, format);
  g_autofree char *sentence = g_strdup_vprintf(format, values);
  va_end(values);
  run->hooks->note(sentence, run->hooks->user);
}

/* --- opening a file -------------------------------------------------------------------------- */

static void work_clear(Work *work) {
  g_clear_pointer(&work->writer, batch_writer_free);
  g_clear_pointer(&work->mapping, mapping_free);
  g_clear_pointer(&work->first, row_block_free);
  g_clear_pointer(&work->in, row_in_free);
  g_clear_pointer(&work->mapping_text, g_free);
  g_clear_pointer(&work->touch, g_free);
  g_clear_pointer(&work->consents, g_array_unref);
  g_clear_pointer(&work->said, g_hash_table_unref);
  g_clear_pointer(&work->texts, g_string_chunk_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Work, work_clear)

static const char **columns_of(const RowIn *in) {
  guint n = row_in_columns(in);
  const char **columns = g_new0(const char *, n + 1);
  for (guint i = 0; i < n; i++)
    columns[i] = row_in_column(in, i);
  return columns;
}

static gboolean is_json(const Work *work) {
  return row_in_kind(work->in) == FILE_JSON || row_in_kind(work->in) == FILE_JSON_LINES;
}

static gboolean make_mapping(Work *work, const char *const *columns, gboolean aloud, GError **error) {
  ImportMapOptions options = work->run->options->map;
  g_autofree char *said = NULL;
  options.sparse = is_json(work);
  work->mapping = import_map(&options, record_spaces(work->run->record), columns, &said, &work->mapping_text, error);
  if (!work->mapping) {
    g_prefix_error(error, "%s: ", work->file->label);
    return FALSE;
  }
  if (said && aloud)
    say(work->run, "%s: taking it that %s (--map says otherwise)", work->file->label, said);
  return TRUE;
}

static gboolean open_json(Work *work, gboolean aloud, GError **error) {
  const ImportMapOptions *map = &work->run->options->map;
  gboolean segment;
  g_autoptr(GPtrArray) keys = json_shape(work->first, &segment);
  if (keys->len == 0)
    return error_set(error, ERROR_INVALID, "%s: line %" G_GUINT64_FORMAT ": this is no JSON object", work->file->label,
                     work->first->rows[0].line);
  gboolean told = (map->map && *map->map) || (map->set && *map->set);
  if (segment && !told) {
    work->mapping_text = g_strdup("segment\n");
    return TRUE;
  }
  g_ptr_array_add(keys, NULL);
  return make_mapping(work, (const char *const *)keys->pdata, aloud, error);
}

static gboolean open_rows(Work *work, GError **error) {
  if (!row_in_next(work->in, &work->first, error))
    return FALSE;
  return work->first || error_set(error, ERROR_INVALID, "%s holds no rows", work->file->label);
}

static gboolean open_file(Work *work, Run *run, const ImportFile *file, gboolean aloud, GError **error) {
  const ImportOptions *options = run->options;
  g_autofree const char **wanted = import_map_wanted(&options->map);
  work->run = run;
  work->file = file;
  RowOptions rows = {options->encoding, options->separator, wanted, run->temp_folder};
  work->in = row_in_open(file->path, file->label, &rows, error);
  if (!work->in || !open_rows(work, error))
    return FALSE;
  if (is_json(work))
    return open_json(work, aloud, error);
  g_autofree const char **columns = columns_of(work->in);
  return make_mapping(work, columns, aloud, error);
}

/* --- the decimal mark ------------------------------------------------------------------------ */

typedef struct {
  guint commas, points; /* amounts that can only be read one way */
} Marks;

/* "12,50" and "1.234,5" have a decimal comma: the last mark is one, and not three digits follow it. */
static void look_at_amount(Marks *marks, Text text) {
  guint32 end = text.size;
  while (end && !g_ascii_isdigit(text.at[end - 1]))
    end--;
  guint32 start = end;
  while (start && g_ascii_isdigit(text.at[start - 1]))
    start--;
  if (!start || end - start == 3 || start == end)
    return;
  marks->commas += text.at[start - 1] == ',';
  marks->points += text.at[start - 1] == '.';
}

static DecimalMark find_mark(const Work *work) {
  const RowBlock *block = work->first;
  const char *decimal = work->run->options->decimal;
  if (decimal)
    return g_str_equal(decimal, "comma") ? DECIMAL_COMMA : DECIMAL_POINT;
  guint n = row_in_columns(work->in);
  g_autofree const char **columns = columns_of(work->in);
  g_autofree gboolean *amounts = import_map_amounts(&work->run->options->map, columns);
  Marks marks = {0};
  for (guint i = 0; n && i < block->n; i++)
    for (guint j = 0; j < n && !block->rows[i].refused; j++)
      if (amounts[j])
        look_at_amount(&marks, row_block_cells(block, i, n)[j].text);
  if (!marks.commas == !marks.points)
    return row_in_separator(work->in) == ';' && !marks.points ? DECIMAL_COMMA : DECIMAL_POINT;
  return marks.commas ? DECIMAL_COMMA : DECIMAL_POINT;
}

/* --- one row --------------------------------------------------------------------------------- */

static char *join_cells(const Cell *cells, guint n) {
  GString *row = g_string_new(NULL);
  for (guint i = 0; i < n; i++) {
    g_string_append(row, i ? "," : "");
    g_string_append_len(row, cells[i].text.at ? cells[i].text.at : "", cells[i].text.size);
  }
  return g_string_free(row, FALSE);
}

static gboolean refuse(Work *work, const RowBlock *block, guint i, const char *reason, GError **error) {
  const ImportHooks *hooks = work->run->hooks;
  const Row *row = &block->rows[i];
  guint n = row_in_columns(work->in);
  work->info.refused++;
  if (!hooks->refused)
    return TRUE;
  g_autofree char *joined = row->raw.size || !block->cells ? NULL : join_cells(row_block_cells(block, i, n), n);
  ImportRefusal refusal = {work->file->label, row->number, row->line, reason, joined ? text_of(joined) : row->raw};
  return hooks->refused(&refusal, hooks->user, error);
}

static gboolean has_rate(const Run *run, const Event *event) {
  const GPtrArray *rates = run->options->project ? run->options->project->rates : NULL;
  for (guint i = 0; rates && i < rates->len; i++) {
    const Rate *rate = rates->pdata[i];
    if (rate->from_ms <= event->time_ms && text_is(event->currency, rate->currency))
      return TRUE;
  }
  return FALSE;
}

/* An amount that nobody can add to the others is refused rather than counted at a wrong worth. */
static const char *foreign_money(const Event *event, char reason[FEED_REASON_SIZE], gpointer user) {
  const Work *work = user;
  if (!event->currency.size || !(event->has_value || work->costs) || text_is(event->currency, work->run->currency) ||
      has_rate(work->run, event))
    return NULL;
  g_snprintf(reason, FEED_REASON_SIZE, "an amount in %.*s, for which the project has no rate to %s on that day",
             (int)event->currency.size, event->currency.at, work->run->currency);
  return reason;
}

/* The event without a device of somebody who was erased, which may be in other hands. */
static Event *stripped(Record *record, const Event *event) {
  Event *copy = g_memdup2(event, offsetof(Event, properties) + event->n_properties * sizeof(Property));
  record_strip_erased(record, copy);
  return copy;
}

/* --- consents ------------------------------------------------------------------------------------ */

static gboolean is_statement(const Property *property, Text *purpose) {
  static const char prefix[] = "consent.";
  if (property->key.size < sizeof prefix || property->key.at[0] != 'c' || memcmp(property->key.at, prefix, sizeof prefix - 1) != 0)
    return FALSE;
  *purpose = (Text){property->key.at + sizeof prefix - 1, property->key.size - (guint32)sizeof prefix + 1};
  return (property->kind == VALUE_TRUE || property->kind == VALUE_FALSE) && purpose_is_known(*purpose);
}

static guint64 strongest(const Work *work, const Event *event) {
  guint best = 0;
  for (guint i = 1; i < event->n_identifiers; i++)
    if (work->spaces->spaces[event->identifiers[i].space].rank < work->spaces->spaces[event->identifiers[best].space].rank)
      best = i;
  return event->identifiers[best].hash.low;
}

static char *keep_text(Work *work, Text text) {
  g_autofree char *copy = text.size ? text_dup(text) : NULL;
  return copy ? g_string_chunk_insert_const(work->texts, copy) : NULL;
}

static Text said_of(const Event *event, const char *key) {
  for (guint i = 0; i < event->n_properties; i++)
    if (text_is(event->properties[i].key, key))
      return event->properties[i].text;
  return text_of(NULL);
}

static guint hash_said(gconstpointer number) {
  return (guint)(*(const guint64 *)number >> 32); /* keyed already */
}

/* Rows in order of time that say the same are one statement, so that a file which repeats it in every row takes no memory for it.
 */
static void add_consent(Work *work, const Consent *consent) {
  const HashKey *key = record_key(work->run->record);
  guint64 about = consent->identifier ^ hash64(key, consent->purpose, strlen(consent->purpose));
  guint at = GPOINTER_TO_UINT(g_hash_table_lookup(work->said, &about));
  Consent *last = at ? &g_array_index(work->consents, Consent, at - 1) : NULL;
  if (last && last->granted == consent->granted && last->version == consent->version && last->basis == consent->basis &&
      consent->at_ms >= MAX(last->at_ms, last->again_ms)) {
    last->again_ms = consent->at_ms;
    return;
  }
  g_array_append_val(work->consents, *consent);
  g_hash_table_replace(work->said, g_memdup2(&about, sizeof about), GUINT_TO_POINTER(work->consents->len));
}

static void note_consent(Work *work, const Event *event, const Property *property, Text purpose) {
  gboolean granted = property->kind == VALUE_TRUE;
  Text basis = said_of(event, "consent.basis");
  if (work->consents == NULL) {
    work->consents = g_array_new(FALSE, FALSE, sizeof(Consent));
    work->said = g_hash_table_new_full(hash_said, g_int64_equal, g_free, NULL);
    work->texts = g_string_chunk_new(4096);
  }
  Consent consent = {.identifier = strongest(work, event), .granted = granted, .masks = TRUE, .at_ms = event->time_ms};
  consent.purpose = keep_text(work, purpose); /* equal texts are one */
  consent.version = keep_text(work, said_of(event, "consent.version"));
  consent.source = keep_text(work, text_of(work->run->source));
  consent.basis = basis.size ? keep_text(work, basis) : granted ? keep_text(work, text_of(BASIS_CONSENT)) : NULL;
  add_consent(work, &consent);
}

/* TRUE: it says that measuring is agreed to. */
static gboolean take_consents(Work *work, const Event *event) {
  gboolean agreed = FALSE;
  Text purpose;
  for (guint i = 0; i < event->n_properties; i++) {
    if (!is_statement(&event->properties[i], &purpose))
      continue;
    agreed = agreed || (text_is(purpose, PURPOSE_MEASURE) && event->properties[i].kind == VALUE_TRUE);
    if (event->n_identifiers)
      note_consent(work, event, &event->properties[i], purpose);
  }
  return agreed;
}

static void find_consent_rule(Work *work) {
  const Project *project = work->run->options->project;
  for (guint i = 0; project && i < project->sources->len; i++) {
    const SourceRule *rule = project->sources->pdata[i];
    if (g_strcmp0(rule->name, work->run->source) == 0)
      work->needs_consent = g_strcmp0(rule->basis, BASIS_CONSENT) == 0;
  }
  work->drops = project && project->drop_without_consent;
}

static Event *without_person(const Event *event) {
  Event *copy = g_new0(Event, 1);
  memcpy(copy, event, offsetof(Event, properties) + event->n_properties * sizeof(Property));
  event_forget_person(copy);
  return copy;
}

static gboolean append(Work *work, const Event *event, guint64 content, GError **error) {
  batch_writer_add(work->writer, event, work->source_code, content);
  if (batch_writer_count(work->writer) < BATCH_EVENTS_MAX && batch_writer_size(work->writer) < BATCH_SIZE_AIM)
    return TRUE;
  return record_append(work->run->record, work->info.id, work->writer, error);
}

/* It comes and goes with its order, so it is not judged by itself. */
static gboolean append_coupon(Work *work, const Event *order, GError **error) {
  const Run *run = work->run;
  if (!coupon_touch(work->coupons, order, NULL, work->touch))
    return TRUE;
  const Event *touch = &work->touch->event;
  return append(work, touch, seen_content(touch, run->source, record_key(run->record)), error);
}

static gboolean store(Work *work, const FeedTray *tray, const FeedItem *item, GError **error) {
  Run *run = work->run;
  ErasedVerdict verdict = record_judge_erased(run->record, work->spaces, item->event);
  if (verdict == ERASED_SOMEBODY)
    return refuse(work, tray->block, item->row, ERASED_REASON, error);
  switch (seen_judge(run->seen, &item->key, run->group)) {
  case SEEN_REPEATED: work->info.repeated++; return TRUE;
  case SEEN_CONFLICTING: work->info.conflicting++; return TRUE;
  default: break;
  }
  gboolean agreed = take_consents(work, item->event);
  if (work->needs_consent && !agreed && work->drops)
    return refuse(work, tray->block, item->row,
                  "the project asks for consent, which this row does not state (without_consent: drop)", error);
  work->info.stored++;
  if (work->needs_consent && !agreed) {
    g_autofree Event *nobodys = without_person(item->event);
    return append(work, nobodys, item->key.content, error);
  }
  g_autofree Event *less = verdict == ERASED_DEVICE ? stripped(run->record, item->event) : NULL;
  const Event *event = less ? less : item->event;
  return append(work, event, item->key.content, error) && (!work->coupons || append_coupon(work, event, error));
}

/* --- all rows -------------------------------------------------------------------------------- */

static void tell_progress(const Work *work, guint64 offset) {
  Run *run = work->run;
  gint64 now_us = g_get_monotonic_time();
  if (!run->hooks->progress || now_us - run->told_us < PROGRESS_PAUSE_US)
    return;
  run->told_us = now_us;
  double now = (double)now_us, file_share = (double)offset / (double)MAX(row_in_size(work->in), 1);
  double seconds = (now - (double)run->started_us) / 1e6, file_seconds = (now - (double)work->started_us) / 1e6;
  double bytes = (double)run->bytes_before + file_share * (double)row_in_size(work->in);
  ImportProgress progress = {work->file->label,
                             work->place,
                             run->n_files,
                             work->info.read,
                             MIN(bytes / (double)MAX(run->bytes_all, 1), 1),
                             seconds,
                             (double)work->info.read / MAX(file_seconds, 1e-3),
                             0};
  progress.seconds_left = progress.share > 0 ? seconds * (1 - progress.share) / progress.share : 0;
  run->hooks->progress(&progress, run->hooks->user);
}

static void expect(const Work *work, const FeedTray *tray, guint i) {
  if (i < tray->n && !tray->items[i].why)
    seen_expect(work->run->seen, &tray->items[i].key);
}

static gboolean take_tray(Work *work, const FeedTray *tray, GError **error) {
  for (guint i = 0; i < EXPECT_AHEAD; i++)
    expect(work, tray, i);
  for (guint i = 0; i < tray->n; i++) {
    const FeedItem *item = &tray->items[i];
    expect(work, tray, i + EXPECT_AHEAD);
    work->info.read++;
    if (!(item->why ? refuse(work, tray->block, item->row, item->why, error) : store(work, tray, item, error)))
      return FALSE;
  }
  tell_progress(work, tray->block->offset);
  return TRUE;
}

static gboolean take_trays(Work *work, EventFeed *feed, GError **error) {
  for (;;) {
    const FeedTray *tray;
    if (!event_feed_next(feed, &tray, error))
      return FALSE;
    if (!tray)
      return batch_writer_count(work->writer) == 0 || record_append(work->run->record, work->info.id, work->writer, error);
    if (!take_tray(work, tray, error))
      return FALSE;
  }
}

static SourceKind source_kind(const Run *run, gboolean *declared) {
  const GPtrArray *sources = run->options->project ? run->options->project->sources : NULL;
  for (guint i = 0; sources && i < sources->len; i++) {
    const SourceRule *rule = sources->pdata[i];
    if (g_str_equal(rule->name, run->source)) {
      *declared = rule->kind_given;
      return rule->kind;
    }
  }
  return SOURCE_FILE;
}

static FeedOptions feed_options(Work *work) {
  const Run *run = work->run;
  gboolean declared = FALSE;
  SourceKind kind = source_kind(run, &declared);
  return (FeedOptions){.in = work->in,
                       .door = {.spaces = record_spaces(run->record),
                                .key = record_key(run->record),
                                .zone = run->zone,
                                .decimal = find_mark(work),
                                .web = kind == SOURCE_WEB || kind == SOURCE_APP,
                                .devices_browse = !declared,
                                .aliases = work->mapping == NULL},
                       .mapping = work->mapping,
                       .seen = run->seen,
                       .source = run->source,
                       .group = run->group,
                       .object = foreign_money,
                       .user = work};
}

static gboolean take_all(Work *work, GError **error) {
  Run *run = work->run;
  FeedOptions options = feed_options(work);
  work->spaces = record_spaces(run->record);
  work->writer = batch_writer_new(work->spaces, record_names(run->record));
  work->source_code = names_intern(record_names(run->record), NAME_SOURCE, text_of(run->source));
  find_consent_rule(work);
  work->coupons = run->options->project && run->options->project->coupons->len ? run->options->project->coupons : NULL;
  if (work->coupons && !work->touch)
    work->touch = g_new(CouponTouch, 1);
  work->costs = !work->mapping || mapping_has(work->mapping, FIELD_COST);
  g_autoptr(EventFeed) feed = event_feed_new(&options, g_steal_pointer(&work->first), error);
  return feed && take_trays(work, feed, error);
}

/* --- one import ------------------------------------------------------------------------------ */

/* Rows without id are known by their content: another mapping makes others of them. */
static void warn_of_other_mapping(const Work *work, const char *options, const char *name) {
  g_autoptr(GPtrArray) imports = record_imports(work->run->record, NULL);
  for (guint i = imports ? imports->len : 0; i-- > 0;) {
    const ImportInfo *info = imports->pdata[i];
    if (info->state != IMPORT_DONE || !info->stored || g_strcmp0(info->label, name) != 0 ||
        g_strcmp0(info->source, work->run->source) != 0)
      continue;
    if (g_strcmp0(info->options, options) != 0)
      say(work->run,
          "%s: import %" G_GUINT64_FORMAT
          " read a file of this name another way, so its rows count as new ones (`etappe import undo %" //
          G_GUINT64_FORMAT "` takes it back)",
          work->file->label, info->id, info->id);
    return;
  }
}

static gboolean finish(Work *work, GError **error) {
  Run *run = work->run;
  if (work->info.refused == work->info.read)
    return error_set(error, ERROR_INVALID, "%s: nothing was imported, each of its %" G_GUINT64_FORMAT " rows was refused",
                     work->file->label, work->info.read);
  const Consent *consents = work->consents ? (const Consent *)(const void *)work->consents->data : NULL;
  gboolean good = seen_commit(run->seen, work->info.id, error) &&
                  record_import_finish_told(run->record, &work->info, consents, consents ? work->consents->len : 0, error);
  seen_release(run->seen);
  return good;
}

/* Known only now: the first letter that tells may come late. */
static void say_encoding(const Work *work) {
  const char *encoding = row_in_encoding(work->in);
  if (encoding && !g_str_equal(encoding, "UTF-8") && !work->run->options->encoding)
    say(work->run, "%s: read as %s (--encoding says otherwise)", work->file->label, encoding);
}

static gboolean import_one(Run *run, const ImportFile *file, guint place, ImportInfo *totals, GError **error) {
  g_auto(Work) work = {.place = place, .started_us = g_get_monotonic_time()};
  if (!open_file(&work, run, file, TRUE, error))
    return FALSE;
  g_autofree char *name = g_path_get_basename(file->label);
  g_autofree char *options = g_strdup_printf("%stimezone:=%s\n", work.mapping_text, zone_name(run->zone));
  warn_of_other_mapping(&work, options, name);
  if (!record_import_begin(run->record, run->source, name, options, &work.info.id, error))
    return FALSE;
  seen_begin_file(run->seen);
  gboolean good = take_all(&work, error) && finish(&work, error);
  if (!good) {
    seen_forget(run->seen);
    record_import_abort(run->record, work.info.id, NULL);
  }
  run->bytes_before += row_in_size(work.in);
  say_encoding(&work);
  totals->read += work.info.read;
  totals->refused += work.info.refused;
  if (good) {
    totals->stored += work.info.stored;
    totals->repeated += work.info.repeated;
    totals->conflicting += work.info.conflicting;
    work.info.label = file->label;
    if (run->hooks->file)
      run->hooks->file(&work.info, run->hooks->user);
  }
  return good;
}

/* --- all files ------------------------------------------------------------------------------- */

/* A wrong name or a missing column in the third file should not wait for the first two. */
static gboolean look_at_all(Run *run, const GPtrArray *files, GError **error) {
  for (guint i = 0; i < files->len; i++) {
    g_auto(Work) work = {0};
    if (!open_file(&work, run, files->pdata[i], FALSE, error))
      return FALSE;
    run->bytes_all += row_in_size(work.in);
  }
  return TRUE;
}

static const char *group_of(const Run *run) {
  const GPtrArray *sources = run->options->project ? run->options->project->sources : NULL;
  for (guint i = 0; sources && i < sources->len; i++) {
    const SourceRule *rule = sources->pdata[i];
    if (g_str_equal(rule->name, run->source) && rule->group)
      return rule->group;
  }
  return run->source;
}

/* The call's, else the project's, else the record's, else `fallback`; caller frees. */
static char *setting(const Run *run, const char *given, const char *project, const char *name, const char *fallback) {
  if (given || project)
    return g_strdup(given ? given : project);
  char *stored = record_setting(run->record, name);
  return stored ? stored : g_strdup(fallback);
}

/* Does the next file have a chance? */
static gboolean is_of_this_file(const GError *error) {
  return error->domain == ETAPPE_ERROR &&
         (error->code == ERROR_INVALID || error->code == ERROR_LIMIT || error->code == ERROR_NOT_FOUND);
}

static gboolean report_failures(GError *first, guint failed, guint n_files, GError **error) {
  if (!first)
    return TRUE;
  const char *hint = strchr(first->message, '\n');
  if (n_files == 1)
    g_propagate_error(error, first);
  else
    error_set(error, (ErrorCode)first->code, "%.*s (%u of %u files were not imported)%s",
              (int)(hint ? hint - first->message : (gssize)strlen(first->message)), first->message, failed, n_files,
              hint ? hint : "");
  if (n_files > 1)
    g_error_free(first);
  return FALSE;
}

static gboolean import_each(Run *run, const GPtrArray *files, ImportInfo *totals, GError **error) {
  GError *first = NULL;
  guint failed = 0;
  for (guint i = 0; i < files->len; i++) {
    g_autoptr(GError) failure = NULL;
    if (!import_one(run, files->pdata[i], i + 1, totals, &failure)) {
      failed++;
      gboolean over = !is_of_this_file(failure);
      if (!first)
        first = g_steal_pointer(&failure);
      if (over) {
        failed += files->len - i - 1;
        break;
      }
    }
  }
  return report_failures(first, failed, files->len, error);
}

gboolean import_run(Record *record, Seen *seen, const char *const *names, const ImportOptions *options, const ImportHooks *hooks,
                    ImportInfo *totals, GError **error) {
  const Project *project = options->project;
  Run run = {.record = record, .seen = seen, .options = options, .hooks = hooks, .started_us = g_get_monotonic_time()};
  *totals = (ImportInfo){0};
  run.source = options->source ? options->source : "file";
  run.group = group_of(&run);
  g_autofree char *zone = setting(&run, options->timezone, project ? project->timezone : NULL, "timezone", "UTC");
  g_autofree char *currency = setting(&run, NULL, project ? project->currency : NULL, "currency", "EUR");
  g_autofree char *folder = g_path_get_dirname(record_path(record));
  g_autoptr(GPtrArray) files = NULL;
  run.currency = currency;
  run.temp_folder = folder;
  run.zone = zone_new(zone, error);
  gboolean good = run.zone && (files = import_files(names, options->input, folder, error));
  if (good && options->label && files->len == 1)
    import_file_call(files->pdata[0], options->label);
  good = good && look_at_all(&run, files, error);
  run.n_files = files ? files->len : 0;
  good = good && import_each(&run, files, totals, error);
  zone_free(run.zone);
  return good;
}
