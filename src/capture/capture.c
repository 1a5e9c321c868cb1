/* SPDX-License-Identifier: Apache-2.0
 * capture.c: requests wait in a list; the writer takes all that wait, judges them, commits them together and tells
 * each. While one group is being synced the next one gathers, so the more requests come, the more share a commit.
 *
 *   requests ─► waiting ─► writer: judge, batch, one transaction ─► done()
 *                             └─► dirty ─► index thread: at most every publish_ms
 *
 * A group is stored as a whole or not at all; what was judged new in one that failed is forgotten again. */
#include "capture/capture.h"

#include "base/clock.h"
#include "base/error.h"
#include "record/consent.h"
#include <errno.h>
#include <pthread.h>

enum {
  GATHER_US = 4000, /* a busy writer lets a group grow for so long: a commit costs the same for one event as for a hundred */
  GATHER_MANY = 8,  /* busy: the group before held more requests */
  GROUP_EVENTS_MAX = SUBMISSION_EVENTS_MAX,
  BATCH_SIZE_AIM = 8 << 20,
  WAITING_MAX = 200000,
  PUBLISH_AGAIN_MS = 2000, /* after it failed */
  PUBLISH_MS = 200,
  PUBLISH_REST = 8,     /* times what publishing took is rested, ... */
  PUBLISH_MOST_MS = 500 /* as long as it begins so often: an event must be seen within a second */
};
static const gsize waiting_bytes_max = (gsize)256 << 20;

typedef struct Waiting Waiting;
struct Waiting {
  Waiting *next;
  Submission *submission;
  CaptureDone done;
  gpointer user;
  CaptureOutcome outcome;
};

typedef struct Work Work;
struct Work {
  Work *next;
  CaptureWork run;
  gpointer user;
  GError **error;
  gboolean good, finished;
};

struct Capture {
  Record *record;
  Seen *seen;
  Workspace *workspace;
  CaptureOptions options;
  pthread_t writer, publisher;
  gboolean writing, publishing; /* the threads run */

  pthread_mutex_t mutex;   /* guards what follows */
  pthread_cond_t changed;  /* something waits, or everything ends */
  pthread_cond_t finished; /* a work is done */
  pthread_cond_t stored;   /* the index is behind, or everything ends */
  Waiting *first, **last;
  Work *works;
  gsize waiting_bytes;
  CaptureFigures figures;
  gboolean stop, stop_publishing;
  GHashTable *received; /* source -> gint64*: when its last event was stored */

  /* of the writer's thread */
  GPtrArray *writers; /* of BatchWriter */
  const Spaces *spaces;
  gboolean told_live;
  gint64 commit_told_us;
  GHashTable *groups; /* source -> group, as the record knows them */

  gint64 publish_told_us; /* of the index's thread */
};

/* --- a group of requests ---------------------------------------------------------------------------- */

static BatchWriter *writer_at(Capture *capture, guint place) {
  while (capture->writers->len <= place)
    g_ptr_array_add(capture->writers, batch_writer_new(capture->spaces, record_names(capture->record)));
  return capture->writers->pdata[place];
}

/* Kinds of identifiers may have been added. */
static void renew_writers(Capture *capture) {
  const Spaces *spaces = record_spaces(capture->record);
  if (spaces == capture->spaces)
    return;
  g_ptr_array_set_size(capture->writers, 0);
  capture->spaces = spaces;
}

static gboolean is_full(const BatchWriter *writer) {
  return batch_writer_count(writer) == BATCH_EVENTS_MAX || batch_writer_size(writer) >= BATCH_SIZE_AIM;
}

