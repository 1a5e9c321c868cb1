/* SPDX-License-Identifier: Apache-2.0
 * The first table holds the cases of PostHog's own test of its grouping (test_channel_type.py; facts only), in our keys. Where SPEC
 * differs: no information about a web visit is `direct` (theirs: Other), an unknown site that refers is `referral` (theirs: Other).
 */
#include "wire/channel.h"

typedef struct {
  const char *referrer, *url, *source, *medium, *campaign;
  const char *channel;
} Case;

static char *find(const Case *c, gboolean web) {
  char scratch[CHANNEL_SCRATCH];
  ChannelEvidence evidence = {.source = text_of(c->source),
                              .medium = text_of(c->medium),
                              .campaign = text_of(c->campaign),
                              .referrer = text_of(c->referrer),
                              .url = text_of(c->url),
                              .web = web};
  return text_dup(channel_find(&evidence, NULL, scratch));
}

static void assert_cases(const Case *cases, guint n) {
  for (guint i = 0; i < n; i++) {
    g_autofree char *found = find(&cases[i], TRUE);
    if (g_strcmp0(found, cases[i].channel) != 0)
      g_error("case %u (%s %s %s %s %s): %s, not %s", i, cases[i].referrer, cases[i].url, cases[i].source, cases[i].medium,
              cases[i].campaign, found, cases[i].channel);
  }
}

static void test_peer(void) {
  static const Case cases[] = {
      {.channel = "direct"},
      {.campaign = "cross-network", .channel = "cross_network"},
      {"www.ebay.co.uk", .medium = "ppc", .channel = "paid_shopping"},
      {.source = "ebay", .medium = "ppc", .channel = "paid_shopping"},
      {.campaign = "shopping", .medium = "ppc", .channel = "paid_shopping"},
      {"www.google.co.uk", .url = "https://shop.example/?gclid=x", .channel = "paid_search"},
      {.source = "yahoo", .medium = "ppc", .channel = "paid_search"},
      {"youtube.com", .medium = "cpc", .channel = "paid_video"},
      {"youtube.com", .channel = "organic_video"},
      {"some-unknown-domain.example.com", .channel = "referral"},
      {"www.google.com", .channel = "organic_search"},
      {"www.bing.com", .channel = "organic_search"},
      {"l.facebook.com", .source = "facebook", .medium = "cpc", .channel = "paid_social"},
      {"l.facebook.com", .url = "https://shop.example/?fbclid=x", .channel = "organic_social"},
      {"2bb5.safeframe.googlesyndication.com", .url = "https://shop.example/?gclid=x", .channel = "paid_other"},
      {"www.youtube.com", .url = "https://shop.example/?gclid=x", .channel = "paid_video"},
      {"uk.search.yahoo.com", .url = "https://shop.example/?msclkid=x", .source = "bing", .medium = "cpc",
       .channel = "paid_search"},
  };
  assert_cases(cases, G_N_ELEMENTS(cases));
}

