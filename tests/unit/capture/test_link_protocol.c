/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"
#include "capture/signed_link.h"

#define BROWSER "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
#define AT_NOON "2025-12-24T12:00:00.000Z"

typedef struct {
  Desk desk;
  char *address, *pixel;
} Fixture;

static char *address_of(const Fixture *f, const char *prefix, const SignedLink *link, const char *suffix) {
  g_autofree char *token = signed_link_write(link, f->desk.options.key);
  return g_strconcat(prefix, token, suffix, NULL);
}

static void set_up(Fixture *f, gconstpointer unused) {
  desk_open(&f->desk, "");
  f->desk.source.kind = SOURCE_SERVER;
  f->desk.options.web = FALSE;
  segment_free(f->desk.worker.segment);
  f->desk.worker.segment = segment_new(&f->desk.options, NULL, 1 << 20);
  f->desk.worker.machines = machines_new(f->desk.options.key);
  SignedLink link = {.target = (char *)"https://a.de/x",
                     .name = (char *)"hero",
                     .source = (char *)"news",
                     .medium = (char *)"email",
                     .campaign = (char *)"spring",
                     .person = (char *)"user:anna"};
  f->address = address_of(f, "/l/", &link, "");
  link.kind = LINK_PIXEL;
  link.target = NULL;
  f->pixel = address_of(f, "/o/", &link, ".gif");
}

static void tear_down(Fixture *f, gconstpointer unused) {
  g_free(f->address);
  g_free(f->pixel);
  machines_free(f->desk.worker.machines);
  desk_close(&f->desk);
}

static gboolean ask(Fixture *f, const Protocol *protocol, const char *method, const char *address, const char *agent) {
  desk_clear(&f->desk);
  desk_set_header(&f->desk, "User-Agent", agent);
  return desk_send(&f->desk, protocol, method, address, NULL);
}

static gboolean was_excluded(const Fixture *f) {
  return g_array_index(f->desk.submission.excluded, gboolean, 0);
}

static void test_click(Fixture *f, gconstpointer unused) {
  g_assert_true(ask(f, &link_protocol, "GET", f->address, BROWSER));
  g_assert_cmpuint(f->desk.reply.status, ==, 302);
  g_assert_cmpstr(f->desk.reply.location, ==, "https://a.de/x");
  g_assert_cmpstr(desk_line(&f->desk, 0), ==,
                  "Email Link Clicked|track|" AT_NOON "|email|- |user=anna|campaign=spring medium=email properties.link=hero "
                  "properties.url=https://a.de/x source=news");
  g_assert_false(was_excluded(f));
}

static void test_open(Fixture *f, gconstpointer unused) {
  g_assert_true(ask(f, &open_protocol, "GET", f->pixel, BROWSER));
  g_assert_cmpstr(f->desk.reply.content_type, ==, "image/gif");
  g_assert_true(g_str_has_prefix(desk_line(&f->desk, 0), "Email Opened|track|" AT_NOON "|email|- |user=anna|"));
  g_assert_false(was_excluded(f));
  g_assert_true(ask(f, &open_protocol, "GET", f->pixel, "Mozilla/5.0"));
  g_assert_true(was_excluded(f));
  g_assert_nonnull(strstr(desk_line(&f->desk, 0), "excluded=prefetch"));
}

static void test_machines(Fixture *f, gconstpointer unused) {
  g_assert_true(ask(f, &link_protocol, "HEAD", f->address, BROWSER));
  g_assert_cmpuint(f->desk.reply.status, ==, 302);
  g_assert_nonnull(strstr(desk_line(&f->desk, 0), "excluded=scanner"));
  g_assert_true(ask(f, &link_protocol, "GET", f->address, "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"));
  g_assert_nonnull(strstr(desk_line(&f->desk, 0), "excluded=bot"));
  SignedLink another = {.target = (char *)"https://a.de/y", .name = (char *)"footer", .person = (char *)"user:anna"};
  g_autofree char *address = address_of(f, "/l/", &another, "");
  g_assert_true(ask(f, &link_protocol, "GET", f->address, BROWSER));
  g_assert_true(ask(f, &link_protocol, "GET", address, BROWSER));
  g_assert_nonnull(strstr(desk_line(&f->desk, 0), "excluded=scanner"));
  desk_clear(&f->desk);
  desk_set_header(&f->desk, "User-Agent", BROWSER);
  desk_set_header(&f->desk, "Sec-Purpose", "prefetch;prerender");
  g_assert_true(desk_send(&f->desk, &link_protocol, "GET", f->address, NULL));
  g_assert_nonnull(strstr(desk_line(&f->desk, 0), "excluded=prefetch"));
}

static void test_unknown(Fixture *f, gconstpointer unused) {
  static const char *const paths[] = {"/l/", "/l/x", "/l/https://evil.example", "/l/..%2f..%2f", "/l//evil.example"};
  for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
    g_assert_false(ask(f, &link_protocol, "GET", paths[i], BROWSER));
    g_assert_error(f->desk.error, ETAPPE_ERROR, ERROR_NOT_FOUND);
    g_assert_null(f->desk.reply.location);
  }
  g_autofree char *crossed = g_strconcat("/l/", f->pixel + 3, NULL);
  *strstr(crossed, ".gif") = '\0';
  g_assert_false(ask(f, &link_protocol, "GET", crossed, BROWSER)); /* a pixel is no redirect */
}

static void test_pages(Fixture *f, gconstpointer unused) {
  desk_clear(&f->desk);
  f->desk.source.kind = SOURCE_WEB;
  desk_set_header(&f->desk, "User-Agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)");
  g_assert_true(desk_send(&f->desk, &segment_protocol, "POST", "/v1/track", "{\"event\":\"A\",\"anonymousId\":\"d\"}"));
  g_assert_nonnull(strstr(desk_line(&f->desk, 0), "excluded=bot"));
  f->desk.source.kind = SOURCE_SERVER; /* whose own agent says nothing of its users */
  g_assert_true(desk_send(&f->desk, &segment_protocol, "POST", "/v1/track", "{\"event\":\"A\",\"userId\":\"d\"}"));
  g_assert_null(strstr(desk_line(&f->desk, 1), "excluded"));
  g_assert_true(desk_send(&f->desk, &segment_protocol, "POST", "/v1/track",
                          "{\"event\":\"A\",\"userId\":\"d\",\"context\":{\"userAgent\":\"bingbot/2.0\"}}"));
  g_assert_nonnull(strstr(desk_line(&f->desk, 2), "excluded=bot"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/link_protocol/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("a click arrives, and is told with campaign and person", test_click);
  ADD("a pixel is an open, unless a proxy loads it", test_open);
  ADD("scanners and previews are flagged and sent on", test_machines);
  ADD("what was not made here is unknown", test_unknown);
  ADD("crawlers are flagged in pages, and where servers tell of them", test_pages);
  return g_test_run();
}