static void judge(Capture *capture, Waiting *waiting, guint *n_writers) {
  const CaptureSource *source = submission_source(waiting->submission);
  guint16 code = names_intern(record_names(capture->record), NAME_SOURCE, text_of(source->name));
  for (guint i = 0; i < submission_count(waiting->submission); i++) {
    const SubmittedEvent *submitted = submission_event(waiting->submission, i);
    SeenKey key = seen_key(capture->seen, submitted->event, source->group, submitted->judged);
    switch (seen_live_judge(capture->seen, &key, submitted->occurrence)) {
    case SEEN_REPEATED: waiting->outcome.repeated++; continue;
    case SEEN_CONFLICTING: waiting->outcome.conflicting++; continue;
    default: break;
    }
    if (*n_writers == 0 || is_full(writer_at(capture, *n_writers - 1)))
      ++*n_writers;
    batch_writer_add(writer_at(capture, *n_writers - 1), submitted->event, code, submitted->content);
    waiting->outcome.stored++;
  }
}

/* What the record must know before the first live event, or the first of a grouped source. */
static gboolean prepare(Capture *capture, const Waiting *group, GError **error) {
  if (!capture->told_live && !record_set_setting(capture->record, "live", "1", error))
    return FALSE;
  capture->told_live = TRUE;
  for (const Waiting *waiting = group; waiting; waiting = waiting->next) {
    const CaptureSource *source = submission_source(waiting->submission);
    if (g_strcmp0(g_hash_table_lookup(capture->groups, source->name), source->group) == 0)
      continue;
    if (!seen_set_group(capture->seen, source->name, source->group, error))
      return FALSE;
    g_hash_table_replace(capture->groups, g_strdup(source->name), g_strdup(source->group));
  }
  return TRUE;
}

/* Before the events: should their commit fail, they come again and say the same once more, which changes nothing. */
static gboolean store_consents(Capture *capture, const Waiting *group, GError **error) {
  g_autoptr(GArray) all = NULL;
  for (const Waiting *waiting = group; waiting; waiting = waiting->next) {
    const GArray *some = submission_consents(waiting->submission);
    if (some && all == NULL)
      all = g_array_new(FALSE, FALSE, sizeof(Consent));
    if (some)
      g_array_append_vals(all, some->data, some->len);
  }
  return all == NULL || record_consents_add(capture->record, (const Consent *)all->data, all->len, error);
}

static gboolean store(Capture *capture, Waiting *group, GError **error) {
  guint n_writers = 0;
  if (!prepare(capture, group, error) || !store_consents(capture, group, error))
    return FALSE;
  renew_writers(capture);
  seen_live_begin(capture->seen);
  for (Waiting *waiting = group; waiting; waiting = waiting->next)
    judge(capture, waiting, &n_writers);
  gboolean good =
      n_writers == 0 || record_append_all(capture->record, 0, (BatchWriter *const *)capture->writers->pdata, n_writers, error);
  seen_live_end(capture->seen, good);
  return good;
}

/* The mutex is held. */
static void note_received(Capture *capture, const char *source) {
  gint64 *at_ms = g_hash_table_lookup(capture->received, source);
  if (at_ms == NULL)
    g_hash_table_insert(capture->received, g_strdup(source), at_ms = g_new(gint64, 1));
  *at_ms = clock_now_ms();
}

static void count_group(Capture *capture, const Waiting *group, gboolean good, gint64 took_us) {
  CaptureFigures *figures = &capture->figures;
  pthread_mutex_lock(&capture->mutex);
  for (const Waiting *waiting = group; waiting; waiting = waiting->next) {
    figures->waiting -= submission_count(waiting->submission);
    capture->waiting_bytes -= submission_size(waiting->submission);
    if (!good)
      continue;
    figures->events += waiting->outcome.stored;
    if (waiting->outcome.stored)
      note_received(capture, submission_source(waiting->submission)->name);
    figures->repeated += waiting->outcome.repeated;
    figures->conflicting += waiting->outcome.conflicting;
  }
  figures->commits += good;
  figures->failures += !good;
  figures->commit_us_total += (guint64)took_us;
  figures->through = record_through(capture->record);
  pthread_cond_signal(&capture->stored);
  pthread_mutex_unlock(&capture->mutex);
}

static void tell(const Capture *capture, Waiting *group, const GError *problem) {
  for (Waiting *waiting = group; waiting; waiting = waiting->next) {
    if (problem)
      waiting->outcome = (CaptureOutcome){0};
    waiting->done(problem, &waiting->outcome, waiting->user);
  }
  if (capture->options.told)
    capture->options.told(capture->options.told_user);
}

