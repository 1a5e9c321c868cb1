/* SPDX-License-Identifier: Apache-2.0
 * intake.h: what becomes of the events of a request after its protocol has read them: machines are flagged, a
 * coupon becomes a touch before its order, the submission takes them, refusals are counted with the first reason.
 *   intake_begin(&intake, ...); intake_object(...) for each; return intake_end(&intake, error); */
#pragma once
#include "capture/protocol.h"

typedef struct {
  CaptureWorker *worker;
  const CaptureRequest *request;
  Submission *submission;
  CaptureReply *reply;
  SegmentTimes times;
  MachineAct act;                      /* what a machine would have done here */
  const char *agent;                   /* of who acted, as a third party tells; NULL: see the request or the event */
  const char *who, *what;              /* of a link that is followed: made for whom, and its name; NULL for anybody */
  gboolean prefetched, prefetch_known; /* what the request says of itself */
  gboolean judged;                     /* `reason` holds for the whole request */
  const char *reason;
  guint taken; /* events of this request that the submission has */
  char first_why[200];
  char visitor[17];  /* of the event of the moment: permission.h */
  char id[25];       /* given to an event that has none */
  Event event;       /* of the moment, 24 KiB */
  CouponTouch touch; /* of its coupon */
} Intake;

void intake_begin(Intake *intake, CaptureWorker *worker, const CaptureRequest *request, Submission *submission,
                  CaptureReply *reply);
/* An object by Segment's spec, as a value of a tree or as text. */
gboolean intake_object(Intake *intake, JsonValue object);
gboolean intake_json(Intake *intake, const char *json, gsize size);
gboolean intake_event(Intake *intake, Event *event);                 /* one that was read otherwise */
gboolean intake_add(Intake *intake, Event *event, const char **why); /* the same; the caller tells of the refusal */
void intake_refuse(Intake *intake, const char *why);                 /* one that could not be read */
/* FALSE when nothing was taken and something refused: ERROR_INVALID with the first reason. */
gboolean intake_end(const Intake *intake, GError **error);
