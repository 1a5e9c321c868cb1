/* SPDX-License-Identifier: Apache-2.0 */
#include "journey/segment_writer.h"

#include "base/error.h"
#include "base/file.h"
#include "record/batch.h"
#include <glib/gstdio.h>
#include <unistd.h>

enum { RECORD = 4711, THROUGH = 99 };

typedef struct { /* persons that a test expects back */
  guint n_persons;
  guint32 *n_events;
  guint unidentified; /* blocks before them */
  GArray *plan;
} World;

static guint64 noise(guint64 seed) {
  return hash_mix(seed * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) + 1);
}

static guint64 person_id(guint person) {
  return (guint64)person * 1000003 + (G_GUINT64_CONSTANT(1) << 40); /* of somebody */
}

/* A pure function of person and event, so that what is read can be computed again. */
static DraftEvent event_of(guint person, guint event) {
  guint64 x = noise((guint64)person << 20 | event);
  gboolean rich = person % 3 == 0; /* whole blocks of the others have constant columns */
  return (DraftEvent){
      .time_ms = 1600000000000 + (gint64)event * 60000 + (rich ? (gint64)(x % 1000) : 0),
      .row = (guint64)person * 7 + event + G_GUINT64_CONSTANT(5000000000),
      .value_micro = ((gint64)(x % 20000) - 10000) * 10000,
      .visit = event < 300 ? event / 2 : 70000,
      .event = (guint16)(rich ? x % 300 : 3),
      .channel = (guint16)(x % 7),
      .touchpoint = 0,
      .source = 9,
      .currency = (guint16)(rich ? 1 : 2),
      .flags = (guint16)(FACT_TOUCH | (x & (FACT_WEB | FACT_COMPANY | FACT_CONVERSES)) | (rich && x % 5 ? 0 : FACT_VALUE)),
      .grade = (guint8)(x % 6)};
}

static GArray *plan_of(const World *world) {
  g_autofree guint64 *ids = g_new(guint64, world->n_persons + 1);
  for (guint i = 0; i < world->n_persons; i++)
    ids[i] = person_id(i);
  return segment_plan(ids, world->n_events, world->n_persons);
}

static World *world_new(guint n_persons, guint unidentified) {
  World *world = g_new0(World, 1);
  world->n_persons = n_persons;
  world->unidentified = unidentified;
  world->n_events = g_new(guint32, n_persons + 1);
  for (guint i = 0; i < n_persons; i++)
    world->n_events[i] = 1 + (guint32)(noise(i) % 9);
  world->plan = plan_of(world);
  return world;
}

static void world_free(World *world) {
  g_array_unref(world->plan);
  g_free(world->n_events);
  g_free(world);
}

static gboolean fill(guint block, guint worker, Draft *draft, gpointer user, GError **error) {
  const World *world = user;
  if (block < world->unidentified) {
    DraftEvent *events = draft_person(draft, 0, 10, error);
    for (guint i = 0; i < 10; i++)
      events[i] = event_of(block, i);
    draft->unidentified = TRUE;
    return TRUE;
  }
  block -= world->unidentified;
  for (guint p = g_array_index(world->plan, guint32, block); p < g_array_index(world->plan, guint32, block + 1); p++) {
    DraftEvent *events = draft_person(draft, person_id(p), world->n_events[p], error);
    for (guint i = 0; i < world->n_events[p]; i++)
      events[i] = event_of(p, i);
  }
  return TRUE;
}

static Segment *write_world(World *world, const char *path, guint threads, const SegmentIdentifier *identifiers, gsize n) {
  g_autoptr(GError) error = NULL;
  g_autoptr(SegmentWriter) writer = segment_writer_new(path, RECORD, THROUGH, &error);
  g_assert_no_error(error);
  segment_writer_blocks(writer, threads, world->unidentified + world->plan->len - 1, fill, world, &error);
  g_assert_no_error(error);
  segment_writer_identifiers(writer, identifiers, n, &error);
  g_assert_no_error(error);
  static const guint64 replaced[] = {5, 7};
  segment_writer_replaced(writer, replaced, G_N_ELEMENTS(replaced));
  Segment *segment = segment_writer_finish(writer, &error);
  g_assert_no_error(error);
  return segment;
}

