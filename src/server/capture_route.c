/* SPDX-License-Identifier: Apache-2.0
 * capture_route.c: a request of a protocol.
 *
 *   body ─► protocol reads events ─► submission ─► capture ─► (connection sleeps) ─► committed ─► reply
 *
 * Pages of any origin may send here; cookies play no part, so no credentials are allowed. */
#include "server/capture_route.h"

#include "base/error.h"
#include "capture/protocol.h"
#include "server/log.h"
#include "server/routes_private.h"
#include "server/server_private.h"
#include <string.h>

enum { SUBMISSION_BYTES_MAX = 64 << 20, SHARED_MAX = 128 };

typedef struct {
  Server *server;
  Exchange *exchange;
  const Protocol *protocol;
  CaptureSource *source;
  CaptureReply reply;
  CaptureRequest request;
  CaptureOutcome outcome;
  GError *problem;
  gboolean was_read; /* the reply stands, whatever becomes of the events */
} Sending;

static void sending_free(gpointer data) {
  Sending *sending = data;
  capture_source_unref(sending->source);
  capture_reply_clear(&sending->reply);
  g_clear_error(&sending->problem);
  g_free(sending);
}

/* --- pages of other origins ---------------------------------------------------------------------------------- */

static void allow_origin(Exchange *exchange) {
  exchange_answer_header(exchange, "Access-Control-Allow-Origin", "*");
}

static gboolean is_list_of_names(const char *text) {
  return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-, ")] == '\0' && strlen(text) < 1000;
}

static void answer_preflight(Exchange *exchange) {
  const char *headers = exchange_header(exchange, "Access-Control-Request-Headers");
  exchange_reply_static(exchange, 204, NULL, "", 0);
  allow_origin(exchange);
  exchange_answer_header(exchange, "Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  exchange_answer_header(exchange, "Access-Control-Allow-Headers",
                         headers && is_list_of_names(headers) ? headers : "Authorization, Content-Type, Content-Encoding");
  exchange_answer_header(exchange, "Access-Control-Max-Age", "86400");
}

gboolean capture_route_takes(Server *server, Exchange *exchange) {
  const Protocol *protocol = protocol_find(exchange_path(exchange));
  static const char *const taken[] = {"GET", "HEAD", "POST", NULL};
  const char *method = exchange_method(exchange);
  if (protocol == NULL)
    return FALSE;
  if (g_str_equal(method, "OPTIONS")) {
    answer_preflight(exchange);
  } else if (!g_strv_contains(taken, method)) {
    exchange_error_status(exchange, 405, "method", "this path takes another method", "GET, POST, OPTIONS");
    exchange_answer_header(exchange, "Allow", "GET, POST, OPTIONS");
    allow_origin(exchange);
  }
  return TRUE;
}

/* --- what a protocol sees ------------------------------------------------------------------------------------- */

static const Exchange *exchange_of(const CaptureRequest *request) {
  return ((const Sending *)(gconstpointer)((const char *)request - G_STRUCT_OFFSET(Sending, request)))->exchange;
}

static const char *header(const CaptureRequest *request, const char *name) {
  return exchange_header(exchange_of(request), name);
}

static const char *argument(const CaptureRequest *request, const char *name) {
  return exchange_argument(exchange_of(request), name);
}

static void each_argument(const CaptureRequest *request, void (*each)(const char *name, const char *value, gpointer user),
                          gpointer user) {
  exchange_each_argument(exchange_of(request), each, user);
}

static Sending *sending_new(Server *server, Exchange *exchange) {
  Sending *sending = g_new0(Sending, 1);
  sending->server = server;
  sending->exchange = exchange;
  sending->protocol = protocol_find(exchange_path(exchange));
  sending->request = (CaptureRequest){.method = exchange_method(exchange),
                                      .path = exchange_path(exchange),
                                      .body = exchange_body(exchange),
                                      .received_ms = exchange_received_ms(exchange),
                                      .address = exchange_address(exchange),
                                      .encrypted = server->options.tls_cert != NULL,
                                      .header = header,
                                      .argument = argument,
                                      .each_argument = each_argument};
  exchange_keep(exchange, KEPT_BY_HANDLER, sending, sending_free);
  return sending;
}

/* --- answering -------------------------------------------------------------------------------------------------- */

static void answer_reply(Sending *sending) {
  static const char *const headers[] = {"Cache-Control", "no-store", "Access-Control-Allow-Origin", "*", NULL};
  CaptureReply *reply = &sending->reply;
  if (reply->body && reply->body->len <= SHARED_MAX && !reply->location) {
    exchange_reply_shared(sending->exchange, reply->status ? reply->status : 200, reply->content_type, reply->body->str,
                          reply->body->len, headers);
    atomic_fetch_add(&sending->server->figures.refused_events, reply->refused);
    return;
  }
  gsize size = reply->body ? reply->body->len : 0;
  char *text = reply->body ? g_string_free(g_steal_pointer(&reply->body), FALSE) : NULL;
  exchange_reply(sending->exchange, reply->status ? reply->status : 200, reply->content_type, text, size);
  if (reply->location)
    exchange_answer_header(sending->exchange, "Location", reply->location);
  exchange_answer_header(sending->exchange, "Cache-Control", "no-store");
  allow_origin(sending->exchange);
  atomic_fetch_add(&sending->server->figures.refused_events, reply->refused);
}