static void test_order_and_patterns(void) {
  static const Case cases[] = {
      {.source = "(direct)", .medium = "(none)", .channel = "direct"},
      {.source = "(direct)", .medium = "(not set)", .campaign = "cross-network", .channel = "direct"},
      {.source = "google", .medium = "cpc", .campaign = "x cross-network y", .channel = "cross_network"},
      {.source = "google", .medium = "cpc", .campaign = "Summer Shop", .channel = "paid_shopping"},
      {.source = "google", .medium = "cpc", .campaign = "eshop", .channel = "paid_shopping"},
      {.source = "google", .medium = "cpc", .campaign = "workshop", .channel = "paid_search"}, /* [^a-df-z] before shop */
      {.source = "google", .medium = "CPC", .channel = "paid_search"},
      {.source = "Google", .medium = "paid-brand", .channel = "paid_search"},
      {.source = "google", .medium = "cpm", .channel = "paid_search"}, /* cpm contains cp, and search comes before display */
      {.source = "news", .medium = "cpm", .channel = "display"},
      {.source = "news", .medium = "banner", .channel = "display"},
      {.source = "news", .medium = "retargeting", .channel = "paid_other"},
      {.source = "news", .medium = "cpv", .channel = "paid_other"},
      {.source = "news", .medium = "unpaid", .channel = "unassigned"}, /* paid only at the beginning */
      {.source = "news", .medium = "ppc2", .channel = "unassigned"},
      {.source = "tiktok", .medium = "paidsocial", .channel = "paid_social"},
      {.source = "idealo", .channel = "organic_shopping"},
      {.source = "brand", .medium = "post", .campaign = "shop", .channel = "organic_shopping"},
      {.source = "brand", .medium = "social-media", .channel = "organic_social"},
      {.source = "linkedin", .medium = "post", .channel = "organic_social"},
      {.source = "brand", .medium = "instream-video", .channel = "organic_video"},
      {.source = "brand", .medium = "organic", .channel = "organic_search"},
      {.source = "partner", .medium = "referral", .channel = "referral"},
      {.source = "partner", .medium = "link", .channel = "referral"},
      {.source = "newsletter", .medium = "E-Mail", .channel = "email"},
      {.source = "email", .medium = "newsletter", .channel = "email"},
      {.source = "awin", .medium = "affiliate", .channel = "affiliates"},
      {.source = "awin", .medium = "affiliates", .channel = "affiliates"},
      {.source = "podcast", .medium = "audio", .channel = "audio"},
      {.source = "crm", .medium = "sms", .channel = "sms"},
      {.source = "sms", .medium = "text", .channel = "sms"},
      {.source = "crm", .medium = "webpush", .channel = "mobile_push_notifications"},
      {.source = "crm", .medium = "mobile-note", .channel = "mobile_push_notifications"},
      {.source = "crm", .medium = "app notification", .channel = "mobile_push_notifications"},
      {.source = "newsletter", .channel = "unassigned"},
      {.medium = "something", .channel = "unassigned"},
  };
  assert_cases(cases, G_N_ELEMENTS(cases));
}

static void test_referrers(void) {
  static const Case cases[] = {
      {"https://www.google.com.au/search?q=x", .channel = "organic_search"},
      {"https://mail.google.com/", .channel = "referral"}, /* not every google is a search */
      {"https://de.search.yahoo.com/", .channel = "organic_search"},
      {"https://mail.yahoo.com/", .channel = "referral"},
      {"https://t.co/abc", .channel = "organic_social"},
      {"https://about.t.co.example/", .channel = "referral"},
      {"https://x.com/", .channel = "organic_social"},
      {"https://netflix.com.evil.example/", .channel = "referral"},
      {"https://www.amazon.de/dp/1", .channel = "organic_shopping"},
      {"android-app://com.google.android.googlequicksearchbox/", .channel = "organic_search"},
      {"android-app://com.google.android.gm/", .channel = "email"},
      {"http://user@host.example:8080/path", .channel = "referral"},
      {"http://192.0.2.1/", .channel = "referral"},
      {"localhost", .channel = "referral"},
      {"https:///", .channel = "direct"},
      /* payment, login and the own domain count as no referrer */
      {"https://www.paypal.com/checkout", .channel = "direct"},
      {"https://accounts.google.com/", .channel = "direct"},
      {"https://login.microsoftonline.com/", .channel = "direct"},
      {"https://blog.shop.example/", .url = "https://www.shop.example/cart", .channel = "direct"},
      {"https://shop.co.uk/", .url = "https://www.shop.co.uk/cart", .channel = "direct"},
      {"https://other.co.uk/", .url = "https://www.shop.co.uk/cart", .channel = "referral"},
      {"https://www.google.com/", .url = "https://www.google.com/", .channel = "direct"},
  };
  assert_cases(cases, G_N_ELEMENTS(cases));
}

