// SPDX-License-Identifier: Apache-2.0
#include "server/stream_route.h"

#include "analysis/stages.h"
#include "base/clock.h"
#include "server/server_private.h"
#include <pthread.h>
#include <string.h>

enum { MINUTE = 60, QUIET_S = 15 };

typedef struct Stream Stream;
struct Stream {
  Streams *streams;
  Exchange *exchange;
  Stream *next, **link;
  GBytes *text; /* being sent, or NULL */
  gsize sent;
  gboolean asleep;
};

struct Streams {
  Server *server;
  pthread_t thread;
  gboolean running;
  pthread_mutex_t mutex; /* guards what follows, and all streams */
  pthread_cond_t changed;
  Stream *first;
  guint n;
  GBytes *newest; /* what a new stream begins with */
  gboolean stop;

  /* of the thread */
  guint64 stored[MINUTE + 1]; /* counts of the last minute, a second each */
  guint second, quiet_s;
  guint64 told_through, told_rate;
  char *stages;
  gint64 stages_after_us; /* not measured anew before */
};

/* --- one stream ----------------------------------------------------------------------------------------- */

static gssize read_on(gpointer user, char *into, gsize room) {
  Stream *stream = user;
  Streams *streams = stream->streams;
  gssize got = 0;
  pthread_mutex_lock(&streams->mutex);
  if (stream->text) {
    gsize size, left;
    const char *text = g_bytes_get_data(stream->text, &size);
    left = size - stream->sent;
    got = (gssize)MIN(left, room);
    memcpy(into, text + stream->sent, (gsize)got);
    stream->sent += (gsize)got;
    if (stream->sent == size)
      g_clear_pointer(&stream->text, g_bytes_unref);
  } else if (streams->stop) {
    got = -1;
  } else {
    stream->asleep = TRUE;
    exchange_wait(stream->exchange);
  }
  pthread_mutex_unlock(&streams->mutex);
  return got;
}

/* A slow one that has not taken the last text yet misses this one. */
static void give(Stream *stream, GBytes *text) {
  if (stream->text == NULL && text) {
    stream->text = g_bytes_ref(text);
    stream->sent = 0;
  }
  if (stream->asleep) {
    stream->asleep = FALSE;
    exchange_resume(stream->exchange);
  }
}

static void stream_free(gpointer user) {
  Stream *stream = user;
  Streams *streams = stream->streams;
  pthread_mutex_lock(&streams->mutex);
  *stream->link = stream->next;
  if (stream->next)
    stream->next->link = stream->link;
  streams->n--;
  pthread_mutex_unlock(&streams->mutex);
  g_clear_pointer(&stream->text, g_bytes_unref);
  g_free(stream);
}

void stream_route_answer(Server *server, Exchange *exchange, CaptureSource *key) {
  Streams *streams = server->streams;
  Stream *stream = g_new0(Stream, 1);
  pthread_mutex_lock(&streams->mutex);
  gboolean good = !streams->stop && streams->n < server->options.limits.streams_max;
  if (good) {
    *stream = (Stream){.streams = streams, .exchange = exchange, .next = streams->first, .link = &streams->first};
    if (stream->next)
      stream->next->link = &stream->next;
    streams->first = stream;
    streams->n++;
    give(stream, streams->newest);
  }
  pthread_mutex_unlock(&streams->mutex);
  if (!good) {
    g_free(stream);
    exchange_error_status(exchange, 503, "busy", "too many streams are open", "close some, or ask for reports instead");
    return;
  }
  exchange_keep(exchange, KEPT_BY_HANDLER, stream, stream_free);
  exchange_stream(exchange, "text/event-stream", read_on, stream);
  exchange_answer_header(exchange, "Cache-Control", "no-store");
  exchange_answer_header(exchange, "X-Accel-Buffering", "no");
}

/* --- the text -------------------------------------------------------------------------------------------- */

/* A large project's stages take a while: then they are counted less often, so that this costs a tenth of a core at most. */
static void measure_stages(Streams *streams, Workspace *workspace) {
  gint64 started_us = g_get_monotonic_time();
  g_autoptr(Params) params = params_new();
  Question question;
  if (started_us < streams->stages_after_us || !params_check(params, &stages_report, NULL) ||
      !workspace_question(workspace, params, &question, NULL))
    return;
  question.threads = 1;
  gpointer result = stages_report.run(&question, params, NULL);
  workspace_question_clear(&question);
  if (result) {
    g_autoptr(JsonOut) out = json_out_new();
    json_object(out);
    stages_report.json(result, out);
    json_object_end(out);
    g_free(streams->stages);
    streams->stages = g_strdup(json_out_text(out, NULL));
    stages_report.free(result);
  }
  streams->stages_after_us = g_get_monotonic_time() + 10 * (g_get_monotonic_time() - started_us);
}

