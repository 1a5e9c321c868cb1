/* SPDX-License-Identifier: Apache-2.0
 * import_preview.h: a file before it is imported, or only its beginning: what kind it is, its columns with some values
 * and what they probably say. */
#pragma once
#include "base/json_out.h"

/* The members format, encoding, separator (null where there is none) and columns, inside an open object. `cut`: the file may
 * end in the middle of a row. Errors are those of row_in_open(). */
gboolean import_preview(const char *path, const char *label, gboolean cut, JsonOut *out, GError **error);
