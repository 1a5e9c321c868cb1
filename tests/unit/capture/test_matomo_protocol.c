/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

typedef struct {
  Desk desk;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
  desk_open(&f->desk, "timezone: Europe/Berlin\n");
}
static void tear_down(Fixture *f, gconstpointer unused) {
  desk_close(&f->desk);
}

static const char *hit(Fixture *f, const char *query) {
  g_autofree char *address = g_strconcat("/matomo.php?idsite=k&rec=1&", query, NULL);
  desk_clear(&f->desk);
  g_assert_true(desk_send(&f->desk, &matomo_protocol, "GET", address, NULL));
  g_assert_no_error(f->desk.error);
  return f->desk.submission.lines->len ? desk_line(&f->desk, 0) : "";
}

#define ASSERT_HIT(query, line) g_assert_cmpstr(hit(f, query), ==, line)
#define AT_NOON "2025-12-24T12:00:00.000Z"

static void test_page(Fixture *f, gconstpointer unused) {
  ASSERT_HIT("url=https%3A%2F%2Fa.de%2Fx&urlref=https%3A%2F%2Fwww.google.com%2F&action_name=Caf%C3%A9+am+See&_id=0123456789abcdef&"
             "uid=anna",
             "Page Viewed|page|" AT_NOON "|organic_search|- |user=anna anonymous=0123456789abcdef|"
             "context.page={\"url\":\"https://a.de/x\",\"referrer\":\"https://www.google.com/\",\"title\":\"Caf\xc3\xa9 am See\"} "
             "properties.referrer=https://www.google.com/ properties.title=Caf\xc3\xa9 am See properties.url=https://a.de/x");
  g_assert_cmpstr(f->desk.reply.content_type, ==, "image/gif");
  hit(f, "url=https%3A%2F%2Fa.de%2Fx&send_image=0");
  g_assert_cmpuint(f->desk.reply.status, ==, 204);
  g_assert_null(f->desk.reply.body);
}

static void test_campaign(Fixture *f, gconstpointer unused) {
  const char *line = hit(
      f, "_id=0123456789abcdef&url=https%3A%2F%2Fa.de%2F%3Fmtm_campaign%3Dspring%26mtm_medium%3Demail%26pk_source%3Dnews%23top");
  g_assert_nonnull(strstr(line, "|email|"));
  g_assert_nonnull(strstr(line, " campaign=spring ") ? line : strstr(line, "|campaign=spring "));
  g_assert_nonnull(strstr(line, "medium=email"));
  g_assert_nonnull(strstr(line, "source=news"));
}

static void test_order(Fixture *f, gconstpointer unused) {
  ASSERT_HIT(
      "idgoal=0&ec_id=A-1&revenue=59.80&ec_tx=9.55&ec_sh=4.9&uid=anna"
      "&ec_items=%5B%5B%22S1%22%2C%22Shoe%22%2C%5B%22Sport%22%2C%22Run%22%5D%2C27.45%2C2%5D%5D",
      "Order Completed|track|" AT_NOON "|direct|59.8 |user=anna|order=A-1 properties.order_id=A-1 "
      "properties.products=[{\"product_id\":\"S1\",\"name\":\"Shoe\",\"category\":\"Sport\",\"price\":27.45,\"quantity\":2}] "
      "properties.shipping=4.9 properties.tax=9.55 properties.total=59.8");
  g_assert_true(g_str_has_prefix(hit(f, "idgoal=0&revenue=5&ec_items=%5B%5B%22S1%22%5D%5D&_id=1"), "Product Added|track|"));
  g_assert_true(g_str_has_prefix(hit(f, "idgoal=0&revenue=0&ec_items=%5B%5D&_id=1"), "Product Removed|track|"));
}

