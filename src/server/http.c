/* SPDX-License-Identifier: Apache-2.0
 * http.c: what happens to a connection.
 *
 *   WAITING ─ request line ─► READING ─ whole ─► WORKING ─ answer ─► SENDING ─► WAITING
 *      idle_s                 request_s                               send_s
 *
 * libmicrohttpd's own timeout starts anew with each byte, so a thread of ours looks at all connections once a second and
 * shuts the socket of any that is in a state for too long. No thread of ours stands still for a request that waits for
 * another one: see loop.h. */
#include "server/http.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "server/inflate.h"
#include "server/log.h"
#include "server/loop.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ADDRESSES = 1 << 16, STREAM_PIECE = 4096, SHARED = 64 };

typedef enum { PEER_WAITING, PEER_READING, PEER_WORKING, PEER_SENDING } PeerState;

typedef struct Peer Peer;
struct Peer { /* a connection */
  Peer *next, **link;
  int descriptor;
  char address[48]; /* whole; never written anywhere */
  atomic_int state;
  atomic_llong since_us;
  gboolean local;
};

typedef struct { /* one of the threads of an address */
  Http *http;
  Loop *loop;
  guint doors;
} Listener;

typedef struct { /* an answer that many requests get alike */
  struct MHD_Response *response;
  char *text;
  gsize size;
  guint status;
  const char *type; /* static */
} Shared;

struct Http {
  ServerLimits limits;
  HttpHooks hooks;
  gpointer user;
  GPtrArray *listeners;
  pthread_t watcher;
  gboolean watching;
  atomic_int stopping;
  atomic_size_t bodies; /* bytes held */
  atomic_ullong body_bytes, refused, expired;
  atomic_uint requests, asleep;
  pthread_mutex_t shared_mutex; /* guards the array */
  Shared shared[SHARED];

  pthread_mutex_t mutex; /* guards what follows */
  pthread_cond_t ended;
  Peer *peers;
  HashKey secret;     /* of this run */
  guint16 *addresses; /* connections by hash of their address */
  guint connections;
  gboolean stop_watching;
};

struct Exchange {
  Http *http;
  Listener *listener;
  struct MHD_Connection *connection;
  Peer *peer;
  const char *method;
  char *path;
  gint64 received_ms, started_us;
  char *body;
  gsize size, room, passed_over;
  gboolean begun, dispatched, too_large, no_room, waits, queued;
  Sleeper sleeper;
  gboolean gone; /* the client hung up while another thread had the request, which is freed when that one gives it back */
  char *file;    /* where the body goes instead, NULL: into memory */
  int file_descriptor;
  guint64 file_size, file_max;
  GError *file_error;
  char address[48];
  gpointer kept[KEPT_SLOTS];
  GDestroyNotify destroy[KEPT_SLOTS];

  guint status;
  struct MHD_Response *response;
  gssize (*read)(gpointer user, char *into, gsize room); /* of a stream */
  gpointer read_user;
};

/* --- connections -------------------------------------------------------------------------------------- */

static void peer_state(Peer *peer, PeerState state) {
  atomic_store(&peer->since_us, g_get_monotonic_time());
  atomic_store(&peer->state, state);
}

static gboolean is_local(const struct sockaddr *address) {
  if (address->sa_family == AF_INET)
    return ntohl(((const struct sockaddr_in *)(gconstpointer)address)->sin_addr.s_addr) >> 24 == 127;
  return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(gconstpointer)address)->sin6_addr);
}

static void address_text(const struct sockaddr *address, char text[48]) {
  text[0] = '\0';
  if (address->sa_family == AF_INET)
    inet_ntop(AF_INET, &((const struct sockaddr_in *)(gconstpointer)address)->sin_addr, text, 48);
  else if (address->sa_family == AF_INET6)
    inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(gconstpointer)address)->sin6_addr, text, 48);
}

/* Two addresses may share a place: then they share its limit. Which do is this run's secret. */
static guint16 *address_place(Http *http, const char *text) {
  return &http->addresses[hash64(&http->secret, text, strlen(text)) % ADDRESSES];
}

static enum MHD_Result on_accept(void *user, const struct sockaddr *address, socklen_t size) {
  Http *http = user;
  char text[48];
  address_text(address, text);
  pthread_mutex_lock(&http->mutex);
  guint same = *address_place(http, text);
  gboolean good = http->connections < http->limits.connections_max && (is_local(address) || same < http->limits.connections_ip_max);
  pthread_mutex_unlock(&http->mutex);
  if (!good)
    atomic_fetch_add(&http->refused, 1);
  return good ? MHD_YES : MHD_NO;
}

