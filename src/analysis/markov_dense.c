// SPDX-License-Identifier: Apache-2.0
// Gauss and Jordan in place. After step k, columns up to k hold the inverse of the first k + 1 states, the others what is
// still to be eliminated; all of it is positive and only ever grows.
//
//   start -> a 3, start -> b 1; a -> b 2, a converts 1; b ends 3:  h(a) = 1/3, h(0) = 3/4 h(a) = 1/4
//   without a nothing converts: N(0,a) / N(a,a) = 3/4, times h(a) is all of h(0); without b nothing is lost: h(b) = 0.
#include "analysis/markov_dense.h"
#include "base/clones.h"

enum { LANES = 8 };

/* What leaves k for later states, or ends: never nothing, or there would be no way on (a draw without such persons). */
static inline __attribute__((always_inline)) void take_pivot(guint n, guint lanes, guint k, double *row, const double *exits,
                                                             double *inverse) {
  double pivot[LANES];
  for (guint l = 0; l < lanes; l++)
    pivot[l] = exits[k * lanes + l];
  for (guint j = k + 1; j < n; j++)
    for (guint l = 0; l < lanes; l++)
      pivot[l] += row[j * lanes + l];
  for (guint l = 0; l < lanes; l++)
    inverse[l] = 1 / (pivot[l] > 0 ? pivot[l] : 1);
  for (guint j = 0; j < n; j++)
    for (guint l = 0; l < lanes; l++)
      row[j * lanes + l] *= inverse[l];
  for (guint l = 0; l < lanes; l++)
    row[k * lanes + l] = inverse[l];
}

static inline __attribute__((always_inline)) void invert(guint n, guint lanes, double *restrict matrix, double *restrict exits) {
  for (guint k = 0; k < n; k++) {
    double inverse[LANES], *row = matrix + (gsize)k * n * lanes;
    take_pivot(n, lanes, k, row, exits, inverse);
    for (guint i = 0; i < n; i++) {
      double factor[LANES], *to = matrix + (gsize)i * n * lanes, any = 0;
      for (guint l = 0; l < lanes; l++)
        any += factor[l] = to[k * lanes + l];
      if (i == k || any == 0)
        continue;
      for (guint j = 0; j < n; j++)
        for (guint l = 0; l < lanes; l++)
          to[j * lanes + l] += factor[l] * row[j * lanes + l];
      for (guint l = 0; l < lanes; l++) {
        to[k * lanes + l] = factor[l] * inverse[l];
        exits[i * lanes + l] += factor[l] * inverse[l] * exits[k * lanes + l];
      }
    }
  }
}

CLONES_OF("avx2,fma") static void invert_one(guint n, double *matrix, double *exits) {
  invert(n, 1, matrix, exits);
}
CLONES_OF("avx2,fma") static void invert_lanes(guint n, double *matrix, double *exits) {
  invert(n, LANES, matrix, exits);
}

void markov_dense_invert(guint n, guint lanes, double *inverse, double *exits) {
  g_assert(lanes == 1 || lanes == LANES);
  (lanes == 1 ? invert_one : invert_lanes)(n, inverse, exits);
}

void markov_dense_effects(guint n, guint lanes, const double *inverse, const double *pays, double *effect, double *base) {
  for (guint s = 0; s < n; s++) {
    const double *row = inverse + (gsize)s * n * lanes;
    for (guint l = 0; l < lanes; l++) {
      double h = 0, comes = inverse[s * lanes + l] / row[s * lanes + l];
      for (guint j = 0; j < n; j++)
        h += row[j * lanes + l] * pays[j * lanes + l];
      if (s == 0)
        base[l] = h;
      effect[s * lanes + l] = s && base[l] > 0 ? CLAMP(comes * h / base[l], 0, 1) : 0;
    }
  }
}
