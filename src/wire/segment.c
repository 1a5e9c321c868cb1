/* SPDX-License-Identifier: Apache-2.0
 * segment.c: one pass over the object's members, then one over `context`; each member has one reader.
 * What names a person (device id, e-mail, phone, address of the network) becomes an identifier or is left
 * out, and never stays readable among the properties. */
#include "wire/segment.h"

#include "base/error.h"

struct Segment {
  Door *door;
  JsonIn *json;
  const Mapping *mapping; /* NULL: told by the object */
  Mapping *usual;         /* of flat objects without one */
  GString *raw;
  char *refusal;
  Text names[EVENT_PROPERTIES_MAX]; /* of the members of a flat object */
  Cell cells[EVENT_PROPERTIES_MAX];
};

static Mapping *usual_mapping(const Spaces *spaces) {
  static const char *const pairs[][2] = {{"user", "user_id"},     {"anonymous", "anonymous_id"},
                                         {"device", "device_id"}, {"time", "timestamp"},
                                         {"event", "event"},      {"id", "message_id"}};
  Mapping *mapping = mapping_new(spaces);
  for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
    mapping_map(mapping, pairs[i][0], pairs[i][1], NULL);
  return mapping;
}

Segment *segment_new(const DoorOptions *options, const Mapping *mapping, gsize size_max) {
  Segment *segment = g_new0(Segment, 1);
  segment->door = door_new(options);
  segment->json = json_in_new(size_max);
  segment->mapping = mapping;
  segment->usual = usual_mapping(options->spaces);
  segment->raw = g_string_new(NULL);
  return segment;
}

void segment_free(Segment *segment) {
  if (segment == NULL)
    return;
  door_free(segment->door);
  json_in_free(segment->json);
  mapping_free(segment->usual);
  g_string_free(segment->raw, TRUE);
  g_free(segment->refusal);
  g_free(segment);
}

/* --- values --------------------------------------------------------------------------------------- */

static const char *const why_too_large = "an event of more than 1 MiB";
static const char *const why_long_key = "a property name of more than 256 bytes";

/* What an event is being made of. */
typedef struct {
  Segment *segment;
  Event *event;
  const SegmentTimes *times;
  ChannelEvidence evidence;
  JsonValue timestamp, original, sent, received;
  gboolean has_timestamp, has_original, has_sent, has_received;
  const char *why;
} Reading;

static gboolean refuse(Reading *reading, const char *why) {
  reading->why = why;
  return FALSE;
}

static gboolean keep(Reading *reading, Text text, Text *kept) {
  char *at = door_take(reading->segment->door, text.size);
  if (at == NULL)
    return refuse(reading, why_too_large);
  if (text.size)
    memcpy(at, text.at, text.size);
  *kept = (Text){at, text.size};
  return TRUE;
}

/* A value as the text and kind of a cell; null is an empty VALUE_NONE. Strings stay in the tree. */
static gboolean cell_of(Reading *reading, JsonValue value, Cell *cell) {
  char buffer[JSON_NUMBER_SIZE];
  *cell = (Cell){{NULL, 0}, VALUE_NONE};
  switch (json_in_kind(value)) {
  case JSON_NULL: return TRUE;
  case JSON_TRUE: cell->kind = VALUE_TRUE; return TRUE;
  case JSON_FALSE: cell->kind = VALUE_FALSE; return TRUE;
  case JSON_STRING: *cell = (Cell){json_in_string(value), VALUE_TEXT}; return TRUE;
  case JSON_NUMBER: cell->kind = VALUE_NUMBER; return keep(reading, json_in_number(value, buffer), &cell->text);
  default: break;
  }
  cell->kind = VALUE_JSON;
  g_string_truncate(reading->segment->raw, 0);
  json_in_minify(value, reading->segment->raw);
  if (reading->segment->raw->len > EVENT_SIZE_MAX)
    return refuse(reading, why_too_large);
  return keep(reading, (Text){reading->segment->raw->str, (guint32)reading->segment->raw->len}, &cell->text);
}

/* Texts and numbers; everything else is empty. */
static gboolean scalar(Reading *reading, JsonValue value, Text *text) {
  Cell cell;
  JsonKind kind = json_in_kind(value);
  *text = (Text){NULL, 0};
  if (kind != JSON_STRING && kind != JSON_NUMBER)
    return TRUE;
  if (!cell_of(reading, value, &cell))
    return FALSE;
  *text = cell.text;
  return TRUE;
}

