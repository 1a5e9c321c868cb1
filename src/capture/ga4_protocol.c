// SPDX-License-Identifier: Apache-2.0
// GA4's Measurement Protocol: a client and up to 25 events in GA4's words, said again in those of Segment's spec and
// read by the same reader. /debug/mp/collect stores nothing and says what is wrong, in GA4's own codes.
#include "capture/ga4_protocol.h"

#include "base/error.h"
#include "base/json_out.h"
#include "capture/protocols.h"
#include "capture/capture_reply.h"

enum { EVENTS_MAX = 25, PARAMS_MAX = 25, NAME_MAX_SIZE = 40 };

/* --- what is sent to /mp/collect ------------------------------------------------------------------------------ */

typedef struct {
  const char *name, *key;
} Rename;

static const char *renamed(const Rename *renames, guint n, Text name) {
  for (guint i = 0; i < n; i++)
    if (text_is(name, renames[i].name))
      return renames[i].key;
  return NULL;
}

/* Copies a member under our name or its own. */
static void put(JsonOut *out, const char *key, Text name, JsonValue value) {
  g_autofree char *own = key ? NULL : text_dup(name);
  g_autoptr(GString) text = g_string_new(NULL);
  json_in_minify(value, text);
  json_key(out, key ? key : own);
  json_raw(out, text->str, text->len);
}

static void put_item(JsonOut *out, JsonValue item) {
  static const Rename renames[] = {{"item_id", "product_id"},       {"item_name", "name"},       {"item_brand", "brand"},
                                   {"item_category", "category"},   {"item_variant", "variant"}, {"index", "position"},
                                   {"item_list_name", "list_name"}, {"item_list_id", "list_id"}};
  JsonIter iter;
  Text name;
  JsonValue value;
  json_object(out);
  json_in_walk(&iter, item);
  while (iter.object && json_in_next(&iter, &name, &value))
    put(out, renamed(renames, G_N_ELEMENTS(renames), name), name, value);
  json_object_end(out);
}

static void put_items(JsonOut *out, JsonValue items) {
  JsonIter iter;
  Text unused;
  JsonValue item;
  json_key(out, "products");
  json_array(out);
  json_in_walk(&iter, items);
  while (json_in_next(&iter, &unused, &item))
    put_item(out, item);
  json_array_end(out);
}

static const Rename page_params[] = {{"page_location", "url"}, {"page_referrer", "referrer"}, {"page_title", "title"}};
static const Rename campaign_params[] = {
    {"campaign", "name"}, {"source", "source"}, {"medium", "medium"}, {"content", "content"}, {"term", "term"}};

static void put_renamed(JsonOut *out, JsonValue object, const Rename *renames, guint n) {
  JsonValue value;
  for (guint i = 0; i < n; i++)
    if (json_in_get(object, renames[i].name, &value))
      put(out, renames[i].key, text_of(NULL), value);
}

static void put_properties(JsonOut *out, JsonValue params, gboolean page) {
  static const Rename renames[] = {{"transaction_id", "order_id"}, {"search_term", "query"}};
  JsonIter iter;
  Text name;
  JsonValue value;
  json_key(out, "properties");
  json_object(out);
  json_in_walk(&iter, params);
  while (iter.object && json_in_next(&iter, &name, &value)) {
    if (text_is(name, "items") && json_in_kind(value) == JSON_ARRAY)
      put_items(out, value);
    else if (!renamed(campaign_params, G_N_ELEMENTS(campaign_params), name) &&
             !renamed(page_params, G_N_ELEMENTS(page_params), name))
      put(out, renamed(renames, G_N_ELEMENTS(renames), name), name, value);
  }
  if (page)
    put_renamed(out, params, page_params, G_N_ELEMENTS(page_params));
  json_object_end(out);
}

