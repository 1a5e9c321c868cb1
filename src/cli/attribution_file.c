// SPDX-License-Identifier: Apache-2.0
// etappe attribution --paths FILE: the models over paths that another tool counted; asks no project.
#include "analysis/attribution.h"
#include "base/error.h"
#include "cli/cli.h"
#include "exchange/path_file.h"
#include <string.h>

static gboolean take_map(const char *text, PathColumns *columns, GError **error) {
  const struct {
    const char *prefix, **out;
  } fields[] = {
      {"path=", &columns->path}, {"conversions=", &columns->conversions}, {"value=", &columns->value}, {"nulls=", &columns->nulls}};
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
    if (g_str_has_prefix(text, fields[i].prefix)) {
      *fields[i].out = text + strlen(fields[i].prefix);
      return TRUE;
    }
  return error_set(error, ERROR_USAGE,
                   "--map %s: paths have the fields path, conversions, value and nulls\nhint: for example --map path=journey",
                   text);
}

static char *as_json(const Attribution *attribution) {
  static const char *const of_projects[] = {"now", "through", "definitions", "coverage"};
  gsize size;
  g_autoptr(JsonOut) out = json_out_new();
  g_autoptr(Finding) finding = finding_new();
  attribution_finding(attribution, NULL, "en", finding);
  json_object(out);
  json_kv_string(out, "report", "attribution");
  for (guint i = 0; i < G_N_ELEMENTS(of_projects); i++)
    json_kv_null(out, of_projects[i]);
  json_key(out, "finding");
  finding_write(finding, out);
  attribution_json(attribution, out);
  json_object_end(out);
  return g_strconcat(json_out_text(out, &size), "\n", NULL);
}

static char *as_text(const Cli *cli, const Attribution *attribution, const char *format, const char *language, GError **error) {
  if (strcmp(format, "json") == 0)
    return as_json(attribution);
  gboolean csv = strcmp(format, "csv") == 0;
  if (!csv && strcmp(format, "table")) {
    error_set(error, ERROR_USAGE, "--format %s: attribution prints table, json or csv", format);
    return NULL;
  }
  g_autoptr(Table) table = table_new();
  if (csv)
    table_set_csv(table);
  g_autoptr(Finding) finding = finding_new();
  attribution_finding(attribution, NULL, language, finding);
  g_autofree char *sentence = finding_sentence(finding, language_of(language));
  table_lead(table, sentence);
  attribution_table(attribution, table);
  TableStyle style = {cli->terminal, cli->terminal, cli->width};
  return csv ? table_csv(table) : table_render(table, &style);
}

static gboolean optional_int(const Params *params, const char *name, gint64 min, gint64 max, gint64 *value, GError **error) {
  return !params_get(params, name) || params_int(params, name, min, max, value, error);
}

gboolean cmd_attribution_file(Cli *cli, int argc, char **argv, GError **error) {
  static const CliOption options[] = {{"paths", FALSE, FALSE},  {"map", FALSE, TRUE},        {"model", FALSE, TRUE},
                                      {"seed", FALSE, FALSE},   {"resamples", FALSE, FALSE}, {"threads", FALSE, FALSE},
                                      {"format", FALSE, FALSE}, {"out", FALSE, FALSE},       {"lang", FALSE, FALSE},
                                      {NULL, FALSE, FALSE}};
  g_auto(CliArgs) args = {NULL, NULL};
  PathColumns columns = {NULL, NULL, NULL, NULL};
  gint64 seed = 1, resamples = 1000, threads = g_get_num_processors();
  if (!cli_parse(cli, &args, options, argc, argv, error) || !optional_int(args.params, "seed", 0, G_MAXINT64, &seed, error) ||
      !optional_int(args.params, "resamples", 0, 100000, &resamples, error) ||
      !optional_int(args.params, "threads", 1, 1024, &threads, error))
    return FALSE;
  if (args.arguments->len)
    return error_set(error, ERROR_USAGE, "etappe attribution takes options only, not \"%s\"",
                     (const char *)args.arguments->pdata[0]);
  const GPtrArray *maps = params_all(args.params, "map");
  for (guint i = 0; i < maps->len; i++)
    if (!take_map(maps->pdata[i], &columns, error))
      return FALSE;
  AttributionPaths *paths = path_file_read(params_get(args.params, "paths"), &columns, (guint)threads, error);
  Attribution *attribution =
      paths ? attribution_of_paths(paths, params_all(args.params, "model"), (guint64)seed, (guint)resamples, (guint)threads, error)
            : NULL;
  if (!attribution)
    return FALSE;
  const char *format = params_get(args.params, "format"), *lang = params_get(args.params, "lang");
  g_autofree char *text = as_text(cli, attribution, format ? format : "table", lang ? lang : "en", error);
  attribution_free(attribution);
  return text && cli_deliver(args.params, text, strlen(text), error);
}
