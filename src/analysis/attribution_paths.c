// SPDX-License-Identifier: Apache-2.0
// A person's touches stand in a row; each conversion of the goal takes those since the last one (within the lookback) and
// cuts. A visit counts for every conversion inside it, so it may stand in two paths:
//
//   ad   visit[ page page ORDER page ORDER ]   mail   (nothing for 30 days)
//   path 1: ad > visit -> converts;  path 2: visit -> converts;  path 3: mail -> null
//
// Workers count distinct sequences in tables of their own; settling gives keys and paths one order for all.
#include "analysis/attribution_paths.h"
#include "analysis/bits.h"
#include "analysis/derive.h"
#include "analysis/key.h"
#include "analysis/path_counter.h"
#include "analysis/scope.h"
#include "base/error.h"
#include "base/hash.h"
#include "journey/column.h"
#include <math.h>
#include <string.h>

typedef struct {
  gint64 time_ms;
  guint32 key, visit, event;
  gboolean navigational, faint; /* faint: an open or a view */
} Touch;

typedef struct { /* one worker's */
  PathCounter counter;
  DeriveScratch *derive;
  guint32 *keys;
  guint64 *brand;
  guint capacity;
  GArray *touches;      /* Touch: since the last cut */
  GArray *kept;         /* guint32 codes of the path at hand */
  GArray *kept_time;    /* gint64 */
  GArray *visit_touch;  /* Touch by visit number of the person at hand */
  GArray *conversation; /* guint32 pairs: (code, -) of conversations seen by this person */
} Worker;

typedef struct {
  const Question *question;
  const AttributionOptions *options;
  Derive *derive;
  Scope *scope;
  Key *key;
  Column *term, *conversation; /* NULL when not needed or not there */
  guint16 direct, organic_search, paid_search;
  guint goal;
  GPtrArray *brands; /* lower case */
  Worker *workers;
} Collect;

/* --- one person's touches ------------------------------------------------------------------------ */

/* Shares 2^(-dt / half-life), normed to one. */
static void add_decay(PathCounter *counter, const PathCell *cell, const gint64 *times, const Conversion *conversion,
                      gint64 half_life_ms) {
  gint64 at_ms = conversion->time_ms;
  double sum = 0;
  for (guint i = 0; i < cell->n; i++)
    sum += exp2(-(double)(at_ms - times[i]) / (double)half_life_ms);
  for (guint i = 0; i < cell->n; i++) {
    double share = sum > 0 ? exp2(-(double)(at_ms - times[i]) / (double)half_life_ms) / sum : 1.0 / cell->n;
    DecaySum *of = &g_array_index(counter->decay, DecaySum, cell->first + i);
    of->share += llround(share * 4294967296.0);
    of->value += llround(share * (double)conversion->value);
    of->net_value += llround(share * (double)conversion->net_value);
  }
}

/* Leaves out navigational touches unless there is nothing else. */
static void keep_path(Worker *worker, const AttributionOptions *options, const Touch *extra, gint64 from_ms) {
  gboolean other = extra && !extra->navigational;
  for (guint i = 0; i < worker->touches->len; i++) {
    const Touch *touch = &g_array_index(worker->touches, Touch, i);
    other = other || (!touch->navigational && touch->time_ms >= from_ms);
  }
  gboolean all = options->keep_navigational || !other;
  g_array_set_size(worker->kept, 0);
  g_array_set_size(worker->kept_time, 0);
  if (extra && (all || !extra->navigational)) {
    g_array_append_val(worker->kept, extra->key);
    g_array_append_val(worker->kept_time, extra->time_ms);
  }
  for (guint i = 0; i < worker->touches->len; i++) {
    const Touch *touch = &g_array_index(worker->touches, Touch, i);
    if (touch->time_ms < from_ms || (touch->navigational && !all))
      continue;
    g_array_append_val(worker->kept, touch->key);
    g_array_append_val(worker->kept_time, touch->time_ms);
  }
}

/* The visit that a conversion lies in, when an earlier conversion cut it off already or the lookback would. */
static const Touch *visit_again(Worker *worker, guint32 visit, gint64 from_ms) {
  if (visit == 0 || visit >= worker->visit_touch->len)
    return NULL;
  const Touch *touch = &g_array_index(worker->visit_touch, Touch, visit);
  if (touch->visit != visit)
    return NULL;
  for (guint i = 0; i < worker->touches->len; i++)
    if (g_array_index(worker->touches, Touch, i).visit == visit && touch->time_ms >= from_ms)
      return NULL;
  return touch;
}

