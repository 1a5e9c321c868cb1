/* SPDX-License-Identifier: Apache-2.0
 * asset_reply.h: sends a file that lies in the program, compressed where the browser takes that; 304 when it has it. */
#pragma once
#include "server/assets.h"
#include "server/routes.h"

void asset_reply(Exchange *exchange, const Asset *asset, const char *cache_control);

/* The tag of other people's pages, /etappe.js. */
void asset_reply_tag(struct Server *server, Exchange *exchange, CaptureSource *key);
