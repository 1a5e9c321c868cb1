/* SPDX-License-Identifier: Apache-2.0
 * worker.h: what a thread needs to read events of one source, kept for the next request of that kind. */
#pragma once
#include "capture/capture.h"
#include "capture/protocol.h"

typedef struct CaptureWorkers CaptureWorkers; /* any thread */

CaptureWorkers *capture_workers_new(Capture *capture, gsize body_max);
void capture_workers_free(CaptureWorkers *workers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CaptureWorkers, capture_workers_free)

/* For the figures. */
struct Permissions *capture_workers_permissions(CaptureWorkers *workers);

/* One that knows the project as it is now; no other thread has it until it is given back. `source` must live so long. */
CaptureWorker *capture_workers_take(CaptureWorkers *workers, const CaptureSource *source);
void capture_workers_give(CaptureWorkers *workers, CaptureWorker *worker);
