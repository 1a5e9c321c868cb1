// SPDX-License-Identifier: Apache-2.0
// What is kept must be what is derived anew: journeys and conversions are spelled out and compared, for nows before,
// between and after the events and at the very milliseconds at which journeys, stages and conversions change.
#include "analysis/derive_cache.h"
#include "fixture.h"

enum { PERSONS = 40, EVENTS = 600, SPAN_S = 60 * 86400, INACTIVITY_DAYS = 10, LAPSE_DAYS = 3, ADJUST_DAYS = 5 };
#define DAY_MS G_GINT64_CONSTANT(86400000)

static const char definitions[] = "version: 1\n"
                                  "inactivity: 10d\n"
                                  "restart_stage: look\n"
                                  "goals:\n"
                                  "  - name: order\n"
                                  "    when: event = buy\n"
                                  "    value: properties.price\n"
                                  "    order: order\n"
                                  "    closes: true\n"
                                  "    adjustments: [{kind: cancel, when: event = cancel}]\n"
                                  "    adjustments_within: 5d\n"
                                  "stages:\n"
                                  "  - {name: aware}\n"
                                  "  - {name: look, when: event = look, lapse_after: 3d, lapse_to: aware}\n"
                                  "  - {name: done, when: event = buy}\n";

static Fixture *world_new(void) {
  Fixture *fixture = fixture_new();
  GError *error = NULL;
  project_free(fixture->project);
  fixture->project = project_parse(definitions, strlen(definitions), &error);
  g_assert_no_error(error);
  return fixture;
}

static void add_random(Fixture *fixture, guint n) {
  static const char *const events[] = {"page", "page", "look", "buy", "cancel"};
  for (guint i = 0; i < n; i++) {
    g_autofree char *user = g_strdup_printf("u%d", g_test_rand_int_range(0, PERSONS));
    g_autofree char *order = g_strdup_printf("o%d", g_test_rand_int_range(0, 60)); /* often somebody else's */
    g_autofree char *price = g_strdup_printf("%d", g_test_rand_int_range(1, 100));
    guint event = (guint)g_test_rand_int_range(0, G_N_ELEMENTS(events));
    fixture_add(fixture, (Row){.user = g_test_rand_int_range(0, 10) ? user : NULL,
                               .at_s = g_test_rand_int_range(0, SPAN_S),
                               .event = events[event],
                               .key = "properties.price",
                               .value = price,
                               .order = event >= 3 ? order : NULL});
  }
}

/* Events that arrive after the index was made. */
static void arrive(Fixture *fixture, Row row) {
  GError *error = NULL;
  fixture->totals = (ImportInfo){0};
  record_import_begin(fixture->record, "file", "later", "", &fixture->import, &error);
  g_assert_no_error(error);
  fixture_add(fixture, row);
  fixture_flush(fixture);
  fixture->totals.id = fixture->import;
  fixture->totals.read = fixture->totals.stored;
  record_import_finish(fixture->record, &fixture->totals, &error);
  g_assert_no_error(error);
  g_assert_true(index_update(fixture->index, &error));
  g_assert_no_error(error);
}

/* --- a block's derivation as text ------------------------------------------------------------------ */

typedef struct {
  Derive *derive;
  DeriveScratch *scratch;
  GString *text;
} Spelling;

static void spell_bits(GString *out, const char *name, const guint64 *bits, guint n) {
  g_string_append_printf(out, "\n%s", name);
  for (guint i = 0; i < n; i++)
    g_string_append_c(out, bit_at(bits, i) ? '1' : '0');
}

static void spell_journeys(GString *out, const Derived *d) {
  for (guint i = 0; i < d->person_journeys[d->n_persons]; i++) {
    const Journey *j = &d->journeys[i];
    g_string_append_printf(out, "\njourney %u %u %u-%u %u %u+%u stage %u>%u state %u %d %" G_GINT64_FORMAT, j->person, j->number,
                           j->first_event, j->last_event, j->conversion, j->n_touches, j->n_tail, j->first_stage, j->stage,
                           j->state, j->again, j->active_ms);
  }
  for (guint i = 0; i < d->n_events; i++)
    g_string_append_printf(out, " %u/%d/%u", d->event_journey[i], d->event_journey[i] ? d->event_stage[i] : -1, d->touchpoint[i]);
}

static void spell_conversions(GString *out, const Derived *d) {
  for (guint i = 0; i < d->person_conversions[d->n_persons]; i++) {
    const Conversion *c = &d->conversions[i];
    g_string_append_printf(out, "\nconversion %u %u %u %" G_GINT64_FORMAT "-%" G_GINT64_FORMAT "%s%s%s", c->person, c->event,
                           c->journey, c->value, c->net_value, c->conflicting ? " conflicting" : "", c->returned ? " returned" : "",
                           c->provisional ? " provisional" : "");
  }
}

