// SPDX-License-Identifier: Apache-2.0
/* The kernel's rules are tried in test_funnel_kernel.c; here is what a report makes of them: conditions, range,
 * where, among, now, units, groups, persons behind a figure. */
#include "fixture.h"

enum { DAY = 86400 };

static Fixture *shop(void) {
  Fixture *fixture = fixture_new();
  const Row rows[] = {
      {"ann", NULL, 1, "visit", "email", .key = "properties.plan", .value = "free"},
      {"ann", NULL, 3, "order", "direct", .key = "properties.plan", .value = "paid"},
      {"bob", NULL, 2, "visit", "ads"},
      {"cleo", NULL, 5, "visit", "ads", .key = "properties.plan", .value = "free"},
      {"cleo", NULL, 5, "order", "ads"},
      {"cleo", NULL, 9, "refund", "unassigned", .no_touch = TRUE},
      {"dan", NULL, 4, "order", "direct"},
      {NULL, NULL, 6, "visit", "email"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
    fixture_add(fixture, rows[i]);
  fixture_ready(fixture);
  return fixture;
}

static void check_funnel(Fixture *fixture, const char *options, const char *expected) {
  g_autofree char *text = fixture_ask(fixture, "funnel", options, "total");
  g_assert_cmpstr(text, ==, expected);
}

/* ann 2 s, cleo 0 s from visit to order: median 1 s */
static void a_funnel_by_hand(void) {
  Fixture *fixture = shop();
  check_funnel(fixture, "step:=visit&step:=order",
               "\"total\":4,\"steps\":["
               "{\"step\":1,\"name\":\"visit\",\"reached\":3,\"share\":1,\"from_previous\":null,\"dropped\":1,\"median_ms\":null},"
               "{\"step\":2,\"name\":\"order\",\"reached\":2,\"share\":0.6666666666666666,\"from_previous\":0.6666666666666666,"
               "\"dropped\":0,\"median_ms\":1000}]}");
  fixture_free(fixture);
}

/* Says `total | reached reached ... | median`. */
static char *brief(Fixture *fixture, const char *options) {
  g_autofree char *text = fixture_ask(fixture, "funnel", options, "total");
  g_autoptr(GString) out = g_string_new(NULL);
  g_string_append_printf(out, "%d |", atoi(text + strlen("\"total\":")));
  const char *last = NULL, *stop = strstr(text, "]");
  for (const char *at = text; (at = strstr(at, "\"reached\":")) && at < stop; at += 10)
    g_string_append_printf(out, " %d", atoi(at + 10));
  for (const char *at = text; (at = strstr(at, "\"median_ms\":")) && at < stop; at += 12)
    last = at + 12;
  g_string_append_printf(out, " | %.*s", (int)strcspn(last, "}"), last);
  return g_strdup(out->str);
}

static void check_brief(Fixture *fixture, const char *options, const char *expected) {
  g_autofree char *text = brief(fixture, options);
  g_assert_cmpstr(text, ==, expected);
}

static void range_where_among_and_now(void) {
  Fixture *fixture = shop();
  check_brief(fixture, "step:=visit&step:=order&from:=2", "4 | 2 1 | 0");              /* ann's visit lies before */
  check_brief(fixture, "step:=visit&step:=order&to:=3", "2 | 2 1 | 2000");             /* her order may lie after */
  check_brief(fixture, "step:=visit&step:=order&to:=3&now:=2", "2 | 2 0 | null");      /* but not after now */
  check_brief(fixture, "step:=visit&step:=order&where:=channel = ads", "2 | 2 1 | 0"); /* where: steps too */
  check_brief(fixture, "step:=visit&step:=order&where:=not (event = order)", "3 | 3 0 | null");
  check_brief(fixture, "step:=visit&step:=order&among:=count(channel = email) >= 1", "1 | 1 1 | 2000");
  check_brief(fixture, "step:=visit&step:=order&no-times:=1", "4 | 3 2 | null");
  check_brief(fixture, "step:=channel in (email, ads)&step:=event ~ \"^ord\"&window:=1s", "4 | 3 1 | 0");
  fixture_free(fixture);
}

static void exclusions_see_all_events(void) {
  Fixture *fixture = fixture_new();
  fixture_add(fixture, (Row){"ann", NULL, 1, "visit", "email"});
  fixture_add(fixture, (Row){"ann", NULL, 2, "complaint", "ads"});
  fixture_add(fixture, (Row){"ann", NULL, 3, "order", "email"});
  fixture_ready(fixture);
  check_brief(fixture, "step:=visit&step:=order&where:=channel = email", "1 | 1 1 | 2000");
  check_brief(fixture, "step:=visit&step:=order&where:=channel = email&exclude:=complaint", "1 | 1 0 | null");
  check_brief(fixture, "step:=visit&step:=order&mode:=strict", "1 | 1 0 | null");
  check_brief(fixture, "step:=visit&step:=order&mode:=strict&where:=channel = email", "1 | 1 1 | 2000");
  check_brief(fixture, "step:=order&step:=visit&mode:=any", "1 | 1 1 | 2000");
  fixture_free(fixture);
}

static void flagged_traffic_and_nobody_count_nowhere(void) {
  Fixture *fixture = shop();
  check_brief(fixture, "step:=visit", "4 | 3 | null"); /* the visit without identifier is nobody's */
  fixture_free(fixture);
}

static void check_groups(Fixture *fixture, const char *options, const char *part) {
  g_autofree char *text = fixture_ask(fixture, "funnel", options, "by");
  if (!strstr(text, part))
    g_error("%s lacks %s", text, part);
}

static void groups_follow_the_first_event_or_the_person(void) {
  Fixture *fixture = shop();
  const char *by_channel = "step:=visit&step:=order&by:=channel", *by_plan = "step:=visit&step:=order&by:=properties.plan";
  check_groups(fixture, by_channel,
               "\"by\":\"channel\",\"groups_total\":2,\"groups\":["
               "{\"value\":\"ads\",\"total\":2,\"steps\":[{\"step\":1,\"name\":\"visit\",\"reached\":2,");
  check_groups(fixture, by_channel,
               "\"reached\":1,\"share\":0.5,\"from_previous\":0.5,\"dropped\":0,\"median_ms\":0}]},"
               "{\"value\":\"email\",\"total\":1,");
  check_groups(fixture, by_plan, "{\"value\":\"free\",\"total\":2,");
  check_groups(fixture, by_plan, "{\"value\":\"(none)\",\"total\":1,");
  check_groups(fixture, "step:=visit&by:=first(event = order).channel", "\"groups_total\":3,");
  check_groups(fixture, "step:=visit&by:=first(event = order).channel", "{\"value\":\"direct\",\"total\":1,");
  check_groups(fixture, "step:=visit&by:=last(channel exists).event", "{\"value\":\"refund\",\"total\":1,");
  check_groups(fixture, "step:=visit&step:=order&by:=channel&limit:=1", "\"groups_total\":2,\"groups\":[{\"value\":\"ads\"");
  check_groups(fixture, "step:=visit&step:=order&by:=channel&limit:=1", "{\"value\":\"(other)\",\"other\":true,\"total\":1,");
  check_groups(fixture, "step:=visit&step:=order&by:=channel&limit:=1", "\"median_ms\":2000}]}]");
  fixture_free(fixture);
}

static guint count_persons(Fixture *fixture, const char *options) {
  g_autofree char *text = fixture_ask(fixture, "funnel", options, "persons");
  g_auto(GStrv) parts = g_strsplit(text, "\"", -1);
  guint n = (g_strv_length(parts) - 3) / 2;
  for (guint i = 0; i + 1 < n; i++)
    g_assert_cmpstr(parts[3 + 2 * i], <, parts[5 + 2 * i]);
  g_assert_true(n == 0 || strlen(parts[3]) == 16);
  return n;
}

static void a_figure_lists_its_persons(void) {
  Fixture *fixture = shop();
  g_assert_cmpuint(count_persons(fixture, "step:=visit&step:=order&who:=reached:1"), ==, 3);
  g_assert_cmpuint(count_persons(fixture, "step:=visit&step:=order&who:=reached:2"), ==, 2);
  g_assert_cmpuint(count_persons(fixture, "step:=visit&step:=order&who:=dropped:1"), ==, 1);
  g_assert_cmpuint(count_persons(fixture, "step:=order&step:=refund&step:=visit&who:=dropped:2"), ==, 1);
  fixture_free(fixture);
}

static void visits_and_journeys_are_units(void) {
  Fixture *fixture = fixture_new();
  const struct {
    guint at;
    const char *event;
  } events[] = {{0, "visit"},        {60, "order"},          {3 * DAY, "visit"}, {3 * DAY + 10, "visit"},
                {50 * DAY, "visit"}, {50 * DAY + 5, "order"}};
  for (guint i = 0; i < G_N_ELEMENTS(events); i++)
    fixture_add(fixture, (Row){"ann", "device-a", events[i].at, events[i].event, "direct", .web = TRUE});
  fixture_add(fixture, (Row){"bob", NULL, 7, "visit", "direct"});
  fixture_ready(fixture);
  check_brief(fixture, "step:=visit&step:=order", "2 | 2 1 | 60000");
  check_brief(fixture, "step:=visit&step:=order&unit:=visits", "3 | 3 2 | 32500");
  check_brief(fixture, "step:=visit&step:=order&unit:=visits&from:=259200", "2 | 2 1 | 5000");
  g_assert_cmpuint(count_persons(fixture, "step:=visit&unit:=visits&who:=reached:1"), ==, 1);
  g_autofree char *without = fixture_ask(fixture, "funnel", "step:=visit&unit:=visits&among:=count(channel = email) >= 1", "total");
  g_assert_nonnull(strstr(without, "\"note\":\"There are no visits here"));
  check_brief(fixture, "step:=visit&step:=order&unit:=journeys", "3 | 3 2 | 32500");
  fixture_free(fixture);
}

/* ann and bob go on to the chat, bob after another look at the same page; cleo does nothing more; a note is no touch. */
static void where_those_go_next_who_stop(void) {
  Fixture *fixture = fixture_new();
  const Row rows[] = {{"ann", NULL, 1, "visit", "ads"},
                      {"ann", NULL, 2, "chat", "service"},
                      {"bob", NULL, 1, "visit", "ads"},
                      {"bob", NULL, 2, "visit", "ads"},
                      {"bob", NULL, 3, "chat", "service"},
                      {"cleo", NULL, 1, "visit", "ads"},
                      {"cleo", NULL, 2, "note", "service", .no_touch = TRUE},
                      {"dan", NULL, 1, "visit", "ads"},
                      {"dan", NULL, 2, "chat", "service"},
                      {"dan", NULL, 3, "order", "direct"},
                      {"eve", NULL, 1, "visit", "ads"},
                      {"eve", NULL, 2, "chat", "phone"}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
    fixture_add(fixture, rows[i]);
  fixture_ready(fixture);
  g_autofree char *next = fixture_ask(fixture, "funnel", "step:=visit&step:=order&next:=1&limit:=2", "next");
  g_assert_cmpstr(next, ==,
                  "\"next\":{\"step\":1,\"key\":\"touchpoint\",\"dropped\":4,\"rows_total\":3,\"rows\":["
                  "{\"value\":\"service / chat\",\"count\":2,\"share\":0.5},"
                  "{\"value\":\"(none)\",\"count\":1,\"share\":0.25},"
                  "{\"value\":\"(other)\",\"other\":true,\"count\":1,\"share\":0.25}]}}");
  g_assert_cmpuint(count_persons(fixture, "step:=visit&step:=order&who:=dropped:1,next:service / chat"), ==, 2);
  g_assert_cmpuint(count_persons(fixture, "step:=visit&step:=order&who:=dropped:1,next:(none)"), ==, 1);
  g_assert_cmpuint(count_persons(fixture, "step:=visit&step:=order&who:=onward:1,next:service / chat"), ==, 1);
  g_assert_cmpuint(count_persons(fixture, "step:=visit&step:=order&who:=onward:1"), ==, 1);
  fixture_free(fixture);
}

/* 40 stop, 40 go on. `slow`: 30 of those and 10 of these. Katz: ln 3 -+ 1.96 sqrt(1/30 - 1/40 + 1/10 - 1/40) = ln 3 -+ 0.5658.
 * What those who stop meet afterwards (a coupon) and what four of them have (rare) says nothing here. */
static Fixture *forty_and_forty(gboolean numbers) {
  Fixture *fixture = fixture_new();
  for (guint i = 0; i < 80; i++) {
    gboolean stops = i < 40, slow = stops ? i < 30 : i < 50, rare = i >= 30 && i < 34;
    g_autofree char *user = g_strdup_printf("u%02u", i), *days = g_strdup_printf("%u", (slow ? 21 : 3) + i % 3);
    fixture_add(fixture, (Row){user, NULL, i, "visit", "ads", .key = numbers ? "properties.days" : "properties.delivery",
                               .value = numbers ? days
                                        : slow  ? "slow"
                                        : rare  ? "rare"
                                                : "fast"});
    fixture_add(fixture, (Row){user, NULL, 100 + i, stops ? "chat" : "order", stops ? "service" : "direct",
                               .key = "properties.coupon", .value = stops ? "yes" : "no"});
  }
  fixture_ready(fixture);
  return fixture;
}

static void what_is_more_frequent_among_those_who_stop(void) {
  Fixture *fixture = forty_and_forty(FALSE);
  g_autofree char *drivers = fixture_ask(fixture, "funnel", "step:=visit&step:=order&drivers:=1", "drivers");
  const char *expected = "\"drivers\":{\"step\":1,\"dropped\":40,\"compared\":2,\"found\":1,\"list\":["
                         "{\"field\":\"properties.delivery\",\"operator\":\"=\",\"value\":\"slow\","
                         "\"who\":\"with:properties.delivery = slow\",\"count\":30,\"share\":0.75,\"onward\":10,"
                         "\"onward_share\":0.25,\"ratio\":3,\"low\":1.70";
  if (!g_str_has_prefix(drivers, expected))
    g_error("%s", drivers);
  g_assert_nonnull(strstr(drivers, "\"high\":5.28"));
  g_assert_cmpuint(count_persons(fixture, "step:=visit&step:=order&who:=dropped:1,with:properties.delivery = slow"), ==, 30);
  g_assert_cmpuint(count_persons(fixture, "step:=visit&step:=order&who:=dropped:1,without:properties.delivery = slow"), ==, 10);
  g_assert_cmpuint(count_persons(fixture, "step:=visit&step:=order&who:=onward:1,with:properties.delivery = slow"), ==, 10);
  g_assert_cmpuint(count_persons(fixture, "step:=visit&step:=order&who:=reached:2,with:properties.coupon = no"), ==, 40);
  fixture_free(fixture);
}

/* Days 3 4 5 (ten and thirty) and 21 22 23 (thirty and ten): the threshold that parts them best is 21. */
static void numbers_are_parted_by_a_threshold(void) {
  Fixture *fixture = forty_and_forty(TRUE);
  g_autofree char *drivers = fixture_ask(fixture, "funnel", "step:=visit&step:=order&drivers:=1", "drivers");
  if (!strstr(drivers, "\"found\":1,\"list\":[{\"field\":\"properties.days\",\"operator\":\">=\",\"value\":\"21\","
                       "\"who\":\"with:properties.days >= 21\",\"count\":30,\"share\":0.75,\"onward\":10,"))
    g_error("%s", drivers);
  g_assert_cmpuint(count_persons(fixture, "step:=visit&step:=order&who:=dropped:1,with:properties.days >= 21"), ==, 30);
  fixture_free(fixture);
}

static void check_refused(Fixture *fixture, const char *options, const char *part) {
  g_autoptr(GError) error = NULL;
  g_assert_null(fixture_try(fixture, "funnel", options, &error));
  g_assert_nonnull(error);
  if (!strstr(error->message, part))
    g_error("\"%s\" lacks \"%s\"", error->message, part);
}

static void what_does_not_fit_is_refused(void) {
  Fixture *fixture = shop();
  check_refused(fixture, "", "funnel needs --step");
  check_refused(fixture, "step:=a&stpe:=b", "no option --stpe");
  check_refused(fixture, "step:=visit&step:=channel =", "--step 2: ");
  check_refused(fixture, "step:=count(visit) >= 3", "--step 1: ");
  check_refused(fixture, "step:=visit&window:=7x", "--window: ");
  check_refused(fixture, "step:=visit&mode:=loose", "--mode must be one of ordered|strict|any");
  check_refused(fixture, "step:=visit&who:=reached:2", "--who must be reached:K");
  check_refused(fixture, "step:=visit&step:=order&who:=dropped:2", "--who must be reached:K");
  check_refused(fixture, "step:=visit&step:=order&who:=dropped:1,between:x", "--who must be reached:K");
  check_refused(fixture, "step:=visit&step:=order&who:=dropped:1,with:channel =", "--who: ");
  check_refused(fixture, "step:=visit&next:=1", "--next needs a funnel of two steps");
  check_refused(fixture, "step:=visit&step:=order&drivers:=2", "drivers");
  check_refused(fixture, "step:=visit&by:=chanel", "--by: ");
  check_refused(fixture, "step:=visit&exclude:=(", "--exclude: ");
  fixture_free(fixture);
}

static void the_envelope_says_what_was_counted(void) {
  Fixture *fixture = shop();
  g_autofree char *text = fixture_ask(fixture, "funnel", "step:=visit", "report");
  g_assert_true(g_str_has_prefix(text, "\"report\":\"funnel\",\"now\":\"2025-01-01T00:00:09.000Z\",\"through\":"));
  /* 8 events, 7 of somebody, 7 touches that all have a channel */
  g_assert_nonnull(strstr(text, "\"coverage\":{\"identified\":0.875,\"consented\":1,\"attributable\":0.875},\"finding\":{\"id\":"));
  g_autofree char *part = fixture_ask(fixture, "funnel", "step:=visit&from:=5&where:=not (event = visit)", "coverage");
  g_assert_true(g_str_has_prefix(part, "\"coverage\":{\"identified\":1,\"consented\":1,\"attributable\":0.5}"));
  fixture_free(fixture);
}

static void tables_and_csv(void) {
  Fixture *fixture = shop();
  g_autofree char *table = fixture_try(fixture, "funnel", "step:=visit&step:=order&format:=table", NULL);
  g_assert_nonnull(strstr(table, "Funnel of persons, ordered, no window\n"
                                 "step  name   reached   share  from previous  dropped  median time\n"
                                 "   1  visit        3  100.0%                       1\n"));
  g_autofree char *csv = fixture_try(fixture, "funnel", "step:=visit&step:=order&format:=csv", NULL);
  g_assert_cmpstr(csv, ==,
                  "step,name,reached,share,from previous,dropped,median_ms\r\n"
                  "1,visit,3,1,,1,\r\n2,order,2,0.6666666666666666,0.6666666666666666,0,1000\r\n");
  fixture_free(fixture);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/funnel/by hand", a_funnel_by_hand);
  g_test_add_func("/funnel/range, where, among and now", range_where_among_and_now);
  g_test_add_func("/funnel/exclusions see all events", exclusions_see_all_events);
  g_test_add_func("/funnel/events of nobody count nowhere", flagged_traffic_and_nobody_count_nowhere);
  g_test_add_func("/funnel/groups follow the first event or the person", groups_follow_the_first_event_or_the_person);
  g_test_add_func("/funnel/a figure lists its persons", a_figure_lists_its_persons);
  g_test_add_func("/funnel/where those go next who stop", where_those_go_next_who_stop);
  g_test_add_func("/funnel/what is more frequent among those who stop", what_is_more_frequent_among_those_who_stop);
  g_test_add_func("/funnel/numbers are parted by a threshold", numbers_are_parted_by_a_threshold);
  g_test_add_func("/funnel/visits and journeys are units", visits_and_journeys_are_units);
  g_test_add_func("/funnel/what does not fit is refused", what_does_not_fit_is_refused);
  g_test_add_func("/funnel/the envelope says what was counted", the_envelope_says_what_was_counted);
  g_test_add_func("/funnel/tables and CSV", tables_and_csv);
  return g_test_run();
}