static Peer *peer_new(struct MHD_Connection *connection) {
  Peer *peer = g_new0(Peer, 1);
  peer->descriptor = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  const struct sockaddr *address = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
  address_text(address, peer->address);
  peer->local = is_local(address);
  peer_state(peer, PEER_WAITING);
  return peer;
}

static void add_peer(Http *http, Peer *peer) {
  pthread_mutex_lock(&http->mutex);
  peer->next = http->peers;
  peer->link = &http->peers;
  if (peer->next)
    peer->next->link = &peer->next;
  http->peers = peer;
  http->connections++;
  ++*address_place(http, peer->address);
  pthread_mutex_unlock(&http->mutex);
}

/* Called before the socket is closed, so that the watcher never touches a number that was given to somebody else. */
static void remove_peer(Http *http, Peer *peer) {
  pthread_mutex_lock(&http->mutex);
  *peer->link = peer->next;
  if (peer->next)
    peer->next->link = peer->link;
  http->connections--;
  --*address_place(http, peer->address);
  pthread_mutex_unlock(&http->mutex);
  g_free(peer);
}

static void on_connection(void *user, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code) {
  Http *http = user;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    *context = peer_new(connection);
    add_peer(http, *context);
  } else if (*context) {
    remove_peer(http, *context);
    *context = NULL;
  }
}

