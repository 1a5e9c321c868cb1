/* SPDX-License-Identifier: Apache-2.0
 * person_report.h: one person for people and programs. Its option `person` is any identifier. Not part of
 * catalogue(), since it names a person: the doors decide who may ask. */
#pragma once
#include "analysis/catalogue.h"

extern const Report person_report;
