/* SPDX-License-Identifier: Apache-2.0
 * app_route.h: the web app's own files, and who is looking: session, sign-in, the first account. */
#pragma once
#include "server/routes.h"

/* A page of the app or one of its files; FALSE when the path is none of them. */
gboolean app_route_takes(const Exchange *exchange);
void app_route_page(struct Server *server, Exchange *exchange, CaptureSource *key);

void app_route_session(struct Server *server, Exchange *exchange, CaptureSource *key);  /* GET, POST sign in, DELETE sign out */
void app_route_password(struct Server *server, Exchange *exchange, CaptureSource *key); /* PUT {password, new_password} */
void app_route_setup(struct Server *server, Exchange *exchange, CaptureSource *key);
/* The first account's address with its one-time link, or NULL when there is an account. Caller frees. */
char *app_route_setup_link(struct Server *server, const char *base);

enum { COOKIE_SIZE = 160 };
/* The session's token in the request's cookies, or NULL. */
const char *app_route_token(const Exchange *exchange, char token[COOKIE_SIZE]);
