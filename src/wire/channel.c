/* SPDX-License-Identifier: Apache-2.0
 * channel.c: four steps, each taken only when the one before said nothing.
 *
 *     stated channel ─► project's rules ─► GA4's grouping of (source, medium, campaign) ─► direct | unassigned
 *
 * Source and medium come from the columns or context, else from the page's utm_ parameters; a click id
 * other than fbclid means medium cpc; the referrer is the source where none is named, with medium referral
 * when nothing else is known. The sites of a category are known by the label before the public suffix
 * ("google" in www.google.co.uk), which is also how campaigns name them (utm_source=google). */
#include "wire/channel.h"

#include "base/text.h"

typedef enum { SITE_UNKNOWN, SITE_SEARCH, SITE_SOCIAL, SITE_SHOPPING, SITE_VIDEO, SITE_EMAIL, SITE_IGNORED } Site;

/* Sorted by name. `hosts`: the label alone does not decide; the host must be or end in one of these, separated
 * by blanks, where ".*" stands for any public suffix and a leading = allows no subdomain. */
static const struct {
  const char *name;
  Site site;
  const char *hosts;
  gboolean host_only; /* as a word it means nothing: utm_source=live */
} sites[] = {
    {"adyen", SITE_IGNORED, NULL},
    {"alibaba", SITE_SHOPPING, NULL},
    {"aliexpress", SITE_SHOPPING, NULL},
    {"amazon", SITE_SHOPPING, NULL},
    {"aol", SITE_SEARCH, "=aol.* search.aol.*"},
    {"apple", SITE_IGNORED, "appleid.apple.com", TRUE},
    {"ask", SITE_SEARCH, NULL},
    {"badoo", SITE_SOCIAL, NULL},
    {"baidu", SITE_SEARCH, NULL},
    {"behance", SITE_SOCIAL, NULL},
    {"bilibili", SITE_VIDEO, NULL},
    {"bing", SITE_SEARCH, NULL},
    {"bluesky", SITE_SOCIAL, NULL},
    {"brave", SITE_SEARCH, "search.brave.com"},
    {"bsky", SITE_SOCIAL, NULL},
    {"com.facebook.katana", SITE_SOCIAL, NULL},
    {"com.google.android.gm", SITE_EMAIL, NULL},
    {"com.google.android.googlequicksearchbox", SITE_SEARCH, NULL},
    {"com.google.android.youtube", SITE_VIDEO, NULL},
    {"com.linkedin.android", SITE_SOCIAL, NULL},
    {"com.pinterest", SITE_SOCIAL, NULL},
    {"com.reddit.frontpage", SITE_SOCIAL, NULL},
    {"com.slack", SITE_SOCIAL, NULL},
    {"com.twitter.android", SITE_SOCIAL, NULL},
    {"dailymotion", SITE_VIDEO, NULL},
    {"discord", SITE_SOCIAL, NULL},
    {"disneyplus", SITE_VIDEO, NULL},
    {"douyin", SITE_SOCIAL, NULL},
    {"duckduckgo", SITE_SEARCH, NULL},
    {"ebay", SITE_SHOPPING, NULL},
    {"ecosia", SITE_SEARCH, NULL},
    {"etsy", SITE_SHOPPING, NULL},
    {"facebook", SITE_SOCIAL, NULL},
    {"fb", SITE_SOCIAL, "fb.com fb.me"},
    {"flickr", SITE_SOCIAL, NULL},
    {"flipkart", SITE_SHOPPING, NULL},
    {"fortunecity", SITE_SOCIAL, NULL},
    {"geizhals", SITE_SHOPPING, NULL},
    {"giropay", SITE_IGNORED, NULL},
    {"gmx", SITE_EMAIL, "=gmx.* navigator.gmx.* deref-gmx.*"},
    {"google", SITE_SEARCH, "=google.* images.google.* ogs.google.*"},
    {"groupon", SITE_SHOPPING, NULL},
    {"hackernews", SITE_SOCIAL, NULL},
    {"idealo", SITE_SHOPPING, NULL},
    {"ig", SITE_SOCIAL, "=ig.me"},
    {"instagram", SITE_SOCIAL, NULL},
    {"iqiyi", SITE_VIDEO, NULL},
    {"kaufland", SITE_SHOPPING, "=kaufland.de"},
    {"klarna", SITE_IGNORED, NULL},
    {"kuaishou", SITE_SOCIAL, NULL},
    {"line", SITE_SOCIAL, "line.me", TRUE},
    {"linkedin", SITE_SOCIAL, NULL},
    {"linktr", SITE_SOCIAL, "linktr.ee", TRUE},
    {"live", SITE_EMAIL, "outlook.live.com", TRUE},
    {"lnkd", SITE_SOCIAL, "lnkd.in", TRUE},
    {"lycos", SITE_SEARCH, NULL},
    {"mastodon", SITE_SOCIAL, NULL},
    {"medium", SITE_SOCIAL, "medium.com", TRUE},
    {"meetup", SITE_SOCIAL, NULL},
    {"mercadolibre", SITE_SHOPPING, NULL},
    {"mercadolivre", SITE_SHOPPING, NULL},
    {"messenger", SITE_SOCIAL, NULL},
    {"metager", SITE_SEARCH, NULL},
    {"microsoftonline", SITE_IGNORED, "login.microsoftonline.com", TRUE},
    {"mojeek", SITE_SEARCH, NULL},
    {"mollie", SITE_IGNORED, NULL},
    {"msn", SITE_SEARCH, NULL},
    {"naver", SITE_SEARCH, NULL},
    {"netflix", SITE_VIDEO, NULL},
    {"ning", SITE_SOCIAL, NULL},
    {"office", SITE_EMAIL, "outlook.office.com", TRUE},
    {"ok", SITE_SOCIAL, "ok.ru", TRUE},
    {"otto", SITE_SHOPPING, "=otto.de"},
    {"paypal", SITE_IGNORED, NULL},
    {"pinterest", SITE_SOCIAL, NULL},
    {"pricerunner", SITE_SHOPPING, NULL},
    {"qq", SITE_SOCIAL, NULL},
    {"quora", SITE_SOCIAL, NULL},
    {"qwant", SITE_SEARCH, NULL},
    {"rakuten", SITE_SHOPPING, NULL},
    {"reddit", SITE_SOCIAL, NULL},
    {"secupay", SITE_IGNORED, NULL},
    {"seznam", SITE_SEARCH, NULL},
    {"shop", SITE_SHOPPING, "shop.app", TRUE},
    {"shopee", SITE_SHOPPING, NULL},
    {"shopping", SITE_SHOPPING, "shopping.com"},
    {"shopzilla", SITE_SHOPPING, NULL},
    {"snapchat", SITE_SOCIAL, NULL},
    {"so", SITE_SEARCH, "so.com", TRUE},
    {"sofort", SITE_IGNORED, NULL},
    {"sogou", SITE_SEARCH, NULL},
    {"stackoverflow", SITE_SOCIAL, NULL},
    {"startpage", SITE_SEARCH, NULL},
    {"stripe", SITE_IGNORED, NULL},
    {"swisscows", SITE_SEARCH, NULL},
    {"t", SITE_SOCIAL, "=t.co =t.me", TRUE},
    {"taobao", SITE_SHOPPING, NULL},
    {"telegram", SITE_SOCIAL, NULL},
    {"temu", SITE_SHOPPING, NULL},
    {"threads", SITE_SOCIAL, NULL},
    {"tiktok", SITE_SOCIAL, NULL},
    {"tumblr", SITE_SOCIAL, NULL},
    {"twitch", SITE_VIDEO, NULL},
    {"twitter", SITE_SOCIAL, NULL},
    {"vimeo", SITE_VIDEO, NULL},
    {"vk", SITE_SOCIAL, NULL},
    {"wa", SITE_SOCIAL, "wa.me", TRUE},
    {"walmart", SITE_SHOPPING, NULL},
    {"wechat", SITE_SOCIAL, NULL},
    {"weibo", SITE_SOCIAL, NULL},
    {"whatsapp", SITE_SOCIAL, NULL},
    {"x", SITE_SOCIAL, "=x.com"},
    {"xing", SITE_SOCIAL, NULL},
    {"yahoo", SITE_SEARCH, "=yahoo.* search.yahoo.*"},
    {"yandex", SITE_SEARCH, NULL},
    {"ycombinator", SITE_SOCIAL, "news.ycombinator.com"},
    {"yelp", SITE_SOCIAL, NULL},
    {"youku", SITE_VIDEO, NULL},
    {"youtu", SITE_VIDEO, "youtu.be", TRUE},
    {"youtube", SITE_VIDEO, NULL},
};

