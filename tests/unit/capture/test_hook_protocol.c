/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

static const char yaml[] = "hooks:\n"
                           "  - name: shop\n"
                           "    secret_env: ETAPPE_TEST_SECRET\n"
                           "    header: X-Hmac\n"
                           "    only: {status: [paid, closed]}\n"
                           "    fields:\n"
                           "      event: header.X-Topic\n"
                           "      id: id\n"
                           "      time: paid_at | created_at\n"
                           "      user: customer.id\n"
                           "      email: customer.email | email\n"
                           "      order: id\n"
                           "      value: total\n"
                           "      currency: currency\n"
                           "      properties.coupon: codes[0].code\n"
                           "      properties.paid: payments[].amount\n"
                           "      properties.first: payments[].kind\n"
                           "    set: {place: web}\n"
                           "    names: {orders/paid: Order Completed}\n"
                           "  - name: mail\n"
                           "    signature: token\n"
                           "    secret_env: ETAPPE_TEST_SECRET\n"
                           "    events: items\n"
                           "    timezone: Europe/Berlin\n"
                           "    fields: {event: kind, email: to, time: at, properties.list: body.list, agent: ua}\n"
                           "    names: {open: Email Opened, click: Email Link Clicked}\n"
                           "  - name: hexed\n"
                           "    secret_env: ETAPPE_TEST_SECRET\n"
                           "    header: X-Sum\n"
                           "    prefix: sha256=\n"
                           "    encoding: hex\n"
                           "    fields: {event: e, user: u}\n"
                           "  - name: open\n"
                           "    signature: none\n"
                           "    fields: {user: u}\n"
                           "    set: {event: Survey Answered}\n"
                           "coupons:\n"
                           "  - {code: LENA-*, channel: influencer, campaign: lena}\n";

#define AT_NOON "2025-12-24T12:00:00.000Z"

typedef struct {
  Desk desk;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
  desk_open(&f->desk, yaml);
  f->desk.source.kind = SOURCE_SERVER;
  f->desk.options.web = FALSE;
  f->desk.worker.machines = machines_new(f->desk.options.key);
}
static void tear_down(Fixture *f, gconstpointer unused) {
  machines_free(f->desk.worker.machines);
  desk_close(&f->desk);
}

/* The signature by GLib, as another program would make it. */
static char *hmac(const char *body, gboolean hex) {
  guint8 digest[32];
  gsize size = sizeof digest;
  g_autoptr(GHmac) sum = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)"secret", 6);
  g_hmac_update(sum, (const guchar *)body, (gssize)strlen(body));
  if (hex)
    return g_strdup(g_hmac_get_string(sum));
  g_hmac_get_digest(sum, digest, &size);
  return g_base64_encode(digest, size);
}

static gboolean post(Fixture *f, const char *address, const char *body) {
  return desk_send(&f->desk, &hook_protocol, "POST", address, body);
}

static const char order[] = "{\"id\":4711,\"created_at\":\"2025-12-20T08:00:00+01:00\",\"status\":\"paid\",\"total\":\"59.80\","
                            "\"currency\":\"EUR\",\"customer\":{\"id\":7,\"email\":\"\"},\"email\":\"Anna@Example.com\","
                            "\"codes\":[{\"code\":\"lena-10\"}],\"payments\":[{\"amount\":\"50.00\",\"kind\":\"card\"},"
                            "{\"amount\":9.8,\"kind\":\"cash\"}]}";

static void test_order(Fixture *f, gconstpointer unused) {
  g_autofree char *signature = hmac(order, FALSE);
  desk_set_header(&f->desk, "X-Hmac", signature);
  desk_set_header(&f->desk, "X-Topic", "orders/paid");
  g_assert_true(post(f, "/v1/hooks/shop", order));
  g_assert_cmpstr(f->desk.reply.body->str, ==, "{\"taken\":1,\"skipped\":0,\"refused\":0}");
  g_assert_true(
      g_str_has_prefix(desk_line(&f->desk, 1), "Coupon Redeemed|track|2025-12-20T06:59:59.999Z|influencer|- |user=7 email="));
  const char *line = desk_line(&f->desk, 0);
  g_assert_true(g_str_has_prefix(line, "Order Completed|track|2025-12-20T07:00:00.000Z|unassigned|59.8 EUR|user=7 email="));
  g_assert_nonnull(strstr(line, "|order=4711 place=web properties.coupon=lena-10 properties.first=card properties.paid=59.8"));
}

