/* SPDX-License-Identifier: Apache-2.0
 * standard.c: two sorted tables. Only what differs from "a customer's visit" stands in the second.
 * A company sends, delivers or shows; a system renews and books; opening, viewing, tapping is the customer's. */
#include "wire/standard.h"

static const struct {
  const char *alias, *name;
} aliases[] = {
    {"ad_click", "Ad Clicked"},
    {"ad_impression", "Ad Impression"},
    {"add_payment_info", "Payment Info Entered"},
    {"add_shipping_info", "Shipping Info Entered"},
    {"add_to_cart", "Product Added"},
    {"add_to_wishlist", "Product Added to Wishlist"},
    {"app_update", "Application Updated"},
    {"begin_checkout", "Checkout Started"},
    {"first_open", "Application Installed"},
    {"generate_lead", "Lead Generated"},
    {"login", "Signed In"},
    {"notification_open", "Push Notification Tapped"},
    {"notification_receive", "Push Notification Received"},
    {"page_view", "Page Viewed"},
    {"purchase", "Order Completed"},
    {"refund", "Order Refunded"},
    {"remove_from_cart", "Product Removed"},
    {"screen_view", "Screen Viewed"},
    {"search", "Products Searched"},
    {"select_item", "Product Clicked"},
    {"select_promotion", "Promotion Clicked"},
    {"share", "Product Shared"},
    {"sign_up", "Signed Up"},
    {"view_cart", "Cart Viewed"},
    {"view_item", "Product Viewed"},
    {"view_item_list", "Product List Viewed"},
    {"view_promotion", "Promotion Viewed"},
    {"view_search_results", "Products Searched"},
};

#define CUSTOMER INITIATOR_CUSTOMER
#define COMPANY INITIATOR_COMPANY
#define SYSTEM INITIATOR_SYSTEM

static const struct {
  const char *name;
  StandardFacts facts;
} standards[] = {
    {"Ad Clicked", {CUSTOMER, GRADE_CLICK}},
    {"Ad Impression", {COMPANY, GRADE_VIEW}},
    {"Ad Viewed", {CUSTOMER, GRADE_VIEW}},
    {"Affiliate Link Clicked", {CUSTOMER, GRADE_CLICK}},
    {"Banner Clicked", {CUSTOMER, GRADE_CLICK}},
    {"Banner Impression", {COMPANY, GRADE_VIEW}},
    {"Banner Viewed", {CUSTOMER, GRADE_VIEW}},
    {"Call Answered", {CUSTOMER, GRADE_CONVERSATION}},
    {"Call Completed", {CUSTOMER, GRADE_CONVERSATION}},
    {"Call Ended", {CUSTOMER, GRADE_CONVERSATION}},
    {"Call Received", {CUSTOMER, GRADE_CONVERSATION}},
    {"Call Started", {CUSTOMER, GRADE_CONVERSATION}},
    {"Catalog Delivered", {COMPANY, GRADE_DELIVERED}},
    {"Catalog Sent", {COMPANY, GRADE_DELIVERED}},
    {"Chat Completed", {CUSTOMER, GRADE_CONVERSATION}},
    {"Chat Ended", {CUSTOMER, GRADE_CONVERSATION}},
    {"Chat Handed Over", {CUSTOMER, GRADE_CONVERSATION}},
    {"Chat Message Received", {COMPANY, GRADE_CONVERSATION}},
    {"Chat Message Sent", {CUSTOMER, GRADE_CONVERSATION}},
    {"Chat Started", {CUSTOMER, GRADE_CONVERSATION}},
    {"Contract Renewed", {SYSTEM, GRADE_NONE}},
    {"Coupon Redeemed", {CUSTOMER, GRADE_CLICK}},
    {"Deep Link Opened", {CUSTOMER, GRADE_CLICK}},
    {"Email Bounced", {SYSTEM, GRADE_NONE}},
    {"Email Delivered", {COMPANY, GRADE_DELIVERED}},
    {"Email Link Clicked", {CUSTOMER, GRADE_CLICK}},
    {"Email Opened", {CUSTOMER, GRADE_OPEN}},
    {"Email Received", {COMPANY, GRADE_DELIVERED}},
    {"Email Sent", {COMPANY, GRADE_DELIVERED}},
    {"Event Attended", {CUSTOMER, GRADE_CONVERSATION}},
    {"In-App Message Clicked", {CUSTOMER, GRADE_CLICK}},
    {"In-App Message Opened", {CUSTOMER, GRADE_OPEN}},
    {"In-App Message Received", {COMPANY, GRADE_DELIVERED}},
    {"In-App Message Sent", {COMPANY, GRADE_DELIVERED}},
    {"In-App Message Tapped", {CUSTOMER, GRADE_CLICK}},
    {"In-App Message Viewed", {CUSTOMER, GRADE_VIEW}},
    {"Install Attributed", {SYSTEM, GRADE_NONE}},
    {"Invoice Sent", {COMPANY, GRADE_DELIVERED}},
    {"Letter Delivered", {COMPANY, GRADE_DELIVERED}},
    {"Letter Sent", {COMPANY, GRADE_DELIVERED}},
    {"Link Clicked", {CUSTOMER, GRADE_CLICK}},
    {"Live Chat Conversation Ended", {CUSTOMER, GRADE_CONVERSATION}},
    {"Live Chat Conversation Started", {CUSTOMER, GRADE_CONVERSATION}},
    {"Live Chat Message Received", {COMPANY, GRADE_CONVERSATION}},
    {"Live Chat Message Sent", {CUSTOMER, GRADE_CONVERSATION}},
    {"Newsletter Delivered", {COMPANY, GRADE_DELIVERED}},
    {"Newsletter Link Clicked", {CUSTOMER, GRADE_CLICK}},
    {"Newsletter Opened", {CUSTOMER, GRADE_OPEN}},
    {"Newsletter Sent", {COMPANY, GRADE_DELIVERED}},
    {"Order Delivered", {COMPANY, GRADE_DELIVERED}},
    {"Order Shipped", {COMPANY, GRADE_DELIVERED}},
    {"Payment Booked", {SYSTEM, GRADE_NONE}},
    {"Promotion Clicked", {CUSTOMER, GRADE_CLICK}},
    {"Promotion Viewed", {CUSTOMER, GRADE_VIEW}},
    {"Push Notification Bounced", {SYSTEM, GRADE_NONE}},
    {"Push Notification Delivered", {COMPANY, GRADE_DELIVERED}},
    {"Push Notification Opened", {CUSTOMER, GRADE_CLICK}},
    {"Push Notification Received", {COMPANY, GRADE_DELIVERED}},
    {"Push Notification Sent", {COMPANY, GRADE_DELIVERED}},
    {"Push Notification Tapped", {CUSTOMER, GRADE_CLICK}},
    {"QR Code Scanned", {CUSTOMER, GRADE_CLICK}},
    {"SMS Delivered", {COMPANY, GRADE_DELIVERED}},
    {"SMS Link Clicked", {CUSTOMER, GRADE_CLICK}},
    {"SMS Received", {COMPANY, GRADE_DELIVERED}},
    {"SMS Sent", {COMPANY, GRADE_DELIVERED}},
    {"Store Visited", {CUSTOMER, GRADE_CONVERSATION}},
    {"Subscription Ended", {SYSTEM, GRADE_NONE}},
    {"Subscription Expired", {SYSTEM, GRADE_NONE}},
    {"Subscription Renewed", {SYSTEM, GRADE_NONE}},
    {"Survey Sent", {COMPANY, GRADE_DELIVERED}},
    {"Trial Ended", {SYSTEM, GRADE_NONE}},
    {"Trial Expired", {SYSTEM, GRADE_NONE}},
    {"Voice Assistant Used", {CUSTOMER, GRADE_CONVERSATION}},
};

