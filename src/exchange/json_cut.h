/* SPDX-License-Identifier: Apache-2.0
 * json_cut.h: cuts the objects out of a JSON list, or out of objects that follow each other, without
 * understanding them: braces and strings only. */
#pragma once
#include "base/text.h"

typedef struct {
  gboolean list;  /* inside [ ] */
  gboolean ended; /* after ] */
} JsonCut;

/* Takes what comes next off [at, at + size): `object` with its text (size 0 when only blanks, commas and
 * brackets were taken). Returns the bytes taken, 0 when more text is needed, or with *fault (a static sentence)
 * when something else than an object stands there. */
gsize json_cut_next(JsonCut *cut, const char *at, gsize size, Text *object, const char **fault);
