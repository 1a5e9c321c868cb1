// SPDX-License-Identifier: Apache-2.0
#include "server/privacy_route.h"

#include "analysis/consents.h"
#include "server/jobs.h"
#include "server/reply.h"
#include "server/server_private.h"

static gboolean consents(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  g_autoptr(JsonOut) out = json_out_new();
  g_autoptr(Snapshot) snapshot = index_snapshot(workspace_index(capture_workspace(server->capture)));
  json_object(out);
  if (!consents_write_sums(snapshot, out, error))
    return FALSE;
  json_object_end(out);
  reply_json(exchange, 200, out);
  return TRUE;
}

void privacy_route_consents(Server *server, Exchange *exchange, CaptureSource *key) {
  jobs_ask(server->reports, exchange, consents, key, NULL);
}