/* Both tables begin with the name that is looked for and are sorted by its bytes. */
static int find(Text name, const void *table, guint n, gsize row_size) {
  guint low = 0, high = n;
  while (low < high) {
    guint middle = (low + high) / 2;
    const char *const *row = (const char *const *)(const void *)((const char *)table + middle * row_size);
    int order = text_compare_string(name, *row);
    if (order == 0)
      return (int)middle;
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return -1;
}

Text standard_name(Text name) {
  int row = find(name, aliases, G_N_ELEMENTS(aliases), sizeof aliases[0]);
  return row < 0 ? name : text_of(aliases[row].name);
}

static gboolean starts_with(Text name, const char *prefix) {
  gsize size = strlen(prefix);
  return name.size > size && memcmp(name.at, prefix, size) == 0;
}

StandardFacts standard_facts(Text name) {
  StandardFacts customer = {INITIATOR_CUSTOMER, GRADE_VISIT};
  if (name.size == 0 || !g_ascii_isupper(name.at[0]))
    return customer;
  int row = find(name, standards, G_N_ELEMENTS(standards), sizeof standards[0]);
  if (row >= 0)
    return standards[row].facts;
  if (starts_with(name, "Call ") || starts_with(name, "Chat ") || starts_with(name, "Live Chat "))
    customer.grade = GRADE_CONVERSATION;
  return customer;
}

gboolean standard_row(guint index, const char **alias, const char **name, StandardFacts *facts) {
  gboolean is_alias = index < G_N_ELEMENTS(aliases);
  guint row = is_alias ? index : index - (guint)G_N_ELEMENTS(aliases);
  if (!is_alias && row >= G_N_ELEMENTS(standards))
    return FALSE;
  *alias = is_alias ? aliases[row].alias : NULL;
  *name = is_alias ? aliases[row].name : standards[row].name;
  *facts = standard_facts(text_of(*name));
  return TRUE;
}
