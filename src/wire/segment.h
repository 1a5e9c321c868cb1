/* SPDX-License-Identifier: Apache-2.0
 * segment.h: one JSON object to an event: Segment's event spec with our additions (context.channel,
 * context.touchpoint, context.consent, context.device.id), or a flat object whose keys a mapping names.
 * docs/wire.md says what becomes of each member. */
#pragma once
#include "base/json_in.h"
#include "wire/mapping.h"

typedef struct Segment Segment; /* one thread each */

/* `mapping` makes every object flat; without one an object is Segment's when it says so (a known `type`, or
 * userId, anonymousId, messageId, properties), else flat with user_id, anonymous_id, device_id, timestamp or
 * time, event, message_id; all other keys are properties. What is pointed at must outlive it. */
Segment *segment_new(const DoorOptions *options, const Mapping *mapping, gsize size_max);
void segment_free(Segment *segment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Segment, segment_free)

typedef struct {      /* what the request says around the object; 0: unknown; a NULL pointer: nothing */
  gint64 received_ms; /* by us; wins over a receivedAt that the object states */
  gint64 sent_ms;     /* of the batch; an event's own sentAt wins */
  const char *type;   /* of an object that states none: "page"; NULL: told by its members */
} SegmentTimes;

/* FALSE with *why, which lives until the next call. The event's texts live as long. About 1.4 us for one with a page's context.  */
gboolean segment_read(Segment *segment, Text json, const SegmentTimes *times, Event *event, const char **why);

/* The same for a value of a tree that somebody else parsed, which must live as long as the event. */
gboolean segment_read_value(Segment *segment, JsonValue object, const SegmentTimes *times, Event *event, const char **why);

/* A time as JSON writes it (text or epoch number). */
gboolean segment_time(const Segment *segment, JsonValue value, gint64 *instant_ms, const char **why);
