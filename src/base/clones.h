/* SPDX-License-Identifier: Apache-2.0
 * clones.h: functions compiled twice, for the processor at hand chosen when the program starts. Under ThreadSanitizer once:
 * the choice would run before it is ready. */
#pragma once

#ifdef __SANITIZE_THREAD__
#define CLONES_OF(target)
#else
#define CLONES_OF(target) __attribute__((target_clones(target, "default")))
#endif
