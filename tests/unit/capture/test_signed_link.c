/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/signed_link.h"
#include "base/error.h"
#include <string.h>

static const HashKey key = {{1, 2, 3}}, other = {{1, 2, 4}};

static SignedLink newsletter(void) {
  return (SignedLink){.kind = LINK_REDIRECT,
                      .target = (char *)"https://shop.example.com/spring?a=1#shoes",
                      .name = (char *)"spring-hero",
                      .medium = (char *)"email",
                      .campaign = (char *)"spring & more",
                      .person = (char *)"email:anna@example.com"};
}

static void test_round(void) {
  SignedLink link = newsletter();
  g_autoptr(GError) error = NULL;
  g_autofree char *token = signed_link_write(&link, &key), *again = signed_link_write(&link, &key);
  g_assert_cmpstr(token, ==, again);
  for (const char *c = token; *c; c++)
    g_assert_true(g_ascii_isalnum(*c) || *c == '-' || *c == '_');
  g_autoptr(SignedLink) read = signed_link_read(token, strlen(token), &key, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(read->target, ==, link.target);
  g_assert_cmpstr(read->name, ==, link.name);
  g_assert_cmpstr(read->campaign, ==, link.campaign);
  g_assert_cmpstr(read->person, ==, link.person);
  g_assert_null(read->channel);
  g_assert_cmpstr(signed_link_event(read), ==, "Email Link Clicked");
}

static void assert_unknown(const char *token, gsize size, const HashKey *by) {
  g_autoptr(GError) error = NULL;
  g_assert_null(signed_link_read(token, size, by, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_NOT_FOUND);
}

static void test_forged(void) {
  SignedLink link = newsletter();
  g_autofree char *token = signed_link_write(&link, &key);
  gsize size = strlen(token);
  assert_unknown(token, size, &other);
  for (gsize i = 0; i < size; i++) { /* any one character changed */
    char before = token[i];
    token[i] = before == 'A' ? 'B' : 'A';
    assert_unknown(token, size, &key);
    token[i] = before;
  }
  for (gsize i = 0; i < size; i++)
    assert_unknown(token, i, &key);
  assert_unknown("https://evil.example", 20, &key);
  g_autofree char *long_one = g_strnfill(LINK_TOKEN_MAX + 1, 'A');
  assert_unknown(long_one, strlen(long_one), &key);
}

static void test_hidden(void) {
  SignedLink link = newsletter();
  g_autofree char *token = signed_link_write(&link, &key);
  gsize size;
  g_strdelimit(token, "-", '+');
  g_strdelimit(token, "_", '/');
  g_autofree guchar *bytes = g_base64_decode(token, &size);
  g_assert_null(memmem(bytes, size, "anna", 4));
  g_assert_null(memmem(bytes, size, "example", 7));
}

static void test_targets(void) {
  static const char *const bad[] = {"javascript:alert(1)",
                                    "//evil.example",
                                    "/local",
                                    "ftp://a.de/",
                                    "https://",
                                    "https:///x",
                                    "http://u:p@a.de/",
                                    "https://a.de/\r\nSet-Cookie: x",
                                    "https://a.de\\@evil.de",
                                    "data:text/html,x",
                                    "https://a.de/ x",
                                    ""};
  SignedLink link = newsletter();
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    link.target = (char *)bad[i];
    if (signed_link_check(&link, &error))
      g_error("accepted: %s", bad[i]);
    g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  }
  link.target = (char *)"http://a.de";
  g_assert_true(signed_link_check(&link, NULL));
  link.person = (char *)"anna";
  g_assert_false(signed_link_check(&link, NULL));
  link.person = NULL;
  link.name = NULL;
  g_assert_false(signed_link_check(&link, NULL));
}

static void test_tags(void) {
  SignedLink link = newsletter();
  g_autofree char *tagged = signed_link_tagged(&link);
  g_assert_cmpstr(tagged, ==, "https://shop.example.com/spring?a=1&utm_medium=email&utm_campaign=spring%20%26%20more#shoes");
  link.target = (char *)"https://a.de/?utm_medium=x";
  g_autofree char *kept = signed_link_tagged(&link);
  g_assert_cmpstr(kept, ==, "https://a.de/?utm_medium=x&utm_campaign=spring%20%26%20more");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/signed_link/what is written is read, always as the same address", test_round);
  g_test_add_func("/signed_link/whatever was changed, it is unknown", test_forged);
  g_test_add_func("/signed_link/nobody can read whom it was made for", test_hidden);
  g_test_add_func("/signed_link/only web addresses may be targets", test_targets);
  g_test_add_func("/signed_link/campaign fields are added to the target", test_tags);
  return g_test_run();
}
