/* SPDX-License-Identifier: Apache-2.0
 * privacy_route.h: what a data-protection officer asks for: the state of consents, a person's data, its erasure, receipts. */
#pragma once
#include "server/http.h"

struct Server;

void privacy_route_consents(struct Server *server, Exchange *exchange, CaptureSource *key); /* GET /api/v1/consents */
void privacy_route_erasures(struct Server *server, Exchange *exchange, CaptureSource *key); /* GET /api/v1/erasures */
void privacy_route_export(struct Server *server, Exchange *exchange, CaptureSource *key);   /* GET /api/v1/persons/<id>/export */
void privacy_route_erase(struct Server *server, Exchange *exchange, CaptureSource *key);    /* POST /api/v1/persons/<id>/erase */
