/* SPDX-License-Identifier: Apache-2.0
 * check.h: looks at everything an index holds: checksums, order, counts. For `etappe doctor`; costs one pass. */
#pragma once
#include "journey/levels.h"

/* Appends a sentence a finding, one a block at most; empty is healthy. */
void check_snapshot(const Snapshot *snapshot, GPtrArray *findings);