static Peer *peer_of(struct MHD_Connection *connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* --- the watcher --------------------------------------------------------------------------------------- */

static gboolean is_overdue(const Http *http, Peer *peer, gint64 now_us) {
  const guint limits[] = {
      [PEER_WAITING] = http->limits.idle_s, [PEER_READING] = http->limits.request_s, [PEER_SENDING] = http->limits.send_s};
  int state = atomic_load(&peer->state);
  return state != PEER_WORKING && now_us - atomic_load(&peer->since_us) > (gint64)limits[state] * G_USEC_PER_SEC;
}

static gboolean has_hung_up(int descriptor) {
  char byte;
  gssize got = recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* Who hangs up in the middle of a body: libmicrohttpd does not notice by itself. */
static gboolean is_abandoned(Peer *peer, gint64 now_us) {
  return atomic_load(&peer->state) == PEER_READING && now_us - atomic_load(&peer->since_us) > G_USEC_PER_SEC &&
         has_hung_up(peer->descriptor);
}

static void look_at_peers(Http *http) {
  gint64 now_us = g_get_monotonic_time();
  for (Peer *peer = http->peers; peer; peer = peer->next) {
    gboolean overdue = is_overdue(http, peer, now_us);
    if (!overdue && !is_abandoned(peer, now_us))
      continue;
    shutdown(peer->descriptor, SHUT_RDWR);
    atomic_fetch_add(&http->expired, overdue);
    peer_state(peer, PEER_WAITING);
  }
}

static gpointer watch_on(gpointer user) {
  Http *http = user;
  pthread_mutex_lock(&http->mutex);
  while (!http->stop_watching) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_cond_timedwait(&http->ended, &http->mutex, &until);
    look_at_peers(http);
  }
  pthread_mutex_unlock(&http->mutex);
  return NULL;
}

/* --- bodies ---------------------------------------------------------------------------------------------- */

static gboolean take_room(Exchange *exchange, gsize room) {
  Http *http = exchange->http;
  gsize more = room - exchange->room;
  if (atomic_fetch_add(&http->bodies, more) + more > http->limits.bodies_max) {
    atomic_fetch_sub(&http->bodies, more);
    return FALSE;
  }
  char *body = g_try_realloc(exchange->body, room + JSON_PADDING);
  if (body == NULL) {
    atomic_fetch_sub(&http->bodies, more);
    return FALSE;
  }
  exchange->body = body;
  exchange->room = room;
  return TRUE;
}

static void drop_body(Exchange *exchange) {
  g_clear_pointer(&exchange->body, g_free);
  atomic_fetch_sub(&exchange->http->bodies, exchange->room);
  exchange->size = exchange->room = 0;
}

static void keep(Exchange *exchange, const char *data, gsize size) {
  gsize wanted = exchange->size + size, room = exchange->room ? exchange->room : 1024;
  if (wanted > exchange->http->limits.body_max) {
    exchange->too_large = TRUE;
    return;
  }
  while (room < wanted)
    room *= 2;
  if (room > exchange->room && !take_room(exchange, room)) {
    exchange->no_room = TRUE;
    return;
  }
  memcpy(exchange->body + exchange->size, data, size);
  exchange->size = wanted;
}

/* So much more, and a large file has its time anew. */
enum { FILE_STEP = 256 << 10 };

static void keep_in_file(Exchange *exchange, const char *data, gsize size) {
  if (exchange->file_size + size > exchange->file_max) {
    exchange->too_large = TRUE;
    return;
  }
  for (gsize done = 0; done < size && !exchange->file_error;) {
    gssize put = write(exchange->file_descriptor, data + done, size - done);
    if (put < 0 && errno != EINTR)
      error_set_errno(&exchange->file_error, errno, "keeping the file that is sent");
    done += (gsize)MAX(put, 0);
  }
  if ((exchange->file_size + size) / FILE_STEP != exchange->file_size / FILE_STEP)
    peer_state(exchange->peer, PEER_READING);
  exchange->file_size += size;
}

static void drop_file(Exchange *exchange) {
  if (exchange->file == NULL)
    return;
  close(exchange->file_descriptor);
  unlink(exchange->file);
  g_clear_pointer(&exchange->file, g_free);
  g_clear_error(&exchange->file_error);
}

/* FALSE: enough is enough, the connection ends. */
static gboolean take_upload(Exchange *exchange, const char *data, gsize size) {
  atomic_fetch_add(&exchange->http->body_bytes, size);
  if (exchange->response == NULL && !exchange->too_large && !exchange->no_room && !exchange->file_error) {
    if (exchange->file)
      keep_in_file(exchange, data, size);
    else
      keep(exchange, data, size);
    if (exchange->too_large || exchange->no_room)
      drop_body(exchange);
    return TRUE;
  }
  exchange->passed_over += size;
  return exchange->passed_over <= 4 * exchange->http->limits.body_max;
}

static gboolean refuse_body(Exchange *exchange, GError **error) {
  if (exchange->too_large && exchange->file)
    return error_set(error, ERROR_LIMIT,
                     "the file is larger than %" G_GUINT64_FORMAT " bytes\nhint: split it, or import it with "
                     "`etappe import`",
                     exchange->file_max);
  if (exchange->too_large)
    return error_set(error, ERROR_LIMIT,
                     "the body is larger than %" G_GSIZE_FORMAT " bytes\nhint: send the events in several requests",
                     exchange->http->limits.body_max);
  return error_set(error, ERROR_BUSY, "too many requests are being read at once\nhint: send it again in a moment");
}

static gboolean unpack_body(Exchange *exchange, GError **error) {
  const ServerLimits *limits = &exchange->http->limits;
  const char *encoding = exchange_header(exchange, "Content-Encoding");
  if (encoding == NULL || exchange->size == 0 || g_ascii_strcasecmp(encoding, "identity") == 0)
    return TRUE;
  if (g_ascii_strcasecmp(encoding, "gzip") != 0 && g_ascii_strcasecmp(encoding, "x-gzip") != 0 &&
      g_ascii_strcasecmp(encoding, "deflate") != 0)
    return error_set(error, ERROR_INVALID, "the Content-Encoding is not known here\nhint: gzip, deflate or none");
  gsize size;
  char *plain =
      inflate_body(exchange->body, exchange->size, limits->inflated_max, limits->inflate_ratio_max, JSON_PADDING, &size, error);
  if (plain == NULL)
    return FALSE;
  drop_body(exchange);
  exchange->body = plain;
  exchange->size = exchange->room = size;
  atomic_fetch_add(&exchange->http->bodies, size);
  return TRUE;
}

static gboolean complete_body(Exchange *exchange, GError **error) {
  if (exchange->too_large || exchange->no_room)
    return refuse_body(exchange, error);
  if (exchange->file_error) {
    g_propagate_error(error, g_steal_pointer(&exchange->file_error));
    return FALSE;
  }
  if (exchange->file && exchange_header(exchange, "Content-Encoding"))
    return error_set(error, ERROR_INVALID, "a file is taken as it is, without a Content-Encoding");
  if (!unpack_body(exchange, error))
    return FALSE;
  if (exchange->body)
    memset(exchange->body + exchange->size, 0, JSON_PADDING);
  return TRUE;
}

/* --- a request ---------------------------------------------------------------------------------------------- */

static Exchange *exchange_new(Listener *listener, struct MHD_Connection *connection, const char *url, const char *method) {
  Exchange *exchange = g_new0(Exchange, 1);
  exchange->http = listener->http;
  exchange->listener = listener;
  exchange->connection = connection;
  exchange->peer = peer_of(connection);
  exchange->method = method;
  exchange->path = g_strdup(url);
  exchange->received_ms = clock_now_ms();
  exchange->started_us = g_get_monotonic_time();
  atomic_fetch_add(&listener->http->requests, 1);
  return exchange;
}

static gboolean announces_too_much(const Exchange *exchange) {
  const char *length = exchange_header(exchange, "Content-Length");
  guint64 most = exchange->file ? exchange->file_max : exchange->http->limits.body_max;
  return length && g_ascii_strtoull(length, NULL, 10) > most;
}

static enum MHD_Result send_answer(Exchange *exchange) {
  drop_file(exchange); /* whoever reads it has answered */
  if (exchange->queued || exchange->response == NULL)
    return exchange->queued ? MHD_YES : MHD_NO;
  peer_state(exchange->peer, exchange->read ? PEER_WORKING : PEER_SENDING);
  exchange->http->hooks.answering(exchange, exchange->http->user);
  if (atomic_load(&exchange->http->stopping))
    exchange_answer_header(exchange, "Connection", "close");
  return MHD_queue_response(exchange->connection, exchange->status, exchange->response);
}

/* A body that is too large for sure is not waited for. */
static enum MHD_Result begin(Exchange *exchange) {
  exchange->begun = TRUE;
  exchange->http->hooks.begin(exchange, exchange->http->user);
  if (!announces_too_much(exchange))
    return MHD_YES;
  if (exchange->response == NULL) {
    g_autoptr(GError) error = NULL;
    exchange->too_large = TRUE;
    refuse_body(exchange, &error);
    exchange_error(exchange, error);
  }
  return send_answer(exchange);
}

/* A handler that waits may be woken before it returns, so whether it does is asked of what it said, not of the answer. */
static enum MHD_Result hand_over(Exchange *exchange) {
  exchange->waits = FALSE;
  exchange->http->hooks.dispatch(exchange, exchange->http->user);
  return exchange->waits ? MHD_YES : send_answer(exchange);
}

static enum MHD_Result dispatch(Exchange *exchange) {
  g_autoptr(GError) error = NULL;
  exchange->dispatched = TRUE;
  peer_state(exchange->peer, PEER_WORKING);
  if (exchange->response == NULL && !complete_body(exchange, &error))
    exchange_error(exchange, error);
  if (exchange->response)
    return send_answer(exchange);
  return hand_over(exchange);
}

/* After exchange_resume(): whoever was waited for answered, or the handler now can. */
static enum MHD_Result wake(Exchange *exchange) {
  return exchange->response ? send_answer(exchange) : hand_over(exchange);
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **context) {
  Exchange *exchange = *context;
  Listener *listener = user;
  if (exchange && exchange->sleeper.state == SLEEPER_STANDS)
    return MHD_YES;
  loop_moved(listener->loop);
  if (exchange == NULL) {
    *context = exchange = exchange_new(listener, connection, url, method);
    return begin(exchange);
  }
  if (*upload_size) {
    gsize size = *upload_size;
    *upload_size = 0;
    return take_upload(exchange, upload, size) ? MHD_YES : MHD_NO;
  }
  return exchange->dispatched ? wake(exchange) : dispatch(exchange);
}

static void *on_request_line(void *user, const char *uri, struct MHD_Connection *connection) {
  Peer *peer = peer_of(connection);
  if (peer)
    peer_state(peer, PEER_READING);
  return NULL;
}

static void exchange_free(Exchange *exchange) {
  Http *http = exchange->http;
  for (guint slot = KEPT_SLOTS; slot-- > 0;)
    if (exchange->kept[slot])
      exchange->destroy[slot](exchange->kept[slot]);
  drop_body(exchange);
  drop_file(exchange);
  if (exchange->response)
    MHD_destroy_response(exchange->response);
  g_free(exchange->path);
  g_free(exchange);
  atomic_fetch_sub(&http->requests, 1);
}

static void on_completed(void *user, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code) {
  Exchange *exchange = *context;
  if (exchange == NULL)
    return;
  Http *http = exchange->http;
  *context = NULL;
  peer_state(exchange->peer, PEER_WAITING);
  http->hooks.finished(exchange, exchange->status, g_get_monotonic_time() - exchange->started_us, http->user);
  exchange->gone = TRUE;
  if (exchange->sleeper.state == SLEEPER_AWAKE)
    exchange_free(exchange);
}

static void on_woken(Sleeper *sleeper, gpointer user) {
  Exchange *exchange = (Exchange *)(gpointer)((char *)sleeper - G_STRUCT_OFFSET(Exchange, sleeper));
  atomic_fetch_sub(&exchange->http->asleep, 1);
  if (exchange->gone)
    exchange_free(exchange);
}

/* --- what handlers see ------------------------------------------------------------------------------------------ */

const char *exchange_method(const Exchange *exchange) {
  return exchange->method;
}

const char *exchange_path(const Exchange *exchange) {
  return exchange->path;
}

const char *exchange_header(const Exchange *exchange, const char *name) {
  return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

const char *exchange_argument(const Exchange *exchange, const char *name) {
  return MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

typedef struct {
  void (*each)(const char *name, const char *value, gpointer user);
  gpointer user;
} Visit;

static enum MHD_Result visit(void *user, enum MHD_ValueKind kind, const char *name, const char *value) {
  const Visit *to = user;
  to->each(name, value ? value : "", to->user);
  return MHD_YES;
}

void exchange_each_argument(const Exchange *exchange, void (*each)(const char *name, const char *value, gpointer user),
                            gpointer user) {
  Visit to = {each, user};
  MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, visit, &to);
}

Text exchange_body(const Exchange *exchange) {
  return (Text){exchange->body, (guint32)exchange->size};
}

void exchange_into_file(Exchange *exchange, const char *folder, guint64 size_max) {
  g_autoptr(GError) error = NULL;
  exchange->file = g_build_filename(folder, "upload-XXXXXX", NULL);
  exchange->file_max = size_max;
  exchange->file_descriptor = g_mkstemp_full(exchange->file, O_RDWR | O_CLOEXEC, 0600);
  if (exchange->file_descriptor >= 0)
    return;
  error_set_errno(&error, errno, "keeping the file that is sent");
  g_clear_pointer(&exchange->file, g_free);
  exchange_error(exchange, error);
}

const char *exchange_file(const Exchange *exchange) {
  return exchange->file;
}

gint64 exchange_received_ms(const Exchange *exchange) {
  return exchange->received_ms;
}

static void truncate_address(const char *whole, char text[48]) {
  guint8 bytes[16];
  text[0] = '\0';
  if (inet_pton(AF_INET, whole, bytes) == 1) {
    bytes[3] = 0;
    inet_ntop(AF_INET, bytes, text, 48);
  } else if (inet_pton(AF_INET6, whole, bytes) == 1) {
    memset(bytes + 6, 0, 10);
    inet_ntop(AF_INET6, bytes, text, 48);
  }
}

/* A proxy on this machine tells whom it speaks for. */
const char *exchange_address(Exchange *exchange) {
  const char *forwarded = exchange->peer->local ? exchange_header(exchange, "X-Forwarded-For") : NULL;
  const char *last = forwarded ? strrchr(forwarded, ',') : NULL;
  g_autofree char *told = forwarded ? g_strstrip(g_strdup(last ? last + 1 : forwarded)) : NULL;
  if (exchange->address[0] == '\0')
    truncate_address(told && *told ? told : exchange->peer->address, exchange->address);
  return exchange->address;
}

guint exchange_doors(const Exchange *exchange) {
  return exchange->listener->doors;
}

gboolean exchange_is_gone(const Exchange *exchange) {
  return has_hung_up(exchange->peer->descriptor);
}

const ServerLimits *exchange_limits(const Exchange *exchange) {
  return &exchange->http->limits;
}

gpointer exchange_kept(const Exchange *exchange, KeptSlot slot) {
  return exchange->kept[slot];
}

void exchange_keep(Exchange *exchange, KeptSlot slot, gpointer data, GDestroyNotify destroy) {
  exchange->kept[slot] = data;
  exchange->destroy[slot] = destroy;
}

static void shared_clear(Shared *shared) {
  if (shared->response)
    MHD_destroy_response(shared->response);
  g_free(shared->text);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void answer(Exchange *exchange, guint status, const char *type, struct MHD_Response *response) {
  if (exchange->response)
    MHD_destroy_response(exchange->response);
  exchange->status = status;
  exchange->response = response;
  exchange_answer_header(exchange, "X-Content-Type-Options", "nosniff");
  if (type)
    exchange_answer_header(exchange, "Content-Type", type);
}

void exchange_reply(Exchange *exchange, guint status, const char *type, char *take, gsize size) {
  answer(exchange, status, type,
         MHD_create_response_from_buffer(size, take, take ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT));
}

void exchange_reply_static(Exchange *exchange, guint status, const char *type, const void *data, gsize size) {
  answer(exchange, status, type, MHD_create_response_from_buffer(size, (void *)data, MHD_RESPMEM_PERSISTENT));
}

/* The mutex is held. */
static struct MHD_Response *share(Shared *shared, guint status, const char *type, const char *text, gsize size,
                                  const char *const *headers) {
  if (shared->response && shared->status == status && shared->type == type && shared->size == size &&
      memcmp(shared->text, text, size) == 0)
    return shared->response;
  shared_clear(shared);
  *shared = (Shared){MHD_create_response_from_buffer(size, (void *)text, MHD_RESPMEM_MUST_COPY), g_memdup2(text, size), size,
                     status, type};
  MHD_add_response_header(shared->response, "X-Content-Type-Options", "nosniff");
  if (type)
    MHD_add_response_header(shared->response, "Content-Type", type);
  for (; headers[0]; headers += 2)
    MHD_add_response_header(shared->response, headers[0], headers[1]);
  return shared->response;
}

/* The last few texts are kept: under load nearly all answers are one of them. Queued at once, for until then only the mutex
 * keeps the response from being replaced. */
void exchange_reply_shared(Exchange *exchange, guint status, const char *type, const char *text, gsize size,
                           const char *const *headers) {
  Http *http = exchange->http;
  if (atomic_load(&http->stopping)) {
    exchange_reply(exchange, status, type, g_memdup2(text, size), size);
    for (; headers[0]; headers += 2)
      exchange_answer_header(exchange, headers[0], headers[1]);
    return;
  }
  peer_state(exchange->peer, PEER_SENDING);
  pthread_mutex_lock(&http->shared_mutex);
  struct MHD_Response *response = share(&http->shared[checksum64(text, size) % SHARED], status, type, text, size, headers);
  exchange->queued = MHD_queue_response(exchange->connection, status, response) == MHD_YES;
  pthread_mutex_unlock(&http->shared_mutex);
  exchange->status = status;
}

static ssize_t read_stream(void *user, uint64_t at, char *into, size_t room) {
  Exchange *exchange = user;
  gssize got = exchange->read(exchange->read_user, into, room);
  return got < 0 ? MHD_CONTENT_READER_END_OF_STREAM : got;
}

void exchange_stream(Exchange *exchange, const char *type, gssize (*read)(gpointer user, char *into, gsize room), gpointer user) {
  exchange->read = read;
  exchange->read_user = user;
  answer(exchange, 200, type, MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_PIECE, read_stream, exchange, NULL));
}

static void answer_error(Exchange *exchange, guint status, const char *code, const char *message, const char *where,
                         const char *hint) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_key(out, "error");
  json_object(out);
  json_kv_string(out, "code", code);
  json_kv_string(out, "message", message);
  if (where)
    json_kv_string(out, "where", where);
  if (hint)
    json_kv_string(out, "hint", hint);
  json_object_end(out);
  json_object_end(out);
  char *text = g_strconcat(json_out_text(out, NULL), "\n", NULL);
  exchange_reply(exchange, status, "application/json", text, strlen(text));
  if (status == 503 || status == 429 || status == 507)
    exchange_answer_header(exchange, "Retry-After", status == 507 ? "10" : "1");
}

void exchange_error_status(Exchange *exchange, guint status, const char *code, const char *message, const char *hint) {
  answer_error(exchange, status, code, message, NULL, hint);
}

/* "line 4, goals[1]: when: ..." says where it is wrong: cut off, it is `where`. Returns the rest. */
static const char *split_where(const char *message, char **where) {
  const char *end = strstr(message, ": ");
  if (!g_str_has_prefix(message, "line ") || !g_ascii_isdigit(message[5]) || end == NULL)
    return message;
  *where = g_strndup(message, (gsize)(end - message));
  return end + 2;
}

void exchange_error(Exchange *exchange, const GError *error) {
  const char *hint = strstr(error->message, "\nhint: ");
  g_autofree char *message = hint ? g_strndup(error->message, (gsize)(hint - error->message)) : g_strdup(error->message);
  g_autofree char *where = NULL;
  const char *rest = split_where(message, &where);
  answer_error(exchange, error_http_status(error), error_name(error), rest, where, hint ? hint + 7 : NULL);
}

void exchange_answer_header(Exchange *exchange, const char *name, const char *value) {
  MHD_add_response_header(exchange->response, name, value);
}

gboolean exchange_is_answered(const Exchange *exchange) {
  return exchange->response != NULL || exchange->queued;
}

static void sleep_on(Exchange *exchange, gboolean briefly) {
  exchange->waits = TRUE;
  atomic_fetch_add(&exchange->http->asleep, 1);
  loop_sleep(exchange->listener->loop, &exchange->sleeper, exchange->connection, briefly);
}

void exchange_wait(Exchange *exchange) {
  sleep_on(exchange, FALSE);
}

void exchange_wait_briefly(Exchange *exchange) {
  sleep_on(exchange, TRUE);
}

void exchange_resume(Exchange *exchange) {
  Loop *loop = exchange->listener->loop;
  exchange_resume_soon(exchange);
  loop_signal(loop);
}

void exchange_resume_soon(Exchange *exchange) {
  loop_wake(&exchange->sleeper);
}

void http_resume(Http *http) {
  for (guint i = 0; i < http->listeners->len; i++)
    loop_signal(((Listener *)http->listeners->pdata[i])->loop);
}

/* --- listening -------------------------------------------------------------------------------------------------------- */

static void on_trouble(void *user, const char *format, va_list values) {
  g_autofree char *message = g_strstrip(g_strdup_vprintf(format, values));
  log_line("warning", message, "part", "http", NULL);
}

static void listener_free(gpointer data) {
  Listener *listener = data;
  loop_free(listener->loop);
  g_free(listener);
}

Http *http_new(const ServerLimits *limits, const HttpHooks *hooks, gpointer user) {
  Http *http = g_new0(Http, 1);
  pthread_condattr_t monotonic;
  http->limits = *limits;
  http->hooks = *hooks;
  http->user = user;
  http->listeners = g_ptr_array_new_with_free_func(listener_free);
  http->addresses = g_new0(guint16, ADDRESSES);
  randombytes_buf(http->secret.bytes, sizeof http->secret.bytes);
  pthread_mutex_init(&http->mutex, NULL);
  pthread_mutex_init(&http->shared_mutex, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&http->ended, &monotonic);
  pthread_condattr_destroy(&monotonic);
  http->watching = pthread_create(&http->watcher, NULL, watch_on, http) == 0;
  return http;
}

/* "host:port", "[v6]:port", "*:port"; the host is an address or a name. */
static gboolean split_address(const char *text, char **host, char **port, GError **error) {
  const char *colon = strrchr(text, ':');
  guint64 number;
  if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &number, NULL))
    return error_set(error, ERROR_USAGE,
                     "\"%s\" is no address to listen on\nhint: for example 127.0.0.1:8080, [::1]:8080 or *:8080", text);
  gboolean bracket = *text == '[' && colon > text && colon[-1] == ']';
  *host = bracket ? g_strndup(text + 1, (gsize)(colon - text) - 2) : g_strndup(text, (gsize)(colon - text));
  *port = g_strdup(colon + 1);
  return TRUE;
}

