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

enum { NONE = G_MAXUINT32 };

struct TouchFinder {
  const Question *question;
  TouchOptions options;
  Column *term, *conversation; /* NULL when not needed or not there */
  Field *channel;
  guint8 *navigates, *searches; /* by the channel's entry: always navigational, or when the search names the brand */
  guint n_channels;
  gboolean navigable; /* some channel is one of the two */
  guint goal;
  GPtrArray *brands; /* lower case */
};

typedef struct { /* touches in order: a column of events, and one of what they are */
  guint32 *events, *keys;
} Touches;

struct TouchScratch {
  Touches all;          /* of the person at hand, and room for one more in front */
  Touches kept;         /* of the path at hand, where some of it earn nothing */
  guint32 *visit_first; /* by visit of the person at hand: its first event; of others: events of other persons */
  GArray *conversation; /* guint32 codes of conversations seen by this person */
  GArray *acted;        /* guint8 by visit number, 1: not all of it is the company's or a system's; empty until asked for */
  guint64 *possible;    /* events of the block that may be attribution touches */
  guint64 *weak, *brand, *navigational;
  guint room, words, visits;
};

/* --- one person's touches ------------------------------------------------------------------------ */

typedef struct { /* a block while its persons are walked */
  const TouchFinder *finder;
  TouchScratch *scratch;
  const Block *data;
  const Derived *derived;
  const guint32 *keys;
  const guint64 *navigational; /* events, or NULL */
  gboolean plain;              /* no visit, conversation or view here: what is possible is a touch */
  ColumnBlock conversation;
  AttributionPathFunc each;
  gpointer user;
  guint32 first, end; /* events of the person at hand */
} Ground;

static gint64 time_of(const Ground *ground, guint32 event) {
  return block_time_ms(ground->data, event);
}

/* Takes over those touches of `from` that earn by the lookback, and `inside` wherever it stands; returns how many. */
static guint keep_recent(const Ground *ground, const Touches *from, guint n, guint32 inside, gint64 from_ms) {
  const Touches *kept = &ground->scratch->kept;
  guint n_kept = 0;
  for (guint i = 0; i < n; i++) {
    guint32 event = from->events[i];
    kept->keys[n_kept] = from->keys[i];
    kept->events[n_kept] = event;
    n_kept += event == inside || time_of(ground, event) >= from_ms ? 1 : 0;
  }
  return n_kept;
}

/* Navigational touches are passed over unless there is nothing else. */
static void pass_over(const Ground *ground, AttributionPath *path) {
  const Touches *kept = &ground->scratch->kept;
  guint others = 0;
  for (guint i = 0; i < path->n_kept; i++)
    others += bit_at(ground->navigational, path->kept[i]) ? 0 : 1;
  if (others == 0 || others == path->n_kept)
    return;
  guint n_kept = 0;
  for (guint i = 0; i < path->n_kept; i++) { /* in place where the lookback left some out */
    guint32 event = path->kept[i];
    kept->keys[n_kept] = path->keys[i];
    kept->events[n_kept] = event;
    n_kept += bit_at(ground->navigational, event) ? 0 : 1;
  }
  path->kept = kept->events;
  path->keys = kept->keys;
  path->n_kept = n_kept;
}

/* The touch of the visit that a conversion lies in, wherever an earlier conversion cut or the lookback begins. */
static guint32 visit_inside(const Ground *ground, const Conversion *conversion) {
  const TouchScratch *scratch = ground->scratch;
  guint32 first = conversion->visit && conversion->visit < scratch->visits ? scratch->visit_first[conversion->visit] : NONE;
  return first >= ground->first && first <= conversion->event ? first : NONE;
}

/* Touches [first, end) make the path. `inside` earns credit wherever it stands; where a cut took it away, it stands in front
 * once more, in place of a touch that is told already. */
