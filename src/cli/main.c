// SPDX-License-Identifier: Apache-2.0
#include <glib.h>

int main(void) {
  g_print("etappe " ETAPPE_VERSION "\n");
  return 0;
}