static void free_group(Waiting *group) {
  for (Waiting *waiting = group, *next; waiting; waiting = next) {
    next = waiting->next;
    submission_free(waiting->submission);
    g_free(waiting);
  }
}

/* Once a second at most: what goes wrong under load goes wrong often. */
static void tell_trouble(const Capture *capture, gint64 *told_us, const char *doing, const GError *problem) {
  gint64 now_us = g_get_monotonic_time();
  if (!problem || !capture->options.trouble || now_us - *told_us < G_USEC_PER_SEC)
    return;
  *told_us = now_us;
  capture->options.trouble(doing, problem, capture->options.trouble_user);
}

static void commit_group(Capture *capture, Waiting *group) {
  g_autoptr(GError) problem = NULL;
  gint64 started_us = g_get_monotonic_time();
  gboolean good = store(capture, group, &problem);
  count_group(capture, group, good, g_get_monotonic_time() - started_us);
  tell_trouble(capture, &capture->commit_told_us, "storing events", problem);
  tell(capture, group, problem);
  free_group(group);
}

/* --- the writer's thread --------------------------------------------------------------------------- */

/* The mutex is held. Whole requests, at least one. */
static Waiting *take_group(Capture *capture) {
  Waiting *group = capture->first, *end = group;
  guint events = group ? submission_count(group->submission) : 0;
  while (end && end->next && events + submission_count(end->next->submission) <= GROUP_EVENTS_MAX) {
    end = end->next;
    events += submission_count(end->submission);
  }
  if (end) {
    capture->first = end->next;
    end->next = NULL;
  }
  if (capture->first == NULL)
    capture->last = &capture->first;
  return group;
}

static guint count_requests(const Waiting *group) {
  guint n = 0;
  for (; group; group = group->next)
    n++;
  return n;
}

/* The mutex is held. */
static void gather(Capture *capture) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += GATHER_US * 1000;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  while (!capture->stop && !capture->works && capture->figures.waiting < GROUP_EVENTS_MAX / 4 &&
         pthread_cond_timedwait(&capture->changed, &capture->mutex, &until) != ETIMEDOUT)
    ;
}

static void run_work(Capture *capture, Work *work) {
  gboolean good = work->run(capture->record, capture->seen, work->user, work->error);
  pthread_mutex_lock(&capture->mutex);
  work->good = good;
  work->finished = TRUE;
  capture->figures.through = record_through(capture->record);
  pthread_cond_broadcast(&capture->finished);
  pthread_cond_signal(&capture->stored);
  pthread_mutex_unlock(&capture->mutex);
}

static gpointer write_on(gpointer user) {
  Capture *capture = user;
  pthread_setname_np(pthread_self(), "capture-write");
  for (gboolean busy = FALSE;;) {
    pthread_mutex_lock(&capture->mutex);
    if (busy)
      gather(capture);
    while (!capture->first && !capture->works && !capture->stop)
      pthread_cond_wait(&capture->changed, &capture->mutex);
    Waiting *group = take_group(capture);
    Work *work = capture->works;
    if (work)
      capture->works = work->next;
    pthread_mutex_unlock(&capture->mutex);
    if (!group && !work)
      return NULL;
    busy = count_requests(group) > GATHER_MANY;
    if (group)
      commit_group(capture, group);
    if (work)
      run_work(capture, work);
  }
}

/* --- the index's thread ------------------------------------------------------------------------------ */

static void wait_us(Capture *capture, gint64 us) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  gint64 ns = until.tv_nsec + us * 1000;
  until.tv_sec += ns / 1000000000;
  until.tv_nsec = ns % 1000000000;
  while (!capture->stop_publishing && pthread_cond_timedwait(&capture->stored, &capture->mutex, &until) != ETIMEDOUT)
    ;
}

/* Much of what publishing costs is the same for few events as for many, and persons who act often are made anew once only. */
static gint64 rest_us(const Capture *capture, gint64 took_us) {
  gint64 usual_us = (gint64)capture->options.publish_ms * 1000 - took_us, most_us = (gint64)PUBLISH_MOST_MS * 1000 - took_us;
  return MAX(MAX(usual_us, MIN(took_us * PUBLISH_REST, most_us)), 0);
}