static void end_path(const Ground *ground, AttributionPath *path, guint first, guint end, guint32 inside, gint64 from_ms) {
  const Touches *all = &ground->scratch->all;
  if (inside != NONE && (first == end || inside < all->events[first])) {
    path->again = TRUE;
    all->events[--first] = inside;
    all->keys[first] = ground->keys[inside];
  }
  Touches touches = {all->events + first, all->keys + first};
  path->touches = path->kept = touches.events;
  path->keys = touches.keys;
  path->n_touches = path->n_kept = end - first;
  path->navigational = ground->navigational;
  if (first < end && time_of(ground, touches.events[0]) < from_ms) {
    path->n_kept = keep_recent(ground, &touches, end - first, inside, from_ms);
    path->kept = ground->scratch->kept.events;
    path->keys = ground->scratch->kept.keys;
  }
  if (ground->navigational && !ground->finder->options.keep_navigational)
    pass_over(ground, path);
  ground->each(ground->user, path);
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

static gboolean visit_is_new(const Ground *ground, guint32 visit, guint32 event) {
  TouchScratch *scratch = ground->scratch;
  if (visit >= scratch->visits) {
    guint before = scratch->visits;
    scratch->visits = (visit + 1) * 2;
    scratch->visit_first = g_renew(guint32, scratch->visit_first, scratch->visits);
    memset(scratch->visit_first + before, 0xff, (scratch->visits - before) * sizeof *scratch->visit_first);
  }
  guint32 first = scratch->visit_first[visit];
  if (first != NONE && first >= ground->first)
    return FALSE;
  scratch->visit_first[visit] = event;
  return TRUE;
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

/* An open or a view that counts unless a click follows. */
static gboolean is_faint(const Ground *ground, guint32 event) {
  Grade grade = (Grade)codes_at(&ground->data->grade, event);
  return ground->finder->options.views_ms > 0 && (grade == GRADE_OPEN || grade == GRADE_VIEW) &&
         codes_at(&ground->data->visit, event) == 0;
}

/* A click takes the place of the opens and views of its channel that it followed; returns the new end. */
static guint drop_faint(const Ground *ground, guint32 click, guint first, guint end) {
  const Touches *all = &ground->scratch->all;
  guint left = first;
  for (guint i = first; i < end; i++) {
    guint32 event = all->events[i];
    gboolean stays = !is_faint(ground, event) || all->keys[i] != ground->keys[click] ||
                     time_of(ground, click) - time_of(ground, event) > ground->finder->options.views_ms;
    all->keys[left] = all->keys[i];
    all->events[left] = event;
    left += stays ? 1 : 0;
  }
  return left;
}

/* `event` is one of scratch->possible; returns the new end of touches [first, end). */
static guint take_event(const Ground *ground, guint32 event, guint first, guint end) {
  const Touches *all = &ground->scratch->all;
  guint32 visit = codes_at(&ground->data->visit, event);
  gboolean faint = is_faint(ground, event);
  if (visit ? !somebody_acted(ground, event, visit) || !visit_is_new(ground, visit, event)
            : !faint && !conversation_is_new(ground, event))
    return end;
  if (ground->finder->options.views_ms > 0 && !faint)
    end = drop_faint(ground, event, first, end);
  all->events[end] = event;
  all->keys[end] = ground->keys[event];
  return end + 1;
}

/* Those among events [from, to) as touches behind [first, end); returns the new end. */
static guint take_events(const Ground *ground, guint32 from, guint32 to, guint first, guint end) {
  const guint64 *possible = ground->scratch->possible;
  Touches all = ground->scratch->all;
  if (from >= to)
    return end;
  guint64 outside = (G_GUINT64_CONSTANT(1) << from % 64) - 1;
  for (guint32 w = from / 64; w * 64 < to; w++, outside = 0) {
    guint64 word = possible[w] & ~outside & (to - w * 64 < 64 ? (G_GUINT64_CONSTANT(1) << to % 64) - 1 : G_MAXUINT64);
    for (; word; word &= word - 1) {
      guint32 event = w * 64 + (guint32)__builtin_ctzll(word);
      if (!ground->plain) {
        end = take_event(ground, event, first, end);
        continue;
      }
      all.events[end] = event;
      all.keys[end++] = ground->keys[event];
    }
  }
  return end;
}

static void take_rest(const Ground *ground, guint32 person, guint first, guint end) {
  if (first == end)
    return;
  gint64 idle_ms = ground->finder->question->now_ms - time_of(ground, ground->scratch->all.events[end - 1]);
  AttributionPath path = {.person = person, .open = idle_ms <= ground->finder->options.goal->inactivity_ms};
  end_path(ground, &path, first, end, NONE, G_MININT64);
}

static void take_person(Ground *ground, guint32 person) {
  const Derived *derived = ground->derived;
  guint32 next = derived->person_conversions[person], last = derived->person_conversions[person + 1];
  guint32 event = ground->first = ground->data->person_start[person];
  guint first = 1, end = 1;
  gboolean repeated = FALSE;
  ground->end = ground->data->person_start[person + 1];
  if (!ground->plain) {
    g_array_set_size(ground->scratch->conversation, 0);
    g_array_set_size(ground->scratch->acted, 0);
  }
  for (; next < last; next++) {
    const Conversion *conversion = &derived->conversions[next];
    if (conversion->goal != ground->finder->goal)
      continue;
    end = take_events(ground, event, conversion->event + 1, first, end);
    event = conversion->event + 1;
    AttributionPath path = {.person = person, .conversion = conversion, .repeated = repeated};
    end_path(ground, &path, first, end, visit_inside(ground, conversion),
             conversion->time_ms - ground->finder->options.lookback_ms);
    first = end;
    repeated = TRUE;
  }
  end = take_events(ground, event, ground->end, first, end);
  take_rest(ground, person, first, end);
}

/* --- a block ------------------------------------------------------------------------------------- */

static void reserve(TouchScratch *scratch, const Block *data) {
  guint words = bits_words(data->n_events);
  if (words > scratch->words) {
    scratch->words = words + words / 4;
    guint64 **bitmaps[] = {&scratch->possible, &scratch->weak, &scratch->brand, &scratch->navigational};
    for (guint i = 0; i < G_N_ELEMENTS(bitmaps); i++)
      *bitmaps[i] = g_renew(guint64, *bitmaps[i], scratch->words);
  }
  if (data->n_events + 1 > scratch->room) {
    scratch->room = data->n_events + data->n_events / 4 + 1;
    guint32 **columns[] = {&scratch->all.events, &scratch->all.keys, &scratch->kept.events, &scratch->kept.keys};
    for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
      *columns[i] = g_renew(guint32, *columns[i], scratch->room);
  }
  memset(scratch->visit_first, 0xff, scratch->visits * sizeof *scratch->visit_first);
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
  if (!finder->term)
    return TRUE;
  if (!column_block(finder->term, block, &column, error))
    return FALSE;
  g_autofree guint8 *verdict = g_new0(guint8, column.n_entries + 1);
  for (guint32 i = 1; i < column.n_entries; i++) {
    Text text = column_entry(&column, i).text;
    g_autofree char *lower = g_utf8_strdown(text.at, (gssize)text.size);
    for (guint b = 0; b < finder->brands->len && !verdict[i]; b++)
      verdict[i] = strstr(lower, finder->brands->pdata[b]) != NULL;
  }
  match_codes(&column.codes, data->n_events, verdict, column.n_entries, scratch->brand);
  return TRUE;
}

/* Direct visits, and searches that name the brand. */
static gboolean mark_navigational(Ground *ground, guint block, GError **error) {
  const TouchFinder *finder = ground->finder;
  TouchScratch *scratch = ground->scratch;
  const Block *data = ground->data;
  g_auto(FieldBlock) channel = {0};
  if (!finder->navigable)
    return TRUE;
  if (!mark_brands(finder, scratch, block, data, error) || !field_block(finder->channel, block, data, &channel, error))
    return FALSE;
  ground->navigational = scratch->navigational;
  match_codes(&channel.codes, data->n_events, finder->navigates, finder->n_channels, scratch->navigational);
  if (!finder->term)
    return TRUE;
  match_codes(&channel.codes, data->n_events, finder->searches, finder->n_channels, scratch->weak);
  bits_and(scratch->weak, scratch->brand, bits_words(data->n_events));
  bits_or(scratch->navigational, scratch->weak, bits_words(data->n_events));
  return TRUE;
}

gboolean touch_finder_block(TouchFinder *finder, TouchScratch *scratch, guint block, const Block *data, const Derived *derived,
                            const ScopeBlock *scope, const guint32 *keys, AttributionPathFunc each, gpointer user, GError **error) {
  Ground ground = {
      .finder = finder, .scratch = scratch, .data = data, .derived = derived, .keys = keys, .each = each, .user = user};
  reserve(scratch, data);
  if (!mark_navigational(&ground, block, error) ||
      (finder->conversation && !column_block(finder->conversation, block, &ground.conversation, error)))
    return FALSE;
  ground.plain = data->visit.width == 0 && data->visit.constant == 0 && finder->options.views_ms == 0 &&
                 (!finder->conversation || ground.conversation.n_entries <= 1);
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
  finder->n_channels = field_shared_count(finder->channel);
  finder->navigates = g_new0(guint8, finder->n_channels);
  finder->searches = g_new0(guint8, finder->n_channels);
  for (guint32 entry = 0; entry < finder->n_channels; entry++) {
    Text name = field_shared_entry(finder->channel, entry).text;
    finder->navigates[entry] = text_is(name, "direct") ? 1 : 0;
    finder->searches[entry] = text_is(name, "organic_search") || text_is(name, "paid_search") ? 1 : 0;
    finder->navigable = finder->navigable || finder->navigates[entry] || (finder->searches[entry] && finder->brands->len);
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
  g_free(finder->searches);
  g_ptr_array_unref(finder->brands);
  g_free(finder);
}

TouchScratch *touch_scratch_new(void) {
  TouchScratch *scratch = g_new0(TouchScratch, 1);
  scratch->conversation = g_array_new(FALSE, FALSE, sizeof(guint32));
  scratch->acted = g_array_new(FALSE, TRUE, sizeof(guint8));
  return scratch;
}

void touch_scratch_free(TouchScratch *scratch) {
  if (!scratch)
    return;
  gpointer columns[] = {scratch->all.events, scratch->all.keys, scratch->kept.events, scratch->kept.keys,   scratch->visit_first,
                        scratch->possible,   scratch->weak,     scratch->brand,       scratch->navigational};
  for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
    g_free(columns[i]);
  g_array_unref(scratch->conversation);
  g_array_unref(scratch->acted);
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
