/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/finding.h"
#include "analysis/rates.h"

/* The worked examples of Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10. */
static void test_rates(void) {
  g_assert_true(rates_differ(56, 70, 48, 80)); /* 0.0524 to 0.3339 */
  g_assert_true(rates_differ(9, 10, 3, 10));   /* 0.1705 to 0.8090 */
  g_assert_true(rates_differ(6, 7, 2, 7));     /* 0.0582 to 0.8062 */
  g_assert_false(rates_differ(5, 56, 0, 29));  /* -0.0381 to 0.1926 */
  g_assert_false(rates_differ(0, 10, 0, 20));  /* -0.1611 to 0.2775 */
  g_assert_false(rates_differ(48, 80, 56, 70));
  g_assert_false(rates_differ(0, 0, 1, 2));
  g_assert_false(rates_differ(1, 2, 0, 0));
}

/* 60 to 40 of 100: 0.2 - 1.96 * sqrt(0.96 / 100) = 0.0080; 59 to 41: 0.18 - 1.96 * sqrt(0.9676 / 100) = -0.0128. */
static void test_classes(void) {
  g_assert_true(classes_differ(60, 40, 100));
  g_assert_false(classes_differ(59, 41, 100));
  g_assert_false(classes_differ(40, 60, 100));
  g_assert_true(classes_differ(8, 0, 100)); /* 0.08 - 1.96 * sqrt(0.0736 / 100) = 0.0268 */
  g_assert_false(classes_differ(0, 0, 0));
}

static void test_words(void) {
  g_autoptr(Finding) finding = finding_new();
  g_autoptr(JsonOut) nothing = json_out_new(), out = json_out_new();
  finding_write(finding, nothing);
  g_assert_cmpstr(json_out_text(nothing, NULL), ==, "null");
  g_assert_null(finding_sentence(finding, LANGUAGE_EN));
  finding_set(finding, "funnel.largest_drop");
  finding_text(finding, "units", "visits", NULL);
  finding_text(finding, "step", "{cart}", NULL);
  finding_text(finding, "next", "order", "Bestellung");
  finding_count(finding, "dropped", 1234);
  finding_count(finding, "reached", 4000);
  finding_share(finding, "share", 0.3085);
  g_autofree char *english = finding_sentence(finding, LANGUAGE_EN), *german = finding_sentence(finding, LANGUAGE_DE);
  g_assert_cmpstr(english, ==, "The largest drop is after {cart}: 1,234 of 4,000 visits (31%) do not reach Bestellung.");
  g_assert_cmpstr(german, ==,
                  "Der größte Abbruch ist nach {cart}: 1.234 von 4.000 Besuchen (31\u202f%) erreichen Bestellung nicht.");
  finding_write(finding, out);
  g_assert_cmpstr(json_out_text(out, NULL), ==,
                  "{\"id\":\"funnel.largest_drop\",\"values\":{\"units\":\"visits\",\"step\":\"{cart}\",\"next\":\"order\","
                  "\"dropped\":1234,\"reached\":4000,\"share\":0.3085}}");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/finding/rates differ as Newcombe's examples do", test_rates);
  g_test_add_func("/finding/classes of one whole differ beyond chance", test_classes);
  g_test_add_func("/finding/an id and values, and a sentence in two languages", test_words);
  return g_test_run();
}
