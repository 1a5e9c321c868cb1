// SPDX-License-Identifier: Apache-2.0
// simulate.c: persons in the order of their numbers, then rows in the order of arrival.
//
//   sample of persons ──► cuts of arrival time
//   all persons, all cores ──► rows dealt into slices (spill) ──► each slice sorted and written as text, in turn
//
// The number of persons is what fits into the wanted number of rows; crawlers and door counts make up the rest.
#include "simulate/simulate.h"
#include "base/clock.h"
#include "base/file.h"
#include "simulate/crowd.h"
#include "simulate/filler.h"
#include "simulate/output.h"
#include "simulate/row_json.h"
#include <pthread.h>

enum { SAMPLE_PERSONS = 4000, SLICE_ROWS = 1 << 17, SLICES_MAX = 1024, SPILL_MEMORY = 128 << 20 };
static const double STRANGERS = .03; // of all rows, at least

typedef char *(*RowFormat)(const World *world, const Row *row, char *out);

typedef struct {
  const SimulateOptions *options;
  World *world;
  Truth truth;
  guint64 events, rows_max, persons_max;
  guint threads;
  Spill *spill;
} Run;

// --- writing: any thread prepares a slice, then waits for its turn ------------------------------

typedef struct {
  Run *run;
  Output *output;
  RowFormat format;
  pthread_mutex_t lock;
  pthread_cond_t turned;
  guint next, written;
  GError *error;
} Press;

typedef struct {
  char *text;
  gsize size, capacity;
} Sheet;

static gboolean print_slice(Press *press, guint slice, GArray *rows, Sheet *sheet, GError **error) {
  if (!spill_read(press->run->spill, slice, rows, error))
    return FALSE;
  sheet->size = 0;
  for (guint i = 0; i < rows->len; i++) {
    if (sheet->capacity - sheet->size < ROW_TEXT_MAX) {
      sheet->capacity = MAX(sheet->capacity * 2, (gsize)1 << 20);
      sheet->text = g_realloc(sheet->text, sheet->capacity);
    }
    char *at = sheet->text + sheet->size;
    sheet->size += (gsize)(press->format(press->run->world, &g_array_index(rows, Row, i), at) - at);
  }
  return TRUE;
}

static gboolean next_slice(Press *press, guint *slice) {
  pthread_mutex_lock(&press->lock);
  gboolean more = !press->error && press->next < spill_slices(press->run->spill);
  if (more)
    *slice = press->next++;
  pthread_mutex_unlock(&press->lock);
  return more;
}

static gpointer print_slices(gpointer data) {
  Press *press = data;
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
  Sheet sheet = {0};
  guint slice;
  while (next_slice(press, &slice)) {
    GError *error = NULL;
    gboolean good = print_slice(press, slice, rows, &sheet, &error);
    pthread_mutex_lock(&press->lock);
    while (press->written != slice)
      pthread_cond_wait(&press->turned, &press->lock);
    if (good && !press->error)
      output_write(press->output, sheet.text, sheet.size, &error);
    if (error && !press->error)
      press->error = g_steal_pointer(&error);
    g_clear_error(&error);
    press->written++;
    pthread_cond_broadcast(&press->turned);
    pthread_mutex_unlock(&press->lock);
  }
  g_free(sheet.text);
  return NULL;
}

static void report(const Run *run, double share) {
  if (run->options->progress)
    run->options->progress(share, run->options->user);
}

static void wait_for_slices(Press *press) {
  guint n = spill_slices(press->run->spill), written = 0;
  while (written < n) {
    pthread_mutex_lock(&press->lock);
    while (press->written == written)
      pthread_cond_wait(&press->turned, &press->lock);
    written = press->error ? n : press->written;
    pthread_mutex_unlock(&press->lock);
    report(press->run, .5 + .5 * written / n);
  }
}

static gboolean write_rows(Run *run, GError **error) {
  g_autoptr(Output) output = output_new(run->options->out, error);
  if (!output)
    return FALSE;
  gboolean csv = run->options->format == SIMULATE_CSV;
  if (csv && !output_write(output, ROW_CSV_HEADER, strlen(ROW_CSV_HEADER), error))
    return FALSE;
  Press press = {.run = run, .output = output, .format = csv ? row_csv_write : row_json_write};
  pthread_mutex_init(&press.lock, NULL);
  pthread_cond_init(&press.turned, NULL);
  g_autofree GThread **threads = g_new(GThread *, run->threads);
  for (guint i = 0; i < run->threads; i++)
    threads[i] = g_thread_new("write", print_slices, &press);
  wait_for_slices(&press);
  for (guint i = 0; i < run->threads; i++)
    g_thread_join(threads[i]);
  pthread_cond_destroy(&press.turned);
  pthread_mutex_destroy(&press.lock);
  if (press.error) {
    g_propagate_error(error, press.error);
    return FALSE;
  }
  return output_commit(output, error);
}

// --- planning -----------------------------------------------------------------------------------

static int compare_times(gconstpointer a, gconstpointer b) {
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
  return (x > y) - (x < y);
}

static gboolean open_spill(Run *run, GError **error) {
  g_autoptr(GArray) arrivals = g_array_new(FALSE, FALSE, sizeof(gint64));
  crowd_sample(run->world, (guint)MIN(run->persons_max, SAMPLE_PERSONS), arrivals);
  g_array_sort(arrivals, compare_times);
  guint slices = (guint)CLAMP(run->events / SLICE_ROWS, 1, SLICES_MAX);
  g_autofree gint64 *cuts = g_new(gint64, slices);
  for (guint i = 1; i < slices; i++)
    cuts[i - 1] = g_array_index(arrivals, gint64, (guint64)arrivals->len * i / slices);
  run->spill = spill_new(run->options->out, cuts, slices - 1, SPILL_MEMORY, error);
  return run->spill != NULL;
}

