// SPDX-License-Identifier: Apache-2.0
// One table says it all; a request that fits no line, or whose key may not, is answered before its body is looked at.
#include "server/routes.h"

#include "base/error.h"
#include "server/app_route.h"
#include "server/asset_reply.h"
#include "server/capture_route.h"
#include "server/complete_route.h"
#include "server/import_route.h"
#include "server/log.h"
#include "server/openapi_route.h"
#include "server/people_route.h"
#include "server/persons_route.h"
#include "server/privacy_route.h"
#include "server/project_route.h"
#include "server/reply.h"
#include "server/report_route.h"
#include "server/routes_private.h"
#include "server/server_private.h"
#include "server/stream_route.h"
#include <string.h>

static void answer_health(Server *server, Exchange *exchange, CaptureSource *key) {
  static const char good[] = "{\"status\":\"ok\"}\n";
  exchange_reply_static(exchange, 200, "application/json", good, sizeof good - 1);
}

static void answer_figures(Server *server, Exchange *exchange, CaptureSource *key) {
  figures_answer(server, exchange);
}

enum { BOTH = DOOR_CAPTURE | DOOR_APP };

static const Route routes[] = {
    {"GET", "/etappe.js", BOTH, MAY_ANYBODY, asset_reply_tag},
    {"GET", "/e.js", BOTH, MAY_ANYBODY, asset_reply_tag},
    {"GET", "/healthz", BOTH, MAY_ANYBODY, answer_health},
    {"GET", "/metrics", DOOR_APP, MAY_ANYBODY, answer_figures},
    {"GET", "/api/v1/reports", DOOR_APP, MAY_READ, report_route_list, .about = "The reports and their options"},
    {"GET POST", "/api/v1/reports/", DOOR_APP, MAY_READ, report_route_answer},
    {"GET POST", "/api/v1/persons", DOOR_APP, MAY_PERSONS, persons_route_list,
     .about = "The persons behind a figure, or all of them"},
    {"POST", "/api/v1/persons/merge", DOOR_APP, MAY_EDIT, persons_route_merge, .about = "Two persons become one"},
    {"POST", "/api/v1/persons/unmerge", DOOR_APP, MAY_EDIT, persons_route_unmerge,
     .about = "Two identifiers never stand for one person"},
    {"GET", "/api/v1/consents", DOOR_APP, MAY_ADMIN, privacy_route_consents, .about = "How many agreed to what"},
    {"GET", "/api/v1/erasures", DOOR_APP, MAY_ADMIN, privacy_route_erasures, .about = "The receipts of erasures"},
    {"GET", "/api/v1/persons/*/export", DOOR_APP, MAY_ADMIN, privacy_route_export, .about = "All that is known of a person"},
    {"POST", "/api/v1/persons/*/erase", DOOR_APP, MAY_ADMIN, privacy_route_erase, .about = "Erase a person"},
    {"GET", "/api/v1/project", DOOR_APP, MAY_READ, project_route_file, .about = "The project file; apply another"},
    {"PUT", "/api/v1/project", DOOR_APP, MAY_ADMIN, project_route_apply, .about = "The project file; apply another"},
    {"POST", "/api/v1/project/check", DOOR_APP, MAY_EDIT, project_route_check, .about = "What another project file would change"},
    {"POST", "/api/v1/import", DOOR_APP, MAY_EDIT, import_route_import, (guint64)2 << 30, .about = "Import a file"},
    {"POST", "/api/v1/import/preview", DOOR_APP, MAY_EDIT, import_route_preview, 4 << 20,
     .about = "Look into a file before it is imported"},
    {"GET", "/api/v1/imports", DOOR_APP, MAY_EDIT, import_route_list, .about = "What was imported"},
    {"DELETE", "/api/v1/imports/", DOOR_APP, MAY_EDIT, import_route_undo, .about = "Take an import back"},
    {"POST", "/api/v1/demo", DOOR_APP, MAY_EDIT, import_route_demo, .about = "The sample company, into an empty project"},
    {"GET POST", "/api/v1/accounts", DOOR_APP, MAY_ADMIN, people_route_accounts, .about = "The accounts; a new one"},
    {"PUT DELETE", "/api/v1/accounts/", DOOR_APP, MAY_ADMIN, people_route_account,
     .about = "Change an account's role or password; remove it"},
    {"PUT", "/api/v1/account", DOOR_APP, MAY_READ, app_route_password, .about = "A new password of one's own"},
    {"GET POST", "/api/v1/keys", DOOR_APP, MAY_ADMIN, people_route_keys, .about = "The keys; a new one"},
    {"DELETE", "/api/v1/keys/", DOOR_APP, MAY_ADMIN, people_route_key, .about = "Revoke a key"},
    {"GET", "/api/v1/audit", DOOR_APP, MAY_ADMIN, people_route_audit, .about = "Who did what"},
    {"GET", "/api/v1/sources", DOOR_APP, MAY_READ, people_route_sources, .about = "Where events come from, and whether any arrive"},
    {"GET", "/api/v1/openapi.json", DOOR_APP, MAY_READ, openapi_route_answer, .about = "This description"},
    {"GET", "/api/v1/complete", DOOR_APP, MAY_READ, complete_route_answer, .about = "How a half-typed condition may go on"},
    {"GET", "/api/v1/persons/", DOOR_APP, MAY_PERSONS, persons_route_show,
     .about = "One person: stage, journeys, conversions, identifiers, events"},
    {"GET", "/api/v1/feed", DOOR_APP, MAY_PERSONS, persons_route_feed, .about = "What happened last"},
    {"GET POST DELETE", "/api/v1/session", DOOR_APP, MAY_ANYBODY, app_route_session, .about = "Who is looking; sign in; sign out"},
    {"POST", "/api/v1/setup", DOOR_APP, MAY_ANYBODY, app_route_setup, .about = "The first account, by its one-time link"},
    {"GET", "/api/v1/stream", DOOR_APP, MAY_READ, stream_route_answer, .about = "Counts and stages as they change, server-sent"},
};

