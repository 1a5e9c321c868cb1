/* SPDX-License-Identifier: Apache-2.0
 * http.h: requests and answers over libmicrohttpd. Threads wait on epoll; a request is handed over once it was read
 * whole and unpacked within the limits; an answer may come later from another thread, while the connection sleeps. */
#pragma once
#include "base/text.h"
#include "capture/source.h"
#include "server/limits.h"

typedef struct Http Http;
typedef struct Exchange Exchange; /* one request and its answer */

typedef enum { DOOR_CAPTURE = 1, DOOR_APP = 2 } HttpDoor; /* what a listener is for: public, or people and programs of the house */

typedef struct {
  /* The headers are there: may refuse by exchange_error(), which then is the answer once the body was passed over. */
  void (*begin)(Exchange *exchange, gpointer user);
  /* The body is there. Answers by exchange_reply() or exchange_error(), or calls exchange_wait() as the last thing before
   * another thread gets to know the exchange. That one answers or not, then calls exchange_resume(); without an answer
   * this is called once more, on the connection's thread. */
  void (*dispatch)(Exchange *exchange, gpointer user);
  void (*answering)(Exchange *exchange, gpointer user);                              /* the answer is there: may add headers */
  void (*finished)(Exchange *exchange, guint status, gint64 took_us, gpointer user); /* for logs and figures */
} HttpHooks;

typedef struct {
  const char *address; /* "127.0.0.1:8080", "[::1]:8080", "*:443"; port 0 takes a free one */
  guint doors;
  guint threads;
  char *certificate, *private_key; /* PEM, or NULL */
} HttpListen;

Http *http_new(const ServerLimits *limits, const HttpHooks *hooks, gpointer user);
gboolean http_listen(Http *http, const HttpListen *listen, guint *port, GError **error);
gboolean http_start(Http *http, GError **error); /* after the last http_listen() */
/* Takes no new connections and waits up to `wait_ms` for the requests under way. */
void http_drain(Http *http, gint64 wait_ms);
/* Waits for who called exchange_wait(), then ends the threads; http_resume() may be called until http_free(). */
void http_stop(Http *http);
void http_free(Http *http);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Http, http_free)

typedef struct {
  guint connections, requests; /* open now, being read or worked on now */
  guint64 refused_connections, expired, body_bytes;
} HttpFigures;
void http_figures(Http *http, HttpFigures *figures);

/* --- a request; texts live as long as it --------------------------------------------------------------------------- */
const char *exchange_method(const Exchange *exchange); /* a HEAD is answered as a GET; its body is not sent */
const char *exchange_path(const Exchange *exchange);   /* decoded */
const char *exchange_header(const Exchange *exchange, const char *name);
const char *exchange_argument(const Exchange *exchange, const char *name);
void exchange_each_argument(const Exchange *exchange, void (*each)(const char *name, const char *value, gpointer user),
                            gpointer user);
Text exchange_body(const Exchange *exchange); /* JSON_PADDING zero bytes follow */
/* Said in `begin`: the body goes into a new file of `folder`, removed with the request; it may be larger then. */
void exchange_into_file(Exchange *exchange, const char *folder, guint64 size_max);
const char *exchange_file(const Exchange *exchange); /* its path, NULL when the body is in memory */
gint64 exchange_received_ms(const Exchange *exchange);
const char *exchange_address(Exchange *exchange); /* truncated to /24 or /48 */
guint exchange_doors(const Exchange *exchange);
gboolean exchange_is_gone(const Exchange *exchange); /* the client hung up, as far as one can tell */
const ServerLimits *exchange_limits(const Exchange *exchange);

typedef enum { KEPT_BY_ROUTES, KEPT_BY_HANDLER, KEPT_SLOTS } KeptSlot;
gpointer exchange_kept(const Exchange *exchange, KeptSlot slot); /* NULL before */
void exchange_keep(Exchange *exchange, KeptSlot slot, gpointer data, GDestroyNotify destroy);

/* --- the answer ------------------------------------------------------------------------------------------------------ */
/* `take` is freed by g_free(); `type` is static or NULL. */
void exchange_reply(Exchange *exchange, guint status, const char *type, char *take, gsize size);
void exchange_reply_static(Exchange *exchange, guint status, const char *type, const void *data, gsize size);
/* For answers that many requests get alike: made once for each text, with these headers (pairs, NULL ends them), to which
 * nothing is added. On the connection's thread only. */
void exchange_reply_shared(Exchange *exchange, guint status, const char *type, const char *text, gsize size,
                           const char *const *headers);
void exchange_error(Exchange *exchange, const GError *error); /* status, code, message and hint from the error */
void exchange_error_status(Exchange *exchange, guint status, const char *code, const char *message, const char *hint);
void exchange_answer_header(Exchange *exchange, const char *name, const char *value);
gboolean exchange_is_answered(const Exchange *exchange);
/* An answer without end: `read` is called on the connection's thread whenever there is room and gives bytes, 0 when it has
 * called exchange_wait() for want of them (then exchange_resume() goes on), or a negative number at the end. */
void exchange_stream(Exchange *exchange, const char *type, gssize (*read)(gpointer user, char *into, gsize room), gpointer user);
void exchange_wait(Exchange *exchange);
void exchange_wait_briefly(Exchange *exchange); /* the same for some milliseconds, cheaper; not in a stream */
void exchange_resume(Exchange *exchange);       /* the exchange may be gone when this returns */
void exchange_resume_soon(Exchange *exchange);  /* the same at the next http_resume(), for whoever wakes many */
void http_resume(Http *http);
