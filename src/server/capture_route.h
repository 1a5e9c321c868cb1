/* SPDX-License-Identifier: Apache-2.0
 * capture_route.h: the paths of all protocols: who sends, what it says, and the answer once it is durable. */
#pragma once
#include "server/http.h"

struct Server;

/* Whether the path is a protocol's; then it may have been answered already (a preflight). */
gboolean capture_route_takes(struct Server *server, Exchange *exchange);
void capture_route_answer(struct Server *server, Exchange *exchange);
void capture_route_told(gpointer server); /* for CaptureOptions */
