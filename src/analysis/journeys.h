/* SPDX-License-Identifier: Apache-2.0
 * journeys.h: how journeys end (converted, abandoned, open, service), how long and how many touches they take. */
#pragma once
#include "analysis/catalogue.h"

extern const Report journeys_report;
