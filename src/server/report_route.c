// SPDX-License-Identifier: Apache-2.0
#include "server/report_route.h"

#include "analysis/map.h"
#include "base/error.h"
#include "base/json_in.h"
#include "exchange/map_svg.h"
#include "server/jobs.h"
#include "server/min_group.h"
#include "server/routes.h"
#include "server/server_private.h"
#include <string.h>

enum { PARAMS_MAX = 200 };

typedef struct { /* a question */
  const Report *report;
  Params *params;
} Asked;

/* --- what is asked ------------------------------------------------------------------------------------------- */

typedef struct {
  Params *params;
  guint n;
  const char *refused;
} Reading;

/* Those that make sense only where the program runs. */
static gboolean is_local_option(const char *name) {
  static const char *const local[] = {"db", "out", "timing", "repeat", NULL};
  return g_strv_contains(local, name);
}

static void add(Reading *reading, const char *name, const char *value) {
  if (is_local_option(name) || ++reading->n > PARAMS_MAX)
    reading->refused =
        is_local_option(name) ? "db, out, timing and repeat are options of the command line only" : "more than 200 options";
  else
    params_add(reading->params, name, value);
}

static void add_argument(const char *name, const char *value, gpointer user) {
  add(user, name, value);
}

static gboolean add_value(Reading *reading, const char *name, JsonValue value, GError **error) {
  char number[JSON_NUMBER_SIZE];
  g_autofree char *text = NULL;
  switch (json_in_kind(value)) {
  case JSON_STRING: text = text_dup(json_in_string(value)); break;
  case JSON_NUMBER: text = text_dup(json_in_number(value, number)); break;
  case JSON_TRUE: text = g_strdup("true"); break;
  case JSON_FALSE: text = g_strdup("false"); break;
  case JSON_NULL: return TRUE;
  default: return error_set(error, ERROR_INVALID, "%s: a text, a number, true or false, or a list of them is expected", name);
  }
  add(reading, name, text);
  return TRUE;
}

static gboolean add_member(Reading *reading, const char *name, JsonValue value, GError **error) {
  JsonIter iter;
  Text none;
  JsonValue item;
  if (json_in_kind(value) != JSON_ARRAY)
    return add_value(reading, name, value, error);
  json_in_walk(&iter, value);
  while (json_in_next(&iter, &none, &item))
    if (!add_value(reading, name, item, error))
      return FALSE;
  return TRUE;
}

static gboolean read_json(Reading *reading, Text body, GError **error) {
  g_autoptr(JsonIn) json = json_in_new(1 << 20);
  JsonValue root, value;
  JsonIter iter;
  Text key;
  if (!json_in_parse(json, body.at, body.size, TRUE, &root, error))
    return FALSE;
  if (json_in_kind(root) != JSON_OBJECT)
    return error_set(
        error, ERROR_INVALID,
        "the body is no JSON object\nhint: its keys are the options, as {\"step\": [\"a\", \"b\"], \"window\": \"7d\"}");
  json_in_walk(&iter, root);
  while (json_in_next(&iter, &key, &value)) {
    g_autofree char *name = text_dup(key);
    if (!add_member(reading, name, value, error))
      return FALSE;
  }
  return TRUE;
}

gboolean report_route_params(const Exchange *exchange, Params *params, GError **error) {
  Reading reading = {.params = params};
  Text body = exchange_body(exchange);
  exchange_each_argument(exchange, add_argument, &reading);
  if (body.size && !read_json(&reading, body, error))
    return FALSE;
  return reading.refused == NULL || error_set(error, ERROR_USAGE, "%s", reading.refused);
}

/* --- answering ------------------------------------------------------------------------------------------------- */

static void asked_free(gpointer data) {
  Asked *asked = data;
  params_free(asked->params);
  g_free(asked);
}