static int bind_to(const struct addrinfo *found, const char *address, GError **error) {
  int on = 1, off = 0;
  int descriptor = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor >= 0) {
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (found->ai_family == AF_INET6)
      setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(descriptor, found->ai_addr, found->ai_addrlen) == 0 && listen(descriptor, 4096) == 0)
      return descriptor;
  }
  int problem = errno;
  g_autofree char *what = g_strdup_printf("listening on %s", address);
  if (descriptor >= 0)
    close(descriptor);
  if (problem == EADDRINUSE)
    error_set(error, ERROR_BUSY, "another program listens on %s already\nhint: --listen names another address or port", address);
  else
    error_set_errno(error, problem, what);
  return -1;
}

static int open_socket(const char *address, guint *port, GError **error) {
  g_autofree char *host = NULL, *service = NULL;
  struct addrinfo wanted = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *found = NULL;
  struct sockaddr_storage bound;
  socklen_t size = sizeof bound;
  if (!split_address(address, &host, &service, error))
    return -1;
  int problem = getaddrinfo(g_str_equal(host, "*") || !*host ? NULL : host, service, &wanted, &found);
  if (problem) {
    error_set(error, ERROR_USAGE, "%s: %s", address, gai_strerror(problem));
    return -1;
  }
  int descriptor = bind_to(found, address, error);
  freeaddrinfo(found);
  if (descriptor >= 0 && getsockname(descriptor, (struct sockaddr *)&bound, &size) == 0)
    *port =
        ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port : ((struct sockaddr_in *)&bound)->sin_port);
  return descriptor;
}

