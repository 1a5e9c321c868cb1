// SPDX-License-Identifier: Apache-2.0
#include "simulate/journey.h"
#include "base/clock.h"
#include "simulate/aftersales.h"
#include "simulate/newsletter.h"

enum { SESSIONS_MAX = 16 };

typedef struct { // what one uniform number says, with and without each channel
  gboolean bought, baseline;
  guint32 lost_without; // bit a channel
} Decision;

void journey_touch(Journey *journey, Channel channel, double effect) {
  guint before = journey->touches[channel]++;
  journey->part[channel] += effect / (double)(1u << MIN(before, 20));
  Truth *truth = journey->life->truth;
  const Calendar *calendar = &journey->life->world->calendar;
  if (journey->now_ms >= calendar->until_ms)
    return;
  truth->channel[channel].touches++;
  truth->channel[channel].journeys += before == 0;
  guint month = calendar_month(calendar, life_day(journey->life, journey->now_ms));
  truth->cost_millicents[channel][month] += (gint64)(CHANNEL[channel].cost_eur * 100000);
}

static double bought_with(double logit) {
  return 1 / (1 + plain_exp(-logit));
}

static double logit_without_touches(const Journey *journey) {
  const Life *life = journey->life;
  const Calendar *calendar = &life->world->calendar;
  guint day = life_day(life, journey->now_ms);
  double price = product_cents(journey->product) / 100.0;
  return PERSONA[life->persona].intercept + .55 * life->interest + (life->n_orders ? .45 + .4 * life->goodwill : 0) +
         (calendar_black_week(calendar, day)  ? .4
          : calendar_christmas(calendar, day) ? .15
                                              : 0) -
         .16 * plain_log(price / 150);
}

static Decision decide(const Journey *journey, double u) {
  double own = logit_without_touches(journey), all = own;
  for (guint c = 0; c < CHANNELS; c++)
    all += journey->part[c];
  Decision decision = {.bought = u < bought_with(all), .baseline = u < bought_with(own)};
  for (guint c = 0; decision.bought && c < CHANNELS; c++)
    if (journey->part[c] > 0 && u >= bought_with(all - journey->part[c]))
      decision.lost_without |= 1u << c;
  return decision;
}

static void count_order(Life *life, const Decision *decision, const Order *order) {
  Truth *truth = life->truth;
  sum_add(&truth->orders, order->cents);
  sum_add(&truth->place[order->place], order->cents);
  sum_add(&truth->persona_orders[life->persona], order->cents);
  if (decision->baseline)
    sum_add(&truth->baseline, order->cents);
  for (guint c = 0; c < CHANNELS; c++)
    if (decision->lost_without & 1u << c)
      sum_add(&truth->channel[c].incremental, order->cents);
}

static Channel pick_channel(Journey *journey, Mood mood) {
  Life *life = journey->life;
  float weights[CHANNELS];
  for (guint c = 0; c < CHANNELS; c++)
    weights[c] = CHANNEL[c].mix[mood][life->persona];
  weights[CHANNEL_DIRECT] *= (float)plain_exp(.5 * life->interest);
  weights[CHANNEL_EMAIL] *= life->newsletter && life->newsletter_ms < journey->now_ms - 7 * MS_DAY;
  weights[CHANNEL_PUSH] *= (float)life->app;
  return random_pick(&life->random, weights, CHANNELS);
}

static void pick_product(Journey *journey) {
  Life *life = journey->life;
  guint season = calendar_season(&life->world->calendar, life_day(life, journey->now_ms));
  float weights[CATEGORIES];
  for (guint i = 0; i < CATEGORIES; i++)
    weights[i] = CATEGORY[i].weight * CATEGORY[i].season[season];
  journey->category = (guint8)random_pick(&life->random, weights, CATEGORIES);
  journey->product = (guint8)(journey->category * MODELS + random_below(&life->random, MODELS));
}

