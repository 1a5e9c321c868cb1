/* SPDX-License-Identifier: Apache-2.0
 * figures.h: what the server counts about itself, and GET /metrics in Prometheus' text format. No personal data: no
 * names of persons, no addresses, and of sources nothing. */
#pragma once
#include "server/http.h"
#include <stdatomic.h>

enum { FIGURES_BUCKETS = 12 };

typedef struct {                          /* all zero to begin with */
  atomic_ullong answers[6];               /* by the status' first digit */
  atomic_ullong buckets[FIGURES_BUCKETS]; /* requests by how long they took */
  atomic_ullong took_us;
  atomic_ullong refused_events;
  atomic_ullong reports;
} ServerFigures;

void figures_count(ServerFigures *figures, guint status, gint64 took_us);

struct Server;
void figures_answer(struct Server *server, Exchange *exchange);