static gboolean has_property(const Event *event, Text key) {
  for (guint i = 0; i < event->n_properties; i++)
    if (text_equal(event->properties[i].key, key))
      return TRUE;
  return FALSE;
}

enum { KEY_SIZE_MAX = 256 };

/* Adds `prefix` + `name`; the first of equal names stays. */
static gboolean add(Reading *reading, const char *prefix, Text name, JsonValue value) {
  Cell cell;
  gsize prefix_size = strlen(prefix);
  if (name.size > KEY_SIZE_MAX)
    return refuse(reading, why_long_key);
  char *at = door_take(reading->segment->door, prefix_size + name.size);
  if (at == NULL)
    return refuse(reading, why_too_large);
  memcpy(at, prefix, prefix_size);
  if (name.size)
    memcpy(at + prefix_size, name.at, name.size);
  Text key = {at, (guint32)(prefix_size + name.size)};
  if (!cell_of(reading, value, &cell))
    return FALSE;
  if (cell.kind == VALUE_NONE || has_property(reading->event, key))
    return TRUE;
  return door_property(reading->event, key, cell.kind, cell.text, &reading->why);
}

static gboolean add_plain(Reading *reading, const char *key, Text text) {
  if (text.size == 0 || has_property(reading->event, text_of(key)))
    return TRUE;
  ValueKind kind = decimal_is_canonical(text) ? VALUE_NUMBER : VALUE_TEXT;
  return door_property(reading->event, text_of(key), kind, text, &reading->why);
}

static gboolean identify(Reading *reading, guint8 space, JsonValue value) {
  Text raw;
  if (!scalar(reading, value, &raw))
    return FALSE;
  door_identifier(reading->segment->door, reading->event, space, raw);
  return TRUE;
}

/* --- times ---------------------------------------------------------------------------------------- */

gboolean segment_time(const Segment *segment, JsonValue value, gint64 *instant_ms, const char **why) {
  char buffer[JSON_NUMBER_SIZE];
  JsonKind kind = json_in_kind(value);
  Text text = kind == JSON_NUMBER ? json_in_number(value, buffer) : json_in_string(value);
  return clock_parse(text, door_options(segment->door)->zone, instant_ms, why);
}

/* A sentAt or receivedAt that cannot be read corrects nothing. */
static gint64 time_or_none(const Segment *segment, gboolean given, JsonValue value) {
  const char *why;
  gint64 instant = 0;
  return given && segment_time(segment, value, &instant, &why) ? instant : 0;
}

/* timestamp + (receivedAt - sentAt): the device's own delay between happening and sending, read off one clock.
 * Where originalTimestamp stands beside it, timestamp was corrected already. */
static gboolean set_time(Reading *reading) {
  const Segment *segment = reading->segment;
  gint64 sent = time_or_none(segment, reading->has_sent, reading->sent);
  gint64 received = reading->times->received_ms;
  gint64 *instant = &reading->event->time_ms;
  if (sent == 0)
    sent = reading->times->sent_ms;
  if (received == 0)
    received = time_or_none(segment, reading->has_received, reading->received);
  gboolean original = reading->has_original && (!reading->has_timestamp || (sent && received));
  if (!original && !reading->has_timestamp) {
    *instant = received ? received : sent;
    return *instant || refuse(reading, "no time");
  }
  if (!segment_time(segment, original ? reading->original : reading->timestamp, instant, &reading->why))
    return FALSE;
  if (sent && received)
    *instant += received - sent;
  if (*instant < TIME_MS_MIN || *instant >= TIME_MS_MAX)
    return refuse(reading, "outside 1970-01-02 to 2105-12-31 once the device's clock is corrected");
  return TRUE;
}

/* --- context, traits, properties --------------------------------------------------------------------- */

typedef gboolean (*MemberFunc)(Reading *reading, Text name, JsonValue value);

static gboolean each_member(Reading *reading, JsonValue object, MemberFunc member) {
  JsonIter iter;
  Text name;
  JsonValue value;
  if (json_in_kind(object) != JSON_OBJECT)
    return TRUE;
  json_in_walk(&iter, object);
  while (json_in_next(&iter, &name, &value))
    if (!member(reading, name, value))
      return FALSE;
  return TRUE;
}

