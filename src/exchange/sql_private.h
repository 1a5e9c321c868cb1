/* SPDX-License-Identifier: Apache-2.0
 * sql_private.h: for sql*.c only. */
#pragma once
#include "exchange/sql.h"
#include "exchange/sql_scan.h"

struct Sql {
  const Question *question;
  SqlSource *source;
  Duck *duck;
};

/* The failure of one of our tables, else DuckDB's message as a sentence. Returns FALSE. */
gboolean sql_fail(Sql *sql, const char *message, guint lines_before, GError **error);
