// SPDX-License-Identifier: Apache-2.0
#include "simulate/filler.h"
#include "base/clock.h"

enum { STREAM_STRANGERS = 0xb07, CRAWL_ROWS = 9, BILLS_FROM_EVENTS = 20000 };

static gboolean bills(Channel channel) {
  return CHANNEL[channel].web && CHANNEL[channel].cost_eur > 0 && channel != CHANNEL_PUSH;
}

static guint months(const World *world) {
  return calendar_month(&world->calendar, world->calendar.n_days - 1) + 1;
}

guint64 filler_cost_rows(const World *world, guint64 events) {
  guint64 channels = 0;
  for (guint c = 0; c < CHANNELS; c++)
    channels += bills(c);
  return events >= BILLS_FROM_EVENTS ? channels * months(world) : 0;
}

static Row empty_row(RowKind kind, gint64 time_ms) {
  return (Row){.time_ms = time_ms,
               .arrival_ms = time_ms,
               .kind = (guint8)kind,
               .order = NO_ORDER,
               .product = NO_PRODUCT,
               .store = NO_STORE,
               .region = NO_REGION,
               .score = NO_SCORE};
}

// A bill states what the month's touches cost, on the evening of its last day.
gboolean filler_costs(const World *world, Truth *truth, SpillWriter *writer, GError **error) {
  const Calendar *calendar = &world->calendar;
  guint16 sequence = 0;
  for (guint day = 0; day < calendar->n_days; day++) {
    guint month = calendar_month(calendar, day);
    if (day + 1 < calendar->n_days && calendar_month(calendar, day + 1) == month)
      continue;
    for (guint c = 0; c < CHANNELS; c++) {
      if (!bills(c))
        continue;
      Row row = empty_row(ROW_COSTED, calendar_at(calendar, day, 22 * MS_HOUR));
      row.channel = (guint8)c;
      row.sequence = sequence++;
      row.cents = (guint32)(truth->cost_millicents[c][month] / 1000);
      truth->billed_cents[c] += row.cents;
      truth->rows++;
      truth->unidentified++;
      if (!spill_write(writer, &row, 1, error))
        return FALSE;
    }
  }
  return TRUE;
}

// Every second stranger is a crawler that reads CRAWL_ROWS pages, the other one a visitor whom only the door saw.
static Row stranger(const World *world, guint64 i) {
  const Calendar *calendar = &world->calendar;
  gboolean crawler = i & 1;
  guint64 visit = i >> 1;
  if (crawler)
    visit /= CRAWL_ROWS;
  Random random = random_stream(world->seed, STREAM_STRANGERS + crawler, visit);
  guint day = calendar_pick_day(calendar, random_unit(&random));
  if (!crawler && calendar_weekday(calendar, day) == 6)
    day = day ? day - 1 : day + 1 < calendar->n_days ? day + 1 : day;
  gint64 at = calendar_moment(calendar, day, crawler ? HOURS_WEB : HOURS_STORE, &random);
  at = MIN(at, calendar->until_ms - MS_HOUR);
  Row row = empty_row(crawler ? ROW_PAGE_VIEWED : ROW_STORE_VISITED, at);
  row.person = (guint32)visit;
  if (!crawler) {
    row.flags = FLAG_DOOR;
    row.place = PLACE_STORE;
    row.channel = CHANNEL_STORE;
    row.store = (guint8)random_below(&random, STORES);
    row.arrival_ms = calendar->start_ms[calendar_day(calendar, at) + 1] + 3 * MS_HOUR + row.store * 4 * MS_MINUTE;
    return row;
  }
  row.flags = FLAG_BOT;
  row.agent = (guint8)random_below(&random, BOT_AGENTS);
  row.sequence = (guint16)((i >> 1) % CRAWL_ROWS);
  row.time_ms += row.sequence * 1700;
  row.arrival_ms = row.time_ms;
  row.place = PLACE_WEB;
  row.page = (guint8)(PAGE_HOME + (visit + row.sequence) % 3);
  row.shows = SHOWS_DEVICE;
  row.device = DEVICE_LAPTOP;
  return row;
}

gboolean filler_strangers(const World *world, guint64 n, Truth *truth, SpillWriter *writer, GError **error) {
  for (guint64 i = 0; i < n; i++) {
    Row row = stranger(world, i);
    truth->rows++;
    truth->bots += (row.flags & FLAG_BOT) != 0;
    truth->doors += (row.flags & FLAG_DOOR) != 0;
    truth->unidentified += row.shows == 0;
    truth->late += row.arrival_ms - row.time_ms > MS_HOUR;
    if (!spill_write(writer, &row, 1, error))
      return FALSE;
  }
  return TRUE;
}
