/* SPDX-License-Identifier: Apache-2.0 */
#include "journey/erasure.h"

#include "base/error.h"
#include "base/file.h"
#include "journey/column.h"
#include "journey/index.h"
#include "record/seen.h"
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Texts of hers that no file may hold afterwards; others keep theirs. */
static const char *const hers[] = {"erika-4711",    "erika.m@example.org", "Heidestr. 17",
                                   "ERIKA-ORDER-9", "erika-message",       "ERIKACARD"};
static const char *const theirs[] = {"otto-0815", "Hafenweg 3"};

typedef struct {
  char *folder, *path;
  Record *record;
  BatchWriter *writer;
  Index *index;
  char scratch[4][IDENTIFIER_SIZE_MAX];
  Event *event;
} World;

static void open_world(World *world) {
  g_autoptr(GError) error = NULL;
  world->record = record_open(world->path, RECORD_CREATE, &error);
  g_assert_no_error(error);
  world->writer = batch_writer_new(record_spaces(world->record), record_names(world->record));
}

static void open_index(World *world) {
  g_autoptr(GError) error = NULL;
  world->index = index_open(world->record, &(IndexOptions){.threads = 1}, &error);
  g_assert_no_error(error);
}

static void shut(World *world) {
  if (world->index)
    index_free(world->index);
  batch_writer_free(world->writer);
  record_free(world->record);
  world->index = NULL;
  world->record = NULL;
}

static void world_free(World *world) {
  shut(world);
  file_remove_folder(world->folder, NULL);
  g_free(world->folder);
  g_free(world->path);
  g_free(world->event);
  g_free(world);
}

static guint64 hash_of(World *world, guint8 space, const char *value) {
  Identifier identifier;
  const char *why;
  g_assert_true(identifier_make(&identifier, record_spaces(world->record), record_key(world->record), space, text_of(value),
                                world->scratch[3], &why));
  return identifier.hash.low;
}

static Event *event_of(World *world, gint64 minute, const char *user, const char *device, const char *email) {
  Event *event = world->event;
  const struct {
    guint8 space;
    const char *value;
  } all[] = {{SPACE_USER, user}, {SPACE_ANONYMOUS, device}, {SPACE_EMAIL, email}};
  event_clear(event);
  event->time_ms = (G_GINT64_CONSTANT(1700000000) + minute * 60) * 1000;
  event->name = text_of("Page Viewed");
  event->channel = text_of("direct");
  event->touch = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
    const char *why;
    if (all[i].value)
      g_assert_true(identifier_make(&event->identifiers[event->n_identifiers++], record_spaces(world->record),
                                    record_key(world->record), all[i].space, text_of(all[i].value), world->scratch[i], &why));
  }
  return event;
}

static void with(World *world, const char *key, const char *text) {
  world->event->properties[world->event->n_properties++] = (Property){text_of(key), VALUE_TEXT, text_of(text)};
}

static void put(World *world) {
  batch_writer_add(world->writer, world->event, names_intern(record_names(world->record), NAME_SOURCE, text_of("shop")), 0);
}

static void commit(World *world, guint64 import) {
  g_autoptr(GError) error = NULL;
  record_append(world->record, import, world->writer, &error);
  g_assert_no_error(error);
}

static void add_undone(World *world) {
  g_autoptr(GError) error = NULL;
  guint64 id;
  g_assert_true(record_import_begin(world->record, "shop", "old", "", &id, &error));
  event_of(world, 500, "erika-4711", NULL, NULL);
  with(world, "traits.address", "Heidestr. 17");
  put(world);
  event_of(world, 501, "otto-0815", NULL, NULL);
  put(world);
  commit(world, id);
  g_assert_true(record_import_finish(world->record, &(ImportInfo){.id = id}, &error));
  g_assert_true(record_import_undo(world->record, id, &error));
}

