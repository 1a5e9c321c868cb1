// SPDX-License-Identifier: Apache-2.0
// Every way in, one line each.
#include "capture/protocols.h"

static const Protocol *const all[] = {
    &events_protocol,        &segment_protocol, &segment_pixel_protocol, &segment_settings_protocol,
    &rudder_config_protocol, &matomo_protocol,  &ga4_protocol,           &ga4_debug_protocol,
    &ga4_web_protocol,
    &link_protocol,          &open_protocol,    &hook_protocol,          NULL,
};

const Protocol *const *protocols(void) {
  return all;
}

static gboolean has_path(const Protocol *protocol, const char *path) {
  for (const char *const *known = protocol->paths; *known; known++)
    if (g_str_has_suffix(*known, "/") ? g_str_has_prefix(path, *known) : g_str_equal(path, *known))
      return TRUE;
  return FALSE;
}

const Protocol *protocol_find(const char *path) {
  for (const Protocol *const *protocol = all; *protocol; protocol++)
    if (has_path(*protocol, path))
      return *protocol;
  return NULL;
}

void capture_reply_clear(CaptureReply *reply) {
  if (reply->body)
    g_string_free(reply->body, TRUE);
  g_free(reply->location);
  *reply = (CaptureReply){0};
}
