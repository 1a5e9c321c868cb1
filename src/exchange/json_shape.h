/* SPDX-License-Identifier: Apache-2.0
 * json_shape.h: what the objects of a JSON file are, by the first block of them. */
#pragma once
#include "exchange/row_in.h"

/* The keys of their top level in the order seen, as GPtrArray of char*; empty when none can be read.
 * *segment: they are events as Segment's spec has them, so that no mapping is needed. */
GPtrArray *json_shape(const RowBlock *block, gboolean *segment);
