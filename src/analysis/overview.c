// SPDX-License-Identifier: Apache-2.0
/* Two passes: the first finds from when to when there are events, so that the second can count them by day,
 * month or year. Journeys count when they begin in range, conversions when they lie in it; with --where a
 * journey must hold a matching event in range. */
#include "analysis/overview.h"
#include "analysis/bits.h"
#include "analysis/derive.h"
#include "analysis/field.h"
#include "analysis/goal_sum.h"
#include "analysis/marks.h"
#include "analysis/scope.h"
#include "base/error.h"
#include "record/erase.h"
#include <math.h>
#include <string.h>

enum { TOP_MAX = 1000, CODES = 65536, POINTS_BY_DAY = 92, POINTS_BY_MONTH = 120 };
enum { LIST_SOURCES, LIST_CHANNELS, LIST_EVENTS, LISTS };

static const struct {
  const char *name, *item;
  NameKind kind;
} lists[LISTS] = {{"sources", "source", NAME_SOURCE}, {"channels", "channel", NAME_CHANNEL}, {"event_names", "event", NAME_EVENT}};

typedef struct {
  char *name;
  guint64 events;
} TopRow;

typedef struct {
  guint64 events, persons, journeys, unidentified, visitor_days;
  guint64 excluded[EXCLUDED_REASONS];
  guint64 erased_persons, erased_events; /* of the whole record, in no other figure */
  gboolean erased_totals;                /* the project wants them shown */
  gint64 first_ms, last_ms;              /* when events > 0 */
  GArray *top[LISTS];                    /* of TopRow, at most `limit` */
  guint top_total[LISTS];
  const char *period;    /* "day", "month", "year" */
  GPtrArray *starts;     /* of char*: dates */
  GArray *points;        /* of guint64: events */
  GPtrArray *goal_names; /* of char* */
  GArray *goals;         /* of GoalSum */
  DeriveNotes notes;
} Overview;

typedef struct {
  Overview sum;
  guint64 *counts[LISTS]; /* by code */
  guint64 *points;
  GoalSum *goals;
  guint64 *bits;
  guint words;
  guint64 *reasons; /* EXCLUDED_REASONS bitmaps of `words` */
  DeriveScratch *scratch;
  GHashTable *visitors; /* of guint64: hashes of their names; NULL before the first */
} Worker;

typedef struct {
  const Question *question;
  Scope *scope;
  Derive *derive;
  Field *channel, *visitor;
  guint32 n_codes; /* of each list */
  Marks *marks;
  Overview *overview;
  GArray *bounds;  /* of gint64: starts of the periods, and the end of the last */
  guint32 *by_day; /* UTC day since the first bound's -> period its beginning lies in */
  gint64 first_day_s;
  guint n_workers;
  Worker *workers;
} Run;

static void row_clear(gpointer row) {
  g_free(((TopRow *)row)->name);
}

static void overview_free(gpointer result) {
  Overview *overview = result;
  if (!overview)
    return;
  for (guint i = 0; i < LISTS; i++)
    if (overview->top[i])
      g_array_unref(overview->top[i]);
  g_clear_pointer(&overview->starts, g_ptr_array_unref);
  g_clear_pointer(&overview->points, g_array_unref);
  g_clear_pointer(&overview->goal_names, g_ptr_array_unref);
  g_clear_pointer(&overview->goals, g_array_unref);
  g_free(overview);
}

static void run_clear(Run *run) {
  for (guint i = 0; i < run->n_workers; i++) {
    for (guint list = 0; list < LISTS; list++)
      g_free(run->workers[i].counts[list]);
    g_free(run->workers[i].points);
    g_free(run->workers[i].goals);
    g_free(run->workers[i].bits);
    g_free(run->workers[i].reasons);
    derive_scratch_free(run->workers[i].scratch);
    g_clear_pointer(&run->workers[i].visitors, g_hash_table_unref);
  }
  g_free(run->workers);
  g_free(run->by_day);
  if (run->bounds)
    g_array_unref(run->bounds);
  derive_free(run->derive);
  field_free(run->channel);
  field_free(run->visitor);
  marks_free(run->marks);
  scope_free(run->scope);
}

