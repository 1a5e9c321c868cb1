/* SPDX-License-Identifier: Apache-2.0
 * submission.c: events and their texts stand in pieces of memory that go together. A request that repeats an equal
 * event without id counts it, so that two stay two and the same request sent again adds nothing. An event that
 * names neither id nor time cannot be told from its repetition: each counts. */
#include "capture/submission.h"

#include "base/hash.h"
#include "capture/admission.h"
#include "record/consent.h"
#include <stdint.h>

enum { PIECE_FIRST = 3 << 10, PIECE_MOST = 256 << 10 };

typedef struct Piece Piece;
struct Piece {
  Piece *before;
  gsize size, used;
};

struct Submission {
  CaptureSource *source;
  const HashKey *key;
  gint64 received_ms;
  gsize bytes_max, size;
  Piece *piece;
  GArray *events;     /* of SubmittedEvent */
  GArray *consents;   /* of Consent; NULL before the first */
  GHashTable *equals; /* content -> how many, of events without id; NULL before the first */
};

Submission *submission_new(CaptureSource *source, const HashKey *key, gint64 received_ms, gsize bytes_max) {
  Submission *submission = g_new0(Submission, 1);
  submission->source = capture_source_ref(source);
  submission->key = key;
  submission->received_ms = received_ms;
  submission->bytes_max = bytes_max;
  submission->events = g_array_new(FALSE, FALSE, sizeof(SubmittedEvent));
  return submission;
}

void submission_free(Submission *submission) {
  if (submission == NULL)
    return;
  for (Piece *piece = submission->piece, *before; piece; piece = before) {
    before = piece->before;
    g_free(piece);
  }
  g_clear_pointer(&submission->equals, g_hash_table_unref);
  g_clear_pointer(&submission->consents, g_array_unref);
  g_array_unref(submission->events);
  capture_source_unref(submission->source);
  g_free(submission);
}

/* --- copying --------------------------------------------------------------------------------------- */

static gboolean grow(Submission *submission, gsize size) {
  gsize wanted = submission->piece ? MIN(submission->piece->size * 2, (gsize)PIECE_MOST) : PIECE_FIRST;
  wanted = MAX(wanted, size);
  if (submission->size + wanted > submission->bytes_max && submission->size + (wanted = size) > submission->bytes_max)
    return FALSE;
  Piece *piece = g_try_malloc(sizeof *piece + wanted);
  if (piece == NULL)
    return FALSE;
  *piece = (Piece){submission->piece, wanted, 0};
  submission->piece = piece;
  submission->size += wanted;
  return TRUE;
}

static gpointer take(Submission *submission, gsize size) {
  size = (size + 15) & ~(gsize)15;
  Piece *piece = submission->piece;
  if (piece == NULL || piece->size - piece->used < size) {
    if (!grow(submission, size))
      return NULL;
    piece = submission->piece;
  }
  gpointer at = (char *)(piece + 1) + piece->used;
  piece->used += size;
  return at;
}

static gsize texts_size(const Event *event) {
  gsize size = event->id.size + event->name.size + event->channel.size + event->touchpoint.size + event->campaign_mark.size +
               event->currency.size + (event->has_alias ? event->alias.value.size : 0);
  for (guint i = 0; i < event->n_identifiers; i++)
    size += event->identifiers[i].value.size;
  for (guint i = 0; i < event->n_properties; i++)
    size += event->properties[i].key.size + event->properties[i].text.size;
  return size;
}

static void move(Text *text, char **at) {
  if (text->size == 0)
    return;
  memcpy(*at, text->at, text->size);
  text->at = *at;
  *at += text->size;
}

static void move_texts(Event *event, char *at) {
  Text *const texts[] = {&event->id, &event->name, &event->channel, &event->touchpoint, &event->campaign_mark, &event->currency};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    move(texts[i], &at);
  if (event->has_alias)
    move(&event->alias.value, &at);
  for (guint i = 0; i < event->n_identifiers; i++)
    move(&event->identifiers[i].value, &at);
  for (guint i = 0; i < event->n_properties; i++) {
    move(&event->properties[i].key, &at);
    move(&event->properties[i].text, &at);
  }
}