const Route *routes_all(guint *n) {
  *n = G_N_ELEMENTS(routes);
  return routes;
}

static const Route app_page = {"GET", "/", DOOR_APP, MAY_ANYBODY, app_route_page};

typedef struct { /* what is known of a request once its headers are there */
  const Route *route;
  CaptureSource *key;
  Session *session;
} Matched;

static void matched_free(gpointer data) {
  Matched *matched = data;
  capture_source_unref(matched->key);
  session_free(matched->session);
  g_free(matched);
}

/* A star stands for one piece of a path. */
static gboolean star_fits(const char *pattern, const char *star, const char *path) {
  gsize before = (gsize)(star - pattern), after = strlen(star + 1), size = strlen(path);
  return size > before + after && strncmp(path, pattern, before) == 0 && strcmp(path + size - after, star + 1) == 0 &&
         memchr(path + before, '/', size - before - after) == NULL;
}

static gboolean path_fits(const Route *route, const char *path) {
  const char *star = strchr(route->path, '*');
  if (star)
    return star_fits(route->path, star, path);
  return g_str_has_suffix(route->path, "/") ? g_str_has_prefix(path, route->path) && path[strlen(route->path)]
                                            : g_str_equal(path, route->path);
}

static gboolean method_fits(const Route *route, const char *method) {
  g_auto(GStrv) methods = g_strsplit(route->methods, " ", -1);
  return g_strv_contains((const char *const *)methods, g_str_equal(method, "HEAD") ? "GET" : method);
}

static const Route *find(Exchange *exchange, const Route **other_method) {
  *other_method = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(routes); i++) {
    const Route *route = &routes[i];
    if (!(route->doors & exchange_doors(exchange)) || !path_fits(route, exchange_path(exchange)))
      continue;
    if (method_fits(route, exchange_method(exchange)))
      return route;
    *other_method = route;
  }
  return NULL;
}