/* --- hosts ---------------------------------------------------------------------------------------- */

enum { HOST_MAX = 256, WORD_MAX = 256 };

typedef struct {
  char text[HOST_MAX]; /* lower case, without www. and port */
  guint32 size;
  guint32 suffix; /* where the public suffix begins, after its dot; size when there is none */
  guint32 name;   /* where the label before it begins */
} Host;

static Text host_text(const Host *host) {
  return (Text){host->text, host->size};
}
static Text host_name(const Host *host) {
  return (Text){host->text + host->name, host->suffix - host->name - (host->suffix < host->size)};
}

static guint32 label_before(const Host *host, guint32 end) {
  while (end > 0 && host->text[end - 1] != '.')
    end--;
  return end;
}

static gboolean is_second_level(Text label) {
  static const char *const labels[] = {"ac", "co", "com", "edu", "gov", "ne", "net", "nom", "or", "org"};
  for (guint i = 0; i < G_N_ELEMENTS(labels); i++)
    if (text_is(label, labels[i]))
      return TRUE;
  return FALSE;
}

/* co.uk and its like count as one suffix: enough to name the site, without a list of all suffixes. */
static void find_labels(Host *host) {
  guint32 last = label_before(host, host->size);
  if (last == 0) {
    host->name = 0;
    host->suffix = host->size;
    return;
  }
  host->suffix = last;
  guint32 second = label_before(host, last - 1);
  if (second > 0 && host->size - last == 2 && is_second_level((Text){host->text + second, last - 1 - second}))
    host->suffix = second;
  host->name = label_before(host, host->suffix - 1);
}

