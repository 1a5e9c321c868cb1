// SPDX-License-Identifier: Apache-2.0
// Webhooks of other programs, by the section `hooks` of the project file. After the signature is checked, every event
// of the body becomes a flat object whose keys are fields of a file's mapping, and is read as a row would be.
//
// A path: "customer.email", "lines[0].sku", "payments[].amount" (amounts are added up, of anything else the first
// counts), "header.X-Topic", "query.kind", "body.id" (of the whole body, where `events` leads to a list), "\"text\"".
// "a | b": the first that is there.
#include "capture/protocols.h"

#include "base/error.h"
#include "base/json_out.h"
#include "capture/form.h"
#include "capture/intake.h"
#include "capture/capture_reply.h"
#include <sodium.h>

enum { SECRET_SIZE_MAX = 4096, FOUND_MAX = 1000 };
static const char prefix[] = "/v1/hooks/";

static const Hook *find_hook(const CaptureRequest *request, const Project *project, GError **error) {
  const char *name = request->path + strlen(prefix);
  const Hook *hook = project_hook(project, name);
  if (hook == NULL)
    error_set(error, ERROR_NOT_FOUND, "the project has no hook %.100s\nhint: the section hooks of the project file names them",
              name);
  return hook;
}

static char *source_name(const CaptureRequest *request, const Project *project, GError **error) {
  const Hook *hook = find_hook(request, project, error);
  return hook ? g_strdup(hook->source) : NULL;
}

/* --- proof ----------------------------------------------------------------------------------------------- */

static char *find_secret(const Hook *hook, GError **error) {
  g_autofree char *text = NULL;
  gsize size = 0;
  if (hook->secret_env)
    text = g_strdup(g_getenv(hook->secret_env));
  else if (!g_file_get_contents(hook->secret_file, &text, &size, NULL) || size > SECRET_SIZE_MAX)
    g_clear_pointer(&text, g_free);
  if (text)
    g_strchomp(text);
  if (text == NULL || *text == '\0') {
    error_set(error, ERROR_FORBIDDEN, "the hook %s cannot be checked: its secret is not there\nhint: set %s", hook->name,
              hook->secret_env ? hook->secret_env : hook->secret_file);
    return NULL;
  }
  return g_steal_pointer(&text);
}

/* In time that does not tell how much of it is right. */
static gboolean is_equal(const char *a, const char *b) {
  gsize size = strlen(a);
  return strlen(b) == size && sodium_memcmp(a, b, size) == 0;
}

static char *sign(const Hook *hook, const char *secret, Text body) {
  guint8 hash[crypto_auth_hmacsha256_BYTES];
  char text[2 * sizeof hash + 1];
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, (const guint8 *)secret, strlen(secret));
  crypto_auth_hmacsha256_update(&state, (const guint8 *)text_some(body).at, body.size);
  crypto_auth_hmacsha256_final(&state, hash);
  if (hook->hex)
    sodium_bin2hex(text, sizeof text, hash, sizeof hash);
  else
    sodium_bin2base64(text, sizeof text, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
  return g_strdup(text);
}

static gboolean is_proven(const Hook *hook, const CaptureRequest *request, const char *secret) {
  const char *header = request->header(request, hook->header ? hook->header : "Authorization");
  const char *start = hook->prefix ? hook->prefix : hook->proof == HOOK_TOKEN && hook->header == NULL ? "Bearer " : "";
  const char *given = header && g_str_has_prefix(header, start) ? header + strlen(start) : NULL;
  if (hook->proof == HOOK_TOKEN) {
    const char *argument = request->argument(request, "token");
    return (given && is_equal(secret, given)) || (argument && is_equal(secret, argument));
  }
  if (given == NULL)
    return FALSE;
  g_autofree char *expected = sign(hook, secret, request->body);
  g_autofree char *lower = hook->hex ? g_ascii_strdown(given, -1) : g_strdup(given);
  return is_equal(expected, lower);
}