/* The command that prints the same figures, for the foot of a picture. */
static char *command_text(const Asked *asked) {
  const Param *tables[] = {asked->report->params, workspace_common_params};
  GString *out = g_string_new("etappe ");
  g_string_append(out, asked->report->name);
  for (guint t = 0; t < G_N_ELEMENTS(tables); t++)
    for (const Param *param = tables[t]; param->name; param++) {
      const GPtrArray *values = params_all(asked->params, param->name);
      for (guint i = 0; i < values->len; i++) {
        g_autofree char *quoted = g_shell_quote(values->pdata[i]);
        g_string_append_printf(out, " --%s", param->name);
        if (param->type != PARAM_FLAG)
          g_string_append_printf(out, " %s", quoted);
      }
    }
  return g_string_free(out, FALSE);
}

static JourneyMap *picture_map(Workspace *workspace, Asked *asked, const gint *cancel, GError **error) {
  Question question;
  map_picture_params(asked->params);
  if (!params_check(asked->params, &map_report, error) || !workspace_question(workspace, asked->params, &question, error))
    return NULL;
  question.cancel = cancel;
  JourneyMap *map = journey_map_run(&question, asked->params, error);
  workspace_question_clear(&question);
  return map;
}

static GBytes *draw(const JourneyMap *map, const char *format, const char *command, GError **error) {
  gboolean layout = strcmp(format, "layout") == 0;
  char *svg = layout ? map_layout_text(map) : map_svg(map, command);
  if (layout || strcmp(format, "svg") == 0)
    return g_bytes_new_take(svg, strlen(svg));
  GBytes *bytes = strcmp(format, "png") == 0 ? svg_to_png(svg, 2, error) : svg_to_pdf(svg, error);
  g_free(svg);
  return bytes;
}

static GBytes *answer_picture(Workspace *workspace, Asked *asked, const char *format, const gint *cancel, GError **error) {
  if (asked->report != &map_report) {
    error_set(error, ERROR_USAGE, "format %s is for the map only\nhint: json or csv", format);
    return NULL;
  }
  g_autofree char *command = command_text(asked), *kind = g_strdup(format);
  JourneyMap *map = picture_map(workspace, asked, cancel, error);
  GBytes *bytes = map ? draw(map, kind, command, error) : NULL;
  journey_map_free(map);
  return bytes;
}

static const char *type_of(const char *format) {
  static const struct {
    const char *format, *type;
  } types[] = {{"json", "application/json"}, {"csv", "text/csv; charset=utf-8"}, {"svg", "image/svg+xml"},
               {"png", "image/png"},         {"pdf", "application/pdf"},         {"layout", "application/json"}};
  for (guint i = 0; i < G_N_ELEMENTS(types); i++)
    if (strcmp(format, types[i].format) == 0)
      return types[i].type;
  return NULL;
}

static GBytes *answer_bytes(Workspace *workspace, Asked *asked, const char *format, const gint *cancel, GError **error) {
  if (strcmp(format, "json") && strcmp(format, "csv"))
    return answer_picture(workspace, asked, format, cancel, error);
  char *text = workspace_answer_until(workspace, asked->report, asked->params, format, NULL, cancel, error);
  return text ? g_bytes_new_take(text, strlen(text)) : NULL;
}

/* In figures of a few a viewer could make out persons: none of them, no lists, and no exports that would hold them. */
static gboolean check_viewer(const Asked *asked, const char *format, GError **error) {
  if (params_get(asked->params, "who"))
    return error_set(error, ERROR_FORBIDDEN,
                     "this account sees figures, not whom they are about\nhint: an administrator can change its role");
  return strcmp(format, "json") == 0 ||
         error_set(error, ERROR_FORBIDDEN, "this account takes nothing out as %s\nhint: an administrator can change its role",
                   format);
}

static GBytes *hide_groups(GBytes *take, GError **error) {
  gsize size;
  g_autofree char *data = g_bytes_unref_to_data(take, &size), *text = g_strndup(data, size);
  char *hidden = min_group_hide(text, error);
  return hidden ? g_bytes_new_take(hidden, strlen(hidden)) : NULL;
}

