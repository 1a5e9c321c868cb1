// SPDX-License-Identifier: Apache-2.0
#include "wire/purpose.h"
#include <string.h>

gboolean purpose_is_known(Text name) {
  static const char contact[] = "contact.";
  return text_is(name, PURPOSE_MEASURE) || text_is(name, "personalise") || text_is(name, "profile") ||
         (name.size >= sizeof contact && name.size < 64 && memcmp(name.at, contact, sizeof contact - 1) == 0);
}
