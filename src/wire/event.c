/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/event.h"

#include <stddef.h>

void event_clear(Event *event) {
  /* Not the arrays: 20 KiB of them, and their counts say how much of them counts. */
  memset(event, 0, offsetof(Event, identifiers));
  event->n_identifiers = 0;
  event->has_alias = FALSE;
  event->n_properties = 0;
}
