/* SPDX-License-Identifier: Apache-2.0
 * paths.h: the ways people take: whole sequences of touches, steps from one to the next, where they begin and
 * end. */
#pragma once
#include "analysis/catalogue.h"

extern const Report paths_report;
