/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/segment.h"

static const HashKey key = {{1, 2, 3}};
#define NOON G_GINT64_CONSTANT(1766577600000) /* 2025-12-24T12:00:00Z */

typedef struct {
  Spaces *spaces;
  DoorOptions options;
  Segment *segment;
  SegmentTimes times;
  Event *event;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
  f->spaces = spaces_new();
  f->options = (DoorOptions){.spaces = f->spaces, .key = &key, .aliases = TRUE};
  f->segment = segment_new(&f->options, NULL, 1 << 22);
  f->times = (SegmentTimes){0, 0};
  f->event = g_new(Event, 1);
}

static void tear_down(Fixture *f, gconstpointer unused) {
  g_free(f->event);
  segment_free(f->segment);
  spaces_free(f->spaces);
}

static void reopen(Fixture *f, const Mapping *mapping) {
  segment_free(f->segment);
  f->segment = segment_new(&f->options, mapping, 1 << 22);
}

static void good(Fixture *f, const char *json) {
  const char *why = "";
  if (!segment_read(f->segment, text_of(json), &f->times, f->event, &why))
    g_error("%s: %s", json, why);
}

static void bad(Fixture *f, const char *json, const char *word) {
  const char *why = "";
  if (segment_read(f->segment, text_of(json), &f->times, f->event, &why))
    g_error("accepted: %s", json);
  if (!strstr(why, word))
    g_error("%s: \"%s\" lacks \"%s\"", json, why, word);
}

static void test_no_times(Fixture *f, gconstpointer unused) {
  const char *why = "";
  g_assert_true(segment_read(f->segment,
                             text_of("{\"userId\":\"u\",\"event\":\"Signed Up\",\"timestamp\":\"2025-12-24T12:00:00Z\"}"), NULL,
                             f->event, &why));
  g_assert_cmpint(f->event->time_ms, ==, NOON);
}

static const Property *property(const Event *event, const char *name) {
  for (guint i = 0; i < event->n_properties; i++)
    if (text_is(event->properties[i].key, name))
      return &event->properties[i];
  return NULL;
}

static void assert_property(const Event *event, const char *name, ValueKind kind, const char *value) {
  const Property *found = property(event, name);
  if (found == NULL)
    g_error("no property %s", name);
  g_autofree char *text = text_dup(found->text);
  g_assert_cmpstr(text, ==, value);
  g_assert_cmpint(found->kind, ==, kind);
}

static Identifier expected(const Fixture *f, guint8 space, const char *raw) {
  static char scratch[IDENTIFIER_SIZE_MAX];
  const char *why;
  Identifier identifier;
  g_assert_true(identifier_make(&identifier, f->spaces, &key, space, text_of(raw), scratch, &why));
  return identifier;
}

static gboolean names(const Fixture *f, guint8 space, const char *raw) {
  Identifier wanted = expected(f, space, raw);
  for (guint i = 0; i < f->event->n_identifiers; i++)
    if (f->event->identifiers[i].space == space && f->event->identifiers[i].hash.low == wanted.hash.low)
      return TRUE;
  return FALSE;
}

static void test_track(Fixture *f, gconstpointer unused) {
  good(f, "{\"type\":\"track\",\"event\":\"Order Completed\",\"messageId\":\"m1\",\"userId\":\"anna\",\"anonymousId\":\"d1\","
          "\"timestamp\":\"2025-12-24T12:00:00.000Z\",\"properties\":{\"order_id\":4711,\"revenue\":99.90,\"total\":120,"
          "\"currency\":\"eur\","
          "\"gift\":true,\"coupon\":null,\"products\":[{\"sku\":\"a\",\"price\":10.5}],\"zip\":\"01067\"},"
          "\"integrations\":{\"All\":false}}");
  const Event *event = f->event;
  g_assert_cmpint(event->time_ms, ==, NOON);
  g_assert_true(text_is(event->id, "m1") && text_is(event->name, "Order Completed"));
  g_assert_cmpuint(event->n_identifiers, ==, 2);
  g_assert_cmpuint(event->identifiers[0].space, ==, SPACE_USER);
  g_assert_true(names(f, SPACE_USER, "anna") && names(f, SPACE_ANONYMOUS, "d1"));
  g_assert_true(event->has_value);
  g_assert_cmpint(event->value_micro, ==, 99900000); /* revenue before total */
  g_assert_true(text_is(event->currency, "EUR"));
  assert_property(event, "order", VALUE_NUMBER, "4711");
  assert_property(event, "properties.order_id", VALUE_NUMBER, "4711");
  assert_property(event, "properties.gift", VALUE_TRUE, "");
  assert_property(event, "properties.products", VALUE_JSON, "[{\"sku\":\"a\",\"price\":10.5}]");
  assert_property(event, "properties.zip", VALUE_TEXT, "01067");
  g_assert_null(property(event, "properties.coupon"));
  g_assert_true(event->touch && event->call == CALL_TRACK);
}

