// SPDX-License-Identifier: Apache-2.0
// A person's touches stand in a row; each conversion of the goal takes those since the last one (within the lookback) and
// cuts. A visit counts for every conversion inside it, so it may stand in two paths:
//
//   ad   visit[ page page ORDER page ORDER ]   mail   (nothing for 30 days)
//   path 1: ad > visit -> converts;  path 2: visit -> converts;  path 3: mail -> null
#include "analysis/attribution_touch.h"
#include "analysis/bits.h"
#include "analysis/field.h"
#include "analysis/match.h"
#include "base/error.h"
#include "journey/column.h"
#include <string.h>

typedef enum { NAVIGATES_NEVER, NAVIGATES_ALWAYS, NAVIGATES_BY_BRAND } Navigation;

struct TouchFinder {
  const Question *question;
  TouchOptions options;
  Column *term, *conversation; /* NULL when not needed or not there */
  Field *channel;
  guint8 *navigates; /* Navigation by the channel's entry */
  guint goal;
  GPtrArray *brands; /* lower case */
};

struct TouchScratch {
  AttributionTouch *touches; /* since the last cut; room for all of the person at hand and one more */
  guint n_touches, room;
  GArray *visit_touch;  /* AttributionTouch by visit number of the person at hand */
  GArray *conversation; /* guint32 codes of conversations seen by this person */
  GArray *acted;        /* guint8 by visit number, 1: not all of it is the company's or a system's; empty until asked for */
  guint64 *possible;    /* events of the block that may be attribution touches */
  guint64 *weak, *brand;
  guint words;
};

/* --- one person's touches ------------------------------------------------------------------------ */

typedef struct { /* a block while its persons are walked */
  const TouchFinder *finder;
  TouchScratch *scratch;
  const Block *data;
  const Derived *derived;
  const guint32 *keys;
  const Codes *channel;
  ColumnBlock conversation;
  AttributionPathFunc each;
  gpointer user;
  guint32 first, end; /* events of the person at hand */
} Ground;

static AttributionTouch *touch_at(GArray *touches, guint i) {
  return &g_array_index(touches, AttributionTouch, i);
}

/* Marks what earns credit besides what is marked already; navigational touches are passed over unless there is nothing
 * else. */
static guint mark_kept(const TouchOptions *options, TouchScratch *scratch, gint64 from_ms) {
  gboolean other = FALSE;
  guint kept = 0;
  for (guint i = 0; i < scratch->n_touches; i++) {
    AttributionTouch *touch = &scratch->touches[i];
    touch->kept = touch->kept || touch->time_ms >= from_ms;
    other = other || (touch->kept && !touch->navigational);
  }
  for (guint i = 0; i < scratch->n_touches; i++) {
    AttributionTouch *touch = &scratch->touches[i];
    touch->kept = touch->kept && (options->keep_navigational || !other || !touch->navigational);
    kept += touch->kept ? 1 : 0;
  }
  return kept;
}

/* The visit that a conversion lies in, wherever an earlier conversion cut or the lookback begins. */
static const AttributionTouch *visit_inside(TouchScratch *scratch, guint32 visit) {
  if (visit == 0 || visit >= scratch->visit_touch->len || touch_at(scratch->visit_touch, visit)->visit != visit)
    return NULL;
  return touch_at(scratch->visit_touch, visit);
}

/* The visit's touch earns credit wherever it stands; where a cut took it away, it stands in front once more. */
static void keep_visit(TouchScratch *scratch, const AttributionTouch *inside) {
  gboolean found = FALSE;
  for (guint i = 0; i < scratch->n_touches; i++) {
    AttributionTouch *touch = &scratch->touches[i];
    touch->kept = inside && touch->visit == inside->visit;
    found = found || touch->kept;
  }
  if (!inside || found)
    return;
  memmove(scratch->touches + 1, scratch->touches, scratch->n_touches++ * sizeof *scratch->touches);
  scratch->touches[0] = *inside;
  scratch->touches[0].kept = scratch->touches[0].again = TRUE;
}

static void end_path(const Ground *ground, AttributionPath *path, const AttributionTouch *inside, gint64 from_ms) {
  TouchScratch *scratch = ground->scratch;
  keep_visit(scratch, inside);
  path->n_kept = mark_kept(&ground->finder->options, scratch, from_ms);
  path->touches = scratch->touches;
  path->n_touches = scratch->n_touches;
  ground->each(ground->user, path);
  scratch->n_touches = 0;
}

static gboolean is_navigational(const Ground *ground, guint32 event) {
  switch (ground->finder->navigates[codes_at(ground->channel, event)]) {
  case NAVIGATES_ALWAYS: return TRUE;
  case NAVIGATES_BY_BRAND: return ground->finder->term && bit_at(ground->scratch->brand, event);
  default: return FALSE;
  }
}

