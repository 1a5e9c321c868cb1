/* SPDX-License-Identifier: Apache-2.0
 * Few codes usually match (or few do not), so 64 events become one word by comparing 16 bytes at a time
 * with each of them; SSE2 is part of every x86-64. Everything else looks each code up in the verdicts. */
#include "analysis/match.h"
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { FEW = 8 }; /* codes to compare with before a look-up per event is cheaper; measured */

static guint64 below(guint32 n) {
  return n % 64 ? (G_GUINT64_CONSTANT(1) << (n % 64)) - 1 : G_MAXUINT64;
}

static void fill(guint64 *bits, guint32 n, gboolean set) {
  gsize words = ((gsize)n + 63) / 64;
  memset(bits, set ? 0xff : 0, words * sizeof *bits);
  if (set && words)
    bits[words - 1] &= below(n);
}

#ifdef __SSE2__
static inline __m128i load(const void *at) {
  return _mm_loadu_si128((const __m128i *)at);
}
static inline guint64 mask(__m128i bytes) {
  return (guint64)(guint)_mm_movemask_epi8(bytes);
}

static guint64 word_of_flags(const guint8 *flags) {
  guint64 word = 0;
  for (int i = 0; i < 4; i++)
    word |= mask(_mm_cmpgt_epi8(load(flags + 16 * i), _mm_setzero_si128())) << 16 * i;
  return word;
}

static guint64 word_equal_1(const guint8 *at, guint8 code) {
  __m128i wanted = _mm_set1_epi8((char)code);
  guint64 word = 0;
  for (int i = 0; i < 4; i++)
    word |= mask(_mm_cmpeq_epi8(load(at + 16 * i), wanted)) << 16 * i;
  return word;
}

static guint64 word_equal_2(const guint16 *at, guint16 code) {
  __m128i wanted = _mm_set1_epi16((short)code);
  guint64 word = 0;
  for (int i = 0; i < 4; i++)
    word |= mask(_mm_packs_epi16(_mm_cmpeq_epi16(load(at + 16 * i), wanted), _mm_cmpeq_epi16(load(at + 16 * i + 8), wanted)))
            << 16 * i;
  return word;
}

static guint64 word_equal_4(const guint32 *at, guint32 code) {
  __m128i wanted = _mm_set1_epi32((int)code);
  guint64 word = 0;
  for (int i = 0; i < 4; i++) {
    __m128i low = _mm_packs_epi32(_mm_cmpeq_epi32(load(at + 16 * i), wanted), _mm_cmpeq_epi32(load(at + 16 * i + 4), wanted));
    __m128i high = _mm_packs_epi32(_mm_cmpeq_epi32(load(at + 16 * i + 8), wanted), _mm_cmpeq_epi32(load(at + 16 * i + 12), wanted));
    word |= mask(_mm_packs_epi16(low, high)) << 16 * i;
  }
  return word;
}
#else
static guint64 word_of_flags(const guint8 *flags) {
  guint64 word = 0;
  for (guint i = 0; i < 64; i++)
    word |= (guint64)(flags[i] != 0) << i;
  return word;
}
#define WORD_EQUAL(name, type)                                                                                                     \
  static guint64 name(const type *at, type code) {                                                                                 \
    guint64 word = 0;                                                                                                              \
    for (guint i = 0; i < 64; i++)                                                                                                 \
      word |= (guint64)(at[i] == code) << i;                                                                                       \
    return word;                                                                                                                   \
  }
WORD_EQUAL(word_equal_1, guint8)
WORD_EQUAL(word_equal_2, guint16)
WORD_EQUAL(word_equal_4, guint32)
#endif

#define MATCH_WIDTH(suffix, type)                                                                                                  \
  static void few_##suffix(const type *codes, guint32 words, const guint32 *few, guint n_few, guint64 flip, guint64 *bits) {       \
    for (guint32 w = 0; w < words; w++) {                                                                                          \
      guint64 word = 0;                                                                                                            \
      for (guint i = 0; i < n_few; i++)                                                                                            \
        word |= word_equal_##suffix(codes + 64 * (gsize)w, (type)few[i]);                                                          \
      bits[w] = word ^ flip;                                                                                                       \
    }                                                                                                                              \
  }                                                                                                                                \
  static void one_##suffix(const type *codes, guint32 words, guint32 code, guint64 flip, guint64 *bits) {                          \
    for (guint32 w = 0; w < words; w++)                                                                                            \
      bits[w] = word_equal_##suffix(codes + 64 * (gsize)w, (type)code) ^ flip;                                                     \
  }
