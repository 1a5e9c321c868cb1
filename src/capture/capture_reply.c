// SPDX-License-Identifier: Apache-2.0
#include "capture/capture_reply.h"

void capture_reply_text(CaptureReply *reply, guint status, const char *content_type, const char *text) {
  reply->status = status;
  reply->content_type = content_type;
  reply->body = g_string_new(text);
}

void capture_reply_json(CaptureReply *reply, guint status, const JsonOut *out) {
  capture_reply_text(reply, status, "application/json", json_out_text(out, NULL));
}

/* Header, a palette of white and black, colour 0 transparent, an image of 1 x 1, the end. */
void capture_reply_gif(CaptureReply *reply) {
  static const guint8 pixel[] = {'G', 'I', 'F', '8', '9', 'a',  1, 0, 1, 0, 0x80, 0, 0, 0xff, 0xff, 0xff, 0, 0,    0, 0x21, 0xf9, 4,
                                 1,   0,   0,   0,   0,   0x2c, 0, 0, 0, 0, 1,    0, 1, 0,    0,    2,    2, 0x44, 1, 0,    0x3b};
  reply->status = 200;
  reply->content_type = "image/gif";
  reply->body = g_string_new_len((const char *)pixel, sizeof pixel);
}
