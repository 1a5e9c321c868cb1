/* SPDX-License-Identifier: Apache-2.0
 * purpose.h: what somebody may agree to. */
#pragma once
#include "base/text.h"

#define PURPOSE_MEASURE "measure"
/* measure, personalise, profile, contact.<channel> */
gboolean purpose_is_known(Text name);
#define PURPOSES_KNOWN "measure, personalise, profile and contact.CHANNEL"