/* {ad_user_data: GRANTED} allows what we call a profile, {ad_personalization: GRANTED} personal address. */
static void put_consent(JsonOut *out, JsonValue root) {
  static const Rename purposes[] = {
      {"analytics_storage", "measure"}, {"ad_user_data", "profile"}, {"ad_personalization", "personalise"}};
  JsonValue consent, value;
  if (!json_in_get(root, "consent", &consent))
    return;
  json_key(out, "consent");
  json_object(out);
  for (guint i = 0; i < G_N_ELEMENTS(purposes); i++)
    if (json_in_get(consent, purposes[i].name, &value) && json_in_string(value).size)
      json_kv_bool(out, purposes[i].key, text_is(json_in_string(value), "GRANTED"));
  json_object_end(out);
}

static void put_group(JsonOut *out, const char *key, JsonValue params, const Rename *renames, guint n) {
  JsonValue unused;
  guint found = 0;
  for (guint i = 0; i < n; i++)
    found += json_in_get(params, renames[i].name, &unused);
  if (found == 0)
    return;
  json_key(out, key);
  json_object(out);
  put_renamed(out, params, renames, n);
  json_object_end(out);
}

static void put_context(JsonOut *out, JsonValue root, JsonValue params) {
  static const Rename copied[] = {{"user_agent", "userAgent"}, {"user_location", "location"}, {"device", "device"}};
  json_key(out, "context");
  json_object(out);
  put_group(out, "page", params, page_params, G_N_ELEMENTS(page_params));
  put_group(out, "campaign", params, campaign_params, G_N_ELEMENTS(campaign_params));
  put_consent(out, root);
  put_renamed(out, root, copied, G_N_ELEMENTS(copied));
  json_object_end(out);
}

/* user_properties {plan: {value: gold}} are traits; hashed addresses are identifiers. */
static void put_traits(JsonOut *out, JsonValue root) {
  JsonIter iter;
  Text name, unused;
  JsonValue user, value, list;
  json_key(out, "traits");
  json_object(out);
  if (json_in_get(root, "user_data", &user) && json_in_get(user, "sha256_email_address", &list)) {
    json_in_walk(&iter, list);
    if (json_in_kind(list) == JSON_ARRAY ? json_in_next(&iter, &unused, &value) : (value = list, TRUE))
      put(out, "email", text_of(NULL), value);
  }
  if (json_in_get(root, "user_properties", &user)) {
    json_in_walk(&iter, user);
    while (iter.object && json_in_next(&iter, &name, &value))
      if (json_in_get(value, "value", &value))
        put(out, NULL, name, value);
  }
  json_object_end(out);
}

