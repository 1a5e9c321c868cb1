/* SPDX-License-Identifier: Apache-2.0
 * row_csv.h: a simulated event as a line of CSV whose column names `etappe import` understands by themselves. */
#pragma once
#include "simulate/world.h"

enum { ROW_TEXT_MAX = 2048 }; /* no line of either format is longer */

extern const char ROW_CSV_HEADER[];                                 /* with its newline */
char *row_csv_write(const World *world, const Row *row, char *out); /* returns the end; writes no terminator */
