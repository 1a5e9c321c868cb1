/* SPDX-License-Identifier: Apache-2.0
 * live.c: how soon events that arrive live can be seen. One thread appends group commits at a fixed rate to a record
 * that has events already, another brings the index up to date every 200 ms, as the server does.
 *
 *   live SECONDS RATE [EVENTS] [NEW_PERCENT] [COMMIT]    in a folder of its own below $TMPDIR
 *
 * EVENTS (1000000) stand in the record before, ten a person; NEW_PERCENT (30) of the events are of persons who were not
 * seen before, the others of persons picked at random, each COMMIT (50) events are one commit. A line a second:
 * updates, how long they took, how old an event was when it could be seen, levels, memory. */
#include "base/file.h"
#include "journey/index.h"
#include "journey/levels.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { TEXT = 64, UPDATE_MS = 200, PENDING_MAX = 1 << 20, EVENTS_A_PERSON = 10 };

typedef struct { /* a commit that waits to be seen */
  guint64 through;
  gint64 at_us;
} Pending;

typedef struct {
  Record *record;
  BatchWriter *writer;
  Event *event;
  guint16 source;
  guint64 persons, made;
  guint rate, seconds, new_percent, commit;
  atomic_uint appended, seen;
  atomic_bool done;
  Pending *pending;
  char scratch[2][IDENTIFIER_SIZE_MAX], texts[4][TEXT];
} Live;

static void fail(GError *error) {
  fprintf(stderr, "%s\n", error->message);
  exit(1);
}

static double seconds_of(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static long resident_mb(void) {
  long size = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file && fscanf(file, "%ld %ld", &size, &resident) != 2)
    resident = 0;
  if (file)
    fclose(file);
  return resident * sysconf(_SC_PAGESIZE) >> 20;
}

static void add_identifier(Live *live, guint8 space, guint at, const char *prefix, guint64 number) {
  const char *why;
  g_snprintf(live->texts[at], TEXT, "%s%" G_GUINT64_FORMAT, prefix, number);
  identifier_make(&live->event->identifiers[live->event->n_identifiers++], record_spaces(live->record), record_key(live->record),
                  space, text_of(live->texts[at]), live->scratch[at], &why);
}

/* Half of the persons are known by name: their events carry the user beside the device. */
static void make_event(Live *live, guint64 person, gint64 time_ms) {
  static const char *const names[] = {"Product Viewed", "Page Viewed", "Product Added", "Order Completed"};
  static const char *const channels[] = {"paid_search", "email", "direct", "organic_search"};
  guint64 random = hash_mix(++live->made);
  Event *event = live->event;
  event_clear(event);
  event->time_ms = time_ms;
  event->name = text_of(names[random % 25 ? random % 3 : 3]);
  event->channel = text_of(channels[(random >> 16) % 4]);
  event->touch = TRUE;
  event->web = random % 25 != 0;
  event->has_value = random % 25 == 0;
  event->value_micro = (gint64)((random >> 24) % 20000) * 10000;
  g_snprintf(live->texts[2], TEXT, "%016" G_GINT64_MODIFIER "x", random);
  event->id = text_of(live->texts[2]);
  add_identifier(live, SPACE_ANONYMOUS, 0, "d", person);
  if (person % 2)
    add_identifier(live, SPACE_USER, 1, "u", person);
  g_snprintf(live->texts[3], TEXT, "https://shop.example/p/%u", (guint)(random >> 33) % 5000);
  event->properties[event->n_properties++] = (Property){text_of("context.page.url"), VALUE_TEXT, text_of(live->texts[3])};
  batch_writer_add(live->writer, event, live->source, 0);
}

static void append(Live *live, guint64 import) {
  GError *error = NULL;
  if (!record_append(live->record, import, live->writer, &error))
    fail(error);
}

/* Three months before now, as one import. */
static void fill(Live *live, guint64 events) {
  GError *error = NULL;
  guint64 import;
  gint64 now_ms = g_get_real_time() / 1000, begin_ms = now_ms - G_GINT64_CONSTANT(90) * 86400000;
  if (!record_import_begin(live->record, "shop", "bench", "", &import, &error))
    fail(error);
  live->persons = MAX(events / EVENTS_A_PERSON, 1);
  for (guint64 i = 0; i < events; i++) {
    make_event(live, hash_mix(i) % live->persons, begin_ms + (gint64)((now_ms - 7200000 - begin_ms) / (gint64)events * (gint64)i));
    if (batch_writer_count(live->writer) == BATCH_EVENTS_MAX)
      append(live, import);
  }
  append(live, import);
  if (!record_import_finish(live->record, &(ImportInfo){.id = import}, &error))
    fail(error);
}

static void *append_main(void *data) {
  Live *live = data;
  gint64 start_us = g_get_monotonic_time();
  guint64 commits = (guint64)live->seconds * live->rate / live->commit;
  for (guint64 i = 0; i < commits; i++) {
    gint64 due_us = start_us + (gint64)(i * live->commit * G_USEC_PER_SEC / live->rate), now_us = g_get_monotonic_time();
    if (now_us < due_us)
      g_usleep((gulong)(due_us - now_us));
    for (guint k = 0; k < live->commit; k++) {
      gboolean new = hash_mix(live->made + 77) % 100 < live->new_percent;
      guint64 person = new ? live->persons++ : hash_mix(live->made + 99) % live->persons;
      make_event(live, person, g_get_real_time() / 1000);
    }
    append(live, 0);
    guint at = atomic_load(&live->appended);
    live->pending[at % PENDING_MAX] = (Pending){record_through(live->record), due_us};
    atomic_store(&live->appended, at + 1);
  }
  atomic_store(&live->done, TRUE);
  return NULL;
}

