// SPDX-License-Identifier: Apache-2.0
/* Evidence in this order: a visit to a page or an app at a touchpoint with a name of its own is the web's, however it came there;
 * then what events of that name are; the channel; the words of the touchpoint's name; the place; the grade; else it is the web's.
 * Words are looked up once an entry of a dictionary, so an event costs a few table reads. */
#include "analysis/map_family.h"
#include "wire/event.h"
#include <string.h>

typedef enum { ADS, SOCIAL, SEARCH, WEB, MAIL, STORE, SERVICE, CLUB, UNKNOWN } Family;

enum { CODES = G_MAXUINT16 + 1 }; /* of names */

static const char *const names[MAP_FAMILIES] = {"ads", "social", "search", "web", "mail", "store", "service", "club"};

typedef struct {
  const char *word;
  Family family;
} Word;

/* Beginnings of channels and places that would say something else, or nothing, within a name. */
static const Word beginnings[] = {
    {"app", WEB},
    {"cross_network", ADS},
    {"event", STORE},
    {"mobile_push", MAIL},
    {"organic_social", SOCIAL},
    {"organic_video", SOCIAL},
    {"out_of_home", ADS},
    {"post", MAIL},
    {"price_comparison", SEARCH},
    {"referral_program", CLUB},
    {"return", SERVICE},
    {"spot", ADS},
};
/* Words of channels, places and names, in English and German: paid_search, direct_mail, "TV spot in May". */
static const Word words[] = {
    {"ad", ADS},
    {"ads", ADS},
    {"advertising", ADS},
    {"affiliate", ADS},
    {"affiliates", ADS},
    {"anzeige", ADS},
    {"audio", ADS},
    {"banner", ADS},
    {"billboard", ADS},
    {"cinema", ADS},
    {"cpc", ADS},
    {"display", ADS},
    {"kino", ADS},
    {"outdoor", ADS},
    {"paid", ADS},
    {"plakat", ADS},
    {"poster", ADS},
    {"print", ADS},
    {"radio", ADS},
    {"retargeting", ADS},
    {"television", ADS},
    {"tv", ADS},
    {"blog", SOCIAL},
    {"community", SOCIAL},
    {"facebook", SOCIAL},
    {"forum", SOCIAL},
    {"influencer", SOCIAL},
    {"instagram", SOCIAL},
    {"linkedin", SOCIAL},
    {"social", SOCIAL},
    {"tiktok", SOCIAL},
    {"youtube", SOCIAL},
    {"organic", SEARCH},
    {"referral", SEARCH},
    {"search", SEARCH},
    {"seo", SEARCH},
    {"suche", SEARCH},
    {"brief", MAIL},
    {"catalog", MAIL},
    {"email", MAIL},
    {"katalog", MAIL},
    {"letter", MAIL},
    {"mail", MAIL},
    {"mailing", MAIL},
    {"messenger", MAIL},
    {"newsletter", MAIL},
    {"push", MAIL},
    {"sms", MAIL},
    {"whatsapp", MAIL},
    {"branch", STORE},
    {"dealer", STORE},
    {"filiale", STORE},
    {"kasse", STORE},
    {"messe", STORE},
    {"pos", STORE},
    {"retail", STORE},
    {"showroom", STORE},
    {"store", STORE},
    {"till", STORE},
    {"call", SERVICE},
    {"chat", SERVICE},
    {"chatbot", SERVICE},
    {"complaint", SERVICE},
    {"delivery", SERVICE},
    {"hotline", SERVICE},
    {"lieferung", SERVICE},
    {"phone", SERVICE},
    {"reklamation", SERVICE},
    {"retoure", SERVICE},
    {"service", SERVICE},
    {"support", SERVICE},
    {"telefon", SERVICE},
    {"telephone", SERVICE},
    {"voice", SERVICE},
    {"club", CLUB},
    {"loyalty", CLUB},
    {"web", WEB},
    {"website", WEB},
};

