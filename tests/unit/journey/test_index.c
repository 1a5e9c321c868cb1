/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include "base/error.h"
#include "journey/segment_writer.h"
#include <glib/gstdio.h>

static void check_text(Scene *scene, const char *expected) {
  Index *index = scene_index(scene, TRUE, 2);
  g_autofree char *text = scene_text(scene, index);
  g_assert_cmpstr(text, ==, expected);
  index_free(index);
}

/* --- worked by hand --------------------------------------------------------------------------- */

static void test_persons(void) {
  Scene *scene = scene_new();
  scene_import(scene, (const char *const[]){"@5 u1 value:1990 name:Order", "@3 u2", "@1 u1", "@2 -", "@4 d1+u2", "@9 -", NULL});
  g_autofree char *u1 = g_strdup_printf("u1: 3@1=none/Event 1@5=none/Order:1990\n");
  g_autofree char *u2 = g_strdup_printf("u2: 2@3=none/Event 5@4=none/Event\n");
  gboolean first = scene_hash(scene, "u1") < scene_hash(scene, "u2");
  g_autofree char *expected = g_strconcat(first ? u1 : u2, first ? u2 : u1, "-: 4 6", NULL);
  check_text(scene, expected);
  scene_free(scene);
}

/* A gap of more than 30 minutes or another campaign begins a visit; a server event without device joins one that is
 * open around it; the channel of a visit is that of its first event, except where an event states its own. */
static void test_visits(void) {
  Scene *scene = scene_new();
  scene_import(scene,
               (const char *const[]){"@0 d1 web =ads",        /* visit 1 */
                                     "@30 d1 web =direct",    /* 30 minutes are no gap */
                                     "@31 u1 =none",          /* nobody's device, between: u1 is a person of its own here */
                                     "@40 d1+u1 web =direct", /* still 1, and makes all u1's */
                                     "@41 u1 =shop",          /* after the last web event of visit 1, but it is open */
                                     "@42 u1 sent =mail",     /* what the company sends joins none */
                                     "@70 u1 =shop",       /* 30 minutes after the last web event: still open, but never extended */
                                     "@70 u1 =shop!",      /* keeps what it states */
                                     "@71 d1 web =direct", /* visit 2 */
                                     "@72 d1 web /7 =mail",   /* visit 3: a campaign */
                                     "@73 d1 web /7 =direct", /* the same campaign goes on */
                                     "@74 d1 =server",        /* a server event that names the device is no member */
                                     "@75 u1 =phone!",        /* joins 3, keeps what it states */
                                     "@76 u1 =derived",       /* joins 3 */
                                     "@80 d1 web =direct", "@111 u1 =late", NULL}); /* 31 minutes later the visit is over */
  check_text(scene, "u1: 1@0#1=ads/Event 2@30#1=ads/Event 3@31#1=ads/Event 4@40#1=ads/Event 5@41#1=ads/Event 6@42=mail/Event"
                    " 7@70#1=ads/Event 8@70#1=shop/Event 9@71#2=direct/Event 10@72#3=mail/Event 11@73#3=mail/Event"
                    " 12@74=server/Event 13@75#3=phone/Event 14@76#3=mail/Event 15@80#3=mail/Event 16@111=late/Event\n");
  scene_free(scene);
}

/* Two devices at once: the server event joins the open visit that was touched last. */
static void test_two_devices(void) {
  Scene *scene = scene_new();
  scene_import(scene, (const char *const[]){"@0 d1+u1 web =a", "@5 d2+u1 web =b", "@6 u1 =x", "@7 d1 web =c", "@8 u1 =x",
                                            "@9 d2 web =d", "@10 u1 =x", NULL});
  check_text(scene, "u1: 1@0#1=a/Event 2@5#2=b/Event 3@6#2=b/Event 4@7#1=a/Event 5@8#1=a/Event 6@9#2=b/Event 7@10#2=b/Event\n");
  scene_free(scene);
}

