/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

typedef struct {
  Desk desk;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
  desk_open(&f->desk, "");
}
static void tear_down(Fixture *f, gconstpointer unused) {
  desk_close(&f->desk);
}

static void collect(Fixture *f, const char *body) {
  desk_clear(&f->desk);
  gboolean taken = desk_send(&f->desk, &ga4_protocol, "POST", "/mp/collect?measurement_id=G-1&api_secret=s", body);
  g_assert_no_error(f->desk.error);
  g_assert_true(taken);
  g_assert_cmpuint(f->desk.reply.status, ==, 204);
}

static const char *debug(Fixture *f, const char *body) {
  desk_clear(&f->desk);
  g_assert_true(desk_send(&f->desk, &ga4_debug_protocol, "POST", "/debug/mp/collect?api_secret=s", body));
  g_assert_cmpuint(f->desk.submission.lines->len, ==, 0);
  return f->desk.reply.body->str;
}

#define AT_NOON "2025-12-24T12:00:00.000Z"

static void test_purchase(Fixture *f, gconstpointer unused) {
  collect(
      f, "{\"client_id\":\"d.1\",\"user_id\":\"anna\",\"timestamp_micros\":\"1766217600000000\",\"events\":[{\"name\":\"purchase\","
         "\"params\":{\"transaction_id\":\"A-1\",\"value\":59.8,\"currency\":\"EUR\",\"session_id\":\"7\","
         "\"items\":[{\"item_id\":\"S1\",\"item_name\":\"Shoe\",\"price\":27.45,\"quantity\":2}]}}]}");
  g_assert_cmpstr(desk_line(&f->desk, 0), ==,
                  "Order Completed|track|2025-12-20T08:00:00.000Z|direct|59.8 EUR|user=anna anonymous=d.1|"
                  "order=A-1 properties.currency=EUR properties.order_id=A-1 "
                  "properties.products=[{\"product_id\":\"S1\",\"name\":\"Shoe\",\"price\":27.45,\"quantity\":2}] "
                  "properties.session_id=7 properties.value=59.8");
}

static void test_page(Fixture *f, gconstpointer unused) {
  collect(f, "{\"client_id\":\"d.1\",\"consent\":{\"ad_user_data\":\"GRANTED\",\"ad_personalization\":\"DENIED\"},"
             "\"user_properties\":{\"plan\":{\"value\":\"gold\"}},\"events\":[{\"name\":\"page_view\",\"params\":{"
             "\"page_location\":\"https://a.de/?utm_source=n&utm_medium=email\",\"page_referrer\":\"https://www.google.com/\"}},"
             "{\"name\":\"user_engagement\"},{\"name\":\"campaign_details\",\"params\":{\"source\":\"n\",\"medium\":\"cpc\"}}]}");
  g_assert_cmpuint(f->desk.submission.lines->len, ==, 2);
  const char *line = desk_line(&f->desk, 0);
  g_assert_true(g_str_has_prefix(line, "Page Viewed|page|" AT_NOON "|email|- |anonymous=d.1|"));
  g_assert_nonnull(strstr(line, "consent.personalise=false"));
  g_assert_nonnull(strstr(line, "consent.profile=true"));
  g_assert_nonnull(strstr(line, "traits.plan=gold"));
  g_assert_true(g_str_has_prefix(desk_line(&f->desk, 1), "campaign_details|track|" AT_NOON "|paid_other|"));
}

static void test_address(Fixture *f, gconstpointer unused) {
  collect(f,
          "{\"client_id\":\"d.1\",\"user_data\":{\"sha256_email_address\":[\"b4c9a289323b21a01c3e940f150eb9b8c542587f1abfd8f0e1cc1"
          "ffc5e475514\"]},\"events\":[{\"name\":\"login\"}]}");
  g_assert_true(g_str_has_prefix(desk_line(&f->desk, 0), "Signed In|track|" AT_NOON "|direct|- |anonymous=d.1 email="));
}

static void test_refused(Fixture *f, gconstpointer unused) {
  static const char *const bodies[] = {"", "{", "{}", "{\"events\":{}}", "{\"client_id\":\"d\",\"events\":[{}]}"};
  for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
    desk_clear(&f->desk);
    g_assert_false(desk_send(&f->desk, &ga4_protocol, "POST", "/mp/collect", bodies[i]));
    g_assert_error(f->desk.error, ETAPPE_ERROR, ERROR_INVALID);
  }
}

