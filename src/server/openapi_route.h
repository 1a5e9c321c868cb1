/* SPDX-License-Identifier: Apache-2.0
 * openapi_route.h: the API's description for programs (OpenAPI 3.1), made from the table of routes and the catalogue. */
#pragma once
#include "server/http.h"

struct Server;

void openapi_route_answer(struct Server *server, Exchange *exchange, CaptureSource *key); /* GET */
