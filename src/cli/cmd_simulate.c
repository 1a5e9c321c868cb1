// SPDX-License-Identifier: Apache-2.0
// etappe simulate: events of an invented retailer, and the truth behind them.
#include "base/error.h"
#include "cli/cli.h"
#include "simulate/simulate.h"
#include <stdio.h>

static void show_progress(double share, gpointer user) {
  g_autofree char *line = g_strdup_printf("simulating %.0f %%", 100 * share);
  cli_progress(user, line);
}

static gboolean parse_format(const char *format, const char *out, SimulateFormat *result, GError **error) {
  gboolean json = g_str_has_suffix(out, ".ndjson") || g_str_has_suffix(out, ".ndjson.gz");
  if (format && !g_str_equal(format, "csv") && !g_str_equal(format, "ndjson"))
    return error_set(error, ERROR_USAGE, "--format %s is unknown\nhint: csv or ndjson", format);
  *result = (format ? g_str_equal(format, "ndjson") : json) ? SIMULATE_NDJSON : SIMULATE_CSV;
  return TRUE;
}

static gboolean parse_until(const char *until, SimulateOptions *options, GError **error) {
  if (!until)
    return TRUE;
  int year, month, day, used = 0;
  gboolean read = sscanf(until, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 && !until[used];
  if (!read || year < 1975 || year > 2100 || !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
    return error_set(error, ERROR_USAGE, "--until %s is no date\nhint: for example --until 2026-01-01", until);
  options->until_year = year;
  options->until_month = month;
  options->until_day = day;
  return TRUE;
}

static gboolean take_number(Params *params, const char *name, gint64 min, gint64 max, gint64 *value, GError **error) {
  return !params_get(params, name) || params_int(params, name, min, max, value, error);
}

static gboolean parse(Params *params, SimulateOptions *options, GError **error) {
  gint64 events = 0, persons = 0, seed = 1, months = 0;
  if (!take_number(params, "events", SIMULATE_EVENTS_MIN, SIMULATE_EVENTS_MAX, &events, error) ||
      !take_number(params, "persons", 1, SIMULATE_PERSONS_MAX, &persons, error) ||
      !take_number(params, "seed", 0, G_MAXINT64, &seed, error) ||
      !take_number(params, "months", 1, SIMULATE_MONTHS_MAX, &months, error))
    return FALSE;
  options->out = params_get(params, "out");
  if (!options->out || (!events && !persons))
    return error_set(error, ERROR_USAGE, "%s missing\nhint: for example: etappe simulate --events 200000 --out demo.csv",
                     !options->out ? "--out is" : "--events or --persons is");
  options->events = (guint64)events;
  options->persons = (guint64)persons;
  options->seed = (guint64)seed;
  options->months = (guint)months;
  return parse_until(params_get(params, "until"), options, error) &&
         parse_format(params_get(params, "format"), options->out, &options->format, error);
}

gboolean cmd_simulate(Cli *cli, int argc, char **argv, GError **error) {
  static const CliOption known[] = {{"events", FALSE, FALSE}, {"persons", FALSE, FALSE}, {"seed", FALSE, FALSE},
                                    {"out", FALSE, FALSE},    {"format", FALSE, FALSE},  {"until", FALSE, FALSE},
                                    {"months", FALSE, FALSE}, {NULL, FALSE, FALSE}};
  g_auto(CliArgs) args = {NULL, NULL};
  if (!cli_parse(cli, &args, known, argc, argv, error))
    return FALSE;
  if (args.arguments->len)
    return error_set(error, ERROR_USAGE, "etappe simulate takes options only, not \"%s\"", (const char *)args.arguments->pdata[0]);
  SimulateOptions options = {.progress = cli->progress ? show_progress : NULL, .user = cli};
  if (!parse(args.params, &options, error))
    return FALSE;
  SimulateTotals totals;
  gboolean good = simulate_run(&options, &totals, error);
  cli_progress(cli, NULL);
  if (!good)
    return FALSE;
  g_autofree char *text =
      g_strdup_printf("%" G_GUINT64_FORMAT " events of %" G_GUINT64_FORMAT " persons, %" G_GUINT64_FORMAT
                      " orders worth %.2f EUR\nevents  %s\ntruth   %s.truth.json\n",
                      totals.events, totals.persons, totals.orders, (double)totals.revenue_cents / 100, options.out, options.out);
  cli_print(text);
  return TRUE;
}
