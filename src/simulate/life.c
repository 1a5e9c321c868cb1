// SPDX-License-Identifier: Apache-2.0
#include "simulate/life.h"
#include "base/clock.h"
#include "simulate/journey.h"
#include "simulate/newsletter.h"

enum { STREAM_LIFE = 1, STREAM_ARRIVAL, STREAM_HOUSEHOLD, STREAM_HOME, STREAM_SHARED_HOME, STREAM_COOKIE = 0x100 };
enum { COOKIE_DAYS = 240, HOUSEHOLDS_PERCENT = 18 };

void life_init(Life *life, const World *world, Truth *truth) {
  *life = (Life){.world = world, .truth = truth, .rows = g_new(Row, LIFE_ROWS_MAX)};
}

void life_clear(Life *life) {
  g_clear_pointer(&life->rows, g_free);
}

Row *life_emit(Life *life, RowKind kind, gint64 time_ms, guint shows) {
  const Calendar *calendar = &life->world->calendar;
  gboolean kept = time_ms >= calendar->from_ms && time_ms < calendar->until_ms && life->n_rows < LIFE_ROWS_MAX;
  Row *row = kept ? &life->rows[life->n_rows] : &life->nowhere;
  *row = (Row){.time_ms = time_ms,
               .person = life->person,
               .sequence = (guint16)life->n_rows,
               .kind = (guint8)kind,
               .shows = (guint8)shows,
               .order = NO_ORDER,
               .product = NO_PRODUCT,
               .store = NO_STORE,
               .region = NO_REGION,
               .score = NO_SCORE};
  life->n_rows += kept;
  return row;
}

guint life_day(const Life *life, gint64 time_ms) {
  return calendar_day(&life->world->calendar, time_ms);
}

guint8 life_era(const Life *life, Device device, gint64 time_ms) {
  guint32 owner = device == DEVICE_LAPTOP && life->household ? life->person >> 1 : life->person;
  if (device == DEVICE_APP)
    return 0;
  guint phase = (guint)(random_hash(life->world->seed, owner, STREAM_COOKIE + device) % COOKIE_DAYS);
  return (guint8)((life_day(life, time_ms) + phase) / COOKIE_DAYS);
}

guint life_office_shows(const Life *life) {
  if (life->account || life->card)
    return SHOWS_CRM | (life->account ? SHOWS_EMAIL : 0);
  return SHOWS_EMAIL;
}

gint64 life_later(Life *life, gint64 time_ms, double days, Hours hours) {
  guint day = life_day(life, time_ms + (gint64)(days * MS_DAY));
  gint64 at = calendar_moment(&life->world->calendar, day, hours, &life->random);
  if (at < time_ms + 40 * MS_MINUTE)
    at = calendar_moment(&life->world->calendar, day + 1, hours, &life->random);
  return MAX(at, time_ms + 40 * MS_MINUTE);
}

static void be_born(Life *life, guint32 person) {
  const World *world = life->world;
  Row *rows = life->rows;
  Truth *truth = life->truth;
  *life = (Life){
      .world = world, .truth = truth, .rows = rows, .person = person, .random = random_stream(world->seed, person, STREAM_LIFE)};
  Random *random = &life->random;
  float shares[PERSONAS], regions[REGIONS];
  for (guint i = 0; i < PERSONAS; i++)
    shares[i] = PERSONA[i].share;
  for (guint i = 0; i < REGIONS; i++)
    regions[i] = REGION[i].weight;
  life->persona = random_pick(random, shares, PERSONAS);
  life->household = random_hash(world->seed, person >> 1, STREAM_HOUSEHOLD) % 100 < HOUSEHOLDS_PERCENT;
  // Who shares a laptop shares a home.
  Random home =
      random_stream(world->seed, life->household ? person >> 1 : person, life->household ? STREAM_SHARED_HOME : STREAM_HOME);
  life->region = (guint8)random_pick(&home, regions, REGIONS);
  life->store = random_chance(&home, .85) ? REGION[life->region].store : (guint8)random_below(&home, STORES);
  life->refuses_cookies = random_chance(random, .09);
  life->interest = random_normal(random);
}