static gboolean check_proof(const Hook *hook, const CaptureRequest *request, GError **error) {
  if (hook->proof == HOOK_OPEN)
    return TRUE;
  g_autofree char *secret = find_secret(hook, error);
  if (secret == NULL)
    return FALSE;
  gboolean proven = is_proven(hook, request, secret);
  sodium_memzero(secret, strlen(secret));
  return proven || error_set(error, ERROR_FORBIDDEN, "the request to the hook %s is not signed with its secret", hook->name);
}

/* --- paths ----------------------------------------------------------------------------------------------- */

typedef struct {
  Intake intake;
  const Hook *hook;
  JsonValue body, event;
  guint skipped;
} HookCall;

typedef struct {
  JsonValue values[FOUND_MAX];
  guint n;
} Found;

static void collect(JsonValue value, const char *path, Found *found);

/* What follows a name: [3], [], or the next name. */
static void collect_items(JsonValue list, const char *path, Found *found) {
  JsonIter iter;
  Text unused;
  JsonValue item;
  char *end;
  gboolean all = path[1] == ']';
  guint64 wanted = all ? 0 : g_ascii_strtoull(path + 1, &end, 10);
  const char *rest = strchr(path, ']');
  if (rest == NULL || json_in_kind(list) != JSON_ARRAY)
    return;
  json_in_walk(&iter, list);
  for (guint64 i = 0; json_in_next(&iter, &unused, &item); i++)
    if (all || i == wanted)
      collect(item, rest + 1, found);
}

static void collect(JsonValue value, const char *path, Found *found) {
  if (*path == '.')
    path++;
  if (*path == '\0') {
    if (found->n < FOUND_MAX && json_in_kind(value) != JSON_NULL)
      found->values[found->n++] = value;
    return;
  }
  if (*path == '[') {
    collect_items(value, path, found);
    return;
  }
  gsize size = strcspn(path, ".[");
  g_autofree char *name = g_strndup(path, size);
  if (json_in_kind(value) == JSON_OBJECT && json_in_get(value, name, &value))
    collect(value, path + size, found);
}

static char *scalar_text(JsonValue value) {
  char buffer[JSON_NUMBER_SIZE];
  switch (json_in_kind(value)) {
  case JSON_STRING: return text_dup(json_in_string(value));
  case JSON_NUMBER: return text_dup(json_in_number(value, buffer));
  case JSON_TRUE: return g_strdup("true");
  case JSON_FALSE: return g_strdup("false");
  default: return NULL;
  }
}

static gboolean add_up(const Found *found, gint64 *sum) {
  char currency[MONEY_CURRENCY_SIZE];
  const char *why;
  *sum = 0;
  for (guint i = 0; i < found->n; i++) {
    gint64 micro;
    g_autofree char *text = scalar_text(found->values[i]);
    if (text == NULL || !decimal_is_canonical(text_of(text)) ||
        !money_parse(text_of(text), DECIMAL_POINT, &micro, currency, &why) || __builtin_add_overflow(*sum, micro, sum))
      return FALSE;
  }
  return TRUE;
}

/* What one alternative leads to, as JSON; NULL when nothing is there. */
static char *json_at(const HookCall *call, const char *path) {
  g_autoptr(JsonOut) out = json_out_new();
  const CaptureRequest *request = call->intake.request;
  const char *text = NULL;
  gsize size = strlen(path);
  g_autofree Found *found = NULL;
  gint64 sum;
  if (*path == '"' && size > 1 && path[size - 1] == '"') {
    json_string_n(out, path + 1, size - 2);
    return g_strdup(json_out_text(out, NULL));
  }
  if (g_str_has_prefix(path, "header.") || g_str_has_prefix(path, "query.")) {
    gboolean header = *path == 'h';
    text = header ? request->header(request, path + 7) : request->argument(request, path + 6);
    json_string(out, text);
    return text && *text ? g_strdup(json_out_text(out, NULL)) : NULL;
  }
  found = g_new(Found, 1);
  found->n = 0;
  if (g_str_has_prefix(path, "body."))
    collect(call->body, path + 5, found);
  else
    collect(call->event, path, found);
  if (found->n == 0 || (json_in_kind(found->values[0]) == JSON_STRING && json_in_string(found->values[0]).size == 0))
    return NULL;
  if (found->n > 1 && add_up(found, &sum)) {
    json_micro(out, sum);
    return g_strdup(json_out_text(out, NULL));
  }
  GString *json = g_string_new(NULL);
  json_in_minify(found->values[0], json);
  return g_string_free(json, FALSE);
}

