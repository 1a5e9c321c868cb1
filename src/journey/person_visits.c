/* SPDX-License-Identifier: Apache-2.0
 * person_visits.c:
 *
 *     10:00 web d   10:05 web e   10:07 server   10:10 web d   10:15 server   10:20 mail sent   10:45 server
 *     visit 1       visit 2       joins 2        1             joins 1        none              none
 *
 * What the person does without a device joins the visit of the last web event before it, while that is open: for as long
 * as another web event would still belong to it. It does not keep it open. What the company sends or the system books joins none.
 */
#include "journey/person_visits.h"

#include "journey/evidence.h"
#include "journey/visit.h"
#include <string.h>

enum { SMALL = 16 };

typedef struct { /* a device, or a visit that resolve() has numbered, as the events go by */
  guint32 key;
  guint32 visit;    /* the latest; 0 none */
  guint32 campaign; /* the latest that was not empty */
  gint64 last_ms;
} Device;

struct PersonVisits {
  GArray *devices;  /* of Device */
  GHashTable *many; /* key -> index + 1, beyond SMALL devices */
  GArray *channels; /* of guint16: of visit v at v - 1 */
};

PersonVisits *person_visits_new(void) {
  PersonVisits *visits = g_new0(PersonVisits, 1);
  visits->devices = g_array_new(FALSE, FALSE, sizeof(Device));
  visits->many = g_hash_table_new(NULL, NULL);
  visits->channels = g_array_new(FALSE, FALSE, sizeof(guint16));
  return visits;
}

void person_visits_free(PersonVisits *visits) {
  if (visits == NULL)
    return;
  g_array_unref(visits->devices);
  g_hash_table_unref(visits->many);
  g_array_unref(visits->channels);
  g_free(visits);
}

static Device *device_of(PersonVisits *visits, guint32 key) {
  GArray *devices = visits->devices;
  for (guint i = 0; i < MIN(devices->len, SMALL); i++)
    if (g_array_index(devices, Device, i).key == key)
      return &g_array_index(devices, Device, i);
  guint at = devices->len >= SMALL ? GPOINTER_TO_UINT(g_hash_table_lookup(visits->many, GUINT_TO_POINTER(key))) : 0;
  if (at)
    return &g_array_index(devices, Device, at - 1);
  g_array_append_val(devices, ((Device){.key = key}));
  if (devices->len > SMALL)
    g_hash_table_insert(visits->many, GUINT_TO_POINTER(key), GUINT_TO_POINTER(devices->len));
  return &g_array_index(devices, Device, devices->len - 1);
}

static gint64 time_of(const Fact *fact) {
  return fact->time_ms & ((G_GINT64_CONSTANT(1) << 48) - 1);
}

static gboolean visit_begins(const Device *device, const Fact *fact) {
  if (device->visit == 0)
    return TRUE;
  if (fact->flags & FACT_RESOLVED)
    return FALSE;
  return time_of(fact) - device->last_ms > VISIT_GAP_MS || (fact->campaign && fact->campaign != device->campaign);
}

/* The visit of a web event, begun when it has to. Resolved ones have their component's number as device. */
static guint32 visit_of(PersonVisits *visits, const Fact *fact, const guint16 *channels) {
  gboolean resolved = (fact->flags & FACT_RESOLVED) != 0;
  Device *device = device_of(visits, resolved ? fact->visit : fact->who);
  if (visit_begins(device, fact)) {
    g_array_append_val(visits->channels, *(resolved ? &channels[fact->visit - 1] : &fact->channel));
    device->visit = visits->channels->len;
  }
  device->last_ms = time_of(fact);
  if (!resolved && fact->campaign)
    device->campaign = fact->campaign;
  return device->visit;
}

static gboolean in_visit(const Fact *fact) {
  return fact->flags & FACT_RESOLVED ? fact->visit != 0 : (fact->flags & FACT_WEB) && fact->who != CODE_NONE;
}

static void join_servers(Fact *const *facts, guint32 n, guint32 *numbers) {
  guint32 open = 0;
  gint64 last_ms = 0;
  for (guint32 i = 0; i < n; i++) {
    if (numbers[i]) {
      open = numbers[i];
      last_ms = time_of(facts[i]);
    } else if (open && !(facts[i]->flags & (FACT_WEB | FACT_DEVICE | FACT_COMPANY | FACT_SYSTEM)) &&
               time_of(facts[i]) - last_ms <= VISIT_GAP_MS)
      numbers[i] = open;
  }
}

void person_visits(PersonVisits *visits, Fact *const *facts, guint32 n, const guint16 *channels, guint32 *numbers) {
  gboolean any = FALSE;
  g_array_set_size(visits->channels, 0);
  if (visits->devices->len > SMALL)
    g_hash_table_remove_all(visits->many);
  g_array_set_size(visits->devices, 0);
  for (guint32 i = 0; i < n; i++) {
    numbers[i] = in_visit(facts[i]) ? visit_of(visits, facts[i], channels) : 0;
    any |= numbers[i] != 0;
  }
  if (!any)
    return;
  join_servers(facts, n, numbers);
  for (guint32 i = 0; i < n; i++)
    if (numbers[i] && !(facts[i]->flags & FACT_CONVERSES))
      facts[i]->channel = g_array_index(visits->channels, guint16, numbers[i] - 1);
}
