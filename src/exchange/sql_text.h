/* SPDX-License-Identifier: Apache-2.0
 * sql_text.h: what must be known of a statement before DuckDB reads it. */
#pragma once
#include <glib.h>

/* The statement without the semicolons, blanks and comments behind it; caller frees. "" when nothing else is there. */
char *sql_text_body(const char *statement);
gboolean sql_text_is_one(const char *body); /* no semicolon stands inside */
/* Appends the quoted texts and names that stand in it (of char*), without their quotes: what could name a
 * file. */
void sql_text_literals(const char *statement, GPtrArray *literals);