static void test_unwanted(Fixture *f, gconstpointer unused) {
  static const char body[] = "{\"id\":1,\"status\":\"pending\"}";
  g_autofree char *signature = hmac(body, FALSE), *again = hmac(order, FALSE);
  desk_set_header(&f->desk, "X-Hmac", signature);
  desk_set_header(&f->desk, "X-Topic", "orders/paid");
  g_assert_true(post(f, "/v1/hooks/shop", body));
  g_assert_cmpstr(f->desk.reply.body->str, ==, "{\"taken\":0,\"skipped\":1,\"refused\":0}");
  desk_clear(&f->desk);
  desk_set_header(&f->desk, "X-Hmac", again);
  desk_set_header(&f->desk, "X-Topic", "products/update");
  g_assert_true(post(f, "/v1/hooks/shop", order));
  g_assert_cmpstr(f->desk.reply.body->str, ==, "{\"taken\":0,\"skipped\":1,\"refused\":0}");
}

static void refused(Fixture *f, const char *address, const char *header, const char *value, const char *body, int code) {
  desk_clear(&f->desk);
  desk_set_header(&f->desk, "X-Topic", "orders/paid");
  if (header)
    desk_set_header(&f->desk, header, value);
  g_assert_false(post(f, address, body));
  g_assert_error(f->desk.error, ETAPPE_ERROR, code);
  g_assert_cmpuint(f->desk.submission.lines->len, ==, 0);
}

static void test_forged(Fixture *f, gconstpointer unused) {
  g_autofree char *good = hmac(order, FALSE), *other = hmac("{}", FALSE);
  g_autofree char *shorter = g_strndup(good, strlen(good) - 1);
  refused(f, "/v1/hooks/shop", NULL, NULL, order, ERROR_FORBIDDEN);
  refused(f, "/v1/hooks/shop", "X-Hmac", "", order, ERROR_FORBIDDEN);
  refused(f, "/v1/hooks/shop", "X-Hmac", other, order, ERROR_FORBIDDEN);
  refused(f, "/v1/hooks/shop", "X-Hmac", shorter, order, ERROR_FORBIDDEN);
  refused(f, "/v1/hooks/mail", "Authorization", "Bearer wrong", "{}", ERROR_FORBIDDEN);
  refused(f, "/v1/hooks/mail", "Authorization", "secret", "{}", ERROR_FORBIDDEN);
  refused(f, "/v1/hooks/none", NULL, NULL, "{}", ERROR_NOT_FOUND);
  g_unsetenv("ETAPPE_TEST_SECRET");
  g_autofree char *empty = hmac(order, FALSE);
  refused(f, "/v1/hooks/shop", "X-Hmac", empty, order, ERROR_FORBIDDEN);
  g_setenv("ETAPPE_TEST_SECRET", "secret", TRUE);
}

