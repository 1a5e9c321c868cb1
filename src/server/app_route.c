/* SPDX-License-Identifier: Apache-2.0
 * app_route.c: files are sent compressed as they lie in the program. A page may load from this server only. */
#include "server/app_route.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "project/model.h"
#include "server/asset_reply.h"
#include "server/reply.h"
#include "server/server_private.h"
#include <string.h>

static const char ASSETS[] = "/assets/";
static const char POLICY[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
                             "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/* --- files --------------------------------------------------------------------------------------------------- */

/* What a page shows is decided in the browser; an identifier in its address may hold anything. */
static gboolean is_page(const char *path) {
  static const char *const others[] = {"/api/", "/v1/", "/assets/", "/mp/", "/l/", "/o/", "/debug/", NULL};
  for (const char *const *other = others; *other; other++)
    if (g_str_has_prefix(path, *other))
      return FALSE;
  return TRUE;
}

static gboolean wants_page(const Exchange *exchange) {
  const char *accept = exchange_header(exchange, "Accept");
  return accept && strstr(accept, "text/html");
}

gboolean app_route_takes(const Exchange *exchange) {
  const char *path = exchange_path(exchange);
  if (strcmp(exchange_method(exchange), "GET") != 0)
    return FALSE;
  return g_str_has_prefix(path, ASSETS) || (is_page(path) && (wants_page(exchange) || strcmp(path, "/") == 0));
}

void app_route_page(Server *server, Exchange *exchange, CaptureSource *key) {
  const char *path = exchange_path(exchange);
  gboolean file = g_str_has_prefix(path, ASSETS);
  const char *name = file ? path + strlen(ASSETS) : "index.html";
  const Asset *asset = asset_find(name);
  if (asset == NULL) {
    exchange_error_status(exchange, 404, "not_found", "there is no such file", NULL);
    return;
  }
  asset_reply(exchange, asset, file && strchr(name, '-') ? "public, max-age=31536000, immutable" : "no-cache");
  exchange_answer_header(exchange, "Content-Security-Policy", POLICY);
  exchange_answer_header(exchange, "Referrer-Policy", "same-origin");
  exchange_answer_header(exchange, "Cross-Origin-Opener-Policy", "same-origin");
}

/* --- cookies --------------------------------------------------------------------------------------------------- */

/* A cookie that only this host may set and only over TLS; where there is none (a laptop), a plain one. */
static gboolean is_secure(const Server *server, const Exchange *exchange) {
  const char *forwarded = exchange_header(exchange, "X-Forwarded-Proto");
  return server->options.tls_cert || (forwarded && strcmp(forwarded, "https") == 0);
}

static const char *cookie_name(gboolean secure) {
  return secure ? "__Host-etappe" : "etappe";
}

static gboolean find_cookie(const char *cookies, const char *name, char token[COOKIE_SIZE]) {
  gsize length = strlen(name);
  for (const char *at = cookies; at; at = strchr(at, ';')) {
    at += strspn(at, "; ");
    if (strncmp(at, name, length) != 0 || at[length] != '=')
      continue;
    gsize size = strspn(at + length + 1, "0123456789abcdef");
    if (size == 0 || size >= COOKIE_SIZE)
      return FALSE;
    memcpy(token, at + length + 1, size);
    token[size] = '\0';
    return TRUE;
  }
  return FALSE;
}

const char *app_route_token(const Exchange *exchange, char token[COOKIE_SIZE]) {
  const char *cookies = exchange_header(exchange, "Cookie");
  if (cookies == NULL)
    return NULL;
  return find_cookie(cookies, cookie_name(TRUE), token) || find_cookie(cookies, cookie_name(FALSE), token) ? token : NULL;
}

static void set_cookie(const Server *server, Exchange *exchange, const char *token) {
  gboolean secure = is_secure(server, exchange);
  g_autofree char *cookie = g_strdup_printf("%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", cookie_name(secure), token ? token : "",
                                            secure ? "; Secure" : "", token ? "" : "; Max-Age=0");
  exchange_answer_header(exchange, "Set-Cookie", cookie);
}

/* --- session --------------------------------------------------------------------------------------------------- */

static void write_user(JsonOut *out, const Session *session) {
  json_key(out, "user");
  if (session == NULL) {
    json_null(out);
    return;
  }
  json_object(out);
  json_kv_int(out, "id", session->account);
  json_kv_string(out, "name", session->name);
  json_kv_string(out, "email", session->email);
  json_kv_string(out, "role", role_text(session->role));
  json_object_end(out);
}

static void write_project(JsonOut *out, Server *server) {
  Workspace *workspace = capture_workspace(server->capture);
  g_autoptr(Snapshot) snapshot = index_snapshot(workspace_index(workspace));
  gint64 now_ms = clock_now_ms();
  g_autofree char *setting = record_setting(workspace_record(workspace), "live");
  gboolean live = setting != NULL;
  gint64 last_ms = snapshot_last_time_ms(snapshot);
  g_autofree char *now = clock_text(live || last_ms == 0 ? now_ms : MIN(last_ms, now_ms));
  json_key(out, "project");
  json_object(out);
  project_model_write(workspace_project(workspace), out);
  json_kv_string(out, "now", now);
  json_kv_bool(out, "live", live);
  json_kv_int(out, "events", (gint64)snapshot_events(snapshot));
  json_object_end(out);
}

static void answer_session(Server *server, Exchange *exchange, const Session *session) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  write_user(out, session);
  json_kv_string(out, "csrf", session ? session->csrf : "");
  json_kv_bool(out, "setup", accounts_none(server->accounts));
  if (session)
    write_project(out, server);
  else
    json_kv_null(out, "project");
  json_object_end(out);
  reply_json(exchange, 200, out);
}

