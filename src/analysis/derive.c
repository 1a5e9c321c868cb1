// SPDX-License-Identifier: Apache-2.0
// Two steps a block. First every rule becomes a bitmap or a code an event (filters, so dictionary rules cost almost
// nothing). Then one walk over each person's events in order draws conversions, journeys and stages:
//
//   ad   page  page        order  page   delivery        page ...
//   |----- journey 1 -----------| |-- tail of 1 --|      |-- journey 2, begins at restart_stage
//          one visit ------------------|
//
// A journey is opened and kept alive by the customer's touches only. A closing conversion ends it; the rest of that
// visit and touches at after-sales touchpoints are its tail, even while the next journey is open. A second closing
// conversion in the same visit is a journey of its own.
#include "analysis/derive.h"
#include "analysis/bits.h"
#include "analysis/derive_cache.h"
#include "analysis/filter.h"
#include "analysis/key.h"
#include "analysis/money.h"
#include "analysis/orders.h"
#include "analysis/rules.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/hash.h"
#include "journey/column.h"
#include <stdatomic.h>
#include <string.h>

enum { NONE = G_MAXUINT32 };

typedef struct {
  Filter *when;
  Column *value, *order; /* value NULL with own_value: the event's amount; order NULL none */
  gboolean own_value, worthless;
  AdjustKind kind; /* of an adjustment */
} Matcher;

typedef struct {
  Matcher match;
  GArray *adjustments;   /* of Matcher */
  guint32 authoritative; /* source code, 0 none */
} GoalMatcher;

typedef struct {
  Filter *back;
  int lapse_to, back_to;
  gint64 lapse_ms; /* 0: never */
} StageMatcher;

struct Derive {
  const Question *question;
  const Project *project;
  Key *touchpoint_key;
  Rules *touchpoints, *entries; /* NULL: none; entries: of stages, the furthest first */
  GoalMatcher *goals;
  StageMatcher *stages;
  guint8 *aftersales; /* by code of `touchpoints`: 1 when the rule is one */
  guint8 *entry_of;   /* by code of `entries`: the stage */
  Orders *orders;     /* NULL: no goal names order ids */
  guint8 *untaxed;    /* by source code: 1 where amounts are net of tax; NULL: nowhere */
  gint64 inactivity_ms;
  int restart_stage;
  gboolean falls_back; /* some stage is left backwards by a rule */
  gboolean without_journeys, without_touchpoints;
  gboolean cached, keeps;       /* blocks may be in the question's cache; are put there */
  DeriveState state;            /* with `cached` */
  gint64 lapses_ms[STAGE_NONE]; /* after which some stage lapses */
  guint n_lapses;
  atomic_ullong repeated_orders, unmatched_adjustments, foreign_currency, negative_values;
};

/* --- making ready ------------------------------------------------------------------------------ */

static gboolean make_filter(const Question *question, const Condition *condition, Filter **out, GError **error) {
  if (condition && !(*out = filter_new(question, condition, error)))
    return FALSE;
  return TRUE;
}

static gboolean make_column(const Question *question, const char *field, Column **out, GError **error) {
  if (!field)
    return TRUE;
  const Names *names = snapshot_names(question->snapshot);
  g_autofree char *property = g_strconcat("properties.", field, NULL);
  gboolean bare = !column_known(names, field) && column_known(names, property);
  *out = column_open(question->snapshot, bare ? property : field, error);
  return *out != NULL;
}

/* By the same name as identity reads it, so that an order id that links also counts. */
static gboolean make_order(const Question *question, const char *field, Column **out, GError **error) {
  g_autofree char *key = field ? project_field_key(field) : NULL;
  return !key || (*out = column_open(question->snapshot, key, error)) != NULL;
}

static gboolean make_matcher(const Question *question, const Condition *when, const char *value, const char *order, Matcher *out,
                             GError **error) {
  out->own_value = value && strcmp(value, "value") == 0;
  out->worthless = value == NULL;
  return make_filter(question, when, &out->when, error) && (out->own_value || make_column(question, value, &out->value, error)) &&
         make_order(question, order, &out->order, error);
}

static void matcher_clear(Matcher *matcher) {
  filter_free(matcher->when);
  column_free(matcher->value);
  column_free(matcher->order);
}

static gboolean make_goal(Derive *derive, const Goal *goal, GoalMatcher *out, GError **error) {
  const Question *question = derive->question;
  out->adjustments = g_array_new(FALSE, TRUE, sizeof(Matcher));
  if (goal->authoritative)
    out->authoritative = names_find(snapshot_names(question->snapshot), NAME_SOURCE, text_of(goal->authoritative));
  if (!make_matcher(question, goal->rule.when, goal->value, goal->order, &out->match, error))
    return FALSE;
  for (guint i = 0; i < goal->adjustments->len; i++) {
    const Adjustment *adjustment = goal->adjustments->pdata[i];
    Matcher matcher = {.kind = adjustment->kind};
    gboolean good = make_matcher(question, adjustment->when, adjustment->value, adjustment->order ? adjustment->order : goal->order,
                                 &matcher, error);
    g_array_append_val(out->adjustments, matcher);
    if (!good)
      return FALSE;
  }
  if (goal->closes)
    derive->inactivity_ms = MAX(derive->inactivity_ms, goal->inactivity_ms);
  return TRUE;
}

/* The furthest stage that an event qualifies for wins, so the list is read from its end. */
static gboolean make_entries(Derive *derive, GError **error) {
  const GPtrArray *stages = derive->project->stages;
  g_autoptr(GPtrArray) conditions = g_ptr_array_new(), names = g_ptr_array_new();
  for (guint i = stages->len; i-- > 0;) {
    g_ptr_array_add(conditions, ((const Stage *)stages->pdata[i])->rule.when);
    g_ptr_array_add(names, ((const Stage *)stages->pdata[i])->rule.name);
  }
  derive->entries = rules_new(derive->question, conditions, "stage", names, error);
  return derive->entries != NULL;
}

/* Names of touchpoints that the project does not rule. */
static gboolean make_touchpoints(Derive *derive, GError **error) {
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  Project plain = *derive->project;
  Question question = *derive->question;
  plain.touchpoints = none;
  question.project = &plain;
  derive->touchpoint_key = key_new(&question, "touchpoint", error);
  return derive->touchpoint_key && rules_of_touchpoints(derive->question, &derive->touchpoints, error);
}

/* What the codes of the two lists of rules say, as tables. */
static void make_tables(Derive *derive) {
  const GPtrArray *touchpoints = derive->project->touchpoints;
  guint n = derive->project->stages->len;
  derive->aftersales = g_new0(guint8, touchpoints->len + 1);
  for (guint i = 0; i < touchpoints->len; i++)
    derive->aftersales[i + 1] = ((const Touchpoint *)touchpoints->pdata[i])->aftersales ? 1 : 0;
  derive->entry_of = g_new(guint8, n + 1);
  derive->entry_of[0] = STAGE_NONE;
  for (guint code = 1; code <= n; code++)
    derive->entry_of[code] = (guint8)(n - code);
}

static void find_untaxed(Derive *derive) {
  const Names *names = snapshot_names(derive->question->snapshot);
  for (guint i = 0; i < derive->project->sources->len; i++) {
    const SourceRule *rule = derive->project->sources->pdata[i];
    guint16 code = rule->net ? names_find(names, NAME_SOURCE, text_of(rule->name)) : 0;
    if (code && !derive->untaxed)
      derive->untaxed = g_new0(guint8, (gsize)G_MAXUINT16 + 1);
    if (code)
      derive->untaxed[code] = 1;
  }
}

