/* SPDX-License-Identifier: Apache-2.0
 * door.h: what all events of one source have in common, and the working memory of reading them. Doors
 * (mapping.h for rows, segment.h for JSON) fill in what they found and end with door_finish(), the one
 * place where names, initiator, grade and channel are decided. */
#pragma once
#include "base/clock.h"
#include "base/decimal.h"
#include "wire/channel.h"
#include "wire/event.h"

typedef struct {
  const Spaces *spaces;
  const HashKey *key;
  const Zone *zone;        /* of times without one; NULL is UTC */
  DecimalMark decimal;     /* of amounts in text */
  gboolean web;            /* source of kind web or app: its events may form visits */
  gboolean devices_browse; /* source of undeclared kind: a customer's visit on a device is taken for web */
  gboolean aliases;        /* other vendors' event names become the standard ones (standard.h) */
  const ChannelHook *hook; /* the project's channel rules, or NULL */
} DoorOptions;

typedef struct Door Door; /* one thread each; what it filled into an Event lives until its next event */

Door *door_new(const DoorOptions *options); /* what options point at must outlive the door */
void door_free(Door *door);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Door, door_free)
const DoorOptions *door_options(const Door *door);

/* --- for the doors themselves --------------------------------------------------------------------- */

enum { EVENT_SIZE_MAX = 1 << 20 }; /* bytes of text in one event */

void door_begin(Door *door, Event *event); /* an empty event; forgets the memory of the last one */
/* Memory until the next door_begin(); NULL when the event would exceed EVENT_SIZE_MAX. */
char *door_take(Door *door, gsize size);
/* Adds an identifier unless it names nobody or the event has it already. */
void door_identifier(Door *door, Event *event, guint8 space, Text raw);
void door_alias(Door *door, Event *event, guint8 space, Text raw); /* the previous id of an alias call */
/* FALSE with *why when the event is full. */
gboolean door_property(Event *event, Text key, ValueKind kind, Text text, const char **why);
gboolean door_value(Door *door, Event *event, Text amount, const char **why);
gboolean door_currency(Door *door, Event *event, Text code, const char **why); /* wins over one written with the amount */
/* Decides name, initiator, grade, touch, channel and campaign mark. Empty names and unusable events are
 * refused with *why. `cost`: a row that states what was spent, not what somebody did. */
gboolean door_finish(Door *door, Event *event, const ChannelEvidence *evidence, gboolean cost, const char **why);
