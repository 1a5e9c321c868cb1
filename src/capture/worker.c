// SPDX-License-Identifier: Apache-2.0
#include "capture/worker.h"

#include "capture/permission.h"
#include <pthread.h>

enum { IDLE_MAX = 16, OBJECT_SIZE_MAX = 1 << 20 };

typedef struct { /* with what it was made from */
  CaptureWorker worker;
  DoorOptions options;
} Made;

struct CaptureWorkers {
  Capture *capture;
  gsize body_max;
  Machines *machines;
  Permissions *permissions;
  pthread_mutex_t mutex;
  GPtrArray *idle[2]; /* of Made: of sources that are no web or app, and of those that are */
};

static void made_free(Made *made) {
  segment_free(made->worker.segment);
  json_in_free(made->worker.json);
  g_free(made);
}

CaptureWorkers *capture_workers_new(Capture *capture, gsize body_max) {
  CaptureWorkers *workers = g_new0(CaptureWorkers, 1);
  workers->capture = capture;
  workers->body_max = body_max;
  workers->machines = machines_new(record_key(capture_record(capture)));
  workers->permissions = permissions_new(capture_record(capture));
  pthread_mutex_init(&workers->mutex, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(workers->idle); i++)
    workers->idle[i] = g_ptr_array_new_with_free_func((GDestroyNotify)made_free);
  return workers;
}

void capture_workers_free(CaptureWorkers *workers) {
  if (workers == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS(workers->idle); i++)
    g_ptr_array_unref(workers->idle[i]);
  machines_free(workers->machines);
  permissions_free(workers->permissions);
  pthread_mutex_destroy(&workers->mutex);
  g_free(workers);
}

Permissions *capture_workers_permissions(CaptureWorkers *workers) {
  return workers->permissions;
}

static Made *steal_idle(CaptureWorkers *workers, gboolean web) {
  pthread_mutex_lock(&workers->mutex);
  GPtrArray *idle = workers->idle[web];
  Made *made = idle->len ? g_ptr_array_steal_index(idle, idle->len - 1) : NULL;
  pthread_mutex_unlock(&workers->mutex);
  return made;
}

static Made *make(const CaptureWorkers *workers, const DoorOptions *options, const Project *project) {
  Made *made = g_new0(Made, 1);
  made->options = *options;
  made->worker.door = &made->options;
  made->worker.project = project;
  made->worker.json = json_in_new(workers->body_max);
  made->worker.machines = workers->machines;
  made->worker.permissions = workers->permissions;
  made->worker.segment = segment_new(&made->options, NULL, OBJECT_SIZE_MAX);
  return made;
}

CaptureWorker *capture_workers_take(CaptureWorkers *workers, const CaptureSource *source) {
  Workspace *workspace = capture_workspace(workers->capture);
  Record *record = capture_record(workers->capture);
  const Project *project = workspace_project(workspace);
  gboolean web = source->kind == SOURCE_WEB || source->kind == SOURCE_APP;
  DoorOptions now = {
      .spaces = record_spaces(record), .key = record_key(record), .zone = workspace_zone(workspace), .web = web, .aliases = TRUE};
  Made *made = steal_idle(workers, web);
  if (made && (made->worker.project != project || made->options.spaces != now.spaces))
    g_clear_pointer(&made, made_free);
  if (made == NULL)
    made = make(workers, &now, project);
  made->worker.source = source;
  made->worker.record = record;
  return &made->worker;
}

void capture_workers_give(CaptureWorkers *workers, CaptureWorker *worker) {
  Made *made = (Made *)worker; /* its first member */
  gboolean web = made->options.web != 0;
  worker->source = NULL;
  pthread_mutex_lock(&workers->mutex);
  if (workers->idle[web]->len < IDLE_MAX)
    g_ptr_array_add(workers->idle[web], g_steal_pointer(&made));
  pthread_mutex_unlock(&workers->mutex);
  if (made)
    made_free(made);
}
