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

static gboolean is_harmless(const Property *property) {
  static const char *const kept[] = {"source", "medium", "campaign", "content", "term", "place", "excluded", NULL};
  for (const char *const *name = kept; *name; name++)
    if (text_is(property->key, *name))
      return TRUE;
  return FALSE;
}

void event_forget_person(Event *event) {
  guint kept = 0;
  for (guint i = 0; i < event->n_properties && kept < EVENT_PROPERTIES_MAX - 1; i++)
    if (is_harmless(&event->properties[i]))
      event->properties[kept++] = event->properties[i];
  event->properties[kept++] = (Property){text_of("consent.measure"), VALUE_FALSE, text_of(NULL)};
  event->n_properties = kept;
  event->n_identifiers = 0;
  event->has_alias = FALSE;
}
