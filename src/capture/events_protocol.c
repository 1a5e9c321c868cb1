// SPDX-License-Identifier: Apache-2.0
#include "capture/events_protocol.h"

#include "base/error.h"
#include "base/json_out.h"
#include "capture/intake.h"

enum { REFUSALS_TOLD = 100 };

typedef struct { /* one request being read */
  CaptureWorker *worker;
  const CaptureRequest *request;
  CaptureReply *reply;
  Intake intake;
  guint index;
} Reading;

/* The list of refusals becomes the end of the answer; settle() puts the counts before it. */
static void refuse(Reading *reading, const char *why) {
  g_autoptr(JsonOut) out = json_out_new();
  gsize size;
  json_object(out);
  json_kv_int(out, "index", reading->index);
  json_kv_string(out, "reason", why);
  json_object_end(out);
  const char *text = json_out_text(out, &size);
  if (reading->reply->refused++ >= REFUSALS_TOLD)
    return;
  if (reading->reply->body->len)
    g_string_append_c(reading->reply->body, ',');
  g_string_append_len(reading->reply->body, text, (gssize)size);
}

static void read_one(Reading *reading, JsonValue value) {
  Intake *intake = &reading->intake;
  const char *why = "an event is a JSON object";
  if (json_in_kind(value) != JSON_OBJECT ||
      !segment_read_value(reading->worker->segment, value, &intake->times, &intake->event, &why) ||
      !intake_add(intake, &intake->event, &why))
    refuse(reading, why);
  reading->index++;
}

static void read_list(Reading *reading, JsonValue list) {
  JsonIter iter;
  JsonValue value;
  Text key;
  json_in_walk(&iter, list);
  while (json_in_next(&iter, &key, &value))
    read_one(reading, value);
}

static gboolean read_root(Reading *reading, JsonValue root, GError **error) {
  JsonValue batch, sent;
  const char *why;
  if (json_in_kind(root) == JSON_ARRAY) {
    read_list(reading, root);
  } else if (json_in_get(root, "batch", &batch) && json_in_kind(batch) == JSON_ARRAY) {
    if (!json_in_get(root, "sentAt", &sent) || !segment_time(reading->worker->segment, sent, &reading->intake.times.sent_ms, &why))
      reading->intake.times.sent_ms = 0;
    read_list(reading, batch);
  } else if (json_in_kind(root) == JSON_OBJECT) {
    read_one(reading, root);
  } else {
    return error_set(error, ERROR_INVALID, "the body is no event\nhint: send a JSON object, a list of them, or one a line");
  }
  return TRUE;
}

/* --- one object a line ------------------------------------------------------------------------------ */

static Text next_line(Text *rest) {
  const char *end = memchr(rest->at, '\n', rest->size);
  Text line = {rest->at, end ? (guint32)(end - rest->at) : rest->size};
  guint32 taken = line.size + (end != NULL);
  *rest = (Text){rest->at + taken, rest->size - taken};
  while (line.size && g_ascii_isspace(line.at[line.size - 1]))
    line.size--;
  while (line.size && g_ascii_isspace(*line.at))
    line = (Text){line.at + 1, line.size - 1};
  return line;
}

static void read_line(Reading *reading, Text line) {
  JsonValue value;
  g_autoptr(GError) problem = NULL;
  if (json_in_parse(reading->worker->json, line.at, line.size, TRUE, &value, &problem)) {
    read_one(reading, value);
  } else {
    refuse(reading, problem->message);
    reading->index++;
  }
}

static void read_lines(Reading *reading, Text rest) {
  while (rest.size) {
    Text line = next_line(&rest);
    if (line.size)
      read_line(reading, line);
  }
}

static gboolean is_lines(const CaptureRequest *request) {
  const char *type = request->header(request, "Content-Type");
  return type && (g_str_has_prefix(type, "application/x-ndjson") || g_str_has_prefix(type, "application/jsonl"));
}

/* The first of several lines is an object by itself. */
static gboolean looks_like_lines(Reading *reading, Text body) {
  JsonValue value;
  Text line = {NULL, 0};
  while (body.size && line.size == 0)
    line = next_line(&body);
  return body.size && json_in_parse(reading->worker->json, line.at, line.size, TRUE, &value, NULL) &&
         json_in_kind(value) == JSON_OBJECT;
}

static gboolean read_body(Reading *reading, Text body, GError **error) {
  JsonValue root;
  g_autoptr(GError) problem = NULL;
  if (body.size == 0)
    return error_set(error, ERROR_INVALID, "the body is empty\nhint: send a JSON object, a list of them, or one a line");
  if (is_lines(reading->request)) {
    read_lines(reading, body);
    return TRUE;
  }
  if (json_in_parse(reading->worker->json, body.at, body.size, TRUE, &root, &problem))
    return read_root(reading, root, error);
  if (looks_like_lines(reading, body)) {
    read_lines(reading, body);
    return TRUE;
  }
  g_propagate_error(error, g_steal_pointer(&problem));
  return FALSE;
}

/* --- the protocol ------------------------------------------------------------------------------------- */

static gboolean read_events(CaptureWorker *worker, const CaptureRequest *request, Submission *submission, CaptureReply *reply,
                            GError **error) {
  Reading reading;
  if (!g_str_equal(request->method, "POST"))
    return error_set(error, ERROR_INVALID, "%s takes POST, not %s", request->path, request->method);
  reading.worker = worker;
  reading.request = request;
  reading.reply = reply;
  reading.index = 0;
  intake_begin(&reading.intake, worker, request, submission, reply);
  reply->body = g_string_new(NULL);
  return read_body(&reading, request->body, error);
}

/* All refused is the sender's mistake as a whole. */
static void settle(CaptureReply *reply, const CaptureOutcome *outcome) {
  GString *body = g_string_new(NULL);
  g_string_append_printf(body, "{\"accepted\":%u", outcome->stored);
  if (outcome->repeated)
    g_string_append_printf(body, ",\"repeated\":%u", outcome->repeated);
  if (outcome->conflicting)
    g_string_append_printf(body, ",\"conflicting\":%u", outcome->conflicting);
  g_string_append_printf(body, ",\"refused\":[%s]", reply->body->str);
  if (reply->refused > REFUSALS_TOLD)
    g_string_append_printf(body, ",\"refused_total\":%u", reply->refused);
  g_string_append(body, "}\n");
  g_string_free(reply->body, TRUE);
  reply->body = body;
  reply->content_type = "application/json";
  if (reply->refused && !outcome->stored && !outcome->repeated && !outcome->conflicting)
    reply->status = 400;
}

static const char *const paths[] = {"/v1/events", NULL};

const Protocol events_protocol = {.name = "events", .paths = paths, .read = read_events, .settle = settle};
