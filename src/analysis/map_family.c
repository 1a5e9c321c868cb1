// SPDX-License-Identifier: Apache-2.0
#include "analysis/map_family.h"
#include <string.h>

static const char *const families[] = {"ads", "social", "search", "web", "mail", "store", "service", "club"};

static guint family_rank(const char *family) {
  for (guint i = 0; i < G_N_ELEMENTS(families); i++)
    if (strcmp(families[i], family) == 0)
      return i;
  return G_N_ELEMENTS(families);
}

int map_family_compare(const char *a, const char *b) {
  guint x = family_rank(a), y = family_rank(b);
  return x != y ? (x > y) - (x < y) : strcmp(a, b);
}

const char *map_family_by_name(const char *touchpoint) {
  static const struct {
    const char *prefix, *family;
  } known[] = {{"paid_social", "ads"},
               {"paid_", "ads"},
               {"display", "ads"},
               {"cross_network", "ads"},
               {"organic_social", "social"},
               {"influencer", "social"},
               {"social", "social"},
               {"organic_", "search"},
               {"price_comparison", "search"},
               {"referral", "search"},
               {"search", "search"},
               {"email", "mail"},
               {"newsletter", "mail"},
               {"sms", "mail"},
               {"mobile_push", "mail"},
               {"push", "mail"},
               {"store", "store"},
               {"call", "service"},
               {"service", "service"},
               {"chat", "service"},
               {"delivery", "service"},
               {"affiliates", "ads"},
               {"direct", "web"},
               {"app", "web"},
               {"web", "web"}};
  for (guint i = 0; i < G_N_ELEMENTS(known); i++)
    if (g_str_has_prefix(touchpoint, known[i].prefix))
      return known[i].family;
  return "web";
}
