/* SPDX-License-Identifier: Apache-2.0
 * jobs.h: work that answers a request on threads of its own, so that a long question never holds up capture. A job is
 * given up when it takes too long or nobody waits for it any more. */
#pragma once
#include "server/http.h"

struct Server;

typedef struct Jobs Jobs;
typedef struct {
  guint threads;
  guint waiting_max; /* more are refused */
  guint seconds_max; /* 0: a job may take as long as it needs, and is finished for whoever asked */
} JobsLimits;

Jobs *jobs_new(struct Server *server, const JobsLimits *limits);
void jobs_free(Jobs *jobs); /* gives up what runs; all waiting exchanges are resumed */

/* Answers the exchange, or fails with an error, which then is the answer. Looks at *cancel, which becomes 1. */
typedef gboolean (*JobWork)(struct Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error);
/* `take` is freed with the exchange. */
void jobs_ask(Jobs *jobs, Exchange *exchange, JobWork work, gpointer take, GDestroyNotify destroy);