static void test_address_of_the_page(void) {
  static const Case cases[] = {
      {.url = "https://s.example/?utm_source=newsletter&utm_medium=email", .channel = "email"},
      {.url = "https://s.example/?a=b&utm_medium=e%2Dmail#utm_source=google", .channel = "email"},
      {.url = "https://s.example/?utm_medium=social+network&utm_source=brand", .channel = "organic_social"},
      {.url = "https://s.example/?utm_source=google&utm_medium=cpc",
       .medium = "organic",
       .channel = "organic_search"}, /* columns first */
      {"https://www.google.com/", .url = "https://s.example/?utm_source=awin&utm_medium=affiliate", .channel = "affiliates"},
      {.url = "https://s.example/?utm_source=&utm_medium=", .channel = "direct"},
      {.url = "https://s.example/?gclid=", .channel = "direct"},
      {.url = "https://s.example/?xgclid=1", .channel = "direct"},
      /* a click id: medium cpc when none is given; whose it is only where nothing refers */
      {.url = "https://s.example/?gclid=1", .channel = "paid_search"},
      {.url = "https://s.example/?msclkid=1", .channel = "paid_search"},
      {.url = "https://s.example/?ttclid=1", .channel = "paid_social"},
      {.url = "https://s.example/?fbclid=1", .channel = "organic_social"},
      {"https://m.facebook.com/", .url = "https://s.example/?fbclid=1&gclid=2", .channel = "paid_social"},
      {.url = "https://s.example/?gclid=1&utm_source=google&utm_medium=organic", .channel = "organic_search"},
      {.url = "https://s.example/?wbraid=1&utm_source=partner", .channel = "paid_other"},
      {.url = "?utm_source=%", .channel = "unassigned"},
      {.url = "?utm_source=%zz&utm_medium=%ff", .channel = "unassigned"},
      {.url = "?", .channel = "direct"},
  };
  assert_cases(cases, G_N_ELEMENTS(cases));
}

static void test_not_web(void) {
  static const Case nothing = {0}, google = {"https://www.google.com/"};
  g_autofree char *unassigned = find(&nothing, FALSE), *search = find(&google, FALSE);
  g_assert_cmpstr(unassigned, ==, "unassigned");
  g_assert_cmpstr(search, ==, "organic_search");
}

static Text rule(const ChannelEvidence *evidence, gpointer user) {
  return text_of(text_is(evidence->campaign, "tv spot") ? user : NULL);
}

static void test_stated_then_ruled(void) {
  char scratch[CHANNEL_SCRATCH];
  ChannelHook hook = {rule, "tv"};
  ChannelEvidence stated = {.channel = text_of("Print"), .url = text_of("?utm_source=google&utm_medium=cpc&utm_campaign=tv+spot")};
  g_assert_true(text_is(channel_find(&stated, &hook, scratch), "Print"));
  g_assert_true(text_is(stated.campaign, "tv spot")); /* what the address says is kept all the same */
  ChannelEvidence ruled = {.url = text_of("?utm_source=google&utm_medium=cpc&utm_campaign=tv+spot")};
  g_assert_true(text_is(channel_find(&ruled, &hook, scratch), "tv"));
  ChannelEvidence other = {.source = text_of("google"), .medium = text_of("cpc")};
  g_assert_true(text_is(channel_find(&other, &hook, scratch), "paid_search"));
}

static void test_decoding(void) {
  char scratch[CHANNEL_SCRATCH];
  ChannelEvidence evidence = {.url =
                                  text_of("https://s.example/?utm_campaign=Fr%C3%BChling+%26+mehr&utm_content=%ff&utm_term=a%2")};
  channel_find(&evidence, NULL, scratch);
  g_assert_true(text_is(evidence.campaign, "Fr\u00fchling & mehr"));
  g_assert_true(text_is(evidence.content, "%ff")); /* decoded it would be no UTF-8 */
  g_assert_true(text_is(evidence.term, "a%2"));
}

static void test_scratch_is_bounded(void) {
  char scratch[CHANNEL_SCRATCH];
  g_autofree char *filler = g_strnfill(CHANNEL_SCRATCH - 3, 'x');
  g_autofree char *url = g_strdup_printf("?utm_source=%s&utm_campaign=a%%20b&utm_medium=%s", filler, filler);
  ChannelEvidence evidence = {.url = text_of(url)};
  g_assert_true(text_is(channel_find(&evidence, NULL, scratch), "unassigned"));
  g_assert_true(text_is(evidence.campaign, "a%20b")); /* no room left: as it stands */
  g_assert_true(text_is(evidence.medium, filler));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/channel/agrees with a peer but where SPEC differs", test_peer);
  g_test_add_func("/channel/groups in GA4's order", test_order_and_patterns);
  g_test_add_func("/channel/knows sites by the label before the suffix", test_referrers);
  g_test_add_func("/channel/reads utm fields and click ids", test_address_of_the_page);
  g_test_add_func("/channel/without evidence only web is direct", test_not_web);
  g_test_add_func("/channel/stated wins over rules, rules over grouping", test_stated_then_ruled);
  g_test_add_func("/channel/decodes percent signs into UTF-8 or not at all", test_decoding);
  g_test_add_func("/channel/long addresses stay in their scratch", test_scratch_is_bounded);
  return g_test_run();
}