static void test_acts(Fixture *f, gconstpointer unused) {
  ASSERT_HIT("idgoal=3&revenue=12.5&cid=0123456789abcdef&_id=other",
             "Goal Reached|track|" AT_NOON "|direct|12.5 |anonymous=0123456789abcdef|properties.goal=3 "
             "properties.revenue=12.5");
  ASSERT_HIT("e_c=Account&e_a=sign_up&e_n=header&uid=anna",
             "Signed Up|track|" AT_NOON "|direct|- |user=anna|properties.category=Account properties.label=header");
  ASSERT_HIT("search=shoes&search_cat=all&search_count=7&uid=anna",
             "Products Searched|track|" AT_NOON "|direct|- |user=anna|properties.category=all "
             "properties.query=shoes properties.results=7");
  ASSERT_HIT("download=https%3A%2F%2Fa.de%2Fa.pdf&url=https%3A%2F%2Fa.de%2Fa.pdf&uid=anna",
             "File Downloaded|track|" AT_NOON "|direct|- |user=anna|context.page={\"url\":\"https://a.de/a.pdf\"} "
             "properties.url=https://a.de/a.pdf");
  g_assert_true(g_str_has_prefix(hit(f, "link=https%3A%2F%2Fb.de&uid=anna"), "Link Clicked|track|"));
  g_assert_true(g_str_has_prefix(hit(f, "c_n=Sale&c_p=a.png&uid=anna"), "Promotion Viewed|track|"));
  g_assert_true(g_str_has_prefix(hit(f, "c_n=Sale&c_i=click&uid=anna"), "Promotion Clicked|track|"));
  ASSERT_HIT("ping=1&url=https%3A%2F%2Fa.de", "");
  hit(f, "url=https%3A%2F%2Fa.de&_pks=S1&_pkn=Shoe&_pkp=27.45&_id=1");
  g_assert_cmpuint(f->desk.submission.lines->len, ==, 2);
  g_assert_true(g_str_has_prefix(desk_line(&f->desk, 1), "Product Viewed|track|"));
}

static void test_times(Fixture *f, gconstpointer unused) {
  g_assert_true(g_str_has_prefix(hit(f, "e_c=a&e_a=A&uid=u&cdt=2025-12-20+08%3A00%3A00"), "A|track|2025-12-20T08:00:00.000Z|"));
  g_assert_true(g_str_has_prefix(hit(f, "e_c=a&e_a=A&uid=u&cdt=1766217600"), "A|track|2025-12-20T08:00:00.000Z|"));
}

static void test_form(Fixture *f, gconstpointer unused) {
  desk_clear(&f->desk);
  g_assert_true(desk_send(&f->desk, &matomo_protocol, "POST", "/piwik.php?idsite=k", "rec=1&e_c=a&e_a=A&uid=u"));
  g_assert_true(g_str_has_prefix(desk_line(&f->desk, 0), "A|track|"));
  desk_clear(&f->desk);
  g_assert_false(desk_send(&f->desk, &matomo_protocol, "GET", "/matomo.php?idsite=k", NULL));
  g_assert_error(f->desk.error, ETAPPE_ERROR, ERROR_INVALID);
}

static void test_bulk(Fixture *f, gconstpointer unused) {
  static const char body[] = "{\"requests\":[\"?idsite=k&rec=1&e_c=a&e_a=A&uid=u\",\"/matomo.php?idsite=k&rec=1\","
                             "{\"idsite\":\"k\",\"e_c\":\"a\",\"e_a\":\"B\",\"uid\":5}],\"token_auth\":\"t\"}";
  desk_clear(&f->desk);
  g_assert_true(desk_send(&f->desk, &matomo_protocol, "POST", "/matomo.php", body));
  g_assert_cmpstr(f->desk.reply.body->str, ==, "{\"status\":\"success\",\"tracked\":2,\"invalid\":1,\"invalid_indices\":[1]}");
  g_assert_true(g_str_has_prefix(desk_line(&f->desk, 1), "B|track|" AT_NOON "|direct|- |user=5|"));
  g_autofree char *token = desk_key(&f->desk, &matomo_protocol, "POST", "/matomo.php", body);
  g_assert_cmpstr(token, ==, "t");
  g_autofree char *site = desk_key(&f->desk, &matomo_protocol, "POST", "/matomo.php", "{\"requests\":[\"?idsite=7&rec=1\"]}");
  g_assert_cmpstr(site, ==, "7");
  g_autofree char *none = desk_key(&f->desk, &matomo_protocol, "POST", "/matomo.php", "{\"requests\":[]}");
  g_assert_null(none);
  g_autofree char *get = desk_key(&f->desk, &matomo_protocol, "GET", "/matomo.php?idsite=9", NULL);
  g_assert_cmpstr(get, ==, "9");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/matomo_protocol/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("a page is seen by a visitor who is a user", test_page);
  ADD("Matomo's own campaign parameters count", test_campaign);
  ADD("orders and carts have value and products", test_order);
  ADD("goals, events, searches, links, contents are acts", test_acts);
  ADD("a stated time is UTC", test_times);
  ADD("a form says the same as an address", test_form);
  ADD("a bulk request tells which hits were invalid", test_bulk);
  return g_test_run();
}