static void check_event(const Block *block, guint32 at, DraftEvent expected) {
  g_assert_cmpint(block_time_ms(block, at), ==, expected.time_ms);
  g_assert_cmpuint(block_row(block, at), ==, expected.row);
  g_assert_cmpuint(codes_at(&block->event, at), ==, expected.event);
  g_assert_cmpuint(codes_at(&block->channel, at), ==, expected.channel);
  g_assert_cmpuint(codes_at(&block->touchpoint, at), ==, expected.touchpoint);
  g_assert_cmpuint(codes_at(&block->source, at), ==, expected.source);
  g_assert_cmpuint(codes_at(&block->currency, at), ==, expected.currency);
  g_assert_cmpuint(codes_at(&block->grade, at), ==, expected.grade);
  g_assert_cmpuint(codes_at(&block->visit, at), ==, expected.visit);
  const guint64 *bitmaps[] = {block->touch, block->web, block->company, block->system, block->converses, block->excluded};
  const guint16 flags[] = {FACT_TOUCH, FACT_WEB, FACT_COMPANY, FACT_SYSTEM, FACT_CONVERSES, FACT_EXCLUDED};
  for (guint i = 0; i < G_N_ELEMENTS(flags); i++)
    g_assert_cmpint(bit_at(bitmaps[i], at), ==, (expected.flags & flags[i]) != 0);
  gint64 value = 0;
  g_assert_cmpint(block_value(block, at, &value), ==, (expected.flags & FACT_VALUE) != 0);
  if (expected.flags & FACT_VALUE)
    g_assert_cmpint(value, ==, expected.value_micro);
}

static void check_tail(const Block *block, const guint64 *bitmap) {
  if (bitmap && block->n_events % 64)
    g_assert_cmpuint(bitmap[block->n_events / 64] >> (block->n_events % 64), ==, 0);
}

static void check_block(const Block *block, guint person, const World *world) {
  g_assert_false(block->unidentified);
  for (guint i = 0; i < block->n_persons; i++, person++) {
    g_assert_cmpuint(block->person_id[i], ==, person_id(person));
    g_assert_cmpuint(block->person_start[i + 1] - block->person_start[i], ==, world->n_events[person]);
    for (guint32 at = block->person_start[i]; at < block->person_start[i + 1]; at++) {
      check_event(block, at, event_of(person, at - block->person_start[i]));
      g_assert_cmpint(bit_at(block->ends, at), ==, at + 1 == block->person_start[i + 1]);
    }
  }
  check_tail(block, block->touch);
  check_tail(block, block->has_value);
  check_tail(block, block->ends);
}

static void check_world(Segment *segment, const World *world) {
  const SegmentInfo *info = segment_info(segment);
  guint64 events = world->unidentified * 10;
  for (guint i = 0; i < world->n_persons; i++)
    events += world->n_events[i];
  g_assert_cmpuint(info->n_persons, ==, world->n_persons);
  g_assert_cmpuint(info->n_events, ==, events);
  g_assert_cmpuint(info->n_unidentified, ==, world->unidentified);
  g_assert_cmpuint(info->through, ==, THROUGH);
  guint person = 0;
  for (guint i = 0; i < info->n_blocks; i++) {
    g_autoptr(GError) error = NULL;
    Block block;
    segment_block(segment, i, &block, &error);
    g_assert_no_error(error);
    g_assert_cmpint(block.unidentified, ==, i < world->unidentified);
    if (i < world->unidentified)
      continue;
    check_block(&block, person, world);
    person += block.n_persons;
  }
  gsize n;
  g_assert_cmpuint(segment_replaced(segment, &n)[1], ==, 7);
  g_assert_cmpuint(n, ==, 2);
}

static char *scratch_path(const char *name) {
  g_autofree char *folder = g_dir_make_tmp("etappe-segment-XXXXXX", NULL);
  return g_build_filename(folder, name, NULL);
}

static void remove_scratch(char *path) {
  g_autofree char *folder = g_path_get_dirname(path);
  file_remove_folder(folder, NULL);
  g_free(path);
}

static void test_round_trip(void) {
  World *world = world_new(10000, 2);
  char *path = scratch_path("a.seg");
  g_autoptr(Segment) file = write_world(world, path, 2, NULL, 0);
  g_autoptr(Segment) memory = write_world(world, NULL, 1, NULL, 0);
  g_assert_cmpstr(segment_path(file), ==, path);
  g_assert_null(segment_path(memory));
  check_world(file, world);
  check_world(memory, world);
  world_free(world);
  remove_scratch(path);
}