/* Without its timeout: it would end a connection whose request another thread has. */
static struct MHD_Daemon *start_daemon(Http *http, Listener *listener, const HttpListen *listen_on, int descriptor) {
  struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_KEY, 0, listen_on->private_key},
                                 {MHD_OPTION_HTTPS_MEM_CERT, 0, listen_on->certificate},
                                 {MHD_OPTION_END, 0, NULL}};
  gboolean secure = listen_on->certificate != NULL;
  unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (secure ? MHD_USE_TLS : 0);
  return MHD_start_daemon(flags, 0, on_accept, http, on_request, listener,                     //
                          MHD_OPTION_EXTERNAL_LOGGER, on_trouble, http,                        //
                          MHD_OPTION_LISTEN_SOCKET, descriptor,                                //
                          MHD_OPTION_CONNECTION_LIMIT, http->limits.connections_max + 64,      //
                          MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)http->limits.header_max, //
                          MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,                   //
                          MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,                     //
                          MHD_OPTION_URI_LOG_CALLBACK, on_request_line, http,                  //
                          MHD_OPTION_ARRAY, secure ? tls : tls + 2, MHD_OPTION_END);
}

/* Each thread has a daemon of its own, and all of them the one socket. */
static gboolean add_listener(Http *http, const HttpListen *listen_on, int descriptor) {
  Listener *listener = g_new0(Listener, 1);
  *listener = (Listener){http, NULL, listen_on->doors};
  int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  struct MHD_Daemon *daemon = own >= 0 ? start_daemon(http, listener, listen_on, own) : NULL;
  if (daemon) {
    listener->loop = loop_new(daemon, on_woken, NULL);
    g_ptr_array_add(http->listeners, listener);
    return TRUE;
  }
  if (own >= 0)
    close(own);
  g_free(listener);
  return FALSE;
}