static gboolean make_rules(Derive *derive, GError **error) {
  const Project *project = derive->project;
  for (guint i = 0; i < project->goals->len; i++)
    if (!make_goal(derive, project->goals->pdata[i], &derive->goals[i], error)) {
      g_prefix_error(error, "goal \"%s\" of the project file: ", ((const Goal *)project->goals->pdata[i])->rule.name);
      return FALSE;
    }
  for (guint i = 0; i < project->stages->len; i++) {
    const Stage *stage = project->stages->pdata[i];
    StageMatcher *out = &derive->stages[i];
    out->lapse_to = stage->lapse_to ? project_stage(project, stage->lapse_to) : -1;
    out->lapse_ms = out->lapse_to >= 0 ? stage->lapse_ms : 0;
    if (out->lapse_ms && derive->n_lapses < STAGE_NONE)
      derive->lapses_ms[derive->n_lapses++] = out->lapse_ms;
    derive->falls_back = derive->falls_back || stage->back;
    out->back_to = stage->back_to ? project_stage(project, stage->back_to) : -1;
    if (!make_filter(derive->question, stage->back, &out->back, error)) {
      g_prefix_error(error, "stage \"%s\" of the project file: ", stage->rule.name);
      return FALSE;
    }
  }
  return make_entries(derive, error);
}

static gboolean find_or_match_orders(Derive *derive, GError **error);

Derive *derive_new(const Question *question, GError **error) {
  g_autoptr(Derive) derive = g_new0(Derive, 1);
  derive->question = question;
  const Project *project = derive->project = question->project;
  derive->goals = g_new0(GoalMatcher, project->goals->len + 1);
  derive->stages = g_new0(StageMatcher, project->stages->len);
  derive->restart_stage = project->restart_stage ? project_stage(project, project->restart_stage) : 0;
  if (!make_touchpoints(derive, error) || !make_rules(derive, error))
    return NULL;
  if (derive->inactivity_ms == 0)
    derive->inactivity_ms = project->inactivity_ms;
  make_tables(derive);
  find_untaxed(derive);
  return find_or_match_orders(derive, error) ? g_steal_pointer(&derive) : NULL;
}

void derive_free(Derive *derive) {
  if (!derive)
    return;
  for (guint i = 0; i < derive->project->goals->len; i++) {
    GoalMatcher *goal = &derive->goals[i];
    matcher_clear(&goal->match);
    for (guint j = 0; goal->adjustments && j < goal->adjustments->len; j++)
      matcher_clear(&g_array_index(goal->adjustments, Matcher, j));
    g_clear_pointer(&goal->adjustments, g_array_unref);
  }
  for (guint i = 0; i < derive->project->stages->len; i++)
    filter_free(derive->stages[i].back);
  g_free(derive->goals);
  g_free(derive->stages);
  g_free(derive->aftersales);
  g_free(derive->entry_of);
  orders_unref(derive->orders);
  g_free(derive->untaxed);
  rules_free(derive->touchpoints);
  rules_free(derive->entries);
  key_free(derive->touchpoint_key);
  g_free(derive);
}

void derive_without_journeys(Derive *derive) {
  derive->without_journeys = TRUE;
  for (guint i = 0; i < derive->project->goals->len; i++)
    if (((const Goal *)derive->project->goals->pdata[i])->count == COUNT_PER_JOURNEY)
      derive->without_journeys = FALSE;
}

void derive_without_touchpoints(Derive *derive) {
  derive->without_touchpoints = TRUE;
}

guint derive_touchpoints(Derive *derive) {
  return derive->project->touchpoints->len + key_count(derive->touchpoint_key);
}

const Touchpoint *derive_touchpoint_rule(Derive *derive, guint32 touchpoint) {
  return touchpoint < derive->project->touchpoints->len ? derive->project->touchpoints->pdata[touchpoint] : NULL;
}

Text derive_touchpoint_name(Derive *derive, guint32 touchpoint) {
  const Touchpoint *rule = derive_touchpoint_rule(derive, touchpoint);
  return rule ? text_of(rule->rule.name) : key_text(derive->touchpoint_key, touchpoint - derive->project->touchpoints->len);
}

DeriveNotes derive_notes(Derive *derive) {
  return (DeriveNotes){derive->repeated_orders, derive->unmatched_adjustments, derive->foreign_currency, derive->negative_values};
}

/* --- a block's rules as bitmaps and codes ------------------------------------------------------- */

typedef struct { /* a row that adjusts, waiting for its conversion */
  guint32 event;
  guint32 goal;
  AdjustKind kind;
  gint64 value;
  gboolean all; /* no value given */
  guint64 order;
  gint64 time_ms;
  guint64 row;
} Change;

struct DeriveScratch {
  guint capacity_words, capacity_persons;
  guint64 *seen, *touch, *customer, *converts, *adjusts, *rule, *scratch, *mine;
  gboolean any_aftersales; /* `aftersales` is not empty, as far as the rules can tell */
  guint64 *repeats;        /* rows of an order that stands at another event: no touches of their own */
  guint64 **goal, **stage, **back;
  guint32 *touchpoint, *event_journey, *person_journeys, *person_conversions;
  guint8 *event_stage, *in_tail, *aftersales, *entry_stage;
  guint16 *codes; /* of rules */
  guint64 *order; /* per event of a goal, adjustment or after-sales touch: hash of the order it names */
  GArray *journeys, *conversions, *changes;
  GArray *order_rows, *told; /* OrderRow, OrderTold */
  DeriveNotes notes;         /* of the block */
  DeriveKept *kept;          /* what the last block was read from, or NULL */
};

DeriveScratch *derive_scratch_new(Derive *derive) {
  DeriveScratch *s = g_new0(DeriveScratch, 1);
  s->goal = g_new0(guint64 *, derive->project->goals->len + 1);
  s->stage = g_new0(guint64 *, derive->project->stages->len + 1);
  s->back = g_new0(guint64 *, derive->project->stages->len + 1);
  s->journeys = g_array_new(FALSE, TRUE, sizeof(Journey));
  s->conversions = g_array_new(FALSE, TRUE, sizeof(Conversion));
  s->changes = g_array_new(FALSE, TRUE, sizeof(Change));
  s->order_rows = g_array_new(FALSE, FALSE, sizeof(OrderRow));
  s->told = g_array_new(FALSE, FALSE, sizeof(OrderTold));
  return s;
}

void derive_scratch_free(DeriveScratch *s) {
  if (!s)
    return;
  guint64 *bitmaps[] = {s->seen, s->touch, s->customer, s->converts, s->adjusts, s->rule, s->scratch, s->repeats, s->order};
  for (guint i = 0; i < G_N_ELEMENTS(bitmaps); i++)
    g_free(bitmaps[i]);
  guint64 **lists[] = {s->goal, s->stage, s->back};
  for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
    for (guint j = 0; lists[i][j]; j++)
      g_free(lists[i][j]);
    g_free(lists[i]);
  }
  g_free(s->touchpoint);
  g_free(s->event_journey);
  g_free(s->person_journeys);
  g_free(s->person_conversions);
  g_free(s->event_stage);
  g_free(s->in_tail);
  g_free(s->aftersales);
  g_free(s->entry_stage);
  g_free(s->codes);
  g_array_unref(s->journeys);
  g_array_unref(s->conversions);
  g_array_unref(s->changes);
  g_array_unref(s->order_rows);
  g_array_unref(s->told);
  derive_kept_unref(s->kept);
  g_free(s);
}

