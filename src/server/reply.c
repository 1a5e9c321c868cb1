/* SPDX-License-Identifier: Apache-2.0 */
#include "server/reply.h"

#include "base/error.h"
#include "server/routes.h"
#include "server/server_private.h"
#include <sodium.h>
#include <string.h>

void reply_json(Exchange *exchange, guint status, const JsonOut *out) {
  gsize size;
  const char *text = json_out_text(out, &size);
  exchange_reply(exchange, status, "application/json", g_memdup2(text, size), size);
  exchange_answer_header(exchange, "Cache-Control", "no-store");
}

gboolean reply_read(const Exchange *exchange, JsonIn *json, JsonValue *root, GError **error) {
  Text body = exchange_body(exchange);
  if (!json_in_parse(json, body.at, body.size, TRUE, root, error))
    return FALSE;
  return json_in_kind(*root) == JSON_OBJECT || error_set(error, ERROR_INVALID, "the body is no JSON object");
}

gboolean reply_maybe_text(JsonValue object, const char *key, char **text, GError **error) {
  JsonValue value;
  *text = NULL;
  if (!json_in_get(object, key, &value) || json_in_kind(value) == JSON_NULL)
    return TRUE;
  if (json_in_kind(value) != JSON_STRING)
    return error_set(error, ERROR_INVALID, "%s: a text is expected", key);
  *text = text_dup(json_in_string(value));
  return TRUE;
}

gboolean reply_text(JsonValue object, const char *key, char **text, GError **error) {
  if (!reply_maybe_text(object, key, text, error))
    return FALSE;
  return *text || error_set(error, ERROR_INVALID, "%s is missing", key);
}

/* "https://host:port" against the Host header. */
static gboolean same_origin(const Exchange *exchange) {
  const char *origin = exchange_header(exchange, "Origin"), *host = exchange_header(exchange, "Host");
  const char *after = origin ? strstr(origin, "://") : NULL;
  return origin == NULL || (host && after && g_ascii_strcasecmp(after + 3, host) == 0);
}

gboolean reply_is_ours(const Exchange *exchange, const Session *session) {
  const char *token = exchange_header(exchange, "X-Etappe-Csrf");
  return session && token && strlen(token) == strlen(session->csrf) && sodium_memcmp(token, session->csrf, strlen(token)) == 0 &&
         same_origin(exchange);
}

gboolean reply_audit(Server *server, Exchange *exchange, CaptureSource *key, const char *action, const char *subject,
                     const char *detail, GError **error) {
  g_autofree char *actor = routes_actor(exchange, key);
  return accounts_audit(server->accounts, actor, action, subject, detail, error);
}

gboolean reply_change(Server *server, CaptureWork work, gpointer user, GError **error) {
  return capture_exclusive(server->capture, work, user, error) && workspace_refresh(capture_workspace(server->capture), error);
}
