/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/identifier.h"

#include "base/error.h"

static const HashKey key = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};

typedef struct {
  Identifier identifier;
  char scratch[IDENTIFIER_SIZE_MAX];
  const char *why;
} Made;

static gboolean make(Made *made, const Spaces *spaces, guint8 space, const char *raw) {
  made->why = "";
  return identifier_make(&made->identifier, spaces, &key, space, text_of(raw), made->scratch, &made->why);
}

static void assert_same(const Spaces *spaces, guint8 space, const char *a, const char *b, gboolean same) {
  Made x, y;
  g_assert_true(make(&x, spaces, space, a));
  g_assert_true(make(&y, spaces, space, b));
  gboolean equal = x.identifier.hash.low == y.identifier.hash.low && x.identifier.hash.high == y.identifier.hash.high;
  if (equal != same)
    g_error("%s and %s: %s", a, b, equal ? "same" : "different");
}

static void assert_value(const Spaces *spaces, guint8 space, const char *raw, const char *value) {
  Made made;
  g_assert_true(make(&made, spaces, space, raw));
  g_autofree char *found = text_dup(made.identifier.value);
  g_assert_cmpstr(found, ==, value);
}

static void test_hash_is_of_space_and_value(void) {
  g_autoptr(Spaces) spaces = spaces_new();
  Made made;
  Hash128 expected = hash128(&key, "user\0anna", 9);
  g_assert_true(make(&made, spaces, SPACE_USER, " anna\t"));
  g_assert_cmphex(made.identifier.hash.low, ==, expected.low);
  g_assert_cmphex(made.identifier.hash.high, ==, expected.high);
  g_assert_true(make(&made, spaces, SPACE_CRM, "anna"));
  g_assert_cmphex(made.identifier.hash.low, !=, expected.low);
}

static void test_email(void) {
  g_autoptr(Spaces) spaces = spaces_new();
  /* sha256sum of anna@example.com */
  static const char sum[] = "f7d54c22dda5b1780276601cd005909b70543fc4a6ba72d735b4cb9bbb611f01";
  static const char SUM[] = "F7D54C22DDA5B1780276601CD005909B70543FC4A6BA72D735B4CB9BBB611F01";
  assert_same(spaces, SPACE_EMAIL, "anna@example.com", " Anna@Example.COM ", TRUE);
  assert_same(spaces, SPACE_EMAIL, "anna@example.com", sum, TRUE);
  assert_same(spaces, SPACE_EMAIL, "anna@example.com", SUM, TRUE);
  assert_same(spaces, SPACE_EMAIL, "J\u00dcRGEN@example.com", "j\u00fcrgen@example.com", TRUE);
  assert_same(spaces, SPACE_EMAIL, "anna@example.com", "anne@example.com", FALSE);
  assert_value(spaces, SPACE_EMAIL, " Anna@Example.COM ", "anna@example.com");
}

static void test_phone(void) {
  g_autoptr(Spaces) spaces = spaces_new();
  assert_value(spaces, SPACE_PHONE, "+49 (171) 123-45/67", "+491711234567");
  assert_value(spaces, SPACE_PHONE, "+49 (0)171 1234567", "+491711234567");
  assert_value(spaces, SPACE_PHONE, "0049 171.1234567", "+491711234567");
  assert_value(spaces, SPACE_PHONE, "0171 1234567", "01711234567"); /* of which country? nobody said */
  assert_same(spaces, SPACE_PHONE, "0171 1234567", "+491711234567", FALSE);
  strcpy(spaces->phone_country, "49");
  assert_value(spaces, SPACE_PHONE, "0171 1234567", "+491711234567");
  assert_value(spaces, SPACE_PHONE, "0043 1 234", "+431234");
  assert_value(spaces, SPACE_PHONE, "171", "171");
  assert_value(spaces, SPACE_PHONE, "EAB8F0", "eab8f0"); /* a hash stays one */
}

static void test_others_keep_their_form(void) {
  g_autoptr(Spaces) spaces = spaces_new();
  assert_value(spaces, SPACE_CARD, " 000123 ", "000123");
  assert_same(spaces, SPACE_CARD, "000123", "123", FALSE);
  assert_same(spaces, SPACE_USER, "Anna", "anna", FALSE);
  assert_value(spaces, SPACE_ANONYMOUS, "a b", "a b");
}

