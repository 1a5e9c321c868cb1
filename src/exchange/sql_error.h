/* SPDX-License-Identifier: Apache-2.0
 * sql_error.h: DuckDB's message as one sentence of ours: where, what, hint. */
#pragma once
#include <glib.h>

/* `lines_before`: how many lines of the text that DuckDB read are not the user's. Returns FALSE. */
gboolean sql_error_set(GError **error, const char *message, guint lines_before);