/* The events that count, in worker->bits; a second bitmap of the same length stands behind. */
static gboolean counted_events(Run *run, guint block, const Block *data, guint number, ScopeBlock *scope, GError **error) {
  Worker *worker = &run->workers[number];
  guint words = bits_words(data->n_events) + 1;
  if (!scope_block(run->scope, block, data, number, scope, error))
    return FALSE;
  if (worker->words < words) {
    worker->words = words;
    worker->bits = g_renew(guint64, worker->bits, 2 * (gsize)words);
    worker->reasons = g_renew(guint64, worker->reasons, EXCLUDED_REASONS * (gsize)words);
  }
  if (!scope->nothing)
    scope_both(worker->bits, scope->kept, scope->in_range, data->n_events);
  return TRUE;
}

/* --- first pass ---------------------------------------------------------------------------------------- */

static void count_times(const Block *data, const guint64 *counted, Overview *sum) {
  for (guint w = 0; w < bits_words(data->n_events); w++)
    for (guint64 word = counted[w]; word; word &= word - 1) {
      gint64 ms = block_time_ms(data, w * 64 + (guint)__builtin_ctzll(word));
      sum->first_ms = sum->events && sum->first_ms < ms ? sum->first_ms : ms;
      sum->last_ms = sum->events && sum->last_ms > ms ? sum->last_ms : ms;
      sum->events++;
    }
}

/* What stays out of every report, of living persons, in range and seen by now, by reason. */
static gboolean count_excluded(Run *run, guint block, const Block *data, Worker *worker, GError **error) {
  const Question *question = run->question;
  guint64 *bits[EXCLUDED_REASONS];
  if (!data->excluded)
    return TRUE;
  for (guint reason = 0; reason < EXCLUDED_REASONS; reason++)
    bits[reason] = worker->reasons + (gsize)reason * worker->words;
  if (!marks_reasons(run->marks, block, data, bits, error))
    return FALSE;
  for (guint reason = 0; reason < EXCLUDED_REASONS; reason++)
    for (guint32 p = 0; p < data->n_persons; p++) {
      guint32 end = bit_at(data->dead, p) ? 0 : data->person_start[p + 1];
      for (guint i = bits_next(bits[reason], data->person_start[p], end); i < end; i = bits_next(bits[reason], i + 1, end)) {
        gint64 ms = block_time_ms(data, i);
        worker->sum.excluded[reason] += ms >= question->from_ms && ms < question->to_ms && ms <= question->now_ms;
      }
    }
  return TRUE;
}

static gboolean first_pass(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Run *run = user;
  Worker *worker = &run->workers[number];
  ScopeBlock scope;
  if (!counted_events(run, block, data, number, &scope, error))
    return FALSE;
  if (!count_excluded(run, block, data, worker, error))
    return FALSE;
  if (scope.nothing)
    return TRUE;
  guint64 before = worker->sum.events;
  count_times(data, worker->bits, &worker->sum);
  if (data->unidentified)
    worker->sum.unidentified += worker->sum.events - before;
  return TRUE;
}

/* --- periods --------------------------------------------------------------------------------------------- */

static GDateTime *local_date(Zone *zone, gint64 instant_ms) {
  return g_date_time_new_from_unix_utc(instant_ms / 1000 + zone_offset_s(zone, instant_ms));
}

