/* SPDX-License-Identifier: Apache-2.0
 * report_route.h: every report of the catalogue over HTTP, as JSON, CSV or a picture (jobs.h). */
#pragma once
#include "server/http.h"

struct Server;

void report_route_list(struct Server *server, Exchange *exchange, CaptureSource *key);   /* GET /api/v1/reports */
void report_route_answer(struct Server *server, Exchange *exchange, CaptureSource *key); /* /api/v1/reports/<name> */
void report_route_person(struct Server *server, Exchange *exchange, CaptureSource *key); /* GET /api/v1/persons/<id> */
