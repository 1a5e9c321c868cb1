/* SPDX-License-Identifier: Apache-2.0
 * person_list.h: which persons there are: those with an event in range that matches, the latest first. Not part
 * of catalogue(), like person_report.h. */
#pragma once
#include "analysis/catalogue.h"

extern const Report person_list_report;
