/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/door.h"

#include "wire/address.h"
#include "wire/standard.h"

struct Door {
  DoorOptions options;
  char identifiers[EVENT_IDENTIFIERS_MAX + 1][IDENTIFIER_SIZE_MAX]; /* one more for an alias */
  char channel[CHANNEL_SCRATCH];
  char currency[MONEY_CURRENCY_SIZE];
  gsize taken;
  char memory[EVENT_SIZE_MAX]; /* pages that no event needs are never touched */
};

Door *door_new(const DoorOptions *options) {
  Door *door = g_malloc(sizeof *door);
  door->options = *options;
  door->taken = 0;
  return door;
}

void door_free(Door *door) {
  g_free(door);
}

const DoorOptions *door_options(const Door *door) {
  return &door->options;
}

void door_begin(Door *door, Event *event) {
  door->taken = 0;
  event_clear(event);
  event->web = door->options.web;
}

char *door_take(Door *door, gsize size) {
  if (size > sizeof door->memory - door->taken)
    return NULL;
  char *at = door->memory + door->taken;
  door->taken += size;
  return at;
}

static gboolean make(Door *door, Identifier *identifier, guint slot, guint8 space, Text raw) {
  const char *why;
  return identifier_make(identifier, door->options.spaces, door->options.key, space, raw, door->identifiers[slot], &why);
}

void door_identifier(Door *door, Event *event, guint8 space, Text raw) {
  guint n = event->n_identifiers;
  if (n == EVENT_IDENTIFIERS_MAX || !make(door, &event->identifiers[n], n, space, raw))
    return;
  const Identifier *made = &event->identifiers[n];
  for (guint i = 0; i < n; i++)
    if (event->identifiers[i].space == space && event->identifiers[i].hash.low == made->hash.low &&
        event->identifiers[i].hash.high == made->hash.high)
      return;
  event->n_identifiers++;
}

void door_alias(Door *door, Event *event, guint8 space, Text raw) {
  event->has_alias = make(door, &event->alias, EVENT_IDENTIFIERS_MAX, space, raw);
}

gboolean door_property(Event *event, Text key, ValueKind kind, Text text, const char **why) {
  if (event->n_properties == EVENT_PROPERTIES_MAX) {
    *why = "more than 512 properties";
    return FALSE;
  }
  event->properties[event->n_properties++] = (Property){key, kind, text};
  return TRUE;
}

gboolean door_value(Door *door, Event *event, Text amount, const char **why) {
  char currency[MONEY_CURRENCY_SIZE];
  if (!money_parse(amount, door->options.decimal, &event->value_micro, currency, why))
    return FALSE;
  event->has_value = TRUE;
  if (event->currency.size == 0 && *currency) {
    memcpy(door->currency, currency, sizeof currency);
    event->currency = text_of(door->currency);
  }
  return TRUE;
}

gboolean door_currency(Door *door, Event *event, Text code, const char **why) {
  for (guint i = 0; i < code.size; i++)
    if (code.size != 3 || !g_ascii_isalpha(code.at[i])) {
      *why = "a currency that is no code of three letters, as EUR";
      return FALSE;
    }
  for (guint i = 0; i < code.size; i++)
    door->currency[i] = g_ascii_toupper(code.at[i]);
  event->currency = (Text){door->currency, code.size};
  return TRUE;
}

/* Adds what the address or the columns said about the campaign, under the short names of conditions. */
static gboolean add_campaign(Event *event, const ChannelEvidence *evidence, const char **why) {
  const struct {
    const char *key;
    Text text;
  } fields[] = {{"source", evidence->source},
                {"medium", evidence->medium},
                {"campaign", evidence->campaign},
                {"content", evidence->content},
                {"term", evidence->term}};
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
    if (fields[i].text.size && !door_property(event, text_of(fields[i].key), VALUE_TEXT, fields[i].text, why))
      return FALSE;
  return TRUE;
}

static gboolean mark_campaign(Door *door, Event *event, const ChannelEvidence *evidence, const char **why) {
  const Text parts[] = {evidence->source, evidence->medium, evidence->campaign};
  gsize size = (gsize)parts[0].size + parts[1].size + parts[2].size;
  if (size == 0)
    return TRUE;
  char *at = door_take(door, size + 2);
  if (at == NULL) {
    *why = "an event of more than 1 MiB";
    return FALSE;
  }
  event->campaign_mark = (Text){at, (guint32)size + 2};
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
    if (i)
      *at++ = '\x1f';
    if (parts[i].size)
      memcpy(at, parts[i].at, parts[i].size);
    at += parts[i].size;
  }
  return TRUE;
}

static gboolean is_blank(Text text) {
  for (guint i = 0; i < text.size; i++)
    if (!g_ascii_isspace(text.at[i]))
      return FALSE;
  return TRUE;
}

static gboolean name_event(const Door *door, Event *event, const char **why) {
  if (is_blank(event->name)) {
    *why = "no event name";
    return FALSE;
  }
  if (event->name.size > EVENT_NAME_MAX) {
    *why = "an event name of more than 512 bytes";
    return FALSE;
  }
  if (door->options.aliases)
    event->name = standard_name(event->name);
  return TRUE;
}

/* A file that tells devices apart was written by a tag or an app, whatever it is called. */
static gboolean browses(const Door *door, const Event *event) {
  if (!door->options.devices_browse || !event->touch || event->initiator != INITIATOR_CUSTOMER || event->grade != GRADE_VISIT)
    return FALSE;
  for (guint i = 0; i < event->n_identifiers; i++)
    if (door->options.spaces->spaces[event->identifiers[i].space].strength == STRENGTH_DEVICE)
      return TRUE;
  return FALSE;
}

static gboolean cut_property(Door *door, Property *property, const char **why) {
  gboolean named = address_is_key(property->key), json = property->kind == VALUE_JSON;
  if (!(json ? named || address_may_be_in(property->text) : named && property->kind == VALUE_TEXT))
    return TRUE;
  gsize before = door->taken;
  char *room = door_take(door, property->text.size);
  if (room == NULL) {
    *why = "an event of more than 1 MiB";
    return FALSE;
  }
  guint32 size = json ? address_cut_json(property->text, named, room) : address_cut(property->text, room);
  if (size)
    property->text = (Text){room, size};
  door->taken = before + size;
  return TRUE;
}

/* Nobody's whole address goes any further than here. */
static gboolean cut_addresses(Door *door, Event *event, const char **why) {
  for (guint i = 0; i < event->n_properties; i++)
    if (!cut_property(door, &event->properties[i], why))
      return FALSE;
  return TRUE;
}

gboolean door_finish(Door *door, Event *event, const ChannelEvidence *given, gboolean cost, const char **why) {
  ChannelEvidence evidence = *given;
  if (!name_event(door, event, why))
    return FALSE;
  StandardFacts facts = standard_facts(event->name);
  gboolean acts = event->call == CALL_TRACK || event->call == CALL_PAGE || event->call == CALL_SCREEN;
  event->initiator = facts.initiator;
  event->touch = acts && !cost && facts.initiator != INITIATOR_SYSTEM;
  event->grade = event->touch ? facts.grade : GRADE_NONE;
  event->web = event->web || browses(door, event);
  evidence.web = event->web;
  event->converses = evidence.channel.size > 0;
  event->channel = channel_find(&evidence, door->options.hook, door->channel);
  return cut_addresses(door, event, why) && add_campaign(event, &evidence, why) && mark_campaign(door, event, &evidence, why);
}
