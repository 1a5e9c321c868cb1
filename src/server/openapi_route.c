// SPDX-License-Identifier: Apache-2.0
#include "server/openapi_route.h"

#include "analysis/workspace.h"
#include "server/reply.h"
#include "server/routes.h"
#include <string.h>

static const char REPORTS[] = "/api/v1/reports/";

/* --- parameters --------------------------------------------------------------------------------------------------- */

static void write_choices(JsonOut *out, const char *choices) {
  g_auto(GStrv) words = g_strsplit(choices, "|", -1);
  json_key(out, "enum");
  json_array(out);
  for (char **word = words; *word; word++)
    json_string(out, *word);
  json_array_end(out);
}

static void write_type(JsonOut *out, const Param *param) {
  json_object(out);
  json_kv_string(out, "type", param->type == PARAM_INT ? "integer" : param->type == PARAM_FLAG ? "boolean" : "string");
  if (param->choices)
    write_choices(out, param->choices);
  if (param->fallback && param->type != PARAM_INT)
    json_kv_string(out, "default", param->fallback);
  json_object_end(out);
}

static void write_schema(JsonOut *out, const Param *param) {
  if (!param->many) {
    write_type(out, param);
    return;
  }
  json_object(out);
  json_kv_string(out, "type", "array");
  json_key(out, "items");
  write_type(out, param);
  json_object_end(out);
}

static void write_parameter(JsonOut *out, const Param *param) {
  json_object(out);
  json_kv_string(out, "name", param->name);
  json_kv_string(out, "in", "query");
  json_kv_bool(out, "required", param->required);
  json_kv_string(out, "description", param->help ? param->help : "");
  json_key(out, "schema");
  write_schema(out, param);
  json_object_end(out);
}

static const Param format_param = {"format", PARAM_CHOICE, .choices = "json|csv|svg|png|pdf|layout", .fallback = "json",
                                   .help = "svg, png, pdf and layout: of the map"};

static void write_parameters(JsonOut *out, const Report *report) {
  json_key(out, "parameters");
  json_array(out);
  for (const Param *param = report->params; param && param->name; param++)
    write_parameter(out, param);
  for (const Param *param = workspace_common_params; param->name; param++)
    if (!param_find(report->params, param->name))
      write_parameter(out, param);
  write_parameter(out, &format_param);
  json_array_end(out);
}

/* The options of a report as members of a body. */
static void write_body_schema(JsonOut *out, const Report *report) {
  const Param *tables[] = {report->params, workspace_common_params};
  json_object(out);
  json_kv_string(out, "type", "object");
  json_key(out, "properties");
  json_object(out);
  for (guint t = 0; t < G_N_ELEMENTS(tables); t++)
    for (const Param *param = tables[t]; param && param->name; param++) {
      if (t && param_find(report->params, param->name))
        continue;
      json_key(out, param->name);
      write_schema(out, param);
    }
  json_object_end(out);
  json_object_end(out);
}

static void write_path_parameter(JsonOut *out) {
  json_key(out, "parameters");
  json_array(out);
  json_object(out);
  json_kv_string(out, "name", "id");
  json_kv_string(out, "in", "path");
  json_kv_bool(out, "required", TRUE);
  json_key(out, "schema");
  json_object(out);
  json_kv_string(out, "type", "string");
  json_object_end(out);
  json_object_end(out);
  json_array_end(out);
}

/* --- operations ---------------------------------------------------------------------------------------------------- */

static void write_content(JsonOut *out, const char *type, const char *reference) {
  json_key(out, "content");
  json_object(out);
  json_key(out, type);
  json_object(out);
  json_key(out, "schema");
  json_object(out);
  if (reference)
    json_kv_string(out, "$ref", reference);
  else
    json_kv_string(out, "type", "object");
  json_object_end(out);
  json_object_end(out);
  json_object_end(out);
}

static void write_responses(JsonOut *out) {
  json_key(out, "responses");
  json_object(out);
  json_key(out, "2XX");
  json_object(out);
  json_kv_string(out, "description", "Done");
  write_content(out, "application/json", NULL);
  json_object_end(out);
  json_key(out, "default");
  json_object(out);
  json_kv_string(out, "description", "Refused or failed");
  write_content(out, "application/json", "#/components/schemas/Error");
  json_object_end(out);
  json_object_end(out);
}

static void write_security(JsonOut *out, RouteRight right) {
  static const char *const ways[] = {"key", "session"};
  json_key(out, "security");
  json_array(out);
  for (guint i = 0; i < G_N_ELEMENTS(ways) && right != MAY_ANYBODY; i++) {
    json_object(out);
    json_key(out, ways[i]);
    json_array(out);
    json_array_end(out);
    json_object_end(out);
  }
  json_array_end(out);
}

