// SPDX-License-Identifier: Apache-2.0
/* A device's web events form a visit until more than 30 minutes pass or another campaign begins:
 *
 *     10:00 web   10:20 web   10:25 server   10:45 web, new campaign   11:20 web
 *     `------- visit 1 ---------------'      `---- visit 2 ----'       `- visit 3
 *
 * A server event that carries the device while a visit is open stands inside it when the device changes
 * hands, but neither extends it nor gets its number. A shared device has many users at once; its visits are
 * told apart by person, so that they do not depend on who else uses it. */
#include "journey/visit.h"
#include <stdlib.h>
#include <string.h>

enum { NONE = G_MAXUINT32 };

typedef struct { /* a device as the events go by */
  gint64 last_ms;
  guint32 campaign; /* the last one that was not empty */
  guint32 visit;    /* 0: none yet */
} Device;

typedef struct {
  const ResolveInput *input;
  const guint32 *tuple_device;
  Device *devices;    /* per identifier */
  GHashTable *shared; /* (device, person) -> Device, made when needed */
  guint32 n_visits;
} Visits;

typedef struct {
  guint32 device;
  guint64 person;
} SharedKey;

static guint shared_key_hash(gconstpointer key) {
  const SharedKey *k = key;
  return (guint)hash_mix(k->person + k->device);
}

static gboolean shared_key_equal(gconstpointer a, gconstpointer b) {
  const SharedKey *x = a, *y = b;
  return x->device == y->device && x->person == y->person;
}

static Strength strength_of(const ResolveInput *input, guint32 identifier) {
  return input->spaces->spaces[input->identifiers[identifier].space].strength;
}

static int device_namespace(const Spaces *spaces) {
  for (guint s = 0; s < spaces->n_spaces; s++)
    if (strcmp(spaces->spaces[s].name, "device") == 0)
      return (int)s;
  return -1;
}

/* The identifier that a tuple's visits belong to: the device id, else the anonymous id, else another device. */
static guint32 device_of(const ResolveInput *input, guint32 tuple, int device_space) {
  guint32 best = NONE;
  int best_class = 3;
  for (guint32 k = input->tuple_start[tuple]; k < input->tuple_start[tuple + 1]; k++) {
    guint32 identifier = input->tuple_members[k];
    int space = input->identifiers[identifier].space;
    int class = space == device_space ? 0 : space == SPACE_ANONYMOUS ? 1 : 2;
    if (strength_of(input, identifier) == STRENGTH_DEVICE && class < best_class) {
      best = identifier;
      best_class = class;
    }
  }
  return best;
}

static gboolean visit_ends(const Device *device, const ResolveEvent *event) {
  return device->visit == 0 || event->time_ms - device->last_ms > VISIT_GAP_MS ||
         (event->campaign != 0 && event->campaign != device->campaign);
}

static guint32 visit_of_event(Visits *visits, Device *device, const ResolveEvent *event) {
  if (!event->web)
    return device->visit && event->time_ms - device->last_ms <= VISIT_GAP_MS ? device->visit : 0;
  if (visit_ends(device, event))
    device->visit = ++visits->n_visits;
  device->last_ms = event->time_ms;
  if (event->campaign)
    device->campaign = event->campaign;
  return device->visit;
}

/* The visit each event stands in, 0 for none; shared devices are left out. */
static void number_own(Visits *visits, gboolean with_server, guint32 *event_visit) {
  const ResolveInput *input = visits->input;
  memset(visits->devices, 0, input->n_identifiers * sizeof(Device));
  visits->n_visits = 0;
  for (gsize e = 0; e < input->n_events; e++) {
    const ResolveEvent *event = &input->events[e];
    guint32 device = visits->tuple_device[event->tuple];
    gboolean counts = device != NONE && !input->identifiers[device].shared && (event->web || with_server);
    event_visit[e] = counts ? visit_of_event(visits, &visits->devices[device], event) : 0;
  }
}

static Device *shared_device(Visits *visits, guint32 device, guint64 person) {
  if (!visits->shared)
    visits->shared = g_hash_table_new_full(shared_key_hash, shared_key_equal, g_free, g_free);
  SharedKey key = {device, person};
  Device *found = g_hash_table_lookup(visits->shared, &key);
  if (!found) {
    found = g_new0(Device, 1);
    g_hash_table_insert(visits->shared, g_memdup2(&key, sizeof key), found);
  }
  return found;
}

static void number_shared(Visits *visits, ResolveOutput *output) {
  const ResolveInput *input = visits->input;
  for (gsize e = 0; e < input->n_events; e++) {
    const ResolveEvent *event = &input->events[e];
    guint32 device = visits->tuple_device[event->tuple];
    if (event->web && device != NONE && input->identifiers[device].shared)
      output->event_visit[e] = visit_of_event(visits, shared_device(visits, device, output->event_person[e]), event);
  }
  g_clear_pointer(&visits->shared, g_hash_table_unref);
}

/* --- changing hands ---------------------------------------------------------------------------- */
typedef struct { /* one visit during which its device changes hands */
  const ResolveInput *input;
  ResolveOutput *output;
  GHashTable *named;   /* persons that the visit names */
  GHashTable *unnamed; /* person -> Chain of its events so far that name nobody */
} Change;

typedef struct { /* events of one visit, linked through `next` */
  guint32 first, last;
} Chain;

static guint person_hash(gconstpointer person) {
  return (guint)hash_mix(*(const guint64 *)person);
}

