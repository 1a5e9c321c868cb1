/* SPDX-License-Identifier: Apache-2.0
 * row.h: one simulated event in 48 bytes, as it waits for its turn in the order of arrival; texts and
 * identifiers are derived from it when it is written (row_csv.c, row_json.c). */
#pragma once
#include "simulate/company.h"

typedef enum {               /* where the row comes from decides how late it arrives */
               ROUTE_LIVE,   /* tag and app: within two seconds, now and then twice */
               ROUTE_MAIL,   /* the mail provider's log: within a quarter of an hour */
               ROUTE_TILL,   /* tills and doors: the next day's export, store by store */
               ROUTE_OFFICE, /* ERP, call centre, surveys: the next night's export */
} Route;

/* kind, event name, route */
#define ROW_KINDS_LIST(X)                                                                                                          \
  X(PAGE_VIEWED, "Page Viewed", LIVE)                                                                                              \
  X(LIST_VIEWED, "Product List Viewed", LIVE)                                                                                      \
  X(SEARCHED, "Products Searched", LIVE)                                                                                           \
  X(PRODUCT_VIEWED, "Product Viewed", LIVE)                                                                                        \
  X(WISHED, "Product Added to Wishlist", LIVE)                                                                                     \
  X(ADDED, "Product Added", LIVE)                                                                                                  \
  X(REMOVED, "Product Removed", LIVE)                                                                                              \
  X(CART_VIEWED, "Cart Viewed", LIVE)                                                                                              \
  X(CHECKOUT_STARTED, "Checkout Started", LIVE)                                                                                    \
  X(PAYMENT_ENTERED, "Payment Info Entered", LIVE)                                                                                 \
  X(PAYMENT_FAILED, "Payment Failed", LIVE)                                                                                        \
  X(ORDERED, "Order Completed", LIVE)                                                                                              \
  X(SIGNED_UP, "Signed Up", LIVE)                                                                                                  \
  X(SIGNED_IN, "Signed In", LIVE)                                                                                                  \
  X(SUBSCRIBED, "Newsletter Subscribed", LIVE)                                                                                     \
  X(UNSUBSCRIBED, "Unsubscribed", MAIL)                                                                                            \
  X(APP_INSTALLED, "Application Installed", LIVE)                                                                                  \
  X(APP_OPENED, "Application Opened", LIVE)                                                                                        \
  X(PUSH_TAPPED, "Push Notification Tapped", LIVE)                                                                                 \
  X(MAIL_DELIVERED, "Email Delivered", MAIL)                                                                                       \
  X(MAIL_OPENED, "Email Opened", MAIL)                                                                                             \
  X(MAIL_CLICKED, "Email Link Clicked", MAIL)                                                                                      \
  X(STORE_VISITED, "Store Visited", TILL)                                                                                          \
  X(ADVISED, "Advice Given", LIVE)                                                                                                 \
  X(CALLED, "Call Answered", OFFICE)                                                                                               \
  X(CHATTED, "Chat Started", LIVE)                                                                                                 \
  X(CARD_ISSUED, "Loyalty Card Issued", TILL)                                                                                      \
  X(CARD_LINKED, "Loyalty Card Linked", LIVE)                                                                                      \
  X(CANCELLED, "Order Cancelled", OFFICE)                                                                                          \
  X(SHIPPED, "Order Shipped", OFFICE)                                                                                              \
  X(TRACKED, "Shipment Tracked", LIVE)                                                                                             \
  X(DELIVERED, "Order Delivered", OFFICE)                                                                                          \
  X(COMPLAINED, "Complaint Filed", OFFICE)                                                                                         \
  X(RESOLVED, "Complaint Resolved", OFFICE)                                                                                        \
  X(RETURN_ASKED, "Return Requested", LIVE)                                                                                        \
  X(REFUNDED, "Order Refunded", OFFICE)                                                                                            \
  X(SERVICE_ASKED, "Service Contacted", OFFICE)                                                                                    \
  X(PAGE_RATED, "Page Rated", LIVE)                                                                                                \
  X(RATED, "Conversation Rated", OFFICE)                                                                                           \
  X(SURVEYED, "Survey Answered", OFFICE)                                                                                           \
  X(REVIEWED, "Product Reviewed", LIVE)                                                                                            \
  X(SHARED, "Product Shared", LIVE)                                                                                                \
  X(INVITED, "Friend Invited", LIVE)                                                                                               \
  X(COSTED, "Ad Cost Reported", LIVE)

typedef enum {
#define X(kind, name, route) ROW_##kind,
  ROW_KINDS_LIST(X)
#undef X
      ROW_KINDS
} RowKind;

typedef struct {
  Text name;
  Route route;
} RowKindInfo;
extern const RowKindInfo ROW_KIND[ROW_KINDS];

enum { /* identifiers that the row states */
       SHOWS_USER = 1,
       SHOWS_CRM = 2,
       SHOWS_CARD = 4,
       SHOWS_EMAIL = 8,
       SHOWS_PHONE = 16,
       SHOWS_DEVICE = 32,
};

typedef enum { DEVICE_NONE, DEVICE_PHONE, DEVICE_LAPTOP, DEVICE_TABLET, DEVICE_APP, DEVICE_STORE } Device;
typedef enum { PLACE_NONE, PLACE_WEB, PLACE_APP, PLACE_STORE, PLACE_CALL, PLACES } Place;
typedef enum {
  PAGE_NONE,
  PAGE_HOME,
  PAGE_CATEGORY,
  PAGE_PRODUCT,
  PAGE_CART,
  PAGE_CHECKOUT,
  PAGE_ORDER,
  PAGE_ACCOUNT,
  PAGE_GUIDE,
  PAGES
} Page;
typedef enum { SURVEY_NONE, SURVEY_NPS, SURVEY_CSAT, SURVEY_RATING, SURVEYS } Survey;
enum {
  FLAG_SHORT = 1,     /* out of stock */
  FLAG_BOT = 2,       /* nobody: a crawler, person is its visit */
  FLAG_DOOR = 4,      /* nobody: a door's count */
  FLAG_HOUSEHOLD = 8, /* the laptop belongs to two persons */
};
enum { RATING_GOOD = 4 /* stars from which a review recommends */ };
enum { NO_ORDER = 0xff, NO_PRODUCT = 0xff, NO_SCORE = -1, NO_REGION = 0xff, NO_STORE = 0xff };

extern const Text PLACE[PLACES], PAGE[PAGES], SURVEY[SURVEYS];

typedef struct {
  gint64 arrival_ms, time_ms;
  guint32 person;
  guint32 cents;    /* value of an order or refund, price of a product, cost of advertising */
  guint16 sequence; /* of the person: makes the event's id */
  guint16 campaign;
  guint8 kind, shows, device, era; /* era: how often that device lost its cookie */
  guint8 channel, source, content, term;
  guint8 place, page, product, store;
  guint8 order, region, reason, comment; /* order: the person's k-th */
  gint8 score;
  guint8 survey, agent, flags;
  guint8 delivery_days, coupon, quantity;
} Row;
G_STATIC_ASSERT(sizeof(Row) <= 56);
