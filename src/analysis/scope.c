// SPDX-License-Identifier: Apache-2.0
#include "analysis/scope.h"
#include "analysis/bits.h"
#include "base/error.h"

typedef struct { /* of one worker, grown to its largest block */
  guint64 *visible, *kept, *in_range, *persons;
  guint words;
} Room;

struct Scope {
  const Question *question;
  Filter *where, *among;
  gboolean all_seen; /* now hides nothing */
  gboolean open_range;
  guint n_rooms;
  Room *rooms;
};

Scope *scope_new(const Question *question, GError **error) {
  g_autoptr(Scope) scope = g_new0(Scope, 1);
  scope->question = question;
  scope->all_seen = snapshot_last_time_ms(question->snapshot) <= question->now_ms;
  scope->open_range = question->from_ms == G_MININT64 && question->to_ms == G_MAXINT64;
  scope->n_rooms = question_threads(question);
  scope->rooms = g_new0(Room, scope->n_rooms);
  if (question->where && !(scope->where = filter_new(question, question->where, error))) {
    g_prefix_error(error, "--where: ");
    return NULL;
  }
  if (question->among && !(scope->among = filter_new(question, question->among, error))) {
    g_prefix_error(error, "--among: ");
    return NULL;
  }
  return g_steal_pointer(&scope);
}

void scope_free(Scope *scope) {
  if (!scope)
    return;
  filter_free(scope->where);
  filter_free(scope->among);
  for (guint i = 0; i < scope->n_rooms; i++) {
    g_free(scope->rooms[i].visible);
    g_free(scope->rooms[i].kept);
    g_free(scope->rooms[i].in_range);
    g_free(scope->rooms[i].persons);
  }
  g_free(scope->rooms);
  g_free(scope);
}

static void room_grow(Room *room, guint words) {
  if (words <= room->words)
    return;
  room->words = words;
  room->visible = g_renew(guint64, room->visible, words);
  room->kept = g_renew(guint64, room->kept, words);
  room->in_range = g_renew(guint64, room->in_range, words);
  room->persons = g_renew(guint64, room->persons, bits_words(BLOCK_PERSONS_MAX));
}

static gboolean any_bit(const guint64 *bits, guint words) {
  for (guint i = 0; bits && i < words; i++)
    if (bits[i])
      return TRUE;
  return FALSE;
}

/* Takes out the events of persons whose bit is (or is not) set. */
static void drop_persons(const Block *data, const guint64 *persons, gboolean drop_set, guint64 *events) {
  for (guint32 p = 0; p < data->n_persons; p++)
    if (bit_at(persons, p) == drop_set)
      bits_clear_range(events, data->person_start[p], data->person_start[p + 1]);
}

static gboolean drop_others(Scope *scope, guint block, const Block *data, Room *room, guint64 *events, GError **error) {
  guint words = bits_words(data->n_persons);
  memset(room->persons, 0, words * sizeof *room->persons);
  if (!data->unidentified && !filter_persons(scope->among, block, data, room->persons, error))
    return FALSE;
  drop_persons(data, room->persons, FALSE, events);
  return TRUE;
}

/* NULL in out->visible when everything is. */
static gboolean visible_events(Scope *scope, guint block, const Block *data, Room *room, ScopeBlock *out, GError **error) {
  guint words = bits_words(data->n_events);
  gboolean flagged = any_bit(data->excluded, words), dead = any_bit(data->dead, bits_words(data->n_persons));
  if (scope->all_seen && !flagged && !dead && !scope->among)
    return TRUE;
  guint64 *visible = room->visible;
  if (scope->all_seen)
    bits_fill(visible, data->n_events);
  else
    bits_between(data, G_MININT64, scope->question->now_ms + 1, visible);
  if (flagged)
    bits_and_not(visible, data->excluded, words);
  if (dead)
    drop_persons(data, data->dead, TRUE, visible);
  if (scope->among && !drop_others(scope, block, data, room, visible, error))
    return FALSE;
  visible[words] = 0;
  out->visible = visible;
  out->nothing = !any_bit(visible, words);
  return TRUE;
}

gboolean scope_block(Scope *scope, guint block, const Block *data, guint worker, ScopeBlock *out, GError **error) {
  Room *room = &scope->rooms[worker];
  guint words = bits_words(data->n_events);
  ScopeBlock found = {.nothing = data->n_events == 0};
  room_grow(room, words + 1);
  if (!visible_events(scope, block, data, room, &found, error))
    return FALSE;
  found.kept = found.visible;
  if (scope->where && !found.nothing) {
    memset(room->kept, 0, (words + 1) * sizeof *room->kept);
    if (!filter_events(scope->where, block, data, room->kept, error))
      return FALSE;
    if (found.visible)
      bits_and(room->kept, found.visible, words);
    found.kept = room->kept;
  }
  if (!scope->open_range && !found.nothing) {
    bits_between(data, scope->question->from_ms, scope->question->to_ms, room->in_range);
    room->in_range[words] = 0;
    found.in_range = room->in_range;
  }
  *out = found;
  return TRUE;
}

void scope_both(guint64 *dst, const guint64 *a, const guint64 *b, guint n_events) {
  guint words = bits_words(n_events);
  if (a)
    memcpy(dst, a, words * sizeof *dst);
  else
    bits_fill(dst, n_events);
  if (b)
    bits_and(dst, b, words);
  dst[words] = 0;
}

/* --- one condition ------------------------------------------------------------------------------- */

gboolean event_filter_init(EventFilter *filter, const Question *question, const char *option, const char *text, GError **error) {
  g_autoptr(Condition) condition = condition_parse(text, error);
  Filter *made = NULL;
  if (condition && condition_require_events(condition, error))
    made = filter_new(question, condition, error);
  if (!made) {
    g_prefix_error(error, "%s: ", option);
    return FALSE;
  }
  *filter = (EventFilter){g_steal_pointer(&condition), made};
  return TRUE;
}

void event_filter_clear(EventFilter *filter) {
  filter_free(filter->filter);
  condition_free(filter->condition);
  *filter = (EventFilter){0};
}

gboolean event_filter_block(const EventFilter *filter, guint block, const Block *data, const guint64 *mask, guint64 *out,
                            GError **error) {
  guint words = bits_words(data->n_events);
  memset(out, 0, (words + 1) * sizeof *out);
  if (!filter_events(filter->filter, block, data, out, error))
    return FALSE;
  if (mask)
    bits_and(out, mask, words);
  return TRUE;
}
