/* SPDX-License-Identifier: Apache-2.0
 * server_private.h: what the handlers of requests share. */
#pragma once
#include "capture/worker.h"
#include "server/accounts.h"
#include "server/figures.h"
#include "server/http.h"
#include "server/server.h"

struct Server {
  ServerOptions options;
  Access *access;
  Accounts *accounts;
  Capture *capture;
  CaptureWorkers *workers;
  struct Jobs *reports, *changes; /* questions; what alters the project, one after the other */
  struct Streams *streams;
  struct CommandDoor *commands;
  struct ValueCounts *values; /* for completion */
  char *uploads; /* a folder beside the record, for files on their way */
  Http *http;
  guint port, capture_port;
  gint64 started_us;
  ServerFigures figures;
};
