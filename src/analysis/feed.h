/* SPDX-License-Identifier: Apache-2.0
 * feed.h: what arrived (or happened) last, newest first: for pages that watch. Not part of catalogue(), since it names persons. */
#pragma once
#include "analysis/catalogue.h"

extern const Report feed_report; /* its options: limit, 1 to 100; order, arrival or time */
