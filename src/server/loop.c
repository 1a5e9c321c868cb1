// SPDX-License-Identifier: Apache-2.0
#include "server/loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
  STANDING_MAX = 1024, /* each is looked at in every round */
  STANDING_MS = 5      /* libmicrohttpd does not tell what else it has to do while somebody stands */
};

struct Loop {
  struct MHD_Daemon *daemon;
  LoopWoken woken;
  gpointer user;
  pthread_t thread;
  gboolean started;
  int epoll, signal; /* the daemon's; an eventfd */
  MHD_socket quiet;  /* its socket once it takes no more connections; the daemon still knows it until it stops */
  atomic_int stop, quiesce;
  guint standing; /* of the thread, as `moved` */
  gboolean moved;

  pthread_mutex_t mutex; /* guards what follows */
  Sleeper *first, **last;
};

/* The mutex is held by nobody. */
static Sleeper *take_woken(Loop *loop) {
  pthread_mutex_lock(&loop->mutex);
  Sleeper *woken = loop->first;
  loop->first = NULL;
  loop->last = &loop->first;
  pthread_mutex_unlock(&loop->mutex);
  return woken;
}

static void wake_all(Loop *loop) {
  for (Sleeper *sleeper = take_woken(loop), *next; sleeper; sleeper = next) {
    next = sleeper->next;
    if (sleeper->state == SLEEPER_SUSPENDED)
      MHD_resume_connection(sleeper->connection);
    else
      loop->standing--;
    sleeper->state = SLEEPER_AWAKE;
    loop->moved = TRUE;
    loop->woken(sleeper, loop->user);
  }
}

static int wait_ms(Loop *loop) {
  MHD_UNSIGNED_LONG_LONG until_ms;
  if (loop->moved)
    return 0;
  if (loop->standing) /* the daemon would say 0 */
    return STANDING_MS;
  return MHD_get_timeout(loop->daemon, &until_ms) == MHD_YES ? (int)MIN(until_ms, 60000) : -1;
}

static void wait_for_work(Loop *loop) {
  struct pollfd on[] = {{loop->epoll, POLLIN, 0}, {loop->signal, POLLIN, 0}};
  eventfd_t unused;
  int ms = wait_ms(loop);
  if (poll(on, G_N_ELEMENTS(on), ms) > 0 && on[1].revents)
    eventfd_read(loop->signal, &unused);
}

static void quiesce(Loop *loop) {
  if (atomic_load(&loop->quiesce) && loop->quiet == MHD_INVALID_SOCKET)
    loop->quiet = MHD_quiesce_daemon(loop->daemon);
}

/* A round after which a request has moved is followed by another at once: an answer is made in one and sent in the next. */
static gpointer run_on(gpointer user) {
  Loop *loop = user;
  pthread_setname_np(pthread_self(), "http");
  while (!atomic_load(&loop->stop)) {
    wait_for_work(loop);
    quiesce(loop);
    loop->moved = FALSE;
    wake_all(loop);
    MHD_run(loop->daemon);
  }
  return NULL;
}

Loop *loop_new(struct MHD_Daemon *daemon, LoopWoken woken, gpointer user) {
  Loop *loop = g_new0(Loop, 1);
  loop->daemon = daemon;
  loop->woken = woken;
  loop->user = user;
  loop->quiet = MHD_INVALID_SOCKET;
  loop->last = &loop->first;
  loop->epoll = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  loop->signal = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  pthread_mutex_init(&loop->mutex, NULL);
  return loop;
}

gboolean loop_start(Loop *loop) {
  loop->started = loop->signal >= 0 && pthread_create(&loop->thread, NULL, run_on, loop) == 0;
  return loop->started;
}

void loop_quiesce(Loop *loop) {
  atomic_store(&loop->quiesce, 1);
  loop_signal(loop);
}

void loop_stop(Loop *loop) {
  if (loop->started) {
    atomic_store(&loop->stop, 1);
    loop_signal(loop);
    pthread_join(loop->thread, NULL);
    loop->started = FALSE;
  }
  if (loop->daemon)
    MHD_stop_daemon(loop->daemon);
  loop->daemon = NULL;
  if (loop->quiet != MHD_INVALID_SOCKET)
    close(loop->quiet);
  loop->quiet = MHD_INVALID_SOCKET;
}

void loop_free(Loop *loop) {
  if (loop == NULL)
    return;
  loop_stop(loop);
  if (loop->signal >= 0)
    close(loop->signal);
  pthread_mutex_destroy(&loop->mutex);
  g_free(loop);
}

void loop_sleep(Loop *loop, Sleeper *sleeper, struct MHD_Connection *connection, gboolean briefly) {
  *sleeper = (Sleeper){.loop = loop, .connection = connection};
  sleeper->state = briefly && loop->standing < STANDING_MAX ? SLEEPER_STANDS : SLEEPER_SUSPENDED;
  if (sleeper->state == SLEEPER_STANDS)
    loop->standing++;
  else
    MHD_suspend_connection(connection);
}

void loop_moved(Loop *loop) {
  loop->moved = TRUE;
}

void loop_wake(Sleeper *sleeper) {
  Loop *loop = sleeper->loop;
  sleeper->next = NULL;
  pthread_mutex_lock(&loop->mutex);
  *loop->last = sleeper;
  loop->last = &sleeper->next;
  pthread_mutex_unlock(&loop->mutex);
}

void loop_signal(Loop *loop) {
  eventfd_write(loop->signal, 1);
}