static void test_values(Fixture *f, gconstpointer unused) {
  static const struct {
    const char *properties;
    gboolean has;
    gint64 micro;
  } rows[] = {{"{\"total\":5,\"value\":7}", TRUE, 5000000},
              {"{\"value\":\"7.50\"}", TRUE, 7500000},
              {"{\"revenue\":null,\"value\":1}", TRUE, 1000000},
              {"{\"revenue\":\"much\",\"total\":2}", TRUE, 2000000},
              {"{\"revenue\":\"much\"}", FALSE, 0},
              {"{\"revenue\":{}}", FALSE, 0},
              {"{\"revenue\":1e300}", FALSE, 0},
              {"{}", FALSE, 0}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *json =
        g_strdup_printf("{\"type\":\"track\",\"event\":\"x\",\"timestamp\":\"2025-12-24\",\"properties\":%s}", rows[i].properties);
    good(f, json);
    g_assert_cmpint(f->event->has_value, ==, rows[i].has);
    if (rows[i].has)
      g_assert_cmpint(f->event->value_micro, ==, rows[i].micro);
  }
}

static void test_skew(Fixture *f, gconstpointer unused) {
  /* The device's clock is an hour behind: sent at 11:00:10 by its clock, received at 12:00:10. */
  good(f, "{\"type\":\"track\",\"event\":\"x\",\"timestamp\":\"2025-12-24T11:00:00Z\",\"sentAt\":\"2025-12-24T11:00:10Z\","
          "\"receivedAt\":\"2025-12-24T12:00:10Z\"}");
  g_assert_cmpint(f->event->time_ms, ==, NOON);
  /* An export has both times; `timestamp` is the corrected one, and correcting gives it again. */
  good(f,
       "{\"type\":\"track\",\"event\":\"x\",\"timestamp\":\"2025-12-24T12:00:00Z\",\"originalTimestamp\":\"2025-12-24T11:00:00Z\","
       "\"sentAt\":\"2025-12-24T11:00:10Z\",\"receivedAt\":\"2025-12-24T12:00:10Z\"}");
  g_assert_cmpint(f->event->time_ms, ==, NOON);
  /* With one of the three missing nothing is corrected. */
  good(f, "{\"type\":\"track\",\"event\":\"x\",\"timestamp\":\"2025-12-24T12:00:00Z\",\"sentAt\":\"2025-12-24T11:00:10Z\"}");
  g_assert_cmpint(f->event->time_ms, ==, NOON);
  good(f, "{\"type\":\"track\",\"event\":\"x\",\"timestamp\":\"2025-12-24T12:00:00Z\",\"sentAt\":\"soon\",\"receivedAt\":\"2025-12-"
          "24\"}");
  g_assert_cmpint(f->event->time_ms, ==, NOON);
  /* What we know ourselves wins over what the message states; the batch's sentAt stands in. */
  f->times = (SegmentTimes){NOON + 10000, NOON - MS_HOUR + 10000};
  good(f, "{\"type\":\"track\",\"event\":\"x\",\"timestamp\":\"2025-12-24T11:00:00Z\",\"receivedAt\":\"2020-01-01T00:00:00Z\"}");
  g_assert_cmpint(f->event->time_ms, ==, NOON);
}