/* 1 erika d1 | 2 d1 | 3 otto with her card seen | 4 d2, her tablet once | 5 otto d2 | 6.. others; then a taken-back import. */
static void fill(World *world) {
  event_of(world, 1, "erika-4711", "d1", "erika.m@example.org");
  with(world, "traits.email", "erika.m@example.org");
  with(world, "traits.address", "Heidestr. 17");
  with(world, "order", "ERIKA-ORDER-9");
  world->event->id = text_of("erika-message");
  put(world);
  event_of(world, 2, NULL, "d1", NULL);
  with(world, "traits.card", "ERIKACARD");
  put(world);
  event_of(world, 3, "otto-0815", NULL, NULL);
  with(world, "traits.address", "Hafenweg 3");
  put(world);
  event_of(world, 4, "erika-4711", "d2", NULL);
  put(world);
  event_of(world, 5, "otto-0815", "d2", NULL); /* the device moves to him */
  put(world);
  commit(world, 0);
  for (guint i = 0; i < 300; i++) {
    g_autofree char *device = g_strdup_printf("other%u", i % 40);
    event_of(world, 6 + i, NULL, device, NULL);
    with(world, "traits.address", i % 7 ? "Seestr. 1" : "Bergstr. 2");
    put(world);
  }
  commit(world, 0);
  add_undone(world);
  g_autoptr(GError) error = NULL;
  Link link = {.kind = LINK_VETO, .a = hash_of(world, SPACE_USER, "erika-4711"), .b = hash_of(world, SPACE_USER, "otto-0815")};
  g_assert_true(record_link_add(world->record, &link, NULL, &error));
}

static World *world_new(void) {
  World *world = g_new0(World, 1);
  world->folder = g_dir_make_tmp("etappe-erase-XXXXXX", NULL);
  world->path = g_build_filename(world->folder, "e.db", NULL);
  world->event = g_new0(Event, 1);
  open_world(world);
  fill(world);
  return world;
}

/* --- looking for bytes ------------------------------------------------------------------------------- */

static gboolean file_holds(const char *path, const char *text) {
  g_autofree char *data = NULL;
  gsize size;
  gboolean holds = g_file_get_contents(path, &data, &size, NULL) && size && memmem(data, size, text, strlen(text)) != NULL;
  if (holds)
    g_test_message("%s holds \"%s\"", path, text);
  return holds;
}

static gboolean folder_holds(const char *path, const char *text) {
  gboolean holds = FALSE;
  GDir *folder = g_dir_open(path, 0, NULL);
  for (const char *name; folder && (name = g_dir_read_name(folder));) {
    g_autofree char *inner = g_build_filename(path, name, NULL);
    holds |= g_file_test(inner, G_FILE_TEST_IS_DIR) ? folder_holds(inner, text) : file_holds(inner, text);
  }
  if (folder)
    g_dir_close(folder);
  return holds;
}

static void check_bytes(const World *world, gboolean there) {
  for (guint i = 0; i < G_N_ELEMENTS(hers); i++)
    if (folder_holds(world->folder, hers[i]) != there)
      g_error("\"%s\" is %s", hers[i], there ? "missing" : "still there");
  for (guint i = 0; i < G_N_ELEMENTS(theirs); i++)
    g_assert_true(folder_holds(world->folder, theirs[i]));
}

static void make_column(World *world) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Snapshot) snapshot = index_snapshot(world->index);
  g_autoptr(Column) column = column_open(snapshot, "traits.address", &error);
  g_assert_no_error(error);
  for (guint i = 0; i < snapshot_blocks(snapshot); i++) {
    ColumnBlock block;
    g_assert_true(column_block(column, i, &block, &error));
  }
}

/* --- erasing ------------------------------------------------------------------------------------------ */

static gboolean erase(World *world, ErasureDone *done, GError **error) {
  g_autoptr(Snapshot) snapshot = index_snapshot(world->index);
  g_auto(ErasureParts) parts = {0};
  if (!erasure_gather(snapshot, hash_of(world, SPACE_EMAIL, "erika.m@example.org"), &parts, error))
    return FALSE;
  Erasure erasure = erasure_of(&parts);
  return record_erase(world->record, &erasure, done, error);
}

static guint64 events_of(World *world, guint8 space, const char *value) {
  g_autoptr(Snapshot) snapshot = index_snapshot(world->index);
  guint block;
  guint32 person;
  Block data;
  if (!snapshot_find(snapshot, hash_of(world, space, value), &block, &person))
    return 0;
  g_assert_true(snapshot_block(snapshot, block, &data, NULL));
  return data.person_start[person + 1] - data.person_start[person];
}

static void check_healthy(World *world) {
  g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GError) error = NULL;
  g_assert_true(record_check(world->record, findings, &error));
  g_assert_true(index_check(world->index, findings, &error));
  g_assert_cmpstr(findings->len ? findings->pdata[0] : "", ==, "");
}

static void check_gone(World *world) {
  guint64 erasures, events;
  g_assert_cmpuint(events_of(world, SPACE_USER, "erika-4711"), ==, 0);
  g_assert_cmpuint(events_of(world, SPACE_ANONYMOUS, "d1"), ==, 0);
  g_assert_cmpuint(events_of(world, SPACE_USER, "otto-0815"), ==, 2);
  g_assert_true(record_erased(world->record, &erasures, &events, NULL));
  g_assert_cmpuint(erasures, ==, 1);
  g_assert_cmpuint(events, ==, 4);
  g_autoptr(Snapshot) snapshot = index_snapshot(world->index);
  g_assert_cmpuint(snapshot_events(snapshot), ==, 302);
  check_healthy(world);
}

