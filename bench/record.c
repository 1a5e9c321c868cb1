/* SPDX-License-Identifier: Apache-2.0
 * record.c: how fast events are judged, packed, stored and read back, one thread each, an event.
 *
 *   record EVENTS [PERSONS] [live]     in a folder of its own below $TMPDIR */
#include "base/file.h"
#include "record/seen.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

enum { TEXT = 64 };

typedef struct {
  Record *record;
  BatchWriter *writer;
  Seen *seen;
  Event *event;
  guint16 source;
  guint64 n, persons, import_id;
  char scratch[2][IDENTIFIER_SIZE_MAX], texts[8][TEXT];
} Bench;

static void fail(GError *error) {
  fprintf(stderr, "%s\n", error->message);
  exit(1);
}

/* prefix, digits, suffix; printf would take longer than what is measured */
static Text put(Bench *bench, guint place, const char *prefix, guint64 value, const char *suffix) {
  char digits[24], *text = bench->texts[place];
  guint n = 0, size = (guint)strlen(prefix);
  memcpy(text, prefix, size);
  do
    digits[n++] = (char)('0' + value % 10);
  while (value /= 10);
  while (n)
    text[size++] = digits[--n];
  memcpy(text + size, suffix, strlen(suffix));
  return (Text){text, size + (guint32)strlen(suffix)};
}

static void set_property(Event *event, const char *key, ValueKind kind, Text text) {
  event->properties[event->n_properties++] = (Property){text_of(key), kind, text};
}

/* A shop's day: three events in four are views, one in 25 has a value; a product, a price, a page, a campaign. */
static void make_event(Bench *bench, guint64 i) {
  static const char *const names[] = {"Product Viewed", "Product Viewed", "Page Viewed", "Product Added", "Order Completed"};
  static const char *const channels[] = {"paid_search", "email", "direct", "organic_search", "organic_social", "affiliate"};
  guint64 random = hash_mix(i + 1);
  const char *why;
  Event *event = bench->event;
  event_clear(event);
  event->time_ms = G_GINT64_CONSTANT(1700000000000) + (gint64)(i * 300 + random % 1000);
  guint kind = random % 25 == 0 ? 4 : (guint)(random >> 8) % 4;
  event->name = text_of(names[kind]);
  event->channel = text_of(channels[(random >> 16) % 6]);
  event->touch = event->web = TRUE;
  event->id = put(bench, 0, "event-", random, "");
  guint64 person = (random >> 20) % bench->persons;
  identifier_make(&event->identifiers[event->n_identifiers++], record_spaces(bench->record), record_key(bench->record),
                  SPACE_ANONYMOUS, put(bench, 1, "d", person, ""), bench->scratch[0], &why);
  if (kind == 4)
    identifier_make(&event->identifiers[event->n_identifiers++], record_spaces(bench->record), record_key(bench->record),
                    SPACE_USER, put(bench, 2, "u", person, ""), bench->scratch[1], &why);
  event->has_value = kind == 4;
  event->value_micro = (gint64)((random >> 24) % 20000) * 10000;
  set_property(event, "campaign", VALUE_TEXT, put(bench, 3, "campaign ", (random >> 30) % 40, ""));
  set_property(event, "properties.product_id", VALUE_TEXT, put(bench, 4, "sku-", (random >> 33) % 5000, ""));
  set_property(event, "properties.price", VALUE_NUMBER, put(bench, 5, "", (random >> 40) % 200, ".95"));
  set_property(event, "context.page.url", VALUE_TEXT, put(bench, 6, "https://shop.example/p/", (random >> 33) % 5000, ""));
  set_property(event, "context.locale", VALUE_TEXT, text_of(random % 3 ? "de-DE" : "en-GB"));
}

typedef struct {
  gint64 wall_us, cpu_us; /* apart, since the machine may be busy with other things */
} Clock;

static Clock clock_read(void) {
  struct timespec cpu;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  return (Clock){g_get_monotonic_time(), (gint64)cpu.tv_sec * G_USEC_PER_SEC + cpu.tv_nsec / 1000};
}

static Clock clock_since(Clock start) {
  Clock now = clock_read();
  return (Clock){now.wall_us - start.wall_us, now.cpu_us - start.cpu_us};
}

static Clock clock_less(Clock clock, Clock less) {
  return (Clock){clock.wall_us - less.wall_us, clock.cpu_us - less.cpu_us};
}

static void say(const Bench *bench, const char *what, Clock took) {
  double n = (double)bench->n / 1000;
  printf("%-30s %8.1f ns of processor, %8.1f ns in all\n", what, (double)took.cpu_us / n, (double)took.wall_us / n);
}

static Clock time_making(Bench *bench) {
  Clock start = clock_read();
  for (guint64 i = 0; i < bench->n; i++)
    make_event(bench, i);
  return clock_since(start);
}

static void judge(Bench *bench, Clock making, gboolean again) {
  Clock start = clock_read();
  guint64 fresh = 0;
  seen_begin_file(bench->seen);
  for (guint64 i = 0; i < bench->n; i++) {
    make_event(bench, i);
    fresh +=
        seen_event(bench->seen, bench->event, "shop", seen_content(bench->event, "shop", record_key(bench->record))) == SEEN_NEW;
  }
  say(bench, again ? "judge, all repeated" : "judge, all new", clock_less(clock_since(start), making));
  if (fresh != (again ? 0 : bench->n))
    printf("unexpected: %" G_GUINT64_FORMAT " new\n", fresh);
}

