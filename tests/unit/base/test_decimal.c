/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

static void test_canonical(void) {
  static const char *const good[] = {"0", "99", "-1", "0.50", "10.0", "-0", "123456789012345678901234567890.5"};
  static const char *const bad[] = {"", "-", "01067", "1e3", "+5", ".5", "5.", "1.2.3", " 1", "1,5", "0x1", "-01"};
  for (guint i = 0; i < G_N_ELEMENTS(good); i++)
    g_assert_true(decimal_is_canonical(text_of(good[i])));
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
    g_assert_false(decimal_is_canonical(text_of(bad[i])));
}

static void test_compare(void) {
  static const char *const ascending[] = {"-100",
                                          "-99.5",
                                          "-99.49",
                                          "-0.1",
                                          "0",
                                          "0.001",
                                          "0.1",
                                          "0.11",
                                          "9",
                                          "10",
                                          "99.99",
                                          "100",
                                          "9223372036854775808",
                                          "123456789012345678901234567890"};
  for (guint i = 0; i < G_N_ELEMENTS(ascending); i++)
    for (guint j = 0; j < G_N_ELEMENTS(ascending); j++)
      g_assert_cmpint(decimal_compare(text_of(ascending[i]), text_of(ascending[j])), ==, (i > j) - (i < j));
  g_assert_cmpint(decimal_compare(text_of("1.50"), text_of("1.5")), ==, 0);
  g_assert_cmpint(decimal_compare(text_of("-0"), text_of("0.00")), ==, 0);
}

typedef struct {
  const char *text;
  DecimalMark mark;
  gint64 micro;
  const char *currency;
} Good;

static void test_money(void) {
  static const Good rows[] = {
      {"12.50", DECIMAL_POINT, 12500000, ""},
      {"-7", DECIMAL_POINT, -7000000, ""},
      {"+7", DECIMAL_POINT, 7000000, ""},
      {".5", DECIMAL_POINT, 500000, ""},
      {" 12.50 ", DECIMAL_POINT, 12500000, ""},
      {"1,234.50", DECIMAL_POINT, 1234500000, ""},
      {"1,234,567", DECIMAL_POINT, G_GINT64_CONSTANT(1234567000000), ""},
      {"1'234.50", DECIMAL_POINT, 1234500000, ""},
      {"1.5e3", DECIMAL_POINT, 1500000000, ""},
      {"1e-05", DECIMAL_POINT, 10, ""},
      {"12,50", DECIMAL_COMMA, 12500000, ""},
      {"1.234,50", DECIMAL_COMMA, 1234500000, ""},
      {"1.234", DECIMAL_COMMA, 1234000000, ""},
      {"1 234,50", DECIMAL_COMMA, 1234500000, ""},
      {"1\u00a0234,50", DECIMAL_COMMA, 1234500000, ""},
      {"12,50-", DECIMAL_COMMA, -12500000, ""},
      {"\u2212"
       "3",
       DECIMAL_POINT, -3000000, ""},
      {"\u20ac 12,50", DECIMAL_COMMA, 12500000, "EUR"},
      {"12,50 \u20ac", DECIMAL_COMMA, 12500000, "EUR"},
      {"-\u20ac"
       "12.50",
       DECIMAL_POINT, -12500000, "EUR"},
      {"12.50 EUR", DECIMAL_POINT, 12500000, "EUR"},
      {"chf 12.50", DECIMAL_POINT, 12500000, "CHF"},
      {"$5", DECIMAL_POINT, 5000000, "USD"},
      /* half away from zero, and nothing of a long tail counts but its first digit */
      {"0.0000005", DECIMAL_POINT, 1, ""},
      {"0.00000049999999999999999999999", DECIMAL_POINT, 0, ""},
      {"-0.0000005", DECIMAL_POINT, -1, ""},
      {"19.990000000000002", DECIMAL_POINT, 19990000, ""},
      {"9223372036854.775807", DECIMAL_POINT, G_MAXINT64, ""},
      {"9223372036854.7758074", DECIMAL_POINT, G_MAXINT64, ""},
      {"0000000000000000000000000012.5", DECIMAL_POINT, 12500000, ""},
      {"0.00000000000000000000000000001e30", DECIMAL_POINT, 10000000, ""},
      {"0e999", DECIMAL_POINT, 0, ""},
      {"1e-999", DECIMAL_POINT, 0, ""},
  };
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    const char *why = "";
    char currency[MONEY_CURRENCY_SIZE] = "???";
    gint64 micro = -77;
    if (!money_parse(text_of(rows[i].text), rows[i].mark, &micro, currency, &why))
      g_error("%s: %s", rows[i].text, why);
    g_assert_cmpint(micro, ==, rows[i].micro);
    g_assert_cmpstr(currency, ==, rows[i].currency);
  }
}