static void test_threads(void) {
  World *world = world_new(30000, 1);
  char *path = scratch_path("a.seg");
  g_autofree char *one = NULL, *three = NULL;
  gsize one_size, three_size;
  segment_unref(write_world(world, path, 1, NULL, 0));
  g_assert_true(g_file_get_contents(path, &one, &one_size, NULL));
  segment_unref(write_world(world, path, 3, NULL, 0));
  g_assert_true(g_file_get_contents(path, &three, &three_size, NULL));
  g_assert_cmpuint(one_size, ==, three_size);
  g_assert_true(memcmp(one, three, one_size) == 0);
  world_free(world);
  remove_scratch(path);
}

static void test_empty(void) {
  World *world = world_new(0, 0);
  g_autoptr(Segment) segment = write_world(world, NULL, 2, NULL, 0);
  guint64 ordinal;
  check_world(segment, world);
  g_assert_cmpint(segment_find(segment, 1, &ordinal, NULL), ==, 0);
  world_free(world);
}

/* One person holds a block open however many events there are. */
static void test_large_person(void) {
  World *world = world_new(3, 0);
  g_autoptr(GArray) plan = NULL;
  world->n_events[1] = 600000;
  plan = plan_of(world);
  g_assert_cmpuint(plan->len, ==, 3);
  g_assert_cmpuint(g_array_index(plan, guint32, 1), ==, 2);
  g_array_unref(world->plan);
  world->plan = g_array_ref(plan);
  g_autoptr(Segment) segment = write_world(world, NULL, 2, NULL, 0);
  check_world(segment, world);
  world_free(world);
}

static void test_find(void) {
  World *world = world_new(9000, 3);
  g_autoptr(Segment) segment = write_world(world, NULL, 1, NULL, 0);
  guint64 ordinal;
  for (guint i = 0; i < world->n_persons; i++) {
    g_assert_cmpint(segment_find(segment, person_id(i), &ordinal, NULL), ==, 1);
    g_assert_cmpuint(ordinal, ==, i + 3);
    g_assert_cmpint(segment_find(segment, person_id(i) + 1, &ordinal, NULL), ==, 0);
  }
  g_assert_cmpint(segment_find(segment, 0, &ordinal, NULL), ==, 0);
  g_assert_cmpint(segment_find(segment, G_MAXUINT64, &ordinal, NULL), ==, 0);
  world_free(world);
}

/* Hashes with three persons each, and in their middle one with 9,000, which goes on over several chunks. */
static void test_identifiers(void) {
  enum { N = 21000, LONG_FROM = 6000, LONG_TO = 15000 };
  World *world = world_new(N, 0);
  g_autofree SegmentIdentifier *all = g_new(SegmentIdentifier, N);
  for (guint i = 0; i < N; i++)
    all[i] = (SegmentIdentifier){.hash = i >= LONG_FROM && i < LONG_TO ? 1000000
                                         : i < LONG_FROM               ? 10 + i / 3
                                                                       : 2000000 + i / 3,
                                 .ordinal = i,
                                 .present = i % 3 == 1,
                                 .shared = i % 7 == 0};
  g_autoptr(Segment) segment = write_world(world, NULL, 1, all, N);
  g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(SegmentIdentifier));
  g_assert_true(segment_identifiers(segment, 1000000, found, NULL));
  g_assert_cmpuint(found->len, ==, LONG_TO - LONG_FROM);
  g_array_set_size(found, 0);
  g_assert_true(segment_identifiers(segment, 10 + 4095 / 3, found, NULL)); /* stands on both sides of a chunk's end */
  g_assert_cmpuint(found->len, ==, 3);
  g_assert_cmpuint(g_array_index(found, SegmentIdentifier, 2).ordinal, ==, 4097);
  g_array_set_size(found, 0);
  g_assert_true(segment_identifiers(segment, 999999, found, NULL));
  g_assert_true(segment_identifiers(segment, 5, found, NULL));
  g_assert_true(segment_identifiers(segment, G_MAXUINT64, found, NULL));
  g_assert_cmpuint(found->len, ==, 0);
  for (guint i = 0; i < N; i++) {
    SegmentIdentifier one;
    g_assert_true(segment_identifier(segment, i, &one, NULL));
    g_assert_cmpuint(one.hash, ==, all[i].hash);
    g_assert_cmpuint(one.ordinal, ==, all[i].ordinal);
    g_assert_cmpint(one.present, ==, all[i].present);
    g_assert_cmpint(one.shared, ==, all[i].shared);
  }
  g_assert_cmpuint(segment_info(segment)->n_shared, ==, (N + 6) / 7);
  world_free(world);
}

