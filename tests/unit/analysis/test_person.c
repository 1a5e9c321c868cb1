// SPDX-License-Identifier: Apache-2.0
/* A small record, written event by event: persons explained, joined, separated, and everything taken back. */
#include "analysis/person.h"
#include "analysis/person_link.h"
#include "analysis/workspace.h"
#include "base/error.h"
#include "base/file.h"
#include <glib/gstdio.h>

typedef struct {
  char *folder, *path;
  Workspace *workspace;
  Snapshot *snapshot;
} World;

/* "user:anna+anonymous:d1": the identifiers of one event; `u>v` is an alias call. */
static void add_event(Record *record, BatchWriter *writer, const char *text, gint64 time_ms) {
  static char scratch[EVENT_IDENTIFIERS_MAX + 1][IDENTIFIER_SIZE_MAX];
  Event *event = g_new0(Event, 1);
  event_clear(event);
  event->time_ms = time_ms;
  event->name = text_of("Page Viewed");
  event->touch = TRUE;
  event->call = strchr(text, '>') ? CALL_ALIAS : CALL_TRACK;
  g_auto(GStrv) ids = g_strsplit_set(text, "+>", -1);
  for (guint i = 0; ids[i]; i++) {
    const char *colon = strchr(ids[i], ':'), *why;
    int space = spaces_find(record_spaces(record), (Text){ids[i], (guint32)(colon - ids[i])});
    gboolean previous = i == 0 && event->call == CALL_ALIAS;
    Identifier *into = previous ? &event->alias : &event->identifiers[event->n_identifiers++];
    event->has_alias |= previous;
    g_assert_true(
        identifier_make(into, record_spaces(record), record_key(record), (guint8)space, text_of(colon + 1), scratch[i], &why));
  }
  batch_writer_add(writer, event, names_intern(record_names(record), NAME_SOURCE, text_of("test")), 0);
  g_free(event);
}

/* Events a day apart, separated by spaces. */
static void append(const World *world, const char *events, RecordMode mode) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Record) record = record_open(world->path, mode, &error);
  g_assert_no_error(error);
  g_autoptr(BatchWriter) writer = batch_writer_new(record_spaces(record), record_names(record));
  g_auto(GStrv) texts = g_strsplit(events, " ", -1);
  for (guint i = 0; texts[i]; i++)
    add_event(record, writer, texts[i], G_GINT64_CONSTANT(1735725600000) + i * MS_DAY);
  g_assert_true(record_append(record, 0, writer, &error));
  g_assert_no_error(error);
}

static void look(World *world) {
  g_autoptr(GError) error = NULL;
  g_clear_pointer(&world->snapshot, snapshot_unref);
  if (world->workspace)
    workspace_refresh(world->workspace, &error);
  else
    world->workspace = workspace_open(world->path, &(IndexOptions){.threads = 1}, &error);
  g_assert_no_error(error);
  world->snapshot = index_snapshot(workspace_index(world->workspace));
}

static World *world_new(const char *events) {
  World *world = g_new0(World, 1);
  world->folder = g_dir_make_tmp("etappe-person-XXXXXX", NULL);
  world->path = g_build_filename(world->folder, "test.db", NULL);
  append(world, events, RECORD_CREATE);
  look(world);
  return world;
}