static void take_conversion(const Collect *collect, Worker *worker, const Conversion *conversion, guint64 person, gboolean counts) {
  const AttributionOptions *options = collect->options;
  PathCounter *counter = &worker->counter;
  if (counts) {
    gint64 from_ms = conversion->time_ms - options->lookback_ms;
    keep_path(worker, options, visit_again(worker, conversion->visit, from_ms), from_ms);
    if (worker->kept->len == 0) {
      counter->none_conversions++;
      counter->none_value += conversion->value;
      counter->none_net_value += conversion->net_value;
    } else {
      guint32 at = path_counter_find(counter, (const guint32 *)(gpointer)worker->kept->data, worker->kept->len);
      PathCell *cell = &g_array_index(counter->cells, PathCell, at);
      cell->conversions++;
      cell->value += conversion->value;
      cell->net_value += conversion->net_value;
      add_decay(counter, cell, (const gint64 *)(gpointer)worker->kept_time->data, conversion, options->half_life_ms);
      path_counter_person(counter, person, at, TRUE, conversion->value);
    }
  }
  g_array_set_size(worker->touches, 0);
}

static void take_rest(const Collect *collect, Worker *worker, guint64 person) {
  if (worker->touches->len == 0)
    return;
  gint64 last_ms = g_array_index(worker->touches, Touch, worker->touches->len - 1).time_ms;
  if (collect->question->now_ms - last_ms <= collect->options->goal->inactivity_ms) {
    worker->counter.open_paths++;
  } else if (last_ms >= collect->question->from_ms && last_ms < collect->question->to_ms) {
    keep_path(worker, collect->options, NULL, G_MININT64);
    guint32 at = path_counter_find(&worker->counter, (const guint32 *)(gpointer)worker->kept->data, worker->kept->len);
    g_array_index(worker->counter.cells, PathCell, at).nulls++;
    path_counter_person(&worker->counter, person, at, FALSE, 0);
  }
  g_array_set_size(worker->touches, 0);
}

typedef struct { /* a block while its persons are walked */
  const Block *data;
  const Derived *derived;
  const ScopeBlock *scope;
  ColumnBlock conversation;
} Ground;

static gboolean is_navigational(const Collect *collect, const Worker *worker, const Block *data, guint32 event) {
  guint32 channel = codes_at(&data->channel, event);
  if (channel && channel == collect->direct)
    return TRUE;
  gboolean search = channel && (channel == collect->organic_search || channel == collect->paid_search);
  return search && collect->term && bit_at(worker->brand, event);
}

/* FALSE when this conversation was a touch before. */
static gboolean conversation_is_new(const Collect *collect, Worker *worker, const Ground *ground, guint32 event) {
  guint32 code = collect->conversation ? codes_at(&ground->conversation.codes, event) : 0;
  for (guint i = 0; code && i < worker->conversation->len; i++)
    if (g_array_index(worker->conversation, guint32, i) == code)
      return FALSE;
  if (code)
    g_array_append_val(worker->conversation, code);
  return TRUE;
}

static gboolean first_of_visit(Worker *worker, guint32 visit) {
  if (visit < worker->visit_touch->len)
    return g_array_index(worker->visit_touch, Touch, visit).visit != visit;
  return TRUE;
}

static void remember_visit(Worker *worker, const Touch *touch) {
  guint before = worker->visit_touch->len;
  if (touch->visit >= before) {
    g_array_set_size(worker->visit_touch, touch->visit + 1);
    memset(&g_array_index(worker->visit_touch, Touch, before), 0, (touch->visit + 1 - before) * sizeof(Touch));
  }
  g_array_index(worker->visit_touch, Touch, touch->visit) = *touch;
}

/* A click takes the place of the opens and views of its channel that it followed. */
static void drop_faint(Worker *worker, const Touch *click, gint64 views_ms) {
  for (guint i = worker->touches->len; i-- > 0;) {
    const Touch *touch = &g_array_index(worker->touches, Touch, i);
    if (touch->faint && touch->key == click->key && click->time_ms - touch->time_ms <= views_ms)
      g_array_remove_index(worker->touches, i);
  }
}

