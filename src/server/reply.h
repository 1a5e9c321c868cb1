/* SPDX-License-Identifier: Apache-2.0
 * reply.h: what handlers of the app's requests share: JSON in and out, and whether a change comes from our own page. */
#pragma once
#include "base/json_in.h"
#include "base/json_out.h"
#include "capture/capture.h"
#include "server/accounts.h"
#include "server/http.h"

void reply_json(Exchange *exchange, guint status, const JsonOut *out);
/* The body as a JSON object. */
gboolean reply_read(const Exchange *exchange, JsonIn *json, JsonValue *root, GError **error);
/* A text member that must be there; caller frees. */
gboolean reply_text(JsonValue object, const char *key, char **text, GError **error);
/* The same, NULL where it is missing. */
gboolean reply_maybe_text(JsonValue object, const char *key, char **text, GError **error);

/* A request with a cookie comes from our own page: its Origin is this host, and it carries the session's token. */
gboolean reply_is_ours(const Exchange *exchange, const Session *session);

struct Server;
/* Writes down who did what; by ids and counts, never by what people are called. FALSE: it could not, so it must not happen. */
gboolean reply_audit(struct Server *server, Exchange *exchange, CaptureSource *key, const char *action, const char *subject,
                     const char *detail, GError **error);
/* Runs `work` with the record to itself; questions asked afterwards see what it did. */
gboolean reply_change(struct Server *server, CaptureWork work, gpointer user, GError **error);
