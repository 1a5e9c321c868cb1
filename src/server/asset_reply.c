// SPDX-License-Identifier: Apache-2.0
#include "server/asset_reply.h"

#include "server/server_private.h"
#include <gio/gio.h>
#include <string.h>

static void send_plain(Exchange *exchange, const Asset *asset) {
  g_autoptr(GZlibDecompressor) unpack = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
  g_autoptr(GInputStream) packed = g_memory_input_stream_new_from_data(asset->data, (gssize)asset->size, NULL);
  g_autoptr(GInputStream) plain = g_converter_input_stream_new(packed, G_CONVERTER(unpack));
  g_autoptr(GOutputStream) out = g_memory_output_stream_new_resizable();
  g_output_stream_splice(out, plain, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, NULL);
  gsize size = g_memory_output_stream_get_data_size(G_MEMORY_OUTPUT_STREAM(out));
  exchange_reply(exchange, 200, asset->type, g_memory_output_stream_steal_data(G_MEMORY_OUTPUT_STREAM(out)), size);
}

static void send_data(Exchange *exchange, const Asset *asset) {
  const char *accepted = exchange_header(exchange, "Accept-Encoding");
  gboolean packed = asset->gzip && accepted && strstr(accepted, "gzip");
  if (asset->gzip && !packed)
    send_plain(exchange, asset);
  else
    exchange_reply_static(exchange, 200, asset->type, asset->data, asset->size);
  if (packed)
    exchange_answer_header(exchange, "Content-Encoding", "gzip");
}

void asset_reply(Exchange *exchange, const Asset *asset, const char *cache_control) {
  const char *known = exchange_header(exchange, "If-None-Match");
  if (known && strstr(known, asset->etag))
    exchange_reply_static(exchange, 304, NULL, "", 0);
  else
    send_data(exchange, asset);
  exchange_answer_header(exchange, "ETag", asset->etag);
  exchange_answer_header(exchange, "Vary", "Accept-Encoding");
  exchange_answer_header(exchange, "Cache-Control", cache_control);
  exchange_answer_header(exchange, "X-Content-Type-Options", "nosniff");
}

/* Loaded by pages of any origin. The name stays when the tag changes, so a browser asks again after a day, and meanwhile
 * takes what it has. */
void asset_reply_tag(Server *server, Exchange *exchange, CaptureSource *key) {
  asset_reply(exchange, asset_find("etappe.js"), "public, max-age=86400, stale-while-revalidate=2592000");
  exchange_answer_header(exchange, "Access-Control-Allow-Origin", "*");
  exchange_answer_header(exchange, "Cross-Origin-Resource-Policy", "cross-origin");
}
