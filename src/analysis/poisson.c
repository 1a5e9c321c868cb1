// SPDX-License-Identifier: Apache-2.0
#include "analysis/poisson.h"
#include "base/clones.h"
#include "base/hash.h"
#include <math.h>

enum { SMALL = 8 /* a mean: 32 and more come once in ten thousand million */ };

/* Numbers up to 2^32 are compared as signed ones, which processors do for eight at once. */
static gint32 as_signed(guint32 number) {
  return (gint32)(number ^ 0x80000000u);
}

static void fill_table(double *at_most, double mean) {
  double p = exp(-mean), sum = p;
  for (guint k = 0; k < POISSON_TABLE; k++) {
    at_most[k] = sum;
    p *= mean / (k + 1);
    sum += p;
  }
}

Poisson *poisson_new(void) {
  Poisson *poisson = g_new(Poisson, 1);
  for (guint mean = 0; mean <= POISSON_TABLES; mean++)
    fill_table(poisson->at_most[mean], mean);
  for (guint k = 0; k < G_N_ELEMENTS(poisson->one); k++)
    poisson->one[k] = as_signed((guint32)(poisson->at_most[1][k] * 0x1.0p32 + 0.5));
  return poisson;
}

static guint64 base_of(guint64 seed, guint64 name) {
  return hash_mix(seed ^ hash_mix(name));
}

/* A hash is good for two. */
CLONES_OF("avx2")
void poisson_ones(const Poisson *poisson, guint64 seed, guint64 name, guint64 first, double *out) {
  guint64 base = base_of(seed, name) + first / 2;
  gint32 u[POISSON_LANES], k[POISSON_LANES] = {0};
  for (guint l = 0; l < POISSON_LANES; l += 2) {
    guint64 hash = hash_mix(base + l / 2);
    u[l] = as_signed((guint32)hash);
    u[l + 1] = as_signed((guint32)(hash >> 32));
  }
  for (guint t = 0; t < G_N_ELEMENTS(poisson->one); t++)
    for (guint l = 0; l < POISSON_LANES; l++)
      k[l] += u[l] >= poisson->one[t];
  for (guint l = 0; l < POISSON_LANES; l++)
    out[l] = k[l];
}

/* Acklam's rational approximation, good to 1e-9. */
static double normal_quantile(double p) {
  static const double a[] = {-39.69683028665376, 220.9460984245205,  -275.9285104469687,
                             138.3577518672690,  -30.66479806614716, 2.506628277459239};
  static const double b[] = {-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572};
  static const double c[] = {-0.007784894002430293, -0.3223964580411365, -2.400758277161838,
                             -2.549732539343734,    4.374664141464968,   2.938163982698783};
  static const double d[] = {0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416};
  double tail = MIN(p, 1 - p);
  if (tail < 0.02425) {
    double q = sqrt(-2 * log(MAX(tail, 1e-300)));
    double x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
               ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
    return p < 0.5 ? x : -x;
  }
  double q = p - 0.5, r = q * q;
  return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
         (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

/* The first k that is at most so likely, below `size`, where nothing is left. */
static inline double search(const double *at_most, guint size, double u) {
  guint k = 0;
  for (guint step = size / 2; step; step /= 2)
    k += step * (guint)(at_most[k + step - 1] < u); /* no jump to guess */
  return k;
}

/* Large ones by Cornish and Fisher's expansion of the quantile, a few hundredths off at a mean of 64, less above. */
static double large(double mean, double u) {
  double z = normal_quantile(CLAMP(u, 1e-16, 1 - 1e-16));
  return MAX(0, round(mean + sqrt(mean) * z + (z * z - 1) / 6));
}

void poisson_sums(const Poisson *poisson, guint64 seed, guint64 name, guint64 mean, guint64 first, double *out) {
  if (mean == 1) {
    poisson_ones(poisson, seed, name, first, out);
    return;
  }
  guint64 base = base_of(seed, name) + first;
  double u[POISSON_LANES];
  for (guint l = 0; l < POISSON_LANES; l++)
    u[l] = (double)(hash_mix(base + l) >> 11) * 0x1.0p-53;
  for (guint l = 0; l < POISSON_LANES; l++)
    out[l] = mean <= SMALL            ? search(poisson->at_most[mean], POISSON_TABLE / 4, u[l])
             : mean <= POISSON_TABLES ? search(poisson->at_most[mean], POISSON_TABLE, u[l])
                                      : large((double)mean, u[l]);
}
