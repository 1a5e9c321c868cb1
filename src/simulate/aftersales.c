// SPDX-License-Identifier: Apache-2.0
#include "simulate/aftersales.h"
#include "base/clock.h"
#include "simulate/newsletter.h"

typedef struct {
  Life *life;
  const Order *order;
  guint shows; // how offices name the customer; 0 for a bought-and-gone stranger
  gint64 delivered_ms;
  double late_days;
  gboolean damaged, incomplete, returned;
  double mood; // -1 .. 1
} Aftersales;

static Row *order_row(const Aftersales *after, RowKind kind, gint64 at_ms, guint shows) {
  Row *row = life_emit(after->life, kind, at_ms, shows);
  row->order = after->order->number;
  row->product = after->order->product;
  return row;
}

void aftersales_ask_satisfaction(Life *life, gint64 at_ms, guint shows, double mood, Comment comment) {
  Random *random = &life->random;
  if (!random_chance(random, .32))
    return;
  Row *row = life_emit(life, ROW_RATED, at_ms + random_between(random, 2 * MS_MINUTE, 30 * MS_HOUR),
                       shows & ~SHOWS_DEVICE ? shows & ~SHOWS_DEVICE : SHOWS_EMAIL);
  row->survey = SURVEY_CSAT;
  row->score = random_score(random, 3.2 + 1.5 * mood, 1, 1, 5);
  if (random_chance(random, .2) && (row->score >= 4) == (comment != COMMENT_WAITED))
    row->comment = (guint8)comment;
}

static gboolean cancelled(Aftersales *after) {
  Life *life = after->life;
  if (!random_chance(&life->random, .025))
    return FALSE;
  gint64 at = after->order->at_ms + random_between(&life->random, MS_HOUR, 30 * MS_HOUR);
  Row *row = order_row(after, ROW_CANCELLED, at, after->shows);
  row->cents = after->order->cents;
  row->reason = random_chance(&life->random, .6) ? REASON_CHANGED_MIND : REASON_CHEAPER_ELSEWHERE;
  if (life_kept(life, row))
    sum_add(&life->truth->cancellations, row->cents);
  return TRUE;
}

static void ship(Aftersales *after) {
  Life *life = after->life;
  Random *random = &life->random;
  double days = CATEGORY[after->order->product / MODELS].delivery_days * (.7 + .6 * random_unit(random));
  guint day = life_day(life, after->order->at_ms);
  if (life->region == REGION_LATE && span_has(life->world->delay, day))
    after->late_days = 9 + random_unit(random) * 9;
  else if (random_chance(random, .04))
    after->late_days = 2 + random_exponential(random, 4);
  days = MAX(1, days) + after->late_days;
  after->delivered_ms = life_later(life, after->order->at_ms, days, HOURS_CALLS);
  gint64 shipped = life_later(life, after->order->at_ms, days * .7, HOURS_CALLS);
  order_row(after, ROW_SHIPPED, MIN(shipped, after->delivered_ms - MS_HOUR), after->shows)->region = life->region;
  if (after->order->mail) {
    gint64 clicked = newsletter_mail(life, CAMPAIGN_SHIPPING, shipped, after->order->number, .72, .4);
    if (clicked) {
      Visit visit = {.life = life, .now_ms = clicked + 3 * MS_SECOND, .device = DEVICE_PHONE, .place = PLACE_WEB};
      visit.era = life_era(life, DEVICE_PHONE, clicked);
      visit.shows = life->refuses_cookies ? 0 : SHOWS_DEVICE;
      visit_row(&visit, ROW_TRACKED, PAGE_ORDER)->order = after->order->number;
    }
  }
  Row *row = order_row(after, ROW_DELIVERED, after->delivered_ms, after->shows);
  row->region = life->region;
  row->delivery_days = (guint8)MIN(255, (after->delivered_ms - after->order->at_ms + MS_DAY / 2) / MS_DAY);
  if (life_kept(life, row) && after->late_days >= 9)
    life->truth->delay.exposed++;
}

static void complain(Aftersales *after, Reason reason, Comment comment) {
  Life *life = after->life;
  Random *random = &life->random;
  gint64 at =
      reason == REASON_LATE ? after->delivered_ms - (gint64)(after->late_days * .4 * MS_DAY) : after->delivered_ms + MS_HOUR;
  at = life_later(life, at, random_unit(random) * 3, HOURS_CALLS);
  gboolean call = random_chance(random, .62);
  if (call) {
    Row *row = order_row(after, ROW_CALLED, at, after->shows | SHOWS_PHONE);
    row->channel = CHANNEL_CALL;
    row->place = PLACE_CALL;
    row->reason = (guint8)reason;
    aftersales_ask_satisfaction(life, at, after->shows | SHOWS_PHONE, -.7, COMMENT_WAITED);
  }
  Row *row = order_row(after, ROW_COMPLAINED, at + 5 * MS_MINUTE, after->shows);
  row->reason = (guint8)reason;
  row->region = life->region;
  row->comment = (guint8)(random_chance(random, .6) ? comment : COMMENT_NONE);
  if (life_kept(life, row)) {
    life->truth->complaints++;
    life->truth->delay_complaints += reason == REASON_LATE && after->late_days >= 9;
  }
  gint64 solved = life_later(life, at, 1 + random_exponential(random, 5), HOURS_CALLS);
  order_row(after, ROW_RESOLVED, solved, after->shows)->reason = (guint8)reason;
  after->mood -= .35;
}