/* What GA4's own tags report without anybody doing anything. */
static gboolean is_quiet(Text name) {
  static const char *const names[] = {"session_start", "first_visit", "user_engagement"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (text_is(name, names[i]))
      return TRUE;
  return FALSE;
}

static void put_who_and_when(JsonOut *out, JsonValue root, JsonValue event) {
  static const char *const clients[] = {"client_id", "app_instance_id"};
  JsonValue value;
  if (json_in_get(root, "user_id", &value))
    put(out, "userId", text_of(NULL), value);
  for (guint i = 0; i < G_N_ELEMENTS(clients); i++)
    if (json_in_get(root, clients[i], &value) && json_in_kind(value) != JSON_NULL) {
      put(out, "anonymousId", text_of(NULL), value);
      break;
    }
  if (json_in_get(event, "timestamp_micros", &value) || json_in_get(root, "timestamp_micros", &value))
    put(out, "timestamp", text_of(NULL), value);
}

static void read_event(Intake *intake, JsonValue root, JsonValue event) {
  gsize size;
  JsonValue value, params = event;
  g_autoptr(JsonOut) out = json_out_new();
  Text name = json_in_get(event, "name", &value) ? json_in_string(value) : (Text){NULL, 0};
  gboolean page = text_is(name, "page_view"), screen = text_is(name, "screen_view");
  if (is_quiet(name))
    return;
  gboolean given = json_in_get(event, "params", &params);
  json_object(out);
  json_kv_string(out, "type", page ? "page" : screen ? "screen" : "track");
  json_key(out, "event");
  json_string_n(out, name.at, name.size);
  put_who_and_when(out, root, event);
  if (given)
    put_properties(out, params, page);
  put_context(out, root, given ? params : root);
  put_traits(out, root);
  json_object_end(out);
  const char *text = json_out_text(out, &size);
  intake_json(intake, text, size);
}

void ga4_read_events(Intake *intake, JsonValue root, JsonValue events) {
  JsonIter iter;
  Text unused;
  JsonValue event;
  json_in_walk(&iter, events);
  while (json_in_next(&iter, &unused, &event))
    read_event(intake, root, event);
}

/* The secret, or for a public source its key in the place of the measurement id. */
static char *read_key(const CaptureRequest *request, JsonIn *json) {
  static const char *const names[] = {"api_secret", "measurement_id", "firebase_app_id"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    const char *value = request->argument(request, names[i]);
    if (value && *value)
      return g_strdup(value);
  }
  return NULL;
}

static gboolean read_collect(CaptureWorker *worker, const CaptureRequest *request, Submission *submission, CaptureReply *reply,
                             GError **error) {
  Intake intake;
  JsonValue root, events;
  if (!json_in_parse(worker->json, request->body.at, request->body.size, TRUE, &root, error))
    return FALSE;
  if (!json_in_get(root, "events", &events) || json_in_kind(events) != JSON_ARRAY)
    return error_set(error, ERROR_INVALID,
                     "the body has no list \"events\"\nhint: POST it to /debug/mp/collect to see what is wrong");
  intake_begin(&intake, worker, request, submission, reply);
  ga4_read_events(&intake, root, events);
  reply->status = 204;
  return intake_end(&intake, error);
}

static const char *const paths[] = {"/mp/collect", NULL};

const Protocol ga4_protocol = {.name = "ga4", .paths = paths, .key = read_key, .read = read_collect};

/* --- what is wrong with it: /debug/mp/collect ------------------------------------------------------------------ */

static void say(JsonOut *out, const char *path, const char *code, const char *format, ...) G_GNUC_PRINTF(4, 5);
static void say(JsonOut *out, const char *path, const char *code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  json_object(out);
  json_kv_string(out, "fieldPath", path);
  json_kv_string(out, "description", text);
  json_kv_string(out, "validationCode", code);
  json_object_end(out);
}

static gboolean is_name(Text name) {
  if (name.size == 0 || name.size > NAME_MAX_SIZE || !g_ascii_isalpha(name.at[0]))
    return FALSE;
  for (guint32 i = 0; i < name.size; i++)
    if (!g_ascii_isalnum(name.at[i]) && name.at[i] != '_')
      return FALSE;
  return TRUE;
}

static void check_name(JsonOut *out, const char *path, guint index, Text name) {
  g_autofree char *shown = text_dup(name);
  if (name.size == 0)
    say(out, path, "VALUE_REQUIRED", "Event at index: [%u] has no name.", index);
  else if (is_quiet(name))
    say(out, path, "NAME_RESERVED", "Event at index: [%u] has name [%s] which is reserved.", index, shown);
  else if (!g_ascii_isalpha(name.at[0]))
    say(out, path, "NAME_INVALID", "Event at index: [%u] has invalid name [%s]. Names must start with an alphabetic character.",
        index, shown);
  else if (!is_name(name))
    say(out, path, "NAME_INVALID",
        "Event at index: [%u] has invalid name [%s]. Names take at most %d letters, digits and underscores.", index, shown,
        NAME_MAX_SIZE);
}

static void check_params(JsonOut *out, guint index, JsonValue params) {
  static const char *const valued[] = {"value", "currency"};
  JsonIter iter;
  Text name;
  JsonValue value, given[2];
  guint n = 0;
  json_in_walk(&iter, params);
  for (; iter.object && json_in_next(&iter, &name, &value); n++)
    if (!is_name(name)) {
      g_autofree char *shown = text_dup(name);
      say(out, "events.params", "NAME_INVALID", "Event at index: [%u] has a parameter of invalid name [%s].", index, shown);
    }
  if (n > PARAMS_MAX)
    say(out, "events.params", "EXCEEDED_MAX_ENTITIES", "Event at index: [%u] has %u parameters; at most %d are taken.", index, n,
        PARAMS_MAX);
  gboolean has_value = json_in_get(params, valued[0], &given[0]), has_currency = json_in_get(params, valued[1], &given[1]);
  if (has_value && json_in_kind(given[0]) != JSON_NUMBER)
    say(out, "events.params.value", "VALUE_INVALID", "Event at index: [%u] has a value that is no number.", index);
  if (has_value && !has_currency)
    say(out, "events.params.currency", "VALUE_REQUIRED", "Event at index: [%u] has a value, so it needs a currency.", index);
  if (has_currency && json_in_string(given[1]).size != 3)
    say(out, "events.params.currency", "VALUE_INVALID", "Event at index: [%u] has a currency that is no code of three letters.",
        index);
}

static void check_event(JsonOut *out, guint index, JsonValue event) {
  JsonValue name, params, items;
  Text text = json_in_get(event, "name", &name) ? json_in_string(name) : (Text){NULL, 0};
  check_name(out, "events", index, text);
  if (!json_in_get(event, "params", &params))
    return;
  if (json_in_kind(params) != JSON_OBJECT)
    say(out, "events.params", "VALUE_INVALID", "Event at index: [%u] has params that are no object.", index);
  check_params(out, index, params);
  if (json_in_get(params, "items", &items) && json_in_kind(items) != JSON_ARRAY)
    say(out, "events.params.items", "VALUE_INVALID", "Event at index: [%u] has items that are no list.", index);
}

/* A time that is none, or that lies ahead. */
static void check_time(JsonOut *out, const CaptureWorker *worker, const CaptureRequest *request, JsonValue root) {
  JsonValue value;
  gint64 instant;
  const char *why;
  if (!json_in_get(root, "timestamp_micros", &value))
    return;
  if (!segment_time(worker->segment, value, &instant, &why))
    say(out, "timestamp_micros", "VALUE_INVALID", "The time is %s.", why);
  else if (instant > request->received_ms + MS_HOUR)
    say(out, "timestamp_micros", "VALUE_OUT_OF_BOUNDS", "The time lies ahead of the present.");
}

static void check_body(JsonOut *out, const CaptureWorker *worker, const CaptureRequest *request, JsonValue root) {
  JsonIter iter;
  Text unused;
  JsonValue value, event;
  guint n = 0;
  gboolean client = json_in_get(root, "client_id", &value) || json_in_get(root, "app_instance_id", &value);
  if (!client || (json_in_string(value).size == 0 && json_in_kind(value) != JSON_NUMBER))
    say(out, "client_id", "VALUE_REQUIRED", "Measurement requires a client_id, or an app_instance_id.");
  check_time(out, worker, request, root);
  if (!json_in_get(root, "events", &value) || json_in_kind(value) != JSON_ARRAY) {
    say(out, "events", "VALUE_REQUIRED", "Measurement requires a list of events.");
    return;
  }
  json_in_walk(&iter, value);
  for (; json_in_next(&iter, &unused, &event); n++)
    check_event(out, n, event);
  if (n == 0)
    say(out, "events", "VALUE_REQUIRED", "Measurement requires at least one event.");
  if (n > EVENTS_MAX)
    say(out, "events", "EXCEEDED_MAX_ENTITIES", "%u events were given; at most %d are taken.", n, EVENTS_MAX);
}

static gboolean read_debug(CaptureWorker *worker, const CaptureRequest *request, Submission *submission, CaptureReply *reply,
                           GError **error) {
  JsonValue root;
  g_autoptr(JsonOut) out = json_out_new();
  g_autoptr(GError) invalid = NULL;
  json_object(out);
  json_key(out, "validationMessages");
  json_array(out);
  if (json_in_parse(worker->json, request->body.at, request->body.size, TRUE, &root, &invalid))
    check_body(out, worker, request, root);
  else
    say(out, "", "VALUE_INVALID", "The body is no JSON: %s", invalid->message);
  json_array_end(out);
  json_object_end(out);
  capture_reply_json(reply, 200, out);
  return TRUE;
}

static const char *const debug_paths[] = {"/debug/mp/collect", NULL};

const Protocol ga4_debug_protocol = {.name = "ga4-debug", .paths = debug_paths, .key = read_key, .read = read_debug};