static Event *copy_event(Submission *submission, const Event *event) {
  gsize size = G_STRUCT_OFFSET(Event, properties) + event->n_properties * sizeof *event->properties;
  Event *copy = take(submission, size + texts_size(event));
  if (copy == NULL)
    return NULL;
  memcpy(copy, event, size);
  move_texts(copy, (char *)copy + size);
  return copy;
}

/* --- adding ---------------------------------------------------------------------------------------- */

static guint64 count_equal(Submission *submission, guint64 content) {
  if (submission->equals == NULL)
    submission->equals = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  gsize before = GPOINTER_TO_SIZE(g_hash_table_lookup(submission->equals, &content));
  g_hash_table_replace(submission->equals, g_memdup2(&content, sizeof content), GSIZE_TO_POINTER(before + 1));
  return before;
}

/* A number that no other event of this content has, as good as surely. */
static guint64 unlike_any(const Submission *submission) {
  guint64 mark[] = {(guint64)g_get_monotonic_time(), (guint64)(guintptr)submission, submission->events->len};
  return hash64(submission->key, mark, sizeof mark) >> 26;
}

/* Without `content` it is worked out; without `judged` it is the same. */
static gboolean add(Submission *submission, const Event *event, const guint64 *content, const guint64 *judged, const char **why) {
  *why = admission_refusal(submission->source, event);
  if (*why == NULL && submission->events->len == SUBMISSION_EVENTS_MAX)
    *why = "more than 16384 events in one request: send them in several";
  if (*why)
    return FALSE;
  SubmittedEvent submitted = {.event = copy_event(submission, event)};
  if (submitted.event == NULL) {
    *why = "the request's events are too large together: send them in several requests";
    return FALSE;
  }
  submitted.content = content ? *content : seen_live_content(submitted.event, submission->source->name, submission->key);
  submitted.judged = judged && event->id.size ? *judged : submitted.content;
  if (event->id.size == 0)
    submitted.occurrence =
        event->time_ms == submission->received_ms ? unlike_any(submission) : count_equal(submission, submitted.content);
  g_array_append_val(submission->events, submitted);
  return TRUE;
}

gboolean submission_add(Submission *submission, const Event *event, const char **why) {
  return add(submission, event, NULL, NULL, why);
}

gboolean submission_add_judged(Submission *submission, const Event *event, guint64 judged, const char **why) {
  return add(submission, event, &judged, NULL, why);
}

gboolean submission_add_less(Submission *submission, const Event *event, guint64 judged, const char **why) {
  return add(submission, event, NULL, &judged, why);
}

static char *copy_text(Submission *submission, Text text) {
  char *copy = take(submission, (gsize)text.size + 1);
  if (copy && text.size)
    memcpy(copy, text.at, text.size);
  if (copy)
    copy[text.size] = '\0';
  return copy;
}

gboolean submission_consent(Submission *submission, guint64 identifier, Text purpose, Text version, gboolean granted,
                            gboolean masks, gint64 at_ms) {
  Consent consent = {
      .identifier = identifier, .source = submission->source->name, .granted = granted, .masks = masks, .at_ms = at_ms};
  consent.basis = granted ? "consent" : NULL;
  consent.purpose = copy_text(submission, purpose);
  consent.version = version.size ? copy_text(submission, version) : NULL;
  if (consent.purpose == NULL)
    return FALSE;
  if (submission->consents == NULL)
    submission->consents = g_array_new(FALSE, FALSE, sizeof(Consent));
  g_array_append_val(submission->consents, consent);
  return TRUE;
}

const GArray *submission_consents(const Submission *submission) {
  return submission->consents;
}

guint submission_count(const Submission *submission) {
  return submission->events->len;
}

const SubmittedEvent *submission_event(const Submission *submission, guint i) {
  return &g_array_index(submission->events, SubmittedEvent, i);
}

const CaptureSource *submission_source(const Submission *submission) {
  return submission->source;
}

gsize submission_size(const Submission *submission) {
  return submission->size + submission->events->len * sizeof(SubmittedEvent);
}