static void judge_delivery(Aftersales *after) {
  Random *random = &after->life->random;
  after->damaged = random_chance(random, .035);
  after->incomplete = random_chance(random, .03);
  after->mood = .5 + .35 * random_normal(random) - .075 * after->late_days - .7 * after->damaged - .6 * after->incomplete;
  if (after->late_days > 5 && random_chance(random, .45))
    complain(after, REASON_LATE, COMMENT_LATE);
  else if (after->damaged && random_chance(random, .5))
    complain(after, REASON_DAMAGED, COMMENT_DAMAGED);
  else if (after->incomplete && random_chance(random, .55))
    complain(after, REASON_MISSING_PART, COMMENT_MISSING);
  after->mood = CLAMP(after->mood, -1, 1);
}

static void ask_recommendation(Aftersales *after) {
  Life *life = after->life;
  Random *random = &life->random;
  gint64 sent = life_later(life, after->delivered_ms, 4, HOURS_CALLS);
  gint64 clicked = newsletter_mail(life, CAMPAIGN_SURVEY, sent, after->order->number, .55, .3);
  if (!clicked || !random_chance(random, .85))
    return;
  Row *row = order_row(after, ROW_SURVEYED, clicked + 2 * MS_MINUTE, SHOWS_EMAIL);
  row->survey = SURVEY_NPS;
  row->score = random_score(random, 6.9 + 3.1 * after->mood, .8, 0, 10);
  if (life_kept(life, row))
    life->truth->nps[row->score]++;
  if (!random_chance(random, .3))
    return;
  row->comment = row->score >= 9        ? COMMENT_LOVE
                 : row->score >= 7      ? COMMENT_GOOD
                 : after->late_days > 5 ? COMMENT_LATE
                 : after->damaged       ? COMMENT_DAMAGED
                 : after->incomplete    ? COMMENT_MISSING
                                        : COMMENT_FAIR;
}

static void maybe_return(Aftersales *after) {
  Life *life = after->life;
  Random *random = &life->random;
  double chance = CATEGORY[after->order->product / MODELS].returned * (after->mood < 0 ? 2.2 : 1) + (after->damaged ? .25 : 0);
  if (!random_chance(random, chance))
    return;
  after->returned = TRUE;
  static const Reason OWN[] = {REASON_TOO_SMALL, REASON_COLOUR, REASON_NOT_LIKED};
  Reason reason = after->damaged ? REASON_DAMAGED : OWN[random_below(random, 3)];
  gint64 asked = life_later(life, after->delivered_ms, 1 + random_unit(random) * 11, HOURS_WEB);
  Row *row = order_row(after, ROW_RETURN_ASKED, asked, life->account ? SHOWS_USER : after->shows);
  row->reason = (guint8)reason;
  row->place = PLACE_WEB;
  row->page = PAGE_ACCOUNT;
  gint64 paid = life_later(life, asked, 4 + random_unit(random) * 9, HOURS_CALLS);
  row = order_row(after, ROW_REFUNDED, paid, after->shows);
  row->reason = (guint8)reason;
  gboolean whole = random_chance(random, .65);
  guint64 percent = whole ? 100 : 20 + random_below(random, 50);
  row->cents = (guint32)MAX(1, after->order->cents * percent / 100);
  if (life_kept(life, row))
    sum_add(&life->truth->refunds, row->cents);
}

static void recommend(Aftersales *after) {
  Life *life = after->life;
  Random *random = &life->random;
  guint shows = life->account ? SHOWS_USER : SHOWS_EMAIL;
  gint64 at = life_later(life, after->delivered_ms, 5 + random_exponential(random, 12), HOURS_WEB);
  if (random_chance(random, .06 + .06 * fabs(after->mood))) {
    Row *row = order_row(after, ROW_REVIEWED, at, shows);
    row->survey = SURVEY_RATING;
    row->score = random_score(random, 3.6 + 1.6 * after->mood, .5, 1, 5);
    row->comment = row->score >= 5 ? COMMENT_LOVE : row->score >= 4 ? COMMENT_GOOD : COMMENT_NONE;
  }
  if (after->mood <= .35)
    return;
  if (random_chance(random, .07))
    order_row(after, ROW_SHARED, at + MS_HOUR, shows);
  if (life->account && random_chance(random, .13))
    life_emit(life, ROW_INVITED, life_later(life, at, 2, HOURS_WEB), SHOWS_USER)->campaign = CAMPAIGN_FRIENDS;
}

static void need_service(Aftersales *after) {
  Life *life = after->life;
  Random *random = &life->random;
  if (!random_chance(random, .055))
    return;
  gint64 at = life_later(life, after->delivered_ms, 20 + random_exponential(random, 90), HOURS_CALLS);
  Reason reason = random_chance(random, .5) ? REASON_ASSEMBLY : REASON_SPARE_PART;
  order_row(after, ROW_SERVICE_ASKED, at, after->shows | SHOWS_PHONE)->reason = (guint8)reason;
  aftersales_ask_satisfaction(life, at, after->shows | SHOWS_PHONE, .2, COMMENT_GOOD);
}

gint64 aftersales_run(Life *life, const Order *order) {
  Aftersales after = {.life = life, .order = order, .delivered_ms = order->at_ms};
  gboolean known = order->place != PLACE_STORE || life->account || life->card;
  if (!known) // paid in cash and carried home: nothing further is heard
    return order->at_ms + MS_HOUR;
  after.shows = life_office_shows(life);
  if (order->mail)
    newsletter_mail(life, CAMPAIGN_CONFIRMATION, order->at_ms + MS_MINUTE, order->number, .7, .04);
  if (cancelled(&after))
    return order->at_ms + 2 * MS_DAY;
  gboolean carried = order->place == PLACE_STORE && order->cents < 20000;
  if (!carried)
    ship(&after);
  judge_delivery(&after);
  if (order->mail)
    ask_recommendation(&after);
  maybe_return(&after);
  recommend(&after);
  need_service(&after);
  life->goodwill = after.mood;
  return after.delivered_ms + 2 * MS_DAY;
}