static gboolean is_attribution_touch(const Collect *collect, Worker *worker, const Ground *ground, guint32 event, gboolean *faint) {
  const Block *data = ground->data;
  const Derived *derived = ground->derived;
  Grade grade = (Grade)codes_at(&data->grade, event);
  if (!bit_at(derived->touch, event) || bit_at(derived->converts, event) || bit_at(derived->adjusts, event) ||
      grade == GRADE_DELIVERED || !bit_at(data->converses, event))
    return FALSE;
  *faint = grade == GRADE_OPEN || grade == GRADE_VIEW;
  if (*faint)
    return collect->options->views_ms > 0;
  return bit_at(derived->customer, event) && conversation_is_new(collect, worker, ground, event);
}

static void take_event(const Collect *collect, Worker *worker, const Ground *ground, guint32 event) {
  guint32 visit = codes_at(&ground->data->visit, event);
  gboolean faint = FALSE;
  if (visit ? !first_of_visit(worker, visit) || !bit_at(ground->derived->seen, event)
            : !is_attribution_touch(collect, worker, ground, event, &faint))
    return;
  Touch touch = {block_time_ms(ground->data, event),
                 worker->keys[event],
                 visit,
                 event,
                 is_navigational(collect, worker, ground->data, event),
                 faint};
  if (collect->options->views_ms > 0 && !faint)
    drop_faint(worker, &touch, collect->options->views_ms);
  g_array_append_val(worker->touches, touch);
  if (visit)
    remember_visit(worker, &touch);
}

static gboolean conversion_counts(const Collect *collect, const Ground *ground, const Conversion *conversion, gboolean again) {
  if (conversion->time_ms < collect->question->from_ms || conversion->time_ms >= collect->question->to_ms)
    return FALSE;
  if (collect->options->customers != CUSTOMERS_ALL && again != (collect->options->customers == CUSTOMERS_RETURNING))
    return FALSE;
  return !ground->scope->kept || bit_at(ground->scope->kept, conversion->event);
}

static void take_person(const Collect *collect, Worker *worker, const Ground *ground, guint32 person) {
  const Block *data = ground->data;
  const Derived *derived = ground->derived;
  guint32 next = derived->person_conversions[person], end = derived->person_conversions[person + 1];
  gboolean again = FALSE;
  g_array_set_size(worker->touches, 0);
  g_array_set_size(worker->visit_touch, 0);
  g_array_set_size(worker->conversation, 0);
  for (guint32 event = data->person_start[person]; event < data->person_start[person + 1]; event++) {
    take_event(collect, worker, ground, event);
    for (; next < end && derived->conversions[next].event == event; next++) {
      const Conversion *conversion = &derived->conversions[next];
      if (conversion->goal != collect->goal)
        continue;
      take_conversion(collect, worker, conversion, data->person_id[person], conversion_counts(collect, ground, conversion, again));
      again = TRUE;
    }
  }
  take_rest(collect, worker, data->person_id[person]);
}

static gboolean mark_brands(const Collect *collect, Worker *worker, guint block, const Block *data, GError **error) {
  ColumnBlock column;
  if (!collect->term)
    return TRUE;
  if (!column_block(collect->term, block, &column, error))
    return FALSE;
  g_autofree guint8 *verdict = g_new0(guint8, column.n_entries);
  for (guint32 i = 1; i < column.n_entries; i++) {
    Text text = column_entry(&column, i).text;
    g_autofree char *lower = g_utf8_strdown(text.at, (gssize)text.size);
    for (guint b = 0; b < collect->brands->len && !verdict[i]; b++)
      verdict[i] = strstr(lower, collect->brands->pdata[b]) != NULL;
  }
  memset(worker->brand, 0, bits_words(data->n_events) * sizeof *worker->brand);
  for (guint32 i = 0; i < data->n_events; i++)
    if (verdict[codes_at(&column.codes, i)])
      bit_set(worker->brand, i);
  return TRUE;
}

/* Conversions of nobody: a row of their own in every model. */
static gboolean take_unidentified(Collect *collect, Worker *worker, guint block, const Block *data, const ScopeBlock *scope,
                                  GError **error) {
  Derived derived;
  PathCounter *counter = &worker->counter;
  Ground ground = {.data = data, .derived = &derived, .scope = scope};
  if (!derive_block(collect->derive, worker->derive, block, data, &derived, error))
    return FALSE;
  for (guint32 c = 0; c < derived.person_conversions[data->n_persons]; c++) {
    const Conversion *conversion = &derived.conversions[c];
    if (conversion->goal != collect->goal || collect->options->customers != CUSTOMERS_ALL ||
        !conversion_counts(collect, &ground, conversion, FALSE))
      continue;
    counter->unidentified++;
    counter->unidentified_value += conversion->value;
    counter->unidentified_net_value += conversion->net_value;
  }
  return TRUE;
}

