// SPDX-License-Identifier: Apache-2.0
// What gtag.js sends from a page: /g/collect with short parameters in the address, and more events as lines of the
// body. Each is written out in the words of the Measurement Protocol and read as that is.
#include "capture/protocols.h"

#include "base/error.h"
#include "base/json_out.h"
#include "capture/form.h"
#include "capture/ga4_protocol.h"

typedef struct {
  const char *name, *key;
} Pair;

static void put(JsonOut *out, const Form *form, const Pair *pairs, guint n) {
  for (guint i = 0; i < n; i++)
    if (form_get(form, pairs[i].name))
      json_kv_string(out, pairs[i].key, form_get(form, pairs[i].name));
}

/* "ep.method" is the text `method`, "epn.value" the number `value`. */
static void put_param(const char *name, const char *value, gpointer out) {
  gboolean number = g_str_has_prefix(name, "epn.");
  if (!number && !g_str_has_prefix(name, "ep."))
    return;
  json_key(out, name + (number ? 4 : 3));
  if (number && decimal_is_canonical(text_of(value)))
    json_raw(out, value, strlen(value));
  else
    json_string(out, value);
}

static void put_user(const char *name, const char *value, gpointer out) {
  gboolean number = g_str_has_prefix(name, "upn.");
  if (!number && !g_str_has_prefix(name, "up."))
    return;
  json_key(out, name + (number ? 4 : 3));
  json_object(out);
  json_kv_string(out, "value", value);
  json_object_end(out);
}

static gboolean is_item(const char *name) {
  return g_str_has_prefix(name, "pr") && g_ascii_isdigit(name[2]);
}

static void note_item(const char *name, const char *value, gpointer found) {
  *(gboolean *)found = *(gboolean *)found || is_item(name);
}

/* "idS1~nmShoe~pr27.45~qt2": two letters say what follows. */
static void put_item(const char *name, const char *value, gpointer out) {
  static const Pair letters[] = {{"id", "item_id"},      {"nm", "item_name"}, {"br", "item_brand"}, {"ca", "item_category"},
                                 {"va", "item_variant"}, {"pr", "price"},     {"qt", "quantity"},   {"cp", "coupon"}};
  if (!is_item(name))
    return;
  g_auto(GStrv) parts = g_strsplit(value, "~", 64);
  json_object(out);
  for (guint i = 0; parts[i]; i++)
    for (guint k = 0; k < G_N_ELEMENTS(letters); k++)
      if (g_str_has_prefix(parts[i], letters[k].name) && parts[i][2]) {
        json_key(out, letters[k].key);
        if ((k == 5 || k == 6) && decimal_is_canonical(text_of(parts[i] + 2)))
          json_raw(out, parts[i] + 2, strlen(parts[i] + 2));
        else
          json_string(out, parts[i] + 2);
      }
  json_object_end(out);
}

/* Google's consent mode: G1, then a digit for ads and one for measuring. */
static void put_consent(JsonOut *out, const Form *form) {
  const char *state = form_get(form, "gcs");
  if (state == NULL || strlen(state) != 4 || (state[3] != '0' && state[3] != '1'))
    return;
  json_key(out, "consent");
  json_object(out);
  json_kv_string(out, "analytics_storage", state[3] == '1' ? "GRANTED" : "DENIED");
  json_object_end(out);
}

static void write_event(JsonOut *out, const Form *form) {
  static const Pair params[] = {
      {"dl", "page_location"}, {"dr", "page_referrer"}, {"dt", "page_title"}, {"sid", "session_id"}, {"cu", "currency"}};
  json_object(out);
  if (form_get(form, "en"))
    json_kv_string(out, "name", form_get(form, "en"));
  json_key(out, "params");
  json_object(out);
  put(out, form, params, G_N_ELEMENTS(params));
  form_each(form, put_param, out);
  gboolean items = FALSE;
  form_each(form, note_item, &items);
  if (items) {
    json_key(out, "items");
    json_array(out);
    form_each(form, put_item, out);
    json_array_end(out);
  }
  json_object_end(out);
  json_object_end(out);
}

static char *write_body(const Form *form) {
  static const Pair who[] = {{"cid", "client_id"}, {"uid", "user_id"}};
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  put(out, form, who, G_N_ELEMENTS(who));
  put_consent(out, form);
  json_key(out, "user_properties");
  json_object(out);
  form_each(form, put_user, out);
  json_object_end(out);
  json_key(out, "events");
  json_array(out);
  write_event(out, form);
  json_array_end(out);
  json_object_end(out);
  return g_strdup(json_out_text(out, NULL));
}

/* A line says what is its own; the address says the rest. */
static void read_line(Intake *intake, Text line) {
  g_autoptr(Form) form = form_new();
  g_autoptr(GError) error = NULL;
  JsonValue root, events;
  form_add_query(form, line);
  form_add_request(form, intake->request);
  g_autofree char *body = write_body(form);
  if (json_in_parse(intake->worker->json, body, strlen(body), FALSE, &root, &error) && json_in_get(root, "events", &events))
    ga4_read_events(intake, root, events);
  else
    intake_refuse(intake, error ? error->message : "no event");
}

static gboolean read_collect(CaptureWorker *worker, const CaptureRequest *request, Submission *submission, CaptureReply *reply,
                             GError **error) {
  Intake intake;
  Text rest = text_some(request->body);
  intake_begin(&intake, worker, request, submission, reply);
  reply->status = 204;
  if (rest.size == 0)
    read_line(&intake, rest);
  while (rest.size) {
    const char *end = memchr(rest.at, '\n', rest.size);
    guint32 size = end ? (guint32)(end - rest.at) : rest.size, taken = size + (end != NULL);
    Text line = {rest.at, size && rest.at[size - 1] == '\r' ? size - 1 : size};
    if (line.size)
      read_line(&intake, line);
    rest = (Text){rest.at + taken, rest.size - taken};
  }
  return intake_end(&intake, error);
}

static char *read_key(const CaptureRequest *request, JsonIn *json) {
  return g_strdup(request->argument(request, "tid"));
}

static const char *const paths[] = {"/g/collect", NULL};

const Protocol ga4_web_protocol = {.name = "ga4-web", .paths = paths, .simple = TRUE, .key = read_key, .read = read_collect};
