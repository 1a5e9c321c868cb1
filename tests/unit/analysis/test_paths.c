// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

/* A person a text: each event its first letter's name at the next second, "abbc" is four events; a capital
 * letter is no touch. */
static void add_person(Fixture *fixture, const char *user, const char *events) {
  for (guint i = 0; events[i]; i++) {
    char name[2] = {g_ascii_tolower(events[i]), 0};
    fixture_add(fixture, (Row){user, NULL, i * (i + 1) / 2, name, .no_touch = g_ascii_isupper(events[i])});
  }
}

static void check_part(Fixture *fixture, const char *options, const char *key, const char *expected) {
  g_autofree char *text = fixture_ask(fixture, "paths", options, key);
  if (!g_str_has_prefix(text, expected))
    g_error("expected %s\nfound    %.*s", expected, (int)strlen(expected) + 200, text);
}

/* Times of events: 0, 1, 3, 6 s: gaps of 1, 2, 3 s. */
static Fixture *three(void) {
  Fixture *fixture = fixture_new();
  add_person(fixture, "ann", "abbc");
  add_person(fixture, "bob", "abc");
  add_person(fixture, "cleo", "abXbc");
  add_person(fixture, "dan", "X");
  fixture_ready(fixture);
  return fixture;
}

static void paths_by_hand(void) {
  Fixture *fixture = three();
  check_part(fixture, "", "unit",
             "\"unit\":\"persons\",\"key\":\"event\",\"collapse\":false,\"total\":3,\"variants_total\":2,"
             "\"variants\":[{\"path\":[\"a\",\"b\",\"b\",\"c\"],\"count\":2,\"share\":0.6666666666666666},"
             "{\"path\":[\"a\",\"b\",\"c\"],\"count\":1,\"share\":0.3333333333333333}],"
             /* a>b: 1 1 1; b>c: 3, 2, 4; b>b: 2 and 5 */
             "\"transitions_total\":3,\"transitions\":["
             "{\"from\":\"a\",\"to\":\"b\",\"count\":3,\"persons\":3,\"median_ms\":1000},"
             "{\"from\":\"b\",\"to\":\"c\",\"count\":3,\"persons\":3,\"median_ms\":3000},"
             "{\"from\":\"b\",\"to\":\"b\",\"count\":2,\"persons\":2,\"median_ms\":3500}],"
             "\"starts_total\":1,\"starts\":[{\"key\":\"a\",\"count\":3}],"
             "\"ends_total\":1,\"ends\":[{\"key\":\"c\",\"count\":3}]}");
  fixture_free(fixture);
}

static void collapse_joins_equal_neighbours(void) {
  Fixture *fixture = three();
  check_part(fixture, "collapse:=1", "variants_total",
             "\"variants_total\":1,\"variants\":[{\"path\":[\"a\",\"b\",\"c\"],\"count\":3,");
  check_part(fixture, "collapse:=1", "transitions_total",
             "\"transitions_total\":2,\"transitions\":["
             "{\"from\":\"a\",\"to\":\"b\",\"count\":3,\"persons\":3,\"median_ms\":1000},"
             "{\"from\":\"b\",\"to\":\"c\",\"count\":3,\"persons\":3,\"median_ms\":3000}]");
  fixture_free(fixture);
}

static void where_and_range_choose_touches_and_units(void) {
  Fixture *fixture = fixture_new();
  add_person(fixture, "ann", "abab");
  fixture_add(fixture, (Row){"bob", NULL, 5, "b"});
  fixture_add(fixture, (Row){"bob", NULL, 9, "a"});
  fixture_ready(fixture);
  check_part(fixture, "where:=event = b", "total", "\"total\":2,\"variants_total\":2,\"variants\":[{\"path\":[\"b\"],\"count\":1,");
  check_part(fixture, "from:=1", "total", "\"total\":1,\"variants_total\":1,\"variants\":[{\"path\":[\"b\",\"a\"],");
  check_part(fixture, "to:=1", "total", "\"total\":1,\"variants_total\":1,\"variants\":[{\"path\":[\"a\",\"b\",\"a\",\"b\"],");
  check_part(fixture, "now:=2", "total", "\"total\":1,\"variants_total\":1,\"variants\":[{\"path\":[\"a\",\"b\"],");
  check_part(fixture, "among:=count(a) >= 2", "total", "\"total\":1,");
  fixture_free(fixture);
}

static void anchors_cut_paths(void) {
  Fixture *fixture = fixture_new();
  add_person(fixture, "ann", "abcbd");
  add_person(fixture, "bob", "ad");
  fixture_ready(fixture);
  check_part(fixture, "after:=b", "total", "\"total\":1,\"variants_total\":1,\"variants\":[{\"path\":[\"b\",\"c\",\"b\",\"d\"],");
  check_part(fixture, "before:=b", "total", "\"total\":1,\"variants_total\":1,\"variants\":[{\"path\":[\"a\",\"b\",\"c\",\"b\"],");
  check_part(fixture, "after:=c&before:=b", "total", "\"total\":1,\"variants_total\":1,\"variants\":[{\"path\":[\"c\",\"b\"],");
  check_part(fixture, "after:=d&before:=b", "total", "\"total\":0,\"variants_total\":0,\"variants\":[],");
  fixture_free(fixture);
}

