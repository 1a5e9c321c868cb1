/* SPDX-License-Identifier: Apache-2.0
 * terminal.h: other people's text on a terminal. Nothing in it may move the cursor, colour or reorder what
 * stands beside it; everything of ours that reaches a terminal goes through here. */
#pragma once
#include "base/text.h"

/* Control and direction characters become visible escapes (\n, \x1b, \u202e), invalid UTF-8 U+FFFD.
 * Caller frees. */
char *terminal_escape(Text text);

/* Columns that escaped text takes: 0 for combining marks, 2 for wide East Asian ones and emoji. */
guint terminal_width(Text text);

/* How many bytes of escaped text fit into `width` columns, whole characters with their marks. */
guint32 terminal_fit(Text text, guint width);
