/* SPDX-License-Identifier: Apache-2.0
 * world.h: what all simulated persons share: the seed, the period, campaign names and the planted weak
 * points. Immutable once made; any number of threads read it. */
#pragma once
#include "simulate/calendar.h"
#include "simulate/row.h"

typedef struct { /* days of the calendar, half-open */
  guint from_day, until_day;
} Span;

typedef enum { /* campaigns that do not follow the season */
               CAMPAIGN_NONE,
               CAMPAIGN_BRAND,
               CAMPAIGN_GENERIC,
               CAMPAIGN_SHOPPING,
               CAMPAIGN_RETARGETING,
               CAMPAIGN_FRIENDS,
               CAMPAIGN_CONFIRMATION, /* mails */
               CAMPAIGN_SHIPPING,
               CAMPAIGN_CART,
               CAMPAIGN_SURVEY,
               CAMPAIGNS_FIXED
} Campaign;

typedef struct {
  guint64 seed;
  double intensity; /* 1: as the company is; else more or fewer events a person */
  Calendar calendar;
  Span payment;  /* paying by phone fails */
  Span shortage; /* CATEGORY_SHORT is out of stock */
  Span delay;    /* REGION_LATE waits long */
  GPtrArray *campaign_names;
  Text *campaigns; /* by code; borrowed from campaign_names */
  guint n_campaigns, first_year, first_newsletter;
} World;

World *world_new(guint64 seed, int until_day, guint n_days, double intensity);
void world_free(World *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

guint16 world_season_campaign(const World *world, guint day);
/* The newsletter last sent before an instant: its campaign and when it went out; FALSE before the first. */
gboolean world_newsletter(const World *world, gint64 time_ms, guint16 *campaign, gint64 *sent_ms);
gboolean span_has(Span span, guint day);

/* A permutation of 32 bits by the seed, so that numbers of persons and orders look like real ones. */
guint32 world_scramble(const World *world, guint32 number);
guint64 world_device_id(const World *world, const Row *row);
enum { ORDERS_MAX = 64, PERSONS_MAX = 1 << 26 };