static gboolean spell_block(const Question *question, guint block, const Block *data, guint worker, gpointer user, GError **error) {
  Spelling *spelling = user;
  Derived d;
  if (!derive_block(spelling->derive, spelling->scratch, block, data, &d, error))
    return FALSE;
  g_string_append_printf(spelling->text, "\nblock %u", data->n_events);
  spell_bits(spelling->text, "seen ", d.seen, d.n_events);
  spell_bits(spelling->text, "adjusts ", d.adjusts, d.n_events);
  spell_journeys(spelling->text, &d);
  spell_conversions(spelling->text, &d);
  return TRUE;
}

static char *spell(Fixture *fixture, gint64 now_ms, DeriveCache *cache) {
  GError *error = NULL;
  Question question = {.snapshot = index_snapshot(fixture->index),
                       .from_ms = G_MININT64,
                       .to_ms = G_MAXINT64,
                       .now_ms = now_ms,
                       .zone = fixture->zone,
                       .project = fixture->project,
                       .threads = 1,
                       .cache = cache,
                       .cached = fixture->project,
                       .serial = cache ? derive_cache_serial(cache) : 0};
  Spelling spelling = {derive_new(&question, &error), NULL, g_string_new(NULL)};
  g_assert_no_error(error);
  spelling.scratch = derive_scratch_new(spelling.derive);
  question_each_block(&question, spell_block, &spelling, &error);
  g_assert_no_error(error);
  DeriveNotes notes = derive_notes(spelling.derive);
  g_string_append_printf(spelling.text, "\nnotes %d %d", (int)notes.repeated_orders, (int)notes.unmatched_adjustments);
  derive_scratch_free(spelling.scratch);
  derive_free(spelling.derive);
  snapshot_unref(question.snapshot);
  return g_string_free(spelling.text, FALSE);
}

static void check(Fixture *fixture, gint64 now_ms, DeriveCache *cache) {
  g_autofree char *anew = spell(fixture, now_ms, NULL), *kept = spell(fixture, now_ms, cache);
  if (strcmp(anew, kept) != 0)
    g_printerr("now %" G_GINT64_FORMAT "\n%s\n--- kept:\n%s\n", now_ms, anew, kept);
  g_assert_cmpstr(anew, ==, kept);
}

/* --- cases --------------------------------------------------------------------------------------- */

static void any_now_is_answered_as_without_a_cache(void) {
  static const gint64 after_ms[] = {0,
                                    -1,
                                    1,
                                    INACTIVITY_DAYS * DAY_MS,
                                    INACTIVITY_DAYS * DAY_MS + 1,
                                    LAPSE_DAYS * DAY_MS,
                                    LAPSE_DAYS * DAY_MS + 1,
                                    ADJUST_DAYS * DAY_MS - 1,
                                    ADJUST_DAYS * DAY_MS,
                                    200 * DAY_MS};
  Fixture *fixture = world_new();
  DeriveCache *cache = derive_cache_new(64 << 20);
  add_random(fixture, EVENTS);
  fixture_ready(fixture);
  for (guint i = 0; i < 60; i++) {
    gint64 event_ms = FIXTURE_BEGIN_MS + g_test_rand_int_range(0, SPAN_S) * G_GINT64_CONSTANT(1000);
    g_autoptr(Snapshot) snapshot = index_snapshot(fixture->index);
    Block data;
    g_assert_true(snapshot_block(snapshot, (guint)g_test_rand_int_range(0, (gint32)snapshot_blocks(snapshot)), &data, NULL));
    if (i % 10)
      event_ms = block_time_ms(&data, (guint32)g_test_rand_int_range(0, (gint32)data.n_events));
    for (guint k = 0; k < G_N_ELEMENTS(after_ms); k++)
      check(fixture, event_ms + after_ms[k], cache);
  }
  g_assert_cmpuint(derive_cache_use(cache).found, >, 0);
  derive_cache_free(cache);
  fixture_free(fixture);
}