static GBytes *make_text(Streams *streams, guint64 rate) {
  Workspace *workspace = capture_workspace(streams->server->capture);
  g_autoptr(Snapshot) snapshot = index_snapshot(workspace_index(workspace));
  g_autofree char *now = clock_text(clock_now_ms());
  measure_stages(streams, workspace);
  char *text =
      g_strdup_printf("event: counts\ndata: {\"now\":\"%s\",\"through\":%" G_GUINT64_FORMAT ",\"events\":%" G_GUINT64_FORMAT
                      ",\"persons\":%" G_GUINT64_FORMAT ",\"events_a_minute\":%" G_GUINT64_FORMAT ",\"stages\":%s}\n\n",
                      now, snapshot_through(snapshot), snapshot_events(snapshot), snapshot_persons(snapshot), rate,
                      streams->stages ? streams->stages : "null");
  return g_bytes_new_take(text, strlen(text));
}

/* Once a second, whether anybody listens or not. */
static guint64 count_minute(Streams *streams, const CaptureFigures *figures) {
  streams->second = (streams->second + 1) % (MINUTE + 1);
  guint64 before = streams->stored[(streams->second + 1) % (MINUTE + 1)];
  streams->stored[streams->second] = figures->events;
  return figures->events - before;
}

/* What there is to send, or NULL. */
static GBytes *next_text(Streams *streams, const CaptureFigures *figures, guint64 rate) {
  if (streams->newest == NULL || figures->published != streams->told_through || rate != streams->told_rate) {
    streams->told_through = figures->published;
    streams->told_rate = rate;
    streams->quiet_s = 0;
    return make_text(streams, rate);
  }
  if (++streams->quiet_s % QUIET_S)
    return NULL;
  return g_bytes_new_static(": still here\n\n", 14); /* finds out who has gone */
}

static void tell_all(Streams *streams, GBytes *text) {
  pthread_mutex_lock(&streams->mutex);
  gsize size;
  const char *data = g_bytes_get_data(text, &size);
  if (data[0] == 'e') {
    g_clear_pointer(&streams->newest, g_bytes_unref);
    streams->newest = g_bytes_ref(text);
  }
  for (Stream *stream = streams->first; stream; stream = stream->next)
    give(stream, text);
  pthread_mutex_unlock(&streams->mutex);
}

static void tell(Streams *streams, gboolean wanted) {
  CaptureFigures figures;
  capture_figures(streams->server->capture, &figures);
  guint64 rate = count_minute(streams, &figures);
  g_autoptr(GBytes) text = wanted ? next_text(streams, &figures, rate) : NULL;
  if (text)
    tell_all(streams, text);
}

static gpointer tell_on(gpointer user) {
  Streams *streams = user;
  pthread_mutex_lock(&streams->mutex);
  while (!streams->stop) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    while (!streams->stop && pthread_cond_timedwait(&streams->changed, &streams->mutex, &until) == 0)
      ;
    gboolean wanted = streams->n > 0 && !streams->stop;
    pthread_mutex_unlock(&streams->mutex);
    tell(streams, wanted);
    pthread_mutex_lock(&streams->mutex);
  }
  pthread_mutex_unlock(&streams->mutex);
  return NULL;
}

/* --- all ---------------------------------------------------------------------------------------------------- */

Streams *streams_new(Server *server) {
  Streams *streams = g_new0(Streams, 1);
  pthread_condattr_t monotonic;
  streams->server = server;
  streams->told_through = G_MAXUINT64;
  pthread_mutex_init(&streams->mutex, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&streams->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  streams->running = pthread_create(&streams->thread, NULL, tell_on, streams) == 0;
  return streams;
}

void streams_end(Streams *streams) {
  if (streams == NULL)
    return;
  pthread_mutex_lock(&streams->mutex);
  streams->stop = TRUE;
  pthread_cond_broadcast(&streams->changed);
  for (Stream *stream = streams->first; stream; stream = stream->next)
    give(stream, NULL);
  pthread_mutex_unlock(&streams->mutex);
}

void streams_free(Streams *streams) {
  if (streams == NULL)
    return;
  if (streams->running)
    pthread_join(streams->thread, NULL);
  pthread_cond_destroy(&streams->changed);
  pthread_mutex_destroy(&streams->mutex);
  g_clear_pointer(&streams->newest, g_bytes_unref);
  g_free(streams->stages);
  g_free(streams);
}
