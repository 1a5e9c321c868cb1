/* SPDX-License-Identifier: Apache-2.0
 * random.h: a counter-based generator. A stream is a pure function of (seed, stream, part): persons draw
 * from streams of their own, so any thread can simulate any person and the bytes stay the same. */
#pragma once
#include <glib.h>
#include <math.h>
#include <string.h>

typedef struct {
  guint64 key, count;
} Random;

static inline guint64 random_mix(guint64 x) {
  x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

static inline guint64 random_hash(guint64 seed, guint64 stream, guint64 part) {
  guint64 x = random_mix(seed + G_GUINT64_CONSTANT(0x9e3779b97f4a7c15));
  x = random_mix(x ^ (stream * G_GUINT64_CONSTANT(0xd1b54a32d192ed03)));
  return random_mix(x ^ (part * G_GUINT64_CONSTANT(0x8cb92ba72f3d8dd7) + 1));
}

static inline Random random_stream(guint64 seed, guint64 stream, guint64 part) {
  return (Random){.key = random_hash(seed, stream, part)};
}

static inline guint64 random_bits(Random *random) {
  return random_mix(random->key + ++random->count * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15));
}

static inline double random_unit(Random *random) { /* [0, 1) */
  return (double)(random_bits(random) >> 11) * 0x1p-53;
}

static inline gboolean random_chance(Random *random, double probability) {
  return random_unit(random) < probability;
}

static inline guint random_below(Random *random, guint n) {
  return (guint)(((random_bits(random) >> 32) * (guint64)n) >> 32);
}

static inline gint64 random_between(Random *random, gint64 low, gint64 high) { /* [low, high) */
  return low + (gint64)(random_unit(random) * (double)(high - low));
}

/* Logarithm (of positive normal numbers) and exponential in plain arithmetic, to 1e-10: the C library's last bit
 * differs between processors, and one bit can turn a decision. */
static inline double plain_log(double x) {
  guint64 bits;
  memcpy(&bits, &x, 8);
  int exponent = (int)(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffffULL) | 0x3ff0000000000000ULL;
  double m;
  memcpy(&m, &bits, 8);
  if (m > 1.4142135623730951) {
    m /= 2;
    exponent++;
  }
  double s = (m - 1) / (m + 1), q = s * s;
  double series = 1 + q * (1. / 3 + q * (1. / 5 + q * (1. / 7 + q * (1. / 9 + q * (1. / 11 + q / 13)))));
  return exponent * 0.6931471805599453 + 2 * s * series;
}

static inline double plain_exp(double x) {
  x = CLAMP(x, -700, 700);
  int n = (int)(x * 1.4426950408889634 + (x < 0 ? -.5 : .5));
  double r = x - n * 0.6931471805599453, sum = 1;
  for (int k = 11; k >= 1; k--)
    sum = 1 + r * sum / k;
  guint64 bits = (guint64)(n + 1023) << 52;
  double scale;
  memcpy(&scale, &bits, 8);
  return sum * scale;
}

static inline double random_exponential(Random *random, double mean) {
  return -mean * plain_log(1 - random_unit(random));
}

/* About normal, mean 0, deviation 1, never beyond 3.5: the sum of four uniforms. */
static inline double random_normal(Random *random) {
  guint64 x = random_bits(random);
  guint sum = (guint)(x & 0xffff) + (guint)((x >> 16) & 0xffff) + (guint)((x >> 32) & 0xffff) + (guint)(x >> 48);
  return ((double)sum / 65536 - 2 + 4 * 0.5 / 65536) * 1.7320508075688772;
}

/* A whole number about `mean`, scattered by `deviation`, kept within the scale of an answer. */
static inline gint8 random_score(Random *random, double mean, double deviation, int low, int high) {
  int score = (int)(mean + deviation * random_normal(random) + 10.5) - 10;
  return (gint8)CLAMP(score, low, high);
}

static inline double random_exponential_up_to(Random *random, double mean, double most) {
  double x = random_exponential(random, mean);
  return MIN(x, most);
}

/* An index in proportion to the weights, which may hold zeros but not only. */
static inline guint random_pick(Random *random, const float *weights, guint n) {
  float total = 0;
  for (guint i = 0; i < n; i++)
    total += weights[i];
  float at = (float)(random_unit(random) * total);
  guint last = 0;
  for (guint i = 0; i < n; i++) {
    if (weights[i] <= 0)
      continue;
    last = i;
    if ((at -= weights[i]) < 0)
      return i;
  }
  return last;
}
