// SPDX-License-Identifier: Apache-2.0
#include "project/coupon.h"

#include "base/error.h"

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

const Coupon *coupon_find(const GPtrArray *coupons, const Event *event) {
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
