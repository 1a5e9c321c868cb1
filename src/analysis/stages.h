/* SPDX-License-Identifier: Apache-2.0
 * stages.h: who is in which stage now, who entered it, went on or fell out, and how long it took; and how the company's
 * relationship with its persons stands. */
#pragma once
#include "analysis/catalogue.h"

extern const Report stages_report;
