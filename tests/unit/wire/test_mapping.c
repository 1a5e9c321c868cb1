/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/mapping.h"

#include "base/error.h"

static const HashKey key = {{1, 2, 3}};

typedef struct {
  Spaces *spaces;
  Zone *zone;
  DoorOptions options;
  Door *door;
  Mapping *mapping;
  Event *event;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
  f->spaces = spaces_new();
  f->zone = zone_new("Europe/Berlin", NULL);
  f->options = (DoorOptions){.spaces = f->spaces, .key = &key, .zone = f->zone};
  f->door = door_new(&f->options);
  f->mapping = mapping_new(f->spaces);
  f->event = g_new(Event, 1);
}

static void tear_down(Fixture *f, gconstpointer unused) {
  g_free(f->event);
  mapping_free(f->mapping);
  door_free(f->door);
  zone_free(f->zone);
  spaces_free(f->spaces);
}

static void map(Fixture *f, const char *pairs) {
  g_auto(GStrv) list = g_strsplit(pairs, " ", -1);
  for (char **pair = list; *pair; pair++) {
    char *equals = strchr(*pair, '=');
    *equals = '\0';
    g_assert_true(mapping_map(f->mapping, *pair, equals + 1, NULL));
  }
}

static void columns(Fixture *f, const char *names) {
  GError *error = NULL;
  g_auto(GStrv) list = g_strsplit(names, ",", -1);
  for (char **name = list; *name; name++)
    g_assert_true(mapping_column(f->mapping, *name, NULL));
  mapping_check(f->mapping, &error);
  g_assert_no_error(error);
}

/* A row as CSV would give it; the parts live until the next call. */
static gboolean row(Fixture *f, const char *line, const char **why) {
  static char kept[4096];
  Cell cells[64];
  guint n = 0;
  g_strlcpy(kept, line, sizeof kept);
  for (char *at = kept; at; n++) {
    char *comma = strchr(at, ';');
    if (comma)
      *comma++ = '\0';
    cells[n] = (Cell){text_of(at), VALUE_NONE};
    at = comma;
  }
  g_assert_cmpuint(n, ==, mapping_columns(f->mapping));
  return mapping_apply(f->mapping, f->door, cells, f->event, why);
}

static void good_row(Fixture *f, const char *line) {
  const char *why = "";
  if (!row(f, line, &why))
    g_error("%s: %s", line, why);
}

static void bad_row(Fixture *f, const char *line, const char *word) {
  const char *why = "";
  g_assert_false(row(f, line, &why));
  if (!strstr(why, word))
    g_error("%s: \"%s\" lacks \"%s\"", line, why, word);
}

static void assert_property(const Event *event, const char *name, ValueKind kind, const char *value) {
  for (guint i = 0; i < event->n_properties; i++)
    if (text_is(event->properties[i].key, name)) {
      g_autofree char *found = text_dup(event->properties[i].text);
      g_assert_cmpstr(found, ==, value);
      g_assert_cmpint(event->properties[i].kind, ==, kind);
      return;
    }
  g_error("no property %s", name);
}

static void test_invoice(Fixture *f, gconstpointer unused) {
  map(f, "person=customer_id time=timestamp event=event value=value");
  columns(f, "customer_id,timestamp,event,value,invoice_no,lines,country,note");
  good_row(f, "17850;2010-12-01 08:26:00;purchase;139.12;0536365;7;United Kingdom;");
  const Event *event = f->event;
  g_assert_cmpint(event->time_ms, ==, G_GINT64_CONSTANT(1291188360000)); /* 07:26 UTC */
  g_assert_true(text_is(event->name, "purchase"));                       /* an analyst's own names stay */
  g_assert_true(event->has_value);
  g_assert_cmpint(event->value_micro, ==, 139120000);
  g_assert_cmpuint(event->n_identifiers, ==, 1);
  g_assert_cmpuint(event->identifiers[0].space, ==, SPACE_USER);
  g_assert_true(text_is(event->identifiers[0].value, "17850"));
  g_assert_cmpuint(event->n_properties, ==, 3); /* an empty cell is no property */
  assert_property(event, "properties.invoice_no", VALUE_TEXT, "0536365");
  assert_property(event, "properties.lines", VALUE_NUMBER, "7");
  assert_property(event, "properties.country", VALUE_TEXT, "United Kingdom");
  g_assert_true(text_is(event->channel, "unassigned"));
  g_assert_true(event->touch && !event->web && !event->converses);
  g_assert_cmpint(event->initiator, ==, INITIATOR_CUSTOMER);
}