// Tills and offices export at night, in no order of time.
static gint64 arrival_of(const Life *life, const Row *row, guint64 noise) {
  const Calendar *calendar = &life->world->calendar;
  double unit = (double)(noise >> 11) * 0x1p-53;
  Route route = row->place == PLACE_STORE && row->kind == ROW_ORDERED ? ROUTE_TILL
                : row->place == PLACE_CALL                            ? ROUTE_OFFICE
                                                                      : ROW_KIND[row->kind].route;
  gint64 night = calendar->start_ms[calendar_day(calendar, row->time_ms) + 1];
  switch (route) {
  case ROUTE_MAIL: return row->time_ms + (gint64)(unit * 15 * MS_MINUTE);
  case ROUTE_TILL: return night + 3 * MS_HOUR + row->store % STORES * 4 * MS_MINUTE + (gint64)(unit * 3 * MS_MINUTE);
  case ROUTE_OFFICE: return night + 2 * MS_HOUR + (gint64)(unit * 20 * MS_MINUTE);
  case ROUTE_LIVE: break;
  }
  return row->time_ms + (gint64)(unit * 2 * MS_SECOND);
}

static void deliver_rows(Life *life) {
  Truth *truth = life->truth;
  guint n = life->n_rows;
  for (guint i = 0; i < n; i++) {
    Row *row = &life->rows[i];
    guint64 noise = random_hash(life->world->seed, life->person, (guint64)STREAM_ARRIVAL << 32 | i);
    row->arrival_ms = arrival_of(life, row, noise);
    life->shown |= row->shows;
    truth->late += row->arrival_ms - row->time_ms > MS_HOUR;
    truth->unidentified += row->shows == 0;
    gboolean twice = ROW_KIND[row->kind].route == ROUTE_LIVE && (noise & 0xff) == 7; // a retry after a lost answer: 0.4 %
    if (twice && life->n_rows < LIFE_ROWS_MAX) {
      Row *again = &life->rows[life->n_rows++];
      *again = *row;
      again->arrival_ms += 1 + (gint64)((noise >> 8) % (5 * MS_MINUTE));
      truth->repeated++;
      truth->late += again->arrival_ms - again->time_ms > MS_HOUR;
      truth->unidentified += again->shows == 0;
    }
  }
}

static void count_person(Life *life) {
  Truth *truth = life->truth;
  truth->rows += life->n_rows;
  if (!life->n_rows)
    return;
  truth->persons++;
  truth->persona[life->persona]++;
  truth->buyers += life->n_orders > 0;
  truth->repeat_buyers += life->n_orders > 1;
  truth->users += (life->shown & SHOWS_USER) != 0;
  truth->crms += (life->shown & SHOWS_CRM) != 0;
  truth->cards += (life->shown & SHOWS_CARD) != 0;
  truth->emails += (life->shown & SHOWS_EMAIL) != 0;
  truth->phones += (life->shown & SHOWS_PHONE) != 0;
}

void life_simulate(Life *life, guint32 person) {
  be_born(life, person);
  const Calendar *calendar = &life->world->calendar;
  // More come early than late: the company is no new one, its customers of old show up first.
  double unit = random_unit(&life->random);
  guint day = calendar_pick_day(calendar, unit * (.6 + .4 * unit));
  gint64 at = calendar_moment(calendar, day, HOURS_WEB, &life->random);
  double intensity = life->world->intensity;
  while (at < calendar->until_ms) {
    gint64 over = journey_run(life, at);
    life->n_journeys++;
    double again = CLAMP(PERSONA[life->persona].again + .22 * life->goodwill, .05, .9);
    if (!random_chance(&life->random, 1 - plain_exp(intensity * plain_log(1 - again))))
      break;
    double wait = (32 + random_exponential(&life->random, 85)) / MAX(intensity, .5);
    at = life_later(life, over, wait, HOURS_WEB);
    // Quiet days are passed over in favour of busy ones, so that repeat journeys follow the season too.
    for (guint i = 0; i < 5 && !random_chance(&life->random, calendar->weight[life_day(life, at)] / 2.2); i++)
      at = life_later(life, at, 1 + random_below(&life->random, 6), HOURS_WEB);
  }
  newsletter_run(life);
  deliver_rows(life);
  count_person(life);
}