static gboolean read_campaign(Reading *reading, Text name, JsonValue value) {
  Text text;
  ChannelEvidence *evidence = &reading->evidence;
  if (!scalar(reading, value, &text))
    return FALSE;
  if (text_is(name, "source"))
    evidence->source = text;
  else if (text_is(name, "medium"))
    evidence->medium = text;
  else if (text_is(name, "name"))
    evidence->campaign = text;
  else if (text_is(name, "content"))
    evidence->content = text;
  else if (text_is(name, "term"))
    evidence->term = text;
  else
    return add(reading, "context.campaign.", name, value);
  return TRUE;
}

/* What consent tools call what we call a purpose, in any case of letters; OneTrust's are codes. */
static const char *purpose_of(Text category) {
  static const struct {
    const char *category, *key;
  } known[] = {{"measure", "consent.measure"},
               {"analytics", "consent.measure"},
               {"performance", "consent.measure"},
               {"statistics", "consent.measure"},
               {"c0002", "consent.measure"},
               {"personalise", "consent.personalise"},
               {"functional", "consent.personalise"},
               {"personalization", "consent.personalise"},
               {"preferences", "consent.personalise"},
               {"c0003", "consent.personalise"},
               {"profile", "consent.profile"},
               {"advertising", "consent.profile"},
               {"marketing", "consent.profile"},
               {"targeting", "consent.profile"},
               {"c0004", "consent.profile"}};
  for (guint i = 0; i < G_N_ELEMENTS(known); i++)
    if (category.size == strlen(known[i].category) && g_ascii_strncasecmp(category.at, known[i].category, category.size) == 0)
      return known[i].key;
  return NULL;
}

static gboolean add_answer(Reading *reading, Text category, gboolean granted) {
  const char *key = purpose_of(category);
  if (key == NULL || has_property(reading->event, text_of(key)))
    return TRUE;
  return door_property(reading->event, text_of(key), granted ? VALUE_TRUE : VALUE_FALSE, text_of(NULL), &reading->why);
}

/* Segment's consent: {Analytics: true, Advertising: false}. Refusals first, since the first answer to a purpose stays. */
static gboolean read_categories(Reading *reading, JsonValue categories) {
  for (gint granted = 0; granted < 2; granted++) {
    JsonIter iter;
    Text name;
    JsonValue value;
    json_in_walk(&iter, categories);
    while (iter.object && json_in_next(&iter, &name, &value))
      if (json_in_kind(value) == (granted ? JSON_TRUE : JSON_FALSE) && !add_answer(reading, name, granted))
        return FALSE;
  }
  return TRUE;
}

/* RudderStack's: {deniedConsentIds: ["Marketing"], allowedConsentIds: ["Analytics"]}. */
static gboolean read_consent_management(Reading *reading, JsonValue consents) {
  static const char *const lists[] = {"deniedConsentIds", "allowedConsentIds"};
  for (gint granted = 0; granted < 2; granted++) {
    JsonIter iter;
    Text unused;
    JsonValue list, id;
    if (!json_in_get(consents, lists[granted], &list) || json_in_kind(list) != JSON_ARRAY)
      continue;
    json_in_walk(&iter, list);
    while (json_in_next(&iter, &unused, &id))
      if (!add_answer(reading, json_in_string(id), granted))
        return FALSE;
  }
  return TRUE;
}

static gboolean read_contact(Reading *reading, Text name, JsonValue value) {
  return add(reading, "consent.contact.", name, value);
}

static gboolean read_consent(Reading *reading, Text name, JsonValue value) {
  if (text_is(name, "categoryPreferences"))
    return read_categories(reading, value);
  if (text_is(name, "contact") && json_in_kind(value) == JSON_OBJECT)
    return each_member(reading, value, read_contact);
  return add(reading, "consent.", name, value);
}

/* Its ids name somebody; model, manufacturer, type do not. */
static gboolean read_device(Reading *reading, Text name, JsonValue value) {
  if (text_is(name, "id"))
    return identify(reading, SPACE_DEVICE, value);
  if (text_is(name, "advertisingId") || text_is(name, "token"))
    return TRUE;
  return add(reading, "context.device.", name, value);
}

static gboolean read_traits(Reading *reading, Text name, JsonValue value) {
  if (text_is(name, "email"))
    return identify(reading, SPACE_EMAIL, value);
  if (text_is(name, "phone"))
    return identify(reading, SPACE_PHONE, value);
  if (text_is(name, "consent") && json_in_kind(value) == JSON_OBJECT)
    return each_member(reading, value, read_consent);
  return add(reading, "traits.", name, value);
}

