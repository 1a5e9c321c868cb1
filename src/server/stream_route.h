/* SPDX-License-Identifier: Apache-2.0
 * stream_route.h: GET /api/v1/stream: server-sent events for pages that stay open: how many events and persons there are,
 * how many events a minute arrive, who stands in which stage. Counts only. One thread makes the text, at most once a
 * second and only when something changed; a stream that has nothing to send costs nothing. */
#pragma once
#include "server/http.h"

struct Server;

typedef struct Streams Streams;
Streams *streams_new(struct Server *server);
void streams_end(Streams *streams); /* each gets the end of its answer; before the requests are drained */
void streams_free(Streams *streams);

void stream_route_answer(struct Server *server, Exchange *exchange, CaptureSource *key);
