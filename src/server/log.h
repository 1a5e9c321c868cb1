/* SPDX-License-Identifier: Apache-2.0
 * log.h: one JSON object a line on standard error. Never personal data: no bodies, no query strings, no addresses. */
#pragma once
#include <glib.h>

/* Pairs of name and text, ended by NULL; a pair whose text is NULL is left out. Any thread. */
void log_line(const char *level, const char *message, ...) G_GNUC_NULL_TERMINATED;
