// SPDX-License-Identifier: Apache-2.0
// Segment's HTTP API and RudderStack's, which has the same paths and messages: a message or a batch of them in the
// words of wire/segment.h. The path names the call where the message does not. Content types are not looked at, since
// beacons and cautious browsers send JSON as text/plain.
#include "capture/protocols.h"

#include "base/error.h"
#include "base/json_out.h"
#include "capture/intake.h"
#include "capture/capture_reply.h"

static const struct {
  const char *word, *type; /* NULL: a batch */
} calls[] = {{"track", "track"}, {"t", "track"},       {"identify", "identify"}, {"i", "identify"},  {"page", "page"},
             {"p", "page"},      {"screen", "screen"}, {"s", "screen"},          {"group", "group"}, {"g", "group"},
             {"alias", "alias"}, {"a", "alias"},       {"batch", NULL},          {"b", NULL},        {"import", NULL}};

static gboolean find_call(const CaptureRequest *request, const char **type, GError **error) {
  const char *word = strrchr(request->path, '/') + 1;
  for (guint i = 0; i < G_N_ELEMENTS(calls); i++)
    if (g_str_equal(word, calls[i].word)) {
      *type = calls[i].type;
      return TRUE;
    }
  return error_set(error, ERROR_NOT_FOUND, "there is no call %s\nhint: track, identify, page, screen, group, alias, batch", word);
}

static char *key_of_value(JsonValue root) {
  JsonValue key;
  return json_in_get(root, "writeKey", &key) && json_in_kind(key) == JSON_STRING ? text_dup(json_in_string(key)) : NULL;
}

static char *read_key(const CaptureRequest *request, JsonIn *json) {
  JsonValue root;
  const char *given = request->argument(request, "writeKey");
  if (given)
    return g_strdup(given);
  if (!request->body.size || !json_in_parse(json, request->body.at, request->body.size, TRUE, &root, NULL))
    return NULL;
  return key_of_value(root);
}

/* RudderStack's clients say when the message was made in a word of their own. */
static gboolean is_rudder(JsonValue message) {
  JsonValue unused;
  return json_in_get(message, "originalTimestamp", &unused) || json_in_get(message, "rudderId", &unused);
}

static void reply_success(CaptureReply *reply, gboolean rudder) {
  if (rudder)
    capture_reply_text(reply, 200, "text/plain; charset=utf-8", "OK");
  else
    capture_reply_text(reply, 200, "application/json", "{\"success\":true}");
}

static gboolean read_batch(Intake *intake, JsonValue root, GError **error) {
  JsonIter iter;
  Text unused;
  JsonValue list = root, message, sent;
  gboolean rudder = FALSE;
  const char *why;
  if (json_in_kind(root) == JSON_OBJECT && !json_in_get(root, "batch", &list))
    return error_set(error, ERROR_INVALID, "the body has no \"batch\"\nhint: {\"batch\": [{\"type\": \"track\", ...}]}");
  if (json_in_kind(list) != JSON_ARRAY)
    return error_set(error, ERROR_INVALID, "\"batch\" is no list of messages");
  if (json_in_get(root, "sentAt", &sent) && !segment_time(intake->worker->segment, sent, &intake->times.sent_ms, &why))
    intake->times.sent_ms = 0;
  json_in_walk(&iter, list);
  while (json_in_next(&iter, &unused, &message)) {
    rudder = rudder || is_rudder(message);
    intake_object(intake, message);
  }
  reply_success(intake->reply, rudder);
  return intake_end(intake, error);
}

static gboolean read_body(CaptureWorker *worker, const CaptureRequest *request, Submission *submission, CaptureReply *reply,
                          GError **error) {
  Intake intake;
  JsonValue root;
  const char *type;
  if (!find_call(request, &type, error) || !json_in_parse(worker->json, request->body.at, request->body.size, TRUE, &root, error))
    return FALSE;
  intake_begin(&intake, worker, request, submission, reply);
  if (type == NULL)
    return read_batch(&intake, root, error);
  intake.times.type = type;
  intake_object(&intake, root);
  reply_success(reply, is_rudder(root));
  return intake_end(&intake, error);
}

static const char *const paths[] = {
    "/v1/track", "/v1/identify", "/v1/page", "/v1/screen", "/v1/group", "/v1/alias", "/v1/batch",        "/v1/import", "/v1/t",
    "/v1/i",     "/v1/p",        "/v1/s",    "/v1/g",      "/v1/a",     "/v1/b",     "/beacon/v1/batch", NULL};

const Protocol segment_protocol = {.name = "segment", .paths = paths, .key = read_key, .read = read_body};

/* --- the pixel: the same message in the address --------------------------------------------------------- */

enum { PIXEL_SIZE_MAX = 16384 };

/* The message of ?data=, JSON in Base64 of either alphabet; followed by JSON_PADDING bytes. NULL when it is none. */
static char *pixel_message(const CaptureRequest *request, gsize *size) {
  const char *data = request->argument(request, "data");
  if (data == NULL || strlen(data) > PIXEL_SIZE_MAX)
    return NULL;
  g_autofree char *plain = g_strdup(data);
  g_strdelimit(plain, "- ", '+'); /* a plus that was not encoded came as a blank */
  g_strdelimit(plain, "_", '/');
  gsize decoded;
  g_autofree guchar *bytes = g_base64_decode(plain, &decoded);
  char *message = g_malloc0(decoded + JSON_PADDING);
  memcpy(message, bytes, decoded);
  *size = decoded;
  return message;
}

