// SPDX-License-Identifier: Apache-2.0
#include "simulate/world.h"
#include "base/clock.h"

static const char *const FIXED[CAMPAIGNS_FIXED] = {
    "",          "marke",  "generisch", "shopping", "retargeting", "freunde_werben", "bestellbestaetigung", "versandinfo",
    "warenkorb", "umfrage"};
enum { SEASON_BLACK = 4, SEASON_CHRISTMAS, SEASON_CAMPAIGNS };
static const char *const SEASONAL[SEASON_CAMPAIGNS] = {"fruehjahr_wohnen", "sommer_balkon", "herbst_gemuetlich",
                                                       "winter_sale",      "black_week",    "weihnachten"};

static Span span_of(const Calendar *calendar, double at, guint days) { // begins on the Monday after that share of the period
  guint day = (guint)(at * calendar->n_days);
  day += (7 - calendar_weekday(calendar, day)) % 7;
  return (Span){MIN(day, calendar->n_days), MIN(day + days, calendar->n_days)};
}

// Paying fails in the last Black week of the period, when it costs most.
static Span black_week(const Calendar *calendar) {
  for (guint day = calendar->n_days; day-- > 0;)
    if (calendar_black_week(calendar, day) && calendar_weekday(calendar, day) == 0 && day + 7 <= calendar->n_days &&
        calendar_black_week(calendar, day + 4))
      return (Span){day, day + 7};
  return span_of(calendar, .58, 7);
}

static void name_campaigns(World *world) {
  const Calendar *calendar = &world->calendar;
  world->campaign_names = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < CAMPAIGNS_FIXED; i++)
    g_ptr_array_add(world->campaign_names, g_strdup(FIXED[i]));
  world->first_year = (guint)calendar_year(calendar, 0);
  for (guint year = world->first_year; year <= (guint)calendar_year(calendar, calendar->n_days - 1); year++)
    for (guint i = 0; i < SEASON_CAMPAIGNS; i++)
      g_ptr_array_add(world->campaign_names, g_strdup_printf("%s_%u", SEASONAL[i], year));
  world->first_newsletter = world->campaign_names->len;
  for (guint day = (10 - calendar_weekday(calendar, 0)) % 7; day < calendar->n_days; day += 7)
    g_ptr_array_add(world->campaign_names,
                    g_strdup_printf("newsletter_%d_w%02u", calendar_year(calendar, day), calendar_week(calendar, day)));
  world->n_campaigns = world->campaign_names->len;
  world->campaigns = g_new(Text, world->n_campaigns);
  for (guint i = 0; i < world->n_campaigns; i++)
    world->campaigns[i] = text_of(world->campaign_names->pdata[i]);
}

World *world_new(guint64 seed, int until_day, guint n_days, double intensity) {
  World *world = g_new0(World, 1);
  world->seed = seed;
  world->intensity = intensity;
  calendar_init(&world->calendar, until_day, n_days);
  world->shortage = span_of(&world->calendar, .38, 42);
  world->payment = black_week(&world->calendar);
  world->delay = span_of(&world->calendar, .70, 91);
  name_campaigns(world);
  return world;
}

void world_free(World *world) {
  if (!world)
    return;
  g_ptr_array_unref(world->campaign_names);
  g_free(world->campaigns);
  g_free(world);
}

gboolean span_has(Span span, guint day) {
  return day >= span.from_day && day < span.until_day;
}

guint16 world_season_campaign(const World *world, guint day) {
  const Calendar *calendar = &world->calendar;
  day = MIN(day, calendar->n_days - 1);
  guint season = calendar_black_week(calendar, day)  ? SEASON_BLACK
                 : calendar_christmas(calendar, day) ? SEASON_CHRISTMAS
                                                     : calendar_season(calendar, day);
  guint year = (guint)calendar_year(calendar, day) - world->first_year;
  return (guint16)(CAMPAIGNS_FIXED + year * SEASON_CAMPAIGNS + season);
}

gboolean world_newsletter(const World *world, gint64 time_ms, guint16 *campaign, gint64 *sent_ms) {
  const Calendar *calendar = &world->calendar;
  guint day = MIN(calendar_day(calendar, time_ms), calendar->n_days - 1);
  guint first = (10 - calendar_weekday(calendar, 0)) % 7;
  if (day < first)
    return FALSE;
  guint week = (day - first) / 7;
  gint64 sent = calendar_at(calendar, first + week * 7, 7 * MS_HOUR);
  if (sent > time_ms) {
    if (week == 0)
      return FALSE;
    week--;
    sent = calendar_at(calendar, first + week * 7, 7 * MS_HOUR);
  }
  *campaign = (guint16)(world->first_newsletter + week);
  *sent_ms = sent;
  return TRUE;
}

guint32 world_scramble(const World *world, guint32 number) {
  guint32 x = number ^ (guint32)random_mix(world->seed);
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

guint64 world_device_id(const World *world, const Row *row) {
  if (row->device == DEVICE_STORE) // one tablet a store; its hundreds of users are the point
    return random_hash(world->seed, PERSONS_MAX, row->store);
  guint32 owner = row->flags & FLAG_HOUSEHOLD ? row->person >> 1 : row->person;
  guint64 kind = row->device | (guint64)row->era << 8 | (guint64)(row->flags & (FLAG_HOUSEHOLD | FLAG_BOT)) << 16;
  return random_hash(world->seed, owner, kind);
}