static void test_times(Fixture *f, gconstpointer unused) {
  good(f, "{\"type\":\"track\",\"event\":\"x\",\"timestamp\":1766577600}");
  g_assert_cmpint(f->event->time_ms, ==, NOON);
  good(f, "{\"type\":\"track\",\"event\":\"x\",\"timestamp\":1766577600123}");
  g_assert_cmpint(f->event->time_ms, ==, NOON + 123);
  bad(f, "{\"type\":\"track\",\"event\":\"x\"}", "no time");
  bad(f, "{\"type\":\"track\",\"event\":\"x\",\"timestamp\":null}", "no time");
  bad(f, "{\"type\":\"track\",\"event\":\"x\",\"timestamp\":\"2025-02-30\"}", "impossible date");
  bad(f, "{\"type\":\"track\",\"event\":\"x\",\"timestamp\":{}}", "not a time");
  f->times.received_ms = NOON;
  good(f, "{\"type\":\"track\",\"event\":\"x\"}"); /* happened when it came */
  g_assert_cmpint(f->event->time_ms, ==, NOON);
  f->times.sent_ms = TIME_MS_MAX - 1;
  bad(f, "{\"type\":\"track\",\"event\":\"x\",\"timestamp\":\"1970-01-02T00:00:00Z\"}", "device's clock");
}

static void test_context(Fixture *f, gconstpointer unused) {
  f->options.web = TRUE;
  reopen(f, NULL);
  good(f, "{\"type\":\"page\",\"name\":\"Home\",\"anonymousId\":\"d1\",\"timestamp\":\"2025-12-24T12:00:00Z\",\"context\":{"
          "\"page\":{\"url\":\"https://s.example/?utm_term=t\",\"referrer\":\"https://www.google.com/\"},"
          "\"campaign\":{\"source\":\"google\",\"medium\":\"cpc\",\"name\":\"spring\",\"id\":\"7\"},"
          "\"device\":{\"id\":\"dev-1\",\"advertisingId\":\"ad-1\",\"model\":\"M\"},\"touchpoint\":\"Start page\","
          "\"consent\":{\"measure\":true,\"profile\":false},\"ip\":\"192.0.2.1\",\"timezone\":\"Europe/Berlin\","
          "\"traits\":{\"email\":\"Anna@Example.com\",\"plan\":\"pro\"},\"externalIds\":[{\"type\":\"crm\",\"id\":\"K1\"},{"
          "\"type\":\"other\",\"id\":\"x\"},5],"
          "\"groupId\":\"acme\"}}");
  const Event *event = f->event;
  g_assert_true(text_is(event->name, "Page Viewed") && event->call == CALL_PAGE && event->web);
  g_assert_true(text_is(event->channel, "paid_search") && !event->converses);
  g_assert_true(text_is(event->campaign_mark, "google\x1f"
                                              "cpc\x1fspring"));
  g_assert_true(text_is(event->touchpoint, "Start page"));
  g_assert_cmpuint(event->n_identifiers, ==, 4);
  g_assert_true(names(f, SPACE_ANONYMOUS, "d1") && names(f, SPACE_DEVICE, "dev-1") && names(f, SPACE_EMAIL, "anna@example.com") &&
                names(f, SPACE_CRM, "K1"));
  assert_property(event, "properties.name", VALUE_TEXT, "Home");
  assert_property(event, "campaign", VALUE_TEXT, "spring");
  assert_property(event, "term", VALUE_TEXT, "t");
  assert_property(event, "context.campaign.id", VALUE_TEXT, "7");
  assert_property(event, "consent.measure", VALUE_TRUE, "");
  assert_property(event, "consent.profile", VALUE_FALSE, "");
  assert_property(event, "context.timezone", VALUE_TEXT, "Europe/Berlin");
  assert_property(event, "context.device.model", VALUE_TEXT, "M");
  assert_property(event, "traits.plan", VALUE_TEXT, "pro");
  assert_property(event, "account", VALUE_TEXT, "acme");
}