static void units_and_persons_differ(void) {
  Fixture *fixture = fixture_new();
  const guint days[] = {0, 0, 2, 2, 40};
  for (guint i = 0; i < G_N_ELEMENTS(days); i++)
    fixture_add(fixture, (Row){"ann", "device-a", days[i] * 86400 + i, i % 2 ? "b" : "a", .web = TRUE});
  fixture_add(fixture, (Row){"bob", NULL, 7, "b"});
  fixture_ready(fixture);
  check_part(fixture, "unit:=visits", "total",
             "\"total\":3,\"variants_total\":2,\"variants\":[{\"path\":[\"a\",\"b\"],\"count\":2,");
  check_part(fixture, "unit:=visits", "transitions",
             "\"transitions\":[{\"from\":\"a\",\"to\":\"b\",\"count\":2,\"persons\":1,\"median_ms\":1000}]");
  check_part(fixture, "unit:=journeys", "total", "\"total\":3,\"variants_total\":3,");
  fixture_free(fixture);
}

static void keys_may_be_any_field(void) {
  Fixture *fixture = fixture_new();
  fixture_add(fixture, (Row){"ann", NULL, 1, "a", "email", .key = "properties.plan", .value = "free"});
  fixture_add(fixture, (Row){"ann", NULL, 2, "a", "ads"});
  fixture_ready(fixture);
  check_part(fixture, "key:=channel", "variants", "\"variants\":[{\"path\":[\"email\",\"ads\"],");
  check_part(fixture, "key:=properties.plan", "variants", "\"variants\":[{\"path\":[\"free\",\"(none)\"],");
  fixture_free(fixture);
}

/* Rows of equal count stand in the order of their keys, wherever the limit cuts. */
static void limits_cut_in_a_fixed_order(void) {
  Fixture *fixture = fixture_new();
  for (guint i = 0; i < 1100; i++) { /* 000 to 999, then every tenth once more */
    char user[16], digits[8];
    g_snprintf(user, sizeof user, "u%u", i);
    g_snprintf(digits, sizeof digits, "%03u", i < 1000 ? i : (i - 1000) * 10);
    add_person(fixture, user, digits);
  }
  fixture_ready(fixture);
  for (guint threads = 1; threads <= 2; threads++) {
    g_autofree char *few = g_strdup_printf("limit:=3&threads:=%u", threads),
                    *more = g_strdup_printf("limit:=102&threads:=%u", threads);
    check_part(fixture, few, "total",
               "\"total\":1100,\"variants_total\":1000,\"variants\":[{\"path\":[\"0\",\"0\",\"0\"],\"count\":2,");
    g_autofree char *text = fixture_ask(fixture, "paths", more, "variants");
    g_assert_nonnull(
        strstr(text, "{\"path\":[\"9\",\"9\",\"0\"],\"count\":2,\"share\":0.0018181818181818182},"
                     "{\"path\":[\"0\",\"0\",\"1\"],\"count\":1,\"share\":0.0009090909090909091},"
                     "{\"path\":[\"0\",\"0\",\"2\"],\"count\":1,\"share\":0.0009090909090909091}],\"transitions_total\":100,"));
  }
  fixture_free(fixture);
}

static void tables_show_ten_rows_and_say_so(void) {
  Fixture *fixture = fixture_new();
  for (guint i = 0; i < 26; i++)
    fixture_add(fixture, (Row){(char[]){'u', (char)('a' + i), 0}, NULL, i, (char[]){(char)('a' + i), 0}});
  fixture_ready(fixture);
  g_autofree char *table = fixture_try(fixture, "paths", "format:=table", NULL),
                  *all = fixture_try(fixture, "paths", "format:=table&limit:=26", NULL);
  g_assert_nonnull(strstr(table, "10 of 26 shown; --limit shows more."));
  g_assert_null(strstr(all, "shown; --limit"));
  g_autofree char *csv = fixture_try(fixture, "paths", "format:=csv", NULL);
  g_assert_true(g_str_has_prefix(csv, "path,count,share\r\na,1,0.038461538461538464\r\n"));
  g_assert_nonnull(strstr(csv, "\r\nz,1,0.038461538461538464\r\n\r\nfrom,to,count,persons,median_ms\r\n\r\nevent,count,share\r\n"));
  fixture_free(fixture);
}

/* More keys than the square of pairs takes: the hash table answers the same. */
static void many_keys_are_hashed(void) {
  Fixture *fixture = fixture_new();
  for (guint i = 0; i < 3000; i++) {
    char name[16];
    g_snprintf(name, sizeof name, "k%u", i % 1500);
    fixture_add(fixture, (Row){"ann", NULL, i, name});
  }
  fixture_ready(fixture);
  check_part(
      fixture, "limit:=1", "transitions_total",
      "\"transitions_total\":1500,\"transitions\":[{\"from\":\"k0\",\"to\":\"k1\",\"count\":2,\"persons\":1,\"median_ms\":1000}]");
  g_autofree char *all = fixture_ask(fixture, "paths", "limit:=1500", "transitions");
  g_assert_nonnull(strstr(all, "{\"from\":\"k1499\",\"to\":\"k0\",\"count\":1,\"persons\":1,\"median_ms\":1000}]"));
  fixture_free(fixture);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/paths/by hand", paths_by_hand);
  g_test_add_func("/paths/collapse joins equal neighbours", collapse_joins_equal_neighbours);
  g_test_add_func("/paths/where and range choose touches and units", where_and_range_choose_touches_and_units);
  g_test_add_func("/paths/anchors cut paths", anchors_cut_paths);
  g_test_add_func("/paths/units and persons differ", units_and_persons_differ);
  g_test_add_func("/paths/keys may be any field", keys_may_be_any_field);
  g_test_add_func("/paths/limits cut in a fixed order", limits_cut_in_a_fixed_order);
  g_test_add_func("/paths/tables show ten rows and say so", tables_show_ten_rows_and_say_so);
  g_test_add_func("/paths/many keys are hashed", many_keys_are_hashed);
  return g_test_run();
}