/* Periods cover the whole days from the first event's to the last one's. */
static void make_periods(Run *run) {
  Overview *overview = run->overview;
  g_autoptr(Zone) zone = zone_copy(run->question->zone);
  gint64 days = (overview->last_ms - overview->first_ms) / MS_DAY;
  overview->period = days < POINTS_BY_DAY ? "day" : days / 30 < POINTS_BY_MONTH ? "month" : "year";
  overview->starts = g_ptr_array_new_with_free_func(g_free);
  run->bounds = g_array_new(FALSE, FALSE, sizeof(gint64));
  g_autoptr(GDateTime) first = local_date(zone, overview->first_ms);
  int year = g_date_time_get_year(first), month = *overview->period == 'y' ? 1 : g_date_time_get_month(first);
  int day = *overview->period == 'd' ? g_date_time_get_day_of_month(first) : 1;
  g_autoptr(GDateTime) date = g_date_time_new_utc(year, month, day, 0, 0, 0);
  for (;;) {
    gint64 start =
        zone_instant(zone, g_date_time_get_year(date), g_date_time_get_month(date), g_date_time_get_day_of_month(date), 0);
    g_array_append_val(run->bounds, start);
    if (start > overview->last_ms)
      break;
    g_ptr_array_add(overview->starts, g_date_time_format(date, "%Y-%m-%d"));
    GDateTime *next = *overview->period == 'd'   ? g_date_time_add_days(date, 1)
                      : *overview->period == 'm' ? g_date_time_add_months(date, 1)
                                                 : g_date_time_add_years(date, 1);
    g_date_time_unref(date);
    date = next;
  }
}

static guint period_of(const Run *run, gint64 ms) {
  const gint64 *bounds = (const gint64 *)(const void *)run->bounds->data;
  guint i = run->by_day[(ms / 1000 - run->first_day_s) / 86400];
  while (ms >= bounds[i + 1])
    i++;
  return i;
}

static void index_periods(Run *run) {
  const gint64 *bounds = (const gint64 *)(const void *)run->bounds->data;
  run->first_day_s = bounds[0] / 86400000 * 86400;
  guint days = (guint)((run->overview->last_ms / 1000 - run->first_day_s) / 86400 + 1);
  run->by_day = g_new(guint32, days);
  for (guint day = 0, i = 0; day < days; day++) {
    gint64 start = (run->first_day_s + (gint64)day * 86400) * 1000;
    while (i + 2 < run->bounds->len && start >= bounds[i + 1])
      i++;
    run->by_day[day] = i;
  }
}

/* --- second pass ------------------------------------------------------------------------------------------ */

static gboolean count_codes(const Run *run, guint block, const Block *data, const guint64 *counted, Worker *worker,
                            GError **error) {
  g_auto(FieldBlock) channel = {0};
  if (!field_block(run->channel, block, data, &channel, error))
    return FALSE;
  const Codes *codes[LISTS] = {&data->source, &channel.codes, &data->event};
  for (guint list = 0; list < LISTS; list++)
    for (guint w = 0; w < bits_words(data->n_events); w++)
      for (guint64 word = counted[w]; word; word &= word - 1)
        worker->counts[list][codes_at(codes[list], w * 64 + (guint)__builtin_ctzll(word))]++;
  return TRUE;
}

/* A visitor has another name the next day: one name is one day. */
static gboolean count_visitors(const Run *run, guint block, const Block *data, const guint64 *counted, Worker *worker,
                               GError **error) {
  g_auto(FieldBlock) visitor = {0};
  if (!data->unidentified)
    return TRUE;
  if (!field_block(run->visitor, block, data, &visitor, error))
    return FALSE;
  for (guint w = 0; visitor.n_entries > 1 && w < bits_words(data->n_events); w++)
    for (guint64 word = counted[w]; word; word &= word - 1) {
      guint32 entry = codes_at(&visitor.codes, w * 64 + (guint)__builtin_ctzll(word));
      Text name = entry ? field_entry(run->visitor, &visitor, entry).text : text_of(NULL);
      if (name.size == 0)
        continue;
      guint64 hash = checksum64(name.at, name.size);
      if (worker->visitors == NULL)
        worker->visitors = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
      g_hash_table_add(worker->visitors, g_memdup2(&hash, sizeof hash));
    }
  return TRUE;
}

static void count_periods(const Run *run, const Block *data, const guint64 *counted, Worker *worker) {
  for (guint w = 0; w < bits_words(data->n_events); w++)
    for (guint64 word = counted[w]; word; word &= word - 1)
      worker->points[period_of(run, block_time_ms(data, w * 64 + (guint)__builtin_ctzll(word)))]++;
}

