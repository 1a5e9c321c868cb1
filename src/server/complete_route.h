/* SPDX-License-Identifier: Apache-2.0
 * complete_route.h: how a half-typed condition may go on, and what it keeps so far. */
#pragma once
#include "server/http.h"

struct Server;

void complete_route_answer(struct Server *server, Exchange *exchange, CaptureSource *key); /* GET ?text=&at=&scope=event|person */
