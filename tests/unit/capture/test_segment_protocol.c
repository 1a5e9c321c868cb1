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

static void good(Fixture *f, const char *address, const char *body) {
  desk_clear(&f->desk);
  gboolean taken = desk_send(&f->desk, &segment_protocol, "POST", address, body);
  g_assert_no_error(f->desk.error);
  g_assert_true(taken);
}

static void bad(Fixture *f, const char *address, const char *body, int code) {
  desk_clear(&f->desk);
  g_assert_false(desk_send(&f->desk, &segment_protocol, "POST", address, body));
  g_assert_error(f->desk.error, ETAPPE_ERROR, code);
}

static void test_paths(Fixture *f, gconstpointer unused) {
  good(f, "/v1/track", "{\"userId\":\"anna\",\"event\":\"Signed Up\"}");
  g_assert_cmpstr(desk_line(&f->desk, 0), ==, "Signed Up|track|2025-12-24T12:00:00.000Z|direct|- |user=anna|");
  good(f, "/v1/p", "{\"anonymousId\":\"d1\",\"properties\":{\"url\":\"https://a.de/?gclid=1\"}}");
  g_assert_true(g_str_has_prefix(desk_line(&f->desk, 0), "Page Viewed|page|2025-12-24T12:00:00.000Z|paid_search|- |anonymous=d1|"));
  good(f, "/v1/identify", "{\"userId\":\"anna\",\"anonymousId\":\"d1\",\"traits\":{\"plan\":\"gold\"}}");
  g_assert_cmpstr(desk_line(&f->desk, 0), ==,
                  "Identify|identify|2025-12-24T12:00:00.000Z|direct|- |user=anna anonymous=d1|traits.plan=gold");
  good(f, "/v1/g", "{\"userId\":\"anna\",\"groupId\":\"acme\"}");
  g_assert_cmpstr(desk_line(&f->desk, 0), ==, "Group|group|2025-12-24T12:00:00.000Z|direct|- |user=anna|account=acme");
  good(f, "/v1/screen", "{\"type\":\"screen\",\"name\":\"Home\",\"anonymousId\":\"d1\"}");
  good(f, "/v1/a", "{\"userId\":\"anna\",\"previousId\":\"old\"}");
  bad(f, "/v1/tracks", "{}", ERROR_NOT_FOUND);
}

static void test_batch(Fixture *f, gconstpointer unused) {
  good(f, "/v1/batch",
       "{\"sentAt\":\"2025-12-24T11:00:00Z\",\"writeKey\":\"k\",\"batch\":["
       "{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u\",\"timestamp\":\"2025-12-24T10:00:00Z\"},"
       "{\"type\":\"track\",\"userId\":\"u\"},"
       "{\"type\":\"page\",\"anonymousId\":\"d\"}]}");
  g_assert_cmpuint(f->desk.submission.lines->len, ==, 2);
  g_assert_cmpuint(f->desk.reply.refused, ==, 1);
  g_assert_cmpstr(f->desk.reply.body->str, ==, "{\"success\":true}");
  g_assert_true(g_str_has_prefix(desk_line(&f->desk, 0), "A|track|2025-12-24T11:00:00.000Z|")); /* an hour slow */
  good(f, "/v1/b", "{\"batch\":[]}");
  bad(f, "/v1/batch", "{\"batch\":[{\"type\":\"track\"}]}", ERROR_INVALID);
  bad(f, "/v1/batch", "{\"events\":[]}", ERROR_INVALID);
  bad(f, "/v1/batch", "{\"batch\":1}", ERROR_INVALID);
  bad(f, "/v1/track", "{", ERROR_INVALID);
  bad(f, "/v1/track", "", ERROR_INVALID);
}

static void test_rudder(Fixture *f, gconstpointer unused) {
  good(f, "/v1/batch",
       "{\"batch\":[{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u\",\"originalTimestamp\":\"2025-12-24T11:59:00Z\","
       "\"sentAt\":\"2025-12-24T11:59:30Z\",\"channel\":\"server\"}]}");
  g_assert_cmpstr(f->desk.reply.body->str, ==, "OK");
  g_assert_true(g_str_has_prefix(desk_line(&f->desk, 0), "A|track|2025-12-24T11:59:30.000Z|"));
  good(f, "/v1/track", "{\"event\":\"A\",\"userId\":\"u\",\"originalTimestamp\":\"2025-12-24T11:59:00Z\"}");
  g_assert_cmpstr(f->desk.reply.body->str, ==, "OK");
}