static void test_refusals(void) {
  g_autoptr(Spaces) spaces = spaces_new();
  static const char *const nobody[] = {"",       "  ", "null",    "NULL",      "undefined", "NaN", "[object Object]",
                                       " none ", "0",  "Unknown", "anonymous", "None"};
  Made made;
  for (guint i = 0; i < G_N_ELEMENTS(nobody); i++)
    for (guint8 space = 0; space < SPACES_BUILT_IN; space++) {
      g_assert_false(make(&made, spaces, space, nobody[i]));
      g_assert_nonnull(strstr(made.why, "names nobody"));
    }
  static const char *const somebody[] = {"00", "1", "nul", "nulls", "anonymous2", "u", "10"};
  for (guint i = 0; i < G_N_ELEMENTS(somebody); i++)
    g_assert_true(make(&made, spaces, SPACE_USER, somebody[i]));
  g_assert_true(make(&made, spaces, SPACE_USER, "guest"));
  spaces_refuse(spaces, " Guest ");
  g_assert_false(make(&made, spaces, SPACE_USER, "GUEST"));
  g_assert_false(make(&made, spaces, SPACE_PHONE, "+"));
  g_assert_false(make(&made, spaces, SPACE_PHONE, "( - )"));
}

static void test_length(void) {
  g_autoptr(Spaces) spaces = spaces_new();
  g_autofree char *longest = g_strnfill(IDENTIFIER_SIZE_MAX, '7'), *longer = g_strnfill(IDENTIFIER_SIZE_MAX + 1, '7');
  Made made;
  for (guint8 space = 0; space < SPACES_BUILT_IN; space++) {
    g_assert_true(make(&made, spaces, space, longest));
    g_assert_cmpuint(made.identifier.value.size, ==, IDENTIFIER_SIZE_MAX);
    g_assert_false(make(&made, spaces, space, longer));
    g_assert_nonnull(strstr(made.why, "longer than 512"));
  }
}

static void test_ranks(void) {
  g_autoptr(Spaces) spaces = spaces_new();
  static const char *const order[] = {"user",  "crm",       "card",      "contract", "email",
                                      "phone", "household", "anonymous", "device",   "tv"};
  g_assert_true(spaces_add(spaces, "tv", STRENGTH_DEVICE, FALSE, NULL));
  g_assert_true(spaces_add(spaces, "household", STRENGTH_WEAK, FALSE, NULL));
  g_assert_true(spaces_add(spaces, "contract", STRENGTH_STRONG, TRUE, NULL));
  for (guint i = 1; i < G_N_ELEMENTS(order); i++) {
    int before = spaces_find(spaces, text_of(order[i - 1])), after = spaces_find(spaces, text_of(order[i]));
    g_assert_cmpint(MIN(before, after), >=, 0);
    g_assert_cmpuint(spaces->spaces[before].rank, <, spaces->spaces[after].rank);
  }
  g_assert_true(spaces->spaces[SPACE_USER].plain && spaces->spaces[SPACE_CRM].plain);
  for (guint i = SPACE_CARD; i < SPACES_BUILT_IN; i++)
    g_assert_false(spaces->spaces[i].plain);
}

static void test_own_spaces(void) {
  g_autoptr(Spaces) spaces = spaces_new();
  static const char *const bad[] = {"", "User", "a b", "1st", "\u00e4"};
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_false(spaces_add(spaces, bad[i], STRENGTH_WEAK, FALSE, &error));
    g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  }
  g_autoptr(GError) twice = NULL, full = NULL;
  g_assert_false(spaces_add(spaces, "email", STRENGTH_WEAK, FALSE, &twice));
  g_assert_error(twice, ETAPPE_ERROR, ERROR_CONFLICT);
  g_assert_false(spaces_add(spaces, "order", STRENGTH_WEAK, FALSE, NULL)); /* the index's own */
  for (guint i = SPACES_BUILT_IN; i < SPACES_OWN_END; i++) {
    g_autofree char *name = g_strdup_printf("own_%u", i);
    g_assert_true(spaces_add(spaces, name, STRENGTH_WEAK, FALSE, NULL));
  }
  g_assert_false(spaces_add(spaces, "more", STRENGTH_WEAK, FALSE, &full));
  g_assert_error(full, ETAPPE_ERROR, ERROR_LIMIT);
  g_assert_cmpint(spaces_find(spaces, text_of("more")), ==, -1);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/identifier/its hash is of namespace and value", test_hash_is_of_space_and_value);
  g_test_add_func("/identifier/an e-mail and its SHA-256 are one", test_email);
  g_test_add_func("/identifier/phone numbers become E.164 where the country is known", test_phone);
  g_test_add_func("/identifier/cards keep zeros, users their case", test_others_keep_their_form);
  g_test_add_func("/identifier/refuses what names nobody", test_refusals);
  g_test_add_func("/identifier/limits its length", test_length);
  g_test_add_func("/identifier/ranks strong before weak before devices", test_ranks);
  g_test_add_func("/identifier/own namespaces are checked", test_own_spaces);
  return g_test_run();
}
