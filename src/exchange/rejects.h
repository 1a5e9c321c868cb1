/* SPDX-License-Identifier: Apache-2.0
 * rejects.h: refused rows as a CSV file (file, row, line, reason, content), for whoever mends them.
 * Cells that a spreadsheet would run as formulas get a leading apostrophe. The file appears whole, at the end. */
#pragma once
#include "exchange/import.h"

typedef struct Rejects Rejects;

Rejects *rejects_new(const char *path, GError **error);
void rejects_free(Rejects *rejects); /* uncommitted: there is no file */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rejects, rejects_free)
gboolean rejects_add(Rejects *rejects, const ImportRefusal *refusal, GError **error);
gboolean rejects_commit(Rejects *rejects, GError **error);