static void test_debug(Fixture *f, gconstpointer unused) {
  g_assert_cmpstr(
      debug(f, "{\"client_id\":\"d\",\"events\":[{\"name\":\"purchase\",\"params\":{\"value\":1,\"currency\":\"EUR\"}}]}"), ==,
      "{\"validationMessages\":[]}");
  g_assert_cmpstr(debug(f, "{\"client_id\":\"d\",\"events\":[{\"name\":\"_badEventName\",\"params\":{}}]}"), ==,
                  "{\"validationMessages\":[{\"fieldPath\":\"events\",\"description\":\"Event at index: [0] has invalid name "
                  "[_badEventName]. Names must start with an alphabetic character.\",\"validationCode\":\"NAME_INVALID\"}]}");
  g_assert_nonnull(strstr(debug(f, "{\"events\":[{\"name\":\"a\"}]}"), "VALUE_REQUIRED"));
  g_assert_nonnull(strstr(debug(f, "{\"client_id\":\"d\",\"events\":[]}"), "VALUE_REQUIRED"));
  g_assert_nonnull(strstr(debug(f, "{\"client_id\":\"d\",\"events\":[{\"name\":\"first_visit\"}]}"), "NAME_RESERVED"));
  g_assert_nonnull(
      strstr(debug(f, "{\"client_id\":\"d\",\"events\":[{\"name\":\"a\",\"params\":{\"value\":1}}]}"), "VALUE_REQUIRED"));
  g_assert_nonnull(strstr(debug(f, "no"), "VALUE_INVALID"));
  g_assert_nonnull(strstr(debug(f, "{\"client_id\":\"d\",\"timestamp_micros\":1893456000000000,\"events\":[{\"name\":\"a\"}]}"),
                          "VALUE_OUT_OF_BOUNDS"));
}

static void test_web(Fixture *f, gconstpointer unused) {
  desk_clear(&f->desk);
  g_assert_true(
      desk_send(&f->desk, &ga4_web_protocol, "POST",
                "/g/collect?v=2&tid=G-ABC123&cid=11.22&uid=anna&dl=https%3A%2F%2Fa.de%2F%3Futm_medium%3Demail&dt=Start&gcs=G101"
                "&sid=7&up.plan=gold",
                "en=page_view&_et=5\r\nen=purchase&ep.transaction_id=A-1&epn.value=59.8&cu=EUR&pr1=idS1~nmShoe~pr27.45~qt2\n"
                "en=user_engagement\n"));
  g_assert_cmpuint(f->desk.reply.status, ==, 204);
  g_assert_cmpuint(f->desk.submission.lines->len, ==, 2);
  g_assert_true(g_str_has_prefix(desk_line(&f->desk, 0),
                                 "Page Viewed|page|" AT_NOON "|email|- |user=anna anonymous=11.22|consent.measure=true"));
  g_assert_true(
      g_str_has_prefix(desk_line(&f->desk, 1), "Order Completed|track|" AT_NOON "|email|59.8 EUR|user=anna anonymous=11.22|"));
  g_assert_nonnull(strstr(desk_line(&f->desk, 1),
                          "properties.products=[{\"product_id\":\"S1\",\"name\":\"Shoe\",\"price\":27.45,\"quantity\":2}]"));
  desk_clear(&f->desk);
  g_assert_true(desk_send(&f->desk, &ga4_web_protocol, "GET", "/g/collect?v=2&tid=G-1&cid=d&en=login&ep.method=x", NULL));
  g_assert_true(g_str_has_prefix(desk_line(&f->desk, 0), "Signed In|track|"));
  desk_clear(&f->desk);
  g_assert_false(desk_send(&f->desk, &ga4_web_protocol, "GET", "/g/collect?v=2&tid=G-1&cid=d", NULL));
}

static void test_keys(Fixture *f, gconstpointer unused) {
  g_autofree char *secret = desk_key(&f->desk, &ga4_protocol, "POST", "/mp/collect?measurement_id=G-1&api_secret=s", "");
  g_assert_cmpstr(secret, ==, "s");
  desk_clear(&f->desk);
  g_autofree char *open = desk_key(&f->desk, &ga4_protocol, "POST", "/mp/collect?measurement_id=G-1", "");
  g_assert_cmpstr(open, ==, "G-1");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/ga4_protocol/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("a purchase is an order with value and products", test_purchase);
  ADD("a page view has a channel, consent and traits", test_page);
  ADD("a page's tag says the same in short", test_web);
  ADD("a hashed address is an identifier", test_address);
  ADD("what is no list of events is refused", test_refused);
  ADD("the validation server says what is wrong and stores nothing", test_debug);
  ADD("the key is the secret, else the measurement id", test_keys);
  return g_test_run();
}
