/* SPDX-License-Identifier: Apache-2.0
 * routes.h: which requests there are, who may make them, and who answers. */
#pragma once
#include "server/accounts.h"
#include "server/http.h"

struct Server;

/* Figures are for everybody with an account or a read key; persons for analysts and read keys; changing what is there for
 * analysts and admin keys; the rest for administrators. */
typedef enum { MAY_ANYBODY, MAY_SEND, MAY_READ, MAY_PERSONS, MAY_EDIT, MAY_ADMIN } RouteRight;

typedef struct {
  const char *methods; /* "GET POST" */
  const char *path;    /* ends in a slash: a prefix; a star: one piece */
  guint doors;
  RouteRight right;
  void (*answer)(struct Server *server, Exchange *exchange, CaptureSource *key); /* key: NULL for anybody and sessions; borrowed */
  guint64 file_max;  /* the body is a file of up to so many bytes and goes to the disk; 0: into memory */
  const char *about; /* a few words for the description of the API; NULL: none */
} Route;

const Route *routes_all(guint *n);

const HttpHooks *routes_hooks(void); /* their user is the Server */
/* Whose session the request is in, NULL with a key. Lives as long as the request. */
const Session *routes_session(const Exchange *exchange);
/* "account:3", "key:shop": for the audit. Caller frees. */
char *routes_actor(const Exchange *exchange, const CaptureSource *key);
/* Single persons may be shown to who asks. */
gboolean routes_may_see_persons(const Exchange *exchange, const CaptureSource *key);