/* Segment's way to name a person elsewhere: [{"type": "crm", "id": "4711"}]. */
static gboolean read_external_ids(Reading *reading, JsonValue list) {
  JsonIter iter;
  Text unused;
  JsonValue item, type, id;
  const Spaces *spaces = door_options(reading->segment->door)->spaces;
  if (json_in_kind(list) != JSON_ARRAY)
    return TRUE;
  json_in_walk(&iter, list);
  while (json_in_next(&iter, &unused, &item)) {
    int space = json_in_get(item, "type", &type) ? spaces_find(spaces, json_in_string(type)) : -1;
    if (space >= 0 && json_in_get(item, "id", &id) && !identify(reading, (guint8)space, id))
      return FALSE;
  }
  return TRUE;
}

static gboolean read_page(Reading *reading, JsonValue page) {
  JsonValue value;
  if (json_in_get(page, "url", &value) && reading->evidence.url.size == 0)
    reading->evidence.url = json_in_string(value);
  if (json_in_get(page, "referrer", &value) && reading->evidence.referrer.size == 0)
    reading->evidence.referrer = json_in_string(value);
  return TRUE;
}

static gboolean read_context(Reading *reading, Text name, JsonValue value) {
  Text account;
  if (text_is(name, "campaign"))
    return each_member(reading, value, read_campaign);
  if (text_is(name, "traits"))
    return each_member(reading, value, read_traits);
  if (text_is(name, "device"))
    return each_member(reading, value, read_device);
  if (text_is(name, "consent"))
    return each_member(reading, value, read_consent);
  if (text_is(name, "consentManagement"))
    return read_consent_management(reading, value);
  if (text_is(name, "externalIds"))
    return read_external_ids(reading, value);
  if (text_is(name, "channel"))
    return scalar(reading, value, &reading->evidence.channel);
  if (text_is(name, "touchpoint"))
    return scalar(reading, value, &reading->event->touchpoint);
  if (text_is(name, "groupId"))
    return scalar(reading, value, &account) && add_plain(reading, "account", account);
  if (text_is(name, "ip"))
    return TRUE;
  if (text_is(name, "page"))
    read_page(reading, value);
  return add(reading, "context.", name, value);
}

/* Who says "Consent Updated" names the purposes as its properties. */
static gboolean is_answer(JsonValue value) {
  JsonKind kind = json_in_kind(value);
  return kind == JSON_TRUE || kind == JSON_FALSE;
}

static gboolean read_property(Reading *reading, Text name, JsonValue value) {
  if (text_is(reading->event->name, "Consent Updated") &&
      (is_answer(value) || text_is(name, "version") || (text_is(name, "contact") && json_in_kind(value) == JSON_OBJECT)))
    return read_consent(reading, name, value);
  if (text_is(name, "consent") && json_in_kind(value) == JSON_OBJECT)
    return each_member(reading, value, read_consent);
  return add(reading, "properties.", name, value);
}

/* An amount that is none stays a property and gives no value. */
static gboolean set_value(Reading *reading, JsonValue properties) {
  static const char *const names[] = {"revenue", "total", "value"};
  JsonValue value;
  Text text;
  const char *why;
  Event *event = reading->event;
  if (json_in_get(properties, "currency", &value))
    door_currency(reading->segment->door, event, json_in_string(value), &why);
  for (guint i = 0; i < G_N_ELEMENTS(names) && !event->has_value; i++)
    if (json_in_get(properties, names[i], &value)) {
      if (!scalar(reading, value, &text))
        return FALSE;
      if (text.size)
        door_value(reading->segment->door, event, text, &why);
    }
  return TRUE;
}

/* Fields that have a short name of their own besides. */
static gboolean set_short_names(Reading *reading, JsonValue properties) {
  static const struct {
    const char *name, *key;
  } fields[] = {{"order_id", "order"}, {"orderId", "order"}, {"transaction_id", "order"}, {"score", "score"}};
  JsonValue value;
  Text text;
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
    if (json_in_get(properties, fields[i].name, &value) &&
        (!scalar(reading, value, &text) || !add_plain(reading, fields[i].key, text)))
      return FALSE;
  return TRUE;
}