static void test_refusals(void) {
  static const struct {
    const char *text;
    DecimalMark mark;
    const char *word;
  } rows[] = {
      {"", DECIMAL_POINT, "not an amount"},
      {"-", DECIMAL_POINT, "not an amount"},
      {"EUR", DECIMAL_POINT, "not an amount"},
      {"abc", DECIMAL_POINT, "not an amount"},
      {"1.2.3", DECIMAL_POINT, "not an amount"},
      {"12.50 EUR USD", DECIMAL_POINT, "not an amount"},
      {"1e", DECIMAL_POINT, "not an amount"},
      {"--5", DECIMAL_POINT, "not an amount"},
      {"NaN", DECIMAL_POINT, "finite"},
      {"-Infinity", DECIMAL_POINT, "finite"},
      {"inf", DECIMAL_COMMA, "finite"},
      {"1,234", DECIMAL_POINT, "decimal commas"},
      {"12,50", DECIMAL_POINT, "decimal commas"},
      {"12.50", DECIMAL_COMMA, "groups of three"},
      {"1,23,456.0", DECIMAL_POINT, "groups of three"},
      {"1234,567.0", DECIMAL_POINT, "groups of three"},
      {"9223372036854.775808", DECIMAL_POINT, "beyond"},
      {"99999999999999", DECIMAL_POINT, "beyond"},
      {"1e400", DECIMAL_POINT, "beyond"},
      {"12345678901234567890123", DECIMAL_POINT, "beyond"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    const char *why = "";
    char currency[MONEY_CURRENCY_SIZE] = "???";
    gint64 micro = -77;
    g_assert_false(money_parse(text_of(rows[i].text), rows[i].mark, &micro, currency, &why));
    if (!strstr(why, rows[i].word))
      g_error("%s: \"%s\" lacks \"%s\"", rows[i].text, why, rows[i].word);
    g_assert_cmpint(micro, ==, -77);
    g_assert_cmpstr(currency, ==, "???");
  }
}

static void test_format(void) {
  static const struct {
    gint64 micro;
    const char *text;
  } rows[] = {{0, "0"},
              {1, "0.000001"},
              {-1, "-0.000001"},
              {12500000, "12.5"},
              {100000000, "100"},
              {-7000000, "-7"},
              {G_MAXINT64, "9223372036854.775807"},
              {G_MININT64, "-9223372036854.775808"}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    char text[MONEY_TEXT_SIZE];
    g_assert_cmpuint(money_format(rows[i].micro, text), ==, strlen(rows[i].text));
    g_assert_cmpstr(text, ==, rows[i].text);
  }
}

static void test_written_amounts_read_back(void) {
  for (guint i = 0; i < 20000; i++) {
    char text[MONEY_TEXT_SIZE], currency[MONEY_CURRENCY_SIZE];
    const char *why;
    gint64 back = 0, micro = ((gint64)((guint64)(guint32)g_test_rand_int() << 32 | (guint32)g_test_rand_int())) >>
                             g_test_rand_int_range(0, 60);
    guint size = money_format(micro, text);
    g_assert_true(decimal_is_canonical((Text){text, size}));
    g_assert_true(micro == G_MININT64 || money_parse((Text){text, size}, DECIMAL_POINT, &back, currency, &why));
    g_assert_cmpint(back, ==, micro == G_MININT64 ? 0 : micro);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/decimal/knows canonical decimals", test_canonical);
  g_test_add_func("/decimal/compares exactly at any length", test_compare);
  g_test_add_func("/decimal/reads amounts as people write them", test_money);
  g_test_add_func("/decimal/refuses with the reason and leaves outputs alone", test_refusals);
  g_test_add_func("/decimal/writes amounts without trailing zeros", test_format);
  g_test_add_func("/decimal/what it writes reads back", test_written_amounts_read_back);
  return g_test_run();
}
