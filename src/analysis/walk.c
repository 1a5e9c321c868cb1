// SPDX-License-Identifier: Apache-2.0
/* A block's touches are first gathered into two dense arrays (code, event) with the persons' offsets into them:
 * whole persons are then slices without further work, and parts of persons are gathered from their slice. */
#include "analysis/walk.h"
#include "analysis/bits.h"
#include "base/error.h"

typedef struct { /* of one worker, grown to its largest block */
  guint32 *all_codes, *codes, *events, *start, *part_codes, *part_events, *every;
  guint64 *touches, *after, *before;
  guint room_events, room_words;
  UnitSort sort;
} Room;

struct Walk {
  const Question *question;
  Scope *scope;
  Key *key;
  Units *units;
  EventFilter after, before;
  gboolean has_after, has_before;
  guint n_rooms;
  Room *rooms;
};

static gboolean anchor_init(EventFilter *filter, gboolean *given, const Question *question, const Params *params, const char *name,
                            GError **error) {
  const char *text = params_get(params, name);
  g_autofree char *option = g_strdup_printf("--%s", name);
  *given = text != NULL;
  return !text || event_filter_init(filter, question, option, text, error);
}

Walk *walk_new(const Question *question, const Params *params, GError **error) {
  g_autoptr(Walk) walk = g_new0(Walk, 1);
  walk->question = question;
  walk->n_rooms = question_threads(question);
  walk->rooms = g_new0(Room, walk->n_rooms);
  if (!(walk->key = key_new(question, params_get(params, "key"), error))) {
    g_prefix_error(error, "--key: ");
    return NULL;
  }
  if (!(walk->scope = scope_new(question, error)) || !(walk->units = units_new(question, params_get(params, "unit"), error)) ||
      !anchor_init(&walk->after, &walk->has_after, question, params, "after", error) ||
      !anchor_init(&walk->before, &walk->has_before, question, params, "before", error))
    return NULL;
  return g_steal_pointer(&walk);
}

void walk_free(Walk *walk) {
  if (!walk)
    return;
  for (guint i = 0; i < walk->n_rooms; i++) {
    Room *room = &walk->rooms[i];
    gpointer arrays[] = {room->all_codes,   room->codes,   room->events, room->start,  room->part_codes,
                         room->part_events, room->touches, room->after,  room->before, room->every};
    for (guint j = 0; j < G_N_ELEMENTS(arrays); j++)
      g_free(arrays[j]);
    unit_sort_clear(&room->sort);
  }
  g_free(walk->rooms);
  event_filter_clear(&walk->after);
  event_filter_clear(&walk->before);
  units_free(walk->units);
  scope_free(walk->scope);
  key_free(walk->key);
  g_free(walk);
}

Key *walk_key(Walk *walk) {
  return walk->key;
}
const Units *walk_units(const Walk *walk) {
  return walk->units;
}

static gboolean grow(guint32 **array, guint n) {
  guint32 *bigger = g_try_renew(guint32, *array, n);
  if (bigger)
    *array = bigger;
  return bigger != NULL;
}

static gboolean room_grow(Room *room, const Block *data, GError **error) {
  guint n = data->n_events, words = bits_words(n) + 1;
  if (!room->start)
    room->start = g_new(guint32, BLOCK_PERSONS_MAX + 1);
  if (n <= room->room_events && words <= room->room_words)
    return TRUE;
  if (!grow(&room->every, n) || !grow(&room->all_codes, n) || !grow(&room->codes, n) || !grow(&room->events, n) ||
      !grow(&room->part_codes, n) || !grow(&room->part_events, n))
    return error_set(error, ERROR_LIMIT, "no memory for a block of %u events", n);
  room->touches = g_renew(guint64, room->touches, words);
  room->after = g_renew(guint64, room->after, words);
  room->before = g_renew(guint64, room->before, words);
  for (guint32 i = 0; i < n; i++)
    room->every[i] = i;
  room->room_events = n;
  room->room_words = words;
  return TRUE;
}

typedef struct { /* touches that count, densely: their codes, events, and where each person's begin */
  const guint32 *codes, *events, *start;
} Dense;