/* FALSE when this conversation was a touch before. */
static gboolean conversation_is_new(const Ground *ground, guint32 event) {
  GArray *known = ground->scratch->conversation;
  guint32 code = ground->finder->conversation ? codes_at(&ground->conversation.codes, event) : 0;
  for (guint i = 0; code && i < known->len; i++)
    if (g_array_index(known, guint32, i) == code)
      return FALSE;
  if (code)
    g_array_append_val(known, code);
  return TRUE;
}

static gboolean first_of_visit(TouchScratch *scratch, guint32 visit) {
  return visit >= scratch->visit_touch->len || touch_at(scratch->visit_touch, visit)->visit != visit;
}

static gboolean is_not_theirs(const Ground *ground, guint32 event) {
  return bit_at(ground->data->company, event) || bit_at(ground->data->system, event);
}

static void find_acted(const Ground *ground) {
  GArray *acted = ground->scratch->acted;
  g_array_set_size(acted, 1);
  for (guint32 event = ground->first; event < ground->end; event++) {
    guint32 visit = codes_at(&ground->data->visit, event);
    if (visit == 0 || !bit_at(ground->derived->seen, event) || is_not_theirs(ground, event))
      continue;
    if (visit >= acted->len)
      g_array_set_size(acted, visit + 1);
    g_array_index(acted, guint8, visit) = 1;
  }
}

/* A visit in which only the company or a system did anything (the project's rules may say so of what a page or an app sends by
 * itself) touched nobody. */
static gboolean somebody_acted(const Ground *ground, guint32 event, guint32 visit) {
  GArray *acted = ground->scratch->acted;
  if (!is_not_theirs(ground, event))
    return TRUE;
  if (acted->len == 0)
    find_acted(ground);
  return visit < acted->len && g_array_index(acted, guint8, visit);
}

static void remember_visit(TouchScratch *scratch, const AttributionTouch *touch) {
  guint before = scratch->visit_touch->len;
  if (touch->visit >= before) {
    g_array_set_size(scratch->visit_touch, touch->visit + 1);
    memset(touch_at(scratch->visit_touch, before), 0, (touch->visit + 1 - before) * sizeof(AttributionTouch));
  }
  *touch_at(scratch->visit_touch, touch->visit) = *touch;
}

/* A click takes the place of the opens and views of its channel that it followed. */
static void drop_faint(TouchScratch *scratch, const AttributionTouch *click, gint64 views_ms) {
  guint left = 0;
  for (guint i = 0; i < scratch->n_touches; i++) {
    const AttributionTouch *touch = &scratch->touches[i];
    if (!touch->faint || touch->key != click->key || click->time_ms - touch->time_ms > views_ms)
      scratch->touches[left++] = *touch;
  }
  scratch->n_touches = left;
}

static gboolean is_faint(const Block *data, guint32 event) {
  Grade grade = (Grade)codes_at(&data->grade, event);
  return grade == GRADE_OPEN || grade == GRADE_VIEW;
}

/* `event` is one of scratch->possible. */
static void take_event(const Ground *ground, guint32 event) {
  const TouchFinder *finder = ground->finder;
  TouchScratch *scratch = ground->scratch;
  guint32 visit = codes_at(&ground->data->visit, event);
  gboolean faint = visit == 0 && finder->options.views_ms > 0 && is_faint(ground->data, event);
  if (visit ? !first_of_visit(scratch, visit) || !somebody_acted(ground, event, visit)
            : !faint && !conversation_is_new(ground, event))
    return;
  AttributionTouch touch = {.time_ms = block_time_ms(ground->data, event),
                            .event = event,
                            .visit = visit,
                            .key = ground->keys[event],
                            .navigational = is_navigational(ground, event),
                            .faint = faint};
  if (finder->options.views_ms > 0 && !faint)
    drop_faint(scratch, &touch, finder->options.views_ms);
  scratch->touches[scratch->n_touches++] = touch;
  if (visit)
    remember_visit(scratch, &touch);
}

static void take_rest(const Ground *ground, guint32 person) {
  const TouchScratch *scratch = ground->scratch;
  if (scratch->n_touches == 0)
    return;
  gint64 idle_ms = ground->finder->question->now_ms - scratch->touches[scratch->n_touches - 1].time_ms;
  AttributionPath path = {.person = person, .open = idle_ms <= ground->finder->options.goal->inactivity_ms};
  end_path(ground, &path, NULL, G_MININT64);
}

/* Those of [from, to); returns where to go on. */
static guint32 take_events(const Ground *ground, guint32 from, guint32 to) {
  for (guint32 event = from; event < to; event++) {
    guint64 word = ground->scratch->possible[event / 64] >> event % 64;
    if (word == 0) {
      event |= 63;
      continue;
    }
    event += (guint32)__builtin_ctzll(word);
    if (event < to)
      take_event(ground, event);
  }
  return to;
}

