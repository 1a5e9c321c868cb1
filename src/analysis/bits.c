// SPDX-License-Identifier: Apache-2.0
#include "analysis/bits.h"
#include "base/clones.h"
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define CLONES CLONES_OF("avx2")

void bits_after(const guint64 *x, const guint64 *ends, guint64 *after, guint words) {
  unsigned char carry = 0;
  for (guint i = 0; i < words; i++) {
    guint64 inner = ~ends[i], from = x[i] & inner, sum;
    unsigned char over = __builtin_add_overflow(from, inner, &sum);
    over |= __builtin_add_overflow(sum, (guint64)carry, &sum);
    carry = over;
    after[i] = from ^ inner ^ sum;
  }
}

CLONES guint64 bits_count_persons(const guint64 *x, const guint64 *after, const guint64 *ends, guint words) {
  guint64 n = 0;
  for (guint i = 0; i < words; i++)
    n += (guint64)__builtin_popcountll((x[i] | after[i]) & ends[i]);
  return n;
}

CLONES guint64 bits_count(const guint64 *x, guint words) {
  guint64 n = 0;
  for (guint i = 0; i < words; i++)
    n += (guint64)__builtin_popcountll(x[i]);
  return n;
}

CLONES guint64 bits_count_and(const guint64 *x, const guint64 *y, guint words) {
  guint64 n = 0;
  for (guint i = 0; i < words; i++)
    n += (guint64)__builtin_popcountll(x[i] & y[i]);
  return n;
}

void bits_and(guint64 *x, const guint64 *y, guint words) {
  for (guint i = 0; i < words; i++)
    x[i] &= y[i];
}

void bits_and_not(guint64 *x, const guint64 *y, guint words) {
  for (guint i = 0; i < words; i++)
    x[i] &= ~y[i];
}

void bits_or(guint64 *x, const guint64 *y, guint words) {
  for (guint i = 0; i < words; i++)
    x[i] |= y[i];
}

void bits_fill(guint64 *x, guint n) {
  memset(x, 0xFF, n / 64 * sizeof *x);
  if (n % 64)
    x[n / 64] = (G_GUINT64_CONSTANT(1) << (n % 64)) - 1;
}

static guint64 from_bit(guint i) {
  return G_MAXUINT64 << (i % 64);
}
static guint64 below_bit(guint i) {
  return i % 64 ? (G_GUINT64_CONSTANT(1) << (i % 64)) - 1 : G_MAXUINT64;
}

void bits_clear_range(guint64 *x, guint from, guint to) {
  for (guint i = from / 64; from < to && i <= (to - 1) / 64; i++)
    x[i] &= ~((i == from / 64 ? from_bit(from) : G_MAXUINT64) & (i == (to - 1) / 64 ? below_bit(to) : G_MAXUINT64));
}

void bits_set_range(guint64 *x, guint from, guint to) {
  for (guint i = from / 64; from < to && i <= (to - 1) / 64; i++)
    x[i] |= (i == from / 64 ? from_bit(from) : G_MAXUINT64) & (i == (to - 1) / 64 ? below_bit(to) : G_MAXUINT64);
}

guint bits_next(const guint64 *x, guint from, guint n) {
  if (from >= n)
    return n;
  guint64 word = x[from / 64] & from_bit(from);
  for (guint i = from / 64;; word = x[i]) {
    if (word)
      return MIN(i * 64 + (guint)__builtin_ctzll(word), n);
    if (++i * 64 >= n)
      return n;
  }
}

/* 64 flags (0 or 0xFF) to one word. */
static inline __attribute__((always_inline)) guint64 pack64(const guint8 *flags) {
  guint64 word = 0;
#ifdef __SSE2__
  for (guint i = 0; i < 4; i++) {
    __m128i sixteen = _mm_loadu_si128((const __m128i *)(const void *)(flags + 16 * i));
    word |= (guint64)(guint32)_mm_movemask_epi8(sixteen) << (16 * i);
  }
#else
  for (guint i = 0; i < 64; i++)
    word |= (guint64)(flags[i] & 1) << i;
#endif
  return word;
}

/* first < seconds < last is inside; on the two border seconds the milliseconds decide. */
CLONES static void between_seconds(const guint32 *time_s, guint n, guint32 first, guint32 span, guint64 *out) {
  for (guint w = 0; w < n / 64; w++) {
    guint8 flags[64];
    for (guint i = 0; i < 64; i++)
      flags[i] = time_s[w * 64 + i] - first < span ? 0xFF : 0;
    out[w] = pack64(flags);
  }
  if (n % 64)
    out[n / 64] = 0;
  for (guint i = n / 64 * 64; i < n; i++)
    if (time_s[i] - first < span)
      bit_set(out, i);
}

static gint64 ceil_div(gint64 a, gint64 b) {
  return a / b + (a % b > 0);
}

void bits_between(const Block *block, gint64 from_ms, gint64 to_ms, guint64 *out) {
  guint n = block->n_events;
  /* whole seconds s with from <= s*1000 < to are inside; the second before `from` and the last one before
   * `to` hold milliseconds on either side */
  gint64 limit = (gint64)G_MAXUINT32;
  gint64 first = CLAMP(ceil_div(MAX(from_ms, -G_MAXINT64 / 2), 1000) - block->base_s, 0, limit);
  gint64 last = CLAMP(ceil_div(MIN(to_ms, G_MAXINT64 / 2), 1000) - block->base_s, first, limit);
  between_seconds(block->time_s, n, (guint32)first, (guint32)(last - first), out);
  if (!block->time_ms)
    return;
  gint64 border_from = first - 1, border_to = last - 1;
  for (guint i = 0; i < n; i++) {
    if (block->time_s[i] != border_from && block->time_s[i] != border_to)
      continue;
    gint64 time = block_time_ms(block, i);
    guint64 bit = G_GUINT64_CONSTANT(1) << (i % 64);
    out[i / 64] = time >= from_ms && time < to_ms ? out[i / 64] | bit : out[i / 64] & ~bit;
  }
}

CLONES static void code8(const guint8 *codes, guint n, guint8 code, guint64 *out) {
  for (guint w = 0; w < n / 64; w++) {
    guint8 flags[64];
    for (guint i = 0; i < 64; i++)
      flags[i] = codes[w * 64 + i] == code ? 0xFF : 0;
    out[w] = pack64(flags);
  }
}

CLONES static void code16(const guint16 *codes, guint n, guint16 code, guint64 *out) {
  for (guint w = 0; w < n / 64; w++) {
    guint8 flags[64];
    for (guint i = 0; i < 64; i++)
      flags[i] = codes[w * 64 + i] == code ? 0xFF : 0;
    out[w] = pack64(flags);
  }
}

void bits_code(const Codes *codes, guint n, guint32 code, guint64 *out) {
  guint whole = n / 64 * 64;
  memset(out, 0, bits_words(n) * sizeof *out);
  if (codes->width == 0) {
    if (codes->constant == code)
      bits_fill(out, n);
    return;
  }
  if (codes->width == 1 && code <= G_MAXUINT8)
    code8(codes->data, n, (guint8)code, out);
  else if (codes->width == 2 && code <= G_MAXUINT16)
    code16(codes->data, n, (guint16)code, out);
  else if (codes->width == 4)
    whole = 0;
  for (guint i = whole; i < n; i++)
    if (codes_at(codes, i) == code)
      bit_set(out, i);
}