static void scratch_reserve(DeriveScratch *s, const Derive *derive, const Block *data) {
  guint words = bits_words(data->n_events);
  if (words > s->capacity_words) {
    s->capacity_words = words + words / 4;
    guint64 **bitmaps[] = {&s->seen, &s->touch, &s->customer, &s->converts, &s->adjusts, &s->rule, &s->scratch, &s->repeats};
    for (guint i = 0; i < G_N_ELEMENTS(bitmaps); i++)
      *bitmaps[i] = g_renew(guint64, *bitmaps[i], s->capacity_words);
    for (guint i = 0; i < derive->project->goals->len; i++)
      s->goal[i] = g_renew(guint64, s->goal[i], s->capacity_words);
    for (guint i = 0; i < derive->project->stages->len; i++) {
      s->stage[i] = g_renew(guint64, s->stage[i], s->capacity_words);
      s->back[i] = g_renew(guint64, s->back[i], s->capacity_words);
    }
    gsize events = (gsize)s->capacity_words * 64;
    s->touchpoint = g_renew(guint32, s->touchpoint, events);
    s->event_journey = g_renew(guint32, s->event_journey, events);
    s->event_stage = g_renew(guint8, s->event_stage, events);
    s->in_tail = g_renew(guint8, s->in_tail, events);
    s->aftersales = g_renew(guint8, s->aftersales, events);
    s->entry_stage = g_renew(guint8, s->entry_stage, events);
    s->order = g_renew(guint64, s->order, events);
    s->codes = g_renew(guint16, s->codes, events);
  }
  if (data->n_persons + 1 > s->capacity_persons) {
    s->capacity_persons = data->n_persons + 1;
    s->person_journeys = g_renew(guint32, s->person_journeys, s->capacity_persons);
    s->person_conversions = g_renew(guint32, s->person_conversions, s->capacity_persons);
  }
}

/* What a question may look at: before or at now, of living persons, no bots, nobody of the house. */
static void mark_seen(const Derive *derive, DeriveScratch *s, const Block *data) {
  guint words = bits_words(data->n_events);
  bits_between(data, G_MININT64, derive->question->now_ms + 1, s->seen);
  if (data->excluded)
    bits_and_not(s->seen, data->excluded, words);
  for (guint32 p = 0; data->dead && p < data->n_persons; p++)
    if (bit_at(data->dead, p))
      bits_clear_range(s->seen, data->person_start[p], data->person_start[p + 1]);
}

static void mark_touches(DeriveScratch *s, const Block *data) {
  for (guint w = 0; w < bits_words(data->n_events); w++) {
    s->touch[w] = data->touch ? data->touch[w] & s->seen[w] : 0;
    s->customer[w] = s->touch[w] & ~(data->company ? data->company[w] : 0);
  }
}

/* No branch an event: which rule matches is hard to foresee. */
static void name_touchpoints(const Derive *derive, DeriveScratch *s, guint32 n, gboolean ruled) {
  guint32 rules = derive->project->touchpoints->len;
  for (guint32 i = 0; !ruled && i < n; i++)
    s->touchpoint[i] += rules;
  for (guint32 i = 0; ruled && i < n; i++) {
    guint32 code = s->codes[i], unruled = s->touchpoint[i] + rules;
    s->touchpoint[i] = code ? code - 1 : unruled;
  }
}

static void mark_aftersales(const Derive *derive, DeriveScratch *s, guint32 n) {
  for (guint32 i = 0; i < n; i++)
    s->aftersales[i] = derive->aftersales[s->codes[i]] & (guint8)bit_at(s->seen, i);
}

/* Every event's touchpoint, and which are after sales; `marked`: these are known already. */
static gboolean mark_touchpoints(Derive *derive, DeriveScratch *s, guint block, const Block *data, gboolean marked,
                                 GError **error) {
  gboolean named = !derive->without_touchpoints, ruled = FALSE;
  if ((named && !key_block(derive->touchpoint_key, block, data, s->touchpoint, error)) ||
      (derive->touchpoints && (named || !marked) && !rules_block(derive->touchpoints, block, data, s->codes, &ruled, error)))
    return FALSE;
  if (named)
    name_touchpoints(derive, s, data->n_events, ruled);
  if (!marked)
    memset(s->aftersales, 0, data->n_events);
  if (!marked && ruled)
    mark_aftersales(derive, s, data->n_events);
  s->any_aftersales = ruled;
  return TRUE;
}

/* entry_stage: the furthest stage that an event qualifies for, STAGE_NONE when none. */
static gboolean mark_stages(Derive *derive, DeriveScratch *s, guint block, const Block *data, GError **error) {
  guint n = derive->project->stages->len;
  gboolean any;
  for (guint k = 0; k < n; k++)
    if (derive->stages[k].back && !filter_events(derive->stages[k].back, block, data, s->back[k], error))
      return FALSE;
  if (!rules_block(derive->entries, block, data, s->codes, &any, error))
    return FALSE;
  for (guint32 i = 0; i < data->n_events; i++)
    s->entry_stage[i] = derive->entry_of[s->codes[i]];
  return TRUE;
}

static guint64 order_hash(Text text) {
  guint64 hash = text.size ? checksum64(text.at, text.size) : 0;
  return hash ? hash : text.size ? 1 : 0;
}

static gboolean read_orders(Column *order, guint block, const Block *data, const guint64 *events, guint64 *out, GError **error) {
  ColumnBlock column;
  if (!order)
    return TRUE;
  if (!column_block(order, block, &column, error))
    return FALSE;
  for (guint32 i = bits_next(events, 0, data->n_events); i < data->n_events; i = bits_next(events, i + 1, data->n_events)) {
    guint32 code = codes_at(&column.codes, i);
    out[i] = code ? order_hash(column_entry(&column, code).text) : 0;
  }
  return TRUE;
}

/* The amount that a matcher takes from an event; FALSE when there is none. */
static gboolean read_amount(const Derive *derive, DeriveScratch *s, const Matcher *matcher, const ColumnBlock *column,
                            const Block *data, guint32 event, gint64 *micro) {
  char currency[MONEY_CURRENCY_SIZE];
  const char *why;
  if (matcher->worthless)
    return FALSE;
  if (matcher->own_value) {
    if (!block_value(data, event, micro))
      return FALSE;
  } else {
    guint32 code = codes_at(&column->codes, event);
    if (!code || !money_parse(column_entry(column, code).text, DECIMAL_POINT, micro, currency, &why))
      return FALSE;
  }
  if (!money_in_project(derive->question, data, event, micro))
    s->notes.foreign_currency++;
  return TRUE;
}

static guint32 person_of(const Block *data, guint32 event) {
  guint32 low = 0, high = data->n_persons;
  while (high - low > 1) {
    guint32 middle = (low + high) / 2;
    if (data->person_start[middle] <= event)
      low = middle;
    else
      high = middle;
  }
  return low;
}

