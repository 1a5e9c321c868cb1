// SPDX-License-Identifier: Apache-2.0
// Whatever the request: events whose every text is UTF-8 and within its limits, or a reason; never a redirect that was
// not signed. The first byte chooses protocol, kind of source and content type; the first line is the address after
// its path, the rest the body.
#include "capture/form.h"
#include "capture/protocols.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char yaml[] =
    "hooks:\n"
    "  - name: h\n"
    "    signature: none\n"
    "    events: items\n"
    "    only: {kind: [a, b, \"7\"]}\n"
    "    fields: {event: e | body.e, id: id, time: t, user: \"u[0].id\", email: m, value: \"p[].a\", currency: c, order: "
    "\"o[1]\",\n"
    "             properties.x: x, properties.y: header.Host, properties.z: query.z, agent: ua, score: s, consent: k}\n"
    "    names: {a: Email Opened, b: Email Link Clicked, c: Order Completed}\n"
    "    other: keep\n"
    "coupons:\n"
    "  - {code: A*, channel: influencer}\n";

static const struct {
  const Protocol *protocol;
  const char *method, *path;
} doors[] = {{&segment_protocol, "POST", "/v1/batch"},
             {&segment_protocol, "POST", "/v1/page"},
             {&segment_pixel_protocol, "GET", "/v1/pixel/track"},
             {&segment_settings_protocol, "GET", "/v1/projects/k/settings"},
             {&matomo_protocol, "GET", "/matomo.php"},
             {&matomo_protocol, "POST", "/matomo.php"},
             {&ga4_protocol, "POST", "/mp/collect"},
             {&ga4_debug_protocol, "POST", "/debug/mp/collect"},
             {&hook_protocol, "POST", "/v1/hooks/h"},
             {&link_protocol, "GET", "/l/"},
             {&open_protocol, "GET", "/o/"},
             {&events_protocol, "POST", "/v1/events"},
             {&ga4_web_protocol, "POST", "/g/collect"}};

typedef struct {
  CaptureRequest request; /* first */
  Form *query;
  gboolean form;
} Asked;

typedef struct { /* kept as a server keeps it */
  Spaces *spaces;
  Project *project;
  DoorOptions options[2];
  CaptureSource *sources[2];
  CaptureWorker workers[2];
} Desk;

static const HashKey key = {{1}};

static const char *header(const CaptureRequest *request, const char *name) {
  const Asked *asked = (const Asked *)(const void *)request;
  if (g_ascii_strcasecmp(name, "Content-Type") == 0)
    return asked->form ? "application/x-www-form-urlencoded" : "application/json";
  return g_ascii_strcasecmp(name, "Host") == 0 ? "t.example.com" : NULL;
}
static const char *argument(const CaptureRequest *request, const char *name) {
  return form_get(((const Asked *)(const void *)request)->query, name);
}
static void each_argument(const CaptureRequest *request, void (*each)(const char *, const char *, gpointer), gpointer user) {
  form_each(((const Asked *)(const void *)request)->query, each, user);
}

static Desk *open_desk(void) {
  Desk *desk = g_new0(Desk, 1);
  desk->spaces = spaces_new();
  desk->project = project_parse(yaml, strlen(yaml), NULL);
  g_assert_nonnull(desk->project);
  for (guint web = 0; web < 2; web++) {
    desk->options[web] = (DoorOptions){.spaces = desk->spaces, .key = &key, .web = web, .aliases = TRUE};
    desk->sources[web] = capture_source_new("s", NULL, web ? SOURCE_WEB : SOURCE_SERVER, web ? KEY_SOURCE : KEY_WRITE);
    desk->workers[web] = (CaptureWorker){.source = desk->sources[web],
                                         .door = &desk->options[web],
                                         .project = desk->project,
                                         .json = json_in_new(1 << 22),
                                         .segment = segment_new(&desk->options[web], NULL, 1 << 20),
                                         .machines = machines_new(&key)};
  }
  return desk;
}

static void check_event(const Event *event) {
  g_assert_true(event->time_ms >= TIME_MS_MIN && event->time_ms < TIME_MS_MAX);
  g_assert_true(event->name.size > 0 && event->name.size <= EVENT_NAME_MAX && event->channel.size > 0);
  g_assert_true(event->n_identifiers <= EVENT_IDENTIFIERS_MAX && event->n_properties <= EVENT_PROPERTIES_MAX);
  const Text texts[] = {event->id, event->name, event->channel, event->touchpoint, event->campaign_mark, event->currency};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    g_assert_true(utf8_valid(texts[i].at, texts[i].size));
  for (guint i = 0; i < event->n_properties; i++)
    g_assert_true(utf8_valid(event->properties[i].key.at, event->properties[i].key.size) &&
                  utf8_valid(event->properties[i].text.at, event->properties[i].text.size));
}

static void check_answer(const CaptureReply *reply, const Submission *submission, gboolean taken) {
  static JsonIn *json = NULL;
  JsonValue root;
  if (json == NULL)
    json = json_in_new(1 << 24);
  g_assert_null(reply->location); /* nobody guesses a signature */
  for (guint i = 0; taken && i < submission_count(submission); i++)
    check_event(submission_event(submission, i)->event);
  if (taken && reply->content_type && g_str_equal(reply->content_type, "application/json") && reply->body->len)
    g_assert_true(json_in_parse(json, reply->body->str, reply->body->len, FALSE, &root, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static Desk *desk = NULL;
  if (size == 0)
    return 0;
  if (desk == NULL)
    desk = open_desk();
  guint door = (data[0] & 0x3f) % G_N_ELEMENTS(doors);
  gboolean web = (data[0] & 0x40) != 0;
  const char *line = (const char *)data + 1, *end = (const char *)data + size;
  const char *stop = memchr(line, '\n', size - 1);
  const char *query_end = stop ? stop : end, *body = stop ? stop + 1 : end;
  g_autofree char *rest = g_strndup(line, (gsize)(query_end - line));
  g_autofree char *path = door == 9 || door == 10 ? g_strconcat(doors[door].path, rest, NULL) : g_strdup(doors[door].path);
  g_autofree char *padded = g_malloc0((gsize)(end - body) + JSON_PADDING);
  if (end > body)
    memcpy(padded, body, (gsize)(end - body));
  Asked asked = {.query = form_new(), .form = (data[0] & 0x80) != 0};
  form_add_query(asked.query, (Text){line, (guint32)(query_end - line)});
  asked.request = (CaptureRequest){.method = doors[door].method,
                                   .path = path,
                                   .body = {padded, (guint32)(end - body)},
                                   .received_ms = G_GINT64_CONSTANT(1766577600000),
                                   .address = "192.0.2.0",
                                   .header = header,
                                   .argument = argument,
                                   .each_argument = each_argument};
  CaptureReply reply = {0};
  g_autoptr(GError) error = NULL;
  g_autoptr(Submission) submission = submission_new(desk->sources[web], &key, asked.request.received_ms, 64 << 20);
  if (doors[door].protocol->key)
    g_free(doors[door].protocol->key(&asked.request, desk->workers[web].json));
  gboolean taken = doors[door].protocol->read(&desk->workers[web], &asked.request, submission, &reply, &error);
  g_assert_true(taken || error);
  check_answer(&reply, submission, taken);
  if (taken && doors[door].protocol->settle && reply.body) {
    CaptureOutcome outcome = {submission_count(submission), 0, 0};
    doors[door].protocol->settle(&reply, &outcome);
  }
  capture_reply_clear(&reply);
  form_free(asked.query);
  return 0;
}
