// SPDX-License-Identifier: Apache-2.0
#include "simulate/purchase.h"
#include "base/clock.h"
#include "simulate/newsletter.h"

guint32 product_cents(guint product) {
  static const guint PERCENT[MODELS] = {60, 75, 90, 100, 115, 135, 160, 210};
  guint32 cents = CATEGORY[product / MODELS].price_eur * PERCENT[product % MODELS];
  return cents - cents % 1000 + 999; // prices end in 9.99
}

static Order fill_basket(Journey *journey, Place place) {
  Life *life = journey->life;
  Random *random = &life->random;
  Order order = {.place = place, .number = (guint8)life->n_orders, .product = journey->product, .quantity = 1};
  guint32 price = product_cents(journey->product);
  if (price < 25000)
    order.quantity = (guint8)(1 + random_below(random, price < 8000 ? 4 : 3));
  double value = price * order.quantity * PERSONA[life->persona].spend;
  for (guint more = random_below(random, 3); more > 0; more--)
    value += 1900 + random_exponential(random, 4200);
  if (random_chance(random, PERSONA[life->persona].coupon)) {
    order.coupon = (guint8)(1 + random_below(random, COUPONS - 1));
    value *= .88;
  }
  order.cents = (guint32)MIN(value, 1e7) + 1;
  return order;
}

static void finish_order(Life *life, Order *order, Row *row) {
  row->place = (guint8)order->place;
  row->order = order->number;
  row->cents = order->cents;
  row->product = order->product;
  row->quantity = order->quantity;
  row->coupon = order->coupon;
  row->region = life->region;
  order->at_ms = row->time_ms;
  order->placed = life_kept(life, row);
  if (!order->placed)
    return;
  life->n_orders++;
  if (row->shows)
    sum_add(&life->truth->identified, order->cents);
}

static void fail_payment(Visit *visit) {
  Row *row = visit_row(visit, ROW_PAYMENT_FAILED, PAGE_CHECKOUT);
  row->reason = REASON_PAYMENT_TIMEOUT;
  visit_rate(visit, PAGE_CHECKOUT, 1.3, COMMENT_PAYMENT);
}

// Most buyers open an account at the checkout or have one; the others leave only an address.
static void identify_buyer(Visit *visit) {
  Life *life = visit->life;
  if (life->account)
    visit_sign_in(visit);
  else if (random_chance(&life->random, .55))
    visit_sign_up(visit);
}

gboolean purchase_online(Visit *visit, Journey *journey, Leave leave, Order *order) {
  Life *life = journey->life;
  Random *random = &life->random;
  *order = fill_basket(journey, visit->device == DEVICE_APP ? PLACE_APP : PLACE_WEB);
  if (!visit->looked)
    visit_product(visit, ROW_PRODUCT_VIEWED, PAGE_PRODUCT, journey->product);
  Row *row = visit_product(visit, ROW_ADDED, PAGE_PRODUCT, journey->product);
  row->quantity = order->quantity;
  visit_row(visit, ROW_CART_VIEWED, PAGE_CART);
  visit_rate(visit, PAGE_CART, leave == LEAVE_CART ? 2.2 : 3.0, COMMENT_SHIPPING_COSTS);
  if (leave == LEAVE_CART)
    return FALSE;
  visit_row(visit, ROW_CHECKOUT_STARTED, PAGE_CHECKOUT);
  if (leave == LEAVE_CHECKOUT)
    return FALSE;
  identify_buyer(visit);
  visit_row(visit, ROW_PAYMENT_ENTERED, PAGE_CHECKOUT);
  gboolean phone_week = visit->device == DEVICE_PHONE && span_has(life->world->payment, life_day(life, visit->now_ms));
  if (phone_week || leave == LEAVE_PAYMENT || random_chance(random, .01))
    fail_payment(visit);
  if (leave == LEAVE_PAYMENT)
    return FALSE;
  order->mail = TRUE;
  row = visit_row(visit, ROW_ORDERED, PAGE_ORDER);
  row->shows |= SHOWS_EMAIL | (random_chance(random, .4) ? SHOWS_PHONE : 0);
  finish_order(life, order, row);
  if (random_chance(random, .35))
    newsletter_subscribe(life, visit->now_ms);
  return order->placed;
}

// Points are only to be had with an account: so the card leads back to whoever searched on this phone.
static void register_card(Life *life, gint64 issued_ms) {
  Visit visit = {.life = life, .device = DEVICE_PHONE, .place = PLACE_WEB};
  visit.now_ms = life_later(life, issued_ms, random_unit(&life->random) * 6, HOURS_WEB);
  visit.era = life_era(life, DEVICE_PHONE, visit.now_ms);
  visit.shows = life->refuses_cookies ? 0 : SHOWS_DEVICE;
  Row *row = visit_row(&visit, ROW_PAGE_VIEWED, PAGE_HOME);
  row->channel = CHANNEL_DIRECT;
  visit_sign_up(&visit);
  visit_link_card(&visit);
}

static void issue_card(Life *life, gint64 at_ms) {
  Row *row = life_emit(life, ROW_CARD_ISSUED, at_ms, SHOWS_CARD | SHOWS_CRM | (random_chance(&life->random, .8) ? SHOWS_EMAIL : 0));
  row->place = PLACE_STORE;
  row->store = life->store;
  life->card = TRUE;
  if (random_chance(&life->random, .4))
    newsletter_subscribe(life, at_ms);
  if (random_chance(&life->random, .4))
    register_card(life, at_ms);
}

gboolean purchase_store(Journey *journey, Order *order) {
  Life *life = journey->life;
  Random *random = &life->random;
  *order = fill_basket(journey, PLACE_STORE);
  journey->now_ms += random_between(random, 10 * MS_MINUTE, 50 * MS_MINUTE);
  if (!life->card && random_chance(random, .38))
    issue_card(life, journey->now_ms - 2 * MS_MINUTE);
  Row *row = life_emit(life, ROW_ORDERED, journey->now_ms, life->card && random_chance(random, .92) ? SHOWS_CARD : 0);
  row->store = life->store;
  finish_order(life, order, row);
  order->mail = life->newsletter || life->account;
  return order->placed;
}

gboolean purchase_call(Journey *journey, Order *order) {
  Life *life = journey->life;
  *order = fill_basket(journey, PLACE_CALL);
  journey->now_ms += random_between(&life->random, 3 * MS_MINUTE, 12 * MS_MINUTE);
  order->mail = TRUE;
  Row *row = life_emit(life, ROW_ORDERED, journey->now_ms, SHOWS_PHONE | life_office_shows(life));
  finish_order(life, order, row);
  return order->placed;
}