static gboolean find_conversions(Derive *derive, DeriveScratch *s, guint goal, guint block, const Block *data, GError **error) {
  const Matcher *matcher = &derive->goals[goal].match;
  guint64 *bits = s->goal[goal];
  ColumnBlock column;
  if (!filter_events(matcher->when, block, data, bits, error) ||
      (matcher->value && !column_block(matcher->value, block, &column, error)))
    return FALSE;
  bits_and(bits, s->seen, bits_words(data->n_events));
  bits_or(s->converts, bits, bits_words(data->n_events));
  if (!read_orders(matcher->order, block, data, bits, s->order, error))
    return FALSE;
  for (guint32 i = bits_next(bits, 0, data->n_events); i < data->n_events; i = bits_next(bits, i + 1, data->n_events)) {
    Conversion conversion = {.person = person_of(data, i),
                             .event = i,
                             .journey = NONE,
                             .visit = codes_at(&data->visit, i),
                             .goal = goal,
                             .time_ms = block_time_ms(data, i),
                             .order = matcher->order ? s->order[i] : 0};
    conversion.conflicting = derive->orders && orders_conflict(derive->orders, goal, conversion.order);
    guint32 authority = derive->goals[goal].authoritative;
    gint64 micro;
    if (read_amount(derive, s, matcher, &column, data, i, &micro)) {
      conversion.valued = TRUE;
      conversion.authoritative = authority && codes_at(&data->source, i) == authority;
      conversion.untaxed = derive->untaxed && derive->untaxed[codes_at(&data->source, i)];
      if (micro < 0)
        s->notes.negative_values++;
      conversion.value = conversion.net_value = MAX(micro, 0);
    }
    g_array_append_val(s->conversions, conversion);
  }
  return TRUE;
}

static gboolean find_changes(Derive *derive, DeriveScratch *s, guint goal, guint block, const Block *data, GError **error) {
  GArray *adjustments = derive->goals[goal].adjustments;
  for (guint a = 0; a < adjustments->len; a++) {
    const Matcher *matcher = &g_array_index(adjustments, Matcher, a);
    ColumnBlock column;
    if (!filter_events(matcher->when, block, data, s->rule, error) ||
        (matcher->value && !column_block(matcher->value, block, &column, error)))
      return FALSE;
    bits_and(s->rule, s->seen, bits_words(data->n_events));
    bits_or(s->adjusts, s->rule, bits_words(data->n_events));
    if (!read_orders(matcher->order, block, data, s->rule, s->order, error))
      return FALSE;
    for (guint32 i = bits_next(s->rule, 0, data->n_events); i < data->n_events; i = bits_next(s->rule, i + 1, data->n_events)) {
      Change change = {.event = i,
                       .goal = goal,
                       .kind = matcher->kind,
                       .order = s->order[i],
                       .time_ms = block_time_ms(data, i),
                       .row = block_row(data, i)};
      change.all = !read_amount(derive, s, matcher, &column, data, i, &change.value);
      g_array_append_val(s->changes, change);
    }
  }
  return TRUE;
}

/* --- conversions: one an order, as often as the goal counts, changed by returns ------------------ */

static int conversion_compare(gconstpointer a, gconstpointer b) {
  const Conversion *x = a, *y = b;
  if (x->event != y->event)
    return x->event < y->event ? -1 : 1;
  return (x->goal > y->goal) - (x->goal < y->goal);
}

static int change_compare(gconstpointer a, gconstpointer b) {
  const Change *x = a, *y = b;
  if (x->event != y->event)
    return x->event < y->event ? -1 : 1;
  return (x->goal > y->goal) - (x->goal < y->goal);
}

static int change_compare_times(gconstpointer a, gconstpointer b) {
  const Change *x = a, *y = b;
  if (x->time_ms != y->time_ms)
    return x->time_ms < y->time_ms ? -1 : 1;
  if (x->row != y->row)
    return x->row < y->row ? -1 : 1;
  return (x->goal > y->goal) - (x->goal < y->goal);
}

/* The first of this order among conversions [first, n), or NULL. Persons have few, so a walk is enough; rows of nobody
 * are many, and `known` then tells their places + 1. */
static Conversion *order_find(GArray *conversions, guint first, GHashTable *known, guint32 goal, guint64 order) {
  guint64 key = order ^ goal;
  guint place = known && order ? GPOINTER_TO_UINT(g_hash_table_lookup(known, &key)) : 0;
  if (known)
    return place ? &g_array_index(conversions, Conversion, place - 1) : NULL;
  for (guint i = first; order && i < conversions->len; i++) {
    Conversion *conversion = &g_array_index(conversions, Conversion, i);
    if (conversion->goal == goal && conversion->order == order)
      return conversion;
  }
  return NULL;
}

/* The same order from another row: it stands where it was first seen inside a visit, else where it was first seen; its
 * value is the latest row's, unless an authoritative source spoke. */
static void order_repeat(DeriveScratch *s, Conversion *kept, const Conversion *again) {
  if (kept->visit == 0 && again->visit != 0) {
    kept->event = again->event;
    kept->time_ms = again->time_ms;
    kept->visit = again->visit;
  }
  if (again->valued && (again->authoritative || !kept->authoritative)) {
    kept->valued = TRUE;
    kept->value = kept->net_value = again->value;
    kept->authoritative = again->authoritative;
    kept->untaxed = again->untaxed;
  }
  s->notes.repeated_orders++;
}

static void remember_conversion(GArray *conversions, GHashTable *known, const Conversion *conversion) {
  guint64 key = conversion->order ^ conversion->goal;
  g_array_append_vals(conversions, conversion, 1);
  if (known && conversion->order)
    g_hash_table_insert(known, g_memdup2(&key, sizeof key), GUINT_TO_POINTER(conversions->len));
}

static gboolean counted_before(GArray *conversions, guint first, const Conversion *next, CountMode count) {
  for (guint i = first; i < conversions->len && (count == COUNT_PER_PERSON || count == COUNT_PER_VISIT); i++) {
    const Conversion *other = &g_array_index(conversions, Conversion, i);
    if (other->goal == next->goal && (count == COUNT_PER_PERSON || (next->visit && other->visit == next->visit)))
      return TRUE;
  }
  return FALSE;
}

static void take_back(Conversion *conversion, gint64 amount) {
  conversion->net_value -= amount;
  conversion->returned_value += amount;
  conversion->returned = TRUE;
}

static void change_apply(Conversion *conversion, const Change *change) {
  gint64 amount = change->value < 0 ? -change->value : change->value;
  switch (change->kind) {
  case ADJUST_CANCEL: take_back(conversion, conversion->net_value); break;
  case ADJUST_RETURN: take_back(conversion, change->all ? conversion->net_value : MIN(amount, conversion->net_value)); break;
  case ADJUST_RENEWAL: conversion->net_value += change->all ? 0 : amount; break;
  case ADJUST_LATE_VALUE:
    if (!change->all)
      conversion->value = conversion->net_value = MAX(change->value, 0);
  }
}

/* Changes to conversions from `first` on. Late values come before all else: what was returned or cancelled stays so,
 * whenever the value became known. A change whose conversion stands elsewhere was told to that one (orders.h). */
static void apply_changes(DeriveScratch *s, GHashTable *known, guint first, const Change *changes, guint n) {
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < n; i++) {
      if ((changes[i].kind == ADJUST_LATE_VALUE) != (pass == 0))
        continue;
      Conversion *same = order_find(s->conversions, first, known, changes[i].goal, changes[i].order);
      if (same)
        change_apply(same, &changes[i]);
    }
}

/* Those of a person's own, and those that stand at somebody else. */
static void apply_all_changes(const Derive *derive, DeriveScratch *s, GHashTable *known, guint first, guint64 person,
                              const Change *own, guint n_own) {
  guint n = 0;
  gboolean any = derive->orders && person && orders_any_changes(derive->orders);
  const OrderChange *others = any ? orders_changes(derive->orders, person, &n) : NULL;
  if (n == 0) {
    apply_changes(s, known, first, own, n_own);
    return;
  }
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Change));
  g_array_append_vals(all, own, n_own);
  for (guint i = 0; i < n; i++)
    g_array_append_val(all, ((Change){.goal = others[i].goal,
                                      .kind = others[i].kind,
                                      .value = others[i].value,
                                      .all = others[i].all,
                                      .order = others[i].order,
                                      .time_ms = others[i].time_ms,
                                      .row = others[i].row}));
  g_array_sort(all, change_compare_times);
  apply_changes(s, known, first, (const Change *)(gpointer)all->data, all->len);
}