/* A device moves from A to B, never its past. */
static void test_device_moves(void) {
  Scene *scene = scene_new();
  scene_import(scene, (const char *const[]){"@1 d1", "@2 d1+u1", "@3 d1", "@1000 d1+u2", "@1001 d1", NULL});
  g_autofree char *u1 = g_strdup("u1: 1@1=none/Event 2@2=none/Event 3@3=none/Event\n");
  g_autofree char *u2 = g_strdup("u2: 4@1000=none/Event 5@1001=none/Event\n");
  gboolean first = scene_hash(scene, "u1") < scene_hash(scene, "u2");
  g_autofree char *expected = g_strconcat(first ? u1 : u2, first ? u2 : u1, NULL);
  check_text(scene, expected);
  Index *index = scene_index(scene, TRUE, 1);
  g_autofree char *found = scene_lookups(scene, index);
  g_assert_nonnull(strstr(found, "d1>u2 ")); /* its present owner */
  g_assert_nonnull(strstr(found, "u1>u1 "));
  index_free(index);
  scene_free(scene);
}

/* Hidden by the device, the whole person is gone from every answer, also what comes later, and is back when shown. */
static void test_masked(void) {
  g_autoptr(GError) error = NULL;
  Scene *scene = scene_new();
  scene_add(scene, "@1 d1");
  scene_add(scene, "@2 d1+u1");
  scene_add(scene, "@3 u2");
  scene_commit(scene, 0);
  Index *index = scene_index(scene, FALSE, 1);
  static const struct {
    const char *hide, *show, *add, *expected;
    guint persons, events;
  } steps[] = {
      {"d1", NULL, NULL, "u2: 3@3=none/Event\n", 1, 1},
      {NULL, NULL, "@4 u1", "u2: 3@3=none/Event\n", 1, 1},    /* gains an event */
      {NULL, NULL, "@5 u1+k1", "u2: 3@3=none/Event\n", 1, 1}, /* and an identifier: judged anew */
      {"k1", "d1", NULL, "u2: 3@3=none/Event\n", 1, 1},       /* by another of its identifiers */
      {NULL, "k1", NULL, "u1: 1@1=none/Event 2@2=none/Event 5@4=none/Event 6@5=none/Event\nu2: 3@3=none/Event\n", 2, 5},
  };
  for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
    if (steps[i].hide)
      scene_hide(scene, steps[i].hide, TRUE);
    if (steps[i].show)
      scene_hide(scene, steps[i].show, FALSE);
    if (steps[i].add)
      scene_add(scene, steps[i].add);
    scene_commit(scene, 0);
    index_update(index, &error);
    g_assert_no_error(error);
    g_autofree char *text = scene_text(scene, index);
    g_auto(GStrv) lines = g_strsplit(steps[i].expected, "\n", -1);
    for (char **line = lines; *line; line++)
      g_assert_nonnull(strstr(text, *line));
    g_autoptr(Snapshot) snapshot = index_snapshot(index);
    g_assert_cmpuint(snapshot_persons(snapshot), ==, steps[i].persons);
    g_assert_cmpuint(snapshot_events(snapshot), ==, steps[i].events);
    guint block;
    guint32 person;
    g_assert_cmpint(snapshot_find(snapshot, scene_hash(scene, "d1"), &block, &person), ==, steps[i].persons == 2);
  }
  index_free(index);
  scene_free(scene);
}

static void test_empty(void) {
  Scene *scene = scene_new();
  Index *index = scene_index(scene, FALSE, 2);
  g_autoptr(Snapshot) snapshot = index_snapshot(index);
  g_assert_cmpuint(snapshot_blocks(snapshot), ==, 0);
  g_assert_cmpuint(snapshot_persons(snapshot), ==, 0);
  g_assert_cmpint(snapshot_last_time_ms(snapshot), ==, 0);
  scene_add(scene, "@1 u1");
  scene_commit(scene, 0);
  g_autoptr(GError) error = NULL;
  index_update(index, &error);
  g_assert_no_error(error);
  g_autofree char *text = scene_text(scene, index);
  g_assert_cmpstr(text, ==, "u1: 1@1=none/Event\n");
  index_free(index);
  scene_free(scene);
}

