// SPDX-License-Identifier: Apache-2.0
#include "capture/intake.h"

#include "base/error.h"

void intake_begin(Intake *intake, CaptureWorker *worker, const CaptureRequest *request, Submission *submission,
                  CaptureReply *reply) {
  intake->worker = worker;
  intake->request = request;
  intake->submission = submission;
  intake->reply = reply;
  intake->times = (SegmentTimes){.received_ms = request->received_ms};
  intake->taken = 0;
  intake->first_why[0] = '\0';
}

void intake_refuse(Intake *intake, const char *why) {
  if (intake->reply->refused++ == 0)
    g_strlcpy(intake->first_why, why, sizeof intake->first_why);
}

gboolean intake_event(Intake *intake, Event *event) {
  const char *why = NULL;
  if (!submission_add(intake->submission, event, &why)) {
    intake_refuse(intake, why);
    return FALSE;
  }
  intake->taken++;
  return TRUE;
}

gboolean intake_object(Intake *intake, JsonValue object) {
  const char *why = NULL;
  if (segment_read_value(intake->worker->segment, object, &intake->times, &intake->event, &why))
    return intake_event(intake, &intake->event);
  intake_refuse(intake, why);
  return FALSE;
}

gboolean intake_json(Intake *intake, const char *json, gsize size) {
  const char *why = NULL;
  if (segment_read(intake->worker->segment, (Text){json, (guint32)size}, &intake->times, &intake->event, &why))
    return intake_event(intake, &intake->event);
  intake_refuse(intake, why);
  return FALSE;
}

gboolean intake_end(const Intake *intake, GError **error) {
  return intake->taken || intake->reply->refused == 0 ||
         error_set(error, ERROR_INVALID, "no event was taken: %s", intake->first_why);
}