/* Nothing that names somebody may be readable among the properties. */
static void test_no_names_in_properties(Fixture *f, gconstpointer unused) {
  static const char *const secrets[] = {"SECRET1", "SECRET2", "SECRET3", "SECRET4", "192.0.2.1", "SECRET6"};
  good(f,
       "{\"type\":\"identify\",\"userId\":\"u\",\"timestamp\":\"2025-12-24\",\"traits\":{\"email\":\"SECRET1@x\",\"phone\":"
       "\"SECRET2\"},"
       "\"context\":{\"device\":{\"id\":\"SECRET3\",\"advertisingId\":\"SECRET4\",\"token\":\"SECRET6\"},\"ip\":\"192.0.2.1\"}}");
  for (guint i = 0; i < f->event->n_properties; i++)
    for (guint k = 0; k < G_N_ELEMENTS(secrets); k++) {
      g_autofree char *text = text_dup(f->event->properties[i].text);
      g_assert_null(strstr(text, secrets[k]));
    }
  g_assert_cmpuint(f->event->n_identifiers, ==, 4);
}

static void test_stated_channel(Fixture *f, gconstpointer unused) {
  good(f, "{\"type\":\"track\",\"event\":\"Call "
          "Started\",\"userId\":\"u\",\"timestamp\":\"2025-12-24\",\"context\":{\"channel\":\"phone\"}}");
  g_assert_true(text_is(f->event->channel, "phone") && f->event->converses);
  g_assert_cmpint(f->event->grade, ==, GRADE_CONVERSATION);
  good(f, "{\"type\":\"track\",\"event\":\"x\",\"channel\":\"server\",\"timestamp\":\"2025-12-24\"}"); /* Segment's own member is
                                                                                                          none */
  g_assert_true(text_is(f->event->channel, "unassigned") && !f->event->converses);
}

static void test_calls(Fixture *f, gconstpointer unused) {
  good(f, "{\"type\":\"identify\",\"userId\":\"u\",\"timestamp\":\"2025-12-24\",\"traits\":{\"plan\":\"pro\"}}");
  g_assert_true(f->event->call == CALL_IDENTIFY && !f->event->touch);
  assert_property(f->event, "traits.plan", VALUE_TEXT, "pro");
  good(f, "{\"type\":\"group\",\"userId\":\"u\",\"groupId\":\"acme\",\"timestamp\":\"2025-12-24\"}");
  g_assert_true(f->event->call == CALL_GROUP && !f->event->touch);
  assert_property(f->event, "account", VALUE_TEXT, "acme");
  good(f, "{\"type\":\"screen\",\"anonymousId\":\"d\",\"name\":\"Start\",\"timestamp\":\"2025-12-24\"}");
  g_assert_true(text_is(f->event->name, "Screen Viewed") && f->event->touch);
  good(f, "{\"userId\":\"u\",\"event\":\"x\",\"timestamp\":\"2025-12-24\"}"); /* no type: a track */
  g_assert_true(f->event->call == CALL_TRACK);
}

static void test_alias(Fixture *f, gconstpointer unused) {
  good(f, "{\"type\":\"alias\",\"userId\":\"new\",\"previousId\":\"old\",\"timestamp\":\"2025-12-24\"}");
  g_assert_true(f->event->has_alias && f->event->call == CALL_ALIAS && !f->event->touch);
  g_assert_cmpuint(f->event->alias.space, ==, SPACE_USER);
  g_assert_cmphex(f->event->alias.hash.low, ==, expected(f, SPACE_USER, "old").hash.low);
  g_assert_true(names(f, SPACE_USER, "new"));
  good(f, "{\"type\":\"alias\",\"userId\":\"new\",\"previousId\":\"d1\",\"anonymousId\":\"d1\",\"timestamp\":\"2025-12-24\"}");
  g_assert_cmpuint(f->event->alias.space, ==, SPACE_ANONYMOUS);
  g_assert_cmpuint(f->event->n_identifiers, ==, 1);
  good(f, "{\"type\":\"alias\",\"userId\":\"new\",\"previousId\":\"0b5c0f4e-8f3a-4d6e-9a43-7f6a3b1c2d00\",\"timestamp\":\"2025-12-"
          "24\"}");
  g_assert_cmpuint(f->event->alias.space, ==, SPACE_ANONYMOUS);
  bad(f, "{\"type\":\"alias\",\"userId\":\"new\",\"timestamp\":\"2025-12-24\"}", "previousId");
  bad(f, "{\"type\":\"alias\",\"previousId\":\"old\",\"timestamp\":\"2025-12-24\"}", "userId");
}