static char *json_of(const HookCall *call, const char *path) {
  g_auto(GStrv) alternatives = g_strsplit(path, "|", -1);
  for (guint i = 0; alternatives[i]; i++) {
    char *json = json_at(call, g_strstrip(alternatives[i]));
    if (json)
      return json;
  }
  return NULL;
}

/* The same as plain text. */
static char *text_of_path(HookCall *call, const char *path) {
  g_autofree char *json = json_of(call, path);
  g_autoptr(JsonIn) in = json_in_new(EVENT_SIZE_MAX);
  JsonValue value;
  return json && json_in_parse(in, json, strlen(json), FALSE, &value, NULL) ? scalar_text(value) : NULL;
}

/* --- events ---------------------------------------------------------------------------------------------- */

static gboolean is_wanted(HookCall *call) {
  for (guint i = 0; i < call->hook->only->len; i++) {
    const HookOnly *only = call->hook->only->pdata[i];
    g_autofree char *text = text_of_path(call, only->path);
    gboolean among = FALSE;
    for (guint k = 0; text && k < only->values->len; k++)
      among = among || strcmp(text, only->values->pdata[k]) == 0;
    if (!among)
      return FALSE;
  }
  return TRUE;
}

static const char *our_name(const Hook *hook, const char *theirs) {
  for (guint i = 0; theirs && i < hook->names->len; i++)
    if (strcmp(((const HookField *)hook->names->pdata[i])->field, theirs) == 0)
      return ((const HookField *)hook->names->pdata[i])->path;
  return hook->keep_others ? theirs : NULL;
}

static const char *member_name(const char *field) {
  return g_str_has_prefix(field, "properties.") ? field + strlen("properties.") : field;
}

static const HookField *find_field(const GPtrArray *fields, const char *name) {
  for (guint i = 0; i < fields->len; i++)
    if (strcmp(((const HookField *)fields->pdata[i])->field, name) == 0)
      return fields->pdata[i];
  return NULL;
}

/* Writes the flat object. FALSE when the event is none of those that are wanted. */
static gboolean write_row(HookCall *call, JsonOut *out) {
  const Hook *hook = call->hook;
  const HookField *event = find_field(hook->fields, "event"), *constant = find_field(hook->set, "event");
  g_autofree char *theirs = event ? text_of_path(call, event->path) : NULL;
  const char *name = theirs ? our_name(hook, theirs) : constant ? constant->path : NULL;
  gboolean timed = FALSE;
  if (name == NULL || *name == '\0')
    return FALSE;
  json_object(out);
  json_kv_string(out, "event", name);
  for (guint i = 0; i < hook->fields->len; i++) {
    const HookField *field = hook->fields->pdata[i];
    g_autofree char *json = field == event || strcmp(field->field, "agent") == 0 ? NULL : json_of(call, field->path);
    if (json == NULL)
      continue;
    timed = timed || strcmp(field->field, "time") == 0;
    json_key(out, member_name(field->field));
    json_raw(out, json, strlen(json));
  }
  for (guint i = 0; i < hook->set->len; i++) {
    const HookField *field = hook->set->pdata[i];
    if (field != constant)
      json_kv_string(out, member_name(field->field), field->path);
  }
  if (!timed)
    json_kv_int(out, "time", call->intake.request->received_ms);
  json_object_end(out);
  return TRUE;
}

/* Whatever is a field is mapped to itself; the rest are properties. */
static Mapping *own_mapping(const Hook *hook, const Spaces *spaces) {
  Mapping *mapping = mapping_new(spaces);
  const GPtrArray *lists[] = {hook->fields, hook->set};
  mapping_map(mapping, "event", "event", NULL);
  mapping_map(mapping, "time", "time", NULL);
  for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
    for (guint k = 0; k < lists[i]->len; k++) {
      const char *field = ((const HookField *)lists[i]->pdata[k])->field;
      if (!g_str_has_prefix(field, "properties."))
        mapping_map(mapping, field, field, NULL);
    }
  return mapping;
}

