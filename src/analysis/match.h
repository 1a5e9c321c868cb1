/* SPDX-License-Identifier: Apache-2.0
 * match.h: which events have one of some codes. A block's dictionary was judged first; this spreads the
 * verdicts over the events, at about the speed of memory for the usual case of a few matching codes. */
#pragma once
#include "journey/block.h"

/* verdicts: a byte a code, 1 matches, for `n_codes` codes (codes beyond match nothing). Sets all
 * (n + 63) / 64 words of `bits`. */
void match_codes(const Codes *codes, guint32 n, const guint8 *verdicts, guint32 n_codes, guint64 *bits);
