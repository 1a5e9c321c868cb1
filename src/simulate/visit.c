// SPDX-License-Identifier: Apache-2.0
// visit.c: the pages of one visit. The first row states channel and campaign, the others do not: one visit, one touch.
#include "base/clock.h"
#include "simulate/journey.h"
#include "simulate/newsletter.h"

static void choose_device(Visit *visit, Channel channel) {
  Life *life = visit->life;
  Random *random = &life->random;
  static const float ANY[] = {0, 56, 34, 10}, SHARING[] = {0, 34, 60, 6}, SOCIAL[] = {0, 88, 4, 8};
  gboolean social = channel == CHANNEL_PAID_SOCIAL || channel == CHANNEL_ORGANIC_SOCIAL || channel == CHANNEL_INFLUENCER;
  gboolean app = life->app && (channel == CHANNEL_PUSH || (channel == CHANNEL_DIRECT && random_chance(random, .6)));
  visit->device = app ? DEVICE_APP : random_pick(random, social ? SOCIAL : life->household ? SHARING : ANY, 4);
  visit->place = app ? PLACE_APP : PLACE_WEB;
  visit->era = life_era(life, visit->device, visit->now_ms);
  guint64 own = random_hash(life->world->seed, life->person, 0xa6e47);
  visit->agent = (guint8)(visit->device == DEVICE_LAPTOP   ? 2 + 2 * (own % 4)
                          : visit->device == DEVICE_TABLET ? 9
                          : channel == CHANNEL_PAID_SOCIAL ? 5
                                                           : 1 + 2 * (own % 2));
}

Row *visit_row(Visit *visit, RowKind kind, Page page) {
  Life *life = visit->life;
  Row *row = life_emit(life, kind, visit->now_ms, visit->shows);
  row->device = (guint8)visit->device;
  row->era = visit->era;
  row->place = visit->place;
  row->page = (guint8)page;
  if (visit->device == DEVICE_LAPTOP && life->household)
    row->flags |= FLAG_HOUSEHOLD;
  visit->now_ms += random_between(&life->random, 3 * MS_SECOND, 80 * MS_SECOND);
  return row;
}

Row *visit_product(Visit *visit, RowKind kind, Page page, guint product) {
  Row *row = visit_row(visit, kind, page);
  row->product = (guint8)product;
  row->cents = product_cents(product);
  if (product / MODELS == CATEGORY_SHORT && span_has(visit->life->world->shortage, life_day(visit->life, row->time_ms)))
    row->flags |= FLAG_SHORT;
  return row;
}

void visit_rate(Visit *visit, Page page, double mean, Comment comment) {
  Random *random = &visit->life->random;
  if (!random_chance(random, .045))
    return;
  Row *row = visit_row(visit, ROW_PAGE_RATED, page);
  row->survey = SURVEY_CSAT;
  row->score = random_score(random, mean, .9, 1, 5);
  if (comment && row->score <= 2 && random_chance(random, .4))
    row->comment = (guint8)comment;
  if (page != PAGE_CART || !life_kept(visit->life, row))
    return;
  visit->life->truth->cart_ratings++;
  visit->life->truth->cart_stars += (guint64)row->score;
}

void visit_sign_in(Visit *visit) {
  if (!visit->life->account || visit->shows & SHOWS_USER)
    return;
  visit->shows |= SHOWS_USER;
  visit_row(visit, ROW_SIGNED_IN, PAGE_ACCOUNT);
}

static void name_campaign(const Visit *visit, Row *row, Channel channel) {
  Random *random = &visit->life->random;
  const World *world = visit->life->world;
  row->channel = (guint8)channel;
  if (CHANNEL[channel].seasonal)
    row->campaign = world_season_campaign(world, life_day(visit->life, row->time_ms));
  switch (channel) {
  case CHANNEL_PAID_SOCIAL: row->content = (guint8)(1 + random_below(random, 3)); break;
  case CHANNEL_ORGANIC_SOCIAL: row->content = (guint8)(4 + random_below(random, 2)); break;
  case CHANNEL_INFLUENCER: row->source = (guint8)(SOURCE_BLOG_A + random_below(random, 3)); break;
  case CHANNEL_ORGANIC_SEARCH: row->source = random_chance(random, .9) ? SOURCE_GOOGLE : SOURCE_BING; break;
  case CHANNEL_INVITE: row->campaign = CAMPAIGN_FRIENDS; break;
  case CHANNEL_DISPLAY:
    row->content = (guint8)(6 + random_below(random, 2));
    if (visit->life->n_journeys || random_chance(random, .3))
      row->campaign = CAMPAIGN_RETARGETING;
    break;
  default: break;
  }
}

// Who comes by search ads typed something; the shop's own name means that the way here was known already.
static gboolean name_search(const Visit *visit, Row *row, Mood mood) {
  Random *random = &visit->life->random;
  gboolean brand = random_chance(random, mood == MOOD_DECIDING ? .62 : mood == MOOD_COMPARING ? .25 : .06);
  row->term = (guint8)(brand ? TERM_BRAND : 2 + random_below(random, TERMS - 2));
  row->campaign = brand ? CAMPAIGN_BRAND : random_chance(random, .5) ? CAMPAIGN_GENERIC : CAMPAIGN_SHOPPING;
  return brand;
}

static gboolean begin_by_mail(Visit *visit) {
  guint16 campaign;
  gint64 sent;
  Life *life = visit->life;
  if (!life->newsletter || !world_newsletter(life->world, visit->now_ms, &campaign, &sent) || sent < life->newsletter_ms)
    return FALSE;
  Row *row = life_emit(life, ROW_MAIL_CLICKED, visit->now_ms, SHOWS_EMAIL);
  row->channel = CHANNEL_EMAIL;
  row->campaign = campaign;
  row->content = (guint8)(8 + random_below(&life->random, 3));
  visit->now_ms += 2 * MS_SECOND;
  return TRUE;
}