static char *pixel_key(const CaptureRequest *request, JsonIn *json) {
  gsize size;
  JsonValue root;
  g_autofree char *message = pixel_message(request, &size);
  return message && json_in_parse(json, message, size, TRUE, &root, NULL) ? key_of_value(root) : NULL;
}

static gboolean read_pixel(CaptureWorker *worker, const CaptureRequest *request, Submission *submission, CaptureReply *reply,
                           GError **error) {
  Intake intake;
  gsize size;
  JsonValue root;
  g_autofree char *message = pixel_message(request, &size);
  if (message == NULL)
    return error_set(error, ERROR_INVALID, "the address has no data\nhint: ?data= with a message as JSON in Base64");
  intake_begin(&intake, worker, request, submission, reply);
  if (!find_call(request, &intake.times.type, error) || !json_in_parse(worker->json, message, size, TRUE, &root, error))
    return FALSE;
  intake_object(&intake, root);
  capture_reply_gif(reply);
  return intake_end(&intake, error);
}

static const char *const pixel_paths[] = {"/v1/pixel/", "/pixel/v1/", NULL};

const Protocol segment_pixel_protocol = {
    .name = "segment-pixel", .paths = pixel_paths, .simple = TRUE, .key = pixel_key, .read = read_pixel};

/* --- what browser clients ask for first ------------------------------------------------------------------ */

static char *settings_key(const CaptureRequest *request, JsonIn *json) {
  static const char prefix[] = "/v1/projects/", suffix[] = "/settings";
  if (!g_str_has_prefix(request->path, prefix) || !g_str_has_suffix(request->path, suffix))
    return NULL;
  const char *key = request->path + strlen(prefix);
  gsize size = strlen(key);
  return size > strlen(suffix) ? g_strndup(key, size - strlen(suffix)) : NULL;
}

/* A host as a browser states it, else NULL: it comes back as the address that events are sent to. */
static const char *stated_host(const CaptureRequest *request) {
  const char *host = request->header(request, "Host");
  return host && *host && strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == strlen(host)
             ? host
             : NULL;
}

static gboolean is_encrypted(const CaptureRequest *request) {
  const char *scheme = request->header(request, "X-Forwarded-Proto");
  return request->encrypted || (scheme && g_ascii_strcasecmp(scheme, "https") == 0);
}

/* The destination Segment.io is this server, and there is no other. */
static gboolean read_settings(CaptureWorker *worker, const CaptureRequest *request, Submission *submission, CaptureReply *reply,
                              GError **error) {
  g_autoptr(JsonOut) out = json_out_new();
  g_autofree char *key = settings_key(request, worker->json);
  const char *host = stated_host(request);
  if (key == NULL || host == NULL)
    return error_set(error, ERROR_NOT_FOUND, "there is nothing at %s", request->path);
  g_autofree char *api = g_strconcat(host, "/v1", NULL);
  json_object(out);
  json_key(out, "integrations");
  json_object(out);
  json_key(out, "Segment.io");
  json_object(out);
  json_kv_string(out, "apiKey", key);
  json_kv_string(out, "apiHost", api);
  json_kv_string(out, "protocol", is_encrypted(request) ? "https" : "http");
  json_kv_bool(out, "addBundledMetadata", TRUE);
  json_object_end(out);
  json_object_end(out);
  json_key(out, "plan");
  json_object(out);
  json_object_end(out);
  json_kv_bool(out, "analyticsNextEnabled", TRUE);
  json_key(out, "metrics");
  json_object(out);
  json_kv_int(out, "sampleRate", 0);
  json_object_end(out);
  json_object_end(out);
  capture_reply_json(reply, 200, out);
  return TRUE;
}

static const char *const settings_paths[] = {"/v1/projects/", NULL};

const Protocol segment_settings_protocol = {
    .name = "segment-settings", .paths = settings_paths, .key = settings_key, .read = read_settings};

/* RudderStack's browser client asks which destinations a source has: none but its data plane. */
static gboolean read_source_config(CaptureWorker *worker, const CaptureRequest *request, Submission *submission,
                                   CaptureReply *reply, GError **error) {
  static const char *const quiet[] = {"errors", "metrics"};
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_key(out, "source");
  json_object(out);
  json_kv_string(out, "id", worker->source->name);
  json_kv_string(out, "name", worker->source->name);
  json_kv_string(out, "workspaceId", "etappe");
  json_kv_bool(out, "enabled", TRUE);
  json_key(out, "config");
  json_object(out);
  json_key(out, "statsCollection");
  json_object(out);
  for (guint i = 0; i < G_N_ELEMENTS(quiet); i++) {
    json_key(out, quiet[i]);
    json_object(out);
    json_kv_bool(out, "enabled", FALSE);
    json_object_end(out);
  }
  json_object_end(out);
  json_object_end(out);
  json_key(out, "destinations");
  json_array(out);
  json_array_end(out);
  json_key(out, "dataplanes");
  json_object(out);
  json_object_end(out);
  json_object_end(out);
  json_object_end(out);
  capture_reply_json(reply, 200, out);
  return TRUE;
}

static char *source_config_key(const CaptureRequest *request, JsonIn *json) {
  return g_strdup(request->argument(request, "writeKey"));
}

static const char *const source_config_paths[] = {"/sourceConfig", "/sourceConfig/", NULL};

const Protocol rudder_config_protocol = {
    .name = "rudder-config", .paths = source_config_paths, .key = source_config_key, .read = read_source_config};
