/* SPDX-License-Identifier: Apache-2.0
 * project_route.h: the project file over HTTP: read, tried out with its effect on today's figures, applied. */
#pragma once
#include "server/http.h"

struct Server;

/* GET: {text, number, default, preset_text}; PUT {text, number}: applies it if `number` is still the version in force. */
void project_route_file(struct Server *server, Exchange *exchange, CaptureSource *key);
void project_route_apply(struct Server *server, Exchange *exchange, CaptureSource *key);
void project_route_check(struct Server *server, Exchange *exchange, CaptureSource *key); /* POST {text} */