static gboolean collect_block(const Question *question, guint block, const Block *data, guint worker_number, gpointer user,
                              GError **error) {
  Collect *collect = user;
  Worker *worker = &collect->workers[worker_number];
  ScopeBlock scope;
  Derived derived;
  if (!scope_block(collect->scope, block, data, worker_number, &scope, error))
    return FALSE;
  if (scope.nothing)
    return TRUE;
  if (data->n_events > worker->capacity) {
    worker->capacity = data->n_events + data->n_events / 4;
    worker->keys = g_renew(guint32, worker->keys, worker->capacity);
    worker->brand = g_renew(guint64, worker->brand, bits_words(worker->capacity));
  }
  if (!worker->derive)
    worker->derive = derive_scratch_new(collect->derive);
  if (data->unidentified)
    return take_unidentified(collect, worker, block, data, &scope, error);
  Ground ground = {.data = data, .derived = &derived, .scope = &scope};
  if (!derive_block(collect->derive, worker->derive, block, data, &derived, error) ||
      !key_block(collect->key, block, data, worker->keys, error) || !mark_brands(collect, worker, block, data, error) ||
      (collect->conversation && !column_block(collect->conversation, block, &ground.conversation, error)))
    return FALSE;
  for (guint32 p = 0; p < data->n_persons; p++) {
    guint32 start = data->person_start[p], end = data->person_start[p + 1];
    gboolean visible = !scope.visible || bits_next(scope.visible, start, end) < end;
    if (!bit_at(data->dead, p) && visible)
      take_person(collect, worker, &ground, p);
  }
  return TRUE;
}

/* --- putting the workers' tables together -------------------------------------------------------- */

AttributionPaths *attribution_paths_new(void) {
  AttributionPaths *paths = g_new0(AttributionPaths, 1);
  guint32 zero = 0;
  paths->keys = g_ptr_array_new_with_free_func(g_free);
  paths->start = g_array_new(FALSE, FALSE, sizeof(guint32));
  paths->elements = g_array_new(FALSE, FALSE, sizeof(guint32));
  paths->decay = g_array_new(FALSE, FALSE, sizeof(DecaySum));
  GArray **columns[] = {&paths->conversions, &paths->nulls, &paths->value, &paths->net_value};
  for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
    *columns[i] = g_array_new(FALSE, FALSE, sizeof(gint64));
  g_array_append_val(paths->start, zero);
  return paths;
}

void attribution_paths_free(AttributionPaths *paths) {
  if (!paths)
    return;
  GArray *arrays[] = {paths->start, paths->elements,  paths->conversions, paths->nulls,
                      paths->value, paths->net_value, paths->decay};
  for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
    g_array_unref(arrays[i]);
  g_clear_pointer(&paths->persons, g_array_unref);
  g_ptr_array_unref(paths->keys);
  g_free(paths);
}

static int path_compare(gconstpointer a, gconstpointer b, gpointer user) {
  const AttributionPaths *paths = user;
  guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;
  const guint32 *start = (const guint32 *)(gpointer)paths->start->data, *keys = (const guint32 *)(gpointer)paths->elements->data;
  guint32 n = start[x + 1] - start[x], m = start[y + 1] - start[y];
  for (guint32 i = 0; i < MIN(n, m); i++)
    if (keys[start[x] + i] != keys[start[y] + i])
      return keys[start[x] + i] < keys[start[y] + i] ? -1 : 1;
  return (n > m) - (n < m);
}

static int key_compare(gconstpointer a, gconstpointer b, gpointer user) {
  char *const *keys = user;
  return strcmp(keys[*(const guint32 *)a], keys[*(const guint32 *)b]);
}