static gpointer publish_on(gpointer user) {
  Capture *capture = user;
  pthread_setname_np(pthread_self(), "capture-index");
  pthread_mutex_lock(&capture->mutex);
  while (!capture->stop_publishing) {
    if (capture->figures.published >= capture->figures.through) {
      pthread_cond_wait(&capture->stored, &capture->mutex);
      continue;
    }
    guint64 through = capture->figures.through;
    pthread_mutex_unlock(&capture->mutex);
    gint64 started_us = g_get_monotonic_time();
    g_autoptr(GError) problem = NULL;
    gboolean good = workspace_refresh(capture->workspace, &problem);
    gint64 took_us = g_get_monotonic_time() - started_us;
    tell_trouble(capture, &capture->publish_told_us, "bringing the index up to date", problem);
    pthread_mutex_lock(&capture->mutex);
    capture->figures.publish_us_total += (guint64)took_us;
    if (good)
      capture->figures.published = MAX(through, capture->figures.published);
    wait_us(capture, good ? rest_us(capture, took_us) : (gint64)PUBLISH_AGAIN_MS * 1000);
  }
  pthread_mutex_unlock(&capture->mutex);
  return NULL;
}

/* --- opening and closing -------------------------------------------------------------------------------- */

static gboolean open_all(Capture *capture, const char *path, GError **error) {
  capture->record = record_open(path, RECORD_CREATE, error);
  if (!capture->record)
    return FALSE;
  capture->seen = seen_open(capture->record, error);
  IndexOptions options = {.background = TRUE};
  capture->workspace = capture->seen ? workspace_open_on(capture->record, &options, error) : NULL;
  return capture->workspace != NULL;
}

static gboolean start_threads(Capture *capture, GError **error) {
  int problem = pthread_create(&capture->writer, NULL, write_on, capture);
  capture->writing = problem == 0;
  if (problem == 0)
    problem = pthread_create(&capture->publisher, NULL, publish_on, capture);
  capture->publishing = capture->writing && problem == 0;
  return problem == 0 || error_set_errno(error, problem, "starting a thread");
}

Capture *capture_open(const char *path, const CaptureOptions *options, GError **error) {
  g_autoptr(Capture) capture = g_new0(Capture, 1);
  pthread_condattr_t monotonic;
  capture->options = *options;
  if (capture->options.waiting_max == 0)
    capture->options.waiting_max = WAITING_MAX;
  if (capture->options.publish_ms == 0)
    capture->options.publish_ms = PUBLISH_MS;
  capture->last = &capture->first;
  capture->writers = g_ptr_array_new_with_free_func((GDestroyNotify)batch_writer_free);
  capture->groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  capture->received = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  pthread_mutex_init(&capture->mutex, NULL);
  pthread_cond_init(&capture->finished, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&capture->changed, &monotonic);
  pthread_cond_init(&capture->stored, &monotonic);
  pthread_condattr_destroy(&monotonic);
  if (!open_all(capture, path, error))
    return NULL;
  capture->figures.through = capture->figures.published = record_through(capture->record);
  return start_threads(capture, error) ? g_steal_pointer(&capture) : NULL;
}

static void stop_thread(Capture *capture, gboolean *stop, pthread_cond_t *told, pthread_t thread) {
  pthread_mutex_lock(&capture->mutex);
  *stop = TRUE;
  pthread_cond_broadcast(told);
  pthread_mutex_unlock(&capture->mutex);
  pthread_join(thread, NULL);
}