typedef struct { /* of one second */
  guint updates;
  double took_ms, most_ms, oldest_ms, processor;
} Second;

/* How old the oldest commit was that this update has made visible. */
static double note_seen(Live *live, const Snapshot *snapshot) {
  guint at = atomic_load(&live->seen), end = atomic_load(&live->appended);
  double oldest_ms = 0;
  for (; at < end && live->pending[at % PENDING_MAX].through <= snapshot_through(snapshot); at++)
    oldest_ms = MAX(oldest_ms, (double)(g_get_monotonic_time() - live->pending[at % PENDING_MAX].at_us) / 1000);
  atomic_store(&live->seen, at);
  return oldest_ms;
}

static void say(const Snapshot *snapshot, guint second, const Second *one) {
  GString *levels = g_string_new(NULL);
  for (guint i = 0; i < snapshot_levels(snapshot); i++) {
    Segment *segment = snapshot_segment(snapshot, i);
    g_string_append_printf(levels, " %s%.1f", segment_path(segment) ? "f" : "m", (double)segment_info(segment)->n_events / 1000);
  }
  printf("%4u s: %u updates, mean %.0f ms, most %.0f ms; seen after %.0f ms; %.2f s of processor; %ld MB;"
         " %" G_GUINT64_FORMAT " events, dead %.1f %%, levels (thousand events)%s\n",
         second, one->updates, one->took_ms / MAX(one->updates, 1), one->most_ms, one->oldest_ms, one->processor, resident_mb(),
         snapshot_events(snapshot), 100.0 * (double)snapshot_dead_persons(snapshot) / (double)MAX(snapshot_persons(snapshot), 1),
         levels->str);
  fflush(stdout);
  g_string_free(levels, TRUE);
}

static void update_once(Live *live, Index *index, Second *one) {
  GError *error = NULL;
  gint64 begin_us = g_get_monotonic_time();
  double processor = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  if (!index_update(index, &error))
    fail(error);
  double took_ms = (double)(g_get_monotonic_time() - begin_us) / 1000;
  g_autoptr(Snapshot) snapshot = index_snapshot(index);
  one->updates++;
  one->took_ms += took_ms;
  one->most_ms = MAX(one->most_ms, took_ms);
  double oldest_ms = note_seen(live, snapshot);
  one->oldest_ms = MAX(one->oldest_ms, oldest_ms);
  one->processor += seconds_of(CLOCK_THREAD_CPUTIME_ID) - processor;
  gint64 left_us = begin_us + UPDATE_MS * 1000 - g_get_monotonic_time();
  if (left_us > 0)
    g_usleep((gulong)left_us);
}

static void update_all(Live *live, Index *index) {
  gint64 start_us = g_get_monotonic_time();
  Second one = {0};
  guint second = 0;
  while (!atomic_load(&live->done) || atomic_load(&live->seen) < atomic_load(&live->appended)) {
    update_once(live, index, &one);
    if (g_get_monotonic_time() - start_us < (second + 1) * G_USEC_PER_SEC)
      continue;
    g_autoptr(Snapshot) snapshot = index_snapshot(index);
    say(snapshot, ++second, &one);
    one = (Second){0};
  }
}

static void check_same(Live *live, Index *index) {
  GError *error = NULL;
  double processor = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  if (!index_fold(index, &error))
    fail(error);
  double folded = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  g_autoptr(Snapshot) grown = index_snapshot(index);
  if (!index_rebuild(index, &error))
    fail(error);
  g_autoptr(Snapshot) rebuilt = index_snapshot(index);
  gboolean same = segment_info(snapshot_segment(grown, 0))->checksum == segment_info(snapshot_segment(rebuilt, 0))->checksum;
  printf("folded in %.2f s of processor, rebuilt in %.2f s: %s\n", folded - processor,
         seconds_of(CLOCK_PROCESS_CPUTIME_ID) - folded, same ? "the same bytes" : "THEY DIFFER");
}

static guint64 argument(int argc, char **argv, int at, guint64 otherwise) {
  return argc > at ? g_ascii_strtoull(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv) {
  GError *error = NULL;
  Live live = {.event = g_new0(Event, 1),
               .seconds = (guint)argument(argc, argv, 1, 30),
               .rate = (guint)argument(argc, argv, 2, 10000),
               .new_percent = (guint)argument(argc, argv, 4, 30),
               .commit = MAX((guint)argument(argc, argv, 5, 50), 1),
               .pending = g_new0(Pending, PENDING_MAX)};
  g_autofree char *folder = g_dir_make_tmp("etappe-live-XXXXXX", NULL), *path = g_build_filename(folder, "live.db", NULL);
  if ((live.record = record_open(path, RECORD_CREATE, &error)) == NULL)
    fail(error);
  live.writer = batch_writer_new(record_spaces(live.record), record_names(live.record));
  live.source = names_intern(record_names(live.record), NAME_SOURCE, text_of("shop"));
  fill(&live, argument(argc, argv, 3, 1000000));
  Index *index = index_open(live.record, &(IndexOptions){.background = TRUE}, &error);
  if (index == NULL)
    fail(error);
  pthread_t appender;
  pthread_create(&appender, NULL, append_main, &live);
  update_all(&live, index);
  pthread_join(appender, NULL);
  check_same(&live, index);
  index_free(index);
  batch_writer_free(live.writer);
  record_free(live.record);
  file_remove_folder(folder, NULL);
  g_free(live.pending);
  g_free(live.event);
  return 0;
}
