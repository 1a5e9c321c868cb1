/* SPDX-License-Identifier: Apache-2.0
 * report_route.h: every report of the catalogue over HTTP. Questions run on a few threads of their own, so that a long
 * one never holds up capture; one is given up when it takes too long or nobody waits for it any more. */
#pragma once
#include "server/http.h"

struct Server;

typedef struct ReportPool ReportPool;
ReportPool *report_pool_new(struct Server *server, guint threads);
void report_pool_free(ReportPool *pool); /* gives up what runs; all waiting exchanges are resumed */

void report_route_list(struct Server *server, Exchange *exchange, CaptureSource *key);   /* GET /api/v1/reports */
void report_route_answer(struct Server *server, Exchange *exchange, CaptureSource *key); /* /api/v1/reports/<name> */
void report_route_person(struct Server *server, Exchange *exchange, CaptureSource *key); /* GET /api/v1/persons/<id> */
