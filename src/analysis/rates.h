/* SPDX-License-Identifier: Apache-2.0
 * rates.h: do two rates differ beyond chance, and by how much? */
#pragma once
#include <glib.h>

/* Is the rate a of n_a above b of n_b beyond chance? Newcombe's 95 % interval of their difference lies above none. */
gboolean rates_differ(guint64 a, guint64 n_a, guint64 b, guint64 n_b);
/* The same for an interval of any width: `z` standard errors to each side. */
gboolean rates_differ_by(guint64 a, guint64 n_a, guint64 b, guint64 n_b, double z);
/* Are more of the same n in class a than in class b beyond chance? */
gboolean classes_differ(guint64 a, guint64 b, guint64 n);
/* Standard errors to each side when `comparisons` are made at once and all of them shall hold with 95 % (Bonferroni):
 * 1.96 for one, 3.29 for fifty. */
double rates_z(guint64 comparisons);

typedef struct {
  double ratio, low, high; /* 95 %; NAN where there is none */
} RateRatio;
/* (a / n_a) / (b / n_b) with the interval of Katz, Baptista, Azen and Pike, "Obtaining confidence intervals for the risk
 * ratio in cohort studies", 1978. Where b is 0 there is no ratio and no upper end; the lower one counts half a case more on
 * each side. */
RateRatio rate_ratio(guint64 a, guint64 n_a, guint64 b, guint64 n_b);