static void mark_provisional(const Derive *derive, GArray *conversions) {
  for (guint i = 0; i < conversions->len; i++) {
    Conversion *conversion = &g_array_index(conversions, Conversion, i);
    gint64 within_ms = ((const Goal *)derive->project->goals->pdata[conversion->goal])->provisional_ms;
    conversion->provisional = derive->question->now_ms - conversion->time_ms < within_ms;
  }
}

/* Brings s->conversions into their final form: by person, then event; adjusted. */
static void settle_conversions(Derive *derive, DeriveScratch *s, const Block *data) {
  g_autoptr(GArray) rows = s->conversions;
  s->conversions = g_array_sized_new(FALSE, TRUE, sizeof(Conversion), rows->len);
  g_array_sort(rows, conversion_compare);
  g_array_sort(s->changes, change_compare);
  g_autoptr(GHashTable) known = data->unidentified ? g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL) : NULL;
  guint row = 0, change = 0;
  for (guint32 p = 0; p < data->n_persons; p++) {
    guint first = s->conversions->len;
    for (; row < rows->len && g_array_index(rows, Conversion, row).event < data->person_start[p + 1]; row++) {
      const Conversion *next = &g_array_index(rows, Conversion, row);
      Conversion *same = order_find(s->conversions, first, known, next->goal, next->order);
      const Goal *goal = derive->project->goals->pdata[next->goal];
      if (data->unidentified && derive->orders && orders_claimed(derive->orders, next->goal, next->order)) {
        s->notes.repeated_orders++;
      } else if (same) {
        guint32 before = same->event;
        order_repeat(s, same, next);
        bit_set(s->repeats, same->event == before ? next->event : before);
      } else if (data->unidentified || !counted_before(s->conversions, first, next, goal->count))
        remember_conversion(s->conversions, known, next);
    }
    guint first_change = change;
    while (change < s->changes->len && g_array_index(s->changes, Change, change).event < data->person_start[p + 1])
      change++;
    apply_all_changes(derive, s, known, first, data->unidentified ? 0 : data->person_id[p],
                      (const Change *)(gpointer)s->changes->data + first_change, change - first_change);
  }
  mark_provisional(derive, s->conversions);
  g_array_sort(s->conversions, conversion_compare); /* an order may have moved into a later visit's event */
}

/* --- the walk: journeys and stages --------------------------------------------------------------- */

typedef struct {
  Derive *derive;
  DeriveScratch *s;
  const Block *data;
  guint32 person, next_number;
  guint32 open, converted, service; /* journeys at hand, NONE when there is none */
  guint32 tail_visit;
  guint first_journey, conversion, conversions_end; /* of this person */
} Walk;

static Journey *journey_at(Walk *walk, guint32 journey) {
  return &g_array_index(walk->s->journeys, Journey, journey);
}

static guint32 journey_begin(Walk *walk, guint32 event, JourneyState state) {
  guint stages = walk->derive->project->stages->len;
  guint8 first = walk->converted != NONE ? (guint8)MAX(walk->derive->restart_stage, 0) : 0;
  guint8 entry = walk->s->entry_stage[event];
  if (state == JOURNEY_SERVICE && entry < stages)
    first = entry;
  gint64 now = block_time_ms(walk->data, event);
  Journey journey = {.person = walk->person,
                     .number = walk->next_number++,
                     .first_event = event,
                     .last_event = event,
                     .conversion = NONE,
                     .start_ms = now,
                     .end_ms = now,
                     .active_ms = now,
                     .first_stage = first,
                     .stage = first,
                     .state = (guint8)state,
                     .again = walk->converted != NONE};
  g_array_append_val(walk->s->journeys, journey);
  return walk->s->journeys->len - 1;
}

/* Falls back when nothing was heard of the customer for longer than the stage allows; from there too, if it was that long. */
static void journey_lapse(Walk *walk, Journey *journey, gint64 silence_ms) {
  for (guint falls = 0; falls < walk->derive->project->stages->len; falls++) {
    const StageMatcher *stage = &walk->derive->stages[journey->stage];
    if (!stage->lapse_ms || silence_ms <= stage->lapse_ms)
      return;
    journey->stage = (guint8)stage->lapse_to;
  }
}

/* The journey's stage at an event: fallen back by time or by rule, then ahead as far as the event qualifies. */
static inline void journey_move(Walk *walk, Journey *journey, guint32 event, gint64 time_ms) {
  DeriveScratch *s = walk->s;
  journey_lapse(walk, journey, time_ms - journey->active_ms);
  for (guint k = 0; walk->derive->falls_back && k < walk->derive->project->stages->len; k++)
    if (walk->derive->stages[k].back && k == journey->stage && bit_at(s->back[k], event))
      journey->stage = (guint8)walk->derive->stages[k].back_to;
  guint8 entry = s->entry_stage[event];
  if (entry != STAGE_NONE && entry > journey->stage)
    journey->stage = entry;
}

static inline void journey_add(Walk *walk, guint32 index, guint32 event, gint64 time_ms, gboolean tail) {
  DeriveScratch *s = walk->s;
  Journey *journey = journey_at(walk, index);
  journey_move(walk, journey, event, time_ms);
  s->event_journey[event] = index + 1;
  s->event_stage[event] = journey->stage;
  s->in_tail[event] = (guint8)tail;
  if (bit_at(s->customer, event))
    journey->active_ms = time_ms;
  if (tail) {
    journey->n_tail++;
    return;
  }
  journey->n_touches += bit_at(s->touch, event);
  journey->last_event = event;
  journey->end_ms = time_ms;
}

static void abandon_if_idle(Walk *walk, gint64 now_ms) {
  if (walk->open == NONE || now_ms - journey_at(walk, walk->open)->active_ms <= walk->derive->inactivity_ms)
    return;
  journey_lapse(walk, journey_at(walk, walk->open), walk->derive->inactivity_ms + 1);
  journey_at(walk, walk->open)->state = JOURNEY_ABANDONED;
  walk->open = NONE;
}

/* The converted journey of the order that a touch names, else the last converted one. */
static guint32 aftersales_journey(Walk *walk, guint32 event) {
  guint64 order = walk->s->order[event];
  for (guint i = walk->s->journeys->len; order && i-- > walk->first_journey;) {
    const Journey *journey = journey_at(walk, i);
    if (journey->conversion != NONE && g_array_index(walk->s->conversions, Conversion, journey->conversion).order == order)
      return i;
  }
  return walk->converted;
}

static void walk_aftersales(Walk *walk, guint32 event, gint64 time_ms) {
  guint32 journey = aftersales_journey(walk, event);
  if (journey != NONE) {
    journey_add(walk, journey, event, time_ms, TRUE);
    return;
  }
  if (walk->service != NONE && time_ms - journey_at(walk, walk->service)->active_ms > walk->derive->inactivity_ms)
    walk->service = NONE;
  if (walk->service == NONE && bit_at(walk->s->customer, event))
    walk->service = journey_begin(walk, event, JOURNEY_SERVICE);
  if (walk->service != NONE)
    journey_add(walk, walk->service, event, time_ms, FALSE);
}