void capture_free(Capture *capture) {
  if (capture == NULL)
    return;
  if (capture->writing)
    stop_thread(capture, &capture->stop, &capture->changed, capture->writer);
  if (capture->publishing)
    stop_thread(capture, &capture->stop_publishing, &capture->stored, capture->publisher);
  if (capture->seen)
    seen_live_commit(capture->seen, NULL);
  workspace_free(capture->workspace);
  seen_free(capture->seen);
  g_ptr_array_unref(capture->writers);
  g_hash_table_unref(capture->groups);
  g_hash_table_unref(capture->received);
  record_free(capture->record);
  pthread_cond_destroy(&capture->changed);
  pthread_cond_destroy(&capture->finished);
  pthread_cond_destroy(&capture->stored);
  pthread_mutex_destroy(&capture->mutex);
  g_free(capture);
}

/* --- from other threads ----------------------------------------------------------------------------------- */

static gboolean has_room(const Capture *capture, const Submission *submission, GError **error) {
  if (capture->stop)
    return error_set(error, ERROR_BUSY, "the server is stopping\nhint: send it again");
  if (capture->figures.waiting + submission_count(submission) <= capture->options.waiting_max &&
      capture->waiting_bytes + submission_size(submission) <= waiting_bytes_max)
    return TRUE;
  return error_set(error, ERROR_BUSY, "%u events are waiting to be stored\nhint: send it again in a moment",
                   capture->figures.waiting);
}

gboolean capture_submit(Capture *capture, Submission *take, CaptureDone done, gpointer user, GError **error) {
  Waiting *waiting = g_new0(Waiting, 1);
  *waiting = (Waiting){.submission = take, .done = done, .user = user};
  pthread_mutex_lock(&capture->mutex);
  gboolean good = has_room(capture, take, error);
  if (good) {
    gboolean idle = capture->first == NULL;
    *capture->last = waiting;
    capture->last = &waiting->next;
    capture->figures.waiting += submission_count(take);
    capture->waiting_bytes += submission_size(take);
    if (idle)
      pthread_cond_signal(&capture->changed);
  }
  pthread_mutex_unlock(&capture->mutex);
  if (good)
    return TRUE;
  submission_free(take);
  g_free(waiting);
  return FALSE;
}

gboolean capture_exclusive(Capture *capture, CaptureWork work, gpointer user, GError **error) {
  Work mine = {.run = work, .user = user, .error = error};
  pthread_mutex_lock(&capture->mutex);
  if (capture->stop) {
    pthread_mutex_unlock(&capture->mutex);
    return error_set(error, ERROR_BUSY, "the server is stopping\nhint: try again once it has stopped");
  }
  Work **end = &capture->works;
  while (*end)
    end = &(*end)->next;
  *end = &mine;
  pthread_cond_signal(&capture->changed);
  while (!mine.finished)
    pthread_cond_wait(&capture->finished, &capture->mutex);
  pthread_mutex_unlock(&capture->mutex);
  return mine.good;
}

Workspace *capture_workspace(Capture *capture) {
  return capture->workspace;
}

Record *capture_record(Capture *capture) {
  return capture->record;
}

Seen *capture_seen(Capture *capture) {
  return capture->seen;
}

gboolean capture_publish(Capture *capture, gint64 wait_ms) {
  guint64 through = record_through(capture->record);
  gint64 end_us = g_get_monotonic_time() + wait_ms * 1000;
  pthread_mutex_lock(&capture->mutex);
  capture->figures.through = MAX(capture->figures.through, through);
  pthread_cond_signal(&capture->stored);
  while (capture->figures.published < through && g_get_monotonic_time() < end_us) {
    pthread_mutex_unlock(&capture->mutex);
    g_usleep(5000);
    pthread_mutex_lock(&capture->mutex);
  }
  gboolean published = capture->figures.published >= through;
  pthread_mutex_unlock(&capture->mutex);
  return published;
}

void capture_figures(Capture *capture, CaptureFigures *figures) {
  pthread_mutex_lock(&capture->mutex);
  *figures = capture->figures;
  pthread_mutex_unlock(&capture->mutex);
}

gint64 capture_received_ms(Capture *capture, const char *source) {
  pthread_mutex_lock(&capture->mutex);
  const gint64 *at_ms = g_hash_table_lookup(capture->received, source);
  gint64 received_ms = at_ms ? *at_ms : 0;
  pthread_mutex_unlock(&capture->mutex);
  return received_ms;
}
