/* SPDX-License-Identifier: Apache-2.0
 * limits.h: what a stranger may use up. Every one has its error; docs/server.md lists them. */
#pragma once
#include <glib.h>

typedef struct {
  gsize body_max;           /* bytes of a request's body, as sent */
  gsize inflated_max;       /* ... unpacked */
  guint inflate_ratio_max;  /* unpacked bytes a packed one, past the first megabyte */
  gsize bodies_max;         /* bytes of all bodies being read or worked on */
  guint connections_max;    /* of both listeners together */
  guint connections_ip_max; /* from one address, loopback excepted */
  guint header_max;         /* bytes of memory a connection: request line and headers */
  guint request_s;          /* a request must be complete after so long, */
  guint idle_s;             /* an idle connection is closed, */
  guint send_s;             /* and an answer taken */
  guint reports_waiting;    /* questions that wait for a thread */
  guint report_s;           /* and may take so long */
  guint streams_max;
} ServerLimits;

static inline ServerLimits server_limits_default(void) {
  return (ServerLimits){.body_max = 4 << 20,
                        .inflated_max = 16 << 20,
                        .inflate_ratio_max = 100,
                        .bodies_max = 256 << 20,
                        .connections_max = 16384,
                        .connections_ip_max = 1024,
                        .header_max = 16 << 10,
                        .request_s = 30,
                        .idle_s = 60,
                        .send_s = 120,
                        .reports_waiting = 64,
                        .report_s = 60,
                        .streams_max = 512};
}
