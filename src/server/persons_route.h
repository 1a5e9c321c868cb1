/* SPDX-License-Identifier: Apache-2.0
 * persons_route.h: single persons: who stands behind a figure, one of them whole, two joined or separated by hand. Whoever
 * asks is written down. */
#pragma once
#include "server/http.h"

struct Server;

void persons_route_list(struct Server *server, Exchange *exchange, CaptureSource *key);    /* /api/v1/persons */
void persons_route_show(struct Server *server, Exchange *exchange, CaptureSource *key);    /* GET /api/v1/persons/<id> */
void persons_route_merge(struct Server *server, Exchange *exchange, CaptureSource *key);   /* POST {a, b} */
void persons_route_unmerge(struct Server *server, Exchange *exchange, CaptureSource *key); /* POST {a, b} */
void persons_route_feed(struct Server *server, Exchange *exchange, CaptureSource *key); /* what arrived last */
