// SPDX-License-Identifier: Apache-2.0
#include "simulate/truth.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "simulate/life.h"
#include "simulate/row_text.h"

enum { SAMPLE = 1000 };

void sum_add(Sum *sum, gint64 cents) {
  sum->count++;
  sum->cents += cents;
}

// Truth holds nothing but 64-bit counters, so adding two is adding words.
void truth_add(Truth *truth, const Truth *other) {
  G_STATIC_ASSERT(sizeof(Truth) % sizeof(guint64) == 0);
  guint64 *to = (guint64 *)truth;
  const guint64 *from = (const guint64 *)other;
  for (gsize i = 0; i < sizeof(Truth) / sizeof(guint64); i++)
    to[i] += from[i];
}

static void put_money(JsonOut *out, const char *key, gint64 cents) {
  json_kv_micro(out, key, cents * 10000);
}

static void put_sum(JsonOut *out, const char *key, Sum sum) {
  json_key(out, key);
  json_object(out);
  json_kv_int(out, "count", (gint64)sum.count);
  put_money(out, "value", sum.cents);
  json_object_end(out);
}

static void put_count(JsonOut *out, const char *key, guint64 count) {
  json_kv_int(out, key, (gint64)count);
}

static void put_period(JsonOut *out, const World *world) {
  g_autofree char *from = clock_text(world->calendar.from_ms), *until = clock_text(world->calendar.until_ms);
  json_kv_string(out, "company", "Lindenhof");
  put_count(out, "seed", world->seed);
  json_kv_string(out, "from", from);
  json_kv_string(out, "until", until);
  json_kv_string(out, "timezone", "Europe/Berlin");
  json_kv_string(out, "currency", "EUR");
}

static void put_rows(JsonOut *out, const Truth *truth) {
  json_key(out, "events");
  json_object(out);
  put_count(out, "rows", truth->rows);
  put_count(out, "repeated", truth->repeated);
  put_count(out, "late", truth->late);
  put_count(out, "unidentified", truth->unidentified);
  put_count(out, "crawlers", truth->bots);
  put_count(out, "door_counts", truth->doors);
  json_object_end(out);
}

static void put_persons(JsonOut *out, const Truth *truth) {
  json_key(out, "persons");
  json_object(out);
  put_count(out, "count", truth->persons);
  put_count(out, "buyers", truth->buyers);
  put_count(out, "repeat_buyers", truth->repeat_buyers);
  put_count(out, "users", truth->users);
  put_count(out, "crms", truth->crms);
  put_count(out, "cards", truth->cards);
  put_count(out, "emails", truth->emails);
  put_count(out, "phones", truth->phones);
  json_object_end(out);
  json_key(out, "personas");
  json_array(out);
  for (guint i = 0; i < PERSONAS; i++) {
    json_object(out);
    json_kv_string(out, "persona", PERSONA[i].name.at);
    put_count(out, "persons", truth->persona[i]);
    json_kv_double(out, "share", truth->persons ? (double)truth->persona[i] / (double)truth->persons : 0);
    put_sum(out, "orders", truth->persona_orders[i]);
    json_object_end(out);
  }
  json_array_end(out);
}

static void put_orders(JsonOut *out, const Truth *truth) {
  put_count(out, "journeys", truth->journeys);
  put_sum(out, "orders", truth->orders);
  put_sum(out, "orders_identified", truth->identified);
  json_key(out, "orders_by_place");
  json_object(out);
  for (guint i = PLACE_WEB; i < PLACES; i++)
    put_sum(out, PLACE[i].at, truth->place[i]);
  json_object_end(out);
  put_sum(out, "returns", truth->refunds);
  put_sum(out, "cancellations", truth->cancellations);
  put_count(out, "complaints", truth->complaints);
  json_key(out, "nps_answers");
  json_array(out);
  for (guint i = 0; i < G_N_ELEMENTS(truth->nps); i++)
    json_int(out, (gint64)truth->nps[i]);
  json_array_end(out);
}

