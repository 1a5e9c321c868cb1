/* SPDX-License-Identifier: Apache-2.0
 * row_json.h: a simulated event as a line of JSON in Segment's spec. */
#pragma once
#include "simulate/row_csv.h"

char *row_json_write(const World *world, const Row *row, char *out); /* returns the end; writes no terminator */
