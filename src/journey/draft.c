/* SPDX-License-Identifier: Apache-2.0
 * draft.c: events as rows become columns. One pass finds what varies; then each column that does is
 * written by itself, in the narrowest width that holds it. */
#include "journey/draft.h"

#include "base/error.h"
#include "base/hash.h"
#include "record/batch.h"
#include <stdlib.h>
#include <string.h>

Draft *draft_new(void) {
  return g_new0(Draft, 1);
}

void draft_free(Draft *draft) {
  if (draft == NULL)
    return;
  g_free(draft->events);
  g_free(draft);
}

void draft_clear(Draft *draft) {
  draft->n_persons = draft->n_events = 0;
  draft->unidentified = FALSE;
  memset(draft->settled, 0, sizeof draft->settled);
}

void draft_settle(Draft *draft) {
  draft->settled[(draft->n_persons - 1) / 64] |= G_GUINT64_CONSTANT(1) << ((draft->n_persons - 1) % 64);
}

DraftEvent *draft_person(Draft *draft, guint64 id, guint32 n, GError **error) {
  gsize needed = (gsize)draft->n_events + n;
  if (draft->n_persons == BLOCK_PERSONS_MAX || needed > G_MAXUINT32 / 2) {
    error_set(error, ERROR_LIMIT, "a block of the index holds at most %d persons and %u events", BLOCK_PERSONS_MAX,
              G_MAXUINT32 / 2);
    return NULL;
  }
  if (needed > draft->events_size) {
    gsize size = MAX(needed, draft->events_size * 3 / 2);
    DraftEvent *events = g_try_realloc_n(draft->events, size, sizeof(DraftEvent));
    if (events == NULL) {
      error_set(error, ERROR_LIMIT, "no memory for a block of %" G_GSIZE_FORMAT " events", needed);
      return NULL;
    }
    draft->events = events;
    draft->events_size = size;
  }
  DraftEvent *first = draft->events + draft->n_events;
  draft->person_id[draft->n_persons] = id;
  draft->person_start[draft->n_persons++] = draft->n_events;
  draft->n_events += n;
  draft->person_start[draft->n_persons] = draft->n_events;
  return first;
}

void draft_bytes_clear(DraftBytes *bytes) {
  free(bytes->data);
  *bytes = (DraftBytes){NULL, 0, 0};
}

static gboolean bytes_resize(DraftBytes *bytes, gsize size, GError **error) {
  if (size > bytes->capacity) {
    draft_bytes_clear(bytes);
    void *data = NULL;
    if (posix_memalign(&data, SEGMENT_ALIGN, size + size / 4) != 0)
      return error_set(error, ERROR_LIMIT, "no memory for a block of %" G_GSIZE_FORMAT " bytes", size);
    bytes->data = data;
    bytes->capacity = size + size / 4;
  }
  bytes->size = size;
  memset(bytes->data, 0, size); /* padding is part of the checksum */
  return TRUE;
}

/* --- what varies ------------------------------------------------------------------------------ */

typedef struct {
  gint64 first_ms, last_ms;
  guint64 first_row, last_row;
  guint32 low[CODES], high[CODES];
  guint16 flags_any, flags_all;
  guint32 n_values;
  guint64 value_gcd, value_max;
  gboolean has_ms;
} Survey;

static const guint16 bitmap_flag[BITMAPS] = {FACT_TOUCH,     FACT_WEB,      FACT_COMPANY, FACT_SYSTEM,
                                             FACT_CONVERSES, FACT_EXCLUDED, FACT_VALUE};

static inline guint32 event_code(const DraftEvent *event, guint column) {
  switch (column) {
  case CODES_EVENT: return event->event;
  case CODES_CHANNEL: return event->channel;
  case CODES_TOUCHPOINT: return event->touchpoint;
  case CODES_SOURCE: return event->source;
  case CODES_CURRENCY: return event->currency;
  case CODES_GRADE: return event->grade;
  default: return event->visit;
  }
}

