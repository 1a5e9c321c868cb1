/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record.h"

#include "base/error.h"
#include "base/file.h"
#include "record/migrations.h"
#include <glib/gstdio.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
  char *folder, *path;
  Record *record;
  BatchWriter *writer;
} Fixture;

static void open_as(Fixture *f, RecordMode mode) {
  g_autoptr(GError) error = NULL;
  f->record = record_open(f->path, mode, &error);
  g_assert_no_error(error);
  f->writer = batch_writer_new(record_spaces(f->record), record_names(f->record));
}

static void shut(Fixture *f) {
  batch_writer_free(f->writer);
  record_free(f->record);
  f->writer = NULL;
  f->record = NULL;
}

static void set_up(Fixture *f, gconstpointer data) {
  f->folder = g_dir_make_tmp("etappe-XXXXXX", NULL);
  f->path = g_build_filename(f->folder, "r.db", NULL);
  open_as(f, RECORD_CREATE);
}

static void tear_down(Fixture *f, gconstpointer data) {
  shut(f);
  file_remove_folder(f->folder, NULL);
  g_free(f->folder);
  g_free(f->path);
}

static char *beside(const Fixture *f, const char *ending) {
  return g_strconcat(f->path, ending, NULL);
}

/* --- writing ------------------------------------------------------------------------------------------ */

/* n events of this name, all at one time. */
static void add(Fixture *f, const char *name, guint n) {
  g_autofree Event *event = g_new0(Event, 1);
  event_clear(event);
  event->time_ms = G_GINT64_CONSTANT(1700000000000);
  event->name = text_of(name);
  for (guint i = 0; i < n; i++)
    batch_writer_add(f->writer, event, 0, 0);
}

static void append(Fixture *f, guint64 import_id, const char *name, guint n) {
  g_autoptr(GError) error = NULL;
  add(f, name, n);
  record_append(f->record, import_id, f->writer, &error);
  g_assert_no_error(error);
}