static gboolean in_range(const Question *question, gint64 ms) {
  return ms >= question->from_ms && ms < question->to_ms;
}

/* Bits of journeys with an event that counts, in `held`. */
static void find_held(const Derived *derived, const guint64 *kept, guint64 *held) {
  for (guint32 i = 0; i < derived->n_events; i++)
    if (derived->event_journey[i] && bit_at(kept, i))
      bit_set(held, derived->event_journey[i] - 1);
}

static void count_journeys(const Question *question, const Derived *derived, const guint64 *kept, Worker *worker) {
  guint32 n = derived->person_journeys[derived->n_persons];
  g_autofree guint64 *held = kept ? g_new0(guint64, bits_words(n) + 1) : NULL;
  if (kept)
    find_held(derived, kept, held);
  for (guint32 j = 0; j < n; j++)
    worker->sum.journeys += in_range(question, derived->journeys[j].start_ms) && (!kept || bit_at(held, j));
}

static void count_goals(const Question *question, const Derived *derived, const guint64 *kept, Worker *worker) {
  for (guint32 c = 0; c < derived->person_conversions[derived->n_persons]; c++) {
    const Conversion *conversion = &derived->conversions[c];
    if (!in_range(question, conversion->time_ms) || (kept && !bit_at(kept, conversion->event)))
      continue;
    goal_sum_count(&worker->goals[conversion->goal], conversion);
  }
}

static gboolean second_pass(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Run *run = user;
  Worker *worker = &run->workers[number];
  ScopeBlock scope;
  Derived derived;
  if (!counted_events(run, block, data, number, &scope, error))
    return FALSE;
  if (scope.nothing)
    return TRUE;
  if (!count_codes(run, block, data, worker->bits, worker, error) || !count_visitors(run, block, data, worker->bits, worker, error))
    return FALSE;
  count_periods(run, data, worker->bits, worker);
  guint words = bits_words(data->n_events);
  bits_after(worker->bits, data->ends, worker->bits + worker->words, words);
  if (!data->unidentified)
    worker->sum.persons += bits_count_persons(worker->bits, worker->bits + worker->words, data->ends, words);
  if (!derive_block(run->derive, worker->scratch, block, data, &derived, error))
    return FALSE;
  count_journeys(question, &derived, scope.kept ? worker->bits : NULL, worker);
  count_goals(question, &derived, scope.kept, worker);
  return TRUE;
}

static gint compare_rows(gconstpointer a, gconstpointer b) {
  const TopRow *x = a, *y = b;
  if (x->events != y->events)
    return x->events < y->events ? 1 : -1;
  return strcmp(x->name, y->name);
}

static void gather_top(Run *run, guint list, guint limit) {
  Overview *overview = run->overview;
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(TopRow));
  g_array_set_clear_func(rows, row_clear);
  for (guint32 code = 0; code < run->n_codes; code++) {
    TopRow row = {0};
    for (guint i = 0; i < run->n_workers; i++)
      row.events += run->workers[i].counts[list][code];
    if (row.events == 0)
      continue;
    Text name = list == LIST_CHANNELS ? field_shared_entry(run->channel, code).text
                                      : names_text(snapshot_names(run->question->snapshot), lists[list].kind, (guint16)code);
    row.name = code == NAME_NONE ? g_strdup("(none)") : text_dup(name);
    g_array_append_val(rows, row);
  }
  g_array_sort(rows, compare_rows);
  overview->top_total[list] = rows->len;
  g_array_set_size(rows, MIN(rows->len, limit));
  overview->top[list] = rows;
}

static void gather_first(Run *run) {
  Overview *overview = run->overview;
  for (guint i = 0; i < run->n_workers; i++) {
    const Overview *sum = &run->workers[i].sum;
    for (guint reason = 0; reason < EXCLUDED_REASONS; reason++)
      overview->excluded[reason] += sum->excluded[reason];
    overview->unidentified += sum->unidentified;
    if (sum->events == 0)
      continue;
    overview->first_ms = overview->events ? MIN(overview->first_ms, sum->first_ms) : sum->first_ms;
    overview->last_ms = overview->events ? MAX(overview->last_ms, sum->last_ms) : sum->last_ms;
    overview->events += sum->events;
  }
}