static void test_names_of_vendors(Fixture *f, gconstpointer unused) {
  good(f, "{\"type\":\"track\",\"event\":\"add_to_cart\",\"timestamp\":\"2025-12-24\"}");
  g_assert_true(text_is(f->event->name, "Product Added"));
  f->options.aliases = FALSE;
  reopen(f, NULL);
  good(f, "{\"type\":\"track\",\"event\":\"add_to_cart\",\"timestamp\":\"2025-12-24\"}");
  g_assert_true(text_is(f->event->name, "add_to_cart"));
}

static void test_flat(Fixture *f, gconstpointer unused) {
  good(f, "{\"user_id\":7,\"timestamp\":\"2025-12-24T12:00:00Z\",\"event\":\"visit\",\"amount\":12.50,\"vip\":false,\"tags\":[1,2],"
          "\"no\":null,\"amount\":1}");
  g_assert_cmpint(f->event->time_ms, ==, NOON);
  g_assert_true(names(f, SPACE_USER, "7") && text_is(f->event->name, "visit"));
  assert_property(f->event, "properties.amount", VALUE_NUMBER, "12.5"); /* the first of two */
  assert_property(f->event, "properties.vip", VALUE_FALSE, "");
  assert_property(f->event, "properties.tags", VALUE_JSON, "[1,2]");
  g_assert_cmpuint(f->event->n_properties, ==, 3);
  good(f, "{\"time\":1766577600,\"event\":\"visit\"}");
  g_assert_cmpint(f->event->time_ms, ==, NOON);
  bad(f, "{\"user_id\":7,\"event\":\"visit\"}", "no time");
  bad(f, "{\"user_id\":7,\"time\":\"2025-12-24\"}", "no event name");
}

static void test_flat_with_mapping(Fixture *f, gconstpointer unused) {
  g_autoptr(Mapping) mapping = mapping_new(f->spaces);
  g_assert_true(mapping_map(mapping, "person", "who", NULL) && mapping_map(mapping, "time", "at", NULL));
  g_assert_true(mapping_map(mapping, "event", "type", NULL) && mapping_map(mapping, "value", "eur", NULL));
  g_assert_true(mapping_set(mapping, "currency", "EUR", NULL) && mapping_check_fields(mapping, NULL));
  f->options.aliases = FALSE;
  reopen(f, mapping);
  good(f, "{\"who\":\"anna\",\"at\":\"2025-12-24T12:00:00Z\",\"type\":\"track\",\"eur\":19.99,\"userId\":\"x\"}");
  g_assert_true(names(f, SPACE_USER, "anna") && text_is(f->event->name, "track")); /* the mapping decides, not the look */
  g_assert_cmpint(f->event->value_micro, ==, 19990000);
  g_assert_true(text_is(f->event->currency, "EUR"));
  assert_property(f->event, "properties.userId", VALUE_TEXT, "x");
  bad(f, "{\"who\":\"anna\",\"at\":\"2025-12-24\",\"type\":\"x\",\"eur\":\"lots\"}", "not an amount");
}