static guint64 gcd(guint64 a, guint64 b) {
  while (b) {
    guint64 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static void survey_value(Survey *survey, gint64 value) {
  guint64 size = value < 0 ? -(guint64)value : (guint64)value;
  survey->n_values++;
  survey->value_max = MAX(survey->value_max, size);
  if (survey->value_gcd == 0 || size % survey->value_gcd)
    survey->value_gcd = gcd(survey->value_gcd, size);
}

static Survey survey_draft(const Draft *draft) {
  Survey survey = {.first_ms = G_MAXINT64, .last_ms = G_MININT64, .first_row = G_MAXUINT64, .flags_all = G_MAXUINT16};
  memset(survey.low, 0xff, sizeof survey.low);
  for (guint32 i = 0; i < draft->n_events; i++) {
    const DraftEvent *event = draft->events + i;
    survey.first_ms = MIN(survey.first_ms, event->time_ms);
    survey.last_ms = MAX(survey.last_ms, event->time_ms);
    survey.has_ms |= event->time_ms % 1000 != 0;
    survey.first_row = MIN(survey.first_row, event->row);
    survey.last_row = MAX(survey.last_row, event->row);
    survey.flags_any |= event->flags;
    survey.flags_all &= event->flags;
    for (guint column = 0; column < CODES; column++) {
      survey.low[column] = MIN(survey.low[column], event_code(event, column));
      survey.high[column] = MAX(survey.high[column], event_code(event, column));
    }
    if (event->flags & FACT_VALUE)
      survey_value(&survey, event->value_micro);
  }
  return survey;
}

static void entry_values(SegmentBlock *entry, const Survey *survey) {
  guint64 unit = survey->value_gcd ? survey->value_gcd : 1;
  entry->n_values = survey->n_values;
  if (unit > G_MAXINT64) /* all values are the most negative one */
    unit = 1;
  guint64 most = survey->value_max / unit;
  entry->value_unit = (gint64)unit;
  entry->value_width = most <= G_MAXINT16 ? 2 : most <= G_MAXINT32 ? 4 : 8;
}

static guint8 settled_flag(const Draft *draft) {
  guint32 settled = 0;
  for (guint word = 0; word < G_N_ELEMENTS(draft->settled); word++)
    settled += (guint32)__builtin_popcountll(draft->settled[word]);
  return settled == 0 ? 0 : settled == draft->n_persons ? BLOCK_SETTLED_ALL : BLOCK_SETTLED_SOME;
}

static gboolean entry_fill(SegmentBlock *entry, const Draft *draft, const Survey *survey, GError **error) {
  *entry = (SegmentBlock){.n_persons = draft->n_persons, .n_events = draft->n_events, .first_id = draft->person_id[0]};
  entry->base_s = survey->first_ms / 1000;
  entry->last_time_ms = survey->last_ms;
  entry->row_base = survey->first_row;
  if (survey->first_ms < 0 || survey->last_ms / 1000 - entry->base_s > G_MAXUINT32 ||
      survey->last_row - survey->first_row > G_MAXUINT32)
    return error_set(error, ERROR_LIMIT, "the index holds times and arrival numbers that lie less than 2^32 apart");
  entry->flags =
      (guint8)((draft->unidentified ? BLOCK_UNIDENTIFIED : 0) | (survey->has_ms ? BLOCK_HAS_MS : 0) | settled_flag(draft));
  for (guint i = 0; i < BITMAPS; i++)
    entry->bitmap[i] = survey->flags_all & bitmap_flag[i]   ? BITMAP_FULL
                       : survey->flags_any & bitmap_flag[i] ? BITMAP_STORED
                                                            : BITMAP_NONE;
  for (guint i = 0; i < CODES; i++) {
    gboolean constant = survey->low[i] == survey->high[i];
    entry->constant[i] = constant ? survey->low[i] : 0;
    entry->width[i] = constant ? 0 : survey->high[i] <= G_MAXUINT8 ? 1 : survey->high[i] <= G_MAXUINT16 ? 2 : 4;
  }
  entry_values(entry, survey);
  return TRUE;
}

/* --- columns ---------------------------------------------------------------------------------- */

static void encode_bitmap(const Draft *draft, guint16 flag, guint64 *words) {
  for (guint32 i = 0; i < draft->n_events; i++)
    words[i / 64] |= (guint64)((draft->events[i].flags & flag) != 0) << (i % 64);
}

#define ENCODE_CODES(type)                                                                                                         \
  for (guint32 i = 0; i < draft->n_events; i++)                                                                                    \
  ((type *)data)[i] = (type)event_code(draft->events + i, column)

static void encode_codes(const Draft *draft, guint column, guint8 width, void *data) {
  switch (width) {
  case 1: ENCODE_CODES(guint8); break;
  case 2: ENCODE_CODES(guint16); break;
  case 4: ENCODE_CODES(guint32); break;
  default: break;
  }
}

static void encode_times(const Draft *draft, const SegmentBlock *entry, guint32 *time_s, guint16 *time_ms) {
  for (guint32 i = 0; i < draft->n_events; i++)
    time_s[i] = (guint32)(draft->events[i].time_ms / 1000 - entry->base_s);
  if (entry->flags & BLOCK_HAS_MS)
    for (guint32 i = 0; i < draft->n_events; i++)
      time_ms[i] = (guint16)(draft->events[i].time_ms % 1000);
}

static void encode_values(const Draft *draft, const SegmentBlock *entry, void *values) {
  guint32 at = 0;
  for (guint32 i = 0; i < draft->n_events; i++) {
    if (!(draft->events[i].flags & FACT_VALUE))
      continue;
    gint64 units = draft->events[i].value_micro / entry->value_unit;
    switch (entry->value_width) {
    case 2: ((gint16 *)values)[at++] = (gint16)units; break;
    case 4: ((gint32 *)values)[at++] = (gint32)units; break;
    default: ((gint64 *)values)[at++] = units; break;
    }
  }
}

static void encode_rank(const guint64 *words, guint32 n_words, guint32 *rank) {
  guint32 before = 0;
  for (guint32 i = 0; i < n_words; i++) {
    rank[i] = before;
    before += (guint32)__builtin_popcountll(words[i]);
  }
}

gboolean draft_encode(const Draft *draft, DraftBytes *bytes, SegmentBlock *entry, GError **error) {
  Survey survey = survey_draft(draft);
  if (!entry_fill(entry, draft, &survey, error))
    return FALSE;
  BlockLayout layout = block_layout(entry);
  if (!bytes_resize(bytes, layout.size, error))
    return FALSE;
  guint8 *data = bytes->data;
  memcpy(data + layout.person_id, draft->person_id, draft->n_persons * sizeof(guint64));
  memcpy(data + layout.person_start, draft->person_start, (draft->n_persons + 1) * sizeof(guint32));
  if (entry->flags & BLOCK_SETTLED_SOME)
    memcpy(data + layout.settled, draft->settled, bitmap_bytes(draft->n_persons));
  for (guint32 i = 1; i <= draft->n_persons; i++) {
    guint32 last = draft->person_start[i] - 1;
    ((guint64 *)(data + layout.ends))[last / 64] |= G_GUINT64_CONSTANT(1) << (last % 64);
  }
  for (guint i = 0; i < BITMAPS; i++)
    if (entry->bitmap[i] == BITMAP_STORED)
      encode_bitmap(draft, bitmap_flag[i], (guint64 *)(data + layout.bitmap[i]));
  encode_times(draft, entry, (guint32 *)(data + layout.time_s), (guint16 *)(data + layout.time_ms));
  for (guint i = 0; i < CODES; i++)
    encode_codes(draft, i, entry->width[i], data + layout.codes[i]);
  if (entry->bitmap[BITMAP_VALUE] == BITMAP_STORED)
    encode_rank((guint64 *)(data + layout.bitmap[BITMAP_VALUE]), (guint32)(bitmap_bytes(draft->n_events) / 8),
                (guint32 *)(data + layout.value_rank));
  encode_values(draft, entry, data + layout.values);
  for (guint32 i = 0; i < draft->n_events; i++)
    ((guint32 *)(data + layout.row))[i] = (guint32)(draft->events[i].row - entry->row_base);
  entry->size = layout.size;
  entry->checksum = checksum64(data, layout.size);
  return TRUE;
}