/* u1 joins c1, which has no event, and c1 joins k1, which has none either: whoever they lead to owns. */
static void test_aliases_without_events(void) {
  Scene *scene = scene_new();
  scene_link(scene, LINK_ALIAS, "c1", "k1");
  scene_link(scene, LINK_ALIAS, "d1", "c1");
  scene_add(scene, "@1 d1");
  scene_commit(scene, 0);
  check_text(scene, "k1: 3@1=none/Event\n");
  Index *index = scene_index(scene, TRUE, 1);
  g_autofree char *found = scene_lookups(scene, index);
  g_assert_nonnull(strstr(found, "c1>k1 "));
  g_assert_nonnull(strstr(found, "d1>k1 "));
  index_free(index);
  scene_free(scene);
}

/* --- random worlds ---------------------------------------------------------------------------- */

typedef struct {
  guint users, devices, minutes;
  guint link_percent; /* events with several identifiers */
} Habit;

static guint pick(guint n) {
  return (guint)g_test_rand_int_range(0, (gint32)n);
}

static char *random_ids(const Habit *habit) {
  static const char letters[] = "uckepd";
  GString *ids = g_string_new(NULL);
  guint n = pick(100) < habit->link_percent ? 2 + pick(2) : 1;
  for (guint i = 0; i < n; i++) {
    char letter = letters[pick(3) == 0 ? pick(5) : 5];
    g_string_append_printf(ids, "%s%c%u", i ? "+" : "", letter, pick(letter == 'd' ? habit->devices : habit->users));
  }
  guint orders = pick(12); /* some beside identifiers, some alone */
  if (orders == 0)
    g_string_truncate(ids, 0);
  if (orders < 3)
    g_string_append_printf(ids, "%so%u", ids->len ? "+" : "", pick(habit->users * 2));
  return g_string_free(ids, FALSE);
}

static void add_random(Scene *scene, const Habit *habit) {
  static const char *const channels[] = {"ads", "mail", "direct", "shop!", "ref"};
  g_autofree char *ids = random_ids(habit);
  GString *line = g_string_new(NULL);
  g_string_printf(line, "@%u %s =%s", pick(habit->minutes), pick(30) ? ids : "-", channels[pick(5)]);
  if (pick(3))
    g_string_append(line, " web");
  if (pick(8) == 0)
    g_string_append(line, " sent");
  if (pick(4) == 0)
    g_string_append_printf(line, " /%u", 1 + pick(3));
  if (pick(5) == 0)
    g_string_append_printf(line, " name:Order value:%u", pick(5000));
  if (pick(60) == 0 && !strstr(line->str, " - ") && *ids != 'o')
    g_string_append_printf(line, " <d%u", pick(habit->devices));
  scene_add(scene, line->str);
  g_string_free(line, TRUE);
}

static Habit random_habit(void) {
  return (Habit){.users = 2 + pick(60), .devices = 2 + pick(120), .minutes = 10 + pick(3000), .link_percent = pick(60)};
}

static void check_reference(Scene *scene, Index *index, guint max_links) {
  g_autofree char *text = scene_text(scene, index), *expected = scene_reference(scene, max_links);
  if (!g_str_equal(text, expected)) {
    g_autofree char *folder = g_dir_make_tmp("etappe-differs-XXXXXX", NULL);
    const char *const names[] = {"index", "reference", "story"}, *const texts[] = {text, expected, scene->story->str};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
      g_autofree char *path = g_build_filename(folder, names[i], NULL);
      g_file_set_contents(path, texts[i], -1, NULL);
    }
    g_error("index and reference differ: see %s", folder);
  }
}

static void set_links(Scene *scene, guint max_links) {
  g_autofree char *text = g_strdup_printf("%u", max_links);
  record_set_setting(scene->record, "max_links", text, NULL);
}

static void test_random(void) {
  for (guint round = 0; round < 40; round++) {
    Scene *scene = scene_new();
    Habit habit = random_habit();
    guint max_links = 3 + pick(20), events = 50 + pick(1500);
    set_links(scene, max_links);
    for (guint i = 0; i < events; i++)
      add_random(scene, &habit);
    for (guint i = 0; i < pick(4); i++)
      scene_link(scene, pick(2) ? LINK_ALIAS : LINK_VETO, pick(2) ? "u1" : "e0", pick(2) ? "u0" : "c1");
    scene_commit(scene, 0);
    Index *index = scene_index(scene, TRUE, 2);
    check_reference(scene, index, max_links);
    index_free(index);
    scene_free(scene);
  }
}