/* The conversions that stand at this event; returns the index of a closing one, or NONE. */
static guint32 walk_conversions(Walk *walk, guint32 event, guint *first) {
  guint32 closing = NONE;
  *first = walk->conversion;
  for (; walk->conversion < walk->conversions_end; walk->conversion++) {
    const Conversion *conversion = &g_array_index(walk->s->conversions, Conversion, walk->conversion);
    if (conversion->event != event)
      break;
    if (closing == NONE && ((const Goal *)walk->derive->project->goals->pdata[conversion->goal])->closes)
      closing = walk->conversion;
  }
  return closing;
}

static void walk_event(Walk *walk, guint32 event) {
  DeriveScratch *s = walk->s;
  guint first;
  guint32 closing = walk_conversions(walk, event, &first), visit = codes_at(&walk->data->visit, event), journey = NONE;
  gboolean converts = first < walk->conversion;
  if (!converts && !bit_at(s->touch, event))
    return;
  gint64 time_ms = block_time_ms(walk->data, event);
  abandon_if_idle(walk, time_ms);
  if (closing != NONE) {
    if (walk->open == NONE)
      walk->open = journey_begin(walk, event, JOURNEY_OPEN);
    journey = walk->open;
    journey_add(walk, journey, event, time_ms, FALSE);
    journey_at(walk, journey)->state = JOURNEY_CONVERTED;
    journey_at(walk, journey)->conversion = closing;
    walk->converted = journey;
    walk->tail_visit = visit;
    walk->open = walk->service = NONE;
  } else if (s->aftersales[event]) {
    walk_aftersales(walk, event, time_ms);
    journey = s->event_journey[event] - 1;
  } else if (visit && visit == walk->tail_visit) {
    journey = walk->converted;
    journey_add(walk, journey, event, time_ms, TRUE);
  } else {
    if (walk->open == NONE && bit_at(s->customer, event))
      walk->open = journey_begin(walk, event, JOURNEY_OPEN);
    journey = walk->open;
    if (journey != NONE)
      journey_add(walk, journey, event, time_ms, FALSE);
  }
  for (guint i = first; i < walk->conversion; i++)
    g_array_index(s->conversions, Conversion, i).journey = journey;
}

/* How long nothing may be heard of the customer before a journey at this stage ends or falls back. */
static gint64 patience_ms(const Derive *derive, guint8 stage) {
  gint64 lapse_ms = derive->stages[stage].lapse_ms;
  return lapse_ms ? MIN(lapse_ms, derive->inactivity_ms) : derive->inactivity_ms;
}

/* Most events are plain touches of the open journey. Takes those from `event` on that stand before `end`, with what changes
 * kept in registers; returns the first event that is something else. */
static guint32 walk_touches(Walk *walk, guint32 event, guint32 end) {
  const DeriveScratch *s = walk->s;
  const guint8 *aftersales = s->aftersales, *entry_stage = s->entry_stage;
  guint32 *event_journey = s->event_journey, own = walk->open + 1;
  guint8 *event_stage = s->event_stage;
  Journey *journey = journey_at(walk, walk->open);
  gint64 active_ms = journey->active_ms, patience = patience_ms(walk->derive, journey->stage);
  guint8 stage = journey->stage;
  guint32 last = NONE, n = 0;
  for (; event < end; event = bits_next(s->mine, event + 1, end)) {
    if (!bit_at(s->touch, event))
      continue;
    gint64 time_ms = block_time_ms(walk->data, event);
    if (aftersales[event] || time_ms - active_ms > patience ||
        (walk->tail_visit && codes_at(&walk->data->visit, event) == walk->tail_visit))
      break;
    guint8 entry = entry_stage[event];
    if (entry != STAGE_NONE && entry > stage) {
      stage = entry;
      patience = patience_ms(walk->derive, stage);
    }
    event_journey[event] = own;
    event_stage[event] = stage;
    active_ms = bit_at(s->customer, event) ? time_ms : active_ms;
    last = event;
    n++;
  }
  if (n) {
    journey->n_touches += n;
    journey->last_event = last;
    journey->end_ms = block_time_ms(walk->data, last);
    journey->active_ms = active_ms;
    journey->stage = stage;
  }
  return event;
}

/* Events of one person, in order. */
static void walk_events(Walk *walk, guint32 event, guint32 end) {
  const DeriveScratch *s = walk->s;
  gboolean plain = !walk->derive->falls_back;
  for (event = bits_next(s->mine, event, end); event < end;) {
    if (plain && walk->open != NONE) {
      guint32 stop =
          walk->conversion < walk->conversions_end ? g_array_index(s->conversions, Conversion, walk->conversion).event : end;
      event = walk_touches(walk, event, MIN(stop, end));
      if (event >= end)
        return;
    }
    walk_event(walk, event);
    event = bits_next(s->mine, event + 1, end);
  }
}

/* What `now` makes of journeys that nothing followed: abandoned, fallen back a stage. */
static void walk_end(Walk *walk) {
  gint64 now = walk->derive->question->now_ms;
  abandon_if_idle(walk, now);
  for (guint i = walk->first_journey; i < walk->s->journeys->len; i++)
    if (journey_at(walk, i)->state != JOURNEY_ABANDONED)
      journey_lapse(walk, journey_at(walk, i), now - journey_at(walk, i)->active_ms);
}

static void walk_person(Derive *derive, DeriveScratch *s, const Block *data, guint32 person, guint *conversion) {
  guint32 end = data->person_start[person + 1];
  Walk walk = {derive,
               s,
               data,
               .person = person,
               .next_number = 1,
               .open = NONE,
               .converted = NONE,
               .service = NONE,
               .first_journey = s->journeys->len,
               .conversion = *conversion,
               .conversions_end = *conversion};
  while (walk.conversions_end < s->conversions->len && g_array_index(s->conversions, Conversion, walk.conversions_end).event < end)
    walk.conversions_end++;
  walk_events(&walk, data->person_start[person], end);
  walk_end(&walk);
  *conversion = walk.conversions_end;
}

/* per_journey: the first of a goal in each journey counts; known only after the walk. */
static void drop_second_in_journey(Derive *derive, DeriveScratch *s) {
  GArray *all = s->conversions;
  gboolean any = FALSE;
  for (guint i = 0; i < derive->project->goals->len; i++)
    any = any || ((const Goal *)derive->project->goals->pdata[i])->count == COUNT_PER_JOURNEY;
  if (!any)
    return;
  guint kept = 0;
  for (guint i = 0; i < all->len; i++) {
    Conversion *next = &g_array_index(all, Conversion, i);
    gboolean again = FALSE;
    for (guint j = kept; j-- > 0 && g_array_index(all, Conversion, j).person == next->person && !again;)
      again = g_array_index(all, Conversion, j).goal == next->goal && g_array_index(all, Conversion, j).journey == next->journey;
    if (again && ((const Goal *)derive->project->goals->pdata[next->goal])->count == COUNT_PER_JOURNEY && next->journey != NONE)
      continue;
    if (next->journey != NONE && g_array_index(s->journeys, Journey, next->journey).conversion == i)
      g_array_index(s->journeys, Journey, next->journey).conversion = kept;
    g_array_index(all, Conversion, kept++) = *next;
  }
  g_array_set_size(all, kept);
}

static void fill_offsets(DeriveScratch *s, const Block *data) {
  guint j = 0, c = 0;
  for (guint32 p = 0; p <= data->n_persons; p++) {
    while (j < s->journeys->len && g_array_index(s->journeys, Journey, j).person < p)
      j++;
    while (c < s->conversions->len && g_array_index(s->conversions, Conversion, c).person < p)
      c++;
    s->person_journeys[p] = j;
    s->person_conversions[p] = c;
  }
}

