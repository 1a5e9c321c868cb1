/* SPDX-License-Identifier: Apache-2.0
 * funnel.h: how many units (persons, visits) come through a sequence of steps, where they stop, and how long
 * each step takes. */
#pragma once
#include "analysis/catalogue.h"

extern const Report funnel_report;