/* Keys that occur get numbers in the order of their names; elements are renumbered. Equal names become one. */
static void settle_keys(AttributionPaths *paths) {
  guint n = paths->keys->len, used = 0;
  guint32 *elements = (guint32 *)(gpointer)paths->elements->data;
  g_autofree guint32 *order = g_new(guint32, n + 1), *number = g_new0(guint32, n + 1);
  g_autofree guint8 *occurs = g_new0(guint8, n + 1);
  for (guint i = 0; i < paths->elements->len; i++)
    occurs[elements[i]] = 1;
  for (guint i = 0; i < n; i++)
    if (occurs[i])
      order[used++] = i;
  g_qsort_with_data(order, (gint)used, sizeof *order, key_compare, paths->keys->pdata);
  GPtrArray *sorted = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < used; i++) {
    const char *name = paths->keys->pdata[order[i]];
    if (sorted->len == 0 || strcmp(sorted->pdata[sorted->len - 1], name) != 0)
      g_ptr_array_add(sorted, g_strdup(name));
    number[order[i]] = sorted->len - 1;
  }
  for (guint i = 0; i < paths->elements->len; i++)
    elements[i] = number[elements[i]];
  g_ptr_array_unref(paths->keys);
  paths->keys = sorted;
}

static void add_at(GArray *array, guint at, const GArray *from, guint index) {
  g_array_index(array, gint64, at) += g_array_index(from, gint64, index);
}

static int person_compare(gconstpointer a, gconstpointer b) {
  const PathOfPerson *x = a, *y = b;
  if (x->person != y->person)
    return x->person < y->person ? -1 : 1;
  if (x->path != y->path)
    return x->path < y->path ? -1 : 1;
  return (x->value > y->value) - (x->value < y->value);
}

static void add_decay_at(GArray *to, guint at, const GArray *from, guint of) {
  DecaySum *sum = &g_array_index(to, DecaySum, at);
  const DecaySum *more = &g_array_index(from, DecaySum, of);
  *sum = (DecaySum){sum->share + more->share, sum->value + more->value, sum->net_value + more->net_value};
}

void attribution_paths_settle(AttributionPaths *old) {
  settle_keys(old);
  guint n = old->start->len - 1;
  g_autofree guint32 *order = g_new(guint32, n + 1), *renumbered = g_new(guint32, n + 1);
  for (guint i = 0; i < n; i++)
    order[i] = i;
  g_qsort_with_data(order, (gint)n, sizeof *order, path_compare, old);
  AttributionPaths *fresh = attribution_paths_new();
  const guint32 *start = (const guint32 *)(gpointer)old->start->data;
  for (guint i = 0; i < n; i++) {
    guint32 path = order[i], length = start[path + 1] - start[path], last = fresh->start->len - 1;
    if (i == 0 || path_compare(&order[i - 1], &path, old) != 0) {
      guint32 end = fresh->elements->len + length;
      gint64 zero = 0;
      DecaySum none = {0, 0, 0};
      if (length)
        g_array_append_vals(fresh->elements, &g_array_index(old->elements, guint32, start[path]), length);
      g_array_append_val(fresh->start, end);
      for (guint k = 0; k < length && old->decay->len; k++)
        g_array_append_val(fresh->decay, none);
      GArray *columns[] = {fresh->conversions, fresh->nulls, fresh->value, fresh->net_value};
      for (guint k = 0; k < G_N_ELEMENTS(columns); k++)
        g_array_append_val(columns[k], zero);
    } else {
      last--;
    }
    add_at(fresh->conversions, last, old->conversions, path);
    add_at(fresh->nulls, last, old->nulls, path);
    add_at(fresh->value, last, old->value, path);
    add_at(fresh->net_value, last, old->net_value, path);
    for (guint k = 0; k < length && old->decay->len; k++)
      add_decay_at(fresh->decay, g_array_index(fresh->start, guint32, last) + k, old->decay, start[path] + k);
    renumbered[path] = last;
  }
  GArray *sink[] = {old->start, old->elements, old->conversions, old->nulls, old->value, old->net_value, old->decay};
  for (guint i = 0; i < G_N_ELEMENTS(sink); i++)
    g_array_unref(sink[i]);
  old->start = fresh->start;
  old->elements = fresh->elements;
  old->conversions = fresh->conversions;
  old->nulls = fresh->nulls;
  old->value = fresh->value;
  old->net_value = fresh->net_value;
  old->decay = fresh->decay;
  g_ptr_array_unref(fresh->keys);
  g_free(fresh);
  for (guint i = 0; old->persons && i < old->persons->len; i++) {
    PathOfPerson *row = &g_array_index(old->persons, PathOfPerson, i);
    row->path = renumbered[row->path];
  }
  if (old->persons)
    g_array_sort(old->persons, person_compare);
}

