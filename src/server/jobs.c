// SPDX-License-Identifier: Apache-2.0
#include "server/jobs.h"

#include "base/error.h"
#include "server/server_private.h"
#include <pthread.h>

enum { LOOK_MS = 100 };

typedef struct Job Job;
struct Job {
  Job *next;
  Jobs *jobs;
  Exchange *exchange;
  JobWork work;
  gpointer user;
  GDestroyNotify destroy;
  gint cancel;        /* set by the watching thread */
  gboolean late;      /* why */
  gint64 deadline_us; /* 0: has not begun */
};

struct Jobs {
  Server *server;
  JobsLimits limits;
  pthread_t *threads, watcher;
  guint n_threads;
  gboolean watching;
  pthread_mutex_t mutex; /* guards what follows */
  pthread_cond_t changed, watch;
  Job *first, **last, *running;
  guint waiting;
  gboolean stop;
};

static void job_free(gpointer data) {
  Job *job = data;
  if (job->destroy)
    job->destroy(job->user);
  g_free(job);
}

static void answer_error(Job *job, const GError *error) {
  if (job->late)
    exchange_error_status(job->exchange, 503, "limit", "the question took too long",
                          "narrow it by --from, --to or --where, or ask on the command line");
  else
    exchange_error(job->exchange, error);
}

static void run_job(Job *job) {
  g_autoptr(GError) error = NULL;
  if (!job->work(job->jobs->server, job->exchange, job->user, &job->cancel, &error))
    answer_error(job, error);
}

/* --- threads ------------------------------------------------------------------------------------------------------ */

/* The mutex is held. */
static Job *take_job(Jobs *jobs) {
  Job *job = jobs->first;
  jobs->first = job->next;
  if (jobs->first == NULL)
    jobs->last = &jobs->first;
  jobs->waiting--;
  job->deadline_us = g_get_monotonic_time() + (gint64)jobs->limits.seconds_max * G_USEC_PER_SEC;
  job->next = jobs->running;
  jobs->running = job;
  pthread_cond_signal(&jobs->watch);
  return job;
}

static void drop_job(Jobs *jobs, Job *job) {
  Job **link = &jobs->running;
  while (*link != job)
    link = &(*link)->next;
  *link = job->next;
}

static gpointer answer_on(gpointer user) {
  Jobs *jobs = user;
  pthread_mutex_lock(&jobs->mutex);
  for (;;) {
    while (!jobs->first && !jobs->stop)
      pthread_cond_wait(&jobs->changed, &jobs->mutex);
    if (!jobs->first)
      break;
    Job *job = take_job(jobs);
    pthread_mutex_unlock(&jobs->mutex);
    run_job(job);
    pthread_mutex_lock(&jobs->mutex);
    drop_job(jobs, job);
    exchange_resume(job->exchange); /* the job goes with it */
  }
  pthread_mutex_unlock(&jobs->mutex);
  return NULL;
}

static void look_at_jobs(Jobs *jobs) {
  gint64 now_us = g_get_monotonic_time();
  for (Job *job = jobs->running; job; job = job->next) {
    gboolean late = jobs->limits.seconds_max && now_us > job->deadline_us;
    gboolean gone = jobs->limits.seconds_max && exchange_is_gone(job->exchange);
    if (g_atomic_int_get(&job->cancel) || !(late || jobs->stop || gone))
      continue;
    job->late = late;
    g_atomic_int_set(&job->cancel, 1);
  }
}

static gpointer watch_on(gpointer user) {
  Jobs *jobs = user;
  pthread_mutex_lock(&jobs->mutex);
  while (!jobs->stop || jobs->running || jobs->first) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_MS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (jobs->running || jobs->first)
      pthread_cond_timedwait(&jobs->watch, &jobs->mutex, &until);
    else
      pthread_cond_wait(&jobs->watch, &jobs->mutex);
    look_at_jobs(jobs);
  }
  pthread_mutex_unlock(&jobs->mutex);
  return NULL;
}

Jobs *jobs_new(Server *server, const JobsLimits *limits) {
  Jobs *jobs = g_new0(Jobs, 1);
  pthread_condattr_t monotonic;
  jobs->server = server;
  jobs->limits = *limits;
  jobs->last = &jobs->first;
  pthread_mutex_init(&jobs->mutex, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&jobs->changed, NULL);
  pthread_cond_init(&jobs->watch, &monotonic);
  pthread_condattr_destroy(&monotonic);
  jobs->threads = g_new0(pthread_t, limits->threads);
  while (jobs->n_threads < limits->threads && pthread_create(&jobs->threads[jobs->n_threads], NULL, answer_on, jobs) == 0)
    jobs->n_threads++;
  jobs->watching = pthread_create(&jobs->watcher, NULL, watch_on, jobs) == 0;
  return jobs;
}

void jobs_free(Jobs *jobs) {
  if (jobs == NULL)
    return;
  pthread_mutex_lock(&jobs->mutex);
  jobs->stop = TRUE;
  pthread_cond_broadcast(&jobs->changed);
  pthread_cond_broadcast(&jobs->watch);
  pthread_mutex_unlock(&jobs->mutex);
  for (guint i = 0; i < jobs->n_threads; i++)
    pthread_join(jobs->threads[i], NULL);
  if (jobs->watching)
    pthread_join(jobs->watcher, NULL);
  pthread_cond_destroy(&jobs->changed);
  pthread_cond_destroy(&jobs->watch);
  pthread_mutex_destroy(&jobs->mutex);
  g_free(jobs->threads);
  g_free(jobs);
}

void jobs_ask(Jobs *jobs, Exchange *exchange, JobWork work, gpointer take, GDestroyNotify destroy) {
  Job *job = g_new0(Job, 1);
  *job = (Job){.jobs = jobs, .exchange = exchange, .work = work, .user = take, .destroy = destroy};
  pthread_mutex_lock(&jobs->mutex);
  gboolean good = !jobs->stop && jobs->waiting < jobs->limits.waiting_max;
  if (good) {
    exchange_keep(exchange, KEPT_BY_HANDLER, job, job_free);
    exchange_wait(exchange);
    *jobs->last = job;
    jobs->last = &job->next;
    jobs->waiting++;
    pthread_cond_signal(&jobs->changed);
  }
  pthread_mutex_unlock(&jobs->mutex);
  if (good)
    return;
  job_free(job);
  exchange_error_status(exchange, 503, "busy", "too many questions are waiting for an answer", "ask again in a moment");
}
