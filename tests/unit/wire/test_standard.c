/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/standard.h"

static void assert_alias(const char *alias, const char *name) {
  g_autofree char *found = text_dup(standard_name(text_of(alias)));
  g_assert_cmpstr(found, ==, name);
}

static void test_aliases(void) {
  assert_alias("view_item", "Product Viewed");
  assert_alias("add_to_cart", "Product Added");
  assert_alias("begin_checkout", "Checkout Started");
  assert_alias("purchase", "Order Completed");
  assert_alias("refund", "Order Refunded");
  assert_alias("generate_lead", "Lead Generated");
  assert_alias("page_view", "Page Viewed");
  assert_alias("view_search_results", "Products Searched");
  assert_alias("ad_click", "Ad Clicked");
  assert_alias("Purchase", "Purchase");
  assert_alias("own_event", "own_event");
  assert_alias("", "");
}

static void assert_facts(const char *name, Initiator initiator, Grade grade) {
  StandardFacts facts = standard_facts(text_of(name));
  if (facts.initiator != initiator || facts.grade != grade)
    g_error("%s: initiator %d, grade %d", name, (int)facts.initiator, (int)facts.grade);
}

static void test_initiators(void) {
  assert_facts("Email Sent", INITIATOR_COMPANY, GRADE_DELIVERED);
  assert_facts("Email Delivered", INITIATOR_COMPANY, GRADE_DELIVERED);
  assert_facts("Push Notification Received", INITIATOR_COMPANY, GRADE_DELIVERED);
  assert_facts("In-App Message Received", INITIATOR_COMPANY, GRADE_DELIVERED);
  assert_facts("Ad Impression", INITIATOR_COMPANY, GRADE_VIEW);
  assert_facts("Subscription Renewed", INITIATOR_SYSTEM, GRADE_NONE);
  assert_facts("Trial Ended", INITIATOR_SYSTEM, GRADE_NONE);
}

static void test_grades(void) {
  assert_facts("Email Opened", INITIATOR_CUSTOMER, GRADE_OPEN);
  assert_facts("Email Link Clicked", INITIATOR_CUSTOMER, GRADE_CLICK);
  assert_facts("Push Notification Tapped", INITIATOR_CUSTOMER, GRADE_CLICK);
  assert_facts("Promotion Viewed", INITIATOR_CUSTOMER, GRADE_VIEW);
  assert_facts("Store Visited", INITIATOR_CUSTOMER, GRADE_CONVERSATION);
  assert_facts("Call Started", INITIATOR_CUSTOMER, GRADE_CONVERSATION);
  assert_facts("Chat Rated", INITIATOR_CUSTOMER, GRADE_CONVERSATION); /* whatever a call or chat does */
}

static void test_everything_else_is_the_customers(void) {
  static const char *const names[] = {"Order Completed",   "Product Viewed", "purchase",     "email sent", "Email sent",
                                      "campaign_received", "Invite Sent",    "Caller Known", "Call ",      "",
                                      "\u00c4nderung"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    assert_facts(names[i], INITIATOR_CUSTOMER, GRADE_VISIT);
}

/* Looking up bisects, so both tables must ascend; and each row is found as it stands. */
static void test_tables_are_sorted(void) {
  const char *alias, *name, *last_alias = "", *last_name = "";
  StandardFacts facts;
  guint n = 0;
  for (; standard_row(n, &alias, &name, &facts); n++) {
    if (alias) {
      g_assert_cmpstr(alias, >, last_alias);
      assert_alias(alias, name);
      last_alias = alias;
    } else {
      g_assert_cmpstr(name, >, last_name);
      g_assert_true(facts.initiator != INITIATOR_CUSTOMER || facts.grade != GRADE_VISIT);
      g_assert_cmpint(facts.initiator == INITIATOR_SYSTEM, ==, facts.grade == GRADE_NONE);
      last_name = name;
    }
  }
  g_assert_cmpuint(n, >, 80);
}

/* Every row of docs/event-names.md is one of the program's, and none is missing. */
static void test_manual(void) {
  static const char *const initiators[] = {"customer", "company", "system"};
  static const char *const grades[] = {"visit", "click", "conversation", "open", "view", "delivered", "none"};
  g_autofree char *root = g_path_get_dirname(ETAPPE_BUILD_DEPS);
  g_autofree char *path = g_build_filename(root, "docs", "event-names.md", NULL);
  g_autofree char *text = NULL;
  const char *alias, *name;
  StandardFacts facts;
  guint n = 0, lines = 0;
  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  for (; standard_row(n, &alias, &name, &facts); n++) {
    g_autofree char *row = alias ? g_strdup_printf("\n| `%s` | %s |\n", alias, name)
                                 : g_strdup_printf("\n| %s | %s | %s |\n", name, initiators[facts.initiator], grades[facts.grade]);
    if (!strstr(text, row))
      g_error("docs/event-names.md lacks%s", row);
  }
  for (const char *at = text; (at = strstr(at, "\n| ")) != NULL; at++)
    lines++;
  g_assert_cmpuint(lines, ==, n + 2); /* and two headings */
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/standard/other vendors' names have a standard one", test_aliases);
  g_test_add_func("/standard/a company sends, a system renews", test_initiators);
  g_test_add_func("/standard/grades tell how close a touch came", test_grades);
  g_test_add_func("/standard/everything else is the customer's", test_everything_else_is_the_customers);
  g_test_add_func("/standard/both tables ascend", test_tables_are_sorted);
  g_test_add_func("/standard/the manual has the same tables", test_manual);
  return g_test_run();
}
