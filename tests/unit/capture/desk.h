/* SPDX-License-Identifier: Apache-2.0
 * desk.h: a request made by hand goes through a protocol; what it handed in is kept as lines of text,
 *   name|call|time|channel|value currency|user=anna anonymous=d1|source=x properties.y=z
 * The submission is the test's own, so that no record is needed. */
#pragma once
#include "base/error.h"
#include "capture/form.h"
#include "capture/protocols.h"

#define NOON G_GINT64_CONSTANT(1766577600000) /* 2025-12-24T12:00:00Z */

struct Submission {
  GPtrArray *lines; /* of char* */
  GArray *excluded; /* of gboolean */
};

typedef struct {
  CaptureRequest request; /* first: its functions find the desk by it */
  Spaces *spaces;
  DoorOptions options;
  Project *project;
  CaptureSource source;
  CaptureWorker worker;
  Form *query;
  GHashTable *headers;
  GString *body;
  CaptureReply reply;
  Submission submission;
  GError *error;
} Desk;

static const char *const space_names[] = {"user", "crm", "card", "email", "phone", "anonymous", "device"};

static gint by_text(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *properties_text(const Event *event) {
  g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < event->n_properties; i++) {
    const Property *p = &event->properties[i];
    const char *literal = p->kind == VALUE_TRUE ? "true" : p->kind == VALUE_FALSE ? "false" : "";
    g_ptr_array_add(parts, g_strdup_printf("%.*s=%.*s%s", (int)p->key.size, p->key.at, (int)p->text.size, p->text.at, literal));
  }
  g_ptr_array_sort(parts, by_text);
  g_ptr_array_add(parts, NULL);
  return g_strjoinv(" ", (char **)parts->pdata);
}

static char *identifiers_text(const Event *event) {
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < event->n_identifiers; i++) {
    const Identifier *id = &event->identifiers[i];
    g_string_append_printf(out, "%s%s=%.*s", i ? " " : "", space_names[id->space], (int)id->value.size, id->value.at);
  }
  return g_string_free(out, FALSE);
}

static char *event_text(const Event *event) {
  static const char *const calls[] = {"track", "identify", "page", "screen", "group", "alias"};
  g_autofree char *ids = identifiers_text(event), *properties = properties_text(event), *time = clock_text(event->time_ms);
  char value[MONEY_TEXT_SIZE] = "-";
  if (event->has_value)
    money_format(event->value_micro, value);
  return g_strdup_printf("%.*s|%s|%s|%.*s|%s %.*s|%s|%s", (int)event->name.size, event->name.at, calls[event->call], time,
                         (int)event->channel.size, event->channel.at, value, (int)event->currency.size, event->currency.at, ids,
                         properties);
}

gboolean submission_add(Submission *submission, const Event *event, const char **why) {
  gboolean excluded = event->excluded.size > 0;
  g_ptr_array_add(submission->lines, event_text(event));
  g_array_append_val(submission->excluded, excluded);
  return TRUE;
}
gboolean submission_add_judged(Submission *submission, const Event *event, guint64 judged, const char **why) {
  return submission_add(submission, event, why);
}

gboolean submission_add_less(Submission *submission, const Event *event, guint64 judged, const char **why) {
  return submission_add(submission, event, why);
}
gboolean submission_consent(Submission *submission, guint64 identifier, Text purpose, Text version, gboolean granted, gboolean masks,
                            gint64 at_ms) {
  return TRUE;
}
const GArray *submission_consents(const Submission *submission) {
  return NULL;
}
guint submission_count(const Submission *submission) {
  return submission->lines->len;
}

static const char *desk_header(const CaptureRequest *request, const char *name) {
  g_autofree char *lower = g_ascii_strdown(name, -1);
  return g_hash_table_lookup(((const Desk *)(const void *)request)->headers, lower);
}
static const char *desk_argument(const CaptureRequest *request, const char *name) {
  return form_get(((const Desk *)(const void *)request)->query, name);
}
static void desk_each_argument(const CaptureRequest *request, void (*each)(const char *, const char *, gpointer), gpointer user) {
  form_each(((const Desk *)(const void *)request)->query, each, user);
}

