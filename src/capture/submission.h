/* SPDX-License-Identifier: Apache-2.0
 * submission.h: the events of one request, copied, on their way to the writer. Acknowledged as a whole: when
 * capture_submit() reports success all of them are durable, each once. */
#pragma once
#include "capture/source.h"
#include "record/seen.h"
#include "wire/event.h"

typedef struct Submission Submission;

enum { SUBMISSION_EVENTS_MAX = 4 * BATCH_EVENTS_MAX };

/* `received_ms` by the server's clock; `key` of the record. Memory: the texts, about a kilobyte an event besides. */
Submission *submission_new(CaptureSource *source, const HashKey *key, gint64 received_ms, gsize bytes_max);
void submission_free(Submission *submission);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Submission, submission_free)

/* Copies the event with its texts. FALSE with *why (a static text or one that lives as long as the submission) when the
 * event is refused: too large, or not this source's to say; the others stay. */
gboolean submission_add(Submission *submission, const Event *event, const char **why);
/* The same where its seen_live_content() is known already. */
gboolean submission_add_judged(Submission *submission, const Event *event, guint64 judged, const char **why);
/* The same of an event that said more before: `judged` is its seen_live_content() then. */
gboolean submission_add_less(Submission *submission, const Event *event, guint64 judged, const char **why);
/* What somebody agreed to or refused, stored with the events: record/consent.h. FALSE: no memory is left. */
gboolean submission_consent(Submission *submission, guint64 identifier, Text purpose, Text version, gboolean granted,
                            gboolean masks, gint64 at_ms);
guint submission_count(const Submission *submission);

/* --- for the writer ------------------------------------------------------------------------------------------------ */
typedef struct {
  const Event *event; /* shortened: it ends behind its last property */
  guint64 content, occurrence;
  guint64 judged; /* content by which copies are known: before what may not be kept was taken away */
} SubmittedEvent;
const SubmittedEvent *submission_event(const Submission *submission, guint i);
const CaptureSource *submission_source(const Submission *submission);
const GArray *submission_consents(const Submission *submission); /* of Consent; NULL: none */
gsize submission_size(const Submission *submission);             /* bytes held */
