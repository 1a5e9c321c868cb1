/* SPDX-License-Identifier: Apache-2.0
 * overview.h: what the record holds: how many events, persons and journeys, since when, from where. */
#pragma once
#include "analysis/catalogue.h"

extern const Report overview_report;