/* After-sales touches may name their order whether or not a goal or adjustment matched them. */
static gboolean read_aftersales_orders(Derive *derive, DeriveScratch *s, guint block, const Block *data, GError **error) {
  if (!s->any_aftersales)
    return TRUE;
  memset(s->rule, 0, bits_words(data->n_events) * sizeof *s->rule);
  for (guint32 i = 0; i < data->n_events; i++)
    if (s->aftersales[i])
      bit_set(s->rule, i);
  for (guint g = 0; g < derive->project->goals->len; g++)
    if (derive->goals[g].match.order)
      return read_orders(derive->goals[g].match.order, block, data, s->rule, s->order, error);
  return TRUE;
}

/* --- orders across persons ------------------------------------------------------------------------ */

typedef struct {
  Derive *derive;
  DeriveScratch **scratch; /* a worker */
} OrderPass;

/* What the block's rows of goals and adjustments tell of orders. */
static void gather_order_rows(DeriveScratch *s, const Block *data, OrderRows *out) {
  g_array_set_size(s->order_rows, 0);
  g_array_set_size(s->told, 0);
  for (guint i = 0; i < s->conversions->len; i++) {
    const Conversion *one = &g_array_index(s->conversions, Conversion, i);
    guint64 person = data->unidentified ? 0 : data->person_id[one->person];
    if (one->order)
      g_array_append_val(s->order_rows, ((OrderRow){one->order, person, block_row(data, one->event), one->time_ms, one->goal}));
  }
  for (guint i = 0; i < s->changes->len; i++) {
    const Change *one = &g_array_index(s->changes, Change, i);
    OrderChange change = {one->order, one->row, one->time_ms, one->value, one->goal, one->kind, one->all};
    guint64 person = data->unidentified ? 0 : data->person_id[person_of(data, one->event)];
    g_array_append_val(s->told, ((OrderTold){person, change}));
  }
  *out = (OrderRows){s->order_rows->len, s->told->len, (const OrderRow *)(gpointer)s->order_rows->data,
                     (const OrderTold *)(gpointer)s->told->data};
}

static gboolean make_order_rows(Derive *derive, DeriveScratch *s, guint block, const Block *data, OrderRows *out, GError **error) {
  scratch_reserve(s, derive, data);
  g_array_set_size(s->conversions, 0);
  g_array_set_size(s->changes, 0);
  mark_seen(derive, s, data);
  for (guint g = 0; g < derive->project->goals->len; g++) {
    const GoalMatcher *goal = &derive->goals[g];
    if ((goal->match.order && !find_conversions(derive, s, g, block, data, error)) ||
        !find_changes(derive, s, g, block, data, error))
      return FALSE;
  }
  gather_order_rows(s, data, out);
  return TRUE;
}

static gboolean find_or_make_order_rows(Derive *derive, DeriveScratch *s, guint block, const Block *data, OrderRows *out,
                                        DeriveKept **kept, GError **error);

static gboolean find_orders(const Question *question, guint block, const Block *data, guint worker, gpointer user, GError **error) {
  OrderPass *pass = user;
  g_autoptr(DeriveKept) kept = NULL;
  OrderRows rows;
  if (!pass->scratch[worker])
    pass->scratch[worker] = derive_scratch_new(pass->derive);
  return find_or_make_order_rows(pass->derive, pass->scratch[worker], block, data, &rows, &kept, error) &&
         orders_add(pass->derive->orders, worker, &rows, error);
}

/* A field that no event has tells no two persons of one order. */
static gboolean names_orders(const Derive *derive) {
  const Names *names = snapshot_names(derive->question->snapshot);
  for (guint g = 0; g < derive->project->goals->len; g++) {
    const Goal *goal = derive->project->goals->pdata[g];
    g_autofree char *property = goal->order ? g_strconcat("properties.", goal->order, NULL) : NULL;
    if (goal->adjustments->len || (property && (column_known(names, goal->order) || column_known(names, property))))
      return TRUE;
  }
  return FALSE;
}

/* The notes are those of the derivation itself, except for what only this pass can know. */
static gboolean match_orders(Derive *derive, GError **error) {
  guint n = question_threads(derive->question);
  OrderPass pass = {derive, g_new0(DeriveScratch *, n)};
  g_autoptr(Orders) orders = derive->orders = orders_new(n);
  gboolean good = question_each_block(derive->question, find_orders, &pass, error) && orders_settle(orders, error);
  for (guint i = 0; i < n; i++)
    derive_scratch_free(pass.scratch[i]);
  g_free(pass.scratch);
  derive->orders = good ? g_steal_pointer(&orders) : NULL;
  return good;
}

/* Which property a name means may change when the first event has one of another name. */
static guint64 definitions_of(const Question *question) {
  guint64 zone = (guint64)(guintptr)question->zone; /* as old as the project, and as lasting */
  return question->project->hash ^ hash_mix(zone ^ hash_mix(names_count(snapshot_names(question->snapshot), NAME_KEY)));
}

static gboolean find_or_match_orders(Derive *derive, GError **error) {
  const Question *question = derive->question;
  gboolean known = FALSE;
  derive->cached = question->cache && question->project == question->cached;
  if (derive->cached) {
    gboolean all_seen = snapshot_last_time_ms(question->snapshot) <= question->now_ms;
    derive->state =
        (DeriveState){snapshot_through(question->snapshot), definitions_of(question), all_seen ? G_MAXINT64 : question->now_ms};
    derive->keeps = derive_cache_begin(question->cache, &derive->state, question->serial, &derive->orders, &known);
  }
  if (!known && names_orders(derive) && !match_orders(derive, error))
    return FALSE;
  if (derive->cached && !known)
    derive_cache_orders(question->cache, &derive->state, derive->orders);
  derive->unmatched_adjustments = derive->orders ? orders_unmatched(derive->orders) : 0;
  return TRUE;
}

/* Every event's touchpoint, the stage it qualifies for and, after sales, the order it names: what journeys are drawn from. */
static gboolean mark_places(Derive *derive, DeriveScratch *s, guint block, const Block *data, GError **error) {
  return mark_touchpoints(derive, s, block, data, FALSE, error) && mark_stages(derive, s, block, data, error) &&
         read_aftersales_orders(derive, s, block, data, error);
}

static void walk_block(Derive *derive, DeriveScratch *s, const Block *data) {
  guint words = bits_words(data->n_events), conversion = 0;
  memset(s->event_journey, 0, data->n_events * sizeof *s->event_journey);
  memset(s->event_stage, STAGE_NONE, data->n_events);
  memset(s->in_tail, 0, data->n_events);
  s->mine = s->scratch;
  for (guint w = 0; w < words; w++)
    s->mine[w] = (s->touch[w] | s->converts[w]) & ~s->repeats[w];
  for (guint i = 0; i < s->conversions->len; i++)
    bit_set(s->mine, g_array_index(s->conversions, Conversion, i).event);
  for (guint32 p = 0; p < data->n_persons && !data->unidentified; p++)
    walk_person(derive, s, data, p, &conversion);
  drop_second_in_journey(derive, s);
}