static void test_list(Fixture *f, gconstpointer unused) {
  static const char body[] = "{\"list\":\"spring\",\"items\":["
                             "{\"kind\":\"open\",\"to\":\"a@example.com\",\"at\":\"2025-07-01 10:00:00\",\"ua\":\"Mozilla/5.0\"},"
                             "{\"kind\":\"click\",\"to\":\"a@example.com\",\"at\":1751360400},"
                             "{\"kind\":\"bounce\",\"to\":\"a@example.com\"},{\"kind\":\"open\",\"at\":\"yesterday\"}]}";
  desk_set_header(&f->desk, "Authorization", "Bearer secret");
  g_assert_true(post(f, "/v1/hooks/mail", body));
  g_assert_cmpstr(f->desk.reply.body->str, ==, "{\"taken\":2,\"skipped\":1,\"refused\":1}");
  g_assert_true(g_str_has_prefix(desk_line(&f->desk, 0), "Email Opened|track|2025-07-01T08:00:00.000Z|"));
  g_assert_nonnull(strstr(desk_line(&f->desk, 0), "excluded=prefetch properties.list=spring"));
  g_assert_true(g_str_has_prefix(desk_line(&f->desk, 1), "Email Link Clicked|track|2025-07-01T09:00:00.000Z|"));
  desk_clear(&f->desk);
  g_assert_true(post(f, "/v1/hooks/mail?token=secret", "{\"items\":[]}"));
}

static void test_hex(Fixture *f, gconstpointer unused) {
  static const char body[] = "[{\"e\":\"purchase\",\"u\":\"anna\"},{\"e\":\"B\",\"u\":\"anna\"}]";
  g_autofree char *sum = hmac(body, TRUE), *upper = g_ascii_strup(sum, -1), *signature = g_strconcat("sha256=", upper, NULL);
  desk_set_header(&f->desk, "X-Sum", signature);
  g_assert_true(post(f, "/v1/hooks/hexed", body));
  g_assert_true(g_str_has_prefix(desk_line(&f->desk, 0), "Order Completed|track|" AT_NOON "|unassigned|- |user=anna|"));
  g_assert_cmpuint(f->desk.submission.lines->len, ==, 2);
}

static void test_form(Fixture *f, gconstpointer unused) {
  desk_set_header(&f->desk, "Content-Type", "application/x-www-form-urlencoded");
  g_assert_true(post(f, "/v1/hooks/open", "u=anna&x=1"));
  g_assert_cmpstr(desk_line(&f->desk, 0), ==, "Survey Answered|track|" AT_NOON "|unassigned|- |user=anna|");
}

static void assert_bad(const char *text, const char *word) {
  g_autoptr(GError) error = NULL;
  g_assert_null(project_parse(text, strlen(text), &error));
  if (!strstr(error->message, word))
    g_error("\"%s\" lacks \"%s\"", error->message, word);
}

static void test_project(Fixture *f, gconstpointer unused) {
  assert_bad("hooks:\n  - {name: a b, signature: none, set: {event: A}}\n", "letters, digits");
  assert_bad("hooks:\n  - {name: a, set: {event: A}}\n", "secret_env");
  assert_bad("hooks:\n  - {name: a, secret_env: S, set: {event: A}}\n", "header is missing");
  assert_bad("hooks:\n  - {name: a, signature: none}\n", "event is missing");
  assert_bad("hooks:\n  - {name: a, signature: md5, set: {event: A}}\n", "hmac-sha256, token, none");
  assert_bad("hooks:\n  - {name: a, signature: none, set: {event: A}, fields: {usr: id}}\n", "no field usr");
  assert_bad("hooks:\n  - {name: a, signature: none, set: {event: A}}\n  - {name: a, signature: none, set: {event: A}}\n",
             "used before");
  assert_bad("hooks:\n  - {name: a, signature: none, set: {event: A}, timezone: Mars}\n", "timezone");
  assert_bad("coupons:\n  - {channel: x}\n", "code is missing");
  assert_bad("coupons:\n  - {code: A}\n", "channel is missing");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_setenv("ETAPPE_TEST_SECRET", "secret", TRUE);
#define ADD(name, function) g_test_add("/hook_protocol/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("an order is read by its paths, its coupon a touch before it", test_order);
  ADD("what is not asked for is skipped", test_unwanted);
  ADD("what is not signed is refused", test_forged);
  ADD("a list of events in a body, times in the hook's zone", test_list);
  ADD("a signature in hexadecimal behind a prefix", test_hex);
  ADD("a form does as well", test_form);
  ADD("the project file is checked", test_project);
  return g_test_run();
}