static gboolean count_rows(Run *run, guint64 *rows, GError **error) {
  g_autofree Truth *truth = g_new0(Truth, 1);
  guint64 persons;
  Crowd crowd = {.world = run->world, .rows_max = G_MAXUINT64, .persons_max = run->persons_max, .threads = run->threads};
  if (!crowd_run(&crowd, truth, &persons, error))
    return FALSE;
  *rows = truth->rows;
  return TRUE;
}

static gboolean new_world(Run *run, double intensity) {
  const SimulateOptions *options = run->options;
  int year = options->until_year ? options->until_year : 2026, month = options->until_year ? options->until_month : 1;
  int day = options->until_year ? options->until_day : 1;
  int until = calendar_day_number(year, month, day), months = options->months ? (int)options->months : 24;
  int first_month = year * 12 + month - 1 - months;
  int from = calendar_day_number(first_month / 12, first_month % 12 + 1, MIN(day, 28));
  g_clear_pointer(&run->world, world_free);
  run->world = world_new(options->seed, until, (guint)(until - from), intensity);
  return TRUE;
}

// Both numbers are given: persons do more or less than they would, until the rows nearly suffice.
static gboolean fit_intensity(Run *run, GError **error) {
  double intensity = 1, wanted = (double)run->rows_max * .97;
  for (guint i = 0; i < 12; i++) {
    guint64 rows;
    new_world(run, intensity);
    if (!count_rows(run, &rows, error))
      return FALSE;
    if (rows <= run->rows_max && (double)rows >= wanted * .85)
      return TRUE;
    intensity *= CLAMP(wanted / (double)MAX(rows, 1), .3, 3);
    if (intensity < .02 || intensity > 12)
      break;
  }
  return error_set(error, ERROR_USAGE,
                   "%" G_GUINT64_FORMAT " events do not suit %" G_GUINT64_FORMAT " persons\n"
                   "hint: a person makes about 20 events; between 6 and 100 are possible, or leave out --persons",
                   run->events, run->persons_max);
}

static gboolean plan(Run *run, GError **error) {
  const SimulateOptions *options = run->options;
  run->threads = options->threads ? options->threads : g_get_num_processors();
  run->events = options->events;
  run->persons_max = options->persons ? options->persons : PERSONS_MAX;
  new_world(run, 1);
  if (!options->events) {
    guint64 rows;
    if (!count_rows(run, &rows, error))
      return FALSE;
    run->events = (guint64)((double)rows / (1 - STRANGERS)) + 1;
    run->events += filler_cost_rows(run->world, run->events);
  }
  guint64 strangers = (guint64)((double)run->events * STRANGERS);
  run->rows_max = run->events - strangers - filler_cost_rows(run->world, run->events);
  return !options->events || !options->persons || fit_intensity(run, error);
}

static gboolean fill(Run *run, GError **error) {
  SpillWriter *writer = spill_writer_new(run->spill);
  gboolean good = (!filler_cost_rows(run->world, run->events) || filler_costs(run->world, &run->truth, writer, error)) &&
                  filler_strangers(run->world, run->events - run->truth.rows, &run->truth, writer, error) &&
                  spill_writer_finish(writer, error);
  spill_writer_free(writer);
  return good;
}

static void report_crowd(double share, gpointer user) {
  report(user, share / 2);
}

static gboolean generate(Run *run, GError **error) {
  guint64 persons;
  Crowd crowd = {.world = run->world,
                 .rows_max = run->rows_max,
                 .persons_max = run->persons_max,
                 .threads = run->threads,
                 .spill = run->spill,
                 .progress = run->options->progress ? report_crowd : NULL,
                 .user = run};
  return crowd_run(&crowd, &run->truth, &persons, error) && fill(run, error);
}

static gboolean write_truth(Run *run, GError **error) {
  g_autofree char *text = truth_json(&run->truth, run->world), *path = g_strconcat(run->options->out, ".truth.json", NULL);
  return file_replace(path, text, strlen(text), error);
}

static gboolean check(const SimulateOptions *options, GError **error) {
  if (!options->events && !options->persons)
    return error_set(error, ERROR_USAGE, "neither the number of events nor that of persons is given");
  if (options->events && (options->events < SIMULATE_EVENTS_MIN || options->events > SIMULATE_EVENTS_MAX))
    return error_set(error, ERROR_USAGE, "%" G_GUINT64_FORMAT " events: choose from %d to %d", options->events, SIMULATE_EVENTS_MIN,
                     SIMULATE_EVENTS_MAX);
  if (options->persons > SIMULATE_PERSONS_MAX)
    return error_set(error, ERROR_USAGE, "%" G_GUINT64_FORMAT " persons: choose up to %d", options->persons, SIMULATE_PERSONS_MAX);
  if (options->months > SIMULATE_MONTHS_MAX)
    return error_set(error, ERROR_USAGE, "%u months: choose up to %d", options->months, SIMULATE_MONTHS_MAX);
  return TRUE;
}

gboolean simulate_run(const SimulateOptions *options, SimulateTotals *totals, GError **error) {
  if (!check(options, error))
    return FALSE;
  Run *run = g_new0(Run, 1);
  run->options = options;
  gboolean good =
      plan(run, error) && open_spill(run, error) && generate(run, error) && write_rows(run, error) && write_truth(run, error);
  if (good && totals)
    *totals = (SimulateTotals){run->truth.rows, run->truth.persons, run->truth.orders.count, run->truth.orders.cents};
  spill_free(run->spill);
  world_free(run->world);
  g_free(run);
  return good;
}
