// SPDX-License-Identifier: Apache-2.0
#include "analysis/unit.h"
#include "base/error.h"
#include <string.h>

struct Units {
  UnitKind kind;
  Derive *derive;
  DeriveScratch **scratches; /* one a worker */
  guint n_workers;
};

static const char *const names[] = {"persons", "visits", "journeys"};

Units *units_new(const Question *question, const char *name, GError **error) {
  g_autoptr(Units) units = g_new0(Units, 1);
  while (units->kind <= UNIT_JOURNEYS && strcmp(names[units->kind], name) != 0)
    units->kind++;
  if (units->kind > UNIT_JOURNEYS) {
    error_set(error, ERROR_USAGE, "--unit must be one of %s, not \"%s\"", UNIT_CHOICES, name);
    return NULL;
  }
  if (units->kind != UNIT_JOURNEYS)
    return g_steal_pointer(&units);
  if (!(units->derive = derive_new(question, error)))
    return NULL;
  derive_without_touchpoints(units->derive);
  units->n_workers = question_threads(question);
  units->scratches = g_new0(DeriveScratch *, units->n_workers);
  for (guint i = 0; i < units->n_workers; i++)
    units->scratches[i] = derive_scratch_new(units->derive);
  return g_steal_pointer(&units);
}

void units_free(Units *units) {
  if (!units)
    return;
  for (guint i = 0; i < units->n_workers; i++)
    derive_scratch_free(units->scratches[i]);
  g_free(units->scratches);
  derive_free(units->derive);
  g_free(units);
}

UnitKind units_kind(const Units *units) {
  return units->kind;
}
const char *units_name(const Units *units) {
  return names[units->kind];
}

gboolean units_block(Units *units, guint block, const Block *data, guint worker, UnitBlock *out, GError **error) {
  Derived derived;
  switch (units->kind) {
  case UNIT_PERSONS: *out = (UnitBlock){.whole = TRUE}; return TRUE;
  case UNIT_VISITS: *out = (UnitBlock){.codes = data->visit}; return TRUE;
  case UNIT_JOURNEYS: break;
  }
  if (!derive_block(units->derive, units->scratches[worker], block, data, &derived, error))
    return FALSE;
  *out = (UnitBlock){.codes = {.width = 4, .data = derived.event_journey}, .base = derived.person_journeys};
  return TRUE;
}

const char *units_note(const Units *units) {
  switch (units->kind) {
  case UNIT_VISITS: return "There are no visits here: they need events of a web or app source that name a device.";
  case UNIT_JOURNEYS: return "There are no journeys here: they begin with a customer's touch.";
  default: return NULL;
  }
}