static void test_all_fields(Fixture *f, gconstpointer unused) {
  map(f,
      "crm=a email=b phone=c anonymous=d device=e card=f account=g time=h event=i id=j channel=k campaign=l order=m touchpoint=n "
      "score=o place=p consent=q url=r");
  columns(f, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r");
  good_row(f, "C1;a@b.de;+49 1;dev;D;007;ACME;2025-01-01;Survey "
              "Answered;id1;email;spring;o1;Box;9;store;measure;https://x.example/?utm_term=t");
  const Event *event = f->event;
  static const guint8 spaces[] = {SPACE_CRM, SPACE_EMAIL, SPACE_PHONE, SPACE_ANONYMOUS, SPACE_DEVICE, SPACE_CARD};
  g_assert_cmpuint(event->n_identifiers, ==, G_N_ELEMENTS(spaces));
  for (guint i = 0; i < G_N_ELEMENTS(spaces); i++)
    g_assert_cmpuint(event->identifiers[i].space, ==, spaces[i]);
  g_assert_true(text_is(event->id, "id1"));
  g_assert_true(text_is(event->channel, "email") && event->converses);
  g_assert_true(text_is(event->touchpoint, "Box"));
  g_assert_true(text_is(event->campaign_mark, "\x1f\x1fspring"));
  assert_property(event, "account", VALUE_TEXT, "ACME");
  assert_property(event, "campaign", VALUE_TEXT, "spring");
  assert_property(event, "order", VALUE_TEXT, "o1");
  assert_property(event, "score", VALUE_NUMBER, "9");
  assert_property(event, "place", VALUE_TEXT, "store");
  assert_property(event, "consent.measure", VALUE_TRUE, "");
  assert_property(event, "term", VALUE_TEXT, "t");
  assert_property(event, "context.page.url", VALUE_TEXT, "https://x.example/?utm_term=t");
}

static void test_consents(Fixture *f, gconstpointer unused) {
  map(f, "person=u time=t event=e consent=c consent.contact.email=m");
  g_assert_true(mapping_set(f->mapping, "consent.version", "2025-06", NULL));
  columns(f, "u,t,e,c,m");
  good_row(f, "1;2025-01-01;Signed Up;measure, -profile;Ja ");
  assert_property(f->event, "consent.measure", VALUE_TRUE, "");
  assert_property(f->event, "consent.profile", VALUE_FALSE, "");
  assert_property(f->event, "consent.contact.email", VALUE_TRUE, "");
  assert_property(f->event, "consent.version", VALUE_TEXT, "2025-06");
  good_row(f, "1;2025-01-01;Signed Up;no;0"); /* to being measured */
  assert_property(f->event, "consent.measure", VALUE_FALSE, "");
  assert_property(f->event, "consent.contact.email", VALUE_FALSE, "");
  good_row(f, "1;2025-01-01;Signed Up;;");
  g_assert_cmpuint(f->event->n_properties, ==, 1);
  bad_row(f, "1;2025-01-01;Signed Up;marketing;", "a purpose of consent that there is not");
  bad_row(f, "1;2025-01-01;Signed Up;;perhaps", "neither yes nor no");
  g_assert_false(mapping_map(f->mapping, "consent.marketing", "x", NULL));
  g_assert_false(mapping_map(f->mapping, "consent.contact.email", "x", NULL));
}

static void test_refused_rows(Fixture *f, gconstpointer unused) {
  map(f, "person=u time=t event=e value=v currency=c");
  columns(f, "u,t,e,v,c");
  bad_row(f, "1;;buy;;", "no time");
  bad_row(f, "1;31.02.2025;buy;;", "impossible date");
  bad_row(f, "1;2025-01-01;;;", "no event name");
  bad_row(f, "1;2025-01-01;  ;;", "no event name");
  bad_row(f, "1;2025-01-01;buy;NaN;", "finite");
  bad_row(f, "1;2025-01-01;buy;many;", "not an amount");
  bad_row(f, "1;2025-01-01;buy;1;Euro", "three letters");
  good_row(f, "1;2025-01-01;buy;1;eur");
  g_assert_true(text_is(f->event->currency, "EUR"));
  good_row(f, ";2025-01-01;buy;;"); /* nobody is named: counted all the same */
  g_assert_cmpuint(f->event->n_identifiers, ==, 0);
  g_assert_false(f->event->has_value);
  good_row(f, "null;2025-01-01;buy;;");
  g_assert_cmpuint(f->event->n_identifiers, ==, 0);
}

static void test_currencies(Fixture *f, gconstpointer unused) {
  map(f, "time=t event=e value=v currency=c");
  columns(f, "t,c,e,v");
  good_row(f, "2025-01-01;;buy;12.50 CHF");
  g_assert_true(text_is(f->event->currency, "CHF"));
  good_row(f, "2025-01-01;USD;buy;12.50 CHF"); /* its own column wins */
  g_assert_true(text_is(f->event->currency, "USD"));
}

static void test_decimal_comma(Fixture *f, gconstpointer unused) {
  f->options.decimal = DECIMAL_COMMA;
  door_free(f->door);
  f->door = door_new(&f->options);
  map(f, "time=t event=e value=v cost=k");
  columns(f, "t,e,v,k");
  good_row(f, "24.12.2025 18:30;buy;1.234,50;0,35 \u20ac");
  g_assert_cmpint(f->event->value_micro, ==, 1234500000);
  assert_property(f->event, "cost", VALUE_NUMBER, "0.35");
  g_assert_true(text_is(f->event->currency, "EUR"));
}

static void test_cost_rows(Fixture *f, gconstpointer unused) {
  map(f, "person=u time=t event=e cost=k channel=c");
  columns(f, "u,t,e,k,c");
  good_row(f, ";2025-01-01;Ad Cost;120;paid_search");
  g_assert_false(f->event->touch); /* what was spent is nobody's touch */
  g_assert_cmpint(f->event->grade, ==, GRADE_NONE);
  good_row(f, "anna;2025-01-01;Ad Clicked;0.40;paid_search"); /* the price of one click of somebody */
  g_assert_true(f->event->touch);
  g_assert_cmpint(f->event->grade, ==, GRADE_CLICK);
}

static void test_constants(Fixture *f, gconstpointer unused) {
  map(f, "time=t place=p");
  g_assert_true(mapping_set(f->mapping, "event", "Store Visited", NULL));
  g_assert_true(mapping_set(f->mapping, "place", "store", NULL));
  g_assert_true(mapping_set(f->mapping, "channel", "Filiale", NULL));
  columns(f, "t,p");
  good_row(f, "2025-01-01;");
  g_assert_true(text_is(f->event->name, "Store Visited"));
  g_assert_cmpint(f->event->grade, ==, GRADE_CONVERSATION);
  g_assert_true(text_is(f->event->channel, "Filiale") && f->event->converses);
  assert_property(f->event, "place", VALUE_TEXT, "store");
  good_row(f, "2025-01-01;web"); /* a cell that is not empty wins */
  g_assert_cmpuint(f->event->n_properties, ==, 1);
  assert_property(f->event, "place", VALUE_TEXT, "web");
}

static void test_column_for_several(Fixture *f, gconstpointer unused) {
  map(f, "person=who account=who email=m1 email=m2 time=t event=e");
  columns(f, "who,t,e,m1,m2");
  good_row(f, "anna;2025-01-01;buy;a@b.de;A@B.de");
  g_assert_cmpuint(f->event->n_identifiers, ==, 2); /* both addresses are one */
  assert_property(f->event, "account", VALUE_TEXT, "anna");
  good_row(f, "anna;2025-01-01;buy;a@b.de;c@d.de");
  g_assert_cmpuint(f->event->n_identifiers, ==, 3);
}

static void test_own_namespace(Fixture *f, gconstpointer unused) {
  g_assert_true(spaces_add(f->spaces, "contract", STRENGTH_STRONG, TRUE, NULL));
  map(f, "contract=no time=t event=e");
  columns(f, "no,t,e");
  good_row(f, "V-7;2025-01-01;buy");
  g_assert_cmpuint(f->event->identifiers[0].space, ==, SPACES_BUILT_IN);
}

static void test_typed_cells(Fixture *f, gconstpointer unused) {
  map(f, "time=t event=e");
  columns(f, "t,e,a,b,c,d,x");
  Cell cells[] = {{text_of("2025-01-01"), VALUE_TEXT},
                  {text_of("buy"), VALUE_TEXT},
                  {text_of("12"), VALUE_TEXT},
                  {text_of("12"), VALUE_NUMBER},
                  {{NULL, 0}, VALUE_TRUE},
                  {text_of("[1]"), VALUE_JSON},
                  {{NULL, 0}, VALUE_NONE}};
  const char *why;
  g_assert_true(mapping_apply(f->mapping, f->door, cells, f->event, &why));
  assert_property(f->event, "properties.a", VALUE_TEXT, "12"); /* said to be text */
  assert_property(f->event, "properties.b", VALUE_NUMBER, "12");
  assert_property(f->event, "properties.c", VALUE_TRUE, "");
  assert_property(f->event, "properties.d", VALUE_JSON, "[1]");
  g_assert_cmpuint(f->event->n_properties, ==, 4);
}

static void test_campaign_columns(Fixture *f, gconstpointer unused) {
  map(f, "time=t event=e source=s medium=m campaign=c");
  columns(f, "t,e,s,m,c");
  good_row(f, "2025-01-01;visit;google;cpc;brand");
  g_assert_true(text_is(f->event->channel, "paid_search"));
  g_assert_false(f->event->converses); /* derived, not stated */
  g_assert_true(text_is(f->event->campaign_mark, "google\x1f"
                                                 "cpc\x1f"
                                                 "brand"));
  good_row(f, "2025-01-01;visit;;;");
  g_assert_cmpuint(f->event->campaign_mark.size, ==, 0);
}

static void test_mistakes(Fixture *f, gconstpointer unused) {
  g_autoptr(GError) unknown = NULL, twice = NULL, missing = NULL, no_event = NULL, repeated = NULL;
  g_assert_false(mapping_map(f->mapping, "persn", "a", &unknown));
  g_assert_error(unknown, ETAPPE_ERROR, ERROR_USAGE);
  g_assert_nonnull(strstr(unknown->message, "person user crm"));
  map(f, "time=t");
  g_assert_false(mapping_map(f->mapping, "time", "t2", &twice));
  g_assert_error(twice, ETAPPE_ERROR, ERROR_USAGE);
  g_assert_true(mapping_column(f->mapping, "t", NULL));
  g_assert_false(mapping_column(f->mapping, "t", &repeated));
  g_assert_error(repeated, ETAPPE_ERROR, ERROR_INVALID);
  g_assert_false(mapping_check(f->mapping, &no_event));
  g_assert_nonnull(strstr(no_event->message, "--map event="));
  g_assert_true(mapping_map(f->mapping, "event", "action", NULL));
  g_assert_false(mapping_check(f->mapping, &missing));
  g_assert_error(missing, ETAPPE_ERROR, ERROR_INVALID);
  g_assert_nonnull(strstr(missing->message, "no column action"));
}

static void test_limits(Fixture *f, gconstpointer unused) {
  map(f, "time=t event=e");
  g_assert_true(mapping_column(f->mapping, "t", NULL) && mapping_column(f->mapping, "e", NULL));
  g_autofree Cell *cells = g_new0(Cell, EVENT_PROPERTIES_MAX + 3);
  const char *why = "";
  cells[0].text = text_of("2025-01-01");
  cells[1].text = text_of("buy");
  for (guint i = 0; i < EVENT_PROPERTIES_MAX; i++) {
    g_autofree char *name = g_strdup_printf("c%u", i);
    g_assert_true(mapping_column(f->mapping, name, NULL));
    cells[2 + i].text = text_of("x");
  }
  g_assert_true(mapping_apply(f->mapping, f->door, cells, f->event, &why));
  g_assert_true(mapping_column(f->mapping, "more", NULL));
  cells[2 + EVENT_PROPERTIES_MAX].text = text_of("x");
  g_assert_false(mapping_apply(f->mapping, f->door, cells, f->event, &why));
  g_assert_nonnull(strstr(why, "512 properties"));
  g_autofree char *name = g_strnfill(EVENT_NAME_MAX + 1, 'n');
  cells[2].text = (Text){NULL, 0};
  cells[1].text = text_of(name);
  g_assert_false(mapping_apply(f->mapping, f->door, cells, f->event, &why));
  g_assert_nonnull(strstr(why, "512 bytes"));
}

static void test_aliases(Fixture *f, gconstpointer unused) {
  f->options.aliases = TRUE;
  f->options.web = TRUE;
  door_free(f->door);
  f->door = door_new(&f->options);
  map(f, "time=t event=e");
  columns(f, "t,e");
  good_row(f, "2025-01-01;purchase");
  g_assert_true(text_is(f->event->name, "Order Completed"));
  g_assert_true(f->event->web && text_is(f->event->channel, "direct"));
}

#define TEST(name, function) g_test_add("/mapping/" name, Fixture, NULL, set_up, function, tear_down)

/* A file of undeclared kind that tells devices apart was written by a tag: pages are web and, unlabelled, direct; mails,
 * the store's rows and persons without a device are not. */
static void test_devices_browse(Fixture *f, gconstpointer unused) {
  const char *why = NULL;
  door_free(f->door);
  f->options.devices_browse = TRUE;
  f->door = door_new(&f->options);
  map(f, "person=user device=tablet time=at event=what");
  columns(f, "user,tablet,at,what");
  g_assert_true(row(f, ";t1;2025-01-01;Page Viewed", &why));
  g_assert_true(f->event->web);
  g_assert_true(text_is(f->event->channel, "direct"));
  g_assert_true(row(f, "ann;;2025-01-01;Page Viewed", &why));
  g_assert_false(f->event->web);
  g_assert_true(text_is(f->event->channel, "unassigned"));
  g_assert_true(row(f, ";t1;2025-01-01;Email Opened", &why));
  g_assert_false(f->event->web);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  TEST("an invoice becomes an event", test_invoice);
  TEST("every field finds its place", test_all_fields);
  TEST("consents are a list of purposes, or a column a purpose", test_consents);
  TEST("refuses rows with the reason, keeps unidentified ones", test_refused_rows);
  TEST("a currency column wins over one written with the amount", test_currencies);
  TEST("reads decimal commas when told", test_decimal_comma);
  TEST("cost rows are no touches", test_cost_rows);
  TEST("rows with a device are taken for web visits", test_devices_browse);
  TEST("constants fill what a row leaves empty", test_constants);
  TEST("one column may serve several fields", test_column_for_several);
  TEST("own namespaces are fields", test_own_namespace);
  TEST("typed cells keep their type", test_typed_cells);
  TEST("campaign columns give channel and mark", test_campaign_columns);
  TEST("explains mistakes", test_mistakes);
  TEST("limits properties and names", test_limits);
  TEST("vendors' names only where told", test_aliases);
  return g_test_run();
}