/* One person: look on day 0, nothing since. Lapsed after day 3, given up after day 10. */
static void a_clock_that_moves_on_finds_what_did_not_change(void) {
  Fixture *fixture = world_new();
  DeriveCache *cache = derive_cache_new(64 << 20);
  fixture_add(fixture, (Row){.user = "ann", .event = "look"});
  fixture_ready(fixture);
  check(fixture, FIXTURE_BEGIN_MS + 1, cache); /* keeps nothing yet */
  check(fixture, FIXTURE_BEGIN_MS + 2, cache);
  DeriveCacheUse use = derive_cache_use(cache);
  g_assert_cmpuint(use.found, ==, 0);
  static const struct {
    gint64 now_ms;
    guint found, missed;
  } steps[] = {
      {3, 1, 0}, {LAPSE_DAYS * DAY_MS, 1, 0},          {LAPSE_DAYS * DAY_MS + 1, 0, 1}, {LAPSE_DAYS * DAY_MS + 2, 1, 0},
      {4, 1, 0}, {INACTIVITY_DAYS * DAY_MS + 1, 0, 1}, {1000 * DAY_MS, 1, 0},           {-1, 0, 1},
  };
  for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
    check(fixture, FIXTURE_BEGIN_MS + steps[i].now_ms, cache);
    DeriveCacheUse now = derive_cache_use(cache);
    g_assert_cmpuint(now.found - use.found, ==, steps[i].found);
    use = now;
  }
  derive_cache_free(cache);
  fixture_free(fixture);
}

static void an_arrival_leaves_other_blocks_kept_but_for_what_it_says_of_their_orders(void) {
  Fixture *fixture = world_new();
  DeriveCache *cache = derive_cache_new(64 << 20);
  gint64 now_ms = FIXTURE_BEGIN_MS + 90 * DAY_MS;
  fixture_add(fixture, (Row){.user = "ann", .event = "buy", .order = "o1", .key = "properties.price", .value = "40"});
  fixture_add(fixture, (Row){.user = "ben", .at_s = 60, .event = "look"});
  fixture_ready(fixture);
  for (guint i = 0; i < 3; i++)
    check(fixture, now_ms, cache);
  DeriveCacheUse before = derive_cache_use(cache);
  arrive(fixture, (Row){.user = "cat", .at_s = 120, .event = "page"});
  check(fixture, now_ms + 5, cache);
  DeriveCacheUse after = derive_cache_use(cache);
  g_assert_cmpuint(after.found - before.found, >=, 1); /* the block of ann and ben */
  g_autofree char *alone = spell(fixture, now_ms, cache);
  g_assert_null(strstr(alone, "conflicting"));
  arrive(fixture, (Row){.user = "dan", .at_s = 180, .event = "buy", .order = "o1", .key = "properties.price", .value = "40"});
  check(fixture, now_ms + 6, cache);
  g_autofree char *both = spell(fixture, now_ms + 7, cache);
  g_assert_nonnull(strstr(both, "conflicting"));
  arrive(fixture, (Row){.user = "eve", .at_s = 240, .event = "cancel", .order = "o1"}); /* takes back ann's, the earliest */
  check(fixture, now_ms + 8, cache);
  g_autofree char *returned = spell(fixture, now_ms + 9, cache);
  g_assert_nonnull(strstr(returned, "40000000-0 conflicting returned"));
  derive_cache_free(cache);
  fixture_free(fixture);
}

static void memory_stays_within_its_budget(void) {
  Fixture *fixture = world_new();
  DeriveCache *cache = derive_cache_new(100 << 10);
  add_random(fixture, EVENTS);
  fixture_ready(fixture);
  for (gint64 day = 0; day < 90; day++) {
    check(fixture, FIXTURE_BEGIN_MS + day * DAY_MS, cache);
    g_assert_cmpuint(derive_cache_use(cache).bytes, <=, 100 << 10);
  }
  for (guint i = 0; i < DERIVE_UNUSED_MAX + 2; i++)
    derive_cache_serial(cache);
  check(fixture, FIXTURE_BEGIN_MS, cache); /* what nobody used is dropped */
  g_autoptr(Snapshot) snapshot = index_snapshot(fixture->index);
  g_assert_cmpuint(derive_cache_use(cache).entries, <=, 2 * snapshot_blocks(snapshot)); /* and what they tell of orders */
  derive_cache_free(cache);
  fixture_free(fixture);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/derive_cache/any now is answered as without a cache", any_now_is_answered_as_without_a_cache);
  g_test_add_func("/derive_cache/a clock that moves on finds what did not change", a_clock_that_moves_on_finds_what_did_not_change);
  g_test_add_func("/derive_cache/an arrival leaves other blocks kept but for what it says of their orders",
                  an_arrival_leaves_other_blocks_kept_but_for_what_it_says_of_their_orders);
  g_test_add_func("/derive_cache/memory stays within its budget", memory_stays_within_its_budget);
  return g_test_run();
}