static gboolean read_properties(Reading *reading, JsonValue properties) {
  if (json_in_kind(properties) != JSON_OBJECT)
    return TRUE;
  if (reading->event->call == CALL_PAGE)
    read_page(reading, properties);
  return set_value(reading, properties) && set_short_names(reading, properties) && each_member(reading, properties, read_property);
}

/* --- the whole object ------------------------------------------------------------------------------------ */

static const struct {
  const char *type;
  Call call;
  const char *name; /* NULL: the object says it */
} calls[] = {{"track", CALL_TRACK, NULL},        {"identify", CALL_IDENTIFY, "Identify"},
             {"page", CALL_PAGE, "Page Viewed"}, {"screen", CALL_SCREEN, "Screen Viewed"},
             {"group", CALL_GROUP, "Group"},     {"alias", CALL_ALIAS, "Alias"}};

static int find_call(Text name) {
  for (guint i = 0; i < G_N_ELEMENTS(calls); i++)
    if (text_is(name, calls[i].type))
      return (int)i;
  return -1;
}

static gboolean read_member(Reading *reading, Text name, JsonValue value) {
  Event *event = reading->event;
  if (text_is(name, "messageId"))
    return scalar(reading, value, &event->id);
  if (text_is(name, "event") && event->call == CALL_TRACK)
    return scalar(reading, value, &event->name);
  if (text_is(name, "name") || text_is(name, "category"))
    return (event->call != CALL_PAGE && event->call != CALL_SCREEN) || add(reading, "properties.", name, value);
  if (text_is(name, "traits"))
    return each_member(reading, value, read_traits);
  if (text_is(name, "context"))
    return each_member(reading, value, read_context);
  if (text_is(name, "groupId")) {
    Text account;
    return scalar(reading, value, &account) && add_plain(reading, "account", account);
  }
  return TRUE;
}

static gboolean take_if(JsonValue object, const char *name, JsonValue *value) {
  return json_in_get(object, name, value) && json_in_kind(*value) != JSON_NULL;
}

/* A previous id of the form of an anonymous one (a UUID, where the user's id is none) or equal to the event's
 * own anonymous id is anonymous, any other a user's. */
static gboolean is_uuid(Text text) {
  for (guint32 i = 0; i < text.size; i++) {
    gboolean dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text.at[i] != '-' : !g_ascii_isxdigit(text.at[i]))
      return FALSE;
  }
  return text.size == 36;
}

/* First of all, so that the user is the event's first identifier. */
static gboolean set_persons(Reading *reading, JsonValue object) {
  static const char *const names[] = {"userId", "anonymousId", "previousId"};
  Text ids[G_N_ELEMENTS(names)] = {{NULL, 0}};
  Door *door = reading->segment->door;
  Event *event = reading->event;
  JsonValue value;
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (json_in_get(object, names[i], &value) && !scalar(reading, value, &ids[i]))
      return FALSE;
  Text user = ids[0], anonymous = ids[1], previous = ids[2];
  gboolean is_anonymous = text_equal(previous, anonymous) || (is_uuid(previous) && !is_uuid(user));
  door_identifier(door, event, SPACE_USER, user);
  /* The old id of an alias must not stand beside the new one: the alias says how they join. */
  if (event->call != CALL_ALIAS || user.size == 0)
    door_identifier(door, event, SPACE_ANONYMOUS, anonymous);
  if (event->call == CALL_ALIAS && previous.size)
    door_alias(door, event, is_anonymous ? SPACE_ANONYMOUS : SPACE_USER, previous);
  if (event->call == CALL_ALIAS && !(event->has_alias && event->n_identifiers))
    return refuse(reading, "an alias without userId and previousId");
  return TRUE;
}

static gboolean read_segment(Reading *reading, JsonValue object, int call) {
  Event *event = reading->event;
  JsonValue properties;
  door_begin(reading->segment->door, event);
  event->call = call < 0 ? CALL_TRACK : calls[call].call;
  event->name = text_of(call < 0 ? NULL : calls[call].name);
  reading->has_timestamp = take_if(object, "timestamp", &reading->timestamp);
  reading->has_original = take_if(object, "originalTimestamp", &reading->original);
  reading->has_sent = take_if(object, "sentAt", &reading->sent);
  reading->has_received = take_if(object, "receivedAt", &reading->received);
  if (!set_time(reading) || !set_persons(reading, object) || !each_member(reading, object, read_member))
    return FALSE;
  if (json_in_get(object, "properties", &properties) && !read_properties(reading, properties))
    return FALSE;
  return door_finish(reading->segment->door, event, &reading->evidence, FALSE, &reading->why);
}

