// SPDX-License-Identifier: Apache-2.0
#include "project/coupon.h"

#include "base/error.h"
#include "wire/door.h"
#include "wire/standard.h"

void coupon_free(Coupon *coupon) {
  if (coupon == NULL)
    return;
  char *texts[] = {coupon->code, coupon->name, coupon->channel, coupon->source, coupon->medium, coupon->campaign, coupon->content};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  g_free(coupon);
}

static gboolean take(TreeNode *map, const char *key, const char *path, char **out, GError **error) {
  TreeNode *node = tree_take(map, key);
  if (node && node->kind != TREE_SCALAR)
    return tree_error(error, node, path, "%s: expected a single value", key);
  if (node && strlen(node->text) > COUPON_FIELD_MAX)
    return tree_error(error, node, path, "%s: more than %d bytes", key, COUPON_FIELD_MAX);
  *out = node && *node->text ? g_strdup(node->text) : NULL;
  return TRUE;
}

Coupon *coupon_read(TreeNode *map, const char *path, GError **error) {
  static const char *const known[] = {"code", "name", "channel", "source", "medium", "campaign", "content", NULL};
  g_autoptr(Coupon) coupon = g_new0(Coupon, 1);
  if (!take(map, "code", path, &coupon->code, error) || !take(map, "name", path, &coupon->name, error) ||
      !take(map, "channel", path, &coupon->channel, error) || !take(map, "source", path, &coupon->source, error) ||
      !take(map, "medium", path, &coupon->medium, error) || !take(map, "campaign", path, &coupon->campaign, error) ||
      !take(map, "content", path, &coupon->content, error) || !tree_map_done(map, path, known, error))
    return NULL;
  if (coupon->code == NULL || strcmp(coupon->code, "*") == 0) {
    tree_error(error, map, path, "code is missing: the text that customers type\nhint: code: LENA10");
    return NULL;
  }
  if (coupon->channel == NULL && coupon->medium == NULL) {
    tree_error(error, map, path, "channel is missing: where was %s given away?\nhint: channel: influencer", coupon->code);
    return NULL;
  }
  return g_steal_pointer(&coupon);
}

static gboolean is_code(const Coupon *coupon, Text given) {
  gsize size = strlen(coupon->code);
  gboolean open = coupon->code[size - 1] == '*';
  size -= open;
  return (open ? given.size >= size : given.size == size) && g_ascii_strncasecmp(coupon->code, given.at, size) == 0;
}

/* An event may state several, as a list does. */
static const Coupon *find_in(const GPtrArray *coupons, Text given) {
  while (given.size && g_ascii_isspace(given.at[0]))
    given = (Text){given.at + 1, given.size - 1};
  while (given.size && g_ascii_isspace(given.at[given.size - 1]))
    given.size--;
  for (guint i = 0; given.size && i < coupons->len; i++)
    if (is_code(coupons->pdata[i], given))
      return coupons->pdata[i];
  return NULL;
}

/* The coupon that the event states in properties.coupon, or NULL. */
static const Coupon *coupon_find(const GPtrArray *coupons, const Event *event) {
  for (guint i = 0; coupons->len && i < event->n_properties; i++) {
    const Property *property = &event->properties[i];
    if (!text_is(property->key, "properties.coupon"))
      continue;
    Text rest = property->text;
    while (rest.size) {
      const char *comma = memchr(rest.at, ',', rest.size);
      guint32 size = comma ? (guint32)(comma - rest.at) : rest.size;
      const Coupon *found = find_in(coupons, (Text){rest.at, size});
      if (found || comma == NULL)
        return found;
      rest = (Text){comma + 1, rest.size - size - 1};
    }
  }
  return NULL;
}

/* --- the touch ------------------------------------------------------------------------------------------- */

/* Everything else about the order is its own, but what was consented to. */
static void copy_person(const Event *order, Event *touch) {
  event_clear(touch);
  touch->time_ms = MAX(order->time_ms - 1, TIME_MS_MIN);
  touch->web = order->web;
  touch->excluded = order->excluded;
  memcpy(touch->identifiers, order->identifiers, order->n_identifiers * sizeof order->identifiers[0]);
  touch->n_identifiers = order->n_identifiers;
  for (guint i = 0; i < order->n_properties; i++)
    if (order->properties[i].key.size >= strlen("consent") &&
        memcmp(order->properties[i].key.at, "consent", strlen("consent")) == 0)
      touch->properties[touch->n_properties++] = order->properties[i];
}

static void put(Event *touch, const char *key, const char *value) {
  const char *unused;
  if (value)
    door_property(touch, text_of(key), VALUE_TEXT, text_of(value), &unused);
}

static void describe(const Coupon *coupon, const char *campaign, Event *touch) {
  put(touch, "source", coupon->source);
  put(touch, "medium", coupon->medium);
  put(touch, "campaign", campaign);
  put(touch, "content", coupon->content);
  put(touch, "properties.coupon", coupon->code);
  put(touch, "properties.name", coupon->name);
}

gboolean coupon_touch(const GPtrArray *coupons, const Event *order, const ChannelHook *hook, CouponTouch *made) {
  static const char name[] = "Coupon Redeemed";
  const Coupon *coupon = text_is(order->name, "Order Completed") ? coupon_find(coupons, order) : NULL;
  Event *touch = &made->event;
  if (coupon == NULL)
    return FALSE;
  const char *campaign = coupon->campaign ? coupon->campaign : coupon->code;
  ChannelEvidence evidence = {.channel = text_of(coupon->channel),
                              .source = text_of(coupon->source),
                              .medium = text_of(coupon->medium),
                              .campaign = text_of(campaign),
                              .content = text_of(coupon->content)};
  StandardFacts facts = standard_facts(text_of(name));
  copy_person(order, touch);
  touch->name = text_of(name);
  touch->initiator = facts.initiator;
  touch->grade = facts.grade;
  touch->touch = touch->converses = TRUE;
  touch->channel = channel_find(&evidence, hook, made->scratch);
  g_snprintf(made->mark, sizeof made->mark, "%s\x1f%s\x1f%s", coupon->source ? coupon->source : "",
             coupon->medium ? coupon->medium : "", campaign);
  touch->campaign_mark = text_of(made->mark);
  if (order->id.size && order->id.size < sizeof made->id - sizeof " coupon") {
    g_snprintf(made->id, sizeof made->id, "%.*s coupon", (int)order->id.size, order->id.at);
    touch->id = text_of(made->id);
  }
  describe(coupon, campaign, touch);
  return TRUE;
}
