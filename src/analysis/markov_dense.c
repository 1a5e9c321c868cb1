// SPDX-License-Identifier: Apache-2.0
// Gauss and Jordan in place. After step k, columns up to k hold the inverse of the first k + 1 states, the others what is
// still to be eliminated; all of it is positive and only ever grows.
//
//   start -> a 3, start -> b 1; a -> b 2, a converts 1; b ends 3:  h(a) = 1/3, h(0) = 3/4 h(a) = 1/4
//   without a nothing converts: N(0,a) / N(a,a) = 3/4, times h(a) is all of h(0); without b nothing is lost: h(b) = 0.
#include "analysis/markov_dense.h"
#include "base/clones.h"

enum { LANES = MARKOV_DENSE_LANES };

typedef double Exact __attribute__((vector_size(sizeof(double)), aligned(sizeof(double))));
typedef float Eight __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float))));

/* What leaves k for later states, or ends, is never nothing, or there would be no way on (a draw without such persons). */
#define DEFINE_INVERT(name, Lanes, lanes)                                                                                          \
  CLONES_OF("avx2,fma") static void name(guint n, Lanes *matrix, Lanes *exits) {                                                   \
    for (guint k = 0; k < n; k++) {                                                                                                \
      Lanes *row = matrix + (gsize)k * n, inverse = exits[k];                                                                      \
      for (guint j = k + 1; j < n; j++)                                                                                            \
        inverse += row[j];                                                                                                         \
      for (guint l = 0; l < lanes; l++)                                                                                            \
        inverse[l] = 1 / (inverse[l] > 0 ? inverse[l] : 1);                                                                        \
      for (guint j = 0; j < n; j++)                                                                                                \
        row[j] *= inverse;                                                                                                         \
      row[k] = inverse;                                                                                                            \
      for (guint i = 0; i < n; i++) {                                                                                              \
        Lanes *to = matrix + (gsize)i * n, factor = to[k];                                                                         \
        gboolean any = FALSE;                                                                                                      \
        for (guint l = 0; l < lanes; l++)                                                                                          \
          any |= factor[l] > 0;                                                                                                    \
        if (i == k || !any)                                                                                                        \
          continue;                                                                                                                \
        for (guint j = 0; j < n; j++)                                                                                              \
          to[j] += factor * row[j];                                                                                                \
        to[k] = factor * inverse;                                                                                                  \
        exits[i] += factor * inverse * exits[k];                                                                                   \
      }                                                                                                                            \
    }                                                                                                                              \
  }

/* With the matrix inverted, state by state. */
#define DEFINE_EFFECTS(name, Lanes, lanes)                                                                                         \
  static void name(guint n, const Lanes *inverse, const Lanes *pays, Lanes *effect, Lanes *base) {                                 \
    for (guint s = 0; s < n; s++) {                                                                                                \
      const Lanes *row = inverse + (gsize)s * n;                                                                                   \
      Lanes h = row[0] * pays[0];                                                                                                  \
      for (guint j = 1; j < n; j++)                                                                                                \
        h += row[j] * pays[j];                                                                                                     \
      *base = s ? *base : h;                                                                                                       \
      for (guint l = 0; l < lanes; l++)                                                                                            \
        effect[s][l] = s && (*base)[l] > 0 ? CLAMP(inverse[s][l] / row[s][l] * h[l] / (*base)[l], 0, 1) : 0;                       \
    }                                                                                                                              \
  }

DEFINE_INVERT(invert_exactly, Exact, 1)
DEFINE_INVERT(invert_lanes, Eight, LANES)
DEFINE_EFFECTS(effects_exactly, Exact, 1)
DEFINE_EFFECTS(effects_of_lanes, Eight, LANES)

void markov_dense_invert(guint n, double *inverse, double *exits) {
  invert_exactly(n, (Exact *)inverse, (Exact *)exits);
}
void markov_dense_effects(guint n, const double *inverse, const double *pays, double *effect, double *base) {
  effects_exactly(n, (const Exact *)inverse, (const Exact *)pays, (Exact *)effect, (Exact *)base);
}
void markov_dense_lanes(guint n, float *inverse, float *exits, const float *pays, float *effect, float *base) {
  invert_lanes(n, (Eight *)(gpointer)inverse, (Eight *)(gpointer)exits);
  effects_of_lanes(n, (const Eight *)(gconstpointer)inverse, (const Eight *)(gconstpointer)pays, (Eight *)(gpointer)effect,
                   (Eight *)(gpointer)base);
}