static gboolean run_asked(Server *server, Exchange *exchange, gpointer user, const gint *cancel, GError **error) {
  Asked *asked = user;
  const char *format = params_get(asked->params, "format");
  const char *type = type_of(format ? format : "json");
  if (type == NULL)
    return error_set(error, ERROR_USAGE, "format \"%s\" is not available here\nhint: json, csv; svg, png or pdf for the map",
                     format);
  const Session *session = routes_session(exchange);
  gboolean viewer = session && session->role == ROLE_VIEWER;
  if (viewer && !check_viewer(asked, format ? format : "json", error))
    return FALSE;
  GBytes *bytes = answer_bytes(capture_workspace(server->capture), asked, format ? format : "json", cancel, error);
  if (bytes && viewer)
    bytes = hide_groups(bytes, error);
  if (bytes == NULL)
    return FALSE;
  gsize size;
  char *data = g_bytes_unref_to_data(bytes, &size);
  exchange_reply(exchange, 200, type, data, size);
  exchange_answer_header(exchange, "Cache-Control", "no-store");
  atomic_fetch_add(&server->figures.reports, 1);
  return TRUE;
}

/* --- routes --------------------------------------------------------------------------------------------------------- */

static void read_and_ask(Server *server, Exchange *exchange, const Report *report) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Params) params = params_new();
  if (!report_route_params(exchange, params, &error)) {
    exchange_error(exchange, error);
    return;
  }
  Asked *asked = g_new(Asked, 1);
  *asked = (Asked){report, g_steal_pointer(&params)};
  jobs_ask(server->reports, exchange, run_asked, asked, asked_free);
}

static const char *rest_of_path(const Exchange *exchange) {
  return strrchr(exchange_path(exchange), '/') + 1;
}

void report_route_answer(Server *server, Exchange *exchange, CaptureSource *key) {
  const Report *report = catalogue_find(rest_of_path(exchange));
  if (report)
    read_and_ask(server, exchange, report);
  else
    exchange_error_status(exchange, 404, "not_found", "there is no report of this name", "GET /api/v1/reports lists them");
}

static const char *type_name(ParamType type) {
  static const char *const names[] = {[PARAM_TEXT] = "text",         [PARAM_INT] = "integer",         [PARAM_FLAG] = "flag",
                                      [PARAM_DURATION] = "duration", [PARAM_CONDITION] = "condition", [PARAM_CHOICE] = "choice"};
  return names[type];
}

static void write_choices(JsonOut *out, const char *choices) {
  g_auto(GStrv) words = g_strsplit(choices, "|", -1);
  json_key(out, "choices");
  json_array(out);
  for (char **word = words; *word; word++)
    json_string(out, *word);
  json_array_end(out);
}

static void write_params(JsonOut *out, const char *key, const Param *params) {
  json_key(out, key);
  json_array(out);
  for (const Param *param = params; param && param->name; param++) {
    json_object(out);
    json_kv_string(out, "name", param->name);
    json_kv_string(out, "type", type_name(param->type));
    json_kv_string(out, "help", param->help);
    json_kv_bool(out, "many", param->many);
    json_kv_bool(out, "required", param->required);
    if (param->choices)
      write_choices(out, param->choices);
    if (param->fallback)
      json_kv_string(out, "default", param->fallback);
    json_object_end(out);
  }
  json_array_end(out);
}

void report_route_list(Server *server, Exchange *exchange, CaptureSource *key) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_key(out, "reports");
  json_array(out);
  for (const Report *const *report = catalogue(); *report; report++) {
    json_object(out);
    json_kv_string(out, "name", (*report)->name);
    json_kv_string(out, "summary", (*report)->summary);
    json_kv_string(out, "example", (*report)->example);
    write_params(out, "options", (*report)->params);
    json_object_end(out);
  }
  json_array_end(out);
  write_params(out, "common_options", workspace_common_params);
  json_object_end(out);
  gsize size;
  const char *text = json_out_text(out, &size);
  exchange_reply(exchange, 200, "application/json", g_memdup2(text, size), size);
}
