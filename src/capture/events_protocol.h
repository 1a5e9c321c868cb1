/* SPDX-License-Identifier: Apache-2.0
 * events_protocol.h: POST /v1/events, Etappe's own way in: one event, a list, {"batch": [...]} or one JSON object a line. */
#pragma once
#include "capture/protocol.h"

extern const Protocol events_protocol;