static MachineAct act_of(const Event *event) {
  return event->grade == GRADE_OPEN ? MACHINE_LOADING : event->grade == GRADE_CLICK ? MACHINE_FOLLOWING : MACHINE_BROWSING;
}

static void read_event(HookCall *call, Segment *segment) {
  g_autoptr(JsonOut) out = json_out_new();
  Intake *intake = &call->intake;
  const HookField *agent = find_field(call->hook->fields, "agent");
  const char *why = NULL;
  gsize size;
  if (!is_wanted(call) || !write_row(call, out)) {
    call->skipped++;
    return;
  }
  const char *json = json_out_text(out, &size);
  if (!segment_read(segment, (Text){json, (guint32)size}, &intake->times, &intake->event, &why)) {
    intake_refuse(intake, why);
    return;
  }
  g_autofree char *told = agent ? text_of_path(call, agent->path) : NULL;
  intake->agent = told;
  intake->act = told ? act_of(&intake->event) : MACHINE_BROWSING;
  intake_event(intake, &intake->event);
  intake->agent = NULL;
}

static void read_events(HookCall *call, Segment *segment) {
  JsonIter iter;
  Text unused;
  g_autofree Found *found = g_new(Found, 1);
  found->n = 0;
  collect(call->body, call->hook->events ? call->hook->events : "", found);
  for (guint i = 0; i < found->n; i++) {
    call->event = found->values[i];
    if (json_in_kind(call->event) != JSON_ARRAY) {
      read_event(call, segment);
      continue;
    }
    json_in_walk(&iter, found->values[i]);
    while (json_in_next(&iter, &unused, &call->event))
      read_event(call, segment);
  }
}

/* --- requests -------------------------------------------------------------------------------------------- */

static void put_field(const char *name, const char *value, gpointer out) {
  json_kv_string(out, name, value);
}

/* Some programs send forms, if only to try the address. */
static gboolean parse_body(CaptureWorker *worker, const CaptureRequest *request, GString *form_json, JsonValue *root,
                           GError **error) {
  const char *type = request->header(request, "Content-Type");
  if (type == NULL || !g_str_has_prefix(type, "application/x-www-form-urlencoded"))
    return json_in_parse(worker->json, request->body.at, request->body.size, TRUE, root, error);
  g_autoptr(Form) form = form_new();
  g_autoptr(JsonOut) out = json_out_new();
  form_add_query(form, request->body);
  json_object(out);
  form_each(form, put_field, out);
  json_object_end(out);
  g_string_assign(form_json, json_out_text(out, NULL));
  return json_in_parse(worker->json, form_json->str, form_json->len, FALSE, root, error);
}

static void write_reply(const HookCall *call, CaptureReply *reply) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_kv_int(out, "taken", call->intake.taken);
  json_kv_int(out, "skipped", call->skipped);
  json_kv_int(out, "refused", reply->refused);
  json_object_end(out);
  capture_reply_json(reply, 200, out);
}

static gboolean read_request(CaptureWorker *worker, const CaptureRequest *request, Submission *submission, CaptureReply *reply,
                             GError **error) {
  const Hook *hook = find_hook(request, worker->project, error);
  g_autofree HookCall *call = g_new(HookCall, 1);
  g_autoptr(GString) form_json = g_string_new(NULL);
  if (hook == NULL || !check_proof(hook, request, error))
    return FALSE;
  if (!parse_body(worker, request, form_json, &call->body, error))
    return FALSE;
  DoorOptions options = *worker->door;
  g_autoptr(Mapping) mapping = own_mapping(hook, options.spaces);
  options.zone = hook->zone;
  g_autoptr(Segment) segment = segment_new(&options, mapping, EVENT_SIZE_MAX);
  intake_begin(&call->intake, worker, request, submission, reply);
  call->hook = hook;
  call->skipped = 0;
  read_events(call, segment);
  write_reply(call, reply);
  return intake_end(&call->intake, error);
}

static const char *const paths[] = {prefix, NULL};

const Protocol hook_protocol = {.name = "hook", .paths = paths, .signed_source = source_name, .read = read_request};
