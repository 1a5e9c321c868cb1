/* SPDX-License-Identifier: Apache-2.0
 * effect.h: the few figures that a project's definitions move: conversions, journeys, persons by stage. Measured before and
 * after, they show what a new definition does before it is applied. */
#pragma once
#include "analysis/question.h"

typedef struct {
  char *name;
  gint64 count, value; /* value in millionths; 0 where there is none */
} EffectRow;

/* Rows "goal order", "journeys converted", "stage decision", ..., in a fixed order; free with g_array_unref. */
GArray *effect_measure(const Question *question, GError **error);
const EffectRow *effect_find(const GArray *rows, const char *name); /* NULL when absent */
