// SPDX-License-Identifier: Apache-2.0
#include "simulate/newsletter.h"
#include "base/clock.h"
#include "simulate/journey.h"

static Row *mail_row(Life *life, RowKind kind, gint64 time_ms, guint16 campaign, guint8 order) {
  Row *row = life_emit(life, kind, time_ms, SHOWS_EMAIL);
  row->channel = CHANNEL_EMAIL;
  row->campaign = campaign;
  row->order = order;
  return row;
}

gint64 newsletter_mail(Life *life, guint16 campaign, gint64 sent_ms, guint8 order, double open, double click) {
  Random *random = &life->random;
  mail_row(life, ROW_MAIL_DELIVERED, sent_ms + random_between(random, 0, 8 * MS_MINUTE), campaign, order);
  if (!random_chance(random, open))
    return 0;
  gint64 opened = sent_ms + 10 * MS_MINUTE + (gint64)random_exponential(random, 7 * MS_HOUR);
  mail_row(life, ROW_MAIL_OPENED, opened, campaign, order);
  if (!random_chance(random, click / open))
    return 0;
  gint64 clicked = opened + random_between(random, 5 * MS_SECOND, 3 * MS_MINUTE);
  mail_row(life, ROW_MAIL_CLICKED, clicked, campaign, order)->content = (guint8)(8 + random_below(random, 3));
  return clicked;
}

void newsletter_subscribe(Life *life, gint64 time_ms) {
  if (life->newsletter)
    return;
  life->newsletter = TRUE;
  life->newsletter_ms = time_ms;
}

void newsletter_run(Life *life) {
  if (!life->newsletter)
    return;
  const World *world = life->world;
  const Calendar *calendar = &world->calendar;
  Random *random = &life->random;
  guint day = life_day(life, life->newsletter_ms) + 1;
  day += (10 - calendar_weekday(calendar, day)) % 7;
  for (; day < calendar->n_days; day += 7) {
    guint16 campaign;
    gint64 sent;
    if (!random_chance(random, world->intensity) ||
        !world_newsletter(world, calendar_at(calendar, day, 8 * MS_HOUR), &campaign, &sent))
      continue;
    newsletter_mail(life, campaign, sent, NO_ORDER, .27, .012);
    if (random_chance(random, .02)) {
      mail_row(life, ROW_UNSUBSCRIBED, sent + random_between(random, MS_HOUR, MS_DAY), campaign, NO_ORDER);
      return;
    }
  }
}