/* A commit that failed is the server's trouble, whatever it was: the sender keeps the events and tries again. */
static void answer_problem(Exchange *exchange, const GError *problem) {
  if (error_http_status(problem) != 500) {
    exchange_error(exchange, problem);
    return;
  }
  exchange_error_status(exchange, 503, error_name(problem), "the events could not be stored",
                        "send them again; the server's log says more");
}

/* On the writer's thread: only notes what came of it; the answer is written by the connection's own thread. */
static void on_stored(const GError *problem, const CaptureOutcome *outcome, gpointer user) {
  Sending *sending = user;
  sending->outcome = *outcome;
  if (problem)
    sending->problem = g_error_copy(problem);
  exchange_resume_soon(sending->exchange);
}

void capture_route_told(gpointer user) {
  Server *server = user;
  http_resume(server->http);
}

static void finish(Sending *sending) {
  if (sending->problem && !(sending->was_read && sending->protocol->reply_anyway)) {
    answer_problem(sending->exchange, sending->problem);
    allow_origin(sending->exchange);
  } else {
    if (sending->protocol->settle && !sending->problem)
      sending->protocol->settle(&sending->reply, &sending->outcome);
    answer_reply(sending);
  }
}

static gboolean read_request(Sending *sending, Submission *submission, CaptureWorker *worker) {
  sending->was_read = sending->protocol->read(worker, &sending->request, submission, &sending->reply, &sending->problem);
  if (sending->was_read)
    return TRUE;
  if (sending->problem == NULL)
    error_set(&sending->problem, ERROR_INVALID, "the request cannot be read");
  return FALSE;
}

static void submit(Sending *sending, Submission *submission) {
  Exchange *exchange = sending->exchange;
  if (submission_count(submission) == 0 && submission_consents(submission) == NULL) {
    submission_free(submission);
    finish(sending);
    return;
  }
  exchange_wait_briefly(exchange);
  if (!capture_submit(sending->server->capture, submission, on_stored, sending, &sending->problem))
    exchange_resume(exchange);
}

static gboolean admit_key(Sending *sending, JsonIn *json) {
  g_autofree char *key = routes_given_key(sending->exchange);
  if (key == NULL && sending->protocol->key)
    key = sending->protocol->key(&sending->request, json);
  return routes_admit(sending->server, sending->exchange, key, MAY_SEND, &sending->source);
}

static const char *group_in(const Project *project, const char *source) {
  for (guint i = 0; i < project->sources->len; i++) {
    const SourceRule *rule = project->sources->pdata[i];
    if (g_str_equal(rule->name, source))
      return rule->group;
  }
  return NULL;
}

/* A signature that only this server can have made, or a partner who knows the secret. */
static gboolean admit_signed(Sending *sending, const Project *project) {
  g_autoptr(GError) error = NULL;
  g_autofree char *name = sending->protocol->signed_source(&sending->request, project, &error);
  if (name)
    sending->source = capture_source_new(name, group_in(project, name), SOURCE_SERVER, KEY_WRITE);
  else
    exchange_error(sending->exchange, error);
  return name != NULL;
}

static gboolean admit(Sending *sending) {
  static const CaptureSource nobody = {.kind = SOURCE_SERVER};
  CaptureWorkers *workers = sending->server->workers;
  const Protocol *protocol = sending->protocol;
  CaptureWorker *reader = protocol->key || protocol->signed_source ? capture_workers_take(workers, &nobody) : NULL;
  gboolean good =
      protocol->signed_source ? admit_signed(sending, reader->project) : admit_key(sending, reader ? reader->json : NULL);
  if (reader)
    capture_workers_give(workers, reader);
  if (!good)
    allow_origin(sending->exchange);
  return good;
}

void capture_route_answer(Server *server, Exchange *exchange) {
  Sending *sending = exchange_kept(exchange, KEPT_BY_HANDLER);
  if (sending) { /* woken up */
    finish(sending);
    return;
  }
  sending = sending_new(server, exchange);
  if (!admit(sending))
    return;
  CaptureWorker *worker = capture_workers_take(server->workers, sending->source);
  Submission *submission = submission_new(sending->source, record_key(capture_record(server->capture)),
                                          exchange_received_ms(exchange), SUBMISSION_BYTES_MAX);
  gboolean good = read_request(sending, submission, worker);
  capture_workers_give(server->workers, worker);
  if (good) {
    submit(sending, submission);
  } else {
    submission_free(submission);
    finish(sending);
  }
}
