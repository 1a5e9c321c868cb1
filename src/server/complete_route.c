// SPDX-License-Identifier: Apache-2.0
#include "server/complete_route.h"

#include "analysis/completion.h"
#include "base/error.h"
#include "server/jobs.h"
#include "server/reply.h"
#include "server/routes.h"
#include "server/server_private.h"
#include <string.h>

static gboolean read_asked(Exchange *exchange, CompletionAsked *asked, GError **error) {
  const char *text = exchange_argument(exchange, "text"), *at = exchange_argument(exchange, "at");
  const char *scope = exchange_argument(exchange, "scope");
  guint64 cursor = G_MAXUINT32;
  asked->text = text ? text : "";
  if (strlen(asked->text) > CONDITION_SIZE_MAX)
    return error_set(error, ERROR_LIMIT, "a condition has at most %d bytes", CONDITION_SIZE_MAX);
  if (!g_utf8_validate(asked->text, -1, NULL))
    return error_set(error, ERROR_INVALID, "text is not valid UTF-8");
  if (at && !g_ascii_string_to_unsigned(at, 10, 0, G_MAXUINT32, &cursor, NULL))
    return error_set(error, ERROR_USAGE, "at is where the cursor stands: a whole number");
  if (scope && strcmp(scope, "event") && strcmp(scope, "person"))
    return error_set(error, ERROR_USAGE, "scope is event or person, not \"%s\"", scope);
  asked->at = (guint)cursor;
  asked->persons = scope && strcmp(scope, "person") == 0;
  return TRUE;
}

static gboolean complete(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  CompletionAsked asked = {.may_see_values = routes_may_see_persons(exchange, user)};
  g_autoptr(Params) none = params_new();
  g_autoptr(JsonOut) out = json_out_new();
  Question question;
  if (!read_asked(exchange, &asked, error) || !workspace_question(capture_workspace(server->capture), none, &question, error))
    return FALSE;
  question.cancel = cancel;
  json_object(out);
  gboolean good = completion_write(server->values, &question, &asked, out, error);
  workspace_question_clear(&question);
  if (!good)
    return FALSE;
  json_object_end(out);
  reply_json(exchange, 200, out);
  return TRUE;
}

void complete_route_answer(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->reports, exchange, complete, key, NULL);
}