static guint64 begin(Fixture *f) {
  g_autoptr(GError) error = NULL;
  guint64 id = 0;
  record_import_begin(f->record, "file", "a.csv", "map", &id, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(id, >, 0);
  return id;
}

static void finish(Fixture *f, guint64 id) {
  g_autoptr(GError) error = NULL;
  ImportInfo totals = {.id = id, .read = 100, .repeated = 3, .conflicting = 2, .refused = 1};
  record_import_finish(f->record, &totals, &error);
  g_assert_no_error(error);
}

static guint64 import(Fixture *f, const char *name, guint n) {
  guint64 id = begin(f);
  append(f, id, name, n);
  finish(f, id);
  return id;
}

/* --- reading ------------------------------------------------------------------------------------------ */

typedef struct {
  const Fixture *fixture;
  GString *said; /* "1+2a " for two events "a" from number 1 on */
  Batch *batch;
} Telling;

static gboolean tell(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user, GError **error) {
  Telling *telling = user;
  g_autofree Event *event = g_new0(Event, 1);
  if (!batch_open(telling->batch, blob, size, error) ||
      !batch_event(telling->batch, 0, record_names(telling->fixture->record), event, error))
    return FALSE;
  g_string_append_printf(telling->said, "%" G_GUINT64_FORMAT "+%u%.*s ", first, n, (int)event->name.size, event->name.at);
  return TRUE;
}

static void check_scan(Fixture *f, guint64 from, guint64 until, const char *expected) {
  g_autoptr(GError) error = NULL;
  Telling telling = {f, g_string_new(NULL), batch_new(record_spaces(f->record), record_key(f->record))};
  record_scan(f->record, from, until, tell, &telling, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(telling.said->str, ==, expected);
  g_string_free(telling.said, TRUE);
  batch_free(telling.batch);
}

static void check_all(Fixture *f, const char *expected) {
  check_scan(f, 0, G_MAXUINT64, expected);
}

static char *pairs(const GArray *ranges) {
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < ranges->len; i++) {
    const guint64 *pair = &g_array_index(ranges, guint64, i * 2);
    g_string_append_printf(text, "%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT " ", pair[0], pair[1]);
  }
  return g_string_free(text, FALSE);
}

static void check_changes(Fixture *f, guint64 after, const char *ranges, const char *hidden) {
  g_autoptr(GError) error = NULL;
  g_autoptr(RecordChanges) changes = record_changes(f->record, after, &error);
  g_assert_no_error(error);
  g_autofree char *shown = pairs(changes->ranges), *gone = pairs(changes->hidden);
  g_assert_cmpstr(shown, ==, ranges);
  g_assert_cmpstr(gone, ==, hidden);
  g_assert_false(changes->everything);
}

/* --- the sequence ---------------------------------------------------------------------------------------- */

static void test_live(Fixture *f, gconstpointer data) {
  g_assert_cmpuint(record_through(f->record), ==, 0);
  check_all(f, "");
  append(f, 0, "a", 2);
  g_assert_cmpuint(record_through(f->record), ==, 2);
  append(f, 0, "b", 1);
  check_all(f, "1+2a 3+1b ");
  shut(f);
  open_as(f, RECORD_READ);
  g_assert_cmpuint(record_through(f->record), ==, 3);
  check_all(f, "1+2a 3+1b ");
}

static void test_import_is_atomic(Fixture *f, gconstpointer data) {
  guint64 id = begin(f);
  append(f, id, "a", 3);
  append(f, id, "b", 2);
  g_assert_cmpuint(record_through(f->record), ==, 0);
  check_all(f, "");
  append(f, 0, "live", 1);
  g_assert_cmpuint(record_through(f->record), ==, 6);
  check_all(f, "6+1live ");
  finish(f, id);
  g_assert_cmpuint(record_through(f->record), ==, 7);
  check_all(f, "1+3a 4+2b 6+1live ");
  append(f, 0, "later", 1);
  check_all(f, "1+3a 4+2b 6+1live 8+1later ");
}

static void test_numbers_go_on(Fixture *f, gconstpointer data) {
  append(f, 0, "a", 2);
  g_assert_true(record_set_setting(f->record, "currency", "EUR", NULL));
  g_assert_cmpuint(record_through(f->record), ==, 3);
  g_assert_true(record_set_setting(f->record, "currency", "EUR", NULL)); /* no change */
  g_assert_cmpuint(record_through(f->record), ==, 3);
  shut(f);
  open_as(f, RECORD_WRITE);
  append(f, 0, "b", 1);
  check_all(f, "1+2a 4+1b ");
  g_assert_cmpuint(record_through(f->record), ==, 4);
}

static void test_undo(Fixture *f, gconstpointer data) {
  g_autoptr(GError) error = NULL;
  guint64 first = import(f, "a", 3), second = import(f, "b", 2);
  g_assert_cmpuint(record_through(f->record), ==, 7);
  g_assert_true(record_import_undo(f->record, first, NULL));
  g_assert_cmpuint(record_through(f->record), ==, 8);
  check_all(f, "5+2b ");
  g_assert_false(record_import_undo(f->record, first, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_CONFLICT);
  g_clear_error(&error);
  g_assert_false(record_import_undo(f->record, 99, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_false(record_import_undo(f->record, 0, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  g_clear_error(&error);
  guint64 third = begin(f);
  g_assert_false(record_import_undo(f->record, third, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_BUSY);
  g_assert_cmpuint(record_through(f->record), ==, 8);
  g_assert_true(record_import_undo(f->record, second, NULL));
  check_all(f, "");
}

static void test_states(Fixture *f, gconstpointer data) {
  g_autoptr(GError) error = NULL;
  guint64 id = import(f, "a", 1);
  ImportInfo totals = {.id = id};
  g_assert_false(record_import_finish(f->record, &totals, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_CONFLICT);
  g_clear_error(&error);
  g_assert_false(record_import_abort(f->record, id, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_CONFLICT);
  g_clear_error(&error);
  add(f, "late", 1);
  g_assert_false(record_append(f->record, id, f->writer, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_NOT_FOUND);
  g_assert_cmpuint(batch_writer_count(f->writer), ==, 0);
  check_all(f, "1+1a ");
  append(f, 0, "b", 1);
  check_all(f, "1+1a 3+1b ");
}

static void test_abort(Fixture *f, gconstpointer data) {
  guint64 id = begin(f);
  for (guint i = 0; i < 150; i++)
    append(f, id, "gone", 1);
  append(f, 0, "kept", 1);
  g_assert_true(record_import_abort(f->record, id, NULL));
  check_all(f, "151+1kept ");
  g_autoptr(GPtrArray) imports = record_imports(f->record, NULL);
  g_assert_cmpuint(imports->len, ==, 1);
  g_assert_cmpuint(begin(f), >, id); /* its id never comes back */
}

static void test_list(Fixture *f, gconstpointer data) {
  g_autoptr(GPtrArray) none = record_imports(f->record, NULL);
  g_assert_cmpuint(none->len, ==, 0);
  append(f, 0, "live", 2);
  guint64 id = begin(f);
  append(f, id, "a", 3);
  append(f, id, "a", 4);
  finish(f, id);
  guint64 empty = begin(f);
  finish(f, empty);
  g_autoptr(GPtrArray) imports = record_imports(f->record, NULL);
  g_assert_cmpuint(imports->len, ==, 3);
  const ImportInfo *live = imports->pdata[0], *info = imports->pdata[1], *last = imports->pdata[2];
  g_assert_cmpuint(live->id, ==, 0);
  g_assert_cmpuint(live->stored, ==, 2);
  g_assert_cmpuint(info->id, ==, id);
  g_assert_cmpint(info->state, ==, IMPORT_DONE);
  g_assert_cmpuint(info->first, ==, 3);
  g_assert_cmpuint(info->last, ==, 9);
  g_assert_cmpuint(info->stored, ==, 7);
  g_assert_cmpuint(info->through, ==, 10);
  g_assert_cmpuint(info->read, ==, 100);
  g_assert_cmpuint(info->repeated, ==, 3);
  g_assert_cmpuint(info->conflicting, ==, 2);
  g_assert_cmpuint(info->refused, ==, 1);
  g_assert_cmpint(info->ended_ms, >=, info->started_ms);
  g_assert_cmpstr(info->source, ==, "file");
  g_assert_cmpstr(info->label, ==, "a.csv");
  g_assert_cmpstr(info->options, ==, "map");
  g_assert_cmpuint(last->first, ==, 0);
  g_assert_cmpuint(last->last, ==, 0);
}

/* --- ranges and rows ---------------------------------------------------------------------------------------- */

static void test_scan_ranges(Fixture *f, gconstpointer data) {
  append(f, 0, "a", 10);
  guint64 hidden = import(f, "b", 10);
  append(f, 0, "c", 10);
  g_assert_true(record_import_undo(f->record, hidden, NULL));
  check_all(f, "1+10a 22+10c ");
  check_scan(f, 10, 11, "1+10a "); /* a batch comes whole */
  check_scan(f, 11, 22, "");
  check_scan(f, 11, 23, "22+10c ");
  check_scan(f, 31, 32, "22+10c ");
  check_scan(f, 32, G_MAXUINT64, "");
}

static gboolean refuse(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user, GError **error) {
  ++*(guint *)user;
  return error_set(error, ERROR_CANCELLED, "stop");
}

static void test_scan_stops(Fixture *f, gconstpointer data) {
  g_autoptr(GError) error = NULL;
  guint calls = 0;
  append(f, 0, "a", 1);
  append(f, 0, "b", 1);
  g_assert_false(record_scan(f->record, 0, G_MAXUINT64, refuse, &calls, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_CANCELLED);
  g_assert_cmpuint(calls, ==, 1);
  check_all(f, "1+1a 2+1b ");
}

static void test_scan_rows(Fixture *f, gconstpointer data) {
  const guint64 rows[] = {0, 2, 3, 10, 15, 23, 31, 32, 99};
  append(f, 0, "a", 10);
  guint64 hidden = import(f, "b", 10);
  append(f, 0, "c", 10);
  g_assert_true(record_import_undo(f->record, hidden, NULL));
  Telling telling = {f, g_string_new(NULL), batch_new(record_spaces(f->record), record_key(f->record))};
  g_assert_true(record_scan_rows(f->record, rows, G_N_ELEMENTS(rows), tell, &telling, NULL));
  g_assert_cmpstr(telling.said->str, ==, "1+10a 22+10c ");
  g_string_free(telling.said, TRUE);
  batch_free(telling.batch);
}

static void test_cutting(Fixture *f, gconstpointer data) {
  guint64 bounds[9];
  g_assert_cmpuint(record_ranges(f->record, 0, 4, bounds), ==, 0);
  for (guint i = 0; i < 2500; i++) /* more than one piece of the list */
    append(f, 0, "a", 1 + i % 3);
  guint64 last = record_through(f->record);
  guint n = record_ranges(f->record, 0, 8, bounds);
  g_assert_cmpuint(n, ==, 9);
  g_assert_cmpuint(bounds[0], ==, 1);
  g_assert_cmpuint(bounds[8], ==, last + 1);
  for (guint i = 0; i < 8; i++) {
    guint64 size = bounds[i + 1] - bounds[i];
    g_assert_cmpuint(size, >, last / 8 - 10);
    g_assert_cmpuint(size, <, last / 8 + 10);
  }
  n = record_ranges(f->record, last - 1, 8, bounds);
  g_assert_cmpuint(n, >=, 2);
  g_assert_cmpuint(bounds[n - 1], ==, last + 1);
  g_assert_cmpuint(record_ranges(f->record, last + 1, 8, bounds), ==, 0);
}

/* --- changes -------------------------------------------------------------------------------------------------- */

static void test_changes(Fixture *f, gconstpointer data) {
  append(f, 0, "a", 2); /* 1-2 */
  append(f, 0, "b", 2); /* 3-4 */
  guint64 id = begin(f);
  append(f, id, "c", 5); /* 5-9 */
  append(f, 0, "d", 1);  /* 10 */
  append(f, id, "e", 5); /* 11-15 */
  check_changes(f, 0, "1-4 10-10 ", "");
  check_changes(f, 2, "3-4 10-10 ", "");
  check_changes(f, 10, "", "");
  finish(f, id); /* 16 */
  check_changes(f, 10, "5-9 11-15 ", "");
  check_changes(f, 4, "5-9 10-10 11-15 ", "");
  check_changes(f, 16, "", "");
  g_assert_true(record_import_undo(f->record, id, NULL)); /* 17 */
  check_changes(f, 16, "", "5-9 11-15 ");
  check_changes(f, 10, "", ""); /* came and went */
  check_changes(f, 0, "1-4 10-10 ", "");
}

static void test_changes_that_need_everything(Fixture *f, gconstpointer data) {
  append(f, 0, "a", 2);
  g_autoptr(RecordChanges) future = record_changes(f->record, 99, NULL);
  g_assert_true(future->everything);
  g_assert_true(record_set_setting(f->record, "label", "x", NULL));
  check_changes(f, 2, "", "");
  g_assert_true(record_set_setting(f->record, "max_links", "50", NULL));
  g_autoptr(RecordChanges) changes = record_changes(f->record, 2, NULL);
  g_assert_true(changes->everything);
  check_changes(f, 4, "", "");
}

static gboolean needs_everything(Fixture *f, guint64 after, gboolean *settings) {
  g_autoptr(RecordChanges) changes = record_changes(f->record, after, NULL);
  *settings = changes->settings;
  return changes->everything;
}

static void test_unused_order_fields(Fixture *f, gconstpointer data) {
  gboolean settings;
  append(f, 0, "a", 2);
  g_assert_true(record_set_setting(f->record, SETTING_ORDER_FIELDS, "properties.never\nproperties.no", NULL));
  g_assert_false(needs_everything(f, 2, &settings));
  g_assert_true(settings);
  names_intern(record_names(f->record), NAME_KEY, text_of("properties.later"));
  g_assert_true(record_set_setting(f->record, SETTING_ORDER_FIELDS, "properties.later\nproperties.no", NULL));
  g_assert_true(needs_everything(f, 3, &settings));
  g_auto(GStrv) fields = record_order_fields(f->record, "properties.no\nproperties.later");
  g_assert_cmpuint(g_strv_length(fields), ==, 1);
  g_assert_cmpstr(fields[0], ==, "properties.later");
}

/* --- links ------------------------------------------------------------------------------------------------------ */

static void test_links(Fixture *f, gconstpointer data) {
  g_autoptr(GError) error = NULL;
  Link alias = {.kind = LINK_ALIAS, .space_a = 5, .a = G_MAXUINT64, .space_b = 0, .b = 2, .at_ms = 1234};
  Link veto = {.kind = LINK_VETO, .space_a = 0, .a = 7, .space_b = 0, .b = 8};
  guint64 first, second;
  g_assert_true(record_link_add(f->record, &alias, &first, NULL));
  g_assert_true(record_link_add(f->record, &veto, &second, NULL));
  g_assert_cmpuint(first, ==, 1);
  g_assert_cmpuint(second, ==, 2);
  g_assert_false(record_link_add(f->record, &veto, &second, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_CONFLICT);
  g_clear_error(&error);
  g_autoptr(GArray) links = record_links(f->record, FALSE, NULL);
  g_assert_cmpuint(links->len, ==, 2);
  Link *read = &g_array_index(links, Link, 0);
  g_assert_true(read->number == 1 && read->kind == LINK_ALIAS && read->space_a == 5 && read->a == G_MAXUINT64 &&
                read->space_b == 0 && read->b == 2 && read->at_ms == 1234 && read->undone == 0);
  g_assert_true(record_link_undo(f->record, first, NULL));
  g_assert_cmpuint(record_through(f->record), ==, 3);
  g_assert_false(record_link_undo(f->record, first, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_CONFLICT);
  g_clear_error(&error);
  g_assert_false(record_link_undo(f->record, 77, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_NOT_FOUND);
  g_autoptr(GArray) rest = record_links(f->record, FALSE, NULL);
  g_assert_cmpuint(rest->len, ==, 1);
  g_assert_cmpuint(g_array_index(rest, Link, 0).number, ==, 2);
  g_autoptr(GArray) all = record_links(f->record, TRUE, NULL);
  g_assert_cmpuint(all->len, ==, 2);
  g_assert_cmpuint(g_array_index(all, Link, 0).undone, ==, 3);
}

static void test_links_change(Fixture *f, gconstpointer data) {
  Link link = {.kind = LINK_VETO, .a = 7, .b = 8};
  guint64 number;
  g_assert_true(record_link_add(f->record, &link, &number, NULL));
  g_autoptr(RecordChanges) added = record_changes(f->record, 0, NULL);
  g_assert_cmpuint(added->links->len, ==, 1);
  g_assert_true(record_link_undo(f->record, number, NULL));
  g_autoptr(RecordChanges) undone = record_changes(f->record, 1, NULL);
  g_assert_cmpuint(undone->links->len, ==, 1);
  g_assert_cmpuint(g_array_index(undone->links, Link, 0).undone, ==, 2);
  g_autoptr(RecordChanges) both = record_changes(f->record, 0, NULL);
  g_assert_cmpuint(both->links->len, ==, 0);
}

/* --- settings, spaces, names --------------------------------------------------------------------------------------- */

static void check_setting(Fixture *f, const char *name, const char *expected) {
  g_autofree char *value = record_setting(f->record, name);
  g_assert_cmpstr(value, ==, expected);
}

static void test_settings(Fixture *f, gconstpointer data) {
  check_setting(f, "timezone", NULL);
  g_assert_true(record_set_setting(f->record, "timezone", "UTC", NULL));
  g_assert_true(record_set_setting(f->record, "timezone", "Europe/Berlin", NULL));
  check_setting(f, "timezone", "Europe/Berlin");
  shut(f);
  open_as(f, RECORD_WRITE);
  check_setting(f, "timezone", "Europe/Berlin");
  g_assert_true(record_set_setting(f->record, "timezone", NULL, NULL));
  check_setting(f, "timezone", NULL);
  g_assert_cmpuint(record_through(f->record), ==, 3);
}

static void check_spaces(Fixture *f) {
  const Spaces *spaces = record_spaces(f->record);
  char scratch[IDENTIFIER_SIZE_MAX];
  Identifier identifier;
  const char *why;
  int club = spaces_find(spaces, text_of("club"));
  g_assert_cmpint(club, ==, SPACES_BUILT_IN);
  g_assert_cmpint(spaces->spaces[club].strength, ==, STRENGTH_STRONG);
  g_assert_true(spaces->spaces[club].plain);
  g_assert_true(spaces->spaces[SPACE_EMAIL].plain);
  g_assert_cmpstr(spaces->phone_country, ==, "49");
  g_assert_false(identifier_make(&identifier, spaces, record_key(f->record), SPACE_USER, text_of("Guest"), scratch, &why));
}

static void test_spaces(Fixture *f, gconstpointer data) {
  g_autoptr(GError) error = NULL;
  const Spaces *before = record_spaces(f->record);
  g_assert_true(record_set_space(f->record, "club", STRENGTH_STRONG, TRUE, NULL));
  g_assert_true(record_set_space(f->record, "email", STRENGTH_WEAK, TRUE, NULL));
  g_assert_true(record_set_setting(f->record, SETTING_PHONE_COUNTRY, "49", NULL));
  g_assert_true(record_set_setting(f->record, SETTING_REFUSED, "guest\ntest", NULL));
  check_spaces(f);
  g_assert_cmpint(spaces_find(before, text_of("club")), ==, -1);
  g_assert_false(record_set_space(f->record, "club", STRENGTH_WEAK, TRUE, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_CONFLICT);
  g_clear_error(&error);
  g_assert_false(record_set_space(f->record, "Not a name", STRENGTH_WEAK, TRUE, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  guint64 through = record_through(f->record);
  g_assert_true(record_set_space(f->record, "club", STRENGTH_STRONG, TRUE, NULL));
  g_assert_cmpuint(record_through(f->record), ==, through);
  shut(f);
  open_as(f, RECORD_READ);
  check_spaces(f);
}

static void test_names_come_back(Fixture *f, gconstpointer data) {
  append(f, 0, "first", 1);
  append(f, 0, "second", 1);
  names_intern(record_names(f->record), NAME_EVENT, text_of("never stored"));
  shut(f);
  open_as(f, RECORD_READ);
  g_assert_cmpuint(names_count(record_names(f->record), NAME_EVENT), ==, 2);
  g_assert_cmpuint(names_find(record_names(f->record), NAME_EVENT, text_of("second")), ==, 2);
}

/* --- several processes and threads ------------------------------------------------------------------------------------ */

static void test_reader_beside_writer(Fixture *f, gconstpointer data) {
  append(f, 0, "a", 1);
  Fixture reader = {.path = f->path};
  open_as(&reader, RECORD_READ);
  guint64 id = begin(f);
  append(f, id, "b", 1);
  append(f, 0, "c", 1);
  g_assert_cmpuint(record_through(reader.record), ==, 1);
  check_all(&reader, "1+1a "); /* as of its own number, whatever was committed since */
  g_assert_true(record_refresh(reader.record, NULL));
  g_assert_cmpuint(record_through(reader.record), ==, 3);
  check_all(&reader, "1+1a 3+1c ");
  finish(f, id);
  check_all(&reader, "1+1a 3+1c ");
  g_assert_true(record_refresh(reader.record, NULL));
  check_all(&reader, "1+1a 2+1b 3+1c ");
  g_assert_true(record_import_undo(f->record, id, NULL));
  check_all(&reader, "1+1a 2+1b 3+1c ");
  g_assert_true(record_refresh(reader.record, NULL));
  check_all(&reader, "1+1a 3+1c ");
  shut(&reader);
}

static void test_second_writer(Fixture *f, gconstpointer data) {
  g_autoptr(GError) error = NULL;
  g_assert_null(record_open(f->path, RECORD_WRITE, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_BUSY);
  g_autofree char *process = g_strdup_printf("%d", (int)getpid());
  g_assert_nonnull(strstr(error->message, process));
  shut(f);
  open_as(f, RECORD_WRITE);
}

typedef struct {
  Fixture *fixture;
  atomic_bool stop;
  atomic_uint wrong;
} Scanning;

static gboolean count(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user, GError **error) {
  *(guint64 *)user += n;
  return TRUE;
}

static void *scan_again_and_again(void *data) {
  Scanning *scanning = data;
  while (!atomic_load(&scanning->stop)) {
    guint64 n = 0;
    if (!record_scan(scanning->fixture->record, 0, G_MAXUINT64, count, &n, NULL) || n % 10 != 0)
      atomic_fetch_add(&scanning->wrong, 1);
  }
  return NULL;
}

static void test_threads(Fixture *f, gconstpointer data) {
  Scanning scanning = {.fixture = f};
  pthread_t threads[3];
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    g_assert_cmpint(pthread_create(&threads[i], NULL, scan_again_and_again, &scanning), ==, 0);
  for (guint i = 0; i < 100; i++) {
    guint64 id = begin(f);
    append(f, id, "a", 4);
    append(f, id, "b", 6);
    finish(f, id);
    if (i % 3 == 0)
      g_assert_true(record_import_undo(f->record, id, NULL));
  }
  atomic_store(&scanning.stop, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    pthread_join(threads[i], NULL);
  g_assert_cmpuint(scanning.wrong, ==, 0);
}

/* Runs `work` in a child process that ends without closing anything. */
static void in_child(Fixture *f, void (*work)(Fixture *f)) {
  shut(f);
  pid_t child = fork();
  g_assert_cmpint(child, >=, 0);
  if (child == 0) {
    open_as(f, RECORD_WRITE);
    work(f);
    _exit(0);
  }
  int status;
  g_assert_cmpint(waitpid(child, &status, 0), ==, child);
  g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void die_while_importing(Fixture *f) {
  guint64 id = begin(f);
  for (guint i = 0; i < 100; i++)
    append(f, id, "half", 50);
  append(f, 0, "live", 1);
  append(f, id, "half", 50);
}

static void test_crash(Fixture *f, gconstpointer data) {
  append(f, 0, "before", 1);
  in_child(f, die_while_importing);
  open_as(f, RECORD_READ);
  check_all(f, "1+1before 5002+1live ");
  shut(f);
  open_as(f, RECORD_WRITE);
  check_all(f, "1+1before 5002+1live ");
  g_autoptr(GPtrArray) imports = record_imports(f->record, NULL);
  g_assert_cmpuint(imports->len, ==, 1); /* live only */
  g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
  g_assert_true(record_check(f->record, findings, NULL));
  g_assert_cmpuint(findings->len, ==, 0);
}

/* --- opening ------------------------------------------------------------------------------------------------------------ */

static void check_refused(const char *path, RecordMode mode, ErrorCode code, const char *said) {
  g_autoptr(GError) error = NULL;
  g_assert_null(record_open(path, mode, &error));
  g_assert_error(error, ETAPPE_ERROR, (int)code);
  if (!strstr(error->message, said))
    g_error("\"%s\" does not say \"%s\"", error->message, said);
}

static void test_missing(Fixture *f, gconstpointer data) {
  g_autofree char *path = g_build_filename(f->folder, "none.db", NULL);
  check_refused(path, RECORD_READ, ERROR_NOT_FOUND, "none.db does not exist");
  check_refused(path, RECORD_WRITE, ERROR_NOT_FOUND, "none.db does not exist");
  g_autofree char *nowhere = g_build_filename(f->folder, "none", "none.db", NULL);
  check_refused(nowhere, RECORD_CREATE, ERROR_IO, "none");
}

static void test_foreign_file(Fixture *f, gconstpointer data) {
  g_autofree char *path = g_build_filename(f->folder, "foreign", NULL), *lock = g_strconcat(path, ".lock", NULL);
  g_assert_true(g_file_set_contents(path, "person,time,event\na,b,c\n", -1, NULL));
  check_refused(path, RECORD_CREATE, ERROR_INVALID, "is not an Etappe record");
  check_refused(path, RECORD_READ, ERROR_INVALID, "is not an Etappe record");
  g_assert_false(g_file_test(lock, G_FILE_TEST_EXISTS));
  g_assert_cmpint(g_unlink(path), ==, 0);
  sqlite3 *db;
  g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_exec(db, "CREATE TABLE x (y)", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close(db);
  check_refused(path, RECORD_CREATE, ERROR_INVALID, "is not an Etappe record");
  check_refused(f->folder, RECORD_READ, ERROR_INVALID, "is not an Etappe record");
}

static void change_by_hand(const char *path, const char *sql) {
  sqlite3 *db;
  g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close(db);
}

static void test_newer_version(Fixture *f, gconstpointer data) {
  shut(f);
  change_by_hand(f->path, "PRAGMA user_version = 99");
  check_refused(f->path, RECORD_READ, ERROR_VERSION, "version 99");
  check_refused(f->path, RECORD_WRITE, ERROR_VERSION, "version 99");
  guint n;
  migrations_all(&n);
  g_autofree char *back = g_strdup_printf("PRAGMA user_version = %u", n);
  change_by_hand(f->path, back);
  open_as(f, RECORD_READ);
}

static void test_wrong_key(Fixture *f, gconstpointer data) {
  shut(f);
  g_autofree char *key = beside(f, ".key"), *kept = beside(f, ".kept");
  g_assert_cmpint(g_rename(key, kept), ==, 0);
  check_refused(f->path, RECORD_CREATE, ERROR_NOT_FOUND, ".key is missing");
  g_assert_true(g_file_set_contents_full(key, "000102030405060708090a0b0c0d0e0f\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  check_refused(f->path, RECORD_READ, ERROR_CONFLICT, "not the one");
  g_assert_cmpint(g_rename(kept, key), ==, 0);
  open_as(f, RECORD_READ);
}

static void test_modes(Fixture *f, gconstpointer data) {
  struct stat facts;
  append(f, 0, "a", 1);
  g_autofree char *key = beside(f, ".key"), *wal = beside(f, "-wal");
  const char *const files[] = {f->path, key, wal};
  for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
    g_assert_cmpint(stat(files[i], &facts), ==, 0);
    g_assert_cmpuint(facts.st_mode & 0777, ==, 0600);
  }
}

static void test_closing_leaves_one_file(Fixture *f, gconstpointer data) {
  append(f, 0, "a", 1);
  shut(f);
  g_autofree char *wal = beside(f, "-wal");
  g_assert_false(g_file_test(wal, G_FILE_TEST_EXISTS));
  open_as(f, RECORD_READ);
  check_all(f, "1+1a ");
}

static void read_frozen(Fixture *f) {
  open_as(f, RECORD_READ);
  check_all(f, "1+1a ");
  g_assert_true(record_refresh(f->record, NULL));
  g_autofree char *other = g_build_filename(f->folder, "other.db", NULL);
  check_refused(other, RECORD_CREATE, ERROR_IO, "Permission denied");
  check_refused(f->path, RECORD_WRITE, ERROR_IO, "Permission denied");
}

static void be_refused(Fixture *f) {
  check_refused(f->path, RECORD_READ, ERROR_IO, "was not closed cleanly");
}

static void give_to_nobody(const char *path) {
  if (g_file_test(path, G_FILE_TEST_EXISTS))
    g_assert_cmpint(chown(path, 65534, 65534), ==, 0);
}

static void as_nobody(Fixture *f, void (*work)(Fixture *f)) {
  pid_t child = fork();
  int status;
  if (child == 0) {
    g_assert_true(setegid(65534) == 0 && seteuid(65534) == 0);
    work(f);
    _exit(0);
  }
  g_assert_cmpint(waitpid(child, &status, 0), ==, child);
  g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_read_only_folder(Fixture *f, gconstpointer data) {
  if (geteuid() != 0) {
    g_test_skip("needs to become another user");
    return;
  }
  append(f, 0, "a", 1);
  shut(f);
  g_autofree char *key = beside(f, ".key"), *lock = beside(f, ".lock");
  give_to_nobody(f->path);
  give_to_nobody(key);
  g_assert_cmpint(g_unlink(lock), ==, 0);
  g_assert_cmpint(g_chmod(f->folder, 0555), ==, 0);
  as_nobody(f, read_frozen);
  g_autofree char *wal = beside(f, "-wal");
  g_assert_true(g_file_set_contents(wal, "some log", -1, NULL)); /* as if the writer had died */
  as_nobody(f, be_refused);
  g_assert_cmpint(g_unlink(wal), ==, 0);
  open_as(f, RECORD_READ);
}

/* --- faults --------------------------------------------------------------------------------------------------------------- */

/* Creates, imports, appends: its events are either there or not, never half of an import. */
static void some_work(const char *path) {
  Fixture f = {.path = (char *)path};
  g_autoptr(GError) error = NULL;
  f.record = record_open(path, RECORD_CREATE, &error);
  if (f.record == NULL)
    _exit(1);
  f.writer = batch_writer_new(record_spaces(f.record), record_names(f.record));
  guint64 id;
  ImportInfo totals = {0};
  for (guint i = 0; i < 3; i++) {
    if (!record_import_begin(f.record, "file", "f", "", &id, &error))
      _exit(1);
    totals.id = id;
    add(&f, "a", 3);
    gboolean good = record_append(f.record, id, f.writer, &error);
    add(&f, "b", 4);
    good = good && record_append(f.record, id, f.writer, &error) && record_import_finish(f.record, &totals, &error);
    if (!good)
      _exit(1);
    add(&f, "live", 10);
    if (!record_append(f.record, 0, f.writer, &error))
      _exit(1);
    puts("durable"); /* what was said to be stored must be there */
    fflush(stdout);
  }
  shut(&f);
  _exit(0);
}

static void check_after_fault(const char *path, guint said) {
  g_autoptr(GError) error = NULL;
  Fixture f = {.path = (char *)path};
  f.record = record_open(path, RECORD_CREATE, &error);
  g_assert_no_error(error);
  guint64 n = 0;
  record_scan(f.record, 0, G_MAXUINT64, count, &n, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(n, >=, said * 17);
  g_assert_true(n % 17 == 0 || n % 17 == 7); /* an import of 7, then 10 live ones */
  g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
  record_check(f.record, findings, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(findings->len, ==, 0);
  f.writer = batch_writer_new(record_spaces(f.record), record_names(f.record));
  append(&f, 0, "after", 1);
  shut(&f);
}

/* TRUE when the fault hit, so that another one may follow. */
static gboolean run_with_fault(Fixture *f, const char *kind, guint at) {
  g_autofree char *path = g_strdup_printf("%s/%s%u.db", f->folder, kind, at);
  g_autofree char *fault = g_strdup_printf("%s:%u", kind, at);
  const char *const arguments[] = {"/proc/self/exe", "--work", path, NULL};
  g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "ETAPPE_FAULT", fault, TRUE);
  g_autofree char *output = NULL;
  int status;
  g_assert_true(
      g_spawn_sync(NULL, (char **)arguments, environment, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output, NULL, &status, NULL));
  guint said = 0;
  for (const char *at_said = output; (at_said = strstr(at_said, "durable")); at_said++)
    said++;
  g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
  check_after_fault(path, said);
  return WEXITSTATUS(status) != 0;
}

/* Faults while closing (the last checkpoint) are no failure, so a few fault-free runs in a row end the loop. */
static void test_faults(Fixture *f, gconstpointer data) {
  guint hits = 0;
  for (guint at = 1, quiet = 0; quiet < 25; at++) {
    gboolean hit = run_with_fault(f, data, at);
    quiet = hit ? 0 : quiet + 1;
    hits += hit;
  }
  g_assert_cmpuint(hits, >, 0);
}

/* --- doctor ----------------------------------------------------------------------------------------------------------------- */

static guint findings_after(Fixture *f, const char *sql) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
  shut(f);
  change_by_hand(f->path, sql);
  open_as(f, RECORD_READ);
  record_check(f->record, findings, &error);
  g_assert_no_error(error);
  for (guint i = 0; i < findings->len; i++)
    g_test_message("%s", (char *)findings->pdata[i]);
  guint n = findings->len;
  shut(f);
  open_as(f, RECORD_WRITE);
  return n;
}

static void test_check(Fixture *f, gconstpointer data) {
  append(f, 0, "a", 5);
  import(f, "b", 5);
  append(f, 0, "c", 5);
  g_assert_cmpuint(findings_after(f, "SELECT 1"), ==, 0);
  g_assert_cmpuint(findings_after(f, "UPDATE batch SET data = zeroblob(100) WHERE first = 1"), ==, 1);
  g_assert_cmpuint(findings_after(f, "DELETE FROM batch WHERE first = 1"), ==, 1);
  g_assert_cmpuint(findings_after(f, "UPDATE import SET stored = stored - 5 WHERE id = 0"), ==, 0);
  g_assert_cmpuint(findings_after(f, "UPDATE batch SET n = 9 WHERE first = 6"), >=, 1);
  g_assert_cmpuint(findings_after(f, "UPDATE batch SET n = 5 WHERE first = 6; UPDATE link SET undone = 0"), ==, 0);
}

#define ADD(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)
#define ADD_FAULT(name, kind) g_test_add(name, Fixture, kind, set_up, test_faults, tear_down)

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "--work") == 0)
    some_work(argv[2]);
  g_test_init(&argc, &argv, NULL);
  ADD("/record/live events are visible at once and stay", test_live);
  ADD("/record/an import is visible as a whole or not at all", test_import_is_atomic);
  ADD("/record/the sequence goes on after opening again", test_numbers_go_on);
  ADD("/record/an import can be undone once", test_undo);
  ADD("/record/what is done cannot be done again", test_states);
  ADD("/record/an aborted import leaves nothing", test_abort);
  ADD("/record/the list of imports tells what each brought", test_list);
  ADD("/record/a range of numbers is read in whole batches", test_scan_ranges);
  ADD("/record/a scan stops where it is told to", test_scan_stops);
  ADD("/record/single rows are read by their batches, each once", test_scan_rows);
  ADD("/record/the visible events are cut into equal ranges", test_cutting);
  ADD("/record/changes tell what came and what went", test_changes);
  ADD("/record/some changes need everything anew", test_changes_that_need_everything);
  ADD("/record/order fields that no event has change nothing", test_unused_order_fields);
  ADD("/record/links are added and taken back", test_links);
  ADD("/record/links show among the changes", test_links_change);
  ADD("/record/settings keep their last value", test_settings);
  ADD("/record/own kinds of identifiers and refusals stay", test_spaces);
  ADD("/record/names come back with their codes", test_names_come_back);
  ADD("/record/a reader sees one state until it refreshes", test_reader_beside_writer);
  ADD("/record/a second writer is told who the first is", test_second_writer);
  ADD("/record/threads that read never see half an import", test_threads);
  ADD("/record/a crash in the middle of an import leaves nothing visible", test_crash);
  ADD("/record/a missing record is said to be missing", test_missing);
  ADD("/record/a file that is something else is left alone", test_foreign_file);
  ADD("/record/a newer version is refused by name", test_newer_version);
  ADD("/record/another key is refused", test_wrong_key);
  ADD("/record/nobody else may read the files", test_modes);
  ADD("/record/closing leaves no log behind", test_closing_leaves_one_file);
  ADD("/record/a record can be read where nothing can be written", test_read_only_folder);
  ADD("/record/the doctor finds what is damaged", test_check);
  ADD_FAULT("/record/any failing write leaves the old or the new", "write");
  ADD_FAULT("/record/any failing sync leaves the old or the new", "fsync");
  ADD_FAULT("/record/any failing open leaves the old or the new", "open");
  return g_test_run();
}