gboolean http_listen(Http *http, const HttpListen *listen_on, guint *port, GError **error) {
  int descriptor = open_socket(listen_on->address, port, error);
  gboolean good = descriptor >= 0;
  if (!good)
    return FALSE;
  for (guint i = 0; i < listen_on->threads && good; i++)
    good = add_listener(http, listen_on, descriptor);
  close(descriptor);
  return good ||
         error_set(error, ERROR_IO, "no server can be started on %s\nhint: with --tls-cert and --tls-key, look at both files",
                   listen_on->address);
}

gboolean http_start(Http *http, GError **error) {
  for (guint i = 0; i < http->listeners->len; i++)
    if (!loop_start(((Listener *)http->listeners->pdata[i])->loop))
      return error_set_errno(error, EAGAIN, "starting a thread");
  return TRUE;
}

void http_drain(Http *http, gint64 wait_ms) {
  gint64 end_us = g_get_monotonic_time() + wait_ms * 1000;
  atomic_store(&http->stopping, 1);
  for (guint i = 0; i < http->listeners->len; i++)
    loop_quiesce(((Listener *)http->listeners->pdata[i])->loop);
  while (atomic_load(&http->requests) && g_get_monotonic_time() < end_us)
    g_usleep(5000);
}

void http_stop(Http *http) {
  while (atomic_load(&http->asleep)) /* a daemon must not end while a request sleeps; whoever has it wakes it */
    g_usleep(5000);
  for (guint i = 0; i < http->listeners->len; i++)
    loop_stop(((Listener *)http->listeners->pdata[i])->loop);
}

void http_free(Http *http) {
  if (http == NULL)
    return;
  http_stop(http);
  pthread_mutex_lock(&http->mutex);
  http->stop_watching = TRUE;
  pthread_cond_broadcast(&http->ended);
  pthread_mutex_unlock(&http->mutex);
  if (http->watching)
    pthread_join(http->watcher, NULL);
  g_ptr_array_unref(http->listeners);
  g_free(http->addresses);
  pthread_cond_destroy(&http->ended);
  for (guint i = 0; i < SHARED; i++)
    shared_clear(&http->shared[i]);
  pthread_mutex_destroy(&http->shared_mutex);
  pthread_mutex_destroy(&http->mutex);
  g_free(http);
}

void http_figures(Http *http, HttpFigures *figures) {
  pthread_mutex_lock(&http->mutex);
  figures->connections = http->connections;
  pthread_mutex_unlock(&http->mutex);
  figures->requests = atomic_load(&http->requests);
  figures->refused_connections = atomic_load(&http->refused);
  figures->expired = atomic_load(&http->expired);
  figures->body_bytes = atomic_load(&http->body_bytes);
}