static void sign_in(Server *server, Exchange *exchange) {
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonIn) json = json_in_new(64 << 10);
  g_autofree char *email = NULL, *password = NULL, *token = NULL;
  JsonValue root;
  guint wait_s = 0;
  if (!reply_read(exchange, json, &root, &error) || !reply_text(root, "email", &email, &error) ||
      !reply_text(root, "password", &password, &error)) {
    exchange_error(exchange, error);
    return;
  }
  if (accounts_sign_in(server->accounts, email, password, exchange_address(exchange), &token, &wait_s, &error)) {
    g_autoptr(Session) session = accounts_session(server->accounts, token);
    g_autofree char *actor = session ? g_strdup_printf("account:%" G_GINT64_FORMAT, session->account) : NULL;
    accounts_audit(server->accounts, actor, "session", NULL, NULL, NULL);
    answer_session(server, exchange, session);
    set_cookie(server, exchange, token);
  } else if (wait_s) {
    g_autofree char *wait = g_strdup_printf("%u", wait_s);
    exchange_error_status(exchange, 429, "busy", "too many attempts", "wait a little and try again");
    exchange_answer_header(exchange, "Retry-After", wait);
  } else if (g_error_matches(error, ETAPPE_ERROR, ERROR_FORBIDDEN)) {
    exchange_error_status(exchange, 401, "unauthorized", error->message, NULL);
  } else {
    exchange_error(exchange, error);
  }
}

void app_route_session(Server *server, Exchange *exchange, CaptureSource *key) {
  char token[COOKIE_SIZE];
  const char *given = app_route_token(exchange, token);
  if (strcmp(exchange_method(exchange), "POST") == 0) {
    sign_in(server, exchange);
    return;
  }
  g_autoptr(Session) session = given ? accounts_session(server->accounts, given) : NULL;
  if (strcmp(exchange_method(exchange), "DELETE") == 0) {
    if (given && reply_is_ours(exchange, session))
      accounts_sign_out(server->accounts, given);
    exchange_reply_static(exchange, 204, NULL, "", 0);
    set_cookie(server, exchange, NULL);
    return;
  }
  answer_session(server, exchange, session);
}

/* Whoever knows the old one may set a new one; other sessions of the account end. */
static gboolean change_password(Server *server, Exchange *exchange, const Session *session, char **token, GError **error) {
  g_autoptr(JsonIn) json = json_in_new(64 << 10);
  g_autofree char *old = NULL, *fresh = NULL, *known = NULL;
  JsonValue root;
  guint wait_s;
  if (!reply_read(exchange, json, &root, error) || !reply_text(root, "password", &old, error) ||
      !reply_text(root, "new_password", &fresh, error) ||
      !accounts_sign_in(server->accounts, session->email, old, exchange_address(exchange), &known, &wait_s, error) ||
      !accounts_set_password(server->accounts, session->account, fresh, error))
    return FALSE;
  return accounts_sign_in(server->accounts, session->email, fresh, exchange_address(exchange), token, &wait_s, error);
}

void app_route_password(Server *server, Exchange *exchange, CaptureSource *key) {
  g_autoptr(GError) error = NULL;
  g_autofree char *token = NULL;
  const Session *session = routes_session(exchange);
  if (session == NULL) {
    exchange_error_status(exchange, 403, "forbidden", "a key has no password", "sign in with the account");
  } else if (!change_password(server, exchange, session, &token, &error)) {
    exchange_error(exchange, error);
  } else {
    g_autoptr(Session) fresh = accounts_session(server->accounts, token);
    answer_session(server, exchange, fresh);
    set_cookie(server, exchange, token);
  }
}

void app_route_setup(Server *server, Exchange *exchange, CaptureSource *key) {
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonIn) json = json_in_new(64 << 10);
  g_autofree char *token = NULL, *name = NULL, *email = NULL, *password = NULL, *cookie = NULL;
  JsonValue root;
  guint wait_s;
  if (!reply_read(exchange, json, &root, &error) || !reply_text(root, "token", &token, &error) ||
      !reply_text(root, "name", &name, &error) || !reply_text(root, "email", &email, &error) ||
      !reply_text(root, "password", &password, &error) || !accounts_setup(server->accounts, token, name, email, password, &error) ||
      !accounts_sign_in(server->accounts, email, password, exchange_address(exchange), &cookie, &wait_s, &error)) {
    exchange_error(exchange, error);
    return;
  }
  g_autoptr(Session) session = accounts_session(server->accounts, cookie);
  answer_session(server, exchange, session);
  set_cookie(server, exchange, cookie);
}

char *app_route_setup_link(Server *server, const char *base) {
  g_autofree char *token = accounts_setup_token(server->accounts, NULL);
  return token ? g_strdup_printf("%s/?token=%s", base, token) : NULL;
}