static void visit_store(Journey *journey) {
  Life *life = journey->life;
  Random *random = &life->random;
  journey->now_ms = calendar_moment(&life->world->calendar, life_day(life, journey->now_ms), HOURS_STORE, random);
  guint shows = life->card && random_chance(random, .6)                   ? SHOWS_CARD
                : life->app && life->account && random_chance(random, .5) ? SHOWS_USER
                                                                          : 0;
  Row *row = life_emit(life, ROW_STORE_VISITED, journey->now_ms, shows);
  row->channel = CHANNEL_STORE;
  row->place = PLACE_STORE;
  row->store = life->store;
  journey_touch(journey, CHANNEL_STORE, CHANNEL[CHANNEL_STORE].effect[life->persona]);
  if (!random_chance(random, .5))
    return;
  journey->now_ms += random_between(random, 5 * MS_MINUTE, 20 * MS_MINUTE);
  shows = SHOWS_DEVICE | (random_chance(random, .7) ? SHOWS_EMAIL : 0) | (shows & SHOWS_CARD);
  row = life_emit(life, ROW_ADVISED, journey->now_ms, shows);
  row->channel = CHANNEL_STORE;
  row->place = PLACE_STORE;
  row->store = life->store;
  row->device = DEVICE_STORE;
  row->product = journey->product;
  journey_touch(journey, CHANNEL_STORE, CHANNEL[CHANNEL_STORE].effect[life->persona]);
  if (shows & SHOWS_EMAIL)
    aftersales_ask_satisfaction(life, journey->now_ms, SHOWS_EMAIL, .75, COMMENT_ADVICE);
}

static void take_call(Journey *journey) {
  Life *life = journey->life;
  journey->now_ms = calendar_moment(&life->world->calendar, life_day(life, journey->now_ms), HOURS_CALLS, &life->random);
  guint shows = SHOWS_PHONE | (life->account && random_chance(&life->random, .6) ? SHOWS_CRM : 0);
  Row *row = life_emit(life, ROW_ADVISED, journey->now_ms, shows);
  row->channel = CHANNEL_CALL;
  row->place = PLACE_CALL;
  row->reason = REASON_QUESTION;
  row->product = journey->product;
  journey_touch(journey, CHANNEL_CALL, CHANNEL[CHANNEL_CALL].effect[life->persona]);
  aftersales_ask_satisfaction(life, journey->now_ms, shows, .1, COMMENT_WAITED);
}

static void chat(Visit *visit, Journey *journey) {
  Row *row = visit_row(visit, ROW_CHATTED, PAGE_PRODUCT);
  row->channel = CHANNEL_CHAT;
  row->product = journey->product;
  row->reason = REASON_QUESTION;
  journey_touch(journey, CHANNEL_CHAT, CHANNEL[CHANNEL_CHAT].effect[journey->life->persona]);
  visit->now_ms += random_between(&journey->life->random, 2 * MS_MINUTE, 9 * MS_MINUTE);
  aftersales_ask_satisfaction(journey->life, visit->now_ms, visit->shows, .35, COMMENT_GOOD);
}

// One touch; TRUE when it is a visit that can go on to the cart.
static gboolean run_touch(Journey *journey, Visit *visit, Channel channel, Mood mood) {
  if (channel == CHANNEL_STORE) {
    visit_store(journey);
    return FALSE;
  }
  if (channel == CHANNEL_CALL) {
    take_call(journey);
    return FALSE;
  }
  visit_begin(visit, journey, channel == CHANNEL_CHAT ? CHANNEL_DIRECT : channel, mood);
  visit_browse(visit, journey, mood);
  if (channel == CHANNEL_CHAT)
    chat(visit, journey);
  journey->now_ms = visit->now_ms;
  return TRUE;
}

static void wait_for_next(Journey *journey) {
  Life *life = journey->life;
  Random *random = &life->random;
  if (random_chance(random, .28))
    journey->now_ms += random_between(random, 70 * MS_MINUTE, 7 * MS_HOUR);
  else
    journey->now_ms = life_later(life, journey->now_ms, 1 + random_exponential_up_to(random, 4.2, 40), HOURS_WEB);
}