static void test_refusals(Fixture *f, gconstpointer unused) {
  bad(f, "", "empty");
  bad(f, "{\"type\":", "not valid JSON");
  bad(f, "[1]", "not a JSON object");
  bad(f, "7", "not a JSON object");
  bad(f, "{\"type\":\"track\",\"timestamp\":\"2025-12-24\"}", "no event name");
  bad(f, "{\"type\":\"track\",\"event\":7.5e400,\"timestamp\":\"2025-13-24\"}", "impossible date");
  g_autoptr(GString) many =
      g_string_new("{\"type\":\"track\",\"event\":\"x\",\"timestamp\":\"2025-12-24\",\"properties\":{\"a\":0");
  for (guint i = 0; i < EVENT_PROPERTIES_MAX; i++)
    g_string_append_printf(many, ",\"p%u\":1", i);
  g_string_append(many, "}}");
  bad(f, many->str, "512 properties");
  g_autofree char *blob = g_strnfill(EVENT_SIZE_MAX + 1, 'x'), *name = g_strnfill(300, 'k');
  g_autofree char *large =
      g_strdup_printf("{\"type\":\"track\",\"event\":\"x\",\"timestamp\":\"2025-12-24\",\"properties\":{\"a\":[\"%s\"]}}", blob);
  g_autofree char *longer =
      g_strdup_printf("{\"type\":\"track\",\"event\":\"x\",\"timestamp\":\"2025-12-24\",\"properties\":{\"%s\":1}}", name);
  bad(f, large, "1 MiB");
  bad(f, longer, "256 bytes");
  good(f, "{\"type\":\"track\",\"event\":\"x\",\"timestamp\":\"2025-12-24\"}"); /* and goes on after all that */
}

static void test_repaired(Fixture *f, gconstpointer unused) {
  good(f, "{\"type\":\"track\",\"event\":\"x\",\"timestamp\":\"2025-12-24\",\"properties\":{\"a\":\"\\ud83d\",\"n\":"
          "12345678901234567890123,\"f\":NaN}}");
  assert_property(f->event, "properties.a", VALUE_TEXT, "\ufffd");
  assert_property(f->event, "properties.n", VALUE_NUMBER, "12345678901234567890123");
  g_assert_null(property(f->event, "properties.f"));
}

#define TEST(name, function) g_test_add("/segment/" name, Fixture, NULL, set_up, function, tear_down)

static void test_consents(Fixture *f, gconstpointer unused) {
  good(f, "{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u\",\"timestamp\":\"2025-12-24T12:00:00Z\",\"context\":{\"consent\":{"
          "\"categoryPreferences\":{\"Analytics\":true,\"marketing\":true,\"Advertising\":false,\"Other\":true}}}}");
  assert_property(f->event, "consent.measure", VALUE_TRUE, "");
  assert_property(f->event, "consent.profile", VALUE_FALSE, ""); /* a refusal outweighs */
  g_assert_null(property(f->event, "consent.Other"));
  good(f, "{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u\",\"timestamp\":\"2025-12-24T12:00:00Z\",\"context\":{"
          "\"consentManagement\":{\"allowedConsentIds\":[\"C0002\",7],\"deniedConsentIds\":[\"C0004\"]}}}");
  assert_property(f->event, "consent.measure", VALUE_TRUE, "");
  assert_property(f->event, "consent.profile", VALUE_FALSE, "");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  TEST("a track call becomes an event", test_track);
  TEST("value is revenue, else total, else value", test_values);
  TEST("corrects the device's clock when all times are given", test_skew);
  TEST("reads times, refuses impossible ones", test_times);
  TEST("goes without the times of the batch", test_no_times);
  TEST("context gives channel, touchpoint, consent, ids", test_context);
  TEST("what names somebody is no property", test_no_names_in_properties);
  TEST("context.channel is stated, channel is not", test_stated_channel);
  TEST("identify and group are no touches", test_calls);
  TEST("an alias has an old and a new id", test_alias);
  TEST("vendors' names only where told", test_names_of_vendors);
  TEST("flat objects keep what is no field as properties", test_flat);
  TEST("a mapping makes any object flat", test_flat_with_mapping);
  TEST("refuses with the reason and goes on", test_refusals);
  TEST("repairs what would lose an event", test_repaired);
  TEST("what consent tools say is consent to our purposes", test_consents);
  return g_test_run();
}
