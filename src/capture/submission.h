/* SPDX-License-Identifier: Apache-2.0
 * submission.h: the events of one request, copied, on their way to the writer. Acknowledged as a whole: when
 * capture_submit() reports success all of them are durable, each once. */
#pragma once
#include "capture/source.h"
#include "wire/event.h"

typedef struct Submission Submission;

/* `received_ms` by the server's clock. Memory: the texts, about 300 bytes an event besides. */
Submission *submission_new(const CaptureSource *source, gint64 received_ms, gsize bytes_max);
void submission_free(Submission *submission);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Submission, submission_free)

/* Copies the event with its texts. FALSE with *why (a static text or one that lives as long as the submission) when the
 * event is refused: too large, or not this source's to say; the others stay. */
gboolean submission_add(Submission *submission, const Event *event, const char **why);
guint submission_count(const Submission *submission);
