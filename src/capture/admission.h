/* SPDX-License-Identifier: Apache-2.0
 * admission.h: what a source may say. A key that stands in a page can be read by anybody, so such a source may tell
 * what happened, but not who is who for others nor what was paid. */
#pragma once
#include "capture/source.h"
#include "wire/event.h"

/* NULL, or why this source may not say that: a static sentence. */
const char *admission_refusal(const CaptureSource *source, const Event *event);