static guint64 gather_visitors(const Run *run) {
  g_autoptr(GHashTable) all = g_hash_table_new(g_int64_hash, g_int64_equal);
  for (guint i = 0; i < run->n_workers; i++) {
    GHashTableIter iter;
    gpointer hash;
    if (run->workers[i].visitors == NULL)
      continue;
    g_hash_table_iter_init(&iter, run->workers[i].visitors);
    while (g_hash_table_iter_next(&iter, &hash, NULL))
      g_hash_table_add(all, hash);
  }
  return g_hash_table_size(all);
}

static void gather_second(Run *run, guint limit) {
  Overview *overview = run->overview;
  for (guint list = 0; list < LISTS; list++)
    gather_top(run, list, limit);
  overview->visitor_days = gather_visitors(run);
  overview->points = g_array_new(FALSE, TRUE, sizeof(guint64));
  g_array_set_size(overview->points, overview->starts->len);
  for (guint i = 0; i < run->n_workers; i++) {
    overview->persons += run->workers[i].sum.persons;
    overview->journeys += run->workers[i].sum.journeys;
    for (guint j = 0; j < overview->starts->len; j++)
      g_array_index(overview->points, guint64, j) += run->workers[i].points[j];
    for (guint j = 0; j < overview->goals->len; j++)
      goal_sum_join(&g_array_index(overview->goals, GoalSum, j), &run->workers[i].goals[j]);
  }
}

static void make_goals(Run *run) {
  run->overview->goal_names = goal_sum_names(run->question->project);
  run->overview->goals = g_array_new(FALSE, TRUE, sizeof(GoalSum));
  g_array_set_size(run->overview->goals, run->overview->goal_names->len);
}

static gboolean run_passes(Run *run, const Params *params, GError **error) {
  gint64 limit;
  if (!params_int(params, "limit", 1, TOP_MAX, &limit, error) || !(run->scope = scope_new(run->question, error)) ||
      !(run->derive = derive_new(run->question, error)) || !(run->channel = field_new(run->question, "channel", error)) ||
      !(run->visitor = field_new(run->question, "visitor", error)) || !marks_new(run->question, &run->marks, error))
    return FALSE;
  derive_without_touchpoints(run->derive);
  run->n_codes = MAX(CODES, field_shared_count(run->channel));
  make_goals(run);
  run->n_workers = question_threads(run->question);
  run->workers = g_new0(Worker, run->n_workers);
  if (!question_each_block(run->question, first_pass, run, error))
    return FALSE;
  gather_first(run);
  if (run->overview->events == 0)
    return TRUE;
  make_periods(run);
  index_periods(run);
  for (guint i = 0; i < run->n_workers; i++) {
    for (guint list = 0; list < LISTS; list++)
      run->workers[i].counts[list] = g_new0(guint64, run->n_codes);
    run->workers[i].points = g_new0(guint64, run->overview->starts->len);
    run->workers[i].goals = g_new0(GoalSum, run->overview->goals->len + 1);
    run->workers[i].scratch = derive_scratch_new(run->derive);
  }
  if (!question_each_block(run->question, second_pass, run, error))
    return FALSE;
  gather_second(run, (guint)limit);
  run->overview->notes = derive_notes(run->derive);
  return TRUE;
}

static gpointer overview_run(const Question *question, const Params *params, GError **error) {
  Overview *overview = g_new0(Overview, 1);
  Run run = {.question = question, .overview = overview};
  overview->erased_totals = question->project->erased_totals;
  Record *record = snapshot_record(question->snapshot);
  gboolean done =
      run_passes(&run, params, error) && record_erased(record, &overview->erased_persons, &overview->erased_events, error);
  run_clear(&run);
  if (done)
    return overview;
  overview_free(overview);
  return NULL;
}

/* --- shown --------------------------------------------------------------------------------------------------- */

