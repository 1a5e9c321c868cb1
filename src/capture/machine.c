// SPDX-License-Identifier: Apache-2.0
// One expression a reason, tried in order. A word stands here when machines write it and human browsers, in-app ones
// included, do not: "bot" but not "cubot" (a maker of phones), no Telegram, Pinterest or Instagram by name alone.
// Whoever follows a link has a browser, which says so first.
#include "capture/machine.h"

#include "base/regex.h"
#include <pthread.h>

enum { RECENT_BITS = 12 };

typedef struct {
  guint64 who, what;
  gint64 at_ms;
} Recent;

typedef struct {
  const char *reason;
  guint acts; /* a bit a MachineAct */
  const char *pattern;
  gboolean unless; /* who does not match */
} Rule;

#define BROWSING (1u << MACHINE_BROWSING)
#define FOLLOWING (1u << MACHINE_FOLLOWING)
#define LOADING (1u << MACHINE_LOADING)

static const Rule rules[] = {
    /* A mail's pictures loaded on arrival: Apple's proxy says nothing else, Yahoo's its name. Google's loads when read. */
    {"prefetch", LOADING, "^Mozilla/5\\.0$|YahooMailProxy|^$"},
    {"scanner", FOLLOWING | LOADING,
     "(?i)barracuda|proofpoint|mimecast|messagelabs|symantec|ironport|trend "
     "?micro|tmufe|sophos|fireeye|trellix|forti(net|guard|mail)|"
     "zscaler|bitdefender|avast|kaspersky|checkpoint|palo ?alto|expanse|virustotal|urlscan|phish|safe ?links|cloudmark|spamexperts|"
     "hornetsecurity|retarus|(existence|protocol) discovery|office(365)? (protection|atp)"},
    {"bot", BROWSING | FOLLOWING | LOADING,
     "(?i)(^|[^u])bot|crawl|spider|slurp|scrap(er|y|ing)|archiver|indexer|fetcher|"
     "facebook(externalhit|catalog)|meta-external|skypeuripreview|slack-?img|whatsapp/|vkshare|embedly|iframely|flipboardproxy|"
     "(link|web|url|page) ?-?(preview|check|expand|valid|analy)|bingpreview|mediapartners|apis-google|adsbot|googleother|"
     "google-(inspection|read-aloud|structured|site-veri|safety|extended|notebooklm)|google (favicon|web preview|page speed)|"
     "googledocs|googleassociation|lighthouse|page "
     "?speed|gtmetrix|pingdom|uptime|statuscake|site24x7|monitor|nagios|zabbix|check_http|"
     "newrelic|datadog|catchpoint|dynatrace|webpagetest|"
     "yandex(accessibility|ad|direct|favicon|image|market|media|metrika|mobile|news|page|render|screenshot|search|video|webmaster|"
     "turbo)|"
     "baidu-yun|duckduckgo-favicons|qwantify|seznam|sogou|exabot|heritrix|nutch|ia_archiver|wayback|httrack|"
     "screaming ?frog|semrush|ahrefs|majestic|moz\\.com|sistrix|serpstat|seokicks|netcraft|censys|shodan|zgrab|masscan|nmap|nikto|"
     "nessus|qualys|nuclei|wpscan|phantomjs|slimerjs|chatgpt|perplexity|claude-|anthropic|openai|cohere-|"
     "feedly|feedburner|feedbin|newsblur|inoreader|simplepie|universalfeedparser|validator|jigsaw|w3c_|"
     "preview ?service|snippet|prerender|rendertron|https?:/|\\bwww\\.|[a-z]@[a-z]|\\bfeeds?\\b|feeder|rss|scanner|"
     "vulnerab|compatible; [b-ln-z]"},
    {"bot", FOLLOWING, "(?i)^Mozilla/[45]\\.0$|headless"},
    {"bot", FOLLOWING,
     "^(Mozilla|Opera|UCWEB|Dalvik|Nokia|SAMSUNG|BlackBerry|LG|SonyEricsson|Microsoft Office|Outlook|okhttp)|CFNetwork|Darwin/",
     TRUE},
    {"bot", LOADING, "(?i)^(curl|wget|python|go-http|axios|node|libwww|php|ruby|perl)|headless"},
};

struct Machines {
  HashKey key;
  Regex *rules[G_N_ELEMENTS(rules)];
  const char *of_nobody[MACHINE_LOADING + 1]; /* by act: what no agent at all means, as most servers send */
  pthread_mutex_t mutex;
  Recent recent[1 << RECENT_BITS];
};

static const char *match(const Machines *machines, Text user_agent, MachineAct act) {
  for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
    if (rules[i].acts >> act & 1 && regex_match(machines->rules[i], text_some(user_agent)) != rules[i].unless)
      return rules[i].reason;
  return NULL;
}

Machines *machines_new(const HashKey *key) {
  Machines *machines = g_new0(Machines, 1);
  machines->key = *key;
  pthread_mutex_init(&machines->mutex, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
    g_autoptr(GError) error = NULL;
    machines->rules[i] = regex_new(rules[i].pattern, &error);
    if (machines->rules[i] == NULL)
      g_error("the rule %u of machines is broken: %s", i, error->message);
  }
  for (guint act = 0; act < G_N_ELEMENTS(machines->of_nobody); act++)
    machines->of_nobody[act] = match(machines, text_of(""), (MachineAct)act);
  return machines;
}

void machines_free(Machines *machines) {
  if (machines == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
    regex_free(machines->rules[i]);
  pthread_mutex_destroy(&machines->mutex);
  g_free(machines);
}

const char *machine_by_agent(const Machines *machines, Text user_agent, MachineAct act) {
  return user_agent.size ? match(machines, user_agent, act) : machines->of_nobody[act];
}

gboolean machine_in_haste(Machines *machines, const char *who, const char *what, gint64 now_ms) {
  guint64 who_hash = hash64(&machines->key, who, strlen(who)), what_hash = hash64(&machines->key, what, strlen(what));
  Recent *slot = &machines->recent[who_hash >> (64 - RECENT_BITS)];
  pthread_mutex_lock(&machines->mutex);
  Recent before = *slot;
  *slot = (Recent){who_hash, what_hash, now_ms};
  pthread_mutex_unlock(&machines->mutex);
  return before.who == who_hash && before.what != what_hash && now_ms - before.at_ms < MACHINE_HASTE_MS;
}
