// SPDX-License-Identifier: Apache-2.0
// Links and pixels of ours: the address says what it stands for (signed_link.h), so there is nothing to look up and
// nothing that a stranger could redirect elsewhere. A click is answered even if it cannot be stored.
#include "capture/protocols.h"

#include "base/error.h"
#include "base/json_out.h"
#include "capture/intake.h"
#include "capture/capture_reply.h"
#include "capture/signed_link.h"

static char *source_name(const CaptureRequest *request, const Project *project, GError **error) {
  return g_strdup("links");
}

static SignedLink *find_link(const CaptureWorker *worker, const CaptureRequest *request, SignedLinkKind kind, const char *suffix,
                             GError **error) {
  const char *token = strchr(request->path + 1, '/') + 1;
  gsize size = strlen(token);
  if (g_str_has_suffix(token, suffix))
    size -= strlen(suffix);
  g_autoptr(SignedLink) link = signed_link_read(token, size, worker->door->key, error);
  if (link && link->kind != kind) {
    error_set(error, ERROR_NOT_FOUND, "there is nothing at %s", request->path);
    return NULL;
  }
  return g_steal_pointer(&link);
}

static void put(JsonOut *out, const char *key, const char *text) {
  if (text)
    json_kv_string(out, key, text);
}

static void put_person(JsonOut *out, const char *person) {
  const char *colon = person ? strchr(person, ':') : NULL;
  if (colon == NULL)
    return;
  json_key(out, "externalIds");
  json_array(out);
  json_object(out);
  json_key(out, "type");
  json_string_n(out, person, (gsize)(colon - person));
  json_kv_string(out, "id", colon + 1);
  json_object_end(out);
  json_array_end(out);
}

static void put_context(JsonOut *out, const SignedLink *link) {
  json_key(out, "context");
  json_object(out);
  put(out, "channel", link->channel);
  put(out, "touchpoint", link->touchpoint);
  put_person(out, link->person);
  json_key(out, "campaign");
  json_object(out);
  put(out, "source", link->source);
  put(out, "medium", link->medium);
  put(out, "name", link->campaign);
  put(out, "content", link->content);
  put(out, "term", link->term);
  json_object_end(out);
  json_object_end(out);
}

static char *message(const SignedLink *link) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_kv_string(out, "type", "track");
  json_kv_string(out, "event", signed_link_event(link));
  put_context(out, link);
  json_key(out, "properties");
  json_object(out);
  json_kv_string(out, "link", link->name);
  put(out, "url", link->target);
  json_object_end(out);
  json_object_end(out);
  return g_strdup(json_out_text(out, NULL));
}

/* What the link says of its campaign was said by whoever made it, so the channel counts as stated. */
static void take(CaptureWorker *worker, const CaptureRequest *request, Submission *submission, CaptureReply *reply,
                 const SignedLink *link) {
  Intake intake;
  const char *why = NULL;
  g_autofree char *json = message(link);
  intake_begin(&intake, worker, request, submission, reply);
  intake.act = link->kind == LINK_PIXEL ? MACHINE_LOADING : MACHINE_FOLLOWING;
  intake.who = link->person;
  intake.what = link->name;
  if (!segment_read(worker->segment, text_of(json), &intake.times, &intake.event, &why)) {
    intake_refuse(&intake, why);
    return;
  }
  intake.event.converses = !text_is(intake.event.channel, "unassigned");
  intake_event(&intake, &intake.event);
}

static gboolean read_link(CaptureWorker *worker, const CaptureRequest *request, Submission *submission, CaptureReply *reply,
                          GError **error) {
  g_autoptr(SignedLink) link = find_link(worker, request, LINK_REDIRECT, "", error);
  if (link == NULL)
    return FALSE;
  take(worker, request, submission, reply, link);
  reply->status = 302;
  reply->location = g_steal_pointer(&link->target);
  return TRUE;
}

static gboolean read_pixel(CaptureWorker *worker, const CaptureRequest *request, Submission *submission, CaptureReply *reply,
                           GError **error) {
  g_autoptr(SignedLink) link = find_link(worker, request, LINK_PIXEL, ".gif", error);
  if (link == NULL)
    return FALSE;
  take(worker, request, submission, reply, link);
  capture_reply_gif(reply);
  return TRUE;
}

static const char *const link_paths[] = {"/l/", NULL};
static const char *const pixel_paths[] = {"/o/", NULL};

const Protocol link_protocol = {
    .name = "link", .paths = link_paths, .simple = TRUE, .signed_source = source_name, .reply_anyway = TRUE, .read = read_link};
const Protocol open_protocol = {
    .name = "open", .paths = pixel_paths, .simple = TRUE, .signed_source = source_name, .reply_anyway = TRUE, .read = read_pixel};