static gboolean is_segment(JsonValue object, int call) {
  static const char *const marks[] = {"userId", "anonymousId", "messageId", "properties"};
  JsonValue value;
  if (call >= 0)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(marks); i++)
    if (json_in_get(object, marks[i], &value))
      return TRUE;
  return FALSE;
}

static gboolean is_repeat(const Text *names, guint n, Text name) {
  for (guint i = 0; i < n; i++)
    if (text_equal(names[i], name))
      return TRUE;
  return FALSE;
}

static gboolean says_time(const Segment *segment, guint n) {
  for (guint i = 0; i < n; i++)
    if (text_is(segment->names[i], "timestamp") && segment->cells[i].text.size)
      return TRUE;
  return FALSE;
}

/* An object that arrives live without a time happened now. */
static gboolean add_received(Reading *reading, guint *n) {
  Segment *segment = reading->segment;
  char digits[24];
  g_snprintf(digits, sizeof digits, "%" G_GINT64_FORMAT, reading->times->received_ms);
  for (guint i = 0; i < *n; i++)
    if (text_is(segment->names[i], "timestamp")) { /* empty */
      segment->names[i] = segment->names[--*n];
      segment->cells[i] = segment->cells[*n];
    }
  if (*n == EVENT_PROPERTIES_MAX)
    return refuse(reading, "more than 512 properties");
  segment->names[*n] = text_of("timestamp");
  segment->cells[*n].kind = VALUE_NUMBER;
  return keep(reading, text_of(digits), &segment->cells[(*n)++].text);
}

/* Everything a flat object says goes through the same mapping as the cells of a row. */
static gboolean read_flat(Reading *reading, JsonValue object, const Mapping *mapping) {
  Segment *segment = reading->segment;
  JsonIter iter;
  Text name;
  JsonValue value;
  guint n = 0;
  gboolean rename = mapping == segment->usual && !json_in_get(object, "timestamp", &value);
  door_begin(segment->door, reading->event);
  json_in_walk(&iter, object);
  while (json_in_next(&iter, &name, &value)) {
    if (rename && text_is(name, "time"))
      name = text_of("timestamp");
    if (is_repeat(segment->names, n, name))
      continue;
    if (n == EVENT_PROPERTIES_MAX)
      return refuse(reading, "more than 512 properties");
    if (name.size > KEY_SIZE_MAX)
      return refuse(reading, why_long_key);
    segment->names[n] = name;
    if (!cell_of(reading, value, &segment->cells[n++]))
      return FALSE;
  }
  if (mapping == segment->usual && reading->times->received_ms && !says_time(segment, n) && !add_received(reading, &n))
    return FALSE;
  return mapping_apply_members(mapping, segment->door, segment->names, segment->cells, n, reading->event, &reading->why);
}

gboolean segment_read_value(Segment *segment, JsonValue object, const SegmentTimes *times, Event *event, const char **why) {
  static const SegmentTimes unknown = {0, 0};
  Reading reading = {.segment = segment, .event = event, .times = times ? times : &unknown};
  JsonValue type;
  gboolean good;
  if (json_in_kind(object) != JSON_OBJECT) {
    *why = "not a JSON object";
    return FALSE;
  }
  int call = segment->mapping == NULL && json_in_get(object, "type", &type) ? find_call(json_in_string(type)) : -1;
  if (call < 0 && segment->mapping == NULL && times && times->type)
    call = find_call(text_of(times->type));
  if (segment->mapping)
    good = read_flat(&reading, object, segment->mapping);
  else if (is_segment(object, call))
    good = read_segment(&reading, object, call);
  else
    good = read_flat(&reading, object, segment->usual);
  if (!good)
    *why = reading.why;
  return good;
}

gboolean segment_read(Segment *segment, Text json, const SegmentTimes *times, Event *event, const char **why) {
  g_autoptr(GError) error = NULL;
  JsonValue root;
  if (json_in_parse(segment->json, json.at, json.size, FALSE, &root, &error))
    return segment_read_value(segment, root, times, event, why);
  g_free(segment->refusal);
  *why = segment->refusal = g_strdup(error->message);
  return FALSE;
}