static void make_room(TouchScratch *scratch, guint n) {
  if (n <= scratch->room)
    return;
  scratch->room = n + n / 4;
  scratch->touches = g_renew(AttributionTouch, scratch->touches, scratch->room);
}

static void take_person(Ground *ground, guint32 person) {
  const Block *data = ground->data;
  const Derived *derived = ground->derived;
  TouchScratch *scratch = ground->scratch;
  guint32 next = derived->person_conversions[person], end = derived->person_conversions[person + 1];
  gboolean repeated = FALSE;
  make_room(scratch, data->person_start[person + 1] - data->person_start[person] + 1);
  scratch->n_touches = 0;
  g_array_set_size(scratch->visit_touch, 0);
  g_array_set_size(scratch->conversation, 0);
  g_array_set_size(scratch->acted, 0);
  guint32 event = ground->first = data->person_start[person];
  ground->end = data->person_start[person + 1];
  for (; next < end; next++) {
    const Conversion *conversion = &derived->conversions[next];
    if (conversion->goal != ground->finder->goal)
      continue;
    event = take_events(ground, event, conversion->event + 1);
    gint64 from_ms = conversion->time_ms - ground->finder->options.lookback_ms;
    AttributionPath path = {.person = person, .conversion = conversion, .repeated = repeated};
    end_path(ground, &path, visit_inside(scratch, conversion->visit), from_ms);
    repeated = TRUE;
  }
  take_events(ground, event, ground->end);
  take_rest(ground, person);
}

/* --- a block ------------------------------------------------------------------------------------- */

static void reserve_words(TouchScratch *scratch, guint words) {
  if (words <= scratch->words)
    return;
  scratch->words = words + words / 4;
  guint64 **bitmaps[] = {&scratch->possible, &scratch->weak, &scratch->brand};
  for (guint i = 0; i < G_N_ELEMENTS(bitmaps); i++)
    *bitmaps[i] = g_renew(guint64, *bitmaps[i], scratch->words);
}

/* All but what only the walk knows: which event is a visit's first, which conversation was there before, which open a
 * click followed. */
static void mark_possible(const Ground *ground) {
  const Block *data = ground->data;
  const Derived *derived = ground->derived;
  const Codes *visit = &data->visit;
  gboolean views = ground->finder->options.views_ms > 0;
  guint64 *possible = ground->scratch->possible, *weak = ground->scratch->weak;
  guint8 opens[] = {[GRADE_OPEN] = 1, [GRADE_VIEW] = 1, [GRADE_DELIVERED] = 0, [GRADE_NONE] = 0},
         delivered[] = {[GRADE_DELIVERED] = 1, [GRADE_NONE] = 0}, outside = 1;
  match_codes(&data->grade, data->n_events, opens, G_N_ELEMENTS(opens), weak);
  match_codes(&data->grade, data->n_events, delivered, G_N_ELEMENTS(delivered), possible);
  for (guint w = 0; w < bits_words(data->n_events); w++) {
    guint64 good = derived->touch[w] & ~derived->converts[w] & ~derived->adjusts[w] & (data->converses ? data->converses[w] : 0);
    possible[w] = good & ~possible[w] & (views ? derived->customer[w] | weak[w] : derived->customer[w] & ~weak[w]);
  }
  if (visit->width == 0 && visit->constant == 0)
    return;
  match_codes(visit, data->n_events, &outside, 1, weak);
  for (guint w = 0; w < bits_words(data->n_events); w++)
    possible[w] = (possible[w] & weak[w]) | (derived->seen[w] & ~weak[w]);
}

static gboolean mark_brands(const TouchFinder *finder, TouchScratch *scratch, guint block, const Block *data, GError **error) {
  ColumnBlock column;
  guint words = bits_words(data->n_events);
  if (!finder->term)
    return TRUE;
  if (!column_block(finder->term, block, &column, error))
    return FALSE;
  g_autofree guint8 *verdict = g_new0(guint8, column.n_entries);
  for (guint32 i = 1; i < column.n_entries; i++) {
    Text text = column_entry(&column, i).text;
    g_autofree char *lower = g_utf8_strdown(text.at, (gssize)text.size);
    for (guint b = 0; b < finder->brands->len && !verdict[i]; b++)
      verdict[i] = strstr(lower, finder->brands->pdata[b]) != NULL;
  }
  memset(scratch->brand, 0, words * sizeof *scratch->brand);
  for (guint32 i = 0; i < data->n_events; i++)
    if (verdict[codes_at(&column.codes, i)])
      bit_set(scratch->brand, i);
  return TRUE;
}