/* --- large ones --------------------------------------------------------------------------------- */

static void add_lines(Scene *scene, guint n, const char *format) {
  for (guint i = 0; i < n; i++) {
    g_autofree char *number = g_strdup_printf("%u", i), *line = g_strdup(format);
    g_auto(GStrv) parts = g_strsplit(line, "#", -1);
    g_autofree char *full = g_strjoinv(number, parts);
    scene_add(scene, full);
    if (batch_writer_count(scene->writer) == BATCH_EVENTS_MAX)
      scene_commit(scene, 0);
  }
  scene_commit(scene, 0);
}

static void test_many_events(void) {
  enum { N = 100000 };
  Scene *scene = scene_new();
  g_autoptr(GError) error = NULL;
  Block block;
  add_lines(scene, N, "@# u1 web =c");
  add_lines(scene, 10, "@# u2");
  Index *index = scene_index(scene, TRUE, 2);
  scene_add(scene, "@50 u1");
  scene_commit(scene, 0);
  g_assert_true(index_update(index, &error));
  g_autoptr(Snapshot) snapshot = index_snapshot(index);
  guint at;
  guint32 person;
  g_assert_true(snapshot_find(snapshot, scene_hash(scene, "u1"), &at, &person));
  g_assert_true(snapshot_block(snapshot, at, &block, &error));
  g_assert_cmpuint(block.person_start[person + 1] - block.person_start[person], ==, N + 1);
  for (guint32 i = block.person_start[person] + 1; i < block.person_start[person + 1]; i++) {
    g_assert_cmpint(block_time_ms(&block, i - 1), <=, block_time_ms(&block, i));
    g_assert_cmpint(block_time_ms(&block, i) - block_time_ms(&block, i - 1), <=, 60000);
  }
  g_assert_cmpuint(snapshot_events(snapshot), ==, N + 11);
  index_free(index);
  scene_free(scene);
}

/* 10,500 devices of one user: the set stops at 10,000 identifiers, and the others stay by themselves. */
static void test_large_set(void) {
  Scene *scene = scene_new();
  g_assert_true(record_set_setting(scene->record, "max_links", "20000", NULL));
  add_lines(scene, 10500, "@# u1+d#");
  Index *index = scene_index(scene, TRUE, 2);
  check_reference(scene, index, 20000);
  g_autoptr(Snapshot) snapshot = index_snapshot(index);
  g_assert_cmpuint(snapshot_persons(snapshot), ==, 1);
  scene_add(scene, "@10600 d3");
  scene_add(scene, "@10600 d10499");
  scene_commit(scene, 0);
  g_assert_true(index_update(index, NULL));
  check_reference(scene, index, 20000);
  index_free(index);
  scene_free(scene);
}

static void test_threads(void) {
  Scene *scene = scene_new();
  Habit habit = {.users = 3000, .devices = 5000, .minutes = 4000, .link_percent = 20};
  for (guint i = 0; i < 30000; i++) {
    add_random(scene, &habit);
    if (batch_writer_count(scene->writer) == BATCH_EVENTS_MAX)
      scene_commit(scene, 0);
  }
  scene_commit(scene, 0);
  guint64 checksum[4];
  for (guint threads = 1; threads < 4; threads++) {
    Index *index = scene_index(scene, TRUE, threads);
    g_autoptr(Snapshot) snapshot = index_snapshot(index);
    checksum[threads] = segment_info(snapshot_segment(snapshot, 0))->checksum;
    index_free(index);
  }
  g_assert_cmpuint(checksum[1], ==, checksum[2]);
  g_assert_cmpuint(checksum[1], ==, checksum[3]);
  scene_free(scene);
}

/* --- growing ---------------------------------------------------------------------------------- */

typedef struct {
  Scene *scene;
  Index *index;
  Habit habit;
  GArray *imports; /* of guint64: done ones */
  GArray *links;   /* of guint64 */
  guint64 running; /* an import that has begun, 0 none */
  guint max_links, overlays, erasures;
  guint64 carried; /* persons of levels that only gained events */
} Growth;

static void grow_events(Growth *growth, guint n, guint64 import) {
  for (guint i = 0; i < n; i++)
    add_random(growth->scene, &growth->habit);
  scene_commit(growth->scene, import);
}