static AttributionPaths *gather(Collect *collect) {
  guint n = question_threads(collect->question), n_names = key_count(collect->key);
  g_autofree PathCounter **counters = g_new(PathCounter *, n);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < n; i++)
    counters[i] = &collect->workers[i].counter;
  for (guint i = 0; i < n_names; i++)
    g_ptr_array_add(names, i == KEY_NONE ? g_strdup("(not set)") : text_dup(key_text(collect->key, i)));
  return path_counter_gather(counters, n, (const char *const *)names->pdata, n_names);
}

void attribution_paths_add(AttributionPaths *paths, const char *const *keys, guint n, gint64 conversions, gint64 nulls,
                           gint64 value) {
  for (guint i = 0; i < n; i++) {
    guint32 number = paths->keys->len;
    g_ptr_array_add(paths->keys, g_strdup(keys[i]));
    g_array_append_val(paths->elements, number);
  }
  guint32 end = paths->elements->len;
  g_array_append_val(paths->start, end);
  g_array_append_val(paths->conversions, conversions);
  g_array_append_val(paths->nulls, nulls);
  g_array_append_val(paths->value, value);
  g_array_append_val(paths->net_value, value);
}

/* --- the pass ------------------------------------------------------------------------------------ */

static gboolean collect_init(Collect *collect, GError **error) {
  const Question *question = collect->question;
  const Names *names = snapshot_names(question->snapshot);
  const Project *project = question->project;
  collect->direct = names_find(names, NAME_CHANNEL, text_of("direct"));
  collect->organic_search = names_find(names, NAME_CHANNEL, text_of("organic_search"));
  collect->paid_search = names_find(names, NAME_CHANNEL, text_of("paid_search"));
  collect->brands = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < project->brand_terms->len; i++)
    g_ptr_array_add(collect->brands, g_utf8_strdown(project->brand_terms->pdata[i], -1));
  for (guint i = 0; i < project->goals->len; i++)
    if (project->goals->pdata[i] == collect->options->goal)
      collect->goal = i;
  if (!(collect->derive = derive_new(question, error)) || !(collect->scope = scope_new(question, error)) ||
      !(collect->key = key_new(question, collect->options->key, error)))
    return FALSE;
  if (collect->brands->len && column_known(names, "term") && !(collect->term = column_open(question->snapshot, "term", error)))
    return FALSE;
  const char *conversation = "properties.conversation_id";
  return !column_known(names, conversation) ||
         (collect->conversation = column_open(question->snapshot, conversation, error)) != NULL;
}

static void worker_init(Worker *worker) {
  path_counter_init(&worker->counter);
  worker->touches = g_array_new(FALSE, FALSE, sizeof(Touch));
  worker->kept = g_array_new(FALSE, FALSE, sizeof(guint32));
  worker->kept_time = g_array_new(FALSE, FALSE, sizeof(gint64));
  worker->visit_touch = g_array_new(FALSE, FALSE, sizeof(Touch));
  worker->conversation = g_array_new(FALSE, FALSE, sizeof(guint32));
}

static void worker_clear(Worker *worker) {
  path_counter_clear(&worker->counter);
  derive_scratch_free(worker->derive);
  g_free(worker->keys);
  g_free(worker->brand);
  GArray *arrays[] = {worker->touches, worker->kept, worker->kept_time, worker->visit_touch, worker->conversation};
  for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
    g_array_unref(arrays[i]);
}

AttributionPaths *attribution_paths_collect(const Question *question, const AttributionOptions *options, GError **error) {
  Collect collect = {.question = question, .options = options};
  guint n = question_threads(question);
  AttributionPaths *paths = NULL;
  collect.workers = g_new0(Worker, n);
  for (guint i = 0; i < n; i++)
    worker_init(&collect.workers[i]);
  if (collect_init(&collect, error) && question_each_block(question, collect_block, &collect, error))
    paths = gather(&collect);
  for (guint i = 0; i < n; i++)
    worker_clear(&collect.workers[i]);
  g_free(collect.workers);
  derive_free(collect.derive);
  scope_free(collect.scope);
  key_free(collect.key);
  column_free(collect.term);
  column_free(collect.conversation);
  g_ptr_array_unref(collect.brands);
  return paths;
}
