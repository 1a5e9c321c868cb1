// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

enum { DAY = 86400 };

static Fixture *sample(void) {
  Fixture *fixture = fixture_new();
  const Row rows[] = {
      {"ann", NULL, 0, "visit", "email"},
      {"ann", NULL, 20 * DAY, "mail sent", "email", .company = TRUE},
      {"ann", NULL, 40 * DAY, "visit", "ads"}, /* 40 days after the last customer's touch: a second journey */
      {"bob", NULL, 1 * DAY, "visit", "ads"},
      {"bob", NULL, 25 * DAY, "visit", "ads"}, /* 24 days: the same one */
      {"cleo", NULL, 2 * DAY, "mail sent", "email", .company = TRUE},
      {NULL, NULL, 3 * DAY, "visit", NULL, "web"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
    fixture_add(fixture, rows[i]);
  fixture_ready(fixture);
  return fixture;
}

static void check_part(Fixture *fixture, const char *options, const char *key, const char *expected) {
  g_autofree char *text = fixture_ask(fixture, "overview", options, key);
  if (!g_str_has_prefix(text, expected))
    g_error("expected %s\nfound    %.*s", expected, (int)strlen(expected) + 200, text);
}

static void an_overview_by_hand(void) {
  Fixture *fixture = sample();
  check_part(fixture, "", "events", "\"events\":7,\"persons\":3,\"journeys\":3,\"goals\":[");
  check_part(fixture, "", "from",
             "\"from\":\"2025-01-01T00:00:00.000Z\",\"to\":\"2025-02-10T00:00:00.000Z\",\"excluded\":{\"bots\":0,\"internal\":0,"
             "\"flagged\":0},\"unidentified\":1,\"visitor_days\":0,"
             "\"sources_total\":2,\"sources\":[{\"source\":\"file\",\"events\":6},{\"source\":\"web\",\"events\":1}],"
             "\"channels_total\":3,\"channels\":[{\"channel\":\"ads\",\"events\":3},{\"channel\":\"email\",\"events\":3},"
             "{\"channel\":\"unassigned\",\"events\":1}],"
             "\"event_names_total\":2,\"event_names\":[{\"event\":\"visit\",\"events\":5},{\"event\":\"mail sent\",\"events\":2}],"
             "\"period\":\"day\",\"periods\":[{\"start\":\"2025-01-01\",\"events\":1},{\"start\":\"2025-01-02\",\"events\":1},");
  fixture_free(fixture);
}

static void range_and_where_narrow_it(void) {
  Fixture *fixture = sample();
  check_part(fixture, "from:=86400&to:=259200", "events", "\"events\":2,\"persons\":2,\"journeys\":1,"); /* days 1 and 2 */
  check_part(fixture, "where:=channel = ads", "events", "\"events\":3,\"persons\":2,\"journeys\":2,");
  check_part(fixture, "now:=86400", "events", "\"events\":2,\"persons\":2,\"journeys\":2,");
  check_part(fixture, "among:=count(event = \"mail sent\") >= 1", "events", "\"events\":4,\"persons\":2,\"journeys\":2,");
  fixture_free(fixture);
}

static void an_empty_overview_is_none_the_less_whole(void) {
  Fixture *fixture = sample();
  check_part(fixture, "where:=event = nothing", "events", "\"events\":0,\"persons\":0,\"journeys\":0,");
  check_part(fixture, "where:=event = nothing", "from",
             "\"from\":null,\"to\":null,\"excluded\":{\"bots\":0,\"internal\":0,\"flagged\":0},\"unidentified\":0,\"visitor_days\":"
             "0,\"sources_total\":0,\"sources\":[],");
  fixture_free(fixture);
}

static void long_spans_are_counted_by_month_and_year(void) {
  Fixture *fixture = fixture_new();
  fixture_add(fixture, (Row){"ann", NULL, 30 * DAY + DAY - 1, "a"}); /* the last second of January */
  fixture_add(fixture, (Row){"ann", NULL, 31 * DAY, "a"});
  fixture_add(fixture, (Row){"ann", NULL, 200 * DAY, "a"});
  fixture_ready(fixture);
  check_part(fixture, "", "period",
             "\"period\":\"month\",\"periods\":[{\"start\":\"2025-01-01\",\"events\":1},{\"start\":\"2025-02-01\",\"events\":1},"
             "{\"start\":\"2025-03-01\",\"events\":0},");
  fixture_free(fixture);
  fixture = fixture_new();
  fixture_add(fixture, (Row){"ann", NULL, -20LL * 365 * DAY, "a"}); /* 2005-01-06 */
  fixture_add(fixture, (Row){"ann", NULL, 0, "a"});
  fixture_ready(fixture);
  check_part(fixture, "", "period",
             "\"period\":\"year\",\"periods\":[{\"start\":\"2005-01-01\",\"events\":1},{\"start\":\"2006-01-01\",\"events\":0},");
  fixture_free(fixture);
}

static void a_day_is_the_projects(void) {
  Fixture *fixture = fixture_new();
  fixture_add(fixture, (Row){"ann", NULL, 23 * 3600, "a"}); /* midnight in Berlin */
  fixture_add(fixture, (Row){"ann", NULL, 22 * 3600, "a"});
  fixture_ready(fixture);
  zone_free(fixture->zone);
  fixture->zone = zone_new("Europe/Berlin", NULL);
  check_part(fixture, "", "period",
             "\"period\":\"day\",\"periods\":[{\"start\":\"2025-01-01\",\"events\":1},{\"start\":\"2025-01-02\",\"events\":1}]");
  fixture_free(fixture);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/overview/by hand", an_overview_by_hand);
  g_test_add_func("/overview/range and where narrow it", range_and_where_narrow_it);
  g_test_add_func("/overview/an empty one is none the less whole", an_empty_overview_is_none_the_less_whole);
  g_test_add_func("/overview/long spans are counted by month and year", long_spans_are_counted_by_month_and_year);
  g_test_add_func("/overview/a day is the project's", a_day_is_the_projects);
  return g_test_run();
}