/* --- keys -------------------------------------------------------------------------------------------------- */

/* Of `Authorization: Bearer KEY` or `Basic base64(KEY:)`; NULL when there is none. Caller frees. */
char *routes_given_key(Exchange *exchange) {
  const char *header = exchange_header(exchange, "Authorization");
  if (header == NULL)
    return NULL;
  if (g_ascii_strncasecmp(header, "Bearer ", 7) == 0)
    return g_strstrip(g_strdup(header + 7));
  if (g_ascii_strncasecmp(header, "Basic ", 6) != 0)
    return NULL;
  gsize size;
  g_autofree guchar *plain = g_base64_decode(header + 6, &size);
  char *user = g_strndup((const char *)plain, size);
  char *colon = strchr(user, ':');
  if (colon)
    *colon = '\0';
  return user;
}

static gboolean may(RouteRight right, const CaptureSource *key) {
  switch (right) {
  case MAY_ANYBODY: return TRUE;
  case MAY_SEND: return key->role == KEY_SOURCE || key->role == KEY_WRITE || key->role == KEY_ADMIN;
  case MAY_READ:
  case MAY_PERSONS: return key->role == KEY_READ || key->role == KEY_ADMIN;
  default: return key->role == KEY_ADMIN;
  }
}

static const char *who_may(RouteRight right) {
  return right == MAY_SEND ? "source or write" : right == MAY_READ || right == MAY_PERSONS ? "read or admin" : "admin";
}

static gboolean refuse_key(Exchange *exchange, RouteRight right, gboolean known) {
  g_autofree char *hint = g_strdup_printf(
      "Authorization: Bearer KEY, where `etappe key create --name NAME --role ...` with role %s prints KEY", who_may(right));
  if (known) {
    exchange_error_status(exchange, 403, "forbidden", "this key may not do that", hint);
  } else {
    exchange_error_status(exchange, 401, "unauthorized", "a valid key is needed", hint);
    exchange_answer_header(exchange, "WWW-Authenticate", "Bearer realm=\"etappe\"");
  }
  return FALSE;
}

/* *key is set when the request names one that may. */
gboolean routes_admit(Server *server, Exchange *exchange, const char *text, RouteRight right, CaptureSource **key) {
  g_autoptr(CaptureSource) found = text && *text ? access_find(server->access, text) : NULL;
  if (found == NULL || !may(right, found))
    return refuse_key(exchange, right, found != NULL);
  *key = g_steal_pointer(&found);
  return TRUE;
}

/* --- sessions ------------------------------------------------------------------------------------------------ */

static Matched *matched_of(const Exchange *exchange) {
  return exchange_kept(exchange, KEPT_BY_ROUTES);
}

const Session *routes_session(const Exchange *exchange) {
  const Matched *matched = matched_of(exchange);
  return matched ? matched->session : NULL;
}

char *routes_actor(const Exchange *exchange, const CaptureSource *key) {
  const Session *session = routes_session(exchange);
  return session ? g_strdup_printf("account:%" G_GINT64_FORMAT, session->account) : g_strconcat("key:", key ? key->name : "", NULL);
}

gboolean routes_may_see_persons(const Exchange *exchange, const CaptureSource *key) {
  const Session *session = routes_session(exchange);
  return session ? session->role >= ROLE_ANALYST : key != NULL;
}

static gboolean session_may(RouteRight right, const Session *session) {
  return right == MAY_READ || ((right == MAY_PERSONS || right == MAY_EDIT) && session->role >= ROLE_ANALYST) ||
         (right == MAY_ADMIN && session->role == ROLE_ADMIN);
}