static gboolean starts_with(Text text, const char *prefix) {
  gsize size = strlen(prefix);
  return text.size >= size && memcmp(text.at, prefix, size) == 0;
}

static Text text_from(Text text, guint32 start) {
  return (Text){text.at + start, text.size - start};
}

static guint32 index_of(Text text, char c) {
  const char *found = text.size ? memchr(text.at, c, text.size) : NULL;
  return found ? (guint32)(found - text.at) : text.size;
}

static inline char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The host of an address, or the text itself when it is only a host or a campaign's word for one. */
static void host_of(Host *host, Text address) {
  for (guint32 i = 0; i + 2 < address.size && i < 32; i++)
    if (memcmp(address.at + i, "://", 3) == 0) {
      address = text_from(address, i + 3);
      break;
    }
  guint32 size = 0;
  for (guint32 i = 0; i < address.size && size < HOST_MAX; i++) {
    char c = address.at[i];
    if (c == '/' || c == '?' || c == '#')
      break;
    if (c == '@') /* what stood before is a user's name */
      size = 0;
    else
      host->text[size++] = lower(c);
  }
  host->size = index_of((Text){host->text, size}, ':');
  if (starts_with(host_text(host), "www.")) {
    host->size -= 4;
    memmove(host->text, host->text + 4, host->size);
  }
  find_labels(host);
}

/* Is the host `pattern` (see sites) or below it? */
static gboolean host_matches(const Host *host, Text pattern) {
  gboolean exact = pattern.size && pattern.at[0] == '=';
  if (exact)
    pattern = text_from(pattern, 1);
  Text tail = host_text(host);
  if (pattern.size > 2 && memcmp(pattern.at + pattern.size - 2, ".*", 2) == 0) {
    if (host->suffix == host->size)
      return FALSE;
    tail.size = host->suffix - 1;
    pattern.size -= 2;
  }
  if (tail.size < pattern.size || memcmp(tail.at + tail.size - pattern.size, pattern.at, pattern.size) != 0)
    return FALSE;
  return tail.size == pattern.size || (!exact && tail.at[tail.size - pattern.size - 1] == '.');
}

static gboolean host_in(const Host *host, const char *patterns) {
  Text rest = text_of(patterns);
  while (rest.size) {
    guint32 size = index_of(rest, ' ');
    if (host_matches(host, (Text){rest.at, size}))
      return TRUE;
    rest = text_from(rest, MIN(size + 1, rest.size));
  }
  return FALSE;
}

