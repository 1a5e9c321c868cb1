// SPDX-License-Identifier: Apache-2.0
#include "capture/protocol.h"

const Protocol *const *protocols(void) {
  static const Protocol *const all[] = {NULL};
  return all;
}