/* Whether the event carries an identifier besides devices that links. Adds whom it names when `named` is given. */
static gboolean names_somebody(const Change *change, guint32 event, GHashTable *named) {
  const ResolveInput *input = change->input;
  guint32 tuple = input->events[event].tuple;
  gboolean found = FALSE;
  for (guint32 k = input->tuple_start[tuple]; k < input->tuple_start[tuple + 1]; k++) {
    guint32 identifier = input->tuple_members[k];
    if (input->identifiers[identifier].shared || strength_of(input, identifier) == STRENGTH_DEVICE)
      continue;
    found = TRUE;
    if (named)
      g_hash_table_add(named, &change->output->identifier_person[identifier]);
  }
  return found;
}

static void chain_add(GHashTable *chains, guint64 *person, guint32 *next, Chain tail) {
  Chain *chain = g_hash_table_lookup(chains, person);
  if (chain) {
    next[chain->last] = tail.first;
    chain->last = tail.last;
  } else {
    g_hash_table_insert(chains, g_memdup2(person, sizeof *person), g_memdup2(&tail, sizeof tail));
  }
}

static void hand_over(Change *change, const Handover *handover, guint32 *next) {
  if (handover->from == handover->to || g_hash_table_contains(change->named, &handover->from))
    return;
  Chain *chain = g_hash_table_lookup(change->unnamed, &handover->from);
  if (!chain)
    return;
  Chain moved = *chain;
  g_hash_table_remove(change->unnamed, &handover->from);
  chain_add(change->unnamed, &(guint64){handover->to}, next, moved);
}

static void write_chains(Change *change, const guint32 *next) {
  GHashTableIter iter;
  gpointer person, chain;
  g_hash_table_iter_init(&iter, change->unnamed);
  while (g_hash_table_iter_next(&iter, &person, &chain))
    for (guint32 e = ((Chain *)chain)->first; e != NONE; e = next[e])
      change->output->event_person[e] = *(guint64 *)person;
}

/* `events`: the visit's, ascending; `handover`: the first of its device that lies inside it. */
static void change_visit(const ResolveInput *input, ResolveOutput *output, const guint32 *events, guint32 n,
                         const Handover *handover, const Handover *end, guint32 *next) {
  guint32 device = handover->device;
  Change change = {input, output, g_hash_table_new(person_hash, g_int64_equal),
                   g_hash_table_new_full(person_hash, g_int64_equal, g_free, g_free)};
  for (guint32 i = 0; i < n; i++)
    names_somebody(&change, events[i], change.named);
  for (guint32 i = 0; i < n; i++) {
    guint32 event = events[i];
    for (; handover < end && handover->device == device && handover->event <= event; handover++)
      if (handover->event == event)
        hand_over(&change, handover, next);
    next[event] = NONE;
    if (!names_somebody(&change, event, NULL))
      chain_add(change.unnamed, &(guint64){output->event_person[event]}, next, (Chain){event, event});
  }
  write_chains(&change, next);
  g_hash_table_unref(change.named);
  g_hash_table_unref(change.unnamed);
}

static int by_device(const void *a, const void *b) {
  const Handover *x = a, *y = b;
  return x->device != y->device ? (x->device > y->device) - (x->device < y->device) : (x->event > y->event) - (x->event < y->event);
}

static void change_hands(Visits *visits, Handover *handovers, guint n_handovers, ResolveOutput *output) {
  const ResolveInput *input = visits->input;
  qsort(handovers, n_handovers, sizeof *handovers, by_device);
  g_autofree guint32 *visit = g_new(guint32, input->n_events);
  number_own(visits, TRUE, visit);
  g_autofree guint32 *start = g_new0(guint32, visits->n_visits + 2); /* events by visit: counting sort */
  for (gsize e = 0; e < input->n_events; e++)
    start[visit[e] + 1]++;
  for (guint32 v = 0; v <= visits->n_visits; v++)
    start[v + 1] += start[v];
  g_autofree guint32 *by_visit = g_new(guint32, input->n_events);
  g_autofree guint32 *fill = g_memdup2(start, (visits->n_visits + 2) * sizeof *start);
  for (gsize e = 0; e < input->n_events; e++)
    by_visit[fill[visit[e]]++] = (guint32)e;
  g_autofree guint32 *next = g_new(guint32, input->n_events);
  g_autofree guint8 *done = g_new0(guint8, visits->n_visits + 1);
  for (guint h = 0; h < n_handovers; h++) {
    guint32 event = handovers[h].event, v = visit[event], device = visits->tuple_device[input->events[event].tuple];
    if (v == 0 || done[v] || handovers[h].device != device)
      continue;
    done[v] = 1;
    change_visit(input, output, by_visit + start[v], start[v + 1] - start[v], handovers + h, handovers + n_handovers, next);
  }
}

void visit_assign(const ResolveInput *input, Handover *handovers, guint n_handovers, ResolveOutput *output) {
  enum { SMALL = 96 }; /* most components are one device: no allocation for them */
  Device small_devices[SMALL];
  guint32 small_tuples[SMALL];
  g_autofree Device *large_devices = input->n_identifiers > SMALL ? g_new(Device, input->n_identifiers) : NULL;
  g_autofree guint32 *large_tuples = input->n_tuples > SMALL ? g_new(guint32, input->n_tuples) : NULL;
  guint32 *tuple_device = large_tuples ? large_tuples : small_tuples;
  int device_space = device_namespace(input->spaces);
  gboolean any_shared = FALSE;
  for (guint32 t = 0; t < input->n_tuples; t++) {
    tuple_device[t] = device_of(input, t, device_space);
    any_shared |= tuple_device[t] != NONE && input->identifiers[tuple_device[t]].shared;
  }
  Visits visits = {input, tuple_device, large_devices ? large_devices : small_devices, NULL, 0};
  if (n_handovers)
    change_hands(&visits, handovers, n_handovers, output);
  number_own(&visits, FALSE, output->event_visit);
  if (any_shared)
    number_shared(&visits, output);
}
