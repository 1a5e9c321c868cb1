/* SPDX-License-Identifier: Apache-2.0
 * people_route.h: who may do what: accounts, keys, sources of events, and the audit. */
#pragma once
#include "server/http.h"

struct Server;

void people_route_accounts(struct Server *server, Exchange *exchange, CaptureSource *key); /* GET, POST */
void people_route_account(struct Server *server, Exchange *exchange, CaptureSource *key);  /* PUT, DELETE /api/v1/accounts/<id> */
void people_route_keys(struct Server *server, Exchange *exchange, CaptureSource *key);     /* GET, POST */
void people_route_key(struct Server *server, Exchange *exchange, CaptureSource *key);      /* DELETE /api/v1/keys/<id> */
void people_route_audit(struct Server *server, Exchange *exchange, CaptureSource *key);    /* GET ?before=&limit= */
void people_route_sources(struct Server *server, Exchange *exchange, CaptureSource *key);  /* GET */
