/* SPDX-License-Identifier: Apache-2.0
 * capture_reply.h: what a protocol answers. Content types are static. */
#pragma once
#include "base/json_out.h"
#include "capture/protocol.h"

void capture_reply_text(CaptureReply *reply, guint status, const char *content_type, const char *text);
void capture_reply_json(CaptureReply *reply, guint status, const JsonOut *out);
void capture_reply_gif(CaptureReply *reply); /* 200 and one transparent pixel */