// Out of stock: most who would have bought give up.
static gboolean stopped_by_shortage(Journey *journey, const Decision *decision) {
  Life *life = journey->life;
  gboolean short_now = journey->category == CATEGORY_SHORT && span_has(life->world->shortage, life_day(life, journey->now_ms));
  if (!short_now || journey->now_ms >= life->world->calendar.until_ms)
    return FALSE;
  life->truth->shortage.exposed++;
  if (!decision->bought || !random_chance(&life->random, .8))
    return FALSE;
  sum_add(&life->truth->shortage.lost, product_cents(journey->product));
  return TRUE;
}

static gboolean payment_fails(const Journey *journey, const Visit *visit) {
  const Life *life = journey->life;
  return visit->device == DEVICE_PHONE && span_has(life->world->payment, life_day(life, journey->now_ms));
}

static gboolean buy(Journey *journey, Visit *visit, gboolean online, Channel last, Order *order) {
  Life *life = journey->life;
  Random *random = &life->random;
  double store = PERSONA[life->persona].store + (journey->touches[CHANNEL_STORE] ? .3 : 0) + (last == CHANNEL_STORE ? .3 : 0);
  if (last == CHANNEL_CALL && random_chance(random, .55))
    return purchase_call(journey, order);
  if (random_chance(random, store)) {
    if (last != CHANNEL_STORE)
      journey->now_ms = life_later(life, journey->now_ms, random_unit(random) * 4, HOURS_STORE);
    return purchase_store(journey, order);
  }
  if (!online) {
    journey->now_ms = life_later(life, journey->now_ms, random_unit(random) * 2, HOURS_WEB);
    visit_begin(visit, journey, CHANNEL_DIRECT, MOOD_DECIDING);
  }
  if (!payment_fails(journey, visit))
    return purchase_online(visit, journey, LEAVE_NOWHERE, order);
  gboolean kept = visit->now_ms < life->world->calendar.until_ms;
  life->truth->payment.exposed += kept;
  gboolean lost = random_chance(random, .7);
  gboolean placed = purchase_online(visit, journey, lost ? LEAVE_PAYMENT : LEAVE_NOWHERE, order);
  if (lost && kept)
    sum_add(&life->truth->payment.lost, order->cents);
  return placed;
}

// Who does not buy leaves somewhere: most before the cart.
static void leave(Journey *journey, Visit *visit, gboolean online) {
  Life *life = journey->life;
  double r = random_unit(&life->random);
  if (!online || r >= .30)
    return;
  Order order;
  purchase_online(visit, journey, r < .10 ? LEAVE_CHECKOUT : LEAVE_CART, &order);
  guint16 campaign = CAMPAIGN_CART;
  if (life->newsletter || life->account)
    newsletter_mail(life, campaign, visit->now_ms + 3 * MS_HOUR, NO_ORDER, .38, .11);
}

gint64 journey_run(Life *life, gint64 start_ms) {
  Random *random = &life->random;
  Journey journey = {.life = life, .now_ms = start_ms};
  pick_product(&journey);
  double u = random_unit(random), mean = PERSONA[life->persona].sessions_mean * sqrt(life->world->intensity);
  guint n = 1 + (guint)random_exponential_up_to(random, mean, SESSIONS_MAX - 1);
  Mood first = life->n_orders ? MOOD_COMPARING : MOOD_INSPIRED;
  Visit visit = {0};
  Channel channel = CHANNEL_NONE;
  gboolean online = FALSE;
  for (guint i = 0; i < n; i++) {
    Mood mood = i == 0 ? first : i + 1 < n ? MOOD_COMPARING : MOOD_DECIDING;
    if (i > 0)
      wait_for_next(&journey);
    channel = pick_channel(&journey, mood);
    online = run_touch(&journey, &visit, channel, mood);
  }
  life->truth->journeys += start_ms < life->world->calendar.until_ms;
  Decision decision = decide(&journey, u);
  Order order;
  if (stopped_by_shortage(&journey, &decision) || !decision.bought || life->n_orders >= ORDERS_MAX) {
    leave(&journey, &visit, online);
    return MAX(journey.now_ms, visit.now_ms);
  }
  if (!buy(&journey, &visit, online, channel, &order))
    return MAX(journey.now_ms, visit.now_ms);
  count_order(life, &decision, &order);
  return aftersales_run(life, &order);
}