gboolean touch_finder_block(TouchFinder *finder, TouchScratch *scratch, guint block, const Block *data, const Derived *derived,
                            const ScopeBlock *scope, const guint32 *keys, AttributionPathFunc each, gpointer user, GError **error) {
  g_auto(FieldBlock) channel = {0};
  Ground ground = {
      .finder = finder, .scratch = scratch, .data = data, .derived = derived, .keys = keys, .each = each, .user = user};
  reserve_words(scratch, bits_words(data->n_events));
  if (!mark_brands(finder, scratch, block, data, error) || !field_block(finder->channel, block, data, &channel, error) ||
      (finder->conversation && !column_block(finder->conversation, block, &ground.conversation, error)))
    return FALSE;
  ground.channel = &channel.codes;
  mark_possible(&ground);
  for (guint32 p = 0; p < data->n_persons; p++) {
    guint32 start = data->person_start[p], end = data->person_start[p + 1];
    gboolean visible = !scope->visible || bits_next(scope->visible, start, end) < end;
    if (!bit_at(data->dead, p) && visible)
      take_person(&ground, p);
  }
  return TRUE;
}

/* --- making ready -------------------------------------------------------------------------------- */

static gboolean open_channel(TouchFinder *finder, GError **error) {
  finder->channel = field_new(finder->question, "channel", error);
  if (!finder->channel)
    return FALSE;
  guint32 n = field_shared_count(finder->channel);
  finder->navigates = g_new0(guint8, n);
  for (guint32 entry = 0; entry < n; entry++) {
    Text name = field_shared_entry(finder->channel, entry).text;
    if (text_is(name, "direct"))
      finder->navigates[entry] = NAVIGATES_ALWAYS;
    else if (text_is(name, "organic_search") || text_is(name, "paid_search"))
      finder->navigates[entry] = NAVIGATES_BY_BRAND;
  }
  return TRUE;
}

TouchFinder *touch_finder_new(const Question *question, const TouchOptions *options, GError **error) {
  const Names *names = snapshot_names(question->snapshot);
  const Project *project = question->project;
  const char *conversation = "properties.conversation_id";
  g_autoptr(TouchFinder) finder = g_new0(TouchFinder, 1);
  finder->question = question;
  finder->options = *options;
  finder->brands = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < project->brand_terms->len; i++)
    g_ptr_array_add(finder->brands, g_utf8_strdown(project->brand_terms->pdata[i], -1));
  for (guint i = 0; i < project->goals->len; i++)
    if (project->goals->pdata[i] == options->goal)
      finder->goal = i;
  if (!open_channel(finder, error))
    return NULL;
  if (finder->brands->len && column_known(names, "term") && !(finder->term = column_open(question->snapshot, "term", error)))
    return NULL;
  if (column_known(names, conversation) && !(finder->conversation = column_open(question->snapshot, conversation, error)))
    return NULL;
  return g_steal_pointer(&finder);
}

void touch_finder_free(TouchFinder *finder) {
  if (!finder)
    return;
  column_free(finder->term);
  column_free(finder->conversation);
  field_free(finder->channel);
  g_free(finder->navigates);
  g_ptr_array_unref(finder->brands);
  g_free(finder);
}

TouchScratch *touch_scratch_new(void) {
  TouchScratch *scratch = g_new0(TouchScratch, 1);
  scratch->visit_touch = g_array_new(FALSE, FALSE, sizeof(AttributionTouch));
  scratch->conversation = g_array_new(FALSE, FALSE, sizeof(guint32));
  scratch->acted = g_array_new(FALSE, TRUE, sizeof(guint8));
  return scratch;
}

void touch_scratch_free(TouchScratch *scratch) {
  if (!scratch)
    return;
  g_free(scratch->touches);
  g_array_unref(scratch->visit_touch);
  g_array_unref(scratch->conversation);
  g_array_unref(scratch->acted);
  g_free(scratch->possible);
  g_free(scratch->weak);
  g_free(scratch->brand);
  g_free(scratch);
}

const Goal *attribution_goal(const Project *project, const char *name, GError **error) {
  const GPtrArray *goals = project->goals;
  const Goal *goal = name ? project_goal(project, name) : NULL;
  for (guint i = 0; i < goals->len && !name && !goal; i++)
    if (((const Goal *)goals->pdata[i])->closes)
      goal = goals->pdata[i];
  if (!goal && !name && goals->len)
    goal = goals->pdata[0];
  if (goal)
    return goal;
  g_autoptr(GString) known = g_string_new(NULL);
  for (guint i = 0; i < goals->len; i++)
    g_string_append_printf(known, "%s%s", i ? ", " : "", ((const Goal *)goals->pdata[i])->rule.name);
  error_set(error, ERROR_INVALID, "there is no goal \"%s\"\nhint: the project has %s; `etappe project show` prints them",
            name ? name : "", known->len ? known->str : "none");
  return NULL;
}
