// SPDX-License-Identifier: Apache-2.0
#include "analysis/marks.h"
#include "analysis/bits.h"
#include "analysis/filter.h"
#include "analysis/rules.h"
#include "base/error.h"
#include <string.h>

enum { CONDITIONS = EXCLUDED_FLAGGED }; /* reasons that are conditions of the project */
static const char *const reasons[EXCLUDED_REASONS] = {"bots", "internal", "flagged"};

typedef struct { /* of one worker, grown to its largest block */
  guint64 *touch, *company, *system, *excluded, *rule;
  guint16 *codes;
  guint words;
} Room;

struct Marks {
  Rules *initiators;
  GArray *by; /* of Initiate, by rule */
  Filter *filters[CONDITIONS];
  guint n_rooms;
  Room *rooms;
};

const char *excluded_reason(ExcludedReason reason) {
  return reasons[reason];
}

/* --- making ---------------------------------------------------------------------------------- */

static gboolean marks_open(Marks *marks, const Question *asked, GError **error) {
  const Project *project = asked->project;
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  Project plain = *project; /* employees may be left out by who they are */
  Question before = *asked, *question = &before;
  plain.employee_properties = none;
  before.project = &plain;
  const Condition *conditions[CONDITIONS] = {project->bots, project->internal};
  if (!rules_of_initiators(question, &marks->initiators, error))
    return FALSE;
  for (guint i = 0; i < project->initiators->len; i++) {
    Initiate by = ((const InitiatorRule *)project->initiators->pdata[i])->by;
    g_array_append_val(marks->by, by);
  }
  for (guint i = 0; i < CONDITIONS; i++)
    if (conditions[i] && !(marks->filters[i] = filter_new(question, conditions[i], error))) {
      g_prefix_error(error, "%s of the project file: ", reasons[i]);
      return FALSE;
    }
  return TRUE;
}

gboolean marks_new(const Question *question, Marks **marks, GError **error) {
  const Project *project = question->project;
  *marks = NULL;
  if (!project || (!project->bots && !project->internal && project->initiators->len == 0))
    return TRUE;
  Marks *made = g_new0(Marks, 1);
  made->by = g_array_new(FALSE, FALSE, sizeof(Initiate));
  made->n_rooms = question_threads(question);
  made->rooms = g_new0(Room, made->n_rooms);
  if (marks_open(made, question, error)) {
    *marks = made;
    return TRUE;
  }
  marks_free(made);
  return FALSE;
}

void marks_free(Marks *marks) {
  if (!marks)
    return;
  rules_free(marks->initiators);
  g_array_unref(marks->by);
  for (guint i = 0; i < CONDITIONS; i++)
    filter_free(marks->filters[i]);
  for (guint i = 0; i < marks->n_rooms; i++) {
    Room *room = &marks->rooms[i];
    void *owned[] = {room->touch, room->company, room->system, room->excluded, room->rule, room->codes};
    for (guint j = 0; j < G_N_ELEMENTS(owned); j++)
      g_free(owned[j]);
  }
  g_free(marks->rooms);
  g_free(marks);
}

/* --- a block --------------------------------------------------------------------------------- */

static gboolean room_grow(Room *room, guint words, GError **error) {
  guint64 **bitmaps[] = {&room->touch, &room->company, &room->system, &room->excluded, &room->rule};
  if (words <= room->words)
    return TRUE;
  gboolean good = TRUE;
  room->words = words;
  for (guint i = 0; i < G_N_ELEMENTS(bitmaps); i++) {
    g_free(*bitmaps[i]);
    *bitmaps[i] = g_try_malloc_n(words, sizeof **bitmaps[i]);
    good = good && *bitmaps[i];
  }
  g_free(room->codes);
  room->codes = g_try_malloc_n((gsize)words * 64, sizeof *room->codes);
  return (good && room->codes) || error_set(error, ERROR_LIMIT, "not enough memory to mark %u events", words * 64);
}

static void take_bits(guint64 *out, const guint64 *from, guint words) {
  if (from)
    memcpy(out, from, words * sizeof *out);
  else
    memset(out, 0, words * sizeof *out);
  out[words] = 0;
}

static void put_bit(guint64 *bits, guint32 i, gboolean set) {
  guint64 bit = G_GUINT64_CONSTANT(1) << (i % 64);
  bits[i / 64] = set ? bits[i / 64] | bit : bits[i / 64] & ~bit;
}

/* What the project's rules say of whose touch it was stands above what it arrived with. Identify, alias, group and cost rows,
 * which are neither touches nor a system's, stay none. */
static gboolean mark_initiators(Marks *marks, guint block, Room *room, Block *data, GError **error) {
  guint words = bits_words(data->n_events);
  gboolean any;
  if (!marks->initiators || data->n_events == 0)
    return TRUE;
  if (!rules_block(marks->initiators, block, data, room->codes, &any, error))
    return FALSE;
  if (!any)
    return TRUE;
  take_bits(room->touch, data->touch, words);
  take_bits(room->company, data->company, words);
  take_bits(room->system, data->system, words);
  for (guint32 i = 0; i < data->n_events; i++) {
    if (!room->codes[i])
      continue;
    Initiate by = g_array_index(marks->by, Initiate, room->codes[i] - 1);
    put_bit(room->touch, i, by != INITIATE_SYSTEM && (bit_at(data->touch, i) || bit_at(data->system, i)));
    put_bit(room->company, i, by == INITIATE_COMPANY);
    put_bit(room->system, i, by == INITIATE_SYSTEM);
  }
  data->touch = room->touch;
  data->company = room->company;
  data->system = room->system;
  return TRUE;
}

static gboolean mark_excluded(Marks *marks, guint block, Room *room, Block *data, GError **error) {
  guint words = bits_words(data->n_events);
  take_bits(room->excluded, data->excluded, words);
  for (guint i = 0; i < CONDITIONS; i++) {
    if (!marks->filters[i])
      continue;
    if (!filter_events(marks->filters[i], block, data, room->rule, error))
      return FALSE;
    bits_or(room->excluded, room->rule, words);
  }
  data->excluded = room->excluded;
  return TRUE;
}

gboolean marks_block(Marks *marks, guint block, guint worker, Block *data, GError **error) {
  Room *room = &marks->rooms[worker];
  return room_grow(room, bits_words(data->n_events) + 1, error) && mark_initiators(marks, block, room, data, error) &&
         mark_excluded(marks, block, room, data, error);
}

gboolean marks_reasons(Marks *marks, guint block, const Block *data, guint64 *out[EXCLUDED_REASONS], GError **error) {
  guint words = bits_words(data->n_events);
  guint64 *rest = out[EXCLUDED_FLAGGED];
  if (data->excluded)
    memcpy(rest, data->excluded, words * sizeof *rest);
  else
    memset(rest, 0, words * sizeof *rest);
  for (guint i = 0; i < CONDITIONS; i++) {
    memset(out[i], 0, words * sizeof *out[i]);
    if (!marks || !marks->filters[i])
      continue;
    if (!filter_events(marks->filters[i], block, data, out[i], error))
      return FALSE;
    bits_and(out[i], rest, words);
    bits_and_not(rest, out[i], words);
  }
  return TRUE;
}
