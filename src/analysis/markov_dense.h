/* SPDX-License-Identifier: Apache-2.0
 * markov_dense.h: the removal effects of a chain of few states from one inverse. With A = diag(T) - C, C the counts of transitions
 * and T all that leaves a state, N = A^-1 and h = N c: h(s) converts from s, N(0,s) / N(s,s) ever comes to s from the start, so
 * that removing s loses N(0,s) h(s) / N(s,s) of h(0). A is eliminated by Grassmann, Taksar and Heyman's rule (1985): a pivot is the
 * sum of what leaves, never a difference, so that every entry keeps its digits however slowly the chain ends. Only for order 1,
 * where a key is a state. */
#pragma once
#include <glib.h>

enum { MARKOV_DENSE_LANES = 8 };

/* `inverse`: n x n counts of transitions from row to column, replaced by N; `exits`: n, what ends in each state, converted or
 * not; destroyed. Cost: n^3 multiply-adds. */
void markov_dense_invert(guint n, double *inverse, double *exits);
/* effect[s] = share of what the start converts that is lost without s, 0..1; `pays`: n, what conversions at a state pay
 * together. base: h(0). State 0, the start, has effect 0. */
void markov_dense_effects(guint n, const double *inverse, const double *pays, double *effect, double *base);
/* Both for MARKOV_DENSE_LANES chains side by side, which are innermost in every array; to six digits. */
void markov_dense_lanes(guint n, float *inverse, float *exits, const float *pays, float *effect, float *base);