/* Beginnings of standard names (docs/event-names.md). */
static const Word events[] = {
    {"Ad ", ADS},
    {"Affiliate ", ADS},
    {"Banner ", ADS},
    {"Catalog ", MAIL},
    {"Email ", MAIL},
    {"In-App Message ", MAIL},
    {"Letter ", MAIL},
    {"Newsletter ", MAIL},
    {"Push Notification ", MAIL},
    {"SMS ", MAIL},
    {"Advice Given", STORE},
    {"Event Attended", STORE},
    {"Store ", STORE},
    {"Call ", SERVICE},
    {"Chat ", SERVICE},
    {"Complaint ", SERVICE},
    {"Delivery ", SERVICE},
    {"Live Chat ", SERVICE},
    {"Maintenance ", SERVICE},
    {"Order Delivered", SERVICE},
    {"Order Refunded", SERVICE},
    {"Order Returned", SERVICE},
    {"Order Shipped", SERVICE},
    {"Product Returned", SERVICE},
    {"Return ", SERVICE},
    {"Service ", SERVICE},
    {"Support ", SERVICE},
    {"Survey ", SERVICE},
    {"Ticket ", SERVICE},
    {"Voice Assistant Used", SERVICE},
    {"Friend Invited", CLUB},
    {"Loyalty ", CLUB},
    {"Points ", CLUB},
    {"Product Reviewed", CLUB},
    {"Referral ", CLUB},
    {"Review ", CLUB},
};

struct MapFamilies {
  const Question *question;
  Field *channel, *place;
  guint8 *of_channel, *of_event, *of_stated, *of_rule; /* Family by entry, code, code, index */
  const char **ruled;                                  /* by index of the rule: what it states, or NULL */
  guint n_rules;
};

/* --- words ------------------------------------------------------------------------------------- */

static Family beginning(Text text, const Word *list, guint n, gboolean whole_words) {
  for (guint i = 0; i < n; i++) {
    gsize size = strlen(list[i].word);
    if (text.size >= size && g_ascii_strncasecmp(text.at, list[i].word, size) == 0 &&
        (!whole_words || text.size == size || !g_ascii_isalnum(text.at[size])))
      return list[i].family;
  }
  return UNKNOWN;
}

static Family of_event_name(Text name) {
  return beginning(name, events, G_N_ELEMENTS(events), FALSE);
}

/* The first word that says anything. */
static Family of_words(Text text) {
  Family family = UNKNOWN;
  for (guint32 i = 0; i < text.size && family == UNKNOWN; i++)
    if (g_ascii_isalnum(text.at[i]) && (i == 0 || !g_ascii_isalnum(text.at[i - 1])))
      family = beginning((Text){text.at + i, text.size - i}, words, G_N_ELEMENTS(words), TRUE);
  return family;
}

static Family of_channel_name(Text name) {
  Family family = beginning(name, beginnings, G_N_ELEMENTS(beginnings), TRUE);
  return family != UNKNOWN ? family : of_words(name);
}

/* --- making ready ------------------------------------------------------------------------------ */

static guint8 *judge_names(const Names *all, NameKind kind, Family (*judge)(Text)) {
  guint8 *families = g_malloc(CODES);
  memset(families, UNKNOWN, CODES); /* NAME_OTHER too */
  for (guint code = 1; code <= names_count(all, kind); code++)
    families[code] = (guint8)judge(names_text(all, kind, (guint16)code));
  return families;
}

MapFamilies *map_families_new(const Question *question, GError **error) {
  const Names *all = snapshot_names(question->snapshot);
  const GPtrArray *rules = question->project->touchpoints;
  g_autoptr(MapFamilies) families = g_new0(MapFamilies, 1);
  families->question = question;
  if (!(families->channel = field_new(question, "channel", error)) || !(families->place = field_new(question, "place", error)))
    return NULL;
  families->of_event = judge_names(all, NAME_EVENT, of_event_name);
  families->of_stated = judge_names(all, NAME_TOUCHPOINT, of_words);
  families->of_channel = g_malloc(field_shared_count(families->channel));
  for (guint32 entry = 0; entry < field_shared_count(families->channel); entry++)
    families->of_channel[entry] = (guint8)of_channel_name(field_shared_entry(families->channel, entry).text);
  families->n_rules = rules->len;
  families->of_rule = g_malloc(rules->len + 1);
  families->ruled = g_new(const char *, rules->len + 1);
  for (guint i = 0; i < rules->len; i++) {
    const Touchpoint *rule = rules->pdata[i];
    families->of_rule[i] = (guint8)of_words(text_of(rule->rule.name));
    families->ruled[i] = rule->family;
  }
  return g_steal_pointer(&families);
}

