// SPDX-License-Identifier: Apache-2.0
#include "analysis/rates.h"
#include <math.h>

static const double Z = 1.959963984540054; /* 95 %, two-sided */

/* Wilson's interval of a rate. */
static void wilson(guint64 some, guint64 all, double z, double *low, double *high) {
  double n = (double)all, p = (double)some / n, z2 = z * z;
  double middle = (p + z2 / (2 * n)) / (1 + z2 / n), half = z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  *low = middle - half;
  *high = middle + half;
}

gboolean rates_differ_by(guint64 a, guint64 n_a, guint64 b, guint64 n_b, double z) {
  double low_a, high_a, low_b, high_b;
  if (n_a == 0 || n_b == 0)
    return FALSE;
  wilson(a, n_a, z, &low_a, &high_a);
  wilson(b, n_b, z, &low_b, &high_b);
  double p_a = (double)a / (double)n_a, p_b = (double)b / (double)n_b;
  return p_a - p_b - hypot(p_a - low_a, high_b - p_b) > 0;
}

gboolean rates_differ(guint64 a, guint64 n_a, guint64 b, guint64 n_b) {
  return rates_differ_by(a, n_a, b, n_b, Z);
}

gboolean classes_differ(guint64 a, guint64 b, guint64 n) {
  double p_a = (double)a / (double)n, p_b = (double)b / (double)n, d = p_a - p_b;
  return n > 0 && d - Z * sqrt((p_a + p_b - d * d) / (double)n) > 0;
}

double rates_z(guint64 comparisons) {
  double tails = 0.05 / (double)MAX(comparisons, 1), low = 0, high = 40;
  for (guint i = 0; i < 64; i++) {
    double middle = (low + high) / 2;
    if (erfc(middle / M_SQRT2) > tails)
      low = middle;
    else
      high = middle;
  }
  return high;
}

RateRatio rate_ratio(guint64 a, guint64 n_a, guint64 b, guint64 n_b) {
  RateRatio out = {NAN, NAN, NAN};
  if (n_a == 0 || n_b == 0 || a == 0)
    return out;
  double more = b == 0 ? 0.5 : 0, x = (double)a + more, n = (double)n_a + more, y = (double)b + more, m = (double)n_b + more;
  double logarithm = log(x / n) - log(y / m), error = sqrt(1 / x - 1 / n + 1 / y - 1 / m);
  out.low = exp(logarithm - Z * error);
  if (b == 0)
    return out;
  out.ratio = x / n / (y / m);
  out.high = exp(logarithm + Z * error);
  return out;
}