static gboolean make_block(Derive *derive, DeriveScratch *s, guint block, const Block *data, Derived *out, GError **error) {
  guint words = bits_words(data->n_events);
  gboolean journeys = !derive->without_journeys;
  s->notes = (DeriveNotes){0};
  g_array_set_size(s->journeys, 0);
  g_array_set_size(s->conversions, 0);
  g_array_set_size(s->changes, 0);
  memset(s->converts, 0, words * sizeof *s->converts);
  memset(s->repeats, 0, words * sizeof *s->repeats);
  memset(s->adjusts, 0, words * sizeof *s->adjusts);
  memset(s->order, 0, data->n_events * sizeof *s->order);
  mark_seen(derive, s, data);
  mark_touches(s, data);
  if (journeys && !mark_places(derive, s, block, data, error))
    return FALSE;
  for (guint g = 0; g < derive->project->goals->len; g++)
    if (!find_conversions(derive, s, g, block, data, error) || !find_changes(derive, s, g, block, data, error))
      return FALSE;
  settle_conversions(derive, s, data);
  if (journeys)
    walk_block(derive, s, data);
  fill_offsets(s, data);
  *out = (Derived){.n_events = data->n_events,
                   .n_persons = data->n_persons,
                   .seen = s->seen,
                   .touch = s->touch,
                   .customer = s->customer,
                   .adjusts = s->adjusts,
                   .converts = s->converts,
                   .touchpoint = journeys && !derive->without_touchpoints ? s->touchpoint : NULL,
                   .event_journey = journeys ? s->event_journey : NULL,
                   .event_stage = journeys ? s->event_stage : NULL,
                   .in_tail = journeys ? s->in_tail : NULL,
                   .journeys = (const Journey *)(gpointer)s->journeys->data,
                   .person_journeys = s->person_journeys,
                   .conversions = (const Conversion *)(gpointer)s->conversions->data,
                   .person_conversions = s->person_conversions};
  return TRUE;
}

/* --- what was derived before ---------------------------------------------------------------------- */

static guint64 mix_bits(guint64 content, const guint64 *bits, guint n) {
  return hash_mix(content ^ (bits ? checksum64(bits, bits_words(n) * sizeof *bits) : 1));
}

static guint64 content_of(const Block *data) {
  guint64 content = mix_bits(data->content, data->dead, data->n_persons);
  content = mix_bits(content, data->touch, data->n_events);
  content = mix_bits(content, data->company, data->n_events);
  content = mix_bits(content, data->system, data->n_events);
  return mix_bits(content, data->excluded, data->n_events);
}

static DeriveKey key_of(const Derive *derive, const Block *data, DeriveKind kind, guint64 answers) {
  return (DeriveKey){derive->state.definitions, content_of(data), answers, data->n_events, kind};
}

/* Events come into sight. */
static DeriveSpan events_span(const Derive *derive, const Block *data) {
  DeriveSpan span = {G_MININT64, G_MAXINT64};
  for (guint32 i = 0; i < data->n_events; i++)
    derive_span_cut(&span, derive->question->now_ms, block_time_ms(data, i));
  return span;
}

/* And journeys are given up, stages lapse, conversions are no longer provisional. That a stage lapses in which a journey
 * does not stand changes nothing, and is not worth telling apart. */
static DeriveSpan derived_span(const Derive *derive, const Block *data, const Derived *derived) {
  DeriveSpan span = events_span(derive, data);
  gint64 now = derive->question->now_ms;
  for (guint32 i = 0; i < derived->person_journeys[derived->n_persons]; i++) {
    gint64 active_ms = derived->journeys[i].active_ms;
    derive_span_cut(&span, now, active_ms + derive->inactivity_ms + 1);
    for (guint k = 0; k < derive->n_lapses; k++)
      derive_span_cut(&span, now, active_ms + derive->lapses_ms[k] + 1);
  }
  for (guint32 i = 0; i < derived->person_conversions[derived->n_persons]; i++) {
    const Conversion *conversion = &derived->conversions[i];
    const Goal *goal = derive->project->goals->pdata[conversion->goal];
    derive_span_cut(&span, now, conversion->time_ms + goal->provisional_ms);
  }
  return span;
}

static void keep(const Derive *derive, const DeriveKey *key, const DeriveResult *result) {
  g_autoptr(DeriveKept) kept = derive_kept_new(result);
  if (kept)
    derive_cache_keep(derive->question->cache, key, derive->question->serial, kept);
}

/* *kept: what `out` stands in, or NULL when that is the scratch. */
static gboolean find_or_make_order_rows(Derive *derive, DeriveScratch *s, guint block, const Block *data, OrderRows *out,
                                        DeriveKept **kept, GError **error) {
  const Question *question = derive->question;
  *kept = NULL;
  if (!derive->keeps)
    return make_order_rows(derive, s, block, data, out, error);
  DeriveKey key = key_of(derive, data, DERIVE_ORDER_ROWS, 0);
  *kept = derive_cache_find(question->cache, &key, question->now_ms, question->serial);
  if (*kept) {
    *out = derive_kept_result(*kept)->orders;
    return TRUE;
  }
  if (!make_order_rows(derive, s, block, data, out, error))
    return FALSE;
  keep(derive, &key, &(DeriveResult){.orders = *out, .span = events_span(derive, data)});
  return TRUE;
}

/* What other blocks say of this one's orders; 0 when nothing. */
static gboolean find_answers(Derive *derive, DeriveScratch *s, guint block, const Block *data, guint64 *answers, GError **error) {
  g_autoptr(DeriveKept) kept = NULL;
  OrderRows rows;
  *answers = 0;
  if (!derive->orders || !orders_any(derive->orders))
    return TRUE;
  if (!find_or_make_order_rows(derive, s, block, data, &rows, &kept, error))
    return FALSE;
  *answers = orders_answers(derive->orders, &rows);
  return TRUE;
}

/* Touchpoints are made again: the codes of those that no rule names are this question's own. */
static gboolean take_kept(Derive *derive, DeriveScratch *s, guint block, const Block *data, Derived *out, GError **error) {
  *out = derive_kept_result(s->kept)->derived;
  s->notes = derive_kept_result(s->kept)->notes;
  memcpy(s->seen, out->seen, bits_words(data->n_events) * sizeof *s->seen);
  if (derive->without_journeys)
    return TRUE;
  out->touchpoint = derive->without_touchpoints ? NULL : s->touchpoint;
  return mark_touchpoints(derive, s, block, data, TRUE, error);
}

static gboolean find_or_make(Derive *derive, DeriveScratch *s, guint block, const Block *data, Derived *out, GError **error) {
  const Question *question = derive->question;
  if (!derive->keeps)
    return make_block(derive, s, block, data, out, error);
  guint64 answers;
  if (!find_answers(derive, s, block, data, &answers, error))
    return FALSE;
  DeriveKey key = key_of(derive, data, derive->without_journeys ? DERIVE_CONVERSIONS : DERIVE_JOURNEYS, answers);
  s->kept = derive_cache_find(question->cache, &key, question->now_ms, question->serial);
  if (s->kept)
    return take_kept(derive, s, block, data, out, error);
  if (!make_block(derive, s, block, data, out, error))
    return FALSE;
  keep(derive, &key, &(DeriveResult){.derived = *out, .notes = s->notes, .span = derived_span(derive, data, out)});
  return TRUE;
}

gboolean derive_block(Derive *derive, DeriveScratch *s, guint block, const Block *data, Derived *out, GError **error) {
  g_clear_pointer(&s->kept, derive_kept_unref);
  scratch_reserve(s, derive, data);
  if (!find_or_make(derive, s, block, data, out, error))
    return FALSE;
  derive->repeated_orders += s->notes.repeated_orders;
  derive->foreign_currency += s->notes.foreign_currency;
  derive->negative_values += s->notes.negative_values;
  return TRUE;
}