void map_families_free(MapFamilies *families) {
  if (!families)
    return;
  field_free(families->channel);
  field_free(families->place);
  guint8 *tables[] = {families->of_channel, families->of_event, families->of_stated, families->of_rule};
  for (guint i = 0; i < G_N_ELEMENTS(tables); i++)
    g_free(tables[i]);
  g_free(families->ruled);
  g_free(families);
}

const char *map_families_ruled(const MapFamilies *families, guint32 touchpoint) {
  return touchpoint < families->n_rules ? families->ruled[touchpoint] : NULL;
}

/* --- events -------------------------------------------------------------------------------------- */

gboolean map_family_block(MapFamilies *families, guint block, const Block *data, MapFamilyBlock *out, GError **error) {
  *out = (MapFamilyBlock){.families = families, .data = data, .block = block};
  return field_block(families->channel, block, data, &out->channel, error);
}

void map_family_block_clear(MapFamilyBlock *block) {
  field_block_clear(&block->channel);
  field_block_clear(&block->place);
}

/* Few events need it, so it is read when the first one does; what cannot be read says nothing. */
static Family of_place(MapFamilyBlock *block, guint32 event) {
  const MapFamilies *families = block->families;
  if (!block->placed && !field_block(families->place, block->block, block->data, &block->place, NULL))
    block->place = (FieldBlock){0};
  block->placed = TRUE;
  if (block->place.n_entries == 0)
    return UNKNOWN;
  ColumnEntry entry = field_entry(families->place, &block->place, codes_at(&block->place.codes, event));
  return entry.kind == VALUE_NONE ? UNKNOWN : of_channel_name(entry.text);
}

static Family of_grade(Grade grade) {
  switch (grade) {
  case GRADE_CONVERSATION: return SERVICE;
  case GRADE_VIEW: return ADS;
  case GRADE_OPEN:
  case GRADE_DELIVERED: return MAIL;
  default: return WEB;
  }
}

guint map_family_at(MapFamilyBlock *block, guint32 event, guint32 touchpoint) {
  const MapFamilies *families = block->families;
  const Block *data = block->data;
  guint32 stated = codes_at(&data->touchpoint, event);
  Grade grade = (Grade)codes_at(&data->grade, event);
  gboolean ruled = touchpoint < families->n_rules;
  if ((ruled || stated) && grade == GRADE_VISIT && bit_at(data->web, event))
    return WEB;
  Family family = families->of_event[codes_at(&data->event, event)];
  if (family == UNKNOWN)
    family = families->of_channel[codes_at(&block->channel.codes, event)];
  if (family == UNKNOWN)
    family = ruled ? families->of_rule[touchpoint] : families->of_stated[stated];
  if (family == UNKNOWN)
    family = of_place(block, event);
  return family == UNKNOWN ? of_grade(grade) : family;
}

const char *map_family_of(MapFamilyBlock *block, guint32 event, guint32 touchpoint) {
  const char *ruled = map_families_ruled(block->families, touchpoint);
  return ruled ? ruled : names[map_family_at(block, event, touchpoint)];
}

/* --- their order ----------------------------------------------------------------------------------- */

const char *map_family_name(guint family) {
  return names[family];
}

static guint family_rank(const char *family) {
  for (guint i = 0; i < MAP_FAMILIES; i++)
    if (strcmp(names[i], family) == 0)
      return i;
  return MAP_FAMILIES;
}

int map_family_compare(const char *a, const char *b) {
  guint x = family_rank(a), y = family_rank(b);
  return x != y ? (x > y) - (x < y) : strcmp(a, b);
}
