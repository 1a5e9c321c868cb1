/* SPDX-License-Identifier: Apache-2.0
 * event.h: one event as every door hands it in, after its shape was checked and before it is
 * stored. Texts are borrowed from the door's buffer and live until the next event. */
#pragma once
#include "base/text.h"
#include "wire/identifier.h"

typedef enum { CALL_TRACK, CALL_IDENTIFY, CALL_PAGE, CALL_SCREEN, CALL_GROUP, CALL_ALIAS } Call;
typedef enum { INITIATOR_CUSTOMER, INITIATOR_COMPANY, INITIATOR_SYSTEM } Initiator;
typedef enum { /* how close a touch came, strongest first; GRADE_NONE: no touch */
               GRADE_VISIT,
               GRADE_CLICK,
               GRADE_CONVERSATION,
               GRADE_OPEN,
               GRADE_VIEW,
               GRADE_DELIVERED,
               GRADE_NONE
} Grade;

typedef enum { VALUE_NONE, VALUE_TEXT, VALUE_NUMBER, VALUE_TRUE, VALUE_FALSE, VALUE_JSON } ValueKind;

/* A field or property under its full name as conditions write it: "campaign", "order",
 * "properties.total", "context.page", "traits.plan". VALUE_NUMBER keeps the digits as given;
 * VALUE_JSON is the text of an object or array. */
typedef struct {
  Text key;
  ValueKind kind;
  Text text;
} Property;

enum { EVENT_IDENTIFIERS_MAX = 16, EVENT_PROPERTIES_MAX = 512, EVENT_NAME_MAX = 512 };

typedef struct {
  gint64 time_ms;
  Call call;
  Initiator initiator;
  Grade grade;
  gboolean touch;     /* by customer or company, no identify, alias, group or cost row */
  gboolean web;       /* of a source of kind web or app: may form visits */
  gboolean converses; /* states its channel itself (explicit), not by derivation */
  Text id;            /* messageId or the file's id column; empty: known by its content */
  Text name;          /* standard name where an alias was known */
  Text channel;       /* explicit or derived; "unassigned" when nothing matched */
  Text touchpoint;    /* explicit only */
  Text excluded;      /* why it counts nowhere: "bot", "scanner", "prefetch"; empty for everybody else */
  Text campaign_mark; /* source, medium, campaign joined by \x1f when any is given: begins visits */
  gboolean has_value;
  gint64 value_micro; /* of `currency`, or of the project's when that is empty */
  Text currency;
  Identifier identifiers[EVENT_IDENTIFIERS_MAX];
  guint n_identifiers;
  Identifier alias; /* for CALL_ALIAS: the previous id, which joins the event's first identifier */
  gboolean has_alias;
  guint n_properties;
  Property properties[EVENT_PROPERTIES_MAX]; /* last, so that a copy may end behind the last one used */
} Event;

/* Leaves name, time, channel, campaign, value: what happened, not to whom; marked as without consent. There must be room for one
 * property when the event had none. */
void event_forget_person(Event *event);
void event_clear(Event *event); /* empty event, track by customer, no texts */
