// SPDX-License-Identifier: Apache-2.0
#include "capture/admission.h"

static gboolean states_cost(const Event *event) {
  for (guint i = 0; i < event->n_properties; i++)
    if (text_is(event->properties[i].key, "cost"))
      return TRUE;
  return FALSE;
}

const char *admission_refusal(const CaptureSource *source, const Event *event) {
  if (source->trusted)
    return NULL;
  if (event->call == CALL_ALIAS || event->has_alias)
    return "a public key may not say that two identifiers are one person (alias): send it with a key of role write";
  if (states_cost(event))
    return "a public key may not state what was spent (cost): send it with a key of role write";
  return NULL;
}
