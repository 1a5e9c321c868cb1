/* SPDX-License-Identifier: Apache-2.0
 * ga4_protocol.h: the events of a body in GA4's words ({client_id, user_id, events: [{name, params}]}), for whatever
 * brings such a body. */
#pragma once
#include "capture/intake.h"

void ga4_read_events(Intake *intake, JsonValue root, JsonValue events);
