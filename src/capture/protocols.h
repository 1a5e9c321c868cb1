/* SPDX-License-Identifier: Apache-2.0
 * protocols.h: the protocols by name, for the list in protocols.c and for tests. */
#pragma once
#include "capture/events_protocol.h"

extern const Protocol segment_protocol, segment_pixel_protocol, segment_settings_protocol, rudder_config_protocol;
extern const Protocol matomo_protocol, ga4_protocol, ga4_debug_protocol, ga4_web_protocol, link_protocol, open_protocol, hook_protocol;