static void put_channels(JsonOut *out, const Truth *truth) {
  put_sum(out, "orders_without_any_touch", truth->baseline);
  json_key(out, "channels");
  json_array(out);
  for (guint c = 1; c < CHANNELS; c++) {
    const ChannelTruth *channel = &truth->channel[c];
    json_object(out);
    json_kv_string(out, "channel", CHANNEL[c].key.at);
    put_count(out, "touches", channel->touches);
    put_count(out, "journeys", channel->journeys);
    put_sum(out, "incremental", channel->incremental);
    json_kv_double(out, "share_of_orders",
                   truth->orders.count ? (double)channel->incremental.count / (double)truth->orders.count : 0);
    put_money(out, "cost", truth->billed_cents[c]);
    json_key(out, "effect_on_logit");
    json_object(out);
    for (guint i = 0; i < PERSONAS; i++)
      json_kv_double(out, PERSONA[i].name.at, CHANNEL[c].effect[i]);
    json_object_end(out);
    json_object_end(out);
  }
  json_array_end(out);
}

static void begin_weak_point(JsonOut *out, const World *world, const char *id, const char *where, Span span) {
  g_autofree char *from = clock_text(world->calendar.start_ms[span.from_day]);
  g_autofree char *until = clock_text(world->calendar.start_ms[span.until_day]);
  json_object(out);
  json_kv_string(out, "id", id);
  json_kv_string(out, "where", where);
  json_kv_string(out, "from", from);
  json_kv_string(out, "until", until);
}

static void put_weak_points(JsonOut *out, const Truth *truth, const World *world) {
  json_key(out, "weak_points");
  json_array(out);
  begin_weak_point(out, world, "payment-fails-on-phones", "event = \"Payment Failed\" and properties.device_type = mobile",
                   world->payment);
  put_count(out, "exposed", truth->payment.exposed);
  put_sum(out, "lost", truth->payment.lost);
  json_object_end(out);
  begin_weak_point(out, world, "out-of-stock", "properties.availability = out_of_stock", world->shortage);
  json_kv_string(out, "category", CATEGORY[CATEGORY_SHORT].name.at);
  put_count(out, "exposed", truth->shortage.exposed);
  put_sum(out, "lost", truth->shortage.lost);
  json_object_end(out);
  begin_weak_point(out, world, "long-delivery", "event = \"Order Delivered\" and properties.delivery_days > 20", world->delay);
  json_kv_string(out, "region", REGION[REGION_LATE].name.at);
  put_count(out, "exposed", truth->delay.exposed);
  put_count(out, "complaints", truth->delay_complaints);
  json_object_end(out);
  begin_weak_point(out, world, "shipping-costs-in-cart", "event = \"Page Rated\" and properties.page = cart",
                   (Span){0, world->calendar.n_days});
  put_count(out, "ratings", truth->cart_ratings);
  json_kv_double(out, "mean", truth->cart_ratings ? (double)truth->cart_stars / (double)truth->cart_ratings : 0);
  json_object_end(out);
  json_array_end(out);
}

// For tests of persona discovery: who the first persons with an account truly are.
static void put_sample(JsonOut *out, const Truth *truth, const World *world) {
  g_autofree Truth *unused = g_new0(Truth, 1);
  Life life;
  life_init(&life, world, unused);
  json_key(out, "persona_of");
  json_object(out);
  guint32 last = (guint32)MIN(truth->persons, PERSONS_MAX - 1);
  for (guint32 person = 0, n = 0; person < last && n < SAMPLE; person++) {
    life_simulate(&life, person);
    if (!(life.shown & SHOWS_USER))
      continue;
    char user[16] = {0};
    put_user(user, world, person);
    json_kv_string(out, user, PERSONA[life.persona].name.at);
    n++;
  }
  json_object_end(out);
  life_clear(&life);
}

char *truth_json(const Truth *truth, const World *world) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  put_period(out, world);
  put_rows(out, truth);
  put_orders(out, truth);
  put_persons(out, truth);
  put_channels(out, truth);
  put_weak_points(out, truth, world);
  put_sample(out, truth, world);
  json_object_end(out);
  return g_strconcat(json_out_text(out, NULL), "\n", NULL);
}