static Dense gather(const Block *data, Room *room) {
  guint32 n = 0;
  if (bits_count(room->touches, bits_words(data->n_events)) == data->n_events)
    return (Dense){room->all_codes, room->every, data->person_start};
  for (guint w = 0; w < bits_words(data->n_events); w++)
    for (guint64 word = room->touches[w]; word; word &= word - 1) {
      guint32 event = w * 64 + (guint32)__builtin_ctzll(word);
      room->events[n] = event;
      room->codes[n++] = room->all_codes[event];
    }
  for (guint32 person = 0, i = 0; person <= data->n_persons; person++) {
    while (i < n && room->events[i] < data->person_start[person])
      i++;
    room->start[person] = i;
  }
  return (Dense){room->codes, room->events, room->start};
}

/* Cuts a path to its anchors; FALSE when it has none. */
static gboolean anchored(const Walk *walk, const Room *room, Path *path) {
  if (walk->has_after) {
    guint32 i = 0;
    while (i < path->n && !bit_at(room->after, path->events[i]))
      i++;
    path->events += i;
    path->codes += i;
    path->n -= i;
  }
  while (walk->has_before && path->n > 0 && !bit_at(room->before, path->events[path->n - 1]))
    path->n--;
  return path->n > 0;
}

typedef struct {
  const Walk *walk;
  const Block *data;
  const Room *room;
  WalkFunc each;
  gpointer user;
} Step;

static gboolean hand_on(const Step *step, Path *path, GError **error) {
  const Question *question = step->walk->question;
  if (path->n == 0)
    return TRUE;
  if (question->from_ms != G_MININT64 || question->to_ms != G_MAXINT64) {
    gint64 first_ms = block_time_ms(step->data, path->events[0]);
    if (first_ms < question->from_ms || first_ms >= question->to_ms)
      return TRUE;
  }
  if ((step->walk->has_after || step->walk->has_before) && !anchored(step->walk, step->room, path))
    return TRUE;
  return step->each(step->user, path, error);
}

/* The parts of one person; events of no part are left out. */
static gboolean walk_parts(const Step *step, Room *room, const UnitBlock *units, guint32 person, GError **error) {
  unit_sort(&room->sort, step->data, units, person);
  for (guint32 u = 0; u < room->sort.n_units; u++) {
    Path path = {.person = person, .unit = u + 1, .codes = room->part_codes, .events = room->part_events};
    for (guint32 i = room->sort.start[u]; i < room->sort.start[u + 1]; i++) {
      guint32 event = room->sort.events[i];
      if (!bit_at(room->touches, event))
        continue;
      room->part_codes[path.n] = room->all_codes[event];
      room->part_events[path.n++] = event;
    }
    if (!hand_on(step, &path, error))
      return FALSE;
  }
  return TRUE;
}

gboolean walk_block(Walk *walk, guint block, const Block *data, guint worker, WalkFunc each, gpointer user, GError **error) {
  Room *room = &walk->rooms[worker];
  ScopeBlock scope;
  UnitBlock units;
  if (data->unidentified || !data->touch)
    return TRUE;
  if (!scope_block(walk->scope, block, data, worker, &scope, error))
    return FALSE;
  if (scope.nothing)
    return TRUE;
  if (!room_grow(room, data, error) || !key_block(walk->key, block, data, room->all_codes, error) ||
      !units_block(walk->units, block, data, worker, &units, error))
    return FALSE;
  scope_both(room->touches, data->touch, scope.kept, data->n_events);
  if ((walk->has_after && !event_filter_block(&walk->after, block, data, NULL, room->after, error)) ||
      (walk->has_before && !event_filter_block(&walk->before, block, data, NULL, room->before, error)))
    return FALSE;
  Dense dense = units.whole ? gather(data, room) : (Dense){0};
  Step step = {walk, data, room, each, user};
  for (guint32 person = 0; person < data->n_persons; person++) {
    if (!units.whole) {
      if (!walk_parts(&step, room, &units, person, error))
        return FALSE;
      continue;
    }
    guint32 from = dense.start[person];
    Path path = {person, 1, dense.codes + from, dense.events + from, dense.start[person + 1] - from};
    if (!hand_on(&step, &path, error))
      return FALSE;
  }
  return TRUE;
}
