/* SPDX-License-Identifier: Apache-2.0
 * capture.h: the writing side of a running project. One thread judges repeats and commits what waits, many requests
 * a commit; another brings the index up to date a few times a second. */
#pragma once
#include "analysis/workspace.h"
#include "capture/submission.h"
#include "record/seen.h"

typedef struct Capture Capture;

typedef struct {
  guint waiting_max; /* events waiting for their commit; 0: 200,000. Past it, or past 256 MiB, capture_submit() says ERROR_BUSY */
  guint publish_ms;  /* how often at most the index takes up what was committed; 0: 200 */
  void (*trouble)(const char *doing, const GError *error, gpointer user); /* for the log, on threads of capture; or NULL */
  gpointer trouble_user;
  void (*told)(gpointer user); /* on the writer's thread, after the requests of a commit were told; or NULL */
  gpointer told_user;
} CaptureOptions;

/* Takes the write lock of the record at `path`, which is made if missing; ERROR_BUSY names the process that has it. */
Capture *capture_open(const char *path, const CaptureOptions *options, GError **error);
/* Commits what waits, then stops. */
void capture_free(Capture *capture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Capture, capture_free)

typedef struct {
  guint stored, repeated, conflicting; /* conflicting: the id is known with other content, which was kept */
} CaptureOutcome;
/* `done` runs on the writer's thread after the commit (error NULL) or when nothing of it was stored; it must not wait.
 * Not called when FALSE is returned. Takes the submission in any case. */
typedef void (*CaptureDone)(const GError *error, const CaptureOutcome *outcome, gpointer user);
gboolean capture_submit(Capture *capture, Submission *take, CaptureDone done, gpointer user, GError **error);

Workspace *capture_workspace(Capture *capture); /* for questions; sees what is committed within publish_ms */
Record *capture_record(Capture *capture);
Seen *capture_seen(Capture *capture); /* to fork from */
/* Somebody else changed the record through capture_record(): waits until reports include it, `wait_ms` at most. */
gboolean capture_publish(Capture *capture, gint64 wait_ms);
/* Runs `work` on the writer's thread between two commits, with exclusive use of record and seen; waits for it. */
typedef gboolean (*CaptureWork)(Record *record, Seen *seen, gpointer user, GError **error);
gboolean capture_exclusive(Capture *capture, CaptureWork work, gpointer user, GError **error);

typedef struct {
  guint64 events, repeated, conflicting, commits, failures;
  guint waiting;     /* events */
  guint64 through;   /* last committed change */
  guint64 published; /* ... that questions see */
  guint64 commit_us_total, publish_us_total;
} CaptureFigures;
void capture_figures(Capture *capture, CaptureFigures *figures);
gint64 capture_received_ms(Capture *capture, const char *source); /* when its last event was stored; 0: not in this run */