static void maybe_install_app(Visit *visit) {
  Life *life = visit->life;
  if (life->app || visit->device != DEVICE_PHONE || !random_chance(&life->random, life->account ? .35 : .04))
    return;
  life->app = TRUE;
  Visit app = *visit;
  app.device = DEVICE_APP;
  app.place = PLACE_APP;
  app.shows |= SHOWS_DEVICE;
  visit_row(&app, ROW_APP_INSTALLED, PAGE_NONE);
}

void visit_begin(Visit *visit, Journey *journey, Channel channel, Mood mood) {
  Life *life = journey->life;
  *visit = (Visit){.life = life, .now_ms = journey->now_ms};
  choose_device(visit, channel);
  // Without leave to keep a cookie a visit is nobody's until somebody signs in; the app knows its installation.
  visit->shows = life->refuses_cookies && visit->device != DEVICE_APP ? 0 : SHOWS_DEVICE;
  if (life->account && (visit->device == DEVICE_APP || random_chance(&life->random, .6)))
    visit->shows |= SHOWS_USER;
  gboolean by_mail = channel == CHANNEL_EMAIL && begin_by_mail(visit);
  if (channel == CHANNEL_EMAIL && !by_mail)
    channel = CHANNEL_DIRECT;
  gboolean deep = mood != MOOD_INSPIRED;
  gboolean push = channel == CHANNEL_PUSH && visit->device == DEVICE_APP;
  RowKind first = push ? ROW_PUSH_TAPPED : visit->device == DEVICE_APP ? ROW_APP_OPENED : ROW_PAGE_VIEWED;
  Row *row = visit_row(visit, first, first != ROW_PAGE_VIEWED ? PAGE_NONE : deep ? PAGE_CATEGORY : PAGE_HOME);
  row->agent = visit->device == DEVICE_APP ? 0 : visit->agent;
  double effect = CHANNEL[channel].effect[life->persona];
  if (!by_mail)
    name_campaign(visit, row, channel);
  if (channel == CHANNEL_PAID_SEARCH && name_search(visit, row, mood))
    effect = BRAND_SEARCH_EFFECT;
  journey_touch(journey, channel, effect);
  maybe_install_app(visit);
  if (channel == CHANNEL_PRICE_COMPARISON)
    visit_rate(visit, PAGE_CATEGORY, 2.7, COMMENT_CHEAPER);
  else if (mood == MOOD_INSPIRED)
    visit_rate(visit, PAGE_HOME, 3.4, COMMENT_NONE);
}

void visit_sign_up(Visit *visit) {
  Life *life = visit->life;
  if (life->account)
    return;
  life->account = TRUE;
  visit->shows |= SHOWS_USER;
  visit_row(visit, ROW_SIGNED_UP, PAGE_ACCOUNT)->shows |= SHOWS_EMAIL | SHOWS_CRM;
}

static void subscribe(Visit *visit) {
  Row *row = visit_row(visit, ROW_SUBSCRIBED, PAGE_HOME);
  row->shows |= SHOWS_EMAIL;
  newsletter_subscribe(visit->life, row->time_ms);
}

void visit_link_card(Visit *visit) {
  visit_sign_in(visit);
  visit_row(visit, ROW_CARD_LINKED, PAGE_ACCOUNT)->shows |= SHOWS_CARD;
  visit->life->card_linked = TRUE;
}

static void look_at_products(Visit *visit, const Journey *journey) {
  Random *random = &visit->life->random;
  for (guint more = random_below(random, 5) / 2; more > 0; more--)
    visit_product(visit, ROW_PRODUCT_VIEWED, PAGE_PRODUCT, journey->category * MODELS + random_below(random, MODELS));
  visit_product(visit, ROW_PRODUCT_VIEWED, PAGE_PRODUCT, journey->product);
  visit->looked = TRUE;
  visit_rate(visit, PAGE_PRODUCT, 3.9, COMMENT_NONE);
  if (random_chance(random, .10))
    visit_product(visit, ROW_WISHED, PAGE_PRODUCT, journey->product);
  if (random_chance(random, .07)) {
    visit_product(visit, ROW_ADDED, PAGE_PRODUCT, journey->product);
    visit_product(visit, ROW_REMOVED, PAGE_CART, journey->product);
  }
}

void visit_browse(Visit *visit, Journey *journey, Mood mood) {
  Life *life = visit->life;
  Random *random = &life->random;
  if (random_chance(random, mood == MOOD_INSPIRED ? .2 : .6))
    visit_row(visit, ROW_LIST_VIEWED, PAGE_CATEGORY)->product = (guint8)(journey->category * MODELS);
  if (random_chance(random, .12))
    visit_row(visit, ROW_SEARCHED, PAGE_CATEGORY)->term = (guint8)(2 + random_below(random, TERMS - 2));
  if (mood != MOOD_INSPIRED || random_chance(random, .2))
    look_at_products(visit, journey);
  if (mood == MOOD_COMPARING && random_chance(random, .10))
    visit_row(visit, ROW_PAGE_VIEWED, PAGE_GUIDE);
  if (!life->newsletter && random_chance(random, mood == MOOD_INSPIRED ? .015 : .03))
    subscribe(visit);
  if (!life->account && random_chance(random, .05))
    visit_sign_up(visit);
  if (life->account && life->card && !life->card_linked && random_chance(random, .3))
    visit_link_card(visit);
}