static void test_erase(void) {
  g_autoptr(GError) error = NULL;
  World *world = world_new();
  ErasureDone done;
  open_index(world);
  make_column(world);
  check_bytes(world, TRUE);
  g_assert_cmpuint(events_of(world, SPACE_EMAIL, "erika.m@example.org"), ==, 3);
  erase(world, &done, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(done.events, ==, 4); /* three, and one of the import that was taken back */
  g_assert_cmpuint(done.links, ==, 1);
  g_assert_cmpuint(done.batches, ==, 2);
  g_assert_true(done.clean);
  index_update(world->index, &error);
  g_assert_no_error(error);
  check_gone(world);
  index_fold(world->index, &error);
  g_assert_no_error(error);
  check_bytes(world, FALSE);
  check_gone(world);
  g_assert_cmpuint(events_of(world, SPACE_ANONYMOUS, "d2"), ==, 2); /* his by now */
  index_rebuild(world->index, &error);
  check_gone(world);
  shut(world);
  check_bytes(world, FALSE);
  open_world(world);
  open_index(world);
  check_gone(world);
  world_free(world);
}

static void check_verdict(World *world, ErasedVerdict expected, const char *user, const char *device, const char *email) {
  event_of(world, 900, user, device, email);
  g_assert_cmpint(record_judge_erased(world->record, record_spaces(world->record), world->event), ==, expected);
}

static void test_kept_out(void) {
  g_autoptr(GError) error = NULL;
  World *world = world_new();
  open_index(world);
  check_verdict(world, ERASED_NOBODY, "erika-4711", "d1", NULL);
  erase(world, NULL, &error);
  g_assert_no_error(error);
  for (guint round = 0; round < 2; round++) {
    check_verdict(world, ERASED_SOMEBODY, "erika-4711", NULL, NULL);
    check_verdict(world, ERASED_SOMEBODY, NULL, "other1", "erika.m@example.org");
    check_verdict(world, ERASED_SOMEBODY, NULL, "d1", NULL);
    check_verdict(world, ERASED_DEVICE, "anna", "d1", NULL); /* in other hands */
    record_strip_erased(world->record, world->event);
    g_assert_cmpuint(world->event->n_identifiers, ==, 1);
    g_assert_cmpint(world->event->identifiers[0].space, ==, SPACE_USER);
    check_verdict(world, ERASED_NOBODY, "otto-0815", "d2", NULL);
    shut(world); /* and after another start */
    open_world(world);
  }
  world_free(world);
}

/* What a door let in before, and what is appended only after. */
static void test_on_its_way(void) {
  g_autoptr(GError) error = NULL;
  World *world = world_new();
  open_index(world);
  event_of(world, 700, "erika-4711", "d1", NULL);
  with(world, "traits.address", "Heidestr. 17");
  put(world);
  event_of(world, 701, "otto-0815", "d1", NULL);
  put(world);
  erase(world, NULL, &error);
  g_assert_no_error(error);
  commit(world, 0);
  index_update(world->index, &error);
  g_assert_no_error(error);
  index_fold(world->index, &error);
  g_assert_cmpuint(events_of(world, SPACE_USER, "erika-4711"), ==, 0);
  g_assert_cmpuint(events_of(world, SPACE_ANONYMOUS, "d1"), ==, 0);
  g_assert_cmpuint(events_of(world, SPACE_USER, "otto-0815"), ==, 3);
  record_erase(world->record, &(Erasure){.identifiers = (guint64[]){1}, .n_identifiers = 1}, NULL, &error); /* cuts the log */
  g_assert_no_error(error);
  check_bytes(world, FALSE);
  world_free(world);
}

/* As long as somebody reads, the log keeps what it held; it goes between later commits. */
static void test_reader(void) {
  g_autoptr(GError) error = NULL;
  World *world = world_new();
  open_index(world);
  sqlite3 *reader = NULL;
  g_assert_cmpint(sqlite3_open_v2(world->path, &reader, SQLITE_OPEN_READONLY, NULL), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM batch", NULL, NULL, NULL), ==, SQLITE_OK);
  ErasureDone done;
  erase(world, &done, &error);
  g_assert_no_error(error);
  g_assert_false(done.clean);
  index_update(world->index, &error);
  index_fold(world->index, &error);
  g_assert_no_error(error);
  check_gone(world);
  g_assert_true(folder_holds(world->folder, hers[0]));
  sqlite3_close(reader);
  g_usleep(1100 * 1000);
  event_of(world, 800, "otto-0815", NULL, NULL);
  put(world);
  commit(world, 0);
  check_bytes(world, FALSE);
  world_free(world);
}

static void test_nobody(void) {
  g_autoptr(GError) error = NULL;
  World *world = world_new();
  open_index(world);
  g_autoptr(Snapshot) snapshot = index_snapshot(world->index);
  g_auto(ErasureParts) parts = {0};
  g_assert_false(erasure_gather(snapshot, 12345, &parts, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_false(record_erase(world->record, &(Erasure){0}, NULL, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  world_free(world);
}

/* --- faults --------------------------------------------------------------------------------------------- */

static int child(const char *path) {
  World world = {.path = (char *)path, .event = g_new0(Event, 1)};
  world.record = record_open(path, RECORD_WRITE, NULL);
  if (world.record == NULL)
    return 2;
  world.writer = batch_writer_new(record_spaces(world.record), record_names(world.record));
  world.index = index_open(world.record, &(IndexOptions){.threads = 1}, NULL);
  int code = world.index == NULL ? 2 : erase(&world, NULL, NULL) ? 0 : 1;
  if (code == 0 && index_update(world.index, NULL))
    index_fold(world.index, NULL);
  fflush(NULL);
  _exit(code); /* as if it had been killed: nothing is closed */
}

static int run_child(const char *self, const World *world, const char *fault) {
  g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "ETAPPE_FAULT", fault, TRUE);
  const char *const command[] = {self, "--child", world->path, NULL};
  int status;
  g_autoptr(GError) error = NULL;
  g_spawn_sync(NULL, (char **)command, environment, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error);
  g_assert_no_error(error);
  g_assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

/* Whatever failed, the next one to open finds her either whole or goes on until nothing of her is left. */
static gboolean check_after(World *world, int code) {
  g_autoptr(GError) error = NULL;
  guint64 erasures, events;
  open_world(world);
  open_index(world);
  g_assert_true(record_erased(world->record, &erasures, &events, &error));
  g_assert_true(code != 0 || erasures == 1);
  if (erasures == 0)
    g_assert_cmpuint(events_of(world, SPACE_USER, "erika-4711"), ==, 3);
  else
    check_gone(world);
  index_fold(world->index, &error);
  g_assert_no_error(error);
  shut(world);
  if (erasures)
    check_bytes(world, FALSE);
  return erasures == 1;
}

static void copy(const char *from, const char *to) {
  g_autofree char *command = g_strdup_printf("rm -rf '%s' && cp -r '%s' '%s'", to, from, to);
  g_assert_cmpint(system(command), ==, 0);
}

static void test_faults(gconstpointer self) {
  static const struct {
    const char *kind;
    guint most;
  } kinds[] = {{"write", 32}, {"fsync", 12}, {"open", 14}, {"rename", 4}};
  World *world = world_new();
  open_index(world);
  make_column(world);
  shut(world);
  g_autofree char *kept = g_strconcat(world->folder, ".kept", NULL);
  copy(world->folder, kept);
  guint failed = 0, resumed = 0;
  for (guint kind = 0; kind < G_N_ELEMENTS(kinds); kind++)
    for (guint at = 1; at <= kinds[kind].most; at++) {
      g_autofree char *fault = g_strdup_printf("%s:%u", kinds[kind].kind, at);
      copy(kept, world->folder);
      int code = run_child(self, world, fault);
      g_test_message("%s: the child ends with %d", fault, code);
      gboolean gone = check_after(world, code);
      failed += code != 0;
      resumed += code != 0 && gone;
    }
  g_test_message("%u failed, of which %u went on later", failed, resumed);
  g_assert_cmpuint(failed, >, 10);
  g_assert_cmpuint(resumed, >, 3);
  file_remove_folder(kept, NULL);
  open_world(world);
  world_free(world);
}

int main(int argc, char **argv) {
  if (argc == 3 && g_str_equal(argv[1], "--child"))
    return child(argv[2]);
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/erasure/no file holds a byte of hers, others keep theirs", test_erase);
  g_test_add_func("/erasure/what was erased is not let in again", test_kept_out);
  g_test_add_func("/erasure/what was on its way does not come through", test_on_its_way);
  g_test_add_func("/erasure/while somebody reads, the log is cut later", test_reader);
  g_test_add_func("/erasure/nobody is an error", test_nobody);
  g_test_add_data_func("/erasure/after any failure she is whole or goes on to be erased", argv[0], test_faults);
  return g_test_run();
}