static void write_body(JsonOut *out, const Route *route, const Report *report) {
  json_key(out, "requestBody");
  json_object(out);
  json_key(out, "content");
  json_object(out);
  json_key(out, route->file_max ? "application/octet-stream" : "application/json");
  json_object(out);
  json_key(out, "schema");
  if (report) {
    write_body_schema(out, report);
  } else {
    json_object(out);
    if (!route->file_max)
      json_kv_string(out, "type", "object");
    json_object_end(out);
  }
  json_object_end(out);
  json_object_end(out);
  json_object_end(out);
}

/* "get" and "/api/v1/persons/merge" as "get_persons_merge". */
static char *operation_id(const char *method, const char *path) {
  GString *id = g_string_new(method);
  for (const char *at = path + strlen("/api/v1"); *at; at++)
    g_string_append_c(id, g_ascii_isalnum(*at) ? *at : '_');
  return g_string_free(id, FALSE);
}

static void write_operation(JsonOut *out, const Route *route, const char *path, const char *method, const Report *report) {
  g_autofree char *lower = g_ascii_strdown(method, -1), *id = operation_id(lower, path);
  gboolean body = strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
  json_key(out, lower);
  json_object(out);
  json_kv_string(out, "operationId", id);
  json_kv_string(out, "summary", report ? report->summary : route->about ? route->about : path);
  if (report && !body)
    write_parameters(out, report);
  if (body)
    write_body(out, route, report);
  write_security(out, route->right);
  write_responses(out);
  json_object_end(out);
}

/* --- paths ----------------------------------------------------------------------------------------------------------- */

static char *path_text(const Route *route, const Report *report) {
  if (report)
    return g_strconcat(route->path, report->name, NULL);
  if (g_str_has_suffix(route->path, "/"))
    return g_strconcat(route->path, "{id}", NULL);
  g_auto(GStrv) parts = g_strsplit(route->path, "*", -1);
  return g_strjoinv("{id}", parts);
}

/* Several lines of the table may be one path. */
static void write_path(JsonOut *out, const Route *routes, guint n, guint first, const Report *report) {
  g_autofree char *path = path_text(&routes[first], report);
  json_key(out, path);
  json_object(out);
  if (strchr(path, '{'))
    write_path_parameter(out);
  for (guint i = first; i < n; i++) {
    if (strcmp(routes[i].path, routes[first].path) != 0)
      continue;
    g_auto(GStrv) methods = g_strsplit(routes[i].methods, " ", -1);
    for (char **method = methods; *method; method++)
      write_operation(out, &routes[i], path, *method, report);
  }
  json_object_end(out);
}

static gboolean is_first(const Route *routes, guint at) {
  for (guint i = 0; i < at; i++)
    if (strcmp(routes[i].path, routes[at].path) == 0)
      return FALSE;
  return g_str_has_prefix(routes[at].path, "/api/");
}

static void write_paths(JsonOut *out) {
  guint n;
  const Route *routes = routes_all(&n);
  json_key(out, "paths");
  json_object(out);
  for (guint i = 0; i < n; i++) {
    if (!is_first(routes, i))
      continue;
    if (strcmp(routes[i].path, REPORTS) != 0)
      write_path(out, routes, n, i, NULL);
    for (const Report *const *report = catalogue(); strcmp(routes[i].path, REPORTS) == 0 && *report; report++)
      write_path(out, routes, n, i, *report);
  }
  json_object_end(out);
}

static const char COMPONENTS[] =
    "{\"securitySchemes\":{"
    "\"key\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"A key of `etappe key create` or POST /api/v1/keys\"},"
    "\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"__Host-etappe\",\"description\":\"Of POST /api/v1/session; "
    "changes carry its csrf as X-Etappe-Csrf\"}},"
    "\"schemas\":{\"Error\":{\"type\":\"object\",\"required\":[\"error\"],\"properties\":{\"error\":{\"type\":\"object\","
    "\"required\":[\"code\",\"message\"],\"properties\":{\"code\":{\"type\":\"string\"},\"message\":{\"type\":\"string\"},"
    "\"where\":{\"type\":\"string\"},\"hint\":{\"type\":\"string\"}}}}}}}";

void openapi_route_answer(struct Server *server, Exchange *exchange, CaptureSource *key) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_kv_string(out, "openapi", "3.1.0");
  json_key(out, "info");
  json_object(out);
  json_kv_string(out, "title", "Etappe");
  json_kv_string(out, "version", "1");
  json_kv_string(out, "summary", "Customer journeys: reports, persons, definitions, files, accounts");
  json_object_end(out);
  write_paths(out);
  json_key(out, "components");
  json_raw(out, COMPONENTS, sizeof COMPONENTS - 1);
  json_object_end(out);
  reply_json(exchange, 200, out);
}