MATCH_WIDTH(1, guint8)
MATCH_WIDTH(2, guint16)
MATCH_WIDTH(4, guint32)

/* One look-up an event; `flags` first, so that the loads of 64 of them overlap. */
#define LOOK_UP(suffix, type)                                                                                                      \
  static void look_up_##suffix(const type *codes, guint32 from, guint32 n, const guint8 *verdicts, guint32 n_codes,                \
                               guint64 *bits) {                                                                                    \
    for (; from < n; from += 64) {                                                                                                 \
      guint8 flags[64] = {0};                                                                                                      \
      guint32 some = MIN(n - from, 64);                                                                                            \
      for (guint32 i = 0; i < some; i++)                                                                                           \
        flags[i] = codes[from + i] < n_codes ? verdicts[codes[from + i]] : 0;                                                      \
      bits[from / 64] = word_of_flags(flags);                                                                                      \
    }                                                                                                                              \
  }
LOOK_UP(2, guint16)
LOOK_UP(4, guint32)

/* A table of all 256 needs no check of each code. */
static void look_up_1(const guint8 *codes, guint32 from, guint32 n, const guint8 *verdicts, guint32 n_codes, guint64 *bits) {
  guint8 table[256] = {0};
  memcpy(table, verdicts, MIN(n_codes, 256));
  for (; from + 64 <= n; from += 64) {
    guint8 flags[64];
    for (guint32 i = 0; i < 64; i++)
      flags[i] = table[codes[from + i]];
    bits[from / 64] = word_of_flags(flags);
  }
  if (from < n)
    bits[from / 64] = 0;
  for (guint32 i = from; i < n; i++)
    bits[i / 64] |= (guint64)table[codes[i]] << (i % 64);
}

/* Up to FEW codes with (or, when flip is set, without) a match; more than FEW: none of the two is short. */
typedef struct {
  guint32 codes[FEW];
  guint n;
  guint64 flip;
} Short;

static gboolean find_short(Short *found, const guint8 *verdicts, guint32 n_codes, gboolean matching) {
  *found = (Short){.flip = matching ? 0 : G_MAXUINT64};
  for (guint32 code = 0; code < n_codes; code++) {
    if ((verdicts[code] != 0) != matching)
      continue;
    if (found->n == FEW)
      return FALSE;
    found->codes[found->n++] = code;
  }
  return TRUE;
}

static void whole_words(const Codes *codes, guint32 words, const Short *few, guint64 *bits) {
  const guint8 *c1 = codes->data;
  const guint16 *c2 = codes->data;
  const guint32 *c4 = codes->data;
  gboolean one = few->n == 1;
  switch (codes->width) {
  case 1: one ? one_1(c1, words, few->codes[0], few->flip, bits) : few_1(c1, words, few->codes, few->n, few->flip, bits); break;
  case 2: one ? one_2(c2, words, few->codes[0], few->flip, bits) : few_2(c2, words, few->codes, few->n, few->flip, bits); break;
  default: one ? one_4(c4, words, few->codes[0], few->flip, bits) : few_4(c4, words, few->codes, few->n, few->flip, bits);
  }
}

void match_codes(const Codes *codes, guint32 n, const guint8 *verdicts, guint32 n_codes, guint64 *bits) {
  Short few;
  if (codes->width == 0) {
    fill(bits, n, codes->constant < n_codes && verdicts[codes->constant]);
    return;
  }
  n_codes = MIN(n_codes, codes->width == 1 ? 256 : codes->width == 2 ? 65536 : G_MAXUINT32);
  guint32 from = 0;
  if (find_short(&few, verdicts, n_codes, TRUE) || find_short(&few, verdicts, n_codes, FALSE)) {
    from = n / 64 * 64;
    whole_words(codes, n / 64, &few, bits);
  }
  switch (codes->width) {
  case 1: look_up_1(codes->data, from, n, verdicts, n_codes, bits); break;
  case 2: look_up_2(codes->data, from, n, verdicts, n_codes, bits); break;
  default: look_up_4(codes->data, from, n, verdicts, n_codes, bits);
  }
}