static void write_top(const Overview *overview, guint list, JsonOut *out) {
  g_autofree char *total = g_strdup_printf("%s_total", lists[list].name);
  json_kv_int(out, total, overview->top_total[list]);
  json_key(out, lists[list].name);
  json_array(out);
  for (guint i = 0; overview->top[list] && i < overview->top[list]->len; i++) {
    const TopRow *row = &g_array_index(overview->top[list], TopRow, i);
    json_object(out);
    json_kv_string(out, lists[list].item, row->name);
    json_kv_int(out, "events", (gint64)row->events);
    json_object_end(out);
  }
  json_array_end(out);
}

static void write_notes(const Overview *overview, JsonOut *out) {
  json_key(out, "notes");
  json_object(out);
  json_kv_int(out, "repeated_orders", (gint64)overview->notes.repeated_orders);
  json_kv_int(out, "unmatched_adjustments", (gint64)overview->notes.unmatched_adjustments);
  json_kv_int(out, "amounts_without_rate", (gint64)overview->notes.foreign_currency);
  json_kv_int(out, "negative_values", (gint64)overview->notes.negative_values);
  json_object_end(out);
}

static void write_instant(JsonOut *out, const char *key, const Overview *overview, gint64 ms) {
  g_autofree char *text = overview->events ? clock_text(ms) : NULL;
  json_kv_string(out, key, text);
}

static void overview_json(gconstpointer result, JsonOut *out) {
  const Overview *overview = result;
  json_kv_int(out, "events", (gint64)overview->events);
  json_kv_int(out, "persons", (gint64)overview->persons);
  json_kv_int(out, "journeys", (gint64)overview->journeys);
  goal_sums_write(overview->goal_names, overview->goals, out);
  write_notes(overview, out);
  write_instant(out, "from", overview, overview->first_ms);
  write_instant(out, "to", overview, overview->last_ms);
  json_key(out, "excluded");
  json_object(out);
  for (guint reason = 0; reason < EXCLUDED_REASONS; reason++)
    json_kv_int(out, excluded_reason(reason), (gint64)overview->excluded[reason]);
  json_object_end(out);
  if (overview->erased_totals) {
    json_key(out, "erased");
    json_object(out);
    json_kv_int(out, "persons", (gint64)overview->erased_persons);
    json_kv_int(out, "events", (gint64)overview->erased_events);
    json_object_end(out);
  }
  json_kv_int(out, "unidentified", (gint64)overview->unidentified);
  json_kv_int(out, "visitor_days", (gint64)overview->visitor_days);
  for (guint list = 0; list < LISTS; list++)
    write_top(overview, list, out);
  json_kv_string(out, "period", overview->period);
  json_key(out, "periods");
  json_array(out);
  for (guint i = 0; overview->points && i < overview->points->len; i++) {
    json_object(out);
    json_kv_string(out, "start", g_ptr_array_index(overview->starts, i));
    json_kv_int(out, "events", (gint64)g_array_index(overview->points, guint64, i));
    json_object_end(out);
  }
  json_array_end(out);
}

static void table_figure(Table *table, const char *name, guint64 value) {
  table_text(table, name);
  table_int(table, (gint64)value);
}

static void table_top(const Overview *overview, guint list, Table *table) {
  table_title(table, "By %s", lists[list].item);
  table_column(table, lists[list].item, CELL_TEXT);
  table_column(table, "events", CELL_INT);
  table_column(table, "", CELL_BAR);
  table_column(table, "share", CELL_SHARE);
  for (guint i = 0; i < overview->top[list]->len; i++) {
    const TopRow *row = &g_array_index(overview->top[list], TopRow, i);
    table_text(table, row->name);
    table_int(table, (gint64)row->events);
    table_number(table, (double)row->events / (double)overview->events);
    table_number(table, (double)row->events / (double)overview->events);
  }
  if (overview->top_total[list] > overview->top[list]->len)
    table_note(table, "%u of %u shown; --limit shows more.", overview->top[list]->len, overview->top_total[list]);
}