static void world_free(World *world) {
  snapshot_unref(world->snapshot);
  workspace_free(world->workspace);
  file_remove_folder(world->folder, NULL);
  g_free(world->folder);
  g_free(world->path);
  g_free(world);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

static Person *ask(const World *world, const char *who) {
  g_autoptr(GError) error = NULL;
  Question question = {.snapshot = world->snapshot,
                       .project = workspace_project(world->workspace),
                       .zone = workspace_zone(world->workspace),
                       .now_ms = G_MAXINT64};
  Person *person = person_new(&question, who, 100, &error);
  g_assert_no_error(error);
  return person;
}

static guint64 id_of(const World *world, const char *who) {
  g_autoptr(Person) person = ask(world, who);
  return person->id;
}

static char *name_of(const Person *person, guint32 identifier) {
  const ResolveIdentifier *known = person_identifier(person, identifier);
  return who_text(person->names, known->hash, known->space);
}

static const PersonMember *member_of(const Person *person, const GArray *members, const char *space, guint nth) {
  for (guint i = 0; i < members->len; i++) {
    const PersonMember *member = &g_array_index(members, PersonMember, i);
    const Space *of = &snapshot_spaces(person->snapshot)->spaces[person_identifier(person, member->identifier)->space];
    if (g_str_equal(of->name, space) && nth-- == 0)
      return member;
  }
  return NULL;
}

static const char STORY[] = "anonymous:d1 user:anna+anonymous:d1 anonymous:d1 user:bob+anonymous:d1 anonymous:d1 "
                            "user:anna+email:f@x.de+card:77 user:bob+email:f@x.de+card:77 email:f@x.de card:77 anonymous:d9";

static void explained(void) {
  g_autoptr(World) world = world_new(STORY);
  g_autoptr(Person) anna = ask(world, "user:anna");
  g_assert_cmpuint(anna->n_events, ==, 5); /* 1, 2, 3, 6, 9 */
  g_assert_cmpuint(anna->events->len, ==, 5);
  g_assert_cmpuint(g_array_index(anna->events, PersonEvent, 3).row - g_array_index(anna->events, PersonEvent, 0).row, ==, 5);
  g_assert_cmpuint(anna->members->len, ==, 2); /* herself and the card */
  const PersonMember *first = &g_array_index(anna->members, PersonMember, 0);
  g_autofree char *name = name_of(anna, first->identifier);
  g_assert_cmpstr(name, ==, "user:anna");
  g_assert_cmpint(first->how, ==, REASON_OWNER);
  const PersonMember *card = member_of(anna, anna->members, "card", 0);
  g_assert_nonnull(card);
  g_assert_cmpint(card->how, ==, REASON_SEEN_WITH);
  g_autofree char *with = name_of(anna, card->with);
  g_assert_cmpstr(with, ==, "user:anna");
  g_assert_cmpint(card->time_ms, ==, G_GINT64_CONSTANT(1735725600000) + 5 * MS_DAY);
  const PersonMember *device = member_of(anna, anna->left, "anonymous", 0);
  g_assert_nonnull(device);
  g_assert_cmpuint(device->to, ==, id_of(world, "user:bob"));
  g_assert_cmpuint(anna->shared->len, ==, 1);
  g_assert_cmpuint(anna->n_conflicts, ==, 1); /* bob with her card */
}

static void every_link_leads_to_the_owner(void) {
  g_autoptr(World) world = world_new("email:e@x.de+anonymous:d1 email:e@x.de+anonymous:d2 anonymous:d2+user:anna crm:9+user:anna");
  g_autoptr(Person) anna = ask(world, "user:anna");
  static const char *const links[] = {"email>anonymous", "anonymous>email", "anonymous>user", "crm>user"}; /* by time */
  g_assert_cmpuint(anna->members->len, ==, 5);
  for (guint i = 1; i < 5; i++) {
    const PersonMember *member = &g_array_index(anna->members, PersonMember, i);
    const Space *spaces = snapshot_spaces(world->snapshot)->spaces;
    g_autofree char *link = g_strdup_printf("%s>%s", spaces[person_identifier(anna, member->identifier)->space].name,
                                            spaces[person_identifier(anna, member->with)->space].name);
    g_test_message("%s", link);
    g_assert_cmpint(member->how, ==, REASON_SEEN_WITH);
    g_assert_true(g_strv_contains(links, link));
  }
}

static void any_identifier_will_do(void) {
  g_autoptr(World) world = world_new(STORY);
  g_autofree char *hex = g_strdup_printf(WHO_FORMAT, id_of(world, "user:anna"));
  g_assert_cmpuint(id_of(world, hex), ==, id_of(world, "card:77"));
  g_assert_cmpuint(id_of(world, "anonymous:d1"), ==, id_of(world, "user:bob"));
  g_autoptr(Person) mail = ask(world, "email: F@X.DE ");
  g_assert_cmpuint(mail->n_events, ==, 1);
  g_assert_cmpuint(mail->owners->len, ==, 2); /* anna and bob */
  g_assert_cmpint(g_array_index(mail->members, PersonMember, 0).how, ==, REASON_SHARED);
  g_autoptr(Person) bob = ask(world, "user:bob");
  const PersonMember *device = member_of(bob, bob->members, "anonymous", 0);
  g_assert_cmpint(device->how, ==, REASON_MOVED);
}

static void assert_refused(const World *world, const char *who, ErrorCode code) {
  g_autoptr(GError) error = NULL;
  Question question = {.snapshot = world->snapshot,
                       .project = workspace_project(world->workspace),
                       .zone = workspace_zone(world->workspace),
                       .now_ms = G_MAXINT64};
  g_assert_null(person_new(&question, who, 100, &error));
  g_assert_error(error, ETAPPE_ERROR, (int)code);
}

static void nobody(void) {
  g_autoptr(World) world = world_new(STORY);
  assert_refused(world, "user:carla", ERROR_NOT_FOUND);
  assert_refused(world, "0123456789abcdef", ERROR_NOT_FOUND);
  assert_refused(world, "anna", ERROR_USAGE);
  assert_refused(world, "shoe:42", ERROR_USAGE);
  assert_refused(world, "user:null", ERROR_INVALID);
}

static void only_what_is_seen_by_now(void) {
  g_autoptr(World) world = world_new(STORY);
  g_autoptr(GError) error = NULL;
  Question question = {.snapshot = world->snapshot,
                       .project = workspace_project(world->workspace),
                       .zone = workspace_zone(world->workspace),
                       .now_ms = G_GINT64_CONSTANT(1735725600000) + 2 * MS_DAY};
  g_autoptr(Person) anna = person_new(&question, "user:anna", 2, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(anna->n_events, ==, 3);
  g_assert_cmpuint(anna->events->len, ==, 2);
}

/* --- links -------------------------------------------------------------------------------------------- */
typedef LinkPlan *(*PlanFunc)(Snapshot *snapshot, const char *x, const char *y, GError **error);

static void change(World *world, PlanFunc make, const char *x, const char *y, LinkPlanKind kind) {
  g_autoptr(GError) error = NULL;
  g_autoptr(LinkPlan) plan = make(world->snapshot, x, y, &error);
  g_assert_no_error(error);
  g_assert_cmpint(plan->kind, ==, kind);
  g_autoptr(Record) record = record_open(world->path, RECORD_WRITE, &error);
  g_assert_no_error(error);
  g_assert_true(link_plan_carry_out(plan, record, 1735725600000, &error));
  look(world);
  g_assert_cmpuint(id_of(world, x), ==, plan->person_x); /* what was foretold has happened */
  g_assert_cmpuint(id_of(world, y), ==, plan->person_y);
}

/* Every person of the index with the rows of its events, as text. */
static char *everything(const World *world) {
  GString *text = g_string_new(NULL);
  for (guint b = 0; b < snapshot_blocks(world->snapshot); b++) {
    Block block;
    g_assert_true(snapshot_block(world->snapshot, b, &block, NULL));
    for (guint32 p = 0; p < block.n_persons; p++) {
      if (bit_at(block.dead, p))
        continue;
      g_string_append_printf(text, "\n" WHO_FORMAT, block.person_id[p]);
      for (guint32 e = block.person_start[p]; e < block.person_start[p + 1]; e++)
        g_string_append_printf(text, " %u", (guint)block_row(&block, e));
    }
  }
  return g_string_free(text, FALSE);
}

static void merged_and_back(void) {
  g_autoptr(World) world = world_new(STORY);
  g_autofree char *before = everything(world);
  guint64 bob = id_of(world, "user:bob");
  change(world, link_plan_merge, "card:77", "anonymous:d1", LINK_PLAN_ADD); /* anna's card, bob's device */
  g_assert_cmpuint(id_of(world, "user:anna"), ==, bob);
  g_assert_cmpuint(id_of(world, "email:f@x.de"), ==, bob); /* no longer two owners */
  g_autoptr(Person) both = ask(world, "user:anna");
  g_assert_cmpuint(both->n_events, ==, 9);
  g_assert_cmpuint(both->links->len, ==, 1);
  change(world, link_plan_merge, "user:anna", "user:bob", LINK_PLAN_NOTHING);
  change(world, link_plan_unmerge, "email:f@x.de", "user:bob", LINK_PLAN_TAKE_BACK); /* without the merge it is shared again */
  g_autofree char *after = everything(world);
  g_assert_cmpstr(before, ==, after);
}

static void separated_and_back(void) {
  g_autoptr(World) world = world_new(STORY);
  g_autofree char *before = everything(world);
  change(world, link_plan_unmerge, "user:anna", "card:77", LINK_PLAN_ADD);
  g_assert_cmpuint(id_of(world, "card:77"), ==, id_of(world, "user:bob")); /* the next one it was seen with */
  change(world, link_plan_unmerge, "card:77", "user:anna", LINK_PLAN_NOTHING);
  change(world, link_plan_merge, "user:anna", "card:77", LINK_PLAN_TAKE_BACK);
  g_autofree char *after = everything(world);
  g_assert_cmpstr(before, ==, after);
}

static void chain_of_merges(void) {
  g_autoptr(World) world = world_new("user:u1 user:u2 user:u3");
  change(world, link_plan_merge, "user:u1", "user:u2", LINK_PLAN_ADD);
  change(world, link_plan_merge, "user:u1", "user:u3", LINK_PLAN_ADD); /* the person of u1, which is called u2 */
  g_assert_cmpuint(id_of(world, "user:u2"), ==, id_of(world, "user:u3"));
  change(world, link_plan_unmerge, "user:u1", "user:u3", LINK_PLAN_TAKE_BACK);
  g_assert_cmpuint(id_of(world, "user:u1"), ==, id_of(world, "user:u2"));
  g_assert_cmpuint(id_of(world, "user:u1"), !=, id_of(world, "user:u3"));
}

static void later_events_count(void) {
  g_autoptr(World) world = world_new("user:u1+anonymous:d1 user:u2");
  change(world, link_plan_merge, "user:u1", "user:u2", LINK_PLAN_ADD);
  append(world, "user:u1+card:5 card:5 anonymous:a>user:u1 anonymous:a", RECORD_WRITE);
  look(world);
  g_assert_cmpuint(id_of(world, "card:5"), ==, id_of(world, "user:u2"));
  g_assert_cmpuint(id_of(world, "anonymous:a"), ==, id_of(world, "user:u2"));
  g_autoptr(Person) person = ask(world, "card:5");
  g_assert_cmpuint(person->n_events, ==, 6);
  g_assert_cmpint(member_of(person, person->members, "anonymous", 1)->how, ==, REASON_ALIAS);
}

/* --- random records ------------------------------------------------------------------------------------ */
static char *random_identifier(GRand *rng) {
  static const char *const spaces[] = {"user", "crm", "card", "email", "anonymous", "anonymous"};
  return g_strdup_printf("%s:x%d", spaces[g_rand_int_range(rng, 0, G_N_ELEMENTS(spaces))], g_rand_int_range(rng, 1, 7));
}

static char *random_events(GRand *rng) {
  GString *text = g_string_new(NULL);
  for (gint i = g_rand_int_range(rng, 5, 80); i > 0; i--)
    for (gint k = g_rand_int_range(rng, 1, 4); k > 0; k--) {
      g_autofree char *id = random_identifier(rng);
      g_string_append_printf(text, "%s%s", id,
                             k == 1                                        ? (i == 1 ? "" : " ")
                             : k == 2 && g_rand_int_range(rng, 0, 15) == 0 ? ">"
                                                                           : "+");
    }
  return g_string_free(text, FALSE);
}

static void assert_explained(const World *world, const Block *block, guint32 person) {
  g_autofree char *id = g_strdup_printf(WHO_FORMAT, block->person_id[person]);
  g_autoptr(Person) explained = ask(world, id);
  guint32 e = block->person_start[person];
  const ResolveInput *input = component_input(explained->component);
  for (gsize i = 0; i < input->n_events; i++) {
    if (component_output(explained->component)->event_person[i] != block->person_id[person])
      continue;
    g_assert_cmpuint(e, <, block->person_start[person + 1]);
    g_assert_cmpuint(input->events[i].row, ==, block_row(block, e));
    e++;
  }
  g_assert_cmpuint(e, ==, block->person_start[person + 1]);
  g_assert_cmpuint(explained->id, ==, block->person_id[person]);
  for (guint m = 1; m < explained->members->len; m++)
    g_assert_cmpuint(g_array_index(explained->members, PersonMember, m).with, !=, PERSON_NOBODY);
}

static void assert_all_explained(const World *world) {
  for (guint b = 0; b < snapshot_blocks(world->snapshot); b++) {
    Block block;
    g_assert_true(snapshot_block(world->snapshot, b, &block, NULL));
    for (guint32 p = 0; p < block.n_persons; p++)
      if (!bit_at(block.dead, p) && !block.unidentified)
        assert_explained(world, &block, p);
  }
}

/* Whatever is asked for is foretold rightly and can be taken back. */
static void change_and_back(World *world, GRand *rng, PlanFunc make) {
  g_autofree char *x = random_identifier(rng), *y = random_identifier(rng), *before = everything(world);
  g_autoptr(LinkPlan) plan = make(world->snapshot, x, y, NULL);
  if (!plan || plan->kind != LINK_PLAN_ADD)
    return;
  g_autoptr(Record) record = record_open(world->path, RECORD_WRITE, NULL);
  g_assert_true(link_plan_carry_out(plan, record, 1735725600000, NULL));
  look(world);
  g_assert_cmpuint(id_of(world, x), ==, plan->person_x);
  g_assert_cmpuint(id_of(world, y), ==, plan->person_y);
  g_assert_true((plan->person_x == plan->person_y) == (plan->link.kind == LINK_ALIAS));
  assert_all_explained(world);
  if (g_rand_boolean(rng))
    return;
  g_assert_true(record_link_undo(record, plan->link.number, NULL));
  look(world);
  g_autofree char *after = everything(world);
  g_assert_cmpstr(before, ==, after);
}

static void index_and_explanation_agree(void) {
  g_autoptr(GRand) rng = g_rand_new_with_seed((guint32)g_test_rand_int());
  for (guint i = 0; i < 10; i++) {
    g_autofree char *events = random_events(rng);
    g_test_message("%s", events);
    g_autoptr(World) world = world_new(events);
    assert_all_explained(world);
    for (guint k = 0; k < 4; k++) {
      change_and_back(world, rng, link_plan_merge);
      change_and_back(world, rng, link_plan_unmerge);
    }
    g_autofree char *more = random_events(rng);
    append(world, more, RECORD_WRITE);
    look(world);
    assert_all_explained(world);
  }
}

static void assert_no_plan(const World *world, PlanFunc make, const char *x, const char *y, ErrorCode code) {
  g_autoptr(GError) error = NULL;
  g_assert_null(make(world->snapshot, x, y, &error));
  g_assert_error(error, ETAPPE_ERROR, (int)code);
}

static void refused(void) {
  g_autoptr(World) world = world_new(STORY);
  assert_no_plan(world, link_plan_merge, "user:anna", "user:anna", ERROR_USAGE);
  assert_no_plan(world, link_plan_merge, "user:anna", "user:carla", ERROR_NOT_FOUND);
  assert_no_plan(world, link_plan_merge, "email:f@x.de", "user:bob", ERROR_CONFLICT); /* shared */
  assert_no_plan(world, link_plan_unmerge, "email:f@x.de", "user:bob", ERROR_CONFLICT);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/a person is explained", explained);
  g_test_add_func("/every link leads to the owner", every_link_leads_to_the_owner);
  g_test_add_func("/any identifier finds its present person", any_identifier_will_do);
  g_test_add_func("/who is not known is said so", nobody);
  g_test_add_func("/events after now are unseen", only_what_is_seen_by_now);
  g_test_add_func("/two persons are merged, and back", merged_and_back);
  g_test_add_func("/two identifiers are separated, and back", separated_and_back);
  g_test_add_func("/of several merges the one that joined is taken back", chain_of_merges);
  g_test_add_func("/a merge holds for later events", later_events_count);
  g_test_add_func("/the explanation agrees with the index, whatever is merged and separated", index_and_explanation_agree);
  g_test_add_func("/what cannot be linked is refused", refused);
  return g_test_run();
}