static guint64 take_any(GArray *numbers) {
  guint at = pick(numbers->len);
  guint64 number = g_array_index(numbers, guint64, at);
  g_array_remove_index_fast(numbers, at);
  return number;
}

/* An import that other events overtake: its numbers are older than what the index has by then. */
static void grow_running(Growth *growth) {
  if (growth->running == 0) {
    growth->running = scene_import_begin(growth->scene);
    grow_events(growth, 1 + pick(10), growth->running);
    return;
  }
  scene_import_end(growth->scene, growth->running);
  g_array_append_val(growth->imports, growth->running);
  growth->running = 0;
}

static void grow_link(Growth *growth) {
  g_autofree char *a = g_strdup_printf("%c%u", "ude"[pick(3)], pick(growth->habit.users));
  g_autofree char *b = g_strdup_printf("%c%u", "uc"[pick(2)], pick(growth->habit.users));
  guint64 number = g_str_equal(a, b) ? 0 : scene_link(growth->scene, pick(2) ? LINK_ALIAS : LINK_VETO, a, b);
  if (number)
    g_array_append_val(growth->links, number);
}

static void grow_mask(Growth *growth) {
  g_autofree char *name = g_strdup_printf("%c%u", "ucked"[pick(5)], pick(growth->habit.users));
  g_autoptr(GList) hidden = g_hash_table_get_keys(growth->scene->hidden);
  if (pick(3) || hidden == NULL)
    scene_hide(growth->scene, name, TRUE);
  else
    scene_hide(growth->scene, scene_name(growth->scene, *(guint64 *)hidden->data), FALSE);
}

static void grow_erasure(Growth *growth) {
  gboolean erased = FALSE;
  for (guint tries = 0; tries < 10 && !erased; tries++) { /* not everybody of the habit has come by */
    g_autofree char *name = g_strdup_printf("%c%u", "ucked"[pick(5)], pick(growth->habit.users));
    erased = scene_erase(growth->scene, growth->index, name);
  }
  if (!erased)
    return;
  g_autoptr(GArray) links = record_links(growth->scene->record, FALSE, NULL);
  g_array_set_size(growth->links, 0);
  for (guint i = 0; i < links->len; i++)
    g_array_append_val(growth->links, g_array_index(links, Link, i).number);
  growth->erasures++;
}

static void grow_step(Growth *growth) {
  guint what = pick(15);
  if (what < 5)
    grow_events(growth, 1 + pick(12), 0);
  else if (what < 7)
    grow_running(growth);
  else if (what < 9) {
    guint64 id = scene_import_begin(growth->scene);
    grow_events(growth, 1 + pick(30), id);
    scene_import_end(growth->scene, id);
    g_array_append_val(growth->imports, id);
  } else if (what == 9 && growth->imports->len)
    scene_import_undo(growth->scene, take_any(growth->imports));
  else if (what == 10)
    grow_link(growth);
  else if (what == 11 && growth->links->len)
    g_assert_true(record_link_undo(growth->scene->record, take_any(growth->links), NULL));
  else if (what == 14)
    grow_erasure(growth);
  else if (what > 11)
    grow_mask(growth);
}

static void check_growth(Growth *growth) {
  g_autoptr(GError) error = NULL;
  index_update(growth->index, &error);
  g_assert_no_error(error);
  check_reference(growth->scene, growth->index, growth->max_links);
  g_autoptr(Snapshot) snapshot = index_snapshot(growth->index);
  g_assert_cmpuint(snapshot_through(snapshot), ==, record_through(growth->scene->record));
  growth->overlays += snapshot_levels(snapshot) > 1;
  for (guint i = 0; i < snapshot_levels(snapshot); i++) {
    gsize carried;
    segment_carried(snapshot_segment(snapshot, i), &carried);
    growth->carried += carried;
  }
  g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
  g_assert_true(index_check(growth->index, findings, NULL));
  g_assert_cmpstr(findings->len ? findings->pdata[0] : "", ==, "");
}