/* A browser sends its cookie along whoever made the page: what changes something must come from ours. */
static void admit_session(Server *server, Exchange *exchange, Matched *matched, const char *token) {
  matched->session = accounts_session(server->accounts, token);
  if (matched->session == NULL)
    exchange_error_status(exchange, 401, "unauthorized", "the session has ended", "sign in again");
  else if (!session_may(matched->route->right, matched->session))
    exchange_error_status(exchange, 403, "forbidden", "this account may not do that", "an administrator can change its role");
  else if (strcmp(exchange_method(exchange), "GET") && strcmp(exchange_method(exchange), "HEAD") &&
           !reply_is_ours(exchange, matched->session))
    exchange_error_status(exchange, 403, "forbidden", "the request does not come from the app's own page",
                          "send the session's csrf token as X-Etappe-Csrf");
}

static void admit(Server *server, Exchange *exchange, Matched *matched) {
  char token[COOKIE_SIZE];
  g_autofree char *key = routes_given_key(exchange);
  const char *cookie = key ? NULL : app_route_token(exchange, token);
  if (cookie)
    admit_session(server, exchange, matched, cookie);
  else
    routes_admit(server, exchange, key, matched->route->right, &matched->key);
}

/* --- hooks --------------------------------------------------------------------------------------------------- */

static void refuse_path(Exchange *exchange, const Route *other_method) {
  if (other_method) {
    g_auto(GStrv) methods = g_strsplit(other_method->methods, " ", -1);
    g_autofree char *allow = g_strjoinv(", ", methods);
    exchange_error_status(exchange, 405, "method", "this path takes another method", allow);
    exchange_answer_header(exchange, "Allow", allow);
  } else {
    exchange_error_status(exchange, 404, "not_found", "there is nothing at this path", NULL);
  }
}

static void begin(Exchange *exchange, gpointer user) {
  Server *server = user;
  const Route *other_method;
  if ((exchange_doors(exchange) & DOOR_CAPTURE) && capture_route_takes(server, exchange))
    return;
  const Route *route = find(exchange, &other_method);
  if (route == NULL && !other_method && (exchange_doors(exchange) & DOOR_APP) && app_route_takes(exchange))
    route = &app_page;
  if (route == NULL) {
    refuse_path(exchange, other_method);
    return;
  }
  Matched *matched = g_new0(Matched, 1);
  matched->route = route;
  exchange_keep(exchange, KEPT_BY_ROUTES, matched, matched_free);
  if (route->right != MAY_ANYBODY)
    admit(server, exchange, matched);
  if (route->file_max && !exchange_is_answered(exchange))
    exchange_into_file(exchange, server->uploads, route->file_max);
}

static void dispatch(Exchange *exchange, gpointer user) {
  Matched *matched = exchange_kept(exchange, KEPT_BY_ROUTES);
  if (matched == NULL)
    capture_route_answer(user, exchange);
  else
    matched->route->answer(user, exchange, matched->key);
}

/* Answers for programs are no pages, whoever opens them; pages say themselves what they may load. */
static void answering(Exchange *exchange, gpointer user) {
  if (!g_str_has_prefix(exchange_path(exchange), "/api/"))
    return;
  exchange_answer_header(exchange, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  exchange_answer_header(exchange, "Referrer-Policy", "no-referrer");
  exchange_answer_header(exchange, "Cross-Origin-Resource-Policy", "same-origin");
}

/* Requests that went well are counted, not logged: at tens of thousands a second nobody reads them. */
static void finished(Exchange *exchange, guint status, gint64 took_us, gpointer user) {
  Server *server = user;
  figures_count(&server->figures, status, took_us);
  if (status < 500)
    return;
  g_autofree char *number = g_strdup_printf("%u", status), *took = g_strdup_printf("%.3f", (double)took_us / 1e3);
  log_line("error", "a request failed", "method", exchange_method(exchange), "status", number, "took_ms", took, NULL);
}

const HttpHooks *routes_hooks(void) {
  static const HttpHooks hooks = {begin, dispatch, answering, finished};
  return &hooks;
}