/* What was passed over or taken for zero, so that nothing disappears in silence. */
static void table_notes(const DeriveNotes *notes, Table *table) {
  const struct {
    guint64 n;
    const char *text;
  } lines[] = {
      {notes->repeated_orders, "row(s) repeat an order that is counted once, with the latest value."},
      {notes->unmatched_adjustments, "return(s), cancellation(s) or the like name no known order and change nothing."},
      {notes->foreign_currency, "amount(s) count as 0: the project file has no rate for their currency on that day (rates)."},
      {notes->negative_values, "conversion(s) of a negative amount, which counts as 0."},
  };
  for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
    if (lines[i].n)
      table_note(table, "%" G_GUINT64_FORMAT " %s", lines[i].n, lines[i].text);
}

static void table_periods(const Overview *overview, Table *table) {
  guint n = overview->points->len;
  if (table_is_csv(table)) {
    table_title(table, "By %s", overview->period);
    table_column(table, overview->period, CELL_TEXT);
    table_column(table, "events", CELL_INT);
    for (guint i = 0; i < n; i++)
      table_figure(table, g_ptr_array_index(overview->starts, i), g_array_index(overview->points, guint64, i));
    return;
  }
  g_autofree double *values = g_new(double, n);
  for (guint i = 0; i < n; i++)
    values[i] = (double)g_array_index(overview->points, guint64, i);
  table_spark(table, values, n, g_ptr_array_index(overview->starts, 0), g_ptr_array_index(overview->starts, n - 1));
}

static void overview_table(gconstpointer result, Table *table) {
  const Overview *overview = result;
  table_title(table, "Overview");
  table_column(table, "figure", CELL_TEXT);
  table_column(table, "value", CELL_INT);
  table_figure(table, "events", overview->events);
  table_figure(table, "persons", overview->persons);
  table_figure(table, "journeys", overview->journeys);
  table_figure(table, "unidentified events", overview->unidentified);
  for (guint reason = 0; reason < EXCLUDED_REASONS; reason++) {
    g_autofree char *name = g_strdup_printf("excluded events (%s)", excluded_reason(reason));
    if (overview->excluded[reason] || table_is_csv(table))
      table_figure(table, name, overview->excluded[reason]);
  }
  if (overview->erased_totals && overview->erased_persons) {
    table_figure(table, "erased persons", overview->erased_persons);
    table_figure(table, "erased events", overview->erased_events);
  }
  if (overview->events == 0)
    return;
  g_autofree char *first = clock_text(overview->first_ms), *last = clock_text(overview->last_ms);
  table_note(table, "From %s to %s.", first, last);
  table_periods(overview, table);
  if (overview->goals->len) {
    goal_sums_table(overview->goal_names, overview->goals, table);
    table_notes(&overview->notes, table);
  }
  for (guint list = 0; list < LISTS; list++)
    table_top(overview, list, table);
}

static void overview_finding(gconstpointer result, const Project *project, const char *language, Finding *out) {
  const Overview *overview = result;
  finding_set(out, overview->events == 0 ? "overview.empty" : "overview.activity");
  finding_count(out, "events", overview->events);
  finding_count(out, "persons", overview->persons);
  finding_count(out, "journeys", overview->journeys);
  if (overview->events == 0 || overview->goals->len == 0)
    return;
  const GoalSum *sum = &g_array_index(overview->goals, GoalSum, 0);
  const Goal *goal = project->goals->pdata[0];
  finding_set(out, "overview.conversions");
  finding_text(out, "goal", goal->rule.name, rule_label(&goal->rule, language));
  finding_count(out, "conversions", sum->conversions);
  finding_money(out, "value", sum->value, project->currency);
  finding_money(out, "net_value", sum->net_value, project->currency);
}

static const Param params[] = {
    {"limit", PARAM_INT, .fallback = "10", .help = "rows of each list"},
    {0},
};

const Report overview_report = {
    .name = "overview",
    .summary = "What the record holds: events, persons, journeys, since when, from which sources and channels.",
    .example = "--from 2025-01-01 --to 2025-03-31",
    .params = params,
    .run = overview_run,
    .json = overview_json,
    .table = overview_table,
    .free = overview_free,
    .finding = overview_finding,
    .by_goals = TRUE,
};