static void flip(const char *path, gsize at) {
  FILE *file = g_fopen(path, "r+b");
  g_assert_true(file && fseek(file, (long)at, SEEK_SET) == 0);
  int byte = fgetc(file);
  g_assert_true(byte != EOF && fseek(file, (long)at, SEEK_SET) == 0);
  g_assert_true(fputc(byte ^ 1, file) != EOF && fclose(file) == 0);
}

/* Every damaged byte is found: in a block when that is touched, elsewhere when the file is opened. */
static void test_damage(void) {
  World *world = world_new(60, 1);
  char *path = scratch_path("a.seg");
  g_autofree char *mark = g_strconcat(path, ".damaged", NULL);
  SegmentIdentifier identifier = {.hash = 3, .ordinal = 1};
  segment_unref(write_world(world, path, 1, &identifier, 1));
  g_autofree char *bytes = NULL;
  gsize size;
  g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
  guint at_open = 0, at_touch = 0, padding = 0;
  for (gsize at = 0; at < size; at += at < 64 || at + 600 > size ? 1 : 37) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(SegmentIdentifier));
    Block block;
    flip(path, at);
    g_autoptr(Segment) segment = segment_open(path, RECORD, &error);
    if (segment == NULL) {
      g_assert_true(g_error_matches(error, ETAPPE_ERROR, ERROR_DAMAGED) || g_error_matches(error, ETAPPE_ERROR, ERROR_VERSION));
      at_open++;
    } else if (segment_block(segment, 0, &block, &error) && segment_block(segment, 1, &block, &error) &&
               segment_identifiers(segment, 3, found, &error)) {
      padding++; /* nobody reads the gap between identifiers and tables */
    } else {
      g_assert_error(error, ETAPPE_ERROR, ERROR_DAMAGED);
      g_assert_true(segment_marked(segment));
      at_touch++;
    }
    flip(path, at);
    g_unlink(mark);
  }
  g_assert_cmpuint(at_open, >, 450);
  g_assert_cmpuint(at_touch, >, 50);
  g_assert_cmpuint(padding, <, 64);
  world_free(world);
  remove_scratch(path);
}

static void test_refused(void) {
  World *world = world_new(60, 0);
  char *path = scratch_path("a.seg");
  g_autoptr(GError) error = NULL;
  g_autofree char *bytes = NULL;
  gsize size;
  g_assert_null(segment_open(path, RECORD, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_NOT_FOUND);
  g_clear_error(&error);
  segment_unref(write_world(world, path, 1, NULL, 0));
  g_assert_null(segment_open(path, RECORD + 1, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_VERSION);
  g_clear_error(&error);
  g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
  for (gsize cut = size; cut > 0;) {
    cut -= MIN(cut, 61);
    g_assert_cmpint(truncate(path, (off_t)cut), ==, 0);
    g_assert_null(segment_open(path, RECORD, &error));
    g_assert_error(error, ETAPPE_ERROR, ERROR_DAMAGED);
    g_clear_error(&error);
  }
  world_free(world);
  remove_scratch(path);
}

static gboolean fill_failing(guint block, guint worker, Draft *draft, gpointer user, GError **error) {
  if (block == 3)
    return error_set(error, ERROR_INVALID, "block three");
  return fill(block, worker, draft, user, error);
}

static void test_failing(void) {
  World *world = world_new(50000, 0);
  char *path = scratch_path("a.seg");
  for (guint threads = 1; threads < 5; threads++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(SegmentWriter) writer = segment_writer_new(path, RECORD, THROUGH, &error);
    g_assert_false(segment_writer_blocks(writer, threads, world->plan->len - 1, fill_failing, world, &error));
    g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  }
  g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
  world_free(world);
  remove_scratch(path);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/segment/what is written is read back, from a file and from memory", test_round_trip);
  g_test_add_func("/segment/one thread and three write the same bytes", test_threads);
  g_test_add_func("/segment/no person is a segment too", test_empty);
  g_test_add_func("/segment/a person of 600,000 events stands in one block", test_large_person);
  g_test_add_func("/segment/a person is found by id", test_find);
  g_test_add_func("/segment/an identifier finds all its persons, over chunks", test_identifiers);
  g_test_add_func("/segment/a damaged byte is found at open or at first touch", test_damage);
  g_test_add_func("/segment/missing, foreign and cut files are refused", test_refused);
  g_test_add_func("/segment/the first failing block is the error that is told", test_failing);
  return g_test_run();
}