static int find_site(Text name) {
  guint low = 0, high = G_N_ELEMENTS(sites);
  while (low < high) {
    guint middle = (low + high) / 2;
    int order = text_compare_string(name, sites[middle].name);
    if (order == 0)
      return (int)middle;
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return -1;
}

/* A word (utm_source=google) is looked up as it is; of a host the label before the suffix. */
static Site site_of(const Host *host) {
  gboolean google = host->size > 6 && text_is(host_name(host), "google");
  if (google && host_in(host, "accounts.google.com"))
    return SITE_IGNORED;
  if (google && host_in(host, "shopping.google.com"))
    return SITE_SHOPPING;
  int whole = find_site(host_text(host)); /* also the names of Android apps */
  if (whole >= 0 && !sites[whole].host_only)
    return sites[whole].site;
  int row = host->suffix < host->size ? find_site(host_name(host)) : -1;
  if (row < 0 || (sites[row].hosts && !host_in(host, sites[row].hosts)))
    return SITE_UNKNOWN;
  return sites[row].site;
}

static gboolean same_site(const Host *a, const Host *b) {
  return a->size && b->size && text_equal(text_from(host_text(a), a->name), text_from(host_text(b), b->name));
}

/* --- the page's address ---------------------------------------------------------------------------- */

typedef struct {
  char *at, *end;
} Scratch;

static int hex_value(char c) {
  return g_ascii_isxdigit(c) ? g_ascii_xdigit_value(c) : -1;
}

/* Percent-decoded into scratch; as it stands when that gives no UTF-8 or does not fit. */
static Text decode(Text raw, Scratch *scratch) {
  char *start = scratch->at, *at = start;
  if (raw.size > (gsize)(scratch->end - start))
    return raw;
  for (guint32 i = 0; i < raw.size; i++) {
    int high = raw.at[i] == '%' && i + 2 < raw.size ? hex_value(raw.at[i + 1]) : -1;
    int low = high >= 0 ? hex_value(raw.at[i + 2]) : -1;
    *at++ = low >= 0 ? (char)(high * 16 + low) : raw.at[i] == '+' ? ' ' : raw.at[i];
    i += low >= 0 ? 2 : 0;
  }
  if (!g_utf8_validate(start, at - start, NULL))
    return raw;
  scratch->at = at;
  return (Text){start, (guint32)(at - start)};
}

typedef struct {
  gboolean paid, facebook;
  const char *source; /* whose click id it is */
} ClickId;

static void note_click_id(ClickId *click, Text name) {
  static const struct {
    const char *name, *source;
  } ids[] = {{"gclid", "google"},  {"gbraid", "google"},      {"wbraid", "google"},  {"msclkid", "bing"},
             {"ttclid", "tiktok"}, {"li_fat_id", "linkedin"}, {"twclid", "twitter"}, {"fbclid", "facebook"}};
  for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
    if (text_is(name, ids[i].name)) {
      gboolean facebook = i + 1 == G_N_ELEMENTS(ids);
      if (!facebook || !click->paid)
        click->source = ids[i].source;
      click->paid |= !facebook;
    }
}

/* Fills what the evidence lacks from the query part. */
static void read_query(ChannelEvidence *evidence, Scratch *scratch, ClickId *click) {
  const struct {
    const char *name;
    Text *field;
  } fields[] = {{"utm_source", &evidence->source},
                {"utm_medium", &evidence->medium},
                {"utm_campaign", &evidence->campaign},
                {"utm_content", &evidence->content},
                {"utm_term", &evidence->term}};
  Text rest = evidence->url;
  rest.size = index_of(rest, '#');
  guint32 start = index_of(rest, '?');
  rest = text_from(rest, MIN(start + 1, rest.size));
  while (rest.size) {
    guint32 size = index_of(rest, '&');
    Text pair = {rest.at, size};
    Text name = {pair.at, index_of(pair, '=')};
    Text value = text_from(pair, MIN(name.size + 1, pair.size));
    rest = text_from(rest, MIN(size + 1, rest.size));
    if (value.size == 0)
      continue;
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
      if (fields[i].field->size == 0 && text_is(name, fields[i].name))
        *fields[i].field = decode(value, scratch);
    note_click_id(click, name);
  }
}

/* --- the grouping ----------------------------------------------------------------------------------- */

typedef struct {
  char text[WORD_MAX];
  guint32 size;
} Word;

static void word_of(Word *word, Text text) {
  word->size = MIN(text.size, WORD_MAX);
  for (guint32 i = 0; i < word->size; i++)
    word->text[i] = lower(text.at[i]);
}

static gboolean word_is_any(const Word *word, const char *const *any) {
  for (; *any; any++)
    if (text_is((Text){word->text, word->size}, *any))
      return TRUE;
  return FALSE;
}

static gboolean word_contains(const Word *word, const char *part) {
  return word->size && memmem(word->text, word->size, part, strlen(part)) != NULL;
}

#define IS_ANY(word, ...) word_is_any((word), (const char *const[]){__VA_ARGS__, NULL})

/* ^(.*cp.*|ppc|retargeting|paid.*)$ */
static gboolean is_paid(const Word *medium) {
  return word_contains(medium, "cp") || IS_ANY(medium, "ppc", "retargeting") ||
         starts_with((Text){medium->text, medium->size}, "paid");
}

/* ^(.*(([^a-df-z]|^)shop|shopping).*)$ : "shop" at the beginning, after an e, or after what is no letter. */
static gboolean is_shopping(const Word *campaign) {
  if (word_contains(campaign, "shopping"))
    return TRUE;
  for (guint32 i = 0; i + 4 <= campaign->size; i++)
    if (memcmp(campaign->text + i, "shop", 4) == 0 &&
        (i == 0 || campaign->text[i - 1] == 'e' || !g_ascii_islower(campaign->text[i - 1])))
      return TRUE;
  return FALSE;
}

static gboolean ends_with(const Word *word, const char *tail) {
  gsize size = strlen(tail);
  return word->size >= size && memcmp(word->text + word->size - size, tail, size) == 0;
}

static const char *group(const Word *source, Site site, const Word *medium, const Word *campaign) {
  gboolean paid = is_paid(medium), shopping = site == SITE_SHOPPING || is_shopping(campaign);
  if (IS_ANY(source, "(direct)", "direct") && (medium->size == 0 || IS_ANY(medium, "(none)", "(not set)")))
    return "direct";
  if (word_contains(campaign, "cross-network"))
    return "cross_network";
  if (paid && shopping)
    return "paid_shopping";
  if (paid && site == SITE_SEARCH)
    return "paid_search";
  if (paid && site == SITE_SOCIAL)
    return "paid_social";
  if (paid && site == SITE_VIDEO)
    return "paid_video";
  if (IS_ANY(medium, "display", "banner", "expandable", "interstitial", "cpm"))
    return "display";
  if (paid)
    return "paid_other";
  if (shopping)
    return "organic_shopping";
  if (site == SITE_SOCIAL || IS_ANY(medium, "social", "social-network", "social-media", "sm", "social network", "social media"))
    return "organic_social";
  if (site == SITE_VIDEO || word_contains(medium, "video"))
    return "organic_video";
  if (site == SITE_SEARCH || IS_ANY(medium, "organic"))
    return "organic_search";
  if (IS_ANY(source, "email", "e-mail", "e_mail", "e mail") || IS_ANY(medium, "email", "e-mail", "e_mail", "e mail") ||
      site == SITE_EMAIL)
    return "email";
  if (IS_ANY(medium, "referral", "app", "link"))
    return "referral";
  if (IS_ANY(medium, "affiliate", "affiliates"))
    return "affiliates";
  if (IS_ANY(medium, "audio"))
    return "audio";
  if (IS_ANY(source, "sms") || IS_ANY(medium, "sms"))
    return "sms";
  if (ends_with(medium, "push") || word_contains(medium, "mobile") || word_contains(medium, "notification") ||
      IS_ANY(source, "firebase"))
    return "mobile_push_notifications";
  return NULL;
}

static gboolean is_own_or_passing(const Host *referrer, Text url) {
  Host own;
  if (site_of(referrer) == SITE_IGNORED)
    return TRUE;
  host_of(&own, url);
  return same_site(referrer, &own);
}

/* What counts as source and medium once referrer and click ids are looked at. */
static const char *derive(ChannelEvidence *evidence, const ClickId *click) {
  Host host;
  host_of(&host, evidence->referrer);
  gboolean referred = host.size && !is_own_or_passing(&host, evidence->url);
  if (click->paid && evidence->medium.size == 0)
    evidence->medium = text_of("cpc");
  if (click->source && !referred && evidence->source.size == 0)
    evidence->source = text_of(click->source);
  gboolean campaign = evidence->source.size || evidence->medium.size || evidence->campaign.size;
  if (!campaign && !referred)
    return evidence->web ? "direct" : NULL;
  Word source, medium, name;
  gboolean plain_referral = referred && evidence->source.size == 0 && evidence->medium.size == 0;
  word_of(&medium, plain_referral ? text_of("referral") : evidence->medium);
  word_of(&name, evidence->campaign);
  if (evidence->source.size || !referred)
    host_of(&host, evidence->source);
  word_of(&source, host_text(&host));
  return group(&source, site_of(&host), &medium, &name);
}

Text channel_find(ChannelEvidence *evidence, const ChannelHook *hook, char memory[CHANNEL_SCRATCH]) {
  Scratch scratch = {memory, memory + CHANNEL_SCRATCH};
  ClickId click = {0};
  if (evidence->url.size)
    read_query(evidence, &scratch, &click);
  if (evidence->channel.size)
    return evidence->channel;
  Text ruled = hook ? hook->find(evidence, hook->user) : (Text){NULL, 0};
  if (ruled.size)
    return ruled;
  gboolean anything =
      evidence->source.size || evidence->medium.size || evidence->campaign.size || evidence->referrer.size || click.source;
  const char *channel = anything || evidence->web ? derive(evidence, &click) : NULL;
  return text_of(channel ? channel : "unassigned");
}
