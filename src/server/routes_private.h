/* SPDX-License-Identifier: Apache-2.0
 * routes_private.h: what the routes of protocols share with the others. */
#pragma once
#include "server/routes.h"

char *routes_given_key(Exchange *exchange);
gboolean routes_admit(struct Server *server, Exchange *exchange, const char *text, RouteRight right, CaptureSource **key);