/* Where identifiers lead, totals and the bytes of a fold are those of a rebuild. */
static void check_rebuilt(Growth *growth) {
  g_autoptr(GError) error = NULL;
  Index *fresh = scene_index(growth->scene, TRUE, 1);
  index_rebuild(fresh, &error);
  g_assert_no_error(error);
  g_autofree char *grown = scene_lookups(growth->scene, growth->index), *rebuilt = scene_lookups(growth->scene, fresh);
  g_assert_cmpstr(grown, ==, rebuilt);
  g_autoptr(Snapshot) a = index_snapshot(growth->index), b = index_snapshot(fresh);
  g_assert_cmpuint(snapshot_events(a), ==, snapshot_events(b));
  g_assert_cmpint(snapshot_last_time_ms(a), ==, snapshot_last_time_ms(b));
  index_fold(growth->index, &error);
  g_assert_no_error(error);
  g_autoptr(Snapshot) folded = index_snapshot(growth->index);
  g_assert_cmpuint(snapshot_levels(folded), ==, 1);
  const SegmentInfo *one = segment_info(snapshot_segment(folded, 0)), *other = segment_info(snapshot_segment(b, 0));
  if (one->through == other->through) /* else the last changes touched nobody and there was nothing to fold */
    g_assert_cmpuint(one->checksum, ==, other->checksum);
  index_free(fresh);
}

static void grow(gboolean read_only, guint rounds, guint steps) {
  guint overlays = 0, erasures = 0;
  guint64 carried = 0;
  for (guint round = 0; round < rounds; round++) {
    Growth growth = {.scene = scene_new(),
                     .imports = g_array_new(FALSE, FALSE, sizeof(guint64)),
                     .links = g_array_new(FALSE, FALSE, sizeof(guint64)),
                     .max_links = 3 + pick(20)};
    growth.habit =
        (Habit){.users = 100 + pick(600), .devices = 200 + pick(800), .minutes = 100 + pick(3000), .link_percent = pick(25)};
    set_links(growth.scene, growth.max_links);
    grow_events(&growth, 500 + pick(1500), 0);
    growth.index = scene_index(growth.scene, read_only, 2);
    for (guint step = 0; step < steps; step++) {
      grow_step(&growth);
      if (pick(3))
        check_growth(&growth);
      if (pick(10) == 0 && !read_only) { /* what was in memory is saved and read again */
        index_free(growth.index);
        growth.index = scene_index(growth.scene, FALSE, 2);
      }
    }
    check_growth(&growth);
    check_rebuilt(&growth);
    overlays += growth.overlays;
    carried += growth.carried;
    erasures += growth.erasures;
    index_free(growth.index);
    scene_free(growth.scene);
    g_array_unref(growth.imports);
    g_array_unref(growth.links);
  }
  g_test_message("%u states had several levels, in which %" G_GUINT64_FORMAT " persons had only gained events; %u were erased",
                 overlays, carried, erasures);
  g_assert_cmpuint(overlays, >, rounds);
  g_assert_cmpuint(erasures, >, 0);
  g_assert_cmpuint(carried, >, rounds);
  g_assert_cmpuint(overlays, >, rounds);
}

static void test_grow_files(void) {
  grow(FALSE, 8, 40);
}

static void test_grow_memory(void) {
  grow(TRUE, 8, 40);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/index/persons with their events in order, and the unidentified", test_persons);
  g_test_add_func("/index/visits, their channel and who joins them", test_visits);
  g_test_add_func("/index/a server event joins the visit that was touched last", test_two_devices);
  g_test_add_func("/index/a device that moved leads to its present owner", test_device_moves);
  g_test_add_func("/index/who is masked is in no answer, and back when shown", test_masked);
  g_test_add_func("/index/nothing, and then something", test_empty);
  g_test_add_func("/index/aliases lead on where no events are", test_aliases_without_events);
  g_test_add_func("/index/a person of 100,000 events", test_many_events);
  g_test_add_func("/index/a set of more than 10,000 identifiers", test_large_set);
  g_test_add_func("/index/one thread and three make the same bytes", test_threads);
  g_test_add_func("/index/random records equal the slow reference", test_random);
  g_test_add_func("/index/grown in steps in files, it equals the reference and a rebuild", test_grow_files);
  g_test_add_func("/index/grown in memory likewise", test_grow_memory);
  return g_test_run();
}