static void pack_only(Bench *bench, Clock making) {
  Clock start = clock_read(), finishing = {0};
  guint64 bytes = 0;
  for (guint64 i = 0; i < bench->n; i++) {
    make_event(bench, i);
    batch_writer_add(bench->writer, bench->event, bench->source, 0);
    if (batch_writer_count(bench->writer) < BATCH_EVENTS_MAX)
      continue;
    Clock before = clock_read();
    g_autoptr(GBytes) blob = batch_writer_finish(bench->writer);
    Clock took = clock_since(before);
    finishing = (Clock){finishing.wall_us + took.wall_us, finishing.cpu_us + took.cpu_us};
    bytes += g_bytes_get_size(blob);
  }
  say(bench, "pack: add", clock_less(clock_less(clock_since(start), making), finishing));
  say(bench, "pack: finish", finishing);
  printf("%-30s %8.1f bytes\n", "batch", (double)bytes / (double)bench->n);
  if (batch_writer_count(bench->writer))
    g_bytes_unref(batch_writer_finish(bench->writer));
}

static void append(Bench *bench, Clock making, guint batch) {
  GError *error = NULL;
  Clock start = clock_read();
  for (guint64 i = 0; i < bench->n; i++) {
    make_event(bench, i);
    batch_writer_add(bench->writer, bench->event, bench->source, 0);
    if ((batch_writer_count(bench->writer) == batch || i + 1 == bench->n) &&
        !record_append(bench->record, bench->import_id, bench->writer, &error))
      fail(error);
  }
  ImportInfo totals = {.id = bench->import_id};
  if (bench->import_id && !record_import_finish(bench->record, &totals, &error))
    fail(error);
  say(bench, "pack and append", clock_less(clock_since(start), making));
}

typedef struct {
  Batch *batch;
  const Names *names;
  Event *event;
  guint16 key;
  guint what;
  guint64 sum;
} Read;

static void add_text(guint event, ValueKind kind, Text text, gpointer user) {
  ((Read *)user)->sum += text.size;
}

static gboolean read_batch(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user, GError **error) {
  Read *read = user;
  if (read->what == 0)
    return TRUE;
  if (!batch_open(read->batch, blob, size, error))
    return FALSE;
  if (read->what == 1)
    return batch_facts(read->batch, error) != NULL;
  if (read->what == 2)
    return batch_property(read->batch, read->key, add_text, read, error);
  for (guint i = 0; i < n; i++)
    if (!batch_event(read->batch, i, read->names, read->event, error))
      return FALSE;
  return TRUE;
}

static void read_back(Bench *bench) {
  static const char *const whats[] = {"scan, blobs only", "scan, facts", "scan, one property", "scan, whole events"};
  Read read = {
      batch_new(record_spaces(bench->record), record_key(bench->record)), record_names(bench->record), bench->event, 0, 0, 0};
  read.key = names_find(read.names, NAME_KEY, text_of("properties.product_id"));
  for (read.what = 0; read.what < G_N_ELEMENTS(whats); read.what++) {
    GError *error = NULL;
    Clock start = clock_read();
    if (!record_scan(bench->record, 0, G_MAXUINT64, read_batch, &read, &error))
      fail(error);
    say(bench, whats[read.what], clock_since(start));
  }
  batch_free(read.batch);
}

static void say_size(const Bench *bench, const char *path) {
  struct stat facts;
  struct rusage usage;
  stat(path, &facts);
  getrusage(RUSAGE_SELF, &usage);
  printf("%-30s %8.1f bytes; peak memory %ld MB\n", "record", (double)facts.st_size / (double)bench->n, usage.ru_maxrss / 1024);
}

int main(int argc, char **argv) {
  GError *error = NULL;
  Bench bench = {.event = g_new0(Event, 1), .n = argc > 1 ? g_ascii_strtoull(argv[1], NULL, 10) : 1000000};
  bench.persons = argc > 2 ? g_ascii_strtoull(argv[2], NULL, 10) : MAX(bench.n / 20, 1);
  guint live = argc > 3 ? (guint)g_ascii_strtoull(argv[3], NULL, 10) : 0;
  g_autofree char *folder = g_dir_make_tmp("etappe-bench-XXXXXX", NULL), *path = g_build_filename(folder, "bench.db", NULL);
  if ((bench.record = record_open(path, RECORD_CREATE, &error)) == NULL || (bench.seen = seen_open(bench.record, &error)) == NULL)
    fail(error);
  bench.writer = batch_writer_new(record_spaces(bench.record), record_names(bench.record));
  bench.source = names_intern(record_names(bench.record), NAME_SOURCE, text_of("shop"));
  Clock making = time_making(&bench);
  say(&bench, "make (taken off below)", making);
  if (!live && !record_import_begin(bench.record, "shop", "bench", "", &bench.import_id, &error))
    fail(error);
  if (!live) {
    judge(&bench, making, FALSE);
    pack_only(&bench, making);
  }
  append(&bench, making, live ? live : BATCH_EVENTS_MAX);
  Clock start = clock_read();
  if (!live && !seen_commit(bench.seen, bench.import_id, &error))
    fail(error);
  say(&bench, "remember (sort, write, sync)", clock_since(start));
  if (!live)
    judge(&bench, making, TRUE);
  seen_free(bench.seen);
  start = clock_read();
  if (!live && !(bench.seen = seen_open(bench.record, &error)))
    fail(error);
  say(&bench, "open what was remembered", clock_since(start));
  read_back(&bench);
  if (!live)
    seen_free(bench.seen);
  batch_writer_free(bench.writer);
  record_free(bench.record);
  say_size(&bench, path);
  file_remove_folder(folder, NULL);
  g_free(bench.event);
  return 0;
}
