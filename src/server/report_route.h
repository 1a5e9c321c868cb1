/* SPDX-License-Identifier: Apache-2.0
 * report_route.h: every report of the catalogue over HTTP, as JSON, CSV or a picture (jobs.h). */
#pragma once
#include "analysis/params.h"
#include "server/http.h"

struct Server;

void report_route_list(struct Server *server, Exchange *exchange, CaptureSource *key);   /* GET /api/v1/reports */
void report_route_answer(struct Server *server, Exchange *exchange, CaptureSource *key); /* /api/v1/reports/<name> */
/* The options of a question: the arguments of the address, and the members of the body where there is one. */
gboolean report_route_params(const Exchange *exchange, Params *params, GError **error);