static void desk_open(Desk *desk, const char *project_yaml) {
  static const HashKey key = {{1, 2, 3}};
  g_autoptr(GError) error = NULL;
  memset(desk, 0, sizeof *desk);
  desk->spaces = spaces_new();
  desk->project = project_parse(project_yaml, strlen(project_yaml), &error);
  g_assert_no_error(error);
  desk->options = (DoorOptions){.spaces = desk->spaces, .key = &key, .aliases = TRUE, .web = TRUE};
  desk->source.name = (char *)"shop";
  desk->source.kind = SOURCE_WEB;
  desk->source.trusted = TRUE;
  desk->worker = (CaptureWorker){&desk->source, &desk->options, desk->project, json_in_new(1 << 22),
                                 segment_new(&desk->options, NULL, 1 << 20)};
  desk->query = form_new();
  desk->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  desk->body = g_string_new(NULL);
  desk->submission.lines = g_ptr_array_new_with_free_func(g_free);
  desk->submission.excluded = g_array_new(FALSE, FALSE, sizeof(gboolean));
}

static void desk_clear(Desk *desk) {
  form_clear(desk->query);
  g_hash_table_remove_all(desk->headers);
  g_ptr_array_set_size(desk->submission.lines, 0);
  g_array_set_size(desk->submission.excluded, 0);
  g_clear_error(&desk->error);
  if (desk->reply.body)
    g_string_free(desk->reply.body, TRUE);
  g_free(desk->reply.location);
  desk->reply = (CaptureReply){0};
}

static void desk_close(Desk *desk) {
  desk_clear(desk);
  segment_free(desk->worker.segment);
  json_in_free(desk->worker.json);
  project_free(desk->project);
  spaces_free(desk->spaces);
  form_free(desk->query);
  g_hash_table_unref(desk->headers);
  g_string_free(desk->body, TRUE);
  g_ptr_array_unref(desk->submission.lines);
  g_array_unref(desk->submission.excluded);
}

static inline void desk_set_header(Desk *desk, const char *name, const char *value) {
  g_hash_table_insert(desk->headers, g_ascii_strdown(name, -1), g_strdup(value));
}

static inline CaptureRequest *desk_request(Desk *desk, const char *method, const char *address, const char *body) {
  const char *mark = strchr(address, '?');
  static char path[1024];
  g_strlcpy(path, address, MIN(sizeof path, (mark ? (gsize)(mark - address) : strlen(address)) + 1));
  if (mark)
    form_add_query(desk->query, text_of(mark));
  g_string_assign(desk->body, body ? body : "");
  gsize size = desk->body->len;
  for (guint i = 0; i < JSON_PADDING; i++)
    g_string_append_c(desk->body, '\0');
  desk->request = (CaptureRequest){.method = method,
                                   .path = path,
                                   .body = {desk->body->str, (guint32)size},
                                   .received_ms = NOON,
                                   .address = "192.0.2.0",
                                   .header = desk_header,
                                   .argument = desk_argument,
                                   .each_argument = desk_each_argument};
  return &desk->request;
}

/* Forgets the last request unless headers were set for this one; TRUE when it was taken. */
static inline gboolean desk_send(Desk *desk, const Protocol *protocol, const char *method, const char *address, const char *body) {
  CaptureRequest *request = desk_request(desk, method, address, body);
  return protocol->read(&desk->worker, request, &desk->submission, &desk->reply, &desk->error);
}

static inline const char *desk_line(const Desk *desk, guint i) {
  g_assert_cmpuint(desk->submission.lines->len, >, i);
  return desk->submission.lines->pdata[i];
}

static inline char *desk_key(Desk *desk, const Protocol *protocol, const char *method, const char *address, const char *body) {
  return protocol->key(desk_request(desk, method, address, body), desk->worker.json);
}
