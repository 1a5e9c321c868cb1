/* SPDX-License-Identifier: Apache-2.0
 * routes.h: which requests there are, who may make them, and who answers. */
#pragma once
#include "server/http.h"

struct Server;

typedef enum { MAY_ANYBODY, MAY_SEND, MAY_READ, MAY_ADMIN } RouteRight;

typedef struct {
  const char *methods; /* "GET POST" */
  const char *path;    /* ends in a slash: a prefix */
  guint doors;
  RouteRight right;
  void (*answer)(struct Server *server, Exchange *exchange, CaptureSource *key); /* key: NULL for anybody; borrowed */
} Route;

const HttpHooks *routes_hooks(void); /* their user is the Server */
