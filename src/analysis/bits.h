/* SPDX-License-Identifier: Apache-2.0
 * bits.h: sets of a block's events as bitmaps, and the few operations that questions build from.
 * All arrays hold `words` 64-bit words; bits past the last event are zero on entry and stay so. */
#pragma once
#include "journey/block.h"

static inline guint bits_words(guint n) {
  return (n + 63) / 64;
}
static inline void bit_set(guint64 *bits, guint i) {
  bits[i / 64] |= G_GUINT64_CONSTANT(1) << (i % 64);
}

/* after: events strictly after some event of x, of the same person. One add with carry a word: carries run
 * up from a set bit through the ones of ~ends and stop at the person's last event. */
void bits_after(const guint64 *x, const guint64 *ends, guint64 *after, guint words);
/* How many persons have a bit in x, given after = bits_after(x). */
guint64 bits_count_persons(const guint64 *x, const guint64 *after, const guint64 *ends, guint words);
guint64 bits_count(const guint64 *x, guint words);
guint64 bits_count_and(const guint64 *x, const guint64 *y, guint words);
void bits_and(guint64 *x, const guint64 *y, guint words);
void bits_and_not(guint64 *x, const guint64 *y, guint words);
void bits_or(guint64 *x, const guint64 *y, guint words);
void bits_fill(guint64 *x, guint n);                     /* the first n bits set, the rest of the words zero */
void bits_clear_range(guint64 *x, guint from, guint to); /* [from, to) */
void bits_set_range(guint64 *x, guint from, guint to);
/* The next set bit at or after `from`, or `n`. */
guint bits_next(const guint64 *x, guint from, guint n);

/* Events with from_ms <= time < to_ms. Reads the time column once. */
void bits_between(const Block *block, gint64 from_ms, gint64 to_ms, guint64 *out);
/* Events whose code is (or is not) `code`. */
void bits_code(const Codes *codes, guint n, guint32 code, guint64 *out);
