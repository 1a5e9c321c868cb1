// SPDX-License-Identifier: Apache-2.0
#include "capture/intake.h"

#include "base/error.h"
#include "capture/admission.h"
#include "capture/permission.h"
#include "record/erase.h"

void intake_begin(Intake *intake, CaptureWorker *worker, const CaptureRequest *request, Submission *submission,
                  CaptureReply *reply) {
  intake->worker = worker;
  intake->request = request;
  intake->submission = submission;
  intake->reply = reply;
  intake->times = (SegmentTimes){.received_ms = request->received_ms};
  intake->act = MACHINE_BROWSING;
  intake->who = intake->what = intake->agent = NULL;
  intake->judged = intake->prefetch_known = FALSE;
  intake->taken = 0;
  intake->first_why[0] = '\0';
}

void intake_refuse(Intake *intake, const char *why) {
  if (intake->reply->refused++ == 0)
    g_strlcpy(intake->first_why, why, sizeof intake->first_why);
}

/* --- machines ---------------------------------------------------------------------------------------------- */

static gboolean is_prefetch(const CaptureRequest *request) {
  static const char *const names[] = {"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    const char *value = request->header(request, names[i]);
    if (value && (strstr(value, "prefetch") || strstr(value, "preview")))
      return TRUE;
  }
  return FALSE;
}

static gboolean is_in_haste(const Intake *intake) {
  const CaptureRequest *request = intake->request;
  const char *agent = request->header(request, "User-Agent");
  g_autofree char *sender = g_strconcat(request->address ? request->address : "", "\n", agent ? agent : "", NULL);
  return machine_in_haste(intake->worker->machines, intake->who ? intake->who : sender, intake->what, request->received_ms);
}

/* Servers tell of their users' agents, if at all; pages and apps send their own. */
static Text agent_of(const Intake *intake, const Event *event) {
  SourceKind kind = intake->worker->source->kind;
  if (intake->agent)
    return text_of(intake->agent);
  if (intake->act != MACHINE_BROWSING || kind == SOURCE_WEB || kind == SOURCE_APP)
    return text_of(intake->request->header(intake->request, "User-Agent"));
  for (guint i = 0; i < event->n_properties; i++)
    if (text_is(event->properties[i].key, "context.userAgent"))
      return event->properties[i].text;
  return text_of(NULL);
}

static const char *judge(Intake *intake, const Event *event) {
  const CaptureRequest *request = intake->request;
  if (intake->worker->machines == NULL)
    return NULL;
  if (!intake->prefetch_known)
    intake->prefetched = is_prefetch(request);
  intake->prefetch_known = TRUE;
  if (intake->prefetched)
    return "prefetch";
  if (intake->act != MACHINE_BROWSING && g_str_equal(request->method, "HEAD"))
    return "scanner";
  const char *reason = machine_by_agent(intake->worker->machines, agent_of(intake, event), intake->act);
  if (reason == NULL && intake->act == MACHINE_FOLLOWING && intake->what && is_in_haste(intake))
    return "scanner";
  return reason;
}

/* Pages and apps are judged once a request. */
static const char *judge_once(Intake *intake, const Event *event) {
  gboolean own = intake->worker->source->kind == SOURCE_WEB || intake->worker->source->kind == SOURCE_APP;
  if (!own || intake->act != MACHINE_BROWSING || intake->agent)
    return judge(intake, event);
  if (!intake->judged)
    intake->reason = judge(intake, event);
  intake->judged = TRUE;
  return intake->reason;
}

static void flag(Intake *intake, Event *event) {
  const char *unused, *reason = judge_once(intake, event);
  if (reason == NULL)
    return;
  event->excluded = text_of(reason);
  door_property(event, text_of("excluded"), VALUE_TEXT, event->excluded, &unused);
}

/* --- events ------------------------------------------------------------------------------------------------- */

/* Whoever was erased does not come back by this door. */
static gboolean is_let_in(const Intake *intake, Event *event) {
  Record *record = intake->worker->record;
  ErasedVerdict verdict = record ? record_judge_erased(record, intake->worker->door->spaces, event) : ERASED_NOBODY;
  if (verdict == ERASED_DEVICE)
    record_strip_erased(record, event);
  return verdict != ERASED_SOMEBODY;
}

/* FALSE: it is dropped, which the sender is not told, since sending it again changes nothing. */
static gboolean is_permitted(Intake *intake, Event *event, gboolean *changed) {
  PermissionAsked asked = {intake->worker, intake->request, intake->act != MACHINE_BROWSING};
  return permission_apply(&asked, intake->submission, event, intake->visitor, changed);
}

gboolean intake_add(Intake *intake, Event *event, const char **why) {
  const char *unused;
  gboolean changed;
  *why = ERASED_REASON;
  if (!is_let_in(intake, event))
    return FALSE;
  flag(intake, event);
  *why = admission_refusal(intake->worker->source, event);
  if (*why)
    return FALSE;
  guint64 judged = seen_live_content(event, intake->worker->source->name, intake->worker->door->key);
  if (!is_permitted(intake, event, &changed)) {
    intake->taken++;
    return TRUE;
  }
  if (changed ? !submission_add_less(intake->submission, event, judged, why)
              : !submission_add_judged(intake->submission, event, judged, why))
    return FALSE;
  intake->taken++;
  if (coupon_touch(intake->worker->project->coupons, event, intake->worker->door->hook, &intake->touch))
    submission_add(intake->submission, &intake->touch.event, &unused);
  return TRUE;
}

gboolean intake_event(Intake *intake, Event *event) {
  const char *why = NULL;
  if (intake_add(intake, event, &why))
    return TRUE;
  intake_refuse(intake, why);
  return FALSE;
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