static void test_keys(Fixture *f, gconstpointer unused) {
  Desk *desk = &f->desk;
  g_autofree char *body = desk_key(desk, &segment_protocol, "POST", "/v1/t", "{\"writeKey\":\"k1\"}");
  g_assert_cmpstr(body, ==, "k1");
  g_autofree char *none = desk_key(desk, &segment_protocol, "POST", "/v1/t", "{\"writeKey\":17}");
  g_assert_null(none);
  g_autofree char *broken = desk_key(desk, &segment_protocol, "POST", "/v1/t", "{\"writeKey");
  g_assert_null(broken);
  g_autofree char *query = desk_key(desk, &segment_protocol, "POST", "/beacon/v1/batch?writeKey=k2", "");
  g_assert_cmpstr(query, ==, "k2");
  desk_clear(desk);
  g_autofree char *path = desk_key(desk, &segment_settings_protocol, "GET", "/v1/projects/k3/settings", NULL);
  g_assert_cmpstr(path, ==, "k3");
  g_autofree char *other = desk_key(desk, &segment_settings_protocol, "GET", "/v1/projects/settings", NULL);
  g_assert_null(other);
  g_autofree char *config = desk_key(desk, &rudder_config_protocol, "GET", "/sourceConfig/?p=npm&writeKey=k4", NULL);
  g_assert_cmpstr(config, ==, "k4");
}

static void test_settings(Fixture *f, gconstpointer unused) {
  Desk *desk = &f->desk;
  desk_set_header(desk, "Host", "t.example.com:8080");
  g_assert_true(desk_send(desk, &segment_settings_protocol, "GET", "/v1/projects/k3/settings", NULL));
  g_assert_nonnull(strstr(desk->reply.body->str, "\"apiHost\":\"t.example.com:8080/v1\",\"protocol\":\"http\""));
  desk_clear(desk);
  desk_set_header(desk, "Host", "t.example.com");
  desk_set_header(desk, "X-Forwarded-Proto", "https");
  g_assert_true(desk_send(desk, &segment_settings_protocol, "GET", "/v1/projects/k3/settings", NULL));
  g_assert_nonnull(strstr(desk->reply.body->str, "\"protocol\":\"https\""));
  desk_clear(desk);
  desk_set_header(desk, "Host", "a\"b");
  g_assert_false(desk_send(desk, &segment_settings_protocol, "GET", "/v1/projects/k3/settings", NULL));
}

static void test_pixel(Fixture *f, gconstpointer unused) {
  static const char message[] = "{\"writeKey\":\"k5\",\"userId\":\"anna\",\"event\":\"Email Opened\"}";
  Desk *desk = &f->desk;
  g_autofree char *data = g_base64_encode((const guchar *)message, strlen(message));
  g_autofree char *address = g_strconcat("/v1/pixel/track?data=", data, NULL);
  g_autofree char *key = desk_key(desk, &segment_pixel_protocol, "GET", address, NULL);
  g_assert_cmpstr(key, ==, "k5");
  desk_clear(desk);
  g_assert_true(desk_send(desk, &segment_pixel_protocol, "GET", address, NULL));
  g_assert_cmpstr(desk_line(desk, 0), ==, "Email Opened|track|2025-12-24T12:00:00.000Z|direct|- |user=anna|");
  g_assert_cmpstr(desk->reply.content_type, ==, "image/gif");
  g_assert_cmpuint(desk->reply.body->len, ==, 43);
  desk_clear(desk);
  g_assert_false(desk_send(desk, &segment_pixel_protocol, "GET", "/v1/pixel/track?data=%%%", NULL));
  desk_clear(desk);
  g_assert_false(desk_send(desk, &segment_pixel_protocol, "GET", "/v1/pixel/track", NULL));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/segment_protocol/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("the path says which call it is", test_paths);
  ADD("a batch is read message by message, its clock corrected", test_batch);
  ADD("RudderStack's messages are answered as its server does", test_rudder);
  ADD("the key stands in body, address or path", test_keys);
  ADD("the browser client is sent back to this host", test_settings);
  ADD("a pixel carries the message in its address", test_pixel);
  return g_test_run();
}
