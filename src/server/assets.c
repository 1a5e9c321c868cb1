/* SPDX-License-Identifier: Apache-2.0 */
#include "server/assets.h"

#include <string.h>

const Asset *asset_find(const char *name) {
  for (const Asset *asset = assets_all; asset->name; asset++)
    if (!strcmp(asset->name, name))
      return asset;
  return NULL;
}
